//! What proves us: signatures at the provider's time, and tokens.

use super::*;

#[test]
fn each_request_is_signed_at_the_providers_time() {
    let (remote, script) = signed(&[
        TIME,
        ("GET /services/7", 1, 500, ""),
        ("GET /services/7", 1, 404, r#"{"class":"Client::NotFound","message":"This service does not exist"}"#),
    ]);
    assert_eq!(done(remote.look(&holding())).expect("reads"), None);
    let sent = script.sent.lock().unwrap();
    let [time, first, second] = sent.as_slice() else { panic!("{sent:?}") };
    assert!(time.headers().is_empty(), "the clock is for everybody");
    for request in [first, second] {
        let text = |name: &str| request.headers()[name].to_str().unwrap().to_owned();
        assert_eq!((text("x-ovh-application"), text("x-ovh-consumer")), ("ak".to_owned(), "ck".to_owned()));
        assert_eq!(text("x-ovh-timestamp"), THERE.to_string());
        let url = format!("{BASE}/services/7");
        assert_eq!(text("x-ovh-signature"), sign("as", "ck", "GET", &url, b"", THERE));
        assert!(!format!("{request:?}").contains("ck"), "{request:?}");
    }
}

#[test]
fn a_clock_that_went_wrong_is_read_again_once() {
    const SERVICE: &str = r#"{"class":"Client::NotFound","message":"This service does not exist"}"#;
    let (remote, script) =
        signed(&[TIME, ("GET /services/7", 1, 400, OUT_OF_TIME), ("GET /services/7", 1, 404, SERVICE)]);
    assert_eq!(done(remote.look(&holding())).expect("reads"), None);
    assert_eq!(script.count("GET /1.0/auth/time"), 2);
    let (remote, script) = signed(&[TIME, ("GET /services/7", ALWAYS, 400, OUT_OF_TIME)]);
    let error = done(remote.look(&holding())).expect_err("is refused").to_string();
    assert!(error.contains("Query out of time"), "{error}");
    assert_eq!(script.count("GET /1.0/services/7"), 2);
}

#[test]
fn a_token_is_asked_for_once_and_again_when_it_ends() {
    const CLIENT: [(&str, &str); 2] = [("client_id", "id"), ("client_secret", "hunter2")];
    const GIVEN: &str = r#"{"access_token":"t0ken","token_type":"Bearer","expires_in":3599,"scope":"all"}"#;
    const NOBODY: &str = r#"{"class":"Client::Unauthorized","message":"You must login first"}"#;
    const GONE: &str = r#"{"message":"This service does not exist"}"#;
    const ASK: &str = "POST /auth/oauth2/token";
    let token = (ASK, ALWAYS, 200, GIVEN);
    let lines = [
        token,
        ("GET /services/7", 1, 404, GONE),
        ("GET /services/7", 1, 401, NOBODY),
        ("GET /services/7", 1, 404, GONE),
    ];
    let (remote, script) = world(&lines, &CLIENT, None);
    for asked in [1, 2] {
        assert_eq!(done(remote.look(&holding())).expect("reads"), None);
        assert_eq!(script.count("POST /auth/oauth2/token"), asked);
    }
    let sent = script.sent.lock().unwrap();
    assert_eq!(sent[0].uri().to_string(), "https://api.example/auth/oauth2/token");
    assert_eq!(sent[0].headers()["authorization"].to_str().unwrap(), "Basic aWQ6aHVudGVyMg==");
    assert_eq!(sent[1].headers()["authorization"].to_str().unwrap(), "Bearer t0ken");
    // A payment is not made again by itself, with a new token either.
    let (remote, script) = world(&[token, METHODS, ("POST /me/order/12/pay", 1, 401, NOBODY)], &CLIENT, None);
    assert_eq!(word(&done(remote.pay(&ask(), &open_order()))), "never sent");
    assert_eq!(script.count("POST /1.0/me/order/12/pay"), 1);
    let refusals = [
        (
            401,
            r#"{"error":"invalid_client","error_description":"No such client"}"#,
            "No such client (invalid_client, 401)",
        ),
        (200, r#"{"access_token":["t0ken"]}"#, "the answer holds no token"),
        (200, "t0ken", "the answer holds no token"),
    ];
    for (status, body, says) in refusals {
        let (remote, _) = world(&[(ASK, ALWAYS, status, body)], &CLIENT, None);
        let error = done(remote.look(&holding())).expect_err(says).to_string();
        assert!(error.contains(says) && !error.contains("t0ken") && !error.contains("hunter2"), "{error}");
    }
}
