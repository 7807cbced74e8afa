//! Commands, carried out as the lane does.

use jiff::Timestamp;
use perennial_core::command::{Action, Command, CouponUse, CreditTo, PayWith, Reply};
use perennial_core::idempotency::TokenKey;
use perennial_core::ids::{OrderId, ServiceId};
use perennial_core::invoice::InvoiceKind;
use perennial_core::ledger::{Balances, Book, Transfer};
use perennial_core::order::OrderState;
use perennial_core::payment::MethodKind;
use perennial_core::ports::Span;
use perennial_core::refusal::Refusal;
use perennial_core::service::Service;
use perennial_core::snapshot::{Change, Want};
use perennial_store::{StoreError, Waiting};

use crate::webhooks::event;
use crate::world::{
    COUPON, CUSTOMER, DOMAIN, Database, HOSTING, PAYPAL, RESELLER, RESOLD, SERVER, STACKING, World, date, eur, instant,
    renew, token,
};

pub fn a_renewal_is_placed_and_paid<D: Database>() {
    let mut world = World::<D>::new();
    let placed = world.place(&[HOSTING, DOMAIN], "P1Y");
    assert_eq!((placed.id, placed.gross), (OrderId(1), eur(4_544)));
    assert_eq!(world.service(CUSTOMER, DOMAIN).open_order, Some(placed.id));
    let paid = world.pay(placed.id, PayWith::Method(PAYPAL));
    assert_eq!(world.order(placed.id), paid);
    for service in [DOMAIN, HOSTING] {
        let service = world.service(CUSTOMER, service);
        assert_eq!((service.until, service.open_order), (date("2027-12-31"), None));
    }
    let wants = [Want::Payment(CUSTOMER, placed.id), Want::Invoices(CUSTOMER, placed.id)];
    let seen = world.books.load(&wants).expect("loads");
    let payment = &seen.payments[&placed.id];
    assert_eq!((payment.kind, payment.method, payment.amount), (MethodKind::PayPal, Some(PAYPAL), eur(4_544)));
    let invoice = seen.original(placed.id).expect("was issued");
    assert_eq!(invoice.number_text(), "INV00000001");
    assert_eq!(world.books.invoice(CUSTOMER, invoice.id).expect("reads").as_ref(), Some(invoice));
    assert_eq!(world.books.find_invoice(CUSTOMER, "INV", 1).expect("reads").as_ref(), Some(invoice));
    assert_eq!(world.books.find_invoice(RESELLER, "INV", 1).expect("reads"), None);
    assert_eq!(
        world.one(CUSTOMER, Action::Pay { order: placed.id, with: PayWith::Balance, due: None }),
        Err(Refusal::OrderPaid(placed.id))
    );
    world.assert_sound();
}

pub fn a_batch_decides_each_command_on_what_the_one_before_did<D: Database>() {
    let mut world = World::<D>::new();
    let command = |action| Command { account: CUSTOMER, token: None, action };
    let pay = |order| command(Action::Pay { order: OrderId(order), with: PayWith::Balance, due: None });
    world.place(&[SERVER], "P1M");
    world.place(&[DOMAIN], "P1Y");
    let replies = world.run(&[pay(1), pay(1), command(renew(&[SERVER], "P1M")), pay(2), pay(9)]);
    assert!(matches!(replies[0], Ok(Reply::Paid(_))), "{replies:?}");
    assert_eq!(replies[1], Err(Refusal::OrderPaid(OrderId(1))));
    assert!(matches!(&replies[2], Ok(Reply::Placed(order)) if order.id == OrderId(3)), "{replies:?}");
    assert!(matches!(replies[3], Ok(Reply::Paid(_))), "{replies:?}");
    assert_eq!(replies[4], Err(Refusal::UnknownOrder(OrderId(9))));
    world.assert_sound();
}

