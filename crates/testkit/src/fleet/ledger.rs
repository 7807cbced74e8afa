//! What the ledger holds, read from its tables, beside what it should.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use anyhow::Result;

use super::history::{End, History};
use super::{BALANCE, MONTH_MINOR, UNTIL};
use crate::postgres;

/// What the ledger holds, by its tables.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// All orders.
    placed: BTreeSet<i64>,
    /// Those that are fulfilled.
    pub(super) paid: BTreeSet<i64>,
    /// The order that each token stands for: as placed, and as paid.
    placed_under: BTreeMap<String, i64>,
    paid_under: BTreeMap<String, i64>,
    /// Terms, by service.
    terms: BTreeMap<i64, Vec<Term>>,
    /// When each service is paid until.
    until: BTreeMap<i64, String>,
    /// The numbers of the invoices, and their orders.
    invoiced: Vec<(i64, i64)>,
    /// The orders of the payments, and what was paid.
    payments: Vec<(i64, i64)>,
    /// What the account has left, in cents.
    balance: i64,
}

impl Ledger {
    /// Reads it; what cannot be as it is, whatever was told, is wrong.
    pub(super) fn read(url: &str, wrong: &mut Vec<String>) -> Result<Self> {
        let rows = |sql: &str| -> Result<Vec<Vec<String>>> {
            let text = postgres::sql(url, sql)?;
            Ok(text.lines().map(|line| line.split('|').map(str::to_owned).collect()).collect())
        };
        let pairs = |sql: &str| -> Result<Vec<(i64, i64)>> {
            rows(sql)?.iter().map(|row| Ok((row[0].parse()?, row[1].parse()?))).collect()
        };
        let ids = |sql: &str| -> Result<BTreeSet<i64>> { rows(sql)?.iter().map(|row| Ok(row[0].parse()?)).collect() };
        let under = |operation: &str| -> Result<BTreeMap<String, i64>> {
            let sql = format!("select token, order_id from replays where operation = '{operation}'");
            rows(&sql)?.into_iter().map(|row| Ok((row[0].clone(), row[1].parse()?))).collect()
        };
        let mut ledger = Self {
            placed: ids("select id from orders")?,
            paid: ids("select id from orders where state = 'fulfilled'")?,
            placed_under: under("renew")?,
            paid_under: under("pay")?,
            invoiced: pairs("select number, order_id from invoices where kind = 'original'")?,
            payments: pairs("select order_id, amount_minor from payments")?,
            balance: postgres::sql(url, BALANCE_LEFT)?.trim().parse()?,
            ..Self::default()
        };
        for row in rows("select id, until_date from services")? {
            ledger.until.insert(row[0].parse()?, row[1].clone());
        }
        for row in rows("select service_id, from_date, until_date, order_id from extensions order by 1, 2, 4")? {
            let term = Term { from: row[1].clone(), until: row[2].clone(), order: row[3].parse()? };
            ledger.terms.entry(row[0].parse()?).or_default().push(term);
        }
        for (what, sql) in SUMS {
            for row in rows(sql)? {
                wrong.push(format!("{what}: {}", row.join(", ")));
            }
        }
        Ok(ledger)
    }

    pub(super) fn check(&self, history: &History, services: &[i64], wrong: &mut Vec<String>) {
        let open = history.tokens.iter().filter(|(_, told)| told.end.is_none()).map(|(token, _)| token);
        compare("tokens whose end nobody was told", [], open, wrong);
        let told = |done_only: bool| -> Vec<(&String, &i64)> {
            let tokens = history.tokens.iter().filter(|(_, told)| !done_only || told.end == Some(End::Done));
            tokens.filter_map(|(token, told)| Some((token, told.order.as_ref()?))).collect()
        };
        let (placed, paid) = (told(false), told(true));
        compare("tokens and their orders", &self.placed_under, placed.iter().copied(), wrong);
        compare("tokens and the orders that they paid", &self.paid_under, paid.iter().copied(), wrong);
        let orders: BTreeSet<i64> = placed.iter().map(|(_, order)| **order).collect();
        compare("orders", self.placed.iter().copied(), orders, wrong);

        // With several tokens that are said to have paid it, an order is missing here.
        let paid: Vec<i64> = paid.iter().map(|(_, order)| **order).collect();
        let sold = || paid.iter().copied();
        compare("paid orders", self.paid.iter().copied(), sold(), wrong);
        compare("payments, in cents", self.payments.iter().copied(), sold().map(|order| (order, MONTH_MINOR)), wrong);
        compare("invoiced orders", self.invoiced.iter().map(|(_, order)| *order), sold(), wrong);
        let numbers = (1..).take(paid.len());
        compare("invoice numbers", self.invoiced.iter().map(|(number, _)| *number), numbers, wrong);
        let left = BALANCE * 100 - MONTH_MINOR * paid.iter().map(|_| 1).sum::<i64>();
        compare("the balance in cents", [self.balance], [left], wrong);

        let extended = self.terms.values().flatten().map(|term| term.order);
        compare("extensions, by order", extended, sold(), wrong);
        compare("services", self.until.keys(), services, wrong);
        for (service, until) in &self.until {
            let mut end = UNTIL;
            for Term { from, until, order } in self.terms.get(service).into_iter().flatten() {
                compare(&format!("from when order {order} extended service {service}"), [from.as_str()], [end], wrong);
                end = until;
            }
            compare(&format!("when service {service} is paid until"), [until.as_str()], [end], wrong);
        }
    }
}

/// A paid span of a service.
#[derive(Debug)]
struct Term {
    from: String,
    until: String,
    order: i64,
}

