//! `perennial webhook list`: the webhooks, and what one was told.

use perennial_store::webhooks::{Delivery, Progress, Webhook};
use serde_json::json;

use super::find;
use crate::ledger::Ledger;
use crate::output::{Column, Output, Row, minute, number, text};

/// Deliveries that are shown of one webhook.
const DELIVERIES_MAX: u32 = 1_000;

/// Lists all webhooks.
///
/// # Errors
/// When the database does not answer.
pub(super) fn list(ledger: &Ledger, output: Output) -> anyhow::Result<()> {
    const COLUMNS: [Column; 8] = [
        text("ID"),
        text("ACCOUNT"),
        text("URL"),
        text("KINDS"),
        text("STATUS"),
        number("WAITING"),
        number("GIVEN UP"),
        text("LAST ANSWER"),
    ];
    let rows = ledger.books().webhooks()?.into_iter().map(|webhook| row(ledger, webhook));
    output.list(&COLUMNS, rows.collect::<anyhow::Result<_>>()?, "there are no webhooks")
}

fn row(ledger: &Ledger, webhook: Webhook) -> anyhow::Result<Row> {
    let counts = ledger.books().deliveries_count(&webhook.id)?;
    let last = ledger.books().deliveries(&webhook.id, 1)?.pop().and_then(|delivery| delivery.answer);
    let account = webhook.account.map(|id| ledger.account_by_id(id)).transpose()?.map(|account| account.code);
    let status = if webhook.disabled.is_some() { "disabled" } else { "active" };
    let kinds: Vec<_> = webhook.kinds.into_iter().collect();
    Ok(Row {
        document: json!({
            "id": webhook.id,
            "account": account,
            "url": webhook.url,
            "kinds": kinds,
            "status": status,
            "created": webhook.created.to_string(),
            "disabled": webhook.disabled.map(|at| at.to_string()),
            "waiting": counts.waiting,
            "delivered": counts.delivered,
            "given_up": counts.given_up,
            "last_answer": last,
        }),
        cells: vec![
            webhook.id,
            account.unwrap_or_else(|| "all".to_owned()),
            webhook.url,
            if kinds.is_empty() { "all".to_owned() } else { kinds.join(", ") },
            status.to_owned(),
            counts.waiting.to_string(),
            counts.given_up.to_string(),
            last.unwrap_or_default(),
        ],
    })
}

/// Lists what a webhook was told.
///
/// # Errors
/// When there is no such webhook, or the database does not answer.
pub(super) fn deliveries(ledger: &Ledger, output: Output, id: &str) -> anyhow::Result<()> {
    const COLUMNS: [Column; 7] =
        [text("EVENT"), text("KIND"), text("NOTED"), text("STATE"), text("AT"), number("FAILED"), text("ANSWER")];
    let webhook = find(ledger, id)?;
    let deliveries = ledger.books().deliveries(&webhook.id, DELIVERIES_MAX)?;
    output.list(&COLUMNS, deliveries.into_iter().map(delivery).collect(), "it was told nothing in the last 30 days")
}

fn delivery(delivery: Delivery) -> Row {
    let (state, at) = match delivery.progress {
        Progress::Waiting(at) => ("waiting", at),
        Progress::Delivered(at) => ("delivered", at),
        Progress::GivenUp(at) => ("given-up", at),
    };
    Row {
        document: json!({
            "event": delivery.event,
            "kind": delivery.kind,
            "noted": delivery.noted.to_string(),
            "state": state,
            "at": at.to_string(),
            "failed": delivery.tries,
            "answer": delivery.answer,
        }),
        cells: vec![
            delivery.event,
            delivery.kind,
            minute(delivery.noted),
            state.to_owned(),
            minute(at),
            delivery.tries.to_string(),
            delivery.answer.unwrap_or_default(),
        ],
    }
}
