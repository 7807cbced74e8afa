//! An end of a copy that is a SQLite file.

use std::ops::ControlFlow;
use std::path::Path;

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Statement, params_from_iter};

use super::driver::connect;
use super::migrate;
use crate::copy::{CopyError, End, Fill, Ledger, Order, Table, param};
use crate::driver::{Cell, Result};

const ALONE: &str = include_str!("../../sql/sqlite/copy/alone.sql");

/// A ledger in a SQLite file that nobody else has open, in a transaction.
pub(crate) struct SqliteEnd {
    connection: Connection,
    /// The texts of the triggers that have made way.
    triggers: Vec<String>,
}

impl SqliteEnd {
    /// A ledger to be copied.
    pub(crate) fn source(path: &Path) -> std::result::Result<Self, CopyError> {
        let end = End::Source;
        let connection = connect(path, OpenFlags::empty(), ALONE).map_err(not_opened(end))?;
        connection.execute_batch(include_str!("../../sql/sqlite/copy/source.sql")).map_err(not_opened(end))?;
        migrate::check(&connection).map_err(CopyError::opening(end))?;
        Ok(Self { connection, triggers: Vec::new() })
    }

    /// A ledger to be filled; it is made where there is none.
    pub(crate) fn target(path: &Path) -> std::result::Result<Self, CopyError> {
        let end = End::Target;
        let mut connection = connect(path, OpenFlags::SQLITE_OPEN_CREATE, ALONE).map_err(not_opened(end))?;
        // The set-up changes the file, so it has to be ours.
        migrate::check_ours(&connection).map_err(|error| match error {
            migrate::MigrateError::Sqlite(error) => not_opened(end)(error),
            other => CopyError::opening(end)(other),
        })?;
        migrate::migrate(&mut connection).map_err(CopyError::opening(end))?;
        connection.execute_batch(include_str!("../../sql/sqlite/copy/target.sql")).map_err(not_opened(end))?;
        Ok(Self { connection, triggers: Vec::new() })
    }
}

/// Tells a file that somebody else has open from one that cannot be opened.
fn not_opened(end: End) -> impl FnOnce(rusqlite::Error) -> CopyError {
    move |error| match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => CopyError::InUse(end),
        _ => CopyError::opening(end)(error),
    }
}

impl Ledger for SqliteEnd {
    fn count(&self, table: &Table) -> Result<u64> {
        let text = format!("select count(*) from {}", table.name);
        Ok(self.connection.query_row(&text, [], |row| row.get::<_, i64>(0))?.unsigned_abs())
    }

    fn is_empty(&self, table: &Table) -> Result<bool> {
        let text = format!("select not exists (select 1 from {})", table.name);
        Ok(self.connection.query_row(&text, [], |row| row.get(0))?)
    }

    fn each(
        &self,
        table: &Table,
        order: Order,
        read: &mut dyn FnMut(&[Cell<'_>]) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        let mut statement = self.connection.prepare(&select(table, order))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            if read(&table.cells(row)?)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn last_notice(&self) -> Result<Option<i64>> {
        let text = include_str!("../../sql/sqlite/copy/last_notice.sql");
        Ok(self.connection.query_row(text, [], |row| row.get(0)).optional()?)
    }

    fn check_alone(&self) -> std::result::Result<(), CopyError> {
        Ok(()) // the lock sees to it
    }

    fn refuses(&self, _: Cell<'_>) -> bool {
        false
    }

    fn open_up(&mut self) -> Result<()> {
        let mut statement = self.connection.prepare(include_str!("../../sql/sqlite/copy/triggers.sql"))?;
        let triggers = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
        for (name, text) in triggers.collect::<rusqlite::Result<Vec<_>>>()? {
            self.connection.execute_batch(&format!("drop trigger {name}"))?;
            self.triggers.push(text);
        }
        drop(statement);
        Ok(self.connection.execute_batch(include_str!("../../sql/sqlite/copy/seeds_clear.sql"))?)
    }

    fn fill<'a>(&'a self, table: &'a Table) -> Result<Box<dyn Fill + 'a>> {
        let own: Vec<_> = table.columns.iter().map(|column| column.owner.is_none()).collect();
        Ok(Box::new(Filling { statement: self.connection.prepare(&insert(table))?, own }))
    }

    fn close_up(&mut self, last_notice: Option<i64>) -> Result<()> {
        for text in self.triggers.drain(..) {
            self.connection.execute_batch(&text)?;
        }
        self.connection.execute(include_str!("../../sql/sqlite/copy/last_notice_clear.sql"), [])?;
        if let Some(last) = last_notice {
            self.connection.execute(include_str!("../../sql/sqlite/copy/last_notice_set.sql"), [last])?;
        }
        Ok(())
    }

    fn commit(self: Box<Self>) -> Result<()> {
        // References that lead nowhere are refused here at the latest.
        self.connection.execute_batch("commit")?;
        // The log is as long as the ledger, and whoever opens it next should not have to carry it over.
        Ok(self.connection.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()))?)
    }
}

/// A table that is being filled.
struct Filling<'a> {
    statement: Statement<'a>,
    /// Which columns the table has itself.
    own: Vec<bool>,
}

impl Fill for Filling<'_> {
    fn add(&mut self, cells: &[Cell<'_>]) -> Result<()> {
        let own = cells.iter().zip(&self.own).filter(|(_, own)| **own);
        self.statement.execute(params_from_iter(own.map(|(cell, _)| param(*cell))))?;
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}

fn select(table: &Table, order: Order) -> String {
    let columns = table.columns.iter().map(|column| match &column.owner {
        None => column.name.to_owned(),
        // None where there is no owner, so that such a row is copied to nowhere instead of left out.
        Some(owner) => format!("(select {} from {} where id = {}.{})", column.name, owner.table, table.name, owner.by),
    });
    let columns = columns.collect::<Vec<_>>().join(", ");
    let order = match order {
        Order::Key => format!(" order by {}", table.key.join(", ")),
        Order::Any => String::new(),
    };
    format!("select {columns} from {}{order}", table.name)
}

fn insert(table: &Table) -> String {
    let own: Vec<_> = table.columns.iter().filter(|column| column.owner.is_none()).map(|column| column.name).collect();
    format!("insert into {} ({}) values ({})", table.name, own.join(", "), vec!["?"; own.len()].join(", "))
}
