//! Money by hand: topping a balance up, and taking a paid order's invoice back.

use jiff::Timestamp;

use super::Decision;
use crate::account::Account;
use crate::command::Reply;
use crate::ids::{InvoiceId, OrderId};
use crate::invoice::{Invoice, InvoiceKind};
use crate::ledger::{Book, Transfer};
use crate::money::{Money, MoneyError};
use crate::order::{OrderState, Purpose};
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

/// Takes a paid order's invoice back: a credit note, and its money on the balance. The paid term stays.
pub(super) fn credit_order(
    now: Timestamp,
    seen: &Snapshot,
    account: &Account,
    id: OrderId,
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
    let mut back = Vec::new();
    for (debit, amount) in [(Book::Revenue, order.net), (Book::Tax, order.tax)] {
        if !amount.is_zero() {
            let (credit, order) = (Book::Balance, Some(id));
            back.push(Transfer { account: account.id, debit, credit, amount, order, at: now, memo: None });
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
