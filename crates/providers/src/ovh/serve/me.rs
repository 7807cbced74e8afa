//! `/me`: the account.

use perennial_core::account::Account;

use super::context::{Answer, Context};
use super::table::{Row, read};
use crate::ovh::wire::error::Failure;
use crate::ovh::wire::me::{AccountCurrency, LegalForm, Nichandle, NichandleState, OvhCompany};
use crate::ovh::wire::money::symbol;

pub(super) const ROWS: &[Row] = &[read("/me", "me", me)];

/// The countries that have a subsidiary of their own (`nichandle.OvhSubsidiaryEnum`).
const SUBSIDIARIES: [&str; 15] =
    ["CZ", "DE", "ES", "FI", "FR", "GB", "IE", "IT", "LT", "MA", "NL", "PL", "PT", "SN", "TN"];

/// The subsidiary of every other country.
const SUBSIDIARY_ELSEWHERE: &str = "EU";

fn me(context: &Context<'_>) -> Result<Answer, Failure> {
    Answer::json(&nichandle(context.account()?))
}

/// The account as the wire has it; what is not on file is `null`.
fn nichandle(account: &Account) -> Nichandle {
    let currency = account.currency.code();
    Nichandle {
        address: None,
        area: None,
        birth_city: None,
        birth_day: None,
        city: None,
        company_national_identification_number: None,
        complementary_address: None,
        corporation_type: None,
        country: account.country.clone(),
        currency: AccountCurrency { code: currency.to_owned(), symbol: symbol(currency).to_owned() },
        customer_code: Some(account.code.clone()),
        email: account.email.clone(),
        fax: None,
        firstname: None,
        italian_sdi: None,
        kyc_validated: None,
        language: None,
        legalform: legal_form(account.vat_number.as_deref()),
        name: Some(account.name.clone()),
        national_identification_number: None,
        nichandle: account.code.clone(),
        organisation: None,
        ovh_company: OvhCompany::Ovh,
        ovh_subsidiary: subsidiary(&account.country).to_owned(),
        phone: None,
        phone_country: None,
        phone_type: None,
        purpose_of_purchase: None,
        sex: None,
        spare_email: None,
        state: NichandleState::Complete,
        vat: account.vat_number.clone(),
        zip: None,
    }
}

/// The legal form is not on file; who has a VAT number is taken for a company.
const fn legal_form(vat_number: Option<&str>) -> LegalForm {
    if vat_number.is_some() { LegalForm::Corporation } else { LegalForm::Individual }
}

fn subsidiary(country: &str) -> &str {
    if SUBSIDIARIES.contains(&country) { country } else { SUBSIDIARY_ELSEWHERE }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_country_without_a_subsidiary_buys_from_the_european_one() {
        for (country, of) in [("FR", "FR"), ("TN", "TN"), ("BG", "EU"), ("SE", "EU"), ("", "EU")] {
            assert_eq!(subsidiary(country), of, "{country}");
        }
    }
}
