//! As we call it.

use std::process::Command;
use std::sync::Arc;

use perennial_core::buyer::holding::{Holding, Native, ProviderName, RemoteId, Standing};
use perennial_core::buyer::remote::{Ask, CallError, Finding, Outcome, Remote, RemoteOrder, Watermark};
use perennial_core::money::{Currency, Money, Rate};
use perennial_core::product::Kind;
use perennial_providers::Dialect;
use perennial_providers::call::{CallPorts, CallSettings, Credentials};
use perennial_testkit::{Sandbox, http};
use serde_json::{Value, json};

use super::{Network, NoTimer, SandboxClock, ask, done, holding, inventory, offer, remote_with, seconds};
use crate::exchange;

const KEY: &str = "demo-hostup-token-11111111111111111111111";
const DOMAIN: &str = "example.se";
const HOSTING: &str = "www.example.se";
const SERVER: &str = "srv1.example.se";

/// The demo's account, whose tax is 25 %.
fn remote(sandbox: &Sandbox) -> (Arc<dyn Remote>, Arc<Network>) {
    paying_with(sandbox, None)
}

fn paying_with(sandbox: &Sandbox, means: Option<&str>) -> (Arc<dyn Remote>, Arc<Network>) {
    let vat = Rate::parse_percent("25").ok();
    let settings = CallSettings { vat, pay_with: means.map(str::to_owned), ..CallSettings::default() };
    remote_with(sandbox, "hostup", settings)
}

fn sek(minor: i64) -> Money {
    Money::new(minor, Currency::SEK)
}

/// Sends what a person would in the panel.
fn send(sandbox: &Sandbox, method: &str, target: &str, body: &Value) -> Value {
    let authorization = format!("Bearer {KEY}");
    let headers = [("Authorization", authorization.as_str()), ("Content-Type", "application/json")];
    let url = format!("{}/api/v2{target}", sandbox.hostup());
    let answer = http::send(method, &url, &headers, body.to_string().as_bytes()).unwrap();
    assert!((200..300).contains(&answer.status), "{target}: {}", answer.text());
    answer.json().unwrap()
}

fn rows(sandbox: &Sandbox, list: &str) -> usize {
    sandbox.ledger().unwrap()[list].as_array().unwrap().len()
}

/// All that is in the sandbox's ledger, whatever time it is.
fn books(sandbox: &Sandbox) -> Value {
    let mut ledger = sandbox.ledger().unwrap();
    ledger.as_object_mut().unwrap().remove("now");
    ledger
}

/// What a service looks like now: its expiry and the orders that are open for it.
fn look(remote: &dyn Remote, holding: &Holding) -> (String, Vec<RemoteOrder>, Watermark) {
    let sight = done(remote.look(holding)).expect("reads").expect("is there");
    (sight.stand.until.to_string(), sight.open_orders, sight.watermark)
}

fn placed(outcome: Outcome) -> RemoteOrder {
    let Outcome::Placed(order) = outcome else { panic!("{outcome:?}") };
    order
}

fn is_unknown(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Unknown { .. })
}

/// Reads back what became of the domain's renewal.
fn found(remote: &dyn Remote, ask: &Ask, watermark: &Watermark, order: Option<&RemoteOrder>) -> Finding {
    done(remote.read_back(ask, watermark, order)).expect("reads")
}

/// The expiry that a payment is shown with.
fn paid_until(finding: &Finding) -> String {
    let Finding::Paid(receipt) = finding else { panic!("{finding:?}") };
    receipt.until.expect("the service is there").to_string()
}

