//! `/servers`: the caller's servers, how each is, and cancelling them.
//!
//! Facts that are shown where they were recorded: `ip`, `image`, `virtualization`, `dns_resolvers` and the numbers of
//! `/servers/{id}/status`. The ledger looks into no server: whether one runs is told from whether it is paid and not
//! held, and what it uses is what was recorded, else nothing.

use std::collections::BTreeMap;
use std::net::IpAddr;

use http::Method;
use perennial_core::command::Action;
use perennial_core::gate::GateReason;
use perennial_core::ids::ServiceId;
use perennial_core::money::Money;
use perennial_core::ports::{BoxFuture, Rejection};
use perennial_core::product::Kind;
use perennial_core::refusal::Refusal;
use perennial_core::service::Ending;

use super::filter::Filter;
use super::found::{self, Found, Standing};
use super::money::{net, with_vat};
use super::page::Asked;
use super::{Context, Row, plan};
use crate::common::bearer::Answer;
use crate::vpsbg::wire::error::Failure;
use crate::vpsbg::wire::server::{
    CancelRequest, CancelServer, Cpu, CpuUsed, ImageGroup, IpAddress, Server, ServerAddon, ServerImage, ServerSettings,
    ServerState, ServerStatus, Usage,
};
use crate::vpsbg::wire::stamp::{PlainStamp, Stamp};

pub(super) const ROWS: &[Row] = &[
    Row::read("/servers", "servers", list),
    Row::read("/servers/{id}", "server", one),
    Row::read("/servers/{id}/status", "server-status", status),
    Row::act(Method::POST, "/servers/{id}/cancel", "cancel-server", cancel),
    Row::act(Method::DELETE, "/servers/{id}/cancel", "reinstate-server", reinstate).inferred(),
];

/// The longest reason for a cancellation, in characters; the real limit is unverified.
const REASON_LENGTH_MAX: usize = 1_000;

/// What a server is made with when nobody recorded it (the one documented word).
const VIRTUALIZATION: &str = "kvm";

/// The sort of a cancellation in the sample; what the numbers mean is unverified.
const CANCEL_TYPE: i64 = 1;

fn list(context: &Context<'_>) -> Result<Answer, Failure> {
    let (filter, asked) = (Filter::of(context)?, Asked::of(context)?);
    let seen = found::load_kinds(context, &[Kind::Server, Kind::Ip])?;
    let mut floating: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for address in Found::all(context, &seen, Kind::Ip) {
        if let (Some(server), Some(ip)) = (address.service.parent, floating_ip(&address)) {
            floating.entry(server).or_default().push(ip);
        }
    }
    let mut servers = Found::all(context, &seen, Kind::Server);
    servers.retain(|server| {
        let moving = floating.get(&server.service.id).into_iter().flatten().copied();
        let addresses: Vec<_> = server.ip().into_iter().chain(moving).collect();
        filter.takes(server.standing, &[server.hostname()], &addresses)
    });
    filter.sort(&mut servers);
    let ids: Vec<_> = asked.slice(&servers).iter().map(|server| server.service.id).collect();
    let families = found::load_families(context, ids.iter().copied())?;
    let found = ids.into_iter().filter_map(|id| Found::server(context, &families, id).ok());
    let shown = found.map(|server| shown(&server));
    asked.envelope(context, "/servers", shown.collect::<Result<_, Failure>>()?, servers.len())
}

/// One server, not wrapped in `data` (documented). What `include[]` names is not known, and passed over.
fn one(context: &Context<'_>) -> Result<Answer, Failure> {
    let id = found::path_id(context, "id")?;
    let seen = found::load_family(context, id)?;
    let server = Found::server(context, &seen, id)?;
    let running = runs(&server);
    let cpu = CpuUsed { used: server.read("cpu_used").unwrap_or(0) };
    let state = Some(ServerState { running, node_reachable: running, cpu });
    Ok(Answer::json(&Server { state, ..shown(&server)? })?)
}

