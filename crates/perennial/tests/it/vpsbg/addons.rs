//! Add-ons, floating addresses and the support plan: what is bought, and what becomes of it.

use serde_json::{Value, json};

use super::{ADDON, BARE, FLOATING, SERVER, World, fields, line, lines, payment};

/// The order that was placed last.
fn newest(world: &World) -> Value {
    world.orders()[0].clone()
}

/// What a server shows of its add-ons.
fn shown(server: &Value) -> Vec<Value> {
    let addons = server["addons"].as_array().unwrap().iter();
    addons.map(|addon| fields(addon, ["name", "status", "amount", "ended_at"])).collect()
}

#[test]
fn the_rest_of_a_term_costs_whole_months_and_thirtieths() {
    let world = World::at("2025-03-19T10:00:00Z");
    // The documentation's own figure: 2.5 a month from 19 March to 10 August is 11.83.
    world.import(
        "[[products]]\ncode = \"sample-unmetered\"\nname = \"Sample\"\nkind = \"addon\"\n\
         prices = [{ period = \"P1M\", net = \"2.50\", currency = \"EUR\" }]\n\n\
         [[services]]\nid = 8001\nname = \"sample-1\"\naccount = \"demo-vpsbg\"\nproduct = \"cloud-vps-4gb\"\n\
         created = 2024-01-01\nuntil = 2025-08-10\nperiod = \"P1M\"\n",
    );
    let offers = world.get("/servers/8001/addons");
    let offer =
        |key: &str| offers["data"].as_array().unwrap().iter().find(|offer| offer["key"] == key).unwrap().clone();
    let prices = ["price", "price_with_vat", "price_until_expiry", "price_until_expiry_with_vat"];
    assert_eq!(fields(&offer("sample-unmetered"), prices), json!([2.5, 3, 11.83, 14.2]));
    assert_eq!(fields(&offer("backups"), prices), json!([5, 6, 23.67, 28.4]));

    // What is told is what is ordered, and it ends with the server.
    world.post("/servers/8001/addons", &json!({ "bandwidth": "sample-unmetered" }));
    let order = world.order(&newest(&world)["id"]);
    assert_eq!(
        fields(&order, ["type", "status", "amount", "amount_with_vat"]),
        json!(["new-addon", "awaiting_payment", 11.83, 14.2])
    );
    assert_eq!(order["services"][0]["period_to"], 1_754_773_200);
    assert_eq!(order["services"][0]["label"], "Sample");
}

#[test]
fn an_addon_is_paid_and_from_then_on_renewed_with_its_server() {
    let world = World::start();
    let path = format!("/servers/{BARE}/addons");
    let server = world.post(&path, &json!({ "backups": true, "cpanel": "", "bandwidth": null }));
    assert_eq!(shown(&server), [json!(["backups", "processing", 5, null])]);
    let addon = server["addons"][0]["id"].as_i64().unwrap();
    assert_eq!(lines(&world.renew(&[BARE], 1)), [BARE], "what is not paid is not renewed");
    world.done("DELETE", &format!("/orders/{}", newest(&world)["id"]), &Value::Null);

    let refusal = "The server has such an add-on already.";
    world.refused("POST", &path, &json!({ "backups": true }), 422, refusal);
    let order = world.orders().into_iter().find(|order| order["type"] == "new-addon").unwrap();
    // Twenty days of thirty.
    assert_eq!(fields(&order, ["amount", "amount_with_vat"]), json!([3.33, 4]));
    world.pay(&order["id"], "balance");
    assert_eq!(shown(&world.server(BARE)), [json!(["backups", "active", 5, null])]);
    assert_eq!(fields(&world.server(BARE), ["renew_amount", "renew_amount_with_vat"]), json!([30, 36]));

    let renewal = world.renew(&[BARE], 1);
    assert_eq!(fields(&renewal, ["amount", "amount_with_vat"]), json!([30, 36]));
    assert_eq!(line(&renewal, addon)["label"], "Automatic backups");
    world.pay(&renewal["id"], "balance");
    let renewal = world.renew(&[BARE], 1);
    assert_eq!(line(&renewal, addon)["period_from"], line(&renewal, BARE)["period_from"]);
    assert_eq!(line(&renewal, addon)["period_to"], line(&renewal, BARE)["period_to"]);
    world.assert_sound();
}

