//! What the schema itself refuses, and what the audit finds where the schema was got around.

use perennial_core::command::{Action, PayWith};
use perennial_core::ports::Books;
use perennial_core::service::Service;
use perennial_core::snapshot::{Change, Want};
use perennial_store::{Records, StoreError};
use rusqlite::Connection;

use crate::world::{
    CUSTOMER, DOMAIN, Database, HOSTING, PAYPAL, Postgres, SERVER, Sqlite, World, buy, date, deposit, item,
};

/// A world with order 1 paid (server, balance), order 2 paid (domain, PayPal), order 3 open (server), order 4 paid
/// (deposit, PayPal), order 5 open (a new server), order 6 paid (hosting, PayPal and balance) and order 7 open (deposit);
/// order 3 has a link, and a report says so.
fn paid<D: Database>() -> World<D> {
    let mut world = World::<D>::new();
    let first = world.place(&[SERVER], "P1M");
    world.pay(first.id, PayWith::Balance);
    let second = world.place(&[DOMAIN], "P1Y");
    world.pay(second.id, PayWith::Method(PAYPAL));
    let third = world.place(&[SERVER], "P1M");
    world.done(CUSTOMER, Action::LinkOrder { order: third.id, token: "token".to_owned() });
    let fourth = world.ordered(deposit(700));
    world.pay(fourth.id, PayWith::Method(PAYPAL));
    world.ordered(buy(vec![item(3, "P1M")]));
    let sixth = world.place(&[HOSTING], "P1Y");
    world.plan(sixth.id, 4_000);
    world.pay(sixth.id, PayWith::Planned(PAYPAL));
    world.ordered(deposit(100));
    let (kind, report) = ("link".to_owned(), "done".to_owned());
    world.done(CUSTOMER, Action::RecordJob { kind, order: Some(third.id), report });
    world.assert_sound();
    world
}

/// A database that statements can be run on behind the store's back.
pub trait Raw: Database {
    /// Runs statements; tells how many rows changed, or why none did.
    fn run(&self, statements: &str) -> Result<u64, String>;

    /// Runs statements where no trigger, foreign key or check stands in the way.
    fn run_unguarded(&self, statement: &str) -> Result<u64, String>;

    /// The statement in the database's own words, and a word of its reason.
    fn own<'a>(what: &str, statement: &'a str, why: &'a str) -> (&'a str, &'a str);
}

impl Raw for Sqlite {
    fn run(&self, statements: &str) -> Result<u64, String> {
        let connection = Connection::open(self.path()).expect("opens");
        connection.pragma_update(None, "foreign_keys", true).expect("is set");
        connection.execute_batch(statements).map_err(|error| error.to_string())?;
        Ok(connection.changes())
    }

    fn run_unguarded(&self, statement: &str) -> Result<u64, String> {
        let connection = Connection::open(self.path()).expect("opens");
        let triggers: Vec<String> = connection
            .prepare("select 'drop trigger ' || name from sqlite_schema where type = 'trigger'")
            .and_then(|mut names| names.query_map([], |row| row.get(0))?.collect())
            .expect("reads");
        connection.execute_batch(&triggers.join(";")).expect("drops");
        connection.pragma_update(None, "foreign_keys", false).expect("is set");
        connection.pragma_update(None, "ignore_check_constraints", true).expect("is set");
        connection.execute_batch(statement).map_err(|error| error.to_string())?;
        Ok(connection.changes())
    }

    fn own<'a>(_: &str, statement: &'a str, why: &'a str) -> (&'a str, &'a str) {
        (statement, why)
    }
}

impl Raw for Postgres {
    fn run(&self, statements: &str) -> Result<u64, String> {
        // Its client tells how many rows a statement changed if it is asked to return them.
        let changed = self.sql(&format!("{statements} returning 1"))?;
        Ok(u64::try_from(changed.lines().count()).expect("fits"))
    }

    fn run_unguarded(&self, statement: &str) -> Result<u64, String> {
        self.sql(include_str!("unguard.sql"))?;
        self.run(statement)
    }

