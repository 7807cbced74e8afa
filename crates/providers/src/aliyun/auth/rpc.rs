//! The signature of RPC 1.0, a parameter among the others: HMAC-SHA1 of all of them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::Hmac;
use sha1::Sha1;
use subtle::ConstantTimeEq;

use super::{Parameters, canonical_query, encode, hmac};

/// What a request says in its parameter `SignatureMethod`.
pub const METHOD: &str = "HMAC-SHA1";
/// What a request says in its parameter `SignatureVersion`.
pub const VERSION: &str = "1.0";
/// The parameter that is the signature; it alone is not signed.
const SIGNATURE: &str = "Signature";

/// A signature is absent, or another than that of its request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature is not that of the request's parameters")]
pub struct Mismatch {
    /// What the signature should have been made over. It shows the whole request, a session's token included.
    pub string_to_sign: String,
}

/// Tells whether a request has the signature that its parameters have with a secret, in constant time.
///
/// # Errors
/// [`Mismatch`].
pub fn verify(secret: &str, method: &str, parameters: &Parameters) -> Result<(), Mismatch> {
    let string_to_sign = string_to_sign(method, parameters);
    let presented = parameters.get(SIGNATURE).unwrap_or_default();
    let is_same = sign(secret, &string_to_sign).as_bytes().ct_eq(presented.as_bytes());
    if is_same.into() { Ok(()) } else { Err(Mismatch { string_to_sign }) }
}

/// Returns what is signed of a request: its method, in upper case and as sent, and all its parameters except the
/// signature, empty ones included.
pub fn string_to_sign(method: &str, parameters: &Parameters) -> String {
    let signed = parameters.iter().filter(|(name, _)| *name != SIGNATURE);
    format!("{method}&%2F&{}", encode(&canonical_query(signed)))
}

/// Signs: HMAC-SHA1 in base64, with the secret and one `&` behind it as the key.
pub fn sign(secret: &str, string_to_sign: &str) -> String {
    STANDARD.encode(hmac::<Hmac<Sha1>>(&format!("{secret}&"), string_to_sign))
}
