//! The frame of dialects whose callers present a key and nothing else, and whose bodies are JSON: the way of every
//! request, and the table of what is served.
//!
//! A dialect says what its errors look like, what a key may do and what each route answers; see [`Bearer`].

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use jiff::Timestamp;
use perennial_core::account::Account;
use perennial_core::command::{Action, Command, Reply};
use perennial_core::credential::{Credential, CredentialStatus};
use perennial_core::decide::replayed;
use perennial_core::idempotency::Token;
use perennial_core::ids::CredentialId;
use perennial_core::ports::{self, BoxFuture, Rejection};
use perennial_core::product::Renewability;
use perennial_core::snapshot::{Snapshot, Want};
use serde::{Deserialize, Serialize};

use super::access::compared;
use super::body::{BodyError, body};
use super::known::{Known, KnownCallers};
use super::pace::{Left, Pace};
use super::path::{NoRoute, Params, params};
use super::query::Query;
use super::token::token;
use crate::block::IpBlock;
use crate::secret::digest;
use crate::{Endpoint, Evidence, Fault, Ports, Provider, Request};

/// Who calls: proved, and allowed to make this very call.
pub(crate) struct Caller {
    /// The account that the call is for.
    pub account: Account,
    /// What was presented.
    pub credential: Credential,
}

/// What a dialect keeps between requests.
pub(crate) struct Frame {
    known: KnownCallers<Caller>,
    pace: Option<Pace<CredentialId>>,
}

impl Frame {
    /// Allows each credential so many requests a minute; none for no limit.
    pub fn new(requests_per_minute: Option<NonZeroU32>) -> Self {
        Self { known: KnownCallers::default(), pace: requests_per_minute.map(Pace::new) }
    }
}

/// Why a request goes no further than the door.
pub(crate) enum Stop {
    /// There is no such route.
    NoRoute(NoRoute),
    /// Nobody known calls.
    Nobody,
    /// The key may not be used from that address.
    Address,
    /// The key may not make this call.
    Forbidden,
    /// Too many requests; the caller may come again after so many seconds.
    TooMany {
        /// How many.
        wait_s: u64,
    },
}

/// A dialect of this frame.
pub(crate) trait Bearer: Sized + Send + Sync + 'static {
    /// The dialect's name.
    const PROVIDER: &'static str;

    /// A refusal in the dialect's shape.
    type Failure: From<Stop> + From<ports::Failure> + From<Rejection> + From<BodyError> + Send;

    /// What the dialect keeps.
    fn frame(&self) -> &Frame;

    /// All that is documented, served or not.
    fn rows() -> &'static [&'static [Row<Self>]];

    /// The path below the API's root; none for what is not of the API.
    fn below(path: &str) -> Option<&str>;

    /// The key that a request presents.
    fn presented(headers: &HeaderMap) -> Option<&str>;

    /// Whether a credential may make a call.
    fn allows(credential: &Credential, row: &Row<Self>) -> bool;

    /// The refusal that a fault of the sandbox is answered with.
    fn failure_of(fault: Fault) -> Self::Failure;

    /// A refusal on the wire, for a request to a path.
    fn refuse(failure: &Self::Failure, path: &str, now: Timestamp) -> Response<Bytes>;

    /// The id that a refusal carries and that its reader may quote, if the dialect has such ids.
    fn refusal_id(_response: &Response<Bytes>) -> Option<&str> {
        None
    }
}

/// What reads the ledger and changes nothing.
pub(crate) type Read<D> = fn(&Context<'_, D>) -> Answered<D>;

/// What sends a command into the lane.
pub(crate) type Act<D> = for<'a> fn(&'a Context<'a, D>) -> BoxFuture<'a, Answered<D>>;

/// What a route answers.
pub(crate) type Answered<D> = Result<Answer, <D as Bearer>::Failure>;

/// How a route is carried out.
pub(crate) enum Handler<D: Bearer> {
    /// Reads the ledger and changes nothing.
    Read(Read<D>),
    /// Sends a command into the lane.
    Act(Act<D>),
    /// Documented, and not served: looks as if it did not exist.
    NotServed,
}

/// A documented endpoint.
pub(crate) struct Row<D: Bearer> {
    /// The method.
    pub method: Method,
    /// The path below the API's root, with its parameters in braces.
    pub path: &'static str,
    /// The word for it in faults and metrics.
    pub operation: &'static str,
    /// Any one of these permissions is enough; none are asked for where there are none.
    pub scopes: &'static [&'static str],
    /// How well it is known.
    pub evidence: Evidence,
    /// What answers.
    pub handler: Handler<D>,
}

