//! Renewing and paying in one step, the tokens of whoever sends none, and nonces.

use jiff::{SignedDuration, Timestamp};
use perennial_core::calendar::AnchorDay;
use perennial_core::command::{Action, Command, PayWith, RenewRequest, Reply};
use perennial_core::idempotency::{Holds, Nonce, Token};
use perennial_core::ids::{ApplicationId, OrderId};
use perennial_core::ledger::Balances;
use perennial_core::order::OrderState;
use perennial_core::payment::MethodKind;
use perennial_core::ports::Span;
use perennial_core::refusal::Refusal;
use perennial_core::snapshot::{Change, Want};
use perennial_store::StoreError;

use crate::access::application;
use crate::world::{
    CUSTOMER, DOMAIN, Database, HOSTING, PAYPAL, RESELLER, SERVER, STACKING, World, date, eur, instant, renew,
    renew_now, request, token,
};

fn balances<D: Database>(world: &World<D>) -> Balances {
    world.books.load(&[Want::Balances(CUSTOMER)]).expect("loads").balances[&CUSTOMER]
}

fn orders<D: Database>(world: &World<D>) -> Vec<OrderId> {
    world.books.order_ids(CUSTOMER, Span::default()).expect("reads")
}

pub fn a_renewal_is_placed_and_paid_in_one_step<D: Database>() {
    let mut world = World::<D>::new();
    let first = world.paid(renew_now(&[HOSTING, DOMAIN], "P1Y"));
    assert_eq!((first.net, first.gross), (eur(3_687), eur(4_424)), "less a coupon of 100");
    assert_eq!(world.order(first.id), first);
    // Of 5576 and a credit line of 5000, 6600 are left to find.
    let second = world.paid(renew_now(&[SERVER], "P1Y"));
    assert_eq!((world.order(second.id), second.state), (second.clone(), OrderState::Fulfilled(world.now)));
    assert_eq!(balances(&world), Balances { balance: eur(0), receivable: eur(1_024) });
    let wants = [first.id, second.id].map(|order| Want::Payment(CUSTOMER, order));
    let payments = world.books.load(&wants).expect("loads").payments;
    let of = |order| (payments[&order].kind, payments[&order].amount, payments[&order].from_balance);
    assert_eq!(of(first.id), (MethodKind::Balance, eur(4_424), eur(0)));
    assert_eq!(of(second.id), (MethodKind::CreditLine, eur(6_600), eur(5_576)));
    let service = world.service(CUSTOMER, SERVER);
    assert_eq!((service.until, service.open_order), (date("2027-12-31"), None));
    let invoices = world.books.invoices(CUSTOMER, Span::default()).expect("reads");
    assert_eq!(invoices.iter().map(|invoice| invoice.order).collect::<Vec<_>>(), [first.id, second.id]);
    assert!(world.books.load(&[Want::Coupons(CUSTOMER)]).expect("loads").coupons[&CUSTOMER].is_empty());
    world.assert_sound();
}

pub fn a_renewal_that_coupons_cover_is_paid_with_nothing<D: Database>() {
    let mut world = World::<D>::new();
    let order = world.paid(renew_now(&[STACKING], "P1W"));
    assert_eq!((order.lines[0].list, order.gross), (eur(70), eur(0)));
    assert_eq!(balances(&world).balance, eur(10_000));
    assert_eq!(world.service(CUSTOMER, STACKING).until, date("2027-01-07"));
    world.assert_sound();
}

pub fn a_renewal_that_cannot_be_paid_leaves_nothing<D: Database>() {
    let mut world = World::<D>::new();
    let spent = world.place(&[SERVER], "P1Y").id;
    world.pay(spent, PayWith::Balance);
    let before = (balances(&world), orders(&world), world.service(CUSTOMER, HOSTING));
    let wanted = || Command {
        account: CUSTOMER,
        token: Some(token("once", 1)),
        action: renew_now(&[HOSTING, DOMAIN, SERVER], "P1Y"),
    };
    let short = Refusal::CreditShort { left: eur(5_000), due: eur(7_624) };
    assert_eq!(world.run(&[wanted()]).remove(0), Err(short.clone()));
    assert_eq!((balances(&world), orders(&world), world.service(CUSTOMER, HOSTING)), before);
    let seen = world.books.load(&wanted().wants()).expect("loads");
    assert!(seen.replays.is_empty(), "the token is not used up");
    assert_eq!(seen.coupons[&CUSTOMER][0].used_by, None);
    // Refused between two that are not, it spoils neither.
    let other = |action| Command { account: CUSTOMER, token: None, action };
    let mut replies =
        world.run(&[other(renew_now(&[STACKING], "P1M")), wanted(), other(renew_now(&[STACKING], "P1W"))]);
    let last = replies.pop().expect("is answered").expect("is renewed");
    assert!(matches!(last, Reply::Paid(order) if order.id == OrderId(3)), "no number was used up");
    assert!(matches!(replies[1], Err(Refusal::CreditShort { .. })), "{replies:?}");
    world.assert_sound();
}

