//! `perennial watch`: the daemon, which renews by the policy. This pays.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;
use jiff::civil::Date;
use perennial_core::buyer::holding::{HoldingKey, ProviderName};
use perennial_core::buyer::intent::{Intent, State};
use perennial_core::buyer::plan::{Item, Plan, Reason};
use perennial_core::buyer::policy::Mode;
use perennial_core::ports::Timer;
use perennial_engine::buyer::{Buyer, Scope};
use perennial_engine::clock::MonotonicTimer;
use perennial_store::IntentFilter;
use sd_notify::NotifyState;

use crate::buyer::applying::{Applying, Check};
use crate::buyer::ending::Ending;
use crate::buyer::progress::Progress;
use crate::buyer::telling::{Told, ending_of, left, short, summary};
use crate::buyer::wait::{is_held, last_safe, parse_span, pause};
use crate::buyer::{Office, planning, reading};
use crate::command::{Global, apply};
use crate::output::{self, Output};
use crate::web::house::{Asked, tell_systemd};

/// How many looks may fail one after another before the process ends, for whoever supervises it to start it again.
const FAILURES_MAX: u32 = 3;

/// Renew by the policy, again and again: this pays
///
/// At each look: reads the inventories, carries on what is open, makes the plan, and renews what the policy says `act` for;
/// of what it says `ask` for, a line is logged once a day. In quiet hours nothing is paid by itself, unless the service
/// expires within 24 hours; what was sent before is read back at any hour. Looks are a tenth sooner or later than asked for,
/// so that many daemons do not ask at the same moment, and sooner where something is to be gone on with.
///
/// SIGTERM or SIGINT ends it after the renewals in flight; a second one at once, and then what may have been sent is read
/// back at the next start. A second `watch` on the same ledger does no harm: a renewal is carried by one of them.
///
/// --json: with --once, lines as the `result` lines of `apply`, and a `summary`.
///
/// Exit codes: 0 ended as asked, 1 failed, 2 used wrongly; with --once as `apply`: 10 waiting, 11 outcome unknown, 12 refused.
#[derive(Args, Clone, Copy, Debug)]
pub struct WatchArgs {
    /// How often to look
    #[arg(long, value_name = "SPAN", default_value = "PT1H", value_parser = parse_span)]
    every: Duration,
    /// How long a renewal is waited for until the next look goes on with it; at the least as long as the slowest provider
    /// takes to show what was done, three times over
    #[arg(long, value_name = "SPAN", default_value = "PT2M", value_parser = parse_span)]
    wait: Duration,
    /// Look once, and end
    #[arg(long)]
    once: bool,
}

/// Watches until it is asked to end.
///
/// # Errors
/// When the ledger does not answer, again and again.
pub fn run(global: &Global, args: WatchArgs) -> anyhow::Result<ExitCode> {
    let office = Office::open(global)?;
    let names = office.named(&[])?;
    let remotes = office.remotes(&names)?;
    let output = global.output();
    let ending = office.with_buyer(remotes, async |buyer| {
        let progress = Arc::new(Progress::new(Output::Json));
        let wait = args.wait.max(slowest(buyer, &names).saturating_mul(3));
        let mut watch = Watch { buyer, office: &office, names, progress, wait, told: BTreeMap::new() };
        if args.once {
            let look = watch.look(&Stage::default()).await?;
            apply::show(output, &look.told, office.clock().now())?;
            return apply::summarize(output, &look.told, look.worst);
        }
        watch.go_on(args.every).await
    })?;
    Ok(ending.code(false))
}

/// How long the slowest provider takes to show what was done. What is read back is read twice, so far apart; whoever waits
/// for less never comes to an end with it.
fn slowest(buyer: &Buyer, names: &[ProviderName]) -> Duration {
    let habits = names.iter().filter_map(|name| Some(buyer.remote(name).ok()?.habits()));
    habits.filter_map(|habits| Duration::try_from(habits.settles_in).ok()).max().unwrap_or_default()
}

