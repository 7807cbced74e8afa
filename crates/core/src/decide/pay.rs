//! Paying: one payment, one extension of each service, one invoice, in one step.

use jiff::Timestamp;

use super::charge::Asked;
use super::money::check_fit;
use super::renew::superseded;
use super::{Decision, charge, notice};
use crate::account::Account;
use crate::command::{PayWith, Reply};
use crate::expiry::{Expiry, next_term};
use crate::gate::{GateReason, RenewGate};
use crate::ids::{InvoiceId, MethodId, OrderId};
use crate::invoice::{Invoice, InvoiceKind};
use crate::ledger::{Book, Transfer};
use crate::money::Money;
use crate::notice::NoticeKind;
use crate::order::{Order, OrderLine, OrderState, Purpose};
use crate::payment::{MethodKind, Payment};
use crate::product::Renewability;
use crate::refusal::Refusal;
use crate::service::{Hold, Service};
use crate::snapshot::{Change, Extension, Snapshot};

/// Pays an open order. A paid one is refused without any effect, as is one that was cancelled or has lapsed.
pub(super) fn pay(
    now: Timestamp,
    seen: &Snapshot,
    account: &Account,
    id: OrderId,
    with: PayWith,
    due: Option<Money>,
) -> Result<Decision, Refusal> {
    let order = seen.order_of(account.id, id)?;
    order.check_open(now)?;
    let planned = match with {
        PayWith::Planned(_) => order.plan.from_balance,
        _ => Money::zero(order.gross.currency()),
    };
    let found = order.gross.minus(planned)?;
    if let Some(stated) = due.filter(|stated| *stated != found) {
        return Err(Refusal::DueMoved { order: id, stated, found });
    }
    settle_or_charge(now, seen, account, order, with, Asked::ByOwner)
}

/// Pays an order that is open, or is placed in this very step: at once, or, where a gateway is to move its money, by a
/// charge. What cannot be paid is not charged either.
pub(super) fn settle_or_charge(
    now: Timestamp,
    seen: &Snapshot,
    account: &Account,
    order: &Order,
    with: PayWith,
    asked: Asked,
) -> Result<Decision, Refusal> {
    let means = means(now, seen, account, order, with)?;
    let mut paid = settle(now, now, seen, account, order, &means)?;
    let amount = order.gross.minus(means.from_balance)?;
    let method = means.method.and_then(|id| seen.methods.get(&id)).filter(|method| method.on_gateway.is_some());
    match method {
        Some(method) if amount.minor() > 0 => charge::open(now, seen, order, method.id, &means, asked),
        _ => {
            if asked == Asked::ByOwner && seen.catalogue.seller.receipts {
                paid.changes.push(notice(now, account, NoticeKind::Paid { order: order.id }));
            }
            Ok(paid)
        }
    }
}

/// Pays an order that is open, or is placed in this very step, with money that is there. Whether its services can be
/// renewed by it is judged as of an instant: when its money was asked for.
pub(super) fn settle(
    now: Timestamp,
    as_of: Timestamp,
    seen: &Snapshot,
    account: &Account,
    order: &Order,
    means: &Means,
) -> Result<Decision, Refusal> {
    let Means { kind, method, from_balance } = *means;
    let (id, state) = (order.id, OrderState::Fulfilled(now));
    let mut changes = vec![Change::SetOrderState { account: account.id, order: id, state }];
    let mut lines = order.lines.clone();
    for line in &mut lines {
        let (extension, service) = extend(as_of, seen, account, order, line)?;
        line.term = extension.term;
        changes.extend(superseded(now, seen, order, seen.service_of(account.id, line.service)?));
        changes.push(Change::Extend { extension, service });
    }
    let payment = Payment { order: id, account: account.id, kind, method, amount: order.gross, from_balance, at: now };
    let booked = bookings(order, &payment)?;
    // A registered method alone moves neither, but for a deposit, whose amount is bounded.
    if seen.balances.contains_key(&account.id) {
        check_fit(seen, account, &booked)?;
    }
    changes.push(Change::IssueInvoice(invoice(now, seen, order)));
    changes.extend(booked.into_iter().map(Change::Book));
    changes.push(Change::Pay(payment));
    Ok(Decision::new(changes, Reply::Paid(Order { state, lines, charge: None, ..order.clone() })))
}

/// What is charged.
pub(super) struct Means {
    pub kind: MethodKind,
    pub method: Option<MethodId>,
    /// What comes from the balance, where the rest is of another kind.
    pub from_balance: Money,
}

impl Means {
    /// All of it with one kind of money.
    fn whole(order: &Order, kind: MethodKind, method: Option<MethodId>) -> Self {
        Self { kind, method, from_balance: Money::zero(order.gross.currency()) }
    }
}

/// What is charged, once it is sure that it can be.
fn means(now: Timestamp, seen: &Snapshot, account: &Account, order: &Order, with: PayWith) -> Result<Means, Refusal> {
    let means = match with {
        PayWith::Balance => Means::whole(order, MethodKind::Balance, None),
        PayWith::CreditLine => Means::whole(order, MethodKind::CreditLine, None),
        PayWith::BalanceFirst => balance_first(seen, account, order)?,
        PayWith::Method(id) | PayWith::MethodOfKind(id, _) | PayWith::Planned(id) => {
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
            let planned = Means { from_balance: order.plan.from_balance, ..Means::whole(order, method.kind, Some(id)) };
            if let PayWith::Planned(_) = with { planned } else { Means::whole(order, method.kind, Some(id)) }
        }
    };
    check_taken(seen, order, means.kind)?;
    if !means.from_balance.is_zero() {
        check_balance(seen, account, means.from_balance)?;
    }
    check_funds(seen, account, means.kind, order.gross.minus(means.from_balance)?)?;
    Ok(means)
}

