//! The legacy API: its envelope, its refusals, and what of it concerns the renewal of domains. `snake_case`, mostly.

use serde::Serialize;
use serde_json::Value;

use super::stamp::Stamp;
use crate::hostup::id::Id;

/// The envelope of every answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Envelope<T> {
    /// Always true: refusals have another shape.
    pub success: bool,
    /// When.
    pub timestamp: Stamp,
    /// The request, in the form of a UUID.
    pub request_id: String,
    /// The answer.
    pub data: T,
}

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Refusal {
    /// A title for people.
    pub error: &'static str,
    /// What is the matter, for people.
    pub message: String,
    /// The code, in capitals.
    pub code: String,
    /// How many seconds to wait, as text; on 429 only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<String>,
    /// When.
    pub timestamp: Stamp,
    /// The request, in the form of a UUID.
    pub request_id: String,
}

/// The domains of the caller, a page of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Domains {
    /// The domains.
    pub domains: Vec<Domain>,
    /// How many there are on all pages.
    pub total: usize,
    /// Which page it is, from 0.
    pub page: usize,
    /// How many a page has.
    pub limit: usize,
}

/// What is sold anew: nothing. The form is inferred from what the provider's own module reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Products {
    /// The top-level domains.
    pub tlds: [(); 0],
}

/// A domain in the list. The form is inferred from what the provider's own module reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Domain {
    /// Its number.
    pub id: i64,
    /// The domain.
    pub name: String,
    /// Where it is in its life, capitalised: `Active`.
    pub status: String,
    /// Its last paid day.
    pub expires: String,
    /// The day on which its renewal falls due.
    pub next_due: String,
    /// Whether it renews by itself, `1` or `0`.
    pub autorenew: &'static str,
    /// For how many years it is renewed, as text; null for what is no whole years.
    pub period: Option<String>,
    /// What that costs, without VAT, as text.
    pub recurring_amount: Option<String>,
    /// ISO 4217.
    pub currency: &'static str,
}

/// One domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Details {
    /// The domain.
    pub details: Detail,
}

/// One domain. The form is inferred from what the provider's own module reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Detail {
    /// What the list has of it.
    #[serde(flatten)]
    pub domain: Domain,
    /// The day on which it was registered.
    pub date_created: String,
    /// Its name servers, by name.
    pub nameservers: Vec<String>,
    /// Whether it renews by itself, `1` or `0`, in another word.
    pub registry_autorenew: &'static str,
    /// The open order that is to renew it; null where there is none.
    pub order_id: Option<String>,
}

/// A renewal that was ordered, or one that was open already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Renewed {
    /// Always true.
    pub success: bool,
    /// The order's number.
    pub order_id: i64,
    /// The invoice's number.
    pub invoice_id: String,
    /// Where it is paid.
    pub redirect_url: String,
    /// What happened, for people.
    pub message: &'static str,
    /// True where the renewal was ordered before and waits for its payment; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub existing_invoice: Option<bool>,
    /// The domain.
    pub domain_name: String,
    /// The order's number for people.
    pub order_number: String,
    /// How the invoice stands, capitalised.
    pub invoice_status: &'static str,
    /// What it asks for, with VAT.
    pub total: String,
    /// When the order was placed: `2026-02-10 00:00:00`.
    pub date_created: String,
}

/// The pending renewal of a domain, if there is one; everything but the first member is absent otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PendingRenewal {
    /// Whether there is one.
    pub has_pending_order: bool,
    /// What is known of it.
    #[serde(flatten)]
    pub order: Option<PendingOrder>,
}

/// An order that is to renew a domain and waits for its payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PendingOrder {
    /// Its number.
    pub order_id: String,
    /// Its number for people.
    pub order_number: String,
    /// Its invoice's number.
    pub invoice_id: String,
    /// The number of the paper that asks for the money: the invoice's.
    pub proforma_id: String,
    /// How the invoice stands, capitalised.
    pub invoice_status: &'static str,
    /// What it asks for, with VAT.
    pub total: String,
    /// When the order was placed: `2026-02-10 00:00:00`.
    pub date_created: String,
}

/// The report of a piece of work on many domains.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "the fields are those of the wire")]
pub struct Job {
    /// Which one, `job_`.
    pub job_id: Id,
    /// The queue that it was in.
    pub queue_type: String,
    /// What was done.
    #[serde(rename = "type")]
    pub kind: String,
    /// `completed`: the work is done before there is a report.
    pub state: &'static str,
    /// The same.
    pub status: &'static str,
    /// How far it is, in per cent.
    pub progress: u8,
    /// The name of a text for people; none.
    pub progress_text_key: Option<&'static str>,
    /// How far it is.
    pub progress_details: Progress,
    /// How far it is, for people.
    pub progress_message: &'static str,
    /// What came of it.
    pub result: JobResult,
    /// Whether it is done.
    pub is_completed: bool,
    /// Whether it failed.
    pub is_failed: bool,
    /// Whether it is being done.
    pub is_running: bool,
    /// Whether it is to be done.
    pub is_waiting: bool,
    /// When it was asked for.
    pub created_at: Stamp,
    /// When it was done.
    pub finished_at: Stamp,
    /// What was done, in another word.
    pub job_name: String,
    /// Whether it was to be done later.
    pub is_scheduled: bool,
    /// How much later, in milliseconds.
    pub delay: u32,
    /// The name of a text for people; none.
    pub status_key: Option<&'static str>,
}

/// How far a piece of work is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// In per cent.
    pub percentage: u8,
    /// For people.
    pub message: &'static str,
    /// How many steps are done.
    pub current: u8,
    /// How many there are.
    pub total: u8,
}

/// What came of a piece of work.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JobResult {
    /// Whether it went well.
    pub success: bool,
    /// What was done.
    #[serde(rename = "type")]
    pub kind: String,
    /// For whom.
    pub client_id: String,
    /// What is to be told of it.
    pub result: Value,
    /// When.
    pub timestamp: Stamp,
}
