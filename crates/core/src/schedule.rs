//! The schedule: what becomes of a service because time passes, and on which day.
//!
//! Every stage is so many days before or after the expiry. Whoever goes through the days asks, for each of
//! [`Timetables::offsets`], for the services that expire so many days from then: nothing has to be planned ahead, and
//! nothing planned has to be changed when a service or a timetable is.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::calendar::Period;
use crate::ids::{AccountId, ServiceId};
use crate::product::Product;
use crate::service::{RenewalMode, Service};

/// Something that becomes of a service once for each of its expiries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Its renewal is ordered, and its owner is told what will be charged, when and how.
    Proposal,
    /// Its renewal is paid, or that is tried, so many days before the expiry.
    Payment(u16),
    /// Its owner is reminded, so many days before the expiry.
    Reminder(u16),
    /// It has expired.
    Expired,
    /// Its days of grace are over.
    Suspended,
    /// It is deleted, and can be had back for a fee.
    Redemption,
    /// It is gone for good.
    Terminated,
}

impl Stage {
    /// The word for it in SQL and replies, such as `payment-14`.
    pub fn word(self) -> String {
        match self {
            Self::Proposal => "proposal".to_owned(),
            Self::Payment(days) => format!("payment-{days}"),
            Self::Reminder(days) => format!("reminder-{days}"),
            Self::Expired => "expired".to_owned(),
            Self::Suspended => "suspended".to_owned(),
            Self::Redemption => "redemption".to_owned(),
            Self::Terminated => "terminated".to_owned(),
        }
    }
}

/// A stage that a service went through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attended {
    /// Whose service.
    pub account: AccountId,
    /// Which service.
    pub service: ServiceId,
    /// The expiry that it was about.
    pub until: Date,
    /// The stage, as [`Stage::word`] has it.
    pub stage: String,
    /// When.
    pub at: Timestamp,
}

/// When services of a length of term are renewed by themselves, and when their owners are reminded: in days before the
/// expiry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timetable {
    /// The shortest period that it is for.
    pub period_min: Period,
    /// When the renewal is ordered.
    pub propose: u16,
    /// When it is paid, and, as long as that fails, tried again; the last time with whatever else the account has. Where
    /// there are none, nothing is renewed by itself.
    pub pay: Vec<u16>,
    /// When the owner of a service that is not renewed is reminded.
    pub remind: Vec<u16>,
}

/// How many days after its expiry a service is looked at each day; later, on the days on which something ends.
const DAILY_MAX: i32 = 100;

/// All timetables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timetables(Vec<Timetable>); // longest period first

impl Default for Timetables {
    /// A year: ordered a month ahead, paid in four attempts from two weeks ahead. Shorter terms in proportion.
    fn default() -> Self {
        let row = |period_min, propose, pay: &[u16], remind: &[u16]| Timetable {
            period_min,
            propose,
            pay: pay.to_vec(),
            remind: remind.to_vec(),
        };
        let periods = (Period::months(12), Period::months(3), Period::months(1), Period::weeks(1));
        let (Some(year), Some(quarter), Some(month), Some(week)) = periods else { return Self(Vec::new()) };
        Self::new(vec![
            row(year, 30, &[14, 7, 3, 1], &[60, 30, 14, 7, 3, 1]),
            row(quarter, 14, &[7, 3, 1], &[30, 14, 7, 3, 1]),
            row(month, 10, &[5, 3, 1], &[14, 7, 3, 1]),
            row(week, 3, &[2, 1], &[3, 1]),
        ])
    }
}

impl Timetables {
    /// Takes timetables in any order.
    pub fn new(mut rows: Vec<Timetable>) -> Self {
        for row in &mut rows {
            row.pay.sort_unstable_by(|one, other| other.cmp(one));
            row.remind.sort_unstable_by(|one, other| other.cmp(one));
        }
        rows.sort_by_key(|row| std::cmp::Reverse(days(row.period_min)));
        Self(rows)
    }

