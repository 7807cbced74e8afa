//! A ledger in memory, by the contract of the real one; it asks the providers whether each last word is true.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use jiff::Timestamp;
use jiff::civil::Date;
use perennial_core::buyer::holding::{Holding, HoldingKey, ProviderName};
use perennial_core::buyer::intent::{By, Intent, IntentId, State, Step};
use perennial_core::buyer::plan::{OnFile, Spent};
use perennial_core::ports::{Failure, Rejection};
use perennial_store::{Added, Claim, ClaimNumber, Filed, HoldingFilter, Note};

use super::super::desk::{Desk, Wish, took_up};
use super::super::worker::Identity;
use super::shop::Truth;
use super::sky::Sky;

/// The ledger, as one worker reaches it.
#[derive(Clone)]
pub struct Ledger {
    rows: Arc<Mutex<Rows>>,
    sky: Sky,
    truth: Truth,
}

#[derive(Default)]
struct Rows {
    holdings: BTreeMap<HoldingKey, (Holding, Timestamp)>,
    intents: BTreeMap<IntentId, Row>,
    /// What has once been put on file as about to be sent.
    may_be_sent: BTreeSet<IntentId>,
}

struct Row {
    intent: Intent,
    number: i64,
    holder: Option<(String, Timestamp)>,
}

impl Ledger {
    pub fn new(sky: Sky, truth: Truth) -> Self {
        Self { rows: Arc::default(), sky, truth }
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().expect("nobody panicked")
    }

    pub fn open(&self) -> Vec<Intent> {
        let rows = self.rows();
        rows.intents.values().map(|row| &row.intent).filter(|intent| intent.state.is_open()).cloned().collect()
    }

    pub fn open_keys(&self) -> Vec<HoldingKey> {
        let rows = self.rows();
        let open = rows.intents.values().filter(|row| row.intent.state.is_open());
        open.map(|row| row.intent.key.clone()).collect()
    }

    /// The intents to renew a service.
    pub fn of(&self, key: &HoldingKey) -> Vec<Intent> {
        let rows = self.rows();
        rows.intents.values().map(|row| &row.intent).filter(|intent| intent.key == *key).cloned().collect()
    }

    /// What each intent to renew a service from an expiry bears as its token.
    pub fn tokens(&self, key: &HoldingKey, fence: Date) -> Vec<String> {
        let rows = self.rows();
        let intents = rows.intents.values().map(|row| &row.intent);
        let of_it = intents.filter(|intent| intent.key == *key && intent.ask.fence == fence);
        of_it.map(|intent| intent.ask.token.clone()).collect()
    }

    /// Writes, or does not answer, or both; with time before and after it, in which the worker may die.
    async fn commit<T>(&self, write: impl FnOnce(&mut Rows) -> T) -> Result<T, Rejection> {
        self.sky.pass().await;
        if self.sky.strikes(400) {
            return Err(Rejection::Unknown(Failure::new("commit", "it broke before")));
        }
        let written = write(&mut self.rows());
        if self.sky.strikes(400) {
            return Err(Rejection::Unknown(Failure::new("commit", "it broke afterwards")));
        }
        self.sky.pass().await;
        Ok(written)
    }

    fn put(&self, rows: &mut Rows, claim: &ClaimNumber, intent: &Intent) -> bool {
        let Some(row) = rows.intents.get_mut(&claim.id).filter(|row| row.number == claim.number) else { return false };
        assert!(row.intent.state.is_open(), "what is settled is written again: {:?}", row.intent);
        assert_eq!(row.intent.ask, intent.ask, "what is asked for changed");
        self.check(intent);
        if matches!(intent.state, State::Ordering | State::Paying(_)) {
            rows.may_be_sent.insert(intent.id.clone());
        }
        row.intent = intent.clone();
        if let Some((_, until)) = &mut row.holder {
            *until = claim.until;
        }
        true
    }

    /// I6: the last word agrees with the provider's books.
    fn check(&self, intent: &Intent) {
        let paid = self.truth.paid_by_us(&intent.id.0);
        let moved = self.truth.until(&intent.key) > intent.ask.fence;
        match &intent.state {
            State::Done(receipt) => {
                assert!(moved, "done, and it was not renewed: {intent:?}");
                // Where there is none, a person said so.
                let is_true = |until| until > intent.ask.fence && until <= self.truth.until(&intent.key);
                assert!(receipt.until.is_none_or(is_true), "{intent:?}");
            }
            State::Foreign { .. } => assert!(paid == 0 && moved, "foreign, and it was us: {intent:?}"),
            State::Refused { by, .. } if *by != By::Person => assert_eq!(paid, 0, "refused, and we paid: {intent:?}"),
            State::Confirming { .. } => assert!(moved, "paid, they said: {intent:?}"),
            _ => {}
        }
    }

