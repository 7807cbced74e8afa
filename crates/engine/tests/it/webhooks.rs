//! Webhooks: each event arrives once, however often it has to be tried, and whichever node tries.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use perennial_core::command::Action;
use perennial_core::ids::ServiceId;
use perennial_core::notice::Notice;
use perennial_core::ports::{BoxFuture, Clock, Failure, Timer};
use perennial_engine::clock::MovableClock;
use perennial_engine::lane::Grouping;
use perennial_engine::webhooks::{Answer, Messenger, Post, Verdict};
use perennial_store::webhooks::{Claimed, Counts, Event, Progress, Reading, Webhook};
use tokio::task::JoinHandle;

use crate::world::{World, until};

/// Answers by webhook as it is told to, and keeps what it was sent.
struct Scripted {
    node: &'static str,
    verdicts: Mutex<BTreeMap<String, Verdict>>,
    sent: Mutex<Vec<(String, String)>>,
}

impl Scripted {
    fn new(node: &'static str) -> Arc<Self> {
        Arc::new(Self { node, verdicts: Mutex::default(), sent: Mutex::default() })
    }

    fn answers(&self, webhook: &str, verdict: Verdict) {
        self.verdicts.lock().expect("no panic").insert(webhook.to_owned(), verdict);
    }

    /// What a webhook was sent, in order.
    fn sent(&self, webhook: &str) -> Vec<String> {
        let sent = self.sent.lock().expect("no panic");
        sent.iter().filter(|(to, _)| to == webhook).map(|(_, event)| event.clone()).collect()
    }
}

impl Messenger for Scripted {
    fn event(&self, notice: &Notice) -> Result<Event, Failure> {
        let told = notice.kind.told().service.expect("is about a service");
        let (id, kind) = (format!("{}-{told}", self.node), notice.kind.word().to_owned());
        Ok(Event { id, account: notice.account, kind, at: notice.at, body: told.to_string() })
    }

    fn send<'a>(&'a self, claimed: &'a Claimed) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            self.sent.lock().expect("no panic").push((claimed.webhook.clone(), claimed.body.clone()));
            let takes = if claimed.webhook == "slow" { Duration::from_mins(1) } else { Duration::from_millis(2) };
            tokio::time::sleep(takes).await;
            let verdict = self.verdicts.lock().expect("no panic").get(&claimed.webhook).copied();
            Answer { verdict: verdict.unwrap_or(Verdict::Taken), words: "as told".to_owned() }
        })
    }
}

/// Waits a thousandth of what it is asked to.
struct Hasty;

impl Timer for Hasty {
    fn sleep(&self, span: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(span / 1_000))
    }
}

fn start(world: &World, clock: &Arc<MovableClock>, messenger: &Arc<Scripted>) -> JoinHandle<()> {
    let (clock, messenger) = (Arc::clone(clock) as _, Arc::clone(messenger) as _);
    let (records, lane) = (Arc::new(world.reader.clone()), world.lane.clone());
    tokio::spawn(Post { records, lane, clock, timer: Arc::new(Hasty), messenger }.run())
}

async fn add(world: &World, id: &str) {
    let webhook = Webhook {
        id: id.to_owned(),
        url: "https://example.net/".to_owned(),
        account: None,
        kinds: BTreeSet::new(),
        secret_sealed: vec![1],
        created: Timestamp::UNIX_EPOCH,
        disabled: None,
    };
    world.lane.chore(move |batch| batch.add_webhook(&webhook)).await.expect("is added");
}

async fn notify(world: &World, services: std::ops::RangeInclusive<i64>) {
    for service in services {
        let (service, token) = (ServiceId(service), service.to_string());
        world.submit(Action::RequestTermination { service, token, token_digest: [1; 32] }).await.expect("is asked");
    }
}

