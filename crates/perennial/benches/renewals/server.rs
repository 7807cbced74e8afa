//! The server under test: the release binary, `perennial serve`, on its own copy of the ledger.

use std::ffi::OsStr;
use std::io::Read;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use perennial_engine::clock::Stopwatch;
use perennial_testkit::http;
use serde_json::Value;

use crate::load::{Keys, Voice};
use crate::world::{ACCOUNTS, account_code};

const BINARY: &str = env!("CARGO_BIN_EXE_perennial");
const MASTER_KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// Where a ledger is.
#[derive(Clone, Debug)]
pub enum Ledger {
    /// In a file of SQLite's.
    File(PathBuf),
    /// In a PostgreSQL database, by its URL.
    Database(String),
}

impl Ledger {
    /// What the command line takes.
    fn argument(&self) -> &OsStr {
        match self {
            Self::File(path) => path.as_os_str(),
            Self::Database(url) => OsStr::new(url),
        }
    }

    /// What the configuration says.
    fn setting(&self) -> String {
        match self {
            Self::File(path) => format!("path = {:?}", path.display().to_string()),
            Self::Database(url) => format!("url = {url:?}"),
        }
    }
}

/// A running server.
pub struct Server {
    child: Child,
    ports: [u16; 4],
    pages: String,
    /// From the start of the process to the first answer.
    pub start: Duration,
}

/// Whether the server groups commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commits {
    /// As always.
    Grouped,
    /// One a command.
    Single,
}

