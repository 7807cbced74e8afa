//! A client of the OVH dialect that signs by itself, for tests that look at single answers.
//!
//! Whether the official clients work is shown by [`crate::clients`]; this one is quicker to start and can be wrong on
//! purpose.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;
use sha1::{Digest, Sha1};

use crate::Env;
use crate::http::{Connection, Response, split};

/// Signs and sends calls over one kept connection.
///
/// The server's time is asked before each call, since a test may move the sandbox's clock between two of them;
/// [`OvhClient::at`] stops that, for load and for wrong clocks.
#[derive(Debug)]
pub struct OvhClient {
    /// The application key.
    pub application_key: String,
    /// The application secret, which only goes into the signature.
    pub application_secret: String,
    /// The consumer key.
    pub consumer_key: String,
    endpoint: String,
    connection: Connection,
    time: Option<i64>,
}

impl OvhClient {
    /// Returns a client of the endpoint and with the keys that `perennial sandbox --print-env` prints.
    ///
    /// # Errors
    /// When one of the four variables is missing, or the endpoint is not a `http://` URL.
    pub fn from_env(env: &Env) -> Result<Self> {
        let value = |name: &str| env.get(name).cloned().with_context(|| format!("no {name} in the environment"));
        let endpoint = value("OVH_ENDPOINT")?;
        let (address, _) = split(&endpoint)?;
        Ok(Self {
            application_key: value("OVH_APPLICATION_KEY")?,
            application_secret: value("OVH_APPLICATION_SECRET")?,
            consumer_key: value("OVH_CONSUMER_KEY")?,
            connection: Connection::to(address),
            endpoint,
            time: None,
        })
    }

    /// Signs all calls from now on at this time, in Unix seconds, instead of the server's.
    #[must_use]
    pub fn at(mut self, time: i64) -> Self {
        self.time = Some(time);
        self
    }

    /// Waits for this long for a server that says nothing, instead of half a minute.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.connection.set_patience(patience);
        self
    }

    /// Returns the server's time in Unix seconds.
    ///
    /// # Errors
    /// When the call fails or does not answer with an integer.
    pub fn server_time(&mut self) -> Result<i64> {
        let url = self.url("/auth/time");
        let response = self.connection.send("GET", split(&url)?.1, &[], b"")?;
        response.json()?.as_i64().with_context(|| format!("/auth/time answered {}", response.text()))
    }

    /// Gets `path`, query included, and returns the status and the parsed body.
    ///
    /// # Errors
    /// When there is no answer or it is not JSON; a refusal is an answer.
    pub fn get(&mut self, path: &str) -> Result<(u16, Value)> {
        parsed(&self.call("GET", path, "")?)
    }

    /// Deletes `path`; otherwise as [`OvhClient::get`].
    ///
    /// # Errors
    /// As [`OvhClient::get`].
    pub fn delete(&mut self, path: &str) -> Result<(u16, Value)> {
        parsed(&self.call("DELETE", path, "")?)
    }

    /// Posts `body` to `path`; `null` sends no body.
    ///
    /// # Errors
    /// As [`OvhClient::get`].
    pub fn post(&mut self, path: &str, body: &Value) -> Result<(u16, Value)> {
        parsed(&self.call("POST", path, &text(body))?)
    }

    /// Puts `body` to `path`.
    ///
    /// # Errors
    /// As [`OvhClient::get`].
    pub fn put(&mut self, path: &str, body: &Value) -> Result<(u16, Value)> {
        parsed(&self.call("PUT", path, &text(body))?)
    }

    /// Makes one signed call with this very body and returns the whole answer.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn call(&mut self, method: &str, path: &str, body: &str) -> Result<Response> {
        self.call_with(method, path, &[], body)
    }

    /// Makes one signed call with more headers, such as `Idempotency-Key` or `X-Ovh-Batch`.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn call_with(&mut self, method: &str, path: &str, more: &[(&str, &str)], body: &str) -> Result<Response> {
        let time = match self.time {
            Some(time) => time,
            None => self.server_time()?,
        };
        let url = self.url(path);
        let signature = signature(&self.application_secret, &self.consumer_key, method, &url, body, time);
        let time = time.to_string();
        let mut headers = vec![
            ("X-Ovh-Application", self.application_key.as_str()),
            ("X-Ovh-Consumer", &self.consumer_key),
            ("X-Ovh-Timestamp", &time),
            ("X-Ovh-Signature", &signature),
        ];
        if !body.is_empty() {
            headers.push(("Content-type", "application/json"));
        }
        headers.extend(more);
        self.connection.send(method, split(&url)?.1, &headers, body.as_bytes())
    }

    /// Returns the URL of `path`; as in the official clients, `/v1` and `/v2` take the place of `/1.0`.
    fn url(&self, path: &str) -> String {
        let versioned = path.starts_with("/v1") || path.starts_with("/v2");
        let base = if versioned { self.endpoint.trim_end_matches("/1.0") } else { &self.endpoint };
        format!("{base}{path}")
    }
}

/// Returns the `X-Ovh-Signature` of a call (OVH's clients: SHA-1 over the six parts joined by `+`).
pub fn signature(secret: &str, consumer_key: &str, method: &str, url: &str, body: &str, time: i64) -> String {
    let parts = format!("{secret}+{consumer_key}+{method}+{url}+{body}+{time}");
    let mut signature = "$1$".to_owned();
    for byte in Sha1::digest(parts.as_bytes()) {
        write!(signature, "{byte:02x}").expect("writing to a string succeeds");
    }
    signature
}

fn text(body: &Value) -> String {
    if body.is_null() { String::new() } else { body.to_string() }
}

fn parsed(response: &Response) -> Result<(u16, Value)> {
    Ok((response.status, response.json()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_of_the_official_clients() {
        let (secret, consumer) = ("0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210");
        let service = "https://eu.api.ovh.com/1.0/service/12345/renew";
        let table = [
            ("GET", format!("{service}?includeOptions=false"), "", "$1$6be86ca0c0fa4777c35969dcace597ef13b0eb9f"),
            (
                "POST",
                service.to_owned(),
                r#"{"dryRun":false,"duration":"P1Y","services":[67890,12345]}"#,
                "$1$1363444d2c76555b6b71bc3c359c7c3fd44d98b7",
            ),
        ];
        for (method, url, body, expected) in table {
            assert_eq!(signature(secret, consumer, method, &url, body, 1_700_000_000), expected);
        }
        assert_eq!(
            signature(
                "9ufkBmLaTQ9nz5yMUlg79taH0GNnzDjk",
                "5mBuy6SUQcRw2ZUxg0cG68BoDKpED4KY",
                "GET",
                "https://eu.api.ovh.com/1.0/auth",
                "",
                1_457_018_875
            ),
            "$1$e9556054b6309771395efa467c22e627407461ad"
        );
    }

    #[test]
    fn a_version_in_the_path_takes_the_place_of_the_base() {
        let env = ["OVH_APPLICATION_KEY", "OVH_APPLICATION_SECRET", "OVH_CONSUMER_KEY"]
            .map(|name| (name.to_owned(), "key".to_owned()))
            .into_iter()
            .chain([("OVH_ENDPOINT".to_owned(), "http://127.0.0.1:8401/1.0".to_owned())]);
        let client = OvhClient::from_env(&env.collect()).unwrap();
        assert_eq!(client.url("/me"), "http://127.0.0.1:8401/1.0/me");
        assert_eq!(client.url("/v1/me"), "http://127.0.0.1:8401/v1/me");
    }
}
