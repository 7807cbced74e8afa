//! A ledger row for row, whatever database it is in: every table of the schema with all its columns, as text.

use std::collections::BTreeMap;

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use crate::world::{Postgres, Sqlite};

/// What a column holds, as text.
type Cells = BTreeMap<String, String>;

/// The rows of each table by their keys.
#[derive(Debug)]
pub struct Ledger {
    tables: BTreeMap<String, BTreeMap<Vec<String>, Cells>>,
}

/// How a database says it: its tables, their columns, and what they hold.
#[derive(Debug, Default)]
struct Schema {
    /// Each table's columns with their types.
    tables: BTreeMap<String, BTreeMap<String, String>>,
}

/// Tables that keep a database's own house: what was done to it, and whose turn it is.
const HOUSE: [&str; 4] = ["migrations", "perennial_migrations", "numbers", "sqlite_sequence"];

/// Columns that PostgreSQL's keys lead with, and where SQLite has the same.
const CARRIED: [(&str, &str, &str); 3] = [
    ("order_lines", "account_id", "(select account_id from orders where id = order_id)"),
    ("extensions", "account_id", "(select account_id from services where id = service_id)"),
    ("service_prices", "account_id", "(select account_id from services where id = service_id)"),
];

/// Ids that are given once, by a sequence: a batch that was rolled back leaves a gap on PostgreSQL. So they are told by
/// their place. Nothing else names them. Of transfers the place is one among those of the account: of two accounts'
/// PostgreSQL may write either first.
const RANKED: [(&str, &str, &str); 2] = [
    ("transfers", "id", "account_id * 1000000 + row_number() over (partition by account_id order by id)"),
    ("notices", "id", "row_number() over (order by id)"),
];

/// Reads both ledgers; tells the first difference.
pub fn difference(sqlite: &Sqlite, postgres: &Postgres) -> Option<String> {
    let raw = Connection::open(sqlite.path()).expect("opens");
    let (mut ours, theirs) = (sqlite_schema(&raw), postgres_schema(postgres));
    for (table, column, _) in CARRIED {
        ours.tables.get_mut(table).expect("is a table").insert(column.to_owned(), "integer".to_owned());
    }
    let names = |schema: &Schema| -> BTreeMap<_, _> {
        let columns = |columns: &BTreeMap<String, String>| columns.keys().cloned().collect::<Vec<_>>();
        schema.tables.iter().map(|(table, of)| (table.clone(), columns(of))).collect()
    };
    if names(&ours) != names(&theirs) {
        return Some(format!("the schemas differ: {:?}, {:?}", names(&ours), names(&theirs)));
    }
    let keys = ours.tables.keys().map(|table| (table.clone(), key(&raw, table))).collect();
    let (ours, theirs) = (sqlite_rows(&raw, &ours, &keys), postgres_rows(postgres, &theirs, &keys));
    ours.difference(&theirs)
}

type Keys = BTreeMap<String, Vec<String>>;

/// The columns of a table's key.
fn key(raw: &Connection, table: &str) -> Vec<String> {
    let text = "select name from pragma_table_info($1) where pk > 0 order by pk";
    let key = texts(raw, text, table);
    assert!(!key.is_empty(), "table {table} has a key");
    key
}

fn texts(raw: &Connection, statement: &str, param: &str) -> Vec<String> {
    let mut statement = raw.prepare(statement).expect("is a statement");
    let rows = statement.query_map([param], |row| row.get(0)).expect("runs");
    rows.collect::<Result<_, _>>().expect("are texts")
}

fn sqlite_schema(raw: &Connection) -> Schema {
    let mut schema = Schema::default();
    for table in texts(raw, "select name from sqlite_schema where type = $1", "table") {
        if !HOUSE.contains(&table.as_str()) {
            let columns = texts(raw, "select name from pragma_table_xinfo($1)", &table);
            let typed = columns.into_iter().map(|column| (column, String::new())).collect();
            schema.tables.insert(table, typed);
        }
    }
    schema
}

fn postgres_schema(postgres: &Postgres) -> Schema {
    let text = "select table_name, column_name, data_type from information_schema.columns \
                join information_schema.tables using (table_schema, table_name) \
                where table_schema = current_schema() and table_type = 'BASE TABLE'";
    let mut schema = Schema::default();
    for line in postgres.sql(text).expect("is told").lines() {
        let [table, column, of]: [&str; 3] = line.split('|').collect::<Vec<_>>().try_into().expect("are three");
        if !HOUSE.contains(&table) {
            schema.tables.entry(table.to_owned()).or_default().insert(column.to_owned(), of.to_owned());
        }
    }
    schema
}

/// How a column is read: as it is, or by its place.
fn read(table: &str, column: &str) -> String {
    let ranked = RANKED.iter().find(|(of, ranked, _)| (*of, *ranked) == (table, column));
    ranked.map_or(column, |(.., rank)| rank).to_owned()
}

