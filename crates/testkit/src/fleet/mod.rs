//! A fleet: several `perennial serve` on one PostgreSQL database, many clients that renew the same services from all
//! sides, and a check of the ledger against what they were told.
//!
//! Clients take any node for any request, and ask another one, with the same token, for as long as they do not know how
//! a request ended. So in the end each token is known to be done or refused, and the ledger must hold just that: one
//! paid order for each token that was told so, under that very number, and no other. What happens to the nodes and to
//! the database meanwhile is up to the test. The check reads the tables itself, and does not rely on their keys.
//!
//! ```no_run
//! # fn main() -> anyhow::Result<()> {
//! # let (program, url) = ("perennial", "postgres://perennial@127.0.0.1/ledger");
//! use perennial_testkit::Fleet;
//!
//! let mut fleet = Fleet::open(program, url, 16)?; // 16 services to renew
//! fleet.start(4)?;
//! let history = fleet.run(64, |load| {
//!     load.await_renewals(100)?;
//!     fleet.node(0).kill()?;
//!     load.await_renewals(100).map(drop)
//! })?;
//! println!("{}", fleet.check(&history)?);
//! # Ok(())
//! # }
//! ```

mod history;
mod ledger;
mod load;

use std::fmt::{self, Write as _};
use std::fs::{self, OpenOptions};
use std::panic;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;

pub use self::history::History;
pub use self::load::Load;

use self::ledger::Ledger;
use self::load::{Client, Over};
use crate::{Env, OvhClient, http, postgres, process, sandbox};

/// A shop whose services cost 4.31 EUR a month, tax included, and are paid so far ahead that no test grows old.
const SHOP: &str = r#"
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

[[products]]
code = "vps"
name = "VPS SSD 1"
kind = "server"
ahead_months_max = 0
prices = [{ period = "P1M", net = "3.59", currency = "EUR" }]
"#;

/// The first service; the others follow.
const FIRST: i64 = 2_001;

/// When each service is paid until at the start: the last day of a month.
const UNTIL: &str = "2099-01-31";

/// What one renewal costs, in cents.
const MONTH_MINOR: i64 = 431;

/// What the account has at the start, in whole euros: more than a night of renewals costs.
const BALANCE: i64 = 10_000_000;

/// A master key of no worth.
const MASTER_KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// Several nodes on one ledger.
#[derive(Debug)]
pub struct Fleet {
    program: PathBuf,
    folder: TempDir,
    url: String,
    services: i64,
    keys: Env,
    nodes: Vec<Node>,
}

/// One `perennial serve`; killed when dropped.
#[derive(Debug)]
pub struct Node {
    name: String,
    port: u16,
    log: PathBuf,
    child: Mutex<Child>,
}

