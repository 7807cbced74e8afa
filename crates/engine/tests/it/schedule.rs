//! The schedule: days are gone through once and in their order, by one node at a time, and what was cut off is finished.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::civil::Date;
use perennial_core::account::Account;
use perennial_core::calendar::{AnchorDay, Zone};
use perennial_core::command::Action;
use perennial_core::ids::ServiceId;
use perennial_core::money::{Currency, Money};
use perennial_core::notice::{Notice, NoticeKind};
use perennial_core::ports::{Books, Span};
use perennial_core::schedule::Timetables;
use perennial_core::service::{RenewalMode, Service};
use perennial_core::snapshot::Want;
use perennial_engine::lane::Grouping;
use perennial_engine::schedule::{Moved, Passed, Schedule, Setting};
use perennial_store::{Record, Records};

use crate::world::{ACCOUNT, SERVICES, World, service};

/// Sixty-four services that nothing renews expire on 2026-12-15.
const ALL: u64 = SERVICES.unsigned_abs();

fn schedule(world: &World, node: &str, password: fn() -> String) -> Schedule {
    moved(world, node, Moved::OnPurpose, password)
}

/// By a clock that nobody moves.
fn by_time(world: &World, node: &str, catch_up_max: u16) -> Schedule {
    moved(world, node, Moved::ByTime { catch_up_max }, password)
}

fn moved(world: &World, node: &str, moved: Moved, password: fn() -> String) -> Schedule {
    let timetables = Arc::new(Timetables::default());
    let setting = Setting { timetables, zone: Zone::UTC, moved, node: node.into(), password };
    Schedule::new(Arc::new(world.reader.clone()), world.lane.clone(), Arc::clone(&world.clock) as _, setting)
}

fn password() -> String {
    "secret".to_owned()
}

