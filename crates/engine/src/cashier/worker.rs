//! Carrying charges out.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use perennial_core::charge::{Charge, ChargeOutcome, ChargeState, Direction};
use perennial_core::command::{Action, Command, Reply};
use perennial_core::ids::ChargeId;
use perennial_core::payment::OnGateway;
use perennial_core::ports::{Failure, Gateway, GatewayError, Lane, Prepared, Rejection};
use perennial_core::refusal::Refusal;
use perennial_core::snapshot::Want;
use perennial_store::OpenCharge;
use tokio::task::{AbortHandle, JoinSet};

use super::Cashier;

/// How many charges a node carries out at the same time, so that one that is slow holds up none.
pub(super) const CHARGES_MAX: usize = 16;

/// How many charges a node claims at a time: as many, as those that it is at already are claimed again.
const CLAIM: u32 = 16;

/// How long a node has the charges that it claimed.
const CLAIMED_FOR: SignedDuration = SignedDuration::from_mins(5);

/// How long it may take to ask for a charge, so that no other node asks at the same time.
const ASKED_IN: Duration = Duration::from_mins(2);

/// How often a node looks without being woken: for charges that another one opened, or that waited.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// How long a charge waits that is under way, and one of which nothing is known; twice as long each time after, up to a
/// longest: a debit takes days, and a gateway that was away is back at once.
const UNDER_WAY_WAITS: Waits = Waits { first: SignedDuration::from_secs(10), longest: SignedDuration::from_hours(1) };
const UNKNOWN_WAITS: Waits = Waits { first: SignedDuration::from_secs(5), longest: SignedDuration::from_mins(5) };

/// How long a charge waits whose gateway this node does not have, so that another node gets it.
const NOT_HERE_WAITS: SignedDuration = SignedDuration::from_mins(5);

/// How long something waits the first time, and at the most.
#[derive(Clone, Copy)]
pub(super) struct Waits {
    pub first: SignedDuration,
    pub longest: SignedDuration,
}

impl Waits {
    /// How long it waits that has been tried so often before.
    pub(super) fn after(self, tries: u32) -> SignedDuration {
        let span = self.first.checked_mul(2_i32.saturating_pow(tries));
        span.map_or(self.longest, |span| span.min(self.longest))
    }
}

/// What came of looking after a charge.
enum Came {
    /// It is not open any more.
    Settled,
    /// The gateway is at it.
    UnderWay,
    /// It cannot be carried out before then.
    NotBefore(Timestamp),
}

/// Why it is not known what becomes of a charge.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    #[error(transparent)]
    Ledger(#[from] Rejection),
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Rejection::from(failure).into()
    }
}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Self {
        Rejection::from(refusal).into()
    }
}

/// What is known of a charge once the gateway was asked.
enum Said {
    /// What it did, and what it calls that; none where it would prepare nothing.
    Outcome(Option<String>, ChargeOutcome),
    /// It is at it.
    UnderWay,
    /// Somebody else settled it meanwhile.
    Settled,
}

impl Cashier {
    /// Has charges carried out, for ever. Ends when the lane closes.
    pub async fn run(self) {
        let mut going = Going::default();
        loop {
            match self.take_up(&mut going).await {
                Ok(()) => {}
                Err(Rejection::Closing) => return,
                Err(error) => tracing::warn!(error = &error as &dyn Error, "charges could not be looked through"),
            }
            tokio::select! {
                () = self.desk.lane.charged() => {}
                () = self.desk.timer.sleep(LOOK_AGAIN) => {}
                Some(_) = going.tasks.join_next() => {}
                () = self.desk.lane.ended() => return,
            }
        }
    }

