//! `perennial sync`: what we rent, read anew.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use perennial_core::buyer::holding::ProviderName;
use serde_json::json;

use crate::buyer::planning::{Shared, Twins};
use crate::buyer::progress::Progress;
use crate::buyer::{Office, reading};
use crate::command::Global;
use crate::output::{self, Output, Row, number, text};

/// Read what you rent from the providers
///
/// Reads the whole inventory of each account, of several at once. What is gone there is forgotten; where a reading fails,
/// what was known before stays. --json: a line an account with `version`, `kind`, `provider`, `services` (how many; null where it failed),
/// `error` (null where it did not).
///
/// Exit codes: 0 all were read, 1 some were not, or two names are the same account.
#[derive(Args, Debug)]
pub struct SyncArgs {
    /// The accounts to read [default: all]
    #[arg(value_name = "NAME")]
    names: Vec<String>,
}

/// What came of reading one account.
type Outcome = anyhow::Result<u64>;

/// Reads inventories.
///
/// # Errors
/// When there is no such account, or the ledger cannot be had.
pub fn run(global: &Global, args: &SyncArgs) -> anyhow::Result<ExitCode> {
    let office = Office::open(global)?;
    let output = global.output();
    let (remotes, failures) = office.remotes_and_failures(&office.named(&args.names)?);
    let names: Vec<_> = remotes.keys().cloned().collect();
    let mut outcomes: BTreeMap<_, Outcome> = failures.into_iter().map(|(name, error)| (name, Err(error))).collect();
    let mut shared = Vec::new();
    if !names.is_empty() {
        let progress = Arc::new(Progress::new(output));
        let read = office.with_buyer(remotes, async |buyer| {
            let read = reading::sync(buyer, &names, &progress).await;
            shared = Twins::new(&office, buyer.books())?.shared()?;
            Ok(read)
        })?;
        outcomes.extend(
            read.into_iter().map(|(name, read)| (name, read.map(|report| report.holdings).map_err(Into::into))),
        );
    }
    show(output, &outcomes)?;
    for Shared { names: [one, other], example } in &shared {
        output::note(&format!(
            "error: `{one}` and `{other}` both show {} ({}): they are one account, and what both show is not renewed\n\
             hint: take one of the two sections out of {}; keep the one whose renewals `perennial status` shows",
            example.name,
            example.key.id,
            office.file().display()
        ));
    }
    Ok(if shared.is_empty() && outcomes.values().all(Result::is_ok) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn show(output: Output, outcomes: &BTreeMap<ProviderName, Outcome>) -> anyhow::Result<()> {
    let is_shown = |outcome: &Outcome| output == Output::Json || outcome.is_ok();
    let rows = outcomes.iter().filter(|(_, outcome)| is_shown(outcome)).map(|(name, outcome)| Row {
        cells: vec![name.to_string(), outcome.as_ref().map_or_else(|_| String::new(), ToString::to_string)],
        document: json!({
            "version": 1,
            "kind": "inventory",
            "provider": name.as_str(),
            "services": outcome.as_ref().ok(),
            "error": outcome.as_ref().err().map(output::in_one_line),
        }),
    });
    let rows: Vec<_> = rows.collect();
    if output == Output::Json || !rows.is_empty() {
        output.list(&[text("PROVIDER"), number("SERVICES")], rows, "")?;
    }
    for (name, error) in outcomes.iter().filter_map(|(name, outcome)| Some((name, outcome.as_ref().err()?))) {
        output::note(&format!("{name} was not read\n{}", crate::render_error(error)));
    }
    Ok(())
}
