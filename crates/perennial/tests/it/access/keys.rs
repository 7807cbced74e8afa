//! What a caller may know and change of its own keys: `/auth/*` and `/me/api/*`.

use super::*;

fn id(value: &Value) -> i64 {
    value.as_i64().expect("is an id")
}

/// The second of a date is the sandbox's own affair.
fn without_seconds(mut credential: Value, field: &str) -> Value {
    let text = credential[field].as_str().expect("is a date").to_owned();
    credential[field] = json!(format!("{}SS{}", &text[..17], &text[19..]));
    credential
}

#[test]
fn a_credential_describes_itself() -> Result<()> {
    let world = World::start()?;
    let asked = world.asked(&[("GET", "/*"), ("PUT", "/vps/*")], &json!({ "allowedIPs": ["127.0.0.1"] }))?;
    world.sandbox.set_clock("2026-11-02T09:00:00Z")?;
    asked.answer(CUSTOMER, PAGE_PASSWORD, "approve&validity=P1D")?;
    let mut client = world.client_with(&asked.consumer_key)?;
    let shown = get(&mut client, "/auth/currentCredential");
    let told = without_seconds(without_seconds(shown.clone(), "creation"), "expiration");
    let wanted = json!({
        "allowedIPs": ["127.0.0.1"],
        "applicationId": shown["applicationId"],
        "creation": "2026-11-02T09:00:SS+01:00",
        "credentialId": shown["credentialId"],
        "expiration": "2026-11-03T10:00:SS+01:00",
        "lastUse": null,
        "ovhSupport": false,
        "rules": access_rules(&[("GET", "/*"), ("PUT", "/vps/*")]),
        "status": "validated",
    });
    assert_eq!(told, wanted);
    Ok(())
}

#[test]
fn the_last_use_of_a_credential_is_noted_to_the_minute() -> Result<()> {
    let mut world = World::start()?;
    let mut client = world.client_that_may(&[("GET", "/me/order/*"), ("GET", "/auth/currentCredential")])?;
    let current = get(&mut client, "/auth/currentCredential");
    assert_eq!(current["lastUse"], Value::Null);
    let path = format!("/me/api/credential/{}", current["credentialId"]);
    let mut last_use = || get(&mut world.client, &path)["lastUse"].as_str().map(|text| text[..16].to_owned());
    assert_eq!(last_use().as_deref(), Some("2026-11-02T09:00"));
    world.sandbox.set_clock("2026-11-02T10:30:00Z")?;
    assert_eq!(last_use().as_deref(), Some("2026-11-02T09:00"), "looking at it from another one is no use of it");
    assert_eq!(client.get("/me/order/1")?.0, 404);
    assert_eq!(last_use().as_deref(), Some("2026-11-02T11:30"), "a call that finds nothing is a call");
    world.sandbox.set_clock("2026-11-02T11:30:00Z")?;
    assert_refused(&client.call("GET", "/me", "")?, &not_granted());
    assert_eq!(last_use().as_deref(), Some("2026-11-02T11:30"), "a call that is not granted is none");
    Ok(())
}

#[test]
fn who_logs_out_is_out_at_once() -> Result<()> {
    let mut world = World::start()?;
    let mut client = world.client_that_may(&EVERYTHING)?;
    let current = id(&get(&mut client, "/auth/currentCredential")["credentialId"]);
    assert_eq!(client.post("/auth/logout", &Value::Null)?, (200, Value::Null));
    assert_refused(&client.call("GET", "/me", "")?, &invalid_credential());
    assert_refused(&client.call("POST", "/auth/logout", "")?, &invalid_credential());
    assert_eq!(get(&mut world.client, &format!("/me/api/credential/{current}"))["status"], "expired");
    world.sandbox.restart()?;
    assert_refused(&client.call("GET", "/me", "")?, &invalid_credential());
    assert_eq!(world.client.get("/me")?.0, 200, "the account's other keys go on");
    Ok(())
}

#[test]
fn details_tell_how_the_caller_is_known() -> Result<()> {
    let world = World::start()?;
    let rules = [("GET", "/auth/details"), ("GET", "/me*")];
    let mut client = world.client_that_may(&rules)?;
    let wanted = json!({
        "account": CUSTOMER,
        "allowedRoutes": access_rules(&rules),
        "description": "Fixed credentials of the sandbox",
        "identities": ["urn:v1:eu:identity:account:xx11111-ovh"],
        "method": "account",
        "roles": null,
        "user": null,
    });
    assert_eq!(get(&mut client, "/auth/details"), wanted);
    Ok(())
}

#[test]
fn an_application_is_listed_shown_and_ended_with_its_credentials() -> Result<()> {
    let mut world = World::start()?;
    let mut second = world.client_that_may(&EVERYTHING)?;
    let waiting = world.asked(&[("GET", "/me")], &Value::Null)?;
    let applications = get(&mut world.client, "/me/api/application");
    assert_eq!(applications.as_array().map(Vec::len), Some(1), "OAuth2 clients are not among them");
    let path = format!("/me/api/application/{}", applications[0]);
    let wanted = json!({
        "applicationId": applications[0],
        "applicationKey": world.client.application_key,
        "description": "Fixed credentials of the sandbox",
        "name": "demo",
        "status": "active",
    });
    assert_eq!(get(&mut world.client, &path), wanted);
    let mut other = world.other()?;
    for (method, wanted_path, key) in [
        ("GET", path.clone(), applications[0].to_string()),
        ("DELETE", path.clone(), applications[0].to_string()),
        ("GET", "/me/api/application/999".to_owned(), "999".to_owned()),
        ("GET", "/me/api/application/x".to_owned(), "x".to_owned()),
        ("DELETE", "/me/api/application/99999999999999999999".to_owned(), "99999999999999999999".to_owned()),
    ] {
        let answer = other.call(method, &wanted_path, "")?;
        assert_refused(&answer, &no_object("applicationId", &key));
    }
    assert_eq!(world.client.delete(&path)?, (200, Value::Null));
    for client in [&mut world.client, &mut second] {
        assert_refused(&client.call("GET", "/me", "")?, &invalid_key());
    }
    assert_refused(&world.ask(&json!({ "accessRules": access_rules(&[("GET", "/me")]) }))?, &invalid_key());
    assert_eq!(waiting.page()?.status, 404, "nobody can be asked for it any more");
    assert_eq!(other.get("/me")?.0, 200, "others' applications go on");
    Ok(())
}

