//! The write-ahead log: carried over into the file by a second thread, and kept from growing without bound.
//!
//! A checkpoint inside a commit makes that commit wait for the whole log. So a thread with its own connection carries
//! the log over while commits go on. Under full load it never gets to the log's end, and only there can the log start
//! again; once it is long, the writer waits for that itself. Most of the way has been done by then.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::hooks::Wal;
use rusqlite::{Connection, OpenFlags, Result};

use super::driver::{BUSY_TIMEOUT, connect};

/// Pages of 4 KiB that the log grows by before the thread is asked to carry it over: 32 MiB. A page that many commits
/// touched in between is carried over once, so rarer is cheaper.
const PAGES_ASK: u32 = 8 * 1024;

/// Pages after which the writer itself has the log start again: 256 MiB.
const PAGES_MAX: u32 = 64 * 1024;

/// How long the writer then waits for readers of the old log. One that stays must not hold up all renewals.
const RESTART_TIMEOUT: Duration = Duration::from_millis(250);

/// What the writer knows of its log.
pub(super) struct Log {
    /// The log's length in pages after the last commit, as SQLite told the hook.
    pages: Arc<AtomicU32>,
    /// The length at which the thread was asked last.
    asked: u32,
    /// The length at which the writer has the log start again.
    pages_max: u32,
    thread: Checkpointer,
}

impl Log {
    /// Follows the log of the connection that writes.
    pub(super) fn follow(writer: &mut Connection, path: &Path) -> Result<Self> {
        let pages = Arc::new(AtomicU32::new(0));
        let told = Arc::clone(&pages);
        writer.wal_hook(Some(move |_: &mut Wal, length: std::ffi::c_int| {
            told.store(u32::try_from(length).unwrap_or(0), Ordering::Relaxed);
            Ok(())
        }))?;
        Ok(Self { pages, asked: 0, pages_max: PAGES_MAX, thread: Checkpointer::start(path) })
    }

    /// Looks at the log after a commit. What fails here fails nobody's renewal.
    pub(super) fn committed(&mut self, writer: &Connection) {
        let pages = self.pages.load(Ordering::Relaxed);
        if pages < self.asked {
            // The log has started again.
            self.asked = 0;
            self.pages_max = PAGES_MAX;
        }
        if pages >= self.pages_max {
            match restart(writer) {
                Ok(true) => self.pages_max = PAGES_MAX,
                Ok(false) => {
                    self.pages_max = pages.saturating_mul(2);
                    tracing::warn!(log.pages = pages, "a reader holds the log, so it grows");
                }
                Err(error) => tracing::warn!(%error, log.pages = pages, "could not carry the log over"),
            }
        } else if pages >= self.asked + PAGES_ASK {
            self.asked = pages;
            self.thread.ask();
        }
    }
}

/// Carries the whole log over, so that the next commit starts it again; tells whether that was possible.
fn restart(writer: &Connection) -> Result<bool> {
    writer.busy_timeout(RESTART_TIMEOUT)?;
    let busy = writer.query_row("pragma wal_checkpoint(restart)", [], |row| row.get::<_, i64>(0));
    writer.busy_timeout(BUSY_TIMEOUT)?;
    Ok(busy? == 0)
}

/// The thread that carries the log over. It ends when this is dropped.
struct Checkpointer {
    asks: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    fn start(path: &Path) -> Self {
        let (asks, asked) = sync_channel(1);
        let path = path.to_owned();
        let started = std::thread::Builder::new().name("checkpoint".to_owned()).spawn(move || run(&path, &asked));
        match started {
            Ok(thread) => Self { asks: Some(asks), thread: Some(thread) },
            Err(error) => {
                tracing::warn!(%error, "no thread for checkpoints, so commits wait for them");
                Self { asks: None, thread: None }
            }
        }
    }

    /// Asks for a checkpoint, unless one is asked for already.
    fn ask(&self) {
        if let Some(asks) = &self.asks {
            let _asked_before = asks.try_send(());
        }
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.asks = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the checkpoint thread has panicked");
        }
    }
}

fn run(path: &Path, asked: &Receiver<()>) {
    let mut open = None;
    while asked.recv().is_ok() {
        if let Err(error) = checkpoint(path, &mut open) {
            tracing::warn!(%error, "could not carry the log over");
        }
    }
}

/// Carries over what can be without making anybody wait. The connection is opened the first time.
fn checkpoint(path: &Path, open: &mut Option<Connection>) -> Result<()> {
    let connection = match open {
        Some(connection) => connection,
        None => open.insert(connect(path, OpenFlags::empty(), include_str!("../../sql/sqlite/checkpointer.sql"))?),
    };
    connection.query_row("pragma wal_checkpoint(passive)", [], |_| Ok(()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Commits pages until the log has passed a length, and looks at it after each commit.
    fn fill(writer: &Connection, log: &mut Log, pages: u32) {
        while log.pages.load(Ordering::Relaxed) <= pages {
            writer.execute("insert into filled values (zeroblob(40000))", []).expect("is written");
        }
        log.committed(writer);
    }

    #[test]
    fn a_long_log_starts_again_unless_a_reader_holds_it() {
        let folder = tempfile::tempdir().expect("is made");
        let path = folder.path().join("ledger.db");
        let setup = include_str!("../../sql/sqlite/writer.sql");
        let mut writer = connect(&path, OpenFlags::SQLITE_OPEN_CREATE, setup).expect("opens");
        writer.execute_batch("create table filled (bytes blob)").expect("is made");
        let mut log = Log::follow(&mut writer, &path).expect("follows");
        log.pages_max = 100;
        fill(&writer, &mut log, 100);
        assert_eq!(log.pages_max, PAGES_MAX);
        writer.execute("insert into filled values (zeroblob(1))", []).expect("is written");
        assert!(log.pages.load(Ordering::Relaxed) < 10, "the log has started again");

        let reader = connect(&path, OpenFlags::empty(), "begin; select * from filled limit 1").expect("opens");
        log.pages_max = 100;
        fill(&writer, &mut log, 100);
        assert!(log.pages_max >= 200, "the writer does not wait for the reader at each commit");
        drop(reader);
        let held = log.pages_max;
        fill(&writer, &mut log, held);
        assert_eq!(log.pages_max, PAGES_MAX);
    }
}
