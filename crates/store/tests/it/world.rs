//! A small world on a database: two customers, a price list, some services; and the lane's loop over it.

use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::Hash;
use std::path::PathBuf;
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use perennial_core::account::{Account, Seller, Standing, TaxTreatment};
use perennial_core::calendar::{AnchorDay, Period, Zone, parse_date};
use perennial_core::command::{
    Action, After, BuyRequest, Command, CouponUse, FirstTerm, NewService, PayWith, PlanEdit, PromoEdit, RenewRequest,
    Reply, Scope,
};
use perennial_core::decide::decide;
use perennial_core::idempotency::{Holds, Token};
use perennial_core::ids::{AccountId, CouponId, MethodId, OrderId, ProductId, ServiceId};
use perennial_core::money::{Currency, Money, Rate};
use perennial_core::order::{Order, OrderState, Origin};
use perennial_core::payment::{MethodKind, MethodStatus, PaymentMethod, Preference};
use perennial_core::product::{Coupon, Kind, Price, Product, PromoCode, Renewability};
use perennial_core::refusal::Refusal;
use perennial_core::service::{Hold, RenewalMode, Service};
use perennial_core::snapshot::{Change, Snapshot, Want};
use perennial_store::postgres::{PostgresReader, PostgresStore};
use perennial_store::sqlite::{SqliteReader, SqliteStore};
use perennial_store::{Batch, Record, Recorded, Records, Store, StoreError};
use perennial_testkit::postgres::Cluster;
use tempfile::TempDir;

pub const CUSTOMER: AccountId = AccountId(1);
pub const RESELLER: AccountId = AccountId(2);
pub const DOMAIN: ServiceId = ServiceId(12_345);
pub const HOSTING: ServiceId = ServiceId(67_890);
pub const SERVER: ServiceId = ServiceId(1);
pub const STACKING: ServiceId = ServiceId(3);
pub const RESOLD: ServiceId = ServiceId(5);
pub const PAYPAL: MethodId = MethodId(1_234);
pub const COUPON: CouponId = CouponId(1);

/// A database that a store can be opened on again and again.
pub trait Database {
    fn make() -> Self;
    fn store(&self) -> Box<dyn Store>;
    fn records(&self) -> Box<dyn Records>;
}

/// A SQLite file in a folder of its own.
pub struct Sqlite {
    folder: TempDir,
}

impl Sqlite {
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("ledger.db")
    }

    pub fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn reader(&self) -> SqliteReader {
        SqliteReader::open(&self.path()).expect("opens")
    }
}

impl Database for Sqlite {
    fn make() -> Self {
        Self { folder: tempfile::tempdir().expect("is made") }
    }

    fn store(&self) -> Box<dyn Store> {
        Box::new(SqliteStore::open(&self.path()).expect("opens"))
    }

    fn records(&self) -> Box<dyn Records> {
        Box::new(self.reader())
    }
}

/// A PostgreSQL database of its own in the cluster that the tests share. It goes with the cluster: to drop it earlier
/// takes longer than to make it.
pub struct Postgres {
    url: String,
}

impl Postgres {
    /// The empty ledger that the others are copies of.
    const TEMPLATE: &str = "template_ledger";

    /// A database with nothing in it.
    pub fn empty() -> Self {
        Self { url: cluster().database().expect("is made") }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    fn name(&self) -> &str {
        self.url.rsplit('/').next().expect("ends with the name")
    }

    pub fn reader(&self) -> PostgresReader {
        PostgresReader::open(&self.url).expect("opens")
    }

    /// Runs statements with PostgreSQL's own client; tells what it printed, or why it could not.
    pub fn sql(&self, statements: &str) -> Result<String, String> {
        cluster().sql(self.name(), statements).map_err(|error| format!("{error:#}"))
    }
}

impl Database for Postgres {
    fn make() -> Self {
        static MADE: Once = Once::new();
        static COPIES: AtomicU32 = AtomicU32::new(0);
        MADE.call_once(|| {
            cluster().sql("postgres", &format!("create database {}", Self::TEMPLATE)).expect("is made");
            drop(PostgresStore::open(&cluster().url(Self::TEMPLATE)).expect("opens"));
        });
        let name = format!("copy_{}", COPIES.fetch_add(1, Ordering::Relaxed));
        let made = cluster().sql("postgres", &format!("create database {name} template {}", Self::TEMPLATE));
        made.expect("is made");
        Self { url: cluster().url(&name) }
    }

