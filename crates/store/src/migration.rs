//! The history of a schema: numbered steps, forward only, each remembered with the digest of its text.

use sha2::{Digest, Sha256};

/// A step of a schema's history. Its text is never edited once it has been released.
pub(crate) struct Migration {
    pub(crate) number: i64,
    pub(crate) name: &'static str,
    pub(crate) text: &'static str,
}

impl Migration {
    pub(crate) fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.text).into()
    }
}

/// A step of a schema's history, as it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its number; the first one is 1.
    pub number: i64,
    /// What it is called.
    pub name: &'static str,
}

/// How far the tables of a ledger are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema {
    /// How many steps were taken; none where there are no tables.
    pub done: usize,
    /// The steps that this version knows and that are still to be taken.
    pub missing: Vec<Step>,
}

impl Schema {
    /// Whether there are no tables yet.
    pub const fn is_new(&self) -> bool {
        self.done == 0
    }
}

/// What is told of migrations.
pub(crate) fn steps(migrations: &[Migration]) -> Vec<Step> {
    migrations.iter().map(|&Migration { number, name, .. }| Step { number, name }).collect()
}

/// Why a schema is not the one that this version knows.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HistoryError {
    /// A later version has changed the schema.
    #[error(
        "the ledger has migration {found}, and this version knows {known} only\nhint: use the version that wrote it, or a later one"
    )]
    Newer { found: i64, known: i64 },
    /// The text of a migration is not the one that was run.
    #[error("migration {number} `{name}` was run with another text than this version has")]
    Edited { number: i64, name: &'static str },
    /// The schema is behind.
    #[error(
        "the ledger lacks migration {number}\nhint: `perennial migrate` brings it up to date, and so does `perennial serve` when it starts"
    )]
    Behind { number: i64 },
}

/// The migrations that are still to be run; those that were, by number and digest, have the texts that are known here.
pub(crate) fn missing<'a>(known: &'a [Migration], done: &[(i64, [u8; 32])]) -> Result<&'a [Migration], HistoryError> {
    for (index, (number, digest)) in done.iter().enumerate() {
        let Some(migration) = known.get(index).filter(|migration| migration.number == *number) else {
            let known = known.last().map_or(0, |last| last.number);
            return Err(HistoryError::Newer { found: *number, known });
        };
        if migration.digest() != *digest {
            return Err(HistoryError::Edited { number: migration.number, name: migration.name });
        }
    }
    Ok(&known[done.len()..])
}

/// Checks that none is missing.
pub(crate) fn complete(missing: &[Migration]) -> Result<(), HistoryError> {
    missing.first().map_or(Ok(()), |migration| Err(HistoryError::Behind { number: migration.number }))
}

/// Checks that the migrations of a folder of `sql/` are all there, numbered from one, and say why they are.
#[cfg(test)]
pub(crate) fn assert_ordered(folder: &str, known: &[Migration]) {
    for (index, migration) in (1..).zip(known) {
        assert_eq!(migration.number, index);
        assert!(migration.text.starts_with("-- "), "{} opens with a line of why", migration.name);
    }
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("sql").join(folder);
    assert_eq!(std::fs::read_dir(folder).expect("there is the folder").count(), known.len());
}
