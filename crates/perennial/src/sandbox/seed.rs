//! More services, for load: dedicated servers spread evenly over [`ACCOUNTS`] accounts `seed-01`, `seed-02`, ...
//!
//! They expire from tomorrow to in a year. Each account has a PayPal method and OVHcloud keys: see [`keys`].

use std::collections::BTreeMap;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::{Span, Timestamp};
use perennial_core::account::{Account, Standing, TaxTreatment};
use perennial_core::calendar::{AnchorDay, Period, Zone};
use perennial_core::ids::{AccountId, MethodId, ProductId, ServiceId};
use perennial_core::money::{Currency, Money, Rate};
use perennial_core::payment::{MethodKind, MethodStatus, PaymentMethod, Preference};
use perennial_core::product::Kind;
use perennial_core::service::{Hold, RenewalMode, Service};
use perennial_core::snapshot::Want;
use perennial_store::{Batch, Record, Store};

use super::catalogue::{self, Prices, ProductRow};
use super::demo;

/// How many accounts the services are spread over.
pub const ACCOUNTS: u32 = 16;

/// Services that one transaction records.
const BATCH: u32 = 5_000;

/// Expiries are spread over so many days.
const EXPIRY_DAYS: u32 = 365;

const PRODUCT: ProductRow = ProductRow::new(
    "dedicated-demo",
    "Dedicated server",
    Kind::Server,
    Currency::EUR,
    Prices::Listed(&[("P1M", 4_999), ("P1Y", 54_989)]),
);

/// The first method's id; an account's own is this plus its number.
const METHOD_ID: i64 = 900_000;

/// The customer number and the three keys of a seeded account, numbered from 1.
pub struct SeedKeys {
    /// `seed-01`.
    pub account: String,
    /// 16 letters and digits.
    pub application_key: String,
    /// 32 letters and digits.
    pub application_secret: String,
    /// 32 letters and digits.
    pub consumer_key: String,
}

/// The keys of a seeded account, numbered from 1.
pub fn keys(number: u32) -> SeedKeys {
    SeedKeys {
        account: format!("seed-{number:02}"),
        application_key: format!("seedOvhApp{number:06}"),
        application_secret: format!("seedOvhSecret{number:019}"),
        consumer_key: format!("seedOvhConsumer{number:017}"),
    }
}

/// Records the services that are not there, and their accounts.
///
/// # Errors
/// When the store does not take them.
pub fn record(store: &mut dyn Store, count: u32, now: Timestamp, password_hash: &str) -> anyhow::Result<()> {
    let zone = Zone::parse("Europe/Paris")?;
    let mut batch = store.begin()?;
    let product = ProductId(batch.record(&Record::Product(catalogue::product(&PRODUCT)?))?.id());
    let accounts = (1..=ACCOUNTS)
        .map(|number| account(&mut *batch, number, &zone, now, password_hash))
        .collect::<anyhow::Result<Vec<_>>>()?;
    batch.commit()?;
    let progress = bar(count);
    let seed = Seed { accounts, product, zone, now };
    for first in (0..count).step_by(usize::try_from(BATCH)?) {
        let mut batch = store.begin()?;
        let after = first.saturating_add(BATCH).min(count);
        for number in first..after {
            seed.service(&mut *batch, number).with_context(|| format!("seeding service {number}"))?;
        }
        batch.commit().context("seeding services")?;
        progress.set_position(u64::from(after));
    }
    progress.finish_and_clear();
    Ok(())
}

/// One service of each demo account, which the others that are seeded there are like.
const SAMPLES: [(&str, Kind, &str); 4] = [
    (demo::OVH.account, Kind::Server, "vps112233.ovh.net"),
    (demo::VPSBG, Kind::Server, "debian-2gb"),
    (demo::HOSTUP, Kind::Domain, "example.se"),
    (demo::ALIYUN, Kind::Instance, "i-bp67acfmxazb4p0001"),
];

