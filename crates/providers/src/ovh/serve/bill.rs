//! `/me/bill`: the original invoices of an account. Proformas are the orders' own paper, and credit notes no bills.

use std::collections::HashMap;

use perennial_core::account::Account;
use perennial_core::calendar::Zone;
use perennial_core::ids::OrderId;
use perennial_core::invoice::{Invoice, InvoiceKind};
use perennial_core::order::{Order, OrderLine, Origin};
use perennial_core::snapshot::Want;

use super::context::{Answer, Context, price};
use super::document::{Links, bill_links};
use super::order::{line_number, wire_payment};
use super::table::{Row, read};
use crate::ovh::wire::bill::{Bill, BillCategory, BillDetail};
use crate::ovh::wire::error::Failure;
use crate::ovh::wire::scalar::Date;

pub(super) const ROWS: &[Row] = &[
    read("/me/bill", "bills", bills),
    read("/me/bill/{billId}", "bill", bill),
    read("/me/bill/{billId}/details", "bill-details", details),
    read("/me/bill/{billId}/details/{billDetailId}", "bill-detail", detail),
    read("/me/bill/{billId}/payment", "bill-payment", payment),
];

fn bills(context: &Context<'_>) -> Result<Answer, Failure> {
    let account = context.account()?;
    let order = context.query.long("orderId")?.map(OrderId);
    let category = context.query.word("category", BillCategory::parse)?;
    let mut bills = context.ports.books.invoices(account.id, context.span()?)?;
    bills.retain(|bill| bill.kind == InvoiceKind::Original && order.is_none_or(|order| order == bill.order));
    if let Some(category) = category {
        let orders = orders_of(context, account, &bills)?;
        bills.retain(|bill| {
            orders.get(&bill.order).is_some_and(|order| bill_category(&account.zone, bill, order) == category)
        });
    }
    let numbers: Vec<_> = bills.iter().map(Invoice::number_text).collect();
    Answer::json(&numbers)
}

fn orders_of(context: &Context<'_>, account: &Account, bills: &[Invoice]) -> Result<HashMap<OrderId, Order>, Failure> {
    let wants: Vec<_> = bills.iter().map(|bill| Want::Order(account.id, bill.order)).collect();
    Ok(context.load(&wants)?.orders)
}

/// What a bill is for. The categories are read by their names, unverified: `autorenew` is what our schedule paid,
/// `earlyrenewal` what the customer paid before the expiry, and `purchase` what was paid after it.
fn bill_category(zone: &Zone, bill: &Invoice, order: &Order) -> BillCategory {
    let paid = zone.date_of(bill.issued);
    match order.origin {
        Origin::Schedule => BillCategory::Autorenew,
        Origin::Customer if order.lines.iter().all(|line| paid < line.term.from()) => BillCategory::Earlyrenewal,
        Origin::Customer => BillCategory::Purchase,
    }
}

/// The bill that the path names, with its order.
fn bill_of(context: &Context<'_>) -> Result<(Invoice, Order), Failure> {
    let account = context.account()?.id;
    let unknown = || context.no_object("billId");
    let text = context.param("billId");
    let (series, number) = Invoice::split_number(text).ok_or_else(unknown)?;
    let bill = context
        .ports
        .books
        .find_invoice(account, series, number)?
        .filter(|bill| bill.kind == InvoiceKind::Original)
        .ok_or_else(unknown)?;
    let order = context.load(&[Want::Order(account, bill.order)])?.orders.remove(&bill.order).ok_or_else(unknown)?;
    Ok((bill, order))
}

fn bill(context: &Context<'_>) -> Result<Answer, Failure> {
    let account = context.account()?;
    let (bill, order) = bill_of(context)?;
    let bill_id = bill.number_text();
    let Links { url, pdf_url } = bill_links(context.ovh, account, &order, &bill_id);
    Answer::json(&Bill {
        bill_id,
        category: bill_category(&account.zone, &bill, &order),
        date: context.date_time(bill.issued),
        order_id: order.id.0,
        password: order.password.into(),
        pdf_url,
        price_with_tax: price(bill.gross),
        price_without_tax: price(bill.net),
        tax: price(bill.tax),
        url,
    })
}

