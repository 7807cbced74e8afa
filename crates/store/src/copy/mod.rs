//! Copying: a whole ledger, row for row, from one database to another.
//!
//! Whoever is being copied is written by nobody meanwhile, so that what is copied is all there is. What it is copied to
//! is filled in one transaction, and committed only once every table was read back and found the same. The triggers of
//! the target make way while it is filled: they tell how a ledger moves, and a copy in the order of tables moves
//! otherwise. Keys, checks and references stay.
//!
//! The statements are put together from the list of tables, which no file of `sql/` could hold to two schemas at once.

use std::ops::ControlFlow;
use std::path::PathBuf;

use perennial_core::ports::Failure;

use crate::driver::{Cell, DriverError, Param, Result};
use crate::postgres::PostgresEnd;
use crate::session::failed;
use crate::sqlite::SqliteEnd;

mod sum;
mod tables;
#[cfg(test)]
mod tests;

use self::sum::Sum;
pub(crate) use self::tables::{Kind, TABLES, Table};

/// Rows that go between two reports of progress.
const ROWS_A_REPORT: u64 = 1_000;

/// Where a ledger is. Not to be shown, as a URL may have a password in it.
#[expect(missing_debug_implementations, reason = "a URL may have a password in it")]
pub enum Place {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A PostgreSQL database, by its `postgres://` URL.
    Postgres(String),
}

/// A cell as what is bound to a parameter.
pub(crate) const fn param(cell: Cell<'_>) -> Param<'_> {
    match cell {
        Cell::Null => Param::Int(None),
        Cell::Int(int) => Param::Int(Some(int)),
        Cell::Text(text) => Param::Text(Some(text)),
        Cell::Bytes(bytes) => Param::Bytes(Some(bytes)),
    }
}

/// How far a copy has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopyProgress {
    /// What is being done.
    pub step: CopyStep,
    /// Rows that this was done to.
    pub rows_done: u64,
    /// Rows there are.
    pub rows_total: u64,
}

/// What is done to every row, one step after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyStep {
    /// It is copied.
    Copying,
    /// It is read back.
    Checking,
}

/// What was copied: each table, and how many rows it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// The tables, in the order in which they were copied.
    pub tables: Vec<(&'static str, u64)>,
}

/// The two ends of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// What is copied.
    Source,
    /// What it is copied to.
    Target,
}

/// Why a ledger was not copied. Nothing of it is in the target then.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// Somebody else has the ledger open.
    #[error("the ledger is in use by somebody else, so nothing was copied")]
    InUse(End),
    /// There is something in the target.
    #[error("the ledger that was to be filled is not empty: there are rows in `{table}`, so nothing was copied")]
    NotEmpty {
        /// The first table that has rows.
        table: &'static str,
    },
    /// A text has a NUL character in it, and the target cannot keep one.
    #[error("`{column}` of the row of `{table}` with {key} has a NUL character in it, so nothing was copied")]
    Nul {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row, as in `id 7`.
        key: String,
    },
    /// What was read back is not what was copied.
    #[error(
        "what was read back of `{table}` ({found} rows) is not what was copied ({copied} rows), so nothing was kept"
    )]
    Differs {
        /// The first table that differs.
        table: &'static str,
        /// How many rows were copied.
        copied: u64,
        /// How many rows were read back.
        found: u64,
    },
    /// A database did not answer, or refused a row.
    #[error("could not copy the ledger")]
    Failed {
        /// Which one.
        end: End,
        /// Why.
        #[source]
        cause: Failure,
    },
}

/// Copies the ledger at a place, which nobody else may have open, to an empty one, which is made where it is missing. All
/// of it is there when this returns, and else none.
///
/// # Errors
/// [`CopyError`].
pub fn copy(
    source: &Place,
    target: &Place,
    mut progress: impl FnMut(CopyProgress),
) -> std::result::Result<Copied, CopyError> {
    let source: Box<dyn Ledger> = match source {
        Place::Sqlite(path) => Box::new(SqliteEnd::source(path)?),
        Place::Postgres(url) => Box::new(PostgresEnd::source(url)?),
    };
    let target: Box<dyn Ledger> = match target {
        Place::Sqlite(path) => Box::new(SqliteEnd::target(path)?),
        Place::Postgres(url) => Box::new(PostgresEnd::target(url)?),
    };
    transfer(&*source, target, &mut progress)
}

/// A ledger at one end of a copy, in a transaction. Dropped without a commit, it is as it was.
pub(crate) trait Ledger {
    /// How many rows a table has.
    fn count(&self, table: &Table) -> Result<u64>;

    /// Whether a table has no rows.
    fn is_empty(&self, table: &Table) -> Result<bool>;

