//! Every kind of event, and the table of `docs/webhooks.md`.

use perennial_core::account::{Standing, TaxTreatment};
use perennial_core::calendar::{Term, Zone};
use perennial_core::ids::{AccountId, MethodId, OrderId, ServiceId};
use perennial_core::money::{Currency, Money};
use perennial_core::notice::Told;
use perennial_core::order::{OrderLine, OrderState, Origin, PayPlan, Purpose};
use perennial_core::payment::{MethodKind, MethodStatus, Preference};

use super::*;

fn date(text: &str) -> jiff::civil::Date {
    text.parse().expect("is a date")
}

fn at() -> Timestamp {
    "2026-11-22T08:00:00Z".parse().expect("is an instant")
}

fn notice(word: &str) -> Notice {
    let told = Told {
        service: Some(ServiceId(7)),
        order: Some(OrderId(9)),
        method: Some(MethodId(3)),
        name: Some("vps1".to_owned()),
        token: Some("the-token".to_owned()),
        until: Some(date("2026-12-15")),
        on: Some(date("2026-12-22")),
        reason: Some("the card was refused".to_owned()),
    };
    Notice { account: AccountId(1), kind: told.kind(word).expect("is a kind"), at: at() }
}

fn account() -> Account {
    Account {
        id: AccountId(1),
        code: "acme".to_owned(),
        name: "ACME".to_owned(),
        email: "a@example.net".to_owned(),
        country: "FR".to_owned(),
        vat_number: None,
        currency: Currency::EUR,
        tax: TaxTreatment::Exempt,
        zone: Zone::UTC,
        credit_limit: Money::zero(Currency::EUR),
        standing: Standing::Customer,
        page_password: None,
        joint_orders: false,
        align_day: None,
        facts: std::collections::BTreeMap::new(),
        created: at(),
    }
}

fn order() -> Order {
    let euro = |minor| Money::new(minor, Currency::EUR);
    let line = OrderLine {
        service: ServiceId(7),
        service_name: "vps1".to_owned(),
        description: "VPS".to_owned(),
        period: None,
        term: Term::new(date("2026-12-15"), date("2027-01-15")).expect("is a term"),
        list: euro(500),
        net: euro(500),
        tax: euro(100),
    };
    Order {
        id: OrderId(9),
        account: AccountId(1),
        state: OrderState::Open,
        origin: Origin::Customer,
        purpose: Purpose::Renewal,
        promo: None,
        placed: at(),
        lapses: at(),
        password: "secret".to_owned(),
        plan: PayPlan::unstated(Currency::EUR),
        taxed: TaxTreatment::Exempt,
        net: euro(500),
        tax: euro(100),
        gross: euro(600),
        lines: vec![line],
        charge: None,
    }
}

fn method() -> PaymentMethod {
    PaymentMethod {
        id: MethodId(3),
        account: AccountId(1),
        kind: MethodKind::Card,
        label: "4242".to_owned(),
        description: None,
        status: MethodStatus::Valid,
        preference: Preference::Other,
        expires: None,
        created: at(),
        on_gateway: None,
    }
}

#[test]
fn an_order_is_told_with_its_sums_and_services() {
    let notice = notice("method-ends");
    let data = data(&notice, &account(), Some(&order()), Some(&method()));
    let money = |amount: &str| json!({ "amount": amount, "currency": "EUR" });
    let line = json!({ "service": { "id": 7, "name": "vps1" }, "from": "2026-12-15", "until": "2027-01-15" });
    let expected = json!({
        "account": "acme",
        "order": { "id": 9, "net": money("5.00"), "tax": money("1.00"), "gross": money("6.00"), "lines": [line] },
        "method": { "id": 3, "kind": "card", "label": "4242" },
        "until": "2026-12-15",
        "on": "2026-12-22",
    });
    assert_eq!(data, expected);
    assert!(!data.to_string().contains("secret"));
    let body: Value = serde_json::from_str(&body(&name(&notice.kind), notice.at, &data)).expect("is JSON");
    let whole = json!({ "type": "order.method_ends", "timestamp": "2026-11-22T08:00:00Z", "data": expected });
    assert_eq!(body, whole);
}

#[test]
fn what_a_reader_sends_back_is_told_to_no_webhook() {
    let data = data(&notice("termination-requested"), &account(), None, None);
    assert_eq!(data, json!({ "account": "acme", "service": { "id": 7, "name": "vps1" } }));
}

#[test]
fn the_table_of_the_documentation_says_what_is_sent() {
    let rows = NoticeKind::WORDS.iter().map(|word| {
        let notice = notice(word);
        assert_eq!(notice.kind.word(), *word);
        let data = data(&notice, &account(), Some(&order()), Some(&method()));
        let names: Vec<_> = data.as_object().expect("is an object").keys().map(|name| format!("`{name}`")).collect();
        format!("| `{word}` | `{}` | {} |", name(&notice.kind), names.join(", "))
    });
    let documentation = include_str!("../../../../../docs/webhooks.md");
    for row in rows {
        let found = documentation.lines().any(|line| line.starts_with(&row));
        assert!(found, "docs/webhooks.md lacks a row that begins with\n{row}");
    }
}

#[test]
fn types_and_ids_are_made_of_letters_that_the_specification_allows() {
    for word in NoticeKind::WORDS {
        let name = name(&notice(word).kind);
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || b"._".contains(&byte)), "{name}");
    }
    assert!(!new_id().contains('.') && new_id() != new_id());
}
