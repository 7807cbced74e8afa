//! The buyer's documents: what `--json` shows, and what plan files and evidence hold. Every line of `--json` has
//! `version` and `kind`; names are stable.

use anyhow::{Context, anyhow, ensure};
use jiff::Timestamp;
use perennial_core::buyer::holding::{Holding, HoldingKey};
use perennial_core::buyer::intent::{Intent, State};
use perennial_core::buyer::plan::{Item, LeftOut, Reason};
use perennial_core::buyer::remote::{Length, Offer, Receipt, RemoteOrder, Watermark};
use perennial_core::calendar::{AnchorDay, Period};
use perennial_core::money::Money;
use perennial_store::Note;
use serde_json::{Map, Value, json};

use crate::output::money;

/// The version of all of them.
pub const VERSION: u64 = 1;

/// A line of `--json`: a document with its version and kind.
pub fn line(kind: &str, document: Value) -> Value {
    let mut fields = match document {
        Value::Object(fields) => fields,
        other => Map::from_iter([(kind.to_owned(), other)]),
    };
    fields.insert("version".to_owned(), VERSION.into());
    fields.insert("kind".to_owned(), kind.into());
    Value::Object(fields)
}

/// Puts the fields of another document in.
pub fn with(mut document: Value, more: Value) -> Value {
    if let (Value::Object(fields), Value::Object(more)) = (&mut document, more) {
        fields.extend(more);
    }
    document
}

/// An amount, where there is one.
pub fn some_money(amount: Option<Money>) -> Value {
    amount.map_or(Value::Null, money)
}

/// Which service.
pub fn key(key: &HoldingKey) -> Value {
    json!({ "service": key.to_string(), "provider": key.provider.as_str(), "id": key.id.as_str() })
}

/// Reads a length as it is shown: `P1Y`, or `to day 15`.
///
/// # Errors
/// When it is none.
pub fn parse_length(text: &str) -> anyhow::Result<Length> {
    if let Some(day) = text.strip_prefix("to day ") {
        return Ok(Length::ToDay(AnchorDay::new(day.parse().with_context(|| format!("reading `{text}`"))?)?));
    }
    Ok(Length::Period(Period::parse(text)?))
}

/// An offer.
pub fn offer(offer: &Offer) -> Value {
    json!({
        "period": offer.length.to_string(),
        "net": money(offer.net),
        "tax": money(offer.tax),
        "gross": money(offer.gross),
        "discount": some_money(offer.discount),
        "until": offer.until.to_string(),
        "remarks": offer.remarks,
    })
}

/// A service that is due, with what is offered.
pub fn item(item: &Item) -> Value {
    let document = with(holding(&item.holding), json!({ "mode": item.mode.word() }));
    with(document, json!({ "offer": offer(&item.offer) }))
}

/// What of a service a plan shows.
pub fn holding(holding: &Holding) -> Value {
    let document = json!({
        "name": holding.name,
        "label": holding.label,
        "service_kind": holding.kind.word(),
        "fence": holding.stand.until.to_string(),
        "expires_at": holding.stand.expires_at.to_string(),
        "native": holding.stand.native.word(),
    });
    with(key(&holding.key), document)
}

/// A service that is due and left out.
pub fn left_out(left: &LeftOut) -> Value {
    with(holding(&left.holding), json!({ "reason": reason(&left.why), "why": left.why.to_string() }))
}

/// The word for a reason.
pub const fn reason(reason: &Reason) -> &'static str {
    match reason {
        Reason::Never => "never",
        Reason::Blocked(_) => "blocked",
        Reason::Open(_) => "open",
        Reason::Renewed(_) => "renewed",
        Reason::OtherName(_) => "other-name",
        Reason::NativeToo => "native-too",
        Reason::NativeLapsed { .. } => "native-lapsed",
        Reason::NotOffered => "not-offered",
        Reason::CannotAlign => "cannot-align",
        Reason::TooDear { .. } => "too-dear",
        Reason::OtherCurrency { .. } => "other-currency",
        Reason::OverBudget { .. } => "over-budget",
        Reason::NoPrice(_) => "no-price",
    }
}

