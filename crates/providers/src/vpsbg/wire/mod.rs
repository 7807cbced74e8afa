//! Every body of the API in both directions, a file a topic; serde only, no decisions.

pub mod addon;
pub mod balance;
pub mod edit;
pub mod error;
pub mod floating_ip;
pub mod invoice;
pub mod order;
pub mod page;
pub mod plan;
pub mod rate;
pub mod server;
pub mod stamp;
pub mod user;
