//! What the dialects share: reading bodies and queries, matching paths, knowing callers, pacing them, repeating a
//! request by its token; and the `bearer` frame of the dialects whose callers present a key and nothing else.
//!
//! Nothing here knows a provider.

pub(crate) mod access;
pub mod amount;
pub(crate) mod bearer;
pub mod body;
pub mod card;
pub(crate) mod known;
pub(crate) mod pace;
pub mod path;
pub mod query;
pub(crate) mod rejection;
pub(crate) mod token;
