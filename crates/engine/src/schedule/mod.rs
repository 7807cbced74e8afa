//! The schedule: goes through the days, and visits the services that something becomes of on each.
//!
//! On a day, everything that can happen happens to services that expire so many days before or after it, so those are what
//! is read: a sweep costs what is due. Days that were missed are gone through as one. What a visit does is decided by the
//! rules, and each stage is on file with it; to go through a day again changes nothing. So a day that was cut off is simply
//! begun again, by this node or another one: the one that holds the schedule.

mod sight;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use perennial_core::calendar::Zone;
use perennial_core::command::{Action, Attend, Command, Reply};
use perennial_core::ports::{Clock, Failure, Lane, Rejection};
use perennial_core::refusal::Refusal;
use perennial_core::schedule::Timetables;
use perennial_store::{Batch, Due, Records};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use self::sight::{Sight, Visit};
use crate::clock::Stopwatch;
use crate::lane::LaneHandle;

/// How long a node holds the schedule with each page. Where it dies, another one takes over after that.
const HELD_FOR: SignedDuration = SignedDuration::from_secs(10);

/// How often a node looks whether a day has begun, by the house's clock; and, where another one holds the schedule, whether
/// it still does.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// Where the clock is moved, days on which nobody is visited are not noted one by one: to go through them again costs a few
/// reads, and to note each would cost every quiet day of a year that passes in seconds its commit.
const NOTE_WITHIN: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How often services are looked at whose visit was refused: since they were read, somebody ordered or paid.
const TRIES: usize = 3;

/// How often a day is gone through whose visits could not all be made. The pauses in between double, from [`LOOK_AGAIN`] on:
/// five minutes in all. Then those visits are given up, so that nobody else's later days wait for them.
const PASSES_MAX: u32 = 7;

/// How often it is told that more days were missed than are made up for.
const TELL_AGAIN: Duration = Duration::from_mins(10);

/// Who moves the clock that a schedule goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    /// Time alone. A clock that leaps is wrong, or is put right: so many days after the last one that was done, nothing is
    /// done until somebody confirms it by a larger number; and where days are done that have yet to come, they are gone
    /// through again.
    ByTime {
        /// In days.
        catch_up_max: u16,
    },
    /// Whoever wants to see what becomes of services: forward as far as they like, and back without a consequence.
    OnPurpose,
}

/// What a schedule goes by.
#[derive(Clone)]
pub struct Setting {
    /// When services are renewed and their owners reminded.
    pub timetables: Arc<Timetables>,
    /// The zone whose midnights its days begin at.
    pub zone: Zone,
    /// Who moves the clock.
    pub moved: Moved,
    /// This node: no other one that is alive has the name.
    pub node: Arc<str>,
    /// Makes random text for the links to an order's documents.
    pub password: fn() -> String,
}

/// A node's schedule.
pub struct Schedule {
    sight: Sight,
    lane: LaneHandle,
    clock: Arc<dyn Clock>,
    setting: Setting,
    /// The last day that is known to be done; none before the first.
    done: Option<Date>,
    /// The last day that was found, or noted, to be on file as done.
    noted: Option<Date>,
    /// The day of which visits are left to be made.
    left: Option<Left>,
    /// Since when it has been told that too many days were missed.
    told: Option<Stopwatch>,
}

/// A day of which visits are left to be made.
#[derive(Clone, Copy)]
struct Left {
    day: Date,
    /// How often it was gone through.
    passes: u32,
    /// When it is gone through again.
    again: Timestamp,
}

/// What became of services.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// How many days the schedule went through.
    pub days: u32,
    /// How many visits it made; one is of one service, or of those that an account has ordered together.
    pub visits: u64,
    /// How many visits the rules refused.
    pub refused: u64,
    /// How many visits could not be carried out.
    pub failed: u64,
    /// How many notices were written of it, by kind: [`NoticeKind::word`](perennial_core::notice::NoticeKind::word).
    pub told: BTreeMap<&'static str, u64>,
}

