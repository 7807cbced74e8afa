//! Charges: what is judged when, what else may happen while money is on its way, and what follows from what came of it.

use super::attend::{look, told};
use super::refusals::with_token;
use super::world::*;
use crate::charge::{Charge, ChargeOutcome, ChargeState, Decline};
use crate::command::{Action, Command, CreditTo, PayWith, PlanEdit, PromoEdit, RenewRequest, Reply};
use crate::decide::Decision;
use crate::ids::{ChargeId, MethodId, OrderId, ServiceId};
use crate::ledger::Book;
use crate::notice::{NoticeKind, Unpaid};
use crate::order::OrderState;
use crate::payment::{MethodKind, MethodStatus, OnGateway, PaymentMethod, Preference};
use crate::refusal::Refusal;
use crate::service::{Ending, Hold, RenewalMode};
use crate::snapshot::Change;

/// What somebody does to a world.
type Deed<'a> = &'a dyn Fn(&mut World);

pub const CARD: MethodId = MethodId(1300);
pub const SPARE: MethodId = MethodId(1301);
pub const FUNDS: ChargeOutcome = ChargeOutcome::Declined(Decline::Funds);
pub const GONE: ChargeOutcome = ChargeOutcome::Declined(Decline::Gone);

/// A world with two cards and no other methods, both kept by a gateway, and no credit line.
pub fn with_cards() -> World {
    let mut world = World::new();
    let card = world.seen.methods[&OLD_CARD].clone();
    world.seen.methods.clear();
    for (id, preference) in [(CARD, Preference::Default), (SPARE, Preference::Other)] {
        let on_gateway = OnGateway { gateway: "test".into(), customer: "one".into(), method: id.to_string() };
        let kept = PaymentMethod { id, preference, expires: None, on_gateway: Some(on_gateway), ..card.clone() };
        world.seen.methods.insert(id, kept);
    }
    world.seen.accounts.get_mut(&CUSTOMER).expect("is there").credit_limit = eur(0);
    world
}

impl World {
    /// Places an order that stands for so many days, and asks for its money.
    pub fn charge(&mut self, services: &[ServiceId], with: PayWith) -> Charge {
        let request = RenewRequest { open_s: 2 * DAY_S, ..request(services, "P1M") };
        let order = self.order(Action::Renew { request, password: String::new() }).expect("is placed").id;
        let reply = self.run(Action::Pay { order, with, due: None }).expect("is charged").reply;
        assert!(matches!(&reply, Reply::Charging(waiting) if waiting.charge.is_some()), "{reply:?}");
        self.open_charge().expect("is open")
    }

    /// The open charge that was opened last.
    pub fn open_charge(&self) -> Option<Charge> {
        let open = self.seen.charges.values().flatten().filter(|charge| charge.state == ChargeState::Open);
        open.max_by_key(|charge| charge.id).cloned()
    }

    /// Tells what came of a charge; telling it again changes nothing.
    pub fn settle(&mut self, charge: &Charge, outcome: ChargeOutcome) -> Decision {
        let action = |outcome| settling(charge, outcome);
        let settled = self.run(action(outcome)).expect("is settled");
        for outcome in [ChargeOutcome::Moved, GONE] {
            let again = self.run(action(outcome)).expect("is known").changes;
            assert_eq!(again, [], "a charge is settled once");
        }
        settled
    }

    pub fn charge_state(&self, charge: &Charge) -> ChargeState {
        self.seen.charge_of(charge.order, charge.id).expect("is there").state
    }
}

fn settling(charge: &Charge, outcome: ChargeOutcome) -> Action {
    let Charge { order, id: charge, reference, .. } = charge.clone();
    Action::SettleCharge { order, charge, reference, outcome }
}

fn not_paid(order: OrderId, reason: Unpaid) -> NoticeKind {
    NoticeKind::NotPaid { order, reason, again_on: None }
}

fn booked(changes: &[Change]) -> Vec<(Book, Book, i64)> {
    let booked = changes.iter().filter_map(|change| match change {
        Change::Book(it) => Some((it.debit, it.credit, it.amount.minor())),
        _ => None,
    });
    booked.collect()
}

const OF_CARDS: Book = Book::Collected(MethodKind::Card);

