//! Every fault at every call that costs money: at most one payment, exactly one where the provider can be read, and a true
//! last word.

use std::sync::atomic::{AtomicUsize, Ordering};

use perennial_testkit::proxy::{Fate, Passing};

use super::world::{SAMPLES, Sample, World};

/// What can go wrong, as the sandbox plays it.
const FAULTS: [&str; 6] = ["request-lost", "reply-lost", "server-error", "rate-limited", "slow", "not-yet-visible"];

/// Renews a service once and checks that it was paid for once, and that this is what we were told.
fn renew_once(world: &World, sample: Sample, what: &str) {
    let before = world.extensions(sample.number);
    let args = ["renew", sample.service, "--period", sample.period, "-y", "--again", "--wait", "PT30S", "--json"];
    let done = world.run(&args).ended(0);
    let after = world.extensions(sample.number);
    assert_eq!(after.len(), before.len() + 1, "{what} of {}: {done:?}", sample.provider);
    let (_, until) = after.last().expect("was renewed");
    assert!(done.stdout.contains(until), "{what} of {}: the last word names {until}: {done:?}", sample.provider);
    let audit = world.run(&["audit"]);
    assert_eq!(audit.code, Some(0), "{what}: {audit:?}");
}

fn every_fault(sample: Sample) {
    let world = World::new();
    world.run(&["sync"]).ended(0);
    for (call, operation) in sample.paying.iter().enumerate() {
        for fault in FAULTS {
            let (order, acted) = (world.order_of(sample.provider, operation, fault), AtomicUsize::new(0));
            // Armed at the very call that is to meet it: reads that go by the same name, such as dry runs, go before it.
            world.proxies[sample.provider].rule(move |passing| {
                if acts(passing) && acted.fetch_add(1, Ordering::SeqCst) == call {
                    order.give();
                }
                Fate::Pass
            });
            renew_once(&world, sample, &format!("{fault} at {operation}"));
            // Nothing is renewed further ahead than the provider sells.
            world.sandbox.advance(sample.period).expect("moves");
        }
    }
}

#[test]
fn every_fault_at_ovhcloud_pays_once() {
    every_fault(SAMPLES[0]);
}

#[test]
fn every_fault_at_vpsbg_pays_once() {
    every_fault(SAMPLES[1]);
}

#[test]
fn every_fault_at_hostup_pays_once() {
    every_fault(SAMPLES[2]);
}

#[test]
fn every_fault_at_alibaba_cloud_pays_once() {
    every_fault(SAMPLES[3]);
}

#[test]
fn an_answer_that_is_cut_at_any_byte_is_read_back() {
    let world = World::new();
    world.run(&["sync"]).ended(0);
    for sample in SAMPLES {
        let proxy = &world.proxies[sample.provider];
        // In the status line, in the headers, where the body begins, and in it: each acting call of a renewal is cut there.
        for bytes in [0, 1, 9, 40, 180, 400] {
            let from = proxy.passed().len();
            let is_cut = AtomicUsize::new(0);
            proxy.rule(move |passing| {
                // Alibaba Cloud's calls are all POST; there the paying one is known by its name.
                let acts = passing.number >= from && acts(passing);
                if acts && is_cut.fetch_add(1, Ordering::SeqCst) < 2 { Fate::Cut(bytes) } else { Fate::Pass }
            });
            renew_once(&world, sample, &format!("cut after {bytes} bytes"));
        }
        proxy.rule(|_| Fate::Pass);
    }
}

/// Whether a request is one that orders or pays.
pub fn acts(passing: &Passing) -> bool {
    let Some(target) = passing.line.strip_prefix("POST ") else { return false };
    let path = target.split('?').next().unwrap_or_default();
    ["/renew", "/pay", "/payWithRegisteredPaymentMean"].iter().any(|end| path.ends_with(end))
        && !passing.body.contains("\"dryRun\":true")
        || passing.head.to_ascii_lowercase().contains("x-acs-action: renewinstance")
}
