//! The table of endpoints in the documentation: what each dialect documents, what of it is served, and what of that is
//! proved by a recorded exchange that succeeded. It is made here, from the dialects' own tables and the recordings.
//!
//! `PERENNIAL_WRITE_DOCS=1 cargo test -p perennial --test it endpoints` writes it anew.

use std::fmt::Write as _;
use std::path::Path;

use perennial_providers::common::path::params;
use perennial_providers::{DIALECTS, Dialect, Endpoint, Evidence, Settings};

const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/endpoints.md");

/// A recorded exchange: which dialect, which call, and how it was answered.
struct Recording {
    method: String,
    path: String,
    query: String,
    status: u16,
}

#[test]
fn the_table_of_endpoints_says_what_is_served_and_proved() {
    let table = table();
    if std::env::var_os("PERENNIAL_WRITE_DOCS").is_some() {
        std::fs::create_dir_all(Path::new(TABLE).parent().expect("is in a folder")).expect("can be made");
        std::fs::write(TABLE, &table).expect("can be written");
    }
    let written = std::fs::read_to_string(TABLE).unwrap_or_default();
    assert!(written == table, "docs/endpoints.md is not what is served; write it with PERENNIAL_WRITE_DOCS=1");
}

fn table() -> String {
    let mut text = String::from(
        "# Endpoints\n\nEvery call that the providers document about renewal, and what Perennial answers. Made by a test \
         from the dialects'\nown tables and the recorded exchanges in `crates/perennial/tests/it/snapshots`; not written by \
         hand.\n\n- **served and tested**: a recorded exchange that succeeded is compared whole in every run of the \
         tests\n- **served**: answered; other tests may cover it, no recorded exchange does\n- **not served**: answered as \
         a path, or an action, that does not exist\n\nA call that the provider's documentation does not print, and that is \
         inferred, is marked so.\n",
    );
    for dialect in &DIALECTS {
        let endpoints = (dialect.make)(Settings::default()).endpoints();
        let recordings = recordings(dialect.name);
        let proofs: Vec<_> = recordings.iter().filter_map(|recording| proved(recording, dialect, &endpoints)).collect();
        let state = |endpoint: &Endpoint| match endpoint.served {
            false => "not served",
            true if proofs.contains(&endpoint) => "served and tested",
            true => "served",
        };
        let count = |wanted: &str| endpoints.iter().filter(|endpoint| state(endpoint) == wanted).count();
        let (proved, served, not_served) = (count("served and tested"), count("served"), count("not served"));
        let counts = if recordings.is_empty() {
            format!(
                "{served} served and {not_served} not served. No exchange of this API is recorded whole: other tests make \
                 its calls,\nwith the clients that people use among others."
            )
        } else {
            format!("{proved} served and tested, {served} served, {not_served} not served.")
        };
        write!(text, "\n## {}\n\n{counts}\n\n| call | | |\n|---|---|---|\n", dialect.title).expect("a text takes it");
        for endpoint in &endpoints {
            let evidence = if endpoint.evidence == Evidence::Inferred { "inferred" } else { "" };
            writeln!(text, "| `{} {}` | {} | {evidence} |", endpoint.method, endpoint.path, state(endpoint))
                .expect("a text takes it");
        }
    }
    text
}

/// The endpoint that a recorded exchange succeeded with: of several that have its form, the one with the fewest
/// parameters.
fn proved<'a>(recording: &Recording, dialect: &Dialect, endpoints: &'a [Endpoint]) -> Option<&'a Endpoint> {
    let path = recording.path.strip_prefix(dialect.mount).filter(|_| (200..300).contains(&recording.status))?;
    let fits = |endpoint: &&Endpoint| {
        endpoint.method.as_str() == recording.method
            && match endpoint.path.split_once('?') {
                // What has one path for everything is told apart by parameters.
                Some((root, wanted)) => root == path && wanted.split('&').all(|pair| recording.says(pair)),
                None => params(endpoint.path, path).is_some(),
            }
    };
    endpoints.iter().filter(fits).min_by_key(|endpoint| endpoint.path.matches('{').count())
}

impl Recording {
    /// Whether the query has a parameter with a value.
    fn says(&self, pair: &str) -> bool {
        self.query.split('&').any(|said| said == pair)
    }
}

/// The recordings of a dialect: the snapshots whose names begin with it.
fn recordings(dialect: &str) -> Vec<Recording> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/snapshots");
    let mut recordings = Vec::new();
    for file in std::fs::read_dir(folder).expect("there are snapshots") {
        let path = file.expect("can be listed").path();
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        let is_recording = path.extension().is_some_and(|extension| extension == "snap");
        if is_recording && name.starts_with(&format!("it__{dialect}__")) {
            recordings.extend(parse(&std::fs::read_to_string(&path).expect("can be read")));
        }
    }
    recordings
}

/// Reads a snapshot: after its header, the first line is the request, and the line after the first empty one the status.
fn parse(snapshot: &str) -> Option<Recording> {
    let content = snapshot.strip_prefix("---\n")?.split_once("\n---\n")?.1;
    let (request, answer) = content.split_once("\n\n")?;
    let (method, target) = request.lines().next()?.split_once(' ')?;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let status = answer.split(' ').next()?.parse().ok()?;
    Some(Recording { method: method.to_owned(), path: path.to_owned(), query: query.to_owned(), status })
}
