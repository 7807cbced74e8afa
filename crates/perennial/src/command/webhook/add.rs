//! `perennial webhook add`: adds a webhook and shows its secret once.

use anyhow::Context;
use perennial_core::ports::{Clock, Vault};
use perennial_engine::clock::SystemClock;
use perennial_providers::secret::random_text;
use perennial_store::webhooks::Webhook;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::configured;
use crate::command::Global;
use crate::ledger::Ledger;
use crate::output::{self, Output};
use crate::webhook::reach::Reach;
use crate::webhook::secret;

/// Adds a webhook.
///
/// # Errors
/// When there is no such account, the URL is not one that may be called, the master key is missing, or the database does not
/// answer.
pub(super) fn add(
    global: &Global,
    ledger: &Ledger,
    url: &str,
    account: Option<&str>,
    kinds: &[String],
) -> anyhow::Result<()> {
    const LETTERS: usize = 16;
    let (reach, vault) = configured(global)?;
    let url = reach.url(url).with_context(|| {
        const ALLOW: &str =
            "\nhint: for tests, `allow_private = true` under [webhooks] in the configuration lets it be anywhere";
        let hint = if Reach::Everywhere.url(url).is_ok() { ALLOW } else { "" };
        format!("this URL cannot be called{hint}")
    })?;
    let account = account.map(|code| ledger.account(code)).transpose()?;
    let made = secret::make()?;
    let webhook = Webhook {
        id: format!("wh_{}", random_text(LETTERS)),
        url: url.to_string(),
        account: account.map(|account| account.id),
        kinds: kinds.iter().cloned().collect(),
        secret_sealed: vault.seal(&made)?,
        created: SystemClock.now(),
        disabled: None,
    };
    let (id, secret) = (webhook.id.clone(), secret::written(&made));
    ledger.do_chore(move |batch| batch.add_webhook(&webhook))?;
    match global.output() {
        Output::Human => {
            let fields = [("id", id), ("secret", secret.expose_secret().to_owned())];
            global.output().document(&fields, &Value::Null)?;
            output::note("the secret is shown this once: keep it now");
            Ok(())
        }
        Output::Json => global.output().document(&[], &json!({ "id": id, "secret": secret.expose_secret() })),
    }
}