    fn store(&self) -> Box<dyn Store> {
        Box::new(PostgresStore::open(&self.url).expect("opens"))
    }

    fn records(&self) -> Box<dyn Records> {
        Box::new(self.reader())
    }
}

pub fn cluster() -> &'static Cluster {
    Cluster::shared().expect("PostgreSQL is installed and starts")
}

/// A database with the small world in it.
pub struct World<D> {
    pub database: D,
    pub store: Box<dyn Store>,
    pub books: Box<dyn Records>,
    pub now: Timestamp,
}

impl<D: Database> World<D> {
    pub fn new() -> Self {
        let database = D::make();
        let mut store = database.store();
        record(&mut *store, &records()).expect("are recorded");
        let books = database.records();
        let mut world = Self { database, store, books, now: instant("2026-11-20T12:00:00Z") };
        let memo = "paid ahead".to_owned();
        world.done(CUSTOMER, Action::CreditBalance { amount: eur(10_000), memo });
        world
    }

    /// The lane's loop: loads once, decides each on the moving snapshot, writes, commits once; and then checks that
    /// the ledger says what the moved snapshot says.
    pub fn run(&mut self, commands: &[Command]) -> Vec<Result<Reply, Refusal>> {
        let wants: Vec<Want> = commands.iter().flat_map(Command::wants).collect();
        let mut batch = self.store.begin().expect("begins");
        let mut seen = batch.load(&wants).expect("loads");
        let replies = commands
            .iter()
            .map(|command| {
                let decision = decide(self.now, &seen, command)?;
                batch.write(&decision.changes).expect("is written");
                for change in &decision.changes {
                    seen.apply(change).expect("fits");
                }
                Ok(decision.reply)
            })
            .collect();
        batch.commit().expect("commits");
        same(&seen, &self.books.load(&wants).expect("loads"));
        let next = self.store.begin().expect("begins").load(&[]).expect("loads").next;
        assert_eq!(seen.next, next);
        replies
    }

    /// Writes changes and commits them. What is refused may be refused with either.
    pub fn written(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        let mut batch = self.store.begin()?;
        batch.write(changes)?;
        batch.commit()
    }

    pub fn one(&mut self, account: AccountId, action: Action) -> Result<Reply, Refusal> {
        self.run(&[Command { account, token: None, action }]).remove(0)
    }

    pub fn done(&mut self, account: AccountId, action: Action) -> Reply {
        self.one(account, action).expect("is not refused")
    }

    pub fn place(&mut self, services: &[ServiceId], period: &str) -> Order {
        self.ordered(renew(services, period))
    }

    /// Runs what is answered with an open order.
    pub fn ordered(&mut self, action: Action) -> Order {
        match self.done(CUSTOMER, action) {
            Reply::Placed(order) => order,
            other => panic!("not placed: {other:?}"),
        }
    }

    /// Says that so much of an open order is to come from the balance.
    pub fn plan(&mut self, order: OrderId, minor: i64) {
        let plan = PlanEdit { from_balance: Some(eur(minor)), ..PlanEdit::default() };
        self.done(CUSTOMER, Action::ReviseOrder { order, periods: Vec::new(), promo: PromoEdit::Keep, plan });
    }

    pub fn pay(&mut self, order: OrderId, with: PayWith) -> Order {
        self.paid(Action::Pay { order, with, due: None })
    }

    /// Runs what is answered with a paid order.
    pub fn paid(&mut self, action: Action) -> Order {
        match self.done(CUSTOMER, action) {
            Reply::Paid(order) => order,
            other => panic!("not paid: {other:?}"),
        }
    }

    pub fn service(&self, account: AccountId, id: ServiceId) -> Service {
        self.books.load(&[Want::Service(account, id)]).expect("loads").services[&id].clone()
    }

    pub fn order(&self, id: OrderId) -> Order {
        self.books.load(&[Want::Order(CUSTOMER, id)]).expect("loads").orders[&id].clone()
    }

    /// Writes in one batch whatever is written to it.
    pub fn batch<T>(&mut self, write: impl FnOnce(&mut dyn Batch) -> T) -> T {
        let mut batch = self.store.begin().expect("begins");
        let answer = write(&mut *batch);
        batch.commit().expect("commits");
        answer
    }

    pub fn assert_sound(&self) {
        let report = self.books.audit().expect("audits");
        assert!(report.is_sound(), "{:#?}", report.findings);
    }
}

