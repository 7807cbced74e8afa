//! What a request says about who sent it, before anybody believed a word of it.

use std::borrow::Cow;

use http::{HeaderMap, header};
use jiff::Timestamp;

use super::acs3::{Authorization, AuthorizationError};
use super::{Parameters, header_text, headers, rpc};

/// What a request presents, by the scheme that it chose.
#[derive(Clone, PartialEq, Eq)]
pub enum Presented<'a> {
    /// Nothing.
    Nothing,
    /// The parameters of RPC 1.0, or some of them.
    Rpc {
        /// What both schemes say, from parameters. The newer SDKs send `x-acs-action` and `x-acs-version` as well; they
        /// are not signed in this scheme, so they count for nothing.
        said: Said<'a>,
        /// What this scheme says besides.
        rpc: Rpc<'a>,
    },
    /// A header `Authorization` of V3.
    V3 {
        /// What both schemes say, from headers.
        said: Said<'a>,
        /// That header.
        authorization: Authorization<'a>,
    },
    /// A header `Authorization` that begins like those of V3, and is none.
    Unreadable(AuthorizationError),
}

/// What both schemes say. Empty counts as absent.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Said<'a> {
    /// Whose key.
    pub access_key_id: Option<Cow<'a, str>>,
    /// When it was signed, see [`parse_timestamp`].
    pub timestamp: Option<Cow<'a, str>>,
    /// What no other request of the key has.
    pub nonce: Option<Cow<'a, str>>,
    /// The token of a session (STS).
    pub security_token: Option<Cow<'a, str>>,
    /// The operation.
    pub action: Option<Cow<'a, str>>,
    /// The API's version.
    pub version: Option<Cow<'a, str>>,
}

/// What RPC 1.0 says besides. Empty counts as absent.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Rpc<'a> {
    /// `Signature`.
    pub signature: Option<&'a str>,
    /// `SignatureMethod`: [`rpc::METHOD`].
    pub method: Option<&'a str>,
    /// `SignatureVersion`: [`rpc::VERSION`].
    pub version: Option<&'a str>,
    /// `SignatureType`: the older Python SDK always sends it, empty.
    pub kind: Option<&'a str>,
}

/// What a request presents, with all that its scheme requires.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Claims<'a> {
    /// Whose key.
    pub access_key_id: &'a str,
    /// When it was signed, see [`parse_timestamp`].
    pub timestamp: &'a str,
    /// What no other request of the key has.
    pub nonce: &'a str,
    /// The token of a session (STS), if it is one.
    pub security_token: Option<&'a str>,
    /// The operation.
    pub action: &'a str,
    /// The API's version.
    pub version: &'a str,
    /// How it is signed.
    pub scheme: Scheme<'a>,
}

/// How a request is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme<'a> {
    /// By its parameters: [`rpc::verify`].
    Rpc,
    /// By its headers: [`acs3::verify`](super::acs3::verify).
    V3(Authorization<'a>),
}

/// Why what a request presents cannot be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Incomplete {
    /// Something is absent, or empty.
    #[error("{0} is absent")]
    Missing(
        /// Its name as a parameter of RPC 1.0, also where V3 has a header for it: `Timestamp` for `x-acs-date`. Error
        /// codes are made of it: `MissingTimestamp`.
        &'static str,
    ),
    /// The signature is of a kind that is not served.
    #[error("the {0} is none that is served")]
    Unsupported(
        /// The parameter that says so: `SignatureMethod` (also for V3's algorithm), `SignatureVersion` or
        /// `SignatureType`, which is `BEARERTOKEN` for tokens instead of signatures.
        &'static str,
    ),
    /// The header `Authorization` is not one of V3.
    #[error("the header Authorization cannot be read")]
    Malformed,
}

