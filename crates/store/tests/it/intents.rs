//! Intents: put on file once, claimed by one worker at a time, and looked up.

use std::thread;

use jiff::{SignedDuration, Timestamp};
use perennial_core::buyer::holding::{HoldingKey, Native, ProviderName, RemoteId};
use perennial_core::buyer::intent::{By, Intent, IntentId, Sender, Sent, State};
use perennial_core::buyer::plan::{OnFile, Spent};
use perennial_core::buyer::remote::{Ask, Length, Offer, Receipt, RemoteOrder, Watermark};
use perennial_core::money::{Currency, Money};
use perennial_core::product::Kind;
use perennial_store::{Added, Batch, Claim, ClaimNumber, Filed, IntentFilter, Note, StoreError};

use crate::world::{Database, World, date, eur, instant, period};

pub const FENCE: &str = "2026-12-31";

pub fn key(service: &str) -> HoldingKey {
    let provider = ProviderName::parse("ovh-work").expect("is a name");
    HoldingKey { provider, id: RemoteId::parse(service).expect("is an id") }
}

fn at(seconds: i64) -> Timestamp {
    instant("2026-11-20T12:00:00Z").checked_add(SignedDuration::from_secs(seconds)).expect("is in range")
}

/// An intent of which nothing was sent, for a service at the usual expiry.
pub fn intent(id: &str, service: &str) -> Intent {
    let key = key(service);
    let offer = Offer {
        length: Length::Period(period("P1Y")),
        net: eur(1_000),
        tax: eur(200),
        gross: eur(1_200),
        discount: None,
        until: date("2027-12-31"),
        remarks: Vec::new(),
    };
    let (service, name, token) = (key.id.clone(), format!("{service}.example"), format!("token-{id}"));
    Intent {
        id: IntentId(id.to_owned()),
        ask: Ask { service, kind: Kind::Domain, name, fence: date(FENCE), offer, token },
        key,
        expires_at: instant("2026-12-30T23:00:00Z"),
        native: Native::Untold,
        made_at: at(0),
        state: State::Planned,
        watermark: None,
        sent_at: None,
        tries: 0,
        next_at: None,
    }
}

fn order() -> RemoteOrder {
    RemoteOrder {
        id: "order-7".to_owned(),
        invoice: None,
        gross: eur(1_200),
        until: Some(date("2027-12-31")),
        services: vec!["a".to_owned()],
    }
}

/// As far as a state needs, with what was on file before anything was sent.
pub fn carried(intent: &Intent, state: State) -> Intent {
    let watermark = Some(Watermark { at: at(1), orders: vec!["order-6".to_owned()], balance: Some(eur(5_000)) });
    Intent { state, watermark, sent_at: Some(at(2)), ..intent.clone() }
}

fn note(state: &State) -> Note {
    Note { at: at(3), state: state.word().to_owned(), text: format!("is {}", state.word()) }
}

fn claimed(batch: &mut dyn Batch, id: &IntentId) -> Claim {
    batch.claim_intent(id, "worker", at(0), at(60)).expect("is claimed").expect("is free")
}

/// Puts an intent on file and carries it to a state; gives the claim back.
pub fn file(batch: &mut dyn Batch, intent: &Intent) {
    let planned = Intent { state: State::Planned, watermark: None, sent_at: None, ..intent.clone() };
    assert_eq!(batch.add_intent(&planned).expect("is added"), Added::New, "{}", intent.id);
    let claim = claimed(batch, &intent.id).number;
    assert!(batch.write_intent(&claim, intent, &note(&intent.state)).expect("is written"));
    batch.release_intent(&claim).expect("is given back");
}