struct Watch<'a> {
    buyer: &'a Buyer,
    office: &'a Office,
    names: Vec<ProviderName>,
    /// Logs steps; draws nothing.
    progress: Arc<Progress>,
    wait: Duration,
    /// The day on which a service was last told of.
    told: BTreeMap<HoldingKey, Date>,
}

/// Whether a look can be broken off, and whether it is to end.
#[derive(Default)]
struct Stage {
    is_in_flight: Cell<bool>,
    is_over: Cell<bool>,
}

impl Stage {
    /// Does work that is not broken off: renewals are in flight.
    async fn in_flight<T>(&self, work: impl Future<Output = T>) -> T {
        self.is_in_flight.set(true);
        let done = work.await;
        self.is_in_flight.set(false);
        done
    }

    /// Looks until that is done or the process is asked to end. Asked once, renewals in flight are waited for; asked twice,
    /// nothing is, and what may have been sent is read back at the next start.
    async fn until_asked<T>(&self, look: impl Future<Output = T>, asked: &mut Asked) -> Option<T> {
        tokio::pin!(look);
        tokio::select! {
            done = &mut look => return Some(done),
            () = asked.wait() => {}
        }
        self.is_over.set(true);
        if !self.is_in_flight.get() {
            return None;
        }
        tracing::info!("asked to end: renewals in flight are waited for");
        tokio::select! {
            done = look => Some(done),
            () = asked.wait() => {
                tracing::warn!("asked twice: ending at once");
                None
            }
        }
    }
}

/// What came of a look.
#[derive(Default)]
struct Look {
    /// What became of renewals.
    told: Vec<Told>,
    /// The worst of what is no renewal's: what could not be read, what is left out.
    worst: Ending,
    /// When something is to be done before the next look would come.
    moments: Vec<Timestamp>,
}

