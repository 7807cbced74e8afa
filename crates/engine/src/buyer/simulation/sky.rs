//! Time and chance, for all of a simulation.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use perennial_core::ports::{BoxFuture, Clock, Timer};

/// The time that passes, the time that our clocks say, and a sequence of chances that a seed decides.
#[derive(Clone)]
pub struct Sky(Arc<Mutex<Inside>>);

struct Inside {
    passed: Duration,
    /// How far ahead of the truth our clocks are.
    ahead: SignedDuration,
    chance: u64,
    /// When somebody wants to be woken next.
    wake: Option<Duration>,
    /// Whether things go wrong.
    is_stormy: bool,
}

impl Sky {
    pub fn new(seed: u64, is_stormy: bool) -> Self {
        let chance = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03;
        let inside = Inside { passed: Duration::ZERO, ahead: SignedDuration::ZERO, chance, wake: None, is_stormy };
        Self(Arc::new(Mutex::new(inside)))
    }

    fn with<T>(&self, work: impl FnOnce(&mut Inside) -> T) -> T {
        work(&mut self.0.lock().expect("nobody panicked"))
    }

    pub fn passed(&self) -> Duration {
        self.with(|inside| inside.passed)
    }

    /// What time it is in truth.
    pub fn truth(&self) -> Timestamp {
        let start: Timestamp = "2026-01-10T06:00:00Z".parse().expect("is an instant");
        start.checked_add(self.passed()).expect("is not so far")
    }

    pub fn set_ahead(&self, ahead: SignedDuration) {
        self.with(|inside| inside.ahead = ahead);
    }

    pub fn calm_down(&self) {
        self.with(|inside| (inside.is_stormy, inside.ahead) = (false, SignedDuration::ZERO));
    }

    /// A number below `most`.
    pub fn roll(&self, most: u64) -> u64 {
        self.with(|inside| {
            inside.chance = inside.chance.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut mixed = inside.chance;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            (mixed ^ (mixed >> 31)) % most.max(1)
        })
    }

    /// Whether something happens that happens once in so many times, while things go wrong.
    pub fn strikes(&self, once_in: u64) -> bool {
        self.with(|inside| inside.is_stormy) && self.roll(once_in) == 0
    }

    /// Waits for some milliseconds, so that others may come first.
    pub fn pass(&self) -> Sleep {
        let span = Duration::from_millis(self.roll(900));
        self.sleep_for(span)
    }

    pub fn sleep_for(&self, span: Duration) -> Sleep {
        Sleep { sky: self.clone(), until: self.passed() + span }
    }

    pub fn wake_at(&self, at: Duration) {
        self.with(|inside| inside.wake = Some(inside.wake.map_or(at, |wake| wake.min(at))));
    }

    /// Lets time pass until somebody wants to be woken; at the least a millisecond.
    pub fn go_on(&self) {
        self.with(|inside| {
            let least = inside.passed + Duration::from_millis(1);
            inside.passed = inside.wake.take().map_or(least, |wake| wake.max(least));
        });
    }
}

pub struct Sleep {
    sky: Sky,
    until: Duration,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.sky.passed() >= self.until {
            return Poll::Ready(());
        }
        self.sky.wake_at(self.until);
        Poll::Pending
    }
}

impl Clock for Sky {
    fn now(&self) -> Timestamp {
        let ahead = self.with(|inside| inside.ahead);
        self.truth().checked_add(ahead).expect("is not so far")
    }
}

impl Timer for Sky {
    fn sleep(&self, span: Duration) -> BoxFuture<'_, ()> {
        Box::pin(self.sleep_for(span))
    }
}
