//! The one write transaction.

use std::cell::Cell;

use perennial_core::buyer::holding::ProviderName;
use perennial_core::buyer::intent::Intent;
use perennial_core::ids::ChargeId;
use perennial_core::snapshot::Change;
use perennial_core::turn::Turn;

use crate::books::books_by_session;
use crate::books::prelude::*;
use crate::buyer::{holdings, intents};
use crate::driver::{Driver, DriverError};
use crate::session::{Session, refuse, refused};
use crate::{
    Added, Batch, Claim, ClaimNumber, Held, OpenCharge, Record, Recorded, StoreError, Waiting, charges, forget, record,
    schedule, write,
};

const COMMIT: &str = "commit a batch";

/// What a batch may not write.
fn another_turn() -> StoreError {
    refuse("write to a batch", "it waited for another turn")
}

/// An open write transaction.
pub(crate) struct OpenBatch<'a, D: Driver, C: FnOnce(&D)> {
    pub(crate) session: &'a Session<D>,
    /// What is done once the rows are on disk; gone when it was done.
    committed: Option<C>,
    /// Whether the price list was changed, so that what was read of it may have to be forgotten.
    listed: bool,
    /// Whether a row was refused, so that the rest of its decision would be committed without it.
    spoilt: Cell<bool>,
}

impl<'a, D: Driver, C: FnOnce(&D)> OpenBatch<'a, D, C> {
    /// A batch in the transaction that is open.
    pub(crate) fn new(session: &'a Session<D>, committed: C) -> Self {
        Self { session, committed: Some(committed), listed: false, spoilt: Cell::new(false) }
    }

    fn read<T>(&self, read: impl FnOnce(&Session<D>) -> Result<T, Failure>) -> Result<T, Failure> {
        self.finish().map_err(|error| Failure::new("write to a batch", error))?;
        read(self.session)
    }

    fn read_version(&self, read: impl FnOnce(&Session<D>) -> Result<i64, Failure>) -> Result<i64, Failure> {
        self.read(read)
    }

    /// Writes what is still to be written.
    fn finish(&self) -> Result<(), StoreError> {
        if self.spoilt.get() {
            return Err(Failure::new("write to a batch", "an earlier row was refused").into());
        }
        self.spoil(self.session.driver.finish())
    }

    /// Writes what is still to be written, before something that nobody may write beside.
    pub(crate) fn alone(&self) -> Result<(), StoreError> {
        self.check_alone()?;
        self.finish()
    }

    fn check_alone(&self) -> Result<(), StoreError> {
        match self.session.turn.get() {
            Turn::All => Ok(()),
            Turn::Orders | Turn::Payments => Err(another_turn()),
        }
    }

    fn spoil(&self, written: Result<(), StoreError>) -> Result<(), StoreError> {
        self.spoilt.set(written.is_err());
        written
    }
}

books_by_session!(impl[D: Driver, C: FnOnce(&D)] OpenBatch<'_, D, C>);

impl<D: Driver, C: FnOnce(&D)> Batch for OpenBatch<'_, D, C> {
    fn write(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        self.session.check_open()?;
        if self.spoilt.get() {
            return self.finish();
        }
        let turn = self.session.turn.get();
        self.spoil(changes.iter().try_for_each(|change| {
            if !turn.allows(change) {
                return Err(another_turn());
            }
            write::change(self.session, change)
        }))
    }

    fn record(&mut self, row: &Record) -> Result<Recorded, StoreError> {
        self.alone()?;
        self.listed |= record::is_listed(row);
        let recorded = record::record(self.session, row);
        if recorded.is_err() && record::is_listed(row) {
            self.session.forget_catalogue();
        }
        recorded
    }

    fn claim_notices(
        &mut self,
        node: &str,
        now: Timestamp,
        until: Timestamp,
        rows_max: u32,
    ) -> Result<Vec<Waiting>, StoreError> {
        self.alone()?;
        forget::claim_notices(self.session, node, now, until, rows_max)
    }

    fn notice_sent(&mut self, id: i64, at: Timestamp) -> Result<(), StoreError> {
        self.alone()?;
        forget::notice_sent(self.session, id, at)
    }

    fn notice_waits(&mut self, id: i64, until: Timestamp) -> Result<(), StoreError> {
        self.alone()?;
        forget::notice_waits(self.session, id, until)
    }

    fn claim_charges(
        &mut self,
        node: &str,
        now: Timestamp,
        until: Timestamp,
        rows_max: u32,
    ) -> Result<Vec<OpenCharge>, StoreError> {
        self.alone()?;
        charges::claim(self.session, node, now, until, rows_max)
    }

    fn charge_waits(&mut self, id: ChargeId, until: Timestamp) -> Result<(), StoreError> {
        self.alone()?;
        charges::wait(self.session, id, until)
    }

    fn hold_schedule(&mut self, node: &str, now: Timestamp, until: Timestamp) -> Result<Option<Held>, StoreError> {
        self.alone()?;
        schedule::hold(self.session, node, now, until)
    }

    fn end_day(&mut self, node: &str, day: Date) -> Result<bool, StoreError> {
        self.alone()?;
        schedule::end_day(self.session, node, day)
    }

    fn forget(&mut self, now: Timestamp, rows_max: u32) -> Result<u32, StoreError> {
        self.alone()?;
        forget::forget(self.session, now, rows_max)
    }

    fn record_holdings(&mut self, read_at: Timestamp, all: &[Holding]) -> Result<(), StoreError> {
        self.check_alone()?;
        self.session.check_open()?;
        if self.spoilt.get() {
            return self.finish();
        }
        self.spoil(holdings::record(self.session, read_at, all))
    }

    fn end_sync(&mut self, provider: &ProviderName, began_at: Timestamp) -> Result<u64, StoreError> {
        self.alone()?;
        holdings::end_sync(self.session, provider, began_at)
    }

    fn add_intent(&mut self, intent: &Intent) -> Result<Added, StoreError> {
        self.alone()?;
        intents::add(self.session, intent)
    }

    fn claim_intent(
        &mut self,
        id: &IntentId,
        worker: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Claim>, StoreError> {
        self.alone()?;
        intents::claim(self.session, id, worker, now, until)
    }

    fn write_intent(&mut self, claim: &ClaimNumber, intent: &Intent, note: &Note) -> Result<bool, StoreError> {
        self.alone()?;
        intents::write(self.session, claim, intent, note)
    }

    fn release_intent(&mut self, claim: &ClaimNumber) -> Result<(), StoreError> {
        self.alone()?;
        intents::release(self.session, claim)
    }

    fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        self.finish()?;
        // To commit a transaction that was given up is to roll it back, which PostgreSQL does without an error.
        self.session.check_open()?;
        self.session.driver.commit().map_err(|error| match error {
            DriverError::Failed(cause) => StoreError::Unknown(Failure { doing: COMMIT, cause }),
            refusal => refused(COMMIT)(refusal),
        })?;
        if let Some(committed) = self.committed.take() {
            committed(&self.session.driver);
        }
        Ok(())
    }
}

impl<D: Driver, C: FnOnce(&D)> Drop for OpenBatch<'_, D, C> {
    fn drop(&mut self) {
        if self.committed.is_none() {
            return;
        }
        if self.listed {
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
