//! Opening: an empty base, a ledger that is there, one from another version, and a file that is no ledger.

use std::error::Error;

use jiff::Timestamp;
use perennial_core::buyer::intent::{Intent, State};
use perennial_core::buyer::remote::Receipt;
use perennial_core::notice::{Notice, NoticeKind};
use perennial_core::ports::{Books, Failure};
use perennial_core::snapshot::Change;
use perennial_store::postgres::{self, PostgresReader, PostgresStore};
use perennial_store::sqlite::{self, SqliteReader, SqliteStore};
use perennial_store::{Claim, Note, Records, Schema, Waiting};
use rusqlite::Connection;
use sha2::{Digest, Sha256};

use crate::copy::Ledger;
use crate::world::{CUSTOMER, Database, Postgres, RESELLER, SERVER, Sqlite, World, date, eur};

fn cause<T>(result: Result<T, Failure>) -> String {
    let failure = result.err().expect("is refused");
    failure.source().expect("has a cause").to_string()
}

#[test]
fn an_empty_base_becomes_a_ledger() {
    let database = Sqlite::make();
    drop(database.store());
    let report = database.reader().audit().expect("audits");
    assert!(report.is_sound() && report.checked.iter().all(|(_, rows)| *rows == 0), "{report:?}");
}

#[test]
fn an_empty_postgres_database_becomes_a_ledger_once_however_many_nodes_start() {
    let database = Postgres::empty();
    let refused = cause(PostgresReader::open(database.url()));
    assert!(refused.contains("lacks migration 1"), "{refused}");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| drop(PostgresStore::open(database.url()).expect("opens")));
        }
    });
    let report = database.reader().audit().expect("audits");
    assert!(report.is_sound() && report.checked.iter().all(|(_, rows)| *rows == 0), "{report:?}");
    assert_eq!(database.sql("select count(*) from perennial_migrations").expect("runs"), "7\n");
}

#[test]
fn an_edited_or_newer_postgres_ledger_is_refused() {
    for (statement, why) in [
        ("update perennial_migrations set digest = sha256('') where number = 1", "was run with another text"),
        (
            "insert into perennial_migrations values (99, 'later', sha256(''))",
            "migration 99, and this version knows 7 only",
        ),
    ] {
        let database = Postgres::make();
        database.sql(statement).expect("runs");
        for refused in [cause(PostgresReader::open(database.url())), cause(PostgresStore::open(database.url()))] {
            assert!(refused.contains(why), "{refused}");
        }
    }
}

#[test]
fn a_postgres_database_of_another_program_is_left_alone() {
    let database = Postgres::empty();
    database.sql("create table migrations (id integer)").expect("runs");
    assert!(cause(PostgresStore::open(database.url())).contains("not a ledger"));
    assert!(cause(PostgresReader::open(database.url())).contains("not a ledger"));
    assert_eq!(
        database.sql("select relname from pg_class where relname like '%migrations'").expect("runs"),
        "migrations\n"
    );
}

#[test]
fn a_ledger_is_opened_again_as_it_was() {
    let World { database, store, books, .. } = World::<Sqlite>::new();
    drop((store, books));
    drop(database.store());
    assert_eq!(database.reader().account_ids().expect("reads"), [CUSTOMER, RESELLER]);
}

#[test]
fn an_edited_or_newer_ledger_is_refused() {
    for (statement, why) in [
        ("update migrations set digest = zeroblob(32) where number = 1", "was run with another text"),
        ("insert into migrations values (99, 'later', zeroblob(32))", "migration 99, and this version knows 7 only"),
        ("delete from migrations", "lacks migration 1"),
    ] {
        let database = Sqlite::make();
        drop(database.store());
        let raw = Connection::open(database.path()).expect("opens");
        raw.execute_batch(statement).expect("runs");
        let refused = cause(SqliteReader::open(&database.path()));
        assert!(refused.contains(why), "{refused}");
        if !why.starts_with("lacks") {
            let refused = cause(SqliteStore::open(&database.path()));
            assert!(refused.contains(why), "{refused}");
        }
    }
}

#[test]
fn a_file_of_another_program_is_left_alone() {
    let database = Sqlite::make();
    let raw = Connection::open(database.path()).expect("opens");
    raw.execute_batch("create table theirs (id integer)").expect("runs");
    assert!(cause(SqliteStore::open(&database.path())).contains("not a ledger"));
    let mode: String = raw.pragma_query_value(None, "journal_mode", |row| row.get(0)).expect("reads");
    assert_eq!(mode, "delete", "nothing was changed");
    std::fs::write(database.beside("text"), "no database at all, but long enough to have a header of its own")
        .expect("writes");
    assert!(cause(SqliteStore::open(&database.beside("text"))).contains("not a database"));
    assert!(SqliteReader::open(&database.beside("nothing")).is_err());
    assert!(!database.beside("nothing").exists());
}

