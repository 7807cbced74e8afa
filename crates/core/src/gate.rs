//! The gate: whether a service may be renewed now, and why not. Every dialect, page and command shows this one answer.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::account::Account;
use crate::calendar::Period;
use crate::expiry::{Expiry, next_term};
use crate::ids::OrderId;
use crate::product::{Product, Renewability};
use crate::refusal::Refusal;
use crate::service::{Hold, Lifecycle, RenewalMode, Service};
use crate::snapshot::Snapshot;

/// Why a service cannot be renewed now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GateReason {
    /// It is gone.
    #[error("the service is terminated")]
    Terminated,
    /// The seller locked it.
    #[error("the service is locked")]
    Locked,
    /// Its reseller suspended it; it has to be reopened first.
    #[error("the service is suspended")]
    Suspended,
    /// Its owner cancelled it; the cancellation has to be withdrawn first.
    #[error("the service is cancelled and ends at its expiry")]
    Cancelled,
    /// Its product is sold once and never renewed.
    #[error("the product cannot be renewed")]
    OneShot,
    /// It was ordered, and its first term is not paid.
    #[error("the service was ordered and is not paid")]
    Unpaid,
    /// It is not sold for the period.
    #[error("the service cannot be renewed for {0}")]
    NotSold(Period),
    /// One more period would end further ahead than the product allows.
    #[error("the service cannot be paid beyond {furthest}")]
    PaidAhead {
        /// The last expiry allowed today.
        furthest: Date,
    },
    /// An open order renews it already.
    #[error("order {0} renews the service and waits for its payment")]
    OpenOrder(OrderId),
}

/// Whether a service may be renewed now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RenewGate {
    /// It may.
    Open,
    /// It may not, for this reason.
    Closed(GateReason),
}

impl RenewGate {
    /// Whether it may be renewed now for one period: exactly where this is open, a new order for that period alone is
    /// placed at its expiry. (After other open orders, its end may be too far ahead all the same.)
    ///
    /// # Errors
    /// [`Refusal::Calendar`] at the very end of the calendar.
    pub fn for_period(
        now: Timestamp,
        seen: &Snapshot,
        account: &Account,
        product: &Product,
        service: &Service,
        period: Period,
    ) -> Result<Self, Refusal> {
        let gate = Self::of(now, seen, account, product, service);
        if gate != Self::Open {
            return Ok(gate);
        }
        let today = account.zone.date_of(now);
        if service.renewal_price(product, period, account.currency, today).is_none() {
            return Ok(Self::Closed(GateReason::NotSold(period)));
        }
        match next_term(now, account, product, service, Expiry::of(service), period) {
            Ok(_) => Ok(Self::Open),
            Err(Refusal::TooFarAhead { furthest, .. }) => Ok(Self::Closed(GateReason::PaidAhead { furthest })),
            Err(refusal) => Err(refusal),
        }
    }

    /// Looks at a service as it was loaded, together with its open order.
    pub fn of(now: Timestamp, seen: &Snapshot, account: &Account, product: &Product, service: &Service) -> Self {
        let today = account.zone.date_of(now);
        let closed = gone_or_held(service, product, today).or_else(|| match product.renewability {
            _ if service.mode == RenewalMode::DeleteAtExpiry => Some(GateReason::Cancelled),
            Renewability::OneShot => Some(GateReason::OneShot),
            Renewability::Stacking => None,
            Renewability::OneOpen => seen.open_order(now, service).map(|order| GateReason::OpenOrder(order.id)),
        });
        closed.map_or(Self::Open, Self::Closed)
    }
}

/// What keeps a service from being renewed and from being changed alike: it is gone, or held.
pub(crate) fn gone_or_held(service: &Service, product: &Product, today: Date) -> Option<GateReason> {
    if service.lifecycle(product, today) == Lifecycle::Terminated {
        return Some(GateReason::Terminated);
    }
    match service.hold {
        Hold::Locked => Some(GateReason::Locked),
        Hold::Suspended => Some(GateReason::Suspended),
        Hold::Unpaid => Some(GateReason::Unpaid),
        Hold::Terminated => Some(GateReason::Terminated),
        Hold::None => None,
    }
}
