//! One service, four voices: a service of the ledger is there in every dialect whose kind it fits, under that dialect's
//! id, for ever the same; and what happens to it in one is seen in the others. A row a pair.

mod aliyun;
mod hostup;
mod ovh;
mod voice;
mod vpsbg;

use std::process::ExitStatus;

use jiff::civil::Date;
use perennial_testkit::aliyun::AccessKey;
use perennial_testkit::http::Response;
use perennial_testkit::{AliyunClient, Env, OvhClient, Server, http, sandbox};
use serde_json::{Value, json};

use self::aliyun::Aliyun;
use self::hostup::HostUp;
pub use self::hostup::id as hostup_id;
use self::ovh::Ovh;
use self::voice::{AtExpiry, State, Voice};
use self::vpsbg::Vpsbg;
use crate::shop::Shop;

/// One service a row of [`PAIRS`], by their numbers in order; and another account's, one a kind. All end so late that no
/// test grows old.
const FIRST: i64 = 5001;

/// Services that are cancelled and switched, not renewed.
const SWITCHED: [(i64, Kind); 2] = [(5901, Kind::Server), (5902, Kind::Instance)];

/// When every service ends at the start: the last day of a long month, so that short ones have to be clamped.
const UNTIL: &str = "2099-01-31";

/// The account's billing zone.
const ZONE: &str = "Europe/Stockholm";

const MASTER_DATA: &str = r#"
[seller]
name = "Example Hosting AB"
collects = ["card"]

[[accounts]]
code = "acme"
name = "ACME"
email = "billing@acme.example.net"
country = "SE"
currency = "SEK"
tax = "standard"
tax_rate = "25"
zone = "Europe/Stockholm"
credit_limit = "100000"

[[accounts]]
code = "globex"
name = "Globex"
email = "ap@globex.example.net"
country = "SE"
currency = "SEK"
tax = "standard"
tax_rate = "25"
zone = "Europe/Stockholm"

[[methods]]
account = "acme"
kind = "card"
label = "visa **** 4242"
default = true

[[products]]
code = "server"
name = "Server"
kind = "server"
ahead_months_max = 0
prices = [
    { period = "P1M", net = "99.00", currency = "SEK" },
    { period = "P3M", net = "279.00", currency = "SEK" },
]

[[products]]
code = "instance"
name = "Instance"
kind = "instance"
ahead_months_max = 0
prices = [
    { period = "P1M", net = "240.00", currency = "SEK" },
    { period = "P3M", net = "720.00", currency = "SEK" },
]

[[products]]
code = "domain"
name = "Domain"
kind = "domain"
ahead_months_max = 0
prices = [
    { period = "P1Y", net = "159.00", currency = "SEK" },
    { period = "P2Y", net = "318.00", currency = "SEK" },
]

[[products]]
code = "hosting"
name = "Hosting"
kind = "hosting"
ahead_months_max = 0
prices = [
    { period = "P1Y", net = "690.00", currency = "SEK" },
    { period = "P2Y", net = "1380.00", currency = "SEK" },
]
"#;

/// What a service is, as far as the dialects tell it apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Server,
    Domain,
    Hosting,
    Instance,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Server, Self::Domain, Self::Hosting, Self::Instance];

    const fn word(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Domain => "domain",
            Self::Hosting => "hosting",
            Self::Instance => "instance",
        }
    }

    /// What services of the kind renew for by themselves, in months.
    const fn months(self) -> i32 {
        match self {
            Self::Server | Self::Instance => 1,
            Self::Domain | Self::Hosting => 12,
        }
    }

    /// What else they are sold for, in months.
    const fn other_months(self) -> i32 {
        match self {
            Self::Server | Self::Instance => 3,
            Self::Domain | Self::Hosting => 24,
        }
    }

    const fn period(self) -> &'static str {
        match self {
            Self::Server | Self::Instance => "P1M",
            Self::Domain | Self::Hosting => "P1Y",
        }
    }
}

/// A service, as a test names it.
#[derive(Clone, Debug)]
pub struct Service {
    pub id: i64,
    pub kind: Kind,
    pub name: String,
}

impl Service {
    fn new(id: i64, kind: Kind) -> Self {
        Self { id, kind, name: format!("{}{id}.example.se", kind.word()) }
    }

    fn entry(&self, account: &str) -> String {
        let Self { id, kind, name } = self;
        let (product, period) = (kind.word(), kind.period());
        format!(
            "[[services]]\nid = {id}\nname = \"{name}\"\naccount = \"{account}\"\nproduct = \"{product}\"\n\
             created = 2026-01-31\nuntil = {UNTIL}\nperiod = \"{period}\"\n\n"
        )
    }

