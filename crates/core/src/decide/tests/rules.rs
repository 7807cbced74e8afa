//! What the rules grant: placing, paying, stacking, tokens, ending a service.

use std::sync::Arc;

use super::attend::told;
use super::refusals::with_token;
use super::world::*;
use crate::command::{Action, Command, CouponUse, CreditTo, PayWith, Reply, Scope};
use crate::ids::OrderId;
use crate::invoice::{Invoice, InvoiceKind};
use crate::ledger::Book;
use crate::notice::NoticeKind;
use crate::order::OrderState;
use crate::payment::MethodKind;
use crate::product::{Kind, Price};
use crate::quote::quote;
use crate::refusal::Refusal;
use crate::service::{Hold, Lifecycle, RenewalMode};
use crate::snapshot::Change;
use crate::strategy::{Breadth, strategies};

#[test]
fn a_domain_is_offered_alone_and_with_its_hosting() {
    let world = World::new();
    let account = &world.seen.accounts[&CUSTOMER];
    let offers = strategies(world.now, &world.seen, account, DOMAIN, Breadth::Linked).expect("lists");
    let shown: Vec<_> = offers
        .iter()
        .flat_map(|offer| offer.strategies.iter().map(|one| (offer.period, one.services.clone(), one.net)))
        .collect();
    let year = period("P1Y");
    assert_eq!(shown, [(year, vec![DOMAIN], eur(199)), (year, vec![HOSTING, DOMAIN], eur(3_787))]);
}

#[test]
fn options_are_offered_only_when_asked_for() {
    let world = World::new();
    let account = &world.seen.accounts[&CUSTOMER];
    for (breadth, strategies_of_a_month, strategies_of_a_year) in
        [(Breadth::Linked, 1, 1), (Breadth::WithOptions, 2, 1)]
    {
        let offers = strategies(world.now, &world.seen, account, SERVER, breadth).expect("lists");
        let periods: Vec<_> = offers.iter().map(|offer| offer.period).collect();
        assert_eq!(periods, [period("P1M"), period("P3M"), period("P1Y")]);
        assert_eq!(offers[0].strategies.len(), strategies_of_a_month);
        assert_eq!(offers[2].strategies.len(), strategies_of_a_year, "the option is not sold by the year");
    }
}

#[test]
fn both_together_cost_what_the_guide_says() {
    let mut world = World::new();
    let mut both = request(&[HOSTING, DOMAIN], "P12M");
    both.scope = Scope::Strategy { of: DOMAIN };
    let quoted = quote(world.now, &world.seen, &world.seen.accounts[&CUSTOMER], &both).expect("quotes");
    assert_eq!((quoted.net, quoted.tax, quoted.gross), (eur(3_787), eur(757), eur(4_544)));
    assert_eq!(world.seen.orders.len(), 0, "a quote places nothing");
    let action = Action::Renew { request: both, password: String::new() };
    let Reply::Placed(order) = world.run(action).expect("is placed").reply else { panic!("not an order") };
    assert_eq!((order.lines, order.gross), (quoted.lines, quoted.gross));
}

#[test]
fn paying_moves_money_and_expiry_in_one_step() {
    let mut world = World::new();
    let order = world.place(&[SERVER, ADDON], "P1M").expect("is placed");
    assert_eq!(world.service(SERVER).open_order, Some(order.id));
    let decision =
        world.run(Action::Pay { order: order.id, with: PayWith::MethodOfKind(PAYPAL, MethodKind::PayPal), due: None });
    let changes = decision.expect("is paid").changes;
    let booked: Vec<_> = changes
        .iter()
        .filter_map(|change| match change {
            Change::Book(transfer) => Some((transfer.debit, transfer.credit, transfer.amount)),
            _ => None,
        })
        .collect();
    let paypal = Book::Collected(MethodKind::PayPal);
    assert_eq!(booked, [(paypal, Book::Revenue, eur(600)), (paypal, Book::Tax, eur(120))]);
    let extended = changes.iter().filter(|change| matches!(change, Change::Extend { .. })).count();
    assert_eq!(extended, 2);
    for id in [SERVER, ADDON] {
        let service = world.service(id);
        assert_eq!((service.until, service.open_order), (date("2027-01-31"), None));
    }
    let invoice = world.seen.original(order.id).expect("was issued");
    assert_eq!((invoice.number_text().as_str(), invoice.gross), ("INV00000001", order.gross));
    assert_eq!(Invoice::proforma(&order).number_text(), "1");
    assert_eq!(world.seen.orders[&order.id].state, OrderState::Fulfilled(world.now));
}

