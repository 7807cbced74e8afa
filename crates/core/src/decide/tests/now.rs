//! Renewing and paying in one step: coupons, then the balance, then the credit line, or nothing at all.

use proptest::prelude::*;

use super::world::*;
use crate::command::{Action, After, CouponUse, CreditTo, PayWith, RenewRequest};
use crate::gate::GateReason;
use crate::ids::{CouponId, OrderId, ServiceId};
use crate::ledger::{Balances, Book};
use crate::money::Money;
use crate::order::{Order, OrderState, Purpose};
use crate::payment::MethodKind;
use crate::product::{Coupon, Renewability};
use crate::quote::quote;
use crate::refusal::Refusal;
use crate::service::{Hold, RenewalMode};
use crate::snapshot::Change;

/// What an account has: its balance, its credit line, and how much of that it owes.
type Purse = (i64, i64, i64);

/// Makes what is renewed impossible, and renews it.
type Attempt = fn(&mut World) -> Action;

fn with_purse((balance, limit, owed): Purse) -> World {
    let mut world = World::new();
    world.seen.balances.insert(CUSTOMER, Balances { balance: eur(balance), receivable: eur(owed) });
    world.seen.accounts.get_mut(&CUSTOMER).expect("is there").credit_limit = eur(limit);
    world
}

fn left(world: &World) -> (i64, i64) {
    let Balances { balance, receivable } = world.seen.balances[&CUSTOMER];
    (balance.minor(), receivable.minor())
}

/// A renewal for 600 without its coupon, and for 480 with it.
fn with_coupon() -> Action {
    let request = RenewRequest { coupons: CouponUse::First, ..request(&[SERVER], "P1M") };
    Action::RenewNow { request, expiry: None, password: "secret".to_owned() }
}

fn refused(world: &mut World, action: Action) -> Refusal {
    let before = world.seen.next.clone();
    let refusal = world.run(action).expect_err("is refused");
    assert_eq!(world.seen.next, before, "no number is used up");
    refusal
}

#[test]
fn coupons_are_used_first_then_the_balance_and_the_credit_line_last() {
    use MethodKind::{Balance, CreditLine};
    for (purse, kind, from_balance, after) in [
        ((10_000, 5_000, 0), Balance, 0, (9_520, 0)),
        ((480, 5_000, 0), Balance, 0, (0, 0)),
        ((480, 0, 0), Balance, 0, (0, 0)),
        ((480, 5_000, 5_000), Balance, 0, (0, 5_000)),
        ((479, 5_000, 0), CreditLine, 479, (0, 1)),
        ((100, 1_000, 620), CreditLine, 100, (0, 1_000)),
        ((0, 480, 0), CreditLine, 0, (0, 480)),
    ] {
        let mut world = with_purse(purse);
        let order = world.paid(with_coupon()).expect("is renewed");
        assert_eq!((order.net, order.gross), (eur(400), eur(480)), "{purse:?}");
        assert_eq!(world.seen.coupons[&CUSTOMER][0].used_by, Some(order.id));
        let payment = &world.seen.payments[&order.id];
        assert_eq!((payment.kind, payment.method, payment.amount), (kind, None, eur(480)), "{purse:?}");
        assert_eq!((payment.from_balance, left(&world)), (eur(from_balance), after), "{purse:?}");
    }
}

#[test]
fn where_money_is_short_nothing_is_left_behind() {
    for (purse, refusal) in [
        ((479, 0, 0), Refusal::BalanceShort { balance: eur(479), due: eur(480) }),
        ((0, 0, 0), Refusal::BalanceShort { balance: eur(0), due: eur(480) }),
        ((100, 1_000, 621), Refusal::CreditShort { left: eur(379), due: eur(380) }),
        ((479, 5_000, 5_000), Refusal::CreditShort { left: eur(0), due: eur(1) }),
        ((0, 479, 0), Refusal::CreditShort { left: eur(479), due: eur(480) }),
    ] {
        let mut world = with_purse(purse);
        assert_eq!(refused(&mut world, with_coupon()), refusal, "{purse:?}");
        assert!(world.seen.orders.is_empty() && world.seen.payments.is_empty() && world.seen.invoices.is_empty());
        assert_eq!(world.seen.coupons[&CUSTOMER][0].used_by, None);
        assert_eq!((world.service(SERVER).until, left(&world)), (date("2026-12-31"), (purse.0, purse.2)));
    }
}

