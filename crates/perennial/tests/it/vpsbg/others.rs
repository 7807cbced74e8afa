//! Another customer's things: in every call with an id they look exactly like things that do not exist.

use serde_json::{Value, json};

use super::{FOREIGN, FOREIGN_SERVER, NOBODY, SERVER, World, endpoints, payment};

/// The numbers of one customer's things; or, of nobody's.
#[derive(Clone, Copy)]
struct Things {
    server: i64,
    addon: i64,
    address: i64,
    open: i64,
    paid: i64,
    proforma: i64,
    invoice: i64,
}

const NOBODYS: Things = Things {
    server: NOBODY,
    addon: NOBODY + 1,
    address: NOBODY + 2,
    open: NOBODY + 3,
    paid: NOBODY + 4,
    proforma: NOBODY + 6,
    invoice: NOBODY + 7,
};

/// Makes the other customer busy: of everything that has an id there is one.
fn make(world: &World) -> Things {
    let send = |method: &str, path: &str, body: &Value| {
        let answer = world.send_as(FOREIGN, method, path, Some(body));
        assert!((200..300).contains(&answer.status), "{}", answer.recording);
        answer.body
    };
    let number = |value: &Value| value.as_i64().unwrap();
    let paid = send("POST", "/servers/renew", &super::renewal(&[FOREIGN_SERVER], 1))["id"].clone();
    let papers = send("POST", "/orders/pay", &payment(&paid, "card"))["invoices"].clone();
    let open = send("POST", "/servers/renew", &super::renewal(&[FOREIGN_SERVER], 3))["id"].clone();
    let server = send("POST", &format!("/servers/{FOREIGN_SERVER}/addons"), &json!({ "backups": true }));
    let addresses = send("POST", "/floating-ips", &json!({ "billing_cycle": 1, "ipv4": 1 }));
    Things {
        server: FOREIGN_SERVER,
        addon: number(&server["addons"][0]["id"]),
        address: number(&addresses["data"][0]["id"]),
        open: number(&open),
        paid: number(&paid),
        proforma: number(&papers[0]["id"]),
        invoice: number(&papers[1]["id"]),
    }
}

/// Every call that takes an id in its path or in its body.
fn calls(things: Things, own_order: i64) -> Vec<(&'static str, String, Value)> {
    let Things { server, addon, address, open, paid, proforma, invoice } = things;
    let (reason, nothing) = (json!({ "reason": "x", "now": true }), Value::Null);
    let months = json!({ "billing_cycle": 3 });
    vec![
        ("GET", format!("/servers/{server}"), nothing.clone()),
        ("GET", format!("/servers/{server}/status"), nothing.clone()),
        ("GET", format!("/servers/{server}/addons"), nothing.clone()),
        ("POST", format!("/servers/{server}/addons"), json!({ "backups": true })),
        ("POST", format!("/servers/{server}/addons"), json!({})),
        ("POST", format!("/servers/{server}/addons/{addon}"), reason.clone()),
        ("POST", format!("/servers/{server}/addons/{addon}"), json!({})),
        ("POST", format!("/servers/{SERVER}/addons/{addon}"), reason.clone()),
        ("DELETE", format!("/servers/{server}/addons/{addon}"), nothing.clone()),
        ("DELETE", format!("/servers/{SERVER}/addons/{addon}"), nothing.clone()),
        ("POST", format!("/servers/{server}/cancel"), reason.clone()),
        ("POST", format!("/servers/{server}/cancel"), json!({ "now": 7 })),
        ("DELETE", format!("/servers/{server}/cancel"), nothing.clone()),
        ("POST", "/servers/renew".to_owned(), super::renewal(&[server], 1)),
        ("POST", "/servers/renew".to_owned(), super::renewal(&[SERVER, server], 1)),
        ("POST", "/servers/renew".to_owned(), super::renewal(&[server], 2)),
        ("POST", "/servers/renew/calculate".to_owned(), super::renewal(&[server, SERVER], 1)),
        ("GET", format!("/orders/{open}"), nothing.clone()),
        ("GET", format!("/orders/{paid}"), nothing.clone()),
        ("DELETE", format!("/orders/{open}"), nothing.clone()),
        ("DELETE", format!("/orders/{paid}"), nothing.clone()),
        ("PATCH", format!("/orders/{open}"), json!({ "auto_pay": false })),
        ("PATCH", format!("/orders/{open}"), json!({ "promo_code": "fall2403" })),
        ("PATCH", format!("/orders/{open}"), json!({})),
        ("PATCH", format!("/orders/{open}/server/{server}"), months.clone()),
        ("PATCH", format!("/orders/{paid}/server/{server}"), months.clone()),
        ("PATCH", format!("/orders/{own_order}/server/{server}"), months),
        ("POST", "/orders/pay".to_owned(), json!({ "order_ids": [open] })),
        ("POST", "/orders/pay".to_owned(), json!({ "order_ids": [paid], "payment_method": "card" })),
        ("POST", "/orders/pay".to_owned(), json!({ "order_ids": [own_order, open], "payment_method": "card" })),
        ("POST", "/orders/pay".to_owned(), json!({ "order_ids": [open], "payment_method": "bitcoin" })),
        ("POST", "/floating-ips".to_owned(), json!({ "billing_cycle": 1, "ipv4": 1, "server_id": server })),
        ("POST", "/floating-ips/cancel".to_owned(), json!({ "ids": [address], "now": true })),
        ("POST", "/floating-ips/cancel".to_owned(), json!({ "ids": [602, address], "now": true })),
        ("DELETE", "/floating-ips/cancel".to_owned(), json!({ "ids": [address] })),
        ("POST", format!("/invoices/{proforma}/download"), nothing.clone()),
        ("POST", format!("/invoices/{invoice}/download"), nothing),
        ("POST", "/invoices/download".to_owned(), json!({ "invoice_ids": [proforma] })),
        ("POST", "/invoices/download".to_owned(), json!({ "invoice_ids": [invoice] })),
    ]
}

