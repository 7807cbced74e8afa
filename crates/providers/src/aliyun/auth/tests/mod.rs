//! Both signatures, against what the vendor's SDKs sent and signed, and as laws.

mod laws;

use http::HeaderMap;

use super::acs3::{Authorization, AuthorizationError, Message, Unverified};
use super::vectors::{Pinned, Recorded, Vectors, header_map};
use super::*;

/// The parameters of a recorded request, as a server reads them.
fn parameters(recorded: &Recorded, headers: &HeaderMap) -> Parameters {
    let content_type = headers.get("content-type").map(|value| value.to_str().unwrap());
    Parameters::of(&recorded.query, content_type, recorded.body.as_bytes()).unwrap()
}

/// Checks a request of V3 with the header `Authorization` that it has.
fn verify_v3(secret: &str, message: &Message<'_>) -> Result<(), Unverified> {
    let authorization = message.headers["authorization"].to_str().unwrap();
    acs3::verify(secret, &Authorization::parse(authorization).unwrap(), message)
}

#[test]
fn signatures_are_those_of_the_vendor() {
    let pinned = Vectors::read().pinned;
    assert_eq!(pinned.len(), 7);
    for vector in pinned {
        match vector {
            Pinned::Rpc {
                id,
                method,
                params,
                access_key_secret,
                canonicalized_query_string,
                string_to_sign,
                signature,
            } => {
                assert_eq!(canonical_query(&params), canonicalized_query_string, "{id}");
                let parameters: Parameters = params.into_iter().collect();
                assert_eq!(rpc::string_to_sign(&method, &parameters), string_to_sign, "{id}");
                assert_eq!(rpc::sign(&access_key_secret, &string_to_sign), signature, "{id}");
                let sent = parameters.iter().chain([("Signature", signature.as_str())]).collect();
                assert_eq!(rpc::verify(&access_key_secret, &method, &sent), Ok(()), "{id}");
            }
            Pinned::V3 {
                id,
                method,
                query,
                headers,
                body,
                access_key_id,
                access_key_secret,
                canonical_request,
                string_to_sign,
                authorization,
                signature,
            } => {
                // With plus signs and in another order, as some send it.
                let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query.iter().rev()).finish();
                let signed = headers.keys().map(String::as_str).collect::<Vec<_>>().join(";");
                let mut headers = header_map(headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
                let body_hash = acs3::body_hash(body.as_bytes());
                let canonical = acs3::canonical_request(&method, &query, &headers, &signed, &body_hash);
                assert_eq!(canonical.as_deref(), Ok(canonical_request.as_str()), "{id}");
                assert_eq!(acs3::string_to_sign(&canonical_request), string_to_sign, "{id}");
                assert_eq!(acs3::sign(&access_key_secret, &string_to_sign), signature, "{id}");
                let header =
                    Authorization { access_key_id: &access_key_id, signed_headers: &signed, signature: &signature };
                assert_eq!(header.to_string(), authorization, "{id}");
                let message = Message { method: &method, query: &query, headers: &headers, body: body.as_bytes() };
                let made = acs3::authorize(&access_key_id, &access_key_secret, &message).unwrap();
                let made = Authorization::parse(&made).unwrap();
                assert_eq!(acs3::verify(&access_key_secret, &made, &message), Ok(()), "{id}");
                // Some sign more than has to be signed.
                assert_eq!(made.signature == signature, made.signed_headers == signed, "{id}");
                headers.append("authorization", authorization.parse().unwrap());
                let message = Message { method: &method, query: &query, headers: &headers, body: body.as_bytes() };
                assert_eq!(verify_v3(&access_key_secret, &message), Ok(()), "{id}");
            }
        }
    }
}

