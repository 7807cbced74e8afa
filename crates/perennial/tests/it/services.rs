//! The sections `/service`, `/services`, `/vps`, `/domain` and `/hosting/web` of the OVHcloud dialect, through the real
//! binary: what they show, what they order, and what they refuse.

use std::process::Command;
use std::thread;

use insta::assert_json_snapshot;
use perennial_testkit::{OvhClient, Sandbox, http};
use serde_json::{Value, json};

const VPS: &str = "/vps/vps112233.ovh.net";
const VPS_INFOS: &str = "/vps/vps112233.ovh.net/serviceInfos";
const HOSTING: &str = "/hosting/web/example.cluster001.hosting.ovh.net";
const NO_SERVICE: &str = "This service does not exist";

/// A sandbox on a day of its own, and a client with the keys of the demo's customer. All demo services expire on
/// 2026-11-22.
struct World {
    sandbox: Sandbox,
    client: OvhClient,
}

impl World {
    fn start() -> Self {
        let sandbox = Sandbox::options(env!("CARGO_BIN_EXE_perennial")).now("2026-11-02T08:00:00Z").start().unwrap();
        let client = OvhClient::from_env(&sandbox.env().unwrap()).unwrap();
        Self { sandbox, client }
    }

    /// A client with the keys of another demo account: 2 is another customer, 3 a reseller.
    fn client_of(&self, account: u8) -> OvhClient {
        let mut client = OvhClient::from_env(&self.sandbox.env().unwrap()).unwrap();
        for key in [&mut client.application_key, &mut client.application_secret, &mut client.consumer_key] {
            *key = key.replace('1', &account.to_string());
        }
        client
    }

    fn get(&mut self, path: &str) -> Value {
        let (status, body) = self.client.get(path).unwrap();
        assert_eq!(status, 200, "GET {path}: {body}");
        body
    }

    fn put(&mut self, path: &str, body: &Value) {
        assert_eq!(self.client.put(path, body).unwrap(), (200, Value::Null), "PUT {path} {body}");
    }

    fn renew(&mut self, id: i64, duration: &str, services: &[i64]) -> (u16, Value) {
        let body = json!({ "duration": duration, "services": services, "dryRun": false });
        self.client.post(&format!("/service/{id}/renew"), &body).unwrap()
    }

    fn placed(&mut self, id: i64, duration: &str, services: &[i64]) -> Value {
        let (status, order) = self.renew(id, duration, services);
        assert_eq!(status, 200, "{order}");
        order
    }

    /// Everything that was ever ordered.
    fn orders(&self) -> Vec<Value> {
        self.sandbox.ledger().unwrap()["orders"].as_array().unwrap().clone()
    }

    /// The service as the ledger has it.
    fn ledger_service(&self, id: i64) -> Value {
        let services = self.sandbox.ledger().unwrap()["services"].take();
        services.as_array().unwrap().iter().find(|service| service["id"] == id).unwrap().clone()
    }

    /// The token that was mailed last.
    fn mailed_token(&self) -> String {
        let outbox = http::get(&format!("{}/_sandbox/outbox", self.sandbox.pages())).unwrap().json().unwrap();
        let notice = outbox["notices"].as_array().unwrap().last().unwrap();
        assert_eq!(notice["kind"], "termination-requested");
        notice["token"].as_str().unwrap().to_owned()
    }

    /// Brings more into the sandbox's ledger, as a seller would.
    fn import(&mut self, toml: &str) {
        assert!(self.sandbox.stop().unwrap().success());
        let file = self.sandbox.data().join("more.toml");
        std::fs::write(&file, toml).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_perennial"));
        command.arg("--database").arg(self.sandbox.data().join("perennial.db")).arg("import").arg(&file);
        let done = command.output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        self.sandbox.restart().unwrap();
    }

    /// The demo's VPS renewed by nobody, so that it lapses by itself.
    fn let_lapse(&mut self) {
        self.put(VPS_INFOS, &json!({ "renew": { "automatic": false } }));
    }
}

/// An option of the demo's VPS, and a VPS that is sold once.
const OPTION_AND_ONE_SHOT: &str = r#"
[[products]]
code = "vps-backup"
name = "Automated backup"
kind = "addon"
prices = [{ period = "P1M", currency = "EUR", net = "1.00" }]

