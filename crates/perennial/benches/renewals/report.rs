//! The goals, what was measured for each, and the table at the end.

use std::collections::BTreeMap;
use std::time::Duration;

/// A run in which the reference waited longer for a core than this part of its time is not judged, nor one in which
/// others had more of all cores.
const WAIT_MAX: f64 = 0.05;

/// Which way is better.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Better {
    More,
    Less,
}

/// One goal: what is measured, the floor, and the aim.
pub struct Goal {
    number: u8,
    what: &'static str,
    better: Better,
    gate: f64,
    aim: f64,
}

const GOALS: [Goal; 35] = [
    goal(1, "renewals over HTTP, 64 connections / bare loop, groups of 64", Better::More, 0.60, 0.80),
    goal(2, "renewals over HTTP, 8 connections / bare loop, groups of 8", Better::More, 0.65, 0.85),
    goal(3, "grouped commits / one commit a command, 64 connections", Better::More, 2.0, 3.0),
    goal(4, "p99 / p50 at 8 connections", Better::Less, 6.0, 2.5),
    goal(5, "p99 / p50 at 64 connections", Better::Less, 8.0, 3.0),
    goal(6, "replays of a known key / new renewals", Better::More, 4.0, 8.0),
    goal(7, "signed / unsigned (bearer) renewals", Better::More, 0.90, 0.95),
    goal(8, "PostgreSQL: renewals over HTTP, 256 connections / bare loop, 4 x 64", Better::More, 0.35, 0.50),
    goal(108, "PostgreSQL: renewals over HTTP, 64 connections / bare loop, 4 x 64", Better::More, 0.35, 0.50),
    goal(9, "PostgreSQL: renewals over HTTP, 64 connections / pgbench, 8 clients", Better::More, 1.0, 1.5),
    goal(109, "PostgreSQL: renewals over HTTP, 8 connections / pgbench, 8 clients", Better::More, 1.0, 1.5),
    goal(10, "PostgreSQL: 2 nodes / 1 node, 64 connections in all", Better::More, 0.85, 1.0),
    goal(11, "sweep of a week's expiries / bare loop, groups of 64", Better::More, 0.60, 0.80),
    goal(111, "sweep: reading what is due, % of the time", Better::Less, 3.0, 3.0),
    goal(12, "next page of what is due, all services / 100,000", Better::Less, 10.0, 4.0),
    goal(13, "memory that the sweep took, over the page cache, MiB", Better::Less, 128.0, 64.0),
    goal(112, "PostgreSQL: sweep of a week's expiries / bare loop, 4 x 64", Better::More, 0.60, 0.80),
    goal(113, "PostgreSQL: sweep: reading what is due, % of the time", Better::Less, 3.0, 3.0),
    goal(121, "PostgreSQL: next page of what is due, all services / 100,000", Better::Less, 10.0, 4.0),
    goal(17, "a day of the schedule, all services / those due alone", Better::Less, 2.0, 1.2),
    goal(18, "renewals by the schedule / bare loop, groups of 64", Better::More, 0.30, 0.60),
    goal(171, "PostgreSQL: a day of the schedule, all services / those due alone", Better::Less, 2.0, 1.2),
    goal(181, "PostgreSQL: renewals by the schedule / bare loop, 4 x 64", Better::More, 0.30, 0.60),
    goal(14, "idle memory, MiB", Better::Less, 30.0, 15.0),
    goal(141, "start to first answer, ms", Better::Less, 200.0, 50.0),
    goal(142, "stripped binary, MiB", Better::Less, 30.0, 15.0),
    goal(15, "bytes a renewal / 895", Better::Less, 2.0, 1.2),
    goal(16, "renewals over HTTP / django-plans in process", Better::More, 50.0, 100.0),
    goal(21, "OVHcloud's dialect, 64 connections / bare loop, groups of 64", Better::More, 0.60, 0.80),
    goal(22, "VPSBG's dialect, 64 connections / bare loop, groups of 64", Better::More, 0.40, 0.60),
    goal(23, "HostUp's dialect, 64 connections / bare loop, groups of 64", Better::More, 0.40, 0.60),
    goal(24, "VPSBG's dialect / OVHcloud's", Better::More, 0.60, 0.80),
    goal(25, "HostUp's dialect / OVHcloud's", Better::More, 0.60, 0.80),
    goal(26, "Alibaba Cloud's dialect, 64 connections / bare loop, groups of 64", Better::More, 0.40, 0.60),
    goal(27, "Alibaba Cloud's dialect / OVHcloud's", Better::More, 0.60, 0.80),
];

