//! Refusals: a status, a code, a message. The codes that every call may meet are here; those of one call are made where
//! the call is answered.

use std::borrow::Cow;

use http::StatusCode;
use serde::Serialize;

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The status. The same code has another one in another call (403 and 400 for `InvalidPeriodUnit.ValueNotSupported`).
    pub status: StatusCode,
    /// What programs go by.
    pub code: Cow<'static, str>,
    /// What people read.
    pub message: Cow<'static, str>,
    /// In how many milliseconds the caller may come again, if it came too often. The newest SDKs read it from a header.
    pub retry_after_ms: Option<u64>,
}

/// The body of a refusal.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ErrorBody<'a> {
    /// The id of the request.
    pub request_id: &'a str,
    /// Where it was answered.
    pub host_id: &'a str,
    /// What programs go by.
    pub code: &'a str,
    /// What people read.
    pub message: &'a str,
    /// Where there is more to read.
    pub recommend: &'a str,
}

impl Failure {
    /// A refusal with a status.
    pub fn new(status: StatusCode, code: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code: code.into(), message: message.into(), retry_after_ms: None }
    }

    /// A refusal with 400.
    pub fn bad(code: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// A refusal with 403.
    pub fn forbidden(code: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, message)
    }

    /// A refusal with 404.
    pub fn not_found(code: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message)
    }

    /// There is no such operation, or not at that path.
    pub fn no_action() -> Self {
        let message = "Specified api is not found, please check your url and method.";
        Self::not_found("InvalidAction.NotFound", message)
    }

    /// There is no such version of any API that is served.
    pub fn no_version() -> Self {
        Self::bad("InvalidVersion", "Specified parameter Version is not valid.")
    }

    /// Neither GET nor POST. That the status is 403 is from one page, with another one against it.
    pub fn method_not_supported() -> Self {
        Self::forbidden("UnsupportedHTTPMethod", "This http method is not supported.")
    }

    /// A parameter that is required is absent.
    pub fn missing(name: &str) -> Self {
        Self::bad(format!("Missing{name}"), format!("{name} is mandatory for this action."))
    }

    /// A parameter has a value that it cannot have. Calls that have a code of their own for it use that.
    pub fn invalid_parameter(name: &str) -> Self {
        Self::bad("InvalidParameter", format!("The specified parameter \"{name}\" is not valid."))
    }

    /// The format is neither JSON nor XML.
    pub fn invalid_format() -> Self {
        Self::bad("InvalidParameter.Format", "Specified parameter format is not valid.")
    }

    /// The access key may not make this call.
    pub fn not_authorized() -> Self {
        let message = "User not authorized to operate on the specified resource, or this API doesn't support RAM.";
        Self::forbidden("Forbidden.RAM", message)
    }

    /// Too many requests.
    pub fn too_many(wait_s: u64) -> Self {
        let failure = Self::bad("Throttling.User", "Request was denied due to user flow control.");
        Self { retry_after_ms: Some(wait_s.saturating_mul(1000)), ..failure }
    }

    /// The body is larger than what is read. (What the vendor answers is not known.)
    pub fn too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "InvalidParameter", "The body of the request is too large.")
    }

    /// We failed, and it is not known what was done.
    pub fn server_error() -> Self {
        let message = "The request processing has failed due to some unknown error.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", message)
    }

    /// Nothing was done; the caller may try again.
    pub fn unavailable() -> Self {
        let message = "The request has failed due to a temporary failure of the server.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", message)
    }
}
