//! The plan: drafts checked against each other and the ledger, ready to be recorded.

use std::collections::HashMap;

use jiff::Timestamp;
use perennial_core::account::{Account, Seller};
use perennial_core::ids::{AccountId, ProductId, ServiceId};
use perennial_core::payment::PaymentMethod;
use perennial_core::ports::Books;
use perennial_core::product::{Coupon, Kind, Product, PromoCode};
use perennial_core::service::Service;

use super::check::Check;
use super::draft::Drafts;
use super::known::{Known, ServiceKey};
use super::problem::{Place, Problems};

/// What is going to be recorded, in this order. Ids of what is new are zero, and so are the ids of what it refers to:
/// names stand beside the rows.
#[derive(Debug, Default)]
pub struct Plan {
    /// The seller.
    pub seller: Option<Seller>,
    /// Accounts.
    pub accounts: Vec<Planned<Account>>,
    /// Products with their prices.
    pub products: Vec<Planned<Product>>,
    /// Promo codes.
    pub promos: Vec<Planned<PlannedPromo>>,
    /// Services, parents before their children.
    pub services: Vec<Planned<PlannedService>>,
    /// Payment methods, with the codes of their accounts.
    pub methods: Vec<Planned<(String, PaymentMethod)>>,
    /// Coupons, with the codes of their accounts.
    pub coupons: Vec<Planned<(String, Coupon)>>,
    /// What is on file already.
    pub ids: Ids,
}

/// A row, and where it comes from.
#[derive(Debug)]
pub struct Planned<T> {
    /// Where it comes from.
    pub place: Place,
    /// The row.
    pub row: T,
}

/// A promo code, and the names of what it refers to.
#[derive(Debug)]
pub struct PlannedPromo {
    /// The codes of the products it is given for, if the file says so; else the row has what is on file.
    pub products: Option<Vec<String>>,
    /// The row.
    pub promo: PromoCode,
}

/// A service, and the names of what it refers to.
#[derive(Debug)]
pub struct PlannedService {
    /// The code of its account.
    pub account: String,
    /// The code of its product.
    pub product: String,
    /// Its kind, by its product.
    pub kind: Kind,
    /// The service it belongs to, if the file says so; else the row has what is on file.
    pub parent: Option<ServiceKey>,
    /// The row.
    pub service: Service,
}

impl PlannedService {
    /// Its natural key.
    pub fn key(&self) -> ServiceKey {
        (self.kind, self.service.name.clone())
    }
}

/// Ids by the names that files use.
#[derive(Debug, Default)]
pub struct Ids {
    /// Accounts by code.
    pub accounts: HashMap<String, AccountId>,
    /// Products by code.
    pub products: HashMap<String, ProductId>,
    /// Services by kind and name.
    pub services: HashMap<ServiceKey, ServiceId>,
}

impl Plan {
    /// Checks drafts against each other and the ledger.
    ///
    /// # Errors
    /// All [`Problems`], those found before included; what kept the ledger from answering.
    pub fn check(books: &dyn Books, now: Timestamp, drafts: Drafts, problems: Problems) -> anyhow::Result<Self> {
        let known = Known::look_up(books, &drafts)?;
        let ids = Ids {
            accounts: known.accounts.iter().map(|(code, account)| (code.clone(), account.id)).collect(),
            products: known.catalogue.products.values().map(|product| (product.code.clone(), product.id)).collect(),
            services: known.service_ids(),
        };
        let mut check = Check::new(now, known, drafts.named.clone(), problems);
        let plan = Self { ids, ..check.plan(drafts) };
        Ok(check.into_problems().none_or(plan)?)
    }

    /// How many rows are going to be recorded.
    pub fn rows(&self) -> usize {
        usize::from(self.seller.is_some())
            + self.accounts.len()
            + self.products.len()
            + self.promos.len()
            + self.services.len()
            + self.methods.len()
            + self.coupons.len()
    }
}
