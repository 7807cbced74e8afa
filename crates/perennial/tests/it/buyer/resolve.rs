//! What cannot be told by itself, settled by a person; and the evidence of each renewal.

use perennial_testkit::Sandbox;
use serde_json::{Value, json};

use super::paying::{RENEWED, UNTIL, ended, of_kind, payments, rents, rule, until};
use super::{Buyer, sandbox};

/// A renewal whose outcome is not known: it was broken off after a fault, and readings count an hour apart.
fn unknown(fault: &str) -> (Sandbox, Buyer, String) {
    let sandbox = sandbox();
    let buyer = rents(&sandbox, 3600, &rule(""));
    sandbox.arm("vpsbg", "renew", fault, 1).unwrap();
    let lines = ended(&buyer.run(&["--json", "apply", "-y", "--wait", "PT0S"]), 11);
    let id = of_kind(&lines, "result")[0]["intent"].as_str().unwrap().to_owned();
    (sandbox, buyer, id)
}

#[test]
fn a_person_settles_what_is_unknown_and_nothing_is_sent() {
    let (sandbox, buyer, id) = unknown("request-lost");
    // Nothing said: read once more, and still unknown.
    let lines = ended(&buyer.run(&["--json", "resolve", &id]), 11);
    assert_eq!(of_kind(&lines, "sight")[0]["fence"], UNTIL);
    assert_eq!(of_kind(&lines, "evidence")[0]["intent"]["intent"], *id);

    let asked = buyer.run(&["resolve", &id[..8], "--not-paid"]);
    assert_eq!(asked.code, 2, "{asked:?}");
    assert!(asked.stderr.contains("30.00 EUR for debian-2gb were not paid, so that it may be planned"), "{asked:?}");
    let asked = buyer.run(&["resolve", &id, "--paid"]);
    assert!(asked.stderr.contains("The provider still shows the old expiry."), "{asked:?}");
    buyer.run(&["resolve", &id, "--paid", "--not-paid"]).failed(2, "cannot be used with");

    let settled = ended(&buyer.run(&["--json", "resolve", &id, "--not-paid", "-y"]), 0);
    let result = of_kind(&settled, "result")[0];
    assert_eq!((&result["state"], &result["by"]), (&"refused".into(), &"person".into()));
    assert_eq!(payments(&sandbox), 0);
    let again = buyer.run(&["resolve", &id, "--paid", "-y"]);
    assert!(again.code == 1 && again.stderr.contains("nothing of it is to be settled"), "{again:?}");

    // It may be taken on anew now.
    let config = buyer.config().replace("settles_in_s = 3600", "settles_in_s = 1");
    buyer.write("perennial.toml", &config);
    ended(&buyer.run(&["--json", "apply", "-y", "--detailed-exitcode"]), 13);
    assert_eq!((payments(&sandbox), until(&sandbox)), (1, RENEWED.to_owned()));
}

#[test]
fn a_persons_word_that_it_was_paid_keeps_it_from_being_paid_again() {
    let (sandbox, buyer, id) = unknown("request-lost");
    ended(&buyer.run(&["--json", "resolve", &id, "--paid", "-y"]), 0);
    let lines = ended(&buyer.run(&["--json", "apply", "-y", "--detailed-exitcode"]), 0);
    assert_eq!(of_kind(&lines, "left-out")[0]["reason"], "renewed");
    assert_eq!(payments(&sandbox), 0);
    let settled = ended(&buyer.run(&["--json", "status", &id]), 0);
    assert_eq!(of_kind(&settled, "intent")[0]["state"], "done");
    let notes: Vec<_> = of_kind(&settled, "note").iter().map(|note| note["text"].to_string()).collect();
    assert!(notes.last().unwrap().contains("a person says"), "{notes:?}");
}

