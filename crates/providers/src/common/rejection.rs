//! What the house did not do, and which of a dialect's answers tells so. Refusals alone have words of their own in each
//! dialect.

use perennial_core::ports::{Failure, Rejection};
use perennial_core::refusal::Refusal;

/// A dialect's refusals, as far as all dialects have the same.
pub(crate) trait Refused: From<Refusal> {
    /// We failed, and it is not known what was done; the caller learns nothing of how.
    fn server_error() -> Self;

    /// Nothing was done; the caller may try again.
    fn unavailable() -> Self;

    /// Why a command has no reply.
    fn rejected(rejection: Rejection) -> Self {
        match rejection {
            Rejection::Refused(refusal) => refusal.into(),
            Rejection::Unknown(failure) => Self::failed(&failure),
            Rejection::NotDone(failure) => {
                tracing::error!(error = &failure as &dyn std::error::Error, "a request was not carried out");
                Self::unavailable()
            }
            Rejection::AccessChanged | Rejection::Closing => Self::unavailable(),
        }
    }

    /// A part of the house did not answer.
    fn failed(failure: &Failure) -> Self {
        tracing::error!(error = failure as &dyn std::error::Error, "a request failed");
        Self::server_error()
    }
}
