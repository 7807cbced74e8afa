//! `/plans`: what servers are instances of, what can be added to them, and codes that lower their prices.

use perennial_core::account::Account;
use perennial_core::ids::ProductId;
use perennial_core::money::Money;
use perennial_core::product::{Catalogue, Kind, Product};
use perennial_core::service::Service;

use super::found::{minimum_billing_cycle, monthly_price};
use super::money::{net, with_vat};
use super::page::Asked;
use super::{Context, Row, addon};
use crate::common::bearer::Answer;
use crate::vpsbg::wire::error::Failure;
use crate::vpsbg::wire::plan::{Data, Plan, PlanAddon, PromoCode};
use crate::vpsbg::wire::rate::Percentage;

pub(super) const ROWS: &[Row] = &[
    Row::read("/plans", "plans", list),
    Row::read("/plans/{id}/addons", "plan-addons", addons),
    Row::read("/plans/{id}/promo-codes", "promo-codes", promo_codes),
];

/// What a server is when nobody recorded it: the commoner of the documented sorts.
const SORT: &str = "cloud-vps";

fn list(context: &Context<'_>) -> Result<Answer, Failure> {
    let asked = Asked::of(context)?;
    let seen = context.load(&[])?;
    let plans = sold(&seen.catalogue, context.account());
    let shown = asked.slice(&plans).iter().map(|plan| shown(context.account(), plan, None));
    asked.envelope(context, "/plans", shown.collect::<Result<_, _>>()?, plans.len())
}

fn addons(context: &Context<'_>) -> Result<Answer, Failure> {
    let seen = context.load(&[])?;
    let account = context.account();
    plan(context, &seen.catalogue)?;
    let offer = |(product, price): (&Product, Money)| {
        Ok::<_, Failure>(PlanAddon {
            key: product.code.clone(),
            price: net(price),
            price_with_vat: with_vat(account, price)?,
        })
    };
    let data = addon::sold(&seen.catalogue, account).into_iter().map(offer).collect::<Result<_, _>>()?;
    Ok(Answer::json(&Data { data })?)
}

/// The codes that hold now and are given for the plan. A bare array (documented).
fn promo_codes(context: &Context<'_>) -> Result<Answer, Failure> {
    let seen = context.load(&[])?;
    let plan = plan(context, &seen.catalogue)?;
    let given = seen.catalogue.promos.values().filter(|promo| promo.holds(context.now) && promo.is_for(plan.id));
    let mut codes: Vec<_> = given
        .map(|promo| PromoCode {
            code: promo.code.clone(),
            percentage: Percentage(promo.off.ppm()),
            minimum_billing_cycle: promo.months_min.max(1),
        })
        .collect();
    codes.sort_by(|left, right| {
        (left.minimum_billing_cycle, &left.code).cmp(&(right.minimum_billing_cycle, &right.code))
    });
    Ok(Answer::json(&codes)?)
}

/// The plan that the path names. One that is not sold in the account's currency looks as if it had never been.
fn plan<'a>(context: &Context<'_>, catalogue: &'a Catalogue) -> Result<&'a Product, Failure> {
    let id = context.param("id").parse().map(ProductId).map_err(|_| Failure::not_found())?;
    catalogue.products.get(&id).filter(|plan| is_sold(context.account(), plan)).ok_or_else(Failure::not_found)
}

/// The plans that are sold in the account's currency, by id.
fn sold<'a>(catalogue: &'a Catalogue, account: &Account) -> Vec<&'a Product> {
    let mut plans: Vec<_> = catalogue.products.values().filter(|plan| is_sold(account, plan)).collect();
    plans.sort_unstable_by_key(|plan| plan.id);
    plans
}

fn is_sold(account: &Account, product: &Product) -> bool {
    product.kind == Kind::Server && monthly_price(product, account.currency).is_some()
}

