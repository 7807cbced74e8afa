//! The `HostUp` dialect, through the real binary: a file a topic. Every call that is documented has a recorded exchange
//! here that succeeds.

mod access;
mod bulk;
mod curl;
mod domains;
mod hosting;
mod legacy;
mod money;
mod orders;
mod renewal;
mod states;

use std::process::Command;

use perennial_testkit::http;
use serde_json::{Value, json};

use super::exchange::{self, Dialect, Exchange};

const BINARY: &str = env!("CARGO_BIN_EXE_perennial");

/// The domain of the documentation's examples: `example.se`, 159 SEK a year, paid until 2026-12-12.
const DOMAIN: &str = "dom_01hxa3b4c5d6e7f8g9h0j1k2m3";
/// The saved card of the documentation's examples.
const CARD: &str = "card_01hxa3b4c5d6e7f8g9h0j1k2m3";

/// Numbers of the demo customer's services, and of another customer's domain.
const DOMAIN_NUMBER: u64 = 5_001;
const HOSTING_NUMBER: u64 = 5_101;
const VPS_NUMBER: u64 = 5_201;
const FOREIGN_NUMBER: u64 = 5_091;

/// The demo keys: of the customer, of another one, and one of the customer's that may read domains only.
const KEY: &str = "demo-hostup-token-11111111111111111111111";
const KEY_OF_OTHER: &str = "demo-hostup-other-22222222222222222222222";
const KEY_FOR_READING_DOMAINS: &str = "demo-hostup-read-domains-1111111111111111";

/// A sandbox of its own, and the customer's key.
struct World {
    dialect: Dialect,
}

impl World {
    fn start() -> Self {
        // What becomes of services here, its owner does.
        let sandbox = exchange::start();
        let base = sandbox.hostup();
        Self { dialect: Dialect { sandbox, base, key: KEY.to_owned() } }
    }

    /// As [`World::start`], with more in the ledger: what the seller imports, in TOML.
    fn with(toml: &str) -> Self {
        let mut world = Self::start();
        world.while_stopped(|world| {
            let file = world.dialect.sandbox.data().join("more.toml");
            std::fs::write(&file, toml).unwrap();
            world.command(&["import", file.to_str().unwrap()]);
        });
        world
    }

    /// Does something to the ledger of a sandbox that does not run.
    fn while_stopped(&mut self, change: impl FnOnce(&Self)) {
        assert!(self.dialect.sandbox.stop().unwrap().success());
        change(self);
        self.dialect.sandbox.restart().unwrap();
    }

    /// Changes the ledger as only a seller does, in SQL.
    fn change(&mut self, sql: &str) {
        self.while_stopped(|world| {
            let ledger = rusqlite::Connection::open(world.dialect.sandbox.data().join("perennial.db")).unwrap();
            ledger.execute_batch(sql).unwrap();
        });
    }

    /// Runs a command of `perennial` on the sandbox's ledger, and returns what it says.
    fn command(&self, args: &[&str]) -> String {
        let database = self.dialect.sandbox.data().join("perennial.db");
        let done = Command::new(BINARY).arg("--database").arg(database).args(args).output().unwrap();
        assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap()
    }

    /// A key of the customer's with these scopes and no others.
    fn key(&self, scopes: &[&str]) -> String {
        let mut args = vec!["--json", "key", "issue", "--account", "demo-hostup", "--dialect", "hostup"];
        args.extend(scopes.iter().flat_map(|scope| ["--scope", scope]));
        let issued: Value = serde_json::from_str(&self.command(&args)).unwrap();
        issued["token"].as_str().unwrap().to_owned()
    }

    fn send(&self, method: &str, target: &str, body: Option<&Value>) -> Exchange {
        self.dialect.send(method, target, body)
    }

    /// Gets what must be there.
    fn get(&self, target: &str) -> Value {
        let exchange = self.send("GET", target, None);
        assert_eq!(exchange.status, 200, "{}", exchange.recording);
        exchange.body
    }

    /// Posts without a body.
    fn act(&self, target: &str) -> Exchange {
        self.send("POST", target, None)
    }

    fn post(&self, target: &str, body: &Value) -> Exchange {
        self.send("POST", target, Some(body))
    }

    /// Sends a body as it is, with headers besides.
    fn raw(&self, method: &str, target: &str, more: &[(&str, &str)], body: &str) -> http::Response {
        let authorization = format!("Bearer {}", self.dialect.key);
        let mut headers = vec![("Authorization", authorization.as_str()), ("Content-Type", "application/json")];
        headers.extend(more);
        http::send(method, &format!("{}{target}", self.dialect.base), &headers, body.as_bytes()).unwrap()
    }

    /// Orders the renewal of a domain, and returns the answer.
    fn renew(&self, domain: &str) -> Value {
        let exchange = self.act(&renewing(domain));
        assert_eq!(exchange.status, 200, "{}", exchange.recording);
        exchange.body
    }

    /// Orders the renewal of the demo's domain, and returns the path of its invoice.
    fn invoice(&self) -> String {
        let renewed = self.renew(DOMAIN);
        format!("/api/v2/billing/invoices/{}", renewed["renewalInvoice"]["id"].as_str().unwrap())
    }

