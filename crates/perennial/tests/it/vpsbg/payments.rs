//! Paying: from the balance or with a card, once, however often and by however many at once it is asked for.

use std::collections::BTreeMap;
use std::thread;

use serde_json::{Value, json};

use super::{BARE, SERVER, World, fields, line, payment, renewal};

/// What an order shows of its money.
const MONEY: [&str; 6] =
    ["amount", "amount_with_vat", "amount_from_balance", "payment_method", "status", "payment_information"];

#[test]
fn a_payment_from_the_balance_moves_the_amount_and_the_expiry() {
    let world = World::start();
    let order = world.renew(&[SERVER], 3);
    assert_eq!(fields(&order, MONEY), json!([180, 216, 0, "balance", "awaiting_payment", null]));
    let told = world.server(SERVER)["potential_expiry_at"].clone();
    let paid = world.pay(&order["id"], "balance");
    assert_eq!(fields(&paid, MONEY), json!([0, 0, 180, "balance", "paid", null]));
    assert!(paid["payment_date"].as_str().unwrap().starts_with("2026-11-22T10:"), "{paid}");
    assert_eq!(fields(line(&paid, SERVER), ["amount", "is_period_changeable"]), json!([75, false]));
    assert_eq!(world.order(&order["id"]), paid);

    // The proforma stays; the original says nothing, since the VAT was invoiced when the balance was filled.
    let papers = paid["invoices"].as_array().unwrap();
    let names = ["type", "amount", "amount_with_vat", "invoice_number"];
    let shown: Vec<_> = papers.iter().map(|paper| fields(paper, names)).collect();
    let number = format!("{:010}", order["id"].as_i64().unwrap());
    assert_eq!(shown, [json!(["proform", 180, 216, number]), json!(["original", 0, 0, "0000000001"])]);

    let server = world.server(SERVER);
    assert_eq!((&server["expiry_at"], &server["potential_expiry_at"]), (&told, &told));
    assert_eq!(told, "2027-03-11T22:00:00.000000Z");
    // 500 with VAT less 216: 284, without VAT.
    assert_eq!(world.get("/balance")["balance"], json!(236.67));
    world.assert_sound();
}

#[test]
fn a_payment_by_card_names_the_card() {
    let world = World::start();
    let order = world.renew(&[BARE], 1);
    let paid = world.pay(&order["id"], "card");
    let card = json!({ "last_4": "4242", "brand": "visa", "expiry_month": "12", "expiry_year": "2028" });
    assert_eq!(fields(&paid, MONEY), json!([25, 30, 0, "card", "paid", card]));
    let papers: Vec<_> =
        paid["invoices"].as_array().unwrap().iter().map(|paper| fields(paper, ["type", "amount_with_vat"])).collect();
    assert_eq!(papers, [json!(["proform", 30]), json!(["original", 30])]);
    assert_eq!(world.get("/balance")["balance"], json!(416.67));
    let [paid] = &world.payments_of(&order["id"])[..] else { panic!("one payment") };
    assert_eq!((&paid["kind"], &paid["amount"]["amount"]), (&json!("card"), &json!("30.00")));
    world.assert_sound();
}

#[test]
fn a_balance_that_is_too_low_pays_nothing() {
    let world = World::start();
    // 60 a month for two years, and a month of another.
    let large = world.renew(&[SERVER], 24);
    let small = world.renew(&[BARE], 1);
    let before = world.ledger();
    world.refused("POST", "/orders/pay", &payment(&large["id"], "balance"), 400, "The balance does not cover this.");
    // Nothing moved, and nothing of several.
    let both = json!({ "order_ids": [small["id"], large["id"]] });
    world.refused("POST", "/orders/pay", &both, 400, "The balance does not cover this.");
    assert_eq!(world.ledger(), before);
    assert_eq!(world.order(&large["id"]), large);
    assert_eq!(world.order(&small["id"]), small);
    let paid = world.post("/orders/pay", &json!({ "order_ids": [small["id"]] }));
    assert_eq!(fields(&paid, MONEY), json!([0, 0, 25, "balance", "paid", null]), "the balance is what is meant");
    world.assert_sound();
}

