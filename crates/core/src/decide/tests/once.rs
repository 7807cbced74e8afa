//! What comes twice: tokens that hold while nothing moves, tokens as they are written, and nonces.

use proptest::prelude::*;

use super::refusals::{use_nonce, with_token};
use super::shown::shown;
use super::world::*;
use crate::command::{Action, Command, PayWith, Reply};
use crate::decide::{decide, replayed};
use crate::idempotency::TOKEN_LENGTH_MAX;
use crate::idempotency::{Holds, Nonce, Token};
use crate::ids::{ApplicationId, OrderId, ServiceId};
use crate::order::Order;
use crate::refusal::Refusal;
use crate::snapshot::Change;

/// A command under a token that holds while nothing moves.
fn while_unmoved(key: &str, digest: u8, action: Action) -> Command {
    let command = with_token(key, digest, action);
    let token = command.token.map(|token| Token { holds: Holds::WhileUnmoved, ..token });
    Command { token, ..command }
}

fn order(reply: Reply) -> Order {
    match reply {
        Reply::Placed(order) | Reply::Paid(order) => order,
        other => panic!("not an order: {other:?}"),
    }
}

#[test]
fn a_repeat_gets_the_first_order_while_the_service_expires_as_that_order_says() {
    for service in [SERVER, STACKING] {
        let mut world = World::new();
        let command = while_unmoved("a", 1, renew_now(&[service], "P1M"));
        let first = world.command(&command).expect("is renewed").reply;
        for _ in 0..3 {
            world.wait_s(3_600);
            let again = world.command(&command).expect("is replayed");
            assert_eq!((again.changes, &again.reply), (Vec::new(), &first));
        }
        world.run(Action::Rename { service, display_name: Some("mine".to_owned()) }).expect("is renamed");
        assert_eq!(world.command(&command).expect("is replayed").reply, first, "a name moves no expiry");
        assert_eq!((world.service(service).until, world.seen.payments.len()), (date("2027-01-31"), 1));
    }
}

#[test]
fn once_something_else_moved_the_expiry_it_is_a_new_renewal_and_takes_the_token_over() {
    let mut world = World::new();
    let command = while_unmoved("a", 1, renew_now(&[STACKING], "P1M"));
    let first = order(world.command(&command).expect("is renewed").reply);
    let between = world.place(&[STACKING], "P1W").expect("is placed");
    assert_eq!(order(world.command(&command).expect("is replayed").reply), first, "an open order moves nothing");
    world.pay(between.id, PayWith::Method(PAYPAL)).expect("is paid");
    let second = order(world.command(&command).expect("is renewed").reply);
    assert_eq!((second.id, second.lines[0].term.from()), (OrderId(3), date("2027-02-07")));
    assert_eq!(order(world.command(&command).expect("is replayed").reply), second);
    assert_eq!(world.seen.replays.len(), 1);
    world.paid(renew_now(&[STACKING], "P1W")).expect("is renewed");
    assert_eq!(order(world.command(&command).expect("is renewed").reply).id, OrderId(5));
}

#[test]
fn a_token_that_always_holds_minds_no_moved_expiry() {
    let mut world = World::new();
    let command = with_token("a", 1, renew_now(&[STACKING], "P1M"));
    let first = world.command(&command).expect("is renewed").reply;
    world.paid(renew_now(&[STACKING], "P1W")).expect("is renewed");
    let again = world.command(&command).expect("is replayed");
    assert_eq!((again.changes, again.reply), (Vec::new(), first));
}

#[test]
fn one_moved_service_of_several_makes_a_new_renewal() {
    for moved in [SERVER, ADDON] {
        let mut world = World::new();
        let command = while_unmoved("a", 1, renew_now(&[SERVER, ADDON], "P1M"));
        let first = order(world.command(&command).expect("is renewed").reply);
        assert_eq!(order(world.command(&command).expect("is replayed").reply), first);
        world.paid(renew_now(&[moved], "P1M")).expect("is renewed");
        assert_eq!(order(world.command(&command).expect("is renewed").reply).id, OrderId(3), "{moved}");
    }
}

