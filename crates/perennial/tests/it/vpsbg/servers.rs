//! Servers: how they are listed, cancelled and taken back, and what a cancelled one refuses.

use serde_json::{Value, json};

use super::{ADDON, BARE, SERVER, World, fields, renewal};

fn ids(list: &Value) -> Vec<i64> {
    list["data"].as_array().unwrap().iter().map(|item| item["id"].as_i64().unwrap()).collect()
}

#[test]
fn servers_are_found_by_what_is_asked_of_them() {
    let world = World::start();
    world.post(&format!("/servers/{BARE}/cancel"), &json!({ "now": true }));
    for (query, found) in [
        ("", vec![SERVER, BARE]),
        ("filter[ip]=87.121.52.159", vec![SERVER]),
        ("filter[ip]=87.121.52.160", vec![]),
        ("filter[search]=DEBIAN", vec![BARE]),
        ("filter[search]=87.121", vec![SERVER]),
        ("filter[search]=shop", vec![]),
        ("filter[status]=active", vec![SERVER]),
        ("filter[status]=suspended", vec![BARE]),
        ("filter[status]=processing,terminated", vec![]),
        ("sort[expiry_at]=desc", vec![SERVER, BARE]),
        ("per_page=1&page=2", vec![BARE]),
    ] {
        assert_eq!(ids(&world.get(&format!("/servers?{query}"))), found, "{query}");
    }
    for (query, field) in [
        ("page=0", "page"),
        ("page=x", "page"),
        ("per_page=51", "per_page"),
        ("per_page=0", "per_page"),
        ("filter[status]=gold", "filter[status]"),
        ("sort[created_at]=up", "sort[created_at]"),
    ] {
        let answer = world.send("GET", &format!("/servers?{query}"), None);
        assert_eq!(
            (answer.status, answer.body["errors"].get(field).is_some()),
            (422, true),
            "{query}: {}",
            answer.body
        );
    }
    // In a list as alone, but for the state.
    let mut alone = world.server(SERVER);
    assert!(alone.as_object_mut().unwrap().remove("state").is_some());
    assert_eq!(world.get("/servers")["data"][0], alone);
}

#[test]
fn a_cancelled_server_is_renewed_again_only_when_it_is_taken_back() {
    let world = World::start();
    let before = world.server(SERVER);
    assert_eq!(fields(&before, ["auto_renew", "cancel_request"]), json!([true, null]));
    let path = format!("/servers/{SERVER}/cancel");
    assert_eq!(world.post(&path, &json!({ "reason": "Project ended.", "now": false })), Value::Null);
    let cancelled = world.server(SERVER);
    assert_eq!(fields(&cancelled, ["status", "auto_renew"]), json!(["active", false]));
    assert_eq!(cancelled["settings"]["renew_enabled"], false);
    let request = &cancelled["cancel_request"];
    assert_eq!(fields(request, ["id", "type", "reason"]), json!([SERVER, 1, "Project ended."]));
    assert!(request["created_at"].as_str().unwrap().starts_with("2026-11-22T10:"), "{request}");

    let said = format!("service {SERVER} cannot be renewed: the service is cancelled and ends at its expiry");
    for servers in [vec![SERVER], vec![BARE, SERVER]] {
        world.refused("POST", "/servers/renew", &renewal(&servers, 1), 400, &said);
    }
    let said = format!("service {SERVER} cannot be changed: the service is cancelled and ends at its expiry");
    world.refused("POST", &path, &json!({}), 400, &said);
    assert_eq!(world.done("DELETE", &path, &Value::Null), Value::Null);
    assert_eq!(world.server(SERVER), before, "what was to happen at its expiry happens again");
    world.refused("DELETE", &path, &Value::Null, 400, &format!("service {SERVER} is not cancelled"));
    world.renew(&[SERVER], 1);
    world.assert_sound();
}

#[test]
fn a_server_that_was_not_to_renew_itself_is_not_afterwards() {
    let world = World::start();
    world.import(
        "[[services]]\nid = 8001\nname = \"manual-1\"\naccount = \"demo-vpsbg\"\nproduct = \"cloud-vps-2gb\"\n\
         until = 2027-01-31\nperiod = \"P1M\"\nmode = \"manual\"\n",
    );
    assert_eq!(world.server(8001)["auto_renew"], false);
    world.post("/servers/8001/cancel", &Value::Null);
    assert_eq!(world.server(8001)["cancel_request"]["reason"], "");
    world.done("DELETE", "/servers/8001/cancel", &Value::Null);
    assert_eq!(fields(&world.server(8001), ["auto_renew", "cancel_request"]), json!([false, null]));
}

