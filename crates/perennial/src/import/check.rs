//! Checks: whether what the drafts refer to is there, and whether the ledger can take what they say.

use std::collections::{BTreeSet, HashMap, HashSet};

use jiff::Timestamp;
use perennial_core::account::{Account, Seller, Standing};
use perennial_core::calendar::{AnchorDay, Zone};
use perennial_core::ids::{AccountId, CouponId, MethodId, ProductId, ServiceId};
use perennial_core::money::{Currency, Money};
use perennial_core::payment::{MethodStatus, PaymentMethod, Preference};
use perennial_core::product::{Coupon, Kind, Price, Product, PromoCode, Renewability};
use perennial_core::service::{Hold, RenewalMode, Service};

use super::draft::{
    AccountDraft, AlignDraft, AmountDraft, CouponDraft, Drafts, MethodDraft, ParentDraft, ProductDraft, PromoDraft,
    SellerDraft, ServiceDraft, amount, report_twins,
};
use super::entry::Table;
use super::known::{Known, ServiceKey};
use super::plan::{Plan, Planned, PlannedPromo, PlannedService};
use super::problem::{Place, Problems};
use crate::ledger::nearest;

/// Days after its expiry in which a service of a new product still runs, where the file does not say.
const GRACE_DAYS: u16 = 7;
/// Days after that in which it is suspended, but can be had back.
const SUSPENSION_DAYS: u16 = 30;
/// How many months ahead it may be paid at the most.
const AHEAD_MONTHS_MAX: u16 = 120;

/// A service, and the one it belongs to, which is not looked up yet.
type Drafted = (Planned<PlannedService>, Option<(Place, ParentDraft)>);

/// A check of drafts.
pub struct Check {
    now: Timestamp,
    known: Known,
    /// Accounts by code: those on file, and over them those of the import.
    accounts: HashMap<String, Account>,
    /// Products by code, likewise.
    products: HashMap<String, Product>,
    /// What has an entry, be it wrong in itself: see [`Drafts::named`].
    named: HashSet<(Table, String)>,
    problems: Problems,
}

impl Check {
    /// A check against what is known, with the problems found before.
    pub fn new(now: Timestamp, known: Known, named: HashSet<(Table, String)>, problems: Problems) -> Self {
        let accounts = known.accounts.clone();
        let products =
            known.catalogue.products.values().map(|product| (product.code.clone(), product.clone())).collect();
        Self { now, known, accounts, products, named, problems }
    }

    /// What was found.
    pub fn into_problems(self) -> Problems {
        self.problems
    }

    /// Checks everything, in the order in which one refers to the other.
    pub fn plan(&mut self, drafts: Drafts) -> Plan {
        let seller = drafts.seller.map(|draft| self.seller(draft));
        let accounts = drafts.accounts.into_iter().map(|draft| self.account(draft)).collect();
        let mut listed: HashMap<String, Vec<(Place, Price)>> = HashMap::new();
        for draft in drafts.prices {
            listed.entry(draft.product).or_default().push((draft.entry.place_of("product").clone(), draft.price));
        }
        let mut products: Vec<_> = drafts
            .products
            .into_iter()
            .map(|draft| {
                let prices = listed.remove(&draft.code);
                self.product(draft, prices)
            })
            .collect();
        products.extend(listed.into_iter().filter_map(|(code, prices)| self.priced(&code, prices)));
        products.sort_by(|one, other| one.place.cmp(&other.place));
        let promos = drafts.promos.into_iter().map(|draft| self.promo(draft)).collect();
        let services = drafts.services.into_iter().filter_map(|draft| self.service(draft)).collect();
        let services = self.parents_first(services);
        let methods = drafts.methods.into_iter().filter_map(|draft| self.method(draft)).collect();
        let coupons = drafts.coupons.into_iter().filter_map(|draft| self.coupon(&draft)).collect();
        Plan { seller, accounts, products, promos, services, methods, coupons, ..Plan::default() }
    }

    fn seller(&self, draft: SellerDraft) -> Seller {
        let known = &self.known.catalogue.seller;
        Seller {
            name: draft.name,
            address: draft.address.unwrap_or_else(|| known.address.clone()),
            vat_number: draft.vat_number.or_else(|| known.vat_number.clone()),
            invoice_series: draft.invoice_series.unwrap_or_else(|| known.invoice_series.clone()),
            credit_series: draft.credit_series.unwrap_or_else(|| known.credit_series.clone()),
            collects: draft.collects.unwrap_or_else(|| known.collects.clone()),
            receipts: draft.receipts.unwrap_or(known.receipts),
        }
    }

