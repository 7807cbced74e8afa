//! Strategies: a service alone, and with each combination of what belongs to it, for each period, with its price.

use jiff::Timestamp;

use crate::account::Account;
use crate::calendar::Period;
use crate::gate::{GateReason, RenewGate};
use crate::ids::ServiceId;
use crate::money::Money;
use crate::product::Kind;
use crate::refusal::Refusal;
use crate::service::Service;
use crate::snapshot::Snapshot;

/// With more renewable children than this, only "alone", "with each one" and "with all" are offered: the number of
/// combinations doubles with each child.
const CHILDREN_COMBINED_MAX: usize = 5;

/// Which children count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breadth {
    /// Linked services, such as the hosting of a domain.
    Linked,
    /// Linked services and options.
    WithOptions,
}

/// A set of services renewable together for one period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strategy {
    /// The services; the one that was asked about comes last.
    pub services: Vec<ServiceId>,
    /// What they cost together, without tax.
    pub net: Money,
}

/// All strategies of one period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeriodStrategies {
    /// The period.
    pub period: Period,
    /// The strategies: fewest services first, then by id.
    pub strategies: Vec<Strategy>,
}

/// Lists the strategies of `root` (loaded with its children): every period it has a price for, shortest first. A
/// service that cannot be renewed has none; a child that cannot is left out.
///
/// # Errors
/// [`Refusal::UnknownService`] when the account has no such service; [`Refusal::Money`] when a sum does not fit.
pub fn strategies(
    now: Timestamp,
    seen: &Snapshot,
    account: &Account,
    root: ServiceId,
    breadth: Breadth,
) -> Result<Vec<PeriodStrategies>, Refusal> {
    let service = seen.service_of(account.id, root)?;
    if !renewable(now, seen, account, service)? {
        return Ok(Vec::new());
    }
    let mut children = Vec::new();
    for child in seen.children.get(&root).into_iter().flatten() {
        let child = seen.service_of(account.id, *child)?;
        let counts = breadth == Breadth::WithOptions || seen.product(child)?.kind != Kind::Addon;
        if counts && renewable(now, seen, account, child)? {
            children.push(child);
        }
    }
    children.sort_by_key(|child| child.id);
    let mut offered = Vec::new();
    for period in service.periods(seen.product(service)?, account.currency) {
        if let Some(own) = price(now, seen, account, service, period)? {
            let priced = children.iter().map(|child| Ok((child.id, price(now, seen, account, child, period)?)));
            let priced: Vec<_> = priced.collect::<Result<_, Refusal>>()?;
            let priced: Vec<_> = priced.into_iter().filter_map(|(id, net)| Some((id, net?))).collect();
            offered.push(PeriodStrategies { period, strategies: of_period(account, (root, own), &priced)? });
        }
    }
    Ok(offered)
}

/// What renewing a service costs now.
fn price(
    now: Timestamp,
    seen: &Snapshot,
    account: &Account,
    service: &Service,
    period: Period,
) -> Result<Option<Money>, Refusal> {
    let today = account.zone.date_of(now);
    Ok(service.renewal_price(seen.product(service)?, period, account.currency, today))
}

fn of_period(
    account: &Account,
    (root, own): (ServiceId, Money),
    children: &[(ServiceId, Money)],
) -> Result<Vec<Strategy>, Refusal> {
    let strategy = |with: Vec<(ServiceId, Money)>| {
        let net = Money::sum(account.currency, with.iter().map(|(_, net)| *net))?.plus(own)?;
        let services = with.iter().map(|(id, _)| *id).chain([root]).collect();
        Ok(Strategy { services, net })
    };
    combinations(children).into_iter().map(strategy).collect()
}

/// Every subset of `items`, smallest first, in the order of the items; only the empty one, the single ones and the
/// whole past [`CHILDREN_COMBINED_MAX`].
fn combinations<T: Clone>(items: &[T]) -> Vec<Vec<T>> {
    let mut subsets = vec![Vec::new()];
    if items.len() > CHILDREN_COMBINED_MAX {
        subsets.extend(items.iter().map(|item| vec![item.clone()]));
        subsets.push(items.to_vec());
        return subsets;
    }
    for item in items {
        let with_item: Vec<_> =
            subsets.iter().map(|subset| [subset.as_slice(), std::slice::from_ref(item)].concat()).collect();
        subsets.extend(with_item);
    }
    subsets.sort_by_key(Vec::len);
    subsets
}

/// An open order does not take a strategy away: asking again gives that order.
fn renewable(now: Timestamp, seen: &Snapshot, account: &Account, service: &Service) -> Result<bool, Refusal> {
    let gate = RenewGate::of(now, seen, account, seen.product(service)?, service);
    Ok(matches!(gate, RenewGate::Open | RenewGate::Closed(GateReason::OpenOrder(_))))
}
