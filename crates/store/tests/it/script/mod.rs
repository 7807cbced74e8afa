//! One script of random commands on both databases: the same replies, and the same ledgers, row for row.
//!
//! A script is drawn from its seed and from what was answered so far, so a longer one begins with the shorter one.
//! `PERENNIAL_SCRIPT_SEED=7 PERENNIAL_SCRIPT_COMMANDS=50000 cargo test -p perennial-store --test it script` plays
//! another one, or a longer one; a failure tells how to play it again, up to the step that it shows.

mod access;
pub mod dice;
mod draw;
mod known;
mod master;
mod orders;
mod owners;
mod read;
mod rows;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use perennial_core::command::{Command, Reply};
use perennial_core::decide::decide;
use perennial_core::refusal::Refusal;
use perennial_core::snapshot::{Change, Snapshot, Want};
use perennial_store::{Record, Recorded, Records, Store, StoreError};

use self::draw::{ACTIONS, Script, name};
use crate::world::{Database, Postgres, Sqlite, same};

/// The script of every run of the tests.
const SEED: u64 = 1;
const COMMANDS: u64 = 3_000;

/// The two ledgers are compared row for row after so many commands, or a twentieth of the script if that is more.
const CHECKED_EACH: usize = 500;

/// Every kind of stage, what owners are told often, and what becomes of charges.
const PASSED: [&str; 13] = [
    "proposal",
    "payment",
    "reminder",
    "expired",
    "suspended",
    "redemption",
    "terminated",
    "told: expiring",
    "told: paid",
    "told: suspended",
    "told: terminated",
    "collect: settled",
    "collect: declined",
];

/// How often each kind of action has to have been carried out in every run.
const DONE_MIN: usize = 4;

#[test]
fn a_script_of_random_commands_does_the_same_on_both_databases() {
    let asked = ["PERENNIAL_SCRIPT_SEED", "PERENNIAL_SCRIPT_COMMANDS"].map(number);
    let (seed, commands) = (asked[0].unwrap_or(SEED), asked[1].unwrap_or(COMMANDS));
    let commands = usize::try_from(commands).expect("fits");
    let tally = match play(seed, commands, commands) {
        Ok(tally) => tally,
        // What differs in the rows was done after the last time that they were compared: look closer from there.
        Err(found) => panic!("{}", play(seed, commands, found.sound).err().unwrap_or(found).what),
    };
    eprintln!("seed {seed}: {tally}");
    if asked == [None, None] {
        tally.assert_lively();
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("is a number"))
}

/// One of the two ledgers, behind the contract that both keep.
struct Side {
    store: Box<dyn Store>,
    books: Box<dyn Records>,
}

/// Where the two sides went different ways.
struct Found {
    /// After so many commands both ledgers were the same, row for row.
    sound: usize,
    /// What differs, after which step, and how to play it again.
    what: String,
}

/// What became of a command.
#[derive(Clone, Debug, PartialEq)]
enum Answer {
    /// It was carried out, and these are the rows.
    Done(Reply, Vec<Change>),
    /// It was answered, and there was nothing to write.
    Told(Reply),
    Refused(Refusal),
    /// The schema refused its row: nothing of its batch was written.
    Spoilt(String),
}

/// What a script did.
#[derive(Default)]
struct Tally {
    /// By kind of action: carried out, answered without a change, refused, refused by the schema.
    actions: BTreeMap<&'static str, [usize; 4]>,
    /// How often each reason to refuse was found, by its name; of the schema's, in its words.
    refusals: BTreeMap<String, usize>,
    /// How often services went through each stage, owners were told of each thing, and each came of charges.
    passed: BTreeMap<String, usize>,
    /// How often each other thing was done.
    others: BTreeMap<&'static str, usize>,
}

