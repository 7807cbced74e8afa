//! Paying in two parts: some from the balance, the rest with a registered method.

use super::world::*;
use crate::command::{Action, PayWith, PlanEdit};
use crate::ids::MethodId;
use crate::ledger::{Book, Transfer};
use crate::money::{Currency, Money};
use crate::order::Order;
use crate::payment::MethodKind;
use crate::refusal::Refusal;
use crate::snapshot::Change;

const PAYPAL_BOOK: Book = Book::Collected(MethodKind::PayPal);

const SPLIT: PayWith = PayWith::Planned(PAYPAL);

/// Places the order that is paid, with so much of it planned to come from the balance.
fn planned(world: &mut World, minor: i64) -> Order {
    let order = world.place(&[SERVER], "P1M").expect("is placed").id;
    let plan = PlanEdit { from_balance: Some(eur(minor)), ..PlanEdit::default() };
    world.order(planning(order, plan)).expect("is planned")
}

fn transfers(changes: &[Change]) -> Vec<&Transfer> {
    changes.iter().filter_map(|change| if let Change::Book(booked) = change { Some(booked) } else { None }).collect()
}

#[test]
fn the_part_from_the_balance_goes_to_revenue_first_and_the_parts_add_up() {
    for (part, expected) in [
        (1, vec![(Book::Balance, Book::Revenue, 1), (PAYPAL_BOOK, Book::Revenue, 499), (PAYPAL_BOOK, Book::Tax, 100)]),
        (500, vec![(Book::Balance, Book::Revenue, 500), (PAYPAL_BOOK, Book::Tax, 100)]),
        (550, vec![(Book::Balance, Book::Revenue, 500), (Book::Balance, Book::Tax, 50), (PAYPAL_BOOK, Book::Tax, 50)]),
        (599, vec![(Book::Balance, Book::Revenue, 500), (Book::Balance, Book::Tax, 99), (PAYPAL_BOOK, Book::Tax, 1)]),
    ] {
        let mut world = World::new();
        let order = planned(&mut world, part);
        let decision = world.run(Action::Pay { order: order.id, with: SPLIT, due: None }).expect("is paid");
        let booked = transfers(&decision.changes);
        let shown: Vec<_> = booked.iter().map(|one| (one.debit, one.credit, one.amount.minor())).collect();
        assert_eq!(shown, expected, "{part}");
        let sum = Money::sum(Currency::EUR, booked.iter().map(|one| one.amount));
        assert_eq!(sum, Ok(order.gross));
        assert_eq!(*world.balance(), eur(10_000 - part));
        let payment = &world.seen.payments[&order.id];
        assert_eq!((payment.kind, payment.method), (MethodKind::PayPal, Some(PAYPAL)));
        assert_eq!((payment.amount, payment.from_balance), (eur(600), eur(part)));
        assert_eq!(world.service(SERVER).until, date("2027-01-31"));
    }
}

#[test]
fn a_payment_of_one_kind_says_nothing_of_parts() {
    for with in [PayWith::Balance, PayWith::CreditLine, PayWith::Method(PAYPAL)] {
        let mut world = World::new();
        let order = world.place(&[SERVER], "P1M").expect("is placed").id;
        world.pay(order, with).expect("is paid");
        assert_eq!(world.seen.payments[&order].from_balance, eur(0), "{with:?}");
    }
}

#[test]
fn a_part_that_is_no_longer_there_or_a_method_that_cannot_be_charged_is_refused_and_nothing_is_charged() {
    for (with, refusal) in [
        (SPLIT, Refusal::BalanceShort { balance: eur(399), due: eur(400) }),
        (PayWith::Planned(MethodId(99)), Refusal::UnknownMethod(MethodId(99))),
        (PayWith::Planned(OLD_CARD), Refusal::MethodNotValid(OLD_CARD)),
        (PayWith::Planned(BITCOIN), Refusal::MethodNotTaken(MethodKind::Bitcoin)),
    ] {
        let mut world = World::new();
        *world.balance() = eur(400);
        let order = planned(&mut world, 400).id;
        *world.balance() = eur(399);
        assert_eq!(world.pay(order, with), Err(refusal), "{with:?}");
        assert_eq!((*world.balance(), world.seen.payments.len()), (eur(399), 0));
        *world.balance() = eur(400);
        world.pay(order, SPLIT).expect("is paid to the cent");
        assert_eq!(*world.balance(), eur(0));
    }
}

#[test]
fn an_order_without_a_planned_part_is_paid_by_the_method_alone() {
    let mut world = World::new();
    let order = world.place(&[SERVER], "P1M").expect("is placed").id;
    world.pay(order, SPLIT).expect("is paid");
    assert_eq!(world.seen.payments[&order].from_balance, eur(0));
    assert_eq!(*world.balance(), eur(10_000));
}

#[test]
fn what_the_payer_was_shown_is_what_is_charged_or_nothing_is() {
    for (part, with, asked) in [
        (0, PayWith::Balance, 600),
        (0, PayWith::Method(PAYPAL), 600),
        (150, PayWith::Method(PAYPAL), 600),
        (150, SPLIT, 450),
    ] {
        let mut world = World::new();
        let order = planned(&mut world, part).id;
        for shown in [asked - 1, asked + 1, 0] {
            let refused = Refusal::DueMoved { order, stated: eur(shown), found: eur(asked) };
            let action = Action::Pay { order, with, due: Some(eur(shown)) };
            assert_eq!(world.run(action).map(|_| ()), Err(refused), "{with:?}");
        }
        assert_eq!(world.seen.payments.len(), 0);
        world.run(Action::Pay { order, with, due: Some(eur(asked)) }).expect("is paid");
    }
}
