//! `/floating-ips`: addresses that move between servers.
//!
//! One is a service of the kind [`Kind::Ip`]; the server that has it is its parent. Its address is the fact `ip`, or its
//! own name where that is one: one that was just ordered has none yet.

use std::collections::BTreeMap;

use http::Method;
use perennial_core::account::Account;
use perennial_core::calendar::Period;
use perennial_core::command::{Action, BuyRequest, FirstTerm, NewService};
use perennial_core::ids::ServiceId;
use perennial_core::money::Money;
use perennial_core::order::Order;
use perennial_core::ports::BoxFuture;
use perennial_core::product::{Catalogue, Kind, Product};
use perennial_core::quote::SERVICES_MAX;
use perennial_core::service::Ending;
use perennial_core::snapshot::{Snapshot, Want};

use super::addon::OPEN_S;
use super::filter::Filter;
use super::found::{self, Found, Standing, monthly_price};
use super::money::{net, with_vat};
use super::order::order_of;
use super::page::Asked;
use super::server::{cancel_request, ddos_protected, ending, floating_ip, names_of, prefix_and_version, reason};
use super::{Context, Row};
use crate::common::bearer::Answer;
use crate::secret::order_password;
use crate::vpsbg::wire::error::Failure;
use crate::vpsbg::wire::floating_ip::{
    BuyFloatingIps, CancelFloatingIps, Empty, FloatingAddress, FloatingIp, FloatingIpPlan, ReinstateFloatingIps,
};
use crate::vpsbg::wire::plan::Data;

pub(super) const ROWS: &[Row] = &[
    Row::read("/floating-ips", "floating-ips", list),
    Row::act(Method::POST, "/floating-ips", "buy-floating-ips", buy),
    Row::act(Method::POST, "/floating-ips/cancel", "cancel-floating-ips", cancel),
    Row::act(Method::DELETE, "/floating-ips/cancel", "reinstate-floating-ips", reinstate).inferred(),
];

fn list(context: &Context<'_>) -> Result<Answer, Failure> {
    let (filter, asked) = (Filter::of(context)?, Asked::of(context)?);
    let flag = |text: &str| match text {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    };
    let protected = context.query.value("filter[ddos]", "true or false", flag)?;
    // The servers, too: each address names the one that has it.
    let seen = found::load_kinds(context, &[Kind::Ip, Kind::Server])?;
    let mut addresses = Found::all(context, &seen, Kind::Ip);
    addresses.retain(|found| {
        let server = found.parent();
        let names: Vec<_> = server.iter().map(Found::hostname).collect();
        let own: Vec<_> = floating_ip(found).into_iter().collect();
        protected.is_none_or(|protected| protected == ddos_protected(found))
            && filter.takes(found.standing, &names, &own)
    });
    filter.sort(&mut addresses);
    let shown = asked.slice(&addresses).iter().map(shown).collect::<Result<_, _>>()?;
    asked.envelope(context, "/floating-ips", shown, addresses.len())
}

/// A floating address. The server that has it was loaded.
fn shown(found: &Found<'_>) -> Result<FloatingIp, Failure> {
    let Found { account, product, service, .. } = *found;
    let server = found.parent();
    Ok(FloatingIp {
        id: service.id.0,
        status: found.standing.word(),
        server_id: server.map(|server| server.service.id.0),
        server_hostname: server.map(|server| server.hostname().to_owned()),
        server_main_ip: server.and_then(|server| server.ip()).map(str::to_owned),
        locked: found.locked(),
        // The ledger does not know since when, nor why.
        locked_at: None,
        lock_reason: None,
        billing_cycle: found.billing_cycle(),
        expiry_at: found.expiry()?,
        plan: plan(account, product)?,
        ip_address: floating_ip(found).map(|ip| address(found, ip)),
        cancel_request: cancel_request(found),
    })
}

fn plan(account: &Account, product: &Product) -> Result<FloatingIpPlan, Failure> {
    let price = monthly_price(product, account.currency);
    let net_price = price.unwrap_or(Money::zero(account.currency));
    Ok(FloatingIpPlan {
        id: product.id.0,
        name: product.code.clone(),
        available: price.is_some(),
        price: net(net_price),
        price_with_vat: with_vat(account, net_price)?,
    })
}

fn address(found: &Found<'_>, ip: &str) -> FloatingAddress {
    let (prefix, version) = prefix_and_version(ip);
    FloatingAddress {
        id: found.service.id.0,
        ip_address: ip.to_owned(),
        prefix: found.read("prefix").unwrap_or(prefix),
        version,
        address_type: "public",
        main: false,
        ddos_protected: ddos_protected(found),
        ptr: names_of(found, ip),
    }
}

/// The word under which tokens of purchases are kept.
const BUY: &str = "buy-floating-ips";

/// Orders addresses. The answer is the addresses, not the order (documented).
fn buy<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let asked: BuyFloatingIps = context.body()?;
        if let Some(reply) = context.answered_before(BUY)? {
            return placed(context, &order_of(reply)?);
        }
        let server = asked.server_id.map(ServiceId);
        let wants: Vec<_> = server.map(|id| Want::Service(context.account().id, id)).into_iter().collect();
        let seen = context.load(&wants)?;
        if server.is_some_and(|id| Found::server(context, &seen, id).is_err()) {
            return Err(no_such_server());
        }
        let request = request(context.account(), &seen.catalogue, &asked)?;
        let action = Action::Buy { request, password: order_password() };
        placed(context, &order_of(context.submit_once(BUY, action).await?)?)
    })
}

