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

/// Alibaba Cloud's: an id to quote, where it was answered, a code, a message, and where there is more to read; in either
/// writing.
pub fn aliyun(response: &Response, _: &str) -> Judged {
    const FIELDS: [&str; 5] = ["RequestId", "HostId", "Code", "Message", "Recommend"];
    let fields = if is_xml(response) {
        let (root, fields) = elements(&response.text())?;
        hold(root == "Error", "another root than Error")?;
        fields
    } else {
        let body = object(response, "application/json")?;
        only(&body, &FIELDS)?;
        FIELDS
            .iter()
            .map(|name| Ok(((*name).to_owned(), text(&body, name)?.to_owned())))
            .collect::<Result<_, String>>()?
    };
    let names: Vec<_> = fields.iter().map(|(name, _)| name.as_str()).collect();
    hold(names == FIELDS, &format!("{names:?} instead of {FIELDS:?}"))?;
    hold(fields.iter().all(|(_, text)| !text.is_empty()), "an empty field")?;
    hold(is_request_id(&fields[0].1), "no RequestId")?;
    let is_code = |code: &str| code.bytes().all(|letter| letter.is_ascii_alphanumeric() || letter == b'.');
    hold(is_code(&fields[2].1), "a code of other letters")?;
    // The older Python SDK reads what follows the colon, and breaks where there is none.
    hold(fields[2].1 != "SignatureDoesNotMatch" || fields[3].1.contains(':'), "a wrong signature without a colon")
}

/// A success of Alibaba Cloud's has an id to quote. ECS has no code; billing has one, always the same.
pub fn aliyun_success(response: &Response) -> Judged {
    let (id, code) = if is_xml(response) {
        let (root, fields) = elements(&response.text())?;
        hold(root.ends_with("Response"), "another root than that of a response")?;
        let field = |name: &str| fields.iter().find(|(known, _)| known == name).map(|(_, text)| text.clone());
        (field("RequestId"), field("Code"))
    } else {
        let body = object(response, "application/json")?;
        let field = |name: &str| body[name].as_str().map(str::to_owned);
        (field("RequestId"), field("Code"))
    };
    hold(id.is_some_and(|id| is_request_id(&id)), "no RequestId")?;
    hold(code.is_none_or(|code| code == "Success"), "a success with another code")
}

fn is_xml(response: &Response) -> bool {
    response.header("content-type") == Some("text/xml;charset=utf-8")
}

/// A UUID in capitals.
fn is_request_id(text: &str) -> bool {
    let fits = |(place, letter)| match place {
        8 | 13 | 18 | 23 => letter == b'-',
        _ => matches!(letter, b'0'..=b'9' | b'A'..=b'F'),
    };
    text.len() == 36 && text.bytes().enumerate().all(fits)
}

/// The root of an XML document and the elements right below it, each with the text that begins it; an error where a
/// reader would stop.
fn elements(document: &str) -> Result<(String, Vec<(String, String)>), String> {
    let rest = document.strip_prefix("<?xml version='1.0' encoding='UTF-8'?>").ok_or("no XML declaration")?;
    let (mut open, mut root, mut found) = (Vec::new(), String::new(), Vec::new());
    let mut parts = rest.split('<');
    hold(parts.next() == Some(""), "text before the root")?;
    for part in parts {
        let (tag, text) = part.split_once('>').ok_or("a tag without an end")?;
        hold(is_xml_text(text), &format!("text that XML does not have: {text:?}"))?;
        if let Some(name) = tag.strip_prefix('/') {
            hold(open.pop() == Some(name), &format!("</{name}> closes another element"))?;
            hold(!open.is_empty() || text.is_empty(), "text after the root")?;
            continue;
        }
        let is_name = !tag.is_empty() && tag.bytes().all(|letter| letter.is_ascii_alphanumeric());
        hold(is_name, &format!("<{tag}> is no element"))?;
        match open.len() {
            0 if root.is_empty() => tag.clone_into(&mut root),
            0 => return Err("a second root".to_owned()),
            1 => found.push((tag.to_owned(), text.to_owned())),
            _ => {}
        }
        open.push(tag);
    }
    hold(open.is_empty() && !root.is_empty(), "elements that stay open")?;
    Ok((root, found))
}

/// Whether a text is one between the tags of XML 1.0: no character that it has not, and no entity but its own.
fn is_xml_text(text: &str) -> bool {
    let is_known = |after: &str| ["amp;", "lt;", "gt;", "#13;"].iter().any(|known| after.starts_with(known));
    let is_letter =
        |letter: char| letter >= ' ' && !matches!(letter, '\u{fffe}' | '\u{ffff}') || "\t\n".contains(letter);
    text.chars().all(is_letter) && text.split('&').skip(1).all(is_known)
}

/// An instant with three digits after the second, in universal time.
fn instant(text: &str) -> Judged {
    let fits = text.len() == 24 && text.ends_with('Z') && text.parse::<jiff::Timestamp>().is_ok();
    hold(fits, "no instant in `timestamp`")
}
