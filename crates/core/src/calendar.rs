//! The calendar: periods, terms, anchor days, and adding a period to a date.
//!
//! Terms are civil dates of the account's billing zone. The zone matters in one place only, [`Zone`], where a civil
//! date becomes an instant and back.

use std::fmt;
use std::num::NonZeroU16;

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::{Offset, TimeZone};

/// Why a date or a period could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// The text is not a period of whole months or whole weeks.
    #[error("`{text}` is not a period of whole weeks, months or years, such as P1M, P1Y or P2W")]
    Period {
        /// What was written.
        text: String,
    },
    /// The text is not a civil date.
    #[error("`{text}` is not a date such as 2027-01-31")]
    Date {
        /// What was written.
        text: String,
    },
    /// The day is not from 1 to 31.
    #[error("{day} is not a day of the month")]
    AnchorDay {
        /// What was given.
        day: i8,
    },
    /// The name is not in the time-zone database.
    #[error("`{name}` is not a time zone such as Europe/Paris")]
    Zone {
        /// What was written.
        name: String,
    },
    /// The date is beyond the year 9999, or a span ends before it starts.
    #[error("the date is out of range")]
    Range,
}

/// A prepaid length of time: whole months or whole weeks. Zero cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Period {
    /// Whole months; a year is twelve.
    Months(NonZeroU16),
    /// Whole weeks.
    Weeks(NonZeroU16),
}

impl Period {
    /// A period of `count` months, if there are any.
    pub fn months(count: u16) -> Option<Self> {
        NonZeroU16::new(count).map(Self::Months)
    }

    /// A period of `count` weeks, if there are any.
    pub fn weeks(count: u16) -> Option<Self> {
        NonZeroU16::new(count).map(Self::Weeks)
    }

    /// Reads ISO 8601: `P3M`, `P1Y`, `P1Y6M`, `P2W`. `P12M` and `P1Y` are the same period.
    ///
    /// # Errors
    /// [`CalendarError::Period`] for days, hours, fractions, signs, nothing at all, or more than 65,535 units.
    pub fn parse(text: &str) -> Result<Self, CalendarError> {
        Self::parse_iso(text).ok_or_else(|| CalendarError::Period { text: text.to_owned() })
    }

    fn parse_iso(text: &str) -> Option<Self> {
        const YEAR: u16 = 12;
        let rest = text.strip_prefix('P')?;
        if let Some(weeks) = rest.strip_suffix('W') {
            return Self::weeks(parse_count(weeks)?);
        }
        let (years, rest) = rest.split_once('Y').map_or((Some(0), rest), |(years, rest)| (parse_count(years), rest));
        let months = if rest.is_empty() { Some(0) } else { rest.strip_suffix('M').and_then(parse_count) };
        Self::months(years?.checked_mul(YEAR)?.checked_add(months?)?)
    }

    /// How many whole months the period has, if it is counted in months.
    pub fn as_months(self) -> Option<u16> {
        match self {
            Self::Months(count) => Some(count.get()),
            Self::Weeks(_) => None,
        }
    }
}

fn parse_count(digits: &str) -> Option<u16> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Months(count) if count.get().is_multiple_of(12) => write!(f, "P{}Y", count.get().div_euclid(12)),
            Self::Months(count) => write!(f, "P{count}M"),
            Self::Weeks(count) => write!(f, "P{count}W"),
        }
    }
}

/// The day of month on which a service's terms fall: 31 survives February.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnchorDay(i8); // 1..=31

impl AnchorDay {
    /// Makes an anchor day from 1 to 31.
    ///
    /// # Errors
    /// [`CalendarError::AnchorDay`].
    pub fn new(day: i8) -> Result<Self, CalendarError> {
        if (1..=31).contains(&day) { Ok(Self(day)) } else { Err(CalendarError::AnchorDay { day }) }
    }

    /// The anchor day that a date itself sets.
    pub fn of(date: Date) -> Self {
        Self(date.day())
    }

    /// The day, 1 to 31.
    pub const fn get(self) -> i8 {
        self.0
    }

    /// Whether a date is on the day, or is the end of a month that is shorter.
    pub fn is_on(self, date: Date) -> bool {
        date.day() == self.0.min(date.days_in_month())
    }
}

/// A paid span `from <= day < until`, in civil dates of the billing zone. `until` is the expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    from: Date,
    until: Date,
}

