//! The outbox: lets notices leave after their commit, at least once each; and forgets what is over.
//!
//! Of several nodes one claims a notice for a while, and lets it leave. Where it dies on the way, another one takes the
//! notice over when that time ends. A notice that could not leave waits, and holds up none behind it.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use perennial_core::account::Account;
use perennial_core::notice::Notice;
use perennial_core::ports::{BoxFuture, Clock, Failure, Rejection};
use perennial_core::snapshot::Want;
use perennial_store::{Records, Waiting};

use crate::lane::LaneHandle;

/// How many notices a node claims at a time.
const PAGE: u32 = 20;

/// How long a node has to let them leave.
const CLAIMED_FOR: SignedDuration = SignedDuration::from_mins(5);

/// How long one notice may take to leave.
const LEAVES_IN: Duration = Duration::from_mins(2);

/// How often the outbox looks without being woken: notices that another process wrote, or that waited.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// The longest pause where the way is closed.
const PAUSE_MAX: Duration = Duration::from_mins(5);

/// How long a notice waits that could not leave once; twice as long each time after, up to the longest.
const WAITS: SignedDuration = SignedDuration::from_mins(1);
const WAITS_MAX: SignedDuration = SignedDuration::from_hours(6);

/// How long a notice waits whose reader cannot be reached: somebody has to mend an address.
const REFUSED_WAITS: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How often replies, nonces and notices whose time is over are forgotten, and how many at a time.
const FORGET_EVERY: Duration = Duration::from_mins(1);
const FORGET_ROWS: u32 = 1_000;

/// Carries a notice to its reader. A notice may come twice after a crash, under the same id.
pub trait Courier: Send + Sync {
    /// Delivers one notice. It has two minutes.
    ///
    /// # Errors
    /// [`Undelivered`].
    fn deliver<'a>(&'a self, id: i64, notice: &'a Notice, to: &'a Account) -> BoxFuture<'a, Result<(), Undelivered>>;
}

