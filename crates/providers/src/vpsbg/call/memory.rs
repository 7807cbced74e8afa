//! What is kept in mind between calls, so that little is read twice. Nothing that decides about a payment rests on it
//! alone.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use perennial_core::money::Currency;

use super::wire::{Order, Promo};

/// How long the account's currency and the promo codes of a plan are kept in mind.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(1);

/// The most orders, and the most plans, that are kept in mind; past that it begins anew.
const KEPT_MAX: usize = 20_000;

/// What is kept in mind.
#[derive(Default)]
pub(super) struct Memory {
    currency: Mutex<Option<(Timestamp, Currency)>>,
    promos: Mutex<BTreeMap<i64, (Timestamp, Vec<Promo>)>>,
    /// Which servers each order renews, while a list shows it with the same amounts: lists have no lines.
    servers: Mutex<BTreeMap<i64, (String, Vec<i64>)>>,
}

impl Memory {
    /// The account's currency, if it was read not long ago.
    pub fn currency(&self, now: Timestamp) -> Option<Currency> {
        (*lock(&self.currency)).filter(|(at, _)| is_fresh(*at, now)).map(|(_, currency)| currency)
    }

    pub fn keep_currency(&self, now: Timestamp, currency: Currency) {
        *lock(&self.currency) = Some((now, currency));
    }

    /// The promo codes of a plan, if they were read not long ago.
    pub fn promos(&self, now: Timestamp, plan: i64) -> Option<Vec<Promo>> {
        lock(&self.promos).get(&plan).filter(|(at, _)| is_fresh(*at, now)).map(|(_, promos)| promos.clone())
    }

    pub fn keep_promos(&self, now: Timestamp, plan: i64, promos: Vec<Promo>) {
        bounded(&mut lock(&self.promos)).insert(plan, (now, promos));
    }

    /// Whether an order of a list is known to renew other servers than this one.
    pub fn is_of_others(&self, listed: &Order, server: i64) -> bool {
        let known = lock(&self.servers);
        known.get(&listed.id.0).is_some_and(|(sums, servers)| *sums == self::sums(listed) && !servers.contains(&server))
    }

    /// Keeps in mind which servers an order renews that was read alone, and how the list shows it.
    pub fn keep_servers(&self, listed: &Order, servers: Vec<i64>) {
        bounded(&mut lock(&self.servers)).insert(listed.id.0, (sums(listed), servers));
    }
}

/// The amounts of an order: another service in it would change them.
fn sums(order: &Order) -> String {
    let from_balance = order.amount_from_balance.as_ref().map_or("0", |amount| amount.text());
    format!("{} {from_balance}", order.amount_with_vat.text())
}

fn is_fresh(at: Timestamp, now: Timestamp) -> bool {
    now.duration_since(at).abs() < KEPT_FOR
}

fn bounded<T>(kept: &mut BTreeMap<i64, T>) -> &mut BTreeMap<i64, T> {
    if kept.len() >= KEPT_MAX {
        kept.clear();
    }
    kept
}

fn lock<T>(kept: &Mutex<T>) -> MutexGuard<'_, T> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}
