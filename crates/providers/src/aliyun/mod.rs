//! Alibaba Cloud's API of ECS (2014-05-26) and, for what renewal clients use of it, of billing (`BssOpenApi`, 2017-12-14):
//! what they look like on the wire.
//!
//! The facts are those of the vendor's pages (2025) and of its SDKs, whose requests were recorded (`auth/vectors.json`).
//! What was only inferred is said where it stands. `Content-MD5`, which the older Python SDK sends with forms, is not
//! checked: the signature covers the parameters.

pub mod auth;
mod call;
mod serve;
pub mod wire;

pub use call::CALL;
pub use serve::Aliyun;

/// The dialect's name in addresses, files, logs and metrics.
pub const PROVIDER: &str = "aliyun";

/// How access keys of a session begin (STS).
pub const SESSION_PREFIX: &str = "STS.";
