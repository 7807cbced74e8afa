//! Holdings: the services that we rent at providers, as they were read last.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;

use super::remote::{Ask, Offer};
use crate::calendar::Period;
use crate::product::Kind;

/// The text cannot be a name or an id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Not the name of an account at a provider.
    #[error("`{text}` is not a name of 1 to 40 lower-case letters, digits, `-` and `_`")]
    Provider {
        /// What was written.
        text: String,
    },
    /// Not an id of a provider's.
    #[error("an id of 1 to 200 visible ASCII characters was expected")]
    RemoteId,
}

/// The name that we gave one of our accounts at a provider: `ovh-work`. In files and on the command line, a "provider" is
/// such an account.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProviderName(String);

impl ProviderName {
    /// Reads a name.
    ///
    /// # Errors
    /// [`NameError::Provider`].
    pub fn parse(text: &str) -> Result<Self, NameError> {
        const LENGTH_MAX: usize = 40;
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
        if (1..=LENGTH_MAX).contains(&text.len()) && text.bytes().all(is_plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NameError::Provider { text: text.to_owned() })
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProviderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The provider's own id of a service, as it writes it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RemoteId(String);

impl RemoteId {
    /// Takes an id.
    ///
    /// # Errors
    /// [`NameError::RemoteId`].
    pub fn parse(text: &str) -> Result<Self, NameError> {
        const LENGTH_MAX: usize = 200;
        if (1..=LENGTH_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NameError::RemoteId)
        }
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RemoteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which service, of all that we rent.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HoldingKey {
    /// At which of our accounts.
    pub provider: ProviderName,
    /// Which one there.
    pub id: RemoteId,
}

impl fmt::Display for HoldingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.provider, self.id)
    }
}

/// A service that we rent, as it was read last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// Which one.
    pub key: HoldingKey,
    /// What kind of thing it is.
    pub kind: Kind,
    /// What the provider calls it: a host name, a domain.
    pub name: String,
    /// What we call it there, if anything.
    pub label: Option<String>,
    /// Its tags there.
    pub tags: Vec<String>,
    /// The service that it is an option of.
    pub parent: Option<RemoteId>,
    /// What it is now.
    pub stand: Stand,
    /// The period it is paid for at a time, where the provider says so.
    pub period: Option<Period>,
}

impl Holding {
    /// What is to be bought of it.
    pub fn ask(&self, offer: Offer, token: String) -> Ask {
        let (service, name) = (self.key.id.clone(), self.name.clone());
        Ask { service, kind: self.kind, name, fence: self.stand.until, offer, token }
    }
}

/// What of a service decides about its renewal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stand {
    /// Its expiry: the first day that is not paid, in the provider's billing zone. This is the fence.
    pub until: Date,
    /// The instant at which it expires.
    pub expires_at: Timestamp,
    /// Whether it can be renewed.
    pub standing: Standing,
    /// Whether the provider renews it by itself.
    pub native: Native,
}

/// Whether a service can be renewed, as far as its provider tells beforehand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing speaks against it.
    Renewable,
    /// The provider would not renew it now; why not.
    Blocked(String),
}

/// A provider's own automatic renewal of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Native {
    /// It is off.
    Off,
    /// It is on.
    On,
    /// The provider does not tell.
    Untold,
}

impl Native {
    /// Every way.
    pub const ALL: [Self; 3] = [Self::Off, Self::On, Self::Untold];

    /// The word for it in SQL, files and replies.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::On => "on",
            Self::Untold => "untold",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|native| native.word() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_ids_are_plain() {
        for text in ["ovh", "ovh-work_2"] {
            assert_eq!(ProviderName::parse(text).expect("is a name").as_str(), text);
        }
        for text in ["", "OVH", "a b", "a/b", &"x".repeat(41)] {
            assert!(ProviderName::parse(text).is_err(), "{text:?}");
        }
        assert!(RemoteId::parse("dom_01hxa3b4c5d6e7f8g9h0j1k2m3").is_ok());
        for text in ["", "a b", "é", &"x".repeat(201)] {
            assert!(RemoteId::parse(text).is_err(), "{text:?}");
        }
    }
}
