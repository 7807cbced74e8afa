//! Intents: the decision to renew one service once from one known expiry, and how far it was carried.
//!
//! [`next`] is the state machine: from what is on file and what was just seen, to what goes on file and what is done
//! then. Whoever carries it out writes first and acts afterwards, so that a crash leaves a state that says what may have
//! been sent. At most one payment is made for a service and expiry: what may have been sent is never sent again before
//! it has been read back, and where reading cannot settle it, it is parked for a person.

use std::fmt;

use jiff::Timestamp;

use super::holding::{HoldingKey, Native};
use super::remote::{Ask, CallError, Finding, Offer, Outcome, Receipt, RemoteOrder, Sight, Watermark};

mod next;
#[cfg(test)]
mod tests;

pub use self::next::next;

/// What an intent is called by: made from provider, service, expiry and purpose, so that the same decision has the same id
/// wherever it is taken.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IntentId(pub String);

impl fmt::Display for IntentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The decision to renew one service once from one known expiry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// What it is called by.
    pub id: IntentId,
    /// Which service.
    pub key: HoldingKey,
    /// What is to be bought. It never changes: another request is another intent.
    pub ask: Ask,
    /// The instant at which the service expires.
    pub expires_at: Timestamp,
    /// The provider's own automatic renewal, when it was decided.
    pub native: Native,
    /// When it was decided.
    pub made_at: Timestamp,
    /// How far it was carried.
    pub state: State,
    /// Where the provider's books stood before the order was sent; none before that.
    pub watermark: Option<Watermark>,
    /// When something was last about to be sent.
    pub sent_at: Option<Timestamp>,
    /// How many times something was sent, or was to be, and came to nothing.
    pub tries: u8,
    /// When it is to be gone on with, where it waits.
    pub next_at: Option<Timestamp>,
}

/// How far an intent was carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing was sent, or what was sent is known to have come to nothing.
    Planned,
    /// The order may have been sent.
    Ordering,
    /// An order for it stands at the provider, unpaid.
    Ordered(RemoteOrder),
    /// The payment of that order may have been sent.
    Paying(RemoteOrder),
    /// Something was sent, and nobody knows what came of it.
    Unsure {
        /// What was sent.
        sent: Sent,
        /// Whether whoever sent it may still be at it.
        sender: Sender,
        /// How many complete readings, far enough apart, have shown nothing of it.
        clean: u8,
        /// How many times it was read in all.
        reads: u32,
    },
    /// It was paid, the provider says; the expiry is still to show it.
    Confirming {
        /// What shows it.
        receipt: Receipt,
        /// How many times it was read.
        reads: u32,
    },
    /// Paid, and the expiry has moved.
    Done(Receipt),
    /// Somebody else renewed the service first. We paid nothing.
    Foreign {
        /// Where the service stands now.
        until: jiff::civil::Date,
    },
    /// It was not renewed, and we paid nothing.
    Refused {
        /// Who said no.
        by: By,
        /// Why, in words.
        why: String,
        /// The order that was left unpaid at the provider, if there is one.
        left: Option<RemoteOrder>,
    },
    /// It cannot be told what became of it; a person decides.
    Parked {
        /// What was sent.
        sent: Sent,
        /// Why it cannot be told, and what was seen.
        why: String,
    },
}

/// What was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The order.
    Order,
    /// The order, and this one stands at the provider, where it may be paid by itself.
    Placed(RemoteOrder),
    /// The payment of an order.
    Payment(RemoteOrder),
}

impl Sent {
    /// The order that it was about, where that is known.
    pub const fn order(&self) -> Option<&RemoteOrder> {
        match self {
            Self::Order => None,
            Self::Placed(order) | Self::Payment(order) => Some(order),
        }
    }

    /// Whether no more than an order was sent.
    pub const fn is_order(&self) -> bool {
        matches!(self, Self::Order | Self::Placed(_))
    }
}

/// Whether whoever sent something may still be at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// The call has ended, or the process that made it has: nothing can arrive any more.
    Ended,
    /// Nobody knows: a process that stands still may go on.
    MayLive,
}

/// Who refused a renewal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// We did: something has moved since the plan was made.
    Us,
    /// The provider.
    Provider,
    /// Nobody: the provider was not reached.
    Network,
    /// A person, who found that it was not paid.
    Person,
}

impl By {
    /// Everybody.
    pub const ALL: [Self; 4] = [Self::Us, Self::Provider, Self::Network, Self::Person];

