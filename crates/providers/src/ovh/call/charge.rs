//! Renewals that were charged for: the bills of renewal orders.

use std::collections::HashSet;

use jiff::Timestamp;
use perennial_core::buyer::remote::{CallError, Charge};

use super::api::{Api, encoded};
use super::orders::{Orders, query_date};
use super::wire;

/// The categories of bills that are for renewals; a late one is a purchase, like that of something new.
const RENEWALS: [&str; 2] = ["autorenew", "earlyrenewal"];

/// The renewals since an instant, whoever made them.
pub(super) async fn charges(api: &Api, orders: &Orders, since: Timestamp) -> Result<Vec<Charge>, CallError> {
    const LIST: &str = "/me/bill";
    let ids: Vec<String> = api.get(&format!("{LIST}?date.from={}", query_date(since))).await?;
    let found: Vec<wire::Bill> = if ids.len() > 1 { api.batch(LIST, &ids).await? } else { Vec::new() };
    let mut missing: HashSet<&str> = ids.iter().map(String::as_str).collect();
    for bill in &found {
        missing.remove(bill.id.as_str());
    }
    let mut bills = Vec::with_capacity(ids.len());
    for id in missing {
        bills.push(api.get::<wire::Bill>(&format!("{LIST}/{}", encoded(id))).await?);
    }
    bills.extend(found);
    bills.sort_by(|left, right| (left.date.at, &left.id).cmp(&(right.date.at, &right.id)));
    let mut charges = Vec::with_capacity(bills.len());
    for bill in bills.into_iter().filter(|bill| bill.date.at >= since) {
        let category = bill.category.as_deref().unwrap_or_default();
        let lines = orders.lines(api, bill.order_id).await?;
        if !RENEWALS.contains(&category) && !lines.iter().any(|line| line.renews) {
            continue;
        }
        let gross = bill.price_with_tax.money().map_err(|error| api.not_understood(LIST, &error))?;
        charges.push(Charge {
            order: bill.order_id.to_string(),
            services: lines.into_iter().map(|line| line.name).collect(),
            paid_at: bill.date.at,
            gross,
        });
    }
    Ok(charges)
}
