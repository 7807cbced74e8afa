//! What a person settles, and what a worker leaves behind, in a quiet world.

use super::museum::{carry, key, planned, take_on};
use super::shop::Fault;
use super::*;
use crate::buyer::BuyerError;

#[test]
fn only_what_nobody_knows_is_settled_and_it_can_be_read_again_first() {
    let (world, buyer, item) = planned("direct");
    let id = take_on(&world, &buyer, &item);
    let settle = |verdict| world.run(buyer.settle(&id, verdict, &()));
    assert!(matches!(settle(Some(Verdict::Paid)), Err(BuyerError::NotUnsure { state: "planned", .. })));
    // A worker is about to send the order and stands still; another one takes over, and cannot tell.
    let other = world.buyer("two");
    let mut stands_still = Box::pin(buyer.carry(&id, DAY, &()));
    while !matches!(world.ledger.of(key(&item))[0].state, State::Ordering) {
        let _ = stands_still.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        world.sky.go_on();
    }
    world.run(world.sky.sleep_for(Duration::from_mins(6)));
    let parked = world.run(other.carry(&id, DAY, &())).expect("is carried").expect("is free");
    assert!(matches!(parked.state, State::Parked { .. }) && parked.wants_a_person(world.sky.truth()), "{parked:?}");
    let again = world.run(other.carry(&id, DAY, &())).expect("answers");
    assert_eq!(again, Some(parked), "what is parked is left alone");
    let reread = world.run(other.settle(&id, None, &())).expect("is read");
    assert!(matches!(reread.state, State::Unsure { clean: 1, .. }), "{reread:?}");
    // The first one wakes: too much time has passed for it to send anything, and its claim is lost.
    let woken = world.run(stands_still).expect("answers");
    assert_eq!((woken, world.truth.sent(&key(&item).provider).len()), (None, 0));
    let settled = world.run(other.settle(&id, Some(Verdict::NotPaid), &())).expect("is settled");
    assert!(matches!(settled.state, State::Refused { .. }), "{settled:?}");
    assert!(matches!(world.run(other.settle(&id, None, &())), Err(BuyerError::NotUnsure { state: "refused", .. })));
    assert_eq!(take_on(&world, &other, &item), id, "it is decided again");
    assert!(matches!(carry(&world, &other, &id).state, State::Done(_)));
    assert_eq!(world.truth.payments(key(&item)), (1, 0));
}

#[test]
fn nobody_waits_for_the_claim_of_a_worker_that_has_ended_or_of_a_clock_that_was_wrong() {
    for has_ended in [true, false] {
        let (world, buyer, item) = planned("bills");
        world.truth.arm(&key(&item).provider, &[Fault::ReplyLost]);
        let id = take_on(&world, &buyer, &item);
        if !has_ended {
            world.sky.set_ahead(SignedDuration::from_hours(9_000));
        }
        let mut interrupted = Box::pin(buyer.carry(&id, DAY, &()));
        while !matches!(world.ledger.of(key(&item))[0].state, State::Unsure { .. }) {
            let _ = interrupted.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            world.sky.go_on();
        }
        drop(interrupted);
        let other = world.buyer("two");
        if has_ended {
            assert_eq!(world.run(other.carry(&id, DAY, &())).expect("answers"), None, "for all it knows it is held");
            world.ended.lock().expect("nobody panicked").insert("one".to_owned());
        } else {
            world.sky.set_ahead(SignedDuration::ZERO);
        }
        let done = carry(&world, &other, &id);
        assert!(matches!(done.state, State::Done(_)), "{done:?}");
        assert_eq!(world.truth.payments(key(&item)), (1, 0));
    }
}
