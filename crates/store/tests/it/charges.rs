//! Charges: what gateways move, from the moment that they are asked to what came of it.

use jiff::Timestamp;
use perennial_core::charge::{Charge, ChargeOutcome, ChargeState, Decline, Direction};
use perennial_core::command::{Action, Command, CreditTo, NewMethod, PayWith, Reply};
use perennial_core::idempotency::{Answer, Replay};
use perennial_core::ids::{ChargeId, MethodId, OrderId, ServiceId};
use perennial_core::invoice::InvoiceKind;
use perennial_core::ledger::Balances;
use perennial_core::order::{OrderState, Origin};
use perennial_core::payment::{MethodKind, OnGateway, PaymentMethod, Preference};
use perennial_core::refusal::Refusal;
use perennial_core::service::{Hold, Service};
use perennial_core::snapshot::{Change, Want};
use perennial_store::{OpenCharge, Record, Recorded, StoreError};

use crate::world::{
    CUSTOMER, DOMAIN, Database, HOSTING, PAYPAL, RESELLER, SERVER, STACKING, World, date, eur, instant, method, record,
    renew, token,
};

fn on_gateway() -> OnGateway {
    let [gateway, customer, method] = ["stripe", "cus_1", "pm_1"].map(str::to_owned);
    OnGateway { gateway, customer, method }
}

/// Registers a card that a gateway keeps.
pub fn card<D: Database>(world: &mut World<D>) -> MethodId {
    let new = NewMethod {
        kind: MethodKind::Card,
        label: "4343".to_owned(),
        description: None,
        preference: Preference::Other,
        expires: None,
        on_gateway: Some(on_gateway()),
    };
    match world.done(CUSTOMER, Action::AddMethod(new)) {
        Reply::Method(card) => card,
        other => panic!("no card: {other:?}"),
    }
}

/// Pays an order by a charge, which is open then.
pub fn charged<D: Database>(world: &mut World<D>, order: OrderId, card: MethodId) -> Charge {
    let Reply::Charging(order) = world.done(CUSTOMER, Action::Pay { order, with: PayWith::Planned(card), due: None })
    else {
        panic!("is not charged")
    };
    last_charge(world, order.id)
}

fn charges<D: Database>(world: &World<D>, order: OrderId) -> Vec<Charge> {
    let mut seen = world.books.load(&[Want::Charges(CUSTOMER, order)]).expect("loads");
    seen.charges.remove(&order).unwrap_or_default()
}

pub fn last_charge<D: Database>(world: &World<D>, order: OrderId) -> Charge {
    charges(world, order).pop().expect("there is one")
}

/// Says what came of a charge, as it is on file.
fn settle<D: Database>(world: &World<D>, charge: &Charge, outcome: ChargeOutcome) -> Action {
    let on_file = charges(world, charge.order).into_iter().find(|it| it.id == charge.id);
    let Charge { order, id: charge, reference, .. } = on_file.expect("is on file");
    Action::SettleCharge { order, charge, reference, outcome }
}

/// Says that the money of a charge moved.
pub fn moved<D: Database>(world: &mut World<D>, charge: &Charge) -> Reply {
    let action = settle(world, charge, ChargeOutcome::Moved);
    world.done(CUSTOMER, action)
}

pub fn declined<D: Database>(world: &mut World<D>, charge: &Charge) {
    let action = settle(world, charge, ChargeOutcome::Declined(Decline::Funds));
    world.done(CUSTOMER, action);
}

pub fn note<D: Database>(world: &mut World<D>, charge: &Charge, reference: &str) -> Reply {
    let (order, charge, reference) = (charge.order, charge.id, reference.to_owned());
    world.done(CUSTOMER, Action::NoteCharge { order, charge, reference })
}

/// Gives back what a charge collected for an order; the refund is open then.
pub fn refunded<D: Database>(world: &mut World<D>, order: OrderId) -> Charge {
    match world.done(CUSTOMER, Action::CreditOrder { order, to: CreditTo::Method }) {
        Reply::Charge(refund) => refund,
        other => panic!("no refund: {other:?}"),
    }
}

/// Locks a service, so that nobody can pay for it.
pub fn lock<D: Database>(world: &mut World<D>, service: ServiceId) {
    let locked = Service { hold: Hold::Locked, ..world.service(CUSTOMER, service) };
    world.written(&[Change::SetService(locked)]).expect("is written");
}

