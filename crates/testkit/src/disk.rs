//! A disk between a program and the files of one SQLite database that a test rules over: the power goes, it is full, or
//! calls fail.
//!
//! `disk/disk.c` says how, and what is left after a power cut. It is compiled here and loaded into the program by the
//! variables of [`Disk::env`]; the program and its SQLite are the real ones.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::Env;

const SOURCE: &str = include_str!("../disk/disk.c");

/// A call to the disk, counted from 0 since the program began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// A change: something is written or cut off, a file made or removed.
    Change(u64),
    /// A file, or the folder, is synced.
    Sync(u64),
}

/// What goes wrong. Whatever it is, the power goes at the latest when the program has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing before the end.
    None,
    /// The power goes right before this call, and the program with it.
    Cut(At),
    /// No file grows any more.
    Full(At),
    /// This call fails, and what it was to sync never reaches the disk.
    Error(At),
    /// This call fails, and so does each after it.
    Broken(At),
}

/// Whether the disk does what syncing promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syncs {
    /// What is synced stays.
    Kept,
    /// What is synced may be lost as well.
    Ignored,
}

/// What a program's last run asked of the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// How many changes.
    pub changes: u64,
    /// How many syncs.
    pub syncs: u64,
    /// Whether the fault came before the program's end.
    pub is_met: bool,
}

/// A disk for one database.
pub struct Disk {
    database: PathBuf,
    folder: TempDir,
}

impl Disk {
    /// A disk under the database at a path, whose folder there is. Nothing goes wrong but at the end, until a test says so.
    ///
    /// # Errors
    /// When there is no such folder, or `cc` does not compile the library.
    pub fn under(database: &Path) -> Result<Self> {
        // As SQLite writes it.
        let parent = database.parent().context("a database has a folder")?.canonicalize()?;
        let database = parent.join(database.file_name().context("a database has a name")?);
        let disk = Self { database, folder: tempfile::tempdir()? };
        disk.compile().context("compiling disk.c")?;
        disk.next(Fault::None, Syncs::Kept, 0)?;
        Ok(disk)
    }

    fn compile(&self) -> Result<()> {
        let mut command = Command::new("cc");
        command.args(["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-x", "c", "-o"]);
        let mut compiler = command.arg(self.library()).arg("-").stdin(Stdio::piped()).spawn()?;
        compiler.stdin.take().context("it reads")?.write_all(SOURCE.as_bytes())?;
        let status = compiler.wait()?;
        ensure!(status.success(), "cc: {status}");
        Ok(())
    }

    fn library(&self) -> PathBuf {
        self.folder.path().join("disk.so")
    }

    fn orders(&self) -> PathBuf {
        self.folder.path().join("orders")
    }

    fn report(&self) -> PathBuf {
        self.folder.path().join("orders.seen")
    }

    /// The variables that put a program on this disk.
    pub fn env(&self) -> Env {
        let text = |path: PathBuf| path.to_string_lossy().into_owned();
        Env::from([("LD_PRELOAD".to_owned(), text(self.library())), ("DISK_ORDERS".to_owned(), text(self.orders()))])
    }

    /// Says what goes wrong for the programs that are started from now on. What is left after a power cut is drawn by the seed.
    ///
    /// # Errors
    /// When it cannot be written down.
    pub fn next(&self, fault: Fault, syncs: Syncs, seed: u64) -> Result<()> {
        let (word, at) = match fault {
            Fault::None => ("none", At::Change(0)),
            Fault::Cut(at) => ("cut", at),
            Fault::Full(at) => ("full", at),
            Fault::Error(at) => ("error", at),
            Fault::Broken(at) => ("broken", at),
        };
        let (moment, number) = match at {
            At::Change(number) => ("at-change", number),
            At::Sync(number) => ("at-sync", number),
        };
        let syncs = if syncs == Syncs::Kept { "kept" } else { "ignored" };
        let orders = format!("{}\n{word} {moment} {number} {seed} {syncs}\n", self.database.display());
        std::fs::write(self.orders(), orders)?;
        // Of a run before, that would tell what is no longer so.
        match std::fs::remove_file(self.report()) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// What the last program asked of the disk since the last word of what goes wrong.
    ///
    /// # Errors
    /// When none has ended, or it was killed by something else.
    pub fn seen(&self) -> Result<Seen> {
        let text = std::fs::read_to_string(self.report()).context("reading what the disk has seen")?;
        let numbers: Vec<u64> = text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
        let [changes, syncs, met] = numbers[..] else { anyhow::bail!("the disk has seen `{text}`") };
        Ok(Seen { changes, syncs, is_met: met == 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Has the shell write to files by calls that `disk.c` takes the place of; what is in the file then.
    fn after(disk: &Disk, script: &str) -> String {
        let status = Command::new("sh").args(["-c", script, "sh"]).arg(&disk.database).envs(disk.env()).status();
        status.expect("starts");
        std::fs::read_to_string(&disk.database).unwrap_or_default()
    }

    #[test]
    fn what_was_not_synced_may_be_lost() {
        let folder = tempfile::tempdir().expect("is made");
        let path = folder.path().join("some.db");
        let disk = Disk::under(&path).expect("is made");
        let mut left = std::collections::BTreeSet::new();
        for seed in 0..40 {
            std::fs::write(&path, "old").expect("is written");
            disk.next(Fault::Cut(At::Change(2)), Syncs::Kept, seed).expect("is said");
            left.insert(after(&disk, "{ echo one; echo two; echo three; } 1<>\"$1\""));
            assert_eq!(disk.seen().expect("tells"), Seen { changes: 3, syncs: 0, is_met: true });
        }
        assert!(left.contains("old") && left.contains("one\ntwo\n") && left.contains("one\n"), "{left:?}");
        assert!(left.iter().all(|text| !text.contains("three")), "{left:?}");
    }
}
