//! Every order of events: intents, workers, a provider of each habit, and everything that can come between them. All
//! reachable states are visited, and the promises are checked in each.
//!
//! In the model: two workers, each of which may die before and after each durable write and each call, or stand still
//! anywhere for as long as it likes while the other one takes over (so no bound on time, and no clock, is relied on); a
//! dead holder that is known to be dead, or is not; calls that are carried out or not, answered or not; what was done
//! seen at once or late; orders of ours that are paid by themselves, where the provider does so; somebody else who renews, pays our order or places one like ours at any moment; a clock that
//! jumps by days; persons who have a parked one read again or settle it; a second intent for the same service at another
//! price, or the same one taken up anew, once the first was refused; or two services side by side.
//!
//! Left out: more than two workers, so more than one process that stands still; more faults in one history than the
//! bounds of each run say; a provider that carries a call out long after it has failed to answer, or whose reads lag for
//! longer than it says; a person who settles wrongly, or while a process still stands still, or
//! while an order may yet be paid by itself; moves of price and switches between plan and sending (the table has them); and the texts.

use std::cell::Cell;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use super::*;

use self::key::key;
use self::shop::{Placed, Shop, place, price};

mod key;
mod shop;

/// What may happen in one history, besides what always may.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    deaths: u8,
    faults: u8,
    strangers: u8,
    persons: u8,
    jumps: u8,
    anew: u8,
    services: u8,
}

/// What a worker is at.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Work {
    Idle,
    /// Holds an intent, which is on file, and is about to do this.
    At(u8, Action),
    /// Holds it, and was told this of what it sent.
    Told(u8, Outcome),
    /// Stands still, about to send this; the claim is lost.
    Stray(u8, Action),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Holder {
    Nobody,
    Living(u8),
    Dead,
}

#[derive(Clone, Debug)]
struct World {
    intents: Vec<Rc<Intent>>,
    holders: [Holder; 2],
    workers: [Work; 2],
    shops: Vec<Shop>,
    left: Bounds,
    is_late: bool,
}

struct Model {
    ordering: OrderEffect,
    bounds: Bounds,
    /// Whether what happens is told in words: only where it led to something wrong.
    tells: Cell<bool>,
}

type Found = Vec<(String, World)>;

impl Model {
    fn say(&self, what: impl FnOnce() -> String) -> String {
        if self.tells.get() { what() } else { String::new() }
    }

    fn start(&self) -> World {
        let mut intents = vec![Rc::new(intent("a", "one", price(0)))];
        if self.bounds.services == 2 {
            intents.push(Rc::new(intent("b", "two", price(1))));
        }
        World {
            shops: vec![Shop::default(); usize::from(self.bounds.services)],
            intents,
            holders: [Holder::Nobody; 2],
            workers: [Work::Idle, Work::Idle],
            left: self.bounds,
            is_late: false,
        }
    }

    /// All that can happen in a world.
    fn follow(&self, world: &World) -> Found {
        let mut found = Found::new();
        for worker in 0..2 {
            self.work(world, worker, &mut found);
        }
        self.strangers(world, &mut found);
        self.payments(world, &mut found);
        self.persons(world, &mut found);
        self.decisions(world, &mut found);
        found
    }

    fn work(&self, world: &World, me: u8, found: &mut Found) {
        let work = &world.workers[usize::from(me)];
        if *work != Work::Idle && world.left.deaths > 0 {
            let mut after = world.clone();
            after.left.deaths -= 1;
            after.workers[usize::from(me)] = Work::Idle;
            if let Work::At(k, _) | Work::Told(k, _) = work {
                after.holders[usize::from(*k)] = Holder::Dead;
            }
            found.push((self.say(|| format!("{me} dies")), after));
        }
        match work {
            Work::Idle => self.take_up(world, me, found),
            Work::Stray(k, action) => {
                for (what, mut after, _) in self.send(world, *k, action) {
                    after.workers[usize::from(me)] = Work::Idle;
                    found.push((self.say(|| format!("{me}, late, {what}")), after));
                }
            }
            Work::Told(k, outcome) => {
                self.step(
                    world,
                    me,
                    *k,
                    Event::Told(outcome.clone()),
                    self.say(|| format!("{me} hears {outcome:?}")),
                    found,
                );
            }
            Work::At(k, action) => self.act(world, me, *k, action, found),
        }
    }