impl Fleet {
    /// Makes a ledger with so many services in an empty database; no node is started. `program` is the binary, `url` what
    /// it and `psql` are given as the database.
    ///
    /// # Errors
    /// When the program does not make it.
    pub fn open(program: impl Into<PathBuf>, url: &str, services: i64) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let (program, url) = (program.into(), url.to_owned());
        let mut fleet = Self { program, folder, url, services, keys: Env::new(), nodes: Vec::new() };
        let mut shop = SHOP.to_owned();
        for id in fleet.ids() {
            write!(
                shop,
                "[[services]]\nid = {id}\nname = \"vps{id}.example.net\"\naccount = \"acme\"\nproduct = \"vps\"\n\
                 created = 2026-01-31\nuntil = {UNTIL}\nperiod = \"P1M\"\n"
            )?;
        }
        let file = fleet.folder.path().join("shop.toml");
        fs::write(&file, shop)?;
        fleet.perennial(&["import", &file.to_string_lossy()])?;
        fleet.perennial(&["balance", "credit", "acme", &BALANCE.to_string(), "--memo", "a start"])?;
        fleet.keys = fleet.issue_keys()?;
        Ok(fleet)
    }

    /// Starts so many more nodes, and waits until all of them are ready.
    ///
    /// # Errors
    /// When one does not start, with what it wrote.
    pub fn start(&mut self, nodes: usize) -> Result<()> {
        let before = self.nodes.len();
        for number in before..before + nodes {
            let (name, port) = (format!("node-{number}"), sandbox::free_ports()?);
            let log = self.folder.path().join(format!("{name}.log"));
            let node = Node { child: Mutex::new(self.spawn(&name, port, &log)?), name, port, log };
            self.nodes.push(node);
        }
        self.nodes[before..].iter().try_for_each(Node::wait)
    }

    /// A node, by its number, counted from 0 in the order of their start.
    ///
    /// # Panics
    /// When there are not so many.
    pub fn node(&self, number: usize) -> &Node {
        &self.nodes[number]
    }

    /// All nodes.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Starts a node that was killed or has stopped again, and waits until it is ready.
    ///
    /// # Errors
    /// When it does not start, with what it wrote.
    pub fn start_again(&self, number: usize) -> Result<()> {
        let node = self.node(number);
        *node.child() = self.spawn(&node.name, node.port, &node.log)?;
        node.wait()
    }

    /// Has so many clients renew until `nemesis` returns, and then until each knows how its last renewal ended; tells
    /// what they were told.
    ///
    /// # Errors
    /// When `nemesis` fails, or a client is told what it must not be, or does not get to know how a renewal ended.
    pub fn run(&self, clients: usize, nemesis: impl FnOnce(&Load) -> Result<()>) -> Result<History> {
        let history = History { done_by: vec![0; self.nodes.len()], ..History::default() };
        let load = &Load { history: Mutex::new(history), over: AtomicBool::new(false) };
        let failed = thread::scope(|scope| {
            let start = |number| scope.spawn(move || Client::of(self, load, number)?.renew_on());
            let clients: Vec<_> = (0..clients).map(start).collect();
            let done = {
                let _ends = Over(&load.over);
                nemesis(load)
            };
            let join = |client: thread::ScopedJoinHandle<'_, Result<()>>| {
                client.join().unwrap_or_else(|panicked| panic::resume_unwind(panicked))
            };
            let failed =
                clients.into_iter().map(join).chain([done]).filter_map(Result::err).map(|error| format!("{error:#}"));
            failed.collect::<Vec<_>>()
        });
        // One failure has others in its train, so only two are told: a client's, and what the test waited for.
        if let [first, others @ ..] = failed.as_slice() {
            let last = others.last().map(String::as_str).unwrap_or_default();
            bail!("{first}\n{last}\n{}\n{}", load.history(), self.logs());
        }
        Ok(load.history().clone())
    }

    /// Compares the ledger with what clients were told; nobody may be renewing. All that was told is there and nothing
    /// else, each term was sold once, and numbers and money add up.
    ///
    /// # Errors
    /// With all that is wrong.
    pub fn check(&self, history: &History) -> Result<Checked> {
        let mut wrong = Vec::new();
        let ledger = Ledger::read(&self.url, &mut wrong)?;
        ledger.check(history, &self.ids().collect::<Vec<_>>(), &mut wrong);
        if let Err(audit) = self.perennial(&["audit"]) {
            wrong.push(format!("{audit:#}"));
        }
        ensure!(
            wrong.is_empty(),
            "the ledger is not what clients were told ({history}):\n- {}\n{}",
            wrong.join("\n- "),
            self.logs()
        );
        Ok(Checked { renewals: ledger.paid.len(), history: history.to_string() })
    }

    /// Asks all nodes that run to end, and waits for them.
    ///
    /// # Errors
    /// When one does not end as it should.
    pub fn stop(&self) -> Result<()> {
        self.nodes.iter().try_for_each(Node::stop)
    }

    /// Runs statements in the ledger's database, as [`postgres::sql`] does.
    ///
    /// # Errors
    /// When one fails.
    pub fn sql(&self, statements: &str) -> Result<String> {
        postgres::sql(&self.url, statements)
    }

    /// A client of the account whose services are renewed, connected to a node.
    ///
    /// # Errors
    /// When its keys are not those of a client.
    pub fn client(&self, node: usize) -> Result<OvhClient> {
        let endpoint = ("OVH_ENDPOINT".to_owned(), format!("http://127.0.0.1:{}/1.0", self.node(node).port + 1));
        let env = self.keys.clone().into_iter().chain([endpoint]).collect();
        Ok(OvhClient::from_env(&env)?.at(unix_seconds()))
    }

    /// Runs `perennial` on the ledger; tells what it printed.
    ///
    /// # Errors
    /// When it fails, with what it wrote.
    pub fn perennial(&self, args: &[&str]) -> Result<String> {
        let done = self.command(args).env("PERENNIAL_DATABASE", &self.url).output()?;
        let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        ensure!(done.status.success(), "perennial {}: {}\n{out}{err}", args.join(" "), done.status);
        Ok(out.into_owned())
    }

    /// The numbers of the services.
    fn ids(&self) -> std::ops::Range<i64> {
        FIRST..FIRST + self.services
    }

    /// A run of the program, its environment clean.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PERENNIAL_")) {
            command.env_remove(name);
        }
        command.current_dir(self.folder.path()).args(args).stdin(Stdio::null());
        command.env("PERENNIAL_MASTER_KEY", MASTER_KEY);
        command
    }

    /// Starts a node, whose connections to the database bear its name.
    fn spawn(&self, name: &str, port: u16, log: &PathBuf) -> Result<Child> {
        let and = if self.url.contains('?') { '&' } else { '?' };
        let file = self.folder.path().join(format!("{name}.toml"));
        // Clients sign with the time at which they started.
        let config = format!(
            "[store]\nurl = \"{}{and}application_name={name}\"\n\
             [pages]\nlisten = \"127.0.0.1:{port}\"\npublic_url = \"http://127.0.0.1:{port}\"\n\
             [ovh]\nlisten = \"127.0.0.1:{}\"\nclock_window_s = 86400\n",
            self.url,
            port + 1
        );
        fs::write(&file, config)?;
        let log = OpenOptions::new().create(true).append(true).open(log)?;
        let mut command = self.command(&["serve", "--config", &file.to_string_lossy()]);
        command.stdout(Stdio::null()).stderr(log).spawn().with_context(|| format!("starting {name}"))
    }

    /// Keys that may do everything, as an environment without an endpoint.
    fn issue_keys(&self) -> Result<Env> {
        let issue = ["--json", "key", "issue", "--account", "acme", "--dialect", "ovh"];
        let issued = |more: &[&str]| -> Result<Value> {
            Ok(serde_json::from_str(&self.perennial(&[issue.as_slice(), more].concat())?)?)
        };
        let text = |of: &Value, name: &str| of[name].as_str().map(str::to_owned).with_context(|| format!("no {name}"));
        let application = issued(&[])?;
        let key = text(&application, "application_key")?;
        let rules = ["--kind", "consumer", "--application", &key, "--rule", "GET /*", "--rule", "POST /*"];
        let consumer = issued(&rules)?;
        Ok(Env::from([
            ("OVH_APPLICATION_SECRET".to_owned(), text(&application, "application_secret")?),
            ("OVH_CONSUMER_KEY".to_owned(), text(&consumer, "consumer_key")?),
            ("OVH_APPLICATION_KEY".to_owned(), key),
        ]))
    }

    /// The last lines that each node wrote.
    fn logs(&self) -> String {
        const LINES: usize = 12;
        let last = |node: &Node| {
            let log = node.log();
            let lines: Vec<_> = log.lines().collect();
            format!("{} wrote at last:\n{}", node.name, lines[lines.len().saturating_sub(LINES)..].join("\n"))
        };
        self.nodes.iter().map(last).collect::<Vec<_>>().join("\n")
    }
}