impl<'a> Presented<'a> {
    /// Reads a request: V3 if its header `Authorization` begins with `ACS3-`, else RPC 1.0 if it has one of the
    /// parameters that only RPC 1.0 has.
    pub fn read(headers: &'a HeaderMap, parameters: &'a Parameters) -> Self {
        let authorization = headers.get(header::AUTHORIZATION).map(http::HeaderValue::as_bytes);
        if let Some(authorization) = authorization.filter(|bytes| bytes.starts_with(b"ACS3-")) {
            let text = std::str::from_utf8(authorization).map_err(|_| AuthorizationError::Malformed);
            return match text.and_then(Authorization::parse) {
                Ok(authorization) => Self::V3 { said: Said::of_headers(headers, &authorization), authorization },
                Err(error) => Self::Unreadable(error),
            };
        }
        if ["Signature", "AccessKeyId", "SignatureType"].iter().all(|name| parameters.get(name).is_none()) {
            return Self::Nothing;
        }
        Self::Rpc { said: Said::of_parameters(parameters), rpc: Rpc::of(parameters) }
    }

    /// What both schemes say, as far as this request says it.
    pub fn said(&self) -> Option<&Said<'a>> {
        match self {
            Self::Rpc { said, .. } | Self::V3 { said, .. } => Some(said),
            Self::Nothing | Self::Unreadable(_) => None,
        }
    }

    /// Returns what is claimed, if all is there that the scheme requires, and in a form that can be checked.
    ///
    /// # Errors
    /// [`Incomplete`]: what is absent comes first, but for a `SignatureType`, as that decides what has to be there.
    pub fn claims(&self) -> Result<Claims<'_>, Incomplete> {
        match self {
            Self::Nothing => Err(Incomplete::Missing("AccessKeyId")),
            Self::Unreadable(AuthorizationError::Algorithm) => Err(Incomplete::Unsupported("SignatureMethod")),
            Self::Unreadable(AuthorizationError::Malformed) => Err(Incomplete::Malformed),
            Self::V3 { said, authorization } => said.claims(Scheme::V3(*authorization)),
            Self::Rpc { said, rpc } => {
                rpc.check_type()?;
                required(said.access_key_id.as_deref(), "AccessKeyId")?;
                let (method, version) = rpc.required()?;
                let claims = said.claims(Scheme::Rpc)?;
                if method != rpc::METHOD {
                    return Err(Incomplete::Unsupported("SignatureMethod"));
                }
                if version != rpc::VERSION {
                    return Err(Incomplete::Unsupported("SignatureVersion"));
                }
                Ok(claims)
            }
        }
    }
}

impl<'a> Said<'a> {
    fn of_parameters(parameters: &'a Parameters) -> Self {
        let text = |name| parameters.get(name).map(Cow::Borrowed);
        Self {
            access_key_id: text("AccessKeyId"),
            timestamp: text("Timestamp"),
            nonce: text("SignatureNonce"),
            security_token: text("SecurityToken"),
            action: text("Action"),
            version: text("Version"),
        }
    }

    fn of_headers(headers: &'a HeaderMap, authorization: &Authorization<'a>) -> Self {
        let text = |name| header_text(headers, name).filter(|text| !text.is_empty());
        Self {
            access_key_id: Some(Cow::Borrowed(authorization.access_key_id)),
            timestamp: text(headers::DATE),
            nonce: text(headers::NONCE),
            security_token: text(headers::SECURITY_TOKEN),
            action: text(headers::ACTION),
            version: text(headers::VERSION),
        }
    }

    fn claims<'b>(&'b self, scheme: Scheme<'b>) -> Result<Claims<'b>, Incomplete> {
        Ok(Claims {
            access_key_id: required(self.access_key_id.as_deref(), "AccessKeyId")?,
            nonce: required(self.nonce.as_deref(), "SignatureNonce")?,
            timestamp: required(self.timestamp.as_deref(), "Timestamp")?,
            security_token: self.security_token.as_deref(),
            version: required(self.version.as_deref(), "Version")?,
            action: required(self.action.as_deref(), "Action")?,
            scheme,
        })
    }
}

impl<'a> Rpc<'a> {
    fn of(parameters: &'a Parameters) -> Self {
        Self {
            signature: parameters.get("Signature"),
            method: parameters.get("SignatureMethod"),
            version: parameters.get("SignatureVersion"),
            kind: parameters.get("SignatureType"),
        }
    }

