//! What is read of answers: the fields that are needed, and no others. A text may come as a number (`OrderId` does, in
//! the vendor's own samples), and what is not told may be absent or null.

#![expect(clippy::struct_field_names, reason = "fields are called as they are on the wire")]

use std::fmt;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer};

use crate::common::amount::Decimal;

/// A text, a whole number or a boolean, as the text of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word(String);

impl Word {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text of a field, unless it is absent or empty.
pub(super) fn text(field: Option<&Word>) -> Option<&str> {
    field.map(Word::as_str).filter(|text| !text.is_empty())
}

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;

        impl Visitor<'_> for Read {
            type Value = Word;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a whole number")
            }

            fn visit_str<E>(self, text: &str) -> Result<Word, E> {
                Ok(Word(text.to_owned()))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Word, E> {
                Ok(Word(number.to_string()))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Word, E> {
                Ok(Word(number.to_string()))
            }

            fn visit_bool<E>(self, boolean: bool) -> Result<Word, E> {
                Ok(Word(boolean.to_string()))
            }
        }

        deserializer.deserialize_any(Read)
    }
}

/// What any answer may have, a refusal above all.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Frame {
    /// What programs go by. Answers of ECS that are no refusal have none; those of billing have `Success` or `200`.
    pub code: Option<Word>,
    /// What people read.
    pub message: Option<Word>,
    /// Whether it is none; billing alone says so.
    pub success: Option<Word>,
    /// The id of the request.
    pub request_id: Option<Word>,
}

/// What `RenewInstance` answers. (An older text of its page has no order there.)
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Renewed {
    /// The order.
    pub order_id: Option<Word>,
}

/// An answer of which nothing is read.
#[derive(Debug, Deserialize)]
pub(super) struct Nothing {}

/// What `DescribeRegions` answers.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Regions {
    /// The regions.
    pub regions: RegionList,
}

/// Regions, in the element that every list is in.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RegionList {
    /// Its items.
    pub region: Vec<Region>,
}

/// A region.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Region {
    /// Its id.
    pub region_id: Word,
}

/// What `DescribeInstances` answers.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Instances {
    /// The instances.
    pub instances: InstanceList,
    /// Where the next page begins; empty or absent on the last.
    pub next_token: Option<Word>,
}

/// Instances.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct InstanceList {
    /// Its items.
    pub instance: Vec<Instance>,
}

/// An instance.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Instance {
    /// Its id.
    pub instance_id: Word,
    /// What its owner calls it.
    pub instance_name: Option<Word>,
    /// Its host name.
    pub host_name: Option<Word>,
    /// `PrePaid` or `PostPaid`.
    pub instance_charge_type: Option<Word>,
    /// Its expiry, to the minute.
    pub expired_time: Option<Word>,
    /// `Running`, `Stopped` and others.
    pub status: Option<Word>,
    /// Why it is locked.
    pub operation_locks: Option<Locks>,
    /// Its tags.
    pub tags: Option<Tags>,
}

/// The reasons why an instance is locked.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Locks {
    /// Its items.
    pub lock_reason: Option<Vec<Lock>>,
}

/// A reason why an instance is locked.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Lock {
    /// `financial`, `security` and others.
    pub lock_reason: Option<Word>,
}

/// The tags of an instance.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tags {
    /// Its items.
    pub tag: Option<Vec<Tag>>,
}

/// A tag.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tag {
    /// Its key.
    pub tag_key: Option<Word>,
    /// Its value.
    pub tag_value: Option<Word>,
}

/// What `DescribeInstanceAutoRenewAttribute` answers.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Attributes {
    /// The instances.
    pub instance_renew_attributes: AttributeList,
}

/// Instances, each with what happens at its expiry.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AttributeList {
    /// Its items.
    pub instance_renew_attribute: Vec<Attribute>,
}

/// What happens to an instance at its expiry.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Attribute {
    /// The instance.
    pub instance_id: Word,
    /// `AutoRenewal`, `Normal` or `NotRenewal`.
    pub renewal_status: Option<Word>,
    /// Whether it is renewed by itself.
    pub auto_renew_enabled: Option<Word>,
    /// For how many units; 0 where it is not.
    pub duration: Option<Word>,
    /// The unit: `Month`, `Week` or `Year`, in whatever case.
    pub period_unit: Option<Word>,
}

