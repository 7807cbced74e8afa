//! Open orders: changed, planned, linked to, and listed.

use perennial_core::command::{Action, After, Command, PayWith, PlanEdit, PromoEdit, Reply};
use perennial_core::ids::OrderId;
use perennial_core::link::PaymentLink;
use perennial_core::order::{Order, PayPlan};
use perennial_core::payment::MethodKind;
use perennial_core::snapshot::{Change, Want};
use perennial_store::StoreError;

use crate::world::{
    CUSTOMER, DOMAIN, Database, HOSTING, RESELLER, RESOLD, SERVER, STACKING, World, date, deposit, eur, instant,
    period, renew,
};

fn revise(order: OrderId, text: &str, promo: PromoEdit) -> Action {
    Action::ReviseOrder { order, periods: vec![(SERVER, period(text))], promo, plan: PlanEdit::default() }
}

fn plan(order: OrderId, minor: i64) -> Action {
    let from_balance = Some(eur(minor));
    let plan = PlanEdit { by_itself: Some(false), kind: Some(MethodKind::PayPal), from_balance };
    Action::ReviseOrder { order, periods: Vec::new(), promo: PromoEdit::Keep, plan }
}

pub fn an_open_order_is_revised<D: Database>() {
    let mut world = World::<D>::new();
    let placed = world.place(&[SERVER, DOMAIN], "P1Y");
    world.done(CUSTOMER, Action::CancelOrder { order: placed.id });
    let placed = world.place(&[SERVER], "P1M");
    world.ordered(plan(placed.id, 100));
    let revised = world.ordered(revise(placed.id, "P1Y", PromoEdit::Set("spring".to_owned())));
    assert_eq!((revised.net, revised.promo.as_deref()), (eur(4_950), Some("spring")));
    assert_eq!((revised.plan.by_itself, revised.plan.from_balance), (false, eur(0)));
    assert_eq!(world.order(placed.id), revised);
    let cleared = world.ordered(revise(placed.id, "P1Y", PromoEdit::Clear));
    assert_eq!((cleared.net, &cleared.promo), (eur(5_500), &None));
    assert_eq!(world.order(placed.id), cleared);
    world.assert_sound();
    world.pay(placed.id, PayWith::Balance);
    assert_eq!(world.service(CUSTOMER, SERVER).until, date("2027-12-31"));
    world.assert_sound();
    // A line that is not there any more goes.
    let two = world.place(&[DOMAIN, HOSTING], "P1Y");
    let one = Order { lines: two.lines[1..].to_vec(), ..two.clone() };
    let mut batch = world.store.begin().expect("begins");
    batch.write(&[Change::ReviseOrder(one.clone())]).expect("is written");
    assert_eq!(batch.load(&[Want::Order(CUSTOMER, two.id)]).expect("loads").orders[&two.id], one);
}

pub fn a_settled_order_is_neither_revised_nor_planned<D: Database>() {
    let mut world = World::<D>::new();
    let order = world.place(&[SERVER], "P1M");
    let paid = world.pay(order.id, PayWith::Balance);
    let plan = PayPlan { by_itself: false, ..paid.plan };
    let changes = [
        (Change::ReviseOrder(order.clone()), "revise an order"),
        (Change::ReviseOrder(Order { account: RESELLER, ..order.clone() }), "revise an order"),
        (Change::PlanPayment { account: CUSTOMER, order: order.id, plan }, "plan a payment"),
    ];
    for (change, what) in changes {
        let refused = world.written(&[change]);
        assert!(matches!(refused, Err(StoreError::Constraint { doing, .. }) if doing == what), "{refused:?}");
    }
    assert_eq!(world.order(order.id), paid);
    world.assert_sound();
}

pub fn a_plan_stays_with_its_order<D: Database>() {
    let mut world = World::<D>::new();
    let order = world.place(&[SERVER], "P1M");
    assert_eq!(order.plan, PayPlan::unstated(order.gross.currency()));
    let planned = world.ordered(plan(order.id, 599));
    let expected = PayPlan { by_itself: false, kind: Some(MethodKind::PayPal), from_balance: eur(599) };
    assert_eq!((planned.plan, world.order(order.id)), (expected, planned));
    let paid = world.pay(order.id, PayWith::Balance);
    assert_eq!(paid.plan, expected);
    assert_eq!(world.order(order.id), paid);
    world.assert_sound();
}

pub fn a_payment_link_is_found_by_its_token<D: Database>() {
    let mut world = World::<D>::new();
    let order = world.place(&[SERVER], "P1M").id;
    let ask = |token: &str| Action::LinkOrder { order, token: token.to_owned() };
    let mut link =
        PaymentLink { order, account: CUSTOMER, token: "token".to_owned(), created: world.now, views: 0, viewed: None };
    assert_eq!(world.done(CUSTOMER, ask("token")), Reply::Link(link.clone()));
    assert_eq!(world.done(CUSTOMER, ask("another")), Reply::Link(link.clone()));
    let found = |world: &World<D>, token| world.books.find_link(token).expect("reads");
    assert_eq!((found(&world, "token"), found(&world, "another")), (Some(link.clone()), None));
    world.pay(order, PayWith::Balance);
    for views in [1, 2] {
        world.now = instant("2026-11-21T12:00:00Z");
        world.done(CUSTOMER, Action::ViewLink { order });
        link = PaymentLink { views, viewed: Some(world.now), ..link };
        assert_eq!(found(&world, "token").as_ref(), Some(&link));
    }
    assert_eq!(world.books.load(&[Want::Link(CUSTOMER, order)]).expect("loads").links[&order], link);
    let other = world.place(&[SERVER], "P1M").id;
    let wrong = [
        PaymentLink { token: "changed".to_owned(), ..link.clone() },
        PaymentLink { order: other, ..link.clone() },
        PaymentLink { order: other, account: RESELLER, token: "new".to_owned(), ..link },
    ];
    for link in wrong {
        let refused = world.written(&[Change::SetLink(link)]);
        assert!(matches!(refused, Err(StoreError::Constraint { doing: "set a payment link", .. })), "{refused:?}");
    }
}

pub fn open_orders_are_those_of_the_account_that_are_not_settled<D: Database>() {
    let mut world = World::<D>::new();
    let open = world.place(&[SERVER], "P1M");
    let paid = world.place(&[DOMAIN], "P1Y");
    world.pay(paid.id, PayWith::Balance);
    let withdrawn = world.place(&[HOSTING], "P1Y");
    world.done(CUSTOMER, Action::CancelOrder { order: withdrawn.id });
    world.done(RESELLER, renew(&[RESOLD], "P1M"));
    let empty = world.ordered(deposit(100));
    let mut after = renew(&[STACKING], "P1M");
    if let Action::Renew { request, .. } = &mut after {
        request.after = After::OpenOrders;
    }
    let command = Command { account: CUSTOMER, token: None, action: after };
    let replies = world.run(&[command.clone(), command]);
    let [Ok(Reply::Placed(first)), Ok(Reply::Placed(second))] = &replies[..] else { panic!("{replies:?}") };
    assert_eq!(second.lines[0].term.from(), first.lines[0].term.until());
    world.now = instant("2027-11-20T12:00:00Z");
    let seen = world.books.load(&[Want::OpenOrders(CUSTOMER)]).expect("loads").orders;
    let mut ids: Vec<_> = seen.keys().copied().collect();
    ids.sort_unstable();
    assert_eq!(ids, [open.id, empty.id, first.id, second.id]);
    for order in [&open, &empty, first, second] {
        assert_eq!(&seen[&order.id], order);
    }
}
