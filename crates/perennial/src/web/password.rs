//! Page passwords: hashed with Argon2, off the async threads, few at a time, and not tried without end.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, anyhow};
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

/// How many passwords are checked at a time: each check takes 19 MiB and much of a core.
const CHECKS_AT_A_TIME: usize = 2;

/// How often one thing may be tried before it is left alone for a while.
const TRIES_MAX: u32 = 5;

/// How long failed tries count.
const TRIES_COUNT_FOR: SignedDuration = SignedDuration::from_mins(15);

/// How many things' tries are remembered. When there is no room even after old ones are forgotten, new names wait.
const REMEMBERED: usize = 10_000;

/// What became of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the password.
    Right,
    /// It is not, or nobody by that name has one.
    Wrong,
    /// It was not looked at: there were too many tries.
    TooMany,
}

/// Hashes a password for an account's row.
///
/// # Errors
/// When there is no randomness.
pub fn hash(password: &str) -> anyhow::Result<String> {
    let hashed = Argon2::default().hash_password(password.as_bytes());
    Ok(hashed.map_err(|error| anyhow!("{error}")).context("hashing a password")?.to_string())
}

/// Checks page passwords.
#[derive(Clone)]
pub struct Passwords {
    tries: Arc<Mutex<HashMap<Name, Tries>>>,
    checks: Arc<Semaphore>,
    /// Stands in for the hash of an account that has none, so that both take the same time.
    decoy: Arc<str>,
}

/// SHA-256 of what is tried: names come from anybody, and are as long as anybody likes.
type Name = [u8; 32];

#[derive(Clone, Copy, Debug)]
struct Tries {
    failed: u32,
    last: Timestamp,
}

impl Passwords {
    /// Starts with no tries.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn new() -> anyhow::Result<Self> {
        let decoy = hash("nobody has this password")?.into();
        Ok(Self { tries: Arc::default(), checks: Arc::new(Semaphore::new(CHECKS_AT_A_TIME)), decoy })
    }

    /// Checks a password against an account's hash, if it has one. Tries are counted for each of the things tried (a
    /// link's token, a customer number), and when one of them has had enough it is not looked at.
    pub async fn check(&self, tried: &[&str], now: Timestamp, expected: Option<String>, given: String) -> Verdict {
        let names: Vec<Name> = tried.iter().map(|name| Sha256::digest(name).into()).collect();
        let known = expected.is_some();
        let expected = expected.unwrap_or_else(|| self.decoy.to_string());
        let Ok(permit) = Arc::clone(&self.checks).acquire_owned().await else { return Verdict::TooMany };
        // Counted before it is looked at, so that many tries at once are many tries.
        if !self.count(&names, now) {
            return Verdict::TooMany;
        }
        let check = move || {
            // A caller that goes away does not end the check, so the permit stays with the check.
            let _permit = permit;
            matches(&expected, &given)
        };
        if tokio::task::spawn_blocking(check).await.unwrap_or(false) && known {
            let mut remembered = self.lock();
            for name in &names {
                remembered.remove(name);
            }
            Verdict::Right
        } else {
            Verdict::Wrong
        }
    }

    /// Counts one try for every name; none when one of them has had enough or cannot be remembered.
    fn count(&self, names: &[Name], now: Timestamp) -> bool {
        let counts = |tries: &Tries| now.duration_since(tries.last).abs() < TRIES_COUNT_FOR;
        let mut remembered = self.lock();
        let full = |remembered: &HashMap<_, _>| remembered.len().saturating_add(names.len()) > REMEMBERED;
        if full(&remembered) {
            remembered.retain(|_, tries| counts(tries));
        }
        let failed: Vec<_> = names
            .iter()
            .map(|name| remembered.get(name).filter(|tries| counts(tries)).map(|tries| tries.failed))
            .collect();
        let spent = failed.iter().flatten().any(|failed| *failed >= TRIES_MAX);
        if spent || (full(&remembered) && failed.contains(&None)) {
            return false;
        }
        for (name, failed) in names.iter().zip(failed) {
            remembered.insert(*name, Tries { failed: failed.unwrap_or(0) + 1, last: now });
        }
        true
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Name, Tries>> {
        self.tries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn matches(expected: &str, given: &str) -> bool {
    PasswordHash::new(expected)
        .is_ok_and(|expected| Argon2::default().verify_password(given.as_bytes(), &expected).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_tried_a_few_times_and_then_left_alone() {
        let passwords = Passwords::new().expect("starts");
        let now: Timestamp = "2026-11-22T00:00:00Z".parse().expect("is an instant");
        let right = || Some(hash("demo").expect("hashes"));
        let check = async |what: &str, at, expected, given: &str| {
            passwords.check(&[what], at, expected, given.to_owned()).await
        };
        assert_eq!(check("a", now, right(), "demo").await, Verdict::Right);
        assert_eq!(check("b", now, None, "nobody has this password").await, Verdict::Wrong);
        for _ in 0..TRIES_MAX {
            assert_eq!(check("c", now, right(), "wrong").await, Verdict::Wrong);
        }
        assert_eq!(check("c", now, right(), "demo").await, Verdict::TooMany);
        assert_eq!(check("d", now, right(), "demo").await, Verdict::Right, "others are not held up");
        let later = now.checked_add(TRIES_COUNT_FOR).expect("is an instant");
        assert_eq!(check("c", later, right(), "demo").await, Verdict::Right);
    }
    #[tokio::test]
    async fn a_try_counts_for_the_link_and_for_the_account() {
        let passwords = Passwords::new().expect("starts");
        let now: Timestamp = "2026-11-22T00:00:00Z".parse().expect("is an instant");
        let check = async |tried: [&str; 2]| passwords.check(&tried, now, None, "wrong".to_owned()).await;
        for link in ["l1", "l2", "l3", "l4", "l5"] {
            assert_eq!(check([link, "a"]).await, Verdict::Wrong);
        }
        assert_eq!(check(["l6", "a"]).await, Verdict::TooMany, "another link does not help");
        assert_eq!(check(["l1", "b"]).await, Verdict::Wrong, "the link has had one");
    }

    #[test]
    fn when_nothing_more_can_be_remembered_new_names_wait_and_known_ones_go_on() {
        let passwords = Passwords::new().expect("starts");
        let now: Timestamp = "2026-11-22T00:00:00Z".parse().expect("is an instant");
        let name = |number: usize| -> Name { Sha256::digest(number.to_be_bytes()).into() };
        for number in 0..REMEMBERED {
            assert!(passwords.count(&[name(number)], now));
        }
        assert!(!passwords.count(&[name(REMEMBERED)], now));
        assert!(passwords.count(&[name(0)], now));
        let later = now.checked_add(TRIES_COUNT_FOR).expect("is an instant");
        assert!(passwords.count(&[name(REMEMBERED)], later), "old tries are forgotten");
    }
}