impl Tally {
    fn count(&mut self, commands: &[Command], answers: &[Answer]) {
        for (command, answer) in commands.iter().zip(answers) {
            let at = match answer {
                Answer::Done(_, changes) => {
                    for change in changes {
                        self.pass(change);
                    }
                    0
                }
                Answer::Told(_) => 1,
                Answer::Refused(refusal) => {
                    *self.refusals.entry(word(refusal)).or_default() += 1;
                    2
                }
                Answer::Spoilt(refusal) => {
                    *self.refusals.entry(refusal.clone()).or_default() += 1;
                    3
                }
            };
            self.actions.entry(name(&command.action)).or_default()[at] += 1;
        }
    }

    fn pass(&mut self, change: &Change) {
        let what = match change {
            Change::Attend(attended) => attended.stage.trim_end_matches(|end: char| end == '-' || end.is_ascii_digit()),
            Change::Notify(notice) => &format!("told: {}", notice.kind.word()),
            Change::SetCharge(set) => &format!("{}: {}", set.direction.word(), set.state.word()),
            _ => return,
        };
        *self.passed.entry(what.to_owned()).or_default() += 1;
    }

    /// That a script was worth playing: everything was done and refused.
    fn assert_lively(&self) {
        for (action, ..) in ACTIONS {
            let [done, ..] = self.actions.get(action).copied().unwrap_or_default();
            assert!(done >= DONE_MIN, "`{action}` was carried out {done} times: {self}");
        }
        for passed in PASSED {
            assert!(self.passed.contains_key(passed), "there was no `{passed}`: {self}");
        }
        assert!(self.refusals.len() >= 25, "few reasons to refuse were found: {self}");
        let spoilt: usize = self.actions.values().map(|[.., spoilt]| spoilt).sum();
        assert!(spoilt > 0, "the schema refused nothing: {self}");
        let others = [
            "dropped batches",
            "rows forgotten",
            "notices sent",
            "charges claimed",
            "records written",
            "records refused",
        ];
        for other in others {
            assert!(self.others.contains_key(other), "there were no {other}: {self}");
        }
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "carried out, answered without a change, refused, refused by the schema:")?;
        for (action, counts) in &self.actions {
            writeln!(f, "  {action}: {counts:?}")?;
        }
        let all = self.actions.values().fold([0; 4], |sum, counts| std::array::from_fn(|at| sum[at] + counts[at]));
        writeln!(f, "all: {all:?}\n{:?}\n{:?}\n{:?}", self.others, self.refusals, self.passed)
    }
}

/// The name of a refusal, and of its reason if it has one.
fn word(refusal: &Refusal) -> String {
    let text = format!("{refusal:?}");
    let first = |text: &str| text.split([' ', '(', '{']).next().expect("has a first word").to_owned();
    let reason = text.split_once("reason: ").map(|(_, reason)| format!(" {}", first(reason)));
    first(&text) + &reason.unwrap_or_default()
}

/// Two ledgers, and what was done to both.
struct Play {
    seed: u64,
    sqlite: Sqlite,
    postgres: Postgres,
    sides: [Side; 2],
    script: Script,
    tally: Tally,
    /// How many commands were carried out.
    done: usize,
    /// After so many both ledgers were the same, row for row.
    sound: usize,
    /// What was done last.
    step: String,
}

/// Plays a script of so many commands on both databases; compares the rows at every step once `closely` are done.
fn play(seed: u64, commands: usize, closely: usize) -> Result<Tally, Found> {
    let mut play = Play::new(seed);
    let each = CHECKED_EACH.max(commands / 20);
    play.set_the_scene().map_err(|what| play.found(&what))?;
    while play.done < commands {
        play.go_on(commands - play.done).map_err(|what| play.found(&what))?;
        if play.done >= closely || play.done >= play.sound + each || play.done == commands {
            play.compare_rows().map_err(|what| play.found(&what))?;
        }
    }
    Ok(std::mem::take(&mut play.tally))
}

/// Where the store or the rules give up, nobody else tells after what.
impl Drop for Play {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.found("a panic").what);
        }
    }
}

fn side(database: &impl Database) -> Side {
    Side { store: database.store(), books: database.records() }
}

