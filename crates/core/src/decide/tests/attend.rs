//! What becomes of services because time passes: ordered, paid, tried again, told, ended; each once.

use std::sync::Arc;

use jiff::civil::Date;

use super::world::*;
use crate::calendar::Zone;
use crate::command::{Action, Attend, PayWith, PlanEdit, RenewRequest};
use crate::ids::{OrderId, ServiceId};
use crate::notice::{NoticeKind, Unpaid};
use crate::order::{OrderState, Origin};
use crate::payment::Preference;
use crate::refusal::Refusal;
use crate::schedule::{Stage, Timetable, Timetables};
use crate::service::{Hold, Lifecycle, RenewalMode};
use crate::snapshot::Change;
use crate::strategy::{Breadth, strategies};

/// How the schedule looks at services on a day.
pub fn look(world: &World, services: &[ServiceId], day: Date) -> Action {
    let open = |id: &ServiceId| world.seen.services[id].open_order;
    Action::Attend(Attend {
        services: services.to_vec(),
        orders: services.iter().filter_map(open).collect(),
        day,
        timetables: Arc::new(Timetables::default()),
        password: "secret".to_owned(),
    })
}

/// What owners were told by changes.
pub fn told(changes: &[Change]) -> Vec<NoticeKind> {
    let told = changes.iter().filter_map(|change| match change {
        Change::Notify(notice) => Some(notice.kind.clone()),
        _ => None,
    });
    told.collect()
}

/// Looks at services early on a day, and tells what was told.
pub fn visit(world: &mut World, services: &[ServiceId], day: &str) -> Vec<NoticeKind> {
    world.now = format!("{day}T05:00:00Z").parse().expect("is an instant");
    let action = look(world, services, date(day));
    let told = told(&world.run(action).expect("is attended").changes);
    let again = look(world, services, date(day));
    // What was paid late may have come to stages of its new term.
    let stages_alone = |changes: &[Change]| changes.iter().all(|change| matches!(change, Change::Attend(_)));
    assert!(stages_alone(&world.run(again).expect("is attended").changes), "a second visit does nothing more");
    told
}

fn words(told: &[NoticeKind]) -> Vec<&'static str> {
    told.iter().map(NoticeKind::word).collect()
}

/// A world in which services renew by themselves.
pub fn automatic(services: &[ServiceId]) -> World {
    let mut world = World::new();
    for id in services {
        world.service(*id).mode = RenewalMode::Automatic;
    }
    world
}

/// A world that pays with its balance unless it has to do otherwise.
pub fn prepaid(services: &[ServiceId]) -> World {
    let mut world = automatic(services);
    for method in world.seen.methods.values_mut() {
        method.preference = Preference::Other;
    }
    world
}

fn state(world: &World, order: i64) -> OrderState {
    world.seen.orders[&OrderId(order)].state
}

/// That an order was proposed, to be paid on a day.
pub fn proposed(order: i64, on: &str) -> NoticeKind {
    NoticeKind::Proposed { order: OrderId(order), on: date(on) }
}

/// That an order was paid.
pub fn paid(order: i64) -> NoticeKind {
    NoticeKind::Paid { order: OrderId(order) }
}

#[test]
fn a_month_is_ordered_told_paid_and_never_spoken_of_again() {
    let mut world = automatic(&[SERVER]);
    assert_eq!(visit(&mut world, &[SERVER], "2026-12-17"), [], "who is renewed needs no reminder");
    assert_eq!(visit(&mut world, &[SERVER], "2026-12-21"), [proposed(1, "2026-12-26")]);
    let order = world.seen.orders[&OrderId(1)].clone();
    assert_eq!((order.origin, order.gross), (Origin::Schedule, eur(600)));
    assert_eq!(order.lapses.to_string(), "2027-02-05T23:00:00Z", "it stands as long as it can be paid");
    assert_eq!(visit(&mut world, &[SERVER], "2026-12-26"), [paid(1)]);
    assert_eq!(world.seen.payments[&OrderId(1)].method, Some(PAYPAL));
    assert_eq!(world.service(SERVER).until, date("2027-01-31"));
    for day in ["2026-12-28", "2026-12-30", "2026-12-31", "2027-01-07"] {
        assert_eq!(visit(&mut world, &[SERVER], day), [], "{day}");
    }
    assert_eq!(visit(&mut world, &[SERVER], "2027-01-21"), [proposed(2, "2027-01-26")]);
}

