//! Draws: what a request of the storm is made of, before it is known which call it is for.

use std::fmt::Write as _;

use perennial_providers::Endpoint;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::Value;

use super::voice::Fuzzed;

/// Texts that stand in paths and queries as they are.
const HOSTILE: [&str; 40] = [
    "0",
    "-1",
    "1",
    "7",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "99999999999999999999999999999999999999",
    "1.5",
    "1e3",
    "0x10",
    "+5",
    "%20",
    "%20%20",
    "%00",
    "%0a",
    "%0d%0aSet-Cookie:%20a=b",
    "%C3%A9",
    "%F0%9F%92%A5",
    "%ff%fe",
    "%zz",
    "%",
    "%E2%80%AE",
    "..",
    "%2e%2e",
    "%2F",
    "..%2F..%2Fetc%2Fpasswd",
    "null",
    "true",
    "false",
    "undefined",
    "*",
    "a+b",
    "asc",
    "paid",
    "active",
    "2026-11-22",
    "2026-13-45T99:99:99Z",
    "'%20or%201=1--",
    "%7B%22a%22:1%7D",
];

/// Parameters of all the dialects' queries, and one of nobody's.
const NAMES: [&str; 31] = [
    "page",
    "per_page",
    "limit",
    "cursor",
    "name",
    "include",
    "status",
    "kind",
    "filter[status]",
    "filter[ip]",
    "filter[search]",
    "filter[ddos]",
    "sort[created_at]",
    "sort[expiry_at]",
    "include[]",
    "date.from",
    "date.to",
    "includeOptions",
    "orderBy",
    "sort",
    "resourceName",
    "routes",
    "default",
    "paymentType",
    "category",
    "orderId",
    "applicationId",
    "state",
    "iamTags",
    "whoisOwner",
    "x",
];

/// What stands where something else should: JSON, or nearly.
const VALUES: [&str; 30] = [
    "null",
    "true",
    "false",
    "0",
    "-0",
    "-1",
    "1",
    "1.5",
    "1.0",
    "0.001",
    "1e2",
    "1e400",
    "-1e-400",
    "65535",
    "65536",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775809",
    "123456789012345678901234567890.12",
    r#""""#,
    r#"" ""#,
    r#""1""#,
    r#""P1M""#,
    r#""\u0000""#,
    r#""\ud800""#,
    r#""é💥\u202e""#,
    "[]",
    "{}",
    "[null]",
    r#"{"id":1,"":[[]]}"#,
];

const METHODS: [&str; 9] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "RENEW"];

const OTHER_HEADERS: [(&str, &str); 10] = [
    ("X-Ovh-Batch", ","),
    ("X-Ovh-Batch", ";"),
    ("X-Ovh-Batch", ""),
    ("X-Pagination-Mode", "CachedObjectList-Pages"),
    ("X-Pagination-Size", "-1"),
    ("X-Pagination-Number", "99999999999999999999"),
    ("X-Pagination-Cursor", "é"),
    ("X-Pagination-Filter", "a:like=%"),
    ("Content-Type", "application/x-www-form-urlencoded"),
    ("X-API-Key", "of another"),
];

/// Bodies that are no request of anybody's.
const RAW: [&[u8]; 16] = [
    b"",
    b"{",
    b"[]",
    b"null",
    b"7",
    b"\"text\"",
    b"{}",
    b"{\"a\":}",
    b"{\"a\":1}{\"b\":2}",
    b"{\"\xff\xfe\":\"\xc3\x28\"}",
    b"\xef\xbb\xbf{}",
    b"\0\0\0\0",
    b"NaN",
    b"order_ids[]=1&payment_method=card",
    b"<?xml version=\"1.0\"?><a/>",
    b"{\"a\":\"\xed\xa0\x80\"}",
];

