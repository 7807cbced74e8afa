//! Money by hand: topping a balance up, and taking a paid order's invoice back.

use jiff::Timestamp;

use super::{Decision, charge};
use crate::account::Account;
use crate::command::{CreditTo, Reply};
use crate::ids::{InvoiceId, OrderId};
use crate::invoice::{Invoice, InvoiceKind};
use crate::ledger::{Book, Transfer};
use crate::money::{Money, MoneyError};
use crate::order::{Order, OrderState, Purpose};
use crate::refusal::Refusal;
use crate::snapshot::{Change, Snapshot};

/// Puts money on an account's balance.
pub(super) fn credit_balance(
    now: Timestamp,
    seen: &Snapshot,
    account: &Account,
    amount: Money,
    memo: &str,
) -> Result<Decision, Refusal> {
    if amount.currency() != account.currency {
        let (left, right) = (account.currency, amount.currency());
        return Err(Refusal::Money(MoneyError::CurrencyMismatch { left, right }));
    }
    if amount.minor() <= 0 {
        return Err(Refusal::AmountNotPositive);
    }
    let transfer = Transfer {
        account: account.id,
        debit: Book::Adjustment,
        credit: Book::Balance,
        amount,
        order: None,
        at: now,
        memo: Some(memo.to_owned()),
    };
    check_fit(seen, account, [&transfer])?;
    Ok(Decision::done(Change::Book(transfer)))
}

/// Takes a paid order's invoice back: a credit note, and its money on the balance, or back through the gateway that it
/// came by. The paid term stays.
pub(super) fn credit_order(
    now: Timestamp,
    seen: &Snapshot,
    account: &Account,
    id: OrderId,
    to: CreditTo,
) -> Result<Decision, Refusal> {
    let order = seen.order_of(account.id, id)?;
    let OrderState::Fulfilled(_) = order.state else { return Err(Refusal::OrderNotPaid(id)) };
    if order.purpose == Purpose::Deposit {
        return Err(Refusal::OrderIsDeposit(id));
    }
    let original = seen.original(id).ok_or(Refusal::OrderNotPaid(id))?;
    if seen.credit_note(id, original.id).is_some() {
        return Err(Refusal::OrderCredited(id));
    }
    if order.charge.is_some() {
        return Err(Refusal::RefundOpen(id));
    }
    match to {
        CreditTo::Balance => take_back(now, seen, account, order, original, None),
        CreditTo::Method => charge::open_refund(now, seen, order),
    }
}

/// Makes the credit note of an order, and books its money: on the balance, but for what a charge gave back.
pub(super) fn take_back(
    now: Timestamp,
    seen: &Snapshot,
    account: &Account,
    order: &Order,
    original: &Invoice,
    refunded: Option<(Book, Money)>,
) -> Result<Decision, Refusal> {
    let id = order.id;
    let note = Invoice {
        id: InvoiceId(seen.next.invoice),
        kind: InvoiceKind::CreditNote { corrects: original.id },
        series: seen.catalogue.seller.credit_series.clone(),
        number: seen.next.credit_number,
        issued: now,
        net: original.net.negated()?,
        tax: original.tax.negated()?,
        gross: original.gross.negated()?,
        ..original.clone()
    };
    let (book, mut left) = refunded.unwrap_or((Book::Balance, Money::zero(order.gross.currency())));
    let mut back = Vec::new();
    for (debit, amount) in [(Book::Revenue, order.net), (Book::Tax, order.tax)] {
        let part = if left.minor() < amount.minor() { left } else { amount };
        left = left.minus(part)?;
        for (credit, amount) in [(book, part), (Book::Balance, amount.minus(part)?)] {
            if !amount.is_zero() {
                let order = Some(id);
                back.push(Transfer { account: account.id, debit, credit, amount, order, at: now, memo: None });
            }
        }
    }
    check_fit(seen, account, &back)?;
    let mut changes = vec![Change::IssueInvoice(note)];
    changes.extend(back.into_iter().map(Change::Book));
    Ok(Decision::new(changes, Reply::Done))
}

/// Whether the account's balances have room for all of the transfers.
pub(super) fn check_fit<'a>(
    seen: &Snapshot,
    account: &Account,
    transfers: impl IntoIterator<Item = &'a Transfer>,
) -> Result<(), Refusal> {
    let mut balances = *seen.balances.get(&account.id).ok_or(Refusal::UnknownAccount(account.id))?;
    for transfer in transfers {
        balances = balances.after(transfer)?;
    }
    Ok(())
}
