//! Requests recorded from the vendor's SDKs, as they came, against a clock at the instant at which each was signed.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::house::{Answer, House, request};

const EVERYTHING: &[(&str, &str)] = &[("*", "*")];

const VECTORS: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../providers/src/aliyun/auth/vectors.json"));

/// The part of the file that is needed here.
#[derive(Deserialize)]
struct Vectors {
    recorded: Vec<Recorded>,
}

/// A request of an unmodified SDK.
#[derive(Clone, Deserialize)]
struct Recorded {
    id: String,
    scheme: String,
    method: String,
    query: String,
    headers: Vec<(String, String)>,
    body: String,
    action: String,
    signed_at: String,
    decoded_params: Vec<(String, String)>,
}

impl Recorded {
    fn all() -> Vec<Self> {
        let Vectors { mut recorded } = serde_json::from_str(VECTORS).expect("reads");
        // A clock does not go back.
        recorded.sort_by(|one, other| one.signed_at.cmp(&other.signed_at));
        recorded
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        self.decoded_params.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    async fn send(&self, house: &House) -> Answer {
        house.node.answer(&request(&self.method, &self.query, &self.headers, &self.body)).await
    }
}

async fn house(now: &str) -> House {
    let house = House::open(now, |_| {});
    house.key("testid", "testsecret", None, EVERYTHING).await;
    house.key("STS.testid", "teststssecret", Some("sts-token-example"), EVERYTHING).await;
    house
}

#[tokio::test]
async fn every_recorded_request_of_the_sdks_is_accepted() {
    let recorded = Recorded::all();
    assert_eq!(recorded.len(), 49);
    let house = house(&recorded[0].signed_at).await;
    let mut orders = BTreeSet::new();
    let mut by_token = BTreeMap::new();
    for request in &recorded {
        house.clock.at(&request.signed_at);
        let answer = request.send(&house).await;
        assert_eq!(answer.0.status(), 200, "{}: {}", request.id, answer.text());
        let wants_xml = request.scheme == "rpc-v1"
            && !request.parameter("Format").is_some_and(|format| format.eq_ignore_ascii_case("json"));
        let kind = answer.0.headers()["content-type"].to_str().expect("is text");
        let expected = if wants_xml { "text/xml;charset=utf-8" } else { "application/json;charset=utf-8" };
        assert_eq!(kind, expected, "{}", request.id);
        if request.action != "RenewInstance" {
            continue;
        }
        let order = if wants_xml { xml_order(&answer.text()) } else { answer.order() };
        orders.insert(order.clone());
        if let Some(token) = request.parameter("ClientToken") {
            let first = by_token.entry(token.to_owned()).or_insert_with(|| order.clone());
            assert_eq!(*first, order, "{}: the token's first order", request.id);
        }
    }
    assert_eq!(by_token.len(), 7, "tokens, one of them full of signs that have to be encoded");
    assert!(orders.len() < 16, "32 renewals with repeats among them made {} orders", orders.len());
    assert!(house.audit().findings.is_empty(), "{:?}", house.audit().findings);
    assert_eq!(house.until(), expiry(orders.len()), "a month for each order");
}

fn xml_order(text: &str) -> String {
    let inner = text.split_once("<OrderId>").and_then(|(_, rest)| rest.split_once("</OrderId>"));
    assert!(text.contains("<RenewInstanceResponse><RequestId>"), "{text}");
    inner.expect("names an order").0.to_owned()
}

/// Months after 12 December 2026.
fn expiry(months: usize) -> String {
    let months = 11 + months;
    let day: jiff::civil::Date = jiff::civil::date(
        2026 + i16::try_from(months / 12).expect("fits"),
        i8::try_from(months % 12 + 1).expect("fits"),
        12,
    );
    day.to_string()
}

/// The mutations that the file lists, each on every request that it is about.
#[tokio::test]
async fn every_recorded_request_that_was_tampered_with_is_refused_with_its_code() {
    let recorded = Recorded::all();
    let house = house(&recorded[0].signed_at).await;
    for request in &recorded {
        let other = |change: &dyn Fn(&mut Recorded)| {
            let mut changed = request.clone();
            change(&mut changed);
            changed
        };
        let signed_at: jiff::Timestamp = request.signed_at.parse().expect("is an instant");
        for seconds in [16 * 60, -16 * 60, 901, -901] {
            let moved = signed_at.checked_add(jiff::SignedDuration::from_secs(seconds)).expect("is in range");
            house.clock.at(&moved.to_string());
            refused(&house, request, (400, "InvalidTimeStamp.Expired")).await;
        }
        house.clock.at(&request.signed_at);
        let wrong = other(&|it| replace(it, "cn-hangzhou", "cn-hangzhau"));
        let wrong =
            if request.parameter("RegionId").is_some() { wrong } else { other(&|it| it.query.push_str("&x=1")) };
        refused(&house, &wrong, (400, "SignatureDoesNotMatch")).await;
        let unknown = other(&|it| replace(it, "testid", "nobody"));
        refused(&house, &unknown, (404, "InvalidAccessKeyId.NotFound")).await;
        if request.scheme == "v3" {
            let body = other(&|it| it.body.push('x'));
            refused(&house, &body, (400, "SignatureDoesNotMatch")).await;
        } else {
            let unsigned = other(&|it| replace(it, "Signature=", "Sign="));
            refused(&house, &unsigned, (400, "MissingSignature")).await;
        }
    }
    // None of this used a nonce up, or did anything.
    assert_eq!(house.until(), "2026-12-12");
    let request = recorded.iter().find(|it| it.action == "RenewInstance" && it.scheme == "v3").expect("is there");
    house.clock.at(&request.signed_at);
    assert_eq!(request.send(&house).await.0.status(), 200);
    refused(&house, request, (400, "SignatureNonceUsed")).await;
}

/// Replaces a text in whatever carries it.
fn replace(request: &mut Recorded, text: &str, with: &str) {
    request.query = request.query.replace(text, with);
    request.body = request.body.replace(text, with);
    for (_, value) in &mut request.headers {
        *value = value.replace(text, with);
    }
}

async fn refused(house: &House, request: &Recorded, (status, code): (u16, &str)) {
    let answer = request.send(house).await;
    let text = answer.text();
    let named = text.contains(&format!("\"Code\":\"{code}\"")) || text.contains(&format!("<Code>{code}</Code>"));
    assert!(answer.0.status() == status && named, "{}: {} {text} instead of {code}", request.id, answer.0.status());
}
