//! The cashier: money moves once for each charge, whatever is lost, whoever stops, and however many nodes are at it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::{pending, poll_fn};
use std::iter::repeat_n;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use perennial_core::account::Seller;
use perennial_core::calendar::Zone;
use perennial_core::charge::{Charge, ChargeOutcome, ChargeState, Decline, Direction};
use perennial_core::command::{Action, Command, CreditTo, NewMethod, PayWith, Reply};
use perennial_core::ids::{ChargeId, MethodId, OrderId, ServiceId};
use perennial_core::order::{Order, OrderState};
use perennial_core::payment::{MethodKind, MethodStatus, OnGateway, PaymentMethod, Preference};
use perennial_core::ports::{Books, BoxFuture, Failure, Gateway, GatewayError, Kept, Lane, Prepared, Rejection, Timer};
use perennial_core::refusal::Refusal;
use perennial_core::schedule::Timetables;
use perennial_core::service::{Ending, RenewalMode};
use perennial_core::snapshot::Want;
use perennial_engine::cashier::{Cashier, Setting, WAIT_MAX};
use perennial_engine::lane::Grouping;
use perennial_engine::schedule::{Moved, Schedule, Setting as ScheduleSetting};
use perennial_store::{OpenCharge, Record, Records};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::world::{ACCOUNT, World, until};

/// The card of the account, which the bank keeps.
const CARD: MethodId = MethodId(1);

/// How long a claim holds.
const CLAIM: SignedDuration = SignedDuration::from_mins(5);

/// What goes wrong in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// The question does not arrive.
    LostThere,
    /// The answer does not arrive.
    LostBack,
    Busy,
    Barred,
    /// What is carried out takes until the next look.
    UnderWay,
    Declines,
    /// The question is never answered.
    Stalls,
    /// The answer takes until it is released.
    Holds,
    /// It will not do it, and that answer takes until it is released.
    HoldsNever,
}

/// A gateway in memory: what was prepared moves money once at the most, however often it is carried out.
#[derive(Default)]
struct Bank {
    deeds: Mutex<Deeds>,
    /// What goes wrong in the calls to come.
    faults: Mutex<VecDeque<Option<Fault>>>,
    released: watch::Sender<bool>,
}

#[derive(Default)]
struct Deeds {
    /// What was prepared, and what came of it.
    prepared: BTreeMap<String, Option<ChargeOutcome>>,
    calls: Vec<String>,
    moved: Vec<(ChargeId, Direction)>,
}

impl Bank {
    fn goes_wrong(&self, calls_before: usize, fault: Fault) {
        let faults = repeat_n(None, calls_before).chain([Some(fault)]);
        self.faults.lock().expect("no panic").extend(faults);
    }

    fn moved(&self) -> Vec<(ChargeId, Direction)> {
        self.deeds.lock().expect("no panic").moved.clone()
    }

    fn calls(&self) -> Vec<String> {
        self.deeds.lock().expect("no panic").calls.clone()
    }

    async fn call<T>(
        &self,
        what: String,
        does: impl FnOnce(&mut Deeds, Option<Fault>) -> T + Send,
    ) -> Result<T, GatewayError> {
        self.deeds.lock().expect("no panic").calls.push(what);
        let fault = self.faults.lock().expect("no panic").pop_front().flatten();
        tokio::task::yield_now().await;
        let failure = || Failure::new("ask the bank", "it is told to fail");
        match fault {
            Some(Fault::LostThere) => return Err(GatewayError::Silent(failure())),
            Some(Fault::Busy) => return Err(GatewayError::Busy(failure())),
            Some(Fault::Barred) => return Err(GatewayError::Barred(failure())),
            Some(Fault::Stalls) => pending().await,
            _ => {}
        }
        let did = does(&mut self.deeds.lock().expect("no panic"), fault);
        tokio::task::yield_now().await;
        match fault {
            Some(Fault::LostBack) => return Err(GatewayError::Silent(failure())),
            Some(Fault::Holds | Fault::HoldsNever) => {
                self.released.subscribe().wait_for(|released| *released).await.expect("the bank is there");
            }
            _ => {}
        }
        Ok(did)
    }
}

