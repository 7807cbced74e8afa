//! Playing VPSBG: foreign request -> command -> foreign reply, refusals in foreign words. The handlers stand in one
//! file a section of the API; the way of every request is the `bearer` frame's.

mod addon;
mod balance;
mod filter;
mod floating_ip;
mod found;
mod invoice;
mod money;
mod order;
mod page;
mod plan;
mod refusal;
mod renew;
mod server;
mod support;
mod user;

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{HeaderMap, Response};
use jiff::Timestamp;
use perennial_core::credential::Credential;

use super::wire::error::Failure;
use crate::common::bearer::{self, Answer, Bearer, Frame, Stop, bearer_key};
use crate::common::path::NoRoute;
use crate::{Fault, Settings};

/// What a handler sees.
type Context<'a> = bearer::Context<'a, Vpsbg>;

/// One documented call.
type Row = bearer::Row<Vpsbg>;

/// VPSBG's API v1, served over the ledger.
pub struct Vpsbg {
    settings: Settings,
    frame: Frame,
}

impl Vpsbg {
    /// Serves the dialect with these settings.
    pub fn new(settings: Settings) -> Self {
        let frame = Frame::new(settings.requests_per_minute);
        Self { settings, frame }
    }

    /// The URL of a path below the API's root.
    fn url(&self, path: &str) -> String {
        let base = self.settings.public_urls.first().map_or("", String::as_str);
        format!("{base}{ROOT}{path}")
    }
}

/// The path below which the API is.
const ROOT: &str = "/v1";

impl Bearer for Vpsbg {
    const PROVIDER: &'static str = super::PROVIDER;

    type Failure = Failure;

    fn frame(&self) -> &Frame {
        &self.frame
    }

    fn rows() -> &'static [&'static [Row]] {
        &[
            addon::ROWS,
            balance::ROWS,
            floating_ip::ROWS,
            invoice::ROWS,
            order::ROWS,
            plan::ROWS,
            renew::ROWS,
            server::ROWS,
            support::ROWS,
            user::ROWS,
        ]
    }

    fn below(path: &str) -> Option<&str> {
        path.strip_prefix(ROOT).filter(|below| below.starts_with('/'))
    }

    fn presented(headers: &HeaderMap) -> Option<&str> {
        bearer_key(headers)
    }

    /// A key reads, or does everything: its rules name the methods.
    fn allows(credential: &Credential, row: &Row) -> bool {
        credential.rules.iter().any(|rule| rule.method == row.method.as_str())
    }

    fn failure_of(fault: Fault) -> Failure {
        match fault {
            Fault::ServerError | Fault::TimedOut => Failure::server_error(),
            Fault::RateLimited { retry_after_s } => Failure::too_many(retry_after_s.into()),
            Fault::BodyTooLarge => Failure::too_large(),
        }
    }

    fn refuse(failure: &Failure, _: &str, _: Timestamp) -> Response<Bytes> {
        let text = serde_json::to_vec(&failure.body).unwrap_or_else(|_| b"{}".to_vec());
        let mut response = Answer::of("application/json", text.into()).with_status(failure.status).render();
        if let Some(seconds) = failure.retry_after_s {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}

impl From<Stop> for Failure {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::NoRoute(NoRoute::Path) => Self::not_found(),
            Stop::NoRoute(NoRoute::Method) => Self::method_not_allowed(),
            Stop::Nobody => Self::unauthenticated(),
            Stop::Address => Self::forbidden("This token may not be used from this address."),
            Stop::Forbidden => Self::forbidden("This token may only read."),
            Stop::TooMany { wait_s } => Self::too_many(wait_s),
        }
    }
}
