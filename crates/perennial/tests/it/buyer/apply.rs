//! Planning and applying: what was planned is paid, once, or it is told why not.

use perennial_testkit::process::{self, until as wait_for};
use serde_json::Value;

use super::paying::{RENEWED, SERVER, UNTIL, ended, of_kind, payments, rents, rule, until};
use super::sandbox;

#[test]
fn a_plan_is_shown_written_and_applied_just_once() {
    let sandbox = sandbox();
    let buyer = rents(&sandbox, 1, &rule(""));
    let planned = ended(&buyer.run(&["--json", "plan", "-o", "plan.json", "--detailed-exitcode"]), 13);
    let [item] = of_kind(&planned, "item")[..] else { panic!("{planned:?}") };
    assert_eq!((&item["service"], &item["fence"], &item["mode"]), (&SERVER.into(), &UNTIL.into(), &"ask".into()));
    assert_eq!((&item["offer"]["gross"]["amount"], &item["offer"]["until"]), (&"30.00".into(), &RENEWED.into()));
    assert_eq!((payments(&sandbox), until(&sandbox)), (0, UNTIL.to_owned()), "planning pays nothing");
    let text = std::fs::read_to_string(buyer.path("plan.json")).unwrap();
    assert!(!text.contains("demo-vpsbg-token"), "{text}");
    let again = buyer.run(&["plan", "-o", "plan.json"]);
    assert!(again.code == 1 && again.stderr.contains("hint: `--force` replaces it"), "{again:?}");

    let applied = ended(&buyer.run(&["--json", "apply", "plan.json", "--detailed-exitcode"]), 13);
    let [result] = of_kind(&applied, "result")[..] else { panic!("{applied:?}") };
    assert_eq!((&result["result"], &result["until"]), (&"renewed".into(), &RENEWED.into()));
    assert_eq!((payments(&sandbox), until(&sandbox)), (1, RENEWED.to_owned()));

    let again = ended(&buyer.run(&["--json", "apply", "plan.json", "--detailed-exitcode"]), 0);
    assert_eq!(of_kind(&again, "result")[0]["result"], "renewed-before");
    assert_eq!(of_kind(&ended(&buyer.run(&["--json", "plan", "--detailed-exitcode"]), 0), "item").len(), 0);
    assert_eq!(payments(&sandbox), 1);
}

#[test]
fn a_plan_that_was_edited_is_old_or_from_elsewhere_is_refused() {
    let sandbox = sandbox();
    let buyer = rents(&sandbox, 1, &rule(""));
    buyer.run(&["plan", "-o", "plan.json"]).done();
    let text = std::fs::read_to_string(buyer.path("plan.json")).unwrap();
    buyer.write("edited.json", &text.replace("\"30.00\"", "\"30.01\""));
    buyer.write("newer.json", &text.replace("\"version\": 1", "\"version\": 2"));
    let refused = |args: &[&str], why: &str| buyer.run(&[&["apply"], args].concat()).failed(12, why);
    refused(&["edited.json"], "it was changed since it was made");
    refused(&["newer.json"], "a plan of version 2");
    refused(&["perennial.toml"], "it is not a plan");
    refused(&["plan.json", "--database", "other.db"], "it was made on the ledger");
    buyer
        .run(&["apply", "none.json"])
        .failed(2, "there is no plan none.json\nhint: `perennial plan -o FILE` writes one");
    buyer.run(&["apply", "plan.json", "--only", "mail"]).failed(1, "the plan has no renewal of `mail`");
    sandbox.advance("P2D").unwrap();
    refused(&["plan.json"], "longer ago than 24 hours");
    assert_eq!(payments(&sandbox), 0);
    buyer.run(&["apply", "plan.json", "--max-age", "P3D"]).done();
    assert_eq!(payments(&sandbox), 1);
}

#[test]
fn nothing_is_paid_before_somebody_says_yes() {
    let sandbox = sandbox();
    let buyer = rents(&sandbox, 1, &rule(""));
    let hint =
        "hint: `-y` answers ahead; or `perennial plan -o FILE` writes a plan, and `perennial apply FILE` renews it";
    buyer.run(&["apply"]).failed(2, hint);
    buyer.run(&["apply", "--no-input"]).failed(2, hint);
    assert_eq!(payments(&sandbox), 0);
    buyer.run(&["apply", "-y"]).done();
    assert_eq!(payments(&sandbox), 1);
    ended(&buyer.run(&["--json", "apply", "-y", "--detailed-exitcode"]), 0);
}

