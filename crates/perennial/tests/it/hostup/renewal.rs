//! The life of a domain's renewal: ordered, answered to, paid in every way, and what happens when answers are lost.

use std::thread;

use perennial_testkit::http;
use serde_json::{Value, json};

use super::super::exchange::Dialect;
use super::{CARD, DOMAIN, World, assert_problem, id, record, renewing};

const RENEWAL: &str = "/api/v2/domains/dom_01hxa3b4c5d6e7f8g9h0j1k2m3/renewal";
const RESPOND: &str = "/api/v2/domains/dom_01hxa3b4c5d6e7f8g9h0j1k2m3/actions/respond-to-renewal";

#[test]
fn a_renewal_is_ordered_once_and_answered_to() {
    let world = World::start();
    let idle = world.send("GET", RENEWAL, None);
    record("renewal_idle", &idle);
    // Net here, gross on the invoice (documented: 159 SEK and 25 % are 198.75 SEK).
    assert_eq!(idle.body["billing"], json!({ "amount": 159, "currencyCode": "SEK", "billingCycle": "annually" }));
    assert_eq!(idle.body["renewsFor"], json!({ "billingCycle": "annually", "months": 12 }));
    assert_eq!(idle.body["actions"]["canRenewNow"]["allowed"], true);

    let placed = world.act(&renewing(DOMAIN));
    record("renewal_ordered", &placed);
    assert_eq!(placed.body["renewalInvoice"]["amount"], json!(198.75));
    assert_eq!(placed.body["newExpiresAt"], Value::Null);
    assert_eq!(placed.body.get("invoiceLookupPending"), None, "only while the invoice cannot be read");

    let pending = world.send("GET", RENEWAL, None);
    record("renewal_pending", &pending);
    let gate = &pending.body["actions"]["canRenewNow"];
    assert_eq!((&gate["allowed"], &gate["code"]), (&json!(false), &json!("pending_order")));
    assert_eq!(pending.body["renewalInvoice"], placed.body["renewalInvoice"]);
    assert_eq!(pending.body["invoiceStatus"], "Unpaid", "as the back office spells it");
    let enabling = &pending.body["actions"]["canEnableAutoRenew"];
    assert_eq!(enabling["code"], "pending_order", "also where it is on already");

    let again = world.act(&renewing(DOMAIN));
    assert_problem(&again, 409, "domain_not_renewable");
    assert_eq!(&again.body["actions"]["canRenewNow"], gate, "the gate stands at the top level");

    let accepted = world.post(RESPOND, &json!({ "accept": true, "decision": "decline" }));
    record("renewal_accepted", &accepted);
    assert_eq!(accepted.body["renewalInvoice"], placed.body["renewalInvoice"], "it stays to be paid");
    let declined = world.post(RESPOND, &json!({ "decision": "decline" }));
    record("renewal_declined", &declined);
    assert_eq!(world.send("GET", RENEWAL, None).body, idle.body, "as if it had never been ordered");
    let order = world.get(&format!("/api/v2/orders/{}", placed.body["orderId"].as_str().unwrap()));
    assert_eq!((&order["status"], &order["invoice"]["status"]), (&json!("cancelled"), &json!("cancelled")));

    for body in [json!({ "accept": true }), json!({ "accept": false }), json!({ "decision": "accept" })] {
        assert_problem(&world.post(RESPOND, &body), 409, "no_pending_renewal");
    }
    for (body, pointer, code) in [
        (json!({}), "/accept", "missing_required"),
        (json!([]), "/accept", "missing_required"),
        (json!({ "decision": "maybe" }), "/decision", "invalid_request"),
        (json!({ "accept": "yes" }), "/accept", "invalid_request"),
    ] {
        let refused = world.post(RESPOND, &body);
        assert_problem(&refused, 400, "invalid_request");
        assert_eq!(refused.body["errors"][0]["pointer"], pointer, "{body}");
        assert_eq!(refused.body["errors"][0]["code"], code, "{body}");
    }
    world.end();
}