#[test]
fn what_keeps_it_from_being_settled_is_told() {
    let (sandbox, mut buyer, id) = unknown("request-lost");
    buyer.env.insert("VPSBG_TOKEN".to_owned(), "revoked".to_owned());
    let lines = ended(&buyer.run(&["--json", "apply", "-y", "--wait", "PT0S"]), 11);
    let trouble = of_kind(&lines, "result")[0]["trouble"].as_str().unwrap();
    assert!(trouble.starts_with("could not be read back: vpsbg refuses") && trouble.contains("401"), "{trouble}");
    let told = format!("; seen last: {trouble}");
    let status = buyer.run(&["status"]).done();
    assert!(status.stdout.contains(&told), "{status:?}");
    assert!(buyer.run(&["apply", "-y", "--wait", "PT0S"]).stdout.contains(&told));

    // Under another name it cannot be carried on, and its service is not paid for either: it may have been.
    let config = buyer.config();
    buyer.write("perennial.toml", &config.replace("[provider.vpsbg]", "[provider.renamed]"));
    buyer.env.extend(sandbox.env().unwrap());
    let lines = ended(&buyer.run(&["--json", "apply", "-y"]), 11);
    let result = of_kind(&lines, "result")[0];
    assert_eq!(result["intent"], *id);
    assert!(result["trouble"].as_str().unwrap().ends_with("; `vpsbg` is not in perennial.toml"), "{result}");
    assert_eq!(of_kind(&lines, "left-out")[0]["reason"], "open");
    assert_eq!(payments(&sandbox), 0);
}

#[test]
fn no_such_intent_is_said() {
    let sandbox = sandbox();
    let buyer = rents(&sandbox, 1, "");
    for args in [&["resolve", "abc"][..], &["status", "abc"], &["evidence", "abc"]] {
        buyer.run(args).failed(2, "there is no intent `abc`\nhint: `perennial status --all` lists all");
    }
    assert_eq!(buyer.run(&["status"]).done().stderr, "no renewal is under way\n");
}

#[test]
fn the_evidence_has_all_that_shows_a_renewal() {
    let sandbox = sandbox();
    let buyer = rents(&sandbox, 1, &rule(""));
    let lines = ended(&buyer.run(&["--json", "apply", "-y"]), 0);
    let id = of_kind(&lines, "result")[0]["intent"].as_str().unwrap();
    let [evidence] = ended(&buyer.run(&["--json", "evidence", id]), 0).try_into().unwrap();
    assert_eq!(evidence["expiry"], json!({ "old": UNTIL, "expected": RENEWED, "new": RENEWED }));
    assert_eq!(evidence["balance"]["beside"], json!([]));
    assert_eq!(evidence["quote"]["gross"]["amount"], "30.00");
    assert_eq!(evidence["balance"]["paid"]["amount"], "30.00");
    assert!(evidence["order"]["order"].is_string(), "{evidence}");
    let states: Vec<&Value> = evidence["notes"].as_array().unwrap().iter().map(|note| &note["state"]).collect();
    assert_eq!(states.last(), Some(&&json!("done")), "{states:?}");
    for secret in ["demo-vpsbg-token", "\"token\""] {
        assert!(!evidence.to_string().contains(secret), "{evidence}");
    }
    buyer.run(&["evidence", &id[..6], "-o", "evidence"]).done();
    let parts = std::fs::read_dir(buyer.path("evidence")).unwrap().count();
    assert_eq!(parts, 8);
    buyer.run(&["evidence", id, "-o", "evidence"]).failed(1, "exists already");
}

#[test]
fn what_others_took_from_the_balance_meanwhile_is_told() {
    let sandbox = sandbox();
    let buyer = rents(&sandbox, 1, &rule("").replace("debian-2gb", "*-2gb"));
    let lines = ended(&buyer.run(&["--json", "apply", "-y"]), 0);
    let ids: Vec<_> = of_kind(&lines, "result").iter().map(|line| line["intent"].clone()).collect();
    assert_eq!(ids.len(), 2, "{lines:?}");
    for (id, other) in [(&ids[0], &ids[1]), (&ids[1], &ids[0])] {
        let [evidence] = ended(&buyer.run(&["--json", "evidence", id.as_str().unwrap()]), 0).try_into().unwrap();
        assert_eq!(evidence["balance"]["beside"], json!([other]));
        assert!(evidence["balance"]["remark"].as_str().unwrap().contains("what they took as well"), "{evidence}");
    }
    let settled = ended(&buyer.run(&["--json", "status", ids[0].as_str().unwrap()]), 0);
    assert!(of_kind(&settled, "intent")[0]["hours_left"].is_null(), "it is over: {settled:?}");
    let shown = buyer.run(&["status", ids[0].as_str().unwrap()]).done();
    assert!(!shown.stdout.contains("until it expires"), "{shown:?}");
}
