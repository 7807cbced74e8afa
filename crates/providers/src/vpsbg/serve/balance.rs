//! `/balance`: what the account has, how it came there, and putting more on it.
//!
//! Everything is shown without VAT, as the API does; see [`money`](super::money).

use http::{Method, StatusCode};
use jiff::civil::Date;
use perennial_core::account::Account;
use perennial_core::command::{Action, PayWith};
use perennial_core::gate::RenewGate;
use perennial_core::ledger::{Book, Transfer};
use perennial_core::money::Money;
use perennial_core::order::{Order, Purpose};
use perennial_core::payment::MethodKind;
use perennial_core::ports::{BoxFuture, Rejection, Span};
use perennial_core::snapshot::{Snapshot, Want};

use super::found::Found;
use super::money::{net, without_vat};
use super::order::{With, card, fits, order_of, payment_kind, payment_word, render};
use super::page::Asked;
use super::renew::OPEN_S_MIN;
use super::{Context, Row};
use crate::common::bearer::Answer;
use crate::secret::order_password;
use crate::vpsbg::wire::balance::{Balance, Deposit, DepositRequest, Transaction};
use crate::vpsbg::wire::error::Failure;
use crate::vpsbg::wire::order::PaymentWord;
use crate::vpsbg::wire::stamp::Stamp;

pub(super) const ROWS: &[Row] = &[
    Row::read("/balance", "balance", balance),
    Row::read("/balance/transactions", "transactions", transactions).inferred(),
    Row::act(Method::POST, "/balance/deposit", "deposit", deposit).inferred(),
];

/// How many days ahead renewals count as expenses (inferred).
const AHEAD_DAYS: i64 = 30;

/// The most that is paid in at once, without VAT, in whole units (ours).
const DEPOSIT_MAX: i64 = 1_000_000;

/// The words under which the tokens of a deposit are kept: of its order, and of its payment.
const DEPOSIT: &str = "deposit";
const PAY_DEPOSIT: &str = "pay-deposit";

fn balance(context: &Context<'_>) -> Result<Answer, Failure> {
    let account = context.account();
    let mut wants = vec![Want::Balances(account.id), Want::Methods(account.id), Want::OpenOrders(account.id)];
    let services = context.ports.books.service_ids(account.id, None)?;
    wants.extend(services.into_iter().map(|service| Want::Service(account.id, service)));
    let seen = context.load(&wants)?;
    let nothing = Money::zero(account.currency);
    let held = seen.balances.get(&account.id).map_or(nothing, |balances| balances.balance);
    let held = without_vat(account.tax.rate(), held)?;
    let expenses = fits(ordered(context, &seen)?.plus(due_soon(context, &seen)?))?;
    let short = fits(expenses.minus(held.0))?;
    let today = account.zone.date_of(context.now);
    let usable =
        |method: &perennial_core::payment::PaymentMethod| method.kind == MethodKind::Card && method.usable(today);
    Ok(Answer::json(&Balance {
        balance: held,
        balance_limit: net(limit(account)),
        estimated_expenses: net(expenses),
        estimated_funds: net(expenses),
        shortfall: net(if short.minor() > 0 { short } else { nothing }),
        currency: account.currency.code(),
        has_valid_card: seen.methods.values().any(usable),
        last_deposit: last_deposit(context)?,
        unconfirmed_bitcoin_deposits: [],
    })?)
}

/// What the account's facts say of how far below nothing it may go. No rule lets it.
fn limit(account: &Account) -> Money {
    let written = account.facts.get("balance_limit").and_then(|text| Money::parse(text, account.currency).ok());
    written.unwrap_or_else(|| Money::zero(account.currency))
}

/// What the open orders cost, without VAT. A deposit is no expense.
fn ordered(context: &Context<'_>, seen: &Snapshot) -> Result<Money, Failure> {
    let counts = |order: &&Order| order.is_open(context.now) && order.purpose != Purpose::Deposit;
    let nets = seen.orders.values().filter(counts).map(|order| order.net);
    fits(Money::sum(context.account().currency, nets))
}

