//! A house in this process: the dialect over a real ledger and a real lane, with a clock that stands where it is put.
//! For what needs exact instants, keys that are given, two nodes, or a part of the house that fails.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response};
use jiff::Timestamp;
use perennial_core::command::{Action, Command, NewApplication, NewCredential, NewCredentialStanding, Reply};
use perennial_core::credential::{AccessRule, Flow};
use perennial_core::ids::{AccountId, ServiceId};
use perennial_core::ports::{Books, BoxFuture, Clock, Document, Documents, Failure, Lane, Paper, Rejection, Vault};
use perennial_core::snapshot::Want;
use perennial_engine::lane::{Grouping, LaneHandle, LaneThread, start};
use perennial_providers::aliyun::auth::{Parameters, rpc};
use perennial_providers::secret::digest;
use perennial_providers::{Dialect, Ports, Provider, Request, Settings};
use perennial_store::sqlite::{SqliteReader, SqliteStore};
use perennial_store::{AuditReport, Records};
use serde_json::Value;

use crate::shop::Shop;

/// A customer with instances, and another one.
const LEDGER: &str = r#"
[seller]
name = "Example Cloud"
invoice_series = "HZ"

[[accounts]]
code = "li"
name = "Li Wei"
email = "li@example.net"
country = "CN"
currency = "CNY"
tax = "exempt"
zone = "Asia/Shanghai"
credit_limit = "1000000"

[[products]]
code = "ecs.g6.large"
name = "ECS g6.large"
kind = "instance"
ahead_months_max = 0
grace_days = 15
prices = [
    { period = "P1W", net = 60, currency = "CNY" },
    { period = "P1M", net = 240, currency = "CNY" },
    { period = "P2M", net = 480, currency = "CNY" },
]

[[services]]
id = 1
name = "i-bp67acfmxazb4p0001"
account = "li"
product = "ecs.g6.large"
created = 2026-01-12
until = 2026-12-12
period = "P1M"

[[services]]
id = 2
name = "i-a"
account = "li"
product = "ecs.g6.large"
created = 2026-01-12
until = 2026-12-12
period = "P1M"

[[services]]
id = 3
name = "i-b"
account = "li"
product = "ecs.g6.large"
created = 2026-01-12
until = 2026-12-12
period = "P1M"
"#;

/// The key that requests of [`House::call`] are signed with.
const KEY: (&str, &str) = ("testid", "testsecret");

/// A clock that stands where it is put.
pub struct Put {
    now: AtomicI64,
    ahead_of_clients: AtomicI64,
}

impl Put {
    /// Puts it.
    pub fn at(&self, text: &str) {
        let instant: Timestamp = text.parse().expect("is an instant");
        self.now.store(instant.as_second(), Ordering::SeqCst);
    }

    /// Moves it by seconds.
    pub fn advance(&self, seconds: i64) {
        self.now.fetch_add(seconds, Ordering::SeqCst);
    }

    /// Moves it, as a sandbox's clock is moved: those of clients stay.
    pub fn leave_clients_behind(&self, by: Duration) {
        let seconds = i64::try_from(by.as_secs()).expect("fits");
        self.ahead_of_clients.fetch_add(seconds, Ordering::SeqCst);
        self.advance(seconds);
    }
}

impl Clock for Put {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.now.load(Ordering::SeqCst)).expect("is in range")
    }

    fn of_clients(&self) -> Timestamp {
        let ahead = self.ahead_of_clients.load(Ordering::SeqCst);
        Timestamp::from_second(self.now.load(Ordering::SeqCst) - ahead).expect("is in range")
    }
}

/// Keeps secrets as they are.
struct Open;

impl Vault for Open {
    fn seal(&self, secret: &[u8]) -> Result<Vec<u8>, Failure> {
        Ok(secret.to_vec())
    }

    fn open(&self, sealed: &[u8]) -> Result<Vec<u8>, Failure> {
        Ok(sealed.to_vec())
    }
}

/// Has no papers; the dialect asks for none.
struct NoPapers;

impl Documents for NoPapers {
    fn document(&self, _: AccountId, _: Paper) -> Result<Option<Document>, Failure> {
        Ok(None)
    }
}

/// What the lane is to do with the next renewal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is carried out, and nobody hears.
    DoneUnheard,
    /// It is not carried out, and nobody hears.
    NotDoneUnheard,
    /// It is not carried out, and that is known.
    NotDone,
}

/// A lane whose next renewal may meet its fate.
struct Fated {
    lane: LaneHandle,
    next: Mutex<Option<Fate>>,
}