/// Why a notice did not leave, or is not known to have left.
#[derive(Debug, thiserror::Error)]
pub enum Undelivered {
    /// Nothing leaves at present: whoever takes the notices does not answer, or does not take ours. It is no fault of the
    /// notice, which is tried again as soon as something leaves.
    #[error("the way is closed")]
    Closed(#[source] Failure),
    /// This one was not taken, and perhaps none is: it is tried again later, and the others after a pause.
    #[error("it is tried again later, and perhaps nothing leaves")]
    Barred(#[source] Failure),
    /// This one could not leave, or nobody knows whether it did; it is tried again later.
    #[error("it is tried again later")]
    Later(#[source] Failure),
    /// Its reader cannot be reached: there is no address, or none that is known there.
    #[error("it is tried again in a week")]
    Refused(#[source] Failure),
    /// What it tells does not hold any more; nobody needs to hear of it.
    #[error("it is too late for it")]
    Stale,
}

/// Whether notices leave, as far as was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Open,
    /// How often in a row it was found closed.
    Closed(u32),
}

impl Way {
    /// How long to wait before the next look.
    fn pause(self) -> Duration {
        match self {
            Self::Open => LOOK_AGAIN,
            Self::Closed(times) => {
                LOOK_AGAIN.saturating_mul(2_u32.saturating_pow(times.saturating_sub(1))).min(PAUSE_MAX)
            }
        }
    }
}

/// How long a notice waits that could not leave so often.
fn waits(tries: u32) -> SignedDuration {
    let times = 2_i32.saturating_pow(tries.saturating_sub(1));
    WAITS.checked_mul(times).map_or(WAITS_MAX, |span| span.min(WAITS_MAX))
}

/// Lets notices leave, for ever, as a node that no other one has the name of. Ends when the lane closes.
pub async fn run(
    records: Arc<dyn Records + Send + Sync>,
    lane: LaneHandle,
    clock: Arc<dyn Clock>,
    courier: Arc<dyn Courier>,
    node: Arc<str>,
) {
    let outbox = Outbox { records: &*records, lane: &lane, clock: &*clock, courier: &*courier, node: &node };
    let mut way = Way::Open;
    loop {
        match outbox.let_leave(&mut way).await {
            Ok(()) => {}
            Err(Rejection::Closing) => return,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the outbox could not be looked through");
            }
        }
        tokio::select! {
            () = lane.noticed(), if way == Way::Open => {}
            () = tokio::time::sleep(way.pause()) => {}
        }
    }
}

/// What the outbox stands on.
struct Outbox<'a> {
    records: &'a (dyn Records + Send + Sync),
    lane: &'a LaneHandle,
    clock: &'a dyn Clock,
    courier: &'a dyn Courier,
    node: &'a Arc<str>,
}

impl Outbox<'_> {
    /// Lets leave what can, until nothing is left or the way is closed.
    async fn let_leave(&self, way: &mut Way) -> Result<(), Rejection> {
        // To look costs nobody their turn.
        while self.records.next_notice()?.is_some_and(|ready| ready <= self.clock.now()) {
            let (node, now) = (Arc::clone(self.node), self.clock.now());
            let until = now.checked_add(CLAIMED_FOR).unwrap_or(Timestamp::MAX);
            let claimed = self.lane.chore(move |batch| batch.claim_notices(&node, now, until, PAGE)).await?;
            if claimed.is_empty() {
                break;
            }
            for waiting in &claimed {
                // What there is no time left for is claimed again.
                if self.clock.now().checked_add(LEAVES_IN).unwrap_or(Timestamp::MAX) > until {
                    break;
                }
                let before = *way;
                *way = self.try_one(waiting, before).await?;
                // Where it is as closed as before, the notice was dropped.
                if *way != Way::Open && *way != before {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Lets one leave, and notes what came of it.
    async fn try_one(&self, Waiting { id, notice, tries }: &Waiting, way: Way) -> Result<Way, Rejection> {
        let seen = self.records.load(&[Want::Account(notice.account)])?;
        let delivery = self.courier.deliver(*id, notice, seen.account(notice.account)?);
        let late = |_| Err(Undelivered::Later(Failure::new("let a notice leave", "it took too long")));
        let delivered = tokio::time::timeout(LEAVES_IN, delivery).await.unwrap_or_else(late);
        let (id, now) = (*id, self.clock.now());
        let Err(error) = delivered else {
            if way != Way::Open {
                tracing::info!("notices leave again");
            }
            count("left");
            self.lane.chore(move |batch| batch.notice_sent(id, now)).await?;
            return Ok(Way::Open);
        };
        let until = match &error {
            Undelivered::Closed(_) => return Ok(closed(way, &error)),
            Undelivered::Stale => {
                count("stale");
                tracing::info!(notice.id = id, notice.kind = notice.kind.word(), "notice {id} is dropped: {error}");
                self.lane.chore(move |batch| batch.notice_sent(id, now)).await?;
                return Ok(way);
            }
            Undelivered::Later(_) | Undelivered::Barred(_) => {
                count("waits");
                let error = &error as &dyn std::error::Error;
                tracing::warn!(notice.id = id, notice.tries = tries + 1, error, "notice {id} could not leave");
                now.checked_add(waits(tries.saturating_add(1))).unwrap_or(Timestamp::MAX)
            }
            Undelivered::Refused(_) => {
                count("refused");
                let (account, kind) = (notice.account.0, notice.kind.word());
                let error = &error as &dyn std::error::Error;
                tracing::error!(
                    notice.id = id,
                    account.id = account,
                    notice.kind = kind,
                    error,
                    "notice {id} has no reader"
                );
                now.checked_add(REFUSED_WAITS).unwrap_or(Timestamp::MAX)
            }
        };
        self.lane.chore(move |batch| batch.notice_waits(id, until)).await?;
        Ok(if let Undelivered::Barred(_) = &error { closed(way, &error) } else { Way::Open })
    }
}

/// Tells once that the way is closed.
fn closed(way: Way, error: &Undelivered) -> Way {
    count("closed");
    match way {
        Way::Open => {
            tracing::warn!(error = error as &dyn std::error::Error, "notices wait, as none can leave at present");
            Way::Closed(1)
        }
        Way::Closed(times) => Way::Closed(times.saturating_add(1)),
    }
}

/// Counts what came of a try.
fn count(outcome: &'static str) {
    metrics::counter!("perennial_notices_total", "outcome" => outcome).increment(1);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_and_pauses_double_up_to_the_longest() {
        for (tries, minutes) in [(0, 1), (1, 1), (2, 2), (3, 4), (9, 256), (10, 360), (40, 360), (u32::MAX, 360)] {
            assert_eq!(waits(tries), SignedDuration::from_mins(minutes), "{tries}");
        }
        for (way, seconds) in [
            (Way::Open, 5),
            (Way::Closed(1), 5),
            (Way::Closed(2), 10),
            (Way::Closed(6), 160),
            (Way::Closed(7), 300),
            (Way::Closed(u32::MAX), 300),
        ] {
            assert_eq!(way.pause(), Duration::from_secs(seconds), "{way:?}");
        }
    }
}
