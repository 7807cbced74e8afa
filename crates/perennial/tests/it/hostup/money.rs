//! Cards, credit, activity and the switches of the account.

use serde_json::{Value, json};

use super::{CARD, DOMAIN, HOSTING_NUMBER, World, assert_problem, id, record};

const CARDS: &str = "/api/v2/billing/cards";
const ADD_FUNDS: &str = "/api/v2/billing/credit/actions/add-funds";

/// The documentation's own.
fn card() -> Value {
    json!({
        "paymentMethodToken": "pm_01hxa3b4c5d6e7f8g9h0j1k2m3",
        "last4": "4242", "expMonth": 12, "expYear": 2028, "brand": "visa",
    })
}

#[test]
fn there_is_one_card_or_none() {
    let mut world = World::start();
    let listed = world.send("GET", CARDS, None);
    record("cards", &listed);
    assert_eq!(listed.body.as_array().map(Vec::len), Some(1), "a bare list (documented)");
    assert_eq!(listed.body[0]["id"], CARD);

    let other =
        json!({ "paymentMethodToken": "pm_2", "last4": "4444", "expMonth": 1, "expYear": 2030, "brand": "mastercard" });
    world.change("update methods set preference = 'other' where id = 5001");
    assert_eq!(world.get(CARDS)[0]["id"], CARD, "charged, as there is no other");
    let replaced = world.post(CARDS, &other);
    record("card_added", &replaced);
    assert_eq!(replaced.status, 201);
    let cards = world.get(CARDS);
    assert_eq!((cards.as_array().map(Vec::len), &cards[0]["last4"]), (Some(1), &json!("4444")));
    let old = world.post(&format!("{}/actions/pay", world.invoice()), &json!({ "savedCardId": CARD }));
    assert_problem(&old, 400, "invalid_request");
    assert_eq!(old.body["errors"][0]["pointer"], "/savedCardId");

    // The one that is charged can be taken away; the one before it is still on file, and is charged then.
    assert_problem(&world.send("DELETE", &format!("{CARDS}/{CARD}"), None), 404, "not_found");
    let removed = world.send("DELETE", &format!("{CARDS}/{}", cards[0]["id"].as_str().unwrap()), None);
    assert_eq!(removed.status / 100, 2, "{}", removed.recording);
    assert_eq!(world.get(CARDS)[0]["id"], CARD);
    assert_eq!(world.send("DELETE", &format!("{CARDS}/{CARD}"), None).status / 100, 2);
    assert_eq!(world.get(CARDS), json!([]));
    let again = world.send("DELETE", &format!("{CARDS}/{}", cards[0]["id"].as_str().unwrap()), None);
    assert_problem(&again, 404, "not_found");
    let switch = world.get("/api/v2/me/preferences")["billing"]["cardAutoCharge"].clone();
    assert_eq!(switch, json!({ "configured": true, "enabled": false, "status": "needs_payment_method" }), "documented");

    // Nothing to pay with: the invoice stays as it is.
    let invoice = world.get("/api/v2/billing/invoices")["data"][0]["id"].as_str().unwrap().to_owned();
    let unpaid = world.act(&format!("/api/v2/billing/invoices/{invoice}/actions/pay"));
    assert_problem(&unpaid, 402, "payment_failed");
    assert_eq!(world.get(&format!("/api/v2/billing/invoices/{invoice}"))["status"], "unpaid");

    assert_eq!(world.post(CARDS, &card()).status, 201);
    assert_eq!(world.act(&format!("/api/v2/billing/invoices/{invoice}/actions/pay")).status, 200);
    for (member, value) in [
        ("paymentMethodToken", json!("")),
        ("last4", json!("42")),
        ("expMonth", json!(13)),
        ("expYear", json!(1999)),
        ("expYear", json!(2025)),
    ] {
        let mut wrong = card();
        wrong[member] = value;
        let refused = world.post(CARDS, &wrong);
        assert_problem(&refused, 400, "invalid_request");
        assert_eq!(refused.body["errors"][0]["pointer"], format!("/{member}"), "{wrong}");
    }
    world.end();
}

#[test]
fn a_removed_card_is_gone() {
    let world = World::start();
    record("card_removed", &world.send("DELETE", &format!("{CARDS}/{CARD}"), None));
    world.end();
}

