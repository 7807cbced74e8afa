//! Renewals that go on to a day of the month: where they end, what the odd days cost, and what follows them.

use proptest::prelude::*;

use super::world::*;
use crate::calendar::{AnchorDay, Period, add_period};
use crate::command::{Action, After, CouponUse, PayWith, RenewRequest};
use crate::expiry::ordered_until;
use crate::ids::ServiceId;
use crate::order::Order;
use crate::product::Price;
use crate::quote::quote;
use crate::refusal::Refusal;

/// A world some days before a service's expiry, on whose day of the month its terms fall.
fn ending(id: ServiceId, until: &str) -> World {
    let mut world = World::new().at(&format!("{}T12:00:00Z", date(until).yesterday().expect("is in range")));
    let service = world.service(id);
    (service.until, service.anchor) = (date(until), AnchorDay::of(date(until)));
    world
}

fn now(request: RenewRequest) -> Action {
    Action::RenewNow { request, expiry: None, password: String::new() }
}

fn placing(request: RenewRequest) -> Action {
    Action::Renew { request, password: String::new() }
}

fn term(order: &Order) -> (String, String) {
    let term = order.lines[0].term;
    (term.from().to_string(), term.until().to_string())
}

#[test]
fn it_ends_on_the_first_such_day_that_is_a_period_later_at_least() {
    // The first four are the provider's own samples. A month is 2.50, a week 0.70.
    for (until, day, text, end, net) in [
        ("2026-10-08", 12, "P1M", "2026-11-12", 283),
        ("2026-10-18", 12, "P1M", "2026-12-12", 450),
        ("2026-09-10", 1, "P1M", "2026-11-01", 433),
        ("2026-05-17", 1, "P1M", "2026-07-01", 367),
        ("2026-10-12", 12, "P1M", "2026-11-12", 250),
        ("2026-10-13", 12, "P1M", "2026-12-12", 492),
        ("2026-11-30", 1, "P1M", "2027-01-01", 267),
        ("2027-01-31", 28, "P1M", "2027-02-28", 250),
        ("2028-01-31", 28, "P1M", "2028-03-28", 483),
        ("2026-12-31", 12, "P1W", "2027-01-12", 112),
    ] {
        let mut world = ending(STACKING, until);
        let wanted = to_day(day, &[STACKING], text);
        let account = &world.seen.accounts[&CUSTOMER];
        let quoted = quote(world.now, &world.seen, account, &wanted).expect("is quoted");
        let order = world.paid(now(wanted)).expect("is renewed");
        assert_eq!(term(&order), (until.to_owned(), end.to_owned()), "{until} to day {day}");
        let [line] = order.lines.as_slice() else { panic!("has one line") };
        assert_eq!((line.list, line.net, line.period), (eur(net), eur(net), None), "{until} to day {day}");
        assert_eq!((quoted.lines, quoted.gross), (order.lines, order.gross));
        let service = world.service(STACKING);
        assert_eq!((service.until, service.anchor.get()), (date(end), day), "{until} to day {day}");
    }
}

#[test]
fn the_day_asked_for_is_the_day_that_months_are_counted_from_afterwards() {
    let mut world = ending(SERVER, "2026-12-31");
    world.paid(now(to_day(28, &[SERVER], "P1M"))).expect("is renewed");
    assert_eq!(world.service(SERVER).until, date("2027-02-28"));
    for until in ["2027-03-28", "2027-04-28"] {
        let order = world.paid(renew_now(&[SERVER], "P1M")).expect("is renewed");
        assert_eq!((order.lines[0].term.until(), order.net), (date(until), eur(500)));
    }
    let order = world.paid(now(to_day(28, &[SERVER], "P1M"))).expect("is renewed");
    assert_eq!((order.lines[0].term.until(), order.net), (date("2027-05-28"), eur(500)), "no odd days any more");
}

