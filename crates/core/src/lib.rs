//! The rules of prepaid renewal: money, calendar, prices, orders, ledger, gates, and [`decide`](decide::decide).
//!
//! Pure: takes plain data and returns plain data. Absent on purpose: any I/O, any clock, any randomness, serde, SQL,
//! HTTP, and floats. What the rooms around it must offer stands in [`ports`].

#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects, clippy::float_arithmetic, clippy::as_conversions))]

pub mod account;
pub mod buyer;
pub mod calendar;
pub mod charge;
pub mod command;
pub mod credential;
pub mod decide;
pub mod expiry;
pub mod gate;
pub mod idempotency;
pub mod ids;
pub mod invoice;
pub mod job;
pub mod ledger;
pub mod link;
pub mod money;
pub mod notice;
pub mod order;
pub mod payment;
pub mod ports;
pub mod product;
pub mod quote;
pub mod refusal;
pub mod schedule;
pub mod service;
pub mod snapshot;
pub mod strategy;
pub mod turn;
