//! Money: integer minor units with a currency, rates in parts per million, and every rounding by its name.
//!
//! No float appears here, not even on the way to text.

use std::fmt;

/// A currency of the seller's price lists, by its ISO 4217 code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency {
    code: &'static str,
    digits: u8,
}

/// Code and minor digits of each currency served (ISO 4217, list one, read 2026-11).
const CURRENCIES: [Currency; 20] = [
    Currency { code: "AUD", digits: 2 },
    Currency { code: "BGN", digits: 2 },
    Currency { code: "CAD", digits: 2 },
    Currency { code: "CHF", digits: 2 },
    Currency { code: "CNY", digits: 2 },
    Currency { code: "CZK", digits: 2 },
    Currency { code: "DKK", digits: 2 },
    Currency { code: "EUR", digits: 2 },
    Currency { code: "GBP", digits: 2 },
    Currency { code: "INR", digits: 2 },
    Currency { code: "JPY", digits: 0 },
    Currency { code: "MAD", digits: 2 },
    Currency { code: "NOK", digits: 2 },
    Currency { code: "PLN", digits: 2 },
    Currency { code: "RON", digits: 2 },
    Currency { code: "SEK", digits: 2 },
    Currency { code: "SGD", digits: 2 },
    Currency { code: "TND", digits: 3 },
    Currency { code: "USD", digits: 2 },
    Currency { code: "XOF", digits: 0 },
];

impl Currency {
    /// The euro.
    pub const EUR: Self = Self { code: "EUR", digits: 2 };
    /// The Swedish krona.
    pub const SEK: Self = Self { code: "SEK", digits: 2 };
    /// The renminbi.
    pub const CNY: Self = Self { code: "CNY", digits: 2 };

    /// Finds a currency by its upper-case ISO 4217 code.
    ///
    /// # Errors
    /// [`MoneyError::UnknownCurrency`] for a code that is not in the table.
    pub fn parse(code: &str) -> Result<Self, MoneyError> {
        CURRENCIES
            .iter()
            .copied()
            .find(|currency| currency.code == code)
            .ok_or_else(|| MoneyError::UnknownCurrency { code: code.to_owned() })
    }

    /// The ISO 4217 code, such as `EUR`.
    pub const fn code(self) -> &'static str {
        self.code
    }

    /// How many minor digits an amount has: 2 for EUR, 0 for JPY.
    pub const fn digits(self) -> u8 {
        self.digits
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code)
    }
}

/// Why an amount could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The result does not fit 64 bits of minor units.
    #[error("the amount is too large")]
    Overflow,
    /// Two currencies met in one sum.
    #[error("{left} and {right} cannot be added")]
    CurrencyMismatch {
        /// Currency of the left amount.
        left: Currency,
        /// Currency of the right amount.
        right: Currency,
    },
    /// The code is in no price list.
    #[error("`{code}` is not a known currency code")]
    UnknownCurrency {
        /// What was written.
        code: String,
    },
    /// The text is not a decimal amount with at most the currency's digits.
    #[error("`{text}` is not an amount with at most {digits} decimals")]
    Syntax {
        /// What was written.
        text: String,
        /// How many decimals the currency has.
        digits: u8,
    },
}

/// An amount in minor units (cents for EUR), never a float.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

