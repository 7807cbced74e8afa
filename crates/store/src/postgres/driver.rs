//! PostgreSQL as the store drives it. No statement is prepared: a pooler may lend another connection by the next one.

use std::cell::Cell as Kept;
use std::error::Error;
use std::future::poll_fn;
use std::ops::ControlFlow;
use std::pin::pin;

use futures_core::Stream;
use tokio_postgres::error::{Severity, SqlState};
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Row as PgRow};

use super::connect::wait;
use crate::driver::{Cell, Driver, DriverError, Param, Result, Row, Savepoint};
use crate::session::Session;
use crate::sql::Statement;

/// A session on a PostgreSQL ledger.
pub(super) type PostgresSession = Session<Connection>;

/// A connection, and how its transaction stands.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) client: Client,
    state: Kept<State>,
}

/// How the transaction of a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// None is open.
    Idle,
    /// One is open.
    Open,
    /// An error has made the open one useless, as far back as its last savepoint.
    Aborted,
    /// Nobody knows, or the server takes no writes any more. The connection is not to be used again.
    Lost,
}

impl Connection {
    pub(super) fn new(client: Client) -> Self {
        Self { client, state: Kept::new(State::Idle) }
    }

    /// Opens the transaction that writes, once it has its turn.
    pub(super) fn begin_write(&self) -> Result<()> {
        self.begin(include_str!("../../sql/postgres/begin.sql"))
    }

    /// Opens a transaction that changes the schema; waits for whoever else does.
    pub(super) fn begin_migration(&self) -> Result<()> {
        self.begin("begin isolation level read committed read write")
    }

    /// Commits. Where this fails without a word of the server's, it is not known whether the rows are on disk.
    pub(super) fn commit(&self) -> Result<()> {
        self.run("commit")?;
        self.state.set(State::Idle);
        Ok(())
    }

    /// Runs statements that take no parameters.
    pub(super) fn run(&self, text: &str) -> Result<()> {
        wait(self.client.batch_execute(text)).map_err(|error| self.note(error))
    }

    /// Whether no transaction is open and, as far as is known, one could be.
    pub(super) fn is_idle(&self) -> bool {
        self.state.get() == State::Idle && !self.client.is_closed()
    }

    /// Whether the connection is not to be used again.
    pub(super) fn is_lost(&self) -> bool {
        self.state.get() == State::Lost || self.client.is_closed()
    }

    fn begin(&self, text: &str) -> Result<()> {
        // An error in the middle leaves it open.
        self.state.set(State::Open);
        let begun = self.run(text);
        if begun.is_err() && self.is_open() {
            self.rollback()?;
        }
        begun
    }

    /// Takes note of an error.
    #[cold]
    fn note(&self, error: tokio_postgres::Error) -> DriverError {
        let lost = error.as_db_error().is_none_or(|error| {
            let ended = matches!(error.parsed_severity(), Some(Severity::Fatal | Severity::Panic));
            ended || *error.code() == SqlState::READ_ONLY_SQL_TRANSACTION
        });
        if lost {
            self.state.set(State::Lost);
        } else if self.state.get() == State::Open {
            self.state.set(State::Aborted);
        }
        error.into()
    }
}

impl Driver for Connection {
    type Row<'row> = PgRow;

