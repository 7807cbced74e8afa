//! The renewal APIs of real providers, each as it is on the wire. One folder a provider, and its line in this file.
//!
//! **serve** plays the provider over our own ledger; **call** calls the real one. A provider's folder meets the rest of
//! the house in [`Ports`] only: no store, no engine, no HTTP server here.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

use self::call::CallHalf;
use bytes::Bytes;
use http::{HeaderMap, Method, Response};
use jiff::Timestamp;
use perennial_core::ports::{Books, BoxFuture, Clock, Documents, Failure, Lane, Vault};

pub mod aliyun;
pub mod block;
pub mod call;
pub mod common;
pub mod hostup;
pub mod ovh;
pub mod secret;
pub mod vpsbg;

/// Every dialect, in the order of the sandbox's ports.
pub const DIALECTS: [Dialect; 4] = [
    Dialect {
        name: ovh::PROVIDER,
        title: "OVHcloud",
        root: "/1.0",
        mount: "/1.0",
        make: |settings| Arc::new(ovh::Ovh::new(settings)),
        call: ovh::CALL,
        own: OwnSettings { clock_window_s: Some(120), ..OwnSettings::NONE },
    },
    Dialect {
        name: vpsbg::PROVIDER,
        title: "VPSBG",
        root: "/v1",
        mount: "/v1",
        make: |settings| Arc::new(vpsbg::Vpsbg::new(settings)),
        call: vpsbg::CALL,
        own: OwnSettings::NONE,
    },
    Dialect {
        name: hostup::PROVIDER,
        title: "HostUp",
        root: "/api/v2",
        mount: "/api",
        make: |settings| Arc::new(hostup::HostUp::new(settings)),
        call: hostup::CALL,
        own: OwnSettings::NONE,
    },
    Dialect {
        name: aliyun::PROVIDER,
        title: "Alibaba Cloud",
        root: "",
        mount: "",
        make: |settings| Arc::new(aliyun::Aliyun::new(settings)),
        call: aliyun::CALL,
        own: OwnSettings { clock_window_s: Some(900), repeat_window_s: Some(120), explain_signatures: Some(false) },
    },
];

/// A dialect that can be served.
pub struct Dialect {
    /// The name in configuration, addresses, logs and metrics, such as `ovh`.
    pub name: &'static str,
    /// The name for people.
    pub title: &'static str,
    /// The path below which its API is, as clients are told.
    pub root: &'static str,
    /// The path below which its endpoints' paths are.
    pub mount: &'static str,
    /// Makes its `serve` half.
    pub make: fn(Settings) -> Arc<dyn Provider>,
    /// How the provider itself is called.
    pub call: CallHalf,
    /// The settings that it has and others have not.
    pub own: OwnSettings,
}

/// Settings that some dialects have, with what they are where the seller says nothing; none where a dialect has not got
/// one.
#[derive(Clone, Copy, Debug)]
pub struct OwnSettings {
    /// See [`Settings::clock_window_s`].
    pub clock_window_s: Option<u32>,
    /// See [`Settings::repeat_window_s`].
    pub repeat_window_s: Option<u32>,
    /// See [`Settings::explain_signatures`].
    pub explain_signatures: Option<bool>,
}

impl OwnSettings {
    /// None of them.
    pub const NONE: Self = Self { clock_window_s: None, repeat_window_s: None, explain_signatures: None };
}

impl Dialect {
    /// The dialect with a name.
    pub fn named(name: &str) -> Option<&'static Self> {
        DIALECTS.iter().find(|dialect| dialect.name == name)
    }
}

/// What the seller sets about a dialect.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Bases under which clients reach it, without a path: `https://api.example.net`. Links begin with the first;
    /// signatures are checked against each, and against what the `Host` header says.
    pub public_urls: Vec<String>,
    /// Base of the links to the seller's pages.
    pub pages_url: String,
    /// How far a signed request's timestamp may be from the clock, in seconds.
    pub clock_window_s: u32,
    /// How long a renewal that comes without a token is taken for the same one if it comes again, in seconds; 0 for never.
    /// It has to come from the same key, for the same service and period, and with nothing having moved the expiry since.
    pub repeat_window_s: u32,
    /// Whether the refusal of a wrong signature shows what was calculated: a help for developers, and whatever the
    /// request holds, tokens included, in their logs.
    pub explain_signatures: bool,
    /// How many requests a minute a credential may make; none for no limit.
    pub requests_per_minute: Option<NonZeroU32>,
}

/// How well an endpoint's form is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// The provider documents it.
    Documented,
    /// It is inferred, by analogy or from an index entry.
    Inferred,
}

/// A call of a provider's API that concerns renewal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The method.
    pub method: Method,
    /// The path below the API's root, with its parameters in braces.
    pub path: &'static str,
    /// The operation that it is, see [`Provider::operation`].
    pub operation: &'static str,
    /// How well it is known.
    pub evidence: Evidence,
    /// Whether it is answered.
    pub served: bool,
}

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
    /// Makes documents.
    pub documents: Arc<dyn Documents>,
    /// The version of access at which callers are looked up, where the lane compares it; none where it is read.
    pub access: Option<i64>,
}

impl Ports {
    /// The version of access at which a caller is looked up.
    ///
    /// # Errors
    /// [`Failure`].
    fn access_version(&self) -> Result<i64, Failure> {
        self.access.map_or_else(|| self.books.access_version(), Ok)
    }
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

/// What somebody in front of a dialect answers in its stead, in the dialect's own error shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The provider failed.
    ServerError,
    /// The answer did not come in time. What was submitted is carried out all the same.
    TimedOut,
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

    /// The calls that are documented, served or not.
    fn endpoints(&self) -> Vec<Endpoint>;

    /// The operations that [`operation`](Self::operation) names.
    fn operations(&self) -> Vec<&'static str>;

    /// The operation a request asks for, in a word that faults and metrics use: `renew`, `pay`, `order`. None for a
    /// request that the dialect does not know.
    fn operation(&self, request: &Request) -> Option<&'static str>;

    /// The id that a reply carries and that its reader may quote, if the dialect has such ids.
    fn reply_id<'a>(&self, _response: &'a Response<Bytes>) -> Option<&'a str> {
        None
    }

    /// Answers a request.
    fn serve<'a>(&'a self, ports: &'a Ports, request: &'a Request) -> BoxFuture<'a, Response<Bytes>>;

    /// Answers a request with a fault, at an instant.
    fn fault(&self, fault: Fault, request: &Request, now: Timestamp) -> Response<Bytes>;
}
