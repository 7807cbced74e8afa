//! Recording: a checked plan into an open batch.

use anyhow::{Context, bail};
use perennial_core::ids::{AccountId, ProductId, ServiceId};
use perennial_core::payment::PaymentMethod;
use perennial_core::product::{Coupon, PromoCode};
use perennial_core::service::Service;
use perennial_store::{Batch, Record, Recorded};

use super::entry::Table;
use super::plan::{Ids, Plan, Planned, PlannedPromo, PlannedService};

/// What became of the rows, by table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts(Vec<(Table, Tally)>);

/// What became of the rows of one table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Rows that are new.
    pub created: usize,
    /// Rows that were there and have changed.
    pub updated: usize,
    /// Rows that were there already, just so.
    pub unchanged: usize,
}

impl Counts {
    /// The tables that were recorded, in that order.
    pub fn tables(&self) -> impl Iterator<Item = (Table, Tally)> {
        self.0.iter().copied()
    }

    fn add(&mut self, table: Table, recorded: Recorded) {
        if self.0.last().is_none_or(|(last, _)| *last != table) {
            self.0.push((table, Tally::default()));
        }
        if let Some((_, tally)) = self.0.last_mut() {
            match recorded {
                Recorded::Created(_) => tally.created += 1,
                Recorded::Updated(_) => tally.updated += 1,
                Recorded::Unchanged(_) => tally.unchanged += 1,
            }
        }
    }
}

/// Records the plan; `each` hears of every row. Nothing is committed here.
///
/// # Errors
/// What kept the store from taking a row, with its place.
pub fn record(batch: &mut dyn Batch, plan: Plan, mut each: impl FnMut()) -> anyhow::Result<Counts> {
    let Plan { seller, accounts, products, promos, services, methods, coupons, mut ids } = plan;
    let mut counts = Counts::default();
    let mut put = |table, record| {
        let recorded = batch.record(&record)?;
        counts.add(table, recorded);
        each();
        anyhow::Ok(recorded)
    };
    if let Some(seller) = seller {
        put(Table::Seller, Record::Seller(seller))?;
    }
    for Planned { place, row } in accounts {
        let code = row.code.clone();
        let recorded = put(Table::Accounts, Record::Account(row)).with_context(|| place.to_string())?;
        ids.accounts.insert(code, AccountId(recorded.id()));
    }
    for Planned { place, row } in products {
        let code = row.code.clone();
        let recorded = put(Table::Products, Record::Product(row)).with_context(|| place.to_string())?;
        ids.products.insert(code, ProductId(recorded.id()));
    }
    for Planned { place, row } in promos {
        put(Table::Promos, Record::Promo(resolve_promo(&ids, row))).with_context(|| place.to_string())?;
    }
    for Planned { place, row } in services {
        let key = row.key();
        let is_known = ids.services.contains_key(&key);
        let service = resolve_service(&ids, row);
        let recorded = put(Table::Services, Record::Service(service)).with_context(|| place.to_string())?;
        if !is_known && !matches!(recorded, Recorded::Created(_)) {
            bail!("{place}: another service on file has the name or the id of `{}`, so nothing was written", key.1);
        }
        ids.services.insert(key, ServiceId(recorded.id()));
    }
    for Planned { place, row: (account, method) } in methods {
        let method = PaymentMethod { account: account_id(&ids, &account), ..method };
        put(Table::Methods, Record::Method(method)).with_context(|| place.to_string())?;
    }
    for Planned { place, row: (account, coupon) } in coupons {
        let coupon = Coupon { account: account_id(&ids, &account), ..coupon };
        put(Table::Coupons, Record::Coupon(coupon)).with_context(|| place.to_string())?;
    }
    Ok(counts)
}

fn resolve_promo(ids: &Ids, planned: PlannedPromo) -> PromoCode {
    let PlannedPromo { products, promo } = planned;
    match products {
        Some(codes) => {
            PromoCode { products: codes.iter().filter_map(|code| ids.products.get(code).copied()).collect(), ..promo }
        }
        None => promo,
    }
}

fn resolve_service(ids: &Ids, planned: PlannedService) -> Service {
    let PlannedService { account, product, parent, service, .. } = planned;
    Service {
        account: account_id(ids, &account),
        product: ids.products.get(&product).copied().unwrap_or(service.product),
        parent: parent.and_then(|parent| ids.services.get(&parent).copied()).or(service.parent),
        ..service
    }
}

/// The check saw to it that the account is there.
fn account_id(ids: &Ids, code: &str) -> AccountId {
    ids.accounts.get(code).copied().unwrap_or(AccountId(0))
}