impl Watch<'_> {
    /// Looks again and again, until the process is asked to end.
    async fn go_on(&mut self, every: Duration) -> anyhow::Result<Ending> {
        let mut asked = Asked::listen()?;
        tell_systemd(NotifyState::Ready);
        let names: Vec<_> = self.names.iter().map(ToString::to_string).collect();
        tracing::info!("watching {}", names.join(", "));
        let mut failures = 0;
        loop {
            let clock = self.office.clock();
            let stage = Stage::default();
            let looked = stage.until_asked(self.look(&stage), &mut asked).await;
            let look = match looked {
                None => break,
                Some(Ok(look)) => {
                    failures = 0;
                    tracing::info!("looked: {}", summary(&look.told).1);
                    look
                }
                Some(Err(error)) => {
                    failures += 1;
                    tracing::error!("could not look: {}", output::in_one_line(&error));
                    if failures >= FAILURES_MAX {
                        return Err(error);
                    }
                    Look::default()
                }
            };
            if stage.is_over.get() {
                break;
            }
            let span = pause(clock.now(), every, any_share(), &look.moments);
            tokio::select! {
                () = MonotonicTimer.sleep(span) => {}
                () = asked.wait() => break,
            }
        }
        tell_systemd(NotifyState::Stopping);
        tracing::info!("ended as asked");
        Ok(Ending::Done)
    }

    /// Looks once: reads, carries on what is open, plans, and renews what is to be renewed by itself.
    async fn look(&mut self, stage: &Stage) -> anyhow::Result<Look> {
        self.office.follow_clock().await?;
        let mut look = Look::default();
        for (name, read) in reading::sync(self.buyer, &self.names, &self.progress).await {
            if let Err(error) = read {
                look.worst = Ending::Failed;
                tracing::warn!("the inventory of {name} could not be read: {}", output::in_one_line(&error.into()));
            }
        }
        let progress = Arc::clone(&self.progress);
        let applying = Applying::of(self.office, self.buyer, self.wait, &*progress);
        let (now, quiet) = (self.office.clock().now(), self.office.policy().quiet.as_ref());
        // What was sent is read back at any hour; what would be sent anew waits for its time.
        let is_time = |intent: &Intent| match intent.state {
            State::Planned | State::Ordered(_) => {
                !is_held(quiet, now, intent.expires_at) && intent.next_at.is_none_or(|next| next <= now)
            }
            _ => true,
        };
        look.told = stage.in_flight(applying.carry_on(is_time)).await?;
        if stage.is_over.get() {
            return Ok(look);
        }
        let plan = planning::plan(self.office, self.buyer, &Scope::default(), &*self.progress).await?;
        let now = self.office.clock().now();
        let quiet = self.office.policy().quiet.as_ref();
        self.tell_of(&plan, now, &mut look);
        let mut to_act: Vec<Item> = plan.items;
        to_act.retain(|item| item.mode == Mode::Act);
        let (held, to_act): (Vec<_>, Vec<_>) =
            to_act.into_iter().partition(|item| is_held(quiet, now, item.holding.stand.expires_at));
        look.moments.extend(held.iter().map(|item| last_safe(item.holding.stand.expires_at)));
        if !held.is_empty() {
            tracing::info!("held back until the quiet hours are over: {} renewals", held.len());
        }
        let new = stage.in_flight(applying.apply(to_act, Check::OnFile)).await?;
        for told in &new {
            tracing::info!("{} {}: {}", told.key, told.name, told.words(self.office.clock().now()));
        }
        look.told.extend(new);
        let open = self.buyer.books().intents(IntentFilter::Open)?;
        look.moments.extend(open.iter().filter_map(|filed| filed.intent.next_at));
        for filed in open.iter().filter(|filed| filed.intent.wants_a_person(now)) {
            let intent = &filed.intent;
            if self.is_news(&intent.key, now) {
                let (id, left) = (short(&intent.id), left(intent.expires_at, now));
                tracing::warn!(
                    "{} {} waits for a person, {left}: `perennial resolve {id}`",
                    intent.key,
                    intent.ask.name
                );
            }
        }
        Ok(look)
    }

    /// Tells of what waits for a person's yes, and of what is left out, once a day each.
    fn tell_of(&mut self, plan: &Plan, now: Timestamp, look: &mut Look) {
        for item in plan.items.iter().filter(|item| item.mode == Mode::Ask) {
            let Item { holding, offer, .. } = item;
            if self.is_news(&holding.key, now) {
                let (key, left) = (&holding.key, left(holding.stand.expires_at, now));
                let cost = offer.gross;
                tracing::warn!(
                    "{key} {} is due, for {cost}, and waits for your yes, {left}: `perennial apply`",
                    holding.name
                );
            }
        }
        for left_out in &plan.left_out {
            // What is open is carried on and told of, and what is left to end is as it is to be.
            if matches!(left_out.why, Reason::Open(_) | Reason::Never | Reason::Renewed(_)) {
                continue;
            }
            look.worst = look.worst.max(ending_of(&left_out.why));
            let holding = &left_out.holding;
            if self.is_news(&holding.key, now) {
                let left = left(holding.stand.expires_at, now);
                tracing::warn!("{} {} is due and not renewed, {left}: {}", holding.key, holding.name, left_out.why);
            }
        }
        let due: BTreeSet<_> = plan.items.iter().map(|item| &item.holding.key).collect();
        let left_out: BTreeSet<_> = plan.left_out.iter().map(|left| &left.holding.key).collect();
        self.told.retain(|key, _| due.contains(key) || left_out.contains(key));
    }

    /// Whether a service was not told of today yet; it is now.
    fn is_news(&mut self, key: &HoldingKey, now: Timestamp) -> bool {
        let today = self.office.policy().zone().date_of(now);
        self.told.insert(key.clone(), today) != Some(today)
    }
}

/// Any number: by how much a look is jittered.
fn any_share() -> u16 {
    let mut bytes = [0; 2];
    // Without randomness, looks are as regular as they were asked for, less a tenth.
    match getrandom::fill(&mut bytes) {
        Ok(()) => u16::from_le_bytes(bytes),
        Err(_) => 0,
    }
}
