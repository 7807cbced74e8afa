//! Many rows by one statement: what is looked up for many keys, and what many decisions write.
//!
//! A trip to the server and the planning of a statement cost more than a row does. So a batch looks everything of a kind
//! up at once, and gathers the rows of its decisions until something else is run.

use std::collections::HashMap;

use tokio_postgres::types::{ToSql, Type};

use crate::StoreError;
use crate::driver::{DriverError, Must, Param, Touch, Write};
use crate::session::refused;
use crate::sql::Statement;

/// The values of one parameter, for many rows or keys.
#[derive(Debug)]
pub(super) enum Column<T, B> {
    Int(Vec<Option<i64>>),
    Text(Vec<Option<T>>),
    Bytes(Vec<Option<B>>),
}

/// Values that are lent.
pub(super) type Lent<'a> = Column<&'a str, &'a [u8]>;

/// Values that are kept.
type Kept = Column<String, Vec<u8>>;

impl<'a, T: From<&'a str>, B: From<&'a [u8]>> Column<T, B> {
    /// A column that starts with a value. A parameter has one type, so all others are of the same.
    fn of(first: Param<'a>, rows: usize) -> Self {
        let mut column = match first {
            Param::Int(_) => Self::Int(Vec::with_capacity(rows)),
            Param::Text(_) => Self::Text(Vec::with_capacity(rows)),
            Param::Bytes(_) => Self::Bytes(Vec::with_capacity(rows)),
        };
        column.push(first);
        column
    }

    fn push(&mut self, param: Param<'a>) {
        match (self, param) {
            (Self::Int(ints), Param::Int(int)) => ints.push(int),
            (Self::Text(texts), Param::Text(text)) => texts.push(text.map(T::from)),
            (Self::Bytes(all), Param::Bytes(bytes)) => all.push(bytes.map(B::from)),
            (Self::Int(_) | Self::Text(_) | Self::Bytes(_), _) => unreachable!("a parameter has one type"),
        }
    }

    /// Puts the values in another order: at each place the one that was at that row.
    fn arrange(&mut self, rows: &[usize]) {
        fn arranged<V>(values: &mut [Option<V>], rows: &[usize]) -> Vec<Option<V>> {
            rows.iter().map(|row| values[*row].take()).collect()
        }
        match self {
            Self::Int(ints) => *ints = arranged(ints, rows),
            Self::Text(texts) => *texts = arranged(texts, rows),
            Self::Bytes(all) => *all = arranged(all, rows),
        }
    }

    /// The type of the array that it is sent as.
    const fn kind(&self) -> Type {
        match self {
            Self::Int(_) => Type::INT8_ARRAY,
            Self::Text(_) => Type::TEXT_ARRAY,
            Self::Bytes(_) => Type::BYTEA_ARRAY,
        }
    }
}

impl<T: ToSql + Sync, B: ToSql + Sync> Column<T, B> {
    fn values(&self) -> &(dyn ToSql + Sync) {
        match self {
            Self::Int(ints) => ints,
            Self::Text(texts) => texts,
            Self::Bytes(all) => all,
        }
    }
}

/// The keys of a lookup, a column for each parameter.
pub(super) fn columns<'a, const N: usize>(keys: &[[Param<'a>; N]]) -> Vec<Lent<'a>> {
    let Some((first, others)) = keys.split_first() else { return Vec::new() };
    let mut columns: Vec<_> = first.iter().map(|param| Lent::of(*param, keys.len())).collect();
    for key in others {
        columns.iter_mut().zip(key).for_each(|(column, param)| column.push(*param));
    }
    columns
}

/// A parameter and its type.
pub(super) type Typed<'a> = (&'a (dyn ToSql + Sync), Type);

/// Columns and their types, as they are sent.
pub(super) fn typed<'a, T, B>(columns: &'a [Column<T, B>]) -> Vec<Typed<'a>>
where
    T: ToSql + Sync + From<&'a str>,
    B: ToSql + Sync + From<&'a [u8]>,
{
    columns.iter().map(|column| (column.values(), column.kind())).collect()
}

/// A statement that looks rows up, for many keys at once: its columns, and then the number of the key, from 1. Rows come
/// key by key, in the statement's own order: whoever looks up one key after the other keeps the order of both.
pub(super) fn for_each(statement: &Statement, params: usize) -> String {
    let list = |prefix: &str| (1..=params).map(|number| format!("{prefix}{number}")).collect::<Vec<_>>().join(", ");
    format!(
        "select found.*, key.n from unnest({}) with ordinality as key ({}, n), lateral ({}) as found",
        list("$"),
        list("p"),
        statement.postgres.replace('$', "key.p"),
    )
}

/// Rows that wait to be written.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    sets: Vec<Set>,
    /// The last set that has to do with something.
    last: HashMap<Touch, usize>,
}

/// Rows that one statement writes.
#[derive(Debug)]
pub(super) struct Set {
    pub(super) statement: &'static Statement,
    pub(super) columns: Vec<Kept>,
    doing: &'static str,
    musts: Vec<Must>,
}

impl Set {
    fn of(write: &Write<'_>) -> Self {
        Self {
            statement: write.statement,
            columns: write.params.iter().map(|param| Kept::of(*param, 1)).collect(),
            doing: write.doing,
            musts: vec![write.must],
        }
    }

    /// Puts the rows of services that change in the order of their ids, as whoever has another turn may change some of them too:
    /// where all lock them in one order, nobody waits for somebody who waits for him.
    fn sort(&mut self) {
        let service = |must: &Must| if let Must::Move(service) = must { Some(*service) } else { None };
        if self.musts.is_sorted_by_key(service) {
            return;
        }
        let mut order: Vec<_> = (0..self.musts.len()).collect();
        order.sort_by_key(|row| service(&self.musts[*row]));
        self.columns.iter_mut().for_each(|column| column.arrange(&order));
        self.musts = order.iter().map(|row| self.musts[*row]).collect();
    }

