//! The OAuth2 token endpoint: client credentials only.

use bytes::Bytes;
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Response, StatusCode};
use jiff::{SignedDuration, Timestamp};
use perennial_core::command::{Action, Command, NewCredential, NewCredentialStanding};
use perennial_core::credential::{AccessRule, Application, ApplicationStatus, Flow};
use serde::Serialize;

use super::gateway::refuse;
use super::{Ovh, Paced};
use crate::ovh::PROVIDER;
use crate::ovh::auth::{TokenRequest, is_same_secret};
use crate::ovh::wire::auth::{HttpMethod, Token, TokenErrorCode, TokenFailure};
use crate::ovh::wire::error::Failure;
use crate::secret::{digest, random_text};
use crate::{Ports, Request};

/// Where tokens are asked for, beside the API itself.
pub(super) const TOKEN_PATH: &str = "/auth/oauth2/token";

/// The word for it in faults and metrics.
pub(super) const OPERATION: &str = "token";

/// A token's life, as the provider states it.
const TOKEN_LIFE_S: i64 = 3_599;

const TOKEN_LENGTH: usize = 64;

/// Why there is no token: the request is wrong, or we failed.
enum Refused {
    Wrong(TokenFailure),
    Failed(Failure),
}

impl From<TokenFailure> for Refused {
    fn from(wrong: TokenFailure) -> Self {
        Self::Wrong(wrong)
    }
}

/// Answers a request for a token.
pub(super) async fn token(ovh: &Ovh, ports: &Ports, request: &Request, now: Timestamp) -> Response<Bytes> {
    match issue(ovh, ports, request, now).await {
        Ok(token) => render(StatusCode::OK, &token),
        Err(Refused::Wrong(failure)) => {
            let status = match failure.error {
                TokenErrorCode::InvalidClient => StatusCode::UNAUTHORIZED,
                _ => StatusCode::BAD_REQUEST,
            };
            render(status, &failure)
        }
        // RFC 6749 has no words for it here; the API's own are as good as any.
        Err(Refused::Failed(failure)) => refuse(failure),
    }
}

async fn issue(ovh: &Ovh, ports: &Ports, request: &Request, now: Timestamp) -> Result<Token, Refused> {
    if request.method != Method::POST {
        return Err(failure(TokenErrorCode::InvalidRequest, "A token is asked for by POST").into());
    }
    let authorization = request.headers.get(AUTHORIZATION).and_then(|header| header.to_str().ok());
    let asked = TokenRequest::parse(authorization, &request.body)?;
    let client = client(ports, &asked)?;
    ovh.pace(Paced::Application(client.id)).map_err(Refused::Failed)?;
    let access_token = random_text(TOKEN_LENGTH);
    let expires = now.checked_add(SignedDuration::from_secs(TOKEN_LIFE_S)).unwrap_or(Timestamp::MAX);
    let everything = |method: &HttpMethod| AccessRule { method: method.as_str().to_owned(), path: "/*".to_owned() };
    let action = Action::IssueCredential(NewCredential {
        dialect: PROVIDER.to_owned(),
        application: Some(client.id),
        digest: digest(&access_token),
        label: String::new(),
        standing: NewCredentialStanding::Validated { expires: Some(expires) },
        rules: HttpMethod::ALL.iter().map(everything).collect(),
        allowed_ips: Vec::new(),
        redirection: None,
    });
    let command = Command { account: client.owner, token: None, action };
    ports.lane.submit(command).await.map_err(|rejection| Refused::Failed(rejection.into()))?;
    Ok(Token {
        access_token: access_token.into(),
        token_type: "Bearer".to_owned(),
        expires_in: TOKEN_LIFE_S,
        scope: "all".to_owned(),
    })
}

/// The client, if its secret is right. An unknown client and a wrong secret look alike.
fn client(ports: &Ports, asked: &TokenRequest) -> Result<Application, Refused> {
    let failed = |error: perennial_core::ports::Failure| Refused::Failed(error.into());
    let refused = || failure(TokenErrorCode::InvalidClient, "Client authentication failed");
    let client = ports
        .books
        .find_application(PROVIDER, &asked.client_id)
        .map_err(failed)?
        .filter(|found| found.flow == Flow::ClientCredentials && found.status == ApplicationStatus::Active)
        .ok_or_else(refused)?;
    let secret = ports.vault.open(&client.secret_sealed).map_err(failed)?;
    let known = String::from_utf8(secret).map_err(|_| Refused::Failed(Failure::server_error()))?;
    if is_same_secret(&known, asked.client_secret.expose()) { Ok(client) } else { Err(refused().into()) }
}

fn failure(error: TokenErrorCode, description: &str) -> TokenFailure {
    TokenFailure { error, error_description: description.to_owned() }
}

fn render(status: StatusCode, body: &impl Serialize) -> Response<Bytes> {
    let text = serde_json::to_vec(body).unwrap_or_else(|_| b"{}".to_vec());
    let mut response = Response::new(Bytes::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