/// An intent in each state, called by its word, and `word`, which is done on a person's word alone.
pub fn one_of_each<D: Database>(world: &mut World<D>) {
    let receipt = |until| Receipt {
        order: Some("order-7".to_owned()),
        invoice: Some("bill-7".to_owned()),
        paid: Some(eur(1_200)),
        balance: Some(eur(3_800)),
        until,
    };
    let (sent, why) = (Sent::Payment(order()), "no word of it".to_owned());
    let states = [
        State::Planned,
        State::Ordering,
        State::Ordered(order()),
        State::Paying(order()),
        State::Unsure { sent: sent.clone(), sender: Sender::MayLive, clean: 1, reads: 2 },
        State::Confirming { receipt: receipt(None), reads: 1 },
        State::Done(receipt(Some(date("2027-12-31")))),
        State::Foreign { until: date("2027-01-31") },
        State::Refused { by: By::Us, why: why.clone(), left: Some(order()) },
        State::Parked { sent, why },
    ];
    world.batch(|batch| {
        for state in states {
            let id = state.word();
            file(batch, &carried(&intent(id, &format!("s-{id}")), state));
        }
        file(batch, &carried(&intent("word", "s-word"), State::Done(receipt(None))));
    });
}

pub fn filed<D: Database>(world: &World<D>, id: &str) -> Filed {
    world.books.find_intent(id).expect("reads").expect("is there")
}

pub fn a_text_with_a_nul_loses_no_word_of_a_payment<D: Database>() {
    let mut world = World::<D>::new();
    let why = "a\0b".to_owned();
    let parked = carried(&intent("one", "a"), State::Parked { sent: Sent::Order, why: why.clone() });
    world.batch(|batch| {
        batch.add_intent(&intent("one", "a")).expect("is added");
        let claim = claimed(batch, &parked.id).number;
        let note = Note { at: at(3), state: "parked".to_owned(), text: why };
        assert!(batch.write_intent(&claim, &parked, &note).expect("is written"));
    });
    let shown = "a\u{fffd}b";
    assert!(matches!(filed(&world, "one").intent.state, State::Parked { why, .. } if why == shown));
    assert_eq!(world.books.notes(&parked.id).expect("reads")[0].text, shown);
}

pub fn an_intent_is_put_on_file_once<D: Database>() {
    let mut world = World::<D>::new();
    let first = intent("first", "a");
    let known = Added::Known(first.id.clone());
    let mut add = |intent: &Intent| world.batch(|batch| batch.add_intent(intent)).expect("is answered");
    assert_eq!(add(&first), Added::New);
    assert_eq!(add(&first), known, "the very same");
    let mut later = intent("later", "a");
    later.ask.fence = date("2027-06-30");
    assert_eq!(add(&later), known, "one is open, whatever its expiry");
    assert_eq!(add(&intent("other", "b")), Added::New, "another service is another matter");

    let on_file = |world: &World<D>, until| world.books.on_file(&first.key, date(until)).expect("reads");
    assert_eq!(on_file(&world, FENCE), Some(OnFile::Open(first.id.clone())));
    assert_eq!(on_file(&world, "2027-06-30"), Some(OnFile::Open(first.id.clone())));
    let receipt = Receipt { until: Some(date("2027-06-30")), ..Receipt::default() };
    let done = carried(&first, State::Done(receipt));
    world.batch(|batch| {
        let claim = claimed(batch, &first.id).number;
        assert!(batch.write_intent(&claim, &done, &note(&done.state)).expect("is written"));
        assert_eq!(batch.add_intent(&intent("again", "a")).expect("is answered"), known, "this expiry is settled");
        assert_eq!(batch.add_intent(&later).expect("is answered"), Added::New, "the next one is not");
    });
    assert_eq!(on_file(&world, FENCE), Some(OnFile::Open(later.id.clone())));
    let refused = carried(&later, State::Refused { by: By::Provider, why: "no".to_owned(), left: None });
    world.batch(|batch| {
        let claim = claimed(batch, &later.id).number;
        assert!(batch.write_intent(&claim, &refused, &note(&refused.state)).expect("is written"));
    });
    assert_eq!(on_file(&world, FENCE), Some(OnFile::Renewed(first.id.clone())));
    assert_eq!(on_file(&world, "2027-06-30"), None, "what was refused stands in nobody's way");
    world.assert_sound();
}