    fn account(&mut self, draft: AccountDraft) -> Planned<Account> {
        let known = self.known.accounts.get(&draft.code);
        if let Some(known) = known.filter(|known| known.currency != draft.currency) {
            let reason = format!("an account keeps its currency, and on file it is {}", known.currency);
            self.problems.report(draft.entry.place_of("currency"), "accounts.currency", reason);
        }
        let known = known.filter(|known| known.currency == draft.currency);
        let row = Account {
            id: known.map_or(AccountId(0), |known| known.id),
            code: draft.code,
            name: draft.name,
            email: draft.email,
            country: draft.country,
            vat_number: draft.vat_number.or_else(|| known?.vat_number.clone()),
            currency: draft.currency,
            tax: draft.tax,
            zone: draft.zone.or_else(|| Some(known?.zone.clone())).unwrap_or(Zone::UTC),
            credit_limit: draft
                .credit_limit
                .or_else(|| Some(known?.credit_limit))
                .unwrap_or(Money::zero(draft.currency)),
            standing: draft.standing.or_else(|| Some(known?.standing)).unwrap_or(Standing::Customer),
            facts: draft.facts.or_else(|| Some(known?.facts.clone())).unwrap_or_default(),
            page_password: known.and_then(|known| known.page_password.clone()),
            joint_orders: draft.joint_orders.or_else(|| Some(known?.joint_orders)).unwrap_or_default(),
            align_day: draft.align_day.map_or_else(|| known?.align_day, |AlignDraft(day)| day),
            created: known.map_or(self.now, |known| known.created),
        };
        self.accounts.insert(row.code.clone(), row.clone());
        Planned { place: draft.entry.place.clone(), row }
    }

    /// A product, with the prices that stand with it and those of the price table. Where neither says a word, the
    /// prices on file stay.
    fn product(&mut self, draft: ProductDraft, listed: Option<Vec<(Place, Price)>>) -> Planned<Product> {
        let known = self.known.product(&draft.code);
        if let Some(known) = known.filter(|known| known.kind != draft.kind) {
            let reason = format!("a product keeps its kind, and on file it is `{}`", known.kind.word());
            self.problems.report(draft.entry.place_of("kind"), "products.kind", reason);
        }
        let prices = match (draft.prices, listed) {
            (None, None) => known.map_or_else(Vec::new, |known| known.prices.clone()),
            (own, listed) => own.into_iter().chain(listed).flatten().map(|(_, price)| price).collect(),
        };
        let row = Product {
            id: known.map_or(ProductId(0), |known| known.id),
            code: draft.code,
            name: draft.name,
            kind: draft.kind,
            renewability: draft.renewability.or_else(|| Some(known?.renewability)).unwrap_or(Renewability::OneOpen),
            grace_days: draft.grace_days.or_else(|| Some(known?.grace_days)).unwrap_or(GRACE_DAYS),
            suspension_days: draft.suspension_days.or_else(|| Some(known?.suspension_days)).unwrap_or(SUSPENSION_DAYS),
            redemption_days: draft.redemption_days.or_else(|| Some(known?.redemption_days)).unwrap_or_default(),
            redemption_fees: draft.redemption_fees.or_else(|| Some(known?.redemption_fees.clone())).unwrap_or_default(),
            ahead_months_max: draft
                .ahead_months_max
                .or_else(|| Some(known?.ahead_months_max))
                .unwrap_or(AHEAD_MONTHS_MAX),
            facts: draft.facts.or_else(|| Some(known?.facts.clone())).unwrap_or_default(),
            prices,
        };
        self.products.insert(row.code.clone(), row.clone());
        Planned { place: draft.entry.place.clone(), row }
    }

    /// A product on file that only its new prices are said of.
    fn priced(&mut self, code: &str, prices: Vec<(Place, Price)>) -> Option<Planned<Product>> {
        let place = prices.first()?.0.clone();
        let row = self.product_of(code, &place, "prices.product")?;
        let row = Product { prices: prices.into_iter().map(|(_, price)| price).collect(), ..row };
        self.products.insert(row.code.clone(), row.clone());
        Some(Planned { place, row })
    }

    fn promo(&mut self, draft: PromoDraft) -> Planned<PlannedPromo> {
        let place = draft.entry.place_of("products");
        let given = draft.products.iter().flatten();
        report_twins(given.clone().map(|code| (place, code)), "promos.products", &mut self.problems);
        for code in given {
            self.product_of(code, place, "promos.products");
        }
        let known = self.known.catalogue.promos.get(&draft.code);
        let promo = PromoCode {
            off: draft.off,
            products: known.map_or_else(Vec::new, |known| known.products.clone()),
            months_min: draft.months_min.or_else(|| Some(known?.months_min)).unwrap_or_default(),
            starts: draft.starts.or_else(|| known?.starts),
            ends: draft.ends.or_else(|| known?.ends),
            code: draft.code,
        };
        Planned { place: draft.entry.place.clone(), row: PlannedPromo { products: draft.products, promo } }
    }

