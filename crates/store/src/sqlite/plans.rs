//! How SQLite means to run each statement: what a renewal runs must not get slower with what has been sold.

use rusqlite::Connection;

use super::migrate::migrate;
use crate::sql::{ALL, CHARGE_NEXT, GROWING, INTENTS_OPEN, ORDER, Statement};

#[test]
fn no_statement_scans_a_growing_table() {
    let mut connection = Connection::open_in_memory().expect("opens");
    migrate(&mut connection).expect("migrates");
    for (file, Statement { sqlite: text, .. }) in ALL {
        if text.starts_with("-- Full listing") {
            continue;
        }
        // For a new parent row SQLite also plans to look for its children, and does so only while one is missing.
        connection.pragma_update(None, "foreign_keys", !text.contains("insert into")).expect("is set");
        let explain = format!("explain query plan {text}");
        let mut statement = connection.prepare(&explain).unwrap_or_else(|error| panic!("{file}: {error}"));
        for index in 1..=statement.parameter_count() {
            statement.raw_bind_parameter(index, 1).expect("binds");
        }
        let mut plan = statement.raw_query();
        while let Some(step) = plan.next().expect("explains") {
            let step: String = step.get(3).expect("is text");
            let scanned = step.strip_prefix("SCAN ").and_then(|rest| rest.split(' ').next());
            assert!(!scanned.is_some_and(|table| GROWING.contains(&table)), "{file}: {step}");
        }
    }
}

/// What is open is read by an index of its own, which is no longer than that, however much there was.
#[test]
fn what_is_open_is_read_by_an_index_of_its_own() {
    let mut connection = Connection::open_in_memory().expect("opens");
    migrate(&mut connection).expect("migrates");
    let last_step = |statement: &Statement| {
        let mut explain = connection.prepare(&format!("explain query plan {}", statement.sqlite)).expect("is prepared");
        for index in 1..=explain.parameter_count() {
            explain.raw_bind_parameter(index, 1).expect("binds");
        }
        let (mut last, mut plan) = (String::new(), explain.raw_query());
        while let Some(step) = plan.next().expect("explains") {
            last = step.get(3).expect("is text");
        }
        last
    };
    assert_eq!(last_step(INTENTS_OPEN), "SCAN intents USING INDEX intents_open_by_made");
    let next = last_step(CHARGE_NEXT);
    assert!(next.contains("charges_waiting"), "{next}");
    let of_order = last_step(ORDER);
    assert!(of_order.starts_with("SEARCH charges") && of_order.contains("charges_open"), "{of_order}");
}

/// SQLite keeps what it cannot compare row by row in a table in memory, made anew for each run of the statement.
#[test]
fn what_each_renewal_runs_makes_no_table_in_memory() {
    let mut connection = Connection::open_in_memory().expect("opens");
    migrate(&mut connection).expect("migrates");
    let renewal = [
        "account",
        "coupon_use",
        "extension_insert",
        "invoice_insert",
        "next",
        "order",
        "order_insert",
        "order_line_insert",
        "order_lines",
        "order_settle",
        "payment_insert",
        "replay",
        "replay_set",
        "service",
        "service_extend",
        "service_prices",
        "service_set",
        "transfer_insert",
    ];
    for name in renewal {
        let file = format!("/{name}.sql");
        let (_, Statement { sqlite: text, .. }) =
            ALL.iter().find(|(named, _)| named.ends_with(&file)).expect("is a statement");
        let mut statement = connection.prepare(&format!("explain {text}")).expect("is prepared");
        for index in 1..=statement.parameter_count() {
            statement.raw_bind_parameter(index, 1).expect("binds");
        }
        let mut program = statement.raw_query();
        while let Some(step) = program.next().expect("explains") {
            let step: String = step.get(1).expect("is text");
            assert!(step != "OpenEphemeral" && step != "SorterOpen", "{file}: {step}");
        }
    }
}
