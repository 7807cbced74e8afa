//! Jobs: the reports of work on many services, for dialects whose clients come back and ask how it went. The work
//! itself is done, by commands, before its report is made.

use jiff::Timestamp;

use crate::ids::{AccountId, JobId, OrderId};

/// What became of a piece of work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Which job.
    pub id: JobId,
    /// Whose services it was about.
    pub account: AccountId,
    /// What was done, in the dialect's word, such as `bulk-renew`.
    pub kind: String,
    /// The order that came of it, if one did.
    pub order: Option<OrderId>,
    /// What the dialect tells of it, in its own writing.
    pub report: String,
    /// When it was done.
    pub at: Timestamp,
}
