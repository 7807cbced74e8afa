//! Webhooks: spreads notices as events, and delivers them until they arrive or are given up.
//!
//! Every node does both. What is told to webhooks does not wait for mail, nor mail for it.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use perennial_core::notice::Notice;
use perennial_core::ports::{BoxFuture, Clock, Failure, Rejection, Timer};
use perennial_store::Records;
use perennial_store::Waiting;
use perennial_store::webhooks::{Claimed, Event, Progress};
use tokio::task::{AbortHandle, JoinSet};

use crate::lane::LaneHandle;

/// How long an attempt may take; the specification of Standard Webhooks recommends 15 to 30 seconds.
pub const ATTEMPT_MAX: Duration = Duration::from_secs(15);

/// How long after each failed attempt the next one is made, in seconds, as the specification of Standard Webhooks has it
/// ("Deliverability and reliability", version 1.0.0): ten attempts in a little more than three days.
const DELAYS_S: [i64; 9] = [5, 5 * 60, 30 * 60, 2 * 3_600, 5 * 3_600, 10 * 3_600, 14 * 3_600, 20 * 3_600, 24 * 3_600];

/// The longest wait that a webhook may ask for.
const ASKED_MAX: SignedDuration = SignedDuration::from_hours(24);

/// How many notices are spread in a transaction.
const PAGE: u32 = 50;

/// How many deliveries are claimed at a time, and how many webhooks are called at the same time.
const CLAIM: u32 = 32;
const CALLS_MAX: usize = 16;

/// How long a node has the deliveries that it claimed. What it does not come to in that time is due again.
const CLAIMED_FOR: SignedDuration = SignedDuration::from_mins(2);

/// How often a node looks for notices and for what is due.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What it means.
    pub verdict: Verdict,
    /// What was answered, in a few words; no secret, no address.
    pub words: String,
}

/// What an answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The event has arrived.
    Taken,
    /// Nobody wants to hear of anything there any more.
    Gone,
    /// It did not arrive; where a time is given, it is not to be tried again earlier.
    Refused(Option<Duration>),
    /// Nobody answered.
    Silent,
}

/// Makes events of notices, and sends them.
pub trait Messenger: Send + Sync {
    /// The event that a notice is told as, under a new id.
    ///
    /// # Errors
    /// [`Failure`] when the ledger does not answer.
    fn event(&self, notice: &Notice) -> Result<Event, Failure>;

    /// Sends an event once, within [`ATTEMPT_MAX`].
    fn send<'a>(&'a self, claimed: &'a Claimed) -> BoxFuture<'a, Answer>;
}

/// What spreading and delivering stands on.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "it is ports and nothing else")]
pub struct Post {
    /// Reads the ledger.
    pub records: Arc<dyn Records + Send + Sync>,
    /// Writes it.
    pub lane: LaneHandle,
    /// Says what time it is.
    pub clock: Arc<dyn Clock>,
    /// Waits.
    pub timer: Arc<dyn Timer>,
    /// Makes and sends events.
    pub messenger: Arc<dyn Messenger>,
}

impl Post {
    /// Spreads and delivers, for ever. Ends when the lane closes.
    pub async fn run(self) {
        let mut calls = Calls::default();
        loop {
            let done = match self.spread().await {
                Ok(()) => self.deliver(&mut calls).await,
                failed => failed,
            };
            match done {
                Ok(()) => {}
                Err(Rejection::Closing) => return,
                Err(error) => tracing::warn!(error = &error as &dyn Error, "webhooks could not be told"),
            }
            tokio::select! {
                () = self.timer.sleep(LOOK_AGAIN) => {}
                () = self.lane.ended() => return,
            }
        }
    }

    /// Makes events of the notices that were not spread yet.
    async fn spread(&self) -> Result<(), Rejection> {
        loop {
            let notices = self.records.notices_unspread(PAGE)?;
            if notices.is_empty() {
                return Ok(());
            }
            let event = |it: &Waiting| Ok((it.id, self.messenger.event(&it.notice)?));
            let events = notices.iter().map(event).collect::<Result<Vec<_>, Failure>>()?;
            let now = self.clock.now();
            self.lane.chore(move |batch| batch.spread(now, &events)).await?;
        }
    }

