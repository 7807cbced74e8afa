//! The state machine.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use super::{Action, By, Event, Intent, Sender, Sent, State, Step, Verdict};
use crate::buyer::holding::{Native, Standing};
use crate::buyer::remote::{CallError, Habits, Offer, OrderEffect, Outcome, Receipt, RemoteOrder, Said, Sight};

mod unsure;

/// How many times something is sent that comes to nothing each time.
const TRIES_MAX: u8 = 5;

/// How many complete readings have to show nothing before nothing is what happened.
const CLEAN_READS: u8 = 2;

/// How many times it is read at the least before a person is asked: the clock alone, which somebody may have set, does not
/// decide.
const READS_MIN: u32 = 6;

/// How long what nobody knows is read again by itself before a person is asked.
const UNSURE_FOR: SignedDuration = SignedDuration::from_hours(24);

/// How long what was paid may stay without an effect before a person is told.
const CONFIRMING_FOR: SignedDuration = SignedDuration::from_hours(48);

/// The shortest pause.
const PAUSE_MIN: SignedDuration = SignedDuration::from_secs(1);

/// The longest pause.
const PAUSE_MAX: SignedDuration = SignedDuration::from_hours(1);

/// Why what cannot be sent again is parked.
const STANDS_STILL: &str =
    "and the process that was about to send it may only stand still: make sure that it has ended";

/// Decides what follows from what was just seen. Pure: the caller puts the step's intent on file, and only then does what
/// its action says.
///
/// What does not belong to a state (a payment's outcome where nothing was sent) leaves it as it is and stops.
pub fn next(intent: &Intent, habits: Habits, now: Timestamp, event: Event) -> Step {
    let at = At { intent, habits, now };
    match (&intent.state, event) {
        (_, Event::TakenUp { before }) => at.taken_up(before),
        (State::Planned, Event::Waited) => at.step(State::Planned, Action::Look, "goes on"),
        (State::Ordered(order), Event::Waited) => at.step(State::Ordered(order.clone()), Action::Look, "goes on"),
        (state @ (State::Unsure { .. } | State::Confirming { .. }), Event::Waited) => {
            at.step(state.clone(), Action::ReadBack, "reads again")
        }
        (State::Planned, Event::Looked(seen)) => at.looked_first(seen),
        (State::Ordered(order), Event::Looked(seen)) => at.looked_before_paying(order, seen),
        (State::Planned | State::Ordered(_), Event::Unreadable(error)) => at.not_looked(&error),
        (State::Ordering, Event::Told(outcome)) => at.ordered(outcome),
        (State::Paying(order), Event::Told(outcome)) => at.paid(order, outcome),
        (State::Unsure { sent, sender, clean, reads }, Event::Found(finding)) => {
            at.found(sent, *sender, *clean, reads.saturating_add(1), finding)
        }
        // What was sent by somebody who may still be at it is sent again from here, where that cannot pay twice.
        (State::Unsure { sent, sender: Sender::MayLive, reads, .. }, Event::Looked(seen)) => {
            at.looked_again(sent, *reads, seen)
        }
        (State::Unsure { sent, sender: Sender::MayLive, reads, .. }, Event::Told(outcome)) => {
            at.sent_again(sent, *reads, outcome)
        }
        (State::Unsure { sent, sender, clean, reads }, Event::Unreadable(error)) => {
            at.wait_unsure(sent, *sender, *clean, reads.saturating_add(1), format!("could not be read back: {error}"))
        }
        (State::Confirming { receipt, reads }, Event::Found(finding)) => {
            at.confirmed(receipt, reads.saturating_add(1), &finding)
        }
        (State::Confirming { receipt, reads }, Event::Unreadable(error)) => {
            at.wait_confirming(receipt, reads.saturating_add(1), format!("could not be read: {error}"))
        }
        (State::Parked { sent, why }, Event::Left { then, outcome }) => at.left(sent, why, *then, outcome),
        (State::Parked { sent, .. }, Event::Reread) => {
            // What stands there may be somebody else's, so all that came since is read, and not that alone.
            let sent = if sent.is_order() { Sent::Order } else { sent.clone() };
            at.unsure(sent, Sender::MayLive, Action::ReadBack, "a person wants it read again")
        }
        (State::Parked { sent, .. } | State::Unsure { sent, .. }, Event::Settled(verdict)) => at.settled(sent, verdict),
        (State::Confirming { receipt, .. }, Event::Settled(Verdict::Paid)) => {
            at.step(State::Done(receipt.clone()), Action::Stop, "a person says that it was paid")
        }
        (State::Confirming { .. }, Event::Settled(Verdict::NotPaid)) => at.settled(&Sent::Order, Verdict::NotPaid),
        (state, Event::Settled(Verdict::NotPaid)) if state.is_by_word() => at.settled(&Sent::Order, Verdict::NotPaid),
        (state, _) => at.step(state.clone(), Action::Stop, "does not belong here"),
    }
}

