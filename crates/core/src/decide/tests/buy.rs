//! Opening services, and putting money on the balance.

use super::world::*;
use crate::calendar::{AnchorDay, CalendarError};
use crate::command::{Action, CreditTo, NewService, PayWith, Reply};
use crate::gate::GateReason;
use crate::ids::{OrderId, ProductId, ServiceId};
use crate::ledger::Book;
use crate::money::{Currency, Money, MoneyError};
use crate::order::{Order, OrderState, Purpose};
use crate::payment::MethodKind;
use crate::quote::SERVICES_MAX;
use crate::refusal::Refusal;
use crate::service::{Hold, Lifecycle, RenewalMode};
use crate::snapshot::Change;
use crate::strategy::{Breadth, strategies};

const NEW: ServiceId = ServiceId(70_001);
const NEXT: ServiceId = ServiceId(70_002);

/// Makes what is bought impossible, and buys it.
type Attempt = fn(&mut World) -> Action;

fn bought(world: &mut World, items: Vec<NewService>) -> Order {
    world.order(buy(items, None)).expect("is ordered")
}

fn stage(world: &World, id: ServiceId, day: &str) -> Lifecycle {
    let service = &world.seen.services[&id];
    service.lifecycle(world.seen.product(service).expect("is sold"), date(day))
}

#[test]
fn what_cannot_be_bought_is_refused_for_its_reason() {
    let held = |service, reason| Refusal::NotChangeable { service, reason };
    let rows: [(Attempt, Refusal); 14] = [
        (|_| buy(Vec::new(), None), Refusal::NothingToRenew),
        (|_| buy(vec![item(VPS, "P1M"); SERVICES_MAX + 1], None), Refusal::TooManyServices { max: SERVICES_MAX }),
        (|_| buy(vec![item(ProductId(99), "P1M")], None), Refusal::UnknownProduct(ProductId(99))),
        (|_| buy(vec![item_beside(ProductId(99), SERVER)], None), Refusal::UnknownProduct(ProductId(99))),
        (|_| buy(vec![item(VPS, "P2M")], None), Refusal::NoPrice { service: NEW, period: period("P2M") }),
        (
            |_| buy(vec![item(VPS, "P1M"), item_beside(ProductId(1), SERVER)], None),
            Refusal::NoPrice { service: NEXT, period: period("P1M") },
        ),
        (
            |_| buy(vec![item(INSTANCE, "P11Y")], None),
            Refusal::TooFarAhead { service: NEW, furthest: date("2036-11-20") },
        ),
        (|_| buy(vec![item_beside(BACKUP, RESOLD)], None), Refusal::UnknownService(RESOLD)),
        (
            |_| buy(vec![NewService { parent: Some(RESOLD), ..item(BACKUP, "P1M") }], None),
            Refusal::UnknownService(RESOLD),
        ),
        (
            |world| {
                world.service(SERVER).hold = Hold::Locked;
                buy(vec![NewService { parent: Some(SERVER), ..item(BACKUP, "P1M") }], None)
            },
            held(SERVER, GateReason::Locked),
        ),
        (
            |world| {
                world.service(SERVER).mode = RenewalMode::DeleteAtExpiry;
                buy(vec![NewService { parent: None, ..item_beside(BACKUP, SERVER) }], None)
            },
            held(SERVER, GateReason::Cancelled),
        ),
        (
            |world| {
                let unpaid = bought(world, vec![item(VPS, "P1M")]).lines[0].service;
                buy(vec![item_beside(BACKUP, unpaid)], None)
            },
            held(NEW, GateReason::Unpaid),
        ),
        (
            |world| {
                world.now = "2027-01-02T12:00:00Z".parse().expect("is an instant");
                buy(vec![item_beside(BACKUP, SERVER)], None)
            },
            Refusal::Calendar(CalendarError::Range),
        ),
        (|_| buy(vec![item(BACKUP, "P3M")], Some("servers")), Refusal::UnknownPromo { code: "servers".to_owned() }),
    ];
    for (row, (attempt, refusal)) in rows.into_iter().enumerate() {
        let mut world = World::new();
        let action = attempt(&mut world);
        let before = world.seen.orders.len();
        assert_eq!(world.run(action).map(|_| ()), Err(refusal), "row {row}");
        assert_eq!(world.seen.orders.len(), before, "row {row}");
    }
}

