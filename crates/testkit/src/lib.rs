//! Test support: a real sandbox process, a small HTTP client, and drivers of the clients that people use.
//!
//! Tests only; nothing here is in the product, and nothing here imports the product's wire code: the signatures in
//! [`ovh`] and [`aliyun`] are written a second time on purpose, so that a mistake cannot cancel itself out.
//!
//! A test takes the binary from `env!("CARGO_BIN_EXE_perennial")`:
//!
//! ```no_run
//! # fn main() -> anyhow::Result<()> {
//! # let binary = "perennial";
//! use perennial_testkit::{OvhClient, Sandbox, clients};
//!
//! let sandbox = Sandbox::start(binary)?;
//! let (status, services) = OvhClient::from_env(&sandbox.env()?)?.get("/service")?;
//! let seen = clients::python("renew_vps.py", &sandbox.env()?)?;
//! # Ok(())
//! # }
//! ```

pub mod aliyun;
pub mod bearer;
pub mod clients;
pub mod disk;
pub mod fleet;
pub mod http;
pub mod mail;
pub mod ovh;
pub mod patroni;
pub mod pooler;
pub mod postgres;
pub mod process;
pub mod proxy;
pub mod sandbox;
pub mod server;
pub mod stripe;

pub use aliyun::AliyunClient;
pub use bearer::BearerClient;
pub use disk::Disk;
pub use fleet::Fleet;
pub use mail::MailServer;
pub use ovh::OvhClient;
pub use postgres::Cluster;
pub use proxy::Proxy;
pub use sandbox::Sandbox;
pub use server::Server;
pub use stripe::LocalStripe;

/// Environment variables by name, such as `perennial sandbox --print-env` prints.
pub type Env = std::collections::BTreeMap<String, String>;
