//! What is PostgreSQL's own: nodes that take turns, connections that break, and a server that is not there.

use std::error::Error;
use std::sync::mpsc;
use std::time::Duration;

use perennial_core::account::Account;
use perennial_core::ids::{AccountId, ServiceId};
use perennial_core::order::OrderState;
use perennial_core::ports::Books;
use perennial_core::service::Service;
use perennial_core::snapshot::{Change, Want};
use perennial_core::turn::Turn;
use perennial_store::postgres::{PostgresReader, PostgresStore};
use perennial_store::{Batch, Record, Recorded, Records, Store, StoreError};
use perennial_testkit::postgres::Cluster;

use crate::world::{CUSTOMER, Database, Postgres, RESELLER, SERVER, World, cluster, service};

/// The connections of a database that are in a transaction, as psql tells them.
const BUSY: &str = "select count(*) from pg_stat_activity \
                    where datname = current_database() and pid <> pg_backend_pid() and state like 'idle in%'";

/// Ends all other connections of a database, as a server does that goes down.
const END: &str = "select pg_terminate_backend(pid) from pg_stat_activity \
                   where datname = current_database() and pid <> pg_backend_pid()";

fn named(name: &str) -> Record {
    Record::Service(Service { id: ServiceId(0), name: name.to_owned(), ..service(SERVER, RESELLER, 3, None) })
}

#[test]
fn writers_take_turns_and_leave_no_gap_in_the_ids() {
    const NODES: usize = 4;
    const BATCHES: usize = 15;
    let world = World::<Postgres>::new();
    let first = next_service(&mut *world.database.store());
    let mut ids: Vec<i64> = std::thread::scope(|scope| {
        let nodes: Vec<_> = (0..NODES)
            .map(|node| {
                let mut store = world.database.store();
                scope.spawn(move || {
                    let id = |batch: usize| {
                        if batch.is_multiple_of(2) {
                            store.await_turn(Turn::All);
                        }
                        let mut open = store.begin().expect("begins");
                        let next = open.load(&[]).expect("loads").next.service;
                        let recorded = open.record(&named(&format!("node-{node}-{batch}.example"))).expect("is new");
                        assert_eq!(recorded, Recorded::Created(next));
                        if batch.is_multiple_of(3) {
                            return None; // dropped, and its number goes to the next one
                        }
                        open.commit().expect("commits");
                        Some(next)
                    };
                    (0..BATCHES).filter_map(id).collect::<Vec<_>>()
                })
            })
            .collect();
        nodes.into_iter().flat_map(|node| node.join().expect("ends")).collect()
    });
    ids.sort_unstable();
    let count = i64::try_from(NODES * BATCHES * 2 / 3).expect("fits");
    assert_eq!(ids, (first..first + count).collect::<Vec<_>>());
}

/// The customer's server as a batch reads it, renamed.
fn renamed(batch: &dyn Batch, name: &str) -> Change {
    let seen = batch.load(&[Want::Service(CUSTOMER, SERVER)]).expect("loads");
    Change::SetService(Service { display_name: Some(name.to_owned()), ..seen.services[&SERVER].clone() })
}

/// Begins a batch that has a turn.
fn begin(store: &mut dyn Store, turn: Turn) -> Result<Box<dyn Batch + '_>, StoreError> {
    store.await_turn(turn);
    store.begin()
}

#[test]
fn orders_and_payments_have_a_turn_each_and_all_else_waits_for_both() {
    let mut world = World::<Postgres>::new();
    let mut beside = world.store.beside().expect("has another writer");
    let orders = begin(&mut *world.store, Turn::Orders).expect("begins");
    let payments = begin(&mut *beside, Turn::Payments).expect("begins beside it");
    let next = [&orders, &payments].map(|batch| batch.load(&[]).expect("loads").next);
    let given = next.map(|next| [next.order > 0, next.invoice > 0, next.service > 0]);
    assert_eq!(given, [[true, false, false], [false, true, false]]);
    std::thread::scope(|scope| {
        let (begun, begins) = mpsc::channel();
        for turn in [Turn::Orders, Turn::Payments, Turn::All] {
            let (begun, mut store) = (begun.clone(), world.database.store());
            scope.spawn(move || {
                drop(begin(&mut *store, turn).expect("has its turn in the end"));
                begun.send(turn).expect("is waited for");
            });
        }
        let next = || begins.recv_timeout(Duration::from_millis(300)).ok();
        assert_eq!(next(), None, "both are taken");
        drop(payments);
        assert_eq!((next(), next()), (Some(Turn::Payments), None), "the other one is taken still");
        drop(orders);
        assert!(next().is_some() && next().is_some());
    });
}