impl Node {
    /// What its connections to the database are named (`application_name`).
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Kills it where it stands, as a power cut would.
    ///
    /// # Errors
    /// When it is not running.
    pub fn kill(&self) -> Result<()> {
        let mut child = self.child();
        child.kill()?;
        let status = child.wait()?;
        ensure!(!status.success(), "{} had ended before: {status}", self.name);
        Ok(())
    }

    /// Stops it in the middle of whatever it does (SIGSTOP), until [`Node::resume`].
    ///
    /// # Errors
    /// When it is not running.
    pub fn pause(&self) -> Result<()> {
        process::signal(&self.child(), "STOP")
    }

    /// Lets it go on after [`Node::pause`].
    ///
    /// # Errors
    /// When it is not running.
    pub fn resume(&self) -> Result<()> {
        process::signal(&self.child(), "CONT")
    }

    /// Asks it to end, and waits. One that was killed has ended.
    fn stop(&self) -> Result<()> {
        let mut child = self.child();
        if child.try_wait()?.is_none() {
            process::ask_to_end(&child)?;
            let status = process::wait_for_end(&mut child)?;
            ensure!(status.success(), "{}: {status}\n{}", self.name, self.log());
        }
        Ok(())
    }

    /// What it wrote, over all its runs.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits until it is ready.
    ///
    /// # Errors
    /// When it ends or is not ready within a minute, with what it wrote.
    pub fn wait(&self) -> Result<()> {
        let ready = process::wait_until_ready(&mut self.child(), &format!("http://127.0.0.1:{}/readyz", self.port));
        ready.with_context(|| format!("{} wrote:\n{}", self.name, self.log()))
    }

    /// The status of `/readyz` now.
    ///
    /// # Errors
    /// When nobody answers.
    pub fn readiness(&self) -> Result<u16> {
        Ok(http::get(&format!("http://127.0.0.1:{}/readyz", self.port))?.status)
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let child = self.child.get_mut().unwrap_or_else(PoisonError::into_inner);
        drop(child.kill()); // it may have ended
        drop(child.wait());
    }
}

/// What was found to be right.
#[derive(Clone, Debug)]
pub struct Checked {
    /// Renewals in the ledger.
    pub renewals: usize,
    history: String,
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} renewals, as told; {}", self.renewals, self.history)
    }
}

#[expect(clippy::disallowed_methods, reason = "the servers' clock is this machine's")]
fn unix_seconds() -> i64 {
    jiff::Timestamp::now().as_second()
}
