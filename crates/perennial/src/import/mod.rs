//! Import: master data from TOML and CSV files into the ledger.
//!
//! One way for both formats: files become [`entry::Entry`]s (what was written, and where), entries become drafts (typed,
//! each on its own), drafts become a [`plan::Plan`] (checked against each other and the ledger), and the plan is recorded
//! in one transaction. Each step reports everything that is wrong with its input, and nothing is written unless nothing
//! is wrong.
//!
//! What a file does not say stays as it is on file; defaults are for what is new.

use std::path::Path;
use std::sync::Arc;

mod check;
mod csv;
mod draft;
mod entry;
mod known;
mod plan;
mod problem;
mod record;
mod toml;

pub use draft::Drafts;
pub use entry::Table;
pub use plan::Plan;
pub use problem::Problems;
pub use record::{Counts, Tally, record};

use entry::Entry;
use problem::Place;

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// TOML, any number of tables.
    Toml,
    /// CSV, one table a file.
    Csv,
}

/// Reads files into drafts, and reports everything that can be said without looking into the ledger.
pub fn read(files: &[impl AsRef<Path>], format: Option<Format>, table: Option<Table>) -> (Drafts, Problems) {
    let mut problems = Problems::default();
    let mut entries: Vec<Entry> = Vec::new();
    for file in files {
        let file = file.as_ref();
        let place = Place::new(file);
        match std::fs::read_to_string(file) {
            Err(cause) => problems.report(&place, "", format!("cannot be read: {cause}")),
            Ok(text) => match format.or_else(|| format_of(file)) {
                Some(Format::Toml) => entries.extend(toml::read(&text, &place, &mut problems)),
                Some(Format::Csv) => match table.or_else(|| Table::of_file(file)) {
                    Some(table) => entries.extend(csv::read(&text, &place, table, &mut problems)),
                    None => problems.report(
                        &place,
                        "",
                        format!(
                            "what is in it? Call it after its table, such as accounts.csv, or give --kind ({})",
                            Table::words()
                        ),
                    ),
                },
                None => problems.report(&place, "", "is neither .toml nor .csv; give --format".to_owned()),
            },
        }
    }
    let entries: Vec<_> = entries.into_iter().map(Arc::new).collect();
    let drafts = Drafts::of(&entries, &mut problems);
    (drafts, problems)
}

fn format_of(file: &Path) -> Option<Format> {
    match file.extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "toml" => Some(Format::Toml),
        "csv" => Some(Format::Csv),
        _ => None,
    }
}