/// Records services that are not there with the four demo accounts, in turn: each like a service of the demo, under another
/// name, all expiring within a year.
///
/// # Errors
/// When the store does not take them.
pub fn record_demo(store: &mut dyn Store, count: u32, now: Timestamp) -> anyhow::Result<()> {
    let mut batch = store.begin()?;
    let mut samples = Vec::with_capacity(SAMPLES.len());
    for (code, kind, name) in SAMPLES {
        let account = batch.find_account(code)?.context("the demo account was recorded")?;
        let id = batch.find_service(account, kind, name)?.context("the demo service was recorded")?;
        let seen = batch.load(&[Want::Service(account, id)])?;
        samples.push((kind, seen.service_of(account, id)?.clone()));
    }
    for number in 0..count {
        let (kind, sample) = &samples[usize::try_from(number)? % samples.len()];
        let name = match kind {
            Kind::Domain => format!("seed{number:07}.se"),
            Kind::Instance => format!("i-seed{number:012}"),
            _ => format!("seed{number:07}.example.net"),
        };
        if batch.find_service(sample.account, *kind, &name)?.is_some() {
            continue;
        }
        let until = Zone::UTC.date_of(now).checked_add(Span::new().days(i64::from(number % EXPIRY_DAYS + 2)))?;
        batch.record(&Record::Service(Service {
            id: ServiceId(0),
            name,
            until,
            anchor: AnchorDay::of(until),
            mode: RenewalMode::Manual,
            open_order: None,
            version: 0,
            ..sample.clone()
        }))?;
    }
    Ok(batch.commit()?)
}

fn account(
    batch: &mut dyn Batch,
    number: u32,
    zone: &Zone,
    now: Timestamp,
    password_hash: &str,
) -> anyhow::Result<AccountId> {
    let code = keys(number).account;
    if let Some(id) = batch.find_account(&code)? {
        return Ok(id);
    }
    let account = Account {
        id: AccountId(0),
        name: format!("Seeded Customer {number}"),
        email: format!("{code}@example.net"),
        code,
        country: "FR".to_owned(),
        vat_number: None,
        currency: Currency::EUR,
        tax: TaxTreatment::Standard(Rate::from_ppm(200_000)),
        zone: zone.clone(),
        credit_limit: Money::zero(Currency::EUR),
        standing: Standing::Customer,
        page_password: Some(password_hash.to_owned()),
        joint_orders: false,
        align_day: None,
        facts: BTreeMap::new(),
        created: now,
    };
    let id = AccountId(batch.record(&Record::Account(account))?.id());
    let method = PaymentMethod {
        id: MethodId(METHOD_ID + i64::from(number)),
        account: id,
        kind: MethodKind::PayPal,
        label: format!("seed-{number:02}@example.net"),
        description: None,
        status: MethodStatus::Valid,
        preference: Preference::Default,
        expires: None,
        created: now,
        on_gateway: None,
    };
    batch.record(&Record::Method(method))?;
    Ok(id)
}

struct Seed {
    accounts: Vec<AccountId>,
    product: ProductId,
    zone: Zone,
    now: Timestamp,
}

impl Seed {
    fn service(&self, batch: &mut dyn Batch, number: u32) -> anyhow::Result<()> {
        let account = self.accounts[usize::try_from(number % ACCOUNTS)?];
        let name = format!("ns{number:07}.example.net");
        if batch.find_service(account, Kind::Server, &name)?.is_some() {
            return Ok(());
        }
        let today = self.zone.date_of(self.now);
        let until = today.checked_add(Span::new().days(i64::from(number % EXPIRY_DAYS + 1)))?;
        batch.record(&Record::Service(Service {
            id: ServiceId(0),
            account,
            product: self.product,
            parent: None,
            name,
            display_name: None,
            created: until.checked_sub(Span::new().years(1))?,
            until,
            anchor: AnchorDay::of(until),
            mode: RenewalMode::Manual,
            cancellation: None,
            period: Period::parse("P1M")?,
            hold: Hold::None,
            open_order: None,
            protected_prices: Vec::new(),
            facts: BTreeMap::new(),
            version: 0,
        }))?;
        Ok(())
    }
}

/// Shows itself on a terminal only.
fn bar(count: u32) -> ProgressBar {
    let style = ProgressStyle::with_template("seeding services [{bar:40}] {human_pos}/{human_len}")
        .map_or_else(|_| ProgressStyle::default_bar(), |style| style.progress_chars("=> "));
    ProgressBar::new(u64::from(count)).with_style(style)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeded_keys_have_the_form_of_real_ones() {
        for number in [1, ACCOUNTS] {
            let keys = keys(number);
            let lengths = [keys.application_key.len(), keys.application_secret.len(), keys.consumer_key.len()];
            assert_eq!(lengths, [16, 32, 32]);
        }
    }
}
