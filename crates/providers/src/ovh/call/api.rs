//! One way to the API: where it is, what time it is there, and how a request proves who sends it.

use std::sync::{Arc, Mutex, PoisonError};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, StatusCode, Uri};
use jiff::{SignedDuration, Timestamp};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use perennial_core::buyer::remote::{CallError, Outcome, Said};
use perennial_core::ports::Clock;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::credentials::{ENDPOINTS, Keys, url_of};
use super::judge::{is_out_of_time, never_sent, said, said_of};
use super::wire::{Member, Token, TokenRefusal};
use crate::call::{CallPorts, CallSettings, Caller, Made, Reply, SettingError, shown};
use crate::ovh::PROVIDER;
use crate::ovh::auth::{headers, sign};

/// How many objects a batch names at the most; the console sends no more.
const BATCH_MAX: usize = 50;

/// The header of a batch; its value is what stands between the ids.
const BATCH: &str = "x-ovh-batch";

/// How long before its end a token is no longer used.
const TOKEN_MARGIN: SignedDuration = SignedDuration::from_mins(1);

/// How long a token lives that does not say.
const TOKEN_LIFE_S: i64 = 600;

/// The API, as one of our accounts calls it.
pub(super) struct Api {
    caller: Caller,
    clock: Arc<dyn Clock>,
    /// `https://eu.api.ovh.com/1.0`.
    base: String,
    token_url: String,
    keys: Keys,
    /// How many seconds the provider's clock is ahead of ours, once it was asked.
    ahead_s: Mutex<Option<i64>>,
    token: Mutex<Option<Arc<Given>>>,
}

/// A token that was given out.
struct Given {
    token: SecretString,
    ends: Timestamp,
}

/// What a request is let in by.
enum Proof {
    /// A signature at this distance from our clock.
    Signature { ahead_s: i64 },
    /// A token.
    Bearer(Arc<Given>),
}

/// A request that is to be made, perhaps more than once.
struct Asked<'a> {
    method: Method,
    /// Below the base, query included.
    path: &'a str,
    body: Bytes,
    batch: bool,
}

impl<'a> Asked<'a> {
    const fn get(path: &'a str) -> Self {
        Self { method: Method::GET, path, body: Bytes::new(), batch: false }
    }

    fn with(method: Method, path: &'a str, body: &impl Serialize) -> Self {
        let body = serde_json::to_vec(body).expect("our bodies are plain data").into();
        Self { method, path, body, batch: false }
    }

    /// What it is, for people: without its query, and of a batch without its ids.
    fn label(&self) -> String {
        let path = self.path.split_once('?').map_or(self.path, |(path, _)| path);
        match path.rsplit_once('/') {
            Some((list, ids)) if self.batch => format!("{} {list}/... ({})", self.method, ids.split(',').count()),
            _ => format!("{} {path}", self.method),
        }
    }
}

impl Api {
    /// The API at the address of the settings, or the provider's European one.
    pub fn new(settings: CallSettings, ports: CallPorts) -> Result<Self, SettingError> {
        let address = settings.url.unwrap_or_else(|| super::CALL.url.to_owned());
        let wrong =
            |why: &str| SettingError::Wrong { setting: "url", value: shown(&address).to_owned(), why: why.to_owned() };
        let base = url_of(&address).ok_or_else(|| wrong("it is neither an address nor the name of an endpoint"))?;
        let origin = origin(&base).ok_or_else(|| wrong("it is not an address with a host"))?;
        let known = ENDPOINTS.iter().find(|known| origin == self::origin(known.url).unwrap_or_default());
        let keys = Keys::of(&settings.credentials)?;
        let token_url = match known.map(|known| known.token_url) {
            Some(Some(url)) => url.to_owned(),
            Some(None) if matches!(keys, Keys::OAuth2 { .. }) => return Err(wrong("it takes no OAuth2 clients")),
            // Beside the API itself; the official SDKs know of none there.
            Some(None) | None => format!("{origin}/auth/oauth2/token"),
        };
        let per_minute = settings.requests_per_minute.unwrap_or(super::CALL.requests_per_minute);
        let caller = Caller::new(PROVIDER, &ports, per_minute);
        let (ahead_s, token) = (Mutex::new(None), Mutex::new(None));
        Ok(Self { caller, clock: ports.clock, base, token_url, keys, ahead_s, token })
    }

    /// What time it is there, as far as is known.
    pub fn now(&self) -> Timestamp {
        let ahead_s = self.ahead_s.lock().unwrap_or_else(PoisonError::into_inner).unwrap_or_default();
        let now = self.clock.now();
        now.checked_add(SignedDuration::from_secs(ahead_s)).unwrap_or(now)
    }

    /// How far the provider's clock is ahead of ours; asked once, and kept.
    pub async fn ahead(&self) -> Result<SignedDuration, CallError> {
        Ok(SignedDuration::from_secs(self.ahead_s().await?))
    }