#[test]
fn a_payment_is_tried_on_each_day_and_the_last_time_with_whatever_there_is() {
    let mut world = prepaid(&[SERVER]);
    *world.balance() = eur(599);
    world.seen.accounts.get_mut(&CUSTOMER).expect("is there").credit_limit = eur(0);
    let broke = world.clone();
    let not_paid = |again_on: Option<&str>| NoticeKind::NotPaid {
        order: OrderId(1),
        reason: Unpaid::BalanceShort,
        again_on: again_on.map(date),
    };
    visit(&mut world, &[SERVER], "2026-12-21");
    assert_eq!(visit(&mut world, &[SERVER], "2026-12-26"), [not_paid(Some("2026-12-28"))]);
    assert_eq!(visit(&mut world, &[SERVER], "2026-12-28"), [not_paid(Some("2026-12-30"))]);
    assert_eq!(visit(&mut world.clone(), &[SERVER], "2026-12-30"), [paid(1)], "another method of the account's");
    world.seen.methods.clear();
    assert_eq!(visit(&mut world, &[SERVER], "2026-12-30"), [not_paid(None)]);
    assert_eq!(words(&visit(&mut world, &[SERVER], "2026-12-31")), ["expired"]);
    *world.balance() = eur(600);
    world.now = "2027-01-20T12:00:00Z".parse().expect("is an instant");
    world.pay(OrderId(1), PayWith::Balance).expect("a late payment");
    assert_eq!(world.service(SERVER).until, date("2027-01-31"), "is counted from the old expiry");
    let mut world = broke;
    world.seen.accounts.get_mut(&CUSTOMER).expect("is there").credit_limit = eur(1);
    visit(&mut world, &[SERVER], "2026-12-21");
    assert_eq!(visit(&mut world, &[SERVER], "2026-12-26"), [paid(1)], "the balance, and the rest on the credit line");
}

#[test]
fn a_method_that_ends_before_the_day_is_told_of_beforehand() {
    let mut world = prepaid(&[SERVER]);
    world.seen.methods.get_mut(&OLD_CARD).expect("is there").preference = Preference::Default;
    world.seen.methods.get_mut(&OLD_CARD).expect("is there").expires = Some(date("2026-12-25"));
    let (order, method, until, on) = (OrderId(1), OLD_CARD, date("2026-12-25"), date("2026-12-26"));
    let ends = NoticeKind::MethodEnds { order, method, until, on };
    assert_eq!(visit(&mut world.clone(), &[SERVER], "2026-12-21"), [proposed(1, "2026-12-26"), ends]);
    world.seen.methods.get_mut(&OLD_CARD).expect("is there").expires = Some(on);
    assert_eq!(visit(&mut world, &[SERVER], "2026-12-21"), [proposed(1, "2026-12-26")]);
    assert_eq!(visit(&mut world, &[SERVER], "2026-12-26"), [paid(1)]);
}

#[test]
fn what_costs_nothing_needs_no_method() {
    let mut world = prepaid(&[SERVER]);
    world.seen.methods.get_mut(&OLD_CARD).expect("is there").preference = Preference::Default;
    let free = crate::product::Price { period: period("P1M"), net: eur(0) };
    world.service(SERVER).protected_prices.push(free);
    visit(&mut world, &[SERVER], "2026-12-21");
    assert_eq!(visit(&mut world, &[SERVER], "2026-12-26"), [paid(1)]);
    assert_eq!((world.seen.next.invoice_number, world.service(SERVER).until), (2, date("2027-01-31")));
}

