//! Runs the audit: each rule is one query whose rows are the findings, in words.

use rusqlite::Result;

use super::session::Session;
use crate::{AuditReport, Finding};

/// Findings of one rule that are told; the first ones show what went wrong.
const FINDINGS_MAX: usize = 1000;

/// How many rows there are of each kind.
const COUNTS: &str = include_str!("../../sql/shared/audit/counts.sql");

/// Names each rule's text.
macro_rules! rules {
    ($($name:literal)*) => {
        &[$(($name, include_str!(concat!("../../sql/shared/audit/", $name, ".sql")))),*]
    };
}

const RULES: &[(&str, &str)] = rules! {
    "one-payment"
    "one-original"
    "one-extension"
    "credit-notes"
    "order-bookings"
    "payment-sources"
    "order-numbers"
    "invoice-numbers"
    "line-sums"
    "running-sums"
    "double-entry"
    "paid-spans"
    "open-orders"
    "unpaid-services"
};

/// Looks the whole ledger through.
pub(super) fn audit(session: &Session) -> Result<AuditReport> {
    let checked = session.rows(COUNTS, [], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())))?;
    let mut findings = Vec::new();
    for &(rule, text) in RULES {
        let mut statement = session.connection.prepare(text)?;
        for what in statement.query_map([], |row| row.get(0))?.take(FINDINGS_MAX) {
            findings.push(Finding { rule, what: what? });
        }
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
