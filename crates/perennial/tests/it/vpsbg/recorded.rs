//! A recorded exchange for every call that is served: the whole answer, as the proof in the table of endpoints. The calls
//! follow each other, as a customer would make them.

use perennial_providers::common::path::params;
use serde_json::{Value, json};

use super::{ADDON, BARE, FLOATING, SERVER, World, endpoints, renewal};
use crate::exchange::Exchange;

/// The calls of a test that were recorded: method and path below the API's root.
struct Tape {
    world: World,
    recorded: Vec<(String, String)>,
}

impl Tape {
    /// Records a call that succeeds; its snapshot lies where the table of endpoints looks for it.
    #[track_caller]
    fn record(&mut self, name: &str, method: &str, path: &str, body: &Value) -> Value {
        let Exchange { status, body, recording, .. } =
            self.world.send(method, path, Some(body).filter(|body| !body.is_null()));
        assert!((200..300).contains(&status), "{recording}");
        let recording = without_seconds(&recording);
        insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(format!("it__vpsbg__{name}"), recording);
        });
        let path = path.split('?').next().unwrap_or_default();
        self.recorded.push((method.to_owned(), path.to_owned()));
        body
    }

    fn get(&mut self, name: &str, path: &str) -> Value {
        self.record(name, "GET", path, &Value::Null)
    }

    fn post(&mut self, name: &str, path: &str, body: &Value) -> Value {
        self.record(name, "POST", path, body)
    }

    /// Whether a call of the table was recorded: of rows that a path fits, the one with the fewest parameters is meant.
    fn has(&self, method: &str, row: &'static str) -> bool {
        self.recorded.iter().any(|(recorded, path)| {
            let fits = |row: &'static str| params(row, path).is_some();
            let better = endpoints()
                .into_iter()
                .any(|other| other.method.as_str() == method && !other.path.contains('{') && fits(other.path));
            recorded == method && fits(row) && (!row.contains('{') || !better)
        })
    }
}

/// What is not due at a midnight is due so many days after this second.
fn without_seconds(recording: &str) -> String {
    let shown = |line: &str| match line.split_once("T10:") {
        Some((day, _)) if line.contains("\"due_at\"") => format!("{day}T10:<now>\",\n"),
        _ => line.to_owned(),
    };
    recording.split_inclusive('\n').map(shown).collect()
}

#[test]
fn every_call_that_is_served_is_recorded() {
    let mut tape = Tape { world: World::start(), recorded: Vec::new() };
    plans(&mut tape);
    servers(&mut tape);
    let order = renewals(&mut tape);
    addons(&mut tape);
    addresses(&mut tape);
    support(&mut tape);
    account(&mut tape);
    papers(&mut tape, &order);
    let served = endpoints().into_iter().filter(|endpoint| endpoint.served);
    let missing: Vec<_> = served.filter(|row| !tape.has(row.method.as_str(), row.path)).collect();
    assert!(missing.is_empty(), "nothing is recorded of {missing:?}");
    tape.world.assert_sound();
}

fn plans(tape: &mut Tape) {
    let plan = tape.get("plans", "/plans?page&per_page=2")["data"][0]["id"].clone();
    tape.get("plan_addons", &format!("/plans/{plan}/addons"));
    tape.get("plan_promo_codes", &format!("/plans/{plan}/promo-codes"));
}

fn servers(tape: &mut Tape) {
    tape.get("servers", "/servers");
    tape.get("server", &format!("/servers/{SERVER}"));
    tape.get("server_status", &format!("/servers/{SERVER}/status"));
    let reason = json!({ "reason": "Project ended.", "now": false });
    tape.post("server_cancelled", &format!("/servers/{BARE}/cancel"), &reason);
    tape.record("server_reinstated", "DELETE", &format!("/servers/{BARE}/cancel"), &Value::Null);
}

