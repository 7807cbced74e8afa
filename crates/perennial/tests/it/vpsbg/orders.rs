//! Open orders: one a server or several that follow each other, how they are listed, changed and withdrawn.

use serde_json::{Value, json};

use super::{ADDON, BARE, SERVER, World, fields, line, lines};

/// A server whose renewals add up, two that need long cycles, and one that nobody renews by itself.
const MORE: &str = r#"
[[products]]
code = "stacked"
name = "Stacked VPS"
kind = "server"
renewability = "stacking"
prices = [
    { period = "P1M", net = "10.00", currency = "EUR" },
    { period = "P3M", net = "30.00", currency = "EUR" },
]

[[products]]
code = "vds"
name = "VDS 8 GB"
kind = "server"
facts = { type = "vds" }
prices = [
    { period = "P3M", net = "270.00", currency = "EUR" },
    { period = "P6M", net = "540.00", currency = "EUR" },
]

[[services]]
id = 8001
name = "stacked-1"
account = "demo-vpsbg"
product = "stacked"
created = 2026-01-31
until = 2027-01-31
period = "P1M"

[[services]]
id = 8002
name = "vds-1"
account = "demo-vpsbg"
product = "vds"
created = 2026-01-01
until = 2027-01-01
period = "P3M"
"#;

const STACKED: i64 = 8001;
const VDS: i64 = 8002;

fn term(order: &Value, server: i64) -> Value {
    fields(line(order, server), ["period_from", "period_to"])
}

#[test]
fn one_renewal_of_a_server_is_open_at_a_time() {
    let world = World::start();
    let before = world.server(SERVER);
    assert_eq!(before["expiry_at"], before["potential_expiry_at"]);
    let order = world.renew(&[SERVER], 3);
    assert_eq!(lines(&order), [SERVER, ADDON]);
    let during = world.server(SERVER);
    assert_eq!(during["expiry_at"], before["expiry_at"]);
    assert_eq!(during["potential_expiry_at"], "2027-03-11T22:00:00.000000Z");
    assert_eq!(world.renew(&[SERVER], 3), order, "the same again is the same order");
    let said = format!("order {} renews service {SERVER} already and waits for its payment", order["id"]);
    for body in [
        json!({ "server_ids": [SERVER], "billing_cycle": 1 }),
        json!({ "server_ids": [SERVER, BARE], "billing_cycle": 3 }),
        json!({ "server_ids": [SERVER], "billing_cycle": 3, "promo_code": "fall2403" }),
    ] {
        world.refused("POST", "/servers/renew", &body, 400, &said);
        world.refused("POST", "/servers/renew/calculate", &body, 400, &said);
    }
    world.done("DELETE", &format!("/orders/{}", order["id"]), &Value::Null);
    assert_eq!(world.server(SERVER), before);
    let cancelled = world.order(&order["id"]);
    assert_eq!(fields(&cancelled, ["status", "promo_applicable", "payment_date"]), json!(["cancelled", false, null]));
    let again = world.renew(&[SERVER], 1);
    assert_ne!(again["id"], order["id"]);
    world.pay(&again["id"], "balance");
    let said = format!("order {} is already paid", again["id"]);
    world.refused("DELETE", &format!("/orders/{}", again["id"]), &Value::Null, 400, &said);
    let said = format!("order {} is cancelled", order["id"]);
    world.refused("DELETE", &format!("/orders/{}", order["id"]), &Value::Null, 400, &said);
    world.assert_sound();
}

#[test]
fn renewals_that_add_up_follow_each_other_however_they_are_paid() {
    let world = World::start();
    world.import(MORE);
    // 31 January, 28 February, 31 May, 30 June: midnights of Sofia.
    let [january, february, may, june] = [1_801_346_400, 1_803_765_600, 1_811_710_800, 1_814_302_800];
    let orders = [world.renew(&[STACKED], 1), world.renew(&[STACKED], 3), world.renew(&[STACKED], 1)];
    let terms = orders.clone().map(|order| term(&order, STACKED));
    assert_eq!(terms, [json!([january, february]), json!([february, may]), json!([may, june])]);
    let server = world.server(STACKED);
    assert_eq!(server["expiry_at"], "2027-01-30T22:00:00.000000Z");
    assert_eq!(server["potential_expiry_at"], "2027-06-29T21:00:00.000000Z");

    // The last is paid first: one after another all the same.
    let mut expiries = Vec::new();
    for order in orders.iter().rev() {
        let paid = world.pay(&order["id"], "card");
        assert_eq!(paid["status"], "paid");
        let server = world.server(STACKED);
        assert_eq!(server["potential_expiry_at"], "2027-06-29T21:00:00.000000Z");
        expiries.push(server["expiry_at"].clone());
    }
    let days = ["2027-02-27T22:00:00.000000Z", "2027-05-30T21:00:00.000000Z", "2027-06-29T21:00:00.000000Z"];
    assert_eq!(expiries, days);
    // The orders tell what was paid for, in the end.
    let told: Vec<_> = orders.iter().rev().map(|order| term(&world.order(&order["id"]), STACKED)).collect();
    assert_eq!(told[0][0], january);
    assert_eq!((&told[0][1], &told[1][1]), (&told[1][0], &told[2][0]));
    assert_eq!(told[2][1], june);
    world.assert_sound();
}

