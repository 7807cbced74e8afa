//! The commands: a file each, with its arguments, their help, and then the function.

use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use crate::output::Output;
use crate::store::Address;

mod account;
mod apply;
mod audit;
mod backup;
mod balance;
mod completions;
mod copy;
mod demo;
mod evidence;
mod forecast;
mod import;
mod init;
mod key;
mod list;
mod man;
mod method;
mod migrate;
mod native;
mod order;
mod plan;
mod provider;
mod quote;
mod renew;
mod resolve;
mod sandbox;
mod serve;
mod service;
mod status;
mod sync;
mod value;
mod watch;
mod webhook;

/// Keeps prepaid services from lapsing, and never pays twice.
///
/// For what you rent: one inventory of servers, domains, hosting and instances at several providers. `init` makes the
/// configuration, `provider add` adds an account, `sync` reads it, `list` and `quote` show what expires and what it costs.
///
/// For what you rent out: a renewal service over a ledger of its own, which sells renewals over the APIs of known
/// providers. `serve` runs it, `sandbox` rehearses with it, and the other commands look after the ledger, also beside a
/// running server, on the same database.
#[derive(Debug, Parser)]
#[command(
    name = "perennial",
    version,
    styles = crate::clap_styles(),
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true,
    after_long_help = AFTER_HELP
)]
pub struct Cli {
    /// What every command takes.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

impl Cli {
    /// Reads the command line; where it cannot be understood, tells so and ends the process.
    ///
    /// # Errors
    /// [`Misuse`] where a password is written on it: whoever lists the processes sees it.
    pub fn read() -> anyhow::Result<Self> {
        let matches = Self::command().get_matches();
        if let Some((flag, hint)) = shows_password(&matches) {
            return Err(Misuse(format!(
                "`--{flag}` has a password in it, which the list of processes shows to everybody\nhint: set {hint}"
            ))
            .into());
        }
        Ok(Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit()))
    }
}

/// The flag that has a ledger's password in it on the command line, and what to set instead; one in the environment is
/// seen by nobody else.
fn shows_password(matches: &ArgMatches) -> Option<(&'static str, &'static str)> {
    const FLAGS: [(&str, &str); 3] = [
        (
            "database",
            "PERENNIAL_DATABASE to that URL, or PGPASSWORD to the password, or write `url` under [store] in the \
             configuration",
        ),
        ("from", "PERENNIAL_FROM to that URL, or PGPASSWORD to the password"),
        ("to", "PERENNIAL_TO to that URL, or PGPASSWORD to the password"),
    ];
    let matches =
        std::iter::successors(Some(matches), |matches| matches.subcommand().map(|(_, below)| below)).last()?;
    FLAGS.into_iter().find(|(flag, _)| {
        // A command may have no such flag, or another one of that name.
        let address = matches.try_get_one::<Address>(flag).ok().flatten();
        address.is_some_and(Address::has_password) && matches.value_source(flag) == Some(ValueSource::CommandLine)
    })
}

const AFTER_HELP: &str = "\
Results go to stdout, everything else to stderr. With --json, a result is one line of JSON and a list is a line an \
item; field names are stable, amounts are {\"amount\": \"45.44\", \"currency\": \"EUR\"}, dates 2027-01-31, instants \
RFC 3339 in UTC.

Flags stand above the environment, and the environment above the configuration file. PERENNIAL_LOG chooses what is \
logged to stderr, such as `debug` or `perennial_engine=debug`.

Exit codes: 0 done, 1 refused or failed, 2 used wrongly (also where a question would have no answer). Commands that plan \
and pay tell more apart, from 10 on; their help says what.";

/// What every command takes.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// The ledger: a SQLite file, or a PostgreSQL database as `postgres://USER@HOST/NAME`, its password in PGPASSWORD
    /// [default: `path` or `url` under `[store]` in the configuration]
    // Help tells what is in the environment, and that may be a password.
    #[arg(long, global = true, env = "PERENNIAL_DATABASE", hide_env_values = true, value_name = "PATH|URL",
          value_parser = Address::argument())]
    pub database: Option<Address>,
    /// The configuration [default, for what you rent: perennial.toml here, else in ~/.config/perennial]
    #[arg(long, global = true, env = "PERENNIAL_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Show results as JSON, a line each
    #[arg(long, global = true)]
    pub json: bool,
    /// How logs are written to stderr
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text, value_name = "FORMAT")]
    pub log_format: LogFormat,
}

/// How logs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// A line of text an event.
    Text,
    /// A JSON object an event.
    Json,
}