    fn check_type(&self) -> Result<(), Incomplete> {
        if self.kind.is_none() { Ok(()) } else { Err(Incomplete::Unsupported("SignatureType")) }
    }

    /// Method and version of the signature, if all is there.
    fn required(&self) -> Result<(&'a str, &'a str), Incomplete> {
        required(self.signature, "Signature")?;
        Ok((required(self.method, "SignatureMethod")?, required(self.version, "SignatureVersion")?))
    }
}

fn required<'a>(text: Option<&'a str>, name: &'static str) -> Result<&'a str, Incomplete> {
    text.ok_or(Incomplete::Missing(name))
}

/// Reads an instant of UTC in the one form that is allowed, `2026-01-15T02:03:04Z`.
pub fn parse_timestamp(text: &str) -> Option<Timestamp> {
    const LENGTH: usize = "2026-01-15T02:03:04Z".len();
    let timestamp = text.parse::<Timestamp>().ok()?;
    // The parser takes many more forms; it writes only one.
    (text.len() == LENGTH && timestamp.to_string() == text).then_some(timestamp)
}

#[cfg(test)]
mod tests {
    use super::super::vectors::header_map;
    use super::*;

    const RPC: [(&str, &str); 8] = [
        ("AccessKeyId", "id"),
        ("Signature", "s"),
        ("SignatureMethod", "HMAC-SHA1"),
        ("SignatureVersion", "1.0"),
        ("SignatureNonce", "n"),
        ("Timestamp", "t"),
        ("Version", "v"),
        ("Action", "a"),
    ];
    const V3: [(&str, &str); 5] = [
        ("authorization", "ACS3-HMAC-SHA256 Credential=id,SignedHeaders=host,Signature=s"),
        ("x-acs-signature-nonce", "n"),
        ("x-acs-date", "t"),
        ("x-acs-version", "v"),
        ("x-acs-action", "a"),
    ];
    const CLAIMS: Claims<'_> = Claims {
        access_key_id: "id",
        timestamp: "t",
        nonce: "n",
        security_token: None,
        action: "a",
        version: "v",
        scheme: Scheme::Rpc,
    };
    const AUTHORIZATION: Authorization<'_> =
        Authorization { access_key_id: "id", signed_headers: "host", signature: "s" };

    /// Tells whether a request with these headers and parameters claims this.
    #[track_caller]
    fn assert_claims(headers: &[(&str, &str)], parameters: &[(&str, &str)], expected: Result<Claims<'_>, Incomplete>) {
        let (headers, parameters) = (header_map(headers.iter().copied()), parameters.iter().copied().collect());
        let presented = Presented::read(&headers, &parameters);
        let claims = presented.claims();
        assert!(claims == expected, "{:?} instead of {:?}", claims.err(), expected.err());
    }

    #[test]
    fn each_scheme_says_the_same_in_its_place() {
        assert_claims(&[], &RPC, Ok(CLAIMS));
        assert_claims(&V3, &[], Ok(Claims { scheme: Scheme::V3(AUTHORIZATION), ..CLAIMS }));
        let with_token = Claims { security_token: Some("token"), ..CLAIMS };
        assert_claims(&[], &[&RPC[..], &[("SecurityToken", "token")]].concat(), Ok(with_token));
        assert_claims(
            &[&V3[..], &[("x-acs-security-token", "token")]].concat(),
            &[],
            Ok(Claims { scheme: Scheme::V3(AUTHORIZATION), ..with_token }),
        );
    }

    #[test]
    fn the_header_of_v3_chooses_v3_and_otherwise_parameters_choose_rpc() {
        assert_claims(
            &V3,
            &RPC.map(|(name, _)| (name, "other")),
            Ok(Claims { scheme: Scheme::V3(AUTHORIZATION), ..CLAIMS }),
        );
        for other in ["Bearer t", "acs3-hmac-sha256 Credential=id,SignedHeaders=host,Signature=s"] {
            assert_claims(&[("authorization", other)], &RPC, Ok(CLAIMS));
            assert_claims(&[("authorization", other)], &[], Err(Incomplete::Missing("AccessKeyId")));
        }
    }

    #[test]
    fn headers_that_are_not_signed_count_for_nothing_in_rpc() {
        let others = V3.map(|(name, _)| (name, "other"));
        assert_claims(&others[1..], &RPC, Ok(CLAIMS));
        assert_claims(&others[1..], &RPC[..7], Err(Incomplete::Missing("Action")));
    }

    #[test]
    fn what_is_absent_or_empty_is_named() {
        for absent in 0..RPC.len() {
            let (mut without, mut with_empty) = (RPC.to_vec(), RPC);
            let (name, _) = without.remove(absent);
            with_empty[absent].1 = "";
            assert_claims(&[], &without, Err(Incomplete::Missing(name)));
            assert_claims(&[], &with_empty, Err(Incomplete::Missing(name)));
        }
        for (absent, name) in [(1, "SignatureNonce"), (2, "Timestamp"), (3, "Version"), (4, "Action")] {
            let (mut without, mut with_empty) = (V3.to_vec(), V3);
            without.remove(absent);
            with_empty[absent].1 = "";
            assert_claims(&without, &[], Err(Incomplete::Missing(name)));
            assert_claims(&with_empty, &[], Err(Incomplete::Missing(name)));
        }
        assert_claims(&[], &[], Err(Incomplete::Missing("AccessKeyId")));
        assert_claims(&[], &RPC[..1], Err(Incomplete::Missing("Signature")));
        assert_claims(&V3[1..], &[("Action", "a")], Err(Incomplete::Missing("AccessKeyId")));
    }

    #[test]
    fn a_signature_of_another_kind_is_told_by_its_parameter() {
        for (name, value) in [("SignatureMethod", "HMAC-SHA256"), ("SignatureVersion", "2.0"), ("SignatureType", "X")] {
            let mut pairs = RPC.to_vec();
            pairs.retain(|(known, _)| *known != name);
            pairs.push((name, value));
            assert_claims(&[], &pairs, Err(Incomplete::Unsupported(name)));
        }
        assert_claims(&[], &[&RPC[..], &[("SignatureType", "")]].concat(), Ok(CLAIMS));
        // A token instead of a signature comes without either.
        let bearer = [("SignatureType", "BEARERTOKEN"), ("BearerToken", "t"), ("Action", "a")];
        assert_claims(&[], &bearer, Err(Incomplete::Unsupported("SignatureType")));
        for (authorization, expected) in [
            ("ACS3-HMAC-SM3 Credential=id,SignedHeaders=host,Signature=s", Incomplete::Unsupported("SignatureMethod")),
            ("ACS3-HMAC-SHA256 Credential=id", Incomplete::Malformed),
        ] {
            assert_claims(&[("authorization", authorization)], &RPC, Err(expected));
        }
    }

    #[test]
    fn a_header_that_is_repeated_says_something_else() {
        let headers = header_map([&V3[..], &[("x-acs-action", "A")]].concat());
        let parameters = Parameters::default();
        let presented = Presented::read(&headers, &parameters);
        assert!(presented.claims().is_ok_and(|claims| claims.action == "A,a"));
    }

    #[test]
    fn an_instant_has_one_form() {
        let instant = parse_timestamp("2026-01-15T02:03:04Z").unwrap();
        assert_eq!(instant.as_second(), 1_768_442_584);
        for other in [
            "",
            "2026-01-15 02:03:04",
            "2026-01-15 02:03:04Z",
            "2026-01-15T02:03:04",
            "2026-01-15t02:03:04z",
            "2026-01-15T02:03:04+00:00",
            "2026-01-15T02:03:04.0Z",
            "2026-01-15T02:03Z",
            "2026-1-15T02:03:04Z",
            "2026-02-29T02:03:04Z",
            "2026-01-15T24:00:00Z",
            "2026-01-15T02:03:60Z",
            "+002026-01-15T02:03:04Z",
            "-000001-01-15T02:03:04Z",
            " 2026-01-15T02:03:04Z",
            "2026-01-15T02:03:04Z ",
            "20260115T020304Z",
            "1768442584",
        ] {
            assert_eq!(parse_timestamp(other), None, "{other}");
        }
    }
}
