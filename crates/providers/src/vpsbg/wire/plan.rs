//! Plans, their add-ons, and promo codes.

use serde::Serialize;

use super::rate::Percentage;
use crate::common::amount::Amount;

/// What servers are instances of. Older lists lack some of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// Its id.
    pub id: i64,
    /// What sort of server: `cloud-vps`, `vds`.
    #[serde(rename = "type")]
    pub plan_type: String,
    /// Its key.
    pub key: String,
    /// Its name, such as `cloud-vps-2gb`.
    pub name: String,
    /// How many processors.
    pub vcpus: u32,
    /// Memory in GB.
    pub memory: u32,
    /// Room on disk in GB.
    pub disk: u32,
    /// Traffic in TB (the unit is inferred).
    pub bandwidth: u32,
    /// The shortest cycle in months.
    pub minimum_billing_cycle: u16,
    /// The plan with more room on disk; 0 for none, as in the sample.
    pub plan_with_more_disk: i64,
    /// The plan with more memory; 0 for none.
    pub plan_with_more_memory: i64,
    /// Whether it can be ordered.
    pub available: bool,
    /// What it costs a month, without VAT.
    pub price: Amount,
    /// The same with VAT.
    pub price_with_vat: Amount,
}

/// An add-on that a plan takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlanAddon {
    /// Its key, such as `backups`.
    pub key: String,
    /// What it costs a month, without VAT.
    pub price: Amount,
    /// The same with VAT.
    pub price_with_vat: Amount,
}

/// A list that is not in pages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Data<T> {
    /// The items.
    pub data: Vec<T>,
}

/// A promo code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PromoCode {
    /// What is typed.
    pub code: String,
    /// How much it takes off.
    pub percentage: Percentage,
    /// The shortest cycle that it is given for, in months.
    pub minimum_billing_cycle: u16,
}