    fn own<'a>(what: &str, statement: &'a str, why: &'a str) -> (&'a str, &'a str) {
        let own = POSTGRES.iter().find(|(shared, _)| *shared == statement).map_or(statement, |(_, own)| own);
        let why = match (what, why) {
            ("a transfer in another currency", _) => "in its currency",
            ("a deleted account", _) => "what the ledger names stays",
            ("a child of another account's" | "a charge with no method", _) => "foreign key constraint",
            ("a second extension", _) | (_, "UNIQUE") => "unique constraint",
            (_, "CHECK") => "check constraint",
            (_, "FOREIGN KEY") => "foreign key constraint",
            (_, "cannot store TEXT") => "invalid input syntax",
            ("a link to another's order" | "a report of another's order" | "a report of no order", _) => {
                "are_of_the_account"
            }
            (_, why) => why,
        };
        (own, why)
    }
}

/// Statements that PostgreSQL has in other words: there rows carry their account, bytes are written otherwise, and a key
/// is looked at before a trigger.
const POSTGRES: [(&str, &str); 9] = [
    (
        "insert into payments values (2, 1, 'balance', null, 1, 'EUR', 0, 0)",
        "update orders set state = 'fulfilled', settled_at = 0 where id = 3; insert into payments values (3, 1, 'balance', null, 1, 'EUR', 0, 0)",
    ),
    (
        "insert into extensions values (1, '2026-12-31', '2027-03-31', 1)",
        "insert into extensions values (1, 1, '2026-12-31', '2027-03-31', 1)",
    ),
    (
        "insert into extensions values (1, '2027-01-31', '2027-02-28', 3)",
        "insert into extensions values (1, 1, '2027-01-31', '2027-02-28', 3)",
    ),
    (
        "insert into nonces values (99, zeroblob(32), 0)",
        "insert into nonces values (99, decode(repeat('00', 32), 'hex'), 0)",
    ),
    (
        "insert into nonces values (1, zeroblob(31), 0)",
        "insert into nonces values (1, decode(repeat('00', 31), 'hex'), 0)",
    ),
    (
        "insert into order_lines select order_id, 9, service_id, service_name, description, period, from_date, until_date, list_minor, net_minor, tax_minor from order_lines where order_id = 1",
        "insert into order_lines select account_id, order_id, 9, service_id, service_name, description, period, from_date, until_date, list_minor, net_minor, tax_minor from order_lines where order_id = 1",
    ),
    (
        "insert into order_lines select 7, position, service_id, service_name, description, period, from_date, until_date, list_minor, net_minor, tax_minor from order_lines where order_id = 1",
        "insert into order_lines select account_id, 7, position, service_id, service_name, description, period, from_date, until_date, list_minor, net_minor, tax_minor from order_lines where order_id = 1",
    ),
    (
        "insert into order_lines select 4, position, service_id, service_name, description, period, from_date, until_date, list_minor, net_minor, tax_minor from order_lines where order_id = 1",
        "insert into order_lines select account_id, 4, position, service_id, service_name, description, period, from_date, until_date, list_minor, net_minor, tax_minor from order_lines where order_id = 1",
    ),
    (
        "insert into extensions values (1, '2028-01-31', '2028-02-29', 1)",
        "insert into extensions values (1, 1, '2028-01-31', '2028-02-29', 1)",
    ),
];

