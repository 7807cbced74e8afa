//! The buyer's half of the rules: what we rent, when it is due, what is planned, and how one renewal is carried through
//! at a provider that may answer late, twice or never.
//!
//! Pure like the rest of `core`. How a provider is called stands behind [`remote::Remote`].

pub mod holding;
pub mod intent;
pub mod plan;
pub mod policy;
pub mod remote;
