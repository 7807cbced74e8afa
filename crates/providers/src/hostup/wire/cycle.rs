//! The words for how often something is billed, and the billing cycle of a domain: for how long it is renewed.

use perennial_core::calendar::Period;
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::reference::{Billing, Gate};
use crate::common::amount::Amount;

/// The API's words for how often something is billed, by months.
const CYCLES: [(u16, &str); 6] =
    [(1, "monthly"), (3, "quarterly"), (6, "semiannually"), (12, "annually"), (24, "biennially"), (36, "triennially")];

/// The API's word for a period; none for those that it has no word for.
pub fn cycle(period: Period) -> Option<&'static str> {
    let months = period.as_months()?;
    CYCLES.iter().find(|(known, _)| *known == months).map(|(_, word)| *word)
}

/// The period that a word of the API means.
pub fn period_of_cycle(word: &str) -> Option<Period> {
    CYCLES.iter().find(|(_, known)| *known == word).and_then(|(months, _)| Period::months(*months))
}

/// How long a domain is renewed for, and for how long it could be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BillingCycle {
    /// The word for it, if there is one.
    pub current_billing_cycle: Option<&'static str>,
    /// In years; null for what is no whole years.
    pub current_period_years: Option<u16>,
    /// ISO 4217.
    pub currency_code: &'static str,
    /// What there is to choose from.
    pub options: Vec<CycleOption>,
    /// Whether it cannot be changed now.
    pub locked: bool,
    /// What can be done.
    pub actions: CycleActions,
}

/// A length to choose. Its form is inferred.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CycleOption {
    /// The word for it, if there is one.
    pub billing_cycle: Option<&'static str>,
    /// In years.
    pub period_years: u16,
    /// What it costs, without VAT.
    pub amount: Amount,
    /// ISO 4217.
    pub currency_code: &'static str,
}

/// What can be done with a billing cycle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CycleActions {
    /// Changing it.
    pub can_change_billing_cycle: Gate,
}

/// A change of the billing cycle: one of the two, or both of the same length.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CycleUpdate {
    /// The word: `annually`, `biennially`, `triennially`.
    pub billing_cycle: Option<String>,
    /// In years.
    pub period_years: Option<Years>,
}

/// A number of years, which some write as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Years(pub u16);

impl<'de> Deserialize<'de> for Years {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;

        impl Visitor<'_> for Read {
            type Value = Years;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a number of years")
            }

            fn visit_i64<E: de::Error>(self, years: i64) -> Result<Years, E> {
                u16::try_from(years).map(Years).map_err(|_| E::custom("not a number of years"))
            }

            fn visit_u64<E: de::Error>(self, years: u64) -> Result<Years, E> {
                u16::try_from(years).map(Years).map_err(|_| E::custom("not a number of years"))
            }

            fn visit_str<E: de::Error>(self, years: &str) -> Result<Years, E> {
                years.parse().map(Years).map_err(|_| E::custom("not a number of years"))
            }
        }

        deserializer.deserialize_any(Read)
    }
}

/// A billing cycle that was changed. All but `billing` is inferred.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CycleChanged {
    /// What each renewal costs from now on.
    pub billing: Billing,
    /// How it stands now.
    #[serde(flatten)]
    pub cycle: BillingCycle,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_and_its_word_go_both_ways() {
        for (period, word) in [
            ("P1M", Some("monthly")),
            ("P3M", Some("quarterly")),
            ("P6M", Some("semiannually")),
            ("P1Y", Some("annually")),
            ("P2Y", Some("biennially")),
            ("P3Y", Some("triennially")),
            ("P4Y", None),
            ("P2M", None),
            ("P52W", None),
        ] {
            let period = Period::parse(period).expect("is a period");
            assert_eq!(cycle(period), word, "{period}");
            assert_eq!(word.and_then(period_of_cycle), word.map(|_| period), "{period}");
        }
        assert_eq!(period_of_cycle("free"), None);
    }
}
