//! The sweep on PostgreSQL.

use anyhow::{Result, ensure};
use perennial_engine::clock::Stopwatch;
use perennial_store::Records;
use perennial_store::postgres::{PostgresReader, PostgresStore};

use super::raw::Manner;
use super::{BASE, Databases, RUN, for_time, raw, world};
use crate::report::Report;
use crate::sweep::{SMALL, TIME, page_time, sweep, tell};

/// Measures goals 11 and 12 on PostgreSQL, over this many services.
pub fn run(services: i64, report: &mut Report) -> Result<()> {
    let databases = Databases::start(report)?;
    let page = |name: &str, services: i64| {
        eprintln!("making a database of {services} services");
        let watch = Stopwatch::start();
        world::make(&databases.cluster, name, services)?;
        eprintln!("made in {:.0} s", watch.elapsed().as_secs_f64());
        page_time(&PostgresReader::open(&databases.cluster.socket_url(name))?)
    };
    let small = page("small", SMALL)?;
    databases.drop("small")?;
    let pages = [page(BASE, services)?, small];
    let cores = databases.cores()?;
    let reference = raw::run(&databases.copy(BASE, RUN)?, services, Manner::Free, for_time(TIME))?;
    databases.drop(RUN)?;
    let store = PostgresStore::open(&databases.cluster.socket_url(BASE))?;
    let reader = store.reader();
    let swept = sweep(Box::new(store), &reader)?;
    report.judge_others(cores.end()?.others);
    tell(report, "PostgreSQL", services, pages, &reference, &swept, [112, 113, 121]);
    let audit = reader.audit()?;
    ensure!(audit.is_sound(), "{:?}", audit.findings);
    Ok(())
}
