//! OAuth2: service accounts and their tokens.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::*;

const TOKEN: &str = "/auth/oauth2/token";
const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
const GRANT: &str = "grant_type=client_credentials&scope=all";

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

fn failure(error: &str, description: &str) -> Value {
    json!({ "error": error, "error_description": description })
}

impl World {
    /// A token of a client, asked for as the SDKs do.
    fn token(&self, id: &str, secret: &str) -> Result<String> {
        let answer = self.send("POST", TOKEN, &[("Authorization", &basic(id, secret)), FORM], GRANT)?;
        assert_eq!(answer.status, 200, "{}", answer.text());
        Ok(answer.json()?["access_token"].as_str().context("a token")?.to_owned())
    }

    fn bear(&self, token: &str, method: &str, path: &str, body: &str) -> Result<Response> {
        // node-ovh sends JSON with a token, and no Content-Type.
        self.send(method, &format!("/1.0{path}"), &[("Authorization", &format!("Bearer {token}"))], body)
    }

    fn got(&self, token: &str, path: &str) -> Result<Value> {
        let answer = self.bear(token, "GET", path, "")?;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    }
}

#[test]
fn a_client_has_its_token_by_basic_or_by_the_form() -> Result<()> {
    let world = World::start()?;
    let header = basic(CLIENT_ID, CLIENT_SECRET);
    let by_form = format!("{GRANT}&client_id={CLIENT_ID}&client_secret={CLIENT_SECRET}");
    let python = format!("grant_type=client_credentials&client_id={CLIENT_ID}&scope=all");
    let basic_header = [("Authorization", header.as_str()), FORM];
    for (target, headers, body) in [
        (TOKEN, &basic_header[..], GRANT),
        (TOKEN, &basic_header, &python),
        (TOKEN, &basic_header[..1], "grant_type=client_credentials"),
        (TOKEN, &[FORM], &by_form),
        (TOKEN, &[], &by_form),
        ("/auth/oauth2/token?x=1", &[FORM], &by_form),
    ] {
        let answer = world.send("POST", target, headers, body)?;
        assert_eq!(answer.status, 200, "{body}: {}", answer.text());
        assert_eq!(answer.header("Content-Type"), Some("application/json"));
        assert_eq!(answer.header("Cache-Control"), Some("no-store"));
        query_id_seconds(&answer);
        let mut told = answer.json()?;
        let token = told["access_token"].take();
        assert_eq!(told, json!({ "access_token": null, "token_type": "Bearer", "expires_in": 3_599, "scope": "all" }));
        let token = token.as_str().context("a token")?;
        assert_eq!(world.got(token, "/me")?["nichandle"], CUSTOMER);
    }
    Ok(())
}

