//! Asking for a credential, and the page on which the customer answers.

use super::*;

const BACK: &str = "https://app.example.net/back?state=1";

#[test]
fn a_credential_is_asked_for_and_waits() -> Result<()> {
    let world = World::start()?;
    let rules = access_rules(&[("GET", "/*"), ("POST", "/service/*/renew")]);
    let before = world.count("credentials")?;
    for body in [
        // python-ovh writes what is unset as null.
        json!({ "accessRules": rules, "redirection": null, "allowedIPs": null }),
        json!({ "accessRules": rules }),
        json!({ "accessRules": rules, "redirection": "", "allowedIPs": [], "more": { "x": [1.5] } }),
        json!({ "accessRules": rules, "redirection": BACK, "allowedIPs": ["127.0.0.1"] }),
    ] {
        let answer = world.ask(&body)?;
        assert_eq!(answer.status, 200, "{body}: {}", answer.text());
        query_id_seconds(&answer);
        let told = answer.json()?;
        assert_eq!(told.as_object().map(serde_json::Map::len), Some(3), "{told}");
        assert_eq!(told["state"], "pendingValidation");
        let asked = Asked::read(&told)?;
        let token = asked.link.strip_prefix(&format!("{}/auth/?credentialToken=", world.sandbox.pages()));
        let is_secret =
            |text: &str, length| text.len() == length && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        assert!(is_secret(&asked.consumer_key, 32) && token.is_some_and(|token| is_secret(token, 64)), "{told}");
        let used = world.client_with(&asked.consumer_key)?.call("GET", "/me", "")?;
        assert_refused(&used, &invalid_credential());
    }
    assert_eq!(world.count("credentials")?, before + 4);
    Ok(())
}

#[test]
fn what_is_badly_asked_for_is_not_kept() -> Result<()> {
    let world = World::start()?;
    let before = world.count("credentials")?;
    let bounds = "A credential has 1 to 200 access rules of 1024 characters at the most";
    let methods = "`accessRules[0].method` is not valid: not one of GET, POST, PUT, DELETE";
    let link = "A redirection is an http or https link of 2048 characters at the most";
    let block = "`allowedIPs[0]` is not valid: not an address or a block such as 10.0.0.0/8";
    let many: Vec<_> = vec![("GET", "/me"); 201];
    let with = |name: &str, value: Value| {
        let mut body = json!({ "accessRules": access_rules(&[("GET", "/*")]) });
        body[name] = value;
        body
    };
    for (body, wanted) in [
        (json!({}), bad_field("accessRules", "`accessRules` is missing")),
        (json!({ "accessRules": null }), bad_field("accessRules", "`accessRules` is of the wrong type: null")),
        (json!({ "accessRules": {} }), bad_field("accessRules", "`accessRules` is of the wrong type: an object")),
        (json!({ "accessRules": [] }), bad_field("accessRules", bounds)),
        (json!({ "accessRules": access_rules(&many) }), bad_field("accessRules", bounds)),
        (json!({ "accessRules": access_rules(&[("GET", &"/".repeat(1_025))]) }), bad_field("accessRules", bounds)),
        (json!({ "accessRules": access_rules(&[("PATCH", "/*")]) }), bad_field("accessRules[0].method", methods)),
        (json!({ "accessRules": access_rules(&[("get", "/*")]) }), bad_field("accessRules[0].method", methods)),
        (
            json!({ "accessRules": [{ "method": "GET" }] }),
            bad_field("accessRules[0].path", "`accessRules[0].path` is missing"),
        ),
        (
            json!({ "accessRules": [{ "method": "GET", "path": 7 }] }),
            bad_field("accessRules[0].path", "`accessRules[0].path` is of the wrong type: an integer"),
        ),
        (
            json!({ "accessRules": ["GET /*"] }),
            bad_field("accessRules[0]", "`accessRules[0]` is of the wrong type: a string"),
        ),
        (with("redirection", json!("javascript:alert(1)")), bad_field("redirection", link)),
        (with("redirection", json!("//app.example.net")), bad_field("redirection", link)),
        (with("redirection", json!("https://a\r\nSet-Cookie: x")), bad_field("redirection", link)),
        (with("redirection", json!(7)), bad_field("redirection", "`redirection` is of the wrong type: an integer")),
        (with("allowedIPs", json!(["here"])), bad_field("allowedIPs[0]", block)),
        (with("allowedIPs", json!(["10.0.0.0/33"])), bad_field("allowedIPs[0]", block)),
        (
            with("allowedIPs", json!("127.0.0.1")),
            bad_field("allowedIPs", "`allowedIPs` is of the wrong type: a string"),
        ),
        (json!([]), bad_request("the body is not a JSON object")),
        (json!("x"), bad_request("the body is not a JSON object")),
    ] {
        assert_refused(&world.ask(&body)?, &wanted);
    }
    let good = with("redirection", Value::Null).to_string();
    let application = ("X-Ovh-Application", world.client.application_key.as_str());
    let ask = |headers: &[(&str, &str)], body: &str| world.send("POST", "/1.0/auth/credential", headers, body);
    assert_refused(&ask(&[application], "{\"accessRules\":")?, &bad_request("the body is not JSON"));
    assert_refused(&ask(&[application], "")?, &bad_field("accessRules", "`accessRules` is missing"));
    for headers in [vec![], vec![("X-Ovh-Application", "x")], vec![("X-Ovh-Application", CLIENT_ID)]] {
        assert_refused(&ask(&headers, &good)?, &invalid_key());
    }
    assert_refused(&world.send("GET", "/1.0/auth/credential", &[application], "")?, &no_method());
    assert_eq!(world.count("credentials")?, before);
    Ok(())
}