impl Play {
    fn new(seed: u64) -> Self {
        let (sqlite, postgres) = (Sqlite::make(), Postgres::make());
        let sides = [side(&sqlite), side(&postgres)];
        let (script, tally, step) = (Script::new(seed), Tally::default(), String::new());
        Self { seed, sqlite, postgres, sides, script, tally, done: 0, sound: 0, step }
    }

    fn found(&self, what: &str) -> Found {
        let Self { seed, done, sound, step, .. } = self;
        let what = format!(
            "after {done} commands (and after {sound} there was none) the databases differ:\n{what}\nThe last step:\n\
             {step}\nTo play it again: PERENNIAL_SCRIPT_SEED={seed} PERENNIAL_SCRIPT_COMMANDS={done} \
             cargo test -p perennial-store --test it script"
        );
        Found { sound: *sound, what }
    }

    fn set_the_scene(&mut self) -> Result<(), String> {
        let world = self.script.world();
        self.record(&world)?;
        for services in [40, 24] {
            let services = self.script.services(services);
            self.record(&services)?;
        }
        Ok(())
    }

    /// The next step, of so many commands at the most.
    fn go_on(&mut self, most: usize) -> Result<(), String> {
        self.script.wait();
        match self.script.dice.below(20) {
            0 => self.keep_house(),
            1 | 2 => {
                let records = self.script.records();
                self.record(&records)
            }
            3 | 4 => self.ask(),
            _ => self.carry_out(most),
        }
    }

    fn others(&mut self, what: &'static str, count: usize) {
        if count > 0 {
            *self.tally.others.entry(what).or_default() += count;
        }
    }

    /// A batch, as the lane carries it out: where the schema refuses a row, each command is carried out alone.
    fn carry_out(&mut self, most: usize) -> Result<(), String> {
        let commands = self.script.batch(most);
        self.done += commands.len();
        let fate = if self.script.dice.one_in(16) { Fate::Dropped } else { Fate::Committed };
        let answers = match self.carry_out_together(&commands, fate)? {
            Ok(answers) => answers,
            Err(_) if commands.len() > 1 => {
                self.others("batches that the schema refused", 1);
                let mut answers = Vec::new();
                for command in commands.chunks(1) {
                    let alone = self.carry_out_together(command, fate)?;
                    answers.extend(alone.unwrap_or_else(|refused| vec![Answer::Spoilt(refused)]));
                }
                answers
            }
            Err(refused) => vec![Answer::Spoilt(refused)],
        };
        match fate {
            Fate::Dropped => self.others("dropped batches", 1),
            Fate::Committed => {
                self.tally.count(&commands, &answers);
                for (command, answer) in commands.iter().zip(&answers) {
                    match answer {
                        Answer::Done(reply, changes) => self.script.known.note(command, reply, changes),
                        Answer::Told(reply) => self.script.known.note(command, reply, &[]),
                        Answer::Refused(_) | Answer::Spoilt(_) => {}
                    }
                }
            }
        }
        Ok(())
    }

    /// One transaction on each side; tells the answers that both gave, or why both schemas refused.
    fn carry_out_together(&mut self, commands: &[Command], fate: Fate) -> Result<Result<Vec<Answer>, String>, String> {
        let now = self.script.now;
        self.step = format!("{now}: a batch that is {fate:?}:\n");
        for command in commands {
            writeln!(self.step, "  {command:?}").expect("is written");
        }
        let [ours, theirs] = [0, 1].map(|side| decide_all(&mut self.sides[side], now, commands, fate));
        let (ours, theirs) = match (ours, theirs) {
            (Ok(ours), Ok(theirs)) => (ours, theirs),
            (Err(ours), Err(theirs)) => {
                let (ours, theirs) = (kind(&ours), kind(&theirs));
                // Of several rows that are refused, each database may meet another one first.
                let alone = commands.len() == 1 && fate == Fate::Committed;
                return if ours == theirs || !alone {
                    Ok(Err(ours))
                } else {
                    Err(format!("refused: {ours}, {theirs}"))
                };
            }
            (Ok(_), Err(error)) => return Err(format!("PostgreSQL alone refused: {}", whole(&error))),
            (Err(error), Ok(_)) => return Err(format!("SQLite alone refused: {}", whole(&error))),
        };
        if let Some(difference) = read::difference(&ours.loaded, &theirs.loaded) {
            return Err(difference);
        }
        for ((command, our), their) in commands.iter().zip(&ours.answers).zip(&theirs.answers) {
            if our != their {
                return Err(format!("{command:?} is answered {our:?} by SQLite, {their:?} by PostgreSQL"));
            }
        }
        if fate == Fate::Committed && self.script.dice.one_in(4) {
            let wants: Vec<_> = commands.iter().flat_map(Command::wants).collect();
            same(&ours.moved, &self.read(&wants)?);
        }
        Ok(Ok(ours.answers))
    }

