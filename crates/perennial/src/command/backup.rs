//! `perennial backup`: a copy of the ledger while it is in use.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use perennial_store::sqlite;
use serde_json::json;

use crate::command::Global;
use crate::ledger::{Ledger, address};
use crate::output::{self, Output};
use crate::store::Address;

/// Copy the ledger to a new file, while it is in use
///
/// For ledgers in SQLite; one in PostgreSQL is backed up by `pg_dump`. The copy is of one moment, and has its name only
/// once it is whole, on disk and checked by SQLite. To restore it: stop the server, put the copy in the place of the
/// database, remove files beside it that end in `-wal` and `-shm`, run `perennial audit`, start the server. --json: one
/// document with `backup`, `bytes`.
#[derive(Args, Debug)]
pub struct BackupArgs {
    /// Where the copy goes
    #[arg(value_name = "TARGET")]
    target: PathBuf,
    /// Replace a file that is there; it stays until the copy is whole
    #[arg(long)]
    force: bool,
}

/// Makes the copy.
///
/// # Errors
/// When the target exists, or source or target do not answer.
pub fn run(global: &Global, args: &BackupArgs) -> anyhow::Result<ExitCode> {
    let Address::File(source) = address(global)? else {
        bail!(
            "the ledger is in PostgreSQL, which has its own backups\nhint: `pg_dump` makes one, also while it is in use"
        );
    };
    // It must be there, and be a ledger.
    Ledger::open(global)?;
    let target = &args.target;
    if target.exists() {
        if !args.force {
            bail!("{} exists already\nhint: `--force` replaces it", target.display());
        }
        if is_same_file(&source, target)? {
            bail!("{} is the database itself", target.display());
        }
        let fresh = beside(target);
        copy(&source, &fresh)?;
        std::fs::rename(&fresh, target).with_context(|| format!("replacing {}", target.display()))?;
    } else {
        copy(&source, target)?;
    }
    let bytes = std::fs::metadata(target).with_context(|| format!("looking at {}", target.display()))?.len();
    match global.output() {
        Output::Human => output::lines([format!("{}: {bytes} bytes, checked", target.display())])?,
        Output::Json => output::lines([json!({ "backup": target, "bytes": bytes }).to_string()])?,
    }
    Ok(ExitCode::SUCCESS)
}

fn copy(source: &Path, target: &Path) -> anyhow::Result<()> {
    let style = ProgressStyle::with_template("copying {wide_bar} {percent} %, {eta} left");
    let bar = ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let copied = sqlite::backup(source, target, |progress| {
        bar.set_length(progress.pages_total);
        bar.set_position(progress.pages_done);
    });
    bar.finish_and_clear();
    copied.with_context(|| format!("copying {} to {}", source.display(), target.display()))
}

fn is_same_file(one: &Path, other: &Path) -> anyhow::Result<bool> {
    let real = |path: &Path| path.canonicalize().with_context(|| format!("looking at {}", path.display()));
    Ok(real(one)? == real(other)?)
}

/// A name beside the target, on the same disk, so that the copy can take its place at once.
fn beside(target: &Path) -> PathBuf {
    let mut name = target.as_os_str().to_owned();
    name.push(format!(".new-{}", std::process::id()));
    name.into()
}
