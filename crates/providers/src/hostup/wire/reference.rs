//! What every object shows alike: lists, references to invoices, gates, billing.

use serde::{Deserialize, Serialize};

use super::stamp::Stamp;
use crate::common::amount::Amount;
use crate::hostup::id::Id;

/// A request without fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoFields {}

/// A list with a cursor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct List<T> {
    /// The items.
    pub data: Vec<T>,
    /// Where the next page begins; null on the last one.
    pub next_cursor: Option<String>,
}

/// A reference to an invoice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InvoiceReference {
    /// Its id, `inv_`.
    pub id: Id,
    /// Its number for people.
    pub number: Option<String>,
    /// What it asks for, with VAT.
    pub amount: Option<Amount>,
    /// ISO 4217.
    pub currency_code: &'static str,
    /// Until when it is to be paid.
    pub due_at: Option<Stamp>,
    /// How it stands.
    pub status: InvoiceStatus,
    /// A page of the panel, relative: `/billing?invoice=202600001`. Null where there is nothing to pay (inferred).
    pub payment_url: Option<String>,
}

/// How an invoice stands. The documentation has `collections` and `unknown` besides, which do not come up here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum InvoiceStatus {
    /// It waits for its payment.
    Unpaid,
    /// It is paid.
    Paid,
    /// It was withdrawn, or not paid in time.
    Cancelled,
    /// It was paid and taken back.
    Refunded,
}

impl InvoiceStatus {
    /// The back office's spelling, capitalised: `Unpaid`.
    pub const fn capitalised(self) -> &'static str {
        match self {
            Self::Unpaid => "Unpaid",
            Self::Paid => "Paid",
            Self::Cancelled => "Cancelled",
            Self::Refunded => "Refunded",
        }
    }
}

/// An order that is to renew something, and waits for its payment. All but `id` is inferred.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PendingOrder {
    /// Its id, `ord_`.
    pub id: Id,
    /// Its number for people.
    pub number: String,
    /// Its invoice, `inv_`.
    pub invoice_id: Id,
    /// The invoice's number for people.
    pub invoice_number: Option<String>,
    /// What its invoice asks for, with VAT.
    pub amount: Amount,
    /// ISO 4217.
    pub currency_code: &'static str,
    /// How it stands: `pending`.
    pub status: &'static str,
    /// When it was placed.
    pub created_at: Stamp,
}

/// Whether something can be done now, and why not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gate {
    /// Whether it can.
    pub allowed: bool,
    /// Why not, for people.
    pub reason: Option<String>,
    /// Why not, for programs. Absent where there is no code, also behind a closed gate (documented).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
}

impl Gate {
    /// An open gate.
    pub const OPEN: Self = Self { allowed: true, reason: None, code: None };

    /// A closed gate.
    pub fn closed(reason: impl Into<String>, code: Option<&'static str>) -> Self {
        Self { allowed: false, reason: Some(reason.into()), code }
    }
}

/// Whether something can be renewed, as a refusal tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RenewActions {
    /// Renewing it: closed.
    pub can_renew_now: Gate,
}

/// Whether something can be let renew by itself, as a refusal tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EnableActions {
    /// Letting it renew by itself: closed.
    pub can_enable_auto_renew: Gate,
}

/// What something costs each time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Billing {
    /// Without VAT.
    pub amount: Option<Amount>,
    /// ISO 4217.
    pub currency_code: &'static str,
    /// How often; null where the API has no word for it.
    pub billing_cycle: Option<&'static str>,
}
