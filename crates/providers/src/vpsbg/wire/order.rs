//! Orders, their lines, and what is asked of them.

use serde::{Deserialize, Serialize};

use super::edit::Edit;
use super::invoice::Invoice;
use super::rate::{Multiplier, Percentage};
use super::stamp::{Stamp, UnixSeconds};
use crate::common::amount::Amount;

/// An order: 17 fields, 15 of them in lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Order {
    /// Its number.
    pub id: i64,
    /// What an amount is multiplied with for its VAT: `1.2`.
    pub tax_rate: Multiplier,
    /// What the payment method has to pay, or has paid, without VAT.
    pub amount: Amount,
    /// The same with VAT.
    pub amount_with_vat: Amount,
    /// What came from the balance, without VAT; nothing before the order is paid.
    pub amount_from_balance: Amount,
    /// How it was, or is to be, paid.
    pub payment_method: PaymentWord,
    /// How far it is.
    pub status: Status,
    /// What it is for.
    #[serde(rename = "type")]
    pub order_type: OrderType,
    /// Whether it is to pay itself.
    pub auto_pay: bool,
    /// Whether a promo code can still be put on it.
    pub promo_applicable: bool,
    /// When it was placed.
    pub created_at: Stamp,
    /// Until when it is to be paid.
    pub due_at: Stamp,
    /// When it was paid.
    pub payment_date: Option<Stamp>,
    /// Its papers; on a single order only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoices: Option<Vec<Invoice>>,
    /// Its promo code.
    pub promo: Option<Promo>,
    /// What it was paid with, where that was a card.
    pub payment_information: Option<CardInformation>,
    /// Its lines; on a single order only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub services: Option<Vec<Line>>,
}

/// One service in an order: 13 fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// What it is, for people.
    pub label: String,
    /// An address, for people.
    pub sublabel: Option<String>,
    /// Where the paid time begins.
    pub period_from: Option<UnixSeconds>,
    /// Where it ends.
    pub period_to: Option<UnixSeconds>,
    /// Whether the order can still be made to renew it for another period.
    pub is_period_changeable: bool,
    /// Which service.
    pub service_id: Option<i64>,
    /// What it is paid for, in months; none on add-ons.
    pub service_billing_cycle: Option<u16>,
    /// The least that it is paid for, in months; none on add-ons.
    pub service_minimum_billing_cycle: Option<u16>,
    /// What kind of service.
    pub service_type: Option<&'static str>,
    /// What it costs, without VAT.
    pub amount: Amount,
    /// The same with VAT.
    pub amount_with_vat: Amount,
    /// Always empty in the samples.
    pub amount_sublabel: &'static str,
    /// The promo code that lowered it.
    pub promo: Option<LinePromo>,
}

/// A promo code on an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Promo {
    /// What the customer typed.
    pub code: String,
    /// What it takes off; absent where the code is no longer known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percentage: Option<Percentage>,
    /// From how many months on it holds.
    pub minimum_billing_cycle: u16,
}

/// A promo code on a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LinePromo {
    /// What the customer typed.
    pub code: String,
    /// What it takes off.
    pub percentage: Percentage,
}

/// A card that paid; every field is text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CardInformation {
    /// Its last digits.
    pub last_4: String,
    /// Its brand, in small letters.
    pub brand: String,
    /// The month of its expiry, two digits; empty where it has none.
    pub expiry_month: String,
    /// The year of its expiry; empty where it has none.
    pub expiry_year: String,
}

/// How an order is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PaymentWord {
    /// From the balance.
    Balance,
    /// With a registered card.
    Card,
    /// By bank transfer.
    Bank,
    /// With bitcoin.
    Bitcoin,
    /// With bitcoin over the lightning network.
    BitcoinLn,
}

/// How far an order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It waits for its payment.
    AwaitingPayment,
    /// Its payment is on its way.
    Processing,
    /// It is paid.
    Paid,
    /// It was withdrawn, or not paid in time.
    Cancelled,
}

impl Status {
    /// Reads the word of a filter: the documented default has another word for the first than the orders have.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "awaiting_payment" | "pending_payment" => Some(Self::AwaitingPayment),
            "processing" => Some(Self::Processing),
            "paid" => Some(Self::Paid),
            "cancelled" => Some(Self::Cancelled),
            _ => None,
        }
    }
}

