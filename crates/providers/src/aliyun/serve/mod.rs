//! Playing Alibaba Cloud: foreign request -> command -> foreign reply, refusals in foreign codes.
//!
//! `gateway` is the way of every request: it reads the parameters, finds the action, proves the caller and hands a
//! [`Context`](context::Context) to the action's handler. The handlers stand in one file a section of the API.

mod auto_renew;
mod billing;
mod caller;
mod context;
mod found;
mod gateway;
mod instance;
mod listing;
mod nonces;
mod period;
mod price;
mod refusal;
mod region;
mod renewal;
mod status;
mod table;

use bytes::Bytes;
use http::Response;
use jiff::Timestamp;
use perennial_core::ids::ApplicationId;
use perennial_core::ports::BoxFuture;

use self::caller::Caller;
use self::nonces::Nonces;
use crate::aliyun::wire::error::Failure;
use crate::common::access::compared;
use crate::common::known::KnownCallers;
use crate::common::pace::Pace;
use crate::{Endpoint, Fault, Ports, Provider, Request, Settings};

/// Alibaba Cloud's API of ECS and of billing, served over the ledger.
pub struct Aliyun {
    settings: Settings,
    pace: Option<Pace<ApplicationId>>,
    known: KnownCallers<Caller>,
    nonces: Nonces,
}

impl Aliyun {
    /// Serves the dialect with these settings.
    pub fn new(settings: Settings) -> Self {
        let pace = settings.requests_per_minute.map(Pace::new);
        Self { settings, pace, known: KnownCallers::default(), nonces: Nonces::default() }
    }
}

impl Provider for Aliyun {
    fn name(&self) -> &'static str {
        super::PROVIDER
    }

    fn endpoints(&self) -> Vec<Endpoint> {
        table::endpoints()
    }

    fn operations(&self) -> Vec<&'static str> {
        table::operations()
    }

    fn operation(&self, request: &Request) -> Option<&'static str> {
        gateway::operation(request)
    }

    fn reply_id<'a>(&self, response: &'a Response<Bytes>) -> Option<&'a str> {
        response.headers().get(gateway::REQUEST_ID)?.to_str().ok()
    }

    fn serve<'a>(&'a self, ports: &'a Ports, request: &'a Request) -> BoxFuture<'a, Response<Bytes>> {
        Box::pin(compared(ports, |ports| gateway::answer(self, ports, request)))
    }

    fn fault(&self, fault: Fault, request: &Request, _: Timestamp) -> Response<Bytes> {
        let failure = match fault {
            Fault::ServerError => Failure::server_error(),
            Fault::TimedOut => gateway::timed_out(request),
            Fault::RateLimited { retry_after_s } => Failure::too_many(retry_after_s.into()),
            Fault::BodyTooLarge => Failure::too_large(),
        };
        gateway::refuse(self, request, &failure)
    }
}
