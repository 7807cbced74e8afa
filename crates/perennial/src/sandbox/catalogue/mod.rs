//! The demo catalogue: the services that the four APIs' own documentation uses as examples, with their prices. A file a
//! provider; what is in it becomes rows of the ledger here.

mod aliyun;
mod hostup;
mod ovh;
mod vpsbg;

use std::collections::BTreeMap;

use anyhow::Context;
use jiff::civil::Date;
use jiff::{Span, Timestamp};
use perennial_core::account::{Account, Seller, Standing, TaxTreatment};
use perennial_core::calendar::{AnchorDay, Period, Zone};
use perennial_core::ids::{AccountId, CouponId, MethodId, ProductId, ServiceId};
use perennial_core::money::{Currency, Money, Rate};
use perennial_core::payment::{MethodKind, MethodStatus, PaymentMethod, Preference};
use perennial_core::product::{Coupon, Kind, Price, Product, PromoCode, Renewability};
use perennial_core::service::{Hold, RenewalMode, Service};
use perennial_store::{Batch, Record};

/// In how many days the demo services expire, unless their rows say otherwise.
const EXPIRES_IN_DAYS: i32 = 20;

/// How old they are, in days.
const AGE_DAYS: i32 = 345;

/// How many years the last year of a demo card that has one is ahead.
const CARD_YEARS: i16 = 2;

/// Names with values.
type Facts = &'static [(&'static str, &'static str)];

/// All that is on sale and on file at one provider.
struct Rows {
    accounts: &'static [AccountRow],
    products: &'static [ProductRow],
    services: &'static [ServiceRow],
    methods: &'static [MethodRow],
    promos: &'static [PromoRow],
    coupons: &'static [CouponRow],
}

const PROVIDERS: [Rows; 4] = [ovh::ROWS, vpsbg::ROWS, hostup::ROWS, aliyun::ROWS];

struct AccountRow {
    code: &'static str,
    name: &'static str,
    country: &'static str,
    vat_number: Option<&'static str>,
    currency: Currency,
    vat_percent: &'static str,
    zone: &'static str,
    credit_limit: i64,
    standing: Standing,
    facts: Facts,
    /// What is on the balance at the start, in minor units.
    balance: i64,
}

/// A product, and what it costs.
pub struct ProductRow {
    /// The seller's code.
    pub code: &'static str,
    /// The name on invoices.
    pub name: &'static str,
    /// What kind of thing it is.
    pub kind: Kind,
    /// The currency of its prices.
    pub currency: Currency,
    /// Whether it can be renewed.
    pub renewability: Renewability,
    /// Days after expiry in which it still runs.
    pub grace_days: u16,
    /// Days after that in which it is stopped and can be renewed.
    pub suspension_days: u16,
    /// Days after that in which it is deleted and can be had back, and the fee for that in minor units.
    pub redemption: (u16, i64),
    /// Facts that a dialect shows.
    pub facts: Facts,
    /// Its prices.
    pub prices: Prices,
}

/// Prices in minor units.
pub enum Prices {
    /// For each of these periods.
    Listed(&'static [(&'static str, i64)]),
    /// So much a month, for 1, 3, 6, 12 and 24 months, and no cheaper for longer (VPSBG's cycles).
    Monthly(i64),
}

impl ProductRow {
    /// A product that has one open renewal at a time, and no facts.
    pub const fn new(code: &'static str, name: &'static str, kind: Kind, currency: Currency, prices: Prices) -> Self {
        let (renewability, grace_days, suspension_days) = (Renewability::OneOpen, 7, 30);
        Self {
            code,
            name,
            kind,
            currency,
            renewability,
            grace_days,
            suspension_days,
            redemption: (0, 0),
            facts: &[],
            prices,
        }
    }
}

struct ServiceRow {
    id: i64,
    account: &'static str,
    product: &'static str,
    parent: Option<i64>,
    name: &'static str,
    display_name: Option<&'static str>,
    period: &'static str,
    expires_in_days: i32,
    hold: Hold,
    mode: RenewalMode,
    facts: Facts,
}

impl ServiceRow {
    const fn new(
        id: i64,
        account: &'static str,
        product: &'static str,
        name: &'static str,
        period: &'static str,
    ) -> Self {
        Self {
            id,
            account,
            product,
            parent: None,
            name,
            display_name: None,
            period,
            expires_in_days: EXPIRES_IN_DAYS,
            hold: Hold::None,
            mode: RenewalMode::Automatic,
            facts: &[],
        }
    }
}

