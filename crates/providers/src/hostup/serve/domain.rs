//! `/v2/domains`: the list, one of them, its switches, and asking the registry how it stands.

use http::Method;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use perennial_core::command::Action;
use perennial_core::gate::GateReason;
use perennial_core::ids::{OrderId, ServiceId};
use perennial_core::ports::{BoxFuture, Rejection};
use perennial_core::product::{Kind, Renewability};
use perennial_core::refusal::Refusal;
use perennial_core::service::RenewalMode;
use perennial_core::snapshot::Snapshot;

use super::cursor::Window;
use super::found::{self, Found};
use super::{Answer, Context, Row, body, reference, require_scope};
use crate::hostup::id::Thing;
use crate::hostup::wire::domain::{
    Contact, Contacts, Domain, DomainActions, DomainBilling, DomainDetail, DomainLifecycle, DomainUpdate, RegistryLock,
    StatusSync, Transfer, WhoisPrivacy,
};
use crate::hostup::wire::problem::Failure;
use crate::hostup::wire::reference::{EnableActions, Gate, NoFields};
use crate::hostup::wire::stamp::Stamp;

pub(super) const ROWS: &[Row] = &[
    Row::read("/v2/domains", "domains", list).scopes(&["read:domains"]),
    Row::read("/v2/domains/{id}", "domain", one).scopes(&["read:domains"]),
    Row::act(Method::PATCH, "/v2/domains/{id}", "edit-domain", edit).scopes(&["write:domains"]),
    Row::act(Method::POST, "/v2/domains/{id}/actions/status-sync", "sync-domain", sync).scopes(&["read:domains"]),
];

/// How many domains a page has; the default is unverified.
const PAGE: (usize, usize) = (100, 1_000);

/// How many days before its last paid one a domain's renewal falls due (documented example).
pub(super) const DUE_DAYS: i32 = 30;

/// The fact that names a domain's name servers, separated by commas.
const NAME_SERVERS: &str = "nameServers";

fn list(context: &Context<'_>) -> Result<Answer, Failure> {
    let window = Window::of(&context.query, PAGE.0, PAGE.1)?;
    // What is to be included is tolerated: no domain here has a hosting connection.
    context.query.value("include", "hostingConnection", |word| (word == "hostingConnection").then_some(()))?;
    let seen = match context.query.text("name") {
        Some(name) => named(context, &name.to_lowercase())?,
        None => found::load_all(context, Thing::Domain)?,
    };
    let page = window.select(Found::all(context, &seen, Thing::Domain), |found| found.service.id.0);
    Ok(Answer::json(&page.try_map(|found| item(&found))?)?)
}

/// Loads the domain with a name, if there is one.
fn named(context: &Context<'_>, name: &str) -> Result<Snapshot, Failure> {
    match context.ports.books.find_service(context.account().id, Kind::Domain, name)? {
        Some(id) => found::load_service(context, id),
        None => Ok(Snapshot::default()),
    }
}

fn one(context: &Context<'_>) -> Result<Answer, Failure> {
    let (seen, id) = found::load_one(context, Thing::Domain)?;
    Ok(Answer::json(&detail(&Found::of(context, &seen, Thing::Domain, id)?)?)?)
}

fn item(found: &Found<'_>) -> Result<Domain, Failure> {
    let service = found.service;
    let currency = found.account.currency;
    let billing = reference::billing(found.price(), currency, service.period);
    let created = found.account.zone.midnight(service.created).map_err(Refusal::Calendar)?;
    Ok(Domain {
        id: found.id(),
        name: service.name.clone(),
        service_status: found.status(),
        lifecycle: DomainLifecycle {
            kind: "standard",
            auto_renew_enabled: Some(found.renews_by_itself()),
            registrar_lock_enabled: None,
            transfer_in_progress: false,
        },
        billing: DomainBilling {
            amount: billing.amount,
            currency_code: billing.currency_code,
            billing_cycle: billing.billing_cycle,
            period_years: reference::years(service.period),
        },
        created_at: Some(Stamp(created)),
        expires_at: Some(Stamp(found.expires_at()?)),
        next_due_at: Some(Stamp(next_due(found.last_day()?)?)),
        tags: Vec::new(),
        pinned: false,
    })
}

