//! VPSBG as we call it.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;

use http::Method;
use perennial_core::buyer::holding::{Holding, Native, ProviderName, Standing};
use perennial_core::buyer::remote::{
    CallError, Finding, Funds, Length, Offer, Outcome, Receipt, Remote, RemoteOrder, Sight, Watermark,
};
use perennial_core::calendar::{Period, parse_date};
use perennial_core::money::{Currency, Money};
use perennial_core::product::Kind;
use perennial_providers::Dialect;
use perennial_providers::call::{CallPorts, CallSettings, Credentials};
use perennial_testkit::Sandbox;
use serde_json::Value;

use super::{Network, NoTimer, SandboxClock, ask, done, holding, inventory, offer, remote, remote_with, seconds};

const BINARY: &str = env!("CARGO_BIN_EXE_perennial");

/// The demo services expire twenty days later.
const NOW: &str = "2026-11-22T10:00:00Z";
const UNTIL: &str = "2026-12-12";

/// Servers of the demo customer: one with an add-on, one without.
const SERVER: &str = "2904";
const BARE: &str = "3321";

struct World {
    sandbox: Sandbox,
    remote: Arc<dyn Remote>,
    network: Arc<Network>,
}

impl World {
    fn start() -> Self {
        let sandbox = Sandbox::options(BINARY).now(NOW).start().unwrap();
        let (remote, network) = remote(&sandbox, "vpsbg");
        Self { sandbox, remote, network }
    }

    fn holding(&self, id: &str) -> Holding {
        holding(&*self.remote, id)
    }

    #[track_caller]
    fn look(&self, holding: &Holding) -> Sight {
        done(self.remote.look(holding)).expect("is read").expect("is there")
    }

    /// Arms a fault for one call.
    fn arm(&self, operation: &str, fault: &str) {
        self.sandbox.arm("vpsbg", operation, fault, 1).unwrap();
    }

    /// What the ledger holds, without the time.
    fn ledger(&self) -> Value {
        let mut ledger = self.sandbox.ledger().unwrap();
        ledger.as_object_mut().unwrap().remove("now");
        ledger
    }

    fn path_of_ledger(&self) -> String {
        self.sandbox.data().join("perennial.db").to_str().unwrap().to_owned()
    }

    /// Imports master data beside the running sandbox.
    #[track_caller]
    fn import(&self, toml: &str) {
        let file = self.sandbox.data().join("more.toml");
        std::fs::write(&file, toml).unwrap();
        let mut import = Command::new(BINARY);
        import.arg("--database").arg(self.path_of_ledger()).arg("import").arg(&file);
        let run = import.output().unwrap();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    }

    /// Puts a hold on a service, as only the seller can.
    fn hold(&self, service: &str, hold: &str) {
        let ledger = rusqlite::Connection::open(self.path_of_ledger()).unwrap();
        assert_eq!(ledger.execute("update services set hold = ?1 where id = ?2", (hold, service)).unwrap(), 1);
    }

    /// The demo account with another token.
    fn with_token(&self, token: &str) -> Arc<dyn Remote> {
        let call = &Dialect::named("vpsbg").unwrap().call;
        let mut credentials = Credentials::default();
        credentials.set("token", token);
        let url = Some(format!("{}/v1", self.sandbox.vpsbg()));
        let settings = CallSettings { url, credentials, ..CallSettings::default() };
        let ports = CallPorts {
            client: Arc::clone(&self.network) as _,
            clock: Arc::new(SandboxClock(self.sandbox.pages())),
            timer: Arc::new(NoTimer),
        };
        (call.make)(ProviderName::parse("vpsbg").unwrap(), settings, ports).unwrap()
    }
}

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

fn date(text: &str) -> jiff::civil::Date {
    parse_date(text).expect("is a date")
}

#[track_caller]
fn placed(outcome: Outcome) -> RemoteOrder {
    let Outcome::Placed(order) = outcome else { panic!("{outcome:?}") };
    order
}

#[track_caller]
fn paid(outcome: Outcome) -> Receipt {
    let Outcome::Paid(receipt) = outcome else { panic!("{outcome:?}") };
    receipt
}

