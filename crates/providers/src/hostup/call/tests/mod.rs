//! Calling it, with replies that were made by hand.

mod outcomes;
mod reads;
mod settings;

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use perennial_core::buyer::holding::{Holding, HoldingKey, Native, ProviderName, RemoteId, Stand, Standing};
use perennial_core::buyer::remote::{Ask, Length, Offer, Remote, RemoteOrder, Watermark};
use perennial_core::calendar::Period;
use perennial_core::money::{Currency, Money, Rate};
use perennial_core::ports::{BoxFuture, Clock, Timer};
use perennial_core::product::Kind;

use super::{CALL, TOKEN};
use crate::call::{CallPorts, CallSettings, Credentials, HttpClient, SendError};

/// The key, which is to be seen in requests and nowhere else.
const KEY: &str = "hunter2-hunter2";

const DOMAIN: &str = "dom_01hxa3b4c5d6e7f8g9h0j1k2m3";

/// What a request is answered with.
#[derive(Clone)]
enum Answer {
    Reply(u16, String),
    Wait(u64),
    Lost,
    NeverSent,
}

/// A network with a script: each call is answered with what stands beside its line, one after the other and the last for
/// ever. What is not in the script is not there.
#[derive(Default)]
struct Script {
    lines: Mutex<Vec<(&'static str, Answer)>>,
    sent: Mutex<Vec<Request<Bytes>>>,
    slept: Mutex<Vec<Duration>>,
}

impl Script {
    fn on(self, call: &'static str, status: u16, body: impl Into<String>) -> Self {
        self.answer(call, Answer::Reply(status, body.into()))
    }

    fn answer(self, call: &'static str, answer: Answer) -> Self {
        self.lines.lock().unwrap().push((call, answer));
        self
    }

    /// The calls that were made.
    fn calls(&self) -> Vec<String> {
        self.sent.lock().unwrap().iter().map(line).collect()
    }

    /// The body that was sent with a call.
    fn body(&self, call: &str) -> String {
        let sent = self.sent.lock().unwrap();
        let request = sent.iter().find(|request| line(request) == call).expect("was called");
        String::from_utf8(request.body().to_vec()).unwrap()
    }
}

/// A call as the script has it: without the address and the version.
fn line(request: &Request<Bytes>) -> String {
    let target = request.uri().path_and_query().unwrap().as_str();
    format!("{} {}", request.method(), target.strip_prefix("/api/v2").expect("is below the API's root"))
}

impl HttpClient for Script {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, SendError>> {
        let call = line(&request);
        self.sent.lock().unwrap().push(request);
        let mut lines = self.lines.lock().unwrap();
        let answer = match lines.iter().position(|(known, _)| *known == call) {
            None => Answer::Reply(404, problem("not_found")),
            Some(place) if lines.iter().filter(|(known, _)| *known == call).count() > 1 => lines.remove(place).1,
            Some(place) => lines[place].1.clone(),
        };
        Box::pin(std::future::ready(match answer {
            Answer::Reply(status, body) => Ok(Response::builder().status(status).body(Bytes::from(body)).unwrap()),
            Answer::Wait(seconds) => {
                let limited = Response::builder().status(429).header("Retry-After", seconds);
                Ok(limited.body(Bytes::from(problem("rate_limit_exceeded"))).unwrap())
            }
            Answer::Lost => Err(SendError::Lost("the connection ended".to_owned())),
            Answer::NeverSent => Err(SendError::NeverSent("no such host".to_owned())),
        }))
    }
}

impl Timer for Script {
    fn sleep(&self, span: Duration) -> BoxFuture<'_, ()> {
        self.slept.lock().unwrap().push(span);
        Box::pin(std::future::ready(()))
    }
}

impl Clock for Script {
    fn now(&self) -> Timestamp {
        "2026-11-22T10:00:00Z".parse().unwrap()
    }
}

