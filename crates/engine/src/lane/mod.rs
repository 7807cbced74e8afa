//! The lane: collects what has arrived, loads once, decides each command on the moving snapshot, commits once, and only
//! then answers each. One caller is a batch of one; there is no second path. Where the ledger takes two writers and there is
//! much to do, one of them has the payments and the other one everything else.

mod going;

use std::collections::VecDeque;
use std::mem::{Discriminant, discriminant};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use perennial_core::command::{Action, Command, Reply};
use perennial_core::decide::{decide, replayed};
use perennial_core::ports::{AccessSeen, Books, BoxFuture, Clock, Failure, Lane, Rejection};
use perennial_core::snapshot::{Change, Snapshot, Want};
use perennial_core::turn::Turn;
use perennial_store::{Batch, Store, StoreError};
use tokio::sync::{Notify, mpsc, oneshot};

use self::going::{Going, alike};
use crate::clock::Stopwatch;

/// Commands that may wait for the lane before callers are held back.
const WAITING_MAX: usize = 8_192;

/// The most commands one commit carries.
const GROUP_MAX: usize = 512;

/// How long the work of one commit should take at the most; the group's size follows what a command has cost lately.
const GROUP_TIME: Duration = Duration::from_millis(5);

/// From so many callers on, payments go beside everything else. Fewer make larger groups together, which is worth more, as a
/// statement costs as much as a dozen of its rows.
const CROWD: usize = 128;

/// Below so many commands a commit costs much the same whatever it carries, so that it is worth a wait for more of them.
const GATHERED_MAX: usize = 16;

/// How long it looks away while it waits for them: next to nothing, as a runtime's timer could not.
const GLANCE: Duration = Duration::from_micros(20);

/// Who comes so soon after a commit finds the connection as it was left. After longer, it may have been lost unseen, which
/// beginning alone finds out, and mends.
const SOON: Duration = Duration::from_millis(100);

/// How often a batch is decided when other writers move its rows, or the database gives it up for theirs.
const TRIES: usize = 5;

type Work = Box<dyn FnOnce(&mut dyn Batch) -> Result<(), StoreError> + Send>;

type Answer = oneshot::Sender<Result<Reply, Rejection>>;

/// A command, and the version of access at which its caller was looked up, if that is to be compared.
#[derive(Debug)]
struct Asked {
    access: Option<i64>,
    command: Command,
}

enum Job {
    Command { asked: Box<Asked>, answer: Answer },
    Chore { work: Work, answer: oneshot::Sender<Result<(), Rejection>> },
}

impl Job {
    /// What it does; none for a chore.
    fn kind(&self) -> Option<Discriminant<Action>> {
        match self {
            Self::Command { asked, .. } => Some(discriminant(&asked.command.action)),
            Self::Chore { .. } => None,
        }
    }

    /// The turn that it needs.
    fn turn(&self) -> Turn {
        match self {
            Self::Command { asked, .. } => asked.command.action.turn(),
            Self::Chore { .. } => Turn::All,
        }
    }
}

/// How many commands one commit may carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grouping {
    /// As many as fit the time bound.
    ByTime,
    /// Always one: the slow way, to measure the other against.
    Single,
}

/// The way into the lane, for many callers.
#[derive(Clone)]
pub struct LaneHandle {
    jobs: mpsc::Sender<Job>,
    /// Where payments go when there is much to do, if they have a writer of their own.
    payments: Option<mpsc::Sender<Job>>,
    callers: Callers,
    /// Reads the ledger for each caller; none where the lane reads for many of them in a trip.
    books: Option<Arc<dyn Books + Send + Sync>>,
    access: Arc<AccessSeen>,
    clock: Arc<dyn Clock>,
    closing: Arc<AtomicBool>,
    news: Arc<News>,
}

/// How many callers wait for their answers.
#[derive(Clone, Default)]
struct Callers(Arc<AtomicUsize>);

/// One of them, for as long as this is kept.
struct Caller(Callers);

impl Callers {
    fn one_more(&self) -> Caller {
        self.0.fetch_add(1, Ordering::Relaxed);
        Caller(self.clone())
    }

