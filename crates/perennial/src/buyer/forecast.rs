//! The forecast: what renewals will cost, by the policy, if nothing changes. Pure: prices were read before.

use std::collections::BTreeMap;

use jiff::civil::Date;
use perennial_core::buyer::holding::ProviderName;
use perennial_core::buyer::policy::Rule;
use perennial_core::buyer::remote::{Funds, Length, Offer};
use perennial_core::calendar::{AnchorDay, CalendarError, Period, add_period};
use perennial_core::money::{Currency, Money, MoneyError};

/// Why there is no forecast.
#[derive(Debug, thiserror::Error)]
pub enum ForecastError {
    /// A sum does not fit.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// A date is beyond the calendar.
    #[error(transparent)]
    Calendar(#[from] CalendarError),
}

/// A calendar month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month {
    year: i16,
    month: i8,
}

impl Month {
    /// The month of a date.
    pub fn of(date: Date) -> Self {
        Self { year: date.year(), month: date.month() }
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

/// Amounts added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Total {
    /// Of how many renewals.
    pub renewals: u64,
    /// Without tax.
    pub net: Money,
    /// The tax.
    pub tax: Money,
    /// Tax included.
    pub gross: Money,
}

impl Total {
    /// Nothing.
    pub const fn zero(currency: Currency) -> Self {
        let zero = Money::zero(currency);
        Self { renewals: 0, net: zero, tax: zero, gross: zero }
    }

    /// Adds one renewal.
    ///
    /// # Errors
    /// [`MoneyError`].
    pub fn add(&mut self, offer: &Offer) -> Result<(), MoneyError> {
        self.plus(&Self { renewals: 1, net: offer.net, tax: offer.tax, gross: offer.gross })
    }

    /// Adds another total.
    ///
    /// # Errors
    /// [`MoneyError`].
    pub fn plus(&mut self, other: &Self) -> Result<(), MoneyError> {
        self.renewals = self.renewals.saturating_add(other.renewals);
        self.net = self.net.plus(other.net)?;
        self.tax = self.tax.plus(other.tax)?;
        self.gross = self.gross.plus(other.gross)?;
        Ok(())
    }
}

/// The renewals of one service to come.
#[derive(Clone, Debug)]
pub struct Renewals<'a> {
    /// The rule that is for it.
    pub rule: &'a Rule,
    /// Its expiry now.
    pub until: Date,
    /// What the next renewal is offered for.
    pub next: Offer,
    /// What those after it are taken to cost.
    pub later: Offer,
}

impl Renewals<'_> {
    /// The days on which money is needed, from today to before a day: each renewal on the day from which it is due, those
    /// that are due already today.
    ///
    /// # Errors
    /// [`CalendarError`].
    pub fn payments(&self, today: Date, before: Date) -> Result<Vec<(Date, &Offer)>, CalendarError> {
        let mut paid = Vec::new();
        let (mut until, mut offer) = (self.until, &self.next);
        loop {
            let due = self.rule.due_on(until).max(today);
            if due >= before {
                return Ok(paid);
            }
            paid.push((due, offer));
            let renewed = if paid.len() == 1 { self.next.until } else { self.after(until)? };
            // A renewal that moves nothing would be paid for without end.
            if renewed <= until {
                return Err(CalendarError::Range);
            }
            (until, offer) = (renewed, &self.later);
        }
    }

    /// Leaves the next one out: it is paid for already.
    ///
    /// # Errors
    /// [`CalendarError`].
    pub fn skip(&mut self) -> Result<(), CalendarError> {
        let until = self.after(self.next.until)?;
        self.until = self.next.until;
        self.next = Offer { until, length: self.next.length, ..self.later.clone() };
        Ok(())
    }

    /// Where a later renewal ends.
    fn after(&self, until: Date) -> Result<Date, CalendarError> {
        match (self.next.length, self.later.length) {
            (Length::ToDay(day), Length::Period(period)) => add_period(until, period, day),
            (_, Length::ToDay(day)) => add_period(until, a_month(), day),
            (Length::Period(_), Length::Period(period)) => add_period(until, period, self.anchor()),
        }
    }

    /// The day of the month its terms fall on, as far as two dates show it: a service that stands on 28 February may be
    /// one of the 31st, and where its next term ends tells.
    fn anchor(&self) -> AnchorDay {
        AnchorDay::of(if self.next.until.day() > self.until.day() { self.next.until } else { self.until })
    }
}

/// A month.
pub const fn a_month() -> Period {
    Period::Months(std::num::NonZeroU16::MIN)
}

