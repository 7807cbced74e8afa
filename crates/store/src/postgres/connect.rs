//! Connecting.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use socket2::{Domain, SockAddr, Socket, TcpKeepalive, Type};
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage};

use super::driver::Connection;
use super::line::{Line, Wire};
use super::pipeline::{Held, Pipeline};
use crate::driver::{DriverError, Result};

/// The port of a server, unless the URL says otherwise.
const PORT: u16 = 5432;

/// How long a server may take to accept a connection, unless the URL says otherwise.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the other end may be silent before it is asked whether it is still there; it has to answer one of the
/// questions. A machine that is gone says nothing, and would be waited for for ever. While it is waited for, nobody renews.
const KEEPALIVES_IDLE: Duration = Duration::from_secs(5);
const KEEPALIVES_INTERVAL: Duration = Duration::from_secs(2);
const KEEPALIVES_RETRIES: u32 = 3;

/// How long what was sent may stay without an acknowledgement, unless the URL says otherwise.
const TCP_USER_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a commit is waited for. One that waits for a standby that is gone may take as long as the standby does.
const COMMIT_TIMEOUT: Duration = Duration::from_secs(30);

/// Where the ledger is, and who asks.
#[derive(Clone, Debug)]
pub(super) struct Server {
    /// How to reach each host of the URL, in its order.
    hosts: Arc<[Config]>,
    commit_timeout: Duration,
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
        Ok(Self { hosts: each_alone(&config)?.into(), commit_timeout: COMMIT_TIMEOUT })
    }

    /// Opens a connection to the first host that answers as the URL asks. It lives until it is dropped or lost.
    pub(super) fn connect(&self) -> Result<Connection> {
        let (client, line, held) = first_that_answers(&self.hosts)?;
        let connection = Connection::new(client, line, held, self.commit_timeout);
        connection.name_session()?;
        Ok(connection)
    }

    /// The same server, with another bound for commits.
    #[cfg(test)]
    pub(super) fn commits_within(mut self, timeout: Duration) -> Self {
        self.commit_timeout = timeout;
        self
    }
}

/// What each host of a URL is connected to with. Each has its own time to answer: one that accepts and says nothing, as a
/// machine does that is stopped, must not keep the others from being asked.
fn each_alone(all: &Config) -> std::result::Result<Vec<Config>, UrlError> {
    let (hosts, addresses, ports) = (all.get_hosts(), all.get_hostaddrs(), all.get_ports());
    let count = hosts.len().max(addresses.len());
    if count <= 1 {
        return Ok(vec![all.clone()]);
    }
    if ports.len() > 1 && ports.len() != count {
        return Err(UrlError::Unreadable("it has neither one port nor one for each host".into()));
    }
    let alone = (0..count).map(|at| {
        let mut one = Config::new();
        match hosts.get(at) {
            Some(Host::Tcp(name)) => drop(one.host(name)),
            Some(Host::Unix(path)) => drop(one.host_path(path)),
            None => {}
        }
        addresses.get(at).map(|address| one.hostaddr(*address));
        ports.get(at).or(ports.first()).map(|port| one.port(*port));
        all.get_user().map(|user| one.user(user));
        all.get_password().map(|password| one.password(password));
        all.get_dbname().map(|name| one.dbname(name));
        all.get_options().map(|options| one.options(options));
        all.get_application_name().map(|name| one.application_name(name));
        all.get_connect_timeout().map(|timeout| one.connect_timeout(*timeout));
        all.get_tcp_user_timeout().map(|timeout| one.tcp_user_timeout(*timeout));
        all.get_keepalives_interval().map(|interval| one.keepalives_interval(interval));
        all.get_keepalives_retries().map(|retries| one.keepalives_retries(retries));
        one.keepalives(all.get_keepalives()).keepalives_idle(all.get_keepalives_idle());
        one.ssl_mode(all.get_ssl_mode()).ssl_negotiation(all.get_ssl_negotiation());
        one.channel_binding(all.get_channel_binding()).target_session_attrs(all.get_target_session_attrs());
        one
    });
    Ok(alone.collect())
}

/// Asks one host after the other.
fn first_that_answers(hosts: &[Config]) -> Result<(Client, Line, Held)> {
    let mut failures = Vec::new();
    for config in hosts {
        match reach(config) {
            Ok(connected) => return Ok(connected),
            Err(error) => failures.push(error),
        }
    }
    if failures.len() > 1 {
        let told = hosts.iter().zip(&failures).map(|(config, failure)| match config.get_hosts().first() {
            Some(Host::Tcp(name)) => format!("{name}: {failure}"),
            Some(Host::Unix(path)) => format!("{}: {failure}", path.display()),
            None => failure.to_string(),
        });
        return Err(DriverError::Failed(told.collect::<Vec<_>>().join("; ").into()));
    }
    Err(failures.pop().unwrap_or_else(|| DriverError::Failed("the URL names no host".into())))
}

