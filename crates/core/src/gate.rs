//! The gate: whether a service may be renewed now, and why not. Every dialect, page and command shows this one answer.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::account::Account;
use crate::ids::OrderId;
use crate::product::{Product, Renewability};
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
    match service.hold {
        Hold::Locked => Some(GateReason::Locked),
        Hold::Suspended => Some(GateReason::Suspended),
        Hold::Terminated => Some(GateReason::Terminated),
        Hold::None => (service.lifecycle(product, today) == Lifecycle::Terminated).then_some(GateReason::Terminated),
    }
}