#[test]
fn the_demos_services_are_read_priced_ordered_and_paid() {
    let sandbox = exchange::start();
    let (remote, network) = remote(&sandbox);
    let all = inventory(&*remote);
    assert_eq!(network.take().len(), 3, "one page a list");
    let shown: Vec<_> = all.iter().map(|one| (one.name.as_str(), one.kind, one.stand.until.to_string())).collect();
    let until = || "2026-12-12".to_owned();
    let wanted = [(DOMAIN, Kind::Domain, until()), (HOSTING, Kind::Hosting, until()), (SERVER, Kind::Server, until())];
    assert_eq!(shown, wanted);
    assert!(all.iter().all(|one| one.stand.standing == Standing::Renewable && one.stand.native == Native::On));
    assert_eq!(all[0].stand.expires_at.to_string(), "2026-12-11T22:59:59Z");

    for (name, period, gross, after) in [
        (DOMAIN, "P1Y", 19_875, "2027-12-12"),
        (HOSTING, "P1Y", 86_250, "2027-12-12"),
        (SERVER, "P1M", 12_375, "2027-01-12"),
    ] {
        let holding = holding(&*remote, name);
        let before = books(&sandbox);
        let ask = ask(&*remote, &holding, period, "token");
        assert_eq!((ask.offer.gross, ask.offer.until.to_string()), (sek(gross), after.to_owned()), "{name}");
        let (until, open, watermark) = look(&*remote, &holding);
        assert_eq!((until.as_str(), open), ("2026-12-12", vec![]), "{name}");
        assert_eq!(books(&sandbox), before, "nothing came of asking");

        let order = placed(done(remote.order(&ask)));
        assert_eq!((order.gross, order.services.as_slice()), (ask.offer.gross, [ask.service.to_string()].as_slice()));
        assert!(order.until.is_none_or(|until| until == ask.offer.until), "{order:?}");
        let (until, open, _) = look(&*remote, &holding);
        let [opened] = open.as_slice() else { panic!("{open:?}") };
        assert_eq!((&opened.id, opened.gross, &opened.services), (&order.id, order.gross, &order.services), "{name}");
        assert_eq!(until, "2026-12-12");
        // Ordering again finds that one stands.
        assert!(matches!(done(remote.order(&ask)), Outcome::Pending(_)), "{name}");
        for known in [None, Some(&order)] {
            let finding = found(&*remote, &ask, &watermark, known);
            assert!(matches!(&finding, Finding::Unpaid(unpaid) if unpaid.id == order.id), "{name}: {finding:?}");
        }
        let Outcome::Paid(receipt) = done(remote.pay(&ask, opened)) else { panic!("{name}") };
        assert_eq!((receipt.order.as_ref(), receipt.paid), (Some(&order.id), Some(sek(gross))));
        for known in [None, Some(&order)] {
            assert_eq!(paid_until(&found(&*remote, &ask, &watermark, known)), after, "{name}");
        }
        let (until, open, _) = look(&*remote, &holding);
        assert_eq!((until.as_str(), open), (after, vec![]), "{name}");
        assert!(matches!(done(remote.pay(&ask, &order)), Outcome::Pending(_)), "what is paid is read back");
    }
    assert_eq!((rows(&sandbox, "payments"), rows(&sandbox, "orders")), (3, 3));

    let charges = done(remote.charges("2026-11-22T00:00:00Z".parse().unwrap())).expect("reads");
    let gross: Vec<_> = charges.iter().map(|charge| charge.gross.minor()).collect();
    let ids: Vec<_> = charges.iter().flat_map(|charge| charge.services.clone()).collect();
    assert_eq!(gross, [12_375, 86_250, 19_875], "newest first");
    assert_eq!(ids, all.iter().rev().map(|one| one.key.id.to_string()).collect::<Vec<_>>());
    let later = sandbox.advance("P1D").unwrap()["now"].as_str().unwrap().parse().unwrap();
    assert!(done(remote.charges(later)).expect("reads").is_empty());
    let who = done(remote.introduce()).expect("is known");
    assert_eq!((who.account.contains('@'), who.lacks), (true, vec![]));
}

