//! The answer of `RenewInstance`.

use serde::Serialize;

/// What a renewal answers.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Renewed {
    /// The order. A string: the SDK for Node loses digits of numbers past 2^53.
    pub order_id: String,
}
