//! What a refusal looks like: the body, and every refusal we send with its status, class and words.
//!
//! Two shapes are in the wild, an older one with `errorCode` and `httpCode` and a newer one with `class` and `details`;
//! we write their union. Bodies are always JSON objects with texts inside: python reads fields of them, and go takes
//! nothing but texts in `details`.

use std::collections::BTreeMap;

use http::StatusCode;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::order::ReusablePaymentMean;
use crate::common::{body::BodyError, query::QueryError};

/// The body of a refusal. Read back, any field may be absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorBody {
    /// Kind of the refusal: `Client::NotFound`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// Code of the older shape: `NOT_GRANTED_CALL`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// Status line of the older shape: `403 Forbidden`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_code: Option<String>,
    /// The refusal in words.
    #[serde(default)]
    pub message: String,
    /// Particulars by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "texts")]
    pub details: BTreeMap<String, String>,
}

/// Reads particulars that are not all texts, without losing the rest of the body over it.
fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    let details = Option::<BTreeMap<String, Value>>::deserialize(deserializer)?.unwrap_or_default();
    let text = |value| if let Value::String(text) = value { text } else { value.to_string() };
    Ok(details.into_iter().map(|(name, value)| (name, text(value))).collect())
}

/// A refusal, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The status.
    pub status: StatusCode,
    /// The body.
    pub body: Box<ErrorBody>,
    /// How many seconds to wait, where waiting helps: the header `Retry-After`.
    pub retry_after_s: Option<u64>,
}

impl Failure {
    fn new(status: u16, class: &str, message: impl Into<String>) -> Self {
        let status = StatusCode::from_u16(status).expect("every status of this file is three digits");
        // Only 460 is nobody else's; its reason is named after the python client's exception.
        let reason = status.canonical_reason().unwrap_or("Resource Expired");
        let body = Box::new(ErrorBody {
            class: Some(class.to_owned()),
            error_code: None,
            http_code: Some(format!("{} {reason}", status.as_str())),
            message: message.into(),
            details: BTreeMap::new(),
        });
        Self { status, body, retry_after_s: None }
    }

    /// Adds a particular.
    #[must_use]
    pub fn with_detail(mut self, name: &str, text: impl Into<String>) -> Self {
        self.body.details.insert(name.to_owned(), text.into());
        self
    }

    /// No such service, or not the caller's.
    pub fn service_not_found() -> Self {
        Self::new(404, "Client::NotFound", "This service does not exist")
    }

    /// No such object, or not the caller's; `parameter` is the part of the path that names it. Wording unverified.
    pub fn object_not_found(parameter: &str, id: &str) -> Self {
        Self::new(404, "Client::NotFound", format!("The requested object ({parameter} = {id}) does not exist"))
    }

    /// No such route. Wording unverified.
    pub fn route_not_found() -> Self {
        Self::new(404, "Client::NotFound", "This route does not exist")
    }

    /// The route has no such method. Status and wording unverified.
    pub fn method_not_allowed() -> Self {
        Self::new(405, "Client::MethodNotAllowed", "This route does not take this method")
    }

    /// A field or parameter of the request is missing or wrong. Wording unverified.
    pub fn bad_field(field: &str, message: impl Into<String>) -> Self {
        Self::bad_request(message).with_detail("field", field)
    }

    /// The request as a whole is wrong. Wording unverified.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "Client::BadRequest", message)
    }

    /// Something else is going on with the object.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(409, "Client::Conflict", message)
    }

    /// The service has expired. Seen in 2013, and still known to the python client; the class is ours.
    pub fn expired() -> Self {
        Self::new(460, "Client::Expired", "This Service is expired")
    }

    /// Too many calls. Wording unverified.
    pub fn too_many_requests(retry_after_s: u64) -> Self {
        let failure = Self::new(429, "Client::TooManyRequests", "Too many requests");
        Self { retry_after_s: Some(retry_after_s), ..failure }
    }

    /// The order cannot be paid with that kind of mean. The class is that of an old body.
    pub fn cannot_be_paid_with(mean: ReusablePaymentMean) -> Self {
        Self::new(403, "ActionImpossible", format!("This order can't be paid with '{}'", mean.as_str()))
    }

    /// Something that the account may not do; the wording of the real API is unverified.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(403, "Client::Forbidden", message)
    }

    /// A payment that cannot be made (the class was seen in an old body).
    pub fn action_impossible(message: impl Into<String>) -> Self {
        Self::new(403, "ActionImpossible", message)
    }

    /// The service is closing; nothing was done.
    pub fn unavailable() -> Self {
        Self::new(503, "Server::ServiceUnavailable", "Service is temporarily unavailable")
    }

    /// We failed; the caller learns nothing of how.
    pub fn server_error() -> Self {
        Self::new(500, "Server::InternalServerError", "Internal server error")
    }
}

impl From<BodyError> for Failure {
    fn from(error: BodyError) -> Self {
        match error.field() {
            Some(field) => Self::bad_field(field, error.to_string()),
            None => Self::bad_request(error.to_string()),
        }
    }
}

impl From<QueryError> for Failure {
    fn from(error: QueryError) -> Self {
        Self::bad_field(error.name, error.to_string())
    }
}

/// Why a call was not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthError {
    /// The application key is unknown.
    UnknownApplication,
    /// The signature does not fit the request.
    WrongSignature,
    /// The consumer key is unknown.
    UnknownCredential,
    /// The consumer key is expired, refused or not yet validated.
    InvalidCredential,
    /// No access rule of the credential covers method and path.
    NotGranted,
    /// The timestamp is too far from the server's time.
    OutOfTime,
    /// There is no authentication at all, or a token that is not known.
    NotLoggedIn,
    /// Any other refusal.
    Forbidden,
    /// The caller's address is not among those allowed.
    AddressNotAllowed,
}