impl Money {
    /// Makes an amount of `minor` units of `currency`.
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Makes nothing of `currency`.
    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// Reads a plain decimal such as `45.44` or `-3`, exactly.
    ///
    /// # Errors
    /// [`MoneyError::Syntax`] for anything else, more decimals than the currency has included;
    /// [`MoneyError::Overflow`] when it does not fit.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let syntax = || MoneyError::Syntax { text: text.to_owned(), digits: currency.digits };
        let (sign, unsigned) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let dangling_point = unsigned.ends_with('.');
        if whole.is_empty() || dangling_point || !all_digits(whole) || !all_digits(fraction) {
            return Err(syntax());
        }
        let digits = usize::from(currency.digits);
        if fraction.len() > digits {
            return Err(syntax());
        }
        let minor: i64 = format!("{whole}{fraction:0<digits$}").parse().map_err(|_| MoneyError::Overflow)?;
        minor.checked_mul(sign).map(|minor| Self::new(minor, currency)).ok_or(MoneyError::Overflow)
    }

    /// The amount in minor units.
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// The currency of the amount.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// Whether there is nothing.
    pub const fn is_zero(self) -> bool {
        self.minor == 0
    }

    /// Adds two amounts of one currency.
    ///
    /// # Errors
    /// [`MoneyError::CurrencyMismatch`], [`MoneyError::Overflow`].
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        let minor = self.minor.checked_add(other.minor).ok_or(MoneyError::Overflow)?;
        Ok(Self::new(minor, self.currency))
    }

    /// Takes `other` away.
    ///
    /// # Errors
    /// [`MoneyError::CurrencyMismatch`], [`MoneyError::Overflow`].
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        let minor = self.minor.checked_sub(other.minor).ok_or(MoneyError::Overflow)?;
        Ok(Self::new(minor, self.currency))
    }

    /// Turns the sign around.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] for the one amount that has no opposite.
    pub fn negated(self) -> Result<Self, MoneyError> {
        let minor = self.minor.checked_neg().ok_or(MoneyError::Overflow)?;
        Ok(Self::new(minor, self.currency))
    }

    /// Adds up amounts of `currency`; nothing adds up to zero.
    ///
    /// # Errors
    /// [`MoneyError::CurrencyMismatch`], [`MoneyError::Overflow`].
    pub fn sum(currency: Currency, amounts: impl IntoIterator<Item = Self>) -> Result<Self, MoneyError> {
        amounts.into_iter().try_fold(Self::zero(currency), Self::plus)
    }

    /// The share `rate` of the amount, halves rounded away from zero (EN 16931's way of rounding tax).
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn share_half_up(self, rate: Rate) -> Result<Self, MoneyError> {
        self.parts_half_up(rate.ppm, Rate::WHOLE_PPM)
    }

    /// `parts` of `whole` equal parts of the amount, halves rounded away from zero.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`], also where there is no whole.
    pub fn parts_half_up(self, parts: u32, whole: u32) -> Result<Self, MoneyError> {
        let (parts, whole) = (i128::from(parts), i128::from(whole));
        let product = i128::from(self.minor).checked_mul(parts).ok_or(MoneyError::Overflow)?;
        let minor = divided_half_up(product, whole).ok_or(MoneyError::Overflow)?;
        Ok(Self::new(minor, self.currency))
    }

    /// Splits the amount over `weights` (none negative): each part is its proportion rounded down, and what is left
    /// goes unit by unit to the first parts with a weight, so that the parts add up to the whole.
    ///
    /// Equal weights of zero share evenly. No weights give no parts.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn split_floor(self, weights: &[i64]) -> Result<Vec<Self>, MoneyError> {
        let ones = vec![1; weights.len()];
        let weights = if weights.iter().all(|weight| *weight == 0) { &ones } else { weights };
        let whole: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
        let mut parts = Vec::with_capacity(weights.len());
        let mut left = self.minor;
        for weight in weights {
            let part = i128::from(self.minor)
                .checked_mul(i128::from(*weight))
                .and_then(|product| product.checked_div_euclid(whole))
                .and_then(|part| i64::try_from(part).ok())
                .ok_or(MoneyError::Overflow)?;
            left = left.checked_sub(part).ok_or(MoneyError::Overflow)?;
            parts.push(part);
        }
        for (part, weight) in parts.iter_mut().zip(weights) {
            if left > 0 && *weight > 0 {
                *part = part.checked_add(1).ok_or(MoneyError::Overflow)?;
                left = left.checked_sub(1).ok_or(MoneyError::Overflow)?;
            }
        }
        Ok(parts.into_iter().map(|minor| Self::new(minor, self.currency)).collect())
    }

    /// The amount as plain decimal text without its currency, all minor digits shown: `45.40`.
    pub fn to_decimal(self) -> String {
        let digits = usize::from(self.currency.digits);
        let sign = if self.minor < 0 { "-" } else { "" };
        let padded = format!("{:0>width$}", self.minor.unsigned_abs(), width = digits.saturating_add(1));
        let (whole, fraction) = padded.split_at(padded.len().saturating_sub(digits));
        if digits == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
    }

    fn same_currency(self, other: Self) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(MoneyError::CurrencyMismatch { left: self.currency, right: other.currency })
        }
    }
}

