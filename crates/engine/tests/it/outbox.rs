//! The outbox: a notice leaves after its commit, and again when it could not.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use perennial_core::account::Account;
use perennial_core::command::Action;
use perennial_core::ids::ServiceId;
use perennial_core::notice::{Notice, NoticeKind};
use perennial_core::ports::{BoxFuture, Failure};
use perennial_engine::lane::Grouping;
use perennial_engine::outbox::{Courier, run};
use perennial_store::Records;
use tokio::sync::Notify;

use crate::world::World;

/// Fails the first time, then keeps what it is given.
#[derive(Default)]
struct Unreliable {
    tries: AtomicU32,
    delivered: Mutex<Vec<(i64, String)>>,
    arrived: Notify,
}

impl Courier for Unreliable {
    fn deliver<'a>(&'a self, id: i64, notice: &'a Notice, to: &'a Account) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            if self.tries.fetch_add(1, Ordering::SeqCst) == 0 {
                return Err(Failure::new("deliver", "no road"));
            }
            let NoticeKind::TerminationRequested { token, .. } = &notice.kind;
            self.delivered.lock().expect("no panic").push((id, format!("{}: {token}", to.email)));
            self.arrived.notify_one();
            Ok(())
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_that_could_not_leave_leaves_later_and_once() {
    let mut world = World::new(Grouping::ByTime);
    let courier = Arc::new(Unreliable::default());
    let records = Arc::new(world.reader.clone());
    let outbox = tokio::spawn(run(
        records,
        world.lane.clone(),
        Arc::clone(&world.clock) as _,
        Arc::clone(&courier) as _,
        "node".into(),
    ));
    for (service, token) in [(1, "first"), (2, "second")] {
        let (service, token) = (ServiceId(service), token.to_owned());
        let action = Action::RequestTermination { service, token, token_digest: [1; 32] };
        world.submit(action).await.expect("is asked");
    }
    while courier.delivered.lock().expect("no panic").len() < 2 {
        courier.arrived.notified().await;
    }
    let delivered: Vec<_> = courier.delivered.lock().expect("no panic").iter().map(|(_, text)| text.clone()).collect();
    assert_eq!(delivered, ["test@example.com: first", "test@example.com: second"]);
    while !world.reader.notices_waiting(10).expect("reads").is_empty() {
        tokio::task::yield_now().await;
    }
    world.close().await;
    outbox.abort();
}

/// Keeps what it is given, and takes its time.
#[derive(Default)]
struct Slow {
    delivered: Mutex<Vec<i64>>,
}

impl Courier for Slow {
    fn deliver<'a>(&'a self, id: i64, _: &'a Notice, _: &'a Account) -> BoxFuture<'a, Result<(), Failure>> {
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
