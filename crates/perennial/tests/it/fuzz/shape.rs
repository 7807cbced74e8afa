//! The shape of answers: each dialect's own of a refusal, and what every success is.

use perennial_testkit::http::Response;
use serde_json::Value;

/// What is wrong with an answer; nothing where nothing is.
pub type Judged = Result<(), String>;

fn hold(holds: bool, what: &str) -> Judged {
    if holds { Ok(()) } else { Err(format!("the answer's shape: {what}")) }
}

fn text<'a>(body: &'a Value, name: &str) -> Result<&'a str, String> {
    let text = body[name].as_str().filter(|text| !text.is_empty());
    text.ok_or_else(|| format!("the answer's shape: no text in `{name}`"))
}

fn only(body: &Value, known: &[&str]) -> Judged {
    let unknown = body.as_object().into_iter().flatten().find(|(name, _)| !known.contains(&name.as_str()));
    hold(unknown.is_none(), &format!("{unknown:?} is not one of {known:?}"))
}

fn object(response: &Response, kind: &str) -> Result<Value, String> {
    let told = response.header("content-type").unwrap_or_default();
    hold(told.split(';').next() == Some(kind), &format!("of type {told:?} instead of {kind}"))?;
    let body: Value = serde_json::from_slice(&response.body).map_err(|error| format!("no JSON: {error}"))?;
    hold(body.is_object(), "no object")?;
    Ok(body)
}

/// A success is JSON that can be read, or a file that begins as its kind does.
pub fn success(response: &Response) -> Judged {
    match response.header("content-type") {
        Some("application/pdf") => hold(response.body.starts_with(b"%PDF-"), "no PDF"),
        Some("application/zip") => hold(response.body.starts_with(b"PK"), "no archive"),
        Some(kind) if kind.starts_with("application/json") => {
            serde_json::from_slice::<Value>(&response.body).map(drop).map_err(|error| format!("no JSON: {error}"))
        }
        other => Err(format!("a success of type {other:?}")),
    }
}

/// OVHcloud's: a message and a class for people and programs, the status again, and texts as particulars.
pub fn ovh(response: &Response, _: &str) -> Judged {
    let body = object(response, "application/json")?;
    only(&body, &["class", "errorCode", "httpCode", "message", "details"])?;
    text(&body, "message")?;
    text(&body, "class")?;
    let code = text(&body, "httpCode")?;
    hold(code.starts_with(&format!("{} ", response.status)), "another status in `httpCode`")?;
    let mut details = body["details"].as_object().into_iter().flatten();
    hold(details.all(|(_, detail)| detail.is_string()), "`details` of other things than texts")?;
    hold(response.header("x-ovh-queryid").is_some_and(|id| !id.is_empty()), "no id to quote")
}

/// VPSBG's: a message, and on 422 what is wrong with each field.
pub fn vpsbg(response: &Response, _: &str) -> Judged {
    let body = object(response, "application/json")?;
    only(&body, &["message", "errors"])?;
    text(&body, "message")?;
    let errors = body.get("errors");
    hold(errors.is_some() == (response.status == 422), "`errors` where the status is 422, and only there")?;
    // A field is called what the request calls it, if that is nothing at all.
    let mut fields = errors.and_then(Value::as_object).into_iter().flatten();
    let told = |told: &Value| told.as_array().is_some_and(|told| !told.is_empty() && told.iter().all(Value::is_string));
    hold(fields.all(|(_, reasons)| told(reasons)), "`errors` of other things than reasons")
}

/// HostUp's: a problem document with a stable code.
pub fn hostup(response: &Response, target: &str) -> Judged {
    let body = object(response, "application/problem+json")?;
    let code = text(&body, "code")?;
    hold(code.bytes().all(|letter| letter.is_ascii_lowercase() || letter == b'_'), "a code of other letters")?;
    hold(text(&body, "type")? == format!("https://developer.hostup.se/errors/{code}"), "`type` is not of the code")?;
    text(&body, "title")?;
    text(&body, "detail")?;
    hold(body["status"] == response.status, "another `status`")?;
    let path = target.split('?').next().unwrap_or_default();
    hold(text(&body, "instance")? == path, "another `instance`")?;
    let id = text(&body, "requestId")?;
    hold(id.len() == 30 && id.starts_with("req_"), "no `requestId`")?;
    instant(text(&body, "timestamp")?)?;
    let errors = body["errors"].as_array().into_iter().flatten();
    for error in errors {
        only(error, &["pointer", "detail", "code"])?;
        hold(text(error, "pointer")?.starts_with('/'), "a pointer that leads nowhere")?;
        text(error, "detail")?;
        text(error, "code")?;
    }
    Ok(())
}

/// That of HostUp's legacy API.
pub fn legacy(response: &Response, _: &str) -> Judged {
    let body = object(response, "application/json")?;
    only(&body, &["error", "message", "code", "timestamp", "requestId", "retryAfter"])?;
    text(&body, "error")?;
    text(&body, "message")?;
    let code = text(&body, "code")?;
    hold(code.bytes().all(|letter| letter.is_ascii_uppercase() || letter == b'_'), "a code of other letters")?;
    hold(text(&body, "requestId")?.len() == 36, "no `requestId`")?;
    instant(text(&body, "timestamp")?)
}

/// An instant with three digits after the second, in universal time.
fn instant(text: &str) -> Judged {
    let fits = text.len() == 24 && text.ends_with('Z') && text.parse::<jiff::Timestamp>().is_ok();
    hold(fits, "no instant in `timestamp`")
}
