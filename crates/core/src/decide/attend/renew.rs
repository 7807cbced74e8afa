//! Renewing by the schedule: ordering ahead, and paying when the day has come.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::{Due, Visit, day_before};
use crate::command::PayWith;
use crate::decide::pay::settle;
use crate::expiry::Expiry;
use crate::gate::{GateReason, RenewGate};
use crate::ids::{OrderId, ServiceId};
use crate::notice::NoticeKind;
use crate::order::{Order, OrderState, Origin, PayPlan, Purpose};
use crate::payment::{MethodKind, PaymentMethod, Preference};
use crate::product::Renewability;
use crate::quote::{Quote, SERVICES_MAX, line};
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

impl Visit<'_> {
    /// Orders and pays what is to be renewed.
    pub(super) fn renew(&mut self, due: &[Due<'_>]) -> Result<Fates, Refusal> {
        let due: Vec<_> = due.iter().filter(|it| self.renews(it.service, it.product)).collect();
        let mut fates = Fates::new();
        if due.is_empty() {
            return Ok(fates);
        }
        self.catch_up()?;
        let mut standing = BTreeSet::new();
        for it in &due {
            standing.extend(self.standing(it)?);
        }
        for order in standing {
            let order = self.seen.order_of(self.account.id, order)?.clone();
            let of_order: Vec<_> = due.iter().copied().filter(|it| order.line_of(it.service.id).is_some()).collect();
            self.attend_order(&order, &of_order, &mut fates)?;
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
            let fate = self.order(together)?;
            fates.extend(together.iter().map(|it| (it.service.id, fate)));
        }
        for it in stacking.into_iter().filter(|it| it.is_to_be_paid()) {
            fates.insert(it.service.id, self.order_and_pay(it)?);
        }
        Ok(fates)
    }

    /// The order that is to renew a service and waits for its payment.
    fn standing(&self, due: &Due<'_>) -> Result<Option<OrderId>, Refusal> {
        let service = self.seen.service_of(self.account.id, due.service.id)?;
        Ok(match RenewGate::of(self.now, &self.seen, self.account, due.product, service) {
            RenewGate::Closed(GateReason::OpenOrder(order)) => Some(order),
            _ => None,
        })
    }

    /// Pays an order that stands, or tells that it will be paid. One of the schedule's own that renews what is not to be
    /// renewed any more is withdrawn where it would be paid: what is left of it is ordered anew.
    fn attend_order(&mut self, order: &Order, due: &[&Due<'_>], fates: &mut Fates) -> Result<(), Refusal> {
        self.catch_up()?;
        let (ours, stands) = (order.origin == Origin::Schedule, self.stands(order)?);
        let (is_ordered, is_paid) =
            (due.iter().any(|it| it.is_to_be_ordered()), due.iter().any(|it| it.is_to_be_paid()));
        if !order.plan.by_itself || !(ours || (stands && self.is_usual(order)?)) {
            // Who placed it, or took it over, pays it in person.
            fates.extend(due.iter().map(|it| (it.service.id, Fate::Alone)));
        } else if is_paid && !stands {
            self.withdraw(order.id)?;
        } else if is_paid {
            let fate = match self.try_to_pay(order, due) {
                Ok(changes) => self.paid(order, changes),
                Err(refusal) => self.not_paid(order, &refusal, due),
            };
            fates.extend(due.iter().map(|it| (it.service.id, fate)));
        } else {
            if is_ordered {
                self.propose(order, due);
            }
            fates.extend(due.iter().map(|it| (it.service.id, Fate::left(it))));
        }
        Ok(())
    }

    /// Whether all that an order renews renews by itself, and can be renewed by it.
    fn stands(&self, order: &Order) -> Result<bool, Refusal> {
        for line in &order.lines {
            // All of it is loaded where the order was known; else whoever asked looks again.
            let service = self.seen.service_of(self.account.id, line.service)?;
            let product = self.seen.product(service)?;
            let gate = RenewGate::of(self.now, &self.seen, self.account, product, service);
            let is_kept =
                gate == RenewGate::Closed(GateReason::OpenOrder(order.id)) && service.until == line.term.from();
            if !is_kept || !self.renews(service, product) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether an order renews each service for the period that it renews by itself for.
    fn is_usual(&self, order: &Order) -> Result<bool, Refusal> {
        for line in &order.lines {
            if line.period != Some(self.seen.service_of(self.account.id, line.service)?.period) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Orders the renewal of services together, and pays it where the day for that has come.
    fn order(&mut self, due: &[&Due<'_>]) -> Result<Fate, Refusal> {
        self.catch_up()?;
        let order = self.ordered(due)?;
        self.changes.push(Change::PlaceOrder(order.clone()));
        let tried = due.iter().any(|it| it.is_to_be_paid()).then(|| self.try_to_pay(&order, due));
        if let Some(Ok(changes)) = tried {
            return Ok(self.paid(&order, changes));
        }
        for it in due {
            let found = self.seen.service_of(self.account.id, it.service.id)?.clone();
            self.changes.push(Change::SetService(Service { open_order: Some(order.id), ..found }));
        }
        Ok(match tried {
            Some(Err(refusal)) => self.not_paid(&order, &refusal, due),
            _ => self.propose(&order, due),
        })
    }

    /// Orders a renewal and pays it in one step, or does neither: of a service whose renewals add up nothing shows that an
    /// order stands.
    fn order_and_pay(&mut self, due: &Due<'_>) -> Result<Fate, Refusal> {
        self.catch_up()?;
        let order = self.ordered(&[due])?;
        let Ok(changes) = self.try_to_pay(&order, &[due]) else { return Ok(Fate::Alone) };
        self.changes.push(Change::PlaceOrder(order.clone()));
        Ok(self.paid(&order, changes))
    }

    /// An order for the renewal of services, each for its own period.
    fn ordered(&self, due: &[&Due<'_>]) -> Result<Order, Refusal> {
        let (now, account) = (self.now, self.account);
        let lines = due
            .iter()
            .map(|it| line(now, &self.seen, account, it.service, Expiry::of(it.service), it.service.period))
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

    /// Tries what an order is to be paid with; where no later day is left for any of the services, and nothing was said of
    /// it, also whatever else the account has.
    ///
    /// # Errors
    /// Why the first of them did not do.
    fn try_to_pay(&self, order: &Order, due: &[&Due<'_>]) -> Result<Vec<Change>, Refusal> {
        let pay = |with| settle(self.now, &self.seen, self.account, order, with).map(|paid| paid.changes);
        let first = self.chosen(order).and_then(pay);
        if first.is_ok() || order.plan.kind.is_some() || due.iter().any(|it| it.next_payment.is_some()) {
            return first;
        }
        let usable = self.methods().into_iter().filter(|method| method.usable(self.today));
        let mut others = std::iter::once(PayWith::BalanceFirst).chain(usable.map(|method| PayWith::Method(method.id)));
        others.find_map(|with| pay(with).ok()).map_or(first, Ok)
    }

    /// What an order is to be paid with: what its plan says, else the account's default method, else the balance. What
    /// costs nothing needs no method.
    ///
    /// # Errors
    /// [`Refusal::MethodNotTaken`] where the account has no such method.
    fn chosen(&self, order: &Order) -> Result<PayWith, Refusal> {
        Ok(match order.plan.kind {
            _ if order.gross.is_zero() => PayWith::Balance,
            Some(MethodKind::Balance) => PayWith::Balance,
            Some(MethodKind::CreditLine) => PayWith::CreditLine,
            Some(kind) => {
                let method = self.seen.charged(self.account, kind, self.today);
                PayWith::Planned(method.ok_or(Refusal::MethodNotTaken(kind))?.id)
            }
            None => {
                let default = self.methods().into_iter().find(|method| method.preference == Preference::Default);
                default.map_or(PayWith::BalanceFirst, |method| PayWith::Planned(method.id))
            }
        })
    }

    /// The account's registered methods.
    fn methods(&self) -> Vec<&PaymentMethod> {
        let mut own: Vec<_> = self.seen.methods.values().filter(|it| it.account == self.account.id).collect();
        own.sort_by_key(|method| method.id);
        own
    }

    /// Notes that an order was paid, and tells it.
    fn paid(&mut self, order: &Order, changes: Vec<Change>) -> Fate {
        self.changes.extend(changes);
        self.notify(NoticeKind::Paid { order: order.id });
        Fate::Renewed
    }

    /// Tells that an order was not paid, and when that is tried again.
    fn not_paid(&mut self, order: &Order, refusal: &Refusal, due: &[&Due<'_>]) -> Fate {
        let again_on = due.iter().filter_map(|it| it.next_payment).min();
        self.notify(NoticeKind::NotPaid { order: order.id, reason: refusal.to_string(), again_on });
        Fate::CaredFor
    }

    /// Tells what will be paid, when, and that what it is to be paid with ends before.
    fn propose(&mut self, order: &Order, due: &[&Due<'_>]) -> Fate {
        let Some(on) = due.iter().filter_map(|it| it.next_payment).min() else { return Fate::Alone };
        self.notify(NoticeKind::Proposed { order: order.id, on });
        if let Ok(PayWith::Planned(method)) = self.chosen(order) {
            let ends = self.seen.methods.get(&method).and_then(|method| method.expires);
            if let Some(until) = ends.filter(|until| *until < on) {
                self.notify(NoticeKind::MethodEnds { order: order.id, method, until, on });
            }
        }
        Fate::CaredFor
    }
}
