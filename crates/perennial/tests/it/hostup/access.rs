//! Who may call what: keys, scopes, other customers' ids, bodies that say too much, and the limit.

use perennial_testkit::http;
use serde_json::{Value, json};

use super::{
    CARD, DOMAIN, HOSTING_NUMBER, KEY_FOR_READING_DOMAINS, KEY_OF_OTHER, VPS_NUMBER, World, alike, assert_problem, id,
    renewing,
};

/// Calls by the id of what they are about: method, path before and after the id, and a body that would do.
struct Call {
    method: &'static str,
    before: &'static str,
    after: &'static str,
    body: Option<Value>,
}

fn call(method: &'static str, before: &'static str, after: &'static str, body: Option<Value>) -> Call {
    Call { method, before, after, body }
}

fn of_domains() -> Vec<Call> {
    vec![
        call("GET", "/api/v2/domains/", "", None),
        call("GET", "/api/v2/domains/", "/renewal", None),
        call("GET", "/api/v2/domains/", "/billing-cycle", None),
        call("POST", "/api/v2/domains/", "/actions/status-sync", None),
        call("PATCH", "/api/v2/domains/", "", Some(json!({ "autoRenew": false }))),
        call("POST", "/api/v2/domains/", "/actions/renew", None),
        call("POST", "/api/v2/domains/", "/actions/respond-to-renewal", Some(json!({ "accept": true }))),
        call("POST", "/api/v2/domains/", "/billing-cycle", Some(json!({ "periodYears": 1 }))),
    ]
}

/// How many of the calls of domains need `read:domains` only.
const READING: usize = 4;

fn of_orders() -> Vec<Call> {
    vec![call("GET", "/api/v2/orders/", "", None), call("POST", "/api/v2/orders/", "/actions/cancel", None)]
}

fn of_invoices() -> Vec<Call> {
    vec![
        call("GET", "/api/v2/billing/invoices/", "", None),
        call("GET", "/api/v2/billing/invoices/", "/payment-link", None),
        call("GET", "/api/v2/billing/invoices/", "/pdf", None),
        call("GET", "/api/v2/billing/invoices/", "/credit-note", None),
        call("POST", "/api/v2/billing/invoices/", "/actions/generate-payment-link", None),
        call("POST", "/api/v2/billing/invoices/", "/actions/apply-credit", Some(json!({ "amount": "1" }))),
        call("POST", "/api/v2/billing/invoices/", "/actions/pay", None),
        call("POST", "/api/v2/billing/invoices/", "/actions/cancel", None),
    ]
}

fn of_services(root: &'static str) -> Vec<Call> {
    let reason = json!({ "reason": "other", "cancelType": "end_of_period" });
    vec![
        call("GET", root, "", None),
        call("GET", root, "/cancellation", None),
        call("GET", root, "/actions/billing-cycle", None),
        call("POST", root, "/actions/renew", None),
        call("POST", root, "/actions/billing-cycle", Some(json!({ "billingCycle": "annually" }))),
        call("POST", root, "/actions/cancel", Some(reason)),
        call("DELETE", root, "/cancellation", None),
    ]
}

const HOSTING: &str = "/api/v2/shared-hosting/";
const VPS: &str = "/api/v2/vps/";

#[test]
fn a_foreign_id_looks_like_one_that_does_not_exist() {
    let world = World::start();
    let placed = world.renew(DOMAIN);
    let (order, invoice) = (placed["orderId"].as_str().unwrap(), placed["renewalInvoice"]["id"].as_str().unwrap());
    let others = world.dialect.with_key(KEY_OF_OTHER);
    let card = vec![call("DELETE", "/api/v2/billing/cards/", "", None)];
    for (calls, foreign, unknown) in [
        (of_domains(), DOMAIN.to_owned(), id("dom", 999)),
        (of_orders(), order.to_owned(), id("ord", 999)),
        (of_invoices(), invoice.to_owned(), id("inv", 999)),
        (of_services(HOSTING), id("acct", HOSTING_NUMBER), id("acct", 999)),
        (of_services(VPS), id("vps", VPS_NUMBER), id("vps", 999)),
        (card, CARD.to_owned(), id("card", 999)),
    ] {
        for Call { method, before, after, body } in calls {
            let send = |id: &str| others.send(method, &format!("{before}{id}{after}"), body.as_ref());
            let answer = send(&foreign);
            assert_problem(&answer, 404, "not_found");
            for stranger in [unknown.as_str(), "example.se", "5001", &foreign.to_uppercase()] {
                assert_eq!(alike(&send(stranger)), alike(&answer), "{method} {before}{stranger}{after}");
            }
        }
    }
    assert_eq!(world.gate(DOMAIN)["code"], "pending_order", "nothing was touched");
    assert_eq!((world.rows("orders"), world.rows("payments")), (1, 0));
    world.end();
}

