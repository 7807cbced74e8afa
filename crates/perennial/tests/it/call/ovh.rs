//! OVHcloud, as we call it.

use perennial_core::buyer::holding::{Native, Standing};
use perennial_core::buyer::remote::{Finding, Outcome, Receipt, RemoteOrder, Sight, Watermark};
use perennial_core::money::{Currency, Money};
use perennial_core::product::Kind;
use perennial_testkit::OvhClient;
use serde_json::{Value, json};

use super::*;

/// The demo services expire twenty days later.
const NOW: &str = "2026-11-22T12:00:00Z";

const DOMAIN: &str = "example.ovh";
const VPS: &str = "vps112233.ovh.net";

fn start() -> Sandbox {
    Sandbox::options(env!("CARGO_BIN_EXE_perennial")).now(NOW).arg("--no-schedule").start().expect("starts")
}

fn called(sandbox: &Sandbox) -> Arc<dyn Remote> {
    remote(sandbox, "ovh").0
}

fn paid_with(sandbox: &Sandbox, pay_with: &str) -> (Arc<dyn Remote>, Arc<Network>) {
    remote_with(sandbox, "ovh", CallSettings { pay_with: Some(pay_with.to_owned()), ..CallSettings::default() })
}

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

fn sight(remote: &dyn Remote, holding: &Holding) -> Sight {
    done(remote.look(holding)).expect("looks").expect("is there")
}

fn placed(outcome: Outcome) -> RemoteOrder {
    match outcome {
        Outcome::Placed(order) => order,
        outcome => panic!("{outcome:?}"),
    }
}

fn found(remote: &dyn Remote, ask: &Ask, mark: &Watermark, order: Option<&RemoteOrder>) -> Finding {
    done(remote.read_back(ask, mark, order)).expect("reads")
}

fn receipt(finding: Finding) -> Receipt {
    match finding {
        Finding::Paid(receipt) => receipt,
        finding => panic!("{finding:?}"),
    }
}

/// The rows of a list of the ledger, without what moves by itself.
fn rows(sandbox: &Sandbox, list: &str) -> Vec<Value> {
    sandbox.ledger().expect("shows")[list].as_array().expect("is a list").clone()
}

fn until(sandbox: &Sandbox, name: &str) -> String {
    let services = rows(sandbox, "services");
    let found = services.iter().find(|service| service["name"] == name).expect("is there");
    found["until"].as_str().expect("is a day").to_owned()
}

fn client(sandbox: &Sandbox) -> OvhClient {
    OvhClient::from_env(&sandbox.env().expect("prints")).expect("is a client")
}

/// Places an order with another client.
fn place(sandbox: &Sandbox, service: i64, duration: &str, services: &[i64]) -> i64 {
    let body = json!({ "duration": duration, "services": services, "dryRun": false });
    let (status, order) = client(sandbox).post(&format!("/service/{service}/renew"), &body).expect("answers");
    assert_eq!(status, 200, "{order}");
    order["orderId"].as_i64().expect("has a number")
}

#[test]
fn the_inventory_shows_the_demos_services() {
    let sandbox = start();
    let (remote, network) = remote(&sandbox, "ovh");
    let held = inventory(&*remote);
    let shown: Vec<_> = held.iter().map(|each| (each.key.id.as_str(), each.kind, each.name.as_str())).collect();
    assert_eq!(
        shown,
        [
            ("12345", Kind::Domain, DOMAIN),
            ("67890", Kind::Hosting, "example.cluster001.hosting.ovh.net"),
            ("112233", Kind::Server, VPS),
        ]
    );
    assert_eq!(network.take().len(), 3, "the time, the list, and one batch");
    for each in &held {
        assert_eq!(each.stand.until.to_string(), until(&sandbox, &each.name));
        assert_eq!(each.stand.standing, Standing::Renewable);
        // Midnight in Paris.
        assert_eq!(each.stand.expires_at.to_string(), format!("{}T23:00:00Z", each.stand.until.yesterday().unwrap()));
    }
    assert_eq!(held[2].period, Period::months(1));
    let introduced = done(remote.introduce()).expect("tells");
    assert_eq!((introduced.account.as_str(), introduced.lacks.as_slice()), ("xx11111-ovh", &[][..]));
    assert!(introduced.ahead.is_some_and(|ahead| ahead.abs() <= seconds(1)), "{introduced:?}");
    let funds: Vec<_> =
        done(remote.funds()).expect("tells").into_iter().map(|funds| (funds.kind, funds.amount)).collect();
    let kinds = ["PayPal", "card", "bank transfer"].map(|kind| (kind.to_owned(), None));
    assert_eq!(funds[0], ("balance".to_owned(), Some(eur(10_000))));
    assert_eq!(funds[1..], kinds);
}

