//! The buyer, as a command opens it: configuration, ledger, lane, and the accounts that are called.

mod account;
pub mod applying;
pub mod credentials;
pub mod document;
pub mod ending;
pub mod evidence;
#[cfg(test)]
pub mod example;
pub mod filed;
pub mod forecast;
pub mod http;
pub mod plan_file;
pub mod planning;
pub mod progress;
pub mod reading;
pub mod reconcile;
pub mod rehearsal;
pub mod service;
pub mod telling;
pub mod wait;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, anyhow};
use perennial_core::buyer::holding::ProviderName;
use perennial_core::buyer::policy::Policy;
use perennial_core::buyer::remote::Remote;
use perennial_core::ports::Clock;
use perennial_engine::buyer::{Buyer, Parts, Worker};
use perennial_engine::clock::{MonotonicTimer, MovableClock, SystemClock};
use perennial_engine::lane::{self, Grouping};
use perennial_providers::call::CallPorts;
use tokio::runtime::Runtime;

use crate::command::{Global, Misuse};
use crate::config::buyer::{BuyerConfig, ProviderConfig};
use crate::config::{Config, Half};
use crate::ledger::{hint_nearest, named};
use crate::output;
use crate::store::{Address, Opened, Reader};

/// Accounts as they are called, by the names that we gave them.
pub type Remotes = BTreeMap<ProviderName, Arc<dyn Remote>>;

/// The configuration's name, wherever it is.
const FILE: &str = "perennial.toml";

/// What a command of the buyer's stands on, before anything was opened.
pub struct Office {
    file: PathBuf,
    config: BuyerConfig,
    address: Option<Address>,
    runtime: Runtime,
    clock: Arc<dyn Clock>,
    /// The same, where it is a sandbox's.
    rehearsed: Option<Arc<MovableClock>>,
}

/// The file that the command line or the environment names; else `./perennial.toml`; else the one in the user's
/// configuration folder.
pub fn file(global: &Global) -> PathBuf {
    if let Some(file) = &global.config {
        return file.clone();
    }
    let here = PathBuf::from(FILE);
    let users = users_file().filter(|users| !here.exists() && users.exists());
    users.unwrap_or(here)
}

/// `$XDG_CONFIG_HOME/perennial/perennial.toml`, by default below `~/.config`.
fn users_file() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = variable("XDG_CONFIG_HOME").or_else(|| Some(variable("HOME")?.join(".config")))?;
    Some(folder.join("perennial").join(FILE))
}

impl Office {
    /// Reads the configuration, and the sandbox's clock where it is for a rehearsal.
    ///
    /// # Errors
    /// What is wrong with the file; when the sandbox does not answer.
    pub fn open(global: &Global) -> anyhow::Result<Self> {
        Self::open_unless(global, Err)
    }

