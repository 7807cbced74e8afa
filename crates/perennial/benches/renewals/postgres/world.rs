//! The ledger in a PostgreSQL database that every run starts from.

use std::time::Duration;

use anyhow::Result;
use jiff::civil::Date;
use perennial_store::postgres::PostgresStore;
use perennial_store::{Record, Store};
use perennial_testkit::postgres::Cluster;

use super::raw::{self, Limit, Manner};
use crate::world::{ACCOUNTS, master_data, service, year};

/// Renewals that the ledger begins with. A statement that is prepared on empty tables keeps the plan that suits those.
const RENEWED: u64 = 20_000;

/// Makes a database with `services` servers that expire over a year and their first renewals, and takes its statistics.
pub fn make(cluster: &Cluster, name: &str, services: i64) -> Result<()> {
    sell(cluster, name, services, &year())?;
    let renewed = Limit { renewals: RENEWED.min(services.unsigned_abs() / 4), time: Duration::MAX };
    raw::run(&cluster.socket_url(name), services, Manner::Free, renewed)?;
    cluster.sql(name, "vacuum analyze")?;
    cluster.sql(name, "checkpoint")?;
    Ok(())
}

/// Makes a database with `services` servers that expire on these days in turn, and takes its statistics. What is recorded
/// is recorded by the product; the services after the first are made from that one.
pub fn sell(cluster: &Cluster, name: &str, services: i64, expiries: &[Date]) -> Result<()> {
    cluster.sql("postgres", &format!("create database {name}"))?;
    let url = cluster.socket_url(name);
    let mut store = PostgresStore::open(&url)?;
    let mut batch = store.begin()?;
    let [server, _] = master_data(&mut *batch)?;
    batch.record(&Record::Service(service(1, server, expiries)?))?;
    batch.commit()?;
    drop(store);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let days: Vec<_> = expiries.iter().map(Date::to_string).collect();
    runtime.block_on(async {
        let client = raw::connect(&url).await?;
        client.batch_execute("set session_replication_role = replica").await?;
        client.execute(include_str!("sql/world.sql"), &[&ACCOUNTS, &services, &days]).await?;
        client.batch_execute("vacuum analyze").await?;
        anyhow::Ok(())
    })
}
