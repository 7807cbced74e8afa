//! A network between a client and a server that a test rules over: what goes through is remembered, and each request has
//! the fate that the test decides.
//!
//! Bytes are handed on as they came, one connection a request, so that signatures and framing stay what they were.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// How long a silent side is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// A request on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passing {
    /// Which one, from 0.
    pub number: usize,
    /// Method and target: `POST /v1/servers/renew`.
    pub line: String,
    /// Its header lines.
    pub head: String,
    /// Its body.
    pub body: String,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is carried out and answered.
    Pass,
    /// It never arrives; the connection is cut.
    Lose,
    /// It is carried out, and so many bytes of the answer arrive before the connection is cut.
    Cut(usize),
}

/// Decides what becomes of each request. It may do more: kill the client, say.
pub type Rule = dyn Fn(&Passing) -> Fate + Send + Sync;

/// A running proxy. It ends when it is dropped.
pub struct Proxy {
    address: SocketAddr,
    passed: Arc<Mutex<Vec<Passing>>>,
    rule: Arc<Mutex<Arc<Rule>>>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Starts a proxy on loopback in front of `server` (`127.0.0.1:8401`). Everything passes until a rule says otherwise.
    ///
    /// # Errors
    /// When there is no port to listen on.
    pub fn before(server: impl Into<String>) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("listening")?;
        let address = listener.local_addr()?;
        let passed = Arc::new(Mutex::new(Vec::new()));
        let rule: Arc<Mutex<Arc<Rule>>> = Arc::new(Mutex::new(Arc::new(|_: &Passing| Fate::Pass)));
        let over = Arc::new(AtomicBool::new(false));
        let server = server.into();
        let thread = {
            let (passed, rule, over) = (Arc::clone(&passed), Arc::clone(&rule), Arc::clone(&over));
            std::thread::spawn(move || {
                for client in listener.incoming() {
                    if over.load(Ordering::SeqCst) {
                        return;
                    }
                    let Ok(client) = client else { continue };
                    let (passed, rule, server) = (Arc::clone(&passed), Arc::clone(&rule), server.clone());
                    // Whatever goes wrong on the way is a network's ordinary failure: the client sees it.
                    std::thread::spawn(move || drop(hand_on(client, &server, &passed, &rule)));
                }
            })
        };
        Ok(Self { address, passed, rule, over, thread: Some(thread) })
    }

    /// Where it listens: `127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Decides by this rule from now on.
    pub fn rule(&self, rule: impl Fn(&Passing) -> Fate + Send + Sync + 'static) {
        *locked(&self.rule) = Arc::new(rule);
    }

    /// What has come so far, in order.
    pub fn passed(&self) -> Vec<Passing> {
        locked(&self.passed).clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // Wakes the listener up.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn locked<T>(shared: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes one request of a client, and gives it its fate.
fn hand_on(client: TcpStream, server: &str, passed: &Mutex<Vec<Passing>>, rule: &Mutex<Arc<Rule>>) -> Result<()> {
    client.set_read_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(client.try_clone()?);
    let request = message(&mut reader)?;
    let passing = {
        let mut passed = locked(passed);
        let text = String::from_utf8_lossy(&request.bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let line = head.lines().next().unwrap_or_default();
        let line = line.strip_suffix(" HTTP/1.1").unwrap_or(line).to_owned();
        let passing = Passing { number: passed.len(), line, head: head.to_owned(), body: body.to_owned() };
        passed.push(passing.clone());
        passing
    };
    let rule = Arc::clone(&locked(rule));
    let length = match rule(&passing) {
        Fate::Lose => return Ok(()),
        Fate::Pass => usize::MAX,
        Fate::Cut(length) => length,
    };
    let mut up = TcpStream::connect(server).context("reaching the server")?;
    up.set_read_timeout(Some(PATIENCE))?;
    up.write_all(&request.bytes)?;
    let answer = message(&mut BufReader::new(up))?;
    let mut client = client;
    client.write_all(&answer.bytes[..answer.bytes.len().min(length)])?;
    client.flush()?;
    client.shutdown(std::net::Shutdown::Both)?;
    Ok(())
}

/// A whole message as it came, and told to be the last of its connection.
struct Message {
    bytes: Vec<u8>,
}

/// Reads a message whose length is said in its head.
fn message(stream: &mut impl BufRead) -> Result<Message> {
    let mut bytes = Vec::new();
    let mut length = 0;
    loop {
        let mut line = Vec::new();
        if stream.read_until(b'\n', &mut line)? == 0 {
            bail!("the connection was cut in a head");
        }
        let text = String::from_utf8_lossy(&line).to_ascii_lowercase();
        if let Some(told) = text.strip_prefix("content-length:") {
            length = told.trim().parse().context("a length")?;
        }
        if text.starts_with("transfer-encoding:") {
            bail!("chunks are not handed on");
        }
        let is_last = text.trim_end().is_empty();
        // One request a connection: the client is to open another one for the next.
        if is_last {
            bytes.extend_from_slice(b"Connection: close\r\n");
        }
        if !text.starts_with("connection:") {
            bytes.extend_from_slice(&line);
        }
        if is_last {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    bytes.extend_from_slice(&body);
    Ok(Message { bytes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http;

    /// Answers every request on a port of its own with its own target.
    fn echo() -> Result<String> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?.to_string();
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let mut client = client.expect("connects");
                let request = message(&mut BufReader::new(client.try_clone().expect("clones"))).expect("reads");
                let text = String::from_utf8_lossy(&request.bytes).into_owned();
                let target = text.split(' ').nth(1).unwrap_or_default().to_owned();
                write!(client, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{target}", target.len()).expect("writes");
            }
        });
        Ok(address)
    }

    #[test]
    fn each_request_has_the_fate_that_was_decided() {
        let proxy = Proxy::before(echo().expect("listens")).expect("listens");
        let ask = |target: &str| http::get(&format!("http://{}{target}", proxy.address()));
        assert_eq!(ask("/a").expect("answers").text(), "/a");
        proxy.rule(|passing| match passing.line.as_str() {
            "GET /lost" => Fate::Lose,
            "GET /cut" => Fate::Cut(20),
            _ => Fate::Pass,
        });
        assert!(ask("/lost").is_err());
        assert!(ask("/cut").is_err());
        assert_eq!(ask("/b").expect("answers").text(), "/b");
        let lines: Vec<_> = proxy.passed().into_iter().map(|passing| passing.line).collect();
        assert_eq!(lines, ["GET /a", "GET /lost", "GET /cut", "GET /b"]);
    }
}
