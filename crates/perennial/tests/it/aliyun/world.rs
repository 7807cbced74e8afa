//! The dialect through the real binary: a sandbox, a client of the demo customer's, and the truth beside it. What a
//! test needs of the ledger besides the demo catalogue it imports as a seller would.

use std::cell::RefCell;
use std::process::Command;

use perennial_testkit::aliyun::AccessKey;
use perennial_testkit::http::Response;
use perennial_testkit::{AliyunClient, OvhClient, Sandbox};
use serde_json::{Value, json};

use crate::exchange;
use crate::shop::Run;

const BINARY: &str = env!("CARGO_BIN_EXE_perennial");

/// The demo customer's subscription.
pub const INSTANCE: &str = "i-bp67acfmxazb4p0001";
/// The demo customer's instance that is paid as it goes.
pub const AS_IT_GOES: &str = "i-bp67acfmxazb4p0002";
/// The demo customer's subscription that is locked.
pub const LOCKED: &str = "i-bp67acfmxazb4p0003";
/// The demo customer's server that is no instance of ECS.
pub const SERVER: &str = "2ad1ae67295445f598017499dc891234";

/// Another customer's instance.
pub const FOREIGN: &str = "i-bp67acfmxazb4p0101";

/// That customer's key.
const OTHER: (&str, &str) = ("demoAliyunOther444444444", "demoAliyunOtherSecret444444444");

/// The demo customer.
pub const CUSTOMER: &str = "demo-aliyun";

/// When the demo instances expire, in sandboxes that start at [`exchange::NOW`].
pub const UNTIL: &str = "2026-12-12";

/// A region to ask in.
pub const HERE: (&str, &str) = ("RegionId", "cn-hangzhou");

/// A sandbox, and a client with the demo customer's key.
pub struct World {
    /// The sandbox.
    pub sandbox: Sandbox,
    client: RefCell<AliyunClient>,
}

/// What was answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Value,
}

impl World {
    /// The demo instances expire twenty days later.
    pub fn start() -> Self {
        let sandbox = exchange::start();
        let client = RefCell::new(AliyunClient::of(&sandbox).unwrap());
        Self { sandbox, client }
    }

    /// Makes a call of ECS; none where the connection was cut.
    pub fn send(&self, action: &str, parameters: &[(&str, &str)]) -> Option<Response> {
        self.client.borrow_mut().call(action, parameters).ok()
    }

    /// Makes a call of ECS.
    #[track_caller]
    pub fn call(&self, action: &str, parameters: &[(&str, &str)]) -> Answer {
        Answer::of(&self.client.borrow_mut().call(action, parameters).unwrap())
    }

    /// Makes a call of billing.
    #[track_caller]
    pub fn billing(&self, action: &str, parameters: &[(&str, &str)]) -> Answer {
        Answer::of(&self.client.borrow_mut().billing(action, parameters).unwrap())
    }

    /// What the other demo customer sees.
    pub fn as_other<T>(&self, see: impl FnOnce(&Self) -> T) -> T {
        let other = self.client.borrow().with_key(AccessKey::new(OTHER.0, OTHER.1));
        let own = self.client.replace(other);
        let seen = see(self);
        self.client.replace(own);
        seen
    }

    /// Renews an instance for a period, which has to succeed; tells the order.
    #[track_caller]
    pub fn renew(&self, id: &str, period: &str, unit: &str) -> String {
        self.call("RenewInstance", &[("InstanceId", id), ("Period", period), ("PeriodUnit", unit)]).order()
    }

    /// The one instance with an id, as the API shows it.
    #[track_caller]
    pub fn instance(&self, id: &str) -> Value {
        let ids = json!([id]).to_string();
        let seen = self.call("DescribeInstances", &[HERE, ("InstanceIds", &ids)]).done();
        assert_eq!(seen["Instances"]["Instance"].as_array().map(Vec::len), Some(1), "{seen}");
        seen["Instances"]["Instance"][0].clone()
    }

    /// What the ledger holds, without the time.
    pub fn ledger(&self) -> Value {
        let mut ledger = self.sandbox.ledger().unwrap();
        ledger.as_object_mut().unwrap().remove("now");
        ledger
    }

    /// The rows of a list of the ledger that have a value.
    pub fn rows(&self, list: &str, field: &str, value: &Value) -> Vec<Value> {
        let ledger = self.ledger();
        ledger[list].as_array().unwrap().iter().filter(|row| row[field] == *value).cloned().collect()
    }

    /// The day on which a service expires.
    #[track_caller]
    pub fn until(&self, name: &str) -> String {
        self.rows("services", "name", &json!(name))[0]["until"].as_str().unwrap().to_owned()
    }

    /// What the demo customer has and owes.
    pub fn money(&self) -> (String, String) {
        let account = &self.rows("accounts", "code", &json!(CUSTOMER))[0];
        let text = |field: &str| account[field]["amount"].as_str().unwrap().to_owned();
        (text("balance"), text("receivable"))
    }

    /// Puts money on the demo customer's balance.
    pub fn credit(&self, amount: &str) {
        self.command(&["balance", "credit", CUSTOMER, amount, "--memo", "by hand"]);
    }

