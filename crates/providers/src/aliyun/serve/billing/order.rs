//! `GetOrderDetail`, `QueryOrders` and `CancelOrder`: what became of a renewal, and clearing the way for another one.
//!
//! Deposits are no orders here: there is no word for them.

use http::header::HOST;
use jiff::{SignedDuration, Timestamp};
use perennial_core::command::Action;
use perennial_core::ids::OrderId;
use perennial_core::money::Money;
use perennial_core::order::{Order, OrderLine, OrderState, Purpose};
use perennial_core::ports::{BoxFuture, Rejection, Span};
use perennial_core::refusal::Refusal;
use perennial_core::snapshot::{Snapshot, Want};

use super::{PAGING, SUBSCRIPTION, instant, needed, wants_no_subscriptions};
use crate::aliyun::serve::context::{Answer, Answered, Context};
use crate::aliyun::serve::found::{midnight, product_code, region_of};
use crate::aliyun::wire::billing::Order as WireOrder;
use crate::aliyun::wire::billing::{Cancelled, Data, OrderDetail, OrderList, Orders};
use crate::aliyun::wire::error::Failure;
use crate::aliyun::wire::number::parse_number;
use crate::aliyun::wire::stamp::Second;

/// How far back orders are listed when nobody says (documented).
const LISTED_BACK: SignedDuration = SignedDuration::from_hours(1);

/// What orders are for, in this API's words (documented). We know the first two.
const TYPES: [&str; 12] = [
    "New",
    "Renew",
    "Upgrade",
    "TempUpgrade",
    "Downgrade",
    "Refund",
    "Convert",
    "ResizeDisk",
    "CompensatoryRenew",
    "IncreaseUpgrade",
    "Exchange",
    "ChangeOperatingSystem",
];

/// Whether orders are paid, in this API's words (documented).
const STATUSES: [&str; 3] = ["Unpaid", "Paid", "Cancelled"];

/// One order.
pub(super) fn detail(context: &Context<'_>) -> Answered {
    let id = named(context)?;
    let seen = load(context, [id])?;
    let shown = Shown::of(context, &seen, id).ok_or_else(no_order)?;
    let order = vec![WireOrder { detail: Some(shown.detail()?), ..shown.item()? }];
    Answer::json(&Data {
        data: Orders { order_list: OrderList { order }, page_num: 1, page_size: PAGING.size, total_count: 1 },
    })
}

/// The account's orders, newest first (inferred).
pub(super) fn query(context: &Context<'_>) -> Answered {
    let page = PAGING.read(context.parameters)?;
    let of_type = word(context, "OrderType", &TYPES)?;
    let with_status = word(context, "PaymentStatus", &STATUSES)?;
    let nothing = wants_no_subscriptions(context)?;
    let code = context.text("ProductCode");
    let (from, to) = (instant(context, "CreateTimeStart")?, instant(context, "CreateTimeEnd")?);
    let ids = context.ports.books.order_ids(context.account().id, placed(context.now, from, to))?;
    let seen = load(context, ids.iter().copied())?;
    let mut shown: Vec<_> = ids.into_iter().rev().filter_map(|id| Shown::of(context, &seen, id)).collect();
    shown.retain(|shown| {
        !nothing
            && of_type.is_none_or(|word| shown.kind == word)
            && with_status.is_none_or(|word| shown.status() == word)
            && code.is_none_or(|code| shown.codes().any(|of| of == Some(code)))
    });
    let order = page.slice(&shown).iter().map(Shown::item).collect::<Result<_, _>>()?;
    let (page_num, page_size, total_count) = (page.number, page.size, shown.len());
    Answer::json(&Data { data: Orders { order_list: OrderList { order }, page_num, page_size, total_count } })
}

/// Withdraws an order that is not paid.
pub(super) fn cancel<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Answered> {
    Box::pin(async {
        let id = named(context)?;
        let is_there = {
            let seen = load(context, [id])?;
            Shown::of(context, &seen, id).is_some()
        };
        if !is_there {
            return Err(no_order());
        }
        match context.submit(None, Action::CancelOrder { order: id }).await {
            Ok(_) => {}
            Err(Rejection::Refused(refusal)) => return Err(refused(refusal)),
            Err(rejection) => return Err(rejection.into()),
        }
        let host = context.request.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        Answer::json(&Data { data: Cancelled { host_id: host.to_owned() } })
    })
}

/// An order that is shown.
struct Shown<'a> {
    context: &'a Context<'a>,
    seen: &'a Snapshot,
    order: &'a Order,
    kind: &'static str,
}

impl<'a> Shown<'a> {
    /// The order with an id, if it was loaded and there is a word for it.
    fn of(context: &'a Context<'a>, seen: &'a Snapshot, id: OrderId) -> Option<Self> {
        let order = seen.order_of(context.account().id, id).ok()?;
        let kind = match order.purpose {
            Purpose::Purchase => "New",
            Purpose::Renewal => "Renew",
            Purpose::Deposit => return None,
        };
        Some(Self { context, seen, order, kind })
    }

