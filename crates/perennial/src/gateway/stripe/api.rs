//! The calls themselves: a form out, JSON back, and which answers tell something.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use perennial_core::charge::Charge;
use perennial_core::ports::{Failure, GatewayError};
use perennial_providers::call::HttpClient;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;

use super::silent;
use super::wire::{ErrorBody, StripeError};

/// The version of the API whose fields these are ("API versioning": the current one when it was read, 2026-11-22).
const VERSION: &str = "2026-09-30.endive";

const DOING: &str = "ask Stripe";

/// Calls Stripe. Each call is sent once.
pub(super) struct Api {
    pub(super) client: Arc<dyn HttpClient>,
    /// Without a slash at its end.
    pub(super) url: String,
    pub(super) key: SecretString,
}

/// What was asked for, or why there is none of it.
pub(super) type Answer<T> = Result<T, Refused>;

impl Api {
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<Answer<T>, GatewayError> {
        self.send(&Method::GET, path, &Form::default(), None).await
    }

    /// Posts a form, with an idempotency key if there is one ("Idempotent requests").
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        form: &Form,
        once: Option<&str>,
    ) -> Result<Answer<T>, GatewayError> {
        self.send(&Method::POST, path, form, once).await
    }

    async fn send<T: DeserializeOwned>(
        &self,
        method: &Method,
        path: &str,
        form: &Form,
        once: Option<&str>,
    ) -> Result<Answer<T>, GatewayError> {
        let call = format!("{method} {path}");
        let request = self.request(method, path, form, once).map_err(|error| silent(format!("{call}: {error}")))?;
        let reply = self.client.send(request).await;
        read(&call, &reply.map_err(|error| silent(format!("{call}: {error}")))?)
    }

    fn request(
        &self,
        method: &Method,
        path: &str,
        form: &Form,
        once: Option<&str>,
    ) -> Result<Request<Bytes>, http::Error> {
        let mut bearer = HeaderValue::try_from(format!("Bearer {}", self.key.expose_secret()))?;
        bearer.set_sensitive(true);
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header(AUTHORIZATION, bearer)
            .header("stripe-version", VERSION);
        if let Some(once) = once {
            request = request.header("idempotency-key", once);
        }
        if *method == Method::POST {
            request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        request.body(Bytes::from(form.encoded()))
    }
}

/// What an answer tells, by its status ("Errors").
fn read<T: DeserializeOwned>(call: &str, reply: &Response<Bytes>) -> Result<Answer<T>, GatewayError> {
    let status = reply.status();
    // By it Stripe finds the request in its own log.
    let id = reply.headers().get("request-id").and_then(|id| id.to_str().ok()).unwrap_or("no request id");
    let failure = |what: &str| Failure::new(DOING, format!("{call}: status {}{what} ({id})", status.as_u16()));
    match status {
        StatusCode::OK => {
            let body = serde_json::from_slice(reply.body());
            body.map(Ok).map_err(|error| GatewayError::Silent(failure(&format!(", and {error}"))))
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(GatewayError::Barred(failure(""))),
        StatusCode::TOO_MANY_REQUESTS => Err(GatewayError::Busy(failure(""))),
        StatusCode::BAD_REQUEST | StatusCode::PAYMENT_REQUIRED | StatusCode::NOT_FOUND => {
            match serde_json::from_slice(reply.body()) {
                Ok(ErrorBody { error }) if error.is_told() => {
                    Ok(Err(Refused { status, error, call: format!("{call}, {id}") }))
                }
                _ => Err(GatewayError::Silent(failure(", and its error is not one that tells"))),
            }
        }
        _ => Err(GatewayError::Silent(failure(""))),
    }
}

/// A request that Stripe understood and did not carry out.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) status: StatusCode,
    pub(super) error: StripeError,
    call: String,
}

impl Refused {
    /// Whether what was asked for is not there.
    pub(super) fn is_missing(&self) -> bool {
        self.status == StatusCode::NOT_FOUND
    }

    /// Whether the card or its bank said no.
    pub(super) fn is_of_card(&self) -> bool {
        self.status == StatusCode::PAYMENT_REQUIRED
    }

    /// Whether one of these parameters is why.
    pub(super) fn is_about(&self, params: &[&str]) -> bool {
        self.error.param.as_deref().is_some_and(|param| params.contains(&param))
    }

    /// The same as an error: it tells nothing about the charge.
    pub(super) fn unexpected(&self) -> GatewayError {
        GatewayError::Silent(Failure::new(DOING, self.to_string()))
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, error, call } = self;
        let [code, param] = [&error.code, &error.param].map(|word| word.as_deref().unwrap_or("-"));
        write!(f, "{call}: status {}, code {code}, parameter {param}", status.as_u16())
    }
}

/// The parameters of a call.
#[derive(Default)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    pub(super) fn with(mut self, name: &str, value: &(impl ToString + ?Sized)) -> Self {
        self.0.push((name.to_owned(), value.to_string()));
        self
    }

    /// Says whose it is: by the charge's id it is found again, and the rest is for people who look at it there.
    pub(super) fn marked(self, charge: &Charge) -> Self {
        self.with("metadata[charge]", &charge.id)
            .with("metadata[order]", &charge.order)
            .with("metadata[account]", &charge.account)
    }

    fn encoded(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish()
    }
}
