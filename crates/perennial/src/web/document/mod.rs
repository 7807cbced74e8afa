//! Documents: what an order's page, an invoice and a credit note say, once for people's browsers and once as PDF.

pub mod font;
pub mod paper;
pub mod pdf;

use std::convert::Infallible;

use jiff::Timestamp;
use perennial_core::account::{Account, Seller, TaxTreatment};
use perennial_core::calendar::{Period, Zone};
use perennial_core::invoice::{Invoice, InvoiceKind};
use perennial_core::money::{Money, MoneyError};
use perennial_core::order::{Order, OrderLine, OrderState, Purpose};
use perennial_core::payment::{MethodKind, Payment};

/// A document as it is shown, every value in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// `Invoice FR00000001`.
    pub title: String,
    /// Where an order stands; one sentence.
    pub state: String,
    /// Who sells: name, address, VAT number.
    pub seller: Vec<String>,
    /// Who buys.
    pub customer: Vec<String>,
    /// Dates and numbers, with their names.
    pub facts: Vec<(&'static str, String)>,
    /// What the lines are.
    pub caption: &'static str,
    /// A line a service; one line in all for a deposit.
    pub lines: Vec<Line>,
    /// Sum without tax.
    pub net: String,
    /// `VAT 20 %`.
    pub tax_name: String,
    /// The tax.
    pub tax: String,
    /// What is or was to be paid.
    pub gross: String,
    /// What the law wants said, if it does.
    pub note: &'static str,
    /// When it was made.
    pub issued: Timestamp,
}

/// One service's renewal or first term, or a deposit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The product.
    pub description: String,
    /// The service; with its period, where not all lines have the same one. Empty for a deposit.
    pub service: String,
    /// The first day of the term; empty for a deposit.
    pub from: String,
    /// The expiry: the first day that is not paid; empty for a deposit.
    pub until: String,
    /// The price without tax.
    pub net: String,
}

/// Who stands on a document.
#[derive(Clone, Copy, Debug)]
pub struct Parties<'a> {
    /// Who sells.
    pub seller: &'a Seller,
    /// Who buys.
    pub account: &'a Account,
}

impl Document {
    /// A name for it as a file, such as `invoice-fr00000001.pdf`.
    pub fn file_name(&self) -> String {
        format!("{}.pdf", self.title.to_lowercase().replace(' ', "-"))
    }

    /// The order's own paper, which asks for its money: a proforma.
    pub fn of_order(parties: Parties<'_>, order: &Order, payment: Option<&Payment>, now: Timestamp) -> Self {
        let zone = &parties.account.zone;
        let day = |instant| zone.date_of(instant).to_string();
        let state = match order.state_at(now) {
            OrderState::Open => format!("Open: waits for its payment until {}.", moment(zone, order.lapses)),
            OrderState::Fulfilled(at) => match payment {
                Some(payment) => format!("Paid on {} by {}.", day(at), paid_with(payment)),
                None => format!("Paid on {}.", day(at)),
            },
            OrderState::Cancelled(at) => format!("Cancelled on {}. Nothing is to be paid.", day(at)),
            OrderState::Lapsed => "Lapsed: it was not paid in time. Nothing is to be paid.".to_owned(),
        };
        let mut facts = vec![
            ("Order", order.id.to_string()),
            ("Date", day(order.placed)),
            ("Customer number", parties.account.code.clone()),
        ];
        facts.extend(order.period().map(|period| ("Period", period_in_words(period))));
        facts.extend(order.promo.clone().map(|code| ("Promo code", code)));
        Self {
            title: format!("Order {}", order.id),
            state,
            facts,
            lines: Line::all(order, Ok::<_, Infallible>).unwrap_or_else(|never| match never {}),
            issued: order.placed,
            ..Self::of_totals(parties, order, [order.net, order.tax, order.gross])
        }
    }

