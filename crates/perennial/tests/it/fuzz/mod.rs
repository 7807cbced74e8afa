//! Storms of requests that no client of anybody's would send, against every dialect: whatever comes, it is answered, soon,
//! in the dialect's own words, without a word of a secret, and the books are sound afterwards.
//!
//! The draws are the same in every run. `PERENNIAL_FUZZ_SEED=7 PERENNIAL_FUZZ_CASES=5000 cargo test -p perennial --test it
//! fuzz` draws others, and more.

mod draw;
mod rpc;
mod shape;
mod voice;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Output};
use std::time::Duration;

use perennial_engine::clock::Stopwatch;
use perennial_providers::{DIALECTS, Endpoint, Settings};
use perennial_testkit::http::{Connection, Response};
use perennial_testkit::{Sandbox, http};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use serde_json::Value;

use self::draw::{Auth, Body, Draw};
use self::rpc::RpcStorm;
use self::voice::{ALIYUN, Fuzzed, HOSTUP, LEGACY, OVH, VPSBG};
use crate::exchange;

const BINARY: &str = env!("CARGO_BIN_EXE_perennial");

/// How many requests a storm has, besides those of its tours.
const CASES: u32 = 800;

/// For how many things each call is tried on one way of a tour.
const TOUR: usize = 3;

/// How far the clock moves before each part of a storm: services are paid; expired and still running, with orders that
/// lapsed; suspended; and gone.
const WEATHER: [&str; 4] = ["P0D", "P24D", "P16D", "P40D"];

/// How long an answer may take, on a machine that is busy with other things.
const ANSWER_TIME: Duration = Duration::from_secs(15);

/// A request as it goes on the wire.
#[derive(Clone, Debug)]
struct Sent {
    method: &'static str,
    target: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    /// Who sends it.
    auth: Auth,
    /// The type of the answer, whatever it is, where the request says that.
    kind: Option<&'static str>,
}

impl Sent {
    /// Request and answer, for whoever has to mend something.
    fn told(&self, response: Option<&Response>) -> String {
        let lines: Vec<_> = self.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
        let answer = response.map_or_else(String::new, |response| {
            let kind = response.header("content-type").unwrap_or("no type");
            format!("{} {kind}\n{}", response.status, cut(&response.body))
        });
        format!(
            "\n{} {}\n{}\n{}\n\n{answer}\n",
            self.method,
            cut(self.target.as_bytes()),
            lines.concat(),
            cut(&self.body)
        )
    }
}

/// A text that can be read by people: its beginning, and how long it was.
fn cut(bytes: &[u8]) -> String {
    const SHOWN: usize = 2_000;
    let text = String::from_utf8_lossy(bytes);
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}... ({} bytes)", &text[..end], bytes.len()),
        None => text.into_owned(),
    }
}

/// A storm against one dialect of a sandbox of its own.
struct Storm {
    fuzzed: &'static Fuzzed,
    endpoints: Vec<Endpoint>,
    mount: &'static str,
    address: String,
    connection: RefCell<Connection>,
    /// The sandbox's time, for signatures; a part of a storm is shorter than their window.
    time: i64,
    /// A token of the OVHcloud dialect, for bodies that nobody could sign.
    bearer: String,
    /// How many answers had each status.
    statuses: RefCell<BTreeMap<u16, u32>>,
    /// The calls that did what they were asked to.
    done: RefCell<BTreeSet<String>>,
}

impl Storm {
    fn over(fuzzed: &'static Fuzzed, sandbox: &Sandbox) -> Self {
        let dialect = DIALECTS.iter().find(|dialect| dialect.name == fuzzed.dialect).unwrap();
        let mut endpoints = (dialect.make)(Settings::default()).endpoints();
        endpoints.retain(|endpoint| (fuzzed.takes)(endpoint.path));
        assert!(!endpoints.is_empty());
        let base = match fuzzed.dialect {
            "ovh" => sandbox.ovh(),
            "vpsbg" => sandbox.vpsbg(),
            "hostup" => sandbox.hostup(),
            _ => sandbox.aliyun(),
        };
        let address = base.trim_start_matches("http://").to_owned();
        Self {
            fuzzed,
            endpoints,
            mount: dialect.mount,
            connection: RefCell::new(Connection::to(&address)),
            time: 0,
            bearer: String::new(),
            address,
            statuses: RefCell::default(),
            done: RefCell::default(),
        }
    }

    /// Moves the clock, and reads it.
    fn turn(&mut self, sandbox: &Sandbox, span: &str) {
        sandbox.advance(span).unwrap();
        let time = http::get(&format!("{}/1.0/auth/time", sandbox.ovh())).unwrap().json().unwrap();
        self.time = time.as_i64().unwrap();
        self.bearer = voice::log_in(&sandbox.ovh());
    }

