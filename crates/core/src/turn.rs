//! Turns: which batches may be written at the same time, where several may.

use crate::command::{Action, CouponUse};
use crate::snapshot::Change;

/// What a batch may write, and nobody else at the same time.
///
/// Placing renewals and paying orders, which is most of what comes, have a turn each, so that one goes on beside the other.
/// They meet in nothing but services, whose versions tell it: whoever comes second decides again. Everything else waits for
/// both turns, and so for everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Turn {
    /// Placing renewals: orders take their numbers.
    Orders,
    /// Paying: invoices and charges take theirs, and money is booked.
    Payments,
    /// Both, and whatever else there is.
    All,
}

impl Turn {
    /// The turn that is enough for both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        if self == other { self } else { Self::All }
    }

    /// Whether a batch that has this turn may do what needs the other.
    pub fn covers(self, other: Self) -> bool {
        self == Self::All || self == other
    }

    /// Whether a batch that has this turn may write a row.
    pub fn allows(self, change: &Change) -> bool {
        match change {
            // Whoever changes a service changes the very version of it that was read, and a token is of one operation.
            Change::SetService(_) | Change::Remember(_) => true,
            Change::PlaceOrder(_) => self.covers(Self::Orders),
            Change::SetOrderState { .. }
            | Change::Extend { .. }
            | Change::IssueInvoice(_)
            | Change::Book(_)
            | Change::Pay(_)
            | Change::OpenCharge(_)
            | Change::Notify(_) => self.covers(Self::Payments),
            _ => self == Self::All,
        }
    }
}

impl Action {
    /// The turn that it needs.
    pub fn turn(&self) -> Turn {
        match self {
            // A coupon may be taken from an order that lapses while it is being paid.
            Self::Renew { request, .. } if matches!(request.coupons, CouponUse::Keep) => Turn::Orders,
            Self::Pay { .. } => Turn::Payments,
            _ => Turn::All,
        }
    }
}