pub fn each_way_of_paying_moves_its_book<D: Database>() {
    let mut world = World::<D>::new();
    let balances = |world: &World<D>| {
        let balances = world.books.load(&[Want::Balances(CUSTOMER)]).expect("loads").balances[&CUSTOMER];
        (balances.balance, balances.receivable)
    };
    for (service, with, left, owed) in [
        (SERVER, PayWith::Balance, 9_400, 0),
        (STACKING, PayWith::CreditLine, 9_400, 300),
        (SERVER, PayWith::Method(PAYPAL), 9_400, 300),
        (SERVER, PayWith::CreditLine, 9_400, 900),
    ] {
        let order = world.place(&[service], "P1M");
        world.pay(order.id, with);
        assert_eq!(balances(&world), (eur(left), eur(owed)), "{with:?}");
    }
    let movements = world.books.balance_movements(CUSTOMER, Span::default()).expect("reads");
    let ids: Vec<_> = movements.iter().map(|(id, _)| *id).collect();
    assert!(ids.is_sorted(), "{ids:?}");
    let books: Vec<_> = movements.into_iter().map(|(_, transfer)| (transfer.debit, transfer.credit)).collect();
    let expected = [(Book::Adjustment, Book::Balance), (Book::Balance, Book::Revenue), (Book::Balance, Book::Tax)];
    assert_eq!(books, expected);
    world.assert_sound();
}

pub fn a_credited_order_gives_the_money_back<D: Database>() {
    let mut world = World::<D>::new();
    let order = world.place(&[SERVER], "P1M");
    world.pay(order.id, PayWith::Balance);
    world.done(CUSTOMER, Action::CreditOrder { order: order.id, to: CreditTo::Balance });
    let again = world.one(CUSTOMER, Action::CreditOrder { order: order.id, to: CreditTo::Balance });
    assert_eq!(again, Err(Refusal::OrderCredited(order.id)));
    let seen = world.books.load(&[Want::Balances(CUSTOMER)]).expect("loads");
    assert_eq!(seen.balances[&CUSTOMER], Balances { balance: eur(10_000), receivable: eur(0) });
    let invoices = world.books.invoices(CUSTOMER, Span::default()).expect("reads");
    let corrects = InvoiceKind::CreditNote { corrects: invoices[0].id };
    assert_eq!((invoices[1].kind, invoices[1].gross, invoices[1].number), (corrects, eur(-600), 1));
    world.assert_sound();
}

pub fn coupons_are_used_once<D: Database>() {
    let mut world = World::<D>::new();
    let mut first = renew(&[SERVER], "P1M");
    if let Action::Renew { request, .. } = &mut first {
        request.coupons = CouponUse::First;
    }
    let Reply::Placed(order) = world.done(CUSTOMER, first) else { panic!("not placed") };
    assert_eq!(order.net, eur(400));
    let held = world.books.load(&[Want::Coupons(CUSTOMER)]).expect("loads");
    assert!(!held.is_usable(world.now, &held.coupons[&CUSTOMER][0]));
    assert!(held.is_usable(order.lapses, &held.coupons[&CUSTOMER][0]), "a lapsed order holds no coupon");
    world.pay(order.id, PayWith::Balance);
    let used = world.books.load(&[Want::Coupons(CUSTOMER)]).expect("loads").coupons;
    assert!(used[&CUSTOMER].is_empty());
    let again = Change::UseCoupon { account: CUSTOMER, coupon: COUPON, order: order.id };
    assert!(matches!(world.written(&[again]), Err(StoreError::Constraint { doing: "use a coupon", .. })));
}

pub fn a_stacking_service_is_extended_by_each_order<D: Database>() {
    let mut world = World::<D>::new();
    let orders = [world.place(&[STACKING], "P1M").id, world.place(&[STACKING], "P1W").id];
    let pays = orders.map(|order| Command {
        account: CUSTOMER,
        token: None,
        action: Action::Pay { order, with: PayWith::Balance, due: None },
    });
    assert!(world.run(&pays).iter().all(Result::is_ok));
    assert_eq!(world.service(CUSTOMER, STACKING).until, date("2027-02-07"));
    world.assert_sound();
}

pub fn a_cancelled_order_leaves_its_service_free<D: Database>() {
    let mut world = World::<D>::new();
    let order = world.place(&[SERVER], "P1M");
    world.done(CUSTOMER, Action::CancelOrder { order: order.id });
    assert_eq!(world.order(order.id).state, OrderState::Cancelled(world.now));
    assert_eq!(world.place(&[SERVER], "P1M").id, OrderId(2));
    world.assert_sound();
}

