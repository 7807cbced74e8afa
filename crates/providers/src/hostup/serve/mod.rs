//! Playing HostUp: foreign request -> command -> foreign reply, refusals in foreign words. The handlers stand in one
//! file a section of the API; the way of every request is the `bearer` frame's.

mod activity;
mod bulk;
mod cancellation;
mod card;
mod credit;
mod cursor;
mod cycle;
mod domain;
mod found;
mod hosting;
mod invoice;
mod legacy;
mod order;
mod preference;
mod reference;
mod refusal;
mod renewal;

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderValue, Response};
use jiff::{SignedDuration, Timestamp};
use perennial_core::credential::Credential;
use serde::Deserialize;

use super::id::letters;
use super::wire::problem::Failure;
use super::wire::stamp::Stamp;
use crate::common::bearer::{self, Answer, Bearer, Frame, Stop, bearer_key};
use crate::common::body::body as read_body;
use crate::common::path::NoRoute;
use crate::secret::{random, random_uuid};
use crate::{Fault, Settings};

/// What a handler sees.
type Context<'a> = bearer::Context<'a, HostUp>;

/// One documented call.
type Row = bearer::Row<HostUp>;

/// HostUp's API v2, served over the ledger.
pub struct HostUp {
    settings: Settings,
    frame: Frame,
}

impl HostUp {
    /// Serves the dialect with these settings.
    pub fn new(settings: Settings) -> Self {
        let frame = Frame::new(settings.requests_per_minute);
        Self { settings, frame }
    }
}

/// The path below which both APIs are: `/v2` beneath it is the one, everything else the legacy one.
const ROOT: &str = "/api";

impl Bearer for HostUp {
    const PROVIDER: &'static str = super::PROVIDER;

    type Failure = Failure;

    fn frame(&self) -> &Frame {
        &self.frame
    }

    fn rows() -> &'static [&'static [Row]] {
        &[
            activity::ROWS,
            bulk::ROWS,
            cancellation::ROWS,
            card::ROWS,
            credit::ROWS,
            cycle::ROWS,
            domain::ROWS,
            hosting::ROWS,
            invoice::ROWS,
            legacy::ROWS,
            order::ROWS,
            preference::ROWS,
            renewal::ROWS,
        ]
    }

    fn below(path: &str) -> Option<&str> {
        path.strip_prefix(ROOT).filter(|below| below.starts_with('/'))
    }

    /// The legacy API's clients send the key in a header of its own.
    fn presented(headers: &HeaderMap) -> Option<&str> {
        bearer_key(headers).or_else(|| headers.get("x-api-key")?.to_str().ok()).filter(|key| !key.is_empty())
    }

    fn allows(credential: &Credential, row: &Row) -> bool {
        row.scopes.is_empty() || row.scopes.iter().any(|scope| has_scope(credential, scope))
    }

    fn failure_of(fault: Fault) -> Failure {
        match fault {
            Fault::ServerError | Fault::TimedOut => Failure::server_error(),
            Fault::RateLimited { retry_after_s } => Failure::too_many(retry_after_s.into()),
            Fault::BodyTooLarge => Failure::invalid("The body is too large."),
        }
    }

    /// In the shape of the API that the path belongs to.
    fn refuse(failure: &Failure, path: &str, now: Timestamp) -> Response<Bytes> {
        let id = RequestId::fresh(path);
        let (content_type, text) = if is_legacy(path) {
            ("application/json", serde_json::to_vec(&legacy::refusal(failure, &id.0, now)))
        } else {
            ("application/problem+json", serde_json::to_vec(&failure.problem(path, &id.0, Stamp(now))))
        };
        let answer = Answer::of(content_type, text.unwrap_or_else(|_| b"{}".to_vec()).into());
        let mut response = answer.with_status(failure.status).render();
        response.extensions_mut().insert(id);
        if let Some(seconds) = failure.retry_after_s {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
            let reset = now.checked_add(SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX)));
            let reset = HeaderValue::from_str(&Stamp(reset.unwrap_or(now)).to_string());
            response.headers_mut().extend(reset.ok().map(|reset| (RESET, reset)));
        }
        response
    }

    fn refusal_id(response: &Response<Bytes>) -> Option<&str> {
        response.extensions().get::<RequestId>().map(|id| id.0.as_str())
    }
}