pub fn a_refused_intent_is_taken_up_anew<D: Database>() {
    let mut world = World::<D>::new();
    let first = intent("first", "a");
    let left = State::Refused { by: By::Us, why: "the price moved".to_owned(), left: Some(order()) };
    let refused = Intent { tries: 3, ..carried(&first, left) };
    let mut renamed = Intent { made_at: at(1_000), native: Native::Off, ..first.clone() };
    renamed.ask.name.push_str(", renamed");
    world.batch(|batch| file(batch, &refused));
    assert_eq!(world.batch(|batch| batch.add_intent(&renamed)).expect("is answered"), Added::New);
    let anew = Intent { made_at: at(1_000), native: Native::Off, ..first.clone() };
    assert_eq!(filed(&world, "first"), Filed { intent: anew.clone(), holder: None }, "what it asks for stays");
    world.assert_sound();
    let claim = world.batch(|batch| claimed(batch, &first.id));
    assert_eq!((claim.number.number, claim.before), (2, None), "claims go on counting");
    assert_eq!(world.books.notes(&first.id).expect("reads"), [note(&refused.state)], "evidence stays");

    // It asks for just the same, or is another one.
    let mut dearer = intent("dearer", "b");
    world.batch(|batch| file(batch, &carried(&dearer, refused.state.clone())));
    dearer.ask.offer.gross = eur(1_201);
    let answer = world.store.begin().expect("begins").add_intent(&dearer);
    assert!(matches!(answer, Err(StoreError::Constraint { .. })), "{answer:?}");
}

pub fn what_was_sent_is_not_put_on_file_as_new<D: Database>() {
    let mut world = World::<D>::new();
    let plain = intent("one", "a");
    let mut elsewhere = plain.clone();
    elsewhere.ask.service = RemoteId::parse("b").expect("is an id");
    let mut mixed = plain.clone();
    mixed.ask.offer.tax = Money::new(200, Currency::SEK);
    let mut backwards = plain.clone();
    backwards.ask.offer.until = plain.ask.fence;
    for odd in [carried(&plain, State::Ordering), carried(&plain, State::Planned), elsewhere, mixed, backwards] {
        let answer = world.store.begin().expect("begins").add_intent(&odd);
        assert!(matches!(answer, Err(StoreError::Constraint { .. })), "{odd:?}: {answer:?}");
    }
}

pub fn a_claim_is_one_workers_for_a_while<D: Database>() {
    let mut world = World::<D>::new();
    let first = intent("first", "a");
    world.batch(|batch| batch.add_intent(&first)).expect("is added");
    let mut claim = |worker: &str, now: i64, until: i64| {
        world.batch(|batch| batch.claim_intent(&first.id, worker, at(now), at(until))).expect("is answered")
    };
    let told = |claim: &Option<Claim>| claim.as_ref().map(|claim| (claim.number.number, claim.before.clone()));
    let one = claim("a", 0, 60);
    assert_eq!(told(&one), Some((1, None)));
    assert_eq!(claim("b", 59, 120), None);
    let two = claim("b", 60, 120);
    assert_eq!(told(&two), Some((2, Some("a".to_owned()))));
    let three = claim("b", 61, 180);
    assert_eq!(told(&three), Some((3, Some("b".to_owned()))), "its own");
    assert_eq!(world.batch(|batch| batch.claim_intent(&IntentId("no".to_owned()), "a", at(0), at(1))).ok(), Some(None));

    let ordering = carried(&first, State::Ordering);
    let write = |world: &mut World<D>, claim: &ClaimNumber, intent: &Intent| {
        world.batch(|batch| batch.write_intent(claim, intent, &note(&intent.state))).expect("is answered")
    };
    for lost in [&one, &two] {
        let lost = &lost.as_ref().expect("was claimed").number;
        assert!(!write(&mut world, lost, &ordering));
        world.batch(|batch| batch.release_intent(lost)).expect("is nothing");
    }
    assert_eq!(filed(&world, "first"), Filed { intent: first.clone(), holder: Some(("b".to_owned(), at(180))) });
    assert_eq!(world.books.notes(&first.id).expect("reads"), []);
    let held = ClaimNumber { until: at(240), ..three.expect("was claimed").number };
    assert!(write(&mut world, &held, &ordering));
    assert_eq!(filed(&world, "first"), Filed { intent: ordering.clone(), holder: Some(("b".to_owned(), at(240))) });
    world.batch(|batch| batch.release_intent(&held)).expect("is given back");
    assert_eq!(filed(&world, "first").holder, None);
    assert!(!write(&mut world, &held, &ordering), "what was given back is not written");
    let last = world.batch(|batch| claimed(batch, &first.id));
    assert_eq!(told(&Some(last.clone())), Some((4, None)));
    assert_eq!(last.intent, ordering);
    let other = world.store.begin().expect("begins").write_intent(&last.number, &intent("x", "x"), &note(&first.state));
    assert!(matches!(other, Err(StoreError::Constraint { .. })), "{other:?}");
    world.assert_sound();
}

