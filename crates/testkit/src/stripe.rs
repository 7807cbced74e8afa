//! Stripe, played by `localstripe`: customers with cards and bank accounts, and what was collected and given back.
//!
//! It takes idempotency keys and does not heed them.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::{clients, http, process};

/// The number of a card that pays.
pub const PAYS: &str = "4242424242424242";
/// The number of a card that can be registered, and is declined when it is charged.
pub const DECLINES: &str = "4000000000000341";
/// The number of a card whose bank wants its owner to confirm each payment.
pub const CONFIRMS: &str = "4000002760003184";
/// A bank account that pays at once.
pub const IBAN_PAYS: &str = "DE89370400440532013000";
/// A bank account of which half a second after the debit is known that it does not pay.
pub const IBAN_FAILS: &str = "DE62370400440532013001";

/// A process of its own on loopback that remembers only what it is told. It ends when it is dropped.
#[derive(Debug)]
pub struct LocalStripe {
    address: String,
    child: Child,
}

impl LocalStripe {
    /// A secret key that it takes.
    pub const KEY: &'static str = "sk_test_hunter2";

    /// Starts it, and waits until it answers.
    ///
    /// # Errors
    /// When it is not installed, ends, or does not answer within a minute.
    pub fn start() -> Result<Self> {
        let script = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests-clients/python/stripe_server.py"));
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let mut command = Command::new(clients::installed("venv/bin/python")?);
        let child = command.arg("-B").arg(script).arg(port.to_string()).stdin(Stdio::null()).spawn();
        let mut stripe = Self { address: format!("127.0.0.1:{port}"), child: child.context("starting localstripe")? };
        let url = format!("{}/js.stripe.com/v3/", stripe.url());
        process::wait_until_ready(&mut stripe.child, &url)?;
        Ok(stripe)
    }

    /// Where it listens: `127.0.0.1:PORT`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The same as the address of its API.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Makes a customer, and tells what it is called.
    ///
    /// # Errors
    /// When it does not answer so; so for all.
    pub fn customer(&self) -> Result<String> {
        self.make("/v1/customers", &json!({ "name": "A customer" }))
    }

    /// Registers a card of a customer, which expires with 2035, and tells what it is called.
    ///
    /// # Errors
    /// As [`Self::customer`].
    pub fn card(&self, customer: &str, number: &str) -> Result<String> {
        let card = json!({ "number": number, "exp_month": 12, "exp_year": 2035, "cvc": "123" });
        self.attached(customer, &json!({ "type": "card", "card": card }))
    }

    /// Registers a bank account of a customer, which is debited by SEPA, and tells what it is called.
    ///
    /// # Errors
    /// As [`Self::customer`].
    pub fn bank_account(&self, customer: &str, iban: &str) -> Result<String> {
        self.attached(customer, &json!({ "type": "sepa_debit", "sepa_debit": { "iban": iban } }))
    }

    /// Takes a method away from its customer.
    ///
    /// # Errors
    /// As [`Self::customer`].
    pub fn detach(&self, method: &str) -> Result<()> {
        self.make(&format!("/v1/payment_methods/{method}/detach"), &json!({})).map(drop)
    }

    /// Gives all of an intent's money back, as a person would do it there.
    ///
    /// # Errors
    /// As [`Self::customer`].
    pub fn refund(&self, intent: &str) -> Result<String> {
        self.make("/v1/refunds", &json!({ "payment_intent": intent }))
    }

    /// All payment intents.
    ///
    /// # Errors
    /// As [`Self::customer`].
    pub fn intents(&self) -> Result<Vec<Value>> {
        self.list("payment_intents")
    }

    /// All refunds.
    ///
    /// # Errors
    /// As [`Self::customer`].
    pub fn refunds(&self) -> Result<Vec<Value>> {
        self.list("refunds")
    }

    /// What was collected less what was given back, in the smallest unit of the one currency that was used.
    ///
    /// # Errors
    /// As [`Self::customer`].
    pub fn moved(&self) -> Result<i64> {
        let sum = |list: Vec<Value>| -> i64 {
            let done = list.iter().filter(|entry| entry["status"] == "succeeded");
            done.filter_map(|entry| entry["amount"].as_i64()).sum()
        };
        Ok(sum(self.list("charges")?) - sum(self.refunds()?))
    }

    fn attached(&self, customer: &str, method: &Value) -> Result<String> {
        let id = self.make("/v1/payment_methods", method)?;
        self.make(&format!("/v1/payment_methods/{id}/attach"), &json!({ "customer": customer }))
    }

    fn make(&self, path: &str, body: &Value) -> Result<String> {
        let made = self.ask("POST", path, body.to_string().as_bytes())?;
        made["id"].as_str().map(str::to_owned).with_context(|| format!("{path} made nothing: {made}"))
    }

    fn list(&self, what: &str) -> Result<Vec<Value>> {
        let mut list = self.ask("GET", &format!("/v1/{what}?limit=100000"), b"")?;
        match list["data"].take() {
            Value::Array(entries) => Ok(entries),
            other => bail!("{what} are no list: {other}"),
        }
    }

    fn ask(&self, method: &str, path: &str, body: &[u8]) -> Result<Value> {
        let bearer = format!("Bearer {}", Self::KEY);
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        let answer = http::send(method, &format!("{}{path}", self.url()), &headers, body)?;
        ensure!(answer.status == 200, "{method} {path}: {} {}", answer.status, answer.text());
        answer.json()
    }
}

impl Drop for LocalStripe {
    fn drop(&mut self) {
        drop(self.child.kill()); // nobody is left to tell
        drop(self.child.wait());
    }
}
