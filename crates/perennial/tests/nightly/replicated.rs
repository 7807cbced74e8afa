//! The ledger in a replicated PostgreSQL, under Patroni, whose hosts are lost while clients renew.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use perennial_engine::clock::Stopwatch;
use perennial_testkit::fleet::{Fleet, Load};
use perennial_testkit::patroni::{Host, Replicated, apart};
use serde_json::json;

const BINARY: &str = env!("CARGO_BIN_EXE_perennial");

/// How many processes serve the ledger.
const NODES: usize = 3;

/// How many clients renew, each on all nodes.
const CLIENTS: usize = 24;

/// How many services they renew, all of them the same ones.
const SERVICES: i64 = 16;

/// Renewals that are told as done before something happens, and after.
const BURST: usize = 100;

/// How long one request may take in the worst case: a connection whose other end is gone is given up after 30 seconds,
/// and then each host may take two to accept a new one.
const ANSWERED_WITHIN: Duration = Duration::from_secs(45);

/// How long nothing may be renewed when the primary is lost: its lease of 20 seconds, the election, and the time in
/// which nodes give up their connections.
const RENEWED_WITHIN: Duration = Duration::from_secs(75);

/// How long the primary is left without standbys.
const ALONE: Duration = Duration::from_secs(15);

/// The same where the synchronous standby is lost: the time after which the primary takes a silent one for gone, and in
/// which another one takes its part.
const RENEWED_WITHOUT_STANDBY_WITHIN: Duration = Duration::from_secs(30);

#[test]
fn a_primary_that_is_lost_is_followed_by_its_synchronous_standby_and_nothing_answered_is_lost() {
    let test = "replicated::a_primary_that_is_lost_is_followed_by_its_synchronous_standby_and_nothing_answered_is_lost";
    apart(test, || {
        let watch = Stopwatch::start();
        let mut hosts = Replicated::start()?;
        println!("three hosts, replicated: {:.1?} to start", watch.elapsed());
        under_load(&mut hosts, "a primary that loses its power", |hosts, fleet, load| {
            let old = lose_primary(hosts, fleet, load, Replicated::lose_power)?;
            let watch = Stopwatch::start();
            hosts.start_again(old)?;
            hosts.wait_until_whole()?;
            println!("- {old} is a standby again {:.1?} after it was started", watch.elapsed());
            load.await_renewals(BURST).map(drop)
        })?;
        let mut alone = None;
        under_load(&mut hosts, "a primary that is cut off", |hosts, fleet, load| {
            alone = Some(lose_primary(hosts, fleet, load, |hosts, old| {
                hosts.cut(old)?;
                check_nothing_is_committed_on(hosts, old)
            })?);
            Ok(())
        })?;
        under_load(&mut hosts, "a primary that comes back", |hosts, _, load| {
            let old = alone.context("was cut off")?;
            load.await_renewals(BURST)?;
            let watch = Stopwatch::start();
            hosts.heal(old)?;
            hosts.wait_until_whole()?;
            println!("- {old} is a standby {:.1?} after it can be reached", watch.elapsed());
            check_nothing_is_left_on(hosts, old)?;
            ensure!(hosts.primary()?.is_some_and(|primary| primary != old), "{old} is the primary again");
            load.await_renewals(BURST).map(drop)
        })
    })
    .unwrap_or_else(|error| panic!("{error:#}"));
}

#[test]
fn standbys_that_are_lost_hold_renewals_up_and_nothing_is_told_that_only_the_primary_has() {
    apart("replicated::standbys_that_are_lost_hold_renewals_up_and_nothing_is_told_that_only_the_primary_has", || {
        let mut hosts = Replicated::start()?;
        under_load(&mut hosts, "a synchronous standby that loses its power", |hosts, _, load| {
            load.await_renewals(BURST)?;
            let standby = hosts.synchronous_standby()?;
            let watch = Stopwatch::start();
            hosts.lose_power(standby)?;
            // Those that were being told.
            load.await_renewals(CLIENTS)?;
            let renewed = watch.elapsed();
            println!("- {standby} is lost, renewed again after {renewed:.1?}");
            ensure!(renewed < RENEWED_WITHOUT_STANDBY_WITHIN, "nothing was renewed for {renewed:.1?}");
            load.await_renewals(BURST)?;
            hosts.start_again(standby)?;
            hosts.wait_until_whole()?;
            load.await_renewals(BURST).map(drop)
        })?;
        under_load(&mut hosts, "a primary that is left without standbys", |hosts, _, load| {
            load.await_renewals(BURST)?;
            let standbys = hosts.standbys()?;
            for standby in &standbys {
                hosts.lose_power(*standby)?;
            }
            // For as long as an answer is under way.
            thread::sleep(Duration::from_secs(1));
            let before = load.renewals();
            thread::sleep(ALONE);
            let alone = load.renewals() - before;
            println!("- {alone} renewals were told as done in {ALONE:?} without a standby");
            ensure!(alone == 0, "{alone} renewals are on one host only");
            let watch = Stopwatch::start();
            for standby in standbys {
                hosts.start_again(standby)?;
            }
            load.await_renewals(1)?;
            println!("- renewed again {:.1?} after they were started", watch.elapsed());
            hosts.wait_until_whole()?;
            load.await_renewals(BURST).map(drop)
        })
    })
    .unwrap_or_else(|error| panic!("{error:#}"));
}