#[test]
fn a_repeat_that_may_not_be_renewed_any_more_is_refused_and_leaves_the_token() {
    let mut world = World::new();
    let command = while_unmoved("a", 1, renew_now(&[SERVER], "P1M"));
    let first = order(world.command(&command).expect("is renewed").reply);
    let remembered = world.seen.replays.clone();
    world.paid(renew_now(&[SERVER], "P1M")).expect("is renewed");
    *world.balance() = eur(0);
    world.seen.accounts.get_mut(&CUSTOMER).expect("is there").credit_limit = eur(0);
    let short = Refusal::BalanceShort { balance: eur(0), due: eur(600) };
    assert_eq!(world.command(&command).map(|_| ()), Err(short));
    assert_eq!((&world.seen.replays, first.id), (&remembered, OrderId(1)));
}

#[test]
fn another_request_under_the_token_is_refused_whether_or_not_something_moved() {
    let mut world = World::new();
    world.command(&while_unmoved("a", 1, renew_now(&[STACKING], "P1M"))).expect("is renewed");
    for _ in 0..2 {
        let other = world.command(&while_unmoved("a", 2, renew_now(&[STACKING], "P1W")));
        assert_eq!(other.map(|_| ()), Err(Refusal::TokenMismatch));
        world.paid(renew_now(&[STACKING], "P1W")).expect("is renewed");
    }
}

#[test]
fn it_is_remembered_for_its_time_and_not_a_microsecond_longer() {
    let mut world = World::new();
    let command = while_unmoved("a", 1, renew_now(&[STACKING], "P1M"));
    let first = order(world.command(&command).expect("is renewed").reply);
    world.now = "2026-11-24T23:59:59.999999Z".parse().expect("is an instant");
    assert_eq!(order(world.command(&command).expect("is replayed").reply), first);
    world.now = "2026-11-25T00:00:00Z".parse().expect("is an instant");
    let fresh = order(world.command(&command).expect("is renewed").reply);
    assert_eq!((fresh.id, fresh.lines[0].term.from()), (OrderId(2), date("2027-01-31")));
}

#[test]
fn of_services_that_were_not_loaded_nothing_is_known() {
    let mut world = World::new();
    let unmoved = while_unmoved("a", 1, renew_now(&[STACKING], "P1M"));
    let always = with_token("b", 1, renew_now(&[SERVER], "P1M"));
    for (command, told) in [(&unmoved, false), (&always, true)] {
        let first = world.command(command).expect("is renewed").reply;
        let token = command.token.as_ref();
        let lookup = token.expect("is there").lookup(CUSTOMER);
        let bare = shown(&world.seen, &[crate::snapshot::Want::Replay(lookup)]);
        assert!(bare.services.is_empty());
        let answered = replayed(world.now, &bare, CUSTOMER, token).expect("is well-formed");
        assert_eq!(answered, told.then(|| first.clone()));
        let full = shown(&world.seen, &command.wants());
        assert_eq!(replayed(world.now, &full, CUSTOMER, token), Ok(Some(first)));
    }
}

#[test]
fn a_token_is_printable_ascii_and_may_have_spaces() {
    let longest = "a".repeat(TOKEN_LENGTH_MAX);
    for (key, plain) in [
        ("a b", true),
        (" ", true),
        (" a ", true),
        ("~!\"'\\", true),
        (longest.as_str(), true),
        ("", false),
        ("a\tb", false),
        ("a\n", false),
        ("\u{0}", false),
        ("\u{7f}", false),
        ("\u{a0}", false),
        ("é", false),
    ] {
        let decided = World::new().command(&with_token(key, 1, renew(&[SERVER], "P1M"))).map(|_| ());
        assert_eq!(decided, if plain { Ok(()) } else { Err(Refusal::TokenMalformed) }, "{key:?}");
    }
    let mut world = World::new();
    for (number, key) in [(1, "a"), (2, "a "), (3, " a")] {
        let placed = world.command(&with_token(key, 1, renew(&[STACKING], "P1M"))).expect("is placed");
        assert_eq!(order(placed.reply).id, OrderId(number), "{key:?} is a token of its own");
    }
}