pub fn a_token_gets_its_first_reply_after_a_restart<D: Database>() {
    let mut world = World::<D>::new();
    let command =
        |digest| Command { account: CUSTOMER, token: Some(token("once", digest)), action: renew(&[SERVER], "P1M") };
    let first = world.run(&[command(1)]).remove(0);
    world.store = world.database.store();
    assert_eq!(world.run(&[command(1)]).remove(0), first);
    assert_eq!(world.run(&[command(2)]).remove(0), Err(Refusal::TokenMismatch));
    let order = OrderId(1);
    assert_eq!(world.books.order_ids(CUSTOMER, Span::default()).expect("reads"), [order]);
    // Once its time is over, another reply takes its place.
    world.now = instant("2026-11-22T12:00:00Z");
    let mut late = command(3);
    late.token = Some(token("once", 3));
    assert!(matches!(world.run(&[late]).remove(0), Ok(Reply::Placed(order)) if order.id == OrderId(2)));
}

pub fn the_things_of_another_account_are_not_found<D: Database>() {
    let mut world = World::<D>::new();
    let order = world.place(&[SERVER], "P1M");
    world.done(CUSTOMER, Action::LinkOrder { order: order.id, token: "token".to_owned() });
    world.pay(order.id, PayWith::Method(PAYPAL));
    world.place(&[DOMAIN], "P1Y");
    let id = order.id;
    let seen = world
        .books
        .load(&[
            Want::Service(RESELLER, SERVER),
            Want::Family(RESELLER, DOMAIN),
            Want::Service(CUSTOMER, ServiceId(99)),
            Want::Order(RESELLER, id),
            Want::OrderWithServices(RESELLER, id),
            Want::Link(RESELLER, id),
            Want::OpenOrders(RESELLER),
            Want::Payment(RESELLER, id),
            Want::Invoices(RESELLER, id),
            Want::Method(RESELLER, PAYPAL),
            Want::Methods(RESELLER),
            Want::Coupons(RESELLER),
        ])
        .expect("loads");
    assert!(seen.services.is_empty() && seen.children.is_empty() && seen.orders.is_empty());
    assert!(seen.links.is_empty() && seen.payments.is_empty() && seen.invoices.is_empty() && seen.methods.is_empty());
    assert!(seen.coupons[&RESELLER].is_empty());
    assert_eq!(world.books.service_ids(RESELLER, None).expect("reads"), [RESOLD]);
    assert!(world.books.order_ids(RESELLER, Span::default()).expect("reads").is_empty());
    assert!(world.books.invoices(RESELLER, Span::default()).expect("reads").is_empty());
    let foreign = world.one(RESELLER, Action::Pay { order: id, with: PayWith::Balance, due: None });
    assert_eq!(foreign, Err(Refusal::UnknownOrder(id)));
}

pub fn a_stale_version_is_a_conflict<D: Database>() {
    let mut world = World::<D>::new();
    let stale = world.service(CUSTOMER, SERVER);
    world.done(CUSTOMER, Action::Rename { service: SERVER, display_name: Some("mine".to_owned()) });
    let refused = world.written(&[Change::SetService(stale)]);
    assert!(matches!(&refused, Err(StoreError::Conflict { services }) if *services == [SERVER]), "{refused:?}");
    let service = world.service(CUSTOMER, SERVER);
    assert_eq!((service.display_name.as_deref(), service.version), (Some("mine"), 1));
}

pub fn a_write_that_is_refused_spoils_its_batch<D: Database>() {
    let mut world = World::<D>::new();
    let transfer = Transfer {
        account: CUSTOMER,
        debit: Book::Adjustment,
        credit: Book::Balance,
        amount: eur(50),
        order: None,
        at: world.now,
        memo: None,
    };
    let overdraft =
        Transfer { debit: Book::Balance, credit: Book::Adjustment, amount: eur(1_000_000), ..transfer.clone() };
    let changes = [Change::Book(transfer.clone()), Change::Book(overdraft)];
    let refused = world.written(&changes);
    assert!(matches!(refused, Err(StoreError::Constraint { doing: "book a transfer", .. })), "{refused:?}");
    let mut batch = world.store.begin().expect("begins");
    batch.write(&changes[..1]).expect("is written");
    // Whether it is refused now or when something is read is the database's to choose.
    let refused = batch.write(&changes).map_err(drop).and_then(|()| batch.load(&[]).map(drop).map_err(drop));
    assert_eq!(refused, Err(()));
    assert!(batch.load(&[]).is_err());
    assert!(matches!(batch.write(&changes[..1]), Err(StoreError::Failed(_))));
    assert!(matches!(batch.commit(), Err(StoreError::Failed(_))));
    let seen = world.books.load(&[Want::Balances(CUSTOMER)]).expect("loads");
    assert_eq!(seen.balances[&CUSTOMER].balance, eur(10_000));
    world.assert_sound();
}

