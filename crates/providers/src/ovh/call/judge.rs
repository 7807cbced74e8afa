//! What a reply to something that was sent once says of it. Only what is a no for certain is one: whatever may have been
//! carried out, or says that something is under way, is read back.

use http::StatusCode;
use perennial_core::buyer::remote::{CallError, Outcome, Said};

use crate::call::Reply;
use crate::ovh::wire::error::ErrorBody;

/// The most of a provider's own words that is kept.
const WORDS_MAX: usize = 300;

/// The particulars of a refusal that say why.
const TELLING: [&str; 4] = ["reason", "field", "unauthorizedActionsByAuthentication", "unauthorizedActionsByIAM"];

/// Codes of the gateway, which turns a call away before anybody looks at it.
const AT_THE_DOOR: [&str; 6] =
    ["INVALID_KEY", "INVALID_SIGNATURE", "NOT_CREDENTIAL", "INVALID_CREDENTIAL", "NOT_GRANTED_CALL", "FORBIDDEN"];

/// The code of a timestamp that is out of the window, or of a query that took too long: which of them is not documented.
const OUT_OF_TIME: &str = "QUERY_TIME_OUT";

/// A reply that is no yes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Denial {
    /// The gateway did not let the call in.
    AtTheDoor(Said),
    /// The provider says no.
    Final(Said),
    /// Something else is going on with the object.
    Conflict(Said),
    /// Nothing follows from it.
    Unclear(String),
}

/// Judges a reply that is not a success.
pub(super) fn denial(reply: &Reply) -> Denial {
    const EXPIRED: u16 = 460;
    let Some(said) = said(reply) else { return Denial::Unclear(said_of(reply).text) };
    let code = said.code.as_deref().unwrap_or_default();
    if is_out_of_time(reply) {
        return Denial::Unclear(said.to_string());
    }
    match said.status {
        401 => Denial::AtTheDoor(said),
        400 | 403 if AT_THE_DOOR.contains(&code) => Denial::AtTheDoor(said),
        400 | 403 | 404 | EXPIRED => Denial::Final(said),
        409 => Denial::Conflict(said),
        _ => Denial::Unclear(said.to_string()),
    }
}

/// Whether the provider finds the time of a request wrong.
pub(super) fn is_out_of_time(reply: &Reply) -> bool {
    reply.status == StatusCode::BAD_REQUEST && said(reply).is_some_and(|said| said.code.as_deref() == Some(OUT_OF_TIME))
}

/// What the provider said, where it said it in the form of its refusals.
pub(super) fn said(reply: &Reply) -> Option<Said> {
    let ErrorBody { class, error_code, message, details, .. } = serde_json::from_slice(&reply.body).ok()?;
    let code = error_code.or(class);
    if code.is_none() && message.is_empty() {
        return None;
    }
    let telling = TELLING.iter().filter_map(|name| Some(format!("{name}: {}", details.get(*name)?)));
    let text = std::iter::once(message).chain(telling).collect::<Vec<_>>().join("; ");
    Some(Said { status: reply.status.as_u16(), code, text: text.chars().take(WORDS_MAX).collect() })
}

/// What a reply says, whatever its form.
pub(super) fn said_of(reply: &Reply) -> Said {
    let status = reply.status.as_u16();
    said(reply).unwrap_or_else(|| Said { status, code: None, text: format!("status {status}, and no reason") })
}

/// What we say no to ourselves, before anything is sent.
pub(super) fn ours(text: impl Into<String>) -> Said {
    Said { status: 0, code: Some("not sent".to_owned()), text: text.into() }
}

/// The outcome where what had to be read before sending could not be read.
pub(super) fn never_sent(error: &CallError) -> Outcome {
    match error {
        CallError::Refused { said, .. } if said.status != StatusCode::NOT_FOUND.as_u16() => {
            Outcome::Refused(said.clone())
        }
        error => Outcome::NeverSent { cause: error.to_string(), retry_after: None },
    }
}
