//! A day of the schedule: everything that something becomes of on that day, out of very many services, against the same day
//! over a ledger that has no others; and days that were missed.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use jiff::civil::{Date, date};
use jiff::{SignedDuration, ToSpan};
use perennial_core::calendar::Zone;
use perennial_core::schedule::Timetables;
use perennial_engine::clock::{MovableClock, Stopwatch};
use perennial_engine::lane::{Grouping, LaneThread, start};
use perennial_engine::schedule::{Moved, Passed, Schedule, Setting};
use perennial_store::sqlite::SqliteStore;
use perennial_store::{Records, Store};
use rusqlite::Connection;

use crate::raw::Done;
use crate::report::{Goal, Report};
use crate::sweep::TIME;
use crate::world::{ACCOUNTS, Sold};
use crate::{machine, raw, server, world};

/// How many services something becomes of on a day, unless it is said.
pub const DUE: i64 = 30_000;

/// The expiries of the services whose renewals are measured: so far apart that on a day on which those of one are ordered or
/// paid nothing becomes of the others.
const MEASURED: [Date; 3] = [date(2027, 1, 20), date(2027, 1, 26), date(2027, 2, 1)];

/// The expiries of those that are paid on days that were missed.
const MISSED: [Date; 3] = [date(2027, 2, 7), date(2027, 2, 8), date(2027, 2, 9)];

/// When all the others expire: in the years from then.
const OTHERS: Date = date(2029, 1, 1);

/// How many days before the expiry a service of a month is ordered and paid, by the built-in timetable.
const PROPOSED: i32 = 10;
const PAID: i32 = 5;

/// How many were paid of those that were missed; and of how many pairs of expiries the later one was paid earlier in part.
const ORDER: &str = "with paid as (select until_date, count(*) as number, min(attended_at) as began,
        max(attended_at) as ended from stages
    where stage = 'payment-5' and until_date between '2027-02-07' and '2027-02-09' group by until_date)
    select (select sum(number) from paid) || ' ' ||
        (select count(*) from paid one, paid other
            where one.until_date < other.until_date and one.ended >= other.began)";

/// More services like the first one, of each account in turn.
const MORE: &str = "
    with recursive numbers (number) as (select 2 union all select number + 1 from numbers where number < ?1)
    insert into services (id, account_id, product_id, kind, name, created_on, until_date, anchor_day, mode, period, hold,
        facts, version)
    select numbers.number, (numbers.number - 1) % ?2 + 1, product_id, kind,
        printf('vps%08d.bench.example', numbers.number), created_on, days.until_date,
        cast(substr(days.until_date, 9) as integer), mode, period, hold, facts, version
    from numbers cross join services cross join days
    where services.id = 1 and days.number = numbers.number % ?3";

/// What a ledger has: services that expire on these days in turn, as many on each as are due on a day.
pub struct World {
    due: i64,
    /// The days.
    pub expiries: Vec<Date>,
}

impl World {
    /// About so many services, and no fewer than those that become due while it is measured.
    pub fn of(services: i64, due: i64) -> Result<Self> {
        let days = usize::try_from(services / due)?.max(MEASURED.len() + MISSED.len());
        let others = OTHERS.series(1.day());
        Ok(Self { due, expiries: MEASURED.into_iter().chain(MISSED).chain(others).take(days).collect() })
    }

    /// How many services there are.
    pub fn services(&self) -> i64 {
        self.due.saturating_mul(i64::try_from(self.expiries.len()).unwrap_or(i64::MAX))
    }
}

/// A ledger with its schedule, and the clock that it goes by.
pub struct Ledger {
    records: Arc<dyn Records + Send + Sync>,
    schedule: Schedule,
    clock: Arc<MovableClock>,
    thread: LaneThread,
}

impl Ledger {
    /// Opens one, on no day yet.
    pub fn open<R: Records + Send + Sync + 'static>(reader: R, store: Box<dyn Store>) -> Result<Self> {
        let records: Arc<R> = Arc::new(reader);
        let clock = Arc::new(MovableClock::ahead_by(SignedDuration::ZERO));
        let (lane, thread) = start(store, Arc::clone(&records) as _, Arc::clone(&clock) as _, Grouping::ByTime)?;
        let setting = Setting {
            timetables: Arc::new(Timetables::default()),
            zone: Zone::UTC,
            moved: Moved::OnPurpose,
            node: "bench".into(),
            password: || "0123456789".to_owned(),
        };
        let schedule = Schedule::new(Arc::clone(&records) as _, lane, Arc::clone(&clock) as _, setting);
        Ok(Self { records, schedule, clock, thread })
    }

    /// Goes through the days until so many days before an expiry; how long that took.
    async fn go(&mut self, until: Date, days: i32) -> Result<(Duration, Passed)> {
        self.clock.set(Zone::UTC.midnight(until.checked_sub(days.days())?)?);
        let watch = Stopwatch::start();
        let passed = self.schedule.catch_up().await?;
        Ok((watch.elapsed(), passed))
    }

    /// How long a day takes, so many days before an expiry, on which all that is due hears this.
    async fn day(&mut self, until: Date, days: i32, due: i64, told: &'static str) -> Result<Duration> {
        self.go(until, days + 1).await?;
        let (took, passed) = self.go(until, days).await?;
        let due = due.unsigned_abs();
        ensure!((passed.days, passed.visits, passed.told.get(told)) == (1, due, Some(&due)), "{told}: {passed}");
        Ok(took)
    }

    fn close(self) -> Result<()> {
        self.thread.close();
        let audit = self.records.audit()?;
        ensure!(audit.is_sound(), "{:?}", audit.findings);
        Ok(())
    }
}

