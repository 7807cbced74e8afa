//! What the ledger knows already of what an import names.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use perennial_core::account::Account;
use perennial_core::ids::{AccountId, ServiceId};
use perennial_core::payment::PaymentMethod;
use perennial_core::ports::{Books, Failure};
use perennial_core::product::{Catalogue, Kind, Product};
use perennial_core::service::Service;
use perennial_core::snapshot::Want;

use super::draft::Drafts;

/// How many rows are loaded at a time.
const PAGE: usize = 500;

/// A service's natural key.
pub type ServiceKey = (Kind, String);

/// What is on file.
#[derive(Debug, Default)]
pub struct Known {
    /// Products, promo codes, the seller.
    pub catalogue: Arc<Catalogue>,
    /// Accounts by code.
    pub accounts: HashMap<String, Account>,
    /// Services by kind and name.
    pub services: HashMap<ServiceKey, Service>,
    /// Payment methods by account.
    pub methods: HashMap<AccountId, Vec<PaymentMethod>>,
}

impl Known {
    /// Looks up everything that the drafts name.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub fn look_up(books: &dyn Books, drafts: &Drafts) -> Result<Self, Failure> {
        let mut known = Self { catalogue: books.load(&[])?.catalogue, ..Self::default() };
        known.look_up_accounts(books, drafts)?;
        known.look_up_services(books, drafts)?;
        let with_methods: HashSet<_> = drafts.methods.iter().map(|draft| draft.account.as_str()).collect();
        for code in with_methods {
            if let Some(account) = known.accounts.get(code) {
                let seen = books.load(&[Want::Methods(account.id)])?;
                known.methods.insert(account.id, seen.methods.into_values().collect());
            }
        }
        Ok(known)
    }

    /// The product with a code.
    pub fn product(&self, code: &str) -> Option<&Product> {
        self.catalogue.products.values().find(|product| product.code == code)
    }

    fn look_up_accounts(&mut self, books: &dyn Books, drafts: &Drafts) -> Result<(), Failure> {
        let mut codes: HashSet<&str> = drafts.accounts.iter().map(|draft| draft.code.as_str()).collect();
        codes.extend(drafts.services.iter().map(|draft| draft.account.as_str()));
        codes.extend(drafts.methods.iter().map(|draft| draft.account.as_str()));
        codes.extend(drafts.coupons.iter().map(|draft| draft.account.as_str()));
        let mut wants = Vec::new();
        for code in codes {
            wants.extend(books.find_account(code)?.map(Want::Account));
        }
        for page in wants.chunks(PAGE) {
            let accounts = books.load(page)?.accounts.into_values();
            self.accounts.extend(accounts.map(|account| (account.code.clone(), account)));
        }
        Ok(())
    }

    /// Finds the services that are drafted, by the kind of their product, and those that they belong to, whose name is
    /// tried with every kind that it may have.
    fn look_up_services(&mut self, books: &dyn Books, drafts: &Drafts) -> Result<(), Failure> {
        let on_file = self.catalogue.products.values().map(|product| (product.code.as_str(), product.kind));
        let drafted = drafts.products.iter().map(|draft| (draft.code.as_str(), draft.kind));
        let kinds: HashMap<_, _> = on_file.chain(drafted).collect();
        let mut keys = HashSet::new();
        for draft in &drafts.services {
            let Some(account) = self.accounts.get(&draft.account) else { continue };
            keys.extend(kinds.get(draft.product.as_str()).map(|kind| (account.id, *kind, draft.name.as_str())));
            if let Some(parent) = &draft.parent {
                let tried = Kind::ALL.into_iter().filter(|kind| parent.kind.is_none_or(|said| said == *kind));
                keys.extend(tried.map(|kind| (account.id, kind, parent.name.as_str())));
            }
        }
        let mut wants = Vec::new();
        for (account, kind, name) in keys {
            wants.extend(books.find_service(account, kind, name)?.map(|service| (kind, account, service)));
        }
        for page in wants.chunks(PAGE) {
            let seen: Vec<_> = page.iter().map(|(_, account, service)| Want::Service(*account, *service)).collect();
            let mut services = books.load(&seen)?.services;
            for (kind, _, id) in page {
                if let Some(service) = services.remove(id) {
                    self.services.insert((*kind, service.name.clone()), service);
                }
            }
        }
        Ok(())
    }

    /// The ids of services on file, by kind and name.
    pub fn service_ids(&self) -> HashMap<ServiceKey, ServiceId> {
        self.services.iter().map(|(key, service)| (key.clone(), service.id)).collect()
    }
}