#[test]
fn it_is_paid_by_link_by_card_and_by_credit_in_parts() {
    let world = World::start();
    assert_eq!(world.expiry(DOMAIN), "2026-12-11T22:59:59.000Z");

    // By link: on the page, with a card that is on file.
    let invoice = world.invoice();
    let link = world.act(&format!("{invoice}/actions/generate-payment-link")).body;
    pay_on_page(link["paymentUrl"].as_str().unwrap());
    assert_renewed(&world, &invoice, "2027-12-11T22:59:59.000Z");

    // By the saved card, named and not.
    for (body, expiry) in
        [(json!({ "savedCardId": CARD }), "2028-12-11T22:59:59.000Z"), (json!({}), "2029-12-11T22:59:59.000Z")]
    {
        let invoice = world.invoice();
        let paid = world.post(&format!("{invoice}/actions/pay"), &body);
        assert_eq!((paid.status, &paid.body["status"]), (200, &json!("paid")), "{}", paid.recording);
        assert_renewed(&world, &invoice, expiry);
    }

    // By credit in parts: twice a part, and the card pays what is left.
    let invoice = world.invoice();
    for (amount, applied, outstanding) in [(json!("50.00"), 50.0, 148.75), (json!(50), 100.0, 98.75)] {
        let shown = world.post(&format!("{invoice}/actions/apply-credit"), &json!({ "amount": amount }));
        assert_eq!(shown.status, 200, "{}", shown.recording);
        assert_eq!(shown.body["creditApplied"].as_f64(), Some(applied));
        assert_eq!(shown.body["outstanding"].as_f64(), Some(outstanding));
        assert_eq!(shown.body["status"], "unpaid");
    }
    assert_eq!(world.get("/api/v2/billing/credit")["amount"], 500, "taken when the card pays the rest");
    let paid = world.act(&format!("{invoice}/actions/pay"));
    assert_eq!((&paid.body["status"], &paid.body["creditApplied"]), (&json!("paid"), &json!(100)));
    assert_renewed(&world, &invoice, "2030-12-11T22:59:59.000Z");
    assert_eq!(world.get("/api/v2/billing/credit")["amount"], 400);

    // By credit alone.
    let invoice = world.invoice();
    let paid = world.post(&format!("{invoice}/actions/apply-credit"), &json!({ "amount": "198.75" }));
    assert_eq!((paid.status, &paid.body["status"]), (200, &json!("paid")), "{}", paid.recording);
    assert_renewed(&world, &invoice, "2031-12-11T22:59:59.000Z");
    assert_eq!(world.get("/api/v2/billing/credit")["amount"], json!(201.25));
    assert_eq!(world.rows("payments"), 5);
    world.end();
}

/// Pays on the page of a payment link, as the demo's customer: what the page shows is asked for.
fn pay_on_page(url: &str) {
    assert_eq!(http::get(url).unwrap().status, 200);
    let form = b"account=demo-hostup&password=demo&with=method-5001+198.75";
    let headers = [("Content-Type", "application/x-www-form-urlencoded")];
    let paid = http::send("POST", url, &headers, form).unwrap();
    assert_eq!(paid.status, 303, "{}", paid.text());
}

/// The invoice is paid, the expiry is what it is to be, and the domain can be renewed again.
fn assert_renewed(world: &World, invoice: &str, expiry: &str) {
    let invoice = world.get(invoice);
    assert_eq!((&invoice["status"], &invoice["outstanding"]), (&json!("paid"), &json!(0)), "{invoice}");
    assert_eq!(invoice["paymentUrl"], Value::Null);
    assert_eq!(world.expiry(DOMAIN), expiry);
    let state = world.get(RENEWAL);
    assert_eq!(state["hasPendingOrder"], false);
    assert_eq!(state["actions"]["canRenewNow"], json!({ "allowed": true, "reason": null }));
}

#[test]
fn an_invoice_that_cannot_be_read_yet_appears_later() {
    let world = World::start();
    world.dialect.sandbox.arm("hostup", "renew", "not-yet-visible", 1).unwrap();
    let placed = world.renew(DOMAIN);
    assert_eq!((&placed["renewalInvoice"], &placed["invoiceLookupPending"]), (&Value::Null, &json!(true)));
    let state = world.get(RENEWAL);
    assert_eq!((&state["hasPendingOrder"], &state["orderId"]), (&json!(true), &placed["orderId"]));
    assert_eq!(state["renewalInvoice"]["amount"], json!(198.75));

    // The payment was accepted, and must not be sent again (documented).
    let invoice = format!("/api/v2/billing/invoices/{}", state["invoiceId"].as_str().unwrap());
    world.dialect.sandbox.arm("hostup", "pay", "not-yet-visible", 1).unwrap();
    let paid = world.act(&format!("{invoice}/actions/pay"));
    assert_problem(&paid, 502, "upstream_invoice_shape_invalid");
    assert_eq!(world.get(&invoice)["status"], "paid");
    assert_eq!(world.rows("payments"), 1);
    world.end();
}

