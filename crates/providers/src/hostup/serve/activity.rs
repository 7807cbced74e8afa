//! `/v2/billing/activity`: payments, and what moved the credit.

use perennial_core::invoice::{Invoice, InvoiceKind};
use perennial_core::ledger::{Book, Transfer};
use perennial_core::money::{Money, MoneyError};
use perennial_core::payment::{MethodKind, Payment};
use perennial_core::ports::Span;
use perennial_core::refusal::Refusal;
use perennial_core::snapshot::{Snapshot, Want};

use super::{Answer, Context, Row, reference};
use crate::common::amount::Amount;
use crate::hostup::id::{Id, Thing};
use crate::hostup::wire::money::{Activity, ActivityKind, Entry};
use crate::hostup::wire::problem::Failure;
use crate::hostup::wire::stamp::Stamp;

/// How many rows a page has; the real number is unverified.
const PAGE: usize = 20;

pub(super) const ROWS: &[Row] =
    &[Row::read("/v2/billing/activity", "billing-activity", activity).scopes(&["read:billing"])];

/// The API's word for a kind of paying. What a bank account pays is read as `sepa`, what is paid later as `invoice`
/// (inferred).
pub(super) const fn method_word(kind: MethodKind) -> &'static str {
    match kind {
        MethodKind::Balance => "accountCredit",
        MethodKind::CreditLine => "invoice",
        MethodKind::Card => "card",
        MethodKind::PayPal => "paypal",
        MethodKind::BankTransfer => "sepa",
        MethodKind::Bitcoin => "other",
    }
}

const fn method_label(kind: MethodKind) -> &'static str {
    match kind {
        MethodKind::Balance => "Account credit",
        MethodKind::CreditLine => "Invoice",
        MethodKind::Card => "Card payment",
        MethodKind::PayPal => "PayPal",
        MethodKind::BankTransfer => "Bank account",
        MethodKind::Bitcoin => "Bitcoin",
    }
}

/// Lists a page of one kind of rows; payments, where none is named (inferred).
fn activity(context: &Context<'_>) -> Result<Answer, Failure> {
    let kind = context.query.word("kind", ActivityKind::from_word)?.unwrap_or(ActivityKind::Transaction);
    let page = context.query.value("page", "a number from 0", |text| text.parse::<usize>().ok())?.unwrap_or(0);
    let (entries, has_more) = match kind {
        ActivityKind::Transaction => transactions(context, page)?,
        ActivityKind::Credit => credits(context, page)?,
    };
    Ok(Answer::json(&Activity { kind, entries, has_more })?)
}

/// The rows of a page, of all in ascending order: the newest come first. Whether there is a page after it.
fn page_of<T>(mut all: Vec<T>, page: usize) -> (Vec<T>, bool) {
    let end = all.len().saturating_sub(page.saturating_mul(PAGE));
    let begin = end.saturating_sub(PAGE);
    all.truncate(end);
    let mut rows = all.split_off(begin);
    rows.reverse();
    (rows, begin > 0)
}

/// Payments: each original invoice was paid once, when it was issued.
fn transactions(context: &Context<'_>, page: usize) -> Result<(Vec<Entry>, bool), Failure> {
    let account = context.account().id;
    let mut invoices = context.ports.books.invoices(account, Span::default())?;
    invoices.retain(|invoice| invoice.kind == InvoiceKind::Original);
    let (invoices, has_more) = page_of(invoices, page);
    let wants: Vec<_> = invoices.iter().map(|invoice| Want::Payment(account, invoice.order)).collect();
    let seen = context.load(&wants)?;
    let paid = invoices.iter().filter_map(|invoice| Some((invoice, seen.payments.get(&invoice.order)?)));
    let entries = paid.map(|(invoice, payment)| transaction(invoice, payment)).collect::<Result<_, _>>();
    Ok((entries.map_err(Refusal::Money)?, has_more))
}

/// A payment. What came of it from the credit is a row of the credit's own, unless all of it did.
fn transaction(invoice: &Invoice, payment: &Payment) -> Result<Entry, MoneyError> {
    let number = invoice.number_text();
    Ok(Entry {
        id: Id::new(Thing::Activity, row_number(invoice.id.0, ActivityKind::Transaction)),
        description: format!("Payment for invoice {number}"),
        method: Some(method_word(payment.kind)),
        method_label: Some(method_label(payment.kind)),
        amount: Amount(payment.amount.minus(payment.from_balance)?),
        currency_code: payment.amount.currency().code(),
        created_at: Stamp(payment.at),
        invoice_id: Some(reference::invoice_id(invoice.order)),
        invoice_number: Some(number),
    })
}