    /// What both readers say, once it is the same.
    fn read(&self, wants: &[Want]) -> Result<Snapshot, String> {
        let [ours, theirs] = [0, 1].map(|side| self.sides[side].books.load(wants).expect("loads"));
        read::difference(&ours, &theirs).map_or(Ok(ours), Err)
    }

    /// Puts questions to both readers.
    fn ask(&mut self) -> Result<(), String> {
        let wants = self.script.wants();
        self.step = format!("{}: {wants:?} are read", self.script.now);
        self.read(&wants)?;
        for (index, question) in self.script.questions().iter().enumerate() {
            let [ours, theirs] = [0, 1].map(|side| question(&*self.sides[side].books));
            if ours != theirs {
                return Err(format!("question {index} is answered {ours} by SQLite, {theirs} by PostgreSQL"));
            }
        }
        self.others("readings", 1);
        Ok(())
    }

    /// Sends some of the notices that wait, and forgets what is over.
    fn keep_house(&mut self) -> Result<(), String> {
        let now = self.script.now;
        let (send, rows_max) =
            (self.script.dice.below(6), u32::try_from(1 + self.script.dice.below(60)).expect("fits"));
        let over = self.script.hours(-48..=0);
        let ask = u32::try_from(self.script.dice.below(6)).expect("fits");
        self.step = format!(
            "{now}: {send} notices are sent, {ask} charges claimed, and what was over at {over} is forgotten by {rows_max}"
        );
        let [ours, theirs] = [0, 1].map(|side| -> Result<_, StoreError> {
            let Side { store, books } = &mut self.sides[side];
            let waiting = books.notices_waiting(u32::try_from(send).expect("fits"))?;
            let mut batch = store.begin()?;
            for (at, notice) in waiting.iter().enumerate() {
                // Some could not leave.
                if at % 3 == 1 { batch.notice_waits(notice.id, now)? } else { batch.notice_sent(notice.id, now)? }
            }
            let claimed = batch.claim_charges("node", now, now, ask)?;
            for open in claimed.iter().step_by(2) {
                batch.charge_waits(open.charge.id, now)?;
            }
            let mut went = Vec::new();
            while went.last() != Some(&0) {
                went.push(batch.forget(over, rows_max)?);
            }
            batch.commit()?;
            let waiting: Vec<_> = waiting.into_iter().map(|waiting| (waiting.notice, waiting.tries)).collect();
            Ok((waiting, went, claimed))
        });
        let (ours, theirs) = (ours.expect("is done"), theirs.expect("is done"));
        if ours != theirs {
            return Err(format!("{ours:?} on SQLite, {theirs:?} on PostgreSQL"));
        }
        self.others("notices sent", ours.0.len());
        self.others("charges claimed", ours.2.len());
        self.others("rows forgotten", ours.1.iter().map(|went| usize::try_from(*went).expect("fits")).sum());
        Ok(())
    }

