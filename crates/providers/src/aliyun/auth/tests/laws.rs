//! What one signs the other verifies, and nothing else.

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestCaseResult;

use super::*;

/// Texts with what encodings differ about, and with anything.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![3 => "[ +~*a-z/=&%é中😀\"'()!.:,-]{0,8}", 1 => any::<String>()]
}

fn pairs() -> impl Strategy<Value = Vec<(String, String)>> {
    proptest::collection::vec((text(), text()), 0..6)
}

/// Changes one byte of a text to another printable one of ASCII; none if that is no change, or none of UTF-8.
fn change(text: &str, place: Index, byte: u8) -> Option<String> {
    let mut bytes = text.as_bytes().to_vec();
    let place = place.index(bytes.len());
    bytes[place] = byte;
    String::from_utf8(bytes).ok().filter(|changed| changed != text)
}

/// A query of these parameters, in their order, encoded as signed or as forms are.
fn query(pairs: &[(String, String)], as_form: bool) -> String {
    if as_form {
        return form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    }
    pairs.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect::<Vec<_>>().join("&")
}

proptest! {
    #[test]
    fn a_signed_request_of_rpc_verifies_and_one_changed_byte_of_it_does_not(
        (pairs, secret, as_form) in (pairs(), text(), any::<bool>()),
        (at, place, byte) in (any::<Index>(), any::<Index>(), 0x21_u8..0x7f),
    ) {
        let mut pairs: Vec<_> = pairs.into_iter().filter(|(name, _)| name != "Signature").collect();
        let string_to_sign = rpc::string_to_sign("GET", &pairs.iter().cloned().collect());
        let signature = rpc::sign(&secret, &string_to_sign);
        pairs.insert(at.index(pairs.len() + 1), ("Signature".to_owned(), signature));

        let query = query(&pairs, as_form);
        let sent = Parameters::of(&query, None, b"").unwrap();
        prop_assert!(sent.iter().eq(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))));
        prop_assert_eq!(rpc::verify(&secret, "GET", &sent), Ok(()));

        let other_secret = format!("{secret}x");
        prop_assert!(rpc::verify(&secret, "POST", &sent).is_err());
        prop_assert!(rpc::verify(&other_secret, "GET", &sent).is_err());
        if let Some(changed) = change(&query, place, byte) {
            let changed = Parameters::of(&changed, None, b"").unwrap();
            // `%2a` is `%2A`: the same parameters, in another writing.
            if changed != sent {
                prop_assert!(rpc::verify(&secret, "GET", &changed).is_err());
            }
        }
    }

    #[test]
    fn equal_names_of_rpc_cannot_change_places(one in text(), other in text(), name in "[A-Z]{1,3}") {
        prop_assume!(one != other);
        let signed: Parameters = [(&name, &one), (&name, &other)].into_iter().collect();
        let signature = rpc::sign("secret", &rpc::string_to_sign("GET", &signed));
        let sent = |first: &str, second: &str| {
            let pairs = [(name.as_str(), first), (name.as_str(), second), ("Signature", &signature)];
            rpc::verify("secret", "GET", &pairs.into_iter().collect())
        };
        prop_assert_eq!(sent(&one, &other), Ok(()));
        prop_assert!(sent(&other, &one).is_err());
    }

    #[test]
    fn a_signed_request_of_v3_verifies_and_one_changed_byte_of_it_does_not(
        (pairs, secret, as_form) in (pairs(), text(), any::<bool>()),
        (body, agent) in (proptest::collection::vec(any::<u8>(), 0..9), "[!-~]([ -~]{0,6}[!-~])?"),
        (header, place, byte) in (any::<Index>(), any::<Index>(), 0x21_u8..0x7f),
    ) {
        let query = query(&pairs, as_form);
        let mut headers = six_headers(&body);
        headers.insert("user-agent", agent.parse().unwrap());
        let signed = format!("{SIX};user-agent");
        sign_v3(&secret, &signed, "POST", &query, &mut headers, &body);
        let message = Message { method: "POST", query: &query, headers: &headers, body: &body };
        prop_assert_eq!(verify_v3(&secret, &message), Ok(()));

        let other_secret = format!("{secret}x");
        prop_assert!(verify_v3(&other_secret, &message).is_err());
        let names: Vec<_> = signed.split(';').collect();
        change_v3(&secret, &message, names[header.index(names.len())], place, byte)?;
    }
}

/// Changes one byte of each part of a verified request.
fn change_v3(secret: &str, message: &Message<'_>, header: &str, place: Index, byte: u8) -> TestCaseResult {
    let is_refused = |changed: Message<'_>| verify_v3(secret, &changed).is_err();
    let query = message.query;
    prop_assert!(is_refused(Message { method: "GET", ..*message }), "method");
    if let Some(changed) = Some(query).filter(|query| !query.is_empty()).and_then(|query| change(query, place, byte)) {
        // `%2a` is `%2A`: the same parameters, in another writing.
        let is_other = Parameters::of(&changed, None, b"") != Parameters::of(query, None, b"");
        prop_assert_eq!(is_refused(Message { query: &changed, ..*message }), is_other, "{}", changed);
    }

    let longer = [message.body, &[byte]].concat();
    prop_assert!(is_refused(Message { body: &longer, ..*message }), "body");
    if !message.body.is_empty() {
        let mut other = message.body.to_vec();
        other[place.index(message.body.len())] ^= byte;
        prop_assert!(is_refused(Message { body: &other, ..*message }), "body");
    }

    if let Some(changed) = change(message.headers[header].to_str().unwrap(), place, byte) {
        let mut headers = message.headers.clone();
        *headers.get_mut(header).unwrap() = changed.parse().unwrap();
        prop_assert!(is_refused(Message { headers: &headers, ..*message }), "{}: {}", header, changed);
    }
    // Whose key it is, is not signed: another one has another secret.
    let authorization = message.headers["authorization"].to_str().unwrap();
    let (start, rest) = authorization.split_once("SignedHeaders").unwrap();
    if let Some(changed) = change(rest, place, byte) {
        let changed = format!("{start}SignedHeaders{changed}");
        if let Ok(authorization) = Authorization::parse(&changed) {
            prop_assert!(acs3::verify(secret, &authorization, message).is_err(), "{}", changed);
        }
    }
    Ok(())
}