/// What put money on the account and took it off again.
fn credits(context: &Context<'_>, page: usize) -> Result<(Vec<Entry>, bool), Failure> {
    let account = context.account().id;
    let moved = context.ports.books.balance_movements(account, Span::default())?;
    let (moved, has_more) = page_of(moved, page);
    let orders = moved.iter().filter_map(|(_, transfer)| transfer.order);
    let wants: Vec<_> = orders.flat_map(|order| reference::wants(account, order)).collect();
    let seen = context.load(&wants)?;
    let entries = moved.iter().map(|(id, transfer)| credit(&seen, *id, transfer)).collect::<Result<_, _>>();
    Ok((entries.map_err(Refusal::Money)?, has_more))
}

fn credit(seen: &Snapshot, id: i64, transfer: &Transfer) -> Result<Entry, MoneyError> {
    let order = transfer.order.and_then(|order| seen.orders.get(&order));
    let invoice_number = order.map(|order| reference::invoice_number(seen, order));
    let method = method_of(transfer);
    Ok(Entry {
        id: Id::new(Thing::Activity, row_number(id, ActivityKind::Credit)),
        description: described(transfer, invoice_number.as_deref()),
        method: method.map(method_word),
        method_label: method.map(method_label),
        amount: Amount(signed(transfer)?),
        currency_code: transfer.amount.currency().code(),
        created_at: Stamp(transfer.at),
        invoice_id: transfer.order.map(reference::invoice_id),
        invoice_number,
    })
}

/// Both kinds of rows have ids of one kind, and are counted apart inside: payments have the even numbers.
fn row_number(id: i64, kind: ActivityKind) -> i64 {
    id.saturating_mul(2).saturating_add(i64::from(kind == ActivityKind::Credit))
}

fn signed(transfer: &Transfer) -> Result<Money, MoneyError> {
    if transfer.credit == Book::Balance { Ok(transfer.amount) } else { transfer.amount.negated() }
}

/// What the money came with; what is taken off is credit itself, and what the seller gave came with nothing.
fn method_of(transfer: &Transfer) -> Option<MethodKind> {
    match transfer.debit {
        Book::Collected(kind) => Some(kind),
        Book::Balance => Some(MethodKind::Balance),
        Book::Receivable | Book::Revenue | Book::Tax | Book::Adjustment => None,
    }
}

/// What a row of the credit was. The words are ours.
fn described(transfer: &Transfer, invoice: Option<&str>) -> String {
    let what = match (&transfer.memo, transfer.debit) {
        (Some(memo), _) => return memo.clone(),
        (None, Book::Balance) => "Credit applied",
        (None, Book::Revenue | Book::Tax) => "Credit for an invoice taken back",
        (None, _) => "Funds added",
    };
    invoice.map_or_else(|| what.to_owned(), |invoice| format!("{what}: invoice {invoice}"))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use perennial_core::ids::AccountId;
    use perennial_core::money::Currency;

    use super::*;

    #[test]
    fn pages_begin_with_the_newest_and_end() {
        let all: Vec<usize> = (0..45).collect();
        for (page, first, rows, more) in
            [(0, Some(44), 20, true), (1, Some(24), 20, true), (2, Some(4), 5, false), (3, None, 0, false)]
        {
            let (read, has_more) = page_of(all.clone(), page);
            assert_eq!((read.first().copied(), read.len(), has_more), (first, rows, more), "{page}");
        }
        assert_eq!(page_of(all, usize::MAX), (Vec::new(), false));
        assert!(!page_of(vec![1; PAGE], 0).1);
    }

    #[test]
    fn a_row_of_the_credit_has_its_sign_and_says_what_it_was() {
        let transfer = |debit, credit, memo: Option<&str>| Transfer {
            account: AccountId(1),
            debit,
            credit,
            amount: Money::new(100, Currency::SEK),
            order: None,
            at: Timestamp::UNIX_EPOCH,
            memo: memo.map(str::to_owned),
        };
        let card = Book::Collected(MethodKind::Card);
        for (transfer, minor, method, text) in [
            (transfer(Book::Adjustment, Book::Balance, Some("Welcome")), 100, None, "Welcome"),
            (transfer(card, Book::Balance, None), 100, Some("card"), "Funds added: invoice 7"),
            (transfer(Book::Balance, Book::Revenue, None), -100, Some("accountCredit"), "Credit applied: invoice 7"),
            (transfer(Book::Tax, Book::Balance, None), 100, None, "Credit for an invoice taken back: invoice 7"),
        ] {
            assert_eq!(signed(&transfer).map(Money::minor), Ok(minor));
            assert_eq!(method_of(&transfer).map(method_word), method);
            assert_eq!(described(&transfer, Some("7")), text);
        }
    }

    #[test]
    fn no_payment_and_no_movement_share_an_id() {
        assert_eq!(row_number(7, ActivityKind::Transaction), 14);
        assert_eq!(row_number(7, ActivityKind::Credit), 15);
    }
}
