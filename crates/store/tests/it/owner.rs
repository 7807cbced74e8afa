//! What an owner sets: cancellations, what the account tells of itself, payment methods; and reports of work.

use std::collections::BTreeMap;

use perennial_core::account::Account;
use perennial_core::command::{Action, NewMethod, PayWith, Reply};
use perennial_core::ids::{AccountId, JobId, MethodId};
use perennial_core::job::Job;
use perennial_core::money::Currency;
use perennial_core::order::OrderState;
use perennial_core::payment::{MethodKind, MethodStatus, Preference};
use perennial_core::service::{Cancellation, Ending, Hold, RenewalMode, Service};
use perennial_core::snapshot::{Change, Extension, Want};
use perennial_store::{Record, Recorded, StoreError};

use crate::world::{CUSTOMER, Database, PAYPAL, RESELLER, SERVER, World, account, date, record, service};

fn cancel<D: Database>(world: &mut World<D>) -> Cancellation {
    let (reason, ending) = ("too dear\nby far".to_owned(), Ending::Now);
    world.done(CUSTOMER, Action::Cancel { service: SERVER, reason: reason.clone(), ending });
    Cancellation { requested: world.now, reason, ending, mode_before: RenewalMode::Manual }
}

pub fn a_cancellation_stays_until_it_is_withdrawn<D: Database>() {
    let mut world = World::<D>::new();
    let before = world.service(CUSTOMER, SERVER);
    let cancellation = Some(cancel(&mut world));
    let cancelled = world.service(CUSTOMER, SERVER);
    assert_eq!((&cancelled.cancellation, cancelled.mode), (&cancellation, RenewalMode::DeleteAtExpiry));
    world.done(CUSTOMER, Action::Rename { service: SERVER, display_name: Some("mine".to_owned()) });
    assert_eq!(world.service(CUSTOMER, SERVER).cancellation, cancellation);
    world.done(CUSTOMER, Action::Reinstate { service: SERVER });
    let after = world.service(CUSTOMER, SERVER);
    assert_eq!(after, Service { display_name: Some("mine".to_owned()), version: before.version + 3, ..before });
    let order = world.place(&[SERVER], "P1M");
    world.pay(order.id, PayWith::Balance);
    world.assert_sound();
    let goes_on = Service { cancellation, ..world.service(CUSTOMER, SERVER) };
    let refused = world.written(&[Change::SetService(goes_on)]);
    assert!(matches!(refused, Err(StoreError::Constraint { doing: "change a service", .. })), "{refused:?}");
}

/// The rules extend no cancelled service. Were one extended, its cancellation would not be lost on the way.
pub fn an_extension_leaves_a_cancellation_alone<D: Database>() {
    let mut world = World::<D>::new();
    let order = world.place(&[SERVER], "P1M");
    let cancellation = Some(cancel(&mut world));
    let service = Service { until: order.lines[0].term.until(), ..world.service(CUSTOMER, SERVER) };
    let state = OrderState::Fulfilled(world.now);
    let extension = Extension { account: CUSTOMER, service: SERVER, term: order.lines[0].term, order: order.id };
    let mut batch = world.store.begin().expect("begins");
    let changes = [
        Change::SetOrderState { account: CUSTOMER, order: order.id, state },
        Change::Extend { extension, service: service.clone() },
    ];
    batch.write(&changes).expect("is written");
    let extended = batch.load(&[Want::Service(CUSTOMER, SERVER)]).expect("loads").services[&SERVER].clone();
    assert_eq!((extended.until, extended.cancellation), (service.until, cancellation));
}

pub fn a_file_takes_a_cancellation_away_with_its_mode<D: Database>() {
    let mut world = World::<D>::new();
    let cancellation = Some(cancel(&mut world));
    let file = |mode| Record::Service(Service { mode, ..service(SERVER, CUSTOMER, 3, None) });
    for (mode, kept, recorded) in [
        (RenewalMode::DeleteAtExpiry, cancellation, Recorded::Unchanged(SERVER.0)),
        (RenewalMode::Automatic, None, Recorded::Updated(SERVER.0)),
        (RenewalMode::DeleteAtExpiry, None, Recorded::Updated(SERVER.0)),
    ] {
        assert_eq!(record(&mut *world.store, &[file(mode)]).expect("is recorded"), [recorded], "{mode:?}");
        let service = world.service(CUSTOMER, SERVER);
        assert_eq!((service.mode, service.cancellation, service.hold), (mode, kept, Hold::Suspended));
    }
}

