//! What the schema itself refuses, and what the audit finds where the schema was got around.

use perennial_core::command::PayWith;
use perennial_core::ports::Books;
use perennial_core::service::Service;
use perennial_core::snapshot::{Change, Want};
use perennial_store::{Records, StoreError};
use rusqlite::Connection;

use crate::world::{CUSTOMER, DOMAIN, PAYPAL, SERVER, Sqlite, World, date};

/// A world with order 1 paid (server, balance), order 2 paid (domain, PayPal) and order 3 open (server).
fn paid() -> World<Sqlite> {
    let mut world = World::<Sqlite>::new();
    let first = world.place(&[SERVER], "P1M");
    world.pay(first.id, PayWith::Balance);
    let second = world.place(&[DOMAIN], "P1Y");
    world.pay(second.id, PayWith::Method(PAYPAL));
    world.place(&[SERVER], "P1M");
    world.assert_sound();
    world
}

fn raw(world: &World<Sqlite>) -> Connection {
    let connection = Connection::open(world.database.path()).expect("opens");
    connection.pragma_update(None, "foreign_keys", true).expect("is set");
    connection
}

#[test]
fn the_schema_refuses_what_must_never_happen() {
    let world = paid();
    let connection = raw(&world);
    let rows = [
        ("a second payment", "insert into payments select * from payments where order_id = 1", "UNIQUE"),
        (
            "a payment of an open order",
            "insert into payments values (3, 1, 'balance', null, 600, 'EUR', 0)",
            "fulfilled",
        ),
        ("a payment of another amount", "insert into payments values (2, 1, 'balance', null, 1, 'EUR', 0)", "gross"),
        ("an edited payment", "update payments set amount_minor = 1", "stays"),
        ("a deleted payment", "delete from payments", "stays"),
        (
            "a second extension",
            "insert into extensions values (1, '2026-12-31', '2027-03-31', 1)",
            "starts at the expiry",
        ),
        (
            "an extension by an open order",
            "insert into extensions values (1, '2027-01-31', '2027-02-28', 3)",
            "fulfilled",
        ),
        ("an edited extension", "update extensions set until_date = '2099-01-01'", "stays"),
        ("a deleted extension", "delete from extensions", "stays"),
        ("an expiry nobody paid", "update services set until_date = '2099-01-01' where id = 1", "paid span"),
        ("a moved service", "update services set account_id = 2 where id = 1", "stays with its account"),
        ("a second service of a name", "update services set name = 'service-1.example' where id = 5", "UNIQUE"),
        (
            "a second original",
            "insert into invoices select 9, account_id, kind, corrects, series, 9, order_id, issued_at, currency, net_minor, tax_minor, gross_minor from invoices where id = 1",
            "UNIQUE",
        ),
        (
            "a number used twice",
            "insert into invoices select 9, account_id, 'credit-note', 1, series, number, order_id, issued_at, currency, -net_minor, -tax_minor, -gross_minor from invoices where id = 1",
            "UNIQUE",
        ),
        ("an edited invoice", "update invoices set net_minor = 1, gross_minor = 1 + tax_minor", "never edited"),
        ("a deleted invoice", "delete from invoices", "stays"),
        ("an edited transfer", "update transfers set amount_minor = 1", "never edited"),
        ("a deleted transfer", "delete from transfers", "stays"),
        (
            "a transfer of nothing",
            "insert into transfers values (99, 1, 'adjustment', 'tax', 0, 'EUR', null, 0, null, null, null)",
            "CHECK",
        ),
        (
            "a negative balance",
            "insert into transfers values (99, 1, 'balance', 'tax', 1, 'EUR', null, 0, null, -1, null)",
            "CHECK",
        ),
        (
            "a balance without its sum",
            "insert into transfers values (99, 1, 'balance', 'tax', 1, 'EUR', null, 0, null, null, null)",
            "CHECK",
        ),
        (
            "a transfer in another currency",
            "insert into transfers values (99, 1, 'adjustment', 'tax', 1, 'SEK', null, 0, null, null, null)",
            "FOREIGN KEY",
        ),
        ("an order settled twice", "update orders set state = 'cancelled' where id = 1", "settled once"),
        ("an order opened again", "update orders set state = 'open', settled_at = null where id = 1", "settled once"),
        (
            "an order that starts paid",
            "insert into orders select 9, account_id, state, settled_at, origin, period, promo, placed_at, lapses_at, password, currency, net_minor, tax_minor, gross_minor from orders where id = 1",
            "starts open",
        ),
        (
            "an order with other totals",
            "update orders set net_minor = 1, gross_minor = 1 + tax_minor where id = 1",
            "stays",
        ),
        ("a deleted order", "delete from orders where id = 3", "stays"),
        (
            "a line more in a paid order",
            "insert into order_lines select order_id, 9, service_id, service_name, description, from_date, until_date, list_minor, net_minor, tax_minor from order_lines where order_id = 1",
            "while the order is open",
        ),
        ("an edited line", "update order_lines set net_minor = 0", "stays"),
        ("a deleted account", "delete from accounts where id = 1", "FOREIGN KEY"),
        ("an unknown word", "update services set mode = 'sometimes'", "CHECK"),
        ("text for a number", "update services set version = 'x'", "cannot store TEXT"),
    ];
    for (what, statement, why) in rows {
        let refused = connection.execute(statement, []).expect_err(what).to_string();
        assert!(refused.contains(why), "{what}: {refused}");
    }
    world.assert_sound();
}

