//! Instances as `DescribeInstances` and `DescribeInstanceStatus` answer them.
//!
//! The SDKs' models have more fields than the ledger knows anything about; what is left out is null to them.

use serde::Serialize;

use super::stamp::Minute;

/// What the list of instances answers.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Described {
    /// How many there are on all pages.
    pub total_count: usize,
    /// Which page this is.
    pub page_number: usize,
    /// How many a page has at the most.
    pub page_size: usize,
    /// Where the next page begins; empty on the last.
    pub next_token: String,
    /// The instances.
    pub instances: Instances,
}

/// A list of instances.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Instances {
    /// Its items.
    pub instance: Vec<Instance>,
}

/// An instance.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Instance {
    /// Its id: `i-bp67acfmxazb4p0001`.
    pub instance_id: String,
    /// What its owner calls it.
    pub instance_name: String,
    /// Its host name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_name: Option<String>,
    /// Its region.
    pub region_id: String,
    /// Its zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone_id: Option<String>,
    /// Its type: `ecs.g6.large`.
    pub instance_type: String,
    /// The family of its type: `ecs.g6`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_type_family: Option<String>,
    /// What is installed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_id: Option<String>,
    /// How many virtual CPUs it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<u32>,
    /// How much memory it has, in MiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<u32>,
    /// Its resource group; empty for the default one.
    pub resource_group_id: String,
    /// `PrePaid` or `PostPaid`.
    pub instance_charge_type: &'static str,
    /// Its expiry.
    pub expired_time: Minute,
    /// When it was made.
    pub creation_time: Minute,
    /// When it is to be released; empty for never.
    pub auto_release_time: &'static str,
    /// The unit of the period that it is sold for, where it was asked for; empty otherwise.
    pub sale_cycle: &'static str,
    /// `Running`, `Stopped` or another documented word.
    pub status: &'static str,
    /// Whether a stopped one costs: `Not-applicable` for what has no such mode.
    pub stopped_mode: &'static str,
    /// Whether it is protected from being released by mistake.
    pub deletion_protection: bool,
    /// Whether it can be taken back by the seller, as spot instances can.
    pub recyclable: bool,
    /// What kind of spot instance it is: `NoSpot`.
    pub spot_strategy: &'static str,
    /// Why it is locked.
    pub operation_locks: OperationLocks,
    /// Its tags.
    pub tags: Tags,
    /// The dedicated host that it is on.
    pub dedicated_host_attribute: DedicatedHost,
}

/// The reasons why an instance is locked.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct OperationLocks {
    /// Its items.
    pub lock_reason: Vec<Lock>,
}

/// A reason why an instance is locked. An object: bare strings break both newer SDKs (Python and Node).
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Lock {
    /// `financial` or another documented word.
    pub lock_reason: &'static str,
    /// More about it; empty.
    pub lock_msg: &'static str,
}

/// The tags of an instance.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Tags {
    /// Its items.
    pub tag: Vec<Tag>,
}

/// A tag.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Tag {
    /// Its key.
    pub tag_key: String,
    /// Its value.
    pub tag_value: String,
}

/// The dedicated host that an instance is on: none, which the vendor writes with empty fields.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DedicatedHost {
    /// Its id.
    pub dedicated_host_id: &'static str,
    /// Its name.
    pub dedicated_host_name: &'static str,
    /// The cluster that it is in.
    pub dedicated_host_cluster_id: &'static str,
}

/// What the list of states answers.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct StatusDescribed {
    /// How many there are on all pages.
    pub total_count: usize,
    /// Which page this is.
    pub page_number: usize,
    /// How many a page has at the most.
    pub page_size: usize,
    /// The states.
    pub instance_statuses: InstanceStatuses,
}

/// A list of states.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct InstanceStatuses {
    /// Its items.
    pub instance_status: Vec<InstanceStatus>,
}

/// How an instance is.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct InstanceStatus {
    /// Its id.
    pub instance_id: String,
    /// `Running`, `Stopped` or another documented word.
    pub status: &'static str,
}
