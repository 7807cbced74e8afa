//! A dialect on its listener: reads the raw request within bounds, hands it to the provider, counts and logs the answer.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Uri, header};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use perennial_core::ports::BoxFuture;
use perennial_engine::clock::Stopwatch;
use perennial_providers::{Fault, Ports, Provider, Request};
use tokio::time::timeout;
use tracing::Instrument;

use super::listener::{Answer, Cut, Reply};
use super::measure;

/// How long a client may take to send a body.
const BODY_TIME: Duration = Duration::from_secs(30);

/// How long the provider may take to answer. What it submitted is carried out all the same.
const SERVE_TIME: Duration = Duration::from_mins(1);

/// How much of a body that is too large is read and thrown away, so that its sender hears the answer.
const THROWN_AWAY_BYTES_MAX: usize = 32 * 1024 * 1024;

/// One provider's dialect, served over the ledger.
pub struct Served {
    provider: Arc<dyn Provider>,
    ports: Ports,
}

impl Served {
    /// Joins a provider with what it stands on.
    pub fn new(provider: Arc<dyn Provider>, ports: Ports) -> Self {
        Self { provider, ports }
    }

    async fn respond(&self, request: hyper::Request<Incoming>, peer: IpAddr) -> Result<Reply, Cut> {
        let watch = Stopwatch::start();
        let (head, body) = request.into_parts();
        let awaits_leave = head.headers.contains_key(header::EXPECT);
        let read = read_body(body, self.provider.body_bytes_max(), awaits_leave);
        // Cut off, nothing was acted on, and nobody is there to hear of it.
        let Ok(Ok(read)) = timeout(BODY_TIME, read).await else { return Err(Cut) };
        let (body, too_large) = match read {
            Read::Whole(body) => (body, false),
            Read::TooLarge => (Bytes::new(), true),
        };
        let target = target(&head.uri);
        let request = Request { method: head.method, target, headers: head.headers, body, peer };
        let operation = self.provider.operation(&request).unwrap_or("unknown");
        let response =
            if too_large { self.fault(Fault::BodyTooLarge, &request) } else { self.serve(&request, operation).await };
        measure::request(self.provider.name(), operation, response.status(), watch.elapsed());
        self.log(operation, &request, &response, &watch);
        if response.extensions().get::<Cut>().is_some() {
            return Err(Cut);
        }
        Ok(response.map(Full::new))
    }

    async fn serve(&self, request: &Request, operation: &'static str) -> http::Response<Bytes> {
        let path = path(request);
        let span =
            tracing::debug_span!("request", dialect = self.provider.name(), operation, method = %request.method, path);
        let answered = timeout(SERVE_TIME, self.provider.serve(&self.ports, request)).instrument(span).await;
        answered.unwrap_or_else(|_| {
            tracing::error!(dialect = self.provider.name(), operation, "{operation} was not answered in time");
            self.fault(Fault::TimedOut, request)
        })
    }

    /// One line a request, with the id that whoever asked may quote.
    fn log(&self, operation: &'static str, request: &Request, response: &http::Response<Bytes>, watch: &Stopwatch) {
        let dialect = self.provider.name();
        let id = self.provider.reply_id(response).unwrap_or_default();
        let (path, status, method) = (path(request), response.status().as_u16(), request.method.as_str());
        let duration_us = watch.elapsed().as_micros();
        if response.status().is_server_error() {
            tracing::warn!(dialect, operation, method, path, status, id, duration_us, "{method} {path}: {status}");
        } else {
            tracing::debug!(dialect, operation, method, path, status, id, duration_us, "{method} {path}: {status}");
        }
    }

    fn fault(&self, fault: Fault, request: &Request) -> http::Response<Bytes> {
        self.provider.fault(fault, request, self.ports.clock.now())
    }
}

impl Answer for Served {
    fn answer(&self, request: hyper::Request<Incoming>, peer: IpAddr) -> BoxFuture<'_, Result<Reply, Cut>> {
        Box::pin(self.respond(request, peer))
    }
}

/// Path and query as the client wrote them; of an absolute target, which proxies are sent, the part after the host.
fn target(uri: &Uri) -> String {
    uri.path_and_query().map_or_else(|| uri.path().to_owned(), |target| target.as_str().to_owned())
}

/// What became of a body.
#[derive(Debug, PartialEq, Eq)]
enum Read {
    Whole(Bytes),
    TooLarge,
}

/// Reads a body of at most `most` bytes. A larger one is read to its end (within reason) unless its sender still waits
/// for leave to send it.
async fn read_body<B>(mut body: B, most: usize, awaits_leave: bool) -> Result<Read, B::Error>
where
    B: Body<Data = Bytes> + Unpin,
{
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > most && awaits_leave {
        return Ok(Read::TooLarge);
    }
    let mut kept = BytesMut::new();
    let mut seen = 0_usize;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        seen = seen.saturating_add(data.len());
        if seen <= most {
            kept.extend_from_slice(&data);
        } else if seen > THROWN_AWAY_BYTES_MAX {
            break;
        }
    }
    Ok(if seen <= most { Read::Whole(kept.freeze()) } else { Read::TooLarge })
}

/// The path without its query: that may hold secrets.
fn path(request: &Request) -> &str {
    request.target.split('?').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(bytes: usize, most: usize, awaits_leave: bool) -> Read {
        read_body(Full::new(Bytes::from(vec![b'x'; bytes])), most, awaits_leave).await.expect("reads")
    }

    #[tokio::test]
    async fn a_body_is_read_up_to_its_bound() {
        assert_eq!(read(0, 4, false).await, Read::Whole(Bytes::new()));
        assert_eq!(read(4, 4, false).await, Read::Whole(Bytes::from_static(b"xxxx")));
        assert_eq!(read(5, 4, false).await, Read::TooLarge);
        assert_eq!(read(5, 4, true).await, Read::TooLarge);
    }

    #[test]
    fn a_target_keeps_every_byte() {
        for (sent, expected) in [
            ("/1.0/me?a=%2F&b=", "/1.0/me?a=%2F&b="),
            ("/1.0//me/?", "/1.0//me/?"),
            ("http://127.0.0.1:8401/1.0/me?x=1", "/1.0/me?x=1"),
            ("*", "*"),
        ] {
            let uri: Uri = sent.parse().expect("is a target");
            assert_eq!(target(&uri), expected);
        }
    }
}
