//! The ledger: double entry per currency, append-only.
//!
//! A [`Transfer`] debits one book and credits another with the same amount, so that the books balance by construction.
//! What a customer has or owes is derived from transfers, never typed.

use jiff::Timestamp;

use crate::ids::{AccountId, OrderId};
use crate::money::Money;
use crate::payment::MethodKind;

/// A book of the ledger. The first two are kept per account of a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Book {
    /// Money a customer paid ahead: we owe it.
    Balance,
    /// Money a customer owes on the credit line.
    Receivable,
    /// Money collected through a kind of registered method.
    Collected(MethodKind),
    /// What was sold, without tax.
    Revenue,
    /// Tax that we owe.
    Tax,
    /// Money the seller gave by hand.
    Adjustment,
}

impl Book {
    /// The word for it in SQL and replies.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Balance => "balance",
            Self::Receivable => "receivable",
            Self::Collected(MethodKind::Card) => "collected-card",
            Self::Collected(MethodKind::PayPal) => "collected-paypal",
            Self::Collected(MethodKind::BankTransfer) => "collected-bank-transfer",
            Self::Collected(MethodKind::Bitcoin) => "collected-bitcoin",
            Self::Collected(MethodKind::Balance | MethodKind::CreditLine) => "collected-nothing",
            Self::Revenue => "revenue",
            Self::Tax => "tax",
            Self::Adjustment => "adjustment",
        }
    }

    /// The book that a payment of this kind debits.
    pub const fn paying(kind: MethodKind) -> Self {
        match kind {
            MethodKind::Balance => Self::Balance,
            MethodKind::CreditLine => Self::Receivable,
            MethodKind::Card | MethodKind::PayPal | MethodKind::BankTransfer | MethodKind::Bitcoin => {
                Self::Collected(kind)
            }
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        let plain = [Self::Balance, Self::Receivable, Self::Revenue, Self::Tax, Self::Adjustment];
        plain.into_iter().chain(MethodKind::ALL.map(Self::paying)).find(|book| book.word() == word)
    }
}

/// One amount from one book to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// The account whose business it is.
    pub account: AccountId,
    /// The book that is debited.
    pub debit: Book,
    /// The book that is credited.
    pub credit: Book,
    /// How much; above zero.
    pub amount: Money,
    /// The order it is about, if it is about one.
    pub order: Option<OrderId>,
    /// When it was booked.
    pub at: Timestamp,
    /// What it is for, in words, when a person made it.
    pub memo: Option<String>,
}

/// What the transfers of one account add up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balances {
    /// Money paid ahead.
    pub balance: Money,
    /// Money owed on the credit line.
    pub receivable: Money,
}

impl Balances {
    /// The balances after one more transfer.
    ///
    /// # Errors
    /// [`crate::money::MoneyError`] on overflow or another currency.
    pub fn after(self, transfer: &Transfer) -> Result<Self, crate::money::MoneyError> {
        let amount = transfer.amount;
        let mut next = self;
        if transfer.credit == Book::Balance {
            next.balance = next.balance.plus(amount)?;
        }
        if transfer.debit == Book::Balance {
            next.balance = next.balance.minus(amount)?;
        }
        if transfer.debit == Book::Receivable {
            next.receivable = next.receivable.plus(amount)?;
        }
        if transfer.credit == Book::Receivable {
            next.receivable = next.receivable.minus(amount)?;
        }
        Ok(next)
    }
}
