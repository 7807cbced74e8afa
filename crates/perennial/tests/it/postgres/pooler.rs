//! Nodes behind a pooler, which lends its few connections by the transaction.

use anyhow::ensure;
use perennial_testkit::{Cluster, Fleet};

use super::fleet::{BURST, SERVICES, check, lose_turn};

/// Connections that the pooler has to the database: one for each node that writes or waits for its turn, and one that
/// all readers share.
const CONNECTIONS: u32 = 3;

const NODES: usize = 2;
const CLIENTS: usize = 32;

#[test]
fn nodes_share_the_few_connections_of_a_pooler() {
    let cluster = Cluster::shared().unwrap();
    let pooler = cluster.pooler(CONNECTIONS).unwrap();
    let database = cluster.database().unwrap();
    let name = database.rsplit_once('/').unwrap().1;
    // All of it goes through the pooler: tables are made, master data is imported, keys are issued, and books audited.
    let mut fleet = Fleet::open(env!("CARGO_BIN_EXE_perennial"), &pooler.url(name), SERVICES).unwrap();
    fleet.start(NODES).unwrap();
    check(&fleet, CLIENTS, |load| {
        load.await_renewals(2 * BURST)?;
        ensure!(load.failures() == 0, "somebody was told of a failure where nothing fails");
        let count = format!("select count(*) from pg_stat_activity where datname = '{name}'");
        let connections: u32 = cluster.sql("postgres", &count)?.trim().parse()?;
        ensure!((1..=CONNECTIONS).contains(&connections), "{connections} connections");
        // What a node that stops was lent is given to others.
        lose_turn(&fleet, load, 0)
    });
}
