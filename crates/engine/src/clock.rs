//! The clock: the only place that asks what time it is.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use perennial_core::ports::{BoxFuture, Clock, Timer};

/// The real clock, to the microsecond: no finer than what the ledger keeps, so that a reply reads back as it was given.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the house's clock")]
    fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }
}

/// A clock that runs at normal speed from wherever it was last moved to.
#[derive(Debug)]
pub struct MovableClock {
    /// How far ahead of the real clock it is.
    ahead: Mutex<SignedDuration>,
}

impl MovableClock {
    /// A clock that is `ahead` of the real one.
    pub const fn ahead_by(ahead: SignedDuration) -> Self {
        Self { ahead: Mutex::new(ahead) }
    }

    /// How far ahead of the real clock it is.
    pub fn ahead(&self) -> SignedDuration {
        *self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves the clock to an instant, in either direction.
    pub fn set(&self, now: Timestamp) {
        *self.ahead.lock().unwrap_or_else(PoisonError::into_inner) = now.duration_since(SystemClock.now());
    }
}

impl Clock for MovableClock {
    fn now(&self) -> Timestamp {
        let real = SystemClock.now();
        real.checked_add(self.ahead()).unwrap_or(real)
    }

    /// Whoever moved this clock moved no other.
    fn of_clients(&self) -> Timestamp {
        SystemClock.now()
    }
}

/// Waits by the monotonic clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct MonotonicTimer;

impl Timer for MonotonicTimer {
    fn sleep(&self, span: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(span))
    }
}

/// Measures how long something takes, by the monotonic clock.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts measuring.
    #[expect(clippy::disallowed_methods, reason = "this is the house's clock")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// How long it has been since the start.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moved_clock_runs_on_from_there() {
        let clock = MovableClock::ahead_by(SignedDuration::ZERO);
        let there: Timestamp = "2027-01-31T12:00:00Z".parse().expect("is an instant");
        clock.set(there);
        assert!(clock.now().duration_since(there) < SignedDuration::from_secs(60));
        let back: Timestamp = "2026-01-31T12:00:00Z".parse().expect("is an instant");
        clock.set(back);
        assert!(clock.now() < there, "it can be moved back");
        assert!(clock.of_clients().duration_since(SystemClock.now()).abs() < SignedDuration::from_secs(60));
    }
}
