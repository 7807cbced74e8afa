//! Orders and their invoices: read, withdrawn, priced, and as documents.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{DOMAIN, HOSTING_NUMBER, KEY_OF_OTHER, VPS_NUMBER, World, assert_problem, id, record};

#[test]
fn orders_are_listed_shown_and_withdrawn() {
    let world = World::start();
    let placed = world.renew(DOMAIN);
    let path = format!("/api/v2/orders/{}", placed["orderId"].as_str().unwrap());
    record("order_pending", &world.send("GET", &path, None));
    let cancel = format!("{path}/actions/cancel");

    // A domain's invoice goes with its order, not before it (documented).
    let invoice = format!("/api/v2/billing/invoices/{}", placed["renewalInvoice"]["id"].as_str().unwrap());
    let refused = world.act(&format!("{invoice}/actions/cancel"));
    assert_problem(&refused, 409, "not_cancelable");
    let gate = world.get(&invoice)["actions"]["canCancel"].clone();
    assert_eq!((&gate["allowed"], &gate["reason"]), (&json!(false), &refused.body["detail"]));

    let cancelled = world.act(&cancel);
    record("order_cancelled", &cancelled);
    assert_eq!(cancelled.body, world.get(&path));
    assert_eq!(cancelled.body["invoice"]["status"], "cancelled");
    assert_problem(&world.act(&cancel), 409, "not_cancelable");
    assert_problem(&world.act(&format!("{invoice}/actions/pay")), 409, "invoice_not_payable");

    let paid = world.invoice();
    assert_eq!(world.act(&format!("{paid}/actions/pay")).status, 200);
    let order = world.get(&paid)["orderId"].as_str().unwrap().to_owned();
    assert_problem(&world.act(&format!("/api/v2/orders/{order}/actions/cancel")), 409, "not_cancelable");
    let listed = world.send("GET", "/api/v2/orders?limit=2", None);
    record("orders", &listed);
    let statuses: Vec<_> = listed.body["data"].as_array().unwrap().iter().map(|order| &order["status"]).collect();
    assert_eq!(statuses, ["completed", "cancelled"], "the newest first");
    let first = world.get("/api/v2/orders?limit=1");
    let next = world.get(&format!("/api/v2/orders?limit=1&cursor={}", first["nextCursor"].as_str().unwrap()));
    assert_eq!((&next["data"][0], &next["nextCursor"]), (&cancelled.body, &Value::Null));
    world.end();
}

#[test]
fn an_order_is_priced_and_not_placed() {
    let world = World::start();
    let priced = world.post("/api/v2/orders/preview", &json!({ "domainIds": [DOMAIN] }));
    record("order_preview", &priced);
    let totals = ["subtotal", "taxAmount", "taxRate", "total"].map(|member| priced.body[member].clone());
    assert_eq!(totals, [json!(159), json!(39.75), json!(25), json!(198.75)]);
    // No renewal takes a promo code, so none is priced with one.
    let refused = world.post("/api/v2/orders/preview", &json!({ "domainIds": [DOMAIN], "promoCode": "half" }));
    assert_problem(&refused, 400, "invalid_request");
    assert_eq!(refused.body["errors"][0]["pointer"], "/promoCode");
    assert_eq!(world.rows("orders"), 0);
    world.end();
}

#[test]
fn invoices_are_listed_by_their_status_and_withdrawn_where_they_may_be() {
    let world = World::start();
    let domain = world.invoice();
    assert_eq!(world.act(&format!("{domain}/actions/pay")).status, 200);
    let vps = world.act(&format!("/api/v2/vps/{}/actions/renew", id("vps", VPS_NUMBER)));
    let vps = format!("/api/v2/billing/invoices/{}", vps.body["renewalInvoice"]["id"].as_str().unwrap());
    record("invoice_unpaid", &world.send("GET", &vps, None));
    record("invoice_paid", &world.send("GET", &domain, None));
    record("invoices", &world.send("GET", "/api/v2/billing/invoices?status=unpaid", None));
    let cancelled = world.act(&format!("{vps}/actions/cancel"));
    record("invoice_cancelled", &cancelled);
    for (status, count) in
        [("unpaid", 0), ("paid", 1), ("cancelled", 1), ("refunded", 0), ("collections", 0), ("unknown", 0)]
    {
        let listed = world.get(&format!("/api/v2/billing/invoices?status={status}"))["data"].clone();
        assert_eq!(listed.as_array().unwrap().len(), count, "{status}");
    }
    assert_problem(&world.send("GET", "/api/v2/billing/invoices?status=overdue", None), 400, "invalid_request");

    // Nobody has paid after 14 days: then it is no more to be paid.
    let hosting = world.act(&format!("/api/v2/shared-hosting/{}/actions/renew", id("acct", HOSTING_NUMBER)));
    let due = hosting.body["renewalInvoice"]["dueAt"].as_str().unwrap();
    assert!(due.starts_with("2026-12-06T10:"), "{due}");
    world.dialect.sandbox.advance("P15D").unwrap();
    let lapsed = format!("/api/v2/billing/invoices/{}", hosting.body["renewalInvoice"]["id"].as_str().unwrap());
    assert_eq!(world.get(&lapsed)["status"], "cancelled");
    assert_problem(&world.act(&format!("{lapsed}/actions/pay")), 409, "invoice_not_payable");
    assert_problem(&world.act(&format!("{lapsed}/actions/generate-payment-link")), 409, "invoice_not_payable");
    world.end();
}