    /// An original invoice, or the credit note that takes it back; `corrects` is the number of what is taken back.
    ///
    /// # Errors
    /// [`MoneyError`] when an amount has no opposite.
    pub fn of_invoice(
        parties: Parties<'_>,
        invoice: &Invoice,
        corrects: Option<&str>,
        order: &Order,
    ) -> Result<Self, MoneyError> {
        let number = invoice.number_text();
        let issued = parties.account.zone.date_of(invoice.issued).to_string();
        let (title, state) = match invoice.kind {
            InvoiceKind::CreditNote { .. } => {
                (format!("Credit note {number}"), "Credited to the balance. The paid term stays.".to_owned())
            }
            InvoiceKind::Original | InvoiceKind::Proforma => (format!("Invoice {number}"), "Paid.".to_owned()),
        };
        let mut facts = vec![("Number", number), ("Date", issued), ("Customer number", parties.account.code.clone())];
        facts.extend(corrects.map(|corrects| ("Corrects invoice", corrects.to_owned())));
        facts.push(("Order", order.id.to_string()));
        let signed = |net: Money| if corrects.is_some() { net.negated() } else { Ok(net) };
        let lines = Line::all(order, signed)?;
        Ok(Self {
            title,
            state,
            facts,
            lines,
            issued: invoice.issued,
            ..Self::of_totals(parties, order, [invoice.net, invoice.tax, invoice.gross])
        })
    }

    /// The part that all documents have alike.
    fn of_totals(Parties { seller, account }: Parties<'_>, order: &Order, [net, tax, gross]: [Money; 3]) -> Self {
        let vat = |number: &String| format!("VAT number {number}");
        let mut from = vec![seller.name.clone()];
        from.extend(seller.address.iter().cloned());
        from.extend(seller.vat_number.as_ref().map(vat));
        let mut to = vec![account.name.clone(), account.country.clone()];
        to.extend(account.vat_number.as_ref().map(vat));
        let (tax_name, note) = match (order.purpose, order.taxed) {
            (Purpose::Deposit, _) => {
                ("VAT".to_owned(), "No VAT is due on a deposit: it is due on what is bought with it.")
            }
            (_, TaxTreatment::Standard(rate)) => (format!("VAT {rate}"), ""),
            (_, TaxTreatment::ReverseCharge) => ("VAT".to_owned(), "Reverse charge: the customer owes the tax."),
            (_, TaxTreatment::Exempt) => ("VAT".to_owned(), "Exempt from VAT."),
        };
        let caption = match order.purpose {
            Purpose::Renewal => "Renewed services",
            Purpose::Purchase => "New services",
            Purpose::Deposit => "Deposit",
        };
        Self {
            title: String::new(),
            state: String::new(),
            seller: from,
            customer: to,
            facts: Vec::new(),
            caption,
            lines: Vec::new(),
            net: net.to_string(),
            tax_name,
            tax: tax.to_string(),
            gross: gross.to_string(),
            note,
            issued: Timestamp::UNIX_EPOCH,
        }
    }
}

impl Line {
    /// The lines of an order; a deposit has none of its own, and is shown as one. `shown` is what is shown of an amount.
    fn all<E>(order: &Order, shown: impl Fn(Money) -> Result<Money, E>) -> Result<Vec<Self>, E> {
        if order.purpose == Purpose::Deposit {
            let description = "Deposit to the balance".to_owned();
            let (service, from, until) = (String::new(), String::new(), String::new());
            return Ok(vec![Self { description, service, from, until, net: shown(order.net)?.to_string() }]);
        }
        let in_common = order.period().is_some();
        order.lines.iter().map(|line| Ok(Self::of(line, in_common, shown(line.net)?))).collect()
    }

    fn of(line: &OrderLine, in_common: bool, net: Money) -> Self {
        let name = &line.service_name;
        let service = match line.period {
            Some(period) if !in_common => format!("{name}, {}", period_in_words(period)),
            _ => name.clone(),
        };
        Self {
            description: line.description.clone(),
            service,
            from: line.term.from().to_string(),
            until: line.term.until().to_string(),
            net: net.to_string(),
        }
    }
}

/// An instant as people of a zone read it: `2026-11-23 11:03:50+01:00`.
fn moment(zone: &Zone, instant: Timestamp) -> String {
    let to_the_second = Timestamp::from_second(instant.as_second()).unwrap_or(instant);
    zone.render(to_the_second).replacen('T', " ", 1)
}

fn period_in_words(period: Period) -> String {
    let (count, unit) = match period {
        Period::Weeks(count) => (count.get(), "week"),
        Period::Months(count) if count.get() % 12 == 0 => (count.get() / 12, "year"),
        Period::Months(count) => (count.get(), "month"),
    };
    if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") }
}

