//! The renewal APIs of real providers, each as it is on the wire. One folder a provider, and its line in this file.
//!
//! **serve** plays the provider over our own ledger; **call** calls the real one. A provider's folder meets the rest of
//! the house in [`Ports`] only: no store, no engine, no HTTP server here.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, Response};
use jiff::Timestamp;
use perennial_core::ports::{Books, BoxFuture, Clock, Lane, Vault};

pub mod ovh;
pub mod secret;

/// What a provider's `serve` half stands on.
#[derive(Clone)]
pub struct Ports {
    /// Carries commands out.
    pub lane: Arc<dyn Lane>,
    /// Reads the ledger.
    pub books: Arc<dyn Books + Send + Sync>,
    /// Says what time it is.
    pub clock: Arc<dyn Clock>,
    /// Keeps signing secrets.
    pub vault: Arc<dyn Vault>,
}

/// A request as it came in, before anybody believed a word of it.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Path and query, byte for byte as the client wrote them; signatures are made over them.
    pub target: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, already bounded in size.
    pub body: Bytes,
    /// Where it came from.
    pub peer: IpAddr,
}

/// A fault that a sandbox answers with, in the dialect's own error shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The provider failed.
    ServerError,
    /// Too many requests; the client may come again after so many seconds.
    RateLimited {
        /// How many.
        retry_after_s: u32,
    },
    /// The body is larger than [`Provider::body_bytes_max`].
    BodyTooLarge,
}

/// One dialect, served over the ledger.
pub trait Provider: Send + Sync {
    /// The name in addresses, logs and metrics, such as `ovh`.
    fn name(&self) -> &'static str;

    /// The largest body that is read, in bytes.
    fn body_bytes_max(&self) -> usize {
        256 * 1024
    }

    /// The operations that [`operation`](Self::operation) names.
    fn operations(&self) -> &'static [&'static str];

    /// The operation a request asks for, in a word that faults and metrics use: `renew`, `pay`, `order`. None for a
    /// request that the dialect does not know.
    fn operation(&self, request: &Request) -> Option<&'static str>;

    /// The id that a reply carries and that its reader may quote, if the dialect has such ids.
    fn reply_id<'a>(&self, _response: &'a Response<Bytes>) -> Option<&'a str> {
        None
    }

    /// Answers a request.
    fn serve<'a>(&'a self, ports: &'a Ports, request: &'a Request) -> BoxFuture<'a, Response<Bytes>>;

    /// Answers with a fault, at an instant.
    fn fault(&self, fault: Fault, now: Timestamp) -> Response<Bytes>;
}