/// What an order is for. The documentation knows more words, for what is not sold here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrderType {
    /// A service that is new.
    NewService,
    /// A service's next term.
    RenewService,
    /// An add-on that is new.
    NewAddon,
    /// An address that is new.
    NewFloatingIp,
    /// What the provider itself ordered the renewal of.
    Combined,
    /// Money for the balance.
    Deposit,
}

/// What is asked of a renewal, and of its price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenewRequest {
    /// Which servers.
    pub server_ids: Vec<i64>,
    /// For how many months.
    pub billing_cycle: u16,
    /// A promo code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promo_code: Option<String>,
}

/// What a renewal would cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Calculation {
    /// Before any discount, without VAT.
    pub amount: Amount,
    /// The same with VAT.
    pub amount_with_vat: Amount,
    /// What is taken off, without VAT.
    pub discount: Amount,
    /// The same with VAT.
    pub discount_with_vat: Amount,
    /// What takes it off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub promo_code: Option<Promo>,
    /// What is to be paid, without VAT.
    pub due_today_amount: Amount,
    /// The same with VAT.
    pub due_today_amount_with_vat: Amount,
    /// In the schema, and not in the sample; what it means is unverified.
    pub promo_amount: Amount,
    /// The same with VAT.
    pub promo_amount_with_vat: Amount,
}

/// What is asked of an order's update; what is absent stays.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct UpdateRequest {
    /// Whether it is to pay itself.
    pub auto_pay: Option<bool>,
    /// Its promo code.
    #[serde(default)]
    pub promo_code: Edit<String>,
    /// How it is to be paid.
    pub payment_method: Option<PaymentWord>,
}

/// What is asked of a line's period.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PeriodRequest {
    /// For how many months.
    pub billing_cycle: u16,
    /// The order's promo code.
    #[serde(default)]
    pub promo_code: Edit<String>,
}

/// Which orders are to be paid, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayRequest {
    /// Which orders.
    pub order_ids: Vec<i64>,
    /// How; from the balance where it is absent.
    pub payment_method: Option<PaymentWord>,
}

/// Which support plan is bought.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SupportRequest {
    /// The plan's word, such as `professional`.
    pub plan: String,
    /// For how many months.
    pub billing_cycle: u16,
}

/// For how long a support plan is renewed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SupportRenewRequest {
    /// For how many months.
    pub billing_cycle: u16,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::common::body::body;

    fn text(value: &impl Serialize) -> String {
        serde_json::to_string(value).expect("writes")
    }

    #[test]
    fn the_words_are_those_of_the_documentation() {
        use OrderType::{Combined, Deposit, NewAddon, NewFloatingIp, NewService, RenewService};
        use PaymentWord::{Balance, Bank, Bitcoin, BitcoinLn, Card};
        assert_eq!(
            text(&[NewService, RenewService, NewAddon, NewFloatingIp, Combined, Deposit]),
            r#"["new-service","renew-service","new-addon","new-floating-ip","combined","deposit"]"#
        );
        let words = [Balance, Card, Bank, Bitcoin, BitcoinLn];
        assert_eq!(text(&words), r#"["balance","card","bank","bitcoin","bitcoin-ln"]"#);
        for status in [Status::AwaitingPayment, Status::Processing, Status::Paid, Status::Cancelled] {
            assert_eq!(Status::parse(text(&status).trim_matches('"')), Some(status));
        }
        assert_eq!(Status::parse("pending_payment"), Some(Status::AwaitingPayment));
        assert_eq!(Status::parse("open"), None);
    }

    #[test]
    fn a_promo_code_is_kept_taken_off_or_set() {
        for (sent, read) in [
            ("{}", Edit::Keep),
            (r#"{"promo_code":null}"#, Edit::Clear),
            (r#"{"promo_code":"fall2403"}"#, Edit::Set("fall2403".to_owned())),
        ] {
            assert_eq!(body::<UpdateRequest>(sent.as_bytes()).expect("reads").promo_code, read, "{sent}");
        }
    }
}
