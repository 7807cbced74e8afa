//! `perennial webhook`: programs that are told what becomes of services.

mod add;
mod list;
mod replay;
mod test;

use std::process::ExitCode;

use anyhow::anyhow;
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use perennial_core::notice::NoticeKind;
use perennial_store::webhooks::Webhook;
use serde_json::json;

use crate::command::{Consent, Global};
use crate::ledger::{self, Ledger, hint_nearest};
use crate::output::{self, Output};
use crate::vault::MasterVault;
use crate::webhook::reach::Reach;

/// Tell programs what becomes of services
///
/// A webhook is the URL of a program. `serve` sends it each event, signed as Standard Webhooks has it, and again until the
/// program takes it, for three days.
#[derive(Args, Debug)]
pub struct WebhookArgs {
    #[command(subcommand)]
    command: WebhookCommand,
}

#[derive(Debug, Subcommand)]
enum WebhookCommand {
    /// Add a webhook; its secret is shown once, on stdout, and cannot be shown again
    ///
    /// The secret is sealed under the seller's master key: `PERENNIAL_MASTER_KEY`, or `master_key_file` under `[secrets]` in
    /// the configuration. --json: one document with `id`, `secret`.
    Add {
        /// Where the program listens, such as `https://example.net/hook`
        url: String,
        /// Events of this account only [default: those of all]
        #[arg(long, value_name = "CODE")]
        account: Option<String>,
        /// Events of this kind only; may be given again [default: all kinds]
        #[arg(long, value_name = "KIND", value_parser = PossibleValuesParser::new(NoticeKind::WORDS))]
        kind: Vec<String>,
    },
    /// List webhooks, or what one was told in the last 30 days
    ///
    /// --json: a line a webhook with `id`, `account`, `url`, `kinds`, `status`, `created`, `disabled`, `waiting`, `delivered`,
    /// `given_up`, `last_answer`; of one webhook, a line a delivery with `event`, `kind`, `noted`, `state`, `at`, `failed`,
    /// `answer`, the newest first.
    List {
        /// What this webhook was told
        id: Option<String>,
    },
    /// Take a webhook away, and what waits for it
    ///
    /// Asks first. --json: one document with `id`, `status`.
    Remove {
        /// The webhook's id
        id: String,
        #[command(flatten)]
        consent: Consent,
    },
    /// Let a webhook be told again that was disabled, because its program answered that it is gone
    ///
    /// It is told of what happens from now on; `replay` tells it what it was to be told before. --json: one document with
    /// `id`, `status`.
    Enable {
        /// The webhook's id
        id: String,
    },
    /// Tell a webhook once more what it was to be told, whether it took it or not
    ///
    /// `serve` sends it. --json: one document with `id`, `events`.
    #[command(group = clap::ArgGroup::new("which").required(true))]
    Replay {
        /// The webhook's id
        id: String,
        /// All events since then, such as 2027-01-31T08:00:00Z
        #[arg(long, value_name = "INSTANT", group = "which")]
        since: Option<Timestamp>,
        /// One event, by its id
        #[arg(long, value_name = "EVENT", group = "which")]
        event: Option<String>,
    },
    /// Send a webhook an event of type `webhook.test`, once and at once, from here
    ///
    /// --json: one document with `id`, `event`, `answer`.
    Test {
        /// The webhook's id
        id: String,
    },
}

/// Adds, lists, removes, enables, replays or tests.
///
/// # Errors
/// When there is no such account or webhook, the URL is not one that may be called, the master key is missing, a test is not
/// taken, or the database does not answer.
pub fn run(global: &Global, args: &WebhookArgs) -> anyhow::Result<ExitCode> {
    let ledger = Ledger::open(global)?;
    match &args.command {
        WebhookCommand::Add { url, account, kind } => add::add(global, &ledger, url, account.as_deref(), kind)?,
        WebhookCommand::List { id: None } => list::list(&ledger, global.output())?,
        WebhookCommand::List { id: Some(id) } => list::deliveries(&ledger, global.output(), id)?,
        WebhookCommand::Remove { id, consent } => remove(&ledger, global.output(), id, *consent)?,
        WebhookCommand::Enable { id } => enable(&ledger, global.output(), id)?,
        WebhookCommand::Replay { id, since, event } => {
            replay::replay(&ledger, global.output(), id, *since, event.as_deref())?;
        }
        WebhookCommand::Test { id } => test::test(global, &ledger, id)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn remove(ledger: &Ledger, output: Output, id: &str, consent: Consent) -> anyhow::Result<()> {
    let Webhook { id, url, .. } = find(ledger, id)?;
    consent.ask(&format!("Remove the webhook {id} ({url}), and what waits for it?"))?;
    let gone = id.clone();
    ledger.do_chore(move |batch| batch.remove_webhook(&gone).map(drop))?;
    show_status(output, &id, "removed")
}

fn enable(ledger: &Ledger, output: Output, id: &str) -> anyhow::Result<()> {
    let id = find(ledger, id)?.id;
    let back = id.clone();
    ledger.do_chore(move |batch| batch.enable_webhook(&back))?;
    show_status(output, &id, "active")
}

fn show_status(output: Output, id: &str, status: &str) -> anyhow::Result<()> {
    match output {
        Output::Human => output::lines([format!("{id} is {status}")]),
        Output::Json => output::lines([json!({ "id": id, "status": status }).to_string()]),
    }
}

/// The webhook with an id.
fn find(ledger: &Ledger, id: &str) -> anyhow::Result<Webhook> {
    let all = ledger.books().webhooks()?;
    let ids: Vec<_> = all.iter().map(|webhook| webhook.id.clone()).collect();
    let found = all.into_iter().find(|webhook| webhook.id == id);
    found.ok_or_else(|| anyhow!("there is no webhook `{id}`{}", hint_nearest(id, ids)))
}

/// What the configuration says of webhooks, if there is one: whom they may reach, and the vault of their secrets.
fn configured(global: &Global) -> anyhow::Result<(Reach, MasterVault)> {
    let config = ledger::config(global)?;
    let reach = config.as_ref().map(|config| config.webhooks.reach()).unwrap_or_default();
    let key_file = config.and_then(|config| config.secrets.master_key_file);
    Ok((reach, MasterVault::open(key_file.as_deref())?))
}
