//! What renewals leave behind in a PostgreSQL database: the same rows, whoever made them.

use anyhow::{Context, Result, ensure};
use perennial_testkit::postgres::Cluster;
use perennial_testkit::process::until;

/// The tables that a renewal writes: rows that it adds, and changes of rows.
const ROWS: [(&str, i64, i64); 8] = [
    ("orders", 1, 1),
    ("order_lines", 1, 0),
    ("services", 0, 2),
    ("replays", 2, 0),
    ("extensions", 1, 0),
    ("payments", 1, 0),
    ("invoices", 1, 0),
    ("transfers", 2, 0),
];

/// How many rows each table has, how many of them were changed since the database was made, and all its bytes.
pub struct Books {
    rows: Vec<(i64, i64)>,
    bytes: i64,
}

impl Books {
    /// Counts, once nobody writes any more.
    pub fn of(cluster: &Cluster, database: &str) -> Result<Self> {
        let others = format!(
            "select count(*) from pg_stat_activity where datname = '{database}' and backend_type = 'client backend' \
             and pid <> pg_backend_pid()"
        );
        until("all connections end", || Ok((cluster.sql(database, &others)?.trim() == "0").then_some(())))?;
        let count = |(table, ..): &(&str, i64, i64)| -> Result<(i64, i64)> {
            let said = cluster.sql(
                database,
                &format!(
                    "select (select count(*) from {table}), n_tup_upd from pg_stat_user_tables where relname = '{table}'"
                ),
            )?;
            let (rows, changes) = said.trim().split_once('|').context("two numbers are told")?;
            Ok((rows.parse()?, changes.parse()?))
        };
        let bytes = cluster.sql(database, "select pg_database_size(current_database())")?.trim().parse()?;
        Ok(Self { rows: ROWS.iter().map(count).collect::<Result<_>>()?, bytes })
    }

    /// Whether so many renewals left what they have to since these books; the bytes that each of them added.
    pub fn grew(&self, now: &Self, renewals: u64) -> Result<i64> {
        let renewals = i64::try_from(renewals)?;
        for (((table, added, changed), before), after) in ROWS.iter().zip(&self.rows).zip(&now.rows) {
            let (rows, changes) = (after.0 - before.0, after.1);
            ensure!(rows == added * renewals, "{renewals} renewals added {rows} rows to {table}");
            // Changes that were taken back count as well.
            ensure!(changes >= changed * renewals, "{renewals} renewals changed {changes} rows of {table}");
        }
        Ok((now.bytes - self.bytes) / renewals.max(1))
    }
}
