//! The `Idempotency-Key` header, which every dialect with JSON bodies takes.

use jiff::SignedDuration;
use perennial_core::idempotency::{Holds, Token};
use sha2::{Digest, Sha256};

use crate::Request;

/// The header.
const HEADER: &str = "idempotency-key";

/// How long a key is remembered: longer than the longest term sold (nine years), so that a repeat never becomes a second
/// renewal.
const KEPT_DAYS: i64 = 10 * 366;

/// The token of a request, if it has one. Its digest covers target and body.
pub(crate) fn token(request: &Request, operation: &str) -> Option<Token> {
    let key = request.headers.get(HEADER)?;
    let mut digest = Sha256::new();
    digest.update(request.target.as_bytes());
    digest.update([0]);
    digest.update(&request.body);
    Some(Token {
        operation: operation.to_owned(),
        // A header that is no text is as malformed as an empty one.
        key: key.to_str().unwrap_or_default().to_owned(),
        digest: digest.finalize().into(),
        kept: SignedDuration::from_hours(24 * KEPT_DAYS),
        holds: Holds::Always,
    })
}
