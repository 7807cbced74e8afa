//! Notices on their way out, and what was kept for a while only.

use jiff::{SignedDuration, Timestamp};
use perennial_core::notice::Notice;

use crate::driver::{Driver, params};
use crate::session::{Session, refused};
use crate::{StoreError, rows, sql};

/// How long a credential that ended can still be looked at.
const CREDENTIALS_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Leaves notices to a node for a while; tells which, oldest first.
pub(crate) fn claim_notices<D: Driver>(
    session: &Session<D>,
    node: &str,
    now: Timestamp,
    until: Timestamp,
    rows_max: u32,
) -> Result<Vec<(i64, Notice)>, StoreError> {
    session.check_open()?;
    let row = params![node, until.as_microsecond(), now.as_microsecond(), rows_max];
    let claimed = session.rows(sql::NOTICES_CLAIM, row, rows::notice::<D>);
    let mut claimed = claimed.map_err(refused("claim notices"))?;
    claimed.sort_unstable_by_key(|(id, _)| *id);
    Ok(claimed)
}

/// Notes that a notice has left.
pub(crate) fn notice_sent<D: Driver>(session: &Session<D>, id: i64, at: Timestamp) -> Result<(), StoreError> {
    session.check_open()?;
    let sent = session.execute(sql::NOTICE_SENT, params![at.as_microsecond(), id]);
    sent.map(drop).map_err(refused("note that a notice has left"))
}

/// Forgets what is over, so many rows at the most; tells how many went.
pub(crate) fn forget<D: Driver>(session: &Session<D>, now: Timestamp, rows_max: u32) -> Result<u32, StoreError> {
    session.check_open()?;
    let mut forgotten = 0;
    let ended = now.checked_sub(CREDENTIALS_KEPT).unwrap_or(Timestamp::MIN);
    let over = [
        (sql::REPLAYS_FORGET, now),
        (sql::NONCES_FORGET, now),
        (sql::NOTICES_FORGET, now),
        (sql::CREDENTIALS_FORGET, ended),
    ];
    for (statement, end) in over {
        let row = params![end.as_microsecond(), rows_max - forgotten];
        let went = session.execute(statement, row).map_err(refused("forget what is over"))?;
        forgotten += u32::try_from(went).expect("the statement is limited to a number of 32 bits");
    }
    Ok(forgotten)
}