/// The first day that is not forecast: so many months are, the one of today included.
///
/// # Errors
/// [`CalendarError`].
pub fn end_of(today: Date, months: u16) -> Result<Date, CalendarError> {
    let first = today.first_of_month();
    Period::months(months).map_or(Ok(first), |period| add_period(first, period, AnchorDay::of(first)))
}

/// What is needed, by month, account and currency.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forecast {
    /// The sums.
    pub months: BTreeMap<(Month, ProviderName, Currency), Total>,
}

impl Forecast {
    /// Adds a service's renewals.
    ///
    /// # Errors
    /// [`ForecastError`].
    pub fn add(
        &mut self,
        provider: &ProviderName,
        renewals: &Renewals<'_>,
        today: Date,
        before: Date,
    ) -> Result<(), ForecastError> {
        for (due, offer) in renewals.payments(today, before)? {
            let currency = offer.gross.currency();
            let key = (Month::of(due), provider.clone(), currency);
            self.months.entry(key).or_insert_with(|| Total::zero(currency)).add(offer)?;
        }
        Ok(())
    }

    /// What is needed over all months, by account and currency.
    ///
    /// # Errors
    /// [`MoneyError`].
    pub fn totals(&self) -> Result<BTreeMap<(ProviderName, Currency), Total>, MoneyError> {
        let mut totals = BTreeMap::new();
        for ((_, provider, currency), total) in &self.months {
            let sum = totals.entry((provider.clone(), *currency)).or_insert_with(|| Total::zero(*currency));
            sum.plus(total)?;
        }
        Ok(totals)
    }
}

/// What is missing on an account: what is needed, without what is there in its currency. Nothing is missing where there
/// is enough; none where there is not, and something else to pay with, such as a card, may cover the rest.
///
/// # Errors
/// [`MoneyError`].
pub fn shortfall(needed: Money, funds: &[Funds]) -> Result<Option<Money>, MoneyError> {
    let currency = needed.currency();
    let amounts = funds.iter().filter_map(|funds| funds.amount).filter(|amount| amount.currency() == currency);
    let missing = needed.minus(Money::sum(currency, amounts)?)?;
    if missing.minor() <= 0 {
        return Ok(Some(Money::zero(currency)));
    }
    Ok(Some(missing).filter(|_| funds.iter().all(|funds| funds.amount.is_some())))
}

#[cfg(test)]
mod tests {
    use perennial_core::buyer::policy::{Match, Mode, NativeToo, TermChoice};
    use perennial_core::calendar::parse_date;

    use super::*;
    use crate::buyer::document::parse_length;
    use crate::buyer::example::{self, euros};

    fn date(text: &str) -> Date {
        parse_date(text).expect("is a date")
    }

    fn rule(renew_before_days: u16) -> Rule {
        let term = TermChoice::Fixed(a_month());
        Rule {
            matches: Match::default(),
            renew_before_days,
            term,
            price_max: None,
            mode: Mode::Ask,
            native: NativeToo::Conflict,
        }
    }

    /// The days on which a service is paid for.
    fn days(rule: &Rule, until: &str, period: &str, next: &str, today: &str, before: &str) -> Vec<String> {
        let mut offer = example::offer(&example::holding("ovh", "1", until), period, "10");
        offer.until = date(next);
        let renewals = Renewals { rule, until: date(until), later: offer.clone(), next: offer };
        let paid = renewals.payments(date(today), date(before)).expect("fits");
        paid.into_iter().map(|(day, _)| day.to_string()).collect()
    }

    #[test]
    fn terms_that_end_on_the_31st_survive_february() {
        let days = days(&rule(0), "2027-01-31", "P1M", "2027-02-28", "2027-01-01", "2027-06-01");
        assert_eq!(days, ["2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31"]);
    }

    #[test]
    fn the_next_term_shows_an_anchor_that_february_hides() {
        let days = days(&rule(0), "2027-02-28", "P1M", "2027-03-31", "2027-02-01", "2027-06-01");
        assert_eq!(days, ["2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31"]);
    }

    #[test]
    fn a_leap_day_comes_back_after_four_years() {
        let days = days(&rule(14), "2028-02-29", "P1Y", "2029-02-28", "2028-01-01", "2033-01-01");
        assert_eq!(days, ["2028-02-15", "2029-02-14", "2030-02-14", "2031-02-14", "2032-02-15"]);
    }

