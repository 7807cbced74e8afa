//! The pace of requests: how many a minute whoever calls may make.

use std::hash::Hash;
use std::num::NonZeroU32;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};

/// How many callers are remembered before some are looked for to forget.
const CALLERS: usize = 10_000;

/// Counts requests by caller.
pub(crate) struct Pace<K: Hash + Eq + Clone> {
    limiter: RateLimiter<K, DefaultKeyedStateStore<K>, DefaultClock, StateInformationMiddleware>,
    per_minute: NonZeroU32,
}

/// What a caller has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Left {
    /// How many requests a minute there are.
    pub per_minute: u32,
    /// How many are left.
    pub remaining: u32,
    /// In how many seconds there is one, if this one was too many.
    pub wait_s: Option<u64>,
}

impl<K: Hash + Eq + Clone> Pace<K> {
    /// Allows so many requests a minute.
    pub fn new(per_minute: NonZeroU32) -> Self {
        let limiter = RateLimiter::keyed(Quota::per_minute(per_minute)).with_middleware();
        Self { limiter, per_minute }
    }

    /// What a caller has left that has none left.
    pub fn spent(&self) -> Left {
        Left { per_minute: self.per_minute.get(), remaining: 0, wait_s: None }
    }

    /// Counts a request.
    pub fn count(&self, who: &K) -> Left {
        if self.limiter.len() > CALLERS {
            self.limiter.retain_recent();
        }
        let per_minute = self.per_minute.get();
        match self.limiter.check_key(who) {
            Ok(state) => Left { per_minute, remaining: state.remaining_burst_capacity(), wait_s: None },
            Err(not_until) => {
                let wait = not_until.wait_time_from(DefaultClock::default().now());
                Left { per_minute, remaining: 0, wait_s: Some(wait.as_secs().saturating_add(1)) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_counts_down_for_each_caller_apart() {
        let pace = Pace::new(NonZeroU32::new(2).expect("is not zero"));
        let left = |remaining, limited: bool, counted: Left| {
            assert_eq!((counted.per_minute, counted.remaining, counted.wait_s.is_some()), (2, remaining, limited));
        };
        left(1, false, pace.count(&"a"));
        left(0, false, pace.count(&"a"));
        left(0, true, pace.count(&"a"));
        left(1, false, pace.count(&"b"));
        assert!(pace.count(&"a").wait_s.is_some_and(|wait| (1..=31).contains(&wait)));
    }
}