/// A parameter of a path.
#[derive(Clone, Debug)]
pub enum Param {
    /// One of those that the dialect has, by its place; the first are this customer's.
    At(usize),
    /// One that the dialect has, of this customer or another.
    Real(Index),
    /// One of [`HOSTILE`].
    Hostile(&'static str),
    /// So many digits.
    Digits(usize),
    /// Any text at all, percent-encoded.
    Text(Vec<char>),
}

/// A change of a valid body.
#[derive(Clone, Debug)]
pub enum Change {
    /// Something else in the place of a value.
    Set(Index, &'static str),
    /// A field that is not there.
    Remove(Index),
    /// One that nobody knows.
    Extra(&'static str),
    /// One that is there twice.
    Twice(&'static str),
    /// A value so many arrays deep.
    Deep(Index, usize),
    /// So many of the same.
    Many(Index, usize, &'static str),
}

/// A body.
#[derive(Clone, Debug)]
pub enum Body {
    /// One of those that the call takes, by its place.
    Valid(usize),
    /// One of those, changed.
    Changed(usize, Change),
    /// One of [`RAW`].
    Raw(&'static [u8]),
    /// As many spaces.
    Spaces(usize),
}

/// Who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// The customer.
    Own,
    /// Another customer.
    Other,
    /// The customer, with a key that may do little.
    Narrow,
    /// Nobody.
    Missing,
    /// Somebody with something that is no key.
    Garbage(usize),
}

/// A request, before it is known which call it is for.
#[derive(Clone, Debug)]
pub struct Draw {
    method: Option<&'static str>,
    params: Vec<Param>,
    query: Vec<(&'static str, &'static str)>,
    body: Body,
    pub auth: Auth,
    /// Headers besides.
    pub headers: Vec<(&'static str, String)>,
    /// What stands after the path.
    tail: &'static str,
}

impl Draw {
    /// A request as documentation has it, of the customer's own, for the things at a place.
    pub fn plain(body: Body, place: usize) -> Self {
        Self {
            method: None,
            params: vec![Param::At(place)],
            query: Vec::new(),
            body,
            auth: Auth::Own,
            headers: Vec::new(),
            tail: "",
        }
    }

    /// The method: mostly the call's own.
    pub fn method(&self, endpoint: &Endpoint) -> &'static str {
        let own = METHODS.into_iter().find(|method| *method == endpoint.method.as_str());
        self.method.or(own).expect("dialects use the usual methods")
    }

    /// The path, with something for each of its parameters.
    pub fn path(&self, fuzzed: &Fuzzed, endpoint: &Endpoint) -> String {
        let mut params = self.params.iter().cycle();
        let mut segments = Vec::new();
        for segment in endpoint.path.split('/') {
            segments.push(match segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                Some(name) => {
                    params.next().map_or_else(String::new, |param| written(param, &fuzzed.ids(endpoint.path, name)))
                }
                None => segment.to_owned(),
            });
        }
        segments.join("/") + self.tail
    }

    /// The query, with its question mark.
    pub fn query(&self) -> String {
        let pairs: Vec<_> = self.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
    }

    /// The body, where these are taken.
    pub fn body(&self, valid: &[Value]) -> Vec<u8> {
        let one = |place: usize| valid.get(place % valid.len().max(1));
        match &self.body {
            Body::Valid(place) => one(*place).map_or_else(Vec::new, |body| body.to_string().into_bytes()),
            Body::Changed(place, change) => {
                let body = one(*place).cloned().unwrap_or_else(|| Value::Object(serde_json::Map::new()));
                changed(body, change).into_bytes()
            }
            Body::Raw(bytes) => bytes.to_vec(),
            Body::Spaces(count) => vec![b' '; *count],
        }
    }
}

fn written(param: &Param, real: &[String]) -> String {
    match param {
        Param::At(place) => real[place % real.len()].clone(),
        Param::Real(at) => at.get(real).clone(),
        Param::Hostile(text) => (*text).to_owned(),
        Param::Digits(count) => "9".repeat(*count),
        Param::Text(letters) => letters.iter().collect::<String>().bytes().fold(String::new(), |mut text, byte| {
            write!(text, "%{byte:02X}").expect("a text takes it");
            text
        }),
    }
}

/// Where everything in a body is.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    let mut below = |name: &str, value: &Value| {
        let place = format!("{at}/{name}");
        found.push(place.clone());
        places(value, &place, found);
    };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| below(name, value)),
        Value::Array(items) => items.iter().enumerate().for_each(|(place, value)| below(&place.to_string(), value)),
        _ => {}
    }
}

