//! The OVHcloud API v1: what it looks like on the wire, and how its calls are signed.
//!
//! The facts are those of the official schemas (2024 to 2026-05 copies), of the official SDKs and of the official
//! guides, read 2026-11. Where no good source was found, the code says *unverified*, in one place.
//!
//! Nothing but `serve` reads a clock or a random source, and it reads the house's.

pub mod auth;
mod call;
pub mod description;
pub mod routes;
mod serve;
pub mod wire;

pub use call::CALL;
pub use serve::Ovh;

/// The dialect's name in addresses, files, logs and metrics.
pub const PROVIDER: &str = "ovh";
