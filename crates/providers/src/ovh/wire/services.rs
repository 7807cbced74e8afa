//! Section `/services`: services as the customer's pages see them.

use serde::{Deserialize, Serialize};

pub use super::service::Route;
use super::{
    money::Price,
    scalar::{Date, DateTime, Secret},
    words,
};

words! {
    /// Part of a contact (`services.expanded.Customer.Contact.TypeEnum`).
    ContactType { Administrator = "administrator", Billing = "billing", Technical = "technical" }
}

words! {
    /// State of what a service runs (`services.expanded.Resource.StateEnum`).
    ResourceState {
        Active = "active",
        Deleted = "deleted",
        Suspended = "suspended",
        ToActivate = "toActivate",
        ToDelete = "toDelete",
        ToSuspend = "toSuspend",
    }
}

words! {
    /// How a service renews (`services.expanded.Renew.ModeEnum`).
    RenewMode { Automatic = "automatic", Manual = "manual" }
}

words! {
    /// State of a service (`services.expanded.Lifecycle.StateEnum`).
    LifecycleState {
        Active = "active",
        Error = "error",
        InCreation = "inCreation",
        Rupture = "rupture",
        Terminated = "terminated",
        ToRenew = "toRenew",
        Unpaid = "unpaid",
        Unrenewed = "unrenewed",
    }
}

words! {
    /// What can happen to a service (`services.expanded.Lifecycle.ActionEnum`).
    LifecycleAction {
        AutorenewInProgress = "autorenewInProgress",
        DeleteAtExpiration = "deleteAtExpiration",
        EarlyRenewal = "earlyRenewal",
        Terminate = "terminate",
        TerminateAtEngagementDate = "terminateAtEngagementDate",
        TerminateAtExpirationDate = "terminateAtExpirationDate",
    }
}

words! {
    /// When a service is to end (`services.expanded.terminationPolicyEnum`).
    TerminationPolicy {
        Empty = "empty",
        TerminateAtEngagementDate = "terminateAtEngagementDate",
        TerminateAtExpirationDate = "terminateAtExpirationDate",
    }
}

words! {
    /// What a price is for (`order.cart.GenericProductPricingCapacitiesEnum`).
    PricingCapacity {
        Consumption = "consumption",
        Detach = "detach",
        Downgrade = "downgrade",
        Dynamic = "dynamic",
        Installation = "installation",
        Renew = "renew",
        Upgrade = "upgrade",
    }
}

words! {
    /// Kind of a price (`order.cart.GenericProductPricingTypeEnum`).
    PricingType { Consumption = "consumption", Purchase = "purchase", Rental = "rental" }
}

words! {
    /// How a commitment is paid (`services.billing.engagement.TypeEnum`).
    EngagementType { Periodic = "periodic", Upfront = "upfront" }
}

words! {
    /// What follows a commitment (`services.billing.engagement.EndStrategyEnum`).
    EndStrategy {
        CancelService = "CANCEL_SERVICE",
        ReactivateEngagement = "REACTIVATE_ENGAGEMENT",
        StopEngagementFallbackDefaultPrice = "STOP_ENGAGEMENT_FALLBACK_DEFAULT_PRICE",
        StopEngagementKeepPrice = "STOP_ENGAGEMENT_KEEP_PRICE",
    }
}

/// A service (`services.expanded.Service`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Service {
    /// How it is billed.
    pub billing: Billing,
    /// Whose it is.
    pub customer: Customer,
    /// The service that this one is an option of.
    pub parent_service_id: Option<i64>,
    /// What it runs.
    pub resource: Resource,
    /// Where in the API the product itself is (`services.expanded.Route`).
    pub route: Option<Route>,
    /// Its id.
    pub service_id: i64,
    /// Its tags.
    pub tags: Vec<String>,
}

/// How a service is billed (`services.expanded.Billing`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Billing {
    /// The commitment.
    pub engagement: Option<Engagement>,
    /// The commitment asked for.
    pub engagement_request: Option<EngagementRequest>,
    /// End of the paid term.
    pub expiration_date: Option<DateTime>,
    /// The group it is billed with.
    pub group: Option<Group>,
    /// Where in its life it is.
    pub lifecycle: Option<Lifecycle>,
    /// Day of the next bill.
    pub next_billing_date: Option<DateTime>,
    /// What was bought.
    pub plan: Option<Plan>,
    /// For how much.
    pub pricing: Option<Pricing>,
    /// How it renews.
    pub renew: Option<Renew>,
}

/// A commitment (`services.expanded.EngagementSummary`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Engagement {
    /// Its last day.
    pub end_date: Option<Date>,
    /// What follows it.
    pub end_rule: Option<EndRule>,
}

/// What follows a commitment (`services.billing.engagement.EndRule`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EndRule {
    /// What could follow.
    pub possible_strategies: Vec<EndStrategy>,
    /// What will.
    pub strategy: EndStrategy,
}

