//! What events say: of each notice one, in the form that Standard Webhooks recommends.

use jiff::Timestamp;
use perennial_core::account::Account;
use perennial_core::notice::{Notice, NoticeKind};
use perennial_core::order::Order;
use perennial_core::payment::PaymentMethod;
use perennial_providers::secret::random_text;
use serde_json::{Value, json};

use crate::output::money;

/// A new id of an event. (Nothing in it may be a full stop: the signature joins its parts by them.)
pub fn new_id() -> String {
    const LETTERS: usize = 24;
    format!("msg_{}", random_text(LETTERS))
}

/// What is sent.
pub fn body(name: &str, at: Timestamp, data: &Value) -> String {
    json!({ "type": name, "timestamp": at.to_string(), "data": data }).to_string()
}

/// The event's type, such as `service.expiring` or `order.not_paid`.
pub fn name(kind: &NoticeKind) -> String {
    let group = if kind.told().service.is_some() { "service" } else { "order" };
    format!("{group}.{}", kind.word().replace('-', "_"))
}

/// What an event tells besides its type. A notice's secret is not in it: it is for the owner's own eyes.
pub fn data(notice: &Notice, account: &Account, order: Option<&Order>, method: Option<&PaymentMethod>) -> Value {
    let told = notice.kind.told();
    let mut data = json!({ "account": account.code });
    let mut tell = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            data[name] = value;
        }
    };
    tell("service", told.service.map(|service| json!({ "id": service.0, "name": told.name })));
    tell("order", told.order.map(|id| order.map_or_else(|| json!({ "id": id.0 }), order_data)));
    tell("method", told.method.map(|id| method.map_or_else(|| json!({ "id": id.0 }), method_data)));
    tell("until", told.until.map(|day| json!(day.to_string())));
    tell("on", told.on.map(|day| json!(day.to_string())));
    tell("reason", told.reason.map(Value::from));
    data
}

fn order_data(order: &Order) -> Value {
    let line = |line: &perennial_core::order::OrderLine| {
        json!({
            "service": { "id": line.service.0, "name": line.service_name },
            "from": line.term.from().to_string(),
            "until": line.term.until().to_string(),
        })
    };
    json!({
        "id": order.id.0,
        "net": money(order.net),
        "tax": money(order.tax),
        "gross": money(order.gross),
        "lines": order.lines.iter().map(line).collect::<Vec<_>>(),
    })
}

fn method_data(method: &PaymentMethod) -> Value {
    json!({ "id": method.id.0, "kind": method.kind.word(), "label": method.label })
}

#[cfg(test)]
mod tests;
