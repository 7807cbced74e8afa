//! Placing and withdrawing orders.

use jiff::{SignedDuration, Timestamp};

use super::Decision;
use crate::account::Account;
use crate::calendar::CalendarError;
use crate::command::{RenewRequest, Reply};
use crate::ids::OrderId;
use crate::order::{Order, OrderState, PayPlan, Purpose};
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
    };
    let mut changes = vec![Change::PlaceOrder(order.clone())];
    for line in &order.lines {
        let service = seen.service_of(account.id, line.service)?;
        if seen.product(service)?.renewability != Renewability::Stacking {
            changes.push(Change::SetService(Service { open_order: Some(order.id), ..service.clone() }));
        }
    }
    for coupon in quote.coupons {
        changes.push(Change::UseCoupon { account: account.id, coupon, order: order.id });
    }
    Ok(Decision::new(changes, Reply::Placed(order)))
}

/// A service whose open order is withdrawn. One that was to be opened by it will never be.
pub(super) fn withdrawn(service: &Service) -> Service {
    let hold = if service.hold == Hold::Unpaid { Hold::Terminated } else { service.hold };
    Service { hold, open_order: None, ..service.clone() }
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
    let state = OrderState::Cancelled(now);
    let mut changes = vec![Change::SetOrderState { account: account.id, order: id, state }];
    for line in &order.lines {
        let service = seen.service_of(account.id, line.service)?;
        if service.open_order == Some(id) {
            changes.push(Change::SetService(withdrawn(service)));
        }
    }
    Ok(Decision::new(changes, Reply::Done))
}
