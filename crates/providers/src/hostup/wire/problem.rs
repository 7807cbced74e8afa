//! What a refusal looks like: RFC 7807 Problem Details with a stable `code`. Route members stand at the top level
//! (documented example), and once more in `extensions`, where one page of the documentation has them.

use std::collections::BTreeMap;

use http::StatusCode;
use serde::{Serialize, Serializer};

use super::stamp::Stamp;
use crate::common::amount::number;

/// Where each code is explained.
const TYPE_BASE: &str = "https://developer.hostup.se/errors/";

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// Where it is, as a JSON pointer: `/domainIds/0`.
    pub pointer: String,
    /// The reason in words.
    pub detail: String,
    /// `missing_required` or `invalid_request`.
    pub code: &'static str,
}

/// A refusal, before it knows which request it answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// The status.
    pub status: StatusCode,
    /// The stable code.
    pub code: &'static str,
    /// A title for people.
    pub title: &'static str,
    /// What is the matter, for people.
    pub detail: String,
    /// What is wrong with the fields.
    pub errors: Box<[FieldError]>,
    /// Members of this route alone.
    pub members: BTreeMap<&'static str, Written>,
    /// How many seconds to wait, where waiting helps.
    pub retry_after_s: Option<u64>,
}

/// The body of a refusal.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem<'a> {
    /// A page about the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// A title for people.
    pub title: &'a str,
    /// The status.
    pub status: u16,
    /// What is the matter, for people.
    pub detail: &'a str,
    /// The stable code.
    pub code: &'a str,
    /// The path of the request.
    pub instance: &'a str,
    /// The request.
    pub request_id: &'a str,
    /// When.
    pub timestamp: Stamp,
    /// What is wrong with the fields.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub errors: &'a [FieldError],
    /// Members of this route alone.
    #[serde(flatten)]
    pub members: &'a BTreeMap<&'static str, Written>,
    /// The same members.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub extensions: &'a BTreeMap<&'static str, Written>,
}

/// A member that is written as JSON already, so that its amounts stay as exact as they were.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written(String);

impl Serialize for Written {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        number(&self.0, serializer)
    }
}

impl Failure {
    /// A refusal with a code.
    pub fn new(status: StatusCode, code: &'static str, title: &'static str, detail: impl Into<String>) -> Self {
        let (errors, members) = (Box::default(), BTreeMap::new());
        Self { status, code, title, detail: detail.into(), errors, members, retry_after_s: None }
    }

    /// Adds a member of the route. One that cannot be written is left out.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &impl Serialize) -> Self {
        if let Ok(text) = serde_json::to_string(value) {
            self.members.insert(name, Written(text));
        }
        self
    }

    /// The body, for one request.
    pub fn problem<'a>(&'a self, instance: &'a str, request_id: &'a str, timestamp: Stamp) -> Problem<'a> {
        Problem {
            kind: format!("{TYPE_BASE}{}", self.code),
            title: self.title,
            status: self.status.as_u16(),
            detail: &self.detail,
            code: self.code,
            instance,
            request_id,
            timestamp,
            errors: &self.errors,
            members: &self.members,
            extensions: &self.members,
        }
    }

    /// Body or query are wrong as a whole.
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", "Invalid request", detail)
    }

    /// A field is wrong.
    pub fn invalid_field(pointer: impl Into<String>, detail: impl Into<String>, code: &'static str) -> Self {
        let error = FieldError { pointer: pointer.into(), detail: detail.into(), code };
        Self { errors: [error].into(), ..Self::invalid("The request failed validation.") }
    }

    /// No valid key.
    pub fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "Unauthorized", "Authentication is required.")
    }

    /// A permission is missing.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "Forbidden", detail)
    }

    /// No such thing, or another customer's.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "Not found", detail)
    }

    /// The path does not take the method. The code is inferred.
    pub fn method_not_allowed() -> Self {
        let detail = "This path does not take this method.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "Method not allowed", detail)
    }

    /// The state of things says no.
    pub fn conflict(code: &'static str, title: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, title, detail)
    }

    /// Too many requests.
    pub fn too_many(wait_s: u64) -> Self {
        let detail = "Too many requests. Wait before trying again.";
        let limited = Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limit_exceeded", "Rate limit exceeded", detail);
        Self { retry_after_s: Some(wait_s), ..limited }
    }

    /// We failed; the caller learns nothing of how.
    pub fn server_error() -> Self {
        let detail = "Something went wrong on our side.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", "Internal error", detail)
    }

    /// The house is closing or busy; nothing was done.
    pub fn unavailable() -> Self {
        let detail = "The service is temporarily unavailable. Nothing was changed.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "upstream_unavailable", "Temporarily unavailable", detail)
    }
}

#[cfg(test)]
mod tests {
    use perennial_core::money::{Currency, Money};

    use super::*;
    use crate::common::amount::Amount;

    #[test]
    fn members_of_the_route_stand_at_the_top_and_in_extensions_with_exact_amounts() {
        let amount = Amount(Money::new(900_719_925_474_099_301, Currency::EUR));
        let failure = Failure::conflict("existing_invoice_blocking", "Blocked", "Pay first.").with("amount", &amount);
        let problem = failure.problem("/api/v2/domains", "req_1", Stamp(jiff::Timestamp::UNIX_EPOCH));
        let text = serde_json::to_string(&problem).expect("writes");
        let wanted = concat!(
            r#"{"type":"https://developer.hostup.se/errors/existing_invoice_blocking","title":"Blocked","status":409,"#,
            r#""detail":"Pay first.","code":"existing_invoice_blocking","instance":"/api/v2/domains","#,
            r#""requestId":"req_1","timestamp":"1970-01-01T00:00:00.000Z","amount":9007199254740993.01,"#,
            r#""extensions":{"amount":9007199254740993.01}}"#,
        );
        assert_eq!(text, wanted);
    }
}