#[test]
fn an_inventory_of_thousands_is_read_in_batches() {
    const SERVICES: usize = 20_000;
    const ACCOUNTS: usize = 16;
    let options = Sandbox::options(env!("CARGO_BIN_EXE_perennial")).now(NOW).arg("--seed-services");
    let sandbox = options.arg(SERVICES.to_string()).start().expect("starts");
    let keys = [
        ("application_key", format!("seedOvhApp{:06}", 1)),
        ("application_secret", format!("seedOvhSecret{:019}", 1)),
        ("consumer_key", format!("seedOvhConsumer{:017}", 1)),
    ];
    let (remote, network) = made(&sandbox, &keys, SignedDuration::ZERO);
    let held = inventory(&*remote);
    let ids: std::collections::BTreeSet<_> = held.iter().map(|each| each.key.id.as_str()).collect();
    assert_eq!((held.len(), ids.len()), (SERVICES / ACCOUNTS, SERVICES / ACCOUNTS));
    // The time; the list, for each of two pages; and batches of fifty.
    assert_eq!(network.take().len(), 1 + 2 + (SERVICES / ACCOUNTS).div_ceil(50));
}

#[test]
fn an_offer_is_what_the_order_asks_and_a_paid_order_ends_where_it_was_offered() {
    let sandbox = start();
    let remote = called(&sandbox);
    let before = sandbox.ledger().expect("shows");
    let domain = holding(&*remote, DOMAIN);
    let alone = offer(&*remote, &domain, "P1Y").expect("is offered");
    assert_eq!((alone.net, alone.tax, alone.gross), (eur(199), eur(40), eur(239)));
    let vps = holding(&*remote, VPS);
    let offers = done(remote.offers(&vps, &[])).expect("are offered");
    let lengths: Vec<_> = offers.iter().map(|offer| offer.length.to_string()).collect();
    assert_eq!(lengths, ["P1M", "P3M", "P6M", "P1Y"]);
    let week = [Length::Period(Period::weeks(1).unwrap())];
    assert_eq!(done(remote.offers(&vps, &week)).expect("answers"), []);
    for list in ["orders", "payments", "services", "transfers"] {
        assert_eq!(sandbox.ledger().expect("shows")[list], before[list], "nothing came of asking");
    }
    for offered in offers {
        let ask = vps_now(&*remote).ask(offered.clone(), "token".to_owned());
        // Each is counted from the one before.
        let ask = Ask { offer: offer(&*remote, &vps_now(&*remote), &offered.length.to_string()).unwrap(), ..ask };
        assert_eq!(ask.offer.gross, offered.gross);
        let mark = sight(&*remote, &vps_now(&*remote)).watermark;
        let order = placed(done(remote.order(&ask)));
        assert_eq!(order.gross, ask.offer.gross);
        let seen = sight(&*remote, &vps_now(&*remote));
        let [open] = seen.open_orders.as_slice() else { panic!("{seen:?}") };
        assert_eq!((&open.id, open.gross, open.until), (&order.id, order.gross, Some(ask.offer.until)));
        assert_eq!(open.services, [VPS]);
        assert!(matches!(found(&*remote, &ask, &mark, Some(&order)), Finding::Unpaid(_)));
        assert!(matches!(done(remote.pay(&ask, &order)), Outcome::Paid(_)));
        let shown = receipt(found(&*remote, &ask, &mark, Some(&order)));
        assert_eq!((shown.order.as_ref(), shown.paid), (Some(&order.id), Some(order.gross)));
        assert_eq!(shown.until, Some(ask.offer.until));
        assert_eq!(until(&sandbox, VPS), ask.offer.until.to_string());
        let bills = rows(&sandbox, "invoices");
        assert!(bills.iter().any(|bill| bill["number"].as_str() == shown.invoice.as_deref()), "{shown:?}: {bills:?}");
        assert_eq!(receipt(found(&*remote, &ask, &mark, None)), shown, "it is found without its number, too");
        // Paid again, it is paid.
        assert!(matches!(done(remote.pay(&ask, &order)), Outcome::Paid(_)));
    }
    assert_eq!((rows(&sandbox, "payments").len(), rows(&sandbox, "orders").len()), (4, 4));
    let charges = done(remote.charges(NOW.parse().unwrap())).expect("tells");
    let of_vps: Vec<_> = charges.iter().map(|charge| (charge.services.join(","), charge.gross)).collect();
    let expected = [719, 2_156, 4_097, 7_763].map(|minor| (VPS.to_owned(), eur(minor)));
    assert_eq!(of_vps, expected);
}