[[products]]
code = "vps-lifetime"
name = "VPS for life"
kind = "server"
renewability = "one-shot"

[[services]]
id = 500001
name = "backup of vps112233"
account = "xx11111-ovh"
product = "vps-backup"
parent = "vps112233.ovh.net"
until = 2026-11-22
period = "P1M"

[[services]]
id = 500002
name = "vps999999.ovh.net"
account = "xx11111-ovh"
product = "vps-lifetime"
until = 2036-11-22
period = "P1Y"
"#;

/// Status, message and the field to blame.
fn refusal((status, body): &(u16, Value)) -> (u16, &str, &str) {
    (*status, body["message"].as_str().unwrap_or_default(), body["details"]["field"].as_str().unwrap_or_default())
}

#[test]
fn the_guides_domain_is_offered_alone_and_with_its_hosting() {
    let mut world = World::start();
    assert_eq!(world.get("/service"), json!([12_345, 67_890, 112_233]));
    let offered = world.get("/service/12345/renew?includeOptions=false");
    assert_json_snapshot!("strategies_of_the_guides_domain", offered);
    for query in ["", "?includeOptions=true", "?includeOptions=null"] {
        assert_eq!(world.get(&format!("/service/12345/renew{query}")), offered, "{query}");
    }
    let asked = world.client.get("/service/12345/renew?includeOptions=maybe").unwrap();
    assert_eq!((refusal(&asked).0, refusal(&asked).2), (400, "includeOptions"));
}

#[test]
fn options_are_offered_when_they_are_asked_for() {
    let mut world = World::start();
    world.import(OPTION_AND_ONE_SHOT);
    let mut sets = |query: &str| {
        let offered = world.get(&format!("/service/112233/renew{query}"));
        let month = offered[0]["strategies"].as_array().unwrap().clone();
        month
            .iter()
            .map(|strategy| (strategy["services"].clone(), strategy["price"]["text"].clone()))
            .collect::<Vec<_>>()
    };
    let alone = (json!([112_233]), json!("5.99 €"));
    let both = (json!([500_001, 112_233]), json!("6.99 €"));
    assert_eq!(sets(""), std::slice::from_ref(&alone));
    assert_eq!(sets("?includeOptions=true"), [alone, both]);
    let order = world.placed(112_233, "P1M", &[112_233, 500_001]);
    assert_eq!(order["priceWithoutTax"]["text"], "6.99 €", "what was not listed without options can still be ordered");
    let options = world.get("/services/112233/options");
    assert_eq!((options.as_array().unwrap().len(), &options[0]["parentServiceId"]), (1, &json!(112_233)));
    assert_eq!(options[0], world.get("/services/500001"));
}

#[test]
fn what_is_sold_once_is_forced_and_never_renewed() {
    let mut world = World::start();
    world.import(OPTION_AND_ONE_SHOT);
    let path = "/vps/vps999999.ovh.net/serviceInfos";
    let infos = world.get(path);
    assert_eq!((&infos["renewalType"], &infos["possibleRenewPeriod"]), (&json!("oneShot"), &json!([])));
    let forced = json!({
        "automatic": false, "deleteAtExpiration": false, "forced": true, "manualPayment": false, "period": null,
    });
    assert_eq!(infos["renew"], forced);
    for renew in [forced, json!({ "automatic": true }), json!({ "deleteAtExpiration": true })] {
        let answer = world.client.put(path, &json!({ "renew": renew })).unwrap();
        assert_eq!(refusal(&answer), (409, "The renewal of this service is forced", ""));
    }
    let answer = world.client.put("/services/500002", &json!({ "renew": { "mode": "automatic" } })).unwrap();
    assert_eq!(refusal(&answer).0, 409);
    let forced = (409, "The renewal of this service is forced", "");
    let token = json!({ "token": "anything" });
    for (method, path, body) in [
        ("DELETE", "/services/500002", &Value::Null),
        ("POST", "/services/500002/terminate", &Value::Null),
        ("POST", "/services/500002/terminate/confirm", &token),
        ("POST", "/vps/vps999999.ovh.net/terminate", &Value::Null),
        ("POST", "/vps/vps999999.ovh.net/confirmTermination", &token),
    ] {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = world.client.call(method, path, &body).unwrap();
        assert_eq!(refusal(&(answer.status, answer.json().unwrap())), forced, "{method} {path}");
    }
    let actions = world.get("/services/500002")["billing"]["lifecycle"]["capacities"]["actions"].take();
    assert_eq!(actions, json!([]));
    assert_eq!(world.get("/services/500002/renewPeriodCapacities"), json!([]));
    assert_eq!(world.get("/services/500002")["billing"]["renew"], Value::Null);
    assert_eq!(world.get("/service/500002")["renew"]["mode"], "oneShot");
    assert_eq!(world.get("/service/500002/renew"), json!([]));
    assert_eq!(refusal(&world.renew(500_002, "P1Y", &[500_002])).0, 409);
    assert_eq!(world.orders(), [] as [Value; 0]);
}

