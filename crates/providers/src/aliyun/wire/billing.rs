//! The bodies of billing (2017-12-14). What an answer says stands in its field `Data`; amounts are texts. What we know
//! nothing of is left out: the SDKs take every field for optional.

use serde::Serialize;

use super::stamp::Second;

/// What an answer says.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Data<T> {
    /// It.
    pub data: T,
}

/// The answer of `QueryAccountBalance`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Balance {
    /// What can be spent: the balance, and what is left of the credit line.
    pub available_amount: String,
    /// The balance.
    pub available_cash_amount: String,
    /// What is left of the credit line.
    pub credit_amount: String,
    /// The credit of the vendor's own bank; there is none.
    pub mybank_credit_amount: String,
    /// The bound of a distributor's customer; there is none.
    pub quota_limit: String,
    /// The currency of all of it.
    pub currency: &'static str,
}

/// The answer of `QueryAvailableInstances`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Instances {
    /// The services. In no element of their own, unlike all other lists.
    pub instance_list: Vec<Instance>,
    /// Which page it is.
    pub page_num: usize,
    /// How many services a page has.
    pub page_size: usize,
    /// How many services all pages have.
    pub total_count: usize,
}

/// A service of whatever kind.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Instance {
    /// Its name.
    #[serde(rename = "InstanceID")]
    pub instance_id: String,
    /// What it is an instance of.
    pub product_code: String,
    /// `Subscription`.
    pub subscription_type: &'static str,
    /// Where it is.
    pub region: String,
    /// Since when it is there.
    pub create_time: Second,
    /// Its expiry.
    pub end_time: Second,
    /// When it stops, unless it is renewed.
    pub stop_time: Second,
    /// When it is deleted, unless it is renewed.
    pub release_time: Second,
    /// The same.
    pub expected_release_time: Second,
    /// `Normal` or `Expired`.
    pub status: &'static str,
    /// `Normal` or `Stopped`.
    pub sub_status: &'static str,
    /// What happens at its expiry: `AutoRenewal`, `ManualRenewal` or `NotRenewal`.
    pub renew_status: &'static str,
    /// For how many units it is renewed by itself; none where it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renewal_duration: Option<u16>,
    /// The unit: `M`, `Y`, and for weeks `W`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renewal_duration_unit: Option<&'static str>,
}

/// The answers of `GetOrderDetail` and `QueryOrders`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Orders {
    /// The orders.
    pub order_list: OrderList,
    /// Which page it is.
    pub page_num: usize,
    /// How many orders a page has.
    pub page_size: usize,
    /// How many orders all pages have.
    pub total_count: usize,
}

/// Orders, in the element that they are in.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct OrderList {
    /// The orders.
    pub order: Vec<Order>,
}

/// An order.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Order {
    /// Its number.
    pub order_id: String,
    /// `New` or `Renew`.
    pub order_type: &'static str,
    /// `Unpaid`, `Paid` or `Cancelled`.
    pub payment_status: &'static str,
    /// When it was placed.
    pub create_time: Second,
    /// When it was paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_time: Option<Second>,
    /// What it is about, where that is one thing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_code: Option<String>,
    /// `Subscription`.
    pub subscription_type: &'static str,
    /// Its currency.
    pub currency: &'static str,
    /// What it was paid in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_currency: Option<&'static str>,
    /// Before any discount, without tax.
    pub pretax_gross_amount: String,
    /// Without tax.
    pub pretax_amount: String,
    /// The tax.
    pub tax: String,
    /// What is to be paid, or was.
    pub after_tax_amount: String,
    /// What a list does not show.
    #[serde(flatten)]
    pub detail: Option<OrderDetail>,
}

/// What is shown of one order, and not in a list.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct OrderDetail {
    /// The names of its services, as the text of a JSON array.
    #[serde(rename = "InstanceIDs")]
    pub instance_ids: String,
    /// How many services there are.
    pub quantity: String,
    /// Where they are, where that is one place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Where their term begins, where they have one term.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage_start_time: Option<Second>,
    /// Where it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage_end_time: Option<Second>,
}

/// The answer of `CancelOrder`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Cancelled {
    /// Where it was answered.
    pub host_id: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_detail_of_an_order_stands_among_its_fields() {
        let at = Second(jiff::Timestamp::UNIX_EPOCH);
        let order = |detail| Order {
            order_id: "7".to_owned(),
            order_type: "Renew",
            payment_status: "Unpaid",
            create_time: at,
            payment_time: None,
            product_code: None,
            subscription_type: "Subscription",
            currency: "CNY",
            payment_currency: None,
            pretax_gross_amount: "2.00".to_owned(),
            pretax_amount: "1.00".to_owned(),
            tax: "0.06".to_owned(),
            after_tax_amount: "1.06".to_owned(),
            detail,
        };
        let start = "{\"OrderId\":\"7\",\"OrderType\":\"Renew\",\"PaymentStatus\":\"Unpaid\",\
            \"CreateTime\":\"1970-01-01T00:00:00Z\",\"SubscriptionType\":\"Subscription\",\"Currency\":\"CNY\",\
            \"PretaxGrossAmount\":\"2.00\",\"PretaxAmount\":\"1.00\",\"Tax\":\"0.06\",\"AfterTaxAmount\":\"1.06\"";
        assert_eq!(serde_json::to_string(&order(None)).expect("writes"), format!("{start}}}"));
        let detail = OrderDetail {
            instance_ids: "[\"i-1\"]".to_owned(),
            quantity: "1".to_owned(),
            region: None,
            usage_start_time: None,
            usage_end_time: Some(at),
        };
        let more = ",\"InstanceIDs\":\"[\\\"i-1\\\"]\",\"Quantity\":\"1\",\"UsageEndTime\":\"1970-01-01T00:00:00Z\"}";
        assert_eq!(serde_json::to_string(&order(Some(detail))).expect("writes"), format!("{start}{more}"));
    }
}
