//! Webhooks, from a notice in the ledger to a program that is told.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use perennial_testkit::{Env, Server, clients, process, sandbox};
use serde_json::{Value, json};

use crate::serve::{config, start};
use crate::shop::Shop;

/// Lets webhooks be on this machine.
pub const ALLOWED: &str = "\n[webhooks]\nallow_private = true\n";

/// What a program was sent: the event's id, its time, and the event.
pub type Sent = (String, i64, Value);

/// A program that is told of events, on a port of its own.
pub struct Program {
    pub url: String,
    answers: Arc<Mutex<VecDeque<Option<&'static str>>>>,
    sent: Arc<Mutex<Vec<Sent>>>,
}

impl Program {
    /// One that takes everything but the first few, which it answers with these lines, or with nothing at all.
    pub fn start(first: &[Option<&'static str>]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://127.0.0.1:{}/hook?key=hush", listener.local_addr().unwrap().port());
        let answers = Arc::new(Mutex::new(first.iter().copied().collect()));
        let sent = Arc::default();
        let program = Self { url, answers: Arc::clone(&answers), sent: Arc::clone(&sent) };
        thread::spawn(move || {
            let mut unanswered = Vec::new();
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                sent.lock().unwrap().push(read(&stream));
                match answers.lock().unwrap().pop_front().unwrap_or(Some("204 No Content")) {
                    Some(line) => {
                        let head = format!("HTTP/1.1 {line}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                        // Whoever asked may be gone.
                        let _ = (&stream).write_all(head.as_bytes());
                    }
                    None => unanswered.push(stream),
                }
            }
        });
        program
    }

    pub fn answers(&self, line: &'static str) {
        self.answers.lock().unwrap().push_back(Some(line));
    }

    pub fn sent(&self) -> Vec<Sent> {
        self.sent.lock().unwrap().clone()
    }

    /// Waits until it was sent so much.
    pub fn await_sent(&self, count: usize) -> Vec<Sent> {
        let enough = || Ok(Some(self.sent()).filter(|sent| sent.len() >= count));
        process::until("the program is told", enough).unwrap_or_else(|error| panic!("{error:#}: {:?}", self.sent()))
    }
}

fn read(stream: &TcpStream) -> Sent {
    let mut reader = BufReader::new(stream);
    let mut headers = BTreeMap::new();
    let mut line = String::new();
    while reader.read_line(&mut line).unwrap() > 2 {
        if let Some((name, value)) = line.split_once(':') {
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        line.clear();
    }
    let mut body = vec![0; headers["content-length"].parse().unwrap()];
    reader.read_exact(&mut body).unwrap();
    let at = headers["webhook-timestamp"].parse().unwrap();
    (headers["webhook-id"].clone(), at, serde_json::from_slice(&body).unwrap())
}

/// The row of a notice, by the columns of what it tells; caused so late that each webhook was there before.
pub fn notice(kind: &str, told: &[(&str, &str)]) -> String {
    let names: Vec<_> = told.iter().map(|(name, _)| *name).collect();
    let values: Vec<_> = told.iter().map(|(_, value)| format!("'{value}'")).collect();
    let (names, values) = (names.join(", "), values.join(", "));
    format!(
        "insert into notices (account_id, kind, caused_at, {names}) values (1, '{kind}', 4070908800000000, {values})"
    )
}

pub const SERVICE: [(&str, &str); 3] =
    [("service_id", "1001"), ("name", "vps1.example.net"), ("until_date", "2099-01-31")];
const ON: (&str, &str) = ("on_date", "2099-02-07");

fn sql(shop: &Shop, statements: &str) {
    let ledger = rusqlite::Connection::open(shop.database()).unwrap();
    ledger.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
    ledger.pragma_update(None, "foreign_keys", false).unwrap();
    ledger.execute_batch(statements).unwrap();
}

fn serve(shop: &Shop) -> Server {
    let port = sandbox::free_ports().unwrap();
    let file = shop.write("perennial.toml", &(config(port) + ALLOWED));
    start(shop, port, &file)
}

/// A shop whose configuration lets webhooks be on this machine, and a webhook in it; tells its id and secret.
fn shop_with(url: &str, more: &[&str]) -> (Shop, String, String) {
    let shop = Shop::open();
    shop.write("perennial.toml", ALLOWED);
    let added = shop.document(&[&["webhook", "add", url], more].concat());
    let text = |name: &str| added[name].as_str().unwrap().to_owned();
    let (id, secret) = (text("id"), text("secret"));
    (shop, id, secret)
}

fn list(shop: &Shop) -> Value {
    shop.document(&["webhook", "list"])
}

/// Waits until so many deliveries to the one webhook have come so far.
fn await_count(shop: &Shop, state: &str, count: u64) {
    let holds = || Ok((list(shop)[state] == count).then_some(()));
    process::until(state, holds).unwrap_or_else(|error| panic!("{error:#}: {}", list(shop)));
}

#[test]
fn every_kind_of_event_is_verified_by_the_library_of_standard_webhooks() {
    let port = sandbox::free_ports().unwrap();
    let (shop, _, secret) = shop_with(&format!("http://127.0.0.1:{port}/hook"), &[]);
    let order = shop.place("acme", 1001).to_string();
    let of_service = |more: &[(&'static str, &'static str)]| [SERVICE.as_slice(), more].concat();
    let order = ("order_id", order.as_str());
    let rows = [
        notice("termination-requested", &[SERVICE[0], SERVICE[1], ("token", "hush-hush")]),
        notice("expiring", &of_service(&[])),
        notice("ending", &of_service(&[])),
        notice("proposed", &[order, ON]),
        notice("method-ends", &[order, ("method_id", "1"), SERVICE[2], ON]),
        notice("paid", &[order]),
        notice("not-paid", &[order, ("reason", "insufficient-funds"), ON]),
        notice("expired", &of_service(&[ON])),
        notice("suspended", &of_service(&[ON])),
        notice("redemption", &of_service(&[ON])),
        notice("terminated", &of_service(&[])),
    ];
    sql(&shop, &rows.join(";\n"));
    let env =
        [("WEBHOOK_PORT", port.to_string()), ("WEBHOOK_SECRET", secret.clone()), ("WEBHOOK_EVENTS", "11".to_owned())];
    let env: Env = env.map(|(name, value)| (name.to_owned(), value)).into_iter().collect();
    let program = thread::spawn(move || clients::python("webhooks.py", &env));
    let server = serve(&shop);
    let seen = program.join().unwrap().unwrap_or_else(|error| panic!("{error:#}\n{}", server.log()));
    let events: BTreeMap<_, _> =
        seen["events"].as_object().unwrap().values().map(|event| (event["type"].as_str().unwrap(), event)).collect();
    assert_eq!(events.len(), 11, "{events:?}");
    let service = json!({ "id": 1001, "name": "vps1.example.net" });
    let data = json!({ "account": "acme", "service": service, "until": "2099-01-31", "on": "2099-02-07" });
    assert_eq!(events["service.expired"]["data"], data);
    assert_eq!(events["service.expired"]["timestamp"], "2099-01-01T00:00:00Z");
    let not_paid = &events["order.not_paid"]["data"];
    assert_eq!(not_paid["order"]["gross"], json!({ "amount": "4.31", "currency": "EUR" }));
    assert_eq!(not_paid["reason"], "insufficient-funds");
    assert_eq!((&not_paid["order"]["lines"][0]["service"], &not_paid["on"]), (&service, &json!("2099-02-07")));
    assert!(!seen.to_string().contains("hush"), "what the owner confirms with is told to nobody else");
    await_count(&shop, "delivered", 11);
    assert!(!server.log().contains(secret.as_str()) && !server.log().contains("/hook"), "{}", server.log());
}

#[test]
fn a_program_that_is_down_is_told_later_with_the_same_id_at_another_time_and_once() {
    let program = Program::start(&[Some("503 Service Unavailable\r\nRetry-After: 7")]);
    let (shop, id, _) = shop_with(&program.url, &[]);
    sql(&shop, &notice("expiring", &SERVICE));
    let _server = serve(&shop);
    program.await_sent(1);
    process::until("it is put off", || Ok((list(&shop)["last_answer"] == "503 Service Unavailable").then_some(())))
        .unwrap();
    let [first, second] = program.await_sent(2).try_into().unwrap();
    assert_eq!((&first.0, &first.2), (&second.0, &second.2), "one event");
    assert!((7..20).contains(&(second.1 - first.1)), "it waits as it was asked to: {} {}", first.1, second.1);
    await_count(&shop, "delivered", 1);
    let delivery = shop.document(&["webhook", "list", &id]);
    let shown = ["event", "kind", "state", "failed", "answer"].map(|name| delivery[name].clone());
    assert_eq!(json!(shown), json!([first.0, "expiring", "delivered", 1, "204 No Content"]));

    let replayed = shop.document(&["webhook", "replay", &id, "--event", &first.0]);
    assert_eq!(replayed, json!({ "id": id, "events": 1 }));
    let again = program.await_sent(3).remove(2);
    assert_eq!((&again.0, &again.2), (&first.0, &first.2));
    await_count(&shop, "delivered", 1);
    assert_eq!(shop.document(&["webhook", "replay", &id, "--since", "2099-01-01T00:00:00Z"])["events"], 0);
    assert_eq!(program.sent().len(), 3);
}

#[test]
fn what_was_on_its_way_when_the_server_was_killed_arrives_afterwards() {
    let program = Program::start(&[None]);
    let (shop, _, _) = shop_with(&program.url, &[]);
    sql(&shop, &notice("expiring", &SERVICE));
    let port = sandbox::free_ports().unwrap();
    let file = shop.write("perennial.toml", &(config(port) + ALLOWED));
    let mut killed = shop.command(&["serve", "--config", &file]).spawn().unwrap();
    let first = program.await_sent(1).remove(0);
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert_eq!(list(&shop)["waiting"], 1);
    // The time that the killed node had is over.
    sql(&shop, "update deliveries set next_at = 0");
    let _server = serve(&shop);
    let second = program.await_sent(2).remove(1);
    assert_eq!((first.0, first.2), (second.0, second.2));
    await_count(&shop, "delivered", 1);
}

#[test]
fn a_program_that_is_gone_is_told_nothing_more_and_others_hear_what_they_asked_for() {
    let gone = Program::start(&[Some("410 Gone")]);
    let other = Program::start(&[]);
    let (shop, id, _) = shop_with(&gone.url, &[]);
    shop.document(&["webhook", "add", &other.url, "--account", "acme", "--kind", "paid", "--kind", "ending"]);
    shop.document(&["webhook", "add", &other.url, "--account", "globex"]);
    let _server = serve(&shop);
    sql(&shop, &notice("expiring", &SERVICE));
    let status = || shop.json(&["webhook", "list"])[0]["status"].clone();
    process::until("it is disabled", || Ok((status() == "disabled").then_some(()))).unwrap();
    sql(&shop, &notice("ending", &SERVICE));
    let [told] = other.await_sent(1).try_into().unwrap();
    assert_eq!(told.2["type"], "service.ending");
    assert_eq!(gone.sent().len(), 1);
    let replay = ["webhook", "replay", &id, "--since", "2026-01-01T00:00:00Z"];
    shop.run(&replay).failed(1, &format!("hint: `perennial webhook enable {id}`"));

    // Its program is back: it hears of what happens from now on, and of what it was to be told, if it is told again.
    for _ in 0..2 {
        assert_eq!(shop.document(&["webhook", "enable", &id]), json!({ "id": id, "status": "active" }));
    }
    assert_eq!((status(), gone.sent().len()), (json!("active"), 1));
    sql(&shop, &notice("expired", &[SERVICE.as_slice(), &[ON]].concat()));
    assert_eq!(gone.await_sent(2)[1].2["type"], "service.expired");
    assert_eq!(shop.document(&replay)["events"], 2);
    gone.await_sent(4);
    shop.run(&["webhook", "enable", "wh_none"]).failed(1, "there is no webhook `wh_none`");
}

#[test]
fn webhooks_are_added_tested_listed_and_removed() {
    let program = Program::start(&[]);
    let (shop, id, secret) = shop_with(&program.url, &["--account", "acme", "--kind", "expiring"]);
    assert!(id.starts_with("wh_") && secret.starts_with("whsec_"));
    let listed = list(&shop);
    for (name, value) in [
        ("account", json!("acme")),
        ("kinds", json!(["expiring"])),
        ("status", json!("active")),
        ("url", json!(program.url)),
        ("waiting", json!(0)),
    ] {
        assert_eq!(listed[name], value, "{name}");
    }
    let raw = std::fs::read(shop.database()).unwrap();
    assert!(!String::from_utf8_lossy(&raw).contains(&secret[6..]), "the secret is sealed");
    let tested = shop.document(&["webhook", "test", &id]);
    let sent = program.await_sent(1).remove(0);
    assert_eq!((&tested["event"], &tested["answer"]), (&json!(sent.0), &json!("204 No Content")));
    assert_eq!((&sent.2["type"], &sent.2["data"]), (&json!("webhook.test"), &json!({ "webhook": id })));
    program.answers("500 Internal Server Error");
    shop.run(&["webhook", "test", &id]).failed(1, "did not take the event: 500 Internal Server Error");

    // Without leave, nobody on this machine is called, by whatever name.
    shop.write("perennial.toml", "");
    shop.run(&["webhook", "test", &id]).failed(1, "begins with https://");
    let at_home = program.url.replace("http://127.0.0.1", "https://localhost");
    let named = shop.document(&["webhook", "add", &at_home])["id"].as_str().unwrap().to_owned();
    shop.run(&["webhook", "test", &named]).failed(1, "is no address on the Internet");
    assert_eq!(program.sent().len(), 2);
    for (url, why) in [
        ("http://example.net/", "begins with https://"),
        ("https://10.0.0.1/", "10.0.0.1 is no address on the Internet"),
        ("https://u:p@example.net/", "no user and no password"),
    ] {
        shop.run(&["webhook", "add", url]).failed(1, why);
    }
    // What would let it be anywhere is told where that would help.
    let allow = "hint: for tests, `allow_private = true`";
    shop.run(&["webhook", "add", "http://127.0.0.1/"]).failed(1, allow);
    for (url, why) in [
        ("ftp://example.net/", "begins with https://"),
        ("hook", "this is not a URL"),
        ("https://u@localhost/", "no user"),
    ] {
        let run = shop.run(&["webhook", "add", url]);
        assert!(!run.stderr.contains("allow_private"), "{run:?}");
        run.failed(1, why);
    }
    shop.run(&["webhook", "add", "https://example.net/", "--kind", "renewed"]).failed(2, "invalid value");
    shop.run(&["webhook", "remove", "wh_none", "--yes"]).failed(1, "there is no webhook `wh_none`");
    for id in [id, named] {
        assert_eq!(shop.document(&["webhook", "remove", &id, "--yes"]), json!({ "id": id, "status": "removed" }));
    }
    assert_eq!(shop.json(&["webhook", "list"]), Vec::<Value>::new());
}

/// The ids of what was sent, each as often as it was sent.
pub fn ids(sent: &[Sent]) -> (usize, BTreeSet<&str>) {
    (sent.len(), sent.iter().map(|(id, ..)| id.as_str()).collect())
}
