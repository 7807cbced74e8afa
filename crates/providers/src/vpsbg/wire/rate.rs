//! Rates: percentages of promo codes, and the multiplier that VAT is.

use serde::{Serialize, Serializer};

use crate::common::amount::number;

/// A percentage, from parts per million: `10`, `33.33`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Percentage(pub u32);

impl Serialize for Percentage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        number(&decimal(self.0, 10_000), serializer)
    }
}

/// A multiplier, from the parts per million that it adds to the whole: `1.2`, `1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Multiplier(pub u32);

impl Serialize for Multiplier {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const WHOLE_PPM: u32 = 1_000_000;
        number(&decimal(self.0.saturating_add(WHOLE_PPM), WHOLE_PPM), serializer)
    }
}

/// The text of a fraction whose lower part is a power of ten.
fn decimal(upper: u32, lower: u32) -> String {
    let digits = lower.ilog10() as usize;
    let text = format!("{}.{:0digits$}", upper / lower, upper % lower);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_written_as_the_documentation_has_them() {
        for (ppm, percentage, multiplier) in [
            (0, "0", "1"),
            (50_000, "5", "1.05"),
            (200_000, "20", "1.2"),
            (333_300, "33.33", "1.3333"),
            (1_000_000, "100", "2"),
            (1, "0.0001", "1.000001"),
        ] {
            assert_eq!(serde_json::to_string(&Percentage(ppm)).expect("writes"), percentage);
            assert_eq!(serde_json::to_string(&Multiplier(ppm)).expect("writes"), multiplier);
        }
    }
}