    fn take_up(&self, world: &World, me: u8, found: &mut Found) {
        for k in 0..world.intents.len() {
            let state = &world.intents[k].state;
            if rests(state) {
                continue;
            }
            let before: &[Sender] = match world.holders[k] {
                Holder::Nobody => &[Sender::Ended],
                Holder::Dead => &[Sender::Ended, Sender::MayLive],
                Holder::Living(_) => &[Sender::MayLive],
            };
            for before in before {
                let mut taken = world.clone();
                if let Holder::Living(other) = world.holders[k] {
                    let other = &mut taken.workers[usize::from(other)];
                    *other = match other.clone() {
                        Work::At(k, action @ (Action::Order | Action::Pay(_))) => Work::Stray(k, action),
                        _ => Work::Idle,
                    };
                }
                let k = u8::try_from(k).expect("are few");
                taken.holders[usize::from(k)] = Holder::Living(me);
                let what = self.say(|| format!("{me} takes {k} up, before {before:?}"));
                self.step(&taken, me, k, Event::TakenUp { before: *before }, what, found);
            }
        }
    }

    /// Writes what follows from an event; then the worker is about to do it.
    fn step(&self, world: &World, me: u8, k: u8, event: Event, what: String, found: &mut Found) {
        const DAYS: SignedDuration = SignedDuration::from_hours(72);
        let mut after = world.clone();
        let now = if world.is_late { instant() + DAYS } else { instant() };
        let intent = &mut after.intents[usize::from(k)];
        let mut step = next(intent, habits(self.ordering), now, event);
        // More reads than matter are the same as just so many.
        if let State::Unsure { reads, .. } | State::Confirming { reads, .. } = &mut step.intent.state {
            *reads = (*reads).min(if self.bounds.jumps == 0 { 1 } else { 8 });
        }
        *intent = Rc::new(step.intent);
        if step.action == Action::Stop {
            assert!(!matches!(intent.state, State::Unsure { .. }), "a dead end: {what}");
            after.workers[usize::from(me)] = Work::Idle;
            after.holders[usize::from(k)] = Holder::Nobody;
        } else {
            after.workers[usize::from(me)] = Work::At(k, step.action);
        }
        found.push((what, after));
    }

    fn act(&self, world: &World, me: u8, k: u8, action: &Action, found: &mut Found) {
        let shop = &world.shops[self.shop(k)];
        let lost = |found: &mut Found| {
            if world.left.faults > 0 {
                let mut after = world.clone();
                after.left.faults -= 1;
                self.step(
                    &after,
                    me,
                    k,
                    Event::Unreadable(unreachable()),
                    self.say(|| format!("{me} cannot read {k}")),
                    found,
                );
            }
        };
        match action {
            Action::Stop => unreachable!("nobody is about to do nothing"),
            Action::Wait(pause) => {
                let mut released = world.clone();
                released.workers[usize::from(me)] = Work::Idle;
                released.holders[usize::from(k)] = Holder::Nobody;
                found.push((self.say(|| format!("{me} gives {k} back")), released));
                let mut waited = world.clone();
                if *pause >= SETTLES_IN {
                    waited.shops.iter_mut().for_each(Shop::settle);
                }
                self.step(&waited, me, k, Event::Waited, self.say(|| format!("{me} waits {pause}")), found);
            }
            Action::Look => {
                let open = shop.visible().filter(|(_, order)| !order.looks_paid());
                let sight = sight(shop.seen(), open.map(|(place, order)| order.remote(place)).collect());
                let offer = offer(price(k));
                self.step(
                    world,
                    me,
                    k,
                    Event::Looked(Some((sight, Some(offer)))),
                    self.say(|| format!("{me} looks at {k}")),
                    found,
                );
                lost(found);
            }
            Action::ReadBack => {
                let finding = self.read_back(shop, k, world.intents[usize::from(k)].order_to_read().as_ref());
                let what = self.say(|| format!("{me} reads {k}: {finding:?}"));
                self.step(world, me, k, Event::Found(finding), what, found);
                lost(found);
            }
            Action::LeaveUnpaid { order, then } => self.leave(world, (me, k), order, then, found),
            Action::Order | Action::Pay(_) => {
                check_on_file(&world.intents[usize::from(k)].state, action);
                for (what, mut after, outcome) in self.send(world, k, action) {
                    after.workers[usize::from(me)] = Work::Told(k, outcome);
                    found.push((self.say(|| format!("{me} {what}")), after));
                }
            }
        }
    }

