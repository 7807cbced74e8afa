//! Placing and withdrawing orders.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use super::Decision;
use super::charge::Asked;
use super::pay::settle_or_charge;
use crate::account::Account;
use crate::calendar::CalendarError;
use crate::command::{PayWith, RenewRequest, Reply};
use crate::ids::OrderId;
use crate::order::{Order, OrderState, Origin, PayPlan, Purpose};
use crate::product::Renewability;
use crate::quote::{open_twin, quote};
use crate::refusal::Refusal;
use crate::service::{Hold, Service};
use crate::snapshot::{Change, Snapshot};

/// Places an order. The same renewal asked for again, while its order is open, gets that very order.
pub(super) fn place(
    now: Timestamp,
    seen: &Snapshot,
    account: &Account,
    request: &RenewRequest,
    password: &str,
) -> Result<Decision, Refusal> {
    if let Some(open) = open_twin(now, seen, account, request)? {
        return Ok(Decision::new(Vec::new(), Reply::Placed(open.clone())));
    }
    let (order, mut changes) = ordered(now, seen, account, request, password)?;
    for line in &order.lines {
        let service = seen.service_of(account.id, line.service)?;
        if seen.product(service)?.renewability != Renewability::Stacking {
            changes.push(Change::SetService(Service { open_order: Some(order.id), ..service.clone() }));
        }
    }
    Ok(Decision::new(changes, Reply::Placed(order)))
}

/// Places an order and pays it, with the balance first and the rest on the credit line. An order that is open already is
/// not taken over: who placed it may have had another in mind.
pub(super) fn place_paid(
    now: Timestamp,
    seen: &Snapshot,
    account: &Account,
    request: &RenewRequest,
    expiry: Option<Date>,
    password: &str,
) -> Result<Decision, Refusal> {
    for id in &request.services {
        let service = seen.service_of(account.id, *id)?;
        if let Some(stated) = expiry.filter(|stated| *stated != service.until) {
            return Err(Refusal::FenceMoved { service: *id, stated, found: service.until });
        }
    }
    if let Some(open) = open_twin(now, seen, account, request)? {
        let service = *request.services.first().ok_or(Refusal::NothingToRenew)?;
        return Err(Refusal::RenewalOpen { service, order: open.id });
    }
    let (order, mut changes) = ordered(now, seen, account, request, password)?;
    let paid = settle_or_charge(now, seen, account, &order, PayWith::BalanceFirst, Asked::ByOwner)?;
    changes.extend(paid.changes);
    Ok(Decision::new(changes, paid.reply))
}

/// The order for a renewal, and the rows of it and of the coupons that it uses.
fn ordered(
    now: Timestamp,
    seen: &Snapshot,
    account: &Account,
    request: &RenewRequest,
    password: &str,
) -> Result<(Order, Vec<Change>), Refusal> {
    let quote = quote(now, seen, account, request)?;
    let lapses = lapses(now, request.open_s)?;
    let order = Order {
        id: OrderId(seen.next.order),
        account: account.id,
        state: OrderState::Open,
        origin: request.origin,
        purpose: Purpose::Renewal,
        promo: request.promo.clone(),
        placed: now,
        lapses,
        password: password.to_owned(),
        plan: PayPlan::unstated(account.currency),
        taxed: account.tax,
        net: quote.net,
        tax: quote.tax,
        gross: quote.gross,
        lines: quote.lines,
        charge: None,
    };
    let used = |coupon| Change::UseCoupon { account: account.id, coupon, order: order.id };
    let coupons = quote.coupons.into_iter().map(used);
    let changes = std::iter::once(Change::PlaceOrder(order.clone())).chain(coupons).collect();
    Ok((order, changes))
}

/// A service whose open order is withdrawn. One that was to be opened by it will never be.
pub(super) fn withdrawn(service: &Service) -> Service {
    let hold = if service.hold == Hold::Unpaid { Hold::Terminated } else { service.hold };
    Service { hold, open_order: None, ..service.clone() }
}

/// Withdraws the schedule's order for a service whose owner renews it by another one now. Only renewals that add up can
/// have two.
pub(super) fn superseded(now: Timestamp, seen: &Snapshot, by: &Order, service: &Service) -> Option<Change> {
    let is_another = |open: &&Order| open.id != by.id && open.origin == Origin::Schedule && open.lines.len() == 1;
    let open = seen.open_order(now, service).filter(is_another).filter(|open| open.charge.is_none())?;
    Some(Change::SetOrderState { account: open.account, order: open.id, state: OrderState::Cancelled(now) })
}

/// When an order lapses that waits so many seconds for its payment.
pub(super) fn lapses(now: Timestamp, open_s: u32) -> Result<Timestamp, Refusal> {
    let waits = SignedDuration::from_secs(i64::from(open_s));
    now.checked_add(waits).map_err(|_| Refusal::Calendar(CalendarError::Range))
}

/// Withdraws an open order.
pub(super) fn cancel(now: Timestamp, seen: &Snapshot, account: &Account, id: OrderId) -> Result<Decision, Refusal> {
    let order = seen.order_of(account.id, id)?;
    order.check_open(now)?;
    Ok(Decision::new(cancelled(now, seen, account, order)?, Reply::Done))
}

/// Withdraws an order that is not settled.
pub(super) fn cancelled(
    now: Timestamp,
    seen: &Snapshot,
    account: &Account,
    order: &Order,
) -> Result<Vec<Change>, Refusal> {
    let (id, state) = (order.id, OrderState::Cancelled(now));
    let mut changes = vec![Change::SetOrderState { account: account.id, order: id, state }];
    for line in &order.lines {
        let service = seen.service_of(account.id, line.service)?;
        if service.open_order == Some(id) {
            changes.push(Change::SetService(withdrawn(service)));
        }
    }
    Ok(changes)
}