#[test]
fn every_recorded_request_says_what_its_sdk_was_told() {
    let vectors = Vectors::read();
    assert_eq!(vectors.recorded.len(), 49);
    for recorded in &vectors.recorded {
        let headers = recorded.header_map();
        let parameters = parameters(recorded, &headers);
        let decoded: Vec<_> = parameters.iter().collect();
        let expected: Vec<_> =
            recorded.decoded_params.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(decoded, expected, "{}", recorded.id);

        let presented = Presented::read(&headers, &parameters);
        let claims = presented.claims().unwrap_or_else(|error| panic!("{}: {error}", recorded.id));
        let said = (claims.action, claims.version, claims.access_key_id, claims.timestamp, claims.nonce);
        let Recorded { action, version, access_key_id, signed_at, nonce, .. } = recorded;
        assert_eq!(said, (&**action, &**version, &**access_key_id, &**signed_at, &**nonce), "{}", recorded.id);
        assert_eq!(claims.security_token, recorded.security_token.as_deref(), "{}", recorded.id);
        assert!(parse_timestamp(claims.timestamp).is_some(), "{}", recorded.id);
        match claims.scheme {
            Scheme::Rpc => assert_eq!(recorded.scheme, "rpc-v1", "{}", recorded.id),
            Scheme::V3(authorization) => {
                assert_eq!(recorded.scheme, "v3", "{}", recorded.id);
                assert_eq!(authorization.signature, recorded.expected_signature, "{}", recorded.id);
                let signed: Vec<_> = authorization.signed_headers.split(';').collect();
                assert_eq!(
                    Some(signed),
                    recorded.signed_headers.as_ref().map(|names| names.iter().map(|name| &**name).collect())
                );
            }
        }
    }
}

#[test]
fn every_recorded_request_of_rpc_verifies_and_nothing_of_it_can_be_changed() {
    let vectors = Vectors::read();
    let recorded = vectors.recorded_with("rpc-v1");
    assert_eq!(recorded.len(), 21);
    for (recorded, secret) in recorded {
        let id = &recorded.id;
        let parameters = parameters(recorded, &recorded.header_map());
        let string_to_sign = rpc::string_to_sign(&recorded.method, &parameters);
        assert_eq!(string_to_sign, recorded.string_to_sign, "{id}");
        assert_eq!(rpc::sign(secret, &string_to_sign), recorded.expected_signature, "{id}");
        assert_eq!(rpc::verify(secret, &recorded.method, &parameters), Ok(()), "{id}");

        let other_method = if recorded.method == "GET" { "POST" } else { "GET" };
        let mismatch = rpc::verify(secret, other_method, &parameters).unwrap_err();
        assert_eq!(mismatch.string_to_sign, rpc::string_to_sign(other_method, &parameters), "{id}");
        assert_eq!(rpc::verify("other", &recorded.method, &parameters), Err(rpc::Mismatch { string_to_sign }), "{id}");
        for changed in 0..recorded.decoded_params.len() {
            let mut pairs = recorded.decoded_params.clone();
            pairs[changed].1.push('x');
            let is_refused = |pairs: Vec<(String, String)>| {
                rpc::verify(secret, &recorded.method, &pairs.into_iter().collect()).is_err()
            };
            assert!(is_refused(pairs.clone()), "{id}: {} changed", pairs[changed].0);
            pairs.remove(changed);
            assert!(is_refused(pairs), "{id}: {} removed", recorded.decoded_params[changed].0);
        }
        let more = parameters.iter().chain([("OwnerId", "")]).collect();
        assert!(rpc::verify(secret, &recorded.method, &more).is_err(), "{id}: one more");
    }
}

#[test]
fn every_recorded_request_of_v3_verifies_and_nothing_of_it_can_be_changed() {
    let vectors = Vectors::read();
    let recorded = vectors.recorded_with("v3");
    assert_eq!(recorded.len(), 28);
    for (recorded, secret) in recorded {
        let id = &recorded.id;
        let headers = recorded.header_map();
        let message = Message {
            method: &recorded.method,
            query: &recorded.query,
            headers: &headers,
            body: recorded.body.as_bytes(),
        };
        assert_eq!(verify_v3(secret, &message), Ok(()), "{id}");
        let mismatch = Unverified::Mismatch {
            string_to_sign: recorded.string_to_sign.clone(),
            canonical_request: recorded.canonical_request.clone().unwrap(),
        };
        assert_eq!(verify_v3("other", &message), Err(mismatch), "{id}");

        let is_mismatch = |message| matches!(verify_v3(secret, &message), Err(Unverified::Mismatch { .. }));
        assert!(is_mismatch(Message { method: "PUT", ..message }), "{id}");
        let longer = if recorded.query.is_empty() { "OwnerId=".to_owned() } else { format!("{}x", recorded.query) };
        assert!(is_mismatch(Message { query: &longer, ..message }), "{id}");
        assert_eq!(verify_v3(secret, &Message { body: b"{}", ..message }), Err(Unverified::Body), "{id}");
        for name in recorded.signed_headers.as_ref().unwrap() {
            let mut changed = headers.clone();
            changed.insert(name.parse::<http::HeaderName>().unwrap(), "other".parse().unwrap());
            let refused = verify_v3(secret, &Message { headers: &changed, ..message }).unwrap_err();
            let is_hash = name == headers::CONTENT_SHA256;
            assert_eq!(refused == Unverified::Body, is_hash, "{id}: {name} changed");
            changed.remove(name);
            let absent = Unverified::Absent { header: name.clone() };
            assert_eq!(verify_v3(secret, &Message { headers: &changed, ..message }), Err(absent), "{id}");
            let mut repeated = headers.clone();
            repeated.append(name.parse::<http::HeaderName>().unwrap(), "other".parse().unwrap());
            assert!(verify_v3(secret, &Message { headers: &repeated, ..message }).is_err(), "{id}: {name} repeated");
        }
    }
}