struct MethodRow {
    id: i64,
    account: &'static str,
    kind: MethodKind,
    label: &'static str,
    description: Option<&'static str>,
    preference: Preference,
    /// Whether it ends with a year, [`CARD_YEARS`] ahead.
    ends: bool,
}

impl MethodRow {
    /// A method that is charged when none is named, and has no end.
    const fn new(id: i64, account: &'static str, kind: MethodKind, label: &'static str) -> Self {
        Self { id, account, kind, label, description: None, preference: Preference::Default, ends: false }
    }
}

struct PromoRow {
    code: &'static str,
    percent: &'static str,
    months_min: u16,
    /// Codes of the products it is given for; empty for all.
    products: &'static [&'static str],
}

struct CouponRow {
    id: i64,
    account: &'static str,
    currency: Currency,
    minor: i64,
}

/// What was recorded, by its code.
#[derive(Default)]
struct Seeded {
    accounts: BTreeMap<&'static str, AccountId>,
    products: BTreeMap<&'static str, ProductId>,
}

impl Seeded {
    fn account(&self, code: &str) -> anyhow::Result<AccountId> {
        self.accounts.get(code).copied().with_context(|| format!("account {code} was recorded"))
    }

    fn product(&self, code: &str) -> anyhow::Result<ProductId> {
        self.products.get(code).copied().with_context(|| format!("product {code} was recorded"))
    }
}

/// What is on the balances of the demo accounts at the start, by customer number.
pub fn balances() -> impl Iterator<Item = (&'static str, Money)> {
    let accounts = PROVIDERS.into_iter().flat_map(|rows| rows.accounts);
    accounts.filter(|row| row.balance > 0).map(|row| (row.code, Money::new(row.balance, row.currency)))
}

/// Records the catalogue, as it is at an instant.
///
/// # Errors
/// When the store does not take a row.
pub fn record(batch: &mut dyn Batch, now: Timestamp, password_hash: &str) -> anyhow::Result<()> {
    batch.record(&Record::Seller(seller())).context("recording the seller")?;
    let mut seeded = Seeded::default();
    for row in PROVIDERS.iter().flat_map(|rows| rows.accounts) {
        let recorded = batch.record(&Record::Account(account(row, now, password_hash)?));
        let id = recorded.with_context(|| format!("recording account {}", row.code))?.id();
        seeded.accounts.insert(row.code, AccountId(id));
    }
    for rows in &PROVIDERS {
        record_rows(batch, rows, &mut seeded, now)?;
    }
    Ok(())
}

fn record_rows(batch: &mut dyn Batch, rows: &Rows, seeded: &mut Seeded, now: Timestamp) -> anyhow::Result<()> {
    for row in rows.products {
        let recorded = batch.record(&Record::Product(product(row)?));
        let id = recorded.with_context(|| format!("recording product {}", row.code))?.id();
        seeded.products.insert(row.code, ProductId(id));
    }
    for row in rows.services {
        let zone = rows.accounts.iter().find(|account| account.code == row.account).map(|account| account.zone);
        let service = service(row, seeded, now, zone.context("the account is in the table")?)?;
        batch.record(&Record::Service(service)).with_context(|| format!("recording service {}", row.name))?;
    }
    for row in rows.methods {
        let method = method(row, seeded, now)?;
        batch.record(&Record::Method(method)).with_context(|| format!("recording payment method {}", row.id))?;
    }
    for row in rows.promos {
        let promo = promo(row, seeded)?;
        batch.record(&Record::Promo(promo)).with_context(|| format!("recording promo code {}", row.code))?;
    }
    for row in rows.coupons {
        let coupon = coupon(row, seeded)?;
        batch.record(&Record::Coupon(coupon)).with_context(|| format!("recording coupon {}", row.id))?;
    }
    Ok(())
}

fn seller() -> Seller {
    Seller {
        name: "Perennial Sandbox".to_owned(),
        address: vec!["1 Rehearsal Street".to_owned(), "59100 Roubaix".to_owned(), "France".to_owned()],
        vat_number: Some("FR00000000000".to_owned()),
        invoice_series: "FR".to_owned(),
        credit_series: "FRC".to_owned(),
        // No bank account: OVHcloud's own refusal of it can be rehearsed with the one on file.
        collects: vec![MethodKind::Card, MethodKind::PayPal, MethodKind::Bitcoin],
        receipts: false,
    }
}