/// Tells the order that was paid.
fn renewals(tape: &mut Tape) -> Value {
    let asked = json!({ "server_ids": [SERVER], "billing_cycle": 3, "promo_code": "fall2403" });
    tape.post("renewal_calculated", "/servers/renew/calculate", &asked);
    let order = tape.post("renewal_placed", "/servers/renew", &renewal(&[SERVER], 3))["id"].clone();
    let path = format!("/orders/{order}");
    tape.record("order_updated", "PATCH", &path, &json!({ "auto_pay": false, "promo_code": "fall2403" }));
    let line = format!("{path}/server/{SERVER}");
    tape.record("order_period_changed", "PATCH", &line, &json!({ "billing_cycle": 6, "promo_code": "fall2406" }));
    tape.get("order_open", &path);
    tape.post("order_paid", "/orders/pay", &json!({ "order_ids": [order], "payment_method": "card" }));
    let other = tape.world.renew(&[BARE], 1)["id"].clone();
    tape.get("orders", "/orders?page&per_page&filter[status]");
    tape.record("order_deleted", "DELETE", &format!("/orders/{other}"), &Value::Null);
    order
}

fn addons(tape: &mut Tape) {
    tape.get("addons", &format!("/servers/{SERVER}/addons"));
    let asked = json!({ "backups": true, "cpanel": null, "bandwidth": "100mbps-unmetered" });
    tape.post("addons_bought", &format!("/servers/{BARE}/addons"), &asked);
    let addon = format!("/servers/{SERVER}/addons/{ADDON}");
    tape.post("addon_cancelled", &addon, &json!({ "reason": "No longer needed.", "now": false }));
    tape.record("addon_reinstated", "DELETE", &addon, &Value::Null);
}

fn addresses(tape: &mut Tape) {
    let asked = json!({ "billing_cycle": 1, "ipv4": 1, "ipv4_ddos": 0, "ipv6": 0, "server_id": SERVER });
    tape.post("floating_ips_bought", "/floating-ips", &asked);
    let asked = json!({ "ids": [FLOATING], "now": false, "reason": "No longer needed." });
    tape.post("floating_ips_cancelled", "/floating-ips/cancel", &asked);
    tape.get("floating_ips", "/floating-ips?filter[ddos]=false&sort[expiry_at]=asc");
    tape.record("floating_ips_reinstated", "DELETE", "/floating-ips/cancel", &json!({ "ids": [FLOATING] }));
}

fn support(tape: &mut Tape) {
    let asked = json!({ "billing_cycle": 1, "plan": "professional" });
    let order = tape.post("support_bought", "/support", &asked)["id"].clone();
    tape.world.pay(&order, "balance");
    tape.post("support_renewed", "/support/renew", &json!({ "billing_cycle": 12 }));
    tape.post("support_cancelled", "/support/cancel", &json!({ "reason": "Project ended." }));
    tape.record("support_reinstated", "DELETE", "/support/cancel", &Value::Null);
}

fn account(tape: &mut Tape) {
    tape.get("user", "/user");
    let edit = json!({ "city": "Plovdiv", "company_name": "Petrov EOOD", "newsletter": true });
    tape.record("user_edited", "PATCH", "/user", &edit);
    tape.post("deposit", "/balance/deposit", &json!({ "amount": 50, "payment_method": "card" }));
    tape.get("balance", "/balance");
    tape.get("balance_transactions", "/balance/transactions");
}

fn papers(tape: &mut Tape, order: &Value) {
    tape.get("invoices", "/invoices?page");
    let papers = tape.world.order(order)["invoices"].clone();
    let ids: Vec<_> = papers.as_array().unwrap().iter().map(|paper| paper["id"].clone()).collect();
    tape.post("invoice_downloaded", &format!("/invoices/{}/download", ids[0]), &Value::Null);
    tape.post("invoices_downloaded", "/invoices/download", &json!({ "invoice_ids": ids }));
}
