//! The way of every request: parameters, action, caller, nonce, rights, pace, handler; and the way of every reply.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use jiff::Timestamp;
use perennial_core::command::Action;
use perennial_core::idempotency::Nonce;

use super::Aliyun;
use super::caller::{Proved, prove};
use super::context::{Answer, Answered, Context};
use super::renewal::{CLIENT_TOKEN, in_work};
use super::table::{Api, Handler, Row, find};
use crate::aliyun::auth::{Incomplete, Parameters, Presented, headers};
use crate::aliyun::wire::error::{ErrorBody, Failure};
use crate::aliyun::wire::xml;
use crate::common::bearer::allowed_from;
use crate::secret::random_uuid;
use crate::{Ports, Request};

/// The header with the id of a request; the body has it, too.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-acs-request-id");

/// In how many milliseconds a caller may come again that came too often; the newest SDKs tell their callers.
const RETRY_AFTER: HeaderName = HeaderName::from_static("x-acs-retry-after");

/// Answers a request, whatever it is.
pub(super) async fn answer(aliyun: &Aliyun, ports: Ports, request: &Request) -> Response<Bytes> {
    let now = ports.clock.now();
    let read = Read::of(request);
    match carry_out(aliyun, &ports, request, &read, now).await {
        Ok((row, answer)) => {
            read.render(StatusCode::OK, &format!("{}Response", row.action()), |id| whole(row.api(), &answer, id))
        }
        Err(failure) => read.refuse(aliyun, request, &failure),
    }
}

/// Refuses a request, whatever it is.
pub(super) fn refuse(aliyun: &Aliyun, request: &Request, failure: &Failure) -> Response<Bytes> {
    Read::of(request).refuse(aliyun, request, failure)
}

/// What a request is told whose answer did not come in time.
pub(super) fn timed_out(request: &Request) -> Failure {
    let read = Read::of(request);
    match (&read.parameters, read.row(request)) {
        (Ok(parameters), Ok(row)) if row.pays => in_work(parameters.get(CLIENT_TOKEN).is_some()),
        _ => Failure::server_error(),
    }
}

/// The operation a request asks for.
pub(super) fn operation(request: &Request) -> Option<&'static str> {
    Read::of(request).row(request).ok().map(|row| row.operation)
}

/// A request's parameters, and the writing that it wants its answer in.
struct Read {
    parameters: Result<Parameters, Failure>,
    format: Option<Format>,
}

/// A writing of replies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Json,
    Xml,
}

impl Read {
    fn of(request: &Request) -> Self {
        let query = request.target.split_once('?').map_or("", |(_, query)| query);
        let content_type = request.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let parameters = Parameters::of(query, content_type, &request.body);
        let parameters = parameters.map_err(|error| Failure::bad("InvalidParameter", error.to_string()));
        let format = Format::of(&request.headers, parameters.as_ref().ok());
        Self { parameters, format }
    }

    /// The action that is asked for.
    fn row<'a>(&'a self, request: &'a Request) -> Result<&'static Row, Failure> {
        if !matches!(request.method, Method::GET | Method::POST) {
            return Err(Failure::method_not_supported());
        }
        let path = request.target.split_once('?').map_or(request.target.as_str(), |(path, _)| path);
        let parameters = self.parameters.as_ref().map_err(Clone::clone)?;
        if !matches!(path, "" | "/") {
            return Err(Failure::no_action());
        }
        let presented = Presented::read(&request.headers, parameters);
        let said = presented.said();
        // Of a request that says nothing of its sender, or nothing that can be read, whatever it says elsewhere.
        let elsewhere = |parameter, header| {
            let text = |value: &'a HeaderValue| value.to_str().ok();
            parameters.get(parameter).or_else(|| request.headers.get(header).and_then(text))
        };
        let action = said.map_or_else(|| elsewhere("Action", headers::ACTION), |said| said.action.as_deref());
        let version = said.map_or_else(|| elsewhere("Version", headers::VERSION), |said| said.version.as_deref());
        let action = action.ok_or_else(|| Failure::missing("Action"))?;
        let version = version.ok_or_else(|| Failure::missing("Version"))?;
        let api = Api::of_version(version).ok_or_else(Failure::no_version)?;
        find(api, action).ok_or_else(Failure::no_action)
    }

    fn refuse(&self, aliyun: &Aliyun, request: &Request, failure: &Failure) -> Response<Bytes> {
        let host_id = request.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let mut response = self.render(failure.status, "Error", |request_id| {
            let Failure { code, message, .. } = failure;
            let recommend = &aliyun.settings.pages_url;
            let body = ErrorBody { request_id, host_id, code, message, recommend };
            serde_json::to_vec(&body).unwrap_or_else(|_| b"{}".to_vec())
        });
        if let Some(wait_ms) = failure.retry_after_ms {
            response.headers_mut().insert(RETRY_AFTER, wait_ms.into());
        }
        response
    }

    /// A reply in the writing that was asked for, whose root in XML has a name. XML where that is neither.
    fn render(&self, status: StatusCode, root: &str, body: impl FnOnce(&str) -> Vec<u8>) -> Response<Bytes> {
        let id = random_uuid().to_uppercase();
        let json = body(&id);
        let xml = if self.format == Some(Format::Json) { None } else { xml::document(root, &json).ok() };
        let (content_type, text) = match xml {
            Some(xml) => ("text/xml;charset=utf-8", xml.into_bytes()),
            None => ("application/json;charset=utf-8", json),
        };
        let mut response = Response::new(text.into());
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        if let Ok(id) = HeaderValue::from_str(&id) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        response
    }
}

