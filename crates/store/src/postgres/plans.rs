//! How PostgreSQL means to run each statement: what a renewal runs must not get slower with what has been sold.

use perennial_core::turn::Turn;
use perennial_testkit::postgres::Cluster;
use tokio_postgres::types::{ToSql, Type};

use super::PostgresStore;
use super::driver::{Connection, PostgresSession};
use super::sets::for_each;
use crate::audit::RULES;
use crate::driver::{Driver, Reading};
use crate::sql::{ALL, CHARGE_NEXT, GROWING, INTENTS_OPEN, ORDER, Statement};

/// A new ledger, in the transaction that writes.
fn writer() -> PostgresSession {
    let url = Cluster::shared().and_then(Cluster::database).expect("is made");
    let session = PostgresStore::open(&url).expect("opens").session.take().expect("is open");
    session.driver.begin_write(Turn::All).expect("begins");
    session
}

/// The plan of a statement, line by line.
fn plan(connection: &Connection, text: &str) -> Vec<String> {
    let Connection { client, line, .. } = connection;
    let prepared = line.wait(client.prepare(text)).unwrap_or_else(|error| panic!("{text}: {error:?}"));
    let values: Vec<Box<dyn ToSql + Sync>> = prepared
        .params()
        .iter()
        .map(|kind| -> Box<dyn ToSql + Sync> {
            match *kind {
                Type::INT8 => Box::new(1_i64),
                Type::TEXT => Box::new("x"),
                Type::BYTEA => Box::new([0_u8; 32].to_vec()),
                Type::INT8_ARRAY => Box::new(vec![1_i64; 64]),
                Type::TEXT_ARRAY => Box::new(vec!["x"; 64]),
                Type::BYTEA_ARRAY => Box::new(vec![vec![0_u8; 32]; 64]),
                ref other => panic!("{text}: no parameter is of type {other}"),
            }
        })
        .collect();
    let params: Vec<_> = values.iter().map(Box::as_ref).zip(prepared.params().iter().cloned()).collect();
    let rows = line.wait(client.query_typed(&format!("explain (costs off) {text}"), &params));
    rows.unwrap_or_else(|error| panic!("{text}: {error:?}")).iter().map(|row| row.get(0)).collect()
}

/// The growing tables that a plan reads whole: without an index, or along one from end to end and not to its first row.
fn scanned(plan: &[String]) -> Vec<&str> {
    let is_node = |line: &str| line.contains("->") || !line.starts_with(' ');
    let whole = |at: usize| {
        let mut own = plan[at + 1..].iter().take_while(|line| !is_node(line));
        let bounded = own.any(|line| ["Index Cond", "Recheck Cond", "TID Cond"].iter().any(|cond| line.contains(cond)));
        let first_only = plan[..at].iter().rev().find(|line| is_node(line)).is_some_and(|line| line.contains("Limit"));
        !bounded && !first_only
    };
    let scans = plan.iter().enumerate().filter(|(at, line)| is_node(line) && line.contains(" Scan") && whole(*at));
    scans
        .filter_map(|(_, line)| line.split(" on ").nth(1)?.split(' ').next())
        .filter(|table| GROWING.contains(table))
        .collect()
}

#[test]
fn no_statement_scans_a_growing_table() {
    let session = writer();
    for (file, Statement { postgres: text, .. }) in ALL {
        if text.starts_with("-- Full listing") {
            continue;
        }
        let plan = plan(&session.driver, text);
        assert_eq!(scanned(&plan), Vec::<&str>::new(), "{file}: {plan:#?}");
    }
}

/// What a batch looks up for many keys at once.
#[test]
fn no_lookup_of_many_keys_scans_a_growing_table() {
    let session = writer();
    let lookups = ALL.iter().filter(|(file, statement)| {
        let text = statement.postgres;
        text.contains("\nselect") && text.contains("$1") && !text.contains("$4") && !file.contains("migration")
    });
    for (file, statement) in lookups {
        let params = (1..=3).filter(|number| statement.postgres.contains(&format!("${number}"))).count();
        let Connection { client, line, .. } = &session.driver;
        let kinds = line.wait(client.prepare(statement.postgres)).expect("is understood");
        let kinds = kinds.params();
        let mut text = for_each(statement, params);
        for (number, kind) in (1..).zip(kinds) {
            text = text.replacen(&format!("${number}"), &format!("${number}::{kind}[]"), 1);
        }
        let plan = plan(&session.driver, &text);
        assert_eq!(scanned(&plan), Vec::<&str>::new(), "{file}: {plan:#?}");
    }
}

/// What is open is read by an index of its own, which is no longer than that, however much there was.
#[test]
fn what_is_open_is_read_by_an_index_of_its_own() {
    let session = writer();
    let of_orders = for_each(ORDER, 2).replacen("$1", "$1::bigint[]", 1).replacen("$2", "$2::bigint[]", 1);
    for (text, index) in [
        (INTENTS_OPEN.postgres, "intents_open_by_made"),
        (CHARGE_NEXT.postgres, "charges_waiting"),
        (ORDER.postgres, "charges_open"),
        (of_orders.as_str(), "charges_open"),
    ] {
        let plan = plan(&session.driver, text);
        assert!(plan.iter().any(|line| line.contains(index)), "{plan:#?}");
    }
}

/// On a large ledger that would take for ever, and a planner that expects no finding takes it for cheap.
#[test]
fn no_rule_of_the_audit_goes_through_a_table_for_each_row_of_another() {
    let session = writer();
    session.driver.rollback().expect("rolls back");
    session.driver.begin_read(Reading::Tables).expect("begins");
    for (rule, statement) in RULES {
        let plan = plan(&session.driver, statement.postgres);
        assert!(!plan.iter().any(|line| line.contains("Nested Loop")), "{rule}: {plan:#?}");
    }
}

#[test]
fn a_scan_is_seen() {
    let session = writer();
    let plan = |text| plan(&session.driver, text);
    assert_eq!(scanned(&plan("select id from orders where promo = $1")), ["orders"]);
    assert_eq!(scanned(&plan("select count(id) from services")), ["services"]);
    assert_eq!(scanned(&plan("select max(id) from services")), Vec::<&str>::new());
}
