//! Faults on demand: what a provider's bad day looks like, on the first so many calls of one operation.
//!
//! A [`Faulty`] provider stands before the real one, so nothing else in the house knows of faults.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use jiff::Timestamp;
use perennial_core::ports::{Books, BoxFuture};
use perennial_providers::{Endpoint, Fault, Ports, Provider, Request};
use serde::Serialize;

use crate::web::document::paper::Papers;
use crate::web::listener::Cut;

/// How long a client of a limited dialect is told to wait.
const RETRY_AFTER_S: u32 = 1;

/// What goes wrong.
#[derive(Clone)]
pub enum Kind {
    /// The request never arrives: the connection ends, and nothing was done.
    RequestLost,
    /// The reply never arrives: it was done, and the connection ends without a byte.
    ReplyLost,
    /// The provider fails before it does anything.
    ServerError,
    /// Too many requests.
    RateLimited,
    /// It takes this long before anything is done.
    Slow(Duration),
    /// The answer is read from the ledger as it was when the fault was armed. Meant for operations that only read.
    NotYetVisible(Arc<dyn Books + Send + Sync>),
}

impl Kind {
    /// The words for all kinds.
    pub const WORDS: [&'static str; 6] =
        ["request-lost", "reply-lost", "server-error", "rate-limited", "slow", "not-yet-visible"];

    const fn word(&self) -> &'static str {
        match self {
            Self::RequestLost => Self::WORDS[0],
            Self::ReplyLost => Self::WORDS[1],
            Self::ServerError => Self::WORDS[2],
            Self::RateLimited => Self::WORDS[3],
            Self::Slow(_) => Self::WORDS[4],
            Self::NotYetVisible(_) => Self::WORDS[5],
        }
    }
}

struct Armed {
    provider: &'static str,
    operation: &'static str,
    kind: Kind,
    left: u32,
}

/// An armed fault, as people read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Shown {
    provider: &'static str,
    operation: &'static str,
    fault: &'static str,
    /// On how many calls it will still act.
    left: u32,
}

/// The faults that are armed, in the order in which they were.
#[derive(Default)]
pub struct Faults {
    armed: Mutex<Vec<Armed>>,
    /// How many there are, to be seen without the lock.
    count: AtomicUsize,
}

impl Faults {
    /// Arms a fault for the next `count` calls of an operation. Faults of one operation act one after another.
    pub fn arm(&self, provider: &'static str, operation: &'static str, kind: Kind, count: u32) {
        let mut armed = self.lock();
        armed.push(Armed { provider, operation, kind, left: count });
        self.count.store(armed.len(), Ordering::Release);
    }

    /// Disarms all.
    pub fn clear(&self) {
        let mut armed = self.lock();
        armed.clear();
        self.count.store(0, Ordering::Release);
    }

    /// Lists what is armed.
    pub fn shown(&self) -> Vec<Shown> {
        let show = |armed: &Armed| Shown {
            provider: armed.provider,
            operation: armed.operation,
            fault: armed.kind.word(),
            left: armed.left,
        };
        self.lock().iter().map(show).collect()
    }

    /// The fault that one call meets, which uses it up by one.
    fn take(&self, provider: &str, operation: Option<&str>) -> Option<Kind> {
        let mut armed = self.lock();
        let hit = armed
            .iter_mut()
            .find(|armed| armed.provider == provider && Some(armed.operation) == operation && armed.left > 0)?;
        hit.left -= 1;
        let kind = hit.kind.clone();
        armed.retain(|armed| armed.left > 0);
        self.count.store(armed.len(), Ordering::Release);
        Some(kind)
    }

    fn none_armed(&self) -> bool {
        self.count.load(Ordering::Acquire) == 0
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Armed>> {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A provider with its faults before it.
pub struct Faulty {
    /// The real one.
    pub provider: Arc<dyn Provider>,
    /// What is armed.
    pub faults: Arc<Faults>,
}

impl Faulty {
    async fn meet(&self, kind: Kind, ports: &Ports, request: &Request) -> Response<Bytes> {
        match kind {
            Kind::RequestLost => cut(),
            Kind::ReplyLost => {
                self.provider.serve(ports, request).await;
                cut()
            }
            Kind::ServerError => self.provider.fault(Fault::ServerError, request, ports.clock.now()),
            Kind::RateLimited => {
                let limited = Fault::RateLimited { retry_after_s: RETRY_AFTER_S };
                self.provider.fault(limited, request, ports.clock.now())
            }
            Kind::Slow(delay) => {
                tokio::time::sleep(delay).await;
                self.provider.serve(ports, request).await
            }
            Kind::NotYetVisible(books) => {
                let documents = Arc::new(Papers::new(Arc::clone(&books), Arc::clone(&ports.clock)));
                let then = Ports { books, documents, ..ports.clone() };
                self.provider.serve(&then, request).await
            }
        }
    }
}

impl Provider for Faulty {
    fn name(&self) -> &'static str {
        self.provider.name()
    }

    fn body_bytes_max(&self) -> usize {
        self.provider.body_bytes_max()
    }

    fn endpoints(&self) -> Vec<Endpoint> {
        self.provider.endpoints()
    }

    fn operations(&self) -> Vec<&'static str> {
        self.provider.operations()
    }

    fn reply_id<'a>(&self, response: &'a Response<Bytes>) -> Option<&'a str> {
        self.provider.reply_id(response)
    }

    fn operation(&self, request: &Request) -> Option<&'static str> {
        self.provider.operation(request)
    }

    fn serve<'a>(&'a self, ports: &'a Ports, request: &'a Request) -> BoxFuture<'a, Response<Bytes>> {
        if self.faults.none_armed() {
            return self.provider.serve(ports, request);
        }
        match self.faults.take(self.name(), self.operation(request)) {
            None => self.provider.serve(ports, request),
            Some(kind) => Box::pin(self.meet(kind, ports, request)),
        }
    }

    fn fault(&self, fault: Fault, request: &Request, now: Timestamp) -> Response<Bytes> {
        self.provider.fault(fault, request, now)
    }
}

/// A response that the listener never writes: it cuts the connection instead.
fn cut() -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    response.extensions_mut().insert(Cut);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_acts_on_the_first_calls_of_its_operation_and_is_gone() {
        let faults = Faults::default();
        faults.arm("ovh", "renew", Kind::ReplyLost, 2);
        faults.arm("ovh", "renew", Kind::ServerError, 1);
        assert!(faults.take("ovh", Some("pay")).is_none());
        assert!(faults.take("vpsbg", Some("renew")).is_none());
        assert!(faults.take("ovh", None).is_none());
        let met: Vec<_> = std::iter::from_fn(|| faults.take("ovh", Some("renew"))).map(|kind| kind.word()).collect();
        assert_eq!(met, ["reply-lost", "reply-lost", "server-error"]);
        assert!(faults.none_armed());
    }

    #[test]
    fn disarming_takes_all_faults_away() {
        let faults = Faults::default();
        faults.arm("ovh", "renew", Kind::Slow(Duration::from_secs(5)), 3);
        let shown = Shown { provider: "ovh", operation: "renew", fault: "slow", left: 3 };
        assert_eq!(faults.shown(), [shown]);
        faults.clear();
        assert!(faults.shown().is_empty() && faults.take("ovh", Some("renew")).is_none());
    }
}
