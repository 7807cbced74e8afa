//! The network, as the providers' `call` halves see it: a request is sent once, and what is not known to have stayed
//! here counts as sent.

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use bytes::{Bytes, BytesMut};
use http::{Method, Request, Response};
use perennial_core::ports::BoxFuture;
use perennial_providers::call::{HttpClient, SendError};
use reqwest::{Certificate, Client, ClientBuilder, redirect, retry};

/// How those whom we call know us.
const USER_AGENT: &str = concat!("perennial/", env!("CARGO_PKG_VERSION"));

/// What a call may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Until there is a connection, names and trust included.
    pub connect: Duration,
    /// Until the whole reply is there.
    pub whole: Duration,
    /// The bytes of a reply's body.
    pub reply_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connect: Duration::from_secs(10), whole: Duration::from_mins(1), reply_bytes: 16 << 20 }
    }
}

/// Whom we believe that a provider is who it says.
#[derive(Clone, Copy, Debug)]
pub enum Trust<'a> {
    /// The authorities of this machine (`SSL_CERT_FILE` and `SSL_CERT_DIR` are heeded).
    System,
    /// The authority with this certificate, a PEM file, and no other.
    Authority(&'a Path),
    /// Nobody: what is called does not speak TLS.
    Nobody,
}

impl<'a> Trust<'a> {
    /// Who is to be believed at an address: the authority with the certificate in this file, or those of this machine.
    pub fn of(url: &str, authority: Option<&'a Path>) -> Self {
        match authority {
            Some(file) => Self::Authority(file),
            None if url.starts_with("https:") => Self::System,
            None => Self::Nobody,
        }
    }
}

/// Sends requests over HTTP/1.1, by the proxies that the environment names.
#[derive(Clone, Debug)]
pub struct Network {
    /// Keeps connections open for the next request.
    reads: Client,
    /// Makes a connection for each request: the provider may just be closing one that was kept, and then nobody could
    /// tell what became of the request.
    acts: Client,
    limits: Limits,
}

impl Network {
    /// A way out.
    ///
    /// # Errors
    /// When the authority's certificate cannot be read, or the machine has none that it trusts.
    pub fn open(trust: Trust<'_>, limits: Limits) -> anyhow::Result<Self> {
        let authorities = match trust {
            Trust::System => None,
            Trust::Nobody => Some(Vec::new()),
            Trust::Authority(file) => Some(authorities(file)?),
        };
        let client = |builder: ClientBuilder| {
            let builder = match &authorities {
                Some(authorities) => builder.tls_certs_only(authorities.clone()),
                None => builder,
            };
            plain(builder, limits).build().context("getting ready to call providers")
        };
        Ok(Self {
            reads: client(Client::builder())?,
            acts: client(Client::builder().pool_max_idle_per_host(0))?,
            limits,
        })
    }

    async fn exchange(&self, request: Request<Bytes>) -> Result<Response<Bytes>, SendError> {
        let client = if *request.method() == Method::GET { &self.reads } else { &self.acts };
        let request = exact(request)?;
        let mut reply = client.execute(request).await.map_err(told)?;
        let reply_bytes = self.limits.reply_bytes;
        let too_long = || SendError::Lost(format!("the answer is longer than {reply_bytes} bytes"));
        let mut body = BytesMut::new();
        while let Some(piece) = reply.chunk().await.map_err(|error| SendError::Lost(causes(error)))? {
            if body.len() + piece.len() > reply_bytes {
                return Err(too_long());
            }
            body.extend_from_slice(&piece);
        }
        let mut whole = Response::new(body.freeze());
        *whole.status_mut() = reply.status();
        std::mem::swap(whole.headers_mut(), reply.headers_mut());
        Ok(whole)
    }
}

impl HttpClient for Network {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, SendError>> {
        Box::pin(self.exchange(request))
    }
}

/// What every client of ours is: one that sends once, over HTTP/1.1, and follows nobody elsewhere.
pub fn plain(builder: ClientBuilder, limits: Limits) -> ClientBuilder {
    let limited = builder.connect_timeout(limits.connect).timeout(limits.whole).user_agent(USER_AGENT);
    limited.http1_only().redirect(redirect::Policy::none()).referer(false).retry(retry::never())
}

/// The certificates of a PEM file.
fn authorities(file: &Path) -> anyhow::Result<Vec<Certificate>> {
    let what = || format!("reading the authority's certificate {}\nhint: `ca_file` is a PEM file", file.display());
    let text = std::fs::read(file).with_context(what)?;
    let found = Certificate::from_pem_bundle(&text).with_context(what)?;
    anyhow::ensure!(!found.is_empty(), "{} holds no certificate\nhint: `ca_file` is a PEM file", file.display());
    Ok(found)
}

/// The request with its address just as it was written: what is signed is what is sent.
fn exact(request: Request<Bytes>) -> Result<reqwest::Request, SendError> {
    let target = request.uri().path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
    let made = reqwest::Request::try_from(request).map_err(|error| SendError::NeverSent(causes(error)))?;
    let url = made.url();
    let sent = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    if sent == target {
        Ok(made)
    } else {
        Err(SendError::NeverSent("its address cannot be sent as it is written".to_owned()))
    }
}

/// What an error means: the request stayed here only where there never was a connection.
fn told(error: reqwest::Error) -> SendError {
    if error.is_connect() || error.is_builder() {
        SendError::NeverSent(causes(error))
    } else {
        SendError::Lost(causes(error))
    }
}

/// An error and its causes in one line, without the address: keys and signatures may be in it.
pub fn causes(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut told = vec![error.to_string()];
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if told.last().is_none_or(|last| *last != text) {
            told.push(text);
        }
        next = cause.source();
    }
    told.join(": ")
}

#[cfg(test)]
mod tests;