fn balances<D: Database>(world: &World<D>) -> Balances {
    world.books.load(&[Want::Balances(CUSTOMER)]).expect("loads").balances[&CUSTOMER]
}

pub fn a_charge_pays_its_order_once_the_money_moved<D: Database>() {
    let mut world = World::<D>::new();
    let card = card(&mut world);
    let placed = world.place(&[SERVER], "P1M");
    world.plan(placed.id, 100);
    let charge = charged(&mut world, placed.id, card);
    let expected = Charge {
        id: ChargeId(1),
        account: CUSTOMER,
        order: placed.id,
        method: card,
        direction: Direction::Collect,
        amount: eur(500),
        from_balance: eur(100),
        origin: Origin::Customer,
        again_on: None,
        opened: world.now,
        reference: None,
        state: ChargeState::Open,
    };
    assert_eq!(charge, expected);
    let waiting = world.order(placed.id);
    assert_eq!((waiting.state, waiting.charge), (OrderState::Open, Some(charge.id)));
    // However it is read.
    for want in [Want::OpenOrders(CUSTOMER), Want::Service(CUSTOMER, SERVER)] {
        assert_eq!(world.books.load(&[want]).expect("loads").orders[&placed.id], waiting);
    }
    let other = world.one(CUSTOMER, Action::Pay { order: placed.id, with: PayWith::Balance, due: None });
    assert_eq!(other, Err(Refusal::ChargeOpen(placed.id)));
    assert_eq!(world.books.load(&[Want::Charges(RESELLER, placed.id)]).expect("loads").charges, [].into());
    world.assert_sound();

    for reference in ["pi_1", "pi_2"] {
        note(&mut world, &charge, reference);
        assert_eq!(last_charge(&world, placed.id).reference.as_deref(), Some("pi_1"), "the first one counts");
    }
    let Reply::Paid(paid) = moved(&mut world, &charge) else { panic!("is not paid") };
    assert_eq!((world.order(placed.id), paid.charge), (paid, None));
    let state = ChargeState::Settled(world.now);
    let settled = Charge { reference: Some("pi_1".to_owned()), state, ..expected };
    assert_eq!(charges(&world, placed.id), [settled]);
    assert_eq!(balances(&world).balance, eur(9_900));
    // Nothing follows twice.
    moved(&mut world, &charge);
    declined(&mut world, &charge);
    assert_eq!(last_charge(&world, placed.id).state, state);
    world.assert_sound();
}

pub fn a_declined_charge_frees_its_order_and_its_token<D: Database>() {
    let mut world = World::<D>::new();
    let card = card(&mut world);
    let order = world.place(&[SERVER], "P1M").id;
    let pay = |digest| Command {
        account: CUSTOMER,
        token: Some(token("pay", digest)),
        action: Action::Pay { order, with: PayWith::Method(card), due: None },
    };
    let decline = |charge| Command {
        account: CUSTOMER,
        token: None,
        action: Action::SettleCharge {
            order,
            charge: ChargeId(charge),
            reference: None,
            outcome: ChargeOutcome::Declined(Decline::Expired),
        },
    };
    let charging = |reply: &Result<Reply, Refusal>| match reply {
        Ok(Reply::Charging(order)) => order.charge,
        other => panic!("is not charged: {other:?}"),
    };
    let replies = world.run(&[pay(1), pay(1), decline(1), pay(1), pay(1), decline(2)]);
    let opened: Vec<_> = [0, 1, 3, 4].into_iter().map(|at| charging(&replies[at])).collect();
    assert_eq!(opened, [1, 1, 2, 2].map(|id| Some(ChargeId(id))));
    // The token is good for another request now.
    assert_eq!(charging(&world.run(&[pay(2)])[0]), Some(ChargeId(3)));
    let states: Vec<_> = charges(&world, order).into_iter().map(|charge| charge.state.word()).collect();
    assert_eq!(states, ["declined", "declined", "open"]);
    let last = last_charge(&world, order);
    moved(&mut world, &last);
    world.assert_sound();
}

