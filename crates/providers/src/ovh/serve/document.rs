//! What every order shows of itself, whichever route answers with it: ten fields, two of them links to its documents;
//! and the links to its bill.

use std::fmt::Display;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use perennial_core::account::Account;
use perennial_core::order::Order;
use perennial_core::quote::Quote;

use super::context::{Context, price};
use super::{Ovh, page_link};
use crate::ovh::wire::error::Failure;
use crate::ovh::wire::order::Order as WireOrder;
use crate::ovh::wire::scalar::Secret;

/// What stands in a link as it is; the rest is percent-encoded (RFC 3986, unreserved characters).
pub(super) const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The links to a document's page and to its PDF. Whoever has one sees the document.
pub(super) struct Links {
    /// The page.
    pub url: Secret,
    /// The PDF.
    pub pdf_url: Secret,
}

/// Links to the documents of an account's order, among the seller's pages.
fn order_links(ovh: &Ovh, account: &Account, order: &Order) -> Links {
    links(ovh, "order", account, &order.id, &order.password)
}

/// Links to the bill of an account's order. Its order's password opens it.
pub(super) fn bill_links(ovh: &Ovh, account: &Account, order: &Order, number: &str) -> Links {
    links(ovh, "bill", account, &utf8_percent_encode(number, RESERVED), &order.password)
}

fn links(ovh: &Ovh, kind: &str, account: &Account, number: &dyn Display, password: &str) -> Links {
    let code = utf8_percent_encode(&account.code, RESERVED);
    let password = utf8_percent_encode(password, RESERVED);
    let link = |suffix| page_link(ovh, &format!("/{kind}/{code}/{number}{suffix}?password={password}"));
    Links { url: link(""), pdf_url: link(".pdf") }
}

/// An order of the caller's. A renewal cannot be taken back, so it names no day until which it could (official guide).
pub(super) fn placed(context: &Context<'_>, order: &Order) -> Result<WireOrder, Failure> {
    let Links { url, pdf_url } = order_links(context.ovh, context.account()?, order);
    Ok(WireOrder {
        date: Some(context.date_time(order.placed)),
        expiration_date: Some(context.date_time(order.lapses)),
        order_id: order.id.0,
        password: order.password.clone().into(),
        pdf_url,
        price_with_tax: price(order.gross),
        price_without_tax: price(order.net),
        retraction_date: None,
        tax: price(order.tax),
        url,
    })
}

/// An order that was only priced: it has no number, no dates and no documents. What the real API writes in their place
/// is unverified.
pub(super) fn priced(quote: &Quote) -> WireOrder {
    let nothing = || Secret::from(String::new());
    WireOrder {
        date: None,
        expiration_date: None,
        order_id: 0,
        password: nothing(),
        pdf_url: nothing(),
        price_with_tax: price(quote.gross),
        price_without_tax: price(quote.net),
        retraction_date: None,
        tax: price(quote.tax),
        url: nothing(),
    }
}