#[test]
fn what_two_turns_change_at_once_is_told_to_the_second() {
    let mut world = World::<Postgres>::new();
    let mut beside = world.store.beside().expect("has another writer");
    let mut first = begin(&mut *world.store, Turn::Orders).expect("begins");
    let mut second = begin(&mut *beside, Turn::Payments).expect("begins beside it");
    let changes = [renamed(&*first, "first"), renamed(&*second, "second")];
    first.write(&changes[..1]).expect("is written");
    first.commit().expect("commits");
    second.write(&changes[1..]).expect("is gathered");
    let conflict = second.commit().expect_err("is told");
    assert!(matches!(&conflict, StoreError::Conflict { services } if services == &[SERVER]), "{conflict:?}");
    let again = renamed(&*beside.begin().expect("begins"), "second");
    let Change::SetService(service) = again else { panic!("{again:?}") };
    assert_eq!(service.version, 1);
}

#[test]
fn a_batch_writes_what_its_turn_lets_it() {
    let mut world = World::<Postgres>::new();
    for turn in [Turn::Orders, Turn::Payments] {
        let mut batch = begin(&mut *world.store, turn).expect("begins");
        let refused = batch.record(&named("new.example")).expect_err("waited for another turn");
        assert!(matches!(refused, StoreError::Constraint { .. }), "{refused:?}");
        let renamed = renamed(&*batch, "new");
        batch.write(&[renamed]).expect("is either's");
        batch.write(&[Change::ForgetTermination { account: CUSTOMER, service: SERVER }]).expect_err("is neither's");
        assert!(batch.commit().is_err());
    }
}

fn next_service(store: &mut dyn Store) -> i64 {
    store.begin().expect("begins").load(&[]).expect("loads").next.service
}

#[test]
fn a_batch_whose_connection_breaks_fails_and_the_next_one_has_another() {
    let mut world = World::<Postgres>::new();
    let mut batch = world.store.begin().expect("begins");
    batch.record(&named("lost.example")).expect("is new");
    world.database.sql(END).expect("runs");
    let failed = batch.record(&named("more.example")).expect_err("has no connection");
    assert!(matches!(failed, StoreError::Failed(_)), "{failed:?}");
    assert!(batch.commit().is_err());
    let mut batch = world.store.begin().expect("begins on another connection");
    assert!(matches!(batch.record(&named("lost.example")), Ok(Recorded::Created(_))));
    batch.commit().expect("commits");
    assert_eq!(world.books.load(&[Want::Service(CUSTOMER, SERVER)]).expect("loads").services.len(), 1);
}

/// The server ends its transaction, after ten seconds in which it said nothing.
#[test]
fn a_node_that_stops_in_the_middle_loses_its_turn() {
    let mut world = World::<Postgres>::new();
    let mut stopped = world.store.begin().expect("begins");
    stopped.record(&named("lost.example")).expect("is new");
    let mut other = world.database.store();
    let mut batch = other.begin().expect("has its turn in the end");
    assert!(matches!(batch.record(&named("lost.example")), Ok(Recorded::Created(_))));
    batch.commit().expect("commits");
    assert!(stopped.commit().is_err());
    let next = next_service(&mut *world.store);
    assert_eq!(next, next_service(&mut *other));
}

#[test]
fn a_commit_without_an_answer_is_an_error() {
    let mut world = World::<Postgres>::new();
    let mut batch = world.store.begin().expect("begins");
    batch.record(&named("lost.example")).expect("is new");
    world.database.sql(END).expect("runs");
    // Where the connection is known to have ended, so is that nothing was committed.
    assert!(matches!(batch.commit(), Err(StoreError::Failed(_) | StoreError::Unknown(_))));
}

/// So a distributed engine tells that another transaction came first.
#[test]
fn a_batch_that_is_given_up_for_another_one_may_be_decided_again() {
    let mut world = World::<Postgres>::new();
    let order = world.place(&[SERVER], "P1M").id;
    let settle = [Change::SetOrderState { account: CUSTOMER, order, state: OrderState::Cancelled(world.now) }];
    let give_up = "create function give_up() returns trigger language plpgsql as $$ begin
        raise exception 'could not serialize access' using errcode = 'serialization_failure'; end $$;
        create trigger gives_up before update on orders for each row execute function give_up()";
    world.database.sql(give_up).expect("runs");
    assert!(matches!(world.written(&settle), Err(StoreError::GaveWay(_))));
    world.database.sql("drop trigger gives_up on orders").expect("runs");
    let fails_at_the_end = "create constraint trigger gives_up after update on orders deferrable initially deferred
        for each row execute function give_up()";
    world.database.sql(fails_at_the_end).expect("runs");
    assert!(matches!(world.written(&settle), Err(StoreError::GaveWay(_))));
    world.database.sql("drop trigger gives_up on orders").expect("runs");
    world.written(&settle).expect("is written");
}

