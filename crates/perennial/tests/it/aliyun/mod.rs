//! The Alibaba Cloud dialect: a file a topic.

mod auto_renew;
mod billing;
mod gateway;
mod house;
mod instances;
mod price;
mod recorded;
mod renewal;
mod tokens;
mod vectors;
mod world;