    fn execute(&self, statement: &'static Statement, params: &[Param<'_>]) -> Result<usize> {
        let params: Vec<_> = params.iter().map(typed).collect();
        let changed = wait(self.client.execute_typed(statement.postgres, &params)).map_err(|error| self.note(error))?;
        Ok(usize::try_from(changed).expect("what was sent over the wire fits"))
    }

    fn insert(&self, statement: &'static Statement, params: &[Param<'_>]) -> Result<Option<i64>> {
        let mut id = None;
        self.each(statement, params, |row| {
            id = Some(row.try_get(0)?);
            Ok(ControlFlow::Break(()))
        })?;
        Ok(id)
    }

    fn each(
        &self,
        statement: &'static Statement,
        params: &[Param<'_>],
        mut read: impl FnMut(&PgRow) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        let params = params.iter().map(typed);
        let rows = wait(self.client.query_typed_raw(statement.postgres, params)).map_err(|error| self.note(error))?;
        let mut rows = pin!(rows);
        let mut read_on = Ok(ControlFlow::Continue(()));
        // To the end, as an error may come after the last row that is of interest.
        while let Some(row) = wait(poll_fn(|context| rows.as_mut().poll_next(context))) {
            let row = row.map_err(|error| self.note(error))?;
            if matches!(read_on, Ok(ControlFlow::Continue(()))) {
                read_on = read(&row);
            }
        }
        read_on.map(drop)
    }

    fn is_open(&self) -> bool {
        matches!(self.state.get(), State::Open | State::Aborted) && !self.client.is_closed()
    }

    fn is_aborted(&self) -> bool {
        self.state.get() == State::Aborted
    }

    fn begin_read(&self) -> Result<()> {
        self.begin(include_str!("../../sql/postgres/begin_read.sql"))
    }

    fn rollback(&self) -> Result<()> {
        self.state.set(State::Lost);
        self.run("rollback")?;
        self.state.set(State::Idle);
        Ok(())
    }

    fn savepoint(&self, step: Savepoint) -> Result<()> {
        self.run(step.text())?;
        if step == Savepoint::RollBack {
            self.state.set(State::Open);
        }
        Ok(())
    }
}

impl Row for PgRow {
    fn cell(&self, column: usize) -> Result<Cell<'_>> {
        Ok(self.try_get(column)?)
    }
}

impl<'row> FromSql<'row> for Cell<'row> {
    fn from_sql(kind: &Type, raw: &'row [u8]) -> std::result::Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(match *kind {
            Type::INT8 => Self::Int(FromSql::from_sql(kind, raw)?),
            Type::INT4 => Self::Int(<i32>::from_sql(kind, raw)?.into()),
            Type::BOOL => Self::Int(<bool>::from_sql(kind, raw)?.into()),
            Type::BYTEA => Self::Bytes(raw),
            _ => Self::Text(FromSql::from_sql(kind, raw)?),
        })
    }

    fn from_sql_null(_: &Type) -> std::result::Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self::Null)
    }

    fn accepts(kind: &Type) -> bool {
        [Type::INT8, Type::INT4, Type::BOOL, Type::BYTEA, Type::TEXT].contains(kind)
    }
}

impl ToSql for Param<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> std::result::Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Int(int) => int.to_sql(kind, out),
            Self::Text(text) => text.to_sql(kind, out),
            Self::Bytes(bytes) => bytes.to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        [Type::INT8, Type::TEXT, Type::BYTEA].contains(kind)
    }

    to_sql_checked!();
}

/// A parameter and its type, which the server is told, as it would else look for one that fits.
fn typed<'a>(param: &'a Param<'_>) -> (&'a (dyn ToSql + Sync), Type) {
    let kind = match param {
        Param::Int(_) => Type::INT8,
        Param::Text(_) => Type::TEXT,
        Param::Bytes(_) => Type::BYTEA,
    };
    (param, kind)
}

/// What the server said. Not in full: the detail may show a row, and with it a secret.
#[derive(Debug, thiserror::Error)]
#[error("{message} (SQLSTATE {code})")]
struct Said {
    message: String,
    code: String,
}

impl From<tokio_postgres::Error> for DriverError {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(said) = error.as_db_error() else {
            // The error tells where it arose, and its cause why.
            let told = error.to_string();
            return Self::Failed(match error.into_source() {
                Some(cause) => format!("{told}: {cause}").into(),
                None => told.into(),
            });
        };
        let code = said.code().code();
        // Class 23: what the schema refuses, by a constraint or by a trigger.
        let refused = code.starts_with("23");
        let said = Said { message: said.message().to_owned(), code: code.to_owned() };
        if refused { Self::Constraint(said.into()) } else { Self::Failed(said.into()) }
    }
}