pub fn a_dropped_batch_leaves_nothing<D: Database>() {
    let mut world = World::<D>::new();
    let renamed = Service { display_name: Some("mine".to_owned()), ..world.service(CUSTOMER, SERVER) };
    let mut batch = world.store.begin().expect("begins");
    batch.write(&[Change::SetService(renamed)]).expect("is written");
    drop(batch);
    assert_eq!(world.service(CUSTOMER, SERVER).display_name, None);
    world.place(&[SERVER], "P1M");
}

pub fn a_batch_sees_its_own_writes<D: Database>() {
    let mut world = World::<D>::new();
    let renamed = Service { display_name: Some("mine".to_owned()), ..world.service(CUSTOMER, SERVER) };
    let mut batch = world.store.begin().expect("begins");
    batch.write(&[Change::SetService(renamed)]).expect("is written");
    let wants = [Want::Service(CUSTOMER, SERVER)];
    assert_eq!(batch.load(&wants).expect("loads").services[&SERVER].display_name.as_deref(), Some("mine"));
    assert_eq!(world.books.load(&wants).expect("loads").services[&SERVER].display_name, None);
    batch.commit().expect("commits");
    assert_eq!(world.books.load(&wants).expect("loads").services[&SERVER].display_name.as_deref(), Some("mine"));
}

pub fn spans_bound_what_is_listed<D: Database>() {
    let mut world = World::<D>::new();
    let first = world.now;
    for service in [SERVER, DOMAIN] {
        let order = world.place(&[service], "P1Y");
        world.pay(order.id, PayWith::Method(PAYPAL));
        world.now = instant("2026-11-21T12:00:00Z");
    }
    let (one, two) = (OrderId(1), OrderId(2));
    let rows = [
        (Span::default(), vec![one, two]),
        (Span { from: Some(first), to: Some(first) }, vec![one]),
        (Span { from: Some(world.now), to: None }, vec![two]),
        (Span { from: None, to: Some(instant("2026-11-20T11:59:59Z")) }, vec![]),
    ];
    for (span, orders) in rows {
        let invoices = world.books.invoices(CUSTOMER, span).expect("reads");
        assert_eq!(invoices.iter().map(|invoice| invoice.order).collect::<Vec<_>>(), orders, "{span:?}");
        assert_eq!(world.books.order_ids(CUSTOMER, span).expect("reads"), orders, "{span:?}");
    }
}

pub fn replies_and_notices_are_forgotten<D: Database>() {
    let mut world = World::<D>::new();
    let command =
        |key, service| Command { account: CUSTOMER, token: Some(token(key, 1)), action: renew(&[service], "P1Y") };
    world.run(&[command("a", SERVER), command("b", DOMAIN), command("c", HOSTING)]);
    let notice = Action::RequestTermination { service: SERVER, token: "t".to_owned(), token_digest: [7; 32] };
    world.done(CUSTOMER, notice);
    let waiting = world.books.notices_waiting(10).expect("reads");
    assert_eq!(waiting.len(), 1);
    let later = instant("2026-11-21T12:00:00Z");
    let before = world.now;
    let forgotten = world.batch(|batch| {
        assert_eq!(batch.forget(before, 10).expect("forgets"), 0);
        batch.notice_sent(waiting[0].id, before).expect("is noted");
        assert_eq!(batch.forget(before, 10).expect("forgets"), 0, "webhooks were not told of it");
        batch.spread(before, &[(waiting[0].id, event())]).expect("is spread");
        [
            batch.forget(later, 2).expect("forgets"),
            batch.forget(later, 2).expect("forgets"),
            batch.forget(later, 2).expect("forgets"),
        ]
    });
    assert_eq!(forgotten, [2, 2, 0]);
    assert!(world.books.notices_waiting(10).expect("reads").is_empty());
    let key = TokenKey { account: CUSTOMER, operation: "renew".to_owned(), key: "a".to_owned() };
    assert!(world.books.load(&[Want::Replay(key)]).expect("loads").replays.is_empty());
    world.assert_sound();
}