    /// An order is kept from paying itself, or that cannot be made certain.
    fn leave(&self, world: &World, (me, k): (u8, u8), order: &RemoteOrder, then: &State, found: &mut Found) {
        let at = self.shop(k);
        let tell = |outcome| Event::Left { then: Box::new(then.clone()), outcome };
        let is_unpaid = !world.shops[at].orders[place(order)].is_paid;
        if is_unpaid {
            let mut off = world.clone();
            off.shops[at].orders[place(order)].pays_itself = false;
            let what = self.say(|| format!("{me} leaves order {} of {at} unpaid", order.id));
            self.step(&off, me, k, tell(Ok(())), what, found);
        }
        if !is_unpaid || world.left.faults > 0 {
            let mut after = world.clone();
            after.left.faults -= u8::from(is_unpaid);
            let what = self.say(|| format!("{me} cannot leave order {} of {at} unpaid", order.id));
            self.step(&after, me, k, tell(Err(unreachable())), what, found);
        }
    }

    fn strangers(&self, world: &World, found: &mut Found) {
        for at in 0..world.shops.len() {
            if !world.shops[at].is_settled() {
                let mut settled = world.clone();
                settled.shops[at].settle();
                found.push((self.say(|| format!("all of {at} is seen")), settled));
            }
            if world.left.strangers == 0 {
                continue;
            }
            let mut renewed = world.clone();
            renewed.left.strangers -= 1;
            let mut placed = renewed.clone();
            renewed.shops[at].moved += 1;
            found.push((self.say(|| format!("a stranger renews {at}, unseen")), renewed.clone()));
            renewed.shops[at].moved_seen += 1;
            found.push((self.say(|| format!("a stranger renews {at}")), renewed));
            for order in 0..world.shops[at].orders.len() {
                let mut paid = placed.clone();
                if !world.shops[at].orders[order].is_paid {
                    paid.shops[at].orders[order].is_paid = true;
                    found.push((self.say(|| format!("a stranger pays order {order} of {at}")), paid));
                }
            }
            if self.ordering != OrderEffect::PaysOncePerToken && placed.shops[at].orders.len() < Shop::ORDERS_MAX {
                let price = u8::try_from(at).expect("are few");
                let decoy = Placed {
                    of: None,
                    price,
                    is_paid: false,
                    pays_itself: false,
                    by_us: false,
                    is_hidden: false,
                    is_payment_hidden: false,
                };
                placed.shops[at].orders.push(decoy);
                found.push((self.say(|| format!("a stranger orders {at}")), placed));
            }
        }
        if world.left.jumps > 0 && !world.is_late {
            let mut late = world.clone();
            late.left.jumps -= 1;
            late.is_late = true;
            found.push(("the clock jumps".to_owned(), late));
        }
    }

    fn persons(&self, world: &World, found: &mut Found) {
        if world.left.persons == 0 {
            return;
        }
        for k in 0..world.intents.len() {
            let is_held = matches!(world.holders[k], Holder::Living(_));
            if is_held || !matches!(world.intents[k].state, State::Parked { .. }) {
                continue;
            }
            let number = u8::try_from(k).expect("are few");
            let shop = &world.shops[self.shop(number)];
            let mut seen = world.clone();
            seen.left.persons -= 1;
            for (me, work) in world.workers.iter().enumerate().filter(|(_, work)| **work == Work::Idle) {
                let _ = work;
                let me = u8::try_from(me).expect("are few");
                let mut held = seen.clone();
                held.holders[k] = Holder::Living(me);
                self.step(&held, me, number, Event::Reread, self.say(|| format!("a person has {k} read")), found);
                let nobody_sends =
                    !world.workers.iter().any(|work| matches!(work, Work::Stray(of, _) if *of == number));
                let nothing_pays = !shop.orders.iter().any(|order| order.pays_itself && !order.is_paid);
                if nobody_sends && nothing_pays && shop.is_settled() {
                    let verdict = if shop.truth() > 0 { Verdict::Paid } else { Verdict::NotPaid };
                    self.step(
                        &held,
                        me,
                        number,
                        Event::Settled(verdict),
                        self.say(|| format!("a person settles {k}")),
                        found,
                    );
                }
            }
        }
    }

