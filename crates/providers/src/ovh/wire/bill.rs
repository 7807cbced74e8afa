//! Bills.

use serde::{Deserialize, Serialize};

use super::{
    money::{LongPrice, Price},
    scalar::{Date, DateTime, Secret},
    words,
};

words! {
    /// What a bill is for (`billing.CategoryEnum`).
    BillCategory {
        Autorenew = "autorenew",
        Earlyrenewal = "earlyrenewal",
        Purchase = "purchase",
        PurchaseCloud = "purchase-cloud",
        PurchaseServers = "purchase-servers",
        PurchaseTelecom = "purchase-telecom",
        PurchaseWeb = "purchase-web",
    }
}

/// A bill (`billing.Bill`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bill {
    /// Its number.
    pub bill_id: String,
    /// What it is for.
    pub category: BillCategory,
    /// When it was made.
    pub date: DateTime,
    /// The order it is for.
    pub order_id: i64,
    /// Opens the document.
    pub password: Secret,
    /// The document, with the password in the link.
    pub pdf_url: Secret,
    /// The total.
    pub price_with_tax: Price,
    /// The net amount.
    pub price_without_tax: Price,
    /// The tax.
    pub tax: Price,
    /// The page, with the password in the link.
    pub url: Secret,
}

/// A line of a bill (`billing.BillDetail`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BillDetail {
    /// Its id.
    pub bill_detail_id: String,
    /// What it is for.
    pub description: String,
    /// The service it is for.
    pub domain: String,
    /// Last day of the period.
    pub period_end: Option<Date>,
    /// First day of the period.
    pub period_start: Option<Date>,
    /// How many, as text.
    pub quantity: String,
    /// All of them.
    pub total_price: Price,
    /// One of them.
    pub unit_price: LongPrice,
}
