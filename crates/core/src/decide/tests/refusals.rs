//! Every refusal, each reached by a row. The match in [`name`] does not compile without a new refusal, and the test
//! fails without its row.

use std::collections::BTreeSet;

use super::world::*;
use crate::calendar::CalendarError;
use crate::command::{
    Action, Command, CouponUse, CreditTo, NewCredential, NewCredentialStanding, PayWith, PlanEdit, PromoEdit, Scope,
};
use crate::gate::GateReason;
use crate::idempotency::{Holds, Nonce, Token};
use crate::ids::{ApplicationId, CredentialId, MethodId, OrderId, ProductId, ServiceId};
use crate::money::{Currency, Money, MoneyError};
use crate::payment::{MethodKind, Preference};
use crate::quote::SERVICES_MAX;
use crate::refusal::Refusal;
use crate::service::{Hold, RenewalMode};

/// Makes one inadmissible attempt in a fresh world.
type Attempt = fn(&mut World) -> Option<Refusal>;

/// Closes the gate of a service.
type Close = fn(&mut World);

const ROWS: &[Attempt] = &[
    |world| {
        let account = crate::ids::AccountId(99);
        world.command(&Command { account, token: None, action: renew(&[SERVER], "P1M") }).err()
    },
    |world| world.place(&[ServiceId(99)], "P1M").err(),
    |world| world.place(&[RESOLD], "P1M").err(),
    |world| world.pay(OrderId(99), PayWith::Balance).err(),
    |world| pay_with(world, PayWith::Method(MethodId(99))),
    |world| world.run(Action::RemoveMethod { method: MethodId(99) }).err(),
    |world| world.run(Action::RevokeApplication { application: ApplicationId(99) }).err(),
    |world| world.run(Action::ExpireCredential { credential: CredentialId(99) }).err(),
    |world| world.place(&[], "P1M").err(),
    |world| world.place(&vec![SERVER; SERVICES_MAX + 1], "P1M").err(),
    |world| world.place(&[SERVER, SERVER], "P1M").err(),
    |world| world.place(&[ONE_SHOT], "P1M").err(),
    |world| {
        world.place(&[SERVER], "P1M").expect("is placed");
        world.place(&[SERVER], "P3M").err()
    },
    |world| world.place(&[SERVER], "P2M").err(),
    |world| {
        let mut request = request(&[DOMAIN, SERVER], "P1Y");
        request.scope = Scope::Strategy { of: DOMAIN };
        world.run(Action::Renew { request, password: String::new() }).err()
    },
    |world| world.place(&[STACKING], "P11Y").err(),
    |world| with_promo(world, "winter", "P3M"),
    |world| with_promo(world, "spring", "P1M"),
    |world| {
        let order = world.place(&[SERVER], "P1M").expect("is placed").id;
        world.pay(order, PayWith::Balance).expect("is paid");
        world.pay(order, PayWith::Balance).err()
    },
    |world| {
        let order = world.place(&[SERVER], "P1M").expect("is placed").id;
        world.run(Action::CancelOrder { order }).expect("is cancelled");
        world.pay(order, PayWith::Balance).err()
    },
    |world| {
        let order = world.place(&[SERVER], "P1M").expect("is placed").id;
        world.wait_s(i64::from(DAY_S));
        world.pay(order, PayWith::Balance).err()
    },
    |world| {
        let order = world.place(&[SERVER], "P1M").expect("is placed").id;
        world.run(Action::CreditOrder { order, to: CreditTo::Balance }).err()
    },
    |world| {
        let order = world.place(&[SERVER], "P1M").expect("is placed").id;
        world.pay(order, PayWith::Balance).expect("is paid");
        world.run(Action::CreditOrder { order, to: CreditTo::Balance }).expect("is credited");
        world.run(Action::CreditOrder { order, to: CreditTo::Balance }).err()
    },
    |world| {
        let order = world.place(&[SERVER], "P1M").expect("is placed").id;
        world.service(SERVER).until = date("2027-01-31");
        world.pay(order, PayWith::Balance).err()
    },
    |world| world.order(buy(vec![item(ProductId(99), "P1M")], None)).err(),
    |world| {
        let order = world.order(renew_with_coupons(&[SERVER], "P1M")).expect("is placed").id;
        let promo = PromoEdit::Set("spring".to_owned());
        world.run(Action::ReviseOrder { order, periods: Vec::new(), promo, plan: PlanEdit::default() }).err()
    },
    |world| {
        let order = world.order(deposit(eur(100))).expect("is ordered").id;
        world.pay(order, PayWith::Method(PAYPAL)).expect("is paid");
        world.run(Action::CreditOrder { order, to: CreditTo::Balance }).err()
    },
    |world| {
        let order = world.place(&[SERVER], "P1M").expect("is placed").id;
        let plan = PlanEdit { from_balance: Some(eur(600)), ..PlanEdit::default() };
        world.run(planning(order, plan)).err()
    },
    |world| {
        let order = world.place(&[SERVER], "P1M").expect("is placed").id;
        world.run(Action::Pay { order, with: PayWith::Balance, due: Some(eur(1)) }).err()
    },
    |world| world.run(Action::Reinstate { service: SERVER }).err(),
    |world| pay_with(world, PayWith::MethodOfKind(PAYPAL, MethodKind::Card)),
    |world| pay_with(world, PayWith::Method(OLD_CARD)),
    |world| pay_with(world, PayWith::Method(BITCOIN)),
    |world| {
        world.seen.balances.get_mut(&CUSTOMER).expect("is there").balance = eur(599);
        pay_with(world, PayWith::Balance)
    },
    |world| {
        world.seen.balances.get_mut(&CUSTOMER).expect("is there").receivable = eur(4_401);
        pay_with(world, PayWith::CreditLine)
    },
    |world| world.run(Action::CreditBalance { amount: eur(0), memo: String::new() }).err(),
    |world| {
        world.command(&with_token("a", 1, renew(&[SERVER], "P1M"))).expect("is placed");
        world.command(&with_token("a", 2, renew(&[SERVER], "P1M"))).err()
    },
    |world| world.command(&with_token(&"a".repeat(65), 1, renew(&[SERVER], "P1M"))).err(),
    |world| {
        world.run(use_nonce(1)).expect("is used");
        world.run(use_nonce(1)).err()
    },
    |world| {
        world.now = "2026-11-20T12:15:00Z".parse().expect("is an instant");
        world.run(use_nonce(1)).err()
    },
    |world| world.run(Action::Suspend { service: SERVER }).err(),
    |world| reseller(world, Action::Reopen { service: RESOLD }),
    |world| {
        world.service(SERVER).hold = Hold::Locked;
        set_mode(world, RenewalMode::Automatic)
    },
    |world| {
        world.now = "2026-12-29T23:00:00Z".parse().expect("is an instant");
        set_mode(world, RenewalMode::DeleteAtExpiry)
    },
    |world| world.run(Action::ConfirmTermination { service: SERVER, token_digest: [0; 32] }).err(),
    |world| {
        issue(world);
        let credential = CredentialId(1);
        world.run(Action::ApproveCredential { credential, expires: None }).expect("is approved");
        world.run(Action::RefuseCredential { credential }).err()
    },
    |world| {
        let amount = Money::new(1, Currency::SEK);
        world.run(Action::CreditBalance { amount, memo: String::new() }).err()
    },
    |world| {
        world.service(STACKING).until = date("9999-12-31");
        world.place(&[STACKING], "P1M").err()
    },
];

