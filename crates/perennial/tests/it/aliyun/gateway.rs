//! What is checked before any action: each code of the vendor's gateway, reached; formats, methods, rights, sessions.

use std::time::Duration;

use http::Method;
use perennial_core::command::{Action, Command};
use perennial_core::ids::{ApplicationId, CredentialId};

use super::house::{House, request};

const NOW: &str = "2026-11-22T10:00:00Z";

const LIST: &[(&str, &str)] =
    &[("Action", "DescribeInstances"), ("Version", "2014-05-26"), ("RegionId", "cn-hangzhou")];

async fn house() -> House {
    let house = House::open(NOW, |settings| settings.explain_signatures = true);
    house.key("testid", "testsecret", None, &[("*", "*")]).await;
    house
}

fn with<'a>(parameters: &[(&'a str, &'a str)], more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let kept = parameters.iter().filter(|(name, _)| more.iter().all(|(other, _)| other != name));
    kept.chain(more).copied().collect()
}

#[tokio::test]
async fn each_code_of_the_gateway_is_reached() {
    let house = house().await;
    for (changed, status, code) in [
        (&[("Action", "")][..], 400, "MissingAction"),
        (&[("Version", "")], 400, "MissingVersion"),
        (&[("Action", "NoSuchAction")], 404, "InvalidAction.NotFound"),
        (&[("Action", "QueryAccountBalance")], 404, "InvalidAction.NotFound"),
        (&[("Action", "ModifyInstanceChargeType")], 404, "InvalidAction.NotFound"),
        (&[("Version", "2014-05-27")], 400, "InvalidVersion"),
        (&[("AccessKeyId", "")], 400, "MissingAccessKeyId"),
        (&[("Timestamp", "")], 400, "MissingTimestamp"),
        (&[("SignatureNonce", "")], 400, "MissingSignatureNonce"),
        (&[("SignatureMethod", "")], 400, "MissingSignatureMethod"),
        (&[("SignatureMethod", "HMAC-MD5")], 400, "InvalidSignatureMethod"),
        (&[("SignatureVersion", "2.0")], 400, "InvalidSignatureMethod"),
        (&[("SignatureType", "BEARERTOKEN")], 400, "InvalidSignatureMethod"),
        (&[("AccessKeyId", "nobody")], 404, "InvalidAccessKeyId.NotFound"),
        (&[("AccessKeyId", "TESTID")], 404, "InvalidAccessKeyId.NotFound"),
        (&[("SecurityToken", "none-of-this-key")], 400, "InvalidSecurityToken.MismatchWithAccessKey"),
        (&[("Timestamp", "2026-11-22 10:00:00")], 400, "InvalidTimeStamp.Format"),
        (&[("Timestamp", "2026-11-22T10:00:00+00:00")], 400, "InvalidTimeStamp.Format"),
        (&[("Timestamp", "2026-11-22T10:15:01Z")], 400, "InvalidTimeStamp.Expired"),
        (&[("Timestamp", "2026-11-22T09:44:59Z")], 400, "InvalidTimeStamp.Expired"),
        (&[("Timestamp", "2026-11-22T10:15:00Z")], 200, ""),
        (&[("Timestamp", "2026-11-22T09:45:00Z")], 200, ""),
    ] {
        let answer = house.node.answer(&house.request(&with(LIST, changed))).await;
        assert_eq!(answer.code(), (status, code.to_owned()), "{changed:?}");
    }
}

#[tokio::test]
async fn errors_have_the_vendors_shape_in_both_writings() {
    let house = house().await;
    let answer = house.node.answer(&house.request(&with(LIST, &[("Version", "1")]))).await;
    let body = answer.json();
    let fields: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(fields, ["Code", "HostId", "Message", "Recommend", "RequestId"]);
    assert_eq!(body["HostId"], "127.0.0.1:8404");
    let id = body["RequestId"].as_str().unwrap();
    assert!(
        id.len() == 36 && id.bytes().all(|byte| byte == b'-' || byte.is_ascii_digit() || byte.is_ascii_uppercase())
    );
    assert_eq!(answer.0.headers()["x-acs-request-id"], id);
    for format in ["XML", "xml", "", "YAML"] {
        let answer = house.node.answer(&house.request(&with(LIST, &[("Version", "1"), ("Format", format)]))).await;
        assert_eq!(answer.0.headers()["content-type"], "text/xml;charset=utf-8");
        let start = "<?xml version='1.0' encoding='UTF-8'?><Error><RequestId>";
        assert!(answer.text().starts_with(start) && answer.text().contains("<Code>InvalidVersion</Code>"), "{format}");
    }
    let answer = house.node.answer(&house.request(&with(LIST, &[("Format", "YAML")]))).await;
    assert!(answer.text().contains("<Code>InvalidParameter.Format</Code>"), "{}", answer.text());
    let answer = house.node.answer(&house.request(&with(LIST, &[("Format", "xml")]))).await;
    assert!(answer.text().contains("<DescribeInstancesResponse><RequestId>"), "{}", answer.text());
    assert!(answer.text().contains("<Instances><Instance><"), "{}", answer.text());
    assert!(answer.text().ends_with("</DescribeInstancesResponse>"), "{}", answer.text());
}