#[test]
fn the_page_says_who_asks_for_what() -> Result<()> {
    let world = World::start()?;
    let asked = world.asked(&[("GET", "/*"), ("POST", "/service/*/renew<script>")], &Value::Null)?;
    let page = asked.page()?;
    assert_eq!((page.status, page.header("Content-Type")), (200, Some("text/html; charset=utf-8")));
    assert_eq!(page.header("Cache-Control"), Some("no-store"));
    let text = page.text();
    for part in ["Let demo act for you?", "<code>GET /*</code>", "<code>POST /service/*/renew&#60;script&#62;</code>"] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    assert!(!text.contains("<script>") && !text.contains(&asked.consumer_key));
    for link in ["/auth/", "/auth/?credentialToken=", "/auth/?credentialToken=x"] {
        for method in ["GET", "POST"] {
            let answer = http::send(method, &format!("{}{link}", world.sandbox.pages()), &[], b"")?;
            assert_eq!(answer.status, 404, "{method} {link}");
        }
    }
    Ok(())
}

#[test]
fn only_the_right_password_answers() -> Result<()> {
    let world = World::start()?;
    let asked = world.asked(&[("GET", "/me")], &Value::Null)?;
    let approve = "approve&validity=P1D";
    let mut client = world.client_with(&asked.consumer_key)?;
    for (account, password, answer, status, said) in [
        (CUSTOMER, "wrong", approve, 403, "Customer number or password is wrong."),
        ("xx99999-ovh", PAGE_PASSWORD, approve, 403, "Customer number or password is wrong."),
        (CUSTOMER, "", approve, 400, "Please fill in customer number and password."),
        ("", PAGE_PASSWORD, approve, 400, "Please fill in customer number and password."),
        (CUSTOMER, PAGE_PASSWORD, "approve", 400, "Please choose how long access lasts."),
        (CUSTOMER, PAGE_PASSWORD, "approve&validity=P9D", 400, "Please choose how long access lasts."),
        (CUSTOMER, PAGE_PASSWORD, "maybe", 400, "Please approve or refuse."),
    ] {
        let page = asked.answer(account, password, answer)?;
        assert_eq!(page.status, status, "{account} {answer}");
        assert!(page.text().contains(said), "{said:?} is not in\n{}", page.text());
        assert_refused(&client.call("GET", "/me", "")?, &invalid_credential());
    }
    // What could be tried without end is not, and the right one does not help then; the clock does.
    for _ in 0..3 {
        assert_eq!(asked.answer(CUSTOMER, "wrong", approve)?.status, 403);
    }
    assert_eq!(asked.answer(CUSTOMER, PAGE_PASSWORD, approve)?.status, 429);
    world.sandbox.advance("PT16M")?;
    // Another link for each try does not help either.
    for _ in 0..5 {
        let other = world.asked(&[("GET", "/me")], &Value::Null)?;
        assert_eq!(other.answer(CUSTOMER, "wrong", approve)?.status, 403);
    }
    assert_eq!(asked.answer(CUSTOMER, PAGE_PASSWORD, approve)?.status, 429);
    world.sandbox.advance("PT16M")?;
    assert_eq!(asked.answer(CUSTOMER, PAGE_PASSWORD, approve)?.status, 200);
    assert_eq!(client.get("/me")?.0, 200);
    Ok(())
}

