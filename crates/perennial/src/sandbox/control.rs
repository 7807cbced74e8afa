//! The control API under `/_sandbox/`: the clock, the faults, the ledger and the outbox. JSON in and out.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderValue, header};
use jiff::Timestamp;
use jiff::fmt::temporal::SpanParser;
use perennial_core::ports::Failure;
use perennial_providers::Provider;
use perennial_store::sqlite::SqliteReader;
use serde_json::{Map, Value, json};

use super::clock::{KeptClock, Move, Stopped, Travel};
use super::faults::{Faults, Kind};
use super::ledger;
use crate::web::problem::Problem;

const DELAY_MS: u64 = 5_000;
/// Below the time in which a dialect must answer.
const DELAY_MS_MAX: u64 = 50_000;
const COUNT_MAX: u32 = 1_000_000;

/// A body, or why it could not be read.
type Body = Result<Bytes, BytesRejection>;

/// What the control API controls.
#[derive(Clone)]
pub struct Control {
    /// The clock, and what moves it.
    pub travel: Travel,
    /// The faults.
    pub faults: Arc<Faults>,
    /// The ledger.
    pub books: SqliteReader,
    /// The dialects that faults can be armed for.
    pub providers: Vec<Arc<dyn Provider>>,
}

/// The routes, to be nested under `/_sandbox`.
pub fn routes(control: Control) -> Router {
    Router::new()
        .route("/clock", get(show_clock).post(move_clock))
        .route("/faults", get(show_faults).post(arm_fault).delete(clear_faults))
        .route("/ledger", get(show_ledger))
        .route("/outbox", get(show_outbox))
        .fallback(async || Problem::not_found())
        .method_not_allowed_fallback(async || Problem::method())
        .with_state(control)
}

async fn show_clock(State(control): State<Control>) -> Response {
    reply(&clock(&control.travel.clock))
}

fn clock(clock: &KeptClock) -> Value {
    json!({ "now": clock.now().to_string(), "aheadS": clock.ahead().as_secs() })
}

async fn move_clock(State(control): State<Control>, body: Body) -> Result<Response, Problem> {
    let fields = fields(&whole(body)?, &["advance", "now"])?;
    let (field, way) = match (text(&fields, "advance")?, text(&fields, "now")?) {
        (Some(advance), None) => {
            let span = SpanParser::new().parse_span(advance).map_err(|_| {
                Problem::field("advance", format!("`{advance}` is not a span such as `P40D` or `PT6H`"))
            })?;
            ("advance", Move::By(span))
        }
        (None, Some(now)) => {
            let now = now.parse::<Timestamp>().map_err(|_| {
                Problem::field("now", format!("`{now}` is not an instant such as `2027-01-01T00:00:00Z`"))
            })?;
            ("now", Move::To(now))
        }
        (None, None) => return Err(Problem::field("advance", "one of `advance` and `now` must be given")),
        (Some(_), Some(_)) => return Err(Problem::field("now", "only one of `advance` and `now` can be given")),
    };
    // Whoever asked may go away; the clock gets where it was to be.
    let travel = control.travel.clone();
    let gone = tokio::spawn(async move { travel.go(way).await }).await;
    let passed = match gone.map_err(|_| Problem::inside("move the clock"))? {
        Ok(passed) => passed,
        Err(error @ Stopped::TooFar) => return Err(Problem::field(field, error.to_string())),
        Err(Stopped::Kept(error)) => {
            tracing::error!("the sandbox's clock cannot be remembered: {error:#}");
            return Err(Problem::inside("move the clock"));
        }
        Err(Stopped::Schedule(error)) => {
            tracing::error!(error = &error as &dyn std::error::Error, "the schedule could not go through a day");
            return Err(Problem::inside("go through the days"));
        }
    };
    let mut moved = clock(&control.travel.clock);
    moved["days"] = json!(passed.days);
    moved["told"] = json!(passed.told);
    tracing::info!("the clock was moved: {moved}");
    Ok(reply(&moved))
}

async fn show_faults(State(control): State<Control>) -> Response {
    reply(&json!({ "faults": control.faults.shown() }))
}

async fn clear_faults(State(control): State<Control>) -> Response {
    control.faults.clear();
    reply(&json!({ "faults": control.faults.shown() }))
}

async fn arm_fault(State(control): State<Control>, body: Body) -> Result<Response, Problem> {
    let wanted = wanted(&control.providers, &whole(body)?)?;
    let kind = match wanted.fault {
        "request-lost" => Kind::RequestLost,
        "reply-lost" => Kind::ReplyLost,
        "server-error" => Kind::ServerError,
        "rate-limited" => Kind::RateLimited,
        "slow" => Kind::Slow(wanted.delay),
        _ => Kind::NotYetVisible(Arc::new(control.books.freeze().map_err(|error| failed(&error))?)),
    };
    tracing::info!("armed {} for {} {} {}", wanted.fault, wanted.count, wanted.provider, wanted.operation);
    control.faults.arm(wanted.provider, wanted.operation, kind, wanted.count);
    Ok(reply(&json!({ "faults": control.faults.shown() })))
}

/// A fault that was asked for, in words that are known.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    provider: &'static str,
    operation: &'static str,
    fault: &'static str,
    count: u32,
    delay: Duration,
}

