//! Webhooks, as they are on the wire: what events say, how they are signed, whom we call, and the call itself.
//!
//! The scheme is that of Standard Webhooks 1.0.0 (<https://www.standardwebhooks.com>). When something is sent, and how
//! often, is `perennial_engine::webhooks`'.

pub mod call;
pub mod event;
pub mod herald;
pub mod reach;
pub mod secret;
