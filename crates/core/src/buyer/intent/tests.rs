//! The state machine: each transition in a table, and all of it together with workers that die, workers that stand still,
//! and providers that lose, lag and refuse.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::buyer::holding::{ProviderName, RemoteId, Stand, Standing};
use crate::buyer::remote::{Habits, Length, OrderEffect, Said};
use crate::calendar::Period;
use crate::money::{Currency, Money};
use crate::product::Kind;

mod model;
mod table;

const SETTLES_IN: SignedDuration = SignedDuration::from_secs(30);

fn instant() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().expect("is an instant")
}

/// The expiry after so many renewals by a month.
fn day(renewals: u8) -> Date {
    Date::constant(2026, 12, 1).checked_add(jiff::Span::new().months(renewals)).expect("is a date")
}

fn euro(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

fn habits(ordering: OrderEffect) -> Habits {
    Habits { ordering, settles_in: SETTLES_IN, aligns: false, switches_native: true }
}

fn offer(minor: i64) -> Offer {
    Offer {
        length: Length::Period(Period::months(1).expect("is a period")),
        net: euro(minor),
        tax: euro(0),
        gross: euro(minor),
        discount: None,
        until: day(1),
        remarks: Vec::new(),
    }
}

fn intent(name: &str, service: &str, minor: i64) -> Intent {
    let id = RemoteId::parse(service).expect("is an id");
    let ask = Ask {
        service: id.clone(),
        kind: Kind::Server,
        name: service.to_owned(),
        fence: day(0),
        offer: offer(minor),
        token: name.to_owned(),
    };
    Intent {
        id: IntentId(name.to_owned()),
        key: HoldingKey { provider: ProviderName::parse("shop").expect("is a name"), id },
        ask,
        expires_at: instant(),
        native: Native::Off,
        made_at: instant(),
        state: State::Planned,
        watermark: None,
        sent_at: None,
        tries: 0,
        next_at: None,
    }
}

fn order(id: &str, minor: i64) -> RemoteOrder {
    RemoteOrder { id: id.to_owned(), invoice: None, gross: euro(minor), until: Some(day(1)), services: Vec::new() }
}

fn watermark() -> Watermark {
    Watermark { at: instant(), orders: Vec::new(), balance: None }
}

fn sight(renewals: u8, open_orders: Vec<RemoteOrder>) -> Sight {
    let stand =
        Stand { until: day(renewals), expires_at: instant(), standing: Standing::Renewable, native: Native::Off };
    Sight { stand, open_orders, watermark: watermark() }
}

fn said(text: &str) -> Said {
    Said { status: 409, code: None, text: text.to_owned() }
}

fn unreachable() -> CallError {
    CallError::Unreachable { provider: "shop", call: "GET /".to_owned(), cause: "lost".to_owned() }
}