    /// Claims what is due, as long as there are calls to be had.
    async fn deliver(&self, calls: &mut Calls) -> Result<(), Rejection> {
        loop {
            let (now, busy) = (self.clock.now(), calls.busy());
            // To look costs nobody their turn.
            if busy.len() >= CALLS_MAX || !self.records.is_delivery_due(now, &busy)? {
                return Ok(());
            }
            let until = now.checked_add(CLAIMED_FOR).unwrap_or(Timestamp::MAX);
            let claimed = self.lane.chore(move |batch| batch.claim_deliveries(now, until, &busy, CLAIM)).await?;
            for group in by_webhook(claimed) {
                while calls.tasks.len() >= CALLS_MAX && calls.tasks.join_next().await.is_some() {}
                let webhook = group[0].webhook.clone();
                calls.of.insert(webhook, calls.tasks.spawn(self.clone().call(group)));
            }
        }
    }

    /// Makes deliveries to one webhook, one after the other. Where nobody answers, the others are not tried: a webhook that is
    /// down costs one wait, and not one for each of its deliveries.
    async fn call(self, group: Vec<Claimed>) {
        let mut group = group.into_iter();
        while let Some(claimed) = group.next() {
            let ends = self.clock.now().checked_add(ATTEMPT_MAX).unwrap_or(Timestamp::MAX);
            if ends >= claimed.until {
                return;
            }
            let answer = self.messenger.send(&claimed).await;
            let verdict = answer.verdict;
            let settled = match self.settle(claimed, answer.clone()).await {
                Ok(next) if verdict == Verdict::Silent => self.put_off(group.as_slice(), next, &answer.words).await,
                settled => settled.map(drop),
            };
            match settled {
                Ok(()) if matches!(verdict, Verdict::Taken | Verdict::Refused(_)) => {}
                Ok(()) | Err(Rejection::Closing) => return,
                Err(error) => {
                    tracing::warn!(error = &error as &dyn Error, "what a webhook answered could not be noted");
                }
            }
        }
    }

    /// Lets deliveries wait as long as one that nobody answered. They were not sent, and so did not fail.
    async fn put_off(&self, group: &[Claimed], next: Option<Timestamp>, words: &str) -> Result<(), Rejection> {
        let next = Progress::Waiting(next.unwrap_or_else(|| self.clock.now()));
        let (group, words) = (group.to_vec(), words.to_owned());
        let work = move |batch: &mut dyn perennial_store::Batch| {
            group.iter().try_for_each(|it| batch.settle_delivery(it, it.tries, next, &words).map(drop))
        };
        self.lane.chore(work).await
    }

    /// Puts on file what came of an attempt; tells when the next one is made.
    async fn settle(&self, claimed: Claimed, answer: Answer) -> Result<Option<Timestamp>, Rejection> {
        let now = self.clock.now();
        let (event, webhook) = (claimed.event.clone(), claimed.webhook.clone());
        let words = answer.words.clone();
        let failed = claimed.tries.saturating_add(1);
        let (tries, progress, outcome) = match answer.verdict {
            Verdict::Taken => (claimed.tries, Progress::Delivered(now), "delivered"),
            Verdict::Gone => (failed, Progress::GivenUp(now), "gone"),
            Verdict::Refused(_) | Verdict::Silent => match next_attempt(now, &claimed, answer.verdict) {
                Some(at) => (failed, Progress::Waiting(at), "failed"),
                None => (failed, Progress::GivenUp(now), "given-up"),
            },
        };
        let is_gone = answer.verdict == Verdict::Gone;
        let work = move |batch: &mut dyn perennial_store::Batch| {
            let settled = batch.settle_delivery(&claimed, tries, progress, &answer.words)?;
            if is_gone {
                batch.disable_webhook(&claimed.webhook, now)?;
            }
            Ok(settled)
        };
        self.lane.chore(work).await?;
        metrics::counter!("perennial_webhook_attempts_total", "outcome" => outcome).increment(1);
        if let Progress::GivenUp(_) = progress {
            tracing::error!(
                event.id = event,
                webhook.id = webhook,
                tries,
                "webhook {webhook} is not told of event {event} any more ({words})"
            );
        } else {
            tracing::debug!(event.id = event, webhook.id = webhook, tries, "event {event}: {outcome} ({words})");
        }
        Ok(if let Progress::Waiting(next) = progress { Some(next) } else { None })
    }
}

