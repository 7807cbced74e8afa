//! The machine: what its disk and cores did while something was measured. Read from `/proc`; Linux only.

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

/// How long this thread waited for a core.
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