impl Term {
    /// Makes a term that is not empty.
    ///
    /// # Errors
    /// [`CalendarError::Range`] when it would end on or before its first day.
    pub fn new(from: Date, until: Date) -> Result<Self, CalendarError> {
        if from < until { Ok(Self { from, until }) } else { Err(CalendarError::Range) }
    }

    /// The term that follows an expiry: early or late, a renewal counts from the old expiry.
    ///
    /// # Errors
    /// [`CalendarError::Range`] beyond the calendar.
    pub fn following(expiry: Date, period: Period, anchor: AnchorDay) -> Result<Self, CalendarError> {
        Self::new(expiry, add_period(expiry, period, anchor)?)
    }

    /// The first day.
    pub const fn from(self) -> Date {
        self.from
    }

    /// The expiry: the first day that is not paid.
    pub const fn until(self) -> Date {
        self.until
    }
}

/// Adds a period to a date. Months are counted from the anchor day and clamped to the month's end, so that n renewals
/// of one month end where one renewal of n months ends. Weeks are counted in days and know no anchor.
///
/// # Errors
/// [`CalendarError::Range`] beyond the year 9999.
pub fn add_period(date: Date, period: Period, anchor: AnchorDay) -> Result<Date, CalendarError> {
    const MONTHS_A_YEAR: i32 = 12;
    const DAYS_A_WEEK: i32 = 7;
    match period {
        Period::Weeks(count) => i32::from(count.get())
            .checked_mul(DAYS_A_WEEK)
            .and_then(|days| date.checked_add(jiff::Span::new().try_days(days).ok()?).ok())
            .ok_or(CalendarError::Range),
        Period::Months(count) => {
            let zero_based = i32::from(date.year())
                .checked_mul(MONTHS_A_YEAR)
                .and_then(|months| months.checked_add(i32::from(date.month())))
                .and_then(|months| months.checked_add(i32::from(count.get())))
                .and_then(|months| months.checked_sub(1))
                .ok_or(CalendarError::Range)?;
            let year = i16::try_from(zero_based.div_euclid(MONTHS_A_YEAR)).map_err(|_| CalendarError::Range)?;
            let month = i8::try_from(zero_based.rem_euclid(MONTHS_A_YEAR))
                .ok()
                .and_then(|month| month.checked_add(1))
                .ok_or(CalendarError::Range)?;
            let first = Date::new(year, month, 1).map_err(|_| CalendarError::Range)?;
            Date::new(year, month, anchor.get().min(first.days_in_month())).map_err(|_| CalendarError::Range)
        }
    }
}

/// The first date on or after a date that falls on a day of the month, or on the end of a month that is shorter.
///
/// # Errors
/// [`CalendarError::Range`] beyond the year 9999.
pub fn next_day(date: Date, day: AnchorDay) -> Result<Date, CalendarError> {
    let in_month = Date::new(date.year(), date.month(), day.get().min(date.days_in_month()));
    let in_month = in_month.map_err(|_| CalendarError::Range)?;
    if in_month >= date { Ok(in_month) } else { add_period(date, Period::Months(NonZeroU16::MIN), day) }
}

/// How long it is from one date to a later one: whole months, counted from the anchor day, and days over.
///
/// # Errors
/// [`CalendarError::Range`] where `until` is before `from`, or further than months can be counted.
pub fn months_and_days(from: Date, until: Date, anchor: AnchorDay) -> Result<(u16, u32), CalendarError> {
    let mut reached = from;
    let mut months: u16 = 0;
    loop {
        let next = months.checked_add(1).ok_or(CalendarError::Range)?;
        let period = Period::months(next).ok_or(CalendarError::Range)?;
        match add_period(from, period, anchor) {
            Ok(end) if end <= until => (months, reached) = (next, end),
            // Past the calendar is past `until`, too.
            _ => break,
        }
    }
    let days = until.since(reached).map_err(|_| CalendarError::Range)?.get_days();
    Ok((months, u32::try_from(days).map_err(|_| CalendarError::Range)?))
}

/// Reads a civil date such as `2027-01-31`.
///
/// # Errors
/// [`CalendarError::Date`].
pub fn parse_date(text: &str) -> Result<Date, CalendarError> {
    let error = || CalendarError::Date { text: text.to_owned() };
    if text.len() == 10 { text.parse().map_err(|_| error()) } else { Err(error()) }
}