/// An intent as it stands at an instant.
pub fn intent(intent: &Intent, now: Timestamp) -> Value {
    let why = match &intent.state {
        State::Refused { why, .. } | State::Parked { why, .. } => Some(why),
        _ => None,
    };
    let by = match &intent.state {
        State::Refused { by, .. } => Some(by.word()),
        _ => None,
    };
    let document = json!({
        "intent": intent.id.0,
        "name": intent.ask.name,
        "service_kind": intent.ask.kind.word(),
        "fence": intent.ask.fence.to_string(),
        "expires_at": intent.expires_at.to_string(),
        "hours_left": intent.state.is_open().then(|| hours_left(intent.expires_at, now)),
        "made_at": intent.made_at.to_string(),
        "sent_at": intent.sent_at.map(|at| at.to_string()),
        "next_at": intent.next_at.map(|at| at.to_string()),
        "tries": intent.tries,
        "native": intent.native.word(),
        "state": intent.state.word(),
        "is_open": intent.state.is_open(),
        "by": by,
        "why": why,
        "offer": offer(&intent.ask.offer),
        "order": intent.state.order().map_or(Value::Null, order),
        "receipt": intent.state.receipt().map_or(Value::Null, receipt),
        "until": until(&intent.state).map(|until| until.to_string()),
    });
    with(key(&intent.key), document)
}

/// Where the service stands since, where that is known.
pub fn until(state: &State) -> Option<jiff::civil::Date> {
    match state {
        State::Foreign { until } => Some(*until),
        state => state.receipt().and_then(|receipt| receipt.until),
    }
}

/// Whole hours until an expiry; below zero since it.
pub fn hours_left(expires_at: Timestamp, now: Timestamp) -> i64 {
    const HOUR_S: i64 = 3600;
    expires_at.duration_since(now).as_secs().div_euclid(HOUR_S)
}

/// An unpaid order at a provider.
pub fn order(order: &RemoteOrder) -> Value {
    json!({
        "id": order.id,
        "invoice": order.invoice,
        "gross": money(order.gross),
        "until": order.until.map(|until| until.to_string()),
        "services": order.services,
    })
}

/// What shows a payment.
pub fn receipt(receipt: &Receipt) -> Value {
    json!({
        "order": receipt.order,
        "invoice": receipt.invoice,
        "paid": some_money(receipt.paid),
        "balance": some_money(receipt.balance),
        "until": receipt.until.map(|until| until.to_string()),
    })
}

/// Where a provider's books stood.
pub fn watermark(mark: &Watermark) -> Value {
    json!({ "at": mark.at.to_string(), "orders": mark.orders, "balance": some_money(mark.balance) })
}

/// What happened to an intent.
pub fn note(note: &Note) -> Value {
    json!({ "at": note.at.to_string(), "state": note.state, "text": note.text })
}

/// Reads an amount.
///
/// # Errors
/// When it is none.
pub fn parse_money(document: &Value) -> anyhow::Result<Money> {
    let text = |name: &str| document[name].as_str().ok_or_else(|| anyhow!("an amount has no `{name}`"));
    let amount = Money::parse(text("amount")?, perennial_core::money::Currency::parse(text("currency")?)?)?;
    ensure!(money(amount) == *document, "an amount is written otherwise: {document}");
    Ok(amount)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_its_version_and_kind() {
        let shown = line("item", json!({ "name": "x" }));
        assert_eq!(shown, json!({ "version": 1, "kind": "item", "name": "x" }));
    }

    #[test]
    fn lengths_read_as_they_are_written() {
        for text in ["P1M", "P1Y", "P2W", "to day 31"] {
            assert_eq!(parse_length(text).expect("is a length").to_string(), text);
        }
        for text in ["", "P1D", "to day 0", "to day 32", "to day ", "31"] {
            assert!(parse_length(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn hours_left_are_whole_and_go_below_zero() {
        let at = |text: &str| text.parse::<Timestamp>().expect("is an instant");
        let expiry = at("2026-11-22T12:00:00Z");
        for (now, hours) in [
            ("2026-11-21T12:00:00Z", 24),
            ("2026-11-22T10:00:01Z", 1),
            ("2026-11-22T11:59:59Z", 0),
            ("2026-11-22T12:00:01Z", -1),
        ] {
            assert_eq!(hours_left(expiry, at(now)), hours, "{now}");
        }
    }

    #[test]
    fn amounts_read_exactly_as_they_are_written() {
        let euros = json!({ "amount": "45.44", "currency": "EUR" });
        assert_eq!(money(parse_money(&euros).expect("is an amount")), euros);
        for wrong in [
            json!({ "amount": 45.44, "currency": "EUR" }),
            json!({ "amount": "45.4", "currency": "EUR" }),
            json!({ "amount": "45.444", "currency": "EUR" }),
            json!({ "amount": "45.44", "currency": "XYZ" }),
            json!({ "amount": "45.44" }),
            json!(45),
        ] {
            assert!(parse_money(&wrong).is_err(), "{wrong}");
        }
    }
}
