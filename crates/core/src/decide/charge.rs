//! Charges: asking a gateway to move money, and what follows from what it did.

use jiff::Timestamp;
use jiff::civil::Date;

use super::attempt::{is_for_schedule, try_to_pay};
use super::money::{check_fit, take_back};
use super::pay::{Means, check_balance, settle as pay};
use super::renew::{cancelled, superseded};
use super::{Decision, notice};
use crate::account::Account;
use crate::calendar::CalendarError;
use crate::charge::{Charge, ChargeOutcome, ChargeState, Decline, Direction, WAITED_FOR};
use crate::command::Reply;
use crate::ids::{ChargeId, MethodId, OrderId};
use crate::ledger::{Book, Transfer};
use crate::notice::{NoticeKind, Unpaid};
use crate::order::{Order, OrderState, Origin, Purpose};
use crate::product::Renewability;
use crate::refusal::Refusal;
use crate::service::Service;
use crate::snapshot::{Change, Snapshot};

/// Who asks for a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// The order's owner, or the seller for one.
    ByOwner,
    /// The schedule, which tries again on a day if it is declined.
    BySchedule(Option<Date>),
}

/// Puts a charge on file that is to pay an order. Its services name the order as long as it is open, also those whose
/// renewals add up: the schedule leaves them alone, and nobody is charged for them by another order meanwhile.
pub(super) fn open(
    now: Timestamp,
    seen: &Snapshot,
    order: &Order,
    method: MethodId,
    means: &Means,
    asked: Asked,
) -> Result<Decision, Refusal> {
    let (origin, again_on) = match asked {
        Asked::ByOwner => (Origin::Customer, None),
        Asked::BySchedule(again_on) => (Origin::Schedule, again_on),
    };
    let charge = Charge {
        id: ChargeId(seen.next.charge),
        account: order.account,
        order: order.id,
        method,
        direction: Direction::Collect,
        amount: order.gross.minus(means.from_balance)?,
        from_balance: means.from_balance,
        origin,
        again_on,
        opened: now,
        reference: None,
        state: ChargeState::Open,
    };
    let waiting = Order { charge: Some(charge.id), ..order.clone() };
    let mut changes = vec![Change::OpenCharge(charge)];
    for line in order.lines.iter().filter(|_| asked == Asked::ByOwner) {
        let service = seen.service_of(order.account, line.service)?;
        if service.open_order == Some(order.id) {
            continue;
        }
        if let Some(open) = seen.open_order(now, service).filter(|open| open.charge.is_some()) {
            return Err(Refusal::ChargeOpen(open.id));
        }
        changes.extend(superseded(now, seen, order, service));
        changes.push(Change::SetService(Service { open_order: Some(order.id), ..service.clone() }));
    }
    Ok(Decision::new(changes, Reply::Charging(waiting)))
}

/// Puts a charge on file that is to give an order's money back.
pub(super) fn open_refund(now: Timestamp, seen: &Snapshot, order: &Order) -> Result<Decision, Refusal> {
    let collected = seen.collected(order.id).ok_or(Refusal::NotCharged(order.id))?;
    let charge = Charge {
        id: ChargeId(seen.next.charge),
        direction: Direction::Refund,
        origin: Origin::Customer,
        again_on: None,
        opened: now,
        reference: None,
        state: ChargeState::Open,
        ..collected.clone()
    };
    Ok(Decision::new(vec![Change::OpenCharge(charge.clone())], Reply::Charge(charge)))
}

/// Notes what a gateway calls what it prepared. What is on file already stands.
pub(super) fn note(
    seen: &Snapshot,
    account: &Account,
    order: OrderId,
    id: ChargeId,
    reference: &str,
) -> Result<Decision, Refusal> {
    let charge = charge_of(seen, account, order, id)?;
    if charge.state != ChargeState::Open || charge.reference.is_some() {
        return Ok(Decision::new(Vec::new(), Reply::Charge(charge.clone())));
    }
    let noted = Charge { reference: Some(reference.to_owned()), ..charge.clone() };
    Ok(Decision::new(vec![Change::SetCharge(noted.clone())], Reply::Charge(noted)))
}

/// Does what follows from what a gateway did. Money that moved is never forgotten: where it cannot pay its order any more,
/// it is put on the account's balance, and the order is withdrawn. What is said of anything but the reference on file does
/// not count: whoever says it was overtaken.
pub(super) fn settle(
    now: Timestamp,
    seen: &Snapshot,
    account: &Account,
    (id, charge): (OrderId, ChargeId),
    reference: Option<&str>,
    outcome: ChargeOutcome,
) -> Result<Decision, Refusal> {
    let charge = charge_of(seen, account, id, charge)?;
    if charge.state != ChargeState::Open || charge.reference.as_deref() != reference {
        return Ok(Decision::new(Vec::new(), Reply::Charge(charge.clone())));
    }
    // For this very charge, its order waits no longer.
    let order = Order { charge: None, ..seen.order_of(account.id, id)?.clone() };
    match (outcome, charge.direction) {
        (ChargeOutcome::Moved, Direction::Collect) => collect(now, seen, account, &order, charge),
        (ChargeOutcome::Moved, Direction::Refund) => refund(now, seen, account, &order, charge),
        (ChargeOutcome::Declined(decline), _) => decline_of(now, seen, account, &order, charge, decline),
    }
}

/// A charge of an order of the account.
fn charge_of<'a>(seen: &'a Snapshot, account: &Account, order: OrderId, id: ChargeId) -> Result<&'a Charge, Refusal> {
    let charge = seen.charge_of(order, id)?;
    if charge.account == account.id { Ok(charge) } else { Err(Refusal::UnknownCharge(id)) }
}

