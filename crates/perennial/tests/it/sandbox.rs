//! The sandbox itself: how it starts, its clock, its faults, and what it shows about itself.

use std::net::TcpListener;
use std::process::{Command, Output};
use std::thread;
use std::time::Duration;

use perennial_engine::clock::Stopwatch;
use perennial_testkit::http::Response;
use perennial_testkit::{Env, OvhClient, Sandbox, clients, http, process, sandbox};
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_perennial");

/// The demo services expire twenty days later.
const NOW: &str = "2026-11-22T12:00:00Z";

const VPS: i64 = 112_233;
const VPS_INFOS: &str = "/vps/vps112233.ovh.net/serviceInfos";

/// A sandbox on a day of its own, and a client with the keys of the demo's customer.
struct World {
    sandbox: Sandbox,
    client: OvhClient,
}

impl World {
    fn start() -> Self {
        Self::of(Sandbox::options(BINARY).now(NOW).start().unwrap())
    }

    fn of(sandbox: Sandbox) -> Self {
        let client = OvhClient::from_env(&sandbox.env().unwrap()).unwrap();
        Self { sandbox, client }
    }

    /// Asks the control API; what it answers.
    fn control(&self, method: &str, what: &str, body: &str) -> Response {
        http::send(method, &format!("{}/_sandbox/{what}", self.sandbox.pages()), &[], body.as_bytes()).unwrap()
    }

    /// What the control API shows.
    fn shown(&self, what: &str) -> Value {
        let answer = self.control("GET", what, "");
        assert_eq!((answer.status, answer.header("Content-Type")), (200, Some("application/json")), "{what}");
        answer.json().unwrap()
    }

    fn arm(&self, operation: &str, fault: &str, count: u32) {
        self.sandbox.arm("ovh", operation, fault, count).unwrap();
    }

    fn renew(&mut self) -> Option<Response> {
        renew(&mut self.client)
    }

    fn place(&mut self) -> i64 {
        order_of(&self.renew().expect("is answered"))
    }

    fn pay(&mut self, order: i64) -> Option<Response> {
        let body = json!({ "paymentMean": "paypal", "paymentMeanId": 1234 });
        self.client.call("POST", &format!("/me/order/{order}/payWithRegisteredPaymentMean"), &body.to_string()).ok()
    }

    fn get(&mut self, path: &str) -> Value {
        let (status, body) = self.client.get(path).unwrap();
        assert_eq!(status, 200, "GET {path}: {body}");
        body
    }

    /// How many orders and payments there are, with books without a finding.
    fn counted(&self) -> (usize, usize) {
        let ledger = self.sandbox.ledger().unwrap();
        assert_eq!(ledger["audit"]["findings"], json!([]));
        let count = |list: &str| ledger[list].as_array().unwrap().len();
        assert_eq!(count("payments"), count("extensions"));
        assert_eq!(count("payments"), count("invoices"));
        (count("orders"), count("payments"))
    }
}

/// Asks to renew the VPS for a month; none when the connection was cut.
fn renew(client: &mut OvhClient) -> Option<Response> {
    let body = json!({ "duration": "P1M", "services": [VPS], "dryRun": false });
    client.call("POST", &format!("/service/{VPS}/renew"), &body.to_string()).ok()
}

/// Asks to renew the VPS from so many clients at once, does something meanwhile, and tells the statuses, each 0 where
/// the connection was cut.
fn renew_at_once(env: &Env, calls: usize, meanwhile: impl FnOnce()) -> Vec<u16> {
    thread::scope(|scope| {
        let call = || renew(&mut OvhClient::from_env(env).unwrap()).map_or(0, |answer| answer.status);
        let calls: Vec<_> = (0..calls).map(|_| scope.spawn(call)).collect();
        meanwhile();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    })
}

fn order_of(placed: &Response) -> i64 {
    assert_eq!(placed.status, 200, "{}", placed.text());
    placed.json().unwrap()["orderId"].as_i64().unwrap()
}

