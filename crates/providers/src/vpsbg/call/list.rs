//! Lists in pages: read whole, or not at all.

use std::collections::{BTreeMap, BTreeSet};

use perennial_core::buyer::remote::CallError;
use serde::Deserialize;

use super::Client;
use super::wire::{Meta, Order, Page};

/// How many items a page is asked to have: the most that is documented.
pub(super) const PER_PAGE: usize = 50;

/// The word of each state in the filter of orders, open ones under both of theirs: the documentation's own default has
/// another word than its list of states.
pub(super) const OPEN: &str = "awaiting_payment,pending_payment,processing";
pub(super) const OPEN_OR_PAID: &str = "awaiting_payment,pending_payment,processing,paid";
pub(super) const PAID: &str = "paid";
const ANY: &str = "awaiting_payment,pending_payment,processing,paid,cancelled";

const ORDERS: &str = "/orders";

/// How many pages of a list are read at the most: a provider that never comes to an end is not read for ever.
const PAGES_MAX: usize = 2_000;

/// Down to which orders a list is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Until {
    /// To its end.
    End,
    /// To an order, which is not among them.
    Order(i64),
}

impl Client {
    /// A page of a list, which is what it says it is.
    pub async fn page<T>(&self, path: &str, filter: Option<&str>, number: usize) -> Result<Page<T>, CallError>
    where
        T: for<'de> Deserialize<'de>,
    {
        let filter = filter.map(|words| format!("&filter%5Bstatus%5D={words}")).unwrap_or_default();
        let page: Page<T> = self.get(&format!("{path}?per_page={PER_PAGE}&page={number}{filter}")).await?;
        match broken(page.meta, number, page.data.len()) {
            None => Ok(page),
            Some(why) => Err(self.alien_list(path, &why)),
        }
    }

    /// The orders that are wanted, of all pages: in some states, or as they are shown where none is named.
    pub async fn orders(
        &self,
        states: Option<&str>,
        until: Until,
        wanted: impl Fn(&Order) -> bool + Send + Sync,
    ) -> Result<Vec<Order>, CallError> {
        let (mut found, mut seen, mut total) = (Vec::new(), BTreeSet::new(), None);
        let mut falling = Falling::default();
        for number in 1..=PAGES_MAX {
            let page: Page<Order> = self.page(ORDERS, states, number).await?;
            if *total.get_or_insert(page.meta.total) != page.meta.total {
                return Err(self.alien_list(ORDERS, "it changed while it was read"));
            }
            for order in page.data {
                if !seen.insert(order.id) {
                    return Err(self.alien_list(ORDERS, "it has an order twice"));
                }
                falling.take(order.id.0);
                if matches!(until, Until::Order(mark) if order.id.0 <= mark) || !wanted(&order) {
                    continue;
                }
                found.push(order);
            }
            let is_past = matches!(until, Until::Order(mark) if falling.is_past(mark));
            if is_past || is_last(page.meta, number) {
                return Ok(found);
            }
        }
        Err(self.alien_list(ORDERS, "it has no end"))
    }

    /// The newest orders, newest first: in the documented states, and as they are shown where none is named, which is the
    /// only way to see one in another state. Lists are newest first, it seems; where one does not look so, its other end is
    /// read as well.
    pub async fn newest_orders(&self) -> Result<Vec<Order>, CallError> {
        let mut found = BTreeMap::new();
        for states in [Some(ANY), None] {
            let page: Page<Order> = self.page(ORDERS, states, 1).await?;
            let last = usize::try_from(page.meta.last_page.0).unwrap_or(1);
            let falls = page.data.len() > 1 && page.data.is_sorted_by(|one, next| one.id > next.id);
            if last > 1 && !falls {
                let end: Page<Order> = self.page(ORDERS, states, last).await?;
                found.extend(end.data.into_iter().map(|order| (order.id, order)));
            }
            found.extend(page.data.into_iter().map(|order| (order.id, order)));
        }
        Ok(found.into_values().rev().collect())
    }

    fn alien_list(&self, path: &str, why: &str) -> CallError {
        self.caller.not_understood(&format!("GET {path}"), &why)
    }
}

/// Whether a page is the last one.
pub(super) fn is_last(meta: Meta, number: usize) -> bool {
    usize::try_from(meta.last_page.0).is_ok_and(|last| last <= number)
}

/// What is wrong with a page of so many items, asked for by its number.
fn broken(meta: Meta, number: usize, items: usize) -> Option<String> {
    let read = |number: i64| usize::try_from(number).ok();
    let (current, last) = (read(meta.current_page.0), read(meta.last_page.0));
    let (Some(current), Some(last), Some(size), Some(total)) =
        (current, last, read(meta.per_page.0), read(meta.total.0))
    else {
        return Some("it counts below nothing".to_owned());
    };
    if current != number || last < number {
        return Some(format!("page {number} of it is page {current} of {last}"));
    }
    let before = size.saturating_mul(number.saturating_sub(1));
    let expected = if number < last { Some(size) } else { total.checked_sub(before) };
    let is_whole = expected == Some(items) && items <= size && size > 0;
    (!is_whole).then(|| format!("page {number} of {last} has {items} of {total} items, {size} a page"))
}

/// Whether the numbers of a list have been falling so far.
#[derive(Default)]
struct Falling {
    last: Option<i64>,
    broken: bool,
}

impl Falling {
    fn take(&mut self, number: i64) {
        self.broken |= self.last.is_some_and(|last| last <= number);
        self.last = Some(number);
    }

    /// Whether all that is to come is at a mark or below.
    fn is_past(&self, mark: i64) -> bool {
        !self.broken && self.last.is_some_and(|last| last <= mark)
    }
}

#[cfg(test)]
mod tests {
    use super::super::wire::Whole;
    use super::*;

    #[test]
    fn a_page_is_what_it_says_it_is_or_broken() {
        for (current, last, size, total, number, items, is_whole) in [
            (1, 1, 50, 0, 1, 0, true),
            (1, 1, 50, 3, 1, 3, true),
            (1, 2, 50, 51, 1, 50, true),
            (2, 2, 50, 51, 2, 1, true),
            (2, 2, 50, 100, 2, 50, true),
            // Another page than the one that was asked for, and one past the end.
            (1, 2, 50, 51, 2, 50, false),
            (2, 1, 50, 3, 2, 0, false),
            // Cut short, at the end and before it.
            (1, 2, 50, 51, 1, 49, false),
            (2, 2, 50, 52, 2, 1, false),
            (1, 1, 50, 3, 1, 0, false),
            // More than there is room for.
            (1, 1, 2, 3, 1, 3, false),
            // Pages of nothing, without an end.
            (1, 9, 0, 0, 1, 0, false),
            (1, 1, 50, -1, 1, 0, false),
        ] {
            let meta = Meta {
                current_page: Whole(current),
                last_page: Whole(last),
                per_page: Whole(size),
                total: Whole(total),
            };
            let found = broken(meta, number, items);
            assert_eq!(found.is_none(), is_whole, "{meta:?} {number} {items}: {found:?}");
        }
    }

    #[test]
    fn a_list_is_left_early_only_while_it_falls() {
        let of = |numbers: &[i64]| {
            let mut falling = Falling::default();
            for number in numbers {
                falling.take(*number);
            }
            falling
        };
        assert!(of(&[9, 7, 5]).is_past(5));
        assert!(!of(&[9, 7, 6]).is_past(5));
        assert!(!of(&[3, 4, 5]).is_past(9) && !of(&[]).is_past(9));
    }
}
