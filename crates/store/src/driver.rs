//! What a database does for the store: it runs statements and lends rows. What is above it is written once.

use std::error::Error;
use std::fmt;
use std::ops::ControlFlow;

use crate::sql::Statement;

/// A connection to a database, with the statements that it keeps prepared.
///
/// Nothing here is called from inside a closure that reads a row of the same connection.
pub(crate) trait Driver {
    /// A row, for as long as the database lends it.
    type Row<'row>: Row;

    /// Runs a statement that changes rows; tells how many.
    fn execute(&self, statement: &'static Statement, params: &[Param<'_>]) -> Result<usize>;

    /// Runs a statement that inserts a row or does nothing; tells the row's id. (Its own method, as SQLite knows the id
    /// without being asked for it, and to ask would slow the insert down.)
    fn insert(&self, statement: &'static Statement, params: &[Param<'_>]) -> Result<Option<i64>>;

    /// Shows the rows of a statement one after the other, until there are no more or the closure breaks off.
    fn each(
        &self,
        statement: &'static Statement,
        params: &[Param<'_>],
        read: impl FnMut(&Self::Row<'_>) -> Result<ControlFlow<()>>,
    ) -> Result<()>;

    /// Whether a transaction is open. It may have ended by itself, where the database gave it up.
    fn is_open(&self) -> bool;

    /// Whether an error has made the open transaction useless, as PostgreSQL has it.
    fn is_aborted(&self) -> bool {
        false
    }

    /// Opens a transaction whose reads all see what is committed when the first one runs.
    fn begin_read(&self) -> Result<()>;

    /// Ends the open transaction and leaves nothing of it behind.
    fn rollback(&self) -> Result<()>;

    /// Marks a part of the open transaction, and keeps or undoes it. There is one part at a time.
    fn savepoint(&self, step: Savepoint) -> Result<()>;
}

/// What is done about a part of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Savepoint {
    /// It begins.
    Set,
    /// It is undone, and begins again.
    RollBack,
    /// It ends, and stays.
    Release,
}

impl Savepoint {
    /// The statement, in the words of both databases.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Set => "savepoint decision",
            Self::RollBack => "rollback to savepoint decision",
            Self::Release => "release savepoint decision",
        }
    }
}

/// A row of an answer.
pub(crate) trait Row {
    /// What a column holds; the first one is 0.
    fn cell(&self, column: usize) -> Result<Cell<'_>>;
}

/// What a column of a row holds.
#[derive(Clone, Copy)]
pub(crate) enum Cell<'row> {
    Null,
    Int(i64),
    Text(&'row str),
    Bytes(&'row [u8]),
}

/// What is bound to a parameter. One that is absent has its type too: PostgreSQL asks for it, and a statement's
/// parameter always has the same one.
#[derive(Clone, Copy)]
pub(crate) enum Param<'a> {
    Int(Option<i64>),
    Text(Option<&'a str>),
    Bytes(Option<&'a [u8]>),
}

/// Shows the type alone: what is bound may be a secret.
impl fmt::Debug for Param<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Int(_) => "Int",
            Self::Text(_) => "Text",
            Self::Bytes(_) => "Bytes",
        })
    }
}

/// Why a statement did not run, or a row could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DriverError {
    /// A constraint of the schema refused the row.
    #[error(transparent)]
    Constraint(Box<dyn Error + Send + Sync>),
    /// The database did not answer, or not with what belongs there.
    #[error(transparent)]
    Failed(Box<dyn Error + Send + Sync>),
}

/// What a driver answers.
pub(crate) type Result<T> = std::result::Result<T, DriverError>;

/// The parameters of a statement, borrowed from the values that are given.
macro_rules! params {
    ($($value:expr),* $(,)?) => {
        &[$($crate::driver::Param::from(&$value)),*]
    };
}
pub(crate) use params;

impl From<&Self> for Param<'_> {
    fn from(param: &Self) -> Self {
        *param
    }
}

/// Numbers become parameters, and so do those that may be absent.
macro_rules! int_params {
    ($($int:ty)*) => {
        $(impl From<&$int> for Param<'_> {
            fn from(int: &$int) -> Self {
                Self::Int(Some(i64::from(*int)))
            }
        })*
    };
}

int_params! { i64 u32 u16 i8 bool }

impl From<&Option<i64>> for Param<'_> {
    fn from(int: &Option<i64>) -> Self {
        Self::Int(*int)
    }
}

impl<'a> From<&&'a str> for Param<'a> {
    fn from(text: &&'a str) -> Self {
        Self::Text(Some(text))
    }
}

#[expect(clippy::ref_option_ref, reason = "`params!` borrows each value, whatever it is")]
impl<'a> From<&Option<&'a str>> for Param<'a> {
    fn from(text: &Option<&'a str>) -> Self {
        Self::Text(*text)
    }
}

impl<'a> From<&'a String> for Param<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(Some(text))
    }
}

impl<'a> From<&'a Option<String>> for Param<'a> {
    fn from(text: &'a Option<String>) -> Self {
        Self::Text(text.as_deref())
    }
}

impl<'a> From<&'a Vec<u8>> for Param<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        Self::Bytes(Some(bytes))
    }
}

impl<'a> From<&'a [u8; 32]> for Param<'a> {
    fn from(digest: &'a [u8; 32]) -> Self {
        Self::Bytes(Some(digest))
    }
}

impl<'a> From<&'a Option<[u8; 32]>> for Param<'a> {
    fn from(digest: &'a Option<[u8; 32]>) -> Self {
        Self::Bytes(digest.as_ref().map(<[u8; 32]>::as_slice))
    }
}
