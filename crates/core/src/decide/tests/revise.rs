//! Changing an open order: its periods, its promo code, how it is meant to be paid, and the link to it.

use super::world::*;
use crate::calendar::AnchorDay;
use crate::command::{Action, Command, PayWith, PlanEdit, PromoEdit, Reply};
use crate::ids::{OrderId, ServiceId};
use crate::link::PaymentLink;
use crate::money::{Currency, Money, MoneyError};
use crate::order::{Order, PayPlan};
use crate::payment::MethodKind;
use crate::quote::quote;
use crate::refusal::Refusal;

/// Places an order and gives a change of it that is not allowed.
type Attempt = fn(&mut World) -> Action;

const FIRST: OrderId = OrderId(1);

fn to(periods: &[(ServiceId, &str)], promo: PromoEdit) -> Action {
    let periods = periods.iter().map(|(service, text)| (*service, period(text))).collect();
    Action::ReviseOrder { order: FIRST, periods, promo, plan: PlanEdit::default() }
}

fn set(code: &str) -> PromoEdit {
    PromoEdit::Set(code.to_owned())
}

fn plan(edit: PlanEdit) -> Action {
    planning(FIRST, edit)
}

fn from_balance(part: Money) -> Action {
    plan(PlanEdit { from_balance: Some(part), ..PlanEdit::default() })
}

fn lines(order: &Order) -> Vec<(String, i64, String)> {
    let shown = |line: &crate::order::OrderLine| {
        let period = line.period.map(|period| period.to_string()).unwrap_or_default();
        (period, line.net.minor(), line.term.until().to_string())
    };
    order.lines.iter().map(shown).collect()
}

#[test]
fn one_line_takes_another_period_and_the_others_keep_theirs() {
    let mut world = World::new();
    let placed = world.place(&[SERVER, ADDON], "P1M").expect("is placed");
    let revised = world.order(to(&[(SERVER, "P3M")], PromoEdit::Keep)).expect("is revised");
    let shown = |period: &str, net, until: &str| (period.to_owned(), net, until.to_owned());
    assert_eq!(lines(&revised), [shown("P3M", 1_450, "2027-03-31"), shown("P1M", 100, "2027-01-31")]);
    assert_eq!((revised.net, revised.tax, revised.gross), (eur(1_550), eur(310), eur(1_860)));
    let froms: Vec<_> = revised.lines.iter().map(|line| line.term.from()).collect();
    assert_eq!(froms, [date("2026-12-31"); 2]);
    assert_eq!((revised.period(), placed.period()), (None, Some(period("P1M"))));
    assert_eq!((revised.placed, revised.lapses), (placed.placed, placed.lapses));
    assert_eq!(world.seen.orders[&FIRST], revised, "the next command sees it so");
    assert_eq!(world.service(SERVER).open_order, Some(FIRST));
    assert_eq!(world.place(&[SERVER], "P1M"), Err(Refusal::RenewalOpen { service: SERVER, order: FIRST }));
}

#[test]
fn a_revised_order_costs_what_a_fresh_quote_for_its_period_says() {
    for (text, code, anchor) in [
        ("P1M", None, 31),
        ("P3M", None, 31),
        ("P3M", Some("spring"), 31),
        ("P3M", Some("servers"), 31),
        ("P3M", None, 15),
    ] {
        let mut world = World::new();
        world.service(SERVER).anchor = AnchorDay::new(anchor).expect("is a day");
        world.place(&[SERVER, ADDON], "P3M").expect("is placed");
        let mut fresh = request(&[SERVER, ADDON], text);
        fresh.promo = code.map(str::to_owned);
        let mut untouched = World::new();
        untouched.service(SERVER).anchor = world.service(SERVER).anchor;
        let account = &untouched.seen.accounts[&CUSTOMER];
        let quoted = quote(untouched.now, &untouched.seen, account, &fresh).expect("is quoted");
        let promo = code.map_or(PromoEdit::Clear, set);
        let revised = world.order(to(&[(SERVER, text), (ADDON, text)], promo)).expect("is revised");
        assert_eq!(
            (revised.net, revised.tax, revised.gross),
            (quoted.net, quoted.tax, quoted.gross),
            "{text} {code:?}"
        );
        assert_eq!(revised.lines, quoted.lines);
    }
}