#[test]
fn a_page_of_objects_leaves_out_those_that_have_expired() {
    let mut world = World::start();
    world.import(&OPTION_AND_ONE_SHOT.replace("until = 2036-11-22", "until = 2026-11-01"));
    assert_eq!(world.client.get("/vps/vps999999.ovh.net").unwrap().0, 460);
    assert_eq!(world.get("/vps"), json!(["vps112233.ovh.net", "vps999999.ovh.net"]));
    let pages = ("X-Pagination-Mode", "CachedObjectList-Pages");
    for (more, elements) in [(None, "2"), (Some(("X-Pagination-Sort", "name")), "1")] {
        let headers: Vec<_> = more.into_iter().chain([pages]).collect();
        let page = world.client.call_with("GET", "/vps", &headers, "").unwrap();
        assert_eq!((page.status, page.header("X-Pagination-Elements")), (200, Some(elements)), "{}", page.text());
        let page = page.json().unwrap();
        let names: Vec<_> = page.as_array().unwrap().iter().map(|vps| &vps["name"]).collect();
        assert_eq!(names, ["vps112233.ovh.net"]);
    }
}

#[test]
fn the_guides_order_costs_what_the_guide_says() {
    let mut world = World::start();
    let order = world.placed(12_345, "P1Y", &[67_890, 12_345]);
    let amounts = ["priceWithoutTax", "tax", "priceWithTax"].map(|name| order[name]["value"].to_string());
    assert_eq!(amounts, ["37.87", "7.57", "45.44"]);
    assert_eq!(order["priceWithTax"]["text"], "45.44 €");
    let (id, password) = (&order["orderId"], order["password"].as_str().unwrap());
    let page = format!("{}/order/xx11111-ovh/{id}", world.sandbox.pages());
    assert_eq!(order["url"], format!("{page}?password={password}"));
    assert_eq!(order["pdfUrl"], format!("{page}.pdf?password={password}"));
    assert_eq!(order["retractionDate"], Value::Null);
    let (placed, lapses) = (order["date"].as_str().unwrap(), order["expirationDate"].as_str().unwrap());
    assert!(placed.starts_with("2026-11-02T09:") && placed.ends_with("+01:00"), "{placed}");
    assert_eq!(lapses, placed.replace("-02T", "-03T"));
    let orders = world.orders();
    assert_eq!(
        orders[0]["lines"].as_array().unwrap().iter().map(|line| &line["until"]).collect::<Vec<_>>(),
        ["2027-11-22", "2027-11-22"]
    );
    assert_eq!(world.get(&format!("/me/order/{id}")), order);
}

#[test]
fn a_vps_is_renewed_for_three_months_and_twelve_months_are_a_year() {
    let mut world = World::start();
    let periods: Vec<_> = world.get("/service/112233/renew").as_array().unwrap().clone();
    assert_eq!(periods.iter().map(|offer| &offer["renewPeriod"]).collect::<Vec<_>>(), ["P1M", "P3M", "P6M", "P1Y"]);
    assert_eq!(world.placed(112_233, "P3M", &[112_233])["priceWithoutTax"]["value"].to_string(), "17.97");
    let (month, year) = ("P12M", "P1Y");
    let first = world.placed(12_345, month, &[12_345]);
    assert_eq!(world.placed(12_345, year, &[12_345]), first);
}

