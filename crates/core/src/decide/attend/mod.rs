//! What becomes of services because time passes.

mod renew;

use std::borrow::Cow;
use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;

use self::renew::Fate;
use super::renew::cancel;
use super::{Decision, notice};
use crate::account::Account;
use crate::calendar::{CalendarError, Zone};
use crate::command::{Attend, Reply};
use crate::ids::{OrderId, ServiceId};
use crate::notice::NoticeKind;
use crate::order::Order;
use crate::product::{Kind, Product};
use crate::refusal::Refusal;
use crate::schedule::{Attended, Stage};
use crate::service::{Hold, RenewalMode, Service};
use crate::snapshot::{Change, Snapshot};

/// Lets services go through the stages whose day has come and that they did not go through for their expiry. Of several
/// that would tell their owner much the same, the last alone does: who heard nothing for a week hears once. Services whose
/// renewal is being charged are left alone: a later visit makes up for it.
///
/// # Errors
/// [`Refusal`] where the services or their orders are not those that were loaded; whoever asks looks again.
pub(super) fn attend(now: Timestamp, seen: &Snapshot, account: &Account, wanted: &Attend) -> Result<Decision, Refusal> {
    let today = account.zone.date_of(now);
    let mut visit = Visit {
        now,
        today,
        seen: Cow::Borrowed(seen),
        account,
        wanted,
        changes: Vec::new(),
        applied: 0,
        ended: Vec::new(),
    };
    let mut due = Vec::new();
    for id in wanted.services.iter().collect::<BTreeSet<_>>() {
        let service = seen.service_of(account.id, *id)?;
        if matches!(service.hold, Hold::Terminated | Hold::Unpaid) || is_charged(now, seen, service) {
            continue;
        }
        let it = Due::of(seen, (today, &account.zone), wanted, service)?;
        let charged = |option: &ServiceId| seen.services.get(option).is_some_and(|it| is_charged(now, seen, it));
        // What ends takes its options with it.
        let waits = it.stages.contains(&Stage::Terminated) && options(seen, account, *id)?.iter().any(charged);
        due.extend(Some(it).filter(|it| !waits && !it.stages.is_empty()));
    }
    for it in &due {
        for stage in &it.stages {
            let Service { account, id, until, .. } = *it.service;
            visit.changes.push(Change::Attend(Attended { account, service: id, until, stage: stage.word(), at: now }));
        }
    }
    for it in due.iter().filter(|it| it.stages.contains(&Stage::Terminated)) {
        visit.end(it.service.id)?;
    }
    due.retain(|it| it.stages.contains(&Stage::Terminated) || !visit.ended.contains(&it.service.id));
    let fates = visit.renew(&due)?;
    for it in &due {
        visit.tell(it, fates.get(&it.service.id).copied().unwrap_or(Fate::Alone))?;
    }
    let told = visit.changes.iter().filter_map(|change| match change {
        Change::Notify(notice) => Some(notice.kind.word()),
        _ => None,
    });
    let told = told.collect();
    Ok(Decision::new(visit.changes, Reply::Attended(told)))
}

/// Whether money for the renewal of a service is on its way.
fn is_charged(now: Timestamp, seen: &Snapshot, service: &Service) -> bool {
    seen.open_order(now, service).is_some_and(|order| order.charge.is_some())
}

/// The options of a service, as far as they have not ended.
fn options(seen: &Snapshot, account: &Account, service: ServiceId) -> Result<Vec<ServiceId>, Refusal> {
    let mut options = Vec::new();
    for id in seen.children.get(&service).into_iter().flatten() {
        let found = seen.service_of(account.id, *id)?;
        if found.hold != Hold::Terminated && seen.product(found)?.kind == Kind::Addon {
            options.push(*id);
        }
    }
    Ok(options)
}

/// A service, as the visit finds it, and the stages that it is to go through now, in the order in which they came.
struct Due<'a> {
    service: &'a Service,
    product: &'a Product,
    stages: Vec<Stage>,
    /// The next day on which its payment is tried.
    next_payment: Option<Date>,
}

impl<'a> Due<'a> {
    fn of(
        seen: &'a Snapshot,
        (today, zone): (Date, &Zone),
        wanted: &Attend,
        service: &'a Service,
    ) -> Result<Self, Refusal> {
        let product = seen.product(service)?;
        let mut due = Self { service, product, stages: Vec::new(), next_payment: None };
        let tomorrow = today.tomorrow().map_err(|_| CalendarError::Range)?;
        let told_today = seen.attended_at(service, Stage::Proposal).is_some_and(|at| zone.date_of(at) == today);
        for (days, stage) in wanted.timetables.stages(product, service) {
            let day = day_before(service.until, days)?;
            if seen.attended_at(service, stage).is_some() {
                continue;
            }
            if told_today && matches!(stage, Stage::Payment(_)) {
                due.next_payment = due.next_payment.or(Some(day.max(tomorrow)));
                continue;
            }
            // Nothing ends before its owner's day begins, wherever the schedule's day began.
            if day <= wanted.day && (days > 0 || day <= today) {
                due.stages.push(stage);
            } else if day < today {
                // Days are made up for, and one that is still to come does all of it: what is told then holds by then.
                return Ok(Self { stages: Vec::new(), ..due });
            } else if let Stage::Payment(_) = stage {
                due.next_payment = due.next_payment.or(Some(day));
            }
        }
        if due.stages.contains(&Stage::Proposal) && due.next_payment.is_none() && service.until <= wanted.day {
            // It expired before anybody was told: the last try waits for a day.
            if let Some(last) = due.stages.iter().rposition(|stage| matches!(stage, Stage::Payment(_))) {
                due.stages.remove(last);
                due.next_payment = Some(tomorrow);
            }
        }
        Ok(due)
    }

