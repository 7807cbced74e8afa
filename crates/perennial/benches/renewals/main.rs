//! The benchmark of renewals: the product over HTTP against a bare loop over the same rows, in one run.
//!
//! `cargo bench --bench renewals` runs it whole, on SQLite and on PostgreSQL; `-- --quick` is short, and
//! `-- --on sqlite` or `-- --on postgres` has one of them alone. A and B alternate, and the median of the ratios counts.
//! After each run of the product the server is killed and the books are checked. `-- --gate` makes a missed floor the
//! exit code. `-- --sweep N` measures a sweep over N services instead, or over a million; `-- --day N --due M` a day of the
//! schedule on which something becomes of M of them.

mod day;
mod load;
mod machine;
mod postgres;
mod raw;
mod report;
mod server;
mod sweep;
mod world;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rusqlite::{Connection, OpenFlags};

use crate::load::{Keys, Load, Proof, Seen, Voice};
use crate::report::{Goal, Report};
use crate::server::{Commits, Ledger, Server};
use crate::world::Sold;

/// How many services a sweep is over, unless it is said.
const SWEPT: i64 = 1_000_000;

/// How long and how often.
struct Plan {
    services: i64,
    time: Duration,
    rounds: u64,
}

fn main() -> Result<ExitCode> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let position = |name: &str| arguments.iter().position(|argument| argument == name);
    let after = |name: &str| position(name).map(|at| arguments.get(at + 1).map_or("", String::as_str));
    let (sqlite, postgres) = match after("--on") {
        None => (true, true),
        Some("sqlite") => (true, false),
        Some("postgres") => (false, true),
        Some(other) => bail!("--on takes `sqlite` or `postgres`, not `{other}`"),
    };
    let folder = folder()?;
    let mut report = Report::new(machine::describe(&folder)?);
    let number = |name: &str, unless: i64| match after(name) {
        None => Ok(None),
        Some(other) if other.is_empty() || other.starts_with("--") => Ok(Some(unless)),
        Some(number) => number.parse().map(Some),
    };
    if let Some(services) = number("--day", SWEPT)? {
        let due = number("--due", day::DUE)?.unwrap_or(day::DUE);
        if sqlite {
            day::on_sqlite(&folder, services, due, &mut report)?;
        }
        if postgres {
            postgres::day::run(services, due, &mut report)?;
        }
    } else if let Some(services) = number("--sweep", SWEPT)? {
        if sqlite {
            sweep::on_sqlite(&folder, services, &mut report)?;
        }
        if postgres {
            postgres::sweep::run(services, &mut report)?;
        }
    } else {
        let plan = if position("--quick").is_some() {
            Plan { services: 64 * 500, time: Duration::from_secs(1), rounds: 1 }
        } else {
            Plan { services: 64 * 3_125, time: Duration::from_secs(4), rounds: 3 }
        };
        if sqlite {
            measure(&plan, &folder, &mut report)?;
        }
        if postgres {
            postgres::measure(&plan, &folder, &mut report)?;
        }
    }
    std::fs::remove_dir_all(&folder)?;
    report.print();
    Ok(if position("--gate").is_some() && !report.passes() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// A folder on the disk of the build, emptied.
fn folder() -> Result<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn measure(plan: &Plan, folder: &Path, report: &mut Report) -> Result<()> {
    eprintln!("making a ledger of {} services", plan.services);
    let template_folder = folder.join("template");
    std::fs::create_dir_all(&template_folder)?;
    let template = template_folder.join("ledger.db");
    world::make(&template, plan.services, Sold::ServersAndInstances, &world::year())?;
    let keys = server::keys(&Ledger::File(template.clone()))?;
    let run = Run { plan, template: &template, keys: &keys, folder };

    run.size_and_start(report)?;
    for (goals, connections) in [([1, 5], 64), ([2, 4], 8)] {
        run.against_raw(report, goals, connections)?;
    }
    run.against_single(report)?;
    run.signed_against_unsigned(report)?;
    run.replay_against_new(report)?;
    run.against_django_plans(report)?;
    run.voices(report)
}

struct Run<'a> {
    plan: &'a Plan,
    template: &'a Path,
    keys: &'a [Keys],
    folder: &'a Path,
}

