//! The sandbox: the same house as `perennial serve`, with a demo catalogue, a clock that people move, and faults on
//! demand. Nothing in here exists under `serve`.

mod authority;
mod catalogue;
mod clock;
mod control;
pub mod demo;
mod faults;
mod keys;
mod ledger;
mod seed;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, ensure};
use jiff::Timestamp;
use perennial_core::calendar::Zone;
use perennial_core::ids::AccountId;
use perennial_core::ports::{Books, Vault};
use perennial_engine::lane::Grouping;
use perennial_engine::schedule::Moved;
use perennial_providers::{DIALECTS, Dialect, Provider, Settings};
use perennial_store::Store;
use perennial_store::sqlite::{SqliteReader, SqliteStore};
use tokio_rustls::TlsAcceptor;

use self::clock::{KeptClock, Travel};
use self::control::Control;
use self::demo::Addresses;
use self::faults::{Faults, Faulty};
use self::keys::Registrar;
use crate::vault::MasterVault;
use crate::web::dialect::Served;
use crate::web::house::House;
use crate::web::listener::{Listener, Socket};
use crate::web::pages::{self, Named, Overview};
use crate::web::{measure, password};
use crate::webhook::reach::Reach;

const LEDGER_FILE: &str = "perennial.db";
const MASTER_KEY_FILE: &str = "master.key";

/// How a sandbox is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where it keeps its data.
    pub data: PathBuf,
    /// Where it listens.
    pub addresses: Addresses,
    /// Where its clock starts; else where it was left.
    pub now: Option<Timestamp>,
    /// The folder of its certificates, if the dialects speak TLS.
    pub tls: Option<PathBuf>,
    /// How many more services it has.
    pub seed_services: u32,
    /// How many more services its four demo accounts have.
    pub seed_demo: u32,
    /// Whether time passes for services by itself: they are renewed, or expire.
    pub schedule: bool,
}

/// Runs a sandbox until the process is asked to end; tells when it is ready.
///
/// # Errors
/// When it cannot start: a port that is taken, a folder that cannot be written, data that cannot be read.
pub async fn run(options: Options, ready: impl FnOnce(&Options)) -> anyhow::Result<()> {
    let addresses = options.addresses;
    // Before anything is written.
    if let Ok(books) = SqliteReader::open(&options.data.join(LEDGER_FILE)) {
        is_stocked(&books, &options.data)?;
    }
    let sockets = Sockets::bind(addresses).await?;
    let tls = options.tls.as_deref().map(authority::acceptor).transpose()?;
    let clock = KeptClock::open(&options.data, options.now)?;
    let vault = Arc::new(MasterVault::open_or_create(&options.data.join(MASTER_KEY_FILE))?);
    let measured = measure::install()?;
    let (store, fresh) = stocked(&options, clock.now())?;
    // Other readers cannot be frozen.
    let books = store.reader();
    // No gateway: nothing in a rehearsal moves money.
    let mut house = House::open(store, Grouping::ByTime, clock.shared(), vault, Vec::new())?;
    // Whoever rehearses listens on this machine.
    house.let_webhooks_reach(Reach::Everywhere);
    register(&house, fresh, options.seed_services).await?;

    let faults = Arc::new(Faults::default());
    let providers: Vec<_> =
        (1..).zip(&DIALECTS).map(|(offset, dialect)| provider(dialect, addresses, offset)).collect();
    let served = providers.iter().map(|provider| {
        let before = Faulty { provider: Arc::clone(provider), faults: Arc::clone(&faults) };
        Served::new(Arc::new(before), house.ports())
    });
    let served = served.collect();
    // One process has the sandbox's ledger, so it holds the schedule again at once when it starts again.
    let schedule = || house.schedule(Arc::default(), Zone::UTC, Moved::OnPurpose, LEDGER_FILE.into());
    let schedule = options.schedule.then(schedule);
    let travel = Travel { clock, schedule: schedule.clone() };
    let control = Control { travel, faults, books, providers };
    let pages = pages::Pages::new(&house, measured.clone(), named(addresses), Overview::Open)?;
    let pages = pages.with("/_sandbox", control::routes(control));
    let listeners = sockets.answered(pages, served, tls.as_ref());
    house.serve(listeners, None, schedule, measured, || ready(&options)).await
}

/// The `serve` half of a dialect on the port so far behind the pages'.
fn provider(dialect: &Dialect, addresses: Addresses, offset: u16) -> Arc<dyn Provider> {
    (dialect.make)(Settings {
        public_urls: vec![addresses.dialect(offset), addresses.dialect_by_name(offset)],
        pages_url: addresses.pages(),
        clock_window_s: dialect.own.clock_window_s.unwrap_or_default(),
        repeat_window_s: dialect.own.repeat_window_s.unwrap_or_default(),
        explain_signatures: true,
        requests_per_minute: None,
    })
}

