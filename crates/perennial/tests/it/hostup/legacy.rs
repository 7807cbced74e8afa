//! The legacy API, and the requests of the provider's own reseller module in both its versions: each has to end in what
//! that module takes for success, with the fields that it reads.

use perennial_testkit::http;
use serde_json::{Value, json};

use super::{DOMAIN, FOREIGN_NUMBER, World, record};

/// What the module makes of an answer: its data, or the words it shows to the administrator.
type Told = Result<Value, String>;

/// The first version: JSON is announced on every request, and success is 2xx with a truthy `success`.
fn first_version(world: &World, method: &str, target: &str) -> Told {
    let response = world.raw(method, target, &[], "");
    let body = response.json().unwrap();
    let truthy = !matches!(&body["success"], Value::Null | Value::Bool(false)) && !body["data"].is_null();
    if (200..300).contains(&response.status) && truthy {
        return Ok(body["data"].clone());
    }
    let words = body["message"].as_str().or(body["error"].as_str()).unwrap_or("Unknown error");
    assert!(body["requestId"].is_string() && body["code"].is_string(), "{body}");
    Err(words.to_owned())
}

/// The second version: success is 2xx, unless the answer says `success` and it is not; an empty object of PHP is `[]`.
fn second_version(world: &World, method: &str, target: &str, body: &str) -> Told {
    let response = world.raw(method, target, &[("Accept", "application/json")], body);
    let answer = response.json().unwrap();
    if (200..300).contains(&response.status) {
        assert_eq!(answer.get("success"), None, "it would have to be unwrapped");
        return Ok(answer);
    }
    let words = ["detail", "message", "error", "title"].iter().find_map(|member| answer[*member].as_str());
    Err(words.unwrap_or("HTTP").to_owned())
}