/// Signs a request and puts the header in; `signed_headers` are whatever the sender chose.
fn sign_v3(secret: &str, signed_headers: &str, method: &str, query: &str, headers: &mut HeaderMap, body: &[u8]) {
    let canonical = acs3::canonical_request(method, query, headers, signed_headers, &acs3::body_hash(body)).unwrap();
    let signature = acs3::sign(secret, &acs3::string_to_sign(&canonical));
    let authorization = Authorization { access_key_id: "id", signed_headers, signature: &signature };
    headers.insert("authorization", authorization.to_string().parse().unwrap());
}

/// The six headers of every request, for a body.
fn six_headers(body: &[u8]) -> HeaderMap {
    header_map([
        ("host", "127.0.0.1:8404"),
        (headers::ACTION, "RenewInstance"),
        (headers::CONTENT_SHA256, &acs3::body_hash(body)),
        (headers::DATE, "2026-01-15T02:03:04Z"),
        (headers::NONCE, "0123456789abcdef"),
        (headers::VERSION, "2014-05-26"),
    ])
}

const SIX: &str = "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version";

#[test]
fn what_has_to_be_signed_is_signed_or_refused() {
    for unsigned in SIX.split(';') {
        let rest = SIX.split(';').filter(|name| *name != unsigned).collect::<Vec<_>>().join(";");
        let mut headers = six_headers(b"");
        sign_v3("secret", &rest, "POST", "", &mut headers, b"");
        let refused = verify_v3("secret", &Message { method: "POST", query: "", headers: &headers, body: b"" });
        assert_eq!(refused, Err(Unverified::Unsigned { header: unsigned.to_owned() }));
        headers.remove(unsigned);
        let refused = verify_v3("secret", &Message { method: "POST", query: "", headers: &headers, body: b"" });
        assert_eq!(refused, Err(Unverified::Absent { header: unsigned.to_owned() }));
    }
    for (header, has_to) in [
        ("x-acs-security-token", true),
        ("x-acs-accesskey-id", true),
        ("x-acs-credentials-provider", true),
        ("content-type", true),
        ("accept", false),
        ("user-agent", false),
        ("x-sdk-client", false),
    ] {
        let mut headers = six_headers(b"");
        headers.insert(header, "a".parse().unwrap());
        for (signed, verified) in [(SIX.to_owned(), !has_to), (format!("{header};{SIX}"), true)] {
            sign_v3("secret", &signed, "GET", "", &mut headers, b"");
            let result = verify_v3("secret", &Message { method: "GET", query: "", headers: &headers, body: b"" });
            let expected = if verified { Ok(()) } else { Err(Unverified::Unsigned { header: header.to_owned() }) };
            assert_eq!(result, expected, "{header} of {signed}");
        }
    }
}

