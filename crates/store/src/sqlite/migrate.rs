//! Migrations: numbered, forward only, each remembered with the digest of its text.

use rusqlite::{Connection, TransactionBehavior, params};
use sha2::{Digest, Sha256};

/// A step of the schema's history. Its text is never edited once it has been released.
struct Migration {
    number: i64,
    name: &'static str,
    text: &'static str,
}

const MIGRATIONS: [Migration; 1] =
    [Migration { number: 1, name: "ledger", text: include_str!("../../sql/sqlite/migrations/0001_ledger.sql") }];

/// Says that a file is a ledger of Perennial's ("PRNL"), whatever its name is.
const APPLICATION_ID: i64 = 0x5052_4E4C;

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum MigrateError {
    /// The file belongs to another program.
    #[error("the file is a database, but not a ledger of Perennial")]
    NotALedger,
    /// A later version has changed the schema.
    #[error(
        "the ledger has migration {found}, and this version knows {known} only\nhint: use the version that wrote it, or a later one"
    )]
    Newer { found: i64, known: i64 },
    /// The text of a migration is not the one that was run.
    #[error("migration {number} `{name}` was run with another text than this version has")]
    Edited { number: i64, name: &'static str },
    /// The schema is behind.
    #[error("the ledger lacks migration {number}\nhint: start `perennial serve` once, which brings it up to date")]
    Behind { number: i64 },
    /// The database did not answer.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
}

/// Brings a database up to date, all or nothing.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), MigrateError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if is_empty(&transaction)? {
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.execute_batch(include_str!("../../sql/sqlite/migrations.sql"))?;
    }
    let done = done(&transaction)?;
    for migration in MIGRATIONS.iter().skip(done) {
        transaction.execute_batch(migration.text)?;
        transaction.execute(
            include_str!("../../sql/sqlite/migration_insert.sql"),
            params![migration.number, migration.name, migration.digest()],
        )?;
    }
    Ok(transaction.commit()?)
}

/// Checks that a file is a ledger, or nothing yet.
pub(super) fn check_ours(connection: &Connection) -> Result<(), MigrateError> {
    let id: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if id == APPLICATION_ID || is_empty(connection)? { Ok(()) } else { Err(MigrateError::NotALedger) }
}

/// Checks that a database is up to date, and changes nothing.
pub(super) fn check(connection: &Connection) -> Result<(), MigrateError> {
    match MIGRATIONS.get(done(connection)?) {
        Some(missing) => Err(MigrateError::Behind { number: missing.number }),
        None => Ok(()),
    }
}

fn is_empty(connection: &Connection) -> rusqlite::Result<bool> {
    let tables: i64 = connection.pragma_query_value(None, "schema_version", |row| row.get(0))?;
    Ok(tables == 0)
}

/// How many migrations have been run; all of them with the texts that are known here.
fn done(connection: &Connection) -> Result<usize, MigrateError> {
    let id: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if id != APPLICATION_ID {
        return Err(MigrateError::NotALedger);
    }
    let mut statement = connection.prepare(include_str!("../../sql/sqlite/migrations_done.sql"))?;
    let found: Vec<(i64, [u8; 32])> =
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?;
    for (index, (number, digest)) in found.iter().enumerate() {
        let Some(known) = MIGRATIONS.get(index).filter(|known| known.number == *number) else {
            let known = MIGRATIONS.last().map_or(0, |last| last.number);
            return Err(MigrateError::Newer { found: *number, known });
        };
        if known.digest() != *digest {
            return Err(MigrateError::Edited { number: known.number, name: known.name });
        }
    }
    Ok(found.len())
}

impl Migration {
    fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.text).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_are_numbered_from_one_and_say_why() {
        for (index, migration) in (1..).zip(&MIGRATIONS) {
            assert_eq!(migration.number, index);
            assert!(migration.text.starts_with("-- "), "{} opens with a line of why", migration.name);
        }
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("sql/sqlite/migrations");
        assert_eq!(std::fs::read_dir(folder).expect("there is the folder").count(), MIGRATIONS.len());
    }
}