#[test]
fn money_that_was_asked_for_in_time_renews_however_late_it_moves() {
    let mut world = with_cards().at("2027-02-05T12:00:00Z");
    let charge = world.charge(&[SERVER], PayWith::Method(CARD));
    world.run(Action::RemoveMethod { method: CARD }).expect("is taken away");
    world.now = "2027-06-01T12:00:00Z".parse().expect("is an instant");
    let settled = world.settle(&charge, ChargeOutcome::Moved);
    assert!(matches!(&settled.reply, Reply::Paid(order) if order.charge.is_none()));
    assert_eq!(told(&settled.changes), [NoticeKind::Paid { order: charge.order }]);
    assert_eq!(booked(&settled.changes), [(OF_CARDS, Book::Revenue, 500), (OF_CARDS, Book::Tax, 100)]);
    assert_eq!((world.service(SERVER).until, world.service(SERVER).open_order), (date("2027-01-31"), None));
    assert_eq!(world.charge_state(&charge), ChargeState::Settled(world.now));
    assert_eq!(world.seen.payments[&charge.order].at, world.now);
    assert_eq!(world.seen.orders[&charge.order].state, OrderState::Fulfilled(world.now));
    assert_eq!(world.seen.methods[&CARD].status, MethodStatus::Cancelled);
}

