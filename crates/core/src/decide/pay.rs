//! Paying: one payment, one extension of each service, one invoice, in one step.

use jiff::Timestamp;

use super::Decision;
use crate::account::Account;
use crate::calendar::{AnchorDay, Period};
use crate::command::{PayWith, Reply};
use crate::gate::{GateReason, RenewGate};
use crate::ids::{InvoiceId, MethodId, OrderId};
use crate::invoice::{Invoice, InvoiceKind};
use crate::ledger::{Book, Transfer};
use crate::order::{Order, OrderLine, OrderState};
use crate::payment::{MethodKind, Payment};
use crate::product::Renewability;
use crate::quote::next_term;
use crate::refusal::Refusal;
use crate::service::Service;
use crate::snapshot::{Change, Extension, Snapshot};

/// Pays an open order. A paid one is refused without any effect, as is one that was cancelled or has lapsed.
pub(super) fn pay(
    now: Timestamp,
    seen: &Snapshot,
    account: &Account,
    id: OrderId,
    with: PayWith,
) -> Result<Decision, Refusal> {
    let order = seen.order_of(account.id, id)?;
    order.check_open(now)?;
    let (kind, method) = means(now, seen, account, order, with)?;
    let state = OrderState::Fulfilled(now);
    let mut changes = vec![Change::SetOrderState { account: account.id, order: id, state }];
    let mut lines = order.lines.clone();
    for line in &mut lines {
        let (extension, service) = extend(now, seen, account, order, line)?;
        line.term = extension.term;
        changes.push(Change::Extend { extension, service });
    }
    let payment = Payment { order: id, account: account.id, kind, method, amount: order.gross, at: now };
    changes.push(Change::Pay(payment));
    changes.push(Change::IssueInvoice(invoice(now, seen, order)));
    changes.extend(bookings(now, order, kind).into_iter().map(Change::Book));
    Ok(Decision::new(changes, Reply::Paid(Order { state, lines, ..order.clone() })))
}

/// What is charged, once it is sure that it can be.
fn means(
    now: Timestamp,
    seen: &Snapshot,
    account: &Account,
    order: &Order,
    with: PayWith,
) -> Result<(MethodKind, Option<MethodId>), Refusal> {
    let (kind, method) = match with {
        PayWith::Balance => (MethodKind::Balance, None),
        PayWith::CreditLine => (MethodKind::CreditLine, None),
        PayWith::Method(id) | PayWith::MethodOfKind(id, _) => {
            let method = seen
                .methods
                .get(&id)
                .filter(|method| method.account == account.id)
                .ok_or(Refusal::UnknownMethod(id))?;
            if let PayWith::MethodOfKind(_, kind) = with
                && kind != method.kind
            {
                return Err(Refusal::MethodKind { method: id, kind });
            }
            if !method.usable(account.zone.date_of(now)) {
                return Err(Refusal::MethodNotValid(id));
            }
            (method.kind, Some(id))
        }
    };
    if !seen.catalogue.seller.takes(kind) {
        return Err(Refusal::MethodNotTaken(kind));
    }
    check_funds(seen, account, order, kind)?;
    Ok((kind, method))
}

fn check_funds(seen: &Snapshot, account: &Account, order: &Order, kind: MethodKind) -> Result<(), Refusal> {
    let balances = seen.balances.get(&account.id);
    let due = order.gross;
    match kind {
        MethodKind::Balance => {
            let balance = balances.ok_or(Refusal::UnknownAccount(account.id))?.balance;
            if balance.minus(due)?.minor() < 0 {
                return Err(Refusal::BalanceShort { balance, due });
            }
        }
        MethodKind::CreditLine => {
            let owed = balances.ok_or(Refusal::UnknownAccount(account.id))?.receivable;
            let left = account.credit_limit.minus(owed)?;
            if left.minus(due)?.minor() < 0 {
                return Err(Refusal::CreditShort { left, due });
            }
        }
        MethodKind::Card | MethodKind::PayPal | MethodKind::BankTransfer | MethodKind::Bitcoin => {}
    }
    Ok(())
}

/// Moves one service's expiry. The old expiry is the fence: where it is not what the order was placed for, nothing is
/// paid, unless the product lets renewals add up.
fn extend(
    now: Timestamp,
    seen: &Snapshot,
    account: &Account,
    order: &Order,
    line: &OrderLine,
) -> Result<(Extension, Service), Refusal> {
    let service = seen.service_of(account.id, line.service)?;
    let product = seen.product(service)?;
    match RenewGate::of(now, seen, account, product, service) {
        RenewGate::Closed(GateReason::OpenOrder(open)) if open == order.id => {}
        RenewGate::Closed(GateReason::OpenOrder(open)) => {
            return Err(Refusal::RenewalOpen { service: service.id, order: open });
        }
        RenewGate::Closed(reason) => return Err(Refusal::NotRenewable { service: service.id, reason }),
        RenewGate::Open => {}
    }
    let stacking = product.renewability == Renewability::Stacking;
    if service.until != line.term.from() && !stacking {
        let (stated, found) = (line.term.from(), service.until);
        return Err(Refusal::FenceMoved { service: service.id, stated, found });
    }
    let term = next_term(now, account, product, service, order.period)?;
    // Weeks are counted in days: the day they end on is the day that months are counted from afterwards.
    let anchor = match order.period {
        Period::Weeks(_) => AnchorDay::of(term.until()),
        Period::Months(_) => service.anchor,
    };
    let extension = Extension { account: account.id, service: service.id, term, order: order.id };
    let open_order = service.open_order.filter(|open| *open != order.id);
    Ok((extension, Service { until: term.until(), anchor, open_order, ..service.clone() }))
}

fn invoice(now: Timestamp, seen: &Snapshot, order: &Order) -> Invoice {
    Invoice {
        id: InvoiceId(seen.next.invoice),
        account: order.account,
        kind: InvoiceKind::Original,
        series: seen.catalogue.seller.invoice_series.clone(),
        number: seen.next.invoice_number,
        order: order.id,
        issued: now,
        net: order.net,
        tax: order.tax,
        gross: order.gross,
    }
}

/// What is paid goes to revenue and tax. Nothing is booked for nothing.
fn bookings(now: Timestamp, order: &Order, kind: MethodKind) -> Vec<Transfer> {
    [(Book::Revenue, order.net), (Book::Tax, order.tax)]
        .into_iter()
        .filter(|(_, amount)| !amount.is_zero())
        .map(|(credit, amount)| Transfer {
            account: order.account,
            debit: Book::paying(kind),
            credit,
            amount,
            order: Some(order.id),
            at: now,
            memo: None,
        })
        .collect()
}
