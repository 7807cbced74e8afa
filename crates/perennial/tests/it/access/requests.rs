//! Routes and their description; and requests that no client of anybody's would send.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use super::*;

const SECTIONS: [&str; 7] = ["auth", "me", "service", "services", "vps", "domain", "hosting/web"];
const METHODS: [&str; 4] = ["GET", "POST", "PUT", "DELETE"];

impl World {
    /// Sends bytes as they are, and returns the status and the text of what comes back; 0 if nothing does.
    fn raw(&self, request: &[u8]) -> Result<(u16, String)> {
        let mut stream = TcpStream::connect(self.address())?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        // A server may have answered and closed before it was sent everything.
        let _sent = stream.write_all(request);
        let _closed = stream.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        let _reset = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Ok((status, answer))
    }
}

/// The types that an operation or model names, without their brackets.
fn types(node: &Value, found: &mut BTreeSet<String>) {
    match node {
        Value::Object(fields) => {
            for (name, value) in fields {
                if let (true, Some(text)) =
                    (["responseType", "dataType", "fullType", "type"].contains(&name.as_str()), value.as_str())
                {
                    found.insert(text.trim_end_matches("[]").to_owned());
                }
                types(value, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| types(item, found)),
        _ => {}
    }
}

#[test]
fn each_section_describes_itself_to_everybody() -> Result<()> {
    let world = World::start()?;
    let listed = |document: &Value, name: &str| document[name].as_array().cloned().unwrap_or_default();
    for section in SECTIONS {
        for version in ["/1.0", "/v1"] {
            let answer = world.send("GET", &format!("{version}/{section}.json"), &[], "")?;
            assert_eq!(answer.status, 200, "{section}: {}", answer.text());
            let document = answer.json()?;
            assert_eq!(document["basePath"], format!("{}{version}", world.sandbox.ovh()));
            assert_eq!(document["resourcePath"], format!("/{section}"));
            let mut named = BTreeSet::new();
            types(&document, &mut named);
            for name in named.iter().filter(|name| name.contains('.') && !name.contains('<')) {
                assert!(document["models"][name].is_object(), "{section}: nothing describes {name}");
            }
            for api in listed(&document, "apis") {
                let path = api["path"].as_str().context("a path")?;
                assert!(path == format!("/{section}") || path.starts_with(&format!("/{section}/")), "{path}");
            }
        }
    }
    for section in ["nothing", "hosting", "", "me/order"] {
        assert_ne!(world.send("GET", &format!("/1.0/{section}.json"), &[], "")?.status, 200, "{section}");
    }
    assert_eq!(world.send("POST", "/1.0/service.json", &[], "")?.status, 404);
    Ok(())
}

#[test]
fn what_is_described_is_served_and_nothing_else() -> Result<()> {
    let world = World::start()?;
    let mut connection = world.connection();
    let mut served = 0;
    for section in SECTIONS {
        let document = connection.send("GET", &format!("/1.0/{section}.json"), &[], b"")?.json()?;
        for api in document["apis"].as_array().context("has paths")? {
            let path = api["path"].as_str().context("a path")?;
            let target = format!("/1.0{}", path.replace(['{', '}'], ""));
            let operations = api["operations"].as_array().context("has operations")?;
            for method in METHODS {
                let operation = operations.iter().find(|operation| operation["httpMethod"] == method);
                let answer = connection.send(method, &target, &[], b"")?;
                match operation {
                    None => assert_refused(&answer, &no_method()),
                    Some(open) if open["noAuthentication"] == true => {
                        let wanted = if path == "/auth/time" { 200 } else { 403 };
                        assert_eq!(answer.status, wanted, "{method} {path}: an application key is all it needs");
                    }
                    Some(_) => assert_refused(&answer, &not_logged_in()),
                }
                served += usize::from(operation.is_some());
            }
        }
    }
    assert!(served > 90, "{served} operations are described");
    Ok(())
}

#[test]
fn what_is_no_route_is_not_found_whoever_asks() -> Result<()> {
    let mut world = World::start()?;
    for path in ["/nothing", "/", "", "/me/", "/services/1/renew", "/me//order", "/ME", "/v1/me/x", "/m%65"] {
        assert_refused(&world.client.call("GET", path, "")?, &no_route());
    }
    for target in ["/", "/2.0/me", "/v2/me", "/me", "/1.0", "/1.00/me", "/v10/me", "/1.0/v1/me", "/1.0/../1.0/me"] {
        assert_refused(&world.send("GET", target, &[], "")?, &no_route());
    }
    for (method, path) in [("DELETE", "/me"), ("PATCH", "/me"), ("OPTIONS", "/service"), ("BREW", "/auth/time")] {
        assert_refused(&world.client.call(method, path, "")?, &no_method());
    }
    let head = world.send("HEAD", "/1.0/me", &[], "")?;
    assert_eq!((head.status, head.body.len()), (405, 0));
    Ok(())
}

#[test]
fn both_names_of_the_version_are_one_api() -> Result<()> {
    let mut world = World::start()?;
    for path in ["/me", "/service", "/vps/vps112233.ovh.net", "/service/12345/renew?includeOptions=true"] {
        assert_eq!(get(&mut world.client, &format!("/v1{path}")), get(&mut world.client, path), "{path}");
    }
    let order = json!({ "duration": "P1Y", "services": [12_345], "dryRun": false });
    let (status, placed) = world.client.post("/v1/service/12345/renew", &order)?;
    assert_eq!(status, 200, "{placed}");
    let shown = get(&mut world.client, &format!("/me/order/{}", placed["orderId"]));
    assert_eq!(shown["password"], placed["password"]);
    Ok(())
}

#[test]
fn a_body_that_is_too_large_is_refused_and_the_connection_goes_on() -> Result<()> {
    let world = World::start()?;
    let mut connection = world.connection();
    let before = world.count("credentials")?;
    let application = [("X-Ovh-Application", world.client.application_key.as_str()), JSON];
    let path = "x".repeat(10 * 1_024 * 1_024);
    let body = json!({ "accessRules": access_rules(&[("GET", &path)]) }).to_string();
    for target in ["/1.0/auth/credential", "/1.0/me", "/nowhere", "/auth/oauth2/token"] {
        let answer = connection.send("POST", target, &application, body.as_bytes())?;
        let wanted = bad_request("The body is too large");
        assert_eq!((answer.status, answer.json()?), (400, wanted), "{target}");
        assert_eq!(answer.header("Content-Type"), Some("application/json; charset=utf-8"));
        let time = connection.send("GET", "/1.0/auth/time", &[], b"")?;
        assert!(time.status == 200 && time.json()?.is_i64(), "{target}: {}", time.text());
    }
    // Who asks for leave first is told without sending it.
    let head = format!(
        "POST /1.0/me HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let (status, answer) = world.raw(head.as_bytes())?;
    assert!(status == 400 && answer.contains("The body is too large"), "{answer}");
    assert_eq!(world.count("credentials")?, before);
    Ok(())
}

#[test]
fn bodies_that_are_no_object_are_refused_in_words() -> Result<()> {
    let mut world = World::start()?;
    let deep_array = "[".repeat(100_000);
    let deep_object = format!("{}1{}", r#"{"services":"#.repeat(5_000), "}".repeat(5_000));
    let deep_field =
        |depth: usize| format!(r#"{{"duration":"P1Y","services":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
    let (deep_enough, too_deep) = (deep_field(20), deep_field(100));
    let not_json = bad_request("the body is not JSON");
    let no_object = bad_request("the body is not a JSON object");
    let missing = bad_field("duration", "`duration` is missing");
    let wrong = bad_field("services[0]", "`services[0]` is of the wrong type: an array");
    for (body, wanted) in [
        (r#"{"duration":"P1Y","services":[12345]"#, &not_json),
        (r#"{"duration":"P1Y","services":[12345]}}"#, &not_json),
        ("duration=P1Y", &not_json),
        ("\u{0}", &not_json),
        (" ", &not_json),
        ("{\"duration\":\"\u{1}\"}", &not_json),
        (deep_array.as_str(), &not_json),
        (deep_object.as_str(), &not_json),
        (deep_enough.as_str(), &wrong),
        (too_deep.as_str(), &not_json),
        ("[]", &no_object),
        (r#"[{"duration":"P1Y","services":[12345]}]"#, &no_object),
        ("null", &no_object),
        ("1e999", &no_object),
        ("\"x\"", &no_object),
        ("{}", &missing),
        ("", &missing),
    ] {
        assert_refused(&world.client.call("POST", "/service/12345/renew", body)?, wanted);
    }
    assert_eq!(world.count("orders")?, 0);
    Ok(())
}

#[test]
fn nothing_that_is_sent_is_ever_our_failure() -> Result<()> {
    let mut world = World::start()?;
    let key = world.client.application_key.clone();
    let head =
        |first: &str, more: &[u8]| [first.as_bytes(), b"\r\nHost: x\r\nConnection: close\r\n", more, b"\r\n"].concat();
    let me = "GET /1.0/me HTTP/1.1";
    let long = "x".repeat(100_000);
    for request in [
        head(me, b"X-Ovh-Application: \xff\xfe\r\n"),
        head(me, b"Authorization: Bearer \xff\r\n"),
        head(me, b"Authorization: Basic \xff\xff\r\n"),
        head(me, format!("X-Ovh-Application: {key}\r\nX-Ovh-Consumer: ").as_bytes()),
        head(me, b"X-Ovh-Batch: \xff\r\nX-Pagination-Mode: \xff\r\nX-Pagination-Size: \xff\r\n"),
        head(me, format!("X-Ovh-Application: {long}\r\n").as_bytes()),
        head(me, format!("X-Ovh-Application: {}\r\n", &long[..50_000]).as_bytes()),
        head(me, "X: y\r\n".repeat(5_000).as_bytes()),
        head(me, b"no colon\r\n"),
        head(me, b"Content-Length: 7\r\n"),
        head(me, b"Content-Length: -7\r\n"),
        head(me, b"Content-Length: 1\r\nContent-Length: 2\r\n"),
        head(me, b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"),
        head(&format!("GET /1.0/{long} HTTP/1.1"), b""),
        head("GET /1.0/vps/%ff%00%zz HTTP/1.1", b""),
        head("GET /1.0/vps/\u{e9} HTTP/1.1", b""),
        head("GET http://elsewhere.example/1.0/me HTTP/1.1", b""),
        head("GET * HTTP/1.1", b""),
        head("CONNECT 127.0.0.1:1 HTTP/1.1", b""),
        head("GET 1.0/me HTTP/1.1", b""),
        head("GET /1.0/me HTTP/9.9", b""),
        head("GET\t/1.0/me", b""),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        b"GET /1.0/me HTTP/1.1\r\n\r\n".to_vec(),
        b"POST /1.0/me HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{".to_vec(),
        vec![0; 70_000],
    ] {
        let (status, answer) = world.raw(&request)?;
        let said = String::from_utf8_lossy(&request[..request.len().min(200)]).into_owned();
        assert!(status < 500, "{said:?}: {answer}");
    }
    for path in [
        "/vps/%ff%00%zz",
        "/vps/%",
        "/service/99999999999999999999",
        "/service/-9223372036854775808/renew",
        "/service/12345/renew?includeOptions=%ff",
        "/service/12345/renew?=&&==&%00=%00",
        "/me/order?date.from=9999-12-31T23:59:59%2B99:99&date.to=%00",
        "/me/order?date.from=-009999-01-01T00:00:00Z",
        "/me/order/1,,,2",
        "/me/bill/%2E%2E%2F",
        "/me/api/credential?applicationId=9223372036854775808",
        &format!("/domain/{}", "%C3%A9".repeat(5_000)),
    ] {
        for headers in [
            vec![],
            vec![("X-Ovh-Batch", ",")],
            vec![("X-Ovh-Batch", "%")],
            vec![("X-Pagination-Mode", "CachedObjectList-Pages"), ("X-Pagination-Number", "18446744073709551615")],
            vec![("X-Pagination-Cursor", "18446744073709551615"), ("X-Pagination-Size", "18446744073709551615")],
        ] {
            let answer = world.client.call_with("GET", path, &headers, "")?;
            assert!(answer.status < 500, "{path} {headers:?}: {} {}", answer.status, answer.text());
            assert!(answer.status == 200 || answer.json()?.is_object(), "{path} {headers:?}: {}", answer.text());
        }
    }
    assert_eq!(world.client.get("/me")?.0, 200, "and it goes on as before");
    assert!(!world.sandbox.log().contains("panicked"), "{}", world.sandbox.log());
    Ok(())
}