    #[test]
    fn what_is_due_already_is_paid_today() {
        let days = days(&rule(14), "2026-11-25", "P2W", "2026-12-09", "2026-11-22", "2027-01-01");
        assert_eq!(days, ["2026-11-22", "2026-11-25", "2026-12-09", "2026-12-23"]);
        let late = self::days(&rule(14), "2026-10-31", "P1M", "2026-11-30", "2026-11-22", "2027-01-01");
        assert_eq!(
            late,
            ["2026-11-22", "2026-11-22", "2026-12-17"],
            "a service that lapsed is renewed from where it ended"
        );
    }

    #[test]
    fn a_renewal_that_moves_nothing_is_an_error_and_no_endless_loop() {
        let rule = rule(0);
        let mut offer = example::offer(&example::holding("ovh", "1", "2027-01-31"), "P1M", "10");
        offer.until = date("2027-01-31");
        let renewals = Renewals { rule: &rule, until: date("2027-01-31"), later: offer.clone(), next: offer };
        assert_eq!(renewals.payments(date("2027-01-01"), date("2028-01-01")), Err(CalendarError::Range));
    }

    #[test]
    fn an_alignment_is_followed_by_months_on_its_day() {
        let rule = rule(0);
        let holding = example::holding("aliyun", "1", "2027-01-10");
        let mut next = example::offer(&holding, "P1M", "13");
        (next.length, next.until) = (parse_length("to day 31").expect("is a length"), date("2027-02-28"));
        let later = example::offer(&holding, "P1M", "10");
        let renewals = Renewals { rule: &rule, until: date("2027-01-10"), next, later };
        let paid = renewals.payments(date("2027-01-01"), date("2027-06-01")).expect("fits");
        let shown: Vec<_> = paid.iter().map(|(day, offer)| format!("{day} {}", offer.gross)).collect();
        let expected = ["2027-01-10 13.00 EUR", "2027-02-28 10.00 EUR", "2027-03-31 10.00 EUR", "2027-04-30 10.00 EUR"];
        assert_eq!(shown[..4], expected);
        assert_eq!(paid.len(), 5);
    }

    #[test]
    fn months_begin_with_this_one() {
        for (today, months, end) in
            [("2026-11-22", 1, "2026-12-01"), ("2026-11-22", 12, "2027-11-01"), ("2026-11-22", 0, "2026-11-01")]
        {
            assert_eq!(end_of(date(today), months), Ok(date(end)), "{today} {months}");
        }
    }

    #[test]
    fn sums_are_kept_by_month_account_and_currency() {
        let rule = rule(14);
        let mut forecast = Forecast::default();
        let (today, before) = (date("2026-11-22"), date("2027-02-01"));
        for (provider, id, price) in [("ovh", "1", "1.99"), ("ovh", "2", "35.88"), ("vpsbg", "3", "25")] {
            let holding = example::holding(provider, id, "2026-12-31");
            let offer = example::offer(&holding, "P1M", price);
            let renewals = Renewals { rule: &rule, until: holding.stand.until, later: offer.clone(), next: offer };
            forecast.add(&holding.key.provider, &renewals, today, before).expect("adds up");
        }
        let shown = |key: &(Month, ProviderName, Currency)| format!("{} {} {}", key.0, key.1, key.2);
        let months: Vec<_> =
            forecast.months.iter().map(|(key, total)| format!("{} {}", shown(key), total.gross)).collect();
        let expected = [
            "2026-12 ovh EUR 37.87 EUR",
            "2026-12 vpsbg EUR 25.00 EUR",
            "2027-01 ovh EUR 37.87 EUR",
            "2027-01 vpsbg EUR 25.00 EUR",
        ];
        assert_eq!(months, expected);
        let totals = forecast.totals().expect("adds up");
        let sums: Vec<_> = totals.values().map(|total| (total.renewals, total.gross.to_decimal())).collect();
        assert_eq!(sums, [(4, "75.74".to_owned()), (2, "50.00".to_owned())]);
    }

    #[test]
    fn what_is_missing_is_what_the_account_does_not_hold() {
        let funds = |amount: Option<Money>| Funds { kind: "balance".to_owned(), amount };
        let crowns = Money::parse("1000", Currency::SEK).expect("is an amount");
        for (there, missing) in [
            (vec![], Some("50")),
            (vec![funds(Some(euros("20"))), funds(Some(euros("5"))), funds(Some(crowns))], Some("25")),
            (vec![funds(Some(euros("20"))), funds(None)], None),
            (vec![funds(Some(euros("50"))), funds(None)], Some("0")),
            (vec![funds(Some(euros("50")))], Some("0")),
            (vec![funds(Some(euros("70")))], Some("0")),
            (vec![funds(Some(euros("-10")))], Some("60")),
        ] {
            assert_eq!(shortfall(euros("50"), &there).expect("adds up"), missing.map(euros), "{there:?}");
        }
    }
}
