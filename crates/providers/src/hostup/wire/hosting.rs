//! Hosting accounts and VPS: as they are listed, their renewal, their billing cycle and their cancellation.

use serde::{Deserialize, Serialize};

use super::reference::{Billing, Gate, InvoiceReference, PendingOrder};
use super::stamp::Stamp;
use crate::common::amount::Amount;
use crate::hostup::id::Id;

/// A hosting account or VPS in a list. That the lists exist is documented; the items follow those of domains
/// (inferred).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// Which one.
    pub id: Id,
    /// Its name.
    pub name: String,
    /// The product.
    pub product_name: String,
    /// Where it is in its life.
    pub service_status: &'static str,
    /// What is set for its end.
    pub lifecycle: Lifecycle,
    /// What renewing it costs.
    pub billing: Billing,
    /// Its first day.
    pub created_at: Stamp,
    /// The first day that is not paid.
    pub expires_at: Stamp,
    /// By when its renewal is to be paid.
    pub next_due_at: Stamp,
}

/// What is set for the end of a service.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Lifecycle {
    /// Whether it is to be renewed by itself.
    pub auto_renew_enabled: bool,
}

/// One hosting account or VPS (inferred).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Detail {
    /// As it is listed.
    #[serde(flatten)]
    pub item: Item,
    /// What belongs to it and can be renewed with it.
    pub addons: Vec<Addon>,
    /// The order that is to renew it.
    pub pending_renewal_order: Option<PendingOrder>,
    /// What may be done with it now.
    pub actions: Actions,
}

/// What belongs to a service and can be renewed with it (inferred).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Addon {
    /// What the renewal calls it, such as `addon_5104`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The product.
    pub product_name: String,
    /// What it costs for the cycle of the service it belongs to.
    pub billing: Billing,
    /// The first day that is not paid.
    pub expires_at: Stamp,
}

/// What may be done with a service now.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Actions {
    /// Whether it can be renewed.
    pub can_renew_now: Gate,
    /// Whether it can be renewed for something else from now on.
    pub can_change_billing_cycle: Gate,
}

/// What is to be renewed besides the service itself.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RenewRequest {
    /// Its add-ons, 20 at the most.
    pub addon_ids: Option<Vec<String>>,
}

/// A renewal that was ordered (documented).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Renewed {
    /// The hosting account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_id: Option<Id>,
    /// The VPS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vps_id: Option<Id>,
    /// Whether it was ordered.
    pub renewal_scheduled: bool,
    /// When it expires once that is paid.
    pub new_expires_at: Stamp,
    /// What it costs.
    pub billing: RenewBilling,
    /// What is to be paid.
    pub renewal_invoice: Option<InvoiceReference>,
    /// Whether the invoice is still being made. It never is here.
    pub invoice_lookup_pending: bool,
}

/// What a renewal costs. There is no cycle here, unlike with domains.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RenewBilling {
    /// Without VAT.
    pub amount: Option<Amount>,
    /// ISO 4217.
    pub currency_code: &'static str,
}

/// What a service is and can be renewed for (inferred from that of domains).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cycles {
    /// What it is renewed for.
    pub current_billing_cycle: Option<&'static str>,
    /// ISO 4217.
    pub currency_code: &'static str,
    /// What it can be renewed for.
    pub options: Vec<CycleOption>,
    /// Whether nothing can be changed now.
    pub locked: bool,
    /// What may be done now.
    pub actions: CycleActions,
}

/// A cycle that a service can be renewed for.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CycleOption {
    /// The cycle.
    pub billing_cycle: &'static str,
    /// What it costs, without VAT.
    pub amount: Amount,
    /// ISO 4217.
    pub currency_code: &'static str,
}

/// What may be done with a service's cycle now.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CycleActions {
    /// Whether it can be changed.
    pub can_change_billing_cycle: Gate,
}

/// Another cycle for a service (documented).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CycleRequest {
    /// The cycle.
    pub billing_cycle: String,
    /// Whether only to say what would happen.
    pub dry_run: Option<bool>,
    /// Whether to withdraw an unpaid renewal that stands in the way.
    pub cancel_existing_invoice: Option<bool>,
}

/// What became of a change of cycle, or would (documented).
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CycleChange {
    /// Whether nothing was done.
    pub dry_run: bool,
    /// Whether the cycle is another one now.
    pub changed: bool,
    /// What it was renewed for before.
    pub current_billing_cycle: Option<&'static str>,
    /// What was asked for.
    pub target_billing_cycle: &'static str,
    /// What that costs, without VAT.
    pub target_amount: Amount,
    /// ISO 4217.
    pub currency_code: &'static str,
    /// Whether an unpaid renewal stands in the way.
    pub would_block: bool,
}

/// A request to cancel a service (documented).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CancelRequest {
    /// Why.
    pub reason: String,
    /// When.
    pub cancel_type: CancelType,
    /// Why, where `reason` does not say it.
    pub other_reason: Option<String>,
}

/// When a cancellation takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelType {
    /// At once.
    Immediate,
    /// When the paid term ends.
    EndOfPeriod,
}

/// How a cancellation stands. `status`, `scheduledAt` and `revokable` are documented, the rest is inferred.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cancellation {
    /// How it stands.
    pub status: CancellationStatus,
    /// When it takes effect: at once, or at the end of the paid term.
    pub cancel_type: Option<CancelType>,
    /// Why.
    pub reason: Option<String>,
    /// When it was asked for.
    pub requested_at: Option<Stamp>,
    /// When the service is deleted.
    pub scheduled_at: Option<Stamp>,
    /// Whether it can be withdrawn now.
    pub revokable: bool,
}

/// How a cancellation stands. The documentation has `completed` besides: what is gone is not shown here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CancellationStatus {
    /// There is none.
    None,
    /// The service is stopped and waits to be deleted.
    Pending,
    /// The service runs until the end of its paid term.
    Scheduled,
    /// It was withdrawn just now.
    Revoked,
}

/// A cancellation in the overview of all (inferred).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ListedCancellation {
    /// The service.
    pub service_id: Id,
    /// Its name.
    pub service_name: String,
    /// Its cancellation.
    #[serde(flatten)]
    pub cancellation: Cancellation,
}

/// How to get past an invoice that stands in the way. That there is a recovery action is documented, its form inferred.
#[derive(Debug, Serialize)]
pub struct RecoveryAction {
    /// What to do.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The method of the call that does it.
    pub method: &'static str,
    /// The path of that call.
    pub href: String,
}
