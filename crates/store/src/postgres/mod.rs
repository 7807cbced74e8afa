//! The ledger in a PostgreSQL database, 15 or later, which any number of nodes may share.
//!
//! Writers take turns: a batch is one transaction, which first locks a row of `numbers`, so that ids and numbers are without
//! gaps. There are two rows and two turns (`core::turn`): a batch that places orders and one that pays go on beside each other,
//! and where they change the same service, the second one is decided again. Whatever else is written locks both. Readers stand
//! apart, and see what is committed when they begin. A commit is on disk when it returns, and on standbys as far as the server
//! is set up to wait for them.
//!
//! Nothing is relied on that a session keeps from one transaction to the next, so a pooler may lend its connections by the
//! transaction: statements are kept prepared only where each transaction finds that the session is its own (`prepared`).
//! What is looked up for many keys, and what many decisions write, goes by one statement each (`sets`); questions are sent
//! before the first of them is answered, their answers come together (`pipeline`), and whoever waits for them reads them
//! himself (`line`).
//!
//! Statements are text in `sql/`; what must never happen is refused by the schema (`sql/postgres/migrations/`) as well
//! as by the rules. Connections are not encrypted: the database is on loopback, on a network that is trusted, or behind a
//! pooler or tunnel that encrypts.

mod connect;
mod copy;
mod driver;
mod line;
mod migrate;
mod pipeline;
#[cfg(test)]
mod plans;
mod prepared;
mod reader;
mod sets;

use perennial_core::ports::Failure;
use perennial_core::turn::Turn;

pub(crate) use self::copy::PostgresEnd;
pub use self::reader::PostgresReader;

use self::connect::Server;
use self::driver::{Connection, PostgresSession};
use crate::batch::OpenBatch;
use crate::session::{CatalogueCache, Role, Session, failed};
use crate::{Batch, Schema, Step, Store, StoreError};

/// How a connection begins a transaction that writes.
type Begin = fn(&Connection, Turn) -> crate::driver::Result<()>;

const OPENING: &str = "open the ledger";

/// Brings the ledger in the database at a `postgres://` URL up to date, and makes it where the database is empty; tells
/// the steps that were missing.
///
/// # Errors
/// As [`PostgresStore::open`].
pub fn migrate(url: &str) -> Result<Vec<Step>, Failure> {
    migrate::migrate(&connect(url)?).map_err(|cause| Failure::new(OPENING, cause))
}

/// How far the ledger in the database at a `postgres://` URL is; changes nothing.
///
/// # Errors
/// As [`PostgresStore::open`].
pub fn schema(url: &str) -> Result<Schema, Failure> {
    migrate::schema(&connect(url)?).map_err(|cause| Failure::new(OPENING, cause))
}

fn connect(url: &str) -> Result<Connection, Failure> {
    Server::parse(url).map_err(|cause| Failure::new(OPENING, cause))?.connect().map_err(failed(OPENING))
}

/// A ledger in a PostgreSQL database, open for writing.
pub struct PostgresStore {
    server: Server,
    catalogue: CatalogueCache,
    /// The connection that writes; none before the first batch, and after it was lost.
    session: Option<PostgresSession>,
    /// What came of waiting for a turn, until the batch begins that it is for.
    turn: Option<Result<PostgresSession, Failure>>,
}

impl PostgresStore {
    /// Opens the ledger in the database at a `postgres://` URL, makes it where the database is empty, and brings its
    /// schema up to date.
    ///
    /// # Errors
    /// [`Failure`] when the URL is wrong or asks for TLS, when the server does not answer or is too old, when the
    /// database belongs to another program, or has a schema that this version does not know.
    pub fn open(url: &str) -> Result<Self, Failure> {
        const DOING: &str = "open the ledger";
        let server = Server::parse(url).map_err(|cause| Failure::new(DOING, cause))?;
        let connection = server.connect().map_err(failed(DOING))?;
        migrate::migrate(&connection).map_err(|cause| Failure::new(DOING, cause))?;
        let catalogue = CatalogueCache::default();
        let session = Some(Session::new(connection, Role::Writer, CatalogueCache::clone(&catalogue)));
        Ok(Self { server, catalogue, session, turn: None })
    }

    /// A reader of this ledger. Make one and clone it: clones share their connections.
    pub fn reader(&self) -> PostgresReader {
        PostgresReader::of(self.server.clone())
    }

    fn turn(&mut self, turn: Turn, begin: Begin) -> Result<PostgresSession, Failure> {
        let session = self.begin_on_a_connection(turn, begin).map_err(failed("begin a batch"))?;
        session.turn.set(turn);
        Ok(session)
    }

    /// Has the transaction that writes begin: on the connection that is there, or on a new one where that was lost.
    fn begin_on_a_connection(&mut self, turn: Turn, begin: Begin) -> crate::driver::Result<PostgresSession> {
        if let Some(session) = self.session.take().filter(|session| session.driver.is_idle()) {
            match begin(&session.driver, turn) {
                // Nothing was done yet, so it may be tried again.
                Err(error) if session.driver.is_lost() => {
                    tracing::info!(%error, "the connection to the database was lost");
                }
                Err(error) => {
                    self.session = Some(session);
                    return Err(error);
                }
                Ok(()) => return Ok(session),
            }
        }
        let catalogue = CatalogueCache::clone(&self.catalogue);
        let session = Session::new(self.server.connect()?, Role::Writer, catalogue);
        session.driver.begin_write(turn)?;
        Ok(session)
    }
}

impl Store for PostgresStore {
    fn is_remote(&self) -> bool {
        true
    }

    fn beside(&self) -> Option<Box<dyn Store>> {
        let (server, catalogue) = (self.server.clone(), CatalogueCache::clone(&self.catalogue));
        Some(Box::new(Self { server, catalogue, session: None, turn: None }))
    }

    fn await_turn(&mut self, turn: Turn) {
        if self.turn.is_none() {
            self.turn = Some(self.turn(turn, Connection::begin_write));
        }
    }

    fn ask_turn(&mut self, turn: Turn) {
        if self.turn.is_none() {
            self.turn = Some(self.turn(turn, Connection::send_begin_write));
        }
    }

    fn begin(&mut self) -> Result<Box<dyn Batch + '_>, StoreError> {
        let turn = match self.turn.take() {
            Some(turn) => turn,
            None => self.turn(Turn::All, Connection::begin_write),
        };
        Ok(Box::new(OpenBatch::new(self.session.insert(turn?), |_| ())))
    }
}