/// The steps of the versions before this one.
const SQLITE: [(&str, &str); 6] = [
    ("ledger", include_str!("../../sql/sqlite/migrations/0001_ledger.sql")),
    ("buyer", include_str!("../../sql/sqlite/migrations/0002_buyer.sql")),
    ("schedule", include_str!("../../sql/sqlite/migrations/0003_schedule.sql")),
    ("webhooks", include_str!("../../sql/sqlite/migrations/0004_webhooks.sql")),
    ("charges", include_str!("../../sql/sqlite/migrations/0005_charges.sql")),
    ("alignment", include_str!("../../sql/sqlite/migrations/0006_alignment.sql")),
];
const POSTGRES: [(&str, &str); 6] = [
    ("ledger", include_str!("../../sql/postgres/migrations/0001_ledger.sql")),
    ("buyer", include_str!("../../sql/postgres/migrations/0002_buyer.sql")),
    ("schedule", include_str!("../../sql/postgres/migrations/0003_schedule.sql")),
    ("webhooks", include_str!("../../sql/postgres/migrations/0004_webhooks.sql")),
    ("charges", include_str!("../../sql/postgres/migrations/0005_charges.sql")),
    ("alignment", include_str!("../../sql/postgres/migrations/0006_alignment.sql")),
];

/// A database as an earlier version made it.
trait Older: Ledger {
    /// One on which so many steps were taken.
    fn older(steps: usize) -> Self;

    /// How far it is, and why it cannot be read.
    fn behind(&self) -> (Schema, String);
}

impl Older for Sqlite {
    fn older(steps: usize) -> Self {
        let database = Self::nothing();
        let raw = Connection::open(database.path()).expect("opens");
        raw.pragma_update(None, "application_id", 0x5052_4E4C).expect("is set");
        raw.execute_batch(include_str!("../../sql/sqlite/migrations.sql")).expect("runs");
        for (number, (name, text)) in (1..).zip(&SQLITE[..steps]) {
            raw.execute_batch(text).expect("runs");
            let digest: [u8; 32] = Sha256::digest(text).into();
            let done = include_str!("../../sql/sqlite/migration_insert.sql");
            raw.execute(done, rusqlite::params![number, name, digest]).expect("runs");
        }
        database
    }

    fn behind(&self) -> (Schema, String) {
        (sqlite::schema(&self.path()).expect("reads"), cause(SqliteReader::open(&self.path())))
    }
}

impl Older for Postgres {
    fn older(steps: usize) -> Self {
        let database = Self::nothing();
        database.sql(include_str!("../../sql/postgres/migrations.sql")).expect("runs");
        for (number, (name, text)) in (1..).zip(&POSTGRES[..steps]) {
            database.sql(text).expect("runs");
            let digest = format!("sha256(convert_to($text${text}$text$, 'UTF8'))");
            let done = format!("insert into perennial_migrations values ({number}, '{name}', {digest})");
            database.sql(&done).expect("runs");
        }
        database
    }

    fn behind(&self) -> (Schema, String) {
        (postgres::schema(self.url()).expect("reads"), cause(PostgresReader::open(self.url())))
    }
}

/// Opens a ledger as each earlier version made it, and compares it with a new one.
fn is_brought_up_to_date<D: Older>() {
    let new = D::make();
    drop(new.store());
    for done in 1..=SQLITE.len() {
        let database = D::older(done);
        assert_ne!(database.dump(), new.dump());
        let (schema, refused) = database.behind();
        let missing: Vec<_> = schema.missing.iter().map(|step| (step.number, step.name)).collect();
        let names = ["buyer", "schedule", "webhooks", "charges", "alignment", "turns"];
        let later: Vec<_> = (2..).zip(names).collect();
        assert_eq!((schema.done, &missing[..]), (done, &later[done - 1..]));
        assert!(refused.contains(&format!("lacks migration {}", done + 1)), "{refused}");
        drop(database.store());
        assert_eq!(database.dump(), new.dump());
    }
}

#[test]
fn a_ledger_of_an_earlier_version_is_brought_up_to_date() {
    is_brought_up_to_date::<Sqlite>();
}

#[test]
fn a_postgres_ledger_of_an_earlier_version_is_brought_up_to_date() {
    is_brought_up_to_date::<Postgres>();
}

/// What the version before this one had under way: of four notices one waits, one has left, one is a node's, and the
/// last one is forgotten; and an intent whose payment may have been sent.
const UNDER_WAY: &str = "
insert into accounts (id, code, name, email, country, currency, tax, tax_ppm, zone, credit_limit_minor, standing, facts,
    created_at)
values (1, 'xx1', '', '', 'FR', 'EUR', 'exempt', 0, 'UTC', 0, 'customer', '', 0);
insert into products (id, code, name, kind, renewability, grace_days, suspension_days, ahead_months_max, facts)
values (1, 'p', '', 'server', 'one-open', 7, 30, 120, '');
insert into services (id, account_id, product_id, kind, name, created_on, until_date, anchor_day, mode, period, hold,
    facts, version)
