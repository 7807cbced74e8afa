//! Prices: integers inside, decimal text on the wire, and no float on the way between.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
use serde_json::value::RawValue;

/// Decimal places of a ucent: one unit of currency is 100 000 000 of them.
const UCENT_DIGITS: u8 = 8;

/// The most decimal places that a number is read with; a double written in full stays below.
const SCALE_MAX: u8 = 30;

/// An amount of money (`order.Price`).
///
/// The section `/service` has a copy of the model without `priceInUcents`; it is read from there as `None`, and written
/// everywhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Price {
    /// ISO 4217 code, or `points`, or `N/A` (`order.CurrencyCodeEnum`).
    #[serde(deserialize_with = "trimmed")]
    pub currency_code: String,
    /// The amount in hundred-millionths of a unit; `None` also if it is too large to be written so.
    pub price_in_ucents: Option<i64>,
    /// The amount for people: `45.44 €`.
    pub text: String,
    /// The amount in units: `45.44`.
    pub value: Decimal,
}

impl Price {
    /// Returns the price of an amount in minor units, of which a unit of the currency has ten to the power of `digits`.
    pub fn new(minor: i64, digits: u8, currency_code: &str) -> Self {
        Self {
            currency_code: currency_code.to_owned(),
            price_in_ucents: UCENT_DIGITS.checked_sub(digits).and_then(|places| shifted(minor, places)),
            text: text(minor, digits, currency_code),
            value: Decimal::new(minor, digits),
        }
    }

    /// Returns the amount in minor units; `None` if it is not a whole number of them, or too large.
    pub fn minor(&self, digits: u8) -> Option<i64> {
        self.value.minor(digits)
    }
}

/// An amount of money without its ucents (`order.LongPrice`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LongPrice {
    /// ISO 4217 code, or `points`, or `N/A` (`order.CurrencyCodeEnum`).
    #[serde(deserialize_with = "trimmed")]
    pub currency_code: String,
    /// The amount for people: `45.44 €`.
    pub text: String,
    /// The amount in units: `45.44`.
    pub value: Decimal,
}

impl From<Price> for LongPrice {
    fn from(price: Price) -> Self {
        Self { currency_code: price.currency_code, text: price.text, value: price.value }
    }
}

/// The schemas of 2023 had `" INR"`, with a space.
fn trimmed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    String::deserialize(deserializer).map(|code| code.trim().to_owned())
}

/// Writes an amount for people, the symbol or code behind it. Only the form for EUR is known from a sample.
fn text(minor: i64, digits: u8, currency_code: &str) -> String {
    format!("{} {}", Fixed { coefficient: minor, scale: digits }, symbol(currency_code))
}

/// Returns the sign of a currency; of most, its code.
pub fn symbol(currency_code: &str) -> &str {
    if currency_code == "EUR" { "€" } else { currency_code }
}

/// A decimal number, exact. Two that are equal are stored alike: without zeros at the end of the fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimal {
    coefficient: i64,
    /// Decimal places of `coefficient`.
    scale: u8,
}

impl Decimal {
    /// Returns `coefficient` divided by ten to the power of `scale`.
    pub const fn new(coefficient: i64, scale: u8) -> Self {
        let (mut coefficient, mut scale) = (coefficient, scale);
        while scale > 0 && coefficient % 10 == 0 {
            coefficient /= 10;
            scale -= 1;
        }
        Self { coefficient, scale }
    }

    /// Returns the number in units of ten to the power of `-digits`; `None` if it is not whole in them, or too large.
    pub fn minor(self, digits: u8) -> Option<i64> {
        digits.checked_sub(self.scale).and_then(|places| shifted(self.coefficient, places))
    }

    /// The same for a number that was a double on its way: sums of doubles end in noise (`37.870000000000005`), and a
    /// millionth of a minor unit is never meant.
    pub fn minor_of_double(self, digits: u8) -> Option<i64> {
        const NOISE_PARTS: i64 = 1_000_000;
        let Some(excess) = self.scale.checked_sub(digits).filter(|excess| *excess > 0) else {
            return self.minor(digits);
        };
        let factor = shifted(1, excess)?;
        let (below, rest) = (self.coefficient.div_euclid(factor), self.coefficient.rem_euclid(factor));
        let noise = factor / NOISE_PARTS;
        if rest <= noise { Some(below) } else { (factor - rest <= noise).then(|| below.checked_add(1))? }
    }
}

/// Multiplies by ten to the power of `places`.
fn shifted(number: i64, places: u8) -> Option<i64> {
    10_i64.checked_pow(u32::from(places)).and_then(|factor| number.checked_mul(factor))
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Fixed { coefficient: self.coefficient, scale: self.scale }.fmt(f)
    }
}

/// A number written with all its decimal places.
struct Fixed {
    coefficient: i64,
    scale: u8,
}

impl fmt::Display for Fixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scale = usize::from(self.scale);
        let sign = if self.coefficient < 0 { "-" } else { "" };
        let digits = format!("{:0>width$}", self.coefficient.unsigned_abs(), width = scale + 1);
        let (units, fraction) = digits.split_at(digits.len() - scale);
        let point = if scale == 0 { "" } else { "." };
        write!(f, "{sign}{units}{point}{fraction}")
    }
}

/// The text is not a decimal number, or has more digits than can be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a decimal number of at most 18 digits")]
pub struct NotADecimal;

impl FromStr for Decimal {
    type Err = NotADecimal;

