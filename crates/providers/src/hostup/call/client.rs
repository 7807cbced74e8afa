//! Requests with the key, and replies as what they are: a body, a refusal with its code, or nothing that can be read.

use bytes::Bytes;
use form_urlencoded::byte_serialize;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, StatusCode};
use perennial_core::buyer::remote::{CallError, Outcome, Said};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::wire::{List, Problem};
use super::{CALL, TOKEN};
use crate::call::{Address, CallPorts, CallSettings, Caller, Made, Reply, SettingError};
use crate::common::body::body;
use crate::hostup::PROVIDER;

/// The path of the API.
const ROOT: &str = "/api/v2";

/// The most of a provider's text that is kept.
const TEXT_CHARS_MAX: usize = 300;

/// The most pages of a list that is read at once: a provider that never comes to an end is not read for ever.
const PAGES_MAX: usize = 1_000;

/// The longest place of a next page that is believed: an address has to hold it.
const CURSOR_MAX: usize = 4_096;

/// Sends requests with the account's key.
pub(super) struct Client {
    caller: Caller,
    base: String,
    token: SecretString,
    authorization: HeaderValue,
}

impl Client {
    pub fn new(settings: &CallSettings, ports: &CallPorts) -> Result<Self, SettingError> {
        let missing = SettingError::Missing { provider: PROVIDER, field: TOKEN.name, what: TOKEN.what };
        let token = settings.credentials.get(TOKEN.name).ok_or(missing)?;
        let mut authorization = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| SettingError::Wrong {
            setting: TOKEN.name,
            value: "***".to_owned(),
            why: "it has characters that no key has".to_owned(),
        })?;
        authorization.set_sensitive(true);
        let per_minute = settings.requests_per_minute.unwrap_or(CALL.requests_per_minute);
        let url = settings.url.as_deref().unwrap_or(CALL.url);
        Ok(Self {
            caller: Caller::new(PROVIDER, ports, per_minute),
            base: Address::parse(url).map_err(|error| error.of_setting(url))?.rooted(ROOT),
            token: SecretString::from(token.to_owned()),
            authorization,
        })
    }

    /// Reads what is at a path.
    pub async fn get<T: for<'de> Deserialize<'de>>(&self, path: &str) -> Result<T, CallError> {
        self.repeat(Method::GET, path, None).await?.map_err(|said| self.refused(path, said))
    }

    /// Reads what is at a path; none where the provider says that it is not there.
    pub async fn find<T: for<'de> Deserialize<'de>>(&self, path: &str) -> Result<Option<T>, CallError> {
        match self.repeat(Method::GET, path, None).await? {
            Ok(read) => Ok(Some(read)),
            Err(said) if is_not_found(&said) => Ok(None),
            Err(said) => Err(self.refused(path, said)),
        }
    }

    /// Reads what may not be there for this key or at all; none where it is refused.
    pub async fn try_get<T: for<'de> Deserialize<'de>>(&self, path: &str) -> Result<Result<T, Said>, CallError> {
        self.repeat(Method::GET, path, None).await
    }

    /// Reads a list page by page, until `take` says that it has enough. Whether the list could be read: where it is
    /// refused, nothing of it was.
    pub async fn pages<T: for<'de> Deserialize<'de>>(
        &self,
        path: &str,
        limit: u16,
        mut take: impl FnMut(Vec<T>) -> Result<bool, CallError> + Send,
    ) -> Result<Result<(), Said>, CallError> {
        let mut cursor: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let list: List<T> = match self.try_get(&paged(path, limit, cursor.as_deref())).await? {
                Ok(list) => list,
                // What was there a moment ago is no list that may not be read.
                Err(said) if cursor.is_some() => return Err(self.refused(path, said)),
                Err(said) => return Ok(Err(said)),
            };
            let next = self.next(path, cursor.as_deref(), list.next_cursor)?;
            if take(list.data)? || next.is_none() {
                return Ok(Ok(()));
            }
            cursor = next;
        }
        Err(self.not_understood(path, format!("the list has more than {PAGES_MAX} pages")))
    }

    /// Where the next page begins, after one that began at a cursor.
    pub fn next(&self, path: &str, at: Option<&str>, next: Option<String>) -> Result<Option<String>, CallError> {
        let next = next.filter(|next| !next.is_empty());
        if next.is_some() && next.as_deref() == at {
            return Err(self.not_understood(path, "its next page is itself"));
        }
        if next.as_ref().is_some_and(|next| next.len() > CURSOR_MAX) {
            return Err(self.not_understood(path, "its next page is longer than an address can be"));
        }
        Ok(next)
    }

    /// Changes what may be set again without harm.
    pub async fn set<T: for<'de> Deserialize<'de>>(&self, path: &str, body: &'static str) -> Result<T, CallError> {
        let set = self.repeat(Method::PATCH, path, Some(body)).await?;
        set.map_err(|said| self.caller.refused(&call(&Method::PATCH, path), said))
    }

    /// Does something that costs money, once. A refusal is for the caller to judge; it came with a code.
    ///
    /// # Errors
    /// The outcome, where there is nothing to judge.
    pub async fn act<T: for<'de> Deserialize<'de>>(
        &self,
        path: &str,
        body: Option<&str>,
    ) -> Result<Result<T, Said>, Outcome> {
        let reply = self.caller.act(self.request(&Method::POST, path, body)).await?;
        if reply.status.is_success() {
            let unread = |cause| Outcome::Unknown { cause: format!("its answer cannot be read: {cause}") };
            return parse(&reply.body).map(Ok).map_err(unread);
        }
        let said = self.said(&reply);
        if reply.status.is_client_error() && said.code.is_some() {
            return Ok(Err(said));
        }
        Err(Outcome::Unknown { cause: format!("it answered with something that is not documented: {said}") })
    }

    /// A refusal, as an error of a read.
    pub fn refused(&self, path: &str, said: Said) -> CallError {
        self.caller.refused(&call(&Method::GET, path), said)
    }

    /// A reply that is not what is documented, as an error of a read.
    pub fn not_understood(&self, path: &str, cause: impl std::fmt::Display) -> CallError {
        self.caller.not_understood(&call(&Method::GET, path), &cause)
    }

    /// Sends what may be repeated.
    async fn repeat<T: for<'de> Deserialize<'de>>(
        &self,
        method: Method,
        path: &str,
        body: Option<&str>,
    ) -> Result<Result<T, Said>, CallError> {
        let call = call(&method, path);
        let reply = self.caller.read(&call, || self.request(&method, path, body)).await?;
        match reply.status {
            status if status.is_success() => {
                parse(&reply.body).map(Ok).map_err(|cause| self.caller.not_understood(&call, &cause))
            }
            status if status.is_client_error() => Ok(Err(self.said(&reply))),
            status => Err(self.caller.not_understood(&call, &format!("status {}", status.as_u16()))),
        }
    }

    fn request(&self, method: &Method, path: &str, body: Option<&str>) -> Made {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header(ACCEPT, "application/json")
            .header(AUTHORIZATION, &self.authorization);
        let request = match body {
            Some(_) => request.header(CONTENT_TYPE, "application/json"),
            None => request,
        };
        let bytes = body.map_or_else(Bytes::new, |text| Bytes::copy_from_slice(text.as_bytes()));
        request.body(bytes)
    }

    /// What a refusal says. The key is not in it, whatever the provider repeats.
    fn said(&self, reply: &Reply) -> Said {
        let problem: Problem = body(&reply.body).unwrap_or_default();
        let text = problem.detail.or(problem.title);
        let text = text.unwrap_or_else(|| reply.status.canonical_reason().unwrap_or("no reason given").to_owned());
        let text = text.replace(self.token.expose_secret(), "***");
        let text = text.chars().filter(|letter| !letter.is_control()).take(TEXT_CHARS_MAX).collect();
        Said { status: reply.status.as_u16(), code: problem.code.filter(|code| is_code(code)), text }
    }
}