    /// When it ends after so many renewals for its own period.
    fn until(&self, renewals: i32) -> Date {
        let first: Date = UNTIL.parse().unwrap();
        first.checked_add(jiff::Span::new().months(self.kind.months() * renewals)).unwrap()
    }
}

/// What a renewal is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// The service's own period.
    Own,
    /// Another one that it is sold for. HostUp's callers cannot ask for one.
    Other,
}

/// How an order that is in the way is told of in HostUp's words.
const PENDING: Words = Words { status: 409, code: "domain_not_renewable" };
const BLOCKING: Words = Words { status: 409, code: "existing_invoice_blocking" };
/// In OVHcloud's.
const CONFLICT: Words = Words { status: 409, code: "Client::Conflict" };
/// In VPSBG's, which has no codes.
const REFUSED: Words = Words { status: 400, code: "" };
/// In Alibaba Cloud's.
const UNPAID: Words = Words { status: 403, code: "Instance.UnPaidOrder" };

/// A refusal: its status, and what programs tell it by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    status: u16,
    code: &'static str,
}

/// Two dialects that share a kind.
struct Pair {
    /// Where a renewal is begun.
    a: &'static str,
    /// Where it is seen, and gone on with.
    b: &'static str,
    kind: Kind,
    /// What `b` says while an order of `a` is open; nothing where `a` leaves none open.
    open: Option<Open>,
}

/// What is said while an order is open.
#[derive(Clone, Copy)]
struct Open {
    /// What the same renewal gets: the very order, or these words.
    same: Option<Words>,
    /// What another one gets.
    different: Words,
}

const fn pair(a: &'static str, b: &'static str, kind: Kind, same: Option<Words>, different: Words) -> Pair {
    Pair { a, b, kind, open: Some(Open { same, different }) }
}

const fn pays_at_once(a: &'static str, b: &'static str, kind: Kind) -> Pair {
    Pair { a, b, kind, open: None }
}

const PAIRS: [Pair; 20] = [
    pair("ovh", "vpsbg", Kind::Server, None, REFUSED),
    pair("vpsbg", "ovh", Kind::Server, None, CONFLICT),
    pair("ovh", "hostup", Kind::Server, Some(BLOCKING), BLOCKING),
    pair("hostup", "ovh", Kind::Server, None, CONFLICT),
    pair("vpsbg", "hostup", Kind::Server, Some(BLOCKING), BLOCKING),
    pair("hostup", "vpsbg", Kind::Server, None, REFUSED),
    pair("ovh", "hostup", Kind::Domain, Some(PENDING), BLOCKING),
    pair("hostup", "ovh", Kind::Domain, None, CONFLICT),
    pair("ovh", "hostup", Kind::Hosting, Some(BLOCKING), BLOCKING),
    pair("hostup", "ovh", Kind::Hosting, None, CONFLICT),
    pair("ovh", "aliyun", Kind::Instance, Some(UNPAID), UNPAID),
    pays_at_once("aliyun", "ovh", Kind::Instance),
    pair("ovh", "aliyun", Kind::Server, Some(UNPAID), UNPAID),
    pays_at_once("aliyun", "ovh", Kind::Server),
    pair("vpsbg", "aliyun", Kind::Server, Some(UNPAID), UNPAID),
    pays_at_once("aliyun", "vpsbg", Kind::Server),
    pair("hostup", "aliyun", Kind::Server, Some(UNPAID), UNPAID),
    pays_at_once("aliyun", "hostup", Kind::Server),
    pair("hostup", "aliyun", Kind::Domain, Some(UNPAID), UNPAID),
    pays_at_once("aliyun", "hostup", Kind::Domain),
];

/// The service that a row of [`PAIRS`] is tried on.
fn services() -> impl Iterator<Item = (&'static Pair, Service)> {
    PAIRS.iter().zip(FIRST..).map(|(pair, id)| (pair, Service::new(id, pair.kind)))
}

/// Another account's services, one a kind, and numbers that no service has.
fn foreign() -> impl Iterator<Item = (Service, Service)> {
    let kinds = Kind::ALL.into_iter().zip(6001..);
    kinds.map(|(kind, id)| (Service::new(id, kind), Service::new(id + 1_000, kind)))
}

