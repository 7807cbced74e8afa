//! Problem documents (RFC 9457): how our own API says no.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

/// A refusal of our own API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What kind of problem; stable.
    #[serde(rename = "type")]
    kind: String,
    /// The kind in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What is wrong with this very request, and what would be right.
    detail: String,
    /// The field that is wrong, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'static str>,
}

impl Problem {
    /// A field is missing or has a value that it cannot have.
    pub fn field(field: &'static str, detail: impl Into<String>) -> Self {
        Self { field: Some(field), ..Self::new("field", "A field is not as it must be", 400, detail.into()) }
    }

    /// The body as a whole cannot be read.
    pub fn body(detail: impl Into<String>) -> Self {
        Self::new("body", "The body is not as it must be", 400, detail.into())
    }

    /// There is nothing at this address.
    pub fn not_found() -> Self {
        Self::new("not-found", "There is nothing here", 404, "the address is not known".to_owned())
    }

    /// The address is known, but not with this method.
    pub fn method() -> Self {
        Self::new("method", "The method does not fit", 405, "see the `Allow` header for those that do".to_owned())
    }

    /// Something inside failed; the log has the reason.
    pub fn inside(doing: &str) -> Self {
        Self::new("inside", "Something failed inside", 500, format!("could not {doing}; the log has the reason"))
    }

    fn new(kind: &str, title: &'static str, status: u16, detail: String) -> Self {
        Self { kind: format!("urn:perennial:problem:{kind}"), title, status, detail, field: None }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let json = HeaderValue::from_static("application/problem+json");
        (status, [(header::CONTENT_TYPE, json)], body).into_response()
    }
}
