//! `/v2/domains`: items of the list, one of them, its switches, and asking the registry how it stands.

use serde::{Deserialize, Serialize};

use super::reference::{Gate, PendingOrder};
use super::stamp::Stamp;
use crate::common::amount::Amount;
use crate::hostup::id::Id;

/// A domain in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Domain {
    /// Its id, `dom_`.
    pub id: Id,
    /// The domain.
    pub name: String,
    /// Where it is in its life: `active`, `expired`, `suspended` ...
    pub service_status: &'static str,
    /// How it lives.
    pub lifecycle: DomainLifecycle,
    /// What it costs.
    pub billing: DomainBilling,
    /// When it was registered.
    pub created_at: Option<Stamp>,
    /// The end of its last paid day.
    pub expires_at: Option<Stamp>,
    /// When its renewal falls due.
    pub next_due_at: Option<Stamp>,
    /// What its owner sorts it by.
    pub tags: Vec<String>,
    /// Whether its owner keeps it on top.
    pub pinned: bool,
}

/// How a domain lives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DomainLifecycle {
    /// `standard`, `registration`, `transfer`, `renewal`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Whether it renews by itself.
    pub auto_renew_enabled: Option<bool>,
    /// Whether the registrar locks it; null for not known.
    pub registrar_lock_enabled: Option<bool>,
    /// Whether it is on its way to another registrar.
    pub transfer_in_progress: bool,
}

/// What a domain costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DomainBilling {
    /// Each time, without VAT.
    pub amount: Option<Amount>,
    /// ISO 4217.
    pub currency_code: &'static str,
    /// How often; null for more than three years.
    pub billing_cycle: Option<&'static str>,
    /// How often, in years; null for what is no whole years.
    pub period_years: Option<u16>,
}

/// One domain. All but `registryLock`, `pendingRenewalOrder.id` and `actions` is inferred in its form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DomainDetail {
    /// What the list has of it.
    #[serde(flatten)]
    pub domain: Domain,
    /// Whose it is.
    pub contacts: Contacts,
    /// Its name servers, by name.
    pub nameservers: Vec<String>,
    /// How far its transfer is.
    pub transfer: Transfer,
    /// The lock at the registry.
    pub registry_lock: RegistryLock,
    /// Whether its owner is hidden.
    pub whois_privacy: WhoisPrivacy,
    /// The order that is to renew it and waits for its payment.
    pub pending_renewal_order: Option<PendingOrder>,
    /// What can be done with it.
    pub actions: DomainActions,
}

/// Whose a domain is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Contacts {
    /// Its owner.
    pub registrant: Contact,
}

/// A person or company.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Contact {
    /// The name.
    pub name: String,
    /// The address for mail.
    pub email: String,
    /// ISO 3166.
    pub country_code: String,
}

/// How far a transfer is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Transfer {
    /// Whether there is one.
    pub in_progress: bool,
}

/// The lock at the registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RegistryLock {
    /// Whether it is on.
    pub enabled: bool,
    /// Whether a person has to take it off.
    pub requires_manual_unlock_flow: bool,
    /// Where that is asked for.
    pub unlock_action: Option<UnlockAction>,
}

/// Where a lock's end is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnlockAction {
    /// The page.
    pub href: String,
}

/// Whether a domain's owner is hidden.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WhoisPrivacy {
    /// Whether it is; null for not known.
    pub enabled: Option<bool>,
}

/// What can be done with a domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DomainActions {
    /// Letting it renew by itself.
    pub can_enable_auto_renew: Gate,
    /// Renewing it.
    pub can_renew_now: Gate,
}

/// A change of a domain's switches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DomainUpdate {
    /// Whether it renews by itself.
    pub auto_renew: Option<bool>,
    /// Whether the registrar locks it.
    pub registrar_lock: Option<bool>,
    /// Whether its owner is hidden without asking.
    pub whois_privacy_auto_enable: Option<bool>,
    /// Whether its pending renewal is withdrawn, too; with `autoRenew` false only.
    pub cancel_pending_order: Option<bool>,
}

/// What the registry said of a domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "the fields are those of the wire")]
pub struct StatusSync {
    /// Its id, `dom_`.
    pub id: Id,
    /// The domain.
    pub name: String,
    /// Where it was in its life.
    pub previous_status: &'static str,
    /// Where it is.
    pub new_status: &'static str,
    /// Whether the two differ.
    pub status_changed: bool,
    /// Whether it came to life.
    pub status_changed_to_active: bool,
    /// Whether the registry answered.
    pub sync_success: bool,
    /// What there is to know.
    pub info: Option<&'static str>,
    /// Why the registry did not answer.
    pub error: Option<&'static str>,
    /// Whether a change was to be taken back.
    pub revert_attempted: bool,
    /// Whether it was.
    pub revert_succeeded: bool,
    /// Why it was not.
    pub revert_error: Option<&'static str>,
    /// Whether the registry was asked again.
    pub double_sync_attempted: bool,
    /// Whether it answered.
    pub double_sync_succeeded: bool,
    /// Why it did not.
    pub double_sync_error: Option<&'static str>,
}