    fn service(&mut self, draft: ServiceDraft) -> Option<Drafted> {
        let account = self.account_of(&draft.account, draft.entry.place_of("account"), "services.account");
        let product = self.product_of(&draft.product, draft.entry.place_of("product"), "services.product");
        let (account, product) = (account?, product?);
        let protected = draft.protected_prices.map(|prices| self.protected(prices, account.currency));
        let known = self.known.services.get(&(product.kind, draft.name.clone()));
        if let (Some(id), Some(known)) = (draft.id, known)
            && known.id.0 != id
        {
            let reason = format!("a service keeps its id, and on file it is {}", known.id);
            self.problems.report(draft.entry.place_of("id"), "services.id", reason);
        }
        let Some(period) = draft.period.or_else(|| Some(known?.period)) else {
            let reason = "is missing, and the service is new".to_owned();
            self.problems.report(draft.entry.place_of("period"), "services.period", reason);
            return None;
        };
        let today = account.zone.date_of(self.now);
        let service = Service {
            id: known.map_or(ServiceId(draft.id.unwrap_or_default()), |known| known.id),
            account: account.id,
            product: product.id,
            parent: known.and_then(|known| known.parent),
            display_name: draft.display_name.or_else(|| known?.display_name.clone()),
            created: draft.created.or_else(|| Some(known?.created)).unwrap_or(today.min(draft.until)),
            until: draft.until,
            anchor: draft.anchor.or_else(|| Some(known?.anchor)).unwrap_or(AnchorDay::of(draft.until)),
            mode: draft.mode.or_else(|| Some(known?.mode)).unwrap_or(RenewalMode::Manual),
            cancellation: None,
            period,
            hold: Hold::None,
            open_order: None,
            protected_prices: protected.or_else(|| Some(known?.protected_prices.clone())).unwrap_or_default(),
            facts: draft.facts.or_else(|| Some(known?.facts.clone())).unwrap_or_default(),
            name: draft.name,
            version: 0,
        };
        let kind = product.kind;
        let row = PlannedService { account: account.code, product: product.code, kind, parent: None, service };
        let parent = draft.parent.map(|parent| (draft.entry.place_of("parent").clone(), parent));
        Some((Planned { place: draft.entry.place_of("name").clone(), row }, parent))
    }

    fn protected(&mut self, drafts: Vec<AmountDraft>, currency: Currency) -> Vec<Price> {
        let mut prices = Vec::with_capacity(drafts.len());
        for AmountDraft { place, period, net } in drafts {
            match amount(&net, currency) {
                Ok(net) => prices.push(Price { period, net }),
                Err(reason) => self.problems.report(&place, "services.protected_prices.net", reason),
            }
        }
        prices
    }

    fn method(&mut self, draft: MethodDraft) -> Option<Planned<(String, PaymentMethod)>> {
        let account = self.account_of(&draft.account, draft.entry.place_of("account"), "methods.account")?;
        let same = |known: &&PaymentMethod| known.kind == draft.kind && known.label == draft.label;
        let known = self.known.methods.get(&account.id).into_iter().flatten().find(same);
        let method = PaymentMethod {
            id: known.map_or(MethodId(0), |known| known.id),
            account: account.id,
            kind: draft.kind,
            description: draft.description.or_else(|| known?.description.clone()),
            status: draft.status.or_else(|| Some(known?.status)).unwrap_or(MethodStatus::Valid),
            preference: draft.preference.or_else(|| Some(known?.preference)).unwrap_or(Preference::Other),
            expires: draft.expires.or_else(|| known?.expires),
            created: known.map_or(self.now, |known| known.created),
            on_gateway: draft.on_gateway.or_else(|| known?.on_gateway.clone()),
            label: draft.label,
        };
        Some(Planned { place: draft.entry.place.clone(), row: (account.code, method) })
    }

    fn coupon(&mut self, draft: &CouponDraft) -> Option<Planned<(String, Coupon)>> {
        let account = self.account_of(&draft.account, draft.entry.place_of("account"), "coupons.account")?;
        let amount = match amount(&draft.amount, account.currency) {
            Ok(amount) => amount,
            Err(reason) => {
                self.problems.report(draft.entry.place_of("amount"), "coupons.amount", reason);
                return None;
            }
        };
        let (id, expires) = (CouponId(draft.id), draft.expires);
        let coupon = Coupon { id, account: account.id, amount, expires, used_by: None };
        Some(Planned { place: draft.entry.place.clone(), row: (account.code, coupon) })
    }

