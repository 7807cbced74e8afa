//! What a refusal looks like. The documentation prints no error body; these are the shapes of the framework that the
//! API seems to stand on (inferred), all of them in this file.

use std::collections::BTreeMap;

use http::StatusCode;
use serde::Serialize;

/// The body of a refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ErrorBody {
    /// The refusal in words.
    pub message: String,
    /// What is wrong with each field, on 422.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub errors: BTreeMap<String, Vec<String>>,
}

/// A refusal, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The status.
    pub status: StatusCode,
    /// The body.
    pub body: ErrorBody,
    /// How many seconds to wait, where waiting helps: the header `Retry-After`.
    pub retry_after_s: Option<u64>,
}

impl Failure {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        let body = ErrorBody { message: message.into(), errors: BTreeMap::new() };
        Self { status, body, retry_after_s: None }
    }

    /// The rules of the business say no: not renewable, already paid, balance short.
    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// No valid token.
    pub fn unauthenticated() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Unauthenticated.")
    }

    /// The token may not make this call.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, message)
    }

    /// No such thing, or another customer's.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not Found.")
    }

    /// The path does not take the method.
    pub fn method_not_allowed() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed.")
    }

    /// A field is wrong; fields inside others are dotted: `server_ids.0`.
    pub fn invalid(field: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        let mut failure = Self::new(StatusCode::UNPROCESSABLE_ENTITY, message.clone());
        failure.body.errors.insert(field.to_owned(), vec![message]);
        failure
    }

    /// The body is larger than what is read.
    pub fn too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "Payload Too Large.")
    }

    /// The thing is locked right now.
    pub fn locked(message: impl Into<String>) -> Self {
        Self::new(StatusCode::LOCKED, message)
    }

    /// Too many requests.
    pub fn too_many(wait_s: u64) -> Self {
        Self { retry_after_s: Some(wait_s), ..Self::new(StatusCode::TOO_MANY_REQUESTS, "Too Many Attempts.") }
    }

    /// We failed; the caller learns nothing of how.
    pub fn server_error() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Server Error")
    }

    /// The house is closing or busy; nothing was done.
    pub fn unavailable() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable")
    }
}