/// A shop that serves all dialects, and its customer's programs.
struct World {
    shop: Shop,
    port: u16,
    server: Server,
    voices: Vec<Box<dyn Voice>>,
    /// An order of another account's.
    foreign_order: i64,
}

impl World {
    fn start() -> Self {
        let shop = Shop::empty();
        let switched = SWITCHED.map(|(id, kind)| Service::new(id, kind));
        let own = services().map(|(_, service)| service).chain(switched).map(|service| service.entry("acme"));
        let others = foreign().map(|(service, _)| service.entry("globex"));
        let file = MASTER_DATA.to_owned() + &own.chain(others).collect::<String>();
        shop.run(&["import", &shop.write("shop.toml", &file)]).done();
        let foreign_order = shop.place("globex", 6001);
        let port = sandbox::free_ports().unwrap();
        let server = serve(&shop, port);
        let voices = voices(&shop, port);
        Self { shop, port, server, voices, foreign_order }
    }

    fn restart(&mut self) -> ExitStatus {
        let ended = self.server.stop().unwrap();
        self.server = serve(&self.shop, self.port);
        ended
    }

    fn voice(&mut self, name: &str) -> &mut dyn Voice {
        self.voices.iter_mut().find(|voice| voice.name() == name).unwrap().as_mut()
    }
}

fn serve(shop: &Shop, port: u16) -> Server {
    let dialects = ["ovh", "vpsbg", "hostup", "aliyun"].into_iter().zip(port + 1..);
    let dialects = dialects.map(|(name, port)| format!("[{name}]\nlisten = \"127.0.0.1:{port}\"\n"));
    let config = format!(
        "[store]\npath = \"shop.db\"\n\n[pages]\nlisten = \"127.0.0.1:{port}\"\npublic_url = \"http://127.0.0.1:{port}\"\n\n{}",
        dialects.collect::<String>()
    );
    let file = shop.write("perennial.toml", &config);
    let ready = format!("http://127.0.0.1:{port}/readyz");
    Server::start(shop.command(&["serve", "--config", &file]), &ready, shop.path("server.log").into()).unwrap()
}

