//! `perennial key revoke`: ends a key at once.

use anyhow::{Context, anyhow, bail};
use perennial_core::command::{Action, Command};
use perennial_core::credential::{ApplicationStatus, CredentialStatus};
use perennial_core::ports::Clock;
use perennial_core::snapshot::Want;
use perennial_engine::clock::SystemClock;
use serde_json::json;

use super::{KeyId, is_access_key};
use crate::command::Consent;
use crate::ledger::Ledger;
use crate::output::{self, Output};

/// Ends a key.
///
/// # Errors
/// When there is no such key or it has ended, nobody agrees, or the database does not answer.
pub(super) fn revoke(ledger: &Ledger, output: Output, id: KeyId, consent: Consent) -> anyhow::Result<()> {
    let unknown = || anyhow!("there is no key {id}\nhint: `perennial key list` lists all");
    let (owner, action, what) = match id {
        KeyId::Application(application) => {
            let seen = ledger.books().load(&[Want::Application(application)])?;
            let found = seen.applications.get(&application).ok_or_else(unknown)?;
            if found.status == ApplicationStatus::Revoked {
                bail!("{id} is revoked already");
            }
            let what = if is_access_key(found) {
                id.to_string()
            } else {
                format!("{id}, and all consumer keys that were given to it")
            };
            (found.owner, Action::RevokeApplication { application }, what)
        }
        KeyId::Credential(credential) => {
            let seen = ledger.books().load(&[Want::Credential(credential)])?;
            let found = seen.credentials.get(&credential).ok_or_else(unknown)?;
            if found.status_at(SystemClock.now()) == CredentialStatus::Expired {
                bail!("{id} has ended already");
            }
            let owner =
                found.account.with_context(|| format!("{id} waits for an answer, and can do nothing until then"))?;
            (owner, Action::ExpireCredential { credential }, id.to_string())
        }
    };
    let account = ledger.account_by_id(owner)?;
    consent.ask(&format!("Revoke {what} (account {})?", account.code))?;
    ledger.carry_out(Command { account: owner, token: None, action })?;
    match output {
        Output::Human => output::lines([format!("{id} is revoked")]),
        Output::Json => output::lines([json!({ "id": id.to_string(), "status": "revoked" }).to_string()]),
    }
}