#[test]
fn an_approved_credential_lasts_as_long_as_was_chosen() -> Result<()> {
    let mut world = World::start()?;
    for (validity, almost, over) in [
        ("P1D", "PT23H59M", Some("2026-11-03T09:00:00+01:00")),
        ("P7D", "PT167H59M", Some("2026-11-09T09:00:00+01:00")),
        ("P30D", "PT719H59M", Some("2026-12-02T09:00:00+01:00")),
        ("P1Y", "PT8759H59M", Some("2027-11-02T09:00:00+01:00")),
        ("unlimited", "PT87600H", None),
    ] {
        world.sandbox.restart_at(NOW)?;
        let asked = world.asked(&[("GET", "/*")], &json!({ "redirection": BACK }))?;
        let answer = asked.answer(CUSTOMER, PAGE_PASSWORD, &format!("approve&validity={validity}"))?;
        assert_eq!((answer.status, answer.header("Location")), (303, Some(BACK)), "{validity}");
        let mut client = world.client_with(&asked.consumer_key)?;
        let shown = get(&mut client, "/auth/currentCredential");
        let minute = |text: Option<&str>| text.map(|text| [&text[..17], &text[19..]].concat());
        assert_eq!(minute(shown["expiration"].as_str()), minute(over), "{validity}");
        assert_eq!(shown["status"], "validated");
        world.sandbox.advance(almost)?;
        assert_eq!(client.get("/me")?.0, 200, "{validity}");
        world.sandbox.advance("PT2M")?;
        let answer = client.call("GET", "/me", "")?;
        if over.is_some() {
            assert_refused(&answer, &invalid_credential());
            let path = format!("/me/api/credential/{}", shown["credentialId"]);
            assert_eq!(get(&mut world.client, &path)["status"], "expired", "{validity}");
        } else {
            assert_eq!(answer.status, 200, "{validity}");
        }
    }
    Ok(())
}

#[test]
fn a_refused_credential_never_works() -> Result<()> {
    let mut world = World::start()?;
    for redirection in [Some(BACK), None] {
        let asked = world.asked(&[("GET", "/*")], &json!({ "redirection": redirection }))?;
        let answer = asked.answer(CUSTOMER, PAGE_PASSWORD, "refuse")?;
        assert_eq!(answer.header("Location"), redirection);
        assert_eq!(answer.status, if redirection.is_some() { 303 } else { 200 });
        let used = world.client_with(&asked.consumer_key)?.call("GET", "/me", "")?;
        assert_refused(&used, &invalid_credential());
        assert_eq!(asked.answer(CUSTOMER, PAGE_PASSWORD, "approve&validity=P1D")?.status, 404);
    }
    let refused = get(&mut world.client, "/me/api/credential?status=refused");
    assert_eq!(refused.as_array().map(Vec::len), Some(2));
    Ok(())
}