#[test]
fn odd_days_cost_a_thirtieth_of_the_services_own_monthly_price_each_halves_up() {
    for (day, net) in [(8, 255), (9, 264), (10, 272), (22, 374), (7, 502)] {
        let mut world = ending(STACKING, "2026-10-08");
        world.service(STACKING).protected_prices = vec![Price { period: period("P1M"), net: eur(255) }];
        let order = world.paid(now(to_day(day, &[STACKING], "P1M"))).expect("is renewed");
        assert_eq!(order.net, eur(net), "to day {day}");
    }
}

#[test]
fn services_of_one_order_meet_on_one_day() {
    let mut world = ending(SERVER, "2026-12-10");
    let addon = world.service(ADDON);
    (addon.until, addon.anchor) = (date("2026-12-20"), AnchorDay::of(date("2026-12-20")));
    let order = world.paid(now(to_day(15, &[SERVER, ADDON], "P1M"))).expect("is renewed");
    let lines: Vec<_> = order.lines.iter().map(|line| (line.term.until().to_string(), line.net.minor())).collect();
    assert_eq!(lines, [("2027-01-15".to_owned(), 500 + 83), ("2027-02-15".to_owned(), 100 + 87)]);
    assert_eq!([SERVER, ADDON].map(|id| world.service(id).anchor.get()), [15, 15]);
}

#[test]
fn coupons_and_promo_codes_lower_the_odd_days_too() {
    let mut world = ending(STACKING, "2026-10-08");
    let wanted = RenewRequest { coupons: CouponUse::First, ..to_day(12, &[STACKING], "P1M") };
    assert_eq!(world.paid(now(wanted)).expect("is renewed").net, eur(183));
    let mut world = ending(STACKING, "2026-10-08");
    let wanted = RenewRequest { promo: Some("anything".to_owned()), ..to_day(12, &[STACKING], "P1M") };
    let order = world.paid(now(wanted)).expect("is renewed");
    assert_eq!((order.lines[0].list, order.net), (eur(283), eur(198)));
}

#[test]
fn it_may_be_no_further_ahead_than_the_product_allows() {
    let refused = Refusal::TooFarAhead { service: STACKING, furthest: date("2036-11-20") };
    for (day, allowed) in [(20, true), (21, false), (19, false), (28, false)] {
        for pays in [now, placing] {
            let mut world = World::new();
            let service = world.service(STACKING);
            (service.until, service.anchor) = (date("2036-10-20"), AnchorDay::of(date("2036-10-20")));
            let decided = world.run(pays(to_day(day, &[STACKING], "P1M"))).map(|_| ());
            assert_eq!(decided, if allowed { Ok(()) } else { Err(refused.clone()) }, "to day {day}");
        }
    }
}

#[test]
fn what_is_not_sold_by_the_month_has_no_odd_days_to_sell() {
    for (service, text, unsold) in [(DOMAIN, "P1Y", "P1M"), (SERVER, "P2M", "P2M"), (SERVER, "P1W", "P1W")] {
        let mut world = World::new();
        let refused = Refusal::NoPrice { service, period: period(unsold) };
        let wanted = to_day(12, &[service], text);
        assert_eq!(world.run(now(wanted.clone())).map(|_| ()), Err(refused.clone()), "{text}");
        assert_eq!(world.order(placing(wanted)), Err(refused), "{text}");
    }
}

#[test]
fn an_order_to_a_day_stands_at_the_expiry_that_it_was_priced_from() {
    let mut world = World::new();
    let order = world.order(placing(to_day(12, &[STACKING], "P1M"))).expect("is placed");
    world.paid(renew_now(&[STACKING], "P1W")).expect("is renewed");
    let (stated, found) = (date("2026-12-31"), date("2027-01-07"));
    let moved = Refusal::FenceMoved { service: STACKING, stated, found };
    for with in [PayWith::Balance, PayWith::BalanceFirst, PayWith::Method(PAYPAL)] {
        assert_eq!(world.pay(order.id, with), Err(moved.clone()), "{with:?}");
    }
    assert_eq!(world.service(STACKING).until, found);
    let fresh = world.paid(now(to_day(12, &[STACKING], "P1M"))).expect("is renewed from where it stands");
    assert_eq!(term(&fresh), ("2027-01-07".to_owned(), "2027-02-12".to_owned()));
}

