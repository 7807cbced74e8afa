//! Registered payment methods.

use jiff::Timestamp;

use super::Decision;
use crate::account::Account;
use crate::command::{NewMethod, Reply};
use crate::ids::MethodId;
use crate::payment::{MethodKind, MethodStatus, PaymentMethod, Preference};
use crate::refusal::Refusal;
use crate::snapshot::{Change, Snapshot};

/// Registers a method. One that shows the same of itself, taken away or not, is that method again, under its id.
pub(super) fn add(now: Timestamp, seen: &Snapshot, account: &Account, new: &NewMethod) -> Result<Decision, Refusal> {
    if matches!(new.kind, MethodKind::Balance | MethodKind::CreditLine) {
        return Err(Refusal::MethodNotTaken(new.kind));
    }
    let twin = seen
        .methods
        .values()
        .filter(|method| method.account == account.id && method.kind == new.kind && method.label == new.label)
        .min_by_key(|method| method.id);
    let method = PaymentMethod {
        id: twin.map_or(MethodId(seen.next.method), |twin| twin.id),
        account: account.id,
        kind: new.kind,
        label: new.label.clone(),
        description: new.description.clone(),
        status: MethodStatus::Valid,
        preference: new.preference,
        expires: new.expires,
        created: twin.map_or(now, |twin| twin.created),
        // One that a gateway keeps does not begin to count as paid at once.
        on_gateway: new.on_gateway.clone().or_else(|| twin.and_then(|twin| twin.on_gateway.clone())),
    };
    let reply = Reply::Method(method.id);
    let mut changes = Vec::new();
    if new.preference == Preference::Default {
        if !method.usable(account.zone.date_of(now)) {
            return Err(Refusal::MethodNotValid(method.id));
        }
        changes = demoted(seen, account, method.id);
    }
    changes.push(if twin.is_some() { Change::SetMethod(method) } else { Change::AddMethod(method) });
    Ok(Decision::new(changes, reply))
}

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
        changes = demoted(seen, account, id);
    }
    changes.push(Change::SetMethod(PaymentMethod {
        description: description.map(str::to_owned).or_else(|| method.description.clone()),
        preference: preference.unwrap_or(method.preference),
        ..method.clone()
    }));
    Ok(Decision::new(changes, Reply::Done))
}

/// The other methods, none of them the default any more.
fn demoted(seen: &Snapshot, account: &Account, id: MethodId) -> Vec<Change> {
    let mut others: Vec<_> = seen
        .methods
        .values()
        .filter(|other| other.account == account.id && other.id != id && other.preference == Preference::Default)
        .collect();
    others.sort_by_key(|other| other.id);
    let demote = |other: &PaymentMethod| PaymentMethod { preference: Preference::Other, ..other.clone() };
    others.into_iter().map(|other| Change::SetMethod(demote(other))).collect()
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
