//! A connection and the price list it knows. It reads for readers and for batches alike.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use perennial_core::ports::Failure;
use perennial_core::product::Catalogue;
use perennial_core::turn::Turn;

use crate::columns::Columns;
use crate::driver::{Driver, DriverError, Param, Reading, Result, Savepoint, params};
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
    /// What a batch in it may write.
    pub(crate) turn: Cell<Turn>,
    catalogue: CatalogueCache,
}

impl<D: Driver> Session<D> {
    pub(crate) fn new(driver: D, role: Role, catalogue: CatalogueCache) -> Self {
        Self { driver, role, turn: Cell::new(Turn::All), catalogue }
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

    /// Asks for the rows of a statement for each of several lists of parameters.
    pub(crate) fn ask<'a, const N: usize>(
        &'a self,
        statement: &'static Statement,
        keys: Vec<[Param<'a>; N]>,
    ) -> D::Asked<'a, N> {
        self.driver.ask(statement, keys)
    }

    /// All rows that were asked for, each with the number of its list.
    pub(crate) fn told<T, const N: usize>(
        &self,
        asked: D::Asked<'_, N>,
        mut read: impl FnMut(&D::Row<'_>) -> Result<T>,
    ) -> Result<Vec<(usize, T)>> {
        let mut all = Vec::new();
        self.driver.answer(asked, |number, row| {
            all.push((number, read(row)?));
            Ok(())
        })?;
        Ok(all)
    }

    /// Reads several statements as of one moment: in the transaction that is open, or else in one of its own.
    pub(crate) fn at_once<T>(&self, reading: Reading, read: impl Fn(&Self) -> Result<T>) -> Result<T> {
        if self.driver.is_open() {
            return match read(self) {
                Err(DriverError::GaveWay(_)) if self.driver.begin_again()? => read(self),
                answer => answer,
            };
        }
        match self.at_one_moment(reading, &read) {
            // What the database gave up is read again, as of another moment.
            Err(DriverError::GaveWay(_)) => self.at_one_moment(reading, &read),
            answer => answer,
        }
    }

    fn at_one_moment<T>(&self, reading: Reading, read: &impl Fn(&Self) -> Result<T>) -> Result<T> {
        self.driver.begin_read(reading)?;
        let answer = read(self);
        let ended = self.driver.rollback();
        // Where both failed, the first one says why.
        let answer = answer?;
        ended.map(|()| answer)
    }

    /// The price list that holds, read again only when it has changed.
    pub(crate) fn catalogue(&self) -> Result<Arc<Catalogue>> {
        let version = self.row(sql::CATALOGUE_VERSION, params![], |row| Columns::of(row).take())?;
        self.catalogue_of(version.unwrap_or_default())
    }

    /// The price list of a version, which is the one that holds.
    pub(crate) fn catalogue_of(&self, version: i64) -> Result<Arc<Catalogue>> {
        let mut known = self.catalogue.lock().unwrap_or_else(PoisonError::into_inner);
        if known.version != version {
            *known = Arc::new(load::catalogue(self, version)?);
        }
        Ok(Arc::clone(&known))
    }

    /// The price list that was read last; nobody knows whether it still holds.
    pub(crate) fn known_catalogue(&self) -> Arc<Catalogue> {
        Arc::clone(&self.catalogue.lock().unwrap_or_else(PoisonError::into_inner))
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
        DriverError::Constraint(cause) | DriverError::GaveWay(cause) | DriverError::Failed(cause) => {
            Failure { doing, cause }
        }
    }
}

/// Refuses what the schema would, or cannot look into.
pub(crate) fn refuse(doing: &'static str, why: &'static str) -> StoreError {
    StoreError::Constraint { doing, cause: why.into() }
}

/// Tells a refusal of the schema from a failure of the database.
pub(crate) fn refused(doing: &'static str) -> impl FnOnce(DriverError) -> StoreError {
    move |error| match error {
        DriverError::Constraint(cause) => StoreError::Constraint { doing, cause },
        DriverError::GaveWay(cause) => StoreError::GaveWay(Failure { doing, cause }),
        DriverError::Failed(cause) => Failure { doing, cause }.into(),
    }
}
