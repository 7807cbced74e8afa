//! A client of the Alibaba Cloud dialect that signs by itself, for tests that look at single answers.
//!
//! It speaks both signatures in every form that the vendor's clients use. Whether those work is shown by
//! [`crate::clients`]; this one is quicker to start and can be wrong on purpose.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::fmt::rfc2822;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::Sandbox;
use crate::http::{Connection, Response, get, split};

/// What [`AliyunClient::call`] calls: ECS.
pub const ECS: &str = "2014-05-26";
/// What [`AliyunClient::billing`] calls: `BssOpenApi`.
pub const BILLING: &str = "2017-12-14";

const FORM: &str = "application/x-www-form-urlencoded";

/// An access key.
#[derive(Clone, Debug)]
pub struct AccessKey {
    /// Its id.
    pub id: String,
    /// Its secret, which only goes into the signature.
    pub secret: String,
    /// The token of the session that it is for, if it is for one (STS).
    pub security_token: Option<String>,
}

impl AccessKey {
    /// Returns a key without a session.
    pub fn new(id: &str, secret: &str) -> Self {
        Self { id: id.to_owned(), secret: secret.to_owned(), security_token: None }
    }

    /// Returns the key of a session.
    pub fn of_session(id: &str, secret: &str, token: &str) -> Self {
        Self { security_token: Some(token.to_owned()), ..Self::new(id, secret) }
    }
}

/// How a request is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// HMAC-SHA256 of method, query, headers and body, in a header: the SDKs of today.
    V3,
    /// HMAC-SHA1 of all parameters, in a parameter: the older ones.
    Rpc,
}

/// Where the parameters of a request are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the query of a POST without a body, as nearly all SDKs have them.
    Query,
    /// In the query of a GET.
    Get,
    /// In the body of a POST.
    Form,
}

/// The writing that an answer is asked for in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON.
    Json,
    /// XML.
    Xml,
    /// None: the answer is in what the provider takes to be meant.
    Unsaid,
}

/// Signs and sends calls over one kept connection.
///
/// The server's time is asked before each call, since a test may move the sandbox's clock between two of them;
/// [`AliyunClient::at`] stops that, for load and for wrong clocks.
#[derive(Debug)]
pub struct AliyunClient {
    /// The key that signs.
    pub key: AccessKey,
    /// How it signs.
    pub scheme: Scheme,
    /// Where the parameters are.
    pub place: Place,
    /// What answers are asked for in.
    pub format: Format,
    /// The nonce of every call from now on; a new one for each where there is none.
    pub nonce: Option<String>,
    pages: String,
    address: String,
    connection: Connection,
    time: Option<String>,
}