    /// Shows the rows of a table one after the other, until there are no more or the closure breaks off.
    fn each(
        &self,
        table: &Table,
        order: Order,
        read: &mut dyn FnMut(&[Cell<'_>]) -> Result<ControlFlow<()>>,
    ) -> Result<()>;

    /// The highest id that a notice ever had: none is given twice, and old ones go.
    fn last_notice(&self) -> Result<Option<i64>>;

    /// Checks that nobody else has the ledger open.
    fn check_alone(&self) -> std::result::Result<(), CopyError>;

    /// Whether what a cell holds could not be kept.
    fn refuses(&self, cell: Cell<'_>) -> bool;

    /// Takes the triggers away, and the rows that a new ledger has.
    fn open_up(&mut self) -> Result<()>;

    /// Starts to fill a table.
    fn fill<'a>(&'a self, table: &'a Table) -> Result<Box<dyn Fill + 'a>>;

    /// Has all references checked, brings the triggers back, and sees to it that ids go on after the last ones.
    fn close_up(&mut self, last_notice: Option<i64>) -> Result<()>;

    /// Commits; when this returns, the rows are on disk.
    fn commit(self: Box<Self>) -> Result<()>;
}

/// A table that is being filled.
pub(crate) trait Fill {
    /// Adds a row.
    fn add(&mut self, cells: &[Cell<'_>]) -> Result<()>;

    /// Ends it: all rows are there.
    fn finish(self: Box<Self>) -> Result<()>;
}

/// In which order rows are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// By their key: the one in which a table is best filled.
    Key,
    /// Any.
    Any,
}

impl CopyError {
    /// Says at which end a database failed.
    pub(crate) fn at<E: Into<DriverError>>(end: End) -> impl FnOnce(E) -> Self {
        move |error| Self::Failed { end, cause: failed("copy the ledger")(error) }
    }

    /// Says at which end a ledger could not be opened.
    pub(crate) fn opening<E: Into<Box<dyn std::error::Error + Send + Sync>>>(end: End) -> impl FnOnce(E) -> Self {
        move |cause| Self::Failed { end, cause: Failure::new("open the ledger", cause) }
    }
}

/// Copies what is in one ledger to another, checks it, and commits.
fn transfer(
    source: &dyn Ledger,
    mut target: Box<dyn Ledger + '_>,
    progress: &mut dyn FnMut(CopyProgress),
) -> std::result::Result<Copied, CopyError> {
    for table in TABLES.iter().filter(|table| !table.is_seeded()) {
        if !target.is_empty(table).map_err(CopyError::at(End::Target))? {
            return Err(CopyError::NotEmpty { table: table.name });
        }
    }
    let mut rows_total = 0;
    for table in TABLES {
        rows_total += source.count(table).map_err(CopyError::at(End::Source))?;
    }
    let mut report = Report { progress, step: CopyStep::Copying, rows_done: 0, rows_total };
    target.open_up().map_err(CopyError::at(End::Target))?;
    let mut sums = Vec::with_capacity(TABLES.len());
    for table in TABLES {
        sums.push(copy_table(source, &*target, table, &mut report)?);
    }
    let last_notice = source.last_notice().map_err(CopyError::at(End::Source))?;
    target.close_up(last_notice).map_err(CopyError::at(End::Target))?;

    report.begin(CopyStep::Checking);
    for (table, copied) in TABLES.iter().zip(&sums) {
        let found = read_back(&*target, table, &mut report).map_err(CopyError::at(End::Target))?;
        if !found.is_of_the_rows_of(copied) {
            return Err(CopyError::Differs { table: table.name, copied: copied.rows, found: found.rows });
        }
    }
    source.check_alone()?;
    target.commit().map_err(CopyError::at(End::Target))?;
    Ok(Copied { tables: TABLES.iter().zip(sums).map(|(table, sum)| (table.name, sum.rows)).collect() })
}

/// Copies a table; tells what was read.
fn copy_table(
    source: &dyn Ledger,
    target: &dyn Ledger,
    table: &Table,
    report: &mut Report<'_>,
) -> std::result::Result<Sum, CopyError> {
    let mut sum = Sum::default();
    let mut refused = None;
    let mut fill = target.fill(table).map_err(CopyError::at(End::Target))?;
    let mut take = |cells: &[Cell<'_>]| -> std::result::Result<(), CopyError> {
        if let Some(at) = cells.iter().position(|cell| target.refuses(*cell)) {
            return Err(CopyError::Nul { table: table.name, column: table.columns[at].name, key: key(table, cells) });
        }
        sum.add(cells);
        fill.add(cells).map_err(CopyError::at(End::Target))
    };
    let read = source.each(table, Order::Key, &mut |cells| {
        report.one_more();
        refused = take(cells).err();
        Ok(if refused.is_none() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    });
    if let Some(refused) = refused {
        return Err(refused);
    }
    read.map_err(CopyError::at(End::Source))?;
    fill.finish().map_err(CopyError::at(End::Target))?;
    Ok(sum)
}

/// Reads what a table holds now.
fn read_back(target: &dyn Ledger, table: &Table, report: &mut Report<'_>) -> Result<Sum> {
    let mut sum = Sum::default();
    target.each(table, Order::Any, &mut |cells| {
        sum.add(cells);
        report.one_more();
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(sum)
}

/// The key of a row, for people.
fn key(table: &Table, cells: &[Cell<'_>]) -> String {
    let of = |name: &str| {
        let cell = table.columns.iter().position(|column| column.name == name).map(|at| cells[at]);
        match cell {
            Some(Cell::Int(int)) => format!("{name} {int}"),
            Some(Cell::Text(text)) => format!("{name} {text:?}"),
            // A digest tells nobody anything.
            Some(Cell::Bytes(_) | Cell::Null) | None => format!("some {name}"),
        }
    };
    table.key.iter().map(|name| of(name)).collect::<Vec<_>>().join(", ")
}

/// Tells how far a copy has come.
struct Report<'a> {
    progress: &'a mut dyn FnMut(CopyProgress),
    step: CopyStep,
    rows_done: u64,
    rows_total: u64,
}

impl Report<'_> {
    fn begin(&mut self, step: CopyStep) {
        self.step = step;
        self.rows_done = 0;
        self.tell();
    }

    fn one_more(&mut self) {
        self.rows_done += 1;
        if self.rows_done.is_multiple_of(ROWS_A_REPORT) || self.rows_done == self.rows_total {
            self.tell();
        }
    }

    fn tell(&mut self) {
        let Self { step, rows_done, rows_total, .. } = *self;
        (self.progress)(CopyProgress { step, rows_done, rows_total });
    }
}