/// A plan; that of a server, if one is given: what the product does not tell of its size, the server's facts may.
pub(super) fn shown(account: &Account, product: &Product, server: Option<&Service>) -> Result<Plan, Failure> {
    let price = monthly_price(product, account.currency).unwrap_or(Money::zero(account.currency));
    let size = Size::of(product, server);
    let fact = |name: &str| product.facts.get(name);
    let number = |name| fact(name).and_then(|text| text.parse().ok()).unwrap_or(0);
    Ok(Plan {
        id: product.id.0,
        plan_type: fact("type").map_or(SORT, String::as_str).to_owned(),
        // The sample of the key is a placeholder; those of the name are codes.
        key: fact("key").unwrap_or(&product.code).clone(),
        name: product.code.clone(),
        vcpus: size.vcpus,
        memory: size.memory_gb,
        disk: size.disk_gb,
        bandwidth: size.bandwidth_tb,
        minimum_billing_cycle: minimum_billing_cycle(product, account.currency),
        plan_with_more_disk: number("plan_with_more_disk"),
        plan_with_more_memory: number("plan_with_more_memory"),
        available: fact("available").is_none_or(|text| text == "true"),
        price: net(price),
        price_with_vat: with_vat(account, price)?,
    })
}

/// How large a server is. What nobody recorded is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Size {
    vcpus: u32,
    memory_gb: u32,
    disk_gb: u32,
    /// 0 for no bound.
    bandwidth_tb: u32,
}

impl Size {
    fn of(product: &Product, server: Option<&Service>) -> Self {
        let of_server = |name: &str| server.and_then(|server| server.facts.get(name));
        let read = |name: &str| -> Option<u32> {
            product.facts.get(name).or_else(|| of_server(name)).and_then(|text| text.parse().ok())
        };
        let any = |names: [&str; 2]| names.into_iter().find_map(read);
        // Half a gigabyte is shown as one: the field is a whole number.
        let memory_mb = || read("memoryMb").map(|mb| mb.div_ceil(1024));
        Self {
            vcpus: any(["vcpus", "vcore"]).unwrap_or(0),
            memory_gb: any(["memory", "memory_gb"]).or_else(memory_mb).unwrap_or(0),
            disk_gb: any(["disk", "diskGb"]).unwrap_or(0),
            bandwidth_tb: read("bandwidth").unwrap_or(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use perennial_core::calendar::{AnchorDay, Period};
    use perennial_core::ids::{AccountId, ServiceId};
    use perennial_core::product::Renewability;
    use perennial_core::service::{Hold, RenewalMode};

    use super::*;

    fn facts(facts: &[(&str, &str)]) -> BTreeMap<String, String> {
        facts.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn size(of_product: &[(&str, &str)], of_server: &[(&str, &str)]) -> (u32, u32, u32, u32) {
        let product = Product {
            id: ProductId(1),
            code: "vps".to_owned(),
            name: "VPS".to_owned(),
            kind: Kind::Server,
            renewability: Renewability::OneOpen,
            grace_days: 0,
            suspension_days: 0,
            redemption_days: 0,
            redemption_fees: Vec::new(),
            ahead_months_max: 0,
            facts: facts(of_product),
            prices: Vec::new(),
        };
        let server = Service {
            id: ServiceId(1),
            account: AccountId(1),
            product: product.id,
            parent: None,
            name: "vps112233.ovh.net".to_owned(),
            display_name: None,
            created: jiff::civil::date(2025, 1, 31),
            until: jiff::civil::date(2026, 1, 31),
            anchor: AnchorDay::of(jiff::civil::date(2025, 1, 31)),
            mode: RenewalMode::Manual,
            cancellation: None,
            period: Period::parse("P1M").expect("a period"),
            hold: Hold::None,
            open_order: None,
            protected_prices: Vec::new(),
            facts: facts(of_server),
            version: 1,
        };
        let Size { vcpus, memory_gb, disk_gb, bandwidth_tb } = Size::of(&product, Some(&server));
        (vcpus, memory_gb, disk_gb, bandwidth_tb)
    }

    #[test]
    fn a_size_is_the_products_or_else_the_servers_or_nothing() {
        let product = [("vcpus", "2"), ("memory", "4"), ("disk", "50"), ("bandwidth", "5")];
        let ovh = [("vcore", "1"), ("memoryMb", "2048"), ("diskGb", "40")];
        assert_eq!(size(&product, &ovh), (2, 4, 50, 5));
        assert_eq!(size(&[], &ovh), (1, 2, 40, 0));
        assert_eq!(size(&[], &[("memoryMb", "512")]), (0, 1, 0, 0));
        assert_eq!(size(&[], &[("memory_gb", "2"), ("vcore", "-1"), ("diskGb", "large")]), (0, 2, 0, 0));
    }
}
