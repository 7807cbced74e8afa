//! The legacy API v1: what of it concerns the renewal of domains, and the jobs of both APIs. Domains are named by their
//! numbers here, and invoices by their orders' numbers.

use http::{Method, StatusCode};
use jiff::Timestamp;
use perennial_core::ids::{JobId, ServiceId};
use perennial_core::money::Money;
use perennial_core::order::Order;
use perennial_core::ports::BoxFuture;
use perennial_core::snapshot::Want;
use serde::Serialize;
use serde_json::Value;

use super::domain::{due_day, nameservers};
use super::found::{self, Block, Found};
use super::{Answer, Context, Row, body, reference, require_scope};
use crate::hostup::id::{Id, Thing};
use crate::hostup::wire::legacy::{
    Detail, Details, Domain, Domains, Envelope, Job, JobResult, PendingOrder, PendingRenewal, Products, Progress,
    Refusal, Renewed,
};
use crate::hostup::wire::problem::Failure;
use crate::hostup::wire::reference::NoFields;
use crate::hostup::wire::stamp::Stamp;
use crate::secret::random_uuid;

pub(super) const ROWS: &[Row] = &[
    Row::read("/client-domains", "domains", list).scopes(&["read:domains"]).inferred(),
    Row::read("/domain-products", "domain-products", products).scopes(&["read:domains"]).inferred(),
    Row::read("/domain-details/{id}", "domain", details).scopes(&["read:domains"]).inferred(),
    Row::read("/domain-pending-renewal/{id}", "renewal", pending).scopes(&["read:domains"]),
    Row::act(Method::POST, "/domain-renew/{id}", "renew", renew).scopes(&["write:domains"]),
    Row::read("/jobs/{jobId}", "job", job).scopes(&["read:domains", "write:domains"]),
    Row::not_served(Method::POST, "/billing/pay"),
    Row::not_served(Method::POST, "/billing/order/{id}/cancel"),
    Row::not_served(Method::POST, "/billing/invoice/{id}/apply-credit"),
];

/// How many domains a page has: as many as asked for by the provider's own module, at the most.
const PAGE: (usize, usize) = (100, 1_000);

/// Puts an answer into its envelope.
fn answer(context: &Context<'_>, data: impl Serialize) -> Result<Answer, Failure> {
    let (timestamp, request_id) = (Stamp(context.now), random_uuid());
    Ok(Answer::json(&Envelope { success: true, timestamp, request_id, data })?)
}

/// A refusal in this API's shape. Of its codes a few are documented, and go by the status; the others are those of the
/// API v2 in capitals (inferred).
pub(super) fn refusal(failure: &Failure, request_id: &str, now: Timestamp) -> Refusal {
    let code = match failure.status {
        StatusCode::BAD_REQUEST => "BAD_REQUEST".to_owned(),
        StatusCode::INTERNAL_SERVER_ERROR => "INTERNAL_ERROR".to_owned(),
        StatusCode::SERVICE_UNAVAILABLE => "SERVICE_UNAVAILABLE".to_owned(),
        _ => failure.code.to_uppercase(),
    };
    let field = failure.errors.first().map(|field| field.detail.clone());
    Refusal {
        error: failure.title,
        message: field.unwrap_or_else(|| failure.detail.clone()),
        code,
        retry_after: failure.retry_after_s.map(|seconds| seconds.to_string()),
        timestamp: Stamp(now),
        request_id: request_id.to_owned(),
    }
}

/// Reads a number of the query, within bounds.
fn count(context: &Context<'_>, name: &'static str, default: usize, from: usize, to: usize) -> Result<usize, Failure> {
    let in_bounds = |text: &str| text.parse().ok().filter(|number| (from..=to).contains(number));
    Ok(context.query.value(name, "a number within its bounds", in_bounds)?.unwrap_or(default))
}