#[test]
fn a_promo_code_is_set_kept_and_cleared() {
    let mut world = World::new();
    world.place(&[SERVER, ADDON], "P3M").expect("is placed");
    for (edit, promo, net) in [
        (PromoEdit::Keep, None, 1_740),
        (set("spring"), Some("spring"), 1_566),
        (PromoEdit::Keep, Some("spring"), 1_566),
        (set("servers"), Some("servers"), 1_450),
        (PromoEdit::Clear, None, 1_740),
    ] {
        let revised = world.order(to(&[], edit.clone())).expect("is revised");
        assert_eq!((revised.promo.as_deref(), revised.net), (promo, eur(net)), "{edit:?}");
    }
}

#[test]
fn what_cannot_be_revised_is_refused_for_its_reason_and_stays_as_it_was() {
    let fixed = Refusal::OrderFixed(FIRST);
    let rows: [(Attempt, Refusal); 15] = [
        (|_| to(&[], PromoEdit::Keep), Refusal::UnknownOrder(FIRST)),
        (|world| paid(world, Action::CreditBalance { amount: eur(1), memo: String::new() }), Refusal::OrderPaid(FIRST)),
        (|world| ended(world, Action::CancelOrder { order: FIRST }), Refusal::OrderCancelled(FIRST)),
        (
            |world| {
                placed(world);
                world.wait_s(i64::from(DAY_S));
                to(&[], PromoEdit::Keep)
            },
            Refusal::OrderLapsed(FIRST),
        ),
        (|world| with_code(world, deposit(eur(100))), fixed.clone()),
        (|world| with_code(world, buy(vec![item(VPS, "P1M")], None)), fixed.clone()),
        (|world| with_code(world, renew_with_coupons(&[SERVER], "P1M")), fixed),
        (|world| change(world, &[(DOMAIN, "P1Y")], PromoEdit::Keep), Refusal::UnknownService(DOMAIN)),
        (|world| change(world, &[(RESOLD, "P1M")], PromoEdit::Keep), Refusal::UnknownService(RESOLD)),
        (
            |world| change(world, &[(SERVER, "P2M")], PromoEdit::Keep),
            Refusal::NoPrice { service: SERVER, period: period("P2M") },
        ),
        (|world| change(world, &[], set("winter")), Refusal::UnknownPromo { code: "winter".to_owned() }),
        (|world| change(world, &[], set("nothing-sold")), Refusal::UnknownPromo { code: "nothing-sold".to_owned() }),
        (|world| change(world, &[], set("spring")), Refusal::PromoPeriod { code: "spring".to_owned(), months_min: 3 }),
        (
            |world| {
                world.order(renew_with("servers", &[SERVER], "P3M")).expect("is placed");
                to(&[(SERVER, "P1M")], PromoEdit::Keep)
            },
            Refusal::PromoPeriod { code: "servers".to_owned(), months_min: 3 },
        ),
        (
            |world| {
                world.service(STACKING).until = date("2035-11-20");
                world.place(&[STACKING], "P1M").expect("is placed");
                to(&[(STACKING, "P11Y")], PromoEdit::Keep)
            },
            Refusal::TooFarAhead { service: STACKING, furthest: date("2036-11-20") },
        ),
    ];
    for (row, (attempt, refusal)) in rows.into_iter().enumerate() {
        let mut world = World::new();
        let action = attempt(&mut world);
        let before = world.seen.orders.get(&FIRST).cloned();
        assert_eq!(world.order(action), Err(refusal), "row {row}");
        assert_eq!(world.seen.orders.get(&FIRST).cloned(), before, "row {row}");
    }
}

fn placed(world: &mut World) {
    world.place(&[SERVER], "P1M").expect("is placed");
}

fn with_code(world: &mut World, action: Action) -> Action {
    assert_eq!(world.order(action).expect("is ordered").id, FIRST);
    to(&[], set("spring"))
}

#[test]
fn what_is_not_changed_stands_as_it_was_ordered_whatever_the_price_list_says_since() {
    let dearer = |world: &mut World| {
        let mut catalogue = (*world.seen.catalogue).clone();
        for price in catalogue.products.values_mut().flat_map(|product| &mut product.prices) {
            price.net = eur(price.net.minor() * 2);
        }
        world.seen.catalogue = catalogue.into();
    };
    let mut world = World::new();
    let placed = world.place(&[SERVER, ADDON], "P1M").expect("is placed");
    dearer(&mut world);
    assert_eq!(world.run(to(&[(SERVER, "P1M")], PromoEdit::Keep)).expect("is done").changes, []);
    let revised = world.order(to(&[(SERVER, "P3M")], PromoEdit::Keep)).expect("is revised");
    assert_eq!(revised.lines[0].list, eur(2_900), "what is changed costs what it costs today");
    assert_eq!(revised.lines[1].list, placed.lines[1].list);
}