#[test]
fn the_policys_limits_hold_for_old_plans_too() {
    let sandbox = sandbox();
    let buyer = rents(&sandbox, 1, &rule(""));
    buyer.run(&["plan", "-o", "plan.json"]).done();
    for (rules, reason) in [
        (rule("price_max = \"29.99 EUR\""), "too-dear"),
        (rule("mode = \"never\""), "never"),
        (rule("") + "[[budget]]\nmonth = \"29.99 EUR\"\n", "over-budget"),
        (String::new(), "no-rule"),
    ] {
        let config = buyer.config();
        let before = config.split("\n[[rule]]").next().unwrap().trim_end();
        buyer.write("perennial.toml", &format!("{before}\n{rules}"));
        let run = buyer.run(&["--json", "apply", "plan.json"]);
        let lines = ended(&run, if reason == "never" { 0 } else { 12 });
        assert_eq!(of_kind(&lines, "result")[0]["reason"], reason);
    }
    let dear = rents(&sandbox, 1, &rule("price_max = \"29.99 EUR\""));
    ended(&dear.run(&["--json", "plan"]), 12);
    let lines = ended(&dear.run(&["--json", "apply", "-y"]), 12);
    assert_eq!(of_kind(&lines, "left-out")[0]["reason"], "too-dear");
    assert_eq!(payments(&sandbox), 0);
}

#[test]
fn what_somebody_else_renewed_meanwhile_is_not_paid_again() {
    let sandbox = sandbox();
    let (one, other) = (rents(&sandbox, 1, &rule("")), rents(&sandbox, 1, &rule("")));
    one.run(&["plan", "-o", "plan.json"]).done();
    other.run(&["apply", "-y"]).done();
    let lines = ended(&one.run(&["--json", "apply", "plan.json"]), 12);
    assert_eq!(of_kind(&lines, "result")[0]["result"], "foreign");
    assert_eq!((payments(&sandbox), until(&sandbox)), (1, RENEWED.to_owned()));
}

#[test]
fn a_lost_answer_is_read_back_and_never_paid_twice() {
    for operation in ["renew", "pay"] {
        for fault in ["reply-lost", "request-lost", "server-error"] {
            let sandbox = sandbox();
            let buyer = rents(&sandbox, 1, &rule(""));
            sandbox.arm("vpsbg", operation, fault, 1).unwrap();
            let lines = ended(&buyer.run(&["--json", "apply", "-y"]), 0);
            assert_eq!(of_kind(&lines, "result")[0]["result"], "renewed", "{operation} {fault}");
            assert_eq!((payments(&sandbox), until(&sandbox)), (1, RENEWED.to_owned()), "{operation} {fault}");
        }
    }
}

#[test]
fn what_is_unknown_is_said_to_be_and_settled_by_the_next_run() {
    let sandbox = sandbox();
    // Readings count an hour apart, for longer than anybody waits here.
    let buyer = rents(&sandbox, 3600, &rule(""));
    sandbox.arm("vpsbg", "renew", "request-lost", 1).unwrap();
    let lines = ended(&buyer.run(&["--json", "apply", "-y", "--wait", "PT0S"]), 11);
    let result = of_kind(&lines, "result")[0];
    assert_eq!((&result["result"], &result["is_open"]), (&"unknown".into(), &true.into()));
    let status = ended(&buyer.run(&["--json", "status", "--detailed-exitcode"]), 11);
    assert_eq!(of_kind(&status, "intent")[0]["intent"], result["intent"]);
    assert!(of_kind(&status, "due").is_empty(), "it is under way: {status:?}");
    // Another order of it does not go out.
    let planned = ended(&buyer.run(&["--json", "plan"]), 11);
    assert_eq!(of_kind(&planned, "left-out")[0]["reason"], "open");
    let renewed = ended(&buyer.run(&["--json", "renew", SERVER, "--period", "P1M", "-y", "--wait", "PT0S"]), 11);
    let told = of_kind(&renewed, "result");
    assert_eq!((told.len(), &told[0]["intent"]), (1, &result["intent"]), "it is the one that is open: {told:?}");
    assert_eq!(payments(&sandbox), 0);

    let config = buyer.config().replace("settles_in_s = 3600", "settles_in_s = 1");
    buyer.write("perennial.toml", &config);
    let lines = ended(&buyer.run(&["--json", "apply", "-y"]), 0);
    assert_eq!(of_kind(&lines, "result")[0]["result"], "renewed");
    assert_eq!((payments(&sandbox), until(&sandbox)), (1, RENEWED.to_owned()));
}

