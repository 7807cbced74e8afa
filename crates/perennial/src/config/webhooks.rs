//! `[webhooks]`: whom webhooks may reach.

use serde::Deserialize;

use crate::webhook::reach::Reach;

/// How webhooks are called.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhooksConfig {
    /// Whether they may be in private networks, on this machine, and without TLS. Default false; for tests and for networks in
    /// which nobody but the seller names webhooks.
    #[serde(default)]
    pub allow_private: bool,
}

impl WebhooksConfig {
    /// Whom they may reach.
    pub const fn reach(self) -> Reach {
        if self.allow_private { Reach::Everywhere } else { Reach::Public }
    }
}
