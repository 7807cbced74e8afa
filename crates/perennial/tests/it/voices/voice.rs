//! The three dialects, each as a program of theirs speaks it; what they tell is put into common words.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use perennial_testkit::OvhClient;
use perennial_testkit::http::Response;
use serde_json::{Value, json};

use super::{Kind, Program, Service, Wish, ZONE};

/// The registered card: the first method of the ledger.
const CARD: i64 = 1;

/// How an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Open,
    Paid,
    Cancelled,
}

/// An answer without what names the request or the thing: the status and the rest.
pub type Bare = (u16, Value);

/// A program of the customer's.
pub trait Voice {
    /// The dialect.
    fn name(&self) -> &'static str;

    /// Whether services of the kind are there in the dialect.
    fn knows(&self, kind: Kind) -> bool;

    /// Finds a service by its name, as people do; tells its id.
    fn find(&mut self, service: &Service) -> String;

    /// The first day that is not paid.
    fn expiry(&mut self, service: &Service, id: &str) -> Date;

    /// Orders a renewal; tells the order's number.
    fn renew(&mut self, service: &Service, wish: Wish) -> Result<i64, Response>;

    /// The number of the order that an open renewal for the service's own period has, by asking for it again or by
    /// looking at the refusal.
    fn renew_or_name(&mut self, service: &Service) -> i64;

    /// Pays an order with the card.
    fn pay(&mut self, order: i64);

    /// Withdraws an order.
    fn cancel(&mut self, order: i64);

    /// How an order stands.
    fn state(&mut self, order: i64) -> State;

    /// Whether a refusal names an order.
    fn names(&self, refusal: &Value, order: i64) -> bool;

    /// All ids of services and orders, and the names of services.
    fn listed(&mut self) -> Value;

    /// What is answered to all that can be asked of one service.
    fn service_calls(&mut self, service: &Service) -> Vec<Bare>;

    /// What is answered to all that can be asked of one order.
    fn order_calls(&mut self, order: i64) -> Vec<Bare>;
}

/// The body of a call that succeeds.
#[track_caller]
fn done(response: &Response) -> Value {
    assert!((200..300).contains(&response.status), "{} {}", response.status, response.text());
    response.json().unwrap()
}

/// Takes away what an answer repeats of its request, and what makes it unique.
fn bare(response: &Response, names: &[&str]) -> Bare {
    let mut body = response.json().unwrap();
    if let Some(fields) = body.as_object_mut() {
        for name in ["requestId", "timestamp", "instance"] {
            fields.remove(name);
        }
    }
    let text = names.iter().fold(body.to_string(), |text, name| text.replace(name, "ID"));
    (response.status, serde_json::from_str(&text).unwrap())
}

/// The day on which an instant is, where the account is.
fn day(instant: &Value) -> Date {
    let instant: Timestamp = instant.as_str().unwrap().parse().unwrap();
    instant.to_zoned(TimeZone::get(ZONE).unwrap()).date()
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().unwrap().iter()
}

/// OVHcloud's: services by number, products by name.
pub struct Ovh(pub OvhClient);

impl Ovh {
    fn call(&mut self, method: &str, path: &str, body: &Value) -> Response {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        self.0.call(method, path, &text).unwrap()
    }

    fn get(&mut self, path: &str) -> Value {
        done(&self.call("GET", path, &Value::Null))
    }

    const fn section(kind: Kind) -> &'static str {
        match kind {
            Kind::Server => "/vps",
            Kind::Domain => "/domain",
            Kind::Hosting => "/hosting/web",
        }
    }
}

