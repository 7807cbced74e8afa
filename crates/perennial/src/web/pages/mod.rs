//! The seller's own pages: what people and machines read over plain HTTP, rendered here, without script.

mod approval;
mod billing;
pub mod calendar;
mod documents;
mod health;
mod index;
mod pay;
mod query;
mod sign_in;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::Router;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use http::{HeaderName, HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use metrics_exporter_prometheus::PrometheusHandle;
use perennial_core::ports::{BoxFuture, Clock, Failure};
use perennial_engine::cashier::Cashier;
use perennial_providers::Dialect;
use tokio::time::timeout;

use super::document::paper::Papers;
use super::house::House;
use super::listener::{Answer, Cut, Reply};
use super::password::Passwords;
use crate::store::Reader;

/// Sent with every page. Pages hold what is private, change with every payment, and need nothing from elsewhere.
const HEADERS: [(HeaderName, &str); 6] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
];

/// How long a page may take, its request's body included.
const ANSWER_TIME: Duration = Duration::from_mins(1);

const POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const STYLE: &str = include_str!("../../../assets/style.css");

/// A listener, as the index shows it.
#[derive(Clone, Debug)]
pub struct Named {
    /// The provider's name, for people.
    pub title: &'static str,
    /// The root of its API, where clients reach it.
    pub url: String,
}

impl Named {
    /// A dialect that clients reach at an origin.
    pub fn of(dialect: &Dialect, origin: &str) -> Self {
        Self { title: dialect.title, url: format!("{origin}{}", dialect.root) }
    }
}

/// Who sees the services on the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overview {
    /// Everybody sees all accounts: the sandbox.
    Open,
    /// A customer signs in with customer number and page password, and sees one account.
    Private,
}

/// What the pages stand on.
#[derive(Clone)]
struct Shared {
    books: Reader,
    papers: Papers,
    cashier: Cashier,
    clock: Arc<dyn Clock>,
    passwords: Passwords,
    measured: PrometheusHandle,
    listeners: Arc<[Named]>,
    overview: Overview,
}

/// Answers on the pages' listener.
pub struct Pages(Router);

impl Pages {
    /// The pages of a house.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn new(
        house: &House,
        measured: PrometheusHandle,
        listeners: Vec<Named>,
        overview: Overview,
    ) -> anyhow::Result<Self> {
        let shared = Shared {
            books: Arc::clone(&house.books),
            papers: house.papers(),
            cashier: house.cashier.clone(),
            clock: Arc::clone(&house.clock),
            passwords: Passwords::new()?,
            measured,
            listeners: listeners.into(),
            overview,
        };
        Ok(Self(
            Router::new()
                .route("/", get(index::show))
                .route("/healthz", get(health::alive))
                .route("/readyz", get(health::ready))
                .route("/metrics", get(health::metrics))
                .route("/order/{account}/{document}", get(documents::order))
                .route("/bill/{account}/{document}", get(documents::bill))
                .route("/billing", get(billing::ask).post(billing::lead))
                .route("/billing/pay/{token}", get(pay::show).post(pay::pay))
                .route("/calendar/{file}", get(calendar::show))
                .route("/auth/", get(approval::ask).post(approval::answer))
                .route("/style.css", get(style))
                .fallback(async || Stop::NotFound)
                .method_not_allowed_fallback(async || Stop::Method)
                .with_state(shared),
        ))
    }

    /// The same, with more routes under a prefix.
    pub fn with(self, prefix: &str, routes: Router) -> Self {
        Self(self.0.nest(prefix, routes))
    }

    async fn respond(&self, request: Request<Incoming>) -> Reply {
        let answered = timeout(ANSWER_TIME, TowerToHyperService::new(self.0.clone()).call(request)).await;
        let Ok(response) = answered.unwrap_or_else(|_| Ok(Stop::Late.into_response()));
        let (mut head, body) = response.into_parts();
        for (name, value) in HEADERS {
            head.headers.entry(name).or_insert(HeaderValue::from_static(value));
        }
        // Pages are rendered whole, so there is nothing to wait for and nothing that fails.
        let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        Reply::from_parts(head, Full::new(body))
    }
}

impl Answer for Pages {
    fn answer(&self, request: Request<Incoming>, _: IpAddr) -> BoxFuture<'_, Result<Reply, Cut>> {
        Box::pin(async move { Ok(self.respond(request).await) })
    }
}

async fn style() -> Response {
    let css = HeaderValue::from_static("text/css; charset=utf-8");
    ([(header::CONTENT_TYPE, css)], STYLE).into_response()
}

/// A page with a heading and a sentence.
#[derive(Template)]
#[template(path = "message.html")]
struct Message<'a> {
    title: &'a str,
    text: &'a str,
}

/// Why there is no page.
#[derive(Debug)]
enum Stop {
    /// There is nothing here, or nothing for whoever asks.
    NotFound,
    /// The address is known, but not with this method.
    Method,
    /// More was sent than any form has.
    TooLarge,
    /// It took too long.
    Late,
    /// Something inside failed; it is in the log.
    Inside,
}

impl Stop {
    /// Logs what failed.
    fn inside(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error, "a page could not be made");
        Self::Inside
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::inside(&failure)
    }
}

impl IntoResponse for Stop {
    fn into_response(self) -> Response {
        let (status, title, text) = match self {
            Self::NotFound => (StatusCode::NOT_FOUND, "Not found", "There is nothing at this address."),
            Self::Method => (StatusCode::METHOD_NOT_ALLOWED, "Not allowed", "The method does not fit this address."),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "Too large", "More was sent than this form has."),
            Self::Late => (StatusCode::SERVICE_UNAVAILABLE, "Too slow", "This took too long. Please try again."),
            Self::Inside => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "Something failed",
                "The page could not be made. Please try again in a moment.",
            ),
        };
        message(status, title, text)
    }
}

/// A page that says one thing.
fn message(status: StatusCode, title: &str, text: &str) -> Response {
    // The template has two strings to write and nothing that fails.
    let html = Message { title, text }.render().unwrap_or_else(|_| text.to_owned());
    (status, Html(html)).into_response()
}

/// Renders a page.
fn page(template: &impl Template) -> Result<Response, Stop> {
    let html = template.render().map_err(|error| Stop::inside(&error))?;
    Ok(Html(html).into_response())
}