    /// The account with a code; reported where there is none.
    fn account_of(&mut self, code: &str, place: &Place, field: &str) -> Option<Account> {
        let found = self.accounts.get(code).cloned();
        if found.is_none() && !self.named.contains(&(Table::Accounts, code.to_owned())) {
            let near = did_you_mean(code, self.accounts.keys().cloned());
            self.problems.report(place, field, format!("there is no account `{code}`{near}"));
        }
        found
    }

    /// The product with a code; reported where there is none.
    fn product_of(&mut self, code: &str, place: &Place, field: &str) -> Option<Product> {
        let found = self.products.get(code).cloned();
        if found.is_none() && !self.named.contains(&(Table::Products, code.to_owned())) {
            let near = did_you_mean(code, self.products.keys().cloned());
            self.problems.report(place, field, format!("there is no product `{code}`{near}"));
        }
        found
    }

    /// Finds the service that each belongs to, among those of its account, and puts parents before their children.
    fn parents_first(&mut self, services: Vec<Drafted>) -> Vec<Planned<PlannedService>> {
        let mut kinds: HashMap<(String, String), BTreeSet<Kind>> = HashMap::new();
        let codes: HashMap<_, _> = self.accounts.values().map(|account| (account.id, account.code.clone())).collect();
        for ((kind, name), service) in &self.known.services {
            if let Some(code) = codes.get(&service.account) {
                kinds.entry((code.clone(), name.clone())).or_default().insert(*kind);
            }
        }
        for (Planned { row, .. }, _) in &services {
            kinds.entry((row.account.clone(), row.service.name.clone())).or_default().insert(row.kind);
        }
        let mut planned: Vec<_> = services
            .into_iter()
            .map(|(mut service, parent)| {
                service.row.parent =
                    parent.and_then(|(place, parent)| self.parent(&service.row.account, &place, &parent, &kinds));
                service
            })
            .collect();
        let keyed = planned.iter().map(|service| (&service.place, service.row.key()));
        report_twins(keyed, "services.name", &mut self.problems);
        let mut ordered = Vec::with_capacity(planned.len());
        let mut waiting: HashSet<_> = planned.iter().map(|service| service.row.key()).collect();
        while !planned.is_empty() {
            let is_ready = |service: &Planned<PlannedService>| {
                service.row.parent.as_ref().is_none_or(|parent| !waiting.contains(parent))
            };
            let (ready, rest): (Vec<_>, Vec<_>) = planned.into_iter().partition(is_ready);
            if ready.is_empty() {
                for service in &rest {
                    let reason = "the service belongs to itself, by way of its parents".to_owned();
                    self.problems.report(&service.place, "services.parent", reason);
                }
                return ordered;
            }
            for service in &ready {
                waiting.remove(&service.row.key());
            }
            ordered.extend(ready);
            planned = rest;
        }
        ordered
    }

    fn parent(
        &mut self,
        account: &str,
        place: &Place,
        draft: &ParentDraft,
        kinds: &HashMap<(String, String), BTreeSet<Kind>>,
    ) -> Option<ServiceKey> {
        let ParentDraft { name, kind } = draft;
        let named = kinds.get(&(account.to_owned(), name.clone())).into_iter().flatten();
        let found: Vec<_> = named.filter(|found| kind.is_none_or(|kind| kind == **found)).copied().collect();
        match found.as_slice() {
            [kind] => return Some((*kind, name.clone())),
            [] if self.named.contains(&(Table::Services, name.clone())) && kind.is_none() => {
                // Its entry is wrong in itself, or of another account.
                let of_another = || kinds.keys().any(|(_, other)| other == name);
                if of_another() {
                    let reason = format!("`{name}` is not a service of account `{account}`");
                    self.problems.report(place, "services.parent", reason);
                }
            }
            [] => {
                let siblings = kinds.keys().filter(|(owner, _)| owner == account).map(|(_, name)| name.clone());
                let near = did_you_mean(name, siblings);
                let reason = format!("account `{account}` has no such service `{name}`{near}");
                self.problems.report(place, "services.parent", reason);
            }
            several => {
                let words: Vec<_> = several.iter().map(|kind| kind.word()).collect();
                let reason = format!("`{name}` is {}; say which as parent_kind", words.join(" and "));
                self.problems.report(place, "services.parent", reason);
            }
        }
        None
    }
}

/// `, did you mean ...?` with the names that look alike.
fn did_you_mean(written: &str, names: impl IntoIterator<Item = String>) -> String {
    match nearest(written, names) {
        near if near.is_empty() => String::new(),
        near => format!(", did you mean {near}?"),
    }
}
