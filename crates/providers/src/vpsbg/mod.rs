//! The VPSBG public API v1: what it looks like on the wire.
//!
//! The facts are those of the provider's documentation (copies of 2023-10 to 2025-03), which calls the API beta. What
//! was only inferred is said where it stands; inferred paths are marked so in the tables of `serve`, a line each.

mod call;
mod serve;
pub mod wire;

pub use call::CALL;
pub use serve::Vpsbg;

/// The dialect's name in addresses, files, logs and metrics.
pub const PROVIDER: &str = "vpsbg";
