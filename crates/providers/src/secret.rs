//! Randomness and digests of secrets, for whoever makes keys: every dialect, and the command line.

use sha2::{Digest, Sha256};

/// 62 letters and digits.
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

/// A new secret for the links to an order's documents; as long as the provider's own.
pub fn order_password() -> String {
    const LENGTH: usize = 16;
    random_text(LENGTH)
}

/// A random UUID (RFC 9562, version 4).
pub fn random_uuid() -> String {
    uuid(random())
}

fn uuid(mut bytes: [u8; 16]) -> String {
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let number = u128::from_be_bytes(bytes);
    let text = format!("{number:032x}");
    [&text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..]].join("-")
}

/// SHA-256 of a secret text: what is stored in its place.
pub fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_marked_as_random() {
        assert_eq!(uuid([0; 16]), "00000000-0000-4000-8000-000000000000");
        assert_eq!(uuid([0xff; 16]), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_ne!(random_uuid(), random_uuid());
    }

    #[test]
    fn random_texts_have_their_length_and_differ() {
        let texts = [random_text(16), random_text(32), random_text(64)];
        assert_eq!(texts.each_ref().map(String::len), [16, 32, 64]);
        assert!(texts.iter().all(|text| text.bytes().all(|byte| byte.is_ascii_alphanumeric())));
        assert_ne!(random_text(32), random_text(32));
    }
}