pub fn what_is_settled_is_not_claimed<D: Database>() {
    let mut world = World::<D>::new();
    one_of_each(&mut world);
    let claimable = |world: &mut World<D>, id: &str| {
        world.batch(|batch| batch.claim_intent(&IntentId(id.to_owned()), "w", at(0), at(1))).expect("is answered")
    };
    for id in ["done", "foreign", "refused"] {
        assert_eq!(claimable(&mut world, id), None, "{id}");
    }
    for id in ["planned", "ordering", "ordered", "paying", "unsure", "confirming", "parked"] {
        assert!(claimable(&mut world, id).is_some(), "{id}");
    }
    // What rests on a person's word alone can be taken back, and is free to be renewed then.
    let claim = claimable(&mut world, "word").expect("is free");
    let state = State::Refused { by: By::Person, why: "was not paid".to_owned(), left: None };
    let back = Intent { state, ..claim.intent };
    let note = note(&back.state);
    assert!(world.batch(|batch| batch.write_intent(&claim.number, &back, &note)).expect("is written"));
    assert_eq!(filed(&world, "word").intent, back);
    assert_eq!(world.books.notes(&back.id).expect("reads").len(), 2);
    assert_eq!(world.batch(|batch| batch.add_intent(&intent("word", "s-word"))).expect("is answered"), Added::New);
    world.assert_sound();
}

pub fn a_note_that_is_refused_takes_its_state_along<D: Database>() {
    let mut world = World::<D>::new();
    let first = intent("first", "a");
    world.batch(|batch| batch.add_intent(&first)).expect("is added");
    let claim = world.batch(|batch| claimed(batch, &first.id)).number;
    let mut batch = world.store.begin().expect("begins");
    let answer = batch.write_intent(&claim, &carried(&first, State::Ordering), &note(&State::Planned));
    assert!(matches!(answer, Err(StoreError::Constraint { .. })), "{answer:?}");
    batch.commit().expect("commits what is left");
    assert_eq!(filed(&world, "first").intent, first);
    assert_eq!(world.books.notes(&first.id).expect("reads"), []);
}

