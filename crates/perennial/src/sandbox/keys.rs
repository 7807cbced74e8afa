//! Demo credentials, put on file by the same commands that any caller would use.

use anyhow::{Context, bail};
use perennial_core::command::{Action, Command, NewApplication, NewCredential, NewCredentialStanding, Reply};
use perennial_core::credential::{AccessRule, Flow};
use perennial_core::ids::{AccountId, ApplicationId};
use perennial_core::money::Money;
use perennial_core::ports::{Books, Lane, Vault};
use perennial_providers::secret::digest;

use super::demo::{self, BearerKey};
use super::seed::SeedKeys;

/// The dialect whose applications sign.
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
            self.consumer(new, keys.consumer_key, &everything()).await?;
            if keys.account == demo::OVH.account {
                let only_me = [rule("GET", "/me")];
                self.consumer(new, demo::OVH_NARROW_CONSUMER_KEY, &only_me).await?;
            }
        }
        let (account, id, secret) = (demo::OVH.account, demo::OVH_CLIENT_ID, demo::OVH_CLIENT_SECRET);
        self.application(account, id, secret, Flow::ClientCredentials).await?;
        for key in &demo::BEARER_KEYS {
            self.bearer(key).await?;
        }
        Ok(())
    }

    /// Puts a key that is presented as it is on file, unless it is.
    async fn bearer(&self, key: &BearerKey) -> anyhow::Result<()> {
        if self.books.find_credential(key.dialect, &digest(key.key))?.is_some() {
            return Ok(());
        }
        let rules: Vec<_> = key.rules.iter().map(|(verb, noun)| rule(verb, noun)).collect();
        self.credential(key.dialect, self.account(key.account)?, None, key.key, &rules).await
    }

    fn account(&self, code: &str) -> anyhow::Result<AccountId> {
        self.books.find_account(code)?.with_context(|| format!("account {code} is not there"))
    }

    /// Puts a seeded customer's credentials on file, unless they are.
    ///
    /// # Errors
    /// When the ledger does not take them.
    pub async fn seeded(&self, keys: &SeedKeys) -> anyhow::Result<()> {
        let (key, secret) = (&keys.application_key, &keys.application_secret);
        match self.application(&keys.account, key, secret, Flow::Signature).await? {
            Some(new) => self.consumer(new, &keys.consumer_key, &everything()).await,
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
        let account = self.account(account)?;
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

    async fn consumer(
        &self,
        (account, application): (AccountId, ApplicationId),
        secret: &str,
        rules: &[AccessRule],
    ) -> anyhow::Result<()> {
        self.credential(DIALECT, account, Some(application), secret, rules).await
    }

    async fn credential(
        &self,
        dialect: &str,
        account: AccountId,
        application: Option<ApplicationId>,
        secret: &str,
        rules: &[AccessRule],
    ) -> anyhow::Result<()> {
        let action = Action::IssueCredential(NewCredential {
            dialect: dialect.to_owned(),
            application,
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
