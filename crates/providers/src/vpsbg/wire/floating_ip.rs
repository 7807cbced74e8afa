//! Addresses that move between servers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::server::CancelRequest;
use super::stamp::Stamp;
use crate::common::amount::Amount;

/// An address that moves between servers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FloatingIp {
    /// Its id.
    pub id: i64,
    /// How it stands, in a server's words.
    pub status: &'static str,
    /// The server that has it.
    pub server_id: Option<i64>,
    /// That server's name.
    pub server_hostname: Option<String>,
    /// That server's first address.
    pub server_main_ip: Option<String>,
    /// Whether it is locked.
    pub locked: bool,
    /// Since when.
    pub locked_at: Option<Stamp>,
    /// Why.
    pub lock_reason: Option<String>,
    /// Its cycle in months.
    pub billing_cycle: Option<u16>,
    /// When it expires.
    pub expiry_at: Stamp,
    /// What it is an instance of.
    pub plan: FloatingIpPlan,
    /// The address; none while it was not given one.
    pub ip_address: Option<FloatingAddress>,
    /// Its cancellation.
    pub cancel_request: Option<CancelRequest>,
}

/// What addresses are instances of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FloatingIpPlan {
    /// Its id.
    pub id: i64,
    /// Its name, such as `floating-ipv4`.
    pub name: String,
    /// Whether it can be ordered.
    pub available: bool,
    /// What it costs a month, without VAT.
    pub price: Amount,
    /// The same with VAT.
    pub price_with_vat: Amount,
}

/// The address itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FloatingAddress {
    /// Its id.
    pub id: i64,
    /// The address.
    pub ip_address: String,
    /// The length of its prefix.
    pub prefix: u8,
    /// Its version: 4 or 6.
    pub version: u8,
    /// What it is: `public`.
    #[serde(rename = "type")]
    pub address_type: &'static str,
    /// Whether it is its server's first.
    pub main: bool,
    /// Whether it is protected from floods.
    pub ddos_protected: bool,
    /// The name that each address leads back to.
    pub ptr: Option<BTreeMap<String, String>>,
}

/// `POST /floating-ips`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct BuyFloatingIps {
    /// The cycle in months.
    pub billing_cycle: u16,
    /// How many of version 4.
    #[serde(default)]
    pub ipv4: Option<u16>,
    /// How many of version 4 that are protected from floods.
    #[serde(default)]
    pub ipv4_ddos: Option<u16>,
    /// How many of version 6.
    #[serde(default)]
    pub ipv6: Option<u16>,
    /// The server that is to have them.
    #[serde(default)]
    pub server_id: Option<i64>,
}

/// `POST /floating-ips/cancel`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct CancelFloatingIps {
    /// Which ones.
    pub ids: Vec<i64>,
    /// Whether they stop at once; at their expiry where nothing is said.
    #[serde(default)]
    pub now: Option<bool>,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
}

/// `DELETE /floating-ips/cancel`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ReinstateFloatingIps {
    /// Which ones.
    pub ids: Vec<i64>,
}

/// Done, and nothing to say of it: `{}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Empty {}