impl Run<'_> {
    /// Goals 1 and 2, with the latencies of goals 4 and 5 and the bytes of goal 15.
    fn against_raw(&self, report: &mut Report, [rate, tail]: [u8; 2], connections: i64) -> Result<()> {
        let group = usize::try_from(connections)?;
        for round in 0..self.plan.rounds {
            let path = server::copy(self.template, &self.folder.join("raw"))?;
            let waited = machine::Waited::start()?;
            let reference = raw::run(&path, self.plan.services, group, self.plan.time)?;
            report.judge_wait(waited.part()?);
            let busy = machine::Busy::start()?;
            let (seen, growth) = self.product(connections, Commits::Grouped, Proof::Signature, round)?;
            report.note(format!(
                "{connections} connections: {:.0}/s against {:.0}/s, {:.2} cores busy, p50 {:.1} ms, p99 {:.1} ms, \
                 {growth} bytes a renewal",
                seen.done.rate(),
                reference.rate(),
                busy.cores()?,
                millis(seen.percentile(0.5)),
                millis(seen.percentile(0.99)),
            ));
            report.add(Goal::number(rate), seen.done.rate() / reference.rate());
            report.add(Goal::number(tail), seen.percentile(0.99).as_secs_f64() / seen.percentile(0.5).as_secs_f64());
            #[expect(clippy::cast_precision_loss, reason = "a few hundred bytes, for show")]
            report.add(Goal::number(15), growth as f64 / 895.0);
        }
        Ok(())
    }

    /// Goal 3.
    fn against_single(&self, report: &mut Report) -> Result<()> {
        for round in 0..self.plan.rounds {
            let (single, _) = self.product(64, Commits::Single, Proof::Signature, round)?;
            let (grouped, _) = self.product(64, Commits::Grouped, Proof::Signature, round)?;
            report.add(Goal::number(3), grouped.done.rate() / single.done.rate());
        }
        Ok(())
    }

    /// Goal 7.
    fn signed_against_unsigned(&self, report: &mut Report) -> Result<()> {
        for round in 0..self.plan.rounds {
            let (unsigned, _) = self.product(64, Commits::Grouped, Proof::Bearer, round)?;
            let (signed, _) = self.product(64, Commits::Grouped, Proof::Signature, round)?;
            report.add(Goal::number(7), signed.done.rate() / unsigned.done.rate());
        }
        Ok(())
    }

    /// Goal 6.
    fn replay_against_new(&self, report: &mut Report) -> Result<()> {
        for round in 0..self.plan.rounds {
            let (fresh, _) = self.product(64, Commits::Grouped, Proof::Signature, round)?;
            let folder = self.folder.join("product");
            let ledger = Ledger::File(server::copy(self.template, &folder)?);
            let server = Server::start(&folder, &ledger, Commits::Grouped)?;
            let addresses = [server.address(Voice::Ovh)];
            let load = Load { addresses: &addresses, ..self.load(self.keys, 64, Proof::Signature, round) };
            let replayed = load.replay(1_000)?;
            server.stop()?;
            report.note(format!("replays: {replayed:.0}/s against {:.0} new/s", fresh.done.rate()));
            report.add(Goal::number(6), replayed / fresh.done.rate());
        }
        Ok(())
    }

    /// Goal 14.
    fn size_and_start(&self, report: &mut Report) -> Result<()> {
        let folder = self.folder.join("product");
        let ledger = Ledger::File(server::copy(self.template, &folder)?);
        let server = Server::start(&folder, &ledger, Commits::Grouped)?;
        let rss_kb = server.rss_kb()?;
        let start = server.start;
        server.stop()?;
        let bytes = std::fs::metadata(env!("CARGO_BIN_EXE_perennial"))?.len();
        report.idle(rss_kb, start, bytes);
        Ok(())
    }

    /// Goal 16: django-plans renews in its own process, on SQLite with a commit for each.
    fn against_django_plans(&self, report: &mut Report) -> Result<()> {
        let script = "benchmark_django_plans.py";
        let seen = perennial_testkit::clients::python(script, &perennial_testkit::Env::new())?;
        let peer = seen["renewals_per_second"].as_f64().context("django-plans says how fast it was")?;
        let (ours, _) = self.product(64, Commits::Grouped, Proof::Signature, 99)?;
        report.note(format!("django-plans: {peer:.0}/s against {:.0}/s", ours.done.rate()));
        report.add(Goal::number(16), ours.done.rate() / peer);
        Ok(())
    }

    /// Goals 21 to 27: the same renewals in each dialect, against the bare loop and against OVHcloud's.
    fn voices(&self, report: &mut Report) -> Result<()> {
        for round in 0..self.plan.rounds {
            let path = server::copy(self.template, &self.folder.join("raw"))?;
            let waited = machine::Waited::start()?;
            let reference = raw::run(&path, self.plan.services, 64, self.plan.time)?.rate();
            report.judge_wait(waited.part()?);
            let mut rates = Vec::new();
            for voice in [Voice::Ovh, Voice::Vpsbg, Voice::HostUp, Voice::Aliyun] {
                let busy = machine::Busy::start()?;
                let (seen, growth) = self.spoken(voice, 64, Commits::Grouped, Proof::Signature, round)?;
                report.note(format!(
                    "{voice:?}, 64 connections: {:.0}/s against {reference:.0}/s, {:.2} cores busy, p50 {:.1} ms, p99 \
                     {:.1} ms, {growth} bytes a renewal",
                    seen.done.rate(),
                    busy.cores()?,
                    millis(seen.percentile(0.5)),
                    millis(seen.percentile(0.99)),
                ));
                rates.push(seen.done.rate());
            }
            let [ovh, vpsbg, hostup, aliyun] = rates[..] else { anyhow::bail!("four dialects were measured") };
            for (goal, rate) in [(21, ovh), (22, vpsbg), (23, hostup), (26, aliyun)] {
                report.add(Goal::number(goal), rate / reference);
            }
            for (goal, rate) in [(24, vpsbg), (25, hostup), (27, aliyun)] {
                report.add(Goal::number(goal), rate / ovh);
            }
        }
        Ok(())
    }

    /// OVHcloud's renewals, as [`spoken`](Self::spoken).
    fn product(&self, connections: i64, commits: Commits, proof: Proof, round: u64) -> Result<(Seen, u64)> {
        self.spoken(Voice::Ovh, connections, commits, proof, round)
    }

    /// One load on a server of its own; then the server is killed and the books are checked. With the bytes that a
    /// renewal left on disk.
    fn spoken(
        &self,
        voice: Voice,
        connections: i64,
        commits: Commits,
        proof: Proof,
        round: u64,
    ) -> Result<(Seen, u64)> {
        let folder = self.folder.join("product");
        let path = server::copy(self.template, &folder)?;
        let ledger = Ledger::File(path.clone());
        let server = Server::start(&folder, &ledger, commits)?;
        let logged_in;
        let keys = match proof {
            Proof::Signature => self.keys,
            Proof::Bearer => {
                logged_in = server::log_in(&server, self.keys)?;
                &logged_in
            }
        };
        let addresses = [server.address(voice)];
        let seen = Load { voice, addresses: &addresses, ..self.load(keys, connections, proof, round) }.renew()?;
        if std::env::var_os("BENCH_METRICS").is_some() {
            eprintln!("{}", server.metrics()?);
        }
        server.kill()?;
        // What is ordered and paid in one call has one answer to keep.
        let answers = if voice == Voice::Aliyun { 1 } else { 2 };
        let growth = check_books(&path, self.template, &seen, answers)?;
        Ok((seen, growth))
    }

    /// A load of OVHcloud's renewals that has no server yet.
    fn load<'a>(&self, keys: &'a [Keys], connections: i64, proof: Proof, seed: u64) -> Load<'a> {
        let Plan { services, time, .. } = *self.plan;
        Load { addresses: &[], keys, connections, services, time, voice: Voice::Ovh, proof, seed }
    }
}

