//! Periods, as parameters write them: a count and the word of its unit. Each call has its own words and lengths.

use perennial_core::calendar::Period;

use crate::aliyun::wire::number::parse_number;

/// A unit that a call counts periods in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unit {
    /// Its word. Its case does not count: it varies in the vendor's own samples.
    pub word: &'static str,
    /// How long one of it is.
    pub each: Each,
    /// How many of it a period may have.
    pub counts: &'static [u16],
}

/// How long one of a unit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Each {
    /// So many months.
    Months(u16),
    /// A week.
    Week,
}

/// What of a period is wrong. Each call has its own codes for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// The word of the unit.
    Unit,
    /// The count: it is no number, or there is no such length.
    Count,
}

impl Unit {
    /// Reads a period that is counted in this unit; none where there is no such length.
    pub fn parse(&self, count: &str) -> Option<Period> {
        let count = parse_number(count).filter(|count| self.counts.contains(count))?;
        match self.each {
            Each::Months(months) => Period::months(months.checked_mul(count)?),
            Each::Week => Period::weeks(count),
        }
    }
}

/// Reads a period that is counted in one of these units.
pub(super) fn parse(units: &[Unit], count: &str, word: &str) -> Result<Period, Wrong> {
    let unit = units.iter().find(|unit| unit.word.eq_ignore_ascii_case(word)).ok_or(Wrong::Unit)?;
    unit.parse(count).ok_or(Wrong::Count)
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNITS: [Unit; 3] = [
        Unit { word: "Month", each: Each::Months(1), counts: &[0, 1, 2, 12] },
        Unit { word: "Year", each: Each::Months(12), counts: &[1, 3, 6000] },
        Unit { word: "Week", each: Each::Week, counts: &[1, 4] },
    ];

    #[test]
    fn a_period_is_a_count_and_a_unit_in_any_case() {
        for (count, word, period) in [
            ("1", "Month", "P1M"),
            ("2", "month", "P2M"),
            ("12", "MONTH", "P1Y"),
            ("3", "yEAR", "P3Y"),
            ("4", "week", "P4W"),
            ("1", "Week", "P1W"),
        ] {
            assert_eq!(parse(&UNITS, count, word).ok(), Period::parse(period).ok(), "{count} {word}");
        }
    }

    #[test]
    fn what_is_wrong_is_the_unit_or_the_count() {
        for word in ["", "Months", "Day", "M", "Mönth", " Month"] {
            assert_eq!(parse(&UNITS, "x", word), Err(Wrong::Unit), "{word}");
        }
        for (count, word) in [
            ("+1", "Month"),
            ("-1", "Month"),
            (" 1", "Month"),
            ("1.0", "Month"),
            ("", "Month"),
            ("x", "Month"),
            ("3", "Month"),
            ("0", "Month"),
            ("65537", "Month"),
            ("2", "Year"),
            ("6000", "Year"),
            ("2", "Week"),
        ] {
            assert_eq!(parse(&UNITS, count, word), Err(Wrong::Count), "{count} {word}");
        }
    }
}
