//! What the next commit carries of the commands that have arrived.

use std::collections::VecDeque;
use std::mem::Discriminant;

use perennial_core::command::Action;
use perennial_core::turn::Turn;

use super::Job;

/// The kind of command that goes alone of what has arrived, if one does, where the database is a trip away. There a
/// statement costs much the same for one row as for some, and commands of one kind share their statements: so a kind that
/// half of what has arrived is of, or more, goes alone. What came first is passed over once at the most.
pub(super) fn alike(arrived: &VecDeque<Job>, was_passed_over: &mut bool) -> Option<Discriminant<Action>> {
    let of_kind = |kind| arrived.iter().filter(|job| job.kind() == kind).count();
    let mut kinds = arrived.iter().map(Job::kind).take(if *was_passed_over { 1 } else { arrived.len() });
    let kind = kinds.find(|kind| of_kind(*kind) * 2 >= arrived.len()).flatten();
    *was_passed_over = kind.is_some() && arrived.front().is_some_and(|first| first.kind() != kind);
    kind
}

/// What the next commit carries of what has arrived, and of what comes until it has its turn.
pub(super) struct Going {
    /// One kind of command, or else all of them.
    kind: Option<Discriminant<Action>>,
    pub(super) turn: Turn,
}

impl Going {
    pub(super) fn of(arrived: &VecDeque<Job>, kind: Option<Discriminant<Action>>) -> Self {
        let all = Self { kind, turn: Turn::All };
        let turns = arrived.iter().filter(|job| all.takes(job)).map(Job::turn);
        Self { turn: turns.reduce(Turn::and).unwrap_or(Turn::All), ..all }
    }

    pub(super) fn takes(&self, job: &Job) -> bool {
        (self.kind.is_none() || job.kind() == self.kind) && self.turn.covers(job.turn())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use perennial_core::command::Command;
    use perennial_core::ids::{AccountId, OrderId, ServiceId};
    use tokio::sync::oneshot;

    use super::super::Asked;
    use super::*;

    /// Commands of accounts that count up: `c` cancels an order, `s` suspends a service, `e` edits the account.
    fn jobs(kinds: &str) -> VecDeque<Job> {
        let action = |kind| match kind {
            'c' => Action::CancelOrder { order: OrderId(1) },
            's' => Action::Suspend { service: ServiceId(1) },
            _ => Action::EditAccount { name: None, email: None, facts: BTreeMap::new() },
        };
        let job = |(id, kind)| {
            let command = Command { account: AccountId(id), token: None, action: action(kind) };
            Job::Command { asked: Box::new(Asked { access: None, command }), answer: oneshot::channel().0 }
        };
        (1..).zip(kinds.chars()).map(job).collect()
    }

    fn accounts(jobs: impl IntoIterator<Item = Job>) -> Vec<i64> {
        let account = |job| match job {
            Job::Command { asked, .. } => asked.command.account.0,
            Job::Chore { .. } => 0,
        };
        jobs.into_iter().map(account).collect()
    }

    #[test]
    fn a_kind_that_half_of_what_has_arrived_is_of_goes_alone() {
        for (kinds, was_passed_over, gone, left) in [
            ("c", false, &[1][..], &[][..]),
            ("cscs", false, &[1, 3], &[2, 4]),
            ("csss", false, &[2, 3, 4], &[1]),
            ("csss", true, &[1, 2, 3, 4], &[]),
            ("ccse", true, &[1, 2], &[3, 4]),
            ("cse", false, &[1, 2, 3], &[]),
        ] {
            let (arrived, mut passed_over) = (jobs(kinds), was_passed_over);
            let going = Going::of(&arrived, alike(&arrived, &mut passed_over));
            let (goes, stays): (Vec<_>, Vec<_>) = arrived.into_iter().partition(|job| going.takes(job));
            assert_eq!(accounts(goes), gone, "{kinds}");
            assert_eq!(passed_over, left.first() == Some(&1), "{kinds}");
            assert_eq!(accounts(stays), left, "{kinds}");
        }
    }
}