#[test]
fn a_form_is_signed_by_its_hash() {
    let body = b"InstanceId=i-1&Period=1";
    let mut headers = six_headers(body);
    headers.insert("content-type", "application/x-www-form-urlencoded".parse().unwrap());
    sign_v3("secret", &format!("content-type;{SIX}"), "POST", "RegionId=r", &mut headers, body);
    let message = Message { method: "POST", query: "RegionId=r", headers: &headers, body };
    assert_eq!(verify_v3("secret", &message), Ok(()));
    let tampered = Message { body: b"InstanceId=i-1&Period=2", ..message };
    assert_eq!(verify_v3("secret", &tampered), Err(Unverified::Body));
    // Neither do parameters move from the form to the query, nor can the hash be changed with the body.
    let moved = Message { query: "RegionId=r&InstanceId=i-1&Period=1", ..message };
    assert!(matches!(verify_v3("secret", &moved), Err(Unverified::Mismatch { .. })));
    let mut rehashed = headers.clone();
    rehashed.insert(headers::CONTENT_SHA256, acs3::body_hash(tampered.body).parse().unwrap());
    let rehashed = Message { headers: &rehashed, ..tampered };
    assert!(matches!(verify_v3("secret", &rehashed), Err(Unverified::Mismatch { .. })));
}

#[test]
fn headers_are_trimmed_and_repeated_ones_are_sorted_and_joined() {
    let mut headers = HeaderMap::new();
    for value in ["b", "  a b\t", "C"] {
        headers.append("x-many", http::HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    headers.append("x-none", "".parse().unwrap());
    let canonical = acs3::canonical_request("GET", "b=%7e&a=1+2&flag", &headers, "x-none;x-many", "hash");
    let expected = "GET\n/\na=1%202&b=~&flag=\nx-none:\nx-many:C,a b,b\n\nx-none;x-many\nhash";
    assert_eq!(canonical.as_deref(), Ok(expected));
    let absent = acs3::canonical_request("GET", "", &headers, "x-many;X-Other", "hash");
    assert_eq!(absent, Err(Unverified::Absent { header: "X-Other".to_owned() }));
    headers.append("x-none", http::HeaderValue::from_bytes(b"\xff").unwrap());
    let no_text = acs3::canonical_request("GET", "", &headers, "x-none", "hash");
    assert_eq!(no_text, Err(Unverified::Absent { header: "x-none".to_owned() }));
}

#[test]
fn a_header_of_authorization_has_one_form() {
    let good = "ACS3-HMAC-SHA256 Credential=id,SignedHeaders=a;b,Signature=00";
    let read = Authorization { access_key_id: "id", signed_headers: "a;b", signature: "00" };
    assert_eq!(Authorization::parse(good), Ok(read));
    assert_eq!(read.to_string(), good);
    for (name, signs) in [("a", true), ("b", true), ("A", false), ("", false), ("a;b", false)] {
        assert_eq!(read.signs(name), signs, "{name}");
    }
    for other in ["", "Bearer t", "ACS3-HMAC-SM3 Credential=id", "ACS3-RSA-SHA256 x", "ACS3-HMAC-SHA256,Credential=id"]
    {
        assert_eq!(Authorization::parse(other), Err(AuthorizationError::Algorithm), "{other}");
    }
    for other in [
        "ACS3-HMAC-SHA256",
        "ACS3-HMAC-SHA256 ",
        "ACS3-HMAC-SHA256 Credential=id,SignedHeaders=a",
        "ACS3-HMAC-SHA256 Credential=,SignedHeaders=a,Signature=00",
        "ACS3-HMAC-SHA256 Credential=id,SignedHeaders=,Signature=00",
        "ACS3-HMAC-SHA256 Credential=id,SignedHeaders=a,Signature=",
        "ACS3-HMAC-SHA256 Credential=id,SignedHeaders=a,Signature=00,More=1",
        "ACS3-HMAC-SHA256 Credential=id, SignedHeaders=a, Signature=00",
        "ACS3-HMAC-SHA256  Credential=id,SignedHeaders=a,Signature=00",
        "ACS3-HMAC-SHA256 Credential=id,SignedHeaders=a;b;a,Signature=00",
        "ACS3-HMAC-SHA256 Credential=id,SignedHeaders=A,Signature=00",
        "ACS3-HMAC-SHA256 Credential=id,SignedHeaders=x-ab;x-aB;x-Ab,Signature=00",
        "ACS3-HMAC-SHA256 Credential=id,SignedHeaders=host;X-acs-date,Signature=00",
        "ACS3-HMAC-SHA256 Signature=00,SignedHeaders=a,Credential=id",
    ] {
        assert_eq!(Authorization::parse(other), Err(AuthorizationError::Malformed), "{other}");
    }
}
