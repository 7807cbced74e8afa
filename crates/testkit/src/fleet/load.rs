//! Clients that renew, and what a test sees of them while they do.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::Fleet;
use super::history::{Answer, End, History};
use crate::{OvhClient, process};

/// How long a client waits for an answer before it asks another node.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a client asks on until it knows how a request ended: longer than a node or a database is ever away here.
const SETTLED_WITHIN: Duration = Duration::from_mins(2);

/// How long a client waits before it asks again.
const PAUSE: Duration = Duration::from_millis(50);

/// What is going on, as the test sees it while clients renew.
#[derive(Debug)]
pub struct Load {
    pub(super) history: Mutex<History>,
    pub(super) over: AtomicBool,
}

impl Load {
    /// How many renewals clients were told are done.
    pub fn renewals(&self) -> usize {
        self.history().done_by.iter().sum()
    }

    /// As [`History::failures`], so far.
    pub fn failures(&self) -> usize {
        self.history().failures()
    }

    /// Waits until clients were told of so many more renewals that they are done; tells how long it took.
    ///
    /// # Errors
    /// When it takes more than a minute, or a client has failed.
    pub fn await_renewals(&self, more: usize) -> Result<Duration> {
        self.until(more, || self.renewals())
    }

    /// The same for the answers of one node.
    ///
    /// # Errors
    /// As [`Load::await_renewals`].
    pub fn await_renewals_by(&self, node: usize, more: usize) -> Result<Duration> {
        self.until(more, || self.history().done_by[node])
    }

    fn until(&self, more: usize, count: impl Fn() -> usize) -> Result<Duration> {
        let (start, wanted) = (now(), count() + more);
        process::until(&format!("{more} more renewals"), || {
            ensure!(!self.over.load(Ordering::SeqCst), "a client has failed");
            Ok((count() >= wanted).then(|| start.elapsed()))
        })
    }

    pub(super) fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says that it is over when dropped.
pub(super) struct Over<'a>(pub(super) &'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// One client, with a connection to each node.
pub(super) struct Client<'a> {
    load: &'a Load,
    services: Vec<i64>,
    connections: Vec<OvhClient>,
    number: usize,
    /// The state of its dice.
    dice: u64,
}

impl<'a> Client<'a> {
    pub(super) fn of(fleet: &Fleet, load: &'a Load, number: usize) -> Result<Self> {
        let connect = |node| Ok(fleet.client(node)?.patience(PATIENCE));
        let connections = (0..fleet.nodes.len()).map(connect).collect::<Result<_>>()?;
        let dice = 0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(u64::try_from(number)? + 1);
        Ok(Self { load, services: fleet.ids().collect(), connections, number, dice })
    }

    /// Renews one service after the other until it is over. Three in four renewals are those that others try as well,
    /// under the same token, and the fourth is its own.
    pub(super) fn renew_on(mut self) -> Result<()> {
        // Whoever fails has the others end.
        let _ends = Over(&self.load.over);
        let mut own = 0;
        while !self.load.over.load(Ordering::SeqCst) {
            let which = self.roll(self.services.len());
            let service = self.services[which];
            if self.roll(4) == 0 {
                own += 1;
                self.renew(service, &format!("client-{}-{own}", self.number))?;
            } else {
                // One that somebody knows the end of is not begun again.
                let round = *self.load.history().rounds.entry(service).or_default();
                self.renew(service, &format!("shared-{service}-{round}"))?;
                let mut history = self.load.history();
                let next = history.rounds.entry(service).or_default();
                *next = (*next).max(round + 1);
            }
        }
        Ok(())
    }

    /// Orders a month and pays it, both under one token.
    fn renew(&mut self, service: i64, token: &str) -> Result<()> {
        let wanted = json!({ "duration": "P1M", "services": [service], "dryRun": false });
        let (_, status, answer) = self.settle(token, &format!("/service/{service}/renew"), &wanted)?;
        ensure!(status == 200, "renewing {service} under token {token}: {status} {answer}");
        let order = answer["orderId"].as_i64().with_context(|| format!("an order without a number: {answer}"))?;
        self.load.history().placed(token, order)?;
        let with = json!({ "paymentMean": "ovhAccount" });
        let path = format!("/me/order/{order}/payWithRegisteredPaymentMean");
        let (node, status, answer) = self.settle(token, &path, &with)?;
        let end = match status {
            200 => End::Done,
            409 if answer["message"] == format!("Order {order} is already paid") => End::Refused,
            _ => bail!("paying order {order} under token {token}: {status} {answer}"),
        };
        self.load.history().ended(token, end, node)
    }

    /// Asks one node after the other until it is known how a request ended; tells who said so, and what.
    fn settle(&mut self, token: &str, path: &str, body: &Value) -> Result<(usize, u16, Value)> {
        let (start, body) = (now(), body.to_string());
        loop {
            let node = self.roll(self.connections.len());
            let key = [("Idempotency-Key", token)];
            let answered = self.connections[node].call_with("POST", path, &key, &body);
            let answer = match &answered {
                Ok(response) if response.status < 300 => Answer::Done,
                Ok(response) if response.status < 500 => Answer::Refused,
                Ok(response) if response.status == 503 => Answer::Failed,
                Ok(_) => Answer::Unknown,
                Err(_) => Answer::Silent,
            };
            self.load.history().count(answer);
            match answered {
                Ok(response) if response.status < 500 => return Ok((node, response.status, response.json()?)),
                _ if start.elapsed() < SETTLED_WITHIN => thread::sleep(PAUSE),
                Ok(response) => bail!("{path} under token {token} at last: {} {}", response.status, response.text()),
                Err(error) => return Err(error.context(format!("{path} under token {token} at last"))),
            }
        }
    }

    /// A number below a bound (xorshift).
    fn roll(&mut self, below: usize) -> usize {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        usize::try_from(self.dice >> 33).unwrap_or(0) % below
    }
}

#[expect(clippy::disallowed_methods, reason = "how long a server is away is not the ledger's time")]
fn now() -> Instant {
    Instant::now()
}