    fn is_to_be_ordered(&self) -> bool {
        self.is_to_be_paid() || (self.stages.contains(&Stage::Proposal) && self.next_payment.is_some())
    }

    /// Not on the day on which its owner is first told, unless that is the last one before it expires.
    fn is_to_be_paid(&self) -> bool {
        let is_told_first = self.stages.contains(&Stage::Proposal) && self.next_payment.is_some();
        !is_told_first && self.stages.iter().any(|stage| matches!(stage, Stage::Payment(_)))
    }
}

/// So many days before a day.
fn day_before(day: Date, days: i32) -> Result<Date, CalendarError> {
    let span = jiff::Span::new().try_days(days).map_err(|_| CalendarError::Range)?;
    day.checked_sub(span).map_err(|_| CalendarError::Range)
}

/// One visit to the services of an account.
struct Visit<'a> {
    now: Timestamp,
    /// The day that it is for the services' owner.
    today: Date,
    /// What was loaded, moved by the first `applied` changes. It is copied only where one visit does several things.
    seen: Cow<'a, Snapshot>,
    account: &'a Account,
    wanted: &'a Attend,
    changes: Vec<Change>,
    applied: usize,
    /// What ended in this visit.
    ended: Vec<ServiceId>,
}

impl Visit<'_> {
    fn notify(&mut self, kind: NoticeKind) {
        self.changes.push(notice(self.now, self.account, kind));
    }

    /// Tells a service's owner the last of what is to be told of it.
    fn tell(&mut self, due: &Due<'_>, fate: Fate) -> Result<(), Refusal> {
        let told = |stage: &&Stage| !matches!(stage, Stage::Proposal | Stage::Payment(_));
        let (Some(last), false) = (due.stages.iter().rev().find(told), fate == Fate::Renewed) else { return Ok(()) };
        let (service, name, until) = (due.service.id, due.service.name.clone(), due.service.until);
        // What was stopped before does not run on.
        let is_stopped = due.service.hold == Hold::Suspended;
        let ends = due.product.ends();
        // Where a span has no days, the next thing happens at its beginning.
        let on = match last {
            Stage::Expired if !is_stopped => day_before(until, ends.suspended.saturating_neg())?,
            Stage::Expired | Stage::Suspended => day_before(until, ends.deleted.saturating_neg())?,
            Stage::Redemption => day_before(until, ends.terminated.saturating_neg())?,
            Stage::Proposal | Stage::Payment(_) | Stage::Reminder(_) | Stage::Terminated => until,
        };
        if on <= self.today && *last != Stage::Terminated {
            // The next thing has happened: the visit for that tells it.
            return Ok(());
        }
        let is_ending = due.service.mode == RenewalMode::DeleteAtExpiry;
        self.notify(match last {
            Stage::Proposal | Stage::Payment(_) => return Ok(()),
            Stage::Reminder(_) if fate == Fate::CaredFor => return Ok(()),
            Stage::Reminder(_) if is_ending => NoticeKind::Ending { service, name, until },
            Stage::Reminder(_) => NoticeKind::Expiring { service, name, until },
            Stage::Expired if !is_stopped => NoticeKind::Expired { service, name, until, on },
            Stage::Expired | Stage::Suspended => NoticeKind::Suspended { service, name, until, on },
            Stage::Redemption => NoticeKind::Redemption { service, name, until, on },
            Stage::Terminated => NoticeKind::Terminated { service, name, until },
        });
        Ok(())
    }

    /// Ends a service for good together with its options, and withdraws what was to renew it.
    fn end(&mut self, service: ServiceId) -> Result<(), Refusal> {
        self.catch_up()?;
        if self.ended.contains(&service) {
            return Ok(());
        }
        for id in std::iter::once(service).chain(options(&self.seen, self.account, service)?) {
            self.catch_up()?;
            let found = self.seen.service_of(self.account.id, id)?;
            // An order that renews an option and others stays: nobody knows those others here. It cannot be paid.
            let ends = |order: &&Order| id == service || order.lines.len() == 1;
            if let Some(order) = self.seen.open_order(self.now, found).filter(ends).map(|order| order.id) {
                self.withdraw(order)?;
            }
            let found = self.seen.service_of(self.account.id, id)?.clone();
            self.changes.push(Change::SetService(Service { hold: Hold::Terminated, open_order: None, ..found }));
            self.ended.push(id);
        }
        Ok(())
    }

    /// Withdraws an order.
    fn withdraw(&mut self, order: OrderId) -> Result<(), Refusal> {
        let withdrawn = cancel(self.now, &self.seen, self.account, order)?;
        self.changes.extend(withdrawn.changes);
        self.catch_up()
    }

    /// Moves what was loaded by what was changed, for what is decided next in this visit.
    fn catch_up(&mut self) -> Result<(), Refusal> {
        let fresh = self.changes.get(self.applied..).unwrap_or_default();
        // Of these no rule reads anything here.
        if fresh.iter().all(|change| matches!(change, Change::Attend(_) | Change::Notify(_))) {
            return Ok(());
        }
        let seen = self.seen.to_mut();
        for change in fresh {
            seen.apply(change)?;
        }
        self.applied = self.changes.len();
        Ok(())
    }
}
