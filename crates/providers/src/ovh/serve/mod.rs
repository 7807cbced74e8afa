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
mod me;
mod not_served;
mod oauth;
mod order;
mod page;
mod payment;
mod product;
mod refusal;
mod service;
mod services;
mod table;

use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use http::Response;
use jiff::Timestamp;
use perennial_core::ids::{ApplicationId, CredentialId};
use perennial_core::ports::BoxFuture;

use self::context::Caller;
use crate::common::access::compared;
use crate::common::known::KnownCallers;
use crate::common::pace::Pace;
use crate::ovh::auth::headers::QUERY_ID;
use crate::ovh::auth::query_id;
use crate::ovh::wire::error::Failure;
use crate::ovh::wire::scalar::Secret;
use crate::{Endpoint, Fault, Ports, Provider, Request, Settings};

/// Whose requests are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Paced {
    /// A credential's.
    Credential(CredentialId),
    /// An application's: its requests for credentials and tokens, and those under any of its OAuth2 tokens.
    Application(ApplicationId),
}

/// OVHcloud's API v1, served over the ledger.
pub struct Ovh {
    settings: Settings,
    pace: Option<Pace<Paced>>,
    queries: AtomicU32,
    known: KnownCallers<Caller>,
}

impl Ovh {
    /// Serves the dialect with these settings.
    pub fn new(settings: Settings) -> Self {
        let pace = settings.requests_per_minute.map(Pace::new);
        Self { settings, pace, queries: AtomicU32::new(0), known: KnownCallers::default() }
    }

    /// Counts a request; refuses it, if there were too many.
    fn pace(&self, who: Paced) -> Result<(), Failure> {
        match self.pace.as_ref().and_then(|pace| pace.count(&who).wait_s) {
            Some(wait_s) => Err(Failure::too_many_requests(wait_s)),
            None => Ok(()),
        }
    }

    /// A fresh query id for a reply.
    fn query_id(&self, now: Timestamp) -> String {
        let counter = self.queries.fetch_add(1, Ordering::Relaxed);
        query_id(u64::try_from(now.as_second()).unwrap_or(0), counter, crate::secret::random())
    }
}

/// A link to one of the seller's pages; it carries a secret.
fn page_link(ovh: &Ovh, path_and_query: &str) -> Secret {
    format!("{}{path_and_query}", ovh.settings.pages_url).into()
}

impl Provider for Ovh {
    fn name(&self) -> &'static str {
        super::PROVIDER
    }

    fn endpoints(&self) -> Vec<Endpoint> {
        table::endpoints()
    }

    fn operations(&self) -> Vec<&'static str> {
        table::operations()
    }

    fn reply_id<'a>(&self, response: &'a Response<Bytes>) -> Option<&'a str> {
        response.headers().get(QUERY_ID)?.to_str().ok()
    }

    fn operation(&self, request: &Request) -> Option<&'static str> {
        gateway::operation(request)
    }

    fn serve<'a>(&'a self, ports: &'a Ports, request: &'a Request) -> BoxFuture<'a, Response<Bytes>> {
        Box::pin(compared(ports, |ports| gateway::answer(self, ports, request)))
    }

    fn fault(&self, fault: Fault, _: &Request, now: Timestamp) -> Response<Bytes> {
        let failure = match fault {
            Fault::ServerError | Fault::TimedOut => Failure::server_error(),
            Fault::RateLimited { retry_after_s } => Failure::too_many_requests(retry_after_s.into()),
            Fault::BodyTooLarge => Failure::bad_request("The body is too large"),
        };
        gateway::numbered(&self.query_id(now), gateway::refuse(failure))
    }
}
