//! Quotes: priced lines, discounts, tax and total. The order is made from the quote, so both always agree.

use std::num::NonZeroU16;

use jiff::Timestamp;

use crate::account::Account;
use crate::calendar::{AnchorDay, CalendarError, Period, Term, next_day};
use crate::command::{After, CouponUse, RenewRequest, Scope};
use crate::expiry::{Expiry, check_ahead, next_term};
use crate::gate::{GateReason, RenewGate};
use crate::ids::{CouponId, ProductId, ServiceId};
use crate::money::Money;
use crate::order::{Order, OrderLine};
use crate::product::{Catalogue, Renewability};
use crate::refusal::Refusal;
use crate::service::{Lifecycle, Service};
use crate::snapshot::Snapshot;
use crate::strategy::{Breadth, strategies};

/// The most services one order renews.
pub const SERVICES_MAX: usize = 100;

/// How many days a month has where a month's price is shared among its days (the providers' own samples).
pub(crate) const DAYS_A_MONTH: u32 = 30;

/// What a renewal would cost and do. Has no side effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// A line a service, as an order would have them.
    pub lines: Vec<OrderLine>,
    /// The coupons it would use up.
    pub coupons: Vec<CouponId>,
    /// Sum of the lines, without tax.
    pub net: Money,
    /// Tax, rounded half-up once on the sum (EN 16931: once per group of equal category and rate; an account has one).
    pub tax: Money,
    /// What is to be paid.
    pub gross: Money,
}

/// Prices a renewal of the account's services. Where the very renewal is ordered already and waits for its payment, the
/// price is that order's: it is the order that would be given.
///
/// # Errors
/// The [`Refusal`] for an unknown service, a closed gate (another renewal's open order included), services that are no
/// strategy, a missing price, a promo code that does not apply, a term too far ahead, or a sum that does not fit.
pub fn quote(now: Timestamp, seen: &Snapshot, account: &Account, request: &RenewRequest) -> Result<Quote, Refusal> {
    if let Some(open) = open_twin(now, seen, account, request)? {
        return Ok(Quote::of(open));
    }
    check_scope(now, seen, account, request)?;
    let promo = request.promo.as_deref();
    let mut lines = request
        .services
        .iter()
        .map(|service| {
            let service = seen.service_of(account.id, *service)?;
            let from = match request.after {
                After::Expiry => Expiry::of(service),
                After::OpenOrders => Expiry::once_paid(now, seen, account, service)?,
            };
            match request.to_day {
                // Counted from the very day: it is no more than the period at the least.
                Some(day) => {
                    let from = Expiry { anchor: AnchorDay::of(from.day), ..from };
                    let line = line(now, seen, account, service, from, request.period)?;
                    to_day(now, seen, account, service, &line, day)
                }
                None => line(now, seen, account, service, from, request.period),
            }
        })
        .collect::<Result<Vec<_>, _>>()?;
    take_promo(now, &seen.catalogue, promo, &mut lines, |line| on_offer(now, seen, account, line.service))?;
    let coupons = match request.coupons {
        CouponUse::Keep => Vec::new(),
        CouponUse::First => use_coupons(now, seen, account, &mut lines)?,
    };
    Quote::total(account, lines, coupons)
}

impl Quote {
    /// What an order was placed for.
    fn of(order: &Order) -> Self {
        let Order { ref lines, net, tax, gross, .. } = *order;
        Self { lines: lines.clone(), coupons: Vec::new(), net, tax, gross }
    }

    /// Adds lines up, and shares the tax on their sum among them.
    pub(crate) fn total(account: &Account, mut lines: Vec<OrderLine>, coupons: Vec<CouponId>) -> Result<Self, Refusal> {
        let net = Money::sum(account.currency, lines.iter().map(|line| line.net))?;
        let tax = net.share_half_up(account.tax.rate())?;
        let weights: Vec<_> = lines.iter().map(|line| line.net.minor()).collect();
        for (line, share) in lines.iter_mut().zip(tax.split_floor(&weights)?) {
            line.tax = share;
        }
        Ok(Self { lines, coupons, net, tax, gross: net.plus(tax)? })
    }
}