#[test]
fn credentials_are_listed_filtered_shown_and_ended() -> Result<()> {
    let mut world = World::start()?;
    let mut client = world.client_that_may(&EVERYTHING)?;
    let approved = id(&get(&mut client, "/auth/currentCredential")["credentialId"]);
    let application = get(&mut world.client, "/me/api/application")[0].clone();
    let refused = world.asked(&EVERYTHING, &Value::Null)?;
    refused.answer(CUSTOMER, PAGE_PASSWORD, "refuse")?;
    world.asked(&EVERYTHING, &Value::Null)?;
    let all = get(&mut world.client, "/me/api/credential");
    assert_eq!(all.as_array().map(Vec::len), Some(4), "the demo's two and two that were answered: {all}");
    let mut count = |query: &str| {
        let ids = get(&mut world.client, &format!("/me/api/credential?{query}"));
        ids.as_array().map_or(0, Vec::len)
    };
    for (query, wanted) in [
        ("status=validated".to_owned(), 3),
        ("status=refused".to_owned(), 1),
        ("status=expired".to_owned(), 0),
        ("status=pendingValidation".to_owned(), 0),
        ("status=null".to_owned(), 4),
        (format!("applicationId={application}"), 4),
        (format!("applicationId={application}&status=refused"), 1),
        ("applicationId=999".to_owned(), 0),
    ] {
        assert_eq!(count(&query), wanted, "{query}");
    }
    for (query, field) in [("status=gold", "status"), ("applicationId=x", "applicationId")] {
        let (status, body) = world.client.get(&format!("/me/api/credential?{query}"))?;
        assert_eq!((status, &body["details"]["field"]), (400, &json!(field)), "{query}: {body}");
    }
    let path = format!("/me/api/credential/{approved}");
    assert_eq!(get(&mut world.client, &path)["rules"], access_rules(&EVERYTHING));
    let shown = get(&mut world.client, &format!("{path}/application"));
    assert_eq!(shown, get(&mut world.client, &format!("/me/api/application/{application}")));
    assert_eq!(world.client.delete(&path)?, (200, Value::Null));
    assert_refused(&client.call("GET", "/me", "")?, &invalid_credential());
    assert_eq!(get(&mut world.client, &path)["status"], "expired");
    assert_eq!(get(&mut world.client, "/me/api/credential?status=expired"), json!([approved]));
    assert_eq!(world.client.delete(&path)?, (200, Value::Null), "what has ended may be ended again");
    Ok(())
}

#[test]
fn another_customers_credential_looks_as_if_it_were_not() -> Result<()> {
    let mut world = World::start()?;
    let mine = id(&get(&mut world.client, "/auth/currentCredential")["credentialId"]);
    let pending = world.asked(&EVERYTHING, &Value::Null)?;
    let mut other = world.other()?;
    let waiting = world.count("credentials")?;
    for key in [mine.to_string(), waiting.to_string(), "999".to_owned(), "x".to_owned(), "-1".to_owned()] {
        let path = format!("/me/api/credential/{key}");
        let wanted = no_object("credentialId", &key);
        for (method, path, body) in [
            ("GET", path.clone(), ""),
            ("GET", format!("{path}/application"), ""),
            ("PUT", path.clone(), r#"{"allowedIPs":["192.0.2.1"]}"#),
            ("DELETE", path.clone(), ""),
        ] {
            assert_refused(&other.call(method, &path, body)?, &wanted);
        }
    }
    assert!(!get(&mut other, "/me/api/credential").as_array().into_iter().flatten().any(|one| *one == json!(mine)));
    assert_eq!(world.client.get("/me")?.0, 200);
    assert_eq!(pending.page()?.status, 200);
    Ok(())
}

#[test]
fn what_is_stored_for_whoever_asks_is_bounded() -> Result<()> {
    let world = World::start()?;
    let link = |length: usize| format!("https://x/{}", "a".repeat(length - "https://x/".len()));
    let rules = |count: usize, length: usize| access_rules(&vec![("GET", "/".repeat(length).as_str()); count]);
    let me = || access_rules(&[("GET", "/me")]);
    for (body, field) in [
        (json!({ "accessRules": me(), "redirection": link(2_048), "allowedIPs": vec!["10.0.0.1/32"; 50] }), None),
        (json!({ "accessRules": me(), "redirection": link(2_049) }), Some("redirection")),
        (json!({ "accessRules": me(), "allowedIPs": vec!["10.0.0.1/32"; 51] }), Some("allowedIPs")),
        (json!({ "accessRules": rules(16, 1_024) }), None),
        (json!({ "accessRules": rules(17, 1_024) }), Some("accessRules")),
    ] {
        let answer = world.ask(&body)?;
        let expected = (if field.is_some() { 400 } else { 200 }, field);
        let told = answer.json()?;
        assert_eq!((answer.status, told["details"]["field"].as_str()), expected, "{told}");
    }
    Ok(())
}