/// A request that is ready to be sent, once or more often, as it is or changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// Path and query as they go on the wire.
    pub target: String,
    /// The headers, without `Host` and `Content-Length`.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl AliyunClient {
    /// Returns a client of a server's dialect at `origin`, such as `http://127.0.0.1:8404`, that signs by V3, has its
    /// parameters in the query of a POST and asks for JSON. `pages` is the origin of the server's pages: the time is asked
    /// there.
    ///
    /// # Errors
    /// When `origin` is not an `http://` URL.
    pub fn new(origin: &str, pages: &str, key: AccessKey) -> Result<Self> {
        let (address, _) = split(origin)?;
        Ok(Self {
            key,
            scheme: Scheme::V3,
            place: Place::Query,
            format: Format::Json,
            nonce: None,
            pages: pages.to_owned(),
            address: address.to_owned(),
            connection: Connection::to(address),
            time: None,
        })
    }

    /// Returns a client of a sandbox with the key that `perennial sandbox --print-env` prints.
    ///
    /// # Errors
    /// When its environment cannot be read, or its dialects speak TLS.
    pub fn of(sandbox: &Sandbox) -> Result<Self> {
        let env = sandbox.env()?;
        let value = |name: &str| env.get(name).with_context(|| format!("no {name} in the environment"));
        let key = AccessKey::new(value("ALIBABA_CLOUD_ACCESS_KEY_ID")?, value("ALIBABA_CLOUD_ACCESS_KEY_SECRET")?);
        Self::new(&sandbox.aliyun(), &sandbox.pages(), key)
    }

    /// Returns a client of the same dialect, in the same manner, with another key.
    #[must_use]
    pub fn with_key(&self, key: AccessKey) -> Self {
        Self {
            key,
            nonce: self.nonce.clone(),
            pages: self.pages.clone(),
            address: self.address.clone(),
            connection: Connection::to(self.address.as_str()),
            time: self.time.clone(),
            ..*self
        }
    }

    /// Signs by RPC 1.0.
    #[must_use]
    pub fn rpc(mut self) -> Self {
        self.scheme = Scheme::Rpc;
        self
    }

    /// Puts the parameters elsewhere.
    #[must_use]
    pub fn place(mut self, place: Place) -> Self {
        self.place = place;
        self
    }

    /// Asks for answers in another writing.
    #[must_use]
    pub fn format(mut self, format: Format) -> Self {
        self.format = format;
        self
    }

    /// Signs all calls from now on at this time (`2026-11-22T12:00:00Z`), written as it is, instead of the server's.
    #[must_use]
    pub fn at(mut self, time: &str) -> Self {
        self.time = Some(time.to_owned());
        self
    }

    /// Returns the server's time as it is signed: that of the sandbox's clock, or of a server without one.
    ///
    /// # Errors
    /// When the pages do not answer.
    pub fn server_time(&self) -> Result<String> {
        const SECONDS: usize = "2026-11-22T12:00:00".len();
        let answer = get(&format!("{}/_sandbox/clock", self.pages))?;
        if answer.status == 200 {
            let clock = answer.json()?;
            let now = clock["now"].as_str().and_then(|now| now.get(..SECONDS)).context("the clock shows no time")?;
            return Ok(format!("{now}Z"));
        }
        let date = answer.header("Date").context("an answer without a date")?;
        Ok(rfc2822::parse(date)?.timestamp().to_string())
    }

    /// Calls an action of ECS and returns the whole answer; a refusal is an answer.
    ///
    /// # Errors
    /// When there is none.
    pub fn call(&mut self, action: &str, parameters: &[(&str, &str)]) -> Result<Response> {
        let signed = self.signed(ECS, action, parameters)?;
        self.send(&signed)
    }

    /// Calls an action of the billing API; otherwise as [`AliyunClient::call`].
    ///
    /// # Errors
    /// As [`AliyunClient::call`].
    pub fn billing(&mut self, action: &str, parameters: &[(&str, &str)]) -> Result<Response> {
        let signed = self.signed(BILLING, action, parameters)?;
        self.send(&signed)
    }

    /// Signs a call of an API's version, and does not send it.
    ///
    /// # Errors
    /// When the server does not tell its time.
    pub fn signed(&self, version: &str, action: &str, parameters: &[(&str, &str)]) -> Result<Signed> {
        let time = match &self.time {
            Some(time) => time.clone(),
            None => self.server_time()?,
        };
        let nonce = self.nonce.clone().unwrap_or_else(new_nonce);
        let common = Common { version, action, time: &time, nonce: &nonce };
        Ok(match self.scheme {
            Scheme::V3 => self.signed_by_v3(&common, parameters),
            Scheme::Rpc => self.signed_by_rpc(&common, parameters),
        })
    }

    /// Sends a request as it is, and returns the whole answer.
    ///
    /// # Errors
    /// When there is none.
    pub fn send(&mut self, signed: &Signed) -> Result<Response> {
        let headers: Vec<_> = signed.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.connection.send(signed.method, &signed.target, &headers, signed.body.as_bytes())
    }

    fn signed_by_v3(&self, common: &Common<'_>, parameters: &[(&str, &str)]) -> Signed {
        let mut request = self.unsigned(parameters);
        let hash = hex(&Sha256::digest(request.body.as_bytes()));
        let fields = [
            ("x-acs-action", common.action),
            ("x-acs-version", common.version),
            ("x-acs-date", common.time),
            ("x-acs-signature-nonce", common.nonce),
            ("x-acs-content-sha256", &hash),
        ];
        request.headers.extend(fields.map(|(name, value)| (name.to_owned(), value.to_owned())));
        if let Some(token) = &self.key.security_token {
            request.headers.push(("x-acs-accesskey-id".to_owned(), self.key.id.clone()));
            request.headers.push(("x-acs-security-token".to_owned(), token.clone()));
        }
        match self.format {
            Format::Json => request.headers.push(("accept".to_owned(), "application/json".to_owned())),
            Format::Xml => request.headers.push(("accept".to_owned(), "application/xml".to_owned())),
            Format::Unsaid => {}
        }
        let mut signed = request.headers.clone();
        signed.push(("host".to_owned(), self.address.clone()));
        signed.sort_unstable();
        let (_, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let (names, signature) = v3(&self.key.secret, request.method, query, &signed, &hash);
        let authorization =
            format!("ACS3-HMAC-SHA256 Credential={},SignedHeaders={names},Signature={signature}", self.key.id);
        request.headers.push(("Authorization".to_owned(), authorization));
        request
    }

    fn signed_by_rpc(&self, common: &Common<'_>, parameters: &[(&str, &str)]) -> Signed {
        let mut all = parameters.to_vec();
        all.extend([
            ("Action", common.action),
            ("Version", common.version),
            ("Timestamp", common.time),
            ("SignatureNonce", common.nonce),
            ("AccessKeyId", &self.key.id),
            ("SignatureMethod", "HMAC-SHA1"),
            ("SignatureVersion", "1.0"),
        ]);
        all.extend(self.key.security_token.as_deref().map(|token| ("SecurityToken", token)));
        match self.format {
            Format::Json => all.push(("Format", "JSON")),
            Format::Xml => all.push(("Format", "XML")),
            Format::Unsaid => {}
        }
        let signature = rpc(&self.key.secret, self.method(), &all);
        all.push(("Signature", &signature));
        self.unsigned(&all)
    }

    fn method(&self) -> &'static str {
        if self.place == Place::Get { "GET" } else { "POST" }
    }

    /// The request with its parameters in their place, in the order of their names.
    fn unsigned(&self, parameters: &[(&str, &str)]) -> Signed {
        let text = canonical(parameters);
        let (method, target) = (self.method(), "/".to_owned());
        match self.place {
            Place::Form => {
                Signed { method, target, headers: vec![("content-type".to_owned(), FORM.to_owned())], body: text }
            }
            _ if text.is_empty() => Signed { method, target, headers: Vec::new(), body: text },
            Place::Query | Place::Get => {
                Signed { method, target: format!("/?{text}"), headers: Vec::new(), body: String::new() }
            }
        }
    }
}

