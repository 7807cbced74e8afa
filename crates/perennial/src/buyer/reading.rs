//! Reading inventories side by side.

use std::sync::Arc;

use perennial_core::buyer::holding::ProviderName;
use perennial_engine::buyer::{Buyer, BuyerError, SyncReport};
use tokio::task::JoinSet;

use super::progress::Progress;
use super::{Office, Remotes};
use crate::output;

/// The accounts with these names that can be called, and whether all can: a person is told why others cannot.
pub fn callable(office: &Office, names: &[ProviderName]) -> (Remotes, bool) {
    office.warn_of_clock(office.providers().iter().filter(|(name, _)| names.contains(name)));
    let (remotes, failures) = office.remotes_and_failures(names);
    for (name, error) in &failures {
        output::note(&format!("warning: {name} cannot be called\n{}", crate::render_error(error)));
    }
    (remotes, failures.is_empty())
}

/// Reads these inventories, all at once; what came of each, in their order.
pub async fn sync(
    buyer: &Buyer,
    names: &[ProviderName],
    progress: &Arc<Progress>,
) -> Vec<(ProviderName, Result<SyncReport, BuyerError>)> {
    let mut reading = JoinSet::new();
    for name in names {
        let (buyer, name, progress) = (buyer.clone(), name.clone(), Arc::clone(progress));
        reading.spawn(async move {
            progress.begin_sync(&name);
            let read = buyer.sync(&name, &*progress).await;
            progress.end_sync(&name);
            (name, read)
        });
    }
    let mut read = reading.join_all().await;
    read.sort_by_key(|(name, _)| names.iter().position(|each| each == name));
    read
}

/// Reads these inventories, and tells a person which of them could not be read; whether all were.
pub async fn refresh(buyer: &Buyer, names: &[ProviderName], progress: &Arc<Progress>) -> bool {
    let mut are_read = true;
    for (name, read) in sync(buyer, names, progress).await {
        if let Err(error) = read {
            are_read = false;
            let error = output::in_one_line(&error.into());
            output::note(&format!("warning: the inventory of {name} could not be read, and may be old: {error}"));
        }
    }
    are_read
}
