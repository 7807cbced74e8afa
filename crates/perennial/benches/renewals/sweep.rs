//! A sweep: everything that expires within a week, out of very many services, read page by page and renewed through the
//! product's own lane, against a bare loop on the same ledger.

use std::path::Path;
use std::process::ExitCode;
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
use perennial_store::{Due, Records};

use crate::world::method_of;
use crate::{machine, raw, server, world};

/// How many services are read at a time, and renewed before the next are read.
const PAGE: u32 = 1_000;

/// The ledger's first expiries, and a week after them.
const WEEK_ENDS: Date = jiff::civil::date(2027, 1, 8);

/// A ledger to hold the time of a page against.
const SMALL: i64 = 100_000;

/// Measures goals 11 to 13 over this many services.
pub fn run(folder: &Path, services: i64) -> Result<ExitCode> {
    println!("{}", machine::describe(folder)?);
    let small = make(folder, "small", SMALL)?;
    let large = make(folder, "large", services)?;
    let (small_page, large_page) = (page_time(&small)?, page_time(&large)?);
    println!(
        "next page of {PAGE} due: {:.2} ms of {services}, {:.2} ms of {SMALL}: {:.1}x (aim 4, floor 10)",
        millis(large_page),
        millis(small_page),
        large_page.as_secs_f64() / small_page.as_secs_f64()
    );
    let copy = server::copy(&large, &folder.join("raw"))?;
    let reference = raw::run(&copy, services, 64, Duration::from_secs(20))?;
    std::fs::remove_dir_all(folder.join("raw"))?;
    let before_kb = machine::rss_kb("self")?;
    let swept = sweep(&large)?;
    let grown_mb = machine::rss_kb("self")?.saturating_sub(before_kb) / 1024;
    println!(
        "sweep of a week: {} renewals, {:.0}/s against {:.0}/s of the bare loop: {:.2} (aim 0.80, floor 0.60)",
        swept.renewals,
        swept.rate(),
        reference.rate(),
        swept.rate() / reference.rate()
    );
    println!(
        "reading what is due took {:.1} % of it (floor 3)",
        swept.reading.as_secs_f64() / swept.elapsed.as_secs_f64() * 100.0
    );
    println!("memory grew by {grown_mb} MiB, of which 64 are the page cache (aim +64 over it, floor +128)");
    let audit = SqliteReader::open(&large)?.audit()?;
    anyhow::ensure!(audit.is_sound(), "{:?}", audit.findings);
    std::fs::remove_dir_all(folder)?;
    Ok(ExitCode::SUCCESS)
}

fn make(folder: &Path, name: &str, services: i64) -> Result<std::path::PathBuf> {
    eprintln!("making a ledger of {services} services");
    let folder = folder.join(name);
    std::fs::create_dir_all(&folder)?;
    let path = folder.join("ledger.db");
    let watch = Stopwatch::start();
    world::make(&path, services)?;
    eprintln!("made in {:.0} s, {} MiB", watch.elapsed().as_secs_f64(), std::fs::metadata(&path)?.len() >> 20);
    Ok(path)
}

/// The median time of a page of what is due, with the services themselves.
fn page_time(path: &Path) -> Result<Duration> {
    let reader = SqliteReader::open(path)?;
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

struct Swept {
    renewals: u32,
    elapsed: Duration,
    reading: Duration,
}

impl Swept {
    fn rate(&self) -> f64 {
        f64::from(self.renewals) / self.elapsed.as_secs_f64()
    }
}

fn sweep(path: &Path) -> Result<Swept> {
    let store = SqliteStore::open(path)?;
    let reader = store.reader();
    let (lane, thread) = start(Box::new(store), Arc::new(reader.clone()), Arc::new(SystemClock), Grouping::ByTime)?;
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

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}
