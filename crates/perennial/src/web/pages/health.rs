//! For machines: is it alive, can it serve, what has it counted.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

use super::Shared;

/// The text format that Prometheus reads.
const PROMETHEUS: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// The process answers.
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// The ledger answers as well, and the lane takes commands.
pub(super) async fn ready(State(shared): State<Shared>) -> Response {
    if !shared.cashier.lane().is_open() {
        tracing::error!("not ready: the lane takes no commands");
        return (StatusCode::SERVICE_UNAVAILABLE, "the lane takes no commands\n").into_response();
    }
    match shared.books.load(&[]) {
        Ok(_) => "ready\n".into_response(),
        Err(failure) => {
            tracing::error!(error = &failure as &dyn std::error::Error, "not ready: the ledger does not answer");
            (StatusCode::SERVICE_UNAVAILABLE, "the ledger does not answer\n").into_response()
        }
    }
}

/// What was counted.
pub(super) async fn metrics(State(shared): State<Shared>) -> Response {
    ([(header::CONTENT_TYPE, PROMETHEUS)], shared.measured.render()).into_response()
}