#[test]
fn a_key_for_reading_domains_reads_domains_and_does_nothing_else() {
    let world = World::start();
    let placed = world.renew(DOMAIN);
    let invoice = placed["renewalInvoice"]["id"].as_str().unwrap();
    let narrow = world.dialect.with_key(KEY_FOR_READING_DOMAINS);
    let send = |Call { method, before, after, body }: &Call, id: &str| {
        narrow.send(method, &format!("{before}{id}{after}"), body.as_ref())
    };
    for (place, call) in of_domains().iter().enumerate() {
        let answer = send(call, DOMAIN);
        if place < READING {
            assert_eq!(answer.status, 200, "{}", answer.recording);
        } else {
            assert_problem(&answer, 403, "forbidden");
        }
    }
    // Orders can be read with a key for domains (documented).
    let order = placed["orderId"].as_str().unwrap();
    for target in ["/api/v2/domains", "/api/v2/orders", &format!("/api/v2/orders/{order}"), "/api/client-domains"] {
        assert_eq!(narrow.send("GET", target, None).status, 200, "{target}");
    }
    assert_problem(&narrow.send("POST", &format!("/api/v2/orders/{order}/actions/cancel"), None), 403, "forbidden");
    for call in of_invoices() {
        assert_problem(&send(&call, invoice), 403, "forbidden");
    }
    for (calls, id) in [(of_services(HOSTING), id("acct", HOSTING_NUMBER)), (of_services(VPS), id("vps", VPS_NUMBER))] {
        for call in calls {
            assert_problem(&send(&call, &id), 403, "forbidden");
        }
    }
    for target in [
        "/api/v2/billing/invoices",
        "/api/v2/billing/cards",
        "/api/v2/billing/activity",
        "/api/v2/billing/credit",
        "/api/v2/me/preferences",
        "/api/v2/cancellations",
        "/api/v2/shared-hosting",
        "/api/v2/vps",
    ] {
        assert_problem(&narrow.send("GET", target, None), 403, "forbidden");
    }
    for (target, body) in [
        ("/api/v2/domains/bulk/renew", json!({ "domainIds": [DOMAIN] })),
        ("/api/v2/domains/bulk/autorenew", json!({ "domainIds": [DOMAIN], "enabled": false })),
        ("/api/v2/billing/cards", json!({ "paymentMethodToken": "pm_1" })),
        ("/api/v2/billing/credit/actions/add-funds", json!({ "amount": 250 })),
    ] {
        assert_problem(&narrow.send("POST", target, Some(&body)), 403, "forbidden");
    }
    let legacy = narrow.send("POST", "/api/domain-renew/5001", None);
    assert_eq!((legacy.status, &legacy.body["code"]), (403, &json!("FORBIDDEN")));
    assert_eq!((world.rows("orders"), world.rows("payments")), (1, 0));
    world.end();
}