impl Voice for Ovh {
    fn name(&self) -> &'static str {
        "ovh"
    }

    fn knows(&self, _: Kind) -> bool {
        true
    }

    fn find(&mut self, service: &Service) -> String {
        let info = self.get(&format!("{}/{}/serviceInfos", Self::section(service.kind), service.name));
        info["serviceId"].to_string()
    }

    fn expiry(&mut self, service: &Service, id: &str) -> Date {
        let info = self.get(&format!("{}/{}/serviceInfos", Self::section(service.kind), service.name));
        let told = |date: &Value| date.as_str().unwrap().parse::<Date>().unwrap();
        let expiry = told(&info["expiration"]);
        assert_eq!(told(&self.get(&format!("/service/{id}"))["expirationDate"]), expiry);
        expiry
    }

    fn renew(&mut self, service: &Service, wish: Wish) -> Result<i64, Response> {
        let duration = match (wish, service.kind) {
            (Wish::Own, kind) => kind.period(),
            (Wish::Other, Kind::Server) => "P3M",
            (Wish::Other, Kind::Domain | Kind::Hosting) => "P2Y",
        };
        let body = json!({ "duration": duration, "services": [service.id], "dryRun": false });
        let answer = self.call("POST", &format!("/service/{}/renew", service.id), &body);
        if answer.status == 200 { Ok(done(&answer)["orderId"].as_i64().unwrap()) } else { Err(answer) }
    }

    fn renew_or_name(&mut self, service: &Service) -> i64 {
        self.renew(service, Wish::Own).unwrap()
    }

    fn pay(&mut self, order: i64) {
        let body = json!({ "paymentMean": "creditCard", "paymentMeanId": CARD });
        done(&self.call("POST", &format!("/me/order/{order}/payWithRegisteredPaymentMean"), &body));
    }

    fn cancel(&mut self, order: i64) {
        panic!("this API withdraws no orders, such as {order}");
    }

    fn state(&mut self, order: i64) -> State {
        match self.get(&format!("/me/order/{order}/status")).as_str().unwrap() {
            "notPaid" => State::Open,
            "delivered" => State::Paid,
            "cancelled" => State::Cancelled,
            other => panic!("{other}"),
        }
    }

    fn names(&self, refusal: &Value, order: i64) -> bool {
        refusal["message"].as_str().unwrap().contains(&format!("Order {order} "))
    }

    fn listed(&mut self) -> Value {
        let sections = ["/service", "/vps", "/domain", "/hosting/web", "/me/order"];
        sections.map(|section| self.get(section)).to_vec().into()
    }

    fn service_calls(&mut self, service: &Service) -> Vec<Bare> {
        let (section, name, id) = (Self::section(service.kind), &service.name, service.id);
        let renew = json!({ "duration": service.kind.period(), "services": [id], "dryRun": false });
        let dry_run = json!({ "duration": service.kind.period(), "services": [id], "dryRun": true });
        let rename = json!({ "resource": { "displayName": "mine" } });
        let calls = [
            ("GET", format!("/service/{id}"), Value::Null),
            ("GET", format!("/service/{id}/renew"), Value::Null),
            ("GET", format!("/services/{id}"), Value::Null),
            ("GET", format!("{section}/{name}"), Value::Null),
            ("GET", format!("{section}/{name}/serviceInfos"), Value::Null),
            ("PUT", format!("/service/{id}"), rename),
            ("POST", format!("/service/{id}/renew"), dry_run),
            ("POST", format!("/service/{id}/renew"), renew),
        ];
        calls.map(|(method, path, body)| bare(&self.call(method, &path, &body), &[name, &id.to_string()])).to_vec()
    }

    fn order_calls(&mut self, order: i64) -> Vec<Bare> {
        let pay = json!({ "paymentMean": "creditCard", "paymentMeanId": CARD });
        let calls = [
            ("GET", String::new(), Value::Null),
            ("GET", "/status".to_owned(), Value::Null),
            ("GET", "/details".to_owned(), Value::Null),
            ("POST", "/payWithRegisteredPaymentMean".to_owned(), pay),
        ];
        let send = |(method, below, body): (&str, String, Value)| {
            bare(&self.call(method, &format!("/me/order/{order}{below}"), &body), &[&order.to_string()])
        };
        calls.map(send).to_vec()
    }
}

/// VPSBG's: servers and orders by number.
pub struct Vpsbg(pub Program);

impl Vpsbg {
    fn get(&self, target: &str) -> Value {
        done(&self.0.send("GET", target, None))
    }
}