#[test]
fn what_coupons_cover_costs_nothing_and_is_still_paid() {
    for purse in [(0, 0, 0), (0, 5_000, 5_000), (700, 5_000, 0)] {
        let mut world = with_purse(purse);
        let coupon = |id, minor| Coupon { id, amount: eur(minor), ..world.seen.coupons[&CUSTOMER][0].clone() };
        let coupons = vec![coupon(COUPON, 100), coupon(CouponId(2), 900)];
        world.seen.coupons.insert(CUSTOMER, coupons);
        let order = world.paid(with_coupon()).expect("is renewed");
        assert_eq!((order.net, order.gross, left(&world)), (eur(0), eur(0), (purse.0, purse.2)));
        assert!(world.seen.coupons[&CUSTOMER].iter().all(|coupon| coupon.used_by == Some(order.id)));
        assert_eq!(world.seen.payments[&order.id].amount, eur(0));
        assert_eq!(world.service(SERVER).until, date("2027-01-31"));
    }
}

#[test]
fn coupons_are_kept_where_nobody_asks_for_them() {
    let mut world = with_purse((600, 0, 0));
    let order = world.paid(renew_now(&[SERVER], "P1M")).expect("is renewed");
    assert_eq!((order.gross, left(&world)), (eur(600), (0, 0)));
    assert_eq!(world.seen.coupons[&CUSTOMER][0].used_by, None);
}

#[test]
fn one_step_writes_the_order_its_payment_its_invoice_and_its_terms() {
    let mut world = with_purse((550, 5_000, 0));
    let decision = world.run(renew_now(&[SERVER, ADDON], "P1M")).expect("is renewed");
    let booked: Vec<_> = decision
        .changes
        .iter()
        .filter_map(|change| match change {
            Change::Book(transfer) => Some((transfer.debit, transfer.credit, transfer.amount.minor())),
            _ => None,
        })
        .collect();
    let (balance, owed) = (Book::Balance, Book::Receivable);
    assert_eq!(booked, [(balance, Book::Revenue, 550), (owed, Book::Revenue, 50), (owed, Book::Tax, 120)]);
    let order = world.seen.orders[&OrderId(1)].clone();
    assert_eq!(decision.reply, crate::command::Reply::Paid(order.clone()), "the reply is what is on file");
    assert_eq!(
        (order.state, order.purpose, order.placed),
        (OrderState::Fulfilled(world.now), Purpose::Renewal, world.now)
    );
    assert_eq!(world.seen.original(order.id).map(|invoice| invoice.gross), Some(order.gross));
    for id in [SERVER, ADDON] {
        let extended = decision.changes.iter().filter(|change| match change {
            Change::Extend { extension, .. } => extension.service == id && extension.order == order.id,
            _ => false,
        });
        assert_eq!(extended.count(), 1, "{id}");
        let service = world.service(id);
        assert_eq!((service.until, service.open_order, service.version), (date("2027-01-31"), None, 1));
    }
    let again = world.pay(order.id, PayWith::Balance);
    assert_eq!(again, Err(Refusal::OrderPaid(order.id)));
}

#[test]
fn a_renewal_again_is_another_renewal() {
    let mut world = World::new();
    let orders = [(); 2].map(|()| world.paid(renew_now(&[SERVER], "P1M")).expect("is renewed"));
    let ends = orders.map(|order| (order.id, order.lines[0].term.until()));
    assert_eq!(ends, [(OrderId(1), date("2027-01-31")), (OrderId(2), date("2027-02-28"))]);
}

#[test]
fn an_open_order_of_a_service_is_never_taken_over() {
    for (placed, wanted) in [
        (&[SERVER][..], renew_now(&[SERVER], "P1M")),
        (&[SERVER], renew_now(&[SERVER], "P3M")),
        (&[SERVER], renew_now(&[SERVER, ADDON], "P1M")),
        (&[SERVER, ADDON], renew_now(&[SERVER, ADDON], "P1M")),
        (&[SERVER, ADDON], renew_now(&[SERVER], "P1M")),
    ] {
        let mut world = World::new();
        let open = world.place(placed, "P1M").expect("is placed");
        let refusal = Refusal::RenewalOpen { service: SERVER, order: open.id };
        assert_eq!(refused(&mut world, wanted.clone()), refusal, "{placed:?}");
        assert_eq!((&world.seen.orders[&open.id], left(&world)), (&open, (10_000, 0)));
        world.run(Action::CancelOrder { order: open.id }).expect("is cancelled");
        let order = world.paid(wanted).expect("a withdrawn order blocks nothing");
        assert_eq!(order.id, OrderId(2));
    }
}

#[test]
fn a_lapsed_order_blocks_nothing_and_an_open_one_of_a_stacking_service_adds_up() {
    let mut world = World::new();
    let lapsed = world.place(&[SERVER], "P1M").expect("is placed");
    world.wait_s(i64::from(DAY_S));
    world.paid(renew_now(&[SERVER], "P1M")).expect("is renewed");
    assert_eq!(world.pay(lapsed.id, PayWith::Balance), Err(Refusal::OrderLapsed(lapsed.id)));
    let next = world.place(&[SERVER], "P1M").expect("is placed");
    assert_eq!((next.lines[0].term.from(), world.service(SERVER).open_order), (date("2027-01-31"), Some(next.id)));

    let open = world.place(&[STACKING], "P1M").expect("is placed");
    let order = world.paid(renew_now(&[STACKING], "P1M")).expect("is renewed");
    assert_eq!(order.lines[0].term.from(), date("2026-12-31"));
    let paid = world.pay(open.id, PayWith::Balance).expect("is paid");
    assert_eq!(paid.lines[0].term.from(), date("2027-01-31"));
}