#[test]
fn a_bought_service_is_unpaid_until_its_order_is_paid_and_then_runs_until_the_stated_day() {
    let mut world = World::new();
    let order = bought(&mut world, vec![item(VPS, "P3M")]);
    assert_eq!((order.purpose, order.net, order.gross), (Purpose::Purchase, eur(1_450), eur(1_740)));
    let [line] = order.lines.as_slice() else { panic!("has one line") };
    assert_eq!((line.service, line.period, line.list), (NEW, Some(period("P3M")), eur(1_450)));
    assert_eq!((line.term.from(), line.term.until()), (date("2026-11-20"), date("2027-02-20")));
    let unpaid = world.service(NEW).clone();
    assert_eq!((unpaid.hold, unpaid.open_order, unpaid.until), (Hold::Unpaid, Some(order.id), date("2026-11-20")));
    assert_eq!((unpaid.name.as_str(), unpaid.facts["os"].as_str()), ("new 1-70001", "debian"));
    assert_eq!((unpaid.mode, unpaid.period), (RenewalMode::Automatic, period("P1M")));
    assert_eq!(stage(&world, NEW, "2026-11-20"), Lifecycle::Unpaid);
    assert_eq!(stage(&world, NEW, "2028-11-20"), Lifecycle::Unpaid);
    world.wait_s(43_200);
    let paid = world.pay(order.id, PayWith::Balance).expect("is paid");
    assert_eq!(paid.lines[0].term, line.term, "the term that was stated, although it is another day");
    let running = world.service(NEW).clone();
    assert_eq!((running.hold, running.open_order, running.until), (Hold::None, None, date("2027-02-20")));
    assert_eq!(running.anchor, AnchorDay::of(date("2026-11-20")));
    assert_eq!(stage(&world, NEW, "2027-02-19"), Lifecycle::Active);
    assert_eq!(stage(&world, NEW, "2027-02-20"), Lifecycle::Expired);
    let renewal = world.place(&[NEW], "P1M").expect("is placed");
    world.pay(renewal.id, PayWith::Balance).expect("is paid");
    assert_eq!(world.service(NEW).until, date("2027-03-20"));
}

#[test]
fn one_that_is_not_paid_can_be_neither_renewed_nor_changed() {
    let mut world = World::new();
    bought(&mut world, vec![item(INSTANCE, "P1M")]);
    let reason = GateReason::Unpaid;
    let refused = Refusal::NotRenewable { service: NEW, reason };
    assert_eq!(world.place(&[NEW], "P1M"), Err(refused));
    let refused = Err(Refusal::NotChangeable { service: NEW, reason });
    let action = Action::SetRenewal { service: NEW, mode: Some(RenewalMode::Manual), period: None };
    assert_eq!(world.run(action).map(|_| ()), refused);
    assert_eq!(world.run(Action::Reinstate { service: NEW }).map(|_| ()), refused);
}

#[test]
fn a_cancelled_purchase_leaves_its_services_terminated() {
    let mut world = World::new();
    let order = bought(&mut world, vec![item(VPS, "P1M"), item_beside(BACKUP, SERVER)]);
    world.run(Action::CancelOrder { order: order.id }).expect("is cancelled");
    for id in [NEW, NEXT] {
        let service = world.service(id).clone();
        assert_eq!((service.hold, service.open_order), (Hold::Terminated, None));
        assert_eq!(stage(&world, id, "2026-11-20"), Lifecycle::Terminated);
    }
    assert_eq!(world.service(SERVER).hold, Hold::None);
    assert_eq!(world.pay(order.id, PayWith::Balance), Err(Refusal::OrderCancelled(order.id)));
}