#[test]
fn a_late_renewal_counts_from_the_old_expiry() {
    let mut world = World::new().at("2027-01-20T12:00:00Z");
    let order = world.place(&[SERVER], "P1M").expect("is placed");
    world.pay(order.id, PayWith::Balance).expect("is paid");
    assert_eq!(world.service(SERVER).until, date("2027-01-31"));
}

#[test]
fn the_same_renewal_again_is_the_same_open_order() {
    let mut world = World::new();
    let first = world.place(&[SERVER, ADDON], "P1M").expect("is placed");
    let again = world.run(renew(&[ADDON, SERVER], "P1M")).expect("is placed");
    assert_eq!((again.changes, again.reply), (Vec::new(), Reply::Placed(first.clone())));
    world.wait_s(i64::from(DAY_S));
    let after = world.place(&[SERVER], "P3M").expect("a lapsed order blocks nothing");
    assert_ne!(after.id, first.id);
    world.run(Action::CancelOrder { order: after.id }).expect("is cancelled");
    assert_eq!(world.service(SERVER).open_order, None);
}

#[test]
fn stacked_renewals_add_up() {
    let mut world = World::new();
    let first = world.place(&[STACKING], "P1M").expect("is placed");
    let second = world.place(&[STACKING], "P1M").expect("is placed");
    assert_ne!(first.id, second.id);
    world.pay(second.id, PayWith::Balance).expect("is paid");
    world.pay(first.id, PayWith::Balance).expect("is paid");
    assert_eq!(world.service(STACKING).until, date("2027-02-28"));
}

#[test]
fn balance_and_credit_line_are_used_to_the_cent() {
    let mut world = World::new();
    world.seen.balances.get_mut(&CUSTOMER).expect("is there").balance = eur(600);
    let order = world.place(&[SERVER], "P1M").expect("is placed");
    world.pay(order.id, PayWith::Balance).expect("is paid");
    assert_eq!(world.seen.balances[&CUSTOMER].balance, eur(0));
    world.seen.balances.get_mut(&CUSTOMER).expect("is there").receivable = eur(4_400);
    let order = world.place(&[SERVER], "P1M").expect("is placed");
    world.pay(order.id, PayWith::CreditLine).expect("is paid");
    assert_eq!(world.seen.balances[&CUSTOMER].receivable, eur(5_000));
}

#[test]
fn promo_codes_and_coupons_lower_the_net_and_show() {
    let mut world = World::new();
    let mut cheaper = request(&[SERVER, ADDON], "P3M");
    cheaper.promo = Some("spring".to_owned());
    cheaper.coupons = CouponUse::First;
    let quoted = quote(world.now, &world.seen, &world.seen.accounts[&CUSTOMER], &cheaper).expect("quotes");
    assert_eq!(quoted.net, eur(1_450 - 145 + 290 - 29 - 100));
    assert_eq!(quoted.coupons, [COUPON]);
    let shares: i64 = quoted.lines.iter().map(|line| line.tax.minor()).sum();
    assert_eq!(eur(shares), quoted.tax);
    world.run(Action::Renew { request: cheaper, password: String::new() }).expect("is placed");
    let mut second = request(&[STACKING], "P1M");
    second.coupons = CouponUse::First;
    let quoted = quote(world.now, &world.seen, &world.seen.accounts[&CUSTOMER], &second).expect("quotes");
    assert_eq!((quoted.net, quoted.coupons.len()), (eur(250), 0), "a coupon is used once");
}

#[test]
fn a_token_gives_the_first_reply_until_its_window_ends() {
    let mut world = World::new();
    let command = with_token("token", 1, renew(&[STACKING], "P1M"));
    let first = world.command(&command).expect("is placed").reply;
    let Reply::Placed(order) = &first else { panic!("not an order") };
    let replayed = world.command(&command).expect("is replayed");
    assert_eq!((replayed.changes.len(), &replayed.reply), (0, &first));
    let other = Command { account: RESELLER, ..command.clone() };
    assert_eq!(world.command(&other).map(|_| ()), Err(Refusal::UnknownService(STACKING)), "tokens are per account");
    world.now = "2026-11-24T23:59:59Z".parse().expect("is an instant");
    assert_eq!(world.command(&command).expect("is replayed").changes, []);
    world.wait_s(1);
    let Reply::Placed(fresh) = world.command(&command).expect("is placed").reply else { panic!("not an order") };
    assert_ne!(fresh.id, order.id);
}

#[test]
fn a_refused_command_burns_no_token() {
    let mut world = World::new();
    world.command(&with_token("token", 1, renew(&[SERVER], "P2M"))).expect_err("is refused");
    world.command(&with_token("token", 2, renew(&[SERVER], "P1M"))).expect("is placed");
}

