//! An end of a copy that is a PostgreSQL database.

use std::future::poll_fn;
use std::iter::empty;
use std::ops::ControlFlow;
use std::pin::{Pin, pin};
use std::thread;
use std::time::Duration;

use futures_core::Stream;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row as PgRow, Statement};

use super::connect::Server;
use super::driver::Connection;
use super::migrate;
use crate::copy::{CopyError, End, Fill, Kind, Ledger, Order, TABLES, Table, param};
use crate::driver::{Cell, Result};

/// Rows that one statement copies. At its end the server checks their references, until when it has to remember them.
const ROWS_A_STATEMENT: u32 = 50_000;

/// How often, and after what pause, others are looked for until they count: a server takes a moment to notice that a
/// process has ended.
const OTHERS_LOOKS: u32 = 40;
const OTHERS_PAUSE: Duration = Duration::from_millis(50);

/// A ledger in a PostgreSQL database, in a transaction that keeps others from writing it.
pub(crate) struct PostgresEnd {
    connection: Connection,
}

impl PostgresEnd {
    /// A ledger to be copied.
    pub(crate) fn source(url: &str) -> std::result::Result<Self, CopyError> {
        let end = End::Source;
        let connection = connect(url, end)?;
        migrate::check(&connection).map_err(CopyError::opening(end))?;
        let source = Self { connection };
        source.take(include_str!("../../sql/postgres/copy/source.sql"), end)?;
        // Also from whoever does not take turns, such as an operator's own client.
        source.take(&format!("lock table {} in share mode", names()), end)?;
        source.check_alone()?;
        Ok(source)
    }

    /// A ledger to be filled; it is made where the database is empty.
    pub(crate) fn target(url: &str) -> std::result::Result<Self, CopyError> {
        let end = End::Target;
        let connection = connect(url, end)?;
        migrate::migrate(&connection).map_err(CopyError::opening(end))?;
        let target = Self { connection };
        target.take(include_str!("../../sql/postgres/copy/target.sql"), end)?;
        Ok(target)
    }

    /// Runs statements that take locks. Who waits for one in vain has met somebody who uses the ledger.
    fn take(&self, text: &str, end: End) -> std::result::Result<(), CopyError> {
        self.connection.line.wait(self.client().batch_execute(text)).map_err(|error| match error.code() {
            Some(code) if *code == SqlState::LOCK_NOT_AVAILABLE => CopyError::InUse(end),
            _ => CopyError::at(end)(error),
        })
    }

    fn client(&self) -> &Client {
        &self.connection.client
    }

    /// The one row of a statement that has one column.
    fn value(&self, text: &str) -> Result<Option<i64>> {
        Ok(self
            .connection
            .line
            .wait(self.client().query_typed(text, &[]))?
            .first()
            .map(|row| row.try_get(0))
            .transpose()?
            .flatten())
    }
}

fn connect(url: &str, end: End) -> std::result::Result<Connection, CopyError> {
    Server::parse(url).map_err(CopyError::opening(end))?.connect().map_err(CopyError::opening(end))
}

/// Every table, with commas between them.
fn names() -> String {
    TABLES.iter().map(|table| table.name).collect::<Vec<_>>().join(", ")
}

impl Ledger for PostgresEnd {
    fn count(&self, table: &Table) -> Result<u64> {
        let count = self.value(&format!("select count(*) from {}", table.name))?;
        Ok(count.unwrap_or_default().unsigned_abs())
    }

    fn is_empty(&self, table: &Table) -> Result<bool> {
        Ok(self.value(&format!("select count(*) from (select 1 from {} limit 1) as first", table.name))? == Some(0))
    }

