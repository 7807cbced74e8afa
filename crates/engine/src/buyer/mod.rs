//! The buyer: reads what we rent, plans what is due, and carries each renewal through at its provider, once.
//!
//! What a step of a renewal is, [`next`](perennial_core::buyer::intent::next) decides; here it is put on file and then
//! done. How a provider is called stands behind [`Remote`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use perennial_core::buyer::holding::{Holding, HoldingKey, ProviderName};
use perennial_core::buyer::intent::{Intent, IntentId, State};
use perennial_core::buyer::plan::Item;
use perennial_core::buyer::remote::{Length, Remote};
use perennial_core::money::Money;
use perennial_core::ports::{Clock, Timer};
use perennial_store::{Added, Filed, Records};
use sha2::{Digest, Sha256};

use crate::clock::Stopwatch;
use crate::lane::LaneHandle;

mod carrier;
mod desk;
mod error;
mod planner;
mod side_by_side;
#[cfg(test)]
mod simulation;
mod sync;
mod worker;

pub use self::desk::{Desk, LaneDesk, Wish};
pub use self::error::BuyerError;
pub use self::planner::Scope;
pub use self::sync::SyncReport;
pub use self::worker::{Identity, Worker};

/// How many calls are made at a provider at once.
const AT_ONCE: usize = 8;

/// Our side of all providers: the ledger, and how each account is called.
pub struct Buyer<D = LaneDesk>(Arc<Inner<D>>);

impl<D> Clone for Buyer<D> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

struct Inner<D> {
    desk: D,
    clock: Arc<dyn Clock>,
    timer: Arc<dyn Timer>,
    /// How long it has been since some moment, by a clock that nobody can set.
    elapsed: Box<dyn Fn() -> Duration + Send + Sync>,
    remotes: BTreeMap<ProviderName, Arc<dyn Remote>>,
    worker: Arc<dyn Identity>,
    /// The intents that this worker is at.
    seats: Mutex<BTreeSet<IntentId>>,
}

/// What a buyer is made of.
pub struct Parts {
    /// Writes the ledger.
    pub lane: LaneHandle,
    /// Reads it.
    pub books: Arc<dyn Records + Send + Sync>,
    /// Says what time it is.
    pub clock: Arc<dyn Clock>,
    /// Waits.
    pub timer: Arc<dyn Timer>,
    /// The accounts, by the names that we gave them.
    pub remotes: BTreeMap<ProviderName, Arc<dyn Remote>>,
    /// Who we are: [`Worker::here`].
    pub worker: Worker,
    /// Whether the ledger is a file of this machine.
    pub is_local: bool,
}

/// Told what is going on, for progress bars and logs.
pub trait Watcher: Send + Sync {
    /// So many services of an inventory have been read.
    fn synced(&self, provider: &ProviderName, holdings: u64) {
        let _ = (provider, holdings);
    }

    /// So many prices of so many have been read.
    fn priced(&self, done: usize, of: usize) {
        let _ = (done, of);
    }

    /// An intent was carried one step on, and this is on file.
    fn stepped(&self, intent: &Intent, note: &str) {
        let _ = (intent, note);
    }
}

/// Watches nothing.
impl Watcher for () {}

impl Buyer {
    /// A buyer over a ledger.
    pub fn new(parts: Parts) -> Self {
        let watch = Stopwatch::start();
        let Parts { lane, books, clock, timer, remotes, worker, is_local } = parts;
        Self(Arc::new(Inner {
            desk: LaneDesk { lane, books },
            clock,
            timer,
            elapsed: Box::new(move || watch.elapsed()),
            remotes,
            worker: Arc::new(worker::Local { worker, is_local }),
            seats: Mutex::default(),
        }))
    }

    /// Reads the ledger.
    pub fn books(&self) -> &(dyn Records + Send + Sync) {
        &*self.0.desk.books
    }
}

