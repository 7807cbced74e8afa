//! The same on PostgreSQL: a cluster of the run's own, a database for each measurement, and references of its own.

mod books;
pub mod day;
mod pgbench;
mod raw;
pub mod sweep;
mod world;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use perennial_testkit::postgres::Cluster;

use self::books::Books;
use self::raw::{Limit, Manner};
use crate::load::{Keys, Load, Proof, Voice};
use crate::machine::{Cores, Worked};
use crate::raw::Done;
use crate::report::{Goal, Report};
use crate::server::{self, Commits, Ledger, Server};
use crate::{Plan, machine, millis};

/// The database that all others are copies of, and the one that is measured.
const BASE: &str = "base";
const RUN: &str = "run";

/// How long a load runs before it is measured.
const WARM_UP: Duration = Duration::from_secs(2);

/// Where the server's time went, for `BENCH_STATEMENTS=1`.
const STATEMENTS: &str = "select calls, round(total_plan_time::numeric / calls, 3) as plan_ms,
    round(total_exec_time::numeric / calls, 3) as run_ms, round((total_plan_time + total_exec_time)::numeric) as all_ms,
    left(regexp_replace(regexp_replace(query, '--[^\\n]*\\n', '', 'g'), '\\s+', ' ', 'g'), 90)
    from statements.pg_stat_statements where calls > 0 order by total_plan_time + total_exec_time desc limit 40";

/// The settings that matter, as the server tells them.
const SETTINGS: &str = "select string_agg(name || ' ' || current_setting(name), ', ' order by name) from pg_settings
    where name in ('fsync', 'synchronous_commit', 'full_page_writes', 'shared_buffers', 'max_wal_size',
        'checkpoint_timeout', 'server_version')";

/// Measures goals 8, 9 and 10.
pub fn measure(plan: &Plan, folder: &Path, report: &mut Report) -> Result<()> {
    let databases = Databases::start(report)?;
    eprintln!("making a database of {} services", plan.services);
    world::make(&databases.cluster, BASE, plan.services)?;
    let keys = server::keys(&Ledger::Database(databases.cluster.socket_url(BASE)))?;
    let before = Books::of(&databases.cluster, BASE)?;
    let run = Run { plan, databases, keys, before, folder };
    run.against_raw(report)?;
    run.against_pgbench(report)?;
    run.two_nodes(report)
}

/// A cluster with the memory of a server, and its databases.
struct Databases {
    cluster: Cluster,
    postmaster: u32,
}

impl Databases {
    fn start(report: &mut Report) -> Result<Self> {
        let cluster = Cluster::start()?;
        cluster.sql("postgres", "alter system set shared_buffers = '1GB'")?;
        cluster.sql("postgres", "alter system set max_wal_size = '4GB'")?;
        let counts_statements = std::env::var_os("BENCH_STATEMENTS").is_some();
        if counts_statements {
            cluster.sql("postgres", "alter system set shared_preload_libraries = 'pg_stat_statements'")?;
        }
        cluster.restart()?;
        if counts_statements {
            cluster.sql("postgres", "alter system set pg_stat_statements.track = 'all'")?;
            cluster.sql("postgres", "alter system set pg_stat_statements.track_planning = on")?;
            cluster
                .sql("template1", "create schema statements; create extension pg_stat_statements schema statements")?;
            cluster.restart()?;
        }
        report.note(format!(
            "PostgreSQL by its socket: {}; {}",
            cluster.sql("postgres", SETTINGS)?.trim(),
            machine::describe(cluster.folder())?
        ));
        let file = std::fs::read_to_string(cluster.folder().join("data/postmaster.pid"))?;
        let postmaster = file.lines().next().context("a running server tells its process")?.parse()?;
        Ok(Self { cluster, postmaster })
    }

    /// A fresh copy of a database; its URL. All of it is on disk.
    fn copy(&self, from: &str, to: &str) -> Result<String> {
        self.drop(to)?;
        self.cluster.sql("postgres", &format!("create database {to} template {from} strategy file_copy"))?;
        self.cluster.sql("postgres", "checkpoint")?;
        Ok(self.cluster.socket_url(to))
    }

    fn drop(&self, name: &str) -> Result<()> {
        self.cluster.sql("postgres", &format!("drop database if exists {name} with (force)")).map(drop)
    }

    /// Whom the machine works for from now on: us and the cluster, or others.
    fn cores(&self) -> Result<Cores> {
        Cores::start(&[self.postmaster])
    }
}

/// What one side did.
struct Side {
    rate: f64,
    /// How to tell it.
    line: String,
}

impl Side {
    fn new(done: &Done, worked: Worked, bytes: i64) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a few thousand renewals, for show")]
        let cpu_us = worked.own_s * 1e6 / done.renewals.max(1) as f64;
        let cores = worked.own_s / done.elapsed.as_secs_f64();
        let line = format!(
            "{:.0}/s ({cpu_us:.0} us on {cores:.2} cores, {:.0} % of the cores with others, {bytes} bytes each)",
            done.rate(),
            worked.others * 100.0
        );
        Self { rate: done.rate(), line }
    }
}

struct Run<'a> {
    plan: &'a Plan,
    databases: Databases,
    keys: Vec<Keys>,
    before: Books,
    folder: &'a Path,
}

