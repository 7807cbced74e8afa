//! What is never written to a log.

use std::os::unix::fs::PermissionsExt as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::*;

/// A program that runs `perennial` with every log there is.
fn talkative(folder: &std::path::Path) -> Result<std::path::PathBuf> {
    let program = folder.join("perennial");
    std::fs::write(&program, format!("#!/bin/sh\nPERENNIAL_LOG=trace exec '{BINARY}' \"$@\"\n"))?;
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755))?;
    Ok(program)
}

#[test]
fn no_log_ever_holds_a_secret() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let sandbox = Sandbox::options(talkative(folder.path())?).now(NOW).start()?;
    let client = OvhClient::from_env(&sandbox.env()?)?;
    let mut world = World { sandbox, client };
    let text = |value: &Value| value.as_str().map(str::to_owned).context("is a text");
    let wrong_password = "NotThePagePassword";
    let wrong_token = "NotAnyToken";
    let mut secrets = vec![
        world.client.application_secret.clone(),
        world.client.consumer_key.clone(),
        CLIENT_SECRET.to_owned(),
        wrong_password.to_owned(),
        wrong_token.to_owned(),
        std::fs::read_to_string(world.sandbox.data().join("master.key"))?.trim().to_owned(),
    ];

    let asked = world.asked(&EVERYTHING, &json!({ "redirection": "https://app.example.net/RedirectionSecret" }))?;
    let token = asked.link.rsplit('=').next().context("a link has a token")?.to_owned();
    assert_eq!(asked.page()?.status, 200);
    assert_eq!(asked.answer(CUSTOMER, wrong_password, "refuse")?.status, 403);
    assert_eq!(asked.answer(CUSTOMER, PAGE_PASSWORD, "approve&validity=P1D")?.status, 303);
    assert_eq!(asked.page()?.status, 404);
    let mut approved = world.client_with(&asked.consumer_key)?;
    assert_eq!(approved.get("/me")?.0, 200);
    secrets.extend([asked.consumer_key, token, "RedirectionSecret".to_owned()]);

    let robot = json!({ "flow": "CLIENT_CREDENTIALS", "name": "robot", "description": "" });
    let (_, made) = world.client.post("/me/api/oauth2/client", &robot)?;
    let (id, secret) = (text(&made["clientId"])?, text(&made["clientSecret"])?);
    let basic = STANDARD.encode(format!("{id}:{secret}"));
    let grant = "grant_type=client_credentials";
    for (headers, body, status) in [
        (vec![("Authorization", format!("Basic {basic}"))], grant.to_owned(), 200),
        (vec![], format!("{grant}&client_id={id}&client_secret={secret}"), 200),
        (vec![], format!("{grant}&client_id={id}&client_secret={wrong_password}"), 401),
    ] {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = world.send("POST", "/auth/oauth2/token", &headers, &body)?;
        assert_eq!(answer.status, status, "{}", answer.text());
        if status == 200 {
            let token = text(&answer.json()?["access_token"])?;
            let bearer = format!("Bearer {token}");
            assert_eq!(world.send("GET", "/1.0/me", &[("Authorization", &bearer)], "")?.status, 200);
            secrets.push(token);
        }
    }
    let unknown = [("Authorization", "Bearer NotAnyToken")];
    assert_refused(&world.send("GET", "/1.0/me", &unknown, "")?, &not_logged_in());
    secrets.extend([secret, basic]);

    let order = json!({ "duration": "P1Y", "services": [12_345], "dryRun": false });
    let (status, placed) = world.client.post("/service/12345/renew", &order)?;
    assert_eq!(status, 200, "{placed}");
    for field in ["url", "pdfUrl"] {
        assert_eq!(http::get(&text(&placed[field])?)?.status, 200);
        let stale = text(&placed[field])?.replace("password=", "password=NotThePagePassword");
        assert_ne!(http::get(&stale)?.status, 200);
    }
    let pay = json!({ "paymentMethod": { "id": 1_234 } });
    assert_eq!(world.client.post(&format!("/me/order/{}/pay", placed["orderId"]), &pay)?.0, 200);
    secrets.push(text(&placed["password"])?);

    // Failures are told with all they know, and that is not the secret either.
    let mut wrong = world.client_with(&world.client.consumer_key)?;
    wrong_password.clone_into(&mut wrong.application_secret);
    assert_refused(&wrong.call("GET", "/me", "")?, &invalid_signature());
    assert_eq!(approved.post("/auth/logout", &Value::Null)?.0, 200);
    assert!(world.sandbox.stop()?.success());

    let log = world.sandbox.log();
    for said in ["DEBUG", "/1.0/me/order/", "/auth/oauth2/token", "/1.0/service/12345/renew"] {
        assert!(log.contains(said), "the log holds no {said:?}, so it proves nothing:\n{log}");
    }
    for secret in secrets {
        assert!(!secret.is_empty() && !log.contains(&secret), "{secret} is in the log");
    }
    Ok(())
}
