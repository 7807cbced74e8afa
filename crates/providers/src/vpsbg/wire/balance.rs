//! What an account has, and how it came there. Every amount is without VAT where its name does not say otherwise.

use serde::{Deserialize, Serialize};

use super::order::PaymentWord;
use super::stamp::Stamp;
use crate::common::amount::{Amount, Decimal};

/// What an account has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Balance {
    /// What can be spent.
    pub balance: Amount,
    /// How far below nothing it may go.
    pub balance_limit: Amount,
    /// What is to be paid soon. The schema's name of it.
    pub estimated_expenses: Amount,
    /// The same number under the name that the sample has.
    pub estimated_funds: Amount,
    /// What is missing for it.
    pub shortfall: Amount,
    /// The currency of every amount.
    pub currency: &'static str,
    /// Whether a registered card can be charged.
    pub has_valid_card: bool,
    /// The last money that was paid in.
    pub last_deposit: Option<Deposit>,
    /// Money that is on its way. None is ever seen on its way here.
    pub unconfirmed_bitcoin_deposits: [(); 0],
}

/// Money that was paid in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Deposit {
    /// How much.
    pub amount: Amount,
    /// The same with VAT.
    pub amount_with_vat: Amount,
    /// How.
    pub payment_method: PaymentWord,
    /// When.
    pub payment_date: Stamp,
}

/// What moved the balance. Every field of it is inferred.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Transaction {
    /// Which.
    pub id: i64,
    /// How much: below zero for what was spent.
    pub amount: Amount,
    /// Why, in words.
    pub description: String,
    /// The order that it is about.
    pub order_id: Option<i64>,
    /// When.
    pub created_at: Stamp,
}

/// What is to be paid in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct DepositRequest {
    /// How much, without VAT.
    pub amount: Decimal,
    /// How.
    pub payment_method: Option<PaymentWord>,
}
