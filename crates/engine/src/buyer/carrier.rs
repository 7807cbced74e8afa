//! Carrying intents: whatever [`next`] says goes on file first and is done then.
//!
//! Nothing is open in the ledger while a provider is called. Whoever finds that an intent has become somebody else's
//! stops there and does nothing more.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use perennial_core::buyer::holding::{Holding, Stand, Standing};
use perennial_core::buyer::intent::{Action, Event, Intent, IntentId, State, Step, Verdict, next};
use perennial_core::buyer::remote::{CallError, Finding, Offer, Outcome, Remote, Sight, Watermark};
use perennial_store::{ClaimNumber, Filed};

use super::desk::{Wish, note_of};
use super::side_by_side::side_by_side;
use super::{AT_ONCE, Buyer, BuyerError, Desk, Watcher};

/// For how long an intent is held at a time. A call to a provider has to end well within it.
pub(super) const CLAIMED_FOR: Duration = Duration::from_mins(5);

/// How much of it may have passed before something is sent. Whoever stood still for longer cannot know what others did
/// meanwhile.
const SENT_WITHIN: Duration = Duration::from_secs(150);

impl<D: Desk> Buyer<D> {
    /// Carries an intent on until it is settled or parked, or has to wait for longer than `patience` in all. The intent as
    /// it stands then; none where somebody else is at it.
    ///
    /// # Errors
    /// [`BuyerError`], when the ledger does not answer. The intent is on file as far as it came.
    pub async fn carry(
        &self,
        id: &IntentId,
        patience: Duration,
        watcher: &dyn Watcher,
    ) -> Result<Option<Intent>, BuyerError> {
        let Some(_seat) = self.sit_down_at(id) else { return Ok(None) };
        let filed = self.filed(id)?;
        if is_at_rest(&filed.intent.state) {
            return Ok(Some(filed.intent));
        }
        let remote = self.remote(&filed.intent.key.provider)?;
        match self.take_up(&filed, &**remote).await? {
            Some((claim, step)) => self.go_on(&**remote, claim, step, patience, watcher).await,
            // It may have been settled just now.
            None => Ok(Some(self.filed(id)?.intent).filter(|intent| is_at_rest(&intent.state))),
        }
    }

    /// Carries several at once: providers side by side, and a bounded number at each. What came of each, in their order. Where
    /// one fails the others go on; the first failure is told at the end.
    ///
    /// # Errors
    /// [`BuyerError`].
    pub async fn carry_all(
        &self,
        ids: &[IntentId],
        patience: Duration,
        watcher: &dyn Watcher,
    ) -> Result<Vec<(IntentId, Option<Intent>)>, BuyerError> {
        let mut groups = BTreeMap::<_, Vec<_>>::new();
        for (place, id) in ids.iter().enumerate() {
            groups.entry(self.filed(id)?.intent.key.provider).or_default().push((place, id.clone()));
        }
        let carry = move |(place, id): (usize, IntentId)| async move {
            let outcome = self.carry(&id, patience, watcher).await;
            (place, id, outcome)
        };
        let groups = groups.into_values().map(|group| side_by_side(AT_ONCE, group.into_iter().map(carry)));
        let mut carried: Vec<_> = side_by_side(usize::MAX, groups).await.into_iter().flatten().collect();
        carried.sort_by_key(|(place, ..)| *place);
        carried.into_iter().map(|(_, id, outcome)| Ok((id, outcome?))).collect()
    }

