//! What an owner sets on a service, and how a service ends.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::renew::withdrawn;
use super::revise::follow;
use super::{Decision, notice};
use crate::account::{Account, Standing};
use crate::calendar::Period;
use crate::command::Reply;
use crate::gate::{GateReason, gone_or_held};
use crate::ids::{OrderId, ServiceId};
use crate::notice::NoticeKind;
use crate::order::OrderState;
use crate::refusal::Refusal;
use crate::service::{Cancellation, Ending, Hold, RenewalMode, Service, Termination};
use crate::snapshot::{Change, Snapshot};

/// A renewal can be cancelled, and the cancellation withdrawn, until this long before the expiry (OVHcloud's guides;
/// VPSBG and HostUp leave it open).
const CHANGE_UNTIL: SignedDuration = SignedDuration::from_hours(24);

/// Sets what happens at the expiry.
pub(super) fn set_renewal(
    now: Timestamp,
    seen: &Snapshot,
    account: &Account,
    id: ServiceId,
    mode: Option<RenewalMode>,
    period: Option<Period>,
) -> Result<Decision, Refusal> {
    let service = living(now, seen, account, id)?;
    let mode = mode.unwrap_or(service.mode);
    let cancels_or_withdraws = (mode == RenewalMode::DeleteAtExpiry) != (service.mode == RenewalMode::DeleteAtExpiry);
    if cancels_or_withdraws {
        check_in_time(now, account, service)?;
    }
    check_sold(seen, account, service, period)?;
    let edited = Service { period: period.unwrap_or(service.period), ..with_mode(now, service, mode) };
    let mut changes = match period {
        Some(period) if period != service.period => follow(now, seen, account, &[service], period)?,
        _ => Vec::new(),
    };
    if edited != *service {
        changes.push(Change::SetService(edited));
    }
    if cancels_or_withdraws {
        // A token that is still on its way must not undo what was set since.
        changes.push(Change::ForgetTermination { account: account.id, service: id });
    }
    Ok(Decision::new(changes, Reply::Done))
}

/// Withdraws orders and sets what happens to services at their expiry: all of it or nothing.
pub(super) fn set_renewals(
    now: Timestamp,
    seen: &Snapshot,
    account: &Account,
    services: &[ServiceId],
    mode: RenewalMode,
    period: Option<Period>,
    withdraw: &[OrderId],
) -> Result<Decision, Refusal> {
    if services.is_empty() && withdraw.is_empty() {
        return Err(Refusal::NothingToRenew);
    }
    // What one change does to a service the next one sees.
    let mut moved: BTreeMap<ServiceId, Service> = BTreeMap::new();
    let (mut changes, mut moved_on) = (Vec::new(), Vec::new());
    for id in withdraw.iter().collect::<BTreeSet<_>>() {
        let order = seen.order_of(account.id, *id)?;
        order.check_open(now)?;
        let state = OrderState::Cancelled(now);
        changes.push(Change::SetOrderState { account: account.id, order: *id, state });
        for line in &order.lines {
            let service = seen.service_of(account.id, line.service)?;
            if service.open_order == Some(*id) {
                moved.insert(service.id, withdrawn(service));
            }
        }
    }
    for id in services.iter().collect::<BTreeSet<_>>() {
        let service = seen.service_of(account.id, *id)?;
        let ends = |mode| mode == RenewalMode::DeleteAtExpiry;
        match gone_or_held(service, seen.product(service)?, account.zone.date_of(now)) {
            None => {}
            // Not to be renewed by itself any more is what a service can be set to that is only held.
            Some(GateReason::Locked | GateReason::Suspended) if mode == RenewalMode::Manual && !ends(service.mode) => {}
            Some(reason) => return Err(Refusal::NotChangeable { service: *id, reason }),
        }
        if ends(mode) != ends(service.mode) {
            check_in_time(now, account, service)?;
            changes.push(Change::ForgetTermination { account: account.id, service: *id });
        }
        check_sold(seen, account, service, period)?;
        let edited = with_mode(now, moved.get(id).unwrap_or(service), mode);
        let edited = Service { period: period.unwrap_or(edited.period), ..edited };
        if edited.period != service.period && edited.open_order.is_some() {
            moved_on.push(service);
        }
        if edited != *service {
            moved.insert(*id, edited);
        }
    }
    if let Some(period) = period {
        changes.extend(follow(now, seen, account, &moved_on, period)?);
    }
    changes.extend(moved.into_values().map(Change::SetService));
    Ok(Decision::new(changes, Reply::Done))
}

