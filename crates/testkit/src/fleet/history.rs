//! What clients were told, token by token.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Result, ensure};

/// What clients were told.
#[derive(Clone, Debug, Default)]
pub struct History {
    pub(super) tokens: BTreeMap<String, Told>,
    /// The number of the token, by service, under which clients renew it together.
    pub(super) rounds: BTreeMap<i64, u32>,
    /// Renewals that each node was the first to tell of as done.
    pub(super) done_by: Vec<usize>,
    /// Answers, in the order of [`Answer::ALL`].
    pub(super) answers: [usize; 5],
}

/// What was told of the requests under one token.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Told {
    pub(super) order: Option<i64>,
    pub(super) end: Option<End>,
}

/// How a renewal ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It was paid, under this token.
    Done,
    /// The order was paid under another one.
    Refused,
}

/// What became of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Done,
    Refused,
    /// The node says that nothing was done.
    Failed,
    /// The node says that it does not know.
    Unknown,
    /// The node says nothing, or not in time.
    Silent,
}

impl Answer {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Done, "done"),
        (Self::Refused, "refused"),
        (Self::Failed, "failed"),
        (Self::Unknown, "unknown"),
        (Self::Silent, "silent"),
    ];
}

impl History {
    /// How many requests a node said it could not carry out, or did not know of whether it had.
    pub fn failures(&self) -> usize {
        self.answers[2] + self.answers[3]
    }

    pub(super) fn count(&mut self, answer: Answer) {
        let place = Answer::ALL.iter().position(|(each, _)| *each == answer);
        self.answers[place.expect("all are listed")] += 1;
    }

    /// Takes note that a token's order was placed; a token has one.
    pub(super) fn placed(&mut self, token: &str, order: i64) -> Result<()> {
        let told = self.tokens.entry(token.to_owned()).or_default();
        let before = *told.order.get_or_insert(order);
        ensure!(before == order, "under token {token}, order {before} was placed, and then order {order}");
        Ok(())
    }

    /// Takes note of how a token's renewal ended; it ends in one way.
    pub(super) fn ended(&mut self, token: &str, end: End, node: usize) -> Result<()> {
        let told = self.tokens.entry(token.to_owned()).or_default();
        if told.end.is_none() && end == End::Done {
            self.done_by[node] += 1;
        }
        let before = *told.end.get_or_insert(end);
        ensure!(before == end, "the renewal under token {token} was told as {before:?}, and then as {end:?}");
        Ok(())
    }
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answers = Answer::ALL.iter().zip(self.answers).map(|((_, name), count)| format!("{count} {name}"));
        write!(f, "{} tokens; answers: {}; ", self.tokens.len(), answers.collect::<Vec<_>>().join(", "))?;
        write!(f, "renewals by node: {:?}", self.done_by)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_one_order_and_ends_in_one_way() {
        let mut history = History { done_by: vec![0; 2], ..History::default() };
        for node in [0, 1] {
            history.placed("a", 7).expect("is the same");
            history.ended("a", End::Done, node).expect("is the same");
        }
        assert_eq!(history.done_by, [1, 0], "a renewal is counted once");
        let other = history.placed("a", 8).expect_err("is another order");
        assert_eq!(other.to_string(), "under token a, order 7 was placed, and then order 8");
        let other = history.ended("a", End::Refused, 0).expect_err("is another end");
        assert_eq!(other.to_string(), "the renewal under token a was told as Done, and then as Refused");
    }
}
