//! Demo credentials, put on file by the same commands that any caller would use.

use anyhow::{Context, bail};
use perennial_core::command::{Action, Command, NewApplication, NewCredential, NewCredentialStanding, Reply};
use perennial_core::credential::{AccessRule, Flow};
use perennial_core::ids::{AccountId, ApplicationId};
use perennial_core::money::Money;
use perennial_core::ports::{Books, Lane, Vault};
use perennial_providers::secret::digest;

use super::demo;
use super::seed::SeedKeys;

/// The dialect that the demo credentials are for.
const DIALECT: &str = "ovh";

/// Puts credentials on file.
pub struct Registrar<'a> {
    /// Says what is on file already.
    pub books: &'a dyn Books,
    /// Carries the commands out.
    pub lane: &'a dyn Lane,
    /// Seals the secrets.
    pub vault: &'a dyn Vault,
}

impl Registrar<'_> {
    /// Puts the demo customers' credentials on file, unless they are.
    ///
    /// # Errors
    /// When the ledger does not take them.
    pub async fn demo(&self) -> anyhow::Result<()> {
        for keys in [demo::OVH, demo::OVH_OTHER, demo::OVH_RESELLER] {
            let (application_key, secret) = (keys.application_key, keys.application_secret);
            let Some(new) = self.application(keys.account, application_key, secret, Flow::Signature).await? else {
                continue;
            };
            self.credential(new, keys.consumer_key, &everything()).await?;
            if keys.account == demo::OVH.account {
                let only_me = [rule("GET", "/me")];
                self.credential(new, demo::OVH_NARROW_CONSUMER_KEY, &only_me).await?;
            }
        }
        let (account, id, secret) = (demo::OVH.account, demo::OVH_CLIENT_ID, demo::OVH_CLIENT_SECRET);
        self.application(account, id, secret, Flow::ClientCredentials).await?;
        Ok(())
    }

    /// Puts a seeded customer's credentials on file, unless they are.
    ///
    /// # Errors
    /// When the ledger does not take them.
    pub async fn seeded(&self, keys: &SeedKeys) -> anyhow::Result<()> {
        let (key, secret) = (&keys.application_key, &keys.application_secret);
        match self.application(&keys.account, key, secret, Flow::Signature).await? {
            Some(new) => self.credential(new, &keys.consumer_key, &everything()).await,
            None => Ok(()),
        }
    }

    /// Credits an account's balance.
    ///
    /// # Errors
    /// When the ledger does not take it.
    pub async fn credit(&self, account: AccountId, amount: Money) -> anyhow::Result<()> {
        let action = Action::CreditBalance { amount, memo: "opening balance of the demo".to_owned() };
        self.lane.submit(Command { account, token: None, action }).await.context("crediting a demo balance")?;
        Ok(())
    }

    /// Registers an application; none when it is on file.
    async fn application(
        &self,
        account: &str,
        key: &str,
        secret: &str,
        flow: Flow,
    ) -> anyhow::Result<Option<(AccountId, ApplicationId)>> {
        if self.books.find_application(DIALECT, key)?.is_some() {
            return Ok(None);
        }
        let account = self.books.find_account(account)?.with_context(|| format!("account {account} is not there"))?;
        let action = Action::RegisterApplication(NewApplication {
            dialect: DIALECT.to_owned(),
            key: key.to_owned(),
            secret_sealed: self.vault.seal(secret.as_bytes())?,
            name: "demo".to_owned(),
            description: "Fixed credentials of the sandbox".to_owned(),
            flow,
        });
        match self.lane.submit(Command { account, token: None, action }).await.context("registering an application")? {
            Reply::Application(id) => Ok(Some((account, id))),
            other => bail!("registering an application was answered with {other:?}"),
        }
    }

    async fn credential(
        &self,
        (account, application): (AccountId, ApplicationId),
        secret: &str,
        rules: &[AccessRule],
    ) -> anyhow::Result<()> {
        let action = Action::IssueCredential(NewCredential {
            dialect: DIALECT.to_owned(),
            application: Some(application),
            digest: digest(secret),
            label: "demo".to_owned(),
            standing: NewCredentialStanding::Validated { expires: None },
            rules: rules.to_vec(),
            allowed_ips: Vec::new(),
            redirection: None,
        });
        self.lane.submit(Command { account, token: None, action }).await.context("issuing a credential")?;
        Ok(())
    }
}

fn everything() -> Vec<AccessRule> {
    ["GET", "POST", "PUT", "DELETE"].map(|method| rule(method, "/*")).to_vec()
}

fn rule(method: &str, path: &str) -> AccessRule {
    AccessRule { method: method.to_owned(), path: path.to_owned() }
}
