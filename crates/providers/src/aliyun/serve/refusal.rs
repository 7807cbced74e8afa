//! Refusals of the house in this dialect's codes.

use perennial_core::gate::GateReason;
use perennial_core::ports::{self, Rejection};
use perennial_core::refusal::Refusal;

use super::caller::expired;
use super::gateway::nonce_used;
use super::renewal::in_work;
use crate::aliyun::wire::error::Failure;
use crate::common::rejection::Refused;

impl Refused for Failure {
    fn server_error() -> Self {
        Self::server_error()
    }

    fn unavailable() -> Self {
        Self::unavailable()
    }
}

impl From<ports::Failure> for Failure {
    fn from(failure: ports::Failure) -> Self {
        Self::failed(&failure)
    }
}

impl From<Rejection> for Failure {
    fn from(rejection: Rejection) -> Self {
        Self::rejected(rejection)
    }
}

/// The codes are those that the vendor's page on `RenewInstance` lists. It lists none for an account without money: the
/// one here is that of other calls that pay.
impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match &refusal {
            Refusal::UnknownService(_) => no_instance(),
            Refusal::NotRenewable { reason, .. } | Refusal::NotChangeable { reason, .. } => closed(reason),
            Refusal::RenewalOpen { order, .. } => closed(&GateReason::OpenOrder(*order)),
            Refusal::NoPrice { period, .. } => closed(&GateReason::NotSold(*period)),
            Refusal::TooFarAhead { furthest, .. } => closed(&GateReason::PaidAhead { furthest: *furthest }),
            Refusal::BalanceShort { .. }
            | Refusal::CreditShort { .. }
            | Refusal::ChargeDeclined { .. }
            | Refusal::MethodNotTaken(_) => {
                Self::forbidden("InvalidAccountStatus.NotEnoughBalance", "Your account does not have enough balance.")
            }
            Refusal::TokenMalformed => Self::bad(
                "InvalidClientToken.ValueNotSupported",
                "The specified ClientToken is not valid: it has 1 to 64 printable ASCII characters.",
            ),
            Refusal::TokenMismatch => Self::bad(
                "IdempotenceParamNotMatch",
                "The specified ClientToken was used for a request with other parameters.",
            ),
            // Another renewal came between, or is being paid.
            Refusal::FenceMoved { .. } | Refusal::ChargeOpen(_) => in_work(false),
            Refusal::NonceUsed => nonce_used(),
            Refusal::NonceLate => expired(),
            other => Self::bad("OperationDenied", format!("The operation is denied: {other}.")),
        }
    }
}

/// Why an instance can be neither renewed nor changed.
pub(super) fn closed(reason: &GateReason) -> Failure {
    let text = format!("The specified instance cannot be renewed: {reason}.");
    match reason {
        // What is gone looks as if it had never been.
        GateReason::Terminated => no_instance(),
        GateReason::Locked => Failure::forbidden("InstanceLockedForSecurity", text),
        GateReason::OneShot => Failure::forbidden("ChargeTypeViolation", text),
        GateReason::Unpaid | GateReason::OpenOrder(_) => Failure::forbidden("Instance.UnPaidOrder", text),
        GateReason::Suspended | GateReason::Cancelled => Failure::forbidden("IncorrectInstanceStatus", text),
        GateReason::NotSold(_) => {
            Failure::bad("InvalidPeriod", "The specified Period is not valid: the instance is not sold for it.")
        }
        GateReason::PaidAhead { .. } => Failure::bad("InvalidPeriod.ExceededMaximumExpirationDate", text),
    }
}

/// There is no such instance.
pub(super) fn no_instance() -> Failure {
    Failure::not_found("InvalidInstanceId.NotFound", "The specified InstanceId does not exist.")
}
