//! The world that a script begins in, and the master data that is recorded while it runs.

use jiff::Span;
use perennial_core::account::{Account, Seller, Standing, TaxTreatment};
use perennial_core::calendar::{AnchorDay, Zone};
use perennial_core::ids::{AccountId, CouponId, MethodId, ProductId, ServiceId};
use perennial_core::money::{Currency, Money, Rate};
use perennial_core::payment::{MethodKind, MethodStatus, OnGateway, PaymentMethod};
use perennial_core::product::{Coupon, Kind, Price, Product, PromoCode, Renewability};
use perennial_core::service::{Cancellation, Ending, Hold, RenewalMode, Service};
use perennial_store::Record;

use super::draw::Script;
use super::known::Held;
use crate::world::{account, instant, period, product, seller, service};

/// The accounts: the first two pay in euros, the others in kronor.
pub const ACCOUNTS: [AccountId; 4] = [AccountId(1), AccountId(2), AccountId(3), AccountId(4)];

pub const RESELLERS: [AccountId; 2] = [AccountId(2), AccountId(4)];

/// Promo codes; the last one is not there.
pub const PROMOS: [&str; 4] = ["spring", "År 1", "over", "none"];

/// A product of the script: what it is, what it is sold for, and what a month of it costs, in euro cents.
pub struct Sold {
    pub id: i64,
    kind: Kind,
    renewability: Renewability,
    pub periods: &'static [&'static str],
    month_minor: i64,
    ahead_months_max: u16,
}

const fn sold(
    id: i64,
    kind: Kind,
    renewability: Renewability,
    periods: &'static [&'static str],
    month_minor: i64,
) -> Sold {
    Sold { id, kind, renewability, periods, month_minor, ahead_months_max: 48 }
}

pub const PRODUCTS: [Sold; 9] = [
    sold(1, Kind::Domain, Renewability::OneOpen, &["P1Y", "P2Y"], 90),
    sold(2, Kind::Hosting, Renewability::OneOpen, &["P1M", "P1Y"], 300),
    sold(3, Kind::Server, Renewability::OneOpen, &["P1M", "P3M", "P1Y"], 500),
    sold(4, Kind::Instance, Renewability::Stacking, &["P1W", "P1M", "P1Y"], 250),
    sold(5, Kind::Addon, Renewability::OneOpen, &["P1M", "P1Y"], 100),
    sold(6, Kind::Ip, Renewability::Stacking, &["P1M", "P3M", "P1Y"], 200),
    sold(7, Kind::Support, Renewability::OneShot, &["P1M", "P1Y"], 900),
    Sold { ahead_months_max: 14, ..sold(8, Kind::Server, Renewability::OneOpen, &["P1M", "P1Y"], 0) },
    Sold { ahead_months_max: 0, ..sold(9, Kind::Addon, Renewability::Stacking, &["P1M", "P1Y"], 33) },
];

pub fn currency(account: AccountId) -> Currency {
    if account.0 <= 2 { Currency::EUR } else { Currency::SEK }
}

impl Script {
    /// What is recorded before anything else.
    pub fn world(&mut self) -> Vec<Record> {
        let mut records = vec![Record::Seller(seller())];
        records.extend(PROMOS[..3].iter().map(|code| Record::Promo(self.promo_code(code))));
        records.extend(ACCOUNTS.map(|id| Record::Account(self.owner(id))));
        records.extend(PRODUCTS.iter().map(|sold| Record::Product(self.product(sold))));
        records.extend(ACCOUNTS.map(|id| Record::Method(self.paid_with(id))));
        records.extend(ACCOUNTS.map(|id| Record::Coupon(Coupon { id: CouponId(0), ..self.coupon(id) })));
        records
    }

    /// So many services. Those that are there already may become their parents.
    pub fn services(&mut self, count: usize) -> Vec<Record> {
        (0..count).map(|_| Record::Service(self.new_service())).collect()
    }

    /// Some master data: new rows, changed ones, and now and then one that is refused.
    pub fn records(&mut self) -> Vec<Record> {
        (0..=self.dice.below(4)).map(|_| self.record()).collect()
    }

    fn record(&mut self) -> Record {
        let account = self.customer();
        match self.dice.below(20) {
            0..4 => Record::Product(self.any_product()),
            4 => Record::Promo({
                let code = *self.dice.pick(&PROMOS[..3]);
                self.promo_code(code)
            }),
            5 => Record::Seller(self.seller()),
            6 | 7 => Record::Account(self.owner(account)),
            8..14 => Record::Service(self.new_service()),
            14 | 15 if !self.known.services.is_empty() => Record::Service(self.changed_service()),
            16 => Record::Method(self.paid_with(account)),
            17 | 18 => Record::Coupon(self.coupon(account)),
            _ => self.refused(),
        }
    }

