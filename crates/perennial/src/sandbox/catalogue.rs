//! The demo catalogue: the services that the four APIs' own documentation uses as examples, with their prices.

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

use super::demo;

/// In how many days the demo services expire.
const EXPIRES_IN_DAYS: i32 = 20;

/// How old they are, in days.
const AGE_DAYS: i32 = 345;

struct AccountRow {
    code: &'static str,
    name: &'static str,
    country: &'static str,
    currency: Currency,
    vat_percent: &'static str,
    zone: &'static str,
    credit_limit: i64,
    standing: Standing,
}

const ACCOUNTS: [AccountRow; 6] = [
    AccountRow {
        code: demo::OVH.account,
        name: "Camille Martin",
        country: "FR",
        currency: Currency::EUR,
        vat_percent: "20",
        zone: "Europe/Paris",
        credit_limit: 0,
        standing: Standing::Customer,
    },
    AccountRow {
        code: demo::OVH_OTHER.account,
        name: "Another Customer",
        country: "FR",
        currency: Currency::EUR,
        vat_percent: "20",
        zone: "Europe/Paris",
        credit_limit: 0,
        standing: Standing::Customer,
    },
    AccountRow {
        code: demo::OVH_RESELLER.account,
        name: "Reseller & Sons",
        country: "FR",
        currency: Currency::EUR,
        vat_percent: "20",
        zone: "Europe/Paris",
        credit_limit: 100_000,
        standing: Standing::Reseller,
    },
    AccountRow {
        code: "demo-vpsbg",
        name: "Ivan Petrov",
        country: "BG",
        currency: Currency::EUR,
        vat_percent: "20",
        zone: "Europe/Sofia",
        credit_limit: 0,
        standing: Standing::Customer,
    },
    AccountRow {
        code: "demo-hostup",
        name: "Astrid Lindqvist",
        country: "SE",
        currency: Currency::SEK,
        vat_percent: "25",
        zone: "Europe/Stockholm",
        credit_limit: 0,
        standing: Standing::Customer,
    },
    AccountRow {
        code: "demo-aliyun",
        name: "Li Wei",
        country: "CN",
        currency: Currency::CNY,
        vat_percent: "0",
        zone: "Asia/Shanghai",
        credit_limit: 500_000,
        standing: Standing::Customer,
    },
];

/// Code, name, kind, currency, whether it can be renewed, and minor units for each period.
pub type ProductRow = (&'static str, &'static str, Kind, Currency, Renewability, &'static [(&'static str, i64)]);

const PRODUCTS: [ProductRow; 8] = [
    ("domain-ovh", "Domain .ovh", Kind::Domain, Currency::EUR, Renewability::OneOpen, &[("P1Y", 199)]),
    ("hosting-perso-2014", "Hosting Perso 2014", Kind::Hosting, Currency::EUR, Renewability::OneOpen, &[("P1Y", 3588)]),
    (
        "vps-value-1-2-40",
        "VPS Value 1-2-40",
        Kind::Server,
        Currency::EUR,
        Renewability::OneOpen,
        &[("P1M", 599), ("P3M", 1797), ("P6M", 3414), ("P1Y", 6469)],
    ),
    (
        "cloud-vps-2gb",
        "Cloud VPS 2 GB",
        Kind::Server,
        Currency::EUR,
        Renewability::OneOpen,
        &[("P1M", 2500), ("P3M", 7500), ("P6M", 15_000), ("P1Y", 30_000), ("P2Y", 60_000)],
    ),
    (
        "cpanel-admin-5",
        "cPanel, 5 accounts",
        Kind::Addon,
        Currency::EUR,
        Renewability::OneOpen,
        &[("P1M", 3500), ("P3M", 10_500), ("P6M", 21_000), ("P1Y", 42_000), ("P2Y", 84_000)],
    ),
    ("domain-se", "Domain .se", Kind::Domain, Currency::SEK, Renewability::OneOpen, &[("P1Y", 15_900)]),
    (
        "ecs.g6.large",
        "ECS g6.large, subscription",
        Kind::Instance,
        Currency::CNY,
        Renewability::Stacking,
        &[
            ("P1W", 6000),
            ("P2W", 12_000),
            ("P3W", 18_000),
            ("P4W", 24_000),
            ("P1M", 24_000),
            ("P2M", 48_000),
            ("P3M", 72_000),
            ("P4M", 96_000),
            ("P5M", 120_000),
            ("P6M", 144_000),
            ("P7M", 168_000),
            ("P8M", 192_000),
            ("P9M", 216_000),
            ("P1Y", 244_800),
            ("P2Y", 403_200),
            ("P3Y", 432_000),
            ("P4Y", 576_000),
            ("P5Y", 720_000),
        ],
    ),
    ("ecs.g6.large-payg", "ECS g6.large, pay as you go", Kind::Instance, Currency::CNY, Renewability::OneShot, &[]),
];

