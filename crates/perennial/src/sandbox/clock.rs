//! The sandbox's clock, which people move, and the file that remembers by how much.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use jiff::{SignedDuration, Span, Timestamp};
use perennial_core::ports::Clock;
use perennial_engine::clock::MovableClock;

const FILE: &str = "clock";

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

    /// Moves the clock by a span.
    ///
    /// # Errors
    /// When the span leads beyond the calendar, or the move cannot be remembered.
    pub fn advance(&self, by: Span) -> anyhow::Result<()> {
        self.clock.advance(by)?;
        self.keep()
    }

    fn keep(&self) -> anyhow::Result<()> {
        std::fs::write(&self.file, format!("{}\n", self.ahead()))
            .with_context(|| format!("writing {}", self.file.display()))
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
        again.advance(Span::new().months(1)).expect("moves");
        let moved = "2031-02-28T12:00:00Z".parse().expect("is an instant");
        assert!(near(&KeptClock::open(folder.path(), None).expect("starts again"), moved));
    }
}
