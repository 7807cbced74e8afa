//! Orders for what is not there yet: new services, money for the balance; and money from two places at once.

use perennial_core::command::{Action, FirstTerm, NewService, PayWith};
use perennial_core::gate::GateReason;
use perennial_core::ids::ServiceId;
use perennial_core::ledger::Book;
use perennial_core::order::{OrderState, Purpose};
use perennial_core::ports::Span;
use perennial_core::refusal::Refusal;
use perennial_core::service::{Hold, RenewalMode, Service};
use perennial_core::snapshot::{Change, Want};
use perennial_store::StoreError;

use crate::world::{
    CUSTOMER, Database, HOSTING, PAYPAL, SERVER, World, buy, date, deposit, eur, item, period, renew, service,
};

/// The first service that is opened.
const OPENED: ServiceId = ServiceId(HOSTING.0 + 1);
/// The second one.
const BESIDE: ServiceId = ServiceId(HOSTING.0 + 2);

pub fn a_bought_service_waits_for_its_payment<D: Database>() {
    let mut world = World::<D>::new();
    let beside = NewService { parent: Some(SERVER), first: FirstTerm::UntilExpiryOf(SERVER), ..item(3, "P1M") };
    let order = world.ordered(buy(vec![item(3, "P1M"), beside]));
    assert_eq!(world.order(order.id), order);
    assert_eq!(
        (order.purpose, order.lines[0].period, order.lines[1].period),
        (Purpose::Purchase, Some(period("P1M")), None)
    );
    let opened = world.service(CUSTOMER, OPENED);
    let expected = Service {
        name: format!("new {}-{OPENED}", order.id),
        created: date("2026-11-20"),
        until: date("2026-11-20"),
        anchor: opened.anchor,
        mode: RenewalMode::Automatic,
        hold: Hold::Unpaid,
        open_order: Some(order.id),
        facts: [("os".to_owned(), "debian".to_owned())].into(),
        version: 1,
        ..service(OPENED, CUSTOMER, 3, None)
    };
    assert_eq!(opened, expected);
    let family = world.books.load(&[Want::Family(CUSTOMER, SERVER)]).expect("loads");
    assert_eq!(family.children[&SERVER], [BESIDE]);
    assert_eq!(family.services[&BESIDE].open_order, Some(order.id));
    let reason = GateReason::Unpaid;
    assert_eq!(world.one(CUSTOMER, renew(&[OPENED], "P1M")), Err(Refusal::NotRenewable { service: OPENED, reason }));
    world.assert_sound();
    let paid = world.pay(order.id, PayWith::Balance);
    assert_eq!(world.order(order.id), paid);
    for (id, until) in [(OPENED, "2026-12-20"), (BESIDE, "2026-12-31")] {
        let service = world.service(CUSTOMER, id);
        assert_eq!((service.hold, service.open_order, service.until), (Hold::None, None, date(until)));
        assert_eq!(service.version, 2);
    }
    world.assert_sound();
    let renewal = world.place(&[OPENED], "P1M");
    world.pay(renewal.id, PayWith::Balance);
    assert_eq!(world.service(CUSTOMER, OPENED).until, date("2027-01-20"));
    world.assert_sound();
}

pub fn a_purchase_that_is_withdrawn_opens_nothing<D: Database>() {
    let mut world = World::<D>::new();
    let order = world.ordered(buy(vec![item(3, "P1M")]));
    world.done(CUSTOMER, Action::CancelOrder { order: order.id });
    let gone = world.service(CUSTOMER, OPENED);
    assert_eq!((gone.hold, gone.open_order), (Hold::Terminated, None));
    world.assert_sound();
    let twin = Service { id: BESIDE, open_order: None, ..gone };
    let refused = world.written(&[Change::OpenService(twin)]);
    assert!(matches!(refused, Err(StoreError::Constraint { doing: "open a service", .. })), "{refused:?}");
}

pub fn a_deposit_is_put_on_the_balance<D: Database>() {
    let mut world = World::<D>::new();
    let order = world.ordered(deposit(5_000));
    assert_eq!((order.purpose, order.gross, order.tax), (Purpose::Deposit, eur(5_000), eur(0)));
    assert_eq!(world.order(order.id), order);
    world.assert_sound();
    world.pay(order.id, PayWith::Method(PAYPAL));
    assert_eq!(world.order(order.id).state, OrderState::Fulfilled(world.now));
    let wants = [Want::Balances(CUSTOMER), Want::Invoices(CUSTOMER, order.id), Want::Payment(CUSTOMER, order.id)];
    let seen = world.books.load(&wants).expect("loads");
    assert_eq!(seen.balances[&CUSTOMER].balance, eur(15_000));
    assert_eq!(seen.original(order.id).map(|invoice| (invoice.net, invoice.tax)), Some((eur(5_000), eur(0))));
    assert_eq!(seen.payments[&order.id].from_balance, eur(0));
    world.assert_sound();
}

pub fn a_split_payment_takes_its_part_from_the_balance<D: Database>() {
    let mut world = World::<D>::new();
    for (part, left) in [(250, 9_750), (550, 9_200)] {
        let order = world.place(&[SERVER], "P1M");
        world.plan(order.id, part);
        world.pay(order.id, PayWith::Planned(PAYPAL));
        let seen = world.books.load(&[Want::Balances(CUSTOMER), Want::Payment(CUSTOMER, order.id)]).expect("loads");
        let payment = &seen.payments[&order.id];
        assert_eq!((payment.amount, payment.from_balance, payment.method), (eur(600), eur(part), Some(PAYPAL)));
        assert_eq!(seen.balances[&CUSTOMER].balance, eur(left));
        world.assert_sound();
    }
    let movements = world.books.balance_movements(CUSTOMER, Span::default()).expect("reads");
    let spent: Vec<_> = movements.iter().skip(1).map(|(_, moved)| (moved.credit, moved.amount)).collect();
    assert_eq!(spent, [(Book::Revenue, eur(250)), (Book::Revenue, eur(500)), (Book::Tax, eur(50))]);
}