#[test]
fn a_run_that_is_killed_while_it_pays_is_gone_on_with() {
    let sandbox = sandbox();
    let buyer = rents(&sandbox, 1, &rule(""));
    buyer.run(&["sync"]).done();
    for operation in ["renew", "pay"] {
        sandbox.arm("vpsbg", operation, "slow", 1).unwrap();
    }
    let mut paying = buyer.command(&["apply", "-y"]).spawn().unwrap();
    let is_sending = || {
        let status = buyer.run(&["--json", "status"]);
        let sent = ["\"state\":\"ordering\"", "\"state\":\"paying\""];
        Ok(sent.iter().any(|state| status.stdout.contains(state)).then_some(()))
    };
    wait_for("something is sent", is_sending).unwrap();
    paying.kill().unwrap();
    process::wait_for_end(&mut paying).unwrap();

    // It is seen that the process has ended, so its claim is passed over, and what it sent is read back.
    let lines = ended(&buyer.run(&["--json", "apply", "-y"]), 0);
    let results: Vec<&Value> = of_kind(&lines, "result").into_iter().map(|line| &line["result"]).collect();
    assert_eq!(results, ["renewed"]);
    assert_eq!((payments(&sandbox), until(&sandbox)), (1, RENEWED.to_owned()));
}

#[test]
fn one_service_is_renewed_when_it_is_asked_for() {
    let sandbox = sandbox();
    let buyer = rents(&sandbox, 1, "");
    buyer.run(&["renew", SERVER, "--period", "P3M", "-y"]).failed(1, "no inventory has been read yet");
    buyer.run(&["sync"]).done();
    let asked = buyer.run(&["renew", "debian-2gb", "--period", "P3M"]);
    assert!(asked.code == 2 && asked.stderr.contains("hint: `-y` answers ahead"), "{asked:?}");
    assert_eq!(payments(&sandbox), 0);
    let lines = ended(&buyer.run(&["--json", "renew", SERVER, "--period", "P3M", "-y"]), 0);
    assert_eq!(of_kind(&lines, "result")[0]["until"], "2027-03-12");
    let twice = buyer.run(&["renew", SERVER, "--period", "P3M", "-y"]);
    assert!(
        twice.code == 12 && twice.stderr.contains("was renewed within the last day, until 2027-03-12"),
        "{twice:?}"
    );
    let none = ended(&buyer.run(&["--json", "renew", SERVER, "--period", "P7M", "-y", "--again"]), 12);
    assert_eq!(of_kind(&none, "result")[0]["reason"], "not-offered");
    assert_eq!(payments(&sandbox), 1);
}

#[test]
fn one_account_under_two_names_is_told_and_paid_by_neither() {
    let sandbox = sandbox();
    let buyer = rents(&sandbox, 1, &rule(""));
    let one = buyer.config();
    buyer.run(&["plan", "-o", "plan.json"]).done();
    // With another tax, the same renewal is asked for otherwise, and would be another decision.
    let section = one.split("\n[provider.vpsbg]").nth(1).unwrap().split("\n[[rule]]").next().unwrap();
    let again = section.replace("vat = \"20\"", "vat = \"25\"");
    buyer.write("perennial.toml", &format!("{one}\n[provider.again]{again}\n"));
    let read = buyer.run(&["sync"]);
    assert!(read.code == 1 && read.stderr.starts_with("error: `again` and `vpsbg` both show"), "{read:?}");
    let planned = ended(&buyer.run(&["--json", "plan"]), 12);
    let reasons: Vec<_> = of_kind(&planned, "left-out").iter().map(|line| line["reason"].clone()).collect();
    assert_eq!(reasons, ["other-name", "other-name"]);
    for args in [
        &["--json", "apply", "-y"][..],
        &["--json", "apply", "plan.json"],
        &["--json", "renew", SERVER, "--period", "P1M", "-y"],
        &["--json", "watch", "--once"],
    ] {
        let run = buyer.run(args);
        ended(&run, 12);
        assert!(run.stdout.contains("other-name") || run.stderr.contains("one account has two names"), "{run:?}");
    }
    assert_eq!(payments(&sandbox), 0);
    buyer.write("perennial.toml", &one);
    ended(&buyer.run(&["--json", "apply", "-y"]), 0);
    assert_eq!((payments(&sandbox), until(&sandbox)), (1, RENEWED.to_owned()));
}
