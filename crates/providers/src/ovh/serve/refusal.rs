//! What the house refuses, in this dialect's words. Statuses and classes where nothing is known of the real API are
//! the natural ones; they are all in this file.

use perennial_core::gate::GateReason;
use perennial_core::ports::Rejection;
use perennial_core::refusal::Refusal;

use crate::common::rejection::Refused;
use crate::ovh::wire::error::Failure;

impl Refused for Failure {
    fn server_error() -> Self {
        Self::server_error()
    }

    fn unavailable() -> Self {
        Self::unavailable()
    }
}

impl From<perennial_core::ports::Failure> for Failure {
    fn from(failure: perennial_core::ports::Failure) -> Self {
        Self::failed(&failure)
    }
}

impl From<Rejection> for Failure {
    fn from(rejection: Rejection) -> Self {
        Self::rejected(rejection)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match &refusal {
            // What is gone looks as if it had never been.
            Refusal::UnknownService(_)
            | Refusal::NotRenewable { reason: GateReason::Terminated, .. }
            | Refusal::NotChangeable { reason: GateReason::Terminated, .. } => Self::service_not_found(),
            Refusal::UnknownOrder(id) => Self::object_not_found("orderId", &id.to_string()),
            Refusal::UnknownMethod(id) => Self::object_not_found("paymentMethodId", &id.to_string()),
            Refusal::UnknownApplication(id) => Self::object_not_found("applicationId", &id.to_string()),
            Refusal::UnknownCredential(id) => Self::object_not_found("credentialId", &id.to_string()),
            Refusal::NothingToRenew | Refusal::TooManyServices { .. } | Refusal::ServiceTwice { .. } => {
                Self::bad_field("services", sentence(&refusal))
            }
            Refusal::NoStrategy { .. } => Self::bad_field("services", sentence(&refusal)),
            Refusal::NoPrice { .. } => Self::bad_field("duration", sentence(&refusal)),
            Refusal::TerminationToken(_) => Self::bad_field("token", sentence(&refusal)),
            Refusal::TokenMalformed | Refusal::TokenMismatch => Self::bad_field("Idempotency-Key", sentence(&refusal)),
            Refusal::MethodNotTaken(_)
            | Refusal::BalanceShort { .. }
            | Refusal::CreditShort { .. }
            | Refusal::ChargeDeclined { .. }
            | Refusal::MethodNotValid(_) => Self::action_impossible(sentence(&refusal)),
            Refusal::NotReseller => Self::forbidden(sentence(&refusal)),
            Refusal::NotRenewable { .. }
            | Refusal::RenewalOpen { .. }
            | Refusal::ChargeOpen(_)
            | Refusal::RefundOpen(_)
            | Refusal::NotCharged(_)
            | Refusal::TooFarAhead { .. }
            | Refusal::OrderPaid(_)
            | Refusal::OrderCancelled(_)
            | Refusal::OrderLapsed(_)
            | Refusal::OrderNotPaid(_)
            | Refusal::OrderCredited(_)
            | Refusal::OrderFixed(_)
            | Refusal::DueMoved { .. }
            | Refusal::NotCancelled(_)
            | Refusal::FenceMoved { .. }
            | Refusal::NotSuspended(_)
            | Refusal::NotChangeable { .. }
            | Refusal::TooLate(_)
            | Refusal::CredentialNotPending(_) => Self::conflict(sentence(&refusal)),
            Refusal::UnknownAccount(_)
            | Refusal::UnknownPromo { .. }
            | Refusal::PromoPeriod { .. }
            | Refusal::MethodKind { .. }
            | Refusal::AmountNotPositive
            // No route of this dialect leads to what only others do; an order of theirs is told of all the same.
            | Refusal::UnknownProduct(_)
            | Refusal::NotAPart { .. }
            | Refusal::OrderIsDeposit(_)
            | Refusal::UnknownCharge(_)
            | Refusal::NonceUsed
            | Refusal::NonceLate
            | Refusal::Money(_)
            | Refusal::Calendar(_) => Self::bad_request(sentence(&refusal)),
        }
    }
}

/// The refusal's own words, as a sentence of this API: with a capital.
fn sentence(refusal: &Refusal) -> String {
    let text = refusal.to_string();
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