fn name(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::UnknownAccount(_) => "unknown account",
        Refusal::UnknownService(_) => "unknown service",
        Refusal::UnknownOrder(_) => "unknown order",
        Refusal::UnknownProduct(_) => "unknown product",
        Refusal::UnknownMethod(_) => "unknown method",
        Refusal::UnknownCharge(_) => "unknown charge",
        Refusal::ChargeOpen(_) => "charge open",
        Refusal::RefundOpen(_) => "refund open",
        Refusal::ChargeDeclined { .. } => "charge declined",
        Refusal::NotCharged(_) => "not charged",
        Refusal::UnknownApplication(_) => "unknown application",
        Refusal::UnknownCredential(_) => "unknown credential",
        Refusal::NothingToRenew => "nothing to renew",
        Refusal::TooManyServices { .. } => "too many services",
        Refusal::ServiceTwice { .. } => "service twice",
        Refusal::NotRenewable { .. } => "not renewable",
        Refusal::RenewalOpen { .. } => "renewal open",
        Refusal::NoPrice { .. } => "no price",
        Refusal::NoStrategy { .. } => "no strategy",
        Refusal::TooFarAhead { .. } => "too far ahead",
        Refusal::UnknownPromo { .. } => "unknown promo",
        Refusal::PromoPeriod { .. } => "promo period",
        Refusal::OrderPaid(_) => "order paid",
        Refusal::OrderCancelled(_) => "order cancelled",
        Refusal::OrderLapsed(_) => "order lapsed",
        Refusal::OrderNotPaid(_) => "order not paid",
        Refusal::OrderCredited(_) => "order credited",
        Refusal::OrderFixed(_) => "order fixed",
        Refusal::OrderIsDeposit(_) => "order is deposit",
        Refusal::DueMoved { .. } => "due moved",
        Refusal::NotAPart { .. } => "not a part",
        Refusal::FenceMoved { .. } => "fence moved",
        Refusal::MethodKind { .. } => "method kind",
        Refusal::MethodNotValid(_) => "method not valid",
        Refusal::MethodNotTaken(_) => "method not taken",
        Refusal::BalanceShort { .. } => "balance short",
        Refusal::CreditShort { .. } => "credit short",
        Refusal::AmountNotPositive => "amount not positive",
        Refusal::TokenMismatch => "token mismatch",
        Refusal::TokenMalformed => "token malformed",
        Refusal::NonceUsed => "nonce used",
        Refusal::NonceLate => "nonce late",
        Refusal::NotReseller => "not reseller",
        Refusal::NotSuspended(_) => "not suspended",
        Refusal::NotCancelled(_) => "not cancelled",
        Refusal::NotChangeable { .. } => "not changeable",
        Refusal::TooLate(_) => "too late",
        Refusal::TerminationToken(_) => "termination token",
        Refusal::CredentialNotPending(_) => "credential not pending",
        Refusal::Money(_) => "money",
        Refusal::Calendar(_) => "calendar",
    }
}