/// It spoils nobody's decision but its own: the lane carries each out alone then.
#[test]
fn a_text_that_the_database_cannot_keep_is_refused() {
    let mut world = World::<Postgres>::new();
    let renamed = Service { display_name: Some("a\0b".to_owned()), ..world.service(CUSTOMER, SERVER) };
    let refused = world.written(&[Change::SetService(renamed)]);
    assert!(matches!(refused, Err(StoreError::Constraint { doing: "change a service", .. })), "{refused:?}");
}

/// To commit what PostgreSQL has given up is to roll it back, without an error.
#[test]
fn a_batch_is_not_committed_after_an_error() {
    let mut world = World::<Postgres>::new();
    let mut batch = world.store.begin().expect("begins");
    batch.record(&named("one.example")).expect("is new");
    let orphan = Service {
        parent: Some(ServiceId(9_999)),
        name: "two.example".to_owned(),
        ..service(SERVER, RESELLER, 3, None)
    };
    let refused = batch.record(&Record::Service(Service { id: ServiceId(0), ..orphan }));
    assert!(matches!(refused, Err(StoreError::Constraint { .. })), "{refused:?}");
    assert!(batch.record(&named("three.example")).is_err());
    assert!(batch.commit().is_err());
    let mut batch = world.store.begin().expect("begins");
    assert!(matches!(batch.record(&named("one.example")), Ok(Recorded::Created(_))));
}

#[test]
fn what_a_refusal_tells_shows_no_row() {
    let mut world = World::<Postgres>::new();
    let account = |id| world.books.account(id).expect("reads").expect("is there");
    let taken = account(RESELLER).code;
    let secret = Account { code: taken, page_password: Some("hush".to_owned()), ..account(CUSTOMER) };
    let mut batch = world.store.begin().expect("begins");
    let refused = batch.write(&[Change::SetAccount(secret)]).expect_err("the code is taken");
    let told = format!("{refused:?} {:?}", refused.source().map(ToString::to_string));
    assert!(told.contains("unique constraint") && !told.contains("hush"), "{told}");
}

#[test]
fn nothing_stays_on_a_connection_between_transactions() {
    let world = World::<Postgres>::new();
    let log_all = "do $$ begin \
                   execute format('alter database %I set log_statement = %L', current_database(), 'all'); \
                   end $$";
    world.database.sql(log_all).expect("runs");
    let (mut store, reader) = (world.database.store(), world.database.reader());
    drop(store.begin().expect("begins"));
    let mut batch = store.begin().expect("begins");
    batch.record(&named("one.example")).expect("is new");
    batch.load(&[Want::Service(CUSTOMER, SERVER)]).expect("loads");
    batch.commit().expect("commits");
    reader.audit().expect("audits");
    reader.load(&[Want::Account(CUSTOMER)]).expect("loads");
    assert_eq!(world.database.sql(BUSY).expect("runs"), "0\n");
    let log = std::fs::read_to_string(cluster().folder().join("log")).expect("is read");
    assert!(log.contains("  execute <unnamed>"), "the log tells what was run");
    let kept: Vec<_> = log.lines().filter(|line| line.contains("  execute ") && !line.contains("<unnamed>")).collect();
    assert_eq!(kept, Vec::<&str>::new(), "no statement is kept prepared");
}

#[test]
fn readers_read_at_once_while_a_batch_is_open_on_postgres() {
    let mut world = World::<Postgres>::new();
    let reader = world.database.reader();
    let batch = world.store.begin().expect("begins");
    std::thread::scope(|scope| {
        for _ in 0..30 {
            let reader = reader.clone();
            scope.spawn(move || {
                for _ in 0..10 {
                    assert_eq!(reader.load(&[Want::Service(CUSTOMER, SERVER)]).expect("loads").services.len(), 1);
                }
            });
        }
    });
    let connections = "select count(*) from pg_stat_activity where datname = current_database()";
    let connections: u32 = world.database.sql(connections).expect("runs").trim().parse().expect("is a number");
    assert!(connections <= 12 + 4, "{connections} connections");
    batch.commit().expect("commits");
}

#[test]
fn a_store_outlives_a_restart_of_its_server() {
    let cluster = Cluster::start().expect("starts");
    let url = cluster.database().expect("is made");
    let mut store = PostgresStore::open(&url).expect("opens");
    let reader = store.reader();
    let ids = reader.account_ids().expect("reads");
    assert!(ids.is_empty());
    cluster.stop().expect("stops");
    assert!(store.begin().is_err());
    store.await_turn(Turn::All);
    assert!(store.begin().is_err(), "is told where the batch begins");
    assert!(reader.account_ids().is_err());
    assert!(PostgresReader::open(&url).is_err());
    cluster.start_again().expect("starts");
    store.begin().expect("begins").commit().expect("commits");
    assert_eq!(reader.account_ids().expect("reads"), Vec::<AccountId>::new());
}
