//! `perennial evidence`: all that is known of one renewal.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use perennial_store::Filed;
use serde_json::json;

use crate::buyer::evidence::Evidence;
use crate::buyer::{Office, document, filed};
use crate::command::Global;
use crate::output::{self, Output};

/// Show all that is known of one renewal: quote, request, order, invoice, balance, old and new expiry, and every step
///
/// One JSON document on stdout, with `version`, `kind` and the parts `intent`, `quote`, `request` (with a SHA-256 digest),
/// `order`, `invoice`, `balance`, `expiry` and `notes` (`at`, `state`, `text`). With -o, a folder with a file a part. There
/// is no secret in it.
///
/// Exit codes: 0 shown, 1 failed, 2 used wrongly.
#[derive(Args, Debug)]
pub struct EvidenceArgs {
    /// The intent, as `status` shows it
    #[arg(value_name = "ID")]
    id: String,
    /// Make this folder, with a file a part
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
}

/// Shows it.
///
/// # Errors
/// When there is no such intent, the folder is there already, or the ledger does not answer.
pub fn run(global: &Global, args: &EvidenceArgs) -> anyhow::Result<ExitCode> {
    let office = Office::open_to_read(global)?;
    let books = office.books()?;
    let Filed { intent, .. } = filed::find(&*books, &args.id)?;
    let id = intent.id.clone();
    let evidence = Evidence::read(&*books, intent)?;
    let now = office.clock().now();
    match (&args.output, global.output()) {
        (None, Output::Json) => output::lines([evidence.document(now).to_string()])?,
        (None, Output::Human) => output::lines([format!("{:#}", evidence.document(now))])?,
        (Some(folder), shown) => {
            evidence.write(folder, now)?;
            match shown {
                Output::Human => output::note(&format!("written to {}", folder.display())),
                Output::Json => {
                    let line = document::line("evidence-folder", json!({ "path": folder, "intent": id.0 }));
                    output::lines([line.to_string()])?;
                }
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