fn vps_now(remote: &dyn Remote) -> Holding {
    holding(remote, VPS)
}

#[test]
fn a_renewal_at_the_end_of_a_short_month_keeps_its_day() {
    let sandbox =
        Sandbox::options(env!("CARGO_BIN_EXE_perennial")).now("2027-01-11T12:00:00Z").start().expect("starts");
    let remote = called(&sandbox);
    assert_eq!(vps_now(&*remote).stand.until.to_string(), "2027-01-31");
    for expected in ["2027-02-28", "2027-03-31", "2027-04-30"] {
        let vps = vps_now(&*remote);
        let ask = ask(&*remote, &vps, "P1M", "token");
        assert_eq!(ask.offer.until.to_string(), expected);
        let order = placed(done(remote.order(&ask)));
        assert_eq!(sight(&*remote, &vps).open_orders[0].until, Some(ask.offer.until));
        // Read by somebody who did not place it.
        assert_eq!(sight(&*called(&sandbox), &vps).open_orders[0].until, Some(ask.offer.until));
        assert!(matches!(done(remote.pay(&ask, &order)), Outcome::Paid(_)));
        assert_eq!(until(&sandbox, VPS), expected);
    }
}

#[test]
fn what_was_cut_is_unknown_and_reading_tells_the_truth() {
    let sandbox = start();
    let remote = called(&sandbox);
    let vps = vps_now(&*remote);
    let ask = ask(&*remote, &vps, "P1M", "token");
    let mark = sight(&*remote, &vps).watermark;
    for fault in ["request-lost", "server-error"] {
        sandbox.arm("ovh", "renew", fault, 1).unwrap();
        assert!(matches!(done(remote.order(&ask)), Outcome::Unknown { .. }), "{fault}");
        assert_eq!(found(&*remote, &ask, &mark, None), Finding::Nothing, "{fault}");
    }
    sandbox.arm("ovh", "renew", "rate-limited", 1).unwrap();
    match done(remote.order(&ask)) {
        Outcome::NeverSent { retry_after, .. } => assert_eq!(retry_after, Some(seconds(1))),
        outcome => panic!("{outcome:?}"),
    }
    sandbox.arm("ovh", "renew", "reply-lost", 1).unwrap();
    assert!(matches!(done(remote.order(&ask)), Outcome::Unknown { .. }));
    let Finding::Unpaid(order) = found(&*remote, &ask, &mark, None) else { panic!("it was placed") };
    assert_eq!((order.gross, order.until), (ask.offer.gross, Some(ask.offer.until)));
    for fault in ["request-lost", "server-error"] {
        sandbox.arm("ovh", "pay", fault, 1).unwrap();
        assert!(matches!(done(remote.pay(&ask, &order)), Outcome::Unknown { .. }), "{fault}");
        assert!(matches!(found(&*remote, &ask, &mark, Some(&order)), Finding::Unpaid(_)), "{fault}");
    }
    sandbox.arm("ovh", "pay", "rate-limited", 1).unwrap();
    assert!(matches!(done(remote.pay(&ask, &order)), Outcome::NeverSent { retry_after: Some(_), .. }));
    assert_eq!(rows(&sandbox, "payments").len(), 0);
    sandbox.arm("ovh", "pay", "reply-lost", 1).unwrap();
    assert!(matches!(done(remote.pay(&ask, &order)), Outcome::Unknown { .. }));
    assert_eq!(receipt(found(&*remote, &ask, &mark, Some(&order))).until, Some(ask.offer.until));
    assert_eq!(rows(&sandbox, "payments").len(), 1);
    // What cannot be read is no evidence.
    sandbox.arm("ovh", "service", "server-error", 5).unwrap();
    assert!(matches!(done(remote.read_back(&ask, &mark, Some(&order))), Err(CallError::Unreachable { .. })));
}

