//! Laws of money that moves outside: whatever comes in whatever order, and however often, it is booked once and pays once.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use super::attend::look;
use super::charge::{CARD, FUNDS, GONE, SPARE, with_cards};
use super::laws;
use super::world::*;
use crate::charge::{Charge, ChargeOutcome, ChargeState, Direction};
use crate::command::{Action, CreditTo, PayWith};
use crate::ids::{ChargeId, OrderId, ServiceId};
use crate::ledger::Book;
use crate::order::OrderState;
use crate::payment::MethodKind;
use crate::service::{Ending, RenewalMode};
use crate::snapshot::Change;

const OWN: [ServiceId; 4] = [SERVER, ADDON, STACKING, FLOATING_IP];

#[derive(Clone, Debug)]
enum Step {
    Do(Box<Action>),
    /// Settles one of all charges, counted back from the last.
    Settle(usize, ChargeOutcome),
    Note(usize),
    /// So many days later, the schedule looks at all services together, or at each.
    Visit(i64, bool),
    Wait(i64),
}

fn step() -> impl Strategy<Value = Step> {
    let service = || proptest::sample::select(&OWN[..]);
    let order = || (0_i64..4).prop_map(OrderId);
    let with = proptest::sample::select(vec![
        PayWith::Method(CARD),
        PayWith::Method(SPARE),
        PayWith::Planned(CARD),
        PayWith::BalanceFirst,
    ]);
    let outcome = prop_oneof![3 => Just(ChargeOutcome::Moved), 2 => Just(FUNDS), 1 => Just(GONE)];
    let to = proptest::sample::select(vec![CreditTo::Method, CreditTo::Balance]);
    let mode = proptest::sample::select(&RenewalMode::ALL[..]);
    let acts = prop_oneof![
        4 => (service(), service()).prop_map(|(one, other)| {
            renew(&if one == other { vec![one] } else { vec![one, other] }, "P1M")
        }),
        6 => (order(), with).prop_map(|(order, with)| Action::Pay { order, with, due: None }),
        2 => order().prop_map(|order| Action::CancelOrder { order }),
        2 => (order(), to).prop_map(|(order, to)| Action::CreditOrder { order, to }),
        1 => (order(), 1_i64..400).prop_map(|(order, part)| {
            planning(order, crate::command::PlanEdit { from_balance: Some(eur(part)), ..Default::default() })
        }),
        1 => (service(), mode).prop_map(|(service, mode)| {
            Action::SetRenewal { service, mode: Some(mode), period: None }
        }),
        1 => service().prop_map(|service| Action::Cancel { service, reason: String::new(), ending: Ending::Now }),
        1 => service().prop_map(|service| Action::Reinstate { service }),
        1 => (1_i64..700).prop_map(|minor| Action::CreditBalance { amount: eur(minor), memo: String::new() }),
    ];
    prop_oneof![
        8 => acts.prop_map(|action| Step::Do(Box::new(action))),
        8 => (0_usize..4, outcome).prop_map(|(back, outcome)| Step::Settle(back, outcome)),
        1 => (0_usize..4).prop_map(Step::Note),
        4 => (0_i64..6, any::<bool>()).prop_map(|(days, joint)| Step::Visit(days, joint)),
        1 => (1_i64..40_000).prop_map(Step::Wait),
    ]
}

/// What was seen of money.
#[derive(Default)]
struct Seen {
    /// What the gateway moved, by charge: to us, or back.
    moved: BTreeMap<ChargeId, i64>,
    /// What the book of its money says.
    booked: i64,
    paid: BTreeSet<OrderId>,
    fences: BTreeSet<(ServiceId, jiff::civil::Date)>,
}

impl Seen {
    fn note(&mut self, before: &World, world: &World, changes: &[Change]) -> TestCaseResult {
        for change in changes {
            match change {
                Change::Book(it) => {
                    let outside = Book::Collected(MethodKind::Card);
                    let sign = i64::from(it.debit == outside) - i64::from(it.credit == outside);
                    self.booked += sign * it.amount.minor();
                }
                Change::Pay(payment) => prop_assert!(self.paid.insert(payment.order), "{payment:?} pays twice"),
                Change::Extend { extension, .. } => {
                    let fence = (extension.service, extension.term.from());
                    prop_assert!(self.fences.insert(fence), "{fence:?} is paid twice");
                }
                _ => {}
            }
        }
        prop_assert_eq!(self.booked, self.moved.values().sum::<i64>(), "what moved is booked");
        let mut books = before.seen.balances.clone();
        laws::book(&mut books, changes)?;
        prop_assert_eq!(&books, &world.seen.balances);
        check_charges(world, &self.moved)?;
        laws::check_money(world)?;
        laws::check_services(before, world)
    }
}

fn charges(world: &World) -> Vec<Charge> {
    let mut charges: Vec<_> = world.seen.charges.values().flatten().cloned().collect();
    charges.sort_by_key(|charge| charge.id);
    charges
}

