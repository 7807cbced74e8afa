//! `perennial webhook test`: sends an event at once, from here.

use anyhow::{Context, bail};
use perennial_core::ports::{Clock, Vault};
use perennial_engine::clock::SystemClock;
use perennial_engine::webhooks::Verdict;
use serde_json::json;

use super::{configured, find};
use crate::command::Global;
use crate::ledger::Ledger;
use crate::output::{self, Output};
use crate::webhook::call::{Caller, Message};
use crate::webhook::event;

/// Sends an event of type `webhook.test`.
///
/// # Errors
/// When there is no such webhook, the master key is missing or another, or the event was not taken.
pub(super) fn test(global: &Global, ledger: &Ledger, id: &str) -> anyhow::Result<()> {
    let webhook = find(ledger, id)?;
    let (reach, vault) = configured(global)?;
    let secret = vault.open(&webhook.secret_sealed)?;
    let (event, at) = (event::new_id(), SystemClock.now());
    let body = event::body("webhook.test", at, &json!({ "webhook": id }));
    let message = Message { url: &webhook.url, secret: &secret, id: &event, body: &body, at };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("starting the runtime")?;
    let answer = runtime.block_on(async { anyhow::Ok(Caller::new(reach)?.call(message).await) })?;
    if answer.verdict != Verdict::Taken {
        bail!("{id} did not take the event: {}", answer.words);
    }
    match global.output() {
        Output::Human => output::lines([format!("{id} took the event: {}", answer.words)]),
        Output::Json => output::lines([json!({ "id": id, "event": event, "answer": answer.words }).to_string()]),
    }
}
