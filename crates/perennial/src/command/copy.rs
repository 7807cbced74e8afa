//! `perennial copy`: a whole ledger from one database to another.

use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use perennial_store::AuditReport;
use perennial_store::copy::{Copied, CopyProgress, CopyStep};
use serde_json::{Map, Value, json};

use crate::command::Global;
use crate::output::{self, Column, Output, Row, number, text};
use crate::store::Address;

/// Copy a whole ledger to an empty one, from a file to PostgreSQL, say, or back
///
/// Every row of every table, with its id. Stop every `serve` on the source first: a ledger that somebody has open is not
/// copied, as what was sold meanwhile would be missing. Nobody can write to it while it is copied. Then serve the copy,
/// and put the source away: what is sold on it after the copy stays there.
///
/// The target is a new file, an empty database, or a ledger with nothing in it; its tables are made first. It is filled in
/// one transaction, which is committed only once every table was read back and is the same: there is the whole ledger,
/// or nothing of it, whatever happens. Then the books are audited, as `audit` does.
///
/// To rehearse while a file is served, copy a `backup` of it. PGPASSWORD is the password of each URL that has none of its
/// own. --json: one document with `tables` (rows by table), `rows`, `sound`.
///
/// Exit codes: 0 copied, and the books are sound; 1 not copied, or copied and the audit has findings.
#[derive(Args, Debug)]
pub struct CopyArgs {
    /// The ledger to be copied: a SQLite file, or a PostgreSQL database as `postgres://USER@HOST/NAME`
    #[arg(long, env = "PERENNIAL_FROM", hide_env_values = true, value_name = "PATH|URL",
          value_parser = Address::argument())]
    from: Address,
    /// Where it is copied to
    #[arg(long, env = "PERENNIAL_TO", hide_env_values = true, value_name = "PATH|URL",
          value_parser = Address::argument())]
    to: Address,
}

/// Copies, and audits the copy.
///
/// # Errors
/// When source or target do not answer, when the source is in use or the target is not empty, and when the copy is not
/// the same.
pub fn run(global: &Global, args: &CopyArgs) -> anyhow::Result<ExitCode> {
    let CopyArgs { from, to } = args;
    if let Address::File(path) = from
        && !path.exists()
    {
        bail!("there is no database at {}", path.display());
    }
    if from.is_same(to) {
        bail!("{to} is the source and the target\nhint: `--to` names a new file, or an empty database");
    }
    let style = ProgressStyle::with_template("{msg} {wide_bar} {human_pos}/{human_len} rows, {eta} left");
    let bar = ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let mut step = None;
    let copied = from.copy(to, |progress: CopyProgress| {
        if step.replace(progress.step) != Some(progress.step) {
            bar.reset_eta();
            bar.set_message(match progress.step {
                CopyStep::Copying => "copying",
                CopyStep::Checking => "checking",
            });
        }
        bar.set_length(progress.rows_total);
        bar.set_position(progress.rows_done);
    });
    bar.finish_and_clear();
    let copied = copied?;
    let report = to.reader()?.audit()?;
    show(global.output(), args, &copied, &report)?;
    Ok(if report.is_sound() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn show(output: Output, CopyArgs { from, to }: &CopyArgs, copied: &Copied, report: &AuditReport) -> anyhow::Result<()> {
    const COLUMNS: [Column; 2] = [text("TABLE"), number("ROWS")];
    let rows: u64 = copied.tables.iter().map(|(_, rows)| rows).sum();
    if output == Output::Json {
        let tables: Map<_, _> =
            copied.tables.iter().map(|(table, rows)| ((*table).to_owned(), (*rows).into())).collect();
        let document = json!({ "tables": tables, "rows": rows, "sound": report.is_sound() });
        return output::lines([document.to_string()]);
    }
    let row =
        |&(table, rows): &(&str, u64)| Row { cells: vec![table.to_owned(), rows.to_string()], document: Value::Null };
    output.list(&COLUMNS, copied.tables.iter().map(row).collect(), "")?;
    output::note(&format!("copied {rows} rows from {from} to {to}, and read all of them back"));
    output::note(if report.is_sound() {
        "the books are sound\nhint: from now on serve the copy alone, and put the source away"
    } else {
        "the books are not sound\nhint: the copy is as the source is; `perennial audit` tells the findings of each"
    });
    Ok(())
}
