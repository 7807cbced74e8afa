//! `/auth/*`: the clock, asking for a credential, and what a caller may know of its own.

use jiff::{SignedDuration, Timestamp};
use perennial_core::command::{Action, NewCredential, NewCredentialStanding};
use perennial_core::credential::Flow;
use perennial_core::ports::BoxFuture;
use perennial_core::snapshot::Want;

use super::context::{Answer, Context};
use super::credential::credential;
use super::table::{Row, act, read};
use super::{Paced, identity, page_link};
use crate::ovh::PROVIDER;
use crate::ovh::auth::Presented;
use crate::ovh::wire::auth::{
    ApiCredentialRequest, ApiCredentialRequestParams, AuthMethod, CredentialState, Details, HttpMethod,
};
use crate::ovh::wire::error::{AuthError, Failure};
use crate::secret::{digest, random_text};

/// Length of a consumer key, as the provider's.
const CONSUMER_KEY_LENGTH: usize = 32;

/// Length of the token in a validation link, as the provider's.
const VALIDATION_TOKEN_LENGTH: usize = 64;

/// How long a credential may wait for its owner: the provider's default life of a consumer key.
const PENDING_FOR: SignedDuration = SignedDuration::from_hours(24);

/// The most access rules a credential may ask for, and the longest path of one.
const RULES_MAX: usize = 200;
const RULE_PATH_MAX: usize = 1_024;

/// The most bytes of all paths of a credential's rules, and of its redirection; the most address blocks. Anybody with
/// an application key can have them stored.
const RULES_BYTES_MAX: usize = 16 * 1_024;
const REDIRECTION_BYTES_MAX: usize = 2_048;
const ALLOWED_IPS_MAX: usize = 50;

pub(super) const ROWS: &[Row] = &[
    read("/auth/time", "time", time),
    act(HttpMethod::Post, "/auth/credential", "ask-credential", ask),
    read("/auth/currentCredential", "credential", current),
    act(HttpMethod::Post, "/auth/logout", "logout", logout),
    read("/auth/details", "credential", details),
];

fn time(context: &Context<'_>) -> Result<Answer, Failure> {
    Answer::json(&context.now.as_second())
}

/// Makes a credential that waits for an account's owner to approve it.
fn ask<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let key = match Presented::read(&context.request.headers) {
            Presented::Application { application_key } | Presented::Signature { application_key, .. } => {
                application_key
            }
            Presented::Nothing | Presented::Bearer { .. } => return Err(AuthError::UnknownApplication.into()),
        };
        let application = identity::application(context.ports, key)?;
        context.ovh.pace(Paced::Application(application.id))?;
        let asked: ApiCredentialRequestParams = context.body()?;
        check_rules(&asked)?;
        check_reach(&asked)?;
        let redirection = asked.redirection.filter(|link| !link.is_empty());
        let (consumer_key, token) = (random_text(CONSUMER_KEY_LENGTH), random_text(VALIDATION_TOKEN_LENGTH));
        let expires = context.now.checked_add(PENDING_FOR).unwrap_or(Timestamp::MAX);
        let new = NewCredential {
            dialect: PROVIDER.to_owned(),
            application: Some(application.id),
            digest: digest(&consumer_key),
            label: application.name,
            standing: NewCredentialStanding::Pending { approval_digest: digest(&token), expires },
            rules: asked.access_rules.iter().map(identity::stored_rule).collect(),
            allowed_ips: asked.allowed_ips.unwrap_or_default().iter().map(ToString::to_string).collect(),
            redirection,
        };
        context.submit_for(application.owner, None, Action::IssueCredential(new)).await?;
        Answer::json(&ApiCredentialRequest {
            consumer_key: consumer_key.into(),
            state: CredentialState::PendingValidation,
            validation_url: page_link(context.ovh, &format!("/auth/?credentialToken={token}")),
        })
    })
}

fn check_rules(asked: &ApiCredentialRequestParams) -> Result<(), Failure> {
    let rules = &asked.access_rules;
    let long = rules.iter().any(|rule| rule.path.len() > RULE_PATH_MAX);
    if rules.is_empty() || rules.len() > RULES_MAX || long {
        let message =
            format!("A credential has 1 to {RULES_MAX} access rules of {RULE_PATH_MAX} characters at the most");
        return Err(Failure::bad_field("accessRules", message));
    }
    if rules.iter().map(|rule| rule.path.len()).sum::<usize>() > RULES_BYTES_MAX {
        let message = format!("A credential's access rules have {RULES_BYTES_MAX} characters together at the most");
        return Err(Failure::bad_field("accessRules", message));
    }
    Ok(())
}

/// Checks where the owner is sent afterwards, and from where the credential may be used.
fn check_reach(asked: &ApiCredentialRequestParams) -> Result<(), Failure> {
    let redirection = asked.redirection.as_deref().unwrap_or_default();
    if redirection.len() > REDIRECTION_BYTES_MAX || !(redirection.is_empty() || is_web_link(redirection)) {
        let message =
            format!("A redirection is an http or https link of {REDIRECTION_BYTES_MAX} characters at the most");
        return Err(Failure::bad_field("redirection", message));
    }
    if asked.allowed_ips.as_ref().is_some_and(|blocks| blocks.len() > ALLOWED_IPS_MAX) {
        let message = format!("A credential is allowed {ALLOWED_IPS_MAX} address blocks at the most");
        return Err(Failure::bad_field("allowedIPs", message));
    }
    Ok(())
}

/// Whether a browser may be sent there.
fn is_web_link(link: &str) -> bool {
    let rest = link.strip_prefix("https://").or_else(|| link.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !link.contains(|letter: char| letter.is_control() || letter == ' '))
}

fn current(context: &Context<'_>) -> Result<Answer, Failure> {
    // Read anew: the caller's own may be from before its last use was noted.
    let id = context.caller()?.credential.id;
    let found = context.load(&[Want::Credential(id)])?.credentials.remove(&id);
    Answer::json(&credential(context, &found.ok_or(AuthError::UnknownCredential)?))
}

fn logout<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let credential = context.caller()?.credential.id;
        context.submit(Action::ExpireCredential { credential }).await?;
        Ok(Answer::void())
    })
}

fn details(context: &Context<'_>) -> Result<Answer, Failure> {
    let caller = context.caller()?;
    let code = &caller.account.code;
    let (method, identity) = match caller.application.flow {
        Flow::Signature => (AuthMethod::Account, format!("urn:v1:eu:identity:account:{code}")),
        Flow::ClientCredentials => {
            let client = &caller.application.key;
            (AuthMethod::Oauth2ClientCredentials, format!("urn:v1:eu:identity:credential:{code}/oauth2-{client}"))
        }
    };
    Answer::json(&Details {
        account: code.clone(),
        allowed_routes: Some(caller.credential.rules.iter().filter_map(identity::wire_rule).collect()),
        description: Some(caller.application.description.clone()),
        identities: vec![identity],
        method,
        roles: None,
        user: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_sent_to_web_links_only() {
        assert!(["https://example.com", "http://localhost:1/x?y"].into_iter().all(is_web_link));
        for link in ["", "javascript:alert(1)", "ftp://x", "https://", "https://a b", "https://a\r\nX: y", "//x"] {
            assert!(!is_web_link(link), "{link:?}");
        }
    }
}
