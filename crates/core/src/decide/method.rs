//! Registered payment methods.

use jiff::Timestamp;

use super::Decision;
use crate::account::Account;
use crate::command::Reply;
use crate::ids::MethodId;
use crate::payment::{MethodStatus, PaymentMethod, Preference};
use crate::refusal::Refusal;
use crate::snapshot::{Change, Snapshot};

/// Changes what a method is called and whether it is the default. There is one default at the most.
pub(super) fn edit(
    now: Timestamp,
    seen: &Snapshot,
    account: &Account,
    id: MethodId,
    description: Option<&str>,
    preference: Option<Preference>,
) -> Result<Decision, Refusal> {
    let method = method_of(seen, account, id)?;
    let makes_default = preference == Some(Preference::Default);
    if makes_default && !method.usable(account.zone.date_of(now)) {
        return Err(Refusal::MethodNotValid(id));
    }
    let mut changes = Vec::new();
    if makes_default {
        let mut others: Vec<_> = seen
            .methods
            .values()
            .filter(|other| other.account == account.id && other.id != id && other.preference == Preference::Default)
            .collect();
        others.sort_by_key(|other| other.id);
        changes.extend(
            others
                .into_iter()
                .map(|other| Change::SetMethod(PaymentMethod { preference: Preference::Other, ..other.clone() })),
        );
    }
    changes.push(Change::SetMethod(PaymentMethod {
        description: description.map(str::to_owned).or_else(|| method.description.clone()),
        preference: preference.unwrap_or(method.preference),
        ..method.clone()
    }));
    Ok(Decision::new(changes, Reply::Done))
}

/// Takes a method away; payments made with it keep its id.
pub(super) fn remove(seen: &Snapshot, account: &Account, id: MethodId) -> Result<Decision, Refusal> {
    let method = method_of(seen, account, id)?;
    let status = MethodStatus::Cancelled;
    let preference = Preference::Other;
    Ok(Decision::done(Change::SetMethod(PaymentMethod { status, preference, ..method.clone() })))
}

fn method_of<'a>(seen: &'a Snapshot, account: &Account, id: MethodId) -> Result<&'a PaymentMethod, Refusal> {
    seen.methods
        .get(&id)
        .filter(|method| method.account == account.id && method.status == MethodStatus::Valid)
        .ok_or(Refusal::UnknownMethod(id))
}
