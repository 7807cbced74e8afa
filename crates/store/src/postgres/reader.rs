//! Readers: beside the writers of all nodes, never waiting for them.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use jiff::civil::Date;
use perennial_core::notice::Notice;

use super::connect::Server;
use super::driver::PostgresSession;
use super::migrate;
use crate::books::books_by_session;
use crate::books::prelude::*;
use crate::session::{CatalogueCache, Role, Session, failed};
use crate::{AuditReport, Due, Records};

/// Connections that read at once; who comes after waits for one of them. A server has 100 for all nodes, as it comes.
const CONNECTIONS_MAX: usize = 12;

/// Reads a PostgreSQL ledger. Cheap to clone; each read sees everything that was committed when it began.
#[derive(Clone, Debug)]
pub struct PostgresReader {
    pool: Arc<Pool>,
}

impl PostgresReader {
    /// Opens an existing ledger for reading alone, also beside processes that write it.
    ///
    /// # Errors
    /// [`Failure`] when the URL is wrong or asks for TLS, when the server does not answer or is too old, when the
    /// database is no ledger, or when its schema is not the one this version knows.
    pub fn open(url: &str) -> Result<Self, Failure> {
        const DOING: &str = "open the ledger";
        let reader = Self::of(Server::parse(url).map_err(|cause| Failure::new(DOING, cause))?);
        reader.read(|session| migrate::check(&session.driver).map_err(|cause| Failure::new(DOING, cause)))?;
        Ok(reader)
    }

    pub(super) fn of(server: Server) -> Self {
        let (lent, returned) = (Mutex::default(), Condvar::new());
        Self { pool: Arc::new(Pool { server, catalogue: CatalogueCache::default(), lent, returned }) }
    }

    fn read<T>(&self, read: impl FnOnce(&PostgresSession) -> Result<T, Failure>) -> Result<T, Failure> {
        let place = self.pool.enter();
        let session = match place.kept() {
            Some(session) => session,
            None => self.pool.open()?,
        };
        let answer = read(&session);
        place.keep(session);
        answer
    }
}

books_by_session!(PostgresReader);

impl Records for PostgresReader {
    fn services_due(&self, before: Date, after: Option<Due>, rows_max: u32) -> Result<Vec<Due>, Failure> {
        self.read(|session| session.services_due(before, after, rows_max))
    }

    fn notices_waiting(&self, rows_max: u32) -> Result<Vec<(i64, Notice)>, Failure> {
        self.read(|session| session.notices_waiting(rows_max))
    }

    fn audit(&self) -> Result<AuditReport, Failure> {
        self.read(Records::audit)
    }
}

#[derive(Debug)]
struct Pool {
    server: Server,
    catalogue: CatalogueCache,
    lent: Mutex<Lent>,
    returned: Condvar,
}

/// The connections that wait for a reader, and how many readers there are.
#[derive(Debug, Default)]
struct Lent {
    idle: Vec<PostgresSession>,
    readers: usize,
}

/// A reader's place, given free when dropped.
struct Place<'a> {
    pool: &'a Pool,
}

impl Pool {
    fn open(&self) -> Result<PostgresSession, Failure> {
        self.server
            .connect()
            .map(|connection| Session::new(connection, Role::Reader, Arc::clone(&self.catalogue)))
            .map_err(failed("open a connection that reads"))
    }

    /// Waits until there are not too many readers.
    fn enter(&self) -> Place<'_> {
        let mut lent = self.lent();
        while lent.readers >= CONNECTIONS_MAX {
            lent = self.returned.wait(lent).unwrap_or_else(PoisonError::into_inner);
        }
        lent.readers += 1;
        Place { pool: self }
    }

    fn lent(&self) -> MutexGuard<'_, Lent> {
        self.lent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place<'_> {
    /// A connection that was kept and is still good.
    fn kept(&self) -> Option<PostgresSession> {
        let mut lent = self.pool.lent();
        std::iter::from_fn(|| lent.idle.pop()).find(|session| session.driver.is_idle())
    }

    /// Keeps a connection for the next reader.
    fn keep(&self, session: PostgresSession) {
        if session.driver.is_idle() {
            self.pool.lent().idle.push(session);
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.pool.lent().readers -= 1;
        self.pool.returned.notify_one();
    }
}
