//! Answers that never arrive: what a client can do afterwards, and that nothing is done twice.

use serde_json::{Value, json};

use super::{ADDON, SERVER, World, line, payment, renewal};

/// The open renewal of a server from an expiry, as a careful client looks for it: the list has no lines, so every order
/// that waits is got.
fn open_renewal(world: &World, server: i64, from: i64) -> Option<Value> {
    let open = world.get("/orders?filter[status]=awaiting_payment");
    let orders = open["data"].as_array().unwrap().iter().map(|order| world.order(&order["id"]));
    let is_it =
        |line: &Value| line["service_type"] == "server" && line["service_id"] == server && line["period_from"] == from;
    orders.into_iter().find(|order| order["services"].as_array().unwrap().iter().any(is_it))
}

/// The Unix second of a server's expiry.
fn expiry(world: &World, server: i64) -> i64 {
    let stamp = world.server(server)["expiry_at"].as_str().unwrap().to_owned();
    stamp.parse::<jiff::Timestamp>().unwrap().as_second()
}

#[test]
fn a_renewal_whose_answer_was_lost_is_found_again() {
    let mut world = World::start();
    let from = expiry(&world, SERVER);
    world.sandbox().arm("vpsbg", "renew", "request-lost", 1).unwrap();
    assert!(world.send_once("lost", "/servers/renew", &renewal(&[SERVER], 1)).is_none());
    assert_eq!(open_renewal(&world, SERVER, from), None, "it never arrived");

    world.sandbox().arm("vpsbg", "renew", "reply-lost", 1).unwrap();
    assert!(world.send_once("lost", "/servers/renew", &renewal(&[SERVER], 1)).is_none());
    world.dialect.sandbox.kill_hard().unwrap();
    world.restart();
    let found = open_renewal(&world, SERVER, from).expect("it arrived");
    assert_eq!(world.server(SERVER)["potential_expiry_at"], "2027-01-11T22:00:00.000000Z");
    assert_eq!(line(&found, ADDON)["period_from"], from);
    // Whoever asks again all the same gets that very order, with the token and without.
    let again = world.send_once("lost", "/servers/renew", &renewal(&[SERVER], 1)).unwrap().json().unwrap();
    assert_eq!(again, found);
    assert_eq!(world.renew(&[SERVER], 1), found);
    world.pay(&found["id"], "balance");
    assert_eq!(open_renewal(&world, SERVER, expiry(&world, SERVER)), None);
    assert_eq!(world.orders().len(), 1);
    world.assert_sound();
}

#[test]
fn a_payment_whose_answer_was_lost_is_seen_on_the_order() {
    let mut world = World::start();
    let order = world.renew(&[SERVER], 1)["id"].clone();
    world.sandbox().arm("vpsbg", "pay", "reply-lost", 1).unwrap();
    assert!(world.send_once("pay", "/orders/pay", &payment(&order, "balance")).is_none());
    world.dialect.sandbox.kill_hard().unwrap();
    world.restart();
    let paid = world.order(&order);
    assert_eq!(paid["status"], "paid");
    world.refused("POST", "/orders/pay", &payment(&order, "balance"), 400, &format!("order {order} is already paid"));
    let again = world.send_once("pay", "/orders/pay", &payment(&order, "balance")).unwrap();
    assert_eq!((again.status, again.json().unwrap()), (200, paid));
    assert_eq!(world.payments_of(&order).len(), 1);
    world.assert_sound();
}

#[test]
fn an_order_may_be_seen_late() {
    let world = World::start();
    world.sandbox().arm("vpsbg", "orders", "not-yet-visible", 1).unwrap();
    let order = world.renew(&[SERVER], 1)["id"].clone();
    assert_eq!(world.get("/orders")["data"], json!([]), "as it was when the fault was armed");
    assert_eq!(world.get("/orders")["data"][0]["id"], order);
}
