//! Money that Stripe moves, played by `localstripe`: a real `serve` asks it, whatever is lost or killed on the way.

mod kills;
mod nodes;
mod paying;
mod refunds;
mod resolving;
mod schedule;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use perennial_testkit::http::Response;
use perennial_testkit::proxy::{Fate, Passing};
use perennial_testkit::{Env, LocalStripe, OvhClient, Proxy, Server, http, postgres, process, sandbox, stripe};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::serve::config;
use crate::shop::{Run, SHOP, Shop, client};

/// What a month of the shop's server costs its customer, in cents, and in words.
const GROSS: i64 = 431;

/// A shop that takes cards and bank accounts, which Stripe keeps behind a network that a test rules over.
struct World {
    stripe: LocalStripe,
    customer: String,
    proxy: Proxy,
    ledger: Ledger,
    port: u16,
    /// What rules of the network can signal.
    server: Arc<Mutex<Option<Server>>>,
    keys: Env,
}

/// The shop's ledger, and `perennial` run on it.
struct Ledger {
    shop: Shop,
    /// The PostgreSQL database, where it is in one.
    url: Option<String>,
}

impl Ledger {
    /// Does to the ledger what only time does.
    fn sql(&self, statement: &str) {
        if let Some(url) = &self.url {
            postgres::sql(url, statement).unwrap();
        } else {
            let connection = Connection::open(self.shop.database()).unwrap();
            connection.busy_timeout(std::time::Duration::from_secs(30)).unwrap();
            connection.execute_batch(statement).unwrap();
        }
    }

    /// Charges that a process left are everybody's, and those that wait are tried at once: the times of both are over.
    fn let_time_pass(&self) {
        self.sql(
            "update charges set claimed_until = 0 where claimed_until is not null;
             update charges set next_at = 0 where state = 'open'",
        );
    }

    /// An order as `order show` tells it.
    fn order(&self, id: i64) -> Value {
        self.shop.document(&["order", "show", &id.to_string()])
    }

    /// The order's charges: which way, how they stand, why not.
    fn charges(&self, id: i64) -> Vec<[Value; 3]> {
        let order = self.order(id);
        let charges = order["charges"].as_array().unwrap();
        charges.iter().map(|charge| ["direction", "state", "reason"].map(|field| charge[field].clone())).collect()
    }

    fn audit(&self) {
        self.shop.run(&["audit"]).done();
    }
}

impl World {
    /// The shop in a SQLite file, served.
    fn new() -> Self {
        Self::on(None, "[schedule]\nenabled = false\n")
    }

    /// The shop in a SQLite file or a PostgreSQL database, served with more in its configuration.
    fn on(url: Option<String>, more: &str) -> Self {
        let stripe = LocalStripe::start().unwrap();
        let customer = stripe.customer().unwrap();
        let proxy = Proxy::before(stripe.address()).unwrap();
        let (ledger, port) = (Ledger { shop: Shop::on(url.clone()), url }, sandbox::free_ports().unwrap());
        let seller = "invoice_series = \"FR\"\ncollects = [\"card\", \"bank-transfer\"]\n";
        let file = ledger.shop.write("shop.toml", &SHOP.replace("invoice_series = \"FR\"\n", seller));
        ledger.shop.run(&["import", &file]).done();
        ledger.shop.write("stripe.key", LocalStripe::KEY);
        let keys = ledger.shop.keys("acme");
        let world = Self { stripe, customer, proxy, ledger, port, server: Arc::default(), keys };
        world.configure(port, more);
        world.start();
        world
    }

    /// Writes a configuration for a port.
    fn configure(&self, port: u16, more: &str) -> String {
        let stripe = format!("[stripe]\nsecret_key_file = \"stripe.key\"\nurl = \"http://{}\"\n", self.proxy.address());
        let name = if port == self.port { "perennial.toml".to_owned() } else { format!("{port}.toml") };
        self.ledger.shop.write(&name, &(config(port) + &stripe + more))
    }

