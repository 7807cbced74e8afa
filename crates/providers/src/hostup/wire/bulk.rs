//! Work on many domains, and the operations that clients ask about afterwards.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::hostup::id::Id;

/// Domains to renew.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BulkRenew {
    /// Their ids.
    pub domain_ids: Vec<String>,
}

/// What became of a request to renew domains. All members are there in both variants.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BulkRenewed {
    /// The work; null where there was none to do.
    pub operation: Option<Operation>,
    /// How many domains are renewed.
    pub domains_queued: Option<usize>,
    /// How many are not.
    pub domains_skipped: usize,
    /// Those that are not.
    pub skipped: Vec<Skipped>,
    /// Whether none is renewed.
    pub all_skipped: bool,
}

/// A domain that is not renewed with the others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Skipped {
    /// The id that was sent.
    pub domain_id: Option<String>,
    /// The domain; null for one that the caller does not have.
    pub domain_name: Option<String>,
    /// Why, for people.
    pub reason: String,
    /// The order that stands in its way.
    pub order_number: Option<String>,
    /// That order's invoice, `inv_`.
    pub invoice_id: Option<Id>,
}

/// A piece of work on many domains.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Operation {
    /// `completed`: the work is done before it is answered.
    pub status: &'static str,
    /// Its report, `job_`.
    pub job_id: Id,
    /// Where that is read; no `v2` in it (documented).
    pub poll_url: String,
    /// What came of it.
    pub result: Option<Value>,
}

/// What came of a bulk renewal: one order and one invoice. The members are those of the legacy API's jobs, the ids those
/// of this API (inferred).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BulkRenewResult {
    /// The order, `ord_`.
    pub order_id: Id,
    /// Its number for people.
    pub order_number: String,
    /// Its invoice, `inv_`.
    pub invoice_id: Id,
    /// The paper that asks for the money: the invoice itself.
    pub proforma_id: Id,
    /// Where it is paid.
    pub redirect_url: String,
    /// How many domains are renewed.
    pub domains_renewed: usize,
    /// How many are not.
    pub domains_skipped: usize,
    /// Those that are not.
    pub skipped: Vec<Skipped>,
}

/// Domains to renew by themselves, or not.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BulkAutoRenew {
    /// Their ids.
    pub domain_ids: Vec<String>,
    /// Whether they renew by themselves.
    pub enabled: bool,
    /// Whether their pending renewals are withdrawn, too.
    pub confirm_cancel_pending: Option<bool>,
}

/// A change of many domains that was made.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BulkChanged {
    /// The work.
    pub operation: Operation,
    /// How many domains it was about. The name is inferred from a sibling.
    pub domains_queued: usize,
}

/// What came of switching automatic renewal for many domains. Its form is inferred.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BulkAutoRenewResult {
    /// Whether they renew by themselves now.
    pub enabled: bool,
    /// How many domains were named.
    pub domains_updated: usize,
    /// How many pending orders were withdrawn.
    pub orders_cancelled: usize,
}

/// The question whether pending renewals are to be withdrawn. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PendingOrdersFound {
    /// Always true.
    pub pending_orders_found: bool,
    /// The pending renewals, a line each: also of domains that were not named, which their orders renew as well.
    pub pending_orders: Vec<PendingRenewal>,
}

/// A line of a pending renewal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PendingRenewal {
    /// The domain, `dom_`; null for a service that is none.
    pub domain_id: Option<Id>,
    /// Its name, or that of the service.
    pub domain_name: Option<String>,
    /// The order, `ord_`.
    pub order_id: Id,
    /// Its number for people.
    pub order_number: String,
    /// Its invoice, `inv_`.
    pub invoice_id: Id,
    /// The invoice's number for people.
    pub invoice_number: String,
}
