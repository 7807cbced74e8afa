//! How a service ends: cancelling, withdrawing that, and what is set for many at once.

use super::world::*;
use crate::command::{Action, Command, PayWith, Reply};
use crate::gate::{GateReason, RenewGate};
use crate::ids::{OrderId, ServiceId};
use crate::order::OrderState;
use crate::refusal::Refusal;
use crate::service::{Cancellation, Ending, Hold, Lifecycle, RenewalMode};
use crate::snapshot::Change;

/// Brings a world into a state.
type Prepare = fn(&mut World);

fn cancel(ending: Ending) -> Action {
    Action::Cancel { service: SERVER, reason: "too dear".to_owned(), ending }
}

fn reinstate() -> Action {
    Action::Reinstate { service: SERVER }
}

fn set(services: &[ServiceId], mode: RenewalMode, withdraw: &[OrderId]) -> Action {
    Action::SetRenewals { services: services.to_vec(), mode, period: None, withdraw: withdraw.to_vec() }
}

fn refused(world: &mut World, action: Action) -> Option<Refusal> {
    let before = world.seen.services.clone();
    let refusal = world.run(action).err();
    assert_eq!(world.seen.services, before);
    refusal
}

fn stage(world: &World, day: &str) -> Lifecycle {
    let service = &world.seen.services[&SERVER];
    service.lifecycle(world.seen.product(service).expect("is sold"), date(day))
}

fn gate(world: &World) -> RenewGate {
    let service = &world.seen.services[&SERVER];
    let product = world.seen.product(service).expect("is sold");
    RenewGate::of(world.now, &world.seen, &world.seen.accounts[&CUSTOMER], product, service)
}

#[test]
fn a_cancelled_service_runs_until_its_expiry_or_stops_at_once_and_is_gone_after_it() {
    for (ending, hold, before) in
        [(Ending::AtExpiry, Hold::None, Lifecycle::Active), (Ending::Now, Hold::Suspended, Lifecycle::Suspended)]
    {
        let mut world = World::new();
        let decision = world.run(cancel(ending)).expect("is cancelled");
        assert_eq!(decision.reply, Reply::From(date("2026-12-31")));
        let service = world.service(SERVER).clone();
        let (requested, reason, mode_before) = (world.now, "too dear".to_owned(), RenewalMode::Manual);
        let cancellation = Cancellation { requested, reason, ending, mode_before };
        assert_eq!((service.mode, service.hold), (RenewalMode::DeleteAtExpiry, hold));
        assert_eq!(service.cancellation, Some(cancellation));
        assert_eq!((stage(&world, "2026-11-20"), stage(&world, "2026-12-30")), (before, before));
        assert_eq!(stage(&world, "2026-12-31"), Lifecycle::Terminated, "there is no grace");
        world.now = "2026-12-31T12:00:00Z".parse().expect("is an instant");
        assert_eq!(gate(&world), RenewGate::Closed(GateReason::Terminated), "{ending:?}");
        let gone = Refusal::NotChangeable { service: SERVER, reason: GateReason::Terminated };
        assert_eq!(refused(&mut world, reinstate()), Some(gone));
    }
}

#[test]
fn a_cancelled_service_cannot_be_renewed_whatever_was_ordered() {
    for (ending, reason) in [(Ending::AtExpiry, GateReason::Cancelled), (Ending::Now, GateReason::Suspended)] {
        let mut world = World::new();
        let order = world.place(&[SERVER], "P1M").expect("is placed").id;
        world.run(cancel(ending)).expect("is cancelled");
        let refusal = Refusal::NotRenewable { service: SERVER, reason };
        assert_eq!(world.pay(order, PayWith::Balance), Err(refusal.clone()));
        assert_eq!(world.place(&[SERVER], "P3M"), Err(refusal));
        world.run(reinstate()).expect("is withdrawn");
        world.pay(order, PayWith::Balance).expect("is paid");
        assert_eq!(world.service(SERVER).until, date("2027-01-31"));
    }
}

