//! The lane: many callers, one commit, true answers.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jiff::SignedDuration;
use perennial_core::command::{Action, Command, NewApplication, PayWith, Reply};
use perennial_core::credential::Flow;
use perennial_core::idempotency::{Holds, Nonce, Token};
use perennial_core::ids::{OrderId, ServiceId};
use perennial_core::money::{Currency, Money};
use perennial_core::ports::{Books, Failure, Lane, Rejection, Span};
use perennial_core::refusal::Refusal;
use perennial_core::snapshot::Want;
use perennial_core::turn::Turn;
use perennial_engine::lane::{Grouping, LaneHandle, LaneThread, start};
use perennial_store::sqlite::SqliteStore;
use perennial_store::{Batch, Records, Store, StoreError};

use crate::world::{ACCOUNT, SERVICES, World, renew, renew_now};

async fn credit(world: &World, minor: i64) {
    let amount = Money::new(minor, Currency::EUR);
    world.submit(Action::CreditBalance { amount, memo: "test".to_owned() }).await.expect("is credited");
}

fn assert_clean(world: &World) {
    let report = world.reader.audit().expect("audits");
    assert!(report.findings.is_empty(), "{:?}", report.findings);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_callers_get_their_own_answers_and_the_books_balance() {
    for grouping in [Grouping::ByTime, Grouping::Single] {
        let world = Arc::new(World::new(grouping));
        credit(&world, 600 * SERVICES).await;
        let callers: Vec<_> = (1..=SERVICES)
            .map(|service| {
                let world = Arc::clone(&world);
                tokio::spawn(async move {
                    let order = world.place(service).await;
                    assert_eq!(order.lines[0].service.0, service);
                    world.pay(order.id).await.expect("is paid");
                })
            })
            .collect();
        for caller in callers {
            caller.await.expect("does not panic");
        }
        let orders = world.reader.order_ids(ACCOUNT, Span::default()).expect("reads");
        let expected: Vec<_> = (1..=SERVICES).map(OrderId).collect();
        assert_eq!(orders, expected, "orders are numbered without gaps");
        assert_clean(&world);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_payments_of_one_order_pay_once() {
    let world = Arc::new(World::new(Grouping::ByTime));
    credit(&world, 100_000).await;
    let order = world.place(1).await.id;
    let payers: Vec<_> = (0..100)
        .map(|_| {
            let world = Arc::clone(&world);
            tokio::spawn(async move { world.pay(order).await })
        })
        .collect();
    let mut paid = 0;
    for payer in payers {
        match payer.await.expect("does not panic") {
            Ok(Reply::Paid(_)) => paid += 1,
            Err(Rejection::Refused(Refusal::OrderPaid(id))) => assert_eq!(id, order),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(paid, 1);
    assert_clean(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_command_does_not_touch_its_neighbours() {
    let world = Arc::new(World::new(Grouping::ByTime));
    let callers: Vec<_> = (1..=40)
        .map(|number| {
            let world = Arc::clone(&world);
            let action = renew(if number % 2 == 0 { number } else { 10_000 });
            tokio::spawn(async move { (number, world.submit(action).await) })
        })
        .collect();
    for caller in callers {
        let (number, reply) = caller.await.expect("does not panic");
        assert_eq!(reply.is_ok(), number % 2 == 0, "{number}: {reply:?}");
    }
    assert_clean(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_answers_what_was_accepted_and_refuses_what_comes_after() {
    let mut world = World::new(Grouping::Single);
    let accepted: Vec<_> = (1..=50)
        .map(|service| {
            let lane = world.lane.clone();
            tokio::spawn(
                async move { lane.submit(Command { account: ACCOUNT, token: None, action: renew(service) }).await },
            )
        })
        .collect();
    tokio::task::yield_now().await;
    world.close().await;
    let mut placed = 0;
    for caller in accepted {
        match caller.await.expect("does not panic") {
            Ok(Reply::Placed(_)) => placed += 1,
            Err(Rejection::Closing) => {}
            other => panic!("accepted and not answered: {other:?}"),
        }
    }
    assert_eq!(world.reader.order_ids(ACCOUNT, Span::default()).expect("reads").len(), placed);
    assert!(matches!(world.submit(renew(60)).await, Err(Rejection::Closing)));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_lanes_on_one_file_take_turns() {
    let world = Arc::new(World::new(Grouping::ByTime));
    let other = SqliteStore::open(&world.folder.path().join("ledger.db")).expect("opens");
    let (second, thread) =
        start(Box::new(other), Arc::new(world.reader.clone()), Arc::clone(&world.clock) as _, Grouping::ByTime)
            .expect("starts");
    let callers: Vec<_> = (1..=SERVICES)
        .map(|service| {
            let (world, second) = (Arc::clone(&world), second.clone());
            tokio::spawn(async move {
                let command = || Command { account: ACCOUNT, token: None, action: renew(service) };
                let (one, two) = tokio::join!(world.lane.submit(command()), second.submit(command()));
                assert_eq!(one.expect("is placed"), two.expect("is placed"), "the same request, the same order");
            })
        })
        .collect();
    for caller in callers {
        caller.await.expect("does not panic");
    }
    tokio::task::spawn_blocking(move || thread.close()).await.expect("closes");
    assert_clean(&world);
}

/// A store over another one, that fails where it is told to.
struct Faulty {
    store: SqliteStore,
    fails: Fails,
}

#[derive(Clone, Copy)]
enum Fails {
    Beginning,
    Deciding,
    /// Gives way to other transactions, so often.
    GivingWay(u32),
}

impl Store for Faulty {
    fn begin(&mut self) -> Result<Box<dyn Batch + '_>, StoreError> {
        match &mut self.fails {
            Fails::Beginning => Err(Failure::new("begin a batch", "the disk is away").into()),
            Fails::Deciding => panic!("the lane's thread dies"),
            Fails::GivingWay(0) => self.store.begin(),
            Fails::GivingWay(times) => {
                *times -= 1;
                Err(StoreError::GaveWay(Failure::new("begin a batch", "could not serialize access")))
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_done_is_told_from_what_is_not_known() {
    for (fails, told) in [
        (Fails::Beginning, "not done"),
        (Fails::Deciding, "unknown"),
        (Fails::GivingWay(4), "done"),
        (Fails::GivingWay(5), "not done"),
    ] {
        let world = World::new(Grouping::ByTime);
        let store = SqliteStore::open(&world.folder.path().join("ledger.db")).expect("opens");
        let books = Arc::new(store.reader());
        let faulty = Box::new(Faulty { store, fails });
        assert!(faulty.store.reader().account(ACCOUNT).expect("reads").is_some());
        let (lane, _thread) = start(faulty, books, Arc::clone(&world.clock) as _, Grouping::ByTime).expect("starts");
        let answer = lane.submit(Command { account: ACCOUNT, token: None, action: renew(1) }).await;
        let heard = match answer {
            Ok(Reply::Placed(_)) => "done",
            Err(Rejection::NotDone(_)) => "not done",
            Err(Rejection::Unknown(_)) => "unknown",
            other => panic!("{other:?}"),
        };
        assert_eq!(heard, told);
        if told == "unknown" {
            lane.ended().await;
        }
        assert_eq!(lane.is_open(), told != "unknown");
    }
}

/// A store a trip away, whose turn and whose batches take their time; batches are counted.
struct Slow {
    store: SqliteStore,
    turn: Duration,
    batch: Duration,
    batches: Arc<AtomicUsize>,
}

impl Slow {
    /// A lane over one, and the number of its batches.
    fn lane(world: &World, turn: Duration, batch: Duration) -> (LaneHandle, LaneThread, Arc<AtomicUsize>) {
        let store = SqliteStore::open(&world.folder.path().join("ledger.db")).expect("opens");
        let (books, batches) = (Arc::new(store.reader()), Arc::<AtomicUsize>::default());
        let slow = Box::new(Self { store, turn, batch, batches: Arc::clone(&batches) });
        let (lane, thread) = start(slow, books, Arc::clone(&world.clock) as _, Grouping::ByTime).expect("starts");
        (lane, thread, batches)
    }
}

impl Store for Slow {
    fn is_remote(&self) -> bool {
        true
    }

    fn await_turn(&mut self, _: Turn) {
        std::thread::sleep(self.turn);
    }

    fn begin(&mut self) -> Result<Box<dyn Batch + '_>, StoreError> {
        self.batches.fetch_add(1, Ordering::Relaxed);
        std::thread::sleep(self.batch);
        self.store.begin()
    }
}

/// Something that changes nothing.
async fn call(lane: &LaneHandle) {
    let action = Action::EditAccount { name: None, email: None, facts: BTreeMap::new() };
    lane.submit(Command { account: ACCOUNT, token: None, action }).await.expect("is done");
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_who_call_again_as_soon_as_they_are_answered_share_their_commits() {
    const CALLS: usize = 10;
    let world = World::new(Grouping::ByTime);
    let (lane, _thread, batches) = Slow::lane(&world, Duration::ZERO, Duration::from_millis(40));
    let callers = (0..8).map(|_| {
        let lane = lane.clone();
        tokio::spawn(async move {
            for _ in 0..CALLS {
                call(&lane).await;
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.expect("does not panic");
    }
    let batches = batches.load(Ordering::Relaxed);
    assert!(batches < CALLS * 3 / 2, "{batches} batches: one caller goes on before all others");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_before_the_turn_goes_along() {
    let world = World::new(Grouping::ByTime);
    let (lane, _thread, batches) = Slow::lane(&world, Duration::from_millis(500), Duration::ZERO);
    let later = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        call(&lane).await;
    };
    tokio::join!(call(&lane), later);
    assert_eq!(batches.load(Ordering::Relaxed), 1);
}

/// A store with another writer beside it; the batches of each are counted.
struct Double {
    path: PathBuf,
    store: SqliteStore,
    batches: [Arc<AtomicUsize>; 2],
}

impl Double {
    fn open(path: PathBuf, batches: [Arc<AtomicUsize>; 2]) -> Self {
        Self { store: SqliteStore::open(&path).expect("opens"), path, batches }
    }
}

impl Store for Double {
    fn beside(&self) -> Option<Box<dyn Store>> {
        let [first, second] = &self.batches;
        Some(Box::new(Self::open(self.path.clone(), [Arc::clone(second), Arc::clone(first)])))
    }

    fn begin(&mut self) -> Result<Box<dyn Batch + '_>, StoreError> {
        self.batches[0].fetch_add(1, Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(20));
        self.store.begin()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn payments_go_beside_everything_else_where_callers_are_many() {
    const CALLERS: i64 = 400;
    let world = World::new(Grouping::ByTime);
    let batches = <[Arc<AtomicUsize>; 2]>::default();
    let store = Box::new(Double::open(world.folder.path().join("ledger.db"), batches.clone()));
    let (books, clock) = (Arc::new(world.reader.clone()), Arc::clone(&world.clock) as _);
    let (lane, thread) = start(store, books, clock, Grouping::ByTime).expect("starts");
    let pay = |order| {
        let (lane, action) = (lane.clone(), Action::Pay { order: OrderId(order), with: PayWith::Balance, due: None });
        async move { lane.submit(Command { account: ACCOUNT, token: None, action }).await }
    };
    let told = |answer, order| match answer {
        Err(Rejection::Refused(Refusal::UnknownOrder(OrderId(unknown)))) => assert_eq!(unknown, order),
        other => panic!("{other:?}"),
    };
    told(pay(9_000).await, 9_000);
    assert_eq!(batches[1].load(Ordering::Relaxed), 0);
    let callers: Vec<_> = (1..=CALLERS).map(|order| (order, tokio::spawn(pay(order)))).collect();
    for (order, caller) in callers {
        told(caller.await.expect("does not panic"), order);
    }
    assert!(batches[1].load(Ordering::Relaxed) > 0);
    tokio::task::spawn_blocking(move || thread.close()).await.expect("closes");
    assert!(!lane.is_open());
    lane.ended().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_was_looked_up_before_access_changed_is_told_so() {
    let world = World::new(Grouping::ByTime);
    assert!(world.lane.access_seen().is_none(), "a file is asked before each request");
    let seen = || world.reader.access_version().expect("reads");
    let submit = |access, action| world.lane.submit_at(Some(access), Command { account: ACCOUNT, token: None, action });
    let before = seen();
    assert!(matches!(submit(before, renew(1)).await, Ok(Reply::Placed(_))));
    let edit = Action::EditAccount { name: Some("Another".to_owned()), email: None, facts: BTreeMap::new() };
    submit(before, edit).await.expect("is changed");
    assert!(matches!(submit(before, renew(2)).await, Err(Rejection::AccessChanged)));
    assert_eq!(world.reader.order_ids(ACCOUNT, Span::default()).expect("reads").len(), 1, "nothing was done");
    assert!(matches!(submit(seen(), renew(2)).await, Ok(Reply::Placed(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_token_places_one_order_however_many_send_it() {
    let world = Arc::new(World::new(Grouping::ByTime));
    let token = Token {
        operation: "renew".to_owned(),
        key: "token".to_owned(),
        digest: [1; 32],
        kept: SignedDuration::from_hours(24),
        holds: Holds::Always,
    };
    let senders: Vec<_> = (0..64)
        .map(|number| {
            let (world, token) = (Arc::clone(&world), token.clone());
            // Every eighth sends another request under the same token.
            let digest = if number % 8 == 7 { [2; 32] } else { [1; 32] };
            let command = Command { account: ACCOUNT, token: Some(Token { digest, ..token }), action: renew(1) };
            tokio::spawn(async move { world.lane.submit(command).await })
        })
        .collect();
    let mut orders = BTreeSet::new();
    let mut mismatches = 0;
    for sender in senders {
        match sender.await.expect("does not panic") {
            Ok(Reply::Placed(order)) => {
                orders.insert(order.id);
            }
            Err(Rejection::Refused(Refusal::TokenMismatch)) => mismatches += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(
        (orders.len(), mismatches == 8 || mismatches == 56),
        (1, true),
        "one request wins, the other is refused"
    );
    assert_eq!(world.reader.order_ids(ACCOUNT, Span::default()).expect("reads"), [OrderId(1)]);
}

/// Sends one renewal 64 times at once under a token that holds while nothing moves, and gives the order of them all.
async fn renew_64_times(world: &Arc<World>, minutes: i64) -> OrderId {
    let senders: Vec<_> = (0..64)
        .map(|_| {
            let world = Arc::clone(world);
            let (operation, key) = ("renew".to_owned(), "token".to_owned());
            let kept = SignedDuration::from_mins(minutes);
            let token = Token { operation, key, digest: [1; 32], kept, holds: Holds::WhileUnmoved };
            let command = Command { account: ACCOUNT, token: Some(token), action: renew_now(1) };
            tokio::spawn(async move { world.lane.submit(command).await })
        })
        .collect();
    let mut orders = BTreeSet::new();
    for sender in senders {
        match sender.await.expect("does not panic") {
            Ok(Reply::Paid(order)) => orders.insert(order.id),
            other => panic!("{other:?}"),
        };
    }
    assert_eq!(orders.len(), 1, "{orders:?}");
    orders.pop_first().expect("there is one")
}

#[tokio::test(flavor = "multi_thread")]
async fn one_token_that_holds_while_nothing_moves_renews_once_however_many_send_it() {
    for grouping in [Grouping::ByTime, Grouping::Single] {
        let world = Arc::new(World::new(grouping));
        credit(&world, 100_000).await;
        for expected in [OrderId(1), OrderId(1)] {
            assert_eq!(renew_64_times(&world, 15).await, expected);
        }
        world.submit(renew_now(1)).await.expect("is renewed");
        assert_eq!(renew_64_times(&world, 16).await, OrderId(3), "the expiry has moved");
        let orders = world.reader.order_ids(ACCOUNT, Span::default()).expect("reads");
        assert_eq!(orders, [1, 2, 3].map(OrderId));
        let seen = world.reader.load(&[Want::Service(ACCOUNT, ServiceId(1)), Want::Balances(ACCOUNT)]).expect("loads");
        assert_eq!(seen.services[&ServiceId(1)].until.to_string(), "2027-03-15");
        assert_eq!(seen.balances[&ACCOUNT].balance, Money::new(100_000 - 3 * 600, Currency::EUR));
        assert_clean(&world);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_nonce_is_used_once_however_many_send_it_by_however_many_lanes() {
    for grouping in [Grouping::ByTime, Grouping::Single] {
        let world = World::new(grouping);
        let application = NewApplication {
            dialect: "test".to_owned(),
            key: "key".to_owned(),
            secret_sealed: Vec::new(),
            name: String::new(),
            description: String::new(),
            flow: Flow::Signature,
        };
        let registered = world.submit(Action::RegisterApplication(application)).await;
        let Ok(Reply::Application(application)) = registered else { panic!("not registered: {registered:?}") };
        let store = SqliteStore::open(&world.folder.path().join("ledger.db")).expect("opens");
        let books = Arc::new(store.reader());
        let (beside, _thread) = start(Box::new(store), books, Arc::clone(&world.clock) as _, grouping).expect("starts");
        let nonce = Nonce { application, digest: [7; 32] };
        let good_until = "2026-11-20T12:15:00Z".parse().expect("is an instant");
        let senders: Vec<_> = (0..64)
            .map(|number| {
                let lane = if number % 2 == 0 { world.lane.clone() } else { beside.clone() };
                let action = Action::UseNonce { nonce, good_until };
                tokio::spawn(async move { lane.submit(Command { account: ACCOUNT, token: None, action }).await })
            })
            .collect();
        let (mut used, mut refused) = (0, 0);
        for sender in senders {
            match sender.await.expect("does not panic") {
                Ok(Reply::Done) => used += 1,
                Err(Rejection::Refused(Refusal::NonceUsed)) => refused += 1,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!((used, refused), (1, 63));
    }
}
