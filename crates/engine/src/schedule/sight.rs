//! What the schedule reads: the services that expire on a day, and which of them need a visit.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use perennial_core::ids::{AccountId, OrderId, ServiceId};
use perennial_core::ports::Failure;
use perennial_core::schedule::Timetables;
use perennial_core::service::{Hold, Service};
use perennial_core::snapshot::{Snapshot, Want};
use perennial_store::{Due, Records};

/// How many services are read at a time, and visited before the next are read. Visits wait in the lane with everybody's
/// commands, so this is also what a customer may have to wait for.
const PAGE: u32 = 256;

/// The most services that one order renews together, and that visits of several accounts are made to at the same time.
const TOGETHER_MAX: usize = 256;

/// Services of an account that need a visit, and the orders that they were seen to have.
pub(super) struct Visit {
    pub account: AccountId,
    pub services: Vec<ServiceId>,
    pub orders: Vec<OrderId>,
}

impl Visit {
    fn of(service: &Service) -> Self {
        Self { account: service.account, services: vec![service.id], orders: service.open_order.into_iter().collect() }
    }

    /// One visit of many of one account, in as few as may be.
    pub(super) fn together(visits: &[Self]) -> Vec<Self> {
        let together = |some: &[Self]| {
            let account = some.first()?.account;
            let services = some.iter().flat_map(|visit| visit.services.iter().copied()).collect();
            let orders: BTreeSet<_> = some.iter().flat_map(|visit| visit.orders.iter().copied()).collect();
            Some(Self { account, services, orders: orders.into_iter().collect() })
        };
        visits.chunks(TOGETHER_MAX).filter_map(together).collect()
    }

    /// Visits in parts, each of about a page of services: that is what is made at the same time.
    pub(super) fn pages(visits: Vec<Self>) -> Vec<Vec<Self>> {
        let mut pages: Vec<(usize, Vec<Self>)> = Vec::new();
        for visit in visits {
            let services = visit.services.len();
            match pages.last_mut() {
                Some((count, page)) if *count + services <= TOGETHER_MAX => {
                    *count += services;
                    page.push(visit);
                }
                _ => pages.push((services, vec![visit])),
            }
        }
        pages.into_iter().map(|(_, page)| page).collect()
    }
}

/// A page of the services that expire on a day.
pub(super) struct Page {
    /// Those that are visited each for itself, or together with those that the same open order renews.
    pub single: Vec<Visit>,
    /// Those whose accounts want one order for all that falls due on a day.
    pub joint: Vec<Visit>,
    /// The last one of the page; none where no other page follows.
    pub next: Option<Due>,
}

/// Reads what is due.
#[derive(Clone)]
pub(super) struct Sight {
    pub records: Arc<dyn Records + Send + Sync>,
    pub timetables: Arc<Timetables>,
}

impl Sight {
    /// The expiries of which something may become from one day to another, as far as services have them, in their order.
    pub(super) async fn expiries(&self, from: Date, to: Date) -> Result<Vec<Date>, Failure> {
        self.read(move |sight| {
            let catalogue = sight.records.load(&[])?.catalogue;
            let offsets = sight.timetables.offsets(catalogue.products.values());
            let days = from.series(1.day()).take_while(|day| *day <= to);
            // Beyond the calendar nothing expires.
            let expiries: BTreeSet<_> = days
                .flat_map(|day| offsets.iter().filter_map(move |offset| day.checked_add(offset.days()).ok()))
                .collect();
            let mut found = Vec::new();
            for until in expiries {
                let Ok(before) = until.tomorrow() else { continue };
                if !sight.records.services_due(before, Some(Due::first_of(until)), 1)?.is_empty() {
                    found.push(until);
                }
            }
            Ok(found)
        })
        .await
    }