    fn are_many(&self) -> bool {
        self.0.load(Ordering::Relaxed) >= CROWD
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What commits carried that somebody waits for.
#[derive(Default)]
struct News {
    notices: Notify,
    charges: Notify,
}

/// The lane's own threads, one for each writer.
pub struct LaneThread {
    handle: LaneHandle,
    threads: Vec<JoinHandle<()>>,
}

/// Starts the lane over a store. `books` reads the same ledger beside it.
///
/// # Errors
/// [`Failure`] when the thread cannot be started.
pub fn start(
    store: Box<dyn Store>,
    books: Arc<dyn Books + Send + Sync>,
    clock: Arc<dyn Clock>,
    grouping: Grouping,
) -> Result<(LaneHandle, LaneThread), Failure> {
    let (closing, news, callers) = (Arc::new(AtomicBool::new(false)), Arc::<News>::default(), Callers::default());
    let access = Arc::<AccessSeen>::default();
    let books = (!store.is_remote()).then_some(books);
    let beside = store.beside();
    let worker = |name: &str, store| {
        let (jobs, waiting) = mpsc::channel(WAITING_MAX);
        let (clock, closing, news) = (Arc::clone(&clock), Arc::clone(&closing), Arc::clone(&news));
        let access = Arc::clone(&access);
        let last = Carried { at: Stopwatch::start(), took: Duration::ZERO, callers: 0 };
        let cost = GROUP_TIME / 64;
        let worker = Worker { store, clock, grouping, closing, news, access, callers: callers.clone(), last, cost };
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || worker.run(waiting));
        thread.map(|thread| (jobs, thread)).map_err(|cause| Failure::new("start the lane", cause))
    };
    let (jobs, thread) = worker("lane", store)?;
    let beside = beside.map(|store| worker("payments", store)).transpose()?;
    let (payments, second) = beside.unzip();
    let handle = LaneHandle { jobs, payments, callers, books, access, clock, closing, news };
    Ok((handle.clone(), LaneThread { handle, threads: std::iter::once(thread).chain(second).collect() }))
}

impl LaneHandle {
    /// Does housekeeping inside the lane's next transaction.
    ///
    /// # Errors
    /// [`Rejection`].
    pub async fn chore<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn Batch) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Rejection> {
        let (answer, answered) = oneshot::channel();
        let (tell, told) = oneshot::channel();
        let work = move |batch: &mut dyn Batch| {
            let _ = tell.send(work(batch)?);
            Ok(())
        };
        self.send(Job::Chore { work: Box::new(work), answer }).await?;
        heard(answered).await?;
        // Committed, so the work was done, and told what came of it.
        told.await.map_err(|cause| Rejection::Unknown(Failure::new("hear from the lane", cause)))
    }

    /// Whether the lane's threads are there to carry commands out.
    pub fn is_open(&self) -> bool {
        self.ways().all(|way| !way.is_closed()) && !self.closing.load(Ordering::Acquire)
    }

