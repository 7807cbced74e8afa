//! Changing an open order: what its services are renewed for, its promo code, and how it is meant to be paid.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Decision;
use super::pay::{check_balance, check_taken};
use crate::account::Account;
use crate::calendar::Period;
use crate::command::{PlanEdit, PromoEdit, Reply};
use crate::expiry::Expiry;
use crate::ids::{OrderId, ServiceId};
use crate::link::PaymentLink;
use crate::money::Money;
use crate::order::{Order, OrderLine, Origin, PayPlan, Purpose};
use crate::product::Coupon;
use crate::quote::{Quote, line, on_offer, scheduled_line, take_promo};
use crate::refusal::Refusal;
use crate::service::Service;
use crate::snapshot::{Change, Snapshot};

/// Changes an open order. A line whose period stays keeps its price and its term; what is changed is priced anew, from
/// where the line began.
pub(super) fn revise(
    now: Timestamp,
    seen: &Snapshot,
    account: &Account,
    id: OrderId,
    periods: &[(ServiceId, Period)],
    promo: &PromoEdit,
    plan: PlanEdit,
) -> Result<Decision, Refusal> {
    let order = seen.order_of(account.id, id)?;
    order.check_open(now)?;
    let priced = priced(now, seen, account, order, periods, promo, line)?;
    let changed = priced.is_some();
    let priced = priced.unwrap_or_else(|| order.clone());
    let plan = planned(seen, account, &priced, plan)?;
    let revised = Order { plan, ..priced };
    let change = if changed {
        Some(Change::ReviseOrder(revised.clone()))
    } else if revised.plan != order.plan {
        Some(Change::PlanPayment { account: account.id, order: id, plan })
    } else {
        None
    };
    Ok(Decision::new(change.into_iter().collect(), Reply::Placed(revised)))
}

/// Lets the schedule's open orders follow where services are to be renewed for another period from now on. One that its
/// owner has put a promo code on stays as it is, and so does one whose money is on its way.
pub(super) fn follow(
    now: Timestamp,
    seen: &Snapshot,
    account: &Account,
    services: &[&Service],
    period: Period,
) -> Result<Vec<Change>, Refusal> {
    let mut orders = BTreeMap::<OrderId, Vec<(ServiceId, Period)>>::new();
    for service in services {
        let follows =
            |order: &&Order| order.origin == Origin::Schedule && order.promo.is_none() && order.charge.is_none();
        if let Some(order) = seen.open_order(now, service).filter(follows) {
            orders.entry(order.id).or_default().push((service.id, period));
        }
    }
    let mut changes = Vec::new();
    for (id, periods) in orders {
        let order = seen.order_of(account.id, id)?;
        let priced = priced(now, seen, account, order, &periods, &PromoEdit::Keep, scheduled_line)?;
        changes.extend(priced.map(Change::ReviseOrder));
    }
    Ok(changes)
}

/// How a service's renewal from an expiry for a period becomes a line.
type Price = fn(Timestamp, &Snapshot, &Account, &Service, Expiry, Period) -> Result<OrderLine, Refusal>;

/// The order with other periods or another promo code; none where both stay.
fn priced(
    now: Timestamp,
    seen: &Snapshot,
    account: &Account,
    order: &Order,
    periods: &[(ServiceId, Period)],
    promo: &PromoEdit,
    price: Price,
) -> Result<Option<Order>, Refusal> {
    if let Some((service, _)) = periods.iter().find(|(service, _)| order.line_of(*service).is_none()) {
        return Err(Refusal::UnknownService(*service));
    }
    let wanted = |line: &OrderLine| {
        let named = periods.iter().find(|(service, _)| *service == line.service).map(|(_, period)| *period);
        named.filter(|period| line.period != Some(*period))
    };
    let code = match promo {
        PromoEdit::Keep => order.promo.clone(),
        PromoEdit::Clear => None,
        PromoEdit::Set(code) => Some(code.clone()),
    };
    if code == order.promo && order.lines.iter().all(|line| wanted(line).is_none()) {
        return Ok(None);
    }
    let holds = |coupon: &Coupon| coupon.used_by == Some(order.id);
    if order.purpose != Purpose::Renewal || seen.coupons.get(&account.id).into_iter().flatten().any(holds) {
        return Err(Refusal::OrderFixed(order.id));
    }
    let mut lines = Vec::with_capacity(order.lines.len());
    for old in &order.lines {
        lines.push(match wanted(old) {
            None => OrderLine { net: old.list, ..old.clone() },
            Some(period) => {
                let service = seen.service_of(account.id, old.service)?;
                price(now, seen, account, service, Expiry::on(service, old.term.from()), period)?
            }
        });
    }
    take_promo(now, &seen.catalogue, code.as_deref(), &mut lines, |line| on_offer(now, seen, account, line.service))?;
    let Quote { lines, net, tax, gross, .. } = Quote::total(account, lines, Vec::new())?;
    let plan = PayPlan { from_balance: Money::zero(account.currency), ..order.plan };
    Ok(Some(Order { promo: code, plan, taxed: account.tax, net, tax, gross, lines, ..order.clone() }))
}

/// The plan of an order with what is said of it.
fn planned(seen: &Snapshot, account: &Account, order: &Order, edit: PlanEdit) -> Result<PayPlan, Refusal> {
    if let Some(kind) = edit.kind {
        check_taken(seen, order, kind)?;
    }
    if let Some(part) = edit.from_balance {
        let due = order.gross;
        let rest = due.minus(part)?;
        if part.minor() < 0 {
            return Err(Refusal::AmountNotPositive);
        }
        if !part.is_zero() && (rest.minor() <= 0 || order.purpose == Purpose::Deposit) {
            return Err(Refusal::NotAPart { part, due });
        }
        check_balance(seen, account, part)?;
    }
    Ok(PayPlan {
        by_itself: edit.by_itself.unwrap_or(order.plan.by_itself),
        kind: edit.kind.or(order.plan.kind),
        from_balance: edit.from_balance.unwrap_or(order.plan.from_balance),
    })
}

/// Gives an open order a payment link, unless it has one.
pub(super) fn link(
    now: Timestamp,
    seen: &Snapshot,
    account: &Account,
    id: OrderId,
    token: &str,
) -> Result<Decision, Refusal> {
    seen.order_of(account.id, id)?.check_open(now)?;
    if let Some(link) = seen.links.get(&id) {
        return Ok(Decision::new(Vec::new(), Reply::Link(link.clone())));
    }
    let token = token.to_owned();
    let link = PaymentLink { order: id, account: account.id, token, created: now, views: 0, viewed: None };
    Ok(Decision::new(vec![Change::SetLink(link.clone())], Reply::Link(link)))
}

/// Notes that a payment link was opened.
pub(super) fn view_link(now: Timestamp, seen: &Snapshot, account: &Account, id: OrderId) -> Result<Decision, Refusal> {
    let link = seen.links.get(&id).filter(|link| link.account == account.id).ok_or(Refusal::UnknownOrder(id))?;
    let viewed = PaymentLink { views: link.views.saturating_add(1), viewed: Some(now), ..link.clone() };
    Ok(Decision::done(Change::SetLink(viewed)))
}
