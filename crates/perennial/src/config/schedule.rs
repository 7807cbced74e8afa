//! `[schedule]`: what becomes of services by themselves, and when.

use std::collections::BTreeSet;
use std::fmt;

use perennial_core::calendar::{Period, Zone};
use perennial_core::schedule::{Timetable, Timetables};
use serde::Deserialize;

use super::text::{Days, Text};

/// What becomes of services by themselves, and when.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "ScheduleSection")]
pub struct ScheduleConfig {
    /// Whether this process takes part. Default true; one that does not leaves it to others on the same ledger.
    pub enabled: bool,
    /// The zone whose midnights its days begin at. Default UTC. The same for all processes on a ledger.
    pub zone: Zone,
    /// After how many days at the most the schedule goes on by itself. Default 7: where the last day that was done is longer
    /// ago, the clock may be wrong, and nothing is done until a larger number confirms it.
    pub catch_up: u16,
    /// When services are renewed and their owners reminded. Those that are written take the place of all defaults. The same
    /// for all processes on a ledger.
    pub timetables: Timetables,
}

/// `[schedule]` as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScheduleSection {
    enabled: Option<bool>,
    zone: Option<Text<Zone>>,
    catch_up: Option<Text<Days>>,
    #[serde(default)]
    timetable: Vec<TimetableConfig>,
}

/// A timetable as it is written.
#[derive(Deserialize)]
#[serde(try_from = "TimetableSection")]
struct TimetableConfig(Timetable);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TimetableSection {
    period_min: Text<Period>,
    propose: Text<Days>,
    pay: Vec<Text<Days>>,
    remind: Vec<Text<Days>>,
}

impl TryFrom<ScheduleSection> for ScheduleConfig {
    type Error = String;

    fn try_from(ScheduleSection { enabled, zone, catch_up, timetable }: ScheduleSection) -> Result<Self, String> {
        let default = Self::default();
        let mut periods = BTreeSet::new();
        for TimetableConfig(row) in &timetable {
            if !periods.insert(row.period_min.to_string()) {
                return Err(format!("there are two timetables with `period_min` = {}", row.period_min));
            }
        }
        let written = || Timetables::instead(timetable.into_iter().map(|TimetableConfig(row)| row).collect());
        Ok(Self {
            enabled: enabled.unwrap_or(default.enabled),
            zone: zone.map_or(default.zone, |Text(zone)| zone),
            catch_up: catch_up.map_or(default.catch_up, |Text(Days(days))| days),
            timetables: if periods.is_empty() { default.timetables } else { written() },
        })
    }
}

impl Default for ScheduleConfig {
    fn default() -> Self {
        Self { enabled: true, zone: Zone::UTC, catch_up: 7, timetables: Timetables::default() }
    }
}

impl TryFrom<TimetableSection> for TimetableConfig {
    type Error = String;

    fn try_from(section: TimetableSection) -> Result<Self, String> {
        let TimetableSection { period_min: Text(period_min), propose: Text(Days(propose)), pay, remind } = section;
        let (pay, remind) = (each_once("pay", pay)?, each_once("remind", remind)?);
        match pay.iter().max() {
            None => Err("`pay` names no day on which a renewal is paid, such as [\"P14D\", \"P7D\"]".to_owned()),
            Some(first) if *first > propose => Err(format!(
                "`propose` is P{propose}D, after the first day of `pay`, P{first}D: what is not ordered cannot be paid"
            )),
            Some(_) => Ok(Self(Timetable { period_min, propose, pay, remind })),
        }
    }
}

fn each_once(name: &str, written: Vec<Text<Days>>) -> Result<Vec<u16>, String> {
    let mut seen = BTreeSet::new();
    let mut days = Vec::with_capacity(written.len());
    for Text(Days(day)) in written {
        if !seen.insert(day) {
            return Err(format!("`{name}` names P{day}D twice"));
        }
        days.push(day);
    }
    Ok(days)
}