impl<D: Bearer> Row<D> {
    /// A row that reads.
    pub const fn read(path: &'static str, operation: &'static str, handler: Read<D>) -> Self {
        Self::new(Method::GET, path, operation, Handler::Read(handler))
    }

    /// A row that acts.
    pub const fn act(method: Method, path: &'static str, operation: &'static str, handler: Act<D>) -> Self {
        Self::new(method, path, operation, Handler::Act(handler))
    }

    /// A row that is documented and not served.
    pub const fn not_served(method: Method, path: &'static str) -> Self {
        Self::new(method, path, "not-served", Handler::NotServed)
    }

    const fn new(method: Method, path: &'static str, operation: &'static str, handler: Handler<D>) -> Self {
        Self { method, path, operation, scopes: &[], evidence: Evidence::Documented, handler }
    }

    /// The same row, whose form is inferred.
    #[must_use]
    pub const fn inferred(mut self) -> Self {
        self.evidence = Evidence::Inferred;
        self
    }

    /// The same row, for keys with any one of these permissions.
    #[must_use]
    pub const fn scopes(mut self, scopes: &'static [&'static str]) -> Self {
        self.scopes = scopes;
        self
    }
}

/// Every dialect of this frame is served alike.
impl<D: Bearer> Provider for D {
    fn name(&self) -> &'static str {
        D::PROVIDER
    }

    fn endpoints(&self) -> Vec<Endpoint> {
        endpoints::<D>()
    }

    fn operations(&self) -> Vec<&'static str> {
        operations::<D>()
    }

    fn operation(&self, request: &Request) -> Option<&'static str> {
        operation::<D>(request)
    }

    fn reply_id<'a>(&self, response: &'a Response<Bytes>) -> Option<&'a str> {
        D::refusal_id(response)
    }

    fn serve<'a>(&'a self, ports: &'a Ports, request: &'a Request) -> BoxFuture<'a, Response<Bytes>> {
        Box::pin(compared(ports, |ports| respond(self, ports, request)))
    }

    fn fault(&self, fault: Fault, request: &Request, now: Timestamp) -> Response<Bytes> {
        let mut response = D::refuse(&D::failure_of(fault), path_of(request), now);
        if let Fault::RateLimited { .. } = fault {
            announce(&mut response, self.frame().pace.as_ref().map(Pace::spent));
        }
        response
    }
}

async fn respond<D: Bearer>(dialect: &D, ports: Ports, request: &Request) -> Response<Bytes> {
    let now = ports.clock.now();
    let (answered, left) = answer(dialect, &ports, request, now).await;
    let mut response = match answered {
        Ok(answer) => answer.render(),
        Err(failure) => D::refuse(&failure, path_of(request), now),
    };
    announce(&mut response, left);
    response
}

/// Says how many requests are left, of callers that have a pace. The headers are documented for some answers of one
/// dialect; that every answer has them, and of the other their names, is inferred.
fn announce(response: &mut Response<Bytes>, left: Option<Left>) {
    if let Some(left) = left {
        response.headers_mut().insert("x-ratelimit-limit", left.per_minute.into());
        response.headers_mut().insert("x-ratelimit-remaining", left.remaining.into());
    }
}

/// What is documented, for the table in the documentation.
fn endpoints<D: Bearer>() -> Vec<Endpoint> {
    let rows = D::rows().iter().copied().flatten();
    rows.map(|row| Endpoint {
        method: row.method.clone(),
        path: row.path,
        operation: row.operation,
        evidence: row.evidence,
        served: !matches!(row.handler, Handler::NotServed),
    })
    .collect()
}

/// Every operation, once, in order of the alphabet.
fn operations<D: Bearer>() -> Vec<&'static str> {
    let served = endpoints::<D>().into_iter().filter(|endpoint| endpoint.served);
    let mut operations: Vec<_> = served.map(|endpoint| endpoint.operation).collect();
    operations.sort_unstable();
    operations.dedup();
    operations
}

/// The operation a request asks for.
fn operation<D: Bearer>(request: &Request) -> Option<&'static str> {
    find::<D>(&request.method, D::below(path_of(request))?).ok().map(|(row, _)| row.operation)
}