#[test]
fn a_service_that_nobody_renews_ends_step_by_step_and_says_so() {
    let mut world = World::new();
    Arc::make_mut(&mut world.seen.catalogue).products.get_mut(&VPS).expect("is sold").redemption_days = 40;
    let name = world.service(SERVER).name.clone();
    let (service, until) = (SERVER, date("2026-12-31"));
    for day in ["2026-12-17", "2026-12-24", "2026-12-28", "2026-12-30"] {
        assert_eq!(visit(&mut world, &[SERVER], day), [NoticeKind::Expiring { service, name: name.clone(), until }]);
    }
    let on = date("2027-01-07");
    let expired = NoticeKind::Expired { service, name: name.clone(), until, on };
    assert_eq!(visit(&mut world, &[SERVER], "2026-12-31"), [expired]);
    let on = date("2027-02-06");
    let suspended = NoticeKind::Suspended { service, name: name.clone(), until, on };
    assert_eq!(visit(&mut world, &[SERVER], "2027-01-07"), [suspended]);
    let on = date("2027-03-18");
    let redemption = NoticeKind::Redemption { service, name: name.clone(), until, on };
    assert_eq!(visit(&mut world, &[SERVER], "2027-02-06"), [redemption]);
    assert_eq!(visit(&mut world, &[SERVER], "2027-03-18"), [NoticeKind::Terminated { service, name, until }]);
    assert_eq!(world.service(SERVER).hold, Hold::Terminated);
}

#[test]
fn what_was_missed_is_told_once_and_as_it_is() {
    for (mode, day, word) in [
        (RenewalMode::Manual, "2026-12-29", vec!["expiring"]),
        (RenewalMode::Manual, "2027-01-03", vec!["expired"]),
        (RenewalMode::Manual, "2027-01-20", vec!["suspended"]),
        (RenewalMode::Manual, "2027-05-20", vec!["terminated"]),
        (RenewalMode::DeleteAtExpiry, "2026-12-29", vec!["ending"]),
        (RenewalMode::DeleteAtExpiry, "2027-01-03", vec!["terminated"]),
        (RenewalMode::Automatic, "2026-12-22", vec!["proposed"]),
        (RenewalMode::Automatic, "2026-12-29", vec!["proposed"]),
        (RenewalMode::Automatic, "2026-12-30", vec!["paid"]),
        (RenewalMode::Automatic, "2027-01-20", vec!["proposed", "suspended"]),
        (RenewalMode::Automatic, "2027-02-06", vec!["terminated"]),
    ] {
        let mut world = World::new();
        world.service(SERVER).mode = mode;
        assert_eq!(words(&visit(&mut world, &[SERVER], day)), word, "{mode:?} {day}");
    }
    let mut stopped = World::new();
    stopped.service(SERVER).hold = Hold::Suspended;
    assert_eq!(words(&visit(&mut stopped, &[SERVER], "2026-12-31")), ["suspended"], "it does not run on");
}

#[test]
fn days_are_made_up_for_in_order_and_nothing_is_told_of_a_day_that_is_past() {
    let mut world = automatic(&[SERVER]);
    world.now = "2026-12-29T05:00:00Z".parse().expect("is an instant");
    for day in ["2026-12-21", "2026-12-24", "2026-12-26"] {
        let action = look(&world, &[SERVER], date(day));
        assert_eq!(world.run(action).expect("is attended").changes, [], "{day}: the 28th does all of it");
    }
    let action = look(&world, &[SERVER], date("2026-12-28"));
    assert_eq!(told(&world.run(action).expect("is attended").changes), [proposed(1, "2026-12-30")]);
    assert_eq!(world.seen.attended[&SERVER].len(), 6, "reminders 14, 7 and 3, the proposal, payments 5 and 3");
}