/// The calls that are being made, one for each webhook.
#[derive(Default)]
struct Calls {
    tasks: JoinSet<()>,
    of: BTreeMap<String, AbortHandle>,
}

impl Calls {
    /// The webhooks that are called just now. They get nothing more until that is over, so that the others get their turn.
    fn busy(&mut self) -> BTreeSet<String> {
        while self.tasks.try_join_next().is_some() {}
        self.of.retain(|_, call| !call.is_finished());
        self.of.keys().cloned().collect()
    }
}

/// Deliveries by their webhook; of each, what failed least comes first, so that an event that nobody ever answers holds up
/// none that a webhook would take.
fn by_webhook(mut claimed: Vec<Claimed>) -> Vec<Vec<Claimed>> {
    claimed.sort_by(|one, other| (&one.webhook, one.tries).cmp(&(&other.webhook, other.tries)));
    claimed.chunk_by(|one, other| one.webhook == other.webhook).map(<[Claimed]>::to_vec).collect()
}

/// When a delivery that failed is tried again; none where it is given up. The wait is up to a tenth longer than the
/// schedule has it, so that what failed together does not come back together.
fn next_attempt(now: Timestamp, claimed: &Claimed, verdict: Verdict) -> Option<Timestamp> {
    let delay_s = DELAYS_S.get(usize::try_from(claimed.tries).unwrap_or(usize::MAX))?;
    // Ids are random, so this is spread as evenly as dice would be.
    let dice = BuildHasherDefault::<DefaultHasher>::new().hash_one((&claimed.event, &claimed.webhook, claimed.tries));
    let tenth_ms = u64::try_from(delay_s * 100).unwrap_or(1);
    let jitter = SignedDuration::from_millis(i64::try_from(dice % tenth_ms).unwrap_or(0));
    let scheduled = SignedDuration::from_secs(*delay_s).saturating_add(jitter);
    let asked = match verdict {
        Verdict::Refused(Some(asked)) => SignedDuration::try_from(asked).unwrap_or(SignedDuration::MAX).min(ASKED_MAX),
        _ => SignedDuration::ZERO,
    };
    Some(now.checked_add(scheduled.max(asked)).unwrap_or(Timestamp::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claimed(tries: u32) -> Claimed {
        let text = String::new;
        let until = Timestamp::UNIX_EPOCH;
        Claimed {
            event: "msg".to_owned(),
            webhook: "w".to_owned(),
            tries,
            until,
            body: text(),
            url: text(),
            secret_sealed: Vec::new(),
        }
    }

    #[test]
    fn attempts_are_made_for_three_days_and_then_no_more() {
        let mut now = Timestamp::UNIX_EPOCH;
        let mut tries = 0;
        while let Some(next) = next_attempt(now, &claimed(tries), Verdict::Silent) {
            let waited = next.duration_since(now);
            let scheduled = SignedDuration::from_secs(DELAYS_S[usize::try_from(tries).expect("is small")]);
            assert!(waited >= scheduled && waited < scheduled + scheduled / 10, "{tries}: {waited}");
            (now, tries) = (next, tries + 1);
        }
        assert_eq!(tries, 9, "the tenth attempt is the last one");
        assert!(now.duration_since(Timestamp::UNIX_EPOCH) >= SignedDuration::from_secs(75 * 3_600 + 35 * 60 + 5));
    }

    #[test]
    fn a_webhook_is_not_tried_earlier_than_it_asked_for() {
        let now = Timestamp::UNIX_EPOCH;
        for (tries, asked_s, waits_s) in [(0, 60, 60), (0, 0, 5), (4, 60, 5 * 3_600), (0, 100 * 3_600, 24 * 3_600)] {
            let asked = Verdict::Refused(Some(Duration::from_secs(asked_s)));
            let waited = next_attempt(now, &claimed(tries), asked).expect("is tried").duration_since(now).as_secs();
            assert!((waits_s..=waits_s + waits_s / 10).contains(&waited), "{tries} {asked_s}: {waited}");
        }
    }

    #[test]
    fn what_fails_together_comes_back_apart() {
        let at = |event: usize| {
            let claimed = Claimed { event: event.to_string(), ..claimed(3) };
            next_attempt(Timestamp::UNIX_EPOCH, &claimed, Verdict::Silent)
        };
        let instants: std::collections::BTreeSet<_> = (0..100).map(at).collect();
        assert!(instants.len() > 90);
    }
}
