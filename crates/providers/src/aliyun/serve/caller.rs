//! Who calls: what was presented is held against what is on file.
//!
//! An access key is an application with one credential. The credential's secret text is the session's token (STS); where
//! there is no session it is the key's id, which is what such a request presents besides its signature.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use perennial_core::account::Account;
use perennial_core::credential::{Application, ApplicationStatus, Credential, CredentialStatus, Flow};
use perennial_core::idempotency::Nonce;
use perennial_core::ids::ApplicationId;
use perennial_core::ports::Clock;

use super::Aliyun;
use crate::aliyun::auth::acs3::{self, Message, Unverified};
use crate::aliyun::auth::{Claims, Parameters, Scheme, parse_timestamp, rpc};
use crate::aliyun::wire::error::Failure;
use crate::aliyun::{PROVIDER, SESSION_PREFIX};
use crate::common::known::Known;
use crate::secret::digest;
use crate::{Ports, Request};

/// Who calls: proved.
pub(super) struct Caller {
    /// The account that the call is for.
    pub account: Account,
    /// What its key may do, and where.
    pub credential: Credential,
    /// The access key.
    pub application: ApplicationId,
    /// What its requests are signed with.
    secret: String,
}

/// A proved request of a caller.
pub(super) struct Proved {
    /// Who calls.
    pub known: Arc<Known<Caller>>,
    /// What no other request of the key has.
    pub nonce: Nonce,
    /// Until when its timestamp is good.
    pub good_until: Timestamp,
}

/// Proves the caller: key, time, signature, in the order of the errors that a client can act on.
pub(super) fn prove(
    aliyun: &Aliyun,
    ports: &Ports,
    request: &Request,
    parameters: &Parameters,
    claims: &Claims<'_>,
    now: Timestamp,
) -> Result<Proved, Failure> {
    let known = known(aliyun, ports, claims)?;
    let caller = &known.caller;
    match caller.credential.status_at(now) {
        CredentialStatus::Validated => {}
        _ if claims.security_token.is_some() => return Err(session("Expired", "is expired")),
        _ => return Err(inactive()),
    }
    let good_until = check_time(aliyun, &*ports.clock, claims, now)?;
    let verified = match &claims.scheme {
        Scheme::Rpc => rpc::verify(&caller.secret, request.method.as_str(), parameters)
            .map_err(|wrong| mismatch_rpc(aliyun, &wrong.string_to_sign)),
        Scheme::V3(authorization) => {
            let query = request.target.split_once('?').map_or("", |(_, query)| query);
            let (method, headers, body) = (request.method.as_str(), &request.headers, &request.body);
            let message = Message { method, query, headers, body };
            acs3::verify(&caller.secret, authorization, &message).map_err(|wrong| mismatch_v3(aliyun, &wrong))
        }
    };
    verified?;
    let nonce = Nonce { application: caller.application, digest: digest(claims.nonce) };
    Ok(Proved { known, nonce, good_until })
}

/// Whether a request was signed lately, by our clock or by its sender's; until when it counts as that.
fn check_time(aliyun: &Aliyun, clock: &dyn Clock, claims: &Claims<'_>, now: Timestamp) -> Result<Timestamp, Failure> {
    let signed = parse_timestamp(claims.timestamp).ok_or_else(|| {
        Failure::bad("InvalidTimeStamp.Format", "Specified time stamp or date value is not well formatted.")
    })?;
    let window = i64::from(aliyun.settings.clock_window_s);
    let ages = [now, clock.of_clients()].map(|present| present.as_second().saturating_sub(signed.as_second()));
    let age = ages.into_iter().find(|age| age.unsigned_abs() <= window.unsigned_abs()).ok_or_else(expired)?;
    // The window ends with a whole second, which is good to its end.
    let left = SignedDuration::from_secs(window.saturating_sub(age).saturating_add(1));
    Ok(now.checked_add(left).unwrap_or(Timestamp::MAX))
}

/// The request was signed too long ago, or will be.
pub(super) fn expired() -> Failure {
    Failure::bad("InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")
}

