//! Holdings, and when each inventory was read.

use jiff::Timestamp;
use jiff::civil::Date;
use perennial_core::buyer::holding::{Holding, HoldingKey, ProviderName, RemoteId, Standing};

use super::{kept, kept_lines, kept_opt, rows};
use crate::columns::Columns;
use crate::driver::{Driver, Must, Result, Touch, Write, params};
use crate::session::{Session, refused};
use crate::{HoldingFilter, StoreError, Sync, sql};

/// Comes after every date, as text.
const AFTER_ALL: &str = "9999-99-99";

/// Leaves what was read with the database, to be written with others.
pub(crate) fn record<D: Driver>(
    session: &Session<D>,
    read_at: Timestamp,
    all: &[Holding],
) -> std::result::Result<(), StoreError> {
    all.iter().try_for_each(|Holding { key, kind, name, label, tags, parent, stand, period }| {
        let blocked = match &stand.standing {
            Standing::Renewable => None,
            Standing::Blocked(why) => Some(why.as_str()),
        };
        session.driver.write(&Write {
            doing: "record a holding",
            statement: sql::HOLDING_SET,
            params: params![
                key.provider.as_str(),
                key.id.as_str(),
                kind.word(),
                kept(name),
                kept_opt(label.as_deref()),
                kept_lines(tags),
                parent.as_ref().map(RemoteId::as_str),
                stand.until.to_string(),
                stand.expires_at.as_microsecond(),
                kept_opt(blocked),
                stand.native.word(),
                period.map(|period| period.to_string()),
                read_at.as_microsecond(),
            ],
            // The same one may come twice, where pages shift while they are read: the later one holds.
            touches: &[Touch::holding(key)],
            must: Must::Change,
        })
    })
}

/// Forgets what was not read since a reading began, and remembers the reading.
pub(crate) fn end_sync<D: Driver>(
    session: &Session<D>,
    provider: &ProviderName,
    began_at: Timestamp,
) -> std::result::Result<u64, StoreError> {
    session.all_or_none(|_| {
        let (provider, began_at) = (provider.as_str(), began_at.as_microsecond());
        let end = || -> Result<i64> {
            session.execute(sql::HOLDINGS_FORGET, params![provider, began_at])?;
            let count = session.row(sql::HOLDINGS_COUNT, params![provider], |row| Columns::of(row).take())?;
            let count = count.unwrap_or_default();
            session.execute(sql::SYNC_SET, params![provider, began_at, count])?;
            Ok(count)
        };
        end().map(i64::unsigned_abs).map_err(refused("end the reading of an inventory"))
    })
}

/// A page of holdings.
pub(crate) fn page<D: Driver>(
    session: &Session<D>,
    filter: &HoldingFilter,
    after: Option<(Date, &HoldingKey)>,
    rows_max: u32,
) -> Result<Vec<Holding>> {
    let before = filter.until_before.map_or_else(|| AFTER_ALL.to_owned(), |day| day.to_string());
    let (until, provider, id) = match after {
        Some((until, key)) => (until.to_string(), key.provider.as_str(), key.id.as_str()),
        None => (String::new(), "", ""),
    };
    match &filter.provider {
        None => session.rows(sql::HOLDINGS, params![until, provider, id, before, rows_max], rows::holding::<D>),
        Some(of) => {
            session.rows(sql::HOLDINGS_OF, params![of.as_str(), until, id, before, rows_max], rows::holding::<D>)
        }
    }
}

pub(crate) fn one<D: Driver>(session: &Session<D>, key: &HoldingKey) -> Result<Option<Holding>> {
    session.row(sql::HOLDING, params![key.provider.as_str(), key.id.as_str()], rows::holding::<D>)
}

/// The holdings that are called this, in capitals or not.
pub(crate) fn find<D: Driver>(session: &Session<D>, name: &str) -> Result<Vec<Holding>> {
    session.rows(sql::HOLDINGS_FIND, params![name.to_ascii_lowercase()], rows::holding::<D>)
}

pub(crate) fn syncs<D: Driver>(session: &Session<D>) -> Result<Vec<Sync>> {
    session.rows(sql::SYNCS, params![], rows::sync::<D>)
}