    fn status(&self) -> &'static str {
        match self.order.state_at(self.context.now) {
            OrderState::Open => "Unpaid",
            OrderState::Fulfilled(_) => "Paid",
            OrderState::Cancelled(_) | OrderState::Lapsed => "Cancelled",
        }
    }

    /// The product codes of its services.
    fn codes(&self) -> impl Iterator<Item = Option<&'a str>> {
        let (seen, order) = (self.seen, self.order);
        order.lines.iter().map(|line| Some(product_code(seen.product(seen.services.get(&line.service)?).ok()?)))
    }

    /// The order as a list shows it.
    fn item(&self) -> Result<WireOrder, Failure> {
        let order = self.order;
        let currency = order.gross.currency();
        let list = Money::sum(currency, order.lines.iter().map(|line| line.list));
        let list = list.map_err(|_| Failure::server_error())?;
        let paid = match order.state {
            OrderState::Fulfilled(at) => Some(at),
            OrderState::Open | OrderState::Cancelled(_) | OrderState::Lapsed => None,
        };
        Ok(WireOrder {
            order_id: order.id.to_string(),
            order_type: self.kind,
            payment_status: self.status(),
            create_time: Second(order.placed),
            payment_time: paid.map(Second),
            product_code: one_of(self.codes()).flatten().map(str::to_owned),
            subscription_type: SUBSCRIPTION,
            currency: currency.code(),
            payment_currency: paid.map(|_| currency.code()),
            pretax_gross_amount: list.to_decimal(),
            pretax_amount: order.net.to_decimal(),
            tax: order.tax.to_decimal(),
            after_tax_amount: order.gross.to_decimal(),
            detail: None,
        })
    }

    /// What only the order itself shows.
    fn detail(&self) -> Result<OrderDetail, Failure> {
        let (lines, account) = (&self.order.lines, self.context.account());
        let region = |line: &OrderLine| self.seen.services.get(&line.service).map(region_of);
        let term = one_of(lines.iter().map(|line| line.term));
        let at = |date| midnight(account, date).map(Second);
        Ok(OrderDetail {
            instance_ids: instance_ids(lines.iter().map(|line| line.service_name.as_str())),
            quantity: lines.len().to_string(),
            region: one_of(lines.iter().map(region)).flatten().map(str::to_owned),
            usage_start_time: term.map(|term| at(term.from())).transpose()?,
            usage_end_time: term.map(|term| at(term.until())).transpose()?,
        })
    }
}

fn load(context: &Context<'_>, ids: impl IntoIterator<Item = OrderId>) -> Result<Snapshot, Failure> {
    let account = context.account().id;
    context.load(&ids.into_iter().map(|id| Want::OrderWithServices(account, id)).collect::<Vec<_>>())
}

/// The order that is named. What is no number is the number of no order.
fn named(context: &Context<'_>) -> Result<OrderId, Failure> {
    parse_number(needed(context, "OrderId")?).map(OrderId).ok_or_else(no_order)
}

/// A parameter that is one of some words.
fn word<'a>(context: &'a Context<'_>, name: &str, words: &[&str]) -> Result<Option<&'a str>, Failure> {
    match context.text(name) {
        Some(word) if !words.contains(&word) => Err(Failure::invalid_parameter(name)),
        word => Ok(word),
    }
}

/// When the orders were placed that are asked for: in the hour before the end, where there is no beginning.
fn placed(now: Timestamp, from: Option<Timestamp>, to: Option<Timestamp>) -> Span {
    let to = to.unwrap_or(now);
    let from = from.unwrap_or_else(|| to.checked_sub(LISTED_BACK).unwrap_or(Timestamp::MIN));
    Span { from: Some(from), to: Some(to) }
}

/// What all of them are, if they are all the same.
fn one_of<T: PartialEq>(mut all: impl Iterator<Item = T>) -> Option<T> {
    let first = all.next()?;
    all.all(|other| other == first).then_some(first)
}

/// Names as the text of a JSON array.
fn instance_ids<'a>(names: impl Iterator<Item = &'a str>) -> String {
    serde_json::json!(names.collect::<Vec<_>>()).to_string()
}

/// A refusal of the rules. The code is ours.
fn refused(refusal: Refusal) -> Failure {
    let what = match refusal {
        Refusal::UnknownOrder(_) => return no_order(),
        Refusal::OrderPaid(_) => "paid",
        Refusal::ChargeOpen(_) => "being paid",
        Refusal::OrderCancelled(_) => "cancelled already",
        Refusal::OrderLapsed(_) => "cancelled already: it was not paid in time",
        other => return other.into(),
    };
    Failure::bad("InvalidOrderStatus", format!("The specified order cannot be cancelled: it is {what}."))
}

/// There is no such order. The code is ours.
fn no_order() -> Failure {
    Failure::not_found("InvalidOrderId.NotFound", "The specified OrderId does not exist.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_listed_for_an_hour_where_nobody_says() {
        let at = |minute: i64| Timestamp::constant(minute * 60, 0);
        for (from, to, listed) in [
            (None, None, (40, 100)),
            (Some(10), None, (10, 100)),
            (None, Some(90), (30, 90)),
            (Some(10), Some(20), (10, 20)),
        ] {
            let Span { from, to } = placed(at(100), from.map(at), to.map(at));
            assert_eq!((from, to), (Some(at(listed.0)), Some(at(listed.1))));
        }
    }

    #[test]
    fn what_differs_is_not_one() {
        assert_eq!(one_of([1, 1, 1].into_iter()), Some(1));
        assert_eq!(one_of([1, 1, 2].into_iter()), None);
        assert_eq!(one_of(std::iter::empty::<u8>()), None);
    }

    #[test]
    fn names_are_the_text_of_an_array() {
        assert_eq!(instance_ids(["i-1", "a\"b"].into_iter()), r#"["i-1","a\"b"]"#);
    }
}
