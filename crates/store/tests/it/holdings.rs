//! Holdings: what we rent, as it was read last.

use jiff::Timestamp;
use perennial_core::buyer::holding::{Holding, HoldingKey, Native, ProviderName, RemoteId, Stand, Standing};
use perennial_core::product::Kind;
use perennial_store::{HoldingFilter, Sync};

use crate::world::{Database, World, date, instant, period};

fn provider(name: &str) -> ProviderName {
    ProviderName::parse(name).expect("is a name")
}

pub fn holding(account: &str, id: &str, until: &str) -> Holding {
    Holding {
        key: HoldingKey { provider: provider(account), id: RemoteId::parse(id).expect("is an id") },
        kind: Kind::Server,
        name: format!("{id}.example"),
        label: None,
        tags: Vec::new(),
        parent: None,
        stand: Stand {
            until: date(until),
            expires_at: instant("2026-12-30T23:00:00Z"),
            standing: Standing::Renewable,
            native: Native::Off,
        },
        period: None,
    }
}

fn at(hour: i8) -> Timestamp {
    instant(&format!("2026-11-20T{hour:02}:00:00Z"))
}

fn record<D: Database>(world: &mut World<D>, hour: i8, all: &[Holding]) {
    world.batch(|batch| batch.record_holdings(at(hour), all)).expect("are recorded");
}

pub fn holdings_read_back_and_are_brought_up_to_date<D: Database>() {
    let mut world = World::<D>::new();
    let plain = holding("ovh", "vps-1", "2026-12-31");
    let full = Holding {
        kind: Kind::Addon,
        name: "für später ☂".to_owned(),
        label: Some("web\tone".to_owned()),
        tags: vec!["prod".to_owned(), "a\nb".to_owned(), String::new()],
        parent: Some(RemoteId::parse("vps-1").expect("is an id")),
        stand: Stand {
            standing: Standing::Blocked("unpaid bill".to_owned()),
            native: Native::Untold,
            ..plain.stand.clone()
        },
        period: Some(period("P3M")),
        ..holding("ovh", "backup-1", "2027-01-31")
    };
    record(&mut world, 12, &[plain.clone(), full.clone()]);
    for one in [&plain, &full] {
        assert_eq!(world.books.holding(&one.key).expect("reads").as_ref(), Some(one));
    }
    let moved = Holding { key: plain.key.clone(), ..full.clone() };
    let back = Holding { key: full.key.clone(), ..plain.clone() };
    record(&mut world, 13, &[moved.clone(), back.clone()]);
    for one in [&moved, &back] {
        assert_eq!(world.books.holding(&one.key).expect("reads").as_ref(), Some(one));
    }
    let none = holding("ovh", "vps-2", "2026-12-31").key;
    assert_eq!(world.books.holding(&none).expect("reads"), None);
    let odd = Holding { label: Some("a\0b".to_owned()), ..plain };
    record(&mut world, 14, std::slice::from_ref(&odd));
    let label = world.books.holding(&odd.key).expect("reads").expect("is there").label;
    assert_eq!(label.as_deref(), Some("a\u{fffd}b"), "what no database can keep is shown so");
}

