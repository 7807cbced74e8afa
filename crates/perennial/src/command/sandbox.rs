//! `perennial sandbox`: rehearse renewals without paying.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use jiff::Timestamp;

use crate::sandbox::demo::{self, Addresses};
use crate::sandbox::{self, Options};

/// Rehearse renewals without paying: demo services, a clock to move, faults on demand
///
/// Needs no configuration and listens on loopback only: pages and the control API on the first port, the APIs of
/// OVHcloud, VPSBG, HostUp and Alibaba Cloud on those after it. Everything is thrown away at the end unless --data keeps
/// it.
#[derive(Args, Clone, Debug)]
pub struct SandboxArgs {
    /// Keep ledger, clock and master key in this folder, and start from what is there
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The first of five neighbouring ports
    #[arg(long, value_name = "PORT", default_value_t = demo::PORT_BASE,
          value_parser = clap::value_parser!(u16).range(1..=65_531))]
    port_base: u16,
    /// Start the clock at this instant, such as 2027-01-01T00:00:00Z [default: where it was left, or now]
    #[arg(long, value_name = "INSTANT")]
    now: Option<Timestamp>,
    /// Serve the APIs over TLS, with certificates made in this folder; clients must trust ca.pem in it
    #[arg(long, value_name = "DIR")]
    tls: Option<PathBuf>,
    /// Add so many services, spread over accounts seed-01 to seed-16, for load
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true,
          value_parser = clap::value_parser!(u32).range(..=10_000_000))]
    seed_services: u32,
    /// Add so many services to the four demo accounts, evenly, for load
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true,
          value_parser = clap::value_parser!(u32).range(..=1_000_000))]
    seed_demo: u32,
    /// Let no time pass for services by itself: none is renewed, reminded of or ended as the clock goes on
    #[arg(long)]
    no_schedule: bool,
    /// Print `export` lines with the addresses and the demo credentials, and exit
    #[arg(long)]
    print_env: bool,
}

/// Runs the sandbox until it is asked to end.
///
/// # Errors
/// When it cannot start.
pub fn run(args: SandboxArgs) -> anyhow::Result<ExitCode> {
    let scheme = if args.tls.is_some() { "https" } else { "http" };
    let addresses = Addresses { port_base: args.port_base, scheme };
    if args.print_env {
        let mut stdout = std::io::stdout().lock();
        for (name, value) in addresses.environment() {
            writeln!(stdout, "export {name}={value}")?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let temporary = match args.data {
        Some(_) => None,
        None => Some(tempfile::Builder::new().prefix("perennial-sandbox-").tempdir().context("making a folder")?),
    };
    let data = temporary.as_ref().map_or_else(|| args.data.unwrap_or_default(), |folder| folder.path().to_owned());
    std::fs::create_dir_all(&data).with_context(|| format!("making the folder {}", data.display()))?;
    let options = Options {
        data,
        addresses,
        now: args.now,
        tls: args.tls,
        seed_services: args.seed_services,
        seed_demo: args.seed_demo,
        schedule: !args.no_schedule,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("starting the runtime")?;
    runtime.block_on(sandbox::run(options, sandbox::greet))?;
    Ok(ExitCode::SUCCESS)
}
