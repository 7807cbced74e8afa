//! The VPSBG dialect, through the real binary: a file a topic. What a test here needs of the ledger besides the demo
//! catalogue it imports as a seller would.

mod access;
mod addons;
mod calendar;
mod documented;
mod lost;
mod money;
mod orders;
mod others;
mod payments;
mod promos;
mod recorded;
mod servers;

use std::process::Command;

use perennial_providers::{DIALECTS, Endpoint, Settings};
use perennial_testkit::http::{self, Response};
use perennial_testkit::{Env, Sandbox};
use serde_json::{Value, json};

use crate::exchange::{self, Dialect, Exchange};

const BINARY: &str = env!("CARGO_BIN_EXE_perennial");

/// Services of the demo customer: a server with its add-on, one without, and a floating address.
const SERVER: i64 = 2904;
const ADDON: i64 = 2905;
const BARE: i64 = 3321;
const FLOATING: i64 = 602;

/// Another customer's server, and that customer's key.
const FOREIGN_SERVER: i64 = 4101;
const FOREIGN: &str = "demo-vpsbg-other-222222222222222222222222";

/// A key of the demo customer's that may read.
const READ_ONLY: &str = "demo-vpsbg-read-only-11111111111111111111";

/// A number that nothing has.
const NOBODY: i64 = 900_000_001;

/// A sandbox, and the demo customer's key.
struct World {
    dialect: Dialect,
}

impl World {
    fn start() -> Self {
        Self::of(exchange::start())
    }

    /// The clock starts at an instant; the demo services expire twenty days later.
    fn at(now: &str) -> Self {
        Self::of(Sandbox::options(BINARY).now(now).arg("--no-schedule").start().unwrap())
    }

    fn of(sandbox: Sandbox) -> Self {
        let key = environment(&sandbox)["VPSBG_TOKEN"].clone();
        Self { dialect: Dialect { base: sandbox.vpsbg(), key, sandbox } }
    }

    fn sandbox(&self) -> &Sandbox {
        &self.dialect.sandbox
    }

    fn restart(&mut self) {
        self.dialect.sandbox.restart().unwrap();
    }

    /// Sends a request with the key of the demo customer; paths are below the API's root.
    fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Exchange {
        self.dialect.send(method, &format!("/v1{path}"), body)
    }

    /// Sends a request with another key.
    fn send_as(&self, key: &str, method: &str, path: &str, body: Option<&Value>) -> Exchange {
        self.dialect.with_key(key).send(method, &format!("/v1{path}"), body)
    }

    /// Sends a request with an idempotency token; none when the connection was cut.
    fn send_once(&self, token: &str, path: &str, body: &Value) -> Option<Response> {
        let authorization = format!("Bearer {}", self.dialect.key);
        let headers = [
            ("Authorization", authorization.as_str()),
            ("Content-Type", "application/json"),
            ("Idempotency-Key", token),
        ];
        let url = format!("{}/v1{path}", self.dialect.base);
        http::send("POST", &url, &headers, body.to_string().as_bytes()).ok()
    }

    /// Sends a request that has to succeed, and returns what is answered.
    #[track_caller]
    fn done(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = Some(body).filter(|body| !body.is_null());
        let Exchange { status, body, .. } = self.send(method, path, body);
        assert!((200..300).contains(&status), "{method} {path}: {status} {body}");
        body
    }

    #[track_caller]
    fn get(&self, path: &str) -> Value {
        self.done("GET", path, &Value::Null)
    }

    #[track_caller]
    fn post(&self, path: &str, body: &Value) -> Value {
        self.done("POST", path, body)
    }

    /// Sends a request that has to be refused, with this status, for this reason; returns the body.
    #[track_caller]
    fn refused(&self, method: &str, path: &str, body: &Value, status: u16, message: &str) -> Value {
        let sent = Some(body).filter(|body| !body.is_null());
        let answer = self.send(method, path, sent);
        let said = answer.body["message"].as_str();
        assert_eq!((answer.status, said), (status, Some(message)), "{method} {path} {body}");
        answer.body
    }

    #[track_caller]
    fn server(&self, id: i64) -> Value {
        self.get(&format!("/servers/{id}"))
    }

