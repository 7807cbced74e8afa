//! SQLite as the store drives it. A connection keeps its statements prepared.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, ToSql, params_from_iter};

use crate::driver::{Cell, Driver, DriverError, Param, Reading, Result, Row, Savepoint};
use crate::session::Session;
use crate::sql::Statement;

/// A session on a SQLite ledger.
pub(super) type SqliteSession = Session<Connection>;

/// More than there are statements, so that each is prepared once a connection.
const STATEMENTS_CACHED: usize = 256;

/// How long a connection waits for another process before it gives up.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Opens a connection and sets it up with the statements of one file.
pub(super) fn connect(path: &Path, flags: OpenFlags, setup: &str) -> rusqlite::Result<Connection> {
    let flags = flags | OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
    // Without this SQLite prepares some statements anew for each value that is bound, in search of a better plan.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.execute_batch(setup)?;
    Ok(connection)
}

/// Opens the transaction that writes.
pub(super) fn begin_write(connection: &Connection) -> Result<()> {
    transact(connection, "begin immediate")
}

/// Begins or ends a transaction.
fn transact(connection: &Connection, text: &'static str) -> Result<()> {
    connection.prepare_cached(text)?.execute([])?;
    Ok(())
}

impl Driver for Connection {
    type Row<'row> = rusqlite::Row<'row>;

    fn execute(&self, statement: &'static Statement, params: &[Param<'_>]) -> Result<usize> {
        Ok(self.prepare_cached(statement.sqlite)?.execute(params_from_iter(params))?)
    }

    fn insert(&self, statement: &'static Statement, params: &[Param<'_>]) -> Result<Option<i64>> {
        let inserted = Driver::execute(self, statement, params)?;
        Ok((inserted > 0).then(|| self.last_insert_rowid()))
    }

    fn each(
        &self,
        statement: &'static Statement,
        params: &[Param<'_>],
        mut read: impl FnMut(&rusqlite::Row<'_>) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        let mut statement = self.prepare_cached(statement.sqlite)?;
        let mut rows = statement.query(params_from_iter(params))?;
        while let Some(row) = rows.next()? {
            if read(row)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    type Asked<'a, const N: usize> = (&'static Statement, Vec<[Param<'a>; N]>);

    /// Nothing is far away, so nothing is read before it is wanted.
    fn ask<'a, const N: usize>(
        &'a self,
        statement: &'static Statement,
        keys: Vec<[Param<'a>; N]>,
    ) -> Self::Asked<'a, N> {
        (statement, keys)
    }

    fn answer<const N: usize>(
        &self,
        (statement, keys): Self::Asked<'_, N>,
        mut read: impl FnMut(usize, &rusqlite::Row<'_>) -> Result<()>,
    ) -> Result<()> {
        keys.iter()
            .enumerate()
            .try_for_each(|(number, key)| self.each(statement, key, |row| read(number, row).map(ControlFlow::Continue)))
    }

    fn is_open(&self) -> bool {
        !self.is_autocommit()
    }

    /// The moment is that of the first read.
    fn begin_read(&self, _: Reading) -> Result<()> {
        transact(self, "begin")
    }

    fn commit(&self) -> Result<()> {
        transact(self, "commit")
    }

    fn rollback(&self) -> Result<()> {
        transact(self, "rollback")
    }

    fn savepoint(&self, step: Savepoint) -> Result<()> {
        transact(self, step.text())
    }
}

impl Row for rusqlite::Row<'_> {
    #[inline]
    fn cell(&self, column: usize) -> Result<Cell<'_>> {
        let value = self.get_ref(column)?;
        Ok(match value {
            ValueRef::Null => Cell::Null,
            ValueRef::Integer(int) => Cell::Int(int),
            ValueRef::Text(_) => Cell::Text(value.as_str().map_err(rusqlite::Error::from)?),
            ValueRef::Blob(bytes) => Cell::Bytes(bytes),
            ValueRef::Real(_) => return Err(DriverError::Failed("the ledger keeps no floats".into())),
        })
    }
}

impl ToSql for Param<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let value = match *self {
            Self::Int(int) => int.map(ValueRef::Integer),
            Self::Text(text) => text.map(|text| ValueRef::Text(text.as_bytes())),
            Self::Bytes(bytes) => bytes.map(ValueRef::Blob),
        };
        Ok(ToSqlOutput::Borrowed(value.unwrap_or(ValueRef::Null)))
    }
}

impl From<rusqlite::Error> for DriverError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::ConstraintViolation) => Self::Constraint(error.into()),
            _ => Self::Failed(error.into()),
        }
    }
}
