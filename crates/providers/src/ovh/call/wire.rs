//! The fields that we read, in bodies that a real provider writes: anything may be absent or `null`, words that are new
//! stay texts, and what we do not read may be whatever it is.

use jiff::Timestamp;
use jiff::civil;
use perennial_core::money::{Currency, Money};
use serde::{Deserialize, Deserializer, de::Error as _};

use crate::ovh::wire::money::Decimal;
use crate::ovh::wire::scalar::{Date, DateTime, Secret};

/// Decimal places of a ucent.
const UCENT_DIGITS: u8 = 8;

/// An amount. The section `/service` writes it without its ucents.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Price {
    currency_code: String,
    value: Decimal,
    #[serde(rename = "priceInUcents")]
    ucents: Option<i64>,
}

/// The amount is not one of whole minor units of a known currency.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{value} {currency_code} is not an amount of a known currency")]
pub(super) struct NoAmount {
    value: Decimal,
    currency_code: String,
}

impl Price {
    /// The amount: that of the ucents, which are exact; else that of the value, which the provider keeps as a double.
    pub fn money(&self) -> Result<Money, NoAmount> {
        self.read().ok_or_else(|| NoAmount { value: self.value, currency_code: self.currency_code.trim().to_owned() })
    }

    /// The same with ucents that stood beside it.
    pub fn money_or(&self, ucents: Option<i64>) -> Result<Money, NoAmount> {
        Self { ucents: self.ucents.or(ucents), ..self.clone() }.money()
    }

    fn read(&self) -> Option<Money> {
        let currency = Currency::parse(self.currency_code.trim()).ok()?;
        let ucents = self.ucents.and_then(|ucents| Decimal::new(ucents, UCENT_DIGITS).minor(currency.digits()));
        let minor = ucents.or_else(|| self.value.minor_of_double(currency.digits()))?;
        Some(Money::new(minor, currency))
    }
}

/// An instant, and the day it is on where the provider wrote it: there, days of billing begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    /// The instant.
    pub at: Timestamp,
    /// The day.
    pub day: civil::Date,
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let instant: DateTime = text.parse().map_err(D::Error::custom)?;
        let Date(day) = text.get(..10).unwrap_or_default().parse().map_err(D::Error::custom)?;
        Ok(Self { at: instant.at(), day })
    }
}

/// A member of the answer to a batch; what it is called besides, and what a member without a value says, is unverified.
#[derive(Deserialize)]
pub(super) struct Member<T> {
    pub value: Option<T>,
}

/// A service of `/services`.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Service {
    #[serde(rename = "serviceId")]
    pub id: i64,
    #[serde(rename = "parentServiceId")]
    pub parent: Option<i64>,
    pub tags: Option<Vec<String>>,
    pub route: Option<Route>,
    pub resource: Option<Resource>,
    pub billing: Option<Billing>,
}

/// Where a service's own routes are.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Route {
    pub path: Option<String>,
}

/// What a service runs.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Resource {
    pub name: Option<String>,
    pub display_name: Option<String>,
    pub state: Option<String>,
}

/// How a service is billed.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Billing {
    pub expiration_date: Option<Moment>,
    pub next_billing_date: Option<Moment>,
    pub pricing: Option<Pricing>,
    pub renew: Option<Renew>,
    pub lifecycle: Option<Lifecycle>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Pricing {
    pub duration: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Renew {
    pub current: Option<RenewCurrent>,
}

/// How a service renews now.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct RenewCurrent {
    pub mode: Option<String>,
    pub period: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Lifecycle {
    pub current: Option<LifecycleCurrent>,
}

/// Where a service is in its life.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LifecycleCurrent {
    pub state: Option<String>,
    pub pending_actions: Option<Vec<String>>,
}

/// A service of the older `/service`, which has days instead of instants.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OldService {
    pub expiration_date: Option<Date>,
    pub renew: Option<OldRenew>,
    pub resource: Option<Resource>,
    pub route: Option<Route>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OldRenew {
    pub day_of_month: Option<i64>,
    pub interval: Option<String>,
    pub mode: Option<String>,
}

/// The strategies of one period.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RenewDescription {
    pub renew_period: String,
    #[serde(default)]
    pub strategies: Vec<Strategy>,
}

/// Services that are renewed together, and their price without tax.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Strategy {
    pub price: Price,
    pub price_in_ucents: Option<i64>,
    pub services: Vec<i64>,
}

/// An order. Its password and its links are not read: whoever has them sees its documents.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Order {
    #[serde(rename = "orderId")]
    pub id: Option<i64>,
    pub expiration_date: Option<Moment>,
    pub price_with_tax: Price,
    pub price_without_tax: Price,
    pub tax: Price,
}