    /// Waits until one of the lane's threads has ended, in whatever way.
    pub async fn ended(&self) {
        let payments = async {
            match &self.payments {
                Some(payments) => payments.closed().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.jobs.closed() => {}
            () = payments => {}
        }
    }

    /// The ways to the lane's threads.
    fn ways(&self) -> impl Iterator<Item = &mpsc::Sender<Job>> {
        std::iter::once(&self.jobs).chain(&self.payments)
    }

    /// Waits until a commit has carried a notice.
    pub async fn noticed(&self) {
        self.news.notices.notified().await;
    }

    /// Waits until a commit has opened a charge.
    pub async fn charged(&self) {
        self.news.charges.notified().await;
    }

    /// What the command was answered before. Asking here keeps repeats out of the writer's way; the lane asks again.
    fn replayed(&self, command: &Command) -> Result<Option<Reply>, Rejection> {
        let (Some(token), Some(books)) = (&command.token, &self.books) else { return Ok(None) };
        let seen = books.load(&[Want::Replay(token.lookup(command.account))])?;
        Ok(replayed(self.clock.now(), &seen, command.account, command.token.as_ref())?)
    }

    async fn send(&self, job: Job) -> Result<(), Rejection> {
        if self.closing.load(Ordering::Acquire) {
            return Err(Rejection::Closing);
        }
        let payments = self.payments.as_ref().filter(|_| self.callers.are_many() && job.turn() == Turn::Payments);
        payments.unwrap_or(&self.jobs).send(job).await.map_err(|_| Rejection::Closing)
    }
}

/// What the lane answered. A job that is gone without an answer died with the lane's thread.
async fn heard<T>(answered: oneshot::Receiver<Result<T, Rejection>>) -> Result<T, Rejection> {
    let lost = || Rejection::Unknown(Failure::new("hear from the lane", "the lane's thread has died"));
    answered.await.unwrap_or_else(|_| Err(lost()))
}

impl Lane for LaneHandle {
    fn submit_at(&self, access: Option<i64>, command: Command) -> BoxFuture<'_, Result<Reply, Rejection>> {
        Box::pin(async move {
            if let Some(reply) = self.replayed(&command)? {
                return Ok(reply);
            }
            let _caller = self.callers.one_more();
            let (answer, answered) = oneshot::channel();
            self.send(Job::Command { asked: Box::new(Asked { access, command }), answer }).await?;
            heard(answered).await
        })
    }

    /// Where the lane reads for many callers in a trip, it compares for them, too.
    fn access_seen(&self) -> Option<&AccessSeen> {
        self.books.is_none().then_some(&self.access)
    }
}

impl LaneThread {
    /// Lets no more commands in, carries out and answers those that are in, and ends the threads.
    pub fn close(self) {
        self.handle.closing.store(true, Ordering::Release);
        for way in self.handle.ways() {
            let (answer, _) = oneshot::channel();
            // The last job wakes the thread, so that it sees that the lane is closing.
            let _ = way.blocking_send(Job::Chore { work: Box::new(|_| Ok(())), answer });
        }
        for thread in self.threads {
            if thread.join().is_err() {
                tracing::error!("the lane's thread panicked");
            }
        }
    }
}

struct Worker {
    store: Box<dyn Store>,
    clock: Arc<dyn Clock>,
    grouping: Grouping,
    closing: Arc<AtomicBool>,
    news: Arc<News>,
    access: Arc<AccessSeen>,
    callers: Callers,
    last: Carried,
    /// What a command has cost lately, commit included.
    cost: Duration,
}

/// The last commit, as the next one looks at it.
struct Carried {
    at: Stopwatch,
    took: Duration,
    /// Whom it answered, and who waited for the next one by then.
    callers: usize,
}

impl Worker {
    fn run(mut self, mut waiting: mpsc::Receiver<Job>) {
        let (mut arrived, mut was_passed_over) = (VecDeque::new(), false);
        while let Some(first) = arrived.pop_front().or_else(|| waiting.blocking_recv()) {
            arrived.push_front(first);
            let are_all = self.gather(&mut arrived, &mut waiting);
            let kind = if self.store.is_remote() { alike(&arrived, &mut was_passed_over) } else { None };
            let going = Going::of(&arrived, kind);
            if are_all && kind.is_some() {
                self.store.ask_turn(going.turn);
            } else {
                // Who comes until it has its turn goes along.
                self.store.await_turn(going.turn);
                self.receive(&mut arrived, &mut waiting);
            }
            if self.closing.load(Ordering::Acquire) {
                // Nobody else gets in; what is in is still received, and then the loop ends.
                waiting.close();
            }
            let (jobs, others): (VecDeque<_>, _) = arrived.into_iter().partition(|job| going.takes(job));
            arrived = others;
            let (count, watch) = (jobs.len(), Stopwatch::start());
            self.carry_out(jobs);
            let took = watch.elapsed();
            self.last = Carried { at: Stopwatch::start(), took, callers: count + arrived.len() + waiting.len() };
            let count = u32::try_from(count).unwrap_or(u32::MAX);
            metrics::histogram!("perennial_lane_group_commands").record(count);
            metrics::histogram!("perennial_lane_group_seconds").record(took);
            self.cost = (self.cost * 7 + took / count) / 8;
        }
    }

