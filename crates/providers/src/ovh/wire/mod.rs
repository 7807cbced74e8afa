//! Every body of the API in both directions, a file a topic; serde only, no decisions.
//!
//! - Field and word names are the wire's own, by `#[serde(rename)]`; each type names its model in the official schema.
//! - A nullable field is an `Option` and is always written, as `null`. Read back, absent and `null` are the same.
//! - Enumerations that something is decided by are closed: a new word fails loudly. Words that are only passed on
//!   (countries, offers, sub types of cards) are strings.
//! - A type named `...Update` or `...Request` is what a caller may send; read-only fields sent along are ignored, as
//!   callers read an object, change it and send the whole of it back.

pub mod auth;
pub mod bill;
pub mod error;
pub mod hosting;
pub mod me;
pub mod money;
pub mod order;
pub mod payment;
pub mod payment_mean;
pub mod product;
pub mod scalar;
pub mod service;
pub mod services;

#[cfg(test)]
mod tests;

/// Declares an enumeration of the schema: unit variants, each with its word on the wire.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $(
                #[doc = concat!("`", $word, "` on the wire.")]
                #[serde(rename = $word)]
                $variant,
            )+
        }

        impl $name {
            /// Every variant.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// Returns the word on the wire.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// Finds the variant of a word; `None` for a word that is not in the schema.
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.as_str() == word)
            }
        }
    };
}
use words;
