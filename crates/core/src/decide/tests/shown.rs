//! What a command is shown: only what it wants, as from a store. A rule that looks at more would find nothing.

use std::sync::Arc;

use crate::ids::{AccountId, OrderId, ServiceId};
use crate::schedule::Attended;
use crate::snapshot::{Snapshot, Want};

/// Loads from a whole world what is wanted of it.
pub fn shown(whole: &Snapshot, wants: &[Want]) -> Snapshot {
    let (catalogue, next) = (Arc::clone(&whole.catalogue), whole.next.clone());
    let mut seen = Snapshot { catalogue, next, ..Snapshot::default() };
    for want in wants {
        load(whole, want, &mut seen);
    }
    seen
}

fn load(whole: &Snapshot, want: &Want, seen: &mut Snapshot) {
    match want {
        Want::Account(id) => seen.accounts.extend(whole.accounts.get(id).map(|found| (*id, found.clone()))),
        Want::Service(account, id) => service(whole, *account, *id, seen),
        Want::Family(account, id) => {
            service(whole, *account, *id, seen);
            let children = whole.children.get(id).cloned().unwrap_or_default();
            for child in &children {
                service(whole, *account, *child, seen);
            }
            seen.children.insert(*id, children);
        }
        Want::OpenOrders(account) => {
            let open = whole.orders.values().filter(|order| order.state == crate::order::OrderState::Open);
            let ids: Vec<_> = open.map(|order| order.id).collect();
            for id in ids {
                order(whole, *account, id, seen);
            }
        }
        Want::Order(account, id) => order(whole, *account, *id, seen),
        Want::OrderWithServices(account, id) => {
            order(whole, *account, *id, seen);
            let lines = seen.orders.get(id).map(|order| order.lines.clone()).unwrap_or_default();
            for line in lines {
                service(whole, *account, line.service, seen);
            }
        }
        Want::Link(_, id) => seen.links.extend(whole.links.get(id).map(|found| (*id, found.clone()))),
        Want::Job(_, id) => seen.jobs.extend(whole.jobs.get(id).map(|found| (*id, found.clone()))),
        Want::Charges(_, id) => seen.charges.extend(whole.charges.get(id).map(|found| (*id, found.clone()))),
        Want::Payment(_, id) => seen.payments.extend(whole.payments.get(id).map(|found| (*id, found.clone()))),
        Want::Invoices(_, id) => seen.invoices.extend(whole.invoices.get(id).map(|found| (*id, found.clone()))),
        Want::Method(account, id) => {
            let found = whole.methods.get(id).filter(|method| method.account == *account);
            seen.methods.extend(found.map(|found| (*id, found.clone())));
        }
        Want::Methods(account) => {
            let found = whole.methods.values().filter(|method| method.account == *account);
            seen.methods.extend(found.map(|found| (found.id, found.clone())));
        }
        Want::Attended(account, id) => {
            let found = whole.attended.get(id).into_iter().flatten();
            let (until, mine) =
                (whole.services.get(id).map(|found| found.until), |it: &&Attended| it.account == *account);
            let found = found.filter(mine).filter(|it| Some(it.until) == until).cloned();
            seen.attended.entry(*id).or_default().extend(found);
        }
        Want::Balances(id) => seen.balances.extend(whole.balances.get(id).map(|found| (*id, *found))),
        Want::Coupons(account) => coupons(whole, *account, seen),
        Want::Replay(key) => {
            if let Some(replay) = whole.replays.get(key) {
                order(whole, key.account, replay.answer.order(), seen);
                seen.replays.insert(key.clone(), replay.clone());
            }
        }
        Want::Termination(_, id) => seen.terminations.extend(whole.terminations.get(id).map(|it| (*id, it.clone()))),
        Want::Application(id) => seen.applications.extend(whole.applications.get(id).map(|it| (*id, it.clone()))),
        Want::Nonce(nonce) => seen.nonces.extend(whole.nonces.get(nonce).map(|kept| (*nonce, *kept))),
        Want::Credential(id) => seen.credentials.extend(whole.credentials.get(id).map(|it| (*id, it.clone()))),
    }
}

fn service(whole: &Snapshot, account: AccountId, id: ServiceId, seen: &mut Snapshot) {
    let Ok(found) = whole.service_of(account, id) else { return };
    if let Some(open) = found.open_order {
        order(whole, account, open, seen);
    }
    seen.services.insert(id, found.clone());
}

fn order(whole: &Snapshot, account: AccountId, id: OrderId, seen: &mut Snapshot) {
    seen.orders.extend(whole.order_of(account, id).ok().map(|found| (id, found.clone())));
}

fn coupons(whole: &Snapshot, account: AccountId, seen: &mut Snapshot) {
    let held = whole.coupons.get(&account).cloned().unwrap_or_default();
    for id in held.iter().filter_map(|coupon| coupon.used_by) {
        order(whole, account, id, seen);
    }
    seen.coupons.insert(account, held);
}
