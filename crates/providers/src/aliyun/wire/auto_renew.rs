//! The answer of `DescribeInstanceAutoRenewAttribute`.

use serde::Serialize;

/// A page of a list of instances.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Attributes {
    /// The instances.
    pub instance_renew_attributes: AttributeList,
    /// Which page it is.
    pub page_number: usize,
    /// How many instances a page has.
    pub page_size: usize,
    /// How many instances all pages have.
    pub total_count: usize,
}

/// Instances, in the element that every list is in.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct AttributeList {
    /// The instances.
    pub instance_renew_attribute: Vec<Attribute>,
}

/// What happens to an instance at its expiry.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Attribute {
    /// The instance.
    pub instance_id: String,
    /// What happens: `AutoRenewal`, `Normal` or `NotRenewal`.
    pub renewal_status: &'static str,
    /// Whether it is renewed by itself.
    pub auto_renew_enabled: bool,
    /// For how many units; 0 where it is not.
    pub duration: u16,
    /// The unit: `Month` or `Week`. A year is twelve months.
    pub period_unit: &'static str,
    /// Whether it is renewed to the account's day of the month. (Since 2026-01.)
    pub enable_expected_renew_day: bool,
}
