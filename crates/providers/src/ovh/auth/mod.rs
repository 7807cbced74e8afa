//! Authentication: what a request presents, the signature, access rules, OAuth2 clients, query ids.
//!
//! Pure: keys, time and randomness are arguments. Whether a credential is known, valid and fresh is for the caller.

mod access;
mod oauth;

use std::borrow::Cow;

use http::{HeaderMap, header};
use sha1::{Digest, Sha1};
use subtle::{Choice, ConstantTimeEq};

pub use self::oauth::TokenRequest;

/// Names of the headers.
pub mod headers {
    /// The application key; on every call.
    pub const APPLICATION: &str = "x-ovh-application";
    /// The consumer key; on signed calls.
    pub const CONSUMER: &str = "x-ovh-consumer";
    /// Unix seconds; on signed calls.
    pub const TIMESTAMP: &str = "x-ovh-timestamp";
    /// The signature; on signed calls.
    pub const SIGNATURE: &str = "x-ovh-signature";
    /// On replies: see [`query_id`](super::query_id).
    pub const QUERY_ID: &str = "x-ovh-queryid";
}

/// What a request says about who sent it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Presented<'a> {
    /// Nothing.
    Nothing,
    /// An application, and not all that a signature needs. node-ovh leaves the rest away of every path with `/auth`.
    Application {
        /// The application key.
        application_key: &'a str,
    },
    /// A signature.
    Signature {
        /// The application key.
        application_key: &'a str,
        /// The consumer key.
        consumer_key: &'a str,
        /// Unix seconds.
        timestamp: i64,
        /// The signature.
        signature: &'a str,
    },
    /// A token of OAuth2. The provider has personal ones as well; they are not served here.
    Bearer {
        /// The token.
        token: &'a str,
    },
}

impl<'a> Presented<'a> {
    /// Reads the headers of a request.
    pub fn read(headers: &'a HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        if let Some((scheme, token)) = text(header::AUTHORIZATION.as_str()).and_then(|value| value.split_once(' '))
            && scheme.eq_ignore_ascii_case("bearer")
        {
            return Self::Bearer { token };
        }
        let Some(application_key) = text(headers::APPLICATION) else { return Self::Nothing };
        let timestamp = text(headers::TIMESTAMP).and_then(|value| value.parse().ok());
        match (text(headers::CONSUMER), timestamp, text(headers::SIGNATURE)) {
            (Some(consumer_key), Some(timestamp), Some(signature)) => {
                Self::Signature { application_key, consumer_key, timestamp, signature }
            }
            _ => Self::Application { application_key },
        }
    }
}

/// Signs a request: `$1$` and the SHA-1 of its six parts, joined by `+`, in lower-case hex.
///
/// The method is in upper case; the URL absolute and exactly as it is sent, query included; the body as it is sent,
/// empty if there is none; the timestamp in Unix seconds.
pub fn sign(secret: &str, consumer_key: &str, method: &str, url: &str, body: &[u8], timestamp: i64) -> String {
    let mut hash = Sha1::new();
    for part in [secret, consumer_key, method, url] {
        hash.update(part);
        hash.update("+");
    }
    hash.update(body);
    hash.update(format!("+{timestamp}"));
    format!("$1${}", hex(&hash.finalize()))
}

/// A signed request as it came in.
#[derive(Clone, Copy)]
pub struct Signed<'a> {
    /// The method, in upper case.
    pub method: &'a str,
    /// The request target as it came: path and query, not decoded.
    pub target: &'a str,
    /// The header `Host`.
    pub host: Option<&'a str>,
    /// The body as it came.
    pub body: &'a [u8],
    /// The timestamp of the header.
    pub timestamp: i64,
    /// The signature of the header.
    pub signature: &'a str,
}