#[test]
fn an_expiry_moves_by_a_paid_span_only() {
    let mut world = paid();
    let moved = Service { until: date("2099-01-01"), ..world.service(CUSTOMER, SERVER) };
    let mut batch = world.store.begin().expect("begins");
    let refused = batch.write(&[Change::SetService(moved)]);
    assert!(matches!(refused, Err(StoreError::Conflict { service: SERVER })), "{refused:?}");
}

/// What breaks a rule once its triggers are gone, and the rule that finds it.
const BREAKS: [(&str, &str); 17] = [
    ("one-payment", "delete from payments where order_id = 1"),
    ("one-payment", "update payments set amount_minor = 1 where order_id = 1"),
    ("one-payment", "insert into payments values (3, 1, 'balance', null, 600, 'EUR', 0)"),
    ("one-original", "delete from invoices where id = 2"),
    ("one-original", "update invoices set net_minor = 1, gross_minor = tax_minor + 1 where id = 1"),
    ("one-extension", "delete from extensions where service_id = 1"),
    ("one-extension", "insert into extensions values (1, '2027-01-31', '2027-02-28', 3)"),
    ("credit-notes", "insert into invoices values (9, 1, 'credit-note', 1, 'CN', 1, 1, 0, 'EUR', -1, 0, -1)"),
    ("order-bookings", "delete from transfers where id = 2"),
    ("order-numbers", "update orders set id = 9 where id = 3"),
    ("invoice-numbers", "update invoices set number = 9 where id = 2"),
    ("line-sums", "update order_lines set net_minor = 1 where order_id = 1"),
    ("running-sums", "update transfers set balance_after_minor = 77 where id = 2"),
    ("double-entry", "update transfers set currency = 'SEK' where id = 2"),
    ("paid-spans", "update services set until_date = '2099-01-01' where id = 1"),
    ("paid-spans", "insert into extensions values (1, '2028-01-31', '2028-02-29', 1)"),
    ("open-orders", "update services set open_order_id = 1 where id = 1"),
];

#[test]
fn the_audit_finds_what_got_around_the_schema() {
    for (rule, statement) in BREAKS {
        let world = paid();
        let connection = raw(&world);
        let triggers: Vec<String> = connection
            .prepare("select 'drop trigger ' || name from sqlite_schema where type = 'trigger'")
            .and_then(|mut names| names.query_map([], |row| row.get(0))?.collect())
            .expect("reads");
        connection.execute_batch(&triggers.join(";")).expect("drops");
        connection.pragma_update(None, "foreign_keys", false).expect("is set");
        assert!(connection.execute(statement, []).expect(statement) > 0, "{statement}");
        let report = world.books.audit().expect("audits");
        assert!(report.findings.iter().any(|finding| finding.rule == rule), "{statement}: {report:#?}");
    }
}

#[test]
fn findings_say_what_is_wrong_in_words() {
    let world = paid();
    let connection = raw(&world);
    connection.execute_batch("drop trigger payments_never_go; delete from payments where order_id = 2").expect("runs");
    let report = world.books.audit().expect("audits");
    let words: Vec<_> = report.findings.iter().map(|finding| finding.what.as_str()).collect();
    assert_eq!(words, ["order 2 is fulfilled, but was never paid"]);
    let orders = report.checked.iter().find(|(kind, _)| kind == "orders");
    assert_eq!(orders.map(|(_, rows)| *rows), Some(3));
}

#[test]
fn a_frozen_reader_sees_the_ledger_as_of_then() {
    let mut world = World::<Sqlite>::new();
    let reader = world.database.reader();
    let frozen = reader.freeze().expect("freezes");
    let order = world.place(&[SERVER], "P1M");
    let wants = [Want::Order(CUSTOMER, order.id)];
    assert!(frozen.load(&wants).expect("loads").orders.is_empty());
    assert!(frozen.clone().audit().expect("audits").is_sound());
    assert_eq!(reader.load(&wants).expect("loads").orders.len(), 1);
}

#[test]
fn readers_read_at_once_while_a_batch_is_open() {
    let mut world = World::<Sqlite>::new();
    let reader = world.database.reader();
    let batch = world.store.begin().expect("begins");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            let reader = reader.clone();
            scope.spawn(move || {
                for _ in 0..50 {
                    assert_eq!(reader.load(&[Want::Service(CUSTOMER, SERVER)]).expect("loads").services.len(), 1);
                }
            });
        }
    });
    batch.commit().expect("commits");
}
