//! `/v2/cancellations` and those of one hosting account or VPS: ending it, and withdrawing that. A cancellation that was
//! withdrawn is not remembered.

use http::Method;
use perennial_core::command::Action;
use perennial_core::order::Order;
use perennial_core::ports::BoxFuture;
use perennial_core::service::{Cancellation as Cancelled, Ending, Hold, RenewalMode, Service};

use super::found::{self, Found};
use super::hosting::day;
use super::{Answer, Context, Row, body};
use crate::hostup::id::Thing;
use crate::hostup::wire::hosting::{CancelRequest, CancelType, Cancellation, CancellationStatus, ListedCancellation};
use crate::hostup::wire::problem::Failure;
use crate::hostup::wire::stamp::Stamp;

/// The longest reason, in characters; the real bound is unverified.
const REASON_LENGTH_MAX: usize = 500;

const READ_HOSTING: &[&str] = &["read:services", "read:hosting"];
const READ_VPS: &[&str] = &["read:services", "read:vm"];
const WRITE_HOSTING: &[&str] = &["write:services"];
const WRITE_VPS: &[&str] = &["write:services", "write:vm"];

pub(super) const ROWS: &[Row] = &[
    Row::read("/v2/cancellations", "cancellations", list).scopes(&["read:services"]),
    Row::read("/v2/shared-hosting/{id}/cancellation", "cancellation", |context| one(context, Thing::Hosting))
        .scopes(READ_HOSTING),
    Row::act(Method::DELETE, "/v2/shared-hosting/{id}/cancellation", "reinstate", |context| {
        revoke(context, Thing::Hosting)
    })
    .scopes(WRITE_HOSTING),
    Row::act(Method::POST, "/v2/shared-hosting/{id}/actions/cancel", "cancel", |context| {
        cancel(context, Thing::Hosting)
    })
    .scopes(WRITE_HOSTING),
    Row::read("/v2/vps/{id}/cancellation", "cancellation", |context| one(context, Thing::Vps)).scopes(READ_VPS),
    Row::act(Method::DELETE, "/v2/vps/{id}/cancellation", "reinstate", |context| revoke(context, Thing::Vps))
        .scopes(WRITE_VPS),
    Row::act(Method::POST, "/v2/vps/{id}/actions/cancel", "cancel", |context| cancel(context, Thing::Vps))
        .scopes(WRITE_VPS),
];

/// Lists the cancellations of hosting accounts and VPS, as a bare array (inferred from cards, which are one).
fn list(context: &Context<'_>) -> Result<Answer, Failure> {
    let things = [Thing::Hosting, Thing::Vps];
    let mut ids = Vec::new();
    for thing in things {
        ids.extend(context.ports.books.service_ids(context.account().id, found::kind(thing))?);
    }
    let seen = found::load_services(context, &ids)?;
    let mut listed = Vec::new();
    for thing in things {
        for found in Found::all(context, &seen, thing) {
            if found.service.mode == RenewalMode::DeleteAtExpiry {
                listed.push(ListedCancellation {
                    service_id: found.id(),
                    service_name: found.service.name.clone(),
                    cancellation: shown(found.service, is_revokable(&found))?,
                });
            }
        }
    }
    Ok(Answer::json(&listed)?)
}

/// Shows how the cancellation of a service stands; also that there is none (documented).
fn one(context: &Context<'_>, thing: Thing) -> Result<Answer, Failure> {
    let (seen, id) = found::load_one(context, thing)?;
    let found = Found::of(context, &seen, thing, id)?;
    Ok(Answer::json(&shown(found.service, is_revokable(&found))?)?)
}

fn shown(service: &Service, revokable: bool) -> Result<Cancellation, Failure> {
    let nothing = Cancellation {
        status: CancellationStatus::None,
        cancel_type: None,
        reason: None,
        requested_at: None,
        scheduled_at: None,
        revokable: false,
    };
    if service.mode != RenewalMode::DeleteAtExpiry {
        return Ok(nothing);
    }
    let asked = service.cancellation.as_ref();
    // Where nothing is known of it, it is as everybody's: at the expiry.
    let ending = asked.map_or(Ending::AtExpiry, |asked| asked.ending);
    let (status, cancel_type) = match ending {
        Ending::AtExpiry => (CancellationStatus::Scheduled, CancelType::EndOfPeriod),
        Ending::Now => (CancellationStatus::Pending, CancelType::Immediate),
    };
    Ok(Cancellation {
        status,
        cancel_type: Some(cancel_type),
        reason: asked.map(|asked| asked.reason.clone()).filter(|reason| !reason.is_empty()),
        requested_at: asked.map(|asked| Stamp(asked.requested)),
        scheduled_at: Some(day(service.until)?),
        revokable,
    })
}

/// Whether a cancellation could be withdrawn now: the very rules of that, without carrying it out.
fn is_revokable(found: &Found<'_>) -> bool {
    let service = found.service;
    service.mode == RenewalMode::DeleteAtExpiry && found.rehearse(Action::Reinstate { service: service.id }).is_ok()
}

