//! Renewals by the schedule that end on the day of the month on which an account's services are to end.

use std::sync::Arc;

use jiff::ToSpan;
use jiff::civil::Date;
use proptest::prelude::*;

use super::attend::{automatic, look, paid, prepaid, proposed, told, visit};
use super::world::*;
use crate::calendar::{AnchorDay, Period, add_period};
use crate::command::{Action, PayWith, PlanEdit, PromoEdit};
use crate::ids::{OrderId, ServiceId};
use crate::notice::NoticeKind;
use crate::order::{Order, OrderLine, OrderState, Origin};
use crate::product::Price;
use crate::refusal::Refusal;

fn anchor(day: i8) -> AnchorDay {
    AnchorDay::new(day).expect("is a day")
}

impl World {
    /// The same, with services that end on a day of the month.
    fn aligned(mut self, day: i8) -> Self {
        self.seen.accounts.get_mut(&CUSTOMER).expect("is there").align_day = Some(anchor(day));
        self
    }

    fn joint(mut self) -> Self {
        self.seen.accounts.get_mut(&CUSTOMER).expect("is there").joint_orders = true;
        self
    }

    /// The same, where a service expires on a day, and its terms fall on a day of the month.
    fn ending(mut self, id: ServiceId, until: &str, day: i8) -> Self {
        let service = self.service(id);
        (service.until, service.anchor) = (date(until), anchor(day));
        self
    }

    fn found(&self, order: i64) -> &Order {
        &self.seen.orders[&OrderId(order)]
    }

    /// How the one line of an order reads: until when, for which period, and for how much.
    fn line(&self, order: i64) -> (String, Option<Period>, i64) {
        let [OrderLine { term, period, list, net, .. }] = self.found(order).lines.as_slice() else {
            panic!("has one line")
        };
        assert_eq!(list, net);
        (term.until().to_string(), *period, net.minor())
    }

    fn stands(&self, id: ServiceId) -> (String, i8) {
        let service = &self.seen.services[&id];
        (service.until.to_string(), service.anchor.get())
    }
}

fn line(until: &str, text: Option<&str>, net: i64) -> (String, Option<Period>, i64) {
    (until.to_owned(), text.map(period), net)
}

fn stands(until: &str, day: i8) -> (String, i8) {
    (until.to_owned(), day)
}

#[test]
fn a_renewal_goes_on_to_the_day_and_the_next_one_is_a_plain_period() {
    let mut world = automatic(&[SERVER]).aligned(12);
    assert_eq!(visit(&mut world, &[SERVER], "2026-12-21"), [proposed(1, "2026-12-26")]);
    assert_eq!(world.line(1), line("2027-02-12", None, 500 + 200), "12 days more");
    let order = world.found(1);
    assert_eq!((order.gross, order.lines[0].term.from()), (eur(840), date("2026-12-31")));
    assert_eq!(visit(&mut world, &[SERVER], "2026-12-26"), [paid(1)]);
    assert_eq!((world.stands(SERVER), world.seen.payments[&OrderId(1)].amount), (stands("2027-02-12", 12), eur(840)));
    assert_eq!(visit(&mut world, &[SERVER], "2027-02-02"), [proposed(2, "2027-02-07")]);
    assert_eq!(world.line(2), line("2027-03-12", Some("P1M"), 500));
    assert_eq!(world.place(&[SERVER], "P1M").expect("is that very order").id, OrderId(2));
    assert_eq!(visit(&mut world, &[SERVER], "2027-02-07"), [paid(2)]);
    assert_eq!(world.stands(SERVER), stands("2027-03-12", 12));
}

#[test]
fn each_day_more_costs_a_thirtieth_of_the_services_own_month_halves_up() {
    let month = Some("P1M");
    for (day, until, text, net) in [
        (31, "2027-01-31", month, 255),
        (1, "2027-02-01", None, 255 + 9),
        (3, "2027-02-03", None, 255 + 26),
        (12, "2027-02-12", None, 255 + 102),
        (28, "2027-02-28", None, 255 + 238),
        (30, "2027-02-28", None, 255 + 238),
    ] {
        let mut world = automatic(&[SERVER]).aligned(day);
        world.service(SERVER).protected_prices = vec![Price { period: period("P1M"), net: eur(255) }];
        visit(&mut world, &[SERVER], "2026-12-21");
        assert_eq!(world.line(1), line(until, text, net), "to day {day}");
    }
}

