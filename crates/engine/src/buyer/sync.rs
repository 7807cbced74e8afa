//! Reading inventories.

use perennial_core::buyer::holding::ProviderName;

use super::{Buyer, BuyerError, Desk, Watcher};

/// What came of reading an inventory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyncReport {
    /// How many services there are.
    pub holdings: u64,
}

impl<D: Desk> Buyer<D> {
    /// Reads a provider's whole inventory, a page a transaction; then forgets what is gone. One that breaks off forgets
    /// nothing.
    ///
    /// # Errors
    /// [`BuyerError`].
    pub async fn sync(&self, provider: &ProviderName, watcher: &dyn Watcher) -> Result<SyncReport, BuyerError> {
        let remote = self.remote(provider)?;
        // All pages bear the instant of the beginning, so that a clock that is set meanwhile makes none of them look old.
        let began = self.now();
        let mut from: Option<String> = None;
        let mut read = 0_u64;
        loop {
            let page = remote.inventory(from.as_deref()).await?;
            read = read.saturating_add(u64::try_from(page.holdings.len()).unwrap_or(u64::MAX));
            self.desk().record(began, page.holdings).await?;
            watcher.synced(provider, read);
            if page.next.is_none() {
                break;
            }
            if page.next == from {
                return Err(BuyerError::Endless(provider.clone()));
            }
            from = page.next;
        }
        let holdings = self.desk().end_sync(provider.clone(), began).await?;
        Ok(SyncReport { holdings })
    }
}
