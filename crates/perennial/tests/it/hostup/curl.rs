//! The documentation's own examples, run with the very program they are written for: nothing is changed but host and
//! key, and where the sandbox has other ids, the id.

use std::process::Command;

use serde_json::{Value, json};

use super::{DOMAIN, HOSTING_NUMBER, World, id};

/// Runs an example: the headers of every example, and the one for a body where there is one. Returns the status and the
/// body.
fn curl(world: &World, key: &str, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--noproxy", "*", "--max-time", "30"]);
    command.args(["--write-out", "\n%{http_code}", "-X", method, &format!("{}{path}", world.dialect.base)]);
    command.args(["-H", &format!("Authorization: Bearer {key}"), "-H", "Accept: application/json"]);
    if let Some(body) = body {
        command.args(["-H", "Content-Type: application/json", "-d", &body.to_string()]);
    }
    let done = command.output().expect("curl is there");
    assert!(done.status.success(), "{path}: {}", String::from_utf8_lossy(&done.stderr));
    let said = String::from_utf8(done.stdout).unwrap();
    let (answer, status) = said.rsplit_once('\n').unwrap();
    (status.parse().unwrap(), serde_json::from_str(answer).unwrap())
}

#[test]
fn the_documentations_examples_run_as_they_are() {
    let world = World::start();
    let example = |method: &str, path: &str, body: Option<Value>, wanted: u16| {
        let (status, answer) = curl(&world, &world.dialect.key, method, path, body.as_ref());
        assert_eq!(status, wanted, "{method} {path}: {answer}");
        answer
    };
    let domain = format!("/api/v2/domains/{DOMAIN}");
    example("GET", "/api/v2/domains", None, 200);
    example("GET", &format!("{domain}/renewal"), None, 200);
    let renewed = example("POST", &format!("{domain}/actions/renew"), None, 200);
    let order = format!("/api/v2/orders/{}", renewed["orderId"].as_str().unwrap());
    let invoice = format!("/api/v2/billing/invoices/{}", renewed["renewalInvoice"]["id"].as_str().unwrap());
    example("GET", &order, None, 200);
    example("GET", &format!("{invoice}/payment-link"), None, 200);
    example("POST", &format!("{invoice}/actions/generate-payment-link"), None, 200);

    // Both ids are the documentation's; the second names nothing here, and is skipped.
    let both = json!({ "domainIds": [DOMAIN, "dom_01hxa3b4c5d6e7f8g9h0j1k2m4"] });
    let skipped = example("POST", "/api/v2/domains/bulk/renew", Some(both.clone()), 200);
    assert_eq!((&skipped["allSkipped"], skipped["skipped"].as_array().map(Vec::len)), (&json!(true), Some(2)));
    example("POST", &format!("{order}/actions/cancel"), None, 200);
    let queued = example("POST", "/api/v2/domains/bulk/renew", Some(both), 202);
    assert_eq!((&queued["domainsQueued"], &queued["domainsSkipped"]), (&json!(1), &json!(1)));
    let automatic = json!({ "domainIds": [DOMAIN], "enabled": true });
    example("POST", "/api/v2/domains/bulk/autorenew", Some(automatic), 202);

    example("GET", "/api/v2/billing/cards", None, 200);
    let card = json!({
        "paymentMethodToken": "pm_01hxa3b4c5d6e7f8g9h0j1k2m3",
        "last4": "4242", "expMonth": 12, "expYear": 2028, "brand": "visa",
    });
    example("POST", "/api/v2/billing/cards", Some(card), 201);
    example("GET", "/api/v2/me/preferences", None, 200);

    // The example's number is the domain's here.
    let of_the_example = "/api/v2/shared-hosting/acct_01hxa3b4c5d6e7f8g9h0j1k2m3/actions/renew";
    assert_eq!(example("POST", of_the_example, None, 404)["code"], "not_found");
    let hosting = format!("/api/v2/shared-hosting/{}/actions/renew", id("acct", HOSTING_NUMBER));
    let alone = example("POST", &hosting, None, 200);
    let invoice = alone["renewalInvoice"]["id"].as_str().unwrap();
    example("POST", &format!("/api/v2/billing/invoices/{invoice}/actions/cancel"), None, 200);
    let with_storage = example("POST", &hosting, Some(json!({ "addonIds": ["addon_extra_storage"] })), 200);
    assert_eq!(with_storage["billing"]["amount"], 890);
    world.end();
}

#[test]
fn the_examples_without_a_key_are_refused_as_the_documentation_shows() {
    let world = World::start();
    let (status, problem) = curl(&world, "YOUR_API_KEY", "GET", "/api/v2/domains", None);
    assert_eq!(status, 401);
    // The documentation's own body, but for what differs between any two requests.
    for (member, value) in [
        ("type", json!("https://developer.hostup.se/errors/unauthorized")),
        ("title", json!("Unauthorized")),
        ("status", json!(401)),
        ("detail", json!("Authentication is required.")),
        ("code", json!("unauthorized")),
        ("instance", json!("/api/v2/domains")),
    ] {
        assert_eq!(problem[member], value, "{member}");
    }
    assert_eq!(problem.as_object().map(serde_json::Map::len), Some(8), "{problem}");
    world.end();
}