    /// Begins with the charges that are due, as far as there are places.
    async fn take_up(&self, going: &mut Going) -> Result<(), Rejection> {
        let desk = &*self.desk;
        loop {
            let now = desk.clock.now();
            going.forget_ended();
            let places = desk.tills.values().map(|till| till.places(now)).max().unwrap_or(0);
            // To look costs nobody their turn.
            let is_due = || Ok::<_, Failure>(desk.records.next_charge()?.is_some_and(|ready| ready <= now));
            if desk.tills.is_empty() && is_due()? {
                self.miss("");
            }
            if going.of.len() >= places || !is_due()? {
                return Ok(());
            }
            let (node, until) = (Arc::clone(&desk.node), now.checked_add(CLAIMED_FOR).unwrap_or(Timestamp::MAX));
            let mut claimed = desk.lane.chore(move |batch| batch.claim_charges(&node, now, until, CLAIM)).await?;
            let is_all = claimed.len() < CHARGES_MAX;
            claimed.retain(|open| !going.of.contains_key(&open.charge.id));
            // What there is no place for is this node's, and is claimed again.
            for open in claimed.into_iter().take(places - going.of.len()) {
                going.begin(open.charge.id, self.clone().carry(open));
            }
            if is_all {
                return Ok(());
            }
        }
    }

    /// Carries out a charge that this node has claimed, as far as it goes now.
    pub async fn carry(self, open: OpenCharge) {
        let OpenCharge { charge, tries } = open;
        let id = charge.id;
        let came = tokio::select! {
            biased;
            came = self.attempt(&charge) => came,
            () = self.desk.timer.sleep(ASKED_IN) => {
                Err(GatewayError::Silent(Failure::new("carry a charge out", "it took too long")).into())
            }
        };
        let now = self.desk.clock.now();
        let after = |waits: Waits| now.checked_add(waits.after(tries)).unwrap_or(Timestamp::MAX);
        let until = match came {
            Ok(Came::Settled) | Err(Trouble::Ledger(Rejection::Closing)) => return,
            Ok(Came::UnderWay) => after(UNDER_WAY_WAITS),
            Ok(Came::NotBefore(then)) => then,
            Err(trouble) => {
                let error = &trouble as &dyn Error;
                tracing::warn!(charge.id = id.0, order.id = charge.order.0, tries, error, "charge {id} is tried again");
                after(UNKNOWN_WAITS)
            }
        };
        count("waits");
        match self.desk.lane.chore(move |batch| batch.charge_waits(id, until)).await {
            Ok(()) | Err(Rejection::Closing) => {}
            Err(error) => {
                let error = &error as &dyn Error;
                tracing::warn!(charge.id = id.0, error, "it could not be noted that charge {id} waits");
            }
        }
    }

    /// Asks the gateway for a charge, and says to the rules what came of it.
    async fn attempt(&self, charge: &Charge) -> Result<Came, Trouble> {
        let (desk, account) = (&*self.desk, charge.account);
        let seen = desk.records.load(&[Want::Method(account, charge.method), Want::Charges(account, charge.order)])?;
        let charge = seen.charge_of(charge.order, charge.id)?;
        if charge.state != ChargeState::Open {
            return Ok(Came::Settled);
        }
        let kept = seen.methods.get(&charge.method).and_then(|method| method.on_gateway.as_ref());
        let Some((kept, till)) = kept.and_then(|kept| Some((kept, desk.tills.get(kept.gateway.as_str())?))) else {
            self.miss(kept.map_or("", |kept| kept.gateway.as_str()));
            let then = desk.clock.now().checked_add(NOT_HERE_WAITS).unwrap_or(Timestamp::MAX);
            return Ok(Came::NotBefore(then));
        };
        let entered = match till.enter(desk.clock.now()) {
            Ok(entered) => entered,
            Err(then) => return Ok(Came::NotBefore(then)),
        };
        // That of the charge whose money goes back.
        let collected = seen.collected(charge.order).and_then(|paid| paid.reference.as_deref());
        let said = match self.ask(&**till.gateway(), charge, kept, collected).await {
            Err(Trouble::Gateway(error @ (GatewayError::Busy(_) | GatewayError::Barred(_)))) => {
                return Ok(Came::NotBefore(till.turned_away(entered, desk.clock.now(), &error)));
            }
            said => said?,
        };
        till.answered();
        match said {
            Said::Outcome(reference, outcome) => self.settle(charge, reference, outcome).await,
            Said::UnderWay => Ok(Came::UnderWay),
            Said::Settled => Ok(Came::Settled),
        }
    }