#[test]
fn a_cancelled_addon_drops_out_of_renewals() {
    let world = World::start();
    let path = format!("/servers/{SERVER}/addons/{ADDON}");
    assert_eq!(world.post(&path, &json!({ "reason": "No longer needed.", "now": false })), Value::Null);
    assert_eq!(shown(&world.server(SERVER)), [json!(["cpanel-pro-30", "active", 35, null])], "until it ends");
    assert_eq!(world.server(SERVER)["renew_amount"], 25);
    let order = world.renew(&[SERVER], 1);
    assert_eq!(lines(&order), [SERVER]);
    world.done("DELETE", &format!("/orders/{}", order["id"]), &Value::Null);
    let said = format!("service {ADDON} cannot be changed: the service is cancelled and ends at its expiry");
    world.refused("POST", &path, &json!({ "reason": "again", "now": true }), 400, &said);
    world.done("DELETE", &path, &Value::Null);
    assert_eq!(world.server(SERVER)["renew_amount"], 60);
    world.refused("DELETE", &path, &Value::Null, 400, &format!("service {ADDON} is not cancelled"));

    // At once, and it is told when.
    world.post(&path, &json!({ "reason": "", "now": true }));
    let addon = world.server(SERVER)["addons"][0].clone();
    assert_eq!(addon["status"], "suspended");
    assert!(addon["ended_at"].as_str().unwrap().starts_with("2026-11-22 10:"), "{addon}");
    for (body, field) in [(json!({ "now": true }), "reason"), (json!({ "reason": "x" }), "now"), (json!({}), "reason")]
    {
        let answer = world.send("POST", &path, Some(&body));
        assert_eq!((answer.status, answer.body["errors"].get(field).is_some()), (422, true), "{body}: {}", answer.body);
    }
    // Of another server it is none.
    let elsewhere = format!("/servers/{BARE}/addons/{ADDON}");
    world.refused("POST", &elsewhere, &json!({ "reason": "x", "now": false }), 404, "Not Found.");
}

#[test]
fn an_addon_whose_order_is_withdrawn_was_never_there() {
    let world = World::start();
    world.post(
        &format!("/servers/{BARE}/addons"),
        &json!({ "cpanel": "cpanel-admin-5", "bandwidth": "1gbps-unmetered" }),
    );
    assert_eq!(shown(&world.server(BARE)).len(), 2);
    world.done("DELETE", &format!("/orders/{}", newest(&world)["id"]), &Value::Null);
    assert_eq!(shown(&world.server(BARE)), [] as [Value; 0]);
    // And one whose order waits no longer.
    world.post(&format!("/servers/{BARE}/addons"), &json!({ "microsoft_office_sal": 1 }));
    world.sandbox().advance("P8D").unwrap();
    assert_eq!(shown(&world.server(BARE)), [] as [Value; 0]);
    world.assert_sound();
}

#[test]
fn what_cannot_be_added_is_refused_by_its_field() {
    let world = World::start();
    for (body, status, field) in [
        (json!({}), 400, ""),
        (json!({ "backups": false }), 400, ""),
        (json!({ "cpanel": "plesk" }), 422, "cpanel"),
        (json!({ "cpanel": "cpanel-admin-6" }), 422, "cpanel"),
        (json!({ "bandwidth": "backups" }), 422, "bandwidth"),
        (json!({ "microsoft_office_sal": 2 }), 422, "microsoft_office_sal"),
        (json!({ "backups": "yes" }), 422, "backups"),
        (json!({ "windows": true }), 422, "windows"),
    ] {
        let answer = world.send("POST", &format!("/servers/{BARE}/addons"), Some(&body));
        let named = field.is_empty() || answer.body["errors"].get(field).is_some();
        assert_eq!((answer.status, named), (status, true), "{body}: {}", answer.body);
    }
    assert_eq!(world.orders(), [] as [Value; 0]);
}

