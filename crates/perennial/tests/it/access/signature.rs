//! Signatures, the clock window, and each way not to be let in.

use perennial_testkit::ovh::signature;

use super::*;

/// How far a timestamp may be from the sandbox's clock, in seconds.
const WINDOW_S: i64 = 120;

/// What a client signs, and what then goes on the wire in its place.
struct Call<'a> {
    method: &'a str,
    /// As it is signed.
    url: &'a str,
    /// As it is sent.
    target: &'a str,
    signed_body: &'a str,
    sent_body: &'a str,
}

impl World {
    /// Sends a call that was signed right now with the keys of the demo's customer.
    fn call(&mut self, call: &Call<'_>) -> Result<Response> {
        let time = self.client.server_time()?;
        self.call_at(call, time)
    }

    fn call_at(&self, call: &Call<'_>, time: i64) -> Result<Response> {
        let OvhClient { application_key, application_secret, consumer_key, .. } = &self.client;
        let signature = signature(application_secret, consumer_key, call.method, call.url, call.signed_body, time);
        let headers = [
            ("X-Ovh-Application", application_key.as_str()),
            ("X-Ovh-Consumer", consumer_key),
            ("X-Ovh-Timestamp", &time.to_string()),
            ("X-Ovh-Signature", &signature),
            JSON,
        ];
        self.send(call.method, call.target, &headers, call.sent_body)
    }

    /// Gets `/me`, signed so far from the server's time; the call and both looks at the time are within one second.
    fn me_signed_off_by(&mut self, seconds: i64) -> Result<Response> {
        let url = format!("http://{}/1.0/me", self.address());
        let call = Call { method: "GET", url: &url, target: "/1.0/me", signed_body: "", sent_body: "" };
        loop {
            let before = self.client.server_time()?;
            let answer = self.call_at(&call, before + seconds)?;
            if self.client.server_time()? == before {
                return Ok(answer);
            }
        }
    }
}

#[test]
fn each_reason_not_to_be_let_in_has_its_status_its_code_and_its_words() -> Result<()> {
    let world = World::start()?;
    let pending = world.asked(&[("GET", "/*")], &Value::Null)?;
    let elsewhere = world.asked(&[("GET", "/*")], &json!({ "allowedIPs": ["192.0.2.0/24"] }))?;
    elsewhere.answer(CUSTOMER, PAGE_PASSWORD, "approve&validity=P1D")?;
    let unknown = "x".repeat(32);
    let other = world.other()?;
    let keys = |change: &dyn Fn(&mut OvhClient)| -> Result<OvhClient> {
        let mut client = OvhClient::from_env(&world.sandbox.env()?)?;
        change(&mut client);
        Ok(client)
    };
    for (mut client, wanted) in [
        (keys(&|keys| keys.application_key = unknown[..16].to_owned())?, invalid_key()),
        (keys(&|keys| keys.application_key = CLIENT_ID.to_owned())?, invalid_key()),
        (keys(&|keys| keys.application_key.clear())?, invalid_key()),
        (keys(&|keys| keys.application_secret = unknown.clone())?, invalid_signature()),
        (keys(&|keys| keys.consumer_key = unknown.clone())?, not_credential()),
        (keys(&|keys| keys.consumer_key.clone_from(&other.consumer_key))?, not_credential()),
        (keys(&|keys| keys.application_key.clone_from(&other.application_key))?, not_credential()),
        (keys(&|keys| keys.consumer_key.clone_from(&pending.consumer_key))?, invalid_credential()),
        (keys(&|keys| keys.consumer_key.clone_from(&elsewhere.consumer_key))?, address_not_allowed()),
        (keys(&|keys| keys.consumer_key = NARROW_CONSUMER_KEY.to_owned())?, not_granted()),
        (keys(&|_| ())?.at(1_700_000_000), out_of_time()),
    ] {
        assert_refused(&client.call("GET", "/me/order", "")?, &wanted);
    }
    assert_refused(&world.send("GET", "/1.0/me/order", &[], "")?, &not_logged_in());
    Ok(())
}

#[test]
fn the_first_thing_to_mend_is_told_first() -> Result<()> {
    let world = World::start()?;
    let mut client = world.client_with("x")?.at(0);
    "x".clone_into(&mut client.application_key);
    "x".clone_into(&mut client.application_secret);
    let wrong_path = "/me/order/1";
    assert_refused(&client.call("GET", "/nowhere", "")?, &no_route());
    assert_refused(&client.call("GET", wrong_path, "")?, &invalid_key());
    client.application_key.clone_from(&world.client.application_key);
    assert_refused(&client.call("GET", wrong_path, "")?, &not_credential());
    NARROW_CONSUMER_KEY.clone_into(&mut client.consumer_key);
    assert_refused(&client.call("GET", wrong_path, "")?, &out_of_time());
    let mut client = world.client_with(NARROW_CONSUMER_KEY)?;
    "x".clone_into(&mut client.application_secret);
    assert_refused(&client.call("GET", wrong_path, "")?, &invalid_signature());
    client.application_secret.clone_from(&world.client.application_secret);
    assert_refused(&client.call("GET", wrong_path, "")?, &not_granted());
    client.consumer_key.clone_from(&world.client.consumer_key);
    assert_refused(&client.call("GET", wrong_path, "")?, &no_object("orderId", "1"));
    Ok(())
}

