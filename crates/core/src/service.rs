//! Services: what is paid ahead and ends, and where each is in its life.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::calendar::{AnchorDay, Period};
use crate::ids::{AccountId, OrderId, ProductId, ServiceId};
use crate::money::{Currency, Money};
use crate::product::{Price, Product, Renewability, price_in};

/// What happens to a service at its expiry when nobody acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RenewalMode {
    /// It is renewed.
    Automatic,
    /// It expires, unless somebody renews it.
    Manual,
    /// It is deleted: its owner cancelled it.
    DeleteAtExpiry,
}

impl RenewalMode {
    /// Every mode.
    pub const ALL: [Self; 3] = [Self::Automatic, Self::Manual, Self::DeleteAtExpiry];

    /// The word for it in SQL, files and replies.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Automatic => "automatic",
            Self::Manual => "manual",
            Self::DeleteAtExpiry => "delete-at-expiry",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.word() == word)
    }
}

/// What keeps a service from its ordinary life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// Nothing.
    None,
    /// The seller locked it, for security.
    Locked,
    /// Its reseller suspended it.
    Suspended,
    /// It was ordered, and its first term is not paid.
    Unpaid,
    /// It was terminated for good.
    Terminated,
}

impl Hold {
    /// Every hold.
    pub const ALL: [Self; 5] = [Self::None, Self::Locked, Self::Suspended, Self::Unpaid, Self::Terminated];

    /// The word for it in SQL and files.
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Locked => "locked",
            Self::Suspended => "suspended",
            Self::Unpaid => "unpaid",
            Self::Terminated => "terminated",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|hold| hold.word() == word)
    }
}

/// When a cancellation takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// At the expiry.
    AtExpiry,
    /// The service stops at once, and is deleted at the expiry.
    Now,
}

impl Ending {
    /// The word for it in SQL and replies.
    pub const fn word(self) -> &'static str {
        match self {
            Self::AtExpiry => "at-expiry",
            Self::Now => "now",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::AtExpiry, Self::Now].into_iter().find(|ending| ending.word() == word)
    }
}

/// What is known of the cancellation of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cancellation {
    /// When it was asked for.
    pub requested: Timestamp,
    /// Why, in its owner's words; may be empty.
    pub reason: String,
    /// When it takes effect.
    pub ending: Ending,
    /// What was to happen at the expiry before, and happens again once it is withdrawn.
    pub mode_before: RenewalMode,
}

/// A thing that is paid ahead and ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Which service.
    pub id: ServiceId,
    /// Whose it is.
    pub account: AccountId,
    /// What it is an instance of.
    pub product: ProductId,
    /// The service it belongs to, for options, add-ons and linked services.
    pub parent: Option<ServiceId>,
    /// Its name in the world, such as `vps112233.ovh.net`; unique within its kind.
    pub name: String,
    /// What its owner calls it.
    pub display_name: Option<String>,
    /// The first day of its life.
    pub created: Date,
    /// The expiry: the first day that is not paid.
    pub until: Date,
    /// The day of month on which its terms fall.
    pub anchor: AnchorDay,
    /// What happens at expiry.
    pub mode: RenewalMode,
    /// Its cancellation, while it is to be deleted at its expiry; none where that was recorded from a file.
    pub cancellation: Option<Cancellation>,
    /// The period it is renewed for automatically.
    pub period: Period,
    /// What keeps it from its ordinary life.
    pub hold: Hold,
    /// The order that is to renew it, while that order is open.
    pub open_order: Option<OrderId>,
    /// Prices that stand above the list, for this service alone.
    pub protected_prices: Vec<Price>,
    /// Facts that a dialect shows and no rule reads, such as `vcore` or `zone`.
    pub facts: BTreeMap<String, String>,
    /// Counts up with each change; a change states the version it was made from.
    pub version: i64,
}

/// Where a service is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifecycle {
    /// Ordered, and not yet paid for the first time.
    Unpaid,
    /// Paid and running.
    Active,
    /// Past its expiry, still running for the days of grace.
    Expired,
    /// Stopped, but can be had back.
    Suspended,
    /// Deleted, but can be had back for a fee.
    Redemption,
    /// Gone.
    Terminated,
}

impl Lifecycle {
    /// The word for it in replies.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unpaid => "unpaid",
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Suspended => "suspended",
            Self::Redemption => "redemption",
            Self::Terminated => "terminated",
        }
    }
}

impl Service {
    /// Where the service is in its life on a day, by its product's rules.
    pub fn lifecycle(&self, product: &Product, today: Date) -> Lifecycle {
        let deleted = self.mode == RenewalMode::DeleteAtExpiry && today >= self.until;
        match self.hold {
            Hold::Terminated => return Lifecycle::Terminated,
            Hold::Unpaid => return Lifecycle::Unpaid,
            _ if deleted => return Lifecycle::Terminated,
            Hold::Suspended => return Lifecycle::Suspended,
            Hold::None | Hold::Locked => {}
        }
        let overdue = today.since(self.until).map_or(0, |span| span.get_days());
        let ends = product.ends();
        if today < self.until {
            Lifecycle::Active
        } else if overdue < ends.suspended {
            Lifecycle::Expired
        } else if overdue < ends.deleted {
            Lifecycle::Suspended
        } else if overdue < ends.terminated {
            Lifecycle::Redemption
        } else {
            Lifecycle::Terminated
        }
    }

    /// Whether it is renewed without anybody's doing.
    pub fn renews_by_itself(&self, product: &Product) -> bool {
        self.mode == RenewalMode::Automatic && product.renewability != Renewability::OneShot
    }

    /// What it costs a period, net: its protected price, or else the list price.
    pub fn price(&self, product: &Product, period: Period, currency: Currency) -> Option<Money> {
        price_in(&self.protected_prices, period, currency).or_else(|| product.price(period, currency))
    }

    /// What renewing it for a period costs on a day, net: its price, and in redemption the fee besides. None where it is
    /// not sold for the period, or cannot be had back in the currency.
    pub fn renewal_price(&self, product: &Product, period: Period, currency: Currency, today: Date) -> Option<Money> {
        let price = self.price(product, period, currency)?;
        match self.lifecycle(product, today) {
            Lifecycle::Redemption => price.plus(product.redemption_fee(currency)?).ok(),
            _ => Some(price),
        }
    }

    /// The periods it can be renewed for, shortest first; weeks before months.
    pub fn periods(&self, product: &Product, currency: Currency) -> Vec<Period> {
        let mut periods: Vec<_> = self
            .protected_prices
            .iter()
            .chain(&product.prices)
            .filter(|price| price.net.currency() == currency)
            .map(|price| price.period)
            .collect();
        periods.sort_by_key(|period| match period {
            Period::Weeks(count) => (0, count.get()),
            Period::Months(count) => (1, count.get()),
        });
        periods.dedup();
        periods
    }
}

/// A request to terminate a service that waits for the token mailed to its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Termination {
    /// Whose service it is.
    pub account: AccountId,
    /// Which service.
    pub service: ServiceId,
    /// SHA-256 of the token that was mailed.
    pub token_digest: [u8; 32],
    /// The expiry it is to end at: the token is worth nothing once the service was renewed.
    pub until: Date,
    /// When it was asked for.
    pub requested: Timestamp,
}