#[test]
fn a_floating_address_is_bought_cancelled_and_taken_back() {
    let world = World::start();
    let asked = json!({ "billing_cycle": 3, "ipv4": 2, "ipv4_ddos": 1, "ipv6": null, "server_id": SERVER });
    let bought = world.post("/floating-ips", &asked)["data"].clone();
    let names = ["status", "server_id", "server_hostname", "server_main_ip", "billing_cycle", "ip_address"];
    for address in bought.as_array().unwrap() {
        assert_eq!(fields(address, names), json!(["processing", SERVER, "ubuntu-2gb", "87.121.52.159", 3, null]));
    }
    let codes: Vec<_> = bought.as_array().unwrap().iter().map(|address| &address["plan"]["name"]).collect();
    assert_eq!(codes, ["floating-ipv4", "floating-ipv4", "floating-ipv4-ddos"]);
    let order = newest(&world);
    assert_eq!(fields(&order, ["type", "amount", "amount_with_vat"]), json!(["new-floating-ip", 30, 36]));
    let listed = |query: &str| world.get(&format!("/floating-ips?{query}"))["data"].as_array().unwrap().len();
    assert_eq!((listed(""), listed("filter[status]=processing"), listed("filter[ddos]=true")), (1, 3, 0));
    world.pay(&order["id"], "card");
    assert_eq!((listed(""), listed("filter[ddos]=true"), listed("filter[ip]=87.120.37.46")), (4, 1, 1));
    let expiry = "2027-02-21T22:00:00.000000Z";
    assert_eq!(world.get("/floating-ips?sort[expiry_at]=desc")["data"][0]["expiry_at"], expiry);

    let ids = json!([FLOATING, bought[0]["id"]]);
    let cancel = json!({ "ids": ids, "now": false, "reason": "No longer needed." });
    assert_eq!(world.post("/floating-ips/cancel", &cancel), json!({}));
    let cancelled = |id: &Value| {
        let list = world.get("/floating-ips?per_page=50")["data"].clone();
        let found = list.as_array().unwrap().iter().find(|address| address["id"] == *id).unwrap().clone();
        fields(&found, ["status", "cancel_request"])
    };
    assert_eq!(cancelled(&json!(FLOATING))[1]["reason"], "No longer needed.");
    assert_eq!(world.post("/floating-ips/cancel", &cancel), json!({}), "what is so already stays so");
    let said = "This address is cancelled already.";
    let refusal = world.refused("POST", "/floating-ips/cancel", &json!({ "ids": ids, "now": true }), 422, said);
    assert_eq!(refusal["errors"], json!({ "ids.0": [said] }));
    assert_eq!(world.done("DELETE", "/floating-ips/cancel", &json!({ "ids": ids })), json!({}));
    assert_eq!(cancelled(&json!(FLOATING)), json!(["active", null]));
    world.post("/floating-ips/cancel", &json!({ "ids": [FLOATING], "now": true }));
    assert_eq!(cancelled(&json!(FLOATING))[0], "suspended");
    world.assert_sound();
}

#[test]
fn a_floating_address_is_renewed_with_its_server() {
    let world = World::start();
    let asked = json!({ "billing_cycle": 1, "ipv4": 1, "server_id": BARE });
    let address = world.post("/floating-ips", &asked)["data"][0]["id"].as_i64().unwrap();
    assert_eq!(lines(&world.renew(&[BARE], 3)), [BARE], "what is not paid is not renewed");
    let renewal = newest(&world)["id"].clone();
    world.done("DELETE", &format!("/orders/{renewal}"), &Value::Null);
    let bought = world.orders().into_iter().find(|order| order["type"] == "new-floating-ip").unwrap();
    world.pay(&bought["id"], "card");
    let expiry = || {
        let list = world.get("/floating-ips?per_page=50")["data"].clone();
        let found = list.as_array().unwrap().iter().find(|found| found["id"] == address).unwrap().clone();
        found["expiry_at"].clone()
    };
    assert_eq!(expiry(), "2026-12-21T22:00:00.000000Z");

    let order = world.renew(&[BARE], 3);
    assert_eq!(lines(&order), [BARE, address]);
    let shown = fields(line(&order, address), ["label", "service_type", "amount"]);
    assert_eq!(shown, json!(["Renewal: Floating IPv4", "floating-ip", 7.5]));
    world.pay(&order["id"], "balance");
    assert_eq!(expiry(), "2027-03-21T22:00:00.000000Z");
    world.assert_sound();
}

#[test]
fn what_is_wrong_about_addresses_is_refused_by_its_field() {
    let world = World::start();
    let before = world.ledger();
    for (method, path, body, field) in [
        ("POST", "/floating-ips", json!({ "billing_cycle": 1 }), "ipv4"),
        ("POST", "/floating-ips", json!({ "billing_cycle": 2, "ipv4": 1 }), "billing_cycle"),
        ("POST", "/floating-ips", json!({ "billing_cycle": 1, "ipv4": 101 }), "ipv4"),
        ("POST", "/floating-ips", json!({ "billing_cycle": 1, "ipv4": -1 }), "ipv4"),
        ("POST", "/floating-ips", json!({ "ipv4": 1 }), "billing_cycle"),
        ("POST", "/floating-ips", json!({ "billing_cycle": 1, "ipv6": 1, "server_id": FLOATING }), "server_id"),
        ("POST", "/floating-ips/cancel", json!({ "ids": [] }), "ids"),
        ("POST", "/floating-ips/cancel", json!({ "ids": [FLOATING, SERVER] }), "ids.1"),
        ("POST", "/floating-ips/cancel", json!({ "ids": FLOATING }), "ids"),
        ("DELETE", "/floating-ips/cancel", json!({}), "ids"),
        ("DELETE", "/floating-ips/cancel", json!({ "ids": [0] }), "ids.0"),
        ("GET", "/floating-ips?filter[ddos]=maybe", Value::Null, "filter[ddos]"),
    ] {
        let answer = world.send(method, path, Some(&body).filter(|body| !body.is_null()));
        assert_eq!(
            (answer.status, answer.body["errors"].get(field).is_some()),
            (422, true),
            "{path} {body}: {}",
            answer.body
        );
    }
    world.hold(FLOATING, "locked");
    let locked = "One of the addresses is locked.";
    world.refused("POST", "/floating-ips/cancel", &json!({ "ids": [FLOATING] }), 423, locked);
    world.hold(FLOATING, "none");
    assert_eq!(world.ledger(), before);
}

