//! A connection and the price list it knows. It reads for readers and for batches alike.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use perennial_core::ports::Failure;
use perennial_core::product::Catalogue;

use crate::columns::Columns;
use crate::driver::{Driver, DriverError, Param, Result, Savepoint, params};
use crate::sql::Statement;
use crate::{StoreError, load, sql};

/// What is read of the price list, once for all connections that share it.
pub(crate) type CatalogueCache = Arc<Mutex<Arc<Catalogue>>>;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// It writes, and so has to know the numbers that come next.
    Writer,
    /// It reads.
    Reader,
}

/// A connection that reads the ledger; in a batch it writes as well.
#[derive(Debug)]
pub(crate) struct Session<D> {
    pub(crate) driver: D,
    pub(crate) role: Role,
    catalogue: CatalogueCache,
}

impl<D: Driver> Session<D> {
    pub(crate) fn new(driver: D, role: Role, catalogue: CatalogueCache) -> Self {
        Self { driver, role, catalogue }
    }

    /// Runs a statement that changes rows; tells how many.
    pub(crate) fn execute(&self, statement: &'static Statement, params: &[Param<'_>]) -> Result<usize> {
        self.driver.execute(statement, params)
    }

    /// Runs a statement that inserts a row or does nothing; tells the row's id.
    pub(crate) fn insert(&self, statement: &'static Statement, params: &[Param<'_>]) -> Result<Option<i64>> {
        self.driver.insert(statement, params)
    }

    /// The first row, if there is one.
    pub(crate) fn row<T>(
        &self,
        statement: &'static Statement,
        params: &[Param<'_>],
        mut read: impl FnMut(&D::Row<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        let mut first = None;
        self.driver.each(statement, params, |row| {
            first = Some(read(row)?);
            Ok(ControlFlow::Break(()))
        })?;
        Ok(first)
    }

    /// All rows.
    pub(crate) fn rows<T>(
        &self,
        statement: &'static Statement,
        params: &[Param<'_>],
        mut read: impl FnMut(&D::Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut all = Vec::new();
        self.driver.each(statement, params, |row| {
            all.push(read(row)?);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(all)
    }

    /// Reads several statements as of one moment: in the transaction that is open, or else in one of its own.
    pub(crate) fn at_once<T>(&self, read: impl FnOnce(&Self) -> Result<T>) -> Result<T> {
        if self.driver.is_open() {
            return read(self);
        }
        self.driver.begin_read()?;
        let answer = read(self);
        let ended = self.driver.rollback();
        // Where both failed, the first one says why.
        let answer = answer?;
        ended.map(|()| answer)
    }

    /// The price list that holds, read again only when it has changed.
    pub(crate) fn catalogue(&self) -> Result<Arc<Catalogue>> {
        let version = self.row(sql::CATALOGUE_VERSION, params![], |row| Columns::of(row).take())?.unwrap_or_default();
        let mut known = self.catalogue.lock().unwrap_or_else(PoisonError::into_inner);
        if known.version != version {
            *known = Arc::new(load::catalogue(self, version)?);
        }
        Ok(Arc::clone(&known))
    }

    /// Reads the price list again the next time: what was read may have been rolled back.
    pub(crate) fn forget_catalogue(&self) {
        *self.catalogue.lock().unwrap_or_else(PoisonError::into_inner) = Arc::default();
    }

    /// Does all of `work` or none of it, inside the open transaction.
    ///
    /// A database may end a transaction by itself, as SQLite does where the disk fails. Then nothing may be written: it
    /// would be committed alone. PostgreSQL does so at each error, as far back as the savepoint.
    pub(crate) fn all_or_none<T>(
        &self,
        work: impl FnOnce(&Self) -> std::result::Result<T, StoreError>,
    ) -> std::result::Result<T, StoreError> {
        const DOING: &str = "write to a batch";
        self.check_open()?;
        self.driver.savepoint(Savepoint::Set).map_err(refused(DOING))?;
        let answer = work(self);
        if answer.is_err() && self.driver.is_open() {
            self.driver.savepoint(Savepoint::RollBack).map_err(refused(DOING))?;
        }
        if self.driver.is_open() {
            self.driver.savepoint(Savepoint::Release).map_err(refused(DOING))?;
        }
        answer
    }

    /// Fails where the database has given the transaction up.
    pub(crate) fn check_open(&self) -> std::result::Result<(), Failure> {
        if self.driver.is_open() && !self.driver.is_aborted() {
            return Ok(());
        }
        Err(Failure::new("write to a batch", "the database has ended its transaction"))
    }
}

/// Says what was being done when the database failed.
pub(crate) fn failed<E: Into<DriverError>>(doing: &'static str) -> impl FnOnce(E) -> Failure {
    move |error| match error.into() {
        DriverError::Constraint(cause) | DriverError::Failed(cause) => Failure { doing, cause },
    }
}

/// Tells a refusal of the schema from a failure of the database.
pub(crate) fn refused(doing: &'static str) -> impl FnOnce(DriverError) -> StoreError {
    move |error| match error {
        DriverError::Constraint(cause) => StoreError::Constraint { doing, cause },
        DriverError::Failed(cause) => Failure { doing, cause }.into(),
    }
}
