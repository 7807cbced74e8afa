//! Products, their prices, and what lowers a price: promo codes and coupons.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use crate::calendar::Period;
use crate::ids::{AccountId, CouponId, OrderId, ProductId};
use crate::money::{Currency, Money, Rate};

/// What kind of thing a service is; a dialect shows the kinds it knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A virtual or dedicated server.
    Server,
    /// A domain name.
    Domain,
    /// A shared hosting plan.
    Hosting,
    /// A cloud instance.
    Instance,
    /// An add-on or option of another service.
    Addon,
    /// An address that moves between servers.
    Ip,
    /// A support plan of the account.
    Support,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 7] =
        [Self::Server, Self::Domain, Self::Hosting, Self::Instance, Self::Addon, Self::Ip, Self::Support];

    /// The word for it in SQL, files and replies.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Domain => "domain",
            Self::Hosting => "hosting",
            Self::Instance => "instance",
            Self::Addon => "addon",
            Self::Ip => "ip",
            Self::Support => "support",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// Whether a product can be renewed, and how often at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewability {
    /// One open renewal per service at a time.
    OneOpen,
    /// Several open renewals per service; each paid one adds its period.
    Stacking,
    /// Sold once, never renewed.
    OneShot,
}

impl Renewability {
    /// Every way.
    pub const ALL: [Self; 3] = [Self::OneOpen, Self::Stacking, Self::OneShot];

    /// The word for it in SQL and files.
    pub const fn word(self) -> &'static str {
        match self {
            Self::OneOpen => "one-open",
            Self::Stacking => "stacking",
            Self::OneShot => "one-shot",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.word() == word)
    }
}

/// What a service is an instance of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// Which product.
    pub id: ProductId,
    /// The seller's code, such as `vps-ssd-1`; unique.
    pub code: String,
    /// The name on invoices, such as `Hosting Perso 2014`.
    pub name: String,
    /// What kind of thing it is.
    pub kind: Kind,
    /// Whether it can be renewed.
    pub renewability: Renewability,
    /// Days after expiry in which the service still runs.
    pub grace_days: u16,
    /// Days after the grace in which it is suspended but can still be renewed.
    pub suspension_days: u16,
    /// Days after the suspension in which it is deleted but can still be had back, for a fee.
    pub redemption_days: u16,
    /// The fee for having it back, net, in each currency in which that is possible; on top of the price of the period.
    pub redemption_fees: Vec<Money>,
    /// How many months from today a service may be paid ahead at the most; 0 for no bound.
    pub ahead_months_max: u16,
    /// Facts that a dialect shows and no rule reads, such as `vcpus` or `memory`.
    pub facts: BTreeMap<String, String>,
    /// List prices, net, by period and currency.
    pub prices: Vec<Price>,
}

impl Product {
    /// The list price for a period in a currency.
    pub fn price(&self, period: Period, currency: Currency) -> Option<Money> {
        price_in(&self.prices, period, currency)
    }

    /// What it costs to have a deleted service back, besides the price of the period.
    pub fn redemption_fee(&self, currency: Currency) -> Option<Money> {
        self.redemption_fees.iter().copied().find(|fee| fee.currency() == currency)
    }

    /// How many days after its expiry a service of it is stopped, deleted, and gone for good.
    pub fn ends(&self) -> Ends {
        let suspended = i32::from(self.grace_days);
        let deleted = suspended.saturating_add(i32::from(self.suspension_days));
        Ends { suspended, deleted, terminated: deleted.saturating_add(i32::from(self.redemption_days)) }
    }
}

/// What becomes of a service that nobody renews: days after its expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// Its days of grace are over: it is stopped.
    pub suspended: i32,
    /// It is deleted; it can be had back for a fee, where that is possible at all.
    pub deleted: i32,
    /// It is gone for good.
    pub terminated: i32,
}

/// A net price for one period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// What is paid for.
    pub period: Period,
    /// What it costs, without tax.
    pub net: Money,
}

/// Finds the price for a period in a currency.
pub fn price_in(prices: &[Price], period: Period, currency: Currency) -> Option<Money> {
    prices.iter().find(|price| price.period == period && price.net.currency() == currency).map(|price| price.net)
}

/// A code that lowers the lines of its products by a rate, from a minimum period on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromoCode {
    /// What the customer types; letter case counts.
    pub code: String,
    /// The part taken off.
    pub off: Rate,
    /// The products it is given for; empty for all.
    pub products: Vec<ProductId>,
    /// The shortest period, in months, that it is given for.
    pub months_min: u16,
    /// From when it holds.
    pub starts: Option<Timestamp>,
    /// Until when it holds.
    pub ends: Option<Timestamp>,
}

impl PromoCode {
    /// Whether it holds at an instant.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.starts.is_none_or(|starts| starts <= now) && self.ends.is_none_or(|ends| now < ends)
    }

    /// Whether it is given for a product.
    pub fn is_for(&self, product: ProductId) -> bool {
        self.products.is_empty() || self.products.contains(&product)
    }
}

/// An amount off the net of one order of one account, used once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coupon {
    /// Which coupon.
    pub id: CouponId,
    /// Whose it is.
    pub account: AccountId,
    /// How much it takes off at the most.
    pub amount: Money,
    /// Until when it can be used.
    pub expires: Option<Timestamp>,
    /// The order that it lowered. One that lapsed or was withdrawn holds it no longer.
    pub used_by: Option<OrderId>,
}

/// All products and promo codes, as of one version of the price list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalogue {
    /// Counts up whenever anything in it changes.
    pub version: i64,
    /// Products by id.
    pub products: HashMap<ProductId, Product>,
    /// Promo codes by what the customer types.
    pub promos: HashMap<String, PromoCode>,
    /// The seller.
    pub seller: crate::account::Seller,
}
