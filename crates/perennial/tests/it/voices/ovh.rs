//! OVHcloud's API.

use jiff::civil::Date;
use perennial_testkit::OvhClient;
use perennial_testkit::http::Response;
use serde_json::{Value, json};

use super::voice::{AtExpiry, Bare, CARD, State, Voice, bare, done};
use super::{Kind, Service, Wish};

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

    /// Where the products of a kind are, if it has routes of its own.
    const fn section(kind: Kind) -> Option<&'static str> {
        match kind {
            Kind::Server => Some("/vps"),
            Kind::Domain => Some("/domain"),
            Kind::Hosting => Some("/hosting/web"),
            Kind::Instance => None,
        }
    }

    fn put(&mut self, service: &Service, body: &Value) {
        done(&self.call("PUT", &format!("/services/{}", service.id), body));
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
        let named = self.get(&format!("/services?resourceName={}", service.name));
        let [id] = named.as_array().unwrap().as_slice() else { panic!("{named}") };
        if let Some(section) = Self::section(service.kind) {
            assert_eq!(self.get(&format!("{section}/{}/serviceInfos", service.name))["serviceId"], *id);
        }
        id.to_string()
    }

    fn expiry(&mut self, service: &Service, id: &str) -> Date {
        let told = |date: &Value| date.as_str().unwrap().parse::<Date>().unwrap();
        let expiry = told(&self.get(&format!("/service/{id}"))["expirationDate"]);
        if let Some(section) = Self::section(service.kind) {
            assert_eq!(told(&self.get(&format!("{section}/{}/serviceInfos", service.name))["expiration"]), expiry);
        }
        expiry
    }

    fn renew(&mut self, service: &Service, wish: Wish) -> Result<i64, Response> {
        let duration = match (wish, service.kind) {
            (Wish::Own, kind) => kind.period(),
            (Wish::Other, Kind::Server | Kind::Instance) => "P3M",
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

    fn at_expiry(&mut self, service: &Service) -> AtExpiry {
        let shown = self.get(&format!("/services/{}", service.id));
        if !shown["billing"]["lifecycle"]["current"]["terminationDate"].is_null() {
            return AtExpiry::Ends;
        }
        match shown["billing"]["renew"]["current"]["mode"].as_str() {
            Some("automatic") => AtExpiry::Renews,
            Some("manual") => AtExpiry::Lapses,
            _ => panic!("{shown}"),
        }
    }

    fn end(&mut self, service: &Service) {
        self.put(service, &json!({ "terminationPolicy": "terminateAtExpirationDate" }));
    }

    fn resume(&mut self, service: &Service) {
        self.put(service, &json!({ "terminationPolicy": "empty" }));
    }

    fn switch(&mut self, service: &Service, automatic: bool) -> bool {
        let mode = if automatic { "automatic" } else { "manual" };
        self.put(service, &json!({ "renew": { "mode": mode, "period": service.kind.period() } }));
        true
    }

    fn names(&self, refusal: &Value, order: i64) -> bool {
        refusal["message"].as_str().unwrap().contains(&format!("Order {order} "))
    }

    fn listed(&mut self) -> Value {
        let sections = ["/service", "/vps", "/domain", "/hosting/web", "/me/order"];
        sections.map(|section| self.get(section)).to_vec().into()
    }

    fn service_calls(&mut self, service: &Service) -> Vec<Bare> {
        let (name, id) = (&service.name, service.id);
        let renew = json!({ "duration": service.kind.period(), "services": [id], "dryRun": false });
        let dry_run = json!({ "duration": service.kind.period(), "services": [id], "dryRun": true });
        let rename = json!({ "resource": { "displayName": "mine" } });
        let mut calls = vec![
            ("GET", format!("/service/{id}"), Value::Null),
            ("GET", format!("/service/{id}/renew"), Value::Null),
            ("GET", format!("/services/{id}"), Value::Null),
            ("PUT", format!("/service/{id}"), rename),
            ("POST", format!("/service/{id}/renew"), dry_run),
            ("POST", format!("/service/{id}/renew"), renew),
        ];
        if let Some(section) = Self::section(service.kind) {
            calls.extend(["", "/serviceInfos"].map(|below| ("GET", format!("{section}/{name}{below}"), Value::Null)));
        }
        let send = |(method, path, body): (&str, String, Value)| {
            bare(&self.call(method, &path, &body), &[name, &id.to_string()])
        };
        calls.into_iter().map(send).collect()
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