impl Lane for Fated {
    fn submit_at(&self, access: Option<i64>, command: Command) -> BoxFuture<'_, Result<Reply, Rejection>> {
        Box::pin(async move {
            let renews = matches!(command.action, Action::RenewNow { .. });
            let fate = if renews { self.next.lock().expect("is whole").take() } else { None };
            let lost = || Failure::new("commit a batch", "the disk is gone");
            match fate {
                None => self.lane.submit_at(access, command).await,
                Some(Fate::DoneUnheard) => {
                    self.lane.submit_at(access, command).await?;
                    Err(Rejection::Unknown(lost()))
                }
                Some(Fate::NotDoneUnheard) => Err(Rejection::Unknown(lost())),
                Some(Fate::NotDone) => Err(Rejection::NotDone(lost())),
            }
        })
    }
}

/// One process of those that serve the ledger.
pub struct Node {
    provider: Arc<dyn Provider>,
    ports: Ports,
    fated: Arc<Fated>,
    thread: Option<LaneThread>,
}

impl Node {
    fn open(shop: &Shop, clock: &Arc<Put>, settings: Settings) -> Self {
        let store = SqliteStore::open(&shop.database()).expect("opens");
        let books = Arc::new(store.reader());
        let clock: Arc<dyn Clock> = Arc::clone(clock) as _;
        let (lane, thread) =
            start(Box::new(store), Arc::clone(&books) as _, Arc::clone(&clock), Grouping::ByTime).expect("starts");
        let fated = Arc::new(Fated { lane, next: Mutex::default() });
        let (lane, vault, documents) = (Arc::clone(&fated) as _, Arc::new(Open), Arc::new(NoPapers));
        let ports = Ports { lane, books, clock, vault, documents, access: None };
        let dialect = Dialect::named("aliyun").expect("is served");
        Self { provider: (dialect.make)(settings), ports, fated, thread: Some(thread) }
    }

    /// Answers a request as it came in.
    pub async fn answer(&self, request: &Request) -> Answer {
        Answer(self.provider.serve(&self.ports, request).await)
    }

    /// What becomes of the next renewal.
    pub fn next(&self, fate: Fate) {
        *self.fated.next.lock().expect("is whole") = Some(fate);
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            // It waits for the lane's thread, which no task of a runtime may.
            let closing = std::thread::spawn(move || thread.close());
            closing.join().expect("closes");
        }
    }
}

/// A ledger, a clock, and nodes that serve it.
pub struct House {
    shop: Shop,
    settings: Settings,
    /// The one clock.
    pub clock: Arc<Put>,
    /// A node.
    pub node: Node,
    calls: AtomicI64,
}

impl House {
    /// A house at an instant, with the settings that the dialect has where the seller says nothing, but for `change`.
    pub fn open(now: &str, change: impl FnOnce(&mut Settings)) -> Self {
        let shop = Shop::empty();
        let file = shop.write("ledger.toml", LEDGER);
        shop.run(&["import", &file]).done();
        let clock = Arc::new(Put { now: AtomicI64::new(0), ahead_of_clients: AtomicI64::new(0) });
        clock.at(now);
        let own = Dialect::named("aliyun").expect("is served").own;
        let mut settings = Settings {
            clock_window_s: own.clock_window_s.expect("requests are signed"),
            repeat_window_s: own.repeat_window_s.expect("renewals are paid at once"),
            ..Settings::default()
        };
        change(&mut settings);
        let node = Node::open(&shop, &clock, settings.clone());
        Self { shop, settings, clock, node, calls: AtomicI64::new(0) }
    }

    /// Another node on the same ledger, with a memory of its own.
    pub fn another_node(&self) -> Node {
        Node::open(&self.shop, &self.clock, self.settings.clone())
    }

    /// The ledger.
    pub fn books(&self) -> SqliteReader {
        SqliteReader::open(&self.shop.database()).expect("opens")
    }

    /// The customer.
    pub fn account(&self) -> AccountId {
        self.books().find_account("li").expect("is answered").expect("is there")
    }

    /// Carries commands out.
    pub fn lane(&self) -> &dyn Lane {
        &*self.node.ports.lane
    }

    /// What is wrong with the books.
    pub fn audit(&self) -> AuditReport {
        self.books().audit().expect("is answered")
    }

