//! Opening: an empty base, a ledger that is there, one from another version, and a file that is no ledger.

use std::error::Error;

use perennial_core::ports::{Books, Failure};
use perennial_store::postgres::{self, PostgresReader, PostgresStore};
use perennial_store::sqlite::{self, SqliteReader, SqliteStore};
use perennial_store::{Records, Schema};
use rusqlite::Connection;
use sha2::{Digest, Sha256};

use crate::copy::Ledger;
use crate::world::{CUSTOMER, Database, Postgres, RESELLER, Sqlite, World};

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
    assert_eq!(database.sql("select count(*) from perennial_migrations").expect("runs"), "2\n");
}

#[test]
fn an_edited_or_newer_postgres_ledger_is_refused() {
    for (statement, why) in [
        ("update perennial_migrations set digest = sha256('') where number = 1", "was run with another text"),
        (
            "insert into perennial_migrations values (99, 'later', sha256(''))",
            "migration 99, and this version knows 2 only",
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
        ("insert into migrations values (99, 'later', zeroblob(32))", "migration 99, and this version knows 2 only"),
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

/// Opens a ledger as the version before this one made it, and compares it with a new one.
fn is_brought_up_to_date<D: Ledger>(database: &D, behind: &Schema) {
    let new = D::make();
    drop(new.store());
    assert_ne!(database.dump(), new.dump());
    let missing: Vec<_> = behind.missing.iter().map(|step| (step.number, step.name)).collect();
    assert_eq!((behind.done, missing), (1, vec![(2, "buyer")]));
    drop(database.store());
    assert_eq!(database.dump(), new.dump());
}

#[test]
fn a_ledger_of_the_version_before_is_brought_up_to_date() {
    const FIRST: &str = include_str!("../../sql/sqlite/migrations/0001_ledger.sql");
    let database = Sqlite::nothing();
    let raw = Connection::open(database.path()).expect("opens");
    raw.pragma_update(None, "application_id", 0x5052_4E4C).expect("is set");
    raw.execute_batch(include_str!("../../sql/sqlite/migrations.sql")).expect("runs");
    raw.execute_batch(FIRST).expect("runs");
    let digest: [u8; 32] = Sha256::digest(FIRST).into();
    let done = include_str!("../../sql/sqlite/migration_insert.sql");
    raw.execute(done, rusqlite::params![1, "ledger", digest]).expect("runs");
    drop(raw);
    assert!(cause(SqliteReader::open(&database.path())).contains("lacks migration 2"));
    is_brought_up_to_date(&database, &sqlite::schema(&database.path()).expect("reads"));
}

#[test]
fn a_postgres_ledger_of_the_version_before_is_brought_up_to_date() {
    const FIRST: &str = include_str!("../../sql/postgres/migrations/0001_ledger.sql");
    let database = Postgres::nothing();
    let digest = format!("sha256(convert_to($first${FIRST}$first$, 'UTF8'))");
    let done = format!("insert into perennial_migrations values (1, 'ledger', {digest})");
    for text in [include_str!("../../sql/postgres/migrations.sql"), FIRST, &done] {
        database.sql(text).expect("runs");
    }
    assert!(cause(PostgresReader::open(database.url())).contains("lacks migration 2"));
    is_brought_up_to_date(&database, &postgres::schema(database.url()).expect("reads"));
}