/// The lines of a bill by their ids: the numbers of the order's lines.
fn lines(order: &Order) -> impl Iterator<Item = (String, &OrderLine)> {
    order.lines.iter().enumerate().map(|(index, line)| (line_number(order.id, index).to_string(), line))
}

fn details(context: &Context<'_>) -> Result<Answer, Failure> {
    let (_, order) = bill_of(context)?;
    let ids: Vec<_> = lines(&order).map(|(id, _)| id).collect();
    Answer::json(&ids)
}

fn detail(context: &Context<'_>) -> Result<Answer, Failure> {
    let (_, order) = bill_of(context)?;
    let asked = context.param("billDetailId");
    let found = lines(&order).find(|(id, _)| id == asked);
    let (bill_detail_id, line) = found.ok_or_else(|| context.no_object("billDetailId"))?;
    Answer::json(&BillDetail {
        bill_detail_id,
        description: line.description.clone(),
        domain: line.service_name.clone(),
        // A term is half-open; a bill names its last day.
        period_end: line.term.until().yesterday().ok().map(Date),
        period_start: Some(Date(line.term.from())),
        quantity: "1".to_owned(),
        total_price: price(line.net),
        unit_price: price(line.net).into(),
    })
}

fn payment(context: &Context<'_>) -> Result<Answer, Failure> {
    let (bill, _) = bill_of(context)?;
    let seen = context.load(&[Want::Payment(bill.account, bill.order)])?;
    let payment = seen.payments.get(&bill.order).ok_or_else(|| context.no_object("billId"))?;
    Answer::json(&wire_payment(context, payment))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use perennial_core::account::TaxTreatment;
    use perennial_core::calendar::{Period, Term, parse_date};
    use perennial_core::ids::{AccountId, InvoiceId, ServiceId};
    use perennial_core::money::{Currency, Money};
    use perennial_core::order::{OrderState, PayPlan, Purpose};

    use super::*;

    fn line(from: &str) -> OrderLine {
        let net = Money::new(199, Currency::EUR);
        OrderLine {
            service: ServiceId(1),
            service_name: "example.ovh".to_owned(),
            description: "Domain .ovh".to_owned(),
            period: Period::months(12),
            term: Term::new(parse_date(from).unwrap(), parse_date("2030-01-01").unwrap()).unwrap(),
            list: net,
            net,
            tax: net,
        }
    }

    fn order(origin: Origin, paid: Timestamp, lines: Vec<OrderLine>) -> Order {
        let nothing = Money::zero(Currency::EUR);
        Order {
            id: OrderId(7),
            account: AccountId(1),
            state: OrderState::Fulfilled(paid),
            origin,
            purpose: Purpose::Renewal,
            promo: None,
            placed: paid,
            lapses: paid,
            password: String::new(),
            plan: PayPlan::unstated(Currency::EUR),
            taxed: TaxTreatment::Exempt,
            net: nothing,
            tax: nothing,
            gross: nothing,
            lines,
            charge: None,
        }
    }

    #[test]
    fn a_bill_is_early_automatic_or_a_purchase() {
        // In Paris, the last hour of 30 November in universal time is 1 December already.
        let zone = Zone::parse("Europe/Paris").unwrap();
        for (origin, paid, expiries, word) in [
            (Origin::Customer, "2026-11-30T22:59:59Z", &["2026-12-01"][..], "earlyrenewal"),
            (Origin::Customer, "2026-11-30T23:00:00Z", &["2026-12-01"], "purchase"),
            (Origin::Customer, "2026-11-30T23:00:00Z", &["2027-01-01", "2026-12-01"], "purchase"),
            (Origin::Schedule, "2026-11-30T22:59:59Z", &["2026-12-01"], "autorenew"),
            (Origin::Schedule, "2026-12-05T00:00:00Z", &["2026-12-01"], "autorenew"),
        ] {
            let order = order(origin, paid.parse().unwrap(), expiries.iter().map(|from| line(from)).collect());
            let bill = Invoice {
                kind: InvoiceKind::Original,
                series: "FR".to_owned(),
                id: InvoiceId(1),
                issued: paid.parse().unwrap(),
                ..Invoice::proforma(&order)
            };
            assert_eq!(bill_category(&zone, &bill, &order).as_str(), word, "{origin:?} {paid} {expiries:?}");
        }
    }
}