pub fn a_token_is_taken_over_in_the_same_moment<D: Database>() {
    let mut world = World::<D>::new();
    let [first, second] = [SERVER, DOMAIN].map(|service| {
        let period = if service == SERVER { "P1M" } else { "P1Y" };
        world.place(&[service], period).id
    });
    let key = token("key", 1).lookup(CUSTOMER);
    let replay = |digest, order, minute: &str| Replay {
        token: key.clone(),
        digest: [digest; 32],
        answer: Answer::Paid(order),
        keep_until: instant(&format!("2026-11-21T12:{minute}:00Z")),
    };
    // Another request, the same one, one that is kept for shorter, and several in a batch.
    for replays in [
        &[replay(1, first, "01")][..],
        &[replay(2, first, "01")],
        &[replay(2, first, "01")],
        &[replay(2, first, "00")],
        &[replay(3, first, "00"), replay(4, first, "00"), replay(5, second, "00")],
        &[replay(6, second, "00")],
    ] {
        world.written(&replays.iter().cloned().map(Change::Remember).collect::<Vec<_>>()).expect("are written");
        let seen = world.books.load(&[Want::Replay(key.clone())]).expect("loads");
        assert_eq!(seen.replays[&key], replays[replays.len() - 1]);
    }
    let earlier = world.written(&[Change::Remember(replay(7, first, "00"))]);
    assert!(matches!(earlier, Err(StoreError::Constraint { doing: "remember a reply", .. })), "{earlier:?}");
    world.written(&[Change::Remember(replay(7, first, "01"))]).expect("is kept longer");
}

pub fn money_that_comes_too_late_is_on_the_balance<D: Database>() {
    let mut world = World::<D>::new();
    let card = card(&mut world);
    let order = world.place(&[SERVER], "P1M").id;
    let charge = charged(&mut world, order, card);
    lock(&mut world, SERVER);
    let Reply::Charge(credited) = moved(&mut world, &charge) else { panic!("is paid") };
    assert_eq!(credited, Charge { state: ChargeState::Credited(world.now), ..charge });
    assert_eq!(charges(&world, order), [credited]);
    assert_eq!(balances(&world).balance, eur(10_600));
    let withdrawn = world.order(order);
    assert_eq!((withdrawn.state, withdrawn.charge), (OrderState::Cancelled(world.now), None));
    world.assert_sound();
}

pub fn a_refund_takes_back_what_a_charge_collected<D: Database>() {
    let mut world = World::<D>::new();
    let card = card(&mut world);
    let order = world.place(&[SERVER], "P1M").id;
    world.plan(order, 100);
    let charge = charged(&mut world, order, card);
    moved(&mut world, &charge);
    let refund = refunded(&mut world, order);
    assert_eq!((refund.id, refund.direction, refund.amount), (ChargeId(2), Direction::Refund, eur(500)));
    assert_eq!(world.order(order).charge, Some(refund.id));
    let again = world.one(CUSTOMER, Action::CreditOrder { order, to: CreditTo::Balance });
    assert_eq!(again, Err(Refusal::RefundOpen(order)));
    // A gateway may refuse to give it back; then it can be asked again.
    declined(&mut world, &refund);
    world.assert_sound();
    let refund = refunded(&mut world, order);
    moved(&mut world, &refund);
    assert_eq!(last_charge(&world, order).state, ChargeState::Settled(world.now));
    assert_eq!(balances(&world).balance, eur(10_000), "and the part that came from the balance is there again");
    let invoices = world.books.load(&[Want::Invoices(CUSTOMER, order)]).expect("loads").invoices;
    let note = invoices[&order].iter().find(|invoice| matches!(invoice.kind, InvoiceKind::CreditNote { .. }));
    assert_eq!(note.map(|note| note.gross), Some(eur(-600)));
    world.assert_sound();
}

