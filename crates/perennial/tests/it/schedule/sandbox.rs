//! The sandbox's clock moves by way of every day, and what would have happened on each has happened when it arrives.

use perennial_testkit::Sandbox;
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_perennial");
const BEGINS: &str = "2026-11-22T12:00:00Z";

/// Where the demo's services stand, by name: expiry, how often each was extended, and the state.
fn shown(sandbox: &Sandbox, name: &str) -> (String, usize, String) {
    let ledger = sandbox.ledger().unwrap();
    assert_eq!(ledger["audit"]["findings"], json!([]));
    let list = |list: &str| ledger[list].as_array().unwrap().clone();
    let service = list("services").into_iter().find(|service| service["name"] == name).unwrap();
    let extended = list("extensions").iter().filter(|it| it["service"] == service["id"]).count();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&service["until"]), extended, text(&service["lifecycle"]))
}

#[test]
fn a_year_that_passes_renews_what_can_be_paid_and_ends_the_rest() {
    let sandbox = Sandbox::options(BINARY).now(BEGINS).start().unwrap();
    let moved = sandbox.advance("P5D").unwrap();
    assert_eq!(moved["told"], json!({}), "nothing is due in the first days: {moved}");
    let moved = sandbox.advance("P360D").unwrap();
    assert_eq!(moved["days"], 360);
    // Eleven services by the month and seven by the year are paid for; of two instances one is locked, and one's owner has
    // no money. A VPS and a domain are left to end, and another VPS is deleted at its expiry.
    let words = ["proposed", "paid", "not-paid", "expired", "suspended", "redemption", "terminated"];
    let told = words.map(|word| moved["told"][word].as_u64());
    assert_eq!(told, [147, 139, 3, 2, 3, 1, 5].map(Some), "{moved}");
    assert!(moved["now"].as_str().unwrap().starts_with("2027-11-22T12:00:"), "{moved}");
    assert_eq!(shown(&sandbox, "vps112233.ovh.net"), ("2027-12-12".to_owned(), 12, "active".to_owned()));
    assert_eq!(shown(&sandbox, "example.ovh"), ("2027-12-12".to_owned(), 1, "active".to_owned()));
    assert_eq!(shown(&sandbox, "i-bp67acfmxazb4p0101"), ("2026-12-12".to_owned(), 0, "terminated".to_owned()));

    let before = sandbox.ledger().unwrap();
    for there in ["2027-01-01T00:00:00Z", "2027-11-22T12:00:00Z"] {
        let moved = sandbox.set_clock(there).unwrap();
        assert_eq!((&moved["days"], &moved["told"]), (&json!(0), &json!({})), "{there}");
    }
    let after = sandbox.ledger().unwrap();
    for list in ["orders", "payments", "extensions", "invoices", "transfers"] {
        assert_eq!(after[list], before[list], "{list}");
    }
}

#[test]
fn a_sandbox_without_a_schedule_renews_nothing() {
    let sandbox = Sandbox::options(BINARY).now(BEGINS).arg("--no-schedule").start().unwrap();
    let moved = sandbox.advance("P40D").unwrap();
    assert_eq!((&moved["days"], &moved["told"]), (&json!(0), &json!({})));
    assert_eq!(shown(&sandbox, "vps112233.ovh.net").1, 0);
}

#[test]
fn a_sandbox_that_starts_again_goes_on_with_the_day_where_it_was() {
    let mut sandbox = Sandbox::options(BINARY).now(BEGINS).start().unwrap();
    sandbox.advance("P7D").unwrap();
    sandbox.kill_hard().unwrap();
    sandbox.restart_at("2026-12-08T00:00:00Z").unwrap();
    let moved = sandbox.advance("P1D").unwrap();
    // What was missed was made up for when it started, or now.
    assert!(moved["days"].as_u64().unwrap() <= 10, "{moved}");
    assert_eq!(shown(&sandbox, "vps112233.ovh.net"), ("2027-01-12".to_owned(), 1, "active".to_owned()));
}
