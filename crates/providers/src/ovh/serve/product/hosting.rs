//! One web hosting. Facts: `offer`, `cluster`, `clusterIp`, `clusterIpv6`, `datacenter`, `filer`, `home`, `hostingIp`,
//! `hostingIpv6`, `primaryLogin`, `diskGb`, `phpVersions`, `resourceType`, `defaultAttachedDomain`, `cdn`, `ssl`.

use perennial_core::product::Kind;
use perennial_core::service::Hold;

use super::super::context::{Answer, Context};
use super::super::found::Found;
use super::facts::Facts;
use super::{check_running, load_named};
use crate::ovh::wire::error::Failure;
use crate::ovh::wire::hosting::{Address, HostingState, PhpVersion, Quantity, ServiceAccess, WebHosting};
use crate::ovh::wire::money::Decimal;

pub(super) fn one(context: &Context<'_>) -> Result<Answer, Failure> {
    let (seen, id) = load_named(context, Kind::Hosting)?;
    let found = Found::of(context, &seen, id)?;
    check_running(&found)?;
    Answer::json(&shown(&found))
}

fn shown(found: &Found<'_>) -> WebHosting {
    let facts = Facts::of(found.service);
    let name = &found.service.name;
    let login = facts.text("primaryLogin", name.split('.').next().unwrap_or_default());
    let disk = Quantity { unit: "GB".to_owned(), value: Decimal::new(facts.read("diskGb").unwrap_or(0), 0) };
    let place = |scheme: &str, port| Address { port, url: format!("{scheme}://{name}/") };
    let locked = found.service.hold == Hold::Locked;
    WebHosting {
        available_boost_offer: Vec::new(),
        boost_offer: None,
        cluster: facts.text("cluster", ""),
        cluster_ip: facts.find("clusterIp"),
        cluster_ipv6: facts.find("clusterIpv6"),
        countries_ip: None,
        datacenter: facts.text("datacenter", ""),
        default_attached_domain: facts.find("defaultAttachedDomain"),
        display_name: Some(found.display_name()),
        filer: facts.find("filer"),
        has_cdn: facts.read("cdn"),
        has_hosted_ssl: facts.read("ssl"),
        home: facts.text("home", &format!("/home/{login}")),
        hosting_ip: facts.find("hostingIp"),
        hosting_ipv6: facts.find("hostingIpv6"),
        iam: None,
        last_ovh_config_scan: None,
        multiple_ssl: false,
        offer: facts.text("offer", "PERSO"),
        operating_system: "linux".to_owned(),
        php_versions: facts.list("phpVersions").into_iter().map(php).collect(),
        primary_login: login,
        quota_size: disk,
        quota_used: None,
        recommended_offer: None,
        resource_type: facts.text("resourceType", "shared"),
        service_management_access: ServiceAccess {
            ftp: place("ftp", 21),
            http: place("http", 80),
            ssh: place("ssh", 22),
        },
        service_name: name.clone(),
        state: if locked { HostingState::Bloqued } else { HostingState::Active },
        token: None,
        traffic_quota_size: None,
        traffic_quota_used: None,
        updates: Vec::new(),
    }
}

fn php(version: String) -> PhpVersion {
    PhpVersion { support: "SUPPORTED".to_owned(), version }
}