#[test]
fn the_inventory_is_of_servers_with_their_fences_page_by_page() {
    let world = World::start();
    let all = inventory(&*world.remote);
    let found: Vec<_> = all.iter().map(|each| (each.key.to_string(), each.name.as_str(), each.stand.until)).collect();
    let expected = [(SERVER, "ubuntu-2gb"), (BARE, "debian-2gb")];
    assert_eq!(found, expected.map(|(id, name)| (format!("vpsbg/{id}"), name, date(UNTIL))));
    let Holding { kind, stand, period, .. } = &all[0];
    assert_eq!((*kind, *period), (Kind::Server, Period::months(1)));
    assert_eq!((&stand.standing, stand.native), (&Standing::Renewable, Native::On));
    assert_eq!(stand.expires_at.to_string(), "2026-12-11T22:00:00Z");
    let error = done(world.remote.switch_native_off(&all[0])).expect_err("cannot");
    assert!(matches!(error, CallError::Cannot { .. }), "{error}");
    assert!(!world.remote.habits().switches_native);

    let more: Vec<_> = (0..120)
        .map(|number| {
            format!(
                "[[services]]\nname = \"more-{number}\"\naccount = \"demo-vpsbg\"\nproduct = \"cloud-vps-4gb\"\n\
                 created = 2024-01-01\nuntil = 2027-03-28\nperiod = \"P1M\"\n"
            )
        })
        .collect();
    world.import(&more.concat());
    world.network.take();
    let all = inventory(&*world.remote);
    assert_eq!((all.len(), world.network.take().len()), (122, 3));
    let last = all.last().expect("is there");
    // The night in which summer time begins.
    assert_eq!((last.stand.until, last.stand.native), (date("2027-03-28"), Native::Off));
    assert_eq!(last.stand.expires_at.to_string(), "2027-03-27T22:00:00Z");
}

#[test]
fn an_offer_is_what_the_order_asks_and_nothing_comes_of_asking() {
    let world = World::start();
    // Prices whose tax is not whole, and a floating address that is renewed with its server.
    world.import(
        "[[products]]\ncode = \"sample-addon\"\nname = \"Sample\"\nkind = \"addon\"\n\
         prices = [{ period = \"P1M\", net = \"1.13\", currency = \"EUR\" }, { period = \"P3M\", net = \"3.37\", currency = \"EUR\" }]\n\n\
         [[services]]\nname = \"sample of ubuntu-2gb\"\naccount = \"demo-vpsbg\"\nproduct = \"sample-addon\"\n\
         parent = \"ubuntu-2gb\"\ncreated = 2024-01-01\nuntil = 2026-12-12\nperiod = \"P1M\"\n\n\
         [[services]]\nname = \"87.120.37.99\"\naccount = \"demo-vpsbg\"\nproduct = \"floating-ipv4\"\n\
         parent = \"ubuntu-2gb\"\ncreated = 2024-01-01\nuntil = 2026-12-12\nperiod = \"P1M\"\n",
    );
    let before = world.ledger();
    let (with_addon, bare) = (world.holding(SERVER), world.holding(BARE));
    let all = done(world.remote.offers(&bare, &[])).expect("are offered");
    let months: Vec<_> = all.iter().map(|offer| (offer.length.to_string(), offer.gross.minor())).collect();
    let monthly = 3_000;
    let expected = [("P1M", 1), ("P3M", 3), ("P6M", 6), ("P1Y", 12), ("P2Y", 24)];
    assert_eq!(months, expected.map(|(length, months)| (length.to_owned(), monthly * months)));
    let weeks = Length::Period(Period::parse("P2W").unwrap());
    assert_eq!(done(world.remote.offers(&bare, &[weeks])).expect("is read"), []);

    let quoted = offer(&*world.remote, &with_addon, "P3M").expect("is offered");
    // 3 x (25 + 35 + 2.50) + 3.37; the tax is rounded line by line.
    assert_eq!((quoted.net, quoted.tax, quoted.gross), (eur(19_087), eur(3_817), eur(22_904)));
    assert_eq!((quoted.until, quoted.discount), (date("2027-03-12"), None));
    let remarks = [("fall2401", 5), ("fall2403", 10)]
        .map(|(code, percent)| format!("promo code `{code}` would take {percent} % off; it is not used"));
    assert_eq!(quoted.remarks, remarks);
    assert_eq!(world.ledger(), before, "nothing comes of asking");

    for (server, period) in [(&with_addon, "P3M"), (&bare, "P2Y")] {
        let ask = ask(&*world.remote, server, period, "token");
        let order = placed(done(world.remote.order(&ask)));
        let Offer { gross, until, .. } = ask.offer;
        assert_eq!((order.gross, order.until), (gross, Some(until)), "{period}");
        assert_eq!(order.services, [server.key.id.as_str()]);
        let sight = world.look(server);
        assert_eq!((&sight.open_orders, sight.stand), (&vec![order.clone()], server.stand.clone()));
        assert_eq!(sight.watermark.orders.first(), Some(&order.id));
    }
}