/// What every call says of itself.
struct Common<'a> {
    version: &'a str,
    action: &'a str,
    time: &'a str,
    nonce: &'a str,
}

/// Returns the signature V3 of a request over all these headers, which are in the order of their names, and those names.
fn v3(secret: &str, method: &str, query: &str, headers: &[(String, String)], hash: &str) -> (String, String) {
    let names: Vec<_> = headers.iter().map(|(name, _)| name.as_str()).collect();
    let names = names.join(";");
    let lines: String = headers.iter().flat_map(|(name, value)| [name, ":", value.trim(), "\n"]).collect();
    let canonical = format!("{method}\n/\n{query}\n{lines}\n{names}\n{hash}");
    let string_to_sign = format!("ACS3-HMAC-SHA256\n{}", hex(&Sha256::digest(canonical.as_bytes())));
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key may have any length");
    mac.update(string_to_sign.as_bytes());
    (names, hex(&mac.finalize().into_bytes()))
}

/// Returns the parameter `Signature` of RPC 1.0 for all the others.
fn rpc(secret: &str, method: &str, parameters: &[(&str, &str)]) -> String {
    let string_to_sign = format!("{method}&%2F&{}", encoded(&canonical(parameters)));
    let mut mac = Hmac::<Sha1>::new_from_slice(format!("{secret}&").as_bytes()).expect("a key may have any length");
    mac.update(string_to_sign.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

/// Returns parameters as they are signed, and as a query or form has them.
fn canonical(parameters: &[(&str, &str)]) -> String {
    let mut sorted = parameters.to_vec();
    sorted.sort_unstable();
    let pairs: Vec<_> = sorted.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    pairs.join("&")
}

/// Writes every byte but letters, digits and `-_.~` as `%XX`.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => encoded.push(char::from(byte)),
            _ => write!(encoded, "%{byte:02X}").expect("writing to a string succeeds"),
        }
    }
    encoded
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string succeeds");
        text
    })
}