impl Voice for Vpsbg {
    fn name(&self) -> &'static str {
        "vpsbg"
    }

    fn knows(&self, kind: Kind) -> bool {
        kind == Kind::Server
    }

    fn find(&mut self, service: &Service) -> String {
        let servers = self.get(&format!("/v1/servers?filter[search]={}", service.name));
        let [server] = servers["data"].as_array().unwrap().as_slice() else { panic!("{servers}") };
        assert_eq!(server["hostname"], json!(service.name));
        server["id"].to_string()
    }

    fn expiry(&mut self, _: &Service, id: &str) -> Date {
        day(&self.get(&format!("/v1/servers/{id}"))["expiry_at"])
    }

    fn renew(&mut self, service: &Service, wish: Wish) -> Result<i64, Response> {
        let months = if wish == Wish::Own { service.kind.months() } else { 3 };
        let body = json!({ "server_ids": [service.id], "billing_cycle": months });
        let answer = self.0.send("POST", "/v1/servers/renew", Some(&body));
        if answer.status == 200 { Ok(done(&answer)["id"].as_i64().unwrap()) } else { Err(answer) }
    }

    fn renew_or_name(&mut self, service: &Service) -> i64 {
        self.renew(service, Wish::Own).unwrap()
    }

    fn pay(&mut self, order: i64) {
        let body = json!({ "order_ids": [order], "payment_method": "card" });
        assert_eq!(done(&self.0.send("POST", "/v1/orders/pay", Some(&body)))["status"], "paid");
    }

    fn cancel(&mut self, order: i64) {
        assert_eq!(self.0.send("DELETE", &format!("/v1/orders/{order}"), None).status, 204);
    }

    fn state(&mut self, order: i64) -> State {
        match self.get(&format!("/v1/orders/{order}"))["status"].as_str().unwrap() {
            "awaiting_payment" => State::Open,
            "paid" => State::Paid,
            "cancelled" => State::Cancelled,
            other => panic!("{other}"),
        }
    }

    fn names(&self, refusal: &Value, order: i64) -> bool {
        refusal["message"].as_str().unwrap().contains(&format!("order {order} "))
    }

    fn listed(&mut self) -> Value {
        let all = "filter[status]=awaiting_payment,paid,cancelled&per_page=50";
        let (servers, orders) = (self.get("/v1/servers?per_page=50"), self.get(&format!("/v1/orders?{all}")));
        let servers: Vec<_> = items(&servers["data"]).map(|server| json!([server["id"], server["hostname"]])).collect();
        let orders: Vec<_> = items(&orders["data"]).map(|order| order["id"].clone()).collect();
        json!([servers, orders])
    }

    fn service_calls(&mut self, service: &Service) -> Vec<Bare> {
        let id = service.id;
        let renew = json!({ "server_ids": [id], "billing_cycle": 1 });
        let calls = [
            ("GET", format!("/v1/servers/{id}"), None),
            ("GET", format!("/v1/servers/{id}/status"), None),
            ("GET", format!("/v1/servers/{id}/addons"), None),
            ("POST", "/v1/servers/renew/calculate".to_owned(), Some(renew.clone())),
            ("POST", "/v1/servers/renew".to_owned(), Some(renew)),
            ("POST", format!("/v1/servers/{id}/cancel"), Some(json!({}))),
            ("DELETE", format!("/v1/servers/{id}/cancel"), None),
        ];
        let send = |(method, target, body): (&str, String, Option<Value>)| {
            bare(&self.0.send(method, &target, body.as_ref()), &[&id.to_string()])
        };
        calls.map(send).to_vec()
    }

    fn order_calls(&mut self, order: i64) -> Vec<Bare> {
        let pay = json!({ "order_ids": [order], "payment_method": "card" });
        let calls = [
            ("GET", format!("/v1/orders/{order}"), None),
            ("PATCH", format!("/v1/orders/{order}"), Some(json!({ "auto_pay": false }))),
            ("DELETE", format!("/v1/orders/{order}"), None),
            ("POST", "/v1/orders/pay".to_owned(), Some(pay)),
        ];
        let send = |(method, target, body): (&str, String, Option<Value>)| {
            bare(&self.0.send(method, &target, body.as_ref()), &[&order.to_string()])
        };
        calls.map(send).to_vec()
    }
}

/// HostUp's: everything by ids that are made of the numbers.
pub struct HostUp(pub Program);

/// The ULID alphabet, and what the documentation's own example stands for. Written a second time on purpose, so that a
/// mistake cannot cancel itself out.
const ALPHABET: &[u8] = b"0123456789abcdefghjkmnpqrstvwxyz";
const EXAMPLE: (&str, i128) = ("01hxa3b4c5d6e7f8g9h0j1k2m3", 5_001);

fn decoded(letters: &str) -> i128 {
    let value = |letter| i128::try_from(ALPHABET.iter().position(|known| *known == letter).unwrap()).unwrap();
    letters.bytes().fold(0, |bits, letter| bits * 32 + value(letter))
}

