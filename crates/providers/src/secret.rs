//! Randomness and digests of secrets, for whoever makes keys: every dialect, and the command line.

use sha2::{Digest, Sha256};

/// 62 letters and digits, as the provider's keys have.
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Random bytes from the operating system.
///
/// # Panics
/// When the operating system has no randomness to give: nothing secret may be made then.
pub fn random<const BYTES: usize>() -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).expect("the operating system gives randomness");
    bytes
}

/// Random text of letters and digits, each equally likely.
pub fn random_text(length: usize) -> String {
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let bytes: [u8; 64] = random();
        let fair = bytes.iter().filter_map(|byte| ALPHABET.get(usize::from(*byte & 0x3f)));
        text.extend(fair.map(|letter| char::from(*letter)).take(length - text.len()));
    }
    text
}

/// SHA-256 of a secret text: what is stored in its place.
pub fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_texts_have_their_length_and_differ() {
        let texts = [random_text(16), random_text(32), random_text(64)];
        assert_eq!(texts.each_ref().map(String::len), [16, 32, 64]);
        assert!(texts.iter().all(|text| text.bytes().all(|byte| byte.is_ascii_alphanumeric())));
        assert_ne!(random_text(32), random_text(32));
    }
}
