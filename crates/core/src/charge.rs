//! Charges: money that a gateway is to move for an order.
//!
//! What a gateway does cannot be part of a commit. So a charge is on file before the gateway is asked, and the order is
//! paid (or its invoice taken back) in the commit that notes what came of it. While a charge is open, its order waits for
//! it: nobody can pay it otherwise, change or withdraw it, and it does not lapse.

use std::fmt;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use crate::ids::{AccountId, ChargeId, MethodId, OrderId};
use crate::money::Money;
use crate::order::Origin;

/// How long who asks for a charge waits for what comes of it: till then they are told by the answer, and later by a notice.
pub const WAITED_FOR: SignedDuration = SignedDuration::from_secs(20);

/// Which way the money of a charge goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the customer, for an open order.
    Collect,
    /// Back to the customer, for an order that was paid by a charge.
    Refund,
}

impl Direction {
    /// The word for it in SQL and replies.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Collect => "collect",
            Self::Refund => "refund",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Collect, Self::Refund].into_iter().find(|direction| direction.word() == word)
    }
}

/// Why a gateway did not move money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decline {
    /// There is not enough money, or a limit is reached.
    Funds,
    /// The card has expired.
    Expired,
    /// The bank wants the card's owner to confirm the payment in person.
    Confirmation,
    /// The card or account is gone, blocked, lost, or its owner revoked the agreement: to try again is of no use.
    Gone,
    /// The bank gave no other reason, or the gateway does not do it.
    Declined,
}

impl Decline {
    /// Every reason.
    pub const ALL: [Self; 5] = [Self::Funds, Self::Expired, Self::Confirmation, Self::Gone, Self::Declined];

    /// The word for it in SQL and replies.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Funds => "insufficient-funds",
            Self::Expired => "expired",
            Self::Confirmation => "confirmation-required",
            Self::Gone => "method-gone",
            Self::Declined => "declined",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|decline| decline.word() == word)
    }

    /// Whether it is of no use to try the same method again, unless its owner does something about it.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Expired | Self::Confirmation | Self::Gone)
    }
}

impl fmt::Display for Decline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Funds => "there is not enough money, or a limit is reached",
            Self::Expired => "the card has expired",
            Self::Confirmation => "the bank wants the card's owner to confirm it, which cannot be done here",
            Self::Gone => "the card or account is closed or blocked",
            Self::Declined => "the bank does not say why",
        })
    }
}

/// What a gateway did about a charge, once and for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChargeOutcome {
    /// The money moved.
    Moved,
    /// It did not, and never will for this charge.
    Declined(Decline),
}

/// Where a charge is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChargeState {
    /// The gateway is to be asked, or was and has not said.
    Open,
    /// The money moved, and paid the order, or its invoice was taken back.
    Settled(Timestamp),
    /// The money moved and could not pay the order any more: it is on the account's balance.
    Credited(Timestamp),
    /// The money did not move.
    Declined(Timestamp, Decline),
}

impl ChargeState {
    /// The word for it in SQL and replies.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Settled(_) => "settled",
            Self::Credited(_) => "credited",
            Self::Declined(..) => "declined",
        }
    }
}

/// Money that a gateway is to move, for an order. An order has one open charge at the most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// Which charge.
    pub id: ChargeId,
    /// Whose order.
    pub account: AccountId,
    /// Which order.
    pub order: OrderId,
    /// The registered method, which is with a gateway.
    pub method: MethodId,
    /// Which way the money goes.
    pub direction: Direction,
    /// How much the gateway is to move; above zero.
    pub amount: Money,
    /// How much of the order comes from the account's balance beside it.
    pub from_balance: Money,
    /// Who asked for it: the schedule, or a customer (or the seller for one).
    pub origin: Origin,
    /// The day on which the schedule tries again if it is declined; none where this is its last try, and for others.
    pub again_on: Option<Date>,
    /// When it was put on file.
    pub opened: Timestamp,
    /// What the gateway calls what it prepared for this charge. Nothing else is ever carried out for it.
    pub reference: Option<String>,
    /// Where it is in its life.
    pub state: ChargeState,
}
