//! Webhooks: who hears of what, and deliveries on their way.

use std::collections::BTreeSet;

use jiff::Timestamp;
use perennial_core::command::Action;
use perennial_core::ids::{AccountId, ServiceId};
use perennial_store::webhooks::{Again, Claimed, Counts, Event, Progress, Webhook};

use crate::world::{CUSTOMER, DOMAIN, Database, HOSTING, RESELLER, SERVER, World, instant};

fn at(minute: i8) -> Timestamp {
    instant(&format!("2026-11-20T12:{minute:02}:00Z"))
}

pub fn webhook(id: &str, account: Option<AccountId>, kinds: &[&str]) -> Webhook {
    Webhook {
        id: id.to_owned(),
        url: format!("https://{id}.example/für?a=1"),
        account,
        kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
        secret_sealed: vec![0, 1, 255],
        created: at(0),
        disabled: None,
    }
}

/// An event of the customer's.
pub fn event() -> Event {
    let (id, kind, body) = ("msg".to_owned(), "expiring".to_owned(), "{\"ö\":1}".to_owned());
    Event { id, account: CUSTOMER, kind, at: at(0), body }
}

/// A world with webhooks and a notice that is to be spread; tells the notice's id.
fn world<D: Database>(webhooks: &[Webhook]) -> (World<D>, i64) {
    let mut world = World::<D>::new();
    for webhook in webhooks {
        world.batch(|batch| batch.add_webhook(webhook)).expect("is added");
    }
    let id = notice(&mut world, SERVER);
    (world, id)
}

fn notice<D: Database>(world: &mut World<D>, service: ServiceId) -> i64 {
    let token = service.to_string();
    world.done(CUSTOMER, Action::RequestTermination { service, token, token_digest: [7; 32] });
    world.books.notices_unspread(10).expect("reads").last().expect("is there").id
}

fn spread<D: Database>(world: &mut World<D>, notice: i64, id: &str, minute: i8) -> usize {
    let event = Event { id: id.to_owned(), ..event() };
    world.batch(|batch| batch.spread(at(minute), &[(notice, event)])).expect("is spread")
}

fn claim<D: Database>(world: &mut World<D>, now: i8, until: i8, rows_max: u32) -> Vec<Claimed> {
    world.batch(|batch| batch.claim_deliveries(at(now), at(until), &BTreeSet::new(), rows_max)).expect("claims")
}

fn ids(claimed: &[Claimed]) -> Vec<(&str, &str)> {
    let mut ids: Vec<_> = claimed.iter().map(|it| (it.event.as_str(), it.webhook.as_str())).collect();
    ids.sort_unstable();
    ids
}

pub fn webhooks_read_back_and_go<D: Database>() {
    let all = [webhook("a", None, &[]), webhook("b", Some(RESELLER), &["expiring", "not-paid"])];
    let (mut world, id) = world::<D>(&all);
    assert_eq!(world.books.webhooks().expect("reads"), all);
    spread(&mut world, id, "msg", 0);
    assert!(world.batch(|batch| batch.remove_webhook("a")).expect("goes"), "with what waits for it");
    assert!(!world.batch(|batch| batch.remove_webhook("a")).expect("is gone"));
    assert_eq!(world.books.webhooks().expect("reads"), all[1..]);
    assert!(!world.books.is_delivery_due(at(59), &BTreeSet::new()).expect("reads"));
}

pub fn a_notice_is_spread_once_to_those_who_hear_of_it<D: Database>() {
    let heard = [webhook("all", None, &[]), webhook("own", Some(CUSTOMER), &["ending", "expiring"])];
    let late = Webhook { created: at(1), ..webhook("late", None, &[]) };
    let deaf = [webhook("other", Some(RESELLER), &[]), webhook("kind", None, &["ending"]), late];
    let (mut world, id) = world::<D>(&[&heard[..], &deaf[..]].concat());
    world.batch(|batch| batch.add_webhook(&webhook("off", None, &[]))).expect("is added");
    world.batch(|batch| batch.disable_webhook("off", at(0))).expect("is disabled");
    assert_eq!(spread(&mut world, id, "msg", 1), 2);
    assert_eq!(spread(&mut world, id, "again", 1), 0, "another node came first");
    assert!(world.books.notices_unspread(10).expect("reads").is_empty());
    let claimed = claim(&mut world, 1, 2, 10);
    assert_eq!(ids(&claimed), [("msg", "all"), ("msg", "own")]);
    let first = claimed.iter().find(|it| it.webhook == "all").expect("is there");
    assert_eq!((first.body.as_str(), first.url.as_str()), (event().body.as_str(), heard[0].url.as_str()));
    assert_eq!((first.secret_sealed.as_slice(), first.tries, first.until), ([0, 1, 255].as_slice(), 0, at(2)));
}