/// An answer, with the numbers that were named in the request made equal.
fn answer(world: &World, things: Things, (method, path, body): &(&'static str, String, Value)) -> (u16, String) {
    let answer = world.send(method, path, Some(body).filter(|body| !body.is_null()));
    let Things { server, addon, address, open, paid, proforma, invoice } = things;
    let mut text = answer.response.text();
    for number in [server, addon, address, open, paid, proforma, invoice] {
        text = text.replace(&format!(" {number} "), " <id> ");
    }
    (answer.status, text)
}

#[test]
fn anothers_things_look_like_none() {
    let world = World::start();
    let own_order = world.renew(&[SERVER], 1)["id"].as_i64().unwrap();
    let theirs = make(&world);
    let before = world.ledger();
    for (found, missing) in calls(theirs, own_order).iter().zip(&calls(NOBODYS, own_order)) {
        let (found_as, missing_as) = (answer(&world, theirs, found), answer(&world, NOBODYS, missing));
        assert_eq!(found_as, missing_as, "{found:?}");
        assert!((400..500).contains(&found_as.0), "{found:?}: {found_as:?}");
    }
    assert_eq!(world.ledger(), before, "nothing was done");
    let ids = |list: &str| -> Vec<i64> {
        world.get(list)["data"].as_array().unwrap().iter().map(|item| item["id"].as_i64().unwrap()).collect()
    };
    assert_eq!(ids("/servers"), [SERVER, super::BARE]);
    assert_eq!(ids("/orders"), [own_order]);
    assert_eq!(ids("/invoices"), [2 * own_order], "the own order's proforma");
    assert_eq!(ids("/floating-ips"), [super::FLOATING]);
    assert_eq!(world.get("/floating-ips?filter[status]=processing")["data"], json!([]));
    assert_eq!(world.get("/balance/transactions")["data"].as_array().unwrap().len(), 1);
    world.assert_sound();
}

#[test]
fn every_call_with_an_id_is_tried_on_anothers() {
    let calls = calls(NOBODYS, 0);
    for row in endpoints().into_iter().filter(|row| row.served && row.path.contains('{')) {
        // Plans are everybody's.
        let tried = calls.iter().any(|(method, path, _)| {
            *method == row.method.as_str() && perennial_providers::common::path::params(row.path, path).is_some()
        });
        assert!(tried || row.path.starts_with("/plans/"), "{} {}", row.method, row.path);
    }
}
