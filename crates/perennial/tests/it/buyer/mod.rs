//! The buyer's commands.

mod apply;
mod disk;
mod faults;
mod inventory;
mod kills;
mod paying;
mod providers;
mod resolve;
mod watch;
mod world;

use std::process::Command;

use perennial_testkit::{Env, Sandbox};
use serde_json::Value;
use tempfile::TempDir;

use crate::shop::Run;

/// When the rehearsals begin.
pub const NOW: &str = "2026-11-22T12:00:00Z";

/// Somebody with services at providers: a folder with a configuration, and the credentials in the environment.
pub struct Buyer {
    folder: TempDir,
    env: Env,
}

impl Buyer {
    /// An empty folder.
    pub fn nobody() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), env: Env::new() }
    }

    /// A configuration, and nothing yet read.
    pub fn with(config: &str) -> Self {
        let buyer = Self::nobody();
        buyer.write("perennial.toml", config);
        buyer
    }

    /// The four demo accounts of a sandbox, by the names of their APIs.
    pub fn of(sandbox: &Sandbox) -> Self {
        let config = format!("[store]\npath = \"perennial.db\"\n\n[rehearsal]\nsandbox = \"{}\"\n", sandbox.pages());
        let mut buyer = Self::with(&config);
        buyer.env = sandbox.env().unwrap();
        for (api, url) in urls(sandbox) {
            let account = format!("\n[provider.{api}]\napi = \"{api}\"\nurl = \"{url}\"\nvat = \"20\"\n");
            buyer.write("perennial.toml", &(buyer.config() + &account));
        }
        buyer
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// Writes a file into the folder.
    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// What the configuration says.
    pub fn config(&self) -> String {
        std::fs::read_to_string(self.path("perennial.toml")).unwrap()
    }

    /// A run in the folder. Of the environment it has the credentials and nothing that could lead elsewhere.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_perennial"));
        command
            .env_clear()
            .envs(&self.env)
            .env("HOME", self.path("home"))
            .env("PATH", std::env::var_os("PATH").unwrap());
        command.current_dir(self.folder.path()).args(args).stdin(std::process::Stdio::null());
        command
    }

    /// Runs `perennial`.
    pub fn run(&self, args: &[&str]) -> Run {
        Run::of(&self.command(args).output().unwrap())
    }

    /// Runs `perennial --json`, and reads the lines it prints.
    pub fn json(&self, args: &[&str]) -> Vec<Value> {
        let run = self.run(&[&["--json"], args].concat()).done();
        run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// Where the APIs of a sandbox are.
pub fn urls(sandbox: &Sandbox) -> [(&'static str, String); 4] {
    [
        ("ovh", format!("{}/1.0", sandbox.ovh())),
        ("vpsbg", format!("{}/v1", sandbox.vpsbg())),
        ("hostup", format!("{}/api/v2", sandbox.hostup())),
        ("aliyun", sandbox.aliyun()),
    ]
}

/// A sandbox that begins at [`NOW`].
pub fn sandbox() -> Sandbox {
    Sandbox::options(env!("CARGO_BIN_EXE_perennial")).now(NOW).arg("--no-schedule").start().unwrap()
}
