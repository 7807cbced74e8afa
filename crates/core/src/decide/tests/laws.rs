//! Laws: whatever commands come in whatever order, money and terms agree.

use std::collections::HashMap;

use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use super::world::*;
use crate::calendar::AnchorDay;
use crate::command::{Action, CouponUse, CreditTo, NewMethod, PayWith, PlanEdit, PromoEdit, RenewRequest};
use crate::ids::{AccountId, OrderId, ProductId, ServiceId};
use crate::ledger::Balances;
use crate::money::Money;
use crate::order::{Order, OrderState, Purpose};
use crate::payment::{MethodKind, Preference};
use crate::service::{Ending, Hold, Lifecycle, RenewalMode};
use crate::snapshot::Change;

const SERVICES: [ServiceId; 8] =
    [SERVER, ADDON, STACKING, DOMAIN, FLOATING_IP, ONE_SHOT, ServiceId(70_001), ServiceId(70_002)];
const PRODUCTS: [ProductId; 5] = [VPS, BACKUP, INSTANCE, SETUP, FLOATING];
const PERIODS: [&str; 4] = ["P1M", "P3M", "P1Y", "P1W"];
const PROMOS: [&str; 3] = ["spring", "servers", "anything"];

#[derive(Clone, Debug)]
enum Step {
    Do(Box<Action>),
    Wait { hours: i64 },
}

fn service() -> impl Strategy<Value = ServiceId> {
    proptest::sample::select(&SERVICES[..])
}

fn text() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(&PERIODS[..])
}

/// One of the orders placed last, counted back from zero; see [`aim`].
fn order() -> impl Strategy<Value = OrderId> {
    prop_oneof![(-1_i64..=0), (-5_i64..=0)].prop_map(OrderId)
}

/// Points an action that counts orders back from the last one at that order.
fn aim(action: &mut Action, last: i64) {
    match action {
        Action::Pay { order, .. }
        | Action::ReviseOrder { order, .. }
        | Action::LinkOrder { order, .. }
        | Action::ViewLink { order }
        | Action::CancelOrder { order }
        | Action::CreditOrder { order, .. } => order.0 += last,
        Action::SetRenewals { withdraw, .. } => withdraw.iter_mut().for_each(|order| order.0 += last),
        _ => {}
    }
}

fn mode() -> impl Strategy<Value = RenewalMode> {
    proptest::sample::select(&RenewalMode::ALL[..])
}

/// A renewal as it may be asked for: for one or two services, with coupons or a day to end on or neither.
fn wanted() -> impl Strategy<Value = RenewRequest> {
    let services = prop_oneof![
        3 => service().prop_map(|service| vec![service]),
        1 => (service(), service()).prop_map(|(one, other)| vec![one, other]),
    ];
    let day = proptest::option::weighted(0.3, (1_i8..=28).prop_map(|day| AnchorDay::new(day).expect("is a day")));
    let coupons = proptest::sample::select(vec![CouponUse::Keep, CouponUse::First]);
    (services, text(), day, coupons).prop_map(|(services, text, to_day, coupons)| RenewRequest {
        to_day,
        coupons,
        ..request(&services, text)
    })
}

fn renewing_now() -> impl Strategy<Value = Action> {
    wanted().prop_map(|request| Action::RenewNow { request, expiry: None, password: String::new() })
}

fn placing() -> impl Strategy<Value = Action> {
    let product = || proptest::sample::select(&PRODUCTS[..]);
    prop_oneof![
        3 => (service(), text()).prop_map(|(service, text)| renew(&[service], text)),
        1 => (service(), service(), text()).prop_map(|(one, other, text)| renew(&[one, other], text)),
        1 => (service(), text()).prop_map(|(service, text)| renew_after_open(&[service], text)),
        1 => (service(), text()).prop_map(|(service, text)| renew_with_coupons(&[service], text)),
        1 => wanted().prop_map(|request| Action::Renew { request, password: String::new() }),
        1 => (product(), text()).prop_map(|(product, text)| buy(vec![item(product, text)], None)),
        1 => (product(), text()).prop_map(|(product, text)| buy(vec![item(product, text)], Some("anything"))),
        1 => (product(), service()).prop_map(|(product, beside)| buy(vec![item_beside(product, beside)], None)),
        1 => (1_i64..3_000).prop_map(|minor| deposit(eur(minor))),
    ]
}