#[test]
fn bodies_and_targets_are_signed_byte_for_byte() -> Result<()> {
    let mut world = World::start()?;
    let renew = "/1.0/service/12345/renew";
    let bodies = [
        r#"{"dryRun":true,"duration":"P1Y","services":[12345]}"#,
        r#"{"services": [12345], "duration": "P1Y", "dryRun": true}"#,
        "\n{ \"duration\":\"P1Y\",\t\"dryRun\":true,\"services\":[12345] }\r\n",
        r#"{"duration":"\u00501Y","services":[12345],"dryRun":true,"note":"é"}"#,
    ];
    let url = format!("http://{}{renew}", world.address());
    for body in bodies {
        let call = Call { method: "POST", url: &url, target: renew, signed_body: body, sent_body: body };
        let answer = world.call(&call)?;
        assert_eq!(answer.status, 200, "{body}: {}", answer.text());
        for sent_body in [bodies[0], bodies[1], "", &format!("{body} ")] {
            if sent_body != body {
                assert_refused(&world.call(&Call { sent_body, ..call })?, &invalid_signature());
            }
        }
        assert_refused(&world.call(&Call { method: "PUT", ..call })?, &no_method());
    }
    let path = "/1.0/service/12345/renew?includeOptions=";
    for query in ["", "true", "true&x=%20+%2B", "null&&", "%74rue"] {
        let (target, url) = (format!("{path}{query}"), format!("http://{}{path}{query}", world.address()));
        let call = Call { method: "GET", url: &url, target: &target, signed_body: "", sent_body: "" };
        let answer = world.call(&call)?;
        assert!([200, 400].contains(&answer.status), "{query}: {}", answer.text());
        assert_ne!(answer.json()?, invalid_signature(), "{query}");
        let target = &format!("{target}&");
        assert_refused(&world.call(&Call { target, ..call })?, &invalid_signature());
    }
    assert_eq!(world.count("orders")?, 0);
    Ok(())
}

#[test]
fn every_url_that_a_client_may_have_in_mind_is_tried() -> Result<()> {
    let mut world = World::start()?;
    let here = world.address();
    let port = world.sandbox.port_base() + 1;
    let (plain, spaced) = ("/1.0/vps/vps112233.ovh.net", "/1.0/vps/n%C3%A9%20b");
    for (url, target, fits) in [
        (format!("http://{here}{plain}"), plain, true),
        // A proxy may have ended TLS, and both npm clients leave the port away.
        (format!("https://{here}{plain}"), plain, true),
        (format!("https://127.0.0.1{plain}"), plain, true),
        (format!("http://127.0.0.1{plain}"), plain, false),
        // The public address of the sandbox, by its other name.
        (format!("http://localhost:{port}{plain}"), plain, true),
        (format!("https://eu.api.ovh.com{plain}"), plain, false),
        (format!("http://{here}/v1/vps/vps112233.ovh.net"), "/v1/vps/vps112233.ovh.net", true),
        (format!("http://{here}/v1/vps/vps112233.ovh.net"), plain, false),
        // python-ovh signs what `requests` then encodes.
        (format!("http://{here}/1.0/vps/né b"), spaced, true),
        (format!("http://{here}{spaced}"), spaced, true),
        ("https://127.0.0.1/1.0/vps/né b".to_owned(), spaced, true),
        (format!("http://{here}/1.0/vps/a/b"), "/1.0/vps/a%2Fb", false),
        (format!("http://{here}/1.0/vps/a%2Fb"), "/1.0/vps/a%2Fb", true),
    ] {
        let call = Call { method: "GET", url: &url, target, signed_body: "", sent_body: "" };
        let answer = world.call(&call)?;
        if fits {
            assert!([200, 404].contains(&answer.status), "{url}: {}", answer.text());
        } else {
            assert_refused(&answer, &invalid_signature());
        }
    }
    Ok(())
}

#[test]
fn the_same_signature_twice_is_no_replay() -> Result<()> {
    let mut world = World::start()?;
    let url = format!("http://{}/1.0/me", world.address());
    let call = Call { method: "GET", url: &url, target: "/1.0/me", signed_body: "", sent_body: "" };
    let time = world.client.server_time()?;
    let answers: Vec<Response> = (0..3).map(|_| world.call_at(&call, time)).collect::<Result<_>>()?;
    assert!(answers.iter().all(|answer| answer.status == 200 && answer.body == answers[0].body));
    let ids: Vec<_> = answers.iter().map(|answer| answer.header("X-Ovh-Queryid")).collect();
    assert!(ids[0] != ids[1] && ids[1] != ids[2], "each answer has an id of its own: {ids:?}");
    Ok(())
}

