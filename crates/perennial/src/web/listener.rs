//! Listeners: sockets, TLS, HTTP/1.1 with its limits, and closing without cutting anybody off.

use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use http::{HeaderValue, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use jiff::fmt::rfc2822::DateTimePrinter;
use perennial_core::ports::{BoxFuture, Clock};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

/// The most connections one listener holds at a time; more wait in the system's queue.
const CONNECTIONS_MAX: usize = 4_096;

/// The largest request head.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// How long a client may take for the head of a request; it also ends connections on which nothing is asked.
const HEAD_TIME: Duration = Duration::from_mins(1);

/// How long a client may take to agree on TLS.
const HANDSHAKE_TIME: Duration = Duration::from_secs(10);

/// How long requests that are being answered may still take when the house closes.
const FINISH_TIME: Duration = Duration::from_secs(30);

/// How long to wait when the system gives no more sockets.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What a listener writes back.
pub type Reply = Response<Full<Bytes>>;

/// The connection is to end without another byte. A dialect's answer may carry it as an extension.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the connection is cut")]
pub struct Cut;

/// Answers the requests of one listener.
pub trait Answer: Send + Sync {
    /// Answers one request.
    ///
    /// # Errors
    /// [`Cut`] when there is to be no answer.
    fn answer(&self, request: Request<Incoming>, peer: IpAddr) -> BoxFuture<'_, Result<Reply, Cut>>;
}

/// A socket that is bound; clients that come already wait in its queue.
pub struct Socket {
    name: &'static str,
    listener: TcpListener,
}

impl Socket {
    /// Binds an address.
    ///
    /// # Errors
    /// When it cannot be had, with the way to another.
    pub async fn bind(name: &'static str, address: SocketAddr) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(address).await.with_context(|| {
            format!("listening on {address} for {name}\nhint: another program may use that port; choose another one")
        })?;
        Ok(Self { name, listener })
    }

    /// Joins the socket with what answers on it.
    pub fn answered_by(self, tls: Option<TlsAcceptor>, answer: Arc<dyn Answer>) -> Listener {
        Listener { socket: self, tls, answer }
    }
}

/// A socket and what answers on it.
pub struct Listener {
    socket: Socket,
    tls: Option<TlsAcceptor>,
    answer: Arc<dyn Answer>,
}

impl Listener {
    /// Accepts connections until the house closes, and then lets requests that are being answered finish.
    pub async fn run(self, clock: Arc<dyn Clock>, mut closing: watch::Receiver<bool>) {
        let Self { socket: Socket { name, listener }, tls, answer } = self;
        let mut talks = JoinSet::new();
        let told = closing.clone();
        loop {
            tokio::select! {
                () = closed(&mut closing) => break,
                Some(_) = talks.join_next() => {}
                accepted = listener.accept(), if talks.len() < CONNECTIONS_MAX => match accepted {
                    Ok((stream, peer)) => {
                        let service = Dated { answer: Arc::clone(&answer), clock: Arc::clone(&clock) };
                        talks.spawn(talk(stream, peer.ip(), tls.clone(), service, told.clone()));
                    }
                    Err(error) => {
                        tracing::warn!(listener = name, %error, "{name}: no connection could be accepted");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
        drop(listener);
        let finish = async { while talks.join_next().await.is_some() {} };
        if timeout(FINISH_TIME, finish).await.is_err() {
            tracing::warn!(listener = name, "{name}: {} connections were cut off at the end", talks.len());
        }
    }
}

/// Answers with the house's own `Date`: clients set their clocks by it, and a sandbox's clock is moved.
struct Dated {
    answer: Arc<dyn Answer>,
    clock: Arc<dyn Clock>,
}

impl Dated {
    async fn answer(&self, request: Request<Incoming>, peer: IpAddr) -> Result<Reply, Cut> {
        let mut reply = self.answer.answer(request, peer).await?;
        let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&self.clock.now()).ok();
        if let Some(date) = date.and_then(|date| HeaderValue::try_from(date).ok()) {
            reply.headers_mut().insert(header::DATE, date);
        }
        Ok(reply)
    }
}

/// Waits until the house closes; a house that is gone has closed.
async fn closed(closing: &mut watch::Receiver<bool>) {
    let _closed_or_gone = closing.wait_for(|closing| *closing).await;
}

/// One connection, from its handshake on.
async fn talk(
    stream: TcpStream,
    peer: IpAddr,
    tls: Option<TlsAcceptor>,
    answer: Dated,
    closing: watch::Receiver<bool>,
) {
    // Replies are small and written whole: waiting for more to send would only delay them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%peer, %error, "TCP_NODELAY could not be set");
    }
    let Some(tls) = tls else { return converse(stream, peer, &answer, closing).await };
    match timeout(HANDSHAKE_TIME, tls.accept(stream)).await {
        Ok(Ok(stream)) => converse(stream, peer, &answer, closing).await,
        Ok(Err(error)) => tracing::debug!(%peer, %error, "TLS was not agreed on"),
        Err(_) => tracing::debug!(%peer, "TLS was not agreed on in time"),
    }
}

/// HTTP/1.1 on one connection, request after request.
async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    peer: IpAddr,
    answer: &Dated,
    mut closing: watch::Receiver<bool>,
) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(HEAD_BYTES_MAX)
        .auto_date_header(false)
        .serve_connection(TokioIo::new(stream), service_fn(|request| answer.answer(request, peer)));
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = closed(&mut closing) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, error = &error as &dyn std::error::Error, "a connection ended early");
    }
}
