//! The same draws for the same seed, on every machine (splitmix64).

use std::ops::RangeInclusive;

/// A source of draws.
pub struct Dice {
    state: u64,
}

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    fn number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is above zero.
    pub fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).expect("fits");
        usize::try_from(self.number() % end).expect("is below a `usize`")
    }

    pub fn int(&mut self, range: RangeInclusive<i64>) -> i64 {
        let span = usize::try_from(range.end() - range.start()).expect("is not empty");
        range.start() + i64::try_from(self.below(span + 1)).expect("is within the range")
    }

    pub fn one_in(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// One of the last few as a rule, else any; none of none.
    pub fn lately<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        const FEW: usize = 16;
        let few = if self.one_in(5) { from } else { &from[from.len().saturating_sub(FEW)..] };
        if few.is_empty() { None } else { Some(self.pick(few)) }
    }

    /// One of the last few, which as a rule is taken away, so that what comes next in a batch finds another; none of none.
    pub fn take<T: Clone>(&mut self, from: &mut Vec<T>) -> Option<T> {
        const FEW: usize = 6;
        let few = from.len().min(FEW);
        if few == 0 {
            return None;
        }
        let at = from.len() - 1 - self.below(few);
        Some(if self.one_in(4) { from[at].clone() } else { from.remove(at) })
    }

    /// Something as often as not.
    pub fn maybe<T>(&mut self, draw: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.one_in(2).then(|| draw(self))
    }

    pub fn digest(&mut self) -> [u8; 32] {
        let mut digest = [0; 32];
        for part in digest.chunks_exact_mut(8) {
            part.copy_from_slice(&self.number().to_le_bytes());
        }
        digest
    }
}