fn list(context: &Context<'_>) -> Result<Answer, Failure> {
    let page = count(context, "page", 0, 0, usize::MAX)?;
    let limit = count(context, "limit", PAGE.0, 1, PAGE.1)?;
    let seen = found::load_all(context, Thing::Domain)?;
    let all = Found::all(context, &seen, Thing::Domain);
    let of_page = all.iter().skip(page.saturating_mul(limit)).take(limit);
    let domains = of_page.map(shown).collect::<Result<_, _>>()?;
    answer(context, Domains { domains, total: all.len(), page, limit })
}

/// Lists the top-level domains that are sold anew: none are. The provider's own module proves its key with this call, and
/// reads `tlds` where it registers.
fn products(context: &Context<'_>) -> Result<Answer, Failure> {
    answer(context, Products { tlds: [] })
}

/// The number of a domain in the path. A text that is none names no domain.
fn number(context: &Context<'_>) -> Result<ServiceId, Failure> {
    let number = context.param("id").parse().ok().filter(|number| *number > 0);
    number.map(ServiceId).ok_or_else(|| found::unknown(Thing::Domain))
}

fn shown(found: &Found<'_>) -> Result<Domain, Failure> {
    let last_day = found.last_day()?;
    let period = reference::years(found.service.period);
    Ok(Domain {
        id: found.service.id.0,
        name: found.service.name.clone(),
        status: capitalised(found.status()),
        expires: last_day.to_string(),
        next_due: due_day(last_day)?.to_string(),
        autorenew: flag(found.renews_by_itself()),
        period: period.map(|years| years.to_string()),
        recurring_amount: found.price().map(Money::to_decimal),
        currency: found.account.currency.code(),
    })
}

const fn flag(on: bool) -> &'static str {
    if on { "1" } else { "0" }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn details(context: &Context<'_>) -> Result<Answer, Failure> {
    let id = number(context)?;
    let seen = found::load_service(context, id)?;
    let found = Found::of(context, &seen, Thing::Domain, id)?;
    let details = Detail {
        domain: shown(&found)?,
        date_created: found.service.created.to_string(),
        nameservers: nameservers(&found),
        registry_autorenew: flag(found.renews_by_itself()),
        order_id: found.pending().map(|order| order.id.to_string()),
    };
    answer(context, Details { details })
}

fn pending(context: &Context<'_>) -> Result<Answer, Failure> {
    let id = number(context)?;
    let seen = found::load_service(context, id)?;
    let pending = Found::of(context, &seen, Thing::Domain, id)?.pending();
    let order = pending.map(|order| PendingOrder {
        order_id: order.id.to_string(),
        order_number: reference::order_number(order.id),
        invoice_id: order.id.to_string(),
        proforma_id: order.id.to_string(),
        invoice_status: reference::invoice_status(context.now, &seen, order).capitalised(),
        total: order.gross.to_decimal(),
        date_created: date_time(order.placed),
    });
    answer(context, PendingRenewal { has_pending_order: order.is_some(), order })
}

/// An instant without a zone: `2026-02-10 00:00:00`. That it is in universal time is unverified.
fn date_time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Orders a renewal. Unlike the API v2, this one gives the open order where there is one, and says so.
fn renew<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        require_scope(context, "write:billing")?;
        let id = number(context)?;
        let NoFields {} = body(context)?;
        let (order, existing) = ordered_or_open(context, id).await?;
        let line = order.line_of(id).ok_or_else(Failure::server_error)?;
        // An order that this very request placed before may be paid by now.
        let seen = context.load(&reference::wants(context.account().id, order.id))?;
        let now_seen = seen.orders.get(&order.id).unwrap_or(&order);
        let invoice_status = reference::invoice_status(context.now, &seen, now_seen).capitalised();
        answer(
            context,
            Renewed {
                success: true,
                order_id: order.id.0,
                invoice_id: order.id.to_string(),
                redirect_url: reference::payment_url(&reference::order_number(order.id)),
                message: if existing {
                    "The domain has an unpaid renewal invoice already."
                } else {
                    "The renewal was ordered; it takes effect once its invoice is paid."
                },
                existing_invoice: existing.then_some(true),
                domain_name: line.service_name.clone(),
                order_number: reference::order_number(order.id),
                invoice_status,
                total: order.gross.to_decimal(),
                date_created: date_time(order.placed),
            },
        )
    })
}

