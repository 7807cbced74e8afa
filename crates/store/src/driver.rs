//! What a database does for the store: it runs statements and lends rows. What is above it is written once.

use std::error::Error;
use std::fmt;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hash};
use std::ops::ControlFlow;

use perennial_core::buyer::holding::HoldingKey;
use perennial_core::idempotency::TokenKey;
use perennial_core::ids::{AccountId, CouponId, CredentialId, OrderId, ServiceId};

use crate::StoreError;
use crate::session::refused;
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

    /// A question that was asked.
    type Asked<'a, const N: usize>
    where
        Self: 'a;

    /// Asks for the rows of a statement for each of several lists of parameters. Where the database is a trip away,
    /// several questions may be on their way before the first one is answered.
    fn ask<'a, const N: usize>(
        &'a self,
        statement: &'static Statement,
        keys: Vec<[Param<'a>; N]>,
    ) -> Self::Asked<'a, N>;

    /// Shows the rows that were asked for, list by list, with the number of the list; the first one is 0.
    fn answer<const N: usize>(
        &self,
        asked: Self::Asked<'_, N>,
        read: impl FnMut(usize, &Self::Row<'_>) -> Result<()>,
    ) -> Result<()>;

    /// Runs a statement that writes a row of a decision. A database may gather such rows, and write those of many
    /// decisions at once when [`Driver::finish`] is called, before anything else is run, or before the commit.
    fn write(&self, write: &Write<'_>) -> std::result::Result<(), StoreError> {
        let changed = self.execute(write.statement, write.params).map_err(refused(write.doing))?;
        Must::check(&[write.must], write.doing, changed)
    }

    /// Writes what was gathered.
    fn finish(&self) -> std::result::Result<(), StoreError> {
        Ok(())
    }

    /// Whether a transaction is open. It may have ended by itself, where the database gave it up.
    fn is_open(&self) -> bool;

    /// Whether an error has made the open transaction useless, as PostgreSQL has it.
    fn is_aborted(&self) -> bool {
        false
    }

    /// Opens the transaction once more, where it was not yet known to be open and could not be opened as it was tried; tells
    /// whether it is.
    fn begin_again(&self) -> Result<bool> {
        Ok(false)
    }

    /// Opens a transaction whose reads all see what is committed when the first one runs.
    fn begin_read(&self, reading: Reading) -> Result<()>;

    /// Ends the open transaction and keeps all of it. Where this fails without a refusal, it is not known whether the rows
    /// are on disk.
    fn commit(&self) -> Result<()>;

    /// Ends the open transaction and leaves nothing of it behind.
    fn rollback(&self) -> Result<()>;

    /// Marks a part of the open transaction, and keeps or undoes it. There is one part at a time.
    fn savepoint(&self, step: Savepoint) -> Result<()>;
}

/// A row of a decision that is to be written.
pub(crate) struct Write<'a> {
    /// What is being done, for errors.
    pub(crate) doing: &'static str,
    pub(crate) statement: &'static Statement,
    pub(crate) params: &'a [Param<'a>],
    /// What the row has to do with. Rows that have something in common are written in the order in which they came.
    pub(crate) touches: &'a [Touch],
    pub(crate) must: Must,
}

/// Something that a row writes, names or reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Touch {
    Order(OrderId),
    Service(ServiceId),
    /// The books of an account.
    Books(AccountId),
    Coupon(CouponId),
    Credential(CredentialId),
    /// A remembered reply. Two that are different may, very seldom, look the same, which keeps rows in order that need none.
    Token(u64),
    /// A service that we rent; the same goes for it.
    Holding(u64),
    /// All notices: they leave in the order in which they were written.
    Notices,
}

impl Touch {
    pub(crate) fn token(token: &TokenKey) -> Self {
        Self::Token(hash(token))
    }

    pub(crate) fn holding(key: &HoldingKey) -> Self {
        Self::Holding(hash(key))
    }
}

fn hash(key: &impl Hash) -> u64 {
    BuildHasherDefault::<DefaultHasher>::new().hash_one(key)
}

/// What has to come of a written row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Must {
    /// It is inserted, or refused.
    Insert,
    /// It changes what is there.
    Change,
    /// It changes this service, unless somebody changed that since it was read.
    Move(ServiceId),
}

impl Must {
    /// Says what is wrong where fewer rows were changed than had to be.
    pub(crate) fn check(all: &[Self], doing: &'static str, changed: usize) -> std::result::Result<(), StoreError> {
        if changed >= all.len() || all.contains(&Self::Insert) {
            return Ok(());
        }
        let services = all.iter().filter_map(|must| match must {
            Self::Move(service) => Some(*service),
            Self::Insert | Self::Change => None,
        });
        let services: Vec<_> = services.collect();
        if services.is_empty() {
            return Err(StoreError::Constraint { doing, cause: "there is no such row to change".into() });
        }
        Err(StoreError::Conflict { services })
    }
}

/// What a transaction reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// Rows that are looked up.
    Rows,
    /// Whole tables.
    Tables,
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
    /// The database gave the transaction up in favour of another one: it may be tried again as a whole.
    #[error(transparent)]
    GaveWay(Box<dyn Error + Send + Sync>),
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

int_params! { i64 u32 u16 u8 i8 bool }

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

/// What was gathered was to be written before something else was run, and could not be.
impl From<StoreError> for DriverError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Constraint { .. } | StoreError::Conflict { .. } => Self::Constraint(error.into()),
            StoreError::GaveWay(_) => Self::GaveWay(error.into()),
            StoreError::Failed(_) | StoreError::Unknown(_) => Self::Failed(error.into()),
        }
    }
}
