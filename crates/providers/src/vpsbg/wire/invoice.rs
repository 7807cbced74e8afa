//! Papers of money: proformas, originals and credit notes.

use serde::{Deserialize, Serialize};

use super::stamp::Stamp;
use crate::common::amount::Amount;

/// A paper.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Invoice {
    /// Its id; papers of all kinds share one row of ids.
    pub id: i64,
    /// Ten digits with leading zeros: a proforma has its order's number.
    pub invoice_number: String,
    /// Midnight of its day, where the account is.
    pub created_at: Stamp,
    /// What it says is to be paid, or was paid from outside, without VAT.
    pub amount: Amount,
    /// The same with VAT.
    pub amount_with_vat: Amount,
    /// What kind of paper.
    #[serde(rename = "type")]
    pub invoice_type: InvoiceType,
    /// The orders that it is about.
    pub order_ids: Vec<i64>,
}

/// What kind of paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum InvoiceType {
    /// Asks for money. The spelling is the provider's.
    Proform,
    /// States what was paid.
    Original,
    /// Takes an original back. The word is unverified.
    CreditNote,
}

/// Which papers are wanted as one file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct DownloadRequest {
    /// Which papers.
    pub invoice_ids: Vec<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_of_paper_has_its_word() {
        let words = [InvoiceType::Proform, InvoiceType::Original, InvoiceType::CreditNote];
        assert_eq!(serde_json::to_string(&words).expect("writes"), r#"["proform","original","credit-note"]"#);
    }
}
