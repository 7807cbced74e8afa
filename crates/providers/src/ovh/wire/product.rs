//! Sections `/vps` and `/domain`, and the contract that every product has under `serviceInfos`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    scalar::{Date, DateTime, Secret},
    words,
};
use crate::block::IpBlock;

words! {
    /// State of a contract (`service.StateEnum`).
    ServiceState {
        AutorenewInProgress = "autorenewInProgress",
        Expired = "expired",
        InCreation = "inCreation",
        Ok = "ok",
        PendingDebt = "pendingDebt",
        UnPaid = "unPaid",
    }
}

words! {
    /// How a contract renews (`service.RenewalTypeEnum`).
    RenewalType {
        AutomaticForcedProduct = "automaticForcedProduct",
        AutomaticV2012 = "automaticV2012",
        AutomaticV2014 = "automaticV2014",
        AutomaticV2016 = "automaticV2016",
        Manual = "manual",
        OneShot = "oneShot",
        Option = "option",
    }
}

words! {
    /// What the customer does instead (`service.TerminationFutureUseEnum`).
    TerminationFutureUse {
        NotReplacingService = "NOT_REPLACING_SERVICE",
        Other = "OTHER",
        SubscribeAnOtherService = "SUBSCRIBE_AN_OTHER_SERVICE",
        SubscribeOtherKindOfServiceWithCompetitor = "SUBSCRIBE_OTHER_KIND_OF_SERVICE_WITH_COMPETITOR",
        SubscribeSimilarServiceWithCompetitor = "SUBSCRIBE_SIMILAR_SERVICE_WITH_COMPETITOR",
    }
}

words! {
    /// Why a service is terminated (`service.TerminationReasonEnum`).
    TerminationReason {
        FeaturesDontSuitMe = "FEATURES_DONT_SUIT_ME",
        LackOfPerformances = "LACK_OF_PERFORMANCES",
        MigratedToAnotherOvhProduct = "MIGRATED_TO_ANOTHER_OVH_PRODUCT",
        MigratedToCompetitor = "MIGRATED_TO_COMPETITOR",
        NotEnoughRecognition = "NOT_ENOUGH_RECOGNITION",
        NotNeededAnymore = "NOT_NEEDED_ANYMORE",
        NotReliable = "NOT_RELIABLE",
        NoAnswer = "NO_ANSWER",
        Other = "OTHER",
        ProductDimensionDontSuitMe = "PRODUCT_DIMENSION_DONT_SUIT_ME",
        ProductToolsDontSuitMe = "PRODUCT_TOOLS_DONT_SUIT_ME",
        TooExpensive = "TOO_EXPENSIVE",
        TooHardToUse = "TOO_HARD_TO_USE",
        UnsatifiedByCustomerSupport = "UNSATIFIED_BY_CUSTOMER_SUPPORT",
    }
}

words! {
    /// State of a VPS (`vps.VpsStateEnum`).
    VpsState {
        Backuping = "backuping",
        Installing = "installing",
        Maintenance = "maintenance",
        Rebooting = "rebooting",
        Rescued = "rescued",
        Running = "running",
        Stopped = "stopped",
        Stopping = "stopping",
        Upgrading = "upgrading",
    }
}

words! {
    /// Renewal of a domain (`domain.RenewalStateEnum`).
    DomainRenewalState {
        AutomaticRenew = "automatic_renew",
        CancellationComplete = "cancellation_complete",
        CancellationRequested = "cancellation_requested",
        ManualRenew = "manual_renew",
        Unpaid = "unpaid",
    }
}

words! {
    /// State of a domain (`domain.DomainStateEnum`).
    DomainState {
        AutorenewInProgress = "autorenew_in_progress",
        AutorenewRegistryInProgress = "autorenew_registry_in_progress",
        Deleted = "deleted",
        Dispute = "dispute",
        Expired = "expired",
        Ok = "ok",
        OutgoingTransfer = "outgoing_transfer",
        PendingCreate = "pending_create",
        PendingDelete = "pending_delete",
        PendingIncomingTransfer = "pending_incoming_transfer",
        PendingInstallation = "pending_installation",
        RegistrySuspended = "registry_suspended",
        Restorable = "restorable",
        TechnicalSuspended = "technical_suspended",
    }
}

