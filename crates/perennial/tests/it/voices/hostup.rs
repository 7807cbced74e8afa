//! HostUp's API.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use perennial_testkit::http::Response;
use serde_json::{Value, json};

use super::voice::{AtExpiry, Bare, CARD, State, Voice, bare, day, done, items};
use super::{Kind, Program, Service, Wish};

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
    fn section(kind: Kind) -> (&'static str, &'static str) {
        match kind {
            Kind::Server => ("/api/v2/vps", "vps"),
            Kind::Domain => ("/api/v2/domains", "dom"),
            Kind::Hosting => ("/api/v2/shared-hosting", "acct"),
            Kind::Instance => panic!("this API has no word for {kind:?}"),
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

    fn knows(&self, kind: Kind) -> bool {
        kind != Kind::Instance
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
            _ => midnight(&shown["expiresAt"]),
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
            _ => number(&self.get(&Self::target(service, ""))["pendingRenewalOrder"]["id"]),
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

    fn at_expiry(&mut self, service: &Service) -> AtExpiry {
        let cancelled = self.get(&Self::target(service, "/cancellation"))["status"] == "scheduled";
        match &self.get(&Self::target(service, ""))["lifecycle"]["autoRenewEnabled"] {
            Value::Bool(true) if !cancelled => AtExpiry::Renews,
            Value::Bool(false) if cancelled => AtExpiry::Ends,
            Value::Bool(false) => AtExpiry::Lapses,
            other => panic!("{other} {cancelled}"),
        }
    }

    fn end(&mut self, service: &Service) {
        let body = json!({ "reason": "too_expensive", "cancelType": "end_of_period" });
        assert_eq!(self.0.send("POST", &Self::target(service, "/actions/cancel"), Some(&body)).status, 200);
    }

    fn resume(&mut self, service: &Service) {
        assert_eq!(self.0.send("DELETE", &Self::target(service, "/cancellation"), None).status, 200);
    }

    /// A domain's own pending renewal is told of by its gate alone (documented example); the state tells its order.
    fn names(&self, refusal: &Value, order: i64) -> bool {
        if refusal["code"] == "domain_not_renewable" {
            return refusal["actions"]["canRenewNow"]["code"] == "pending_order";
        }
        number(&refusal["existingInvoice"]["id"]) == order && number(&refusal["pendingRenewalOrder"]["id"]) == order
    }

    fn listed(&mut self) -> Value {
        let sections = [Kind::Server, Kind::Domain, Kind::Hosting].map(|kind| Self::section(kind).0);
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