pub fn a_batch_renews_until_the_money_is_gone<D: Database>() {
    let mut world = World::<D>::new();
    let command = || Command { account: CUSTOMER, token: None, action: renew_now(&[SERVER], "P1Y") };
    let replies = world.run(&[(); 4].map(|()| command()));
    let paid = replies.iter().filter(|reply| matches!(reply, Ok(Reply::Paid(_)))).count();
    assert_eq!(paid, 2, "of 15000, at 6480 and 6600");
    let short = Err(Refusal::CreditShort { left: eur(1_920), due: eur(6_600) });
    assert_eq!(replies[2..], [short.clone(), short]);
    assert_eq!(balances(&world), Balances { balance: eur(0), receivable: eur(3_080) });
    assert_eq!(world.service(CUSTOMER, SERVER).until, date("2028-12-31"));
    world.assert_sound();
}

pub fn a_renewal_to_a_day_reads_back<D: Database>() {
    let mut world = World::<D>::new();
    let day = AnchorDay::new(12).expect("is a day");
    let to_day = |service| RenewRequest { to_day: Some(day), ..request(&[service], "P1M") };
    let (wanted, password) = (to_day(SERVER), String::new());
    let order = world.paid(Action::RenewNow { request: wanted, expiry: None, password: password.clone() });
    assert_eq!((order.net, order.period()), (eur(700), None), "a month and twelve days");
    assert_eq!(world.order(order.id), order);
    let service = world.service(CUSTOMER, SERVER);
    assert_eq!((service.until, service.anchor), (date("2027-02-12"), day));
    let open = world.ordered(Action::Renew { request: to_day(STACKING), password });
    assert_eq!(world.order(open.id), open);
    world.paid(renew_now(&[STACKING], "P1W"));
    let (stated, found) = (date("2026-12-31"), date("2027-01-07"));
    let pay = Action::Pay { order: open.id, with: PayWith::Balance, due: None };
    assert_eq!(world.one(CUSTOMER, pay), Err(Refusal::FenceMoved { service: STACKING, stated, found }));
    world.assert_sound();
}

/// A monthly renewal under a token that holds while nothing moves.
fn unmoved(minutes: i64) -> Command {
    let kept = SignedDuration::from_mins(minutes);
    let token = Token { kept, holds: Holds::WhileUnmoved, ..token("made here", 1) };
    Command { account: CUSTOMER, token: Some(token), action: renew_now(&[STACKING], "P1M") }
}

fn paid_as(reply: Result<Reply, Refusal>) -> OrderId {
    match reply {
        Ok(Reply::Paid(order)) => order.id,
        other => panic!("not paid: {other:?}"),
    }
}

pub fn a_token_that_holds_while_nothing_moves_gives_way_once_something_did<D: Database>() {
    let mut world = World::<D>::new();
    let command = unmoved;
    let first = world.run(&[command(15)]).remove(0);
    assert_eq!(world.run(&[command(16), command(17)]), [first.clone(), first.clone()]);
    world.store = world.database.store();
    assert_eq!(world.run(&[command(18)]).remove(0), first);
    let order = world.place(&[STACKING], "P1W").id;
    world.pay(order, PayWith::Method(PAYPAL));
    let mut replies = world.run(&[command(19), command(20)]);
    let second = replies.remove(0);
    assert_eq!((replies.remove(0), paid_as(second.clone())), (second.clone(), OrderId(3)));
    world.store = world.database.store();
    assert_eq!(world.run(&[command(21)]).remove(0), second);
    assert_eq!(world.service(CUSTOMER, STACKING).until, date("2027-03-07"));
    // It is kept as long as the renewal that took it over said.
    world.now = instant("2026-11-20T12:18:59Z");
    assert_eq!(world.run(&[command(33)]).remove(0), second);
    world.now = instant("2026-11-20T12:19:00Z");
    assert_eq!(paid_as(world.run(&[command(34)]).remove(0)), OrderId(4));
    world.assert_sound();
}