    /// Has the gateway carry out what is on file for a charge, and nothing else.
    async fn ask(
        &self,
        gateway: &dyn Gateway,
        charge: &Charge,
        kept: &OnGateway,
        collected: Option<&str>,
    ) -> Result<Said, Trouble> {
        let reference = match &charge.reference {
            Some(on_file) => on_file.clone(),
            None => match gateway.prepare(charge, kept, collected).await? {
                Prepared::Never(outcome) => return Ok(Said::Outcome(None, outcome)),
                Prepared::As(reference) => {
                    let (order, id) = (charge.order, charge.id);
                    // Another node may have been quicker: what is on file is what the reply names.
                    match self.tell(charge, Action::NoteCharge { order, charge: id, reference }).await? {
                        Reply::Charge(Charge { state: ChargeState::Open, reference: Some(on_file), .. }) => on_file,
                        _ => return Ok(Said::Settled),
                    }
                }
            },
        };
        Ok(match gateway.carry_out(charge, &reference).await? {
            Some(outcome) => Said::Outcome(Some(reference), outcome),
            None => Said::UnderWay,
        })
    }

    /// Says to the rules what a gateway did about a charge, and lets the callers know that wait for it.
    async fn settle(
        &self,
        charge: &Charge,
        reference: Option<String>,
        outcome: ChargeOutcome,
    ) -> Result<Came, Trouble> {
        let (order, id) = (charge.order, charge.id);
        let action = Action::SettleCharge { order, charge: id, reference, outcome };
        if let Reply::Charge(Charge { state: ChargeState::Open, .. }) = self.tell(charge, action).await? {
            // Another node put a reference on file meanwhile, and that is what counts.
            return Ok(Came::NotBefore(self.desk.clock.now()));
        }
        // Nobody may be waiting.
        let _ = self.desk.told.send(id);
        let word = match outcome {
            ChargeOutcome::Moved => "moved",
            ChargeOutcome::Declined(decline) => decline.word(),
        };
        count(word);
        match (charge.direction, outcome) {
            // Whoever asked for it does not wait, and nobody else is told.
            (Direction::Refund, ChargeOutcome::Declined(_)) => {
                tracing::error!(charge.id = id.0, order.id = order.0, "refund {id} of order {order}: {word}");
            }
            (Direction::Refund, ChargeOutcome::Moved) => {
                tracing::info!(charge.id = id.0, order.id = order.0, "refund {id} of order {order}: {word}");
            }
            (Direction::Collect, _) => {
                tracing::info!(charge.id = id.0, order.id = order.0, "charge {id} of order {order}: {word}");
            }
        }
        Ok(Came::Settled)
    }

    async fn tell(&self, charge: &Charge, action: Action) -> Result<Reply, Rejection> {
        self.desk.lane.submit(Command { account: charge.account, token: None, action }).await
    }

    /// Tells once that this node does not have a gateway.
    fn miss(&self, name: &str) {
        if self.desk.missed.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned()) {
            tracing::warn!("charges wait for another node that has their gateway: this one has no `{name}`");
        }
    }
}

/// The charges that are being carried out.
#[derive(Default)]
struct Going {
    tasks: JoinSet<()>,
    of: BTreeMap<ChargeId, AbortHandle>,
}

impl Going {
    fn begin(&mut self, id: ChargeId, task: impl Future<Output = ()> + Send + 'static) {
        self.of.insert(id, self.tasks.spawn(task));
    }

    fn forget_ended(&mut self) {
        while self.tasks.try_join_next().is_some() {}
        self.of.retain(|_, task| !task.is_finished());
    }
}

/// Counts what came of looking after a charge.
fn count(outcome: &'static str) {
    metrics::counter!("perennial_charges_total", "outcome" => outcome).increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_an_hour() {
        for (tries, seconds) in [(0, 10), (1, 20), (2, 40), (8, 2_560), (9, 3_600), (40, 3_600), (u32::MAX, 3_600)] {
            assert_eq!(UNDER_WAY_WAITS.after(tries), SignedDuration::from_secs(seconds), "{tries}");
        }
    }
}