/// Compares what the ledger holds with what it should, each thing as often as it comes.
fn compare<T: Ord + fmt::Debug>(
    what: &str,
    held: impl IntoIterator<Item = T>,
    wanted: impl IntoIterator<Item = T>,
    wrong: &mut Vec<String>,
) {
    const SHOWN: usize = 10;
    let mut counts: BTreeMap<T, i64> = BTreeMap::new();
    for thing in held {
        *counts.entry(thing).or_default() += 1;
    }
    for thing in wanted {
        *counts.entry(thing).or_default() -= 1;
    }
    let of = |sign: i64| counts.iter().filter(move |(_, count)| count.signum() == sign).map(|(thing, _)| thing);
    let (more, less) = (of(1).count(), of(-1).count());
    if more + less > 0 {
        let few = |sign| of(sign).take(SHOWN).collect::<Vec<_>>();
        wrong.push(format!("{what}: {more} too many {:?}, {less} missing {:?}", few(1), few(-1)));
    }
}

const BALANCE_LEFT: &str =
    "select balance_after_minor from transfers where balance_after_minor is not null order by id desc limit 1";

/// What no row may be found by, whatever was told.
const SUMS: [(&str, &str); 4] = [
    (
        "an expiry from which a service was extended more than once",
        "select service_id, from_date, count(*) from extensions group by 1, 2 having count(*) > 1",
    ),
    (
        "a book that is not the sum of its transfers",
        "select * from (select id, balance_after_minor, sum(case 'balance' when credit then amount_minor else \
         -amount_minor end) over (order by id) as summed from transfers where 'balance' in (debit, credit)) as running \
         where balance_after_minor <> summed",
    ),
    (
        "a currency whose transfers are not what was invoiced and paid in",
        "select currency, sum(amount) from (select currency, amount_minor as amount from transfers union all \
         select currency, -gross_minor from invoices union all select currency, -amount_minor from transfers \
         where order_id is null) as booked group by 1 having sum(amount) <> 0",
    ),
    (
        "an order whose payment, bookings and invoice differ",
        "select orders.id from orders where state = 'fulfilled' and (gross_minor <> all (select amount_minor from \
         payments where order_id = orders.id) or gross_minor is distinct from (select sum(amount_minor) from transfers \
         where order_id = orders.id) or gross_minor is distinct from (select sum(gross_minor) from invoices where \
         order_id = orders.id))",
    ),
];

#[cfg(test)]
mod tests {
    use super::super::history::Told;
    use super::*;

    /// Two clients renewed one service together and one of them again, and a third came too late to pay: as told.
    fn world() -> (History, Ledger) {
        let told = |order, end| Told { order: Some(order), end: Some(end) };
        let tokens = [("a", told(1, End::Done)), ("b", told(1, End::Refused)), ("c", told(2, End::Done))];
        let tokens = tokens.map(|(token, told)| (token.to_owned(), told)).into();
        let under = |pairs: &[(&str, i64)]| pairs.iter().map(|(token, order)| ((*token).to_owned(), *order)).collect();
        let term = |from: &str, until: &str, order| Term { from: from.to_owned(), until: until.to_owned(), order };
        let ledger = Ledger {
            placed: BTreeSet::from([1, 2]),
            paid: BTreeSet::from([1, 2]),
            placed_under: under(&[("a", 1), ("b", 1), ("c", 2)]),
            paid_under: under(&[("a", 1), ("c", 2)]),
            terms: [(1, vec![term(UNTIL, "2099-02-28", 1), term("2099-02-28", "2099-03-31", 2)])].into(),
            until: [(1, "2099-03-31".to_owned())].into(),
            invoiced: vec![(1, 1), (2, 2)],
            payments: vec![(1, MONTH_MINOR), (2, MONTH_MINOR)],
            balance: BALANCE * 100 - 2 * MONTH_MINOR,
        };
        (History { tokens, ..History::default() }, ledger)
    }

    fn found(change: impl FnOnce(&mut History, &mut Ledger)) -> String {
        let (mut history, mut ledger) = world();
        change(&mut history, &mut ledger);
        let mut wrong = Vec::new();
        ledger.check(&history, &[1], &mut wrong);
        wrong.join("\n")
    }

    #[test]
    fn a_ledger_that_is_as_told_is_right() {
        assert_eq!(found(|_, _| {}), "");
    }

    #[test]
    fn what_differs_is_named() {
        type Change = fn(&mut History, &mut Ledger);
        let table: [(&str, Change); 9] = [
            ("tokens whose end nobody was told: 0 too many [], 1 missing [\"c\"]", |told, _| {
                told.tokens.get_mut("c").expect("is there").end = None;
            }),
            ("paid orders: 0 too many [], 1 missing [1]", |told, _| {
                told.tokens.get_mut("b").expect("is there").end = Some(End::Done);
            }),
            ("paid orders: 1 too many [3], 0 missing []", |_, ledger| {
                ledger.paid.insert(3);
            }),
            ("orders: 0 too many [], 1 missing [2]", |_, ledger| {
                ledger.placed.remove(&2);
            }),
            ("tokens and the orders that they paid: 0 too many", |_, ledger| {
                ledger.paid_under.remove("a");
            }),
            ("payments, in cents: 1 too many [(2, 431)]", |_, ledger| ledger.payments.push((2, MONTH_MINOR))),
            ("invoice numbers: 1 too many [3], 1 missing [2]", |_, ledger| ledger.invoiced[1].0 = 3),
            ("from when order 2 extended service 1: 1 too many [\"2099-01-31\"]", |_, ledger| {
                UNTIL.clone_into(&mut ledger.terms.get_mut(&1).expect("is there")[1].from);
            }),
            ("the balance in cents: 1 too many", |_, ledger| ledger.balance += 1),
        ];
        for (what, change) in table {
            let found = found(change);
            assert!(found.contains(what), "{what:?} is not in {found:?}");
        }
    }
}
