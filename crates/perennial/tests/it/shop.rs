//! A shop of a test's own: a ledger in a folder, and `perennial` run on it.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use perennial_core::calendar::Period;
use perennial_core::command::{Action, After, Command as Submitted, CouponUse, PayWith, RenewRequest, Reply, Scope};
use perennial_core::ids::{OrderId, ServiceId};
use perennial_core::order::Origin;
use perennial_core::ports::{Books, Lane};
use perennial_engine::clock::SystemClock;
use perennial_engine::lane::{self, Grouping};
use perennial_store::sqlite::SqliteStore;
use perennial_testkit::{Env, OvhClient};
use serde_json::Value;
use tempfile::TempDir;

/// Master data whose terms end so late that no test grows old.
pub const SHOP: &str = r#"
[seller]
name = "Example Hosting SARL"
invoice_series = "FR"

[[accounts]]
code = "acme"
name = "ACME"
email = "billing@acme.example.net"
country = "FR"
currency = "EUR"
tax = "standard"
tax_rate = "20"
zone = "Europe/Paris"

[[accounts]]
code = "globex"
name = "Globex"
email = "ap@globex.example.net"
country = "DE"
currency = "EUR"
tax = "reverse-charge"

[[products]]
code = "vps"
name = "VPS SSD 1"
kind = "server"
ahead_months_max = 0
prices = [
    { period = "P1M", net = "3.59", currency = "EUR" },
    { period = "P1Y", net = "36.60", currency = "EUR" },
]

[[products]]
code = "backup"
name = "Automated backup"
kind = "addon"
ahead_months_max = 0
prices = [{ period = "P1M", net = 1, currency = "EUR" }]

[[services]]
id = 1001
name = "vps1.example.net"
account = "acme"
product = "vps"
created = 2026-01-31
until = 2099-01-31
period = "P1M"
mode = "automatic"
facts = { vcore = "1" }

[[services]]
id = 1002
name = "backup1"
account = "acme"
product = "backup"
parent = "vps1.example.net"
created = 2026-01-31
until = 2099-01-31
period = "P1M"

[[services]]
id = 1003
name = "vps2.example.net"
account = "globex"
product = "vps"
created = 2026-01-31
until = 2098-12-15
period = "P1Y"
"#;

/// A master key of no worth.
pub const MASTER_KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// A folder with a ledger in it, or in a database.
pub struct Shop {
    folder: TempDir,
    /// The PostgreSQL database that the ledger is in, where it is in one.
    url: Option<String>,
}

