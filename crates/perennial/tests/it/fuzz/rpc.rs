//! Storms over an API whose calls are parameters at one path: what is drawn there are parameters, signatures, and the
//! ways in which both are sent.

use std::cell::RefCell;
use std::collections::BTreeSet;

use perennial_providers::Endpoint;
use perennial_testkit::AliyunClient;
use perennial_testkit::aliyun::{AccessKey, Format, Place, Scheme, Signed};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::TestCaseError;
use serde_json::Value;

use super::draw::Auth;
use super::voice::{ALIYUN_KEYS, ALIYUN_SESSION_TOKEN};
use super::{Sent, Storm};

/// Texts that stand where others should.
const HOSTILE: [&str; 58] = [
    "",
    " ",
    "0",
    "-1",
    "1",
    "2",
    "5",
    "12",
    "29",
    "100",
    "101",
    "65536",
    "9223372036854775807",
    "9223372036854775808",
    "99999999999999999999999999999999999999",
    "1.5",
    "1e3",
    "+5",
    "１",
    "\0",
    "\r\nSet-Cookie: a=b",
    "é💥\u{202e}",
    "\u{fffe}\u{1}]]>",
    "<a>&amp;</a>",
    "'\"\\",
    "' or 1=1--",
    "%",
    "%25",
    "a+b=c&d",
    "../../etc/passwd",
    "null",
    "true",
    "True",
    "false",
    "Week",
    "Year",
    "month",
    "JSON",
    "cn-hangzhou",
    "cn-nowhere",
    "*",
    "****************************************************************a",
    "PostPaid",
    "AutoRenewal",
    "Normal",
    "NotRenewal",
    "i-bp67acfmxazb4p0001",
    "i-bp67acfmxazb4p0101",
    "i-bp67acfmxazb4p0001,,i-bp67acfmxazb4p0101,",
    "[\"i-bp67acfmxazb4p0001\",\"i-bp67acfmxazb4p0101\"]",
    "[\"i-bp67acfmxazb4p0001\"",
    "[]",
    "[null,1,{}]",
    "{\"a\":[]}",
    "2026-11-22T10:00:00Z",
    "2026-11-22T10:00Z",
    "-009999-01-01T00:00:00Z",
    "9999-99-99T99:99:99Z",
];

/// Parameters of the calls, and those that every request has.
const NAMES: [&str; 44] = [
    "InstanceId",
    "InstanceId.1",
    "InstanceId.0",
    "InstanceIds",
    "InstanceIDs",
    "InstanceName",
    "InstanceChargeType",
    "Period",
    "PeriodUnit",
    "PriceUnit",
    "ExpectedRenewDay",
    "ClientToken",
    "RegionId",
    "ZoneId",
    "Status",
    "LockReason",
    "PageNumber",
    "PageNum",
    "PageSize",
    "MaxResults",
    "NextToken",
    "Tag.1.Key",
    "Tag.1.Value",
    "Tag.21.Key",
    "Filter.1.Key",
    "Filter.1.Value",
    "RenewalStatus",
    "AutoRenew",
    "Duration",
    "ProductCode",
    "RenewStatus",
    "EndTimeStart",
    "EndTimeEnd",
    "CreateTimeStart",
    "SubscriptionType",
    "DryRun",
    "AcceptLanguage",
    "Format",
    "Action",
    "Version",
    "SignatureType",
    "SecurityToken",
    "OwnerId",
    "",
];

/// Actions of nobody's, as far as a header can have them.
const ACTIONS: [&str; 7] =
    ["NoSuchAction", "renewinstance", "RenewInstances", "ModifyInstanceChargeType", "*", "é", "../RenewInstance"];

const VERSIONS: [&str; 5] = ["2014-05-26", "2017-12-14", "2014-05-27", "1", "latest"];

