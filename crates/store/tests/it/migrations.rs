//! Opening: an empty base, a ledger that is there, one from another version, and a file that is no ledger.

use std::error::Error;

use perennial_core::ports::{Books, Failure};
use perennial_store::Records;
use perennial_store::postgres::{PostgresReader, PostgresStore};
use perennial_store::sqlite::{SqliteReader, SqliteStore};
use rusqlite::Connection;

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
    assert_eq!(database.sql("select count(*) from perennial_migrations").expect("runs"), "1\n");
}

#[test]
fn an_edited_or_newer_postgres_ledger_is_refused() {
    for (statement, why) in [
        ("update perennial_migrations set digest = sha256('') where number = 1", "was run with another text"),
        (
            "insert into perennial_migrations values (99, 'later', sha256(''))",
            "migration 99, and this version knows 1 only",
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
        ("insert into migrations values (99, 'later', zeroblob(32))", "migration 99, and this version knows 1 only"),
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