    /// What may be paid by itself is.
    fn payments(&self, world: &World, found: &mut Found) {
        for (at, shop) in world.shops.iter().enumerate() {
            for (place, order) in
                shop.orders.iter().enumerate().filter(|(_, order)| order.pays_itself && !order.is_paid)
            {
                let Some(of) = order.of else { continue };
                let mut paid = world.clone();
                let shop = &mut paid.shops[at];
                (shop.orders[place].is_paid, shop.orders[place].by_us) = (true, true);
                shop.paid[usize::from(of)] += 1;
                found.push((self.say(|| format!("order {place} of {at} pays itself")), paid));
            }
        }
    }

    /// A refused renewal is decided again: the very same, or at another price.
    fn decisions(&self, world: &World, found: &mut Found) {
        let is_refused = |k: usize| matches!(world.intents[k].state, State::Refused { .. });
        if world.left.anew > 0 {
            for k in (0..world.intents.len()).filter(|k| is_refused(*k)) {
                let others_rest = world.intents.iter().all(|intent| !intent.state.is_open());
                if self.bounds.services == 2 || others_rest {
                    let mut again = world.clone();
                    again.left.anew -= 1;
                    let old = &world.intents[k];
                    again.intents[k] = Rc::new(intent(&old.id.0, old.key.id.as_str(), old.ask.offer.gross.minor()));
                    found.push((self.say(|| format!("{k} is decided anew")), again));
                }
            }
        }
        if self.bounds.services == 1 && world.intents.len() == 1 && is_refused(0) {
            let mut other = world.clone();
            other.intents.push(Rc::new(intent("b", "one", price(1))));
            found.push(("it is decided at another price".to_owned(), other));
        }
    }

    /// The promises.
    fn check(&self, world: &World) {
        for shop in &world.shops {
            assert!(shop.paid.iter().sum::<u8>() <= 1, "paid twice for one expiry");
        }
        for (k, intent) in world.intents.iter().enumerate() {
            let number = u8::try_from(k).expect("are few");
            let shop = &world.shops[self.shop(number)];
            let ours = shop.paid[k];
            match &intent.state {
                State::Done(_) => assert!(shop.truth() > 0, "done, and the expiry stands where it was"),
                State::Foreign { .. } => assert!(ours == 0 && shop.truth() > 0, "foreign, and it was us"),
                State::Refused { .. } => assert_eq!(ours, 0, "refused, and we paid"),
                State::Confirming { .. } => assert!(shop.truth() > 0, "paid, they say, and it is not"),
                State::Planned if ours > 0 => panic!("paid, and planned as if it were not"),
                _ => {}
            }
            let holders = world
                .workers
                .iter()
                .filter(|work| matches!(work, Work::At(of, _) | Work::Told(of, _) if *of == number));
            let is_held = matches!(world.holders[k], Holder::Living(_));
            assert_eq!(holders.count(), usize::from(is_held), "held by as many as hold it");
        }
    }

    /// Visits every reachable world; from each, all can come to rest. Tells how many there are.
    fn explore(&self) -> usize {
        let start = self.start();
        let mut numbers = HashMap::from([(key(&start), 0_usize)]);
        let mut came_from = vec![0];
        let mut into: Vec<Vec<u32>> = vec![Vec::new()];
        let mut resting = Vec::new();
        let mut waiting = VecDeque::from([(0, start)]);
        while let Some((number, world)) = waiting.pop_front() {
            let seen = catch_unwind(AssertUnwindSafe(|| {
                self.check(&world);
                self.follow(&world)
            }));
            let Ok(found) = seen else { panic!("{:?}:\n{}", self.ordering, self.story(&numbers, &came_from, number)) };
            if world.intents.iter().all(|intent| rests(&intent.state)) {
                resting.push(number);
            }
            for (_, after) in found {
                let at = numbers.len();
                let to = match numbers.entry(key(&after)) {
                    Entry::Occupied(known) => *known.get(),
                    Entry::Vacant(new) => {
                        new.insert(at);
                        came_from.push(number);
                        into.push(Vec::new());
                        waiting.push_back((at, after));
                        at
                    }
                };
                into[to].push(u32::try_from(number).expect("are not so many"));
            }
        }
        let mut comes_to_rest = vec![false; numbers.len()];
        while let Some(number) = resting.pop() {
            if !std::mem::replace(&mut comes_to_rest[number], true) {
                resting.extend(into[number].iter().map(|from| usize::try_from(*from).expect("fits")));
            }
        }
        if let Some(number) = comes_to_rest.iter().position(|rests| !rests) {
            panic!("{:?}: never comes to rest:\n{}", self.ordering, self.story(&numbers, &came_from, number));
        }
        numbers.len()
    }

