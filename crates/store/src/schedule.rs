//! The stages that services went through, how far the schedule has come, and which node goes through the days.

use jiff::Timestamp;
use jiff::civil::Date;
use perennial_core::schedule::Attended;

use crate::columns::Columns;
use crate::driver::{Driver, Must, Touch, Write, params};
use crate::session::{Session, refused};
use crate::{Held, StoreError, sql};

/// Writes a stage that a service went through.
pub(crate) fn attend<D: Driver>(session: &Session<D>, attended: &Attended) -> Result<(), StoreError> {
    let until = attended.until.to_string();
    let row = params![attended.service.0, attended.account.0, until, attended.stage, attended.at.as_microsecond()];
    session.driver.write(&Write {
        doing: "note a stage",
        statement: sql::STAGE_INSERT,
        params: row,
        // It is of the expiry that the service has now, before whatever moves it.
        touches: &[Touch::Service(attended.service)],
        must: Must::Insert,
    })
}

/// Holds the schedule for a node for a while; none where another one holds it.
pub(crate) fn hold<D: Driver>(
    session: &Session<D>,
    node: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<Held>, StoreError> {
    session.check_open()?;
    let row = params![node, until.as_microsecond(), now.as_microsecond()];
    let held = session.row(sql::SCHEDULE_HOLD, row, |row| Ok(Held { done: Columns::of(row).date_opt()? }));
    held.map_err(refused("hold the schedule"))
}

/// Notes that a day is done; false where another node holds the schedule.
pub(crate) fn end_day<D: Driver>(session: &Session<D>, node: &str, day: Date) -> Result<bool, StoreError> {
    session.check_open()?;
    let day = day.to_string();
    let done = session.execute(sql::SCHEDULE_DONE, params![day, node]).map_err(refused("end a day of the schedule"))?;
    Ok(done == 1)
}