#[test]
fn a_timestamp_may_be_two_minutes_off_and_no_second_more() -> Result<()> {
    let mut world = World::start()?;
    for moved in ["PT0S", "P400D", "PT1H"] {
        world.sandbox.advance(moved)?;
        for seconds in [0, WINDOW_S, -WINDOW_S] {
            let answer = world.me_signed_off_by(seconds)?;
            assert_eq!(answer.status, 200, "{moved} {seconds}: {}", answer.text());
        }
        for seconds in [WINDOW_S + 1, -WINDOW_S - 1, 3_600, -3_600, -2_000_000_000] {
            assert_refused(&world.me_signed_off_by(seconds)?, &out_of_time());
        }
    }
    Ok(())
}

#[test]
fn a_client_that_keeps_the_old_time_is_told_after_the_clock_moved() -> Result<()> {
    let mut world = World::start()?;
    let time = world.client.server_time()?;
    let mut client = world.client_with(&world.client.consumer_key)?.at(time);
    assert_eq!(client.get("/me")?.0, 200);
    world.sandbox.advance("PT10M")?;
    assert_refused(&client.call("GET", "/me", "")?, &out_of_time());
    assert_eq!(world.client.get("/me")?.0, 200);
    Ok(())
}

#[test]
fn the_query_id_carries_the_servers_time() -> Result<()> {
    let mut world = World::start()?;
    for path in ["/me", "/nowhere", "/me/order/1"] {
        let before = world.client.server_time()?;
        let seconds = query_id_seconds(&world.client.call("GET", path, "")?);
        assert!((before..=world.client.server_time()?).contains(&seconds), "{path}");
        world.sandbox.advance("P30D")?;
    }
    Ok(())
}

#[test]
fn what_is_not_wholly_signed_is_not_logged_in() -> Result<()> {
    let mut world = World::start()?;
    let time = world.client.server_time()?.to_string();
    let application = ("X-Ovh-Application", world.client.application_key.as_str());
    let consumer = ("X-Ovh-Consumer", world.client.consumer_key.as_str());
    let (timestamp, signature) = (("X-Ovh-Timestamp", time.as_str()), ("X-Ovh-Signature", "$1$0"));
    let unknown_bearer = ("Authorization", "Bearer x");
    let consumer_as_bearer = format!("Bearer {}", world.client.consumer_key);
    for headers in [
        vec![],
        vec![application],
        vec![application, consumer],
        vec![application, timestamp, signature],
        vec![application, consumer, ("X-Ovh-Timestamp", "noon"), signature],
        vec![application, consumer, ("X-Ovh-Timestamp", "99999999999999999999"), signature],
        vec![consumer, timestamp, signature],
        vec![unknown_bearer],
        vec![unknown_bearer, application],
        vec![("Authorization", "Bearer")],
        vec![("Authorization", "Bearer ")],
        vec![("Authorization", "Basic eDp5")],
        vec![("Authorization", &consumer_as_bearer)],
        vec![("Authorization", &consumer_as_bearer), application, consumer],
    ] {
        // node-ovh sends nothing but the application key to every path with `/auth` in it.
        for path in ["/1.0/me", "/1.0/auth/currentCredential", "/1.0/auth/details", "/v1/service/12345"] {
            let answer = world.send("GET", path, &headers, "")?;
            assert_refused(&answer, &not_logged_in());
        }
        assert_refused(&world.send("POST", "/1.0/auth/logout", &headers, "")?, &not_logged_in());
    }
    let unknown = [("X-Ovh-Application", "unknown")];
    assert_refused(&world.send("GET", "/1.0/me", &unknown, "")?, &invalid_key());
    for signature in ["", "$1$0", "$2$", &"$1$".repeat(1_000)] {
        let headers = [application, consumer, timestamp, ("X-Ovh-Signature", signature)];
        assert_refused(&world.send("GET", "/1.0/me", &headers, "")?, &invalid_signature());
    }
    assert_eq!(get(&mut world.client, "/auth/currentCredential")["status"], "validated", "and nothing has ended");
    Ok(())
}

#[test]
fn the_time_is_for_everybody() -> Result<()> {
    let world = World::start()?;
    for headers in [vec![], vec![("X-Ovh-Application", "unknown")], vec![("Authorization", "Bearer x")]] {
        for path in ["/1.0/auth/time", "/v1/auth/time"] {
            let answer = world.send("GET", path, &headers, "")?;
            let seconds = query_id_seconds(&answer);
            let told = answer.json()?.as_i64().context("a bare integer")?;
            assert!((seconds..=seconds + 1).contains(&told));
            assert!((1_793_606_400..1_793_610_000).contains(&told), "it is the sandbox's clock: {told}");
        }
    }
    Ok(())
}
