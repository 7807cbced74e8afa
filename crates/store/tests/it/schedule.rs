//! The schedule: visits to services, the stages and notices that they leave, and which node goes through the days.

use std::sync::Arc;

use jiff::Timestamp;
use perennial_core::command::{Action, Attend, Command};
use perennial_core::ids::{OrderId, ServiceId};
use perennial_core::notice::{Notice, NoticeKind, Unpaid};
use perennial_core::schedule::{Attended, Timetables};
use perennial_core::service::{Hold, RenewalMode};
use perennial_core::snapshot::{Change, Want};
use perennial_store::{Held, StoreError};

use crate::constraints::Raw;
use crate::world::{
    CUSTOMER, DOMAIN, Database, HOSTING, PAYPAL, Postgres, RESELLER, RESOLD, SERVER, STACKING, Sqlite, World, date,
    instant, renew_now,
};

fn visit(service: ServiceId, orders: &[OrderId], day: &str) -> Action {
    let (timetables, password) = (Arc::new(Timetables::default()), "secret".to_owned());
    Action::Attend(Attend { services: vec![service], orders: orders.to_vec(), day: date(day), timetables, password })
}

/// A stage that the server went through for an expiry.
pub fn stage(stage: &str, until: &str, at: Timestamp) -> Change {
    let (until, stage) = (date(until), stage.to_owned());
    Change::Attend(Attended { account: CUSTOMER, service: SERVER, until, stage, at })
}

/// The stages that a service went through for the expiry that it has.
fn stages<D: Database>(world: &World<D>, service: ServiceId) -> Vec<String> {
    let mut seen = world.books.load(&[Want::Attended(CUSTOMER, service)]).expect("loads");
    seen.attended.remove(&service).into_iter().flatten().map(|attended| attended.stage).collect()
}

fn notices<D: Database>(world: &World<D>) -> Vec<NoticeKind> {
    world.books.notices_waiting(50).expect("reads").into_iter().map(|waiting| waiting.notice.kind).collect()
}

fn automatic<D: Database>(world: &mut World<D>, service: ServiceId) {
    let period = Some(crate::world::period("P1Y"));
    world.done(CUSTOMER, Action::SetRenewal { service, mode: Some(RenewalMode::Automatic), period });
}

pub fn a_visit_is_read_back_and_changes_nothing_twice<D: Database>() {
    let mut world = World::<D>::new();
    automatic(&mut world, DOMAIN);
    for _ in 0..2 {
        world.done(CUSTOMER, visit(DOMAIN, &[], "2026-12-01"));
        assert_eq!(stages(&world, DOMAIN), ["proposal", "reminder-30", "reminder-60"]);
    }
    let order = world.service(CUSTOMER, DOMAIN).open_order.expect("is ordered");
    let proposed = NoticeKind::Proposed { order, on: date("2026-12-17") };
    assert_eq!(notices(&world), std::slice::from_ref(&proposed));
    // The stage is of the expiry that the payment moves.
    world.now = instant("2026-12-17T12:00:00Z");
    world.done(CUSTOMER, visit(DOMAIN, &[order], "2026-12-17"));
    assert_eq!(world.service(CUSTOMER, DOMAIN).until, date("2027-12-31"));
    assert_eq!(stages(&world, DOMAIN), Vec::<String>::new());
    assert_eq!(notices(&world), [proposed, NoticeKind::Paid { order }]);

    world.now = instant("2027-02-06T12:00:00Z");
    for _ in 0..2 {
        world.done(CUSTOMER, visit(SERVER, &[], "2027-02-06"));
        assert_eq!(world.service(CUSTOMER, SERVER).hold, Hold::Terminated);
        assert_eq!(stages(&world, SERVER).len(), 7);
        assert_eq!(notices(&world).len(), 3);
    }
    world.assert_sound();
}

