//! The audit: what must hold in the books, looked up row by row. Each rule is one query whose rows are the findings, in
//! words.

use std::ops::ControlFlow;

use crate::columns::Columns;
use crate::driver::{Driver, Result, params};
use crate::session::Session;
use crate::sql::{Statement, text};

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

/// Findings of one rule that are told; the first ones show what went wrong.
const FINDINGS_MAX: usize = 1000;

/// How many rows there are of each kind.
const COUNTS: &Statement = &Statement::same(text!("shared/audit/counts.sql"));

/// Names each rule's text.
macro_rules! rules {
    ($($name:literal)*) => {
        &[$(($name, &Statement::same(include_str!(concat!("../sql/shared/audit/", $name, ".sql"))))),*]
    };
}

pub(crate) const RULES: &[(&str, &Statement)] = rules! {
    "one-payment"
    "one-original"
    "one-extension"
    "credit-notes"
    "order-bookings"
    "payment-sources"
    "open-charges"
    "settled-charges"
    "order-numbers"
    "invoice-numbers"
    "line-sums"
    "running-sums"
    "double-entry"
    "paid-spans"
    "open-orders"
    "unpaid-services"
    "stage-expiries"
    "ended-services"
    "intent-notes"
    "intent-evidence"
};

/// Looks the whole ledger through.
pub(crate) fn audit<D: Driver>(session: &Session<D>) -> Result<AuditReport> {
    let checked = session.rows(COUNTS, params![], |row| {
        let mut columns = Columns::of(row);
        Ok((columns.take()?, columns.take::<i64>()?.unsigned_abs()))
    })?;
    let mut findings = Vec::new();
    for &(rule, statement) in RULES {
        let mut told = 0;
        session.driver.each(statement, params![], |row| {
            findings.push(Finding { rule, what: Columns::of(row).take()? });
            told += 1;
            Ok(if told < FINDINGS_MAX { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        })?;
    }
    Ok(AuditReport { checked, findings })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_in_the_folder_is_run() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("sql/shared/audit");
        for file in std::fs::read_dir(folder).expect("there is the folder") {
            let file = file.expect("can be read").path();
            let name = file.file_stem().and_then(|stem| stem.to_str()).expect("has a name");
            assert!(name == "counts" || RULES.iter().any(|(rule, _)| *rule == name), "`{name}` is run");
        }
    }
}