/// A ledger with all services, and one with those alone that become due.
pub struct Sides {
    /// All.
    pub all: Ledger,
    /// Those alone.
    pub alone: Ledger,
}

/// Measures a day of the schedule on SQLite, over this many services, of which so many are due.
pub fn on_sqlite(folder: &Path, services: i64, due: i64, report: &mut Report) -> Result<()> {
    let (all, alone) = (World::of(services, due)?, World::of(0, due)?);
    let [large, small] = ["all", "alone"].map(|name| folder.join(name).join("ledger.db"));
    sell(&large, &all)?;
    sell(&small, &alone)?;
    let copy = server::copy(&large, &folder.join("raw"))?;
    let waited = machine::Waited::start()?;
    let reference = raw::run(&copy, all.services(), 64, TIME)?;
    report.judge_wait(waited.part()?);
    std::fs::remove_dir_all(folder.join("raw"))?;
    let open = |path: &Path| -> Result<Ledger> {
        let store = SqliteStore::open(path)?;
        Ledger::open(store.reader(), Box::new(store))
    };
    let sides = Sides { all: open(&large)?, alone: open(&small)? };
    compare(report, "SQLite", &all, sides, &reference, [17, 18], |question| {
        Ok(Connection::open(&large)?.query_row(question, [], |row| row.get(0))?)
    })
}

/// Makes the ledger in a file. The first service is recorded by the product, and the others are made from that one.
fn sell(path: &Path, world: &World) -> Result<()> {
    eprintln!("making a ledger of {} services", world.services());
    std::fs::create_dir_all(path.parent().context("it has a folder")?)?;
    world::make(path, 1, Sold::Servers, &world.expiries)?;
    let mut ledger = Connection::open(path)?;
    ledger.execute_batch("pragma journal_mode = off; pragma synchronous = off; pragma cache_size = -400000")?;
    ledger.execute_batch("create temp table days (number integer primary key, until_date text)")?;
    let writing = ledger.transaction()?;
    for (number, day) in (0_i64..).zip(&world.expiries) {
        writing.execute("insert into days values (?1, ?2)", (number, day.to_string()))?;
    }
    writing.execute(MORE, [world.services(), ACCOUNTS, i64::try_from(world.expiries.len())?])?;
    writing.commit()?;
    Ok(())
}

/// Goes through the same days over both ledgers in turn, and then through days that were missed; `ask` asks the database of
/// all services.
pub fn compare(
    report: &mut Report,
    database: &str,
    world: &World,
    mut sides: Sides,
    reference: &Done,
    [ratio, rate]: [u8; 2],
    ask: impl FnOnce(&str) -> Result<String>,
) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build()?;
    let (services, due) = (world.services(), world.due);
    let renewals = f64::from(u32::try_from(due)?);
    let memory_kb = machine::rss_kb("self")?;
    for until in MEASURED {
        let busy = machine::Busy::start()?;
        let mut took = [[Duration::ZERO; 2]; 2];
        for (side, took) in [&mut sides.all, &mut sides.alone].into_iter().zip(&mut took) {
            for (took, (days, told)) in took.iter_mut().zip([(PROPOSED, "proposed"), (PAID, "paid")]) {
                *took = runtime.block_on(side.day(until, days, due, told))?;
            }
        }
        let [[proposing, paying], [proposing_alone, paying_alone]] = took.map(|side| side.map(|it| it.as_secs_f64()));
        report.note(format!(
            "{database}: {due} due of {services} services: ordered in {proposing:.2} s, paid in {paying:.2} s; alone \
             {proposing_alone:.2} s and {paying_alone:.2} s; {:.2} cores busy",
            busy.cores()?
        ));
        report.add(Goal::number(ratio), paying / paying_alone);
        report.add(Goal::number(rate), renewals / (proposing + paying) / reference.rate());
    }
    let grown_mb = machine::rss_kb("self")?.saturating_sub(memory_kb) / 1024;
    report.note(format!("{database}: the bare loop: {:.0}/s; memory grew by {grown_mb} MiB", reference.rate()));
    missed(report, database, due, &mut sides.all, &runtime)?;
    let found = ask(ORDER).context("the stages can be read")?;
    ensure!(found.trim() == format!("{} 0", due * 3), "missed days are made up for in their order: {found}");
    sides.alone.close()?;
    sides.all.close()
}

/// Goes through days that were missed, all at once.
fn missed(
    report: &mut Report,
    database: &str,
    due: i64,
    ledger: &mut Ledger,
    runtime: &tokio::runtime::Runtime,
) -> Result<()> {
    let [first, .., last] = MISSED;
    runtime.block_on(ledger.go(first, PAID + 1))?;
    let (took, passed) = runtime.block_on(ledger.go(last, PAID))?;
    let paid = passed.told.get("paid").copied().unwrap_or_default();
    ensure!((passed.days, paid) == (3, (due * 3).unsigned_abs()), "three days are made up for: {passed}");
    report.note(format!("{database}: three days at once: {paid} paid in {:.2} s: {passed}", took.as_secs_f64()));
    Ok(())
}