/// A domain of its own for each case, so that one sandbox is enough.
fn with_domains(count: u32) -> Sandbox {
    let mut sandbox = exchange::start();
    assert!(sandbox.stop().unwrap().success());
    let row = |number: u32| {
        format!(
            "[[services]]\nid = {}\nname = \"d{number:04}.se\"\naccount = \"demo-hostup\"\nproduct = \"domain-se\"\n\
             created = 2025-01-01\nuntil = 2026-12-12\nperiod = \"P1Y\"\nmode = \"manual\"\n",
            600_000 + number
        )
    };
    let file = sandbox.data().join("more.toml");
    std::fs::write(&file, (0..count).map(row).collect::<String>()).unwrap();
    let database = sandbox.data().join("perennial.db");
    let mut import = Command::new(env!("CARGO_BIN_EXE_perennial"));
    let done = import.arg("--database").arg(database).arg("import").arg(file).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    sandbox.restart().unwrap();
    sandbox
}

#[test]
fn thousands_are_read_a_page_at_a_time() {
    let sandbox = with_domains(1_100);
    let (remote, network) = remote(&sandbox);
    let all = inventory(&*remote);
    assert_eq!((all.len(), network.take().len()), (1_103, 4));
    let names: std::collections::BTreeSet<_> = all.iter().map(|one| &one.key.id).collect();
    assert_eq!(names.len(), all.len(), "each once");
}

#[test]
fn what_is_lost_is_unknown_and_read_back_truly() {
    let sandbox = with_domains(8);
    let (remote, _) = remote(&sandbox);
    let begin = |number: u32| {
        let holding = holding(&*remote, &format!("d{number:04}.se"));
        let ask = ask(&*remote, &holding, "P1Y", "token");
        let (_, _, watermark) = look(&*remote, &holding);
        (holding, ask, watermark)
    };
    let arm = |operation, fault| sandbox.arm("hostup", operation, fault, 1).unwrap();

    // The order.
    for (number, fault, is_there) in [(0, "reply-lost", true), (1, "request-lost", false), (2, "server-error", false)] {
        let (_, ask, watermark) = begin(number);
        arm("renew", fault);
        assert!(is_unknown(&done(remote.order(&ask))), "{fault}");
        let finding = found(&*remote, &ask, &watermark, None);
        assert_eq!(matches!(finding, Finding::Unpaid(_)), is_there, "{fault}: {finding:?}");
        assert_eq!(finding == Finding::Nothing, !is_there, "{fault}: {finding:?}");
    }
    // Its payment.
    for (number, fault, is_paid) in [(3, "reply-lost", true), (4, "request-lost", false), (5, "server-error", false)] {
        let (holding, ask, watermark) = begin(number);
        let order = placed(done(remote.order(&ask)));
        arm("pay", fault);
        assert!(is_unknown(&done(remote.pay(&ask, &order))), "{fault}");
        let finding = found(&*remote, &ask, &watermark, Some(&order));
        if is_paid {
            assert_eq!(paid_until(&finding), "2027-12-12", "{fault}");
        } else {
            assert!(matches!(finding, Finding::Unpaid(_)), "{fault}: {finding:?}");
            assert_eq!(look(&*remote, &holding).0, "2026-12-12");
        }
    }
    // What was turned away was not sent, and how long to wait is told.
    let (_, ask, watermark) = begin(6);
    arm("renew", "rate-limited");
    let turned_away = |outcome: Outcome| {
        let Outcome::NeverSent { retry_after, .. } = outcome else { panic!("{outcome:?}") };
        assert_eq!(retry_after, Some(seconds(1)));
    };
    turned_away(done(remote.order(&ask)));
    assert_eq!(found(&*remote, &ask, &watermark, None), Finding::Nothing);
    let order = placed(done(remote.order(&ask)));
    arm("pay", "rate-limited");
    turned_away(done(remote.pay(&ask, &order)));
    assert_eq!(rows(&sandbox, "payments"), 1);
    // A cancelled order is as if it had never been.
    send(&sandbox, "POST", &format!("/orders/{}/actions/cancel", order.id), &json!({}));
    assert_eq!(found(&*remote, &ask, &watermark, Some(&order)), Finding::Nothing);
}