/// Whether a key has a scope: `read:domains`, stored as its verb and its noun. `read:all` and `write:all` cover all of
/// their verb.
fn has_scope(credential: &Credential, scope: &str) -> bool {
    let Some((verb, noun)) = scope.split_once(':') else { return false };
    credential.rules.iter().any(|rule| rule.method == verb && (rule.path == noun || rule.path == "all"))
}

/// Refuses a key that lacks a scope which a call needs besides those of its row.
fn require_scope(context: &Context<'_>, scope: &str) -> Result<(), Failure> {
    if has_scope(&context.caller.credential, scope) {
        return Ok(());
    }
    Err(Failure::forbidden(format!("This key lacks the scope {scope} for this call.")))
}

/// Reads a body. No body, and the empty list that the provider's own module sends, count as an object without fields.
fn body<T: for<'de> Deserialize<'de>>(context: &Context<'_>) -> Result<T, Failure> {
    let sent = context.request.body.as_ref();
    Ok(read_body(if sent.trim_ascii() == b"[]" { b"{}" } else { sent })?)
}

impl From<Stop> for Failure {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::NoRoute(NoRoute::Path) => Self::not_found("There is no such endpoint."),
            Stop::NoRoute(NoRoute::Method) => Self::method_not_allowed(),
            Stop::Nobody => Self::unauthorized(),
            Stop::Address => Self::forbidden("This key may not be used from this address."),
            Stop::Forbidden => Self::forbidden("This key lacks the scope for this call."),
            Stop::TooMany { wait_s } => Self::too_many(wait_s),
        }
    }
}

/// The id of a request that was refused, for the log of whoever answered.
#[derive(Clone)]
struct RequestId(String);

impl RequestId {
    /// A fresh id for a request to a path, in the form of the API that the path belongs to. It names nothing that is
    /// stored.
    fn fresh(path: &str) -> Self {
        Self(if is_legacy(path) { random_uuid() } else { format!("req_{}", letters(u128::from_be_bytes(random()))) })
    }
}

/// Whether a path is the legacy API's, which has a shape of its own for refusals.
fn is_legacy(path: &str) -> bool {
    HostUp::below(path).is_some_and(|below| below != "/v2" && !below.starts_with("/v2/"))
}

/// When there is a request left: an instant, not seconds (documented).
const RESET: http::HeaderName = http::HeaderName::from_static("x-ratelimit-reset");

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::{Provider, Request};

    #[test]
    fn who_is_limited_by_a_fault_is_told_the_pace_where_there_is_one() {
        for (requests_per_minute, limit) in [(NonZeroU32::new(60), Some("60")), (None, None)] {
            let (public_urls, pages_url) = (Vec::new(), String::new());
            let settings = Settings { public_urls, pages_url, requests_per_minute, ..Settings::default() };
            let dialect = HostUp::new(settings);
            let request = Request {
                method: http::Method::GET,
                target: "/api/v2/domains".to_owned(),
                headers: HeaderMap::new(),
                body: Bytes::new(),
                peer: std::net::Ipv4Addr::LOCALHOST.into(),
            };
            let told = |fault| dialect.fault(fault, &request, Timestamp::UNIX_EPOCH).headers().clone();
            let limited = told(Fault::RateLimited { retry_after_s: 7 });
            let header = |name: &str| limited.get(name).map(|value| value.to_str().expect("is text").to_owned());
            assert_eq!(header("x-ratelimit-limit").as_deref(), limit);
            assert_eq!(header("x-ratelimit-remaining").as_deref(), limit.map(|_| "0"));
            assert_eq!(header("x-ratelimit-reset").as_deref(), Some("1970-01-01T00:00:07.000Z"));
            assert_eq!(told(Fault::ServerError).get("x-ratelimit-limit"), None);
        }
    }
}