#[test]
fn the_first_version_of_the_module_finds_renews_and_synchronises() {
    let world = World::start();
    assert!(first_version(&world, "GET", "/api/domain-products").is_ok(), "the module checks its key with it");
    let listed = first_version(&world, "GET", "/api/client-domains?page=0&limit=1000").unwrap();
    let domain = listed["domains"].as_array().unwrap().iter().find(|domain| domain["name"] == "example.se").unwrap();
    let number = domain["id"].as_i64().unwrap();
    assert_eq!(number, 5_001);

    let details = |world: &World| {
        let data = first_version(world, "GET", &format!("/api/domain-details/{number}")).unwrap();
        data["details"].clone()
    };
    let before = details(&world);
    assert_eq!((&before["expires"], &before["status"]), (&json!("2026-12-11"), &json!("Active")));
    assert!(before["nameservers"].is_array());

    let renewed = first_version(&world, "POST", &format!("/api/domain-renew/{number}")).unwrap();
    assert_eq!((&renewed["success"], &renewed["total"]), (&json!(true), &json!("198.75")));
    assert_eq!(renewed.get("existing_invoice"), None);
    let pending = first_version(&world, "GET", &format!("/api/domain-pending-renewal/{number}")).unwrap();
    assert_eq!(pending["invoiceId"], renewed["invoice_id"]);
    assert_eq!(details(&world)["order_id"], pending["orderId"]);

    // A second renewal is the first one's invoice, and says so; the module takes it for success.
    let again = first_version(&world, "POST", &format!("/api/domain-renew/{number}")).unwrap();
    assert_eq!((&again["existing_invoice"], &again["order_id"]), (&json!(true), &renewed["order_id"]));
    assert_eq!(world.rows("orders"), 1);

    let invoice = world.get("/api/v2/billing/invoices")["data"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(world.act(&format!("/api/v2/billing/invoices/{invoice}/actions/pay")).status, 200);
    assert_eq!(details(&world)["expires"], "2027-12-11");

    for number in [FOREIGN_NUMBER.to_string(), "999".to_owned(), "0".to_owned(), "example.se".to_owned()] {
        for (method, path) in [("POST", "domain-renew"), ("GET", "domain-details"), ("GET", "domain-pending-renewal")] {
            let told = first_version(&world, method, &format!("/api/{path}/{number}"));
            assert_eq!(told, Err("No domain with this id was found.".to_owned()), "{path} {number}");
        }
    }
    world.end();
}

#[test]
fn the_second_version_of_the_module_finds_renews_and_synchronises() {
    let world = World::start();
    assert!(second_version(&world, "GET", "/api/v2/domains?limit=1", "").is_ok(), "the module checks its key with it");
    let found = second_version(&world, "GET", "/api/v2/domains?name=example.se&limit=50", "").unwrap();
    let domain = &found["data"][0];
    assert_eq!((&domain["name"], &domain["id"]), (&json!("example.se"), &json!(DOMAIN)));

    let path = format!("/api/v2/domains/{DOMAIN}");
    let synchronise = |world: &World| {
        second_version(world, "POST", &format!("{path}/actions/status-sync"), "[]").unwrap();
        let domain = second_version(world, "GET", &path, "").unwrap();
        assert_eq!(domain["serviceStatus"], "active");
        // Without these it records a date of its own making.
        for expiry in ["expiresAt", "nextDueAt"] {
            assert_eq!(domain[expiry].as_str().map(str::len), Some(24), "{expiry}");
        }
        assert!(domain["nameservers"].is_array());
        for (part, member) in
            [("lifecycle", "registrarLockEnabled"), ("registryLock", "enabled"), ("whoisPrivacy", "enabled")]
        {
            assert!(domain[part].get(member).is_some(), "{part}.{member}");
        }
        assert_eq!(domain["lifecycle"]["transferInProgress"], false);
        domain["expiresAt"].as_str().unwrap()[..10].to_owned()
    };
    assert_eq!(synchronise(&world), "2026-12-11");
    second_version(&world, "POST", &format!("{path}/actions/renew"), "[]").unwrap();
    let again = second_version(&world, "POST", &format!("{path}/actions/renew"), "[]").unwrap_err();
    assert_eq!(again, "A renewal is already pending: its invoice is not paid.", "shown to people as it is");
    assert_eq!(synchronise(&world), "2026-12-11", "nothing is renewed until it is paid");
    let invoice = world.get("/api/v2/billing/invoices")["data"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(world.act(&format!("/api/v2/billing/invoices/{invoice}/actions/pay")).status, 200);
    assert_eq!(synchronise(&world), "2027-12-11");
    world.end();
}

#[test]
fn the_legacy_api_is_recorded_whole() {
    let world = World::start();
    record("legacy_domain_products", &world.send("GET", "/api/domain-products", None));
    record("legacy_client_domains", &world.send("GET", "/api/client-domains?page=0&limit=1000", None));
    record("legacy_nothing_pending", &world.send("GET", "/api/domain-pending-renewal/5001", None));
    record("legacy_renewed", &world.act("/api/domain-renew/5001"));
    record("legacy_existing_invoice", &world.act("/api/domain-renew/5001"));
    record("legacy_pending", &world.send("GET", "/api/domain-pending-renewal/5001", None));
    record("legacy_domain_details", &world.send("GET", "/api/domain-details/5001", None));
    world.end();
}

#[test]
fn the_legacy_apis_key_and_refusals_have_their_own_forms() {
    let world = World::start();
    let get = |header: (&str, &str)| {
        http::send("GET", &format!("{}/api/domain-details/5001", world.dialect.base), &[header], b"").unwrap()
    };
    assert_eq!(get(("X-API-Key", &world.dialect.key)).status, 200);
    for header in [("X-API-Key", "wrong"), ("X-API-Key", ""), ("Accept", "*/*")] {
        let refused = get(header);
        let body = refused.json().unwrap();
        assert_eq!((refused.status, &body["code"]), (401, &json!("UNAUTHORIZED")), "{header:?}");
        assert_eq!(body["timestamp"].as_str().map(str::len), Some(24));
        assert_eq!(body["requestId"].as_str().map(str::len), Some(36));
    }
    let unknown = world.act("/api/domain-renew/5091");
    assert_eq!((unknown.status, &unknown.body["code"]), (404, &json!("NOT_FOUND")));
    assert_eq!(unknown.response.header("Content-Type"), Some("application/json"));
    let field = world.post("/api/domain-renew/5001", &json!({ "years": 2 }));
    assert_eq!((field.status, &field.body["code"]), (400, &json!("BAD_REQUEST")));
    let page = world.send("GET", "/api/client-domains?limit=1001", None);
    assert_eq!((page.status, &page.body["code"]), (400, &json!("BAD_REQUEST")));
    world.end();
}