#[test]
fn what_is_not_visible_yet_is_seen_later() {
    let sandbox = exchange::start();
    let (remote, _) = remote(&sandbox);
    let domain = holding(&*remote, DOMAIN);
    let ask = ask(&*remote, &domain, "P1Y", "token");
    let (_, _, watermark) = look(&*remote, &domain);
    let lag = |operation| sandbox.arm("hostup", operation, "not-yet-visible", 1).unwrap();

    // The invoice is made a moment after the order was answered.
    for operation in ["renew", "renewal", "orders"] {
        lag(operation);
    }
    let order = placed(done(remote.order(&ask)));
    assert_eq!((order.gross, order.services.as_slice()), (sek(19_875), [domain.key.id.to_string()].as_slice()));
    lag("orders");
    assert!(matches!(found(&*remote, &ask, &watermark, None), Finding::Unpaid(_)), "its own page tells of it");

    // The provider took the payment and could not read its own invoice: not to be paid again.
    lag("pay");
    lag("order");
    assert!(is_unknown(&done(remote.pay(&ask, &order))));
    let finding = found(&*remote, &ask, &watermark, Some(&order));
    assert!(matches!(finding, Finding::Unpaid(_)), "a page that lags: {finding:?}");
    assert_eq!(paid_until(&found(&*remote, &ask, &watermark, Some(&order))), "2027-12-12");
    assert_eq!(rows(&sandbox, "payments"), 1);

    // An order that no page shows yet.
    let domain = holding(&*remote, DOMAIN);
    let ask = super::ask(&*remote, &domain, "P1Y", "token");
    let (_, _, watermark) = look(&*remote, &domain);
    lag("orders");
    lag("renewal");
    sandbox.arm("hostup", "renew", "reply-lost", 1).unwrap();
    assert!(is_unknown(&done(remote.order(&ask))));
    assert_eq!(found(&*remote, &ask, &watermark, None), Finding::Nothing);
    assert!(matches!(found(&*remote, &ask, &watermark, None), Finding::Unpaid(_)));
}

#[test]
fn an_invoice_for_more_than_one_service_does_not_pass_for_one() {
    let sandbox = exchange::start();
    let (remote, _) = remote(&sandbox);
    let hosting = holding(&*remote, HOSTING);
    let ask = ask(&*remote, &hosting, "P1Y", "token");
    assert_eq!(ask.offer.remarks, ["without its add-ons: extra storage of www.example.se"]);
    let (_, _, watermark) = look(&*remote, &hosting);
    let path = format!("/shared-hosting/{}/actions/renew", hosting.key.id);
    send(&sandbox, "POST", &path, &json!({ "addonIds": ["addon_5102"] }));
    let (_, open, _) = look(&*remote, &hosting);
    let [order] = open.as_slice() else { panic!("{open:?}") };
    assert_eq!(
        (order.gross, order.services.as_slice()),
        (sek(111_250), [hosting.key.id.as_str().to_owned(), "addon_5102".to_owned()].as_slice())
    );
    let finding = found(&*remote, &ask, &watermark, None);
    assert!(matches!(finding, Finding::Ambiguous(_)), "{finding:?}");
}

#[test]
fn credit_pays_what_it_covers_and_no_part_of_more() {
    let sandbox = exchange::start();
    let (remote, network) = paying_with(&sandbox, Some("credit"));
    let domain = holding(&*remote, DOMAIN);
    let ask = ask(&*remote, &domain, "P1Y", "token");
    let (_, _, watermark) = look(&*remote, &domain);
    assert_eq!(watermark.balance, Some(sek(50_000)));
    let order = placed(done(remote.order(&ask)));
    assert!(matches!(done(remote.pay(&ask, &order)), Outcome::Paid(_)));
    let Finding::Paid(receipt) = found(&*remote, &ask, &watermark, Some(&order)) else { panic!() };
    assert_eq!(receipt.balance, Some(sek(30_125)));
    let funds = done(remote.funds()).expect("reads");
    let shown: Vec<_> = funds.iter().map(|funds| (funds.kind.as_str(), funds.amount)).collect();
    assert_eq!(shown, [("balance", Some(sek(30_125))), ("card", None)]);

    let hosting = holding(&*remote, HOSTING);
    let ask = super::ask(&*remote, &hosting, "P1Y", "token");
    let order = placed(done(remote.order(&ask)));
    network.take();
    assert!(matches!(done(remote.pay(&ask, &order)), Outcome::Refused(_)));
    assert!(network.take().iter().all(|request| request.method() == "GET"), "nothing was sent");
}

