//! Access: keys that are issued, listed and revoked by the command line, what they open, and those of the sandbox.

use std::process::Command;

use perennial_testkit::aliyun::{AccessKey, Format, Place};
use perennial_testkit::{AliyunClient, Sandbox, sandbox};
use serde_json::{Value, json};

use crate::cli::fields;
use crate::serve::{config, start};
use crate::shop::{Run, Shop};

const BINARY: &str = env!("CARGO_BIN_EXE_perennial");

const NOW: &str = "2026-11-22T12:00:00Z";

#[test]
fn keys_are_issued_once_listed_without_secrets_and_revoked() {
    let shop = Shop::open();
    let issue =
        |args: &[&str]| shop.document(&[&["key", "issue", "--account", "acme", "--dialect", "ovh"], args].concat());
    let length = |document: &Value, field: &str| document[field].as_str().unwrap().len();

    let application = issue(&["--name", "app"]);
    assert_eq!(fields(&application), ["application_key", "application_secret", "id"]);
    assert_eq!((length(&application, "application_key"), length(&application, "application_secret")), (16, 32));
    let key = application["application_key"].as_str().unwrap();
    let consumer = issue(&[
        "--kind",
        "consumer",
        "--application",
        key,
        "--rule",
        "GET /*",
        "--rule",
        "PUT /services/*",
        "--allow-ip",
        "203.0.113.7",
        "--expires",
        "P1Y",
        "--name",
        "laptop",
    ]);
    assert_eq!((fields(&consumer), length(&consumer, "consumer_key")), (vec!["consumer_key", "id"], 32));
    let client = issue(&["--kind", "oauth2"]);
    assert_eq!(fields(&client), ["client_id", "client_secret", "id"]);

    let listed = shop.json(&["key", "list"]);
    assert!(listed.iter().all(|line| fields(line) == fields(&listed[0])), "one form for all kinds: {listed:?}");
    let summary: Vec<_> = listed.iter().map(|line| [&line["id"], &line["kind"], &line["status"]]).collect();
    assert_eq!(
        json!(summary),
        json!([
            ["application/1", "application", "active"],
            ["application/2", "oauth2", "active"],
            ["credential/1", "consumer", "validated"],
        ])
    );
    assert_eq!(listed[2]["rules"], json!(["GET /*", "PUT /services/*"]));
    assert_eq!(listed[2]["allowed_ips"], json!(["203.0.113.7"]));
    let everything = std::fs::read(shop.database()).unwrap();
    for secret in [&application["application_secret"], &consumer["consumer_key"], &client["client_secret"]] {
        let secret = secret.as_str().unwrap();
        assert!(!json!(listed).to_string().contains(secret));
        assert!(!everything.windows(secret.len()).any(|window| window == secret.as_bytes()));
    }

    shop.run(&["key", "revoke", "application/1"]).failed(2, "hint: `-y` answers ahead");
    shop.run(&["key", "revoke", "application/1", "--yes"]).done();
    let status: Vec<_> = shop.json(&["key", "list"]).into_iter().map(|line| line["status"].clone()).collect();
    assert_eq!(status, ["revoked", "active", "expired"], "what was given to an application ends with it");
    shop.run(&["key", "revoke", "application/1", "-y"]).failed(1, "application/1 is revoked already");
    shop.run(&["key", "revoke", "credential/9", "-y"]).failed(1, "there is no key credential/9");
    shop.run(&[
        "key",
        "issue",
        "--account",
        "acme",
        "--dialect",
        "ovh",
        "--kind",
        "consumer",
        "--application",
        key,
        "--rule",
        "GET /*",
    ])
    .failed(1, "there is no application with the key");
}

