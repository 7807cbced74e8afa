//! A running `perennial serve`, waited for at its start and ended when dropped.

use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;

use anyhow::{Context, Result};

use crate::process;

/// A server that is ready.
#[derive(Debug)]
pub struct Server {
    child: Option<Child>,
    log: PathBuf,
}

impl Server {
    /// Starts a command that serves, with its output in the file `log`, and waits until `ready`, an `http://` URL, answers.
    ///
    /// # Errors
    /// When it ends or is not ready within a minute, with what it wrote.
    pub fn start(mut command: Command, ready: &str, log: PathBuf) -> Result<Self> {
        let file = std::fs::File::create(&log)?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        let child = command.spawn().context("starting the server")?;
        let mut server = Self { child: Some(child), log };
        let ready = process::wait_until_ready(server.child()?, ready);
        ready.with_context(|| format!("the server wrote:\n{}", server.log()))?;
        Ok(server)
    }

    fn child(&mut self) -> Result<&mut Child> {
        self.child.as_mut().context("the server is not running")
    }

    /// Asks the server to end, and does not wait for it.
    ///
    /// # Errors
    /// When it is not running.
    pub fn ask_to_end(&mut self) -> Result<()> {
        process::ask_to_end(self.child()?)
    }

    /// Sends the server a signal by its name, such as `STOP`.
    ///
    /// # Errors
    /// When it is not running.
    pub fn signal(&mut self, name: &str) -> Result<()> {
        process::signal(self.child()?, name)
    }

    /// Waits for the end and returns how it ended.
    ///
    /// # Errors
    /// When it is not running.
    pub fn wait_for_end(&mut self) -> Result<ExitStatus> {
        process::wait_for_end(&mut self.child.take().context("the server is not running")?)
    }

    /// Asks the server to end, and waits.
    ///
    /// # Errors
    /// When it is not running.
    pub fn stop(&mut self) -> Result<ExitStatus> {
        self.ask_to_end()?;
        self.wait_for_end()
    }

    /// Kills the server where it stands, as a power cut would.
    ///
    /// # Errors
    /// When it is not running.
    pub fn kill_hard(&mut self) -> Result<()> {
        let mut child = self.child.take().context("the server is not running")?;
        child.kill()?;
        child.wait()?;
        Ok(())
    }

    /// What the server wrote to its output and error streams.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.child.is_some() {
            drop(self.stop()); // nobody is left to tell
        }
        if thread::panicking() {
            eprintln!("the server wrote:\n{}", self.log());
        }
    }
}
