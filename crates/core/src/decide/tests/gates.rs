//! The gate for a period says beforehand what placing an order for it does.

use super::world::*;
use crate::calendar::AnchorDay;
use crate::command::PayWith;
use crate::gate::{GateReason, RenewGate};
use crate::ids::ServiceId;
use crate::order::Order;
use crate::product::Price;
use crate::refusal::Refusal;
use crate::service::{Hold, RenewalMode};
use crate::snapshot::Change;

/// Brings a world into a state.
type Prepare = fn(&mut World);

fn gate(world: &World, id: ServiceId, text: &str) -> Result<RenewGate, Refusal> {
    let service = &world.seen.services[&id];
    let account = &world.seen.accounts[&service.account];
    let product = world.seen.product(service).expect("is sold");
    RenewGate::for_period(world.now, &world.seen, account, product, service, period(text))
}

/// Every state that a gate can tell apart.
const STATES: &[Prepare] = &[
    |_| {},
    |world| each(world, |world, id| world.service(id).hold = Hold::Locked),
    |world| each(world, |world, id| world.service(id).hold = Hold::Suspended),
    |world| each(world, |world, id| world.service(id).hold = Hold::Unpaid),
    |world| each(world, |world, id| world.service(id).hold = Hold::Terminated),
    |world| each(world, |world, id| world.service(id).mode = RenewalMode::DeleteAtExpiry),
    |world| each(world, |world, id| world.service(id).until = date("2026-10-01")),
    |world| each(world, |world, id| world.service(id).until = date("2026-11-01")),
    |world| each(world, |world, id| ends(world, id, "2036-10-20")),
    |world| each(world, |world, id| ends(world, id, "2036-10-21")),
    |world| each(world, |world, id| ends(world, id, "2036-11-13")),
    |world| each(world, |world, id| world.service(id).until = date("9999-12-31")),
    |world| each(world, |world, id| drop(world.place(&[id], "P1M"))),
    |world| each(world, |world, id| drop(world.place(&[id], "P1Y"))),
    |world| {
        each(world, |world, id| drop(world.place(&[id], "P1M")));
        world.wait_s(i64::from(DAY_S));
    },
    |world| {
        let price = Price { period: period("P7M"), net: eur(1) };
        each(world, |world, id| world.service(id).protected_prices.push(price));
    },
    |world| world.seen.accounts.get_mut(&CUSTOMER).expect("is there").currency = crate::money::Currency::SEK,
];

fn each(world: &mut World, change: impl Fn(&mut World, ServiceId)) {
    for id in OF_CUSTOMER {
        change(world, id);
    }
}

fn ends(world: &mut World, id: ServiceId, day: &str) {
    let service = world.service(id);
    (service.until, service.anchor) = (date(day), AnchorDay::of(date(day)));
}

const OF_CUSTOMER: [ServiceId; 7] = [DOMAIN, HOSTING, SERVER, ADDON, STACKING, ONE_SHOT, FLOATING_IP];

/// What placing an order for the period alone comes to.
fn placing(world: &mut World, id: ServiceId, text: &str) -> Result<RenewGate, Refusal> {
    match world.run(renew(&[id], text)) {
        Ok(decision) if decision.changes.iter().any(|change| matches!(change, Change::PlaceOrder(_))) => {
            Ok(RenewGate::Open)
        }
        Ok(_) => Ok(RenewGate::Closed(GateReason::OpenOrder(world.seen.services[&id].open_order.expect("is open")))),
        Err(Refusal::RenewalOpen { order, .. }) => Ok(RenewGate::Closed(GateReason::OpenOrder(order))),
        Err(Refusal::NotRenewable { reason, .. }) => Ok(RenewGate::Closed(reason)),
        Err(Refusal::NoPrice { period, .. }) => Ok(RenewGate::Closed(GateReason::NotSold(period))),
        Err(Refusal::TooFarAhead { furthest, .. }) => Ok(RenewGate::Closed(GateReason::PaidAhead { furthest })),
        Err(other) => Err(other),
    }
}