#[test]
fn tokens_are_issued_for_the_dialects_that_take_nothing_else() {
    let shop = Shop::open();
    let issue = |dialect: &str, args: &[&str]| {
        let issued = shop.document(&[&["key", "issue", "--account", "acme", "--dialect", dialect], args].concat());
        assert_eq!(fields(&issued), ["id", "token"], "{dialect} {args:?}");
        issued["token"].as_str().unwrap().to_owned()
    };
    let tokens = [
        issue("vpsbg", &["--name", "panel"]),
        issue("vpsbg", &["--read-only", "--allow-ip", "2001:db8::/32"]),
        issue("hostup", &["--expires", "P1Y"]),
        issue("hostup", &["--scope", "read:domains", "--scope", "write:payment_methods"]),
    ];
    assert!(tokens.iter().all(|token| token.len() == 48 && token.bytes().all(|byte| byte.is_ascii_alphanumeric())));
    let listed = shop.json(&["key", "list"]);
    let summary: Vec<_> =
        listed.iter().map(|line| json!([line["dialect"], line["kind"], line["rules"], line["allowed_ips"]])).collect();
    assert_eq!(
        json!(summary),
        json!([
            ["vpsbg", "token", ["GET /*", "POST /*", "PATCH /*", "PUT /*", "DELETE /*"], []],
            ["vpsbg", "token", ["GET /*"], ["2001:db8::/32"]],
            ["hostup", "token", ["read:all", "write:all"], []],
            ["hostup", "token", ["read:domains", "write:payment_methods"], []],
        ])
    );
    assert!(listed[2]["expires"].is_string() && listed[0]["expires"].is_null(), "{listed:?}");
    let everything = std::fs::read(shop.database()).unwrap();
    for token in &tokens {
        assert!(!everything.windows(token.len()).any(|window| window == token.as_bytes()));
    }
    shop.run(&["key", "revoke", "credential/2", "-y"]).done();
    assert_eq!(shop.json(&["key", "list"])[1]["status"], "expired");
}

#[test]
fn an_access_key_is_one_key_though_it_has_two_parts() {
    let shop = Shop::open();
    let issue = |args: &[&str]| {
        let issued = shop.document(&[&["key", "issue", "--account", "acme", "--dialect", "aliyun"], args].concat());
        let part = |name: &str| issued[name].as_str().unwrap_or_default().to_owned();
        let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let (id, secret, token) = (part("access_key_id"), part("access_key_secret"), part("security_token"));
        assert!(secret.len() == 30 && is_plain(&secret), "{issued}");
        assert_eq!(fields(&issued).len(), if token.is_empty() { 3 } else { 4 }, "{issued}");
        let (is_session, rest) = (!token.is_empty(), id.get(4..).unwrap_or_default());
        assert_eq!(&id[..4], if is_session { "STS." } else { "LTAI" });
        assert!(rest.len() == 20 && is_plain(rest) && is_plain(&token), "{issued}");
        (id, secret, token)
    };
    let keys = [
        issue(&["--name", "panel"]),
        issue(&["--kind", "access-key", "--read-only", "--allow-ip", "2001:db8::/32", "--expires", "P1M"]),
        issue(&["--kind", "sts", "--scope", "ecs:Describe*", "--scope", "bss:RenewInstance"]),
    ];
    let listed = shop.json(&["key", "list"]);
    let summary: Vec<_> = listed
        .iter()
        .map(|line| json!([line["id"], line["kind"], line["name"], line["status"], line["rules"], line["allowed_ips"]]))
        .collect();
    assert_eq!(
        json!(summary),
        json!([
            ["application/1", "access-key", "panel", "active", ["*:*"], []],
            [
                "application/2",
                "access-key",
                "",
                "active",
                ["ecs:Describe*", "bss:Query*", "bss:Get*"],
                ["2001:db8::/32"]
            ],
            ["application/3", "sts", "", "active", ["ecs:Describe*", "bss:RenewInstance"], []],
        ])
    );
    let instant = |value: &Value| value.as_str().map(|text| text.parse::<jiff::Timestamp>().unwrap());
    let holds_s = instant(&listed[2]["expires"]).unwrap().duration_since(instant(&listed[2]["created"]).unwrap());
    assert!((12 * 3_600 - 60..=12 * 3_600).contains(&holds_s.as_secs()), "a session ends: {}", listed[2]);
    assert!(listed[0]["expires"].is_null() && listed[1]["expires"].is_string(), "{listed:?}");
    let everything = std::fs::read(shop.database()).unwrap();
    for (place, (id, secret, token)) in keys.iter().enumerate() {
        assert_eq!(listed[place]["key"], json!(id));
        for text in [secret, token].into_iter().filter(|text| !text.is_empty()) {
            assert!(!json!(listed).to_string().contains(text.as_str()));
            assert!(!everything.windows(text.len()).any(|window| window == text.as_bytes()));
        }
    }
    let table = shop.run(&["key", "list"]).done().stdout;
    assert_eq!((table.lines().count(), table.contains(&keys[1].0)), (4, true), "{table}");

    let refused = shop.run(&["key", "revoke", "application/2", "--no-input"]);
    refused.failed(2, "Revoke application/2 (account acme)?");
    shop.run(&["key", "revoke", "application/2", "-y"]).done();
    let status: Vec<_> = shop.json(&["key", "list"]).into_iter().map(|line| line["status"].clone()).collect();
    assert_eq!(status, ["active", "revoked", "active"]);
    shop.run(&["key", "revoke", "application/2", "-y"]).failed(1, "application/2 is revoked already");

    let issue = ["key", "issue", "--account", "acme", "--dialect", "aliyun"];
    let output = shop.command(&issue).env_remove("PERENNIAL_MASTER_KEY").output().unwrap();
    Run::of(&output).failed(1, "hint: set PERENNIAL_MASTER_KEY");
    assert_eq!(shop.json(&["key", "list"]).len(), 3, "a key that cannot be sealed is not made");
}

