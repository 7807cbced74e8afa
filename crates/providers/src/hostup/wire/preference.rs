//! The account's switches that change renewals. The names of the switches are documented, the objects around them are
//! larger than what is shown here.

use serde::Serialize;

/// The switches.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Preferences {
    /// What concerns invoices and payments.
    pub billing: Billing,
    /// What concerns the place the account is in.
    pub localization: Localization,
}

/// What concerns invoices and payments.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Billing {
    /// Whether each renewal has its own invoice.
    pub separate_invoices: SeparateInvoices,
    /// Whether the saved card is charged by itself.
    pub card_auto_charge: CardAutoCharge,
    /// ISO 4217 (inferred).
    pub currency_code: &'static str,
}

/// Whether each renewal has its own invoice.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SeparateInvoices {
    /// Whether it has.
    pub enabled: bool,
}

/// Whether the saved card is charged by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CardAutoCharge {
    /// Whether the customer wants it.
    pub configured: bool,
    /// Whether it can happen.
    pub enabled: bool,
    /// Why, or why not.
    pub status: AutoChargeStatus,
}

/// Why the saved card is charged by itself, or why not. `needs_payment_method` is documented, the others are inferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AutoChargeStatus {
    /// It is.
    Enabled,
    /// It would be if there were a card.
    NeedsPaymentMethod,
    /// Nobody wants it.
    Disabled,
}

/// What concerns the place the account is in.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Localization {
    /// The zone whose days the account's terms are.
    pub timezone: String,
}
