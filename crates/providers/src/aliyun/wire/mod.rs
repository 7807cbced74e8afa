//! Bodies, both directions; no decisions.

pub mod auto_renew;
pub mod billing;
pub mod error;
pub mod instance;
pub mod number;
pub mod price;
pub mod region;
pub mod renewal;
pub mod stamp;
pub mod xml;
