//! Charges: what gateways are to move, what came of it, and which node asks them.

use jiff::Timestamp;
use perennial_core::charge::{Charge, ChargeState, Decline, Direction};
use perennial_core::ids::{AccountId, ChargeId, MethodId, OrderId};
use perennial_core::order::Origin;

use crate::columns::Columns;
use crate::driver::{Driver, Must, Result, Row, Touch, Write, params};
use crate::session::{Session, refused};
use crate::{OpenCharge, StoreError, sql};

/// Writes a new charge, after its order.
pub(crate) fn open<D: Driver>(session: &Session<D>, charge: &Charge) -> std::result::Result<(), StoreError> {
    let again_on = charge.again_on.map(|day| day.to_string());
    let row = params![
        charge.id.0,
        charge.account.0,
        charge.order.0,
        charge.method.0,
        charge.direction.word(),
        charge.amount.minor(),
        charge.amount.currency().code(),
        charge.from_balance.minor(),
        charge.origin.word(),
        again_on,
        charge.opened.as_microsecond(),
        charge.reference,
        charge.state.word(),
    ];
    let (statement, touches) = (sql::CHARGE_INSERT, &[Touch::Order(charge.order)]);
    session.driver.write(&Write { doing: "open a charge", statement, params: row, touches, must: Must::Insert })
}

/// Writes the reference of an open charge, or what came of it.
pub(crate) fn set<D: Driver>(session: &Session<D>, charge: &Charge) -> std::result::Result<(), StoreError> {
    let (settled, decline) = match charge.state {
        ChargeState::Open => (None, None),
        ChargeState::Settled(at) | ChargeState::Credited(at) => (Some(at), None),
        ChargeState::Declined(at, decline) => (Some(at), Some(decline.word())),
    };
    let settled = settled.map(Timestamp::as_microsecond);
    let row = params![charge.reference, charge.state.word(), settled, decline, charge.id.0, charge.account.0];
    let (statement, touches) = (sql::CHARGE_SET, &[Touch::Order(charge.order)]);
    session.driver.write(&Write { doing: "set a charge", statement, params: row, touches, must: Must::Change })
}

/// Leaves open charges to a node for a while; tells which, those that were tried least first.
pub(crate) fn claim<D: Driver>(
    session: &Session<D>,
    node: &str,
    now: Timestamp,
    until: Timestamp,
    rows_max: u32,
) -> std::result::Result<Vec<OpenCharge>, StoreError> {
    session.check_open()?;
    let row = params![node, until.as_microsecond(), now.as_microsecond(), rows_max];
    let claimed = session.rows(sql::CHARGES_CLAIM, row, |row| {
        let mut columns = Columns::of(row);
        Ok(OpenCharge { charge: charge(&mut columns)?, tries: columns.take()? })
    });
    let mut claimed = claimed.map_err(refused("claim charges"))?;
    claimed.sort_unstable_by_key(|open| (open.tries, open.charge.id));
    Ok(claimed)
}

/// Notes that it is not known what came of a charge, and that it is to be left alone for a while.
pub(crate) fn wait<D: Driver>(
    session: &Session<D>,
    id: ChargeId,
    until: Timestamp,
) -> std::result::Result<(), StoreError> {
    session.check_open()?;
    let waits = session.execute(sql::CHARGE_WAIT, params![until.as_microsecond(), id.0]);
    waits.map(drop).map_err(refused("note that a charge waits"))
}

/// A charge from its row.
pub(crate) fn row<D: Driver>(row: &D::Row<'_>) -> Result<Charge> {
    charge(&mut Columns::of(row))
}

fn charge(columns: &mut Columns<'_, impl Row>) -> Result<Charge> {
    let (id, account) = (ChargeId(columns.take()?), AccountId(columns.take()?));
    let (order, method) = (OrderId(columns.take()?), MethodId(columns.take()?));
    let direction = columns.parse(Direction::from_word)?;
    let amount = columns.money_and_currency()?;
    Ok(Charge {
        id,
        account,
        order,
        method,
        direction,
        amount,
        from_balance: columns.money(amount.currency())?,
        origin: columns.parse(Origin::from_word)?,
        again_on: columns.date_opt()?,
        opened: columns.instant()?,
        reference: columns.take()?,
        state: state(columns)?,
    })
}

fn state(columns: &mut Columns<'_, impl Row>) -> Result<ChargeState> {
    let (word, settled) = (columns.take()?, columns.instant_opt()?);
    match (word, settled, columns.parse_opt(Decline::from_word)?) {
        ("open", None, None) => Ok(ChargeState::Open),
        ("settled", Some(at), None) => Ok(ChargeState::Settled(at)),
        ("credited", Some(at), None) => Ok(ChargeState::Credited(at)),
        ("declined", Some(at), Some(decline)) => Ok(ChargeState::Declined(at, decline)),
        _ => Err(columns.unknown(word)),
    }
}