/// Tells whether the signature of a request fits, for one of the URLs that its sender may have had in mind.
///
/// The sender's URL is not on the wire, so it is tried by each public base (`https://renew.example`, no slash at the
/// end), by the header `Host` with both schemes, as a proxy may have ended TLS, and by `https` and `Host` without its
/// port, which is what both npm clients sign whatever the port. Each is tried also with the target as python-ovh signs
/// it, before `requests` encoded its spaces and letters.
///
/// All candidates are compared, in constant time. A signature that was seen before is fine: the same call twice in a
/// second has the same one.
pub fn verify(secret: &str, consumer_key: &str, public_bases: &[&str], request: &Signed<'_>) -> bool {
    let mut fits = Choice::from(0);
    for base in bases(public_bases, request.host) {
        for target in targets(request.target) {
            let url = format!("{base}{target}");
            let expected = sign(secret, consumer_key, request.method, &url, request.body, request.timestamp);
            fits |= expected.as_bytes().ct_eq(request.signature.as_bytes());
        }
    }
    fits.into()
}

/// Returns the possible beginnings of the sender's URL.
fn bases(public_bases: &[&str], host: Option<&str>) -> Vec<String> {
    let mut bases: Vec<String> = public_bases.iter().map(|base| base.trim_end_matches('/').to_owned()).collect();
    if let Some(host) = host {
        bases.extend(["http", "https"].map(|scheme| format!("{scheme}://{host}")));
        bases.push(format!("https://{}", without_port(host)));
    }
    bases.sort_unstable();
    bases.dedup();
    bases
}

/// Takes the port off a host; the colons of an IPv6 address are within brackets.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

/// Returns the possible ends of the sender's URL: the target itself; with its path as it may have been written; and
/// with its query so, too.
fn targets(target: &str) -> Vec<Cow<'_, str>> {
    let path_end = target.find('?').unwrap_or(target.len());
    let (path, query) = target.split_at(path_end);
    let mut targets = vec![Cow::Borrowed(target)];
    for candidate in [as_written(path) + query, as_written(target)] {
        if !targets.contains(&candidate) {
            targets.push(candidate);
        }
    }
    targets
}

/// Undoes the percent-encoding of what cannot stand in a URL: controls, spaces, some marks, and all beyond ASCII.
///
/// Nothing else is decoded, so that no `%2F` or `%3F` changes what the URL means.
fn as_written(text: &str) -> Cow<'_, str> {
    let Some((head, escapes)) = text.split_once('%') else { return Cow::Borrowed(text) };
    let mut written = head.as_bytes().to_vec();
    for escape in escapes.split('%') {
        if let Some((byte, rest)) = illegal(escape) {
            written.push(byte);
            written.extend_from_slice(rest.as_bytes());
        } else {
            written.push(b'%');
            written.extend_from_slice(escape.as_bytes());
        }
    }
    String::from_utf8(written).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// Reads the two digits behind a `%`; `None` unless they stand for a byte that cannot stand in a URL.
fn illegal(escape: &str) -> Option<(u8, &str)> {
    let (digits, rest) = escape.split_at_checked(2)?;
    let byte = u8::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+'))?;
    let illegal = !byte.is_ascii() || byte.is_ascii_control() || b" \"<>\\^`{|}".contains(&byte);
    illegal.then_some((byte, rest))
}

/// Compares two secrets in constant time.
pub fn is_same_secret(known: &str, presented: &str) -> bool {
    known.as_bytes().ct_eq(presented.as_bytes()).into()
}

/// Returns the id of a reply, for its header and the log: `EU.ext-3.65e35d7b.2743956.409faf758b6080216e956063f7a5db1b`.
///
/// The third field is the time in hex; of the others only the shape is known.
pub fn query_id(unix_seconds: u64, counter: u32, random: [u8; 16]) -> String {
    format!("EU.ext-3.{unix_seconds:x}.{counter}.{}", hex(&random))
}

