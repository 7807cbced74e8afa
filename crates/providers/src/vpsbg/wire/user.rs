//! The account's owner.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::edit::Edit;
use super::rate::Multiplier;

/// What the account tells of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct User {
    /// Name of the person.
    pub name: String,
    /// Where notices go.
    pub email: String,
    /// Where technical notices go.
    pub tech_email: Option<String>,
    /// A telephone number.
    pub phone_number: Option<String>,
    /// The country.
    pub country: Country,
    /// The town.
    pub city: Option<String>,
    /// The address in it.
    pub address: Option<String>,
    /// The mark of links by which others become customers.
    pub aff_hash: Option<String>,
    /// The company.
    pub company_name: Option<String>,
    /// Its address.
    pub company_address: Option<String>,
    /// Its number in the register.
    pub company_number: Option<String>,
    /// Its VAT number.
    pub vat_number: Option<String>,
    /// Whether a second proof is asked for.
    #[serde(rename = "2fa_enabled")]
    pub two_factor_enabled: bool,
    /// Whether a second proof is mailed.
    pub email_otp_enabled: bool,
    /// Whether news are sent.
    pub newsletter: bool,
}

/// A country.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Country {
    /// ISO 3166, two capitals.
    pub code: String,
    /// Its name in English.
    pub name: String,
    /// Its name in Bulgarian.
    pub name_bg: String,
    /// What an amount without VAT is multiplied by: `1.2`.
    pub tax_rate: Multiplier,
}

/// `PATCH /user`. What is absent stays; what is null is taken away, but for name and address of mail, which stay.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct EditUser {
    /// Name of the person.
    pub name: Option<String>,
    /// Where notices go.
    pub email: Option<String>,
    /// Where technical notices go.
    pub tech_email: Edit<String>,
    /// A telephone number.
    pub phone_number: Edit<String>,
    /// The town.
    pub city: Edit<String>,
    /// The address in it.
    pub address: Edit<String>,
    /// The company.
    pub company_name: Edit<String>,
    /// Its address.
    pub company_address: Edit<String>,
    /// Its number in the register.
    pub company_number: Edit<String>,
    /// Whether news are sent.
    pub newsletter: Edit<bool>,
    /// The country, which is not changed here.
    pub country: Option<IgnoredAny>,
    /// The VAT number, which is not changed here.
    pub vat_number: Option<IgnoredAny>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::common::body::body;

    #[test]
    fn null_is_something_else_than_nothing() {
        let read: EditUser = body(br#"{"city":null,"address":"1 Road","country":{"code":"DE"}}"#).expect("reads");
        assert_eq!((read.city, read.address), (Edit::Clear, Edit::Set("1 Road".to_owned())));
        assert_eq!((read.company_name, read.country.is_some(), read.vat_number.is_some()), (Edit::Keep, true, false));
        assert_eq!(body::<EditUser>(br#"{"city":7}"#).unwrap_err().field(), Some("city"));
    }
}
