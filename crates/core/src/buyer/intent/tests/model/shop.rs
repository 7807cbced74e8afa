//! The provider of the model.

use super::*;

/// An order at the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "they are facts, each of which may hold or not")]
pub struct Placed {
    /// Of which intent; none for a stranger's.
    pub of: Option<u8>,
    /// What it costs: which intent's price.
    pub price: u8,
    pub is_paid: bool,
    /// It may be paid by itself, on our account.
    pub pays_itself: bool,
    /// Who paid is us.
    pub by_us: bool,
    pub is_hidden: bool,
    pub is_payment_hidden: bool,
}

/// The provider's books for one service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Shop {
    pub orders: Vec<Placed>,
    /// Renewals that no order shows, and how many of them can be seen.
    pub moved: u8,
    pub moved_seen: u8,
    /// What each intent paid.
    pub paid: [u8; 2],
}

impl Shop {
    pub const ORDERS_MAX: usize = 3;

    pub fn truth(&self) -> u8 {
        self.moved + count(&self.orders, |order| order.is_paid)
    }

    pub fn seen(&self) -> u8 {
        self.moved_seen + count(&self.orders, |order| order.looks_paid() && !order.is_hidden)
    }

    pub fn settle(&mut self) {
        self.moved_seen = self.moved;
        for order in &mut self.orders {
            (order.is_hidden, order.is_payment_hidden) = (false, false);
        }
    }

    pub fn is_settled(&self) -> bool {
        self.moved_seen == self.moved && !self.orders.iter().any(|order| order.is_hidden || order.is_payment_hidden)
    }

    pub fn visible(&self) -> impl Iterator<Item = (usize, Placed)> {
        self.orders.iter().copied().enumerate().filter(|(_, order)| !order.is_hidden)
    }
}

impl Placed {
    pub const fn looks_paid(self) -> bool {
        self.is_paid && !self.is_payment_hidden
    }

    pub fn remote(self, place: usize) -> RemoteOrder {
        order(&place.to_string(), price(self.price))
    }
}

pub fn count(orders: &[Placed], is: impl Fn(&Placed) -> bool) -> u8 {
    u8::try_from(orders.iter().filter(|order| is(order)).count()).expect("are few")
}

pub const fn price(intent: u8) -> i64 {
    if intent == 0 { 500 } else { 600 }
}

pub fn place(order: &RemoteOrder) -> usize {
    order.id.parse().expect("is a place")
}

impl Model {
    /// What a complete reading of what can be seen shows.
    pub fn read_back(&self, shop: &Shop, k: u8, known: Option<&RemoteOrder>) -> Finding {
        let until = shop.seen();
        let paid = |place: usize| {
            let shown = (until > 0).then(|| day(until));
            Finding::Paid(Receipt { order: Some(place.to_string()), until: shown, ..Receipt::default() })
        };
        let looks_like_it = |order: &Placed| {
            let by_token = self.ordering == OrderEffect::PaysOncePerToken;
            if by_token { order.of == Some(k) } else { order.price == k % 2 }
        };
        let mut candidates: Vec<_> = match known {
            Some(known) => shop.visible().filter(|(at, _)| *at == place(known)).collect(),
            None => shop.visible().filter(|(_, order)| looks_like_it(order)).collect(),
        };
        if candidates.iter().any(|(_, order)| order.looks_paid()) {
            candidates.retain(|(_, order)| order.looks_paid());
        }
        match candidates.as_slice() {
            [(at, order)] if order.looks_paid() => paid(*at),
            [(at, order)] => Finding::Unpaid(order.remote(*at)),
            [] if until > 0 => Finding::Moved { until: day(until) },
            [] => Finding::Nothing,
            _ => Finding::Ambiguous("two".to_owned()),
        }
    }

    pub fn shop(&self, k: u8) -> usize {
        if self.bounds.services == 2 { usize::from(k) } else { 0 }
    }

