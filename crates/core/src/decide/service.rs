//! What an owner sets on a service, and how a service ends.

use jiff::{SignedDuration, Timestamp};

use super::Decision;
use crate::account::{Account, Standing};
use crate::calendar::Period;
use crate::command::Reply;
use crate::gate::gone_or_held;
use crate::ids::ServiceId;
use crate::notice::{Notice, NoticeKind};
use crate::refusal::Refusal;
use crate::service::{Hold, RenewalMode, Service, Termination};
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
    mode: RenewalMode,
    period: Option<Period>,
) -> Result<Decision, Refusal> {
    let service = living(now, seen, account, id)?;
    let cancels_or_withdraws = (mode == RenewalMode::DeleteAtExpiry) != (service.mode == RenewalMode::DeleteAtExpiry);
    if cancels_or_withdraws {
        check_in_time(now, account, service)?;
    }
    if let Some(period) = period {
        let product = seen.product(service)?;
        service.price(product, period, account.currency).ok_or(Refusal::NoPrice { service: id, period })?;
    }
    let edited = Service { mode, period: period.unwrap_or(service.period), ..service.clone() };
    let mut changes = if edited == *service { Vec::new() } else { vec![Change::SetService(edited)] };
    if cancels_or_withdraws {
        // A token that is still on its way must not undo what was set since.
        changes.push(Change::ForgetTermination { account: account.id, service: id });
    }
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
    let notice = Notice { account: account.id, kind, at: now };
    let changes = vec![Change::RequestTermination(request), Change::Notify(notice)];
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
    let ending = Service { mode: RenewalMode::DeleteAtExpiry, ..service.clone() };
    let changes = vec![Change::SetService(ending), Change::ForgetTermination { account: account.id, service: id }];
    Ok(Decision::new(changes, Reply::From(service.until)))
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
