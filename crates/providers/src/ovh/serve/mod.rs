//! Playing OVHcloud: foreign request -> command -> foreign reply, refusals in foreign words.
//!
//! `gateway` is the way of every request: it finds the route, proves the caller and hands a [`Context`] to the route's
//! handler. The handlers stand in one file a section of the API.

mod access;
mod batch;
mod bill;
mod context;
mod credential;
mod document;
mod found;
mod gateway;
mod identity;
mod known;
mod me;
mod oauth;
mod order;
mod page;
mod payment;
mod product;
mod refusal;
mod service;
mod services;
mod table;

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use http::Response;
use jiff::Timestamp;
use perennial_core::ids::{ApplicationId, CredentialId};
use perennial_core::ports::BoxFuture;

use self::known::KnownCallers;
use crate::ovh::auth::headers::QUERY_ID;
use crate::ovh::auth::query_id;
use crate::ovh::wire::error::Failure;
use crate::ovh::wire::scalar::Secret;
use crate::{Fault, Ports, Provider, Request};

/// How many callers the rate limiter remembers before it looks for some to forget.
const PACED_CALLERS: usize = 10_000;

/// Whose requests are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Paced {
    /// A credential's.
    Credential(CredentialId),
    /// An application's: its requests for credentials and tokens, and those under any of its OAuth2 tokens.
    Application(ApplicationId),
}

/// What the seller sets about this dialect.
#[derive(Clone, Debug)]
pub struct Options {
    /// Bases that clients may sign, without a path: `https://api.example.net`. What the `Host` header says is tried as
    /// well.
    pub public_urls: Vec<String>,
    /// Base of the links to documents and to the page that approves credentials.
    pub pages_url: String,
    /// How far a request's timestamp may be from the clock, in seconds. The provider's own window is not known;
    /// incidents of one minute's error are (java-ovh #6).
    pub clock_window_s: u32,
    /// How many requests a minute a credential or an OAuth2 client may make, and how many credentials or tokens an
    /// application may ask for; none for no limit.
    pub requests_per_minute: Option<NonZeroU32>,
}

/// OVHcloud's API v1, served over the ledger.
pub struct Ovh {
    options: Options,
    limiter: Option<DefaultKeyedRateLimiter<Paced>>,
    queries: AtomicU32,
    known: KnownCallers,
}

impl Ovh {
    /// Serves the dialect with these settings.
    pub fn new(options: Options) -> Self {
        let limiter = options.requests_per_minute.map(|most| RateLimiter::keyed(Quota::per_minute(most)));
        Self { options, limiter, queries: AtomicU32::new(0), known: KnownCallers::default() }
    }

    /// Counts a request; refuses it, if there were too many.
    fn pace(&self, who: Paced) -> Result<(), Failure> {
        let Some(limiter) = &self.limiter else { return Ok(()) };
        if limiter.len() > PACED_CALLERS {
            limiter.retain_recent();
        }
        limiter.check_key(&who).map_err(|not_until| {
            let clock = governor::clock::DefaultClock::default();
            let wait = not_until.wait_time_from(governor::clock::Clock::now(&clock));
            Failure::too_many_requests(wait.as_secs().saturating_add(1))
        })
    }

    /// A fresh query id for a reply.
    fn query_id(&self, now: Timestamp) -> String {
        let counter = self.queries.fetch_add(1, Ordering::Relaxed);
        query_id(u64::try_from(now.as_second()).unwrap_or(0), counter, crate::secret::random())
    }
}

/// A link to one of the seller's pages; it carries a secret.
fn page_link(ovh: &Ovh, path_and_query: &str) -> Secret {
    format!("{}{path_and_query}", ovh.options.pages_url).into()
}

impl Provider for Ovh {
    fn name(&self) -> &'static str {
        super::PROVIDER
    }

    fn operations(&self) -> &'static [&'static str] {
        table::operations()
    }

    fn reply_id<'a>(&self, response: &'a Response<Bytes>) -> Option<&'a str> {
        response.headers().get(QUERY_ID)?.to_str().ok()
    }

    fn operation(&self, request: &Request) -> Option<&'static str> {
        gateway::operation(request)
    }

    fn serve<'a>(&'a self, ports: &'a Ports, request: &'a Request) -> BoxFuture<'a, Response<Bytes>> {
        Box::pin(gateway::answer(self, ports, request))
    }

    fn fault(&self, fault: Fault, now: Timestamp) -> Response<Bytes> {
        let failure = match fault {
            Fault::ServerError => Failure::server_error(),
            Fault::RateLimited { retry_after_s } => Failure::too_many_requests(retry_after_s.into()),
            Fault::BodyTooLarge => Failure::bad_request("The body is too large"),
        };
        gateway::numbered(&self.query_id(now), gateway::refuse(failure))
    }
}