#[test]
fn nothing_ends_before_its_owners_day_begins() {
    let mut world = World::new().at("2026-12-31T05:00:00Z");
    world.service(SERVER).mode = RenewalMode::DeleteAtExpiry;
    world.seen.accounts.get_mut(&CUSTOMER).expect("is there").zone =
        Zone::parse("America/Los_Angeles").expect("is one");
    let action = look(&world, &[SERVER], date("2026-12-31"));
    assert_eq!(words(&told(&world.run(action).expect("is attended").changes)), ["ending"]);
    assert!(Timetables::default().offsets([]).contains(&-1), "the next day looks again");
    assert_eq!(words(&visit(&mut world, &[SERVER], "2027-01-01")), ["terminated"]);
}

#[test]
fn an_order_of_the_owners_is_paid_only_where_it_pays_itself() {
    let mut world = automatic(&[SERVER]);
    let mut longer = world.clone();
    let request = RenewRequest { open_s: 60 * DAY_S, ..request(&[SERVER], "P1M") };
    let request_longer = RenewRequest { period: period("P3M"), ..request.clone() };
    longer.order(Action::Renew { request: request_longer, password: String::new() }).expect("is placed");
    assert_eq!(words(&visit(&mut longer, &[SERVER], "2026-12-26")), ["expiring"], "for so long it never renews itself");
    let order = world.order(Action::Renew { request, password: String::new() }).expect("is placed").id;
    let mut own = world.clone();
    assert_eq!(visit(&mut world, &[SERVER], "2026-12-21"), [proposed(1, "2026-12-26")]);
    assert_eq!(visit(&mut world, &[SERVER], "2026-12-26"), [paid(1)]);
    assert_eq!(world.service(SERVER).until, date("2027-01-31"));
    own.run(planning(order, PlanEdit { by_itself: Some(false), ..PlanEdit::default() })).expect("is planned");
    assert_eq!(words(&visit(&mut own, &[SERVER], "2026-12-26")), ["expiring"]);
    assert_eq!(words(&visit(&mut own, &[SERVER], "2026-12-31")), ["expired"]);
    assert_eq!((state(&own, 1), own.seen.payments.len()), (OrderState::Open, 0));
}

#[test]
fn an_order_of_the_owners_that_renews_by_hand_too_is_left_to_its_owner() {
    let mut world = automatic(&[SERVER]);
    let request = RenewRequest { open_s: 60 * DAY_S, ..request(&[SERVER, ADDON], "P1M") };
    world.order(Action::Renew { request, password: String::new() }).expect("is placed");
    assert_eq!(words(&visit(&mut world, &[SERVER], "2026-12-26")), ["expiring"]);
    world.service(ADDON).mode = RenewalMode::Automatic;
    assert_eq!(visit(&mut world, &[SERVER], "2026-12-28"), [paid(1)]);
    assert_eq!(world.service(ADDON).until, date("2027-01-31"));
}

#[test]
fn what_its_owner_withdrew_is_ordered_again_when_it_is_to_be_paid() {
    let mut world = automatic(&[SERVER]);
    visit(&mut world, &[SERVER], "2026-12-21");
    world.run(Action::CancelOrder { order: OrderId(1) }).expect("is withdrawn");
    assert_eq!(visit(&mut world, &[SERVER], "2026-12-24"), [], "it will be tried");
    assert_eq!(visit(&mut world, &[SERVER], "2026-12-26"), [paid(2)]);
}