    /// The same for commands that only read the ledger: where the sandbox does not answer, they go by this machine's clock,
    /// and say so.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn open_to_read(global: &Global) -> anyhow::Result<Self> {
        Self::open_unless(global, |error| {
            let why = output::in_one_line(&error);
            output::note(&format!("warning: times are by this machine's clock, as the sandbox's is not known: {why}"));
            Ok(())
        })
    }

    fn open_unless(
        global: &Global,
        when_silent: impl FnOnce(anyhow::Error) -> anyhow::Result<()>,
    ) -> anyhow::Result<Self> {
        let file = file(global);
        let Config { store, buyer: config, .. } = Config::read(&file, Half::Buyer)?;
        let address = global.database.clone().or(store.address);
        let runtime =
            tokio::runtime::Builder::new_multi_thread().enable_all().build().context("starting the runtime")?;
        let asked = config.rehearsal.as_ref().map(|sandbox| runtime.block_on(rehearsal::clock(sandbox)));
        let rehearsed = match asked {
            Some(Ok(clock)) => Some(Arc::new(clock)),
            Some(Err(error)) => when_silent(error).map(|()| None)?,
            None => None,
        };
        let clock = match &rehearsed {
            Some(clock) => Arc::clone(clock) as Arc<dyn Clock>,
            None => Arc::new(SystemClock),
        };
        Ok(Self { file, config, address, runtime, clock, rehearsed })
    }

    /// Sets the clock by the sandbox's again, which may have been moved meanwhile.
    ///
    /// # Errors
    /// When the sandbox does not answer.
    pub async fn follow_clock(&self) -> anyhow::Result<()> {
        match (&self.config.rehearsal, &self.rehearsed) {
            (Some(sandbox), Some(clock)) => rehearsal::follow(sandbox, clock).await,
            _ => Ok(()),
        }
    }

    /// The file that was read.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// What was decided.
    pub const fn policy(&self) -> &Policy {
        &self.config.policy
    }

    /// All accounts.
    pub const fn providers(&self) -> &BTreeMap<ProviderName, ProviderConfig> {
        &self.config.providers
    }

    /// The time: that of the sandbox that is rehearsed against, or the real one.
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    /// The accounts with these names; all of them where none is named.
    ///
    /// # Errors
    /// [`Misuse`] when there is none of a name, with the names that look alike; when there are none at all.
    pub fn named(&self, names: &[String]) -> anyhow::Result<Vec<ProviderName>> {
        if self.config.providers.is_empty() {
            let hint = "hint: `perennial provider add NAME --api API` adds one";
            return Err(anyhow!("{} has no account at any provider\n{hint}", self.file.display()));
        }
        if names.is_empty() {
            return Ok(self.config.providers.keys().cloned().collect());
        }
        let mut found: Vec<ProviderName> = Vec::new();
        for name in names {
            let known = self.config.providers.keys().find(|known| known.as_str() == name).ok_or_else(|| {
                let all = self.config.providers.keys().map(ToString::to_string);
                Misuse(format!("there is no provider `{name}` in {}{}", self.file.display(), hint_nearest(name, all)))
            })?;
            if !found.contains(known) {
                found.push(known.clone());
            }
        }
        Ok(found)
    }

    /// What the ledger is called, without its password: the whole path of a file.
    ///
    /// # Errors
    /// When none is named.
    pub fn ledger(&self) -> anyhow::Result<String> {
        let address = named(self.address.clone())?;
        Ok(match &address {
            Address::File(path) => std::path::absolute(path).unwrap_or_else(|_| path.clone()).display().to_string(),
            Address::Postgres(_) => address.to_string(),
        })
    }

    /// The ledger, for reading. Made where it is missing.
    ///
    /// # Errors
    /// When none is named, or it cannot be had.
    pub fn books(&self) -> anyhow::Result<Reader> {
        let address = named(self.address.clone())?;
        if let Address::File(path) = &address
            && path.exists()
        {
            return address.reader();
        }
        Ok(address.open()?.books)
    }

    /// The ledger for reading, if there is one.
    ///
    /// # Errors
    /// When it cannot be had.
    pub fn books_if_there(&self) -> anyhow::Result<Option<Reader>> {
        match &self.address {
            Some(Address::File(path)) if !path.exists() => Ok(None),
            None => Ok(None),
            Some(address) => address.reader().map(Some),
        }
    }

    /// Warns of accounts on this machine where no sandbox's clock is followed: what is due there would be told by another
    /// time than theirs.
    pub fn warn_of_clock<'a>(&self, accounts: impl Iterator<Item = (&'a ProviderName, &'a ProviderConfig)>) {
        let is_here = |config: &ProviderConfig| config.url.as_deref().is_some_and(account::is_here);
        let here: Vec<_> = accounts.filter(|(_, config)| is_here(config)).map(|(name, _)| name.as_str()).collect();
        if self.config.rehearsal.is_none() && !here.is_empty() {
            output::note(&format!(
                "warning: what is due at {} is told by this machine's clock\nhint: where a sandbox plays that, \
                 `sandbox = \"http://127.0.0.1:8400\"` under [rehearsal] follows the sandbox's clock",
                here.join(", ")
            ));
        }
    }

    /// The accounts with these names, as they are called. Secrets commands run now.
    ///
    /// # Errors
    /// When credentials are missing, or a setting will not do.
    pub fn remotes(&self, names: &[ProviderName]) -> anyhow::Result<Remotes> {
        let meant = self.config.providers.iter().filter(|(name, _)| names.contains(name));
        meant.map(|(name, config)| Ok((name.clone(), self.remote(name, config)?))).collect()
    }

    /// The same, with those aside that cannot be called, and why.
    pub fn remotes_and_failures(&self, names: &[ProviderName]) -> (Remotes, BTreeMap<ProviderName, anyhow::Error>) {
        let (mut remotes, mut failures) = (BTreeMap::new(), BTreeMap::new());
        for (name, config) in self.config.providers.iter().filter(|(name, _)| names.contains(name)) {
            match self.remote(name, config) {
                Ok(remote) => drop(remotes.insert(name.clone(), remote)),
                Err(error) => drop(failures.insert(name.clone(), error)),
            }
        }
        (remotes, failures)
    }

    /// An account as it would be called, in the file or not.
    ///
    /// # Errors
    /// As [`Office::remotes`].
    pub fn remote(&self, name: &ProviderName, config: &ProviderConfig) -> anyhow::Result<Arc<dyn Remote>> {
        let timer = Arc::new(MonotonicTimer);
        let rehearsal = self.config.rehearsal.as_deref();
        account::open(name, config, rehearsal, |client| CallPorts { client, clock: self.clock(), timer })
    }

    /// Does work that calls providers, and nothing else.
    pub fn run<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// Does work with ledger and providers: those that are given can be called.
    ///
    /// # Errors
    /// As [`Office::books`], and what the work says.
    pub fn with_buyer<T>(
        &self,
        remotes: Remotes,
        work: impl AsyncFnOnce(&Buyer) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let address = named(self.address.clone())?;
        let Opened { store, books } = address.open()?;
        let (lane, thread) = lane::start(store, books.clone(), self.clock(), Grouping::ByTime)?;
        let buyer = Buyer::new(Parts {
            lane,
            books,
            clock: self.clock(),
            timer: Arc::new(MonotonicTimer),
            remotes,
            worker: Worker::here(),
            is_local: matches!(address, Address::File(_)),
        });
        let outcome = self.runtime.block_on(work(&buyer));
        drop(buyer);
        thread.close();
        outcome
    }
}
