//! The way of every request: route, caller, rights, pace, handler; and the way of every reply.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use percent_encoding::utf8_percent_encode;
use perennial_core::command::Action;
use tracing::Instrument;

use super::context::{Answer, Caller, Context};
use super::document::RESERVED;
use super::table::{Handler, row};
use super::{Ovh, batch, identity, oauth, page};
use crate::common::bearer::allowed_from;
use crate::common::known::Known;
use crate::common::path::NoRoute;
use crate::common::query::Query;
use crate::ovh::auth::headers::QUERY_ID;
use crate::ovh::description;
use crate::ovh::routes::{Match, find, unprefixed};
use crate::ovh::wire::auth::HttpMethod;
use crate::ovh::wire::error::{AuthError, Failure};
use crate::{Ports, Request};

/// Answers a request, whatever it is.
pub(super) async fn answer(ovh: &Ovh, ports: Ports, request: &Request) -> Response<Bytes> {
    let now = ports.clock.now();
    let id = ovh.query_id(now);
    // Of the level of errors, so that each that is logged on the way says whose request it was.
    let span = tracing::error_span!("query", id);
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    let answered = async {
        if path == oauth::TOKEN_PATH {
            return oauth::token(ovh, &ports, request, now).await;
        }
        match route(ovh, &ports, request, path, query).await {
            Ok((answer, headers)) => render(answer, headers),
            Err(failure) => refuse(failure),
        }
    };
    numbered(&id, answered.instrument(span).await)
}

/// Gives a reply its query id, which no reply is without.
pub(super) fn numbered(id: &str, mut response: Response<Bytes>) -> Response<Bytes> {
    if let Ok(id) = HeaderValue::from_str(id) {
        response.headers_mut().insert(QUERY_ID, id);
    }
    response
}

/// The operation a request asks for.
pub(super) fn operation(request: &Request) -> Option<&'static str> {
    let path = request.target.split_once('?').map_or(request.target.as_str(), |(path, _)| path);
    if path == oauth::TOKEN_PATH {
        return Some(oauth::OPERATION);
    }
    let found = find(&request.method, unprefixed(path)?).ok()?;
    row(found.index).map(|row| row.operation)
}

async fn route(
    ovh: &Ovh,
    ports: &Ports,
    request: &Request,
    path: &str,
    query: &str,
) -> Result<(Answer, HeaderMap), Failure> {
    let now = ports.clock.now();
    let below = unprefixed(path).ok_or_else(Failure::route_not_found)?;
    if let Some(document) = describe(ovh, request, path, below) {
        return Ok((document?, HeaderMap::new()));
    }
    let found = find(&request.method, below).map_err(|reason| match reason {
        NoRoute::Path => Failure::route_not_found(),
        NoRoute::Method => Failure::method_not_allowed(),
    })?;
    let known = if identity::needs_nobody(below) {
        None
    } else {
        let known = identity::prove(ovh, ports, request, now)?;
        authorize(&known.caller, request, below)?;
        ovh.pace(known.caller.paced())?;
        Some(known)
    };
    let query = Query::parse(query);
    let context = |found: Match| Context {
        ovh,
        ports,
        request,
        params: found.params,
        query: query.clone(),
        now,
        caller: known.as_ref().map(|known| &known.caller),
    };
    let answered = if let Some(separator) = batch::separator(request, &found) {
        batch::answer(&separator, below, context).map(|answer| (answer, HeaderMap::new()))
    } else {
        let answer = dispatch(found.index, &context(found.clone())).await;
        answer.and_then(|answer| page::turn(request, below, answer, context))
    };
    // A call that was refused for what it asks has used the credential, too.
    if let Some(known) = known.as_ref().filter(|known| known.to_be_noted(now)) {
        note_use(&context(found), known).await;
    }
    answered
}

/// Carries a route out.
async fn dispatch(index: usize, context: &Context<'_>) -> Result<Answer, Failure> {
    match row(index).map(|row| row.handler) {
        Some(Handler::Read(read)) => read(context),
        Some(Handler::Act(act)) => act(context).await,
        None => Err(Failure::route_not_found()),
    }
}

/// Reads one object of a list for the caller; for batches and pages, which only read.
pub(super) fn read_one<'a>(list: &str, key: &str, context: impl Fn(Match) -> Context<'a>) -> Result<Answer, Failure> {
    // Access rules are held against the path as a client would write it.
    let path = &format!("{list}/{}", utf8_percent_encode(key, RESERVED));
    let found = find(&Method::GET, path).map_err(|_| Failure::route_not_found())?;
    match row(found.index).map(|row| row.handler) {
        Some(Handler::Read(read)) => {
            let context = context(found);
            if let Some(caller) = context.caller {
                authorize(caller, context.request, path)?;
            }
            read(&context)
        }
        Some(Handler::Act(_)) | None => Err(Failure::route_not_found()),
    }
}

fn describe(ovh: &Ovh, request: &Request, path: &str, below: &str) -> Option<Result<Answer, Failure>> {
    let section = below.strip_prefix('/')?.strip_suffix(".json")?;
    if request.method != Method::GET {
        return None;
    }
    let prefix = path.strip_suffix(below)?;
    let host = request.headers.get(http::header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let is_asked = |url: &&String| url.split_once("://").is_some_and(|(_, name)| name == host);
    let origin = ovh.settings.public_urls.iter().find(is_asked).cloned().unwrap_or_else(|| format!("https://{host}"));
    let base = format!("{origin}{prefix}");
    description::describe(section, &base).map(|document| Answer::json(&document))
}

fn authorize(caller: &Caller, request: &Request, below: &str) -> Result<(), Failure> {
    if !allowed_from(&caller.credential, request.peer) {
        return Err(AuthError::AddressNotAllowed.into());
    }
    let method = HttpMethod::parse(request.method.as_str()).ok_or_else(Failure::method_not_allowed)?;
    let mut rules = caller.credential.rules.iter().filter_map(identity::wire_rule);
    if rules.any(|rule| rule.allows(method, below)) { Ok(()) } else { Err(AuthError::NotGranted.into()) }
}

/// Notes that the credential was used. A use that cannot be noted refuses nothing.
async fn note_use(context: &Context<'_>, known: &Known<Caller>) {
    if let Err(error) = context.submit(Action::TouchCredential { credential: known.caller.credential.id }).await {
        tracing::debug!(error = &error as &dyn std::error::Error, "a credential's use was not noted");
    }
}

fn render(answer: Answer, headers: HeaderMap) -> Response<Bytes> {
    let mut response = Response::new(answer.0);
    *response.headers_mut() = headers;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    response
}

/// Writes a refusal.
pub(super) fn refuse(failure: Failure) -> Response<Bytes> {
    let Failure { status, body, retry_after_s } = failure;
    let text = serde_json::to_vec(&body).unwrap_or_else(|_| b"{}".to_vec());
    let mut response = render(Answer(text.into()), HeaderMap::new());
    *response.status_mut() = status;
    if let Some(seconds) = retry_after_s {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    debug_assert!(status != StatusCode::OK, "a refusal is no success");
    response
}