#[test]
fn one_beside_another_costs_its_share_of_the_months_until_that_ones_expiry() {
    // The first row is the provider's own sample: 2.5 a month, 19 March to 10 August, 11.83.
    for (today, until, net) in [
        ("2025-03-19", "2025-08-10", 1_183),
        ("2025-03-19", "2025-08-19", 1_250),
        ("2025-03-19", "2025-03-20", 8),
        ("2025-03-19", "2025-04-18", 250),
        ("2025-01-31", "2025-02-28", 250),
        ("2024-01-31", "2024-02-28", 233),
        ("2025-03-19", "2027-03-19", 6_000),
    ] {
        let mut world = World::new().at(&format!("{today}T12:00:00Z"));
        let server = world.service(SERVER);
        (server.until, server.anchor) = (date(until), AnchorDay::of(date(until)));
        let order = bought(&mut world, vec![item_beside(FLOATING, SERVER)]);
        let [line] = order.lines.as_slice() else { panic!("has one line") };
        assert_eq!((line.net, line.list, line.period), (eur(net), eur(net), None), "{today} to {until}");
        assert_eq!((line.term.from(), line.term.until()), (date(today), date(until)));
        world.pay(order.id, PayWith::Method(PAYPAL)).expect("is paid");
        let opened = world.service(NEW).clone();
        assert_eq!((opened.until, opened.parent), (date(until), Some(SERVER)));
        assert_eq!(opened.anchor, AnchorDay::of(date(until)), "both fall on one day from now on");
    }
}

#[test]
fn what_was_ordered_until_a_day_ends_on_that_day_wherever_the_other_ends_since() {
    let mut world = World::new();
    let order = bought(&mut world, vec![item_beside(BACKUP, SERVER)]);
    let renewal = world.place(&[SERVER], "P1M").expect("is placed");
    world.pay(renewal.id, PayWith::Balance).expect("is paid");
    world.pay(order.id, PayWith::Balance).expect("is paid");
    assert_eq!((world.service(SERVER).until, world.service(NEW).until), (date("2027-01-31"), date("2026-12-31")));
}

#[test]
fn services_of_one_purchase_get_ids_and_names_of_their_own() {
    let mut world = World::new();
    let first = bought(&mut world, vec![item(VPS, "P1M"), item(VPS, "P1M")]);
    let second = bought(&mut world, vec![item(VPS, "P1M")]);
    let names: Vec<_> = first.lines.iter().chain(&second.lines).map(|line| line.service_name.as_str()).collect();
    assert_eq!(names, ["new 1-70001", "new 1-70002", "new 2-70003"]);
    assert_eq!((first.id, second.id), (OrderId(1), OrderId(2)));
}

#[test]
fn a_promo_code_lowers_the_lines_of_its_products_alone() {
    let mut world = World::new();
    let order = world.order(buy(vec![item(VPS, "P3M"), item(BACKUP, "P1M")], Some("servers"))).expect("is ordered");
    let nets: Vec<_> = order.lines.iter().map(|line| (line.list, line.net)).collect();
    assert_eq!(nets, [(eur(1_450), eur(1_160)), (eur(100), eur(100))]);
    assert_eq!((order.net, order.tax, order.promo.as_deref()), (eur(1_260), eur(252), Some("servers")));
    let short = Refusal::PromoPeriod { code: "servers".to_owned(), months_min: 3 };
    assert_eq!(world.order(buy(vec![item(VPS, "P1M")], Some("servers"))), Err(short.clone()));
    assert_eq!(world.order(buy(vec![item_beside(VPS, SERVER)], Some("servers"))), Err(short), "odd days are no period");
}

#[test]
fn what_is_sold_once_can_be_bought_and_never_renewed() {
    let mut world = World::new();
    let order = bought(&mut world, vec![item(SETUP, "P1M")]);
    world.pay(order.id, PayWith::Balance).expect("is paid");
    let refused = Refusal::NotRenewable { service: NEW, reason: GateReason::OneShot };
    assert_eq!(world.place(&[NEW], "P1M"), Err(refused));
}