#[test]
fn a_dry_run_prices_the_order_and_stores_nothing() {
    let mut world = World::start();
    let body = json!({ "duration": "P1Y", "services": [12_345, 67_890], "dryRun": true });
    let (status, priced) = world.client.post("/service/12345/renew", &body).unwrap();
    assert_eq!(status, 200, "{priced}");
    assert_json_snapshot!("dry_run_of_the_guides_order", priced);
    assert_eq!(world.orders(), [] as [Value; 0]);
    let order = world.placed(12_345, "P1Y", &[12_345, 67_890]);
    for name in ["priceWithTax", "priceWithoutTax", "tax"] {
        assert_eq!(order[name], priced[name]);
    }
    assert_eq!(
        world.client.post("/service/12345/renew", &body).unwrap(),
        (200, priced),
        "an open order changes no price"
    );
}

#[test]
fn the_same_request_again_is_the_same_order_and_another_one_is_refused() {
    let mut world = World::start();
    let order = world.placed(12_345, "P1Y", &[12_345, 67_890]);
    assert_eq!(world.placed(12_345, "P1Y", &[67_890, 12_345]), order, "the services are a set");
    let again = world.renew(12_345, "P1Y", &[12_345]);
    assert_eq!(refusal(&again).0, 409, "{again:?}");
    assert_eq!(world.orders().len(), 1);
    world.sandbox.advance("P2D").unwrap();
    let other = world.placed(12_345, "P1Y", &[12_345]);
    assert_ne!(other["orderId"], order["orderId"], "an order that lapsed stands in nobody's way");
}

#[test]
fn requests_at_the_same_time_make_one_order() {
    let mut world = World::start();
    let time = world.client.server_time().unwrap();
    let body = json!({ "duration": "P1M", "services": [112_233] });
    let ids: Vec<_> = thread::scope(|scope| {
        let asks: Vec<_> = (0..16)
            .map(|_| {
                let mut client = world.client_of(1).at(time);
                let body = &body;
                scope.spawn(move || client.post("/service/112233/renew", body).unwrap())
            })
            .collect();
        asks.into_iter().map(|ask| ask.join().unwrap()).collect()
    });
    assert!(ids.iter().all(|(status, order)| *status == 200 && order["orderId"] == ids[0].1["orderId"]), "{ids:?}");
    assert_eq!(world.orders().len(), 1);
}

#[test]
fn an_idempotency_key_means_one_request() {
    let mut world = World::start();
    let mut post = |id: &str, duration: &str| {
        let body = json!({ "duration": duration, "services": [112_233] }).to_string();
        let path = format!("/service/{id}/renew");
        let response = world.client.call_with("POST", &path, &[("Idempotency-Key", "once")], &body).unwrap();
        (response.status, response.json().unwrap())
    };
    let first = post("112233", "P1M");
    assert_eq!(first.0, 200, "{first:?}");
    assert_eq!(post("112233", "P1M"), first);
    let other = post("112233", "P3M");
    assert_eq!((refusal(&other).0, refusal(&other).2), (400, "Idempotency-Key"), "{other:?}");
}

