//! An account at a provider, from its section of the file to what is called.

use std::sync::Arc;

use anyhow::{Context, anyhow, ensure};
use http::Uri;
use jiff::SignedDuration;
use perennial_core::buyer::holding::ProviderName;
use perennial_core::buyer::remote::Remote;
use perennial_providers::call::{CallPorts, CallSettings, HttpClient, SettingError};

use super::credentials;
use super::http::{Limits, Network, Trust};
use crate::config::buyer::{ProviderConfig, check_url, is_loopback};

/// Makes an account ready to be called. `rehearsal` is the sandbox that is rehearsed against.
///
/// # Errors
/// When credentials are missing, or a setting will not do.
pub fn open(
    name: &ProviderName,
    config: &ProviderConfig,
    rehearsal: Option<&str>,
    ports: impl FnOnce(Arc<dyn HttpClient>) -> CallPorts,
) -> anyhow::Result<Arc<dyn Remote>> {
    let found = credentials::find(name, config)?;
    let url = match (&config.url, found.url) {
        (Some(url), _) => Some(url.clone()),
        (None, Some(url)) => {
            Some(check_url(&url).map_err(|why| anyhow!("the address that was found for `{name}` will not do: {why}"))?)
        }
        (None, None) => None,
    };
    let called = url.as_deref().unwrap_or(config.api.call.url);
    ensure!(
        rehearsal.is_none() || is_here(called),
        "[rehearsal] follows the clock of a sandbox, and `{name}` is at {called}\nhint: real accounts belong in a file \
         without [rehearsal]; those of a sandbox have its address as `url`"
    );
    let trust = Trust::of(called, config.ca_file.as_deref());
    let client = Network::open(trust, Limits::default()).with_context(|| format!("getting ready to call `{name}`"))?;
    let settings = CallSettings {
        url,
        credentials: found.credentials,
        pay_with: config.pay_with.clone(),
        regions: if config.regions.is_empty() { found.regions } else { config.regions.clone() },
        vat: config.vat,
        requests_per_minute: config.requests_per_minute,
        settles_in: config.settles_in_s.map(|seconds| SignedDuration::from_secs(seconds.into())),
    };
    (config.api.call.make)(name.clone(), settings, ports(Arc::new(client))).map_err(|error| {
        let hint = match &error {
            SettingError::Missing { .. } => format!("\nhint: {}", credentials::ways(config.api)),
            SettingError::Wrong { setting, .. } => format!("\nhint: mend `{setting}` under [provider.{name}]"),
        };
        anyhow::Error::new(error).context(format!("getting ready to call `{name}`{hint}"))
    })
}

/// Whether an address is this machine's own, as a sandbox's is.
pub fn is_here(url: &str) -> bool {
    url.parse::<Uri>().is_ok_and(|url| url.host().is_some_and(is_loopback))
}