/// Whose key this is: as it was read before, if nothing about access has changed since.
fn known(aliyun: &Aliyun, ports: &Ports, claims: &Claims<'_>) -> Result<Arc<Known<Caller>>, Failure> {
    let presented_text = claims.security_token.unwrap_or(claims.access_key_id);
    let presented = (Some(claims.access_key_id.to_owned()), digest(presented_text));
    let version = ports.access_version()?;
    if let Some(known) = aliyun.known.get(version, &presented) {
        return Ok(known);
    }
    let application = ports
        .books
        .find_application(PROVIDER, claims.access_key_id)?
        .filter(|found| found.flow == Flow::Signature)
        .ok_or_else(|| Failure::not_found("InvalidAccessKeyId.NotFound", "Specified access key is not found."))?;
    if application.status != ApplicationStatus::Active {
        return Err(inactive());
    }
    let (account, credential) = standing(ports, claims, &application, &presented.1)?;
    let secret = ports.vault.open(&application.secret_sealed)?;
    let secret = String::from_utf8(secret).map_err(|_| Failure::server_error())?;
    let last_used = credential.last_used;
    let caller = Caller { account, credential, application: application.id, secret };
    let known = Arc::new(Known::new(caller, last_used));
    aliyun.known.keep(version, presented, &known);
    Ok(known)
}

/// The credential of an access key, and the account that it acts for.
fn standing(
    ports: &Ports,
    claims: &Claims<'_>,
    application: &Application,
    digest: &[u8; 32],
) -> Result<(Account, Credential), Failure> {
    let is_session = claims.access_key_id.starts_with(SESSION_PREFIX);
    if is_session && claims.security_token.is_none() {
        return Err(Failure::missing("SecurityToken"));
    }
    let credential = ports.books.find_credential(PROVIDER, digest)?;
    let credential = credential.filter(|found| found.application == Some(application.id));
    let Some(credential) = credential else {
        // The credential of a key without a session is forgotten some time after it was ended.
        let ended = claims.security_token.is_none();
        return Err(if ended {
            inactive()
        } else {
            session("MismatchWithAccessKey", "does not belong to the access key")
        });
    };
    let account = match credential.account {
        Some(id) => ports.books.account(id)?,
        None => None,
    };
    Ok((account.ok_or_else(inactive)?, credential))
}

fn inactive() -> Failure {
    Failure::bad("InvalidAccessKeyId.Inactive", "Specified access key is disabled.")
}

fn session(code: &str, what: &str) -> Failure {
    Failure::bad(format!("InvalidSecurityToken.{code}"), format!("Specified SecurityToken {what}."))
}

/// The wrong signature of RPC 1.0, with what was calculated where the seller shows it: it holds whatever the request
/// holds, tokens included. The older Python SDK reads what follows the colon, and breaks without one.
fn mismatch_rpc(aliyun: &Aliyun, string_to_sign: &str) -> Failure {
    const MESSAGE: &str = "Specified signature is not matched with our calculation. server string to sign is:";
    mismatch(format!("{MESSAGE}{}", if aliyun.settings.explain_signatures { string_to_sign } else { " (not shown)" }))
}

/// The wrong signature of V3. (The code is the documented one for all of these; the words of the message are inferred.)
fn mismatch_v3(aliyun: &Aliyun, wrong: &Unverified) -> Failure {
    const MESSAGE: &str = "Specified signature does not match our calculation.";
    mismatch(match wrong {
        Unverified::Mismatch { .. } if !aliyun.settings.explain_signatures => MESSAGE.to_owned(),
        Unverified::Mismatch { string_to_sign, canonical_request } => {
            format!(
                "{MESSAGE} server StringToSign is [{string_to_sign}] server CanonicalRequest is [{canonical_request}]"
            )
        }
        other => format!("{MESSAGE} Reason: {other}."),
    })
}

fn mismatch(message: String) -> Failure {
    Failure::bad("SignatureDoesNotMatch", message)
}
