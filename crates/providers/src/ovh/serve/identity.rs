//! Who calls: what was presented is held against what is on file.

use std::sync::Arc;

use http::header::HOST;
use jiff::Timestamp;
use perennial_core::account::Account;
use perennial_core::credential::{
    AccessRule as StoredRule, Application, ApplicationStatus, Credential, CredentialStatus, Flow,
};
use perennial_core::snapshot::Want;

use super::Ovh;
use super::context::Caller;
use crate::common::known::Known;
use crate::ovh::PROVIDER;
use crate::ovh::auth::{Presented, Signed, verify};
use crate::ovh::wire::auth::{AccessRule, HttpMethod};
use crate::ovh::wire::error::{AuthError, Failure};
use crate::secret::digest;
use crate::{Ports, Request};

/// Whether a path is for everybody: the clock, and asking for a credential.
pub(super) fn needs_nobody(below: &str) -> bool {
    matches!(below, "/auth/time" | "/auth/credential")
}

/// Proves the caller.
///
/// The order of the checks is that of the errors a client can act on: application, credential, its state, time,
/// signature.
pub(super) fn prove(
    ovh: &Ovh,
    ports: &Ports,
    request: &Request,
    now: Timestamp,
) -> Result<Arc<Known<Caller>>, Failure> {
    match Presented::read(&request.headers) {
        Presented::Nothing => Err(AuthError::NotLoggedIn.into()),
        Presented::Application { application_key } => {
            application(ports, application_key)?;
            Err(AuthError::NotLoggedIn.into())
        }
        Presented::Bearer { token } => {
            let known = known(ovh, ports, None, token)?;
            if valid(&known.caller.credential, now) { Ok(known) } else { Err(AuthError::NotLoggedIn.into()) }
        }
        Presented::Signature { application_key, consumer_key, timestamp, signature } => {
            let known = known(ovh, ports, Some(application_key), consumer_key)?;
            if !valid(&known.caller.credential, now) {
                return Err(AuthError::InvalidCredential.into());
            }
            if now.as_second().abs_diff(timestamp) > u64::from(ovh.settings.clock_window_s) {
                return Err(AuthError::OutOfTime.into());
            }
            let bases: Vec<_> = ovh.settings.public_urls.iter().map(String::as_str).collect();
            let signed = signed(request, timestamp, signature);
            if verify(&known.caller.secret, consumer_key, &bases, &signed) {
                Ok(known)
            } else {
                Err(AuthError::WrongSignature.into())
            }
        }
    }
}

fn valid(credential: &Credential, now: Timestamp) -> bool {
    credential.status_at(now) == CredentialStatus::Validated
}

/// Who presents this text: as it was read before, if nothing about access has changed since.
fn known(ovh: &Ovh, ports: &Ports, application_key: Option<&str>, text: &str) -> Result<Arc<Known<Caller>>, Failure> {
    let presented = (application_key.map(str::to_owned), digest(text));
    let version = ports.access_version()?;
    if let Some(known) = ovh.known.get(version, &presented) {
        return Ok(known);
    }
    let known = Arc::new(match application_key {
        Some(key) => by_consumer_key(ports, key, &presented.1)?,
        None => by_token(ports, &presented.1)?,
    });
    ovh.known.keep(version, presented, &known);
    Ok(known)
}

/// The application with a public key.
pub(super) fn application(ports: &Ports, key: &str) -> Result<Application, Failure> {
    ports
        .books
        .find_application(PROVIDER, key)?
        .filter(|found| found.status == ApplicationStatus::Active && found.flow == Flow::Signature)
        .ok_or_else(|| AuthError::UnknownApplication.into())
}

fn by_consumer_key(ports: &Ports, application_key: &str, digest: &[u8; 32]) -> Result<Known<Caller>, Failure> {
    let application = application(ports, application_key)?;
    let credential = ports
        .books
        .find_credential(PROVIDER, digest)?
        .filter(|found| found.application == Some(application.id))
        .ok_or(AuthError::UnknownCredential)?;
    let secret = ports.vault.open(&application.secret_sealed)?;
    let secret = String::from_utf8(secret).map_err(|_| Failure::server_error())?;
    let account = account(ports, &credential)?.ok_or(AuthError::InvalidCredential)?;
    let last_used = credential.last_used;
    Ok(Known::new(Caller { account, credential, application, secret }, last_used))
}

/// A consumer key is no bearer token: it is worth nothing without its application's signature.
fn by_token(ports: &Ports, digest: &[u8; 32]) -> Result<Known<Caller>, Failure> {
    let credential = ports.books.find_credential(PROVIDER, digest)?.ok_or(AuthError::NotLoggedIn)?;
    let id = credential.application.ok_or(AuthError::NotLoggedIn)?;
    let application = ports
        .books
        .load(&[Want::Application(id)])?
        .applications
        .remove(&id)
        .filter(|found| found.flow == Flow::ClientCredentials && found.status == ApplicationStatus::Active)
        .ok_or(AuthError::NotLoggedIn)?;
    let account = account(ports, &credential)?.ok_or(AuthError::NotLoggedIn)?;
    let last_used = credential.last_used;
    Ok(Known::new(Caller { account, credential, application, secret: String::new() }, last_used))
}

/// The account that a credential acts for; none while its owner has not approved it.
fn account(ports: &Ports, credential: &Credential) -> Result<Option<Account>, Failure> {
    Ok(match credential.account {
        Some(id) => ports.books.account(id)?,
        None => None,
    })
}

fn signed<'a>(request: &'a Request, timestamp: i64, signature: &'a str) -> Signed<'a> {
    Signed {
        method: request.method.as_str(),
        target: &request.target,
        host: request.headers.get(HOST).and_then(|host| host.to_str().ok()),
        body: &request.body,
        timestamp,
        signature,
    }
}

/// A stored rule as the wire has it.
pub(super) fn wire_rule(rule: &StoredRule) -> Option<AccessRule> {
    Some(AccessRule { method: HttpMethod::parse(&rule.method)?, path: rule.path.clone() })
}

/// A rule of the wire as it is stored.
pub(super) fn stored_rule(rule: &AccessRule) -> StoredRule {
    StoredRule { method: rule.method.as_str().to_owned(), path: rule.path.clone() }
}