impl Gateway for Bank {
    fn name(&self) -> &'static str {
        "bank"
    }

    fn kept<'a>(&'a self, _: &'a OnGateway) -> BoxFuture<'a, Result<Option<Kept>, GatewayError>> {
        unreachable!("no method is registered here")
    }

    fn prepare<'a>(
        &'a self,
        charge: &'a Charge,
        method: &'a OnGateway,
        collected: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Prepared, GatewayError>> {
        assert_eq!((method.customer.as_str(), method.method.as_str()), ("customer", "card"));
        assert_eq!(collected.is_some(), charge.direction == Direction::Refund, "a refund is of something");
        let does = |deeds: &mut Deeds, fault| {
            if fault == Some(Fault::HoldsNever) {
                return Prepared::Never(ChargeOutcome::Declined(Decline::Gone));
            }
            let reference = format!("ref{}", deeds.prepared.len());
            deeds.prepared.insert(reference.clone(), None);
            Prepared::As(reference)
        };
        Box::pin(self.call(format!("prepare {}", charge.id), does))
    }

    fn carry_out<'a>(
        &'a self,
        charge: &'a Charge,
        reference: &'a str,
    ) -> BoxFuture<'a, Result<Option<ChargeOutcome>, GatewayError>> {
        let does = |deeds: &mut Deeds, fault| {
            let became = deeds.prepared.get_mut(reference).expect("was prepared");
            if became.is_none() && fault == Some(Fault::Declines) {
                *became = Some(ChargeOutcome::Declined(Decline::Funds));
            } else if became.is_none() {
                *became = Some(ChargeOutcome::Moved);
                deeds.moved.push((charge.id, charge.direction));
            }
            became.filter(|_| fault != Some(Fault::UnderWay))
        };
        Box::pin(self.call(format!("carry out {} as {reference}", charge.id), does))
    }
}

/// Ends the patience of callers when it is told to, and waits for everything else a small part of what it is asked to, or
/// for ever.
struct Ruled {
    is_still: bool,
    impatient: watch::Sender<bool>,
}

impl Timer for Ruled {
    fn sleep(&self, span: Duration) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            if span == WAIT_MAX {
                self.impatient.subscribe().wait_for(|impatient| *impatient).await.expect("the timer is there");
            } else if self.is_still {
                pending::<()>().await;
            } else {
                tokio::time::sleep(span / 500).await;
            }
        })
    }
}

/// A ledger whose account has a card at the bank.
struct Shop {
    world: World,
    bank: Arc<Bank>,
    timer: Arc<Ruled>,
}

impl Shop {
    async fn open(is_still: bool) -> Self {
        let world = World::new(Grouping::ByTime);
        let text = str::to_owned;
        let kept = OnGateway { gateway: text("bank"), customer: text("customer"), method: text("card") };
        let card = PaymentMethod {
            id: CARD,
            account: ACCOUNT,
            kind: MethodKind::Card,
            label: text("visa 4242"),
            description: None,
            status: MethodStatus::Valid,
            preference: Preference::Default,
            expires: None,
            created: Timestamp::UNIX_EPOCH,
            on_gateway: Some(kept),
        };
        let seller = Seller { collects: vec![MethodKind::Card], ..Seller::default() };
        world.record(vec![Record::Seller(seller), Record::Method(card)]).await;
        Self { world, bank: Arc::default(), timer: Arc::new(Ruled { is_still, impatient: watch::Sender::new(false) }) }
    }

    fn cashier_with(&self, node: &str, gateways: Vec<Arc<dyn Gateway>>) -> Cashier {
        let (lane, records) = (self.world.lane.clone(), Arc::new(self.world.reader.clone()));
        let (clock, timer) = (Arc::clone(&self.world.clock) as _, Arc::clone(&self.timer) as _);
        Cashier::new(Setting { lane, records, clock, timer, gateways, node: node.into() })
    }

