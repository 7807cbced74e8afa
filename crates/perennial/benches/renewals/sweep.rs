//! A sweep: everything that expires within a week, out of very many services, read page by page and renewed through the
//! product's own lane, against a bare loop on the same ledger.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use jiff::civil::Date;
use perennial_core::calendar::Period;
use perennial_core::command::{Action, After, Command, CouponUse, PayWith, RenewRequest, Reply, Scope};
use perennial_core::ids::MethodId;
use perennial_core::order::Origin;
use perennial_core::ports::Lane;
use perennial_engine::clock::{Stopwatch, SystemClock};
use perennial_engine::lane::{Grouping, LaneHandle, start};
use perennial_store::sqlite::{SqliteReader, SqliteStore};
use perennial_store::{Due, Records, Store};

use crate::raw::Done;
use crate::report::{Goal, Report};
use crate::world::{Sold, method_of};
use crate::{machine, millis, raw, server, world};

/// How many services are read at a time, and renewed before the next are read.
const PAGE: u32 = 1_000;

/// The ledger's first expiries, and a week after them.
const WEEK_ENDS: Date = jiff::civil::date(2027, 1, 8);

/// A ledger to hold the time of a page against.
pub const SMALL: i64 = 100_000;

/// How long the bare loop runs.
pub const TIME: Duration = Duration::from_secs(20);

/// Measures goals 11 to 13 on SQLite, over this many services.
pub fn on_sqlite(folder: &Path, services: i64, report: &mut Report) -> Result<()> {
    let small = make(folder, "small", SMALL)?;
    let large = make(folder, "large", services)?;
    let pages = [page_time(&SqliteReader::open(&large)?)?, page_time(&SqliteReader::open(&small)?)?];
    let copy = server::copy(&large, &folder.join("raw"))?;
    let waited = machine::Waited::start()?;
    let reference = raw::run(&copy, services, 64, TIME)?;
    report.judge_wait(waited.part()?);
    std::fs::remove_dir_all(folder.join("raw"))?;
    let before_kb = machine::rss_kb("self")?;
    let store = SqliteStore::open(&large)?;
    let reader = store.reader();
    let swept = sweep(Box::new(store), &reader)?;
    let grown_mb = machine::rss_kb("self")?.saturating_sub(before_kb) / 1024;
    tell(report, "SQLite", services, pages, &reference, &swept, [11, 111, 12]);
    report.note(format!("memory grew by {grown_mb} MiB, of which 64 are the page cache"));
    report.add(Goal::number(13), f64::from(u32::try_from(grown_mb.saturating_sub(64))?));
    let audit = reader.audit()?;
    anyhow::ensure!(audit.is_sound(), "{:?}", audit.findings);
    Ok(())
}

/// Adds what was measured to the report: the rate, the part of it that was reading, and the time of a page, of all
/// services and of the small ledger.
pub fn tell(
    report: &mut Report,
    database: &str,
    services: i64,
    [large, small]: [Duration; 2],
    reference: &Done,
    swept: &Swept,
    [rate, reading, page]: [u8; 3],
) {
    report.note(format!(
        "{database}: next page of {PAGE} due: {:.2} ms of {services}, {:.2} ms of {SMALL}",
        millis(large),
        millis(small)
    ));
    report.note(format!(
        "{database}: sweep of a week: {} renewals, {:.0}/s against {:.0}/s of the bare loop",
        swept.renewals,
        swept.rate(),
        reference.rate()
    ));
    report.add(Goal::number(page), large.as_secs_f64() / small.as_secs_f64());
    report.add(Goal::number(rate), swept.rate() / reference.rate());
    report.add(Goal::number(reading), swept.reading.as_secs_f64() / swept.elapsed.as_secs_f64() * 100.0);
}

fn make(folder: &Path, name: &str, services: i64) -> Result<PathBuf> {
    eprintln!("making a ledger of {services} services");
    let folder = folder.join(name);
    std::fs::create_dir_all(&folder)?;
    let path = folder.join("ledger.db");
    let watch = Stopwatch::start();
    world::make(&path, services, Sold::Servers, &world::year())?;
    eprintln!("made in {:.0} s, {} MiB", watch.elapsed().as_secs_f64(), std::fs::metadata(&path)?.len() >> 20);
    Ok(path)
}

/// The median time of a page of what is due, with the services themselves.
pub fn page_time(reader: &impl Records) -> Result<Duration> {
    let mut times = Vec::new();
    let mut after = None;
    for _ in 0..50 {
        let watch = Stopwatch::start();
        let page = reader.services_due(Date::MAX, after, PAGE)?;
        times.push(watch.elapsed());
        after = page.last().copied();
    }
    times.sort_unstable();
    Ok(times[times.len() / 2])
}

/// What a sweep did.
pub struct Swept {
    renewals: u32,
    elapsed: Duration,
    reading: Duration,
}

impl Swept {
    fn rate(&self) -> f64 {
        f64::from(self.renewals) / self.elapsed.as_secs_f64()
    }
}

/// Renews all that expires within the week, through a lane over the store.
pub fn sweep<R: Records + Clone + Send + Sync + 'static>(store: Box<dyn Store>, reader: &R) -> Result<Swept> {
    let (lane, thread) = start(store, Arc::new(reader.clone()), Arc::new(SystemClock), Grouping::ByTime)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let watch = Stopwatch::start();
    let mut swept = Swept { renewals: 0, elapsed: Duration::ZERO, reading: Duration::ZERO };
    let mut after = None;
    loop {
        let reading = Stopwatch::start();
        let page = reader.services_due(WEEK_ENDS, after, PAGE)?;
        swept.reading += reading.elapsed();
        let Some(last) = page.last() else { break };
        after = Some(*last);
        swept.renewals += u32::try_from(page.len())?;
        runtime.block_on(renew(&lane, page))?;
    }
    swept.elapsed = watch.elapsed();
    thread.close();
    Ok(swept)
}

/// Orders and pays a page of services, all at the same time.
async fn renew(lane: &LaneHandle, page: Vec<Due>) -> Result<()> {
    let renewals: Vec<_> = page
        .into_iter()
        .map(|due| {
            let lane = lane.clone();
            tokio::spawn(async move { renew_one(&lane, due).await })
        })
        .collect();
    for renewal in renewals {
        renewal.await??;
    }
    Ok(())
}

async fn renew_one(lane: &LaneHandle, due: Due) -> Result<()> {
    let request = RenewRequest {
        services: vec![due.service],
        scope: Scope::Listed,
        period: Period::months(1).context("a month is a period")?,
        to_day: None,
        promo: None,
        coupons: CouponUse::Keep,
        after: After::Expiry,
        origin: Origin::Schedule,
        open_s: 86_400,
    };
    let command = |action| Command { account: due.account, token: None, action };
    let placed = lane.submit(command(Action::Renew { request, password: "0123456789".to_owned() })).await?;
    let Reply::Placed(order) = placed else { bail!("not placed: {placed:?}") };
    let with = PayWith::Method(MethodId(method_of(due.account.0)));
    lane.submit(command(Action::Pay { order: order.id, with, due: None })).await?;
    Ok(())
}
