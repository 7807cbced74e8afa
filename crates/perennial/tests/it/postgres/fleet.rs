//! Four processes on one database, and 64 clients that renew the same services from all sides while something goes
//! wrong: one renewal a token, one from each expiry, nothing lost.

use std::ops::RangeInclusive;

use anyhow::{Result, ensure};
use perennial_testkit::fleet::{History, Load};
use perennial_testkit::{Cluster, Fleet, process};

const NODES: usize = 4;
const CLIENTS: usize = 64;

/// Few enough that each is renewed by many clients at the same time.
pub const SERVICES: i64 = 8;

/// Renewals between one thing that happens and the next.
pub const BURST: usize = 30;

/// After how many seconds a node that stops in its turn loses it: ten, and some on a busy machine. (Whoever waits for
/// its turn for twenty tells its callers that nothing was done.)
const TURN_LOST_AFTER: RangeInclusive<u64> = 8..=15;

/// Nodes on a new database of a cluster.
fn fleet(cluster: &Cluster, nodes: usize) -> Fleet {
    let mut fleet = Fleet::open(env!("CARGO_BIN_EXE_perennial"), &cluster.database().unwrap(), SERVICES).unwrap();
    fleet.start(nodes).unwrap();
    fleet
}

/// Has clients renew while something happens, and checks the ledger.
pub fn check(fleet: &Fleet, clients: usize, nemesis: impl FnOnce(&Load) -> Result<()>) -> History {
    let history = fleet.run(clients, nemesis).unwrap_or_else(|error| panic!("{error:#}"));
    fleet.stop().unwrap_or_else(|error| panic!("{error:#}"));
    let checked = fleet.check(&history).unwrap_or_else(|error| panic!("{error:#}"));
    println!("{checked}");
    history
}

#[test]
fn clients_on_all_sides_renew_once_a_token() {
    let fleet = fleet(Cluster::shared().unwrap(), NODES);
    let history = check(&fleet, CLIENTS, |load| load.await_renewals(3 * BURST).map(drop));
    assert_eq!(history.failures(), 0, "nobody is told of a failure where nothing fails");
}

/// So many that each node has its payments beside everything else, on the same services.
#[test]
fn a_crowd_renews_once_a_token() {
    const CROWD: usize = 320;
    let fleet = fleet(Cluster::shared().unwrap(), 2);
    let history = check(&fleet, CROWD, |load| load.await_renewals(3 * BURST).map(drop));
    assert_eq!(history.failures(), 0, "nobody is told of a failure where nothing fails");
}

#[test]
fn a_node_that_is_killed_and_one_that_stops_in_its_turn_take_nothing_along() {
    let fleet = fleet(Cluster::shared().unwrap(), NODES);
    let (killed, stopped) = (0, 1);
    check(&fleet, CLIENTS, |load| {
        load.await_renewals(BURST)?;
        fleet.node(killed).kill()?;
        load.await_renewals(BURST)?;
        lose_turn(&fleet, load, stopped)?;
        fleet.start_again(killed)?;
        [killed, stopped].into_iter().try_for_each(|node| load.await_renewals_by(node, 5).map(drop))
    });
}

/// Stops a node in its turn. The others go on without it in time, and what it had begun comes to nothing when it goes on
/// as well.
pub fn lose_turn(fleet: &Fleet, load: &Load, number: usize) -> Result<()> {
    let seconds =
        || -> Result<u64> { Ok(fleet.sql("select extract(epoch from clock_timestamp())::bigint")?.trim().parse()?) };
    let begun = stop_in_its_turn(fleet, number)?;
    let start = seconds()?;
    let status = format!("select pg_xact_status('{begun}')");
    let ended = process::until("the end of its turn", || {
        let status = fleet.sql(&status)?;
        Ok((status.trim() != "in progress").then_some(status))
    })?;
    ensure!(ended.trim() == "aborted", "what the stopped node had begun is {ended}");
    let waited = seconds()? - start;
    ensure!(TURN_LOST_AFTER.contains(&waited), "it lost its turn after {waited} s");
    load.await_renewals(BURST / 2)?;
    fleet.node(number).resume()?;
    load.await_renewals_by(number, 5).map(drop)
}

/// Stops a node while it is its turn; tells the number of its transaction.
fn stop_in_its_turn(fleet: &Fleet, number: usize) -> Result<String> {
    let node = fleet.node(number);
    let open = format!(
        "select backend_xid from pg_stat_activity where datname = current_database() and application_name = '{}' \
         and state = 'idle in transaction' and backend_xid is not null",
        node.name()
    );
    process::until("a node that stops in its turn", || {
        node.pause()?;
        let begun = fleet.sql(&open)?;
        // What it had sent may still have been on its way.
        if !begun.is_empty() && fleet.sql(&open)? == begun {
            return Ok(Some(begun.trim().to_owned()));
        }
        node.resume()?;
        Ok(None)
    })
}

#[test]
fn a_database_that_goes_away_comes_back_with_all_that_was_told() {
    let cluster = Cluster::start().unwrap();
    // Whatever the database does by itself: what is told is on disk.
    cluster.sql("postgres", "alter system set synchronous_commit = off").unwrap();
    cluster.restart().unwrap();
    let fleet = fleet(&cluster, NODES);
    let history = check(&fleet, CLIENTS, |load| {
        load.await_renewals(BURST)?;
        cluster.restart()?;
        load.await_renewals(BURST)?;
        cluster.crash()?;
        cluster.start_again()?;
        load.await_renewals(BURST)?;
        (0..NODES).try_for_each(|node| load.await_renewals_by(node, 1).map(drop))
    });
    assert!(history.failures() > 0, "it went away in the middle of something");
}
