//! `perennial webhook replay`: what a webhook was to be told is told once more.

use anyhow::bail;
use jiff::Timestamp;
use perennial_core::ports::Clock;
use perennial_engine::clock::SystemClock;
use perennial_store::webhooks::Again;
use serde_json::json;

use super::find;
use crate::ledger::Ledger;
use crate::output::{self, Output};

/// Has events sent once more: those since an instant, or one.
///
/// # Errors
/// When there is no such webhook or event, it is disabled, or the database does not answer.
pub(super) fn replay(
    ledger: &Ledger,
    output: Output,
    id: &str,
    since: Option<Timestamp>,
    event: Option<&str>,
) -> anyhow::Result<()> {
    let webhook = find(ledger, id)?;
    if webhook.disabled.is_some() {
        bail!(
            "{id} is disabled: its program answered that it is gone\nhint: `perennial webhook enable {id}`, once the program \
             is back"
        );
    }
    let (webhook, one, now) = (webhook.id, event.map(str::to_owned), SystemClock.now());
    let events = ledger.do_chore(move |batch| {
        let again = one.as_deref().map_or(Again::Since(since.unwrap_or(Timestamp::MIN)), Again::Event);
        batch.replay(&webhook, again, now)
    })?;
    if let Some(event) = event
        && events == 0
    {
        bail!(
            "{id} was not told of an event `{event}` in the last 30 days\nhint: `perennial webhook list {id}` lists them"
        );
    }
    match output {
        Output::Human => output::lines([format!("events to be sent to {id} once more: {events}")]),
        Output::Json => output::lines([json!({ "id": id, "events": events }).to_string()]),
    }
}