/// When the renewal of a domain falls due: so many days before its last paid one, at midnight in universal time.
fn next_due(last_day: Date) -> Result<Timestamp, Failure> {
    let due = due_day(last_day)?.to_zoned(TimeZone::UTC).map_err(|_| Failure::server_error())?;
    Ok(due.timestamp())
}

/// The day on which the renewal of a domain falls due.
pub(super) fn due_day(last_day: Date) -> Result<Date, Failure> {
    last_day.checked_sub(Span::new().days(DUE_DAYS)).map_err(|_| Failure::server_error())
}

fn detail(found: &Found<'_>) -> Result<DomainDetail, Failure> {
    let account = found.account;
    let registrant =
        Contact { name: account.name.clone(), email: account.email.clone(), country_code: account.country.clone() };
    Ok(DomainDetail {
        domain: item(found)?,
        contacts: Contacts { registrant },
        nameservers: nameservers(found),
        transfer: Transfer { in_progress: false },
        registry_lock: RegistryLock { enabled: false, requires_manual_unlock_flow: false, unlock_action: None },
        whois_privacy: WhoisPrivacy { enabled: None },
        pending_renewal_order: found.pending().map(|order| reference::pending_order(found.seen, order)),
        actions: actions(found)?,
    })
}

/// The name servers of a domain, as the seller noted them.
pub(super) fn nameservers(found: &Found<'_>) -> Vec<String> {
    let noted = found.service.facts.get(NAME_SERVERS).map_or("", String::as_str);
    noted.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// What can be done with a domain.
pub(super) fn actions(found: &Found<'_>) -> Result<DomainActions, Failure> {
    Ok(DomainActions { can_enable_auto_renew: can_enable(found), can_renew_now: found.can_renew()? })
}

/// Whether a domain can be set to renew by itself: where the very command that does it would be carried out. A pending
/// renewal is in the way (inferred), and where it is set already there is nothing to do (documented example); the codes
/// but `pending_order` are ours.
pub(super) fn can_enable(found: &Found<'_>) -> Gate {
    if found.pending().is_some() {
        return Gate::closed("A renewal is pending: its invoice is not paid.", Some("pending_order"));
    }
    if found.renews_by_itself() {
        return Gate::closed("It renews by itself already.", Some("already_enabled"));
    }
    if found.product.renewability == Renewability::OneShot {
        return Gate::closed(format!("It cannot renew by itself: {}.", GateReason::OneShot), Some("not_active"));
    }
    match found.rehearse(switching(vec![found.service.id], RenewalMode::Automatic, Vec::new())) {
        Ok(()) => Gate::OPEN,
        Err(Refusal::NotChangeable { reason, .. }) => {
            Gate::closed(format!("It cannot renew by itself: {reason}."), Some("not_active"))
        }
        Err(Refusal::TooLate(_)) => {
            let reason = "A cancellation can be withdrawn until 24 hours before the expiry.";
            Gate::closed(reason, Some("too_late"))
        }
        Err(_) => Gate::closed("It cannot be set to renew by itself now.", Some("not_active")),
    }
}

/// The action that withdraws orders and sets what happens at the expiry.
pub(super) const fn switching(services: Vec<ServiceId>, mode: RenewalMode, withdraw: Vec<OrderId>) -> Action {
    Action::SetRenewals { services, mode, period: None, withdraw }
}

/// The refusal of setting a domain to renew by itself. Its code is inferred.
pub(super) fn refuse_enabling(found: &Found<'_>, gate: Gate) -> Failure {
    let detail = format!("{}: {}", found.service.name, gate.reason.clone().unwrap_or_default());
    not_eligible(detail).with("actions", &EnableActions { can_enable_auto_renew: gate })
}

fn not_eligible(detail: impl Into<String>) -> Failure {
    Failure::conflict("domain_not_eligible", "Domain not eligible", detail)
}

fn edit<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let (seen, id) = found::load_one(context, Thing::Domain)?;
        let found = Found::of(context, &seen, Thing::Domain, id)?;
        let update: DomainUpdate = body(context)?;
        check(context, &update)?;
        match update.auto_renew {
            Some(true) if !found.renews_by_itself() => {
                let gate = can_enable(&found);
                if !gate.allowed {
                    return Err(refuse_enabling(&found, gate));
                }
                context.submit(switching(vec![id], RenewalMode::Automatic, Vec::new())).await?;
            }
            Some(false) => switch_off(context, &found, update.cancel_pending_order == Some(true)).await?,
            Some(true) | None => {}
        }
        one(context)
    })
}