#[test]
fn a_service_passes_from_grace_to_suspension_to_its_end() {
    let mut world = World::new();
    let product = world.seen.product(&world.seen.services[&SERVER]).expect("is sold").clone();
    for (day, stage) in [
        ("2026-12-30", Lifecycle::Active),
        ("2026-12-31", Lifecycle::Expired),
        ("2027-01-06", Lifecycle::Expired),
        ("2027-01-07", Lifecycle::Suspended),
        ("2027-02-05", Lifecycle::Suspended),
        ("2027-02-06", Lifecycle::Terminated),
        ("2029-01-01", Lifecycle::Terminated),
    ] {
        assert_eq!(world.service(SERVER).lifecycle(&product, date(day)), stage, "{day}");
    }
    world.service(SERVER).mode = RenewalMode::DeleteAtExpiry;
    assert_eq!(world.service(SERVER).lifecycle(&product, date("2026-12-31")), Lifecycle::Terminated);
}

#[test]
fn a_termination_needs_the_mailed_token_and_can_be_withdrawn() {
    let mut world = World::new();
    let (token, token_digest) = ("mailed".to_owned(), [7; 32]);
    let asked = world.run(Action::RequestTermination { service: SERVER, token, token_digest }).expect("is asked");
    let mailed = asked.changes.iter().any(|change| {
        matches!(change, Change::Notify(notice) if matches!(&notice.kind, NoticeKind::TerminationRequested { token, .. } if token == "mailed"))
    });
    assert!(mailed);
    let confirm = |token_digest| Action::ConfirmTermination { service: SERVER, token_digest };
    assert_eq!(world.run(confirm([8; 32])).map(|_| ()), Err(Refusal::TerminationToken(SERVER)));
    world.run(confirm(token_digest)).expect("is confirmed");
    assert_eq!(world.service(SERVER).mode, RenewalMode::DeleteAtExpiry);
    assert_eq!(world.run(confirm(token_digest)).map(|_| ()), Err(Refusal::TerminationToken(SERVER)), "once only");
    let withdraw = Action::SetRenewal { service: SERVER, mode: Some(RenewalMode::Manual), period: None };
    world.run(withdraw).expect("is withdrawn");
    world.place(&[SERVER], "P1M").expect("is placed");
}

#[test]
fn a_reseller_suspends_reopens_and_ends_its_services() {
    let mut world = World::new();
    let mut run = |action| world.command(&Command { account: RESELLER, token: None, action }).map(|_| ());
    let (suspend, reopen) = (Action::Suspend { service: RESOLD }, Action::Reopen { service: RESOLD });
    run(suspend.clone()).expect("is suspended");
    run(reopen).expect("is reopened");
    assert_eq!(run(Action::Terminate { service: RESOLD }), Err(Refusal::NotSuspended(RESOLD)));
    run(suspend).expect("is suspended");
    run(Action::Terminate { service: RESOLD }).expect("is ended");
    assert_eq!(world.service(RESOLD).hold, Hold::Terminated);
}

#[test]
fn a_credit_note_takes_the_invoice_back_and_leaves_the_term() {
    let mut world = World::new();
    let order = world.place(&[SERVER], "P1M").expect("is placed");
    world.pay(order.id, PayWith::Method(PAYPAL)).expect("is paid");
    world.run(Action::CreditOrder { order: order.id, to: CreditTo::Balance }).expect("is credited");
    let original = world.seen.original(order.id).expect("is there").clone();
    let note = world.seen.credit_note(order.id, original.id).expect("was issued");
    assert_eq!((note.gross, note.kind), (eur(-600), InvoiceKind::CreditNote { corrects: original.id }));
    assert_eq!(note.number_text(), "CN00000001");
    assert_eq!(world.seen.balances[&CUSTOMER].balance, eur(10_600));
    assert_eq!(world.service(SERVER).until, date("2027-01-31"));
}

#[test]
fn what_was_ordered_stands_whatever_the_price_list_says_since() {
    let mut world = World::new();
    let mut promoted = request(&[SERVER], "P3M");
    promoted.promo = Some("spring".to_owned());
    let action = Action::Renew { request: promoted.clone(), password: String::new() };
    let Reply::Placed(order) = world.run(action.clone()).expect("is placed").reply else { panic!("not an order") };
    let mut catalogue = (*world.seen.catalogue).clone();
    catalogue.promos.clear();
    catalogue.products.values_mut().for_each(|product| product.prices.clear());
    world.seen.catalogue = catalogue.into();
    let account = &world.seen.accounts[&CUSTOMER];
    let quoted = quote(world.now, &world.seen, account, &promoted).expect("is quoted as it was ordered");
    assert_eq!((quoted.gross, quoted.lines), (order.gross, order.lines.clone()));
    assert_eq!(world.run(action).expect("is placed").reply, Reply::Placed(order));
}

