//! The arithmetic of periods, on the wire: civil dates of Sofia, shown as Unix seconds and as instants.

use serde_json::{Value, json};

use super::{World, line};

/// Servers of the demo customer, each by its number and the day on which it expires.
const UNTIL: [(i64, &str); 9] = [
    (7001, "2025-02-10"),
    (7002, "2025-06-20"),
    (7003, "2024-12-10"),
    (7004, "2025-01-31"),
    (7005, "2025-03-15"),
    (7006, "2025-10-15"),
    (7007, "2025-08-31"),
    (7008, "2025-03-30"),
    (7009, "2025-10-26"),
];

/// A day before all of them.
const NOW: &str = "2024-11-25T10:00:00Z";

fn start() -> World {
    let world = World::at(NOW);
    let servers = UNTIL.map(|(id, until)| {
        format!(
            "[[services]]\nid = {id}\nname = \"server-{id}\"\naccount = \"demo-vpsbg\"\nproduct = \"cloud-vps-4gb\"\n\
             created = 2024-01-01\nuntil = {until}\nperiod = \"P1M\"\n"
        )
    });
    world.import(&servers.concat());
    world
}

#[test]
fn a_term_is_whole_months_of_sofia() {
    let world = start();
    // The first three are the documentation's own; seconds of the others by another program.
    for (server, months, from, to, due) in [
        (7001, 6, 1_739_138_400, 1_754_773_200, "2025-02-09T22:00:00.000000Z"),
        (7002, 3, 1_750_366_800, 1_758_315_600, "2025-06-19T21:00:00.000000Z"),
        (7003, 3, 1_733_781_600, 1_741_557_600, "2024-12-09T22:00:00.000000Z"),
        // The last day of a long month: the last day of a short one.
        (7004, 1, 1_738_274_400, 1_740_693_600, "2025-01-30T22:00:00.000000Z"),
        // Into summer time, and out of it.
        (7005, 1, 1_741_989_600, 1_744_664_400, "2025-03-14T22:00:00.000000Z"),
        (7006, 1, 1_760_475_600, 1_763_157_600, "2025-10-14T21:00:00.000000Z"),
        (7007, 6, 1_756_587_600, 1_772_229_600, "2025-08-30T21:00:00.000000Z"),
        // From the very days of the change, which begin before it.
        (7008, 12, 1_743_285_600, 1_774_818_000, "2025-03-29T22:00:00.000000Z"),
        (7009, 24, 1_761_426_000, 1_824_498_000, "2025-10-25T21:00:00.000000Z"),
    ] {
        let before = world.server(server);
        let order = world.renew(&[server], months);
        let line = line(&order, server);
        let found = (&line["period_from"], &line["period_to"]);
        assert_eq!(found, (&json!(from), &json!(to)), "{server} for {months} months: {order:#}");
        assert_eq!((&order["due_at"], &before["expiry_at"]), (&json!(due), &json!(due)), "{server}");
        let amount = 39 * i64::from(months);
        assert_eq!(line["amount"], json!(amount), "{server}");

        // What is paid is what was told.
        let told = world.server(server)["potential_expiry_at"].clone();
        world.pay(&order["id"], "card");
        let after = world.server(server);
        assert_eq!((&after["expiry_at"], &after["potential_expiry_at"]), (&told, &told), "{server}");
        assert_eq!(seconds(&told), to, "{server}");
    }
    world.assert_sound();
}

fn seconds(stamp: &Value) -> i64 {
    stamp.as_str().unwrap().parse::<jiff::Timestamp>().unwrap().as_second()
}

#[test]
fn single_months_end_where_many_at_once_do() {
    let world = start();
    let mut expiries = Vec::new();
    for _ in 0..3 {
        let order = world.renew(&[7004], 1);
        world.pay(&order["id"], "card");
        expiries.push(world.server(7004)["expiry_at"].clone());
    }
    // 28 February and, in summer time, 31 March and 30 April.
    let days = ["2025-02-27T22:00:00.000000Z", "2025-03-30T21:00:00.000000Z", "2025-04-29T21:00:00.000000Z"];
    assert_eq!(expiries, days);
    let other = start();
    let order = other.renew(&[7004], 3);
    other.pay(&order["id"], "card");
    assert_eq!(other.server(7004)["expiry_at"], json!(days[2]));
}

#[test]
fn a_late_renewal_counts_from_the_old_expiry() {
    let world = start();
    // Three days after the expiry, in its days of grace.
    world.sandbox().set_clock("2024-12-13T10:00:00Z").unwrap();
    let server = world.server(7003);
    assert_eq!((&server["status"], &server["expiry_at"]), (&json!("active"), &json!("2024-12-09T22:00:00.000000Z")));
    let order = world.renew(&[7003], 3);
    assert_eq!(line(&order, 7003)["period_to"], 1_741_557_600);
    world.pay(&order["id"], "balance");
    assert_eq!(world.server(7003)["expiry_at"], "2025-03-09T22:00:00.000000Z");

    // And suspended: it is active again once it is paid.
    world.sandbox().set_clock("2025-02-20T10:00:00Z").unwrap();
    assert_eq!(world.server(7001)["status"], "suspended");
    assert_eq!(world.get("/servers/7001/status")["suspended"], true);
    let order = world.renew(&[7001], 1);
    world.pay(&order["id"], "balance");
    let server = world.server(7001);
    assert_eq!((&server["status"], &server["expiry_at"]), (&json!("active"), &json!("2025-03-09T22:00:00.000000Z")));

    // What is gone is refused, and is still shown to whoever asks for it.
    world.sandbox().set_clock("2025-04-25T10:00:00Z").unwrap();
    assert_eq!(world.server(7005)["status"], "terminated");
    let body = json!({ "server_ids": [7005], "billing_cycle": 1 });
    world.refused("POST", "/servers/renew", &body, 400, "service 7005 cannot be renewed: the service is terminated");
}
