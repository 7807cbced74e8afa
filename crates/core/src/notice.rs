//! Notices: what leaves for a person after a commit, through the outbox.

use jiff::Timestamp;

use crate::ids::{AccountId, ServiceId};

/// What a notice is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// Somebody asked to terminate a service; the owner confirms with this token.
    TerminationRequested {
        /// Which service.
        service: ServiceId,
        /// The service's name.
        name: String,
        /// The secret that confirms it.
        token: String,
    },
}

impl NoticeKind {
    /// The word for it in SQL and file names.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::TerminationRequested { .. } => "termination-requested",
        }
    }
}

/// A message to an account's owner, written in the commit that caused it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Whose owner hears it.
    pub account: AccountId,
    /// What it is about.
    pub kind: NoticeKind,
    /// When it was caused.
    pub at: Timestamp,
}