/// What the services cost, without VAT, that will renew themselves soon and that no order renews yet.
fn due_soon(context: &Context<'_>, seen: &Snapshot) -> Result<Money, Failure> {
    let account = context.account();
    let horizon = horizon(account.zone.date_of(context.now));
    let price = |found: Found<'_>| {
        let counts = found.auto_renew()
            && found.service.until <= horizon
            && found.gate() == RenewGate::Open
            && found.open_orders().is_empty();
        if counts { found.price(found.service.period) } else { None }
    };
    let found = seen.services.keys().filter_map(|id| Found::of(context, seen, *id).ok());
    fits(Money::sum(account.currency, found.filter_map(price)))
}

fn horizon(today: Date) -> Date {
    today.saturating_add(jiff::Span::new().days(AHEAD_DAYS))
}

/// Every movement of the account's balance, oldest first.
fn movements(context: &Context<'_>) -> Result<Vec<(i64, Transfer)>, Failure> {
    Ok(context.ports.books.balance_movements(context.account().id, Span::default())?)
}

/// Where money that was paid in came from; none for other movements.
const fn paid_in(transfer: &Transfer) -> Option<MethodKind> {
    match (transfer.debit, transfer.credit) {
        (Book::Collected(kind), Book::Balance) => Some(kind),
        _ => None,
    }
}

fn last_deposit(context: &Context<'_>) -> Result<Option<Deposit>, Failure> {
    let movements = movements(context)?;
    let last = movements.iter().rev().find_map(|(_, transfer)| Some((transfer, paid_in(transfer)?)));
    last.map(|(transfer, kind)| {
        Ok(Deposit {
            amount: without_vat(context.account().tax.rate(), transfer.amount)?,
            amount_with_vat: net(transfer.amount),
            payment_method: payment_word(Some(kind)),
            payment_date: Stamp(transfer.at),
        })
    })
    .transpose()
}

fn transactions(context: &Context<'_>) -> Result<Answer, Failure> {
    let page = Asked::of(context)?;
    let mut entries = entries(&movements(context)?)?;
    entries.reverse();
    let shown = page.slice(&entries).iter().map(|entry| {
        Ok(Transaction {
            id: entry.id,
            amount: without_vat(context.account().tax.rate(), entry.amount)?,
            description: entry.description.clone(),
            order_id: entry.first.order.map(|order| order.0),
            created_at: Stamp(entry.first.at),
        })
    });
    page.envelope(context, "/balance/transactions", shown.collect::<Result<_, Failure>>()?, entries.len())
}

/// A movement as people count: what one order moved at once is one movement, its tax included.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    id: i64,
    first: Transfer,
    amount: Money,
    description: String,
}

fn entries(movements: &[(i64, Transfer)]) -> Result<Vec<Entry>, Failure> {
    let mut entries: Vec<Entry> = Vec::new();
    for (id, transfer) in movements {
        let adds = transfer.credit == Book::Balance;
        let amount = if adds { transfer.amount } else { fits(transfer.amount.negated())? };
        let same = |entry: &Entry| {
            let first = &entry.first;
            first.order.is_some() && (first.order, first.at) == (transfer.order, transfer.at)
        };
        match entries.last_mut().filter(|entry| same(entry) && (entry.amount.minor() > 0) == adds) {
            Some(entry) => entry.amount = fits(entry.amount.plus(amount))?,
            None => {
                entries.push(Entry { id: *id, first: transfer.clone(), amount, description: description(transfer) });
            }
        }
    }
    Ok(entries)
}

/// What a movement is, in words of our own.
fn description(transfer: &Transfer) -> String {
    let order = transfer.order.map(|order| format!("order {order}"));
    match (&transfer.memo, order) {
        (Some(memo), _) => memo.clone(),
        (None, Some(order)) if paid_in(transfer).is_some() => format!("Deposit, {order}"),
        (None, Some(order)) if transfer.credit == Book::Balance => format!("Credit for {order}"),
        (None, Some(order)) => format!("Payment of {order}"),
        (None, None) => "Adjustment".to_owned(),
    }
}

