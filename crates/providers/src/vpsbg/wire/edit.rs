//! A field that is absent, null or set, where the three are different things.

use serde::{Deserialize, Deserializer};

/// What becomes of something that may be absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Edit<T> {
    /// The field is absent: it stays.
    #[default]
    Keep,
    /// The field is null: it is taken away.
    Clear,
    /// It is set.
    Set(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Edit<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(|value| value.map_or(Self::Clear, Self::Set))
    }
}