#[test]
fn what_falls_due_together_is_one_order_as_long_as_all_of_it_is_to_be_renewed() {
    let both = [SERVER, ADDON];
    let mut world = automatic(&both);
    assert_eq!(visit(&mut world, &both, "2026-12-21"), [proposed(1, "2026-12-26")]);
    let mut locked = world.clone();
    assert_eq!(visit(&mut world, &both, "2026-12-26"), [paid(1)]);
    assert_eq!(world.seen.next.invoice_number, 2);
    let changes: [fn(&mut World); 3] = [
        |world| world.service(ADDON).hold = Hold::Locked,
        |world| world.service(ADDON).mode = RenewalMode::Manual,
        |world| world.service(ADDON).mode = RenewalMode::DeleteAtExpiry,
    ];
    for change in changes {
        let mut world = locked.clone();
        change(&mut world);
        assert_eq!(visit(&mut world, &[SERVER], "2026-12-26"), [paid(2)]);
        assert!(matches!(state(&world, 1), OrderState::Cancelled(_)));
        assert_eq!((world.service(SERVER).open_order, world.service(ADDON).open_order), (None, None));
        assert_eq!(world.service(ADDON).until, date("2026-12-31"));
    }
    let catalogue = Arc::make_mut(&mut locked.seen.catalogue);
    catalogue.products.get_mut(&BACKUP).expect("is sold").prices.clear();
    assert_eq!(visit(&mut locked.clone(), &both, "2026-12-26"), [paid(1)], "what was ordered stands");
    locked.run(Action::CancelOrder { order: OrderId(1) }).expect("is withdrawn");
    let told = visit(&mut locked, &both, "2026-12-28");
    assert_eq!(words(&told), ["paid", "expiring"], "what is not sold any more is its owner's business");
}

#[test]
fn nothing_is_charged_before_it_was_told_of_because_something_else_is() {
    let mut world = automatic(&[SERVER, HOSTING]);
    world.service(HOSTING).period = period("P1Y");
    assert_eq!(visit(&mut world, &[SERVER, HOSTING], "2026-12-01"), [proposed(1, "2026-12-17")]);
    // The year is paid two weeks ahead, when the month is not even ordered.
    assert_eq!(visit(&mut world, &[SERVER, HOSTING], "2026-12-17"), [paid(1)]);
    assert_eq!(visit(&mut world, &[SERVER, HOSTING], "2026-12-21"), [proposed(2, "2026-12-26")]);
    let mut late = automatic(&[SERVER, HOSTING]);
    late.service(HOSTING).period = period("P1Y");
    let told = visit(&mut late, &[SERVER, HOSTING], "2026-12-22");
    assert_eq!(told, [proposed(1, "2026-12-24")], "told late, and first");
}

#[test]
fn two_orders_in_one_visit_have_two_numbers_without_a_gap() {
    let mut world = automatic(&[STACKING, FLOATING_IP, SERVER]);
    visit(&mut world, &[STACKING, FLOATING_IP, SERVER], "2026-12-21");
    let told = visit(&mut world, &[STACKING, FLOATING_IP, SERVER], "2026-12-26");
    assert_eq!(told, [paid(1), paid(2), paid(3)]);
    let numbers: Vec<_> = (1..=3).map(|id| world.seen.original(OrderId(id)).expect("is there").number).collect();
    assert_eq!((numbers, world.seen.next.order), (vec![1, 2, 3], 4));
}

#[test]
fn an_order_for_renewals_that_add_up_is_placed_when_it_is_to_be_paid_and_stands_until_it_is() {
    let mut world = prepaid(&[STACKING]);
    *world.balance() = eur(0);
    world.seen.methods.clear();
    world.seen.accounts.get_mut(&CUSTOMER).expect("is there").credit_limit = eur(0);
    for day in ["2026-12-17", "2026-12-21", "2026-12-24"] {
        assert_eq!(visit(&mut world, &[STACKING], day), [], "{day}");
    }
    assert_eq!(world.seen.next.order, 1);
    for (day, again_on) in [("2026-12-26", "2026-12-28"), ("2026-12-28", "2026-12-30")] {
        let (order, reason, again_on) = (OrderId(1), Unpaid::BalanceShort, Some(date(again_on)));
        assert_eq!(visit(&mut world, &[STACKING], day), [NoticeKind::NotPaid { order, reason, again_on }]);
    }
    assert_eq!((world.seen.next.order, world.service(STACKING).open_order), (2, Some(OrderId(1))));
    *world.balance() = eur(300);
    assert_eq!(visit(&mut world, &[STACKING], "2026-12-30"), [paid(1)]);
    assert_eq!(world.service(STACKING).until, date("2027-01-31"));
}

