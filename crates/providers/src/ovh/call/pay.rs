//! Paying an order, and what there is to pay with.

use perennial_core::buyer::remote::{CallError, Funds, Outcome, Receipt, RemoteOrder, Said};
use perennial_core::money::Money;
use serde::Serialize;

use super::api::Api;
use super::judge::{Denial, denial, never_sent, ours};
use super::orders::State;
use super::{OvhRemote, wire};
use crate::call::{Reply, SettingError};

/// The prepaid account, among the words for means.
const PREPAID: &str = "ovhAccount";

/// The means that an account has one of at the most, so that no id is needed.
const ONLY_ONES: [&str; 3] = [PREPAID, "deferredPaymentAccount", "fidelityAccount"];

/// The words for the other means, and the types of payment methods that they are. The newer words are the types.
const KINDS: [(&str, &[&str]); 5] = [
    ("bankAccount", &["SEPA_DIRECT_DEBIT", "BANK_ACCOUNT"]),
    ("creditCard", &["CREDIT_CARD", "DOMESTIC_CARD"]),
    ("CREDIT_CARD", &["CREDIT_CARD", "DOMESTIC_CARD"]),
    ("paypal", &["PAYPAL"]),
    ("PAYPAL", &["PAYPAL"]),
];

/// What is paid with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PayWith {
    /// The account's default method.
    Default,
    /// The registered method with this number.
    Method(i64),
    /// The registered method of one of these types.
    Kind(Vec<String>),
    /// A mean of which there is one, by the provider's word.
    Mean(&'static str),
}

impl PayWith {
    /// Reads the setting: the number of a payment method, or the provider's word for a mean.
    pub fn parse(setting: Option<&str>) -> Result<Self, SettingError> {
        let Some(text) = setting else { return Ok(Self::Default) };
        if let Ok(number) = text.parse() {
            return Ok(Self::Method(number));
        }
        if let Some(word) = ONLY_ONES.into_iter().find(|word| *word == text) {
            return Ok(Self::Mean(word));
        }
        if let Some((_, types)) = KINDS.iter().find(|(word, _)| *word == text) {
            return Ok(Self::Kind(types.iter().map(|&each| each.to_owned()).collect()));
        }
        let is_type = |byte: u8| byte.is_ascii_uppercase() || byte == b'_';
        if !text.is_empty() && text.bytes().all(is_type) {
            return Ok(Self::Kind(vec![text.to_owned()]));
        }
        let why =
            "it is neither the number of a payment method nor a mean such as `ovhAccount`, `paypal`, `creditCard`";
        Err(SettingError::Wrong { setting: "pay_with", value: text.to_owned(), why: why.to_owned() })
    }

    /// Whether prepaid money is used.
    pub fn is_prepaid(&self) -> bool {
        *self == Self::Mean(PREPAID)
    }
}

/// What an order is to be paid with, found usable for it.
#[derive(Debug, PartialEq, Eq)]
enum Chosen {
    Method(i64),
    Mean(&'static str),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PayByMethod {
    payment_method: MethodId,
}

#[derive(Serialize)]
struct MethodId {
    id: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PayByMean {
    payment_mean: &'static str,
}

impl OvhRemote {
    /// Pays an order, with what was found usable for it; nothing is sent where nothing was.
    pub(super) async fn settle(&self, order: &RemoteOrder) -> Outcome {
        let Ok(id) = order.id.parse::<i64>() else {
            return Outcome::Refused(ours(format!("`{}` is no number of an order there", order.id)));
        };
        let sent = match self.choose(id).await {
            Ok(Ok(Chosen::Method(method))) => {
                let body = PayByMethod { payment_method: MethodId { id: method } };
                self.api.act(&format!("/me/order/{id}/pay"), &body).await
            }
            Ok(Ok(Chosen::Mean(payment_mean))) => {
                let path = format!("/me/order/{id}/payWithRegisteredPaymentMean");
                self.api.act(&path, &PayByMean { payment_mean }).await
            }
            // Nothing pays what is paid, or gone: then that is why.
            Ok(Err(why)) => return self.not_paid(id, order, ours(why), Unpaid::IsRefused).await,
            Err(error) => return never_sent(&error),
        };
        match sent {
            Err(outcome) => outcome,
            Ok(reply) if is_void(&reply) => Outcome::Paid(paid(id, order)),
            Ok(reply) if reply.status.is_success() => {
                Outcome::Unknown { cause: "the answer to the payment is not the documented one".to_owned() }
            }
            Ok(reply) => match denial(&reply) {
                Denial::AtTheDoor(said) => Outcome::Refused(said),
                Denial::Final(said) => self.not_paid(id, order, said, Unpaid::IsRefused).await,
                Denial::Conflict(said) => self.not_paid(id, order, said, Unpaid::IsPending).await,
                Denial::Unclear(cause) => Outcome::Unknown { cause },
            },
        }
    }

