//! Every command works on a database as on a file, and processes that start at once make one ledger in it.

use perennial_testkit::OvhClient;
use serde_json::{Value, json};

use super::World;
use crate::shop::SHOP;

#[test]
fn every_command_works_on_it() {
    let world = World::open();
    let file = world.shop.path("shop.toml");
    let tables = &world.shop.document(&["import", &file])["tables"];
    let changed = |tally: &Value| tally["created"] != 0 || tally["updated"] != 0;
    assert!(tables.as_object().unwrap().values().all(|tally| !changed(tally)), "nothing is new: {tables}");
    let more = world.shop.write("more.toml", &service(2_000));
    assert_eq!(world.shop.document(&["import", "--dry-run", &more])["tables"]["services"]["created"], 1);

    assert_eq!(world.shop.json(&["account", "list"]).len(), 2);
    assert_eq!(world.shop.json(&["service", "list"]).len(), 3, "a dry run writes nothing");
    assert_eq!(world.shop.document(&["service", "show", "vps1.example.net"])["until"], "2099-01-31");
    world.shop.run(&["balance", "credit", "acme", "25", "--memo", "a start"]).done();
    assert_eq!(world.shop.document(&["balance", "show", "acme"])["balance"]["amount"], "25.00");
    let keys = world.shop.keys("acme");
    let mut node = world.serve();
    let mut client = node.client(&keys);
    let order = renew(&mut client, 1001);
    assert_eq!(pay(&mut client, order), 200);
    assert_eq!(world.shop.document(&["order", "show", &order.to_string()])["payment"]["amount"]["amount"], "4.31");
    assert_eq!(world.shop.document(&["service", "show", "vps1.example.net"])["until"], "2099-02-28");
    world.shop.run(&["order", "credit", &order.to_string(), "--yes"]).done();
    world.shop.run(&["key", "revoke", &world.consumer(), "--yes"]).done();
    assert_eq!(client.get("/me").unwrap().0, 403, "a revoked key ends at once");
    node.stop();
    world.shop.run(&["audit"]).done();

    let copy = world.shop.path("copy.db");
    world.shop.run(&["backup", &copy]).failed(1, "hint: `pg_dump`");
    assert!(!std::path::Path::new(&copy).exists());
    assert!(!world.shop.database().exists(), "nothing of it is in a file");
}

/// The node knows who calls, and asks what another process has changed of that with the command alone.
#[test]
fn what_another_process_changes_about_access_holds_for_the_next_call() {
    let world = World::open();
    let keys = world.shop.keys("acme");
    let consumer = world.consumer();
    let mut node = world.serve();
    let mut client = node.client(&keys);
    let orders = || world.shop.json(&["order", "list"]).len();
    world.shop.run(&["balance", "credit", "acme", "25", "--memo", "a start"]).done();
    let order = renew(&mut client, 1001);
    // Something else about access changes: both go on, and nothing is done twice.
    world.shop.keys("acme");
    assert_eq!(pay(&mut client, order), 200);
    world.shop.keys("acme");
    let unknown = client.post("/me/order/77/payWithRegisteredPaymentMean", &json!({ "paymentMean": "ovhAccount" }));
    assert_eq!((unknown.unwrap().0, orders()), (404, 1));
    world.shop.run(&["key", "revoke", &consumer, "--yes"]).done();
    let wanted = json!({ "duration": "P1M", "services": [1001], "dryRun": false });
    assert_eq!(client.post("/service/1001/renew", &wanted).unwrap().0, 403, "a revoked key ends at once");
    assert_eq!(orders(), 1);
    // Who calls for the first time, and for nothing that exists, is asked all the same.
    assert_eq!(client.get("/me/order/77").unwrap().0, 403);
    node.stop();
    world.shop.run(&["audit"]).done();
}

#[test]
fn two_that_start_at_once_on_an_empty_database_make_one_ledger() {
    let world = World::empty();
    let mut nodes = [world.launch(), world.launch()];
    for node in &mut nodes {
        node.wait();
    }
    let file = world.shop.write("shop.toml", SHOP);
    world.shop.run(&["import", &file]).done();
    let keys = world.shop.keys("acme");
    for node in &mut nodes {
        assert_eq!(node.client(&keys).get("/service").unwrap().0, 200, "what another process wrote is seen");
        node.stop();
    }
}

impl World {
    /// The only consumer key.
    fn consumer(&self) -> String {
        let listed = self.shop.json(&["key", "list"]);
        let consumers: Vec<_> = listed.iter().filter(|key| key["kind"] == "consumer").collect();
        assert_eq!(consumers.len(), 1, "{listed:?}");
        consumers[0]["id"].as_str().unwrap().to_owned()
    }
}

/// Orders a month; tells the order's number.
fn renew(client: &mut OvhClient, service: i64) -> i64 {
    let wanted = json!({ "duration": "P1M", "services": [service], "dryRun": false });
    let (status, order) = client.post(&format!("/service/{service}/renew"), &wanted).unwrap();
    assert_eq!(status, 200, "{order}");
    order["orderId"].as_i64().unwrap()
}

/// Pays an order from the balance; tells the status.
fn pay(client: &mut OvhClient, order: i64) -> u16 {
    let with = json!({ "paymentMean": "ovhAccount" });
    client.post(&format!("/me/order/{order}/payWithRegisteredPaymentMean"), &with).unwrap().0
}

/// A service of the account `acme`.
fn service(id: i64) -> String {
    format!(
        "[[services]]\nid = {id}\nname = \"vps{id}.example.net\"\naccount = \"acme\"\nproduct = \"vps\"\n\
         created = 2026-01-31\nuntil = 2099-01-31\nperiod = \"P1M\"\n"
    )
}