    /// Settles what cannot be told by itself, by what a person found; or, where the person found nothing, reads it once
    /// more. The intent as it stands then.
    ///
    /// # Errors
    /// [`BuyerError::NotUnsure`] where there is nothing to settle, [`BuyerError::Busy`] where somebody is at it.
    pub async fn settle(
        &self,
        id: &IntentId,
        verdict: Option<Verdict>,
        watcher: &dyn Watcher,
    ) -> Result<Intent, BuyerError> {
        let busy = || BuyerError::Busy(id.clone());
        let _seat = self.sit_down_at(id).ok_or_else(busy)?;
        let filed = self.filed(id)?;
        let known = &filed.intent;
        if !known.state.can_be_settled(verdict) {
            return Err(BuyerError::NotUnsure { id: id.clone(), state: known.state.word() });
        }
        let remote = self.remote(&known.key.provider)?;
        let (claim, mut step) = self.take_up(&filed, &**remote).await?.ok_or_else(busy)?;
        let event = match (verdict, &step.intent.state) {
            (Some(verdict), _) => Some(Event::Settled(verdict)),
            (None, State::Parked { .. }) => Some(Event::Reread),
            (None, _) => None,
        };
        if let Some(event) = event {
            match self.put_on_file(&claim, &step.intent, &**remote, event).await {
                Ok(Some(written)) => step = written,
                Ok(None) => return Err(busy()),
                Err(error) => return self.give_back(claim, Err(error)).await,
            }
        }
        self.go_on(&**remote, claim, step, Duration::ZERO, watcher).await?.ok_or_else(busy)
    }

    async fn take_up(&self, filed: &Filed, remote: &dyn Remote) -> Result<Option<(ClaimNumber, Step)>, BuyerError> {
        let (now, id) = (self.now(), filed.intent.id.clone());
        let (until, free_if_held_until) = (held_until(now), self.free_if_held_until(filed, now));
        let wish = Wish { id, habits: remote.habits(), now, free_if_held_until, until };
        Ok(self.desk().take_up(wish, Arc::clone(self.worker())).await?)
    }

    /// A claim is no lock: whoever takes an intent up after somebody else who may still be at it sends nothing that could
    /// pay twice. So there is no need to wait for the claim of a worker that has ended, nor for one that a clock which was a
    /// year ahead has made.
    fn free_if_held_until(&self, filed: &Filed, now: Timestamp) -> Timestamp {
        match &filed.holder {
            Some((holder, until)) if *until > held_until(held_until(now)) || self.worker().is_gone(holder) => {
                now.max(*until)
            }
            _ => now,
        }
    }

    /// Does what each step says, until there is nothing to do or too long to wait. None where the claim was lost.
    async fn go_on(
        &self,
        remote: &dyn Remote,
        claim: ClaimNumber,
        mut step: Step,
        mut patience: Duration,
        watcher: &dyn Watcher,
    ) -> Result<Option<Intent>, BuyerError> {
        let mut written_at = (self.elapsed(), self.now());
        loop {
            watcher.stepped(&step.intent, &step.note);
            let event = match &step.action {
                Action::Stop => break,
                Action::Wait(pause) => {
                    let pause = Duration::try_from(*pause).unwrap_or_default();
                    let Some(left) = patience.checked_sub(pause) else { break };
                    patience = left;
                    self.timer().sleep(pause).await;
                    Event::Waited
                }
                Action::Look => match self.look(remote, &step.intent).await {
                    Ok(seen) => Event::Looked(seen),
                    Err(error) => Event::Unreadable(error),
                },
                Action::Order | Action::Pay(_) if self.is_too_late(written_at) => {
                    let cause = "too much time had passed since it was put on file".to_owned();
                    Event::Told(Outcome::NeverSent { cause, retry_after: None })
                }
                Action::Order => Event::Told(remote.order(&step.intent.ask).await),
                Action::Pay(order) => Event::Told(remote.pay(&step.intent.ask, order).await),
                Action::LeaveUnpaid { order, then } => {
                    Event::Left { outcome: remote.leave_unpaid(order).await, then: then.clone() }
                }
                Action::ReadBack => match read_back(remote, &step.intent).await {
                    Ok(finding) => Event::Found(finding),
                    Err(error) => Event::Unreadable(error),
                },
            };
            written_at = (self.elapsed(), self.now());
            match self.put_on_file(&claim, &step.intent, remote, event).await {
                Ok(Some(written)) => step = written,
                Ok(None) => return Ok(None),
                Err(error) => return self.give_back(claim, Err(error)).await,
            }
        }
        self.give_back(claim, Ok(Some(step.intent))).await
    }

