//! Calling providers: what the `call` halves share. Each provider's own half is in its folder, behind
//! [`Remote`].
//!
//! The network is one trait with one method, [`HttpClient`]; who speaks HTTP is the binary's business.

mod address;
mod caller;
mod credentials;
#[cfg(test)]
mod hostile;

use std::num::NonZeroU32;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use jiff::SignedDuration;
use perennial_core::buyer::holding::ProviderName;
use perennial_core::buyer::remote::Remote;
use perennial_core::money::Rate;
use perennial_core::ports::{BoxFuture, Clock, Timer};

pub use self::address::{Address, AddressError, is_loopback, shown};
pub use self::caller::{Caller, Made, Reply};
pub use self::credentials::{CredentialError, Credentials, Field, Found, Places};

/// Sends requests.
pub trait HttpClient: Send + Sync {
    /// Sends a request once: no repeating, no redirects, with a bound on its time. The whole reply is read.
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, SendError>>;
}

/// Why there is no reply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Not a byte of the request left: no name, no connection, no trust.
    #[error("the request was not sent: {0}")]
    NeverSent(String),
    /// The request, or some of it, left, and no whole reply came.
    #[error("no whole answer came: {0}")]
    Lost(String),
}

/// What an account at a provider is called with.
#[derive(Clone, Default)]
pub struct CallSettings {
    /// The API's address; none for the provider's own.
    pub url: Option<String>,
    /// What proves that we are who we are.
    pub credentials: Credentials,
    /// What to pay with, in the provider's words; none for what is the default there.
    pub pay_with: Option<String>,
    /// The regions to look in, of those who have regions.
    pub regions: Vec<String>,
    /// The tax that comes on top of quotes, where a provider's quotes tell none; none where nobody has said so.
    pub vat: Option<Rate>,
    /// How many requests a minute are made at the most; none for what suits the provider.
    pub requests_per_minute: Option<NonZeroU32>,
    /// How long what was done may stay out of sight; none for what suits the provider.
    pub settles_in: Option<SignedDuration>,
}

/// What a `call` half stands on.
#[derive(Clone)]
pub struct CallPorts {
    /// Sends requests.
    pub client: Arc<dyn HttpClient>,
    /// Says what time it is.
    pub clock: Arc<dyn Clock>,
    /// Waits.
    pub timer: Arc<dyn Timer>,
}

/// A setting that an account at a provider cannot be called with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// A credential is missing.
    #[error("{provider} needs `{field}`: {what}")]
    Missing {
        /// Which API.
        provider: &'static str,
        /// Which one.
        field: &'static str,
        /// What it is.
        what: &'static str,
    },
    /// A setting says something that cannot be.
    #[error("`{setting}` cannot be `{value}`: {why}")]
    Wrong {
        /// Which one.
        setting: &'static str,
        /// What it says; never a secret.
        value: String,
        /// Why not.
        why: String,
    },
}

/// How a provider is called: its line in [`DIALECTS`](crate::DIALECTS).
pub struct CallHalf {
    /// The provider's own address.
    pub url: &'static str,
    /// The credentials it takes.
    pub fields: &'static [Field],
    /// Finds credentials, and the address that goes with them, where people already keep them for this provider's own
    /// programs.
    pub find: fn(&Places<'_>) -> Result<Found, CredentialError>,
    /// How many requests a minute are made where nothing else is said.
    pub requests_per_minute: NonZeroU32,
    /// Makes it.
    pub make: Make,
}

/// Makes a provider's `call` half, for the account that we gave a name.
pub type Make = fn(ProviderName, CallSettings, CallPorts) -> Result<Arc<dyn Remote>, SettingError>;