/// A commitment asked for (`services.expanded.EngagementRequestSummary`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EngagementRequest {
    /// Its pricing mode.
    pub pricing_mode: String,
    /// When it was asked for.
    pub request_date: Date,
}

/// Services that are billed together (`services.expanded.Group`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Its id.
    pub id: i64,
}

/// The life of a service (`services.expanded.Lifecycle`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifecycle {
    /// What can happen.
    pub capacities: LifecycleCapacities,
    /// What is.
    pub current: LifecycleCurrent,
}

/// What can happen to a service (`services.expanded.Lifecycle.Capacities`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LifecycleCapacities {
    /// The actions.
    pub actions: Vec<LifecycleAction>,
}

/// Where in its life a service is (`services.expanded.Lifecycle.Current`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LifecycleCurrent {
    /// When it began.
    pub creation_date: Option<DateTime>,
    /// What is going to happen.
    pub pending_actions: Vec<LifecycleAction>,
    /// Its state.
    pub state: LifecycleState,
    /// When it ends for good.
    pub termination_date: Option<DateTime>,
}

/// What was bought (`services.expanded.Plan`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// Its code in the catalogue.
    pub code: String,
    /// Its name on bills.
    pub invoice_name: String,
}

/// For how much a service renews (`services.billing.Pricing`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pricing {
    /// What the price is for.
    pub capacities: Vec<PricingCapacity>,
    /// The price in words.
    pub description: String,
    /// The period, ISO 8601.
    pub duration: String,
    /// The commitment that comes with it.
    pub engagement_configuration: Option<EngagementConfiguration>,
    /// The period as a number.
    pub interval: i64,
    /// The most of it that can be had.
    pub maximum_quantity: Option<i64>,
    /// The most periods.
    pub maximum_repeat: Option<i64>,
    /// The least of it that can be had.
    pub minimum_quantity: i64,
    /// The fewest periods.
    pub minimum_repeat: i64,
    /// The price.
    pub price: Price,
    /// The same in ucents.
    pub price_in_ucents: i64,
    /// Its mode.
    pub pricing_mode: String,
    /// Its kind.
    pub pricing_type: PricingType,
}

/// A commitment that comes with a price (`services.billing.Pricing.EngagementConfiguration`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EngagementConfiguration {
    /// What follows it if nothing else is said.
    pub default_end_action: EndStrategy,
    /// Its length, ISO 8601.
    pub duration: String,
    /// How it is paid.
    #[serde(rename = "type")]
    pub engagement_type: EngagementType,
}

/// How a service renews (`services.expanded.Renew`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renew {
    /// How it could.
    pub capacities: RenewCapacities,
    /// How it does.
    pub current: RenewCurrent,
}

/// How a service could renew (`services.expanded.Renew.Capacities`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenewCapacities {
    /// The modes.
    pub mode: Vec<RenewMode>,
}

/// How a service does renew (`services.expanded.Renew.Current`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RenewCurrent {
    /// The mode.
    pub mode: Option<RenewMode>,
    /// When it renews next.
    pub next_date: Option<DateTime>,
    /// The period, ISO 8601.
    pub period: Option<String>,
}

/// Whose a service is (`services.expanded.Customer`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// The contacts.
    pub contacts: Vec<Contact>,
}

/// A contact of a service (`services.expanded.Customer.Contact`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Contact {
    /// The account.
    pub customer_code: String,
    /// Its part.
    #[serde(rename = "type")]
    pub contact_type: ContactType,
}

/// What a service runs (`services.expanded.Resource`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Resource {
    /// Its name as the customer writes it.
    pub display_name: String,
    /// Its name.
    pub name: String,
    /// Its product.
    pub product: Option<Product>,
    /// Who sells it (`services.expanded.ResellingProviderEnum`).
    pub reselling_provider: Option<String>,
    /// Its state.
    pub state: ResourceState,
}

/// A product (`services.expanded.Product`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// What it is.
    pub description: String,
    /// Its name.
    pub name: String,
}

/// What may be changed of a [`Service`] (`services.update.Service`); absent or `null` leaves it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceUpdate {
    /// Its name as the customer writes it.
    pub display_name: Option<String>,
    /// How it renews.
    pub renew: Option<RenewUpdate>,
    /// When it is to end.
    pub termination_policy: Option<TerminationPolicy>,
}

/// How a service is to renew (`services.update.Service.Renew`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenewUpdate {
    /// The mode.
    pub mode: Option<RenewMode>,
    /// The period, ISO 8601.
    pub period: Option<String>,
}

/// The token that was mailed (`services.terminate.ConfirmServiceTerminationRequest`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminateConfirmRequest {
    /// The token.
    pub token: Secret,
}

/// What became of a termination (`services.terminate.TerminationAnswer`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminationAnswer {
    /// The words for the customer.
    pub message: String,
}
