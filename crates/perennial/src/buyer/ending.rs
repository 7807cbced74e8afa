//! How a command that plans or pays ended, as its exit code tells it.

use std::process::ExitCode;

/// How it ended, the best first: of several, the worst one is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    /// All is done, or nothing was to be done.
    #[default]
    Done,
    /// Something is due, or was renewed: told apart from the above only where that was asked for.
    Changed,
    /// The policy or a person says no, or something moved since it was planned. Nothing was paid.
    Refused,
    /// Something did not come off. Nothing was paid.
    Failed,
    /// It is under way, and is to be gone on with.
    Waiting,
    /// Something was sent, and nobody knows what came of it.
    Unknown,
}

impl Ending {
    /// Every one, the best first.
    #[cfg(test)]
    const ALL: [Self; 6] = [Self::Done, Self::Changed, Self::Refused, Self::Failed, Self::Waiting, Self::Unknown];

    /// The exit code. `is_detailed` is whether the caller wants to hear of what is due or renewed.
    pub const fn number(self, is_detailed: bool) -> u8 {
        match self {
            Self::Changed if is_detailed => 13,
            Self::Done | Self::Changed => 0,
            Self::Refused => 12,
            Self::Failed => 1,
            Self::Waiting => 10,
            Self::Unknown => 11,
        }
    }

    /// The exit code, for `main`.
    pub fn code(self, is_detailed: bool) -> ExitCode {
        ExitCode::from(self.number(is_detailed))
    }
}

/// What was asked for has no result, and why; with the exit code that says what that means.
#[derive(Debug, thiserror::Error)]
#[error("{why}")]
pub struct EndsAs {
    /// How it ended.
    pub ending: Ending,
    /// Why, in words.
    pub why: String,
}

impl EndsAs {
    /// It is refused as a whole, and nothing was done.
    pub const fn refused(why: String) -> Self {
        Self { ending: Ending::Refused, why }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_ending_has_its_exit_code() {
        let rows = [
            (Ending::Done, 0, 0),
            (Ending::Changed, 0, 13),
            (Ending::Refused, 12, 12),
            (Ending::Failed, 1, 1),
            (Ending::Waiting, 10, 10),
            (Ending::Unknown, 11, 11),
        ];
        for (ending, plain, detailed) in rows {
            assert_eq!((ending.number(false), ending.number(true)), (plain, detailed), "{ending:?}");
        }
        assert_eq!(rows.map(|(ending, ..)| ending), Ending::ALL);
    }

    #[test]
    fn the_worst_of_several_is_told() {
        let worst = |endings: &[Ending]| endings.iter().copied().max().unwrap_or_default().number(true);
        for (endings, number) in [
            (&[][..], 0),
            (&[Ending::Done, Ending::Changed], 13),
            (&[Ending::Refused, Ending::Changed], 12),
            (&[Ending::Refused, Ending::Failed], 1),
            (&[Ending::Waiting, Ending::Failed], 10),
            (&[Ending::Waiting, Ending::Unknown, Ending::Done], 11),
        ] {
            assert_eq!(worst(endings), number, "{endings:?}");
        }
    }
}
