//! The secret of a webhook, and the signature that it makes.

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::SecretString;
use sha2::Sha256;

/// What a written secret begins with.
const PREFIX: &str = "whsec_";

/// Random bytes of a secret: between 24 and 64 by the specification.
const BYTES: usize = 32;

/// A new secret.
///
/// # Errors
/// When there is no randomness.
pub fn make() -> anyhow::Result<[u8; BYTES]> {
    let mut secret = [0; BYTES];
    getrandom::fill(&mut secret).context("making a secret")?;
    Ok(secret)
}

/// A secret as its reader keeps it.
pub fn written(secret: &[u8]) -> SecretString {
    format!("{PREFIX}{}", STANDARD.encode(secret)).into()
}

/// The signature of what is sent ("Signature scheme"): of the event's id, the attempt's time in seconds, and the body.
pub fn signature(secret: &[u8], id: &str, sent_at_s: i64, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("a key of HMAC may have any length");
    mac.update(format!("{id}.{sent_at_s}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    /// From the tests of the specification's own libraries.
    #[test]
    fn the_reference_vector_is_signed_as_others_sign_it() {
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("decodes");
        let signed = signature(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(written(&secret).expose_secret(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    }

    #[test]
    fn no_two_secrets_are_the_same() {
        assert_ne!(make().expect("is made"), make().expect("is made"));
    }
}