#[test]
fn the_next_command_of_a_batch_sees_what_was_opened_beside_a_service() {
    let mut world = World::new();
    let order = bought(&mut world, vec![item_beside(BACKUP, SERVER)]);
    world.pay(order.id, PayWith::Balance).expect("is paid");
    let offers = strategies(world.now, &world.seen, &world.seen.accounts[&CUSTOMER], SERVER, Breadth::WithOptions);
    let month = offers.expect("lists").swap_remove(0);
    let sets: Vec<_> = month.strategies.into_iter().map(|strategy| strategy.services).collect();
    assert_eq!(sets, [vec![SERVER], vec![ADDON, SERVER], vec![NEW, SERVER], vec![ADDON, NEW, SERVER]]);
}

#[test]
fn a_deposit_paid_from_outside_adds_to_the_balance_and_is_taxed_when_it_is_spent() {
    let mut world = World::new();
    let order = world.order(deposit(eur(5_000))).expect("is ordered");
    assert_eq!((order.purpose, order.net, order.tax, order.gross), (Purpose::Deposit, eur(5_000), eur(0), eur(5_000)));
    assert_eq!((order.lines.len(), order.period()), (0, None));
    let decision =
        world.run(Action::Pay { order: order.id, with: PayWith::Method(PAYPAL), due: None }).expect("is paid");
    let booked: Vec<_> = decision
        .changes
        .iter()
        .filter_map(|change| match change {
            Change::Book(transfer) => Some((transfer.debit, transfer.credit, transfer.amount)),
            _ => None,
        })
        .collect();
    assert_eq!(booked, [(Book::Collected(MethodKind::PayPal), Book::Balance, eur(5_000))]);
    let Reply::Paid(paid) = decision.reply else { panic!("not paid") };
    assert_eq!(paid.state, OrderState::Fulfilled(world.now));
    assert_eq!(*world.balance(), eur(15_000));
    assert_eq!(world.seen.original(order.id).map(|invoice| invoice.gross), Some(eur(5_000)));
}

#[test]
fn a_deposit_that_makes_no_sense_is_refused() {
    let mut world = World::new();
    assert_eq!(world.order(deposit(eur(0))), Err(Refusal::AmountNotPositive));
    assert_eq!(world.order(deposit(eur(-1))), Err(Refusal::AmountNotPositive));
    let (left, right) = (Currency::EUR, Currency::SEK);
    let mixed = Err(Refusal::Money(MoneyError::CurrencyMismatch { left, right }));
    assert_eq!(world.order(deposit(Money::new(1, right))), mixed);
    let order = world.order(deposit(eur(5_000))).expect("is ordered").id;
    for (with, refusal) in [
        (PayWith::Balance, Refusal::MethodNotTaken(MethodKind::Balance)),
        (PayWith::CreditLine, Refusal::MethodNotTaken(MethodKind::CreditLine)),
        (PayWith::Method(BITCOIN), Refusal::MethodNotTaken(MethodKind::Bitcoin)),
    ] {
        assert_eq!(world.pay(order, with), Err(refusal), "{with:?}");
    }
    assert_eq!(
        world.run(Action::CreditOrder { order, to: CreditTo::Balance }).map(|_| ()),
        Err(Refusal::OrderNotPaid(order))
    );
    world.pay(order, PayWith::Method(PAYPAL)).expect("is paid");
    assert_eq!(
        world.run(Action::CreditOrder { order, to: CreditTo::Balance }).map(|_| ()),
        Err(Refusal::OrderIsDeposit(order))
    );
    assert_eq!(*world.balance(), eur(15_000));
}

#[test]
fn a_deposit_beyond_all_measure_is_not_ordered() {
    let mut world = World::new();
    let overflow = Err(Refusal::Money(MoneyError::Overflow));
    assert_eq!(world.order(deposit(eur(1_000_000_000_001))), overflow);
    assert!(world.order(deposit(eur(1_000_000_000_000))).is_ok());
}
