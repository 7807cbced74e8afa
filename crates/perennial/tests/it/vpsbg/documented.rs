//! The documentation's own examples: its bodies field by field, and its calls with the program it gives them for.

use std::process::Command;

use serde_json::{Value, json};

use super::{SERVER, World, line, renewal};

/// The order for three more months of server 2904, as the documentation prints it (page "Renew server").
const RENEWED: &str = r#"{
    "id": 7801, "tax_rate": 1.2, "amount": 110, "amount_with_vat": 132, "amount_from_balance": 0,
    "payment_method": "balance", "status": "awaiting_payment", "type": "renew-service", "auto_pay": true,
    "promo_applicable": true, "created_at": "2025-02-10T16:05:29.000000Z", "due_at": "2025-06-19T21:00:00.000000Z",
    "payment_date": null,
    "invoices": [{
        "id": 8736, "invoice_number": "0000007801", "created_at": "2025-02-09T22:00:00.000000Z", "amount": 180,
        "amount_with_vat": 216, "type": "proform", "order_ids": [7801]
    }],
    "promo": null, "payment_information": null,
    "services": [{
        "label": "Renewal: Cloud VPS 2 GB - ubuntu-2gb [87.121.52.159]", "sublabel": "87.121.52.159",
        "period_from": 1750366800, "period_to": 1758315600, "is_period_changeable": true, "service_id": 2904,
        "service_billing_cycle": 3, "service_minimum_billing_cycle": 1, "service_type": "server", "amount": 75,
        "amount_with_vat": 90, "amount_sublabel": "", "promo": null
    }, {
        "label": "cPanel & WHM license - up to 30 accounts", "sublabel": null,
        "period_from": 1750366800, "period_to": 1758315600, "is_period_changeable": false, "service_id": 1,
        "service_billing_cycle": null, "service_minimum_billing_cycle": null, "service_type": "server-addon",
        "amount": 105, "amount_with_vat": 126, "amount_sublabel": "", "promo": null
    }]
}"#;

/// Where ours is another, and why.
const RENEWED_DIFFERS: [(&str, &str); 9] = [
    ("amount", "the printed 110 is not what its lines and its invoice come to, which is 180"),
    ("amount_with_vat", "likewise: 216"),
    ("created_at", "ordered on another day"),
    ("id", "numbers are given out in the order of asking"),
    ("invoices.0.created_at", "ordered on another day"),
    ("invoices.0.id", "given out likewise"),
    ("invoices.0.invoice_number", "the order's number"),
    ("invoices.0.order_ids.0", "the order's number"),
    ("services.1.service_id", "the add-on has an id of its own here"),
];

/// Where two bodies differ; a field that only one of them has differs, too.
fn differences(way: &str, documented: &Value, ours: &Value, found: &mut Vec<String>) {
    let step = |name: &str| if way.is_empty() { name.to_owned() } else { format!("{way}.{name}") };
    match (documented, ours) {
        (Value::Object(documented), Value::Object(ours)) => {
            for name in documented.keys().chain(ours.keys().filter(|name| !documented.contains_key(*name))) {
                match (documented.get(name), ours.get(name)) {
                    (Some(documented), Some(ours)) => differences(&step(name), documented, ours, found),
                    _ => found.push(step(name)),
                }
            }
        }
        (Value::Array(documented), Value::Array(ours)) if documented.len() == ours.len() => {
            for (place, (documented, ours)) in documented.iter().zip(ours).enumerate() {
                differences(&step(&place.to_string()), documented, ours, found);
            }
        }
        (documented, ours) if documented == ours => {}
        _ => found.push(way.to_owned()),
    }
}

#[test]
fn the_documented_renewal_is_answered_field_by_field() {
    // The demo's server expires on the day of the example.
    let world = World::at("2025-05-31T16:05:29Z");
    let order = world.renew(&[SERVER], 3);
    let documented: Value = serde_json::from_str(RENEWED).unwrap();
    let mut found = Vec::new();
    differences("", &documented, &order, &mut found);
    found.sort_unstable();
    assert_eq!(found, RENEWED_DIFFERS.map(|(field, _)| field), "{order:#}");
    assert_eq!((&order["amount"], &order["amount_with_vat"]), (&json!(180), &json!(216)));
    let id = order["id"].as_i64().unwrap();
    assert_eq!(order["invoices"][0]["invoice_number"], json!(format!("{id:010}")));
    // The order is the same, field for field, when it is asked for again and when it is got.
    assert_eq!(world.renew(&[SERVER], 3), order);
    assert_eq!(world.order(&order["id"]), order);
}