fn paid_with(payment: &Payment) -> String {
    let kind = method_name(payment.kind);
    let part = payment.from_balance;
    if part.is_zero() { kind.to_owned() } else { format!("{kind}, {part} of it from the balance") }
}

/// What people call a kind of paying.
pub const fn method_name(kind: MethodKind) -> &'static str {
    match kind {
        MethodKind::Balance => "balance",
        MethodKind::CreditLine => "credit line",
        MethodKind::Card => "card",
        MethodKind::PayPal => "PayPal",
        MethodKind::BankTransfer => "bank transfer",
        MethodKind::Bitcoin => "bitcoin",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use perennial_core::account::Standing;
    use perennial_core::calendar::{AnchorDay, Term};
    use perennial_core::ids::{AccountId, OrderId, ServiceId};
    use perennial_core::money::{Currency, Rate};
    use perennial_core::order::{Origin, PayPlan};

    use super::*;

    fn eur(minor: i64) -> Money {
        Money::new(minor, Currency::EUR)
    }

    fn at() -> Timestamp {
        "2026-11-22T12:00:00Z".parse().expect("is an instant")
    }

    fn account() -> Account {
        Account {
            id: AccountId(1),
            code: "demo".to_owned(),
            name: "Ivan Petrov".to_owned(),
            email: "ivan@example.net".to_owned(),
            country: "BG".to_owned(),
            vat_number: None,
            currency: Currency::EUR,
            tax: TaxTreatment::Standard(Rate::from_ppm(200_000)),
            zone: Zone::UTC,
            credit_limit: eur(0),
            standing: Standing::Customer,
            page_password: None,
            joint_orders: false,
            align_day: None,
            facts: BTreeMap::new(),
            created: at(),
        }
    }

    fn line(service: i64, period: Option<&str>) -> OrderLine {
        let from = "2026-12-12".parse().expect("is a date");
        let period = period.map(|period| Period::parse(period).expect("is a period"));
        let term = period.unwrap_or(Period::parse("P1W").expect("is a period"));
        OrderLine {
            service: ServiceId(service),
            service_name: format!("s{service}"),
            description: "Cloud VPS 2 GB".to_owned(),
            period,
            term: Term::following(from, term, AnchorDay::of(from)).expect("is a term"),
            list: eur(1_000),
            net: eur(1_000),
            tax: eur(200),
        }
    }

    fn order(purpose: Purpose, lines: Vec<OrderLine>) -> Order {
        Order {
            id: OrderId(7),
            account: AccountId(1),
            state: OrderState::Fulfilled(at()),
            origin: Origin::Customer,
            purpose,
            promo: None,
            placed: at(),
            lapses: at(),
            password: String::new(),
            plan: PayPlan::unstated(Currency::EUR),
            taxed: TaxTreatment::Standard(Rate::from_ppm(200_000)),
            net: eur(1_000),
            tax: eur(200),
            gross: eur(1_200),
            lines,
            charge: None,
        }
    }

    fn shown(order: &Order, payment: Option<&Payment>) -> Document {
        let (seller, account) = (Seller::default(), account());
        Document::of_order(Parties { seller: &seller, account: &account }, order, payment, at())
    }

    #[test]
    fn a_period_stands_once_where_all_lines_have_it_and_else_with_each_line() {
        for (periods, fact, services) in [
            ([Some("P3M"), Some("P3M")], Some("3 months"), ["s1", "s2"]),
            ([Some("P1Y"), Some("P1M")], None, ["s1, 1 year", "s2, 1 month"]),
            ([Some("P1M"), None], None, ["s1, 1 month", "s2"]),
        ] {
            let lines = (1..).zip(periods).map(|(service, period)| line(service, period)).collect();
            let document = shown(&order(Purpose::Renewal, lines), None);
            let found = document.facts.iter().find(|(name, _)| *name == "Period").map(|(_, value)| value.as_str());
            assert_eq!(found, fact, "{periods:?}");
            assert_eq!(document.lines.iter().map(|line| line.service.as_str()).collect::<Vec<_>>(), services);
        }
    }

    #[test]
    fn a_paper_names_the_tax_of_the_day_on_which_its_order_was_priced() {
        for (taxed, name) in [
            (TaxTreatment::Standard(Rate::from_ppm(250_000)), "VAT 25 %"),
            (TaxTreatment::Standard(Rate::from_ppm(200_000)), "VAT 20 %"),
            (TaxTreatment::ReverseCharge, "VAT"),
        ] {
            let priced = Order { taxed, ..order(Purpose::Renewal, vec![line(1, Some("P1M"))]) };
            let document = shown(&priced, None);
            assert_eq!((document.tax_name.as_str(), document.note.is_empty()), (name, name != "VAT"), "{taxed:?}");
        }
    }

    #[test]
    fn a_deposit_is_one_line_without_tax_and_a_purchase_says_that_it_is_one() {
        let deposit = Order { tax: eur(0), gross: eur(1_000), ..order(Purpose::Deposit, Vec::new()) };
        let document = shown(&deposit, None);
        let line = &document.lines[0];
        assert_eq!((document.lines.len(), line.description.as_str()), (1, "Deposit to the balance"));
        assert_eq!([&line.service, &line.from, &line.until], ["", "", ""]);
        assert_eq!([&line.net, &document.tax, &document.gross], ["10.00 EUR", "0.00 EUR", "10.00 EUR"]);
        assert!(document.tax_name == "VAT" && document.note.starts_with("No VAT is due on a deposit"));
        assert!(pdf::render(&document).is_ok_and(|pdf| pdf.starts_with(b"%PDF")));
        assert_eq!(shown(&order(Purpose::Purchase, vec![self::line(1, Some("P1M"))]), None).caption, "New services");
    }

    #[test]
    fn a_payment_says_what_of_it_came_from_the_balance() {
        let order = order(Purpose::Renewal, vec![line(1, Some("P1M"))]);
        for (part, said) in
            [(0, "Paid on 2026-11-22 by card."), (500, "Paid on 2026-11-22 by card, 5.00 EUR of it from the balance.")]
        {
            let payment = Payment {
                order: order.id,
                account: order.account,
                kind: MethodKind::Card,
                method: None,
                amount: order.gross,
                from_balance: eur(part),
                at: at(),
            };
            assert_eq!(shown(&order, Some(&payment)).state, said);
        }
    }

    #[test]
    fn periods_and_moments_are_in_words() {
        for (period, words) in [("P1W", "1 week"), ("P3M", "3 months"), ("P1Y", "1 year"), ("P24M", "2 years")] {
            assert_eq!(period_in_words(Period::parse(period).expect("is a period")), words);
        }
        let zone = Zone::parse("Europe/Paris").expect("is a zone");
        let instant = "2026-11-23T10:03:50.28Z".parse().expect("is an instant");
        assert_eq!(moment(&zone, instant), "2026-11-23 11:03:50+01:00");
    }
}