#[test]
fn the_day_survives_shorter_months_and_no_day_that_the_period_has_is_sold_twice() {
    // Where it stands, which day it is drawn to, where it ends then, and after two more renewals.
    for (until, own, day, first, then) in [
        ("2027-01-15", 15, 31, line("2027-02-28", None, 500 + 217), ["2027-03-31", "2027-04-30"]),
        ("2027-01-15", 15, 29, line("2027-02-28", None, 500 + 217), ["2027-03-29", "2027-04-29"]),
        ("2027-01-31", 31, 31, line("2027-02-28", Some("P1M"), 500), ["2027-03-31", "2027-04-30"]),
        // The month ends on 31 March: five days more, not eight.
        ("2027-02-28", 31, 5, line("2027-04-05", None, 500 + 83), ["2027-05-05", "2027-06-05"]),
        ("2027-02-28", 31, 28, line("2027-04-28", None, 500 + 467), ["2027-05-28", "2027-06-28"]),
    ] {
        let mut world = automatic(&[SERVER]).ending(SERVER, until, own).aligned(day);
        renewed(&mut world, SERVER).expect("is renewed");
        assert_eq!(world.line(1), first, "{until} to day {day}");
        for (order, until) in (2..).zip(then) {
            renewed(&mut world, SERVER).expect("is renewed");
            assert_eq!(world.line(order), line(until, Some("P1M"), 500), "to day {day}");
        }
    }
}

/// Goes through the days on which a service is ordered and paid; tells the order.
fn renewed(world: &mut World, id: ServiceId) -> Option<Order> {
    let until = world.seen.services[&id].until;
    for days in [40, 14, 10, 7, 5] {
        let day = until.checked_sub(days.days()).expect("is in range");
        world.now = format!("{day}T05:00:00Z").parse().expect("is an instant");
        let action = look(world, &[id], day);
        for kind in told(&world.run(action).expect("is attended").changes) {
            if let NoticeKind::Paid { order } = kind {
                return Some(world.seen.orders[&order].clone());
            }
        }
    }
    None
}

#[test]
fn services_that_expire_on_different_days_are_one_order_and_one_invoice_a_month_later() {
    let both = [SERVER, ADDON];
    let mut world = automatic(&both).joint().aligned(28);
    world = world.ending(SERVER, "2026-12-10", 10).ending(ADDON, "2026-12-20", 20);
    for id in both {
        renewed(&mut world, id).expect("is renewed");
    }
    assert_eq!(world.line(1), line("2027-01-28", None, 500 + 300));
    assert_eq!(world.line(2), line("2027-01-28", None, 100 + 27));
    assert_eq!(visit(&mut world, &both, "2027-01-18"), [proposed(3, "2027-01-23")]);
    assert_eq!(visit(&mut world, &both, "2027-01-23"), [paid(3)]);
    let order = world.found(3);
    assert_eq!((order.lines.len(), order.period(), order.net), (2, Some(period("P1M")), eur(600)));
    assert_eq!(world.seen.next.invoice_number, 4, "a third invoice, and no more");
    assert_eq!(both.map(|id| world.stands(id)), [stands("2027-02-28", 28), stands("2027-02-28", 28)]);
}

#[test]
fn what_cannot_go_on_to_the_day_is_renewed_for_its_period_rather_than_not_at_all() {
    let mut world = automatic(&[DOMAIN]).aligned(12);
    world.service(DOMAIN).period = period("P1Y");
    visit(&mut world, &[DOMAIN], "2026-12-17");
    assert_eq!(world.line(1), line("2027-12-31", Some("P1Y"), 199), "no month is sold");
    for (day, until, text, net) in [(21, "2027-02-21", None, 850), (22, "2027-01-31", Some("P1M"), 500)] {
        let mut world = automatic(&[SERVER]).aligned(day);
        Arc::make_mut(&mut world.seen.catalogue).products.get_mut(&VPS).expect("is sold").ahead_months_max = 2;
        visit(&mut world, &[SERVER], "2026-12-21");
        assert_eq!(world.line(1), line(until, text, net), "2027-02-21 is the last day that can be paid");
        assert_eq!(visit(&mut world, &[SERVER], "2026-12-26"), [paid(1)]);
    }
}