/// Orders the renewal of a domain, or finds the order that renews it already; whether it did find one that this very
/// request had not placed.
async fn ordered_or_open(context: &Context<'_>, id: ServiceId) -> Result<(Order, bool), Failure> {
    if let Some(order) = found::placed_before(context)? {
        return Ok((order, false));
    }
    let seen = found::load_service(context, id)?;
    let found = Found::of(context, &seen, Thing::Domain, id)?;
    if let Some(Block::Pending(order)) = found.block()? {
        let own = found::placed_before(context)?;
        return Ok(own.map_or_else(|| (order.clone(), true), |own| (own, false)));
    }
    match found::renew(context, &found, []).await {
        Ok(order) => Ok((order, false)),
        // One that somebody else has just placed.
        Err(failure) => {
            let seen = found::load_service(context, id)?;
            match Found::of(context, &seen, Thing::Domain, id)?.block()? {
                Some(Block::Pending(order)) => Ok((order.clone(), true)),
                _ => Err(failure),
            }
        }
    }
}

/// The report of a piece of work on many domains. It is kept once the work is done, so it is always complete.
fn job(context: &Context<'_>) -> Result<Answer, Failure> {
    let unknown = || found::unknown(Thing::Job);
    let id = Id::number(Thing::Job, context.param("jobId")).map(JobId).ok_or_else(unknown)?;
    let account = context.account();
    let seen = context.load(&[Want::Job(account.id, id)])?;
    let job = seen.jobs.get(&id).filter(|job| job.account == account.id).ok_or_else(unknown)?;
    let kind = job.kind.replace('-', "_");
    let result: Value = serde_json::from_str(&job.report).unwrap_or_default();
    let at = Stamp(job.at);
    let message = "Completed";
    answer(
        context,
        Job {
            job_id: Id::new(Thing::Job, id.0),
            queue_type: kind.clone(),
            kind: kind.clone(),
            state: "completed",
            status: "completed",
            progress: 100,
            progress_text_key: None,
            progress_details: Progress { percentage: 100, message, current: 1, total: 1 },
            progress_message: message,
            result: JobResult {
                success: true,
                kind: kind.clone(),
                client_id: Id::new(Thing::Client, account.id.0).to_string(),
                result,
                timestamp: at,
            },
            is_completed: true,
            is_failed: false,
            is_running: false,
            is_waiting: false,
            created_at: at,
            finished_at: at,
            job_name: kind,
            is_scheduled: false,
            delay: 0,
            status_key: None,
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_has_this_apis_shape() {
        for (failure, code) in [
            (Failure::invalid("Wrong."), "BAD_REQUEST"),
            (Failure::unauthorized(), "UNAUTHORIZED"),
            (Failure::not_found("Gone."), "NOT_FOUND"),
            (Failure::conflict("domain_not_renewable", "Not now", "Wait."), "DOMAIN_NOT_RENEWABLE"),
            (Failure::server_error(), "INTERNAL_ERROR"),
            (Failure::unavailable(), "SERVICE_UNAVAILABLE"),
        ] {
            let told = refusal(&failure, "id", Timestamp::UNIX_EPOCH);
            assert_eq!((told.code.as_str(), &told.message), (code, &failure.detail));
        }
        let limited = refusal(&Failure::too_many(7), "id", Timestamp::UNIX_EPOCH);
        assert_eq!(limited.retry_after.as_deref(), Some("7"));
        let field =
            refusal(&Failure::invalid_field("/x", "`x` is wrong.", "invalid_request"), "id", Timestamp::UNIX_EPOCH);
        assert_eq!(field.message, "`x` is wrong.");
    }

    #[test]
    fn words_and_instants_have_the_back_offices_form() {
        assert_eq!((capitalised("active"), capitalised("")), ("Active".to_owned(), String::new()));
        let at = "2026-02-10T00:00:00Z".parse().expect("is an instant");
        assert_eq!(date_time(at), "2026-02-10 00:00:00");
    }
}