    /// Every call as its documentation says, there and back, so that what one cancels another undoes. What ends things
    /// comes last: the others find orders, invoices and jobs.
    fn tour(&self) -> Result<(), TestCaseError> {
        let mut endpoints: Vec<_> = self.endpoints.iter().collect();
        endpoints.sort_by_key(|endpoint| voice::ends_things(endpoint));
        let there = endpoints.iter().zip(std::iter::repeat(0..TOUR));
        let back = endpoints.iter().rev().zip(std::iter::repeat(TOUR..2 * TOUR));
        for (endpoint, places) in there.chain(back) {
            for place in places {
                for body in (0..self.fuzzed.bodies(endpoint).len().max(1)).map(Body::Valid) {
                    self.ask(&Draw::plain(body, place), endpoint)?;
                }
            }
        }
        Ok(())
    }

    /// Asks for one call, and notes whether it did what it was asked to.
    fn ask(&self, draw: &Draw, endpoint: &Endpoint) -> Result<(), TestCaseError> {
        let sent = self.sent(draw, endpoint);
        let response = self.check(&sent)?;
        if (200..300).contains(&response.status) && sent.method == endpoint.method.as_str() {
            self.note(endpoint);
        }
        Ok(())
    }

    /// Notes that a call did what it was asked to.
    fn note(&self, endpoint: &Endpoint) {
        self.done.borrow_mut().insert(format!("{} {}", endpoint.method, endpoint.path));
    }

    fn sent(&self, draw: &Draw, endpoint: &Endpoint) -> Sent {
        let target = format!("{}{}{}", self.mount, draw.path(self.fuzzed, endpoint), draw.query());
        let body = draw.body(&self.fuzzed.bodies(endpoint));
        let method = draw.method(endpoint);
        let auth = (self.fuzzed.caller)(draw.auth, method, endpoint.path, &body);
        let mut headers = (self.fuzzed.proof)(self, auth, method, &target, &body);
        if !body.is_empty() {
            headers.push(("Content-Type", "application/json".to_owned()));
        }
        headers.push(("Accept", "application/json".to_owned()));
        headers.extend(draw.headers.iter().cloned());
        Sent { method, target, headers, body, auth, kind: None }
    }

    /// Sends a request, and looks at all that must hold for whatever is answered.
    fn check(&self, sent: &Sent) -> Result<Response, TestCaseError> {
        let watch = Stopwatch::start();
        let headers: Vec<_> = sent.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answered = self.connection.borrow_mut().send(sent.method, &sent.target, &headers, &sent.body);
        let fail = |why: &str, response: Option<&Response>| {
            Err(TestCaseError::fail(format!("{}: {why}\n{}", self.fuzzed.name, sent.told(response))))
        };
        let response = match answered {
            Ok(response) => response,
            Err(error) => return fail(&format!("no answer: {error:#}"), None),
        };
        *self.statuses.borrow_mut().entry(response.status).or_default() += 1;
        if watch.elapsed() > ANSWER_TIME {
            return fail("answered late", Some(&response));
        }
        if let Err(why) = self.judged(sent, &response) {
            return fail(&why, Some(&response));
        }
        Ok(response)
    }

    fn judged(&self, sent: &Sent, response: &Response) -> Result<(), String> {
        if response.status >= 500 {
            return Err("failed".to_owned());
        }
        let text = response.text();
        let secrets = self.fuzzed.secrets.iter().copied().chain([self.bearer.as_str()]);
        if let Some(secret) = secrets.filter(|secret| !secret.is_empty()).find(|secret| text.contains(secret)) {
            return Err(format!("tells the secret {secret}"));
        }
        let repeats = |name: &str| sent.target.contains(name) || String::from_utf8_lossy(&sent.body).contains(name);
        let strange = |name: &&&str| text.contains(**name) && !repeats(name);
        if let Some(name) = self.fuzzed.others.iter().filter(|_| sent.auth == Auth::Own).find(strange) {
            return Err(format!("tells of another customer's {name}"));
        }
        let done = (200..300).contains(&response.status);
        match sent.auth {
            Auth::Own if response.status == 401 => return Err("does not know its customer".to_owned()),
            Auth::Missing | Auth::Garbage(_) if done && !(self.fuzzed.open)(&sent.target) => {
                return Err("serves somebody that it does not know".to_owned());
            }
            _ => {}
        }
        if sent.method == "HEAD" {
            return Ok(());
        }
        if sent.kind.is_some_and(|kind| response.header("content-type") != Some(kind)) {
            return Err("is in another writing than it was asked for".to_owned());
        }
        match response.status {
            204 if response.body.is_empty() => Ok(()),
            200..300 => (self.fuzzed.success)(response),
            _ => (self.fuzzed.refusal)(response, &sent.target),
        }
    }

