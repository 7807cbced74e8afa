//! Copies of a whole ledger, between files and databases: the same rows, with which the same program goes on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use perennial_core::buyer::intent::IntentId;
use perennial_core::command::{
    Action, Command, CreditTo, NewCredential, NewCredentialStanding, NewMethod, PayWith, Reply,
};
use perennial_core::idempotency::Nonce;
use perennial_core::ids::{OrderId, ServiceId};
use perennial_core::invoice::{Invoice, InvoiceKind};
use perennial_core::payment::{MethodKind, Preference};
use perennial_core::ports::Span;
use perennial_core::service::{Ending, Service};
use perennial_store::copy::{CopyError, CopyStep, End, Place, copy};
use perennial_store::postgres::PostgresReader;
use perennial_store::sqlite::backup;
use perennial_store::{Added, Record};
use rusqlite::Connection;
use rusqlite::types::Value;

use crate::access::application;
use crate::charges;
use crate::holdings::holding;
use crate::intents::{intent, one_of_each};
use crate::schedule::stage;
use crate::webhooks::{event, webhook};
use crate::world::{
    CUSTOMER, DOMAIN, Database, HOSTING, PAYPAL, Postgres, RESELLER, RESOLD, SERVER, STACKING, Sqlite, World, buy,
    date, deposit, instant, item, price, record, renew, renew_now, service, token,
};

/// A database as either end of a copy, looked at with its own means.
pub trait Ledger: Database {
    /// One with nothing in it, not even tables.
    fn nothing() -> Self;

    fn place(&self) -> Place;

    /// Every row of every table, whatever they are, where ids go on, and the schema with its triggers.
    fn dump(&self) -> Vec<String>;

    /// Runs statements of which none waits; tells why they did not run.
    fn raw(&self, statements: &str) -> Result<(), String>;
}

impl Ledger for Sqlite {
    fn nothing() -> Self {
        Self::make()
    }

    fn place(&self) -> Place {
        Place::Sqlite(self.path())
    }

    fn dump(&self) -> Vec<String> {
        let connection = Connection::open(self.path()).expect("opens");
        let rows = |text: &str| -> Vec<String> {
            let mut statement = connection.prepare(text).expect("is prepared");
            let columns = statement.column_count();
            let row = |row: &rusqlite::Row<'_>| (0..columns).map(|column| row.get::<_, Value>(column)).collect();
            let rows = statement.query_map([], row).expect("runs").collect::<rusqlite::Result<Vec<Vec<_>>>>();
            let mut rows: Vec<_> = rows.expect("reads").iter().map(|row| format!("{row:?}")).collect();
            rows.sort();
            rows
        };
        let tables = "select name from sqlite_master where type = 'table' order by name";
        let mut statement = connection.prepare(tables).expect("is prepared");
        let tables =
            statement.query_map([], |row| row.get(0)).expect("runs").collect::<rusqlite::Result<Vec<String>>>();
        let mut dump = rows("select type, name, sql from sqlite_master");
        for table in tables.expect("reads") {
            dump.push(table.clone());
            dump.extend(rows(&format!("select * from {table}")));
        }
        dump
    }

    fn raw(&self, statements: &str) -> Result<(), String> {
        let connection = Connection::open(self.path()).expect("opens");
        connection.busy_timeout(Duration::ZERO).expect("is set");
        connection.execute_batch(statements).map_err(|error| error.to_string())
    }
}

impl Ledger for Postgres {
    fn nothing() -> Self {
        Self::empty()
    }

    fn place(&self) -> Place {
        Place::Postgres(self.url().to_owned())
    }

