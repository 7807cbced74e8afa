//! The outbox: lets notices leave after their commit, at least once each and in order; and forgets what is over.
//!
//! Of several nodes one claims a notice for a while, and lets it leave. Where it dies on the way, another one takes the
//! notice over when that time ends.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use perennial_core::account::Account;
use perennial_core::notice::Notice;
use perennial_core::ports::{BoxFuture, Clock, Failure, Rejection};
use perennial_core::snapshot::Want;
use perennial_store::Records;

use crate::lane::LaneHandle;

/// How many notices a node claims at a time.
const PAGE: u32 = 20;

/// How long a node has to let them leave.
const CLAIMED_FOR: SignedDuration = SignedDuration::from_mins(5);

/// How often the outbox looks without being woken: notices that another process wrote, or that could not leave.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// How often replies, nonces and notices whose time is over are forgotten, and how many at a time.
const FORGET_EVERY: Duration = Duration::from_mins(1);
const FORGET_ROWS: u32 = 1_000;

/// Carries a notice to its reader. A notice may come twice after a crash, under the same id.
pub trait Courier: Send + Sync {
    /// Delivers one notice.
    ///
    /// # Errors
    /// [`Failure`]; it is tried again later.
    fn deliver<'a>(&'a self, id: i64, notice: &'a Notice, to: &'a Account) -> BoxFuture<'a, Result<(), Failure>>;
}

/// Lets notices leave, for ever, as a node that no other one has the name of. Ends when the lane closes.
pub async fn run(
    records: Arc<dyn Records + Send + Sync>,
    lane: LaneHandle,
    clock: Arc<dyn Clock>,
    courier: Arc<dyn Courier>,
    node: Arc<str>,
) {
    loop {
        match let_leave(&*records, &lane, &*clock, &*courier, &node).await {
            Ok(()) => {}
            Err(Rejection::Closing) => return,
            Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "a notice could not leave"),
        }
        tokio::select! {
            () = lane.noticed() => {}
            () = tokio::time::sleep(LOOK_AGAIN) => {}
        }
    }
}

async fn let_leave(
    records: &(dyn Records + Send + Sync),
    lane: &LaneHandle,
    clock: &dyn Clock,
    courier: &dyn Courier,
    node: &Arc<str>,
) -> Result<(), Rejection> {
    // To look costs nobody their turn.
    while !records.notices_waiting(1)?.is_empty() {
        let (node, now) = (Arc::clone(node), clock.now());
        let until = now.checked_add(CLAIMED_FOR).unwrap_or(Timestamp::MAX);
        let claimed = lane.chore(move |batch| batch.claim_notices(&node, now, until, PAGE)).await?;
        for (id, notice) in &claimed {
            let seen = records.load(&[Want::Account(notice.account)])?;
            courier.deliver(*id, notice, seen.account(notice.account)?).await?;
            let (id, at) = (*id, clock.now());
            lane.chore(move |batch| batch.notice_sent(id, at)).await?;
        }
        if claimed.is_empty() {
            break;
        }
    }
    Ok(())
}

/// Forgets all that is over, a few rows in each transaction, so that nobody waits for long.
async fn forget(lane: &LaneHandle, now: Timestamp) -> Result<(), Rejection> {
    while lane.chore(move |batch| batch.forget(now, FORGET_ROWS)).await? == FORGET_ROWS {}
    Ok(())
}

/// Forgets replies, nonces and notices whose time is over, for ever. Ends when the lane closes.
pub async fn housekeep(lane: LaneHandle, clock: Arc<dyn Clock>) {
    loop {
        tokio::time::sleep(FORGET_EVERY).await;
        let now = clock.now();
        match forget(&lane, now).await {
            Ok(()) => {}
            Err(Rejection::Closing) => return,
            Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "could not forget what is over"),
        }
    }
}
