//! The house: ledger, lane and listeners, opened in that order and closed in the other.

use std::sync::Arc;

use anyhow::Context;
use metrics_exporter_prometheus::PrometheusHandle;
use perennial_core::calendar::Zone;
use perennial_core::ports::{Clock, Gateway, Vault};
use perennial_core::schedule::Timetables;
use perennial_engine::cashier::{self, Cashier};
use perennial_engine::clock::MonotonicTimer;
use perennial_engine::lane::{self, Grouping, LaneHandle, LaneThread};
use perennial_engine::outbox::{self, Courier};
use perennial_engine::schedule::{self, Moved, Schedule, Setting};
use perennial_engine::webhooks::{Messenger, Post};
use perennial_providers::Ports;
use perennial_providers::secret::{order_password, random_uuid};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;

use super::document::paper::Papers;
use super::listener::Listener;
use super::measure;
use crate::store::{Opened, Reader};
use crate::webhook::call::Caller;
use crate::webhook::herald::Herald;
use crate::webhook::reach::Reach;

/// What every listener stands on.
pub struct House {
    /// Reads the ledger.
    pub books: Reader,
    /// Carries commands out.
    pub lane: LaneHandle,
    /// Carries commands out, and waits for the charges that they open.
    pub cashier: Cashier,
    /// Says what time it is.
    pub clock: Arc<dyn Clock>,
    /// Keeps signing secrets.
    pub vault: Arc<dyn Vault>,
    thread: LaneThread,
    reach: Reach,
}

impl House {
    /// Opens the house over a ledger, with the gateways that move its money.
    ///
    /// # Errors
    /// When the lane cannot be started.
    pub fn open(
        ledger: impl Into<Opened>,
        grouping: Grouping,
        clock: Arc<dyn Clock>,
        vault: Arc<dyn Vault>,
        gateways: Vec<Arc<dyn Gateway>>,
    ) -> anyhow::Result<Self> {
        let Opened { store, books } = ledger.into();
        let (lane, thread) = lane::start(store, books.clone(), Arc::clone(&clock), grouping)?;
        let cashier = Cashier::new(cashier::Setting {
            lane: lane.clone(),
            records: Arc::clone(&books),
            clock: Arc::clone(&clock),
            timer: Arc::new(MonotonicTimer),
            gateways,
            node: random_uuid().into(),
        });
        Ok(Self { books, lane, cashier, clock, vault, thread, reach: Reach::Public })
    }

    /// Says whom webhooks may reach, where that is not the Internet alone.
    pub fn let_webhooks_reach(&mut self, reach: Reach) {
        self.reach = reach;
    }

    /// Makes events of notices, and sends them.
    fn post(&self) -> anyhow::Result<Post> {
        let (books, clock) = (Arc::clone(&self.books), Arc::clone(&self.clock));
        let caller = Caller::new(self.reach)?;
        let herald = Herald { books, vault: Arc::clone(&self.vault), clock: Arc::clone(&clock), caller };
        let messenger: Arc<dyn Messenger> = Arc::new(herald);
        let (records, lane) = (Arc::clone(&self.books), self.lane.clone());
        Ok(Post { records, lane, clock, timer: Arc::new(MonotonicTimer), messenger })
    }

    /// What a provider's `serve` half stands on.
    pub fn ports(&self) -> Ports {
        Ports {
            lane: Arc::new(self.cashier.clone()),
            books: self.books.clone(),
            clock: Arc::clone(&self.clock),
            vault: Arc::clone(&self.vault),
            documents: Arc::new(self.papers()),
            access: None,
        }
    }

    /// Finds papers in the ledger.
    pub fn papers(&self) -> Papers {
        Papers::new(self.books.clone(), Arc::clone(&self.clock))
    }

    /// The schedule over the ledger, by these timetables, in a zone, by a clock that is moved in this way, as a node.
    pub fn schedule(
        &self,
        timetables: Arc<Timetables>,
        zone: Zone,
        moved: Moved,
        node: Arc<str>,
    ) -> Arc<Mutex<Schedule>> {
        let (books, lane, clock) = (Arc::clone(&self.books), self.lane.clone(), Arc::clone(&self.clock));
        let setting = Setting { timetables, zone, moved, node, password: order_password };
        Arc::new(Mutex::new(Schedule::new(books, lane, clock, setting)))
    }

    /// Serves until the process is asked to end. Then nobody else gets in, requests that are being answered finish, the
    /// lane answers what it has accepted, and the ledger is closed. Asked a second time, nothing is waited for but the
    /// lane.
    ///
    /// # Errors
    /// When the process cannot hear that it is asked, or the machine trusts no authority.
    pub async fn serve(
        self,
        listeners: Vec<Listener>,
        courier: Option<Arc<dyn Courier>>,
        schedule: Option<Arc<Mutex<Schedule>>>,
        measured: PrometheusHandle,
        ready: impl FnOnce(),
    ) -> anyhow::Result<()> {
        let mut asked = Asked::listen()?;
        let (close, closing) = watch::channel(false);
        let mut chores = JoinSet::new();
        chores.spawn(measure::keep_up(measured));
        chores.spawn(outbox::housekeep(self.lane.clone(), Arc::clone(&self.clock)));
        chores.spawn(self.post()?.run());
        chores.spawn(self.cashier.clone().run());
        if let Some(courier) = courier {
            let (books, lane, clock) = (Arc::clone(&self.books), self.lane.clone(), Arc::clone(&self.clock));
            chores.spawn(outbox::run(books, lane, clock, courier, random_uuid().into()));
        }
        if let Some(schedule) = schedule {
            chores.spawn(schedule::run(schedule));
        }
        let run = |listener: Listener| listener.run(Arc::clone(&self.clock), closing.clone());
        let mut listening: JoinSet<_> = listeners.into_iter().map(run).collect();
        ready();
        let died = tokio::select! {
            () = asked.wait() => false,
            () = self.lane.ended() => true,
        };
        tell_systemd(sd_notify::NotifyState::Stopping);
        tracing::info!("closing: requests that are being answered finish");
        close.send_replace(true);
        tokio::select! {
            () = async { while listening.join_next().await.is_some() {} } => {}
            () = asked.wait() => tracing::warn!("asked twice: closing at once"),
        }
        chores.shutdown().await;
        let thread = self.thread;
        tokio::task::spawn_blocking(move || thread.close()).await.context("closing the lane")?;
        // Whoever supervises the process starts it again.
        anyhow::ensure!(!died, "the lane's thread died; the log says why");
        Ok(())
    }
}

/// Tells systemd, if it listens, how the service is.
pub fn tell_systemd(state: sd_notify::NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "systemd could not be told");
    }
}

/// Hears that the process is asked to end: SIGTERM, or SIGINT from a terminal.
pub struct Asked {
    terminate: Signal,
    interrupt: Signal,
}

impl Asked {
    /// Begins to listen.
    ///
    /// # Errors
    /// When the process cannot hear signals.
    pub fn listen() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("listening for signals");
        Ok(Self { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    /// Waits until the process is asked.
    pub async fn wait(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
