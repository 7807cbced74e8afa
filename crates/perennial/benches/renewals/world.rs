//! The ledger that every run starts from: 64 accounts with their services, all on one price list.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use jiff::ToSpan;
use jiff::civil::{Date, date};
use perennial_core::account::{Account, Seller, Standing, TaxTreatment};
use perennial_core::calendar::{AnchorDay, Period, Zone};
use perennial_core::ids::{AccountId, MethodId, ProductId, ServiceId};
use perennial_core::money::{Currency, Money, Rate};
use perennial_core::payment::{MethodKind, MethodStatus, PaymentMethod, Preference};
use perennial_core::product::{Kind, Price, Product, Renewability};
use perennial_core::service::{Hold, RenewalMode, Service};
use perennial_store::sqlite::SqliteStore;
use perennial_store::{Batch, Record, Store};

/// As many accounts as there are connections: each connection renews the services of its own account.
pub const ACCOUNTS: i64 = 64;

/// What one renewal costs, net, in cents.
pub const NET_MINOR: i64 = 500;
/// The tax on it.
pub const TAX_MINOR: i64 = 100;

/// The customer number of an account, from 1.
pub fn account_code(account: i64) -> String {
    format!("bench-{account:02}")
}

/// The payment method of an account; PayPal, registered.
pub const fn method_of(account: i64) -> i64 {
    account
}

/// The saved card of an account, for the dialects whose orders PayPal does not pay.
pub const fn card_of(account: i64) -> i64 {
    ACCOUNTS + account
}

/// The account of a service: services are dealt out in turn.
pub const fn account_of(service: i64) -> i64 {
    (service - 1) % ACCOUNTS + 1
}

/// The id of a service as an instance: there is one for each service, behind them all, as one API shows instances only.
pub const fn instance_of(service: i64, services: i64) -> i64 {
    services + service
}

/// An instance's name, which is its id on the wire.
pub fn instance_name(id: i64) -> String {
    format!("i-{id:020}")
}

/// What the customers of a ledger have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sold {
    /// Servers alone.
    Servers,
    /// Servers, and as many instances.
    ServersAndInstances,
}

/// The days of a year on which services expire that are sold evenly.
pub fn year() -> Vec<Date> {
    date(2027, 1, 1).series(1.day()).take(365).collect()
}

/// Makes the ledger in a file, with `services` servers that expire on these days in turn.
pub fn make(path: &Path, services: i64, sold: Sold, expiries: &[Date]) -> Result<()> {
    let mut store = SqliteStore::open(path)?;
    let mut batch = store.begin()?;
    let [server, instance] = master_data(&mut *batch)?;
    for id in 1..=services {
        batch.record(&Record::Service(service(id, server, expiries)?))?;
    }
    if sold == Sold::ServersAndInstances {
        for id in (1..=services).map(|service| instance_of(service, services)) {
            let as_server = service(id, instance, expiries)?;
            batch.record(&Record::Service(Service { name: instance_name(id), ..as_server }))?;
        }
    }
    batch.commit().context("loading the services")?;
    Ok(())
}

/// Records the seller, the products, and the accounts with what they pay with; the ids of the products.
pub fn master_data(batch: &mut dyn Batch) -> Result<[i64; 2]> {
    let seller = Seller { collects: vec![MethodKind::PayPal, MethodKind::Card], ..Seller::default() };
    batch.record(&Record::Seller(seller))?;
    let server = batch.record(&Record::Product(product("vps", Kind::Server)))?.id();
    let instance = batch.record(&Record::Product(product("ecs", Kind::Instance)))?.id();
    for id in 1..=ACCOUNTS {
        batch.record(&Record::Account(account(id)?))?;
        batch.record(&Record::Method(method(id)))?;
    }
    for id in 1..=ACCOUNTS {
        batch.record(&Record::Method(card(id)))?;
    }
    Ok([server, instance])
}

fn product(code: &str, kind: Kind) -> Product {
    let price =
        |months, minor| Period::months(months).map(|period| Price { period, net: Money::new(minor, Currency::EUR) });
    Product {
        id: ProductId(0),
        code: code.to_owned(),
        name: code.to_owned(),
        kind,
        renewability: Renewability::OneOpen,
        grace_days: 7,
        suspension_days: 30,
        redemption_days: 0,
        redemption_fees: Vec::new(),
        ahead_months_max: 1_200,
        facts: BTreeMap::new(),
        prices: [price(1, NET_MINOR), price(12, 5_500)].into_iter().flatten().collect(),
    }
}

fn account(id: i64) -> Result<Account> {
    Ok(Account {
        id: AccountId(id),
        code: account_code(id),
        name: format!("Bench {id}"),
        email: format!("bench-{id}@example.com"),
        country: "FR".to_owned(),
        vat_number: None,
        currency: Currency::EUR,
        tax: TaxTreatment::Standard(Rate::parse_percent("20")?),
        zone: Zone::parse("Europe/Paris")?,
        // More than any run comes to, for the dialect that pays from it.
        credit_limit: Money::new(1_000_000_000_000, Currency::EUR),
        standing: Standing::Customer,
        page_password: None,
        joint_orders: false,
        align_day: None,
        facts: BTreeMap::new(),
        created: "2026-01-01T00:00:00Z".parse()?,
    })
}

fn method(account: i64) -> PaymentMethod {
    PaymentMethod {
        id: MethodId(method_of(account)),
        account: AccountId(account),
        kind: MethodKind::PayPal,
        label: format!("bench-{account}@example.com"),
        description: None,
        status: MethodStatus::Valid,
        preference: Preference::Default,
        expires: None,
        created: jiff::Timestamp::UNIX_EPOCH,
        on_gateway: None,
    }
}

fn card(account: i64) -> PaymentMethod {
    PaymentMethod {
        id: MethodId(card_of(account)),
        kind: MethodKind::Card,
        label: "visa **** 4242".to_owned(),
        preference: Preference::Other,
        ..method(account)
    }
}

/// A server as it was sold; they expire on these days in turn.
pub fn service(id: i64, product: i64, expiries: &[Date]) -> Result<Service> {
    let until = expiries[usize::try_from(id)? % expiries.len()];
    Ok(Service {
        id: ServiceId(id),
        account: AccountId(account_of(id)),
        product: ProductId(product),
        parent: None,
        name: format!("vps{id:08}.bench.example"),
        display_name: None,
        created: "2026-01-01".parse()?,
        until,
        anchor: AnchorDay::of(until),
        mode: RenewalMode::Automatic,
        cancellation: None,
        period: Period::months(1).context("a month is a period")?,
        hold: Hold::None,
        open_order: None,
        protected_prices: Vec::new(),
        facts: BTreeMap::new(),
        version: 0,
    })
}
