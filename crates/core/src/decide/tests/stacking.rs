//! Renewals that add up: where open orders end, and what each of them says of its term.

use super::world::*;
use crate::calendar::AnchorDay;
use crate::command::{Action, PayWith, PlanEdit, PromoEdit};
use crate::expiry::ordered_until;
use crate::ids::{OrderId, ServiceId};
use crate::order::Order;
use crate::product::Price;
use crate::quote::quote;
use crate::refusal::Refusal;

fn until(world: &World, id: ServiceId) -> String {
    ordered_until(world.now, &world.seen, &world.seen.accounts[&CUSTOMER], &world.seen.services[&id])
        .expect("is in range")
        .to_string()
}

fn terms(order: &Order) -> Vec<(String, String)> {
    order.lines.iter().map(|line| (line.term.from().to_string(), line.term.until().to_string())).collect()
}

/// A world in which the stacking product is sold for four weeks, too.
fn with_four_weeks() -> World {
    let mut world = World::new();
    let mut catalogue = (*world.seen.catalogue).clone();
    let product = catalogue.products.get_mut(&INSTANCE).expect("is sold");
    product.prices.push(Price { period: period("P4W"), net: eur(240) });
    world.seen.catalogue = catalogue.into();
    world
}

#[test]
fn orders_placed_after_the_open_ones_say_the_terms_that_they_extend() {
    for (texts, last) in [
        (&["P1M", "P1M", "P1M"][..], "2027-03-31"),
        (&["P1M", "P1W"], "2027-02-07"),
        (&["P1W", "P1M", "P1M"], "2027-03-07"),
        (&["P4W", "P1M", "P1M"], "2027-03-28"),
        (&["P1M", "P4W", "P1M"], "2027-03-28"),
        (&["P1W", "P1W", "P1M"], "2027-02-14"),
    ] {
        let mut world = with_four_weeks();
        let mut stated = Vec::new();
        let mut expiry = until(&world, STACKING);
        for text in texts {
            let order = world.order(renew_after_open(&[STACKING], text)).expect("is placed");
            assert_eq!(terms(&order)[0].0, expiry, "{texts:?}: one follows the other");
            expiry.clone_from(&terms(&order)[0].1);
            assert_eq!(until(&world, STACKING), expiry);
            stated.push(order);
        }
        assert_eq!(expiry, last, "{texts:?}");
        for order in stated {
            let paid = world.pay(order.id, PayWith::Balance).expect("is paid");
            assert_eq!(terms(&paid), terms(&order), "{texts:?}: paid in their order, they extend what they said");
            assert_eq!(until(&world, STACKING), last);
        }
        assert_eq!(world.service(STACKING).until.to_string(), last);
    }
}

#[test]
fn open_orders_are_counted_in_the_order_in_which_they_were_placed() {
    for (texts, end) in [(["P1W", "P1M"], "2027-03-04"), (["P1M", "P1W"], "2027-03-07")] {
        for _ in 0..20 {
            let mut world = World::new();
            let service = world.service(STACKING);
            (service.until, service.anchor) = (date("2027-01-28"), AnchorDay::of(date("2027-01-28")));
            for text in texts {
                world.place(&[STACKING], text).expect("is placed");
            }
            assert_eq!(until(&world, STACKING), end, "{texts:?}");
        }
    }
}

#[test]
fn an_order_placed_at_the_expiry_says_so_whatever_is_open() {
    let mut world = World::new();
    let orders = [(); 2].map(|()| world.place(&[STACKING], "P1M").expect("is placed"));
    let term = ("2026-12-31".to_owned(), "2027-01-31".to_owned());
    assert_eq!(orders.map(|order| terms(&order)), [vec![term.clone()], vec![term]]);
    assert_eq!(until(&world, STACKING), "2027-02-28");
}

