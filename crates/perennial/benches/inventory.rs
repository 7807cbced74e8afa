//! How fast, and in how much memory, the buyer reads a large inventory and plans, against a plain script on the vendors' SDKs
//! at the same sandbox: `cargo bench --bench inventory [-- --services N]`.
//!
//! Runs alternate, and the median of three ratios counts. Both sides and the sandbox share the machine's cores.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use perennial_core::ports::Clock;
use perennial_engine::clock::{Stopwatch, SystemClock};
use perennial_providers::DIALECTS;
use perennial_testkit::{Env, Sandbox, clients};

const BINARY: &str = env!("CARGO_BIN_EXE_perennial");

/// How many services there are, spread evenly over the four accounts, unless another number is asked for.
const SERVICES: u32 = 10_000;

/// How many runs of each.
const RUNS: usize = 3;

/// What is due: the same for both sides.
const POLICY: &str = "\n[[rule]]\nkind = \"domain\"\nrenew_before = \"P14D\"\nperiod = \"P1Y\"\nmode = \"act\"\nnative = \"accept\"\n\
                      \n[[rule]]\nrenew_before = \"P14D\"\nperiod = \"P1M\"\nmode = \"act\"\nnative = \"accept\"\n";

/// What one side took.
struct Took {
    sync: Duration,
    plan: Duration,
    /// The most memory that it had, in MiB, where it was looked at.
    memory: Option<u64>,
}

fn main() -> Result<()> {
    let services = asked()?;
    println!("inventory of {services} services at four providers, sandbox on the same machine");
    let sandbox = Sandbox::options(BINARY).arg("--seed-demo").arg(services.to_string()).start()?;
    let folder = tempfile::tempdir()?;
    let environment = sandbox.env()?;
    configure(&sandbox, folder.path())?;
    let mut ratios = Vec::new();
    for run in 1..=RUNS {
        let ours = ours(folder.path(), &environment)?;
        let script = script(&environment)?;
        let ratio = |ours: Duration, script: Duration| script.as_secs_f64() / ours.as_secs_f64();
        println!(
            "run {run}: sync {:.1} s against {:.1} s, plan {:.1} s against {:.1} s; memory {} MiB",
            ours.sync.as_secs_f64(),
            script.sync.as_secs_f64(),
            ours.plan.as_secs_f64(),
            script.plan.as_secs_f64(),
            ours.memory.map_or_else(|| "?".to_owned(), |memory| memory.to_string()),
        );
        ratios.push((ratio(ours.sync, script.sync), ratio(ours.plan, script.plan)));
    }
    let median = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    println!("sync: {:.1} times as fast as the script", median(ratios.iter().map(|ratio| ratio.0).collect()));
    println!("plan: {:.1} times as fast as the script", median(ratios.iter().map(|ratio| ratio.1).collect()));
    Ok(())
}

/// The number of services that the command line asks for.
fn asked() -> Result<u32> {
    let arguments: Vec<_> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => Ok(SERVICES),
        ["--services", number] => number.parse().context("--services"),
        other => bail!("not understood: {other:?}"),
    }
}

/// A configuration whose pace is no bound: here, the machine is.
fn configure(sandbox: &Sandbox, folder: &Path) -> Result<()> {
    let mut text = format!("[store]\npath = \"ledger.db\"\n[rehearsal]\nsandbox = \"{}\"\n", sandbox.pages());
    for (port, dialect) in (sandbox.port_base() + 1..).zip(&DIALECTS) {
        let (name, root) = (dialect.name, dialect.root);
        let account = format!(
            "[provider.{name}]\napi = \"{name}\"\nurl = \"http://127.0.0.1:{port}{root}\"\nrequests_per_minute = 6000000\n"
        );
        text.push_str(&account);
    }
    text.push_str(POLICY);
    std::fs::write(folder.join("perennial.toml"), text).context("writing the configuration")
}

fn ours(folder: &Path, environment: &Env) -> Result<Took> {
    let run = |args: &[&str]| -> Result<(Duration, u64)> {
        let mut command = Command::new(BINARY);
        command.args(args).current_dir(folder).envs(environment).stdout(Stdio::null()).stderr(Stdio::inherit());
        for name in ["OVH_ENDPOINT", "VPSBG_URL", "HOSTUP_URL", "ALIYUN_ENDPOINT"] {
            command.env_remove(name);
        }
        let watch = Stopwatch::start();
        let mut child = command.spawn()?;
        let mut memory = 0;
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            memory = memory.max(peak_mib(child.id()).unwrap_or_default());
            std::thread::sleep(Duration::from_millis(5));
        };
        ensure!(status.success(), "{args:?}: {status}");
        Ok((watch.elapsed(), memory))
    };
    let (sync, first) = run(&["sync"])?;
    let (plan, second) = run(&["plan", "--no-sync", "--json"])?;
    Ok(Took { sync, plan, memory: Some(first.max(second)) })
}

/// The most memory that a process has had so far.
fn peak_mib(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 1024)
}

fn script(environment: &Env) -> Result<Took> {
    let mut environment = environment.clone();
    let today = SystemClock.now().to_zoned(jiff::tz::TimeZone::UTC).date();
    environment.insert("TODAY".to_owned(), today.to_string());
    let told = clients::python("benchmark_inventory.py", &environment)?;
    let seconds = |name: &str| told[name].as_f64().map(Duration::from_secs_f64).context("the script tells its times");
    Ok(Took { sync: seconds("syncS")?, plan: seconds("planS")?, memory: None })
}