    async fn ahead_s(&self) -> Result<i64, CallError> {
        const CALL: &str = "GET /auth/time";
        let kept = *self.ahead_s.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ahead_s) = kept {
            return Ok(ahead_s);
        }
        let url = format!("{}/auth/time", self.base);
        let reply = self.caller.read(CALL, || request(Method::GET, &url, Bytes::new())).await?;
        let there: i64 = self.read_body(CALL, &reply)?;
        Timestamp::from_second(there).map_err(|_| self.not_understood(CALL, &"no clock shows that"))?;
        let ahead_s = there.saturating_sub(self.clock.now().as_second());
        *self.ahead_s.lock().unwrap_or_else(PoisonError::into_inner) = Some(ahead_s);
        Ok(ahead_s)
    }

    /// Reads an object.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, CallError> {
        let asked = Asked::get(path);
        self.read_body(&asked.label(), &self.read(&asked).await?)
    }

    /// Reads an object that may not be there. It is not there if the provider says so, in its own form.
    pub async fn find<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, CallError> {
        match self.get(path).await {
            Ok(found) => Ok(Some(found)),
            Err(CallError::Refused { said, .. }) if said.status == StatusCode::NOT_FOUND.as_u16() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads what is named by the last part of a path, many in a request. Those that are missing in the answer may be gone,
    /// or refused for a reason of their own: a batch does not say it in a form that is known.
    pub async fn batch<T: DeserializeOwned>(&self, list: &str, ids: &[String]) -> Result<Vec<T>, CallError> {
        let mut found = Vec::with_capacity(ids.len());
        for ids in ids.chunks(BATCH_MAX) {
            let ids: Vec<_> = ids.iter().map(|id| encoded(id).to_string()).collect();
            let path = format!("{list}/{}", ids.join(","));
            let asked = Asked { batch: true, ..Asked::get(&path) };
            let reply = self.read(&asked).await?;
            // Where batches are not known, there is no object with such an id.
            if matches!(reply.status, StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND) && said(&reply).is_some() {
                continue;
            }
            let members: Vec<Member<T>> = self.read_body(&asked.label(), &reply)?;
            found.extend(members.into_iter().filter_map(|member| member.value));
        }
        Ok(found)
    }

    /// Prices by a call that is a `POST` and changes nothing.
    pub async fn try_out<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, CallError> {
        let asked = Asked::with(Method::POST, path, body);
        self.read_body(&asked.label(), &self.read(&asked).await?)
    }

    /// Sets something that may be set again; the answer says nothing.
    pub async fn set(&self, path: &str, body: &impl Serialize) -> Result<(), CallError> {
        let asked = Asked::with(Method::PUT, path, body);
        let reply = self.read(&asked).await?;
        if reply.status.is_success() { Ok(()) } else { Err(self.refusal(&asked.label(), &reply)) }
    }

    /// Sends what costs money, once.
    ///
    /// # Errors
    /// The outcome, where no reply is to be judged.
    pub async fn act(&self, path: &str, body: &impl Serialize) -> Result<Reply, Outcome> {
        let asked = Asked::with(Method::POST, path, body);
        let proof = self.proof().await.map_err(|error| never_sent(&error))?;
        let reply = self.caller.act(self.request(&proof, &asked)).await?;
        if self.forget_if_stale(&reply) && reply.status == StatusCode::UNAUTHORIZED {
            // A token that has ended; nobody looked at the request.
            let cause = "the token was no longer taken".to_owned();
            return Err(Outcome::NeverSent { cause, retry_after: None });
        }
        Ok(reply)
    }

    /// Reads, and once more where what proved us was no longer good: the time, or the token.
    async fn read(&self, asked: &Asked<'_>) -> Result<Reply, CallError> {
        let label = asked.label();
        let mut tried = false;
        loop {
            let proof = self.proof().await?;
            let reply = self.caller.read(&label, || self.request(&proof, asked)).await?;
            if tried || !self.forget_if_stale(&reply) {
                return Ok(reply);
            }
            tried = true;
        }
    }

    /// Drops what is kept of the time, or the token, where the reply says that it is no longer good.
    fn forget_if_stale(&self, reply: &Reply) -> bool {
        if matches!(self.keys, Keys::OAuth2 { .. }) {
            let is_stale = reply.status == StatusCode::UNAUTHORIZED;
            if is_stale {
                *self.token.lock().unwrap_or_else(PoisonError::into_inner) = None;
            }
            return is_stale;
        }
        let is_stale = is_out_of_time(reply);
        if is_stale {
            *self.ahead_s.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
        is_stale
    }

    async fn proof(&self) -> Result<Proof, CallError> {
        match &self.keys {
            Keys::Signature { .. } => Ok(Proof::Signature { ahead_s: self.ahead_s().await? }),
            Keys::OAuth2 { client_id, client_secret } => Ok(Proof::Bearer(self.token(client_id, client_secret).await?)),
        }
    }

    /// The token, or a new one.
    async fn token(&self, client_id: &str, client_secret: &SecretString) -> Result<Arc<Given>, CallError> {
        const CALL: &str = "POST /auth/oauth2/token";
        const FORM: &[u8] = b"grant_type=client_credentials&scope=all";
        let kept = self.token.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let soon = self.clock.now().checked_add(TOKEN_MARGIN).unwrap_or(Timestamp::MAX);
        if let Some(given) = kept.filter(|given| given.ends > soon) {
            return Ok(given);
        }
        let client = STANDARD.encode(format!("{client_id}:{}", client_secret.expose_secret()));
        let make = || {
            let mut request = request(Method::POST, &self.token_url, Bytes::from_static(FORM))?;
            let form = HeaderValue::from_static("application/x-www-form-urlencoded");
            request.headers_mut().insert(CONTENT_TYPE, form);
            request.headers_mut().insert(AUTHORIZATION, secret(&format!("Basic {client}")));
            Ok(request)
        };
        let reply = self.caller.read(CALL, make).await?;
        if !reply.status.is_success() {
            let refusal = serde_json::from_slice::<TokenRefusal>(&reply.body).ok();
            let told = refusal.map(|TokenRefusal { error, error_description }| Said {
                status: reply.status.as_u16(),
                text: error_description.unwrap_or_else(|| error.clone()),
                code: Some(error),
            });
            return Err(told.map_or_else(|| self.refusal(CALL, &reply), |said| self.caller.refused(CALL, said)));
        }
        // What is wrong with it is not said: the words could be the token.
        let token = serde_json::from_slice::<Token>(&reply.body).ok();
        let token = token.filter(|token| token.access_token.expose().bytes().all(|byte| byte.is_ascii_graphic()));
        let token = token.ok_or_else(|| self.caller.not_understood(CALL, &"the answer holds no token"))?;
        let life = SignedDuration::from_secs(token.expires_in.unwrap_or(TOKEN_LIFE_S));
        let ends = self.clock.now().checked_add(life).unwrap_or(Timestamp::MAX);
        let given = Arc::new(Given { token: token.access_token.expose().to_owned().into(), ends });
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&given));
        Ok(given)
    }

    /// Makes a request, at this very moment.
    fn request(&self, proof: &Proof, asked: &Asked<'_>) -> Made {
        let url = format!("{}{}", self.base, asked.path);
        let mut made = request(asked.method.clone(), &url, asked.body.clone())?;
        let put = made.headers_mut();
        if !asked.body.is_empty() {
            put.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        if asked.batch {
            put.insert(BATCH, HeaderValue::from_static(","));
        }
        match (proof, &self.keys) {
            (Proof::Bearer(given), _) => {
                put.insert(AUTHORIZATION, secret(&format!("Bearer {}", given.token.expose_secret())));
            }
            (Proof::Signature { ahead_s }, Keys::Signature { application_key, application_secret, consumer_key }) => {
                let time = self.clock.now().as_second().saturating_add(*ahead_s);
                let (method, consumer_key) = (asked.method.as_str(), consumer_key.expose_secret());
                let signature = sign(application_secret.expose_secret(), consumer_key, method, &url, &asked.body, time);
                put.insert(headers::APPLICATION, secret(application_key));
                put.insert(headers::CONSUMER, secret(consumer_key));
                put.insert(headers::TIMESTAMP, time.into());
                put.insert(headers::SIGNATURE, secret(&signature));
            }
            (Proof::Signature { .. }, Keys::OAuth2 { .. }) => {}
        }
        Ok(made)
    }

    fn read_body<T: DeserializeOwned>(&self, label: &str, reply: &Reply) -> Result<T, CallError> {
        if reply.status != StatusCode::OK {
            return Err(self.refusal(label, reply));
        }
        serde_json::from_slice(&reply.body).map_err(|error| self.not_understood(label, &error))
    }

    /// A reply that is no answer: a refusal in the provider's form, or something else.
    fn refusal(&self, label: &str, reply: &Reply) -> CallError {
        match said(reply) {
            Some(said) if reply.status.is_client_error() => self.caller.refused(label, said),
            _ => self.caller.not_understood(label, &said_of(reply).text),
        }
    }

    /// An answer that says something else than it should.
    pub fn not_understood(&self, label: &str, cause: &dyn std::fmt::Display) -> CallError {
        self.caller.not_understood(label, cause)
    }
}

/// An id as it stands in a path.
pub(super) fn encoded(id: &str) -> impl std::fmt::Display {
    const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'-');
    utf8_percent_encode(id, PLAIN)
}

/// Scheme and host of a URL.
fn origin(url: &str) -> Option<String> {
    let uri: Uri = url.parse().ok()?;
    Some(format!("{}://{}", uri.scheme_str()?, uri.authority()?))
}

fn request(method: Method, url: &str, body: Bytes) -> Made {
    Request::builder().method(method).uri(url).body(body)
}

/// A header's value that no log shows.
fn secret(text: &str) -> HeaderValue {
    let mut value = HeaderValue::from_str(text).expect("keys were checked, and the rest is ASCII");
    value.set_sensitive(true);
    value
}