/// Runs `perennial sandbox` with arguments that end it by itself.
fn run(args: &[&str]) -> Output {
    Command::new("timeout").args(["60", BINARY, "sandbox"]).args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn its_environment_is_fixed_and_every_port_moves_together() {
    let printed = run(&["--print-env"]);
    assert!(printed.status.success() && printed.stderr.is_empty(), "{printed:?}");
    insta::assert_snapshot!(text(&printed.stdout), @r"
    export OVH_ENDPOINT=http://127.0.0.1:8401/1.0
    export OVH_APPLICATION_KEY=demoOvhApp111111
    export OVH_APPLICATION_SECRET=demoOvhSecret1111111111111111111
    export OVH_CONSUMER_KEY=demoOvhConsumer11111111111111111
    export VPSBG_URL=http://127.0.0.1:8402/v1
    export VPSBG_TOKEN=demo-vpsbg-token-111111111111111111111111
    export HOSTUP_URL=http://127.0.0.1:8403
    export HOSTUP_TOKEN=demo-hostup-token-11111111111111111111111
    export ALIYUN_ENDPOINT=127.0.0.1:8404
    export ALIBABA_CLOUD_ACCESS_KEY_ID=demoAliyunKey11111111111
    export ALIBABA_CLOUD_ACCESS_KEY_SECRET=demoAliyunSecret11111111111111
    ");
    let moved = run(&["--print-env", "--port-base", "9400"]);
    assert_eq!(text(&moved.stdout), text(&printed.stdout).replace(":840", ":940"));
    let secure = run(&["--print-env", "--tls", "never-made"]);
    assert_eq!(text(&secure.stdout), text(&printed.stdout).replace("http:", "https:"));
    assert!(!std::path::Path::new("never-made").exists(), "printing makes nothing");
}

#[test]
fn it_says_where_each_dialect_is_and_each_answers_there() {
    let World { sandbox, .. } = World::start();
    let index = http::get(&sandbox.pages()).unwrap().text();
    let port = sandbox.port_base();
    for (offset, name, title, root, unknown) in [
        (1, "ovh", "OVHcloud", "/1.0", "/no/such/thing"),
        (2, "vpsbg", "VPSBG", "/v1", "/no/such/thing"),
        (3, "hostup", "HostUp", "/api/v2", "/no/such/thing"),
        (4, "aliyun", "Alibaba Cloud", "", "/?Action=NoSuchThing&Version=2014-05-26&Format=JSON"),
    ] {
        let url = format!("http://127.0.0.1:{}{root}", port + offset);
        assert!(sandbox.log().contains(&format!("  {title:<13} {url}\n")), "{}", sandbox.log());
        assert!(index.contains(&format!("<dt>{title}</dt><dd><code>{url}</code></dd>")), "{index}");
        let answer = http::get(&format!("{url}{unknown}")).unwrap();
        assert_eq!(answer.status, 404, "{name}: {}", answer.text());
        assert!(answer.json().unwrap().is_object(), "{name} says so in its own words");
        sandbox.arm(name, "renew", "server-error", 1).unwrap();
    }
}

#[test]
fn the_catalogue_has_what_the_documentations_examples_name() {
    let World { sandbox, .. } = World::start();
    let ledger = sandbox.ledger().unwrap();
    let services: Vec<_> = ledger["services"]
        .as_array()
        .unwrap()
        .iter()
        .map(|service| {
            let text = |field: &str| service[field].as_str().unwrap().to_owned();
            format!("{} {} {} {} {}", service["id"], text("account"), text("product"), text("name"), text("period"))
        })
        .collect();
    insta::assert_snapshot!(services.join("\n"), @"
    12345 xx11111-ovh domain-ovh example.ovh P1Y
    67890 xx11111-ovh hosting-perso-2014 example.cluster001.hosting.ovh.net P1Y
    112233 xx11111-ovh vps-value-1-2-40 vps112233.ovh.net P1M
    22222 xx22222-ovh domain-ovh another.ovh P1Y
    33333 xx33333-ovh vps-value-1-2-40 vps333333.ovh.net P1M
    33334 xx33333-ovh vps-value-1-2-40 vps333334.ovh.net P1M
    33335 xx33333-ovh domain-ovh ending.ovh P1Y
    33336 xx33333-ovh vps-value-1-2-40 vps333336.ovh.net P1M
    602 demo-vpsbg floating-ipv4 87.120.37.46 P1M
    2904 demo-vpsbg cloud-vps-2gb ubuntu-2gb P1M
    2905 demo-vpsbg cpanel-pro-30 cPanel of ubuntu-2gb P1M
    3321 demo-vpsbg cloud-vps-2gb debian-2gb P1M
    4101 demo-vpsbg-other cloud-vps-2gb shop-2gb P1M
    5001 demo-hostup domain-se example.se P1Y
    5101 demo-hostup web-start www.example.se P1Y
    5102 demo-hostup extra-storage extra storage of www.example.se P1Y
    5201 demo-hostup vps-s srv1.example.se P1M
    5202 demo-hostup vps-backup backup of srv1.example.se P1M
    5091 demo-hostup-other domain-se nyberg.se P1Y
    6001 demo-aliyun ecs.g6.large i-bp67acfmxazb4p0001 P1M
    6002 demo-aliyun ecs.g6.large-payg i-bp67acfmxazb4p0002 P1M
    6003 demo-aliyun ecs.g6.large i-bp67acfmxazb4p0003 P1M
    6004 demo-aliyun swas.s.c2m2s50b3 2ad1ae67295445f598017499dc891234 P1M
    6101 demo-aliyun-other ecs.g6.large i-bp67acfmxazb4p0101 P1M
    ");
    let balances: Vec<_> = ledger["accounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|account| format!("{} {}", account["code"].as_str().unwrap(), account["balance"]["amount"]))
        .collect();
    insta::assert_snapshot!(balances.join("\n"), @r#"
    xx11111-ovh "100.00"
    xx22222-ovh "0.00"
    xx33333-ovh "0.00"
    demo-vpsbg "500.00"
    demo-vpsbg-other "0.00"
    demo-hostup "500.00"
    demo-hostup-other "0.00"
    demo-aliyun "0.00"
    demo-aliyun-other "0.00"
    "#);
    assert_eq!(ledger["audit"]["findings"], json!([]));
}

#[test]
fn its_clock_is_read_moved_and_set_both_ways() {
    let mut world = World::of(Sandbox::options(BINARY).now(NOW).arg("--no-schedule").start().unwrap());
    assert_eq!(world.shown("clock")["now"].as_str().map(|now| &now[..16]), Some("2026-11-22T12:00"));
    for (body, at) in [
        (json!({ "advance": "P40D" }), "2027-01-01T12:00"),
        (json!({ "advance": "-P40D" }), "2026-11-22T12:00"),
        (json!({ "advance": "PT90M" }), "2026-11-22T13:30"),
        (json!({ "now": "2031-01-31T00:00:00+01:00" }), "2031-01-30T23:00"),
        (json!({ "advance": "P1M" }), "2031-02-28T23:00"),
        (json!({ "now": "2020-02-29T00:00:00Z" }), "2020-02-29T00:00"),
        (json!({ "advance": "P1Y", "now": null }), "2021-02-28T00:00"),
    ] {
        let answer = world.control("POST", "clock", &body.to_string());
        let moved = answer.json().unwrap();
        assert_eq!((answer.status, moved["now"].as_str().map(|now| &now[..16])), (200, Some(at)), "{body}");
        let seconds = moved["now"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap().as_second();
        assert!((seconds..seconds + 60).contains(&world.client.server_time().unwrap()), "the dialect follows");
        assert_eq!(world.shown("clock")["aheadS"], moved["aheadS"]);
    }
}

#[test]
fn what_is_wrong_with_a_move_of_the_clock_is_named_and_moves_nothing() {
    const TOO_FAR: &str =
        "the clock cannot be moved there: one move leads at most 10 years ahead, and none out of the calendar";
    let world = World::start();
    let before = world.shown("clock")["aheadS"].clone();
    for (body, field, said) in [
        ("{}", "advance", "one of `advance` and `now` must be given"),
        (r#"{"advance":"P1D","now":"2027-01-01T00:00:00Z"}"#, "now", "only one of `advance` and `now` can be given"),
        (r#"{"advance":"tomorrow"}"#, "advance", "`tomorrow` is not a span such as `P40D` or `PT6H`"),
        (r#"{"advance":""}"#, "advance", "`` is not a span such as `P40D` or `PT6H`"),
        (r#"{"advance":40}"#, "advance", "`advance` is a string"),
        (r#"{"advance":"P9999Y"}"#, "advance", TOO_FAR),
        (r#"{"advance":"P10YT1H"}"#, "advance", TOO_FAR),
        (r#"{"now":"2036-11-22T13:00:00Z"}"#, "now", TOO_FAR),
        (r#"{"now":"2027-01-01"}"#, "now", "`2027-01-01` is not an instant such as `2027-01-01T00:00:00Z`"),
        (
            r#"{"now":"2027-02-30T00:00:00Z"}"#,
            "now",
            "`2027-02-30T00:00:00Z` is not an instant such as `2027-01-01T00:00:00Z`",
        ),
        (r#"{"now":1798761600}"#, "now", "`now` is a string"),
        (r#"{"to":"P1D"}"#, "", "`to` is not a field here; the fields are `advance`, `now`"),
        ("", "", "the body is not a JSON object"),
        (r#"["P1D"]"#, "", "the body is not a JSON object"),
        ("advance=P1D", "", "the body is not a JSON object"),
    ] {
        let answer = world.control("POST", "clock", body);
        assert_eq!((answer.status, answer.header("Content-Type")), (400, Some("application/problem+json")), "{body}");
        let problem = answer.json().unwrap();
        assert_eq!((&problem["status"], problem["field"].as_str().unwrap_or_default()), (&json!(400), field), "{body}");
        assert!(problem["type"].as_str().is_some_and(|kind| kind.starts_with("urn:perennial:problem:")), "{problem}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(if field.is_empty() { detail.contains(said) } else { detail == said }, "{body}: {problem}");
    }
    for (method, what, status) in
        [("PUT", "clock", 405), ("DELETE", "clock", 405), ("POST", "ledger", 405), ("GET", "time", 404)]
    {
        let answer = world.control(method, what, "");
        assert_eq!((answer.status, &answer.json().unwrap()["status"]), (status, &json!(status)), "{method} {what}");
        assert_eq!(answer.header("Allow").is_some(), status == 405, "{method} {what}");
    }
    assert_eq!(world.shown("clock")["aheadS"], before);
}

#[test]
fn orders_live_and_lapse_by_its_clock() {
    let mut world = World::start();
    let order = world.place();
    let status = format!("/me/order/{order}/status");
    world.sandbox.set_clock("2026-11-23T11:59:00Z").unwrap();
    assert_eq!(world.get(&status), "notPaid", "it can be paid for a day");
    world.sandbox.set_clock("2026-11-23T12:02:00Z").unwrap();
    assert_eq!(world.get(&status), "cancelled");
    let late = world.pay(order).unwrap();
    assert_eq!((late.status, &late.json().unwrap()["message"]), (409, &json!(format!("Order {order} has lapsed"))));
    assert_eq!(world.counted(), (1, 0));

    let next = world.place();
    assert_ne!(next, order, "a lapsed order makes room");
    assert_eq!(
        world.get(&format!("/me/order/{next}"))["date"].as_str().map(|date| &date[..16]),
        Some("2026-11-23T13:02")
    );
    assert_eq!(world.pay(next).unwrap().status, 200);
    assert_eq!(world.counted(), (2, 1));
}

#[test]
fn signatures_and_tokens_age_by_its_clock() {
    let world = World::start();
    let env = world.sandbox.env().unwrap();
    let time = OvhClient::from_env(&env).unwrap().server_time().unwrap();
    let mut signed = OvhClient::from_env(&env).unwrap().at(time);
    let grant = "grant_type=client_credentials&client_id=EU.demo111111111111\
                 &client_secret=demoOvhClientSecret1111111111111&scope=all";
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let token_url = format!("{}/auth/oauth2/token", world.sandbox.ovh());
    let token = http::send("POST", &token_url, &form, grant.as_bytes()).unwrap().json().unwrap();
    let bearer = format!("Bearer {}", token["access_token"].as_str().unwrap());
    let me = format!("{}/v1/me", world.sandbox.ovh());
    let by_token = || http::send("GET", &me, &[("Authorization", &bearer)], b"").unwrap().status;
    assert_eq!((signed.get("/me").unwrap().0, by_token()), (200, 200));
    world.sandbox.advance("PT5M").unwrap();
    let (status, refused) = signed.get("/me").unwrap();
    assert_eq!((status, &refused["errorCode"]), (400, &json!("QUERY_TIME_OUT")), "{refused}");
    assert_eq!(by_token(), 200);
    world.sandbox.advance("PT55M").unwrap();
    assert!([401, 403].contains(&by_token()), "a token ends after an hour: {}", by_token());
    world.sandbox.set_clock(NOW).unwrap();
    assert_eq!((signed.get("/me").unwrap().0, by_token()), (200, 200));
}

#[test]
fn a_restart_keeps_ledger_clock_and_keys() {
    let mut world = World::of(Sandbox::start(BINARY).unwrap());
    let order = world.place();
    let moved = world.sandbox.advance("PT20H").unwrap();
    let before = world.sandbox.ledger().unwrap();
    world.sandbox.restart().unwrap();
    let ahead = &world.shown("clock")["aheadS"];
    assert!((ahead.as_i64().unwrap() - moved["aheadS"].as_i64().unwrap()).abs() <= 1, "{ahead}");
    let after = world.sandbox.ledger().unwrap();
    for list in ["accounts", "methods", "services", "orders", "transfers"] {
        assert_eq!(after[list], before[list], "{list}");
    }
    assert_eq!(world.get(&format!("/me/order/{order}/status")), "notPaid");
    world.sandbox.kill_hard().unwrap();
    world.sandbox.restart().unwrap();
    world.sandbox.advance("PT5H").unwrap();
    assert_eq!(world.get(&format!("/me/order/{order}/status")), "cancelled");
}

#[test]
fn a_restart_with_an_instant_moves_the_clock_there() {
    let mut world = World::start();
    let order = world.place();
    world.sandbox.restart_at("2026-11-25T12:00:00Z").unwrap();
    assert_eq!(world.shown("clock")["now"].as_str().map(|now| &now[..16]), Some("2026-11-25T12:00"));
    assert_eq!(world.get(&format!("/me/order/{order}/status")), "cancelled");
}

#[test]
fn a_request_that_is_lost_did_nothing() {
    let mut world = World::start();
    world.arm("renew", "request-lost", 2);
    assert!(world.renew().is_none() && world.renew().is_none(), "the connection is cut");
    assert_eq!(world.counted(), (0, 0));
    let order = world.place();
    world.arm("pay", "request-lost", 1);
    assert!(world.pay(order).is_none());
    assert_eq!(world.counted(), (1, 0));
    assert_eq!(world.pay(order).unwrap().status, 200);
    world.arm("service-infos", "request-lost", 1);
    assert!(world.client.get(VPS_INFOS).is_err());
    assert_eq!(world.get(VPS_INFOS)["expiration"], "2027-01-12");
    assert_eq!(world.counted(), (1, 1));
}

#[test]
fn a_reply_that_is_lost_leaves_what_was_done_and_the_same_request_adopts_it() {
    let mut world = World::start();
    world.arm("renew", "reply-lost", 1);
    assert!(world.renew().is_none(), "the connection is cut");
    let ledger = world.sandbox.ledger().unwrap();
    let placed = ledger["orders"][0]["id"].as_i64().unwrap();
    assert_eq!(world.place(), placed);
    assert_eq!(world.counted(), (1, 0));
    world.arm("pay", "reply-lost", 1);
    assert!(world.pay(placed).is_none());
    assert_eq!(world.counted(), (1, 1));
    let again = world.pay(placed).unwrap();
    assert_eq!(again.json().unwrap()["message"], format!("Order {placed} is already paid"));
    assert_eq!((again.status, world.counted()), (409, (1, 1)));
    world.arm("service-infos", "reply-lost", 1);
    assert!(world.client.get(VPS_INFOS).is_err());
    assert_eq!(world.get(VPS_INFOS)["expiration"], "2027-01-12", "it was extended once");
}

#[test]
fn a_failing_and_a_limiting_provider_answer_in_the_dialects_words_and_do_nothing() {
    let mut world = World::start();
    let order = world.place();
    for (fault, status, class, retry_after) in [
        ("server-error", 500, "Server::InternalServerError", None),
        ("rate-limited", 429, "Client::TooManyRequests", Some("1")),
    ] {
        world.arm("renew", fault, 1);
        world.arm("pay", fault, 1);
        world.arm("service-infos", fault, 1);
        for answer in
            [world.renew().unwrap(), world.pay(order).unwrap(), world.client.call("GET", VPS_INFOS, "").unwrap()]
        {
            assert_eq!((answer.status, answer.header("Retry-After")), (status, retry_after), "{fault}");
            assert!(answer.header("X-Ovh-QueryID").is_some(), "{fault}: {:?}", answer.headers);
            let body = answer.json().unwrap();
            assert_eq!(body["class"], class);
            assert!(
                body["message"].is_string()
                    && body["httpCode"].as_str().is_some_and(|code| code.starts_with(&status.to_string())),
                "{body}"
            );
        }
        assert_eq!(world.counted(), (1, 0), "{fault}");
        assert_eq!(world.place(), order, "{fault} is over");
    }
    assert_eq!(world.shown("faults"), json!({ "faults": [] }));
}

#[test]
fn a_slow_call_takes_its_time_and_is_carried_out() {
    let mut world = World::start();
    let slow = json!({ "provider": "ovh", "operation": "renew", "fault": "slow", "count": 1, "delay_ms": 400 });
    assert_eq!(world.control("POST", "faults", &slow.to_string()).status, 200);
    let watch = Stopwatch::start();
    let order = world.place();
    assert!(watch.elapsed() >= Duration::from_millis(400), "{:?}", watch.elapsed());
    assert_eq!((world.place(), world.counted()), (order, (1, 0)));
}

#[test]
fn reads_lag_for_exactly_as_many_calls_as_asked() {
    let mut world = World::start();
    world.arm("service-infos", "not-yet-visible", 3);
    let order = world.place();
    assert_eq!(world.pay(order).unwrap().status, 200);
    let seen: Vec<_> = (0..5).map(|_| world.get(VPS_INFOS)["expiration"].clone()).collect();
    assert_eq!(seen, ["2026-12-12", "2026-12-12", "2026-12-12", "2027-01-12", "2027-01-12"]);

    // An order that was placed is not seen by a lagging read, nor paid through one.
    world.arm("order-status", "not-yet-visible", 1);
    let next = world.place();
    let (status, body) = world.client.get(&format!("/me/order/{next}/status")).unwrap();
    assert_eq!((status, &body["class"]), (404, &json!("Client::NotFound")));
    assert_eq!(world.get(&format!("/me/order/{next}/status")), "notPaid");
    world.arm("renew", "not-yet-visible", 1);
    assert_eq!(world.place(), next, "a lagging read makes no second order");
    assert_eq!(world.counted(), (2, 1));
}

#[test]
fn faults_act_on_the_first_calls_however_many_come_at_once() {
    const CALLS: usize = 12;
    let world = World::start();
    world.arm("renew", "request-lost", 5);
    world.arm("renew", "rate-limited", 4);
    let armed = json!([
        { "provider": "ovh", "operation": "renew", "fault": "request-lost", "left": 5 },
        { "provider": "ovh", "operation": "renew", "fault": "rate-limited", "left": 4 },
    ]);
    assert_eq!(world.shown("faults")["faults"], armed);
    let mut statuses = renew_at_once(&world.sandbox.env().unwrap(), CALLS, || ());
    statuses.sort_unstable();
    assert_eq!(statuses, [[0; 5].as_slice(), &[200; 3], &[429; 4]].concat());
    assert_eq!((world.shown("faults")["faults"].clone(), world.counted()), (json!([]), (1, 0)));
}

#[test]
fn faults_in_unknown_words_are_refused_with_those_that_are_known() {
    let world = World::start();
    for (body, field, allowed) in [
        (json!({ "provider": "acme", "operation": "renew", "fault": "slow" }), "provider", "`ovh`"),
        (json!({ "provider": "ovh", "operation": "reboot", "fault": "slow" }), "operation", "`pay`, "),
        (json!({ "provider": "ovh", "operation": "renew" }), "fault", "`request-lost`, `reply-lost`, `server-error`"),
        (json!({ "provider": "ovh", "operation": "renew", "fault": "fire" }), "fault", "`not-yet-visible`"),
        (json!({ "provider": "ovh", "operation": "renew", "fault": "slow", "count": "2" }), "count", "from 1"),
        (json!({ "provider": "ovh", "operation": "renew", "fault": "slow", "count": 1.5 }), "count", "from 1"),
    ] {
        let answer = world.control("POST", "faults", &body.to_string());
        let problem = answer.json().unwrap();
        assert_eq!((answer.status, &problem["field"]), (400, &json!(field)), "{body}: {problem}");
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(allowed)), "{problem}");
    }
    assert_eq!(world.shown("faults"), json!({ "faults": [] }));
    world.arm("renew", "slow", 3);
    assert_eq!(world.control("DELETE", "faults", "").json().unwrap(), json!({ "faults": [] }));
    assert_eq!(world.shown("faults"), json!({ "faults": [] }));
}

#[test]
fn its_ledger_and_outbox_show_the_truth() {
    let mut world = World::start();
    let order = world.place();
    assert_eq!(world.pay(order).unwrap().status, 200);
    assert_eq!(world.client.post("/vps/vps112233.ovh.net/terminate", &Value::Null).unwrap().0, 200);
    let ledger = world.shown("ledger");
    let amount = |minor: i64, amount: &str| json!({ "amount": amount, "minor": minor, "currency": "EUR" });
    let row = |list: &str| ledger[list].as_array().unwrap().last().unwrap();
    assert_eq!(row("orders")["gross"], amount(719, "7.19"));
    assert_eq!((&row("orders")["state"], &row("payments")["kind"]), (&json!("fulfilled"), &json!("paypal")));
    assert_eq!(
        *row("extensions"),
        json!({ "account": "xx11111-ovh", "service": VPS, "from": "2026-12-12", "until": "2027-01-12", "order": order })
    );
    assert_eq!((&row("invoices")["number"], &row("invoices")["order"]), (&json!("FR00000001"), &json!(order)));
    let vps = ledger["services"].as_array().unwrap().iter().find(|service| service["id"] == VPS).unwrap();
    assert_eq!(
        (&vps["until"], &vps["lifecycle"], &vps["gate"]),
        (&json!("2027-01-12"), &json!("active"), &json!("open"))
    );
    let account = &ledger["accounts"][0];
    assert_eq!((&account["code"], &account["balance"]), (&json!("xx11111-ovh"), &amount(10_000, "100.00")));
    let of_others = ["demo-vpsbg", "demo-hostup", "demo-aliyun"];
    let has = |code: &&str| ledger["accounts"].as_array().unwrap().iter().any(|account| account["code"] == *code);
    assert!(of_others.iter().all(has), "the ledger shows every account");
    assert!(!ledger.to_string().contains("password"), "no password");

    let outbox = world.shown("outbox");
    let notice = &outbox["notices"][0];
    assert_eq!(
        (&notice["kind"], &notice["account"], &notice["to"], &notice["service"], &notice["name"]),
        (
            &json!("termination-requested"),
            &json!("xx11111-ovh"),
            &json!("xx11111-ovh@example.net"),
            &json!(VPS),
            &json!("vps112233.ovh.net")
        )
    );
    assert!(notice["token"].as_str().is_some_and(|token| token.len() >= 16));
    assert_eq!(outbox["notices"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_hundred_thousand_more_services_are_there_within_the_start() {
    let options = Sandbox::options(BINARY).now(NOW).arg("--seed-services").arg("100000");
    let mut world = World::of(options.start().unwrap());
    world.client.application_key = "seedOvhApp000001".to_owned();
    world.client.application_secret = format!("seedOvhSecret{:019}", 1);
    world.client.consumer_key = format!("seedOvhConsumer{:017}", 1);
    let services = world.get("/service");
    assert_eq!(services.as_array().map(Vec::len), Some(100_000 / 16));
    let id = services[17].as_i64().unwrap();
    assert_eq!(world.get(&format!("/service/{id}/renew"))[0]["strategies"][0]["price"]["text"], "49.99 €");
    let page = http::get(&format!("{}/?account=seed-16&page=63", world.sandbox.pages())).unwrap();
    assert!(page.text().contains("6201 to 6250 of 6250"), "{}", page.text());
}

/// A Python that trusts the certificates in `ca.pem` as strictly as Python can, and gets a URL.
const GET_STRICTLY: &str = "
import ssl, sys, urllib.request
trust = ssl.create_default_context(cafile=sys.argv[1])
trust.verify_flags |= ssl.VERIFY_X509_STRICT
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust))
print(opener.open(sys.argv[2], timeout=30).read().decode())
";

#[test]
fn over_tls_its_authority_vouches_for_both_names_of_loopback_and_is_kept() {
    let mut sandbox = Sandbox::options(BINARY).tls().now(NOW).start().unwrap();
    let authority = sandbox.ca_file().unwrap();
    let made = std::fs::read(&authority).unwrap();
    let get = |url: &str, authority: &std::path::Path| {
        let python = clients::installed("venv/bin/python").unwrap();
        let args = [authority.as_os_str(), url.as_ref()];
        Command::new(python).env_clear().args(["-c", GET_STRICTLY]).args(args).output().unwrap()
    };
    let time = format!("{}/1.0/auth/time", sandbox.ovh());
    for url in [time.clone(), time.replace("127.0.0.1", "localhost")] {
        let answer = get(&url, &authority);
        assert!(answer.status.success(), "{url}: {}", text(&answer.stderr));
        assert!(text(&answer.stdout).starts_with("1795"), "{}", text(&answer.stdout));
    }
    let aliyun = get(&format!("{}/?Action=NoSuchThing&Version=2014-05-26", sandbox.aliyun()), &authority);
    assert!(text(&aliyun.stderr).contains("404"), "the other dialects speak TLS too: {}", text(&aliyun.stderr));
    assert!(http::get(&time.replace("https", "http")).is_err(), "plain HTTP is not spoken there");
    assert_eq!(http::get(&format!("{}/healthz", sandbox.pages())).unwrap().status, 200, "the pages are plain");

    sandbox.restart().unwrap();
    assert_eq!(std::fs::read(&authority).unwrap(), made);
    let other = Sandbox::options(BINARY).tls().start().unwrap();
    let untrusted = get(&format!("{}/1.0/auth/time", other.ovh()), &authority);
    assert!(text(&untrusted.stderr).contains("CERTIFICATE_VERIFY_FAILED"), "each authority vouches for its own");
}

#[test]
fn what_keeps_it_from_starting_is_told_with_what_to_do() {
    let base = sandbox::free_ports().unwrap();
    let taken = TcpListener::bind(("127.0.0.1", base + 1)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "not a folder").unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::write(data.join("clock"), "soon\n").unwrap();
    let (base, file, data) = (base.to_string(), file.to_str().unwrap(), data.to_str().unwrap());
    for (args, code, said) in [
        (vec!["--port-base", &base], 1, vec!["for ovh", "in use", "hint: "]),
        (vec!["--port-base", "0"], 2, vec!["--port-base"]),
        (vec!["--port-base", "65532"], 2, vec!["65531"]),
        (vec!["--now", "tomorrow"], 2, vec!["--now"]),
        (vec!["--seed-services", "many"], 2, vec!["--seed-services"]),
    ] {
        let ended = run(&args);
        assert_eq!(ended.status.code(), Some(code), "{args:?}: {ended:?}");
        assert!(said.iter().all(|said| text(&ended.stderr).contains(said)), "{args:?}: {}", text(&ended.stderr));
    }
    drop(taken);
    for (args, said) in [
        (["--data", file], vec!["making the folder", file]),
        (["--now", "9999-12-30T00:00:00Z"], vec!["recording the demo catalogue as of 9999-12-30"]),
        (["--data", data], vec!["clock", "hint: remove the file"]),
        (["--tls", file], vec!["making certificates in", file]),
    ] {
        let ended = run(&[["--port-base", &base].as_slice(), &args].concat());
        assert_eq!(ended.status.code(), Some(1), "{args:?}: {ended:?}");
        assert!(said.iter().all(|said| text(&ended.stderr).contains(said)), "{args:?}: {}", text(&ended.stderr));
    }
}

#[test]
fn asked_to_end_it_answers_what_it_has_begun() {
    const CALLS: usize = 8;
    let mut world = World::start();
    let slow = json!({ "provider": "ovh", "operation": "renew", "fault": "slow", "count": CALLS, "delay_ms": 1500 });
    assert_eq!(world.control("POST", "faults", &slow.to_string()).status, 200);
    let statuses = renew_at_once(&world.sandbox.env().unwrap(), CALLS, || {
        let begun = || Ok(world.shown("faults")["faults"].as_array().is_some_and(Vec::is_empty).then_some(()));
        process::until("every call has begun", begun).unwrap();
        world.sandbox.ask_to_end().unwrap();
    });
    assert_eq!(statuses, [200; CALLS]);
    assert!(world.sandbox.wait_for_end().unwrap().success());
    world.sandbox.restart().unwrap();
    assert_eq!(world.counted(), (1, 0));
}

#[test]
fn replies_are_dated_by_the_sandboxs_clock() {
    let world = World::start();
    for url in [format!("{}/healthz", world.sandbox.pages()), format!("{}/1.0/auth/time", world.sandbox.ovh())] {
        let answer = http::get(&url).unwrap();
        let date = answer.header("Date").unwrap_or_default();
        assert!(date.starts_with("Sun, 22 Nov 2026 12:0") && date.ends_with(" GMT"), "{url}: {date:?}");
    }
}

#[test]
fn a_request_for_a_token_can_meet_a_fault() {
    let world = World::start();
    world.arm("token", "server-error", 1);
    let url = format!("{}/auth/oauth2/token", world.sandbox.ovh());
    let ask = || http::send("POST", &url, &[], b"").unwrap();
    let (failed, refused) = (ask(), ask());
    assert_eq!((failed.status, refused.status), (500, 400));
    let id = failed.header("X-Ovh-QueryID").unwrap();
    let log = world.sandbox.log();
    assert!(log.contains(id), "a failure is found by the id that was told:\n{log}");
}

#[test]
fn a_ledger_that_is_no_sandboxs_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("perennial.db");
    let file = folder.path().join("shop.toml");
    let shop = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/shop.toml")).unwrap();
    std::fs::write(&file, shop.replace("xx11111-ovh", "somebody")).unwrap();
    let import = Command::new(BINARY).arg("--database").arg(&ledger).arg("import").arg(&file).output().unwrap();
    assert!(import.status.success(), "{}", String::from_utf8_lossy(&import.stderr));
    let refused = Command::new(BINARY).args(["sandbox", "--data"]).arg(folder.path()).output().unwrap();
    let told = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{told}");
    assert!(told.contains("is not a sandbox's"), "{told}");
    for written in ["clock", "master.key"] {
        assert!(!folder.path().join(written).exists(), "{written}");
    }
}
