//! What the house refuses, in this dialect's codes. Where the documentation has no code for it, the natural one stands
//! here and is inferred; all of it is in this file.

use perennial_core::gate::GateReason;
use perennial_core::ports::Rejection;
use perennial_core::refusal::Refusal;

use super::order::IN_PROGRESS;
use crate::common::body::BodyError;
use crate::common::query::QueryError;
use crate::common::rejection::Refused;
use crate::hostup::wire::problem::Failure;

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

/// Why a later command of a request has no reply, where an earlier one was carried out: what is not known to be undone is
/// never said to have changed nothing.
pub(super) fn after_commit(rejection: Rejection) -> Failure {
    match rejection {
        Rejection::NotDone(failure) => failure.into(),
        Rejection::AccessChanged | Rejection::Closing => Failure::server_error(),
        Rejection::Refused(_) | Rejection::Unknown(_) => rejection.into(),
    }
}

impl From<BodyError> for Failure {
    fn from(error: BodyError) -> Self {
        let code = if matches!(error, BodyError::Missing { .. }) { "missing_required" } else { "invalid_request" };
        match error.field() {
            // `domainIds[0].x` is `/domainIds/0/x` here.
            Some(field) => {
                let pointer = format!("/{}", field.replace(['[', '.'], "/").replace(']', ""));
                Self::invalid_field(pointer, error.to_string(), code)
            }
            None => Self::invalid(error.to_string()),
        }
    }
}

impl From<QueryError> for Failure {
    fn from(error: QueryError) -> Self {
        Self::invalid_field(format!("/{}", error.name), error.to_string(), "invalid_request")
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let text = refusal.to_string();
        match refusal {
            // What is gone looks as if it had never been.
            Refusal::UnknownService(_)
            | Refusal::UnknownOrder(_)
            | Refusal::UnknownMethod(_)
            | Refusal::NotRenewable { reason: GateReason::Terminated, .. }
            | Refusal::NotChangeable { reason: GateReason::Terminated, .. } => Self::not_found(text),
            Refusal::RenewalOpen { .. } => {
                Self::conflict("existing_invoice_blocking", "Existing invoice blocks renewal", text)
            }
            Refusal::OrderPaid(_) | Refusal::OrderCancelled(_) | Refusal::OrderLapsed(_) => {
                Self::conflict("not_cancelable", "Order cannot be changed", text)
            }
            Refusal::ChargeOpen(_) => Self::conflict(IN_PROGRESS, "Invoice payment in progress", text),
            Refusal::DueMoved { .. } => {
                let detail = "The invoice asks for another amount by now. Nothing was paid: read the invoice again.";
                Self::conflict("invoice_changed", "Invoice changed", detail)
            }
            Refusal::NotReseller => Self::forbidden(text),
            Refusal::TokenMalformed | Refusal::TokenMismatch => {
                Self::invalid_field("/Idempotency-Key", text, "invalid_request")
            }
            Refusal::BalanceShort { .. }
            | Refusal::CreditShort { .. }
            | Refusal::ChargeDeclined { .. }
            | Refusal::MethodNotValid(_)
            | Refusal::MethodNotTaken(_)
            | Refusal::MethodKind { .. } => {
                Self::new(http::StatusCode::PAYMENT_REQUIRED, "payment_failed", "Payment failed", text)
            }
            Refusal::NothingToRenew | Refusal::TooManyServices { .. } | Refusal::ServiceTwice { .. } => {
                Self::invalid_field("/domainIds", text, "invalid_request")
            }
            Refusal::AmountNotPositive | Refusal::NotAPart { .. } | Refusal::Money(_) => {
                Self::invalid_field("/amount", text, "invalid_request")
            }
            _ => Self::conflict("conflict", "Not possible now", text),
        }
    }
}

#[cfg(test)]
mod tests {
    use perennial_core::charge::Decline;
    use perennial_core::ids::OrderId;
    use perennial_core::money::{Currency, Money};

    use super::*;

    #[test]
    fn what_failed_after_something_was_done_does_not_say_that_nothing_was() {
        let lost = || perennial_core::ports::Failure::new("load a batch", "gone");
        for rejection in [Rejection::NotDone(lost()), Rejection::Closing, Rejection::Unknown(lost())] {
            assert_eq!(after_commit(rejection), Failure::server_error());
        }
        for rejection in [Rejection::NotDone(lost()), Rejection::Closing] {
            assert_eq!(Failure::from(rejection), Failure::unavailable(), "as a first command");
        }
        let refused = after_commit(Rejection::Refused(Refusal::OrderPaid(OrderId(1))));
        assert_eq!(refused.code, "not_cancelable");
    }

    #[test]
    fn a_payment_is_declined_or_in_progress() {
        let declined = Refusal::ChargeDeclined { order: OrderId(1), decline: Decline::Gone };
        for (refusal, status, code) in [
            (declined, http::StatusCode::PAYMENT_REQUIRED, "payment_failed"),
            (Refusal::ChargeOpen(OrderId(1)), http::StatusCode::CONFLICT, "invoice_payment_in_progress"),
        ] {
            let failure = Failure::from(refusal);
            assert_eq!((failure.status, failure.code), (status, code));
        }
    }

    #[test]
    fn an_invoice_that_asks_for_another_amount_is_to_be_read_again() {
        let sek = |minor| Money::new(minor, Currency::SEK);
        let moved = Refusal::DueMoved { order: OrderId(1), stated: sek(100), found: sek(200) };
        let failure = Failure::from(moved);
        assert_eq!((failure.status, failure.code), (http::StatusCode::CONFLICT, "invoice_changed"));
        assert!(failure.detail.contains("read the invoice again"), "{}", failure.detail);
    }
}
