//! `/user`: what the account tells of itself.
//!
//! What the ledger has no room of its own for is an account's fact under the API's own name. Country, tax and VAT number
//! are what the account is billed by: the seller sets them.

use std::collections::BTreeMap;

use http::Method;
use perennial_core::account::Account;
use perennial_core::command::Action;
use perennial_core::ports::BoxFuture;

use super::{Context, Row};
use crate::common::bearer::Answer;
use crate::vpsbg::wire::edit::Edit;
use crate::vpsbg::wire::error::Failure;
use crate::vpsbg::wire::rate::Multiplier;
use crate::vpsbg::wire::user::{Country, EditUser, User};

pub(super) const ROWS: &[Row] =
    &[Row::read("/user", "user", one).inferred(), Row::act(Method::PATCH, "/user", "edit-user", edit)];

/// The longest text, in characters; the real limits are unverified.
const LENGTH_MAX: usize = 255;

fn one(context: &Context<'_>) -> Result<Answer, Failure> {
    Ok(Answer::json(&shown(context.account()))?)
}

fn shown(account: &Account) -> User {
    let fact = |name: &str| account.facts.get(name).cloned();
    let flag = |name: &str| account.facts.get(name).is_some_and(|text| text == "true");
    // The names of countries are not kept; where nobody recorded them the code stands in.
    let country_name = |name| fact(name).unwrap_or_else(|| account.country.clone());
    User {
        name: account.name.clone(),
        email: account.email.clone(),
        tech_email: fact("tech_email"),
        phone_number: fact("phone_number"),
        country: Country {
            code: account.country.clone(),
            name: country_name("country_name"),
            name_bg: country_name("country_name_bg"),
            tax_rate: Multiplier(account.tax.rate().ppm()),
        },
        city: fact("city"),
        address: fact("address"),
        aff_hash: fact("aff_hash"),
        company_name: fact("company_name"),
        company_address: fact("company_address"),
        company_number: fact("company_number"),
        vat_number: account.vat_number.clone(),
        two_factor_enabled: flag("2fa_enabled"),
        email_otp_enabled: flag("email_otp_enabled"),
        newsletter: flag("newsletter"),
    }
}

fn edit<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        context.submit(edited(context.body()?)?).await?;
        let account = context.ports.books.account(context.account().id)?;
        Ok(Answer::json(&shown(&account.ok_or_else(Failure::server_error)?))?)
    })
}

/// Reads a change. An empty text takes a fact away, as null does.
fn edited(asked: EditUser) -> Result<Action, Failure> {
    for (field, given) in [("country", asked.country.is_some()), ("vat_number", asked.vat_number.is_some())] {
        if given {
            return Err(Failure::invalid(field, "This cannot be changed here."));
        }
    }
    let name = asked.name.map(|name| required("name", &name)).transpose()?;
    let email = asked.email.map(|email| required("email", &email)).transpose()?;
    for (field, address) in [("email", email.as_ref()), ("tech_email", set(&asked.tech_email))] {
        if address.is_some_and(|address| !is_mail(address.trim())) {
            return Err(Failure::invalid(field, "This is not an address of mail."));
        }
    }
    let newsletter = match asked.newsletter {
        Edit::Set(flag) => Edit::Set(flag.to_string()),
        Edit::Keep => Edit::Keep,
        Edit::Clear => Edit::Clear,
    };
    let mut facts = BTreeMap::new();
    for (field, edit) in [
        ("tech_email", asked.tech_email),
        ("phone_number", asked.phone_number),
        ("city", asked.city),
        ("address", asked.address),
        ("company_name", asked.company_name),
        ("company_address", asked.company_address),
        ("company_number", asked.company_number),
        ("newsletter", newsletter),
    ] {
        let value = match edit {
            Edit::Keep => continue,
            Edit::Clear => None,
            Edit::Set(text) => Some(plain(field, &text)?).filter(|text| !text.is_empty()),
        };
        facts.insert(field.to_owned(), value);
    }
    Ok(Action::EditAccount { name, email, facts })
}

/// What a field is set to, if it is set to something.
fn set(edit: &Edit<String>) -> Option<&String> {
    match edit {
        Edit::Set(text) if !text.trim().is_empty() => Some(text),
        Edit::Set(_) | Edit::Keep | Edit::Clear => None,
    }
}

/// A short text without controls, and without spaces around it.
fn plain(field: &'static str, text: &str) -> Result<String, Failure> {
    if text.chars().count() > LENGTH_MAX || text.chars().any(char::is_control) {
        let rule = format!("This has {LENGTH_MAX} characters at the most, none of them a control.");
        return Err(Failure::invalid(field, rule));
    }
    Ok(text.trim().to_owned())
}

/// The same, and not empty.
fn required(field: &'static str, text: &str) -> Result<String, Failure> {
    let text = plain(field, text)?;
    if text.is_empty() { Err(Failure::invalid(field, "This may not be empty.")) } else { Ok(text) }
}

/// Whether mail could be sent there: one `@` between two texts without spaces.
fn is_mail(text: &str) -> bool {
    let sides = text.split_once('@');
    sides.is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'))
        && !text.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::common::body::body;

    fn edit(text: &str) -> Result<Action, Failure> {
        edited(body(text.as_bytes()).map_err(Failure::from)?)
    }

    #[test]
    fn a_change_is_what_was_said_and_no_more() {
        let read = edit(r#"{"name":" Ivan ","city":"Sofia","address":null,"company_name":"","newsletter":true}"#);
        let facts = [("city", Some("Sofia")), ("address", None), ("company_name", None), ("newsletter", Some("true"))];
        let facts = facts.map(|(name, value)| (name.to_owned(), value.map(str::to_owned))).into();
        assert_eq!(read, Ok(Action::EditAccount { name: Some("Ivan".to_owned()), email: None, facts }));
        let nothing = Action::EditAccount { name: None, email: None, facts: BTreeMap::new() };
        assert_eq!(edit(r#"{"name":null,"email":null,"country":null,"unknown":7}"#), Ok(nothing));
    }

    #[test]
    fn what_cannot_be_is_refused_by_its_field() {
        let long = format!(r#"{{"city":"{}"}}"#, "x".repeat(LENGTH_MAX + 1));
        for (text, field) in [
            (r#"{"name":" "}"#, "name"),
            (r#"{"name":"a\u0000b"}"#, "name"),
            (r#"{"email":"ivan"}"#, "email"),
            (r#"{"email":"@example.com"}"#, "email"),
            (r#"{"email":"a@b@c"}"#, "email"),
            (r#"{"email":"a b@example.com"}"#, "email"),
            (r#"{"tech_email":"ivan@"}"#, "tech_email"),
            (r#"{"country":"DE"}"#, "country"),
            (r#"{"vat_number":"BG1"}"#, "vat_number"),
            (r#"{"newsletter":"yes"}"#, "newsletter"),
            (&long, "city"),
        ] {
            let failure = edit(text).expect_err(text);
            assert_eq!(failure.status.as_u16(), 422, "{text}");
            assert!(failure.body.errors.contains_key(field), "{text}");
        }
    }
}
