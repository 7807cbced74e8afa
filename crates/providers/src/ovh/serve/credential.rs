//! `/me/api/*`: the account's applications, credentials and OAuth2 clients.

use perennial_core::command::{Action, NewApplication};
use perennial_core::credential::{Application, ApplicationStatus as Status, Credential, CredentialStatus, Flow};
use perennial_core::ids::CredentialId;
use perennial_core::ports::BoxFuture;
use perennial_core::snapshot::Want;

use super::context::{Answer, Context};
use super::identity;
use super::table::{Row, act, read};
use crate::ovh::PROVIDER;
use crate::ovh::wire::auth::{
    ApiApplication, ApiCredential, ApiCredentialUpdate, ApplicationStatus, ClientFlow, CredentialState, HttpMethod,
    Oauth2Client, Oauth2ClientRequest, Oauth2ClientSecret, Oauth2ClientUpdate,
};
use crate::ovh::wire::error::Failure;
use crate::secret::random_text;

/// Lengths of an OAuth2 client's id and secret, as the provider's.
const CLIENT_ID_LENGTH: usize = 16;
const CLIENT_SECRET_LENGTH: usize = 32;

pub(super) const ROWS: &[Row] = &[
    read("/me/api/application", "applications", applications),
    read("/me/api/application/{applicationId}", "application", application),
    act(HttpMethod::Delete, "/me/api/application/{applicationId}", "revoke-application", revoke_application),
    read("/me/api/credential", "credentials", credentials),
    read("/me/api/credential/{credentialId}", "credential", credential_detail),
    act(HttpMethod::Put, "/me/api/credential/{credentialId}", "edit-credential", edit_credential),
    act(HttpMethod::Delete, "/me/api/credential/{credentialId}", "revoke-credential", revoke_credential),
    read("/me/api/credential/{credentialId}/application", "application", credential_application),
    read("/me/api/oauth2/client", "applications", clients),
    act(HttpMethod::Post, "/me/api/oauth2/client", "create-client", create_client),
    read("/me/api/oauth2/client/{clientId}", "application", client),
    act(HttpMethod::Put, "/me/api/oauth2/client/{clientId}", "edit-client", edit_client),
    act(HttpMethod::Delete, "/me/api/oauth2/client/{clientId}", "revoke-application", revoke_client),
];

/// The account's applications of one flow, ended ones too.
fn registered(context: &Context<'_>, flow: Flow) -> Result<Vec<Application>, Failure> {
    let mut registered = context.ports.books.applications(context.account()?.id)?;
    registered.retain(|one| one.dialect == PROVIDER && one.flow == flow);
    Ok(registered)
}

/// The account's living applications of one flow.
fn owned(context: &Context<'_>, flow: Flow) -> Result<Vec<Application>, Failure> {
    let mut owned = registered(context, flow)?;
    owned.retain(|one| one.status == Status::Active);
    Ok(owned)
}

fn applications(context: &Context<'_>) -> Result<Answer, Failure> {
    let ids: Vec<_> = owned(context, Flow::Signature)?.iter().map(|one| one.id.0).collect();
    Answer::json(&ids)
}

fn application_of(context: &Context<'_>) -> Result<Application, Failure> {
    let id = context.id("applicationId")?;
    let found = owned(context, Flow::Signature)?.into_iter().find(|one| one.id.0 == id);
    found.ok_or_else(|| context.no_object("applicationId"))
}

fn application(context: &Context<'_>) -> Result<Answer, Failure> {
    Answer::json(&wire_application(&application_of(context)?))
}

fn wire_application(application: &Application) -> ApiApplication {
    ApiApplication {
        application_id: application.id.0,
        application_key: application.key.clone(),
        description: application.description.clone(),
        name: application.name.clone(),
        status: match application.status {
            Status::Active => ApplicationStatus::Active,
            Status::Revoked => ApplicationStatus::Inactive,
        },
    }
}

fn revoke_application<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let application = application_of(context)?.id;
        context.submit(Action::RevokeApplication { application }).await?;
        Ok(Answer::void())
    })
}

/// The account's credentials that were given to applications; tokens of OAuth2 clients are none.
fn held(context: &Context<'_>) -> Result<Vec<Credential>, Failure> {
    let mut held = context.ports.books.credentials(context.account()?.id)?;
    let clients = registered(context, Flow::ClientCredentials)?;
    held.retain(|one| {
        let of_client = clients.iter().any(|client| one.application == Some(client.id));
        one.dialect == PROVIDER && one.application.is_some() && !of_client
    });
    Ok(held)
}

fn credentials(context: &Context<'_>) -> Result<Answer, Failure> {
    let application = context.query.long("applicationId")?;
    let status = context.query.word("status", CredentialState::parse)?;
    let ids: Vec<_> = held(context)?
        .iter()
        .filter(|one| application.is_none_or(|id| one.application.is_some_and(|held| held.0 == id)))
        .filter(|one| status.is_none_or(|status| state(context, one) == status))
        .map(|one| one.id.0)
        .collect();
    Answer::json(&ids)
}

