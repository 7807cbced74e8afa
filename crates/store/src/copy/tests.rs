//! The list of tables against both schemas, and a copy that went wrong.

use std::collections::BTreeMap;
use std::path::Path;

use perennial_testkit::postgres::Cluster;
use rusqlite::Connection;

use super::*;
use crate::postgres::{PostgresEnd, PostgresStore};
use crate::sqlite::SqliteStore;

/// Each table's columns and what they hold.
type Columns = BTreeMap<String, BTreeMap<String, Kind>>;

/// The list; SQLite's tables have no column that is found through an owner.
fn listed(with_owned: impl Fn(&tables::Column) -> bool) -> Columns {
    let columns = |table: &Table| {
        let columns = table.columns.iter().filter(|column| with_owned(column));
        columns.map(|column| (column.name.to_owned(), column.kind)).collect()
    };
    TABLES.iter().map(|table| (table.name.to_owned(), columns(table))).collect()
}

fn kind(written: &str) -> Kind {
    match written {
        "INTEGER" | "bigint" => Kind::Int,
        "TEXT" | "text" => Kind::Text,
        "BLOB" | "bytea" => Kind::Bytes,
        other => panic!("a copy knows no {other}"),
    }
}

fn sqlite_ledger(folder: &Path) -> Connection {
    let path = folder.join("ledger.db");
    drop(SqliteStore::open(&path).expect("opens"));
    Connection::open(path).expect("opens")
}

fn texts(connection: &Connection, text: &str) -> Vec<String> {
    let mut statement = connection.prepare(text).expect("is prepared");
    let found = statement.query_map([], |row| row.get(0)).expect("runs");
    found.collect::<rusqlite::Result<_>>().expect("reads")
}

#[test]
fn the_list_has_every_table_and_column_of_a_file() {
    let folder = tempfile::tempdir().expect("is made");
    let connection = sqlite_ledger(folder.path());
    let tables =
        "select name from sqlite_master where type = 'table' and name not like 'sqlite_%' and name <> 'migrations'";
    let mut found = Columns::new();
    for table in texts(&connection, tables) {
        let text = format!("select name, type from pragma_table_info('{table}')");
        let mut statement = connection.prepare(&text).expect("is prepared");
        let columns = statement.query_map([], |row| Ok((row.get(0)?, kind(&row.get::<_, String>(1)?)))).expect("runs");
        found.insert(table, columns.collect::<rusqlite::Result<_>>().expect("reads"));
    }
    assert_eq!(found, listed(|column| column.owner.is_none()));
    for Table { name, key, .. } in TABLES {
        let text = format!("select name from pragma_table_info('{name}') where pk > 0 order by pk");
        assert_eq!(texts(&connection, &text), *key, "{name}");
    }
    let counted = "select name from sqlite_master where sql like '%autoincrement%'";
    assert_eq!(texts(&connection, counted), ["notices"], "where ids go on is copied for these");
    let seeded = TABLES.iter().filter(|table| {
        let text = format!("select count(*) from {}", table.name);
        connection.query_row(&text, [], |row| row.get::<_, i64>(0)).expect("runs") > 0
    });
    assert!(seeded.map(|table| table.name).eq(TABLES.iter().filter(|table| table.is_seeded()).map(|table| table.name)));
}

#[test]
fn the_list_has_every_table_and_column_of_a_database() {
    let cluster = Cluster::shared().expect("starts");
    let url = cluster.database().expect("is made");
    drop(PostgresStore::open(&url).expect("opens"));
    let name = url.rsplit('/').next().expect("ends with the name");
    let lines = |text: &str| -> Vec<Vec<String>> {
        let told = cluster.sql(name, text).expect("runs");
        told.lines().map(|line| line.split('|').map(str::to_owned).collect()).collect()
    };
    let mut found = Columns::new();
    for line in lines(
        "select table_name, column_name, data_type from information_schema.columns
         where table_schema = current_schema() and table_name not in ('numbers', 'perennial_migrations')",
    ) {
        let [table, column, written] = line.try_into().expect("are three");
        found.entry(table).or_default().insert(column, kind(&written));
    }
    assert_eq!(found, listed(|_| true));
    let counted = lines(
        "select table_name, column_name from information_schema.columns
         where table_schema = current_schema() and is_identity = 'YES' order by 1",
    );
    assert_eq!(counted, [["notices", "id"], ["transfers", "id"]], "where ids go on is set for these");
    // What is referred to is there first, except where it may come later.
    let place = |name: &str| TABLES.iter().position(|table| table.name == name).expect("is listed");
    for line in
        lines("select conrelid::regclass, confrelid::regclass, condeferrable from pg_constraint where contype = 'f'")
    {
        let [from, to, may_wait] = line.try_into().expect("are three");
        assert!(place(&to) < place(&from) || from == to, "{from} refers to {to}");
        assert!(from != to || may_wait == "t" || from == "invoices", "{from} refers to itself");
    }
}