#[test]
fn what_is_wrong_with_a_renewal_is_named_and_nothing_is_stored() {
    let mut world = World::start();
    for (body, status, field) in [
        (json!({}), 400, "duration"),
        (json!({ "duration": "P1Y" }), 400, "services"),
        (json!({ "duration": "one year", "services": [12_345] }), 400, "duration"),
        (json!({ "duration": 12, "services": [12_345] }), 400, "duration"),
        (json!({ "duration": "P1D", "services": [12_345] }), 400, "duration"),
        (json!({ "duration": "P7Y", "services": [12_345] }), 400, "duration"),
        (json!({ "duration": "P1Y", "services": 12_345 }), 400, "services"),
        (json!({ "duration": "P1Y", "services": ["12345"] }), 400, "services[0]"),
        (json!({ "duration": "P1Y", "services": [] }), 400, "services"),
        (json!({ "duration": "P1Y", "services": [12_345, 12_345] }), 400, "services"),
        (json!({ "duration": "P1Y", "services": [67_890] }), 400, "services"),
        (json!({ "duration": "P1Y", "services": [12_345, 112_233] }), 400, "services"),
        (json!({ "duration": "P1Y", "services": [12_345, 999] }), 400, "services"),
        (json!({ "duration": "P1Y", "services": vec![1; 1_000] }), 400, "services"),
        (json!({ "duration": "P1Y", "services": [12_345], "dryRun": "no" }), 400, "dryRun"),
        (json!({ "duration": "P1Y", "services": [12_345], "dryRun": 1 }), 400, "dryRun"),
    ] {
        let answer = world.client.post("/service/12345/renew", &body).unwrap();
        assert_eq!((refusal(&answer).0, refusal(&answer).2), (status, field), "{body} {answer:?}");
        let dry = {
            let mut body = body.clone();
            if body.get("dryRun").is_none() {
                body["dryRun"] = json!(true);
            }
            world.client.post("/service/12345/renew", &body).unwrap()
        };
        assert_eq!(dry, answer, "a dry run refuses what an order would: {body}");
    }
    for path in ["/service/abc/renew", "/service/999/renew", "/service/-1/renew", "/service/9e9/renew"] {
        let answer = world.client.post(path, &json!({ "duration": "P1Y", "services": [12_345] })).unwrap();
        assert_eq!(refusal(&answer), (404, NO_SERVICE, ""), "{path}");
        assert_eq!(refusal(&world.client.get(path).unwrap()), (404, NO_SERVICE, ""), "{path}");
    }
    assert_eq!(world.orders(), [] as [Value; 0]);
}

#[test]
fn another_customers_services_look_like_none() {
    let mut world = World::start();
    let mut other = world.client_of(2);
    assert_eq!(other.get("/service").unwrap(), (200, json!([22_222])));
    assert_eq!(other.get("/domain").unwrap(), (200, json!(["another.ovh"])));
    for path in [
        "/service/22222",
        "/service/22222/renew",
        "/services/22222",
        "/services/22222/options",
        "/services/22222/renewPeriodCapacities",
        "/domain/another.ovh",
        "/domain/another.ovh/serviceInfos",
    ] {
        let unknown = path.replace("22222", "99999").replace("another", "nobody");
        let answer = world.client.get(path).unwrap();
        assert_eq!(refusal(&answer), (404, NO_SERVICE, ""), "{path}");
        assert_eq!(world.client.get(&unknown).unwrap(), answer, "{unknown}");
    }
    for id in [22_222, 99_999] {
        let body = json!({ "duration": "P1Y", "services": [id], "token": "guessed" });
        for path in [
            format!("/service/{id}/renew"),
            format!("/service/{id}/suspend"),
            format!("/service/{id}/reopen"),
            format!("/service/{id}/terminate"),
            format!("/services/{id}/terminate"),
            format!("/services/{id}/terminate/confirm"),
        ] {
            assert_eq!(refusal(&world.client.post(&path, &body).unwrap()), (404, NO_SERVICE, ""), "{path}");
        }
        let path = format!("/services/{id}");
        assert_eq!(refusal(&world.client.delete(&path).unwrap()), (404, NO_SERVICE, ""), "{path}");
        for path in [path, format!("/service/{id}")] {
            let answer = world.client.put(&path, &json!({ "displayName": "mine" })).unwrap();
            assert_eq!(refusal(&answer), (404, NO_SERVICE, ""), "{path}");
        }
    }
    let stolen = world.renew(12_345, "P1Y", &[12_345, 22_222]);
    let unknown = world.renew(12_345, "P1Y", &[12_345, 99_999]);
    assert_eq!(refusal(&stolen), (400, "Service 22222 does not exist", "services"));
    assert_eq!(refusal(&unknown), (400, "Service 99999 does not exist", "services"));
    assert_eq!(world.ledger_service(22_222)["version"], 0, "nothing was changed");
}

#[test]
fn services_are_shown_whole() {
    let mut world = World::start();
    assert_json_snapshot!("service_vps", world.get("/service/112233"));
    assert_json_snapshot!("services_vps", world.get("/services/112233"));
    assert_json_snapshot!("vps", world.get(VPS));
    assert_json_snapshot!("vps_service_infos", world.get(VPS_INFOS));
    assert_json_snapshot!("domain", world.get("/domain/example.ovh"));
    assert_json_snapshot!("hosting", world.get(HOSTING));
    assert_eq!(world.get("/services/112233/renewPeriodCapacities"), json!(["P1M", "P3M", "P6M", "P1Y"]));
    assert_eq!(world.get("/services/12345/options"), json!([]), "a hosting is no option of its domain");
    assert_eq!(world.get("/services/67890")["parentServiceId"], Value::Null);
}