fn cancel<'a>(context: &'a Context<'a>, thing: Thing) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let (seen, id) = found::load_one(context, thing)?;
        let found = Found::of(context, &seen, thing, id)?;
        let request: CancelRequest = body(context)?;
        let reason = reason(&request)?;
        let ending = match request.cancel_type {
            CancelType::Immediate => Ending::Now,
            CancelType::EndOfPeriod => Ending::AtExpiry,
        };
        if found.open.is_some_and(|order| is_overdue(context, &found, order)) {
            return Err(blocked(context, &found).await?);
        }
        if found.service.mode == RenewalMode::DeleteAtExpiry {
            return Err(Failure::conflict("conflict", "Already cancelled", "This service is already cancelled."));
        }
        context.submit(Action::Cancel { service: id, reason: reason.clone(), ending }).await?;
        let mut seen = found::load_service(context, id)?;
        if seen.services.get(&id).is_none_or(|service| service.mode != RenewalMode::DeleteAtExpiry) {
            // Readers lag behind: made here, then.
            let mode_before = found.service.mode;
            let cancellation = Some(Cancelled { requested: context.now, reason, ending, mode_before });
            let hold = match ending {
                Ending::AtExpiry => found.service.hold,
                Ending::Now => Hold::Suspended,
            };
            let mode = RenewalMode::DeleteAtExpiry;
            seen.services.insert(id, Service { mode, hold, cancellation, ..found.service.clone() });
        }
        let cancelled = Found::of(context, &seen, thing, id)?;
        Ok(Answer::json(&shown(cancelled.service, is_revokable(&cancelled))?)?)
    })
}

/// Why a service is cancelled: a reason, and what is said besides.
fn reason(request: &CancelRequest) -> Result<String, Failure> {
    let read = |field: &str, text: &str| {
        let text = text.trim();
        if text.chars().count() > REASON_LENGTH_MAX || text.chars().any(|letter| letter.is_control() && letter != '\n')
        {
            let detail = format!("A reason is plain text of {REASON_LENGTH_MAX} characters at the most.");
            return Err(Failure::invalid_field(format!("/{field}"), detail, "invalid_request"));
        }
        Ok(text.to_owned())
    };
    let reason = read("reason", &request.reason)?;
    if reason.is_empty() {
        return Err(Failure::invalid_field("/reason", "A reason is required.", "missing_required"));
    }
    let other = read("otherReason", request.other_reason.as_deref().unwrap_or_default())?;
    Ok(if other.is_empty() { reason } else { format!("{reason}: {other}") })
}

/// Whether an unpaid renewal is overdue: it was to be paid by the expiry that it extends, and that is past. What an
/// overdue invoice is, is not documented.
fn is_overdue(context: &Context<'_>, found: &Found<'_>, order: &Order) -> bool {
    let today = found.account.zone.date_of(context.now);
    order.line_of(found.service.id).is_some_and(|line| today >= line.term.from())
}

/// The refusal of cancelling what is overdue. It switches the automatic renewal off (documented).
async fn blocked(context: &Context<'_>, found: &Found<'_>) -> Result<Failure, Failure> {
    if found.service.mode == RenewalMode::Automatic {
        let (service, mode) = (found.service.id, Some(RenewalMode::Manual));
        context.submit(Action::SetRenewal { service, mode, period: None }).await?;
    }
    let detail = "An overdue invoice has to be settled first. The automatic renewal was switched off.";
    Ok(Failure::conflict("cancellation_blocked_overdue_invoice", "Cancellation blocked by overdue invoice", detail))
}

/// Withdraws a cancellation.
fn revoke<'a>(context: &'a Context<'a>, thing: Thing) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let (seen, id) = found::load_one(context, thing)?;
        let found = Found::of(context, &seen, thing, id)?;
        let before = shown(found.service, false)?;
        context.submit(Action::Reinstate { service: id }).await?;
        let status = CancellationStatus::Revoked;
        Ok(Answer::json(&Cancellation { status, scheduled_at: None, ..before })?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::common::body::body;

    fn read(text: &str) -> Result<String, String> {
        let request: CancelRequest = body(text.as_bytes()).map_err(|error| error.to_string())?;
        reason(&request).map_err(|failure| failure.errors[0].pointer.clone())
    }

    #[test]
    fn a_reason_is_plain_text_and_may_be_explained() {
        for (text, wanted) in [
            (r#"{"reason":"too_expensive","cancelType":"immediate"}"#, Ok("too_expensive")),
            (r#"{"reason":"other","otherReason":" Moved. ","cancelType":"end_of_period"}"#, Ok("other: Moved.")),
            (r#"{"reason":"other","otherReason":null,"cancelType":"end_of_period"}"#, Ok("other")),
            (r#"{"reason":" ","cancelType":"immediate"}"#, Err("/reason")),
            (r#"{"reason":"a\u0000","cancelType":"immediate"}"#, Err("/reason")),
            (r#"{"reason":"a","otherReason":"\u0007","cancelType":"immediate"}"#, Err("/otherReason")),
            (
                r#"{"reason":"a","cancelType":"now"}"#,
                Err("`cancelType` is not valid: not one of immediate, end_of_period"),
            ),
            (r#"{"cancelType":"immediate"}"#, Err("`reason` is missing")),
            (r#"{"reason":"a","cancelType":"immediate","x":1}"#, Err("`x` is not a field of this request")),
        ] {
            assert_eq!(read(text).as_deref(), wanted.map_err(str::to_owned).as_deref(), "{text}");
        }
        let long = format!(r#"{{"reason":"{}","cancelType":"immediate"}}"#, "x".repeat(REASON_LENGTH_MAX + 1));
        assert_eq!(read(&long), Err("/reason".to_owned()));
    }
}