/// The open order that is this very renewal: the same services for the same period with the same promo code. Prices,
/// promo codes and coupons may have changed since; what was ordered stands until it lapses.
///
/// # Errors
/// The [`Refusal`] for a selection that no order could have, a closed gate, or another renewal's open order.
pub(crate) fn open_twin<'a>(
    now: Timestamp,
    seen: &'a Snapshot,
    account: &Account,
    request: &RenewRequest,
) -> Result<Option<&'a Order>, Refusal> {
    check_selection(now, seen, account, &request.services)?;
    let mut twin = None;
    for id in &request.services {
        let service = seen.service_of(account.id, *id)?;
        if seen.product(service)?.renewability == Renewability::Stacking {
            continue;
        }
        let Some(open) = seen.open_order(now, service) else { continue };
        let same = open.period() == Some(request.period) && request.to_day.is_none() && open.promo == request.promo;
        if !same || !open.renews_exactly(&request.services) {
            return Err(Refusal::RenewalOpen { service: *id, order: open.id });
        }
        twin = Some(open);
    }
    Ok(twin)
}

fn check_selection(now: Timestamp, seen: &Snapshot, account: &Account, services: &[ServiceId]) -> Result<(), Refusal> {
    if services.is_empty() {
        return Err(Refusal::NothingToRenew);
    }
    if services.len() > SERVICES_MAX {
        return Err(Refusal::TooManyServices { max: SERVICES_MAX });
    }
    for (index, service) in services.iter().enumerate() {
        check_gate(now, seen, account, *service)?;
        if services.iter().take(index).any(|earlier| earlier == service) {
            return Err(Refusal::ServiceTwice { service: *service });
        }
    }
    Ok(())
}

fn check_scope(now: Timestamp, seen: &Snapshot, account: &Account, request: &RenewRequest) -> Result<(), Refusal> {
    let services = &request.services;
    match request.scope {
        Scope::Listed => Ok(()),
        Scope::Strategy { of } => {
            check_gate(now, seen, account, of)?;
            let offered = strategies(now, seen, account, of, Breadth::WithOptions)?;
            let of_period = offered.iter().find(|offer| offer.period == request.period);
            let same_set = |strategy: &[ServiceId]| {
                strategy.len() == services.len() && strategy.iter().all(|service| services.contains(service))
            };
            match of_period {
                None => Err(Refusal::NoPrice { service: of, period: request.period }),
                Some(offer) if offer.strategies.iter().any(|strategy| same_set(&strategy.services)) => Ok(()),
                Some(_) => Err(Refusal::NoStrategy { service: of, period: request.period }),
            }
        }
    }
}

fn check_gate(now: Timestamp, seen: &Snapshot, account: &Account, id: ServiceId) -> Result<(), Refusal> {
    let service = seen.service_of(account.id, id)?;
    match RenewGate::of(now, seen, account, seen.product(service)?, service) {
        RenewGate::Open | RenewGate::Closed(GateReason::OpenOrder(_)) => Ok(()),
        RenewGate::Closed(reason) => Err(Refusal::NotRenewable { service: id, reason }),
    }
}

/// One service's renewal at its own price, before any discount and without its share of the tax.
pub(crate) fn line(
    now: Timestamp,
    seen: &Snapshot,
    account: &Account,
    service: &Service,
    from: Expiry,
    period: Period,
) -> Result<OrderLine, Refusal> {
    let product = seen.product(service)?;
    let unsold = Refusal::NoPrice { service: service.id, period };
    let today = account.zone.date_of(now);
    let list = service.renewal_price(product, period, account.currency, today).ok_or(unsold)?;
    Ok(OrderLine {
        service: service.id,
        service_name: service.name.clone(),
        description: product.name.clone(),
        period: Some(period),
        term: next_term(now, account, product, service, from, period)?,
        list,
        net: list,
        tax: Money::zero(account.currency),
    })
}

/// One service's renewal as the schedule orders it: where the account's services are to end on a day of the month, on to
/// that day. Where that is not sold, or ends too far ahead, it is renewed for the period alone rather than not at all.
pub(crate) fn scheduled_line(
    now: Timestamp,
    seen: &Snapshot,
    account: &Account,
    service: &Service,
    from: Expiry,
    period: Period,
) -> Result<OrderLine, Refusal> {
    let plain = line(now, seen, account, service, from, period)?;
    let Some(day) = account.aligned_to(period).filter(|day| !day.is_on(plain.term.until())) else { return Ok(plain) };
    match to_day(now, seen, account, service, &plain, day) {
        Err(Refusal::NoPrice { .. } | Refusal::TooFarAhead { .. }) => Ok(plain),
        aligned => aligned,
    }
}

