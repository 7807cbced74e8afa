//! The door: who may call, what is not there, and what bad requests are told, in the dialect's own shape.

use std::fmt::Write as _;

use perennial_testkit::{Server, http, sandbox};
use serde_json::{Value, json};

use super::{FOREIGN, READ_ONLY, SERVER, World, endpoints, renewal};
use crate::shop::Shop;

/// A path of the table with numbers in it.
fn filled(path: &str) -> String {
    let step = |step: &str| match step {
        "{id}" | "{server_id}" | "{service_id}" => SERVER.to_string(),
        "{server_addon_id}" => super::ADDON.to_string(),
        "{service_type}" => "server".to_owned(),
        step => step.to_owned(),
    };
    path.split('/').map(step).collect::<Vec<_>>().join("/")
}

#[test]
fn a_key_that_reads_only_reads() {
    let world = World::start();
    let before = world.ledger();
    let mut tried = 0;
    for row in endpoints().into_iter().filter(|row| row.served) {
        let path = filled(row.path);
        let method = row.method.as_str();
        let body = (method != "GET").then(|| json!({}));
        let answer = world.send_as(READ_ONLY, method, &path, body.as_ref());
        if method == "GET" {
            assert_ne!(answer.status, 403, "{}", answer.recording);
        } else {
            tried += 1;
            let said = json!({ "message": "This token may only read." });
            assert_eq!((answer.status, answer.body), (403, said), "{method} {path}");
        }
    }
    assert!(tried > 20, "{tried}");
    assert_eq!(world.send_as(READ_ONLY, "GET", "/servers", None).body, world.get("/servers"));
    assert_eq!(world.ledger(), before);
}

#[test]
fn without_a_valid_token_nothing_is_told() {
    let world = World::start();
    let env = super::environment(world.sandbox());
    let other_dialects = format!("Bearer {}", env["HOSTUP_TOKEN"]);
    let own = format!("Bearer {}", world.dialect.key);
    let shorter = own[..own.len() - 1].to_owned();
    let basic = own.replace("Bearer", "Basic");
    let no_key = ["", "Bearer", "Bearer ", "Bearer nobody", &world.dialect.key, &shorter, &basic, &other_dialects];
    for authorization in no_key {
        for (method, path) in [("GET", "/servers"), ("POST", "/servers/renew"), ("GET", "/orders/1"), ("GET", "/user")]
        {
            let url = format!("{}/v1{path}", world.dialect.base);
            let answer = http::send(method, &url, &[("Authorization", authorization)], b"").unwrap();
            let told = (answer.status, answer.json().unwrap());
            assert_eq!(told, (401, json!({ "message": "Unauthenticated." })), "{authorization} {path}");
            assert_eq!(answer.header("content-type"), Some("application/json"));
        }
    }
    let none = http::get(&format!("{}/v1/servers", world.dialect.base)).unwrap();
    assert_eq!((none.status, none.json().unwrap()), (401, json!({ "message": "Unauthenticated." })));
    // A query is no place for a key.
    let query = format!("{}/v1/servers?api_token={}", world.dialect.base, world.dialect.key);
    assert_eq!(http::get(&query).unwrap().status, 401);
    // The scheme may be written in any case.
    let any_case = [("Authorization", own.replace("Bearer", "bearer"))];
    let any_case: Vec<_> = any_case.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let answer = http::send("GET", &format!("{}/v1/servers", world.dialect.base), &any_case, b"").unwrap();
    assert_eq!(answer.status, 200);
}

