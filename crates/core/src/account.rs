//! Accounts: the customers of the seller, and the seller itself.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::calendar::{AnchorDay, Period, Zone};
use crate::ids::AccountId;
use crate::money::{Currency, Money, Rate};
use crate::payment::MethodKind;

/// How an account's renewals are taxed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaxTreatment {
    /// The standard rate that is given (EN 16931 category `S`).
    Standard(Rate),
    /// The customer owes the tax (category `AE`).
    ReverseCharge,
    /// No tax is due (category `E`).
    Exempt,
}

impl TaxTreatment {
    /// The rate that is added to a net amount.
    pub const fn rate(self) -> Rate {
        match self {
            Self::Standard(rate) => rate,
            Self::ReverseCharge | Self::Exempt => Rate::ZERO,
        }
    }

    /// The word for it in SQL, files and replies.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Standard(_) => "standard",
            Self::ReverseCharge => "reverse-charge",
            Self::Exempt => "exempt",
        }
    }

    /// Reads the word; the rate counts for the standard treatment only.
    pub fn from_word(word: &str, rate: Rate) -> Option<Self> {
        match word {
            "standard" => Some(Self::Standard(rate)),
            "reverse-charge" => Some(Self::ReverseCharge),
            "exempt" => Some(Self::Exempt),
            _ => None,
        }
    }
}

/// What an account may do besides paying for its own services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// An ordinary customer.
    Customer,
    /// May suspend, reopen and terminate its services by API.
    Reseller,
}

impl Standing {
    /// The word for it in SQL, files and replies.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Reseller => "reseller",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Customer, Self::Reseller].into_iter().find(|standing| standing.word() == word)
    }
}

/// A customer of the seller.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    /// Who it is inside.
    pub id: AccountId,
    /// The customer number people see, such as `xx11111-ovh`; unique.
    pub code: String,
    /// Name of the person or company.
    pub name: String,
    /// Where notices go.
    pub email: String,
    /// ISO 3166 country code, two capitals.
    pub country: String,
    /// VAT number, if the customer has one.
    pub vat_number: Option<String>,
    /// The one currency the account is priced and billed in.
    pub currency: Currency,
    /// How its renewals are taxed.
    pub tax: TaxTreatment,
    /// The zone whose civil dates its terms are.
    pub zone: Zone,
    /// How much it may owe on its credit line; zero for none.
    pub credit_limit: Money,
    /// What it may do besides paying.
    pub standing: Standing,
    /// Argon2 hash (PHC string) of the password for pages, if one was set.
    pub page_password: Option<String>,
    /// Whether what falls due on one day is ordered together by the schedule: one order, one invoice.
    pub joint_orders: bool,
    /// The day of the month on which the schedule has its services end, if there is one.
    pub align_day: Option<AnchorDay>,
    /// What else it tells of itself, such as `phone` or `city`: a dialect shows it and no rule reads it.
    pub facts: BTreeMap<String, String>,
    /// When it became a customer.
    pub created: Timestamp,
}

impl Account {
    /// The day of the month to which the schedule renews what renews for a period. Weeks are left as they are: they keep
    /// no day of the month, so each renewal would be one for nearly a month more.
    pub fn aligned_to(&self, period: Period) -> Option<AnchorDay> {
        self.align_day.filter(|_| period.as_months().is_some())
    }
}

/// The seller: what its documents say and which money it can take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seller {
    /// Name on invoices.
    pub name: String,
    /// Address lines on invoices.
    pub address: Vec<String>,
    /// VAT number on invoices, if there is one.
    pub vat_number: Option<String>,
    /// Prefix of invoice numbers: `FR` gives `FR00000001`.
    pub invoice_series: String,
    /// Prefix of credit note numbers.
    pub credit_series: String,
    /// Kinds of registered methods whose money the seller collects when an order is paid with them. Balance and credit
    /// line need no collection and are always taken.
    pub collects: Vec<MethodKind>,
    /// Whether owners hear of every payment; else of those alone that they did not make themselves, and of charges.
    pub receipts: bool,
}

impl Seller {
    /// Whether an order can be paid with this kind of method.
    pub fn takes(&self, kind: MethodKind) -> bool {
        matches!(kind, MethodKind::Balance | MethodKind::CreditLine) || self.collects.contains(&kind)
    }
}

impl Default for Seller {
    fn default() -> Self {
        Self {
            name: "Unnamed seller".to_owned(),
            address: Vec::new(),
            vat_number: None,
            invoice_series: "INV".to_owned(),
            credit_series: "CN".to_owned(),
            collects: Vec::new(),
            receipts: false,
        }
    }
}