impl Passed {
    /// Adds what became of more services.
    pub fn add(&mut self, more: Self) {
        self.days += more.days;
        self.visits += more.visits;
        self.refused += more.refused;
        self.failed += more.failed;
        for (kind, count) in more.told {
            *self.told.entry(kind).or_default() += count;
        }
    }

    fn visited(&mut self, told: &[&'static str]) {
        self.visits += 1;
        metrics::counter!("perennial_schedule_visits_total", "outcome" => "done").increment(1);
        for kind in told {
            *self.told.entry(kind).or_default() += 1;
            metrics::counter!("perennial_schedule_notices_total", "kind" => *kind).increment(1);
        }
    }

    fn refused(&mut self, visit: &Visit, refusal: &Refusal) {
        self.refused += 1;
        metrics::counter!("perennial_schedule_visits_total", "outcome" => "refused").increment(1);
        let Visit { account, services, .. } = visit;
        tracing::warn!(
            error = refusal as &dyn std::error::Error,
            account.id = account.0,
            "a visit to {services:?} was refused"
        );
    }

    fn failed(&mut self, visit: &Visit, failure: &Failure) {
        self.failed += 1;
        metrics::counter!("perennial_schedule_visits_total", "outcome" => "failed").increment(1);
        let Visit { account, services, .. } = visit;
        tracing::error!(
            error = failure as &dyn std::error::Error,
            account.id = account.0,
            "a visit to {services:?} could not be carried out"
        );
    }

    /// How many visits are left to be made.
    fn left(&self) -> u64 {
        self.refused + self.failed
    }
}

/// In words, such as `12 visits: 3 paid, 9 expiring`.
impl fmt::Display for Passed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&counted(self.visits, "visit"))?;
        if self.refused > 0 {
            write!(f, ", and {} refused", self.refused)?;
        }
        if self.failed > 0 {
            write!(f, ", and {} failed", self.failed)?;
        }
        for (place, (kind, count)) in self.told.iter().enumerate() {
            write!(f, "{} {count} {kind}", if place == 0 { ":" } else { "," })?;
        }
        Ok(())
    }
}

