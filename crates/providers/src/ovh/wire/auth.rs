//! Credentials, applications, OAuth2 clients and tokens.

use serde::{Deserialize, Serialize};

use super::{
    scalar::{DateTime, Secret},
    words,
};
use crate::block::IpBlock;

words! {
    /// A method of the API (`auth.HTTPMethodEnum`).
    #[derive(PartialOrd, Ord)]
    HttpMethod { Get = "GET", Post = "POST", Put = "PUT", Delete = "DELETE" }
}

words! {
    /// State of an application (`auth.ApplicationStatusEnum`).
    ApplicationStatus { Active = "active", Blocked = "blocked", Inactive = "inactive", Trusted = "trusted" }
}

words! {
    /// State of a credential (`auth.CredentialStateEnum`).
    CredentialState {
        Expired = "expired",
        PendingValidation = "pendingValidation",
        Refused = "refused",
        Validated = "validated",
    }
}

words! {
    /// How a caller is known (`auth.MethodEnum`).
    AuthMethod {
        Account = "account",
        Oauth2ClientCredentials = "oauth2_client_credentials",
        Provider = "provider",
        User = "user",
    }
}

words! {
    /// How an OAuth2 client comes by its tokens (`oauth2.ClientFlowEnum`).
    ClientFlow { AuthorizationCode = "AUTHORIZATION_CODE", ClientCredentials = "CLIENT_CREDENTIALS" }
}

/// A right to call (`auth.AccessRule`, `auth.AccessRuleRequest`); see [`AccessRule::allows`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessRule {
    /// The method.
    pub method: HttpMethod,
    /// The path, without `/1.0` or `/v1`; `*` stands for any run of characters.
    pub path: String,
}

/// What is asked of a new credential (`auth.ApiCredentialRequestParams`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiCredentialRequestParams {
    /// The rights asked for.
    pub access_rules: Vec<AccessRule>,
    /// Where the customer is sent after the validation.
    pub redirection: Option<String>,
    /// The only addresses to call from.
    #[serde(rename = "allowedIPs")]
    pub allowed_ips: Option<Vec<IpBlock>>,
}

/// A new credential (`auth.ApiCredentialRequest`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiCredentialRequest {
    /// The consumer key.
    pub consumer_key: Secret,
    /// Its state: not validated yet.
    pub state: CredentialState,
    /// The page where the customer validates it; the link carries a token.
    pub validation_url: Secret,
}

/// A credential (`auth.ApiCredential`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiCredential {
    /// The only addresses to call from; `None` is any.
    #[serde(rename = "allowedIPs")]
    pub allowed_ips: Option<Vec<IpBlock>>,
    /// The application.
    pub application_id: i64,
    /// When it was asked for.
    pub creation: DateTime,
    /// Its id.
    pub credential_id: i64,
    /// Its end; `None` is never.
    pub expiration: Option<DateTime>,
    /// The last call made with it.
    pub last_use: Option<DateTime>,
    /// Whether it belongs to the support staff.
    pub ovh_support: bool,
    /// Its rights.
    pub rules: Vec<AccessRule>,
    /// Its state.
    pub status: CredentialState,
}

/// What may be changed of an [`ApiCredential`]; absent or `null` leaves it, an empty list lifts the limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiCredentialUpdate {
    /// The only addresses to call from.
    #[serde(rename = "allowedIPs")]
    pub allowed_ips: Option<Vec<IpBlock>>,
}

/// An application (`auth.ApiApplication`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiApplication {
    /// Its id.
    pub application_id: i64,
    /// Its public key.
    pub application_key: String,
    /// What it is for.
    pub description: String,
    /// Its name.
    pub name: String,
    /// Its state.
    pub status: ApplicationStatus,
}

/// Who calls, and with which rights (`auth.Details`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Details {
    /// The account.
    pub account: String,
    /// The rights; `None` is all.
    pub allowed_routes: Option<Vec<AccessRule>>,
    /// What the identity is for.
    pub description: Option<String>,
    /// Names of the identity in policies.
    pub identities: Vec<String>,
    /// How the caller is known.
    pub method: AuthMethod,
    /// Roles of the user.
    pub roles: Option<Vec<String>>,
    /// The user, if it is not the account itself.
    pub user: Option<String>,
}

/// An OAuth2 client (`oauth2.client`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Oauth2Client {
    /// Where a code may be sent.
    pub callback_urls: Option<Vec<String>>,
    /// Its id.
    pub client_id: String,
    /// When it was made.
    pub created_at: DateTime,
    /// What it is for.
    pub description: String,
    /// How it comes by its tokens.
    pub flow: ClientFlow,
    /// Its name in policies.
    pub identity: Option<String>,
    /// Its name.
    pub name: String,
}

/// An OAuth2 client to make (`oauth2.clientRequest`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Oauth2ClientRequest {
    /// Where a code may be sent; needed for none but [`ClientFlow::AuthorizationCode`].
    #[serde(default)]
    pub callback_urls: Option<Vec<String>>,
    /// What it is for.
    pub description: String,
    /// How it comes by its tokens.
    pub flow: ClientFlow,
    /// Its name.
    pub name: String,
}

/// What may be changed of an [`Oauth2Client`]; absent or `null` leaves it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Oauth2ClientUpdate {
    /// Where a code may be sent.
    pub callback_urls: Option<Vec<String>>,
    /// What it is for.
    pub description: Option<String>,
    /// Its name.
    pub name: Option<String>,
}

/// A made OAuth2 client, with its secret for the only time (`oauth2.clientSecret`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Oauth2ClientSecret {
    /// Its id.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Secret,
}

/// A token (RFC 6749, 5.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// The token.
    pub access_token: Secret,
    /// `Bearer`.
    pub token_type: String,
    /// Its life in seconds: 3599 of a new one.
    pub expires_in: i64,
    /// What it is good for: `all`.
    pub scope: String,
}

words! {
    /// Why there is no token (RFC 6749, 5.2).
    TokenErrorCode {
        InvalidRequest = "invalid_request",
        InvalidClient = "invalid_client",
        InvalidGrant = "invalid_grant",
        UnauthorizedClient = "unauthorized_client",
        UnsupportedGrantType = "unsupported_grant_type",
        InvalidScope = "invalid_scope",
    }
}

/// The answer in place of a token (RFC 6749, 5.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenFailure {
    /// Why.
    pub error: TokenErrorCode,
    /// Why, in words.
    pub error_description: String,
}
