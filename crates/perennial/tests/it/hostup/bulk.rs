//! Many domains at a time: one order for all that can be renewed, and a switch for all or none.

use serde_json::{Value, json};

use super::{DOMAIN, FOREIGN_NUMBER, KEY_OF_OTHER, World, alike, assert_problem, id, record};

const RENEW: &str = "/api/v2/domains/bulk/renew";
const AUTORENEW: &str = "/api/v2/domains/bulk/autorenew";

/// How many domains one order renews.
const IDS_MAX: usize = perennial_core::quote::SERVICES_MAX;

/// A domain that is renewed for a year, one for two, and one that is cancelled.
const MORE: &str = r#"
[[services]]
id = 5502
name = "second.se"
account = "demo-hostup"
product = "domain-se"
created = 2025-04-28
until = 2027-04-28
period = "P1Y"
mode = "manual"

[[services]]
id = 5503
name = "two-years.se"
account = "demo-hostup"
product = "domain-se"
created = 2025-04-28
until = 2027-04-28
period = "P2Y"

[[services]]
id = 5504
name = "cancelled.se"
account = "demo-hostup"
product = "domain-se"
created = 2025-04-28
until = 2027-04-28
period = "P1Y"
mode = "delete-at-expiry"
"#;

#[test]
fn what_can_be_renewed_is_ordered_together_and_the_rest_is_skipped() {
    let world = World::with(MORE);
    let wanted = [DOMAIN.to_owned(), id("dom", 5_502), id("dom", 5_503), id("dom", 5_504), id("dom", FOREIGN_NUMBER)];
    let ids: Vec<_> = wanted.into_iter().chain(["example.se".to_owned(), DOMAIN.to_owned()]).collect();
    let renewed = world.post(RENEW, &json!({ "domainIds": ids }));
    record("bulk_renewed", &renewed);
    assert_eq!(renewed.status, 202);
    assert_eq!((&renewed.body["domainsQueued"], &renewed.body["domainsSkipped"]), (&json!(2), &json!(5)));
    assert_eq!(renewed.body["allSkipped"], false);

    // One order and one invoice for both.
    let result = &renewed.body["operation"]["result"];
    let order = world.get(&format!("/api/v2/orders/{}", result["order_id"].as_str().unwrap()));
    assert_eq!((order["items"].as_array().unwrap().len(), &order["invoice"]["id"]), (2, &result["invoice_id"]));
    assert_eq!((&order["invoice"]["amount"], world.rows("orders")), (&json!(397.5), 1));

    // The job is there at once, and nobody else's.
    let poll_url = renewed.body["operation"]["pollUrl"].as_str().unwrap();
    assert!(poll_url.starts_with("/api/jobs/job_"), "clients take it to the host, not to the API's root: {poll_url}");
    let job = world.send("GET", poll_url, None);
    record("job", &job);
    assert_eq!(job.body["data"]["isCompleted"], true);
    assert_eq!(&job.body["data"]["result"]["result"], result);
    let others = world.dialect.with_key(KEY_OF_OTHER);
    let foreign = others.send("GET", poll_url, None);
    let unknown = others.send("GET", &format!("/api/jobs/{}", id("job", 77)), None);
    assert_eq!((foreign.status, alike(&foreign)), (404, alike(&unknown)));

    // The same once more renews what was left over for its other period, and skips what pends.
    let again = world.post(RENEW, &json!({ "domainIds": [DOMAIN, id("dom", 5_502)] }));
    record("bulk_all_skipped", &again);
    assert_eq!((again.status, &again.body["allSkipped"]), (200, &json!(true)));
    for skipped in again.body["skipped"].as_array().unwrap() {
        assert_eq!((&skipped["invoiceId"], &skipped["orderNumber"]), (&result["invoice_id"], &result["order_number"]));
    }
    let rest = world.post(RENEW, &json!({ "domainIds": [id("dom", 5_503)] }));
    assert_eq!((rest.status, &rest.body["domainsQueued"]), (202, &json!(1)));

    let paid = world.act(&format!("/api/v2/billing/invoices/{}/actions/pay", result["invoice_id"].as_str().unwrap()));
    assert_eq!(paid.status, 200, "{}", paid.recording);
    assert_eq!(world.expiry(DOMAIN), "2027-12-11T22:59:59.000Z");
    assert_eq!(world.expiry(&id("dom", 5_502)), "2028-04-27T21:59:59.000Z");
    world.end();
}

