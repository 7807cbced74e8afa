//! A small world to decide on: one customer, one reseller, a few products and services.

use std::sync::Arc;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use crate::account::{Account, Seller, Standing, TaxTreatment};
use crate::calendar::{AnchorDay, Period, Zone, parse_date};
use crate::command::{
    Action, After, BuyRequest, Command, CouponUse, FirstTerm, NewService, PayWith, PlanEdit, PromoEdit, RenewRequest,
    Reply, Scope,
};
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

use super::shown::shown;

pub const CUSTOMER: AccountId = AccountId(1);
pub const RESELLER: AccountId = AccountId(2);
pub const DOMAIN: ServiceId = ServiceId(12345);
pub const HOSTING: ServiceId = ServiceId(67890);
pub const SERVER: ServiceId = ServiceId(1);
pub const ADDON: ServiceId = ServiceId(2);
pub const STACKING: ServiceId = ServiceId(3);
pub const ONE_SHOT: ServiceId = ServiceId(4);
pub const RESOLD: ServiceId = ServiceId(5);
pub const FLOATING_IP: ServiceId = ServiceId(6);
pub const VPS: ProductId = ProductId(3);
pub const BACKUP: ProductId = ProductId(4);
pub const INSTANCE: ProductId = ProductId(5);
pub const SETUP: ProductId = ProductId(6);
pub const FLOATING: ProductId = ProductId(7);
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
        seen.next = Next {
            order: 1,
            service: 70_001,
            method: 1_237,
            charge: 1,
            job: 1,
            invoice: 1,
            invoice_number: 1,
            credit_number: 1,
            application: 1,
            credential: 1,
        };
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
            (FLOATING_IP, CUSTOMER, 7, None),
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

    /// Decides, shown no more than the command wants, and moves the world. What else a batch has loaded, up to the whole
    /// world, makes no difference.
    pub fn command(&mut self, command: &Command) -> Result<Decision, Refusal> {
        let decided = decide(self.now, &shown(&self.seen, &command.wants()), command);
        assert_eq!(decide(self.now, &self.seen, command), decided, "a command wants all that decides it");
        let decision = decided?;
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
        self.order(renew(services, text))
    }

    /// Runs what is answered with an open order.
    pub fn order(&mut self, action: Action) -> Result<Order, Refusal> {
        match self.run(action)?.reply {
            Reply::Placed(order) => Ok(order),
            other => panic!("not an order: {other:?}"),
        }
    }

    pub fn balance(&mut self) -> &mut Money {
        &mut self.seen.balances.get_mut(&CUSTOMER).expect("is there").balance
    }

    pub fn pay(&mut self, order: OrderId, with: PayWith) -> Result<Order, Refusal> {
        self.paid(Action::Pay { order, with, due: None })
    }

    /// Runs what is answered with a paid order.
    pub fn paid(&mut self, action: Action) -> Result<Order, Refusal> {
        match self.run(action)?.reply {
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
        to_day: None,
        promo: None,
        coupons: CouponUse::Keep,
        after: After::Expiry,
        origin: Origin::Customer,
        open_s: DAY_S,
    }
}

pub fn renew(services: &[ServiceId], text: &str) -> Action {
    Action::Renew { request: request(services, text), password: "secret".to_owned() }
}

/// A renewal that is paid in the same step.
pub fn renew_now(services: &[ServiceId], text: &str) -> Action {
    Action::RenewNow { request: request(services, text), expiry: None, password: "secret".to_owned() }
}

/// A renewal that goes on to a day of the month.
pub fn to_day(day: i8, services: &[ServiceId], text: &str) -> RenewRequest {
    RenewRequest { to_day: Some(AnchorDay::new(day).expect("is a day")), ..request(services, text) }
}

/// A renewal with a promo code.
pub fn renew_with(promo: &str, services: &[ServiceId], text: &str) -> Action {
    let request = RenewRequest { promo: Some(promo.to_owned()), ..request(services, text) };
    Action::Renew { request, password: "secret".to_owned() }
}

/// A renewal that uses coupons.
pub fn renew_with_coupons(services: &[ServiceId], text: &str) -> Action {
    let request = RenewRequest { coupons: CouponUse::First, ..request(services, text) };
    Action::Renew { request, password: "secret".to_owned() }
}

/// A renewal whose terms begin where the open orders end.
pub fn renew_after_open(services: &[ServiceId], text: &str) -> Action {
    let request = RenewRequest { after: After::OpenOrders, ..request(services, text) };
    Action::Renew { request, password: "secret".to_owned() }
}

/// A service to open for a period.
pub fn item(product: ProductId, text: &str) -> NewService {
    NewService {
        product,
        parent: None,
        name: "new".to_owned(),
        first: FirstTerm::For(period(text)),
        period: period("P1M"),
        facts: [("os".to_owned(), "debian".to_owned())].into(),
    }
}

/// A service to open beside another, until that one's expiry.
pub fn item_beside(product: ProductId, beside: ServiceId) -> NewService {
    NewService { parent: Some(beside), first: FirstTerm::UntilExpiryOf(beside), ..item(product, "P1M") }
}

pub fn buy(items: Vec<NewService>, promo: Option<&str>) -> Action {
    let request = BuyRequest { items, promo: promo.map(str::to_owned), open_s: DAY_S };
    Action::Buy { request, password: "secret".to_owned() }
}

pub fn deposit(amount: Money) -> Action {
    Action::Deposit { amount, open_s: DAY_S, password: "secret".to_owned() }
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
        joint_orders: false,
        align_day: None,
        facts: [("city".to_owned(), "Paris".to_owned())].into(),
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
        product(7, "Floating IP", Kind::Ip, Renewability::Stacking, &[("P1M", 250), ("P3M", 750), ("P6M", 1_500)]),
    ];
    let promos = [
        promo("spring", 100_000, &[], 3),
        promo("servers", 200_000, &[VPS], 3),
        promo("anything", 300_000, &[], 0),
        promo("nothing-sold", 100_000, &[ProductId(99)], 0),
    ];
    Catalogue {
        version: 1,
        products: products.into_iter().map(|product| (product.id, product)).collect(),
        promos: promos.into_iter().map(|promo| (promo.code.clone(), promo)).collect(),
        seller: Seller { collects: vec![MethodKind::PayPal, MethodKind::Card], ..Seller::default() },
    }
}

fn promo(code: &str, off_ppm: u32, products: &[ProductId], months_min: u16) -> PromoCode {
    PromoCode {
        code: code.to_owned(),
        off: Rate::from_ppm(off_ppm),
        products: products.to_vec(),
        months_min,
        starts: None,
        ends: Some("2027-01-01T00:00:00Z".parse().expect("is an instant")),
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
        redemption_days: 0,
        redemption_fees: Vec::new(),
        ahead_months_max: 120,
        facts: std::collections::BTreeMap::default(),
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
        cancellation: None,
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
        on_gateway: None,
    }
}

/// Says how an order is meant to be paid, and changes nothing else of it.
pub fn planning(order: OrderId, plan: PlanEdit) -> Action {
    Action::ReviseOrder { order, periods: Vec::new(), promo: PromoEdit::Keep, plan }
}
