//! Measurements: what is counted, in which buckets, and how Prometheus reads it.

use std::time::Duration;

use anyhow::Context;
use http::StatusCode;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// Upper bounds for durations, in seconds.
const SECONDS: [f64; 13] = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 10.0];

/// Upper bounds for how many commands one commit carries.
const COMMANDS: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

/// How often histograms are drained; without it they grow.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// Starts counting for the whole process.
///
/// # Errors
/// When somebody counts already.
pub fn install() -> anyhow::Result<PrometheusHandle> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
        .and_then(|builder| builder.set_buckets_for_metric(Matcher::Suffix("_commands".to_owned()), &COMMANDS))
        .and_then(PrometheusBuilder::install_recorder)
        .context("starting to measure")?;
    metrics::describe_counter!("perennial_requests_total", "Requests by dialect, operation and status.");
    metrics::describe_histogram!("perennial_request_seconds", "How long requests took, by dialect and operation.");
    metrics::describe_counter!("perennial_commands_total", "Commands by outcome: done, refused or failed.");
    metrics::describe_histogram!("perennial_lane_group_commands", "How many commands one commit carried.");
    metrics::describe_histogram!("perennial_lane_group_seconds", "How long a group of commands took, commit included.");
    metrics::describe_counter!(
        "perennial_notices_total",
        "Tries to let a notice leave, by outcome: left, waits, refused, stale, or closed where none can leave."
    );
    metrics::describe_counter!(
        "perennial_charges_total",
        "Looks after charges, by outcome: moved, waits, or why the money did not move."
    );
    metrics::describe_counter!("perennial_schedule_days_total", "Days that the schedule went through here.");
    metrics::describe_histogram!("perennial_schedule_day_seconds", "How long the schedule took to go through a day.");
    metrics::describe_counter!(
        "perennial_schedule_visits_total",
        "Visits to services by the schedule, by outcome: done, refused or failed."
    );
    metrics::describe_counter!("perennial_schedule_notices_total", "Notices written by the schedule, by kind.");
    Ok(handle)
}

/// Drains histograms, for ever.
pub async fn keep_up(handle: PrometheusHandle) {
    loop {
        tokio::time::sleep(UPKEEP_EVERY).await;
        handle.run_upkeep();
    }
}

/// Counts a request.
pub fn request(dialect: &'static str, operation: &'static str, status: StatusCode, took: Duration) {
    let code = status.as_str().to_owned();
    metrics::counter!("perennial_requests_total", "dialect" => dialect, "operation" => operation, "status" => code)
        .increment(1);
    metrics::histogram!("perennial_request_seconds", "dialect" => dialect, "operation" => operation).record(took);
}