const METHODS: [&str; 6] = ["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "RENEW"];

/// When a request is signed that is refused for it.
const TIMES: [&str; 6] = [
    "2026-01-01T00:00:00Z",
    "2099-01-01T00:00:00Z",
    "2026-11-22 10:00:00",
    "2026-11-22T10:00:00+00:00",
    "2026-13-45T99:99:99Z",
    "now",
];

/// What is added after the signature was made.
const HEADERS: [(&str, &str); 9] = [
    ("Authorization", "ACS3-HMAC-SHA256 Credential=a,SignedHeaders=host;host,Signature=0"),
    ("Authorization", "ACS3-HMAC-SM3 Credential=a,SignedHeaders=host,Signature=0"),
    ("Authorization", "ACS3-"),
    ("Authorization", "Bearer demo"),
    ("Accept", "text/html, application/xml"),
    ("Content-Type", "application/json"),
    ("x-acs-action", "RenewInstance"),
    ("x-acs-date", "é"),
    ("x-acs-security-token", "of another"),
];

/// The nonce of the requests that have no other.
const AGAIN: &str = "again";

/// How long parameters are in a query at the most.
const HEAD_BYTES: usize = 60_000;

/// A text.
#[derive(Clone, Debug)]
enum Text {
    Hostile(&'static str),
    /// As many of the same.
    Long(char, usize),
    /// Any text at all.
    Any(Vec<char>),
    /// An array so many arrays deep.
    Deep(usize),
    /// So many ids, as an array or with commas between.
    Ids(usize, bool),
}

/// A change of parameters that are right.
#[derive(Clone, Debug)]
enum Change {
    Set(Index, Text),
    Remove(Index),
    /// One more, or one that is there already a second time.
    Add(&'static str, Text),
    Twice(Index, Text),
    /// So many, with numbers.
    Numbered(usize),
}

/// How a request is proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Proof {
    Right,
    /// Right, and then a parameter is added.
    Tampered,
    /// Right, and then something is left out.
    Without(usize),
    /// Right, and then the body has so many bytes more.
    Bloated(usize),
    /// By another secret.
    WrongSecret,
    /// By a key of nobody's.
    UnknownKey,
    /// By a session's key, with another token or none.
    WrongToken(Option<&'static str>),
    /// At another time.
    At(&'static str),
    /// With a nonce that was used.
    UsedNonce,
    /// Not at all.
    Unsigned,
}

/// Who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Caller {
    Own,
    Session,
    Reader,
    Other,
}

/// A call, before it is known which one it is.
#[derive(Clone, Debug)]
pub struct Call {
    /// Which of the parameters that the call takes, by place.
    parameters: usize,
    changes: Vec<Change>,
    /// A token that few other calls have.
    token: Option<u32>,
    action: Option<&'static str>,
    version: Option<&'static str>,
    caller: Caller,
    proof: Proof,
    scheme: Scheme,
    place: Place,
    format: Format,
    method: Option<&'static str>,
    header: Option<(&'static str, &'static str)>,
}

impl Call {
    /// A call as the documentation has it, of the customer's own.
    fn plain(parameters: usize, scheme: Scheme, place: Place, format: Format) -> Self {
        Self {
            parameters,
            changes: Vec::new(),
            token: None,
            action: None,
            version: None,
            caller: Caller::Own,
            proof: Proof::Right,
            scheme,
            place,
            format,
            method: None,
            header: None,
        }
    }

    /// The parameters of the call that it is for.
    fn parameters(&self, taken: &[Value]) -> Vec<(String, String)> {
        let fields = taken[self.parameters % taken.len()].as_object().expect("parameters have names");
        let text = |value: &Value| value.as_str().expect("parameters are texts").to_owned();
        let mut pairs: Vec<_> = fields.iter().map(|(name, value)| (name.clone(), text(value))).collect();
        pairs.extend(self.token.map(|token| ("ClientToken".to_owned(), format!("storm {token:x}"))));
        for change in &self.changes {
            let place = |at: &Index, pairs: &[_]| (!pairs.is_empty()).then(|| at.index(pairs.len()));
            match change {
                Change::Set(at, text) => drop(place(at, &pairs).map(|at| pairs[at].1 = text.written())),
                Change::Remove(at) => drop(place(at, &pairs).map(|at| pairs.remove(at))),
                Change::Add(name, text) => pairs.push(((*name).to_owned(), text.written())),
                Change::Twice(at, text) => {
                    let twice = place(at, &pairs).map(|at| (pairs[at].0.clone(), text.written()));
                    pairs.extend(twice);
                }
                Change::Numbered(count) => {
                    pairs.extend((0..*count).map(|number| (format!("InstanceId.{number}"), format!("i-{number}"))));
                }
            }
        }
        pairs
    }

    /// The key that signs.
    fn key(&self) -> AccessKey {
        let [own, reader, session, other] = ALIYUN_KEYS;
        let plain = |(id, secret): (&str, &str)| AccessKey::new(id, secret);
        match (self.proof, self.caller) {
            (Proof::WrongSecret, _) => AccessKey::new(own.0, other.1),
            (Proof::UnknownKey, _) => AccessKey::new("LTAInobodys", own.1),
            (Proof::WrongToken(None), _) => plain(session),
            (Proof::WrongToken(Some(token)), _) => AccessKey::of_session(session.0, session.1, token),
            // What is calculated over a request that was changed is shown to its sender, a session's token included.
            (_, Caller::Session) if self.header.is_some() => plain(own),
            (Proof::Tampered | Proof::Without(_) | Proof::Bloated(_) | Proof::UsedNonce, _) | (_, Caller::Own) => {
                plain(own)
            }
            (_, Caller::Session) => AccessKey::of_session(session.0, session.1, ALIYUN_SESSION_TOKEN),
            (_, Caller::Reader) => plain(reader),
            (_, Caller::Other) => plain(other),
        }
    }

    /// Who is served, if anybody is.
    fn auth(&self) -> Auth {
        match (self.proof, self.caller) {
            (Proof::Right | Proof::Bloated(_), Caller::Own | Caller::Session) => Auth::Own,
            (Proof::Right | Proof::Bloated(_), Caller::Reader) => Auth::Narrow,
            (Proof::Right | Proof::Bloated(_), Caller::Other) => Auth::Other,
            (Proof::Unsigned, _) => Auth::Missing,
            _ => Auth::Garbage(0),
        }
    }

    /// Whether everything is said that tells in which writing to answer, and nothing against it.
    fn is_clear(&self) -> bool {
        let is_format = |change: &Change| matches!(change, Change::Add("Format", _) | Change::Numbered(_));
        let is_whole = !matches!(self.proof, Proof::Unsigned | Proof::Without(_) | Proof::Bloated(_));
        is_whole && self.header.is_none() && !self.changes.iter().any(is_format)
    }

    /// The type of the answer that is asked for.
    fn kind(&self) -> Option<&'static str> {
        match (self.format, self.scheme) {
            _ if !self.is_clear() => None,
            (Format::Json, _) | (Format::Unsaid, Scheme::V3) => Some("application/json;charset=utf-8"),
            (Format::Xml, _) | (Format::Unsaid, Scheme::Rpc) => Some("text/xml;charset=utf-8"),
        }
    }
}

impl Text {
    fn written(&self) -> String {
        match self {
            Self::Hostile(text) => (*text).to_owned(),
            Self::Long(letter, count) => letter.to_string().repeat(*count),
            Self::Any(letters) => letters.iter().collect(),
            Self::Deep(depth) => "[".repeat(*depth) + &"]".repeat(*depth),
            Self::Ids(count, true) => format!("[{}]", vec!["\"i-1\""; *count].join(",")),
            Self::Ids(count, false) => vec!["i-1"; *count].join(","),
        }
    }
}

/// A storm, and what it renewed.
pub struct RpcStorm<'a> {
    storm: &'a Storm,
    client: AliyunClient,
    served: Vec<Endpoint>,
    /// Those that are drawn, renewals more often than others.
    drawn: Vec<Endpoint>,
    /// The orders that renewals were answered with.
    pub orders: RefCell<BTreeSet<String>>,
}

impl<'a> RpcStorm<'a> {
    /// The same storm over parameters.
    pub fn over(storm: &'a Storm) -> Self {
        let origin = format!("http://{}", storm.address);
        let time = jiff::Timestamp::from_second(storm.time).unwrap().to_string();
        let client = AliyunClient::new(&origin, &origin, AccessKey::new("", "")).unwrap().at(&time);
        let served: Vec<_> = storm.endpoints.iter().filter(|endpoint| endpoint.served).cloned().collect();
        let renewals = served.iter().filter(|endpoint| renews(endpoint)).cycle().take(8).cloned();
        let drawn = served.iter().cloned().chain(renewals).collect();
        Self { storm, client, served, drawn, orders: RefCell::default() }
    }

    /// Every call as its documentation says, by one signature there and by the other one back.
    pub fn tour(&self) -> Result<(), TestCaseError> {
        let there = self.served.iter().map(|endpoint| (endpoint, Scheme::V3, Place::Query, Format::Json));
        let back = self.served.iter().rev().map(|endpoint| (endpoint, Scheme::Rpc, Place::Form, Format::Xml));
        for (endpoint, scheme, place, format) in there.chain(back) {
            for parameters in 0..self.storm.fuzzed.bodies(endpoint).len() {
                self.ask(endpoint, &Call::plain(parameters, scheme, place, format))?;
            }
        }
        // From now on this one is used, for as long as a part of the storm takes.
        let plain = Call::plain(0, Scheme::V3, Place::Get, Format::Json);
        let used = self.sent(&self.served[0], &Call { proof: Proof::UsedNonce, ..plain });
        self.storm.check(&Sent { auth: Auth::Own, ..used }).map(drop)
    }

    /// Makes one of the calls that are served.
    pub fn draw(&self, at: Index, call: &Call) -> Result<(), TestCaseError> {
        self.ask(at.get(&self.drawn), call)
    }

    fn ask(&self, endpoint: &Endpoint, call: &Call) -> Result<(), TestCaseError> {
        let response = self.storm.check(&self.sent(endpoint, call))?;
        if response.status == 200 && call.action.is_none() {
            self.storm.note(endpoint);
            let (text, is_renewal) = (response.text(), renews(endpoint));
            let told = ["\"OrderId\":\"", "<OrderId>"].iter().find_map(|before| text.split_once(before));
            let order = told.map(|(_, rest)| rest.chars().take_while(char::is_ascii_digit).collect());
            self.orders.borrow_mut().extend(order.filter(|_| is_renewal));
        }
        Ok(())
    }

    fn sent(&self, endpoint: &Endpoint, call: &Call) -> Sent {
        let named = endpoint.path.trim_start_matches("/?Action=").split_once("&Version=");
        let (action, version) = named.expect("paths name the action and its version");
        let (action, version) = (call.action.unwrap_or(action), call.version.unwrap_or(version));
        let pairs = call.parameters(&self.storm.fuzzed.bodies(endpoint));
        let pairs: Vec<_> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        // A longer head is refused by the listener, before there is a dialect.
        let length: usize = pairs.iter().map(|(name, value)| name.len() + 3 * value.len() + 2).sum();
        let place = if length > HEAD_BYTES { Place::Form } else { call.place };
        let mut client = self.client.with_key(call.key()).place(place).format(call.format);
        client.scheme = call.scheme;
        match call.proof {
            Proof::At(time) => client = client.at(time),
            Proof::UsedNonce => client.nonce = Some(format!("{AGAIN} {}", self.storm.time)),
            _ => {}
        }
        let signed = changed(client.signed(version, action, &pairs).expect("the time is given"), call.proof);
        let mut headers: Vec<_> = signed.headers.into_iter().map(|(name, value)| (known(&name), value)).collect();
        headers.extend(call.header.map(|(name, value)| (name, value.to_owned())));
        Sent {
            method: call.method.unwrap_or(signed.method),
            target: signed.target,
            headers,
            body: signed.body.into_bytes(),
            auth: call.auth(),
            kind: call.kind(),
        }
    }
}

fn renews(endpoint: &Endpoint) -> bool {
    endpoint.path.contains("=RenewInstance&")
}

/// The request as it is sent, after it was signed.
fn changed(mut signed: Signed, proof: Proof) -> Signed {
    match proof {
        Proof::Tampered => {
            let mark = if signed.target.contains('?') { '&' } else { '?' };
            signed.target = format!("{}{mark}Tampered=1", signed.target);
        }
        Proof::Without(place) if !signed.headers.is_empty() => {
            signed.headers.remove(place % signed.headers.len());
        }
        // The last parameter: every request has a timestamp and a version there.
        Proof::Without(_) => signed.target.truncate(signed.target.rfind('&').unwrap_or(1)),
        Proof::Bloated(count) => signed.body += &" ".repeat(count),
        Proof::Unsigned => {
            signed.headers.clear();
            signed.target = signed.target.replace("Signature", "Unsigned").replace("AccessKeyId", "NoKey");
            signed.body.clear();
        }
        _ => {}
    }
    signed
}

/// A header's name, of those that are signed.
fn known(name: &str) -> &'static str {
    const NAMES: [&str; 10] = [
        "content-type",
        "accept",
        "Authorization",
        "x-acs-action",
        "x-acs-version",
        "x-acs-date",
        "x-acs-signature-nonce",
        "x-acs-content-sha256",
        "x-acs-accesskey-id",
        "x-acs-security-token",
    ];
    NAMES.into_iter().find(|known| *known == name).expect("the client sends no other")
}