#[test]
fn a_list_that_lags_shows_nothing_first_and_the_truth_later() {
    let sandbox = start();
    let remote = called(&sandbox);
    let vps = vps_now(&*remote);
    let ask = ask(&*remote, &vps, "P1M", "token");
    let mark = sight(&*remote, &vps).watermark;
    sandbox.arm("ovh", "orders", "not-yet-visible", 1).unwrap();
    sandbox.arm("ovh", "renew", "reply-lost", 1).unwrap();
    assert!(matches!(done(remote.order(&ask)), Outcome::Unknown { .. }));
    assert_eq!(found(&*remote, &ask, &mark, None), Finding::Nothing);
    let Finding::Unpaid(order) = found(&*remote, &ask, &mark, None) else { panic!("it was placed") };
    sandbox.arm("ovh", "order-status", "not-yet-visible", 1).unwrap();
    sandbox.arm("ovh", "service", "not-yet-visible", 1).unwrap();
    assert!(matches!(done(remote.pay(&ask, &order)), Outcome::Paid(_)));
    assert!(matches!(found(&*remote, &ask, &mark, Some(&order)), Finding::Unpaid(_)));
    assert_eq!(receipt(found(&*remote, &ask, &mark, Some(&order))).until, Some(vps.stand.until), "the expiry lags");
    assert_eq!(receipt(found(&*remote, &ask, &mark, Some(&order))).until, Some(ask.offer.until));
}

#[test]
fn what_others_ordered_is_not_taken_for_ours() {
    let sandbox = start();
    let remote = called(&sandbox);
    let vps = vps_now(&*remote);
    let ask = ask(&*remote, &vps, "P1M", "token");
    let mark = sight(&*remote, &vps).watermark;
    place(&sandbox, 12_345, "P1Y", &[67_890, 12_345]);
    assert_eq!(found(&*remote, &ask, &mark, None), Finding::Nothing, "another service's");
    assert!(sight(&*remote, &vps).open_orders.is_empty());
    let domain = holding(&*remote, DOMAIN);
    assert_eq!(sight(&*remote, &domain).open_orders[0].services.len(), 2, "a bundle is shown as one");
    let bundled = ask_for(&*remote, &domain);
    assert!(matches!(found(&*remote, &bundled, &mark, None), Finding::Ambiguous(_)), "more than ours");
    let other = place(&sandbox, 112_233, "P3M", &[112_233]);
    match found(&*remote, &ask, &mark, None) {
        Finding::Ambiguous(what) => assert!(what.contains(&other.to_string()) && what.contains("P3M"), "{what}"),
        finding => panic!("{finding:?}"),
    }
    // While it stands, nothing else can be ordered, and that is no refusal of ours.
    assert!(matches!(done(remote.order(&ask)), Outcome::Pending(_)));
    let body = json!({ "paymentMethod": { "id": 1234 } });
    assert_eq!(client(&sandbox).post(&format!("/me/order/{other}/pay"), &body).unwrap().0, 200);
    assert!(
        matches!(found(&*remote, &ask, &mark, None), Finding::Ambiguous(_)),
        "paid by somebody, for another length"
    );
    let later = sight(&*remote, &vps);
    assert!(later.stand.until > ask.fence, "the fence moved");
    match found(&*remote, &ask, &later.watermark, None) {
        Finding::Moved { until } => assert_eq!(until, later.stand.until),
        finding => panic!("{finding:?}"),
    }
}