#[test]
fn only_open_orders_count_and_each_for_its_services_alone() {
    let mut world = World::new();
    let orders =
        [(); 4].map(|()| world.order(renew_after_open(&[STACKING, FLOATING_IP], "P1M")).expect("is placed").id);
    world.order(renew_after_open(&[STACKING], "P1W")).expect("is placed");
    assert_eq!((until(&world, STACKING), until(&world, FLOATING_IP)), ("2027-05-07".into(), "2027-04-30".into()));
    world.run(Action::CancelOrder { order: orders[1] }).expect("is cancelled");
    assert_eq!((until(&world, STACKING), until(&world, FLOATING_IP)), ("2027-04-07".into(), "2027-03-31".into()));
    world.pay(orders[2], PayWith::Method(PAYPAL)).expect("is paid");
    assert_eq!((until(&world, STACKING), until(&world, FLOATING_IP)), ("2027-04-07".into(), "2027-03-31".into()));
    assert_eq!((until(&world, SERVER), until(&world, DOMAIN)), ("2026-12-31".into(), "2026-12-31".into()));
    world.wait_s(i64::from(DAY_S));
    assert_eq!((until(&world, STACKING), until(&world, FLOATING_IP)), ("2027-01-31".into(), "2027-01-31".into()));
}

#[test]
fn a_service_with_one_open_order_would_end_where_that_one_ends() {
    let mut world = World::new();
    world.place(&[SERVER], "P3M").expect("is placed");
    assert_eq!(until(&world, SERVER), "2027-03-31");
    let order = world.order(buy(vec![item_beside(BACKUP, SERVER)], None)).expect("is ordered");
    assert_eq!(until(&world, order.lines[0].service), "2026-12-31");
}

#[test]
fn what_is_open_counts_towards_how_far_a_service_can_be_paid_ahead() {
    let mut world = World::new();
    let service = world.service(STACKING);
    (service.until, service.anchor) = (date("2036-10-20"), AnchorDay::of(date("2036-10-20")));
    world.order(renew_after_open(&[STACKING], "P1M")).expect("is placed");
    let refused = Refusal::TooFarAhead { service: STACKING, furthest: date("2036-11-20") };
    assert_eq!(world.order(renew_after_open(&[STACKING], "P1M")), Err(refused));
    world.place(&[STACKING], "P1W").expect("is placed at the expiry");
}

#[test]
fn a_quote_after_the_open_orders_is_the_order_that_is_placed_then() {
    let mut world = with_four_weeks();
    world.order(renew_after_open(&[STACKING], "P4W")).expect("is placed");
    let action = renew_after_open(&[STACKING], "P1M");
    let Action::Renew { request, .. } = &action else { panic!("is a renewal") };
    let quoted = quote(world.now, &world.seen, &world.seen.accounts[&CUSTOMER], request).expect("is quoted");
    assert_eq!(world.order(action).expect("is placed").lines, quoted.lines);
}

#[test]
fn a_revised_order_begins_where_it_began_and_counts_its_months_from_there() {
    for (before, texts) in [("P1M", ["P3M", "P1M"]), ("P1W", ["P3M", "P1M"]), ("P1W", ["P6M", "P1W"])] {
        let mut world = World::new();
        let mut catalogue = (*world.seen.catalogue).clone();
        let product = catalogue.products.get_mut(&INSTANCE).expect("is sold");
        product.prices.extend(["P3M", "P6M"].map(|text| Price { period: period(text), net: eur(700) }));
        world.seen.catalogue = catalogue.into();
        world.order(renew_after_open(&[STACKING], before)).expect("is placed");
        let [wanted, placed] = texts;
        let second = world.order(renew_after_open(&[STACKING], placed)).expect("is placed");
        let periods = vec![(STACKING, period(wanted))];
        let action =
            Action::ReviseOrder { order: second.id, periods, promo: PromoEdit::Keep, plan: PlanEdit::default() };
        let revised = world.order(action).expect("is revised");
        assert_eq!(terms(&revised)[0].0, terms(&second)[0].0);
        for order in [OrderId(1), second.id] {
            world.pay(order, PayWith::Balance).expect("is paid");
        }
        assert_eq!(world.service(STACKING).until.to_string(), terms(&revised)[0].1, "{before}, then {wanted}");
    }
}