fn passed<const N: usize>(days: u32, visits: u64, told: [(&'static str, u64); N]) -> Passed {
    Passed { days, visits, told: BTreeMap::from(told), ..Passed::default() }
}

fn notices(world: &World) -> Vec<Notice> {
    let waiting = world.reader.notices_waiting(10_000).expect("reads");
    waiting.into_iter().map(|it| it.notice).collect()
}

fn until(world: &World, id: i64) -> String {
    let seen = world.reader.load(&[Want::Service(ACCOUNT, ServiceId(id))]).expect("reads");
    seen.service_of(ACCOUNT, ServiceId(id)).expect("is there").until.to_string()
}

impl World {
    async fn automatic(&self, services: impl IntoIterator<Item = i64>) {
        for id in services {
            let (service, mode) = (ServiceId(id), Some(RenewalMode::Automatic));
            self.submit(Action::SetRenewal { service, mode, period: None }).await.expect("is set");
        }
    }

    async fn credit(&self, cents: i64) {
        let (amount, memo) = (Money::new(cents, Currency::EUR), "a start".to_owned());
        self.submit(Action::CreditBalance { amount, memo }).await.expect("is credited");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_day_is_gone_through_once_and_the_first_is_the_one_that_it_is() {
    let mut world = World::new(Grouping::ByTime);
    let mut node = schedule(&world, "node", password);
    world.clock.put("2026-12-01T00:00:00Z");
    assert_eq!(node.catch_up().await.expect("goes"), passed(1, ALL, [("expiring", ALL)]));
    world.clock.put("2026-12-01T23:59:59Z");
    assert_eq!(node.catch_up().await.expect("goes"), Passed::default());
    world.clock.put("2026-11-01T00:00:00Z");
    assert_eq!(node.catch_up().await.expect("goes"), Passed::default(), "a clock that is moved back changes nothing");
    world.clock.put("2026-12-01T00:00:00Z");
    let mut again = schedule(&world, "node", password);
    assert_eq!(again.catch_up().await.expect("goes"), Passed::default(), "what is done is on file");
    world.clock.put("2026-12-02T00:00:00Z");
    assert_eq!(again.catch_up().await.expect("goes"), passed(1, 0, []));
    assert_eq!(again.catch_up().await.expect("goes"), Passed::default());
    // It knows of the day before, and finds nothing on the one after it.
    assert_eq!(schedule(&world, "node", password).catch_up().await.expect("goes"), passed(1, 0, []));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn missed_days_are_made_up_for_in_their_order_with_nothing_twice_and_no_promise_for_a_day_that_is_over() {
    let mut world = World::new(Grouping::ByTime);
    world.automatic([1, 2, 3]).await;
    // Enough for two of them, and for those that expire first.
    world.credit(1_200).await;
    let date: Date = "2026-12-14".parse().expect("is a date");
    let (mode, anchor) = (RenewalMode::Automatic, AnchorDay::of(date));
    let early = Service { mode, until: date, anchor, ..service(100) };
    world.record(vec![Record::Service(early)]).await;
    let mut node = schedule(&world, "node", password);
    world.clock.put("2026-12-01T08:00:00Z");
    let manual = ALL - 3;
    assert_eq!(node.catch_up().await.expect("goes"), passed(1, ALL, [("expiring", manual)]));
    // Missed: what is proposed on the 4th and 5th, the reminders of the 8th, the payments of the 9th and 10th. Nothing is
    // charged that was not told of before.
    world.clock.put("2026-12-11T08:00:00Z");
    let caught_up = node.catch_up().await.expect("goes");
    assert_eq!(caught_up, passed(10, ALL + 1, [("expiring", manual), ("proposed", 4)]));
    world.clock.put("2026-12-13T08:00:00Z");
    let caught_up = node.catch_up().await.expect("goes");
    assert_eq!(caught_up, passed(2, ALL + 1, [("expiring", manual), ("not-paid", 2), ("paid", 2)]));
    assert_eq!(until(&world, 100), "2027-01-14", "the earlier expiry came first");
    assert_eq!(node.catch_up().await.expect("goes"), Passed::default());
    let promised = notices(&world).into_iter().filter_map(|notice| match notice.kind {
        NoticeKind::Proposed { on, .. } => Some(on.to_string()),
        NoticeKind::NotPaid { again_on, .. } => again_on.map(|day| day.to_string()),
        _ => None,
    });
    assert_eq!(
        promised.collect::<Vec<_>>(),
        ["2026-12-13", "2026-12-12", "2026-12-12", "2026-12-12", "2026-12-14", "2026-12-14"]
    );
    assert!(world.reader.audit().expect("reads").is_sound());
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_what_was_missed_that_is_paid_first_which_expires_first() {
    let mut world = World::new(Grouping::ByTime);
    // One a day, and money for two of them.
    let services = [(100, "2026-12-16"), (101, "2026-12-17"), (102, "2026-12-18")];
    world.credit(1_200).await;
    let sold = services.map(|(id, date)| {
        let date: Date = date.parse().expect("is a date");
        Record::Service(Service {
            mode: RenewalMode::Automatic,
            until: date,
            anchor: AnchorDay::of(date),
            ..service(id)
        })
    });
    world.record(sold.into()).await;
    let mut node = schedule(&world, "node", password);
    for day in ["2026-12-06", "2026-12-07", "2026-12-08", "2026-12-10"] {
        world.clock.put(&format!("{day}T08:00:00Z"));
        node.catch_up().await.expect("goes");
    }
    // The last of them hears something on the first of the missed days already.
    world.clock.put("2026-12-13T08:00:00Z");
    let caught_up = node.catch_up().await.expect("goes");
    assert_eq!((caught_up.days, caught_up.told["paid"], caught_up.told["not-paid"]), (3, 2, 1), "{caught_up}");
    assert_eq!([100, 101, 102].map(|id| until(&world, id)), ["2027-01-16", "2027-01-17", "2026-12-18"]);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_wants_it_so_has_one_order_for_what_falls_due_on_a_day() {
    let mut world = World::new(Grouping::ByTime);
    world.automatic([1, 2, 3]).await;
    let seen = world.reader.account(ACCOUNT).expect("reads").expect("is there");
    world.record(vec![Record::Account(Account { joint_orders: true, ..seen })]).await;
    let mut node = schedule(&world, "node", password);
    world.clock.put("2026-12-05T00:00:00Z");
    assert_eq!(node.catch_up().await.expect("goes"), passed(1, 1, [("expiring", ALL - 3), ("proposed", 1)]));
    let [order] = world.reader.order_ids(ACCOUNT, Span::default()).expect("reads")[..] else { panic!("not one order") };
    let seen = world.reader.load(&[Want::Order(ACCOUNT, order)]).expect("reads");
    assert_eq!(seen.order_of(ACCOUNT, order).expect("is there").lines.len(), 3);
    // Each for itself again, they still share the order that stands: it is tried once, and paid for all.
    let seen = world.reader.account(ACCOUNT).expect("reads").expect("is there");
    world.record(vec![Record::Account(Account { joint_orders: false, ..seen })]).await;
    world.clock.put("2026-12-10T00:00:00Z");
    let told = node.catch_up().await.expect("goes").told;
    assert_eq!((told.get("paid"), told.get("not-paid")), (None, Some(&1)));
    world.credit(10_000).await;
    world.clock.put("2026-12-12T00:00:00Z");
    let told = node.catch_up().await.expect("goes").told;
    assert_eq!((told.get("paid"), told.get("not-paid")), (Some(&1), None));
    for id in 1..=3 {
        assert_eq!(until(&world, id), "2027-01-15");
    }
    assert!(world.reader.audit().expect("reads").is_sound());
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_leap_of_the_clock_nothing_is_done_unconfirmed_and_what_was_done_early_stops_nothing() {
    let mut world = World::new(Grouping::ByTime);
    let mut node = by_time(&world, "node", 7);
    world.clock.put("2026-11-30T12:00:00Z");
    assert_eq!(node.catch_up().await.expect("goes"), passed(1, 0, []));
    world.clock.put("2027-01-20T12:00:00Z");
    for _ in 0..2 {
        assert_eq!(node.catch_up().await.expect("waits"), Passed::default());
    }
    assert_eq!(by_time(&world, "node", 50).catch_up().await.expect("waits"), Passed::default());
    assert_eq!(by_time(&world, "node", 51).catch_up().await.expect("goes"), passed(51, ALL, [("suspended", ALL)]));
    // The clock is put right, and there is another service.
    let fresh = Service { until: "2026-12-16".parse().expect("is a date"), ..service(200) };
    world.record(vec![Record::Service(fresh)]).await;
    world.clock.put("2026-12-02T12:00:00Z");
    let mut other = by_time(&world, "other", 7);
    assert_eq!(other.catch_up().await.expect("goes"), passed(1, 1, [("expiring", 1)]));
    assert_eq!(other.catch_up().await.expect("goes"), Passed::default());
    world.clock.put("2026-12-03T12:00:00Z");
    // Both of one that starts, and of one that knew a later day.
    assert_eq!(by_time(&world, "third", 7).catch_up().await.expect("goes"), passed(1, 0, []));
    world.clock.put("2026-12-03T13:00:00Z");
    assert_eq!(node.catch_up().await.expect("learns"), Passed::default());
    assert_eq!(node.catch_up().await.expect("goes"), Passed::default());
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visit_that_cannot_be_carried_out_is_tried_again_and_holds_up_nobody_else() {
    let mut world = World::new(Grouping::ByTime);
    let ledger = rusqlite::Connection::open(world.folder.path().join("ledger.db")).expect("opens");
    let run = |statement: &str| ledger.execute_batch(statement).expect("runs");
    let poison = "create trigger poison before insert on stages when new.service_id = 7
                  begin select raise(abort, 'poisoned'); end";
    let failed = |passed: Passed, failed| Passed { failed, ..passed };
    run(poison);
    let mut node = by_time(&world, "node", 7);
    world.clock.put("2026-12-01T00:00:00Z");
    let others = ALL - 1;
    assert_eq!(node.catch_up().await.expect("goes"), failed(passed(0, others, [("expiring", others)]), 1));
    assert_eq!(node.catch_up().await.expect("waits"), Passed::default());
    world.clock.put("2026-12-01T00:00:05Z");
    assert_eq!(node.catch_up().await.expect("goes"), failed(passed(0, 0, []), 1));
    run("drop trigger poison");
    world.clock.put("2026-12-01T00:00:14Z");
    assert_eq!(node.catch_up().await.expect("waits"), Passed::default(), "pauses double");
    world.clock.put("2026-12-01T00:00:15Z");
    assert_eq!(node.catch_up().await.expect("goes"), passed(1, 1, [("expiring", 1)]));
    world.clock.put("2026-12-07T00:00:00Z");
    assert_eq!(node.catch_up().await.expect("goes"), passed(6, 0, []));
    // It stays so: after some passes the day is done, and the next one tries again.
    run(poison);
    let mut node = schedule(&world, "node", password);
    world.clock.put("2026-12-08T00:00:00Z");
    assert_eq!(node.catch_up().await.expect("goes"), failed(passed(1, others, [("expiring", others)]), 7));
    world.clock.put("2026-12-09T00:00:00Z");
    assert_eq!(node.catch_up().await.expect("goes"), failed(passed(1, 0, []), 7));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visit_that_was_refused_is_made_on_a_later_pass_of_the_day() {
    let mut world = World::new(Grouping::ByTime);
    // Its last stage lies beyond the calendar.
    let last = Service { until: "9999-12-30".parse().expect("is a date"), ..service(300) };
    world.record(vec![Record::Service(last.clone())]).await;
    let mut node = by_time(&world, "node", 7);
    world.clock.put("9999-12-16T00:00:00Z");
    assert_eq!(node.catch_up().await.expect("goes"), Passed { refused: 1, ..Passed::default() });
    world.record(vec![Record::Service(Service { mode: RenewalMode::DeleteAtExpiry, ..last })]).await;
    assert_eq!(node.catch_up().await.expect("waits"), Passed::default());
    world.clock.put("9999-12-16T00:00:05Z");
    assert_eq!(node.catch_up().await.expect("goes"), passed(1, 1, [("ending", 1)]));
    world.close().await;
}

/// How many more visits are made before a node that uses [`password_of_the_mortal`] dies.
static LEFT: AtomicI64 = AtomicI64::new(0);

fn password_of_the_mortal() -> String {
    assert!(LEFT.fetch_sub(1, Ordering::SeqCst) > 0, "the node dies");
    password()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_that_a_dead_node_left_is_finished_by_another_one_and_by_itself_when_it_lives_again() {
    for (heir, waits) in [("another", true), ("mortal", false)] {
        let mut world = World::new(Grouping::ByTime);
        // They expire first, so they are visited first.
        let date = "2026-12-04".parse().expect("is a date");
        let first = (101..=110).map(|id| Record::Service(Service { until: date, ..service(id) })).collect();
        world.record(first).await;
        world.clock.put("2026-12-01T00:00:00Z");
        LEFT.store(15, Ordering::SeqCst);
        let mut mortal = schedule(&world, "mortal", password_of_the_mortal);
        tokio::spawn(async move { mortal.catch_up().await }).await.expect_err("dies");
        let so_far = notices(&world).len();
        assert!((10..64).contains(&so_far), "{so_far}: not in the middle of the day");

        let mut heir = schedule(&world, heir, password);
        if waits {
            assert_eq!(heir.catch_up().await.expect("goes"), Passed::default(), "it may be alive");
            world.clock.put("2026-12-01T00:00:10Z");
        }
        let finished = heir.catch_up().await.expect("goes");
        assert_eq!(finished.days, 1);
        assert!(finished.visits <= ALL, "what is done is not visited again: {finished}");
        let mut told: Vec<_> = notices(&world)
            .into_iter()
            .map(|notice| match notice.kind {
                NoticeKind::Expiring { service, .. } => service.0,
                other => panic!("{other:?}"),
            })
            .collect();
        told.sort_unstable();
        assert_eq!(told, (1..=SERVICES).chain(101..=110).collect::<Vec<_>>());
        world.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_nodes_that_begin_at_the_same_time_each_stage_is_done_by_one() {
    let mut world = World::new(Grouping::ByTime);
    world.automatic(1..=20).await;
    world.credit(100_000).await;
    for day in ["2026-12-01", "2026-12-05", "2026-12-10", "2026-12-15"] {
        world.clock.put(&format!("{day}T00:00:00Z"));
        let nodes = ["one", "two", "three"].map(|node| {
            let mut node = schedule(&world, node, password);
            tokio::spawn(async move { node.catch_up().await.expect("goes").days })
        });
        let mut days = 0;
        for node in nodes {
            days += node.await.expect("lives");
        }
        assert!(days >= 1, "{day}");
        // The next ones are others.
        world.clock.put(&format!("{day}T01:00:00Z"));
    }
    let count = |word: &str| notices(&world).iter().filter(|notice| notice.kind.word() == word).count();
    assert_eq!(["proposed", "paid", "expired"].map(count), [20, 20, 44]);
    assert!(world.reader.audit().expect("reads").is_sound());
    world.close().await;
}