    /// Runs a command of `perennial` on the sandbox's ledger, and returns what it prints.
    #[track_caller]
    pub fn command(&self, args: &[&str]) -> String {
        let data = self.sandbox.data();
        let mut run = Command::new(BINARY);
        run.arg("--database").arg(data.join("perennial.db")).args(args);
        run.env("PERENNIAL_MASTER_KEY", std::fs::read_to_string(data.join("master.key")).unwrap());
        Run::of(&run.output().unwrap()).done().stdout
    }

    /// Imports master data beside the running sandbox.
    #[track_caller]
    pub fn import(&self, toml: &str) {
        let file = self.sandbox.data().join("more.toml");
        std::fs::write(&file, toml).unwrap();
        self.command(&["import", file.to_str().unwrap()]);
    }

    /// Imports subscriptions of the demo customer's, each an id and the day on which it expires.
    #[track_caller]
    pub fn subscriptions<'a>(&self, instances: impl IntoIterator<Item = (&'a str, &'a str)>) {
        let row = |(name, until): (&str, &str)| service(name, CUSTOMER, "ecs.g6.large", until, "");
        self.import(&instances.into_iter().map(row).collect::<String>());
    }

    /// Puts a hold on a service, as only the seller can: no command of any API does.
    #[track_caller]
    pub fn hold(&self, name: &str, hold: &str) {
        let ledger = rusqlite::Connection::open(self.sandbox.data().join("perennial.db")).unwrap();
        let rows = ledger.execute("update services set hold = ?1 where name = ?2", (hold, name)).unwrap();
        assert_eq!(rows, 1, "there is a service {name}");
    }

    /// How many coupons are used.
    pub fn coupons_used(&self) -> u32 {
        let ledger = rusqlite::Connection::open(self.sandbox.data().join("perennial.db")).unwrap();
        ledger.query_row("select count(used_by) from coupons", (), |row| row.get(0)).unwrap()
    }

    /// A client of the demo customer's in the OVHcloud dialect, where an order can be placed without being paid.
    #[track_caller]
    pub fn ovh(&self) -> OvhClient {
        let issue = |args: &[&str]| {
            let common = ["--json", "key", "issue", "--account", CUSTOMER, "--dialect", "ovh", "--name", "shop"];
            serde_json::from_str::<Value>(&self.command(&[&common, args].concat())).unwrap()
        };
        let text = |document: &Value, field: &str| document[field].as_str().unwrap().to_owned();
        let application = issue(&[]);
        let key = text(&application, "application_key");
        let mut rules = vec!["--kind", "consumer", "--application", &key];
        rules.extend(["GET /*", "POST /*", "PUT /*"].iter().flat_map(|rule| ["--rule", rule]));
        let consumer = issue(&rules);
        let mut client = OvhClient::from_env(&self.sandbox.env().unwrap()).unwrap();
        client.application_secret = text(&application, "application_secret");
        client.application_key = key;
        client.consumer_key = text(&consumer, "consumer_key");
        client
    }

    /// Orders a renewal of a service and leaves it open; tells the order.
    #[track_caller]
    pub fn place(&self, name: &str) -> String {
        let service = self.rows("services", "name", &json!(name))[0]["id"].clone();
        let body = json!({ "duration": "P1M", "services": [service], "dryRun": false });
        let (status, order) = self.ovh().post(&format!("/service/{service}/renew"), &body).unwrap();
        assert_eq!(status, 200, "{order}");
        order["orderId"].to_string()
    }

    /// The books are sound.
    #[track_caller]
    pub fn assert_sound(&self) {
        assert_eq!(self.ledger()["audit"]["findings"], json!([]));
    }
}

impl Answer {
    fn of(response: &Response) -> Self {
        Self { status: response.status, body: response.json().unwrap() }
    }

    /// The body of what was done.
    #[track_caller]
    pub fn done(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body
    }

    /// The order of a renewal that was done.
    #[track_caller]
    pub fn order(self) -> String {
        let body = self.done();
        body["OrderId"].as_str().unwrap_or_else(|| panic!("the order is a text: {body}")).to_owned()
    }

    /// Status and code of a refusal; 200 and nothing of what was done.
    pub fn code(&self) -> (u16, &str) {
        let code = self.body["Code"].as_str().filter(|code| *code != "Success");
        (self.status, code.unwrap_or_default())
    }
}

/// A service, in the words of an import.
pub fn service(name: &str, account: &str, product: &str, until: &str, more: &str) -> String {
    format!(
        "[[services]]\nname = \"{name}\"\naccount = \"{account}\"\nproduct = \"{product}\"\ncreated = 2026-01-12\n\
         until = {until}\nperiod = \"P1M\"\n{more}\n"
    )
}

/// Some fields of each item of a list.
#[track_caller]
pub fn columns<const N: usize>(list: &Value, names: [&str; N]) -> Vec<Value> {
    let items = list.as_array().unwrap_or_else(|| panic!("is a list: {list}"));
    items.iter().map(|item| names.iter().map(|name| item[*name].clone()).collect()).collect()
}

/// One field of each item of a list, as texts.
#[track_caller]
pub fn column(list: &Value, name: &str) -> Vec<String> {
    let items = list.as_array().unwrap_or_else(|| panic!("is a list: {list}"));
    items.iter().map(|item| item[name].as_str().unwrap_or_else(|| panic!("{name} of {item}")).to_owned()).collect()
}
