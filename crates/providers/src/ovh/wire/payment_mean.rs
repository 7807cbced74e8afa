//! Payment means of the older kind, each with a route of its own. All but the deferred account were deprecated in 2023
//! in favour of the payment methods, and were still in the schema of October 2025.

use serde::{Deserialize, Serialize};

use super::{
    payment::Icon,
    scalar::{Date, DateTime},
    words,
};

words! {
    /// State of a bank account (`me.paymentMean.BankAccountStateEnum`).
    BankAccountState {
        BlockedForIncidents = "blockedForIncidents",
        PendingValidation = "pendingValidation",
        Replaced = "replaced",
        Valid = "valid",
    }
}

words! {
    /// State of a credit card (`me.paymentMean.CreditCardStateEnum`).
    CreditCardState { Expired = "expired", TooManyFailures = "tooManyFailures", Valid = "valid" }
}

words! {
    /// State of a PayPal agreement (`me.paymentMean.PaypalStateEnum`).
    PaypalState { Failing = "failing", TooManyFailures = "tooManyFailures", Valid = "valid" }
}

words! {
    /// State of a deferred payment account (`me.paymentMean.DeferredStateEnum`).
    DeferredState { Failed = "failed", Valid = "valid" }
}

/// A bank account (`me.paymentMean.BankAccount`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BankAccount {
    /// The bank.
    pub bic: String,
    /// When it was registered.
    pub creation_date: Date,
    /// Whether it pays if nothing else is said.
    pub default_payment_mean: bool,
    /// Its name as the customer writes it.
    pub description: Option<String>,
    /// Its number.
    pub iban: String,
    /// Its picture.
    pub icon: Option<Icon>,
    /// Its id.
    pub id: i64,
    /// When the mandate was signed.
    pub mandate_signature_date: Option<Date>,
    /// Address of the owner.
    pub owner_address: String,
    /// Name of the owner.
    pub owner_name: String,
    /// Its state.
    pub state: BankAccountState,
    /// Reference of the mandate.
    pub unique_reference: String,
    /// The mandate to sign.
    pub validation_document_link: Option<String>,
}

/// A credit card (`me.paymentMean.CreditCard`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreditCard {
    /// Whether it pays if nothing else is said.
    pub default_payment_mean: bool,
    /// Its name as the customer writes it.
    pub description: Option<String>,
    /// Its end.
    pub expiration_date: Date,
    /// Its picture.
    pub icon: Option<Icon>,
    /// Its id.
    pub id: i64,
    /// What shows of its number.
    pub number: String,
    /// Its state.
    pub state: CreditCardState,
    /// Whether its owner confirmed it with 3-D Secure.
    pub three_ds_validated: bool,
    /// Its brand.
    #[serde(rename = "type")]
    pub card_type: String,
}

/// A PayPal agreement (`me.paymentMean.Paypal`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Paypal {
    /// The agreement.
    pub agreement_id: String,
    /// When it was registered.
    pub creation_date: DateTime,
    /// Whether it pays if nothing else is said.
    pub default_payment_mean: bool,
    /// Its name as the customer writes it.
    pub description: Option<String>,
    /// The account at PayPal.
    pub email: String,
    /// Its picture.
    pub icon: Option<Icon>,
    /// Its id.
    pub id: i64,
    /// Its state.
    pub state: PaypalState,
}

/// An account that pays later (`me.paymentMean.Deferred`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deferred {
    /// When it was opened.
    pub creation_date: DateTime,
    /// Whether it pays if nothing else is said.
    pub default_payment_mean: bool,
    /// Its name as the customer writes it.
    pub description: Option<String>,
    /// Its picture.
    pub icon: Option<Icon>,
    /// Its id.
    pub id: i64,
    /// Its name.
    pub label: Option<String>,
    /// Its state.
    pub state: DeferredState,
}

/// What may be changed of any of them; absent or `null` leaves it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentMeanUpdate {
    /// Its name as the customer writes it.
    pub description: Option<String>,
}
