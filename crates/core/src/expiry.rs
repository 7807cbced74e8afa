//! Expiries: where a service stands, where it will stand once it is renewed, and the terms that lie between.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::account::Account;
use crate::calendar::{AnchorDay, Period, Term, add_period};
use crate::product::Product;
use crate::refusal::Refusal;
use crate::service::Service;
use crate::snapshot::Snapshot;

/// An expiry that a term begins at, and the day that its months are counted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Expiry {
    /// The first day that is not paid.
    pub day: Date,
    /// The day of month on which terms fall.
    pub anchor: AnchorDay,
}

impl Expiry {
    /// The one that a service has.
    pub fn of(service: &Service) -> Self {
        Self { day: service.until, anchor: service.anchor }
    }

    /// One that the service will have once other orders are paid: months are counted from its anchor day where that
    /// falls on it, else from the day itself, as weeks led there.
    pub fn on(service: &Service, day: Date) -> Self {
        let falls = day == service.until || service.anchor.is_on(day);
        Self { day, anchor: if falls { service.anchor } else { AnchorDay::of(day) } }
    }

    /// The next one, a period later; none where it was moved to a day of the month. Weeks are counted in days: the day
    /// they end on is the day that months are counted from afterwards, and so is a day that was asked for. The day on
    /// which the account's services end is that day in a shorter month, too.
    pub fn moved(self, account: &Account, day: Date, by: Option<Period>) -> Self {
        let anchor = match by {
            Some(Period::Months(_)) => self.anchor,
            Some(Period::Weeks(_)) => AnchorDay::of(day),
            None => account.align_day.filter(|aligned| aligned.is_on(day)).unwrap_or(AnchorDay::of(day)),
        };
        Self { day, anchor }
    }

    /// The one that a service will have once every open order of those that were loaded is paid, in their order.
    pub fn once_paid(now: Timestamp, seen: &Snapshot, account: &Account, service: &Service) -> Result<Self, Refusal> {
        let mut open: Vec<_> = seen.orders.values().filter(|order| order.is_open(now)).collect();
        open.sort_unstable_by_key(|order| order.id);
        let mut expiry = Expiry::of(service);
        for line in open.into_iter().filter_map(|order| order.line_of(service.id)) {
            let until = match line.period {
                Some(period) => add_period(expiry.day, period, expiry.anchor)?,
                None => line.term.until(),
            };
            expiry = expiry.moved(account, until, line.period);
        }
        Ok(expiry)
    }
}

/// When a service would expire if every open order were paid, of those that were loaded: of all, where
/// [`Want::OpenOrders`](crate::snapshot::Want::OpenOrders) was wanted.
///
/// # Errors
/// [`Refusal::Calendar`] past the calendar.
pub fn ordered_until(now: Timestamp, seen: &Snapshot, account: &Account, service: &Service) -> Result<Date, Refusal> {
    Ok(Expiry::once_paid(now, seen, account, service)?.day)
}

/// The term that a renewal adds to a service, from its expiry or from where open orders end.
///
/// # Errors
/// [`Refusal::TooFarAhead`] past what the product allows; [`Refusal::Calendar`] past the calendar.
pub(crate) fn next_term(
    now: Timestamp,
    account: &Account,
    product: &Product,
    service: &Service,
    from: Expiry,
    period: Period,
) -> Result<Term, Refusal> {
    let term = Term::following(from.day, period, from.anchor)?;
    check_ahead(now, account, product, service, term.until())?;
    Ok(term)
}

/// Whether a service may be paid until a day.
///
/// # Errors
/// [`Refusal::TooFarAhead`]; [`Refusal::Calendar`].
pub(crate) fn check_ahead(
    now: Timestamp,
    account: &Account,
    product: &Product,
    service: &Service,
    until: Date,
) -> Result<(), Refusal> {
    let today = account.zone.date_of(now);
    if let Some(ahead) = Period::months(product.ahead_months_max) {
        let furthest = add_period(today, ahead, AnchorDay::of(today))?;
        if until > furthest {
            return Err(Refusal::TooFarAhead { service: service.id, furthest });
        }
    }
    Ok(())
}
