//! The disk under the ledger fails: the power goes, the disk is full, calls to it fail. Whatever was told as done is on file
//! afterwards, nothing is paid twice, and nothing is sent that is not on file.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, ensure};
use perennial_testkit::disk::{At, Disk, Fault, Seen, Syncs};
use serde_json::Value;

use super::faults::acts;
use super::world::{Done, SAMPLES, World};

/// After so many renewals there is another world, as the demo's balances do not last for ever.
const ROUNDS_MAX: usize = 14;

const APPLY: [&str; 5] = ["apply", "-y", "--wait", "PT30S", "--json"];

/// What the services of [`SAMPLES`] are called in the inventory.
const NAMES: [&str; 4] = ["vps112233.ovh.net", "debian-2gb", "srv1.example.se", "web-1"];

/// A buyer of one service at each provider, with its ledger on a disk of ours.
struct Rented {
    world: World,
    disk: Disk,
    rounds: usize,
}

impl Rented {
    fn new() -> Self {
        let rule = |name| {
            format!(
                "\n[[rule]]\nname = \"{name}\"\nrenew_before = \"P30D\"\nperiod = \"P1M\"\nmode = \"act\"\n\
                 native = \"accept\"\n"
            )
        };
        let policy = NAMES.map(rule).concat();
        let mut world = World::with(&policy);
        // What nobody knows is read back at once: the sandbox shows what was done without a delay.
        let config = std::fs::read_to_string(world.path("perennial.toml")).expect("is there");
        let config = config.replace("settles_in_s = 1\n", "settles_in_s = 0\n");
        std::fs::write(world.path("perennial.toml"), config).expect("is written");
        let disk = Disk::under(&world.path("ledger.db")).expect("is made");
        for (name, value) in disk.env() {
            world.set(&name, &value);
        }
        Self { world, disk, rounds: 0 }
    }

    /// Renews every service once while the disk fails and, when it no longer does, goes on with that. Fails where anything
    /// was lost, paid twice or told wrongly.
    fn renew(&mut self, fault: Fault, syncs: Syncs, seed: u64) -> Result<(Done, Seen)> {
        if self.rounds > 0 {
            self.world.sandbox.advance("P1M")?;
        }
        self.rounds += 1;
        let passed: Vec<_> = SAMPLES.iter().map(|sample| self.world.proxies[sample.provider].passed().len()).collect();
        self.disk.next(fault, syncs, seed)?;
        let first = self.world.run(&APPLY);
        let asked = self.disk.seen().with_context(|| format!("{first:?}"))?;
        ensure!(asked.changes > 50 && asked.syncs > 5 || asked.is_met, "the disk was passed by: {asked:?}");
        ensure!(first.code.is_none() == (asked.is_met && matches!(fault, Fault::Cut(_))), "{first:?}");

        self.disk.next(Fault::None, Syncs::Kept, seed + 1)?;
        // A ledger whose making was broken off is made first.
        let made = self.world.run(&["migrate"]);
        ensure!(made.code == Some(0), "{made:?}");
        let states = self.states()?;
        for (sample, from) in SAMPLES.iter().zip(passed) {
            let is_sent = self.world.proxies[sample.provider].passed()[from..].iter().any(acts);
            let of_provider = states.values().filter(|(provider, _)| provider == sample.provider);
            let begun = of_provider.filter(|(_, state)| state != "planned").count();
            ensure!(!is_sent || begun == self.rounds, "{}: sent, and not on file: {states:?}", sample.provider);
            let is_denied = lines(&first).iter().any(|line| {
                line["provider"] == sample.provider && (line["result"] == "failed" || line["result"] == "refused")
            });
            ensure!(!is_sent || !is_denied, "{}: sent, and told as not done: {first:?}", sample.provider);
        }
        for id in renewed(&first) {
            ensure!(states.get(&id).is_some_and(|(_, state)| state == "done"), "{id} was told as done: {states:?}");
        }
        let again = self.world.run(&APPLY);
        ensure!(again.code == Some(0), "the next run: {again:?}");
        let audit = self.world.run(&["audit"]);
        ensure!(audit.code == Some(0), "{audit:?}");
        let states = self.states()?;
        for sample in SAMPLES {
            let paid = self.world.extensions(sample.number).len();
            ensure!(paid == self.rounds, "{}: {paid} renewals in {} rounds", sample.provider, self.rounds);
            let of_provider = states.values().filter(|(provider, _)| provider == sample.provider);
            let done = of_provider.filter(|(_, state)| state == "done").count();
            ensure!(done == paid, "{}: {done} on file, {paid} paid: {states:?}", sample.provider);
        }
        Ok((first, asked))
    }

