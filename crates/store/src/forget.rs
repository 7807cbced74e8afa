//! Notices on their way out, and what was kept for a while only.

use jiff::{SignedDuration, Timestamp};
use perennial_core::notice::Notice;

use crate::driver::{Driver, Must, Touch, Write, params};
use crate::session::{Session, refused};
use crate::{StoreError, Waiting, rows, sql};

/// How long a credential that ended can still be looked at.
const CREDENTIALS_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How long what webhooks were told can still be looked at, and told again.
const EVENTS_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How long it is known that a service went through a stage. A stage is written once its day has come, so its expiry is
/// near then, however far ahead a service is paid: after two years that expiry has moved on, or the service is gone. (It
/// stays where neither is so, as for a product that gives years of grace.)
const STAGES_KEPT: SignedDuration = SignedDuration::from_hours(2 * 366 * 24);

/// Writes a notice that is to leave after the commit, after those that were written before.
pub(crate) fn leave<D: Driver>(session: &Session<D>, notice: &Notice) -> Result<(), StoreError> {
    let told = notice.kind.told();
    let (until, on) = (told.until.map(|date| date.to_string()), told.on.map(|date| date.to_string()));
    let row = params![
        notice.account.0,
        notice.kind.word(),
        told.service.map(|id| id.0),
        told.order.map(|id| id.0),
        told.method.map(|id| id.0),
        told.name,
        told.token,
        until,
        on,
        told.reason,
        notice.at.as_microsecond(),
    ];
    let touches = [Touch::Notices, told.order.map_or(Touch::Notices, Touch::Order)];
    let (statement, must) = (sql::NOTICE_INSERT, Must::Insert);
    session.driver.write(&Write { doing: "leave a notice", statement, params: row, touches: &touches, must })
}

/// Leaves notices to a node for a while; tells which, those that were tried least first.
pub(crate) fn claim_notices<D: Driver>(
    session: &Session<D>,
    node: &str,
    now: Timestamp,
    until: Timestamp,
    rows_max: u32,
) -> Result<Vec<Waiting>, StoreError> {
    session.check_open()?;
    let row = params![node, until.as_microsecond(), now.as_microsecond(), rows_max];
    let claimed = session.rows(sql::NOTICES_CLAIM, row, rows::notice::<D>);
    let mut claimed = claimed.map_err(refused("claim notices"))?;
    claimed.sort_unstable_by_key(|waiting| (waiting.tries, waiting.id));
    Ok(claimed)
}

/// Notes that a notice has left.
pub(crate) fn notice_sent<D: Driver>(session: &Session<D>, id: i64, at: Timestamp) -> Result<(), StoreError> {
    session.check_open()?;
    let sent = session.execute(sql::NOTICE_SENT, params![at.as_microsecond(), id]);
    sent.map(drop).map_err(refused("note that a notice has left"))
}

/// Notes that a notice could not leave, and is to be left alone for a while.
pub(crate) fn notice_waits<D: Driver>(session: &Session<D>, id: i64, until: Timestamp) -> Result<(), StoreError> {
    session.check_open()?;
    let waits = session.execute(sql::NOTICE_WAIT, params![until.as_microsecond(), id]);
    waits.map(drop).map_err(refused("note that a notice could not leave"))
}

/// Forgets what is over, so many rows at the most; tells how many went.
pub(crate) fn forget<D: Driver>(session: &Session<D>, now: Timestamp, rows_max: u32) -> Result<u32, StoreError> {
    session.check_open()?;
    let mut forgotten = 0;
    let ago = |kept| now.checked_sub(kept).unwrap_or(Timestamp::MIN);
    let over = [
        (sql::REPLAYS_FORGET, now),
        (sql::NONCES_FORGET, now),
        (sql::NOTICES_FORGET, now),
        (sql::CREDENTIALS_FORGET, ago(CREDENTIALS_KEPT)),
        (sql::STAGES_FORGET, ago(STAGES_KEPT)),
        (sql::EVENTS_FORGET, ago(EVENTS_KEPT)),
    ];
    for (statement, end) in over {
        let row = params![end.as_microsecond(), rows_max - forgotten];
        let went = session.execute(statement, row).map_err(refused("forget what is over"))?;
        forgotten += u32::try_from(went).expect("the statement is limited to a number of 32 bits");
    }
    Ok(forgotten)
}
