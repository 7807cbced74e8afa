//! Saved cards (documented).

use serde::{Deserialize, Serialize};

use super::stamp::Stamp;
use crate::hostup::id::Id;

/// A saved card.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Card {
    /// Which card; what paying calls `savedCardId`.
    pub id: Id,
    /// The brand, in small letters: `visa`.
    pub brand: Option<String>,
    /// The last four digits.
    pub last4: Option<String>,
    /// The last month in which it can be charged, 1 to 12.
    pub exp_month: Option<i8>,
    /// The year of that month.
    pub exp_year: Option<i16>,
    /// Who holds it.
    pub cardholder_name: Option<String>,
    /// Whether it is charged where none is named.
    pub is_primary: bool,
    /// When it was saved.
    pub added_at: Stamp,
}

/// A card to save.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewCard {
    /// What the card gateway calls it.
    pub payment_method_token: String,
    /// The last four digits.
    pub last4: Option<String>,
    /// The last month in which it can be charged, 1 to 12.
    pub exp_month: Option<i64>,
    /// The year of that month, 2000 to 9999.
    pub exp_year: Option<i64>,
    /// The brand.
    pub brand: Option<String>,
}