fn sqlite_rows(raw: &Connection, schema: &Schema, keys: &Keys) -> Ledger {
    let mut ledger = Ledger { tables: BTreeMap::new() };
    for (table, columns) in &schema.tables {
        let expression = |column: &String| {
            let carried = CARRIED.iter().find(|(of, carried, _)| of == table && carried == column);
            carried.map_or_else(|| read(table, column), |(.., expression)| (*expression).to_owned())
        };
        let list: Vec<_> = columns.keys().map(expression).collect();
        let mut statement = raw.prepare(&format!("select {} from {table}", list.join(", "))).expect("is a statement");
        let mut rows = statement.query([]).expect("runs");
        ledger.tables.insert(table.clone(), BTreeMap::new());
        while let Some(row) = rows.next().expect("is read") {
            let cell = |(index, column): (usize, &String)| {
                let told = match row.get_ref(index).expect("is a column") {
                    ValueRef::Null => "null".to_owned(),
                    ValueRef::Integer(int) => int.to_string(),
                    ValueRef::Real(real) => format!("float {real}"),
                    ValueRef::Text(text) => format!("{:?}", String::from_utf8_lossy(text)),
                    ValueRef::Blob(bytes) => format!("bytes {bytes:02x?}"),
                };
                (column.clone(), told)
            };
            ledger.add(table, &keys[table], columns.keys().enumerate().map(cell).collect());
        }
    }
    ledger
}

/// One statement for all tables, so that all of it is of one moment. What a column holds comes with its kind, texts and
/// bytes as hexadecimal digits: a line is a row.
fn postgres_rows(postgres: &Postgres, schema: &Schema, keys: &Keys) -> Ledger {
    let selects: Vec<_> = schema
        .tables
        .iter()
        .map(|(table, columns)| {
            let cells = columns.iter().map(|(column, of)| {
                let read = read(table, column);
                let told = match of.as_str() {
                    "bigint" => format!("'i' || {read}"),
                    "text" => format!("'t' || encode(convert_to({read}, 'UTF8'), 'hex')"),
                    "bytea" => format!("'b' || encode({read}, 'hex')"),
                    other => panic!("{table}.{column} is of a type that is not expected: {other}"),
                };
                format!("coalesce({told}, 'n')")
            });
            let cells: Vec<_> = cells.collect();
            format!("select concat_ws('|', '{table}', {}) from {table}", cells.join(", "))
        })
        .collect();
    let told = postgres.sql(&selects.join(" union all ")).expect("is told");
    let tables = schema.tables.keys().map(|table| (table.clone(), BTreeMap::new())).collect();
    let mut ledger = Ledger { tables };
    for line in told.lines() {
        let (table, cells) = line.split_once('|').expect("has cells");
        let columns = &schema.tables[table];
        let cells: Vec<_> = cells.split('|').collect();
        assert_eq!(cells.len(), columns.len(), "{line}");
        let cells = columns.keys().cloned().zip(cells.into_iter().map(plain)).collect();
        ledger.add(table, &keys[table], cells);
    }
    ledger
}

/// A cell as PostgreSQL was made to tell it, in the words for SQLite's.
fn plain(cell: &str) -> String {
    let (kind, told) = cell.split_at(1);
    match kind {
        "n" => "null".to_owned(),
        "i" => told.to_owned(),
        "b" => format!("bytes {:02x?}", bytes(told)),
        _ => format!("{:?}", String::from_utf8_lossy(&bytes(told))),
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("are digits");
    (0..hex.len()).step_by(2).map(digits).collect()
}

impl Ledger {
    fn add(&mut self, table: &str, key: &[String], cells: Cells) {
        let key: Vec<_> = key.iter().map(|column| cells[column].clone()).collect();
        let rows = self.tables.get_mut(table).expect("is a table");
        assert!(rows.insert(key.clone(), cells).is_none(), "{table} has two rows of {key:?}");
    }

    /// The first difference, by table and key: `self` is SQLite's.
    fn difference(&self, postgres: &Self) -> Option<String> {
        self.tables.iter().find_map(|(table, ours)| {
            let theirs = &postgres.tables[table];
            let missing = |of: &BTreeMap<Vec<String>, Cells>, from: &BTreeMap<_, _>, where_| {
                let only = of.iter().find(|(key, _)| !from.contains_key(*key));
                only.map(|(key, row)| format!("{table} {key:?} is in {where_} alone: {row:?}"))
            };
            let changed = || {
                ours.iter().zip(theirs.values()).find(|((_, our), their)| our != their).map(|((key, our), their)| {
                    let cells = our.iter().filter(|(column, told)| their[*column] != **told);
                    let cells = cells.map(|(column, told)| format!("{column}: {told}, {}", their[column]));
                    format!("{table} {key:?} differs (SQLite, PostgreSQL): {}", cells.collect::<Vec<_>>().join("; "))
                })
            };
            missing(ours, theirs, "SQLite").or_else(|| missing(theirs, ours, "PostgreSQL")).or_else(changed)
        })
    }
}
