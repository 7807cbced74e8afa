//! Documents: what an order's page, an invoice and a credit note say, once for people's browsers and once as PDF.

pub mod font;
pub mod pdf;

use jiff::Timestamp;
use perennial_core::account::{Account, Seller, TaxTreatment};
use perennial_core::calendar::{Period, Zone};
use perennial_core::invoice::{Invoice, InvoiceKind};
use perennial_core::money::{Money, MoneyError};
use perennial_core::order::{Order, OrderState};
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
    /// A line a service.
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

/// One service's renewal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The product.
    pub description: String,
    /// The service.
    pub service: String,
    /// The first day of the term.
    pub from: String,
    /// The expiry: the first day that is not paid.
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
    /// The order's own paper, which asks for its money: a proforma.
    pub fn of_order(parties: Parties<'_>, order: &Order, payment: Option<&Payment>, now: Timestamp) -> Self {
        let zone = &parties.account.zone;
        let day = |instant| zone.date_of(instant).to_string();
        let state = match order.state_at(now) {
            OrderState::Open => format!("Open: waits for its payment until {}.", moment(zone, order.lapses)),
            OrderState::Fulfilled(at) => match payment {
                Some(payment) => format!("Paid on {} by {}.", day(at), method_name(payment.kind)),
                None => format!("Paid on {}.", day(at)),
            },
            OrderState::Cancelled(at) => format!("Cancelled on {}. Nothing is to be paid.", day(at)),
            OrderState::Lapsed => "Lapsed: it was not paid in time. Nothing is to be paid.".to_owned(),
        };
        let facts = vec![
            ("Order", order.id.to_string()),
            ("Date", day(order.placed)),
            ("Customer number", parties.account.code.clone()),
            ("Period", period_in_words(order.period)),
        ];
        let lines = order.lines.iter().map(|line| Line::of(line, line.net)).collect();
        Self {
            title: format!("Order {}", order.id),
            state,
            facts,
            lines,
            issued: order.placed,
            ..Self::of_totals(parties, [order.net, order.tax, order.gross])
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
        let lines =
            order.lines.iter().map(|line| Ok(Line::of(line, signed(line.net)?))).collect::<Result<_, MoneyError>>()?;
        Ok(Self {
            title,
            state,
            facts,
            lines,
            issued: invoice.issued,
            ..Self::of_totals(parties, [invoice.net, invoice.tax, invoice.gross])
        })
    }

    /// The part that all documents have alike.
    fn of_totals(Parties { seller, account }: Parties<'_>, [net, tax, gross]: [Money; 3]) -> Self {
        let vat = |number: &String| format!("VAT number {number}");
        let mut from = vec![seller.name.clone()];
        from.extend(seller.address.iter().cloned());
        from.extend(seller.vat_number.as_ref().map(vat));
        let mut to = vec![account.name.clone(), account.country.clone()];
        to.extend(account.vat_number.as_ref().map(vat));
        let (tax_name, note) = match account.tax {
            TaxTreatment::Standard(rate) => (format!("VAT {rate}"), ""),
            TaxTreatment::ReverseCharge => ("VAT".to_owned(), "Reverse charge: the customer owes the tax."),
            TaxTreatment::Exempt => ("VAT".to_owned(), "Exempt from VAT."),
        };
        Self {
            title: String::new(),
            state: String::new(),
            seller: from,
            customer: to,
            facts: Vec::new(),
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
    fn of(line: &perennial_core::order::OrderLine, net: Money) -> Self {
        Self {
            description: line.description.clone(),
            service: line.service_name.clone(),
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

const fn method_name(kind: MethodKind) -> &'static str {
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
    use super::*;

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
