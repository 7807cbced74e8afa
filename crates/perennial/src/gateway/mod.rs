//! Gateways: where registered methods are kept that others move money with. Each stands behind
//! [`perennial_core::ports::Gateway`].
//!
//! Here is what a gateway is asked, and what its answers mean. When it is asked, and what comes of that, is the cashier's.

pub mod id;
pub mod stripe;