    /// A row that the store refuses, or the schema does.
    fn refused(&mut self) -> Record {
        let owner = self.customer();
        match self.dice.below(4) {
            0 => Record::Account(Account { currency: Currency::CNY, ..self.owner(owner) }),
            1 => Record::Product(Product { kind: Kind::Domain, ..self.product(&PRODUCTS[2]) }),
            2 => Record::Service(Service { product: ProductId(99), ..self.new_service() }),
            _ => Record::Coupon(Coupon { amount: Money::zero(currency(owner)), ..self.coupon(owner) }),
        }
    }

    fn seller(&mut self) -> Seller {
        let vat_number = self.dice.one_in(2).then(|| self.text());
        let mut collects = vec![MethodKind::PayPal, MethodKind::Card, MethodKind::BankTransfer, MethodKind::Bitcoin];
        collects.truncate(2 + self.dice.below(3));
        let series = if self.dice.one_in(3) { "FR" } else { "INV" };
        let address = vec![self.text(), self.text()];
        Seller { vat_number, collects, address, invoice_series: series.to_owned(), ..seller() }
    }

    fn promo_code(&mut self, code: &str) -> PromoCode {
        let over = code == "over";
        let products = [vec![], vec![ProductId(3), ProductId(2), ProductId(4)], vec![ProductId(1)]];
        PromoCode {
            code: code.to_owned(),
            off: Rate::from_ppm(u32::try_from(self.dice.int(0..=1_000_000)).expect("fits")),
            products: self.dice.pick(&products).clone(),
            months_min: *self.dice.pick(&[0, 1, 12]),
            starts: self.dice.maybe(|_| instant("2025-01-01T00:00:00Z")),
            ends: over.then(|| instant("2025-06-01T00:00:00Z")),
        }
    }

    fn owner(&mut self, id: AccountId) -> Account {
        let standard = TaxTreatment::Standard(Rate::from_ppm(*self.dice.pick(&[200_000, 250_000, 55_000])));
        let other = *self.dice.pick(&[TaxTreatment::ReverseCharge, TaxTreatment::Exempt]);
        let zones = ["Europe/Paris", "UTC", "Asia/Shanghai", "America/New_York"];
        let zone = zones[usize::try_from(id.0 - 1).expect("is an account")];
        let reseller = RESELLERS.contains(&id);
        Account {
            name: self.text(),
            vat_number: self.dice.one_in(2).then(|| self.text()),
            currency: currency(id),
            tax: if self.dice.one_in(4) { other } else { standard },
            zone: Zone::parse(zone).expect("is a zone"),
            credit_limit: Money::new(*self.dice.pick(&[0, 20_000, 900_000]), currency(id)),
            standing: if reseller { Standing::Reseller } else { Standing::Customer },
            page_password: self.dice.one_in(2).then(|| self.text()),
            joint_orders: self.dice.one_in(2),
            align_day: self.dice.one_in(2).then(|| self.day()),
            facts: self.facts(),
            ..account(id)
        }
    }

    fn any_product(&mut self) -> Product {
        let sold = self.dice.pick(&PRODUCTS);
        self.product(sold)
    }

    /// A product at today's prices: a little dearer or cheaper, and now and then not for sale for one period.
    fn product(&mut self, sold: &Sold) -> Product {
        let mut prices = Vec::new();
        for (currency, times) in [(Currency::EUR, 1), (Currency::SEK, 11)] {
            for text in sold.periods {
                let months = period(text).as_months().map_or(1, i64::from);
                let minor = sold.month_minor * months * times * self.dice.int(80..=120) / 100;
                prices.push(Price { period: period(text), net: Money::new(minor, currency) });
            }
        }
        if self.dice.one_in(10) {
            prices.remove(self.dice.below(prices.len()));
        }
        let fees = [(Currency::EUR, 1_000), (Currency::SEK, 11_000)];
        let is_had_back = !matches!(sold.kind, Kind::Addon | Kind::Support);
        Product {
            name: self.text(),
            facts: self.facts(),
            redemption_days: if is_had_back { 20 } else { 0 },
            redemption_fees: fees.map(|(currency, minor)| Money::new(minor, currency))[..self.dice.below(3)].to_vec(),
            ahead_months_max: sold.ahead_months_max,
            ..product(sold.id, sold.kind, sold.renewability, &prices)
        }
    }

