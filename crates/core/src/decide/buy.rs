//! Orders for what does not exist yet: new services with their first terms, and money for the balance.

use jiff::Timestamp;

use super::Decision;
use super::renew::lapses;
use crate::account::Account;
use crate::calendar::{AnchorDay, Period, Term, months_and_days};
use crate::command::{BuyRequest, FirstTerm, NewService, Reply};
use crate::expiry::Expiry;
use crate::gate::{GateReason, RenewGate};
use crate::ids::{OrderId, ServiceId};
use crate::money::{Money, MoneyError};
use crate::order::{Order, OrderLine, OrderState, Origin, PayPlan, Purpose};
use crate::product::Product;
use crate::quote::{DAYS_A_MONTH, Quote, SERVICES_MAX, line, take_promo};
use crate::refusal::Refusal;
use crate::service::{Hold, RenewalMode, Service};
use crate::snapshot::{Change, Snapshot};

/// The most that one deposit puts on a balance, in minor units: so little that no account ever has too many of them.
const DEPOSIT_MINOR_MAX: i64 = 1_000_000_000_000;

/// Opens services, which wait for the payment of their order.
pub(super) fn buy(
    now: Timestamp,
    seen: &Snapshot,
    account: &Account,
    request: &BuyRequest,
    password: &str,
) -> Result<Decision, Refusal> {
    if request.items.is_empty() {
        return Err(Refusal::NothingToRenew);
    }
    if request.items.len() > SERVICES_MAX {
        return Err(Refusal::TooManyServices { max: SERVICES_MAX });
    }
    let order = OrderId(seen.next.order);
    let mut opened = Vec::with_capacity(request.items.len());
    let mut lines = Vec::with_capacity(request.items.len());
    for (id, item) in (seen.next.service..).map(ServiceId).zip(&request.items) {
        let (service, line) = open(now, seen, account, order, id, item)?;
        opened.push(service);
        lines.push(line);
    }
    let product_of = |line: &OrderLine| opened.iter().find(|service| service.id == line.service).map(|new| new.product);
    take_promo(now, &seen.catalogue, request.promo.as_deref(), &mut lines, product_of)?;
    let Quote { lines, net, tax, gross, .. } = Quote::total(account, lines, Vec::new())?;
    let order = Order {
        purpose: Purpose::Purchase,
        promo: request.promo.clone(),
        net,
        tax,
        gross,
        lines,
        ..bare(now, seen, account, request.open_s, password)?
    };
    let mut changes: Vec<_> = opened.into_iter().map(Change::OpenService).collect();
    changes.push(Change::PlaceOrder(order.clone()));
    Ok(Decision::new(changes, Reply::Placed(order)))
}

/// Orders money for the balance. No tax is due on it: it is due on what is bought with it.
pub(super) fn deposit(
    now: Timestamp,
    seen: &Snapshot,
    account: &Account,
    amount: Money,
    open_s: u32,
    password: &str,
) -> Result<Decision, Refusal> {
    if amount.currency() != account.currency {
        let (left, right) = (account.currency, amount.currency());
        return Err(Refusal::Money(MoneyError::CurrencyMismatch { left, right }));
    }
    if amount.minor() <= 0 {
        return Err(Refusal::AmountNotPositive);
    }
    if amount.minor() > DEPOSIT_MINOR_MAX {
        return Err(Refusal::Money(MoneyError::Overflow));
    }
    let order =
        Order { purpose: Purpose::Deposit, net: amount, gross: amount, ..bare(now, seen, account, open_s, password)? };
    Ok(Decision::new(vec![Change::PlaceOrder(order.clone())], Reply::Placed(order)))
}

/// An order for nothing.
fn bare(now: Timestamp, seen: &Snapshot, account: &Account, open_s: u32, password: &str) -> Result<Order, Refusal> {
    let nothing = Money::zero(account.currency);
    Ok(Order {
        id: OrderId(seen.next.order),
        account: account.id,
        state: OrderState::Open,
        origin: Origin::Customer,
        purpose: Purpose::Deposit,
        promo: None,
        placed: now,
        lapses: lapses(now, open_s)?,
        password: password.to_owned(),
        plan: PayPlan::unstated(account.currency),
        taxed: account.tax,
        net: nothing,
        tax: nothing,
        gross: nothing,
        lines: Vec::new(),
        charge: None,
    })
}

fn open(
    now: Timestamp,
    seen: &Snapshot,
    account: &Account,
    order: OrderId,
    id: ServiceId,
    item: &NewService,
) -> Result<(Service, OrderLine), Refusal> {
    let today = account.zone.date_of(now);
    let product = seen.catalogue.products.get(&item.product).ok_or(Refusal::UnknownProduct(item.product))?;
    if let Some(parent) = item.parent {
        living(now, seen, account, parent)?;
    }
    let anchor = match item.first {
        FirstTerm::For(_) => AnchorDay::of(today),
        FirstTerm::UntilExpiryOf(beside) => living(now, seen, account, beside)?.anchor,
    };
    let service = Service {
        id,
        account: account.id,
        product: item.product,
        parent: item.parent,
        name: format!("{} {order}-{id}", item.name),
        display_name: None,
        created: today,
        until: today,
        anchor,
        mode: RenewalMode::Automatic,
        cancellation: None,
        period: item.period,
        hold: Hold::Unpaid,
        open_order: Some(order),
        protected_prices: Vec::new(),
        facts: item.facts.clone(),
        version: 1,
    };
    let line = match item.first {
        FirstTerm::For(period) => line(now, seen, account, &service, Expiry::of(&service), period)?,
        FirstTerm::UntilExpiryOf(beside) => {
            let term = Term::new(today, seen.service_of(account.id, beside)?.until)?;
            odd_line(account, product, &service, term)?
        }
    };
    Ok((service, line))
}

/// A first term that is no period: it ends with another service's.
fn odd_line(account: &Account, product: &Product, service: &Service, term: Term) -> Result<OrderLine, Refusal> {
    let list = prorated(account, product, service.id, term)?;
    Ok(OrderLine {
        service: service.id,
        service_name: service.name.clone(),
        description: product.name.clone(),
        period: None,
        term,
        list,
        net: list,
        tax: Money::zero(account.currency),
    })
}

/// What a product costs for a term of whole months and odd days, from its price for one month.
///
/// # Errors
/// [`Refusal::NoPrice`] for a product that is not sold by the month; [`Refusal::Calendar`], [`Refusal::Money`].
pub fn prorated(account: &Account, product: &Product, service: ServiceId, term: Term) -> Result<Money, Refusal> {
    let month = Period::Months(std::num::NonZeroU16::MIN);
    let price = product.price(month, account.currency).ok_or(Refusal::NoPrice { service, period: month })?;
    let (months, days) = months_and_days(term.from(), term.until(), AnchorDay::of(term.from()))?;
    let thirtieths = u32::from(months).saturating_mul(DAYS_A_MONTH).saturating_add(days);
    Ok(price.parts_half_up(thirtieths, DAYS_A_MONTH)?)
}

/// A service that something can be added to: running, and not about to be deleted.
fn living<'a>(now: Timestamp, seen: &'a Snapshot, account: &Account, id: ServiceId) -> Result<&'a Service, Refusal> {
    let service = seen.service_of(account.id, id)?;
    match RenewGate::of(now, seen, account, seen.product(service)?, service) {
        RenewGate::Open | RenewGate::Closed(GateReason::OpenOrder(_)) => Ok(service),
        RenewGate::Closed(reason) => Err(Refusal::NotChangeable { service: id, reason }),
    }
}
