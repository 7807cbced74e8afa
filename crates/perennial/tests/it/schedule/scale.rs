//! A day costs what is due on it, however many services there are.

use std::time::Duration;

use perennial_core::calendar::Zone;
use perennial_engine::clock::Stopwatch;

use super::World;
use crate::shop::{SHOP, Shop};

const FEW: u32 = 2_000;
const MANY: u32 = 200_000;

/// Services of which something becomes on the first day.
const DUE: u32 = 100;

const FIRST_DAY: &str = "2030-01-01";

/// More services like the shop's third: some expire on the day after the first one, the others in the years after that.
const MORE: &str = "
    with recursive numbers (number) as (select 10000 union all select number + 1 from numbers where number < 10000 + ?1)
    insert into services (id, account_id, product_id, kind, name, created_on, until_date, anchor_day, mode, period, hold,
        facts, version)
    select number, account_id, product_id, kind, 'vps' || number, created_on,
        case when number < 10000 + ?2 then '2030-01-02' else date('2031-01-01', (number % 3650) || ' days') end,
        anchor_day, 'manual', period, hold, facts, version
    from services, numbers where id = 1003";

/// How long the quickest of three first days takes over so many services.
fn day_over(services: u32) -> Duration {
    let shop = Shop::open();
    let ledger = rusqlite::Connection::open(shop.database()).unwrap();
    ledger.execute(MORE, [services, DUE]).unwrap();
    drop(ledger);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let days = [0, 1, 2].map(|turn| {
        let copy = shop.path(&format!("copy{turn}.db"));
        std::fs::copy(shop.database(), &copy).unwrap();
        runtime.block_on(async {
            let mut world = World::sqlite(&copy);
            let day = Zone::UTC.midnight(FIRST_DAY.parse().unwrap()).unwrap();
            let watch = Stopwatch::start();
            let passed = world.go(day).await;
            let took = watch.elapsed();
            assert_eq!((passed.days, passed.visits), (1, u64::from(DUE)), "{passed}");
            world.close().await;
            took
        })
    });
    days.into_iter().min().unwrap()
}

#[test]
fn a_day_over_a_hundred_times_as_many_services_takes_as_long() {
    assert!(SHOP.contains("id = 1003"));
    let (few, many) = (day_over(FEW), day_over(MANY));
    // A hundred times as long, if it went by how many there are.
    assert!(many < few * 5, "{few:?} over {FEW} services, {many:?} over {MANY}");
}
