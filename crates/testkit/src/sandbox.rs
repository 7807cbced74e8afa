//! A `perennial sandbox` process of a test's own: started on free ports, waited for, stopped when dropped.

use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{Env, http, process};

/// How many neighbouring ports a sandbox listens on.
const PORTS: u16 = 5;
/// Blocks of ports to try are taken from here, below the ports that systems give to outgoing connections.
const FIRST_PORT: u16 = 20_000;
const BLOCKS: u32 = 2_000;

/// A running sandbox, with a directory of its own for its data.
#[derive(Debug)]
pub struct Sandbox {
    options: Options,
    port_base: u16,
    home: TempDir,
    env: Env,
    child: Option<Child>,
}

/// How a sandbox is to be started.
#[derive(Clone, Debug)]
pub struct Options {
    binary: PathBuf,
    now: Option<String>,
    tls: bool,
    more: Vec<OsString>,
}

impl Options {
    /// Starts the clock at this instant (`2026-11-22T00:00:00Z`).
    #[must_use]
    pub fn now(mut self, instant: &str) -> Self {
        self.now = Some(instant.to_owned());
        self
    }

    /// Serves the four dialects over TLS; see [`Sandbox::ca_file`].
    #[must_use]
    pub fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// Adds an argument, such as `--seed-services` and its number.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.more.push(argument.as_ref().to_owned());
        self
    }

    /// Starts the sandbox and waits until it is ready.
    ///
    /// # Errors
    /// When no ports are free, or the process ends or is not ready within a minute, with what it wrote.
    pub fn start(self) -> Result<Sandbox> {
        let home = tempfile::tempdir().context("making a directory for the sandbox")?;
        let mut sandbox = Sandbox { options: self, port_base: 0, home, env: Env::new(), child: None };
        // Another process may take a port between the look and the start; then other ports will do.
        for _ in 0..5 {
            sandbox.port_base = free_ports()?;
            match sandbox.run() {
                Err(error) if format!("{error:#}").contains("in use") => {}
                started => return started.map(|()| sandbox),
            }
        }
        bail!("five times, the ports found free were taken before the sandbox had them")
    }
}

impl Sandbox {
    /// Starts `binary` as a sandbox with nothing but its defaults, and waits until it is ready.
    ///
    /// # Errors
    /// As [`Options::start`].
    pub fn start(binary: impl Into<PathBuf>) -> Result<Self> {
        Self::options(binary).start()
    }

    /// Returns options to change before the start.
    pub fn options(binary: impl Into<PathBuf>) -> Options {
        Options { binary: binary.into(), now: None, tls: false, more: Vec::new() }
    }

    /// Returns the first of the five ports.
    pub fn port_base(&self) -> u16 {
        self.port_base
    }

    /// Returns the address of the pages and the control API, `http://127.0.0.1:PORT`.
    pub fn pages(&self) -> String {
        format!("http://127.0.0.1:{}", self.port_base)
    }

    /// Returns the origin of the OVH dialect, without `/1.0`.
    pub fn ovh(&self) -> String {
        self.dialect(1)
    }

    /// Returns the origin of the VPSBG dialect, without `/v1`.
    pub fn vpsbg(&self) -> String {
        self.dialect(2)
    }

    /// Returns the origin of the `HostUp` dialect, without `/api/v2`.
    pub fn hostup(&self) -> String {
        self.dialect(3)
    }

    /// Returns the origin of the Alibaba Cloud dialect; its path is `/` always.
    pub fn aliyun(&self) -> String {
        self.dialect(4)
    }

    fn dialect(&self, offset: u16) -> String {
        let scheme = if self.options.tls { "https" } else { "http" };
        format!("{scheme}://127.0.0.1:{}", self.port_base + offset)
    }

    /// Returns the directory given as `--data`.
    pub fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    /// Returns the certificate of the authority that signed the TLS listeners', if they speak TLS.
    pub fn ca_file(&self) -> Option<PathBuf> {
        self.options.tls.then(|| self.tls_dir().join("ca.pem"))
    }

    fn tls_dir(&self) -> PathBuf {
        self.home.path().join("tls")
    }