#[test]
fn the_order_follows_where_another_period_is_set() {
    let mut world = automatic(&[SERVER, ADDON]);
    visit(&mut world, &[SERVER, ADDON], "2026-12-21");
    let set = |service, period| Action::SetRenewal { service, mode: None, period: Some(period) };
    world.run(set(SERVER, period("P3M"))).expect("is set");
    assert_eq!(world.seen.orders[&OrderId(1)].net, eur(1_550));
    let set = Action::SetRenewals {
        services: vec![ADDON],
        mode: RenewalMode::Automatic,
        period: Some(period("P3M")),
        withdraw: Vec::new(),
    };
    world.run(set).expect("is set");
    assert_eq!(visit(&mut world, &[SERVER, ADDON], "2026-12-26"), [paid(1)]);
    for id in [SERVER, ADDON] {
        assert_eq!(world.service(id).until, date("2027-03-31"));
    }
    assert_eq!(world.seen.payments[&OrderId(1)].amount, eur(2_088));
}

#[test]
fn what_ends_takes_its_options_and_its_order_with_it_and_nothing_else() {
    let mut world = automatic(&[ADDON, RESOLD]);
    for (services, text) in [(vec![SERVER, ADDON], "P1M"), (vec![HOSTING], "P1Y")] {
        let request = RenewRequest { open_s: 90 * DAY_S, ..request(&services, text) };
        world.order(Action::Renew { request, password: String::new() }).expect("is placed");
    }
    let told = visit(&mut world, &[SERVER, ADDON, DOMAIN], "2027-02-06");
    assert_eq!(words(&told), ["terminated", "terminated", "terminated"]);
    for id in [SERVER, ADDON, DOMAIN] {
        assert_eq!((world.service(id).hold, world.service(id).open_order), (Hold::Terminated, None));
    }
    assert!(matches!(state(&world, 1), OrderState::Cancelled(_)));
    assert_eq!(world.service(HOSTING).hold, Hold::None, "a hosting plan goes on without its domain");
    assert_eq!(state(&world, 2), OrderState::Open);
    let mut world = automatic(&[ADDON]);
    world.service(ADDON).until = date("2027-06-30");
    visit(&mut world, &[ADDON], "2027-06-20");
    world.service(SERVER).until = date("2027-05-14");
    assert_eq!(words(&visit(&mut world, &[SERVER], "2027-06-21")), ["terminated"]);
    assert_eq!(world.service(ADDON).hold, Hold::Terminated, "an option does not outlive what it belongs to");
    assert!(matches!(state(&world, 1), OrderState::Cancelled(_)));
    assert_eq!(visit(&mut world, &[ADDON], "2027-06-25"), []);
}

/// A world in which a domain can be had back.
fn deleted() -> World {
    let mut world = automatic(&[DOMAIN]).at("2027-02-10T12:00:00Z");
    world.service(DOMAIN).period = period("P1Y");
    let product = world.service(DOMAIN).product;
    let catalogue = Arc::make_mut(&mut world.seen.catalogue);
    for promo in catalogue.promos.values_mut() {
        promo.ends = None;
    }
    let product = catalogue.products.get_mut(&product).expect("is sold");
    (product.redemption_days, product.redemption_fees) = (40, vec![eur(8_000)]);
    world
}

#[test]
fn what_is_deleted_is_had_back_for_a_fee_that_no_code_lowers_and_the_schedule_never_pays() {
    let mut world = deleted();
    assert_eq!(words(&visit(&mut world, &[DOMAIN], "2027-02-10")), ["redemption"]);
    assert_eq!(world.seen.orders.len(), 0);
    let account = world.seen.accounts[&CUSTOMER].clone();
    let offered = strategies(world.now, &world.seen, &account, DOMAIN, Breadth::Linked).expect("is offered");
    assert_eq!(offered[0].strategies[0].net, eur(8_199));
    let unknown = Refusal::UnknownPromo { code: "anything".to_owned() };
    assert_eq!(world.order(renew_with("anything", &[DOMAIN], "P1Y")), Err(unknown));
    let order = world.place(&[DOMAIN], "P1Y").expect("is placed");
    assert_eq!((order.net, order.gross), (eur(8_199), eur(9_839)));
    world.pay(order.id, PayWith::Method(PAYPAL)).expect("is paid");
    assert_eq!(world.service(DOMAIN).until, date("2027-12-31"), "from the old expiry");
}

