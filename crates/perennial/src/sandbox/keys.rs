//! Demo credentials, put on file by the same commands that any caller would use.

use anyhow::{Context, bail};
use perennial_core::command::{Action, Command, NewApplication, NewCredential, NewCredentialStanding, Reply};
use perennial_core::credential::{AccessRule, Flow};
use perennial_core::ids::{AccountId, ApplicationId};
use perennial_core::money::Money;
use perennial_core::ports::{Books, Lane, Vault};
use perennial_providers::secret::digest;
use perennial_providers::{aliyun, ovh};

use super::demo::{self, AccessKey, BearerKey};
use super::seed::SeedKeys;

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
            let holder = Holder::signing(ovh::PROVIDER, keys.account, keys.application_key, keys.application_secret);
            let Some(new) = self.application(&holder).await? else { continue };
            self.given(&holder, new, keys.consumer_key, &everything()).await?;
            if keys.account == demo::OVH.account {
                let only_me = [rule("GET", "/me")];
                self.given(&holder, new, demo::OVH_NARROW_CONSUMER_KEY, &only_me).await?;
            }
        }
        let client = Holder::signing(ovh::PROVIDER, demo::OVH.account, demo::OVH_CLIENT_ID, demo::OVH_CLIENT_SECRET);
        self.application(&Holder { flow: Flow::ClientCredentials, ..client }).await?;
        for key in &demo::BEARER_KEYS {
            self.bearer(key).await?;
        }
        for key in &demo::ACCESS_KEYS {
            self.access_key(key).await?;
        }
        Ok(())
    }

    /// Puts an access key on file, unless it is: the secret, and what is presented besides signatures that it makes.
    async fn access_key(&self, key: &AccessKey) -> anyhow::Result<()> {
        let holder = Holder::signing(aliyun::PROVIDER, key.account, key.id, key.secret);
        let Some(new) = self.application(&holder).await? else { return Ok(()) };
        self.given(&holder, new, key.security_token.unwrap_or(key.id), &rules(key.rules)).await
    }

    /// Puts a key that is presented as it is on file, unless it is.
    async fn bearer(&self, key: &BearerKey) -> anyhow::Result<()> {
        if self.books.find_credential(key.dialect, &digest(key.key))?.is_some() {
            return Ok(());
        }
        self.credential(key.dialect, self.account(key.account)?, None, key.key, &rules(key.rules)).await
    }

    fn account(&self, code: &str) -> anyhow::Result<AccountId> {
        self.books.find_account(code)?.with_context(|| format!("account {code} is not there"))
    }

    /// Puts a seeded customer's credentials on file, unless they are.
    ///
    /// # Errors
    /// When the ledger does not take them.
    pub async fn seeded(&self, keys: &SeedKeys) -> anyhow::Result<()> {
        let holder = Holder::signing(ovh::PROVIDER, &keys.account, &keys.application_key, &keys.application_secret);
        match self.application(&holder).await? {
            Some(new) => self.given(&holder, new, &keys.consumer_key, &everything()).await,
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
    async fn application(&self, holder: &Holder<'_>) -> anyhow::Result<Option<ApplicationId>> {
        if self.books.find_application(holder.dialect, holder.key)?.is_some() {
            return Ok(None);
        }
        let account = self.account(holder.account)?;
        let action = Action::RegisterApplication(NewApplication {
            dialect: holder.dialect.to_owned(),
            key: holder.key.to_owned(),
            secret_sealed: self.vault.seal(holder.secret.as_bytes())?,
            name: "demo".to_owned(),
            description: "Fixed credentials of the sandbox".to_owned(),
            flow: holder.flow,
        });
        match self.lane.submit(Command { account, token: None, action }).await.context("registering an application")? {
            Reply::Application(id) => Ok(Some(id)),
            other => bail!("registering an application was answered with {other:?}"),
        }
    }

    /// Issues a credential that is given to an application of the same account.
    async fn given(
        &self,
        holder: &Holder<'_>,
        application: ApplicationId,
        secret: &str,
        rules: &[AccessRule],
    ) -> anyhow::Result<()> {
        self.credential(holder.dialect, self.account(holder.account)?, Some(application), secret, rules).await
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

/// An application to be, and whose it is.
struct Holder<'a> {
    dialect: &'static str,
    account: &'a str,
    key: &'a str,
    secret: &'a str,
    flow: Flow,
}

impl<'a> Holder<'a> {
    const fn signing(dialect: &'static str, account: &'a str, key: &'a str, secret: &'a str) -> Self {
        Self { dialect, account, key, secret, flow: Flow::Signature }
    }
}

fn rules(rules: &[(&str, &str)]) -> Vec<AccessRule> {
    rules.iter().map(|(method, path)| rule(method, path)).collect()
}

fn everything() -> Vec<AccessRule> {
    ["GET", "POST", "PUT", "DELETE"].map(|method| rule(method, "/*")).to_vec()
}

fn rule(method: &str, path: &str) -> AccessRule {
    AccessRule { method: method.to_owned(), path: path.to_owned() }
}