words! {
    /// Suspension of a domain (`domain.SuspensionStateEnum`).
    DomainSuspensionState { NotSuspended = "not_suspended", Suspended = "suspended" }
}

/// The contract of a product (`services.Service`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceInfos {
    /// Whether it can be set to end with its term.
    pub can_delete_at_expiration: bool,
    /// The account that administers it.
    pub contact_admin: String,
    /// The account that pays for it.
    pub contact_billing: String,
    /// The account that looks after it.
    pub contact_tech: String,
    /// Its first day.
    pub creation: Date,
    /// The name of the service.
    pub domain: String,
    /// End of the commitment.
    pub engaged_up_to: Option<Date>,
    /// End of the paid term.
    pub expiration: Date,
    /// Periods it could have, in months.
    pub possible_renew_period: Option<Vec<i64>>,
    /// How it is to renew.
    pub renew: Option<RenewType>,
    /// How it renews.
    pub renewal_type: RenewalType,
    /// Its id, as under `/service`.
    pub service_id: i64,
    /// Its state.
    pub status: ServiceState,
}

/// How a contract is to renew (`service.RenewType`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RenewType {
    /// Whether by itself.
    pub automatic: bool,
    /// Whether it ends with its term.
    pub delete_at_expiration: bool,
    /// Whether the customer has no choice.
    pub forced: bool,
    /// Whether the customer pays each time.
    pub manual_payment: Option<bool>,
    /// The period in months.
    pub period: Option<i64>,
}

/// What may be changed of [`ServiceInfos`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceInfosUpdate {
    /// How it is to renew.
    pub renew: Option<RenewTypeUpdate>,
}

/// What may be changed of a [`RenewType`]; absent or `null` leaves it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RenewTypeUpdate {
    /// Whether by itself.
    pub automatic: Option<bool>,
    /// Whether it ends with its term.
    pub delete_at_expiration: Option<bool>,
    /// Whether the customer has no choice.
    pub forced: Option<bool>,
    /// Whether the customer pays each time.
    pub manual_payment: Option<bool>,
    /// The period in months.
    pub period: Option<i64>,
}

/// What may be changed of a product: its name as the customer writes it. Absent or `null` leaves it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DisplayNameUpdate {
    /// The name.
    pub display_name: Option<String>,
}

/// Confirms a termination with the token that was mailed (`services.confirmTermination`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfirmTerminationRequest {
    /// Why, in words.
    pub commentary: Option<String>,
    /// What the customer does instead.
    pub future_use: Option<TerminationFutureUse>,
    /// Why.
    pub reason: Option<TerminationReason>,
    /// The token.
    pub token: Secret,
}

/// What policies know of a product (`iam.ResourceMetadata`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceMetadata {
    /// Its name as the customer writes it.
    pub display_name: Option<String>,
    /// Its id.
    pub id: String,
    /// Its tags by name.
    pub tags: Option<BTreeMap<String, String>>,
    /// Its name in policies.
    pub urn: String,
}

/// A virtual server (`vps.VPSWithIAM`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Vps {
    /// The cluster it runs in.
    pub cluster: String,
    /// Its name as the customer writes it.
    pub display_name: Option<String>,
    /// What policies know of it.
    pub iam: Option<ResourceMetadata>,
    /// Layout of its keyboard (`vps.VpsKeymapEnum`).
    pub keymap: Option<String>,
    /// Memory in megabytes.
    pub memory_limit: i64,
    /// What was bought.
    pub model: VpsModel,
    /// The networks it is watched from.
    pub monitoring_ip_blocks: Vec<IpBlock>,
    /// Its name.
    pub name: String,
    /// What it boots (`vps.VpsNetbootEnum`).
    pub netboot_mode: String,
    /// Its family (`vps.VpsOfferEnum`).
    pub offer_type: String,
    /// Whether it is watched for its service level.
    pub sla_monitoring: Option<bool>,
    /// Its state.
    pub state: VpsState,
    /// Number of cores.
    pub vcore: i64,
    /// Where it is.
    pub zone: String,
    /// Kind of the zone (`vps.ZoneTypeEnum`).
    pub zone_type: String,
}

