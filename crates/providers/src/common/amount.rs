//! Amounts as JSON numbers in major units, exact: `338.2`, `75`, `159`. Never a float, in neither direction.

use perennial_core::money::{Currency, Money, MoneyError};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

/// An amount as the wire has it: a number without trailing zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount(pub Money);

impl Amount {
    /// The number's text: `338.2`.
    pub fn text(self) -> String {
        let decimal = self.0.to_decimal();
        if decimal.contains('.') { decimal.trim_end_matches('0').trim_end_matches('.').to_owned() } else { decimal }
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        number(&self.text(), serializer)
    }
}

/// Writes the text of a number as that number.
///
/// # Errors
/// The serializer's, or when the text is no number.
pub fn number<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    let raw = RawValue::from_string(text.to_owned()).map_err(serde::ser::Error::custom)?;
    raw.serialize(serializer)
}

/// A number or a text with a number that a caller sent, as it was written. [`body`](super::body::body) reads it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Decimal(String);

impl Decimal {
    /// The number as it was written.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The amount it is in a currency.
    ///
    /// # Errors
    /// [`MoneyError`] for what is no decimal number, or finer than the currency.
    pub fn money(&self, currency: Currency) -> Result<Money, MoneyError> {
        Money::parse(&self.0, currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_no_trailing_zeros() {
        for (minor, text) in [(33_820, "338.2"), (7_500, "75"), (2_233, "22.33"), (0, "0"), (-5, "-0.05"), (100, "1")] {
            let amount = Amount(Money::new(minor, Currency::EUR));
            assert_eq!(serde_json::to_string(&amount).expect("writes"), text);
        }
    }
}
