//! Rehearsing against a sandbox: its clock is ours.

use anyhow::{Context, anyhow};
use bytes::Bytes;
use http::Request;
use jiff::SignedDuration;
use perennial_core::ports::Clock;
use perennial_engine::clock::{MovableClock, SystemClock};
use perennial_providers::call::HttpClient;
use serde::Deserialize;

use super::http::{Limits, Network, Trust};

/// What a sandbox tells of its clock.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    ahead_s: i64,
}

/// A clock that runs as the sandbox's does now. Where that is moved, [`follow`] sets it anew.
///
/// # Errors
/// When the sandbox does not answer.
pub async fn clock(sandbox: &str) -> anyhow::Result<MovableClock> {
    Ok(MovableClock::ahead_by(ahead(sandbox).await?))
}

/// Sets a clock as the sandbox's is now.
///
/// # Errors
/// When the sandbox does not answer.
pub async fn follow(sandbox: &str, clock: &MovableClock) -> anyhow::Result<()> {
    let now = SystemClock.now();
    clock.set(now.checked_add(ahead(sandbox).await?).unwrap_or(now));
    Ok(())
}

/// How far the sandbox's clock is ahead of the real one.
async fn ahead(sandbox: &str) -> anyhow::Result<SignedDuration> {
    let what = || format!("asking the sandbox at {sandbox} for the time\nhint: `perennial sandbox` starts it");
    let network = Network::open(Trust::Nobody, Limits::default())?;
    let request = Request::get(format!("{sandbox}/_sandbox/clock")).body(Bytes::new()).with_context(what)?;
    let reply = network.send(request).await.with_context(what)?;
    if !reply.status().is_success() {
        return Err(anyhow!("it answered with status {}", reply.status().as_u16())).with_context(what);
    }
    let told: Told = serde_json::from_slice(reply.body()).with_context(what)?;
    Ok(SignedDuration::from_secs(told.ahead_s))
}

/// Moves a sandbox's clock on by a span such as `P40D`.
///
/// # Errors
/// When the sandbox does not answer, or refuses.
pub async fn advance(sandbox: &str, span: &str) -> anyhow::Result<()> {
    let what = || format!("moving the clock of the sandbox at {sandbox} by {span}");
    let network = Network::open(Trust::Nobody, Limits::default())?;
    let body = Bytes::from(serde_json::json!({ "advance": span }).to_string());
    let request = Request::post(format!("{sandbox}/_sandbox/clock")).body(body).with_context(what)?;
    let reply = network.send(request).await.with_context(what)?;
    if !reply.status().is_success() {
        return Err(anyhow!("it answered with status {}", reply.status().as_u16())).with_context(what);
    }
    Ok(())
}