#[test]
fn lists_are_by_kind_filtered_and_in_order() {
    let mut world = World::start();
    for (path, expected) in [
        ("/vps", json!(["vps112233.ovh.net"])),
        ("/vps?iamTags={}", json!(["vps112233.ovh.net"])),
        ("/vps?iamTags=%7B%22team%22%3A%5B%5D%7D", json!([])),
        ("/domain", json!(["example.ovh"])),
        ("/domain?whoisOwner=xx11111-ovh", json!(["example.ovh"])),
        ("/domain?whoisOwner=xx22222-ovh", json!([])),
        ("/hosting/web", json!(["example.cluster001.hosting.ovh.net"])),
        ("/services", json!([12_345, 67_890, 112_233])),
        ("/services?resourceName=example.ovh", json!([12_345])),
        ("/services?resourceName=another.ovh", json!([])),
        ("/services?routes=/vps,/domain/%7BserviceName%7D", json!([12_345, 112_233])),
        ("/services?orderBy=resourceName&sort=DESC", json!([112_233, 12_345, 67_890])),
    ] {
        assert_eq!(world.get(path), expected, "{path}");
    }
    for (path, field) in
        [("/vps?iamTags=team", "iamTags"), ("/services?orderBy=colour", "orderBy"), ("/services?sort=down", "sort")]
    {
        let answer = world.client.get(path).unwrap();
        assert_eq!((refusal(&answer).0, refusal(&answer).2), (400, field), "{path}");
    }
}

#[test]
fn a_contract_is_changed_as_callers_of_the_real_one_saw() {
    let mut world = World::start();
    let mut infos = world.get(VPS_INFOS);
    assert_eq!((&infos["renewalType"], &infos["renew"]["automatic"]), (&json!("automaticV2016"), &json!(true)));
    // They read, change a flag and send the whole object back.
    infos["renew"]["deleteAtExpiration"] = json!(true);
    world.put(VPS_INFOS, &infos);
    let mut infos = world.get(VPS_INFOS);
    assert_eq!((&infos["renewalType"], &infos["renew"]["automatic"]), (&json!("manual"), &json!(false)));
    assert_eq!(infos["renew"]["deleteAtExpiration"], true);
    infos["renew"]["deleteAtExpiration"] = json!(false);
    world.put(VPS_INFOS, &infos);
    let mut infos = world.get(VPS_INFOS);
    assert_eq!((&infos["renewalType"], &infos["renew"]["automatic"]), (&json!("manual"), &json!(false)));
    infos["renew"]["automatic"] = json!(true);
    infos["renew"]["period"] = json!(3);
    world.put(VPS_INFOS, &infos);
    let infos = world.get(VPS_INFOS);
    assert_eq!((&infos["renewalType"], &infos["renew"]["period"]), (&json!("automaticV2016"), &json!(3)));
    for period in [json!(2), json!(0), json!(-3), json!(70_000), json!("3")] {
        let answer = world.client.put(VPS_INFOS, &json!({ "renew": { "period": period } })).unwrap();
        assert_eq!((refusal(&answer).0, refusal(&answer).2), (400, "renew.period"), "{period}");
    }
    world.put(VPS_INFOS, &json!({}));
    assert_eq!(world.get(VPS_INFOS), infos, "what was refused, and nothing, changed nothing");
    assert_eq!(world.get("/services/112233")["billing"]["renew"]["current"]["period"], "P3M");
}

