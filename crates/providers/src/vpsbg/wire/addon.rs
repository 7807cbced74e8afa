//! Add-ons of a server.

use serde::{Deserialize, Serialize};

use crate::common::amount::Amount;

/// What can be added to a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AddonOffer {
    /// Its key, such as `backups`.
    pub key: String,
    /// What it costs a month, without VAT.
    pub price: Amount,
    /// The same with VAT.
    pub price_with_vat: Amount,
    /// What it costs until the server expires, without VAT.
    pub price_until_expiry: Amount,
    /// The same with VAT.
    pub price_until_expiry_with_vat: Amount,
}

/// `POST /servers/{id}/addons`. A field that the request does not have is refused: it would be something that is paid
/// for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BuyAddons {
    /// Whether copies are to be made.
    pub backups: Option<bool>,
    /// A licence for cPanel, by its key.
    pub cpanel: Option<String>,
    /// A faster network, by its key.
    pub bandwidth: Option<String>,
    /// How many licences for remote desktops.
    pub microsoft_rds_sal: Option<u16>,
    /// How many licences for office programs.
    pub microsoft_office_sal: Option<u16>,
}

/// `POST /servers/{server_id}/addons/{server_addon_id}`: cancels the add-on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct CancelAddon {
    /// Why.
    pub reason: String,
    /// Whether it stops at once.
    pub now: bool,
}
