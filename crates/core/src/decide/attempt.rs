//! Attempts of the schedule's to pay an order: whether it is the schedule's to pay, and what is left to pay it with. A
//! visit makes one, and so does a declined charge of the schedule's.

use jiff::Timestamp;
use jiff::civil::Date;

use super::Decision;
use super::charge::Asked;
use super::pay::settle_or_charge;
use crate::account::Account;
use crate::charge::{Charge, ChargeState, Decline, Direction};
use crate::command::PayWith;
use crate::gate::{GateReason, RenewGate};
use crate::ids::MethodId;
use crate::order::{Order, Origin};
use crate::payment::{MethodKind, PaymentMethod, Preference};
use crate::product::Product;
use crate::refusal::Refusal;
use crate::service::{Lifecycle, Service};
use crate::snapshot::Snapshot;

/// Whether a service can be renewed by the schedule at all: not where that would cost a fee that its owner never saw.
pub(super) fn renews(today: Date, service: &Service, product: &Product) -> bool {
    let gone = [Lifecycle::Redemption, Lifecycle::Terminated];
    service.renews_by_itself(product) && !gone.contains(&service.lifecycle(product, today))
}

/// Whether the schedule is to pay an order as it is: nobody wants to pay it in person, all that it renews renews by itself
/// and can be renewed by it, and, where its owner placed it, for the periods that its services renew by themselves for.
pub(super) fn is_for_schedule(
    now: Timestamp,
    seen: &Snapshot,
    account: &Account,
    order: &Order,
) -> Result<bool, Refusal> {
    let today = account.zone.date_of(now);
    for line in &order.lines {
        // All of it is loaded where the order was known; else whoever asked looks again.
        let service = seen.service_of(account.id, line.service)?;
        let product = seen.product(service)?;
        let gate = RenewGate::of(now, seen, account, product, service);
        // Renewals that add up close no gate.
        let is_kept = matches!(gate, RenewGate::Open | RenewGate::Closed(GateReason::OpenOrder(_)))
            && service.open_order == Some(order.id)
            && service.until == line.term.from();
        let is_usual = order.origin == Origin::Schedule || line.period == Some(service.period);
        if !is_kept || !is_usual || !renews(today, service, product) {
            return Ok(false);
        }
    }
    Ok(order.plan.by_itself)
}

/// Pays an order with what its plan says, or else with what the account prefers. Where no later day is left, or that will
/// not do on any, also with whatever else the account has, unless the plan says a kind. A method is not charged again on
/// the day on which its charge was declined, nor once its last try was, and never where that was for good.
///
/// # Errors
/// Why the first of them did not do.
pub(super) fn try_to_pay(
    now: Timestamp,
    seen: &Snapshot,
    account: &Account,
    order: &Order,
    charges: &[Charge],
    again_on: Option<Date>,
) -> Result<Decision, Refusal> {
    let today = account.zone.date_of(now);
    let pay = |with| {
        if let PayWith::Method(method) | PayWith::Planned(method) = with
            && let Some((charge, at, decline)) = declined(charges, method)
            && (decline.is_final() || account.zone.date_of(at) == today || (again_on.is_none() && is_last_try(charge)))
        {
            return Err(Refusal::ChargeDeclined { order: order.id, decline });
        }
        settle_or_charge(now, seen, account, order, with, Asked::BySchedule(again_on))
    };
    let first = chosen(seen, account, order, today).and_then(pay);
    let is_last = match &first {
        Ok(_) => false,
        Err(Refusal::ChargeDeclined { decline, .. }) if decline.is_final() => true,
        Err(_) => again_on.is_none(),
    };
    if !is_last || order.plan.kind.is_some() {
        return first;
    }
    let usable = methods(seen, account).into_iter().filter(|method| method.usable(today));
    let mut others = std::iter::once(PayWith::BalanceFirst).chain(usable.map(|method| PayWith::Method(method.id)));
    others.find_map(|with| pay(with).ok()).map_or(first, Ok)
}

/// The last charge of a method for an order, when it was declined and why, if it was.
fn declined(charges: &[Charge], method: MethodId) -> Option<(&Charge, Timestamp, Decline)> {
    let collects = |charge: &&Charge| charge.direction == Direction::Collect && charge.method == method;
    let charge = charges.iter().filter(collects).max_by_key(|charge| charge.id)?;
    match charge.state {
        ChargeState::Declined(at, decline) => Some((charge, at, decline)),
        ChargeState::Open | ChargeState::Settled(_) | ChargeState::Credited(_) => None,
    }
}

/// Whether a charge was the schedule's last try with its method. It may have been under way for days, so that the day says
/// nothing.
fn is_last_try(charge: &Charge) -> bool {
    charge.origin == Origin::Schedule && charge.again_on.is_none()
}

/// What an order is to be paid with: what its plan says, else the account's default method, else the balance. What costs
/// nothing needs no method.
///
/// # Errors
/// [`Refusal::MethodNotTaken`] where the account has no such method.
pub(super) fn chosen(seen: &Snapshot, account: &Account, order: &Order, today: Date) -> Result<PayWith, Refusal> {
    Ok(match order.plan.kind {
        _ if order.gross.is_zero() => PayWith::Balance,
        Some(MethodKind::Balance) => PayWith::Balance,
        Some(MethodKind::CreditLine) => PayWith::CreditLine,
        Some(kind) => {
            let method = seen.charged(account, kind, today);
            PayWith::Planned(method.ok_or(Refusal::MethodNotTaken(kind))?.id)
        }
        None => {
            let default = methods(seen, account).into_iter().find(|method| method.preference == Preference::Default);
            default.map_or(PayWith::BalanceFirst, |method| PayWith::Planned(method.id))
        }
    })
}

/// The account's registered methods.
fn methods<'a>(seen: &'a Snapshot, account: &Account) -> Vec<&'a PaymentMethod> {
    let mut own: Vec<_> = seen.methods.values().filter(|it| it.account == account.id).collect();
    own.sort_by_key(|method| method.id);
    own
}
