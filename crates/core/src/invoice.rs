//! Invoices: what an order's documents say. Never edited; a correction is a credit note.

use jiff::Timestamp;

use crate::ids::{AccountId, InvoiceId, OrderId};
use crate::money::Money;
use crate::order::Order;

/// What kind of document it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvoiceKind {
    /// Asks for money and books nothing. It is the order's own paper, numbered by the order.
    Proforma,
    /// States a paid renewal.
    Original,
    /// Takes an original back.
    CreditNote {
        /// The original.
        corrects: InvoiceId,
    },
}

impl InvoiceKind {
    /// The word for it in SQL and replies.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Proforma => "proforma",
            Self::Original => "original",
            Self::CreditNote { .. } => "credit-note",
        }
    }
}

/// A document of money. Its lines are its order's lines; a credit note's count against it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invoice {
    /// Which document. A proforma has its order's number here.
    pub id: InvoiceId,
    /// Whose it is.
    pub account: AccountId,
    /// What kind of document.
    pub kind: InvoiceKind,
    /// Prefix of its number.
    pub series: String,
    /// Its number in the series, from 1 without gaps.
    pub number: i64,
    /// The order it is about.
    pub order: OrderId,
    /// When it was issued.
    pub issued: Timestamp,
    /// Sum of the lines, without tax; negative on a credit note.
    pub net: Money,
    /// Tax on it.
    pub tax: Money,
    /// What it says is paid.
    pub gross: Money,
}

impl Invoice {
    /// The order's proforma: made from the order, never stored, numbered as the order is.
    pub fn proforma(order: &Order) -> Self {
        Self {
            id: InvoiceId(order.id.0),
            account: order.account,
            kind: InvoiceKind::Proforma,
            series: String::new(),
            number: order.id.0,
            order: order.id,
            issued: order.placed,
            net: order.net,
            tax: order.tax,
            gross: order.gross,
        }
    }

    /// Takes a printed number apart: its series, which ends with no digit, and its place there. `None` for a text that
    /// [`number_text`](Self::number_text) does not print.
    pub fn split_number(text: &str) -> Option<(&str, i64)> {
        let series = text.trim_end_matches(|letter: char| letter.is_ascii_digit());
        let digits = text.get(series.len()..)?;
        let one_form = digits.len() == 8 || (digits.len() > 8 && !digits.starts_with('0'));
        one_form.then(|| digits.parse().ok()).flatten().map(|number| (series, number))
    }

    /// The number as printed: the series and at least eight digits.
    pub fn number_text(&self) -> String {
        match self.kind {
            InvoiceKind::Proforma => self.number.to_string(),
            InvoiceKind::Original | InvoiceKind::CreditNote { .. } => format!("{}{:08}", self.series, self.number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_number_has_one_form() {
        for (text, parts) in [
            ("FR00000001", Some(("FR", 1))),
            ("F2026-123456789", Some(("F2026-", 123_456_789))),
            ("00000007", Some(("", 7))),
            ("FR1", None),
            ("FR012345678", None),
            ("FR", None),
            ("", None),
            ("FR99999999999999999999", None),
        ] {
            assert_eq!(Invoice::split_number(text), parts, "{text}");
        }
    }
}
