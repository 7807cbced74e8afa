//! What is kept beside money and terms: payment methods, what an account tells of itself, reports of work.

use std::collections::BTreeMap;

use super::world::*;
use crate::account::Account;
use crate::command::{Action, Command, NewMethod, PayWith, Reply};
use crate::ids::{JobId, MethodId, OrderId};
use crate::job::Job;
use crate::payment::{MethodKind, MethodStatus, OnGateway, PaymentMethod, Preference};
use crate::refusal::Refusal;

fn card(label: &str, preference: Preference) -> NewMethod {
    let expires = Some(date("2028-12-31"));
    NewMethod {
        kind: MethodKind::Card,
        label: label.to_owned(),
        description: None,
        preference,
        expires,
        on_gateway: None,
    }
}

fn add(world: &mut World, new: NewMethod) -> Result<MethodId, Refusal> {
    match world.run(Action::AddMethod(new))?.reply {
        Reply::Method(id) => Ok(id),
        other => panic!("not a method: {other:?}"),
    }
}

fn defaults(world: &World) -> Vec<MethodId> {
    let methods = world.seen.methods.values();
    let mut ids: Vec<_> =
        methods.filter(|method| method.preference == Preference::Default).map(|method| method.id).collect();
    ids.sort_unstable();
    ids
}

#[test]
fn a_method_added_twice_is_one_method() {
    let mut world = World::new();
    let first = add(&mut world, card("4242", Preference::Other)).expect("is added");
    assert_eq!(first, MethodId(1_237));
    let created = world.now;
    world.wait_s(60);
    let again = NewMethod { description: Some("office".to_owned()), ..card("4242", Preference::Other) };
    assert_eq!(add(&mut world, again.clone()), Ok(first));
    let expected = PaymentMethod {
        id: first,
        account: CUSTOMER,
        kind: MethodKind::Card,
        label: "4242".to_owned(),
        description: Some("office".to_owned()),
        status: MethodStatus::Valid,
        preference: Preference::Other,
        expires: Some(date("2028-12-31")),
        created,
        on_gateway: None,
    };
    assert_eq!(world.seen.methods[&first], expected);
    world.run(Action::RemoveMethod { method: first }).expect("is removed");
    assert_eq!(add(&mut world, again), Ok(first), "it comes back under its id");
    assert_eq!(world.seen.methods[&first], expected);
    let order = world.place(&[SERVER], "P1M").expect("is placed").id;
    world.pay(order, PayWith::Method(first)).expect("is paid");
}

#[test]
fn a_method_that_a_gateway_keeps_stays_with_it_when_it_is_added_again() {
    let mut world = World::new();
    let kept = OnGateway { gateway: "stripe".to_owned(), customer: "cus_1".to_owned(), method: "pm_1".to_owned() };
    let on_gateway = NewMethod { on_gateway: Some(kept.clone()), ..card("4242", Preference::Other) };
    for new in [on_gateway, card("4242", Preference::Other)] {
        let added = world.run(Action::AddMethod(new)).expect("is added");
        let Reply::Method(id) = added.reply else { panic!("no method: {added:?}") };
        assert_eq!(world.seen.methods[&id].on_gateway.as_ref(), Some(&kept));
    }
}

#[test]
fn another_label_kind_or_account_is_another_method() {
    let mut world = World::new();
    let first = add(&mut world, card("4242", Preference::Other)).expect("is added");
    let label = add(&mut world, card("4243", Preference::Other)).expect("is added");
    let bank = NewMethod { kind: MethodKind::BankTransfer, ..card("4242", Preference::Other) };
    let kind = add(&mut world, bank).expect("is added");
    let action = Action::AddMethod(card("4242", Preference::Other));
    let reply = world.command(&Command { account: RESELLER, token: None, action }).expect("is added").reply;
    assert_eq!([first, label, kind], [1_237, 1_238, 1_239].map(MethodId));
    assert_eq!(reply, Reply::Method(MethodId(1_240)));
}

#[test]
fn of_methods_that_show_the_same_the_oldest_comes_back() {
    for _ in 0..20 {
        let mut world = World::new();
        for id in [2_000, 2_001, 2_002].map(MethodId) {
            let twin = PaymentMethod { id, label: "twin".to_owned(), ..world.seen.methods[&PAYPAL].clone() };
            world.seen.methods.insert(id, twin);
        }
        let new = NewMethod { kind: MethodKind::PayPal, ..card("twin", Preference::Other) };
        assert_eq!(add(&mut world, new), Ok(MethodId(2_000)), "same input, same decision");
    }
}

