//! Renewing by the schedule: ordering ahead, and paying when the day has come.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use super::{Due, Visit, day_before};
use crate::command::{PayWith, Reply};
use crate::decide::Decision;
use crate::decide::attempt::{chosen, is_for_schedule, renews, try_to_pay};
use crate::expiry::Expiry;
use crate::gate::{GateReason, RenewGate};
use crate::ids::{OrderId, ServiceId};
use crate::notice::{NoticeKind, Unpaid};
use crate::order::{Order, OrderState, Origin, PayPlan, Purpose};
use crate::product::Renewability;
use crate::quote::{Quote, SERVICES_MAX, scheduled_line};
use crate::refusal::Refusal;
use crate::service::Service;
use crate::snapshot::Change;

/// How long an order of the schedule's waits for its payment at the least.
const OPEN_MIN: SignedDuration = SignedDuration::from_hours(24);

/// What becomes of a service's renewal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It was paid in this visit.
    Renewed,
    /// Its owner was told of it in this visit, or it will be tried on a later day.
    CaredFor,
    /// Nothing, unless its owner acts.
    Alone,
}

impl Fate {
    /// That of a service which is looked at on a day on which nothing is to be done for it.
    fn left(due: &Due<'_>) -> Self {
        if due.next_payment.is_some() { Self::CaredFor } else { Self::Alone }
    }
}

type Fates = BTreeMap<ServiceId, Fate>;