impl Server {
    /// Starts the server on a ledger; the folder is for what it reads and writes besides.
    pub fn start(folder: &Path, ledger: &Ledger, commits: Commits) -> Result<Self> {
        let pages = free_port()?;
        let ports = [free_port()?, free_port()?, free_port()?, free_port()?];
        let [ovh, vpsbg, hostup, aliyun] = ports;
        let group = commits == Commits::Grouped;
        let ledger = ledger.setting();
        let config = format!(
            "[store]\n{ledger}\ngroup_commit = {group}\n\n[pages]\nlisten = \"127.0.0.1:{pages}\"\n\
             public_url = \"http://127.0.0.1:{pages}\"\n\n[ovh]\nlisten = \"127.0.0.1:{ovh}\"\n\
             public_url = \"http://127.0.0.1:{ovh}\"\nclock_window_s = 3600\n\n[vpsbg]\nlisten = \"127.0.0.1:{vpsbg}\"\n\n\
             [hostup]\nlisten = \"127.0.0.1:{hostup}\"\n\n[aliyun]\nlisten = \"127.0.0.1:{aliyun}\"\n\
             clock_window_s = 3600\n"
        );
        let file = folder.join("perennial.toml");
        std::fs::write(&file, config)?;
        let log = std::fs::File::create(folder.join("log"))?;
        let watch = Stopwatch::start();
        let child = Command::new(BINARY)
            .args(["serve", "--config"])
            .arg(&file)
            .env("PERENNIAL_MASTER_KEY", MASTER_KEY)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()?;
        let pages = format!("http://127.0.0.1:{pages}");
        let url = format!("{pages}/readyz");
        let server = Self { child, ports, pages, start: Duration::ZERO };
        while !http::get(&url).is_ok_and(|answer| answer.status == 200) {
            ensure!(watch.elapsed() < Duration::from_secs(20), "the server did not start; see its log");
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(Self { start: watch.elapsed(), ..server })
    }

    /// `host:port` of a dialect.
    pub fn address(&self, voice: Voice) -> String {
        let [ovh, vpsbg, hostup, aliyun] = self.ports;
        let port = match voice {
            Voice::Ovh => ovh,
            Voice::Vpsbg => vpsbg,
            Voice::HostUp => hostup,
            Voice::Aliyun => aliyun,
        };
        format!("127.0.0.1:{port}")
    }

    /// What the server measured of its lane.
    pub fn metrics(&self) -> Result<String> {
        let text = http::get(&format!("{}/metrics", self.pages))?.text();
        Ok(text.lines().filter(|line| line.starts_with("perennial_lane")).collect::<Vec<_>>().join("\n"))
    }

    /// Resident memory in kB.
    pub fn rss_kb(&self) -> Result<u64> {
        crate::machine::rss_kb(&self.child.id().to_string())
    }

    /// Ends the server at once, as a power cut would end it.
    pub fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks the server to end, and waits for it.
    pub fn stop(mut self) -> Result<()> {
        Command::new("kill").arg(self.child.id().to_string()).status()?;
        let status = self.child.wait()?;
        ensure!(status.success(), "the server ended with {status}");
        Ok(())
    }
}

/// Runs a command of the binary on a ledger; its result, a JSON document a line.
pub fn perennial(ledger: &Ledger, arguments: &[&str]) -> Result<Vec<Value>> {
    let mut child = Command::new(BINARY)
        .args(arguments)
        .arg("--json")
        .arg("--database")
        .arg(ledger.argument())
        .env("PERENNIAL_MASTER_KEY", MASTER_KEY)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()?;
    let mut text = String::new();
    child.stdout.take().context("was piped")?.read_to_string(&mut text)?;
    let status = child.wait()?;
    ensure!(status.success(), "`perennial {}` ended with {status}: {text}", arguments.join(" "));
    text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

/// Makes one application and a consumer key for each account.
pub fn keys(ledger: &Ledger) -> Result<Vec<Keys>> {
    let field = |value: &Value, name: &str| {
        value[name].as_str().map(str::to_owned).with_context(|| format!("`{name}` is missing in {value}"))
    };
    let issue_for = |dialect: &str, arguments: &[&str]| -> Result<Value> {
        let issued = perennial(ledger, &[&["key", "issue", "--dialect", dialect], arguments].concat())?;
        issued.into_iter().next().context("a key was issued")
    };
    let issue = |arguments: &[&str]| issue_for("ovh", arguments);
    let owner = account_code(1);
    let application = issue(&["--account", &owner, "--kind", "application", "--name", "bench"])?;
    let (application_key, application_secret) =
        (field(&application, "application_key")?, field(&application, "application_secret")?);
    (1..=ACCOUNTS)
        .map(|account| {
            let code = account_code(account);
            let consumer = issue(&[
                "--account",
                &code,
                "--kind",
                "consumer",
                "--application",
                &application_key,
                "--rule",
                "GET /*",
                "--rule",
                "POST /*",
            ])?;
            let client = issue(&["--account", &code, "--kind", "oauth2", "--name", "bench"])?;
            let token = |dialect| field(&issue_for(dialect, &["--account", &code])?, "token");
            let access_key = issue_for("aliyun", &["--account", &code])?;
            let aliyun = (field(&access_key, "access_key_id")?, field(&access_key, "access_key_secret")?);
            Ok(Keys {
                application_key: application_key.clone(),
                application_secret: application_secret.clone(),
                consumer_key: field(&consumer, "consumer_key")?,
                bearer: Some(format!("{}:{}", field(&client, "client_id")?, field(&client, "client_secret")?)),
                vpsbg: token("vpsbg")?,
                hostup: token("hostup")?,
                aliyun,
            })
        })
        .collect()
}

/// Trades each account's client for a token. Until then `bearer` holds the client itself, `id:secret`.
pub fn log_in(server: &Server, keys: &[Keys]) -> Result<Vec<Keys>> {
    keys.iter()
        .map(|held| {
            let client = held.bearer.as_deref().unwrap_or_default();
            let (id, secret) = client.split_once(':').context("a client is id:secret")?;
            let form = format!("grant_type=client_credentials&scope=all&client_id={id}&client_secret={secret}");
            let url = format!("http://{}/auth/oauth2/token", server.address(Voice::Ovh));
            let headers = [("Content-Type", "application/x-www-form-urlencoded")];
            let answer = http::send("POST", &url, &headers, form.as_bytes())?.json()?;
            let bearer = answer["access_token"].as_str().context("a token was issued")?.to_owned();
            Ok(Keys { bearer: Some(bearer), ..held.clone() })
        })
        .collect()
}

/// A fresh copy of a ledger's file in a folder of its own.
pub fn copy(from: &Path, to: &Path) -> Result<PathBuf> {
    if to.exists() {
        std::fs::remove_dir_all(to)?;
    }
    std::fs::create_dir_all(to)?;
    std::fs::copy(from, to.join("ledger.db"))?;
    Ok(to.join("ledger.db"))
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