fn check_charges(world: &World, moved: &BTreeMap<ChargeId, i64>) -> TestCaseResult {
    let mut under_way = BTreeSet::new();
    for order in world.seen.orders.values() {
        let of_order = world.seen.charges.get(&order.id).into_iter().flatten();
        let open: Vec<_> = of_order.clone().filter(|it| it.state == ChargeState::Open).collect();
        prop_assert!(open.len() <= 1, "one at a time");
        prop_assert_eq!(order.charge, open.first().map(|charge| charge.id));
        let settles = of_order.filter(|it| matches!(it.state, ChargeState::Settled(_)));
        let settles: Vec<_> = settles.map(|charge| charge.direction).collect();
        prop_assert!(matches!(settles[..], [] | [Direction::Collect] | [Direction::Collect, Direction::Refund]));
        let is_paid = matches!(order.state, OrderState::Fulfilled(_));
        prop_assert!(settles.is_empty() || is_paid, "{order:?}");
        for charge in open {
            prop_assert_eq!(charge.direction == Direction::Refund, is_paid, "{:?}", charge);
            prop_assert!(is_paid || order.state == OrderState::Open, "{order:?}");
            for line in order.lines.iter().filter(|_| !is_paid) {
                prop_assert!(under_way.insert(line.service), "{} is charged for twice", line.service);
                prop_assert_eq!(world.seen.services[&line.service].open_order, Some(order.id));
            }
        }
    }
    for charge in charges(world) {
        let did_move = matches!(charge.state, ChargeState::Settled(_) | ChargeState::Credited(_));
        prop_assert_eq!(did_move, moved.contains_key(&charge.id), "{:?}", charge);
        let fits = charge.amount.minor() > 0 && charge.from_balance.minor() >= 0;
        let whole = charge.amount.plus(charge.from_balance).expect("fits");
        prop_assert!(fits && whole == world.seen.orders[&charge.order].gross, "{charge:?}");
    }
    Ok(())
}

fn settle(world: &mut World, seen: &mut Seen, charge: &Charge, outcome: ChargeOutcome) -> TestCaseResult {
    let before = world.clone();
    let (order, id, reference) = (charge.order, charge.id, charge.reference.clone());
    let action = Action::SettleCharge { order, charge: id, reference, outcome };
    let changes = world.run(action).expect("is settled").changes;
    if charge.state != ChargeState::Open {
        prop_assert_eq!(changes, []);
        return Ok(());
    }
    if outcome == ChargeOutcome::Moved {
        let back = charge.direction == Direction::Refund;
        seen.moved.insert(id, if back { -charge.amount.minor() } else { charge.amount.minor() });
    }
    seen.note(&before, world, &changes)
}

fn visit(world: &mut World, seen: &mut Seen, joint: bool) -> TestCaseResult {
    let today = world.seen.accounts[&CUSTOMER].zone.date_of(world.now);
    for services in OWN.chunks(if joint { OWN.len() } else { 1 }) {
        let before = world.clone();
        let action = look(world, services, today);
        let changes = world.run(action).expect("is attended").changes;
        seen.note(&before, world, &changes)?;
        for change in &changes {
            let (Change::SetService(crate::service::Service { id: service, .. })
            | Change::Attend(crate::schedule::Attended { service, .. })) = change
            else {
                continue;
            };
            let open = before.seen.services[service].open_order.map(|order| &before.seen.orders[&order]);
            prop_assert!(open.is_none_or(|order| order.charge.is_none()), "{service} is left alone: {change:?}");
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn what_a_gateway_moves_is_booked_once_and_pays_at_most_once(
        automatic in proptest::collection::vec(any::<bool>(), OWN.len()),
        steps in proptest::collection::vec(step(), 1..60),
    ) {
        let mut world = with_cards().at("2026-12-18T05:00:00Z");
        *world.balance() = eur(700);
        for (id, automatic) in OWN.into_iter().zip(automatic) {
            world.service(id).mode = if automatic { RenewalMode::Automatic } else { RenewalMode::Manual };
        }
        let mut seen = Seen::default();
        for step in &steps {
            let before = world.clone();
            let mut known = charges(&world).into_iter().rev();
            match step {
                Step::Do(action) => {
                    let mut action = Action::clone(action);
                    if let Action::Pay { order, .. }
                    | Action::CancelOrder { order }
                    | Action::CreditOrder { order, .. }
                    | Action::ReviseOrder { order, .. } = &mut action {
                        order.0 = world.seen.next.order - 1 - order.0;
                    }
                    if let Ok(decision) = world.run(action) {
                        seen.note(&before, &world, &decision.changes)?;
                    }
                }
                Step::Settle(back, outcome) => {
                    if let Some(charge) = known.nth(*back) {
                        settle(&mut world, &mut seen, &charge, *outcome)?;
                    }
                }
                Step::Note(back) => {
                    if let Some(Charge { order, id: charge, .. }) = known.nth(*back) {
                        let reference = world.now.to_string();
                        world.run(Action::NoteCharge { order, charge, reference }).expect("is noted");
                    }
                }
                Step::Visit(days, joint) => {
                    world.wait_s(days * i64::from(DAY_S));
                    visit(&mut world, &mut seen, *joint)?;
                }
                Step::Wait(seconds) => world.wait_s(*seconds),
            }
        }
        for charge in charges(&world) {
            settle(&mut world, &mut seen, &charge, ChargeOutcome::Moved)?;
        }
        laws::check_payments(&world)?;
    }
}