    /// Reads a number as JSON writes it, exponent included.
    fn from_str(text: &str) -> Result<Self, NotADecimal> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse().map_err(|_| NotADecimal)?),
            None => (text, 0_i16),
        };
        let (units, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
        let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_digits(units.strip_prefix('-').unwrap_or(units)) || !is_digits(fraction) {
            return Err(NotADecimal);
        }
        let fraction = fraction.trim_end_matches('0');
        let coefficient: i64 = format!("{units}{fraction}").parse().map_err(|_| NotADecimal)?;
        let places = i16::try_from(fraction.len()).ok().and_then(|places| places.checked_sub(exponent));
        let places = places.ok_or(NotADecimal)?;
        if places > 0 {
            let scale = u8::try_from(places).ok().filter(|scale| *scale <= SCALE_MAX).ok_or(NotADecimal)?;
            return Ok(Self::new(coefficient, scale));
        }
        let places = u8::try_from(places.unsigned_abs()).map_err(|_| NotADecimal)?;
        shifted(coefficient, places).map(|whole| Self::new(whole, 0)).ok_or(NotADecimal)
    }
}

// `RawValue` is the one way through serde_json that leaves a number's text alone. It works with the text of a body, not
// with a `serde_json::Value`.

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.to_string()).map_err(ser::Error::custom)?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer)?.get().parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_written_without_a_float() {
        for (minor, digits, currency, json) in [
            (4544, 2, "EUR", r#"{"currencyCode":"EUR","priceInUcents":4544000000,"text":"45.44 €","value":45.44}"#),
            (1200, 2, "EUR", r#"{"currencyCode":"EUR","priceInUcents":1200000000,"text":"12.00 €","value":12}"#),
            (
                14040,
                2,
                "USD",
                r#"{"currencyCode":"USD","priceInUcents":14040000000,"text":"140.40 USD","value":140.4}"#,
            ),
            (5, 2, "EUR", r#"{"currencyCode":"EUR","priceInUcents":5000000,"text":"0.05 €","value":0.05}"#),
            (0, 2, "EUR", r#"{"currencyCode":"EUR","priceInUcents":0,"text":"0.00 €","value":0}"#),
            (-199, 2, "EUR", r#"{"currencyCode":"EUR","priceInUcents":-199000000,"text":"-1.99 €","value":-1.99}"#),
            (7001, 3, "TND", r#"{"currencyCode":"TND","priceInUcents":700100000,"text":"7.001 TND","value":7.001}"#),
            (500, 0, "XOF", r#"{"currencyCode":"XOF","priceInUcents":50000000000,"text":"500 XOF","value":500}"#),
        ] {
            let price = Price::new(minor, digits, currency);
            assert_eq!(serde_json::to_string(&price).unwrap(), json);
            let read: Price = serde_json::from_str(json).unwrap();
            assert_eq!((read.minor(digits), &read), (Some(minor), &price));
        }
    }

    #[test]
    fn amounts_at_the_edge_are_exact_or_not_said() {
        for minor in [i64::MIN, i64::MAX] {
            let price = Price::new(minor, 2, "EUR");
            assert_eq!((price.minor(2), price.price_in_ucents), (Some(minor), None));
        }
        assert_eq!(Price::new(i64::MAX, 2, "EUR").text, "92233720368547758.07 €");
        assert_eq!(Price::new(i64::MIN, 2, "EUR").value.to_string(), "-92233720368547758.08");
        assert_eq!(Price::new(1, 9, "EUR").price_in_ucents, None);
    }

    #[test]
    fn a_number_is_read_exactly() {
        for (text, minor) in [
            ("45.44", Some(4544)),
            ("45.4", Some(4540)),
            ("45.440", Some(4544)),
            ("12", Some(1200)),
            ("12.0", Some(1200)),
            ("-0.05", Some(-5)),
            ("-0", Some(0)),
            ("1e2", Some(10000)),
            ("4.544E+1", Some(4544)),
            ("1e-2", Some(1)),
            ("45.445", None),
            ("45.440000000000005", None),
            ("1e-7", None),
        ] {
            assert_eq!(text.parse::<Decimal>().unwrap().minor(2), minor, "{text}");
        }
        for text in ["", "-", ".5", "5.", "+1", "--1", "1e", "1e99", "1e-99", "99999999999999999999", "1,5", "0x1"] {
            assert_eq!(text.parse::<Decimal>(), Err(NotADecimal), "{text}");
        }
        assert!(serde_json::from_str::<Decimal>("\"45.44\"").is_err());
    }

    #[test]
    fn the_noise_of_a_double_is_no_amount() {
        for (text, minor) in [
            ("45.44", Some(4544)),
            ("37.870000000000005", Some(3787)),
            ("37.869999999999997", Some(3787)),
            ("-37.869999999999997", Some(-3787)),
            ("12", Some(1200)),
            ("45.445", None),
            ("45.4401", None),
            ("0.0000001", None),
        ] {
            assert_eq!(text.parse::<Decimal>().unwrap().minor_of_double(2), minor, "{text}");
        }
    }

    #[test]
    fn a_price_without_ucents_is_read() {
        let read: Price = serde_json::from_str(r#"{"value":1.99,"text":"1.99 ₹","currencyCode":" INR"}"#).unwrap();
        assert_eq!((read.currency_code.as_str(), read.price_in_ucents, read.minor(2)), ("INR", None, Some(199)));
    }
}
