//! The buyer is killed at its calls, before they arrive and after they were carried out, and started again: no payment is
//! made twice, and none is lost.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use perennial_testkit::proxy::Fate;
use perennial_testkit::{Cluster, process};

use super::faults::acts;
use super::world::{SAMPLES, Sample, World};

/// Renews a service while the buyer is killed at the acting call with a number, and then goes on with it. Tells whether there
/// was such a call.
fn killed_at(world: &World, sample: Sample, call: usize, is_carried_out: bool) -> bool {
    let proxy = &world.proxies[sample.provider];
    let before = world.extensions(sample.number);
    let from = proxy.passed().len();
    let child = Arc::new(Mutex::new(None));
    let killed = Arc::new(AtomicBool::new(false));
    {
        let (child, killed, seen) = (Arc::clone(&child), Arc::clone(&killed), Mutex::new(0));
        proxy.rule(move |passing| {
            if passing.number < from || !acts(passing) {
                return Fate::Pass;
            }
            let mut seen = seen.lock().expect("no panic");
            *seen += 1;
            if *seen != call + 1 || killed.swap(true, Ordering::SeqCst) {
                return Fate::Pass;
            }
            let child = child.lock().expect("no panic");
            let child: &std::process::Child = child.as_ref().expect("it asks, so it was started");
            process::signal(child, "KILL").expect("is killed");
            if is_carried_out { Fate::Cut(0) } else { Fate::Lose }
        });
    }
    let args = ["renew", sample.service, "--period", sample.period, "-y", "--again", "--wait", "PT30S", "--json"];
    let first = {
        let mut place = child.lock().expect("no panic");
        *place = Some(world.spawn(&args));
        drop(place);
        // Taken out only once it has ended, so that the proxy can kill it.
        loop {
            let mut place = child.lock().expect("no panic");
            let running = place.as_mut().expect("was started");
            if running.try_wait().expect("tells").is_some() {
                break World::ended(place.take().expect("was started"));
            }
            drop(place);
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    };
    let was_killed = killed.load(Ordering::SeqCst);
    assert_eq!(first.code.is_none(), was_killed, "{first:?}");
    proxy.rule(|_| Fate::Pass);
    let what = format!("call {call} of {}, carried out: {is_carried_out}", sample.provider);
    if was_killed {
        // `apply` goes on with what is open before anything else.
        let again = world.run(&["apply", "-y", "--wait", "PT30S", "--json"]);
        assert_eq!(again.code, Some(0), "{what}: {again:?}");
    }
    let after = world.extensions(sample.number);
    assert_eq!(after.len(), before.len() + 1, "{what}: one payment");
    was_killed
}

fn killed_at_every_call(sample: Sample) {
    let world = World::new();
    world.run(&["sync"]).ended(0);
    for is_carried_out in [false, true] {
        let calls = (0..10).take_while(|call| killed_at(&world, sample, *call, is_carried_out)).count();
        assert_eq!(calls, sample.paying.len(), "each acting call was met");
    }
    world.run(&["audit"]).ended(0);
}

#[test]
fn killed_at_every_call_to_ovhcloud() {
    killed_at_every_call(SAMPLES[0]);
}

#[test]
fn killed_at_every_call_to_vpsbg() {
    killed_at_every_call(SAMPLES[1]);
}

#[test]
fn killed_at_every_call_to_hostup() {
    killed_at_every_call(SAMPLES[2]);
}

#[test]
fn killed_at_every_call_to_alibaba_cloud() {
    killed_at_every_call(SAMPLES[3]);
}

#[test]
fn two_runs_at_once_pay_once() {
    let world = World::new();
    world.run(&["sync"]).ended(0);
    let before: usize = SAMPLES.iter().map(|sample| world.extensions(sample.number).len()).sum();
    let runs: Vec<_> = (0..3).map(|_| world.spawn(&["apply", "-y", "--wait", "PT30S"])).collect();
    let done: Vec<_> = runs.into_iter().map(World::ended).collect();
    for sample in SAMPLES {
        let extensions = world.extensions(sample.number);
        assert_eq!(extensions.len(), 1, "{}: {extensions:?} {done:?}", sample.service);
    }
    assert_eq!(before, 0);
    world.run(&["apply", "-y", "--wait", "PT30S"]).ended(0);
}

#[test]
fn a_renewal_by_somebody_else_between_plan_and_apply_is_not_paid_again() {
    let world = World::new();
    world.run(&["plan", "-o", "plan.json"]).ended(0);
    // The colleague's run, with a ledger of its own.
    world.run(&["--database", "colleague.db", "apply", "-y", "--wait", "PT30S"]).ended(0);
    let before: Vec<_> = SAMPLES.iter().map(|sample| world.extensions(sample.number)).collect();
    assert!(before.iter().all(|extensions| extensions.len() == 1), "{before:?}");
    let done = world.run(&["apply", "plan.json", "-y", "--wait", "PT30S"]);
    let after: Vec<_> = SAMPLES.iter().map(|sample| world.extensions(sample.number)).collect();
    assert_eq!(after, before, "{done:?}");
    assert!(done.stdout.contains("somebody else"), "{done:?}");
}

#[test]
fn a_ledger_that_was_restored_from_before_pays_nothing_again() {
    let world = World::new();
    world.run(&["plan", "-o", "plan.json"]).ended(0);
    world.run(&["backup", "before.db"]).ended(0);
    world.run(&["apply", "plan.json", "-y", "--wait", "PT30S"]).ended(0);
    let before: Vec<_> = SAMPLES.iter().map(|sample| world.extensions(sample.number)).collect();
    assert!(before.iter().all(|extensions| extensions.len() == 1), "{before:?}");
    let done = world.run(&["--database", "before.db", "apply", "-y", "--wait", "PT30S"]).ended(0);
    let after: Vec<_> = SAMPLES.iter().map(|sample| world.extensions(sample.number)).collect();
    assert_eq!(after, before, "{done:?}");
}

/// A process that stands still at its paying call, past its claim, while another one takes over, and then goes on.
fn stood_still(database: Option<&str>) {
    let mut world = World::new();
    if let Some(database) = database {
        world.set("PERENNIAL_DATABASE", database);
    }
    world.run(&["sync"]).ended(0);
    for (index, sample) in SAMPLES.into_iter().enumerate() {
        let proxy = &world.proxies[sample.provider];
        let before = world.extensions(sample.number).len();
        let child = Arc::new(Mutex::new(None::<std::process::Child>));
        let stopped = Arc::new(AtomicBool::new(false));
        let (held, is_stopped) = (Arc::clone(&child), Arc::clone(&stopped));
        // Its request is lost, which it hears of only when it goes on.
        proxy.rule(move |passing| {
            if !acts(passing) || is_stopped.load(Ordering::SeqCst) {
                return Fate::Pass;
            }
            let held = held.lock().expect("no panic");
            process::signal(held.as_ref().expect("was started"), "STOP").expect("stops");
            is_stopped.store(true, Ordering::SeqCst);
            Fate::Lose
        });
        let args = ["renew", sample.service, "--period", sample.period, "-y", "--again", "--wait", "PT30S", "--json"];
        *child.lock().expect("no panic") = Some(world.spawn(&args));
        process::until("stands still", || Ok(stopped.load(Ordering::SeqCst).then_some(()))).expect("it was stopped");
        world.sandbox.advance("PT6M").expect("moves");
        let second = world.run(&args);
        let sleeper = child.lock().expect("no panic").take().expect("was started");
        process::signal(&sleeper, "CONT").expect("goes on");
        let first = World::ended(sleeper);
        let after = world.extensions(sample.number).len();
        let what = format!("{}: {first:?} {second:?}", sample.provider);
        assert!(after <= before + 1, "paid twice: {what}");
        // Where the ordering call may pay and takes no token, a person has to look; all others are through.
        let is_told = if sample.provider == "vpsbg" { after == before } else { after == before + 1 };
        assert!(is_told, "service {index}: {what}");
        proxy.rule(|_| Fate::Pass);
        if sample.provider == "vpsbg" {
            assert_eq!(second.code, Some(11), "{what}");
        }
    }
}

#[test]
fn a_process_that_stood_still_past_its_claim_pays_nothing_twice() {
    stood_still(None);
}

#[test]
fn a_process_that_stood_still_past_its_claim_pays_nothing_twice_on_postgresql() {
    stood_still(Some(&Cluster::shared().expect("starts").database().expect("is made")));
}

#[test]
fn many_at_once_on_one_postgresql_pay_once() {
    let mut world = World::new();
    world.set("PERENNIAL_DATABASE", &Cluster::shared().expect("starts").database().expect("is made"));
    world.run(&["sync"]).ended(0);
    let runs: Vec<_> = (0..4).map(|_| world.spawn(&["apply", "-y", "--wait", "PT30S"])).collect();
    let done: Vec<_> = runs.into_iter().map(World::ended).collect();
    for sample in SAMPLES {
        assert_eq!(world.extensions(sample.number).len(), 1, "{}: {done:?}", sample.service);
    }
}

#[test]
fn no_secret_is_told_or_kept() {
    let mut world = World::new();
    world.set("PERENNIAL_LOG", "trace");
    let mut told = String::new();
    for args in [
        &["provider", "test"][..],
        &["plan", "-o", "plan.json"],
        &["apply", "plan.json", "-y", "--wait", "PT30S"],
        &["status", "--all", "--json"],
        &["audit", "--providers"],
    ] {
        let done = world.run(args).ended(0);
        told.push_str(&done.stdout);
        told.push_str(&done.stderr);
    }
    let files = ["ledger.db", "ledger.db-wal", "plan.json", "perennial.toml"];
    for file in files {
        let kept = std::fs::read(world.path(file)).unwrap_or_default();
        told.push_str(&String::from_utf8_lossy(&kept));
    }
    for name in
        ["OVH_APPLICATION_SECRET", "OVH_CONSUMER_KEY", "VPSBG_TOKEN", "HOSTUP_TOKEN", "ALIBABA_CLOUD_ACCESS_KEY_SECRET"]
    {
        let secret = world.variable(name);
        assert!(!told.contains(&secret), "{name} is told or kept");
    }
}