/// Connects to one host, if it is what the URL asks for.
fn reach(config: &Config) -> Result<(Client, Line, Held)> {
    let patience = *config.get_connect_timeout().unwrap_or(&CONNECT_TIMEOUT);
    let late = || DriverError::Failed(format!("the server did not answer for {} s", patience.as_secs()).into());
    let wire = socket(config, patience)
        .and_then(Wire::new)
        .map_err(|error| DriverError::Failed(format!("could not reach the server: {error}").into()))?;
    let held = Held::default();
    let greeting = config.connect_raw(Pipeline::new(wire.clone(), held.clone()), NoTls);
    // What is to be done is done as it is polled.
    let (client, speaker) = wire.wait(patience, greeting, || ()).ok_or_else(late)??;
    let line = Line::new(wire, speaker);
    let (wanted, otherwise) = match config.get_target_session_attrs() {
        TargetSessionAttrs::ReadWrite => ("off", "the server takes no writes, and the URL asks for one that does"),
        TargetSessionAttrs::ReadOnly => ("on", "the server takes writes, and the URL asks for one that does not"),
        _ => return Ok((client, line, held)),
    };
    let told = line.wait_for(patience, client.simple_query("show transaction_read_only")).ok_or_else(late)??;
    let is_wanted =
        |row: &SimpleQueryMessage| matches!(row, SimpleQueryMessage::Row(row) if row.get(0) == Some(wanted));
    if told.iter().any(is_wanted) { Ok((client, line, held)) } else { Err(DriverError::Failed(otherwise.into())) }
}

/// Opens a socket to a host, at the first of its addresses that accepts.
fn socket(config: &Config, patience: Duration) -> io::Result<Socket> {
    let port = config.get_ports().first().copied().unwrap_or(PORT);
    let addresses: Vec<SocketAddr> = match (config.get_hostaddrs().first(), config.get_hosts().first()) {
        (Some(address), _) => vec![(*address, port).into()],
        (None, Some(Host::Tcp(name))) => (name.as_str(), port).to_socket_addrs()?.collect(),
        (None, Some(Host::Unix(folder))) => {
            let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
            socket.connect_timeout(&SockAddr::unix(folder.join(format!(".s.PGSQL.{port}")))?, patience)?;
            return Ok(socket);
        }
        (None, None) => return Err(io::Error::other("the URL names no host")),
    };
    let mut refused = io::Error::other("its name has no address");
    for address in addresses {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        match socket.connect_timeout(&address.into(), patience) {
            Ok(()) => return set_up(socket, config),
            Err(error) => refused = error,
        }
    }
    Err(refused)
}

/// Sets the bounds for a host that is gone.
fn set_up(socket: Socket, config: &Config) -> io::Result<Socket> {
    socket.set_tcp_nodelay(true)?;
    socket.set_tcp_user_timeout(config.get_tcp_user_timeout().copied())?;
    if config.get_keepalives() {
        let mut keepalive = TcpKeepalive::new().with_time(config.get_keepalives_idle());
        if let Some(interval) = config.get_keepalives_interval() {
            keepalive = keepalive.with_interval(interval);
        }
        if let Some(retries) = config.get_keepalives_retries() {
            keepalive = keepalive.with_retries(retries);
        }
        socket.set_tcp_keepalive(&keepalive)?;
    }
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use perennial_testkit::Cluster;

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
        assert!(failed.contains("did not answer for 1 s"), "{failed}");
    }

    #[test]
    fn each_host_has_its_own_port_and_time() {
        let server = Server::parse("postgres://shop:hush@one:1,two:2/shop?connect_timeout=3").expect("is a URL");
        let told = server.hosts.iter().map(|host| (host.get_hosts(), host.get_ports(), host.get_dbname()));
        let host = |name: &str| [Host::Tcp(name.to_owned())];
        let expected = [(&host("one")[..], &[1][..], Some("shop")), (&host("two")[..], &[2][..], Some("shop"))];
        assert_eq!(told.collect::<Vec<_>>(), expected);
        assert!(server.hosts.iter().all(|host| host.get_password() == Some(b"hush")));
        assert!(server.hosts.iter().all(|host| host.get_connect_timeout() == Some(&Duration::from_secs(3))));
        assert!(server.hosts.iter().all(|host| host.get_tcp_user_timeout() == Some(&TCP_USER_TIMEOUT)));
    }

    #[test]
    fn a_host_that_says_nothing_keeps_no_other_from_being_asked() {
        let silent = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("is free");
        let port = silent.local_addr().expect("has one").port();
        let gone =
            std::net::TcpListener::bind(("127.0.0.1", 0)).expect("is free").local_addr().expect("has one").port();
        let url = format!("postgres://shop@127.0.0.1:{port},localhost:{gone}/shop?connect_timeout=1");
        let failed = Server::parse(&url).expect("is a URL").connect().expect_err("nobody answers").to_string();
        assert!(failed.contains("127.0.0.1: the server did not answer for 1 s; localhost: "), "{failed}");
        assert!(failed.contains("refused"), "{failed}");
    }

    #[test]
    fn a_server_is_used_if_it_is_what_the_url_asks_for() {
        let url = Cluster::shared().and_then(Cluster::database).expect("is made");
        let asking = |attributes| Server::parse(&format!("{url}?target_session_attrs={attributes}")).expect("is a URL");
        asking("read-write").connect().expect("takes writes");
        let refused = asking("read-only").connect().expect_err("takes writes").to_string();
        assert!(refused.contains("takes writes, and the URL"), "{refused}");
        let connection = asking("any").connect().expect("connects");
        let database = url.rsplit('/').next().expect("has a name");
        connection.run(&format!("alter database {database} set default_transaction_read_only = on")).expect("runs");
        asking("read-only").connect().expect("takes no writes");
        let refused = asking("read-write").connect().expect_err("takes no writes").to_string();
        assert!(refused.contains("takes no writes, and the URL"), "{refused}");
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