#[test]
fn the_providers_own_renewal_is_seen_and_switched_off() {
    let sandbox = exchange::start();
    let (remote, _) = remote(&sandbox);
    let domain = holding(&*remote, DOMAIN);
    assert_eq!(domain.stand.native, Native::On);
    for _ in 0..2 {
        done(remote.switch_native_off(&domain)).expect("is off");
        let sight = done(remote.look(&domain)).expect("reads").expect("is there");
        assert_eq!(sight.stand.native, Native::Off);
    }
    assert!(remote.habits().switches_native);
    let server = holding(&*remote, SERVER);
    assert!(matches!(done(remote.switch_native_off(&server)), Err(CallError::Cannot { .. })));
}

#[test]
fn a_wrong_key_and_what_is_not_there_are_refused() {
    let sandbox = exchange::start();
    let (right, _) = remote(&sandbox);
    let domain = holding(&*right, DOMAIN);
    let ask = ask(&*right, &domain, "P1Y", "token");
    let order = placed(done(right.order(&ask)));
    let mut gone = domain.clone();
    gone.key.id = RemoteId::parse("dom_01hxa3b4c5d6e7f8g9h0j1k2mz").unwrap();
    assert_eq!(done(right.look(&gone)).expect("reads"), None);
    assert!(matches!(done(right.order(&Ask { service: gone.key.id, ..ask.clone() })), Outcome::Refused(_)));

    let wrong = with_key(&sandbox, "hunter2");
    assert!(matches!(done(wrong.introduce()), Err(CallError::Refused { .. })));
    assert!(matches!(done(wrong.inventory(None)), Err(CallError::Refused { .. })));
    assert!(matches!(done(wrong.look(&domain)), Err(CallError::Refused { .. })));
    for outcome in [done(wrong.order(&ask)), done(wrong.pay(&ask, &order))] {
        assert!(!matches!(outcome, Outcome::Paid(_) | Outcome::Placed(_) | Outcome::Unknown { .. }), "{outcome:?}");
        assert!(!format!("{outcome:?}").contains("hunter2"), "{outcome:?}");
    }
    // One that reads domains and nothing else says what it lacks.
    let reader = with_key(&sandbox, "demo-hostup-read-domains-1111111111111111");
    let lacks = done(reader.introduce()).expect("is known").lacks;
    assert_eq!(lacks, ["read:hosting", "read:vm", "read:billing"]);
    assert!(offer(&*reader, &domain, "P1Y").is_ok());
    assert!(matches!(done(reader.order(&ask)), Outcome::Refused(_)));
    assert_eq!(rows(&sandbox, "payments"), 0);
}

/// The demo's account with another key, at an address without the API's path.
fn with_key(sandbox: &Sandbox, key: &str) -> Arc<dyn Remote> {
    let mut credentials = Credentials::default();
    credentials.set("token", key);
    let (url, vat) = (Some(sandbox.hostup()), Rate::parse_percent("25").ok());
    let settings = CallSettings { url, credentials, vat, ..CallSettings::default() };
    let clock = Arc::new(SandboxClock(sandbox.pages()));
    let ports = CallPorts { client: Arc::new(Network::default()), clock, timer: Arc::new(NoTimer) };
    let dialect = Dialect::named("hostup").unwrap();
    (dialect.call.make)(ProviderName::parse("hostup").unwrap(), settings, ports).expect("is called so")
}