/// The next day on which one of the services is paid.
fn next_payment(due: &[&Due<'_>]) -> Option<Date> {
    due.iter().filter_map(|it| it.next_payment).min()
}

/// Whether there was not enough money for all of the services, on the last day for each of them.
fn is_short_at_last(tried: &Result<Decision, Refusal>, due: &[&Due<'_>]) -> bool {
    let is_short = matches!(tried, Err(Refusal::BalanceShort { .. } | Refusal::CreditShort { .. }));
    is_short && next_payment(due).is_none()
}

impl Visit<'_> {
    /// Orders and pays what is to be renewed.
    pub(super) fn renew(&mut self, due: &[Due<'_>]) -> Result<Fates, Refusal> {
        let due: Vec<_> = due.iter().filter(|it| renews(self.today, it.service, it.product)).collect();
        let mut fates = Fates::new();
        if due.is_empty() {
            return Ok(fates);
        }
        self.catch_up()?;
        let mut standing = BTreeSet::new();
        for it in &due {
            let service = self.seen.service_of(self.account.id, it.service.id)?;
            let gate = RenewGate::of(self.now, &self.seen, self.account, it.product, service);
            // An order for renewals that add up closes no gate.
            if let RenewGate::Open | RenewGate::Closed(GateReason::OpenOrder(_)) = gate {
                standing.extend(self.seen.open_order(self.now, service).map(|order| order.id));
            }
        }
        for order in standing {
            self.attend_order(order, &due, &mut fates)?;
        }
        let mut fresh = Vec::new();
        for it in due {
            if fates.contains_key(&it.service.id) {
                continue;
            }
            let service = self.seen.service_of(self.account.id, it.service.id)?;
            let gate = RenewGate::for_period(self.now, &self.seen, self.account, it.product, service, service.period)?;
            if gate == RenewGate::Open {
                fates.insert(service.id, Fate::left(it));
                fresh.extend(Some(it).filter(|it| it.is_to_be_ordered()));
            }
        }
        let (stacking, single): (Vec<_>, Vec<_>) =
            fresh.into_iter().partition(|it| it.product.renewability == Renewability::Stacking);
        // What is paid today is no reason to charge earlier what was not told of before.
        let (paid, proposed): (Vec<_>, Vec<_>) = single.into_iter().partition(|it| it.is_to_be_paid());
        for together in paid.chunks(SERVICES_MAX).chain(proposed.chunks(SERVICES_MAX)) {
            self.order(together, &mut fates)?;
        }
        // Of these an order is in nobody's way, so it is placed where it would be paid and not before.
        for it in stacking.into_iter().filter(|it| it.is_to_be_paid()) {
            self.order(&[it], &mut fates)?;
        }
        Ok(fates)
    }

    /// Pays an order that stands, or tells that it will be paid. One of the schedule's own that renews what is not to be
    /// renewed any more, or that there is not enough money for, is withdrawn where it would be paid: what is left of it is
    /// ordered anew.
    fn attend_order(&mut self, id: OrderId, due: &[&Due<'_>], fates: &mut Fates) -> Result<(), Refusal> {
        self.catch_up()?;
        if !self.wanted.orders.contains(&id) {
            // Its charges are not loaded; whoever asked looks again.
            return Err(Refusal::UnknownOrder(id));
        }
        let order = self.seen.order_of(self.account.id, id)?.clone();
        let due: Vec<_> = due.iter().copied().filter(|it| order.line_of(it.service.id).is_some()).collect();
        let is_ours = order.origin == Origin::Schedule && order.plan.by_itself;
        let is_for_us = is_for_schedule(self.now, &self.seen, self.account, &order)?;
        let is_ordered = due.iter().any(|it| it.is_to_be_ordered());
        if !is_ours && !is_for_us {
            // Who placed it, or took it over, pays it in person.
            fates.extend(due.iter().map(|it| (it.service.id, Fate::Alone)));
        } else if is_ordered && !is_for_us {
            self.withdraw(id)?;
        } else if due.iter().any(|it| it.is_to_be_paid()) {
            let tried = self.try_to_pay(&order, &due);
            let is_plain = is_ours && order.plan == PayPlan::unstated(self.account.currency) && order.promo.is_none();
            if is_plain && order.lines.len() > 1 && is_short_at_last(&tried, &due) {
                return self.withdraw(id);
            }
            let fate = self.tried(&order, tried, &due);
            fates.extend(due.iter().map(|it| (it.service.id, fate)));
        } else {
            if is_ordered {
                self.propose(&order, &due);
            }
            fates.extend(due.iter().map(|it| (it.service.id, Fate::left(it))));
        }
        Ok(())
    }

    /// Orders the renewal of services together, and pays it where the day for that has come. Where there is not enough
    /// money for all of it and no later day is left, each is ordered for itself, those that expire first before others.
    fn order(&mut self, due: &[&Due<'_>], fates: &mut Fates) -> Result<(), Refusal> {
        self.catch_up()?;
        let order = self.ordered(due)?;
        let tried = due.iter().any(|it| it.is_to_be_paid()).then(|| self.try_to_pay(&order, due));
        if due.len() > 1 && tried.as_ref().is_some_and(|tried| is_short_at_last(tried, due)) {
            let mut each = due.to_vec();
            each.sort_by_key(|it| (it.service.until, it.service.id));
            return each.into_iter().try_for_each(|it| self.order(&[it], fates));
        }
        self.changes.push(Change::PlaceOrder(order.clone()));
        let is_paid = matches!(&tried, Some(Ok(paid)) if matches!(paid.reply, Reply::Paid(_)));
        for it in due.iter().filter(|_| !is_paid) {
            let found = self.seen.service_of(self.account.id, it.service.id)?.clone();
            self.changes.push(Change::SetService(Service { open_order: Some(order.id), ..found }));
        }
        let fate = match tried {
            Some(tried) => self.tried(&order, tried, due),
            None => self.propose(&order, due),
        };
        fates.extend(due.iter().map(|it| (it.service.id, fate)));
        Ok(())
    }

    /// An order for the renewal of services, each for its own period, and on to the day on which they are to end.
    fn ordered(&self, due: &[&Due<'_>]) -> Result<Order, Refusal> {
        let (now, account) = (self.now, self.account);
        let lines = due
            .iter()
            .map(|it| scheduled_line(now, &self.seen, account, it.service, Expiry::of(it.service), it.service.period))
            .collect::<Result<Vec<_>, _>>()?;
        let Quote { lines, net, tax, gross, .. } = Quote::total(account, lines, Vec::new())?;
        Ok(Order {
            id: OrderId(self.seen.next.order),
            account: account.id,
            state: OrderState::Open,
            origin: Origin::Schedule,
            purpose: Purpose::Renewal,
            promo: None,
            placed: now,
            lapses: self.lapses(due)?,
            password: self.wanted.password.clone(),
            plan: PayPlan::unstated(account.currency),
            taxed: account.tax,
            net,
            tax,
            gross,
            lines,
            charge: None,
        })
    }

    /// It stands as long as its services can be renewed at its price.
    fn lapses(&self, due: &[&Due<'_>]) -> Result<Timestamp, Refusal> {
        let mut lapses = self.now.checked_add(OPEN_MIN).unwrap_or(Timestamp::MAX);
        let mut ends = Vec::new();
        for it in due {
            ends.push(day_before(it.service.until, it.product.ends().deleted.saturating_neg())?);
        }
        if let Some(first) = ends.into_iter().min() {
            lapses = lapses.max(self.account.zone.midnight(first)?);
        }
        Ok(lapses)
    }

    /// Tries to pay an order.
    fn try_to_pay(&self, order: &Order, due: &[&Due<'_>]) -> Result<Decision, Refusal> {
        let charges = self.seen.charges.get(&order.id).map(Vec::as_slice).unwrap_or_default();
        try_to_pay(self.now, &self.seen, self.account, order, charges, next_payment(due))
    }

    /// Notes what came of trying to pay an order, and tells that it was paid, or was not and when that is tried again. Of
    /// one that waits for a charge nothing is to be told yet.
    fn tried(&mut self, order: &Order, tried: Result<Decision, Refusal>, due: &[&Due<'_>]) -> Fate {
        match tried {
            Ok(Decision { changes, reply: Reply::Charging(_) }) => self.changes.extend(changes),
            Ok(paid) => {
                self.changes.extend(paid.changes);
                self.notify(NoticeKind::Paid { order: order.id });
                return Fate::Renewed;
            }
            Err(refusal) => {
                let (order, reason) = (order.id, Unpaid::from(&refusal));
                self.notify(NoticeKind::NotPaid { order, reason, again_on: next_payment(due) });
            }
        }
        Fate::CaredFor
    }

    /// Tells what will be paid, when, and that what it is to be paid with ends before.
    fn propose(&mut self, order: &Order, due: &[&Due<'_>]) -> Fate {
        let Some(on) = next_payment(due) else { return Fate::Alone };
        self.notify(NoticeKind::Proposed { order: order.id, on });
        if let Ok(PayWith::Planned(method)) = chosen(&self.seen, self.account, order, self.today) {
            let ends = self.seen.methods.get(&method).and_then(|method| method.expires);
            if let Some(until) = ends.filter(|until| *until < on) {
                self.notify(NoticeKind::MethodEnds { order: order.id, method, until, on });
            }
        }
        Fate::CaredFor
    }
}
