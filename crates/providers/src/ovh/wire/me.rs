//! The account.

use serde::{Deserialize, Serialize};

use super::words;

words! {
    /// Legal form of a customer (`nichandle.LegalFormEnum`).
    LegalForm {
        Administration = "administration",
        Association = "association",
        Corporation = "corporation",
        Individual = "individual",
        Other = "other",
        Personalcorporation = "personalcorporation",
    }
}

words! {
    /// Whether the particulars of an account are all there (`nichandle.StateEnum`).
    NichandleState { Complete = "complete", Incomplete = "incomplete" }
}

words! {
    /// Brand of an account (`nichandle.OvhCompanyEnum`).
    OvhCompany { Kimsufi = "kimsufi", Ovh = "ovh", Soyoustart = "soyoustart" }
}

/// An account (`nichandle.Nichandle`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Nichandle {
    /// Street and number.
    pub address: Option<String>,
    /// State or region.
    pub area: Option<String>,
    /// City of birth.
    pub birth_city: Option<String>,
    /// Day of birth.
    pub birth_day: Option<String>,
    /// City.
    pub city: Option<String>,
    /// Number in the register of companies.
    pub company_national_identification_number: Option<String>,
    /// Second line of the address.
    pub complementary_address: Option<String>,
    /// Kind of corporation.
    pub corporation_type: Option<String>,
    /// Country (`nichandle.CountryEnum`).
    pub country: String,
    /// The currency it pays in.
    pub currency: AccountCurrency,
    /// Its code on bills.
    pub customer_code: Option<String>,
    /// Mail address.
    pub email: String,
    /// Fax number.
    pub fax: Option<String>,
    /// First name.
    pub firstname: Option<String>,
    /// Code for electronic bills in Italy.
    #[serde(rename = "italianSDI")]
    pub italian_sdi: Option<String>,
    /// Whether its identity was checked.
    pub kyc_validated: Option<bool>,
    /// Language (`nichandle.LanguageEnum`).
    pub language: Option<String>,
    /// Legal form.
    pub legalform: LegalForm,
    /// Name.
    pub name: Option<String>,
    /// Number of the person's identity card.
    pub national_identification_number: Option<String>,
    /// Its id: `xx11111-ovh`.
    pub nichandle: String,
    /// Name of the organisation.
    pub organisation: Option<String>,
    /// Brand.
    pub ovh_company: OvhCompany,
    /// The company it buys from, by country (`nichandle.OvhSubsidiaryEnum`).
    pub ovh_subsidiary: String,
    /// Telephone number.
    pub phone: Option<String>,
    /// Country of the telephone number (`nichandle.CountryEnum`).
    pub phone_country: Option<String>,
    /// Kind of telephone (`nichandle.PhoneTypeEnum`).
    pub phone_type: Option<String>,
    /// What it buys for.
    pub purpose_of_purchase: Option<String>,
    /// Sex (`nichandle.GenderEnum`).
    pub sex: Option<String>,
    /// Second mail address.
    pub spare_email: Option<String>,
    /// Whether its particulars are all there.
    pub state: NichandleState,
    /// Number for value-added tax.
    pub vat: Option<String>,
    /// Postal code.
    pub zip: Option<String>,
}

/// The currency of an account (`nichandle.Currency`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountCurrency {
    /// ISO 4217 code.
    pub code: String,
    /// Its sign.
    pub symbol: String,
}
