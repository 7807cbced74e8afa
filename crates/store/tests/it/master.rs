//! Master data: recorded, found again, brought up to date.

use std::collections::BTreeMap;

use perennial_core::account::Account;
use perennial_core::command::{Action, CouponUse, PayWith, Reply};
use perennial_core::ids::{AccountId, CouponId, MethodId, ProductId, ServiceId};
use perennial_core::money::Currency;
use perennial_core::payment::{MethodKind, MethodStatus, PaymentMethod, Preference};
use perennial_core::product::{Coupon, Kind, Product, Renewability};
use perennial_core::service::{Cancellation, Ending, Hold, RenewalMode, Service};
use perennial_core::snapshot::Want;
use perennial_store::{Record, Recorded, StoreError};

use crate::world::{
    COUPON, CUSTOMER, DOMAIN, Database, HOSTING, PAYPAL, RESELLER, SERVER, World, account, date, eur, instant, method,
    period, price, product, promo, record, renew, seller, service,
};

pub fn records_read_back<D: Database>() {
    let mut world = World::<D>::new();
    let full = Service {
        display_name: Some("tab\tand\nline".to_owned()),
        mode: RenewalMode::DeleteAtExpiry,
        cancellation: Some(Cancellation {
            requested: instant("2026-11-01T00:00:00.000001Z"),
            reason: String::new(),
            ending: Ending::AtExpiry,
            mode_before: RenewalMode::Automatic,
        }),
        hold: Hold::Locked,
        period: period("P2W"),
        protected_prices: vec![price("P1Y", 4_900), price("P1M", 400)],
        facts: [("vcore", "1"), ("memory = MB", "2048\n"), ("", "")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
        version: 7,
        ..service(ServiceId(77), CUSTOMER, 3, Some(SERVER))
    };
    let card = PaymentMethod {
        id: MethodId(8),
        kind: MethodKind::Card,
        label: "4242".to_owned(),
        description: Some("Company card".to_owned()),
        status: MethodStatus::Cancelled,
        preference: Preference::Other,
        expires: Some(date("2027-10-31")),
        on_gateway: None,
        ..method()
    };
    let recorded = record(&mut *world.store, &[Record::Service(full.clone()), Record::Method(card.clone())]);
    assert_eq!(recorded.expect("are recorded"), [Recorded::Created(77), Recorded::Created(8)]);
    let wants = [
        Want::Account(CUSTOMER),
        Want::Account(RESELLER),
        Want::Family(CUSTOMER, SERVER),
        Want::Family(CUSTOMER, DOMAIN),
        Want::Methods(CUSTOMER),
        Want::Coupons(CUSTOMER),
    ];
    let seen = world.books.load(&wants).expect("loads");
    assert_eq!(seen.accounts[&CUSTOMER], account(CUSTOMER));
    assert_eq!(seen.accounts[&RESELLER], account(RESELLER));
    assert_eq!(seen.services[&full.id], full);
    assert_eq!(seen.services[&HOSTING], service(HOSTING, CUSTOMER, 2, Some(DOMAIN)));
    assert_eq!((&seen.children[&SERVER], &seen.children[&DOMAIN]), (&vec![full.id], &vec![HOSTING]));
    assert_eq!((&seen.methods[&PAYPAL], &seen.methods[&card.id]), (&method(), &card));
    assert_eq!(seen.coupons[&CUSTOMER][0].id, COUPON);
    assert_eq!(seen.catalogue.seller, seller());
    assert_eq!(seen.catalogue.promos["spring"], promo());
    let server = product(3, Kind::Server, Renewability::OneOpen, &[price("P1M", 500), price("P1Y", 5_500)]);
    assert_eq!(seen.catalogue.products[&ProductId(3)], server);
    assert_eq!(world.books.account_ids().expect("reads"), [CUSTOMER, RESELLER]);
    assert_eq!(world.books.find_account("xx2-test").expect("reads"), Some(RESELLER));
    assert_eq!(world.books.method_ids(CUSTOMER).expect("reads"), [card.id, PAYPAL]);
    assert_eq!(world.books.service_ids(CUSTOMER, Some(Kind::Server)).expect("reads"), [SERVER, full.id]);
    let find = |account, name| world.books.find_service(account, Kind::Server, name).expect("reads");
    assert_eq!(find(CUSTOMER, "service-1.example"), Some(SERVER));
    assert_eq!((find(RESELLER, "service-1.example"), find(CUSTOMER, "nothing")), (None, None));
}

pub fn what_is_there_is_brought_up_to_date<D: Database>() {
    let mut world = World::<D>::new();
    let fact = |name: &str| BTreeMap::from([(name.to_owned(), "told".to_owned())]);
    let rows = [
        Record::Seller(perennial_core::account::Seller { vat_number: None, ..seller() }),
        Record::Account(Account { name: "Other".to_owned(), facts: fact("city"), ..account(CUSTOMER) }),
        Record::Product(Product {
            facts: fact("memory"),
            ..product(1, Kind::Domain, Renewability::OneOpen, &[price("P1Y", 299), price("P1M", 30)])
        }),
        Record::Promo(perennial_core::product::PromoCode { months_min: 6, products: Vec::new(), ..promo() }),
        Record::Service(Service { protected_prices: vec![price("P1Y", 1)], ..service(DOMAIN, CUSTOMER, 1, None) }),
        Record::Method(PaymentMethod { description: Some("mine".to_owned()), ..method() }),
        Record::Coupon(Coupon { id: COUPON, account: CUSTOMER, amount: eur(200), expires: None, used_by: None }),
    ];
    let recorded = record(&mut *world.store, &rows).expect("are recorded");
    assert!(recorded.iter().all(|recorded| matches!(recorded, Recorded::Updated(_))), "{recorded:?}");
    let again = record(&mut *world.store, &rows).expect("are recorded");
    assert!(again.iter().all(|recorded| matches!(recorded, Recorded::Unchanged(_))), "{again:?}");
    let seen = world.books.load(&[Want::Account(CUSTOMER), Want::Coupons(CUSTOMER)]).expect("loads");
    assert_eq!((seen.accounts[&CUSTOMER].name.as_str(), &seen.accounts[&CUSTOMER].facts), ("Other", &fact("city")));
    assert_eq!(seen.catalogue.products[&ProductId(1)].facts, fact("memory"));
    assert!(seen.catalogue.promos["spring"].products.is_empty());
    assert_eq!(seen.catalogue.products[&ProductId(1)].prices, [price("P1Y", 299), price("P1M", 30)]);
    assert_eq!((seen.catalogue.promos["spring"].months_min, &seen.catalogue.seller.vat_number), (6, &None));
    assert_eq!(seen.coupons[&CUSTOMER][0].amount, eur(200));
    assert_eq!(world.service(CUSTOMER, DOMAIN).protected_prices, [price("P1Y", 1)]);
}

pub fn every_kind_of_product_is_recorded<D: Database>() {
    let mut world = World::<D>::new();
    let rows: Vec<_> = (100..)
        .zip(Kind::ALL)
        .map(|(id, kind)| Record::Product(product(id, kind, Renewability::OneOpen, &[price("P1M", 100)])))
        .collect();
    record(&mut *world.store, &rows).expect("are recorded");
    let catalogue = world.books.load(&[]).expect("loads").catalogue;
    for (id, kind) in (100..).zip(Kind::ALL) {
        assert_eq!(catalogue.products[&ProductId(id)].kind, kind);
    }
}

pub fn a_service_keeps_what_was_paid_for<D: Database>() {
    let mut world = World::<D>::new();
    let order = world.place(&[SERVER], "P1M");
    world.pay(order.id, PayWith::Method(PAYPAL));
    let open = world.place(&[SERVER], "P1M");
    let before = world.service(CUSTOMER, SERVER);
    let file =
        Service { name: "renamed.example".to_owned(), hold: Hold::Terminated, ..service(SERVER, RESELLER, 3, None) };
    let recorded = record(&mut *world.store, &[Record::Service(file)]).expect("is recorded");
    assert_eq!(recorded, [Recorded::Updated(SERVER.0)]);
    let after = world.service(CUSTOMER, SERVER);
    let version = before.version + 1;
    assert_eq!(after, Service { name: "renamed.example".to_owned(), version, ..before });
    assert_eq!((after.until, after.open_order), (date("2027-01-31"), Some(open.id)));
    world.assert_sound();
}

pub fn keys_find_rows_without_ids<D: Database>() {
    let mut world = World::<D>::new();
    let mut named = account(CUSTOMER);
    named.id = AccountId(0);
    let mut listed = product(3, Kind::Server, Renewability::OneOpen, &[price("P1M", 500), price("P1Y", 5_500)]);
    listed.id = ProductId(0);
    let rows = [
        Record::Account(named.clone()),
        Record::Product(listed.clone()),
        Record::Service(Service { id: ServiceId(0), ..service(SERVER, CUSTOMER, 3, None) }),
        Record::Service(Service {
            id: ServiceId(0),
            name: "service-1.example".to_owned(),
            ..service(SERVER, CUSTOMER, 3, None)
        }),
        Record::Method(PaymentMethod { id: MethodId(0), ..method() }),
    ];
    let recorded = record(&mut *world.store, &rows).expect("are recorded");
    assert_eq!(recorded.iter().map(|recorded| recorded.id()).collect::<Vec<_>>(), [1, 3, 1, 1, PAYPAL.0]);
    assert!(recorded.iter().all(|recorded| matches!(recorded, Recorded::Unchanged(_))), "{recorded:?}");
    let rows = [
        Record::Account(Account { code: "new".to_owned(), ..named }),
        Record::Product(Product { code: "new".to_owned(), ..listed }),
        Record::Service(Service { id: ServiceId(0), name: "new".to_owned(), ..service(SERVER, CUSTOMER, 3, None) }),
        Record::Method(PaymentMethod { id: MethodId(0), label: "new".to_owned(), ..method() }),
        Record::Coupon(Coupon { id: CouponId(0), account: CUSTOMER, amount: eur(5), expires: None, used_by: None }),
    ];
    let recorded = record(&mut *world.store, &rows).expect("are recorded");
    let created: Vec<_> = [3, 5, HOSTING.0 + 1, PAYPAL.0 + 1, 2].map(Recorded::Created).into();
    assert_eq!(recorded, created);
    let stolen = Service { id: ServiceId(500), ..service(SERVER, CUSTOMER, 3, None) };
    let homeless = Service { id: ServiceId(0), name: "x".to_owned(), ..service(SERVER, CUSTOMER, 99, None) };
    for row in [stolen, homeless] {
        let refused = record(&mut *world.store, &[Record::Service(row)]);
        assert!(matches!(refused, Err(StoreError::Constraint { .. })), "{refused:?}");
    }
}

pub fn an_account_keeps_its_currency_and_a_product_its_kind<D: Database>() {
    let mut world = World::<D>::new();
    let crowns = Account { currency: Currency::SEK, ..account(CUSTOMER) };
    let moved = product(1, Kind::Server, Renewability::OneOpen, &[]);
    for row in [Record::Account(crowns), Record::Product(moved)] {
        let refused = record(&mut *world.store, &[row]);
        assert!(matches!(refused, Err(StoreError::Constraint { .. })), "{refused:?}");
    }
}

pub fn a_used_coupon_is_left_alone<D: Database>() {
    let mut world = World::<D>::new();
    let of_another = |minor| {
        Record::Coupon(Coupon { id: COUPON, account: RESELLER, amount: eur(minor), expires: None, used_by: None })
    };
    let refused = |refused: Result<Vec<Recorded>, StoreError>| {
        assert!(matches!(refused, Err(StoreError::Constraint { .. })), "{refused:?}");
    };
    refused(record(&mut *world.store, &[of_another(999)]));
    let mut action = renew(&[SERVER], "P1M");
    if let Action::Renew { request, .. } = &mut action {
        request.coupons = CouponUse::First;
    }
    let Reply::Placed(order) = world.done(CUSTOMER, action) else { panic!("not placed") };
    world.pay(order.id, PayWith::Balance);
    let row = Coupon { id: COUPON, account: CUSTOMER, amount: eur(999), expires: None, used_by: None };
    let recorded = record(&mut *world.store, &[Record::Coupon(row)]).expect("is recorded");
    assert_eq!(recorded, [Recorded::Unchanged(COUPON.0)]);
    assert!(world.books.load(&[Want::Coupons(CUSTOMER)]).expect("loads").coupons[&CUSTOMER].is_empty());
    refused(record(&mut *world.store, &[of_another(998)]));
}

pub fn there_is_one_default_method<D: Database>() {
    let mut world = World::<D>::new();
    let card = PaymentMethod { id: MethodId(0), label: "another".to_owned(), ..method() };
    let recorded = record(&mut *world.store, &[Record::Method(card)]).expect("is recorded");
    let id = MethodId(recorded[0].id());
    let methods = world.books.load(&[Want::Methods(CUSTOMER)]).expect("loads").methods;
    assert_eq!((methods[&id].preference, methods[&PAYPAL].preference), (Preference::Default, Preference::Other));
    let description = None;
    world.done(CUSTOMER, Action::EditMethod { method: PAYPAL, description, preference: Some(Preference::Default) });
    let methods = world.books.load(&[Want::Methods(CUSTOMER)]).expect("loads").methods;
    assert_eq!((methods[&id].preference, methods[&PAYPAL].preference), (Preference::Other, Preference::Default));
}

pub fn the_price_list_is_read_again_when_it_changed<D: Database>() {
    let mut world = World::<D>::new();
    let before = world.books.load(&[]).expect("loads").catalogue;
    assert!(std::sync::Arc::ptr_eq(&before, &world.books.load(&[]).expect("loads").catalogue));
    let mut other = world.database.store();
    let dearer = product(1, Kind::Domain, Renewability::OneOpen, &[price("P1Y", 499)]);
    record(&mut *other, &[Record::Product(dearer.clone())]).expect("is recorded");
    let after = world.books.load(&[]).expect("loads").catalogue;
    assert!(after.version > before.version);
    assert_eq!(after.products[&ProductId(1)], dearer);
    let batch = world.store.begin().expect("begins");
    assert_eq!(batch.load(&[]).expect("loads").catalogue, after);
}

pub fn a_price_list_that_was_rolled_back_is_not_kept<D: Database>() {
    let mut world = World::<D>::new();
    let dearer = |minor| product(1, Kind::Domain, Renewability::OneOpen, &[price("P1Y", minor)]);
    let mut batch = world.store.begin().expect("begins");
    batch.record(&Record::Product(dearer(499))).expect("is recorded");
    assert_eq!(batch.load(&[]).expect("loads").catalogue.products[&ProductId(1)], dearer(499));
    drop(batch);
    record(&mut *world.database.store(), &[Record::Product(dearer(599))]).expect("is recorded");
    let batch = world.store.begin().expect("begins");
    assert_eq!(batch.load(&[]).expect("loads").catalogue.products[&ProductId(1)], dearer(599));
}

pub fn many_services_are_recorded<D: Database>() {
    let mut world = World::<D>::new();
    let services: Vec<_> = (0..5_000)
        .map(|index| {
            Record::Service(Service {
                id: ServiceId(0),
                name: format!("bulk-{index}.example"),
                created: instant("2026-01-01T00:00:00Z").to_zoned(jiff::tz::TimeZone::UTC).date(),
                ..service(SERVER, RESELLER, 3, None)
            })
        })
        .collect();
    record(&mut *world.store, &services).expect("are recorded");
    assert_eq!(world.books.service_ids(RESELLER, Some(Kind::Server)).expect("reads").len(), 5_001);
    world.assert_sound();
}

pub fn what_is_due_is_read_page_by_page<D: Database>() {
    let mut world = World::<D>::new();
    let until = |day: i8| jiff::civil::date(2027, 1, 1 + day);
    let services: Vec<_> = (0_i8..25)
        .map(|index| {
            Record::Service(Service {
                id: ServiceId(1_000 + i64::from(index)),
                name: format!("due-{index}.example"),
                until: until(index % 5),
                ..service(SERVER, RESELLER, 3, None)
            })
        })
        .collect();
    record(&mut *world.store, &services).expect("are recorded");
    let mut seen = Vec::new();
    loop {
        let page = world.books.services_due(until(3), seen.last().copied(), 4).expect("reads");
        assert!(page.len() <= 4);
        if page.is_empty() {
            break;
        }
        seen.extend(page);
    }
    assert!(seen.is_sorted_by_key(|due| (due.until, due.service)));
    let of_january: Vec<_> = seen.iter().filter(|due| due.until >= until(0)).map(|due| due.service.0).collect();
    assert_eq!(of_january, [1000, 1005, 1010, 1015, 1020, 1001, 1006, 1011, 1016, 1021, 1002, 1007, 1012, 1017, 1022]);
}