pub fn charges_of_many_decisions_keep_their_order<D: Database>() {
    let mut world = World::<D>::new();
    let card = card(&mut world);
    let command = |action| Command { account: CUSTOMER, token: None, action };
    let pay = |order| command(Action::Pay { order: OrderId(order), with: PayWith::Method(card), due: None });
    let (order_of, reference) = (OrderId, |id: i64| format!("pi_{id}"));
    let note = |id| {
        let (order, charge, reference) = (order_of(id), ChargeId(id), reference(id));
        command(Action::NoteCharge { order, charge, reference })
    };
    let settle = |order, charge, outcome| {
        let reference = (1..=3).contains(&charge).then(|| reference(charge));
        command(Action::SettleCharge { order: OrderId(order), charge: ChargeId(charge), reference, outcome })
    };
    let placed = [SERVER, DOMAIN, HOSTING, STACKING]
        .map(|service| command(renew(&[service], if [SERVER, STACKING].contains(&service) { "P1M" } else { "P1Y" })));
    let replies = world.run(&placed);
    assert!(replies.iter().all(Result::is_ok), "{replies:?}");
    let replies = world.run(&[
        pay(1),
        pay(2),
        note(1),
        pay(3),
        settle(1, 1, ChargeOutcome::Moved),
        note(2),
        note(3),
        settle(2, 2, ChargeOutcome::Declined(Decline::Gone)),
        pay(2),
        settle(3, 3, ChargeOutcome::Moved),
        pay(4),
        settle(2, 4, ChargeOutcome::Moved),
        command(Action::CreditOrder { order: OrderId(1), to: CreditTo::Method }),
        settle(1, 6, ChargeOutcome::Moved),
        command(renew(&[SERVER], "P1M")),
        pay(5),
        settle(5, 7, ChargeOutcome::Moved),
    ]);
    assert!(replies.iter().all(Result::is_ok), "{replies:?}");
    let told = |order: i64| -> Vec<_> {
        let all = charges(&world, OrderId(order));
        all.into_iter().map(|charge| (charge.id.0, charge.state.word(), charge.reference)).collect()
    };
    assert_eq!(told(1), [(1, "settled", Some(reference(1))), (6, "settled", None)]);
    assert_eq!(told(2), [(2, "declined", Some(reference(2))), (4, "settled", None)]);
    assert_eq!([told(3).len(), told(4).len(), told(5).len()], [1, 1, 1]);
    assert_eq!(world.order(OrderId(4)).charge, Some(ChargeId(5)));
    world.assert_sound();
}

pub fn every_charge_reads_back<D: Database>() {
    let mut world = World::<D>::new();
    let card = card(&mut world);
    let order = world.place(&[SERVER], "P1M").id;
    let open = |id| Charge {
        id: ChargeId(id),
        account: CUSTOMER,
        order,
        method: card,
        direction: Direction::Collect,
        amount: eur(599),
        from_balance: eur(1),
        origin: Origin::Schedule,
        again_on: Some(date("2026-12-24")),
        opened: instant("2026-11-20T12:00:00.000001Z"),
        reference: Some("pi_é".to_owned()),
        state: ChargeState::Open,
    };
    let mut expected = Vec::new();
    for (id, decline) in (1..).zip(Decline::ALL) {
        let declined = Charge { state: ChargeState::Declined(world.now, decline), ..open(id) };
        world.written(&[Change::OpenCharge(open(id)), Change::SetCharge(declined.clone())]).expect("are written");
        expected.push(declined);
    }
    world.written(&[Change::OpenCharge(open(6))]).expect("is written");
    expected.push(open(6));
    assert_eq!(charges(&world, order), expected);
    let open_now = OpenCharge { charge: open(6), tries: 0 };
    let now = world.now;
    assert_eq!(world.batch(|batch| batch.claim_charges("one", now, now, 10)).expect("claims"), [open_now]);
}

pub fn a_method_on_a_gateway_reads_back<D: Database>() {
    let mut world = World::<D>::new();
    let card = card(&mut world);
    let read = |world: &World<D>, id| {
        let seen = world.books.load(&[Want::Method(CUSTOMER, id)]).expect("loads");
        assert_eq!(world.books.load(&[Want::Methods(CUSTOMER)]).expect("loads").methods[&id], seen.methods[&id]);
        seen.methods[&id].on_gateway.clone()
    };
    assert_eq!(read(&world, card), Some(on_gateway()));
    assert_eq!(read(&world, PAYPAL), None);
    // A method moves to a gateway, and away again.
    for on_gateway in [Some(on_gateway()), None] {
        let moved = || Record::Method(PaymentMethod { on_gateway: on_gateway.clone(), ..method() });
        let recorded = record(&mut *world.store, &[moved(), moved()]).expect("is recorded");
        assert_eq!(recorded, [Recorded::Updated(PAYPAL.0), Recorded::Unchanged(PAYPAL.0)]);
        assert_eq!(read(&world, PAYPAL), on_gateway);
        let by_label = Record::Method(PaymentMethod { id: MethodId(0), on_gateway: on_gateway.clone(), ..method() });
        assert_eq!(record(&mut *world.store, &[by_label]).expect("is recorded"), [Recorded::Unchanged(PAYPAL.0)]);
    }
    let elsewhere = OnGateway { method: "pm_2".to_owned(), ..on_gateway() };
    let kept = world.books.load(&[Want::Method(CUSTOMER, card)]).expect("loads").methods[&card].clone();
    let set = PaymentMethod { on_gateway: Some(elsewhere.clone()), ..kept };
    world.written(&[Change::SetMethod(set)]).expect("is written");
    assert_eq!(read(&world, card), Some(elsewhere));
}