    /// Records master data in one batch. One that is refused leaves nothing, and the batch goes on; but for a service,
    /// which may spoil it on PostgreSQL, so that it is dropped on both sides.
    fn record(&mut self, records: &[Record]) -> Result<(), String> {
        self.step = format!("{}: {records:#?} are recorded", self.script.now);
        let [ours, theirs] = [0, 1].map(|side| record(&mut *self.sides[side].store, records));
        if ours != theirs {
            return Err(format!("{ours:?} by SQLite, {theirs:?} by PostgreSQL"));
        }
        self.others("records refused", ours.iter().filter(|recorded| recorded.is_err()).count());
        if is_dropped(records, &ours) {
            self.others("recordings that were dropped", 1);
            return Ok(());
        }
        for (record, recorded) in records.iter().zip(&ours) {
            if let Ok(recorded) = recorded {
                let word = if let Recorded::Unchanged(_) = recorded { "records unchanged" } else { "records written" };
                self.others(word, 1);
                self.script.recorded(record, recorded.id());
            }
        }
        Ok(())
    }

    /// Compares the ledgers row for row, and has both audited.
    fn compare_rows(&mut self) -> Result<(), String> {
        if let Some(difference) = rows::difference(&self.sqlite, &self.postgres) {
            return Err(difference);
        }
        let [ours, theirs] = [0, 1].map(|side| self.sides[side].books.audit().expect("audits"));
        if ours != theirs || !ours.is_sound() {
            return Err(format!("the audit says {ours:?} of SQLite, {theirs:?} of PostgreSQL"));
        }
        self.sound = self.done;
        self.others("comparisons row for row", 1);
        Ok(())
    }
}

/// What becomes of a batch once it is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Committed,
    Dropped,
}

struct Decided {
    loaded: Snapshot,
    moved: Snapshot,
    answers: Vec<Answer>,
}

/// One transaction, as the lane has it: loads once, decides each on the moving snapshot, commits once.
fn decide_all(side: &mut Side, now: Timestamp, commands: &[Command], fate: Fate) -> Result<Decided, StoreError> {
    let wants: Vec<_> = commands.iter().flat_map(Command::wants).collect();
    let mut batch = side.store.begin()?;
    let loaded = batch.load(&wants)?;
    let mut moved = loaded.clone();
    let mut answers = Vec::with_capacity(commands.len());
    for command in commands {
        answers.push(match decide(now, &moved, command) {
            Err(refusal) => Answer::Refused(refusal),
            Ok(decision) if decision.changes.is_empty() => Answer::Told(decision.reply),
            Ok(decision) => {
                batch.write(&decision.changes)?;
                for change in &decision.changes {
                    moved.apply(change).expect("fits");
                }
                Answer::Done(decision.reply, decision.changes)
            }
        });
    }
    if answers.iter().any(|answer| matches!(answer, Answer::Done(..))) {
        match fate {
            Fate::Committed => batch.commit()?,
            // What the database gathered is written before anything is read, and may be refused only then.
            Fate::Dropped => {
                let read = batch.load(&[]).map(drop);
                read.map_err(|cause| StoreError::Constraint { doing: "write a batch", cause: cause.into() })?;
            }
        }
    }
    Ok(Decided { loaded, moved, answers })
}

fn record(store: &mut dyn Store, records: &[Record]) -> Vec<Result<Recorded, String>> {
    let mut batch = store.begin().expect("begins");
    let mut recorded = Vec::new();
    for record in records {
        recorded.push(batch.record(record).map_err(|error| kind(&error)));
        if is_dropped(records, &recorded) {
            return recorded;
        }
    }
    batch.commit().expect("commits");
    recorded
}

fn is_dropped(records: &[Record], recorded: &[Result<Recorded, String>]) -> bool {
    records.iter().zip(recorded).any(|(record, recorded)| matches!(record, Record::Service(_)) && recorded.is_err())
}

/// What kind of refusal it was; each database has its own words for the reason. A database that does not answer is none.
fn kind(error: &StoreError) -> String {
    match error {
        StoreError::Constraint { .. } | StoreError::Conflict { .. } => error.to_string(),
        StoreError::GaveWay(_) | StoreError::Failed(_) | StoreError::Unknown(_) => panic!("{}", whole(error)),
    }
}

/// An error with its causes.
fn whole(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