#[test]
fn what_moves_money_needs_the_scope_of_billing_besides() {
    let world = World::start();
    let domains = world.key(&["read:domains", "write:domains"]);
    let both = world.key(&["read:domains", "write:domains", "write:billing"]);
    let billing = world.key(&["read:billing", "write:billing"]);
    let send = |key: &str, method: &str, target: &str, body: &Value| {
        world.dialect.with_key(key).send(method, target, Some(body))
    };
    // Ordering a renewal takes both (documented), in either API.
    for key in [&billing, &domains] {
        assert_problem(&send(key, "POST", &renewing(DOMAIN), &json!({})), 403, "forbidden");
        let legacy = send(key, "POST", "/api/domain-renew/5001", &json!({}));
        assert_eq!((legacy.status, &legacy.body["code"]), (403, &json!("FORBIDDEN")));
    }
    assert_eq!(world.rows("orders"), 0);
    assert_eq!(send(&both, "POST", &renewing(DOMAIN), &json!({})).status, 200);
    assert_eq!(send(&both, "POST", "/api/domain-renew/5001", &json!({})).body["data"]["existing_invoice"], true);

    let one = format!("/api/v2/domains/{DOMAIN}");
    let off = json!({ "autoRenew": false, "cancelPendingOrder": true });
    let decline = json!({ "accept": false });
    let respond = format!("{one}/actions/respond-to-renewal");
    assert_problem(&send(&domains, "PATCH", &one, &off), 403, "forbidden");
    assert_problem(&send(&domains, "POST", &respond, &decline), 403, "forbidden");
    assert_eq!(send(&domains, "POST", &respond, &json!({ "accept": true })).status, 200, "moves no money");
    let confirmed = json!({ "domainIds": [DOMAIN], "enabled": false, "confirmCancelPending": true });
    assert_problem(&send(&domains, "POST", "/api/v2/domains/bulk/autorenew", &confirmed), 403, "forbidden");
    let bulk = json!({ "domainIds": [DOMAIN] });
    assert_problem(&send(&domains, "POST", "/api/v2/domains/bulk/renew", &bulk), 403, "forbidden");
    assert_eq!(world.gate(DOMAIN)["code"], "pending_order");
    assert_eq!(send(&both, "POST", &respond, &decline).status, 200);
    assert_eq!(send(&both, "POST", "/api/v2/domains/bulk/renew", &bulk).status, 202);

    let vps = format!("{VPS}{}/actions/renew", id("vps", VPS_NUMBER));
    assert_problem(&send(&domains, "POST", &vps, &json!({})), 403, "forbidden");
    assert_eq!(send(&billing, "POST", &vps, &json!({})).status, 200, "documented: write:billing alone");
    let card = json!({ "paymentMethodToken": "pm_1" });
    assert_problem(&send(&billing, "POST", "/api/v2/billing/cards", &card), 403, "forbidden");
    let cards = world.key(&["write:payment_methods"]);
    assert_eq!(send(&cards, "POST", "/api/v2/billing/cards", &card).status, 201);
    world.end();
}

#[test]
fn without_a_known_key_nothing_is_said() {
    let world = World::start();
    let url = format!("{}/api/v2/domains/{DOMAIN}", world.dialect.base);
    let wrong = world.dialect.with_key("demo-hostup-token-00000000000000000000000");
    assert_problem(&wrong.send("GET", "/api/v2/domains", None), 401, "unauthorized");
    assert_problem(&wrong.send("POST", &renewing(DOMAIN), None), 401, "unauthorized");
    for header in [
        ("Accept", "application/json"),
        ("Authorization", "Bearer"),
        ("Authorization", "Basic ZGVtbzpkZW1v"),
        // A key of another dialect is none here.
        ("Authorization", "Bearer demo-vpsbg-token-111111111111111111111111"),
    ] {
        let answer = http::send("GET", &url, &[header], b"").unwrap();
        assert_eq!((answer.status, &answer.json().unwrap()["code"]), (401, &json!("unauthorized")), "{header:?}");
    }
    assert_problem(&world.send("GET", "/api/v2/no/such/thing", None), 404, "not_found");
    assert_problem(&world.send("DELETE", "/api/v2/domains", None), 405, "method_not_allowed");
    world.end();
}