/// A server as lists show it. Its family and the open orders were loaded.
pub(super) fn shown(server: &Found<'_>) -> Result<Server, Failure> {
    let Found { account, product, service, .. } = *server;
    let renewal = server.renewal_price()?;
    let addon = |found: Found<'_>| addon(server, &found);
    Ok(Server {
        id: service.id.0,
        hostname: server.hostname().to_owned(),
        billing_cycle: server.billing_cycle(),
        plan: plan::shown(account, product, Some(service))?,
        status: server.standing.word(),
        virtualization: server.fact("virtualization").unwrap_or(VIRTUALIZATION).to_owned(),
        promo_code: None,
        renew_amount: net(renewal),
        renew_amount_with_vat: with_vat(account, renewal)?,
        locked: server.locked(),
        // The ledger does not know since when, nor why.
        locked_at: None,
        lock_reason: None,
        created_at: server.midnight(service.created)?,
        expiry_at: server.expiry()?,
        potential_expiry_at: server.potential_expiry()?,
        auto_renew: server.auto_renew(),
        show_smtp_form: server.read("show_smtp_form").unwrap_or(false),
        server_image: image(server),
        ip_addresses: addresses(server)?,
        addons: server.addons().into_iter().map(addon).collect::<Result<_, _>>()?,
        cancel_request: cancel_request(server),
        settings: ServerSettings {
            renew_enabled: server.renew_enabled(),
            snapshots_enabled: server.read("snapshots_enabled").unwrap_or(false),
        },
        state: None,
    })
}

/// What is installed; none where nobody recorded it. The group's name is the first word of the image's.
fn image(server: &Found<'_>) -> Option<ServerImage> {
    let name = server.fact("image")?;
    let group = name.split_whitespace().next().unwrap_or(name);
    Some(ServerImage {
        id: server.read("image_id").unwrap_or(0),
        name: name.to_owned(),
        eol: server.read("image_eol").unwrap_or(false),
        group: ImageGroup { name: group.to_owned(), group_type: "os".to_owned(), key: group.to_lowercase() },
    })
}

/// The address of a floating one; none while it was not given one.
pub(super) fn floating_ip<'a>(found: &Found<'a>) -> Option<&'a str> {
    let name = found.service.name.as_str();
    found.ip().or_else(|| name.parse::<IpAddr>().ok().map(|_| name))
}

/// The length of an address's prefix, and its version.
pub(super) fn prefix_and_version(ip: &str) -> (u8, u8) {
    if ip.contains(':') { (128, 6) } else { (32, 4) }
}

/// Whether an address is protected from floods: as it was recorded, else as its product's code says.
pub(super) fn ddos_protected(found: &Found<'_>) -> bool {
    found.read("ddos_protected").unwrap_or_else(|| found.product.code.ends_with("-ddos"))
}

/// The addresses of a server: the one it was recorded with, and those that move and are with it now.
fn addresses(server: &Found<'_>) -> Result<Vec<IpAddress>, Failure> {
    let moving = server.children(Kind::Ip);
    let main = server.ip().map(|ip| address(server, ip)).into_iter();
    let moving = moving.iter().filter_map(|found| floating_ip(found).map(|ip| address(found, ip)));
    main.chain(moving).collect()
}

fn address(found: &Found<'_>, ip: &str) -> Result<IpAddress, Failure> {
    let (prefix, version) = prefix_and_version(ip);
    let floating = found.product.kind == Kind::Ip;
    Ok(IpAddress {
        id: found.service.id.0,
        ip_address: ip.to_owned(),
        prefix: found.read("prefix").unwrap_or(prefix),
        version,
        address_type: "public",
        main: !floating,
        ddos_protected: ddos_protected(found),
        floating_ip: floating,
        floating_ip_id: floating.then_some(found.service.id.0),
        ptr: names_of(found, ip),
        assigned_on: found.midnight(found.service.created)?,
    })
}

/// The name that an address leads back to, by the address.
pub(super) fn names_of(found: &Found<'_>, ip: &str) -> Option<BTreeMap<String, String>> {
    let name = found.fact("ptr")?;
    Some(BTreeMap::from([(ip.to_owned(), name.to_owned())]))
}

/// An add-on, with what it costs for the server's cycle. What is not sold for that costs nothing here.
fn addon(server: &Found<'_>, found: &Found<'_>) -> Result<ServerAddon, Failure> {
    let Found { account, product, service, .. } = *found;
    let price = found.price(server.service.period).unwrap_or(Money::zero(account.currency));
    let stopped = service.cancellation.as_ref().filter(|cancelled| cancelled.ending == Ending::Now);
    Ok(ServerAddon {
        id: service.id.0,
        name: product.code.clone(),
        status: found.standing.word(),
        quantity: found.read("quantity").unwrap_or(1),
        amount: net(price),
        amount_with_vat: with_vat(account, price)?,
        created_at: PlainStamp(found.midnight(service.created)?.0),
        ended_at: stopped.map(|cancelled| PlainStamp(cancelled.requested)),
    })
}