impl<D: Desk> Buyer<D> {
    /// How an account is called.
    ///
    /// # Errors
    /// [`BuyerError::UnknownProvider`].
    pub fn remote(&self, provider: &ProviderName) -> Result<&Arc<dyn Remote>, BuyerError> {
        self.0.remotes.get(provider).ok_or_else(|| BuyerError::UnknownProvider(provider.clone()))
    }

    /// How all accounts are called.
    pub fn remotes(&self) -> &BTreeMap<ProviderName, Arc<dyn Remote>> {
        &self.0.remotes
    }

    /// Puts the decision to renew on file. The same decision has the same id wherever and whenever it is taken.
    ///
    /// # Errors
    /// [`BuyerError`].
    pub async fn take_on(&self, item: &Item) -> Result<Added, BuyerError> {
        let Item { holding, offer, .. } = item;
        let remote = self.remote(&holding.key.provider)?;
        let id = name_of(remote.provider(), item);
        let intent = Intent {
            ask: holding.ask(offer.clone(), id.0.clone()),
            id,
            key: holding.key.clone(),
            expires_at: holding.stand.expires_at,
            native: holding.stand.native,
            made_at: self.now(),
            state: State::Planned,
            watermark: None,
            sent_at: None,
            tries: 0,
            next_at: None,
        };
        Ok(self.desk().add(intent).await?)
    }

    /// Switches a provider's own automatic renewal of a service off.
    ///
    /// # Errors
    /// [`BuyerError`].
    pub async fn switch_native_off(&self, key: &HoldingKey) -> Result<(), BuyerError> {
        let holding = self.known(key)?;
        Ok(self.remote(&key.provider)?.switch_native_off(&holding).await?)
    }

    fn desk(&self) -> &D {
        &self.0.desk
    }

    fn timer(&self) -> &dyn Timer {
        &*self.0.timer
    }

    fn worker(&self) -> &Arc<dyn Identity> {
        &self.0.worker
    }

    fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    fn elapsed(&self) -> Duration {
        (self.0.elapsed)()
    }

    fn known(&self, key: &HoldingKey) -> Result<Holding, BuyerError> {
        self.desk().holding(key)?.ok_or_else(|| BuyerError::UnknownService(key.clone()))
    }

    fn filed(&self, id: &IntentId) -> Result<Filed, BuyerError> {
        self.desk().intent(id)?.ok_or_else(|| BuyerError::UnknownIntent(id.clone()))
    }

    /// Keeps everybody else in this process away from an intent; none where somebody is at it. That is why a claim of our
    /// own that was not given back is nobody's.
    fn sit_down_at(&self, id: &IntentId) -> Option<Seat<'_>> {
        let mut seats = self.0.seats.lock().unwrap_or_else(PoisonError::into_inner);
        seats.insert(id.clone()).then(|| Seat { seats: &self.0.seats, id: id.clone() })
    }
}

struct Seat<'a> {
    seats: &'a Mutex<BTreeSet<IntentId>>,
    id: IntentId,
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

/// What a decision is called: the first half of the SHA-256 of what was decided, in hexadecimal digits. No time, no counter
/// and no chance is in it.
fn name_of(api: &str, item: &Item) -> IntentId {
    let Item { holding, offer, .. } = item;
    let length = match offer.length {
        Length::Period(period) => period.to_string(),
        Length::ToDay(day) => format!("to {}", day.get()),
    };
    let [net, tax, gross] = [offer.net, offer.tax, offer.gross].map(Money::minor);
    let (service, from, until, currency) = (&holding.key.id, holding.stand.until, offer.until, offer.gross.currency());
    let text = format!("{api}\n{service}\n{from}\n{until}\n{length}\n{net} {tax} {gross} {currency}");
    let digest = Sha256::digest(text.as_bytes());
    let half = digest.iter().take(16);
    IntentId(half.fold(String::new(), |name, byte| name + &format!("{byte:02x}")))
}