    /// The word for it in SQL, files and replies.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Us => "us",
            Self::Provider => "provider",
            Self::Network => "network",
            Self::Person => "person",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|by| by.word() == word)
    }
}

impl State {
    /// The word for it in SQL, files and replies.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Ordering => "ordering",
            Self::Ordered(_) => "ordered",
            Self::Paying(_) => "paying",
            Self::Unsure { .. } => "unsure",
            Self::Confirming { .. } => "confirming",
            Self::Done(_) => "done",
            Self::Foreign { .. } => "foreign",
            Self::Refused { .. } => "refused",
            Self::Parked { .. } => "parked",
        }
    }

    /// Whether it is still to be settled. While it is, nothing else may renew the service.
    pub const fn is_open(&self) -> bool {
        !matches!(self, Self::Done(_) | Self::Foreign { .. } | Self::Refused { .. })
    }

    /// Whether something was sent of which nobody knows what came of it.
    pub const fn is_unknown(&self) -> bool {
        matches!(self, Self::Ordering | Self::Paying(_) | Self::Unsure { .. } | Self::Parked { .. })
    }

    /// Whether it is done on a person's word alone, which can be taken back.
    pub const fn is_by_word(&self) -> bool {
        matches!(self, Self::Done(Receipt { until: None, .. }))
    }

    /// Whether a person may settle it, or have it read again where the person found nothing.
    pub const fn can_be_settled(&self, verdict: Option<Verdict>) -> bool {
        self.is_unknown()
            || matches!(self, Self::Confirming { .. })
            || self.is_by_word() && matches!(verdict, Some(Verdict::NotPaid))
    }

    /// The order that stands at the provider for it, where one is known.
    pub const fn order(&self) -> Option<&RemoteOrder> {
        match self {
            Self::Ordered(order) | Self::Paying(order) => Some(order),
            Self::Unsure { sent, .. } | Self::Parked { sent, .. } => sent.order(),
            Self::Refused { left, .. } => left.as_ref(),
            Self::Planned | Self::Ordering | Self::Confirming { .. } | Self::Done(_) | Self::Foreign { .. } => None,
        }
    }

    /// What shows that it was paid, where that is known.
    pub const fn receipt(&self) -> Option<&Receipt> {
        match self {
            Self::Confirming { receipt, .. } | Self::Done(receipt) => Some(receipt),
            _ => None,
        }
    }
}

/// What has just been seen.
#[derive(Debug)]
pub enum Event {
    /// Somebody took the intent up, perhaps after somebody else.
    TakenUp {
        /// Whether the one before may still be at it.
        before: Sender,
    },
    /// The pause that was asked for is over.
    Waited,
    /// The service was looked at; its offer for just this length as well, where nothing was ordered yet. None where it is
    /// gone.
    Looked(Option<(Sight, Option<Offer>)>),
    /// What was sent has an outcome.
    Told(Outcome),
    /// What was sent was read back.
    Found(Finding),
    /// What was to be read could not be read.
    Unreadable(CallError),
    /// It was seen to that an order which is left behind is not paid by itself; or why that is not certain.
    Left {
        /// What was to follow then.
        then: Box<State>,
        /// Whether it does.
        outcome: Result<(), CallError>,
    },
    /// A person says what became of it.
    Settled(Verdict),
    /// A person wants what is parked read again.
    Reread,
}

/// What a person found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It was paid.
    Paid,
    /// It was not.
    NotPaid,
}

/// What is done next, once the intent is on file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Look at the service, and at its offer where nothing was ordered yet.
    Look,
    /// Send the order.
    Order,
    /// Send the payment of this order.
    Pay(RemoteOrder),
    /// See to it that an order which is left behind is not paid by itself, and then tell [`Event::Left`].
    LeaveUnpaid {
        /// The order.
        order: RemoteOrder,
        /// What follows once that is certain.
        then: Box<State>,
    },
    /// Read back what was sent.
    ReadBack,
    /// Wait, by a clock that nobody can set, and then tell [`Event::Waited`].
    Wait(jiff::SignedDuration),
    /// Nothing: it is settled, or parked.
    Stop,
}

/// One step: what goes on file, and what is done then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The intent as it goes on file.
    pub intent: Intent,
    /// What is done once it is there.
    pub action: Action,
    /// What happened, in words, for the evidence.
    pub note: String,
}
