//! Who called before: callers as they were read from the ledger, kept until anything about access changes.
//!
//! Whether a credential has ended by time, and whether a signature is right, is asked on every request all the same.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

/// How many callers are kept; past that all are read again.
const KEPT_MAX: usize = 10_000;

/// How long after its last noted use a credential's use is noted again, in seconds.
const TOUCH_AFTER_S: i64 = 60;

/// What a request presents: the application's key, none for a bearer token, and the SHA-256 of the credential.
pub(crate) type Presented = (Option<String>, [u8; 32]);

/// A caller that was read from the ledger.
pub(crate) struct Known<C> {
    /// The caller.
    pub caller: C,
    /// When the credential's use was last noted, in Unix seconds.
    noted: AtomicI64,
}

impl<C> Known<C> {
    /// A caller, and when its credential was last used.
    pub fn new(caller: C, last_used: Option<Timestamp>) -> Self {
        Self { caller, noted: AtomicI64::new(last_used.map_or(i64::MIN, Timestamp::as_second)) }
    }

    /// Whether this use is to be noted: the first of each minute is.
    pub fn to_be_noted(&self, now: Timestamp) -> bool {
        let (now, noted) = (now.as_second(), self.noted.load(Ordering::Relaxed));
        let due = now.saturating_sub(noted) >= TOUCH_AFTER_S;
        due && self.noted.compare_exchange(noted, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

/// The callers that are known.
pub(crate) struct KnownCallers<C>(Mutex<Kept<C>>);

struct Kept<C> {
    version: i64,
    callers: HashMap<Presented, Arc<Known<C>>>,
}

impl<C> Default for KnownCallers<C> {
    fn default() -> Self {
        Self(Mutex::new(Kept { version: 0, callers: HashMap::new() }))
    }
}

impl<C> KnownCallers<C> {
    /// The caller that presents this, if it was read at this version of access.
    pub fn get(&self, version: i64, presented: &Presented) -> Option<Arc<Known<C>>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (kept.version == version).then(|| kept.callers.get(presented).map(Arc::clone)).flatten()
    }

    /// Keeps a caller that was read after this version was.
    pub fn keep(&self, version: i64, presented: Presented, known: &Arc<Known<C>>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.version != version || kept.callers.len() >= KEPT_MAX {
            *kept = Kept { version, callers: HashMap::new() };
        }
        kept.callers.insert(presented, Arc::clone(known));
    }
}