#[test]
fn a_gate_for_a_period_is_open_exactly_where_an_order_for_it_alone_is_placed() {
    let mut open = 0;
    for (state, prepare) in STATES.iter().enumerate() {
        for id in OF_CUSTOMER {
            for text in ["P1W", "P2W", "P1M", "P2M", "P3M", "P6M", "P7M", "P1Y", "P2Y", "P11Y"] {
                let mut world = World::new();
                prepare(&mut world);
                let said = gate(&world, id, text);
                assert_eq!(said, placing(&mut world, id, text), "state {state}, service {id}, {text}");
                open += usize::from(said == Ok(RenewGate::Open));
            }
        }
    }
    assert!(open > 50, "{open} gates are open");
}

#[test]
fn a_gate_says_that_a_service_is_unpaid_not_sold_or_paid_ahead() {
    let mut world = World::new();
    let order = world.order(buy(vec![item(VPS, "P1M")], None)).expect("is ordered");
    let new = order.lines[0].service;
    let closed = |reason| Ok(RenewGate::Closed(reason));
    assert_eq!(gate(&world, new, "P1M"), closed(GateReason::Unpaid));
    world.pay(order.id, PayWith::Balance).expect("is paid");
    assert_eq!(gate(&world, new, "P1M"), Ok(RenewGate::Open));
    assert_eq!(gate(&world, SERVER, "P2M"), closed(GateReason::NotSold(period("P2M"))));
    world.service(SERVER).until = date("2036-10-21");
    assert_eq!(gate(&world, SERVER, "P1M"), closed(GateReason::PaidAhead { furthest: date("2036-11-20") }));
    assert_eq!(gate(&world, SERVER, "P2M"), closed(GateReason::NotSold(period("P2M"))), "what is not sold comes first");
    ends(&mut world, SERVER, "2036-10-20");
    assert_eq!(gate(&world, SERVER, "P1M"), Ok(RenewGate::Open), "to the very day");
}

#[test]
fn a_promo_code_lowers_what_it_is_given_for_and_is_refused_where_that_is_nothing() {
    let list = [1_450, 290];
    let rows = [
        ("spring", [SERVER, ADDON], "P3M", Ok([1_305, 261])),
        ("servers", [SERVER, ADDON], "P3M", Ok([1_160, 290])),
        ("anything", [SERVER, ADDON], "P3M", Ok([1_015, 203])),
        ("nothing-sold", [SERVER, ADDON], "P3M", Err(unknown("nothing-sold"))),
        ("servers", [ADDON, FLOATING_IP], "P3M", Err(unknown("servers"))),
        ("servers", [SERVER, ADDON], "P1M", Err(short("servers"))),
        ("spring", [STACKING, FLOATING_IP], "P1M", Err(short("spring"))),
    ];
    for (code, services, text, nets) in rows {
        let placed = World::new().order(renew_with(code, &services, text));
        let check = |order: Order| {
            assert_eq!(order.lines.iter().map(|line| line.list.minor()).collect::<Vec<_>>(), list, "{code}");
            [0, 1].map(|index: usize| order.lines[index].net.minor())
        };
        assert_eq!(placed.map(check), nets, "{code} {text}");
    }
}

#[test]
fn a_promo_code_without_a_shortest_period_holds_for_weeks_too() {
    let weeks = World::new().order(renew_with("anything", &[STACKING], "P1W")).expect("is placed");
    assert_eq!((weeks.net, weeks.lines[0].list), (eur(49), eur(70)));
    assert_eq!(World::new().order(renew_with("spring", &[STACKING], "P1W")), Err(short("spring")));
}

#[test]
fn a_promo_code_holds_from_its_beginning_until_before_its_end() {
    for (now, holds) in [
        ("2026-11-30T22:59:59Z", false),
        ("2026-12-01T00:00:00Z", true),
        ("2026-12-31T23:59:59Z", true),
        ("2027-01-01T00:00:00Z", false),
    ] {
        let mut world = World::new().at(now);
        let mut catalogue = (*world.seen.catalogue).clone();
        let starts = "2026-12-01T00:00:00Z".parse().expect("is an instant");
        catalogue.promos.get_mut("anything").expect("is there").starts = Some(starts);
        world.seen.catalogue = catalogue.into();
        let placed = world.order(renew_with("anything", &[SERVER], "P1M"));
        assert_eq!(placed.map(|order| order.net), if holds { Ok(eur(350)) } else { Err(unknown("anything")) }, "{now}");
    }
}

fn unknown(code: &str) -> Refusal {
    Refusal::UnknownPromo { code: code.to_owned() }
}

fn short(code: &str) -> Refusal {
    Refusal::PromoPeriod { code: code.to_owned(), months_min: 3 }
}
