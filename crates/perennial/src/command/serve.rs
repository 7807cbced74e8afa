//! `perennial serve`: sell renewals over the APIs of known providers.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::Args;
use perennial_core::ports::Gateway;
use perennial_engine::clock::SystemClock;
use perennial_engine::schedule::Moved;
use perennial_providers::DIALECTS;
use perennial_providers::secret::random_uuid;
use sd_notify::NotifyState;
use tokio_rustls::TlsAcceptor;

use crate::config::schedule::ScheduleConfig;
use crate::config::stripe::StripeConfig;
use crate::config::{Config, Half, PagesConfig};
use crate::courier::{Mailing, Sources};
use crate::ledger::named;
use crate::store::Address;
use crate::vault::MasterVault;
use crate::web::dialect::Served;
use crate::web::house::{House, tell_systemd};
use crate::web::listener::{Listener, Socket};
use crate::web::pages::{Named, Overview, Pages};
use crate::web::{measure, tls};

const CONFIG: &str = "perennial.toml";

/// Threads that answer requests, on PostgreSQL. A read of the ledger blocks its thread: on SQLite for microseconds of
/// work, so that a thread a core is right, and here for as long as the answer is on its way, in which others can work.
const POSTGRES_WORKERS: usize = 16;

/// Sell renewals over the APIs of known providers
///
/// Serves until SIGTERM or SIGINT; then requests that are being answered finish, and everything that was accepted is
/// on disk.
#[derive(Args, Clone, Debug)]
pub struct ServeArgs {
    /// The configuration [default: perennial.toml]
    #[arg(long, env = "PERENNIAL_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// The ledger: a SQLite file, or a PostgreSQL database as `postgres://USER@HOST/NAME`, its password in PGPASSWORD
    /// [default: `path` or `url` under `[store]` in the configuration]
    #[arg(long, env = "PERENNIAL_DATABASE", hide_env_values = true, value_name = "PATH|URL",
          value_parser = Address::argument())]
    database: Option<Address>,
    /// Check the configuration, the keys, the certificates and the texts of mails, and exit
    #[arg(long)]
    check: bool,
}

/// Serves until the process is asked to end.
///
/// # Errors
/// When the configuration is wrong, or something that it names cannot be had.
pub fn run(args: ServeArgs) -> anyhow::Result<ExitCode> {
    let file = args.config.unwrap_or_else(|| PathBuf::from(CONFIG));
    let mut config = Config::read(&file, Half::Seller)?;
    let Some(pages) = config.pages.take() else {
        bail!(
            "{} has no section [pages], so nobody would know where to pay\nhint: add it with `listen` and `public_url`",
            file.display()
        );
    };
    let address = named(args.database.or_else(|| config.store.address.clone()))?;
    let parts = Parts::of(&config)?;
    if args.check {
        eprintln!("{}{} is in order", config.schedule, file.display());
        return Ok(ExitCode::SUCCESS);
    }
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    if let Address::Postgres(_) = address {
        runtime.worker_threads(POSTGRES_WORKERS);
    }
    let runtime = runtime.enable_all().build().context("starting the runtime")?;
    runtime.block_on(serve(config, &pages, &address, parts))?;
    Ok(ExitCode::SUCCESS)
}

/// What the configuration names and can be looked at before anything starts.
struct Parts {
    vault: Arc<MasterVault>,
    tls: Option<TlsAcceptor>,
    mailing: Option<Mailing>,
    gateway: Option<Arc<dyn Gateway>>,
}

impl Parts {
    fn of(config: &Config) -> anyhow::Result<Self> {
        if config.dialects.is_empty() {
            let names: Vec<_> = DIALECTS.iter().map(|dialect| format!("[{}]", dialect.name)).collect();
            bail!(
                "no dialect is configured, so nobody could renew anything\nhint: add a section with `listen` for one: {}",
                names.join(", ")
            );
        }
        let vault = MasterVault::open(config.secrets.master_key_file.as_deref())?;
        let tls = config.tls.as_ref().map(|files| tls::acceptor(&files.certificate, &files.key)).transpose()?;
        let mailing = config.mail.as_ref().map(Mailing::of).transpose()?;
        let gateway = config.stripe.as_ref().map(StripeConfig::gateway).transpose()?;
        Ok(Self { vault: Arc::new(vault), tls, mailing, gateway })
    }
}

async fn serve(
    config: Config,
    pages: &PagesConfig,
    address: &Address,
    Parts { vault, tls, mailing, gateway }: Parts,
) -> anyhow::Result<()> {
    let pages_socket = Socket::bind("pages", pages.listen).await?;
    let mut dialects = Vec::with_capacity(config.dialects.len());
    for (dialect, section) in &config.dialects {
        dialects.push((Socket::bind(dialect.name, section.listen).await?, *dialect, section));
    }
    let measured = measure::install()?;
    let opened = address.open().map_err(|error| match address {
        Address::File(_) => error.context(
            "there is no ledger to serve\nhint: `path` under [store] is a ledger, or a new file in a folder that can be \
             written",
        ),
        Address::Postgres(_) => error,
    })?;
    let gateways = gateway.into_iter().collect();
    let mut house = House::open(opened, config.store.grouping(), Arc::new(SystemClock), vault, gateways)?;
    house.let_webhooks_reach(config.webhooks.reach());
    let pages_url = pages.public_url.clone();

    let mut named = Vec::new();
    let mut listeners: Vec<Listener> = Vec::new();
    for (socket, dialect, section) in dialects {
        named.push(Named::of(dialect, &section.url(tls.is_some())));
        let provider = (dialect.make)(section.settings(dialect, &pages_url));
        listeners.push(socket.answered_by(tls.clone(), Arc::new(Served::new(provider, house.ports()))));
    }
    let sources = Sources {
        books: Arc::clone(&house.books),
        papers: Arc::new(house.papers()),
        clock: Arc::clone(&house.clock),
        pages_url: pages_url.clone(),
    };
    let courier = mailing.map(|mailing| mailing.courier(sources));
    let spoken: Vec<_> = named.iter().map(|Named { title, url }| format!("{title} at {url}")).collect();
    let pages = Pages::new(&house, measured.clone(), named, Overview::Private)?;
    listeners.push(pages_socket.answered_by(tls, Arc::new(pages)));
    let ready = || {
        tracing::info!("serving: {}; pages at {pages_url}, ledger at {address}", spoken.join(", "));
        tell_systemd(NotifyState::Ready);
    };
    let schedule = match config.schedule {
        ScheduleConfig { enabled: true, zone, catch_up, timetables } => {
            let moved = Moved::ByTime { catch_up_max: catch_up };
            Some(house.schedule(Arc::new(timetables), zone, moved, random_uuid().into()))
        }
        ScheduleConfig { enabled: false, .. } => None,
    };
    house.serve(listeners, courier, schedule, measured, ready).await
}