#[test]
fn what_cannot_be_had_back_in_a_currency_is_not_sold_in_it() {
    let mut world = deleted();
    let product = world.service(DOMAIN).product;
    let catalogue = Arc::make_mut(&mut world.seen.catalogue);
    catalogue.products.get_mut(&product).expect("is sold").redemption_fees.clear();
    let account = world.seen.accounts[&CUSTOMER].clone();
    let service = world.service(DOMAIN).clone();
    let product = world.seen.product(&service).expect("is sold");
    assert_eq!(service.lifecycle(product, date("2027-02-10")), Lifecycle::Redemption);
    assert_eq!(strategies(world.now, &world.seen, &account, DOMAIN, Breadth::Linked), Ok(Vec::new()));
    let unsold = Refusal::NoPrice { service: DOMAIN, period: period("P1Y") };
    assert_eq!(world.place(&[DOMAIN], "P1Y"), Err(unsold));
}

#[test]
fn a_service_in_redemption_is_not_paid_by_the_schedule_whatever_its_mode_becomes() {
    let mut world = deleted();
    world.service(DOMAIN).mode = RenewalMode::Manual;
    visit(&mut world, &[DOMAIN], "2027-02-10");
    world.service(DOMAIN).mode = RenewalMode::Automatic;
    assert_eq!(visit(&mut world, &[DOMAIN], "2027-02-20"), []);
    assert_eq!(words(&visit(&mut world, &[DOMAIN], "2027-03-18")), ["terminated"]);
    assert_eq!(world.seen.orders.len(), 0);
}

#[test]
fn a_mode_that_is_set_late_counts_from_then_on() {
    let mut world = World::new();
    assert_eq!(words(&visit(&mut world, &[SERVER], "2026-12-31")), ["expired"]);
    world.service(SERVER).mode = RenewalMode::Automatic;
    assert_eq!(words(&visit(&mut world, &[SERVER], "2027-01-07")), ["proposed", "suspended"], "told first");
    assert_eq!(visit(&mut world, &[SERVER], "2027-01-08"), [paid(1)], "it was stopped, and runs again");
    let product = world.seen.product(&world.seen.services[&SERVER]).expect("is sold");
    assert_eq!(world.seen.services[&SERVER].lifecycle(product, date("2027-01-07")), Lifecycle::Active);
}

#[test]
fn stages_come_in_order_and_each_of_their_days_is_looked_at() {
    let world = automatic(&[SERVER]);
    let (service, tables) = (&world.seen.services[&SERVER], Timetables::default());
    let product = world.seen.product(service).expect("is sold");
    let stages = tables.stages(product, service);
    let words: Vec<_> = stages.iter().map(|(days, stage)| format!("{days} {}", stage.word())).collect();
    let wanted = "14 reminder-14, 10 proposal, 7 reminder-7, 5 payment-5, 3 payment-3, 3 reminder-3, 1 payment-1, \
                  1 reminder-1, 0 expired, -7 suspended, -37 terminated";
    assert_eq!(words.join(", "), wanted);
    let offsets = tables.offsets([product]);
    assert!(stages.iter().all(|(days, _)| offsets.contains(days)));
    assert!(offsets.is_sorted(), "those longest past come first");
    let row = Timetable { pay: Vec::new(), ..tables.of(service.period).expect("is there").clone() };
    let unpaid = Timetables::new(vec![row]).stages(product, service);
    assert!(unpaid.iter().all(|(_, stage)| *stage != Stage::Proposal), "what is never paid is not ordered");
}