#[test]
fn weeks_are_left_as_they_are() {
    let mut world = automatic(&[STACKING]).aligned(12);
    world.service(STACKING).period = period("P1W");
    visit(&mut world, &[STACKING], "2026-12-28");
    assert_eq!(visit(&mut world, &[STACKING], "2026-12-29"), [paid(1)]);
    assert_eq!(world.line(1), line("2027-01-07", Some("P1W"), 70));
}

#[test]
fn a_service_that_has_expired_goes_on_from_its_old_expiry() {
    let mut world = automatic(&[SERVER]).aligned(12);
    visit(&mut world, &[SERVER], "2027-01-20");
    assert_eq!(visit(&mut world, &[SERVER], "2027-01-21"), [paid(1)]);
    assert_eq!(world.found(1).lines[0].term.from(), date("2026-12-31"));
    assert_eq!(world.stands(SERVER), stands("2027-02-12", 12));
}

#[test]
fn an_order_follows_to_the_day_where_the_period_of_its_service_changes() {
    let mut world = automatic(&[SERVER]).aligned(12);
    visit(&mut world, &[SERVER], "2026-12-21");
    for (text, until, net) in [("P3M", "2027-04-12", 1_450 + 200), ("P1M", "2027-02-12", 500 + 200)] {
        let period = Some(period(text));
        world.run(Action::SetRenewal { service: SERVER, mode: None, period }).expect("is set");
        assert_eq!(world.line(1), line(until, None, net), "{text}");
    }
    // What its owner says of the order itself is for just that long.
    let (periods, promo, plan) = (vec![(SERVER, period("P1M"))], PromoEdit::Keep, PlanEdit::default());
    world.order(Action::ReviseOrder { order: OrderId(1), periods, promo, plan }).expect("is revised");
    assert_eq!(world.line(1), line("2027-01-31", Some("P1M"), 500));
    assert_eq!(visit(&mut world, &[SERVER], "2026-12-26"), [paid(1)]);
    assert_eq!(world.stands(SERVER), stands("2027-01-31", 31));
}

#[test]
fn what_stands_is_paid_as_it_was_ordered_whatever_the_day_is_since() {
    for (first, then, end) in [
        (None, Some(12), stands("2027-01-31", 31)),
        (Some(12), None, stands("2027-02-12", 12)),
        (Some(12), Some(20), stands("2027-02-12", 12)),
    ] {
        let mut world = automatic(&[SERVER]);
        for (day, on) in [(first, "2026-12-21"), (then, "2026-12-26")] {
            world.seen.accounts.get_mut(&CUSTOMER).expect("is there").align_day = day.map(anchor);
            visit(&mut world, &[SERVER], on);
        }
        assert_eq!(world.stands(SERVER), end);
    }
}

#[test]
fn it_is_tried_again_withdrawn_and_ordered_again_as_any_other_order() {
    let mut world = prepaid(&[SERVER]).aligned(12);
    world.seen.methods.clear();
    world.seen.accounts.get_mut(&CUSTOMER).expect("is there").credit_limit = eur(0);
    *world.balance() = eur(839);
    visit(&mut world, &[SERVER], "2026-12-21");
    assert!(matches!(visit(&mut world, &[SERVER], "2026-12-26")[..], [NoticeKind::NotPaid { .. }]));
    let another = Refusal::RenewalOpen { service: SERVER, order: OrderId(1) };
    assert_eq!(world.place(&[SERVER], "P1M"), Err(another), "a plain month is another renewal");
    world.run(Action::CancelOrder { order: OrderId(1) }).expect("is withdrawn");
    *world.balance() = eur(840);
    assert_eq!(visit(&mut world, &[SERVER], "2026-12-28"), [paid(2)]);
    assert_eq!((world.line(2), *world.balance()), (line("2027-02-12", None, 700), eur(0)));
}

#[test]
fn of_an_order_that_there_is_not_enough_money_for_each_part_goes_on_to_the_day() {
    let both = [SERVER, ADDON];
    let mut world = prepaid(&both).joint().aligned(12);
    world.seen.methods.clear();
    world.seen.accounts.get_mut(&CUSTOMER).expect("is there").credit_limit = eur(0);
    *world.balance() = eur(840);
    for day in ["2026-12-21", "2026-12-26", "2026-12-28", "2026-12-30"] {
        visit(&mut world, &both, day);
    }
    assert!(matches!(world.found(1).state, OrderState::Cancelled(_)));
    assert_eq!((world.line(2), world.line(3)), (line("2027-02-12", None, 700), line("2027-02-12", None, 140)));
    assert_eq!(both.map(|id| world.stands(id)), [stands("2027-02-12", 12), stands("2026-12-31", 31)]);
}