/// Every answered renewal is there, each once, and the audit is clean. Returns the bytes a renewal added.
fn check_books(path: &Path, template: &Path, seen: &Seen, answers_each: i64) -> Result<u64> {
    server::perennial(&Ledger::File(path.to_owned()), &["audit"])?;
    let ledger = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let mut paid = ledger.prepare("select count(*) from payments where order_id = ?1")?;
    for order in &seen.paid {
        let payments: i64 = paid.query_row([order], |row| row.get(0))?;
        ensure!(payments == 1, "order {order} was answered as paid and has {payments} payments");
    }
    drop(paid);
    for table in ["invoices", "extensions"] {
        let count: i64 = ledger.query_row(&format!("select count(*) from {table}"), [], |row| row.get(0))?;
        let payments: i64 = ledger.query_row("select count(*) from payments", [], |row| row.get(0))?;
        ensure!(count == payments, "{payments} payments and {count} {table}");
    }
    let answers: i64 = ledger.query_row("select count(*) from replays", [], |row| row.get(0))?;
    ensure!(
        answers >= answers_each * i64::try_from(seen.done.renewals)?,
        "{answers} answers kept for {} renewals",
        seen.done.renewals
    );
    ledger.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()))?;
    let grown = std::fs::metadata(path)?.len().saturating_sub(std::fs::metadata(template)?.len());
    Ok(grown / seen.done.renewals.max(1))
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}
