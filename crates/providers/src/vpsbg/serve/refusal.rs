//! What the house refuses, in this dialect's words. Which status goes with what is inferred from the documented table
//! of statuses; all of it is in this file.

use perennial_core::gate::GateReason;
use perennial_core::ports::Rejection;
use perennial_core::refusal::Refusal;

use crate::common::body::BodyError;
use crate::common::query::QueryError;
use crate::common::rejection::Refused;
use crate::vpsbg::wire::error::Failure;

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

impl From<BodyError> for Failure {
    fn from(error: BodyError) -> Self {
        let text = error.to_string();
        match error.field() {
            // `server_ids[0].x` is `server_ids.0.x` here.
            Some(field) => {
                let dotted = field.replace('[', ".").replace(']', "");
                Self::invalid(&dotted, text.replacen(field, &dotted, 1))
            }
            None => Self::refused(text),
        }
    }
}

impl From<QueryError> for Failure {
    fn from(error: QueryError) -> Self {
        Self::invalid(error.name, error.to_string())
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let text = refusal.to_string();
        match refusal {
            // What is gone looks as if it had never been.
            Refusal::UnknownService(_)
            | Refusal::UnknownOrder(_)
            | Refusal::NotRenewable { reason: GateReason::Terminated, .. }
            | Refusal::NotChangeable { reason: GateReason::Terminated, .. } => Self::not_found(),
            Refusal::NotRenewable { reason: GateReason::Locked, .. }
            | Refusal::NotChangeable { reason: GateReason::Locked, .. } => Self::locked(text),
            Refusal::NothingToRenew | Refusal::TooManyServices { .. } | Refusal::ServiceTwice { .. } => {
                Self::invalid("server_ids", text)
            }
            Refusal::NoPrice { .. } => Self::invalid("billing_cycle", text),
            Refusal::UnknownPromo { .. } | Refusal::PromoPeriod { .. } => Self::invalid("promo_code", text),
            Refusal::AmountNotPositive => Self::invalid("amount", text),
            Refusal::TokenMalformed | Refusal::TokenMismatch => Self::invalid("Idempotency-Key", text),
            Refusal::UnknownMethod(_) | Refusal::MethodNotTaken(_) => Self::invalid("payment_method", text),
            Refusal::NotReseller => Self::forbidden(text),
            _ => Self::refused(text),
        }
    }
}
