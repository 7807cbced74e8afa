//! Time passes: services are renewed, reminded of and ended by themselves, for years, over nodes that come and go.

mod nodes;
mod sandbox;
mod scale;
mod years;

use std::sync::Arc;

use jiff::Timestamp;
use perennial_core::calendar::Zone;
use perennial_core::command::{Action, Command};
use perennial_core::ids::AccountId;
use perennial_core::notice::Notice;
use perennial_core::ports::Lane;
use perennial_core::schedule::Timetables;
use perennial_engine::clock::MovableClock;
use perennial_engine::lane::{Grouping, LaneHandle, LaneThread, start};
use perennial_engine::schedule::{Moved, Passed, Schedule, Setting};
use perennial_store::postgres::PostgresStore;
use perennial_store::sqlite::SqliteStore;
use perennial_store::{Records, Store};

/// A ledger with a lane, a clock that is moved, and the schedule, in this process.
struct World {
    records: Arc<dyn Records + Send + Sync>,
    lane: LaneHandle,
    thread: LaneThread,
    clock: Arc<MovableClock>,
    schedule: Schedule,
}

impl World {
    fn sqlite(path: &str) -> Self {
        let store = SqliteStore::open(path.as_ref()).unwrap();
        Self::over(Arc::new(store.reader()), Box::new(store))
    }

    fn postgres(url: &str) -> Self {
        let store = PostgresStore::open(url).unwrap();
        Self::over(Arc::new(store.reader()), Box::new(store))
    }

    fn over<R: Records + Send + Sync + 'static>(records: Arc<R>, store: Box<dyn Store>) -> Self {
        let clock = Arc::new(MovableClock::ahead_by(jiff::SignedDuration::ZERO));
        let (lane, thread) =
            start(store, Arc::clone(&records) as _, Arc::clone(&clock) as _, Grouping::ByTime).unwrap();
        let setting = Setting {
            timetables: Arc::new(Timetables::default()),
            zone: Zone::UTC,
            moved: Moved::OnPurpose,
            node: "node".into(),
            password: || "secret".to_owned(),
        };
        let schedule = Schedule::new(Arc::clone(&records) as _, lane.clone(), Arc::clone(&clock) as _, setting);
        Self { records, lane, thread, clock, schedule }
    }

    /// Puts the clock, and goes through the days until then.
    async fn go(&mut self, to: Timestamp) -> Passed {
        self.clock.set(to);
        self.schedule.catch_up().await.unwrap()
    }

    async fn submit(&self, account: AccountId, action: Action) {
        self.lane.submit(Command { account, token: None, action }).await.unwrap();
    }

    fn account(&self, code: &str) -> AccountId {
        self.records.find_account(code).unwrap().unwrap()
    }

    fn notices(&self) -> Vec<Notice> {
        let waiting = self.records.notices_waiting(1_000_000).unwrap();
        waiting.into_iter().map(|it| it.notice).collect()
    }

    fn assert_sound(&self) {
        let audit = self.records.audit().unwrap();
        assert!(audit.is_sound(), "{:?}", audit.findings);
    }

    async fn close(self) {
        tokio::task::spawn_blocking(|| self.thread.close()).await.unwrap();
    }
}
