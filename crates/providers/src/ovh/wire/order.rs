//! Orders: their lines, their life, and paying them.

use serde::{Deserialize, Serialize};

use super::{
    money::Price,
    payment,
    scalar::{DateTime, Secret},
    words,
};

words! {
    /// State of an order (`billing.order.OrderStatusEnum`).
    OrderStatus {
        Cancelled = "cancelled",
        Cancelling = "cancelling",
        Checking = "checking",
        Delivered = "delivered",
        Delivering = "delivering",
        DocumentsRequested = "documentsRequested",
        NotPaid = "notPaid",
        Unknown = "unknown",
    }
}

words! {
    /// Kind of an order line (`order.OrderDetailTypeEnum`).
    DetailType {
        Accessory = "ACCESSORY",
        Caution = "CAUTION",
        Choosed = "CHOOSED",
        Consumption = "CONSUMPTION",
        Creation = "CREATION",
        Delivery = "DELIVERY",
        Duration = "DURATION",
        Gift = "GIFT",
        Installation = "INSTALLATION",
        License = "LICENSE",
        Mute = "MUTE",
        Other = "OTHER",
        Outplan = "OUTPLAN",
        Quantity = "QUANTITY",
        Refund = "REFUND",
        Renew = "RENEW",
        Special = "SPECIAL",
        Switch = "SWITCH",
        Transfer = "TRANSFER",
        Voucher = "VOUCHER",
    }
}

words! {
    /// What an order line does (`billing.ItemDetail.OrderActionEnum`).
    OrderAction {
        Consumption = "consumption",
        Detach = "detach",
        Installation = "installation",
        Renew = "renew",
        Revert = "revert",
        Upgrade = "upgrade",
    }
}

words! {
    /// What an order line is of (`billing.ItemDetail.OrderDetailTypeEnum`).
    OrderItemType { Plan = "plan", Product = "product" }
}

words! {
    /// A step of an order (`billing.order.followUp.StepEnum`).
    FollowUpStep {
        Available = "AVAILABLE",
        Delivering = "DELIVERING",
        Validated = "VALIDATED",
        Validating = "VALIDATING",
    }
}

words! {
    /// How far a step is (`billing.order.followUp.StatusEnum`).
    FollowUpStatus { Doing = "DOING", Done = "DONE", Error = "ERROR", Todo = "TODO" }
}

words! {
    /// What happened in a step (`billing.order.followUp.HistoryStatusEnum`).
    FollowUpEvent {
        Delivery = "DELIVERY",
        FraudCheck = "FRAUD_CHECK",
        FraudDocsRequested = "FRAUD_DOCS_REQUESTED",
        FraudManualReview = "FRAUD_MANUAL_REVIEW",
        FraudRefused = "FRAUD_REFUSED",
        InvoiceInProgress = "INVOICE_IN_PROGRESS",
        InvoiceSent = "INVOICE_SENT",
        OrderAccepted = "ORDER_ACCEPTED",
        OrderStarted = "ORDER_STARTED",
        PaymentConfirmed = "PAYMENT_CONFIRMED",
        PaymentInitiated = "PAYMENT_INITIATED",
        PaymentReceived = "PAYMENT_RECEIVED",
        RegisteredPaymentInitiated = "REGISTERED_PAYMENT_INITIATED",
    }
}

words! {
    /// Kind of the document made from an order (`billing.order.associatedObject.TypeEnum`).
    AssociatedObjectType {
        Bill = "Bill",
        Deposit = "Deposit",
        Refund = "Refund",
        ReverseBill = "ReverseBill",
        Withdrawal = "Withdrawal",
    }
}

words! {
    /// A registered mean to pay with (`billing.ReusablePaymentMeanEnum`).
    ReusablePaymentMean {
        CreditCardMethod = "CREDIT_CARD",
        CurrentAccountMethod = "CURRENT_ACCOUNT",
        DeferredPaymentAccountMethod = "DEFERRED_PAYMENT_ACCOUNT",
        DomesticCardMethod = "DOMESTIC_CARD",
        EnterpriseMethod = "ENTERPRISE",
        InternalTrustedAccountMethod = "INTERNAL_TRUSTED_ACCOUNT",
        PaypalMethod = "PAYPAL",
        RupayMethod = "RUPAY",
        SepaDirectDebitMethod = "SEPA_DIRECT_DEBIT",
        BankAccount = "bankAccount",
        CreditCard = "creditCard",
        DeferredPaymentAccount = "deferredPaymentAccount",
        FidelityAccount = "fidelityAccount",
        OvhAccount = "ovhAccount",
        Paypal = "paypal",
    }
}

words! {
    /// How something was paid (`billing.PaymentMeanEnum`).
    PaymentMean {
        Cash = "cash",
        Chargeback = "chargeback",
        Check = "check",
        Cheque = "cheque",
        CreditAccount = "creditAccount",
        CreditCard = "creditCard",
        DebtAccount = "debtAccount",
        Deposit = "deposit",
        DigitalLaunchPad = "digitalLaunchPad",
        Edinar = "edinar",
        FidelityPoints = "fidelityPoints",
        Free = "free",
        Ideal = "ideal",
        IncubatorAccount = "incubatorAccount",
        Mandat = "mandat",
        Multibanco = "multibanco",
        None = "none",
        OvhAccount = "ovhAccount",
        PaymentMandate = "paymentMandate",
        Paypal = "paypal",
        Payu = "payu",
        Platnosci = "platnosci",
        Refund = "refund",
        Rupay = "rupay",
        Transfer = "transfer",
        Withdrawal = "withdrawal",
    }
}