/// What must never happen, the statement that would do it, and a word of why it is refused.
const REFUSED: [(&str, &str, &str); 55] = [
    ("a second payment", "insert into payments select * from payments where order_id = 1", "UNIQUE"),
    (
        "a payment of an open order",
        "insert into payments values (3, 1, 'balance', null, 600, 'EUR', 0, 0)",
        "fulfilled",
    ),
    ("a payment of another amount", "insert into payments values (2, 1, 'balance', null, 1, 'EUR', 0, 0)", "gross"),
    ("an edited payment", "update payments set amount_minor = 1", "stays"),
    ("a deleted payment", "delete from payments", "stays"),
    ("a second extension", "insert into extensions values (1, '2026-12-31', '2027-03-31', 1)", "starts at the expiry"),
    ("an extension by an open order", "insert into extensions values (1, '2027-01-31', '2027-02-28', 3)", "fulfilled"),
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
        "insert into orders select 9, account_id, state, settled_at, origin, purpose, promo, placed_at, lapses_at, password, currency, net_minor, tax_minor, gross_minor, pays_by_itself, pay_with, from_balance_minor, tax, tax_ppm from orders where id = 1",
        "starts open",
    ),
    (
        "an order with other totals",
        "update orders set net_minor = 1, gross_minor = 1 + tax_minor where id = 1",
        "stays",
    ),
    (
        "a revision that settles",
        "update orders set state = 'cancelled', settled_at = 0, promo = 'x' where id = 3",
        "stays",
    ),
    ("a settled order planned anew", "update orders set pays_by_itself = 0 where id = 1", "stays"),
    ("an order for something else", "update orders set purpose = 'purchase' where id = 3", "stays"),
    ("a plan beyond what is due", "update orders set from_balance_minor = gross_minor + 1 where id = 3", "CHECK"),
    (
        "a deposit with tax",
        "insert into orders values (9, 1, 'open', null, 'customer', 'deposit', null, 0, 0, '', 'EUR', 1, 1, 2, 1, null, 0, 'exempt', 0)",
        "CHECK",
    ),
    ("a nonce of nobody's", "insert into nonces values (99, zeroblob(32), 0)", "FOREIGN KEY"),
    ("a nonce that is no digest", "insert into nonces values (1, zeroblob(31), 0)", "CHECK"),
    ("a deleted order", "delete from orders where id = 3", "stays"),
    (
        "a line more in a paid order",
        "insert into order_lines select order_id, 9, service_id, service_name, description, period, from_date, until_date, list_minor, net_minor, tax_minor from order_lines where order_id = 1",
        "while the order is open",
    ),
    (
        "a line in a deposit",
        "insert into order_lines select 7, position, service_id, service_name, description, period, from_date, until_date, list_minor, net_minor, tax_minor from order_lines where order_id = 1",
        "while the order is open",
    ),
    ("a line taken from a paid order", "delete from order_lines where order_id = 1", "stays"),
    ("an edited line", "update order_lines set net_minor = 0", "stays"),
    (
        "more from the balance than was paid",
        "insert into payments values (2, 1, 'paypal', null, 239, 'EUR', 240, 0)",
        "CHECK",
    ),
    (
        "a cancelled service that goes on",
        "update services set cancelled_at = 0, cancel_reason = '', cancel_ending = 'now', mode_before = 'manual' where id = 1",
        "CHECK",
    ),
    ("half a cancellation", "update services set mode = 'delete-at-expiry', cancelled_at = 0 where id = 1", "CHECK"),
    (
        "a cancellation of a cancelled service",
        "update services set mode = 'delete-at-expiry', cancelled_at = 0, cancel_reason = '', cancel_ending = 'now', mode_before = 'delete-at-expiry' where id = 1",
        "CHECK",
    ),
    ("a second link of an order", "insert into payment_links values (3, 1, 'other', 0, 0, null)", "UNIQUE"),
    ("a secret in two links", "insert into payment_links values (5, 1, 'token', 0, 0, null)", "UNIQUE"),
    ("a link to another's order", "insert into payment_links values (5, 2, 'other', 0, 0, null)", "of the account"),
    ("a link with another secret", "update payment_links set token = 'other'", "stays"),
    ("a deleted link", "delete from payment_links", "stays"),
    ("a report of another's order", "insert into jobs values (9, 2, 'link', 3, '', 0)", "of the account"),
    ("a report of no order", "insert into jobs values (9, 1, 'link', 99, '', 0)", "of the account"),
    ("an edited report", "update jobs set report = ''", "stays"),
    ("a deleted report", "delete from jobs", "stays"),
    ("a deleted account", "delete from accounts where id = 1", "FOREIGN KEY"),
    ("a child of another account's", "update services set parent_id = 5 where id = 1", "one of its account"),
    ("an unknown word", "update services set mode = 'sometimes'", "CHECK"),
    ("text for a number", "update services set version = 'x'", "cannot store TEXT"),
];

fn the_schema_refuses<D: Raw>() {
    let world = paid::<D>();
    let refused = REFUSED.iter().filter_map(|&(what, statement, why)| {
        let (statement, why) = D::own(what, statement, why);
        let refused = world.database.run(statement).expect_err(what);
        (!refused.contains(why)).then(|| format!("{what}: {refused}"))
    });
    assert_eq!(refused.collect::<Vec<_>>(), Vec::<String>::new(), "are refused for another reason");
    world.assert_sound();
}

#[test]
fn the_schema_refuses_what_must_never_happen() {
    the_schema_refuses::<Sqlite>();
}

