//! Invoices and their payment links. The links and the credit note are documented; of the invoice itself only
//! `orderId` and `actions.canCancel` are, the rest is inferred.

use perennial_core::money::Rate;
use serde::{Deserialize, Serialize, Serializer};

use super::reference::{Gate, InvoiceReference};
use super::stamp::Stamp;
use crate::common::amount::{Amount, Decimal, number};
use crate::hostup::id::Id;

/// An invoice.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Invoice {
    /// What every mention of it shows.
    #[serde(flatten)]
    pub reference: InvoiceReference,
    /// Without tax.
    pub subtotal: Amount,
    /// The tax.
    pub tax_amount: Amount,
    /// The tax in percent.
    pub tax_rate: Percent,
    /// How much of it came or is to come from the account's credit.
    pub credit_applied: Amount,
    /// What is still to be paid.
    pub outstanding: Amount,
    /// When it was made.
    pub created_at: Stamp,
    /// When it was paid.
    pub paid_at: Option<Stamp>,
    /// Its order; null where it only puts money on the account.
    pub order_id: Option<Id>,
    /// What it is for.
    pub line_items: Vec<LineItem>,
    /// What may be done with it now.
    pub actions: Actions,
}

/// A rate in percent, as a number: `25`, `5.5`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Percent(pub Rate);

impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        number(self.0.to_string().trim_end_matches(" %"), serializer)
    }
}

/// One line of an invoice.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LineItem {
    /// What was renewed, and until when.
    pub description: String,
    /// How often; always once.
    pub quantity: u32,
    /// Without tax.
    pub amount: Amount,
}

/// What may be done with an invoice now.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Actions {
    /// Whether it can be paid.
    pub can_pay: Gate,
    /// Whether it can be withdrawn by itself.
    pub can_cancel: Gate,
    /// Whether credit can be put towards it.
    pub can_apply_credit: Gate,
}

/// How an invoice's payment link stands.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LinkState {
    /// Whether there is one that still works.
    pub has_active_link: bool,
    /// Where it leads, absolute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_url: Option<String>,
    /// Until when it works.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Stamp>,
    /// How often it was opened.
    pub view_count: i64,
    /// When it was last opened.
    pub last_viewed_at: Option<Stamp>,
    /// Links that were replaced. None ever is here.
    pub previous_links: [(); 0],
}

/// A payment link, as it was made or found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    /// Where it leads, absolute.
    pub payment_url: String,
    /// Until when it works.
    pub expires_at: Option<Stamp>,
    /// The invoice, with the same URL.
    pub invoice: InvoiceReference,
}

/// How an invoice is to be paid (inferred).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PayRequest {
    /// The saved card; the primary one where none is named.
    pub saved_card_id: Option<String>,
}

/// How much credit is to be put towards an invoice (inferred from the legacy call, whose amount is text).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApplyCreditRequest {
    /// How much, in major units.
    pub amount: Decimal,
}

/// A document inside JSON.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EncodedDocument {
    /// The file, in base64.
    pub content_base64: String,
    /// `application/pdf`.
    pub content_type: &'static str,
    /// A name for the file.
    pub filename: String,
    /// How many bytes the file has.
    pub byte_length: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_number_of_percent() {
        for (ppm, text) in [(250_000, "25"), (55_000, "5.5"), (0, "0"), (1_000_000, "100")] {
            assert_eq!(serde_json::to_string(&Percent(Rate::from_ppm(ppm))).expect("writes"), text);
        }
    }
}
