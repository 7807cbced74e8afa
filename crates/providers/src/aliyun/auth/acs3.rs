//! The signature V3, in the header `Authorization`: HMAC-SHA256 of method, query, chosen headers and the body's hash.

use std::collections::HashSet;
use std::fmt;

use hmac::Hmac;
use http::{HeaderMap, header};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{canonical_query, header_text, headers, hmac};

/// The algorithm. The SDKs know two more, with SM3 and with RSA.
pub const ALGORITHM: &str = "ACS3-HMAC-SHA256";

/// Headers that a request has and signs, whatever else it signs.
const REQUIRED: [&str; 6] =
    ["host", headers::ACTION, headers::VERSION, headers::DATE, headers::NONCE, headers::CONTENT_SHA256];

/// The header `Authorization`, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Authorization<'a> {
    /// Whose key: `Credential`.
    pub access_key_id: &'a str,
    /// The names of the signed headers in lower case and in their order, with semicolons between: `SignedHeaders`.
    pub signed_headers: &'a str,
    /// The signature, in lower-case hex: `Signature`.
    pub signature: &'a str,
}

/// A header `Authorization` is not one of V3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthorizationError {
    /// Its algorithm is another.
    #[error("the algorithm is not {ALGORITHM}")]
    Algorithm,
    /// Its algorithm is [`ALGORITHM`], and what follows is not as it should be.
    #[error("expected `Credential=...,SignedHeaders=...,Signature=...` behind {ALGORITHM}")]
    Malformed,
}

impl<'a> Authorization<'a> {
    /// Reads the header: `ACS3-HMAC-SHA256 Credential=...,SignedHeaders=...,Signature=...`, with no other space in it,
    /// as every recorded SDK writes it.
    ///
    /// # Errors
    /// [`AuthorizationError`].
    pub fn parse(text: &'a str) -> Result<Self, AuthorizationError> {
        let (algorithm, fields) = text.split_once(' ').unwrap_or((text, ""));
        if algorithm != ALGORITHM {
            return Err(AuthorizationError::Algorithm);
        }
        Self::parse_fields(fields).ok_or(AuthorizationError::Malformed)
    }

    fn parse_fields(fields: &'a str) -> Option<Self> {
        let mut fields = fields.split(',');
        let mut next = |name: &str| {
            let value = fields.next()?.strip_prefix(name)?.strip_prefix('=')?;
            Some(value).filter(|value| !value.is_empty() && !value.contains(char::is_whitespace))
        };
        let read = Self {
            access_key_id: next("Credential")?,
            signed_headers: next("SignedHeaders")?,
            signature: next("Signature")?,
        };
        (fields.next().is_none() && read.names_headers_once()).then_some(read)
    }

    /// A name that came a thousand times would have its header written down a thousand times before anything is proved.
    /// Headers are found whatever the case of their names, so a name has one case.
    fn names_headers_once(&self) -> bool {
        let mut seen = HashSet::new();
        let is_lower = |name: &str| !name.bytes().any(|byte| byte.is_ascii_uppercase());
        self.signed_headers.split(';').all(|name| is_lower(name) && seen.insert(name))
    }

    /// Tells whether a header is among those that are signed.
    pub fn signs(&self, header: &str) -> bool {
        self.signed_headers.split(';').any(|signed| signed == header)
    }
}

impl fmt::Display for Authorization<'_> {
    /// Writes the header.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { access_key_id, signed_headers, signature } = self;
        write!(out, "{ALGORITHM} Credential={access_key_id},SignedHeaders={signed_headers},Signature={signature}")
    }
}

/// A request as it came in. Its path is always `/`.
#[derive(Clone, Copy)]
pub struct Message<'a> {
    /// The method, in upper case.
    pub method: &'a str,
    /// The query as it came, without its question mark.
    pub query: &'a str,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body as it came.
    pub body: &'a [u8],
}

/// Why a request is not what the holder of a key signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unverified {
    /// A header that is required, or said to be signed, was not sent, or is no text.
    #[error("the header {header} is absent")]
    Absent {
        /// Its name.
        header: String,
    },
    /// A header is sent that has to be signed and is not.
    #[error("the header {header} is not signed")]
    Unsigned {
        /// Its name.
        header: String,
    },
    /// The body does not hash to what the header `x-acs-content-sha256` says.
    #[error("the body is another than the one that was hashed")]
    Body,
    /// The signature is another than that of the request.
    #[error("the signature is not that of the request")]
    Mismatch {
        /// What the signature should have been made over.
        string_to_sign: String,
        /// What that is the hash of. It shows the whole request, a session's token included.
        canonical_request: String,
    },
}