pub fn intents_are_listed_and_found<D: Database>() {
    let mut world = World::<D>::new();
    one_of_each(&mut world);
    let older = Intent { made_at: at(-100), ..intent("older", "older") };
    world.batch(|batch| batch.add_intent(&older)).expect("is added");
    let ids = |filter| -> Vec<_> {
        let filed = world.books.intents(filter).expect("reads");
        filed.into_iter().map(|filed| filed.intent.id.0).collect()
    };
    let open = ["older", "confirming", "ordered", "ordering", "parked", "paying", "planned", "unsure"];
    assert_eq!(ids(IntentFilter::Open), open);
    assert_eq!(ids(IntentFilter::Since(at(-100))).len(), 12);
    assert_eq!(ids(IntentFilter::Since(at(-99))).len(), 11);
    assert_eq!(ids(IntentFilter::Since(at(1))), Vec::<String>::new());

    let found = |prefix: &str| world.books.find_intent(prefix).expect("reads").map(|filed| filed.intent.id.0);
    assert_eq!(found("unsu").as_deref(), Some("unsure"));
    assert_eq!(found("order"), None, "several begin so");
    assert_eq!(found("ordering").as_deref(), Some("ordering"));
    assert_eq!((found("x"), found("")), (None, None));
    world.batch(|batch| batch.add_intent(&intent("unsure2", "longer"))).expect("is added");
    let found = |prefix: &str| world.books.find_intent(prefix).expect("reads").map(|filed| filed.intent.id.0);
    assert_eq!((found("unsure").as_deref(), found("unsur")), (Some("unsure"), None), "a whole id is no beginning");
}

pub fn what_was_spent_is_told<D: Database>() {
    let mut world = World::<D>::new();
    one_of_each(&mut world);
    let spent = world.books.spent(at(0)).expect("reads");
    let mut services: Vec<_> = spent.iter().map(|spent| spent.key.id.as_str()).collect();
    services.sort_unstable();
    let counted =
        ["confirming", "done", "ordered", "ordering", "parked", "paying", "planned", "unsure", "word"].map(|word| {
            let spent = Spent { key: key(&format!("s-{word}")), gross: eur(1_200) };
            assert!(world.books.spent(at(0)).expect("reads").contains(&spent), "{word}");
            format!("s-{word}")
        });
    assert_eq!(services, counted);
    assert_eq!(world.books.spent(at(1)).expect("reads"), []);
}

pub fn of_many_nodes_one_takes_an_intent_up<D: Database>() {
    const NODES: usize = 4;
    const INTENTS: usize = 12;
    let world = World::<D>::new();
    let run = |node: usize, mut store: Box<dyn perennial_store::Store>| {
        let (mut added, mut taken) = (0, 0);
        for number in 0..INTENTS {
            let mut batch = store.begin().expect("begins");
            let one = intent(&format!("id-{number}-{node}"), &format!("s-{number}"));
            let id = match batch.add_intent(&one).expect("is answered") {
                Added::New => {
                    added += 1;
                    one.id
                }
                Added::Known(id) => id,
            };
            batch.commit().expect("commits");
            let mut batch = store.begin().expect("begins");
            let claim = batch.claim_intent(&id, &format!("node-{node}"), at(0), at(60)).expect("is answered");
            taken += usize::from(claim.is_some());
            batch.commit().expect("commits");
        }
        (added, taken)
    };
    let won = thread::scope(|scope| {
        let nodes = (0..NODES).map(|node| {
            let store = world.database.store();
            scope.spawn(move || run(node, store))
        });
        let nodes: Vec<_> = nodes.collect();
        nodes.into_iter().map(|node| node.join().expect("ends")).fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1))
    });
    assert_eq!(won, (INTENTS, INTENTS));
}

pub fn a_claim_that_is_not_committed_yet_is_waited_for<D: Database>() {
    let mut world = World::<D>::new();
    let first = intent("first", "a");
    world.batch(|batch| batch.add_intent(&first)).expect("is added");
    let mut other = world.database.store();
    let mut batch = world.store.begin().expect("begins");
    assert!(batch.claim_intent(&first.id, "a", at(0), at(60)).expect("is claimed").is_some());
    thread::scope(|scope| {
        let late = scope.spawn(|| {
            let mut batch = other.begin().expect("has its turn");
            batch.claim_intent(&first.id, "b", at(1), at(61)).expect("is answered")
        });
        batch.commit().expect("commits");
        assert_eq!(late.join().expect("ends"), None);
    });
}
