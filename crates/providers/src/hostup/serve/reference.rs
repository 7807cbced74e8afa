//! What every object shows alike: references to invoices, pending orders, billing and its cycles.
//!
//! An order and its invoice are one thing with two ids: the invoice is there from the day the order is placed.

use jiff::Timestamp;
use perennial_core::calendar::Period;
use perennial_core::ids::{AccountId, OrderId};
use perennial_core::invoice::Invoice;
use perennial_core::money::{Currency, Money};
use perennial_core::order::{Order, OrderState};
use perennial_core::snapshot::{Snapshot, Want};

use crate::common::amount::Amount;
use crate::hostup::id::{Id, Thing};
pub(super) use crate::hostup::wire::cycle::{cycle, period_of_cycle};
use crate::hostup::wire::reference::{Billing, InvoiceReference, InvoiceStatus, PendingOrder};
use crate::hostup::wire::stamp::Stamp;

/// How many whole years a period has; none for what is no whole years.
pub(super) fn years(period: Period) -> Option<u16> {
    period.as_months().filter(|months| months.is_multiple_of(12)).map(|months| months / 12)
}

/// What something costs for a period, without VAT.
pub(super) fn billing(net: Option<Money>, currency: Currency, period: Period) -> Billing {
    Billing { amount: net.map(Amount), currency_code: currency.code(), billing_cycle: cycle(period) }
}

/// What a reference to an order's invoice is made of: the order, and its invoices once it is paid.
pub(super) fn wants(account: AccountId, order: OrderId) -> [Want; 2] {
    [Want::Order(account, order), Want::Invoices(account, order)]
}

/// The id of an order.
pub(super) const fn order_id(order: OrderId) -> Id {
    Id::new(Thing::Order, order.0)
}

/// The id of an order's invoice.
pub(super) const fn invoice_id(order: OrderId) -> Id {
    Id::new(Thing::Invoice, order.0)
}

/// An order's number for people.
pub(super) fn order_number(order: OrderId) -> String {
    order.to_string()
}

/// The number of an order's invoice: its own once the order is paid, which takes [`wants`] to know; until then, and
/// where it never will be, that of the proforma.
pub(super) fn invoice_number(seen: &Snapshot, order: &Order) -> String {
    seen.original(order.id).map_or_else(|| Invoice::proforma(order).number_text(), Invoice::number_text)
}

/// How an order's invoice stands.
pub(super) fn invoice_status(now: Timestamp, seen: &Snapshot, order: &Order) -> InvoiceStatus {
    let credited = || seen.original(order.id).is_some_and(|paid| seen.credit_note(order.id, paid.id).is_some());
    match order.state_at(now) {
        OrderState::Open => InvoiceStatus::Unpaid,
        OrderState::Fulfilled(_) if credited() => InvoiceStatus::Refunded,
        OrderState::Fulfilled(_) => InvoiceStatus::Paid,
        OrderState::Cancelled(_) | OrderState::Lapsed => InvoiceStatus::Cancelled,
    }
}

/// The page on which an invoice is paid, relative to the panel.
pub(super) fn payment_url(number: &str) -> String {
    format!("/billing?invoice={number}")
}

/// A reference to an order's invoice. For one that may be paid, everything of [`wants`] was loaded.
pub(super) fn invoice(now: Timestamp, seen: &Snapshot, order: &Order) -> InvoiceReference {
    let (number, status) = (invoice_number(seen, order), invoice_status(now, seen, order));
    InvoiceReference {
        id: invoice_id(order.id),
        amount: Some(Amount(order.gross)),
        currency_code: order.gross.currency().code(),
        due_at: Some(Stamp(order.lapses)),
        status,
        payment_url: (status == InvoiceStatus::Unpaid).then(|| payment_url(&number)),
        number: Some(number),
    }
}

/// An open order, as a blocked call and the thing that it is to renew show it.
pub(super) fn pending_order(seen: &Snapshot, order: &Order) -> PendingOrder {
    PendingOrder {
        id: order_id(order.id),
        number: order_number(order.id),
        invoice_id: invoice_id(order.id),
        invoice_number: Some(invoice_number(seen, order)),
        amount: Amount(order.gross),
        currency_code: order.gross.currency().code(),
        status: "pending",
        created_at: Stamp(order.placed),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use perennial_core::account::TaxTreatment;
    use perennial_core::ids::InvoiceId;
    use perennial_core::invoice::InvoiceKind;
    use perennial_core::order::{Origin, PayPlan, Purpose};

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("is an instant")
    }

    /// An order of 198.75 SEK that lapses in 2026.
    pub fn order(state: OrderState) -> Order {
        let sek = |minor| Money::new(minor, Currency::parse("SEK").expect("is a currency"));
        Order {
            id: OrderId(5_001),
            account: AccountId(1),
            state,
            origin: Origin::Customer,
            purpose: Purpose::Renewal,
            promo: None,
            placed: at("2026-04-27T12:00:00Z"),
            lapses: at("2026-05-11T12:00:00Z"),
            password: String::new(),
            plan: PayPlan::unstated(sek(0).currency()),
            taxed: TaxTreatment::Exempt,
            net: sek(15_900),
            tax: sek(3_975),
            gross: sek(19_875),
            lines: Vec::new(),
            charge: None,
        }
    }

    #[test]
    fn an_open_orders_invoice_can_be_paid() {
        let shown = invoice(at("2026-04-28T00:00:00Z"), &Snapshot::default(), &order(OrderState::Open));
        let text = serde_json::to_string(&shown).expect("writes");
        let wanted = r#"{"id":"inv_01hxa3b4c5d6e7f8g9h0j1k2m3","number":"5001","amount":198.75,"currencyCode":"SEK","dueAt":"2026-05-11T12:00:00.000Z","status":"unpaid","paymentUrl":"/billing?invoice=5001"}"#;
        assert_eq!(text, wanted);
    }

    #[test]
    fn an_invoice_stands_as_its_order_does() {
        let now = at("2026-05-01T00:00:00Z");
        let paid = order(OrderState::Fulfilled(now));
        let original = Invoice {
            id: InvoiceId(9),
            kind: InvoiceKind::Original,
            series: "HU".to_owned(),
            number: 7,
            ..Invoice::proforma(&paid)
        };
        let note = Invoice { kind: InvoiceKind::CreditNote { corrects: InvoiceId(9) }, ..original.clone() };
        let with = |invoices| Snapshot { invoices: [(OrderId(5_001), invoices)].into(), ..Snapshot::default() };
        for (now, seen, state, status, number) in [
            (now, with(vec![]), OrderState::Open, InvoiceStatus::Unpaid, "5001"),
            (at("2026-05-11T12:00:00Z"), with(vec![]), OrderState::Open, InvoiceStatus::Cancelled, "5001"),
            (now, with(vec![]), OrderState::Cancelled(now), InvoiceStatus::Cancelled, "5001"),
            (now, with(vec![original.clone()]), OrderState::Fulfilled(now), InvoiceStatus::Paid, "HU00000007"),
            (now, with(vec![original, note]), OrderState::Fulfilled(now), InvoiceStatus::Refunded, "HU00000007"),
        ] {
            let shown = invoice(now, &seen, &order(state));
            assert_eq!((shown.status, shown.number.as_deref()), (status, Some(number)), "{state:?}");
            assert_eq!(shown.payment_url.is_some(), status == InvoiceStatus::Unpaid, "{state:?}");
        }
    }
}
