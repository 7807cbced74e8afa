//! Against hand-made replies: what follows from each, and what was sent for it.

mod acts;
mod back;
mod proof;
mod reads;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use perennial_core::buyer::holding::{Holding, HoldingKey, Native, ProviderName, RemoteId, Stand, Standing};
use perennial_core::buyer::remote::{Ask, Finding, Length, Offer, Outcome, Remote, RemoteOrder, Watermark};
use perennial_core::calendar::{Period, parse_date};
use perennial_core::money::{Currency, Money};
use perennial_core::ports::{BoxFuture, Clock, Timer};
use perennial_core::product::Kind;

use crate::call::{CallPorts, CallSettings, Credentials, HttpClient, SendError};
use crate::ovh::auth::sign;

/// Noon of our clock; the provider's is a minute ahead.
const NOW: &str = "2026-11-22T12:00:00Z";
const THERE: i64 = 1_795_348_860;

const BASE: &str = "https://api.example/1.0";

/// What is answered to whoever asks, first match first: method and target, how often, status and body.
type Line = (&'static str, u32, u16, &'static str);

const ALWAYS: u32 = u32::MAX;
const TIME: Line = ("GET /auth/time", ALWAYS, 200, "1795348860");
const LOST: u16 = 0;
const NOT_SENT: u16 = 1;

/// A network of hand-made replies.
struct Script {
    lines: Mutex<Vec<Line>>,
    sent: Mutex<Vec<Request<Bytes>>>,
}

impl HttpClient for Script {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, SendError>> {
        let path = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
        let path = path.strip_prefix("/1.0").unwrap_or(&path);
        let asked = format!("{} {path}", request.method());
        self.sent.lock().unwrap().push(request);
        let mut lines = self.lines.lock().unwrap();
        let line = lines.iter_mut().find(|(wanted, left, ..)| asked.starts_with(wanted) && *left > 0);
        let (_, left, status, body) = line.unwrap_or_else(|| panic!("nobody answers {asked}"));
        *left -= 1;
        Box::pin(std::future::ready(match *status {
            LOST => Err(SendError::Lost("cut".to_owned())),
            NOT_SENT => Err(SendError::NeverSent("no connection".to_owned())),
            status => {
                let reply = Response::builder().status(status).header("Retry-After", "7");
                Ok(reply.body(Bytes::from_static(body.as_bytes())).unwrap())
            }
        }))
    }
}

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        NOW.parse().unwrap()
    }
}

impl Timer for Still {
    fn sleep(&self, _: Duration) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// An account whose provider answers so, and what is sent there.
fn world(lines: &[Line], credentials: &[(&str, &str)], pay_with: Option<&str>) -> (Arc<dyn Remote>, Arc<Script>) {
    let script = Arc::new(Script { lines: Mutex::new(lines.to_vec()), sent: Mutex::default() });
    let ports = CallPorts { client: Arc::clone(&script) as _, clock: Arc::new(Still), timer: Arc::new(Still) };
    let mut settings = CallSettings {
        url: Some(BASE.to_owned()),
        pay_with: pay_with.map(str::to_owned),
        requests_per_minute: std::num::NonZeroU32::new(600_000),
        ..CallSettings::default()
    };
    let mut given = Credentials::default();
    for (name, text) in credentials {
        given.set(name, text);
    }
    settings.credentials = given;
    let remote = super::make(ProviderName::parse("ovh").unwrap(), settings, ports).expect("can be called");
    (remote, script)
}

const SIGNED: [(&str, &str); 3] = [("application_key", "ak"), ("application_secret", "as"), ("consumer_key", "ck")];

fn signed(lines: &[Line]) -> (Arc<dyn Remote>, Arc<Script>) {
    world(lines, &SIGNED, None)
}

impl Script {
    fn sent(&self) -> Vec<String> {
        let sent = self.sent.lock().unwrap();
        sent.iter().map(|request| format!("{} {}", request.method(), request.uri().path())).collect()
    }

    fn count(&self, asked: &str) -> usize {
        self.sent().iter().filter(|sent| *sent == asked).count()
    }
}

fn done<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut context) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => panic!("nothing here waits"),
    }
}

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

fn holding() -> Holding {
    let provider = ProviderName::parse("ovh").unwrap();
    let until = parse_date("2026-11-30").unwrap();
    Holding {
        key: HoldingKey { provider, id: RemoteId::parse("7").unwrap() },
        kind: Kind::Server,
        name: "x.net".to_owned(),
        label: None,
        tags: Vec::new(),
        parent: None,
        stand: Stand {
            until,
            expires_at: "2026-11-29T23:00:00Z".parse().unwrap(),
            standing: Standing::Renewable,
            native: Native::Off,
        },
        period: None,
    }
}

fn ask() -> Ask {
    let (net, tax, gross) = (eur(599), eur(120), eur(719));
    let length = Length::Period(Period::parse("P1M").unwrap());
    let until = parse_date("2026-12-30").unwrap();
    holding().ask(Offer { length, net, tax, gross, discount: None, until, remarks: Vec::new() }, "token".to_owned())
}

fn open_order() -> RemoteOrder {
    RemoteOrder { id: "12".to_owned(), invoice: None, gross: eur(719), until: None, services: vec!["x.net".to_owned()] }
}

/// The kind of an outcome.
fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Paid(_) => "paid",
        Outcome::Placed(_) => "placed",
        Outcome::Refused(_) => "refused",
        Outcome::Pending(_) => "pending",
        Outcome::Unknown { .. } => "unknown",
        Outcome::NeverSent { .. } => "never sent",
    }
}

const ORDER: &str = r#"{"orderId":12,"password":"hunter2","url":"https://x/?hunter2","pdfUrl":null,"date":null,
    "expirationDate":"2026-11-23T13:00:00+01:00","retractionDate":null,
    "priceWithTax":{"value":7.19,"currencyCode":"EUR"},"priceWithoutTax":{"value":5.99,"currencyCode":"EUR"},
    "tax":{"value":1.2,"currencyCode":"EUR"}}"#;
const NO_NUMBER: &str = r#"{"orderId":0,"priceWithTax":{"value":7.19,"currencyCode":"EUR"},
    "priceWithoutTax":{"value":5.99,"currencyCode":"EUR"},"tax":{"value":1.2,"currencyCode":"EUR"}}"#;
const NOT_GRANTED: &str = r#"{"errorCode":"NOT_GRANTED_CALL","httpCode":"403 Forbidden","message":"Not granted"}"#;
const IMPOSSIBLE: &str = r#"{"class":"ActionImpossible","message":"This order can't be paid with 'paypal'"}"#;
const CONFLICT: &str = r#"{"class":"Client::Conflict","message":"Order 11 renews it"}"#;
const OUT_OF_TIME: &str = r#"{"errorCode":"QUERY_TIME_OUT","message":"Query out of time"}"#;
const NO: &str = r#"{"class":"Client::BadRequest","message":"No"}"#;
const PAGE: &str = "<html>hunter2</html>";

const METHODS: Line = (
    "GET /me/order/12/paymentMethods",
    ALWAYS,
    200,
    r#"{"registered":[1,2],"available":[],"paymentMethods":[{"paymentMethodId":2,"default":false},{"paymentMethodId":1,"default":true}]}"#,
);