fn text() -> impl Strategy<Value = Text> {
    let count = select(&[10_usize, 64, 65, 100, 101, 4_000][..]);
    prop_oneof![
        12 => select(&HOSTILE[..]).prop_map(Text::Hostile),
        2 => (select(&['9', 'a', ' ', 'é', '💥'][..]), count.clone())
            .prop_map(|(letter, count)| Text::Long(letter, count)),
        2 => proptest::collection::vec(any::<char>(), 1..12).prop_map(Text::Any),
        1 => select(&[2_usize, 127, 129, 5_000][..]).prop_map(Text::Deep),
        1 => (count, any::<bool>()).prop_map(|(count, is_array)| Text::Ids(count, is_array)),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<Index>;
    prop_oneof![
        6 => (at(), text()).prop_map(|(at, text)| Change::Set(at, text)),
        2 => at().prop_map(Change::Remove),
        4 => (select(&NAMES[..]), text()).prop_map(|(name, text)| Change::Add(name, text)),
        1 => (at(), text()).prop_map(|(at, text)| Change::Twice(at, text)),
        1 => select(&[1_usize, 100, 101, 1_000, 1_100][..]).prop_map(Change::Numbered),
    ]
}

fn proof() -> impl Strategy<Value = Proof> {
    let token = select(&[None, Some("another"), Some("é"), Some(ALIYUN_KEYS[0].0)][..]);
    prop_oneof![
        24 => Just(Proof::Right),
        1 => Just(Proof::Tampered),
        1 => any::<usize>().prop_map(Proof::Without),
        1 => select(&[1_usize, 70_000, 262_145, 1_000_000][..]).prop_map(Proof::Bloated),
        1 => Just(Proof::WrongSecret),
        1 => Just(Proof::UnknownKey),
        1 => token.prop_map(Proof::WrongToken),
        1 => select(&TIMES[..]).prop_map(Proof::At),
        1 => Just(Proof::UsedNonce),
        1 => Just(Proof::Unsigned),
    ]
}

fn caller() -> impl Strategy<Value = Caller> {
    prop_oneof![
        8 => Just(Caller::Own),
        2 => Just(Caller::Session),
        1 => Just(Caller::Reader),
        2 => Just(Caller::Other),
    ]
}

/// Mostly nothing, else one of these.
fn seldom<T: Copy + std::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = Option<T>> {
    prop_oneof![19 => Just(None), 1 => select(all).prop_map(Some)]
}

/// Calls of all kinds, and a place in the table of calls for each; more of them nearly right than all wrong.
pub fn draws() -> impl Strategy<Value = (Index, Call)> {
    let changes = prop_oneof![2 => Just(Vec::new()), 3 => proptest::collection::vec(change(), 1..4)];
    let token = prop_oneof![1 => Just(None), 1 => any::<u32>().prop_map(Some)];
    let manner = (
        select(&[Scheme::V3, Scheme::Rpc][..]),
        select(&[Place::Query, Place::Get, Place::Form][..]),
        select(&[Format::Json, Format::Xml, Format::Unsaid][..]),
    );
    let what = (any::<Index>(), any::<usize>(), changes, token, seldom(&ACTIONS), seldom(&VERSIONS));
    (what, manner, caller(), proof(), seldom(&METHODS), seldom(&HEADERS)).prop_map(
        |((at, parameters, changes, token, action, version), manner, caller, proof, method, header)| {
            let (scheme, place, format) = manner;
            let drawn = Call {
                changes,
                token,
                action,
                version,
                caller,
                proof,
                method,
                header,
                ..Call::plain(parameters, scheme, place, format)
            };
            (at, drawn)
        },
    )
}
