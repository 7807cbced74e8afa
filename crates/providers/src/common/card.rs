//! What a registered card shows of itself: its brand and its last four digits, in one line such as `visa **** 4242`.

use std::fmt;

/// The brand of a card whose label names none.
const BRAND_UNKNOWN: &str = "card";

/// The longest brand, in bytes.
const BRAND_BYTES_MAX: usize = 32;

/// A card as its label shows it. What is written reads back the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    brand: String,     // lower case, begins with a letter
    last_four: String, // four ASCII digits
}

impl Card {
    /// A card of a brand; none where the brand is no short plain name, or the digits are not four.
    pub fn new(brand: &str, last_four: &str) -> Option<Self> {
        let is_digits = last_four.len() == 4 && last_four.bytes().all(|byte| byte.is_ascii_digit());
        let brand = brand.to_ascii_lowercase();
        (is_brand(&brand) && is_digits).then(|| Self { brand, last_four: last_four.to_owned() })
    }

    /// Reads a label: `**** **** **** 4242`, `visa **** 4242`, `visa ****4242`; none where it does not end with four
    /// digits. Text that stands before no mask is no brand.
    pub fn of_label(label: &str) -> Option<Self> {
        let label = label.trim();
        let (front, last_four) = label.split_at_checked(label.len().checked_sub(4)?)?;
        let unmasked = front.trim_end_matches(|letter: char| is_mask(letter) || letter == ' ');
        let is_masked = front.contains(is_mask) && !unmasked.contains(is_mask);
        let brand = if is_masked { unmasked.to_ascii_lowercase() } else { String::new() };
        Self::new(if is_brand(&brand) { &brand } else { BRAND_UNKNOWN }, last_four)
    }

    /// The brand in lower case, such as `visa`; `card` where it is not known.
    pub fn brand(&self) -> &str {
        &self.brand
    }

    /// The last four digits.
    pub fn last_four(&self) -> &str {
        &self.last_four
    }
}

/// The card's label.
impl fmt::Display for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} **** {}", self.brand, self.last_four)
    }
}

fn is_mask(letter: char) -> bool {
    matches!(letter, '*' | '•')
}

fn is_brand(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b' ');
    let begins = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
    begins && text.len() <= BRAND_BYTES_MAX && text.bytes().all(plain) && !text.ends_with(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_tells_brand_and_last_digits() {
        for (label, card) in [
            ("**** **** **** 4242", Some(("card", "4242"))),
            ("visa **** 4242", Some(("visa", "4242"))),
            (" Visa ****4242 ", Some(("visa", "4242"))),
            ("American Express •••• 1005", Some(("american express", "1005"))),
            ("**** 0005", Some(("card", "0005"))),
            ("0005", Some(("card", "0005"))),
            ("card ending in 4242", Some(("card", "4242"))),
            ("4000 **** **** 4242", Some(("card", "4242"))),
            ("visa ** x ** 4242", Some(("card", "4242"))),
            ("visa **** 42", None),
            ("visa **** 424a", None),
            ("**** 42é", None),
            ("éé", None),
            ("", None),
        ] {
            let read = Card::of_label(label);
            assert_eq!(read.as_ref().map(|card| (card.brand(), card.last_four())), card, "{label}");
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        for (brand, last_four) in [("visa", "4242"), ("card", "0001"), ("American Express", "1005"), ("cb-2", "9999")] {
            let card = Card::new(brand, last_four).expect("is a card");
            assert_eq!(Card::of_label(&card.to_string()), Some(card));
        }
        for (brand, last_four) in [("", "4242"), ("4", "4242"), ("visa ", "4242"), ("vi*sa", "4242"), ("visa", "42 42")]
        {
            assert_eq!(Card::new(brand, last_four), None, "{brand} {last_four}");
        }
    }
}