/// Finds the row of a request. One without parameters stands above one with them: `/servers/renew` is no server.
fn find<D: Bearer>(method: &Method, path: &str) -> Result<(&'static Row<D>, Params), NoRoute> {
    let mut refusal = NoRoute::Path;
    let mut found = None;
    for row in D::rows().iter().copied().flatten().filter(|row| !matches!(row.handler, Handler::NotServed)) {
        let Some(params) = params(row.path, path) else { continue };
        if row.method != method {
            refusal = NoRoute::Method;
        } else if !row.path.contains('{') {
            return Ok((row, params));
        } else {
            found = found.or(Some((row, params)));
        }
    }
    found.ok_or(refusal)
}

fn path_of(request: &Request) -> &str {
    request.target.split_once('?').map_or(request.target.as_str(), |(path, _)| path)
}

/// What a handler sees of a request.
pub(crate) struct Context<'a, D> {
    /// The dialect, with its settings.
    pub dialect: &'a D,
    /// The rest of the house.
    pub ports: &'a Ports,
    /// The request as it came in.
    pub request: &'a Request,
    /// The parameters of the path.
    pub params: Params,
    /// The query.
    pub query: Query,
    /// When it came in.
    pub now: Timestamp,
    /// Who calls.
    pub caller: &'a Caller,
}

impl<D: Bearer> Context<'_, D> {
    /// The account that the call is for.
    pub fn account(&self) -> &Account {
        &self.caller.account
    }

    /// A parameter of the path.
    pub fn param(&self, name: &str) -> &str {
        self.params.get(name).unwrap_or_default()
    }

    /// The body.
    pub fn body<T: for<'de> Deserialize<'de>>(&self) -> Result<T, D::Failure> {
        Ok(body(&self.request.body)?)
    }

    /// Loads from the ledger.
    pub fn load(&self, wants: &[Want]) -> Result<Snapshot, D::Failure> {
        Ok(self.ports.books.load(wants)?)
    }

    /// Loads services, which come with their open orders; and with all of the account's, where renewals of any of them add
    /// up.
    pub fn load_services(&self, mut wants: Vec<Want>) -> Result<Snapshot, D::Failure> {
        let seen = self.load(&wants)?;
        let adds_up =
            |service| seen.product(service).is_ok_and(|product| product.renewability == Renewability::Stacking);
        if !seen.services.values().any(adds_up) {
            return Ok(seen);
        }
        wants.push(Want::OpenOrders(self.account().id));
        self.load(&wants)
    }

    /// Carries an action out for the caller's account.
    pub async fn submit(&self, action: Action) -> Result<Reply, Rejection> {
        self.ports.lane.submit(Command { account: self.account().id, token: None, action }).await
    }

    /// Carries an action out once, however often the request comes with the same `Idempotency-Key` header.
    pub async fn submit_once(&self, operation: &str, action: Action) -> Result<Reply, Rejection> {
        let (account, token) = (self.account().id, self.token(operation));
        self.ports.lane.submit(Command { account, token, action }).await
    }

    /// What the same request was answered before, if it came with the same `Idempotency-Key` header. To be asked before
    /// anything is looked at that may have changed since.
    pub fn answered_before(&self, operation: &str) -> Result<Option<Reply>, D::Failure> {
        let account = self.account().id;
        let Some(token) = self.token(operation) else { return Ok(None) };
        let seen = self.load(&[Want::Replay(token.lookup(account))])?;
        Ok(replayed(self.now, &seen, account, Some(&token)).map_err(Rejection::Refused)?)
    }

    /// The token of the request. Those of two dialects never meet.
    pub fn token(&self, operation: &str) -> Option<Token> {
        token(self.request, &format!("{}-{operation}", D::PROVIDER))
    }
}

/// A reply.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status.
    pub status: StatusCode,
    /// What the body is; none where there is none.
    pub content_type: Option<&'static str>,
    /// The body.
    pub body: Bytes,
    /// Headers besides.
    pub headers: HeaderMap,
}

impl Answer {
    /// Writes a value as JSON.
    pub fn json(value: &impl Serialize) -> Result<Self, ports::Failure> {
        let text = serde_json::to_vec(value).map_err(|error| ports::Failure::new("write a reply", error))?;
        Ok(Self::of("application/json", text.into()))
    }