    fn dump(&self) -> Vec<String> {
        let lines = |text: &str| -> Vec<String> { self.sql(text).expect("runs").lines().map(str::to_owned).collect() };
        let mut dump = lines(
            "select conrelid::regclass, conname, pg_get_constraintdef(oid) from pg_constraint
             where connamespace = current_schema()::regnamespace order by 1, 2;
             select tgrelid::regclass, tgname, tgenabled, pg_get_triggerdef(pg_trigger.oid)
             from pg_trigger join pg_class on pg_class.oid = tgrelid
             where not tgisinternal and relnamespace = current_schema()::regnamespace order by 1, 2",
        );
        let relations = "select relname from pg_class where relnamespace = current_schema()::regnamespace
             and relkind in ('r', 'S') order by 1";
        for relation in lines(relations) {
            // How many values of a sequence are logged ahead is nobody's business.
            let shown = if relation.ends_with("_seq") { "last_value::text" } else { "shown::text" };
            dump.extend(lines(&format!("select {shown} from {relation} as shown order by 1")));
            dump.push(relation);
        }
        dump
    }

    fn raw(&self, statements: &str) -> Result<(), String> {
        self.sql(&format!("set lock_timeout = '100ms'; {statements}")).map(drop)
    }
}

/// A world with something in every table: orders of every kind and state, papers, replies that are remembered, access,
/// and a service whose id comes before the one it belongs to.
fn rich<D: Database>() -> World<D> {
    let mut world = World::<D>::new();
    let child = Service {
        display_name: Some("für später ☂".to_owned()),
        protected_prices: vec![price("P1M", 123), price("P1Y", 1_230)],
        ..service(ServiceId(2), CUSTOMER, 3, Some(DOMAIN))
    };
    record(&mut *world.store, &[Record::Service(child)]).expect("is recorded");

    let terminate = |service| Action::RequestTermination { service, token: "t".to_owned(), token_digest: [7; 32] };
    for service in [SERVER, STACKING] {
        world.done(CUSTOMER, terminate(service));
    }
    let waiting = world.books.notices_waiting(10).expect("reads");
    let (now, last) = (world.now, waiting[1].id);
    world.batch(|batch| {
        batch.notice_sent(last, now).expect("is noted");
        batch.add_webhook(&webhook("hook", Some(CUSTOMER), &["expiring"])).expect("is added");
        batch.spread(now, &[(last, event())]).expect("is spread");
        batch.forget(instant("2026-11-28T12:00:00Z"), 10).expect("forgets");
    });
    assert_eq!(world.books.notices_waiting(10).expect("reads").len(), 1);
    world.written(&[stage("reminder-14", "2026-12-31", now)]).expect("is written");
    world.batch(|batch| {
        batch.notice_waits(waiting[0].id, now).expect("is noted");
        batch.hold_schedule("node", now, now).expect("is held");
        assert!(batch.end_day("node", date("2026-11-20")).expect("is ended"));
    });

    let paid = world.place(&[SERVER], "P1M").id;
    world.pay(paid, PayWith::Balance);
    let credited = world.place(&[DOMAIN], "P1Y").id;
    world.pay(credited, PayWith::Method(PAYPAL));
    world.done(CUSTOMER, Action::CreditOrder { order: credited, to: CreditTo::Balance });
    let withdrawn = world.place(&[HOSTING], "P1Y").id;
    world.done(CUSTOMER, Action::CancelOrder { order: withdrawn });
    world.paid(renew_now(&[STACKING], "P1M"));
    let split = world.place(&[HOSTING], "P1Y").id;
    world.plan(split, 2_000);
    world.pay(split, PayWith::Planned(PAYPAL));
    let bought = world.ordered(buy(vec![item(3, "P1M")])).id;
    world.pay(bought, PayWith::Method(PAYPAL));
    world.ordered(buy(vec![item(4, "P1M")]));
    let put = world.ordered(deposit(700)).id;
    world.pay(put, PayWith::Method(PAYPAL));
    let open = world.place(&[SERVER], "P1Y").id;
    world.done(CUSTOMER, Action::LinkOrder { order: open, token: "token".to_owned() });
    world.done(CUSTOMER, Action::ViewLink { order: open });
    let (kind, report) = ("link".to_owned(), "{\"done\":1}\n".to_owned());
    world.done(CUSTOMER, Action::RecordJob { kind, order: Some(open), report });
    let again = Command { account: CUSTOMER, token: Some(token("key", 1)), action: renew(&[DOMAIN], "P1Y") };
    world.run(&[again])[0].as_ref().expect("is placed");

    let application = application(&mut world);
    let credential = NewCredential {
        dialect: "ovh".to_owned(),
        application: Some(application),
        digest: [1; 32],
        label: "laptop".to_owned(),
        standing: NewCredentialStanding::Pending {
            approval_digest: [101; 32],
            expires: instant("2026-11-20T13:00:00Z"),
        },
        rules: Vec::new(),
        allowed_ips: vec!["10.0.0.0/8".to_owned()],
        redirection: None,
    };
    world.done(CUSTOMER, Action::IssueCredential(credential));
    let nonce = Nonce { application, digest: [1; 32] };
    world.done(CUSTOMER, Action::UseNonce { nonce, good_until: instant("2026-11-20T12:15:00Z") });
    world.done(
        CUSTOMER,
        Action::AddMethod(NewMethod {
            kind: MethodKind::Card,
            label: "4242".to_owned(),
            description: None,
            preference: Preference::Other,
            expires: Some(date("2027-10-31")),
            on_gateway: None,
        }),
    );
    let card = charges::card(&mut world);
    let declined = charges::charged(&mut world, open, card);
    charges::declined(&mut world, &declined);
    let charge = charges::charged(&mut world, open, card);
    charges::note(&mut world, &charge, "pi_2");
    world.batch(|batch| batch.claim_charges("node", now, now, 10)).expect("claims");
    let (reason, ending) = ("too dear\nby far".to_owned(), Ending::AtExpiry);
    world.done(RESELLER, Action::Cancel { service: RESOLD, reason, ending });

    one_of_each(&mut world);
    let rented = [holding("ovh", "vps-1", "2026-12-31"), holding("ovh", "vps-2", "2027-12-31")];
    world.batch(|batch| {
        batch.record_holdings(now, &rented).expect("are recorded");
        batch.end_sync(&rented[0].key.provider, now).expect("is ended");
    });
    world.assert_sound();
    world
}

