//! Drawing what is done with applications, credentials and nonces.

use jiff::SignedDuration;
use perennial_core::command::{Action, NewApplication, NewCredential, NewCredentialStanding};
use perennial_core::credential::{AccessRule, Flow};
use perennial_core::idempotency::Nonce;
use perennial_core::ids::{AccountId, ApplicationId, CredentialId};

use super::draw::{Drawn, Script};

const DIALECTS: [&str; 3] = ["ovh", "hostup", "aliyun"];

impl Script {
    pub(super) fn register_application(&mut self) -> Drawn {
        // A key that was given before is refused by the schema alone.
        let given = if self.dice.one_in(25) { self.dice.lately(&self.known.keys).cloned() } else { None };
        let new = NewApplication {
            dialect: (*self.dice.pick(&DIALECTS)).to_owned(),
            key: given.unwrap_or_else(|| format!("key {}", self.new_number())),
            secret_sealed: self.dice.digest()[..self.dice.below(33)].to_vec(),
            name: self.text(),
            description: self.text(),
            flow: *self.dice.pick(&[Flow::Signature, Flow::ClientCredentials]),
        };
        (self.customer(), Action::RegisterApplication(new))
    }

    /// An application; seldom one that is not there.
    fn application(&mut self) -> (AccountId, ApplicationId) {
        let known = self.dice.lately(&self.known.applications).copied().filter(|_| !self.dice.one_in(12));
        known.unwrap_or_else(|| (self.customer(), ApplicationId(777_777)))
    }

    pub(super) fn revoke_application(&mut self) -> Drawn {
        let (account, application) = self.application();
        (account, Action::RevokeApplication { application })
    }

    pub(super) fn edit_application(&mut self) -> Drawn {
        let (account, application) = self.application();
        (account, Action::EditApplication { application, name: self.text(), description: self.text() })
    }

    pub(super) fn issue_credential(&mut self) -> Drawn {
        let account = self.customer();
        // A digest that was taken before is refused by the schema alone.
        let taken = if self.dice.one_in(30) { self.dice.lately(&self.known.digests).copied() } else { None };
        let standing = if self.dice.one_in(2) {
            let (approval_digest, expires) = (self.dice.digest(), self.hours(-8..=480));
            NewCredentialStanding::Pending { approval_digest, expires }
        } else {
            NewCredentialStanding::Validated { expires: self.dice.one_in(2).then(|| self.hours(1..=2_000)) }
        };
        let new = NewCredential {
            dialect: (*self.dice.pick(&DIALECTS)).to_owned(),
            application: self.dice.one_in(2).then(|| self.application().1),
            digest: taken.unwrap_or_else(|| self.dice.digest()),
            label: self.text(),
            standing,
            rules: (0..self.dice.below(3)).map(|_| AccessRule { method: self.text(), path: self.text() }).collect(),
            allowed_ips: self.blocks(),
            redirection: self.dice.one_in(2).then(|| self.text()),
        };
        (account, Action::IssueCredential(new))
    }

    fn blocks(&mut self) -> Vec<String> {
        (0..self.dice.below(3)).map(|_| self.text()).collect()
    }

    fn pending(&mut self) -> CredentialId {
        let pending = self.dice.take(&mut self.known.pending).filter(|_| !self.dice.one_in(12));
        pending.unwrap_or_else(|| self.credential().1)
    }

    /// A credential; seldom one that is not there.
    fn credential(&mut self) -> (AccountId, CredentialId) {
        let known = self.dice.lately(&self.known.credentials).copied().filter(|_| !self.dice.one_in(12));
        known.unwrap_or_else(|| (self.customer(), CredentialId(777_777)))
    }

    pub(super) fn approve_credential(&mut self) -> Drawn {
        let expires = self.dice.one_in(2).then(|| self.hours(1..=2_000));
        (self.customer(), Action::ApproveCredential { credential: self.pending(), expires })
    }

    pub(super) fn refuse_credential(&mut self) -> Drawn {
        (self.customer(), Action::RefuseCredential { credential: self.pending() })
    }

    pub(super) fn edit_credential(&mut self) -> Drawn {
        let (account, credential) = self.credential();
        (account, Action::EditCredential { credential, allowed_ips: self.blocks() })
    }

    pub(super) fn expire_credential(&mut self) -> Drawn {
        let (account, credential) = self.credential();
        (account, Action::ExpireCredential { credential })
    }

    pub(super) fn touch_credential(&mut self) -> Drawn {
        let (account, credential) = self.credential();
        (account, Action::TouchCredential { credential })
    }

    pub(super) fn use_nonce(&mut self) -> Drawn {
        let used = if self.dice.one_in(4) { self.dice.lately(&self.known.nonces).copied() } else { None };
        if let Some((nonce, good_until)) = used {
            let good_until = good_until + SignedDuration::from_mins(self.dice.int(0..=3_000));
            return (self.customer(), Action::UseNonce { nonce, good_until });
        }
        // An application that is not there is refused by the schema alone.
        let known = self.dice.lately(&self.known.applications).copied();
        let owned = known.filter(|_| !self.dice.one_in(80));
        let Some((account, application)) = owned else { return self.use_nonce_of(known.is_some()) };
        let good_until = self.now + SignedDuration::from_mins(self.dice.int(-1..=15));
        let nonce = Nonce { application, digest: self.dice.digest() };
        (account, Action::UseNonce { nonce, good_until })
    }

    /// A nonce of an application that is not there: too late where the schema is not to be asked.
    fn use_nonce_of(&mut self, asks_the_schema: bool) -> Drawn {
        let minutes = if asks_the_schema { 15 } else { -15 };
        let good_until = self.now + SignedDuration::from_mins(minutes);
        let nonce = Nonce { application: ApplicationId(777_777), digest: self.dice.digest() };
        (self.customer(), Action::UseNonce { nonce, good_until })
    }
}
