//! Every body of the API in both directions, a file a topic; serde only, no decisions. camelCase throughout.

pub mod bulk;
pub mod card;
pub mod cycle;
pub mod domain;
pub mod hosting;
pub mod invoice;
pub mod legacy;
pub mod money;
pub mod order;
pub mod preference;
pub mod problem;
pub mod reference;
pub mod renewal;
pub mod stamp;
