//! Payment methods and payments.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::ids::{AccountId, MethodId, OrderId};
use crate::money::Money;

/// A kind of paying.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MethodKind {
    /// Prepaid money of the account.
    Balance,
    /// Paid later, up to the account's limit.
    CreditLine,
    /// A registered card.
    Card,
    /// A registered PayPal agreement.
    PayPal,
    /// A registered bank account that is debited.
    BankTransfer,
    /// Bitcoin.
    Bitcoin,
}

impl MethodKind {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::Balance, Self::CreditLine, Self::Card, Self::PayPal, Self::BankTransfer, Self::Bitcoin];

    /// The word for it in SQL, files and replies.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Balance => "balance",
            Self::CreditLine => "credit-line",
            Self::Card => "card",
            Self::PayPal => "paypal",
            Self::BankTransfer => "bank-transfer",
            Self::Bitcoin => "bitcoin",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// Whether a registered method can be charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MethodStatus {
    /// It can.
    Valid,
    /// The customer took it away.
    Cancelled,
}

impl MethodStatus {
    /// The word for it in SQL and replies.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Valid, Self::Cancelled].into_iter().find(|status| status.word() == word)
    }
}

/// Which of an account's methods is charged when none is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preference {
    /// This one.
    Default,
    /// Another one.
    Other,
}

/// Where a registered method is kept by a gateway, which moves its money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnGateway {
    /// The gateway's name, such as `stripe`.
    pub gateway: String,
    /// What it calls the customer.
    pub customer: String,
    /// What it calls the method.
    pub method: String,
}

/// A registered means of paying. Balance and credit line need no registration and have no row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentMethod {
    /// Which method.
    pub id: MethodId,
    /// Whose it is.
    pub account: AccountId,
    /// What kind of paying.
    pub kind: MethodKind,
    /// What it shows of itself, such as the last digits of a card or an e-mail address.
    pub label: String,
    /// What the customer calls it.
    pub description: Option<String>,
    /// Whether it can be charged.
    pub status: MethodStatus,
    /// Whether it is charged when none is named.
    pub preference: Preference,
    /// The last day on which it can be charged.
    pub expires: Option<Date>,
    /// When it was registered.
    pub created: Timestamp,
    /// Where it is kept, if a gateway moves its money; else the seller collects it by other means, and it counts as paid at
    /// once.
    pub on_gateway: Option<OnGateway>,
}

impl PaymentMethod {
    /// Whether it can be charged on this day.
    pub fn usable(&self, today: Date) -> bool {
        self.status == MethodStatus::Valid && self.expires.is_none_or(|expires| today <= expires)
    }
}

/// The one settled payment of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// The order that was paid; an order has at most one payment.
    pub order: OrderId,
    /// Who paid.
    pub account: AccountId,
    /// How it was paid.
    pub kind: MethodKind,
    /// The registered method, for the kinds that have one.
    pub method: Option<MethodId>,
    /// How much: the order's gross.
    pub amount: Money,
    /// How much of it came from the balance, where the rest came from elsewhere: zero for a payment of one kind.
    pub from_balance: Money,
    /// When.
    pub at: Timestamp,
}