#[test]
fn what_begins_after_the_open_orders_begins_at_the_expiry_once_it_is_paid_before_them() {
    let mut world = World::new();
    world.place(&[STACKING], "P1M").expect("is placed");
    let request = RenewRequest { after: After::OpenOrders, ..request(&[STACKING], "P1M") };
    let order = world.paid(Action::RenewNow { request, expiry: None, password: String::new() }).expect("is renewed");
    assert_eq!((order.lines[0].term.from(), order.lines[0].term.until()), (date("2026-12-31"), date("2027-01-31")));
    assert_eq!(world.seen.orders[&order.id], order);
}

#[test]
fn what_cannot_be_ordered_cannot_be_renewed_at_once() {
    let rows: [(Attempt, Refusal); 10] = [
        (|_| renew_now(&[], "P1M"), Refusal::NothingToRenew),
        (|_| renew_now(&[ServiceId(99)], "P1M"), Refusal::UnknownService(ServiceId(99))),
        (|_| renew_now(&[RESOLD], "P1M"), Refusal::UnknownService(RESOLD)),
        (|_| renew_now(&[SERVER, SERVER], "P1M"), Refusal::ServiceTwice { service: SERVER }),
        (|_| renew_now(&[SERVER], "P2M"), Refusal::NoPrice { service: SERVER, period: period("P2M") }),
        (|_| renew_now(&[STACKING], "P11Y"), Refusal::TooFarAhead { service: STACKING, furthest: date("2036-11-20") }),
        (|_| renew_now(&[ONE_SHOT], "P1M"), Refusal::NotRenewable { service: ONE_SHOT, reason: GateReason::OneShot }),
        (
            |world| {
                world.service(SERVER).hold = Hold::Locked;
                renew_now(&[ADDON, SERVER], "P1M")
            },
            Refusal::NotRenewable { service: SERVER, reason: GateReason::Locked },
        ),
        (
            |world| {
                world.service(SERVER).mode = RenewalMode::DeleteAtExpiry;
                renew_now(&[SERVER], "P1M")
            },
            Refusal::NotRenewable { service: SERVER, reason: GateReason::Cancelled },
        ),
        (
            |world| {
                world.seen.balances.remove(&CUSTOMER);
                renew_now(&[SERVER], "P1M")
            },
            Refusal::UnknownAccount(CUSTOMER),
        ),
    ];
    for (row, (attempt, refusal)) in rows.into_iter().enumerate() {
        let mut world = World::new();
        let action = attempt(&mut world);
        assert_eq!(refused(&mut world, action), refusal, "row {row}");
        assert!(world.seen.orders.is_empty(), "row {row}");
    }
}

#[test]
fn an_order_that_is_open_can_be_paid_with_the_balance_first_too() {
    for (purse, after) in [((600, 0, 0), (0, 0)), ((350, 5_000, 0), (0, 250)), ((0, 600, 0), (0, 600))] {
        let mut world = with_purse(purse);
        let order = world.place(&[SERVER], "P1M").expect("is placed").id;
        let pay = |due: i64| Action::Pay { order, with: PayWith::BalanceFirst, due: Some(eur(due)) };
        let moved = Refusal::DueMoved { order, stated: eur(599), found: eur(600) };
        assert_eq!(refused(&mut world, pay(599)), moved);
        world.paid(pay(600)).expect("is paid");
        assert_eq!(left(&world), after, "{purse:?}");
    }
    let mut world = with_purse((100, 499, 0));
    let order = world.place(&[SERVER], "P1M").expect("is placed").id;
    let short = Refusal::CreditShort { left: eur(499), due: eur(500) };
    assert_eq!(world.pay(order, PayWith::BalanceFirst), Err(short));
    assert_eq!(world.seen.orders[&order].state, OrderState::Open);
    for (purse, kind) in [((10_000, 5_000, 0), MethodKind::Balance), ((0, 5_000, 0), MethodKind::CreditLine)] {
        let mut world = with_purse(purse);
        let order = world.order(deposit(eur(100))).expect("is ordered").id;
        let refusal = Refusal::MethodNotTaken(kind);
        assert_eq!(world.pay(order, PayWith::BalanceFirst), Err(refusal), "a deposit comes from outside");
    }
}