#[test]
fn a_renewal_is_ordered_paid_and_seen() {
    let world = World::start();
    let since = NOW.parse().unwrap();
    let server = world.holding(SERVER);
    let funds = |amount| Funds { kind: "balance".to_owned(), amount: Some(eur(amount)) };
    let card = Funds { kind: "card".to_owned(), amount: None };
    // The balance is told without VAT.
    assert_eq!(done(world.remote.funds()).expect("are read"), [funds(41_667), card]);
    assert_eq!(done(world.remote.charges(since)).expect("are read"), []);
    let ask = ask(&*world.remote, &server, "P1M", "token");
    let Watermark { orders, balance, .. } = world.look(&server).watermark;
    assert_eq!((orders, balance), (Vec::new(), Some(eur(41_667))));

    let order = placed(done(world.remote.order(&ask)));
    world.network.take();
    let receipt = paid(done(world.remote.pay(&ask, &order)));
    let calls: Vec<_> = world.network.take().iter().map(|request| request.method().clone()).collect();
    assert_eq!(calls, [Method::GET, Method::POST], "it was read before it was paid");
    assert_eq!((receipt.order.as_deref(), receipt.paid), (Some(order.id.as_str()), Some(eur(7_200))));
    assert!(receipt.invoice.is_some(), "{receipt:?}");

    // By the order, and without knowing it.
    let watermark = Watermark { at: since, orders: Vec::new(), balance: None };
    let seen = Receipt { balance: Some(eur(35_667)), until: Some(date("2027-01-12")), ..receipt };
    for known in [Some(&order), None] {
        let found = done(world.remote.read_back(&ask, &watermark, known)).expect("is read");
        assert_eq!(found, Finding::Paid(seen.clone()));
    }
    assert_eq!(world.holding(SERVER).stand.until, ask.offer.until);
    assert_eq!(world.look(&server).open_orders, []);
    let charges = done(world.remote.charges(since)).expect("are read");
    let [charge] = charges.as_slice() else { panic!("{charges:?}") };
    assert_eq!((&charge.order, charge.gross), (&order.id, eur(7_200)));
    assert_eq!(charge.services, [SERVER]);
    assert_eq!(done(world.remote.charges(charge.paid_at + seconds(1))).expect("are read"), []);

    // What is paid is not paid again: it is read, and nothing is sent.
    world.network.take();
    assert_eq!(paid(done(world.remote.pay(&ask, &order))).order.as_ref(), Some(&order.id));
    assert!(world.network.take().iter().all(|request| request.method() == Method::GET));
    assert_eq!(
        world.ledger()["payments"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|each| each["order"].as_i64() == order.id.parse().ok())
            .count(),
        1
    );

    // The next one by card.
    let (by_card, _) = remote_with(
        &world.sandbox,
        "vpsbg",
        CallSettings { pay_with: Some("card".to_owned()), ..CallSettings::default() },
    );
    let ask = super::ask(&*by_card, &holding(&*by_card, SERVER), "P1M", "other");
    let order = placed(done(by_card.order(&ask)));
    assert_eq!(paid(done(by_card.pay(&ask, &order))).paid, Some(eur(7_200)));
    assert_eq!(done(by_card.charges(since)).expect("are read").len(), 2);
    world.sandbox.advance("P40D").unwrap();
    assert_eq!(world.holding(SERVER).stand.until, date("2027-02-12"));
}

