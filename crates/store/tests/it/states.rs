//! The states of intents, whatever is in them: each reads back as it was written.

use jiff::Timestamp;
use jiff::civil::Date;
use perennial_core::buyer::holding::Native;
use perennial_core::buyer::intent::{By, Intent, Sender, Sent, State};
use perennial_core::buyer::remote::{Ask, Length, Offer, Receipt, RemoteOrder, Watermark};
use perennial_core::calendar::AnchorDay;
use perennial_core::money::{Currency, Money};
use perennial_core::product::Kind;

use crate::intents::{file, filed, intent};
use crate::script::dice::Dice;
use crate::world::{Database, World, date, period};

/// Texts as providers write them.
fn text(dice: &mut Dice) -> String {
    const TEXTS: [&str; 6] = ["", "order-12", "a\tb", "two\nlines", "back\\slash \\n", "für später ☂"];
    (*dice.pick(&TEXTS)).to_owned()
}

fn texts(dice: &mut Dice) -> Vec<String> {
    (0..dice.below(4)).map(|_| text(dice)).collect()
}

fn money(dice: &mut Dice, currency: Currency) -> Money {
    Money::new(dice.int(0..=i64::from(u32::MAX) * 1_000), currency)
}

fn any_money(dice: &mut Dice) -> Money {
    let currency = *dice.pick(&[Currency::EUR, Currency::SEK, Currency::CNY]);
    money(dice, currency)
}

fn any_instant(dice: &mut Dice) -> Timestamp {
    Timestamp::from_microsecond(dice.int(0..=4_000_000_000_000_000)).expect("is in range")
}

/// A day after the expiry.
fn any_until(dice: &mut Dice) -> Date {
    *dice.pick(&[date("2027-01-01"), date("2028-02-29"), date("9999-12-31")])
}

fn any_order(dice: &mut Dice) -> RemoteOrder {
    RemoteOrder {
        id: text(dice),
        invoice: dice.maybe(text),
        gross: any_money(dice),
        until: dice.maybe(any_until),
        services: texts(dice),
    }
}

fn any_receipt(dice: &mut Dice) -> Receipt {
    Receipt {
        order: dice.maybe(text),
        invoice: dice.maybe(text),
        paid: dice.maybe(any_money),
        balance: dice.maybe(any_money),
        until: dice.maybe(any_until),
    }
}

fn any_sent(dice: &mut Dice) -> Sent {
    match dice.int(0..=2) {
        0 => Sent::Order,
        1 => Sent::Placed(any_order(dice)),
        _ => Sent::Payment(any_order(dice)),
    }
}

/// A state of each kind in turn.
fn any_state(dice: &mut Dice, turn: usize) -> State {
    let small = |dice: &mut Dice| u8::try_from(dice.int(0..=255)).expect("fits");
    let reads = |dice: &mut Dice| u32::try_from(dice.int(0..=i64::from(u32::MAX))).expect("fits");
    match turn % 10 {
        0 => State::Planned,
        1 => State::Ordering,
        2 => State::Ordered(any_order(dice)),
        3 => State::Paying(any_order(dice)),
        4 => State::Unsure {
            sent: any_sent(dice),
            sender: *dice.pick(&[Sender::Ended, Sender::MayLive]),
            clean: small(dice),
            reads: reads(dice),
        },
        5 => State::Confirming { receipt: any_receipt(dice), reads: reads(dice) },
        6 => State::Done(any_receipt(dice)),
        7 => State::Foreign { until: any_until(dice) },
        8 => State::Refused { by: *dice.pick(&By::ALL), why: text(dice), left: dice.maybe(any_order) },
        _ => State::Parked { sent: any_sent(dice), why: text(dice) },
    }
}

fn any_intent(dice: &mut Dice, turn: usize) -> Intent {
    let plain = intent(&format!("id-{turn:04}"), &format!("any-{turn}"));
    let currency = any_money(dice).currency();
    let length = match dice.maybe(|dice| i8::try_from(dice.int(1..=31)).expect("fits")) {
        Some(day) => Length::ToDay(AnchorDay::new(day).expect("is a day")),
        None => Length::Period(period(["P1M", "P1Y", "P18M", "P2W"][dice.below(4)])),
    };
    let offer = Offer {
        length,
        net: money(dice, currency),
        tax: money(dice, currency),
        gross: money(dice, currency),
        discount: dice.maybe(|dice| money(dice, currency)),
        until: any_until(dice),
        remarks: texts(dice),
    };
    let state = any_state(dice, turn);
    let must = matches!(state, State::Ordering | State::Paying(_));
    let mark =
        |dice: &mut Dice| Watermark { at: any_instant(dice), orders: texts(dice), balance: dice.maybe(any_money) };
    Intent {
        ask: Ask { kind: *dice.pick(&Kind::ALL), name: text(dice), offer, ..plain.ask },
        expires_at: any_instant(dice),
        native: *dice.pick(&Native::ALL),
        made_at: any_instant(dice),
        state,
        watermark: if must { Some(mark(dice)) } else { dice.maybe(mark) },
        sent_at: if must { Some(any_instant(dice)) } else { dice.maybe(any_instant) },
        tries: u8::try_from(dice.int(0..=255)).expect("fits"),
        next_at: dice.maybe(any_instant),
        ..plain
    }
}

pub fn every_state_reads_back<D: Database>() {
    const INTENTS: usize = 200;
    let mut world = World::<D>::new();
    let mut dice = Dice::new(6);
    let all: Vec<_> = (0..INTENTS).map(|turn| any_intent(&mut dice, turn)).collect();
    world.batch(|batch| all.iter().for_each(|intent| file(batch, intent)));
    let read: Vec<_> = all.iter().map(|intent| filed(&world, &intent.id.0).intent).collect();
    for (read, written) in read.iter().zip(&all) {
        assert_eq!(read, written);
    }
}
