//! Credentials, addresses and other settings, and that nobody sees the key.

use perennial_core::buyer::remote::CallError;

use super::*;
use crate::call::{Places, SettingError};

#[test]
fn a_key_is_found_where_people_keep_it() {
    let find = |variables: &[(&str, &str)]| {
        let variable =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let places = Places { variable: &variable, file: &|_| None, profile: None };
        let found = (CALL.find)(&places).expect("nothing is wrong with it");
        (found.credentials.get("token").map(str::to_owned), found.url)
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(find(&[("HOSTUP_TOKEN", "a"), ("HOSTUP_API_KEY", "b"), ("HOSTUP_URL", "c")]), (some("a"), some("c")));
    assert_eq!(find(&[("HOSTUP_API_KEY", "b"), ("HOSTUP_URL", "")]), (some("b"), None));
    assert_eq!(find(&[]), (None, None));
}

#[test]
fn settings_that_cannot_be_are_refused_without_a_secret() {
    let make = |settings: CallSettings| {
        let script = Arc::new(Script::default());
        let ports = CallPorts { client: Arc::clone(&script) as _, clock: Arc::clone(&script) as _, timer: script };
        (CALL.make)(ProviderName::parse("hostup").unwrap(), settings, ports)
            .err()
            .map(|error| (error.to_string(), error))
    };
    let token = |text: &str| {
        let mut credentials = Credentials::default();
        credentials.set(TOKEN.name, text);
        credentials
    };
    let (text, error) = make(CallSettings::default()).expect("is refused");
    assert!(matches!(error, SettingError::Missing { field: "token", .. }), "{text}");
    for (settings, setting) in [
        (CallSettings { credentials: token("hunter2\n"), ..settings() }, "token"),
        (CallSettings { pay_with: Some("paypal".to_owned()), ..settings() }, "pay_with"),
        (CallSettings { url: Some("https://me:hunter2@cloud.hostup.se".to_owned()), ..settings() }, "url"),
    ] {
        let (text, error) = make(settings).expect("is refused");
        assert!(matches!(error, SettingError::Wrong { setting: is, .. } if is == setting), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
    assert!(make(settings()).is_none());
}

#[test]
fn a_request_has_the_key_and_a_type_only_where_it_has_a_body() {
    let script = Script::default().on("GET /billing/cards", 200, "[]").on(
        "POST /billing/invoices/inv_2/actions/pay",
        402,
        problem("payment_failed"),
    );
    let (remote, script) = remote(script);
    done(remote.pay(&ask(Kind::Domain, DOMAIN), &placed()));
    let sent = script.sent.lock().unwrap();
    for (request, content_type) in sent.iter().zip([None, Some("application/json")]) {
        let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(header("Authorization"), Some(format!("Bearer {KEY}")));
        assert_eq!(header("Accept").as_deref(), Some("application/json"));
        assert_eq!(header("Content-Type").as_deref(), content_type);
        assert_eq!(header("Idempotency-Key"), None, "none is documented");
        assert!(!format!("{:?}", request.headers()).contains(KEY));
    }
}

#[test]
fn an_id_stays_one_step_of_a_path() {
    let (remote, script) = remote(Script::default());
    done(remote.look(&holding(Kind::Server, "../domains?x#"))).expect("it is not there");
    assert_eq!(script.calls().last().map(String::as_str), Some("GET /vps/%2E%2E%2Fdomains%3Fx%23"));
}

#[test]
fn a_refused_read_says_what_the_provider_said_and_not_the_key() {
    let script = Script::default().on("GET /domains?limit=1000", 401, problem("unauthorized"));
    let (remote, _) = remote(script);
    let error = done(remote.inventory(None)).expect_err("is refused");
    let text = error.to_string();
    assert!(matches!(error, CallError::Refused { .. }) && text.contains("not for *** (unauthorized, 401)"), "{text}");
    assert!(!text.contains(KEY), "{text}");
}