/// The customer's programs, each with a key of its own.
fn voices(shop: &Shop, port: u16) -> Vec<Box<dyn Voice>> {
    let issue = |dialect, more: &[&str]| {
        shop.document(&[&["key", "issue", "--account", "acme", "--dialect", dialect], more].concat())
    };
    let text = |value: &Value, name: &str| value[name].as_str().unwrap().to_owned();
    let application = issue("ovh", &[]);
    let key = text(&application, "application_key");
    let consumer = issue(
        "ovh",
        &["--kind", "consumer", "--application", &key, "--rule", "GET /*", "--rule", "POST /*", "--rule", "PUT /*"],
    );
    let env: Env = [
        ("OVH_ENDPOINT", format!("http://127.0.0.1:{}/1.0", port + 1)),
        ("OVH_APPLICATION_KEY", key),
        ("OVH_APPLICATION_SECRET", text(&application, "application_secret")),
        ("OVH_CONSUMER_KEY", text(&consumer, "consumer_key")),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    let key = issue("aliyun", &[]);
    let key = AccessKey::new(&text(&key, "access_key_id"), &text(&key, "access_key_secret"));
    let (dialect, pages) = (format!("http://127.0.0.1:{}", port + 4), format!("http://127.0.0.1:{port}"));
    let aliyun = AliyunClient::new(&dialect, &pages, key).unwrap();
    let program =
        |dialect, port| Program { base: format!("http://127.0.0.1:{port}"), key: text(&issue(dialect, &[]), "token") };
    vec![
        Box::new(Ovh(OvhClient::from_env(&env).unwrap())),
        Box::new(Vpsbg(program("vpsbg", port + 2))),
        Box::new(HostUp(program("hostup", port + 3))),
        Box::new(Aliyun(aliyun)),
    ]
}

/// A program of a dialect whose callers present a key and nothing else.
pub struct Program {
    base: String,
    key: String,
}

impl Program {
    fn send(&self, method: &str, target: &str, body: Option<&Value>) -> Response {
        let text = body.map(Value::to_string).unwrap_or_default();
        let authorization = format!("Bearer {}", self.key);
        let mut headers = vec![("Authorization", authorization.as_str()), ("Accept", "application/json")];
        if body.is_some() {
            headers.push(("Content-Type", "application/json"));
        }
        http::send(method, &format!("{}{target}", self.base), &headers, text.as_bytes()).unwrap()
    }
}

/// Asks until nothing is left to be seen: a renewal in one dialect, its expiry in the other.
fn paid_in_one_it_is_seen_in_the_other(world: &mut World, pair: &Pair, service: &Service) {
    let id = world.voice(pair.b).find(service);
    assert_eq!(world.voice(pair.b).expiry(service, &id), service.until(0));
    let order = world.voice(pair.a).renew(service, Wish::Own).unwrap();
    assert_eq!(world.voice(pair.a).leaves_open(), pair.open.is_some());
    if pair.open.is_some() {
        world.voice(pair.a).pay(order);
    }
    assert_eq!(world.voice(pair.b).expiry(service, &id), service.until(1), "after the renewal in {}", pair.a);
    assert_eq!(world.voice(pair.b).state(order), State::Paid);
    assert_eq!(world.voice(pair.b).find(service), id);
}

/// An open order is the same in both, and paid in the other it is paid in the one; or it is in the way there, and paid
/// where it was placed.
fn an_open_order_is_gone_on_with(world: &mut World, pair: &Pair, open: Open, service: &Service) {
    let order = world.voice(pair.a).renew(service, Wish::Own).unwrap();
    let again = world.voice(pair.b).renew(service, Wish::Own);
    assert_answer(world, pair, again, open.same, order);
    assert_eq!(world.voice(pair.a).renew_or_name(service), order, "and in the one it is the same as before");
    for name in [pair.a, pair.b] {
        assert_eq!(world.voice(name).state(order), State::Open, "in {name}");
    }
    let payer = if world.voice(pair.b).leaves_open() { pair.b } else { pair.a };
    world.voice(payer).pay(order);
    for name in [pair.a, pair.b] {
        assert_eq!(world.voice(name).state(order), State::Paid, "in {name}");
        let id = world.voice(name).find(service);
        assert_eq!(world.voice(name).expiry(service, &id), service.until(2), "in {name}");
    }
}

/// An order for another period blocks, and cancelled in either it is cancelled in both.
fn another_order_blocks_until_it_is_cancelled(world: &mut World, pair: &Pair, open: Open, service: &Service) {
    let (wish, other) = if pair.a == "hostup" { (Wish::Own, Wish::Other) } else { (Wish::Other, Wish::Own) };
    // OVHcloud's API has no call that withdraws an order.
    let cancellers: Vec<_> = [pair.a, pair.b].into_iter().filter(|name| *name != "ovh").collect();
    for canceller in cancellers {
        let order = world.voice(pair.a).renew(service, wish).unwrap();
        let blocked = world.voice(pair.b).renew(service, other);
        assert_answer(world, pair, blocked, Some(open.different), order);
        world.voice(canceller).cancel(order);
        for name in [pair.a, pair.b] {
            assert_eq!(world.voice(name).state(order), State::Cancelled, "cancelled in {canceller}, in {name}");
            let id = world.voice(name).find(service);
            assert_eq!(world.voice(name).expiry(service, &id), service.until(2), "in {name}");
        }
    }
}

/// What `b` answered to a renewal while an order of `a` was open.
#[track_caller]
fn assert_answer(world: &mut World, pair: &Pair, answered: Result<i64, Response>, words: Option<Words>, order: i64) {
    match (answered, words) {
        (Ok(placed), None) => assert_eq!(placed, order, "{} gets the order of {}", pair.b, pair.a),
        (Err(refusal), Some(Words { status, code })) => {
            let body = refusal.json().unwrap();
            assert_eq!(refusal.status, status, "{body}");
            let told = ["code", "class", "Code"].iter().find_map(|name| body[name].as_str()).unwrap_or_default();
            assert_eq!(told, code, "{body}");
            assert!(world.voice(pair.b).names(&body, order), "{order} is not named in {body}");
        }
        (answered, words) => panic!("{} answered {answered:?} instead of {words:?}", pair.b),
    }
}

/// Another account's services and orders look like none, in every dialect: the answers are the same but for the id.
fn others_look_like_none(world: &mut World) {
    let foreign_order = world.foreign_order;
    for voice in &mut world.voices {
        for (theirs, nobodys) in foreign() {
            if !voice.knows(theirs.kind) {
                continue;
            }
            let (found, missing) = (voice.service_calls(&theirs), voice.service_calls(&nobodys));
            assert!(found.iter().all(|(status, _)| (400..500).contains(status)), "{}: {found:?}", voice.name());
            assert_eq!(found, missing, "{}: {theirs:?}", voice.name());
        }
        let (found, missing) = (voice.order_calls(foreign_order), voice.order_calls(900_000_001));
        assert!(found.iter().all(|(status, _)| (400..500).contains(status)), "{}: {found:?}", voice.name());
        assert_eq!(found, missing, "{}: order {foreign_order}", voice.name());
        let listed = voice.listed();
        for (theirs, _) in foreign() {
            assert!(!listed.to_string().contains(&theirs.name), "{}: {listed}", voice.name());
        }
    }
}

#[test]
fn a_service_is_the_same_in_every_voice() {
    let mut world = World::start();
    for (pair, service) in services() {
        eprintln!("{} and {}: {service:?}", pair.a, pair.b);
        paid_in_one_it_is_seen_in_the_other(&mut world, pair, &service);
        if let Some(open) = pair.open {
            an_open_order_is_gone_on_with(&mut world, pair, open, &service);
            another_order_blocks_until_it_is_cancelled(&mut world, pair, open, &service);
        }
    }
    others_look_like_none(&mut world);
    let before: Vec<_> = world.voices.iter_mut().map(|voice| voice.listed()).collect();
    assert!(world.restart().success());
    let after: Vec<_> = world.voices.iter_mut().map(|voice| voice.listed()).collect();
    assert_eq!(before, after, "ids are for ever");
    assert!(world.server.stop().unwrap().success());
    let audit = world.shop.document(&["audit"]);
    assert_eq!(audit["findings"], json!([]), "{audit}");
}

/// What every voice that knows a service tells of its expiry, which is the same.
#[track_caller]
fn agreed(world: &mut World, service: &Service) -> AtExpiry {
    let voices = world.voices.iter_mut().filter(|voice| voice.knows(service.kind));
    let told: Vec<_> = voices.map(|voice| (voice.name(), voice.at_expiry(service))).collect();
    assert!(told.iter().all(|(_, at_expiry)| *at_expiry == told[0].1), "{told:?}");
    told[0].1
}

#[test]
fn a_service_that_is_cancelled_or_switched_in_one_voice_is_so_in_all() {
    let mut world = World::start();
    for (id, kind) in SWITCHED {
        let service = Service::new(id, kind);
        let voices = world.voices.iter().filter(|voice| voice.knows(kind));
        let names: Vec<_> = voices.map(|voice| voice.name()).collect();
        let switches = names.iter().filter(|name| world.voice(name).switch(&service, false)).count();
        assert!(names.len() >= 2 && switches >= 2, "{names:?}");
        for one in &names {
            for automatic in [true, false] {
                if world.voice(one).switch(&service, automatic) {
                    let now = if automatic { AtExpiry::Renews } else { AtExpiry::Lapses };
                    assert_eq!(agreed(&mut world, &service), now, "switched in {one}");
                }
            }
            for other in &names {
                world.voice(one).end(&service);
                assert_eq!(agreed(&mut world, &service), AtExpiry::Ends, "cancelled in {one}");
                let refusal = world.voice(other).renew(&service, Wish::Own).unwrap_err();
                assert!((400..500).contains(&refusal.status), "{other}: {}", refusal.text());
                world.voice(other).resume(&service);
                assert_eq!(agreed(&mut world, &service), AtExpiry::Lapses, "cancelled in {one}, resumed in {other}");
            }
        }
    }
    assert_eq!(world.shop.document(&["audit"])["findings"], json!([]));
}

#[test]
fn every_service_has_an_id_in_every_dialect_that_knows_its_kind() {
    let mut world = World::start();
    let ids = |world: &mut World, id: i64, kind: Kind| {
        let service = Service::new(id, kind);
        let voices = world.voices.iter_mut().filter(|voice| voice.knows(kind));
        voices.map(|voice| voice.find(&service)).collect::<Vec<_>>()
    };
    // The ids are literal on purpose: programs have them on file.
    let server = ["5001", "5001", "vps_01hxa3b4c5d6e7f8g9h0j1k2m3", "server5001.example.se"];
    assert_eq!(ids(&mut world, 5001, Kind::Server), server);
    let domain = ["5007", "dom_01hxa3b4c5d6e7f8g9h0j1k2m9", "domain5007.example.se"];
    assert_eq!(ids(&mut world, 5007, Kind::Domain), domain);
    let hosting = ["5009", "acct_01hxa3b4c5d6e7f8g9h0j1k2mb", "hosting5009.example.se"];
    assert_eq!(ids(&mut world, 5009, Kind::Hosting), hosting);
    assert_eq!(ids(&mut world, 5011, Kind::Instance), ["5011", "instance5011.example.se"]);
}
