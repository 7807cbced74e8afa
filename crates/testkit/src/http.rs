//! A blocking HTTP/1.1 client over one socket, enough to talk to our own listeners on loopback.
//!
//! Not here: TLS, redirects, compression, and any resending. A request whose answer is lost is an error, because lost
//! answers are what some tests are about.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

const TIMEOUT: Duration = Duration::from_secs(30);

/// What a server answered.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The header lines in their order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, with its transfer coding taken off.
    pub body: Vec<u8>,
}

impl Response {
    /// Returns the first header of this name, in whatever case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(each, _)| each.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Returns the body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Parses the body; an empty one is `null`.
    ///
    /// # Errors
    /// When the body is not JSON, with the body.
    pub fn json(&self) -> Result<Value> {
        if self.body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&self.body).with_context(|| format!("status {}, not JSON: {}", self.status, self.text()))
    }
}

/// A connection that is kept for the next request, and opened when needed.
#[derive(Debug)]
pub struct Connection {
    address: String,
    patience: Duration,
    stream: Option<BufReader<TcpStream>>,
}

impl Connection {
    /// Returns a connection to `address` (`127.0.0.1:8401`); nothing is opened yet.
    pub fn to(address: impl Into<String>) -> Self {
        Self { address: address.into(), patience: TIMEOUT, stream: None }
    }

    /// Waits for this long for a server that says nothing, from the next connection that is opened.
    pub fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// Sends one request and returns its answer. `target` is path and query as they go on the wire.
    ///
    /// # Errors
    /// When the server cannot be reached, cuts the connection or does not answer in HTTP/1.1. Nothing is sent twice.
    pub fn send(&mut self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Response> {
        let request = render(&self.address, method, target, headers, body)?;
        let mut stream = match self.stream.take().filter(|stream| is_open(stream.get_ref())) {
            Some(stream) => stream,
            None => open(&self.address, self.patience)?,
        };
        let said = || format!("{method} http://{}{target}", self.address);
        stream.get_mut().write_all(&request).with_context(said)?;
        let response = read_response(&mut stream, method).with_context(said)?;
        // A body without a length ended with the connection; the next request would find that out by itself.
        if !response.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close")) {
            self.stream = Some(stream);
        }
        Ok(response)
    }
}

