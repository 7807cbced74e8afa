//! Orders. That `payment`, `items` and `actions` are called so is inferred; the rest is documented.

use serde::{Deserialize, Serialize};

use super::reference::{Gate, InvoiceReference, InvoiceStatus};
use super::stamp::Stamp;
use crate::common::amount::Amount;
use crate::hostup::id::Id;

/// An order.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// Which order.
    pub id: Id,
    /// Its number for people.
    pub number: String,
    /// Where it is in its life.
    pub status: Status,
    /// What it does.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// Its invoice; there is one from the day it is placed.
    pub invoice_id: Option<Id>,
    /// Where a person pays it, absolute; kept for older clients.
    pub checkout_url: Option<String>,
    /// Whose it is.
    pub client: Client,
    /// What it costs.
    pub billing: OrderBilling,
    /// Its invoice.
    pub invoice: Option<InvoiceReference>,
    /// How it is or was paid.
    pub payment: OrderPayment,
    /// What it renews.
    pub items: Vec<Item>,
    /// When it was placed (inferred).
    pub created_at: Stamp,
    /// What may be done with it now.
    pub actions: Actions,
}

/// Where an order is in its life. The documentation has `active` and `failed` besides: money and term move in one step
/// here, so nothing is being carried out, and nothing fails half way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It waits for its payment.
    Pending,
    /// It was paid and carried out.
    Completed,
    /// It was withdrawn, or not paid in time.
    Cancelled,
}

/// What an order does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Opens services.
    New,
    /// Renews services.
    Renew,
}

/// Whose an order is.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Client {
    /// The account.
    pub id: Option<Id>,
    /// Where notices go.
    pub email: Option<String>,
    /// All but the last word of a person's name.
    pub first_name: Option<String>,
    /// The last word of a person's name.
    pub last_name: Option<String>,
    /// The name of a company.
    pub company_name: Option<String>,
}

/// What an order costs.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderBilling {
    /// Without tax.
    pub amount: Amount,
    /// ISO 4217.
    pub currency_code: &'static str,
    /// What everything in it is renewed for; null for mixed and for odd periods.
    pub billing_cycle: Option<&'static str>,
    /// Whether it is paid by use. Nothing here is.
    pub is_payg: bool,
}

/// How an order is or was paid.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderPayment {
    /// With what.
    pub method: Option<&'static str>,
    /// How its invoice stands.
    pub status: InvoiceStatus,
    /// When.
    pub paid_at: Option<Stamp>,
}

/// One service in an order.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// The product.
    pub description: String,
    /// The service; null for kinds that this API has no ids for.
    pub service_id: Option<String>,
    /// The service's name.
    pub name: String,
    /// Without tax.
    pub amount: Amount,
}

/// What may be done with an order now.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Actions {
    /// Whether it can be withdrawn.
    pub can_cancel: Gate,
    /// Whether it can be paid, after an attempt failed or none was made.
    pub can_retry_payment: Gate,
}

/// What is to be priced. The documented body is not known; this one is inferred from the bulk renewal's, and takes no
/// promo code, as no renewal does.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PreviewRequest {
    /// The domains.
    pub domain_ids: Vec<String>,
}

/// What a renewal would cost (inferred).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Preview {
    /// A line a service.
    pub items: Vec<Item>,
    /// Without tax.
    pub subtotal: Amount,
    /// The tax.
    pub tax_amount: Amount,
    /// The tax in percent.
    pub tax_rate: super::invoice::Percent,
    /// With tax.
    pub total: Amount,
    /// ISO 4217.
    pub currency_code: &'static str,
    /// What everything is renewed for.
    pub billing_cycle: Option<&'static str>,
}