/// What `DescribeRenewalPrice` answers.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Priced {
    /// The price, and what made it.
    pub price_info: PriceInfo,
}

/// A price, and what made it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PriceInfo {
    /// The price.
    pub price: Price,
    /// What lowered it.
    pub rules: Option<Rules>,
    /// What is priced beside it.
    pub related_price: Option<RelatedPrice>,
}

/// A price. What is to be paid is the first amount without the second.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Price {
    /// What is taken off.
    pub discount_price: Option<Decimal>,
    /// What is to be paid.
    pub trade_price: Option<Decimal>,
    /// ISO 4217 code.
    pub currency: Option<Word>,
}

/// What is priced beside an instance.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RelatedPrice {
    /// An image that is bought from others.
    pub marketplace_image_price: Option<Price>,
}

/// What lowered a price.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Rules {
    /// Its items.
    pub rule: Option<Vec<Rule>>,
}

/// A rule that lowered a price.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Rule {
    /// What it is.
    pub description: Option<Word>,
}

/// What an answer of billing says.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Data<T> {
    /// It.
    pub data: T,
}

/// What `QueryAccountBalance` answers. Amounts are texts.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Balance {
    /// What can be spent.
    pub available_amount: Option<Decimal>,
    /// The balance.
    pub available_cash_amount: Option<Decimal>,
    /// What is left of the credit line.
    pub credit_amount: Option<Decimal>,
    /// What is left of the credit of the vendor's bank.
    pub mybank_credit_amount: Option<Decimal>,
    /// The currency of all of it.
    pub currency: Word,
}

/// What `QueryOrders` and `GetOrderDetail` answer.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Orders {
    /// The orders.
    pub order_list: Option<OrderList>,
    /// How many there are on all pages.
    pub total_count: Option<Word>,
}

/// Orders.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OrderList {
    /// Its items.
    pub order: Option<Vec<Order>>,
}

/// An order. What it is about is told of a single one, and not always in a list.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Order {
    /// Its number.
    pub order_id: Word,
    /// `Renew` and others.
    pub order_type: Option<Word>,
    /// `Unpaid`, `Paid` or `Cancelled`.
    pub payment_status: Option<Word>,
    /// When it was placed.
    pub create_time: Option<Word>,
    /// When it was paid.
    pub payment_time: Option<Word>,
    /// Its currency.
    pub currency: Option<Word>,
    /// Without tax, after discounts.
    pub pretax_amount: Option<Decimal>,
    /// The tax.
    pub tax: Option<Decimal>,
    /// What is to be paid, or was.
    pub after_tax_amount: Option<Decimal>,
    /// The names of its services, as the text of a JSON array.
    #[serde(rename = "InstanceIDs")]
    pub instance_ids: Option<Word>,
    /// Where their term begins, where it is told.
    pub usage_start_time: Option<Word>,
    /// Where it ends.
    pub usage_end_time: Option<Word>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::common::body::body;

    #[test]
    fn a_text_may_be_a_number_and_what_is_not_needed_anything() {
        for (json, id) in [
            (r#"{"OrderId":"123","RequestId":"A"}"#, Some("123")),
            (r#"{"OrderId":20190000000000000123}"#, None),
            (r#"{"OrderId":201900000000000012,"New":[{"x":1.5}]}"#, Some("201900000000000012")),
            (r#"{"OrderId":null}"#, None),
            (r#"{"RequestId":"A"}"#, None),
        ] {
            let read = body::<Renewed>(json.as_bytes()).ok().and_then(|read| read.order_id);
            assert_eq!(text(read.as_ref()), id, "{json}");
        }
        let frame: Frame = body(br#"{"Success":false,"Code":404,"Message":null}"#).expect("reads");
        assert_eq!((text(frame.success.as_ref()), text(frame.code.as_ref())), (Some("false"), Some("404")));
    }

    #[test]
    fn an_answer_without_its_list_is_not_an_empty_one() {
        assert!(body::<Instances>(b"{}").is_err());
        assert!(body::<Instances>(br#"{"Instances":{}}"#).is_err());
        let read: Instances = body(br#"{"Instances":{"Instance":[]},"NextToken":""}"#).expect("reads");
        assert!(read.instances.instance.is_empty());
        let read: Data<Orders> = body(br#"{"Data":{"OrderList":null,"TotalCount":0}}"#).expect("reads");
        assert!(read.data.order_list.is_none());
    }
}