#[test]
fn a_server_that_is_cancelled_now_stops_now() {
    let world = World::start();
    let path = format!("/servers/{SERVER}/cancel");
    world.post(&path, &json!({ "now": true, "reason": null }));
    let stopped = world.server(SERVER);
    assert_eq!(fields(&stopped, ["status", "auto_renew", "locked"]), json!(["suspended", false, false]));
    assert_eq!(stopped["state"]["running"], false);
    let status = world.get(&format!("/servers/{SERVER}/status"));
    assert_eq!(fields(&status, ["running", "suspended"]), json!([false, true]));
    world.done("DELETE", &path, &Value::Null);
    assert_eq!(fields(&world.server(SERVER), ["status", "auto_renew"]), json!(["active", true]));

    // Cancelled at its expiry it runs until then, and is suspended and gone afterwards.
    world.post(&path, &json!({ "now": false }));
    world.sandbox().set_clock("2026-12-11T21:00:00Z").unwrap();
    assert_eq!(world.server(SERVER)["status"], "active");
    for at in ["2026-12-11T22:00:01Z", "2026-12-20T00:00:00Z"] {
        world.sandbox().set_clock(at).unwrap();
        let ended = world.server(SERVER);
        assert_eq!(fields(&ended, ["status", "auto_renew"]), json!(["suspended", false]), "{at}");
        assert_eq!(ended["settings"]["renew_enabled"], false);
        assert_eq!(world.get(&format!("/servers/{SERVER}/status"))["suspended"], true);
        // It is there to be seen, and too late to be taken back.
        let said = format!("service {SERVER} cannot be changed: the service is terminated");
        world.refused("DELETE", &path, &Value::Null, 400, &said);
        world.refused("POST", &path, &json!({ "now": true }), 400, &said);
        let said = format!("service {SERVER} cannot be renewed: the service is terminated");
        world.refused("POST", "/servers/renew", &renewal(&[SERVER], 1), 400, &said);
    }
    world.sandbox().set_clock("2027-02-01T00:00:00Z").unwrap();
    assert_eq!(world.server(SERVER)["status"], "terminated");
    assert_eq!(ids(&world.get("/servers")), [] as [i64; 0]);
    assert_eq!(ids(&world.get("/servers?filter[status]=terminated")), [SERVER, BARE]);
    world.assert_sound();
}

#[test]
fn an_open_order_of_a_cancelled_server_cannot_be_paid() {
    let world = World::start();
    let order = world.renew(&[BARE], 1);
    world.post(&format!("/servers/{BARE}/cancel"), &json!({ "now": false }));
    let said = format!("service {BARE} cannot be renewed: the service is cancelled and ends at its expiry");
    let body = super::payment(&order["id"], "card");
    world.refused("POST", "/orders/pay", &body, 400, &said);
    world.done("DELETE", &format!("/servers/{BARE}/cancel"), &Value::Null);
    world.pay(&order["id"], "card");
}

#[test]
fn a_locked_server_is_locked_right_now() {
    let world = World::start();
    let order = world.renew(&[BARE], 1);
    for id in [SERVER, BARE] {
        world.hold(id, "locked");
        assert_eq!(world.server(id)["locked"], true);
    }
    let renewed = |id: i64| format!("service {id} cannot be renewed: the service is locked");
    let changed = |id: i64| format!("service {id} cannot be changed: the service is locked");
    let cancel = |id: i64| format!("/servers/{id}/cancel");
    for (method, path, body, said) in [
        ("POST", "/servers/renew", renewal(&[SERVER], 1), renewed(SERVER)),
        ("POST", "/servers/renew/calculate", renewal(&[SERVER], 1), renewed(SERVER)),
        ("POST", "/orders/pay", super::payment(&order["id"], "card"), renewed(BARE)),
        ("POST", &cancel(SERVER), json!({ "now": true }), changed(SERVER)),
        ("DELETE", &cancel(SERVER), Value::Null, changed(SERVER)),
        ("POST", &format!("/servers/{SERVER}/addons"), json!({ "backups": true }), changed(SERVER)),
        ("POST", "/floating-ips", json!({ "billing_cycle": 1, "ipv4": 1, "server_id": SERVER }), changed(SERVER)),
    ] {
        let refusal = world.refused(method, path, &body, 423, &said);
        assert_eq!(refusal, json!({ "message": said }), "{method} {path}");
    }
    // An add-on that is locked stays behind, and its server goes on.
    world.hold(SERVER, "none");
    world.hold(ADDON, "locked");
    assert_eq!(super::lines(&world.renew(&[SERVER], 1)), [SERVER]);
    let said = "service 2905 cannot be changed: the service is locked";
    let body = json!({ "reason": "", "now": true });
    world.refused("POST", &format!("/servers/{SERVER}/addons/{ADDON}"), &body, 423, said);
    world.hold(BARE, "none");
    world.pay(&order["id"], "card");
}
