//! What is read of the provider's answers, and no more: what is not named here may change. Numbers may come as texts,
//! much may be null, and words may be new.

use jiff::Timestamp;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

use crate::common::amount::Decimal;

/// A whole number, sent as a number or as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Whole(pub i64);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;

        impl Visitor<'_> for Read {
            type Value = Whole;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a whole number")
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Whole, E> {
                Ok(Whole(number))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Whole, E> {
                i64::try_from(number).map(Whole).map_err(|_| E::custom("out of range"))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Whole, E> {
                text.parse().map(Whole).map_err(|_| E::custom("not a whole number"))
            }
        }

        deserializer.deserialize_any(Read)
    }
}

/// An instant: `2025-02-10T16:05:29.000000Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Instant(pub Timestamp);

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(|_| D::Error::custom("not an instant"))
    }
}

/// An instant in whole Unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Seconds(pub Timestamp);

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Whole(seconds) = Whole::deserialize(deserializer)?;
        Timestamp::from_second(seconds).map(Self).map_err(|_| D::Error::custom("out of range"))
    }
}

/// A page of a list.
#[derive(Debug, Deserialize)]
pub(super) struct Page<T> {
    pub data: Vec<T>,
    pub meta: Meta,
}

/// Which page it is, and of how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Meta {
    pub current_page: Whole,
    pub last_page: Whole,
    pub per_page: Whole,
    pub total: Whole,
}

/// A server.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Server {
    pub id: Whole,
    pub hostname: Option<String>,
    pub billing_cycle: Option<Whole>,
    pub plan: Option<Plan>,
    pub status: String,
    pub created_at: Option<Instant>,
    pub expiry_at: Option<Instant>,
    /// The expiry once every order that stands open is paid.
    pub potential_expiry_at: Option<Instant>,
    pub auto_renew: Option<bool>,
    pub cancel_request: Option<Cancellation>,
    pub settings: Option<ServerSettings>,
}

/// What a server is an instance of.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Plan {
    pub id: Option<Whole>,
    pub minimum_billing_cycle: Option<Whole>,
}

/// A server's cancellation.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Cancellation {
    pub reason: Option<String>,
}

/// What may be done with a server.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct ServerSettings {
    pub renew_enabled: Option<bool>,
}

/// How far an order is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub(super) enum Status {
    /// It waits for its payment.
    Open,
    /// Its payment is on its way.
    Processing,
    /// It is paid.
    Paid,
    /// It was withdrawn, or not paid in time.
    Cancelled,
    /// A word that is not documented.
    Other(String),
}

impl From<String> for Status {
    fn from(word: String) -> Self {
        match word.as_str() {
            // The default of the list's filter has the second word.
            "awaiting_payment" | "pending_payment" => Self::Open,
            "processing" => Self::Processing,
            "paid" => Self::Paid,
            "cancelled" => Self::Cancelled,
            _ => Self::Other(word),
        }
    }
}

/// An order, alone or of a list.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Order {
    pub id: Whole,
    pub status: Status,
    /// What it is for.
    #[serde(rename = "type")]
    pub purpose: Option<String>,
    /// What the payment method has to pay, or has paid.
    pub amount_with_vat: Decimal,
    /// What came from the balance, without VAT.
    pub amount_from_balance: Option<Decimal>,
    pub payment_date: Option<Instant>,
    /// Whether it is to pay itself.
    pub auto_pay: Option<bool>,
    /// On a single order only.
    pub invoices: Option<Vec<Invoice>>,
    /// On a single order only.
    pub services: Option<Vec<Line>>,
}

/// A line of an order.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Line {
    pub service_id: Option<Whole>,
    pub service_type: Option<String>,
    pub service_billing_cycle: Option<Whole>,
    pub period_from: Option<Seconds>,
    pub period_to: Option<Seconds>,
    pub amount_with_vat: Option<Decimal>,
}

/// A paper of an order.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Invoice {
    pub invoice_number: Option<String>,
    #[serde(rename = "type")]
    pub kind: Option<String>,
}

/// What a renewal would cost.
#[derive(Debug, Deserialize)]
pub(super) struct Calculation {
    /// What is taken off, without VAT.
    pub discount: Option<Decimal>,
    /// What is to be paid, without VAT.
    pub due_today_amount: Decimal,
    /// The same with VAT.
    pub due_today_amount_with_vat: Decimal,
}

/// A promo code.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Promo {
    pub code: String,
    pub percentage: Option<Decimal>,
    pub minimum_billing_cycle: Option<Whole>,
}

/// What there is to pay with.
#[derive(Debug, Deserialize)]
pub(super) struct Balance {
    /// What can be spent, without VAT.
    #[serde(rename = "balance")]
    pub spendable: Decimal,
    pub currency: String,
    pub has_valid_card: Option<bool>,
}

/// Who owns the account.
#[derive(Debug, Deserialize)]
pub(super) struct User {
    pub email: Option<String>,
    pub name: Option<String>,
}