pub fn stages_and_notices_of_many_visits_keep_their_order<D: Database>() {
    let mut world = World::<D>::new();
    automatic(&mut world, DOMAIN);
    automatic(&mut world, HOSTING);
    let command = |account, service, day| Command { account, token: None, action: visit(service, &[], day) };
    let replies = world.run(&[
        command(CUSTOMER, SERVER, "2026-12-17"),
        command(CUSTOMER, DOMAIN, "2026-12-17"),
        command(RESELLER, RESOLD, "2026-12-17"),
        command(CUSTOMER, STACKING, "2026-12-17"),
        command(CUSTOMER, HOSTING, "2026-12-01"),
        // Once more on a later day, in the same batch.
        command(CUSTOMER, SERVER, "2026-12-24"),
    ]);
    assert!(replies.iter().all(Result::is_ok), "{replies:?}");
    let until = date("2026-12-31");
    let expiring = |service| NoticeKind::Expiring { service, name: format!("service-{service}.example"), until };
    let proposed = |order, on| NoticeKind::Proposed { order: OrderId(order), on: date(on) };
    let expected = [
        expiring(SERVER),
        proposed(1, "2026-12-24"),
        expiring(RESOLD),
        expiring(STACKING),
        proposed(2, "2026-12-17"),
        expiring(SERVER),
    ];
    assert_eq!(notices(&world), expected);
    assert_eq!(stages(&world, SERVER), ["reminder-14", "reminder-7"]);
    assert_eq!(stages(&world, DOMAIN), ["payment-14", "proposal", "reminder-14", "reminder-30", "reminder-60"]);
    world.assert_sound();
}

pub fn every_notice_reads_back<D: Database>() {
    let mut world = World::<D>::new();
    let order = world.place(&[SERVER], "P1M").id;
    let (service, name, until, on) = (SERVER, "a.example".to_owned(), date("2026-12-31"), date("2027-01-07"));
    let named = || name.clone();
    let not_paid = |again_on| NoticeKind::NotPaid { order, reason: Unpaid::BalanceShort, again_on };
    let kinds = [
        NoticeKind::TerminationRequested { service, name: named(), token: "secret".to_owned() },
        NoticeKind::Expiring { service, name: named(), until },
        NoticeKind::Ending { service, name: named(), until },
        NoticeKind::Proposed { order, on },
        NoticeKind::MethodEnds { order, method: PAYPAL, until, on },
        NoticeKind::Paid { order },
        not_paid(Some(on)),
        not_paid(None),
        NoticeKind::Expired { service, name: named(), until, on },
        NoticeKind::Suspended { service, name: named(), until, on },
        NoticeKind::Redemption { service, name: named(), until, on },
        NoticeKind::Terminated { service, name: named(), until },
    ];
    let at = world.now;
    let notify = |kind: &NoticeKind| Change::Notify(Notice { account: CUSTOMER, kind: kind.clone(), at });
    world.written(&kinds.iter().map(notify).collect::<Vec<_>>()).expect("are written");
    assert_eq!(notices(&world), kinds);
}

pub fn stages_are_forgotten_after_two_years<D: Database>() {
    let mut world = World::<D>::new();
    let now = world.now;
    world.written(&[stage("reminder-14", "2026-12-31", now)]).expect("is written");
    let forget = |world: &mut World<D>, now| world.batch(|batch| batch.forget(instant(now), 10)).expect("forgets");
    assert_eq!(forget(&mut world, "2028-11-23T12:00:00Z"), 0, "it is of the expiry that the service has");
    assert_eq!(stages(&world, SERVER), ["reminder-14"]);
    world.paid(renew_now(&[SERVER], "P1M"));
    assert_eq!(forget(&mut world, "2028-11-20T12:00:00Z"), 0);
    assert_eq!(forget(&mut world, "2028-11-23T12:00:00Z"), 1);
}

pub fn the_schedule_is_held_by_one_node_at_a_time<D: Database>() {
    let mut world = World::<D>::new();
    let (now, until, later) = (world.now, instant("2026-11-20T12:05:00Z"), instant("2026-11-20T12:10:00Z"));
    let mut hold =
        |node: &str, now, until| world.batch(|batch| batch.hold_schedule(node, now, until)).expect("is answered");
    assert_eq!(hold("one", now, until), Some(Held { done: None }));
    assert_eq!(hold("two", now, until), None);
    assert_eq!(hold("one", now, until), Some(Held { done: None }), "it may hold it for longer");
    let mut end = |node: &str, day| world.batch(|batch| batch.end_day(node, date(day))).expect("is answered");
    assert_eq!([end("two", "2026-11-19"), end("one", "2026-11-20")], [false, true]);
    let mut hold =
        |node: &str, now, until| world.batch(|batch| batch.hold_schedule(node, now, until)).expect("is answered");
    let taken_over = Some(Held { done: Some(date("2026-11-20")) });
    assert_eq!(hold("two", until, later), taken_over, "its time is over");
    assert_eq!(hold("one", until, later), None);
    let mut end = |node: &str, day| world.batch(|batch| batch.end_day(node, date(day))).expect("is answered");
    assert_eq!([end("one", "2026-11-21"), end("two", "2026-11-21")], [false, true], "it was late");
    // One whose clock is a year ahead, and put right.
    let (ahead, late) = (instant("2027-11-20T12:00:00Z"), instant("2027-11-20T12:05:00Z"));
    let mut hold =
        |node: &str, now, until| world.batch(|batch| batch.hold_schedule(node, now, until)).expect("is answered");
    assert!(hold("ahead", ahead, late).is_some());
    assert!(hold("one", now, until).is_some(), "nobody waits for a year");
}