fn account(row: &AccountRow, now: Timestamp, password_hash: &str) -> anyhow::Result<Account> {
    let rate = Rate::parse_percent(row.vat_percent)?;
    Ok(Account {
        id: AccountId(0),
        code: row.code.to_owned(),
        name: row.name.to_owned(),
        email: format!("{}@example.net", row.code),
        country: row.country.to_owned(),
        vat_number: row.vat_number.map(str::to_owned),
        currency: row.currency,
        tax: if rate == Rate::ZERO { TaxTreatment::Exempt } else { TaxTreatment::Standard(rate) },
        zone: Zone::parse(row.zone)?,
        credit_limit: Money::new(row.credit_limit, row.currency),
        standing: row.standing,
        page_password: Some(password_hash.to_owned()),
        joint_orders: false,
        align_day: None,
        facts: facts(row.facts),
        created: now,
    })
}

fn facts(facts: Facts) -> BTreeMap<String, String> {
    facts.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// The product of a row.
///
/// # Errors
/// When a period is misspelt.
pub fn product(row: &ProductRow) -> anyhow::Result<Product> {
    const MONTHLY: [(&str, i64); 5] = [("P1M", 1), ("P3M", 3), ("P6M", 6), ("P1Y", 12), ("P2Y", 24)];
    let price =
        |period, minor| anyhow::Ok(Price { period: Period::parse(period)?, net: Money::new(minor, row.currency) });
    let prices: anyhow::Result<_> = match row.prices {
        Prices::Listed(prices) => prices.iter().map(|&(period, minor)| price(period, minor)).collect(),
        Prices::Monthly(minor) => MONTHLY.iter().map(|&(period, months)| price(period, months * minor)).collect(),
    };
    Ok(Product {
        id: ProductId(0),
        code: row.code.to_owned(),
        name: row.name.to_owned(),
        kind: row.kind,
        renewability: row.renewability,
        grace_days: row.grace_days,
        suspension_days: row.suspension_days,
        redemption_days: row.redemption.0,
        redemption_fees: if row.redemption.0 > 0 {
            vec![Money::new(row.redemption.1, row.currency)]
        } else {
            Vec::new()
        },
        ahead_months_max: 120,
        facts: facts(row.facts),
        prices: prices?,
    })
}

fn service(row: &ServiceRow, seeded: &Seeded, now: Timestamp, zone: &str) -> anyhow::Result<Service> {
    let until = expiry(now, zone, row.expires_in_days)?;
    Ok(Service {
        id: ServiceId(row.id),
        account: seeded.account(row.account)?,
        product: seeded.product(row.product)?,
        parent: row.parent.map(ServiceId),
        name: row.name.to_owned(),
        display_name: row.display_name.map(str::to_owned),
        created: expiry(now, zone, -AGE_DAYS)?,
        until,
        anchor: AnchorDay::of(until),
        mode: row.mode,
        cancellation: None,
        period: Period::parse(row.period)?,
        hold: row.hold,
        open_order: None,
        protected_prices: Vec::new(),
        facts: facts(row.facts),
        version: 0,
    })
}

/// The date so many days from an instant, in a billing zone.
fn expiry(now: Timestamp, zone: &str, days: i32) -> anyhow::Result<Date> {
    Ok(Zone::parse(zone)?.date_of(now).checked_add(Span::new().days(days))?)
}

fn method(row: &MethodRow, seeded: &Seeded, now: Timestamp) -> anyhow::Result<PaymentMethod> {
    let last_day = || Date::new(Zone::UTC.date_of(now).year() + CARD_YEARS, 12, 31);
    Ok(PaymentMethod {
        id: MethodId(row.id),
        account: seeded.account(row.account)?,
        kind: row.kind,
        label: row.label.to_owned(),
        description: row.description.map(str::to_owned),
        status: MethodStatus::Valid,
        preference: row.preference,
        expires: row.ends.then(last_day).transpose()?,
        created: now,
        on_gateway: None,
    })
}

fn promo(row: &PromoRow, seeded: &Seeded) -> anyhow::Result<PromoCode> {
    Ok(PromoCode {
        code: row.code.to_owned(),
        off: Rate::parse_percent(row.percent)?,
        products: row.products.iter().map(|code| seeded.product(code)).collect::<Result<_, _>>()?,
        months_min: row.months_min,
        starts: None,
        ends: None,
    })
}

fn coupon(row: &CouponRow, seeded: &Seeded) -> anyhow::Result<Coupon> {
    let account = seeded.account(row.account)?;
    Ok(Coupon {
        id: CouponId(row.id),
        account,
        amount: Money::new(row.minor, row.currency),
        expires: None,
        used_by: None,
    })
}