/// An open order is answered again, and what was remembered of it needs no other row.
pub fn an_open_order_is_answered_twice_in_a_moment_under_one_token<D: Database>() {
    let mut world = World::<D>::new();
    let command = || Command { action: renew(&[SERVER], "P1M"), ..unmoved(15) };
    let replies = world.run(&[command(), command()]);
    assert!(matches!(&replies[..], [Ok(Reply::Placed(one)), Ok(Reply::Placed(two))] if one == two), "{replies:?}");
}

pub fn a_malformed_token_spoils_nobody_elses_command<D: Database>() {
    let mut world = World::<D>::new();
    let command = |key: &str| Command {
        account: CUSTOMER,
        token: Some(token(key, 1)),
        action: renew(&[if key == "good" { SERVER } else { DOMAIN }], "P1Y"),
    };
    let replies = world.run(&[command("good"), command("b\0d"), command("good")]);
    assert_eq!(replies[1], Err(Refusal::TokenMalformed));
    assert!(matches!(&replies[0], Ok(Reply::Placed(_))) && replies[0] == replies[2], "{replies:?}");
}

fn use_nonce(application: ApplicationId, digest: u8, good_until: Timestamp) -> Action {
    Action::UseNonce { nonce: Nonce { application, digest: [digest; 32] }, good_until }
}

pub fn a_token_is_taken_over_however_long_it_was_kept<D: Database>() {
    for minutes in [16, 15, 14] {
        let mut world = World::<D>::new();
        let between = Command { account: CUSTOMER, token: None, action: renew_now(&[STACKING], "P1W") };
        let replies = world.run(&[unmoved(15), between, unmoved(minutes), unmoved(minutes)]);
        let orders: Vec<_> = replies.into_iter().map(paid_as).collect();
        assert_eq!(orders, [1, 2, 3, 3].map(OrderId), "{minutes}");
        world.assert_sound();
    }
}

pub fn a_nonce_is_used_once_also_after_a_restart<D: Database>() {
    let mut world = World::<D>::new();
    let application = application(&mut world);
    let until = instant("2026-11-20T12:15:00Z");
    let command = |digest| Command { account: CUSTOMER, token: None, action: use_nonce(application, digest, until) };
    let replies = world.run(&[command(1), command(1), command(2)]);
    assert_eq!(replies, [Ok(Reply::Done), Err(Refusal::NonceUsed), Ok(Reply::Done)]);
    world.store = world.database.store();
    for account in [CUSTOMER, RESELLER] {
        assert_eq!(world.one(account, use_nonce(application, 1, until)), Err(Refusal::NonceUsed));
    }
    let nonce = Nonce { application, digest: [1; 32] };
    let elsewhere = Nonce { application: ApplicationId(99), ..nonce };
    let seen = world.books.load(&[Want::Nonce(nonce), Want::Nonce(elsewhere)]).expect("loads");
    let kept = instant("2026-11-20T13:15:00Z");
    assert_eq!(seen.nonces, [(nonce, kept)].into());
    // Its time is over, and nobody has forgotten it yet.
    world.now = kept;
    let later = instant("2026-11-20T13:30:00Z");
    assert_eq!(world.one(CUSTOMER, use_nonce(application, 1, later)), Err(Refusal::NonceUsed));
    let again = world.written(&[Change::UseNonce { nonce, keep_until: later }]);
    assert!(matches!(again, Err(StoreError::Constraint { doing: "use a nonce", .. })), "{again:?}");
}

pub fn nonces_are_forgotten_the_oldest_first<D: Database>() {
    let mut world = World::<D>::new();
    let application = application(&mut world);
    for (digest, minute) in [(1, 20), (2, 10), (3, 15), (4, 25)] {
        let until = instant(&format!("2026-11-20T12:{minute}:00Z"));
        world.done(CUSTOMER, use_nonce(application, digest, until));
    }
    let kept = |world: &World<D>| {
        let nonce = |digest| Nonce { application, digest: [digest; 32] };
        let seen = world.books.load(&[1, 2, 3, 4].map(|digest| Want::Nonce(nonce(digest)))).expect("loads");
        [1, 2, 3, 4].map(|digest| seen.nonces.contains_key(&nonce(digest)))
    };
    for (now, rows_max, gone, left) in [
        ("2026-11-20T13:09:59.999999Z", 10, 0, [true; 4]),
        ("2026-11-20T13:10:00Z", 10, 1, [true, false, true, true]),
        ("2026-11-20T13:20:00Z", 1, 1, [true, false, false, true]),
        ("2026-11-20T13:20:00Z", 10, 1, [false, false, false, true]),
    ] {
        let went = world.batch(|batch| batch.forget(instant(now), rows_max)).expect("forgets");
        assert_eq!((went, kept(&world)), (gone, left), "{now}");
    }
}
