//! The machine: what its disk and cores did while something was measured. Read from `/proc`; Linux only.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use perennial_engine::clock::Stopwatch;

/// Cores, memory, and the median of 4 KiB written and `fdatasync`ed.
pub fn describe(folder: &Path) -> Result<String> {
    let cores = std::thread::available_parallelism()?;
    let memory = fs::read_to_string("/proc/meminfo")?;
    let total: u64 = memory
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB")?.parse().ok())
        .context("/proc/meminfo tells the memory")?;
    let median = fdatasync_median(folder)?;
    Ok(format!("{cores} cores, {} MiB, fdatasync of 4 KiB: median {} us", total / 1024, median.as_micros()))
}

fn fdatasync_median(folder: &Path) -> Result<Duration> {
    const WRITES: usize = 300;
    let path = folder.join("fdatasync");
    let mut file = File::create(&path)?;
    let mut times = Vec::with_capacity(WRITES);
    for _ in 0..WRITES {
        let watch = Stopwatch::start();
        file.seek(SeekFrom::End(0))?;
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
        times.push(watch.elapsed());
    }
    fs::remove_file(path)?;
    times.sort_unstable();
    Ok(times[WRITES / 2])
}

/// Resident memory of a process, in kB: of a process id, or of `self`.
pub fn rss_kb(process: &str) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("memory is in the status")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

/// How long this thread waited for a core. Says little where what it waits for runs on the same cores: see [`Cores`].
pub struct Waited {
    before: (u64, u64),
}

impl Waited {
    /// Begins to measure.
    pub fn start() -> Result<Self> {
        Ok(Self { before: schedstat()? })
    }

    /// The part of its time that the thread waited, from 0 to 1.
    pub fn part(&self) -> Result<f64> {
        let (ran, waited) = schedstat()?;
        let (ran, waited) = (ran - self.before.0, waited - self.before.1);
        #[expect(clippy::cast_precision_loss, reason = "a part, for show")]
        Ok(waited as f64 / (ran + waited).max(1) as f64)
    }
}

/// Nanoseconds this thread ran and waited.
fn schedstat() -> Result<(u64, u64)> {
    let text = fs::read_to_string("/proc/thread-self/schedstat")?;
    let mut numbers = text.split_whitespace().map(str::parse);
    let ran = numbers.next().context("a thread tells how long it ran")??;
    let waited = numbers.next().context("a thread tells how long it waited")??;
    Ok((ran, waited))
}

/// How many cores were busy, whoever kept them so.
pub struct Busy {
    watch: Stopwatch,
    before: u64,
}

impl Busy {
    /// Begins to measure.
    pub fn start() -> Result<Self> {
        Ok(Self { watch: Stopwatch::start(), before: busy_ticks()? })
    }

    /// The cores busy since then.
    pub fn cores(&self) -> Result<f64> {
        const TICKS_A_SECOND: f64 = 100.0;
        #[expect(clippy::cast_precision_loss, reason = "a few hundred ticks, for show")]
        let ticks = (busy_ticks()? - self.before) as f64;
        Ok(ticks / TICKS_A_SECOND / self.watch.elapsed().as_secs_f64())
    }
}

/// Ticks that all cores spent on something: all but idle and waiting for a disk.
fn busy_ticks() -> Result<u64> {
    let text = fs::read_to_string("/proc/stat")?;
    let line = text.lines().next().context("/proc/stat begins with all cores")?;
    let ticks: Vec<u64> = line.split_whitespace().skip(1).map(str::parse).collect::<Result<_, _>>()?;
    let idle: u64 = ticks.iter().skip(3).take(2).sum();
    Ok(ticks.iter().take(8).sum::<u64>() - idle)
}

/// Whom the cores worked for: us, with the databases that we started; or others, that is, all other processes, and other
/// machines on the same hardware.
pub struct Cores {
    roots: Vec<u32>,
    watch: Stopwatch,
    used: u64,
    own: u64,
}

/// Whom the cores worked for since then.
#[derive(Clone, Copy)]
pub struct Worked {
    /// The part of all cores' time that others had, from 0 to 1.
    pub others: f64,
    /// How many seconds of a core we had.
    pub own_s: f64,
}

impl Cores {
    /// Begins to measure. `servers` are processes that work for us, with all that they start, as our own do.
    pub fn start(servers: &[u32]) -> Result<Self> {
        let mut roots = servers.to_vec();
        roots.push(std::process::id());
        Ok(Self { watch: Stopwatch::start(), used: used_ticks()?, own: own_ticks(&roots)?, roots })
    }

    /// Ends to measure.
    pub fn end(&self) -> Result<Worked> {
        let (used, own) = (used_ticks()?.saturating_sub(self.used), own_ticks(&self.roots)?.saturating_sub(self.own));
        let cores = f64::from(u32::try_from(std::thread::available_parallelism()?.get())?);
        let others = seconds(used.saturating_sub(own)) / cores / self.watch.elapsed().as_secs_f64();
        Ok(Worked { others, own_s: seconds(own) })
    }
}

/// Ticks as seconds.
fn seconds(ticks: u64) -> f64 {
    const TICKS_A_SECOND: f64 = 100.0;
    f64::from(u32::try_from(ticks).unwrap_or(u32::MAX)) / TICKS_A_SECOND
}

/// Ticks of all cores that some process had, or another machine.
fn used_ticks() -> Result<u64> {
    let text = fs::read_to_string("/proc/stat")?;
    let line = text.lines().next().context("/proc/stat begins with all cores")?;
    let ticks: Vec<u64> = line.split_whitespace().skip(1).map(str::parse).collect::<Result<_, _>>()?;
    let [user, nice, system, _, _, _, _, stolen, ..] = ticks[..] else { anyhow::bail!("/proc/stat is too short") };
    Ok(user + nice + system + stolen)
}

/// Ticks that these processes had with all that they started.
fn own_ticks(roots: &[u32]) -> Result<u64> {
    let mut processes: HashMap<u32, (u32, u64)> = HashMap::new();
    for entry in fs::read_dir("/proc")? {
        let Some(id) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // One that has just ended is counted by who started it.
        let Ok(stat) = fs::read_to_string(format!("/proc/{id}/stat")) else { continue };
        let (_, rest) = stat.rsplit_once(") ").context("a process has a name")?;
        let fields: Vec<_> = rest.split(' ').collect();
        let number = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
        let parent = u32::try_from(number(1)).unwrap_or(0);
        processes.insert(id, (parent, (11..15).map(number).sum()));
    }
    let mut own: HashSet<u32> = roots.iter().copied().collect();
    loop {
        let known = own.len();
        own.extend(
            processes.iter().filter(|(_, (parent, _))| own.contains(parent)).map(|(id, _)| *id).collect::<Vec<_>>(),
        );
        if own.len() == known {
            break;
        }
    }
    Ok(own.iter().filter_map(|id| processes.get(id)).map(|(_, ticks)| ticks).sum())
}
