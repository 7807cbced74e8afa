//! Why the buyer could not do what was asked for.

use perennial_core::buyer::holding::{HoldingKey, ProviderName};
use perennial_core::buyer::intent::IntentId;
use perennial_core::buyer::remote::CallError;
use perennial_core::money::MoneyError;
use perennial_core::ports::{Failure, Rejection};

/// Why the buyer could not do what was asked for. An intent that was being carried is on file as far as it came.
#[derive(Debug, thiserror::Error)]
pub enum BuyerError {
    /// No account has this name.
    #[error("there is no provider `{0}`")]
    UnknownProvider(ProviderName),
    /// No inventory shows this service.
    #[error("there is no service {0}; `sync` reads what there is")]
    UnknownService(HoldingKey),
    /// No such intent is on file.
    #[error("there is no intent {0}")]
    UnknownIntent(IntentId),
    /// Somebody else is at this intent.
    #[error("intent {0} is being carried by another process at this moment")]
    Busy(IntentId),
    /// There is nothing that a person could settle.
    #[error("intent {id} is {state}: nothing of it is to be settled")]
    NotUnsure {
        /// Which intent.
        id: IntentId,
        /// Its state's word.
        state: &'static str,
    },
    /// A page of an inventory says that it comes after itself.
    #[error("the inventory of `{0}` never ends: a page leads back to itself")]
    Endless(ProviderName),
    /// A provider could not be read.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The ledger could not be read.
    #[error(transparent)]
    Read(#[from] Failure),
    /// The ledger could not be written.
    #[error(transparent)]
    Write(#[from] Rejection),
    /// What was spent cannot be added up.
    #[error(transparent)]
    Money(#[from] MoneyError),
}
