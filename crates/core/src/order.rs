//! Orders: placed renewals, their lines and their states.

use jiff::Timestamp;

use crate::account::TaxTreatment;
use crate::calendar::{Period, Term};
use crate::ids::{AccountId, ChargeId, OrderId, ServiceId};
use crate::money::{Currency, Money};
use crate::payment::MethodKind;
use crate::refusal::Refusal;

/// Where an order is in its life. Money and term move in one step, so a paid order is a fulfilled one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderState {
    /// Placed, not paid; lapses at the instant the order names.
    Open,
    /// Paid, and its services extended, at this instant.
    Fulfilled(Timestamp),
    /// Withdrawn before it was paid, at this instant.
    Cancelled(Timestamp),
    /// Not paid in time.
    Lapsed,
}

impl OrderState {
    /// The word for it in SQL and replies.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Fulfilled(_) => "fulfilled",
            Self::Cancelled(_) => "cancelled",
            Self::Lapsed => "lapsed",
        }
    }
}

/// Who placed an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A person or a program of the customer's.
    Customer,
    /// Our own schedule.
    Schedule,
}

impl Origin {
    /// The word for it in SQL and replies.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Schedule => "schedule",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Customer, Self::Schedule].into_iter().find(|origin| origin.word() == word)
    }
}

/// What an order is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Extends services that exist.
    Renewal,
    /// Opens services, and pays their first term.
    Purchase,
    /// Puts money on the account's balance; has no lines.
    Deposit,
}

impl Purpose {
    /// The word for it in SQL and replies.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Renewal => "renewal",
            Self::Purchase => "purchase",
            Self::Deposit => "deposit",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Renewal, Self::Purchase, Self::Deposit].into_iter().find(|purpose| purpose.word() == word)
    }
}

/// How an open order is meant to be paid. Nothing is set aside for it: what counts is what is charged when it is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayPlan {
    /// Whether it is to pay itself.
    pub by_itself: bool,
    /// With which kind of money; none for what the account prefers.
    pub kind: Option<MethodKind>,
    /// How much of it is to come from the balance first.
    pub from_balance: Money,
}

impl PayPlan {
    /// The plan of an order of which nobody has said anything.
    pub const fn unstated(currency: Currency) -> Self {
        Self { by_itself: true, kind: None, from_balance: Money::zero(currency) }
    }
}

/// An order that is placed and waits for its payment, or has got it: services renewed or opened, or money put on the
/// balance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Which order.
    pub id: OrderId,
    /// Whose it is.
    pub account: AccountId,
    /// Where it is in its life, as written; see [`Order::state_at`] for what holds now.
    pub state: OrderState,
    /// Whether its owner placed it or the schedule did.
    pub origin: Origin,
    /// What it is for.
    pub purpose: Purpose,
    /// The promo code that was used.
    pub promo: Option<String>,
    /// When it was placed.
    pub placed: Timestamp,
    /// When it lapses if nobody pays.
    pub lapses: Timestamp,
    /// The secret in the links to its documents.
    pub password: String,
    /// How it is meant to be paid.
    pub plan: PayPlan,
    /// How its account was taxed when it was priced.
    pub taxed: TaxTreatment,
    /// Sum of the lines, without tax.
    pub net: Money,
    /// Tax on it.
    pub tax: Money,
    /// What is to be paid.
    pub gross: Money,
    /// What it renews, in the order in which they are shown.
    pub lines: Vec<OrderLine>,
    /// The open charge that the order waits for; see [`charge`](crate::charge).
    pub charge: Option<ChargeId>,
}

/// One service's renewal, or first term, in an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderLine {
    /// The service that is renewed.
    pub service: ServiceId,
    /// The service's name when the order was placed.
    pub service_name: String,
    /// The product's name when the order was placed.
    pub description: String,
    /// What it is renewed for; none for a term with odd days: to another service's expiry, or to a day of the month.
    pub period: Option<Period>,
    /// From the old expiry (the fence) to the new one: once it is paid, what was in fact extended. The two differ where
    /// renewals of a service add up.
    pub term: Term,
    /// The price before any discount, net.
    pub list: Money,
    /// What is paid for it, net.
    pub net: Money,
    /// Its share of the order's tax.
    pub tax: Money,
}

impl Order {
    /// Where the order is at an instant: an open one lapses by itself, unless it waits for a charge.
    pub fn state_at(&self, now: Timestamp) -> OrderState {
        let lapses = self.state == OrderState::Open && self.charge.is_none() && now >= self.lapses;
        if lapses { OrderState::Lapsed } else { self.state }
    }

    /// Whether it can still be paid, changed or withdrawn.
    ///
    /// # Errors
    /// The [`Refusal`] that says what became of it.
    pub fn check_open(&self, now: Timestamp) -> Result<(), Refusal> {
        match self.state_at(now) {
            OrderState::Open if self.charge.is_some() => Err(Refusal::ChargeOpen(self.id)),
            OrderState::Open => Ok(()),
            OrderState::Fulfilled(_) => Err(Refusal::OrderPaid(self.id)),
            OrderState::Cancelled(_) => Err(Refusal::OrderCancelled(self.id)),
            OrderState::Lapsed => Err(Refusal::OrderLapsed(self.id)),
        }
    }

    /// Whether it still waits for its payment at an instant.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.state_at(now) == OrderState::Open
    }

    /// The one period of all its lines, if there is one.
    pub fn period(&self) -> Option<Period> {
        let first = self.lines.first()?.period?;
        self.lines.iter().all(|line| line.period == Some(first)).then_some(first)
    }

    /// Its line for a service.
    pub fn line_of(&self, service: ServiceId) -> Option<&OrderLine> {
        self.lines.iter().find(|line| line.service == service)
    }

    /// Whether it renews exactly these services, in whatever order they are named.
    pub fn renews_exactly(&self, services: &[ServiceId]) -> bool {
        self.lines.len() == services.len() && self.lines.iter().all(|line| services.contains(&line.service))
    }
}
