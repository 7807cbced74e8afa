//! The states of an intent, taken apart into columns and put together again.

use jiff::civil::Date;
use perennial_core::buyer::intent::{By, Sender, Sent, State};
use perennial_core::buyer::remote::{Receipt, RemoteOrder};

/// What the columns of a state hold. Which of them belong to which word, the schema checks as well.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Columns<'a> {
    pub(super) word: &'a str,
    pub(super) order: Option<&'a RemoteOrder>,
    pub(super) sent: Option<&'a str>,
    pub(super) sender: Option<&'a str>,
    pub(super) clean: Option<u8>,
    pub(super) reads: Option<u32>,
    pub(super) receipt: Option<&'a Receipt>,
    pub(super) foreign_until: Option<Date>,
    pub(super) refused_by: Option<By>,
    pub(super) why: Option<&'a str>,
}

impl<'a> Columns<'a> {
    /// Takes a state apart.
    pub(super) fn of(state: &'a State) -> Self {
        let common = Self { word: state.word(), order: state.order(), receipt: state.receipt(), ..Self::default() };
        match state {
            State::Planned | State::Ordering | State::Ordered(_) | State::Paying(_) | State::Done(_) => common,
            State::Unsure { sent, sender, clean, reads } => Self {
                sent: Some(sent_word(sent)),
                sender: Some(sender_word(*sender)),
                clean: Some(*clean),
                reads: Some(*reads),
                ..common
            },
            State::Confirming { reads, .. } => Self { reads: Some(*reads), ..common },
            State::Foreign { until } => Self { foreign_until: Some(*until), ..common },
            State::Refused { by, why, .. } => Self { refused_by: Some(*by), why: Some(why), ..common },
            State::Parked { sent, why } => Self { sent: Some(sent_word(sent)), why: Some(why), ..common },
        }
    }
}

/// What was read of a state.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) word: String,
    pub(super) order: Option<RemoteOrder>,
    pub(super) sent: Option<String>,
    pub(super) sender: Option<String>,
    pub(super) clean: Option<u8>,
    pub(super) reads: Option<u32>,
    pub(super) receipt: Receipt,
    pub(super) foreign_until: Option<Date>,
    pub(super) refused_by: Option<By>,
    pub(super) why: Option<String>,
}

impl Parts {
    /// Puts a state together; none where something of it is missing.
    pub(super) fn state(self) -> Option<State> {
        let Self { word, order, sent, sender, clean, reads, receipt, foreign_until, refused_by, why } = self;
        Some(match word.as_str() {
            "planned" => State::Planned,
            "ordering" => State::Ordering,
            "ordered" => State::Ordered(order?),
            "paying" => State::Paying(order?),
            "unsure" => State::Unsure {
                sent: sent_of(&sent?, order)?,
                sender: sender_of(&sender?)?,
                clean: clean?,
                reads: reads?,
            },
            "confirming" => State::Confirming { receipt, reads: reads? },
            "done" => State::Done(receipt),
            "foreign" => State::Foreign { until: foreign_until? },
            "refused" => State::Refused { by: refused_by?, why: why?, left: order },
            "parked" => State::Parked { sent: sent_of(&sent?, order)?, why: why? },
            _ => return None,
        })
    }
}

const fn sent_word(sent: &Sent) -> &'static str {
    match sent {
        Sent::Order => "order",
        Sent::Placed(_) => "placed",
        Sent::Payment(_) => "payment",
    }
}

fn sent_of(word: &str, order: Option<RemoteOrder>) -> Option<Sent> {
    match word {
        "order" => Some(Sent::Order),
        "placed" => order.map(Sent::Placed),
        "payment" => order.map(Sent::Payment),
        _ => None,
    }
}

const fn sender_word(sender: Sender) -> &'static str {
    match sender {
        Sender::Ended => "ended",
        Sender::MayLive => "may-live",
    }
}

fn sender_of(word: &str) -> Option<Sender> {
    [Sender::Ended, Sender::MayLive].into_iter().find(|sender| sender_word(*sender) == word)
}
