//! Section `/hosting/web`: web hostings.

use serde::{Deserialize, Serialize};

use super::{
    money::{Decimal, Price},
    product::ResourceMetadata,
    scalar::{DateTime, Secret},
    words,
};

words! {
    /// State of a web hosting (`hosting.web.StateEnum`).
    HostingState { Active = "active", Bloqued = "bloqued", Maintenance = "maintenance" }
}

/// A web hosting (`hosting.web.ServiceWithIAM`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WebHosting {
    /// Offers that it could be boosted by.
    pub available_boost_offer: Vec<BoostOffer>,
    /// The offer it is boosted by (`hosting.web.OfferCapabilitiesEnum`).
    pub boost_offer: Option<String>,
    /// The cluster it runs in.
    pub cluster: String,
    /// IPv4 address of the cluster.
    pub cluster_ip: Option<String>,
    /// IPv6 address of the cluster.
    pub cluster_ipv6: Option<String>,
    /// Addresses by country.
    pub countries_ip: Option<Vec<CountryIp>>,
    /// Where it is.
    pub datacenter: String,
    /// The domain that came with it.
    pub default_attached_domain: Option<String>,
    /// Its name as the customer writes it.
    pub display_name: Option<String>,
    /// The machine with its files.
    pub filer: Option<String>,
    /// Whether it is delivered by a network of caches.
    pub has_cdn: Option<bool>,
    /// Whether it has a certificate.
    pub has_hosted_ssl: Option<bool>,
    /// Its home directory.
    pub home: String,
    /// Its IPv4 address.
    pub hosting_ip: Option<String>,
    /// Its IPv6 address.
    pub hosting_ipv6: Option<String>,
    /// What policies know of it.
    pub iam: Option<ResourceMetadata>,
    /// When its configuration was last read.
    pub last_ovh_config_scan: Option<DateTime>,
    /// Whether it can have several certificates.
    #[serde(rename = "multipleSSL")]
    pub multiple_ssl: bool,
    /// Its offer (`hosting.web.OfferCapabilitiesEnum`).
    pub offer: String,
    /// Its operating system (`hosting.web.OperatingSystemEnum`).
    pub operating_system: String,
    /// Versions of PHP.
    pub php_versions: Vec<PhpVersion>,
    /// Its first login.
    pub primary_login: String,
    /// Room for files.
    pub quota_size: Quantity,
    /// Room taken.
    pub quota_used: Option<Quantity>,
    /// The offer it had better have (`hosting.web.OfferEnum`).
    pub recommended_offer: Option<String>,
    /// How its machine is shared (`hosting.web.ResourceEnum`).
    pub resource_type: String,
    /// Where it is managed.
    pub service_management_access: ServiceAccess,
    /// Its name.
    pub service_name: String,
    /// Its state.
    pub state: HostingState,
    /// Proves to other services that it is the customer's.
    pub token: Option<Secret>,
    /// Traffic it may have.
    pub traffic_quota_size: Option<Quantity>,
    /// Traffic it had.
    pub traffic_quota_used: Option<Quantity>,
    /// Updates that wait for it.
    pub updates: Vec<String>,
}

/// An offer to boost a hosting by (`hosting.web.AvailableOfferStruct`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoostOffer {
    /// Its name (`hosting.web.OfferEnum`).
    pub offer: String,
    /// Its price.
    pub price: Price,
}

/// Addresses of a hosting for one country (`hosting.web.CountriesIp`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountryIp {
    /// The country (`hosting.web.CountryEnum`).
    pub country: String,
    /// The IPv4 address.
    pub ip: Option<String>,
    /// The IPv6 address.
    pub ipv6: Option<String>,
}

/// A version of PHP (`hosting.web.PhpVersion`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhpVersion {
    /// How it is looked after (`hosting.web.PhpVersionStateEnum`).
    pub support: String,
    /// Its number.
    pub version: String,
}

/// Where a hosting is managed (`hosting.web.ServiceAccess`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceAccess {
    /// By FTP.
    pub ftp: Address,
    /// By HTTP.
    pub http: Address,
    /// By SSH.
    pub ssh: Address,
}

/// A place on the network (`hosting.web.Address`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// The port.
    pub port: i64,
    /// The host or link.
    pub url: String,
}

/// A number with its unit (`complexType.UnitAndValue_double`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quantity {
    /// The unit.
    pub unit: String,
    /// The number.
    pub value: Decimal,
}