/// Returns a nonce that no other call has, whatever process of the tests makes it.
fn new_nonce() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("testkit-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// Signatures with pinned time and nonce: from the vendor's pages, and of its SDKs' signers.
    const VECTORS: &str = include_str!("../../providers/src/aliyun/auth/vectors.json");

    fn pinned() -> Vec<Value> {
        let vectors: Value = serde_json::from_str(VECTORS).unwrap();
        vectors["pinned"].as_array().unwrap().clone()
    }

    fn text<'a>(vector: &'a Value, field: &str) -> &'a str {
        vector[field].as_str().unwrap_or_else(|| panic!("no {field} in {vector}"))
    }

    fn pairs<'a>(vector: &'a Value, field: &str) -> Vec<(&'a str, &'a str)> {
        let object = vector[field].as_object().unwrap();
        object.iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap())).collect()
    }

    #[test]
    fn signatures_are_those_of_the_vendors_examples() {
        let (mut by_rpc, mut by_v3) = (0, 0);
        for vector in pinned() {
            let (secret, method) = (text(&vector, "access_key_secret"), text(&vector, "method"));
            let signature = if vector["params"].is_object() {
                by_rpc += 1;
                rpc(secret, method, &pairs(&vector, "params"))
            } else {
                by_v3 += 1;
                let query = canonical(&pairs(&vector, "query"));
                let named = text(&vector, "authorization").split_once("SignedHeaders=").unwrap().1;
                let named: Vec<_> = named.split_once(',').unwrap().0.split(';').collect();
                let mut headers: Vec<_> = pairs(&vector, "headers")
                    .into_iter()
                    .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
                    .filter(|(name, _)| named.contains(&name.as_str()))
                    .collect();
                headers.sort_unstable();
                let hash = hex(&Sha256::digest(text(&vector, "body")));
                v3(secret, method, &query, &headers, &hash).1
            };
            assert_eq!(signature, text(&vector, "signature"), "{}", vector["id"]);
        }
        assert!(by_rpc >= 4 && by_v3 >= 2, "{by_rpc} {by_v3}");
    }

    fn client(scheme: Scheme, place: Place) -> AliyunClient {
        let key = AccessKey::of_session("STS.id", "secret", "token");
        let client = AliyunClient::new("http://127.0.0.1:8404", "http://127.0.0.1:8400", key).unwrap();
        AliyunClient { scheme, nonce: Some("n".to_owned()), ..client.place(place).at("2026-01-15T02:03:04Z") }
    }

    #[test]
    fn parameters_are_where_they_are_asked_to_be() {
        let parameters = [("InstanceId", "i-1"), ("ClientToken", "a b")];
        let business = "ClientToken=a%20b&InstanceId=i-1";
        for (place, method, target, body) in [
            (Place::Query, "POST", format!("/?{business}"), ""),
            (Place::Get, "GET", format!("/?{business}"), ""),
            (Place::Form, "POST", "/".to_owned(), business),
        ] {
            let signed = client(Scheme::V3, place).signed(ECS, "RenewInstance", &parameters).unwrap();
            assert_eq!((signed.method, &signed.target, signed.body.as_str()), (method, &target, body));
            let has = |name: &str| signed.headers.iter().any(|(each, _)| each == name);
            assert_eq!(has("content-type"), place == Place::Form);
            assert!(has("x-acs-security-token") && has("Authorization"), "{:?}", signed.headers);

            let signed = client(Scheme::Rpc, place).signed(BILLING, "RenewInstance", &parameters).unwrap();
            let all = if place == Place::Form { &signed.body } else { &signed.target };
            assert_eq!((signed.method, signed.body.is_empty()), (method, place != Place::Form));
            for pair in ["SecurityToken=token", "Version=2017-12-14", "SignatureNonce=n", "ClientToken=a%20b"] {
                assert!(all.contains(pair), "{pair} in {all}");
            }
        }
        let nothing = client(Scheme::V3, Place::Query).signed(BILLING, "QueryAccountBalance", &[]).unwrap();
        assert_eq!(nothing.target, "/");
    }

    #[test]
    fn no_two_calls_have_the_same_nonce() {
        assert_ne!(new_nonce(), new_nonce());
    }
}