    /// Takes timetables in place of the built-in ones; services of a period shorter than that of each keep those, so that
    /// none is forgotten.
    pub fn instead(rows: Vec<Timetable>) -> Self {
        let shortest = rows.iter().map(|row| days(row.period_min)).min().unwrap_or(u32::MAX);
        let Self(built_in) = Self::default();
        let shorter = built_in.into_iter().filter(|row| days(row.period_min) < shortest);
        Self::new(rows.into_iter().chain(shorter).collect())
    }

    /// All of them, that for the longest periods first.
    pub fn rows(&self) -> &[Timetable] {
        &self.0
    }

    /// The timetable for services of a period: that of the longest period which is not longer; none where all are.
    pub fn of(&self, period: Period) -> Option<&Timetable> {
        self.0.iter().find(|row| days(row.period_min) <= days(period))
    }

    /// How many days from a day the services expire that something may become of on that day; those past their expiry
    /// have fewer than zero. The furthest in the past come first.
    pub fn offsets<'a>(&self, products: impl IntoIterator<Item = &'a Product>) -> Vec<i32> {
        let ahead = self.0.iter().flat_map(|row| row.pay.iter().chain(&row.remind).chain([&row.propose]));
        let mut offsets: BTreeSet<i32> = ahead.map(|days| i32::from(*days)).collect();
        // From the second day of payment on, each day: who was not visited before the last one is told first and paid a day
        // later, and so is a renewal whose charge was declined after the day that was told.
        let second =
            self.0.iter().filter_map(|row| row.pay.get(1).or(row.pay.last())).max().copied().unwrap_or_default();
        offsets.extend(0..=i32::from(second));
        let mut after = BTreeSet::from([0]);
        for ends in products.into_iter().map(Product::ends) {
            after.extend([ends.suspended, ends.deleted, ends.terminated]);
            // Again later: what was left alone because its renewal was being charged.
            after.extend([7, 30, 90].map(|days| ends.terminated.saturating_add(days)));
            after.extend(0..ends.terminated.min(DAILY_MAX));
        }
        // Twice: where its owner's day has not begun, what is to end has not ended yet.
        offsets.extend(
            after.into_iter().flat_map(|days| [days.saturating_neg(), days.saturating_neg().saturating_sub(1)]),
        );
        offsets.into_iter().collect()
    }

    /// The stages of a service, with the days before its expiry on which each comes (fewer than zero for days after),
    /// in the order in which they come.
    pub fn stages(&self, product: &Product, service: &Service) -> Vec<(i32, Stage)> {
        let table = self.of(service.period);
        let mut stages = Vec::new();
        let reminders =
            table.into_iter().flat_map(|row| &row.remind).map(|days| (i32::from(*days), Stage::Reminder(*days)));
        if service.mode == RenewalMode::DeleteAtExpiry {
            // Its owner wants it so, and hears of it twice: ahead, and when it is gone.
            stages.extend(reminders.take(1));
            stages.push((0, Stage::Terminated));
            return stages;
        }
        if let Some(row) = table.filter(|row| !row.pay.is_empty() && service.renews_by_itself(product)) {
            stages.push((i32::from(row.propose), Stage::Proposal));
            stages.extend(row.pay.iter().map(|days| (i32::from(*days), Stage::Payment(*days))));
        }
        stages.extend(reminders);
        stages.push((0, Stage::Expired));
        let ends = product.ends();
        let after = [
            (ends.suspended < ends.deleted, ends.suspended, Stage::Suspended),
            (ends.deleted < ends.terminated, ends.deleted, Stage::Redemption),
            (true, ends.terminated, Stage::Terminated),
        ];
        stages.extend(after.into_iter().filter(|row| row.0).map(|(_, days, stage)| (days.saturating_neg(), stage)));
        // Stable: of two on one day the one that was named first comes first, so that what is paid needs no reminder.
        stages.sort_by_key(|(days, _)| std::cmp::Reverse(*days));
        stages
    }
}

/// About how many days a period has, to compare it with others.
fn days(period: Period) -> u32 {
    match period {
        Period::Weeks(count) => u32::from(count.get()).saturating_mul(7),
        Period::Months(count) => u32::from(count.get()).saturating_mul(30),
    }
}
