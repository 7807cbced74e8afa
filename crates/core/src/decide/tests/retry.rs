//! Charges and the schedule: who is left alone, what is tried next, and what is told when nothing is left.

use super::attend::{look, told};
use super::charge::*;
use super::world::*;
use crate::charge::{ChargeOutcome, ChargeState, Decline};
use crate::command::{Action, PayWith, PlanEdit};
use crate::ids::{MethodId, OrderId, ServiceId};
use crate::notice::{NoticeKind, Unpaid};
use crate::order::OrderState;
use crate::payment::MethodKind;
use crate::refusal::Refusal;
use crate::service::{Hold, RenewalMode};
use crate::snapshot::Change;

impl World {
    /// Looks at services early on a day, and tells what was told.
    pub fn visit(&mut self, services: &[ServiceId], day: &str) -> Vec<NoticeKind> {
        self.now = format!("{day}T05:00:00Z").parse().expect("is an instant");
        let action = look(self, services, date(day));
        told(&self.run(action).expect("is attended").changes)
    }

    /// Settles the open charge, and tells what was told.
    fn settled(&mut self, outcome: ChargeOutcome) -> Vec<NoticeKind> {
        let charge = self.open_charge().expect("is open");
        self.wait_s(120);
        told(&self.settle(&charge, outcome).changes)
    }

    /// With what the open charge is, and when it is tried again.
    fn charged(&self) -> Option<(MethodId, Option<String>)> {
        self.open_charge().map(|charge| (charge.method, charge.again_on.map(|day| day.to_string())))
    }
}

fn automatic(services: &[ServiceId], balance: i64) -> World {
    let mut world = with_cards();
    *world.balance() = eur(balance);
    for id in services {
        world.service(*id).mode = RenewalMode::Automatic;
    }
    world
}

fn not_paid(order: i64, reason: Unpaid, again_on: Option<&str>) -> NoticeKind {
    NoticeKind::NotPaid { order: OrderId(order), reason, again_on: again_on.map(date) }
}

fn short(again_on: Option<&str>) -> NoticeKind {
    not_paid(1, Unpaid::Declined(Decline::Funds), again_on)
}

fn gone(again_on: Option<&str>) -> NoticeKind {
    not_paid(1, Unpaid::Declined(Decline::Gone), again_on)
}

fn paid(order: i64) -> NoticeKind {
    NoticeKind::Paid { order: OrderId(order) }
}

/// A method, and the day of the next try.
fn with(method: MethodId, again_on: Option<&str>) -> (MethodId, Option<String>) {
    (method, again_on.map(str::to_owned))
}

#[test]
fn a_service_is_left_alone_while_its_renewal_is_charged_and_made_up_for_after() {
    let mut world = automatic(&[SERVER], 0);
    let charge = world.charge(&[SERVER], PayWith::Method(CARD));
    for day in ["2026-12-21", "2026-12-26", "2026-12-30", "2026-12-31", "2027-01-07", "2027-02-06", "2027-03-06"] {
        world.now = format!("{day}T05:00:00Z").parse().expect("is an instant");
        let action = look(&world, &[SERVER], date(day));
        assert_eq!(world.run(action).expect("is attended").changes, [], "{day}");
    }
    let mut moved = world.clone();
    moved.settle(&charge, ChargeOutcome::Moved);
    assert_eq!(moved.service(SERVER).until, date("2027-01-31"));
    world.settle(&charge, FUNDS);
    let told = world.visit(&[SERVER], "2027-03-07");
    assert!(matches!(told[..], [NoticeKind::Terminated { .. }]), "{told:?}");
    assert_eq!(world.service(SERVER).hold, Hold::Terminated);
    let offsets = crate::schedule::Timetables::default().offsets(world.seen.catalogue.products.values());
    assert!([-44, -67, -127].iter().all(|days| offsets.contains(days)), "it is looked at again after it was to end");
    assert!((0..=7).all(|days| offsets.contains(&days)), "a day that is told of after the first one is visited");
}