/// What a run of `perennial` came to.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Shop {
    /// An empty folder.
    pub fn empty() -> Self {
        Self::on(None)
    }

    /// An empty folder, whose ledger is in a PostgreSQL database where a URL is given.
    pub fn on(url: Option<String>) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), url }
    }

    /// A folder with [`SHOP`] imported.
    pub fn open() -> Self {
        let shop = Self::empty();
        let file = shop.write("shop.toml", SHOP);
        shop.run(&["import", &file]).done();
        shop
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// The ledger's file.
    pub fn database(&self) -> PathBuf {
        self.path("shop.db").into()
    }

    /// Writes a file into the folder.
    pub fn write(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// A run on the ledger, its environment clean.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_perennial"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PERENNIAL_") {
                command.env_remove(name);
            }
        }
        command.current_dir(self.folder.path()).args(args).stdin(Stdio::null());
        match &self.url {
            Some(url) => command.env("PERENNIAL_DATABASE", url).env_remove("PGPASSWORD"),
            None => command.env("PERENNIAL_DATABASE", self.database()),
        };
        command.env("PERENNIAL_MASTER_KEY", MASTER_KEY);
        command
    }

    /// Runs `perennial` on the ledger.
    pub fn run(&self, args: &[&str]) -> Run {
        Run::of(&self.command(args).output().unwrap())
    }

    /// Runs `perennial --json` on the ledger, and reads the lines it prints.
    pub fn json(&self, args: &[&str]) -> Vec<Value> {
        let run = self.run(&[&["--json"], args].concat()).done();
        run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The one line that `perennial --json` prints.
    pub fn document(&self, args: &[&str]) -> Value {
        let [document] = self.json(args).try_into().unwrap();
        document
    }

    /// Keys for an account that may do everything, as an environment without an endpoint.
    pub fn keys(&self, account: &str) -> Env {
        let issue = ["key", "issue", "--account", account, "--dialect", "ovh"];
        let text = |document: &Value, name: &str| document[name].as_str().unwrap().to_owned();
        let application = self.document(&issue);
        let key = text(&application, "application_key");
        let rules = ["--rule", "GET /*", "--rule", "POST /*", "--rule", "PUT /*", "--rule", "DELETE /*"];
        let consumer = [&issue, ["--kind", "consumer", "--application", &key].as_slice(), &rules].concat();
        let consumer = self.document(&consumer);
        Env::from([
            ("OVH_APPLICATION_SECRET".to_owned(), text(&application, "application_secret")),
            ("OVH_CONSUMER_KEY".to_owned(), text(&consumer, "consumer_key")),
            ("OVH_APPLICATION_KEY".to_owned(), key),
        ])
    }

    /// Orders a month of an account's service and pays it from the balance; tells the order's number.
    pub fn renew(&self, account: &str, service: i64) -> i64 {
        let order =
            self.order(account, service, |order| Some(Action::Pay { order, with: PayWith::Balance, due: None }));
        order.0
    }

    /// Orders a month of an account's service and leaves it open; tells the order's number.
    pub fn place(&self, account: &str, service: i64) -> i64 {
        self.order(account, service, |_| None).0
    }

    fn order(&self, account: &str, service: i64, then: impl FnOnce(OrderId) -> Option<Action>) -> OrderId {
        let store = SqliteStore::open(&self.database()).unwrap();
        let books = Arc::new(store.reader());
        let account = books.find_account(account).unwrap().unwrap();
        let (lane, thread) = lane::start(Box::new(store), books, Arc::new(SystemClock), Grouping::Single).unwrap();
        let request = RenewRequest {
            services: vec![ServiceId(service)],
            scope: Scope::Listed,
            period: Period::months(1).unwrap(),
            to_day: None,
            promo: None,
            coupons: CouponUse::Keep,
            after: After::Expiry,
            origin: Origin::Customer,
            open_s: 3600,
        };
        let submit = |action| lane.submit(Submitted { account, token: None, action });
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let placed = runtime.block_on(submit(Action::Renew { request, password: "p".to_owned() })).unwrap();
        let Reply::Placed(order) = placed else { panic!("{placed:?}") };
        if let Some(action) = then(order.id) {
            runtime.block_on(submit(action)).unwrap();
        }
        thread.close();
        order.id
    }
}

/// An environment with such keys, at a server whose pages are at a port and OVHcloud's API at the next one.
pub fn env(keys: &Env, port: u16) -> Env {
    let endpoint = ("OVH_ENDPOINT".to_owned(), format!("http://127.0.0.1:{}/1.0", port + 1));
    keys.clone().into_iter().chain([endpoint]).collect()
}

/// A client in that environment.
pub fn client(keys: &Env, port: u16) -> OvhClient {
    OvhClient::from_env(&env(keys, port)).unwrap()
}

impl Run {
    pub fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout.clone()).unwrap(),
            stderr: String::from_utf8(output.stderr.clone()).unwrap(),
        }
    }

    /// It did what it was asked to.
    #[track_caller]
    pub fn done(self) -> Self {
        assert_eq!(self.code, 0, "{self:?}");
        self
    }

    /// It refused or failed, told why on stderr, and printed nothing.
    #[track_caller]
    pub fn failed(self, code: i32, why: &str) -> Self {
        assert_eq!((self.code, self.stdout.as_str()), (code, ""), "{self:?}");
        assert!(self.stderr.starts_with("error: ") && self.stderr.contains(why), "{why:?} is not in {self:?}");
        self
    }
}