/// A refusal. It repeats the key, which nobody may see.
fn problem(code: &str) -> String {
    format!(r#"{{"type":"x","title":"No","status":0,"code":"{code}","detail":"not for {KEY}","timestamp":null}}"#)
}

fn settings() -> CallSettings {
    let mut credentials = Credentials::default();
    credentials.set(TOKEN.name, KEY);
    CallSettings { credentials, vat: Rate::parse_percent("25").ok(), ..CallSettings::default() }
}

fn remote_with(script: Script, settings: CallSettings) -> (Arc<dyn Remote>, Arc<Script>) {
    let script = Arc::new(script);
    let settings = CallSettings { requests_per_minute: std::num::NonZeroU32::new(600_000), ..settings };
    let ports = CallPorts {
        client: Arc::clone(&script) as _,
        clock: Arc::clone(&script) as _,
        timer: Arc::clone(&script) as _,
    };
    ((CALL.make)(ProviderName::parse("hostup").unwrap(), settings, ports).expect("is called so"), script)
}

fn remote(script: Script) -> (Arc<dyn Remote>, Arc<Script>) {
    remote_with(script, settings())
}

/// Runs what never waits.
fn done<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("nothing here waits"),
    }
}

fn sek(minor: i64) -> Money {
    Money::new(minor, Currency::SEK)
}

fn holding(kind: Kind, id: &str) -> Holding {
    Holding {
        key: HoldingKey { provider: ProviderName::parse("hostup").unwrap(), id: RemoteId::parse(id).unwrap() },
        kind,
        name: "example.se".to_owned(),
        label: None,
        tags: Vec::new(),
        parent: None,
        stand: Stand {
            until: "2026-12-12".parse().unwrap(),
            expires_at: "2026-12-11T22:59:59Z".parse().unwrap(),
            standing: Standing::Renewable,
            native: Native::Off,
        },
        period: None,
    }
}

/// A year of the domain: 159 SEK and 25 % are 198.75 SEK.
fn ask(kind: Kind, id: &str) -> Ask {
    let offer = Offer {
        length: Length::Period(Period::parse("P1Y").unwrap()),
        net: sek(15_900),
        tax: sek(3_975),
        gross: sek(19_875),
        discount: None,
        until: "2027-12-12".parse().unwrap(),
        remarks: Vec::new(),
    };
    holding(kind, id).ask(offer, "token".to_owned())
}

fn placed() -> RemoteOrder {
    RemoteOrder {
        id: "ord_2".to_owned(),
        invoice: Some("inv_2".to_owned()),
        gross: sek(19_875),
        until: None,
        services: vec![DOMAIN.to_owned()],
    }
}

fn watermark(orders: &[&str]) -> Watermark {
    let orders = orders.iter().map(|id| (*id).to_owned()).collect();
    Watermark { at: "2026-11-22T10:00:00Z".parse().unwrap(), orders, balance: None }
}

fn invoice(id: &str, amount: &str, status: &str) -> String {
    format!(r#"{{"id":"{id}","number":null,"amount":{amount},"currencyCode":"SEK","dueAt":null,"status":"{status}"}}"#)
}

/// An order of the list for one service.
fn order(number: u32, service: &str, amount: &str, cycle: &str, status: &str) -> String {
    let invoice = invoice(&format!("inv_{number}"), amount, status);
    format!(
        r#"{{"id":"ord_{number}","type":"renew","status":"new word","invoice":{invoice},
            "billing":{{"amount":1,"currencyCode":"SEK","billingCycle":{cycle}}},"createdAt":"2026-11-22T10:00:05.000Z",
            "items":[{{"serviceId":"{service}","name":"example.se","description":"Domain .se","amount":0.1}}]}}"#
    )
}

/// How the renewal of the domain stands; `pending` are the members of a pending order.
fn renewal(pending: &str, gate: &str) -> String {
    format!(
        r#"{{{pending},"billing":{{"amount":159,"currencyCode":"SEK","billingCycle":"annually"}},
            "renewsFor":{{"billingCycle":"annually","months":12}},"options":[],"somethingNew":[1.5],
            "actions":{{"canRenewNow":{gate}}}}}"#
    )
}

const IDLE: &str = r#""hasPendingOrder":false,"orderId":null,"renewalInvoice":null"#;
const OPEN: &str = r#"{"allowed":true,"reason":null}"#;
const CLOSED: &str = r#"{"allowed":false,"reason":"A renewal is pending"}"#;

fn domain(expires: &str) -> String {
    format!(
        r#"{{"id":"{DOMAIN}","name":"example.se","serviceStatus":"active","lifecycle":{{"type":"odd",
            "autoRenewEnabled":false}},"expiresAt":"{expires}","tags":["web"],"pinned":false}}"#
    )
}

const BEFORE: &str = "2026-12-11T22:59:59.000Z";
const AFTER: &str = "2027-12-11T22:59:59.000Z";
