//! The daemon: renews by the policy, alone, beside another one, and until it is asked to end.

use std::process::{Child, Stdio};

use perennial_testkit::http;
use perennial_testkit::process::{self, until as wait_for};
use serde_json::{Value, json};

use super::paying::{RENEWED, ended, of_kind, payments, rents, rule, until};
use super::{Buyer, sandbox};
use crate::shop::Run;

/// How long a slow call takes: longer than what it holds up is waited for here.
const SLOW_MS: u64 = 50_000;

const ONCE: [&str; 3] = ["--json", "watch", "--once"];

#[test]
fn what_the_policy_acts_on_is_renewed_and_what_it_asks_for_is_told() {
    let sandbox = sandbox();
    let asks = rents(&sandbox, 1, &rule("mode = \"ask\""));
    let run = asks.run(&ONCE);
    assert_eq!(of_kind(&ended(&run, 0), "result").len(), 0);
    assert!(run.stderr.contains("debian-2gb is due, for 30.00 EUR, and waits for your yes"), "{run:?}");
    assert_eq!(payments(&sandbox), 0);

    let acts = rents(&sandbox, 1, &rule("mode = \"act\""));
    let lines = ended(&acts.run(&ONCE), 0);
    assert_eq!(of_kind(&lines, "result")[0]["until"], RENEWED);
    assert_eq!(of_kind(&ended(&acts.run(&ONCE), 0), "result").len(), 0, "it is due no more");
    assert_eq!((payments(&sandbox), until(&sandbox)), (1, RENEWED.to_owned()));
}

#[test]
fn quiet_hours_hold_back_what_can_wait_for_a_day() {
    let sandbox = sandbox();
    // The sandbox begins at noon; the demo server ends on 12 December, at midnight in Sofia.
    let quiet = "\n[quiet]\nfrom = \"00:00\"\nuntil = \"23:59\"\nzone = \"UTC\"\n";
    let buyer = rents(&sandbox, 1, &(rule("mode = \"act\"") + quiet));
    let run = buyer.run(&ONCE);
    assert_eq!(of_kind(&ended(&run, 0), "result").len(), 0);
    assert!(run.stderr.contains("held back until the quiet hours are over: 1 renewals"), "{run:?}");
    assert_eq!(payments(&sandbox), 0);
    sandbox.set_clock("2026-12-11T12:00:00Z").unwrap();
    ended(&buyer.run(&ONCE), 0);
    assert_eq!((payments(&sandbox), until(&sandbox)), (1, RENEWED.to_owned()));
}

#[test]
fn two_at_once_pay_once() {
    let sandbox = sandbox();
    let buyer = rents(&sandbox, 1, &rule("mode = \"act\""));
    buyer.run(&["sync"]).done();
    let start = || buyer.command(&ONCE).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let ran: Vec<_> = [start(), start(), start()].map(|child| Run::of(&child.wait_with_output().unwrap())).into();
    let renewed = |run: &Run| run.stdout.contains("\"result\":\"renewed\"");
    assert!(ran.iter().any(renewed), "{ran:?}");
    assert_eq!((payments(&sandbox), until(&sandbox)), (1, RENEWED.to_owned()), "{ran:?}");
    ended(&buyer.run(&ONCE), 0);
    assert_eq!(payments(&sandbox), 1);
}

#[test]
fn it_goes_on_until_it_is_asked_to_end() {
    let sandbox = sandbox();
    let buyer = rents(&sandbox, 1, &rule("mode = \"act\""));
    let mut command = buyer.command(&["watch", "--every", "PT1H"]);
    let mut watching = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    wait_for("it is renewed", || Ok((payments(&sandbox) == 1).then_some(()))).unwrap();
    process::ask_to_end(&watching).unwrap();
    let status = process::wait_for_end(&mut watching).unwrap();
    assert_eq!(status.code(), Some(0));
    assert_eq!(buyer.run(&["status", "--detailed-exitcode"]).code, 0, "it ended after the step in flight");
}

#[test]
fn a_provider_that_does_not_answer_is_told_and_looked_at_again() {
    let mut sandbox = sandbox();
    let buyer = rents(&sandbox, 1, &rule("mode = \"act\""));
    buyer.run(&["sync"]).done();
    sandbox.arm("vpsbg", "servers", "server-error", 50).unwrap();
    let run = buyer.run(&ONCE);
    assert!(run.stderr.contains("the inventory of vpsbg could not be read"), "{run:?}");
    sandbox.stop().unwrap();
    buyer.run(&ONCE).failed(1, "asking the sandbox");
}

