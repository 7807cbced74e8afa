//! The inventory: read, listed, priced, and the providers' own renewal switched off.

use serde_json::{Value, json};

use super::{Buyer, sandbox};
use crate::cli::fields;

#[test]
fn nothing_is_listed_before_it_was_read() {
    let buyer = Buyer::with("[store]\npath = \"perennial.db\"\n[provider.ovh]\napi = \"ovh\"\n");
    let listed = buyer.run(&["list", "--expiring", "30d"]).done();
    assert!(listed.stdout.is_empty(), "{listed:?}");
    assert!(listed.stderr.contains("ovh has not been read yet\nhint: `perennial sync` reads it"), "{listed:?}");
    buyer.run(&["quote", "web"]).failed(1, "no inventory has been read yet\nhint: `perennial sync`");
    buyer.run(&["native", "off", "web"]).failed(1, "no inventory has been read yet");
    buyer.run(&["list", "--expiring", "soon"]).failed(2, "a span is written as P30D");
    buyer.run(&["list", "--kind", "vps"]).failed(2, "a kind is one of server");
    buyer.run(&["list", "--provider", "vpsbg"]).failed(2, "there is no provider `vpsbg`");
    let nowhere = Buyer::with("[provider.ovh]\napi = \"ovh\"\n");
    nowhere.run(&["list"]).failed(2, "no database is named");
}

#[test]
fn everything_that_is_rented_is_listed_soonest_first() {
    let sandbox = sandbox();
    let buyer = Buyer::of(&sandbox);
    let read = buyer.json(&["sync"]);
    let names: Vec<_> = read.iter().map(|line| line["provider"].as_str().unwrap()).collect();
    assert_eq!(names, ["aliyun", "hostup", "ovh", "vpsbg"]);
    assert!(read.iter().all(|line| line["error"].is_null() && line["services"].as_u64().unwrap() > 0), "{read:?}");

    let all = buyer.json(&["list"]);
    assert_eq!(all.len() as u64, read.iter().map(|line| line["services"].as_u64().unwrap()).sum::<u64>());
    let mut sorted = all.clone();
    sorted.sort_by_key(|line| line["until"].as_str().unwrap().to_owned());
    let dates = |lines: &[Value]| -> Vec<Value> { lines.iter().map(|line| line["until"].clone()).collect() };
    assert_eq!(dates(&all), dates(&sorted));
    assert_eq!(
        fields(&all[0]),
        [
            "days",
            "expires_at",
            "id",
            "kind",
            "label",
            "name",
            "native",
            "parent",
            "period",
            "provider",
            "reason",
            "renewable",
            "service",
            "service_kind",
            "tags",
            "until",
            "version"
        ]
    );
    let domains = buyer.json(&["list", "--provider", "hostup", "--kind", "domain"]);
    assert!(
        !domains.is_empty()
            && domains.iter().all(|line| line["provider"] == "hostup" && line["service_kind"] == "domain")
    );
    // All of the demo expires on one day, three weeks on.
    let due = buyer.json(&["list", "--expiring", "P30D"]);
    assert!(due.len() == all.len() && due.iter().all(|line| line["days"].as_i64().unwrap() <= 30), "{due:?}");
    assert_eq!(buyer.json(&["list", "--expiring", "10d"]), Vec::<Value>::new());
    // The sandbox's clock is followed.
    sandbox.advance("P10Y").unwrap();
    assert_eq!(buyer.json(&["list", "--expiring", "1d"]).len(), all.len());
}

#[test]
fn a_service_is_found_by_any_of_its_names_and_priced() {
    let sandbox = sandbox();
    let buyer = Buyer::of(&sandbox);
    buyer.json(&["sync"]);
    let id = "dom_01hxa3b4c5d6e7f8g9h0j1k2m3";
    let [price] = buyer.json(&["quote", &format!("hostup/{id}"), "--period", "P1Y"]).try_into().unwrap();
    assert_eq!(
        fields(&price),
        ["discount", "gross", "kind", "net", "period", "remarks", "service", "tax", "until", "version"]
    );
    assert_eq!(price["gross"]["currency"], json!("SEK"));
    let [same] = buyer.json(&["quote", id, "--period", "P1Y"]).try_into().unwrap();
    assert_eq!(same, price);
    let shown = buyer.run(&["quote", "vps112233.ovh.net"]).done();
    assert!(shown.stdout.starts_with("PERIOD"), "{shown:?}");
    buyer.run(&["quote", id, "--period", "P7M"]).failed(1, "is not offered for P7M");
    buyer.run(&["quote", "vps112234.ovh.net"]).failed(2, "hint: did you mean `vps112233.ovh.net`");
    // Under two names for one account, a name is no longer one service's.
    let config = buyer.config()
        + &buyer.config()[buyer.config().find("[provider.hostup]").unwrap()..]
            .split("\n\n")
            .next()
            .unwrap()
            .replace("hostup]", "hostup-2]");
    buyer.write("perennial.toml", &config);
    assert_eq!(buyer.run(&["sync", "hostup-2"]).code, 1);
    buyer.run(&["quote", id]).failed(2, &format!("is the name of several services: hostup/{id} (domain"));
    buyer.run(&["quote", &format!("hostup-2/{id}")]).done();
}

#[test]
fn a_providers_own_renewal_is_switched_off_once_somebody_agrees() {
    let sandbox = sandbox();
    let buyer = Buyer::of(&sandbox);
    buyer.json(&["sync"]);
    let listed = buyer.json(&["list"]);
    let service =
        listed.iter().find(|line| line["provider"] == "ovh" && line["native"] == "on").expect("is on")["service"]
            .clone();
    let service = service.as_str().unwrap();
    buyer.run(&["native", "off", service]).failed(2, "NO rule of yours holds for it");
    let [document] = buyer.json(&["native", "off", service, "--yes"]).try_into().unwrap();
    assert_eq!(document, json!({ "version": 1, "kind": "native", "service": service, "native": "off" }));
    buyer.json(&["sync"]);
    let now = buyer.json(&["list"]);
    assert_eq!(now.iter().find(|line| line["service"] == service).expect("is there")["native"], "off");
}
