//! Two years of the sandbox's services, on both databases: the same history, day for day, and sound books after each day.

use std::thread;

use jiff::civil::Date;
use jiff::{Span, Timestamp, ToSpan};
use perennial_core::calendar::Zone;
use perennial_core::command::Action;
use perennial_core::ids::ServiceId;
use perennial_core::money::{Currency, Money};
use perennial_core::order::OrderState;
use perennial_core::ports;
use perennial_core::service::{Ending, Hold, RenewalMode, Service};
use perennial_core::snapshot::Want;
use perennial_testkit::{Cluster, Sandbox};

use super::World;
use crate::shop::Shop;

const BEGINS: &str = "2026-12-11";
const YEARS: i64 = 2;

/// The demo's services expire 20 days after the beginning.
const EXPIRY: &str = "2026-12-31";

/// OVHcloud's VPS, which its owner renews in person, and does not.
const MANUAL: (&str, i64) = ("xx11111-ovh", 112_233);
/// OVHcloud's domain, which its owner has cancelled.
const CANCELLED: (&str, i64) = ("xx11111-ovh", 12_345);
/// An instance of a customer of Alibaba Cloud's who has no money at all.
const PENNILESS: i64 = 6101;
/// Alibaba Cloud's locked instance: nothing renews it before it is unlocked.
const LOCKED: i64 = 6003;
/// Those of the demo's services that nobody renews: a VPS and a domain whose owner does it in person, and a VPS that is to be
/// deleted at its expiry.
const FORGOTTEN: i64 = 33_334;
const FORGOTTEN_DOMAIN: i64 = 33_335;
const DELETED: i64 = 33_336;

const ENDED: [i64; 7] = [MANUAL.1, CANCELLED.1, PENNILESS, LOCKED, FORGOTTEN, FORGOTTEN_DOMAIN, DELETED];

/// The services of a customer who has them end on a day of the month: its first renewals go on to that day.
const ALIGNED: (&str, [i64; 2], &str) = ("demo-aliyun", [6001, 6004], "2027-01-05");

/// Sold once: its end is out of sight.
const ONE_SHOT: i64 = 6002;

/// What a service's owner is told of it.
const ALL: [&str; 6] = ["expiring", "ending", "expired", "suspended", "redemption", "terminated"];
const ENDS: [&str; 4] = ["expired", "suspended", "redemption", "terminated"];

/// What happened, by day and word, and to which service where one is named. Orders have no name: their numbers depend on
/// which of two customers came first.
type History = Vec<(String, &'static str, Option<i64>)>;

fn date(text: &str) -> Date {
    text.parse().unwrap()
}

fn midnight(day: Date) -> Timestamp {
    Zone::UTC.midnight(day).unwrap()
}

/// The sandbox's ledger as it is on the first day.
fn ledger() -> Shop {
    let mut sandbox = Sandbox::options(env!("CARGO_BIN_EXE_perennial"))
        .now(&format!("{BEGINS}T12:00:00Z"))
        .arg("--no-schedule")
        .start()
        .unwrap();
    sandbox.stop().unwrap();
    let shop = Shop::empty();
    std::fs::copy(sandbox.data().join("perennial.db"), shop.database()).unwrap();
    let ledger = rusqlite::Connection::open(shop.database()).unwrap();
    let rows = ledger.execute("update accounts set align_day = 5 where code = ?1", (ALIGNED.0,)).unwrap();
    assert_eq!(rows, 1);
    shop
}

#[test]
fn two_years_pass_on_both_databases_alike() {
    let shop = ledger();
    let (file, url) = (shop.path("shop.db"), Cluster::shared().unwrap().database().unwrap());
    shop.run(&["copy", "--from", &file, "--to", &url]).done();
    let (on_file, on_database) = thread::scope(|scope| {
        let on_file = scope.spawn(|| live(|| World::sqlite(&file)));
        let on_database = scope.spawn(|| live(|| World::postgres(&url)));
        (on_file.join().unwrap(), on_database.join().unwrap())
    });
    assert_eq!(on_file, on_database);

    let of = |service: i64, words: &[&str]| -> Vec<_> {
        let of = on_file.iter().filter(|it| it.2 == Some(service) && words.contains(&it.1));
        of.map(|(day, word, _)| format!("{day} {word}")).collect()
    };
    assert_eq!(
        of(MANUAL.1, &ALL),
        [
            "2026-12-17 expiring",
            "2026-12-24 expiring",
            "2026-12-28 expiring",
            "2026-12-30 expiring",
            "2026-12-31 expired",
            "2027-01-07 suspended",
            "2027-02-06 terminated",
        ]
    );
    // Its first reminder would have been 60 days ahead; 14 days ahead it is made up for.
    assert_eq!(of(CANCELLED.1, &ALL), ["2026-12-17 ending", "2026-12-31 terminated"]);
    for id in [PENNILESS, LOCKED] {
        assert_eq!(of(id, &ENDS), ["2026-12-31 suspended", "2027-01-15 terminated"]);
    }
    assert_eq!(of(FORGOTTEN, &ALL), of(MANUAL.1, &ALL));
    assert_eq!(of(FORGOTTEN_DOMAIN, &ENDS), ["2026-12-31 expired", "2027-01-07 redemption", "2027-02-11 terminated"]);
    assert_eq!(of(DELETED, &ALL), ["2026-12-17 ending", "2026-12-31 terminated"]);
    let others: Vec<_> =
        on_file.iter().filter(|it| ENDS.contains(&it.1) && it.2.is_some_and(|id| !ENDED.contains(&id))).collect();
    assert!(others.is_empty(), "what pays for itself never expires: {others:?}");
    let not_paid = on_file.iter().filter(|it| it.1 == "not-paid").map(|it| it.0.as_str());
    assert_eq!(not_paid.collect::<Vec<_>>(), ["2026-12-26", "2026-12-28", "2026-12-30"]);
}

fn live(open: impl FnOnce() -> World) -> History {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let mut world = open();
        let begins = date(BEGINS);
        let ends = begins.checked_add(Span::new().years(YEARS)).unwrap();
        world.clock.set(midnight(begins));
        set_up(&world).await;
        for day in begins.series(1.day()).take_while(|day| *day < ends) {
            let passed = world.go(midnight(day)).await;
            assert_eq!((passed.days, passed.refused), (1, 0), "{day}: {passed}");
            assert_eq!(world.schedule.catch_up().await.unwrap().days, 0);
            world.assert_sound();
        }
        check(&world, ends);
        let mut history: History = world
            .notices()
            .into_iter()
            .map(|notice| {
                (
                    Zone::UTC.date_of(notice.at).to_string(),
                    notice.kind.word(),
                    notice.kind.told().service.map(|id| id.0),
                )
            })
            .collect();
        history.sort();
        world.close().await;
        history
    })
}

