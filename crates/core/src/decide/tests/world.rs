//! A small world to decide on: one customer, one reseller, a few products and services.

use std::sync::Arc;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use crate::account::{Account, Seller, Standing, TaxTreatment};
use crate::calendar::{AnchorDay, Period, Zone, parse_date};
use crate::command::{Action, Command, CouponUse, PayWith, RenewRequest, Reply, Scope};
use crate::decide::{Decision, decide};
use crate::ids::{AccountId, CouponId, MethodId, OrderId, ProductId, ServiceId};
use crate::ledger::Balances;
use crate::money::{Currency, Money, Rate};
use crate::order::{Order, Origin};
use crate::payment::{MethodKind, MethodStatus, PaymentMethod, Preference};
use crate::product::{Catalogue, Coupon, Kind, Price, Product, PromoCode, Renewability};
use crate::refusal::Refusal;
use crate::service::{Hold, RenewalMode, Service};
use crate::snapshot::{Change, Next, Snapshot};

pub const CUSTOMER: AccountId = AccountId(1);
pub const RESELLER: AccountId = AccountId(2);
pub const DOMAIN: ServiceId = ServiceId(12345);
pub const HOSTING: ServiceId = ServiceId(67890);
pub const SERVER: ServiceId = ServiceId(1);
pub const ADDON: ServiceId = ServiceId(2);
pub const STACKING: ServiceId = ServiceId(3);
pub const ONE_SHOT: ServiceId = ServiceId(4);
pub const RESOLD: ServiceId = ServiceId(5);
pub const PAYPAL: MethodId = MethodId(1234);
pub const OLD_CARD: MethodId = MethodId(1235);
pub const BITCOIN: MethodId = MethodId(1236);
pub const COUPON: CouponId = CouponId(1);
pub const DAY_S: u32 = 86_400;

/// A snapshot and the instant at which it is looked at.
#[derive(Clone)]
pub struct World {
    pub now: Timestamp,
    pub seen: Snapshot,
}

pub fn date(text: &str) -> Date {
    parse_date(text).expect("is a date")
}

pub fn period(text: &str) -> Period {
    Period::parse(text).expect("is a period")
}

pub fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

impl World {
    pub fn new() -> Self {
        let mut seen = Snapshot { catalogue: Arc::new(catalogue()), ..Snapshot::default() };
        seen.next = Next { order: 1, invoice: 1, invoice_number: 1, credit_number: 1, application: 1, credential: 1 };
        for (id, standing) in [(CUSTOMER, Standing::Customer), (RESELLER, Standing::Reseller)] {
            seen.accounts.insert(id, account(id, standing));
            seen.balances.insert(id, Balances { balance: eur(10_000), receivable: eur(0) });
        }
        for (id, owner, product, parent) in [
            (DOMAIN, CUSTOMER, 1, None),
            (HOSTING, CUSTOMER, 2, Some(DOMAIN)),
            (SERVER, CUSTOMER, 3, None),
            (ADDON, CUSTOMER, 4, Some(SERVER)),
            (STACKING, CUSTOMER, 5, None),
            (ONE_SHOT, CUSTOMER, 6, None),
            (RESOLD, RESELLER, 3, None),
        ] {
            seen.services.insert(id, service(id, owner, ProductId(product), parent));
            if let Some(parent) = parent {
                seen.children.entry(parent).or_default().push(id);
            }
        }
        for (id, kind, expires) in [
            (PAYPAL, MethodKind::PayPal, None),
            (OLD_CARD, MethodKind::Card, Some(date("2026-10-31"))),
            (BITCOIN, MethodKind::Bitcoin, None),
        ] {
            seen.methods.insert(id, method(id, kind, expires));
        }
        let coupon = Coupon { id: COUPON, account: CUSTOMER, amount: eur(100), expires: None, used_by: None };
        seen.coupons.insert(CUSTOMER, vec![coupon]);
        Self { now: "2026-11-20T12:00:00Z".parse().expect("is an instant"), seen }
    }

    pub fn at(mut self, now: &str) -> Self {
        self.now = now.parse().expect("is an instant");
        self
    }

    pub fn wait_s(&mut self, seconds: i64) {
        self.now = self.now.checked_add(SignedDuration::from_secs(seconds)).expect("is in range");
    }

    pub fn service(&mut self, id: ServiceId) -> &mut Service {
        self.seen.services.get_mut(&id).expect("is in the world")
    }

    /// Decides for the customer and moves the world.
    pub fn run(&mut self, action: Action) -> Result<Decision, Refusal> {
        self.command(&Command { account: CUSTOMER, token: None, action })
    }