#[test]
fn there_is_one_default_method_at_the_most() {
    let mut world = World::new();
    assert_eq!(defaults(&world), [PAYPAL]);
    let first = add(&mut world, card("4242", Preference::Default)).expect("is added");
    assert_eq!(defaults(&world), [first]);
    let second = add(&mut world, card("4243", Preference::Default)).expect("is added");
    assert_eq!(defaults(&world), [second]);
    add(&mut world, card("4242", Preference::Default)).expect("is added again");
    assert_eq!(defaults(&world), [first]);
    add(&mut world, card("4242", Preference::Other)).expect("is added again");
    assert_eq!(defaults(&world), []);
}

#[test]
fn balance_credit_line_and_an_expired_default_are_no_methods_to_register() {
    let mut world = World::new();
    for kind in [MethodKind::Balance, MethodKind::CreditLine] {
        let new = NewMethod { kind, ..card("4242", Preference::Other) };
        assert_eq!(add(&mut world, new), Err(Refusal::MethodNotTaken(kind)), "it needs no registration");
    }
    let expired = |preference| NewMethod { expires: Some(date("2026-11-19")), ..card("4242", preference) };
    assert_eq!(add(&mut world, expired(Preference::Default)), Err(Refusal::MethodNotValid(MethodId(1_237))));
    assert_eq!((defaults(&world), world.seen.methods.len()), (vec![PAYPAL], 3));
    add(&mut world, expired(Preference::Other)).expect("is kept, and not charged");
}

fn account(world: &World) -> &Account {
    &world.seen.accounts[&CUSTOMER]
}

#[test]
fn an_account_is_edited_in_what_is_said_and_in_nothing_else() {
    let text = |text: &str| Some(text.to_owned());
    let fact = |key: &str, value: Option<&str>| BTreeMap::from([(key.to_owned(), value.map(str::to_owned))]);
    let rows = [
        (None, None, BTreeMap::new(), ("Test", "test@example.com"), &[("city", "Paris")][..]),
        (text("Ada"), None, BTreeMap::new(), ("Ada", "test@example.com"), &[("city", "Paris")]),
        (None, text("ada@example.com"), BTreeMap::new(), ("Test", "ada@example.com"), &[("city", "Paris")]),
        (None, None, fact("city", Some("Lyon")), ("Test", "test@example.com"), &[("city", "Lyon")]),
        (None, None, fact("phone", Some("1")), ("Test", "test@example.com"), &[("city", "Paris"), ("phone", "1")]),
        (None, None, fact("city", None), ("Test", "test@example.com"), &[]),
        (None, None, fact("phone", None), ("Test", "test@example.com"), &[("city", "Paris")]),
    ];
    for (name, email, facts, (name_after, email_after), facts_after) in rows {
        let mut world = World::new();
        let before = account(&world).clone();
        world.run(Action::EditAccount { name, email, facts }).expect("is changed");
        let facts = facts_after.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let (name, email) = (name_after.to_owned(), email_after.to_owned());
        assert_eq!(account(&world), &Account { name, email, facts, ..before });
    }
}

fn record(world: &mut World, order: Option<OrderId>) -> Result<JobId, Refusal> {
    let action = Action::RecordJob { kind: "bulk-renew".to_owned(), order, report: "{}".to_owned() };
    match world.run(action)?.reply {
        Reply::Job(id) => Ok(id),
        other => panic!("not a job: {other:?}"),
    }
}

#[test]
fn a_report_is_kept_with_the_order_that_came_of_it() {
    let mut world = World::new();
    let order = world.place(&[SERVER], "P1M").expect("is placed").id;
    for (number, of) in [(1, None), (2, Some(order))] {
        assert_eq!(record(&mut world, of), Ok(JobId(number)));
        let (kind, report) = ("bulk-renew".to_owned(), "{}".to_owned());
        let job = Job { id: JobId(number), account: CUSTOMER, kind, order: of, report, at: world.now };
        assert_eq!(world.seen.jobs[&JobId(number)], job);
    }
    assert_eq!(record(&mut world, Some(OrderId(99))), Err(Refusal::UnknownOrder(OrderId(99))));
    world.seen.orders.get_mut(&order).expect("is there").account = RESELLER;
    assert_eq!(record(&mut world, Some(order)), Err(Refusal::UnknownOrder(order)), "another customer's");
}