#[test]
fn a_bulk_order_with_its_key_is_placed_once() {
    let world = World::with(MORE);
    let body = json!({ "domainIds": [DOMAIN, id("dom", 5_502)] }).to_string();
    let once = [("Idempotency-Key", "bulk-1")];
    let first = world.raw("POST", RENEW, &once, &body);
    let second = world.raw("POST", RENEW, &once, &body);
    assert_eq!((first.status, second.status), (202, 202));
    let order = |answer: &perennial_testkit::http::Response| {
        answer.json().unwrap()["operation"]["result"]["order_id"].as_str().unwrap().to_owned()
    };
    assert_eq!((order(&first), world.rows("orders")), (order(&second), 1));
    world.end();
}

#[test]
fn the_numbers_of_ids_are_bounded() {
    let world = World::start();
    for ids in [json!([]), json!(vec![DOMAIN; IDS_MAX + 1])] {
        for (target, more) in [(RENEW, None), (AUTORENEW, Some(true))] {
            let mut body = json!({ "domainIds": ids });
            if let Some(enabled) = more {
                body["enabled"] = json!(enabled);
            }
            let refused = world.post(target, &body);
            assert_problem(&refused, 400, "invalid_request");
            assert_eq!(refused.body["errors"][0]["pointer"], "/domainIds");
        }
    }
    let wrong = world.post(RENEW, &json!({ "domainIds": [DOMAIN, 7] }));
    assert_problem(&wrong, 400, "invalid_request");
    let missing = world.post(AUTORENEW, &json!({ "domainIds": [DOMAIN] }));
    assert_eq!(
        missing.body["errors"][0],
        json!({
            "pointer": "/enabled", "detail": missing.body["errors"][0]["detail"], "code": "missing_required",
        })
    );
    world.end();
}

#[test]
fn withdrawing_ones_renewal_does_not_withdraw_that_of_others() {
    let world = World::with(MORE);
    let (one, other) = (DOMAIN.to_owned(), id("dom", 5_502));
    let renewed = world.post(RENEW, &json!({ "domainIds": [one, other] }));
    let order = renewed.body["operation"]["result"]["order_id"].as_str().unwrap().to_owned();
    let path = format!("/api/v2/orders/{order}");
    let pends = || {
        let pending = [&one, &other].map(|domain| world.gate(domain)["code"] == "pending_order");
        assert_eq!(world.get(&path)["status"], if pending[0] { "pending" } else { "cancelled" });
        pending
    };
    let state = |domain: &str| world.get(&format!("/api/v2/domains/{domain}/renewal"));

    let declined =
        world.post(&format!("/api/v2/domains/{one}/actions/respond-to-renewal"), &json!({ "accept": false }));
    assert_problem(&declined, 409, "not_cancelable");
    assert!(declined.body["detail"].as_str().unwrap().contains(&order), "{}", declined.recording);
    assert_eq!((&declined.body["pendingRenewalOrder"]["id"], pends()), (&json!(order), [true; 2]));

    // All or none: whoever is asked is told of both, and one alone is refused.
    let mut off = json!({ "domainIds": [one], "enabled": false });
    let asked = world.post(AUTORENEW, &off);
    assert_eq!((asked.status, &asked.body["pendingOrdersFound"]), (200, &json!(true)), "{}", asked.recording);
    let listed: Vec<_> = asked.body["pendingOrders"].as_array().unwrap().iter().map(|line| &line["domainId"]).collect();
    assert_eq!(listed, [&json!(one), &json!(other)]);
    off["confirmCancelPending"] = json!(true);
    let refused = world.post(AUTORENEW, &off);
    assert_problem(&refused, 409, "not_cancelable");
    assert_eq!(refused.body["pendingOrders"], asked.body["pendingOrders"]);
    assert_eq!((&state(&one)["autoRenew"], pends()), (&json!(true), [true; 2]), "nothing was done");

    // A single switch withdraws what it can (documented as best effort).
    let single = json!({ "autoRenew": false, "cancelPendingOrder": true });
    let switched = world.send("PATCH", &format!("/api/v2/domains/{one}"), Some(&single));
    assert_eq!((switched.status, &state(&one)["autoRenew"]), (200, &json!(false)), "{}", switched.recording);
    assert_eq!(pends(), [true; 2]);

    // Named together, their order is theirs; both are manual by now, and it is withdrawn all the same.
    off["domainIds"] = json!([other, one]);
    let both = world.post(AUTORENEW, &off);
    assert_eq!((both.status, pends()), (202, [false; 2]), "{}", both.recording);
    assert_eq!(both.body["operation"]["result"]["orders_cancelled"], 1);
    world.end();
}

