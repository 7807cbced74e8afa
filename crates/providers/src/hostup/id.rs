//! Ids as this API writes them: a prefix and 26 characters of the ULID alphabet, `dom_01hxa3b4c5d6e7f8g9h0j1k2m3`.
//!
//! They are our own numbers in another writing, so the same thing has the same id for ever, and nothing is stored. The
//! numbers are counted from a base for which domain 5001 has the id that the documentation uses.

use std::fmt;

/// What an id names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thing {
    /// A domain.
    Domain,
    /// A shared-hosting account.
    Hosting,
    /// A VPS.
    Vps,
    /// An order.
    Order,
    /// An invoice: its order's number, as each order has one invoice from the day it is placed.
    Invoice,
    /// A saved card.
    Card,
    /// A row of billing activity.
    Activity,
    /// A background job.
    Job,
    /// A contact: an account.
    Client,
}

impl Thing {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Domain => "dom_",
            Self::Hosting => "acct_",
            Self::Vps => "vps_",
            Self::Order => "ord_",
            Self::Invoice => "inv_",
            Self::Card => "card_",
            Self::Activity => "txn_",
            Self::Job => "job_",
            Self::Client => "cli_",
        }
    }
}

/// The 32 letters of the ULID alphabet, lower case.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// How many letters 128 bits take.
const LETTERS: usize = 26;

/// What the documentation's own example stands for, and its number here.
const EXAMPLE: (u128, i64) = (decode_example(b"01hxa3b4c5d6e7f8g9h0j1k2m3"), 5_001);

/// An id on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Id {
    thing: Thing,
    number: i64,
}

impl Id {
    /// The id of a thing with a number.
    pub const fn new(thing: Thing, number: i64) -> Self {
        Self { thing, number }
    }

    /// Reads the id of a kind of thing: its number, or none for whatever is not such an id.
    pub fn number(thing: Thing, text: &str) -> Option<i64> {
        let letters = text.strip_prefix(thing.prefix())?;
        if letters.len() != LETTERS {
            return None;
        }
        let mut bits: u128 = 0;
        for letter in letters.bytes() {
            let value = ALPHABET.iter().position(|known| *known == letter)?;
            bits = bits.checked_mul(32)?.checked_add(u128::try_from(value).ok()?)?;
        }
        let distance = i128::try_from(bits).ok()?.checked_sub(i128::try_from(EXAMPLE.0).ok()?)?;
        i64::try_from(distance.checked_add(i128::from(EXAMPLE.1))?).ok().filter(|number| *number > 0)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = EXAMPLE.0.wrapping_add_signed(i128::from(self.number) - i128::from(EXAMPLE.1));
        write!(f, "{}{}", self.thing.prefix(), letters(bits))
    }
}

impl serde::Serialize for Id {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// 128 bits in the ids' letters.
pub(super) fn letters(mut bits: u128) -> String {
    let mut letters = [b'0'; LETTERS];
    for letter in letters.iter_mut().rev() {
        *letter = ALPHABET[usize::try_from(bits % 32).unwrap_or_default()];
        bits /= 32;
    }
    letters.into_iter().map(char::from).collect()
}

/// Decodes at compile time, where iterators cannot.
const fn decode_example(letters: &[u8; LETTERS]) -> u128 {
    let mut bits: u128 = 0;
    let mut index = 0;
    while index < LETTERS {
        let mut value: u128 = 0;
        let mut place = 0;
        while ALPHABET[place] != letters[index] {
            value += 1;
            place += 1;
        }
        bits = bits * 32 + value;
        index += 1;
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentations_domain_is_number_5001() {
        let id = Id::new(Thing::Domain, 5_001).to_string();
        assert_eq!(id, "dom_01hxa3b4c5d6e7f8g9h0j1k2m3");
        assert_eq!(Id::new(Thing::Invoice, 5_002).to_string(), "inv_01hxa3b4c5d6e7f8g9h0j1k2m4");
    }

    #[test]
    fn an_id_is_read_back_and_nothing_else_is() {
        for number in [1, 31, 32, 5_001, 4_294_967_296, i64::MAX] {
            let text = Id::new(Thing::Order, number).to_string();
            assert_eq!(Id::number(Thing::Order, &text), Some(number), "{text}");
            assert_eq!(Id::number(Thing::Domain, &text), None);
            assert_eq!(Id::number(Thing::Order, &text.to_uppercase()), None);
        }
        for text in [
            "",
            "ord_",
            "ord_01hxa3b4c5d6e7f8g9h0j1k2m",
            "ord_01hxa3b4c5d6e7f8g9h0j1k2m33",
            "ord_01hxa3b4c5d6e7f8g9h0j1k2mu",
            "ord_00000000000000000000000000",
            "ord_zzzzzzzzzzzzzzzzzzzzzzzzzz",
            "example.se",
        ] {
            assert_eq!(Id::number(Thing::Order, text), None, "{text}");
        }
    }
}
