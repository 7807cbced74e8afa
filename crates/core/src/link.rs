//! Payment links: an open order's address for whoever is to pay it.

use jiff::Timestamp;

use crate::ids::{AccountId, OrderId};

/// The link of an order. It is good for as long as the order waits for its payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentLink {
    /// The order; it has at most one link.
    pub order: OrderId,
    /// Whose order it is.
    pub account: AccountId,
    /// The secret in the link.
    pub token: String,
    /// When it was made.
    pub created: Timestamp,
    /// How often it was opened.
    pub views: i64,
    /// When it was last opened.
    pub viewed: Option<Timestamp>,
}