    /// I2 and I6, when something arrives at a provider: it is on file that it may, and no last word says that it did not.
    pub fn check_sent(&self, token: &str, pays: bool) {
        let rows = self.rows();
        let id = IntentId(token.to_owned());
        assert!(rows.may_be_sent.contains(&id), "{token} is sent, and nothing on file says so");
        let state = &rows.intents[&id].intent.state;
        let denies = matches!(state, State::Foreign { .. } | State::Refused { .. });
        assert!(!(pays && denies), "{token} is paid, and on file is {state:?}");
    }
}

impl Desk for Ledger {
    fn holdings(&self, filter: &HoldingFilter, after: Option<&Holding>) -> Result<Vec<Holding>, Failure> {
        let place = |holding: &Holding| (holding.stand.until, holding.key.clone());
        let mut page: Vec<_> = self.rows().holdings.values().map(|(holding, _)| holding.clone()).collect();
        page.retain(|holding| {
            filter.until_before.is_none_or(|before| holding.stand.until < before)
                && after.is_none_or(|after| place(holding) > place(after))
        });
        page.sort_by_key(place);
        page.truncate(7);
        Ok(page)
    }

    fn holding(&self, key: &HoldingKey) -> Result<Option<Holding>, Failure> {
        Ok(self.rows().holdings.get(key).map(|(holding, _)| holding.clone()))
    }

    fn on_file(&self, key: &HoldingKey, until: Date) -> Result<Option<OnFile>, Failure> {
        let rows = self.rows();
        let mut of_it = rows.intents.values().map(|row| &row.intent).filter(|intent| intent.key == *key);
        Ok(of_it.find_map(|intent| match &intent.state {
            state if state.is_open() => Some(OnFile::Open(intent.id.clone())),
            State::Refused { .. } => None,
            _ => (intent.ask.fence == until).then(|| OnFile::Renewed(intent.id.clone())),
        }))
    }

    fn spent(&self, _: Timestamp) -> Result<Vec<Spent>, Failure> {
        Ok(Vec::new())
    }

    fn intent(&self, id: &IntentId) -> Result<Option<Filed>, Failure> {
        let rows = self.rows();
        Ok(rows.intents.get(id).map(|row| Filed { intent: row.intent.clone(), holder: row.holder.clone() }))
    }

    async fn record(&self, began: Timestamp, page: Vec<Holding>) -> Result<(), Rejection> {
        let record = |rows: &mut Rows| {
            rows.holdings.extend(page.into_iter().map(|holding| (holding.key.clone(), (holding, began))));
        };
        self.commit(record).await
    }

    async fn end_sync(&self, provider: ProviderName, began: Timestamp) -> Result<u64, Rejection> {
        let end = |rows: &mut Rows| {
            rows.holdings.retain(|key, (_, read)| key.provider != provider || *read >= began);
            let count = rows.holdings.keys().filter(|key| key.provider == provider).count();
            u64::try_from(count).expect("fits")
        };
        self.commit(end).await
    }

    async fn add(&self, intent: Intent) -> Result<Added, Rejection> {
        let add = |rows: &mut Rows| {
            let others = rows.intents.values().map(|row| &row.intent).filter(|other| other.key == intent.key);
            let in_its_place = others.into_iter().find(|other| match &other.state {
                state if state.is_open() => true,
                State::Refused { .. } => false,
                _ => other.ask.fence == intent.ask.fence,
            });
            if let Some(other) = in_its_place {
                return Added::Known(other.id.clone());
            }
            let number = rows.intents.get(&intent.id).map_or(0, |row| row.number);
            rows.intents.insert(intent.id.clone(), Row { intent, number, holder: None });
            Added::New
        };
        self.commit(add).await
    }

    async fn take_up(&self, wish: Wish, worker: Arc<dyn Identity>) -> Result<Option<(ClaimNumber, Step)>, Rejection> {
        let take_up = |rows: &mut Rows| {
            let name = worker.name();
            let row = rows.intents.get_mut(&wish.id).filter(|row| row.intent.state.is_open())?;
            if row.holder.as_ref().is_some_and(|(holder, until)| *holder != name && *until > wish.free_if_held_until) {
                return None;
            }
            row.number += 1;
            let before = row.holder.replace((name, wish.until)).map(|(before, _)| before);
            let number = ClaimNumber { id: wish.id.clone(), number: row.number, until: wish.until };
            let claim = Claim { number: number.clone(), intent: row.intent.clone(), before };
            let (step, note) = took_up(&wish, &claim, &*worker);
            assert!(note.is_none() || self.put(rows, &number, &step.intent), "the claim is its own");
            Some((number, step))
        };
        self.commit(take_up).await
    }

    async fn write(&self, claim: ClaimNumber, intent: Intent, _: Note) -> Result<bool, Rejection> {
        self.commit(|rows| self.put(rows, &claim, &intent)).await
    }

    async fn release(&self, claim: ClaimNumber) -> Result<(), Rejection> {
        let release = |rows: &mut Rows| {
            if let Some(row) = rows.intents.get_mut(&claim.id).filter(|row| row.number == claim.number) {
                row.holder = None;
            }
        };
        self.commit(release).await
    }
}