pub fn a_delivery_is_one_nodes_for_a_while<D: Database>() {
    let (mut world, first) = world::<D>(&[webhook("a", None, &[])]);
    let (second, third) = (notice(&mut world, DOMAIN), notice(&mut world, HOSTING));
    for (minute, (notice, id)) in (1..).zip([(first, "one"), (second, "two"), (third, "three")]) {
        spread(&mut world, notice, id, minute);
    }
    assert!(!world.books.is_delivery_due(at(0), &BTreeSet::new()).expect("reads"));
    assert!(world.books.is_delivery_due(at(1), &BTreeSet::new()).expect("reads"));
    assert_eq!(ids(&claim(&mut world, 2, 10, 5)), [("one", "a"), ("two", "a")], "the third is not due");
    assert_eq!(ids(&claim(&mut world, 3, 10, 5)), [("three", "a")], "the others are somebody's");
    assert_eq!(claim(&mut world, 10, 20, 2).len(), 2, "their time is over, and there are no more than that many");
    assert_eq!(claim(&mut world, 10, 20, 2).len(), 1);
    assert!(claim(&mut world, 10, 20, 2).is_empty());
    let busy = BTreeSet::from(["a".to_owned()]);
    assert!(!world.books.is_delivery_due(at(20), &busy).expect("reads"), "what is called just now is left alone");
    let mut claim_but = |busy| world.batch(|batch| batch.claim_deliveries(at(20), at(30), busy, 2)).expect("claims");
    assert!(claim_but(&busy).is_empty());
    assert_eq!(claim_but(&BTreeSet::from(["b".to_owned(), "aa".to_owned()])).len(), 2);
}

pub fn a_delivery_is_settled_by_whoever_has_it<D: Database>() {
    let (mut world, id) = world::<D>(&[webhook("a", None, &[])]);
    spread(&mut world, id, "msg", 1);
    let late = claim(&mut world, 1, 2, 1).remove(0);
    let mine = claim(&mut world, 2, 4, 1).remove(0);
    let mut settle = |claimed: &Claimed, tries, progress, answer: &str| {
        let settled = world.batch(|batch| batch.settle_delivery(claimed, tries, progress, answer)).expect("is settled");
        let shown = world.books.deliveries("a", 10).expect("reads").remove(0);
        (settled, shown.tries, shown.progress, shown.answer)
    };
    let lost = settle(&late, 7, Progress::Delivered(at(3)), "200");
    assert_eq!(lost, (false, 0, Progress::Waiting(at(4)), None));
    let failed = settle(&mine, 1, Progress::Waiting(at(9)), "503");
    assert_eq!(failed, (true, 1, Progress::Waiting(at(9)), Some("503".to_owned())));
    let again = claim(&mut world, 9, 10, 1).remove(0);
    assert_eq!(again.tries, 1);
    let done = world.batch(|batch| batch.settle_delivery(&again, 1, Progress::Delivered(at(9)), "204"));
    assert!(done.expect("is settled"));
    assert!(claim(&mut world, 59, 59, 1).is_empty());
    let counts = Counts { waiting: 0, delivered: 1, given_up: 0 };
    assert_eq!(world.books.deliveries_count("a").expect("counts"), counts);
}

pub fn a_webhook_that_is_disabled_is_told_nothing_more<D: Database>() {
    let (mut world, id) = world::<D>(&[webhook("a", None, &[]), webhook("b", None, &[])]);
    spread(&mut world, id, "msg", 1);
    world.batch(|batch| batch.disable_webhook("a", at(2))).expect("is disabled");
    assert_eq!(ids(&claim(&mut world, 3, 4, 9)), [("msg", "b")]);
    let shown = world.books.deliveries("a", 10).expect("reads").remove(0);
    assert_eq!(shown.progress, Progress::GivenUp(at(2)));
    assert_eq!(world.books.webhooks().expect("reads")[0].disabled, Some(at(2)));
    let next = notice(&mut world, DOMAIN);
    assert_eq!(spread(&mut world, next, "next", 5), 1);
    world.batch(|batch| batch.enable_webhook("a")).expect("is enabled");
    assert_eq!(world.books.webhooks().expect("reads")[0].disabled, None);
    assert_eq!(world.books.deliveries("a", 10).expect("reads"), [shown], "what was given up stays so");
    let last = notice(&mut world, DOMAIN);
    assert_eq!(spread(&mut world, last, "last", 6), 2);
}

pub fn what_a_webhook_was_told_is_told_again<D: Database>() {
    let (mut world, first) = world::<D>(&[webhook("a", None, &[]), webhook("b", None, &[])]);
    let second = notice(&mut world, DOMAIN);
    spread(&mut world, first, "one", 1);
    spread(&mut world, second, "two", 2);
    for claimed in claim(&mut world, 2, 3, 9) {
        let progress = if claimed.event == "one" { Progress::Delivered(at(2)) } else { Progress::GivenUp(at(2)) };
        world.batch(|batch| batch.settle_delivery(&claimed, 3, progress, "x")).expect("is settled");
    }
    let mut replay = |again| world.batch(|batch| batch.replay("a", again, at(5))).expect("is replayed");
    assert_eq!(replay(Again::Since(at(3))), 0);
    assert_eq!(replay(Again::Event("none")), 0);
    assert_eq!(replay(Again::Since(at(2))), 1);
    let claimed = claim(&mut world, 5, 6, 9);
    assert_eq!((ids(&claimed), claimed[0].tries), (vec![("two", "a")], 0));
    let one = world.batch(|batch| batch.replay("b", Again::Event("one"), at(7))).expect("is replayed");
    assert_eq!((one, ids(&claim(&mut world, 7, 8, 9)).contains(&("one", "b"))), (1, true));
}

pub fn events_are_forgotten_after_a_month<D: Database>() {
    let (mut world, id) = world::<D>(&[webhook("a", None, &[])]);
    spread(&mut world, id, "msg", 0);
    let mut forget = |now| world.batch(|batch| batch.forget(instant(now), 10)).expect("forgets");
    forget("2026-12-20T11:59:59Z");
    assert_eq!(forget("2026-12-20T12:00:00Z"), 1);
    let kept: BTreeSet<_> = world.books.deliveries("a", 10).expect("reads").into_iter().map(|it| it.event).collect();
    assert_eq!(kept, BTreeSet::new());
}