async fn set_up(world: &World) {
    let (code, id) = MANUAL;
    let (service, mode) = (ServiceId(id), Some(RenewalMode::Manual));
    world.submit(world.account(code), Action::SetRenewal { service, mode, period: None }).await;
    let (code, id) = CANCELLED;
    let (service, reason, ending) = (ServiceId(id), String::new(), Ending::AtExpiry);
    world.submit(world.account(code), Action::Cancel { service, reason, ending }).await;
    // Two years of what has no card.
    for id in world.records.account_ids().unwrap() {
        let account = world.records.account(id).unwrap().unwrap();
        if account.currency == Currency::CNY && account.credit_limit.minor() > 0 {
            let (amount, memo) = (Money::new(5_000_000, Currency::CNY), "two years".to_owned());
            world.submit(id, Action::CreditBalance { amount, memo }).await;
        }
    }
}

/// What holds at the end: terms that never drifted, and papers without a gap.
fn check(world: &World, today: Date) {
    let (mut numbers, mut renewed) = (Vec::new(), 0);
    for account in world.records.account_ids().unwrap() {
        let services = world.records.service_ids(account, None).unwrap();
        let wants: Vec<_> = services.iter().map(|id| Want::Service(account, *id)).collect();
        let seen = world.records.load(&wants).unwrap();
        for service in seen.services.values() {
            renewed += check_service(service, today);
        }
        let invoices = world.records.invoices(account, ports::Span::default()).unwrap();
        numbers.extend(invoices.iter().map(|invoice| invoice.number));
        for order in world.records.order_ids(account, ports::Span::default()).unwrap() {
            let seen = world.records.load(&[Want::Order(account, order)]).unwrap();
            let order = seen.order_of(account, order).unwrap();
            let is_closed = !matches!(order.state_at(midnight(today)), OrderState::Open);
            let is_ahead = order.lines.iter().all(|line| line.term.from() > today);
            assert!(is_closed || is_ahead, "{order:?} was forgotten");
        }
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (1..).take(numbers.len()).collect::<Vec<_>>(), "no number is missing");
    assert_eq!(numbers.len(), renewed);
}

/// Checks that a service ended, or was renewed without a day lost; tells how often.
fn check_service(service: &Service, today: Date) -> usize {
    let name = &service.name;
    if ENDED.contains(&service.id.0) {
        assert_eq!((service.hold, service.until), (Hold::Terminated, date(EXPIRY)), "{name}");
        return 0;
    }
    if service.id.0 == ONE_SHOT {
        return 0;
    }
    assert!(service.until > today, "{name} expired on {}", service.until);
    // Its terms fall on the 31st, and on the last day of a month that has none; or on its owner's day.
    let first = date(if ALIGNED.1.contains(&service.id.0) { ALIGNED.2 } else { EXPIRY });
    let months = i32::from(service.until.year() - first.year()) * 12 + i32::from(service.until.month() - first.month());
    assert_eq!(service.until, first.checked_add(Span::new().months(months)).unwrap(), "{name}");
    let period = i32::from(service.period.as_months().unwrap());
    assert_eq!(months % period, 0, "{name}");
    usize::try_from(months / period).unwrap()
}