    /// Takes what has arrived.
    fn receive(&self, arrived: &mut VecDeque<Job>, waiting: &mut mpsc::Receiver<Job>) {
        while arrived.len() < self.group_max()
            && let Ok(job) = waiting.try_recv()
        {
            arrived.push_back(job);
        }
    }

    /// Takes what has arrived. Where that is little, as callers are few, and the database is a trip away, it waits a moment for
    /// those of the last commit: who calls again as soon as he is answered is there soon, and would else go on in two groups
    /// in turn, one of them small. Tells whether all of those have come, and soon.
    fn gather(&self, arrived: &mut VecDeque<Job>, waiting: &mut mpsc::Receiver<Job>) -> bool {
        self.receive(arrived, waiting);
        if !self.store.is_remote() || self.callers.are_many() {
            return false;
        }
        let wanted = self.last.callers.min(self.group_max()).min(GATHERED_MAX);
        let (watch, moment) = (Stopwatch::start(), GROUP_TIME.min(self.last.took / 4));
        while arrived.len() < wanted && watch.elapsed() < moment {
            std::thread::sleep(GLANCE);
            self.receive(arrived, waiting);
        }
        (1..=arrived.len()).contains(&self.last.callers) && self.last.at.elapsed() < SOON
    }

    /// How many commands fit the time bound, by what they have cost lately. Where the database is a trip away, some more do no
    /// harm: a statement costs much the same for them.
    fn group_max(&self) -> usize {
        match self.grouping {
            Grouping::Single => 1,
            Grouping::ByTime => {
                let fit = GROUP_TIME.as_nanos() / self.cost.as_nanos().max(1);
                let least = GROUP_MAX / if self.store.is_remote() { 4 } else { 8 };
                usize::try_from(fit).unwrap_or(GROUP_MAX).clamp(least, GROUP_MAX)
            }
        }
    }

    fn carry_out(&mut self, jobs: VecDeque<Job>) {
        let mut commands = Vec::with_capacity(jobs.len());
        let mut chores = Vec::new();
        for job in jobs {
            match job {
                Job::Command { asked, answer } => commands.push((asked, answer)),
                Job::Chore { work, answer } => chores.push((work, answer)),
            }
        }
        if !commands.is_empty() {
            self.carry_out_commands(commands);
        }
        for (work, answer) in chores {
            // The caller of a chore may have gone; the work is done all the same.
            let _ = answer
                .send(self.do_chore(work).map_err(|error| Rejection::Unknown(Failure::new("do housekeeping", error))));
        }
    }

    fn do_chore(&mut self, work: Work) -> Result<(), StoreError> {
        let mut batch = self.store.begin()?;
        work(&mut *batch)?;
        batch.commit()
    }

    fn carry_out_commands(&mut self, jobs: Vec<(Box<Asked>, Answer)>) {
        let (commands, answers): (Vec<_>, Vec<_>) = jobs.into_iter().unzip();
        let replies = match self.decide_together(&commands) {
            Ok(replies) => replies,
            // A row that the rules let pass and the schema did not: it spoils nobody's command but its own.
            Err(Undecided::Refused(_)) if commands.len() > 1 => commands
                .chunks(1)
                .flat_map(|alone| self.decide_together(alone).unwrap_or_else(|undecided| undecided.tell(1)))
                .collect(),
            Err(undecided) => undecided.tell(commands.len()),
        };
        for (answer, reply) in answers.into_iter().zip(replies) {
            count(&reply);
            // The caller may have gone; what was committed stays.
            let _ = answer.send(reply);
        }
    }

    /// One commit for all; decided again when another writer moved the rows.
    fn decide_together(&mut self, commands: &[Box<Asked>]) -> Result<Vec<Result<Reply, Rejection>>, Undecided> {
        let mut tries = 1;
        let decided = loop {
            match decide_all(&mut *self.store, &*self.clock, commands) {
                Err(Undecided::Moved(error)) if tries < TRIES => {
                    tracing::debug!(error = &error as &dyn std::error::Error, tries, "batch decided again");
                    tries += 1;
                }
                outcome => break outcome?,
            }
        };
        self.access.note(decided.access);
        if decided.noticed {
            self.news.notices.notify_one();
        }
        if decided.charged {
            self.news.charges.notify_one();
        }
        Ok(decided.replies)
    }
}

