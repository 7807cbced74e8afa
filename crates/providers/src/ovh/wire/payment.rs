//! Payment methods, and the prepaid account.

use serde::{Deserialize, Serialize};

use super::{money::Price, scalar::DateTime, words};

words! {
    /// State of a payment method (`me.payment.method.StatusEnum`).
    MethodStatus {
        Canceled = "CANCELED",
        Canceling = "CANCELING",
        Created = "CREATED",
        Creating = "CREATING",
        Error = "ERROR",
        Expired = "EXPIRED",
        Failed = "FAILED",
        Maintenance = "MAINTENANCE",
        Paused = "PAUSED",
        Rejected = "REJECTED",
        Replaced = "REPLACED",
        Valid = "VALID",
        Validating = "VALIDATING",
    }
}

words! {
    /// How a method is registered (`me.payment.IntegrationEnum`, `payment.method.IntegrationType`).
    Integration {
        BankTransfer = "BANK_TRANSFER",
        Component = "COMPONENT",
        Done = "DONE",
        IframeVantiv = "IFRAME_VANTIV",
        InContext = "IN_CONTEXT",
        None = "NONE",
        PostForm = "POST_FORM",
        Redirect = "REDIRECT",
    }
}

words! {
    /// What moved a prepaid account (`billing.ovhAccount.OperationEnum`).
    MovementOperation {
        CancelCredit = "cancel-credit",
        CancelDebit = "cancel-debit",
        CancelPreDebit = "cancel-pre-debit",
        Credit = "credit",
        Debit = "debit",
        PreCredit = "pre-credit",
        PreDebit = "pre-debit",
    }
}

/// A payment method (`me.payment.PaymentMethod`, `payment.method.PaymentMethod`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentMethod {
    /// The contact on its bills.
    pub billing_contact_id: Option<i64>,
    /// When it was registered.
    pub creation_date: DateTime,
    /// Whether it pays if nothing else is said.
    pub default: bool,
    /// Its name as the customer writes it.
    pub description: Option<String>,
    /// Its end.
    pub expiration_date: Option<DateTime>,
    /// The form it is registered with.
    pub form_session_id: Option<String>,
    /// Its picture.
    pub icon: Icon,
    /// How it is registered.
    pub integration: Option<Integration>,
    /// What shows of its number.
    pub label: Option<String>,
    /// When it last changed; nullable among the methods of an order only.
    pub last_update: Option<DateTime>,
    /// The payee at the payment company.
    pub merchant_id: Option<String>,
    /// Whether it can be charged without the customer.
    pub oneclick: Option<bool>,
    /// Its id under `/me/paymentMean`.
    pub payment_mean_id: Option<i64>,
    /// Its id.
    pub payment_method_id: i64,
    /// The brand of a card, the delay of a credit line (`me.payment.AvailableSubTypeEnum`).
    pub payment_sub_type: Option<String>,
    /// Its kind: `CREDIT_CARD`, `PAYPAL`, `SEPA_DIRECT_DEBIT`.
    pub payment_type: String,
    /// Its state.
    pub status: MethodStatus,
}

/// What may be changed of a [`PaymentMethod`]; absent or `null` leaves it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentMethodUpdate {
    /// Whether it pays if nothing else is said.
    pub default: Option<bool>,
    /// Its name as the customer writes it.
    pub description: Option<String>,
}

/// A kind of payment method on offer (`me.payment.AvailablePaymentMethod`, `payment.method.AvailablePaymentMethod`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AvailablePaymentMethod {
    /// The form it is registered with.
    pub form_session_id: Option<String>,
    /// Its picture.
    pub icon: Icon,
    /// How it is registered.
    pub integration: Integration,
    /// The payee at the payment company.
    pub merchant_id: Option<String>,
    /// Whether it can be used once, without being registered.
    pub oneshot: bool,
    /// The payee's organisation at the payment company.
    pub organization_id: Option<String>,
    /// The brand of a card, the delay of a credit line (`me.payment.AvailableSubTypeEnum`).
    pub payment_sub_type: Option<String>,
    /// Its kind: `CREDIT_CARD`, `PAYPAL`, `SEPA_DIRECT_DEBIT`.
    pub payment_type: String,
    /// Whether it can be registered.
    pub registerable: bool,
    /// Whether it can be registered while paying.
    pub registerable_with_transaction: bool,
}

/// A picture (`me.payment.Icon`, `payment.method.Icon`, `me.paymentMean.IconData`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Icon {
    /// The picture itself.
    pub data: Option<String>,
    /// Its name; not nullable in `me.payment.Icon`.
    pub name: Option<String>,
    /// Where it is.
    pub url: Option<String>,
}

/// A prepaid account (`billing.OvhAccount`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OvhAccount {
    /// The balance below which the customer is told.
    pub alert_threshold: Option<i64>,
    /// What is in it.
    pub balance: Price,
    /// Whether money can be put in.
    pub can_be_credited: bool,
    /// Whether it is in use.
    pub is_active: bool,
    /// When it last changed.
    pub last_update: DateTime,
    /// When it was opened.
    pub open_date: DateTime,
    /// Its id.
    pub ovh_account_id: String,
}

/// A movement of a prepaid account (`billing.Movement`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Movement {
    /// How much.
    pub amount: Price,
    /// What was in the account after it.
    pub balance: Price,
    /// When.
    pub date: DateTime,
    /// What for.
    pub description: String,
    /// Its id.
    pub movement_id: i64,
    /// What it was.
    pub operation: MovementOperation,
    /// The order it belongs to.
    pub order: i64,
    /// What was in the account before it.
    pub previous_balance: Price,
    /// How much of it can be paid back.
    pub retrievable_amount: Price,
}
