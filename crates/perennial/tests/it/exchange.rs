//! Recorded exchanges: a request, and the whole of what is answered, as a snapshot. What changes from run to run is
//! redacted by its form, and what only signs a request is left out. The recordings are also the proof in the table of
//! endpoints, see [`super::endpoints`].

use perennial_testkit::{Sandbox, http};
use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_perennial");

/// The instant at which the sandboxes of recorded exchanges start. The demo services expire twenty days later.
pub const NOW: &str = "2026-11-22T10:00:00Z";

/// An instant within the hour of [`NOW`], and a Unix second of that day: the sandbox's clock runs while tests do.
const THIS_HOUR: &str = "2026-11-22T10:";

/// A sandbox, and a key for one of its dialects.
pub struct Dialect {
    /// The sandbox.
    pub sandbox: Sandbox,
    /// The base that targets begin after, without a path: `http://127.0.0.1:8402`.
    pub base: String,
    /// The key that is presented.
    pub key: String,
}

/// What was answered, and the recording of it.
pub struct Exchange {
    /// The status.
    pub status: u16,
    /// The body, if it is JSON.
    pub body: Value,
    /// The whole answer.
    pub response: http::Response,
    /// Request and answer as text.
    pub recording: String,
}

/// Starts a sandbox for recorded exchanges, in which nothing becomes of services by themselves.
pub fn start() -> Sandbox {
    Sandbox::options(BINARY).now(NOW).arg("--no-schedule").start().expect("the sandbox starts")
}

impl Dialect {
    /// Sends a request with the key, and a JSON body if there is one.
    pub fn send(&self, method: &str, target: &str, body: Option<&Value>) -> Exchange {
        let text = body.map(Value::to_string).unwrap_or_default();
        let authorization = format!("Bearer {}", self.key);
        let mut headers = vec![("Authorization", authorization.as_str()), ("Accept", "application/json")];
        if body.is_some() {
            headers.push(("Content-Type", "application/json"));
        }
        let url = format!("{}{target}", self.base);
        let response = http::send(method, &url, &headers, text.as_bytes()).expect("is answered");
        Exchange::of(method, target, body, response, &self.base)
    }

    /// The same dialect with another key.
    pub fn with_key(&self, key: &str) -> Exchanged<'_> {
        Exchanged { dialect: self, key: key.to_owned() }
    }
}

/// A dialect under another key.
pub struct Exchanged<'a> {
    dialect: &'a Dialect,
    key: String,
}

impl Exchanged<'_> {
    /// Sends a request with that key.
    pub fn send(&self, method: &str, target: &str, body: Option<&Value>) -> Exchange {
        let text = body.map(Value::to_string).unwrap_or_default();
        let authorization = format!("Bearer {}", self.key);
        let url = format!("{}{target}", self.dialect.base);
        let headers = [("Authorization", authorization.as_str()), ("Content-Type", "application/json")];
        let response = http::send(method, &url, &headers, text.as_bytes()).expect("is answered");
        Exchange::of(method, target, body, response, &self.dialect.base)
    }
}

impl Exchange {
    /// Records what was sent, without what only signs it, and what was answered to it at a base.
    pub fn of(method: &str, target: &str, sent: Option<&Value>, response: http::Response, base: &str) -> Self {
        let body = response.json().unwrap_or(Value::Null);
        let sent = sent.map_or_else(String::new, |sent| format!("{}\n", pretty(sent)));
        let kind = response.header("content-type").unwrap_or("nothing");
        let shown = match (&body, response.body.len()) {
            (_, 0) => String::new(),
            (Value::Null, _) if kind.starts_with("text/xml") => redacted_text(&response.text(), base),
            (Value::Null, bytes) if bytes > 4 => "<a file>".to_owned(),
            (body, _) => pretty(&redacted(body, base)),
        };
        let status = response.status;
        let recording = format!("{method} {target}\n{sent}\n{status} {kind}\n{shown}");
        Self { status, body, response, recording }
    }
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).expect("writes")
}

/// The same value with the texts that change from run to run replaced by what they are.
fn redacted(value: &Value, base: &str) -> Value {
    match value {
        Value::String(text) => Value::String(redacted_text(text, base)),
        Value::Array(items) => items.iter().map(|item| redacted(item, base)).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), redacted(value, base)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

fn redacted_text(text: &str, base: &str) -> String {
    if text.starts_with(THIS_HOUR) {
        return "<now>".to_owned();
    }
    if text.starts_with("req_") {
        return "<request>".to_owned();
    }
    let host = base.trim_start_matches("http://");
    let text = text.replace(base, "<base>").replace(host, "<host>");
    // A port of the sandbox's pages, in links.
    let text = match text.split_once("http://127.0.0.1:") {
        Some((before, rest)) => {
            let after = rest.trim_start_matches(|letter: char| letter.is_ascii_digit());
            format!("{before}<pages>{after}")
        }
        None => text,
    };
    match text.char_indices().find_map(|(start, _)| text.get(start..start + 36).filter(|part| is_uuid(part))) {
        Some(uuid) => text.replace(uuid, "<uuid>"),
        None => text,
    }
}

fn is_uuid(text: &str) -> bool {
    text.char_indices().all(|(place, letter)| match place {
        8 | 13 | 18 | 23 => letter == '-',
        _ => letter.is_ascii_hexdigit(),
    })
}

#[test]
fn what_changes_from_run_to_run_is_redacted() {
    let base = "http://127.0.0.1:8402";
    for (text, redacted) in [
        ("2026-11-22T10:00:07.123456Z", "<now>"),
        ("2026-12-12T23:00:00.000000Z", "2026-12-12T23:00:00.000000Z"),
        ("req_abcdef", "<request>"),
        ("http://127.0.0.1:8402/v1/orders?page=1", "<base>/v1/orders?page=1"),
        ("http://127.0.0.1:8400/billing/pay/550e8400-e29b-41d4-a716-446655440000", "<pages>/billing/pay/<uuid>"),
        ("127.0.0.1:8402", "<host>"),
        ("?q=NoSuchThing&requestId=550E8400-E29B-41D4-A716-446655440000", "?q=NoSuchThing&requestId=<uuid>"),
        ("plain", "plain"),
    ] {
        assert_eq!(redacted_text(text, base), redacted);
    }
}