#[test]
fn numbers_and_instants_are_written_as_documented() {
    let world = World::start();
    let placed = world.send("POST", "/servers/renew", Some(&renewal(&[SERVER], 1)));
    let text = placed.response.text();
    for part in [
        r#""tax_rate":1.2,"#,
        r#""amount":60,"#,
        r#""amount_with_vat":72,"#,
        r#""amount_from_balance":0,"#,
        r#""due_at":"2026-12-11T22:00:00.000000Z","#,
        r#""period_from":1797026400,"#,
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let balance = world.send("GET", "/balance", None).response.text();
    assert!(balance.starts_with(r#"{"balance":416.67,"balance_limit":0,"#), "{balance}");
    // Six digits, all of them zeros in every sample.
    assert!(placed.body["created_at"].as_str().unwrap().ends_with(".000000Z"), "{}", placed.body);
}

#[test]
fn the_documented_ladder_of_promo_codes_is_the_plans() {
    let world = World::start();
    let ladder = world.get(&format!("/plans/{}/promo-codes", world.plan()));
    let documented = r#"[
        {"code":"fall2401","percentage":5,"minimum_billing_cycle":1},
        {"code":"fall2403","percentage":10,"minimum_billing_cycle":3},
        {"code":"fall2406","percentage":15,"minimum_billing_cycle":6},
        {"code":"fall2412","percentage":20,"minimum_billing_cycle":12},
        {"code":"fall2424","percentage":25,"minimum_billing_cycle":24}
    ]"#;
    assert_eq!(ladder, serde_json::from_str::<Value>(documented).unwrap());
}

#[test]
fn the_documented_prices_of_addons_are_the_plans() {
    let world = World::start();
    let addons = world.get(&format!("/plans/{}/addons", world.plan()));
    for (key, price, price_with_vat) in [
        ("cpanel-admin-5", 25, 30),
        ("cpanel-pro-30", 35, 42),
        ("cpanel-premier-100", 70, 84),
        ("cpanel-plus-50", 50, 60),
        ("backups", 5, 6),
        ("100mbps-unmetered", 50, 60),
        ("1gbps-unmetered", 450, 540),
        ("windows-server-license", 10, 12),
    ] {
        let documented = json!({ "key": key, "price": price, "price_with_vat": price_with_vat });
        assert!(addons["data"].as_array().unwrap().contains(&documented), "{documented} is not in {addons}");
    }
}

/// A call of the documentation: its method, its path and its body; what is changed of the two besides host and key; and
/// how it is answered.
type Call<'a> = (&'a str, &'a str, &'a str, &'a [(&'a str, &'a str)], u16);

/// The text that the documentation prints for a call: its `Accept` header is sent empty.
fn curl(method: &str, path: &str, body: &str) -> String {
    let sent = match body {
        "" => String::new(),
        body => format!(" \\\n--header 'Content-Type: application/json' \\\n--data-raw '{body}'"),
    };
    // Curl is told to leave brackets alone.
    let globoff = if path.contains('[') { " -g" } else { "" };
    format!("curl --location{globoff} --request {method} 'https://api.vpsbg.eu/v1/{path}' \\\n--header 'Accept;'{sent}")
}

const CALCULATE: &str = r#"{"server_ids":[152414],"billing_cycle":1,"promo_code":"fall2406"}"#;
const PERIOD: &str = r#"{"promo_code":"string","billing_cycle":1}"#;
const BUY_ADDONS: &str = r#"{"backups":true,"cpanel":"cpanel-admin-5","bandwidth":"100mbps-unmetered","microsoft_rds_sal":0,"microsoft_office_sal":0}"#;
const BUY_ADDRESSES: &str = r#"{"billing_cycle":1,"ipv4":1,"ipv4_ddos":0,"ipv6":0,"server_id":2478}"#;
const CANCEL_ADDRESSES: &str = r#"{"ids":[608,602],"now":true,"reason":"No longer needed service."}"#;

/// The queries of lists, every parameter without a value.
const SERVERS: &str = "servers?page&per_page&filter[ip]&filter[search]&filter[status]&sort[created_at]&sort[expiry_at]";
const ADDRESSES: &str =
    "floating-ips?page&per_page&filter[ip]&filter[search]&filter[status]&filter[ddos]&sort[created_at]&sort[expiry_at]";

/// The calls of which the text or the body is printed, in an order in which each can be made. Where a reader puts an id
/// of his own there is a brace.
const CALLS: [Call<'static>; 22] = [
    ("GET", SERVERS, "", &[], 200),
    ("GET", "servers/?include[]=app_getting_started", "", &[("servers/", "servers/2904")], 200),
    ("GET", "servers/{id}/status", "", &[("{id}", "2904")], 200),
    ("GET", "servers/{id}/addons", "", &[("{id}", "2904")], 200),
    ("GET", "plans?page", "", &[], 200),
    ("GET", "plans/{plan}/addons", "", &[], 200),
    ("GET", "plans/{plan}/promo-codes", "", &[], 200),
    // The sample's code needs six months, by the ladder that the documentation prints elsewhere.
    ("POST", "servers/renew/calculate", CALCULATE, &[("152414", "3321")], 422),
    ("POST", "servers/renew/calculate", CALCULATE, &[("152414", "3321"), ("fall2406", "fall2401")], 200),
    ("GET", "orders/", "", &[("orders/", "orders/{order}")], 200),
    ("GET", "orders?page&per_page&filter[status]", "", &[], 200),
    // `string` stands for a code and is none.
    ("PATCH", "orders/{order}/server/{id}", PERIOD, &[("{id}", "2904")], 422),
    ("PATCH", "orders/{order}/server/{id}", PERIOD, &[("{id}", "2904"), ("string", "fall2401")], 204),
    ("POST", "servers/{id}/addons", BUY_ADDONS, &[("{id}", "3321")], 200),
    ("POST", "floating-ips", BUY_ADDRESSES, &[("2478", "2904")], 200),
    ("GET", ADDRESSES, "", &[], 200),
    ("POST", "floating-ips/cancel", CANCEL_ADDRESSES, &[("608,602", "602")], 200),
    ("POST", "support", r#"{"billing_cycle":1,"plan":"professional"}"#, &[], 201),
    ("GET", "invoices?page", "", &[], 200),
    ("GET", "balance", "", &[], 200),
    ("POST", "servers/{id}/cancel", r#"{"reason":"Project ended.","now":false}"#, &[("{id}", "3321")], 204),
    ("DELETE", "servers/{id}/cancel", "", &[("{id}", "3321")], 204),
];

#[test]
fn the_documentations_own_calls_work_as_they_are() {
    let world = World::start();
    let order = world.renew(&[SERVER], 3);
    for (method, path, body, changes, status) in CALLS {
        let mut text = curl(method, path, body).replace("https://api.vpsbg.eu", &world.dialect.base);
        for (from, to) in changes {
            assert!(text.contains(from), "{from} is not in {text}");
            text = text.replace(from, to);
        }
        text = text.replace("{order}", &order["id"].to_string()).replace("{plan}", &world.plan().to_string());
        let key = format!("--header 'Authorization: Bearer {}'", world.dialect.key);
        let (code, answered) = run(&format!("{text} {key}"));
        assert_eq!(code, status, "{text}\n{answered}");
        assert_eq!(answered.is_empty(), status == 204, "{text}\n{answered}");
        assert!(answered.is_empty() || serde_json::from_str::<Value>(&answered).is_ok(), "{text}\n{answered}");
    }
    let changed = world.order(&order["id"]);
    assert_eq!(line(&changed, SERVER)["promo"], json!({ "code": "fall2401", "percentage": 5 }));
    assert_eq!(changed["amount"], json!(58.75));
    world.assert_sound();
}

/// Runs a call of the program as a shell does, and tells the status and the body that were answered.
#[track_caller]
fn run(curl: &str) -> (u16, String) {
    let told = format!("{curl} --silent --show-error --max-time 60 --write-out '\\n%{{http_code}}'");
    let done = Command::new("sh").args(["-c", &told]).output().unwrap();
    let said = String::from_utf8(done.stdout).unwrap();
    assert_eq!(done.status.code(), Some(0), "{curl}\n{said}{}", String::from_utf8_lossy(&done.stderr));
    let (body, code) = said.rsplit_once('\n').unwrap();
    (code.parse().unwrap(), body.to_owned())
}