/// A renewal, by a key that was issued, of an instance that is not there: it tells what the key may do.
fn renew_nothing(port: u16, issued: &Value) -> (u16, String) {
    let text = |name: &str| issued[name].as_str();
    let (id, secret) = (text("access_key_id").unwrap(), text("access_key_secret").unwrap());
    let key = AccessKey { security_token: text("security_token").map(str::to_owned), ..AccessKey::new(id, secret) };
    let (origin, pages) = (format!("http://127.0.0.1:{}", port + 4), format!("http://127.0.0.1:{port}"));
    let mut client = AliyunClient::new(&origin, &pages, key).unwrap();
    let answer = client.call("RenewInstance", &[("InstanceId", "i-none"), ("Period", "1")]).unwrap();
    (answer.status, answer.json().unwrap()["Code"].as_str().unwrap().to_owned())
}

#[test]
fn access_keys_open_the_dialect_whose_callers_sign() {
    const MAY: (u16, &str) = (404, "InvalidInstanceId.NotFound");
    const MAY_NOT: (u16, &str) = (403, "Forbidden.RAM");
    const ENDED: (u16, &str) = (400, "InvalidAccessKeyId.Inactive");
    let port = sandbox::free_ports().unwrap();
    let shop = Shop::open();
    let aliyun = format!("[aliyun]\nlisten = \"127.0.0.1:{}\"\n", port + 4);
    let mut server = start(&shop, port, &shop.write("perennial.toml", &(config(port) + &aliyun)));
    let issue =
        |more: &[&str]| shop.document(&[&["key", "issue", "--account", "acme", "--dialect", "aliyun"], more].concat());
    let assert_may = |issued: &Value, (status, code): (u16, &str), what: &str| {
        assert_eq!(renew_nothing(port, issued), (status, code.to_owned()), "{what}");
    };
    for (more, expected) in [
        (vec![], MAY),
        (vec!["--kind", "sts"], MAY),
        (vec!["--scope", "bss:*", "--scope", "ecs:Renew*"], MAY),
        (vec!["--scope", "*:RenewInstance", "--expires", "P1Y"], MAY),
        (vec!["--scope", "ecs:Describe*"], MAY_NOT),
        (vec!["--kind", "sts", "--scope", "bss:RenewInstance"], MAY_NOT),
        (vec!["--read-only"], MAY_NOT),
        (vec!["--allow-ip", "127.0.0.0/8"], MAY),
        (vec!["--allow-ip", "203.0.113.0/24"], MAY_NOT),
    ] {
        assert_may(&issue(&more), expected, &format!("{more:?}"));
    }
    let mut wrong = issue(&[]);
    wrong["access_key_secret"] = json!("nobodys");
    assert_may(&wrong, (400, "SignatureDoesNotMatch"), "the secret is what was sealed");

    let revoked = issue(&[]);
    assert_may(&revoked, MAY, "before");
    shop.run(&["key", "revoke", revoked["id"].as_str().unwrap(), "-y"]).done();
    assert_may(&revoked, ENDED, "a revoked key ends at once");
    assert!(server.stop().unwrap().success());
}

/// The access keys that the sandbox's environment does not name.
const READER: (&str, &str) = ("demoAliyunReader22222222", "demoAliyunReaderSecret22222222");
const SESSION: (&str, &str) = ("STS.demoAliyunSession3333", "demoAliyunSessionSecret3333333");
const SESSION_TOKEN: &str = "demoAliyunSecurityToken333333333333333333333333333333333";
const OTHER: (&str, &str) = ("demoAliyunOther444444444", "demoAliyunOtherSecret444444444");

