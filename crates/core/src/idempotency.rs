//! Idempotency: the same token with the same request gets the first reply again, and nothing more happens.

use jiff::{SignedDuration, Timestamp};

use crate::ids::{AccountId, ApplicationId, OrderId};

/// The longest idempotency token, in characters.
pub const TOKEN_LENGTH_MAX: usize = 64;

/// What a caller sent to make a call repeatable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The operation it belongs to, in the dialect's words; tokens of two operations never meet.
    pub operation: String,
    /// The caller's token, letter case and all.
    pub key: String,
    /// SHA-256 of what was asked.
    pub digest: [u8; 32],
    /// For how long it is remembered, from the instant at which its request is carried out.
    pub kept: SignedDuration,
    /// For how long it stands for the same request.
    pub holds: Holds,
}

impl Token {
    /// Whether it is one: some printable ASCII, and not too much of it. Any other is refused before it is looked up.
    pub fn is_well_formed(&self) -> bool {
        let plain = self.key.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
        !self.key.is_empty() && self.key.len() <= TOKEN_LENGTH_MAX && plain
    }
}

/// For how long a token stands for the same request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// As long as it is remembered: the caller chose it.
    Always,
    /// While the services that were renewed under it expire as they did then. For a token that we make for callers who
    /// send none: what they ask for after something else has moved the expiry is no repeat.
    WhileUnmoved,
}

/// A text that a signed request may carry once. It keeps whoever overheard the request from sending it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Nonce {
    /// Whose requests it counts.
    pub application: ApplicationId,
    /// SHA-256 of it.
    pub digest: [u8; 32],
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
