//! Hand-made answers: what follows from each. That our own `serve` half is understood is shown with the binary.

mod outcomes;
mod reads;

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use perennial_core::buyer::holding::{Holding, ProviderName};
use perennial_core::buyer::remote::{Ask, Length, Offer, RemoteOrder, Watermark};
use perennial_core::calendar::{Period, Zone, parse_date};
use perennial_core::money::{Currency, Money};
use perennial_core::ports::{BoxFuture, Clock, Timer};
use serde_json::{Value, json};

use super::{CALL, Client, ZONE};
use crate::call::{CallPorts, CallSettings, Credentials, HttpClient, Places, SendError, SettingError};

const KEY: &str = "sesame-5up3r-s3cr3t";
const SERVER: i64 = 2904;
const NOW: &str = "2026-11-22T10:00:00Z";

/// What is answered to one request: its method and path come first.
type Scene = (&'static str, Told);

/// What a request comes to.
struct Told(Result<Response<Bytes>, SendError>);

/// Answers requests from a script, and nothing else.
#[derive(Default)]
struct Script {
    scenes: Mutex<VecDeque<Scene>>,
    sent: Mutex<Vec<Request<Bytes>>>,
}

impl HttpClient for Script {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, SendError>> {
        let is_unfiltered = request.uri().query().is_some_and(|query| !query.contains("filter"));
        let is_all = request.uri().path() == "/v1/orders" && is_unfiltered;
        let asked = format!("{} {}{}", request.method(), request.uri().path(), if is_all { ", all" } else { "" });
        self.sent.lock().unwrap().push(request);
        let mut scenes = self.scenes.lock().unwrap();
        // Where the script does not say, a list for which no state is named shows nothing more.
        if is_all && scenes.front().is_none_or(|(expected, _)| *expected != asked) {
            return Box::pin(std::future::ready(listed(&[]).0));
        }
        let (expected, reply) = scenes.pop_front().unwrap_or_else(|| panic!("unasked: {asked}"));
        assert_eq!(asked, expected);
        Box::pin(std::future::ready(reply.0))
    }
}

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        NOW.parse().expect("is an instant")
    }
}

impl Timer for Still {
    fn sleep(&self, _: Duration) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// Runs what never waits.
fn done<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(ready) => ready,
        Poll::Pending => panic!("nothing here waits"),
    }
}

fn settings() -> CallSettings {
    let mut credentials = Credentials::default();
    credentials.set("token", KEY);
    let url = Some("https://vpsbg.test/".to_owned());
    CallSettings {
        url,
        credentials,
        requests_per_minute: std::num::NonZeroU32::new(600_000),
        ..CallSettings::default()
    }
}

fn client_with(settings: &CallSettings, scenes: Vec<Scene>) -> Result<(Client, Arc<Script>), SettingError> {
    let script = Arc::new(Script { scenes: Mutex::new(scenes.into()), sent: Mutex::default() });
    let ports = CallPorts { client: Arc::clone(&script) as _, clock: Arc::new(Still), timer: Arc::new(Still) };
    let name = ProviderName::parse("vpsbg-work").expect("is a name");
    Ok((Client::new(name, settings, &ports)?, script))
}

/// Plays a script to its end.
fn played<T>(scenes: Vec<Scene>, call: impl AsyncFnOnce(&Client) -> T) -> T {
    let (client, script) = client_with(&settings(), scenes).expect("is called so");
    let result = done(call(&client));
    assert!(script.scenes.lock().unwrap().is_empty(), "the script was not played to its end");
    result
}

fn answer(status: u16, body: impl Into<Bytes>) -> Told {
    Told(Ok(Response::builder().status(status).body(body.into()).expect("is a response")))
}

fn shown(body: &Value) -> Told {
    answer(200, body.to_string())
}

fn refusal(status: u16, message: &str) -> Told {
    answer(status, json!({ "message": message }).to_string())
}

fn lost() -> Told {
    Told(Err(SendError::Lost("the connection ended".to_owned())))
}

fn date(text: &str) -> jiff::civil::Date {
    parse_date(text).expect("is a date")
}

fn midnight(text: &str) -> Timestamp {
    Zone::parse(ZONE).and_then(|zone| zone.midnight(date(text))).expect("is a midnight")
}

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

/// Three months for 75 and VAT.
fn ask() -> Ask {
    let length = Length::Period(Period::parse("P3M").expect("is a period"));
    let (net, tax, gross) = (eur(7_500), eur(1_500), eur(9_000));
    let offer = Offer { length, net, tax, gross, discount: None, until: date("2027-03-12"), remarks: Vec::new() };
    holding().ask(offer, "token".to_owned())
}

fn holding() -> Holding {
    let mut page = played(vec![("GET /v1/servers", shown(&page(1, 1, 1, &[server()])))], async |client| {
        client.inventory_from(None).await.expect("reads")
    });
    page.holdings.remove(0)
}

fn server() -> Value {
    server_until("2026-12-12", "2026-12-12")
}