/// The model of a virtual server (`vps.Model`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VpsModel {
    /// Options that can be had (`vps.VpsOptionEnum`).
    pub available_options: Vec<String>,
    /// Where it can be had.
    pub datacenter: Vec<String>,
    /// Disk in gigabytes.
    pub disk: i64,
    /// The most addresses on top; the spelling is the wire's.
    pub maximum_additionnal_ip: i64,
    /// Memory in megabytes.
    pub memory: i64,
    /// Its code.
    pub name: String,
    /// Its name.
    pub offer: String,
    /// Number of cores.
    pub vcore: i64,
    /// Its generation (`vps.VpsVersionEnum`).
    pub version: String,
}

/// A domain name (`domain.DomainServiceWithIAM`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "the model has them")]
pub struct Domain {
    /// Who administers it.
    pub contact_admin: ContactSummary,
    /// Who pays for it.
    pub contact_billing: ContactSummary,
    /// Who owns it.
    pub contact_owner: ContactSummary,
    /// Who looks after it.
    pub contact_tech: ContactSummary,
    /// Whether its zone is signed (`domain.DnssecStateEnum`).
    pub dnssec_state: String,
    /// Whether its zone can be signed.
    pub dnssec_supported: bool,
    /// Its name.
    pub domain: String,
    /// End of the paid term.
    pub expiration_date: DateTime,
    /// Whether its own name servers can have IPv6.
    pub glue_record_ipv6_supported: bool,
    /// Whether its own name servers can have several addresses.
    pub glue_record_multi_ip_supported: bool,
    /// Whether it can have name servers of its own.
    pub host_supported: bool,
    /// What policies know of it.
    pub iam: Option<ResourceMetadata>,
    /// When it last changed.
    pub last_update: DateTime,
    /// Kind of its name servers (`domain.nameServer.NameServerTypeEnum`).
    pub name_server_type: String,
    /// Its name servers.
    pub name_servers: Vec<NameServer>,
    /// Its offer (`domain.OfferEnum`).
    pub offer: String,
    /// Whether its owner can be hidden.
    pub owo_supported: bool,
    /// The service it is part of.
    pub parent_service: Option<ParentService>,
    /// When it renews.
    pub renewal_date: DateTime,
    /// How it renews.
    pub renewal_state: DomainRenewalState,
    /// Its id, as under `/service`.
    pub service_id: i64,
    /// Its state.
    pub state: DomainState,
    /// Whether it is suspended.
    pub suspension_state: DomainSuspensionState,
    /// Whether it is locked against moving (`domain.LockStatusEnum`).
    pub transfer_lock_status: String,
    /// The owner in the register.
    pub whois_owner: String,
}

/// A contact of a domain (`domain.ContactSummary`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactSummary {
    /// Its id.
    pub id: String,
}

/// A name server of a domain (`domain.nameServer.NameServer`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NameServer {
    /// Its id.
    pub id: i64,
    /// Its IPv4 address.
    pub ipv4: Option<String>,
    /// Its IPv6 address.
    pub ipv6: Option<String>,
    /// Its name.
    pub name_server: String,
    /// Its kind (`domain.nameServer.NameServerTypeEnum`).
    pub name_server_type: String,
}

/// The service that a domain is part of (`domain.ParentService`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParentService {
    /// Its name.
    pub name: String,
    /// Its kind (`domain.ParentServiceTypeEnum`).
    #[serde(rename = "type")]
    pub service_type: String,
}
