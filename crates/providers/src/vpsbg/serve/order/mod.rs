//! `/orders`: placed orders, and withdrawing them. How they are shown is in `shown`, paying in `pay`, changing in
//! `edit`.

mod edit;
mod pay;
mod shown;

use http::Method;
use perennial_core::command::{Action, Reply};
use perennial_core::ids::OrderId;
use perennial_core::order::Order;
use perennial_core::ports::{BoxFuture, Span};
use perennial_core::snapshot::Want;

use super::page::Asked;
use super::{Context, Row};
use crate::common::bearer::Answer;
use crate::vpsbg::wire::error::Failure;
use crate::vpsbg::wire::order::{Order as WireOrder, Status};

pub(super) use pay::{With, card};
pub(super) use shown::{Shown, Sums, fits, payment_kind, payment_word, promo, wants};

pub(super) const ROWS: &[Row] = &[
    Row::read("/orders", "orders", list),
    Row::read("/orders/{id}", "order", get),
    Row::act(Method::DELETE, "/orders/{id}", "cancel-order", delete).inferred(),
    Row::act(Method::PATCH, "/orders/{id}", "update-order", edit::update).inferred(),
    Row::act(Method::PATCH, "/orders/{id}/{service_type}/{service_id}", "change-period", edit::change_period),
    Row::act(Method::POST, "/orders/pay", "pay", pay::pay).inferred(),
];

/// The parameter that says which orders are listed.
const FILTER: &str = "filter[status]";

/// Which orders are listed when nobody says (documented).
const FILTER_DEFAULT: [Status; 2] = [Status::AwaitingPayment, Status::Paid];

/// The most words of a filter that are read.
const FILTER_WORDS_MAX: usize = 16;

fn statuses(text: &str) -> Option<Vec<Status>> {
    let words: Vec<_> = text.split(',').take(FILTER_WORDS_MAX + 1).collect();
    let words = Some(words).filter(|words| words.len() <= FILTER_WORDS_MAX)?;
    words.into_iter().map(|word| Status::parse(word.trim())).collect()
}

/// The order that the path names.
fn named(context: &Context<'_>) -> Result<OrderId, Failure> {
    context.param("id").parse().map(OrderId).map_err(|_| Failure::not_found())
}

/// An order of the caller's with its lines, as it was just decided or is on file.
pub(super) fn render(context: &Context<'_>, order: &Order) -> Result<WireOrder, Failure> {
    let seen = context.load(&wants(order.account, order.id))?;
    Shown::new(context, &seen, order).single()
}

/// The order of a reply.
pub(super) fn order_of(reply: Reply) -> Result<Order, Failure> {
    match reply {
        Reply::Placed(order) | Reply::Paid(order) | Reply::Charging(order) => Ok(order),
        other => {
            tracing::error!(reply = ?other, "a command on an order was answered with no order");
            Err(Failure::server_error())
        }
    }
}

/// The list: newest first (unverified).
fn list(context: &Context<'_>) -> Result<Answer, Failure> {
    let page = Asked::of(context)?;
    let filter = context.query.value(FILTER, "words for the status of orders", statuses)?;
    let filter = filter.unwrap_or_else(|| FILTER_DEFAULT.to_vec());
    let account = context.account().id;
    let mut ids = context.ports.books.order_ids(account, Span::default())?;
    let loaded = context.load(&ids.iter().map(|id| Want::Order(account, *id)).collect::<Vec<_>>())?;
    ids.retain(|id| loaded.orders.get(id).is_some_and(|order| filter.contains(&shown::status_of(context.now, order))));
    ids.reverse();
    let shown = page.slice(&ids);
    let seen = context.load(&shown.iter().flat_map(|id| wants(account, *id)).collect::<Vec<_>>())?;
    let items = shown.iter().map(|id| Shown::new(context, &seen, seen.order_of(account, *id)?).item());
    page.envelope(context, "/orders", items.collect::<Result<_, Failure>>()?, ids.len())
}

fn get(context: &Context<'_>) -> Result<Answer, Failure> {
    let (account, id) = (context.account().id, named(context)?);
    let seen = context.load(&wants(account, id))?;
    Ok(Answer::json(&Shown::new(context, &seen, seen.order_of(account, id)?).single()?)?)
}

fn delete<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        context.submit(Action::CancelOrder { order: named(context)? }).await?;
        Ok(Answer::nothing())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_words_with_commas_between() {
        use Status::{AwaitingPayment, Cancelled, Paid, Processing};
        for (text, read) in [
            ("pending_payment,paid", Some(vec![AwaitingPayment, Paid])),
            ("awaiting_payment", Some(vec![AwaitingPayment])),
            ("cancelled, processing", Some(vec![Cancelled, Processing])),
            ("paid,", None),
            ("open", None),
        ] {
            assert_eq!(statuses(text), read, "{text}");
        }
        assert_eq!(statuses(&"paid,".repeat(20)), None);
    }
}