#[test]
fn an_open_order_and_one_to_a_day_are_never_the_same_renewal() {
    let wanted = || to_day(12, &[SERVER], "P1M");
    let plain = || request(&[SERVER], "P1M");
    for (first, second) in [(plain(), wanted()), (wanted(), plain()), (wanted(), wanted())] {
        let mut world = World::new();
        let open = world.order(placing(first)).expect("is placed");
        let refused = Refusal::RenewalOpen { service: SERVER, order: open.id };
        assert_eq!(world.order(placing(second.clone())), Err(refused.clone()));
        assert_eq!(world.run(now(second)).map(|_| ()), Err(refused));
        world.pay(open.id, PayWith::Balance).expect("is paid");
    }
}

#[test]
fn what_is_ordered_after_an_open_order_to_a_day_begins_on_that_day() {
    let mut world = World::new();
    let first = world.order(placing(to_day(12, &[STACKING], "P1M"))).expect("is placed");
    let second = world.order(renew_after_open(&[STACKING], "P1M")).expect("is placed");
    let third = world.order(placing(RenewRequest { after: After::OpenOrders, ..to_day(5, &[STACKING], "P1M") }));
    let third = third.expect("is placed");
    let until = ordered_until(world.now, &world.seen, &world.seen.accounts[&CUSTOMER], &world.seen.services[&STACKING]);
    assert_eq!(until, Ok(date("2027-05-05")));
    let stated = [("2026-12-31", "2027-02-12"), ("2027-02-12", "2027-03-12"), ("2027-03-12", "2027-05-05")];
    for (order, (from, until)) in [first, second, third].iter().zip(stated) {
        assert_eq!(term(order), (from.to_owned(), until.to_owned()));
        let paid = world.pay(order.id, PayWith::Balance).expect("is paid");
        assert_eq!(term(&paid), term(order), "paid in their order, they extend what they said");
    }
    assert_eq!((world.service(STACKING).until, world.service(STACKING).anchor.get()), (date("2027-05-05"), 5));
}

proptest! {
    #[test]
    fn a_renewal_to_a_day_ends_on_that_day_less_than_a_month_after_its_period(
        days in 0_i32..1_500,
        anchor in 1_i8..=31,
        day in 1_i8..=28,
        months in proptest::sample::select(vec![1_u16, 3, 12]),
    ) {
        let mut world = World::new();
        let until = date("2026-11-21").checked_add(jiff::ToSpan::days(days)).expect("is in range");
        let service = world.service(SERVER);
        (service.until, service.anchor) = (until, AnchorDay::new(anchor).expect("is a day"));
        let text = format!("P{months}M");
        let plain = world.clone().paid(renew_now(&[SERVER], &text)).expect("is renewed");
        let order = world.paid(now(to_day(day, &[SERVER], &text))).expect("is renewed");
        let (line, end) = (&order.lines[0], order.lines[0].term.until());
        let period_end = add_period(until, Period::months(months).expect("is a period"), AnchorDay::of(until));
        let period_end = period_end.expect("is in range");
        prop_assert_eq!((line.term.from(), end.day()), (until, day));
        let month_later = add_period(period_end, period("P1M"), AnchorDay::of(period_end)).expect("is in range");
        prop_assert!(period_end <= end && end <= month_later, "{period_end} {end}");
        let odd = line.list.minus(plain.lines[0].list).expect("fits").minor();
        let days = i64::from(end.since(period_end).expect("is later").get_days());
        prop_assert!((odd * 30 - 500 * days).abs() <= 15 && (days == 0) == (odd == 0), "{days} cost {odd}");
        prop_assert_eq!((world.service(SERVER).until, world.service(SERVER).anchor.get()), (end, day));
    }
}