#[test]
fn a_renewal_in_weeks_moves_the_day_that_months_are_counted_from() {
    for (text, anchor, until) in [("P1W", 7, "2027-02-07"), ("P4W", 28, "2027-02-28")] {
        let mut catalogue = (*World::new().seen.catalogue).clone();
        let product = catalogue.products.values_mut().find(|product| product.kind == Kind::Instance).expect("is sold");
        product.prices.push(Price { period: period("P4W"), net: eur(240) });
        let mut world = World::new();
        world.seen.catalogue = catalogue.into();
        for text in [text, "P1M"] {
            let order = world.place(&[STACKING], text).expect("is placed");
            world.pay(order.id, PayWith::Balance).expect("is paid");
        }
        let service = world.service(STACKING);
        assert_eq!((service.anchor.get(), service.until), (anchor, date(until)), "{text}, then P1M");
    }
}

#[test]
fn stacked_orders_say_what_they_extended_and_stay_within_bounds() {
    let mut world = World::new();
    let orders = [(); 2].map(|()| world.place(&[STACKING], "P1M").expect("is placed").id);
    let terms = orders.map(|order| world.pay(order, PayWith::Balance).expect("is paid").lines[0].term);
    assert_eq!(
        terms.map(|term| (term.from(), term.until())),
        [(date("2026-12-31"), date("2027-01-31")), (date("2027-01-31"), date("2027-02-28")),]
    );
    let order = world.place(&[STACKING], "P1M").expect("is placed").id;
    world.service(STACKING).until = date("2036-11-15");
    let refused = world.pay(order, PayWith::Balance);
    assert_eq!(refused, Err(Refusal::TooFarAhead { service: STACKING, furthest: date("2036-11-20") }));
}

#[test]
fn a_coupon_is_free_again_when_its_order_lapsed_or_was_withdrawn() {
    let mut world = World::new();
    let mut lowered = request(&[SERVER], "P1M");
    lowered.coupons = CouponUse::First;
    let action = Action::Renew { request: lowered, password: String::new() };
    for end in [Action::CancelOrder { order: OrderId(1) }, Action::CancelOrder { order: OrderId(2) }] {
        let Reply::Placed(order) = world.run(action.clone()).expect("is placed").reply else { panic!("not an order") };
        assert_eq!(order.net, eur(400));
        world.run(end).expect("is withdrawn");
    }
    let Reply::Placed(order) = world.run(action.clone()).expect("is placed").reply else { panic!("not an order") };
    world.wait_s(i64::from(DAY_S));
    let Reply::Placed(again) = world.run(action).expect("is placed").reply else { panic!("not an order") };
    assert_eq!((order.net, again.net), (eur(400), eur(400)));
}

#[test]
fn a_replayed_order_is_the_order_that_was_placed() {
    let mut world = World::new();
    let command = with_token("token", 1, renew(&[SERVER], "P1M"));
    let first = world.command(&command).expect("is placed").reply;
    world.pay(OrderId(1), PayWith::Balance).expect("is paid");
    assert_eq!(world.command(&command).expect("is replayed").reply, first);
}

#[test]
fn a_termination_token_is_worth_nothing_after_a_renewal_or_a_change_of_mind() {
    let request = || Action::RequestTermination { service: SERVER, token: "mailed".to_owned(), token_digest: [7; 32] };
    let confirm = || Action::ConfirmTermination { service: SERVER, token_digest: [7; 32] };
    let refused = Err(Refusal::TerminationToken(SERVER));
    let mut world = World::new();
    world.run(request()).expect("is asked");
    let order = world.place(&[SERVER], "P1M").expect("is placed");
    world.pay(order.id, PayWith::Balance).expect("is paid");
    assert_eq!(world.run(confirm()).map(|_| ()), refused);
    let mut world = World::new();
    world.run(request()).expect("is asked");
    for mode in [RenewalMode::DeleteAtExpiry, RenewalMode::Manual] {
        world.run(Action::SetRenewal { service: SERVER, mode: Some(mode), period: None }).expect("is set");
    }
    assert_eq!(world.run(confirm()).map(|_| ()), refused);
}

#[test]
fn a_seller_who_gives_receipts_tells_owners_of_the_payments_that_they_make() {
    for receipts in [false, true] {
        let mut world = World::new();
        Arc::make_mut(&mut world.seen.catalogue).seller.receipts = receipts;
        let order = world.place(&[SERVER], "P1M").expect("is placed").id;
        let paid = world.run(Action::Pay { order, with: PayWith::Balance, due: None }).expect("is paid");
        let expected = receipts.then_some(NoticeKind::Paid { order });
        assert_eq!(told(&paid.changes), expected.into_iter().collect::<Vec<_>>());
    }
}