/// The balance as far as it goes, the rest on the credit line, where there is one.
fn balance_first(seen: &Snapshot, account: &Account, order: &Order) -> Result<Means, Refusal> {
    let balance = seen.balances.get(&account.id).ok_or(Refusal::UnknownAccount(account.id))?.balance;
    if account.credit_limit.is_zero() || balance.minus(order.gross)?.minor() >= 0 {
        return Ok(Means::whole(order, MethodKind::Balance, None));
    }
    Ok(Means { from_balance: balance, ..Means::whole(order, MethodKind::CreditLine, None) })
}

/// Whether the seller takes this kind of money for the order. A deposit is paid from outside.
pub(super) fn check_taken(seen: &Snapshot, order: &Order, kind: MethodKind) -> Result<(), Refusal> {
    let own = matches!(kind, MethodKind::Balance | MethodKind::CreditLine);
    let taken = seen.catalogue.seller.takes(kind) && !(own && order.purpose == Purpose::Deposit);
    if taken { Ok(()) } else { Err(Refusal::MethodNotTaken(kind)) }
}

/// Whether there is as much of a kind of money of the account's own.
fn check_funds(seen: &Snapshot, account: &Account, kind: MethodKind, due: Money) -> Result<(), Refusal> {
    match kind {
        MethodKind::Balance => check_balance(seen, account, due)?,
        MethodKind::CreditLine => {
            let owed = seen.balances.get(&account.id).ok_or(Refusal::UnknownAccount(account.id))?.receivable;
            let left = account.credit_limit.minus(owed)?;
            if left.minus(due)?.minor() < 0 {
                return Err(Refusal::CreditShort { left, due });
            }
        }
        MethodKind::Card | MethodKind::PayPal | MethodKind::BankTransfer | MethodKind::Bitcoin => {}
    }
    Ok(())
}

/// Whether the balance covers an amount.
pub(super) fn check_balance(seen: &Snapshot, account: &Account, due: Money) -> Result<(), Refusal> {
    let balance = seen.balances.get(&account.id).ok_or(Refusal::UnknownAccount(account.id))?.balance;
    if balance.minus(due)?.minor() < 0 { Err(Refusal::BalanceShort { balance, due }) } else { Ok(()) }
}

/// Moves one service's expiry. The old expiry is the fence: where it is not what the order was placed for, nothing is
/// paid, unless the product lets renewals add up.
fn extend(
    as_of: Timestamp,
    seen: &Snapshot,
    account: &Account,
    order: &Order,
    line: &OrderLine,
) -> Result<(Extension, Service), Refusal> {
    let service = seen.service_of(account.id, line.service)?;
    let product = seen.product(service)?;
    match RenewGate::of(as_of, seen, account, product, service) {
        RenewGate::Closed(GateReason::OpenOrder(open)) if open == order.id => {}
        RenewGate::Closed(GateReason::Unpaid) if opens(order, service) => {}
        RenewGate::Closed(GateReason::OpenOrder(open)) => {
            return Err(Refusal::RenewalOpen { service: service.id, order: open });
        }
        RenewGate::Closed(reason) => return Err(Refusal::NotRenewable { service: service.id, reason }),
        RenewGate::Open => {}
    }
    // A term that is no period was priced from day to day, so it cannot move.
    let moves = product.renewability == Renewability::Stacking && line.period.is_some();
    if service.until != line.term.from() && !moves {
        let (stated, found) = (line.term.from(), service.until);
        return Err(Refusal::FenceMoved { service: service.id, stated, found });
    }
    let expiry = Expiry::of(service);
    let term = match line.period {
        Some(period) => next_term(as_of, account, product, service, expiry, period)?,
        None => line.term,
    };
    let Expiry { day: until, anchor } = match (order.purpose, line.period) {
        // It has the anchor day of what it was bought for.
        (Purpose::Purchase, None) => Expiry { day: term.until(), ..expiry },
        _ => expiry.moved(account, term.until(), line.period),
    };
    let hold = if service.hold == Hold::Unpaid { Hold::None } else { service.hold };
    let extension = Extension { account: account.id, service: service.id, term, order: order.id };
    // Where renewals add up, another one's money may be on its way.
    let is_kept = |open: &&Order| open.id != order.id && superseded(as_of, seen, order, service).is_none();
    let open_order = seen.open_order(as_of, service).filter(is_kept).map(|open| open.id);
    Ok((extension, Service { until, anchor, hold, open_order, ..service.clone() }))
}

/// Whether the service waits for this very purchase.
fn opens(order: &Order, service: &Service) -> bool {
    order.purpose == Purpose::Purchase && service.open_order == Some(order.id)
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

/// What is paid goes to revenue and tax, or for a deposit to the balance; what comes from the balance goes to revenue
/// first. Nothing is booked for nothing.
fn bookings(order: &Order, payment: &Payment) -> Result<Vec<Transfer>, Refusal> {
    let sold = match order.purpose {
        Purpose::Renewal | Purpose::Purchase => vec![(Book::Revenue, order.net), (Book::Tax, order.tax)],
        Purpose::Deposit => vec![(Book::Balance, order.gross)],
    };
    let mut left = payment.from_balance;
    let mut transfers = Vec::new();
    for (credit, amount) in sold {
        let part = if left.minor() < amount.minor() { left } else { amount };
        left = left.minus(part)?;
        for (debit, amount) in [(Book::Balance, part), (Book::paying(payment.kind), amount.minus(part)?)] {
            if !amount.is_zero() {
                let (account, order) = (order.account, Some(order.id));
                transfers.push(Transfer { account, debit, credit, amount, order, at: payment.at, memo: None });
            }
        }
    }
    Ok(transfers)
}