impl Run<'_> {
    /// Goal 8: with as many renewals under way as the loop has, and with a quarter of them.
    fn against_raw(&self, report: &mut Report) -> Result<()> {
        for round in 0..self.plan.rounds {
            let free = self.raw(report, Manner::Free)?;
            for (goal, connections) in [(8, 256), (108, 64)] {
                let product = self.product(report, 1, connections, round)?;
                report.note(format!("PostgreSQL, {connections} connections: {}", product.line));
                report.add(Goal::number(goal), product.rate / free.rate);
            }
            let in_turn = self.raw(report, Manner::InTurn)?;
            report.note(format!("  bare loop: {}", free.line));
            report.note(format!("  bare loop that takes turns: {}", in_turn.line));
        }
        Ok(())
    }

    /// Goal 9: with enough connections to fill batches, and with as many as `pgbench` has clients.
    fn against_pgbench(&self, report: &mut Report) -> Result<()> {
        let Plan { services, time, rounds, .. } = *self.plan;
        for round in 0..rounds {
            let reference =
                self.reference(report, |_| pgbench::run(&self.databases.cluster, RUN, services, 8, time))?;
            for (goal, connections) in [(9, 64), (109, 8)] {
                let product = self.product(report, 1, connections, round)?;
                report.note(format!("PostgreSQL, {connections} connections: {}", product.line));
                report.add(Goal::number(goal), product.rate / reference.rate);
            }
            report.note(format!("  pgbench: {}", reference.line));
        }
        Ok(())
    }

    /// Goal 10.
    fn two_nodes(&self, report: &mut Report) -> Result<()> {
        for round in 0..self.plan.rounds {
            let one = self.product(report, 1, 64, round)?;
            let two = self.product(report, 2, 64, round)?;
            report.note(format!("PostgreSQL, 64 connections, two nodes: {}", two.line));
            report.note(format!("  one node: {}", one.line));
            report.add(Goal::number(10), two.rate / one.rate);
        }
        Ok(())
    }

    /// The bare loop.
    fn raw(&self, report: &mut Report, manner: Manner) -> Result<Side> {
        self.reference(report, |url| raw::run(url, self.plan.services, manner, for_time(self.plan.time)))
    }

    /// A reference on a fresh database; then its books are checked.
    fn reference(&self, report: &mut Report, run: impl FnOnce(&str) -> Result<Done>) -> Result<Side> {
        let url = self.databases.copy(BASE, RUN)?;
        let cores = self.databases.cores()?;
        let done = run(&url)?;
        let worked = cores.end()?;
        report.judge_others(worked.others);
        let bytes = self.before.grew(&Books::of(&self.databases.cluster, RUN)?, done.renewals)?;
        server::perennial(&Ledger::Database(url), &["audit"])?;
        Ok(Side::new(&done, worked, bytes))
    }

    /// One load on some nodes that share a database; then the nodes are killed and the books are checked.
    fn product(&self, report: &mut Report, nodes: usize, connections: i64, round: u64) -> Result<Side> {
        let ledger = Ledger::Database(self.databases.copy(BASE, RUN)?);
        let nodes = (1..=nodes)
            .map(|node| {
                let folder = self.folder.join(format!("node-{node}"));
                std::fs::create_dir_all(&folder)?;
                Server::start(&folder, &ledger, Commits::Grouped)
            })
            .collect::<Result<Vec<_>>>()?;
        let addresses: Vec<_> = nodes.iter().map(|node| node.address(Voice::Ovh)).collect();
        let Plan { services, time, .. } = *self.plan;
        let (voice, proof) = (Voice::Ovh, Proof::Signature);
        let load =
            Load { addresses: &addresses, keys: &self.keys, connections, services, time, voice, proof, seed: round };
        // A node's connections are made when they are needed first, and each of them plans its statements once.
        let warm_up = Load { time: WARM_UP, seed: round + 1_000, ..load }.renew()?;
        if std::env::var_os("BENCH_STATEMENTS").is_some() {
            self.databases.cluster.sql(RUN, "select statements.pg_stat_statements_reset()")?;
        }
        let cores = self.databases.cores()?;
        let seen = load.renew()?;
        let worked = cores.end()?;
        report.judge_others(worked.others);
        if std::env::var_os("BENCH_STATEMENTS").is_some() {
            eprintln!("{}", self.databases.cluster.sql(RUN, STATEMENTS)?);
        }
        for node in nodes {
            if std::env::var_os("BENCH_METRICS").is_some() {
                eprintln!("{}", node.metrics()?);
            }
            node.kill()?;
        }
        let side =
            Side::new(&seen.done, worked, self.check_books(&ledger, &[warm_up.paid, seen.paid.clone()].concat())?);
        let (median, tail) = (millis(seen.percentile(0.5)), millis(seen.percentile(0.99)));
        Ok(Side { line: format!("{}, p50 {median:.1} ms, p99 {tail:.1} ms", side.line), ..side })
    }

    /// Every answered renewal is there, each once, with all its rows, and the audit is clean. Returns the bytes that a
    /// renewal added.
    fn check_books(&self, ledger: &Ledger, answered: &[i64]) -> Result<i64> {
        let cluster = &self.databases.cluster;
        let mut paid = answered.to_vec();
        paid.sort_unstable();
        paid.dedup();
        ensure!(paid.len() == answered.len(), "an order was paid twice");
        let found = raw::payments_of(&cluster.socket_url(RUN), &paid)?;
        ensure!(found == paid.len(), "{} orders were answered as paid and {found} have a payment", paid.len());
        let bytes = self.before.grew(&Books::of(cluster, RUN)?, paid.len() as u64)?;
        server::perennial(ledger, &["audit"])?;
        Ok(bytes)
    }
}

/// A limit by time alone.
const fn for_time(time: Duration) -> Limit {
    Limit { renewals: u64::MAX, time }
}