fn credential_of(context: &Context<'_>) -> Result<Credential, Failure> {
    let id = CredentialId(context.id("credentialId")?);
    let account = context.account()?.id;
    let found = context.load(&[Want::Credential(id)])?.credentials.remove(&id);
    found
        .filter(|one| one.account == Some(account) && one.dialect == PROVIDER)
        .ok_or_else(|| context.no_object("credentialId"))
}

fn credential_detail(context: &Context<'_>) -> Result<Answer, Failure> {
    Answer::json(&credential(context, &credential_of(context)?))
}

/// A credential as the wire has it.
pub(super) fn credential(context: &Context<'_>, credential: &Credential) -> ApiCredential {
    let blocks: Vec<_> = credential.allowed_ips.iter().filter_map(|block| block.parse().ok()).collect();
    ApiCredential {
        allowed_ips: (!blocks.is_empty()).then_some(blocks),
        application_id: credential.application.map_or(0, |id| id.0),
        creation: context.date_time(credential.created),
        credential_id: credential.id.0,
        expiration: credential.expires.map(|expires| context.date_time(expires)),
        last_use: credential.last_used.map(|used| context.date_time(used)),
        ovh_support: false,
        rules: credential.rules.iter().filter_map(identity::wire_rule).collect(),
        status: state(context, credential),
    }
}

fn state(context: &Context<'_>, credential: &Credential) -> CredentialState {
    match credential.status_at(context.now) {
        CredentialStatus::Pending => CredentialState::PendingValidation,
        CredentialStatus::Validated => CredentialState::Validated,
        CredentialStatus::Refused => CredentialState::Refused,
        CredentialStatus::Expired => CredentialState::Expired,
    }
}

fn edit_credential<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let credential = credential_of(context)?.id;
        let update: ApiCredentialUpdate = context.body()?;
        if let Some(blocks) = update.allowed_ips {
            let allowed_ips = blocks.iter().map(ToString::to_string).collect();
            context.submit(Action::EditCredential { credential, allowed_ips }).await?;
        }
        Ok(Answer::void())
    })
}

fn revoke_credential<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let credential = credential_of(context)?.id;
        context.submit(Action::ExpireCredential { credential }).await?;
        Ok(Answer::void())
    })
}

fn credential_application(context: &Context<'_>) -> Result<Answer, Failure> {
    let missing = || context.no_object("credentialId");
    let id = credential_of(context)?.application.ok_or_else(missing)?;
    let found = context.load(&[Want::Application(id)])?.applications.remove(&id).ok_or_else(missing)?;
    Answer::json(&wire_application(&found))
}

fn clients(context: &Context<'_>) -> Result<Answer, Failure> {
    let keys: Vec<_> = owned(context, Flow::ClientCredentials)?.into_iter().map(|one| one.key).collect();
    Answer::json(&keys)
}

fn client_of(context: &Context<'_>) -> Result<Application, Failure> {
    let key = context.param("clientId");
    let found = owned(context, Flow::ClientCredentials)?.into_iter().find(|one| one.key == key);
    found.ok_or_else(|| context.no_object("clientId"))
}

fn client(context: &Context<'_>) -> Result<Answer, Failure> {
    let client = client_of(context)?;
    Answer::json(&Oauth2Client {
        callback_urls: Some(Vec::new()),
        client_id: client.key.clone(),
        created_at: context.date_time(client.created),
        description: client.description,
        flow: ClientFlow::ClientCredentials,
        identity: Some(format!("urn:v1:eu:identity:credential:{}/oauth2-{}", context.account()?.code, client.key)),
        name: client.name,
    })
}

fn create_client<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let asked: Oauth2ClientRequest = context.body()?;
        if asked.flow != ClientFlow::ClientCredentials {
            return Err(Failure::bad_field("flow", "Only CLIENT_CREDENTIALS is served"));
        }
        let (client_id, client_secret) = (random_text(CLIENT_ID_LENGTH), random_text(CLIENT_SECRET_LENGTH));
        let new = NewApplication {
            dialect: PROVIDER.to_owned(),
            key: client_id.clone(),
            secret_sealed: context.ports.vault.seal(client_secret.as_bytes())?,
            name: asked.name,
            description: asked.description,
            flow: Flow::ClientCredentials,
        };
        context.submit(Action::RegisterApplication(new)).await?;
        Answer::json(&Oauth2ClientSecret { client_id, client_secret: client_secret.into() })
    })
}

fn edit_client<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let client = client_of(context)?;
        let update: Oauth2ClientUpdate = context.body()?;
        let action = Action::EditApplication {
            application: client.id,
            name: update.name.unwrap_or(client.name),
            description: update.description.unwrap_or(client.description),
        };
        context.submit(action).await?;
        Ok(Answer::void())
    })
}

fn revoke_client<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let application = client_of(context)?.id;
        context.submit(Action::RevokeApplication { application }).await?;
        Ok(Answer::void())
    })
}