#[test]
fn what_belongs_to_a_service_and_is_charged_keeps_it_from_ending_without_it() {
    let mut world = with_cards();
    world.now = "2027-02-05T12:00:00Z".parse().expect("is an instant");
    let charge = world.charge(&[ADDON], PayWith::Method(CARD));
    assert_eq!(world.visit(&[SERVER, ADDON], "2027-02-06"), []);
    assert!(!world.seen.attended.contains_key(&SERVER), "no stage is noted");
    world.settle(&charge, FUNDS);
    world.visit(&[SERVER, ADDON], "2027-02-07");
    assert_eq!((world.service(SERVER).hold, world.service(ADDON).hold), (Hold::Terminated, Hold::Terminated));
}

#[test]
fn a_declined_charge_is_tried_again_on_each_day_and_after_the_last_with_what_else_there_is() {
    let mut world = automatic(&[SERVER], 0);
    world.visit(&[SERVER], "2026-12-21");
    for (day, again_on) in [("2026-12-26", "2026-12-28"), ("2026-12-28", "2026-12-30")] {
        assert_eq!(world.visit(&[SERVER], day), [], "nothing is told of what is under way");
        assert_eq!(world.charged(), Some(with(CARD, Some(again_on))));
        assert_eq!(world.settled(FUNDS), [short(Some(again_on))]);
        assert_eq!(world.charged(), None, "the others are tried on the last day only");
    }
    assert_eq!(world.visit(&[SERVER], "2026-12-30"), []);
    assert_eq!(world.charged(), Some(with(CARD, None)));
    // The balance, for whoever has some by then.
    let mut funded = world.clone();
    *funded.balance() = eur(600);
    assert_eq!(funded.settled(FUNDS), [paid(1)]);
    assert_eq!((*funded.balance(), funded.service(SERVER).until), (eur(0), date("2027-01-31")));
    assert_eq!(funded.charged(), None);
    // And the credit line for the rest.
    let mut credited = world.clone();
    *credited.balance() = eur(500);
    credited.seen.accounts.get_mut(&CUSTOMER).expect("is there").credit_limit = eur(100);
    assert_eq!(credited.settled(FUNDS), [paid(1)]);
    assert_eq!((*credited.balance(), credited.seen.balances[&CUSTOMER].receivable), (eur(0), eur(100)));
    // Else each other method, one after the other.
    assert_eq!(world.settled(FUNDS), [], "the spare one is asked");
    assert_eq!(world.charged(), Some(with(SPARE, None)));
    // Where that takes days, the first one is not asked again: its last try was made.
    let mut slow = world.clone();
    slow.wait_s(2 * 86_400);
    assert_eq!((slow.settled(FUNDS), slow.charged()), (vec![short(None)], None));
    let mut moved = world.clone();
    assert_eq!(moved.settled(ChargeOutcome::Moved), [paid(1)]);
    assert_eq!(moved.seen.payments[&OrderId(1)].method, Some(SPARE));
    assert_eq!(
        world.settled(ChargeOutcome::Declined(Decline::Declined)),
        [not_paid(1, Unpaid::Declined(Decline::Declined), None)]
    );
    assert_eq!((world.charged(), world.seen.charges[&OrderId(1)].len()), (None, 4));
}

#[test]
fn an_order_that_says_with_what_it_is_paid_is_paid_with_nothing_else() {
    for outcome in [FUNDS, GONE] {
        let mut world = automatic(&[SERVER], 10_000);
        world.visit(&[SERVER], "2026-12-21");
        let plan = PlanEdit { kind: Some(MethodKind::Card), ..PlanEdit::default() };
        world.run(planning(OrderId(1), plan)).expect("is planned");
        world.visit(&[SERVER], "2026-12-30");
        assert_eq!(world.charged(), Some(with(CARD, None)));
        assert!(matches!(world.settled(outcome)[..], [NoticeKind::NotPaid { again_on: None, .. }]));
        assert_eq!((world.charged(), *world.balance()), (None, eur(10_000)));
    }
}