#[test]
fn what_became_of_an_order_that_was_not_answered_is_read_back() {
    let world = World::start();
    let server = world.holding(SERVER);
    let ask = ask(&*world.remote, &server, "P3M", "token");
    let watermark = world.look(&server).watermark;
    let read_back = || done(world.remote.read_back(&ask, &watermark, None)).expect("is read");
    let order = || done(world.remote.order(&ask));
    for fault in ["request-lost", "server-error"] {
        world.arm("renew", fault);
        assert!(matches!(order(), Outcome::Unknown { .. }), "{fault}");
        assert_eq!(read_back(), Finding::Nothing, "{fault}");
    }
    world.arm("renew", "rate-limited");
    let limited = order();
    assert!(
        matches!(&limited, Outcome::NeverSent { retry_after: Some(wait), .. } if *wait == seconds(1)),
        "{limited:?}"
    );

    // It was done, and for a while nothing shows it; then only its server does.
    // Two lists are read: of the documented states, and of what is shown where none is named.
    world.sandbox.arm("vpsbg", "orders", "not-yet-visible", 2).unwrap();
    world.arm("server", "not-yet-visible");
    world.arm("renew", "reply-lost");
    assert!(matches!(order(), Outcome::Unknown { .. }));
    assert_eq!(read_back(), Finding::Nothing);
    let Finding::Unpaid(found) = read_back() else { panic!("it stands unpaid") };
    assert_eq!((found.gross, found.until), (ask.offer.gross, Some(ask.offer.until)));
    assert_eq!(world.look(&server).open_orders, std::slice::from_ref(&found));

    // Its payment.
    let known = |order| done(world.remote.read_back(&ask, &watermark, Some(order))).expect("is read");
    let pay = |order| done(world.remote.pay(&ask, order));
    for fault in ["request-lost", "server-error"] {
        world.arm("pay", fault);
        assert!(matches!(pay(&found), Outcome::Unknown { .. }), "{fault}");
        assert_eq!(known(&found), Finding::Unpaid(found.clone()), "{fault}");
    }
    world.arm("pay", "rate-limited");
    assert!(matches!(pay(&found), Outcome::NeverSent { retry_after: Some(_), .. }));
    world.arm("pay", "reply-lost");
    assert!(matches!(pay(&found), Outcome::Unknown { .. }));
    let Finding::Paid(receipt) = known(&found) else { panic!("it is paid") };
    assert_eq!((receipt.order, receipt.until), (Some(found.id), Some(ask.offer.until)));
}

#[test]
fn an_order_that_is_left_behind_does_not_pay_itself() {
    let world = World::start();
    let ask = ask(&*world.remote, &world.holding(BARE), "P1M", "token");
    let order = placed(done(world.remote.order(&ask)));
    let pays_itself = || {
        let bearer = format!("Bearer {}", world.sandbox.env().unwrap()["VPSBG_TOKEN"]);
        let url = format!("{}/v1/orders/{}", world.sandbox.vpsbg(), order.id);
        let reply = perennial_testkit::http::send("GET", &url, &[("Authorization", &bearer)], b"").unwrap();
        reply.json().unwrap()["auto_pay"].as_bool()
    };
    assert_eq!(pays_itself(), Some(true));
    let reader = world.with_token("demo-vpsbg-read-only-11111111111111111111");
    let error = done(reader.leave_unpaid(&order)).expect_err("may not");
    assert!(matches!(&error, CallError::Refused { said, .. } if said.status == 403), "{error}");
    world.arm("update-order", "reply-lost");
    done(world.remote.leave_unpaid(&order)).expect("is seen to");
    assert_eq!(pays_itself(), Some(false));
    // To make sure again changes nothing, and what is paid is none that was left.
    world.network.take();
    done(world.remote.leave_unpaid(&order)).expect("is so");
    assert!(world.network.take().iter().all(|request| request.method() == Method::GET));
    paid(done(world.remote.pay(&ask, &order)));
    let error = done(world.remote.leave_unpaid(&order)).expect_err("is paid").to_string();
    assert!(error.contains("is paid"), "{error}");
}

#[test]
fn an_order_that_only_its_server_shows_is_waited_for() {
    let world = World::start();
    let server = world.holding(BARE);
    let ask = ask(&*world.remote, &server, "P1M", "token");
    let watermark = world.look(&server).watermark;
    world.sandbox.arm("vpsbg", "orders", "not-yet-visible", 5).unwrap();
    let order = placed(done(world.remote.order(&ask)));
    let found = done(world.remote.read_back(&ask, &watermark, None)).expect("is read");
    assert!(matches!(found, Finding::Pending(_)), "{found:?}");
    let sight = world.look(&server);
    assert!(matches!(&sight.stand.standing, Standing::Blocked(why) if why.contains("2027-01-12")), "{sight:?}");
    assert_eq!(world.look(&server).open_orders, [order]);
}