#[test]
fn whoever_is_not_the_client_has_no_token() -> Result<()> {
    let world = World::start()?;
    let before = world.count("credentials")?;
    let refused = failure("invalid_client", "Client authentication failed");
    let grant = failure("unsupported_grant_type", "Only client_credentials is granted");
    let missing = failure("invalid_request", "grant_type is missing");
    let good = basic(CLIENT_ID, CLIENT_SECRET);
    let (application, secret) = (&world.client.application_key, &world.client.application_secret);
    for (authorization, body, status, wanted) in [
        (basic(CLIENT_ID, "wrong"), GRANT, 401, &refused),
        (basic(CLIENT_ID, ""), GRANT, 401, &refused),
        (basic("unknown", CLIENT_SECRET), GRANT, 401, &refused),
        (basic(application, secret), GRANT, 401, &refused),
        ("Basic ***".to_owned(), GRANT, 401, &refused),
        ("Basic".to_owned(), GRANT, 401, &refused),
        ("Bearer x".to_owned(), GRANT, 401, &refused),
        (good.clone(), "grant_type=password&username=a&password=b", 400, &grant),
        (good.clone(), "grant_type=authorization_code&code=x", 400, &grant),
        (good.clone(), "", 400, &missing),
        (good.clone(), "scope=all", 400, &missing),
        (good.clone(), r#"{"grant_type":"client_credentials"}"#, 400, &missing),
    ] {
        let answer = world.send("POST", TOKEN, &[("Authorization", &authorization), FORM], body)?;
        assert_eq!((answer.status, &answer.json()?), (status, wanted), "{authorization} {body}");
        query_id_seconds(&answer);
    }
    for form in
        [GRANT.to_owned(), format!("{GRANT}&client_id={CLIENT_ID}"), format!("{GRANT}&client_id=&client_secret=")]
    {
        let answer = world.send("POST", TOKEN, &[FORM], &form)?;
        assert_eq!((answer.status, &answer.json()?), (401, &refused), "{form}");
    }
    for method in ["GET", "PUT", "DELETE"] {
        let answer = world.send(method, TOKEN, &[("Authorization", &good)], GRANT)?;
        let wanted = failure("invalid_request", "A token is asked for by POST");
        assert_eq!((answer.status, answer.json()?), (400, wanted), "{method}");
    }
    assert_refused(&world.send("POST", "/1.0/auth/oauth2/token", &[], GRANT)?, &no_route());
    assert_eq!(world.count("credentials")?, before);
    Ok(())
}

#[test]
fn a_secret_that_cannot_be_opened_is_our_failure_and_not_the_clients() -> Result<()> {
    let mut world = World::start()?;
    std::fs::write(world.sandbox.data().join("master.key"), "00".repeat(32))?;
    world.sandbox.restart()?;
    let failed = json!({
        "class": "Server::InternalServerError",
        "httpCode": "500 Internal Server Error",
        "message": "Internal server error",
    });
    let header = basic(CLIENT_ID, CLIENT_SECRET);
    assert_refused(&world.send("POST", TOKEN, &[("Authorization", &header), FORM], GRANT)?, &failed);
    assert_refused(&world.client.call("GET", "/me", "")?, &failed);
    Ok(())
}

#[test]
fn a_token_ends_by_the_clock() -> Result<()> {
    let world = World::start()?;
    let token = world.token(CLIENT_ID, CLIENT_SECRET)?;
    world.sandbox.advance("PT3500S")?;
    assert_eq!(world.got(&token, "/me")?["nichandle"], CUSTOMER);
    let second = world.token(CLIENT_ID, CLIENT_SECRET)?;
    world.sandbox.advance("PT99S")?;
    assert_refused(&world.bear(&token, "GET", "/me", "")?, &not_logged_in());
    assert_eq!(world.got(&second, "/me")?["nichandle"], CUSTOMER);
    Ok(())
}

#[test]
fn a_token_tells_who_bears_it_and_ends_with_its_logout() -> Result<()> {
    let world = World::start()?;
    let token = world.token(CLIENT_ID, CLIENT_SECRET)?;
    let wanted = json!({
        "account": CUSTOMER,
        "allowedRoutes": access_rules(&EVERYTHING),
        "description": "Fixed credentials of the sandbox",
        "identities": [format!("urn:v1:eu:identity:credential:{CUSTOMER}/oauth2-{CLIENT_ID}")],
        "method": "oauth2_client_credentials",
        "roles": null,
        "user": null,
    });
    assert_eq!(world.got(&token, "/auth/details")?, wanted);
    assert_eq!(world.got(&token, "/auth/currentCredential")?["status"], "validated");
    let order = world.bear(&token, "POST", "/service/12345/renew", r#"{"duration":"P1Y","services":[12345]}"#)?;
    assert_eq!(order.status, 200, "{}", order.text());
    let answer = world.bear(&token, "POST", "/auth/logout", "")?;
    assert_eq!((answer.status, answer.text().as_str()), (200, "null"));
    assert_refused(&world.bear(&token, "GET", "/me", "")?, &not_logged_in());
    Ok(())
}

#[test]
fn a_token_is_no_consumer_key() -> Result<()> {
    let world = World::start()?;
    let token = world.token(CLIENT_ID, CLIENT_SECRET)?;
    assert_refused(&world.client_with(&token)?.call("GET", "/me", "")?, &not_credential());
    let mut client = world.client_with(&token)?;
    CLIENT_ID.clone_into(&mut client.application_key);
    CLIENT_SECRET.clone_into(&mut client.application_secret);
    assert_refused(&client.call("GET", "/me", "")?, &invalid_key());
    Ok(())
}

#[test]
fn a_client_is_made_shown_changed_and_ended() -> Result<()> {
    let mut world = World::start()?;
    let asked = json!({ "callbackUrls": [], "flow": "CLIENT_CREDENTIALS", "name": "robot", "description": "renews" });
    let (status, made) = world.client.post("/me/api/oauth2/client", &asked)?;
    assert_eq!((status, made.as_object().map(serde_json::Map::len)), (200, Some(2)), "{made}");
    let text = |name: &str| made[name].as_str().map(str::to_owned).context("is a text");
    let (id, secret) = (text("clientId")?, text("clientSecret")?);
    assert_eq!((id.len(), secret.len()), (16, 32));
    assert_eq!(get(&mut world.client, "/me/api/oauth2/client"), json!([CLIENT_ID, id]));

    let path = format!("/me/api/oauth2/client/{id}");
    let mut shown = get(&mut world.client, &path);
    assert!(shown["createdAt"].take().as_str().is_some_and(|at| at.starts_with("2026-11-02T09:00:")));
    let mut wanted = json!({
        "callbackUrls": [],
        "clientId": id,
        "createdAt": null,
        "description": "renews",
        "flow": "CLIENT_CREDENTIALS",
        "identity": format!("urn:v1:eu:identity:credential:{CUSTOMER}/oauth2-{id}"),
        "name": "robot",
    });
    assert_eq!(shown, wanted);
    for (change, name, description) in [
        (json!({}), "robot", "renews"),
        (json!({ "name": "robot 2", "description": null }), "robot 2", "renews"),
        (json!({ "callbackUrls": [], "description": "pays" }), "robot 2", "pays"),
    ] {
        assert_eq!(world.client.put(&path, &change)?, (200, Value::Null), "{change}");
        (wanted["name"], wanted["description"]) = (json!(name), json!(description));
        let mut shown = get(&mut world.client, &path);
        shown["createdAt"].take();
        assert_eq!(shown, wanted, "{change}");
    }

    let token = world.token(&id, &secret)?;
    assert_eq!(world.got(&token, "/me")?["nichandle"], CUSTOMER);
    let credentials = get(&mut world.client, "/me/api/credential");
    assert_eq!(world.client.delete(&path)?, (200, Value::Null));
    assert_refused(&world.bear(&token, "GET", "/me", "")?, &not_logged_in());
    let again = world.send("POST", TOKEN, &[("Authorization", &basic(&id, &secret)), FORM], GRANT)?;
    assert_eq!((again.status, &again.json()?["error"]), (401, &json!("invalid_client")));
    assert_eq!(get(&mut world.client, "/me/api/oauth2/client"), json!([CLIENT_ID]));
    assert_eq!(get(&mut world.client, "/me/api/credential"), credentials, "tokens are not listed, ended or not");
    for method in ["GET", "PUT", "DELETE"] {
        let answer = world.client.call(method, &path, if method == "PUT" { "{}" } else { "" })?;
        assert_refused(&answer, &no_object("clientId", &id));
    }
    Ok(())
}

#[test]
fn clients_are_their_customers_own_and_well_asked_for() -> Result<()> {
    let mut world = World::start()?;
    let before = world.count("applications")?;
    let path = format!("/me/api/oauth2/client/{CLIENT_ID}");
    let mut other = world.other()?;
    assert_eq!(get(&mut other, "/me/api/oauth2/client"), json!([]));
    for method in ["GET", "PUT", "DELETE"] {
        let answer = other.call(method, &path, if method == "PUT" { r#"{"name":"mine"}"# } else { "" })?;
        assert_refused(&answer, &no_object("clientId", CLIENT_ID));
    }
    let flows = "`flow` is not valid: not one of AUTHORIZATION_CODE, CLIENT_CREDENTIALS";
    for (body, wanted) in [
        ("{}", bad_field("description", "`description` is missing")),
        (r#"{"flow":"CLIENT_CREDENTIALS","name":"a"}"#, bad_field("description", "`description` is missing")),
        (r#"{"flow":"PASSWORD","name":"a","description":"b"}"#, bad_field("flow", flows)),
        (
            r#"{"flow":"AUTHORIZATION_CODE","name":"a","description":"b","callbackUrls":["https://x.example"]}"#,
            bad_field("flow", "Only CLIENT_CREDENTIALS is served"),
        ),
        (
            r#"{"flow":"CLIENT_CREDENTIALS","name":7,"description":"b"}"#,
            bad_field("name", "`name` is of the wrong type: an integer"),
        ),
    ] {
        assert_refused(&world.client.call("POST", "/me/api/oauth2/client", body)?, &wanted);
    }
    assert_eq!(world.count("applications")?, before);
    Ok(())
}

#[test]
fn a_post_without_a_content_type_is_read_as_json() -> Result<()> {
    let world = World::start()?;
    let token = world.token(CLIENT_ID, CLIENT_SECRET)?;
    let body = r#"{"flow":"CLIENT_CREDENTIALS","name":"node","description":""}"#;
    let answer = world.bear(&token, "POST", "/me/api/oauth2/client", body)?;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let id = answer.json()?["clientId"].as_str().context("an id")?.to_owned();
    assert_eq!(world.got(&token, &format!("/me/api/oauth2/client/{id}"))?["name"], "node");
    Ok(())
}