#[test]
fn a_method_that_is_gone_is_not_charged_again_for_the_order_and_another_is_at_once() {
    let mut world = automatic(&[SERVER], 0);
    world.visit(&[SERVER], "2026-12-21");
    world.visit(&[SERVER], "2026-12-26");
    let mut alone = world.clone();
    assert_eq!(world.settled(GONE), []);
    assert_eq!(world.charged(), Some(with(SPARE, Some("2026-12-28"))), "today, and the days that follow stand");
    assert_eq!(world.settled(FUNDS), [short(Some("2026-12-28"))]);
    assert_eq!(world.visit(&[SERVER], "2026-12-28"), []);
    assert_eq!(world.charged(), Some(with(SPARE, Some("2026-12-30"))));
    assert_eq!(world.settled(GONE), [gone(Some("2026-12-30"))]);
    assert_eq!(world.visit(&[SERVER], "2026-12-30"), [gone(None)], "why the first of them did not do");
    // Where there is no other, its owner has until the last day to register one.
    alone.seen.methods.remove(&SPARE);
    assert_eq!(alone.settled(GONE), [gone(Some("2026-12-28"))]);
    assert_eq!(alone.visit(&[SERVER], "2026-12-28"), [gone(Some("2026-12-30"))]);
    *alone.balance() = eur(600);
    assert_eq!(alone.visit(&[SERVER], "2026-12-30"), [paid(1)]);
}

#[test]
fn a_method_that_its_owner_tried_today_is_not_tried_again_today() {
    let mut world = automatic(&[SERVER], 0);
    world.visit(&[SERVER], "2026-12-21");
    world.now = "2026-12-25T23:30:00Z".parse().expect("is an instant");
    let pay = Action::Pay { order: OrderId(1), with: PayWith::Method(CARD), due: None };
    world.run(pay).expect("is charged, on the 26th of its owner's");
    let charge = world.open_charge().expect("is open");
    world.settle(&charge, FUNDS);
    assert_eq!(world.visit(&[SERVER], "2026-12-26"), [short(Some("2026-12-28"))]);
    assert_eq!(world.visit(&[SERVER], "2026-12-28"), []);
    assert_eq!(world.charged(), Some(with(CARD, Some("2026-12-30"))));
}

#[test]
fn a_charge_that_comes_to_nothing_days_later_goes_on_from_there() {
    // The day of the next try has passed: it is the next day.
    let mut world = automatic(&[SERVER], 0);
    world.visit(&[SERVER], "2026-12-21");
    world.visit(&[SERVER], "2026-12-26");
    world.now = "2026-12-29T05:00:00Z".parse().expect("is an instant");
    assert_eq!(world.clone().settled(FUNDS), [short(Some("2026-12-30"))]);
    // Its owner does not want it any more: nothing else is charged, and no more is promised.
    let changes: [&dyn Fn(&mut World); 3] = [
        &|world| world.service(SERVER).mode = RenewalMode::Manual,
        &|world| world.service(SERVER).hold = Hold::Locked,
        &|world| world.service(SERVER).until = date("2027-01-31"),
    ];
    for change in changes {
        let mut world = world.clone();
        change(&mut world);
        assert_eq!(world.settled(GONE), [gone(None)]);
        assert_eq!(world.charged(), None);
    }
    // What has lapsed meanwhile is not paid with other money.
    world.seen.orders.get_mut(&OrderId(1)).expect("is there").lapses = world.now;
    assert_eq!(world.settled(GONE), [gone(None)]);
}

