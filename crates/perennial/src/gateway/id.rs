//! Names of what Stripe keeps, as people write them: `cus_...` is a customer, `pm_...` a payment method.

/// The most letters of a name (Stripe: "can be up to 255 characters").
const LETTERS_MAX: usize = 255;

/// A customer's name.
///
/// # Errors
/// What a customer's name looks like.
pub fn customer(text: &str) -> Result<String, String> {
    named(text, "cus_")
}

/// A payment method's name.
///
/// # Errors
/// What a payment method's name looks like.
pub fn method(text: &str) -> Result<String, String> {
    named(text, "pm_")
}

fn named(text: &str, prefix: &str) -> Result<String, String> {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let rest = text.strip_prefix(prefix).filter(|rest| !rest.is_empty() && rest.bytes().all(is_letter));
    let fits = rest.is_some() && text.len() <= LETTERS_MAX;
    if fits { Ok(text.to_owned()) } else { Err(format!("is not a name such as {prefix}1PgafmB7WZ01")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_begin_with_what_they_name() {
        for text in ["pm_1PgafmB7WZ01zgkW6dKueIc5", "pm_card_visa"] {
            assert_eq!(method(text), Ok(text.to_owned()));
        }
        assert_eq!(customer("cus_QXg1o8vcGmoR32"), Ok("cus_QXg1o8vcGmoR32".to_owned()));
        for text in ["", "pm_", "cus_1", "card_1", "pm_1/2", "pm_1 2", "pm_é", &format!("pm_{}", "1".repeat(253))] {
            assert!(method(text).is_err(), "{text}");
        }
    }
}
