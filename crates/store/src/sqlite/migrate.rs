//! Migrations of a SQLite file.

use rusqlite::{Connection, TransactionBehavior, params};

use crate::migration::{HistoryError, Migration, complete, missing, steps};
use crate::{Schema, Step};

const MIGRATIONS: [Migration; 7] = [
    Migration { number: 1, name: "ledger", text: include_str!("../../sql/sqlite/migrations/0001_ledger.sql") },
    Migration { number: 2, name: "buyer", text: include_str!("../../sql/sqlite/migrations/0002_buyer.sql") },
    Migration { number: 3, name: "schedule", text: include_str!("../../sql/sqlite/migrations/0003_schedule.sql") },
    Migration { number: 4, name: "webhooks", text: include_str!("../../sql/sqlite/migrations/0004_webhooks.sql") },
    Migration { number: 5, name: "charges", text: include_str!("../../sql/sqlite/migrations/0005_charges.sql") },
    Migration { number: 6, name: "alignment", text: include_str!("../../sql/sqlite/migrations/0006_alignment.sql") },
    Migration { number: 7, name: "turns", text: include_str!("../../sql/sqlite/migrations/0007_turns.sql") },
];

/// Says that a file is a ledger of Perennial's ("PRNL"), whatever its name is.
const APPLICATION_ID: i64 = 0x5052_4E4C;

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum MigrateError {
    /// The file belongs to another program.
    #[error("the file is a database, but not a ledger of Perennial")]
    NotALedger,
    /// The schema is not the one that is known here.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// The database did not answer.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
}

/// Brings a database up to date, all or nothing; tells the steps that were missing.
pub(super) fn migrate(connection: &mut Connection) -> Result<Vec<Step>, MigrateError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if is_empty(&transaction)? {
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.execute_batch(include_str!("../../sql/sqlite/migrations.sql"))?;
    }
    let missing = missing(&MIGRATIONS, &done(&transaction)?)?;
    for migration in missing {
        transaction.execute_batch(migration.text)?;
        transaction.execute(
            include_str!("../../sql/sqlite/migration_insert.sql"),
            params![migration.number, migration.name, migration.digest()],
        )?;
    }
    transaction.commit()?;
    Ok(steps(missing))
}

/// How far a database is; changes nothing.
pub(super) fn schema(connection: &Connection) -> Result<Schema, MigrateError> {
    let done = done(connection)?;
    Ok(Schema { done: done.len(), missing: steps(missing(&MIGRATIONS, &done)?) })
}

/// How far a database is that nobody has made yet.
pub(super) fn new_schema() -> Schema {
    Schema { done: 0, missing: steps(&MIGRATIONS) }
}

/// Checks that a file is a ledger, or nothing yet.
pub(super) fn check_ours(connection: &Connection) -> Result<(), MigrateError> {
    let id: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if id == APPLICATION_ID || is_empty(connection)? { Ok(()) } else { Err(MigrateError::NotALedger) }
}

/// Checks that a database is up to date, and changes nothing.
pub(super) fn check(connection: &Connection) -> Result<(), MigrateError> {
    Ok(complete(missing(&MIGRATIONS, &done(connection)?)?)?)
}

fn is_empty(connection: &Connection) -> rusqlite::Result<bool> {
    let tables: i64 = connection.pragma_query_value(None, "schema_version", |row| row.get(0))?;
    Ok(tables == 0)
}

/// The migrations that have been run, by number and digest. An empty file has none: so is a ledger whose making was broken off.
fn done(connection: &Connection) -> Result<Vec<(i64, [u8; 32])>, MigrateError> {
    if is_empty(connection)? {
        return Ok(Vec::new());
    }
    let id: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if id != APPLICATION_ID {
        return Err(MigrateError::NotALedger);
    }
    let mut statement = connection.prepare(include_str!("../../sql/sqlite/migrations_done.sql"))?;
    let found = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migration::assert_ordered;

    #[test]
    fn migrations_are_numbered_from_one_and_say_why() {
        assert_ordered("sqlite/migrations", &MIGRATIONS);
    }

    #[test]
    fn an_empty_file_is_a_ledger_to_be_made_and_another_programs_is_none() {
        let connection = Connection::open_in_memory().expect("opens");
        let told = || check(&connection).expect_err("it is no ledger yet").to_string();
        assert_eq!(told(), HistoryError::Behind { number: 1 }.to_string());
        connection.execute_batch("create table theirs (id integer)").expect("is made");
        assert_eq!(told(), MigrateError::NotALedger.to_string());
    }
}