const fn goal(number: u8, what: &'static str, better: Better, gate: f64, aim: f64) -> Goal {
    Goal { number, what, better, gate, aim }
}

impl Goal {
    /// The goal with a number.
    ///
    /// # Panics
    /// When there is none: a slip in this program.
    pub fn number(number: u8) -> &'static Self {
        GOALS.iter().find(|goal| goal.number == number).expect("the benchmark names its own goals")
    }

    const fn meets(&self, value: f64, mark: f64) -> bool {
        match self.better {
            Better::More => value >= mark,
            Better::Less => value <= mark,
        }
    }
}

/// Everything measured in one run.
pub struct Report {
    machine: String,
    notes: Vec<String>,
    values: BTreeMap<u8, Vec<f64>>,
    waited_most: f64,
    others_most: f64,
}

impl Report {
    /// An empty report of a machine.
    pub const fn new(machine: String) -> Self {
        Self { machine, notes: Vec::new(), values: BTreeMap::new(), waited_most: 0.0, others_most: 0.0 }
    }

    /// Adds a measurement of a goal.
    pub fn add(&mut self, goal: &Goal, value: f64) {
        self.values.entry(goal.number).or_default().push(value);
    }

    /// Adds a line to read, and shows it at once.
    pub fn note(&mut self, line: String) {
        eprintln!("{line}");
        self.notes.push(line);
    }

    /// Remembers how long the reference waited for a core.
    pub const fn judge_wait(&mut self, part: f64) {
        self.waited_most = self.waited_most.max(part);
    }

    /// Remembers how much of the cores others had.
    pub const fn judge_others(&mut self, part: f64) {
        self.others_most = self.others_most.max(part);
    }

    /// Adds memory, start and size.
    pub fn idle(&mut self, rss_kb: u64, start: Duration, binary_bytes: u64) {
        #[expect(clippy::cast_precision_loss, reason = "a few MiB, for show")]
        let (rss, binary) = (rss_kb as f64 / 1024.0, binary_bytes as f64 / 1024.0 / 1024.0);
        self.add(Goal::number(14), rss);
        self.add(Goal::number(141), start.as_secs_f64() * 1_000.0);
        self.add(Goal::number(142), binary);
    }

    /// Whether no floor was missed. A run that was disturbed is not judged.
    pub fn passes(&self) -> bool {
        self.disturbed() || self.measured().all(|(goal, value)| goal.meets(value, goal.gate))
    }

    fn disturbed(&self) -> bool {
        self.waited_most.max(self.others_most) > WAIT_MAX
    }

    fn measured(&self) -> impl Iterator<Item = (&'static Goal, f64)> {
        GOALS.iter().filter_map(|goal| Some((goal, median(self.values.get(&goal.number)?)?)))
    }

    /// Prints the table.
    pub fn print(&self) {
        println!("{}", self.machine);
        for note in &self.notes {
            println!("  {note}");
        }
        println!("{:<66} {:>9} {:>7} {:>7}  ", "median", "measured", "floor", "aim");
        for (goal, value) in self.measured() {
            let verdict = if goal.meets(value, goal.aim) {
                "aim met"
            } else if goal.meets(value, goal.gate) {
                "floor met"
            } else {
                "MISSED"
            };
            println!("{:<66} {value:>9.2} {:>7.2} {:>7.2}  {verdict}", goal.what, goal.gate, goal.aim);
        }
        println!(
            "the reference on SQLite waited {:.1} % of its time for a core; others had {:.1} % of the cores beside \
             PostgreSQL",
            self.waited_most * 100.0,
            self.others_most * 100.0
        );
        if self.disturbed() {
            println!("something else kept the cores busy: this run is not judged");
        }
    }
}

fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied()
}
