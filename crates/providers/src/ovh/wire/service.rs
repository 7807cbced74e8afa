//! Section `/service`: services, the strategies to renew them by, renewal orders.

use serde::{Deserialize, Serialize};

use super::{
    money::Price,
    scalar::{Date, KeyValue},
    words,
};

/// The order a renewal makes (`service.renew.RenewOrder`): the same ten fields.
pub use super::order::Order as RenewOrder;

words! {
    /// State of a service for billing (`service.BillingStateEnum`).
    BillingState { Expired = "expired", Ok = "ok", Pending = "pending", Unpaid = "unpaid" }
}

words! {
    /// State of what a service runs (`service.ResourceStateEnum`).
    ResourceState {
        Deleted = "deleted",
        Deleting = "deleting",
        Ok = "ok",
        Opening = "opening",
        Suspended = "suspended",
        Suspending = "suspending",
        ToDelete = "toDelete",
        ToOpen = "toOpen",
        ToSuspend = "toSuspend",
    }
}

words! {
    /// A period that a service renews by (`service.renew.Interval`).
    Interval { P1M = "P1M", P1Y = "P1Y", P2Y = "P2Y", P3M = "P3M", P3Y = "P3Y", P6M = "P6M" }
}

words! {
    /// How a service renews (`service.renew.Mode`).
    RenewMode {
        AutomaticForcedProduct = "automaticForcedProduct",
        AutomaticV2012 = "automaticV2012",
        AutomaticV2014 = "automaticV2014",
        AutomaticV2016 = "automaticV2016",
        AutomaticV2024 = "automaticV2024",
        DeleteAtEndEngagement = "deleteAtEndEngagement",
        DeleteAtExpiration = "deleteAtExpiration",
        Manual = "manual",
        OneShot = "oneShot",
        Option = "option",
    }
}

/// A service (`serviceList.Service`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Service {
    /// Its first day.
    pub creation_date: Date,
    /// More of it, by name.
    pub details: Vec<KeyValue>,
    /// End of the commitment.
    pub engagement_date: Option<Date>,
    /// End of the paid term.
    pub expiration_date: Option<Date>,
    /// Day of the next bill.
    pub next_billing_date: Option<Date>,
    /// What was bought.
    pub plan: Plan,
    /// How many of it.
    pub quantity: i64,
    /// How it renews.
    pub renew: Option<Renew>,
    /// What it runs.
    pub resource: Resource,
    /// Where in the API the product itself is.
    pub route: Route,
    /// Its state for billing.
    pub state: BillingState,
}

/// What was bought (`service.Plan`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Its code in the catalogue.
    pub code: Option<String>,
    /// Its product.
    pub product: Product,
}

/// A product by name (`service.plan.Product`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// Its name.
    pub name: Option<String>,
}

/// How a service renews (`service.Renew`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Renew {
    /// Day of the month.
    pub day_of_month: Option<i64>,
    /// The period.
    pub interval: Option<Interval>,
    /// The mode.
    pub mode: RenewMode,
    /// Periods it could have.
    pub possible_intervals: Option<Vec<Interval>>,
    /// Modes it could have.
    pub possible_modes: Vec<RenewMode>,
}

/// What a service runs (`service.Resource`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Resource {
    /// Its name as the customer writes it.
    pub display_name: String,
    /// Its name.
    pub name: Option<String>,
    /// Its state.
    pub state: Option<ResourceState>,
}

/// A place in the API (`service.Route`): `/vps/{serviceName}`, and `/vps/vps112233.ovh.net`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// The path with names in it.
    pub path: Option<String>,
    /// The path with the values put in.
    pub url: Option<String>,
    /// The values by name.
    pub vars: Vec<KeyValue>,
}

/// What may be changed of a [`Service`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceUpdate {
    /// What it runs.
    pub resource: Option<ResourceUpdate>,
}

/// What may be changed of a [`Resource`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceUpdate {
    /// Its name as the customer writes it.
    pub display_name: Option<String>,
}

/// The strategies for one period (`service.renew.RenewDescription`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RenewDescription {
    /// The period, ISO 8601.
    pub renew_period: String,
    /// The strategies.
    pub strategies: Vec<RenewStrategy>,
}

/// Services that can be renewed together, and for how much (`service.renew.RenewStrategy`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RenewStrategy {
    /// The price, without tax.
    pub price: Price,
    /// The same in ucents.
    pub price_in_ucents: i64,
    /// Ids of the services; the one asked about need not come first.
    pub services: Vec<i64>,
    /// The services by name.
    pub services_details: Vec<RenewService>,
}

/// A service of a strategy (`service.renew.Service`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RenewService {
    /// Its id.
    pub service_id: i64,
    /// Its name.
    pub service_name: String,
    /// Its kind.
    pub service_type: String,
}

/// An order to renew: a [`RenewDescription::renew_period`] and the [`RenewStrategy::services`] of one strategy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RenewRequest {
    /// The period, ISO 8601.
    pub duration: String,
    /// Ids of the services.
    pub services: Vec<i64>,
    /// Whether only to price the order.
    pub dry_run: Option<bool>,
}