#[test]
fn a_service_is_named_and_renewed_as_its_owner_says() {
    let mut world = World::start();
    world.put("/service/12345", &json!({ "resource": { "displayName": "Shop" } }));
    assert_eq!(world.get("/service/12345")["resource"]["displayName"], "Shop");
    world.put(VPS, &json!({ "displayName": "Mail" }));
    assert_eq!(world.get(VPS)["displayName"], "Mail");
    world.put(HOSTING, &json!({ "displayName": "Site" }));
    assert_eq!(world.get("/services/67890")["resource"]["displayName"], "Site");
    world.put(VPS, &json!({ "displayName": "" }));
    assert_eq!(world.get(VPS)["displayName"], "vps112233.ovh.net");
    let update = json!({ "displayName": "Box", "renew": { "mode": "manual", "period": "P6M" } });
    world.put("/services/112233", &update);
    let service = world.get("/services/112233");
    let current = &service["billing"]["renew"]["current"];
    assert_eq!(
        (&service["resource"]["displayName"], current),
        (&json!("Box"), &json!({ "mode": "manual", "period": "P6M", "nextDate": null }))
    );
    for (body, field) in [
        (json!({ "displayName": "Lost", "renew": { "period": "P2M" } }), "renew.period"),
        (json!({ "displayName": "Lost", "renew": { "mode": "never" } }), "renew.mode"),
        (json!({ "displayName": "Lost", "terminationPolicy": "terminateAtEngagementDate" }), "terminationPolicy"),
        (json!({ "displayName": "a\nb", "renew": { "mode": "automatic" } }), "displayName"),
    ] {
        let answer = world.client.put("/services/112233", &body).unwrap();
        assert_eq!((refusal(&answer).0, refusal(&answer).2), (400, field), "{body}");
        assert_eq!(world.get("/services/112233"), service, "{body}");
    }
}

#[test]
fn a_termination_takes_its_token_and_can_be_withdrawn() {
    let mut world = World::start();
    for (ask, confirm) in [
        ("/vps/vps112233.ovh.net/terminate", "/vps/vps112233.ovh.net/confirmTermination"),
        ("/services/112233/terminate", "/services/112233/terminate/confirm"),
    ] {
        let early = world.client.post(confirm, &json!({ "token": "guessed" })).unwrap();
        assert_eq!((refusal(&early).0, refusal(&early).2), (400, "token"));
        let (status, told) = world.client.post(ask, &Value::Null).unwrap();
        assert!(status == 200 && told.to_string().contains("2026-11-22"), "{told}");
        let token = world.mailed_token();
        let wrong = world.client.post(confirm, &json!({ "token": token.to_lowercase() + "x" })).unwrap();
        assert_eq!((refusal(&wrong).0, refusal(&wrong).2), (400, "token"));
        assert_eq!(world.ledger_service(112_233)["mode"], "automatic");
        let body = json!({ "token": token, "reason": "TOO_EXPENSIVE", "futureUse": "OTHER", "commentary": "" });
        let (status, told) = world.client.post(confirm, &body).unwrap();
        assert!(status == 200 && told.to_string().contains("2026-11-22"), "{told}");
        assert_eq!(world.ledger_service(112_233)["mode"], "delete-at-expiry");
        let current = &world.get("/services/112233")["billing"]["lifecycle"]["current"];
        assert_eq!(current["pendingActions"], json!(["terminateAtExpirationDate"]));
        assert_eq!(current["terminationDate"], "2026-11-22T00:00:00+01:00");
        assert_eq!(world.get("/service/112233/renew"), json!([]));
        let renewed = world.renew(112_233, "P1M", &[112_233]);
        assert_eq!(refusal(&renewed).0, 409, "{renewed:?}");
        assert_eq!(refusal(&world.client.post(confirm, &body).unwrap()).2, "token", "a token is good once");
        let policy = json!({ "terminationPolicy": "empty", "renew": { "mode": "automatic" } });
        world.put("/services/112233", &policy);
        assert_eq!(world.ledger_service(112_233)["mode"], "automatic");
    }
    let (status, told) = world.client.delete("/services/112233").unwrap();
    assert_eq!((status, &told), (200, &json!({ "message": "The service will be terminated on 2026-11-22" })));
    world.sandbox.set_clock("2026-11-21T10:00:00Z").unwrap();
    let late = world.client.put(VPS_INFOS, &json!({ "renew": { "deleteAtExpiration": false } })).unwrap();
    assert_eq!(refusal(&late).0, 409, "a cancellation is withdrawn until 24 hours before the expiry");
    world.sandbox.set_clock("2026-11-21T23:00:01Z").unwrap();
    assert_eq!(refusal(&world.client.get("/service/112233").unwrap()), (404, NO_SERVICE, ""));
}