/// Everything that is loaded afresh is in the moved snapshot, just so.
pub fn same(moved: &Snapshot, fresh: &Snapshot) {
    assert_eq!(moved.catalogue, fresh.catalogue);
    within(&fresh.accounts, &moved.accounts);
    within(&fresh.services, &moved.services);
    within(&fresh.children, &moved.children);
    within(&fresh.orders, &moved.orders);
    within(&fresh.payments, &moved.payments);
    within(&fresh.links, &moved.links);
    within(&fresh.jobs, &moved.jobs);
    within(&fresh.invoices, &moved.invoices);
    within(&fresh.charges, &moved.charges);
    within(&fresh.methods, &moved.methods);
    within(&fresh.balances, &moved.balances);
    within(&fresh.replays, &moved.replays);
    within(&fresh.terminations, &moved.terminations);
    within(&fresh.applications, &moved.applications);
    within(&fresh.credentials, &moved.credentials);
    within(&fresh.nonces, &moved.nonces);
    for (service, fresh) in &fresh.attended {
        let until = moved.services[service].until;
        let mut moved: Vec<_> = moved.attended[service].iter().filter(|attended| attended.until == until).collect();
        moved.sort_by(|one, other| one.stage.cmp(&other.stage));
        assert_eq!(moved, fresh.iter().collect::<Vec<_>>());
    }
    for (account, coupons) in &fresh.coupons {
        let paid =
            |order| moved.orders.get(&order).is_some_and(|order| matches!(order.state, OrderState::Fulfilled(_)));
        let unused: Vec<_> = moved.coupons[account].iter().filter(|coupon| !coupon.used_by.is_some_and(paid)).collect();
        assert_eq!(unused, coupons.iter().collect::<Vec<_>>());
    }
}

fn within<K: Debug + Eq + Hash, V: Debug + PartialEq>(fresh: &HashMap<K, V>, moved: &HashMap<K, V>) {
    for (key, value) in fresh {
        assert_eq!(moved.get(key), Some(value), "{key:?}");
    }
}

pub fn record(store: &mut dyn Store, records: &[Record]) -> Result<Vec<Recorded>, StoreError> {
    let mut batch = store.begin()?;
    let recorded = records.iter().map(|record| batch.record(record)).collect::<Result<_, _>>()?;
    batch.commit()?;
    Ok(recorded)
}

pub fn date(text: &str) -> Date {
    parse_date(text).expect("is a date")
}

pub fn instant(text: &str) -> Timestamp {
    text.parse().expect("is an instant")
}

pub fn period(text: &str) -> Period {
    Period::parse(text).expect("is a period")
}

pub fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

pub fn price(text: &str, minor: i64) -> Price {
    Price { period: period(text), net: eur(minor) }
}

pub fn token(key: &str, digest: u8) -> Token {
    let kept = SignedDuration::from_hours(24);
    Token { operation: "renew".to_owned(), key: key.to_owned(), digest: [digest; 32], kept, holds: Holds::Always }
}

pub fn request(services: &[ServiceId], text: &str) -> RenewRequest {
    RenewRequest {
        services: services.to_vec(),
        scope: Scope::Listed,
        period: period(text),
        to_day: None,
        promo: None,
        coupons: CouponUse::Keep,
        after: After::Expiry,
        origin: Origin::Customer,
        open_s: 86_400,
    }
}

pub fn renew(services: &[ServiceId], text: &str) -> Action {
    Action::Renew { request: request(services, text), password: "secret".to_owned() }
}

/// Places and pays in one step, coupons first.
pub fn renew_now(services: &[ServiceId], text: &str) -> Action {
    let request = RenewRequest { coupons: CouponUse::First, ..request(services, text) };
    Action::RenewNow { request, expiry: None, password: "secret".to_owned() }
}

/// A service to open for a period.
pub fn item(product: i64, text: &str) -> NewService {
    NewService {
        product: ProductId(product),
        parent: None,
        name: "new".to_owned(),
        first: FirstTerm::For(period(text)),
        period: period("P1M"),
        facts: [("os".to_owned(), "debian".to_owned())].into(),
    }
}

pub fn buy(items: Vec<NewService>) -> Action {
    Action::Buy { request: BuyRequest { items, promo: None, open_s: 86_400 }, password: "secret".to_owned() }
}

pub fn deposit(minor: i64) -> Action {
    Action::Deposit { amount: eur(minor), open_s: 86_400, password: "secret".to_owned() }
}

