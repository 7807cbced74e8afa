//! Connecting. One thread of this process drives all connections; whoever asks on one waits for the answer.
//!
//! Callers are not asynchronous: the lane has a thread of its own, and readers are called from the threads of another
//! runtime, where no second one may be started. So nothing of a runtime is touched on the caller's thread.

use std::future::{Future, pending};
use std::pin::pin;
use std::str::FromStr;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::time::timeout;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Config, NoTls};

use super::driver::Connection;
use crate::driver::{DriverError, Result};

/// How long a server may take to accept a connection, unless the URL says otherwise.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the other end may be silent before it is asked whether it is still there; it has to answer one of the
/// questions. A machine that is gone says nothing, and would be waited for for ever.
const KEEPALIVES_IDLE: Duration = Duration::from_secs(10);
const KEEPALIVES_INTERVAL: Duration = Duration::from_secs(5);
const KEEPALIVES_RETRIES: u32 = 4;

/// How long what was sent may stay without an acknowledgement, unless the URL says otherwise.
const TCP_USER_TIMEOUT: Duration = Duration::from_secs(30);

/// Where the ledger is, and who asks.
#[derive(Clone, Debug)]
pub(super) struct Server {
    config: Arc<Config>,
}

/// Why a URL is of no use. The URL itself is not told: it may hold a password.
#[derive(Debug, thiserror::Error)]
pub(super) enum UrlError {
    /// It cannot be read.
    #[error("the URL of the database cannot be read: {0}")]
    Unreadable(Box<dyn std::error::Error + Send + Sync>),
    /// It asks for what is not there.
    #[error(
        "the URL of the database asks for TLS (sslmode=require), which connections to PostgreSQL do not have\nhint: go through a pooler or tunnel on this machine that encrypts, and leave sslmode out"
    )]
    Tls,
}

impl Server {
    /// Reads a `postgres://` URL.
    pub(super) fn parse(url: &str) -> std::result::Result<Self, UrlError> {
        let mut config = Config::from_str(url).map_err(|error| {
            let told = error.to_string();
            UrlError::Unreadable(error.into_source().unwrap_or_else(|| told.into()))
        })?;
        if config.get_ssl_mode() == SslMode::Require {
            return Err(UrlError::Tls);
        }
        if config.get_application_name().is_none() {
            config.application_name("perennial");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(TCP_USER_TIMEOUT);
        }
        if config.get_keepalives_interval().is_none() && config.get_keepalives_retries().is_none() {
            config.keepalives_idle(KEEPALIVES_IDLE.min(config.get_keepalives_idle()));
            config.keepalives_interval(KEEPALIVES_INTERVAL).keepalives_retries(KEEPALIVES_RETRIES);
        }
        Ok(Self { config: Arc::new(config) })
    }

    /// Opens a connection. It lives until it is dropped or lost.
    pub(super) fn connect(&self) -> Result<Connection> {
        static RUNTIME: LazyLock<std::io::Result<Handle>> = LazyLock::new(start);
        let runtime = RUNTIME.as_ref().map_err(|error| DriverError::Failed(error.to_string().into()))?;
        let (connected, connection) = sync_channel(1);
        let config = Arc::clone(&self.config);
        runtime.spawn(async move {
            match timeout(patience(&config), config.connect(NoTls)).await {
                Ok(Ok((client, connection))) => {
                    drop(connected.send(Ok(client))); // who asked waits
                    if let Err(error) = connection.await {
                        tracing::debug!(%error, "a connection to the database ended");
                    }
                }
                Ok(Err(error)) => drop(connected.send(Err(error.into()))),
                Err(late) => drop(connected.send(Err(DriverError::Failed(late.into())))),
            }
        });
        let connected = connection.recv().map_err(|error| DriverError::Failed(error.into()))?;
        Ok(Connection::new(connected?))
    }
}

/// How long all servers of a URL may take to accept a connection and to greet: a machine that is stopped still accepts.
fn patience(config: &Config) -> Duration {
    let hosts = u32::try_from(config.get_hosts().len()).unwrap_or(u32::MAX);
    config.get_connect_timeout().unwrap_or(&CONNECT_TIMEOUT).saturating_mul(hosts).saturating_mul(2)
}

/// Starts the thread that drives the connections. It ends with the process.
fn start() -> std::io::Result<Handle> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    thread::Builder::new().name("postgres".to_owned()).spawn(move || runtime.block_on(pending::<()>()))?;
    Ok(handle)
}

/// Waits for an answer that another thread brings.
pub(super) fn wait<F: Future>(answer: F) -> F::Output {
    let mut answer = pin!(answer);
    let waker = Waker::from(Arc::new(Waiting(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match answer.as_mut().poll(&mut context) {
            Poll::Ready(answer) => return answer,
            Poll::Pending => thread::park(),
        }
    }
}

/// A thread that waits, to be woken.
struct Waiting(Thread);

impl Wake for Waiting {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.unpark();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_that_is_of_no_use_is_refused_without_its_password() {
        for (url, why) in [
            ("postgres://shop:hush@localhost/shop?sslmode=require", "asks for TLS"),
            ("postgres://shop:hush@localhost/shop?sslmode=verify-full", "sslmode"),
            ("postgres://shop:hush@localhost:port/shop", "port"),
        ] {
            let refused = Server::parse(url).expect_err(url).to_string();
            assert!(refused.contains(why) && !refused.contains("hush"), "{url}: {refused}");
        }
        assert!(!format!("{:?}", Server::parse("postgres://shop:hush@localhost/shop")).contains("hush"));
    }

    #[test]
    fn a_server_that_accepts_and_says_nothing_is_not_waited_for() {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("is free");
        let port = listener.local_addr().expect("has one").port();
        let url = format!("postgres://shop@127.0.0.1:{port}/shop?connect_timeout=1");
        let failed = Server::parse(&url).expect("is a URL").connect().expect_err("nobody answers").to_string();
        assert!(failed.contains("elapsed"), "{failed}");
    }

    #[test]
    fn a_server_that_is_not_there_is_told() {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("is free");
        let port = listener.local_addr().expect("has one").port();
        drop(listener);
        let server = Server::parse(&format!("postgres://shop@127.0.0.1:{port}/shop")).expect("is a URL");
        let failed = server.connect().expect_err("nobody listens").to_string();
        assert!(failed.contains("refused"), "{failed}");
    }
}
