//! The answer of `DescribeRegions`.

use serde::Serialize;

/// What the list of regions answers.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Described {
    /// The regions.
    pub regions: Regions,
}

/// A list of regions.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Regions {
    /// Its items.
    pub region: Vec<Region>,
}

/// A region.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Region {
    /// Its id: `cn-hangzhou`.
    pub region_id: String,
    /// The host, with its port if it is none of the usual ones, that serves it.
    pub region_endpoint: String,
    /// Its name for people, in the language that was asked for.
    pub local_name: String,
    /// Whether there is anything to be had in it: `available`.
    pub status: &'static str,
}