/// The number of an id.
fn number(id: &Value) -> i64 {
    let (_, letters) = id.as_str().unwrap().split_once('_').unwrap();
    i64::try_from(decoded(letters) - decoded(EXAMPLE.0) + EXAMPLE.1).unwrap()
}

/// The id of a number.
pub fn id(prefix: &str, number: i64) -> String {
    let mut bits = decoded(EXAMPLE.0) - EXAMPLE.1 + i128::from(number);
    let mut letters = Vec::new();
    for _ in 0..26 {
        letters.push(char::from(ALPHABET[usize::try_from(bits % 32).unwrap()]));
        bits /= 32;
    }
    letters.push('_');
    prefix.chars().chain(letters.into_iter().rev()).collect()
}

impl HostUp {
    fn get(&self, target: &str) -> Value {
        done(&self.0.send("GET", target, None))
    }

    /// Where things of a kind are, and what their ids begin with.
    const fn section(kind: Kind) -> (&'static str, &'static str) {
        match kind {
            Kind::Server => ("/api/v2/vps", "vps"),
            Kind::Domain => ("/api/v2/domains", "dom"),
            Kind::Hosting => ("/api/v2/shared-hosting", "acct"),
        }
    }

    fn target(service: &Service, below: &str) -> String {
        let (section, prefix) = Self::section(service.kind);
        format!("{section}/{}{below}", id(prefix, service.id))
    }

    fn item(&self, service: &Service) -> Value {
        let (section, _) = Self::section(service.kind);
        let list = self.get(&format!("{section}?limit=100"));
        assert_eq!(list["nextCursor"], Value::Null);
        items(&list["data"]).find(|item| item["name"] == json!(service.name)).unwrap().clone()
    }
}