/// What must never happen, the statement that would do it, and a word of why it is refused.
const REFUSED: [(&str, &str, &str); 8] = [
    ("a stage twice", "insert into stages values (1, 1, '2026-12-31', 'expired', 9)", "UNIQUE"),
    ("a stage of another expiry", "insert into stages values (1, 1, '2027-12-31', 'expired', 0)", "of the expiry"),
    ("an edited stage", "update stages set attended_at = 9", "stays as it is"),
    ("a second schedule", "insert into schedule (id) values (2)", "CHECK"),
    ("a schedule held for ever", "insert into schedule (id, held_by) values (1, 'x')", "CHECK"),
    ("a notice of an unknown kind", "update notices set kind = 'x'", "CHECK"),
    ("a notice of no order", "update notices set order_id = 777", "FOREIGN KEY"),
    ("a notice tried less than never", "update notices set tries = -1", "CHECK"),
];

fn the_schema_refuses<D: Raw>() {
    let mut world = World::<D>::new();
    let now = world.now;
    world.written(&[stage("expired", "2026-12-31", now)]).expect("is written");
    world.done(CUSTOMER, visit(STACKING, &[], "2026-12-17"));
    for (what, statement, why) in REFUSED {
        let (statement, why) = D::own(what, statement, why);
        let refused = world.database.run(statement).expect_err(what);
        assert!(refused.contains(why), "{what}: {refused}");
    }
    // Nor by way of the store: of another expiry, or of another account's service.
    let Change::Attend(good) = stage("suspended", "2026-12-31", now) else { panic!("is a stage") };
    for bad in [
        Attended { until: date("2026-12-30"), ..good.clone() },
        Attended { account: RESELLER, ..good.clone() },
        Attended { service: ServiceId(777), ..good.clone() },
    ] {
        let refused = world.written(&[Change::Attend(good.clone()), Change::Attend(bad)]);
        assert!(matches!(refused, Err(StoreError::Constraint { .. })), "{refused:?}");
    }
    assert_eq!(stages(&world, SERVER), ["expired"]);
    world.assert_sound();
}

#[test]
fn the_schema_refuses_stages_that_were_not_gone_through() {
    the_schema_refuses::<Sqlite>();
}

#[test]
fn the_schema_of_postgres_refuses_them_too() {
    the_schema_refuses::<Postgres>();
}

/// What breaks a rule once its guards are gone, and the rule that finds it.
const BREAKS: [(&str, &str); 3] = [
    ("stage-expiries", "update stages set until_date = '2025-12-31'"),
    ("stage-expiries", "insert into stages values (777, 777, '2026-12-31', 'expired', 0)"),
    ("ended-services", "update services set hold = 'terminated' where open_order_id is not null"),
];

fn the_audit_finds<D: Raw>() {
    for (rule, statement) in BREAKS {
        let mut world = World::<D>::new();
        automatic(&mut world, DOMAIN);
        world.done(CUSTOMER, visit(DOMAIN, &[], "2026-12-01"));
        world.assert_sound();
        assert!(world.database.run_unguarded(statement).expect(statement) > 0, "{statement}");
        let report = world.books.audit().expect("audits");
        assert!(report.findings.iter().any(|finding| finding.rule == rule), "{statement}: {report:#?}");
    }
}

#[test]
fn the_audit_finds_what_happened_to_stages_behind_its_back() {
    the_audit_finds::<Sqlite>();
    the_audit_finds::<Postgres>();
}
