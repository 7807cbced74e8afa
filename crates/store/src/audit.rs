//! The audit: what must hold in the books, looked up row by row.

/// What an audit looked at, and what it found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditReport {
    /// How many rows of each kind there are, by the kind's name.
    pub checked: Vec<(String, u64)>,
    /// What does not hold. Empty for sound books.
    pub findings: Vec<Finding>,
}

impl AuditReport {
    /// Whether the books are sound.
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }
}

/// Something in the books that must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule that does not hold, such as `one-payment`.
    pub rule: &'static str,
    /// Which row, and what is wrong with it, in plain words.
    pub what: String,
}