#[test]
fn a_withdrawn_renewal_is_counted_no_longer() {
    let world = World::start();
    world.import(MORE);
    let first = world.renew(&[STACKED], 3);
    world.renew(&[STACKED], 1);
    world.done("DELETE", &format!("/orders/{}", first["id"]), &Value::Null);
    assert_eq!(world.server(STACKED)["potential_expiry_at"], "2027-02-27T22:00:00.000000Z");
}

#[test]
fn orders_are_listed_newest_first_in_pages_and_by_status() {
    let world = World::start();
    let paid = world.renew(&[SERVER], 1)["id"].clone();
    world.pay(&paid, "card");
    let withdrawn = world.renew(&[BARE], 1)["id"].clone();
    world.done("DELETE", &format!("/orders/{withdrawn}"), &Value::Null);
    let open = world.renew(&[BARE], 3)["id"].clone();
    for (query, ids) in [
        ("", vec![&open, &paid]),
        ("page&per_page&filter[status]", vec![&open, &paid]),
        ("filter[status]=pending_payment,paid", vec![&open, &paid]),
        ("filter[status]=awaiting_payment", vec![&open]),
        ("filter%5Bstatus%5D=paid%2Ccancelled", vec![&withdrawn, &paid]),
        ("filter[status]=processing", vec![]),
        ("per_page=1", vec![&open]),
        ("per_page=1&page=2", vec![&paid]),
        ("per_page=1&page=3", vec![]),
    ] {
        let list = world.get(&format!("/orders?{query}"));
        let listed: Vec<_> = list["data"].as_array().unwrap().iter().map(|order| &order["id"]).collect();
        assert_eq!(listed, ids, "{query}");
    }
    // An item is the order without its papers and its lines.
    let item = world.get("/orders")["data"][0].clone();
    let mut whole = world.order(&open);
    let whole = whole.as_object_mut().unwrap();
    assert!(whole.remove("invoices").is_some() && whole.remove("services").is_some());
    assert_eq!(item.as_object(), Some(&*whole));
    assert_eq!(whole.len(), 15);

    let page = world.get("/orders?per_page=1&page=2");
    let base = format!("{}/v1/orders", world.dialect.base);
    let links = json!({
        "first": format!("{base}?page=1"), "last": format!("{base}?page=2"), "prev": format!("{base}?page=1"), "next": null,
    });
    assert_eq!(page["links"], links);
    let meta = ["current_page", "from", "last_page", "path", "per_page", "to", "total"];
    assert_eq!(fields(&page["meta"], meta), json!([2, 2, 2, base, 1, 2, 2]));
    let beyond = world.get("/orders?per_page=1&page=3");
    assert_eq!(fields(&beyond["meta"], meta), json!([3, null, 2, base, 1, null, 2]));
}

#[test]
fn an_order_is_told_how_it_is_to_be_paid() {
    let world = World::start();
    let order = world.renew(&[BARE], 1)["id"].clone();
    let path = format!("/orders/{order}");
    let plan = |order: &Value| fields(order, ["auto_pay", "payment_method", "promo"]);
    assert_eq!(plan(&world.order(&order)), json!([true, "balance", null]));
    for (body, planned) in [
        (json!({ "auto_pay": false }), json!([false, "balance", null])),
        (json!({ "payment_method": "card" }), json!([false, "card", null])),
        (json!({ "auto_pay": true, "payment_method": "bitcoin" }), json!([true, "bitcoin", null])),
        (json!({}), json!([true, "bitcoin", null])),
    ] {
        assert_eq!(plan(&world.done("PATCH", &path, &body)), planned, "{body}");
        assert_eq!(plan(&world.order(&order)), planned, "{body}");
    }
    for (body, field) in [
        (json!({ "auto_pay": "yes" }), "auto_pay"),
        (json!({ "payment_method": "paypal" }), "payment_method"),
        (json!({ "payment_method": "bank" }), "payment_method"),
        (json!({ "promo_code": 7 }), "promo_code"),
        // What comes second is refused before the first is done.
        (json!({ "promo_code": "fall2401", "payment_method": "bank" }), "payment_method"),
    ] {
        let answer = world.send("PATCH", &path, Some(&body));
        assert_eq!((answer.status, answer.body["errors"].get(field).is_some()), (422, true), "{body}: {}", answer.body);
    }
    assert_eq!(plan(&world.order(&order)), json!([true, "bitcoin", null]));
    world.pay(&order, "card");
    let said = format!("order {order} is already paid");
    world.refused("PATCH", &path, &json!({ "auto_pay": false }), 400, &said);
    world.refused("PATCH", &path, &json!({ "promo_code": "fall2401" }), 400, &said);
}

