//! `/v2/billing/cards`: the saved card. There is none or one (documented): the one that is charged. Others that are on
//! file are neither shown nor named here, and are charged when it is gone.

use http::{Method, StatusCode};
use jiff::civil::Date;
use perennial_core::command::{Action, NewMethod, Reply};
use perennial_core::ids::MethodId;
use perennial_core::payment::{MethodKind, MethodStatus, PaymentMethod, Preference};
use perennial_core::ports::{BoxFuture, Rejection};
use perennial_core::refusal::Refusal;
use perennial_core::snapshot::{Snapshot, Want};

use super::{Answer, Context, Row, body, found};
use crate::common::card::Card;
use crate::hostup::id::{Id, Thing};
use crate::hostup::wire::card::{Card as WireCard, NewCard};
use crate::hostup::wire::problem::Failure;
use crate::hostup::wire::stamp::Stamp;

/// The longest token of a card gateway, in bytes; the real bound is unverified.
const TOKEN_BYTES_MAX: usize = 255;

/// The label of a card of which neither brand nor digits were told.
const UNTOLD: &str = "card";

const WRITE: &[&str] = &["write:payment_methods"];

pub(super) const ROWS: &[Row] = &[
    Row::read("/v2/billing/cards", "cards", list).scopes(&["read:billing"]),
    Row::act(Method::POST, "/v2/billing/cards", "add-card", add).scopes(WRITE),
    Row::act(Method::DELETE, "/v2/billing/cards/{id}", "remove-card", remove).scopes(WRITE),
];

/// The card that is charged, of the methods that were loaded.
pub(super) fn charged<'a>(context: &Context<'_>, seen: &'a Snapshot) -> Option<&'a PaymentMethod> {
    let account = context.account();
    seen.charged(account, MethodKind::Card, account.zone.date_of(context.now))
}

/// Lists the card, in a bare array (documented).
fn list(context: &Context<'_>) -> Result<Answer, Failure> {
    let seen = context.load(&[Want::Methods(context.account().id)])?;
    let shown: Vec<_> = charged(context, &seen).map(|card| shown(context, card)).into_iter().collect();
    Ok(Answer::json(&shown)?)
}

fn shown(context: &Context<'_>, card: &PaymentMethod) -> WireCard {
    let told = Card::of_label(&card.label);
    WireCard {
        id: Id::new(Thing::Card, card.id.0),
        brand: told.as_ref().map(|told| told.brand().to_owned()),
        last4: told.as_ref().map(|told| told.last_four().to_owned()),
        exp_month: card.expires.map(Date::month),
        exp_year: card.expires.map(Date::year),
        // Nobody else is known who could hold it.
        cardholder_name: Some(context.account().name.clone()),
        is_primary: true,
        added_at: Stamp(card.created),
    }
}

/// Saves a card, which is charged from now on. There is no gateway behind it that would know the token: it is checked
/// for its form, and not kept. Where the seller has a gateway, no card is saved here.
fn add<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let new = new_method(&body(context)?)?;
        let account = context.account().id;
        let seen = context.load(&[Want::Methods(account)])?;
        let added = match context.submit(Action::AddMethod(new.clone())).await {
            Ok(Reply::Method(added)) => added,
            Ok(_) => return Err(Failure::server_error()),
            Err(rejection) => return Err(not_saved(rejection)),
        };
        let lagging = made(context, &seen, added, new);
        let seen = context.load(&[Want::Methods(account)])?;
        let card = charged(context, &seen).filter(|card| card.id == added).unwrap_or(&lagging);
        Ok(Answer::json(&shown(context, card))?.with_status(StatusCode::CREATED))
    })
}

/// Why a card is not saved.
fn not_saved(rejection: Rejection) -> Failure {
    match rejection {
        Rejection::Refused(Refusal::MethodNotValid(_)) => {
            Failure::invalid_field("/expYear", "The card has expired.", "invalid_request")
        }
        Rejection::Refused(Refusal::MethodNotTaken(_)) => {
            let detail = "Cards are saved with the seller's payment provider, and the seller registers them here.";
            Failure::conflict("conflict", "Card not saved", detail)
        }
        other => other.into(),
    }
}

/// A card that was just saved, for where readers lag behind. One that was there before keeps the day it was saved on.
fn made(context: &Context<'_>, seen: &Snapshot, id: MethodId, new: NewMethod) -> PaymentMethod {
    let NewMethod { kind, label, description, preference, expires, on_gateway } = new;
    let created = seen.methods.get(&id).map_or(context.now, |method| method.created);
    let (account, status) = (context.account().id, MethodStatus::Valid);
    PaymentMethod { id, account, kind, label, description, status, preference, expires, created, on_gateway }
}