fn no_such_server() -> Failure {
    Failure::invalid("server_id", "There is no such server.")
}

fn placed(context: &Context<'_>, order: &Order) -> Result<Answer, Failure> {
    let account = context.account().id;
    let ids: Vec<_> = order.lines.iter().map(|line| line.service).collect();
    let mut wants: Vec<_> = ids.iter().map(|id| Want::Service(account, *id)).collect();
    let opened = context.load(&wants)?;
    wants.extend(opened.services.values().filter_map(|service| service.parent).map(|id| Want::Service(account, id)));
    let seen = context.load(&wants)?;
    // Of an order that was placed under the same token long ago, some may be gone.
    let opened = ids.into_iter().filter_map(|id| Found::of_kind(context, &seen, id, Kind::Ip).ok());
    let data = opened.map(|found| shown(&found)).collect::<Result<_, _>>()?;
    Ok(Answer::json(&Data { data })?)
}

/// What is to be ordered.
fn request(account: &Account, catalogue: &Catalogue, asked: &BuyFloatingIps) -> Result<BuyRequest, Failure> {
    let unsold = || Failure::invalid("billing_cycle", "Addresses are not sold for this cycle.");
    let period = Period::months(asked.billing_cycle).ok_or_else(unsold)?;
    let mut items = Vec::new();
    let counts = [
        ("ipv4", "floating-ipv4", asked.ipv4),
        ("ipv4_ddos", "floating-ipv4-ddos", asked.ipv4_ddos),
        ("ipv6", "floating-ipv6", asked.ipv6),
    ];
    for (field, code, count) in counts {
        let count = usize::from(count.unwrap_or(0));
        if count == 0 {
            continue;
        }
        if items.len() + count > SERVICES_MAX {
            return Err(Failure::invalid(field, format!("One order opens {SERVICES_MAX} addresses at the most.")));
        }
        let mut products = catalogue.products.values();
        let product = products.find(|product| product.kind == Kind::Ip && product.code == code);
        let product = product.ok_or_else(|| Failure::invalid(field, "Such addresses are not sold."))?;
        product.price(period, account.currency).ok_or_else(unsold)?;
        let item = NewService {
            product: product.id,
            parent: asked.server_id.map(ServiceId),
            name: code.to_owned(),
            first: FirstTerm::For(period),
            period,
            facts: BTreeMap::new(),
        };
        items.extend(std::iter::repeat_n(item, count));
    }
    if items.is_empty() {
        return Err(Failure::invalid("ipv4", "No address is asked for."));
    }
    Ok(BuyRequest { items, promo: None, open_s: OPEN_S })
}

/// Cancels addresses. All of them are looked at before the first is cancelled; should one be refused all the same, the
/// same request again goes on where this one stopped.
fn cancel<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let asked: CancelFloatingIps = context.body()?;
        let (reason, ending) = (reason(asked.reason)?, ending(asked.now));
        let to_cancel = each(context, &asked.ids, |found| match is_cancelled(found) {
            None => Ok(true),
            Some(known) if known == ending => Ok(false),
            Some(_) => Err("This address is cancelled already."),
        })?;
        for service in to_cancel {
            context.submit(Action::Cancel { service, reason: reason.clone(), ending }).await?;
        }
        Ok(Answer::json(&Empty {})?)
    })
}

/// Withdraws the cancellation of addresses, in the same way.
fn reinstate<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let asked: ReinstateFloatingIps = context.body()?;
        for service in each(context, &asked.ids, |found| Ok(found.cancelled()))? {
            context.submit(Action::Reinstate { service }).await?;
        }
        Ok(Answer::json(&Empty {})?)
    })
}

/// When a cancellation of an address takes effect, if it is cancelled.
fn is_cancelled(found: &Found<'_>) -> Option<Ending> {
    let ending = found.service.cancellation.as_ref().map(|cancelled| cancelled.ending);
    found.cancelled().then(|| ending.unwrap_or(Ending::AtExpiry))
}

/// The addresses that are named and that something is to be done to, each once. One that is not there, or that `look`
/// objects to, is told by its place: `ids.0`.
fn each(
    context: &Context<'_>,
    ids: &[i64],
    look: impl Fn(&Found<'_>) -> Result<bool, &'static str>,
) -> Result<Vec<ServiceId>, Failure> {
    if ids.is_empty() || ids.len() > SERVICES_MAX {
        return Err(Failure::invalid("ids", format!("From 1 to {SERVICES_MAX} addresses are named.")));
    }
    let account = context.account().id;
    let wants: Vec<_> = ids.iter().map(|id| Want::Service(account, ServiceId(*id))).collect();
    let seen: Snapshot = context.load(&wants)?;
    let mut services = Vec::new();
    for (place, id) in ids.iter().copied().map(ServiceId).enumerate() {
        let wrong = |text: &str| Failure::invalid(&format!("ids.{place}"), text);
        let found = Found::of_kind(context, &seen, id, Kind::Ip).ok();
        let found = found.filter(|found| found.standing != Standing::Terminated);
        let found = found.ok_or_else(|| wrong("There is no such address."))?;
        if found.locked() {
            return Err(Failure::locked("One of the addresses is locked."));
        }
        if look(&found).map_err(wrong)? && !services.contains(&id) {
            services.push(id);
        }
    }
    Ok(services)
}