fn server_until(until: &str, potential: &str) -> Value {
    json!({
        "id": SERVER, "hostname": "ubuntu-2gb", "billing_cycle": 3, "status": "active",
        "plan": { "id": 7, "minimum_billing_cycle": 1 }, "created_at": "2026-06-11T21:00:00.000000Z",
        "expiry_at": format!("{:.6}", midnight(until)), "potential_expiry_at": format!("{:.6}", midnight(potential)),
        "auto_renew": false, "cancel_request": null, "settings": { "renew_enabled": true }, "unheard": [1.5],
    })
}

/// An order for just what is asked for.
fn order(id: i64, status: &str) -> Value {
    json!({
        "id": id, "tax_rate": 1.2, "amount": 75, "amount_with_vat": 90, "amount_from_balance": 0, "status": status,
        "type": "renew-service", "auto_pay": true, "payment_date": null, "promo": null,
        "invoices": [{ "id": 2 * id, "invoice_number": format!("{id:010}"), "type": "proform" }],
        "services": [
            {
                "label": "Renewal: ubuntu-2gb", "service_id": SERVER, "service_type": "server",
                "service_billing_cycle": 3, "period_from": midnight("2026-12-12").as_second(),
                "period_to": midnight("2027-03-12").as_second(), "amount": 70, "amount_with_vat": 84,
            },
            {
                "label": "Floating IP(s)", "service_id": null, "service_type": null, "service_billing_cycle": null,
                "period_from": null, "period_to": null, "amount": 5, "amount_with_vat": "6.00",
            },
        ],
    })
}

/// The same, paid from the balance.
fn paid(id: i64) -> Value {
    changed(
        order(id, "paid"),
        &json!({
            "amount": 0, "amount_with_vat": 0, "amount_from_balance": 75, "payment_date": "2026-11-22T10:00:01.000000Z",
            "invoices": [{ "invoice_number": "0000000009", "type": "proform" },
                         { "invoice_number": "0000001594", "type": "original" }],
        }),
    )
}

/// The same with other fields.
fn changed(mut object: Value, fields: &Value) -> Value {
    for (name, value) in fields.as_object().expect("is an object") {
        object[name] = value.clone();
    }
    object
}

/// The same with other fields in its server's line.
fn lined(mut order: Value, fields: &Value) -> Value {
    order["services"][0] = changed(order["services"][0].take(), fields);
    order
}

fn page(number: usize, last: usize, total: usize, items: &[Value]) -> Value {
    let meta = json!({ "current_page": number, "last_page": last, "per_page": 50, "total": total, "links": [] });
    json!({ "data": items, "meta": meta })
}

fn listed(items: &[Value]) -> Told {
    shown(&page(1, 1, items.len(), items))
}

/// An order as we know it.
fn known(id: &str) -> RemoteOrder {
    RemoteOrder {
        id: id.to_owned(),
        invoice: None,
        gross: eur(9_000),
        until: Some(date("2027-03-12")),
        services: vec![SERVER.to_string()],
    }
}

fn watermark(orders: &[&str]) -> Watermark {
    let orders = orders.iter().map(|id| (*id).to_owned()).collect();
    Watermark { at: Still.now(), orders, balance: Some(eur(41_667)) }
}

#[test]
fn settings_are_checked_and_tell_no_secret() {
    let none = CallSettings { credentials: Credentials::default(), ..settings() };
    let mut broken = Credentials::default();
    broken.set("token", "hunter2\n");
    for (settings, text) in [
        (none, "vpsbg needs `token`"),
        (CallSettings { credentials: broken, ..settings() }, "`token` cannot be `***`"),
        (CallSettings { url: Some("vpsbg".to_owned()), ..settings() }, "`url` cannot be `vpsbg`"),
        (CallSettings { url: Some("http://x/v1?a".to_owned()), ..settings() }, "`url` cannot be"),
        (CallSettings { url: Some("http://me:hunter2@x/v1".to_owned()), ..settings() }, "`url` cannot be `***`"),
        (CallSettings { pay_with: Some("bank".to_owned()), ..settings() }, "`pay_with` cannot be `bank`"),
    ] {
        let error = client_with(&settings, Vec::new()).err().expect("is refused").to_string();
        assert!(error.starts_with(text) && !error.contains("hunter2"), "{error}");
    }
    let (client, _) = client_with(&settings(), Vec::new()).expect("is called so");
    let request = client.posted("/orders/pay", &json!({})).expect("is a request");
    assert_eq!(request.uri(), "https://vpsbg.test/v1/orders/pay");
    assert!(!format!("{request:?}").contains(KEY));
    assert_eq!(request.headers()["accept"], "application/json");
}

#[test]
fn the_token_and_the_address_are_found_in_the_environment() {
    let variable = |name: &str| match name {
        "VPSBG_TOKEN" => Some(KEY.to_owned()),
        "VPSBG_URL" => Some("http://127.0.0.1:8402/v1".to_owned()),
        _ => None,
    };
    let found = (CALL.find)(&Places { variable: &variable, file: &|_| None, profile: None }).expect("finds");
    assert_eq!((found.credentials.get("token"), found.url.as_deref()), (Some(KEY), Some("http://127.0.0.1:8402/v1")));
    let nothing = (CALL.find)(&Places { variable: &|_| None, file: &|_| None, profile: None }).expect("finds");
    assert!(nothing.credentials.is_empty() && nothing.url.is_none());
}