/// Sends one request to a `http://HOST:PORT/...` URL on a connection of its own.
///
/// # Errors
/// As [`Connection::send`], and when the URL is not of that form.
pub fn send(method: &str, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Response> {
    let (address, target) = split(url)?;
    Connection::to(address).send(method, target, headers, body)
}

/// Gets a `http://HOST:PORT/...` URL.
///
/// # Errors
/// As [`send`].
pub fn get(url: &str) -> Result<Response> {
    send("GET", url, &[], b"")
}

/// Posts JSON to a `http://HOST:PORT/...` URL.
///
/// # Errors
/// As [`send`].
pub fn post_json(url: &str, body: &Value) -> Result<Response> {
    send("POST", url, &[("Content-Type", "application/json")], body.to_string().as_bytes())
}

/// Splits a `http://` URL into its address and its target.
pub(crate) fn split(url: &str) -> Result<(&str, &str)> {
    let rest = url.strip_prefix("http://").with_context(|| format!("only http:// is spoken here: {url}"))?;
    Ok(match rest.find('/') {
        Some(slash) => rest.split_at(slash),
        None => (rest, "/"),
    })
}

fn open(address: &str, patience: Duration) -> Result<BufReader<TcpStream>> {
    let connecting = || format!("connecting to {address}");
    let resolved = address.to_socket_addrs().with_context(connecting)?.next().with_context(connecting)?;
    // A process that is stopped accepts until its queue is full, and then nothing is said.
    let stream = TcpStream::connect_timeout(&resolved, patience).with_context(connecting)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    Ok(BufReader::new(stream))
}

/// Says whether a kept connection can carry another request; a server that went away has left its end-of-file there.
fn is_open(stream: &TcpStream) -> bool {
    let silent = stream.set_nonblocking(true).is_ok()
        && matches!(stream.peek(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock);
    silent && stream.set_nonblocking(false).is_ok()
}

fn render(address: &str, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Vec<u8>> {
    let mut head = format!("{method} {target} HTTP/1.1\r\nHost: {address}\r\n");
    for (name, value) in headers {
        write!(head, "{name}: {value}\r\n")?;
    }
    // Clients say so too when there is no body, except where none is expected.
    if !body.is_empty() || !matches!(method, "GET" | "HEAD") {
        write!(head, "Content-Length: {}\r\n", body.len())?;
    }
    head.push_str("\r\n");
    Ok([head.as_bytes(), body].concat())
}

fn read_response(stream: &mut impl BufRead, method: &str) -> Result<Response> {
    let (status, headers) = loop {
        let (status, headers) = read_head(stream)?;
        // Interim answers come before the one that counts.
        if status >= 200 {
            break (status, headers);
        }
    };
    let mut response = Response { status, headers, body: Vec::new() };
    if method == "HEAD" || matches!(status, 204 | 304) {
        return Ok(response);
    }
    if response.header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
        response.body = read_chunks(stream)?;
    } else if let Some(length) = response.header("content-length") {
        response.body = read_exactly(stream, length.parse().with_context(|| format!("Content-Length: {length}"))?)?;
    } else {
        stream.read_to_end(&mut response.body)?;
    }
    Ok(response)
}

fn read_head(stream: &mut impl BufRead) -> Result<(u16, Vec<(String, String)>)> {
    let first = read_line(stream)?;
    let mut words = first.split(' ');
    ensure!(words.next().is_some_and(|word| word.starts_with("HTTP/1.")), "not an HTTP/1.1 answer: {first}");
    let status = words.next().and_then(|word| word.parse().ok()).with_context(|| format!("no status in: {first}"))?;
    let mut headers = Vec::new();
    loop {
        let line = read_line(stream)?;
        if line.is_empty() {
            return Ok((status, headers));
        }
        let (name, value) = line.split_once(':').with_context(|| format!("not a header: {line}"))?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
}

/// Reads a line without its end.
fn read_line(stream: &mut impl BufRead) -> Result<String> {
    let mut line = String::new();
    stream.take(64 * 1024).read_line(&mut line).context("reading an answer")?;
    let Some(line) = line.strip_suffix('\n') else { bail!("the connection was cut in the head of an answer") };
    Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
}

fn read_exactly(stream: &mut impl BufRead, length: usize) -> Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).context("the connection was cut in the body of an answer")?;
    Ok(bytes)
}

fn read_chunks(stream: &mut impl BufRead) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = read_line(stream)?;
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16).with_context(|| format!("not a chunk's size: {line}"))?;
        if size == 0 {
            while !read_line(stream)?.is_empty() {} // trailers
            return Ok(body);
        }
        body.extend(read_exactly(stream, size)?);
        ensure!(read_line(stream)?.is_empty(), "a chunk is longer than it said");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(method: &str, mut wire: &[u8]) -> Result<(Response, usize)> {
        let response = read_response(&mut wire, method)?;
        Ok((response, wire.len()))
    }

    #[test]
    fn an_answer_ends_where_its_framing_says() {
        let table: &[(&str, &str, &str, usize)] = &[
            ("GET", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnullHTTP", "null", 4),
            (
                "GET",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nnu\r\n2;x=y\r\nll\r\n0\r\n\r\nHTTP",
                "null",
                4,
            ),
            ("GET", "HTTP/1.1 200\r\n\r\nto the end", "to the end", 0),
            ("GET", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", 0),
            ("GET", "HTTP/1.1 204 No Content\r\n\r\nHTTP", "", 4),
            ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nHTTP", "", 4),
        ];
        for (method, wire, body, left) in table {
            let (response, unread) = read(method, wire.as_bytes()).unwrap();
            assert_eq!((response.text().as_str(), unread), (*body, *left), "{wire:?}");
        }
    }

    #[test]
    fn a_cut_answer_is_an_error() {
        let whole = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnull";
        for cut in 0..whole.len() {
            assert!(read("GET", &whole.as_bytes()[..cut]).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn headers_are_found_in_any_case() {
        let (response, _) = read("GET", b"HTTP/1.1 403 Forbidden\r\nX-Ovh-Queryid:  EU.1 \r\n\r\n").unwrap();
        assert_eq!((response.status, response.header("x-OVH-queryID")), (403, Some("EU.1")));
        assert_eq!(response.json().unwrap(), Value::Null);
    }

    #[test]
    fn a_kept_connection_is_seen_to_be_closed() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let kept = open(&listener.local_addr().unwrap().to_string(), TIMEOUT).unwrap();
        let (peer, _) = listener.accept().unwrap();
        assert!(is_open(kept.get_ref()));
        peer.shutdown(std::net::Shutdown::Both).unwrap();
        kept.get_ref().peek(&mut [0]).unwrap(); // waits for the end to arrive
        assert!(!is_open(kept.get_ref()));
    }

    #[test]
    fn a_request_states_its_length_where_clients_do() {
        let text =
            |method, body| String::from_utf8(render("h:1", method, "/a?b", &[("X", "y")], body).unwrap()).unwrap();
        assert_eq!(text("GET", b""), "GET /a?b HTTP/1.1\r\nHost: h:1\r\nX: y\r\n\r\n");
        assert_eq!(text("POST", b""), "POST /a?b HTTP/1.1\r\nHost: h:1\r\nX: y\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(text("POST", b"{}"), "POST /a?b HTTP/1.1\r\nHost: h:1\r\nX: y\r\nContent-Length: 2\r\n\r\n{}");
    }

    #[test]
    fn urls_split_into_address_and_target() {
        assert_eq!(split("http://127.0.0.1:8401/1.0/me?x=/").unwrap(), ("127.0.0.1:8401", "/1.0/me?x=/"));
        assert_eq!(split("http://127.0.0.1:8400").unwrap(), ("127.0.0.1:8400", "/"));
        assert!(split("https://127.0.0.1:8401/").is_err());
    }
}
