//! Worlds as keys, so that each is visited once.

use super::*;

/// All of a world that anything depends on.
pub fn key(world: &World) -> Vec<u8> {
    let mut key = Vec::with_capacity(96);
    let bounds = &world.left;
    key.extend([bounds.deaths, bounds.faults, bounds.strangers, bounds.persons, bounds.jumps, bounds.anew]);
    key.push(u8::from(world.is_late));
    for (intent, holder) in world.intents.iter().zip(world.holders) {
        key.extend([intent.tries, u8::from(intent.watermark.is_some())]);
        key.push(intent.sent_at.map_or(0, |sent| if sent == instant() { 1 } else { 2 }));
        write_state(&mut key, &intent.state);
        key.push(match holder {
            Holder::Nobody => 0,
            Holder::Dead => 1,
            Holder::Living(_) => 2,
        });
    }
    let mut works = world.workers.each_ref().map(work_key);
    // It does not matter which of the workers is which.
    works.sort();
    key.extend(works.concat());
    for shop in &world.shops {
        key.extend([shop.moved, shop.moved_seen, shop.paid[0], shop.paid[1], 255]);
        for order in &shop.orders {
            let flags = [order.is_paid, order.pays_itself, order.by_us, order.is_hidden, order.is_payment_hidden];
            key.extend([order.of.unwrap_or(9), order.price]);
            key.extend(flags.map(u8::from));
        }
    }
    key
}

fn work_key(work: &Work) -> Vec<u8> {
    use std::io::Write as _;
    let mut key = Vec::with_capacity(24);
    {
        match work {
            Work::Idle => key.push(0),
            Work::At(k, action) => {
                key.extend([1, *k]);
                write_action(&mut key, action);
            }
            Work::Told(k, outcome) => {
                key.extend([2, *k]);
                write!(key, "{outcome:?}").expect("is written");
            }
            Work::Stray(k, action) => {
                key.extend([3, *k]);
                write_action(&mut key, action);
            }
        }
    }
    key
}

fn write_action(key: &mut Vec<u8>, action: &Action) {
    match action {
        Action::Look => key.push(0),
        Action::Order => key.push(1),
        Action::Pay(order) => key.extend([2, order.id.as_bytes()[0]]),
        Action::ReadBack => key.push(3),
        Action::Wait(pause) => key.extend([4, u8::from(*pause >= SETTLES_IN)]),
        Action::Stop => key.push(5),
        Action::LeaveUnpaid { order, then } => key.extend([6, order.id.as_bytes()[0], then.word().as_bytes()[0]]),
    }
}

const fn sent_key(sent: &Sent) -> u8 {
    match sent {
        Sent::Order => 0,
        Sent::Placed(_) => 1,
        Sent::Payment(_) => 2,
    }
}

fn write_state(key: &mut Vec<u8>, state: &State) {
    let number = |order: Option<&RemoteOrder>| order.map_or(9, |order| order.id.as_bytes()[0]);
    key.extend(state.word().as_bytes());
    key.push(number(state.order()));
    match state {
        State::Unsure { sent, sender, clean, reads } => {
            let may_live = u8::from(*sender == Sender::MayLive);
            key.extend([sent_key(sent), may_live, *clean, u8::try_from(*reads).expect("are few")]);
        }
        State::Confirming { reads, receipt } => {
            let order = receipt.order.as_ref().map_or(9, |order| order.as_bytes()[0]);
            key.extend([order, u8::try_from(*reads).expect("are few")]);
        }
        State::Parked { sent, .. } => key.push(sent_key(sent)),
        _ => {}
    }
}