impl Intent {
    /// Whether a person has to look at it: it is parked, or it was paid long ago and the expiry does not show it.
    pub fn wants_a_person(&self, now: Timestamp) -> bool {
        match self.state {
            State::Parked { .. } => true,
            State::Confirming { reads, .. } => reads >= READS_MIN && self.was_sent_before(now, CONFIRMING_FOR),
            _ => false,
        }
    }

    /// The order that is read back, where it is known.
    pub fn order_to_read(&self) -> Option<RemoteOrder> {
        let paid = self.state.receipt().and_then(|receipt| {
            let order = RemoteOrder {
                id: receipt.order.clone()?,
                invoice: receipt.invoice.clone(),
                gross: receipt.paid.unwrap_or(self.ask.offer.gross),
                until: None,
                services: Vec::new(),
            };
            Some(order)
        });
        paid.or_else(|| self.state.order().cloned())
    }

    /// Whether what was sent was sent so long ago.
    fn was_sent_before(&self, now: Timestamp, span: SignedDuration) -> bool {
        self.sent_at.is_some_and(|sent| now.duration_since(sent) >= span)
    }
}

/// An intent at an instant.
struct At<'a> {
    intent: &'a Intent,
    habits: Habits,
    now: Timestamp,
}

impl At<'_> {
    fn step(&self, state: State, action: Action, note: impl Into<String>) -> Step {
        let mut intent = self.intent.clone();
        intent.next_at = match action {
            Action::Wait(pause) => Some(self.now.checked_add(pause).unwrap_or(Timestamp::MAX)),
            _ => None,
        };
        intent.sent_at = match action {
            Action::Order | Action::Pay(_) => Some(self.now),
            // A clock that was set back must not make a day last a year.
            _ => intent.sent_at.map(|sent| sent.min(self.now)),
        };
        intent.state = state;
        Step { intent, action, note: note.into() }
    }

    /// What was about to be sent when the one before stopped may have been sent.
    fn taken_up(&self, before: Sender) -> Step {
        const NOTE: &str = "taken up after an interruption; what may have been sent is read back";
        match self.intent.state.clone() {
            State::Ordering => self.unsure(Sent::Order, before, Action::ReadBack, NOTE),
            State::Paying(order) => self.unsure(Sent::Payment(order), before, Action::ReadBack, NOTE),
            // What was read by another process, at times that nobody vouches for, proves nothing. Whether that one may
            // still be at it does not matter: it read, and the sender is one before it.
            State::Unsure { sent, sender, reads, .. } => {
                let state = State::Unsure { sent, sender, clean: 0, reads };
                self.step(state, Action::ReadBack, "taken up again")
            }
            state @ State::Confirming { .. } => self.step(state, Action::ReadBack, "taken up again"),
            state @ (State::Planned | State::Ordered(_)) => self.step(state, Action::Look, "taken up"),
            state => self.step(state, Action::Stop, "nothing is to be done"),
        }
    }

    fn unsure(&self, sent: Sent, sender: Sender, action: Action, note: impl Into<String>) -> Step {
        self.step(State::Unsure { sent, sender, clean: 0, reads: 0 }, action, note)
    }

    fn refused(&self, by: By, why: impl Into<String>, left: Option<RemoteOrder>) -> Step {
        let why = why.into();
        let order = left.clone().filter(|_| self.habits.ordering == OrderEffect::MayPay && by != By::Person);
        let then = State::Refused { by, why: why.clone(), left };
        match order {
            Some(order) => self.leave(order, &why, then),
            None => self.step(then, Action::Stop, format!("not renewed: {why}")),
        }
    }

    /// Nobody may be told that nothing is paid while an order stands that may yet be paid by itself: it is parked until it
    /// is certain that it will not be.
    fn leave(&self, order: RemoteOrder, why: &str, then: State) -> Step {
        let why = format!("{why}; order {} stands open there, and may be paid by itself", order.id);
        let state = State::Parked { sent: Sent::Placed(order.clone()), why: why.clone() };
        self.step(
            state,
            Action::LeaveUnpaid { order, then: Box::new(then) },
            format!("{why}, unless that is switched off"),
        )
    }

    /// What was parked until an order would not be paid by itself.
    fn left(&self, sent: &Sent, why: &str, then: State, outcome: Result<(), CallError>) -> Step {
        match outcome {
            Ok(()) => {
                self.step(then, Action::Stop, "not renewed: the order stays unpaid, and will not be paid by itself")
            }
            Err(error) => self.parked(sent, format!("{why} ({error})")),
        }
    }

    fn parked(&self, sent: &Sent, why: impl Into<String>) -> Step {
        let why = why.into();
        self.step(State::Parked { sent: sent.clone(), why: why.clone() }, Action::Stop, format!("parked: {why}"))
    }

    fn foreign(&self, until: Date) -> Step {
        let note = format!("somebody else renewed it until {until}; nothing was paid");
        self.step(State::Foreign { until }, Action::Stop, note)
    }

    /// Before anything is ordered: all that the plan says still holds, or nothing is done.
    fn looked_first(&self, seen: Option<(Sight, Option<Offer>)>) -> Step {
        let Some((sight, offer)) = seen else {
            return self.refused(By::Us, "the service is no longer there", None);
        };
        if sight.stand.until > self.intent.ask.fence {
            // Where an order may have paid, it may have been ours after all.
            return if self.intent.sent_at.is_none() || self.habits.ordering == OrderEffect::Unpaid {
                self.foreign(sight.stand.until)
            } else {
                self.unsure(Sent::Order, Sender::Ended, Action::ReadBack, "the expiry has moved")
            };
        }
        if let Err(why) = self.check_stand(&sight, false) {
            return self.refused(By::Us, why, None);
        }
        match sight.open_orders.as_slice() {
            [] => {}
            // One is as good as another: whichever is paid, the others cost nothing.
            [order, more @ ..]
                if self.habits.ordering != OrderEffect::PaysOncePerToken
                    && self.is_ours(order)
                    && more.iter().all(|more| self.is_ours(more)) =>
            {
                return self.pay(&sight, order, "an order for just this stands open already; it is paid");
            }
            [order, ..] => {
                let why = format!("order {} stands open for this service, for {}", order.id, order.gross);
                return self.refused(By::Us, why, None);
            }
        }
        let planned = &self.intent.ask.offer;
        match offer {
            None => self.refused(By::Us, format!("it is no longer offered for {}", planned.length), None),
            Some(offer) => {
                if let Some(why) = moved(planned, &offer) {
                    return self.refused(By::Us, why, None);
                }
                let mut step = self.step(State::Ordering, Action::Order, "all is as planned; the order is sent");
                // What was sent before may have come late: the first watermark tells it apart as well.
                step.intent.watermark.get_or_insert(sight.watermark);
                step
            }
        }
    }

    /// Immediately before paying: the fence stands, and the order asks for what was planned.
    fn looked_before_paying(&self, order: &RemoteOrder, seen: Option<(Sight, Option<Offer>)>) -> Step {
        let left = || Some(order.clone());
        let Some((sight, _)) = seen else {
            return self.refused(By::Us, "the service is no longer there", left());
        };
        let open = sight.open_orders.iter().find(|open| open.id == order.id);
        if sight.stand.until > self.intent.ask.fence {
            let no_payment_was_sent = self.habits.ordering == OrderEffect::Unpaid && self.intent.tries == 0;
            let may_pay = self.habits.ordering == OrderEffect::MayPay;
            return if let (true, Some(open)) = (may_pay, open) {
                let until = sight.stand.until;
                self.leave(open.clone(), &format!("it expires on {until} now"), State::Foreign { until })
            } else if open.is_some() || no_payment_was_sent {
                self.foreign(sight.stand.until)
            } else {
                let why = format!("the expiry has moved, and order {} no longer stands open", order.id);
                self.unsure(Sent::Payment(order.clone()), Sender::Ended, Action::ReadBack, why)
            };
        }
        if let Err(why) = self.check_stand(&sight, true) {
            return self.refused(By::Us, why, left());
        }
        match open {
            None => {
                let why = format!("order {} no longer stands open", order.id);
                // Somebody may be paying it at this moment: what is read decides.
                self.unsure(Sent::Payment(order.clone()), Sender::Ended, Action::ReadBack, why)
            }
            Some(open) if self.is_ours(open) => self.pay(&sight, open, "the expiry stands; the order is paid"),
            Some(open) => {
                let why = format!("order {} asks for {} now, not {}", open.id, open.gross, self.intent.ask.offer.gross);
                self.refused(By::Us, why, left())
            }
        }
    }

    fn pay(&self, sight: &Sight, order: &RemoteOrder, note: &str) -> Step {
        let mut step = self.step(State::Paying(order.clone()), Action::Pay(order.clone()), note);
        step.intent.watermark.get_or_insert_with(|| sight.watermark.clone());
        step
    }

    /// Whether the service still stands where the plan saw it, and may be renewed. (That its expiry has moved on is for the
    /// caller to see.)
    fn check_stand(&self, sight: &Sight, is_ordered: bool) -> Result<(), String> {
        let (stand, fence) = (&sight.stand, self.intent.ask.fence);
        if stand.until < fence {
            return Err(format!("it expires on {} now, not on {fence}", stand.until));
        }
        if stand.native == Native::On && self.intent.native != Native::On {
            return Err("the provider's own automatic renewal was switched on since".to_owned());
        }
        match &stand.standing {
            Standing::Blocked(why) if !is_ordered && sight.open_orders.is_empty() => {
                Err(format!("the provider would not renew it: {why}"))
            }
            Standing::Blocked(_) | Standing::Renewable => Ok(()),
        }
    }

    /// Whether an order is for just this renewal, at just this price.
    fn is_ours(&self, order: &RemoteOrder) -> bool {
        let ask = &self.intent.ask;
        let alone = matches!(order.services.as_slice(), [] | [_]);
        alone && order.gross == ask.offer.gross && order.until.is_none_or(|until| until == ask.offer.until)
    }

    fn not_looked(&self, error: &CallError) -> Step {
        let left = self.intent.state.order().cloned();
        match error {
            CallError::Refused { said, .. } => self.refused(By::Provider, said.to_string(), left),
            CallError::Cannot { .. } => self.refused(By::Provider, error.to_string(), left),
            CallError::Unset { .. } => self.refused(By::Us, error.to_string(), left),
            CallError::Unreachable { .. } | CallError::Throttled { .. } | CallError::NotUnderstood { .. } => {
                self.try_later(self.intent.state.clone(), error.to_string(), None)
            }
        }
    }

    /// Nothing was sent; it is tried again a few times.
    fn try_later(&self, state: State, cause: String, after: Option<SignedDuration>) -> Step {
        let tries = self.intent.tries.saturating_add(1);
        let mut step = if tries >= TRIES_MAX {
            self.refused(By::Network, cause, state.order().cloned())
        } else {
            let pause = self.pause_of(after);
            self.step(state, Action::Wait(pause), format!("nothing was sent, and it is tried again: {cause}"))
        };
        step.intent.tries = tries;
        step
    }

    /// The order was sent.
    fn ordered(&self, outcome: Outcome) -> Step {
        match outcome {
            Outcome::Paid(receipt) => self.confirming(receipt),
            Outcome::Placed(order) if self.is_ours(&order) => {
                let note = format!("ordered: {} for {}", order.id, order.gross);
                self.step(State::Ordered(order), Action::Look, note)
            }
            Outcome::Placed(order) => {
                let why = format!("order {} asks for {}, not {}", order.id, order.gross, self.intent.ask.offer.gross);
                self.refused(By::Us, why, Some(order))
            }
            Outcome::Refused(said) if self.was_sent_once() => self.refused_again(Sent::Order, Sender::Ended, 0, &said),
            Outcome::Refused(said) => self.refused(By::Provider, said.to_string(), None),
            Outcome::NeverSent { cause, retry_after } => self.try_later(State::Planned, cause, retry_after),
            Outcome::Pending(_) | Outcome::Unknown { .. } => self.lost(Sent::Order, &outcome),
        }
    }

    /// The payment was sent.
    fn paid(&self, order: &RemoteOrder, outcome: Outcome) -> Step {
        let sent = || Sent::Payment(order.clone());
        match outcome {
            Outcome::Paid(receipt) => self.confirming(receipt),
            Outcome::Refused(said) if self.was_sent_once() => self.refused_again(sent(), Sender::Ended, 0, &said),
            Outcome::Refused(said) => self.refused(By::Provider, said.to_string(), Some(order.clone())),
            Outcome::NeverSent { cause, retry_after } => {
                self.try_later(State::Ordered(order.clone()), cause, retry_after)
            }
            Outcome::Pending(_) => {
                let mut step = self.lost(sent(), &outcome);
                // The provider has it: it is waited for, and never sent again.
                step.intent.tries = TRIES_MAX;
                step
            }
            Outcome::Placed(_) | Outcome::Unknown { .. } => self.lost(sent(), &outcome),
        }
    }

    /// Whether the same was sent before, or was to be, and seemed to come to nothing.
    fn was_sent_once(&self) -> bool {
        self.intent.tries > 0
    }

    /// What was sent a second time was refused: perhaps because the first time has come to something after all. It is read
    /// back, and never sent a third time.
    fn refused_again(&self, sent: Sent, sender: Sender, reads: u32, said: &Said) -> Step {
        let note = format!("refused, and it was sent before, so it is read back: {said}");
        let mut step = self.step(State::Unsure { sent, sender, clean: 0, reads }, Action::ReadBack, note);
        step.intent.tries = TRIES_MAX.saturating_sub(1);
        step
    }

    fn lost(&self, sent: Sent, outcome: &Outcome) -> Step {
        let note = match outcome {
            Outcome::Pending(Said { text, .. }) => format!("the provider is at work on it: {text}"),
            Outcome::Unknown { cause } => format!("nobody knows what came of it: {cause}"),
            _ => "the order still stands unpaid".to_owned(),
        };
        self.unsure(sent, Sender::Ended, Action::ReadBack, note)
    }

    fn confirming(&self, receipt: Receipt) -> Step {
        self.step(State::Confirming { receipt, reads: 0 }, Action::ReadBack, "paid, the provider says")
    }

    /// Whether what was sent was sent so long ago, and has been read often enough since.
    fn is_over(&self, span: SignedDuration, reads: u32) -> bool {
        reads >= READS_MIN && self.intent.was_sent_before(self.now, span)
    }

    /// The pause that a provider asks for, within reason; else that after so many tries.
    fn pause_of(&self, asked: Option<SignedDuration>) -> SignedDuration {
        asked.map_or_else(
            || self.pause(u32::from(self.intent.tries)),
            |asked| asked.clamp(SignedDuration::ZERO, PAUSE_MAX),
        )
    }

    /// The pause after so many readings: the settling time, doubled each time, up to an hour.
    fn pause(&self, reads: u32) -> SignedDuration {
        const DOUBLINGS_MAX: u32 = 12;
        let factor = 1_i32.checked_shl(reads.min(DOUBLINGS_MAX)).unwrap_or(1);
        self.habits.settles_in.checked_mul(factor).unwrap_or(PAUSE_MAX).clamp(PAUSE_MIN, PAUSE_MAX)
    }
}

/// What of an offer is not as it was planned; none where all is. One cent is a change.
fn moved(planned: &Offer, now: &Offer) -> Option<String> {
    if planned.gross.currency() != now.gross.currency() {
        return Some(format!("it is priced in {} now, not in {}", now.gross.currency(), planned.gross.currency()));
    }
    let rows = [("price", planned.net, now.net), ("tax", planned.tax, now.tax), ("total", planned.gross, now.gross)];
    if let Some((what, planned, now)) = rows.into_iter().find(|(_, planned, now)| planned != now) {
        return Some(format!("the {what} is {now} now, not {planned}"));
    }
    if planned.until != now.until {
        return Some(format!("it would expire on {} then, not on {}", now.until, planned.until));
    }
    (planned.length != now.length).then(|| format!("it is offered for {} now, not for {}", now.length, planned.length))
}
