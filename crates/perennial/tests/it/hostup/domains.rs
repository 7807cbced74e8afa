//! Domains: the list, one of them, its switches, its billing cycle, and asking the registry.

use serde_json::{Value, json};

use super::{DOMAIN, World, assert_problem, record, renewing};

const ONE: &str = "/api/v2/domains/dom_01hxa3b4c5d6e7f8g9h0j1k2m3";
const CYCLE: &str = "/api/v2/domains/dom_01hxa3b4c5d6e7f8g9h0j1k2m3/billing-cycle";

#[test]
fn domains_are_listed_found_and_shown() {
    let world = World::start();
    let listed = world.send("GET", "/api/v2/domains?limit=50", None);
    record("domains", &listed);
    assert_eq!(listed.body["data"][0]["id"], DOMAIN);
    assert_eq!(listed.body["nextCursor"], Value::Null);
    record("domain", &world.send("GET", ONE, None));
    record("domain_synced", &world.act(&format!("{ONE}/actions/status-sync")));
    for (query, found) in [("name=EXAMPLE.se", 1), ("name=nyberg.se", 0), ("include=hostingConnection", 1)] {
        let data = world.get(&format!("/api/v2/domains?{query}"))["data"].clone();
        assert_eq!(data.as_array().unwrap().len(), found, "{query}");
    }
    for (query, pointer) in [("limit=0", "/limit"), ("limit=1001", "/limit"), ("cursor=x", "/cursor")] {
        let refused = world.send("GET", &format!("/api/v2/domains?{query}"), None);
        assert_problem(&refused, 400, "invalid_request");
        assert_eq!(refused.body["errors"][0]["pointer"], pointer);
    }
    world.end();
}

#[test]
fn a_long_list_is_read_page_by_page() {
    let service = |number| {
        format!(
            "[[services]]\nname = \"page-{number}.se\"\naccount = \"demo-hostup\"\nproduct = \"domain-se\"\n\
             until = 2027-04-28\nperiod = \"P1Y\"\n"
        )
    };
    let world = World::with(&(1..=6).map(service).collect::<String>());
    let mut names = Vec::new();
    let mut target = "/api/v2/domains?limit=3".to_owned();
    for page in 1.. {
        let list = world.get(&target);
        names.extend(list["data"].as_array().unwrap().iter().map(|domain| domain["name"].clone()));
        let Some(cursor) = list["nextCursor"].as_str() else {
            assert_eq!(page, 3);
            break;
        };
        target = format!("/api/v2/domains?limit=3&cursor={cursor}");
    }
    names.sort_by_key(|name| name.as_str().map(str::to_owned));
    names.dedup();
    assert_eq!(names.len(), 7, "{names:?}");
    world.end();
}

#[test]
fn automatic_renewal_is_switched_with_and_without_its_pending_order() {
    let world = World::start();
    let state = || {
        let state = world.get(&format!("{ONE}/renewal"));
        (state["autoRenew"].as_bool().unwrap(), state["hasPendingOrder"].as_bool().unwrap())
    };
    world.renew(DOMAIN);
    let off = world.send("PATCH", ONE, Some(&json!({ "autoRenew": false })));
    assert_eq!((off.status, state()), (200, (false, true)), "the pending renewal stays (documented)");

    // A pending renewal is in the way of switching it on.
    let blocked = world.send("PATCH", ONE, Some(&json!({ "autoRenew": true })));
    assert_problem(&blocked, 409, "domain_not_eligible");
    assert_eq!(blocked.body["actions"]["canEnableAutoRenew"]["code"], "pending_order");

    let cancelled = world.send("PATCH", ONE, Some(&json!({ "autoRenew": false, "cancelPendingOrder": true })));
    record("domain_switched_off", &cancelled);
    assert_eq!(state(), (false, false));
    assert_eq!(cancelled.body["pendingRenewalOrder"], Value::Null);
    assert_eq!(world.get("/api/v2/orders")["data"][0]["status"], "cancelled");
    let on = world.send("PATCH", ONE, Some(&json!({ "autoRenew": true })));
    assert_eq!((on.status, state()), (200, (true, false)));

    for (body, status, code) in [
        (json!({ "autoRenew": true, "cancelPendingOrder": true }), 400, "invalid_request"),
        (json!({ "cancelPendingOrder": true }), 400, "invalid_request"),
        (json!({ "autoRenew": "yes" }), 400, "invalid_request"),
        (json!({ "registrarLock": true }), 409, "domain_not_eligible"),
        (json!({ "whoisPrivacyAutoEnable": true }), 409, "domain_not_eligible"),
    ] {
        assert_problem(&world.send("PATCH", ONE, Some(&body)), status, code);
        assert_eq!(state(), (true, false), "{body}");
    }
    assert_eq!(world.send("PATCH", ONE, Some(&json!({}))).body, world.get(ONE), "nothing asked, nothing changed");
    world.end();
}

#[test]
fn a_domain_is_billed_in_another_cycle_once_nothing_pends() {
    let world = World::start();
    let idle = world.send("GET", CYCLE, None);
    record("billing_cycle", &idle);
    world.renew(DOMAIN);
    let blocked = world.post(CYCLE, &json!({ "billingCycle": "biennially" }));
    assert_problem(&blocked, 409, "existing_invoice_blocking");
    for member in ["pendingRenewalOrder", "pendingOrder", "existingInvoice"] {
        assert!(blocked.body[member]["id"].is_string(), "{member}: {}", blocked.recording);
    }
    let locked = world.get(CYCLE);
    assert_eq!((&locked["locked"], &locked["currentPeriodYears"]), (&json!(true), &json!(1)));
    assert_eq!(world.post(&format!("{ONE}/actions/respond-to-renewal"), &json!({ "accept": false })).status, 200);

    let changed = world.post(CYCLE, &json!({ "billingCycle": "biennially" }));
    record("billing_cycle_changed", &changed);
    assert_eq!(changed.body["billing"]["amount"], 318);
    let same = world.post(CYCLE, &json!({ "periodYears": "2", "billingCycle": "biennially" }));
    assert_eq!((same.status, &same.body["currentPeriodYears"]), (200, &json!(2)));
    for (body, pointer) in [
        (json!({ "periodYears": 5 }), "/periodYears"),
        (json!({ "billingCycle": "monthly" }), "/billingCycle"),
        (json!({ "billingCycle": "annually", "periodYears": 2 }), "/periodYears"),
        (json!({}), "/billingCycle"),
    ] {
        let refused = world.post(CYCLE, &body);
        assert_problem(&refused, 400, "invalid_request");
        assert_eq!(refused.body["errors"][0]["pointer"], pointer, "{body}");
    }
    // Two years are ordered now.
    let placed = world.act(&renewing(DOMAIN));
    assert_eq!(placed.body["renewsFor"], json!({ "billingCycle": "biennially", "months": 24 }));
    assert_eq!(placed.body["renewalInvoice"]["amount"], json!(397.5));
    world.end();
}