/// What happens to a row on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mishap {
    None,
    Changed,
    Lost,
}

/// A target that keeps something else than it is given.
struct Careless {
    end: Box<dyn Ledger>,
    mishap: Mishap,
}

struct CarelessFill<'a> {
    fill: Box<dyn Fill + 'a>,
    mishap: Mishap,
}

impl Fill for CarelessFill<'_> {
    fn add(&mut self, cells: &[Cell<'_>]) -> Result<()> {
        match self.mishap {
            Mishap::None => self.fill.add(cells),
            Mishap::Changed => self.fill.add(&[cells[0], Cell::Int(99)]),
            Mishap::Lost => Ok(()),
        }
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.fill.finish()
    }
}

impl Ledger for Careless {
    fn count(&self, table: &Table) -> Result<u64> {
        self.end.count(table)
    }

    fn is_empty(&self, table: &Table) -> Result<bool> {
        self.end.is_empty(table)
    }

    fn each(
        &self,
        table: &Table,
        order: Order,
        read: &mut dyn FnMut(&[Cell<'_>]) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        self.end.each(table, order, read)
    }

    fn last_notice(&self) -> Result<Option<i64>> {
        self.end.last_notice()
    }

    fn check_alone(&self) -> std::result::Result<(), CopyError> {
        self.end.check_alone()
    }

    fn refuses(&self, cell: Cell<'_>) -> bool {
        self.end.refuses(cell)
    }

    fn open_up(&mut self) -> Result<()> {
        self.end.open_up()
    }

    fn fill<'a>(&'a self, table: &'a Table) -> Result<Box<dyn Fill + 'a>> {
        let mishap = if table.name == "access" { self.mishap } else { Mishap::None };
        Ok(Box::new(CarelessFill { fill: self.end.fill(table)?, mishap }))
    }

    fn close_up(&mut self, last_notice: Option<i64>) -> Result<()> {
        self.end.close_up(last_notice)
    }

    fn commit(self: Box<Self>) -> Result<()> {
        self.end.commit()
    }
}

#[test]
fn a_row_that_was_changed_or_lost_on_the_way_is_noticed_before_the_commit() {
    let folder = tempfile::tempdir().expect("is made");
    let path = folder.path().join("source.db");
    drop(SqliteStore::open(&path).expect("opens"));
    for mishap in [Mishap::None, Mishap::Changed, Mishap::Lost] {
        let url = Cluster::shared().and_then(Cluster::database).expect("is made");
        let file = folder.path().join(format!("{mishap:?}.db"));
        let ends: [Box<dyn Ledger>; 2] =
            [Box::new(SqliteEnd::target(&file).expect("opens")), Box::new(PostgresEnd::target(&url).expect("opens"))];
        for end in ends {
            let source = SqliteEnd::source(&path).expect("opens");
            let copied = transfer(&source, Box::new(Careless { end, mishap }), &mut |_| {});
            match copied {
                Ok(_) => assert_eq!(mishap, Mishap::None),
                Err(CopyError::Differs { table: "access", copied: 1, found }) => {
                    assert_eq!((mishap, found), if found == 1 { (Mishap::Changed, 1) } else { (Mishap::Lost, 0) });
                }
                Err(other) => panic!("{other:?}"),
            }
        }
        let kept = SqliteEnd::source(&file).expect("opens");
        let access = TABLES.iter().find(|table| table.name == "access").expect("is listed");
        let mut versions = Vec::new();
        let read = kept.each(access, Order::Any, &mut |cells| {
            versions.extend(cells.iter().filter_map(|cell| if let Cell::Int(int) = cell { Some(*int) } else { None }));
            Ok(ControlFlow::Continue(()))
        });
        assert_eq!((read.is_ok(), versions), (true, vec![1, 1]), "nothing of it is kept");
    }
}

#[test]
fn a_row_is_named_by_its_key_without_its_digest() {
    let table = |name| TABLES.iter().find(|table: &&Table| table.name == name).expect("is listed");
    assert_eq!(key(table("promos"), &[Cell::Text("a\0b")]), "code \"a\\0b\"");
    let cells = [Cell::Int(7), Cell::Bytes(&[1]), Cell::Int(0)];
    assert_eq!(key(table("nonces"), &cells), "application_id 7, some digest");
}
