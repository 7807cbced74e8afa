//! Which service is meant, of all that we rent: it may be written as its name, its label, the provider's id, or
//! PROVIDER/ID.

use anyhow::anyhow;
use jiff::civil::Date;
use perennial_core::buyer::holding::{Holding, HoldingKey, ProviderName, RemoteId};
use perennial_core::buyer::policy::Policy;
use perennial_store::{HoldingFilter, Records};

use crate::command::Misuse;
use crate::ledger::hint_nearest;
use crate::output;

/// How many services are read at a time.
const PAGE: u32 = 500;

/// The service that is called so.
///
/// # Errors
/// [`Misuse`] when there is none, with those that look alike, or several, with all of them; when no inventory was read; when
/// the ledger does not answer.
pub fn find(books: &(dyn Records + Send + Sync), written: &str) -> anyhow::Result<Holding> {
    if let Some(key) = key(written)
        && let Some(holding) = books.holding(&key)?
    {
        return Ok(holding);
    }
    let mut found = books.find_holdings(written)?;
    match (found.pop(), found.is_empty()) {
        (Some(only), true) => Ok(only),
        (Some(last), false) => {
            let lines: Vec<_> = found
                .iter()
                .chain([&last])
                .map(|each| format!("{} ({} {})", each.key, each.kind.word(), each.name))
                .collect();
            Err(Misuse(format!(
                "`{written}` is the name of several services: {}\nhint: write the one that is meant as PROVIDER/ID",
                lines.join(", ")
            ))
            .into())
        }
        (None, _) => Err(missing(books, written)?),
    }
}

/// What `PROVIDER/ID` names, if it is written so.
fn key(written: &str) -> Option<HoldingKey> {
    let (provider, id) = written.split_once('/')?;
    Some(HoldingKey { provider: ProviderName::parse(provider).ok()?, id: RemoteId::parse(id).ok()? })
}

fn missing(books: &(dyn Records + Send + Sync), written: &str) -> anyhow::Result<anyhow::Error> {
    if books.syncs()?.is_empty() {
        return Ok(anyhow!("no inventory has been read yet\nhint: `perennial sync` reads what you rent"));
    }
    let all = all(books, &HoldingFilter::default())?;
    let names = all.into_iter().flat_map(|each| [each.key.to_string(), each.name, each.key.id.as_str().to_owned()]);
    let near = hint_nearest(written, names);
    let hint = if near.is_empty() { "\nhint: `perennial list` shows what you rent" } else { &near };
    Ok(Misuse(format!("there is no service `{written}`{hint}")).into())
}

/// The services that a filter lets through, soonest expiry first.
///
/// # Errors
/// When the ledger does not answer.
pub fn all(books: &(dyn Records + Send + Sync), filter: &HoldingFilter) -> anyhow::Result<Vec<Holding>> {
    let mut all = Vec::new();
    each_page(books, filter, |page| all.extend(page))?;
    Ok(all)
}

/// Reads them a page at a time.
fn each_page(
    books: &(dyn Records + Send + Sync),
    filter: &HoldingFilter,
    mut take: impl FnMut(Vec<Holding>),
) -> anyhow::Result<()> {
    let mut after: Option<(Date, HoldingKey)> = None;
    loop {
        let page = books.holdings(filter, after.as_ref().map(|(until, key)| (*until, key)), PAGE)?;
        let is_last = page.len() < PAGE as usize;
        after = page.last().map(|last| (last.stand.until, last.key.clone()));
        take(page);
        if is_last {
            return Ok(());
        }
    }
}

/// Tells a person how many services no rule is for, and when the first of them expires; nothing where there are none, or
/// `sync` has never been run.
///
/// # Errors
/// When the ledger does not answer.
pub fn tell_unruled(books: &(dyn Records + Send + Sync), policy: &Policy) -> anyhow::Result<()> {
    let (mut read, mut left_alone, mut first) = (0_usize, 0_usize, None);
    each_page(books, &HoldingFilter::default(), |page| {
        read += page.len();
        for holding in page.into_iter().filter(|holding| policy.rule_for(holding).is_none()) {
            left_alone += 1;
            // Options go with what they are options of.
            if first.is_none() && holding.parent.is_none() {
                first = Some(holding);
            }
        }
    })?;
    if let Some(Holding { name, stand, .. }) = first {
        output::note(&format!(
            "{left_alone} of {read} services match no rule and are left alone; the first, {name}, expires on {}\nhint: a \
             [[rule]] says what is to be done about them, and be it `mode = \"never\"`",
            stand.until
        ));
    }
    Ok(())
}