#[test]
fn a_nonce_is_used_once_and_not_by_a_request_that_is_too_old() {
    let mut world = World::new();
    let nonce = Nonce { application: ApplicationId(1), digest: [1; 32] };
    let at = |text: &str| text.parse().expect("is an instant");
    let (good_until, keep_until) = (at("2026-11-20T12:15:00Z"), at("2026-11-20T13:15:00Z"));
    let used = world.run(use_nonce(1)).expect("is used");
    assert_eq!((used.changes, used.reply), (vec![Change::UseNonce { nonce, keep_until }], Reply::Done));
    for account in [CUSTOMER, RESELLER] {
        let again = Command { account, token: None, action: use_nonce(1) };
        assert_eq!(world.command(&again).map(|_| ()), Err(Refusal::NonceUsed), "whoever sends it");
    }
    let of_another = Nonce { application: ApplicationId(2), ..nonce };
    world.run(Action::UseNonce { nonce: of_another, good_until }).expect("counts for its application alone");
    world.run(use_nonce(2)).expect("is another");
    world.now = at("2026-11-20T12:14:59.999999Z");
    world.run(use_nonce(3)).expect("is young enough");
    world.now = good_until;
    assert_eq!(world.run(use_nonce(4)).map(|_| ()), Err(Refusal::NonceLate));
    // However late: what is on file is used.
    world.now = at("2026-11-20T14:00:00Z");
    let again = Action::UseNonce { nonce, good_until: at("2026-11-20T15:00:00Z") };
    assert_eq!(world.run(again).map(|_| ()), Err(Refusal::NonceUsed));
}

#[derive(Clone, Copy, Debug)]
enum Step {
    /// A renewal under the token of its service and period.
    Repeat(ServiceId, &'static str),
    /// One under no token.
    Move(ServiceId),
    Wait {
        minutes: i64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let service = || proptest::sample::select(vec![SERVER, STACKING]);
    let text = proptest::sample::select(vec!["P1M", "P1W"]);
    prop_oneof![
        5 => (service(), text).prop_map(|(service, text)| Step::Repeat(service, text)),
        1 => service().prop_map(Step::Move),
        1 => (1_i64..20).prop_map(|minutes| Step::Wait { minutes }),
    ]
}

#[test]
fn a_repeat_that_waits_for_longer_than_its_token_is_remembered_renews_nothing() {
    let mut world = World::new();
    let seen = world.service(SERVER).until;
    let Action::RenewNow { request, password, .. } = renew_now(&[SERVER], "P1M") else { panic!("renews") };
    let mut command = while_unmoved("a", 1, Action::RenewNow { request, expiry: Some(seen), password });
    if let Some(token) = &mut command.token {
        token.kept = jiff::SignedDuration::from_secs(120);
    }
    let first = order(world.command(&command).expect("is renewed").reply);
    world.wait_s(119);
    assert_eq!(order(world.command(&command).expect("is replayed").reply), first);
    world.wait_s(1);
    let (stated, found) = (seen, world.service(SERVER).until);
    let late = world.command(&command).map(|_| ());
    assert_eq!(late, Err(Refusal::FenceMoved { service: SERVER, stated, found }));
    assert_eq!(world.seen.payments.len(), 1);
}

proptest! {
    #[test]
    fn under_a_token_that_holds_while_nothing_moves_one_expiry_is_renewed_once(
        steps in proptest::collection::vec(step(), 1..40),
    ) {
        let mut world = World::new();
        *world.balance() = eur(1_000_000);
        // By service and period: the order, its end, and until when it is remembered.
        let mut model = std::collections::HashMap::new();
        for step in steps {
            let (service, text) = match step {
                Step::Repeat(service, text) => (service, text),
                Step::Move(service) => {
                    world.paid(renew_now(&[service], "P1M")).expect("is renewed");
                    continue;
                }
                Step::Wait { minutes } => {
                    world.wait_s(minutes * 60);
                    continue;
                }
            };
            let mut command = while_unmoved(&format!("{service} {text}"), 1, renew_now(&[service], text));
            let keep_until = world.now + jiff::SignedDuration::from_mins(15);
            if let Some(token) = &mut command.token {
                token.kept = jiff::SignedDuration::from_mins(15);
            }
            let decided = decide(world.now, &world.seen, &command).map(|decision| decision.changes.is_empty());
            let before = world.service(service).until;
            let known = model.get(&(service, text)).filter(|(_, end, kept)| *end == before && world.now < *kept);
            let Ok(repeat) = decided else {
                // A week of what is sold by the month.
                prop_assert_eq!((service, text, known.is_none()), (SERVER, "P1W", true));
                continue;
            };
            prop_assert_eq!(repeat, known.is_some());
            let got = order(world.command(&command).expect("is decided").reply);
            prop_assert_eq!(known.map_or(got.id, |(id, ..)| *id), got.id);
            prop_assert_eq!(repeat, world.service(service).until == before);
            if !repeat {
                model.insert((service, text), (got.id, got.lines[0].term.until(), keep_until));
            }
        }
        prop_assert_eq!(world.seen.payments.len(), world.seen.orders.len());
    }
}