/// Nobody has a ledger open that is copied.
fn closed<D>(World { database, store, books, .. }: World<D>) -> D {
    drop((store, books));
    database
}

/// Copies there and back, and goes on with both.
fn there_and_back<One: Ledger, Other: Ledger>() {
    let one = closed(rich::<One>());
    let before = one.dump();
    let (other, back) = (Other::nothing(), One::make());
    let mut steps = Vec::new();
    let copied = copy(&one.place(), &other.place(), |progress| steps.push(progress)).expect("is copied");
    let missing: Vec<_> = copied.tables.iter().filter(|(_, rows)| *rows == 0).collect();
    assert!(missing.is_empty(), "nothing is proved of {missing:?}");
    let rows: u64 = copied.tables.iter().map(|(_, rows)| rows).sum();
    for step in [CopyStep::Copying, CopyStep::Checking] {
        let last = steps.iter().rfind(|progress| progress.step == step).expect("is told");
        assert_eq!((last.rows_done, last.rows_total), (rows, rows), "{step:?}");
    }
    assert_eq!(one.dump(), before, "what is copied stays as it is");
    assert_eq!(copy(&other.place(), &back.place(), |_| {}).expect("is copied back"), copied);
    let after = back.dump();
    assert_eq!(after.len(), before.len());
    for (after, before) in after.iter().zip(&before) {
        assert_eq!(after, before);
    }
    go_on(other);
    go_on(back);
}