values (1, 1, 1, 'server', 'a.example', '2025-12-31', '2026-12-31', 31, 'manual', 'P1Y', 'none', '', 0);
insert into notices (account_id, kind, service_id, name, token, caused_at, sent_at, claimed_by, claimed_until)
values (1, 'termination-requested', 1, 'a.example', 'first', 1000000, null, null, null),
    (1, 'termination-requested', 1, 'a.example', 'second', 2000000, 5000000, 'one', 4000000),
    (1, 'termination-requested', 1, 'a.example', 'third', 3000000, null, 'one', 9000000),
    (1, 'termination-requested', 1, 'a.example', 'last', 3000000, null, null, null);
delete from notices where token = 'last';
insert into intents (id, provider, remote_id, kind, name, fence_date, length_period, net_minor, tax_minor, gross_minor,
    currency, offer_until_date, remarks, token, expires_at, native, made_at, state, tries, claim_number)
values ('open', 'ovh-work', 'a', 'domain', 'a.example', '2026-12-31', 'P1Y', 1000, 200, 1200, 'EUR', '2027-12-31', '',
    'token-open', 0, 'untold', 0, 'planned', 0, 0);
update intents set claim_number = 1, holder = 'before', held_until = 9000000 where id = 'open';
update intents set state = 'paying', sent_at = 2000000, watermark_at = 1000000, watermark_orders = 'order-6',
    order_id = 'order-7', order_gross_minor = 1200, order_currency = 'EUR', order_services = 'a' where id = 'open';
insert into intent_notes values ('open', 1, 2000000, 'paying', 'is paying');
";

fn goes_on_with_what_was_under_way<D: Older>() {
    let database = D::older(2);
    database.raw(UNDER_WAY).expect("runs");
    let (mut store, at) = (database.store(), |second| Timestamp::from_second(second).expect("is in range"));
    let books = database.records();

    let kind = |token: &str| {
        let (name, token) = ("a.example".to_owned(), token.to_owned());
        NoticeKind::TerminationRequested { service: SERVER, name, token }
    };
    let notice = |token, second| Notice { account: CUSTOMER, kind: kind(token), at: at(second) };
    let waiting = |id, token, second| Waiting { id, notice: notice(token, second), tries: 0 };
    let [first, third, fifth] = [waiting(1, "first", 1), waiting(3, "third", 3), waiting(5, "fifth", 6)];
    let mut batch = store.begin().expect("begins");
    assert_eq!(batch.claim_notices("two", at(8), at(20), 10).expect("claims"), std::slice::from_ref(&first));
    assert_eq!(batch.claim_notices("two", at(9), at(20), 10).expect("claims"), [first.clone(), third.clone()]);
    assert_eq!([batch.forget(at(4), 10), batch.forget(at(5), 10)].map(|went| went.expect("forgets")), [0, 1]);
    batch.write(&[Change::Notify(notice("fifth", 6))]).expect("is written");
    batch.commit().expect("commits");
    assert_eq!(
        books.notices_unspread(10).expect("reads"),
        std::slice::from_ref(&fifth),
        "webhooks hear of nothing from before them"
    );
    assert_eq!(books.notices_waiting(10).expect("reads"), [first, third, fifth], "ids go on after the last one");

    let on_file = books.find_intent("open").expect("reads").expect("is there");
    let id = on_file.intent.id.clone();
    assert_eq!(on_file.holder, Some(("before".to_owned(), at(9))));
    let mut batch = store.begin().expect("begins");
    assert_eq!(batch.claim_intent(&id, "now", at(8), at(60)).expect("is answered"), None, "it is still another one's");
    let Claim { number, intent, before } =
        batch.claim_intent(&id, "now", at(9), at(60)).expect("runs").expect("is free");
    assert_eq!((number.number, before.as_deref(), &intent), (2, Some("before"), &on_file.intent));
    assert_eq!((intent.ask.token.as_str(), intent.sent_at), ("token-open", Some(at(2))));
    let State::Paying(order) = &intent.state else { panic!("is {:?}", intent.state) };
    assert_eq!((order.id.as_str(), order.gross), ("order-7", eur(1_200)));
    let receipt = Receipt {
        order: Some(order.id.clone()),
        invoice: None,
        paid: None,
        balance: None,
        until: Some(date("2027-12-31")),
    };
    let done = Intent { state: State::Done(receipt), ..intent.clone() };
    let note = Note { at: at(10), state: done.state.word().to_owned(), text: "is done".to_owned() };
    assert!(batch.write_intent(&number, &done, &note).expect("is written"));
    batch.commit().expect("commits");
    assert_eq!(books.find_intent("open").expect("reads").map(|filed| filed.intent), Some(done));
    let notes: Vec<_> = books.notes(&id).expect("reads").into_iter().map(|note| note.state).collect();
    assert_eq!(notes, ["paying", "done"]);
    let report = books.audit().expect("audits");
    assert!(report.is_sound(), "{report:#?}");
}

#[test]
fn an_upgrade_goes_on_with_what_was_under_way() {
    goes_on_with_what_was_under_way::<Sqlite>();
}

#[test]
fn an_upgrade_of_postgres_goes_on_with_what_was_under_way() {
    goes_on_with_what_was_under_way::<Postgres>();
}