#[test]
fn a_lost_answer_is_found_out_by_reading() {
    let world = World::start();
    let send = |target: &str| {
        let url = format!("{}{target}", world.dialect.base);
        let authorization = format!("Bearer {}", world.dialect.key);
        http::send("POST", &url, &[("Authorization", &authorization)], b"")
    };
    world.dialect.sandbox.arm("hostup", "renew", "reply-lost", 1).unwrap();
    assert!(send(&renewing(DOMAIN)).is_err());
    let state = world.get(RENEWAL);
    assert_eq!(state["actions"]["canRenewNow"]["code"], "pending_order", "it landed");
    assert_problem(&world.act(&renewing(DOMAIN)), 409, "domain_not_renewable");
    let invoice = format!("/api/v2/billing/invoices/{}", state["invoiceId"].as_str().unwrap());
    world.dialect.sandbox.arm("hostup", "pay", "reply-lost", 1).unwrap();
    assert!(send(&format!("{invoice}/actions/pay")).is_err());
    assert_eq!(world.get(&invoice)["status"], "paid");
    assert_problem(&world.act(&format!("{invoice}/actions/pay")), 409, "invoice_already_paid");
    assert_eq!((world.rows("orders"), world.rows("payments")), (1, 1));
    world.end();
}

#[test]
fn a_request_with_its_key_is_answered_once_more_and_done_once() {
    let world = World::start();
    let once = [("Idempotency-Key", "renewal-of-2026")];
    let first = world.raw("POST", &renewing(DOMAIN), &once, "");
    assert_eq!(first.status, 200, "{}", first.text());
    let placed = first.json().unwrap();
    assert_eq!(world.raw("POST", &renewing(DOMAIN), &once, "").json().unwrap(), placed);
    let other = world.raw("POST", &renewing(DOMAIN), &once, "{}").json().unwrap();
    assert_eq!(other["errors"][0]["pointer"], "/Idempotency-Key", "another request with the same key");
    assert_problem(&world.act(&renewing(DOMAIN)), 409, "domain_not_renewable");

    let invoice = format!("/api/v2/billing/invoices/{}", placed["renewalInvoice"]["id"].as_str().unwrap());
    let paying = format!("{invoice}/actions/pay");
    let paid = world.raw("POST", &paying, &once, "{}");
    assert_eq!(paid.status, 200, "{}", paid.text());
    assert_eq!(world.raw("POST", &paying, &once, "{}").json().unwrap(), paid.json().unwrap());
    assert_problem(&world.act(&paying), 409, "invoice_already_paid");

    // Also after it was paid, the same request orders nothing anew.
    let replayed = world.raw("POST", &renewing(DOMAIN), &once, "");
    assert_eq!((replayed.status, &replayed.json().unwrap()["orderId"]), (200, &placed["orderId"]));
    assert_eq!((world.rows("orders"), world.rows("payments")), (1, 1));
    world.end();
}