    fn cashier(&self, node: &str) -> Cashier {
        self.cashier_with(node, vec![Arc::clone(&self.bank) as _])
    }

    /// A cashier that is at work.
    fn works(&self, node: &str) -> Cashier {
        let cashier = self.cashier(node);
        tokio::spawn(cashier.clone().run());
        cashier
    }

    /// Puts a charge for an order of a service on file.
    async fn charged(&self, service: i64) -> Charge {
        let order = self.world.place(service).await.id;
        let reply = self.world.submit(pay(order)).await;
        assert!(matches!(&reply, Ok(Reply::Charging(charging)) if charging.id == order), "{reply:?}");
        self.charge(order)
    }

    /// Claims what is due for a node.
    async fn claim(&self, node: &'static str) -> OpenCharge {
        let now = perennial_core::ports::Clock::now(&*self.world.clock);
        let until = now.checked_add(CLAIM).expect("is in time");
        let claimed = self.world.lane.chore(move |batch| batch.claim_charges(node, now, until, 9)).await;
        claimed.expect("claims").pop().expect("there is one")
    }

    /// The newest charge of an order.
    fn charge(&self, order: OrderId) -> Charge {
        let seen = self.world.reader.load(&[Want::Charges(ACCOUNT, order)]).expect("reads");
        seen.charges[&order].last().expect("there is one").clone()
    }

    fn order(&self, order: OrderId) -> Order {
        let seen = self.world.reader.load(&[Want::Order(ACCOUNT, order)]).expect("reads");
        seen.order_of(ACCOUNT, order).expect("is there").clone()
    }

    /// Lets time pass until something holds.
    async fn drive(&self, what: &str, step: SignedDuration, mut holds: impl FnMut() -> bool) {
        until(what, || {
            self.world.clock.forward(step);
            holds()
        })
        .await;
    }

    /// Waits until a charge is not open.
    async fn settled(&self, order: OrderId) -> ChargeState {
        let step = SignedDuration::from_secs(5);
        self.drive("the charge is settled", step, || self.charge(order).state != ChargeState::Open).await;
        self.charge(order).state
    }

    /// Closes; the books must be sound.
    async fn close(mut self) {
        let report = self.world.reader.audit().expect("audits");
        assert!(report.is_sound(), "{report:?}");
        self.world.close().await;
    }
}

fn pay(order: OrderId) -> Action {
    Action::Pay { order, with: PayWith::Method(CARD), due: None }
}

fn submit(cashier: &Cashier, action: Action) -> JoinHandle<Result<Reply, Rejection>> {
    let cashier = cashier.clone();
    tokio::spawn(async move { cashier.submit(Command { account: ACCOUNT, token: None, action }).await })
}

/// What a caller hears, which it does soon.
async fn heard(caller: JoinHandle<Result<Reply, Rejection>>) -> Result<Reply, Rejection> {
    tokio::time::timeout(Duration::from_secs(20), caller).await.expect("hears in time").expect("no panic")
}