#[test]
fn the_schema_of_postgres_refuses_the_same() {
    the_schema_refuses::<Postgres>();
}

#[test]
fn an_expiry_moves_by_a_paid_span_only() {
    let mut world = paid::<Sqlite>();
    let moved = Service { until: date("2099-01-01"), ..world.service(CUSTOMER, SERVER) };
    let refused = world.written(&[Change::SetService(moved)]);
    assert!(matches!(&refused, Err(StoreError::Conflict { services }) if *services == [SERVER]), "{refused:?}");
}

/// What breaks a rule once its triggers are gone, and the rule that finds it.
const BREAKS: [(&str, &str); 25] = [
    ("one-payment", "delete from payments where order_id = 1"),
    ("one-payment", "update payments set amount_minor = 1 where order_id = 1"),
    ("one-payment", "insert into payments values (3, 1, 'balance', null, 600, 'EUR', 0, 0)"),
    ("one-original", "delete from invoices where id = 2"),
    ("one-original", "update invoices set net_minor = 1, gross_minor = tax_minor + 1 where id = 1"),
    ("one-extension", "delete from extensions where service_id = 1"),
    ("one-extension", "insert into extensions values (1, '2027-01-31', '2027-02-28', 3)"),
    ("credit-notes", "insert into invoices values (9, 1, 'credit-note', 1, 'CN', 1, 1, 0, 'EUR', -1, 0, -1)"),
    ("order-bookings", "delete from transfers where id = 2"),
    ("order-numbers", "update orders set id = 9 where id = 3"),
    ("invoice-numbers", "update invoices set number = 9 where id = 2"),
    ("line-sums", "update order_lines set net_minor = 1 where order_id = 1"),
    ("line-sums", "update orders set net_minor = net_minor - 1, tax_minor = 1 where id = 4"),
    (
        "line-sums",
        "insert into order_lines select 4, position, service_id, service_name, description, period, from_date, until_date, list_minor, net_minor, tax_minor from order_lines where order_id = 1",
    ),
    ("order-bookings", "delete from transfers where order_id = 4"),
    ("order-bookings", "update transfers set credit = 'revenue', balance_after_minor = null where order_id = 4"),
    ("payment-sources", "update payments set from_balance_minor = 0 where order_id = 6"),
    ("payment-sources", "update transfers set debit = 'collected-card' where order_id = 2"),
    ("unpaid-services", "update services set hold = 'unpaid' where id = 1"),
    ("unpaid-services", "update services set open_order_id = null where hold = 'unpaid'"),
    ("running-sums", "update transfers set balance_after_minor = 77 where id = 2"),
    ("double-entry", "update transfers set currency = 'SEK' where id = 2"),
    ("paid-spans", "update services set until_date = '2099-01-01' where id = 1"),
    ("paid-spans", "insert into extensions values (1, '2028-01-31', '2028-02-29', 1)"),
    ("open-orders", "update services set open_order_id = 1 where id = 1"),
];

fn the_audit_finds<D: Raw>() {
    for (rule, statement) in BREAKS {
        let world = paid::<D>();
        let (statement, _) = D::own("", statement, "");
        assert!(world.database.run_unguarded(statement).expect(statement) > 0, "{statement}");
        let report = world.books.audit().expect("audits");
        assert!(report.findings.iter().any(|finding| finding.rule == rule), "{statement}: {report:#?}");
    }
}

#[test]
fn the_audit_finds_what_got_around_the_schema() {
    the_audit_finds::<Sqlite>();
}

#[test]
fn the_audit_finds_what_got_around_the_schema_of_postgres() {
    the_audit_finds::<Postgres>();
}

fn findings_say<D: Raw>() {
    let world = paid::<D>();
    world.database.run_unguarded("delete from payments where order_id = 2").expect("runs");
    let report = world.books.audit().expect("audits");
    let words: Vec<_> = report.findings.iter().map(|finding| finding.what.as_str()).collect();
    assert_eq!(words, ["order 2 is fulfilled, but was never paid"]);
    let orders = report.checked.iter().find(|(kind, _)| kind == "orders");
    assert_eq!(orders.map(|(_, rows)| *rows), Some(7));
}

#[test]
fn findings_say_what_is_wrong_in_words() {
    findings_say::<Sqlite>();
    findings_say::<Postgres>();
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