#[cfg(test)]
pub mod sample {
    //! A document to test with.

    use super::{Document, Line};

    /// A document with so many lines.
    pub fn document(lines: usize) -> Document {
        Document {
            title: "Invoice FR00000001".to_owned(),
            state: "Paid.".to_owned(),
            seller: vec!["Seller & Sons".to_owned(), "1 Rehearsal Street".to_owned(), "59100 Roubaix".to_owned()],
            customer: vec!["Zoë Ångström-Ćwik".to_owned(), "FR".to_owned()],
            facts: vec![("Number", "FR00000001".to_owned()), ("Date", "2026-11-22".to_owned())],
            caption: "Renewed services",
            lines: (1..=lines)
                .map(|number| Line {
                    description: "Hosting Perso 2014".to_owned(),
                    service: format!("a-very-long-name-of-a-hosting-plan-{number}.cluster001.hosting.example.net"),
                    from: "2026-12-12".to_owned(),
                    until: "2027-12-12".to_owned(),
                    net: "35.88 EUR".to_owned(),
                })
                .collect(),
            net: "37.87 EUR".to_owned(),
            tax_name: "VAT 20 %".to_owned(),
            tax: "7.57 EUR".to_owned(),
            gross: "45.44 EUR".to_owned(),
            note: "",
            issued: "2026-11-22T00:00:00Z".parse().expect("is an instant"),
        }
    }
}
