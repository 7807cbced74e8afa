//! Applications and credentials: registering, asking, approving, ending.

use jiff::{SignedDuration, Timestamp};

use super::Decision;
use crate::account::Account;
use crate::command::{NewApplication, NewCredential, NewCredentialStanding, Reply};
use crate::credential::{Application, ApplicationStatus, Credential, CredentialStatus};
use crate::idempotency::Nonce;
use crate::ids::{ApplicationId, CredentialId};
use crate::refusal::Refusal;
use crate::snapshot::{Change, Snapshot};

pub(super) fn register(now: Timestamp, seen: &Snapshot, account: &Account, new: &NewApplication) -> Decision {
    let application = Application {
        id: ApplicationId(seen.next.application),
        owner: account.id,
        dialect: new.dialect.clone(),
        key: new.key.clone(),
        secret_sealed: new.secret_sealed.clone(),
        name: new.name.clone(),
        description: new.description.clone(),
        flow: new.flow,
        status: ApplicationStatus::Active,
        created: now,
    };
    let reply = Reply::Application(application.id);
    Decision::new(vec![Change::SetApplication(application)], reply)
}

pub(super) fn revoke(seen: &Snapshot, account: &Account, id: ApplicationId) -> Result<Decision, Refusal> {
    let revoked = Application { status: ApplicationStatus::Revoked, ..owned(seen, account, id)?.clone() };
    let changes = vec![Change::SetApplication(revoked), Change::ExpireCredentialsOf(id)];
    Ok(Decision::new(changes, Reply::Done))
}

pub(super) fn edit_application(
    seen: &Snapshot,
    account: &Account,
    id: ApplicationId,
    name: &str,
    description: &str,
) -> Result<Decision, Refusal> {
    let (name, description) = (name.to_owned(), description.to_owned());
    let edited = Application { name, description, ..owned(seen, account, id)?.clone() };
    Ok(Decision::done(Change::SetApplication(edited)))
}

/// Makes a credential: at once for the account, or pending for whoever answers its link.
pub(super) fn issue(
    now: Timestamp,
    seen: &Snapshot,
    account: &Account,
    new: &NewCredential,
) -> Result<Decision, Refusal> {
    if let Some(id) = new.application {
        let active = |found: &&Application| found.status == ApplicationStatus::Active;
        seen.applications.get(&id).filter(active).ok_or(Refusal::UnknownApplication(id))?;
    }
    let (status, account, approval_digest, expires) = match new.standing {
        NewCredentialStanding::Pending { approval_digest, expires } => {
            (CredentialStatus::Pending, None, Some(approval_digest), Some(expires))
        }
        NewCredentialStanding::Validated { expires } => (CredentialStatus::Validated, Some(account.id), None, expires),
    };
    let credential = Credential {
        id: CredentialId(seen.next.credential),
        dialect: new.dialect.clone(),
        application: new.application,
        account,
        digest: new.digest,
        label: new.label.clone(),
        status,
        rules: new.rules.clone(),
        allowed_ips: new.allowed_ips.clone(),
        redirection: new.redirection.clone(),
        approval_digest,
        created: now,
        expires,
        last_used: None,
    };
    let reply = Reply::Credential(credential.id);
    Ok(Decision::new(vec![Change::SetCredential(credential)], reply))
}

/// From now on the credential acts for the account.
pub(super) fn approve(
    now: Timestamp,
    seen: &Snapshot,
    account: &Account,
    id: CredentialId,
    expires: Option<Timestamp>,
) -> Result<Decision, Refusal> {
    let pending = pending(now, seen, id)?;
    Ok(Decision::done(Change::SetCredential(Credential {
        account: Some(account.id),
        status: CredentialStatus::Validated,
        approval_digest: None,
        expires,
        ..pending.clone()
    })))
}

pub(super) fn refuse(
    now: Timestamp,
    seen: &Snapshot,
    account: &Account,
    id: CredentialId,
) -> Result<Decision, Refusal> {
    let pending = pending(now, seen, id)?;
    Ok(Decision::done(Change::SetCredential(Credential {
        account: Some(account.id),
        status: CredentialStatus::Refused,
        approval_digest: None,
        ..pending.clone()
    })))
}

pub(super) fn edit_credential(
    seen: &Snapshot,
    account: &Account,
    id: CredentialId,
    allowed_ips: &[String],
) -> Result<Decision, Refusal> {
    let credential = credential_of(seen, account, id)?;
    let edited = Credential { allowed_ips: allowed_ips.to_vec(), ..credential.clone() };
    Ok(Decision::done(Change::SetCredential(edited)))
}

pub(super) fn expire(seen: &Snapshot, account: &Account, id: CredentialId) -> Result<Decision, Refusal> {
    let credential = credential_of(seen, account, id)?;
    let expired = Credential { status: CredentialStatus::Expired, ..credential.clone() };
    Ok(Decision::done(Change::SetCredential(expired)))
}

pub(super) fn touch(now: Timestamp, seen: &Snapshot, account: &Account, id: CredentialId) -> Result<Decision, Refusal> {
    let credential = credential_of(seen, account, id)?.id;
    Ok(Decision::done(Change::TouchCredential { credential, at: now }))
}

/// For how long a nonce is remembered after its request is too old: the clocks of those who forget may be ahead of the
/// clocks of those who look.
const NONCE_MARGIN: SignedDuration = SignedDuration::from_hours(1);

/// Uses a nonce up.
pub(super) fn use_nonce(
    now: Timestamp,
    seen: &Snapshot,
    nonce: Nonce,
    good_until: Timestamp,
) -> Result<Decision, Refusal> {
    if seen.nonces.contains_key(&nonce) {
        return Err(Refusal::NonceUsed);
    }
    // Whoever looked at its time may have waited since.
    if now >= good_until {
        return Err(Refusal::NonceLate);
    }
    let keep_until = good_until.checked_add(NONCE_MARGIN).unwrap_or(Timestamp::MAX);
    Ok(Decision::done(Change::UseNonce { nonce, keep_until }))
}

fn owned<'a>(seen: &'a Snapshot, account: &Account, id: ApplicationId) -> Result<&'a Application, Refusal> {
    let mine = |found: &&Application| found.owner == account.id && found.status == ApplicationStatus::Active;
    seen.applications.get(&id).filter(mine).ok_or(Refusal::UnknownApplication(id))
}

fn credential_of<'a>(seen: &'a Snapshot, account: &Account, id: CredentialId) -> Result<&'a Credential, Refusal> {
    seen.credentials
        .get(&id)
        .filter(|credential| credential.account == Some(account.id))
        .ok_or(Refusal::UnknownCredential(id))
}

fn pending(now: Timestamp, seen: &Snapshot, id: CredentialId) -> Result<&Credential, Refusal> {
    let credential = seen.credentials.get(&id).ok_or(Refusal::UnknownCredential(id))?;
    if credential.status_at(now) == CredentialStatus::Pending {
        Ok(credential)
    } else {
        Err(Refusal::CredentialNotPending(id))
    }
}