    /// What can come of sending something: what is done there, and what is heard of it.
    pub fn send(&self, world: &World, k: u8, action: &Action) -> Vec<(String, World, Outcome)> {
        let mut all = Vec::new();
        let shop = self.shop(k);
        for (mut after, outcome) in self.carry_out(world, k, action) {
            let is_fault = matches!(outcome, Outcome::Refused(_));
            for hides in [false, true] {
                let orders = &mut after.shops[shop].orders;
                if hides {
                    // What was just done, and nothing else, can stay out of sight.
                    let before = &world.shops[shop].orders;
                    let mut any = false;
                    for (at, order) in orders.iter_mut().enumerate() {
                        let was = before.get(at);
                        order.is_hidden |= was.is_none();
                        order.is_payment_hidden |= order.is_paid && !was.is_some_and(|was| was.is_paid);
                        any |= was != Some(&*order);
                    }
                    if !any {
                        break;
                    }
                }
                all.push((
                    self.say(|| format!("sends {action:?}, hears {outcome:?}, hidden {hides}")),
                    after.clone(),
                    outcome.clone(),
                ));
                if world.left.faults > 0 && !is_fault {
                    let mut lost = after.clone();
                    lost.left.faults -= 1;
                    let outcome = Outcome::Unknown { cause: String::new() };
                    all.push((self.say(|| format!("sends {action:?}, hears nothing, hidden {hides}")), lost, outcome));
                }
            }
        }
        if world.left.faults > 0 {
            let mut lost = world.clone();
            lost.left.faults -= 1;
            let never = Outcome::NeverSent { cause: String::new(), retry_after: None };
            for outcome in [Outcome::Unknown { cause: String::new() }, Outcome::Refused(said("no")), never] {
                all.push((self.say(|| format!("sends {action:?} in vain, hears {outcome:?}")), lost.clone(), outcome));
            }
        }
        all
    }

    /// What the provider may do with a call that reaches it, and say of it.
    fn carry_out(&self, world: &World, k: u8, action: &Action) -> Vec<(World, Outcome)> {
        let at = self.shop(k);
        let mut after = world.clone();
        let shop = &mut after.shops[at];
        let fresh = Placed {
            of: Some(k),
            price: k,
            is_paid: false,
            pays_itself: self.ordering == OrderEffect::MayPay,
            by_us: false,
            is_hidden: false,
            is_payment_hidden: false,
        };
        let no = |after: World| vec![(after, Outcome::Refused(said("that cannot be")))];
        let paid = |place: usize| Outcome::Paid(Receipt { order: Some(place.to_string()), ..Receipt::default() });
        if let Action::Pay(at_order) = action {
            let order = &mut shop.orders[place(at_order)];
            if order.is_paid {
                return no(after);
            }
            (order.is_paid, order.by_us) = (true, true);
            shop.paid[usize::from(k)] += 1;
            return vec![(after, paid(place(at_order)))];
        }
        let taken = shop.orders.iter().position(|order| order.of == Some(k));
        if let Some(taken) = taken.filter(|_| self.ordering == OrderEffect::PaysOncePerToken) {
            return vec![(after, paid(taken))];
        }
        if shop.orders.len() == Shop::ORDERS_MAX {
            return no(after);
        }
        let number = shop.orders.len();
        let mut outcomes = Vec::new();
        if self.ordering != OrderEffect::PaysOncePerToken {
            let mut unpaid = after.clone();
            unpaid.shops[at].orders.push(fresh);
            outcomes.push((unpaid, Outcome::Placed(fresh.remote(number))));
        }
        if self.ordering != OrderEffect::Unpaid {
            let mut bought = after;
            bought.shops[at].orders.push(Placed { is_paid: true, by_us: true, ..fresh });
            bought.shops[at].paid[usize::from(k)] += 1;
            outcomes.push((bought, paid(number)));
        }
        outcomes
    }
}