    /// Puts an access key on file; a session's, where there is a token.
    pub async fn key(&self, id: &str, secret: &str, token: Option<&str>, rules: &[(&str, &str)]) {
        let (account, lane) = (self.account(), self.lane());
        let submit = |action| lane.submit(Command { account, token: None, action });
        let action = Action::RegisterApplication(NewApplication {
            dialect: "aliyun".to_owned(),
            key: id.to_owned(),
            secret_sealed: secret.as_bytes().to_vec(),
            name: id.to_owned(),
            description: String::new(),
            flow: Flow::Signature,
        });
        let Ok(Reply::Application(application)) = submit(action).await else { panic!("{id} is not registered") };
        let rule = |(method, path): &(&str, &str)| AccessRule { method: (*method).into(), path: (*path).into() };
        let action = Action::IssueCredential(NewCredential {
            dialect: "aliyun".to_owned(),
            application: Some(application),
            digest: digest(token.unwrap_or(id)),
            label: id.to_owned(),
            standing: NewCredentialStanding::Validated { expires: None },
            rules: rules.iter().map(rule).collect(),
            allowed_ips: Vec::new(),
            redirection: None,
        });
        submit(action).await.expect("is issued");
    }

    /// A call signed now by RPC 1.0 with [`KEY`], which has to be on file, and a nonce of its own.
    pub fn request(&self, parameters: &[(&str, &str)]) -> Request {
        let number = self.calls.fetch_add(1, Ordering::SeqCst);
        let (now, nonce) = (self.clock.now().to_string(), format!("nonce-{number}"));
        let common = [
            ("AccessKeyId", KEY.0),
            ("Format", "JSON"),
            ("SignatureMethod", "HMAC-SHA1"),
            ("SignatureVersion", "1.0"),
            ("SignatureNonce", &nonce),
            ("Timestamp", &now),
        ];
        // What is given stands above what every call has.
        let common = common.iter().filter(|(name, _)| parameters.iter().all(|(given, _)| given != name));
        let signed: Parameters = common.chain(parameters).copied().filter(|(_, value)| !value.is_empty()).collect();
        let signature = rpc::sign(KEY.1, &rpc::string_to_sign("POST", &signed));
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(signed.iter()).append_pair("Signature", &signature);
        request("POST", &query.finish(), &[("Host".to_owned(), "127.0.0.1:8404".to_owned())], "")
    }

    /// Makes a call of ECS.
    pub async fn call(&self, action: &str, parameters: &[(&str, &str)]) -> Answer {
        let parameters = [&[("Action", action), ("Version", "2014-05-26")], parameters].concat();
        self.node.answer(&self.request(&parameters)).await
    }

    /// Renews the first instance for a period, and tells the order.
    pub async fn renewed(&self, period: &str, unit: &str, token: &str) -> String {
        let id = "i-bp67acfmxazb4p0001";
        let parameters = [("InstanceId", id), ("Period", period), ("PeriodUnit", unit), ("ClientToken", token)];
        self.call("RenewInstance", &parameters).await.order()
    }

    /// The day on which the first instance expires, by the ledger.
    pub fn until(&self) -> String {
        let (account, id) = (self.account(), ServiceId(1));
        let seen = self.books().load(&[Want::Service(account, id)]).expect("is answered");
        seen.services[&id].until.to_string()
    }
}

/// A request as it came in.
pub fn request(method: &str, query: &str, headers: &[(String, String)], body: &str) -> Request {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let name: HeaderName = name.parse().expect("is a header");
        map.append(name, HeaderValue::from_str(value).expect("is a value"));
    }
    Request {
        method: Method::from_bytes(method.as_bytes()).expect("is a method"),
        target: if query.is_empty() { "/".to_owned() } else { format!("/?{query}") },
        headers: map,
        body: Bytes::copy_from_slice(body.as_bytes()),
        peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
    }
}

/// What was answered.
#[derive(Debug)]
pub struct Answer(pub Response<Bytes>);

impl Answer {
    /// The body.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(self.0.body()).unwrap_or_else(|_| panic!("is JSON: {:?}", self.text()))
    }

    /// The body as it is.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(self.0.body()).into_owned()
    }

    /// Status and code of a refusal; 200 and nothing of what was done.
    #[track_caller]
    pub fn code(&self) -> (u16, String) {
        let code = match self.json()["Code"].as_str() {
            Some("Success") | None => String::new(),
            Some(code) => code.to_owned(),
        };
        (self.0.status().as_u16(), code)
    }

    /// The order of a renewal that was done.
    #[track_caller]
    pub fn order(&self) -> String {
        let body = self.json();
        assert_eq!(self.0.status(), 200, "{body}");
        body["OrderId"].as_str().unwrap_or_else(|| panic!("names an order: {body}")).to_owned()
    }
}