    /// Whether too much time has passed since something began to be put on file: by the clock that nobody can set, or by the
    /// one that goes on while the machine sleeps.
    fn is_too_late(&self, (elapsed, now): (Duration, Timestamp)) -> bool {
        let within = SignedDuration::try_from(SENT_WITHIN).unwrap_or(SignedDuration::ZERO);
        self.elapsed().saturating_sub(elapsed) > SENT_WITHIN || self.now().duration_since(now) > within
    }

    /// Puts on file what follows from an event, and holds the intent for longer. None where it has become somebody else's.
    async fn put_on_file(
        &self,
        claim: &ClaimNumber,
        intent: &Intent,
        remote: &dyn Remote,
        event: Event,
    ) -> Result<Option<Step>, BuyerError> {
        let now = self.now();
        let step = next(intent, remote.habits(), now, event);
        let claim = ClaimNumber { until: held_until(now), ..claim.clone() };
        let is_written = self.desk().write(claim, step.intent.clone(), note_of(&step, now)).await?;
        Ok(is_written.then_some(step))
    }

    /// Gives a claim back, whatever came of it. Where that fails, the claim ends by itself.
    async fn give_back<T>(&self, claim: ClaimNumber, outcome: Result<T, BuyerError>) -> Result<T, BuyerError> {
        let id = claim.id.clone();
        if let Err(error) = self.desk().release(claim).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, intent.id = %id, "intent {id} was not given back; its claim ends by itself");
        }
        outcome
    }

    /// The service now; its offer for just this length as well, where nothing was ordered yet.
    async fn look(&self, remote: &dyn Remote, intent: &Intent) -> Result<Option<(Sight, Option<Offer>)>, CallError> {
        let recorded = self.desk().holding(&intent.key).ok().flatten();
        let mut holding = recorded.unwrap_or_else(|| as_planned(intent));
        let Some(sight) = remote.look(&holding).await? else { return Ok(None) };
        let is_ordered = !matches!(&intent.state, State::Planned)
            && !matches!(&intent.state, State::Unsure { sent, .. } if sent.is_order());
        if is_ordered || sight.stand.until != intent.ask.fence {
            return Ok(Some((sight, None)));
        }
        holding.stand = sight.stand.clone();
        let length = intent.ask.offer.length;
        let offers = remote.offers(&holding, &[length]).await?;
        Ok(Some((sight, offers.into_iter().find(|offer| offer.length == length))))
    }
}

/// Whether nothing is to be done about it, for good or until a person says so.
const fn is_at_rest(state: &State) -> bool {
    !state.is_open() || matches!(state, State::Parked { .. })
}

/// The service as it was planned, for where the inventory does not have it any more.
fn as_planned(intent: &Intent) -> Holding {
    let stand = Stand {
        until: intent.ask.fence,
        expires_at: intent.expires_at,
        standing: Standing::Renewable,
        native: intent.native,
    };
    Holding {
        key: intent.key.clone(),
        kind: intent.ask.kind,
        name: intent.ask.name.clone(),
        label: None,
        tags: Vec::new(),
        parent: None,
        stand,
        period: None,
    }
}

async fn read_back(remote: &dyn Remote, intent: &Intent) -> Result<Finding, CallError> {
    let none = Watermark { at: intent.made_at, orders: Vec::new(), balance: None };
    let watermark = intent.watermark.as_ref().unwrap_or(&none);
    let order = intent.order_to_read();
    remote.read_back(&intent.ask, watermark, order.as_ref()).await
}

fn held_until(now: Timestamp) -> Timestamp {
    let span = SignedDuration::try_from(CLAIMED_FOR).unwrap_or(SignedDuration::ZERO);
    now.checked_add(span).unwrap_or(Timestamp::MAX)
}