/// An ask whose offer cannot be had now: the order of a bundle stands.
fn ask_for(remote: &dyn Remote, holding: &Holding) -> Ask {
    let refused = offer(remote, holding, "P1Y").expect_err("another order stands");
    assert!(matches!(refused, CallError::Refused { .. }), "{refused}");
    let vps = offer(remote, &vps_now(remote), "P1Y").expect("is offered");
    holding.ask(vps, "token".to_owned())
}

#[test]
fn an_order_that_lapsed_is_no_order() {
    let sandbox = start();
    let remote = called(&sandbox);
    let vps = vps_now(&*remote);
    let ask = ask(&*remote, &vps, "P1M", "token");
    let mark = sight(&*remote, &vps).watermark;
    let order = placed(done(remote.order(&ask)));
    sandbox.advance("P2D").unwrap();
    assert_eq!(found(&*remote, &ask, &mark, Some(&order)), Finding::Nothing);
    assert!(sight(&*remote, &vps).open_orders.is_empty());
    match done(remote.pay(&ask, &order)) {
        Outcome::Refused(_) => {}
        outcome => panic!("{outcome:?}"),
    }
    assert_eq!(rows(&sandbox, "payments").len(), 0);
}

#[test]
fn only_what_can_pay_is_paid_with() {
    let sandbox = start();
    for (pay_with, service, period, paid) in [
        // The seller takes no bank account.
        ("1236", VPS, "P1M", None),
        ("bankAccount", VPS, "P1M", None),
        ("fidelityAccount", VPS, "P1M", None),
        ("ovhAccount", VPS, "P1M", Some("balance")),
        ("creditCard", VPS, "P1M", Some("card")),
        ("1234", DOMAIN, "P1Y", Some("paypal")),
    ] {
        let (remote, network) = paid_with(&sandbox, pay_with);
        let holding = holding(&*remote, service);
        let ask = ask(&*remote, &holding, period, "token");
        let before = sight(&*remote, &holding).watermark;
        let order = placed(done(remote.order(&ask)));
        network.take();
        let outcome = done(remote.pay(&ask, &order));
        let posts = network.take().iter().filter(|request| request.method() == "POST").count();
        match paid {
            None => {
                assert!(matches!(&outcome, Outcome::Refused(said) if said.text.contains("not usable")), "{outcome:?}");
                assert_eq!(posts, 0, "nothing was sent");
            }
            Some(kind) => {
                assert!(matches!(outcome, Outcome::Paid(_)), "{pay_with}: {outcome:?}");
                let payments = rows(&sandbox, "payments");
                let number: i64 = order.id.parse().expect("is a number");
                let payment = payments.iter().find(|payment| payment["order"] == json!(number)).expect("is paid");
                assert_eq!(payment["kind"].as_str().or(payment["with"].as_str()), Some(kind), "{payment}");
                let shown = receipt(found(&*remote, &ask, &before, Some(&order)));
                let left = before.balance.map(|balance| balance.minus(ask.offer.gross).unwrap());
                assert_eq!(shown.balance, left, "{pay_with}");
                assert_eq!(left.is_some(), kind == "balance");
            }
        }
    }
}