#[test]
fn resellers_suspend_reopen_and_terminate_and_nobody_else() {
    let mut world = World::start();
    for action in ["suspend", "reopen", "terminate"] {
        let answer = world.client.post(&format!("/service/112233/{action}"), &Value::Null).unwrap();
        assert_eq!(refusal(&answer), (403, "The account is not a reseller", ""));
    }
    world.client = world.client_of(3);
    let act = |world: &mut World, action: &str| {
        let answer = world.client.post(&format!("/service/33333/{action}"), &Value::Null).unwrap();
        refusal(&answer).0
    };
    assert_eq!((act(&mut world, "reopen"), act(&mut world, "terminate")), (409, 409));
    assert_eq!(act(&mut world, "suspend"), 200);
    assert_eq!(world.get("/service/33333")["state"], "expired");
    assert_eq!(world.get("/service/33333")["resource"]["state"], "suspended");
    assert_eq!(world.client.get("/vps/vps333333.ovh.net").unwrap().0, 460);
    assert_eq!(refusal(&world.renew(33_333, "P1M", &[33_333])).0, 409);
    assert_eq!((act(&mut world, "suspend"), act(&mut world, "reopen")), (409, 200));
    assert_eq!(world.get("/service/33333")["state"], "ok");
    assert_eq!((act(&mut world, "suspend"), act(&mut world, "terminate")), (200, 200));
    assert_eq!(refusal(&world.client.get("/service/33333").unwrap()), (404, NO_SERVICE, ""));
    let left = (json!([33_334, 33_335, 33_336]), json!(["vps333334.ovh.net", "vps333336.ovh.net"]));
    assert_eq!((world.get("/service"), world.get("/vps")), left);
    assert_eq!(act(&mut world, "reopen"), 404);
}

#[test]
fn a_service_that_nobody_renews_expires_is_suspended_and_is_gone() {
    let mut world = World::start();
    world.let_lapse();
    let states = |world: &mut World| {
        [
            world.get(VPS_INFOS)["status"].take(),
            world.get("/service/112233")["state"].take(),
            world.get("/services/112233")["billing"]["lifecycle"]["current"]["state"].take(),
            world.get("/services/112233")["resource"]["state"].take(),
        ]
    };
    assert_eq!(states(&mut world), ["ok", "ok", "active", "active"]);
    world.placed(112_233, "P1M", &[112_233]);
    assert_eq!(states(&mut world), ["unPaid", "unpaid", "unpaid", "active"]);
    world.sandbox.set_clock("2026-11-22T00:00:00+01:00").unwrap();
    assert_eq!(states(&mut world), ["expired", "expired", "unrenewed", "active"]);
    let technical = [world.client.get(VPS).unwrap(), world.client.put(VPS, &json!({ "displayName": "x" })).unwrap()];
    for answer in &technical {
        assert_eq!(refusal(answer), (460, "This Service is expired", ""));
    }
    world.sandbox.set_clock("2026-11-29T00:00:00+01:00").unwrap();
    assert_eq!(states(&mut world), ["expired", "expired", "unrenewed", "suspended"]);
    world.placed(112_233, "P1M", &[112_233]);
    assert_eq!(
        world.orders().last().unwrap()["lines"][0]["until"],
        "2026-12-22",
        "late, it counts from the old expiry"
    );
    world.sandbox.set_clock("2026-12-29T00:00:00+01:00").unwrap();
    for path in ["/service/112233", "/service/112233/renew", "/services/112233", VPS, VPS_INFOS] {
        assert_eq!(refusal(&world.client.get(path).unwrap()), (404, NO_SERVICE, ""), "{path}");
    }
    assert_eq!(refusal(&world.renew(112_233, "P1M", &[112_233])), (404, NO_SERVICE, ""));
    let gone = world.client.post("/vps/vps112233.ovh.net/terminate", &Value::Null).unwrap();
    assert_eq!(refusal(&gone), (404, NO_SERVICE, ""));
    assert!(!world.get("/service").as_array().unwrap().contains(&json!(112_233)));
}