/// A forecast is no renewal, and the books agree with the provider's.
#[test]
fn money_is_forecast_and_what_was_paid_is_compared() {
    let sandbox = sandbox();
    let buyer = rents(&sandbox, 1, &rule(""));
    buyer.run(&["sync"]).done();
    let lines = ended(&buyer.run(&["--json", "forecast", "--months", "3"]), 0);
    let months: Vec<_> = of_kind(&lines, "month")
        .iter()
        .map(|line| format!("{} {}", line["month"].as_str().unwrap(), line["gross"]["amount"].as_str().unwrap()))
        .collect();
    assert_eq!(months, ["2026-11 30.00", "2026-12 30.00", "2027-01 30.00"]);
    let needed = of_kind(&lines, "needed")[0];
    assert_eq!((&needed["gross"]["amount"], &needed["shortfall"]["amount"]), (&"90.00".into(), &"0.00".into()));
    assert_eq!(payments(&sandbox), 0);

    buyer.run(&["apply", "-y"]).done();
    let audited = |code: i32| -> Vec<Value> {
        let run = buyer.run(&["--json", "audit", "--providers"]);
        assert_eq!(run.code, code, "{run:?}");
        run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let lines = audited(0);
    assert_eq!(lines[0]["sound"], true);
    let month = of_kind(&lines, "month")[0];
    assert_eq!((&month["ours"]["amount"], &month["theirs"]["amount"]), (&"30.00".into(), &"30.00".into()));
    assert_eq!(of_kind(&lines, "difference").len(), 0, "{lines:?}");

    // Somebody else renews as well, and that is told.
    let other = rents(&sandbox, 1, "");
    other.run(&["sync"]).done();
    other.run(&["renew", "vpsbg/2904", "--period", "P1M", "-y"]).done();
    let lines = audited(0);
    assert_eq!(of_kind(&lines, "difference")[0]["difference"], "foreign");
}

/// Looks every second, and logs into a file; what it logged so far.
fn watching(buyer: &Buyer) -> (Child, impl Fn() -> String) {
    let path = buyer.path("log");
    let log = std::fs::File::create(&path).unwrap();
    let child = buyer.command(&["watch", "--every", "PT1S"]).stdout(Stdio::null()).stderr(log).spawn().unwrap();
    (child, move || std::fs::read_to_string(&path).unwrap())
}

#[test]
fn it_follows_the_clock_and_renews_what_falls_due_once_the_quiet_hours_are_over() {
    let sandbox = sandbox();
    let quiet = "\n[quiet]\nfrom = \"00:00\"\nuntil = \"06:00\"\nzone = \"UTC\"\n";
    let rules = rule("mode = \"act\"").replace("P30D", "P10D") + quiet;
    let buyer = rents(&sandbox, 1, &rules);
    let quick = buyer.config().replace("vat = ", "requests_per_minute = 6000\nvat = ");
    buyer.write("perennial.toml", &quick);
    let (mut child, log) = watching(&buyer);
    let looked = |times: usize| {
        let seen = || Ok((log().matches("looked: ").count() >= times).then_some(()));
        wait_for("it looks", seen).unwrap();
    };
    looked(2);
    assert_eq!(payments(&sandbox), 0, "nothing is due");
    sandbox.set_clock("2026-12-05T03:00:00Z").unwrap();
    wait_for("it holds back", || Ok(log().contains("held back until the quiet hours are over").then_some(()))).unwrap();
    looked(4);
    assert_eq!(payments(&sandbox), 0, "the hours are quiet");
    sandbox.set_clock("2026-12-05T06:00:01Z").unwrap();
    wait_for("it is renewed", || Ok((payments(&sandbox) == 1).then_some(()))).unwrap();
    sandbox.set_clock("2027-01-05T12:00:00Z").unwrap();
    wait_for("it is renewed again", || Ok((payments(&sandbox) == 2).then_some(()))).unwrap();
    process::ask_to_end(&child).unwrap();
    assert_eq!(process::wait_for_end(&mut child).unwrap().code(), Some(0), "{}", log());
    assert_eq!(until(&sandbox), "2027-02-12");
    assert_eq!(buyer.run(&["status", "--detailed-exitcode"]).code, 0);
}

#[test]
fn asked_once_it_ends_after_what_is_in_flight_and_asked_twice_at_once() {
    let sandbox = sandbox();
    let buyer = rents(&sandbox, 1, &rule("mode = \"act\""));
    buyer.run(&["sync"]).done();
    let slow = json!({ "provider": "vpsbg", "operation": "renew", "fault": "slow", "count": 1, "delay_ms": SLOW_MS });
    let armed = http::post_json(&format!("{}/_sandbox/faults", sandbox.pages()), &slow).unwrap();
    assert!(armed.status < 300, "{}", armed.text());
    let (mut child, log) = watching(&buyer);
    let is_sending = || Ok(buyer.run(&["--json", "status"]).stdout.contains("\"state\":\"ordering\"").then_some(()));
    wait_for("something is sent", is_sending).unwrap();
    process::ask_to_end(&child).unwrap();
    wait_for("it waits", || Ok(log().contains("renewals in flight are waited for").then_some(()))).unwrap();
    assert!(child.try_wait().unwrap().is_none(), "it has not ended");
    process::ask_to_end(&child).unwrap();
    assert_eq!(process::wait_for_end(&mut child).unwrap().code(), Some(0), "{}", log());
    assert!(log().contains("asked twice: ending at once"), "{}", log());
    // What may have been sent is on file, and is read back.
    ended(&buyer.run(&["--json", "apply", "-y"]), 0);
    assert_eq!((payments(&sandbox), until(&sandbox)), (1, RENEWED.to_owned()));
}