pub fn many_holdings_are_recorded_and_read_page_by_page<D: Database>() {
    const HOLDINGS: usize = 2_000;
    let mut world = World::<D>::new();
    let day = |number: usize| format!("2027-{:02}-{:02}", number % 12 + 1, number % 7 + 1);
    let account = |number: usize| if number.is_multiple_of(3) { "vpsbg" } else { "ovh" };
    let mut all: Vec<_> =
        (0..HOLDINGS).map(|number| holding(account(number), &format!("s-{number}"), &day(number))).collect();
    // The pages shift while they are read, so the last ones of a page come again, and one has moved meanwhile.
    world.batch(|batch| {
        for page in all.chunks(100) {
            batch.record_holdings(at(12), page).expect("are recorded");
            let mut again = page[90..].to_vec();
            again[0].name.push_str(".moved");
            batch.record_holdings(at(12), &[again.clone(), again].concat()).expect("are recorded");
        }
    });
    all.iter_mut().skip(90).step_by(100).for_each(|moved| moved.name.push_str(".moved"));
    all.sort_by_key(|one| (one.stand.until, one.key.clone()));

    let filters = [
        HoldingFilter::default(),
        HoldingFilter { provider: Some(provider("ovh")), until_before: None },
        HoldingFilter { provider: None, until_before: Some(date("2027-03-02")) },
        HoldingFilter { provider: Some(provider("vpsbg")), until_before: Some(date("2027-09-05")) },
        HoldingFilter { provider: Some(provider("none")), until_before: None },
    ];
    for filter in filters {
        let is_wanted = |one: &&Holding| {
            filter.provider.as_ref().is_none_or(|of| *of == one.key.provider)
                && filter.until_before.is_none_or(|before| one.stand.until < before)
        };
        let wanted: Vec<_> = all.iter().filter(is_wanted).cloned().collect();
        let mut read: Vec<Holding> = Vec::new();
        loop {
            let after = read.last().map(|last| (last.stand.until, &last.key));
            let page = world.books.holdings(&filter, after, 170).expect("reads");
            if page.is_empty() {
                break;
            }
            read.extend(page);
        }
        assert_eq!(read, wanted, "{filter:?}");
    }
}

pub fn holdings_are_found_by_what_they_are_called<D: Database>() {
    let mut world = World::<D>::new();
    let one = Holding { label: Some("Shop".to_owned()), ..holding("ovh", "VPS-1", "2026-12-31") };
    let two = Holding { name: "shop".to_owned(), ..holding("vpsbg", "2904", "2026-12-31") };
    record(&mut world, 12, &[one.clone(), two.clone()]);
    let found = |name: &str| world.books.find_holdings(name).expect("reads");
    assert_eq!(found("SHOP"), [one.clone(), two.clone()]);
    assert_eq!(found("vps-1"), std::slice::from_ref(&one));
    assert_eq!(found("vps-1.Example"), [one]);
    assert_eq!(found("2904"), [two]);
    assert_eq!(found("sho"), []);
    assert_eq!(found(""), []);
}

pub fn a_whole_reading_forgets_what_is_gone<D: Database>() {
    let mut world = World::<D>::new();
    assert_eq!(world.books.syncs().expect("reads"), []);
    let all = ["a", "b", "c"].map(|id| holding("ovh", id, "2026-12-31"));
    let other = holding("vpsbg", "a", "2026-12-31");
    record(&mut world, 12, &all);
    record(&mut world, 11, std::slice::from_ref(&other));
    let count = world.batch(|batch| {
        batch.record_holdings(at(13), &all[..2]).expect("are recorded");
        batch.end_sync(&provider("ovh"), at(13)).expect("is ended")
    });
    assert_eq!(count, 2);
    let ids = |world: &World<D>| -> Vec<_> {
        let page = world.books.holdings(&HoldingFilter::default(), None, 10).expect("reads");
        page.into_iter().map(|one| one.key.to_string()).collect()
    };
    assert_eq!(ids(&world), ["ovh/a", "ovh/b", "vpsbg/a"], "another account's stay");
    let first = Sync { provider: provider("ovh"), at: at(13), holdings: 2 };
    assert_eq!(world.books.syncs().expect("reads"), std::slice::from_ref(&first));
    // An inventory that is empty is read whole as well.
    assert_eq!(world.batch(|batch| batch.end_sync(&provider("vpsbg"), at(14))).expect("is ended"), 0);
    assert_eq!(world.batch(|batch| batch.end_sync(&provider("ovh"), at(13))).expect("is ended"), 2);
    assert_eq!(ids(&world), ["ovh/a", "ovh/b"]);
    let second = Sync { provider: provider("vpsbg"), at: at(14), holdings: 0 };
    assert_eq!(world.books.syncs().expect("reads"), [first, second]);
    // Two readings at once: the one that began first makes nothing older that the other one has read.
    let count = world.batch(|batch| {
        batch.record_holdings(at(16), &all[..2]).expect("are recorded");
        batch.record_holdings(at(15), &all[..2]).expect("are recorded");
        batch.end_sync(&provider("ovh"), at(16)).expect("is ended")
    });
    assert_eq!((count, ids(&world)), (2, vec!["ovh/a".to_owned(), "ovh/b".to_owned()]));
}