const MONTH: [(&str, &str); 3] = [("InstanceId", "i-bp67acfmxazb4p0001"), ("Period", "1"), ("PeriodUnit", "Month")];

fn renew_instance(mut client: AliyunClient) -> (u16, Value) {
    let answer = client.call("RenewInstance", &MONTH).unwrap();
    (answer.status, answer.json().unwrap()["Code"].clone())
}

#[test]
fn each_demo_access_key_may_do_what_it_is_for() {
    let sandbox = Sandbox::options(BINARY).now(NOW).start().unwrap();
    let client = AliyunClient::of(&sandbox).unwrap();
    let plain = |(id, secret)| client.with_key(AccessKey::new(id, secret));
    let session = |token| client.with_key(AccessKey::of_session(SESSION.0, SESSION.1, token));
    let allowed = (200, Value::Null);
    for (client, expected) in [
        (plain(READER), (403, json!("Forbidden.RAM"))),
        (plain(OTHER), (404, json!("InvalidInstanceId.NotFound"))),
        (plain((OTHER.0, READER.1)), (400, json!("SignatureDoesNotMatch"))),
        (plain(("nobodys", OTHER.1)), (404, json!("InvalidAccessKeyId.NotFound"))),
        (plain(SESSION), (400, json!("MissingSecurityToken"))),
        (session("another"), (400, json!("InvalidSecurityToken.MismatchWithAccessKey"))),
        (session(SESSION_TOKEN), allowed.clone()),
        (session(SESSION_TOKEN).rpc(), allowed.clone()),
        (client.with_key(client.key.clone()), allowed),
    ] {
        let key = client.key.clone();
        assert_eq!(renew_instance(client), expected, "{key:?}");
    }
    assert_eq!(sandbox.ledger().unwrap()["audit"]["findings"], json!([]));
}

#[test]
fn a_client_of_alibaba_cloud_signs_in_every_way_by_the_sandboxes_clock() {
    let sandbox = Sandbox::options(BINARY).now(NOW).start().unwrap();
    sandbox.advance("P2D").unwrap();
    let new = || AliyunClient::of(&sandbox).unwrap();
    for place in [Place::Query, Place::Get, Place::Form] {
        for client in [new(), new().rpc()] {
            let answer = client.place(place).format(Format::Json).call("RenewInstance", &MONTH).unwrap();
            assert_eq!(answer.status, 200, "{place:?}: {}", answer.text());
        }
    }
    let xml = new().rpc().format(Format::Xml).call("RenewInstance", &MONTH).unwrap();
    assert_eq!((xml.status, xml.header("Content-Type")), (200, Some("text/xml;charset=utf-8")), "{}", xml.text());
    let late = new().at("2020-11-22T12:00:00Z").call("RenewInstance", &MONTH).unwrap().json().unwrap();
    assert_eq!(late["Code"], "InvalidTimeStamp.Expired", "{late}");
    let mut client = new();
    let signed = client.signed("2014-05-26", "RenewInstance", &MONTH).unwrap();
    assert_eq!(client.send(&signed).unwrap().status, 200);
    assert_eq!(client.send(&signed).unwrap().json().unwrap()["Code"], "SignatureNonceUsed");
}

#[test]
fn a_session_ends_after_twelve_hours() {
    let sandbox = Sandbox::start(BINARY).unwrap();
    let data = sandbox.data();
    let mut issue = Command::new(BINARY);
    issue.args(["--json", "key", "issue", "--account", "demo-aliyun", "--dialect", "aliyun", "--kind", "sts"]);
    issue.arg("--database").arg(data.join("perennial.db"));
    issue.env("PERENNIAL_MASTER_KEY", std::fs::read_to_string(data.join("master.key")).unwrap());
    let run = Run::of(&issue.output().unwrap()).done();
    let issued: Value = serde_json::from_str(&run.stdout).unwrap();
    let part = |name: &str| issued[name].as_str().unwrap();
    let key = AccessKey::of_session(part("access_key_id"), part("access_key_secret"), part("security_token"));
    let client = AliyunClient::of(&sandbox).unwrap();
    let renewed = || renew_instance(client.with_key(key.clone()));
    sandbox.advance("PT11H59M").unwrap();
    assert_eq!(renewed(), (200, Value::Null));
    sandbox.advance("PT2M").unwrap();
    assert_eq!(renewed(), (400, json!("InvalidSecurityToken.Expired")));
}