/// Serves a copied ledger: what comes next, comes next.
fn go_on<D: Ledger>(database: D) {
    let (store, books) = (database.store(), database.records());
    let mut world = World { database, store, books, now: instant("2026-11-20T12:05:00Z") };
    world.assert_sound();
    let everything = Span { from: None, to: None };
    let orders = world.books.order_ids(CUSTOMER, everything).expect("reads");
    let invoices = world.books.invoices(CUSTOMER, everything).expect("reads");
    let originals = |invoices: &[Invoice]| {
        invoices.iter().filter(|invoice| invoice.kind == InvoiceKind::Original).map(|invoice| invoice.number).max()
    };
    let order = world.paid(renew_now(&[ServiceId(2)], "P1M"));
    assert_eq!(order.id, OrderId(orders.iter().map(|id| id.0).max().expect("are there") + 1));
    let now = world.books.invoices(CUSTOMER, everything).expect("reads");
    assert_eq!(originals(&now), originals(&invoices).map(|number| number + 1));

    // The token is remembered, and the nonce used.
    let again = Command { account: CUSTOMER, token: Some(token("key", 1)), action: renew(&[DOMAIN], "P1Y") };
    let [Ok(Reply::Placed(order))] = &world.run(&[again])[..] else { panic!("is not refused") };
    assert!(orders.contains(&order.id));
    // Of the two notices that there were, the second one is gone; its id is not given again.
    let terminate = Action::RequestTermination { service: HOSTING, token: "u".to_owned(), token_digest: [8; 32] };
    world.done(CUSTOMER, terminate);
    let ids: Vec<_> = world.books.notices_waiting(10).expect("reads").iter().map(|waiting| waiting.id).collect();
    assert_eq!(ids, [3, 1], "the first one could not leave before");
    // A charge that is open is settled.
    let now = world.now;
    let claimed = world.batch(|batch| batch.claim_charges("other", now, now, 10)).expect("claims");
    let [open] = &claimed[..] else { panic!("claims {claimed:?}") };
    assert!(matches!(charges::moved(&mut world, &open.charge), Reply::Paid(_)));
    // What was paid at a provider is not paid again, and claims go on counting.
    let known = world.batch(|batch| batch.add_intent(&intent("again", "s-done")).expect("is answered"));
    assert_eq!(known, Added::Known(IntentId("done".to_owned())));
    let (id, now) = (IntentId("parked".to_owned()), world.now);
    let claim = world.batch(|batch| batch.claim_intent(&id, "worker", now, now)).expect("is answered");
    assert_eq!(claim.expect("is free").number.number, 2);
    world.assert_sound();
    // The triggers are there again.
    let refused = world.database.raw("update invoices set issued_at = 0").expect_err("is refused");
    assert!(refused.contains("an invoice is never edited"), "{refused}");
}

#[test]
fn a_file_is_copied_to_a_database_and_back() {
    there_and_back::<Sqlite, Postgres>();
}

#[test]
fn a_database_is_copied_to_a_file_and_back() {
    there_and_back::<Postgres, Sqlite>();
}

#[test]
fn a_file_is_copied_to_a_file() {
    there_and_back::<Sqlite, Sqlite>();
}

#[test]
fn a_database_is_copied_to_a_database() {
    there_and_back::<Postgres, Postgres>();
}

/// A file with more rows than go between two reports.
fn long() -> Sqlite {
    let mut world = World::<Sqlite>::new();
    let many: Vec<_> = (0..2_500)
        .map(|index| {
            let name = format!("bulk-{index}.example");
            Record::Service(Service { id: ServiceId(0), name, ..service(SERVER, RESELLER, 3, None) })
        })
        .collect();
    record(&mut *world.store, &many).expect("are recorded");
    closed(world)
}

/// Fails in the middle of a copy, and copies after all.
fn fails_in_the_middle<D: Ledger>(fail: impl Fn(&D)) {
    let (source, target) = (long(), D::nothing());
    let failed = catch_unwind(AssertUnwindSafe(|| {
        copy(&source.place(), &target.place(), |progress| {
            if progress.rows_done == 1_000 && progress.step == CopyStep::Copying {
                fail(&target);
            }
        })
    }));
    assert!(!matches!(failed, Ok(Ok(_))), "{failed:?}");
    let report = target.records().audit().expect("audits");
    assert!(report.checked.iter().all(|(_, rows)| *rows == 0), "{report:?}");
    copy(&source.place(), &target.place(), |_| {}).expect("is copied now");
    assert!(target.records().audit().expect("audits").is_sound());
}

