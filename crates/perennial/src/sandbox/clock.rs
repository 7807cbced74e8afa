//! The sandbox's clock, which people move, the file that remembers by how much, and the way through the days in between.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};
use perennial_core::ports::{Clock, Rejection};
use perennial_engine::clock::MovableClock;
use perennial_engine::schedule::{Passed, Schedule};
use tokio::sync::Mutex;

const FILE: &str = "clock";

/// How many years one move leads ahead at the most: every day on the way is gone through.
const YEARS_MAX: i16 = 10;

/// A movable clock that is where it was left when the sandbox starts again on the same data.
#[derive(Clone, Debug)]
pub struct KeptClock {
    clock: Arc<MovableClock>,
    file: PathBuf,
}

impl KeptClock {
    /// Starts the clock at an instant, or where it was left, or at the real time.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn open(folder: &Path, now: Option<Timestamp>) -> anyhow::Result<Self> {
        let file = folder.join(FILE);
        let ahead = if file.exists() {
            let text = std::fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
            let ahead = text.trim().parse::<SignedDuration>();
            ahead.with_context(|| {
                format!("reading {}\nhint: remove the file to start at the real time", file.display())
            })?
        } else {
            SignedDuration::ZERO
        };
        let clock = Self { clock: Arc::new(MovableClock::ahead_by(ahead)), file };
        if let Some(now) = now {
            clock.set(now)?;
        }
        Ok(clock)
    }

    /// The clock itself.
    pub fn shared(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock) as Arc<dyn Clock>
    }

    /// The present instant.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// How far ahead of the real time it is.
    pub fn ahead(&self) -> SignedDuration {
        self.clock.ahead()
    }

    /// Moves the clock to an instant.
    ///
    /// # Errors
    /// When that cannot be remembered.
    pub fn set(&self, now: Timestamp) -> anyhow::Result<()> {
        self.clock.set(now);
        self.keep()
    }

    /// The instant a calendar span from now, counted in UTC; none beyond the calendar.
    pub fn after(&self, span: Span) -> Option<Timestamp> {
        Some(self.clock.now().to_zoned(TimeZone::UTC).checked_add(span).ok()?.timestamp())
    }

    fn keep(&self) -> anyhow::Result<()> {
        std::fs::write(&self.file, format!("{}\n", self.ahead()))
            .with_context(|| format!("writing {}", self.file.display()))
    }
}

/// Where the clock is to be moved.
#[derive(Clone, Copy, Debug)]
pub enum Move {
    /// By a calendar span.
    By(Span),
    /// To an instant.
    To(Timestamp),
}

/// Why the clock did not get where it was to be moved.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    /// It is not moved so far at once, or out of the calendar.
    #[error(
        "the clock cannot be moved there: one move leads at most {YEARS_MAX} years ahead, and none out of the calendar"
    )]
    TooFar,
    /// Where it is cannot be remembered.
    #[error("{0:#}")]
    Kept(anyhow::Error),
    /// The schedule could not go through a day. The clock stands at its beginning.
    #[error(transparent)]
    Schedule(#[from] Rejection),
}

/// Moves the clock, and with it the time of the whole sandbox.
#[derive(Clone)]
pub struct Travel {
    /// The clock.
    pub clock: KeptClock,
    /// The schedule, which goes through the days; none where it was left out.
    pub schedule: Option<Arc<Mutex<Schedule>>>,
}

impl Travel {
    /// Moves the clock: forward by way of the beginning of every day in between, on each of which the schedule runs to its
    /// end; tells what became of services. One that is moved back changes nothing.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn go(&self, way: Move) -> Result<Passed, Stopped> {
        let mut passed = Passed::default();
        let Some(schedule) = &self.schedule else {
            self.set(self.end_of(way)?)?;
            return Ok(passed);
        };
        let mut schedule = schedule.lock().await;
        let end = self.end_of(way)?;
        if end >= self.clock.now() {
            passed.add(schedule.catch_up().await?);
            while let Some(next) = schedule.tomorrow().filter(|next| *next < end) {
                self.set(next)?;
                passed.add(schedule.catch_up().await?);
            }
        }
        self.set(end)?;
        passed.add(schedule.catch_up().await?);
        Ok(passed)
    }

    fn end_of(&self, way: Move) -> Result<Timestamp, Stopped> {
        let end = match way {
            Move::By(span) => self.clock.after(span),
            Move::To(instant) => Some(instant),
        };
        let last = self.clock.after(Span::new().years(YEARS_MAX)).unwrap_or(Timestamp::MAX);
        end.filter(|end| *end <= last).ok_or(Stopped::TooFar)
    }

    fn set(&self, now: Timestamp) -> Result<(), Stopped> {
        self.clock.set(now).map_err(Stopped::Kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_where_it_was_left() {
        let folder = tempfile::tempdir().expect("makes a folder");
        let there: Timestamp = "2031-01-31T12:00:00Z".parse().expect("is an instant");
        let near = |clock: &KeptClock, there: Timestamp| clock.now().duration_since(there).as_secs() < 60;
        assert!(near(&KeptClock::open(folder.path(), Some(there)).expect("starts"), there));
        let again = KeptClock::open(folder.path(), None).expect("starts again");
        assert!(near(&again, there));
        again.set(again.after(Span::new().months(1)).expect("is in the calendar")).expect("moves");
        let moved = "2031-02-28T12:00:00Z".parse().expect("is an instant");
        assert!(near(&KeptClock::open(folder.path(), None).expect("starts again"), moved));
    }
}
