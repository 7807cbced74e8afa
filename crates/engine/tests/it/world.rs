//! A ledger file with one account, its services, and money on its balance.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use perennial_core::account::{Account, Seller, Standing, TaxTreatment};
use perennial_core::calendar::{AnchorDay, Period, Zone};
use perennial_core::command::{Action, After, Command, CouponUse, PayWith, RenewRequest, Reply, Scope};
use perennial_core::ids::{AccountId, OrderId, ProductId, ServiceId};
use perennial_core::money::{Currency, Money, Rate};
use perennial_core::order::{Order, Origin};
use perennial_core::ports::{Clock, Lane, Rejection};
use perennial_core::product::{Kind, Price, Product, Renewability};
use perennial_core::service::{Hold, RenewalMode, Service};
use perennial_engine::lane::{Grouping, LaneHandle, LaneThread, start};
use perennial_store::sqlite::{SqliteReader, SqliteStore};
use perennial_store::{Batch, Record, Store};
use tempfile::TempDir;

pub const ACCOUNT: AccountId = AccountId(1);
pub const SERVICES: i64 = 64;

/// A clock that stands where it is put.
pub struct Stopped(Mutex<Timestamp>);

impl Stopped {
    pub fn put(&self, instant: &str) {
        *self.0.lock().expect("no panic") = instant.parse().expect("is an instant");
    }

    pub fn forward(&self, span: SignedDuration) {
        let mut now = self.0.lock().expect("no panic");
        *now = now.checked_add(span).expect("is in time");
    }
}

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        *self.0.lock().expect("no panic")
    }
}

pub struct World {
    pub folder: TempDir,
    pub lane: LaneHandle,
    pub thread: Option<LaneThread>,
    pub reader: SqliteReader,
    pub clock: Arc<Stopped>,
}

impl World {
    pub fn new(grouping: Grouping) -> Self {
        let folder = tempfile::tempdir().expect("makes a folder");
        let mut store = SqliteStore::open(&folder.path().join("ledger.db")).expect("opens");
        fill(&mut store);
        let reader = store.reader();
        let clock = Arc::new(Stopped(Mutex::new("2026-11-20T12:00:00Z".parse().expect("is an instant"))));
        let (lane, thread) =
            start(Box::new(store), Arc::new(reader.clone()), Arc::clone(&clock) as _, grouping).expect("starts");
        Self { folder, lane, thread: Some(thread), reader, clock }
    }

    pub async fn submit(&self, action: Action) -> Result<Reply, Rejection> {
        self.lane.submit(Command { account: ACCOUNT, token: None, action }).await
    }

    pub async fn place(&self, service: i64) -> Order {
        match self.submit(renew(service)).await {
            Ok(Reply::Placed(order)) => order,
            other => panic!("not an order: {other:?}"),
        }
    }

    pub async fn pay(&self, order: OrderId) -> Result<Reply, Rejection> {
        self.submit(Action::Pay { order, with: PayWith::Balance, due: None }).await
    }

    pub async fn record(&self, records: Vec<Record>) {
        let work = move |batch: &mut dyn Batch| records.iter().try_for_each(|record| batch.record(record).map(drop));
        self.lane.chore(work).await.expect("records");
    }

    pub async fn close(&mut self) {
        let thread = self.thread.take().expect("closes once");
        tokio::task::spawn_blocking(move || thread.close()).await.expect("closes");
    }
}

/// Waits until something holds, which it does soon.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..2_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{what}: not in time");
}

pub fn renew(service: i64) -> Action {
    Action::Renew { request: request(service), password: "secret".to_owned() }
}

/// Places and pays in one step.
pub fn renew_now(service: i64) -> Action {
    Action::RenewNow { request: request(service), expiry: None, password: "secret".to_owned() }
}

fn request(service: i64) -> RenewRequest {
    RenewRequest {
        services: vec![ServiceId(service)],
        scope: Scope::Listed,
        period: Period::months(1).expect("is a period"),
        to_day: None,
        promo: None,
        coupons: CouponUse::Keep,
        after: After::Expiry,
        origin: Origin::Customer,
        open_s: 3_600,
    }
}

fn fill(store: &mut SqliteStore) {
    let euro = |minor| Money::new(minor, Currency::EUR);
    let mut batch = store.begin().expect("begins");
    let account = Account {
        id: ACCOUNT,
        code: "xx1-test".to_owned(),
        name: "Test".to_owned(),
        email: "test@example.com".to_owned(),
        country: "FR".to_owned(),
        vat_number: None,
        currency: Currency::EUR,
        tax: TaxTreatment::Standard(Rate::from_ppm(200_000)),
        zone: Zone::parse("Europe/Paris").expect("is a zone"),
        credit_limit: euro(0),
        standing: Standing::Customer,
        page_password: None,
        joint_orders: false,
        align_day: None,
        facts: BTreeMap::new(),
        created: Timestamp::UNIX_EPOCH,
    };
    let product = Product {
        id: ProductId(1),
        code: "vps".to_owned(),
        name: "VPS".to_owned(),
        kind: Kind::Server,
        renewability: Renewability::OneOpen,
        grace_days: 7,
        suspension_days: 30,
        redemption_days: 0,
        redemption_fees: Vec::new(),
        ahead_months_max: 1_200,
        facts: BTreeMap::new(),
        prices: vec![Price { period: Period::months(1).expect("is a period"), net: euro(500) }],
    };
    for record in [Record::Seller(Seller::default()), Record::Account(account), Record::Product(product)] {
        batch.record(&record).expect("records");
    }
    for id in 1..=SERVICES {
        batch.record(&Record::Service(service(id))).expect("records");
    }
    batch.commit().expect("commits");
}

pub fn service(id: i64) -> Service {
    Service {
        id: ServiceId(id),
        account: ACCOUNT,
        product: ProductId(1),
        parent: None,
        name: format!("vps{id}.example"),
        display_name: None,
        created: "2025-12-15".parse().expect("is a date"),
        until: "2026-12-15".parse().expect("is a date"),
        anchor: AnchorDay::new(15).expect("is a day"),
        mode: RenewalMode::Manual,
        cancellation: None,
        period: Period::months(1).expect("is a period"),
        hold: Hold::None,
        open_order: None,
        protected_prices: Vec::new(),
        facts: BTreeMap::new(),
        version: 0,
    }
}