/// Cancels a service.
pub(super) fn cancel(
    now: Timestamp,
    seen: &Snapshot,
    account: &Account,
    id: ServiceId,
    reason: &str,
    ending: Ending,
) -> Result<Decision, Refusal> {
    let service = living(now, seen, account, id)?;
    if service.mode == RenewalMode::DeleteAtExpiry {
        return Err(Refusal::NotChangeable { service: id, reason: GateReason::Cancelled });
    }
    check_in_time(now, account, service)?;
    let hold = match ending {
        Ending::AtExpiry => service.hold,
        Ending::Now => Hold::Suspended,
    };
    let cancellation = Cancellation { requested: now, reason: reason.to_owned(), ending, mode_before: service.mode };
    let mode = RenewalMode::DeleteAtExpiry;
    let cancelled = Service { mode, hold, cancellation: Some(cancellation), ..service.clone() };
    let changes = vec![Change::SetService(cancelled), Change::ForgetTermination { account: account.id, service: id }];
    Ok(Decision::new(changes, Reply::From(service.until)))
}

/// Withdraws the cancellation of a service: what was to happen at its expiry before happens again.
pub(super) fn reinstate(
    now: Timestamp,
    seen: &Snapshot,
    account: &Account,
    id: ServiceId,
) -> Result<Decision, Refusal> {
    let service = seen.service_of(account.id, id)?;
    let stopped = service.cancellation.as_ref().is_some_and(|cancelled| cancelled.ending == Ending::Now);
    // What it was stopped by is over; what came on top of that (a lock, its end) is not.
    let hold = if stopped && service.hold == Hold::Suspended { Hold::None } else { service.hold };
    let running = Service { hold, ..service.clone() };
    if let Some(reason) = gone_or_held(&running, seen.product(service)?, account.zone.date_of(now)) {
        return Err(Refusal::NotChangeable { service: id, reason });
    }
    if service.mode != RenewalMode::DeleteAtExpiry {
        return Err(Refusal::NotCancelled(id));
    }
    check_in_time(now, account, service)?;
    let mode = service.cancellation.as_ref().map_or(RenewalMode::Manual, |cancelled| cancelled.mode_before);
    let reinstated = Service { mode, cancellation: None, ..running };
    let changes = vec![Change::SetService(reinstated), Change::ForgetTermination { account: account.id, service: id }];
    Ok(Decision::new(changes, Reply::Done))
}

/// Sets what its owner calls the service.
pub(super) fn rename(
    seen: &Snapshot,
    account: &Account,
    id: ServiceId,
    display_name: Option<&str>,
) -> Result<Decision, Refusal> {
    let service = seen.service_of(account.id, id)?;
    let display_name = display_name.map(str::to_owned);
    Ok(Decision::done(Change::SetService(Service { display_name, ..service.clone() })))
}

/// Suspends a service: resellers only.
pub(super) fn suspend(now: Timestamp, seen: &Snapshot, account: &Account, id: ServiceId) -> Result<Decision, Refusal> {
    check_reseller(account)?;
    let service = living(now, seen, account, id)?;
    Ok(Decision::done(Change::SetService(Service { hold: Hold::Suspended, ..service.clone() })))
}

/// Reopens a suspended service: resellers only.
pub(super) fn reopen(seen: &Snapshot, account: &Account, id: ServiceId) -> Result<Decision, Refusal> {
    check_reseller(account)?;
    let service = suspended(seen, account, id)?;
    Ok(Decision::done(Change::SetService(Service { hold: Hold::None, ..service.clone() })))
}

/// Deletes a suspended service: resellers only.
pub(super) fn terminate(seen: &Snapshot, account: &Account, id: ServiceId) -> Result<Decision, Refusal> {
    check_reseller(account)?;
    let service = suspended(seen, account, id)?;
    let gone = Service { hold: Hold::Terminated, open_order: None, ..service.clone() };
    Ok(Decision::done(Change::SetService(gone)))
}

