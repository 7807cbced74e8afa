//! The one write transaction.

use std::cell::Cell;

use jiff::{SignedDuration, Timestamp};
use perennial_core::snapshot::Change;
use rusqlite::params;

use super::books::books_by_session;
use super::books::prelude::*;
use super::log::Log;
use super::session::{Session, failed};
use super::write::{check_open, refused};
use super::{record, sql, write};
use crate::{Batch, Record, Recorded, StoreError};

/// How long a credential that ended can still be looked at.
const CREDENTIALS_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// An open write transaction on a SQLite ledger.
pub(super) struct SqliteBatch<'a> {
    session: &'a Session,
    log: &'a mut Log,
    /// Whether the price list was changed, so that what was read of it may have to be forgotten.
    listed: Cell<bool>,
    /// Whether a row was refused, so that the rest of its decision would be committed without it.
    spoilt: bool,
    committed: bool,
}

impl<'a> SqliteBatch<'a> {
    pub(super) fn begin(session: &'a Session, log: &'a mut Log) -> Result<Self, StoreError> {
        session.execute("begin immediate", []).map_err(failed("begin a batch"))?;
        Ok(Self { session, log, listed: Cell::new(false), spoilt: false, committed: false })
    }

    fn read<T>(&self, read: impl FnOnce(&Session) -> Result<T, Failure>) -> Result<T, Failure> {
        read(self.session)
    }
}

books_by_session!(SqliteBatch<'_>);

impl Batch for SqliteBatch<'_> {
    fn write(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        check_open(self.session)?;
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
        const DOING: &str = "note that a notice has left";
        check_open(self.session)?;
        self.session.execute(sql::NOTICE_SENT, [at.as_microsecond(), id]).map_err(refused(DOING))?;
        Ok(())
    }

    fn forget(&mut self, now: Timestamp, rows_max: u32) -> Result<u32, StoreError> {
        const DOING: &str = "forget what is over";
        check_open(self.session)?;
        let mut forgotten = 0;
        let ended = now.checked_sub(CREDENTIALS_KEPT).unwrap_or(Timestamp::MIN);
        let over = [
            (sql::REPLAYS_FORGET, now),
            (sql::NONCES_FORGET, now),
            (sql::NOTICES_FORGET, now),
            (sql::CREDENTIALS_FORGET, ended),
        ];
        for (text, end) in over {
            let row = params![end.as_microsecond(), rows_max - forgotten];
            let went = self.session.execute(text, row).map_err(refused(DOING))?;
            forgotten += u32::try_from(went).expect("the statement is limited to a number of 32 bits");
        }
        Ok(forgotten)
    }

    fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        if self.spoilt {
            return Err(Failure::new("commit a batch", "a row of it was refused").into());
        }
        self.session.execute("commit", []).map_err(refused("commit a batch"))?;
        self.committed = true;
        self.log.committed(&self.session.connection);
        Ok(())
    }
}

impl Drop for SqliteBatch<'_> {
    fn drop(&mut self) {
        if self.committed {
            return;
        }
        if self.listed.get() {
            self.session.forget_catalogue();
        }
        if !self.session.connection.is_autocommit()
            && let Err(error) = self.session.execute("rollback", [])
        {
            tracing::error!(%error, "could not roll a batch back");
        }
    }
}