/// The same renewal, going on to a day of the month: each day more costs a thirtieth of the price of a month.
fn to_day(
    now: Timestamp,
    seen: &Snapshot,
    account: &Account,
    service: &Service,
    line: &OrderLine,
    day: AnchorDay,
) -> Result<OrderLine, Refusal> {
    const MONTH: Period = Period::Months(NonZeroU16::MIN);
    let product = seen.product(service)?;
    let until = next_day(line.term.until(), day)?;
    check_ahead(now, account, product, service, until)?;
    let odd_days = until.since(line.term.until()).map_err(|_| CalendarError::Range)?.get_days();
    let odd_days = u32::try_from(odd_days).map_err(|_| CalendarError::Range)?;
    let unsold = Refusal::NoPrice { service: service.id, period: MONTH };
    let month = service.price(product, MONTH, account.currency).ok_or(unsold)?;
    let list = line.list.plus(month.parts_half_up(odd_days, DAYS_A_MONTH)?)?;
    Ok(OrderLine { period: None, term: Term::new(line.term.from(), until)?, list, net: list, ..line.clone() })
}

/// The product of a service, as far as promo codes go: none where the service has to be had back, as no code lowers
/// the fee for that.
pub(crate) fn on_offer(now: Timestamp, seen: &Snapshot, account: &Account, id: ServiceId) -> Option<ProductId> {
    let service = seen.services.get(&id)?;
    let life = service.lifecycle(seen.product(service).ok()?, account.zone.date_of(now));
    (life != Lifecycle::Redemption).then_some(service.product)
}

/// Takes a promo code off the lines that it is given for.
///
/// # Errors
/// [`Refusal::UnknownPromo`] also where it is given for none of them; [`Refusal::PromoPeriod`].
pub(crate) fn take_promo(
    now: Timestamp,
    catalogue: &Catalogue,
    code: Option<&str>,
    lines: &mut [OrderLine],
    product_of: impl Fn(&OrderLine) -> Option<ProductId>,
) -> Result<(), Refusal> {
    let Some(code) = code else { return Ok(()) };
    let unknown = || Refusal::UnknownPromo { code: code.to_owned() };
    let promo = catalogue.promos.get(code).filter(|promo| promo.holds(now)).ok_or_else(unknown)?;
    let mut given = false;
    for line in lines {
        if !product_of(line).is_some_and(|product| promo.is_for(product)) {
            continue;
        }
        if line.period.and_then(Period::as_months).unwrap_or(0) < promo.months_min {
            return Err(Refusal::PromoPeriod { code: code.to_owned(), months_min: promo.months_min });
        }
        line.net = line.list.minus(line.list.share_half_up(promo.off)?)?;
        given = true;
    }
    if given { Ok(()) } else { Err(unknown()) }
}

/// Takes usable coupons off the lines, soonest to expire first, until nothing is left to pay.
fn use_coupons(
    now: Timestamp,
    seen: &Snapshot,
    account: &Account,
    lines: &mut [OrderLine],
) -> Result<Vec<CouponId>, Refusal> {
    let mut coupons: Vec<_> =
        seen.coupons.get(&account.id).into_iter().flatten().filter(|coupon| seen.is_usable(now, coupon)).collect();
    coupons.sort_by_key(|coupon| (coupon.expires.is_none(), coupon.expires, coupon.id));
    let mut used = Vec::new();
    for coupon in coupons {
        let net = Money::sum(account.currency, lines.iter().map(|line| line.net))?;
        if net.is_zero() || coupon.amount.currency() != account.currency {
            continue;
        }
        let off = Money::new(coupon.amount.minor().min(net.minor()), account.currency);
        let weights: Vec<_> = lines.iter().map(|line| line.net.minor()).collect();
        for (line, share) in lines.iter_mut().zip(off.split_floor(&weights)?) {
            line.net = line.net.minus(share)?;
        }
        used.push(coupon.id);
    }
    Ok(used)
}
