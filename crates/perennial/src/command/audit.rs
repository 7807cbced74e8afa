//! `perennial audit`: checks the books.

use std::process::ExitCode;

use clap::Args;
use perennial_store::AuditReport;
use serde_json::{Map, Value, json};

use crate::command::Global;
use crate::ledger::Ledger;
use crate::output::{self, Output};

/// Check the books: one payment and one extension a paid renewal, balances that add up, numbers without gaps
///
/// Nothing is changed, and a server may run beside it. Exit code 0 when the books are sound, 1 when there are findings.
/// --json: one document with `sound`, `checked` (rows by kind) and `findings` (`rule`, `what`).
#[derive(Args, Clone, Copy, Debug)]
pub struct AuditArgs {}

/// Prints what was checked and found.
///
/// # Errors
/// When the database does not answer.
pub fn run(global: &Global, _: AuditArgs) -> anyhow::Result<ExitCode> {
    let report = Ledger::open(global)?.books().audit()?;
    match global.output() {
        Output::Json => output::lines([document(&report).to_string()])?,
        Output::Human => {
            output::lines(report.findings.iter().map(|finding| format!("{}: {}", finding.rule, finding.what)))?;
            let checked: Vec<_> = report.checked.iter().map(|(kind, rows)| format!("{rows} {kind}")).collect();
            output::note(&format!("checked {}", checked.join(", ")));
            output::note(&match report.findings.len() {
                0 => "the books are sound".to_owned(),
                1 => "there is 1 finding".to_owned(),
                count => format!("there are {count} findings"),
            });
        }
    }
    Ok(if report.is_sound() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn document(report: &AuditReport) -> Value {
    let checked: Map<_, _> = report.checked.iter().map(|(kind, rows)| (kind.clone(), Value::from(*rows))).collect();
    let findings: Vec<_> =
        report.findings.iter().map(|finding| json!({ "rule": finding.rule, "what": finding.what })).collect();
    json!({ "sound": report.is_sound(), "checked": checked, "findings": findings })
}