pub fn an_account_tells_of_itself<D: Database>() {
    let mut world = World::<D>::new();
    let edit = |name: &str, facts: &[(&str, Option<&str>)]| Action::EditAccount {
        name: Some(name.to_owned()),
        email: None,
        facts: facts.iter().map(|(fact, told)| ((*fact).to_owned(), told.map(str::to_owned))).collect(),
    };
    let told = |facts: &[(&str, &str)]| -> BTreeMap<String, String> {
        facts.iter().map(|(fact, told)| ((*fact).to_owned(), (*told).to_owned())).collect()
    };
    let before = world.books.access_version().expect("reads");
    world.done(CUSTOMER, edit("New", &[("city", Some("Lyon\tF")), ("phone", Some("+33 2"))]));
    let found = |world: &World<D>| world.books.account(CUSTOMER).expect("reads").expect("is there");
    let facts = told(&[("city", "Lyon\tF"), ("phone", "+33 2")]);
    assert_eq!(found(&world), Account { name: "New".to_owned(), facts, ..account(CUSTOMER) });
    assert!(world.books.access_version().expect("reads") > before);
    world.done(CUSTOMER, edit("New", &[("phone", None)]));
    let edited = Account { name: "New".to_owned(), facts: told(&[("city", "Lyon\tF")]), ..account(CUSTOMER) };
    assert_eq!(found(&world), edited);
    let recorded = record(&mut *world.store, &[Record::Account(edited), Record::Account(account(CUSTOMER))]);
    let id = CUSTOMER.0;
    assert_eq!(recorded.expect("are recorded"), [Recorded::Unchanged(id), Recorded::Updated(id)]);
    assert_eq!(found(&world), account(CUSTOMER));
    let crowns = Account { currency: Currency::SEK, ..account(CUSTOMER) };
    for wrong in [crowns, Account { id: AccountId(99), ..account(CUSTOMER) }] {
        let refused = world.written(&[Change::SetAccount(wrong)]);
        assert!(matches!(refused, Err(StoreError::Constraint { doing: "change an account", .. })), "{refused:?}");
    }
}

pub fn a_method_is_added_under_the_next_id<D: Database>() {
    let mut world = World::<D>::new();
    let card = NewMethod {
        kind: MethodKind::Card,
        label: "4242".to_owned(),
        description: Some("Company card".to_owned()),
        preference: Preference::Default,
        expires: Some(date("2027-10-31")),
        on_gateway: None,
    };
    let id = MethodId(PAYPAL.0 + 1);
    let add = || Action::AddMethod(card.clone());
    assert_eq!(world.done(CUSTOMER, add()), Reply::Method(id));
    let methods = world.books.load(&[Want::Methods(CUSTOMER)]).expect("loads").methods;
    let added = &methods[&id];
    assert_eq!((added.kind, added.label.as_str(), added.expires), (card.kind, "4242", card.expires));
    assert_eq!((&added.description, added.created), (&card.description, world.now));
    assert_eq!((added.preference, methods[&PAYPAL].preference), (Preference::Default, Preference::Other));
    world.done(CUSTOMER, Action::RemoveMethod { method: id });
    assert_eq!(world.done(CUSTOMER, add()), Reply::Method(id));
    let methods = world.books.load(&[Want::Methods(CUSTOMER)]).expect("loads").methods;
    assert_eq!((methods.len(), methods[&id].status), (2, MethodStatus::Valid));
    let twin = perennial_core::payment::PaymentMethod { id: MethodId(9_999), ..methods[&id].clone() };
    let refused = world.written(&[Change::AddMethod(twin)]);
    assert!(matches!(refused, Err(StoreError::Constraint { doing: "add a payment method", .. })), "{refused:?}");
}

pub fn a_report_of_work_is_kept_for_its_account<D: Database>() {
    let mut world = World::<D>::new();
    let order = world.place(&[SERVER], "P1M").id;
    for (id, order) in [(JobId(1), Some(order)), (JobId(2), None)] {
        let (kind, report) = ("bulk-renew".to_owned(), "{\"done\":1}\n".to_owned());
        let reply = world.done(CUSTOMER, Action::RecordJob { kind: kind.clone(), order, report: report.clone() });
        assert_eq!(reply, Reply::Job(id));
        let seen = world.books.load(&[Want::Job(CUSTOMER, id)]).expect("loads");
        assert_eq!(seen.jobs[&id], Job { id, account: CUSTOMER, kind, order, report, at: world.now });
        assert!(world.books.load(&[Want::Job(RESELLER, id)]).expect("loads").jobs.is_empty());
    }
}
