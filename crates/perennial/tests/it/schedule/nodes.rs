//! Several processes on one database: one goes through the day, and where it is killed in the middle, another one does.

use std::thread::sleep;
use std::time::Duration;

use jiff::ToSpan;
use perennial_core::calendar::Zone;
use perennial_core::ports::Clock;
use perennial_engine::clock::SystemClock;
use perennial_testkit::postgres::sql;

use crate::postgres::World;

/// So many that one process needs seconds for them.
const SERVICES: u32 = 3_000;

/// A service whose owner is to be reminded today, on the day before it expires; or to be told tomorrow that it has expired,
/// in case the test runs over midnight.
const SHOP: &str = r#"
[seller]
name = "Example Hosting SARL"
invoice_series = "FR"

[[accounts]]
code = "acme"
name = "ACME"
email = "billing@acme.example.net"
country = "FR"
currency = "EUR"
tax = "exempt"

[[products]]
code = "vps"
name = "VPS"
kind = "server"
prices = [{ period = "P1M", net = "3.59", currency = "EUR" }]

[[services]]
id = 1
name = "vps1"
account = "acme"
product = "vps"
created = 2026-01-31
until = TOMORROW
period = "P1M"
mode = "manual"
"#;

/// More services like the first one.
const MORE: &str = "
    insert into services (id, account_id, product_id, kind, name, created_on, until_date, anchor_day, mode, period, hold,
        facts, version)
    select number, account_id, product_id, kind, 'vps' || number, created_on, until_date, anchor_day, mode, period, hold,
        facts, version
    from services, generate_series(2, COUNT) as number where id = 1";

/// A row of what was told, and how far the schedule is.
const TOLD: &str = "select count(*), count(distinct service_id) from notices";
const DONE: &str = "select count(*) from schedule where done_day is not null";

fn ask(world: &World, query: &str) -> String {
    sql(&world.url, query).unwrap().trim().to_owned()
}

fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..1_200 {
        if is_so() {
            return;
        }
        sleep(Duration::from_millis(50));
    }
    panic!("not within a minute: {what}");
}

#[test]
fn a_day_that_a_killed_process_left_is_finished_by_another_one_and_nobody_is_told_twice() {
    let world = World::empty();
    let tomorrow = Zone::UTC.date_of(SystemClock.now()).checked_add(1.day()).unwrap();
    let file = world.shop.write("shop.toml", &SHOP.replace("TOMORROW", &tomorrow.to_string()));
    world.shop.run(&["import", &file]).done();
    ask(&world, &MORE.replace("COUNT", &SERVICES.to_string()));

    let first = world.serve();
    wait_until("the first visit", || ask(&world, TOLD) != "0|0");
    drop(first);
    assert_eq!(ask(&world, DONE), "0", "it was killed in the middle of the day");
    let others = [world.launch(), world.launch()];
    wait_until("another process is done", || ask(&world, DONE) == "1");
    assert_eq!(ask(&world, TOLD), format!("{SERVICES}|{SERVICES}"));
    drop(others);
    world.shop.run(&["audit"]).done();
}
