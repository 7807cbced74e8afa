//! Who called before: callers as they were read from the ledger, kept until anything about access changes.
//!
//! Whether a credential has ended by time, and whether the signature is right, is asked on every request all the same.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use super::context::Caller;

/// How many callers are kept; past that all are read again.
const KEPT_MAX: usize = 10_000;

/// How long after its last noted use a credential's use is noted again, in seconds.
const TOUCH_AFTER_S: i64 = 60;

/// What a request presents: the application's key, none for a bearer token, and the SHA-256 of the credential.
type Presented = (Option<String>, [u8; 32]);

/// A caller that was read from the ledger.
pub(super) struct Known {
    /// The caller.
    pub caller: Caller,
    /// The secret that its requests are signed with; empty for bearer tokens.
    pub secret: String,
    /// When the credential's use was last noted, in Unix seconds.
    noted: AtomicI64,
}

impl Known {
    pub fn new(caller: Caller, secret: String) -> Self {
        let noted = caller.credential.last_used.map_or(i64::MIN, Timestamp::as_second);
        Self { caller, secret, noted: AtomicI64::new(noted) }
    }

    /// Whether this use is to be noted: the first of each minute is.
    pub fn to_be_noted(&self, now: Timestamp) -> bool {
        let (now, noted) = (now.as_second(), self.noted.load(Ordering::Relaxed));
        let due = now.saturating_sub(noted) >= TOUCH_AFTER_S;
        due && self.noted.compare_exchange(noted, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

/// The callers that are known.
#[derive(Default)]
pub(super) struct KnownCallers(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    version: i64,
    callers: HashMap<Presented, Arc<Known>>,
}

impl KnownCallers {
    /// The caller that presents this, if it was read at this version of access.
    pub fn get(&self, version: i64, presented: &Presented) -> Option<Arc<Known>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (kept.version == version).then(|| kept.callers.get(presented).map(Arc::clone)).flatten()
    }

    /// Keeps a caller that was read after this version was.
    pub fn keep(&self, version: i64, presented: Presented, known: &Arc<Known>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.version != version || kept.callers.len() >= KEPT_MAX {
            *kept = Kept { version, callers: HashMap::new() };
        }
        kept.callers.insert(presented, Arc::clone(known));
    }
}
