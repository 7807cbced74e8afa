//! Everything that speaks HTTP: listeners, the dialects on them, the seller's own pages, and the house that runs them.
//!
//! A [`listener`] knows sockets and HTTP, a [`dialect`] hands a raw request to its provider, [`pages`] answer people.
//! Absent on purpose: rules, SQL, and what any provider says on the wire.

pub mod dialect;
pub mod document;
pub mod house;
pub mod listener;
pub mod measure;
pub mod pages;
pub mod password;
pub mod problem;
pub mod tls;
