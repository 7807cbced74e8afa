//! What the tests of the commands that plan and pay share: one account, at VPSBG, whose clock is the sandbox's.

use perennial_testkit::Sandbox;
use serde_json::Value;

use super::{Buyer, urls};
use crate::shop::Run;

/// A server of the demo customer without add-ons; what a month of it costs; when it ends, and when a month later.
pub const SERVER: &str = "vpsbg/3321";
pub const UNTIL: &str = "2026-12-12";
pub const RENEWED: &str = "2027-01-12";

/// A rule for that server.
pub fn rule(more: &str) -> String {
    format!(
        "\n[[rule]]\nname = \"debian-2gb\"\nrenew_before = \"P30D\"\nperiod = \"P1M\"\nnative = \"accept\"\n{more}\n"
    )
}

/// Somebody with the demo account at VPSBG and these rules. What was sent is read back after so many seconds.
pub fn rents(sandbox: &Sandbox, settles_in_s: u32, rules: &str) -> Buyer {
    let (_, url) = urls(sandbox).into_iter().find(|(api, _)| *api == "vpsbg").unwrap();
    let config = format!(
        "[store]\npath = \"perennial.db\"\n\n[rehearsal]\nsandbox = \"{}\"\n\n[provider.vpsbg]\napi = \"vpsbg\"\n\
         url = \"{url}\"\nvat = \"20\"\nsettles_in_s = {settles_in_s}\n{rules}",
        sandbox.pages()
    );
    let mut buyer = Buyer::with(&config);
    buyer.env = sandbox.env().unwrap();
    buyer
}

/// How many payments the sandbox has booked.
pub fn payments(sandbox: &Sandbox) -> usize {
    sandbox.ledger().unwrap()["payments"].as_array().unwrap().len()
}

/// Until when the server is paid, by the sandbox's own books.
pub fn until(sandbox: &Sandbox) -> String {
    let ledger = sandbox.ledger().unwrap();
    let services = ledger["services"].as_array().unwrap();
    let server = services.iter().find(|service| service["id"] == 3321).unwrap();
    server["until"].as_str().unwrap().to_owned()
}

/// It ended with this code; the lines of JSON that it printed.
#[track_caller]
pub fn ended(run: &Run, code: i32) -> Vec<Value> {
    assert_eq!(run.code, code, "{run:?}");
    let lines: Vec<Value> = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().all(|line| line["version"] == 1 && line["kind"].is_string()), "{lines:?}");
    lines
}

/// The lines of a kind.
pub fn of_kind<'a>(lines: &'a [Value], kind: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["kind"] == kind).collect()
}