#[test]
fn renewals_that_add_up_go_on_to_the_day_unless_their_owner_was_first() {
    let mut world = prepaid(&[STACKING]).aligned(12);
    world.seen.methods.clear();
    world.seen.accounts.get_mut(&CUSTOMER).expect("is there").credit_limit = eur(0);
    let funds = std::mem::replace(world.balance(), eur(0));
    for day in ["2026-12-21", "2026-12-26"] {
        visit(&mut world, &[STACKING], day);
    }
    assert_eq!((world.line(1), world.found(1).origin), (line("2027-02-12", None, 350), Origin::Schedule));
    *world.balance() = funds;
    let mut own = world.clone();
    assert_eq!(visit(&mut world, &[STACKING], "2026-12-28"), [paid(1)]);
    assert_eq!(world.stands(STACKING), stands("2027-02-12", 12));
    own.paid(renew_now(&[STACKING], "P1M")).expect("is renewed");
    assert!(matches!(own.found(1).state, OrderState::Cancelled(_)));
    assert_eq!(own.stands(STACKING), stands("2027-01-31", 31), "what its owner orders is for just that long");
}

#[test]
fn what_is_ordered_after_an_open_order_to_the_day_has_that_day_in_shorter_months_too() {
    let mut world = prepaid(&[STACKING]).ending(STACKING, "2027-01-15", 15).aligned(31);
    world.seen.methods.clear();
    world.seen.accounts.get_mut(&CUSTOMER).expect("is there").credit_limit = eur(0);
    *world.balance() = eur(0);
    for day in ["2027-01-05", "2027-01-10"] {
        visit(&mut world, &[STACKING], day);
    }
    assert_eq!(world.line(1).0, "2027-02-28");
    let next = world.order(renew_after_open(&[STACKING], "P1M")).expect("is placed");
    assert_eq!(next.lines[0].term.until(), date("2027-03-31"));
    *world.balance() = eur(10_000);
    for (order, end) in [(OrderId(1), "2027-02-28"), (next.id, "2027-03-31")] {
        let line = world.pay(order, PayWith::Balance).expect("is paid").lines.remove(0);
        assert_eq!((line.term.until(), world.service(STACKING).until), (date(end), date(end)));
    }
}

proptest! {
    #[test]
    fn a_renewal_ends_on_the_day_no_sooner_than_its_period_and_costs_exactly_the_days_more(
        days in 0_i32..1_500,
        own in 1_i8..=31,
        day in 1_i8..=31,
        text in proptest::sample::select(vec!["P1M", "P3M", "P1Y"]),
    ) {
        let until: Date = date("2026-11-21").checked_add(days.days()).expect("is in range");
        let mut plain = automatic(&[SERVER]).ending(SERVER, &until.to_string(), own);
        plain.service(SERVER).period = period(text);
        let mut world = plain.clone().aligned(day);
        let plain = renewed(&mut plain, SERVER).expect("is renewed").lines.remove(0);
        let line = renewed(&mut world, SERVER).expect("is renewed").lines.remove(0);
        let (period_end, end) = (plain.term.until(), line.term.until());
        prop_assert_eq!((line.term.from(), world.seen.services[&SERVER].until), (until, end));
        prop_assert!(anchor(day).is_on(end), "{end} to day {day}");
        let month_later = add_period(period_end, period("P1M"), AnchorDay::of(period_end)).expect("is in range");
        prop_assert!(period_end <= end && end <= month_later, "{period_end} {end}");
        let odd = i64::from(end.since(period_end).expect("is later").get_days());
        // A thirtieth of 5.00 for each day, halves up.
        prop_assert_eq!(line.list.minor(), plain.list.minor() + (500 * odd * 2 + 30) / 60);
        prop_assert_eq!(line.period, (odd == 0).then_some(period(text)));
        if odd == 0 {
            prop_assert_eq!(line, plain);
        } else {
            for _ in 0..3 {
                let next = renewed(&mut world, SERVER).expect("is renewed").lines.remove(0);
                prop_assert_eq!((next.period, next.list), (Some(period(text)), plain.list));
                prop_assert!(anchor(day).is_on(next.term.until()), "{:?} to day {day}", next.term);
            }
        }
    }
}
