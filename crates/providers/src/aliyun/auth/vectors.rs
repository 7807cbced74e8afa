//! The recorded requests and pinned signatures of `vectors.json`, for this module's tests and its neighbours'.

use std::collections::BTreeMap;

use http::HeaderMap;
use http::header::HeaderName;
use serde::Deserialize;

/// The whole file.
#[derive(Deserialize)]
pub(crate) struct Vectors {
    /// Secrets by access key id.
    pub(crate) keys: BTreeMap<String, String>,
    /// Requests of unmodified SDKs.
    pub(crate) recorded: Vec<Recorded>,
    /// Signatures with pinned time and nonce: from the vendor's pages, and of the SDKs' signers.
    pub(crate) pinned: Vec<Pinned>,
}

/// A recorded request, and what it was signed over.
#[derive(Deserialize)]
pub(crate) struct Recorded {
    /// Which SDK did what.
    pub(crate) id: String,
    /// `rpc-v1` or `v3`.
    pub(crate) scheme: String,
    /// The method.
    pub(crate) method: String,
    /// The query as it came, without its question mark. The path is `/`.
    pub(crate) query: String,
    /// The headers, in the order in which they came.
    pub(crate) headers: Vec<(String, String)>,
    /// The body as it came.
    pub(crate) body: String,
    /// The operation.
    pub(crate) action: String,
    /// The API's version.
    pub(crate) version: String,
    /// The timestamp.
    pub(crate) signed_at: String,
    /// The nonce.
    pub(crate) nonce: String,
    /// Whose key, see [`Vectors::keys`].
    pub(crate) access_key_id: String,
    /// The token of a session.
    pub(crate) security_token: Option<String>,
    /// The parameters of query and form.
    pub(crate) decoded_params: Vec<(String, String)>,
    /// What was signed.
    pub(crate) string_to_sign: String,
    /// The signature.
    pub(crate) expected_signature: String,
    /// The names that are signed; V3 only.
    pub(crate) signed_headers: Option<Vec<String>>,
    /// What the string to sign has the hash of; V3 only.
    pub(crate) canonical_request: Option<String>,
}

/// A signature of known input.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Pinned {
    /// RPC 1.0.
    Rpc {
        id: String,
        method: String,
        params: BTreeMap<String, String>,
        access_key_secret: String,
        canonicalized_query_string: String,
        string_to_sign: String,
        signature: String,
    },
    /// V3.
    V3 {
        id: String,
        method: String,
        query: BTreeMap<String, String>,
        headers: BTreeMap<String, String>,
        body: String,
        access_key_id: String,
        access_key_secret: String,
        canonical_request: String,
        string_to_sign: String,
        authorization: String,
        signature: String,
    },
}

impl Vectors {
    /// Reads the file.
    pub(crate) fn read() -> Self {
        serde_json::from_str(include_str!("vectors.json")).unwrap()
    }

    /// The recorded requests of a scheme, each with its secret.
    pub(crate) fn recorded_with(&self, scheme: &str) -> Vec<(&Recorded, &str)> {
        let of_scheme = self.recorded.iter().filter(|recorded| recorded.scheme == scheme);
        of_scheme.map(|recorded| (recorded, self.keys[&recorded.access_key_id].as_str())).collect()
    }
}

impl Recorded {
    /// Its headers.
    pub(crate) fn header_map(&self) -> HeaderMap {
        header_map(self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())))
    }
}

/// Collects headers, keeping those of the same name.
pub(crate) fn header_map<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
    }
    headers
}