#[tokio::test]
async fn only_get_and_post_of_the_root_are_answered() {
    let house = house().await;
    let mut signed = house.request(LIST);
    for (method, status, code) in
        [(Method::PUT, 403, "UnsupportedHTTPMethod"), (Method::DELETE, 403, "UnsupportedHTTPMethod")]
    {
        signed.method = method;
        assert_eq!(house.node.answer(&signed).await.code(), (status, code.to_owned()));
    }
    let mut signed = house.request(LIST);
    signed.target = signed.target.replacen('/', "/v1", 1);
    assert_eq!(house.node.answer(&signed).await.code(), (404, "InvalidAction.NotFound".to_owned()));
    // The same parameters in a form, and half of them in each place.
    for split in [0, 5] {
        let signed = house.request(LIST);
        let (_, query) = signed.target.split_once('?').unwrap();
        let pairs: Vec<_> = query.split('&').collect();
        let headers = [("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned())];
        let whole = request("POST", &pairs[..split].join("&"), &headers, &pairs[split..].join("&"));
        assert_eq!(house.node.answer(&whole).await.code(), (200, String::new()), "{split}");
    }
    let many = "a=1&".repeat(2000);
    let answer = house.node.answer(&request("POST", &format!("Format=JSON&{many}"), &[], "")).await;
    assert!(answer.text().contains("<Code>InvalidParameter</Code>"), "{}", answer.text());
}

#[tokio::test]
async fn a_wrong_signature_is_explained_behind_a_colon_where_the_seller_wants_it() {
    for explains in [true, false] {
        let house = House::open(NOW, |settings| settings.explain_signatures = explains);
        house.key("testid", "another-secret", None, &[("*", "*")]).await;
        let answer = house.node.answer(&house.request(LIST)).await;
        assert_eq!(answer.code(), (400, "SignatureDoesNotMatch".to_owned()));
        let message = answer.json()["Message"].as_str().unwrap().to_owned();
        let (_, shown) = message.split_once(':').expect("has a colon, which the older Python SDK wants");
        assert_eq!(shown.starts_with("POST&%2F&AccessKeyId%3Dtestid%26Action%3DDescribeInstances"), explains);
    }
}

#[tokio::test]
async fn a_sessions_key_is_worth_nothing_without_its_token() {
    let house = house().await;
    house.key("STS.session", "testsecret", Some("the-token"), &[("*", "*")]).await;
    let session = |more: &[(&'static str, &'static str)]| with(LIST, &with(&[("AccessKeyId", "STS.session")], more));
    for (more, status, code) in [
        (&[][..], 400, "MissingSecurityToken"),
        (&[("SecurityToken", "another")], 400, "InvalidSecurityToken.MismatchWithAccessKey"),
        (&[("SecurityToken", "the-token")], 200, ""),
    ] {
        let answer = house.node.answer(&house.request(&session(more))).await;
        assert_eq!(answer.code(), (status, code.to_owned()), "{more:?}");
    }
    let answer = house.node.answer(&house.request(&with(LIST, &[("SecurityToken", "the-token")]))).await;
    assert_eq!(answer.code(), (400, "InvalidSecurityToken.MismatchWithAccessKey".to_owned()), "of another key");
    expire(&house, 2).await;
    let answer = house.node.answer(&house.request(&session(&[("SecurityToken", "the-token")]))).await;
    assert_eq!(answer.code(), (400, "InvalidSecurityToken.Expired".to_owned()));
}

/// Ends the credential with a number.
async fn expire(house: &House, credential: i64) {
    let action = Action::ExpireCredential { credential: CredentialId(credential) };
    house.lane().submit(Command { account: house.account(), token: None, action }).await.unwrap();
}

#[tokio::test]
async fn a_key_that_was_ended_is_disabled_at_once() {
    for revoked in [true, false] {
        let house = house().await;
        assert_eq!(house.node.answer(&house.request(LIST)).await.code(), (200, String::new()));
        if revoked {
            let action = Action::RevokeApplication { application: ApplicationId(1) };
            house.lane().submit(Command { account: house.account(), token: None, action }).await.unwrap();
        } else {
            expire(&house, 1).await;
        }
        let answer = house.node.answer(&house.request(LIST)).await;
        assert_eq!(answer.code(), (400, "InvalidAccessKeyId.Inactive".to_owned()));
    }
}

#[tokio::test]
async fn a_key_makes_the_calls_that_its_rules_name() {
    let house = house().await;
    for (key, rules, allowed) in [
        ("reader", &[("ecs", "Describe*"), ("bss", "Query*")][..], [true, false, true, false]),
        ("renewer", &[("ecs", "RenewInstance")], [false, true, false, false]),
        ("biller", &[("bss", "*")], [false, false, true, true]),
        ("nothing", &[], [false; 4]),
    ] {
        house.key(key, "testsecret", None, rules).await;
        for ((action, version, more), allowed) in [
            ("DescribeRegions", "2014-05-26", &[][..]),
            ("RenewInstance", "2014-05-26", &[("InstanceId", "i-a"), ("Period", "1"), ("ClientToken", "t")]),
            ("QueryAccountBalance", "2017-12-14", &[]),
            ("GetOrderDetail", "2017-12-14", &[("OrderId", "900")]),
        ]
        .into_iter()
        .zip(allowed)
        {
            let call = with(&[("Action", action), ("Version", version), ("AccessKeyId", key)], more);
            let (status, code) = house.node.answer(&house.request(&call)).await.code();
            assert_eq!((status, code.as_str()) != (403, "Forbidden.RAM"), allowed, "{key} {action}");
        }
        // Without the right to see instances, a caller sees none; a dry run tells why.
        let list = house.node.answer(&house.request(&with(LIST, &[("AccessKeyId", key)]))).await;
        let seen = list.json()["Instances"]["Instance"].as_array().unwrap().len();
        assert_eq!((list.0.status().as_u16(), seen), (200, if allowed[0] { 3 } else { 0 }), "{key}");
        let dry = house.node.answer(&house.request(&with(LIST, &[("AccessKeyId", key), ("DryRun", "true")]))).await;
        let expected = if allowed[0] { (400, "DryRunOperation") } else { (403, "Forbidden.RAM") };
        assert_eq!(dry.code(), (expected.0, expected.1.to_owned()), "{key}");
    }
}

#[tokio::test]
async fn too_many_calls_are_throttled_by_key() {
    let house = House::open(NOW, |settings| settings.requests_per_minute = std::num::NonZeroU32::new(2));
    for key in ["testid", "other"] {
        house.key(key, "testsecret", None, &[("*", "*")]).await;
    }
    for expected in [(200, ""), (200, ""), (400, "Throttling.User")] {
        let answer = house.node.answer(&house.request(LIST)).await;
        assert_eq!(answer.code(), (expected.0, expected.1.to_owned()));
        let wait =
            answer.0.headers().get("x-acs-retry-after").map(|wait| wait.to_str().unwrap().parse::<u64>().unwrap());
        assert_eq!(wait.is_some_and(|wait| (1000..=60_000).contains(&wait)), expected.0 == 400, "{wait:?}");
    }
    let others = house.node.answer(&house.request(&with(LIST, &[("AccessKeyId", "other")]))).await;
    assert_eq!(others.code(), (200, String::new()));
}

#[tokio::test]
async fn a_request_of_v3_that_cannot_be_read_is_told_what_is_wrong_with_it() {
    let house = house().await;
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let action = [header("x-acs-action", "DescribeInstances"), header("x-acs-version", "2014-05-26")];
    for (authorization, code) in [
        (Some("ACS3-HMAC-SM3 Credential=testid,SignedHeaders=host,Signature=00"), "InvalidSignatureMethod"),
        (Some("ACS3-HMAC-SHA256 Credential=testid"), "IncompleteSignature"),
        (Some("ACS3-HMAC-SHA256 Credential=testid,SignedHeaders=Host,Signature=00"), "IncompleteSignature"),
        (Some("ACS3-HMAC-SHA256 Credential=testid,SignedHeaders=host,Signature=00"), "MissingSignatureNonce"),
        (None, "MissingAccessKeyId"),
    ] {
        let authorization = authorization.map(|text| header("Authorization", text));
        let headers: Vec<_> = action.iter().cloned().chain(authorization).collect();
        let answer = house.node.answer(&request("POST", "Format=JSON", &headers, "")).await;
        assert_eq!(answer.code(), (400, code.to_owned()));
    }
}

#[tokio::test]
async fn a_client_whose_clock_stands_still_while_ours_was_moved_is_answered() {
    let house = house().await;
    house.clock.leave_clients_behind(Duration::from_hours(25 * 24));
    let earlier = [("Timestamp", "2026-11-22T10:00:00Z")];
    assert_eq!(house.node.answer(&house.request(&with(LIST, &earlier))).await.code(), (200, String::new()));
    assert_eq!(house.node.answer(&house.request(LIST)).await.code(), (200, String::new()), "and one that moved along");
    let between = [("Timestamp", "2026-12-01T10:00:00Z")];
    let answer = house.node.answer(&house.request(&with(LIST, &between))).await;
    assert_eq!(answer.code(), (400, "InvalidTimeStamp.Expired".to_owned()));
    // A nonce of an earlier time is used up all the same.
    let renewal = [("Action", "RenewInstance"), ("InstanceId", "i-a"), ("Period", "1"), ("ClientToken", "t")];
    let request = house.request(&with(&with(LIST, &renewal), &earlier));
    house.node.answer(&request).await.order();
    assert_eq!(house.another_node().answer(&request).await.code(), (400, "SignatureNonceUsed".to_owned()));
}
