//! What a request names, found in the ledger: instances by their ids, and what the account has set.

use jiff::Timestamp;
use jiff::civil::Date;
use perennial_core::account::Account;
use perennial_core::calendar::AnchorDay;
use perennial_core::ids::ServiceId;
use perennial_core::product::{Kind, Product, Renewability};
use perennial_core::service::{Hold, Lifecycle, Service};
use perennial_core::snapshot::{Snapshot, Want};

use super::context::Context;
use super::refusal::no_instance;
use super::region::is_known;
use crate::aliyun::wire::error::Failure;

/// The fact of an account that is the unified expiration day which it set itself.
pub(super) const UNIFIED_DAY: &str = "unified_expiration_day";

/// The instance with an id, which is a service's name.
pub(super) fn instance(context: &Context<'_>, id: &str) -> Result<ServiceId, Failure> {
    context.ports.books.find_service(context.account().id, Kind::Instance, id)?.ok_or_else(no_instance)
}

/// The day of the month that an account lets its instances expire on, if it has set one. Where it has not, it is the day to
/// which the seller lets its renewals go on by themselves (inferred: there is one unified day).
pub(super) fn unified_day(account: &Account) -> Option<AnchorDay> {
    let own = |fact: &String| AnchorDay::new(fact.parse().ok()?).ok();
    account.facts.get(UNIFIED_DAY).map_or(account.align_day, own)
}

/// The region of what was recorded without one. It exists even where nothing is in it.
pub(super) const DEFAULT_REGION: &str = "cn-hangzhou";

/// What the expiry of a pay-as-you-go instance is told as, having none: 2099-12-31T15:59Z (documented).
const NEVER: Timestamp = Timestamp::constant(4_102_415_940, 0);

/// A service of the caller's that exists: what is terminated looks as if it had never been.
#[derive(Clone, Copy)]
pub(super) struct Found<'a> {
    /// Whose it is.
    pub account: &'a Account,
    /// What it is an instance of.
    pub product: &'a Product,
    /// The service itself.
    pub service: &'a Service,
    /// Where it is in its life.
    pub life: Lifecycle,
    today: Date,
}

impl<'a> Found<'a> {
    /// Finds a loaded service, of whatever kind.
    pub fn of(context: &'a Context<'_>, seen: &'a Snapshot, id: ServiceId) -> Result<Self, Failure> {
        let account = context.account();
        let service = seen.service_of(account.id, id)?;
        let product = seen.product(service)?;
        let today = account.zone.date_of(context.now);
        let life = service.lifecycle(product, today);
        if life == Lifecycle::Terminated {
            Err(no_instance())
        } else {
            Ok(Self { account, product, service, life, today })
        }
    }

    /// Everything that was loaded and exists, in order of id.
    pub fn all(context: &'a Context<'_>, seen: &'a Snapshot) -> Vec<Self> {
        let mut found: Vec<_> = seen.services.keys().filter_map(|id| Self::of(context, seen, *id).ok()).collect();
        found.sort_unstable_by_key(|found| found.service.id);
        found
    }

    /// The id that clients know it by.
    pub fn id(&self) -> &'a str {
        &self.service.name
    }

    /// The region that it is in.
    pub fn region(&self) -> &'a str {
        region_of(self.service)
    }

    /// A fact of the service.
    pub fn fact(&self, name: &str) -> Option<&'a str> {
        self.service.facts.get(name).map(String::as_str)
    }

    /// A fact of its product.
    pub fn product_fact(&self, name: &str) -> Option<&'a str> {
        self.product.facts.get(name).map(String::as_str)
    }

    /// The code of its product in billing.
    pub fn product_code(&self) -> &'a str {
        product_code(self.product)
    }

    /// Whether it is paid ahead; it is paid as it goes otherwise.
    pub fn is_subscription(&self) -> bool {
        self.product.renewability != Renewability::OneShot
    }

    /// Whether its expiry has passed.
    pub fn is_expired(&self) -> bool {
        self.is_subscription() && self.service.until <= self.today
    }

    /// Whether the seller locked it.
    pub fn is_locked(&self) -> bool {
        self.service.hold == Hold::Locked
    }

    /// The instant of its expiry.
    pub fn expires(&self) -> Result<Timestamp, Failure> {
        if self.is_subscription() { midnight(self.account, self.service.until) } else { Ok(NEVER) }
    }

    /// The instant at which it was opened.
    pub fn created(&self) -> Result<Timestamp, Failure> {
        midnight(self.account, self.service.created)
    }
}