fn changed(mut body: Value, change: &Change) -> String {
    let mut found = Vec::new();
    places(&body, "", &mut found);
    let mut put = |at: &Index, raw: &str| {
        if found.is_empty() {
            return format!(r#"{{"x":{raw}}}"#);
        }
        let place = at.get(&found);
        *body.pointer_mut(place).expect("is where it was found") = Value::from("<here>");
        body.to_string().replace(r#""<here>""#, raw)
    };
    match change {
        Change::Set(at, raw) => put(at, raw),
        Change::Deep(at, depth) => put(at, &format!("{}{}", "[".repeat(*depth), "]".repeat(*depth))),
        Change::Many(at, count, raw) => put(at, &format!("[{}]", vec![*raw; *count].join(","))),
        Change::Remove(at) => {
            if let Some((parent, name)) =
                (!found.is_empty()).then(|| at.get(&found)).and_then(|place| place.rsplit_once('/'))
            {
                match body.pointer_mut(parent) {
                    Some(Value::Object(fields)) => drop(fields.remove(name)),
                    Some(Value::Array(items)) => drop(items.pop()),
                    _ => {}
                }
            }
            body.to_string()
        }
        Change::Extra(raw) => with(&body, &format!(r#""nobodys":{raw}"#)),
        Change::Twice(raw) => {
            let name = body.as_object().and_then(|fields| fields.keys().next().cloned()).unwrap_or_default();
            with(&body, &format!(r#""{name}":{raw}"#))
        }
    }
}

/// The body with one more field at its end.
fn with(body: &Value, field: &str) -> String {
    let text = body.to_string();
    let inside = text.trim_end_matches('}');
    let comma = if inside.ends_with('{') { "" } else { "," };
    // Bodies end with as many braces as they have objects open there; none of ours ends with more than one.
    format!("{inside}{comma}{field}}}")
}

fn param() -> impl Strategy<Value = Param> {
    prop_oneof![
        5 => (0_usize..2).prop_map(Param::At),
        4 => any::<Index>().prop_map(Param::Real),
        3 => select(&HOSTILE[..]).prop_map(Param::Hostile),
        1 => (1_usize..3_000).prop_map(Param::Digits),
        1 => proptest::collection::vec(any::<char>(), 1..12).prop_map(Param::Text),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    let (at, raw) = (any::<Index>, || select(&VALUES[..]));
    prop_oneof![
        6 => (at(), raw()).prop_map(|(at, raw)| Change::Set(at, raw)),
        2 => at().prop_map(Change::Remove),
        1 => raw().prop_map(Change::Extra),
        1 => raw().prop_map(Change::Twice),
        1 => (at(), select(&[2_usize, 31, 33, 127, 129, 5_000][..])).prop_map(|(at, depth)| Change::Deep(at, depth)),
        1 => (at(), select(&[21_usize, 101, 1_001, 20_000][..]), raw())
            .prop_map(|(at, count, raw)| Change::Many(at, count, raw)),
    ]
}

fn body() -> impl Strategy<Value = Body> {
    prop_oneof![
        4 => any::<usize>().prop_map(Body::Valid),
        5 => (any::<usize>(), change()).prop_map(|(place, change)| Body::Changed(place, change)),
        1 => select(&RAW[..]).prop_map(Body::Raw),
        1 => select(&[1_usize, 70_000, 262_144, 262_145, 1_000_000][..]).prop_map(Body::Spaces),
    ]
}

fn auth() -> impl Strategy<Value = Auth> {
    prop_oneof![
        14 => Just(Auth::Own),
        2 => Just(Auth::Other),
        1 => Just(Auth::Narrow),
        1 => Just(Auth::Missing),
        1 => any::<usize>().prop_map(Auth::Garbage),
    ]
}

fn query() -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
    let pairs = proptest::collection::vec((select(&NAMES[..]), select(&HOSTILE[..])), 1..6);
    prop_oneof![3 => Just(Vec::new()), 2 => pairs]
}

/// Headers that mean something to one dialect or another.
fn headers() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    let key = prop_oneof![
        Just(String::new()),
        Just("the same".to_owned()),
        Just("é".to_owned()),
        (1_usize..2_000).prop_map(|length| "k".repeat(length)),
    ];
    let other = select(&OTHER_HEADERS[..]).prop_map(|(name, value)| (name, value.to_owned()));
    let header = prop_oneof![key.prop_map(|key| ("Idempotency-Key", key)), other];
    prop_oneof![3 => Just(Vec::new()), 1 => proptest::collection::vec(header, 1..3)]
}

/// Requests of all kinds, and a place in the table of calls for each; more of them nearly right than all wrong, so that they get past the door.
pub fn draws() -> impl Strategy<Value = (Index, Draw)> {
    let method = prop_oneof![9 => Just(None), 1 => select(&METHODS[..]).prop_map(Some)];
    let tail = prop_oneof![19 => Just(""), 1 => select(&["/", "//", "/..", "/x", ".json", "%2F", ";a=b"][..])];
    let params = proptest::collection::vec(param(), 3);
    (any::<Index>(), method, params, query(), body(), auth(), headers(), tail).prop_map(
        |(at, method, params, query, body, auth, headers, tail)| {
            (at, Draw { method, params, query, body, auth, headers, tail })
        },
    )
}
