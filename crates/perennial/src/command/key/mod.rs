//! `perennial key`: who may call the API for an account. Secrets are made here, shown once, and kept as a digest or
//! sealed by the vault.

mod issue;
mod list;
mod revoke;
mod wanted;

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use perennial_core::credential::{AccessRule, Application};
use perennial_core::ids::{ApplicationId, CredentialId};
use perennial_providers::{aliyun, hostup, ovh, vpsbg};

use self::issue::IssueArgs;
use crate::command::{Consent, Global};
use crate::ledger::Ledger;
use crate::web::pages::calendar::CALENDAR;

/// Issue, list and revoke the keys of API clients
#[derive(Args, Debug)]
pub struct KeyArgs {
    #[command(subcommand)]
    command: KeyCommand,
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Make a key; its secret is shown once, on stdout, and cannot be shown again
    ///
    /// A client of OVHcloud's API needs an application and a consumer key, or an oauth2 client alone; a client of Alibaba
    /// Cloud's needs an access key, or one of a session (STS) that ends after 12 hours. The secrets of these are sealed
    /// under the seller's master key: `PERENNIAL_MASTER_KEY`, or `master_key_file` under `[secrets]` in the configuration.
    /// Clients of VPSBG's and HostUp's APIs need a token alone. Those of the calendar feed know its address, which holds a
    /// token: whole where the configuration has `public_url` under `[pages]`, else the path of it. --json: one document with
    /// `id`, and by kind `application_key` and `application_secret`, `consumer_key`, `client_id` and `client_secret`,
    /// `access_key_id` and `access_key_secret` and for a session `security_token`, or `token`, and for the calendar feed
    /// `address`.
    Issue(IssueArgs),
    /// List keys, without their secrets
    ///
    /// --json: a line a key with `id`, `account`, `dialect`, `kind`, `key`, `application`, `name`, `status`, `rules`,
    /// `allowed_ips`, `created`, `expires`, `last_used`.
    List {
        /// Of this account only
        #[arg(long, value_name = "CODE")]
        account: Option<String>,
    },
    /// End a key at once; with an application, all consumer keys that were given to it end too
    ///
    /// Asks first. --json: one document with `id`, `status`.
    Revoke {
        /// The key's id as `key list` shows it, such as application/1 or credential/7
        id: KeyId,
        #[command(flatten)]
        consent: Consent,
    },
}

/// Issues, lists or revokes.
///
/// # Errors
/// When there is no such account or key, the rules refuse, or the database does not answer.
pub fn run(global: &Global, args: &KeyArgs) -> anyhow::Result<ExitCode> {
    let ledger = Ledger::open(global)?;
    match &args.command {
        KeyCommand::Issue(args) => issue::issue(global, &ledger, args)?,
        KeyCommand::List { account } => list::list(&ledger, global.output(), account.as_deref())?,
        KeyCommand::Revoke { id, consent } => revoke::revoke(&ledger, global.output(), *id, *consent)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// What keys are made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Dialect {
    /// OVHcloud v1
    Ovh,
    /// VPSBG v1
    Vpsbg,
    /// HostUp v2, and what is served of v1
    Hostup,
    /// Alibaba Cloud: ECS, and what is served of billing
    Aliyun,
    /// The calendar feed of the account's expiries, at `/calendar/TOKEN.ics` of the pages' address
    Calendar,
}

impl Dialect {
    const fn word(self) -> &'static str {
        match self {
            Self::Ovh => ovh::PROVIDER,
            Self::Vpsbg => vpsbg::PROVIDER,
            Self::Hostup => hostup::PROVIDER,
            Self::Aliyun => aliyun::PROVIDER,
            Self::Calendar => CALENDAR,
        }
    }
}

/// What is made for the APIs whose clients sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum KeyKind {
    /// ovh: an application's key and secret, which sign requests
    Application,
    /// ovh: a consumer key, which lets an application act for the account
    Consumer,
    /// ovh: an OAuth2 client's id and secret, traded for short-lived tokens
    Oauth2,
    /// aliyun: an access key's id and secret, which sign requests
    AccessKey,
    /// aliyun: the access key of a session, with its security token; it ends after 12 hours
    Sts,
}

impl KeyKind {
    const fn word(self) -> &'static str {
        match self {
            Self::Application => "application",
            Self::Consumer => "consumer",
            Self::Oauth2 => "oauth2",
            Self::AccessKey => "access-key",
            Self::Sts => "sts",
        }
    }

    const fn dialect(self) -> Dialect {
        match self {
            Self::Application | Self::Consumer | Self::Oauth2 => Dialect::Ovh,
            Self::AccessKey | Self::Sts => Dialect::Aliyun,
        }
    }
}

/// Which key.
#[derive(Clone, Copy, Debug)]
enum KeyId {
    Application(ApplicationId),
    Credential(CredentialId),
}

impl std::str::FromStr for KeyId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "an id is application/N or credential/N, as `perennial key list` shows it".to_owned();
        let (kind, number) = text.split_once('/').ok_or_else(wrong)?;
        let number = number.parse().map_err(|_| wrong())?;
        match kind {
            "application" => Ok(Self::Application(ApplicationId(number))),
            "credential" => Ok(Self::Credential(CredentialId(number))),
            _ => Err(wrong()),
        }
    }
}

impl std::fmt::Display for KeyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Application(id) => write!(f, "application/{id}"),
            Self::Credential(id) => write!(f, "credential/{id}"),
        }
    }
}

/// Whether an application is an access key: it has one credential, which is no key of its own.
fn is_access_key(application: &Application) -> bool {
    application.dialect == aliyun::PROVIDER
}

fn rule(method: &str, path: &str) -> AccessRule {
    AccessRule { method: method.to_owned(), path: path.to_owned() }
}