#[test]
fn an_order_of_somebody_elses_is_not_taken_for_ours() {
    let world = World::start();
    let server = world.holding(BARE);
    let ask = |period| ask(&*world.remote, &server, period, "token");
    let (ours, theirs) = (ask("P3M"), ask("P1M"));
    let watermark = world.look(&server).watermark;
    let order = placed(done(world.remote.order(&theirs)));
    let found = done(world.remote.read_back(&ours, &watermark, None)).expect("is read");
    assert_eq!(
        found,
        Finding::Ambiguous(format!(
            "order {} is not paid: 30.00 EUR for 3321 from 2026-12-12 until 2027-01-12",
            order.id
        ))
    );
    // One that was there before is none of it; that the expiry moved is seen.
    let after = world.look(&server).watermark;
    paid(done(world.remote.pay(&theirs, &order)));
    let found = done(world.remote.read_back(&ours, &after, None)).expect("is read");
    assert_eq!(found, Finding::Moved { until: date("2027-01-12") });
}

#[test]
fn what_a_token_may_not_do_is_refused() {
    let world = World::start();
    let server = world.holding(SERVER);
    let ask = ask(&*world.remote, &server, "P1M", "token");
    let introduction = done(world.remote.introduce()).expect("is known");
    assert!(introduction.account.contains('@') && introduction.lacks.is_empty(), "{introduction:?}");
    let ahead = introduction.ahead.expect("is told");
    assert!(ahead.abs() <= seconds(2), "the sandbox's clock is ours: {ahead}");

    let reader = world.with_token("demo-vpsbg-read-only-11111111111111111111");
    assert_eq!(done(reader.introduce()).expect("is known").lacks.len(), 1);
    let refused = done(reader.order(&ask));
    assert!(matches!(&refused, Outcome::Refused(said) if said.status == 403), "{refused:?}");
    let stranger = world.with_token("hunter2");
    let error = done(stranger.introduce()).expect_err("is refused");
    assert_eq!(error.to_string(), "vpsbg refuses `GET /user`: Unauthenticated. (401)");
    let refused = done(stranger.order(&ask));
    assert!(matches!(&refused, Outcome::Refused(said) if said.status == 401), "{refused:?}");
    // Another customer's account has none of it.
    let other = world.with_token("demo-vpsbg-other-222222222222222222222222");
    assert_eq!(done(other.look(&server)).expect("is read"), None);
    let refused = done(other.order(&ask));
    assert!(matches!(&refused, Outcome::Refused(said) if said.status == 422), "{refused:?}");
    assert_eq!(world.look(&server).open_orders, []);
}

#[test]
fn what_cannot_be_renewed_says_why() {
    let world = World::start();
    let server = world.holding(BARE);
    let ask = ask(&*world.remote, &server, "P1M", "token");
    world.hold(BARE, "locked");
    let outcome = done(world.remote.order(&ask));
    assert!(
        matches!(&outcome, Outcome::NeverSent { retry_after: Some(wait), .. } if *wait == seconds(60)),
        "{outcome:?}"
    );
    assert_eq!(world.look(&server).stand.standing, Standing::Renewable, "that passes by itself");
    let error = offer(&*world.remote, &server, "P1M").expect_err("is locked");
    assert!(matches!(error, CallError::Unreachable { .. }), "{error}");

    world.hold(BARE, "none");
    let headers = BTreeMap::from([
        ("Authorization", format!("Bearer {}", world.sandbox.env().unwrap()["VPSBG_TOKEN"])),
        ("Content-Type", "application/json".to_owned()),
    ]);
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let url = format!("{}/v1/servers/{BARE}/cancel", world.sandbox.vpsbg());
    let reply = perennial_testkit::http::send("POST", &url, &headers, br#"{"reason":"Project ended."}"#).unwrap();
    assert_eq!(reply.status, 204);
    let standing = world.look(&server).stand.standing;
    assert_eq!(standing, Standing::Blocked("it is cancelled: Project ended.".to_owned()));
    let outcome = done(world.remote.order(&ask));
    assert!(matches!(&outcome, Outcome::Refused(said) if said.status == 400), "{outcome:?}");
}