/// So many, such as `1 visit` and `2 visits`.
fn counted(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// How many days lie from one to a later one.
fn days_between(from: Date, to: Date) -> u32 {
    u32::try_from(from.until(to).map_or(i32::MAX, |span| span.get_days())).unwrap_or_default()
}

/// Goes through each day when it begins, for ever. Ends when the lane closes.
pub async fn run(schedule: Arc<Mutex<Schedule>>) {
    loop {
        match schedule.lock().await.catch_up().await {
            Ok(_) => {}
            Err(Rejection::Closing) => return,
            // What was done stays done, and the day is gone through again.
            Err(error) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the schedule could not go on; it tries again in {} s",
                LOOK_AGAIN.as_secs()
            ),
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

impl Schedule {
    /// A schedule over a ledger.
    pub fn new(
        records: Arc<dyn Records + Send + Sync>,
        lane: LaneHandle,
        clock: Arc<dyn Clock>,
        setting: Setting,
    ) -> Self {
        let sight = Sight { records, timetables: Arc::clone(&setting.timetables) };
        Self { sight, lane, clock, setting, done: None, noted: None, left: None, told: None }
    }

    /// The day that it is.
    fn today(&self) -> Date {
        self.setting.zone.date_of(self.clock.now())
    }

    /// When the day after this one begins; none at the end of the calendar.
    pub fn tomorrow(&self) -> Option<Timestamp> {
        let day = self.today().tomorrow().ok()?;
        self.setting.zone.midnight(day).ok()
    }

    /// Goes through the days that have begun and are not done, all at once, as long as no other node does; tells what
    /// became of services. The very first day is the one that it is. A day of which visits are left is gone through again
    /// after a pause, a few times.
    ///
    /// # Errors
    /// [`Rejection`] where the ledger or the lane does not answer. What was done stays done.
    pub async fn catch_up(&mut self) -> Result<Passed, Rejection> {
        let mut passed = Passed::default();
        // It learns what is done, or that another one is at it.
        if self.noted.is_none() && !self.hold(None).await? && self.noted.is_none() {
            return Ok(passed);
        }
        loop {
            let today = self.today();
            let Some(day) = self.next(today) else { return Ok(passed) };
            if self.waits(day) || self.is_too_late(today).await? {
                return Ok(passed);
            }
            let watch = Stopwatch::start();
            let Some(on_days) = self.go_through(day, today).await? else { return Ok(passed) };
            metrics::counter!("perennial_schedule_days_total").increment(u64::from(on_days.days));
            metrics::histogram!("perennial_schedule_day_seconds").record(watch.elapsed());
            if on_days.visits + on_days.left() > 0 {
                let until = if day < today { format!(" to {today}") } else { String::new() };
                tracing::info!(schedule.day = %day, "the schedule went through {day}{until}: {on_days}");
            }
            passed.add(on_days);
        }
    }

    /// The day to go through next; none where all are done.
    fn next(&self, today: Date) -> Option<Date> {
        let Some(done) = self.done else { return Some(today) };
        if done > today && self.setting.moved != Moved::OnPurpose {
            tracing::warn!(
                "the schedule went through days until {done}, and it is {today}: the clock was ahead; what was done early \
                 stays done, and the days are gone through again from today on"
            );
            return Some(today);
        }
        done.tomorrow().ok().filter(|day| *day <= today)
    }

    /// Whether a day of which visits are left is to be left alone for now.
    fn waits(&self, day: Date) -> bool {
        self.left.is_some_and(|left| left.day == day && self.clock.now() < left.again)
    }

    /// Whether more days were missed than are made up for, which it tells every so often.
    async fn is_too_late(&mut self, today: Date) -> Result<bool, Rejection> {
        let Moved::ByTime { catch_up_max } = self.setting.moved else { return Ok(false) };
        let Some(done) = self.done else { return Ok(false) };
        let days = days_between(done, today);
        if days <= u32::from(catch_up_max) {
            self.told = None;
            return Ok(false);
        }
        let is_told = self.told.is_some_and(|told| told.elapsed() < TELL_AGAIN);
        // Another node may have gone on since.
        if !is_told && self.hold(None).await? {
            self.told = Some(Stopwatch::start());
            tracing::error!(
                "the schedule last went through {done}, and it is {today}, {} later: nothing is done, as the clock may be \
                 wrong\nhint: where it is right, confirm it with `catch_up = \"P{days}D\"` under [schedule] and start again",
                counted(days.into(), "day")
            );
        }
        Ok(true)
    }

    /// Visits all that something becomes of from a day until today, and notes that these days are done, at once or within a
    /// week, unless visits are left to be made. None where another node holds the schedule, or was faster.
    ///
    /// Services are visited as of today, also for days that were missed: their owners are told where things stand, and
    /// nothing is announced for a day that is over. So what expires first comes first, whichever day it is due on: what an
    /// account has is not spent on what could have waited.
    async fn go_through(&mut self, day: Date, today: Date) -> Result<Option<Passed>, Rejection> {
        let mut passed = Passed::default();
        for until in self.sight.expiries(day, today).await? {
            let mut joint = BTreeMap::new();
            let mut after = Some(Due::first_of(until));
            while let Some(last) = after {
                let page = self.sight.page(last, today, self.clock.now()).await?;
                for visit in page.joint {
                    joint.entry(visit.account).or_insert_with(Vec::new).push(visit);
                }
                if !self.visit(page.single, today, &mut passed).await? {
                    return Ok(None);
                }
                after = page.next;
            }
            let joint = joint.values().flat_map(|visits: &Vec<Visit>| Visit::together(visits)).collect();
            for some in Visit::pages(joint) {
                if !self.visit(some, today, &mut passed).await? {
                    return Ok(None);
                }
            }
        }
        if passed.left() > 0 {
            // Where the ledger is away, this tells, and the pass does not count.
            if !self.hold(None).await? {
                return Ok(None);
            }
            if self.leave(day, passed.left()) {
                return Ok(Some(passed));
            }
        }
        let is_noted_later = |noted: Date| noted < today && today.duration_since(noted) < NOTE_WITHIN;
        let is_quiet = passed.visits + passed.left() == 0;
        if is_quiet && self.setting.moved == Moved::OnPurpose && self.noted.is_some_and(is_noted_later) {
            self.done = Some(today);
        } else if !self.hold(Some(today)).await? {
            return Ok(None);
        }
        self.left = None;
        Ok(Some(Passed { days: days_between(day, today).saturating_add(1), ..passed }))
    }

    /// Leaves a day for later, as visits are left to be made. False where that was done often enough.
    fn leave(&mut self, day: Date, visits: u64) -> bool {
        let passes = self.left.filter(|left| left.day == day).map_or(1, |left| left.passes + 1);
        if passes >= PASSES_MAX {
            tracing::error!(
                schedule.day = %day,
                "{} of {day} could not be made in {passes} passes; the log says of which services, which are visited again \
                 at their next stage",
                counted(visits, "visit")
            );
            return false;
        }
        let pause = match self.setting.moved {
            Moved::ByTime { .. } => LOOK_AGAIN * 2_u32.pow(passes - 1),
            Moved::OnPurpose => Duration::ZERO,
        };
        let again = self.clock.now().checked_add(pause).unwrap_or(Timestamp::MAX);
        self.left = Some(Left { day, passes, again });
        true
    }

    /// Makes visits, all at the same time, so that they share commits. False where another node goes through the
    /// days by now.
    async fn visit(&mut self, mut visits: Vec<Visit>, today: Date, passed: &mut Passed) -> Result<bool, Rejection> {
        for tries in 1.. {
            if visits.is_empty() {
                break;
            }
            if !self.hold(None).await? {
                return Ok(false);
            }
            let mut refused = Vec::new();
            let mut going = JoinSet::new();
            for visit in visits {
                let (lane, command) = (self.lane.clone(), self.command(&visit, today));
                going.spawn(async move { (lane.submit(command).await, visit) });
            }
            while let Some(made) = going.join_next().await {
                let (reply, visit) = made.map_err(|error| Failure::new("visit services", error))?;
                match reply {
                    Ok(Reply::Attended(told)) => passed.visited(&told),
                    Ok(_) => passed.visited(&[]),
                    Err(Rejection::Refused(_)) if tries < TRIES => refused.push(visit),
                    Err(Rejection::Refused(refusal)) => passed.refused(&visit, &refusal),
                    // It is one service's own trouble, or all of the ledger's: then it cannot be held either.
                    Err(Rejection::NotDone(failure)) => passed.failed(&visit, &failure),
                    Err(error) => return Err(error),
                }
            }
            visits = self.sight.again(refused).await?;
        }
        Ok(true)
    }

    fn command(&self, visit: &Visit, day: Date) -> Command {
        let attend = Attend {
            services: visit.services.clone(),
            orders: visit.orders.clone(),
            day,
            timetables: Arc::clone(&self.setting.timetables),
            password: (self.setting.password)(),
        };
        Command { account: visit.account, token: None, action: Action::Attend(attend) }
    }

    /// Holds the schedule for a while, and notes that a day is done. False where another node holds it, or noted a day since
    /// this one looked last: then it learns which, and notes nothing.
    async fn hold(&mut self, ended: Option<Date>) -> Result<bool, Rejection> {
        let (node, now, noted) = (Arc::clone(&self.setting.node), self.clock.now(), self.noted);
        let until = now.checked_add(HELD_FOR).unwrap_or(Timestamp::MAX);
        let work = move |batch: &mut dyn Batch| {
            let held = batch.hold_schedule(&node, now, until)?;
            if let (Some(held), Some(day)) = (held, ended)
                && held.done == noted
            {
                batch.end_day(&node, day)?;
            }
            Ok(held)
        };
        let Some(held) = self.lane.chore(work).await? else { return Ok(false) };
        if held.done != noted {
            (self.noted, self.done) = (held.done, held.done);
            return Ok(false);
        }
        if ended.is_some() {
            (self.noted, self.done) = (ended, ended);
        }
        Ok(true)
    }
}