/// The dialects and where clients reach them.
fn named(addresses: Addresses) -> Vec<Named> {
    (1..).zip(&DIALECTS).map(|(offset, dialect)| Named::of(dialect, &addresses.dialect(offset))).collect()
}

/// All sockets, bound before anything else is done: a port that is taken is told at once.
struct Sockets {
    pages: Socket,
    dialects: Vec<Socket>,
}

impl Sockets {
    async fn bind(addresses: Addresses) -> anyhow::Result<Self> {
        let mut dialects = Vec::with_capacity(DIALECTS.len());
        for (offset, dialect) in (1..).zip(&DIALECTS) {
            dialects.push(Socket::bind(dialect.name, addresses.socket(offset)).await?);
        }
        Ok(Self { pages: Socket::bind("pages", addresses.socket(0)).await?, dialects })
    }

    fn answered(self, pages: pages::Pages, dialects: Vec<Served>, tls: Option<&TlsAcceptor>) -> Vec<Listener> {
        let mut listeners = vec![self.pages.answered_by(None, Arc::new(pages))];
        let dialects = self.dialects.into_iter().zip(dialects);
        listeners.extend(dialects.map(|(socket, served)| socket.answered_by(tls.cloned(), Arc::new(served))));
        listeners
    }
}

/// Whether a ledger has the demo catalogue. One that has other accounts instead is no sandbox's.
fn is_stocked(books: &SqliteReader, data: &Path) -> anyhow::Result<bool> {
    let stocked = books.find_account(demo::OVH.account)?.is_some();
    ensure!(
        stocked || books.account_ids()?.is_empty(),
        "the ledger in {} is not a sandbox's: it has accounts, and none is `{}`\nhint: choose another folder for `--data`",
        data.display(),
        demo::OVH.account
    );
    Ok(stocked)
}

/// Opens the ledger with the demo catalogue in it; tells whether the catalogue is new.
fn stocked(options: &Options, now: Timestamp) -> anyhow::Result<(SqliteStore, bool)> {
    let path = options.data.join(LEDGER_FILE);
    let mut store = SqliteStore::open(&path).with_context(|| format!("opening the ledger {}", path.display()))?;
    let books = store.reader();
    let fresh = !is_stocked(&books, &options.data)?;
    if fresh || options.seed_services > 0 {
        let hash = password::hash(demo::PAGE_PASSWORD)?;
        if fresh {
            let mut batch = store.begin()?;
            let recorded = catalogue::record(&mut *batch, now, &hash);
            recorded.with_context(|| format!("recording the demo catalogue as of {now}"))?;
            batch.commit().context("recording the demo catalogue")?;
        }
        if options.seed_services > 0 {
            seed::record(&mut store, options.seed_services, now, &hash)?;
        }
    }
    if options.seed_demo > 0 {
        seed::record_demo(&mut store, options.seed_demo, now).context("seeding the demo accounts")?;
    }
    Ok((store, fresh))
}

/// Puts the demo credentials and balances on file.
async fn register(house: &House, fresh: bool, seed_services: u32) -> anyhow::Result<()> {
    let vault: &dyn Vault = &*house.vault;
    let registrar = Registrar { books: &*house.books, lane: &house.lane, vault };
    registrar.demo().await?;
    if fresh {
        for (code, amount) in catalogue::balances() {
            let account: AccountId = house.books.find_account(code)?.context("the demo account was recorded")?;
            registrar.credit(account, amount).await?;
        }
    }
    if seed_services > 0 {
        for number in 1..=seed::ACCOUNTS {
            registrar.seeded(&seed::keys(number)).await?;
        }
    }
    Ok(())
}

/// A few words on stderr for whoever started it.
pub fn greet(options: &Options) {
    let addresses = options.addresses;
    let base = match addresses.port_base {
        demo::PORT_BASE => String::new(),
        other => format!(" --port-base {other}"),
    };
    let dialects: Vec<_> =
        named(addresses).iter().map(|Named { title, url }| format!("  {title:<13} {url}\n")).collect();
    let dialects = dialects.concat();
    let tls = options.tls.as_deref().map_or_else(String::new, |folder: &Path| format!(" --tls {}", folder.display()));
    eprintln!(
        "The sandbox is ready. No money moves here.\n\n  \
         pages         {}\n{dialects}\n\
         Clients find it with:  eval \"$(perennial sandbox --print-env{base}{tls})\"\n\
         Move its clock with:   curl -d '{{\"advance\":\"P40D\"}}' {}/_sandbox/clock\n\
         Pages ask for customer number `{}` and password `{}`. Ctrl-C ends it.",
        addresses.pages(),
        addresses.pages(),
        demo::OVH.account,
        demo::PAGE_PASSWORD,
    );
}