impl Format {
    /// The writing that is asked for: by the parameter `Format` in RPC 1.0, XML where there is none; by the header
    /// `Accept` in V3, JSON where it does not say XML (that default is inferred). None for what is neither.
    fn of(headers: &HeaderMap, parameters: Option<&Parameters>) -> Option<Self> {
        let authorization = headers.get(http::header::AUTHORIZATION);
        if authorization.is_some_and(|value| value.as_bytes().starts_with(b"ACS3-")) {
            let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
            let is_xml = accept.contains("xml") && !accept.contains("json");
            return Some(if is_xml { Self::Xml } else { Self::Json });
        }
        match parameters.and_then(|parameters| parameters.get("Format")) {
            None => Some(Self::Xml),
            Some(text) if text.eq_ignore_ascii_case("json") => Some(Self::Json),
            Some(text) if text.eq_ignore_ascii_case("xml") => Some(Self::Xml),
            Some(_) => None,
        }
    }
}

/// The whole body of a reply: what every reply of the API has, and then what this one says.
fn whole(api: Api, answer: &Answer, request_id: &str) -> Vec<u8> {
    let common = match api {
        Api::Ecs => String::new(),
        Api::Billing => r#""Code":"Success","Message":"Successful!","Success":true,"#.to_owned(),
    };
    let rest = String::from_utf8_lossy(&answer.0);
    let rest = rest.strip_prefix('{').unwrap_or("}");
    let comma = if rest == "}" { "" } else { "," };
    format!("{{{common}\"RequestId\":\"{request_id}\"{comma}{rest}").into_bytes()
}

async fn carry_out(
    aliyun: &Aliyun,
    ports: &Ports,
    request: &Request,
    read: &Read,
    now: Timestamp,
) -> Result<(&'static Row, Answer), Failure> {
    let row = read.row(request)?;
    let parameters = read.parameters.as_ref().map_err(Clone::clone)?;
    let presented = Presented::read(&request.headers, parameters);
    let claims = presented.claims().map_err(incomplete)?;
    if read.format.is_none() {
        return Err(Failure::invalid_format());
    }
    let Proved { known, nonce, good_until } = prove(aliyun, ports, request, parameters, &claims, now)?;
    let caller = &known.caller;
    let context = Context { aliyun, ports, request, parameters, now, caller };
    let is_new = aliyun.nonces.keep(now, nonce, good_until);
    if !is_new {
        return Err(nonce_used());
    }
    if !allowed_from(&caller.credential, request.peer) {
        return Err(Failure::not_authorized());
    }
    if let Some(wait_s) = aliyun.pace.as_ref().and_then(|pace| pace.count(&caller.application).wait_s) {
        return Err(Failure::too_many(wait_s));
    }
    // Before anything is done: once it is, its caller waits for nothing more.
    if known.to_be_noted(now) {
        note_use(&context).await;
    }
    let answered = dispatch(row, &context, nonce, good_until).await;
    answered.map(|answer| (row, answer))
}

async fn dispatch(row: &Row, context: &Context<'_>, nonce: Nonce, good_until: Timestamp) -> Answered {
    if !allows(context, row) {
        return row.unless_allowed.map_or_else(|| Err(Failure::not_authorized()), |answer| answer(context));
    }
    match row.handler {
        Handler::Read(read) => read(context),
        Handler::Act(act) => {
            // Kept in the ledger too, so that another node, or this one after a restart, does not take the request again.
            context.submit(None, Action::UseNonce { nonce, good_until }).await?;
            act(context).await
        }
        Handler::NotServed => Err(Failure::no_action()),
    }
}

/// Whether the key may make the call. A rule names an API and one of its actions, or the beginning of some before a
/// star: `ecs` and `Describe*`.
fn allows(context: &Context<'_>, row: &Row) -> bool {
    context.caller.credential.rules.iter().any(|rule| {
        let of_api = rule.method == "*" || rule.method == row.api().product();
        let of_action =
            rule.path.strip_suffix('*').map_or(rule.path == row.action(), |start| row.action().starts_with(start));
        of_api && of_action
    })
}

/// Notes that the key was used. A use that cannot be noted refuses nothing.
async fn note_use(context: &Context<'_>) {
    let noted = context.submit(None, Action::TouchCredential { credential: context.caller.credential.id }).await;
    if let Err(error) = noted {
        tracing::debug!(error = &error as &dyn std::error::Error, "a key's use was not noted");
    }
}

fn incomplete(incomplete: Incomplete) -> Failure {
    match incomplete {
        Incomplete::Missing(name) => Failure::missing(name),
        Incomplete::Unsupported(name) => {
            Failure::bad("InvalidSignatureMethod", format!("Specified parameter {name} is not supported."))
        }
        Incomplete::Malformed => {
            Failure::bad("IncompleteSignature", "The request signature does not conform to Aliyun standards.")
        }
    }
}

/// The nonce of a request was used before.
pub(super) fn nonce_used() -> Failure {
    Failure::bad("SignatureNonceUsed", "Specified signature nonce was used already.")
}