impl Voice for HostUp {
    fn name(&self) -> &'static str {
        "hostup"
    }

    fn knows(&self, _: Kind) -> bool {
        true
    }

    fn find(&mut self, service: &Service) -> String {
        let item = self.item(service);
        assert_eq!(number(&item["id"]), service.id);
        item["id"].as_str().unwrap().to_owned()
    }

    /// A domain's is the last second that is paid, in the account's zone; of the others it is the day, at midnight in
    /// universal time.
    fn expiry(&mut self, service: &Service, id: &str) -> Date {
        let (section, _) = Self::section(service.kind);
        let shown = self.get(&format!("{section}/{id}"));
        assert_eq!(self.item(service)["expiresAt"], shown["expiresAt"]);
        match service.kind {
            Kind::Domain => day(&shown["expiresAt"]).tomorrow().unwrap(),
            Kind::Server | Kind::Hosting => midnight(&shown["expiresAt"]),
        }
    }

    fn renew(&mut self, service: &Service, wish: Wish) -> Result<i64, Response> {
        assert_eq!(wish, Wish::Own, "this API has no word for another period");
        let answer = self.0.send("POST", &Self::target(service, "/actions/renew"), Some(&json!({})));
        if answer.status != 200 {
            return Err(answer);
        }
        let renewed = done(&answer);
        let order = number(&renewed["renewalInvoice"]["id"]);
        if service.kind == Kind::Domain {
            assert_eq!(number(&renewed["orderId"]), order, "an order and its invoice have one number");
        } else {
            let placed = self.get(&format!("/api/v2/orders/{}", id("ord", order)));
            assert_eq!(placed["items"][0]["name"], json!(service.name), "{placed}");
        }
        Ok(order)
    }

    fn renew_or_name(&mut self, service: &Service) -> i64 {
        assert_eq!(self.renew(service, Wish::Own).unwrap_err().status, 409);
        match service.kind {
            Kind::Domain => number(&self.get(&Self::target(service, "/renewal"))["orderId"]),
            Kind::Server | Kind::Hosting => number(&self.get(&Self::target(service, ""))["pendingRenewalOrder"]["id"]),
        }
    }

    fn pay(&mut self, order: i64) {
        let target = format!("/api/v2/billing/invoices/{}/actions/pay", id("inv", order));
        let paid = done(&self.0.send("POST", &target, Some(&json!({ "savedCardId": id("card", CARD) }))));
        assert_eq!(paid["status"], "paid", "{paid}");
    }

    fn cancel(&mut self, order: i64) {
        let target = format!("/api/v2/orders/{}/actions/cancel", id("ord", order));
        assert_eq!(done(&self.0.send("POST", &target, None))["status"], "cancelled");
    }

    fn state(&mut self, order: i64) -> State {
        match self.get(&format!("/api/v2/orders/{}", id("ord", order)))["status"].as_str().unwrap() {
            "pending" => State::Open,
            "completed" => State::Paid,
            "cancelled" => State::Cancelled,
            other => panic!("{other}"),
        }
    }

    /// A domain's own pending renewal is told of by its gate alone (documented example); the state tells its order.
    fn names(&self, refusal: &Value, order: i64) -> bool {
        if refusal["code"] == "domain_not_renewable" {
            return refusal["actions"]["canRenewNow"]["code"] == "pending_order";
        }
        number(&refusal["existingInvoice"]["id"]) == order && number(&refusal["pendingRenewalOrder"]["id"]) == order
    }

    fn listed(&mut self) -> Value {
        let sections = Kind::ALL.map(|kind| Self::section(kind).0);
        let things = ["/api/v2/orders", "/api/v2/billing/invoices", "/api/v2/billing/cards"];
        let list = |target: &str| {
            let list = self.get(&format!("{target}?limit=100"));
            let listed = list.get("data").unwrap_or(&list);
            items(listed).map(|item| json!([item["id"], item["name"]])).collect::<Vec<_>>()
        };
        sections.into_iter().chain(things).map(list).collect::<Vec<_>>().into()
    }

    fn service_calls(&mut self, service: &Service) -> Vec<Bare> {
        let (_, prefix) = Self::section(service.kind);
        let (empty, wire_id) = (json!({}), id(prefix, service.id));
        let mut calls = vec![
            ("GET", Self::target(service, ""), None),
            ("POST", Self::target(service, "/actions/renew"), Some(empty.clone())),
        ];
        if service.kind == Kind::Domain {
            let bulk = json!({ "domainIds": [wire_id] });
            calls.extend([
                ("GET", Self::target(service, "/renewal"), None),
                ("PATCH", Self::target(service, ""), Some(json!({ "autoRenew": false }))),
                ("POST", Self::target(service, "/actions/respond-to-renewal"), Some(json!({ "accept": true }))),
                ("POST", "/api/v2/orders/preview".to_owned(), Some(bulk)),
                ("POST", format!("/api/domain-renew/{}", service.id), Some(empty)),
                ("GET", format!("/api/domain-details/{}", service.id), None),
            ]);
        } else {
            let cancel = json!({ "reason": "too_expensive", "cancelType": "end_of_period" });
            calls.extend([
                ("GET", Self::target(service, "/actions/billing-cycle"), None),
                ("GET", Self::target(service, "/cancellation"), None),
                ("POST", Self::target(service, "/actions/cancel"), Some(cancel)),
            ]);
        }
        let send = |(method, target, body): (&str, String, Option<Value>)| {
            bare(&self.0.send(method, &target, body.as_ref()), &[&wire_id, &service.id.to_string()])
        };
        calls.into_iter().map(send).collect()
    }

    fn order_calls(&mut self, order: i64) -> Vec<Bare> {
        let (order_id, invoice_id) = (id("ord", order), id("inv", order));
        let invoice = format!("/api/v2/billing/invoices/{invoice_id}");
        let calls = [
            ("GET", format!("/api/v2/orders/{order_id}"), None),
            ("POST", format!("/api/v2/orders/{order_id}/actions/cancel"), None),
            ("GET", invoice.clone(), None),
            ("GET", format!("{invoice}/payment-link"), None),
            ("POST", format!("{invoice}/actions/pay"), Some(json!({ "savedCardId": id("card", CARD) }))),
            ("POST", format!("{invoice}/actions/generate-payment-link"), None),
        ];
        let send = |(method, target, body): (&str, String, Option<Value>)| {
            bare(&self.0.send(method, &target, body.as_ref()), &[&order_id, &invoice_id])
        };
        calls.map(send).to_vec()
    }
}

/// The day that an instant is the first moment of, in universal time.
fn midnight(instant: &Value) -> Date {
    let instant: Timestamp = instant.as_str().unwrap().parse().unwrap();
    let midnight = instant.to_zoned(TimeZone::UTC);
    assert_eq!(midnight.start_of_day().unwrap(), midnight);
    midnight.date()
}
