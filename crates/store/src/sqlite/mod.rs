//! The ledger in one SQLite file: one writer, readers beside it.
//!
//! The file is in WAL mode with `synchronous=FULL`: a commit is on disk when it returns. Statements are text in
//! `sql/`; what must never happen is refused by the schema (`sql/sqlite/migrations/`) as well as by the rules. Instants
//! are kept to the microsecond.

mod backup;
mod batch;
mod driver;
mod log;
mod migrate;
#[cfg(test)]
mod plans;
mod reader;

use std::path::{Path, PathBuf};

use perennial_core::ports::Failure;
use rusqlite::OpenFlags;

pub use self::backup::{BackupProgress, backup};
pub use self::reader::SqliteReader;

use self::batch::SqliteBatch;
use self::driver::{SqliteSession, connect};
use self::log::Log;
use crate::session::{CatalogueCache, Role, Session, failed};
use crate::{Batch, Store, StoreError};

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
        const DOING: &str = "open the ledger";
        let mut writer = connect(path, OpenFlags::SQLITE_OPEN_CREATE, "").map_err(failed(DOING))?;
        // The set-up changes the file, so it has to be ours.
        migrate::check_ours(&writer).map_err(|cause| Failure::new(DOING, cause))?;
        writer.execute_batch(include_str!("../../sql/sqlite/writer.sql")).map_err(failed(DOING))?;
        migrate::migrate(&mut writer).map_err(|cause| Failure::new(DOING, cause))?;
        let log = Log::follow(&mut writer, path).map_err(failed(DOING))?;
        Ok(Self { path: path.to_owned(), session: Session::new(writer, Role::Writer, CatalogueCache::default()), log })
    }

    /// A reader of this ledger. Make one and clone it: clones share their connections.
    pub fn reader(&self) -> SqliteReader {
        SqliteReader::of(self.path.clone())
    }
}

impl Store for SqliteStore {
    fn begin(&mut self) -> Result<Box<dyn Batch + '_>, StoreError> {
        Ok(Box::new(SqliteBatch::begin(&self.session, &mut self.log)?))
    }
}
