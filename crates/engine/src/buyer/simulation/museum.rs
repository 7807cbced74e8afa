//! The museum: how other systems came to pay twice, or to say what was not so. Each is a test here.

use super::shop::Fault;
use super::*;
use perennial_core::buyer::holding::HoldingKey;
use perennial_core::buyer::intent::{By, Intent, IntentId};
use perennial_core::buyer::plan::Item;
use perennial_store::Added;

const PATIENCE: Duration = Duration::from_hours(12);

/// A quiet world whose inventories have been read, and what is due at one provider.
pub fn planned(provider: &str) -> (World, Buyer<Ledger>, Item) {
    let world = World::new(1, false, true);
    let buyer = world.buyer("one");
    world.run(async {
        for provider in buyer.remotes().keys() {
            buyer.sync(provider, &()).await.expect("reads");
        }
    });
    let plan = world.run(buyer.plan(&policy(), &Scope::default(), &())).expect("plans");
    let item = plan.items.into_iter().find(|item| item.holding.key.provider.as_str() == provider).expect("is due");
    (world, buyer, item)
}

pub fn take_on(world: &World, buyer: &Buyer<Ledger>, item: &Item) -> IntentId {
    match world.run(buyer.take_on(item)).expect("is on file") {
        Added::New => world.ledger.open().pop().expect("is there").id,
        Added::Known(id) => id,
    }
}

pub fn carry(world: &World, buyer: &Buyer<Ledger>, id: &IntentId) -> Intent {
    world.run(buyer.carry(id, PATIENCE, &())).expect("is carried").expect("nobody else is at it")
}

pub fn key(item: &Item) -> &HoldingKey {
    &item.holding.key
}

/// A Terraform provider for Alibaba Cloud made its client token inside the loop that retries: each try bought another one.
/// (aliyun/terraform-provider-alicloud, pull request 10305.)
#[test]
fn alicloud_10305_each_try_bears_the_token_of_the_first() {
    for provider in ["tokens", "bills", "direct"] {
        let (world, buyer, item) = planned(provider);
        world.truth.arm(&key(&item).provider, &[Fault::RequestLost, Fault::Throttled, Fault::ReplyLost]);
        let id = take_on(&world, &buyer, &item);
        let intent = carry(&world, &buyer, &id);
        assert!(matches!(intent.state, State::Done(_)), "{intent:?}");
        let sent = world.truth.sent(&key(&item).provider);
        assert!(sent.len() >= 3, "{sent:?}");
        assert!(sent.iter().all(|token| *token == intent.ask.token), "{sent:?}");
        assert_eq!(world.truth.payments(key(&item)), (1, 0), "{provider}");
    }
}

/// A billing system put the number of the attempt into the key that was to make attempts one. (getlago/lago-api, pull
/// request 709.)
#[test]
fn lago_709_a_decision_taken_again_is_the_same_decision() {
    let (world, buyer, item) = planned("tokens");
    let id = take_on(&world, &buyer, &item);
    world.truth.arm(&key(&item).provider, &[Fault::Throttled; 5]);
    let first = carry(&world, &buyer, &id);
    assert!(matches!(first.state, State::Refused { by: By::Network, .. }), "{first:?}");
    world.run(world.sky.sleep_for(DAY));
    assert_eq!(take_on(&world, &world.buyer("two"), &item), id, "whoever takes it, whenever");
    let second = carry(&world, &buyer, &id);
    assert!(matches!(second.state, State::Done(_)), "{second:?}");
    assert_eq!(first.ask, second.ask);
    let mut dearer = item.clone();
    dearer.offer.gross = perennial_core::money::Money::new(1, item.offer.gross.currency());
    assert_ne!(super::super::name_of("shop", &dearer), id, "another price is another decision");
}

/// Modules for a billing system told a renewal as failed that the registrar had carried out, and the next click paid for
/// another year. (openprovider/OP-WHMCS7, issue 8; a registrar's WHMCS middleware, issue 256.)
#[test]
fn openprovider_8_what_happened_is_never_told_as_failed() {
    for provider in ["bills", "slow", "direct", "tokens"] {
        for faults in [vec![Fault::ReplyLost], vec![Fault::ServerError, Fault::ReplyLost], vec![Fault::ReplyLost; 4]] {
            let (world, buyer, item) = planned(provider);
            world.truth.arm(&key(&item).provider, &faults);
            let id = take_on(&world, &buyer, &item);
            let intent = carry(&world, &buyer, &id);
            assert!(matches!(intent.state, State::Done(_)), "{provider} {faults:?}: {intent:?}");
            assert_eq!(world.truth.payments(key(&item)), (1, 0), "{provider} {faults:?}");
        }
    }
}

/// Somebody renewed a domain by hand between the quote and the payment, and the module paid for it again. (The same
/// middleware, issue 294.)
#[test]
fn middleware_294_a_renewal_by_another_between_quote_and_payment_is_not_paid_again() {
    for provider in ["bills", "direct", "tokens"] {
        let (world, buyer, item) = planned(provider);
        let id = take_on(&world, &buyer, &item);
        world.truth.renew_by_another(key(&item));
        let intent = carry(&world, &buyer, &id);
        assert!(matches!(intent.state, State::Foreign { .. }), "{intent:?}");
        assert_eq!(world.truth.payments(key(&item)), (0, 1), "{provider}");
    }
    // And between the order and its payment.
    let (world, buyer, item) = planned("bills");
    world.truth.arm(&key(&item).provider, &[Fault::ReplyLost]);
    let id = take_on(&world, &buyer, &item);
    let waiting = world.run(buyer.carry(&id, Duration::ZERO, &())).expect("is carried").expect("is ours");
    assert!(waiting.state.is_open() || matches!(waiting.state, State::Done(_)), "{waiting:?}");
    if waiting.state.is_open() {
        world.truth.renew_by_another(key(&item));
        let intent = carry(&world, &buyer, &id);
        assert!(!intent.state.is_open(), "{intent:?}");
        assert_eq!(world.truth.payments(key(&item)).0, 0);
    }
}

/// Each click on "renew" was charged. (The same issue 8.)
#[test]
fn openprovider_8_a_plan_that_is_applied_twice_is_paid_once() {
    for provider in ["bills", "direct", "tokens"] {
        let (world, buyer, item) = planned(provider);
        let other = world.buyer("two");
        let apply = async |buyer: &Buyer<Ledger>| {
            buyer.take_on(&item).await.expect("is on file");
            let id = super::super::name_of("shop", &item);
            buyer.carry(&id, PATIENCE, &()).await.expect("is carried")
        };
        let both = super::super::side_by_side::side_by_side(3, [&buyer, &other, &buyer].map(&apply));
        let states = world.run(both);
        assert_eq!(world.truth.payments(key(&item)), (1, 0), "{provider}: {states:?}");
        let again = world.run(apply(&other)).expect("is settled");
        assert!(matches!(again.state, State::Done(_)), "{again:?}");
        assert_eq!(world.truth.payments(key(&item)), (1, 0), "{provider}");
    }
}