impl Global {
    /// How results are shown.
    pub const fn output(&self) -> Output {
        if self.json { Output::Json } else { Output::Human }
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    Init(init::InitArgs),
    Provider(provider::ProviderArgs),
    Sync(sync::SyncArgs),
    List(list::ListArgs),
    Quote(quote::QuoteArgs),
    Native(native::NativeArgs),
    Plan(plan::PlanArgs),
    Apply(apply::ApplyArgs),
    Renew(renew::RenewArgs),
    Status(status::StatusArgs),
    Resolve(resolve::ResolveArgs),
    Evidence(evidence::EvidenceArgs),
    Forecast(forecast::ForecastArgs),
    Watch(watch::WatchArgs),
    Demo(demo::DemoArgs),
    Serve(serve::ServeArgs),
    Sandbox(sandbox::SandboxArgs),
    Import(import::ImportArgs),
    Account(account::AccountArgs),
    Service(service::ServiceArgs),
    Key(key::KeyArgs),
    Webhook(webhook::WebhookArgs),
    Balance(balance::BalanceArgs),
    Method(method::MethodArgs),
    Order(order::OrderArgs),
    Audit(audit::AuditArgs),
    Backup(backup::BackupArgs),
    Copy(copy::CopyArgs),
    Migrate(migrate::MigrateArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

impl Command {
    /// What is logged where `PERENNIAL_LOG` says nothing.
    pub const fn log_default(&self) -> &'static str {
        match self {
            Self::Serve(_) | Self::Sandbox(_) | Self::Watch(_) => "info",
            _ => "warn",
        }
    }
}

/// Does what the command line says.
///
/// # Errors
/// What was refused or failed, for `main` to print; [`Misuse`] where the command line is at fault.
pub fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let Cli { global, command } = cli;
    match command {
        Command::Init(args) => init::run(&global, args),
        Command::Provider(args) => provider::run(&global, &args),
        Command::Sync(args) => sync::run(&global, &args),
        Command::List(args) => list::run(&global, &args),
        Command::Quote(args) => quote::run(&global, &args),
        Command::Native(args) => native::run(&global, &args),
        Command::Plan(args) => plan::run(&global, &args),
        Command::Apply(args) => apply::run(&global, &args),
        Command::Renew(args) => renew::run(&global, &args),
        Command::Status(args) => status::run(&global, &args),
        Command::Resolve(args) => resolve::run(&global, &args),
        Command::Evidence(args) => evidence::run(&global, &args),
        Command::Forecast(args) => forecast::run(&global, args),
        Command::Watch(args) => watch::run(&global, args),
        Command::Demo(args) => demo::run(args),
        Command::Serve(args) => serve::run(args),
        Command::Sandbox(args) => sandbox::run(args),
        Command::Import(args) => import::run(&global, &args),
        Command::Account(args) => account::run(&global, &args),
        Command::Service(args) => service::run(&global, &args),
        Command::Key(args) => key::run(&global, &args),
        Command::Webhook(args) => webhook::run(&global, &args),
        Command::Balance(args) => balance::run(&global, &args),
        Command::Method(args) => method::run(&global, &args),
        Command::Order(args) => order::run(&global, &args),
        Command::Audit(args) => audit::run(&global, args),
        Command::Backup(args) => backup::run(&global, &args),
        Command::Copy(args) => copy::run(&global, &args),
        Command::Migrate(args) => migrate::run(&global, args),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
    }
}

/// The command line is at fault: exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Misuse(pub String);

/// Why nothing is done where a question would have no answer.
const NOBODY: &str = "Nobody can be asked, so nothing was done";

/// Answers given ahead, for commands that ask.
#[derive(Args, Clone, Copy, Debug)]
pub struct Consent {
    /// Do it without asking
    #[arg(short = 'y', long)]
    yes: bool,
    /// Never ask; what would ask is refused
    #[arg(long)]
    no_input: bool,
}

impl Consent {
    /// Whether the question that a command will ask is answered ahead, or somebody is there to be asked.
    fn can_answer(self) -> bool {
        self.yes || (!self.no_input && std::io::stdin().is_terminal())
    }

    /// Makes sure that the question will have an answer, for commands that would do much before they ask it.
    ///
    /// # Errors
    /// [`Misuse`], with what to do instead.
    pub fn check(self, instead: &str) -> Result<(), Misuse> {
        if self.can_answer() { Ok(()) } else { Err(Misuse(format!("{NOBODY}\nhint: {instead}"))) }
    }

    /// Asks whether to go on, unless that was answered ahead.
    ///
    /// # Errors
    /// When the answer is no; [`Misuse`] when nobody can be asked.
    pub fn ask(self, question: &str) -> anyhow::Result<()> {
        if self.yes {
            return Ok(());
        }
        if !self.can_answer() {
            return Err(Misuse(format!("{question} {NOBODY}\nhint: `-y` answers ahead")).into());
        }
        let mut stderr = std::io::stderr();
        write!(stderr, "{question} [y/N] ").and_then(|()| stderr.flush()).context("asking")?;
        let mut answer = String::new();
        std::io::stdin().lock().read_line(&mut answer).context("reading the answer")?;
        if !matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") {
            bail!("not confirmed, so nothing was done");
        }
        Ok(())
    }
}