#[test]
fn withdrawing_a_cancellation_gives_back_what_was_to_happen_before() {
    for mode in [RenewalMode::Automatic, RenewalMode::Manual] {
        for ending in [Ending::AtExpiry, Ending::Now] {
            let mut world = World::new();
            world.service(SERVER).mode = mode;
            let before = world.service(SERVER).clone();
            world.run(cancel(ending)).expect("is cancelled");
            world.run(reinstate()).expect("is withdrawn");
            let after = world.service(SERVER).clone();
            assert_eq!(after.version, before.version + 2);
            assert_eq!(crate::service::Service { version: before.version, ..after }, before, "{mode:?} {ending:?}");
        }
    }
}

#[test]
fn a_mode_that_was_set_to_deletion_is_a_cancellation_and_keeps_its_beginning() {
    let mut world = World::new();
    world.service(SERVER).mode = RenewalMode::Automatic;
    let mode = |mode| Action::SetRenewal { service: SERVER, mode: Some(mode), period: None };
    world.run(mode(RenewalMode::DeleteAtExpiry)).expect("is set");
    let first = world.service(SERVER).cancellation.clone().expect("is cancelled");
    assert_eq!((first.ending, first.mode_before), (Ending::AtExpiry, RenewalMode::Automatic));
    world.wait_s(60);
    world.run(mode(RenewalMode::DeleteAtExpiry)).expect("is set");
    assert_eq!(world.service(SERVER).cancellation, Some(first));
    world.run(reinstate()).expect("is withdrawn");
    assert_eq!(world.service(SERVER).mode, RenewalMode::Automatic);
    world.run(cancel(Ending::AtExpiry)).expect("is cancelled");
    world.run(mode(RenewalMode::Manual)).expect("is set");
    assert_eq!(world.service(SERVER).cancellation, None);
}

#[test]
fn a_cancellation_from_a_file_is_withdrawn_to_manual() {
    let mut world = World::new();
    world.service(SERVER).mode = RenewalMode::DeleteAtExpiry;
    world.run(reinstate()).expect("is withdrawn");
    assert_eq!(world.service(SERVER).mode, RenewalMode::Manual);
}

#[test]
fn what_cannot_be_cancelled_or_withdrawn_is_refused_for_its_reason() {
    let held = |reason| Refusal::NotChangeable { service: SERVER, reason };
    let late: Prepare = |world| world.now = "2026-12-29T23:00:00Z".parse().expect("is an instant");
    let nothing: Prepare = |_| {};
    let rows: [(Prepare, Action, Prepare, Action, Refusal); 14] = [
        (nothing, cancel(Ending::AtExpiry), nothing, cancel(Ending::Now), held(GateReason::Cancelled)),
        (nothing, cancel(Ending::Now), nothing, cancel(Ending::Now), held(GateReason::Suspended)),
        (late, edit(), nothing, cancel(Ending::AtExpiry), Refusal::TooLate(SERVER)),
        (late, edit(), nothing, cancel(Ending::Now), Refusal::TooLate(SERVER)),
        (nothing, cancel(Ending::AtExpiry), late, reinstate(), Refusal::TooLate(SERVER)),
        (nothing, cancel(Ending::Now), late, reinstate(), Refusal::TooLate(SERVER)),
        (nothing, edit(), nothing, reinstate(), Refusal::NotCancelled(SERVER)),
        (late, edit(), nothing, reinstate(), Refusal::NotCancelled(SERVER)),
        (nothing, edit(), |world| hold(world, Hold::Locked), cancel(Ending::Now), held(GateReason::Locked)),
        (nothing, edit(), |world| hold(world, Hold::Suspended), reinstate(), held(GateReason::Suspended)),
        (nothing, cancel(Ending::AtExpiry), |world| hold(world, Hold::Locked), reinstate(), held(GateReason::Locked)),
        (nothing, cancel(Ending::Now), |world| hold(world, Hold::Locked), reinstate(), held(GateReason::Locked)),
        (
            nothing,
            cancel(Ending::Now),
            |world| hold(world, Hold::Terminated),
            reinstate(),
            held(GateReason::Terminated),
        ),
        (
            nothing,
            edit(),
            nothing,
            Action::Cancel { service: RESOLD, reason: String::new(), ending: Ending::Now },
            Refusal::UnknownService(RESOLD),
        ),
    ];
    for (row, (before, first, between, second, refusal)) in rows.into_iter().enumerate() {
        let mut world = World::new();
        before(&mut world);
        world.run(first).expect("is done");
        between(&mut world);
        assert_eq!(refused(&mut world, second), Some(refusal), "row {row}");
    }
}