    /// Returns the process's number.
    ///
    /// # Panics
    /// When the sandbox is not running.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("the sandbox is running").id()
    }

    /// Returns all that the sandbox has written to its output and error streams, over all its runs.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn log_file(&self) -> PathBuf {
        self.home.path().join("log")
    }

    /// Returns what `perennial sandbox --print-env` prints for these ports.
    ///
    /// With TLS there is also what makes Python's and Node's clients trust the sandbox.
    ///
    /// # Errors
    /// When the command fails or prints anything else than `export` lines.
    pub fn env(&self) -> Result<Env> {
        let mut command = Command::new(&self.options.binary);
        command.args(["sandbox", "--print-env"]).args(self.listening()).stdin(Stdio::null());
        let done = command.output().context("starting perennial sandbox --print-env")?;
        ensure!(done.status.success(), "sandbox --print-env: {}", String::from_utf8_lossy(&done.stderr));
        let mut env = parse_exports(&String::from_utf8(done.stdout)?)?;
        if let Some(ca_file) = self.ca_file() {
            let ca_file = ca_file.to_string_lossy().into_owned();
            env.insert("NODE_EXTRA_CA_CERTS".to_owned(), ca_file.clone());
            env.insert("REQUESTS_CA_BUNDLE".to_owned(), ca_file);
        }
        Ok(env)
    }

    /// Moves the sandbox's clock on by a span such as `P40D`.
    ///
    /// # Errors
    /// When the control API refuses.
    pub fn advance(&self, span: &str) -> Result<Value> {
        self.control("clock", &json!({ "advance": span }))
    }

    /// Sets the sandbox's clock to an instant such as `2027-01-01T00:00:00Z`.
    ///
    /// # Errors
    /// When the control API refuses.
    pub fn set_clock(&self, instant: &str) -> Result<Value> {
        self.control("clock", &json!({ "now": instant }))
    }

    /// Arms a fault for the next `count` calls of this operation.
    ///
    /// # Errors
    /// When the control API refuses.
    pub fn arm(&self, provider: &str, operation: &str, fault: &str, count: u32) -> Result<Value> {
        let body = json!({ "provider": provider, "operation": operation, "fault": fault, "count": count });
        self.control("faults", &body)
    }

    /// Returns the truth that the sandbox keeps about itself, for comparison.
    ///
    /// # Errors
    /// When the control API refuses.
    pub fn ledger(&self) -> Result<Value> {
        let response = http::get(&format!("{}/_sandbox/ledger", self.pages()))?;
        ensure!(response.status == 200, "/_sandbox/ledger: {} {}", response.status, response.text());
        response.json()
    }

    fn control(&self, what: &str, body: &Value) -> Result<Value> {
        let response = http::post_json(&format!("{}/_sandbox/{what}", self.pages()), body)?;
        ensure!((200..300).contains(&response.status), "/_sandbox/{what}: {} {}", response.status, response.text());
        response.json()
    }

    /// Asks the process to end, waits, and returns how it ended.
    ///
    /// # Errors
    /// When the process cannot be signalled or waited for.
    pub fn stop(&mut self) -> Result<ExitStatus> {
        self.ask_to_end()?;
        self.wait_for_end()
    }

    /// Asks the process to end, and does not wait for it.
    ///
    /// # Errors
    /// When the process is not running.
    pub fn ask_to_end(&self) -> Result<()> {
        process::ask_to_end(self.child.as_ref().context("the sandbox is not running")?)
    }

    /// Waits for the end of the process and returns how it ended; after a minute it is killed.
    ///
    /// # Errors
    /// When the process is not running.
    pub fn wait_for_end(&mut self) -> Result<ExitStatus> {
        process::wait_for_end(&mut self.child.take().context("the sandbox is not running")?)
    }

    /// Kills the process where it stands, as a power cut would.
    ///
    /// # Errors
    /// When the process is not running.
    pub fn kill_hard(&mut self) -> Result<()> {
        let mut child = self.child.take().context("the sandbox is not running")?;
        child.kill()?;
        child.wait()?;
        Ok(())
    }

    /// Sets these variables beside the test's own for all starts from now on.
    pub fn set_env(&mut self, env: Env) {
        self.env = env;
    }

    /// Starts the sandbox again on the same data and ports with the same options, stopping it first if it runs.
    ///
    /// # Errors
    /// As [`Options::start`].
    pub fn restart(&mut self) -> Result<()> {
        if self.child.is_some() {
            self.stop()?;
        }
        self.run()
    }

    /// Starts the sandbox again as [`Sandbox::restart`] does, with its clock at this instant.
    ///
    /// # Errors
    /// As [`Options::start`].
    pub fn restart_at(&mut self, instant: &str) -> Result<()> {
        self.options.now = Some(instant.to_owned());
        self.restart()
    }

    fn run(&mut self) -> Result<()> {
        let log = OpenOptions::new().create(true).append(true).open(self.log_file())?;
        let written_before = log.metadata()?.len();
        self.child = Some(self.spawn(log)?);
        let ready = self.wait_until_ready();
        if ready.is_err() {
            drop(self.kill_hard()); // it may have ended by itself
        }
        ready.with_context(|| {
            let said = self.log();
            format!("the sandbox wrote:\n{}", said.get(usize::try_from(written_before).unwrap_or(0)..).unwrap_or(&said))
        })
    }

    fn spawn(&self, log: File) -> Result<Child> {
        let mut command = Command::new(&self.options.binary);
        command.arg("sandbox").args(self.listening()).arg("--data").arg(self.data());
        if let Some(instant) = &self.options.now {
            command.args(["--now", instant]);
        }
        command.args(&self.options.more).envs(&self.env).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        command.spawn().with_context(|| format!("starting {}", self.options.binary.display()))
    }

    /// Returns the arguments that say where to listen.
    fn listening(&self) -> Vec<OsString> {
        let mut arguments = vec!["--port-base".into(), self.port_base.to_string().into()];
        if self.options.tls {
            arguments.extend(["--tls".into(), self.tls_dir().into()]);
        }
        arguments
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let url = format!("{}/readyz", self.pages());
        process::wait_until_ready(self.child.as_mut().context("the sandbox was not started")?, &url)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if self.child.is_some() {
            drop(self.stop()); // nobody is left to tell
        }
        if thread::panicking() {
            eprintln!("the sandbox wrote:\n{}", self.log());
        }
    }
}