struct ServiceRow {
    id: i64,
    account: &'static str,
    product: &'static str,
    parent: Option<i64>,
    name: &'static str,
    period: &'static str,
    hold: Hold,
    facts: &'static [(&'static str, &'static str)],
}

impl ServiceRow {
    const fn new(
        id: i64,
        account: &'static str,
        product: &'static str,
        name: &'static str,
        period: &'static str,
    ) -> Self {
        Self { id, account, product, parent: None, name, period, hold: Hold::None, facts: &[] }
    }
}

const VPS_FACTS: &[(&str, &str)] = &[
    ("displayName", "vps112233.ovh.net"),
    ("vcore", "1"),
    ("memoryMb", "2048"),
    ("diskGb", "40"),
    ("zone", "Region OpenStack: os-gra7"),
];

const SERVICES: [ServiceRow; 12] = [
    ServiceRow::new(12_345, demo::OVH.account, "domain-ovh", "example.ovh", "P1Y"),
    ServiceRow {
        parent: Some(12_345),
        ..ServiceRow::new(67_890, demo::OVH.account, "hosting-perso-2014", "example.cluster001.hosting.ovh.net", "P1Y")
    },
    ServiceRow {
        facts: VPS_FACTS,
        ..ServiceRow::new(112_233, demo::OVH.account, "vps-value-1-2-40", "vps112233.ovh.net", "P1M")
    },
    ServiceRow::new(22_222, demo::OVH_OTHER.account, "domain-ovh", "another.ovh", "P1Y"),
    ServiceRow::new(33_333, demo::OVH_RESELLER.account, "vps-value-1-2-40", "vps333333.ovh.net", "P1M"),
    ServiceRow {
        facts: &[("ip", "87.121.52.159"), ("memory_gb", "2")],
        ..ServiceRow::new(2904, "demo-vpsbg", "cloud-vps-2gb", "ubuntu-2gb", "P1M")
    },
    ServiceRow {
        parent: Some(2904),
        ..ServiceRow::new(2905, "demo-vpsbg", "cpanel-admin-5", "ubuntu-2gb cpanel-admin-5", "P1M")
    },
    ServiceRow::new(3321, "demo-vpsbg", "cloud-vps-2gb", "debian-2gb", "P1M"),
    ServiceRow {
        facts: &[("remote_id", "dom_01hxa3b4c5d6e7f8g9h0j1k2m3")],
        ..ServiceRow::new(5001, "demo-hostup", "domain-se", "example.se", "P1Y")
    },
    ServiceRow::new(6001, "demo-aliyun", "ecs.g6.large", "i-bp67acfmxazb4p0001", "P1M"),
    ServiceRow::new(6002, "demo-aliyun", "ecs.g6.large-payg", "i-bp67acfmxazb4p0002", "P1M"),
    ServiceRow {
        hold: Hold::Locked,
        ..ServiceRow::new(6003, "demo-aliyun", "ecs.g6.large", "i-bp67acfmxazb4p0003", "P1M")
    },
];

/// What was recorded, by its code.
struct Seeded {
    accounts: BTreeMap<&'static str, AccountId>,
    products: BTreeMap<&'static str, ProductId>,
}

/// Records the catalogue, as it is at an instant.
///
/// # Errors
/// When the store does not take a row.
pub fn record(batch: &mut dyn Batch, now: Timestamp, password_hash: &str) -> anyhow::Result<()> {
    batch.record(&Record::Seller(seller())).context("recording the seller")?;
    let mut seeded = Seeded { accounts: BTreeMap::new(), products: BTreeMap::new() };
    for row in &ACCOUNTS {
        let recorded = batch.record(&Record::Account(account(row, now, password_hash)?));
        let id = recorded.with_context(|| format!("recording account {}", row.code))?.id();
        seeded.accounts.insert(row.code, AccountId(id));
    }
    for row in &PRODUCTS {
        let recorded = batch.record(&Record::Product(product(row)?));
        let id = recorded.with_context(|| format!("recording product {}", row.0))?.id();
        seeded.products.insert(row.0, ProductId(id));
    }
    for row in &SERVICES {
        let service = service(row, &seeded, now)?;
        batch.record(&Record::Service(service)).with_context(|| format!("recording service {}", row.name))?;
    }
    for method in methods(&seeded, now)? {
        batch.record(&Record::Method(method)).context("recording a payment method")?;
    }
    batch.record(&Record::Promo(promo())).context("recording a promo code")?;
    batch.record(&Record::Coupon(coupon(&seeded)?)).context("recording a coupon")?;
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
        vat_number: None,
        currency: row.currency,
        tax: if rate == Rate::ZERO { TaxTreatment::Exempt } else { TaxTreatment::Standard(rate) },
        zone: Zone::parse(row.zone)?,
        credit_limit: Money::new(row.credit_limit, row.currency),
        standing: row.standing,
        page_password: Some(password_hash.to_owned()),
        created: now,
    })
}