/// A line for each timetable, longest periods first.
impl fmt::Display for ScheduleConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.enabled {
            return writeln!(f, "The schedule does not run here.");
        }
        writeln!(f, "The schedule's days begin at midnight in {}. Days before the expiry:", self.zone.name())?;
        for Timetable { period_min, propose, pay, remind } in self.timetables.rows() {
            let days = |days: &[u16]| match days {
                [] => "never".to_owned(),
                days => days.iter().map(u16::to_string).collect::<Vec<_>>().join(", "),
            };
            writeln!(
                f,
                "  from {period_min} on: ordered {propose}, paid {}; reminded, where nothing renews it, {}",
                days(pay),
                days(remind)
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<ScheduleConfig, String> {
        toml::from_str::<ScheduleConfig>(text).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_not_written_is_as_the_house_has_it() {
        let schedule = read("").expect("reads");
        assert!(schedule.enabled);
        assert_eq!((schedule.zone.name(), &schedule.timetables), ("UTC", &Timetables::default()));
        assert_eq!((schedule.catch_up, read("catch_up = \"P30D\"").expect("reads").catch_up), (7, 30));
        insta::assert_snapshot!(schedule, @"
        The schedule's days begin at midnight in UTC. Days before the expiry:
          from P1Y on: ordered 30, paid 14, 7, 3, 1; reminded, where nothing renews it, 60, 30, 14, 7, 3, 1
          from P3M on: ordered 14, paid 7, 3, 1; reminded, where nothing renews it, 30, 14, 7, 3, 1
          from P1M on: ordered 10, paid 5, 3, 1; reminded, where nothing renews it, 14, 7, 3, 1
          from P1W on: ordered 3, paid 2, 1; reminded, where nothing renews it, 3, 1
        ");
        assert_eq!(read("enabled = false").expect("reads").to_string(), "The schedule does not run here.\n");
    }

    #[test]
    fn timetables_that_are_written_take_the_place_of_the_built_in_ones_for_their_periods() {
        let schedule = read(
            r#"
            zone = "Europe/Paris"

            [[timetable]]
            period_min = "P1M"
            propose = "P2W"
            pay = ["P3D", "P7D"]
            remind = []

            [[timetable]]
            period_min = "P1Y"
            propose = "P30D"
            pay = ["P14D"]
            remind = ["P60D", "P1D"]
            "#,
        );
        insta::assert_snapshot!(schedule.expect("reads"), @"
        The schedule's days begin at midnight in Europe/Paris. Days before the expiry:
          from P1Y on: ordered 30, paid 14; reminded, where nothing renews it, 60, 1
          from P1M on: ordered 14, paid 7, 3; reminded, where nothing renews it, never
          from P1W on: ordered 3, paid 2, 1; reminded, where nothing renews it, 3, 1
        ");
    }

    #[test]
    fn what_is_wrong_with_a_timetable_is_told() {
        let table = |more: &str| {
            let row = "[[timetable]]\nperiod_min = \"P1Y\"\npropose = \"P30D\"\nremind = []\n";
            format!("{row}{more}")
        };
        for (text, why) in [
            (table("pay = []"), "`pay` names no day"),
            (table("pay = [\"P60D\"]"), "what is not ordered cannot be paid"),
            (table("pay = [\"P7D\", \"P1W\"]"), "`pay` names P7D twice"),
            (table("pay = [\"P1M\"]"), "`P1M` is not a number of days or weeks"),
            (table("pay = [\"P7D\"]\nretry = 3"), "unknown field `retry`"),
            (table(""), "missing field `pay`"),
            (
                format!("{}{}", table("pay = [\"P7D\"]\n"), table("pay = [\"P7D\"]")),
                "two timetables with `period_min` = P1Y",
            ),
            ("zone = \"Mars\"".to_owned(), "Mars"),
            ("catch_up = \"P1Y\"".to_owned(), "`P1Y` is not a number of days or weeks"),
            ("enabled = \"no\"".to_owned(), "boolean"),
        ] {
            let told = read(&text).expect_err(&text);
            assert!(told.contains(why), "{text}: {told}");
        }
    }
}