    /// A file.
    pub fn of(content_type: &'static str, body: Bytes) -> Self {
        Self { status: StatusCode::OK, content_type: Some(content_type), body, headers: HeaderMap::new() }
    }

    /// Nothing: 204.
    pub fn nothing() -> Self {
        let (status, headers) = (StatusCode::NO_CONTENT, HeaderMap::new());
        Self { status, content_type: None, body: Bytes::new(), headers }
    }

    /// The same reply with another status.
    #[must_use]
    pub fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// The reply on the wire.
    pub fn render(self) -> Response<Bytes> {
        let mut response = Response::new(self.body);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        if let Some(content_type) = self.content_type {
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        response
    }
}

/// Answers a request, whatever it is; tells what the caller has left of its pace, where it has one.
async fn answer<D: Bearer>(
    dialect: &D,
    ports: &Ports,
    request: &Request,
    now: Timestamp,
) -> (Result<Answer, D::Failure>, Option<Left>) {
    let mut left = None;
    let answered = async {
        let path = D::below(path_of(request)).ok_or(Stop::NoRoute(NoRoute::Path))?;
        let (row, params) = find::<D>(&request.method, path).map_err(Stop::NoRoute)?;
        let known = prove(dialect, ports, request, now)?;
        let caller = &known.caller;
        if !allowed_from(&caller.credential, request.peer) {
            return Err(Stop::Address.into());
        }
        left = dialect.frame().pace.as_ref().map(|pace| pace.count(&caller.credential.id));
        if let Some(wait_s) = left.and_then(|left| left.wait_s) {
            return Err(Stop::TooMany { wait_s }.into());
        }
        if !D::allows(&caller.credential, row) {
            return Err(Stop::Forbidden.into());
        }
        let query = Query::parse(request.target.split_once('?').map_or("", |(_, query)| query));
        let context = Context { dialect, ports, request, params, query, now, caller };
        let answered = match row.handler {
            Handler::Read(read) => read(&context),
            Handler::Act(act) => act(&context).await,
            Handler::NotServed => Err(Stop::NoRoute(NoRoute::Path).into()),
        };
        // A call that was refused for what it asks has used the credential, too.
        if known.to_be_noted(now) {
            note_use(&context).await;
        }
        answered
    }
    .await;
    (answered, left)
}

/// Notes that the credential was used. A use that cannot be noted refuses nothing.
async fn note_use<D: Bearer>(context: &Context<'_, D>) {
    if let Err(error) = context.submit(Action::TouchCredential { credential: context.caller.credential.id }).await {
        tracing::debug!(error = &error as &dyn std::error::Error, "a credential's use was not noted");
    }
}

/// Proves the caller: as it was read before, if nothing about access has changed since.
fn prove<D: Bearer>(
    dialect: &D,
    ports: &Ports,
    request: &Request,
    now: Timestamp,
) -> Result<Arc<Known<Caller>>, D::Failure> {
    let key = D::presented(&request.headers).ok_or(Stop::Nobody)?;
    let presented = (None, digest(key));
    let version = ports.access_version()?;
    let callers = &dialect.frame().known;
    let known = if let Some(known) = callers.get(version, &presented) {
        known
    } else {
        let credential = ports.books.find_credential(D::PROVIDER, &presented.1)?.ok_or(Stop::Nobody)?;
        let id = credential.account.ok_or(Stop::Nobody)?;
        let account = ports.books.account(id)?.ok_or(Stop::Nobody)?;
        let last_used = credential.last_used;
        let known = Arc::new(Known::new(Caller { account, credential }, last_used));
        callers.keep(version, presented, &known);
        known
    };
    match known.caller.credential.status_at(now) {
        CredentialStatus::Validated => Ok(known),
        CredentialStatus::Pending | CredentialStatus::Refused | CredentialStatus::Expired => Err(Stop::Nobody.into()),
    }
}

/// The key of an `Authorization: Bearer` header.
pub(crate) fn bearer_key(headers: &HeaderMap) -> Option<&str> {
    let (scheme, key) = headers.get(http::header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim()).filter(|key| !key.is_empty())
}

/// Whether a credential may be used from an address.
pub(crate) fn allowed_from(credential: &Credential, peer: IpAddr) -> bool {
    let blocks = &credential.allowed_ips;
    blocks.is_empty() || blocks.iter().any(|block| IpBlock::from_str(block).is_ok_and(|block| block.contains(peer)))
}