/// A charge that is not open any more.
fn settled(charge: &Charge, state: ChargeState) -> Charge {
    Charge { state, ..charge.clone() }
}

/// Pays the order with money that has come. Whether it can be is judged as of the instant at which the money was asked
/// for; what was changed since by somebody counts all the same.
fn collect(
    now: Timestamp,
    seen: &Snapshot,
    account: &Account,
    order: &Order,
    charge: &Charge,
) -> Result<Decision, Refusal> {
    let kind = seen.methods.get(&charge.method).ok_or(Refusal::UnknownMethod(charge.method))?.kind;
    let means = Means { kind, method: Some(charge.method), from_balance: charge.from_balance };
    let can_be = order.check_open(charge.opened).and_then(|()| check_balance(seen, account, charge.from_balance));
    let Ok(mut paid) = can_be.and_then(|()| pay(now, charge.opened, seen, account, order, &means)) else {
        let settled = settled(charge, ChargeState::Credited(now));
        let transfer = Transfer {
            account: account.id,
            debit: Book::paying(kind),
            credit: Book::Balance,
            amount: charge.amount,
            order: Some(order.id),
            at: now,
            memo: None,
        };
        check_fit(seen, account, [&transfer])?;
        let mut changes = vec![Change::SetCharge(settled.clone()), Change::Book(transfer)];
        if order.state == OrderState::Open {
            changes.extend(cancelled(now, seen, account, order)?);
        }
        let (order, reason) = (order.id, Unpaid::Credited);
        changes.push(notice(now, account, NoticeKind::NotPaid { order, reason, again_on: None }));
        return Ok(Decision::new(changes, Reply::Charge(settled)));
    };
    paid.changes.insert(0, Change::SetCharge(settled(charge, ChargeState::Settled(now))));
    paid.changes.push(notice(now, account, NoticeKind::Paid { order: order.id }));
    Ok(paid)
}

/// Makes the credit note of money that went back.
fn refund(
    now: Timestamp,
    seen: &Snapshot,
    account: &Account,
    order: &Order,
    charge: &Charge,
) -> Result<Decision, Refusal> {
    let kind = seen.methods.get(&charge.method).ok_or(Refusal::UnknownMethod(charge.method))?.kind;
    let original = seen.original(order.id).ok_or(Refusal::OrderNotPaid(order.id))?;
    let mut taken = take_back(now, seen, account, order, original, Some((Book::paying(kind), charge.amount)))?;
    let settled = settled(charge, ChargeState::Settled(now));
    taken.changes.insert(0, Change::SetCharge(settled.clone()));
    Ok(Decision::new(taken.changes, Reply::Charge(settled)))
}

/// Notes that no money moved. Where the schedule asked for it and nothing is left to wait for, it tries what else there
/// is at once; else whoever asked is told, unless they wait for the answer.
fn decline_of(
    now: Timestamp,
    seen: &Snapshot,
    account: &Account,
    order: &Order,
    charge: &Charge,
    decline: Decline,
) -> Result<Decision, Refusal> {
    let declined = settled(charge, ChargeState::Declined(now, decline));
    let mut changes = vec![Change::SetCharge(declined.clone())];
    let reply = Reply::Charge(declined.clone());
    let not_paid = |again_on| {
        let (order, reason) = (order.id, Unpaid::Declined(decline));
        notice(now, account, NoticeKind::NotPaid { order, reason, again_on })
    };
    if charge.direction == Direction::Refund {
        return Ok(Decision::new(changes, reply));
    }
    if charge.origin == Origin::Customer {
        changes.extend(unnamed(seen, order)?);
        changes.extend((now.duration_since(charge.opened) > WAITED_FOR).then(|| not_paid(None)));
        return Ok(Decision::new(changes, reply));
    }
    let is_tried_again = order.is_open(now) && is_for_schedule(now, seen, account, order).unwrap_or(false);
    // A day that passed while the charge was under way is made up for.
    let tomorrow = account.zone.date_of(now).tomorrow().map_err(|_| CalendarError::Range)?;
    let again_on = charge.again_on.filter(|_| is_tried_again).map(|day| day.max(tomorrow));
    if is_tried_again && (again_on.is_none() || decline.is_final()) {
        let known = seen.charges.get(&order.id).into_iter().flatten().filter(|known| known.id != charge.id);
        let before: Vec<_> = known.cloned().chain([declined]).collect();
        if let Ok(tried) = try_to_pay(now, seen, account, order, &before, again_on) {
            changes.extend(tried.changes);
            let paid = matches!(tried.reply, Reply::Paid(_));
            changes.extend(paid.then(|| notice(now, account, NoticeKind::Paid { order: order.id })));
            return Ok(Decision::new(changes, reply));
        }
    }
    changes.push(not_paid(again_on));
    Ok(Decision::new(changes, reply))
}

/// The services of a customer's order whose renewals add up, named by it no more: it may be one of many again.
fn unnamed(seen: &Snapshot, order: &Order) -> Result<Vec<Change>, Refusal> {
    let mut changes = Vec::new();
    for line in &order.lines {
        let service = seen.service_of(order.account, line.service)?;
        let is_one_of_many = (order.origin, order.purpose) == (Origin::Customer, Purpose::Renewal)
            && seen.product(service).is_ok_and(|product| product.renewability == Renewability::Stacking);
        if is_one_of_many && service.open_order == Some(order.id) {
            changes.push(Change::SetService(Service { open_order: None, ..service.clone() }));
        }
    }
    Ok(changes)
}
