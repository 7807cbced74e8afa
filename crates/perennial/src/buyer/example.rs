//! Examples for the tests of the buyer's half.

use perennial_core::buyer::holding::{Holding, HoldingKey, Native, ProviderName, RemoteId, Stand, Standing};
use perennial_core::buyer::intent::{Intent, IntentId, State};
use perennial_core::buyer::plan::Item;
use perennial_core::buyer::policy::Mode;
use perennial_core::buyer::remote::{Length, Offer};
use perennial_core::calendar::{AnchorDay, Period, Zone, add_period, parse_date};
use perennial_core::money::{Currency, Money};
use perennial_core::product::Kind;

/// An amount in euro.
pub fn euros(amount: &str) -> Money {
    Money::parse(amount, Currency::EUR).expect("is an amount")
}

/// A server.
pub fn holding(provider: &str, id: &str, until: &str) -> Holding {
    let until = parse_date(until).expect("is a date");
    Holding {
        key: HoldingKey {
            provider: ProviderName::parse(provider).expect("is a name"),
            id: RemoteId::parse(id).expect("is an id"),
        },
        kind: Kind::Server,
        name: format!("vps{id}.example.net"),
        label: None,
        tags: Vec::new(),
        parent: None,
        stand: Stand {
            until,
            expires_at: Zone::UTC.midnight(until).expect("is an instant"),
            standing: Standing::Renewable,
            native: Native::Off,
        },
        period: None,
    }
}

/// A renewal for a period, without tax.
pub fn offer(holding: &Holding, period: &str, gross: &str) -> Offer {
    let period = Period::parse(period).expect("is a period");
    let until = holding.stand.until;
    Offer {
        length: Length::Period(period),
        net: euros(gross),
        tax: euros("0"),
        gross: euros(gross),
        discount: None,
        until: add_period(until, period, AnchorDay::of(until)).expect("is a date"),
        remarks: Vec::new(),
    }
}

/// A month of a server.
pub fn item(provider: &str, id: &str, until: &str, gross: &str) -> Item {
    let holding = holding(provider, id, until);
    let offer = offer(&holding, "P1M", gross);
    Item { holding, offer, mode: Mode::Ask }
}

/// An intent to renew a server for a month, made two weeks before it expires.
pub fn intent(provider: &str, id: &str, gross: &str, state: State) -> Intent {
    let Item { holding, offer, .. } = item(provider, id, "2026-12-15", gross);
    Intent {
        id: IntentId(format!("{id:0>32}")),
        key: holding.key.clone(),
        ask: holding.ask(offer, "token".to_owned()),
        expires_at: holding.stand.expires_at,
        native: Native::Off,
        made_at: "2026-12-01T00:00:00Z".parse().expect("is an instant"),
        state,
        watermark: None,
        sent_at: Some("2026-12-01T00:00:10Z".parse().expect("is an instant")),
        tries: 0,
        next_at: None,
    }
}