#[test]
fn a_field_that_nobody_knows_is_refused_by_its_name() {
    let world = World::start();
    let placed = world.renew(DOMAIN);
    let invoice = format!("/api/v2/billing/invoices/{}", placed["renewalInvoice"]["id"].as_str().unwrap());
    let order = format!("/api/v2/orders/{}", placed["orderId"].as_str().unwrap());
    let one = format!("/api/v2/domains/{DOMAIN}");
    let (vps, hosting) =
        (format!("{VPS}{}", id("vps", VPS_NUMBER)), format!("{HOSTING}{}", id("acct", HOSTING_NUMBER)));
    for (method, target, mut body) in [
        ("PATCH", one.clone(), json!({})),
        ("POST", format!("{one}/actions/renew"), json!({})),
        ("POST", format!("{one}/actions/status-sync"), json!({})),
        ("POST", format!("{one}/actions/respond-to-renewal"), json!({ "accept": true })),
        ("POST", format!("{one}/billing-cycle"), json!({ "periodYears": 1 })),
        ("POST", "/api/v2/domains/bulk/renew".to_owned(), json!({ "domainIds": [DOMAIN] })),
        ("POST", "/api/v2/domains/bulk/autorenew".to_owned(), json!({ "domainIds": [DOMAIN], "enabled": true })),
        ("POST", format!("{order}/actions/cancel"), json!({})),
        ("POST", "/api/v2/orders/preview".to_owned(), json!({ "domainIds": [DOMAIN] })),
        ("POST", format!("{invoice}/actions/generate-payment-link"), json!({})),
        ("POST", format!("{invoice}/actions/apply-credit"), json!({ "amount": "1" })),
        ("POST", format!("{invoice}/actions/pay"), json!({ "savedCardId": CARD })),
        ("POST", format!("{invoice}/actions/cancel"), json!({})),
        ("POST", "/api/v2/billing/cards".to_owned(), json!({ "paymentMethodToken": "pm_1" })),
        ("POST", "/api/v2/billing/credit/actions/add-funds".to_owned(), json!({ "amount": 250 })),
        ("POST", format!("{vps}/actions/renew"), json!({})),
        ("POST", format!("{vps}/actions/billing-cycle"), json!({ "billingCycle": "annually" })),
        ("POST", format!("{hosting}/actions/renew"), json!({ "addonIds": [] })),
        ("POST", format!("{hosting}/actions/cancel"), json!({ "reason": "x", "cancelType": "immediate" })),
    ] {
        body["more"] = json!(1);
        let refused = world.send(method, &target, Some(&body));
        assert_problem(&refused, 400, "invalid_request");
        let error = &refused.body["errors"][0];
        assert_eq!((&error["pointer"], &error["code"]), (&json!("/more"), &json!("invalid_request")), "{target}");
        for (text, status) in [("{", 400), ("\"text\"", 400), ("[1]", 400), ("null", 400)] {
            let answer = world.raw(method, &target, &[], text);
            assert_eq!(answer.status, status, "{target} {text}: {}", answer.text());
        }
    }
    let large = world.send("PATCH", &one, Some(&json!({ "x": "x".repeat(2_000_000) })));
    assert_eq!(large.status / 100, 4, "{}", large.response.text());
    assert_problem(&large, large.status, large.body["code"].as_str().unwrap());
    assert_eq!((world.rows("orders"), world.rows("payments")), (1, 0), "nothing was done");
    world.end();
}

#[test]
fn actions_take_no_body_an_empty_object_and_an_empty_list() {
    let world = World::start();
    let renewing = renewing(DOMAIN);
    for body in ["", "{}", "[]", " [] \n", "{ }"] {
        let placed = world.raw("POST", &renewing, &[], body);
        assert_eq!(placed.status, 200, "{body:?}: {}", placed.text());
        let placed = placed.json().unwrap();
        let invoice = placed["renewalInvoice"]["id"].as_str().unwrap();
        for target in [
            format!("/api/v2/domains/{DOMAIN}/actions/status-sync"),
            format!("/api/v2/billing/invoices/{invoice}/actions/generate-payment-link"),
            format!("/api/v2/orders/{}/actions/cancel", placed["orderId"].as_str().unwrap()),
        ] {
            let done = world.raw("POST", &target, &[], body);
            assert_eq!(done.status, 200, "{target} {body:?}: {}", done.text());
        }
    }
    // JSON is announced by the provider's own module where there is no body, too.
    assert_eq!(world.raw("GET", "/api/v2/domains", &[], "").status, 200);
    let paid = world.raw("POST", &format!("{}/actions/pay", world.invoice()), &[], "[]");
    assert_eq!(paid.status, 200, "{}", paid.text());
    world.end();
}

#[test]
fn who_asks_too_much_is_told_when_to_come_again() {
    let world = World::start();
    world.dialect.sandbox.arm("hostup", "renew", "rate-limited", 2).unwrap();
    let limited = world.act(&renewing(DOMAIN));
    assert_problem(&limited, 429, "rate_limit_exceeded");
    assert_eq!(limited.response.header("Retry-After"), Some("1"));
    // An instant, not seconds of an epoch (documented).
    let reset = limited.response.header("X-RateLimit-Reset").unwrap();
    assert!(reset.len() == 24 && reset.starts_with("2026-11-22T10:") && reset.ends_with('Z'), "{reset}");
    // The legacy API says so in its own form, and in the body besides.
    let legacy = world.act("/api/domain-renew/5001");
    assert_eq!((legacy.status, &legacy.body["retryAfter"]), (429, &json!("1")), "{}", legacy.recording);
    assert_eq!(legacy.response.header("Retry-After"), Some("1"));
    assert_eq!(world.rows("orders"), 0);
    assert_eq!(world.act(&renewing(DOMAIN)).status, 200);

    world.dialect.sandbox.arm("hostup", "domains", "server-error", 1).unwrap();
    assert_problem(&world.send("GET", "/api/v2/domains", None), 500, "internal_error");
    world.end();
}