    /// Decides and moves the world.
    pub fn command(&mut self, command: &Command) -> Result<Decision, Refusal> {
        let decision = decide(self.now, &self.seen, command)?;
        for change in &decision.changes {
            if let Change::SetService(service) | Change::Extend { service, .. } = change {
                let held = self.seen.services.get(&service.id).expect("is in the world");
                assert_eq!(held.version, service.version, "a change states the version it was made from");
            }
            self.seen.apply(change).expect("fits");
        }
        Ok(decision)
    }

    pub fn place(&mut self, services: &[ServiceId], text: &str) -> Result<Order, Refusal> {
        match self.run(renew(services, text))?.reply {
            Reply::Placed(order) => Ok(order),
            other => panic!("not an order: {other:?}"),
        }
    }

    pub fn pay(&mut self, order: OrderId, with: PayWith) -> Result<Order, Refusal> {
        match self.run(Action::Pay { order, with })?.reply {
            Reply::Paid(order) => Ok(order),
            other => panic!("not paid: {other:?}"),
        }
    }
}

pub fn request(services: &[ServiceId], text: &str) -> RenewRequest {
    RenewRequest {
        services: services.to_vec(),
        scope: Scope::Listed,
        period: period(text),
        promo: None,
        coupons: CouponUse::Keep,
        origin: Origin::Customer,
        open_s: DAY_S,
    }
}

pub fn renew(services: &[ServiceId], text: &str) -> Action {
    Action::Renew { request: request(services, text), password: "secret".to_owned() }
}

fn account(id: AccountId, standing: Standing) -> Account {
    Account {
        id,
        code: format!("xx{id}-test"),
        name: "Test".to_owned(),
        email: "test@example.com".to_owned(),
        country: "FR".to_owned(),
        vat_number: None,
        currency: Currency::EUR,
        tax: TaxTreatment::Standard(Rate::from_ppm(200_000)),
        zone: Zone::parse("Europe/Paris").expect("is a zone"),
        credit_limit: eur(5_000),
        standing,
        page_password: None,
        created: Timestamp::UNIX_EPOCH,
    }
}

fn catalogue() -> Catalogue {
    let one_open = Renewability::OneOpen;
    let products = [
        product(1, "Domain .ovh", Kind::Domain, one_open, &[("P1Y", 199)]),
        product(2, "Hosting Perso 2014", Kind::Hosting, one_open, &[("P1Y", 3_588)]),
        product(3, "VPS", Kind::Server, one_open, &[("P1M", 500), ("P3M", 1_450), ("P1Y", 5_500)]),
        product(4, "Backup", Kind::Addon, one_open, &[("P1M", 100), ("P3M", 290)]),
        product(5, "Instance", Kind::Instance, Renewability::Stacking, &[("P1W", 70), ("P1M", 250), ("P11Y", 9_000)]),
        product(6, "Setup", Kind::Server, Renewability::OneShot, &[("P1M", 100)]),
    ];
    let promo = PromoCode {
        code: "spring".to_owned(),
        off: Rate::from_ppm(100_000),
        months_min: 3,
        starts: None,
        ends: Some("2027-01-01T00:00:00Z".parse().expect("is an instant")),
    };
    Catalogue {
        version: 1,
        products: products.into_iter().map(|product| (product.id, product)).collect(),
        promos: [(promo.code.clone(), promo)].into(),
        seller: Seller { collects: vec![MethodKind::PayPal, MethodKind::Card], ..Seller::default() },
    }
}

fn product(id: i64, name: &str, kind: Kind, renewability: Renewability, prices: &[(&str, i64)]) -> Product {
    Product {
        id: ProductId(id),
        code: format!("product-{id}"),
        name: name.to_owned(),
        kind,
        renewability,
        grace_days: 7,
        suspension_days: 30,
        ahead_months_max: 120,
        prices: prices.iter().map(|(text, minor)| Price { period: period(text), net: eur(*minor) }).collect(),
    }
}

fn service(id: ServiceId, account: AccountId, product: ProductId, parent: Option<ServiceId>) -> Service {
    Service {
        id,
        account,
        product,
        parent,
        name: format!("service-{id}.example"),
        display_name: None,
        created: date("2025-12-31"),
        until: date("2026-12-31"),
        anchor: AnchorDay::new(31).expect("is a day"),
        mode: RenewalMode::Manual,
        period: period("P1M"),
        hold: Hold::None,
        open_order: None,
        protected_prices: Vec::new(),
        facts: std::collections::BTreeMap::default(),
        version: 0,
    }
}

fn method(id: MethodId, kind: MethodKind, expires: Option<Date>) -> PaymentMethod {
    PaymentMethod {
        id,
        account: CUSTOMER,
        kind,
        label: format!("method {id}"),
        description: None,
        status: MethodStatus::Valid,
        preference: if id == PAYPAL { Preference::Default } else { Preference::Other },
        expires,
        created: Timestamp::UNIX_EPOCH,
    }
}