    /// The provider and the state of each intent on file.
    fn states(&self) -> Result<BTreeMap<String, (String, String)>> {
        let status = self.world.run(&["status", "--all", "--json"]);
        ensure!(status.code == Some(0), "{status:?}");
        let intents = lines(&status).into_iter().filter(|line| line["kind"] == "intent");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Ok(intents.map(|line| (text(&line["intent"]), (text(&line["provider"]), text(&line["state"])))).collect())
    }
}

/// The lines that a run printed as a whole.
fn lines(done: &Done) -> Vec<Value> {
    done.stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// The intents that a run told as done.
fn renewed(done: &Done) -> BTreeSet<String> {
    let told = lines(done).into_iter().filter(|line| line["result"] == "renewed");
    told.filter_map(|line| line["intent"].as_str().map(str::to_owned)).collect()
}

/// Renews with the same kind of fault at one call after the other, until there are no more calls. What runs came to that met
/// their fault.
fn at_each(fault: fn(u64) -> Fault, from: u64, step: usize) -> Vec<Done> {
    let mut rented = Rented::new();
    let mut met = Vec::new();
    for number in (from..).step_by(step) {
        if rented.rounds == ROUNDS_MAX {
            rented = Rented::new();
        }
        let (first, seen) = rented.renew(fault(number), Syncs::Kept, number).unwrap_or_else(|error| {
            panic!("{:?}: {error:#}", fault(number));
        });
        // The first round of a world makes the ledger, and so has more calls than the others.
        if !seen.is_met && rented.rounds > 1 {
            return met;
        }
        met.push(first);
    }
    met
}

/// That a run told the truth of its end: all is done, or the disk is why not.
#[track_caller]
fn ended_well(run: &Done, why: &[&str]) {
    if run.code == Some(0) {
        assert_eq!(renewed(run).len(), SAMPLES.len(), "{run:?}");
    } else {
        assert!(matches!(run.code, Some(1 | 10 | 11)), "{run:?}");
        let is_said = |why: &&str| run.stderr.contains(why) || run.stdout.contains(why);
        assert!(why.iter().any(is_said), "it says why: {run:?}");
    }
}

#[test]
fn the_power_goes_at_every_other_sync() {
    let met = at_each(|number| Fault::Cut(At::Sync(number)), 0, 2);
    assert!(met.len() > 10, "{}", met.len());
}

#[test]
fn the_power_goes_at_the_syncs_between() {
    let met = at_each(|number| Fault::Cut(At::Sync(number)), 1, 2);
    assert!(met.len() > 10, "{}", met.len());
}

#[test]
fn the_power_goes_between_syncs() {
    let met = at_each(|number| Fault::Cut(At::Change(number)), 3, 97);
    assert!(met.len() > 3, "{}", met.len());
}

#[test]
fn the_disk_is_full() {
    for run in at_each(|number| Fault::Full(At::Change(number)), 0, 61) {
        ended_well(&run, &["database or disk is full"]);
    }
}

#[test]
fn the_disk_fails_once() {
    for run in at_each(|number| Fault::Error(At::Sync(number)), 0, 7) {
        ended_well(&run, &["disk I/O error"]);
    }
}

#[test]
fn the_disk_fails_for_good() {
    for run in at_each(|number| Fault::Broken(At::Change(number)), 0, 97) {
        ended_well(&run, &["disk I/O error", "unable to open database file"]);
    }
}

#[test]
fn a_disk_that_only_says_that_it_syncs_is_found_out() {
    // What the checks above are worth: on such a disk they fail.
    Rented::new().renew(Fault::None, Syncs::Kept, 0).expect("a disk that syncs keeps everything");
    let found = |seed| Rented::new().renew(Fault::None, Syncs::Ignored, seed).err();
    let is_loss = |error: anyhow::Error| error.to_string().contains("sent, and not on file");
    assert!((0..8).filter_map(found).any(is_loss));
}