#[test]
fn a_link_is_answered_once() -> Result<()> {
    let world = World::start()?;
    let asked = world.asked(&[("GET", "/me")], &Value::Null)?;
    let answer = asked.answer(CUSTOMER, PAGE_PASSWORD, "approve&validity=P1D")?;
    assert_eq!(answer.status, 200);
    assert!(answer.text().contains("The application may now act for the account."), "{}", answer.text());
    assert_eq!(asked.page()?.status, 404);
    for (account, again) in [(CUSTOMER, "refuse"), (OTHER_CUSTOMER, "approve&validity=unlimited")] {
        assert_eq!(asked.answer(account, PAGE_PASSWORD, again)?.status, 404);
    }
    let mut client = world.client_with(&asked.consumer_key)?;
    assert_eq!(get(&mut client, "/me")["nichandle"], CUSTOMER);
    Ok(())
}

#[test]
fn of_answers_at_the_same_time_one_counts() -> Result<()> {
    let world = World::start()?;
    let asked = world.asked(&[("GET", "/me")], &Value::Null)?;
    let answers = std::thread::scope(|scope| {
        let asked = &asked;
        let answer = |word| scope.spawn(move || asked.answer(CUSTOMER, PAGE_PASSWORD, word));
        let given = ["approve&validity=P1D", "refuse", "approve&validity=unlimited", "refuse"].map(answer);
        given.map(|answer| answer.join().expect("the thread ends by itself"))
    });
    let mut statuses = Vec::new();
    for answer in answers {
        statuses.push(answer?.status);
    }
    let counted: Vec<_> = statuses.iter().filter(|status| **status == 200).collect();
    assert_eq!(counted.len(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [200, 404].contains(status)), "{statuses:?}");
    let approved = statuses[0] == 200 || statuses[2] == 200;
    let used = world.client_with(&asked.consumer_key)?.call("GET", "/me", "")?;
    assert_eq!(used.status, if approved { 200 } else { 403 });
    Ok(())
}

#[test]
fn a_link_ends_after_a_day() -> Result<()> {
    let world = World::start()?;
    let asked = world.asked(&[("GET", "/me")], &Value::Null)?;
    world.sandbox.advance("PT23H59M")?;
    assert_eq!(asked.page()?.status, 200);
    world.sandbox.advance("PT2M")?;
    assert_eq!(asked.page()?.status, 404);
    assert_eq!(asked.answer(CUSTOMER, PAGE_PASSWORD, "approve&validity=P1D")?.status, 404);
    let used = world.client_with(&asked.consumer_key)?.call("GET", "/me", "")?;
    assert_refused(&used, &invalid_credential());
    Ok(())
}

#[test]
fn whoever_approves_is_whom_the_application_acts_for() -> Result<()> {
    let mut world = World::start()?;
    let asked = world.asked(&EVERYTHING, &Value::Null)?;
    asked.answer(OTHER_CUSTOMER, PAGE_PASSWORD, "approve&validity=P1D")?;
    let mut guest = world.client_with(&asked.consumer_key)?;
    assert_eq!(get(&mut guest, "/me")["nichandle"], OTHER_CUSTOMER);
    assert_eq!(get(&mut guest, "/auth/details")["account"], OTHER_CUSTOMER);
    let id = get(&mut guest, "/auth/currentCredential")["credentialId"].clone();
    let path = format!("/me/api/credential/{id}");
    // It is the other customer's to see and to end, and nobody else's; the application is still its owner's.
    let mut other = world.other()?;
    assert_eq!(get(&mut other, &path)["status"], "validated");
    assert_eq!(
        get(&mut other, &format!("{path}/application"))["applicationKey"],
        world.client.application_key.as_str()
    );
    assert_eq!(world.client.get(&path)?, (404, no_object("credentialId", &id.to_string())));
    let application = get(&mut other, &path)["applicationId"].to_string();
    for client in [&mut other, &mut guest] {
        let answer = client.delete(&format!("/me/api/application/{application}"))?;
        assert_eq!(answer, (404, no_object("applicationId", &application)));
    }
    assert_eq!(world.client.delete(&format!("/me/api/application/{application}"))?, (200, Value::Null));
    assert_refused(&guest.call("GET", "/me", "")?, &invalid_key());
    assert_eq!(get(&mut other, &path)["status"], "expired");
    Ok(())
}