#[test]
fn the_providers_own_renewal_is_seen_and_switched_off() {
    let sandbox = start();
    let remote = called(&sandbox);
    let mut client = client(&sandbox);
    let on = json!({ "renew": { "automatic": true } });
    assert_eq!(client.put(&format!("/vps/{VPS}/serviceInfos"), &on).unwrap().0, 200);
    let vps = vps_now(&*remote);
    assert_eq!(vps.stand.native, Native::On);
    for _ in 0..2 {
        done(remote.switch_native_off(&vps)).expect("is switched");
        assert_eq!(sight(&*remote, &vps).stand.native, Native::Off);
    }
    assert_eq!(vps_now(&*remote).period, vps.period);
    // What is to end is not brought back, and not renewed.
    let ends = json!({ "renew": { "deleteAtExpiration": true } });
    assert_eq!(client.put(&format!("/vps/{VPS}/serviceInfos"), &ends).unwrap().0, 200);
    done(remote.switch_native_off(&vps)).expect("is off");
    assert!(matches!(sight(&*remote, &vps).stand.standing, Standing::Blocked(_)));
}

#[test]
fn expired_services_are_still_there() {
    let sandbox = start();
    let remote = called(&sandbox);
    done(remote.switch_native_off(&vps_now(&*remote))).expect("is off");
    sandbox.advance("P22D").unwrap();
    let vps = vps_now(&*remote);
    assert!(vps.stand.expires_at < sandbox.ledger().unwrap()["now"].as_str().unwrap().parse().unwrap());
    let ask = ask(&*remote, &vps, "P1M", "token");
    let order = placed(done(remote.order(&ask)));
    assert!(matches!(done(remote.pay(&ask, &order)), Outcome::Paid(_)));
    assert_eq!(until(&sandbox, VPS), ask.offer.until.to_string());
    let charges = done(remote.charges(NOW.parse().unwrap())).expect("tells");
    assert_eq!(charges.len(), 1, "a late renewal is one: {charges:?}");
}

/// The sandbox's clock, seen by somebody whose own goes wrong.
struct Wrong(SandboxClock, SignedDuration);

impl Clock for Wrong {
    fn now(&self) -> Timestamp {
        self.0.now() + self.1
    }
}

/// A clock that stands still.
struct Still(Timestamp);

