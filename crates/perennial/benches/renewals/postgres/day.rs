//! The day of the schedule on PostgreSQL.

use anyhow::Result;
use perennial_store::postgres::PostgresStore;

use super::raw::Manner;
use super::{BASE, Databases, RUN, for_time, raw, world};
use crate::day::{Ledger, Sides, World, compare};
use crate::report::Report;
use crate::sweep::TIME;

/// Measures a day of the schedule on PostgreSQL, over this many services, of which so many are due.
pub fn run(services: i64, due: i64, report: &mut Report) -> Result<()> {
    let databases = Databases::start(report)?;
    let (all, alone) = (World::of(services, due)?, World::of(0, due)?);
    eprintln!("making a database of {} services", all.services());
    world::sell(&databases.cluster, BASE, all.services(), &all.expiries)?;
    let cores = databases.cores()?;
    let reference = raw::run(&databases.copy(BASE, RUN)?, all.services(), Manner::Free, for_time(TIME))?;
    databases.drop(RUN)?;
    world::sell(&databases.cluster, RUN, alone.services(), &alone.expiries)?;
    databases.cluster.sql("postgres", "checkpoint")?;
    let open = |name: &str| -> Result<Ledger> {
        let store = PostgresStore::open(&databases.cluster.socket_url(name))?;
        Ledger::open(store.reader(), Box::new(store))
    };
    let sides = Sides { all: open(BASE)?, alone: open(RUN)? };
    let ask = |question: &str| databases.cluster.sql(BASE, question);
    compare(report, "PostgreSQL", &all, sides, &reference, [171, 181], ask)?;
    report.judge_others(cores.end()?.others);
    Ok(())
}