/// The path of a page of a list.
pub(super) fn paged(path: &str, limit: u16, cursor: Option<&str>) -> String {
    match cursor {
        None => format!("{path}?limit={limit}"),
        Some(cursor) => {
            format!("{path}?limit={limit}&cursor={}", byte_serialize(cursor.as_bytes()).collect::<String>())
        }
    }
}

/// What a call is called where it failed: without its query.
fn call(method: &Method, path: &str) -> String {
    format!("{method} {}", path.split('?').next().unwrap_or(path))
}

/// Whether a text is a code: snake case.
fn is_code(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Whether a refusal says that there is no such thing. Some things have a code of their own for it (`vps_not_found`).
fn is_not_found(said: &Said) -> bool {
    said.status == StatusCode::NOT_FOUND.as_u16() && said.code.as_ref().is_some_and(|code| code.ends_with("not_found"))
}

/// Reads a body. A bare array is read as a list.
fn parse<T: for<'de> Deserialize<'de>>(bytes: &[u8]) -> Result<T, String> {
    let read = if bytes.trim_ascii_start().starts_with(b"[") {
        body(&[b"{\"data\":".as_slice(), bytes, b"}".as_slice()].concat())
    } else if bytes.trim_ascii().is_empty() {
        return Err("the body is empty".to_owned());
    } else {
        body(bytes)
    };
    read.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_array_is_a_list_and_nothing_is_nothing() {
        use super::super::wire::Card;
        let list: List<Card> = parse(b" [{\"id\":\"card_1\"}]").expect("reads");
        assert_eq!((list.data.len(), list.next_cursor), (1, None));
        for text in ["", " ", "{", "[", "null", "<html>", "{\"data\":{}}"] {
            assert!(parse::<List<Card>>(text.as_bytes()).is_err(), "{text}");
        }
    }
}