    /// The next services that expire on the same day as one, after it; of them those that something becomes of by a day,
    /// which is the one of an instant.
    pub(super) async fn page(&self, after: Due, day: Date, now: Timestamp) -> Result<Page, Failure> {
        self.read(move |sight| {
            let Ok(before) = after.until.tomorrow() else {
                return Ok(Page { single: Vec::new(), joint: Vec::new(), next: None });
            };
            let due = sight.records.services_due(before, Some(after), PAGE)?;
            let wants: Vec<_> = due
                .iter()
                .flat_map(|it| {
                    let Due { account, service, .. } = *it;
                    [Want::Account(account), Want::Service(account, service), Want::Attended(account, service)]
                })
                .collect();
            let seen = if wants.is_empty() { Snapshot::default() } else { sight.records.load(&wants)? };
            let services = due.iter().filter_map(|it| seen.services.get(&it.service));
            let joint = |it: &&Service| seen.accounts.get(&it.account).is_some_and(|account| account.joint_orders);
            let needed = services.filter(|service| sight.needs_visit(&seen, service, day));
            let (joint, single): (Vec<_>, Vec<_>) = needed.partition(joint);
            let (joint, single) = (joint.into_iter().map(Visit::of).collect(), sight.by_order(single, now)?);
            let is_last = u32::try_from(due.len()).is_ok_and(|rows| rows < PAGE);
            Ok(Page { single, joint, next: due.last().copied().filter(|_| !is_last) })
        })
        .await
    }

    /// Visits to services, one to those that the same open order renews: each for itself would try to pay it again.
    fn by_order(&self, services: Vec<&Service>, now: Timestamp) -> Result<Vec<Visit>, Failure> {
        let orders: BTreeSet<_> = services.iter().filter_map(|it| Some((it.account, it.open_order?))).collect();
        let wants: Vec<_> = orders.into_iter().map(|(account, order)| Want::Order(account, order)).collect();
        let seen = if wants.is_empty() { Snapshot::default() } else { self.records.load(&wants)? };
        let mut visits = Vec::with_capacity(services.len());
        let mut shared: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for service in services {
            match seen.open_order(now, service) {
                Some(order) => shared.entry(order.id).or_default().push(Visit::of(service)),
                None => visits.push(Visit::of(service)),
            }
        }
        visits.extend(shared.values().flat_map(|some| Visit::together(some)));
        Ok(visits)
    }

    /// The same visits, with the orders that their services have by now.
    pub(super) async fn again(&self, visits: Vec<Visit>) -> Result<Vec<Visit>, Failure> {
        if visits.is_empty() {
            return Ok(visits);
        }
        self.read(move |sight| {
            let of = |visit: &Visit| {
                let account = visit.account;
                visit.services.iter().map(move |service| Want::Service(account, *service)).collect::<Vec<_>>()
            };
            let seen = sight.records.load(&visits.iter().flat_map(of).collect::<Vec<_>>())?;
            let fresh = |visit: Visit| {
                let services = visit.services.iter().filter_map(|id| seen.services.get(id));
                let orders: BTreeSet<_> = services.filter_map(|service| service.open_order).collect();
                Visit { orders: orders.into_iter().collect(), ..visit }
            };
            Ok(visits.into_iter().map(fresh).collect())
        })
        .await
    }

    /// Whether a service has come to a stage by a day that it did not go through. The rules look again.
    fn needs_visit(&self, seen: &Snapshot, service: &Service, day: Date) -> bool {
        if matches!(service.hold, Hold::Terminated | Hold::Unpaid) {
            return false;
        }
        let Ok(product) = seen.product(service) else { return false };
        let left = day.until(service.until).map_or(i32::MAX, |span| span.get_days());
        let stages = self.timetables.stages(product, service);
        stages.into_iter().any(|(days, stage)| days >= left && seen.attended_at(service, stage).is_none())
    }

    /// Reads where nobody waits for the thread.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Self) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let sight = self.clone();
        let read = tokio::task::spawn_blocking(move || read(&sight)).await;
        read.map_err(|cause| Failure::new("read what is due", cause))?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_accounts_want_together_is_visited_about_a_page_at_a_time() {
        let visits = |account, count| {
            let of = |id| Visit { account: AccountId(account), services: vec![ServiceId(id)], orders: Vec::new() };
            (0..count).map(of).collect::<Vec<_>>()
        };
        let many: Vec<_> = [(1, 600), (2, 100), (3, 1), (4, 68)].map(|(account, count)| visits(account, count)).into();
        let pages = Visit::pages(many.iter().flat_map(|some| Visit::together(some)).collect());
        let shown = |visit: &Visit| (visit.account.0, visit.services.len());
        let shown: Vec<Vec<_>> = pages.iter().map(|page| page.iter().map(shown).collect()).collect();
        assert_eq!(shown, [vec![(1, 256)], vec![(1, 256)], vec![(1, 88), (2, 100), (3, 1)], vec![(4, 68)]]);
    }
}