struct Decided {
    replies: Vec<Result<Reply, Rejection>>,
    access: i64,
    noticed: bool,
    charged: bool,
}

/// Why a batch has no replies.
enum Undecided {
    /// The schema refused a row. Nothing was committed.
    Refused(StoreError),
    /// Another writer came first. Nothing was committed.
    Moved(StoreError),
    /// The store did not answer before the commit. Nothing was committed.
    NotDone(StoreError),
    /// The commit did not answer.
    Unknown(StoreError),
}

impl From<StoreError> for Undecided {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Constraint { .. } => Self::Refused(error),
            StoreError::Conflict { .. } | StoreError::GaveWay(_) => Self::Moved(error),
            StoreError::Failed(_) => Self::NotDone(error),
            StoreError::Unknown(_) => Self::Unknown(error),
        }
    }
}

impl From<Failure> for Undecided {
    fn from(failure: Failure) -> Self {
        Self::NotDone(failure.into())
    }
}

impl Undecided {
    /// Writes it down, once, and says it to each of so many callers.
    fn tell(self, callers: usize) -> Vec<Result<Reply, Rejection>> {
        let (error, rejection): (_, fn(Failure) -> Rejection) = match self {
            Self::Refused(error) | Self::Moved(error) | Self::NotDone(error) => (error, Rejection::NotDone),
            Self::Unknown(error) => (error, Rejection::Unknown),
        };
        tracing::error!(error = &error as &dyn std::error::Error, "a batch of {callers} failed");
        let failure = || Failure::new("carry out a batch", error.to_string());
        std::iter::repeat_with(|| Err(rejection(failure()))).take(callers).collect()
    }
}

/// One transaction: load once, decide each, commit once.
fn decide_all(store: &mut dyn Store, clock: &dyn Clock, commands: &[Box<Asked>]) -> Result<Decided, Undecided> {
    let mut batch = store.begin()?;
    let wants: Vec<_> = commands.iter().flat_map(|asked| asked.command.wants()).collect();
    let mut snapshot = batch.load(&wants)?;
    // It has its turn by now: no other node is earlier.
    let now = clock.now();
    let mut replies = Vec::with_capacity(commands.len());
    let mut written = false;
    let (mut noticed, mut charged) = (false, false);
    let access = snapshot.access;
    for Asked { access: looked_up_at, command } in commands.iter().map(AsRef::as_ref) {
        if looked_up_at.is_some_and(|version| version != access) {
            replies.push(Err(Rejection::AccessChanged));
            continue;
        }
        let reply = match decide(now, &snapshot, command) {
            Err(refusal) => Err(Rejection::Refused(refusal)),
            Ok(decision) => {
                write(&mut *batch, &mut snapshot, &decision.changes)?;
                written |= !decision.changes.is_empty();
                noticed |= decision.changes.iter().any(|change| matches!(change, Change::Notify(_)));
                charged |= decision.changes.iter().any(|change| matches!(change, Change::OpenCharge(_)));
                Ok(decision.reply)
            }
        };
        replies.push(reply);
    }
    if written {
        batch.commit()?;
    }
    Ok(Decided { replies, access, noticed, charged })
}

fn write(batch: &mut dyn Batch, snapshot: &mut Snapshot, changes: &[Change]) -> Result<(), StoreError> {
    if changes.is_empty() {
        return Ok(());
    }
    batch.write(changes)?;
    for change in changes {
        snapshot.apply(change).map_err(|cause| Failure::new("move the snapshot", cause))?;
    }
    Ok(())
}

fn count(reply: &Result<Reply, Rejection>) {
    let outcome = match reply {
        Ok(_) => "done",
        Err(Rejection::Refused(_)) => "refused",
        // It comes again.
        Err(Rejection::AccessChanged) => return,
        Err(Rejection::NotDone(_) | Rejection::Unknown(_) | Rejection::Closing) => "failed",
    };
    metrics::counter!("perennial_commands_total", "outcome" => outcome).increment(1);
}