#[test]
fn the_period_of_one_server_of_an_order_is_changed() {
    let world = World::start();
    let order = world.renew(&[SERVER, BARE], 1);
    assert_eq!(lines(&order), [SERVER, ADDON, BARE]);
    assert_eq!(order["amount"], 85);
    let path = |service_type: &str, id: i64| format!("/orders/{}/{service_type}/{id}", order["id"]);
    let shown = |order: &Value| {
        let names = ["service_id", "service_billing_cycle", "amount", "is_period_changeable"];
        order["services"].as_array().unwrap().iter().map(|line| fields(line, names)).collect::<Vec<_>>()
    };
    assert_eq!(world.done("PATCH", &path("server", BARE), &json!({ "billing_cycle": 6 })), Value::Null);
    let changed = world.order(&order["id"]);
    assert_eq!(
        shown(&changed),
        [json!([SERVER, 1, 25, true]), json!([ADDON, null, 35, false]), json!([BARE, 6, 150, true])]
    );
    assert_eq!(fields(&changed, ["amount", "amount_with_vat"]), json!([210, 252]));
    assert_eq!(fields(&changed["invoices"][0], ["amount", "amount_with_vat"]), json!([210, 252]));
    assert_eq!(world.server(BARE)["potential_expiry_at"], "2027-06-11T21:00:00.000000Z");
    assert_eq!(world.server(SERVER)["potential_expiry_at"], "2027-01-11T22:00:00.000000Z");
    // A server takes its add-ons along.
    world.done("PATCH", &path("server", SERVER), &json!({ "billing_cycle": 3 }));
    let changed = world.order(&order["id"]);
    assert_eq!(
        shown(&changed),
        [json!([SERVER, 3, 75, true]), json!([ADDON, null, 105, false]), json!([BARE, 6, 150, true])]
    );

    let unchanged = "The period of this service cannot be changed in this order.";
    world.refused("PATCH", &path("server-addon", ADDON), &json!({ "billing_cycle": 3 }), 400, unchanged);
    for (service_type, id) in [
        ("server", ADDON),
        ("server-addon", SERVER),
        ("floating-ip", SERVER),
        ("server", 602),
        ("server", 0),
        ("x", BARE),
    ] {
        let path = path(service_type, id);
        world.refused("PATCH", &path, &json!({ "billing_cycle": 3 }), 404, "Not Found.");
    }
    for (body, field) in [
        (json!({ "billing_cycle": 2 }), "billing_cycle"),
        (json!({ "billing_cycle": 0 }), "billing_cycle"),
        (json!({ "billing_cycle": "3" }), "billing_cycle"),
        (json!({}), "billing_cycle"),
        (json!({ "billing_cycle": 3, "promo_code": "none" }), "promo_code"),
        (json!({ "billing_cycle": 3, "promo_code": "fall2406" }), "promo_code"),
    ] {
        let answer = world.send("PATCH", &path("server", BARE), Some(&body));
        assert_eq!((answer.status, answer.body["errors"].get(field).is_some()), (422, true), "{body}: {}", answer.body);
    }
    assert_eq!(world.order(&order["id"]), changed, "refused changes change nothing");
    let paid = world.pay(&order["id"], "card");
    assert_eq!(paid["amount"], 330);
    let said = format!("order {} is already paid", order["id"]);
    world.refused("PATCH", &path("server", BARE), &json!({ "billing_cycle": 3 }), 400, &said);
    world.assert_sound();
}

#[test]
fn a_cycle_is_no_shorter_than_the_plan_takes() {
    let world = World::start();
    world.import(MORE);
    assert_eq!(world.server(VDS)["plan"]["minimum_billing_cycle"], 3);
    let said = "The billing cycle has 3 months at the least.";
    for servers in [vec![VDS], vec![BARE, VDS]] {
        let body = json!({ "server_ids": servers, "billing_cycle": 1 });
        let refusal = world.refused("POST", "/servers/renew", &body, 422, said);
        assert_eq!(refusal["errors"], json!({ "billing_cycle": [said] }));
    }
    let order = world.renew(&[VDS], 3);
    assert_eq!(fields(line(&order, VDS), ["service_billing_cycle", "service_minimum_billing_cycle"]), json!([3, 3]));
    let path = format!("/orders/{}/server/{VDS}", order["id"]);
    world.refused("PATCH", &path, &json!({ "billing_cycle": 1 }), 422, said);
    // Long enough, and not sold for so long.
    let said = format!("service {VDS} cannot be renewed for P1Y");
    world.refused("PATCH", &path, &json!({ "billing_cycle": 12 }), 422, &said);
    world.done("PATCH", &path, &json!({ "billing_cycle": 6 }));
    assert_eq!(world.order(&order["id"])["amount"], 540);
}