#[test]
fn several_orders_are_paid_by_one_request_each_by_a_payment_of_its_own() {
    let world = World::start();
    let orders = [world.renew(&[SERVER], 1), world.renew(&[BARE], 3)];
    let ids: Vec<_> = orders.iter().map(|order| order["id"].clone()).collect();
    let paid = world.post("/orders/pay", &json!({ "order_ids": ids, "payment_method": "card" }));
    let shown: Vec<_> =
        paid.as_array().unwrap().iter().map(|order| fields(order, ["id", "status", "amount"])).collect();
    assert_eq!(shown, [json!([ids[0], "paid", 60]), json!([ids[1], "paid", 75])]);
    for id in &ids {
        assert_eq!(world.payments_of(id).len(), 1);
    }
    world.assert_sound();
}

#[test]
fn an_order_is_paid_once() {
    let world = World::start();
    let order = world.renew(&[SERVER], 1)["id"].clone();
    world.pay(&order, "balance");
    let before = world.ledger();
    for word in ["balance", "card", "bitcoin"] {
        let said = format!("order {order} is already paid");
        world.refused("POST", "/orders/pay", &payment(&order, word), 400, &said);
    }
    assert_eq!(world.ledger(), before);
    let withdrawn = world.renew(&[BARE], 1)["id"].clone();
    world.done("DELETE", &format!("/orders/{withdrawn}"), &Value::Null);
    let said = format!("order {withdrawn} is cancelled");
    world.refused("POST", "/orders/pay", &payment(&withdrawn, "card"), 400, &said);
}

#[test]
fn what_is_paid_from_outside_waits_for_the_money() {
    let world = World::start();
    let order = world.renew(&[BARE], 1)["id"].clone();
    for word in ["bitcoin", "bitcoin-ln"] {
        let planned = world.pay(&order, word);
        assert_eq!(fields(&planned, MONEY), json!([25, 30, 0, "bitcoin", "awaiting_payment", null]));
    }
    // The demo's seller has no bank account.
    let said = "an order cannot be paid with `bank-transfer`";
    world.refused("POST", "/orders/pay", &payment(&order, "bank"), 400, said);
    let unknown = world.send("POST", "/orders/pay", Some(&payment(&order, "paypal")));
    assert_eq!(
        (unknown.status, unknown.body["errors"].get("payment_method").is_some()),
        (422, true),
        "{}",
        unknown.body
    );
    assert_eq!(world.payments_of(&order), [] as [Value; 0]);
}

#[test]
fn an_order_that_was_not_paid_in_time_is_cancelled() {
    let world = World::start();
    let order = world.renew(&[BARE], 1)["id"].clone();
    // It waits until the expiry.
    world.sandbox().set_clock("2026-12-11T21:59:00Z").unwrap();
    assert_eq!(world.order(&order)["status"], "awaiting_payment");
    world.sandbox().set_clock("2026-12-11T22:00:01Z").unwrap();
    let lapsed = world.order(&order);
    assert_eq!(fields(&lapsed, ["status", "promo_applicable"]), json!(["cancelled", false]));
    assert_eq!(line(&lapsed, BARE)["is_period_changeable"], false);
    world.refused("POST", "/orders/pay", &payment(&order, "card"), 400, &format!("order {order} has lapsed"));
    let server = world.server(BARE);
    assert_eq!(server["potential_expiry_at"], server["expiry_at"]);
    // The next one is another, and counts from the old expiry.
    let again = world.renew(&[BARE], 1);
    assert_ne!(again["id"], order);
    assert_eq!(line(&again, BARE)["period_from"], 1_797_026_400);
    world.pay(&again["id"], "card");
    world.assert_sound();
}

