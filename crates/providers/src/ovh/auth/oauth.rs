//! Asking for a token (RFC 6749, 4.4): the form, and the client that sends it.

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::ovh::wire::{
    auth::{TokenErrorCode, TokenFailure},
    scalar::Secret,
};

/// A client that asks for a token by its own credentials. Whether they are right is for the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRequest {
    /// The client.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Secret,
    /// What the token is to be good for: `all`.
    pub scope: Option<String>,
}

impl TokenRequest {
    /// Reads the header `Authorization` and the form.
    ///
    /// python and node send the client as HTTP Basic, the guide's curl in the form. Where both are sent Basic counts,
    /// as python repeats the id in the form.
    ///
    /// # Errors
    /// [`TokenFailure`] if the grant is missing or another, or if no client is named.
    pub fn parse(authorization: Option<&str>, form: &[u8]) -> Result<Self, TokenFailure> {
        let field =
            |name| form_urlencoded::parse(form).find(|(known, _)| known == name).map(|(_, text)| text.into_owned());
        match field("grant_type").as_deref() {
            Some("client_credentials") => {}
            Some(_) => return Err(failure(TokenErrorCode::UnsupportedGrantType, "Only client_credentials is granted")),
            None => return Err(failure(TokenErrorCode::InvalidRequest, "grant_type is missing")),
        }
        let client = match authorization {
            Some(header) => basic(header),
            None => field("client_id").zip(field("client_secret")),
        };
        let (client_id, client_secret) =
            client.ok_or_else(|| failure(TokenErrorCode::InvalidClient, "Client authentication failed"))?;
        Ok(Self { client_id, client_secret: client_secret.into(), scope: field("scope") })
    }
}

fn failure(error: TokenErrorCode, description: &str) -> TokenFailure {
    TokenFailure { error, error_description: description.to_owned() }
}

/// Reads name and password of HTTP Basic (RFC 7617).
fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    let decoded = STANDARD.decode(encoded.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let text = String::from_utf8(decoded).ok()?;
    text.split_once(':').map(|(name, password)| (name.to_owned(), password.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_named_by_basic_or_by_the_form() {
        // "id:s:ecret", "id" and "\xff:\xff" in base64.
        let (good, no_secret, no_text) = (Some("Basic aWQ6czplY3JldA=="), Some("basic aWQ="), Some("Basic /zr/"));
        for (authorization, form, outcome) in [
            (good, "grant_type=client_credentials&scope=all", Ok(("id", "s:ecret", Some("all")))),
            (good, "grant_type=client_credentials&client_id=id", Ok(("id", "s:ecret", None))),
            (None, "grant_type=client_credentials&client_id=a+b&client_secret=c%26d", Ok(("a b", "c&d", None))),
            (None, "grant_type=client_credentials&client_id=a", Err("invalid_client")),
            (None, "grant_type=client_credentials", Err("invalid_client")),
            (no_secret, "grant_type=client_credentials", Err("invalid_client")),
            (no_text, "grant_type=client_credentials", Err("invalid_client")),
            (Some("Bearer x"), "grant_type=client_credentials&client_id=a&client_secret=b", Err("invalid_client")),
            (Some("Basic ***"), "grant_type=client_credentials", Err("invalid_client")),
            (good, "grant_type=password", Err("unsupported_grant_type")),
            (good, "", Err("invalid_request")),
        ] {
            let read = TokenRequest::parse(authorization, form.as_bytes());
            let seen = match &read {
                Ok(read) => Ok((read.client_id.as_str(), read.client_secret.expose(), read.scope.as_deref())),
                Err(failure) => Err(failure.error.as_str()),
            };
            assert_eq!(seen, outcome, "{authorization:?} {form}");
        }
    }
}
