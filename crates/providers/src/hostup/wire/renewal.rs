//! The renewal of one domain: its state, ordering it, and answering to it.

use serde::{Deserialize, Serialize};

use super::domain::DomainActions;
use super::reference::{Billing, InvoiceReference};
use super::stamp::Stamp;
use crate::hostup::id::Id;

/// How the renewal of a domain stands. All that names an order or an invoice is null while none is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RenewalState {
    /// Whether an order renews it and waits for its payment.
    pub has_pending_order: bool,
    /// The order, `ord_`.
    pub order_id: Option<Id>,
    /// Its number for people.
    pub order_number: Option<String>,
    /// Its invoice, `inv_`.
    pub invoice_id: Option<Id>,
    /// The invoice's number for people.
    pub invoice_number: Option<String>,
    /// The paper that asks for the money, `inv_`: the invoice itself.
    pub proforma_id: Option<Id>,
    /// How the invoice stands, capitalised.
    pub invoice_status: Option<&'static str>,
    /// What the renewal costs, without VAT.
    pub billing: Billing,
    /// How long it renews for.
    pub renews_for: RenewsFor,
    /// When the order was placed.
    pub created_at: Option<Stamp>,
    /// The invoice.
    pub renewal_invoice: Option<InvoiceReference>,
    /// Whether the domain renews by itself.
    pub auto_renew: Option<bool>,
    /// How many days are left until its last paid one.
    pub days_until_expiry: Option<i32>,
    /// Whether a renewal is ordered, or will be soon by itself.
    pub has_upcoming_renewal: bool,
    /// What can be done.
    pub actions: DomainActions,
    /// Nothing: an old name of what `actions` says.
    pub options: [(); 0],
}

/// How long a renewal is for. The documentation knows a year only; domains are sold for more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RenewsFor {
    /// The word for it, if there is one.
    pub billing_cycle: Option<&'static str>,
    /// In months; null for weeks.
    pub months: Option<u16>,
}

/// A renewal that was ordered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Renewed {
    /// The domain, `dom_`.
    pub domain_id: Id,
    /// Always true.
    pub renewal_scheduled: bool,
    /// Always null: known once it is paid.
    pub new_expires_at: Option<Stamp>,
    /// What it costs, without VAT.
    pub billing: Billing,
    /// How long it is for.
    pub renews_for: RenewsFor,
    /// The order, `ord_`.
    pub order_id: Option<Id>,
    /// The invoice; null while it cannot be read yet.
    pub renewal_invoice: Option<InvoiceReference>,
    /// True while the invoice cannot be read yet; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoice_lookup_pending: Option<bool>,
}

/// The answer to a pending renewal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RenewalResponse {
    /// Whether it is wanted; counts before `decision`.
    pub accept: Option<bool>,
    /// The same in a word.
    pub decision: Option<Decision>,
}

/// Whether a renewal is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// It is: its invoice stays to be paid.
    Accept,
    /// It is not: its order and its invoice are withdrawn.
    Decline,
}

/// What became of a pending renewal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Responded {
    /// The domain, `dom_`.
    pub domain_id: Id,
    /// `accepted` or `declined`.
    pub decision: &'static str,
    /// Always null: reserved.
    pub new_expires_at: Option<Stamp>,
    /// The invoice that is to be paid; null where there is none any more (inferred).
    pub renewal_invoice: Option<InvoiceReference>,
}
