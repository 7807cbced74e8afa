//! Laws of a year of days: whoever owns services, whatever they do meanwhile, and however often the schedule comes by.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::ToSpan;
use jiff::civil::Date;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use super::attend::{look, told};
use super::laws;
use super::world::*;
use crate::calendar::{AnchorDay, add_period};
use crate::command::{Action, PayWith, PlanEdit};
use crate::ids::{OrderId, ServiceId};
use crate::notice::NoticeKind;
use crate::order::{OrderState, Origin};
use crate::schedule::Timetables;
use crate::service::{Hold, Lifecycle, RenewalMode};
use crate::snapshot::Change;

const OWN: [ServiceId; 6] = [DOMAIN, HOSTING, SERVER, ADDON, STACKING, FLOATING_IP];

/// How the schedule comes by on a day.
#[derive(Clone, Copy, Debug)]
enum Comes {
    Once,
    Twice,
    /// It makes up for the day on the next one on which it comes.
    NotToday,
}

/// What an owner does in a day before the schedule comes by.
#[derive(Clone, Debug)]
enum Deed {
    Nothing,
    Mode(ServiceId, RenewalMode),
    Period(ServiceId, &'static str),
    Place(ServiceId, &'static str),
    Pay,
    PayInPerson,
    Withdraw,
    Earn(i64),
    Spend,
    Lock(ServiceId),
    Unlock(ServiceId),
}

fn service() -> impl Strategy<Value = ServiceId> {
    proptest::sample::select(&OWN[..])
}

fn text() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec!["P1W", "P1M", "P3M", "P1Y"])
}

fn deed() -> impl Strategy<Value = Deed> {
    let mode = proptest::sample::select(&RenewalMode::ALL[..]);
    prop_oneof![
        30 => Just(Deed::Nothing),
        2 => (service(), mode).prop_map(|(service, mode)| Deed::Mode(service, mode)),
        2 => (service(), text()).prop_map(|(service, text)| Deed::Period(service, text)),
        2 => (service(), text()).prop_map(|(service, text)| Deed::Place(service, text)),
        2 => Just(Deed::Pay),
        1 => Just(Deed::PayInPerson),
        1 => Just(Deed::Withdraw),
        3 => (1_i64..9_000).prop_map(Deed::Earn),
        1 => Just(Deed::Spend),
        1 => service().prop_map(Deed::Lock),
        2 => service().prop_map(Deed::Unlock),
    ]
}

fn comes() -> impl Strategy<Value = Comes> {
    prop_oneof![8 => Just(Comes::Once), 2 => Just(Comes::Twice), 2 => Just(Comes::NotToday)]
}

/// The world with its services in modes of their own, from a first day on.
fn world(modes: &[RenewalMode], joint: bool, align: Option<i8>, is_prepaid: bool) -> World {
    let mut world = World::new();
    let catalogue = Arc::make_mut(&mut world.seen.catalogue);
    for product in catalogue.products.values_mut() {
        (product.redemption_days, product.redemption_fees) = (20, vec![eur(8_000)]);
    }
    for (id, mode) in OWN.iter().zip(modes) {
        world.service(*id).mode = *mode;
        world.service(*id).cancellation = None;
    }
    for id in [DOMAIN, HOSTING] {
        world.service(id).period = period("P1Y");
    }
    let account = world.seen.accounts.get_mut(&CUSTOMER).expect("is there");
    (account.joint_orders, account.align_day) = (joint, align.map(|day| AnchorDay::new(day).expect("is a day")));
    if is_prepaid {
        world.seen.methods.clear();
    }
    world
}

fn act(world: &mut World, deed: &Deed) -> Vec<Change> {
    let last = OrderId(world.seen.next.order - 1);
    let action = match deed {
        Deed::Nothing => return Vec::new(),
        Deed::Mode(service, mode) => Action::SetRenewal { service: *service, mode: Some(*mode), period: None },
        Deed::Period(service, text) => Action::SetRenewal { service: *service, mode: None, period: Some(period(text)) },
        Deed::Place(service, text) => renew(&[*service], text),
        Deed::Pay => Action::Pay { order: last, with: PayWith::BalanceFirst, due: None },
        Deed::PayInPerson => planning(last, PlanEdit { by_itself: Some(false), ..PlanEdit::default() }),
        Deed::Withdraw => Action::CancelOrder { order: last },
        Deed::Earn(minor) => Action::CreditBalance { amount: eur(*minor), memo: String::new() },
        Deed::Spend => {
            *world.balance() = eur(0);
            return Vec::new();
        }
        Deed::Lock(service) | Deed::Unlock(service) => {
            let held = world.service(*service);
            held.hold = match (held.hold, deed) {
                (Hold::None, Deed::Lock(_)) => Hold::Locked,
                (Hold::Locked, Deed::Unlock(_)) => Hold::None,
                (other, _) => other,
            };
            return Vec::new();
        }
    };
    world.run(action).map(|decision| decision.changes).unwrap_or_default()
}

