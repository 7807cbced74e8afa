//! Readers: as many as there are, beside the writer, never waiting for it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::OpenFlags;

use super::driver::{SqliteSession, connect};
use super::migrate;
use crate::books::prelude::*;
use crate::books::{books_by_session, records_by_session};
use crate::driver::{Driver, Reading};
use crate::session::{CatalogueCache, Role, Session, failed};

/// Connections that are kept for the next reader; more are opened when more read at once, and closed after.
const IDLE_MAX: usize = 16;

/// Reads a SQLite ledger. Cheap to clone; each read sees everything that was committed when it began.
#[derive(Clone, Debug)]
pub struct SqliteReader {
    source: Source,
}

#[derive(Clone, Debug)]
enum Source {
    /// Each read sees what is committed.
    Latest(Arc<Pool>),
    /// All reads see what was committed at one moment.
    Frozen(Arc<Mutex<SqliteSession>>),
}

#[derive(Debug)]
struct Pool {
    path: PathBuf,
    idle: Mutex<Vec<SqliteSession>>,
    catalogue: CatalogueCache,
}

impl Pool {
    fn open(&self, catalogue: CatalogueCache) -> Result<SqliteSession, Failure> {
        connect(&self.path, OpenFlags::empty(), include_str!("../../sql/sqlite/reader.sql"))
            .map(|connection| Session::new(connection, Role::Reader, catalogue))
            .map_err(failed("open a connection that reads"))
    }

    fn take(&self) -> Result<SqliteSession, Failure> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(|| self.open(Arc::clone(&self.catalogue)), Ok)
    }

    fn give_back(&self, session: SqliteSession) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_MAX && !session.driver.is_open() {
            idle.push(session);
        }
    }
}

impl SqliteReader {
    /// Opens an existing ledger for reading alone, also beside a process that writes it.
    ///
    /// # Errors
    /// [`Failure`] when there is no file, when it is no ledger, or when its schema is not the one this version knows.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let reader = Self::of(path.to_owned());
        reader
            .read(|session| migrate::check(&session.driver).map_err(|cause| Failure::new("open the ledger", cause)))?;
        Ok(reader)
    }

    pub(super) fn of(path: PathBuf) -> Self {
        let pool = Pool { path, idle: Mutex::default(), catalogue: CatalogueCache::default() };
        Self { source: Source::Latest(Arc::new(pool)) }
    }

    /// A reader that sees the ledger as of now, whatever is committed after. Its clones share one connection, and the
    /// log cannot start again while it lives: for tests and the sandbox.
    ///
    /// # Errors
    /// [`Failure`] when the database does not answer.
    pub fn freeze(&self) -> Result<Self, Failure> {
        let Source::Latest(pool) = &self.source else { return Ok(self.clone()) };
        let session = pool.open(CatalogueCache::default())?;
        session
            .driver
            .begin_read(Reading::Rows)
            .and_then(|()| session.catalogue())
            .map_err(failed("freeze a reader"))?;
        Ok(Self { source: Source::Frozen(Arc::new(Mutex::new(session))) })
    }

    fn read_version(&self, read: impl FnOnce(&SqliteSession) -> Result<i64, Failure>) -> Result<i64, Failure> {
        self.read(read)
    }

    fn read<T>(&self, read: impl FnOnce(&SqliteSession) -> Result<T, Failure>) -> Result<T, Failure> {
        match &self.source {
            Source::Latest(pool) => {
                let session = pool.take()?;
                let answer = read(&session);
                pool.give_back(session);
                answer
            }
            Source::Frozen(session) => read(&session.lock().unwrap_or_else(PoisonError::into_inner)),
        }
    }
}

records_by_session!(SqliteReader);
