//! What is read of the provider's replies: the fields that are needed and no others, whatever else is there. Words of
//! enumerations are read where they are used, so that one which is new spoils nothing that does not need it.

use jiff::Timestamp;
use perennial_core::calendar::Period;
use perennial_core::money::{Currency, Money};
use serde::Deserialize;

use crate::common::amount::Decimal;
use crate::hostup::wire::cycle::{Years, period_of_cycle};

/// A list. One that is a bare array (documented for cards) is read as one without a next page.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct List<T> {
    pub data: Vec<T>,
    pub next_cursor: Option<String>,
}

/// Something of which only that it is there counts.
#[derive(Debug, Deserialize)]
pub(super) struct Anything {}

/// A refusal (RFC 7807). Only the code means something to programs.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Problem {
    pub code: Option<String>,
    pub title: Option<String>,
    pub detail: Option<String>,
}

/// A domain, hosting account or VPS, in a list or on its own.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Item {
    pub id: String,
    pub name: Option<String>,
    pub service_status: Option<String>,
    pub lifecycle: Option<Lifecycle>,
    pub billing: Option<Billing>,
    pub created_at: Option<String>,
    pub expires_at: Option<String>,
    pub tags: Option<Vec<String>>,
    pub addons: Option<Vec<Addon>>,
    pub pending_renewal_order: Option<PendingOrder>,
    pub actions: Option<Actions>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Lifecycle {
    pub auto_renew_enabled: Option<bool>,
    pub transfer_in_progress: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Billing {
    pub amount: Option<Decimal>,
    pub currency_code: Option<String>,
    #[serde(rename = "billingCycle")]
    pub cycle: Option<String>,
    pub period_years: Option<Years>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Addon {
    pub name: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PendingOrder {
    pub id: Option<String>,
    pub invoice_id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Actions {
    pub can_renew_now: Option<Gate>,
}

/// Whether something can be done now. The code may be absent behind a closed gate (documented example).
#[derive(Debug, Deserialize)]
pub(super) struct Gate {
    pub allowed: bool,
    pub reason: Option<String>,
    pub code: Option<String>,
}

/// How the renewal of a domain stands.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Renewal {
    pub has_pending_order: bool,
    pub order_id: Option<String>,
    pub invoice_id: Option<String>,
    #[serde(rename = "renewalInvoice")]
    pub shown: Option<Invoice>,
    pub billing: Option<Billing>,
    pub renews_for: Option<RenewsFor>,
    pub actions: Option<Actions>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RenewsFor {
    pub billing_cycle: Option<String>,
    pub months: Option<u16>,
}

/// A renewal that was ordered, of a domain or of anything else.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Renewed {
    pub domain_id: Option<String>,
    pub account_id: Option<String>,
    pub vps_id: Option<String>,
    pub renewal_scheduled: bool,
    pub new_expires_at: Option<String>,
    pub order_id: Option<String>,
    pub renewal_invoice: Option<Invoice>,
}

/// A reference to an invoice, or the whole of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Invoice {
    pub id: Option<String>,
    pub amount: Option<Decimal>,
    pub currency_code: Option<String>,
    pub status: Option<String>,
    pub order_id: Option<String>,
    pub line_items: Option<Vec<LineItem>>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct LineItem {
    pub description: Option<String>,
}

/// An order. Items, payment and the time of placing are inferred, and may be absent.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Order {
    pub id: String,
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub status: Option<String>,
    pub invoice_id: Option<String>,
    pub invoice: Option<Invoice>,
    pub billing: Option<Billing>,
    pub items: Option<Vec<OrderItem>>,
    pub payment: Option<OrderPayment>,
    pub created_at: Option<String>,
    pub client: Option<Owner>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OrderItem {
    pub service_id: Option<String>,
    pub name: Option<String>,
    pub description: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OrderPayment {
    pub paid_at: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Owner {
    pub id: Option<String>,
    pub email: Option<String>,
}

/// The account's credit (inferred).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Credit {
    pub amount: Option<Decimal>,
    pub currency_code: Option<String>,
}

/// A saved card.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Card {
    pub id: String,
    pub is_primary: Option<bool>,
}

/// How an invoice stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paper {
    /// It waits for its payment.
    Open,
    /// It is paid.
    Paid,
    /// It was withdrawn.
    Gone,
    /// It was paid and taken back.
    Refunded,
}

impl Invoice {
    /// How it stands; none for words that say nothing (`unknown`) or are not known. Some pages write them with a capital.
    pub fn paper(&self) -> Option<Paper> {
        match self.status.as_deref()?.to_ascii_lowercase().as_str() {
            "unpaid" | "collections" => Some(Paper::Open),
            "paid" => Some(Paper::Paid),
            "cancelled" => Some(Paper::Gone),
            "refunded" => Some(Paper::Refunded),
            _ => None,
        }
    }

    /// What it asks for, tax included; none where it does not tell.
    pub fn gross(&self) -> Result<Option<Money>, String> {
        money(self.amount.as_ref(), self.currency_code.as_deref())
    }
}

impl Billing {
    /// What each time costs, without tax; none where that is not told.
    pub fn net(&self) -> Result<Option<Money>, String> {
        money(self.amount.as_ref(), self.currency_code.as_deref())
    }

    /// How long each time is, where there is a word or a number for it.
    pub fn period(&self) -> Option<Period> {
        let years = self.period_years.and_then(|Years(years)| Period::months(years.checked_mul(12)?));
        years.or_else(|| period_of_cycle(self.cycle.as_deref()?))
    }
}

impl RenewsFor {
    /// How long it is.
    pub fn period(&self) -> Option<Period> {
        self.months.and_then(Period::months).or_else(|| period_of_cycle(self.billing_cycle.as_deref()?))
    }
}

/// An amount in major units, exact; none where there is none.
pub(super) fn money(amount: Option<&Decimal>, currency: Option<&str>) -> Result<Option<Money>, String> {
    let Some(amount) = amount else { return Ok(None) };
    let currency = Currency::parse(currency.unwrap_or_default()).map_err(|error| error.to_string())?;
    amount.money(currency).map(Some).map_err(|error| error.to_string())
}

/// An instant as it is written here.
pub(super) fn instant(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| format!("`{text}` is not an instant"))
}