    /// What came of it.
    pub(super) fn check(&self, changed: Result<u64, DriverError>) -> Result<(), StoreError> {
        let changed = changed.map_err(refused(self.doing))?;
        Must::check(&self.musts, self.doing, usize::try_from(changed).unwrap_or(usize::MAX))
    }
}

impl Gathered {
    /// Puts a row with those that the same statement writes: into the first set that comes after whatever else it has to
    /// do with. Rows that are inserted may follow each other in one set; no row is changed twice by one statement.
    pub(super) fn add(&mut self, write: &Write<'_>) {
        let after = write.touches.iter().filter_map(|touch| self.last.get(touch)).max();
        let first = match (after, write.must) {
            (None, _) => 0,
            (Some(set), Must::Insert) => *set,
            (Some(set), Must::Change | Must::Move(_)) => set + 1,
        };
        let found = self.sets.iter().skip(first).position(|set| set.statement == write.statement);
        let at = if let Some(offset) = found {
            let set = &mut self.sets[first + offset];
            set.columns.iter_mut().zip(write.params).for_each(|(column, param)| column.push(*param));
            set.musts.push(write.must);
            first + offset
        } else {
            self.sets.push(Set::of(write));
            self.sets.len() - 1
        };
        self.last.extend(write.touches.iter().map(|touch| (*touch, at)));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sets.is_empty()
    }

    pub(super) fn into_sets(mut self) -> Vec<Set> {
        self.sets.iter_mut().for_each(Set::sort);
        self.sets
    }
}

#[cfg(test)]
mod tests {
    use perennial_core::ids::{OrderId, ServiceId};

    use super::*;
    use crate::driver::params;
    use crate::sql;

    const ORDER: &Statement = sql::ORDER_INSERT;
    const SETTLE: &Statement = sql::ORDER_SETTLE;
    const EXTEND: &Statement = sql::SERVICE_EXTEND;

    /// Gathers rows, each with what it has to do with, and tells which rows each statement writes.
    fn gathered(rows: &[(&'static Statement, Must, &[Touch])]) -> Vec<(&'static str, Vec<Option<i64>>)> {
        let mut gathered = Gathered::default();
        for (number, &(statement, must, touches)) in (0_i64..).zip(rows) {
            gathered.add(&Write { doing: "test", statement, params: params![number], touches, must });
        }
        let name = |statement| match () {
            () if statement == ORDER => "order",
            () if statement == SETTLE => "settle",
            () => "extend",
        };
        let rows = |set: Set| match set.columns.into_iter().next() {
            Some(Column::Int(rows)) => (name(set.statement), rows),
            other => panic!("{other:?}"),
        };
        gathered.into_sets().into_iter().map(rows).collect()
    }

    #[test]
    fn decisions_that_have_nothing_in_common_share_their_statements() {
        let touches = |id| [Touch::Order(OrderId(id)), Touch::Service(ServiceId(id))];
        let (one, two) = (touches(1), touches(2));
        let renewal = |touches| {
            let id = Must::Move(ServiceId(1));
            [(ORDER, Must::Insert, touches), (SETTLE, Must::Change, touches), (EXTEND, id, touches)]
        };
        let rows = [renewal(&one[..]), renewal(&two[..])].concat();
        let expected =
            [("order", vec![Some(0), Some(3)]), ("settle", vec![Some(1), Some(4)]), ("extend", vec![Some(2), Some(5)])];
        assert_eq!(gathered(&rows), expected);
    }

    #[test]
    fn what_has_something_in_common_is_written_in_its_order() {
        let (order, service) = (Touch::Order(OrderId(1)), Touch::Service(ServiceId(1)));
        let moved = Must::Move(ServiceId(1));
        // Two orders of a service, one after the other: the second one follows what the first one changed.
        let rows: [(&Statement, Must, &[Touch]); 5] = [
            (ORDER, Must::Insert, &[order, service]),
            (EXTEND, moved, &[service]),
            (ORDER, Must::Insert, &[Touch::Order(OrderId(2)), service]),
            (EXTEND, moved, &[service]),
            (SETTLE, Must::Change, &[order]),
        ];
        let expected = [
            ("order", vec![Some(0)]),
            ("extend", vec![Some(1)]),
            ("order", vec![Some(2)]),
            ("extend", vec![Some(3)]),
            ("settle", vec![Some(4)]),
        ];
        assert_eq!(gathered(&rows), expected);
    }

    #[test]
    fn services_change_in_the_order_of_their_ids() {
        let row = |id| (EXTEND, Must::Move(ServiceId(id)), [Touch::Service(ServiceId(id))]);
        let [third, first, second] = [row(7), row(2), row(5)];
        let rows = [&third, &first, &second].map(|(statement, must, touches)| (*statement, *must, &touches[..]));
        assert_eq!(gathered(&rows), [("extend", vec![Some(1), Some(2), Some(0)])]);
    }

    #[test]
    fn no_statement_changes_a_row_twice() {
        let service = [Touch::Service(ServiceId(1))];
        let moved = Must::Move(ServiceId(1));
        assert_eq!(gathered(&[(EXTEND, moved, &service), (EXTEND, moved, &service)]).len(), 2);
        assert_eq!(gathered(&[(ORDER, Must::Insert, &service), (ORDER, Must::Insert, &service)]).len(), 1);
    }
}