/// Does the same from so many threads at once, and counts the answers.
fn at_once(callers: usize, call: impl Fn() -> (u16, Value) + Sync) -> BTreeMap<(u16, String), usize> {
    let answers: Vec<_> = thread::scope(|scope| {
        let callers: Vec<_> = (0..callers).map(|_| scope.spawn(&call)).collect();
        callers.into_iter().map(|caller| caller.join().unwrap()).collect()
    });
    let mut counted = BTreeMap::new();
    for (status, told) in answers {
        *counted.entry((status, told.to_string())).or_insert(0) += 1;
    }
    counted
}

#[test]
fn twenty_payments_at_once_pay_once() {
    const PAYERS: usize = 20;
    let world = World::start();
    let order = world.renew(&[SERVER], 1)["id"].clone();
    for word in ["balance", "card"] {
        let counted = at_once(PAYERS, || {
            let answer = world.send("POST", "/orders/pay", Some(&payment(&order, word)));
            (answer.status, answer.body.get("status").or(answer.body.get("message")).unwrap().clone())
        });
        let refused = (400, format!("\"order {order} is already paid\""));
        let expected = match word {
            "balance" => BTreeMap::from([((200, "\"paid\"".to_owned()), 1), (refused, PAYERS - 1)]),
            _ => BTreeMap::from([(refused, PAYERS)]),
        };
        assert_eq!(counted, expected, "{word}");
    }
    assert_eq!(world.payments_of(&order).len(), 1);
    assert_eq!(world.server(SERVER)["expiry_at"], "2027-01-11T22:00:00.000000Z");
    assert_eq!(world.get("/balance")["balance"], json!(356.67));
    world.assert_sound();
}

#[test]
fn twenty_renewals_at_once_are_one_order() {
    const CALLERS: usize = 20;
    let world = World::start();
    let counted = at_once(CALLERS, || {
        let answer = world.send("POST", "/servers/renew", Some(&renewal(&[SERVER], 6)));
        (answer.status, answer.body["id"].clone())
    });
    let order = world.orders()[0]["id"].clone();
    assert_eq!(counted, BTreeMap::from([((200, order.to_string()), CALLERS)]));
    assert_eq!(world.orders().len(), 1);
    world.assert_sound();
}

#[test]
fn a_request_with_a_token_is_answered_as_it_was_also_after_a_restart() {
    let mut world = World::start();
    let answer = |world: &World, token: &str, path: &str, body: &Value| {
        let answer = world.send_once(token, path, body).unwrap();
        (answer.status, answer.json().unwrap())
    };
    // A refusal uses no token up.
    assert_eq!(answer(&world, "renew-1", "/servers/renew", &renewal(&[SERVER], 2)).0, 422);
    let (status, order) = answer(&world, "renew-1", "/servers/renew", &renewal(&[SERVER], 1));
    assert_eq!((status, &order["status"]), (200, &json!("awaiting_payment")), "{order}");
    let body = payment(&order["id"], "balance");
    let paid = answer(&world, "pay-1", "/orders/pay", &body);
    assert_eq!((paid.0, &paid.1["status"]), (200, &json!("paid")));
    for round in 0..2 {
        let again = answer(&world, "renew-1", "/servers/renew", &renewal(&[SERVER], 1));
        assert_eq!(again, (200, order.clone()), "round {round}: the order as it was");
        assert_eq!(answer(&world, "pay-1", "/orders/pay", &body), paid, "round {round}");
        world.restart();
    }
    // The same token is for the same request.
    let said = "the idempotency token was used for another request";
    for (token, path, body) in
        [("renew-1", "/servers/renew", renewal(&[SERVER], 3)), ("pay-1", "/orders/pay", payment(&order["id"], "card"))]
    {
        let (status, refusal) = answer(&world, token, path, &body);
        assert_eq!((status, &refusal["message"]), (422, &json!(said)), "{path}");
        assert_eq!(refusal["errors"], json!({ "Idempotency-Key": [said] }));
    }
    let long = "k".repeat(65);
    for token in ["", long.as_str()] {
        let (status, refusal) = answer(&world, token, "/servers/renew", &renewal(&[SERVER], 1));
        assert_eq!(status, 422, "{refusal}");
    }
    assert_eq!((world.orders().len(), world.payments_of(&order["id"]).len()), (1, 1));
    world.assert_sound();
}