/// Three orders, each with an open charge.
fn three<D: Database>() -> (World<D>, [Charge; 3]) {
    let mut world = World::<D>::new();
    let card = card(&mut world);
    let charges = [SERVER, STACKING, DOMAIN].map(|service| {
        let period = if service == DOMAIN { "P1Y" } else { "P1M" };
        let order = world.place(&[service], period).id;
        charged(&mut world, order, card)
    });
    (world, charges)
}

fn ids(open: &[OpenCharge]) -> Vec<ChargeId> {
    open.iter().map(|open| open.charge.id).collect()
}

pub fn a_charge_is_left_to_one_node_for_a_while<D: Database>() {
    let (mut world, open) = three::<D>();
    let [first, second, third] = [0, 1, 2].map(|at| open[at].id);
    let until = instant("2026-11-20T12:05:00Z");
    let claim = |world: &mut World<D>, node: &str, now: &str, rows_max| {
        let claimed = world.batch(|batch| batch.claim_charges(node, instant(now), until, rows_max)).expect("claims");
        assert!(claimed.iter().all(|claimed| open.contains(&claimed.charge)));
        ids(&claimed)
    };
    assert_eq!(claim(&mut world, "one", "2026-11-20T12:00:00Z", 2), [first, second]);
    assert_eq!(claim(&mut world, "two", "2026-11-20T12:00:00Z", 10), [third]);
    assert_eq!(claim(&mut world, "one", "2026-11-20T12:00:00Z", 10), [first, second], "those that are its own");
    assert_eq!(claim(&mut world, "two", "2026-11-20T12:05:00Z", 10), [first, second, third], "its time is over");
    // What is settled is nobody's any more, and what is noted stays whose it is.
    declined(&mut world, &open[1]);
    note(&mut world, &open[2], "pi_3");
    let left = |world: &mut World<D>, node: &str| {
        let claimed = world.batch(|batch| batch.claim_charges(node, instant("2026-11-20T12:04:59Z"), until, 10));
        ids(&claimed.expect("claims"))
    };
    assert_eq!(left(&mut world, "three"), []);
    assert_eq!(left(&mut world, "two"), [first, third]);
}

pub fn a_charge_of_which_nothing_is_known_waits<D: Database>() {
    let world = World::<D>::new();
    assert_eq!(world.books.next_charge().expect("reads"), None);
    let (mut world, open) = three::<D>();
    let [first, second, third] = [0, 1, 2].map(|at| open[at].id);
    let now = world.now;
    let (soon, later) = (instant("2026-11-20T12:01:00Z"), instant("2026-11-20T13:00:00Z"));
    let claim = |world: &mut World<D>, node: &str, now| {
        world.batch(|batch| batch.claim_charges(node, now, later, 10)).expect("claims")
    };
    assert_eq!(world.books.next_charge().expect("reads"), Some(Timestamp::UNIX_EPOCH));
    assert_eq!(ids(&claim(&mut world, "one", now)), [first, second, third]);
    moved(&mut world, &open[2]);
    world.batch(|batch| {
        batch.charge_waits(first, later).expect("is noted");
        batch.charge_waits(second, soon).expect("is noted");
        batch.charge_waits(third, soon).expect("is settled, and is left alone");
    });
    assert_eq!(world.books.next_charge().expect("reads"), Some(soon));
    assert_eq!(claim(&mut world, "two", instant("2026-11-20T12:00:59Z")), [], "none before its time, for no node");
    let claimed = claim(&mut world, "two", soon);
    assert_eq!((ids(&claimed), claimed[0].tries), (vec![second], 1), "the claim was given back");
    world.batch(|batch| batch.charge_waits(second, soon)).expect("is noted");
    let tries: Vec<_> = claim(&mut world, "one", later).iter().map(|open| (open.charge.id, open.tries)).collect();
    assert_eq!(tries, [(first, 1), (second, 2)], "what was tried least goes first");
    for charge in &open[..2] {
        moved(&mut world, charge);
    }
    assert_eq!(world.books.next_charge().expect("reads"), None);
    world.assert_sound();
}