fn records() -> Vec<Record> {
    let mut records = vec![Record::Seller(seller()), Record::Promo(promo())];
    records.extend([CUSTOMER, RESELLER].map(|id| Record::Account(account(id))));
    records.extend([
        Record::Product(product(1, Kind::Domain, Renewability::OneOpen, &[price("P1Y", 199)])),
        Record::Product(product(2, Kind::Hosting, Renewability::OneOpen, &[price("P1Y", 3_588)])),
        Record::Product(product(3, Kind::Server, Renewability::OneOpen, &[price("P1M", 500), price("P1Y", 5_500)])),
        Record::Product(product(4, Kind::Instance, Renewability::Stacking, &[price("P1W", 70), price("P1M", 250)])),
    ]);
    records.extend([
        Record::Service(service(DOMAIN, CUSTOMER, 1, None)),
        Record::Service(service(HOSTING, CUSTOMER, 2, Some(DOMAIN))),
        Record::Service(service(SERVER, CUSTOMER, 3, None)),
        Record::Service(service(STACKING, CUSTOMER, 4, None)),
        Record::Service(service(RESOLD, RESELLER, 3, None)),
        Record::Method(method()),
        Record::Coupon(Coupon { id: COUPON, account: CUSTOMER, amount: eur(100), expires: None, used_by: None }),
    ]);
    records
}

pub fn seller() -> Seller {
    Seller {
        name: "Seller".to_owned(),
        address: vec!["1 Street".to_owned(), "City".to_owned()],
        vat_number: Some("FR1".to_owned()),
        collects: vec![MethodKind::PayPal, MethodKind::Card],
        ..Seller::default()
    }
}

pub fn promo() -> PromoCode {
    PromoCode {
        code: "spring".to_owned(),
        off: Rate::from_ppm(100_000),
        products: vec![ProductId(3), ProductId(1)],
        months_min: 3,
        starts: Some(Timestamp::UNIX_EPOCH),
        ends: Some(instant("2027-01-01T00:00:00Z")),
    }
}

pub fn account(id: AccountId) -> Account {
    let reseller = id == RESELLER;
    Account {
        id,
        code: format!("xx{id}-test"),
        name: "Test".to_owned(),
        email: "test@example.com".to_owned(),
        country: "FR".to_owned(),
        vat_number: reseller.then(|| "FR2".to_owned()),
        currency: Currency::EUR,
        tax: if reseller { TaxTreatment::ReverseCharge } else { TaxTreatment::Standard(Rate::from_ppm(200_000)) },
        zone: Zone::parse("Europe/Paris").expect("is a zone"),
        credit_limit: eur(5_000),
        standing: if reseller { Standing::Reseller } else { Standing::Customer },
        page_password: None,
        joint_orders: false,
        align_day: None,
        facts: [("phone".to_owned(), "+33 1".to_owned())].into(),
        created: Timestamp::UNIX_EPOCH,
    }
}

pub fn product(id: i64, kind: Kind, renewability: Renewability, prices: &[Price]) -> Product {
    Product {
        id: ProductId(id),
        code: format!("product-{id}"),
        name: format!("Product {id}"),
        kind,
        renewability,
        grace_days: 7,
        suspension_days: 30,
        redemption_days: 0,
        redemption_fees: Vec::new(),
        ahead_months_max: 120,
        facts: [("vcpus".to_owned(), "2".to_owned())].into(),
        prices: prices.to_vec(),
    }
}

pub fn service(id: ServiceId, account: AccountId, product: i64, parent: Option<ServiceId>) -> Service {
    Service {
        id,
        account,
        product: ProductId(product),
        parent,
        name: format!("service-{id}.example"),
        display_name: None,
        created: date("2025-12-31"),
        until: date("2026-12-31"),
        anchor: AnchorDay::new(31).expect("is a day"),
        mode: RenewalMode::Manual,
        cancellation: None,
        period: period("P1M"),
        hold: Hold::None,
        open_order: None,
        protected_prices: Vec::new(),
        facts: std::collections::BTreeMap::default(),
        version: 0,
    }
}

pub fn method() -> PaymentMethod {
    PaymentMethod {
        id: PAYPAL,
        account: CUSTOMER,
        kind: MethodKind::PayPal,
        label: "me@example.com".to_owned(),
        description: None,
        status: MethodStatus::Valid,
        preference: Preference::Default,
        expires: None,
        created: Timestamp::UNIX_EPOCH,
        on_gateway: None,
    }
}