    /// How a world was come to, in words, and how it is.
    fn story(&self, numbers: &HashMap<Vec<u8>, usize>, came_from: &[usize], number: usize) -> String {
        let mut path = vec![number];
        while path[path.len() - 1] > 0 {
            path.push(came_from[path[path.len() - 1]]);
        }
        self.tells.set(true);
        let (mut world, mut lines) = (self.start(), Vec::new());
        for step in path.iter().rev().skip(1) {
            let found = self.follow(&world).into_iter().find(|(_, after)| numbers.get(&key(after)) == Some(step));
            let (what, after) = found.expect("was found before");
            lines.push(what);
            world = after;
        }
        format!("{}\n{world:#?}", lines.join("\n"))
    }
}

/// Whether nothing is to be done about it, for good or until a person says so.
const fn rests(state: &State) -> bool {
    !state.is_open() || matches!(state, State::Parked { .. })
}

/// What is about to be sent is on file as what may have been sent.
fn check_on_file(state: &State, action: &Action) {
    let is_on_file = match (action, state) {
        (Action::Order, State::Ordering | State::Unsure { sent: Sent::Order, .. }) => true,
        (Action::Pay(order), State::Paying(filed) | State::Unsure { sent: Sent::Payment(filed), .. }) => {
            order.id == filed.id
        }
        _ => false,
    };
    assert!(is_on_file, "{action:?} is sent, and {state:?} is on file");
}

/// Explores for these habits.
fn explore_of(habits: &[OrderEffect], bounds: Bounds) {
    for ordering in habits.iter().copied() {
        let worlds = Model { ordering, bounds, tells: Cell::new(false) }.explore();
        println!("{ordering:?} {bounds:?}: {worlds} worlds");
        assert!(worlds > 500, "{ordering:?}: something is not looked into: {worlds} worlds");
    }
}

/// Explores for each habit.
fn explore(bounds: Bounds) {
    explore_of(&[OrderEffect::Unpaid, OrderEffect::MayPay, OrderEffect::PaysOncePerToken], bounds);
}

/// Whether the wide bounds were asked for, which take minutes, and want optimisation: `PERENNIAL_MODEL=wide`.
fn is_wide() -> bool {
    std::env::var("PERENNIAL_MODEL").is_ok_and(|asked| asked == "wide")
}

const NONE: Bounds = Bounds { deaths: 0, faults: 0, strangers: 0, persons: 0, jumps: 0, anew: 0, services: 1 };

fn narrow_or(wide: Bounds, narrow: Bounds) -> Bounds {
    if is_wide() { wide } else { narrow }
}

#[test]
fn workers_that_die_and_stand_still_never_pay_twice() {
    let narrow = Bounds { deaths: 1, faults: 2, ..NONE };
    explore(narrow_or(Bounds { deaths: 2, faults: 3, ..NONE }, narrow));
}

#[test]
fn strangers_who_renew_order_and_pay_do_not_make_us_pay_twice() {
    let narrow = Bounds { faults: 1, strangers: 1, ..NONE };
    explore(narrow_or(Bounds { deaths: 1, faults: 1, strangers: 2, ..NONE }, narrow));
}

#[test]
fn what_was_refused_is_decided_again_and_paid_once() {
    let narrow = Bounds { faults: 1, strangers: 1, anew: 1, ..NONE };
    explore(narrow_or(Bounds { deaths: 1, faults: 2, strangers: 1, anew: 1, ..NONE }, narrow));
}

#[test]
fn a_person_who_reads_and_settles_what_is_parked_is_told_the_truth() {
    let narrow = Bounds { faults: 1, strangers: 1, persons: 1, ..NONE };
    explore(narrow_or(Bounds { deaths: 1, faults: 1, strangers: 1, persons: 2, ..NONE }, narrow));
}

#[test]
fn a_clock_that_jumps_changes_no_truth() {
    let narrow = Bounds { deaths: 1, jumps: 1, ..NONE };
    explore(narrow_or(Bounds { deaths: 1, faults: 1, jumps: 1, ..NONE }, narrow));
}

#[test]
fn two_services_do_not_disturb_each_other() {
    if is_wide() {
        explore(Bounds { deaths: 1, services: 2, ..NONE });
    } else {
        explore_of(&[OrderEffect::MayPay, OrderEffect::PaysOncePerToken], Bounds { services: 2, ..NONE });
    }
}
