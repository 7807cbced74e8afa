//! Servers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::plan::Plan;
use super::stamp::{PlainStamp, Stamp};
use crate::common::amount::Amount;

/// A server. Fields are in the documentation's order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Server {
    /// Its id.
    pub id: i64,
    /// Its name.
    pub hostname: String,
    /// Its cycle in months.
    pub billing_cycle: Option<u16>,
    /// What it is an instance of.
    pub plan: Plan,
    /// How it stands: `active`, `processing`, `suspended`, `terminated`.
    pub status: &'static str,
    /// How it is made.
    pub virtualization: String,
    /// The code that lowers its price.
    pub promo_code: Option<String>,
    /// What the next renewal for the current cycle costs, without VAT (the meaning is inferred).
    pub renew_amount: Amount,
    /// The same with VAT.
    pub renew_amount_with_vat: Amount,
    /// Whether it is locked.
    pub locked: bool,
    /// Since when.
    pub locked_at: Option<Stamp>,
    /// Why.
    pub lock_reason: Option<String>,
    /// When its life began.
    pub created_at: Stamp,
    /// When it expires.
    pub expiry_at: Stamp,
    /// When it expires once all its open orders are paid.
    pub potential_expiry_at: Stamp,
    /// Whether it is renewed without anybody's doing.
    pub auto_renew: bool,
    /// Whether its owner may ask for sending mail.
    pub show_smtp_form: bool,
    /// What is installed on it.
    pub server_image: Option<ServerImage>,
    /// Its addresses.
    pub ip_addresses: Vec<IpAddress>,
    /// Its add-ons.
    pub addons: Vec<ServerAddon>,
    /// Its cancellation.
    pub cancel_request: Option<CancelRequest>,
    /// What may be done with it.
    pub settings: ServerSettings,
    /// How it runs; only where one server is asked for (seen in clients of the newer API).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<ServerState>,
}

/// What is installed on a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServerImage {
    /// Its id.
    pub id: i64,
    /// Its name, such as `Ubuntu 22.04`.
    pub name: String,
    /// Whether its makers look after it no longer.
    pub eol: bool,
    /// What it is a version of.
    pub group: ImageGroup,
}

/// What images are versions of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImageGroup {
    /// Its name, such as `Ubuntu`.
    pub name: String,
    /// What it is: `os`.
    #[serde(rename = "type")]
    pub group_type: String,
    /// Its key, such as `ubuntu`.
    pub key: String,
}

/// An address of a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IpAddress {
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
    /// Whether it is the server's first.
    pub main: bool,
    /// Whether it is protected from floods.
    pub ddos_protected: bool,
    /// Whether it moves between servers.
    pub floating_ip: bool,
    /// Its id as one that moves.
    pub floating_ip_id: Option<i64>,
    /// The name that it leads back to.
    pub ptr: Option<BTreeMap<String, String>>,
    /// Since when the server has it.
    pub assigned_on: Stamp,
}

/// An add-on of a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServerAddon {
    /// Its id.
    pub id: i64,
    /// Its key, such as `backups`.
    pub name: String,
    /// How it stands, in a server's words.
    pub status: &'static str,
    /// How much of it.
    pub quantity: u32,
    /// What it costs for the server's cycle, without VAT.
    pub amount: Amount,
    /// The same with VAT.
    pub amount_with_vat: Amount,
    /// When its life began.
    pub created_at: PlainStamp,
    /// When it ended.
    pub ended_at: Option<PlainStamp>,
}

/// A cancellation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CancelRequest {
    /// Its id.
    pub id: i64,
    /// What sort of cancellation; what the numbers mean is unverified.
    #[serde(rename = "type")]
    pub request_type: i64,
    /// Why.
    pub reason: String,
    /// When it was asked for.
    pub created_at: Option<Stamp>,
}

/// What may be done with a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServerSettings {
    /// Whether it can be renewed.
    pub renew_enabled: bool,
    /// Whether copies of its state can be made.
    pub snapshots_enabled: bool,
}

/// How a server runs, in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServerState {
    /// Whether it runs.
    pub running: bool,
    /// Whether what it runs on can be reached.
    pub node_reachable: bool,
    /// Its computing.
    pub cpu: CpuUsed,
}

/// Computing that is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CpuUsed {
    /// What is used, in percent.
    pub used: u32,
}

/// How a server runs.
#[expect(clippy::struct_excessive_bools, reason = "the wire has them")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServerStatus {
    /// Whether it runs.
    pub running: bool,
    /// Whether it was stopped for its bill.
    pub suspended: bool,
    /// Whether its network was cut.
    pub network_suspended: bool,
    /// Whether it runs a system to mend it with.
    pub rescue_mode: bool,
    /// Where it asks for names.
    pub dns_resolvers: Vec<String>,
    /// Computing, in percent.
    pub cpu: Cpu,
    /// Room on disk, in GB.
    pub disk: Usage,
    /// Traffic, in GB; a limit of 0 is none.
    pub bandwidth: Usage,
}

/// Computing, in percent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cpu {
    /// What is used.
    pub used: u32,
    /// What is free.
    pub free: u32,
}

/// How much of something is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// What is used.
    pub used: u32,
    /// What there is.
    pub limit: u32,
}

/// `POST /servers/{id}/cancel`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct CancelServer {
    /// Why.
    pub reason: Option<String>,
    /// Whether it stops at once; at its expiry where nothing is said.
    pub now: Option<bool>,
}