fn edit() -> Action {
    Action::EditAccount { name: None, email: None, facts: std::collections::BTreeMap::new() }
}

fn hold(world: &mut World, hold: Hold) {
    world.service(SERVER).hold = hold;
}

#[test]
fn what_its_reseller_ended_does_not_come_back_with_its_cancellation() {
    let mut world = World::new();
    let mut run = |action| world.command(&Command { account: RESELLER, token: None, action }).map(|_| ());
    run(Action::Cancel { service: RESOLD, reason: String::new(), ending: Ending::Now }).expect("is cancelled");
    run(Action::Terminate { service: RESOLD }).expect("is ended");
    let gone = Refusal::NotChangeable { service: RESOLD, reason: GateReason::Terminated };
    assert_eq!(run(Action::Reinstate { service: RESOLD }), Err(gone));
}

#[test]
fn many_modes_are_set_and_orders_withdrawn_in_one_step() {
    let mut world = World::new();
    let order = world.place(&[DOMAIN, HOSTING], "P1Y").expect("is placed").id;
    let other = world.place(&[SERVER], "P1M").expect("is placed").id;
    let decision = world.run(set(&[DOMAIN, SERVER], RenewalMode::DeleteAtExpiry, &[order])).expect("is set");
    assert_eq!(decision.reply, Reply::Done);
    assert_eq!(world.seen.orders[&order].state, OrderState::Cancelled(world.now));
    assert_eq!(world.seen.orders[&other].state, OrderState::Open);
    for (id, mode, open) in [
        (DOMAIN, RenewalMode::DeleteAtExpiry, None),
        (HOSTING, RenewalMode::Manual, None),
        (SERVER, RenewalMode::DeleteAtExpiry, Some(other)),
        (ADDON, RenewalMode::Manual, None),
    ] {
        let service = world.service(id);
        assert_eq!((service.mode, service.open_order), (mode, open), "{id}");
        assert_eq!(service.cancellation.is_some(), mode == RenewalMode::DeleteAtExpiry);
    }
}

#[test]
fn many_modes_are_set_all_or_none() {
    for (services, withdraw, refusal) in [
        (vec![], vec![], Refusal::NothingToRenew),
        (vec![DOMAIN, ServiceId(99)], vec![1], Refusal::UnknownService(ServiceId(99))),
        (vec![DOMAIN, RESOLD], vec![1], Refusal::UnknownService(RESOLD)),
        (vec![DOMAIN, SERVER], vec![1, 99], Refusal::UnknownOrder(OrderId(99))),
        (vec![DOMAIN, SERVER], vec![1, 2], Refusal::OrderPaid(OrderId(2))),
        (vec![DOMAIN, STACKING], vec![1], Refusal::NotChangeable { service: STACKING, reason: GateReason::Locked }),
        (vec![DOMAIN, FLOATING_IP], vec![1], Refusal::TooLate(FLOATING_IP)),
    ] {
        let mut world = World::new();
        world.place(&[DOMAIN], "P1Y").expect("is placed");
        let paid = world.place(&[SERVER], "P1M").expect("is placed").id;
        world.pay(paid, PayWith::Balance).expect("is paid");
        world.service(STACKING).hold = Hold::Locked;
        world.service(FLOATING_IP).until = date("2026-11-21");
        let withdraw: Vec<_> = withdraw.into_iter().map(OrderId).collect();
        let action = set(&services, RenewalMode::DeleteAtExpiry, &withdraw);
        assert_eq!(refused(&mut world, action), Some(refusal));
        assert_eq!(world.seen.orders[&OrderId(1)].state, OrderState::Open);
    }
}