pub fn a_notice_is_left_to_one_node_for_a_while<D: Database>() {
    let mut world = World::<D>::new();
    for service in [SERVER, DOMAIN, HOSTING] {
        let token = service.to_string();
        world.done(CUSTOMER, Action::RequestTermination { service, token, token_digest: [7; 32] });
    }
    let waiting = world.books.notices_waiting(10).expect("reads");
    let [first, second, third] = [0, 1, 2].map(|at| waiting[at].id);
    let until = instant("2026-11-20T12:05:00Z");
    let mut claim = |node: &str, now: &str, rows_max| {
        let claimed = world.batch(|batch| batch.claim_notices(node, instant(now), until, rows_max)).expect("claims");
        assert!(claimed.iter().all(|notice| waiting.contains(notice)));
        ids(&claimed)
    };
    assert_eq!(claim("one", "2026-11-20T12:00:00Z", 2), [first, second]);
    assert_eq!(claim("two", "2026-11-20T12:00:00Z", 10), [third]);
    assert_eq!(claim("one", "2026-11-20T12:00:00Z", 10), [first, second], "those that are its own");
    assert_eq!(claim("two", "2026-11-20T12:04:59Z", 10), [third]);
    assert_eq!(claim("two", "2026-11-20T12:05:00Z", 10), [first, second, third], "another one's time is over");
    world.batch(|batch| batch.notice_sent(second, until)).expect("is noted");
    let left = world.batch(|batch| batch.claim_notices("three", instant("2027-01-01T00:00:00Z"), until, 10));
    assert_eq!(ids(&left.expect("claims")), [first, third]);
}

pub fn a_notice_that_could_not_leave_waits<D: Database>() {
    let mut world = World::<D>::new();
    assert_eq!(world.books.next_notice().expect("reads"), None);
    for service in [SERVER, DOMAIN, HOSTING] {
        let token = service.to_string();
        world.done(CUSTOMER, Action::RequestTermination { service, token, token_digest: [7; 32] });
    }
    let [first, second, third] = [0, 1, 2].map(|at| world.books.notices_waiting(10).expect("reads")[at].id);
    let now = world.now;
    let (soon, later) = (instant("2026-11-20T12:01:00Z"), instant("2026-11-20T13:00:00Z"));
    let claim = |world: &mut World<D>, node: &str, now| {
        world.batch(|batch| batch.claim_notices(node, now, later, 10)).expect("claims")
    };
    assert_eq!(world.books.next_notice().expect("reads"), Some(Timestamp::UNIX_EPOCH));
    assert_eq!(ids(&claim(&mut world, "one", now)), [first, second, third]);
    world.batch(|batch| {
        batch.notice_waits(first, later).expect("is noted");
        batch.notice_waits(second, soon).expect("is noted");
        batch.notice_sent(third, now).expect("is noted");
        batch.notice_waits(third, soon).expect("has left, and is left alone");
    });
    assert_eq!(world.books.next_notice().expect("reads"), Some(soon));
    // All that have not left are told, in the order in which they will.
    let waiting = world.books.notices_waiting(10).expect("reads");
    assert_eq!(
        waiting.iter().map(|waiting| (waiting.id, waiting.tries)).collect::<Vec<_>>(),
        [(second, 1), (first, 1)]
    );
    assert_eq!(claim(&mut world, "two", instant("2026-11-20T12:00:59Z")), [], "none before its time, for no node");
    assert_eq!(ids(&claim(&mut world, "two", soon)), [second], "the claim was given back");
    world.batch(|batch| batch.notice_waits(second, instant("2026-11-20T14:00:00Z"))).expect("is noted");
    world.done(CUSTOMER, Action::RequestTermination { service: STACKING, token: String::new(), token_digest: [7; 32] });
    let claimed = claim(&mut world, "one", later);
    assert_eq!(ids(&claimed)[1..], [first], "what was not tried yet goes first");
    assert_eq!((claimed.len(), claimed[0].tries, claimed[1].tries), (2, 0, 1));
    let claimed = claim(&mut world, "one", instant("2026-11-20T14:00:00Z"));
    assert_eq!(claimed.iter().map(|waiting| waiting.tries).collect::<Vec<_>>(), [0, 1, 2]);
}

fn ids(waiting: &[Waiting]) -> Vec<i64> {
    waiting.iter().map(|waiting| waiting.id).collect()
}
