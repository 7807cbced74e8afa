//! `perennial migrate`: makes the tables of a ledger, or brings them up to date.

use std::process::ExitCode;

use clap::Args;
use perennial_store::Step;
use serde_json::{Value, json};

use crate::command::Global;
use crate::ledger::address;
use crate::output::{self, Output};

/// Make the tables of the ledger, or bring them up to date
///
/// `serve`, `import` and whatever else writes do this as well when they start; this does it alone, so that an operator
/// chooses when. All steps are taken in one transaction, or none. Nodes that start meanwhile wait for it. --json: one
/// document with `up_to_date`, `applied` and `missing` (each a list of `number`, `name`).
///
/// Exit codes: 0 the tables are up to date, 1 they are not (with `--check`) or could not be brought up to date.
#[derive(Args, Clone, Copy, Debug)]
pub struct MigrateArgs {
    /// Tell what is missing, and change nothing
    #[arg(long)]
    check: bool,
}

/// Runs the migrations that are missing, or tells them.
///
/// # Errors
/// When the database does not answer, belongs to another program, or is of another version.
pub fn run(global: &Global, args: MigrateArgs) -> anyhow::Result<ExitCode> {
    let address = address(global)?;
    let (applied, missing) =
        if args.check { (Vec::new(), address.schema()?.missing) } else { (address.migrate()?, Vec::new()) };
    match global.output() {
        Output::Json => {
            let document = json!({
                "up_to_date": missing.is_empty(), "applied": documents(&applied), "missing": documents(&missing),
            });
            output::lines([document.to_string()])?;
        }
        Output::Human => {
            let line = |what| move |step: &Step| format!("{what} {:04} {}", step.number, step.name);
            output::lines(applied.iter().map(line("applied")).chain(missing.iter().map(line("missing"))))?;
            output::note(&match missing.len() {
                0 => format!("{address} is up to date"),
                _ => format!("{address} is not up to date\nhint: `perennial migrate` brings it there"),
            });
        }
    }
    Ok(if missing.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn documents(steps: &[Step]) -> Vec<Value> {
    steps.iter().map(|step| json!({ "number": step.number, "name": step.name })).collect()
}