/// Writes bytes as lower-case hex digits.
fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";
    const CONSUMER: &str = "fedcba9876543210fedcba9876543210";
    const TIME: i64 = 1_700_000_000;

    #[test]
    fn a_signature_is_that_of_the_official_clients() {
        for (method, url, body, signature) in [
            (
                "GET",
                "https://eu.api.ovh.com/1.0/service/12345/renew?includeOptions=false",
                "",
                "$1$6be86ca0c0fa4777c35969dcace597ef13b0eb9f",
            ),
            (
                "POST",
                "https://eu.api.ovh.com/1.0/service/12345/renew",
                r#"{"dryRun":false,"duration":"P1Y","services":[67890,12345]}"#,
                "$1$1363444d2c76555b6b71bc3c359c7c3fd44d98b7",
            ),
            (
                "PUT",
                "http://127.0.0.1:8080/1.0/vps/vps112233.ovh.net/serviceInfos",
                r#"{"renew":{"automatic":false,"deleteAtExpiration":false,"forced":false,"period":3}}"#,
                "$1$d197db9553bb885f8b98ae7ee60c63e6eb1c9038",
            ),
        ] {
            assert_eq!(sign(SECRET, CONSUMER, method, url, body.as_bytes(), TIME), signature, "{method} {url}");
        }
        // The vector that python-ovh and go-ovh share.
        let (secret, consumer) = ("9ufkBmLaTQ9nz5yMUlg79taH0GNnzDjk", "5mBuy6SUQcRw2ZUxg0cG68BoDKpED4KY");
        assert_eq!(
            sign(secret, consumer, "GET", "https://eu.api.ovh.com/1.0/auth", b"", 1_457_018_875),
            "$1$e9556054b6309771395efa467c22e627407461ad"
        );
    }

    /// Tells whether what was signed as `url` is let in when it arrives as `target` at `host`.
    fn passes(url: &str, target: &str, host: Option<&str>) -> bool {
        let signature = sign(SECRET, CONSUMER, "GET", url, b"", TIME);
        let request = Signed { method: "GET", target, host, body: b"", timestamp: TIME, signature: &signature };
        verify(SECRET, CONSUMER, &["https://renew.example", "https://other.example/"], &request)
    }

    #[test]
    fn every_url_that_a_client_may_sign_is_tried() {
        let host = Some("127.0.0.1:8401");
        for (url, target, host, fits) in [
            ("https://renew.example/1.0/me", "/1.0/me", host, true),
            ("https://other.example/1.0/me", "/1.0/me", None, true),
            ("http://127.0.0.1:8401/1.0/me", "/1.0/me", host, true),
            ("https://127.0.0.1:8401/1.0/me", "/1.0/me", host, true),
            ("https://127.0.0.1/1.0/me", "/1.0/me", host, true),
            ("http://127.0.0.1/1.0/me", "/1.0/me", host, false),
            ("https://[::1]/1.0/me", "/1.0/me", Some("[::1]:8401"), true),
            ("https://[::1]/1.0/me", "/1.0/me", Some("[::1]"), true),
            ("http://127.0.0.1:8401/1.0/me", "/1.0/me", None, false),
            ("http://elsewhere.example/1.0/me", "/1.0/me", host, false),
            ("http://127.0.0.1:8401/1.0/me?a=1", "/1.0/me?a=2", host, false),
            // As python-ovh signs what `requests` then encodes.
            ("http://127.0.0.1:8401/1.0/vps/é b", "/1.0/vps/%C3%A9%20b", host, true),
            ("http://127.0.0.1:8401/1.0/vps/%C3%A9%20b", "/1.0/vps/%C3%A9%20b", host, true),
            ("http://127.0.0.1:8401/1.0/vps/é?q=%C3%A9", "/1.0/vps/%C3%A9?q=%C3%A9", host, true),
            ("http://127.0.0.1:8401/1.0/vps/é?q=é", "/1.0/vps/%C3%A9?q=%C3%A9", host, true),
            // What could change the meaning is not decoded.
            ("http://127.0.0.1:8401/1.0/vps/a/b", "/1.0/vps/a%2Fb", host, false),
            ("http://127.0.0.1:8401/1.0/vps/a%2Fb é", "/1.0/vps/a%2Fb%20%c3%a9", host, true),
            ("http://127.0.0.1:8401/1.0/vps/%", "/1.0/vps/%25", host, false),
            ("http://127.0.0.1:8401/1.0/vps/%zz%", "/1.0/vps/%zz%", host, true),
            ("http://127.0.0.1:8401/1.0/vps/%ff", "/1.0/vps/%ff", host, true),
        ] {
            assert_eq!(passes(url, target, host), fits, "{url} as {target} at {host:?}");
        }
    }

    #[test]
    fn nothing_of_a_signed_request_can_be_changed() {
        let url = "https://renew.example/1.0/me";
        let signature = sign(SECRET, CONSUMER, "POST", url, b"{}", TIME);
        let good = Signed {
            method: "POST",
            target: "/1.0/me",
            host: None,
            body: b"{}",
            timestamp: TIME,
            signature: &signature,
        };
        let fits = |request| verify(SECRET, CONSUMER, &["https://renew.example"], &request);
        assert!(fits(good));
        assert!(!fits(Signed { method: "PUT", ..good }));
        assert!(!fits(Signed { target: "/v1/me", ..good }));
        assert!(!fits(Signed { body: b"{ }", ..good }));
        assert!(!fits(Signed { timestamp: TIME + 1, ..good }));
        assert!(!fits(Signed { signature: "", ..good }));
        assert!(!fits(Signed { signature: &signature.to_uppercase(), ..good }));
        assert!(!verify("other", CONSUMER, &["https://renew.example"], &good));
        assert!(!verify(SECRET, "other", &["https://renew.example"], &good));
        assert!(!verify(SECRET, CONSUMER, &[], &good));
    }

    #[test]
    fn headers_say_who_calls() {
        let read = |pairs: &[(&'static str, &'static str)]| -> HeaderMap {
            pairs.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect()
        };
        let application = ("X-Ovh-Application", "ak");
        let signed = [application, ("X-Ovh-Consumer", "ck"), ("X-Ovh-Timestamp", "7"), ("X-Ovh-Signature", "$1$0")];
        let signature =
            Presented::Signature { application_key: "ak", consumer_key: "ck", timestamp: 7, signature: "$1$0" };
        let alone = Presented::Application { application_key: "ak" };
        let at_noon = [signed[0], signed[1], ("X-Ovh-Timestamp", "noon"), signed[3]];
        for (headers, presented) in [
            (read(&[]), Presented::Nothing),
            (read(&[application]), alone),
            (read(&signed), signature),
            (read(&signed[..3]), alone),
            (read(&at_noon), alone),
            (read(&signed[1..]), Presented::Nothing),
            (read(&[("Authorization", "Bearer t"), application]), Presented::Bearer { token: "t" }),
            (read(&[("Authorization", "Basic t")]), Presented::Nothing),
        ] {
            assert!(Presented::read(&headers) == presented, "{headers:?}");
        }
    }

    #[test]
    fn secrets_are_the_same_or_not() {
        for (known, presented, same) in [("a", "a", true), ("a", "b", false), ("a", "aa", false), ("", "", true)] {
            assert_eq!(is_same_secret(known, presented), same);
        }
    }

    #[test]
    fn a_query_id_has_the_shape_of_the_real_ones() {
        let random = 0x409f_af75_8b60_8021_6e95_6063_f7a5_db1b_u128.to_be_bytes();
        assert_eq!(
            query_id(0x65e3_5d7b, 2_743_956, random),
            "EU.ext-3.65e35d7b.2743956.409faf758b6080216e956063f7a5db1b"
        );
    }
}