/// The cancellation of a service; it has the service's id. Of one that was recorded as cancelled nothing more is known.
pub(super) fn cancel_request(found: &Found<'_>) -> Option<CancelRequest> {
    let known = found.service.cancellation.as_ref();
    found.cancelled().then(|| CancelRequest {
        id: found.service.id.0,
        request_type: CANCEL_TYPE,
        reason: known.map_or_else(String::new, |known| known.reason.clone()),
        created_at: known.map(|known| Stamp(known.requested)),
    })
}

/// Whether a server runs: it is paid, or in its days of grace, and nobody stopped it.
fn runs(server: &Found<'_>) -> bool {
    server.standing == Standing::Active
}

fn status(context: &Context<'_>) -> Result<Answer, Failure> {
    const GB_A_TB: u32 = 1_000;
    let id = found::path_id(context, "id")?;
    let seen = found::load_one(context, id)?;
    let server = Found::server(context, &seen, id)?;
    let plan = plan::shown(server.account, server.product, Some(server.service))?;
    let recorded = |name| server.read::<u32>(name).unwrap_or(0);
    let cpu_used = recorded("cpu_used").min(100);
    let resolvers = server.fact("dns_resolvers").unwrap_or_default().split(',').map(str::trim);
    Ok(Answer::json(&ServerStatus {
        running: runs(&server),
        suspended: server.standing == Standing::Suspended,
        network_suspended: server.read("network_suspended").unwrap_or(false),
        rescue_mode: server.read("rescue_mode").unwrap_or(false),
        dns_resolvers: resolvers.filter(|resolver| !resolver.is_empty()).map(str::to_owned).collect(),
        cpu: Cpu { used: cpu_used, free: 100 - cpu_used },
        disk: Usage { used: recorded("disk_used"), limit: plan.disk },
        bandwidth: Usage { used: recorded("bandwidth_used"), limit: plan.bandwidth.saturating_mul(GB_A_TB) },
    })?)
}

fn cancel<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let service = named(context)?;
        let asked: CancelServer = context.body()?;
        let reason = reason(asked.reason)?;
        let action = Action::Cancel { service, reason, ending: ending(asked.now) };
        context.submit(action).await.map_err(refused)?;
        Ok(Answer::nothing())
    })
}

fn reinstate<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let service = named(context)?;
        context.submit(Action::Reinstate { service }).await.map_err(refused)?;
        Ok(Answer::nothing())
    })
}

/// Why a server is not cancelled, or not taken back: one that ended is still shown, so it is refused and not unknown.
fn refused(rejection: Rejection) -> Failure {
    match rejection {
        Rejection::Refused(refusal @ Refusal::NotChangeable { reason: GateReason::Terminated, .. }) => {
            Failure::refused(refusal.to_string())
        }
        other => other.into(),
    }
}

/// The server that the path names, which is known to be one.
fn named(context: &Context<'_>) -> Result<ServiceId, Failure> {
    let id = found::path_id(context, "id")?;
    let seen = found::load_one(context, id)?;
    Found::server(context, &seen, id).map(|server| server.service.id)
}

/// When a cancellation takes effect: at the expiry where nothing is said (documented).
pub(super) const fn ending(now: Option<bool>) -> Ending {
    match now {
        Some(true) => Ending::Now,
        Some(false) | None => Ending::AtExpiry,
    }
}

/// Reads the reason for a cancellation.
pub(super) fn reason(text: Option<String>) -> Result<String, Failure> {
    let text = text.unwrap_or_default();
    if text.chars().count() > REASON_LENGTH_MAX {
        let rule = format!("The reason may not be longer than {REASON_LENGTH_MAX} characters.");
        return Err(Failure::invalid("reason", rule));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_short_and_may_be_absent() {
        assert_eq!(reason(None), Ok(String::new()));
        assert_eq!(reason(Some("Project ended.".to_owned())), Ok("Project ended.".to_owned()));
        assert!(reason(Some("é".repeat(REASON_LENGTH_MAX))).is_ok());
        let failure = reason(Some("x".repeat(REASON_LENGTH_MAX + 1))).expect_err("is too long");
        assert_eq!(failure.status.as_u16(), 422);
        assert!(failure.body.errors.contains_key("reason"));
    }

    #[test]
    fn an_address_tells_its_version() {
        for (ip, told) in [("87.121.52.159", (32, 4)), ("2001:db8::1", (128, 6))] {
            assert_eq!(prefix_and_version(ip), told, "{ip}");
        }
    }
}
