//! The loop that moves things: the lane that carries commands out, the outbox that lets notices leave, webhooks,
//! housekeeping, the schedule that goes through the days, the cashier that has gateways move money, the buyer that carries
//! renewals through at providers, and the only clock of the house.
//!
//! Absent on purpose: rules (they are `perennial-core`'s), SQL, and anything a provider says on the wire.

pub mod buyer;
pub mod cashier;
pub mod clock;
pub mod lane;
pub mod outbox;
pub mod schedule;
pub mod webhooks;