/// Has clients renew on a new ledger while something happens, and compares it afterwards with what they were told.
fn under_load(
    hosts: &mut Replicated,
    what: &str,
    happens: impl FnOnce(&mut Replicated, &Fleet, &Load) -> Result<()>,
) -> Result<()> {
    println!("{what}:");
    let mut fleet = Fleet::open(BINARY, &hosts.database()?, SERVICES)?;
    fleet.start(NODES)?;
    let (fleet, over) = (&fleet, &AtomicBool::new(false));
    let (history, answers) = thread::scope(|scope| {
        let ask = |number| scope.spawn(move || ask_on(fleet, number % NODES, over));
        let askers: Vec<_> = (0..2 * NODES).map(ask).collect();
        let history = {
            let _ends = Over(over);
            fleet.run(CLIENTS, |load| happens(hosts, fleet, load))
        };
        let answers: Result<Vec<_>> = askers.into_iter().map(|asker| asker.join().expect("does not panic")).collect();
        (history, answers)
    });
    let history = history.with_context(|| hosts.logs())?;
    println!("- {}", fleet.check(&history)?);
    fleet.stop()?;
    let answers = answers?;
    let longest = answers.iter().map(|answers| answers.longest).max().unwrap_or_default();
    let mut statuses: BTreeMap<u16, usize> = BTreeMap::new();
    for (status, count) in answers.iter().flat_map(|answers| &answers.statuses) {
        *statuses.entry(*status).or_default() += count;
    }
    println!("- the longest answer took {longest:.1?}; statuses: {statuses:?}");
    ensure!(longest < ANSWERED_WITHIN, "an answer took {longest:.1?}");
    Ok(())
}

/// Says that it is over when dropped.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// What a client that waits for every answer was told.
#[derive(Default)]
struct Answers {
    longest: Duration,
    statuses: BTreeMap<u16, usize>,
}

/// Asks a node again and again for what changes nothing but has to wait for its turn, as every command has: to pay an
/// order that is not there.
fn ask_on(fleet: &Fleet, node: usize, over: &AtomicBool) -> Result<Answers> {
    const PATIENCE: Duration = Duration::from_mins(3);
    const PAUSE: Duration = Duration::from_millis(100);
    let mut client = fleet.client(node)?.patience(PATIENCE);
    let mut answers = Answers::default();
    while !over.load(Ordering::SeqCst) {
        let watch = Stopwatch::start();
        let with = json!({ "paymentMean": "ovhAccount" });
        let (status, _) = client.post("/me/order/999999999/payWithRegisteredPaymentMean", &with)?;
        answers.longest = answers.longest.max(watch.elapsed());
        *answers.statuses.entry(status).or_default() += 1;
        thread::sleep(PAUSE);
    }
    Ok(answers)
}

/// Has the primary lost in some way and waits until every node renews on another one; tells which it was.
fn lose_primary(
    hosts: &mut Replicated,
    fleet: &Fleet,
    load: &Load,
    lose: impl FnOnce(&mut Replicated, Host) -> Result<()>,
) -> Result<Host> {
    load.await_renewals(BURST)?;
    let old = hosts.primary()?.context("there is a primary")?;
    let standby = hosts.synchronous_standby()?;
    let watch = Stopwatch::start();
    lose(hosts, old)?;
    let new = hosts.wait_for_primary_other_than(old)?;
    println!("- {old} is lost, {new} is the primary after {:.1?}", watch.elapsed());
    ensure!(new == standby, "{new} was promoted, and the synchronous standby was {standby}");
    load.await_renewals(1)?;
    let renewed = watch.elapsed();
    for node in 0..fleet.nodes().len() {
        load.await_renewals_by(node, 1)?;
    }
    println!("- renewed again after {renewed:.1?}, on every node after {:.1?}", watch.elapsed());
    ensure!(renewed < RENEWED_WITHIN, "nothing was renewed for {renewed:.1?}");
    load.await_renewals(BURST)?;
    Ok(old)
}

/// A primary that is cut off takes a write and never tells it as committed: it ends first, and whoever waits with it.
fn check_nothing_is_committed_on(hosts: &Replicated, alone: Host) -> Result<()> {
    let watch = Stopwatch::start();
    let told = hosts.psql_on(alone, "create table written_alone (a text)")?.stdin(Stdio::null()).output()?;
    let said = String::from_utf8_lossy(&told.stderr);
    println!("- a write on {alone}, alone, is given up after {:.1?}: {}", watch.elapsed(), said.trim());
    ensure!(!told.status.success(), "{alone} commits alone");
    Ok(())
}

/// What a primary wrote when it was cut off is gone when it follows another one.
fn check_nothing_is_left_on(hosts: &Replicated, alone: Host) -> Result<()> {
    let told = hosts.psql_on(alone, "select count(to_regclass('written_alone'))")?.stdin(Stdio::null()).output()?;
    let left = String::from_utf8_lossy(&told.stdout);
    ensure!(left == "0\n", "{alone} still has what it wrote alone: {left}{}", String::from_utf8_lossy(&told.stderr));
    Ok(())
}