fn wanted(providers: &[Arc<dyn Provider>], body: &[u8]) -> Result<Wanted, Problem> {
    let fields = fields(body, &["provider", "operation", "fault", "count", "delay_ms"])?;
    let names: Vec<_> = providers.iter().map(|provider| provider.name()).collect();
    let name = one_of(&fields, "provider", &names)?;
    let operations = providers.iter().find(|provider| provider.name() == name).map(|provider| provider.operations());
    let operation = one_of(&fields, "operation", &operations.unwrap_or_default())?;
    let fault = one_of(&fields, "fault", &Kind::WORDS)?;
    let count = match fields.get("count") {
        None => 1,
        Some(count) => count
            .as_u64()
            .and_then(|count| u32::try_from(count).ok())
            .and_then(NonZeroU32::new)
            .map(NonZeroU32::get)
            .filter(|count| *count <= COUNT_MAX)
            .ok_or_else(|| Problem::field("count", format!("`count` is a whole number from 1 to {COUNT_MAX}")))?,
    };
    let delay_ms = match fields.get("delay_ms") {
        None => DELAY_MS,
        Some(_) if fault != "slow" => return Err(Problem::field("delay_ms", "`delay_ms` goes with the fault `slow`")),
        Some(delay) => delay
            .as_u64()
            .filter(|delay| *delay <= DELAY_MS_MAX)
            .ok_or_else(|| Problem::field("delay_ms", format!("`delay_ms` is a whole number up to {DELAY_MS_MAX}")))?,
    };
    Ok(Wanted { provider: name, operation, fault, count, delay: Duration::from_millis(delay_ms) })
}

async fn show_ledger(State(control): State<Control>) -> Result<Response, Problem> {
    let now = control.travel.clock.now();
    read(move || ledger::show(&control.books, now)).await
}

async fn show_outbox(State(control): State<Control>) -> Result<Response, Problem> {
    read(move || ledger::show_outbox(&control.books)).await
}

/// Reads much, off the async threads.
async fn read(read: impl FnOnce() -> Result<Value, Failure> + Send + 'static) -> Result<Response, Problem> {
    let read = tokio::task::spawn_blocking(read).await.map_err(|_| Problem::inside("read the ledger"))?;
    read.map(|value| reply(&value)).map_err(|error| failed(&error))
}

fn failed(error: &Failure) -> Problem {
    tracing::error!(error = error as &dyn std::error::Error, "the control API could not {}", error.doing);
    Problem::inside(error.doing)
}

fn whole(body: Body) -> Result<Bytes, Problem> {
    body.map_err(|error| Problem::body(error.body_text()))
}

/// The fields of a JSON object that has no others.
fn fields(body: &[u8], known: &[&'static str]) -> Result<Map<String, Value>, Problem> {
    let fields: Map<String, Value> = serde_json::from_slice(body)
        .map_err(|error| Problem::body(format!("the body is not a JSON object: {error}")))?;
    match fields.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(Problem::body(format!("`{name}` is not a field here; the fields are {}", list(known)))),
        None => Ok(fields),
    }
}

fn text<'a>(fields: &'a Map<String, Value>, name: &'static str) -> Result<Option<&'a str>, Problem> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Problem::field(name, format!("`{name}` is a string"))),
    }
}

fn one_of(fields: &Map<String, Value>, name: &'static str, allowed: &[&'static str]) -> Result<&'static str, Problem> {
    let Some(given) = text(fields, name)? else {
        return Err(Problem::field(name, format!("`{name}` is missing; it is one of {}", list(allowed))));
    };
    let known = allowed.iter().copied().find(|word| *word == given);
    known
        .ok_or_else(|| Problem::field(name, format!("`{given}` is not a known {name}; it is one of {}", list(allowed))))
}

fn list(words: &[&'static str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

fn reply(value: &Value) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], value.to_string()).into_response()
}

#[cfg(test)]
mod tests {
    use perennial_providers::{DIALECTS, Settings};

    use super::*;

    fn providers() -> Vec<Arc<dyn Provider>> {
        DIALECTS.iter().map(|dialect| (dialect.make)(Settings::default())).collect()
    }

    #[test]
    fn a_fault_is_asked_for_in_known_words() {
        let body = br#"{"provider":"ovh","operation":"renew","fault":"slow","count":3,"delay_ms":20}"#;
        let delay = Duration::from_millis(20);
        let expected = Wanted { provider: "ovh", operation: "renew", fault: "slow", count: 3, delay };
        assert_eq!(wanted(&providers(), body), Ok(expected));
    }

    #[test]
    fn a_fault_in_other_words_is_refused_with_the_field_and_what_is_allowed() {
        for (body, field, allowed) in [
            (r"{}", "provider", "`ovh`"),
            (r#"{"provider":"acme"}"#, "provider", "`ovh`, `vpsbg`, `hostup`"),
            (r#"{"provider":1}"#, "provider", "a string"),
            (r#"{"provider":"ovh","operation":"reboot"}"#, "operation", "`renew`"),
            (r#"{"provider":"ovh","operation":"renew","fault":"x"}"#, "fault", "`reply-lost`"),
            (r#"{"provider":"ovh","operation":"renew","fault":"slow","count":0}"#, "count", "from 1"),
            (r#"{"provider":"ovh","operation":"renew","fault":"slow","delay_ms":-1}"#, "delay_ms", "up to"),
            (r#"{"provider":"ovh","operation":"renew","fault":"reply-lost","delay_ms":1}"#, "delay_ms", "`slow`"),
        ] {
            let problem =
                serde_json::to_value(wanted(&providers(), body.as_bytes()).expect_err(body)).expect("is JSON");
            assert_eq!(problem["field"], field, "{body}");
            assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(allowed)), "{body}: {problem}");
        }
        for body in ["", "[]", "{", r#"{"provider":"ovh","more":1}"#] {
            assert!(wanted(&providers(), body.as_bytes()).is_err(), "{body}");
        }
    }
}