/// The schedule goes through a day: for each offset the services that expire so many days from then, those of an expiry
/// together where their owner wants it so.
fn go_through(
    world: &mut World,
    day: Date,
    mut each: impl FnMut(&World, &World, &[Change]) -> TestCaseResult,
) -> TestCaseResult {
    let offsets = Timetables::default().offsets(world.seen.catalogue.products.values());
    for days in offsets {
        let until = day.checked_add(days.days()).expect("is in range");
        let due: Vec<_> = OWN.into_iter().filter(|id| world.seen.services[id].until == until).collect();
        let joint = world.seen.accounts[&CUSTOMER].joint_orders;
        for together in due.chunks(if joint { OWN.len() } else { 1 }) {
            let before = world.clone();
            let action = look(world, together, day);
            let decision = world.run(action).expect("is attended");
            each(&before, world, &decision.changes)?;
        }
    }
    Ok(())
}

/// What was seen of a year.
#[derive(Default)]
struct Year {
    stages: BTreeSet<(ServiceId, Date, String)>,
    extended: BTreeSet<(ServiceId, Date)>,
    told: BTreeMap<String, usize>,
    invoices: i64,
}

impl Year {
    fn note(&mut self, before: &World, world: &World, changes: &[Change]) -> TestCaseResult {
        for change in changes {
            match change {
                Change::Attend(it) => {
                    let stage = (it.service, it.until, it.stage.clone());
                    prop_assert!(self.stages.insert(stage.clone()), "{stage:?} comes once");
                    prop_assert_eq!(it.until, before.seen.services[&it.service].until);
                }
                Change::Extend { extension, .. } => {
                    let fence = (extension.service, extension.term.from());
                    prop_assert!(self.extended.insert(fence), "{fence:?} is paid once");
                }
                Change::IssueInvoice(invoice) => {
                    self.invoices += 1;
                    prop_assert_eq!(invoice.number, self.invoices, "numbers have no gap");
                }
                _ => {}
            }
        }
        for kind in told(changes) {
            check_told(before, world, &kind)?;
            let once = match kind.told().service {
                Some(_) => format!("{kind:?}"),
                // Of an order it is told once a visit at the most.
                None => format!("{kind:?} {}", world.now),
            };
            let count = self.told.entry(once.clone()).or_default();
            *count += 1;
            // As many reminders as there are days for them, whatever its period became meanwhile.
            let most = if matches!(kind, NoticeKind::Expiring { .. } | NoticeKind::Ending { .. }) { 6 } else { 1 };
            prop_assert!(*count <= most, "{once} is told {count} times");
        }
        Ok(())
    }
}

/// What is told is true at the instant at which it is.
fn check_told(before: &World, world: &World, kind: &NoticeKind) -> TestCaseResult {
    let today = world.seen.accounts[&CUSTOMER].zone.date_of(world.now);
    let told = kind.told();
    if let Some(on) = told.on {
        prop_assert!(on >= today, "{kind:?} on {today}");
    }
    if let Some(id) = told.service {
        let service = &before.seen.services[&id];
        let life = service.lifecycle(before.seen.product(service).expect("is sold"), today);
        prop_assert_eq!(told.until, Some(service.until));
        prop_assert_eq!(world.seen.services[&id].until, service.until, "what is renewed is not spoken of");
        let holds = match kind {
            NoticeKind::Expiring { .. } => {
                life == Lifecycle::Active && (service.mode == RenewalMode::Manual || !is_free(world, id))
            }
            NoticeKind::Ending { .. } => life == Lifecycle::Active && service.mode == RenewalMode::DeleteAtExpiry,
            NoticeKind::Expired { .. } => life == Lifecycle::Expired,
            NoticeKind::Suspended { .. } => life == Lifecycle::Suspended,
            NoticeKind::Redemption { .. } => life == Lifecycle::Redemption,
            _ => life == Lifecycle::Terminated && world.seen.services[&id].hold == Hold::Terminated,
        };
        prop_assert!(holds, "{kind:?} of {service:?} on {today}");
    }
    if let Some(id) = told.order {
        let order = &world.seen.orders[&id];
        let is_paid = matches!(order.state, OrderState::Fulfilled(_));
        prop_assert_eq!(matches!(kind, NoticeKind::Paid { .. }), is_paid, "{:?}", kind);
        prop_assert!(is_paid || (order.is_open(world.now) && order.plan.by_itself), "{kind:?} of {order:?}");
    }
    Ok(())
}

