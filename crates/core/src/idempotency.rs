//! Idempotency: the same token with the same request gets the first reply again, and nothing more happens.

use jiff::Timestamp;

use crate::ids::{AccountId, OrderId};

/// What a caller sent to make a call repeatable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The operation it belongs to, in the dialect's words; tokens of two operations never meet.
    pub operation: String,
    /// The caller's token, letter case and all.
    pub key: String,
    /// SHA-256 of what was asked.
    pub digest: [u8; 32],
    /// Until when it is remembered.
    pub keep_until: Timestamp,
}

/// Where a token is looked up.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TokenKey {
    /// Whose token.
    pub account: AccountId,
    /// Of which operation.
    pub operation: String,
    /// The token.
    pub key: String,
}

/// A remembered reply. What an order says on the day it is placed or paid never changes, so its id is enough to say
/// it again, word for word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    /// Where it is looked up.
    pub token: TokenKey,
    /// SHA-256 of what was asked.
    pub digest: [u8; 32],
    /// What was answered.
    pub answer: Answer,
    /// Until when it is remembered.
    pub keep_until: Timestamp,
}

/// A reply that can be said again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The order was placed.
    Placed(OrderId),
    /// The order was paid.
    Paid(OrderId),
}

impl Answer {
    /// The word for it in SQL.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Placed(_) => "placed",
            Self::Paid(_) => "paid",
        }
    }

    /// The order it is about.
    pub const fn order(self) -> OrderId {
        match self {
            Self::Placed(order) | Self::Paid(order) => order,
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str, order: OrderId) -> Option<Self> {
        [Self::Placed(order), Self::Paid(order)].into_iter().find(|answer| answer.word() == word)
    }
}
