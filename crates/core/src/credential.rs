//! Applications and credentials: who may call, for which account, and what.
//!
//! How a dialect proves a credential is that dialect's business; here is what is on file about it.

use jiff::Timestamp;

use crate::ids::{AccountId, ApplicationId, CredentialId};

/// How an application proves itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// It signs each request with its secret.
    Signature,
    /// It trades its secret for short-lived bearer tokens (OAuth2 client credentials).
    ClientCredentials,
}

impl Flow {
    /// The word for it in SQL and replies.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Signature => "signature",
            Self::ClientCredentials => "client-credentials",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Signature, Self::ClientCredentials].into_iter().find(|flow| flow.word() == word)
    }
}

/// Whether an application may still call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApplicationStatus {
    /// It may.
    Active,
    /// Its owner or the seller ended it, with all its credentials.
    Revoked,
}

impl ApplicationStatus {
    /// The word for it in SQL and replies.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Revoked => "revoked",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Active, Self::Revoked].into_iter().find(|status| status.word() == word)
    }
}

/// The holder of a secret: an application of a developer's, a service account, an access key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// Which application.
    pub id: ApplicationId,
    /// Who owns it.
    pub owner: AccountId,
    /// The dialect it speaks, such as `ovh`.
    pub dialect: String,
    /// Its public key or client id; unique within the dialect.
    pub key: String,
    /// Its secret, encrypted under the seller's master key.
    pub secret_sealed: Vec<u8>,
    /// What its owner calls it.
    pub name: String,
    /// What its owner says of it.
    pub description: String,
    /// How it proves itself.
    pub flow: Flow,
    /// Whether it may still call.
    pub status: ApplicationStatus,
    /// When it was registered.
    pub created: Timestamp,
}

/// Where a credential is in its life, as written; expiry comes on top by the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialStatus {
    /// Asked for; its owner has not answered.
    Pending,
    /// May be used.
    Validated,
    /// The owner said no.
    Refused,
    /// Ended: by time, by logout, by revocation.
    Expired,
}

impl CredentialStatus {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Validated, Self::Refused, Self::Expired];

    /// The word for it in SQL and replies.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Validated => "validated",
            Self::Refused => "refused",
            Self::Expired => "expired",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word() == word)
    }
}

/// One permission, in the dialect's own words: what may be done, and to what. `GET` and `/me/*`, or `read` and
/// `domains`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessRule {
    /// The HTTP method, or the verb of a scope.
    pub method: String,
    /// The path pattern, or the scope's noun.
    pub path: String,
}

/// What a request presents to act for an account: a consumer key, an access token, a bearer key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// Which credential.
    pub id: CredentialId,
    /// The dialect it is for, such as `ovh`.
    pub dialect: String,
    /// The application it was given to, in dialects that have applications.
    pub application: Option<ApplicationId>,
    /// The account it acts for; none before its owner approved it.
    pub account: Option<AccountId>,
    /// SHA-256 of its secret text, which itself is never stored.
    pub digest: [u8; 32],
    /// What people call it.
    pub label: String,
    /// Where it is in its life, as written.
    pub status: CredentialStatus,
    /// What it may do.
    pub rules: Vec<AccessRule>,
    /// Address blocks it may be used from; empty for all.
    pub allowed_ips: Vec<String>,
    /// Where the owner's browser goes after the answer.
    pub redirection: Option<String>,
    /// SHA-256 of the token in the link that asks the owner.
    pub approval_digest: Option<[u8; 32]>,
    /// When it was made.
    pub created: Timestamp,
    /// When it ends; none for never.
    pub expires: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used: Option<Timestamp>,
}

impl Credential {
    /// Where the credential is in its life at an instant.
    pub fn status_at(&self, now: Timestamp) -> CredentialStatus {
        let over = self.expires.is_some_and(|expires| now >= expires);
        match self.status {
            CredentialStatus::Pending | CredentialStatus::Validated if over => CredentialStatus::Expired,
            status => status,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_ends_what_could_be_used_and_nothing_else() {
        let at = |second| Timestamp::from_second(second).expect("is an instant");
        let mut credential = Credential {
            id: CredentialId(1),
            dialect: "ovh".to_owned(),
            application: None,
            account: None,
            digest: [0; 32],
            label: String::new(),
            status: CredentialStatus::Pending,
            rules: Vec::new(),
            allowed_ips: Vec::new(),
            redirection: None,
            approval_digest: None,
            created: at(0),
            expires: Some(at(10)),
            last_used: None,
        };
        for (status, after) in [
            (CredentialStatus::Pending, CredentialStatus::Expired),
            (CredentialStatus::Validated, CredentialStatus::Expired),
            (CredentialStatus::Refused, CredentialStatus::Refused),
            (CredentialStatus::Expired, CredentialStatus::Expired),
        ] {
            credential.status = status;
            assert_eq!((credential.status_at(at(9)), credential.status_at(at(10))), (status, after));
        }
    }
}
