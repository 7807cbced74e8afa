//! Providers as we call them, each against a sandbox that plays it.

mod aliyun;
mod hostup;
mod ovh;
mod vpsbg;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use jiff::{SignedDuration, Timestamp};
use perennial_core::buyer::holding::{Holding, ProviderName};
use perennial_core::buyer::remote::{Ask, CallError, Length, Offer, Page, Remote};
use perennial_core::calendar::Period;
use perennial_core::ports::{BoxFuture, Clock, Timer};
use perennial_providers::call::{CallPorts, CallSettings, Credentials, HttpClient, Places, SendError};
use perennial_providers::{DIALECTS, Dialect};
use perennial_testkit::Sandbox;
use perennial_testkit::http::Connection;

/// Sends requests over a connection of their own each, and remembers them.
#[derive(Default)]
pub struct Network {
    sent: Mutex<Vec<Request<Bytes>>>,
}

impl Network {
    /// What was sent since this was last asked.
    pub fn take(&self) -> Vec<Request<Bytes>> {
        std::mem::take(&mut self.sent.lock().unwrap())
    }
}

impl HttpClient for Network {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, SendError>> {
        self.sent.lock().unwrap().push(request.clone());
        let (head, body) = request.into_parts();
        let host = head.uri.authority().expect("the address is whole").to_string();
        let target = head.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
        let headers: Vec<_> =
            head.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().expect("is text"))).collect();
        let reply = Connection::to(host).send(head.method.as_str(), &target, &headers, &body);
        Box::pin(std::future::ready(match reply {
            Ok(reply) => {
                let mut response = Response::builder().status(reply.status);
                for (name, value) in &reply.headers {
                    response = response.header(name, value);
                }
                Ok(response.body(Bytes::from(reply.body)).expect("is a response"))
            }
            Err(error) => Err(SendError::Lost(format!("{error:#}"))),
        }))
    }
}

/// The sandbox's clock, as it stood when it was read last.
struct SandboxClock(String);

impl Clock for SandboxClock {
    fn now(&self) -> Timestamp {
        let reply = perennial_testkit::http::get(&format!("{}/_sandbox/clock", self.0)).expect("answers");
        let now = reply.json().expect("is JSON")["now"].as_str().map(str::to_owned);
        now.and_then(|now| now.parse().ok()).expect("tells its time")
    }
}

/// Does not wait: time is the sandbox's.
struct NoTimer;

impl Timer for NoTimer {
    fn sleep(&self, _: Duration) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// The demo account of a provider in a sandbox, as we call it, and the requests that go there.
pub fn remote(sandbox: &Sandbox, provider: &str) -> (Arc<dyn Remote>, Arc<Network>) {
    remote_with(sandbox, provider, CallSettings::default())
}

/// The same with other credentials.
pub fn remote_as(sandbox: &Sandbox, provider: &str, credentials: Credentials) -> (Arc<dyn Remote>, Arc<Network>) {
    remote_with(sandbox, provider, CallSettings { credentials, ..CallSettings::default() })
}

/// The same with settings; the address is the sandbox's, and the credentials are where none are set.
pub fn remote_with(sandbox: &Sandbox, provider: &str, settings: CallSettings) -> (Arc<dyn Remote>, Arc<Network>) {
    let dialect = Dialect::named(provider).expect("is a dialect");
    let port = DIALECTS.iter().position(|each| each.name == provider).expect("is there") + 1;
    let environment = sandbox.env().expect("prints");
    let variable = |name: &str| environment.get(name).cloned();
    let places = Places { variable: &variable, file: &|_| None, profile: None };
    let credentials = if settings.credentials.is_empty() {
        Credentials::of_environment(dialect.call.fields, &places)
    } else {
        settings.credentials.clone()
    };
    let url = format!("http://127.0.0.1:{}{}", usize::from(sandbox.port_base()) + port, dialect.root);
    let name = ProviderName::parse(provider).expect("is a name");
    let network = Arc::new(Network::default());
    let ports = CallPorts {
        client: Arc::clone(&network) as _,
        clock: Arc::new(SandboxClock(sandbox.pages())),
        timer: Arc::new(NoTimer),
    };
    let per_minute = settings.requests_per_minute.or(std::num::NonZeroU32::new(600_000));
    let settings = CallSettings { url: Some(url), credentials, requests_per_minute: per_minute, ..settings };
    ((dialect.call.make)(name, settings, ports).expect("is called so"), network)
}

/// Runs to the end.
pub fn done<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("starts").block_on(future)
}

/// All pages of an inventory.
pub fn inventory(remote: &dyn Remote) -> Vec<Holding> {
    done(async {
        let mut all = Vec::new();
        let mut from = None;
        loop {
            let Page { holdings, next } = remote.inventory(from.as_deref()).await.expect("reads");
            all.extend(holdings);
            match next {
                None => return all,
                next => from = next,
            }
        }
    })
}

/// The service with an id or a name.
pub fn holding(remote: &dyn Remote, name: &str) -> Holding {
    let found = inventory(remote).into_iter().find(|each| each.key.id.as_str() == name || each.name == name);
    found.unwrap_or_else(|| panic!("there is no {name}"))
}

/// The offer for a period.
pub fn offer(remote: &dyn Remote, holding: &Holding, period: &str) -> Result<Offer, CallError> {
    let length = Length::Period(Period::parse(period).expect("is a period"));
    let mut offers = done(remote.offers(holding, &[length]))?;
    assert_eq!(offers.len(), 1, "one length was asked for: {offers:?}");
    Ok(offers.remove(0))
}

/// What is to be bought of a service for a period, under a token.
pub fn ask(remote: &dyn Remote, holding: &Holding, period: &str, token: &str) -> Ask {
    holding.ask(offer(remote, holding, period).expect("is offered"), token.to_owned())
}

/// A span of seconds.
pub const fn seconds(count: i64) -> SignedDuration {
    SignedDuration::from_secs(count)
}
