//! The ledger, as a command opens it: the one way to the database, for readers and for what is written.
//!
//! A command works beside a running server: both go to the same database, each change in a transaction of its own.

use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use perennial_core::account::Account;
use perennial_core::command::{Command, Reply};
use perennial_core::ids::AccountId;
use perennial_core::ports::{Lane, Rejection};
use perennial_core::snapshot::Want;
use perennial_engine::clock::SystemClock;
use perennial_engine::lane::{self, Grouping, LaneHandle};
use perennial_store::{Batch, Records, StoreError};

use crate::buyer;
use crate::command::{Global, Misuse};
use crate::config::{Config, Half};
use crate::store::{Address, Opened, Reader};

/// The ledger of one command.
pub struct Ledger {
    address: Address,
    books: Reader,
}

impl Ledger {
    /// Opens the ledger that the command line, the environment or the configuration names. It must exist.
    ///
    /// # Errors
    /// [`Misuse`] when none is named; else with the address and what to do about it.
    pub fn open(global: &Global) -> anyhow::Result<Self> {
        let address = address(global)?;
        if let Address::File(path) = &address
            && !path.exists()
        {
            bail!(
                "there is no database at {}\nhint: `perennial import FILE --database {}` makes one",
                path.display(),
                path.display()
            );
        }
        let books = address.reader()?;
        Ok(Self { address, books })
    }

    /// Reads it.
    pub fn books(&self) -> &(dyn Records + Send + Sync) {
        &*self.books
    }

    /// The account with a code.
    ///
    /// # Errors
    /// When there is none, with the codes that look alike.
    pub fn account(&self, code: &str) -> anyhow::Result<Account> {
        if let Some(id) = self.books.find_account(code)? {
            return self.account_by_id(id);
        }
        let codes = self.accounts()?.into_iter().map(|account| account.code);
        Err(anyhow!("there is no account `{code}`{}", hint_nearest(code, codes)))
    }

    /// The account with an id.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn account_by_id(&self, id: AccountId) -> anyhow::Result<Account> {
        Ok(self.books.load(&[Want::Account(id)])?.account(id)?.clone())
    }

    /// All accounts, oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn accounts(&self) -> anyhow::Result<Vec<Account>> {
        let ids = self.books.account_ids()?;
        let wants: Vec<_> = ids.iter().copied().map(Want::Account).collect();
        let seen = self.books.load(&wants)?;
        ids.into_iter().map(|id| Ok(seen.account(id)?.clone())).collect()
    }

    /// The account with a code, or all of them where no code is given.
    ///
    /// # Errors
    /// As [`Ledger::account`].
    pub fn accounts_or_one(&self, code: Option<&str>) -> anyhow::Result<Vec<Account>> {
        match code {
            Some(code) => Ok(vec![self.account(code)?]),
            None => self.accounts(),
        }
    }

    /// Carries a command out; when this returns, it is on disk.
    ///
    /// # Errors
    /// The refusal of the rules, or what kept the database from answering.
    pub fn carry_out(&self, command: Command) -> anyhow::Result<Reply> {
        self.with_lane(async |lane| lane.submit(command).await)
    }

    /// Does work in one transaction.
    ///
    /// # Errors
    /// What kept the database from taking it.
    pub fn do_chore<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn Batch) -> Result<T, StoreError> + Send + 'static,
    ) -> anyhow::Result<T> {
        self.with_lane(async |lane| lane.chore(work).await)
    }

    fn with_lane<T>(&self, work: impl AsyncFnOnce(LaneHandle) -> Result<T, Rejection>) -> anyhow::Result<T> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().context("starting the runtime")?;
        let Opened { store, books } = self.address.open()?;
        let (lane, thread) = lane::start(store, books, Arc::new(SystemClock), Grouping::ByTime)?;
        let outcome = runtime.block_on(work(lane));
        thread.close();
        Ok(outcome?)
    }
}

/// Which database the command line, the environment or the configuration names, in this order. Where no configuration is
/// named, it is the one that lies where they do.
///
/// # Errors
/// [`Misuse`] when none is named; what is wrong with the configuration.
pub fn address(global: &Global) -> anyhow::Result<Address> {
    if let Some(address) = &global.database {
        return Ok(address.clone());
    }
    named(config(global)?.and_then(|config| config.store.address))
}

/// The seller's configuration: the one that is named, else the one that lies where commands look, if there is one.
///
/// # Errors
/// What is wrong with it.
pub fn config(global: &Global) -> anyhow::Result<Option<Config>> {
    let file = buyer::file(global);
    (global.config.is_some() || file.exists()).then(|| Config::read(&file, Half::Seller)).transpose()
}

/// The database that was named, if one was.
///
/// # Errors
/// [`Misuse`], with the ways to name one.
pub fn named(database: Option<Address>) -> anyhow::Result<Address> {
    let misuse = || {
        Misuse(
            "no database is named\nhint: give `--database PATH`, or set PERENNIAL_DATABASE, or give `--config FILE` \
             with a `path` or a `url` under [store]"
                .to_owned(),
        )
    };
    Ok(database.ok_or_else(misuse)?)
}

/// The names that look like the one that was written, nearest first: `` `acme` or `acme-eu` ``. Empty if none does.
pub fn nearest(written: &str, names: impl IntoIterator<Item = String>) -> String {
    const NAMES_MAX: usize = 3;
    let typos_max = match written.chars().count() {
        0..=3 => 1,
        letters => letters.div_ceil(4).max(2),
    };
    let mut near: Vec<_> = names
        .into_iter()
        .map(|name| (distance(&written.to_lowercase(), &name.to_lowercase()), name))
        .filter(|(typos, name)| *typos <= typos_max || (!written.is_empty() && name.starts_with(written)))
        .collect();
    near.sort();
    near.dedup();
    let shown: Vec<_> = near.into_iter().take(NAMES_MAX).map(|(_, name)| format!("`{name}`")).collect();
    shown.join(" or ")
}

/// `\nhint: did you mean ...?` with the names that look like the one that was written; nothing if none does.
pub fn hint_nearest(written: &str, names: impl IntoIterator<Item = String>) -> String {
    match nearest(written, names) {
        near if near.is_empty() => String::new(),
        near => format!("\nhint: did you mean {near}?"),
    }
}

/// How many letters have to be put in, taken out or changed to make one word the other (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<_> = to.chars().collect();
    let mut row: Vec<_> = (0..=to.len()).collect();
    for (index, letter) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, other) in to.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *other);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_alike_are_offered_nearest_first() {
        let names = || ["acme", "acme-eu", "globex"].map(str::to_owned);
        assert_eq!(hint_nearest("amce", names()), "\nhint: did you mean `acme`?");
        assert_eq!(hint_nearest("acme-", names()), "\nhint: did you mean `acme` or `acme-eu`?");
        assert_eq!(hint_nearest("initech", names()), "");
    }

    #[test]
    fn distance_counts_letters() {
        for (from, to, letters) in [("", "", 0), ("abc", "abc", 0), ("abc", "abd", 1), ("kitten", "sitting", 3)] {
            assert_eq!(distance(from, to), letters, "{from} {to}");
        }
    }
}