#[test]
fn a_copy_that_ends_in_the_middle_leaves_nothing() {
    fails_in_the_middle(|_: &Sqlite| panic!("as if the power were gone"));
    fails_in_the_middle(|_: &Postgres| panic!("as if the power were gone"));
    fails_in_the_middle(|target: &Postgres| {
        let end = "select pg_terminate_backend(pid) from pg_stat_activity \
                   where datname = current_database() and pid <> pg_backend_pid()";
        target.sql(end).expect("runs");
    });
}

fn to_a_ledger_with_something_in_it<D: Ledger>() {
    let (source, target) = (closed(World::<Sqlite>::new()), closed(World::<D>::new()));
    let before = target.dump();
    let refused = copy(&source.place(), &target.place(), |_| {});
    assert!(matches!(refused, Err(CopyError::NotEmpty { table: "seller" })), "{refused:?}");
    assert_eq!(target.dump(), before);
}

#[test]
fn only_an_empty_ledger_is_filled() {
    to_a_ledger_with_something_in_it::<Sqlite>();
    to_a_ledger_with_something_in_it::<Postgres>();
}

fn while_it_is_open<D: Ledger>() {
    let target = Sqlite::make();
    let world = World::<D>::new();
    let refused = copy(&world.database.place(), &target.place(), |_| {});
    assert!(matches!(refused, Err(CopyError::InUse(End::Source))), "{refused:?}");
    let source = closed(world);
    let mut tried = 0;
    let write = "update catalogue set version = version + 1";
    let copied = copy(&source.place(), &target.place(), |_| {
        source.raw(write).expect_err("nobody writes what is being copied");
        tried += 1;
    });
    assert!(copied.is_ok() && tried > 0, "{copied:?}");
    source.raw(write).expect("is free again");
}

#[test]
fn a_ledger_in_use_is_not_copied_and_one_that_is_copied_is_not_written() {
    while_it_is_open::<Sqlite>();
    while_it_is_open::<Postgres>();
}

#[test]
fn a_backup_of_a_file_in_use_is_copied() {
    let (world, target) = (World::<Sqlite>::new(), Postgres::make());
    let file = world.database.beside("backup.db");
    backup(&world.database.path(), &file, |_| {}).expect("is backed up");
    copy(&Place::Sqlite(file), &target.place(), |_| {}).expect("is copied");
    assert_eq!(target.records().account_ids().expect("reads"), world.books.account_ids().expect("reads"));
}

#[test]
fn a_node_that_comes_while_a_database_is_copied_is_noticed() {
    let (source, target) = (closed(World::<Postgres>::new()), Postgres::make());
    let mut node = None;
    let copied = copy(&source.place(), &target.place(), |_| node = Some(source.reader()));
    assert!(matches!(copied, Err(CopyError::InUse(End::Source))), "{copied:?}");
    drop(node);
    assert_eq!(target.sql("select count(*) from accounts").expect("runs"), "0\n");
    PostgresReader::open(target.url()).expect("is a ledger still");
}

#[test]
fn a_file_that_somebody_has_open_is_not_filled() {
    let (source, target) = (closed(World::<Sqlite>::new()), Sqlite::make());
    let store = target.store();
    let refused = copy(&source.place(), &target.place(), |_| {});
    assert!(matches!(refused, Err(CopyError::InUse(End::Target))), "{refused:?}");
    drop(store);
    copy(&source.place(), &target.place(), |_| {}).expect("is copied");
}

#[test]
fn a_nul_is_told_and_leaves_nothing_in_a_database() {
    let mut world = World::<Sqlite>::new();
    let odd = Service { display_name: Some("a\0b".to_owned()), ..service(ServiceId(77), CUSTOMER, 3, None) };
    record(&mut *world.store, &[Record::Service(odd)]).expect("is recorded");
    let (source, database, file) = (closed(world), Postgres::make(), Sqlite::make());
    let refused = copy(&source.place(), &database.place(), |_| {}).expect_err("is refused");
    assert_eq!(
        refused.to_string(),
        "`display_name` of the row of `services` with id 77 has a NUL character in it, so nothing was copied"
    );
    assert_eq!(database.sql("select count(*) from accounts").expect("runs"), "0\n");
    copy(&source.place(), &file.place(), |_| {}).expect("a file keeps it");
}