fn new_method(card: &NewCard) -> Result<NewMethod, Failure> {
    let refuse = |field: &str, detail: &str| Failure::invalid_field(format!("/{field}"), detail, "invalid_request");
    let token = &card.payment_method_token;
    if token.is_empty() || token.len() > TOKEN_BYTES_MAX || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        let detail = "A token is 1 to 255 visible ASCII characters.";
        return Err(refuse("paymentMethodToken", detail));
    }
    let brand = card.brand.as_deref().unwrap_or(UNTOLD);
    // Digits that do for any brand tell whose fault it is.
    if Card::new(brand, "0000").is_none() {
        return Err(refuse("brand", "A brand is a short plain name."));
    }
    let label = match card.last4.as_deref() {
        Some(last4) => Card::new(brand, last4).ok_or_else(|| refuse("last4", "These are no four digits."))?.to_string(),
        None => brand.to_ascii_lowercase(),
    };
    Ok(NewMethod {
        kind: MethodKind::Card,
        label,
        description: None,
        preference: Preference::Default,
        expires: last_day(card.exp_month, card.exp_year)?,
        on_gateway: None,
    })
}

/// The last day on which a card can be charged: of its month, if that is told.
fn last_day(month: Option<i64>, year: Option<i64>) -> Result<Option<Date>, Failure> {
    let refuse = |field: &str, detail: &str, code| Failure::invalid_field(format!("/{field}"), detail.to_owned(), code);
    let (month, year) = match (month, year) {
        (None, None) => return Ok(None),
        (Some(month), Some(year)) => (month, year),
        (None, Some(_)) => return Err(refuse("expMonth", "`expYear` needs its month.", "missing_required")),
        (Some(_), None) => return Err(refuse("expYear", "`expMonth` needs its year.", "missing_required")),
    };
    let month = i8::try_from(month).ok().filter(|month| (1..=12).contains(month));
    let year = i16::try_from(year).ok().filter(|year| (2000..=9999).contains(year));
    let month = month.ok_or_else(|| refuse("expMonth", "A month is from 1 to 12.", "invalid_request"))?;
    let year = year.ok_or_else(|| refuse("expYear", "A year is from 2000 to 9999.", "invalid_request"))?;
    let first = Date::new(year, month, 1).map_err(|_| Failure::server_error())?;
    Ok(Some(first.last_of_month()))
}

fn remove<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let unknown = || found::unknown(Thing::Card);
        let method = Id::number(Thing::Card, context.param("id")).map(MethodId).ok_or_else(unknown)?;
        let seen = context.load(&[Want::Methods(context.account().id)])?;
        if charged(context, &seen).is_none_or(|card| card.id != method) {
            return Err(unknown());
        }
        context.submit(Action::RemoveMethod { method }).await?;
        Ok(Answer::nothing())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::common::body::body;

    fn read(text: &str) -> Result<(String, Option<String>), String> {
        let card: NewCard = body(text.as_bytes()).expect("is a card");
        let method = new_method(&card).map_err(|failure| failure.errors[0].pointer.clone())?;
        Ok((method.label, method.expires.map(|day| day.to_string())))
    }

    #[test]
    fn a_card_is_read_or_refused_by_field() {
        let full = r#"{"paymentMethodToken":"pm_01hxa3b4c5d6e7f8g9h0j1k2m3","last4":"4242","expMonth":2,"expYear":2028,"brand":"Visa"}"#;
        assert_eq!(read(full), Ok(("visa **** 4242".to_owned(), Some("2028-02-29".to_owned()))));
        assert_eq!(read(r#"{"paymentMethodToken":"pm_1"}"#), Ok(("card".to_owned(), None)));
        assert_eq!(read(r#"{"paymentMethodToken":"pm_1","last4":"0005"}"#), Ok(("card **** 0005".to_owned(), None)));
        for (text, pointer) in [
            (r#"{"paymentMethodToken":""}"#, "/paymentMethodToken"),
            (r#"{"paymentMethodToken":"pm 1"}"#, "/paymentMethodToken"),
            (r#"{"paymentMethodToken":"pm_1","last4":"42"}"#, "/last4"),
            (r#"{"paymentMethodToken":"pm_1","last4":"4242","brand":"4"}"#, "/brand"),
            (r#"{"paymentMethodToken":"pm_1","brand":""}"#, "/brand"),
            (r#"{"paymentMethodToken":"pm_1","expMonth":12}"#, "/expYear"),
            (r#"{"paymentMethodToken":"pm_1","expYear":2028}"#, "/expMonth"),
            (r#"{"paymentMethodToken":"pm_1","expMonth":13,"expYear":2028}"#, "/expMonth"),
            (r#"{"paymentMethodToken":"pm_1","expMonth":12,"expYear":1999}"#, "/expYear"),
            (r#"{"paymentMethodToken":"pm_1","expMonth":12,"expYear":99999}"#, "/expYear"),
        ] {
            assert_eq!(read(text), Err(pointer.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_card_that_is_not_saved_is_told_in_the_words_of_saving() {
        let told = |refusal| {
            let Failure { status, code, title, .. } = not_saved(Rejection::Refused(refusal));
            (status, code, title)
        };
        let taken = told(Refusal::MethodNotTaken(MethodKind::Card));
        assert_eq!(taken, (StatusCode::CONFLICT, "conflict", "Card not saved"));
        let expired = told(Refusal::MethodNotValid(MethodId(7)));
        assert_eq!(expired, (StatusCode::BAD_REQUEST, "invalid_request", "Invalid request"));
        let other = Refusal::NotReseller;
        assert_eq!(not_saved(Rejection::Refused(other.clone())), Failure::from(other));
    }
}