#[test]
fn the_schedule_sees_what_is_charged_for_a_service_whose_renewals_add_up() {
    let mut world = automatic(&[STACKING], 0);
    world.visit(&[STACKING], "2026-12-21");
    world.now = "2026-12-26T02:00:00Z".parse().expect("is an instant");
    let charge = world.charge(&[STACKING], PayWith::Method(CARD));
    assert_eq!(world.service(STACKING).open_order, Some(charge.order));
    assert_eq!(world.visit(&[STACKING], "2026-12-26"), []);
    assert_eq!(world.seen.next.order, 2, "no other order is placed");
    // Nor does its owner pay twice by two clicks.
    let other = world.place(&[STACKING], "P1M").expect("is placed").id;
    let refused = Err(Refusal::ChargeOpen(charge.order));
    assert_eq!(world.run(Action::Pay { order: other, with: PayWith::Method(CARD), due: None }), refused);
    let mut moved = world.clone();
    moved.settle(&charge, ChargeOutcome::Moved);
    assert_eq!((moved.service(STACKING).until, moved.service(STACKING).open_order), (date("2027-01-31"), None));
    world.settle(&charge, FUNDS);
    assert_eq!(world.service(STACKING).open_order, None);
    world.run(Action::Pay { order: other, with: PayWith::Method(CARD), due: None }).expect("is charged");
    let charge = world.open_charge().expect("is open");
    world.service(STACKING).mode = RenewalMode::DeleteAtExpiry;
    world.settle(&charge, ChargeOutcome::Moved);
    assert_eq!(
        (world.charge_state(&charge), world.service(STACKING).open_order),
        (ChargeState::Credited(world.now), None)
    );
}

#[test]
fn an_order_of_the_schedules_for_renewals_that_add_up_stands_until_it_is_paid_or_renewed_otherwise() {
    let mut world = automatic(&[STACKING], 0);
    assert_eq!(world.visit(&[STACKING], "2026-12-21"), []);
    assert_eq!(world.visit(&[STACKING], "2026-12-26"), []);
    assert_eq!(world.settled(FUNDS), [short(Some("2026-12-28"))]);
    assert_eq!(world.service(STACKING).open_order, Some(OrderId(1)));
    world.visit(&[STACKING], "2026-12-28");
    assert_eq!(
        (world.charged(), world.seen.next.order),
        (Some(with(CARD, Some("2026-12-30"))), 2),
        "it is the same order"
    );
    world.settled(FUNDS);
    // Its owner renews it by an order of their own.
    let mut own = world.clone();
    let charge = own.charge(&[STACKING], PayWith::Method(SPARE));
    assert!(matches!(own.seen.orders[&OrderId(1)].state, OrderState::Cancelled(_)), "the schedule's is not needed");
    assert_eq!(own.visit(&[STACKING], "2026-12-30"), []);
    own.settle(&charge, ChargeOutcome::Moved);
    assert_eq!(own.service(STACKING).until, date("2027-01-31"));
    // Or with the balance.
    let mut prepaid = world.clone();
    *prepaid.balance() = eur(300);
    let mut twice = prepaid.clone();
    prepaid.paid(renew_now(&[STACKING], "P1M")).expect("is renewed");
    assert_eq!(prepaid.service(STACKING).open_order, None);
    assert!(matches!(prepaid.seen.orders[&OrderId(1)].state, OrderState::Cancelled(_)));
    for day in ["2027-01-21", "2027-01-26"] {
        assert_eq!(prepaid.visit(&[STACKING], day), [], "{day}");
    }
    assert_eq!(prepaid.charged().map(|(method, _)| method), Some(CARD));
    assert_eq!(prepaid.open_charge().map(|charge| charge.order), Some(OrderId(3)), "for the new term");
    // Or with the balance, while the schedule's is charged: both add up.
    twice.visit(&[STACKING], "2026-12-30");
    twice.paid(renew_now(&[STACKING], "P1M")).expect("is renewed");
    assert_eq!(twice.service(STACKING).open_order, Some(OrderId(1)), "it is still left alone");
    assert_eq!(twice.settled(ChargeOutcome::Moved), [paid(1)]);
    assert_eq!((twice.service(STACKING).until, twice.service(STACKING).open_order), (date("2027-02-28"), None));
    world.visit(&[STACKING], "2026-12-30");
    assert_eq!(world.settled(ChargeOutcome::Moved), [paid(1)]);
    assert_eq!((world.service(STACKING).until, world.service(STACKING).open_order), (date("2027-01-31"), None));
}

