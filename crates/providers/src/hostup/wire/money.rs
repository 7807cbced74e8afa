//! What was paid, what moved the credit, and putting more of it on.

use serde::{Deserialize, Serialize};

use super::reference::InvoiceReference;
use super::stamp::Stamp;
use crate::common::amount::{Amount, Decimal};
use crate::hostup::id::Id;

/// A page of billing activity (documented).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Activity {
    /// What kind of rows these are.
    pub kind: ActivityKind,
    /// The rows, newest first.
    pub entries: Vec<Entry>,
    /// Whether there is a page after this one.
    pub has_more: bool,
}

/// What kind of rows are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ActivityKind {
    /// Payments of invoices.
    Transaction,
    /// What moved the credit.
    Credit,
}

impl ActivityKind {
    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "transaction" => Some(Self::Transaction),
            "credit" => Some(Self::Credit),
            _ => None,
        }
    }
}

/// A row of billing activity.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Which row.
    pub id: Id,
    /// What it was, in words.
    pub description: String,
    /// What it was paid with.
    pub method: Option<&'static str>,
    /// The same in words.
    pub method_label: Option<&'static str>,
    /// How much, with its sign.
    pub amount: Amount,
    /// ISO 4217.
    pub currency_code: &'static str,
    /// When.
    pub created_at: Stamp,
    /// The invoice it belongs to.
    pub invoice_id: Option<Id>,
    /// That invoice's number.
    pub invoice_number: Option<String>,
}

/// The account's credit (inferred).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Credit {
    /// How much there is.
    pub amount: Amount,
    /// ISO 4217.
    pub currency_code: &'static str,
}

/// How much credit is to be bought (documented).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AddFundsRequest {
    /// How much, in major units.
    pub amount: Decimal,
}

/// The invoice for credit (documented).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AddedFunds {
    /// What is to be paid.
    pub invoice: InvoiceReference,
    /// Where a payment link for it is made, relative.
    pub payment_link_generator_url: String,
}
