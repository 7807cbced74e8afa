//! Nonces that were seen lately, in memory.
//!
//! Those of requests that change something are in the ledger as well, where every node and the next start find them. So
//! the bound here loses nothing: past it the oldest are forgotten, and what could then be sent again only reads.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use perennial_core::idempotency::Nonce;

/// How many are kept: some megabytes.
const KEPT_MAX: usize = 100_000;

/// The nonces that were seen.
#[derive(Default)]
pub(super) struct Nonces(Mutex<Seen>);

#[derive(Default)]
struct Seen {
    nonces: HashSet<Nonce>,
    /// In the order in which they came, with the instants at which their requests are too old anyway.
    ends: VecDeque<(Timestamp, Nonce)>,
}

impl Nonces {
    /// Keeps a nonce until an instant. Tells whether it is new.
    pub fn keep(&self, now: Timestamp, nonce: Nonce, until: Timestamp) -> bool {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((end, oldest)) = seen.ends.front().copied()
            && (end <= now || seen.ends.len() >= KEPT_MAX)
        {
            seen.ends.pop_front();
            seen.nonces.remove(&oldest);
        }
        let is_new = seen.nonces.insert(nonce);
        if is_new {
            seen.ends.push_back((until, nonce));
        }
        is_new
    }
}

#[cfg(test)]
mod tests {
    use perennial_core::ids::ApplicationId;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("is an instant")
    }

    fn nonce(number: usize) -> Nonce {
        let mut digest = [0; 32];
        digest[..8].copy_from_slice(&number.to_be_bytes());
        Nonce { application: ApplicationId(1), digest }
    }

    #[test]
    fn a_nonce_is_new_once_for_its_key_until_its_time_is_over() {
        let nonces = Nonces::default();
        assert!(nonces.keep(at(0), nonce(1), at(10)));
        assert!(!nonces.keep(at(9), nonce(1), at(19)));
        assert!(nonces.keep(at(9), Nonce { application: ApplicationId(2), ..nonce(1) }, at(19)));
        assert!(nonces.keep(at(10), nonce(1), at(20)));
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_go_first() {
        let nonces = Nonces::default();
        assert!((0..=KEPT_MAX).all(|number| nonces.keep(at(0), nonce(number), at(10))));
        assert_eq!(nonces.0.lock().expect("is whole").nonces.len(), KEPT_MAX);
        assert!(!nonces.keep(at(0), nonce(KEPT_MAX), at(10)));
        assert!(nonces.keep(at(0), nonce(0), at(10)));
    }
}