/// The region that a service is in, or was.
pub(super) fn region_of(service: &Service) -> &str {
    service.facts.get("region").map_or(DEFAULT_REGION, String::as_str)
}

/// The code of a product in billing.
pub(super) fn product_code(product: &Product) -> &str {
    let usual = if product.kind == Kind::Instance { "ecs" } else { product.kind.word() };
    product.facts.get("product_code").map_or(usual, String::as_str)
}

/// The instant at which a day begins for an account.
pub(super) fn midnight(account: &Account, date: Date) -> Result<Timestamp, Failure> {
    account.zone.midnight(date).map_err(|error| {
        tracing::error!(account.id = account.id.0, %date, %error, "account {} has an impossible date", account.id);
        Failure::server_error()
    })
}

/// Loads the account's services of a kind, with their open orders; of every kind, if none is given.
pub(super) fn load_all(context: &Context<'_>, kind: Option<Kind>) -> Result<Snapshot, Failure> {
    let account = context.account().id;
    let ids = context.ports.books.service_ids(account, kind)?;
    context.load(&ids.into_iter().map(|id| Want::Service(account, id)).collect::<Vec<_>>())
}

/// Loads the account's instances with these ids, with their open orders. Ids of nothing load nothing.
pub(super) fn load_instances<'a>(
    context: &Context<'_>,
    ids: impl IntoIterator<Item = &'a str>,
) -> Result<Snapshot, Failure> {
    let (account, books) = (context.account().id, &context.ports.books);
    let found = ids.into_iter().map(|id| books.find_service(account, Kind::Instance, id));
    let found = found.filter_map(Result::transpose).collect::<Result<Vec<_>, _>>()?;
    context.load(&found.into_iter().map(|id| Want::Service(account, id)).collect::<Vec<_>>())
}

/// Instances of an account, as far as they were loaded already.
#[derive(Clone, Copy)]
pub(super) enum Known<'a> {
    /// All that there are.
    All(&'a [Found<'a>]),
    /// Some of them.
    Part(&'a [Found<'a>]),
}

/// Refuses a region that there is not: one that is none of the provider's and that none of the account's instances is in.
pub(super) fn check_region(context: &Context<'_>, region: &str, known: Known<'_>) -> Result<(), Failure> {
    let rest = || {
        let seen = load_all(context, Some(Kind::Instance))?;
        Ok(Found::all(context, &seen).iter().any(|found| found.region() == region))
    };
    if is_known(region) || known.has_region(region, rest)? {
        return Ok(());
    }
    Err(Failure::not_found("InvalidRegionId.NotFound", "The specified RegionId does not exist."))
}

impl Known<'_> {
    /// Whether an instance is in a region. `load` looks at all of them, which is to be done only if it has to be.
    fn has_region(self, region: &str, load: impl FnOnce() -> Result<bool, Failure>) -> Result<bool, Failure> {
        let is_in = |found: &Found<'_>| found.region() == region;
        match self {
            Self::All(all) => Ok(all.iter().any(is_in)),
            Self::Part(some) if some.iter().any(is_in) => Ok(true),
            Self::Part(_) => load(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn all_instances_are_not_loaded_again_to_look_for_a_region() {
        for (known, loads) in [(Known::All(&[]), 0), (Known::Part(&[]), 1)] {
            for is_there in [false, true] {
                let loaded = Cell::new(0);
                let load = || {
                    loaded.set(loaded.get() + 1);
                    Ok(is_there)
                };
                assert_eq!(known.has_region("cn-beijing", load), Ok(is_there && loads > 0));
                assert_eq!(loaded.get(), loads);
            }
        }
    }
}