/// The product of a row.
///
/// # Errors
/// When a period is misspelt.
pub fn product((code, name, kind, currency, renewability, prices): &ProductRow) -> anyhow::Result<Product> {
    let prices = prices
        .iter()
        .map(|&(period, minor)| Ok(Price { period: Period::parse(period)?, net: Money::new(minor, *currency) }))
        .collect::<anyhow::Result<_>>()?;
    Ok(Product {
        id: ProductId(0),
        code: (*code).to_owned(),
        name: (*name).to_owned(),
        kind: *kind,
        renewability: *renewability,
        grace_days: 7,
        suspension_days: 30,
        ahead_months_max: 120,
        prices,
    })
}

fn service(row: &ServiceRow, seeded: &Seeded, now: Timestamp) -> anyhow::Result<Service> {
    let account = ACCOUNTS.iter().find(|account| account.code == row.account).context("the account is in the table")?;
    let until = expiry(now, account.zone, EXPIRES_IN_DAYS)?;
    Ok(Service {
        id: ServiceId(row.id),
        account: *seeded.accounts.get(row.account).context("the account was recorded")?,
        product: *seeded.products.get(row.product).context("the product was recorded")?,
        parent: row.parent.map(ServiceId),
        name: row.name.to_owned(),
        display_name: None,
        created: until.checked_sub(Span::new().days(EXPIRES_IN_DAYS + AGE_DAYS))?,
        until,
        anchor: AnchorDay::of(until),
        mode: RenewalMode::Automatic,
        period: Period::parse(row.period)?,
        hold: row.hold,
        open_order: None,
        protected_prices: Vec::new(),
        facts: row.facts.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect(),
        version: 0,
    })
}

/// The date so many days from an instant, in a billing zone.
fn expiry(now: Timestamp, zone: &str, days: i32) -> anyhow::Result<Date> {
    Ok(Zone::parse(zone)?.date_of(now).checked_add(Span::new().days(days))?)
}

fn methods(seeded: &Seeded, now: Timestamp) -> anyhow::Result<Vec<PaymentMethod>> {
    // OVHcloud's guide pays with PayPal 1234.
    let rows = [
        (1234, demo::OVH.account, MethodKind::PayPal, "camille.martin@example.net", Preference::Default),
        (1235, demo::OVH.account, MethodKind::Card, "**** **** **** 4242", Preference::Other),
        (1236, demo::OVH.account, MethodKind::BankTransfer, "FR76 **** **** 0189", Preference::Other),
        (2234, demo::OVH_OTHER.account, MethodKind::PayPal, "another@example.net", Preference::Default),
        (3234, demo::OVH_RESELLER.account, MethodKind::Card, "**** **** **** 1881", Preference::Default),
        (4234, "demo-vpsbg", MethodKind::Card, "**** **** **** 0341", Preference::Default),
        (5234, "demo-hostup", MethodKind::Card, "**** **** **** 5556", Preference::Default),
    ];
    rows.into_iter()
        .map(|(id, account, kind, label, preference)| {
            Ok(PaymentMethod {
                id: MethodId(id),
                account: *seeded.accounts.get(account).context("the account was recorded")?,
                kind,
                label: label.to_owned(),
                description: None,
                status: MethodStatus::Valid,
                preference,
                expires: None,
                created: now,
            })
        })
        .collect()
}

fn promo() -> PromoCode {
    PromoCode { code: "fall2403".to_owned(), off: Rate::from_ppm(100_000), months_min: 3, starts: None, ends: None }
}

fn coupon(seeded: &Seeded) -> anyhow::Result<Coupon> {
    Ok(Coupon {
        id: CouponId(1),
        account: *seeded.accounts.get("demo-aliyun").context("the account was recorded")?,
        amount: Money::new(5_000, Currency::CNY),
        expires: None,
        used_by: None,
    })
}