#[test]
fn twenty_payments_at_a_time_are_one() {
    let world = World::start();
    let paying = format!("{}/actions/pay", world.invoice());
    let pay = |dialect: &Dialect, target: &str| dialect.send("POST", target, None);
    let answers: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..20).map(|_| scope.spawn(|| pay(&world.dialect, &paying))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let (paid, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
    assert_eq!((paid.len(), refused.len()), (1, 19));
    for refusal in &refused {
        assert_problem(refusal, 409, "invoice_already_paid");
    }
    assert_eq!((world.rows("payments"), world.rows("extensions")), (1, 1));
    assert_eq!(world.expiry(DOMAIN), "2027-12-11T22:59:59.000Z");
    world.end();
}

#[test]
fn twenty_renewals_at_a_time_are_one_order() {
    let world = World::start();
    let bulk = json!({ "domainIds": [DOMAIN] });
    let answers: Vec<_> = thread::scope(|scope| {
        let send = |number: usize| match number % 3 {
            0 => world.act(&renewing(DOMAIN)),
            1 => world.post("/api/v2/domains/bulk/renew", &bulk),
            _ => world.act("/api/domain-renew/5001"),
        };
        let threads: Vec<_> = (0..20).map(|number| scope.spawn(move || send(number))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let mut placed = 0;
    for (number, answer) in answers.iter().enumerate() {
        let is_first = match number % 3 {
            0 if answer.status != 200 => {
                assert_problem(answer, 409, "domain_not_renewable");
                false
            }
            0 => true,
            1 => answer.body["allSkipped"] == json!(false),
            _ => answer.body["data"].get("existing_invoice").is_none(),
        };
        assert!(number % 3 == 0 || [200, 202].contains(&answer.status), "{}", answer.recording);
        placed += usize::from(is_first);
    }
    assert_eq!(placed, 1, "one of them has placed it, and the others are told so");
    assert_eq!(world.rows("orders"), 1);
    world.end();
}

#[test]
fn twenty_of_one_request_with_its_key_are_all_answered_alike() {
    let world = World::start();
    let once = [("Idempotency-Key", "one-of-twenty")];
    let send = |target: &str| -> Vec<Value> {
        thread::scope(|scope| {
            let threads: Vec<_> = (0..20).map(|_| scope.spawn(|| world.raw("POST", target, &once, ""))).collect();
            let answers = threads.into_iter().map(|thread| thread.join().unwrap());
            answers
                .inspect(|answer| assert_eq!(answer.status, 200, "{}", answer.text()))
                .map(|answer| answer.json().unwrap())
                .collect()
        })
    };
    let placed = send(&renewing(DOMAIN));
    assert!(placed.iter().all(|answer| *answer == placed[0]), "{placed:#?}");
    let invoice = placed[0]["renewalInvoice"]["id"].as_str().unwrap();
    let paid = send(&format!("/api/v2/billing/invoices/{invoice}/actions/pay"));
    assert!(paid.iter().all(|answer| *answer == paid[0] && answer["status"] == "paid"), "{paid:#?}");
    assert_eq!((world.rows("orders"), world.rows("payments")), (1, 1));
    world.end();
}

#[test]
fn paid_or_declined_at_the_same_time_is_one_of_both() {
    for _ in 0..3 {
        let world = World::start();
        let paying = format!("{}/actions/pay", world.invoice());
        let (paid, declined) = thread::scope(|scope| {
            let paid = scope.spawn(|| world.act(&paying));
            let declined = scope.spawn(|| world.post(RESPOND, &json!({ "accept": false })));
            (paid.join().unwrap(), declined.join().unwrap())
        });
        if paid.status == 200 {
            assert_problem(&declined, 409, "no_pending_renewal");
            assert_eq!(world.expiry(DOMAIN), "2027-12-11T22:59:59.000Z");
        } else {
            assert_problem(&paid, 409, "invoice_not_payable");
            assert_eq!((declined.status, world.rows("payments")), (200, 0), "{}", declined.recording);
        }
        world.end();
    }
}

/// The first is the documentation's own example; the others are on both sides of both changes of the clock.
const LAST_SECONDS: [(&str, &str, &str); 5] = [
    ("2027-04-28", "2027-04-27T21:59:59.000Z", "2027-03-28T00:00:00.000Z"),
    ("2027-01-01", "2026-12-31T22:59:59.000Z", "2026-12-01T00:00:00.000Z"),
    ("2027-03-28", "2027-03-27T22:59:59.000Z", "2027-02-25T00:00:00.000Z"),
    ("2027-03-29", "2027-03-28T21:59:59.000Z", "2027-02-26T00:00:00.000Z"),
    ("2027-11-01", "2027-10-31T22:59:59.000Z", "2027-10-01T00:00:00.000Z"),
];

#[test]
fn an_expiry_is_the_end_of_a_day_in_stockholm() {
    let service = |(number, until): (usize, &str)| {
        format!(
            "[[services]]\nid = {}\nname = \"time-{number}.se\"\naccount = \"demo-hostup\"\nproduct = \"domain-se\"\n\
             created = 2025-04-28\nuntil = {until}\nperiod = \"P1Y\"\n",
            5_300 + number
        )
    };
    let toml: String = LAST_SECONDS.iter().map(|(until, ..)| *until).enumerate().map(service).collect();
    let world = World::with(&toml);
    for (number, (until, expires_at, next_due_at)) in LAST_SECONDS.into_iter().enumerate() {
        let domain = world.get(&format!("/api/v2/domains?name=time-{number}.se"))["data"][0].clone();
        assert_eq!(domain["id"], json!(id("dom", 5_300 + u64::try_from(number).unwrap())));
        assert_eq!((&domain["expiresAt"], &domain["nextDueAt"]), (&json!(expires_at), &json!(next_due_at)), "{until}");
    }
    world.end();
}
