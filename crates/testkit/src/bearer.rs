//! A client of the dialects whose callers present a key and nothing else: VPSBG and `HostUp`.

use anyhow::{Context, Result};
use serde_json::Value;

use crate::Env;
use crate::http::{Connection, Response, split};

/// Sends calls with a key over one kept connection.
#[derive(Debug)]
pub struct BearerClient {
    /// The key that is presented.
    pub key: String,
    base: String,
    connection: Connection,
}

impl BearerClient {
    /// Returns a client that calls below `base`, a `http://` URL such as `http://127.0.0.1:8402/v1`.
    ///
    /// # Errors
    /// When the URL is of another form.
    pub fn new(base: &str, key: &str) -> Result<Self> {
        let base = base.trim_end_matches('/').to_owned();
        let connection = Connection::to(split(&base)?.0);
        Ok(Self { key: key.to_owned(), base, connection })
    }

    /// Returns a client of the VPSBG dialect, with the address and key that `perennial sandbox --print-env` prints. Paths
    /// are below `/v1`.
    ///
    /// # Errors
    /// When one of the two variables is missing.
    pub fn vpsbg(env: &Env) -> Result<Self> {
        Self::new(value(env, "VPSBG_URL")?, value(env, "VPSBG_TOKEN")?)
    }

    /// Returns a client of the `HostUp` dialect, likewise. Paths begin with `/api/v2`, or with `/api` for the legacy API.
    ///
    /// # Errors
    /// When one of the two variables is missing.
    pub fn hostup(env: &Env) -> Result<Self> {
        Self::new(value(env, "HOSTUP_URL")?, value(env, "HOSTUP_TOKEN")?)
    }

    /// Returns a client of the same dialect with another key.
    ///
    /// # Errors
    /// None that [`BearerClient::new`] did not have.
    pub fn with_key(&self, key: &str) -> Result<Self> {
        Self::new(&self.base, key)
    }

    /// Gets `path`, query included, and returns the status and the parsed body.
    ///
    /// # Errors
    /// When there is no answer or it is not JSON; a refusal is an answer.
    pub fn get(&mut self, path: &str) -> Result<(u16, Value)> {
        self.send("GET", path, &Value::Null)
    }

    /// Posts `body` to `path`; `null` sends no body.
    ///
    /// # Errors
    /// As [`BearerClient::get`].
    pub fn post(&mut self, path: &str, body: &Value) -> Result<(u16, Value)> {
        self.send("POST", path, body)
    }

    /// Patches `path`.
    ///
    /// # Errors
    /// As [`BearerClient::get`].
    pub fn patch(&mut self, path: &str, body: &Value) -> Result<(u16, Value)> {
        self.send("PATCH", path, body)
    }

    /// Deletes `path`; `null` sends no body.
    ///
    /// # Errors
    /// As [`BearerClient::get`].
    pub fn delete(&mut self, path: &str, body: &Value) -> Result<(u16, Value)> {
        self.send("DELETE", path, body)
    }

    /// Makes one call and returns the status and the parsed body; `null` sends no body.
    ///
    /// # Errors
    /// As [`BearerClient::get`].
    pub fn send(&mut self, method: &str, path: &str, body: &Value) -> Result<(u16, Value)> {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let response = self.call(method, path, &[], &text)?;
        Ok((response.status, response.json()?))
    }

    /// Makes one call with more headers, such as `Idempotency-Key`, and this very body, and returns the whole answer.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn call(&mut self, method: &str, path: &str, more: &[(&str, &str)], body: &str) -> Result<Response> {
        let authorization = format!("Bearer {}", self.key);
        let mut headers = vec![("Authorization", authorization.as_str()), ("Accept", "application/json")];
        if !body.is_empty() {
            headers.push(("Content-Type", "application/json"));
        }
        headers.extend(more);
        let url = format!("{}{path}", self.base);
        self.connection.send(method, split(&url)?.1, &headers, body.as_bytes())
    }
}

fn value<'a>(env: &'a Env, name: &str) -> Result<&'a str> {
    env.get(name).map(String::as_str).with_context(|| format!("no {name} in the environment"))
}
