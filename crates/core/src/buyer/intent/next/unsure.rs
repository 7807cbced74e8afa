//! What was sent, and nobody knows what came of it: what is read, and what follows from it.

use super::{At, CLEAN_READS, CONFIRMING_FOR, READS_MIN, STANDS_STILL, TRIES_MAX, UNSURE_FOR, moved};
use crate::buyer::intent::{Action, By, Sender, Sent, State, Step, Verdict};
use crate::buyer::remote::{Finding, Offer, OrderEffect, Outcome, Receipt, RemoteOrder, Sight};
use jiff::SignedDuration;

impl At<'_> {
    /// What nobody knew was read back.
    pub(super) fn found(&self, sent: &Sent, sender: Sender, clean: u8, reads: u32, finding: Finding) -> Step {
        match finding {
            Finding::Paid(receipt) if receipt.until.is_some_and(|until| until > self.intent.ask.fence) => {
                self.step(State::Done(receipt), Action::Stop, "renewed: the order is paid and the expiry has moved")
            }
            Finding::Paid(receipt) => self.confirming(receipt),
            Finding::Unpaid(order) => self.found_unpaid(sent, sender, clean, reads, order),
            Finding::Pending(what) => {
                self.wait_unsure(sent, sender, clean, reads, format!("the provider is at work on it: {what}"))
            }
            // An order that costs nothing moves nothing.
            Finding::Moved { until } if sent.is_order() && self.habits.ordering == OrderEffect::Unpaid => {
                self.foreign(until)
            }
            Finding::Moved { until } if until == self.intent.ask.offer.until => {
                let receipt = Receipt { until: Some(until), ..Receipt::default() };
                self.step(State::Done(receipt), Action::Stop, "renewed: the expiry has moved just as it was to")
            }
            Finding::Moved { until } => {
                let expected = self.intent.ask.offer.until;
                self.parked(sent, format!("it expires on {until} now, and was to expire on {expected}"))
            }
            Finding::Nothing => self.found_nothing(sent, sender, clean, reads),
            Finding::Ambiguous(what) => self.parked(sent, what),
        }
    }

    /// An unpaid order was found. That settles what became of an order, and shows nothing of a payment.
    fn found_unpaid(&self, sent: &Sent, sender: Sender, clean: u8, reads: u32, order: RemoteOrder) -> Step {
        let is_free = self.habits.ordering == OrderEffect::Unpaid;
        match sent {
            Sent::Payment(paid) if paid.id != order.id => {
                self.parked(sent, format!("order {} was paid for, and order {} stands open", paid.id, order.id))
            }
            Sent::Payment(_) if self.intent.tries >= TRIES_MAX => {
                let what = format!("the provider has the payment, and order {} does not show it", order.id);
                self.wait_unsure(sent, sender, clean, reads, what)
            }
            Sent::Payment(_) => self.found_nothing(sent, sender, clean, reads),
            Sent::Order | Sent::Placed(_) if !self.is_ours(&order) => {
                let why = format!("order {} asks for {}, not {}", order.id, order.gross, self.intent.ask.offer.gross);
                if is_free { self.refused(By::Us, why, Some(order)) } else { self.parked(&Sent::Placed(order), why) }
            }
            // It may be somebody else's, and what we sent may still come, and pay.
            Sent::Order | Sent::Placed(_) if !is_free && sender == Sender::MayLive => {
                let why = format!("order {} stands open, {STANDS_STILL}", order.id);
                self.parked(&Sent::Placed(order), why)
            }
            Sent::Order | Sent::Placed(_) if !is_free && clean.saturating_add(1) < CLEAN_READS => {
                let state = State::Unsure { sent: Sent::Order, sender, clean: clean.saturating_add(1), reads };
                let note = format!("order {} stands open; once all has settled it is looked at again", order.id);
                self.step(state, Action::Wait(self.habits.settles_in), note)
            }
            Sent::Order | Sent::Placed(_) => {
                let note = format!("the order was placed: {} for {}", order.id, order.gross);
                self.step(State::Ordered(order), Action::Look, note)
            }
        }
    }

    /// A complete reading showed nothing. Enough of them, far enough apart, show that nothing happened.
    fn found_nothing(&self, sent: &Sent, sender: Sender, clean: u8, reads: u32) -> Step {
        let clean = clean.saturating_add(1);
        let state = State::Unsure { sent: sent.clone(), sender, clean, reads };
        if clean < CLEAN_READS {
            // Whoever never waits for the second reading must not go on for ever.
            if reads > READS_MIN && self.is_over(UNSURE_FOR, reads) {
                return self.parked(sent, "nothing of it is there, and nobody had the patience to make sure");
            }
            return self.step(state, Action::Wait(self.habits.settles_in), "nothing of it is there so far");
        }
        match (sent, self.habits.ordering) {
            // What a late one would do is harmless: it would place an order that costs nothing.
            (Sent::Order | Sent::Placed(_), OrderEffect::Unpaid) => self.came_to_nothing(State::Planned),
            (Sent::Order | Sent::Placed(_), _) if sender == Sender::Ended => self.came_to_nothing(State::Planned),
            (Sent::Payment(order), _) if sender == Sender::Ended => self.came_to_nothing(State::Ordered(order.clone())),
            (Sent::Order | Sent::Placed(_), OrderEffect::MayPay) => {
                self.parked(sent, format!("nothing of it is there, {STANDS_STILL}"))
            }
            // The order is paid once, the token taken once: to send it again is safe. To say that it was not paid is not,
            // and so it stays unsure until there is something to show.
            (Sent::Payment(_), _) | (_, OrderEffect::PaysOncePerToken) => {
                let tries = self.intent.tries.saturating_add(1);
                if tries >= TRIES_MAX {
                    return self.parked(sent, format!("nothing of it is there, {STANDS_STILL}"));
                }
                let mut step = self.step(state, Action::Look, "nothing of it is there; it is sent again");
                step.intent.tries = tries;
                step
            }
        }
    }

    fn came_to_nothing(&self, state: State) -> Step {
        self.try_later(state, "what was sent did not arrive".to_owned(), Some(SignedDuration::ZERO))
    }

    /// Before something is sent again that a process which stands still may send as well: that all is as planned. No answer
    /// may be a no, as the other one may still make it a yes.
    pub(super) fn looked_again(&self, sent: &Sent, reads: u32, seen: Option<(Sight, Option<Offer>)>) -> Step {
        let Some((sight, offer)) = seen else {
            return self.parked(sent, format!("the service is no longer there, {STANDS_STILL}"));
        };
        let state = State::Unsure { sent: sent.clone(), sender: Sender::MayLive, clean: 0, reads };
        if sight.stand.until > self.intent.ask.fence {
            return self.step(state, Action::ReadBack, "the expiry has moved; what moved it is read");
        }
        if let Err(why) = self.check_stand(&sight, !sent.is_order()) {
            return self.parked(sent, format!("{why}, {STANDS_STILL}"));
        }
        match (sent, sight.open_orders.as_slice(), offer) {
            (Sent::Payment(order), open_orders, _) => match open_orders.iter().find(|open| open.id == order.id) {
                None => self.step(state, Action::ReadBack, format!("order {} no longer stands open", order.id)),
                Some(open) if self.is_ours(open) => {
                    self.step(state, Action::Pay(open.clone()), "the order stands open; it is paid")
                }
                Some(open) => {
                    self.parked(sent, format!("order {} asks for {} now, {STANDS_STILL}", open.id, open.gross))
                }
            },
            (_, [], Some(offer)) => match moved(&self.intent.ask.offer, &offer) {
                None => self.step(state, Action::Order, "all is as planned; the order is sent again"),
                Some(why) => self.parked(sent, format!("{why}, {STANDS_STILL}")),
            },
            (_, [], None) => self.parked(sent, format!("it is no longer offered, {STANDS_STILL}")),
            (_, [order, ..], _) => {
                self.parked(&Sent::Placed(order.clone()), format!("order {} stands open, {STANDS_STILL}", order.id))
            }
        }
    }

    /// What came of sending it again.
    pub(super) fn sent_again(&self, sent: &Sent, reads: u32, outcome: Outcome) -> Step {
        let state = State::Unsure { sent: sent.clone(), sender: Sender::MayLive, clean: 0, reads };
        match outcome {
            Outcome::Paid(receipt) => self.confirming(receipt),
            // The token is taken, so nobody else's order can come to anything.
            Outcome::Placed(order) if sent.is_order() && self.is_ours(&order) => {
                let note = format!("ordered: {} for {}", order.id, order.gross);
                self.step(State::Ordered(order), Action::Look, note)
            }
            Outcome::Refused(said) => self.refused_again(sent.clone(), Sender::MayLive, reads, &said),
            Outcome::NeverSent { cause, retry_after } => {
                self.step(state, Action::Wait(self.pause_of(retry_after)), format!("nothing was sent: {cause}"))
            }
            Outcome::Placed(_) | Outcome::Pending(_) | Outcome::Unknown { .. } => {
                self.step(state, Action::ReadBack, "nobody knows what came of it")
            }
        }
    }

    pub(super) fn wait_unsure(&self, sent: &Sent, sender: Sender, clean: u8, reads: u32, what: String) -> Step {
        if self.is_over(UNSURE_FOR, reads) {
            return self.parked(sent, what);
        }
        let state = State::Unsure { sent: sent.clone(), sender, clean, reads };
        self.step(state, Action::Wait(self.pause(reads)), what)
    }

    /// It is paid; the expiry is to show it.
    pub(super) fn confirmed(&self, receipt: &Receipt, reads: u32, finding: &Finding) -> Step {
        let until = match finding {
            Finding::Paid(shown) => shown.until,
            Finding::Moved { until } => Some(*until),
            _ => None,
        };
        let Some(until) = until.filter(|until| *until > self.intent.ask.fence) else {
            return self.wait_confirming(receipt, reads, "the expiry does not show it yet".to_owned());
        };
        let seen = match finding {
            Finding::Paid(seen) => seen.clone(),
            _ => Receipt::default(),
        };
        let receipt = Receipt {
            order: receipt.order.clone().or(seen.order),
            invoice: receipt.invoice.clone().or(seen.invoice),
            paid: receipt.paid.or(seen.paid),
            balance: receipt.balance.or(seen.balance),
            until: Some(until),
        };
        self.step(State::Done(receipt), Action::Stop, format!("renewed until {until}"))
    }

    /// It stays open until the expiry shows it: parked and read again it would be no more than something that was sent, and
    /// nobody may take it for that, as it was paid. A person is told: [`Intent::wants_a_person`].
    pub(super) fn wait_confirming(&self, receipt: &Receipt, reads: u32, what: String) -> Step {
        let state = State::Confirming { receipt: receipt.clone(), reads };
        let is_late = self.is_over(CONFIRMING_FOR, reads);
        let note = if is_late { format!("paid long ago, and a person has to look: {what}") } else { what };
        self.step(state, Action::Wait(self.pause(reads)), note)
    }

    pub(super) fn settled(&self, sent: &Sent, verdict: Verdict) -> Step {
        match verdict {
            Verdict::Paid => {
                let order = sent.order();
                let receipt = Receipt {
                    order: order.map(|order| order.id.clone()),
                    invoice: order.and_then(|order| order.invoice.clone()),
                    ..Receipt::default()
                };
                self.step(State::Done(receipt), Action::Stop, "a person says that it was paid")
            }
            Verdict::NotPaid => self.refused(By::Person, "a person says that it was not paid", sent.order().cloned()),
        }
    }
}
