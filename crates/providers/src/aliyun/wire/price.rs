//! The answer of `DescribeRenewalPrice`. Amounts are JSON numbers in major units.

use serde::Serialize;

use crate::common::amount::Amount;

/// What the price of a renewal answers.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Priced {
    /// The price.
    pub price_info: PriceInfo,
}

/// A price, and the rules that made it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PriceInfo {
    /// The price.
    pub price: Price,
    /// What lowered it.
    pub rules: Rules,
}

/// A price, with its parts.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Price {
    /// The amounts.
    #[serde(flatten)]
    pub amounts: Amounts,
    /// ISO 4217 code.
    pub currency: &'static str,
    /// What they are the sum of.
    pub detail_infos: Details,
}

/// The amounts of a price: the last is the first without the second.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Amounts {
    /// By the price list.
    pub original_price: Amount,
    /// What is taken off.
    pub discount_price: Amount,
    /// What is to be paid.
    pub trade_price: Amount,
}

/// The parts of a price. (The vendor's samples call an item `ResourcePriceModel`, its SDKs read `DetailInfo`.)
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Details {
    /// Its items.
    pub detail_info: Vec<Detail>,
}

/// A part of a price.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Detail {
    /// What is paid for: `instance`.
    pub resource: &'static str,
    /// Its amounts.
    #[serde(flatten)]
    pub amounts: Amounts,
    /// What lowered it.
    pub sub_rules: Rules,
}

/// The rules that lowered a price.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Rules {
    /// Its items.
    pub rule: Vec<Rule>,
}

/// A rule that lowered a price.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Rule {
    /// Its number.
    pub rule_id: i64,
    /// What it is.
    pub description: &'static str,
}

#[cfg(test)]
mod tests {
    use perennial_core::money::{Currency, Money};

    use super::*;

    #[test]
    fn a_price_is_written_in_numbers_beside_its_parts() {
        let amount = |minor| Amount(Money::new(minor, Currency::CNY));
        let amounts =
            Amounts { original_price: amount(24_000), discount_price: amount(4_995), trade_price: amount(19_005) };
        let sub_rules = Rules { rule: vec![Rule { rule_id: 7, description: "Coupon" }] };
        let detail = Detail { resource: "instance", amounts, sub_rules };
        let price = Price { amounts, currency: "CNY", detail_infos: Details { detail_info: vec![detail] } };
        let numbers = r#""OriginalPrice":240,"DiscountPrice":49.95,"TradePrice":190.05"#;
        let rules = r#"{"Rule":[{"RuleId":7,"Description":"Coupon"}]}"#;
        let expected = format!(
            r#"{{{numbers},"Currency":"CNY","DetailInfos":{{"DetailInfo":[{{"Resource":"instance",{numbers},"SubRules":{rules}}}]}}}}"#
        );
        assert_eq!(serde_json::to_string(&price).expect("writes"), expected);
    }
}