#[test]
fn an_account_has_one_support_plan() {
    let world = World::start();
    for (method, path, body) in [
        ("POST", "/support/renew", json!({ "billing_cycle": 1 })),
        ("POST", "/support/cancel", Value::Null),
        ("DELETE", "/support/cancel", Value::Null),
    ] {
        world.refused(method, path, &body, 404, "Not Found.");
    }
    let asked = json!({ "billing_cycle": 3, "plan": "professional" });
    let bought = world.send("POST", "/support", Some(&asked));
    assert_eq!(bought.status, 201);
    assert_eq!(
        fields(&bought.body, ["type", "status", "amount", "amount_with_vat"]),
        json!(["new-service", "awaiting_payment", 45, 54])
    );
    assert_eq!(fields(&bought.body["services"][0], ["service_type", "service_billing_cycle"]), json!(["support", 3]));
    let at = |field: &str| bought.body[field].as_str().unwrap().parse::<jiff::Timestamp>().unwrap().as_second();
    assert_eq!(at("due_at") - at("created_at"), 7 * 24 * 60 * 60);
    world.refused("POST", "/support", &asked, 400, "The account has a support plan already.");
    let plan = bought.body["services"][0]["service_id"].clone();
    let unpaid = format!("service {plan} cannot be renewed: the service was ordered and is not paid");
    world.refused("POST", "/support/renew", &json!({ "billing_cycle": 1 }), 400, &unpaid);
    world.pay(&bought.body["id"], "balance");

    let order = world.post("/support/renew", &json!({ "billing_cycle": 12 }));
    assert_eq!(fields(&order, ["type", "amount"]), json!(["renew-service", 180]));
    assert_eq!(order["services"][0]["period_from"], bought.body["services"][0]["period_to"]);
    assert_eq!(world.post("/support/renew", &json!({ "billing_cycle": 12 })), order, "the same again");
    world.done("DELETE", &format!("/orders/{}", order["id"]), &Value::Null);
    assert_eq!(world.post("/support/cancel", &json!({ "reason": "Too dear.", "now": false })), Value::Null);
    let said = format!("service {plan} cannot be renewed: the service is cancelled and ends at its expiry");
    world.refused("POST", "/support/renew", &json!({ "billing_cycle": 1 }), 400, &said);
    world.done("DELETE", "/support/cancel", &Value::Null);
    let renewed = world.post("/support/renew", &json!({ "billing_cycle": 1 }));
    assert_eq!(world.post("/orders/pay", &payment(&renewed["id"], "card"))["status"], "paid");
    for (body, field) in [
        (json!({ "billing_cycle": 3, "plan": "gold" }), "plan"),
        (json!({ "billing_cycle": 5, "plan": "professional" }), "billing_cycle"),
        (json!({ "billing_cycle": 3 }), "plan"),
    ] {
        let answer = world.send("POST", "/support", Some(&body));
        assert_eq!((answer.status, answer.body["errors"].get(field).is_some()), (422, true), "{body}: {}", answer.body);
    }
    world.assert_sound();
}

#[test]
fn a_purchase_with_a_token_is_made_once() {
    let mut world = World::start();
    let purchases = [
        (format!("/servers/{BARE}/addons"), json!({ "backups": true }), 200),
        ("/floating-ips".to_owned(), json!({ "billing_cycle": 1, "ipv4": 1 }), 200),
        ("/support".to_owned(), json!({ "billing_cycle": 1, "plan": "professional" }), 201),
    ];
    let send = |world: &World| {
        let answers = purchases.iter().map(|(path, body, status)| {
            let answer = world.send_once("once", path, body).unwrap();
            assert_eq!(answer.status, *status, "{path}: {}", answer.text());
            answer.json().unwrap()
        });
        answers.collect::<Vec<_>>()
    };
    let first = send(&world);
    assert_eq!(send(&world), first);
    world.restart();
    assert_eq!(send(&world), first);
    assert_eq!(world.orders().len(), purchases.len());
    for (path, body) in [
        (&*purchases[0].0, json!({ "cpanel": "cpanel-admin-5" })),
        ("/floating-ips", json!({ "billing_cycle": 1, "ipv6": 1 })),
        ("/support", json!({ "billing_cycle": 3, "plan": "professional" })),
    ] {
        assert_eq!(world.send_once("once", path, &body).unwrap().status, 422, "{path}: the token is used");
    }
    // Without the token they are asked for anew.
    let (path, body, _) = &purchases[1];
    assert_ne!(world.post(path, body), first[1]);
    world.assert_sound();
}
