//! The ledger in one SQLite file: one writer, readers beside it.
//!
//! The file is in WAL mode with `synchronous=FULL`: a commit is on disk when it returns. Statements are text in
//! `sql/`; what must never happen is refused by the schema (`sql/sqlite/migrations/`) as well as by the rules. Instants
//! are kept to the microsecond.

mod backup;
mod copy;
mod driver;
mod log;
mod migrate;
#[cfg(test)]
mod plans;
mod reader;

use std::path::{Path, PathBuf};

use perennial_core::ports::Failure;
use rusqlite::{Connection, OpenFlags};

pub use self::backup::{BackupProgress, backup};
pub(crate) use self::copy::SqliteEnd;
pub use self::reader::SqliteReader;

use self::driver::{SqliteSession, begin_write, connect};
use self::log::Log;
use crate::batch::OpenBatch;
use crate::session::{CatalogueCache, Role, Session, failed};
use crate::{Batch, Schema, Step, Store, StoreError};

const OPENING: &str = "open the ledger";

/// Brings the ledger at a path up to date, and makes it where there is none; tells the steps that were missing.
///
/// # Errors
/// As [`SqliteStore::open`].
pub fn migrate(path: &Path) -> Result<Vec<Step>, Failure> {
    open_writer(path).map(|(_, steps)| steps)
}

/// How far the ledger at a path is; changes nothing.
///
/// # Errors
/// As [`SqliteStore::open`], where there is a file.
pub fn schema(path: &Path) -> Result<Schema, Failure> {
    if !path.try_exists().map_err(|cause| Failure::new(OPENING, cause))? {
        return Ok(migrate::new_schema());
    }
    let connection = connect(path, OpenFlags::empty(), "pragma query_only = on").map_err(failed(OPENING))?;
    migrate::schema(&connection).map_err(|cause| Failure::new(OPENING, cause))
}

/// Opens the connection that writes, and brings the schema up to date.
fn open_writer(path: &Path) -> Result<(Connection, Vec<Step>), Failure> {
    let mut writer = connect(path, OpenFlags::SQLITE_OPEN_CREATE, "").map_err(failed(OPENING))?;
    // The set-up changes the file, so it has to be ours.
    migrate::check_ours(&writer).map_err(|cause| Failure::new(OPENING, cause))?;
    writer.execute_batch(include_str!("../../sql/sqlite/writer.sql")).map_err(failed(OPENING))?;
    let steps = migrate::migrate(&mut writer).map_err(|cause| Failure::new(OPENING, cause))?;
    Ok((writer, steps))
}

/// A ledger in a SQLite file, open for writing.
pub struct SqliteStore {
    path: PathBuf,
    session: SqliteSession,
    log: Log,
}

impl SqliteStore {
    /// Opens the ledger at a path, makes it where there is none, and brings its schema up to date.
    ///
    /// # Errors
    /// [`Failure`] when the file cannot be opened, belongs to another program, or has a schema that this version does
    /// not know.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let (mut writer, _) = open_writer(path)?;
        let log = Log::follow(&mut writer, path).map_err(failed(OPENING))?;
        Ok(Self { path: path.to_owned(), session: Session::new(writer, Role::Writer, CatalogueCache::default()), log })
    }

    /// A reader of this ledger. Make one and clone it: clones share their connections.
    pub fn reader(&self) -> SqliteReader {
        SqliteReader::of(self.path.clone())
    }
}

impl Store for SqliteStore {
    fn begin(&mut self) -> Result<Box<dyn Batch + '_>, StoreError> {
        begin_write(&self.session.driver).map_err(failed("begin a batch"))?;
        Ok(Box::new(OpenBatch::new(&self.session, |driver| self.log.committed(driver))))
    }
}