/// Refuses switches that cannot be set, before any of them is.
fn check(context: &Context<'_>, update: &DomainUpdate) -> Result<(), Failure> {
    if update.cancel_pending_order == Some(true) {
        if update.auto_renew != Some(false) {
            let detail = "`cancelPendingOrder` goes with `autoRenew` false only.";
            return Err(Failure::invalid_field("/cancelPendingOrder", detail, "invalid_request"));
        }
        require_scope(context, "write:billing")?;
    }
    if update.registrar_lock.is_some() || update.whois_privacy_auto_enable.is_some() {
        return Err(not_eligible("The registrar lock and WHOIS privacy of this domain cannot be changed here."));
    }
    Ok(())
}

/// Lets a domain renew by itself no more, and withdraws its pending renewal, where that renews nothing else. That is
/// tried once: where it was settled meanwhile, or is being paid, the switch is set all the same (documented as best
/// effort). A domain that its owner cancelled stays so.
async fn switch_off(context: &Context<'_>, found: &Found<'_>, withdraws: bool) -> Result<(), Failure> {
    let services = || Some(found.service.id).filter(|_| found.service.mode == RenewalMode::Automatic);
    let pending = found.pending().filter(|order| withdraws && found.is_alone_in(order));
    if let Some(order) = pending {
        let both = switching(services().into_iter().collect(), RenewalMode::Manual, vec![order.id]);
        match context.submit(both).await {
            Err(Rejection::Refused(
                Refusal::OrderPaid(_)
                | Refusal::ChargeOpen(_)
                | Refusal::OrderCancelled(_)
                | Refusal::OrderLapsed(_)
                | Refusal::UnknownOrder(_),
            )) => {}
            answered => return Ok(answered.map(|_| ())?),
        }
    }
    if let Some(id) = services() {
        context.submit(switching(vec![id], RenewalMode::Manual, Vec::new())).await?;
    }
    Ok(())
}

/// There is no registry to ask: what is on file is what is.
fn sync<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let (seen, id) = found::load_one(context, Thing::Domain)?;
        let found = Found::of(context, &seen, Thing::Domain, id)?;
        let NoFields {} = body(context)?;
        let status = found.status();
        Ok(Answer::json(&StatusSync {
            id: found.id(),
            name: found.service.name.clone(),
            previous_status: status,
            new_status: status,
            status_changed: false,
            status_changed_to_active: false,
            sync_success: true,
            info: Some("Domain status is up to date."),
            error: None,
            revert_attempted: false,
            revert_succeeded: false,
            revert_error: None,
            double_sync_attempted: false,
            double_sync_succeeded: false,
            double_sync_error: None,
        })?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_renewal_falls_due_thirty_days_before_the_last_day() {
        // The documentation's example expires at the end of 27 April 2027 in Stockholm.
        let due = next_due("2027-04-27".parse().expect("is a date")).expect("is in the calendar");
        assert_eq!(Stamp(due).to_string(), "2027-03-28T00:00:00.000Z");
    }
}