#[test]
fn what_is_held_can_be_set_to_be_renewed_no_more_and_nothing_else() {
    for hold in [Hold::Locked, Hold::Suspended] {
        let mut world = World::new();
        world.service(SERVER).mode = RenewalMode::Automatic;
        world.service(SERVER).hold = hold;
        for mode in [RenewalMode::Automatic, RenewalMode::DeleteAtExpiry] {
            assert!(matches!(
                refused(&mut world, set(&[SERVER], mode, &[])),
                Some(Refusal::NotChangeable { service: SERVER, .. })
            ));
        }
        world.run(set(&[SERVER], RenewalMode::Manual, &[])).expect("is set");
        assert_eq!(world.service(SERVER).mode, RenewalMode::Manual);
    }
}

#[test]
fn orders_are_withdrawn_without_a_mode_being_set() {
    let mut world = World::new();
    let order = world.place(&[SERVER], "P1M").expect("is placed").id;
    world.run(set(&[], RenewalMode::Manual, &[order])).expect("is withdrawn");
    assert_eq!(world.service(SERVER).open_order, None);
}

#[test]
fn what_is_named_twice_is_done_once() {
    let mut world = World::new();
    let order = world.place(&[SERVER], "P1M").expect("is placed").id;
    let action = set(&[SERVER, SERVER], RenewalMode::DeleteAtExpiry, &[order, order]);
    let changes = world.run(action).expect("is set").changes;
    let count = |wanted: fn(&Change) -> bool| changes.iter().filter(|change| wanted(change)).count();
    assert_eq!(count(|change| matches!(change, Change::SetOrderState { .. })), 1);
    assert_eq!(count(|change| matches!(change, Change::SetService(_))), 1);
    assert_eq!(count(|change| matches!(change, Change::ForgetTermination { .. })), 1);
}

#[test]
fn what_is_set_already_is_not_written_again() {
    let mut world = World::new();
    let changes = world.run(set(&[SERVER, ADDON], RenewalMode::Manual, &[])).expect("is set").changes;
    assert_eq!(changes, []);
    world.now = "2026-12-30T23:30:00Z".parse().expect("is an instant");
    world.run(set(&[SERVER], RenewalMode::Automatic, &[])).expect("is not too late for what ends nothing");
}

#[test]
fn a_purchase_that_is_withdrawn_with_others_opens_nothing() {
    let mut world = World::new();
    let order = world.order(buy(vec![item(VPS, "P1M")], None)).expect("is ordered");
    let new = order.lines[0].service;
    let unpaid = Refusal::NotChangeable { service: new, reason: GateReason::Unpaid };
    assert_eq!(refused(&mut world, set(&[new], RenewalMode::Manual, &[order.id])), Some(unpaid));
    world.run(set(&[SERVER], RenewalMode::Automatic, &[order.id])).expect("is set");
    assert_eq!((world.service(new).hold, world.service(new).open_order), (Hold::Terminated, None));
}

#[test]
fn a_period_is_set_for_all_of_many_or_for_none() {
    let set_for = |services: &[ServiceId], text| {
        let (mode, period, services) = (RenewalMode::Automatic, Some(period(text)), services.to_vec());
        Action::SetRenewals { services, mode, period, withdraw: Vec::new() }
    };
    let mut world = World::new();
    let refusal = refused(&mut world, set_for(&[SERVER, DOMAIN], "P3M"));
    assert_eq!(refusal, Some(Refusal::NoPrice { service: DOMAIN, period: period("P3M") }));
    assert_eq!(world.run(set_for(&[SERVER, ADDON], "P3M")).expect("is set").changes.len(), 2);
    for id in [SERVER, ADDON] {
        let service = world.service(id);
        assert_eq!((service.mode, service.period), (RenewalMode::Automatic, period("P3M")), "{id}");
    }
    assert_eq!(world.run(set_for(&[SERVER, ADDON], "P3M")).expect("is set").changes, []);
    world.run(set(&[SERVER], RenewalMode::Manual, &[])).expect("is set");
    assert_eq!(world.service(SERVER).period, period("P3M"), "none leaves it");
}