#[test]
fn money_that_cannot_renew_any_more_is_on_the_balance_and_its_order_withdrawn() {
    let end = |ending| Action::Cancel { service: SERVER, reason: String::new(), ending };
    let changes: [(&str, Deed<'_>); 7] = [
        ("moved", &|world| world.service(SERVER).until = date("2027-01-31")),
        ("locked", &|world| world.service(SERVER).hold = Hold::Locked),
        ("cancelled", &|world| drop(world.run(end(Ending::AtExpiry)).expect("is cancelled"))),
        ("stopped", &|world| drop(world.run(end(Ending::Now)).expect("is cancelled"))),
        ("deleted", &|world| {
            for action in [Action::Suspend { service: SERVER }, Action::Terminate { service: SERVER }] {
                world.run(action).expect("is done");
            }
        }),
        ("not sold any more", &|world| {
            std::sync::Arc::make_mut(&mut world.seen.catalogue).products.remove(&VPS).expect("is sold");
        }),
        ("spent", &|world| *world.balance() = eur(99)),
    ];
    for (why, change) in changes {
        let mut world = with_cards();
        world.seen.accounts.get_mut(&CUSTOMER).expect("is there").standing = crate::account::Standing::Reseller;
        let order = world.place(&[SERVER], "P1M").expect("is placed").id;
        let plan = PlanEdit { from_balance: Some(eur(100)), ..PlanEdit::default() };
        world.run(planning(order, plan)).expect("is planned");
        world.run(Action::Pay { order, with: PayWith::Planned(CARD), due: None }).expect("is charged");
        let charge = world.open_charge().expect("is open");
        assert_eq!((charge.amount, charge.from_balance), (eur(500), eur(100)));
        change(&mut world);
        let (until, before) = (world.service(SERVER).until, world.balance().minor());
        let settled = world.settle(&charge, ChargeOutcome::Moved);
        assert_eq!(settled.reply, Reply::Charge(world.seen.charges[&order][0].clone()), "{why}");
        assert_eq!(world.charge_state(&charge), ChargeState::Credited(world.now), "{why}");
        assert_eq!(told(&settled.changes), [not_paid(order, Unpaid::Credited)], "{why}");
        assert_eq!(booked(&settled.changes), [(OF_CARDS, Book::Balance, 500)], "{why}");
        assert_eq!((world.service(SERVER).until, world.balance().minor()), (until, before + 500), "{why}");
        assert!(matches!(world.seen.orders[&order].state, OrderState::Cancelled(_)), "{why}");
        assert_eq!((world.service(SERVER).open_order, world.seen.payments.len()), (None, 0), "{why}");
    }
}

#[test]
fn an_order_that_is_settled_all_the_same_keeps_its_state_and_the_money_is_kept_too() {
    let mut world = with_cards();
    let charge = world.charge(&[SERVER], PayWith::Method(CARD));
    let state = OrderState::Fulfilled(world.now);
    world.seen.orders.get_mut(&charge.order).expect("is there").state = state;
    world.settle(&charge, ChargeOutcome::Moved);
    assert_eq!((world.charge_state(&charge), *world.balance()), (ChargeState::Credited(world.now), eur(10_600)));
    assert_eq!(world.seen.orders[&charge.order].state, state);
}

#[test]
fn while_money_is_on_its_way_its_order_can_be_neither_paid_changed_linked_nor_withdrawn() {
    let mut world = with_cards();
    let order = world.charge(&[SERVER, ADDON], PayWith::Method(CARD)).order;
    world.wait_s(30 * i64::from(DAY_S));
    let revise = |periods, plan| Action::ReviseOrder { order, periods, promo: PromoEdit::Keep, plan };
    let withdraw = vec![order];
    for action in [
        Action::Pay { order, with: PayWith::Balance, due: None },
        Action::Pay { order, with: PayWith::Method(SPARE), due: None },
        Action::CancelOrder { order },
        Action::LinkOrder { order, token: String::new() },
        revise(vec![(SERVER, period("P3M"))], PlanEdit::default()),
        revise(Vec::new(), PlanEdit { by_itself: Some(false), ..PlanEdit::default() }),
        Action::SetRenewals { services: vec![], mode: RenewalMode::Manual, period: None, withdraw },
    ] {
        let refused = world.run(action.clone()).map(|_| ());
        assert_eq!(refused, Err(Refusal::ChargeOpen(order)), "{action:?}");
    }
    let refused = Refusal::RenewalOpen { service: SERVER, order };
    assert_eq!(world.run(renew_now(&[SERVER], "P1M")).map(|_| ()), Err(refused));
    assert_eq!(world.place(&[SERVER, ADDON], "P1M").expect("is the same").id, order);
}

#[test]
fn another_period_does_not_change_an_order_whose_money_is_on_its_way() {
    let mut world = with_cards();
    world.service(SERVER).mode = RenewalMode::Automatic;
    world.visit(&[SERVER], "2026-12-26");
    world.visit(&[SERVER], "2026-12-28");
    let before = world.seen.orders[&OrderId(1)].clone();
    assert!(before.charge.is_some());
    let set = Action::SetRenewal { service: SERVER, mode: None, period: Some(period("P3M")) };
    world.run(set).expect("is set");
    assert_eq!((world.service(SERVER).period, &world.seen.orders[&OrderId(1)]), (period("P3M"), &before));
    let charge = world.open_charge().expect("is open");
    assert!(matches!(world.settle(&charge, ChargeOutcome::Moved).reply, Reply::Paid(_)));
    assert_eq!(world.service(SERVER).until, date("2027-01-31"));
}

#[test]
fn the_first_reference_on_file_counts_and_none_once_it_is_settled() {
    let mut world = with_cards();
    let Charge { order, id: charge, .. } = world.charge(&[SERVER], PayWith::Method(CARD));
    let note = |reference: &str| Action::NoteCharge { order, charge, reference: reference.to_owned() };
    let told = |world: &mut World, reference| match world.run(note(reference)).expect("is noted") {
        Decision { changes, reply: Reply::Charge(charge) } => (changes.len(), charge.reference),
        other => panic!("no charge: {other:?}"),
    };
    for (reference, changes) in [("one", 1), ("one", 0), ("other", 0)] {
        assert_eq!(told(&mut world, reference), (changes, Some("one".to_owned())));
    }
    let open = world.open_charge().expect("is open");
    for reference in [None, Some("other".to_owned())] {
        let other = Charge { reference, ..open.clone() };
        assert_eq!(world.run(settling(&other, FUNDS)).expect("is known").changes, [], "it is about something else");
    }
    world.settle(&open, FUNDS);
    assert_eq!(told(&mut world, "other"), (0, Some("one".to_owned())));
    let unknown = Err(Refusal::UnknownCharge(ChargeId(9)));
    assert_eq!(world.run(Action::NoteCharge { order, charge: ChargeId(9), reference: String::new() }), unknown);
    let of_another = Command { account: RESELLER, token: None, action: note("other") };
    assert_eq!(world.command(&of_another).map(|_| ()), Err(Refusal::UnknownCharge(charge)));
}

#[test]
fn a_customer_who_waits_no_longer_is_told_that_it_was_declined() {
    for (seconds, is_told) in [(0, false), (20, false), (21, true), (90_000, true)] {
        let mut world = with_cards();
        let charge = world.charge(&[SERVER], PayWith::Method(CARD));
        world.wait_s(seconds);
        let settled = world.settle(&charge, FUNDS);
        let wanted = not_paid(charge.order, Unpaid::Declined(Decline::Funds));
        assert_eq!(told(&settled.changes), is_told.then_some(wanted).into_iter().collect::<Vec<_>>());
        assert_eq!(world.charge_state(&charge), ChargeState::Declined(world.now, Decline::Funds));
        assert_eq!((world.open_charge(), *world.balance()), (None, eur(10_000)), "nobody asked for other money");
        let paid = world.pay(charge.order, PayWith::Balance).map(|order| order.id);
        assert_eq!(paid, Ok(charge.order), "it is an open order again");
    }
}

#[test]
fn what_a_gateway_gives_back_is_credited_once_it_has_and_can_be_asked_again_until_then() {
    let mut world = with_cards();
    let order = world.place(&[SERVER], "P1M").expect("is placed").id;
    world.run(planning(order, PlanEdit { from_balance: Some(eur(550)), ..PlanEdit::default() })).expect("is planned");
    world.run(Action::Pay { order, with: PayWith::Planned(CARD), due: None }).expect("is charged");
    let collected = world.open_charge().expect("is open");
    world.settle(&collected, ChargeOutcome::Moved);
    let back = Action::CreditOrder { order, to: CreditTo::Method };
    world.run(back.clone()).expect("is asked for");
    let refused = Err(Refusal::RefundOpen(order));
    for to in [CreditTo::Method, CreditTo::Balance] {
        assert_eq!(world.run(Action::CreditOrder { order, to }), refused, "one at a time");
    }
    let refund = world.open_charge().expect("is open");
    world.wait_s(90_000);
    assert_eq!(told(&world.settle(&refund, FUNDS).changes), [], "who paid is not told that nothing was paid");
    assert_eq!(world.seen.invoices[&order].len(), 1);
    world.run(back.clone()).expect("is asked for again");
    let refund = world.open_charge().expect("is open");
    let moved = world.settle(&refund, ChargeOutcome::Moved);
    let parts = [(Book::Revenue, OF_CARDS, 50), (Book::Revenue, Book::Balance, 450), (Book::Tax, Book::Balance, 100)];
    assert_eq!(booked(&moved.changes), parts);
    assert_eq!((*world.balance(), world.seen.invoices[&order].len()), (eur(10_000), 2));
    assert_eq!(world.run(back).map(|_| ()), Err(Refusal::OrderCredited(order)));
    let other = world.place(&[ADDON], "P1M").expect("is placed").id;
    world.pay(other, PayWith::Balance).expect("is paid");
    let refused = Err(Refusal::NotCharged(other));
    assert_eq!(world.run(Action::CreditOrder { order: other, to: CreditTo::Method }), refused);
}

#[test]
fn a_token_tells_that_the_charge_is_open_then_that_it_paid_and_never_asks_twice() {
    let mut world = with_cards();
    let order = world.place(&[SERVER], "P1M").expect("is placed").id;
    let pay = |digest, with| with_token("a", digest, Action::Pay { order, with, due: None });
    let (first, other) = (pay(1, PayWith::Method(CARD)), pay(2, PayWith::Method(SPARE)));
    let charging = world.command(&first).expect("is charged").reply;
    world.wait_s(3_600);
    for _ in 0..2 {
        let again = world.command(&first).expect("is replayed");
        assert_eq!((again.changes, again.reply), (Vec::new(), charging.clone()));
        assert_eq!(world.command(&other).map(|_| ()), Err(Refusal::TokenMismatch));
    }
    let mut paid = world.clone();
    let charge = world.open_charge().expect("is open");
    paid.settle(&charge, ChargeOutcome::Moved);
    for _ in 0..2 {
        let again = paid.command(&first).expect("is replayed");
        assert!(matches!(again.reply, Reply::Paid(it) if it.id == order && it.charge.is_none()));
        assert_eq!((again.changes, paid.seen.payments.len()), (Vec::new(), 1));
        assert_eq!(paid.command(&other).map(|_| ()), Err(Refusal::TokenMismatch));
    }
    paid.run(Action::CreditOrder { order, to: CreditTo::Method }).expect("is asked for");
    let again = paid.command(&first).expect("is replayed").reply;
    assert!(matches!(again, Reply::Paid(it) if it.charge.is_none()), "word for word, whatever became of it");
    // Until the term that was paid under it ends.
    paid.now = "2027-01-30T22:59:59Z".parse().expect("is an instant");
    assert!(matches!(paid.command(&first).expect("is replayed").reply, Reply::Paid(_)));
    paid.now = "2027-01-30T23:00:00Z".parse().expect("is an instant");
    assert_eq!(paid.command(&first).map(|_| ()), Err(Refusal::OrderPaid(order)));
    // What was declined burns no token, neither for the same nor for another request.
    for (again, mismatch) in [(&first, &other), (&other, &first)] {
        let mut declined = world.clone();
        declined.settle(&charge, FUNDS);
        assert!(matches!(declined.command(again).expect("is tried afresh").reply, Reply::Charging(_)));
        assert_eq!(declined.seen.charges[&order].len(), 2);
        assert!(declined.command(again).expect("is replayed").changes.is_empty());
        assert_eq!(declined.command(mismatch).map(|_| ()), Err(Refusal::TokenMismatch), "it is another's by now");
    }
    world.service(SERVER).until = date("2027-06-30");
    world.settle(&charge, ChargeOutcome::Moved);
    for command in [first, other] {
        assert_eq!(world.command(&command).map(|_| ()), Err(Refusal::OrderCancelled(order)), "it paid nothing");
    }
}

#[test]
fn a_visit_that_finds_another_order_than_it_was_told_of_is_made_again() {
    let mut world = with_cards().at("2026-12-26T05:00:00Z");
    world.service(SERVER).mode = RenewalMode::Automatic;
    let action = look(&world, &[SERVER], date("2026-12-26"));
    world.place(&[SERVER], "P1M").expect("is placed");
    assert_eq!(world.run(action).map(|_| ()), Err(Refusal::UnknownOrder(OrderId(1))));
}