fn ended(world: &mut World, by: Action) -> Action {
    placed(world);
    world.run(by).expect("is ended");
    to(&[], PromoEdit::Keep)
}

fn paid(world: &mut World, and: Action) -> Action {
    placed(world);
    world.pay(FIRST, PayWith::Balance).expect("is paid");
    world.run(and).expect("is done");
    to(&[(SERVER, "P3M")], PromoEdit::Keep)
}

fn change(world: &mut World, periods: &[(ServiceId, &str)], promo: PromoEdit) -> Action {
    placed(world);
    to(periods, promo)
}

#[test]
fn a_revised_order_that_is_paid_extends_by_its_new_period() {
    for id in [SERVER, FLOATING_IP] {
        let mut world = World::new();
        world.place(&[id], "P1M").expect("is placed");
        let revised = world.order(to(&[(id, "P3M")], PromoEdit::Keep)).expect("is revised");
        let paid = world.pay(FIRST, PayWith::Balance).expect("is paid");
        assert_eq!((world.service(id).until, paid.gross), (date("2027-03-31"), revised.gross));
        assert_eq!(*world.balance(), eur(10_000 - revised.gross.minor()));
    }
}

#[test]
fn a_lapsed_order_that_held_a_coupon_gives_it_to_the_next_one_which_is_fixed_then() {
    let mut world = World::new();
    world.order(renew_with_coupons(&[SERVER], "P1M")).expect("is placed");
    world.wait_s(i64::from(DAY_S));
    let next = world.order(renew_with_coupons(&[SERVER], "P1M")).expect("is placed").id;
    let action = |order, service, text| {
        let periods = vec![(service, period(text))];
        Action::ReviseOrder { order, periods, promo: PromoEdit::Keep, plan: PlanEdit::default() }
    };
    assert_eq!(world.order(action(next, SERVER, "P3M")), Err(Refusal::OrderFixed(next)));
    let plain = world.place(&[STACKING], "P1M").expect("is placed").id;
    world.order(action(plain, STACKING, "P1W")).expect("another order's coupon does not count");
}

#[test]
fn a_plan_keeps_what_is_not_said_and_charges_nothing() {
    let mut world = World::new();
    let placed = world.place(&[SERVER], "P1M").expect("is placed");
    assert_eq!(placed.plan, PayPlan { by_itself: true, kind: None, from_balance: eur(0) });
    let plans = [
        (PlanEdit { by_itself: Some(false), ..PlanEdit::default() }, (false, None, 0)),
        (PlanEdit { kind: Some(MethodKind::Card), ..PlanEdit::default() }, (false, Some(MethodKind::Card), 0)),
        (PlanEdit { from_balance: Some(eur(100)), ..PlanEdit::default() }, (false, Some(MethodKind::Card), 100)),
        (PlanEdit::default(), (false, Some(MethodKind::Card), 100)),
        (PlanEdit { by_itself: Some(true), ..PlanEdit::default() }, (true, Some(MethodKind::Card), 100)),
        (PlanEdit { from_balance: Some(eur(0)), ..PlanEdit::default() }, (true, Some(MethodKind::Card), 0)),
        (PlanEdit { from_balance: Some(eur(599)), ..PlanEdit::default() }, (true, Some(MethodKind::Card), 599)),
    ];
    for (edit, (by_itself, kind, part)) in plans {
        let planned = world.order(plan(edit)).expect("is planned");
        assert_eq!(planned.plan, PayPlan { by_itself, kind, from_balance: eur(part) }, "{edit:?}");
        assert_eq!(world.seen.orders[&FIRST], Order { plan: planned.plan, ..placed.clone() });
    }
    assert_eq!((*world.balance(), world.seen.payments.len()), (eur(10_000), 0));
    let revised = world.order(to(&[(SERVER, "P3M")], PromoEdit::Keep)).expect("is revised");
    let plan = PayPlan { by_itself: true, kind: Some(MethodKind::Card), from_balance: eur(0) };
    assert_eq!(revised.plan, plan, "a part of the old price is no part of the new one");
}