    /// The storm has blown where it was to: some of it was done, and much refused for many reasons.
    fn assert_blown(&self) {
        let statuses = self.statuses.borrow();
        let (all, done) =
            (statuses.values().sum::<u32>(), statuses.range(200..300).map(|(_, count)| count).sum::<u32>());
        eprintln!("{}: {statuses:?}", self.fuzzed.name);
        assert!(done * 10 > all, "hardly anything was done: {statuses:?}");
        assert!(statuses.range(400..500).count() >= 4, "hardly any reason to refuse was found: {statuses:?}");
        let done = self.done.borrow();
        let served = self.endpoints.iter().filter(|endpoint| endpoint.served && !voice::ends_keys(endpoint));
        let served: Vec<_> = served.map(|endpoint| format!("{} {}", endpoint.method, endpoint.path)).collect();
        let never: Vec<_> = served.iter().filter(|call| !done.contains(*call)).collect();
        eprintln!("{}: never done: {never:#?}", self.fuzzed.name);
        assert!(
            never.len() * 3 < served.len(),
            "of {} calls these never did what they are for: {never:?}",
            served.len()
        );
    }
}

/// How many requests a part of a storm has, and the same draws for the same seed.
fn runner(part: u8) -> TestRunner {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let cases = number("PERENNIAL_FUZZ_CASES").unwrap_or(CASES);
    let cases = cases / u32::try_from(WEATHER.len()).unwrap();
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 200, ..Config::default() };
    let mut seed = [7; 32];
    seed[4] = part;
    seed[..4].copy_from_slice(&number("PERENNIAL_FUZZ_SEED").unwrap_or(CASES).to_le_bytes());
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed))
}

/// A storm of requests at paths.
fn weather(fuzzed: &'static Fuzzed) {
    blow(fuzzed, |storm, _, part| {
        let served: Vec<_> = storm.endpoints.iter().filter(|endpoint| endpoint.served).cloned().collect();
        storm.tour().map_err(|error| error.to_string())?;
        let drawn = runner(part).run(&draw::draws(), |(at, draw)| storm.ask(&draw, at.get(&served)));
        drawn.map_err(|error| error.to_string())
    });
}

/// Lets a storm blow in every weather, and looks at what it left.
fn blow(fuzzed: &'static Fuzzed, gust: impl Fn(&Storm, &Sandbox, u8) -> Result<(), String>) {
    let mut sandbox = exchange::start();
    let mut storm = Storm::over(fuzzed, &sandbox);
    for (part, span) in (0..).zip(WEATHER) {
        storm.turn(&sandbox, span);
        if let Err(error) = gust(&storm, &sandbox, part) {
            panic!("{error}");
        }
    }
    storm.assert_blown();
    assert!(sandbox.stop().unwrap().success());
    let log = sandbox.log();
    assert!(!log.contains("panicked"), "{log}");
    let audit = perennial(&sandbox, &["audit", "--json"]);
    let report: Value = serde_json::from_slice(&audit.stdout).unwrap();
    assert!(audit.status.success() && report["sound"] == true, "{report}");
}

/// Runs a command on a sandbox's ledger.
fn perennial(sandbox: &Sandbox, args: &[&str]) -> Output {
    let ledger = sandbox.data().join("perennial.db");
    Command::new(BINARY).arg("--database").arg(ledger).args(args).output().unwrap()
}

#[test]
fn ovh_stands_whatever_is_sent() {
    weather(&OVH);
}

#[test]
fn vpsbg_stands_whatever_is_sent() {
    weather(&VPSBG);
}

#[test]
fn hostup_stands_whatever_is_sent() {
    weather(&HOSTUP);
}

#[test]
fn the_legacy_api_of_hostup_stands_whatever_is_sent() {
    weather(&LEGACY);
}

#[test]
fn aliyun_stands_whatever_is_sent() {
    let renewed = RefCell::new(BTreeSet::new());
    blow(&ALIYUN, |storm, sandbox, part| {
        // Without money every renewal would be refused, soon.
        let credit = ["balance", "credit", "demo-aliyun", "100000", "--memo", "for the storm"];
        assert!(perennial(sandbox, &credit).status.success());
        let storm = RpcStorm::over(storm);
        storm.tour().map_err(|error| error.to_string())?;
        let toured = storm.orders.take();
        let drawn = runner(part).run(&rpc::draws(), |(at, call)| storm.draw(at, &call));
        renewed.borrow_mut().extend(storm.orders.take().difference(&toured).cloned());
        drawn.map_err(|error| error.to_string())
    });
    let renewed = renewed.take();
    eprintln!("aliyun: {} renewals", renewed.len());
    assert!(renewed.len() >= 10, "hardly anything was renewed: {renewed:?}");
}