/// Whether nothing but money could keep a service from being renewed by the schedule before it expires.
fn is_free(world: &World, id: ServiceId) -> bool {
    let service = &world.seen.services[&id];
    let product = world.seen.product(service).expect("is sold");
    let open = world.seen.open_order(world.now, service);
    let is_funded = !world.seen.methods.is_empty();
    is_funded
        && service.renews_by_itself(product)
        && service.hold == Hold::None
        && service.price(product, service.period, eur(0).currency()).is_some()
        && open.is_none_or(|order| order.origin == Origin::Schedule && order.plan.by_itself)
}

fn instant(day: Date) -> jiff::Timestamp {
    format!("{day}T05:00:00Z").parse().expect("is an instant")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn in_a_year_each_stage_comes_once_each_expiry_is_paid_once_and_what_is_told_is_true(
        modes in proptest::collection::vec(proptest::sample::select(vec![RenewalMode::Automatic, RenewalMode::Automatic, RenewalMode::Manual]), 6),
        joint in any::<bool>(),
        align in proptest::option::of(1_i8..=31),
        is_prepaid in any::<bool>(),
        days in proptest::collection::vec((deed(), comes()), 366),
    ) {
        let mut world = world(&modes, joint, align, is_prepaid);
        let mut year = Year::default();
        let mut missed = Vec::new();
        let mut day = date("2026-11-20");
        for (deed, comes) in &days {
            world.now = instant(day);
            let before = world.clone();
            let changes = act(&mut world, deed);
            year.note(&before, &world, &changes)?;
            missed.push(day);
            let times = match comes {
                Comes::Once => 1,
                Comes::Twice => 2,
                Comes::NotToday => 0,
            };
            for _ in 0..times {
                for day in &missed {
                    go_through(&mut world, *day, |before, world, changes| {
                        year.note(before, world, changes)?;
                        let mut books = before.seen.balances.clone();
                        laws::book(&mut books, changes)?;
                        prop_assert_eq!(&books, &world.seen.balances);
                        laws::check_services(before, world)?;
                        laws::check_money(world)
                    })?;
                }
            }
            if times > 0 {
                missed.clear();
            }
            day = day.tomorrow().expect("is in range");
        }
        laws::check_payments(&world)?;
    }

    #[test]
    fn what_renews_by_itself_and_has_funds_never_expires_and_its_terms_do_not_drift(
        anchor in 1_i8..=31,
        texts in proptest::collection::vec(proptest::sample::select(vec!["P1M", "P3M"]), 6),
        joint in any::<bool>(),
        comes in proptest::collection::vec(comes(), 366),
    ) {
        let mut world = world(&[RenewalMode::Automatic; 6], joint, None, false);
        let anchor = AnchorDay::new(anchor).expect("is a day");
        let first: HashMap<_, _> = OWN.into_iter().zip(texts).map(|(id, text)| {
            let held = world.service(id);
            // More than a month ahead, so that the schedule has all of its days to try.
            let until = add_period(date("2026-12-01"), period("P1M"), anchor).expect("is in range");
            (held.until, held.anchor) = (until, anchor);
            let is_sold = matches!(id, SERVER | ADDON | FLOATING_IP);
            if is_sold {
                held.period = period(text);
            }
            (id, until)
        }).collect();
        let (mut day, mut missed) = (date("2026-11-30"), Vec::new());
        let mut renewals = HashMap::<ServiceId, u16>::new();
        // Never more than a day is missed, and the last attempt is one day ahead: what is paid late was tried before.
        let mut was_missed = false;
        for comes in &comes {
            world.now = instant(day);
            missed.push(day);
            let comes_today = was_missed || !matches!(comes, Comes::NotToday);
            was_missed = !comes_today;
            for day in if comes_today { std::mem::take(&mut missed) } else { Vec::new() } {
                go_through(&mut world, day, |_, _, changes| {
                    for change in changes {
                        if let Change::Extend { extension, .. } = change {
                            *renewals.entry(extension.service).or_default() += 1;
                        }
                    }
                    Ok(())
                })?;
            }
            for id in OWN {
                let service = &world.seen.services[&id];
                let months = service.period.as_months().expect("is in months") * renewals.get(&id).copied().unwrap_or(0);
                let paid = crate::calendar::Period::months(months);
                let end = paid.map_or(first[&id], |paid| add_period(first[&id], paid, anchor).expect("is in range"));
                prop_assert_eq!(service.until, end, "{} renewals of {}", months, id);
                prop_assert!(service.until > day, "{} expires on {}", id, service.until);
            }
            day = day.tomorrow().expect("is in range");
        }
    }
}