/// A billing zone: where a civil date of service becomes an instant, and an instant a civil date.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone(TimeZone);

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Self = Self(TimeZone::UTC);

    /// Finds a zone of the time-zone database by its name, such as `Europe/Paris`.
    ///
    /// # Errors
    /// [`CalendarError::Zone`].
    pub fn parse(name: &str) -> Result<Self, CalendarError> {
        TimeZone::get(name).map(Self).map_err(|_| CalendarError::Zone { name: name.to_owned() })
    }

    /// The zone's name in the database.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The civil date of an instant here.
    pub fn date_of(&self, instant: Timestamp) -> Date {
        self.0.to_datetime(instant).date()
    }

    /// The time of day of an instant here.
    pub fn time_of(&self, instant: Timestamp) -> Time {
        self.0.to_datetime(instant).time()
    }

    /// The instant at which a date begins here: local midnight, or the first moment after it where the clocks skip it.
    ///
    /// # Errors
    /// [`CalendarError::Range`] at the very ends of the calendar.
    pub fn midnight(&self, date: Date) -> Result<Timestamp, CalendarError> {
        self.0.to_ambiguous_timestamp(date.at(0, 0, 0, 0)).compatible().map_err(|_| CalendarError::Range)
    }

    /// The offset from universal time that holds here at an instant.
    pub fn offset_of(&self, instant: Timestamp) -> Offset {
        self.0.to_offset(instant)
    }

    /// The instant with this zone's offset, as RFC 3339 to the second: `2018-05-15T15:49:06+02:00`.
    pub fn render(&self, instant: Timestamp) -> String {
        instant.display_with_offset(self.0.to_offset(instant)).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        parse_date(text).expect("is a date")
    }

    fn period(text: &str) -> Period {
        Period::parse(text).expect("is a period")
    }

    #[test]
    fn twelve_months_are_a_year() {
        for (text, rendered) in
            [("P12M", "P1Y"), ("P1Y", "P1Y"), ("P1Y6M", "P18M"), ("P3M", "P3M"), ("P2W", "P2W"), ("P84M", "P7Y")]
        {
            assert_eq!(period(text).to_string(), rendered, "{text}");
        }
    }

    #[test]
    fn other_texts_are_no_periods() {
        for text in [
            "", "P", "P0M", "P0W", "p1m", "1 month", "P1D", "P-1M", "+P1M", "P1.5Y", "P1M1Y", "PT1M", "P1W1M",
            "P65536M", "P9999Y",
        ] {
            assert!(Period::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_renewal_on_the_31st_ends_on_the_last_day_of_february() {
        let rows = [
            ("2027-01-31", "P1M", 31, "2027-02-28"),
            ("2027-02-28", "P1M", 31, "2027-03-31"),
            ("2028-01-31", "P1M", 31, "2028-02-29"),
            ("2028-02-29", "P1Y", 29, "2029-02-28"),
            ("2029-02-28", "P3Y", 29, "2032-02-29"),
            ("2026-12-15", "P1M", 15, "2027-01-15"),
            ("2026-12-15", "P2W", 15, "2026-12-29"),
        ];
        for (from, text, anchor, until) in rows {
            let anchor = AnchorDay::new(anchor).expect("is a day");
            assert_eq!(add_period(date(from), period(text), anchor), Ok(date(until)), "{from} {text}");
        }
        assert_eq!(add_period(date("9999-12-01"), period("P1M"), AnchorDay(1)), Err(CalendarError::Range));
    }

    #[test]
    fn a_span_is_whole_months_from_its_anchor_day_and_days_over() {
        for (from, until, anchor, months, days) in [
            ("2025-03-19", "2025-08-10", 19, 4, 22),
            ("2025-03-19", "2025-03-19", 19, 0, 0),
            ("2025-03-19", "2025-03-20", 19, 0, 1),
            ("2025-03-19", "2025-04-18", 19, 0, 30),
            ("2025-03-19", "2025-04-19", 19, 1, 0),
            ("2025-01-31", "2025-02-28", 31, 1, 0),
            ("2025-01-31", "2025-03-30", 31, 1, 30),
            ("2025-01-31", "2025-03-31", 31, 2, 0),
            ("2025-02-28", "2025-03-30", 31, 0, 30),
            ("2024-02-29", "2025-02-28", 29, 12, 0),
            ("2025-01-20", "2025-02-10", 5, 1, 5),
            ("9999-11-15", "9999-12-31", 15, 1, 16),
        ] {
            let anchor = AnchorDay::new(anchor).expect("is a day");
            assert_eq!(months_and_days(date(from), date(until), anchor), Ok((months, days)), "{from} to {until}");
        }
        let backwards = months_and_days(date("2025-03-19"), date("2025-03-18"), AnchorDay(19));
        assert_eq!(backwards, Err(CalendarError::Range));
    }

    #[test]
    fn the_next_day_of_the_month_is_in_this_month_or_the_next() {
        for (from, day, next) in [
            ("2026-11-08", 12, "2026-11-12"),
            ("2026-11-12", 12, "2026-11-12"),
            ("2026-11-18", 12, "2026-12-12"),
            ("2026-12-18", 1, "2027-01-01"),
            ("2027-02-10", 31, "2027-02-28"),
            ("2027-01-31", 28, "2027-02-28"),
        ] {
            let day = AnchorDay::new(day).expect("is a day");
            assert_eq!(next_day(date(from), day), Ok(date(next)), "{from} {day:?}");
        }
        assert_eq!(next_day(date("9999-12-20"), AnchorDay(1)), Err(CalendarError::Range));
    }

    #[test]
    fn daylight_saving_moves_no_term() {
        let sofia = Zone::parse("Europe/Sofia").expect("is a zone");
        for (day, instant) in [
            ("2024-03-05", "2024-03-04T22:00:00Z"),
            ("2024-06-05", "2024-06-04T21:00:00Z"),
            ("2024-11-05", "2024-11-04T22:00:00Z"),
        ] {
            let midnight = sofia.midnight(date(day)).expect("is in range");
            assert_eq!(midnight.to_string(), instant);
            assert_eq!(sofia.date_of(midnight), date(day));
        }
        let beirut = Zone::parse("Asia/Beirut").expect("is a zone");
        let skipped = beirut.midnight(date("2024-03-31")).expect("is in range");
        assert_eq!(beirut.date_of(skipped), date("2024-03-31"));
        assert_eq!(Zone::UTC.name(), "UTC");
        assert!(Zone::parse("Mars/Olympus").is_err());
    }

    #[test]
    fn instants_are_rendered_with_their_offset() {
        let paris = Zone::parse("Europe/Paris").expect("is a zone");
        let instant: Timestamp = "2018-05-15T13:49:06Z".parse().expect("is an instant");
        assert_eq!(paris.render(instant), "2018-05-15T15:49:06+02:00");
    }

    #[test]
    fn dates_days_and_terms_refuse_what_they_cannot_be() {
        assert!(parse_date("2027-2-1").is_err());
        assert!(parse_date("2027-02-30").is_err());
        assert_eq!(AnchorDay::new(0), Err(CalendarError::AnchorDay { day: 0 }));
        assert_eq!(AnchorDay::new(32), Err(CalendarError::AnchorDay { day: 32 }));
        assert_eq!(Term::new(date("2027-01-01"), date("2027-01-01")), Err(CalendarError::Range));
    }

    proptest::proptest! {
        #[test]
        fn a_term_of_months_is_that_many_months_and_no_days(days in 0_i32..84_000, months in 1_u16..120, odd in 0_u32..27) {
            let start = date("1970-01-01").checked_add(jiff::Span::new().days(days)).expect("is in range");
            let anchor = AnchorDay::of(start);
            let end = add_period(start, Period::months(months).expect("is not zero"), anchor).expect("is in range");
            let later = end.checked_add(jiff::Span::new().days(i64::from(odd))).expect("is in range");
            proptest::prop_assert_eq!(months_and_days(start, later, anchor), Ok((months, odd)));
        }

        #[test]
        fn renewals_of_one_month_end_where_one_renewal_of_all_ends(days in 0_i32..84_000, months in 1_u16..120) {
            let start = date("1970-01-01").checked_add(jiff::Span::new().days(days)).expect("is in range");
            let anchor = AnchorDay::of(start);
            let mut step = start;
            for _ in 0..months {
                step = add_period(step, period("P1M"), anchor).expect("is in range");
            }
            let leap = add_period(start, Period::months(months).expect("is not zero"), anchor).expect("is in range");
            proptest::prop_assert_eq!(step, leap);
        }

        #[test]
        fn what_is_rendered_reads_back(count in 1_u16.., weeks: bool) {
            let made = if weeks { Period::weeks(count) } else { Period::months(count) }.expect("is not zero");
            proptest::prop_assert_eq!(Period::parse(&made.to_string()), Ok(made));
        }
    }
}