#[test]
fn what_was_paid_in_two_parts_comes_back_on_the_balance() {
    let mut world = with_purse((100, 5_000, 0));
    let Order { id, gross, .. } = world.paid(renew_now(&[SERVER], "P1M")).expect("is renewed");
    assert_eq!(left(&world), (0, 500));
    world.run(Action::CreditOrder { order: id, to: CreditTo::Balance }).expect("is credited");
    assert_eq!((left(&world), gross), ((600, 500), eur(600)));
}

#[test]
fn a_product_that_became_stacking_keeps_the_order_that_its_service_names() {
    let mut world = World::new();
    let open = world.place(&[SERVER], "P1M").expect("is placed");
    let mut catalogue = (*world.seen.catalogue).clone();
    catalogue.products.get_mut(&VPS).expect("is sold").renewability = Renewability::Stacking;
    world.seen.catalogue = catalogue.into();
    world.paid(renew_now(&[SERVER], "P1M")).expect("is renewed");
    assert_eq!(world.service(SERVER).open_order, Some(open.id));
    world.pay(open.id, PayWith::Balance).expect("is paid");
    let service = world.service(SERVER);
    assert_eq!((service.until, service.open_order), (date("2027-02-28"), None));
    assert_eq!(*world.balance(), Money::new(8_800, crate::money::Currency::EUR));
}

/// A renewal of services that are sold for its period, with coupons or a day to end on or neither.
fn sold() -> impl Strategy<Value = RenewRequest> {
    let month = proptest::sample::subsequence(vec![SERVER, ADDON, STACKING, FLOATING_IP], 1..=4);
    let services = prop_oneof![
        month.prop_map(|services| (services, "P1M")),
        Just((vec![SERVER], "P1Y")),
        Just((vec![STACKING], "P1W")),
    ];
    let day = proptest::option::of(1_i8..=28);
    let coupons = proptest::sample::select(vec![CouponUse::Keep, CouponUse::First]);
    (services, day, coupons).prop_map(|((services, text), day, coupons)| {
        let plain = request(&services, text);
        RenewRequest { coupons, ..day.map_or(plain, |day| to_day(day, &services, text)) }
    })
}

/// An amount measured on another: a share of it, or a cent beside it.
fn near() -> impl Strategy<Value = (i64, i64)> {
    prop_oneof![(0_i64..150, Just(0)), (Just(100), -1_i64..=1), Just((0, 0))]
}

fn measured((percent, off): (i64, i64), whole: i64) -> i64 {
    (whole * percent / 100 + off).max(0)
}

proptest! {
    #[test]
    fn it_is_paid_to_the_cent_by_coupons_balance_and_credit_or_changes_nothing(
        wanted in sold(),
        coupons in proptest::collection::vec(1_i64..900, 0..4),
        (on_balance, on_credit) in (near(), near()),
        (owed, has_credit) in (0_i64..3_000, proptest::bool::weighted(0.8)),
    ) {
        let mut world = World::new();
        let held = world.seen.coupons[&CUSTOMER][0].clone();
        let coupon = |(id, minor)| Coupon { id: CouponId(id), amount: eur(minor), ..held.clone() };
        let off: i64 = if wanted.coupons == CouponUse::First { coupons.iter().sum() } else { 0 };
        world.seen.coupons.insert(CUSTOMER, (1..).zip(coupons).map(coupon).collect());
        let quoted = quote(world.now, &world.seen, &world.seen.accounts[&CUSTOMER], &wanted).expect("is sold");
        let list: i64 = quoted.lines.iter().map(|line| line.list.minor()).sum();
        prop_assert_eq!(quoted.net.minor(), (list - off).max(0));

        let gross = quoted.gross.minor();
        let balance = measured(on_balance, gross);
        let limit = if has_credit { owed + measured(on_credit, (gross - balance).max(0)) } else { 0 };
        world.seen.balances.insert(CUSTOMER, Balances { balance: eur(balance), receivable: eur(owed) });
        world.seen.accounts.get_mut(&CUSTOMER).expect("is there").credit_limit = eur(limit);
        let covered = balance >= gross || (limit > 0 && limit - owed >= gross - balance);

        let decided = world.run(Action::RenewNow { request: wanted, expiry: None, password: String::new() });
        prop_assert_eq!(decided.is_ok(), covered, "{:?}", decided);
        let paid = if covered { gross } else { 0 };
        let from_balance = paid.min(balance);
        prop_assert_eq!(left(&world), (balance - from_balance, owed + paid - from_balance));
        let used = world.seen.coupons[&CUSTOMER].iter().filter(|coupon| coupon.used_by.is_some()).count();
        prop_assert_eq!(used, if covered { quoted.coupons.len() } else { 0 });
        prop_assert_eq!(world.seen.payments.len(), usize::from(covered));
        prop_assert_eq!(world.seen.orders.values().map(|order| &order.lines).next(), covered.then_some(&quoted.lines));
    }
}
