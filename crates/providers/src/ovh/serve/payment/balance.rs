//! `/me/ovhAccount`: the prepaid money of an account. There is one such balance, known by the customer number; the form
//! of the real ids is unverified.

use perennial_core::account::Account;
use perennial_core::ledger::{Balances, Book, Transfer};
use perennial_core::money::Money;
use perennial_core::ports::Span;
use perennial_core::refusal::Refusal;
use perennial_core::snapshot::Want;

use super::super::context::{Answer, Context, price};
use crate::ovh::wire::error::Failure;
use crate::ovh::wire::payment::{Movement, MovementOperation, OvhAccount};

/// The order of a movement that belongs to none: the model has no word for it.
const NO_ORDER: i64 = 0;

pub(super) fn accounts(context: &Context<'_>) -> Result<Answer, Failure> {
    Answer::json(&[&context.account()?.code])
}

/// The caller, if the path names its balance.
fn named<'a>(context: &'a Context<'_>) -> Result<&'a Account, Failure> {
    let account = context.account()?;
    let found = account.code == context.param("ovhAccountId");
    if found { Ok(account) } else { Err(context.no_object("ovhAccountId")) }
}

pub(super) fn account(context: &Context<'_>) -> Result<Answer, Failure> {
    let account = named(context)?;
    let seen = context.load(&[Want::Balances(account.id)])?;
    let balance = seen.balances.get(&account.id).map_or(Money::zero(account.currency), |balances| balances.balance);
    let moved = context.ports.books.balance_movements(account.id, Span::default())?;
    let last_update = moved.last().map_or(account.created, |(_, transfer)| transfer.at);
    Answer::json(&OvhAccount {
        alert_threshold: None,
        balance: price(balance),
        // The seller puts money in; there is no route for it.
        can_be_credited: false,
        is_active: true,
        last_update: context.date_time(last_update),
        open_date: context.date_time(account.created),
        ovh_account_id: account.code.clone(),
    })
}

pub(super) fn movements(context: &Context<'_>) -> Result<Answer, Failure> {
    let account = named(context)?;
    let moved = context.ports.books.balance_movements(account.id, context.span()?)?;
    let ids: Vec<_> = moved.into_iter().map(|(id, _)| id).collect();
    Answer::json(&ids)
}

pub(super) fn movement(context: &Context<'_>) -> Result<Answer, Failure> {
    let account = named(context)?;
    let asked = context.id("movementId")?;
    let nothing = Money::zero(account.currency);
    let mut sums = Balances { balance: nothing, receivable: nothing };
    for (id, transfer) in context.ports.books.balance_movements(account.id, Span::default())? {
        let before = sums.balance;
        sums = sums.after(&transfer).map_err(Refusal::from)?;
        if id == asked {
            return Answer::json(&wire_movement(context, id, &transfer, before, sums.balance)?);
        }
    }
    Err(context.no_object("movementId"))
}

/// A movement as the wire has it: what was there, and the amount with its sign, make what is there after it. Whether the
/// real API signs the amount is unverified.
fn wire_movement(
    context: &Context<'_>,
    movement_id: i64,
    transfer: &Transfer,
    before: Money,
    after: Money,
) -> Result<Movement, Failure> {
    Ok(Movement {
        amount: price(after.minus(before).map_err(Refusal::from)?),
        balance: price(after),
        date: context.date_time(transfer.at),
        description: description(transfer),
        movement_id,
        operation: operation(transfer),
        order: transfer.order.map_or(NO_ORDER, |order| order.0),
        previous_balance: price(before),
        // There is no route to have money paid back.
        retrievable_amount: price(Money::zero(after.currency())),
    })
}

fn operation(transfer: &Transfer) -> MovementOperation {
    if transfer.credit == Book::Balance { MovementOperation::Credit } else { MovementOperation::Debit }
}

fn description(transfer: &Transfer) -> String {
    match (&transfer.memo, transfer.order) {
        (Some(memo), _) => memo.clone(),
        (None, Some(order)) => format!("Order {order}"),
        (None, None) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use perennial_core::ids::{AccountId, OrderId};
    use perennial_core::money::Currency;

    use super::*;

    #[test]
    fn a_movement_says_what_it_was() {
        let transfer = |debit, credit, order, memo: Option<&str>| Transfer {
            account: AccountId(1),
            debit,
            credit,
            amount: Money::new(100, Currency::EUR),
            order,
            at: Timestamp::UNIX_EPOCH,
            memo: memo.map(str::to_owned),
        };
        for (transfer, word, text) in [
            (transfer(Book::Adjustment, Book::Balance, None, Some("Welcome")), "credit", "Welcome"),
            (transfer(Book::Balance, Book::Revenue, Some(OrderId(7)), None), "debit", "Order 7"),
            (transfer(Book::Revenue, Book::Balance, Some(OrderId(7)), None), "credit", "Order 7"),
        ] {
            assert_eq!((operation(&transfer).as_str(), description(&transfer).as_str()), (word, text));
        }
    }
}