fn counts(world: &World, webhook: &str) -> Counts {
    world.reader.deliveries_count(webhook).expect("counts")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_arrive_arrives_later_and_once_and_holds_nobody_else_up() {
    let mut world = World::new(Grouping::ByTime);
    let clock = Arc::new(MovableClock::ahead_by(SignedDuration::ZERO));
    let messenger = Scripted::new("node");
    messenger.answers("down", Verdict::Silent);
    add(&world, "down").await;
    add(&world, "up").await;
    notify(&world, 1..=8).await;
    let node = start(&world, &clock, &messenger);
    until("the one that is up hears of all", || counts(&world, "up").delivered == 8).await;
    let all = || world.reader.deliveries("down", 9).expect("reads");
    until("each is put off", || all().iter().all(|delivery| delivery.answer.is_some())).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let before = messenger.sent("down").len();
    assert!(before < 8, "of many, one is tried: {:?}", messenger.sent("down"));
    let failed: usize = all().iter().map(|delivery| usize::try_from(delivery.tries).expect("is small")).sum();
    assert_eq!(failed, before, "what was not sent did not fail");
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(messenger.sent("down").len(), before, "nothing is tried before its time");

    messenger.answers("down", Verdict::Taken);
    clock.set(clock.now().checked_add(SignedDuration::from_secs(6)).expect("is an instant"));
    until("the other one hears of all", || counts(&world, "down").delivered == 8).await;
    let mut arrived = messenger.sent("down").split_off(before);
    arrived.sort();
    assert_eq!(arrived, ["1", "2", "3", "4", "5", "6", "7", "8"]);
    assert_eq!(messenger.sent("up").len(), 8, "each once");
    world.close().await;
    node.await.expect("ends with the lane");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_is_slow_holds_up_no_other_one() {
    let mut world = World::new(Grouping::ByTime);
    let clock = Arc::new(MovableClock::ahead_by(SignedDuration::ZERO));
    let messenger = Scripted::new("node");
    add(&world, "slow").await;
    add(&world, "quick").await;
    notify(&world, 1..=40).await;
    let node = start(&world, &clock, &messenger);
    until("the quick one hears of all", || counts(&world, "quick").delivered == 40).await;
    assert_eq!(messenger.sent("slow").len(), 1, "a webhook is told one thing at a time");
    world.close().await;
    node.await.expect("ends with the lane");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_is_gone_is_disabled_and_one_that_stays_away_is_given_up() {
    let mut world = World::new(Grouping::ByTime);
    let clock = Arc::new(MovableClock::ahead_by(SignedDuration::ZERO));
    let messenger = Scripted::new("node");
    messenger.answers("gone", Verdict::Gone);
    messenger.answers("away", Verdict::Refused(None));
    add(&world, "gone").await;
    add(&world, "away").await;
    notify(&world, 1..=3).await;
    let node = start(&world, &clock, &messenger);
    until("it is disabled", || world.reader.webhooks().expect("reads")[1].disabled.is_some()).await;
    let given_up = Counts { waiting: 0, delivered: 0, given_up: 3 };
    assert_eq!((messenger.sent("gone").len(), counts(&world, "gone")), (1, given_up), "it is asked once");
    for tries in 1..=9 {
        let all = || world.reader.deliveries("away", 9).expect("reads");
        until("all are tried", || all().iter().all(|delivery| delivery.tries == tries)).await;
        // The longest wait is a day and a tenth.
        clock.set(clock.now().checked_add(SignedDuration::from_hours(27)).expect("is an instant"));
    }
    until("they are given up", || counts(&world, "away") == given_up).await;
    assert_eq!(messenger.sent("away").len(), 30, "ten attempts each");
    notify(&world, 4..=4).await;
    until("the next one is spread", || world.reader.notices_unspread(1).expect("reads").is_empty()).await;
    assert_eq!(messenger.sent("gone").len(), 1);
    world.close().await;
    node.await.expect("ends with the lane");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_nodes_one_delivers_and_another_takes_over_what_it_left() {
    let mut world = World::new(Grouping::ByTime);
    let clock = Arc::new(MovableClock::ahead_by(SignedDuration::ZERO));
    add(&world, "a").await;
    notify(&world, 1..=40).await;
    let messengers = ["one", "two"].map(Scripted::new);
    let nodes = messengers.each_ref().map(|messenger| start(&world, &clock, messenger));
    until("all arrive", || counts(&world, "a").delivered == 40).await;
    let mut sent: Vec<i64> =
        messengers.iter().flat_map(|it| it.sent("a")).map(|body| body.parse().expect("is a number")).collect();
    sent.sort_unstable();
    assert_eq!(sent, (1..=40).collect::<Vec<_>>(), "each once");
    nodes.iter().for_each(JoinHandle::abort);

    // A node that claims and dies.
    notify(&world, 41..=41).await;
    let (now, until_then) =
        (clock.now(), clock.now().checked_add(SignedDuration::from_mins(2)).expect("is an instant"));
    let (id, kind, body) = ("x".to_owned(), "paid".to_owned(), "41".to_owned());
    let event = Event { id, account: crate::world::ACCOUNT, kind, at: now, body };
    let left = world.lane.chore(move |batch| {
        let notice = 41;
        batch.spread(now, &[(notice, event)])?;
        batch.claim_deliveries(now, until_then, &BTreeSet::new(), 10)
    });
    assert_eq!(left.await.expect("is claimed").len(), 1);
    let other = Scripted::new("three");
    let node = start(&world, &clock, &other);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(other.sent("a").is_empty(), "it is another's");
    clock.set(until_then);
    until("it arrives", || other.sent("a") == ["41"]).await;
    until("and that is noted", || {
        matches!(world.reader.deliveries("a", 1).expect("reads")[0].progress, Progress::Delivered(_))
    })
    .await;
    world.close().await;
    node.await.expect("ends with the lane");
}
