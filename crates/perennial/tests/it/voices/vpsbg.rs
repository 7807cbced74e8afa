//! VPSBG's API.

use jiff::civil::Date;
use perennial_testkit::http::Response;
use serde_json::{Value, json};

use super::voice::{AtExpiry, Bare, State, Voice, bare, day, done, items};
use super::{Kind, Program, Service, Wish};

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

    fn at_expiry(&mut self, service: &Service) -> AtExpiry {
        let shown = self.get(&format!("/v1/servers/{}", service.id));
        match (&shown["cancel_request"], &shown["auto_renew"]) {
            (Value::Null, Value::Bool(true)) => AtExpiry::Renews,
            (Value::Null, Value::Bool(false)) => AtExpiry::Lapses,
            (Value::Object(_), Value::Bool(false)) => AtExpiry::Ends,
            _ => panic!("{shown}"),
        }
    }

    fn end(&mut self, service: &Service) {
        let body = json!({ "reason": "Moved.", "now": false });
        assert_eq!(self.0.send("POST", &format!("/v1/servers/{}/cancel", service.id), Some(&body)).status, 204);
    }

    fn resume(&mut self, service: &Service) {
        assert_eq!(self.0.send("DELETE", &format!("/v1/servers/{}/cancel", service.id), None).status, 204);
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