    /// Places a renewal.
    #[track_caller]
    fn renew(&self, servers: &[i64], months: u16) -> Value {
        self.post("/servers/renew", &renewal(servers, months))
    }

    #[track_caller]
    fn order(&self, id: &Value) -> Value {
        self.get(&format!("/orders/{id}"))
    }

    /// Pays an order.
    #[track_caller]
    fn pay(&self, id: &Value, word: &str) -> Value {
        self.post("/orders/pay", &payment(id, word))
    }

    /// All orders, the withdrawn ones too, newest first.
    #[track_caller]
    fn orders(&self) -> Vec<Value> {
        let all = self.get("/orders?per_page=50&filter[status]=awaiting_payment,processing,paid,cancelled");
        all["data"].as_array().unwrap().clone()
    }

    /// The id of the plan that a server is an instance of.
    fn plan(&self) -> Value {
        self.server(SERVER)["plan"]["id"].clone()
    }

    /// What the ledger holds, without the time and what is only seen from it.
    fn ledger(&self) -> Value {
        let mut ledger = self.sandbox().ledger().unwrap();
        ledger.as_object_mut().unwrap().remove("now");
        ledger
    }

    fn path_of_ledger(&self) -> String {
        self.sandbox().data().join("perennial.db").to_str().unwrap().to_owned()
    }

    /// Imports master data beside the running sandbox.
    #[track_caller]
    fn import(&self, toml: &str) {
        let file = self.sandbox().data().join("more.toml");
        std::fs::write(&file, toml).unwrap();
        let mut import = Command::new(BINARY);
        import.arg("--database").arg(self.path_of_ledger()).arg("import").arg(&file);
        let run = import.output().unwrap();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    }

    /// Puts a hold on a service, as only the seller can: no command of any API does.
    fn hold(&self, service: i64, hold: &str) {
        let ledger = rusqlite::Connection::open(self.path_of_ledger()).unwrap();
        let rows = ledger.execute("update services set hold = ?1 where id = ?2", (hold, service)).unwrap();
        assert_eq!(rows, 1, "there is a service {service}");
    }

    /// The books are sound: by `perennial audit` on the sandbox's folder.
    #[track_caller]
    fn assert_sound(&self) {
        let audit =
            Command::new(BINARY).args(["--json", "--database", &self.path_of_ledger(), "audit"]).output().unwrap();
        let report: Value = serde_json::from_slice(&audit.stdout).unwrap();
        assert_eq!((audit.status.code(), &report["findings"]), (Some(0), &json!([])), "{report}");
    }

    /// The payments of one order.
    fn payments_of(&self, order: &Value) -> Vec<Value> {
        let ledger = self.ledger();
        let payments = ledger["payments"].as_array().unwrap().iter();
        payments.filter(|payment| payment["order"] == *order).cloned().collect()
    }
}

fn environment(sandbox: &Sandbox) -> Env {
    sandbox.env().unwrap()
}

fn renewal(servers: &[i64], months: u16) -> Value {
    json!({ "server_ids": servers, "billing_cycle": months })
}

fn payment(order: &Value, word: &str) -> Value {
    json!({ "order_ids": [order], "payment_method": word })
}

/// The line of an order that is about a service.
#[track_caller]
fn line(order: &Value, service: i64) -> &Value {
    let lines = order["services"].as_array().unwrap();
    lines.iter().find(|line| line["service_id"] == service).unwrap_or_else(|| panic!("{service} is not in {order}"))
}

/// The ids of an order's lines, in their order.
fn lines(order: &Value) -> Vec<i64> {
    order["services"].as_array().unwrap().iter().map(|line| line["service_id"].as_i64().unwrap()).collect()
}

/// Some fields of an object.
fn fields<const N: usize>(object: &Value, names: [&str; N]) -> Value {
    names.into_iter().map(|name| object[name].clone()).collect()
}

/// The dialect's table of calls.
fn endpoints() -> Vec<Endpoint> {
    let settings = Settings::default();
    let dialect = DIALECTS.iter().find(|dialect| dialect.name == "vpsbg").unwrap();
    (dialect.make)(settings).endpoints()
}