/// Tells whether a request is as the holder of a secret signed it, in constant time.
///
/// What is signed is what `SignedHeaders` names: the Python SDKs sign every header that they set, those for Node fewer.
/// It has to name the six headers of every request and whatever is sent of `content-type` and `x-acs-*` (the vendor's
/// rule, which all recorded requests keep). Parameters in a form are covered by the body's hash.
///
/// # Errors
/// [`Unverified`].
pub fn verify(secret: &str, authorization: &Authorization<'_>, message: &Message<'_>) -> Result<(), Unverified> {
    let signed = authorization.signed_headers;
    check_required(message.headers)?;
    let mut to_be_signed = message.headers.keys().map(header::HeaderName::as_str).filter(|name| must_be_signed(name));
    if let Some(header) = to_be_signed.find(|name| !authorization.signs(name)) {
        return Err(Unverified::Unsigned { header: header.to_owned() });
    }
    let body_hash = body_hash(message.body);
    if header_text(message.headers, headers::CONTENT_SHA256).is_none_or(|said| said != body_hash) {
        return Err(Unverified::Body);
    }
    let canonical_request = canonical_request(message.method, message.query, message.headers, signed, &body_hash)?;
    let string_to_sign = string_to_sign(&canonical_request);
    let is_same = sign(secret, &string_to_sign).as_bytes().ct_eq(authorization.signature.as_bytes());
    if is_same.into() { Ok(()) } else { Err(Unverified::Mismatch { string_to_sign, canonical_request }) }
}

/// Signs a request that is about to be sent: gives its header `Authorization`. Signed is what has to be: the six headers
/// of every request, the host among them, and whatever else it has of `content-type` and `x-acs-*`.
///
/// # Errors
/// [`Unverified::Absent`], where it lacks one of the six.
pub fn authorize(access_key_id: &str, secret: &str, message: &Message<'_>) -> Result<String, Unverified> {
    check_required(message.headers)?;
    let names = message.headers.keys().map(header::HeaderName::as_str).filter(|name| must_be_signed(name));
    let mut names: Vec<_> = names.collect();
    names.sort_unstable();
    let signed_headers = &names.join(";");
    let (Message { method, query, headers, .. }, hash) = (message, body_hash(message.body));
    let canonical_request = canonical_request(method, query, headers, signed_headers, &hash)?;
    let signature = &sign(secret, &string_to_sign(&canonical_request));
    Ok(Authorization { access_key_id, signed_headers, signature }.to_string())
}

fn check_required(headers: &HeaderMap) -> Result<(), Unverified> {
    let absent = REQUIRED.iter().find(|name| header_text(headers, name).is_none());
    absent.map_or(Ok(()), |header| Err(Unverified::Absent { header: (*header).to_owned() }))
}

/// Tells whether a header has to be signed if it is sent.
fn must_be_signed(name: &str) -> bool {
    name == "host" || name == "content-type" || name.starts_with("x-acs-")
}

/// Writes a request down as it is signed.
///
/// The method is in upper case; the query as it is sent, whatever its order and encoding; `signed_headers` the names in
/// lower case with semicolons between; the body's hash in lower-case hex.
///
/// The host is the header's value as sent, with its port. The Python SDKs send (and sign) `http://127.0.0.1:8404` if
/// that is how their endpoint was given.
///
/// # Errors
/// [`Unverified::Absent`].
pub fn canonical_request(
    method: &str,
    query: &str,
    headers: &HeaderMap,
    signed_headers: &str,
    body_hash: &str,
) -> Result<String, Unverified> {
    let query = canonical_query(form_urlencoded::parse(query.as_bytes()));
    let mut lines = vec![method.to_owned(), "/".to_owned(), query];
    for name in signed_headers.split(';') {
        let text = header_text(headers, name).ok_or_else(|| Unverified::Absent { header: name.to_owned() })?;
        lines.push(format!("{name}:{text}"));
    }
    lines.extend([String::new(), signed_headers.to_owned(), body_hash.to_owned()]);
    Ok(lines.join("\n"))
}

/// Returns what is signed of a canonical request: the algorithm and its SHA-256.
pub fn string_to_sign(canonical_request: &str) -> String {
    format!("{ALGORITHM}\n{}", hex(&Sha256::digest(canonical_request.as_bytes())))
}

/// Signs: HMAC-SHA256 in lower-case hex, with the bare secret as the key.
pub fn sign(secret: &str, string_to_sign: &str) -> String {
    hex(&hmac::<Hmac<Sha256>>(secret, string_to_sign))
}

/// Returns what the header `x-acs-content-sha256` says of a body.
pub fn body_hash(body: &[u8]) -> String {
    hex(&Sha256::digest(body))
}

/// Writes bytes as lower-case hex digits.
fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}