#[test]
fn an_invoice_outlives_what_it_renews_and_is_not_to_be_paid() {
    let mut world = World::start();
    let invoice = world.invoice();
    world.change("update services set hold = 'terminated', open_order_id = null where id = 5001");
    assert_problem(&world.act(&format!("/api/v2/domains/{DOMAIN}/actions/renew")), 404, "not_found");
    assert_problem(&world.act(&format!("{invoice}/actions/pay")), 409, "invoice_not_payable");
    let credit = world.post(&format!("{invoice}/actions/apply-credit"), &json!({ "amount": "198.75" }));
    assert_problem(&credit, 409, "invoice_not_payable");
    assert_eq!((&world.get(&invoice)["status"], world.rows("payments")), (&json!("unpaid"), 0));
    world.end();
}

#[test]
fn a_payment_link_is_made_once_and_counts_who_looks() {
    let world = World::start();
    let invoice = world.invoice();
    let none = world.get(&format!("{invoice}/payment-link"));
    assert_eq!(none, json!({ "hasActiveLink": false, "viewCount": 0, "lastViewedAt": null, "previousLinks": [] }));
    let made = world.act(&format!("{invoice}/actions/generate-payment-link"));
    record("payment_link_made", &made);
    let url = made.body["paymentUrl"].as_str().unwrap();
    assert_eq!(made.body["invoice"]["paymentUrl"], url, "absolute in both places (documented)");
    assert_eq!(world.act(&format!("{invoice}/actions/generate-payment-link")).body, made.body, "reused (documented)");
    for _ in 0..3 {
        assert_eq!(perennial_testkit::http::get(url).unwrap().status, 200);
    }
    let state = world.send("GET", &format!("{invoice}/payment-link"), None);
    record("payment_link", &state);
    assert_eq!((&state.body["paymentUrl"], &state.body["viewCount"]), (&json!(url), &json!(3)));
    assert_eq!(world.act(&format!("{invoice}/actions/pay")).status, 200);
    let paid = world.get(&format!("{invoice}/payment-link"));
    assert_eq!((&paid["hasActiveLink"], paid.get("paymentUrl")), (&json!(false), None));
    assert_problem(&world.act(&format!("{invoice}/actions/generate-payment-link")), 409, "invoice_already_paid");
    world.end();
}

#[test]
fn invoices_and_credit_notes_are_documents() {
    let world = World::start();
    let invoice = world.invoice();
    let pdf = |world: &World| {
        let file = world.send("GET", &format!("{invoice}/pdf"), None);
        assert_eq!(file.status, 200, "{}", file.response.text());
        assert!(file.response.body.starts_with(b"%PDF"));
        assert_eq!(file.response.header("Content-Type"), Some("application/pdf"));
        assert!(file.response.header("Content-Disposition").is_some_and(|name| name.ends_with(".pdf\"")));
        file
    };
    pdf(&world);
    assert_problem(&world.send("GET", &format!("{invoice}/credit-note"), None), 409, "credit_note_unavailable");
    assert_eq!(world.act(&format!("{invoice}/actions/pay")).status, 200);
    record("invoice_pdf", &pdf(&world));
    assert_problem(&world.send("GET", &format!("{invoice}/credit-note"), None), 409, "credit_note_unavailable");

    world.command(&["order", "credit", "1", "--yes"]);
    assert_eq!(world.get(&invoice)["status"], "refunded");
    let mut note = world.send("GET", &format!("{invoice}/credit-note"), None);
    let encoded = note.body["contentBase64"].as_str().unwrap().to_owned();
    let file = STANDARD.decode(&encoded).unwrap();
    assert!(file.starts_with(b"%PDF"));
    assert_eq!(note.body["byteLength"], json!(file.len()));
    let length = format!("\"byteLength\": {}", file.len());
    note.recording = note.recording.replace(&encoded, "<base64>").replace(&length, "\"byteLength\": <bytes>");
    record("credit_note", &note);

    // Only businesses have them (documented): the other customer has no VAT number.
    let theirs = world.dialect.with_key(KEY_OF_OTHER);
    let renewed = theirs.send("POST", &format!("/api/v2/domains/{}/actions/renew", id("dom", 5_091)), None);
    let theirs_invoice = renewed.body["renewalInvoice"]["id"].as_str().unwrap();
    let refused = theirs.send("GET", &format!("/api/v2/billing/invoices/{theirs_invoice}/credit-note"), None);
    assert_problem(&refused, 403, "forbidden");
    world.end();
}