fn deposit<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let asked: DepositRequest = context.body()?;
        let amount = amount(context.account(), &asked)?;
        let kept = context.answered_before(PAY_DEPOSIT)?;
        if let Some(reply) = kept {
            return Ok(Answer::json(&render(context, &order_of(reply)?)?)?.with_status(StatusCode::CREATED));
        }
        let with = asked.payment_method.map(|word| check_with(context, word)).transpose()?;
        let action = Action::Deposit { amount, open_s: OPEN_S_MIN, password: order_password() };
        let mut order = order_of(context.submit_once(DEPOSIT, action).await?)?;
        if let Some(with) = with {
            let reply = context.submit_once(PAY_DEPOSIT, with.action(order.id, Some(order.gross))).await;
            order = order_of(reply.map_err(|rejection| not_paid(rejection, &order))?)?;
        }
        Ok(Answer::json(&render(context, &order)?)?.with_status(StatusCode::CREATED))
    })
}

/// What a deposit is paid with, where the seller takes that: a balance is not paid from itself.
fn check_with(context: &Context<'_>, word: PaymentWord) -> Result<With, Failure> {
    let kind = payment_kind(word);
    let seller_takes = kind != MethodKind::Balance && context.load(&[])?.catalogue.seller.takes(kind);
    if !seller_takes {
        return Err(Failure::invalid("payment_method", "A deposit cannot be paid with this method."));
    }
    Ok(if kind == MethodKind::Card { With::Now(PayWith::Method(card(context)?)) } else { With::Later(kind) })
}

/// What a deposit asks for: exactly what was said. That the documentation's sample, shown as 41.67 without VAT, was 50
/// when it was asked for is inferred: nobody asks for 41.67.
fn amount(account: &Account, asked: &DepositRequest) -> Result<Money, Failure> {
    let invalid = |text: String| Failure::invalid("amount", text);
    let amount = asked.amount.money(account.currency).map_err(|error| invalid(error.to_string()))?;
    let whole = |units: i64| Money::parse(&units.to_string(), account.currency).map_err(|_| Failure::server_error());
    let bounds = whole(1)?.minor()..=whole(DEPOSIT_MAX)?.minor();
    if !bounds.contains(&amount.minor()) {
        return Err(invalid(format!("The amount is from 1 to {DEPOSIT_MAX}.")));
    }
    Ok(amount)
}

/// A deposit that was ordered, and whose payment failed: its order waits. Of a payment that is not known to have failed
/// nothing is said.
fn not_paid(rejection: Rejection, order: &Order) -> Failure {
    let is_unknown = matches!(rejection, Rejection::Unknown(_));
    let mut failure = Failure::from(rejection);
    if !is_unknown {
        failure.body.message = format!("{} (order {} waits for its payment)", failure.body.message, order.id);
    }
    failure
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use perennial_core::ids::{AccountId, OrderId};
    use perennial_core::money::Currency;

    use super::*;

    fn transfer(debit: Book, credit: Book, minor: i64, order: Option<i64>, at: i64) -> Transfer {
        Transfer {
            account: AccountId(1),
            debit,
            credit,
            amount: Money::new(minor, Currency::EUR),
            order: order.map(OrderId),
            at: Timestamp::from_second(at).expect("is an instant"),
            memo: order.is_none().then(|| "Thanks".to_owned()),
        }
    }

    #[test]
    fn what_an_order_moved_at_once_is_one_movement() {
        let collected = Book::Collected(MethodKind::Card);
        let movements = [
            transfer(Book::Adjustment, Book::Balance, 100, None, 0),
            transfer(Book::Adjustment, Book::Balance, 100, None, 0),
            transfer(collected, Book::Balance, 5_000, Some(1), 1),
            transfer(Book::Balance, Book::Revenue, 2_700, Some(2), 2),
            transfer(Book::Balance, Book::Tax, 540, Some(2), 2),
            transfer(Book::Revenue, Book::Balance, 2_700, Some(2), 2),
            transfer(Book::Tax, Book::Balance, 540, Some(2), 2),
        ];
        let numbered: Vec<_> = (1..).zip(movements).collect();
        let read = entries(&numbered).expect("fits");
        let shown: Vec<_> = read.iter().map(|entry| (entry.id, entry.amount.minor(), &*entry.description)).collect();
        assert_eq!(
            shown,
            [
                (1, 100, "Thanks"),
                (2, 100, "Thanks"),
                (3, 5_000, "Deposit, order 1"),
                (4, -3_240, "Payment of order 2"),
                (6, 3_240, "Credit for order 2"),
            ]
        );
    }
}
