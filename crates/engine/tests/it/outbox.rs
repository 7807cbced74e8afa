//! The outbox: a notice leaves after its commit, and is tried again when it could not.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use perennial_core::account::Account;
use perennial_core::command::Action;
use perennial_core::ids::ServiceId;
use perennial_core::notice::{Notice, NoticeKind};
use perennial_core::ports::{BoxFuture, Clock, Failure};
use perennial_engine::lane::Grouping;
use perennial_engine::outbox::{Courier, Undelivered, run};
use perennial_store::Records;
use tokio::sync::Notify;

use crate::world::World;

/// A clock that a test sets.
struct Set(Mutex<Timestamp>);

impl Set {
    fn forward(&self, span: SignedDuration) {
        let mut now = self.0.lock().expect("no panic");
        *now = now.checked_add(span).expect("is in time");
    }
}

impl Clock for Set {
    fn now(&self) -> Timestamp {
        *self.0.lock().expect("no panic")
    }
}

/// Does to a notice, which is known by its token, what the token says; and keeps what it was given.
#[derive(Default)]
struct Obedient {
    tried: Mutex<Vec<String>>,
    left: Mutex<Vec<String>>,
    arrived: Notify,
}

impl Courier for Obedient {
    fn deliver<'a>(&'a self, _: i64, notice: &'a Notice, to: &'a Account) -> BoxFuture<'a, Result<(), Undelivered>> {
        Box::pin(async move {
            let NoticeKind::TerminationRequested { token, .. } = &notice.kind else { panic!("{notice:?}") };
            let mut tried = self.tried.lock().expect("no panic");
            let is_first = !tried.contains(token);
            tried.push(token.clone());
            match token.as_str() {
                "refused" => return Err(Undelivered::Refused(Failure::new("deliver", "no such reader"))),
                "stale" => return Err(Undelivered::Stale),
                "barred" if is_first => return Err(Undelivered::Barred(Failure::new("deliver", "not from here"))),
                "delayed" if is_first => return Err(Undelivered::Later(Failure::new("deliver", "come back later"))),
                _ => {}
            }
            self.left.lock().expect("no panic").push(format!("{}: {token}", to.email));
            self.arrived.notify_one();
            Ok(())
        })
    }
}

impl Obedient {
    /// What has left, once so many have.
    async fn left(&self, count: usize) -> Vec<String> {
        while self.left.lock().expect("no panic").len() < count {
            self.arrived.notified().await;
        }
        let left = self.left.lock().expect("no panic").clone();
        left.iter().map(|told| told.strip_prefix("test@example.com: ").expect("is its reader").to_owned()).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_that_could_not_leave_waits_and_holds_up_nobody() {
    let mut world = World::new(Grouping::ByTime);
    let courier = Arc::new(Obedient::default());
    let clock = Arc::new(Set(Mutex::new(world.clock.now())));
    let outbox = tokio::spawn(run(
        Arc::new(world.reader.clone()),
        world.lane.clone(),
        Arc::clone(&clock) as _,
        Arc::clone(&courier) as _,
        "node".into(),
    ));
    let ask = async |service, token: &str| {
        let (service, token) = (ServiceId(service), token.to_owned());
        let action = Action::RequestTermination { service, token, token_digest: [1; 32] };
        world.submit(action).await.expect("is asked");
    };
    for (service, token) in [(1, "delayed"), (2, "refused"), (7, "stale"), (3, "third")] {
        ask(service, token).await;
    }
    assert_eq!(courier.left(1).await, ["third"]);
    clock.forward(SignedDuration::from_secs(59));
    ask(4, "too early").await;
    assert_eq!(courier.left(2).await, ["third", "too early"]);
    clock.forward(SignedDuration::from_secs(1));
    ask(5, "in time").await;
    assert_eq!(courier.left(4).await, ["third", "too early", "in time", "delayed"]);
    let tried = |wanted: &str| courier.tried.lock().expect("no panic").iter().filter(|token| *token == wanted).count();
    clock.forward(SignedDuration::from_hours(7 * 24 - 1));
    ask(6, "sixth").await;
    assert_eq!(courier.left(5).await[4], "sixth");
    assert_eq!((tried("refused"), tried("stale")), (1, 1));
    clock.forward(SignedDuration::from_hours(1));
    ask(8, "last").await;
    assert_eq!(courier.left(6).await[5], "last");
    let waiting = loop {
        let waiting = world.reader.notices_waiting(10).expect("reads");
        if waiting.len() < 2 && waiting[0].tries == 2 {
            break waiting;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(waiting.iter().map(|it| (it.id, it.tries)).collect::<Vec<_>>(), [(2, 2)], "it is tried once a week");
    world.close().await;
    outbox.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_barred_waits_and_the_next_one_finds_out_whether_the_way_is_open() {
    let mut world = World::new(Grouping::ByTime);
    let courier = Arc::new(Obedient::default());
    let clock = Arc::new(Set(Mutex::new(world.clock.now())));
    for (service, token) in [(1, "barred"), (2, "second")] {
        let (service, token) = (ServiceId(service), token.to_owned());
        let action = Action::RequestTermination { service, token, token_digest: [1; 32] };
        world.submit(action).await.expect("is asked");
    }
    let (records, lane) = (Arc::new(world.reader.clone()), world.lane.clone());
    let outbox = tokio::spawn(run(records, lane, Arc::clone(&clock) as _, Arc::clone(&courier) as _, "node".into()));
    while courier.tried.lock().expect("no panic").is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(*courier.tried.lock().expect("no panic"), ["barred"], "nothing else is tried before a pause");
    assert_eq!(courier.left(1).await, ["second"]);
    clock.forward(SignedDuration::from_mins(1));
    assert_eq!(courier.left(2).await, ["second", "barred"]);
    world.close().await;
    outbox.abort();
}

/// Keeps what it is given, and takes its time.
#[derive(Default)]
struct Slow {
    delivered: Mutex<Vec<i64>>,
}

impl Courier for Slow {
    fn deliver<'a>(&'a self, id: i64, _: &'a Notice, _: &'a Account) -> BoxFuture<'a, Result<(), Undelivered>> {
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(20)).await;
            self.delivered.lock().expect("no panic").push(id);
            Ok(())
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_nodes_one_lets_a_notice_leave() {
    let mut world = World::new(Grouping::ByTime);
    for service in 1..=8 {
        let (service, token) = (ServiceId(service), service.to_string());
        let action = Action::RequestTermination { service, token, token_digest: [1; 32] };
        world.submit(action).await.expect("is asked");
    }
    let courier = Arc::new(Slow::default());
    let outboxes = ["one", "two"].map(|node| {
        let records = Arc::new(world.reader.clone());
        let (lane, clock) = (world.lane.clone(), Arc::clone(&world.clock));
        tokio::spawn(run(records, lane, clock as _, Arc::clone(&courier) as _, node.into()))
    });
    while !world.reader.notices_waiting(1).expect("reads").is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut delivered = courier.delivered.lock().expect("no panic").clone();
    delivered.sort_unstable();
    assert_eq!(delivered, [1, 2, 3, 4, 5, 6, 7, 8]);
    world.close().await;
    outboxes.iter().for_each(tokio::task::JoinHandle::abort);
}
