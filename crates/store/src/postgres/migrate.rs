//! Migrations of a PostgreSQL database.

use crate::columns::Columns;
use crate::driver::{Driver, DriverError, params};
use crate::migration::{HistoryError, Migration, complete, missing, steps};
use crate::sql::Statement;
use crate::{Schema, Step};

use super::driver::Connection;

static MIGRATIONS: [Migration; 7] = [
    Migration { number: 1, name: "ledger", text: include_str!("../../sql/postgres/migrations/0001_ledger.sql") },
    Migration { number: 2, name: "buyer", text: include_str!("../../sql/postgres/migrations/0002_buyer.sql") },
    Migration { number: 3, name: "schedule", text: include_str!("../../sql/postgres/migrations/0003_schedule.sql") },
    Migration { number: 4, name: "webhooks", text: include_str!("../../sql/postgres/migrations/0004_webhooks.sql") },
    Migration { number: 5, name: "charges", text: include_str!("../../sql/postgres/migrations/0005_charges.sql") },
    Migration { number: 6, name: "alignment", text: include_str!("../../sql/postgres/migrations/0006_alignment.sql") },
    Migration { number: 7, name: "turns", text: include_str!("../../sql/postgres/migrations/0007_turns.sql") },
];

/// The oldest release that the statements are written for, as the server numbers it.
const RELEASE_MIN: i64 = 150_000;

/// Names the texts that no other database has.
macro_rules! own {
    ($($name:ident = $file:literal;)*) => {
        $(const $name: &Statement = &Statement::same(include_str!(concat!("../../sql/postgres/", $file)));)*
    };
}

own! {
    MIGRATION_INSERT = "migration_insert.sql";
    MIGRATIONS_DONE = "migrations_done.sql";
    MIGRATIONS_LOCK = "migrations_lock.sql";
    SERVER = "server.sql";
}

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum MigrateError {
    /// The server is of an old release.
    #[error("the server is PostgreSQL {}, and 15 or later is needed", .0 / 10_000)]
    Old(i64),
    /// The database keeps text in another way.
    #[error("the database keeps text as {0}, and UTF8 is needed\nhint: create it with `encoding 'UTF8'`")]
    Encoding(String),
    /// There is no place for tables.
    #[error("the search path names no schema of the database")]
    NoSchema,
    /// The database belongs to another program.
    #[error("the database has tables in schema `{0}`, but is not a ledger of Perennial")]
    NotALedger(String),
    /// The schema is not the one that is known here.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// The database did not answer.
    #[error(transparent)]
    Driver(#[from] DriverError),
}

/// Brings a database up to date, all or nothing; nodes that start at once do so one after the other. Tells the steps that
/// were missing when it came to this one.
pub(super) fn migrate(connection: &Connection) -> Result<Vec<Step>, MigrateError> {
    if missing(&MIGRATIONS, &done(connection)?)?.is_empty() {
        return Ok(Vec::new());
    }
    connection.begin_migration()?;
    let migrated = run_missing(connection);
    match migrated {
        Ok(run) => {
            connection.commit()?;
            Ok(steps(run))
        }
        Err(error) => {
            if connection.is_open() {
                connection.rollback()?;
            }
            Err(error)
        }
    }
}

/// How far a database is; changes nothing.
pub(super) fn schema(connection: &Connection) -> Result<Schema, MigrateError> {
    let done = done(connection)?;
    Ok(Schema { done: done.len(), missing: steps(missing(&MIGRATIONS, &done)?) })
}

/// Checks that a database is up to date, and changes nothing.
pub(super) fn check(connection: &Connection) -> Result<(), MigrateError> {
    Ok(complete(missing(&MIGRATIONS, &done(connection)?)?)?)
}

fn run_missing(connection: &Connection) -> Result<&'static [Migration], MigrateError> {
    connection.each(MIGRATIONS_LOCK, params![], |_| Ok(std::ops::ControlFlow::Continue(())))?;
    // Another node may have been here before.
    if !Found::read(connection)?.is_ledger {
        connection.run(include_str!("../../sql/postgres/migrations.sql"))?;
    }
    let missing = missing(&MIGRATIONS, &done(connection)?)?;
    for migration in missing {
        connection.run(migration.text)?;
        let digest = migration.digest();
        connection.execute(MIGRATION_INSERT, params![migration.number, migration.name, digest])?;
    }
    Ok(missing)
}

/// The migrations that have been run, by number and digest; none, where the database is empty.
fn done(connection: &Connection) -> Result<Vec<(i64, [u8; 32])>, MigrateError> {
    let mut done = Vec::new();
    if Found::read(connection)?.is_ledger {
        connection.each(MIGRATIONS_DONE, params![], |row| {
            let mut columns = Columns::of(row);
            done.push((columns.take()?, columns.take()?));
            Ok(std::ops::ControlFlow::Continue(()))
        })?;
    }
    Ok(done)
}

/// What was found at the other end.
struct Found {
    /// Whether it is a ledger; else it is empty.
    is_ledger: bool,
}

impl Found {
    fn read(connection: &Connection) -> Result<Self, MigrateError> {
        let mut found = None;
        connection.each(SERVER, params![], |row| {
            let mut columns = Columns::of(row);
            let (release, encoding): (i64, String) = (columns.take()?, columns.take()?);
            let (schema, is_ledger, tables): (Option<String>, bool, i64) =
                (columns.take()?, columns.take()?, columns.take()?);
            found = Some(match schema {
                _ if release < RELEASE_MIN => Err(MigrateError::Old(release)),
                _ if encoding != "UTF8" => Err(MigrateError::Encoding(encoding)),
                None => Err(MigrateError::NoSchema),
                Some(schema) if !is_ledger && tables > 0 => Err(MigrateError::NotALedger(schema)),
                Some(_) => Ok(Self { is_ledger }),
            });
            Ok(std::ops::ControlFlow::Break(()))
        })?;
        found.expect("a row of settings is always there")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migration::assert_ordered;

    #[test]
    fn migrations_are_numbered_from_one_and_say_why() {
        assert_ordered("postgres/migrations", &MIGRATIONS);
    }
}