#[test]
fn what_is_not_there_is_not_found() {
    let world = World::start();
    for (method, path, status) in [
        ("GET", "/", 404),
        ("GET", "/nothing", 404),
        ("GET", "/servers/", 404),
        ("GET", "/servers/2904/", 404),
        ("GET", "/servers/2904/nothing", 404),
        ("GET", "/servers/x", 404),
        ("GET", "/servers/-2904", 404),
        ("GET", "/servers/99999999999999999999", 404),
        // An add-on and an address are no servers.
        ("GET", "/servers/2905", 404),
        ("GET", "/servers/602", 404),
        ("GET", "/orders/x", 404),
        ("GET", "/orders/0", 404),
        ("GET", "/plans/0/addons", 404),
        ("GET", "/plans/x/promo-codes", 404),
        // Documented, and not served.
        ("POST", "/servers/2904/addons/scale/calculate", 404),
        ("PATCH", "/servers/2904/addons", 405),
        ("PUT", "/servers/2904", 405),
        ("DELETE", "/servers", 405),
        ("POST", "/orders", 405),
        ("GET", "/servers/2904/cancel", 405),
        ("PATCH", "/balance", 405),
    ] {
        let answer = world.send(method, path, None);
        let said = if status == 404 { "Not Found." } else { "Method Not Allowed." };
        assert_eq!((answer.status, answer.body), (status, json!({ "message": said })), "{method} {path}");
    }
    for path in ["", "/", "/v2/servers", "/servers", "/v1"] {
        let answer = world.dialect.send("GET", path, None);
        assert_eq!((answer.status, answer.body), (404, json!({ "message": "Not Found." })), "{path}");
    }
}

