//! The HostUp API v2, and what of its legacy API v1 concerns renewal: what they look like on the wire.
//!
//! The facts are those of the provider's developer documentation (copies of spring and summer 2026). What was only
//! inferred is said where it stands.

mod call;
pub mod id;
mod serve;
pub mod wire;

pub use call::CALL;
pub use serve::HostUp;

/// The dialect's name in addresses, files, logs and metrics.
pub const PROVIDER: &str = "hostup";