/// Finds five neighbouring ports on which nothing listens; no two calls in one process look at the same ones.
///
/// # Errors
/// When there are none.
pub fn free_ports() -> Result<u16> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    for _ in 0..BLOCKS {
        // Test binaries run at the same time, so each begins somewhere else.
        let block = std::process::id().wrapping_mul(61).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % BLOCKS;
        let base = FIRST_PORT + u16::try_from(block)? * PORTS;
        // Held together, so that one port is not counted for two.
        let held: Result<Vec<_>, _> =
            (base..base + PORTS).map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port))).collect();
        if held.is_ok() {
            return Ok(base);
        }
    }
    bail!("no five neighbouring ports are free from {FIRST_PORT} on")
}

/// Parses `export NAME=value` lines, with the value bare or in quotes; comments and empty lines are skipped.
fn parse_exports(text: &str) -> Result<Env> {
    let mut env = Env::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let assignment = line.strip_prefix("export ").with_context(|| format!("not an export line: {line}"))?;
        let (name, value) = assignment.split_once('=').with_context(|| format!("not an assignment: {line}"))?;
        let bare = ['\'', '"'].iter().find_map(|&quote| value.strip_prefix(quote)?.strip_suffix(quote));
        env.insert(name.to_owned(), bare.unwrap_or(value).to_owned());
    }
    Ok(env)
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;

    use super::*;

    #[test]
    fn export_lines_give_names_and_values() {
        let env = parse_exports("# demo\nexport A=b\n\nexport C='d e'\nexport F=\"g=h\"\nexport I=\n").unwrap();
        let pairs: Vec<_> = env.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(pairs, [("A", "b"), ("C", "d e"), ("F", "g=h"), ("I", "")]);
        assert!(parse_exports("A=b").is_err());
        assert!(parse_exports("export A").is_err());
    }

    #[test]
    fn no_two_sandboxes_are_given_the_same_ports() {
        let (one, other) = (free_ports().unwrap(), free_ports().unwrap());
        assert_ne!(one, other);
        assert_eq!((one % PORTS, other % PORTS), (0, 0));
    }

    /// A sandbox whose process is no sandbox but can be ended like one.
    fn asleep() -> Sandbox {
        let child = Command::new("sleep").arg("60").spawn().unwrap();
        let home = tempfile::tempdir().unwrap();
        Sandbox { options: Sandbox::options("sleep"), port_base: FIRST_PORT, home, env: Env::new(), child: Some(child) }
    }

    #[test]
    fn a_process_is_asked_to_end_before_it_is_killed() {
        assert_eq!(asleep().stop().unwrap().signal(), Some(15));
        let mut killed = asleep();
        killed.kill_hard().unwrap();
        assert!(killed.kill_hard().is_err() && killed.stop().is_err(), "what has ended cannot be ended again");
    }

    #[test]
    fn a_dropped_sandbox_leaves_no_process_and_no_files() {
        let sandbox = asleep();
        let (pid, home) = (sandbox.pid(), sandbox.home.path().to_owned());
        drop(sandbox);
        assert!(!std::path::Path::new(&format!("/proc/{pid}/exe")).exists());
        assert!(!home.exists());
    }

    #[test]
    fn addresses_follow_from_the_first_port() {
        let mut sandbox = asleep();
        assert_eq!(sandbox.pages(), "http://127.0.0.1:20000");
        assert_eq!((sandbox.ovh(), sandbox.ca_file()), ("http://127.0.0.1:20001".to_owned(), None));
        sandbox.options.tls = true;
        assert_eq!(sandbox.aliyun(), "https://127.0.0.1:20004");
        assert_eq!(sandbox.ca_file(), Some(sandbox.home.path().join("tls/ca.pem")));
    }

    #[test]
    fn a_start_that_fails_tells_what_was_written() {
        let error = Sandbox::start("false").unwrap_err();
        assert!(format!("{error:#}").contains("ended at its start"), "{error:#}");
        let error = Sandbox::start("/no/such/binary").unwrap_err();
        assert!(format!("{error:#}").contains("/no/such/binary"), "{error:#}");
    }
}