    fn serve(&self, port: u16, file: &str) -> Server {
        let command = self.ledger.shop.command(&["serve", "--config", file]);
        let log = self.ledger.shop.path(&format!("{port}.log")).into();
        Server::start(command, &format!("http://127.0.0.1:{port}/readyz"), log).unwrap()
    }

    fn server(&self) -> MutexGuard<'_, Option<Server>> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves the shop, again where it was killed.
    fn start(&self) {
        let server = self.serve(self.port, &self.ledger.shop.path("perennial.toml"));
        *self.server() = Some(server);
    }

    /// Ends the server, and starts it by what is configured now.
    fn restart(&self) {
        self.server().take().unwrap().stop().unwrap();
        self.start();
    }

    fn client(&self) -> OvhClient {
        client(&self.keys, self.port)
    }

    /// Registers what Stripe keeps for an account, and tells its number.
    fn register(&self, account: &str, method: &str, more: &[&str]) -> i64 {
        let add = ["method", "add", "--account", account, "--config", "perennial.toml"];
        let kept = ["--customer", &self.customer, "--method", method];
        self.ledger.shop.document(&[add.as_slice(), &kept, more].concat())["id"].as_i64().unwrap()
    }

    /// Registers a card with a number, and tells its own.
    fn card(&self, number: &str) -> i64 {
        self.register("acme", &self.stripe.card(&self.customer, number).unwrap(), &[])
    }

    fn page(&self, path: &str) -> Response {
        http::get(&format!("http://127.0.0.1:{}{path}", self.port)).unwrap()
    }

    fn submit(&self, path: &str, form: &str) -> Response {
        let kind = [("Content-Type", "application/x-www-form-urlencoded")];
        http::send("POST", &format!("http://127.0.0.1:{}{path}", self.port), &kind, form.as_bytes()).unwrap()
    }

    /// What Stripe moved, in cents.
    fn moved(&self) -> i64 {
        self.stripe.moved().unwrap()
    }
}

/// Orders a month of the server.
fn order(client: &mut OvhClient) -> i64 {
    let body = json!({ "duration": "P1M", "services": [1001], "dryRun": false });
    let (status, order) = client.post("/service/1001/renew", &body).unwrap();
    assert_eq!((status, order["priceWithTax"]["text"].as_str()), (200, Some("4.31 €")), "{order}");
    order["orderId"].as_i64().unwrap()
}

/// Pays an order with a method; an error where nothing was answered.
fn pay(client: &mut OvhClient, order: i64, method: i64) -> anyhow::Result<(u16, Value)> {
    client.post(&format!("/me/order/{order}/pay"), &json!({ "paymentMethod": { "id": method } }))
}

fn status(client: &mut OvhClient, order: i64) -> String {
    let (status, word) = client.get(&format!("/me/order/{order}/status")).unwrap();
    assert_eq!(status, 200, "{word}");
    word.as_str().unwrap().to_owned()
}

fn until_status(client: &mut OvhClient, order: i64, wanted: &str) {
    process::until(wanted, || Ok((status(client, order) == wanted).then_some(()))).unwrap();
}

/// One charge of those that an order has.
fn charge(direction: &str, state: &str, reason: Option<&str>) -> [Value; 3] {
    [json!(direction), json!(state), json!(reason)]
}

/// Rules that each of the network's calls from now on meets a fate until one is chosen; tells whether it was.
fn nth(
    call: usize,
    fate: impl Fn(&Passing) -> Fate + Send + Sync + 'static,
) -> (impl Fn(&Passing) -> Fate + Send + Sync, Arc<Mutex<usize>>) {
    let seen = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&seen);
    let rule = move |passing: &Passing| {
        let number = {
            let mut seen = counted.lock().unwrap();
            *seen += 1;
            *seen
        };
        if number == call + 1 { fate(passing) } else { Fate::Pass }
    };
    (rule, seen)
}