/// How one [`AuthError`] is told: status, `errorCode`, `class` and message.
type Told = (u16, Option<&'static str>, &'static str, &'static str);

impl AuthError {
    /// Every reason.
    pub const ALL: [Self; 9] = [
        Self::UnknownApplication,
        Self::WrongSignature,
        Self::UnknownCredential,
        Self::InvalidCredential,
        Self::NotGranted,
        Self::OutOfTime,
        Self::NotLoggedIn,
        Self::Forbidden,
        Self::AddressNotAllowed,
    ];

    /// The one table of them. The words of the last two, and those of `QUERY_TIME_OUT`, are unverified.
    const fn told(self) -> Told {
        const FORBIDDEN: &str = "Client::Forbidden";
        const BAD_REQUEST: &str = "Client::BadRequest";
        match self {
            Self::UnknownApplication => (403, Some("INVALID_KEY"), FORBIDDEN, "This application key is invalid"),
            Self::WrongSignature => (400, Some("INVALID_SIGNATURE"), BAD_REQUEST, "Invalid signature"),
            Self::UnknownCredential => (403, Some("NOT_CREDENTIAL"), FORBIDDEN, "This credential does not exist"),
            Self::InvalidCredential => (403, Some("INVALID_CREDENTIAL"), FORBIDDEN, "This credential is not valid"),
            Self::NotGranted => (403, Some("NOT_GRANTED_CALL"), FORBIDDEN, "This call has not been granted"),
            Self::OutOfTime => (400, Some("QUERY_TIME_OUT"), BAD_REQUEST, "Query out of time"),
            Self::NotLoggedIn => (401, None, "Client::Unauthorized", "You must login first"),
            Self::Forbidden => (403, Some("FORBIDDEN"), FORBIDDEN, "This call is forbidden"),
            Self::AddressNotAllowed => (403, Some("FORBIDDEN"), FORBIDDEN, "This IP address is not allowed"),
        }
    }
}

impl From<AuthError> for Failure {
    fn from(error: AuthError) -> Self {
        let (status, error_code, class, message) = error.told();
        let mut failure = Self::new(status, class, message);
        failure.body.error_code = error_code.map(str::to_owned);
        failure
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_the_union_of_both_shapes() {
        for (error, status, json) in [
            (
                AuthError::NotGranted,
                403,
                concat!(
                    r#"{"class":"Client::Forbidden","errorCode":"NOT_GRANTED_CALL","httpCode":"403 Forbidden","#,
                    r#""message":"This call has not been granted"}"#,
                ),
            ),
            (
                AuthError::WrongSignature,
                400,
                concat!(
                    r#"{"class":"Client::BadRequest","errorCode":"INVALID_SIGNATURE","httpCode":"400 Bad Request","#,
                    r#""message":"Invalid signature"}"#,
                ),
            ),
            (
                AuthError::NotLoggedIn,
                401,
                r#"{"class":"Client::Unauthorized","httpCode":"401 Unauthorized","message":"You must login first"}"#,
            ),
        ] {
            let failure = Failure::from(error);
            assert_eq!(failure.status.as_u16(), status);
            assert_eq!(serde_json::to_string(&failure.body).unwrap(), json);
        }
    }

    #[test]
    fn every_refusal_reads_back_as_it_was_written() {
        let routes = [
            (Failure::service_not_found(), 404, "This service does not exist"),
            (Failure::object_not_found("orderId", "7"), 404, "The requested object (orderId = 7) does not exist"),
            (Failure::route_not_found(), 404, "This route does not exist"),
            (Failure::method_not_allowed(), 405, "This route does not take this method"),
            (BodyError::Missing { field: "token".to_owned() }.into(), 400, "`token` is missing"),
            (BodyError::NotJson.into(), 400, "the body is not JSON"),
            (Failure::conflict("Wait"), 409, "Wait"),
            (Failure::expired(), 460, "This Service is expired"),
            (Failure::too_many_requests(1), 429, "Too many requests"),
            (
                Failure::cannot_be_paid_with(ReusablePaymentMean::BankAccount),
                403,
                "This order can't be paid with 'bankAccount'",
            ),
            (Failure::server_error(), 500, "Internal server error"),
        ];
        let auths = AuthError::ALL.map(|error| (Failure::from(error), error.told().0, error.told().3));
        for (failure, status, message) in routes.into_iter().chain(auths) {
            assert_eq!((failure.status.as_u16(), failure.body.message.as_str()), (status, message));
            let code = failure.body.http_code.as_deref().unwrap_or_default();
            assert!(code.starts_with(failure.status.as_str()), "{code}");
            let json = serde_json::to_string(&failure.body).unwrap();
            assert_eq!(serde_json::from_str::<ErrorBody>(&json).unwrap(), *failure.body);
        }
    }

    #[test]
    fn a_body_with_surprises_inside_is_still_read() {
        let read: ErrorBody = serde_json::from_str(r#"{"message":"no","details":{"a":"x","b":7},"more":[]}"#).unwrap();
        assert_eq!((read.message.as_str(), read.details["a"].as_str(), read.details["b"].as_str()), ("no", "x", "7"));
        let bare: ErrorBody = serde_json::from_str(r#"{"class":"Client::NotFound","details":null}"#).unwrap();
        assert_eq!((bare.class.as_deref(), bare.message.as_str()), (Some("Client::NotFound"), ""));
    }
}