/// Requests that nobody should send, and every word that is answered.
#[test]
fn what_is_wrong_with_a_request_is_told() {
    let world = World::start();
    let before = world.ledger();
    let path = "/servers/renew";
    let many = json!({ "server_ids": vec![SERVER; 101], "billing_cycle": 1 }).to_string();
    let long = format!(r#"{{"reason":"{}"}}"#, "x".repeat(1_001));
    let mut told = String::new();
    for (method, path, body) in [
        ("POST", path, ""),
        ("POST", path, "{"),
        ("POST", path, "[]"),
        ("POST", path, "null"),
        ("POST", path, "{}"),
        ("POST", path, r#"{"server_ids":2904,"billing_cycle":1}"#),
        ("POST", path, r#"{"server_ids":[],"billing_cycle":1}"#),
        ("POST", path, r#"{"server_ids":["2904"],"billing_cycle":1}"#),
        ("POST", path, r#"{"server_ids":[2904,null],"billing_cycle":1}"#),
        ("POST", path, r#"{"server_ids":[2904,2904],"billing_cycle":1}"#),
        ("POST", path, r#"{"server_ids":[2904,2905],"billing_cycle":1}"#),
        ("POST", path, r#"{"server_ids":[2904,0],"billing_cycle":1}"#),
        ("POST", path, r#"{"server_ids":[99999999999999999999],"billing_cycle":1}"#),
        ("POST", path, r#"{"server_ids":[2904]}"#),
        ("POST", path, r#"{"server_ids":[2904],"billing_cycle":2}"#),
        ("POST", path, r#"{"server_ids":[2904],"billing_cycle":-1}"#),
        ("POST", path, r#"{"server_ids":[2904],"billing_cycle":1.5}"#),
        ("POST", path, r#"{"server_ids":[2904],"billing_cycle":70000}"#),
        ("POST", path, r#"{"server_ids":[2904],"billing_cycle":1,"promo_code":7}"#),
        ("POST", path, &many),
        ("POST", "/orders/pay", "{}"),
        ("POST", "/orders/pay", r#"{"order_ids":[]}"#),
        ("POST", "/orders/pay", r#"{"order_ids":[7,7]}"#),
        ("POST", "/orders/pay", r#"{"order_ids":[7]}"#),
        ("POST", "/orders/pay", r#"{"order_ids":[7],"payment_method":"paypal"}"#),
        ("POST", "/servers/2904/cancel", r#"{"now":"yes"}"#),
        ("POST", "/servers/2904/cancel", &long),
        ("GET", "/orders?page=x", ""),
        ("GET", "/orders?per_page=1000", ""),
        ("GET", "/orders?filter[status]=open", ""),
        ("GET", "/invoices?page=-1", ""),
    ] {
        let url = format!("{}/v1{path}", world.dialect.base);
        let key = format!("Bearer {}", world.dialect.key);
        let answer = http::send(method, &url, &[("Authorization", &key)], body.as_bytes()).unwrap();
        let shown: String = body.chars().take(60).collect();
        writeln!(told, "{method} {path} {shown}\n    {} {}", answer.status, answer.text()).unwrap();
    }
    insta::with_settings!({ snapshot_path => "../snapshots", omit_expression => true }, {
        insta::assert_snapshot!(told);
    });
    assert_eq!(world.ledger(), before);
}

#[test]
fn a_servers_owner_is_told_of_too_many_requests_and_of_failures() {
    let world = World::start();
    world.sandbox().arm("vpsbg", "servers", "rate-limited", 2).unwrap();
    for _ in 0..2 {
        let limited = world.send("GET", "/servers", None);
        assert_eq!((limited.status, limited.body), (429, json!({ "message": "Too Many Attempts." })));
        assert_eq!(limited.response.header("retry-after"), Some("1"));
    }
    assert_eq!(world.send("GET", "/servers", None).status, 200);
    world.sandbox().arm("vpsbg", "renew", "server-error", 1).unwrap();
    let failed = world.send("POST", "/servers/renew", Some(&renewal(&[SERVER], 1)));
    assert_eq!((failed.status, failed.body), (500, json!({ "message": "Server Error" })));
    assert_eq!(world.orders(), [] as [Value; 0]);
    // A body that is larger than any that means something.
    let url = format!("{}/v1/servers/renew", world.dialect.base);
    let key = format!("Bearer {}", world.dialect.key);
    let large = http::send("POST", &url, &[("Authorization", &key)], &vec![b' '; 2_000_000]);
    if let Ok(large) = large {
        assert_eq!((large.status, large.json().unwrap()), (413, json!({ "message": "Payload Too Large." })));
    }
}

#[test]
fn customers_do_not_see_each_other() {
    let world = World::start();
    let servers = world.send_as(FOREIGN, "GET", "/servers?filter[search]=ubuntu", None).body;
    assert_eq!(servers["data"], json!([]));
    assert_eq!(world.send_as(FOREIGN, "GET", "/user", None).body["name"], "Maria Georgieva");
    assert_eq!(world.send_as(FOREIGN, "GET", "/balance", None).body["balance"], 0);
}

#[test]
fn each_key_has_its_own_pace() {
    let shop = Shop::open();
    let token = |name: &str| {
        let issued = ["key", "issue", "--account", "acme", "--dialect", "vpsbg", "--name", name];
        format!("Bearer {}", shop.document(&issued)["token"].as_str().unwrap())
    };
    let [key, other] = ["one", "other"].map(token);
    let port = sandbox::free_ports().unwrap();
    let config = format!(
        "[store]\npath = \"shop.db\"\n\n[pages]\nlisten = \"127.0.0.1:{port}\"\npublic_url = \"http://127.0.0.1:{port}\"\n\n\
         [vpsbg]\nlisten = \"127.0.0.1:{}\"\nrequests_per_minute = 3\n",
        port + 1
    );
    let file = shop.write("perennial.toml", &config);
    let ready = format!("http://127.0.0.1:{port}/readyz");
    let log = shop.path("server.log").into();
    let _server = Server::start(shop.command(&["serve", "--config", &file]), &ready, log).unwrap();
    let get = |key: &str| {
        let url = format!("http://127.0.0.1:{}/v1/servers", port + 1);
        let answer = http::send("GET", &url, &[("Authorization", key)], b"").unwrap();
        let header = |name: &str| answer.header(name).map(|value| value.parse::<u64>().unwrap());
        let told = [header("x-ratelimit-limit"), header("x-ratelimit-remaining")];
        (answer.status, told, header("retry-after"), answer.json().unwrap())
    };
    for left in [2, 1, 0] {
        let (status, told, wait, _) = get(&key);
        assert_eq!((status, told, wait), (200, [Some(3), Some(left)], None));
    }
    let (status, told, wait, body) = get(&key);
    assert_eq!((status, told, body), (429, [Some(3), Some(0)], json!({ "message": "Too Many Attempts." })));
    assert!(wait.is_some_and(|seconds| (1..=60).contains(&seconds)), "{wait:?}");
    assert_eq!(get(&other).0, 200);
    // Who is not known has no pace.
    assert_eq!(get("Bearer nobody").1, [None, None]);
}