#[test]
fn a_plan_that_could_not_be_paid_is_refused() {
    let not_a_part = |minor| Refusal::NotAPart { part: eur(minor), due: eur(600) };
    let kind = |kind| plan(PlanEdit { kind: Some(kind), ..PlanEdit::default() });
    let (left, right) = (Currency::EUR, Currency::SEK);
    for (action, refusal) in [
        (from_balance(eur(600)), not_a_part(600)),
        (from_balance(eur(601)), not_a_part(601)),
        (from_balance(eur(-1)), Refusal::AmountNotPositive),
        (from_balance(eur(401)), Refusal::BalanceShort { balance: eur(400), due: eur(401) }),
        (from_balance(Money::new(1, right)), Refusal::Money(MoneyError::CurrencyMismatch { left, right })),
        (kind(MethodKind::Bitcoin), Refusal::MethodNotTaken(MethodKind::Bitcoin)),
    ] {
        let mut world = World::new();
        *world.balance() = eur(400);
        placed(&mut world);
        assert_eq!(world.order(action), Err(refusal));
    }
    let mut world = World::new();
    let order = world.order(deposit(eur(500))).expect("is ordered");
    let refused = Refusal::NotAPart { part: eur(100), due: eur(500) };
    assert_eq!(world.order(from_balance(eur(100))), Err(refused));
    for own in [MethodKind::Balance, MethodKind::CreditLine] {
        assert_eq!(world.order(kind(own)), Err(Refusal::MethodNotTaken(own)), "no deposit is paid with it");
    }
    world.order(kind(MethodKind::Card)).expect("is planned");
    world.pay(order.id, PayWith::Method(PAYPAL)).expect("is paid with another kind than was planned");
    assert_eq!(world.order(plan(PlanEdit::default())), Err(Refusal::OrderPaid(FIRST)));
}

#[test]
fn nothing_of_an_order_for_nothing_can_come_from_the_balance() {
    let mut world = World::new();
    world.seen.coupons.get_mut(&CUSTOMER).expect("is there")[0].amount = eur(500);
    let order = world.order(renew_with_coupons(&[SERVER], "P1M")).expect("is placed");
    assert_eq!(order.gross, eur(0));
    let planned = world.order(from_balance(eur(0))).expect("nothing is no part that could be wrong");
    assert_eq!(planned.plan, order.plan);
    let refused = Refusal::NotAPart { part: eur(1), due: eur(0) };
    assert_eq!(world.order(from_balance(eur(1))), Err(refused));
}

fn link(world: &mut World, token: &str) -> Result<PaymentLink, Refusal> {
    match world.run(Action::LinkOrder { order: FIRST, token: token.to_owned() })?.reply {
        Reply::Link(link) => Ok(link),
        other => panic!("not a link: {other:?}"),
    }
}

#[test]
fn a_link_is_made_once_and_its_views_are_counted() {
    let mut world = World::new();
    placed(&mut world);
    let view = || Action::ViewLink { order: FIRST };
    assert_eq!(world.run(view()).map(|_| ()), Err(Refusal::UnknownOrder(FIRST)), "there is none yet");
    let made = link(&mut world, "first").expect("is made");
    let (created, viewed) = (world.now, None);
    let expected =
        PaymentLink { order: FIRST, account: CUSTOMER, token: "first".to_owned(), created, views: 0, viewed };
    assert_eq!(made, expected);
    world.wait_s(60);
    assert_eq!(link(&mut world, "second"), Ok(made.clone()));
    for views in 1..=2 {
        world.run(view()).expect("is noted");
        assert_eq!(world.seen.links[&FIRST], PaymentLink { views, viewed: Some(world.now), ..made.clone() });
    }
    assert_eq!(link(&mut world, "third").map(|link| (link.token, link.views)), Ok(("first".to_owned(), 2)));
    let elsewhere = Command { account: RESELLER, token: None, action: view() };
    assert_eq!(world.command(&elsewhere).map(|_| ()), Err(Refusal::UnknownOrder(FIRST)));
}

#[test]
fn an_order_that_is_not_open_gets_no_link() {
    let mut world = World::new();
    assert_eq!(link(&mut world, "first"), Err(Refusal::UnknownOrder(FIRST)));
    placed(&mut world);
    world.pay(FIRST, PayWith::Balance).expect("is paid");
    assert_eq!(link(&mut world, "first"), Err(Refusal::OrderPaid(FIRST)));
    let mut world = World::new();
    placed(&mut world);
    link(&mut world, "first").expect("is made");
    world.wait_s(i64::from(DAY_S));
    assert_eq!(link(&mut world, "first"), Err(Refusal::OrderLapsed(FIRST)), "the one it had is no use any more");
}