/// A line of an order.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OrderDetail {
    #[serde(rename = "orderDetailId")]
    pub id: i64,
    pub domain: Option<String>,
    pub detail_type: Option<String>,
}

/// More of a line.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Extension {
    pub order: Option<ExtensionOrder>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct ExtensionOrder {
    pub plan: Option<ExtensionPlan>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct ExtensionPlan {
    pub duration: Option<String>,
}

/// How an order leads to its bill.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct AssociatedObject {
    pub id: Option<String>,
    #[serde(rename = "type")]
    pub kind: Option<String>,
}

/// A bill. Its password and links are not read.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Bill {
    #[serde(rename = "billId")]
    pub id: String,
    pub category: Option<String>,
    pub date: Moment,
    pub order_id: i64,
    pub price_with_tax: Price,
}

/// A mean that an order can be paid with.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AvailableMean {
    pub payment_mean: String,
}

/// The methods that an order can be paid with.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OrderMethods {
    #[serde(default)]
    pub registered: Vec<i64>,
    #[serde(default)]
    pub payment_methods: Option<Vec<Method>>,
}

/// A registered method.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Method {
    pub payment_method_id: i64,
    pub payment_type: Option<String>,
    pub status: Option<String>,
    pub default: Option<bool>,
}

/// Prepaid money.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Prepaid {
    pub balance: Price,
}

/// Who calls, and with which rights.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Details {
    pub account: String,
    pub allowed_routes: Option<Vec<Rule>>,
}

/// A right, of whatever method.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Rule {
    pub method: String,
    pub path: String,
}

/// The account.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Nichandle {
    pub nichandle: String,
}

/// A token of OAuth2.
#[derive(Deserialize)]
pub(super) struct Token {
    pub access_token: Secret,
    pub expires_in: Option<i64>,
}

/// The answer in place of a token.
#[derive(Deserialize)]
pub(super) struct TokenRefusal {
    pub error: String,
    pub error_description: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_read_exactly_or_not_at_all() {
        let read = |json: &str| {
            let price: Price = serde_json::from_str(json).expect("is a price");
            price.money().map(|money| money.to_string()).map_err(|error| error.to_string())
        };
        for (json, money) in [
            (r#"{"currencyCode":"EUR","value":45.44}"#, "45.44 EUR"),
            (r#"{"currencyCode":"EUR","value":45.44,"priceInUcents":null,"text":"45,44 €"}"#, "45.44 EUR"),
            (r#"{"currencyCode":"EUR","value":45.440000001,"priceInUcents":4544000000}"#, "45.44 EUR"),
            (r#"{"currencyCode":"EUR","value":37.870000000000005}"#, "37.87 EUR"),
            (r#"{"currencyCode":" INR","value":1e2}"#, "100.00 INR"),
            (r#"{"currencyCode":"EUR","value":0.00125,"priceInUcents":199000000}"#, "1.99 EUR"),
        ] {
            assert_eq!(read(json).as_deref(), Ok(money), "{json}");
        }
        for json in [
            r#"{"currencyCode":"points","value":5}"#,
            r#"{"currencyCode":"EUR","value":1.005}"#,
            r#"{"currencyCode":"EUR","value":0.00125,"priceInUcents":125000}"#,
        ] {
            assert!(read(json).is_err(), "{json}");
        }
    }

    #[test]
    fn a_day_is_that_of_where_it_was_written() {
        for (text, day, at) in [
            ("2026-11-22T00:00:00+01:00", "2026-11-22", "2026-11-21T23:00:00Z"),
            ("2026-11-21T18:30:00-05:00", "2026-11-21", "2026-11-21T23:30:00Z"),
            ("2026-11-21T23:00:00Z", "2026-11-21", "2026-11-21T23:00:00Z"),
        ] {
            let read: Moment = serde_json::from_str(&format!("\"{text}\"")).expect("is a moment");
            assert_eq!((read.day.to_string(), read.at.to_string()), (day.to_owned(), at.to_owned()));
        }
        for text in ["2026-11-22", "2026-11-22T00:00:00", ""] {
            assert!(serde_json::from_str::<Moment>(&format!("\"{text}\"")).is_err(), "{text}");
        }
    }

    #[test]
    fn a_service_may_say_next_to_nothing() {
        for json in [
            r#"{"serviceId":7}"#,
            r#"{"serviceId":7,"billing":null,"route":null,"resource":null,"tags":null,"more":[1.5]}"#,
            r#"{"serviceId":7,"billing":{"renew":{"current":null},"lifecycle":{"current":{"state":"new word"}}}}"#,
        ] {
            let read: Service = serde_json::from_str(json).expect(json);
            assert_eq!(read.id, 7);
        }
    }
}