#[test]
fn credit_grows_when_its_invoice_is_paid() {
    let world = World::start();
    record("credit", &world.send("GET", "/api/v2/billing/credit", None));
    let added = world.post(ADD_FUNDS, &json!({ "amount": 250 }));
    record("funds_added", &added);
    assert_eq!(added.body["invoice"]["amount"], 250, "no VAT on credit");
    assert_eq!(world.get("/api/v2/billing/credit")["amount"], 500, "not before it is paid");
    let invoice = format!("/api/v2/billing/invoices/{}", added.body["invoice"]["id"].as_str().unwrap());
    assert_eq!(world.get(&invoice)["orderId"], Value::Null, "an invoice without an order");
    let order = format!("/api/v2/orders/{}", id("ord", 1));
    assert_problem(&world.send("GET", &order, None), 404, "not_found");

    let with_credit = world.post(&format!("{invoice}/actions/apply-credit"), &json!({ "amount": "250" }));
    assert_problem(&with_credit, 409, "invoice_not_payable");
    let generator = added.body["paymentLinkGeneratorUrl"].as_str().unwrap();
    let link = world.act(generator);
    let form = b"account=demo-hostup&password=demo&with=method-5001+250.00";
    let headers = [("Content-Type", "application/x-www-form-urlencoded")];
    let url = link.body["paymentUrl"].as_str().unwrap();
    assert_eq!(perennial_testkit::http::send("POST", url, &headers, form).unwrap().status, 303);
    assert_eq!(world.get(&invoice)["status"], "paid");
    assert_eq!(world.get("/api/v2/billing/credit")["amount"], 750);

    // What there is not cannot be put towards anything.
    let invoice = world.invoice();
    for amount in ["100.001", "0", "-1", "many"] {
        let refused = world.post(&format!("{invoice}/actions/apply-credit"), &json!({ "amount": amount }));
        assert_problem(&refused, 400, "invalid_request");
        assert_eq!(refused.body["errors"][0]["pointer"], "/amount", "{amount}");
    }
    let hosting = world.act(&format!("/api/v2/shared-hosting/{}/actions/renew", id("acct", HOSTING_NUMBER)));
    let large = hosting.body["renewalInvoice"]["id"].as_str().unwrap();
    for amount in ["862.50", "751.00"] {
        let target = format!("/api/v2/billing/invoices/{large}/actions/apply-credit");
        assert_problem(&world.post(&target, &json!({ "amount": amount })), 402, "payment_failed");
    }

    // An invoice for credit can be withdrawn by itself.
    let unwanted = world.post(ADD_FUNDS, &json!({ "amount": 10 }));
    let unwanted = unwanted.body["invoice"]["id"].as_str().unwrap();
    let withdrawn = world.act(&format!("/api/v2/billing/invoices/{unwanted}/actions/cancel"));
    assert_eq!((withdrawn.status, &withdrawn.body["status"]), (200, &json!("cancelled")), "{}", withdrawn.recording);
    assert_eq!(world.get("/api/v2/billing/credit")["amount"], 750);
    for (amount, wanted) in [(json!("98.75"), 200), (json!(0), 400), (json!(-5), 400), (json!(1.001), 400)] {
        assert_eq!(world.post(ADD_FUNDS, &json!({ "amount": amount })).status, wanted, "{amount}");
    }
    world.end();
}

#[test]
fn credit_is_promised_once() {
    let world = World::start();
    let hosting = world.act(&format!("/api/v2/shared-hosting/{}/actions/renew", id("acct", HOSTING_NUMBER)));
    let large = format!("/api/v2/billing/invoices/{}", hosting.body["renewalInvoice"]["id"].as_str().unwrap());
    let small = world.invoice();
    let apply = |invoice: &str, amount: &str| {
        world.post(&format!("{invoice}/actions/apply-credit"), &json!({ "amount": amount }))
    };
    assert_eq!(apply(&large, "400").status, 200);
    let once = [("Idempotency-Key", "a-part")];
    let part = json!({ "amount": "100" }).to_string();
    let target = format!("{small}/actions/apply-credit");
    assert_eq!(world.raw("POST", &target, &once, &part).status, 200);
    // 500 there are, and as much is promised.
    assert_problem(&apply(&small, "0.01"), 402, "payment_failed");
    assert_problem(&apply(&large, "0.01"), 402, "payment_failed");
    assert_eq!(world.raw("POST", &target, &once, &part).status, 200, "answered once more, and done once");
    assert_eq!((&world.get(&small)["creditApplied"], &world.get(&large)["creditApplied"]), (&json!(100), &json!(400)));
    // What is withdrawn is promised no more.
    assert_eq!(world.act(&format!("{large}/actions/cancel")).status, 200);
    assert_eq!(apply(&small, "50").status, 200);
    world.end();
}

#[test]
fn what_was_paid_and_what_moved_the_credit_is_listed() {
    let world = World::start();
    let invoice = world.invoice();
    let part = world.post(&format!("{invoice}/actions/apply-credit"), &json!({ "amount": "100.00" }));
    record("credit_applied", &part);
    assert_eq!((&part.body["creditApplied"], &part.body["outstanding"]), (&json!(100), &json!(98.75)));
    let too_much = world.post(&format!("{invoice}/actions/apply-credit"), &json!({ "amount": "98.76" }));
    assert_problem(&too_much, 400, "invalid_request");
    record("paid", &world.post(&format!("{invoice}/actions/pay"), &json!({ "savedCardId": CARD })));

    // The documentation's own row: 98.75 by card.
    let paid = world.send("GET", "/api/v2/billing/activity?kind=transaction&page=0", None);
    record("activity_transactions", &paid);
    assert_eq!((&paid.body["entries"][0]["amount"], &paid.body["hasMore"]), (&json!(98.75), &json!(false)));
    let moved = world.send("GET", "/api/v2/billing/activity?kind=credit", None);
    record("activity_credit", &moved);
    let amounts: Vec<_> = moved.body["entries"].as_array().unwrap().iter().map(|entry| &entry["amount"]).collect();
    assert_eq!(amounts, [&json!(-100), &json!(500)]);
    assert_eq!(world.get("/api/v2/billing/activity?page=1")["entries"], json!([]));
    for query in ["kind=refund", "page=-1", "page=x"] {
        assert_problem(&world.send("GET", &format!("/api/v2/billing/activity?{query}"), None), 400, "invalid_request");
    }
    world.end();
}

#[test]
fn preferences_say_what_renews_and_with_what() {
    let world = World::start();
    record("preferences", &world.send("GET", "/api/v2/me/preferences", None));
    assert_eq!(world.get(&format!("/api/v2/domains/{DOMAIN}"))["lifecycle"]["autoRenewEnabled"], true);
    world.end();
}