impl Clock for Still {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// An account with these keys, on a machine whose clock is ahead by so much.
fn made(sandbox: &Sandbox, keys: &[(&str, String)], ahead: SignedDuration) -> (Arc<dyn Remote>, Arc<Network>) {
    made_at(sandbox, keys, Arc::new(Wrong(SandboxClock(sandbox.pages()), ahead)))
}

/// The same, by a clock.
fn made_at(sandbox: &Sandbox, keys: &[(&str, String)], clock: Arc<dyn Clock>) -> (Arc<dyn Remote>, Arc<Network>) {
    let mut credentials = Credentials::default();
    for (name, text) in keys {
        credentials.set(name, text);
    }
    let network = Arc::new(Network::default());
    let ports = CallPorts { client: Arc::clone(&network) as _, clock, timer: Arc::new(NoTimer) };
    let settings = CallSettings {
        url: Some(format!("{}/1.0", sandbox.ovh())),
        credentials,
        requests_per_minute: std::num::NonZeroU32::new(600_000),
        ..CallSettings::default()
    };
    let dialect = Dialect::named("ovh").expect("is a dialect");
    let remote = (dialect.call.make)(ProviderName::parse("ovh").unwrap(), settings, ports).expect("is called so");
    (remote, network)
}

/// The keys of the demo's customer.
fn demo_keys(sandbox: &Sandbox) -> [(&'static str, String); 3] {
    let environment = sandbox.env().expect("prints");
    [
        ("application_key", environment["OVH_APPLICATION_KEY"].clone()),
        ("application_secret", environment["OVH_APPLICATION_SECRET"].clone()),
        ("consumer_key", environment["OVH_CONSUMER_KEY"].clone()),
    ]
}

#[test]
fn wrong_keys_are_refused_and_stay_secret() {
    const SECRET: &str = "hunter2hunter2hunter2hunter2";
    let sandbox = start();
    let known = called(&sandbox);
    let ask = ask(&*known, &vps_now(&*known), "P1M", "token");
    for wrong in 0..3 {
        let mut keys = demo_keys(&sandbox);
        keys[wrong].1 = SECRET.to_owned();
        let (remote, _) = made(&sandbox, &keys, SignedDuration::ZERO);
        let error = done(remote.introduce()).expect_err("is refused");
        assert!(matches!(error, CallError::Refused { .. }) && !error.to_string().contains(SECRET), "{error}");
        let outcome = done(remote.order(&ask));
        assert!(matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
        assert!(!format!("{outcome:?}").contains(SECRET), "{outcome:?}");
    }
    assert_eq!(rows(&sandbox, "orders").len(), 0);
}

#[test]
fn a_clock_that_is_wrong_is_made_up_for() {
    let sandbox = start();
    for ahead in [seconds(-86_400), seconds(-300), seconds(1), seconds(3_600), seconds(86_400)] {
        let (remote, _) = made(&sandbox, &demo_keys(&sandbox), ahead);
        let told = done(remote.introduce()).expect("is let in").ahead.expect("is told");
        assert!((told + ahead).abs() <= seconds(1), "{told} for {ahead}");
        assert_eq!(inventory(&*remote).len(), 3);
    }
    // While it is called, the provider's clock moves and ours does not.
    let still = Arc::new(Still(SandboxClock(sandbox.pages()).now()));
    let (remote, network) = made_at(&sandbox, &demo_keys(&sandbox), still);
    let ask = ask(&*remote, &vps_now(&*remote), "P1M", "token");
    let mark = sight(&*remote, &vps_now(&*remote)).watermark;
    sandbox.advance("PT10M").unwrap();
    // What was sent once is not sent again: the code may also be that of a call that took too long.
    assert!(matches!(done(remote.order(&ask)), Outcome::Unknown { .. }));
    assert_eq!(found(&*remote, &ask, &mark, None), Finding::Nothing);
    placed(done(remote.order(&ask)));
    sandbox.advance("PT10M").unwrap();
    assert_eq!(inventory(&*remote).len(), 3);
    let times = network.take().iter().filter(|request| request.uri().path().ends_with("/auth/time")).count();
    assert_eq!(times, 3, "once, and after each jump");
}

#[test]
fn an_oauth2_client_orders_and_pays() {
    let sandbox = start();
    let body = json!({ "callbackUrls": [], "flow": "CLIENT_CREDENTIALS", "name": "buyer", "description": "renews" });
    let (status, given) = client(&sandbox).post("/me/api/oauth2/client", &body).unwrap();
    assert_eq!(status, 200, "{given}");
    let text = |name: &str| given[name].as_str().expect("is told").to_owned();
    let keys = [("client_id", text("clientId")), ("client_secret", text("clientSecret"))];
    let (remote, network) = made(&sandbox, &keys, SignedDuration::ZERO);
    assert_eq!(done(remote.introduce()).expect("is let in").lacks, [""; 0]);
    let ask = ask(&*remote, &vps_now(&*remote), "P1M", "token");
    let order = placed(done(remote.order(&ask)));
    // The token ends meanwhile.
    sandbox.advance("PT2H").unwrap();
    assert!(matches!(done(remote.pay(&ask, &order)), Outcome::Paid(_)));
    assert_eq!(until(&sandbox, VPS), ask.offer.until.to_string());
    let tokens = network.take().iter().filter(|request| request.uri().path() == "/auth/oauth2/token").count();
    assert_eq!(tokens, 2);
}

#[test]
fn links_and_passwords_are_not_kept() {
    let sandbox = start();
    let remote = called(&sandbox);
    let ask = ask(&*remote, &vps_now(&*remote), "P1M", "token");
    let order = placed(done(remote.order(&ask)));
    let (_, shown) = client(&sandbox).get(&format!("/me/order/{}", order.id)).unwrap();
    let password = shown["password"].as_str().expect("has a password");
    let seen = format!("{order:?} {:?}", sight(&*remote, &vps_now(&*remote)));
    assert!(!seen.contains(password) && !seen.contains("http"), "{seen}");
}
