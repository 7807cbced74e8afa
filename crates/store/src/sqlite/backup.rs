//! Backup: a copy of the ledger as of one moment, taken while it is written, and checked.

use std::path::{Path, PathBuf};

use perennial_core::ports::Failure;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::driver::connect;
use super::migrate;
use crate::session::failed;

/// Pages that are copied between two reports of progress: 4 MiB.
const PAGES_A_STEP: i32 = 1024;

/// How far a backup has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackupProgress {
    /// Pages that are copied.
    pub pages_done: u64,
    /// Pages there are.
    pub pages_total: u64,
}

/// Why a copy is no backup.
#[derive(Debug, thiserror::Error)]
enum BackupError {
    #[error("{} exists already", .0.display())]
    Exists(PathBuf),
    #[error("SQLite finds the copy damaged: {0}")]
    Damaged(String),
}

/// Copies the ledger at `source` to a new file. It may be written meanwhile; the copy holds what was committed when it
/// began. The file gets its name only once it is whole, synced and found sound.
///
/// # Errors
/// [`Failure`] when the target exists, when source or target do not answer, or when the copy is damaged.
pub fn backup(source: &Path, target: &Path, mut progress: impl FnMut(BackupProgress)) -> Result<(), Failure> {
    const DOING: &str = "back the ledger up";
    let failed_file = |error: std::io::Error| Failure::new(DOING, error);
    if target.try_exists().map_err(failed_file)? {
        return Err(Failure::new(DOING, BackupError::Exists(target.to_owned())));
    }
    let mut partial = target.as_os_str().to_owned();
    partial.push(".partial");
    let partial = Path::new(&partial);
    let result = copy(source, partial, &mut progress)
        .and_then(|()| check(partial))
        .and_then(|()| std::fs::File::open(partial).and_then(|file| file.sync_all()).map_err(failed_file))
        .and_then(|()| std::fs::rename(partial, target).map_err(failed_file));
    if result.is_err() && partial.exists() {
        std::fs::remove_file(partial).map_err(failed_file)?;
    }
    result
}

fn copy(source: &Path, partial: &Path, progress: &mut impl FnMut(BackupProgress)) -> Result<(), Failure> {
    const DOING: &str = "copy the ledger";
    let from =
        connect(source, OpenFlags::empty(), include_str!("../../sql/sqlite/reader.sql")).map_err(failed(DOING))?;
    migrate::check(&from).map_err(|cause| Failure::new(DOING, cause))?;
    // Held open, so that the copy is of one moment and never starts over because somebody writes.
    let moment = from.unchecked_transaction().map_err(failed(DOING))?;
    moment.pragma_query_value(None, "schema_version", |row| row.get::<_, i64>(0)).map_err(failed(DOING))?;
    let mut to = Connection::open(partial).map_err(failed(DOING))?;
    let backup = Backup::new(&moment, &mut to).map_err(failed(DOING))?;
    loop {
        let step = backup.step(PAGES_A_STEP).map_err(failed(DOING))?;
        let at = backup.progress();
        let pages = |count: i32| u64::try_from(count).unwrap_or(0);
        let pages_total = pages(at.pagecount);
        progress(BackupProgress { pages_done: pages_total.saturating_sub(pages(at.remaining)), pages_total });
        if step == StepResult::Done {
            return Ok(());
        }
    }
}

fn check(partial: &Path) -> Result<(), Failure> {
    const DOING: &str = "check the copy";
    let copy = Connection::open_with_flags(partial, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(failed(DOING))?;
    // A file that stands alone, with no log beside it; whoever opens it to write turns the log on again.
    copy.pragma_update(None, "journal_mode", "delete").map_err(failed(DOING))?;
    let found: String = copy.pragma_query_value(None, "integrity_check", |row| row.get(0)).map_err(failed(DOING))?;
    if found == "ok" { Ok(()) } else { Err(Failure::new(DOING, BackupError::Damaged(found))) }
}