/// Stops work when it has been gone on with so often; tells whether it had ended.
async fn stopped_after(mut polls: usize, work: impl Future<Output = ()>) -> bool {
    let mut work = pin!(work);
    poll_fn(|context| {
        if polls == 0 {
            return Poll::Ready(false);
        }
        polls -= 1;
        match work.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(true),
            Poll::Pending if polls == 0 => Poll::Ready(false),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_paid_and_refunded_once_whatever_goes_wrong_in_whichever_call() {
    let faults = [Fault::LostThere, Fault::LostBack, Fault::Stalls, Fault::Busy, Fault::Barred, Fault::UnderWay];
    for (fault, call) in faults.into_iter().flat_map(|fault| [(fault, 0), (fault, 1)]) {
        let shop = Shop::open(false).await;
        let cashier = shop.works("node");
        let order = shop.world.place(1).await;
        shop.bank.goes_wrong(call, fault);
        let step = SignedDuration::from_secs(1);
        let caller = submit(&cashier, pay(order.id));
        shop.drive("the caller hears of it", step, || caller.is_finished()).await;
        let reply = heard(caller).await;
        assert!(
            matches!(&reply, Ok(Reply::Paid(paid)) if paid.charge.is_none() && *paid == shop.order(order.id)),
            "{fault:?} {call}: {reply:?}"
        );
        assert!(matches!(shop.order(order.id).state, OrderState::Fulfilled(_)));

        shop.bank.goes_wrong(call, fault);
        let caller = submit(&cashier, Action::CreditOrder { order: order.id, to: CreditTo::Method });
        shop.drive("the caller hears of the refund", step, || caller.is_finished()).await;
        let reply = heard(caller).await;
        let refund = shop.charge(order.id);
        assert!(matches!(refund.state, ChargeState::Settled(_)), "{refund:?}");
        assert_eq!(reply.expect("is refunded"), Reply::Charge(refund.clone()), "{fault:?} {call}");
        let first = ChargeId(refund.id.0 - 1);
        assert_eq!(shop.bank.moved(), [(first, Direction::Collect), (refund.id, Direction::Refund)]);
        shop.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_may_stop_anywhere_and_another_one_goes_on() {
    for declines in [None, Some(Fault::Declines)] {
        let mut has_ended = false;
        let mut stops = 0;
        while !has_ended {
            let shop = Shop::open(false).await;
            let charge = shop.charged(1).await;
            if let Some(fault) = declines {
                shop.bank.goes_wrong(1, fault);
                shop.bank.goes_wrong(0, fault);
                shop.bank.goes_wrong(0, fault);
            }
            let claimed = shop.claim("one").await;
            has_ended = stopped_after(stops, shop.cashier("one").carry(claimed)).await;
            stops += 1;
            shop.world.clock.forward(CLAIM);
            shop.works("two");
            let state = shop.settled(charge.order).await;
            match declines {
                None => assert!(matches!(state, ChargeState::Settled(_)), "{stops}: {state:?}"),
                Some(_) => assert!(matches!(state, ChargeState::Declined(_, Decline::Funds)), "{stops}: {state:?}"),
            }
            let moved: &[_] = if declines.is_none() { &[(charge.id, Direction::Collect)] } else { &[] };
            assert_eq!(shop.bank.moved(), moved, "{stops}");
            shop.close().await;
        }
        assert!(stops > 6, "there are places to stop at: {stops}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_slept_goes_by_what_another_one_put_on_file() {
    for sleeps in [Fault::Holds, Fault::HoldsNever] {
        let shop = Shop::open(true).await;
        let charge = shop.charged(1).await;
        shop.bank.goes_wrong(0, sleeps);
        let sleeper = tokio::spawn(shop.cashier("one").carry(shop.claim("one").await));
        until("the first node asked", || shop.bank.calls().len() == 1).await;
        shop.world.clock.forward(CLAIM);
        // The other one has the money moved, and does not come to say so.
        shop.bank.goes_wrong(1, Fault::Holds);
        let other = tokio::spawn(shop.cashier("two").carry(shop.claim("two").await));
        until("the other node moved the money", || shop.bank.moved().len() == 1).await;
        other.abort();
        let on_file = shop.charge(charge.order).reference.expect("is on file");
        shop.bank.released.send_replace(true);
        sleeper.await.expect("no panic");
        if sleeps == Fault::HoldsNever {
            assert_eq!(shop.charge(charge.order).state, ChargeState::Open, "what it was told does not count any more");
        }
        shop.works("three");
        assert!(matches!(shop.settled(charge.order).await, ChargeState::Settled(_)));
        let carried: BTreeSet<_> = shop.bank.calls().into_iter().filter(|call| call.starts_with("carry")).collect();
        assert_eq!(carried, BTreeSet::from([format!("carry out {} as {on_file}", charge.id)]));
        assert_eq!(shop.bank.moved().len(), 1);
        shop.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_whose_claims_end_too_early_move_the_money_of_each_charge_once() {
    let shop = Shop::open(false).await;
    let mut orders = Vec::new();
    for service in 1..=24 {
        orders.push(shop.charged(service).await.order);
    }
    let all = [
        None,
        Some(Fault::LostThere),
        None,
        Some(Fault::LostBack),
        Some(Fault::UnderWay),
        None,
        Some(Fault::Declines),
        Some(Fault::Busy),
        None,
        Some(Fault::LostBack),
        None,
    ];
    shop.bank.faults.lock().expect("no panic").extend(all.into_iter().cycle().take(132));
    shop.works("one");
    shop.works("two");
    let is_open = |order: &OrderId| shop.charge(*order).state == ChargeState::Open;
    shop.drive("all are settled", CLAIM, || !orders.iter().any(is_open)).await;
    let mut moved: Vec<_> = shop.bank.moved().into_iter().map(|(id, _)| id).collect();
    moved.sort();
    let settled = |order: &OrderId| Some(shop.charge(*order)).filter(|it| matches!(it.state, ChargeState::Settled(_)));
    assert_eq!(moved, orders.iter().filter_map(settled).map(|charge| charge.id).collect::<Vec<_>>());
    assert!(moved.len() > 12, "most of them: {}", moved.len());
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_hears_at_once_what_came_of_its_charge_and_nobody_waits_for_one_that_is_slow() {
    // Nothing is looked at again, so everybody is woken.
    let shop = Shop::open(true).await;
    let cashier = shop.works("node");
    shop.bank.goes_wrong(0, Fault::Stalls);
    let slow = shop.world.place(1).await.id;
    let waiting = submit(&cashier, pay(slow));
    until("the slow one is asked for", || shop.bank.calls().len() == 1).await;

    let order = shop.world.place(2).await.id;
    let reply = heard(submit(&cashier, pay(order))).await;
    assert!(matches!(&reply, Ok(Reply::Paid(paid)) if paid.id == order), "{reply:?}");

    shop.bank.goes_wrong(1, Fault::Declines);
    let order = shop.world.place(3).await.id;
    let reply = heard(submit(&cashier, pay(order))).await;
    let decline = Decline::Funds;
    assert!(
        matches!(&reply, Err(Rejection::Refused(Refusal::ChargeDeclined { order: of, decline: why }))
            if (*of, *why) == (order, decline)),
        "{reply:?}"
    );
    // What was declined is open, and can be paid.
    let reply = heard(submit(&cashier, pay(order))).await;
    assert!(matches!(&reply, Ok(Reply::Paid(paid)) if paid.id == order), "{reply:?}");

    assert!(!waiting.is_finished());
    let prepared = format!("prepare {}", shop.charge(slow).id);
    assert_eq!(shop.bank.calls().into_iter().filter(|call| *call == prepared).count(), 1, "it is being carried out");
    shop.timer.impatient.send_replace(true);
    let reply = heard(waiting).await;
    assert!(matches!(&reply, Ok(Reply::Charging(order)) if order.id == slow && order.charge.is_some()), "{reply:?}");
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_gateway_lets_nobody_in_one_charge_at_a_time_finds_out_whether_it_does_again() {
    let shop = Shop::open(false).await;
    let first = shop.charged(1).await;
    for fault in [Fault::Barred, Fault::Busy] {
        shop.bank.goes_wrong(0, fault);
    }
    shop.works("node");
    until("it waits", || shop.bank.calls().len() == 1).await;
    let mut orders = vec![first.order];
    for service in 2..=9 {
        orders.push(shop.charged(service).await.order);
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(shop.bank.calls().len(), 1, "nothing is asked in a pause");
    shop.world.clock.forward(SignedDuration::from_secs(5));
    until("it is asked again", || shop.bank.calls().len() == 2).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(shop.bank.calls().len(), 2, "one finds out, and the next pause is longer");
    for order in orders {
        assert!(matches!(shop.settled(order).await, ChargeState::Settled(_)));
    }
    assert_eq!(shop.bank.moved().len(), 9);
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_the_gateway_leaves_charges_to_others_and_its_callers_hear_of_them() {
    let shop = Shop::open(false).await;
    let without = shop.cashier_with("without", Vec::new());
    tokio::spawn(without.clone().run());
    let left = shop.world.place(2).await.id;
    let leaves = submit(&without, pay(left));
    until("its charge is on file", || shop.order(left).charge.is_some()).await;
    leaves.abort();
    let order = shop.world.place(1).await.id;
    let caller = submit(&without, pay(order));
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!caller.is_finished(), "it waits");
    assert!(shop.bank.calls().is_empty());
    shop.works("with");
    let reply = heard(caller).await;
    assert!(matches!(&reply, Ok(Reply::Paid(paid)) if paid.id == order), "{reply:?}");
    let state = shop.settled(left).await;
    assert!(matches!(state, ChargeState::Settled(_)), "a caller that leaves changes nothing: {state:?}");
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_there_is_a_gateway_no_caller_registers_what_counts_as_paid_at_once() {
    let shop = Shop::open(false).await;
    let card = |on_gateway| {
        let (kind, label, preference) = (MethodKind::Card, "visa **** 4242".to_owned(), Preference::Other);
        let new = NewMethod { kind, label, description: None, preference, expires: None, on_gateway };
        Command { account: ACCOUNT, token: None, action: Action::AddMethod(new) }
    };
    let cashier = shop.cashier("node");
    let refused = cashier.submit(card(None)).await;
    let expected = Refusal::MethodNotTaken(MethodKind::Card);
    assert!(matches!(&refused, Err(Rejection::Refused(refusal)) if *refusal == expected), "{refused:?}");
    let without = shop.cashier_with("without", Vec::new());
    assert!(matches!(without.submit(card(None)).await, Ok(Reply::Method(_))));
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn money_that_comes_too_late_is_credited_and_the_caller_hears_that_the_order_is_gone() {
    let shop = Shop::open(false).await;
    let cashier = shop.cashier("node");
    let order = shop.world.place(1).await.id;
    let caller = submit(&cashier, pay(order));
    until("the charge is on file", || shop.order(order).charge.is_some()).await;
    let ending = Ending::Now;
    let ends = Action::Cancel { service: ServiceId(1), reason: String::new(), ending };
    shop.world.submit(ends).await.expect("is cancelled");
    tokio::spawn(cashier.run());
    let reply = heard(caller).await;
    assert!(matches!(&reply, Err(Rejection::Refused(Refusal::OrderCancelled(of))) if *of == order), "{reply:?}");
    assert!(matches!(shop.charge(order).state, ChargeState::Credited(_)));
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_schedules_charges_are_carried_out_though_no_caller_waits() {
    let shop = Shop::open(true).await;
    let (service, mode) = (ServiceId(1), Some(RenewalMode::Automatic));
    shop.world.submit(Action::SetRenewal { service, mode, period: None }).await.expect("is set");
    shop.works("node");
    let setting = ScheduleSetting {
        timetables: Arc::new(Timetables::default()),
        zone: Zone::UTC,
        moved: Moved::OnPurpose,
        node: "node".into(),
        password: || "secret".to_owned(),
    };
    let (records, clock) = (Arc::new(shop.world.reader.clone()), Arc::clone(&shop.world.clock));
    let mut schedule = Schedule::new(records, shop.world.lane.clone(), clock as _, setting);
    for day in 1..=14 {
        shop.world.clock.put(&format!("2026-12-{day:02}T12:00:00Z"));
        schedule.catch_up().await.expect("goes through the day");
    }
    let is_renewed = || {
        let seen = shop.world.reader.load(&[Want::Service(ACCOUNT, service)]).expect("reads");
        seen.service_of(ACCOUNT, service).expect("is there").until.to_string() == "2027-01-15"
    };
    until("the service is renewed", is_renewed).await;
    assert_eq!(shop.bank.moved().len(), 1);
    let notices = shop.world.reader.notices_waiting(1_000).expect("reads");
    assert_eq!(notices.iter().filter(|it| it.notice.kind.word() == "paid").count(), 1);
    shop.close().await;
}