words! {
    /// Why an order is taken back (`billing.order.RetractionReasonEnum`).
    RetractionReason {
        Competitor = "competitor",
        Difficulty = "difficulty",
        Expensive = "expensive",
        Other = "other",
        Performance = "performance",
        Reliability = "reliability",
        Unused = "unused",
    }
}

/// An order (`billing.Order`, `service.renew.RenewOrder`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// When it was made.
    pub date: Option<DateTime>,
    /// Until when it can be paid.
    pub expiration_date: Option<DateTime>,
    /// Its number.
    pub order_id: i64,
    /// Opens the document.
    pub password: Secret,
    /// The document, with the password in the link.
    pub pdf_url: Secret,
    /// The total.
    pub price_with_tax: Price,
    /// The net amount.
    pub price_without_tax: Price,
    /// Until when it can be taken back; `None` of a renewal.
    pub retraction_date: Option<DateTime>,
    /// The tax.
    pub tax: Price,
    /// The page, with the password in the link.
    pub url: Secret,
}

/// A line of an order (`billing.OrderDetail`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderDetail {
    /// Whether it was taken out.
    pub cancelled: bool,
    /// What it is for.
    pub description: String,
    /// Its kind.
    pub detail_type: Option<DetailType>,
    /// The service it is for; `*` was seen of a new one.
    pub domain: String,
    /// Its id.
    pub order_detail_id: i64,
    /// How many, as text.
    pub quantity: String,
    /// All of them.
    pub total_price: Price,
    /// One of them.
    pub unit_price: Price,
}

/// More of an order line (`billing.ItemDetail`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemDetail {
    /// What was ordered.
    pub order: ItemOrder,
}

/// What an order line orders (`billing.ItemDetail.Order`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemOrder {
    /// What it does.
    pub action: Option<OrderAction>,
    /// How it is to be set up.
    pub configurations: Vec<ItemConfiguration>,
    /// What is bought.
    pub plan: ItemPlan,
    /// What it is of.
    #[serde(rename = "type")]
    pub item_type: Option<OrderItemType>,
}

/// A setting of an order line (`billing.ItemDetail.OrderConfiguration`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemConfiguration {
    /// Its name.
    pub label: String,
    /// Its value.
    pub value: String,
}

/// What an order line buys (`billing.ItemDetail.OrderPlan`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ItemPlan {
    /// Its code in the catalogue.
    pub code: Option<String>,
    /// The period, ISO 8601.
    pub duration: Option<String>,
    /// Its pricing mode.
    pub pricing_mode: Option<String>,
    /// Its product (`billing.ItemDetail.OrderPlanProduct`).
    pub product: super::service::Product,
    /// How many.
    pub quantity: Option<i64>,
}

/// A step of an order (`billing.order.FollowUp`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowUp {
    /// What happened in it.
    pub history: Vec<FollowUpHistory>,
    /// How far it is.
    pub status: FollowUpStatus,
    /// Which it is.
    pub step: FollowUpStep,
}

/// What happened in a step (`billing.order.followUp.History`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowUpHistory {
    /// When.
    pub date: DateTime,
    /// What, in words.
    pub description: String,
    /// What.
    pub label: FollowUpEvent,
}

/// The document made from an order (`billing.order.AssociatedObject`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssociatedObject {
    /// Its number.
    pub id: Option<String>,
    /// Its kind.
    #[serde(rename = "type")]
    pub object_type: Option<AssociatedObjectType>,
}

/// How an order or a bill was paid (`billing.Payment`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Payment {
    /// When.
    pub payment_date: DateTime,
    /// By which payment.
    pub payment_identifier: Option<String>,
    /// With what.
    pub payment_type: PaymentMean,
}

/// A kind of registered mean that an order can be paid with (`billing.order.RegisteredPaymentMean`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RegisteredPaymentMean {
    /// The kind.
    pub payment_mean: ReusablePaymentMean,
}

/// The methods that an order can be paid with (`billing.order.PaymentMethods`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentMethods {
    /// Those that could be registered or used once (`payment.method.AvailablePaymentMethod`).
    pub available: Vec<payment::AvailablePaymentMethod>,
    /// The registered ones (`payment.method.PaymentMethod`).
    pub payment_methods: Vec<payment::PaymentMethod>,
    /// Their ids, usable in a [`PayRequest`].
    pub registered: Vec<i64>,
}

/// Pays an order with a registered method.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PayRequest {
    /// The method.
    pub payment_method: PayWithPaymentMethod,
}

/// A registered method by its id (`billing.order.PayWithPaymentMethod`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayWithPaymentMethod {
    /// Its `paymentMethodId`.
    pub id: i64,
}

/// Pays an order with a registered mean.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PayWithRegisteredPaymentMeanRequest {
    /// The kind of mean.
    pub payment_mean: ReusablePaymentMean,
    /// Which one; needed of a bank account, a card and PayPal.
    pub payment_mean_id: Option<i64>,
}

/// Takes an order back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetractionRequest {
    /// Why.
    pub reason: RetractionReason,
    /// Why, in words.
    pub comment: Option<String>,
}