fn paying() -> impl Strategy<Value = Action> {
    let due = proptest::option::weighted(0.1, (1_i64..900).prop_map(eur));
    let with = proptest::sample::select(vec![
        PayWith::Balance,
        PayWith::CreditLine,
        PayWith::BalanceFirst,
        PayWith::Method(PAYPAL),
        PayWith::Planned(PAYPAL),
    ]);
    (order(), with, due).prop_map(|(order, with, due)| Action::Pay { order, with, due })
}

fn changing() -> impl Strategy<Value = Action> {
    let promo = prop_oneof![
        Just(PromoEdit::Keep),
        Just(PromoEdit::Clear),
        proptest::sample::select(&PROMOS[..]).prop_map(|code| PromoEdit::Set(code.to_owned())),
    ];
    let plan =
        || {
            (proptest::option::of(any::<bool>()), proptest::option::of(0_i64..900)).prop_map(|(by_itself, part)| {
                PlanEdit { by_itself, kind: Some(MethodKind::Card), from_balance: part.map(eur) }
            })
        };
    prop_oneof![
        3 => (order(), service(), text(), promo, plan()).prop_map(|(order, service, text, promo, plan)| {
            Action::ReviseOrder { order, periods: vec![(service, period(text))], promo, plan }
        }),
        2 => (order(), plan()).prop_map(|(order, plan)| planning(order, plan)),
        1 => order().prop_map(|order| Action::LinkOrder { order, token: "token".to_owned() }),
        1 => order().prop_map(|order| Action::ViewLink { order }),
        2 => order().prop_map(|order| Action::CancelOrder { order }),
        2 => order().prop_map(|order| Action::CreditOrder { order, to: CreditTo::Balance }),
    ]
}

fn ending() -> impl Strategy<Value = Action> {
    let when = proptest::sample::select(vec![Ending::AtExpiry, Ending::Now]);
    let new = |label: u8| NewMethod {
        kind: MethodKind::Card,
        label: label.to_string(),
        description: None,
        preference: Preference::Default,
        expires: None,
        on_gateway: None,
    };
    prop_oneof![
        (service(), mode()).prop_map(|(service, mode)| Action::SetRenewal { service, mode: Some(mode), period: None }),
        (service(), service(), mode(), order()).prop_map(|(one, other, mode, order)| {
            Action::SetRenewals { services: vec![one, other], mode, period: None, withdraw: vec![order] }
        }),
        (service(), when).prop_map(|(service, ending)| Action::Cancel { service, reason: String::new(), ending }),
        service().prop_map(|service| Action::Reinstate { service }),
        (0_u8..3).prop_map(move |label| Action::AddMethod(new(label))),
    ]
}

fn done(action: Action) -> Step {
    Step::Do(Box::new(action))
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => placing().prop_map(done),
        6 => paying().prop_map(done),
        3 => renewing_now().prop_map(done),
        2 => changing().prop_map(done),
        1 => ending().prop_map(done),
        1 => (1_i64..30).prop_map(|hours| Step::Wait { hours }),
    ]
}

proptest! {
    #[test]
    fn no_sequence_makes_a_balance_negative_a_term_shorter_or_a_payment_without_its_extension(
        steps in proptest::collection::vec(step(), 1..60),
    ) {
        let mut world = World::new();
        *world.balance() = eur(2_000);
        let mut books = world.seen.balances.clone();
        for step in &steps {
            let mut action = match step {
                Step::Do(action) => Action::clone(action),
                Step::Wait { hours } => {
                    world.wait_s(hours * 3_600);
                    continue;
                }
            };
            aim(&mut action, world.seen.next.order - 1);
            let (before, turn) = (world.clone(), action.turn());
            let Ok(decision) = world.run(action) else { continue };
            prop_assert!(decision.changes.iter().all(|change| turn.allows(change)), "{turn:?}: {decision:?}");
            book(&mut books, &decision.changes)?;
            check_paid(&before, &world, &decision.changes)?;
            prop_assert_eq!(&books, &world.seen.balances);
            check_money(&world)?;
            check_services(&before, &world)?;
        }
        check_payments(&world)?;
    }
}

/// Keeps the balances by hand, from what is booked alone.
pub fn book(books: &mut HashMap<AccountId, Balances>, changes: &[Change]) -> TestCaseResult {
    for change in changes {
        if let Change::Book(transfer) = change {
            prop_assert!(transfer.amount.minor() > 0 && transfer.debit != transfer.credit, "{transfer:?}");
            let balances = books.get_mut(&transfer.account).expect("is there");
            *balances = balances.after(transfer).expect("fits");
        }
    }
    Ok(())
}

