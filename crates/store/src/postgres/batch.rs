//! The one write transaction.

use std::cell::Cell;

use jiff::Timestamp;
use perennial_core::snapshot::Change;

use super::driver::PostgresSession;
use crate::books::books_by_session;
use crate::books::prelude::*;
use crate::driver::Driver;
use crate::session::refused;
use crate::{Batch, Record, Recorded, StoreError, forget, record, write};

/// An open write transaction on a PostgreSQL ledger, whose turn it is.
pub(super) struct PostgresBatch<'a> {
    session: &'a PostgresSession,
    /// Whether the price list was changed, so that what was read of it may have to be forgotten.
    listed: Cell<bool>,
    /// Whether a row was refused, so that the rest of its decision would be committed without it.
    spoilt: bool,
    committed: bool,
}

impl<'a> PostgresBatch<'a> {
    /// A batch in the transaction that is open.
    pub(super) fn new(session: &'a PostgresSession) -> Self {
        Self { session, listed: Cell::new(false), spoilt: false, committed: false }
    }

    fn read<T>(&self, read: impl FnOnce(&PostgresSession) -> Result<T, Failure>) -> Result<T, Failure> {
        read(self.session)
    }
}

books_by_session!(PostgresBatch<'_>);

impl Batch for PostgresBatch<'_> {
    fn write(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        self.session.check_open()?;
        if self.spoilt {
            return Err(Failure::new("write to a batch", "an earlier row was refused").into());
        }
        let written = changes.iter().try_for_each(|change| write::change(self.session, change));
        self.spoilt = written.is_err();
        written
    }

    fn record(&mut self, row: &Record) -> Result<Recorded, StoreError> {
        if record::is_listed(row) {
            self.listed.set(true);
        }
        let recorded = record::record(self.session, row);
        if recorded.is_err() && record::is_listed(row) {
            self.session.forget_catalogue();
        }
        recorded
    }

    fn notice_sent(&mut self, id: i64, at: Timestamp) -> Result<(), StoreError> {
        forget::notice_sent(self.session, id, at)
    }

    fn forget(&mut self, now: Timestamp, rows_max: u32) -> Result<u32, StoreError> {
        forget::forget(self.session, now, rows_max)
    }

    fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        if self.spoilt {
            return Err(Failure::new("commit a batch", "a row of it was refused").into());
        }
        // To commit a transaction that was given up is to roll it back, which PostgreSQL does without an error.
        self.session.check_open()?;
        self.session.driver.commit().map_err(refused("commit a batch"))?;
        self.committed = true;
        Ok(())
    }
}

impl Drop for PostgresBatch<'_> {
    fn drop(&mut self) {
        if self.committed {
            return;
        }
        if self.listed.get() {
            self.session.forget_catalogue();
        }
        // Where it cannot be told to roll back, the connection is given up, and the transaction ends with it.
        if self.session.driver.is_open()
            && let Err(error) = self.session.driver.rollback()
        {
            tracing::error!(%error, "could not roll a batch back");
        }
    }
}
