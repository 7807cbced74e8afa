//! What an account tells of itself, and the reports that are kept for it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Decision;
use crate::account::Account;
use crate::command::Reply;
use crate::ids::{JobId, OrderId};
use crate::job::Job;
use crate::refusal::Refusal;
use crate::snapshot::{Change, Snapshot};

/// Changes what the account tells of itself. What it is billed by (country, tax, currency, zone) is the seller's to set.
pub(super) fn edit(
    account: &Account,
    name: Option<&str>,
    email: Option<&str>,
    facts: &BTreeMap<String, Option<String>>,
) -> Decision {
    let mut edited = account.clone();
    edited.name = name.map_or(edited.name, str::to_owned);
    edited.email = email.map_or(edited.email, str::to_owned);
    for (key, value) in facts {
        match value {
            Some(value) => edited.facts.insert(key.clone(), value.clone()),
            None => edited.facts.remove(key),
        };
    }
    Decision::done(Change::SetAccount(edited))
}

/// Keeps the report of work that is done.
pub(super) fn record_job(
    now: Timestamp,
    seen: &Snapshot,
    account: &Account,
    kind: &str,
    order: Option<OrderId>,
    report: &str,
) -> Result<Decision, Refusal> {
    if let Some(order) = order {
        seen.order_of(account.id, order)?;
    }
    let id = JobId(seen.next.job);
    let job = Job { id, account: account.id, kind: kind.to_owned(), order, report: report.to_owned(), at: now };
    Ok(Decision::new(vec![Change::RecordJob(job)], Reply::Job(id)))
}