    fn each(
        &self,
        table: &Table,
        order: Order,
        read: &mut dyn FnMut(&[Cell<'_>]) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        let order = match order {
            Order::Key => format!(" order by {}", table.key.join(", ")),
            Order::Any => String::new(),
        };
        let text = format!("select {} from {}{order}", table.names(), table.name);
        let rows = self.connection.line.wait(self.client().query_typed_raw(&text, empty::<(i64, Type)>()))?;
        let mut rows = pin!(rows);
        while let Some(row) = self.connection.line.wait(poll_fn(|context| rows.as_mut().poll_next(context))) {
            let row: PgRow = row?;
            if read(&table.cells(&row)?)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn last_notice(&self) -> Result<Option<i64>> {
        self.value(include_str!("../../sql/postgres/copy/last_notice.sql"))
    }

    fn check_alone(&self) -> std::result::Result<(), CopyError> {
        for _ in 0..OTHERS_LOOKS {
            self.connection
                .run(include_str!("../../sql/postgres/copy/others_anew.sql"))
                .map_err(CopyError::at(End::Source))?;
            let others = self.value(include_str!("../../sql/postgres/copy/others.sql"));
            if others.map_err(CopyError::at(End::Source))? == Some(0) {
                return Ok(());
            }
            thread::sleep(OTHERS_PAUSE);
        }
        Err(CopyError::InUse(End::Source))
    }

    fn refuses(&self, cell: Cell<'_>) -> bool {
        matches!(cell, Cell::Text(text) if text.contains('\0'))
    }

    fn open_up(&mut self) -> Result<()> {
        self.connection.run(include_str!("../../sql/postgres/copy/open_up.sql"))
    }

    fn fill<'a>(&'a self, table: &'a Table) -> Result<Box<dyn Fill + 'a>> {
        let text = format!("copy {} ({}) from stdin (format binary)", table.name, table.names());
        let types = table.columns.iter().map(|column| match column.kind {
            Kind::Int => Type::INT8,
            Kind::Text => Type::TEXT,
            Kind::Bytes => Type::BYTEA,
        });
        let statement = self.connection.line.wait(self.client().prepare(&text))?;
        Ok(Box::new(Filling { connection: &self.connection, statement, types: types.collect(), open: None, rows: 0 }))
    }

    fn close_up(&mut self, last_notice: Option<i64>) -> Result<()> {
        self.connection.run(include_str!("../../sql/postgres/copy/close_up.sql"))?;
        if let Some(last) = last_notice {
            let text = include_str!("../../sql/postgres/copy/last_notice_set.sql");
            self.connection.line.wait(self.client().query_typed(text, &[(&last, Type::INT8)]))?;
        }
        // Whoever reads it first should not be planned for empty tables.
        self.connection.run(&format!("analyze {}", names()))
    }

    fn commit(self: Box<Self>) -> Result<()> {
        self.connection.run("commit")
    }
}

/// A table that is being filled, by one statement after the other.
struct Filling<'a> {
    connection: &'a Connection,
    statement: Statement,
    types: Vec<Type>,
    /// The statement that is under way, and how many rows it has.
    open: Option<Pin<Box<BinaryCopyInWriter>>>,
    rows: u32,
}

impl Filling<'_> {
    fn end(&mut self) -> Result<()> {
        self.rows = 0;
        if let Some(mut writer) = self.open.take() {
            self.connection.line.wait(writer.as_mut().finish())?;
        }
        Ok(())
    }
}

impl Fill for Filling<'_> {
    fn add(&mut self, cells: &[Cell<'_>]) -> Result<()> {
        let writer = if let Some(writer) = &mut self.open {
            writer
        } else {
            let sink = self.connection.line.wait(self.connection.client.copy_in(&self.statement))?;
            self.open.insert(Box::pin(BinaryCopyInWriter::new(sink, &self.types)))
        };
        self.connection.line.wait(writer.as_mut().write_raw(cells.iter().map(|cell| param(*cell))))?;
        self.rows += 1;
        if self.rows == ROWS_A_STATEMENT { self.end() } else { Ok(()) }
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        self.end()
    }
}
