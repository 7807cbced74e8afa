//! Authentication: a request's parameters, what it presents, and both signatures, RPC 1.0 and V3.
//!
//! Pure: keys and time are arguments. Whether a key is known, a timestamp fresh and a nonce new is for the caller.
//! Facts from the vendor's pages on request syntax and signature (2025), and from `vectors.json`: requests recorded from
//! its SDKs, and signatures with pinned time and nonce.

pub mod acs3;
mod parameters;
mod presented;
pub mod rpc;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod vectors;

use std::borrow::Cow;

use hmac::digest::Output;
use hmac::{KeyInit, Mac};
use http::HeaderMap;

pub use self::parameters::{PARAMETERS_MAX, Parameters, TooMany, canonical_query, encode};
pub use self::presented::{Claims, Incomplete, Presented, Rpc, Said, Scheme, parse_timestamp};

/// Names of the headers, as they come in and as they are signed.
pub mod headers {
    /// The operation.
    pub const ACTION: &str = "x-acs-action";
    /// The API's version.
    pub const VERSION: &str = "x-acs-version";
    /// When the request was signed, see [`parse_timestamp`](super::parse_timestamp).
    pub const DATE: &str = "x-acs-date";
    /// What no other request of the key has.
    pub const NONCE: &str = "x-acs-signature-nonce";
    /// SHA-256 of the body, in lower-case hex.
    pub const CONTENT_SHA256: &str = "x-acs-content-sha256";
    /// The token of a session (STS).
    pub const SECURITY_TOKEN: &str = "x-acs-security-token";
}

/// Returns a header's value as it is signed: trimmed, and if it was sent several times, sorted and joined by commas.
///
/// What is read is what was signed: whoever repeats a header on the way changes its value. None if the header is absent
/// or not UTF-8.
fn header_text<'a>(headers: &'a HeaderMap, name: &str) -> Option<Cow<'a, str>> {
    let texts = headers.get_all(name).iter().map(|value| std::str::from_utf8(value.as_bytes()).map(str::trim));
    let mut texts = texts.collect::<Result<Vec<_>, _>>().ok()?;
    texts.sort_unstable();
    match texts.as_slice() {
        [] => None,
        [text] => Some(Cow::Borrowed(text)),
        _ => Some(Cow::Owned(texts.join(","))),
    }
}

/// Returns the HMAC of a text.
fn hmac<M: KeyInit + Mac>(key: &str, text: &str) -> Output<M> {
    let mut mac = <M as KeyInit>::new_from_slice(key.as_bytes()).expect("a key of HMAC may have any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes()
}