const REFUSALS: usize = 46;

#[test]
fn every_refusal_is_reached() {
    let mut reached = BTreeSet::new();
    for (row, attempt) in ROWS.iter().enumerate() {
        let mut world = World::new();
        let refusal = attempt(&mut world).unwrap_or_else(|| panic!("row {row} was not refused"));
        reached.insert(name(&refusal));
    }
    assert_eq!(reached.len(), REFUSALS, "{reached:?}");
}

#[test]
fn every_closed_gate_refuses_to_place_and_to_pay() {
    let rows: [(Close, GateReason); 6] = [
        (|world| world.service(SERVER).hold = Hold::Unpaid, GateReason::Unpaid),
        (|world| world.service(SERVER).hold = Hold::Locked, GateReason::Locked),
        (|world| world.service(SERVER).hold = Hold::Suspended, GateReason::Suspended),
        (|world| world.service(SERVER).hold = Hold::Terminated, GateReason::Terminated),
        (|world| world.service(SERVER).mode = RenewalMode::DeleteAtExpiry, GateReason::Cancelled),
        (|world| world.service(SERVER).until = date("2026-10-01"), GateReason::Terminated),
    ];
    for (close, reason) in rows {
        let refusal = Refusal::NotRenewable { service: SERVER, reason };
        let mut world = World::new();
        close(&mut world);
        assert_eq!(world.place(&[SERVER], "P1M"), Err(refusal.clone()), "{reason}");
        let mut world = World::new();
        let order = world.place(&[SERVER], "P1M").expect("is placed").id;
        close(&mut world);
        assert_eq!(world.pay(order, PayWith::Balance), Err(refusal), "{reason}");
    }
}

#[test]
fn sums_and_dates_that_do_not_fit_say_so() {
    let mut world = World::new();
    let amount = eur(i64::MAX);
    let overflow = Err(Refusal::Money(MoneyError::Overflow));
    assert_eq!(world.run(Action::CreditBalance { amount, memo: String::new() }).map(|_| ()), overflow);
    world.service(STACKING).until = date("9999-12-31");
    assert_eq!(world.place(&[STACKING], "P1M"), Err(Refusal::Calendar(CalendarError::Range)));
}

#[test]
fn methods_that_cannot_be_charged_cannot_be_the_default() {
    let mut world = World::new();
    let edit = |method| Action::EditMethod { method, description: None, preference: Some(Preference::Default) };
    assert_eq!(world.run(edit(OLD_CARD)).map(|_| ()), Err(Refusal::MethodNotValid(OLD_CARD)));
    world.run(edit(BITCOIN)).expect("is changed");
    let defaults: Vec<_> =
        world.seen.methods.values().filter(|method| method.preference == Preference::Default).collect();
    assert_eq!(defaults.iter().map(|method| method.id).collect::<Vec<_>>(), [BITCOIN]);
}

fn pay_with(world: &mut World, with: PayWith) -> Option<Refusal> {
    let order = world.place(&[SERVER], "P1M").expect("is placed").id;
    world.pay(order, with).err()
}

fn with_promo(world: &mut World, code: &str, text: &str) -> Option<Refusal> {
    let mut request = request(&[SERVER], text);
    request.promo = Some(code.to_owned());
    request.coupons = CouponUse::First;
    world.run(Action::Renew { request, password: String::new() }).err()
}

fn set_mode(world: &mut World, mode: RenewalMode) -> Option<Refusal> {
    world.run(Action::SetRenewal { service: SERVER, mode: Some(mode), period: None }).err()
}

fn reseller(world: &mut World, action: Action) -> Option<Refusal> {
    world.command(&Command { account: RESELLER, token: None, action }).err()
}

fn issue(world: &mut World) {
    let expires = "2026-11-21T00:00:00Z".parse().expect("is an instant");
    let new = NewCredential {
        dialect: "ovh".to_owned(),
        application: None,
        digest: [1; 32],
        label: String::new(),
        standing: NewCredentialStanding::Pending { approval_digest: [2; 32], expires },
        rules: Vec::new(),
        allowed_ips: Vec::new(),
        redirection: None,
    };
    world.run(Action::IssueCredential(new)).expect("is issued");
}

pub(super) fn with_token(key: &str, digest: u8, action: Action) -> Command {
    let kept = jiff::SignedDuration::from_hours(108);
    let (operation, key, digest, holds) = ("renew".to_owned(), key.to_owned(), [digest; 32], Holds::Always);
    Command { account: CUSTOMER, token: Some(Token { operation, key, digest, kept, holds }), action }
}

pub(super) fn use_nonce(digest: u8) -> Action {
    let good_until = "2026-11-20T12:15:00Z".parse().expect("is an instant");
    Action::UseNonce { nonce: Nonce { application: ApplicationId(1), digest: [digest; 32] }, good_until }
}