    fn protected(&mut self, account: AccountId) -> Vec<Price> {
        if !self.dice.one_in(3) {
            return Vec::new();
        }
        let price = |text, minor| Price { period: period(text), net: Money::new(minor, currency(account)) };
        let mut prices = vec![price("P1M", self.dice.int(0..=900)), price("P1Y", self.dice.int(0..=9_000))];
        prices.truncate(1 + self.dice.below(2));
        prices
    }

    /// A service that was sold elsewhere, and runs for some days to come.
    fn new_service(&mut self) -> Service {
        let account = self.customer();
        let Sold { id: product, periods, .. } = *self.dice.pick(&PRODUCTS);
        let of_product = *self.dice.pick(periods);
        let owned: Vec<_> = self.known.services.iter().filter(|held| held.account == account).collect();
        let parent = self.dice.lately(&owned).map(|held| held.id).filter(|_| self.dice.one_in(3));
        let until = self.today().saturating_add(Span::new().days(self.dice.int(-5..=60)));
        let number = self.new_number();
        Service {
            id: ServiceId(0),
            name: format!("recorded-{number}.example"),
            display_name: self.dice.one_in(2).then(|| self.text()),
            created: until.saturating_sub(Span::new().years(1)),
            until,
            anchor: AnchorDay::new(*self.dice.pick(&[31, until.day()])).expect("is a day"),
            mode: *self.dice.pick(&[RenewalMode::Automatic, RenewalMode::Automatic, RenewalMode::Manual]),
            period: period(of_product),
            hold: if self.dice.one_in(20) { Hold::Locked } else { Hold::None },
            protected_prices: self.protected(account),
            facts: self.facts(),
            ..service(ServiceId(0), account, product, parent)
        }
    }

    /// A service that is there, with other master data.
    fn changed_service(&mut self) -> Service {
        let held = *self.dice.pick(&self.known.services);
        let cancellation = Cancellation {
            requested: self.now,
            reason: self.text(),
            ending: Ending::AtExpiry,
            mode_before: RenewalMode::Manual,
        };
        let mode = *self.dice.pick(&RenewalMode::ALL);
        let ends = mode == RenewalMode::DeleteAtExpiry && self.dice.one_in(2);
        let named = format!("changed-{}.example", self.new_number());
        Service {
            id: held.id,
            account: held.account,
            name: named,
            parent: held.parent,
            mode,
            cancellation: ends.then_some(cancellation),
            product: *self.dice.pick(&[ProductId(3), ProductId(2)]),
            protected_prices: self.protected(held.account),
            ..self.new_service()
        }
    }

    fn paid_with(&mut self, account: AccountId) -> PaymentMethod {
        let label = if self.dice.one_in(2) { "me@example.com".to_owned() } else { self.text() };
        PaymentMethod {
            id: MethodId(0),
            account,
            kind: *self.dice.pick(&[MethodKind::PayPal, MethodKind::Card]),
            label,
            description: self.dice.one_in(2).then(|| self.text()),
            preference: self.preference(),
            expires: self.dice.one_in(2).then(|| self.today().saturating_add(Span::new().days(self.dice.int(0..=20)))),
            status: if self.dice.one_in(3) { MethodStatus::Cancelled } else { MethodStatus::Valid },
            created: self.now,
            on_gateway: self.on_gateway(),
        }
    }

    /// Some methods are kept by a gateway.
    pub(super) fn on_gateway(&mut self) -> Option<OnGateway> {
        let (customer, method) = (self.text(), self.text());
        (!self.dice.one_in(4)).then(|| OnGateway { gateway: "stripe".to_owned(), customer, method })
    }

    /// A new coupon, or one that is there with another amount; then it may be another account's, which is refused.
    fn coupon(&mut self, account: AccountId) -> Coupon {
        let id = if self.dice.one_in(4) { self.dice.int(1..=4) } else { 0 };
        Coupon {
            id: CouponId(id),
            account,
            amount: Money::new(self.dice.int(1..=2_000), currency(account)),
            expires: self.dice.one_in(2).then(|| self.hours(24..=2_400)),
            used_by: None,
        }
    }

    /// Takes note of a service that was recorded.
    pub fn recorded(&mut self, record: &Record, id: i64) {
        match record {
            Record::Service(service) if service.id.0 == 0 => {
                let Service { account, parent, until, .. } = *service;
                self.known.services.push(Held { account, id: ServiceId(id), parent, until });
            }
            Record::Method(method) => self.known.methods.push((method.account, MethodId(id))),
            _ => {}
        }
    }
}