/// What is paid is booked to the cent, and extends each of the order's services by what it said, once.
fn check_paid(before: &World, world: &World, changes: &[Change]) -> TestCaseResult {
    let paid = changes.iter().find_map(|change| if let Change::Pay(payment) = change { Some(payment) } else { None });
    let extended = changes.iter().filter_map(|change| match change {
        Change::Extend { extension, service } => Some((extension, service)),
        _ => None,
    });
    let Some(payment) = paid else {
        prop_assert_eq!(extended.count(), 0);
        return Ok(());
    };
    let order = &world.seen.orders[&payment.order];
    let booked = changes.iter().filter_map(|change| match change {
        Change::Book(transfer) => Some(transfer.amount),
        _ => None,
    });
    prop_assert_eq!(Money::sum(order.gross.currency(), booked), Ok(order.gross));
    let mut count = 0;
    for (extension, service) in extended {
        let held = &before.seen.services[&extension.service];
        prop_assert_eq!((extension.term.from(), extension.term.until()), (held.until, service.until));
        prop_assert_eq!(order.line_of(extension.service).map(|line| line.term), Some(extension.term));
        count += 1;
    }
    prop_assert_eq!(count, order.lines.len());
    Ok(())
}

pub fn check_money(world: &World) -> TestCaseResult {
    for (id, balances) in &world.seen.balances {
        prop_assert!(balances.balance.minor() >= 0);
        prop_assert!(balances.receivable.minor() <= world.seen.accounts[id].credit_limit.minor());
    }
    world.seen.orders.values().try_for_each(|order| check_sums(world, order))
}

fn check_sums(world: &World, order: &Order) -> TestCaseResult {
    let currency = order.gross.currency();
    prop_assert_eq!(order.net.plus(order.tax), Ok(order.gross));
    if order.purpose == Purpose::Deposit {
        prop_assert_eq!(order.lines.len(), 0);
        return Ok(());
    }
    prop_assert_eq!(Money::sum(currency, order.lines.iter().map(|line| line.net)), Ok(order.net));
    prop_assert_eq!(Money::sum(currency, order.lines.iter().map(|line| line.tax)), Ok(order.tax));
    prop_assert_eq!(order.net.share_half_up(world.seen.accounts[&CUSTOMER].tax.rate()), Ok(order.tax));
    let part = order.plan.from_balance.minor();
    prop_assert!(part == 0 || (0 < part && part < order.gross.minor()), "{part}");
    Ok(())
}

pub fn check_services(before: &World, world: &World) -> TestCaseResult {
    for (id, held) in &before.seen.services {
        let service = &world.seen.services[id];
        prop_assert!(service.until >= held.until, "{id} is paid for less");
        prop_assert_eq!(service.hold == Hold::Unpaid && held.hold != Hold::Unpaid, false);
        prop_assert!(held.hold != Hold::Terminated || service.hold == Hold::Terminated, "{id} came back");
        prop_assert_eq!(service.mode == RenewalMode::DeleteAtExpiry, service.cancellation.is_some());
    }
    for service in world.seen.services.values().filter(|service| service.hold == Hold::Unpaid) {
        let order = service.open_order.map(|order| &world.seen.orders[&order]);
        prop_assert_eq!(order.map(|order| (order.purpose, order.state)), Some((Purpose::Purchase, OrderState::Open)));
        let product = world.seen.product(service).expect("is sold");
        prop_assert_eq!(service.lifecycle(product, service.until), Lifecycle::Unpaid);
    }
    Ok(())
}

pub fn check_payments(world: &World) -> TestCaseResult {
    let is_paid = |order: &&Order| matches!(order.state, OrderState::Fulfilled(_));
    let fulfilled: Vec<_> = world.seen.orders.values().filter(is_paid).collect();
    prop_assert_eq!(fulfilled.len(), world.seen.payments.len());
    for order in fulfilled {
        prop_assert_eq!(world.seen.payments[&order.id].amount, order.gross);
        prop_assert_eq!(world.seen.original(order.id).map(|invoice| invoice.gross), Some(order.gross));
    }
    for invoices in world.seen.invoices.values() {
        let sum = Money::sum(invoices[0].gross.currency(), invoices.iter().map(|invoice| invoice.gross));
        prop_assert!(invoices.len() <= 2 && sum.is_ok_and(|sum| sum.minor() >= 0), "what is taken back twice");
    }
    let defaults = world.seen.methods.values().filter(|method| method.preference == Preference::Default).count();
    prop_assert!(defaults <= 1);
    Ok(())
}