    /// What is true of an order whose payment was refused. How the provider refuses to be paid twice is not documented, so
    /// the order itself is asked.
    async fn not_paid(&self, id: i64, order: &RemoteOrder, said: Said, unpaid: Unpaid) -> Outcome {
        match (self.orders.state(&self.api, id).await, unpaid) {
            (Ok(Some(State::Delivering | State::Delivered)), _) => Outcome::Paid(paid(id, order)),
            (Ok(Some(State::AtWork(_))), _) | (Ok(Some(State::Unpaid)), Unpaid::IsPending) => Outcome::Pending(said),
            (Ok(Some(State::Unpaid | State::Cancelled)), _) => Outcome::Refused(said),
            (Ok(None), _) => Outcome::Unknown { cause: format!("{said}, and order {id} is not there") },
            (Err(error), _) => Outcome::Unknown { cause: format!("{said}, and {error}") },
        }
    }

    /// Chooses what the order is paid with; or says why nothing can be.
    async fn choose(&self, id: i64) -> Result<Result<Chosen, String>, CallError> {
        if let PayWith::Mean(word) = self.pay_with {
            let path = format!("/me/order/{id}/availableRegisteredPaymentMean");
            let means: Vec<wire::AvailableMean> = self.api.get(&path).await?;
            let words: Vec<_> = means.into_iter().map(|mean| mean.payment_mean).collect();
            let usable = words.iter().any(|each| each == word);
            return Ok(if usable { Ok(Chosen::Mean(word)) } else { Err(unusable(&format!("`{word}`"), &words)) });
        }
        let usable: wire::OrderMethods = self.api.get(&format!("/me/order/{id}/paymentMethods")).await?;
        let methods = usable.payment_methods.unwrap_or_default();
        let default = match (&self.pay_with, default_of(&methods)) {
            (PayWith::Default, None) => {
                let ids: Vec<i64> = self.api.get("/me/payment/method?default=true").await?;
                ids.first().copied()
            }
            (_, default) => default,
        };
        Ok(chosen(&self.pay_with, &usable.registered, &methods, default).map(Chosen::Method))
    }
}

/// What an order that is still unpaid means after a refusal.
#[derive(Clone, Copy)]
enum Unpaid {
    IsRefused,
    IsPending,
}

fn default_of(methods: &[wire::Method]) -> Option<i64> {
    methods.iter().find(|method| method.default == Some(true)).map(|method| method.payment_method_id)
}

/// Chooses among the methods that are usable for an order.
fn chosen(with: &PayWith, registered: &[i64], methods: &[wire::Method], default: Option<i64>) -> Result<i64, String> {
    let of_kind = |types: &[String]| -> Vec<i64> {
        let is_it = |method: &&wire::Method| {
            let kind = method.payment_type.as_deref().unwrap_or_default();
            types.iter().any(|each| each == kind) && registered.contains(&method.payment_method_id)
        };
        methods.iter().filter(is_it).map(|method| method.payment_method_id).collect()
    };
    let (what, found) = match with {
        PayWith::Default => {
            let default = default.ok_or("the account has no default payment method; choose one with `pay_with`")?;
            (format!("the default payment method {default}"), Some(default))
        }
        PayWith::Method(id) => (format!("payment method {id}"), Some(*id)),
        PayWith::Kind(types) => match of_kind(types).as_slice() {
            [] => (format!("`{}`", types.join("` or `")), None),
            [only] => (String::new(), Some(*only)),
            several => {
                let one = default.filter(|default| several.contains(default));
                let found = one.ok_or_else(|| format!("there are several: name one of {several:?} in `pay_with`"))?;
                (String::new(), Some(found))
            }
        },
        PayWith::Mean(word) => (format!("`{word}`"), None),
    };
    let words: Vec<_> = registered.iter().map(ToString::to_string).collect();
    found.filter(|id| registered.contains(id)).ok_or_else(|| unusable(&what, &words))
}

fn unusable(what: &str, usable: &[String]) -> String {
    let others = if usable.is_empty() { "nothing is".to_owned() } else { format!("usable: {}", usable.join(", ")) };
    format!("{what} is not usable for this order; {others}")
}

fn paid(id: i64, order: &RemoteOrder) -> Receipt {
    Receipt { order: Some(id.to_string()), paid: Some(order.gross), ..Receipt::default() }
}

/// Whether an answer is the void that is documented: `null`, or nothing.
fn is_void(reply: &Reply) -> bool {
    matches!(reply.status.as_u16(), 200 | 204) && matches!(reply.body.trim_ascii(), b"" | b"null")
}

/// What is on the prepaid account, if there is one.
pub(super) async fn balance(api: &Api) -> Result<Option<Money>, CallError> {
    Ok(prepaid(api).await?.into_iter().next())
}

async fn prepaid(api: &Api) -> Result<Vec<Money>, CallError> {
    const LIST: &str = "/me/ovhAccount";
    let ids: Vec<String> = api.get(LIST).await?;
    let mut amounts = Vec::with_capacity(ids.len());
    for id in ids {
        let path = format!("{LIST}/{}", percent_encoding::utf8_percent_encode(&id, percent_encoding::NON_ALPHANUMERIC));
        let account: wire::Prepaid = api.get(&path).await?;
        amounts.push(account.balance.money().map_err(|error| api.not_understood(LIST, &error))?);
    }
    Ok(amounts)
}

/// What there is to pay with: prepaid money, the credit line, and the methods that are valid.
pub(super) async fn funds(api: &Api) -> Result<Vec<Funds>, CallError> {
    const METHODS: &str = "/me/payment/method";
    let mut funds: Vec<_> = prepaid(api)
        .await?
        .into_iter()
        .map(|amount| Funds { kind: "balance".to_owned(), amount: Some(amount) })
        .collect();
    // How much of it is left is not told.
    let lines: Option<Vec<i64>> = api.find("/me/paymentMean/deferredPaymentAccount").await?;
    let lines = lines.unwrap_or_default().into_iter();
    funds.extend(lines.map(|_| Funds { kind: "credit line".to_owned(), amount: None }));
    let ids: Vec<i64> = api.get(METHODS).await?;
    let ids: Vec<_> = ids.iter().map(i64::to_string).collect();
    let methods: Vec<wire::Method> = api.batch(METHODS, &ids).await?;
    let valid = methods.into_iter().filter(|method| method.status.as_deref() == Some("VALID"));
    funds.extend(valid.map(|method| Funds { kind: kind_word(method.payment_type.as_deref()), amount: None }));
    Ok(funds)
}

/// Our word for a type of method; the provider's where we have none.
fn kind_word(payment_type: Option<&str>) -> String {
    match payment_type {
        Some("CREDIT_CARD" | "DOMESTIC_CARD") => "card".to_owned(),
        Some("PAYPAL") => "PayPal".to_owned(),
        Some("SEPA_DIRECT_DEBIT" | "BANK_ACCOUNT") => "bank transfer".to_owned(),
        Some("DEFERRED_PAYMENT_ACCOUNT") => "credit line".to_owned(),
        other => other.unwrap_or("unknown").to_ascii_lowercase().replace('_', " "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_names_a_method_or_a_mean() {
        for (text, with) in [
            (None, PayWith::Default),
            (Some("1234"), PayWith::Method(1234)),
            (Some("ovhAccount"), PayWith::Mean("ovhAccount")),
            (Some("paypal"), PayWith::Kind(vec!["PAYPAL".to_owned()])),
            (Some("ENTERPRISE"), PayWith::Kind(vec!["ENTERPRISE".to_owned()])),
        ] {
            assert_eq!(PayWith::parse(text), Ok(with));
        }
        for text in ["", "cash", "pay pal", "-"] {
            assert!(PayWith::parse(Some(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn only_what_is_usable_for_the_order_pays_it() {
        let method = |payment_method_id, payment_type: &str| wire::Method {
            payment_method_id,
            payment_type: Some(payment_type.to_owned()),
            status: None,
            default: None,
        };
        let methods = [method(1, "PAYPAL"), method(2, "CREDIT_CARD"), method(3, "DOMESTIC_CARD"), method(4, "RUPAY")];
        let cards = || PayWith::parse(Some("creditCard")).expect("is a mean");
        for (with, registered, default, found) in [
            (PayWith::Default, &[1, 2][..], Some(1), Ok(1)),
            (PayWith::Default, &[1, 2], None, Err("has no default payment method")),
            (PayWith::Default, &[1, 2], Some(4), Err("the default payment method 4 is not usable")),
            (PayWith::Method(2), &[1, 2], Some(1), Ok(2)),
            (PayWith::Method(9), &[1, 2], Some(1), Err("payment method 9 is not usable for this order; usable: 1, 2")),
            (PayWith::Method(9), &[], None, Err("nothing is")),
            (cards(), &[1, 2], Some(1), Ok(2)),
            (cards(), &[1, 2, 3], Some(3), Ok(3)),
            (cards(), &[1, 2, 3], Some(1), Err("name one of [2, 3]")),
            (cards(), &[1], Some(1), Err("`CREDIT_CARD` or `DOMESTIC_CARD` is not usable")),
        ] {
            let chosen = chosen(&with, registered, &methods, default);
            match (&chosen, found) {
                (Ok(id), Ok(expected)) => assert_eq!(*id, expected, "{with:?}"),
                (Err(why), Err(part)) => assert!(why.contains(part), "{why}"),
                _ => panic!("{with:?}: {chosen:?}"),
            }
        }
    }
}