#[test]
fn several_orders_of_domains_that_are_manual_already_are_withdrawn_together() {
    let mut world = World::with(MORE);
    for domain in [id("dom", 5_502), id("dom", 5_503)] {
        world.renew(&domain);
    }
    // Held: what renews by itself no more is nothing that a hold keeps as it is.
    world.change(
        "update services set mode = 'manual' where id = 5503; update services set hold = 'locked' where id = 5502",
    );
    let off = json!({
        "domainIds": [id("dom", 5_502), id("dom", 5_503)], "enabled": false, "confirmCancelPending": true,
    });
    let done = world.post(AUTORENEW, &off);
    assert_eq!(done.status, 202, "{}", done.recording);
    assert_eq!(done.body["operation"]["result"]["orders_cancelled"], 2);
    let orders = world.get("/api/v2/orders")["data"].clone();
    assert!(orders.as_array().unwrap().iter().all(|order| order["status"] == "cancelled"), "{orders}");
    world.end();
}

#[test]
fn automatic_renewal_is_switched_for_all_or_for_none() {
    let world = World::with(MORE);
    let both = json!([DOMAIN, id("dom", 5_502)]);
    let automatic = || {
        let of = |domain: &str| world.get(&format!("/api/v2/domains/{domain}/renewal"))["autoRenew"].clone();
        (of(DOMAIN), of(&id("dom", 5_502)))
    };
    assert_eq!(automatic(), (json!(true), json!(false)));
    let on = world.post(AUTORENEW, &json!({ "domainIds": both, "enabled": true }));
    record("bulk_switched_on", &on);
    assert_eq!((on.status, automatic()), (202, (json!(true), json!(true))));
    assert_eq!(world.get(on.body["operation"]["pollUrl"].as_str().unwrap())["data"]["state"], "completed");

    // One that is not the caller's refuses them all, and looks like one that does not exist.
    let refusals = [id("dom", FOREIGN_NUMBER), id("dom", 999), "example.se".to_owned()].map(|stranger| {
        let body = json!({ "domainIds": [DOMAIN, stranger], "enabled": false });
        let refused = world.post(AUTORENEW, &body);
        assert_problem(&refused, 403, "forbidden");
        alike(&refused)
    });
    assert!(refusals.iter().all(|refusal| *refusal == refusals[0]), "{refusals:?}");
    assert_eq!(automatic(), (json!(true), json!(true)));

    // What pends is asked about first, and withdrawn once that is confirmed.
    world.renew(DOMAIN);
    let off = json!({ "domainIds": both, "enabled": false });
    let asked = world.post(AUTORENEW, &off);
    record("bulk_asked", &asked);
    assert_eq!((asked.status, &asked.body["pendingOrdersFound"]), (200, &json!(true)));
    assert_eq!((automatic(), world.gate(DOMAIN)["code"].clone()), ((json!(true), json!(true)), json!("pending_order")));
    let confirmed = json!({ "domainIds": both, "enabled": false, "confirmCancelPending": true });
    let done = world.post(AUTORENEW, &confirmed);
    assert_eq!((done.status, automatic()), (202, (json!(false), json!(false))), "{}", done.recording);
    assert_eq!(world.gate(DOMAIN)["allowed"], true);
    assert_eq!(world.get("/api/v2/orders")["data"][0]["status"], "cancelled");
    assert_eq!(world.post(AUTORENEW, &confirmed).status, 202, "and once more there is nothing to do");

    // Switching on is all or none, too: a pending renewal of one is in the way of the other.
    world.renew(DOMAIN);
    let blocked = world.post(AUTORENEW, &json!({ "domainIds": both, "enabled": true }));
    assert_problem(&blocked, 409, "domain_not_eligible");
    assert_eq!(automatic(), (json!(false), json!(false)));
    assert_eq!(blocked.body["actions"]["canEnableAutoRenew"]["allowed"], Value::Bool(false));
    world.end();
}