#[test]
fn a_decline_takes_no_order_from_a_service_that_named_it_before() {
    let mut world = automatic(&[STACKING], 0);
    for day in ["2026-12-21", "2026-12-26"] {
        world.visit(&[STACKING], day);
    }
    world.settled(FUNDS);
    world.run(Action::Pay { order: OrderId(1), with: PayWith::Method(SPARE), due: None }).expect("is charged");
    world.settled(FUNDS);
    assert_eq!(world.service(STACKING).open_order, Some(OrderId(1)), "the schedule's stands");
    let bought = world.order(buy(vec![item(INSTANCE, "P1M")], None)).expect("is ordered");
    for outcome in [FUNDS, ChargeOutcome::Moved] {
        let unpaid = world.service(bought.lines[0].service).clone();
        assert_eq!((unpaid.hold, unpaid.open_order), (Hold::Unpaid, Some(bought.id)));
        world.run(Action::Pay { order: bought.id, with: PayWith::Method(CARD), due: None }).expect("is charged");
        world.settled(outcome);
    }
    assert_eq!(world.service(bought.lines[0].service).hold, Hold::None);
}

#[test]
fn where_the_money_does_not_do_for_all_on_the_last_day_it_pays_what_it_can() {
    let all = [SERVER, ADDON];
    for (balance, states, left) in [
        (719, vec![(SERVER, true), (ADDON, false)], 119),
        (120, vec![(SERVER, false), (ADDON, true)], 0),
        (119, vec![(SERVER, false), (ADDON, false)], 119),
        (720, vec![(SERVER, true), (ADDON, true)], 0),
    ] {
        let mut world = automatic(&[SERVER, ADDON], balance);
        world.seen.methods.clear();
        for proposed in [true, false] {
            let mut world = world.clone();
            if proposed {
                world.visit(&all, "2026-12-21");
                if balance < 720 {
                    let told = world.visit(&all, "2026-12-26");
                    assert_eq!(told, [not_paid(1, Unpaid::BalanceShort, Some("2026-12-28"))], "not before the last");
                }
            }
            world.now = "2026-12-30T05:00:00Z".parse().expect("is an instant");
            let action = look(&world, &all, date("2026-12-30"));
            let changes = world.run(action).expect("is attended").changes;
            for (id, is_paid) in &states {
                let until = if *is_paid { "2027-01-31" } else { "2026-12-31" };
                assert_eq!(world.service(*id).until, date(until), "{id} of {balance}");
                let open = world.service(*id).open_order.map(|order| world.seen.orders[&order].lines.len());
                assert_eq!(open, (!is_paid).then_some(1), "what is not paid is an order of its own");
            }
            let unpaid = states.iter().filter(|(_, is_paid)| !is_paid).count();
            let told = told(&changes);
            let short = |kind: &&NoticeKind| matches!(kind, NoticeKind::NotPaid { again_on: None, .. });
            assert_eq!((told.iter().filter(short).count(), world.balance().minor()), (unpaid, left));
            let placed = changes.iter().filter(|change| matches!(change, Change::PlaceOrder(_))).count();
            assert_eq!(placed, if balance == 720 { usize::from(!proposed) } else { 2 });
        }
    }
}

#[test]
fn of_what_expires_on_two_days_the_first_is_paid_first() {
    let mut world = automatic(&[SERVER, RESOLD], 600);
    world.seen.methods.clear();
    world.service(RESOLD).account = CUSTOMER;
    world.service(RESOLD).until = date("2026-12-30");
    for day in ["2026-12-21", "2026-12-30"] {
        world.visit(&[SERVER, RESOLD], day);
    }
    assert_eq!((world.service(SERVER).until, world.service(RESOLD).until), (date("2026-12-31"), date("2027-01-31")));
}