/// A quotient, halves rounded away from zero; none where it does not fit. `by` is not negative.
fn divided_half_up(amount: i128, by: i128) -> Option<i64> {
    let half = by.checked_div(2)?;
    let nudge = if amount < 0 { half.checked_neg()? } else { half };
    i64::try_from(amount.checked_add(nudge)?.checked_div(by)?).ok()
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.to_decimal(), self.currency)
    }
}

/// A rate in parts per million: 20 % is 200,000.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rate {
    ppm: u32,
}

impl Rate {
    /// Parts per million in a whole.
    pub const WHOLE_PPM: u32 = 1_000_000;

    /// No part at all.
    pub const ZERO: Self = Self { ppm: 0 };

    /// Makes a rate of `ppm` parts per million.
    pub const fn from_ppm(ppm: u32) -> Self {
        Self { ppm }
    }

    /// The rate in parts per million.
    pub const fn ppm(self) -> u32 {
        self.ppm
    }

    /// Reads a percentage such as `20` or `5.5`, exactly, up to 100.
    ///
    /// # Errors
    /// [`MoneyError::Syntax`] when it is not a percentage from 0 to 100 with at most four decimals.
    pub fn parse_percent(text: &str) -> Result<Self, MoneyError> {
        const PERCENT_DIGITS: Currency = Currency { code: "%", digits: 4 };
        let syntax = || MoneyError::Syntax { text: text.to_owned(), digits: 4 };
        let parsed = Money::parse(text, PERCENT_DIGITS).map_err(|_| syntax())?;
        let ppm = u32::try_from(parsed.minor).map_err(|_| syntax())?;
        if ppm > Self::WHOLE_PPM { Err(syntax()) } else { Ok(Self { ppm }) }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimal = Money::new(i64::from(self.ppm), Currency { code: "%", digits: 4 }).to_decimal();
        write!(f, "{} %", decimal.trim_end_matches('0').trim_end_matches('.'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eur(minor: i64) -> Money {
        Money::new(minor, Currency::EUR)
    }

    #[test]
    fn the_samples_of_the_providers_sum_and_tax_as_printed() {
        let twenty = Rate::from_ppm(200_000);
        let net = eur(199).plus(eur(3588)).expect("sums");
        let tax = net.share_half_up(twenty).expect("taxes");
        assert_eq!((net, tax, net.plus(tax).expect("sums")), (eur(3787), eur(757), eur(4544)));
        let sek = Money::new(15_900, Currency::SEK);
        assert_eq!(sek.share_half_up(Rate::from_ppm(250_000)), Ok(Money::new(3_975, Currency::SEK)));
        assert_eq!(eur(11_700).share_half_up(twenty), Ok(eur(2_340)));
    }

    #[test]
    fn halves_round_away_from_zero() {
        let rows = [(1, 500_000, 1), (-1, 500_000, -1), (3, 500_000, 2), (1, 499_999, 0), (0, 1_000_000, 0)];
        for (minor, ppm, rounded) in rows {
            assert_eq!(eur(minor).share_half_up(Rate::from_ppm(ppm)), Ok(eur(rounded)), "{minor} x {ppm}");
        }
    }

    #[test]
    fn a_share_of_a_months_price_is_rounded_to_the_nearest_cent_and_halves_away_from_zero() {
        // The first row is the provider's own sample: 2.5 a month for 4 months and 22 days.
        for (minor, parts, whole, rounded) in [
            (250, 142, 30, 1_183),
            (250, 30, 30, 250),
            (250, 0, 30, 0),
            (1, 14, 30, 0),
            (1, 15, 30, 1),
            (-1, 15, 30, -1),
            (-1, 14, 30, 0),
            (1, 1, 3, 0),
            (1, 2, 3, 1),
            (7, 1, 1, 7),
            (i64::MAX, 30, 30, i64::MAX),
            (i64::MIN, 30, 30, i64::MIN),
        ] {
            assert_eq!(eur(minor).parts_half_up(parts, whole), Ok(eur(rounded)), "{minor} x {parts} / {whole}");
        }
        for (minor, parts, whole) in [(1, 1, 0), (0, 0, 0), (i64::MAX, 31, 30), (i64::MIN, 31, 30)] {
            assert_eq!(
                eur(minor).parts_half_up(parts, whole),
                Err(MoneyError::Overflow),
                "{minor} x {parts} / {whole}"
            );
        }
    }

    #[test]
    fn only_exact_decimals_are_amounts() {
        for (text, minor) in [("45.44", 4544), ("45.4", 4540), ("45", 4500), ("-0.01", -1), ("0", 0)] {
            assert_eq!(Money::parse(text, Currency::EUR), Ok(eur(minor)), "{text}");
        }
        for text in ["", ".5", "5.", "1.234", "1e3", "+1", " 1", "--1", "1,5", "."] {
            assert!(matches!(Money::parse(text, Currency::EUR), Err(MoneyError::Syntax { .. })), "{text:?}");
        }
        assert_eq!(Money::parse("99999999999999999999", Currency::EUR), Err(MoneyError::Overflow));
    }

    #[test]
    fn amounts_that_do_not_fit_or_match_are_refused() {
        assert_eq!(eur(i64::MAX).plus(eur(1)), Err(MoneyError::Overflow));
        assert_eq!(eur(i64::MIN).minus(eur(1)), Err(MoneyError::Overflow));
        assert_eq!(eur(i64::MIN).negated(), Err(MoneyError::Overflow));
        assert!(matches!(eur(1).plus(Money::zero(Currency::SEK)), Err(MoneyError::CurrencyMismatch { .. })));
        assert!(matches!(Currency::parse("eur"), Err(MoneyError::UnknownCurrency { .. })));
    }

    #[test]
    fn text_and_percentages_read_back() {
        for (minor, text) in [(4540, "45.40"), (-5, "-0.05"), (0, "0.00")] {
            assert_eq!(eur(minor).to_decimal(), text);
        }
        let yen = Money::new(7, Currency::parse("JPY").expect("is known"));
        assert_eq!(yen.to_string(), "7 JPY");
        for (text, shown) in [("20", "20 %"), ("5.5", "5.5 %"), ("0", "0 %"), ("100", "100 %")] {
            assert_eq!(Rate::parse_percent(text).expect("is a rate").to_string(), shown);
        }
        assert!(Rate::parse_percent("100.01").is_err());
        assert!(Rate::parse_percent("-1").is_err());
    }

    proptest::proptest! {
        #[test]
        fn parts_add_up_to_the_whole(minor in -1_000_000_i64..1_000_000, weights in proptest::collection::vec(0_i64..10_000, 1..8)) {
            let parts = eur(minor).split_floor(&weights).expect("splits");
            proptest::prop_assert_eq!(Money::sum(Currency::EUR, parts), Ok(eur(minor)));
        }

        #[test]
        fn what_is_rendered_reads_back(minor in proptest::num::i64::ANY) {
            let money = eur(minor);
            if minor != i64::MIN {
                proptest::prop_assert_eq!(Money::parse(&money.to_decimal(), Currency::EUR), Ok(money));
            }
        }
    }
}