/// Asks the owner, by mail, to confirm that the service is to end at its expiry.
pub(super) fn request_termination(
    now: Timestamp,
    seen: &Snapshot,
    account: &Account,
    id: ServiceId,
    token: &str,
    token_digest: [u8; 32],
) -> Result<Decision, Refusal> {
    let service = living(now, seen, account, id)?;
    check_in_time(now, account, service)?;
    let request = Termination { account: account.id, service: id, token_digest, until: service.until, requested: now };
    let kind = NoticeKind::TerminationRequested { service: id, name: service.name.clone(), token: token.to_owned() };
    let changes = vec![Change::RequestTermination(request), notice(now, account, kind)];
    Ok(Decision::new(changes, Reply::From(service.until)))
}

/// Sets the service to end at its expiry, given the token that was mailed.
pub(super) fn confirm_termination(
    now: Timestamp,
    seen: &Snapshot,
    account: &Account,
    id: ServiceId,
    token_digest: &[u8; 32],
) -> Result<Decision, Refusal> {
    let service = living(now, seen, account, id)?;
    let asked = seen
        .terminations
        .get(&id)
        .is_some_and(|request| request.token_digest == *token_digest && request.until == service.until);
    if !asked {
        return Err(Refusal::TerminationToken(id));
    }
    check_in_time(now, account, service)?;
    let ending = with_mode(now, service, RenewalMode::DeleteAtExpiry);
    let changes = vec![Change::SetService(ending), Change::ForgetTermination { account: account.id, service: id }];
    Ok(Decision::new(changes, Reply::From(service.until)))
}

/// A service with another mode: to be deleted, it is cancelled from now on; else it is cancelled no more.
fn with_mode(now: Timestamp, service: &Service, mode: RenewalMode) -> Service {
    let cancellation = match (mode, service.mode) {
        (RenewalMode::DeleteAtExpiry, RenewalMode::DeleteAtExpiry) => service.cancellation.clone(),
        (RenewalMode::DeleteAtExpiry, mode_before) => {
            let (requested, reason, ending) = (now, String::new(), Ending::AtExpiry);
            Some(Cancellation { requested, reason, ending, mode_before })
        }
        (RenewalMode::Automatic | RenewalMode::Manual, _) => None,
    };
    Service { mode, cancellation, ..service.clone() }
}

/// Whether a service can be renewed for a period, if one is given.
fn check_sold(seen: &Snapshot, account: &Account, service: &Service, period: Option<Period>) -> Result<(), Refusal> {
    let Some(period) = period else { return Ok(()) };
    let price = service.price(seen.product(service)?, period, account.currency);
    price.map(|_| ()).ok_or(Refusal::NoPrice { service: service.id, period })
}

fn check_reseller(account: &Account) -> Result<(), Refusal> {
    if account.standing == Standing::Reseller { Ok(()) } else { Err(Refusal::NotReseller) }
}

fn check_in_time(now: Timestamp, account: &Account, service: &Service) -> Result<(), Refusal> {
    let expiry = account.zone.midnight(service.until)?;
    if expiry.duration_since(now) > CHANGE_UNTIL { Ok(()) } else { Err(Refusal::TooLate(service.id)) }
}

/// A service that is neither gone, nor locked, nor suspended by its reseller.
fn living<'a>(now: Timestamp, seen: &'a Snapshot, account: &Account, id: ServiceId) -> Result<&'a Service, Refusal> {
    let service = seen.service_of(account.id, id)?;
    match gone_or_held(service, seen.product(service)?, account.zone.date_of(now)) {
        Some(reason) => Err(Refusal::NotChangeable { service: id, reason }),
        None => Ok(service),
    }
}

fn suspended<'a>(seen: &'a Snapshot, account: &Account, id: ServiceId) -> Result<&'a Service, Refusal> {
    let service = seen.service_of(account.id, id)?;
    if service.hold == Hold::Suspended { Ok(service) } else { Err(Refusal::NotSuspended(id)) }
}