    /// The gate of renewing a domain.
    fn gate(&self, domain: &str) -> Value {
        self.get(&format!("/api/v2/domains/{domain}/renewal"))["actions"]["canRenewNow"].clone()
    }

    /// The last second that is paid of a domain.
    fn expiry(&self, domain: &str) -> String {
        self.get(&format!("/api/v2/domains/{domain}"))["expiresAt"].as_str().unwrap().to_owned()
    }

    /// How many rows a list of the ledger has.
    fn rows(&self, list: &str) -> usize {
        self.dialect.sandbox.ledger().unwrap()[list].as_array().unwrap().len()
    }

    /// Ends the sandbox; its books are sound.
    fn end(mut self) {
        assert!(self.dialect.sandbox.stop().unwrap().success());
        self.command(&["audit"]);
    }
}

fn renewing(domain: &str) -> String {
    format!("/api/v2/domains/{domain}/actions/renew")
}

/// The id of a thing with a number, as the dialect counts: 5001 is the documentation's own id.
fn id(prefix: &str, number: u64) -> String {
    const LETTERS: &[u8] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let value = |letter: u8| LETTERS.iter().position(|known| *known == letter).unwrap() as u128;
    let example = b"01hxa3b4c5d6e7f8g9h0j1k2m3".iter().fold(0, |bits, letter| bits * 32 + value(*letter));
    let bits = example + u128::from(number) - u128::from(DOMAIN_NUMBER);
    let letter = |place: u32| char::from(LETTERS[usize::try_from(bits >> (5 * place) & 31).unwrap()]);
    format!("{prefix}_{}", (0..26).rev().map(letter).collect::<String>())
}

/// Compares an exchange with its recording. What comes from the sandbox's clock, which runs from ten o'clock, is
/// redacted; the days stay. So are numbers that are counted over all customers of the demo.
fn record(name: &str, exchange: &Exchange) {
    assert!((200..300).contains(&exchange.status), "{}", exchange.recording);
    assert_stamps(&exchange.body);
    let recording = without_counted(&without_clock(&exchange.recording));
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.bind(|| insta::assert_snapshot!(name, recording));
}

fn without_clock(text: &str) -> String {
    let mut recording = String::new();
    let mut rest = text;
    while let Some(place) = rest.find("10:") {
        let (before, from) = rest.split_at(place);
        recording.push_str(before);
        let time = from.find('"').map_or(from, |quote| &from[..quote]);
        let runs = before.ends_with(['T', ' ']) && [8, 13].contains(&time.len());
        recording.push_str(if runs { "<now>" } else { time });
        rest = &from[time.len()..];
    }
    recording.push_str(rest);
    recording
}

/// Rows of activity, contacts, and cards that were added: their ids have a prefix and 26 letters.
fn without_counted(text: &str) -> String {
    let mut recording = text.replace(CARD, "<the card>");
    for (prefix, shown) in [("\"txn_", "\"<row>"), ("\"cli_", "\"<client>"), ("\"card_", "\"<card>")] {
        while let Some(place) = recording.find(prefix) {
            recording.replace_range(place..place + prefix.len() + 26, shown);
        }
    }
    recording.replace("<the card>", CARD)
}

/// Every instant of a body has three fractional digits and is in universal time (documented).
fn assert_stamps(body: &Value) {
    match body {
        Value::String(text) if text.as_bytes().get(10) == Some(&b'T') && text.starts_with("20") => {
            assert!(text.len() == 24 && text.as_bytes()[19] == b'.' && text.ends_with('Z'), "{text}");
        }
        Value::Array(items) => items.iter().for_each(assert_stamps),
        Value::Object(fields) => fields.values().for_each(assert_stamps),
        _ => {}
    }
}

/// The members that every refusal has (documented): none is missing, and each says what it is to say.
fn assert_problem(exchange: &Exchange, status: u16, code: &str) {
    let problem = &exchange.body;
    assert_eq!((exchange.status, problem["code"].as_str()), (status, Some(code)), "{}", exchange.recording);
    assert_eq!(exchange.response.header("Content-Type"), Some("application/problem+json"));
    assert_eq!(problem["type"], json!(format!("https://developer.hostup.se/errors/{code}")));
    assert_eq!(problem["status"], json!(status));
    let target = exchange.recording.lines().next().unwrap().split(' ').nth(1).unwrap();
    assert_eq!(problem["instance"].as_str(), target.split('?').next());
    for member in ["title", "detail"] {
        assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "{problem}");
    }
    let request = problem["requestId"].as_str().unwrap();
    assert!(request.len() == 30 && request.starts_with("req_"), "{request}");
    assert_stamps(problem);
    assert_eq!(problem["timestamp"].as_str().map(str::len), Some(24));
}

/// A refusal without what differs between any two requests.
fn alike(exchange: &Exchange) -> Value {
    let mut body = exchange.body.clone();
    for member in ["requestId", "timestamp", "instance"] {
        if let Some(fields) = body.as_object_mut() {
            fields.remove(member);
        }
    }
    json!([exchange.status, body])
}

#[test]
fn ids_are_the_documentations_own() {
    assert_eq!(id("dom", DOMAIN_NUMBER), DOMAIN);
    assert_eq!(id("dom", 5_002), "dom_01hxa3b4c5d6e7f8g9h0j1k2m4");
    assert_eq!(id("card", 5_001), CARD);
}
