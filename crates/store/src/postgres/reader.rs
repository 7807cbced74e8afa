//! Readers: beside the writers of all nodes, never waiting for them.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::connect::Server;
use super::driver::PostgresSession;
use super::migrate;
use crate::books::prelude::*;
use crate::books::{books_by_session, records_by_session};
use crate::session::{CatalogueCache, Role, Session, failed};

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
        let (catalogue, version) = (CatalogueCache::default(), Shared::default());
        Self { pool: Arc::new(Pool { server, catalogue, version, lent, returned }) }
    }

    /// Reads a version, once for all who asked before the reading began.
    fn read_version(&self, read: impl FnOnce(&PostgresSession) -> Result<i64, Failure>) -> Result<i64, Failure> {
        self.pool.version.get(|| self.read(read))
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

records_by_session!(PostgresReader);

#[derive(Debug)]
struct Pool {
    server: Server,
    catalogue: CatalogueCache,
    version: Shared,
    lent: Mutex<Lent>,
    returned: Condvar,
}

/// A number that many ask for at the same time, and that one of them reads for all. Nobody gets what was read before he
/// asked: who comes while it is being read waits for the next reading.
#[derive(Debug, Default)]
struct Shared {
    readings: Mutex<Readings>,
    read: Condvar,
}

#[derive(Debug, Default)]
struct Readings {
    /// How many have begun.
    begun: u64,
    /// Whether one is under way.
    running: bool,
    /// The last one that was told, and what it told.
    told: Option<(u64, i64)>,
}

impl Shared {
    fn get(&self, read: impl FnOnce() -> Result<i64, Failure>) -> Result<i64, Failure> {
        let mut readings = self.readings.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = readings.begun + 1;
        while readings.running {
            readings = self.read.wait(readings).unwrap_or_else(PoisonError::into_inner);
            if let Some((_, version)) = readings.told.filter(|(number, _)| *number >= wanted) {
                return Ok(version);
            }
        }
        readings.begun += 1;
        readings.running = true;
        let number = readings.begun;
        drop(readings);
        let answer = read();
        let mut readings = self.readings.lock().unwrap_or_else(PoisonError::into_inner);
        readings.running = false;
        if let Ok(version) = answer {
            readings.told = Some((number, version));
        }
        drop(readings);
        self.read.notify_all();
        answer
    }
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn a_shared_reading_is_never_older_than_the_question() {
        let (shared, written, readings) = (Shared::default(), AtomicI64::new(0), AtomicI64::new(0));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        let before = written.fetch_add(1, Ordering::SeqCst) + 1;
                        let read = || {
                            readings.fetch_add(1, Ordering::SeqCst);
                            let version = written.load(Ordering::SeqCst);
                            thread::yield_now();
                            Ok(version)
                        };
                        assert!(shared.get(read).expect("is read") >= before);
                    }
                });
            }
        });
        assert!(readings.load(Ordering::SeqCst) <= 1_600);
    }

    #[test]
    fn who_waited_for_a_reading_that_fails_reads_for_himself() {
        let shared = Shared::default();
        let failed = || Err(Failure::new("read", "the line is cut"));
        assert!(shared.get(failed).is_err());
        assert_eq!(shared.get(|| Ok(7)).expect("is read"), 7);
    }
}
