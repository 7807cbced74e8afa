//! A real mail server (`aiosmtpd`): keeps what it takes, and refuses what it is told to refuse.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{clients, process};

/// A mail server on a port of its own, with what it took. It ends when it is dropped.
#[derive(Debug)]
pub struct MailServer {
    folder: TempDir,
    port: u16,
    identity: Option<(PathBuf, PathBuf)>,
    child: Option<Child>,
}

impl MailServer {
    /// A server that does not run yet: whoever calls it is turned away.
    ///
    /// # Errors
    /// When there is no folder or port for it.
    pub fn down() -> Result<Self> {
        let folder = tempfile::tempdir().context("making a folder for mails")?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        Ok(Self { folder, port, identity: None, child: None })
    }

    /// A server that runs.
    ///
    /// # Errors
    /// As [`Self::down`] and [`Self::start`].
    pub fn up() -> Result<Self> {
        let mut server = Self::down()?;
        server.start()?;
        Ok(server)
    }

    /// A server that runs and speaks TLS from the first byte, with this certificate and key; it wants the user `shop` with
    /// the password `hunter2`.
    ///
    /// # Errors
    /// As [`Self::up`].
    pub fn secure(certificate: &Path, key: &Path) -> Result<Self> {
        let mut server = Self::down()?;
        server.identity = Some((certificate.to_owned(), key.to_owned()));
        server.start()?;
        Ok(server)
    }

    /// Starts it, and waits until it listens.
    ///
    /// # Errors
    /// When it is not installed, ends, or does not listen within a minute.
    pub fn start(&mut self) -> Result<()> {
        let script = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests-clients/python/mail_server.py"));
        let mut command = Command::new(clients::installed("venv/bin/python")?);
        command.arg("-B").arg(script).arg(self.port.to_string()).arg(self.folder.path());
        command.args(self.identity.iter().flat_map(|(certificate, key)| [certificate, key]));
        let mut child = command.stdin(Stdio::null()).spawn().context("starting the mail server")?;
        let port = self.port;
        let listening = process::until("the mail server", || {
            ensure!(child.try_wait()?.is_none(), "the mail server ended");
            Ok(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok())
        });
        self.child = Some(child);
        listening.map(drop)
    }

    /// Its port on `127.0.0.1`.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Says what becomes of the next mails to addresses that contain the first part: see `mail_server.py`.
    ///
    /// # Errors
    /// When that cannot be written.
    pub fn rule(&self, rules: &[(&str, &str)]) -> Result<()> {
        let rules: Vec<_> = rules.iter().map(|(to, act)| json!({ "to": to, "do": act })).collect();
        let partial = self.folder.path().join("rules.partial");
        std::fs::write(&partial, Value::from(rules).to_string())?;
        std::fs::rename(partial, self.folder.path().join("rules.json")).context("setting the rules")
    }

    /// What it took so far, in order.
    ///
    /// # Errors
    /// When that cannot be read.
    pub fn mails(&self) -> Result<Vec<Value>> {
        let mut files = Vec::new();
        for file in std::fs::read_dir(self.folder.path())? {
            let path = file?.path();
            if path.extension().is_some_and(|end| end == "json") && !path.ends_with("rules.json") {
                files.push(path);
            }
        }
        files.sort();
        files.iter().map(|file| Ok(serde_json::from_str(&std::fs::read_to_string(file)?)?)).collect()
    }

    /// Waits until it took so many, and tells all.
    ///
    /// # Errors
    /// When it did not within a minute.
    pub fn wait_for(&self, count: usize) -> Result<Vec<Value>> {
        process::until(&format!("{count} mails"), || Ok(Some(self.mails()?).filter(|mails| mails.len() >= count)))
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            drop(child.kill()); // nobody is left to tell
            drop(child.wait());
        }
    }
}
