//! `perennial key issue`: makes a key and shows it once.

use anyhow::{Context, anyhow, bail};
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use perennial_core::account::Account;
use perennial_core::calendar::{AnchorDay, Period, add_period};
use perennial_core::command::{Action, Command, NewApplication, NewCredential, NewCredentialStanding, Reply};
use perennial_core::credential::{AccessRule, ApplicationStatus, Flow};
use perennial_core::ids::{ApplicationId, CredentialId};
use perennial_core::ports::{Clock, Vault};
use perennial_engine::clock::SystemClock;
use perennial_providers::aliyun::SESSION_PREFIX;
use perennial_providers::block::IpBlock;
use perennial_providers::secret::{digest, random_text};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::wanted::{Wanted, parse_rule};
use super::{Dialect, KeyId, KeyKind};
use crate::command::Global;
use crate::ledger::{self, Ledger};
use crate::output::{self, Output};
use crate::vault::MasterVault;
use crate::web::pages::calendar;

/// How long a session holds: the longest that the vendor gives.
const SESSION_HOLDS: SignedDuration = SignedDuration::from_hours(12);

#[derive(Args, Debug)]
pub(super) struct IssueArgs {
    /// The account it is for
    #[arg(long, value_name = "CODE")]
    pub account: String,
    /// The API it is for
    #[arg(long, value_enum)]
    pub dialect: Dialect,
    /// What is made [default: application for ovh, access-key for aliyun]
    #[arg(long, value_enum)]
    pub kind: Option<KeyKind>,
    /// The application that a consumer key is given to, by its key
    #[arg(long, value_name = "KEY", required_if_eq("kind", "consumer"))]
    pub application: Option<String>,
    /// What a consumer key may do, such as "GET /*"; may be given again
    #[arg(long, value_name = "RULE", value_parser = parse_rule, required_if_eq("kind", "consumer"))]
    pub rule: Vec<AccessRule>,
    /// A key for vpsbg or aliyun that may read and nothing else
    #[arg(long)]
    pub read_only: bool,
    /// What a key for hostup or aliyun may do, such as read:domains or ecs:Describe*; may be given again [default:
    /// everything]
    #[arg(long, value_name = "SCOPE")]
    pub scope: Vec<String>,
    /// Where a key may be used from, such as 203.0.113.0/24; may be given again [default: everywhere]
    #[arg(long, value_name = "BLOCK", value_parser = parse_block)]
    pub allow_ip: Vec<IpBlock>,
    /// How long a key holds, such as P1Y [default: until it is revoked]
    #[arg(long, value_name = "PERIOD", value_parser = |text: &str| Period::parse(text))]
    pub expires: Option<Period>,
    /// What people call it
    #[arg(long, default_value = "", hide_default_value = true)]
    pub name: String,
}

fn parse_block(text: &str) -> Result<IpBlock, String> {
    text.parse().map_err(|_| "a block is an address, or an address with its length, such as 203.0.113.0/24".to_owned())
}

/// What was made, to be shown once.
struct Issued {
    id: KeyId,
    /// Name for people, name for programs, text.
    parts: Vec<(&'static str, &'static str, SecretString)>,
}

/// Makes a key, and shows it.
///
/// # Errors
/// When the arguments do not go together, there is no such account or application, the master key is missing, or the
/// database does not answer.
pub(super) fn issue(global: &Global, ledger: &Ledger, args: &IssueArgs) -> anyhow::Result<()> {
    let wanted = Wanted::of(args)?;
    let account = ledger.account(&args.account)?;
    let issued = match wanted {
        Wanted::Application(flow) => issue_application(global, ledger, &account, args, flow)?,
        Wanted::Consumer { application } => issue_consumer(ledger, &account, args, application)?,
        Wanted::Token(rules) => issue_token(ledger, &account, args, rules)?,
        Wanted::Calendar => issue_calendar(global, ledger, &account, args)?,
        Wanted::AccessKey(rules) => issue_access_key(global, ledger, &account, args, rules)?,
        Wanted::Session(rules) => issue_session(global, ledger, &account, args, rules)?,
    };
    let id = issued.id.to_string();
    match global.output() {
        Output::Human => {
            let parts = issued.parts.iter().map(|(title, _, text)| (*title, text.expose_secret().to_owned()));
            let fields: Vec<_> = [("id", id)].into_iter().chain(parts).collect();
            global.output().document(&fields, &Value::Null)?;
            output::note("secrets are shown this once: keep them now");
            Ok(())
        }
        Output::Json => {
            let mut document = json!({ "id": id });
            for (_, name, text) in &issued.parts {
                document[*name] = json!(text.expose_secret());
            }
            global.output().document(&[], &document)
        }
    }
}

fn issue_application(
    global: &Global,
    ledger: &Ledger,
    account: &Account,
    args: &IssueArgs,
    flow: Flow,
) -> anyhow::Result<Issued> {
    const KEY_LENGTH: usize = 16;
    const SECRET_LENGTH: usize = 32;
    let names = match flow {
        Flow::ClientCredentials => [("client id", "client_id"), ("client secret", "client_secret")],
        Flow::Signature => [("application key", "application_key"), ("application secret", "application_secret")],
    };
    let pair = Pair { key: random_text(KEY_LENGTH), secret: random_text(SECRET_LENGTH).into() };
    let id = register(global, ledger, account, args, &pair, flow)?;
    Ok(Issued { id: KeyId::Application(id), parts: pair.parts(names) })
}

/// An access key: what signs, and a credential that says what may be done.
fn issue_access_key(
    global: &Global,
    ledger: &Ledger,
    account: &Account,
    args: &IssueArgs,
    rules: Vec<AccessRule>,
) -> anyhow::Result<Issued> {
    let expires = expiry(account, args)?;
    let pair = Pair::of_access_key("LTAI");
    let application = register(global, ledger, account, args, &pair, Flow::Signature)?;
    // Such a request presents nothing but the key's id, besides its signature.
    issue_credential(
        ledger,
        account,
        args,
        Given { application: Some(application), secret: &pair.key, expires, rules },
    )?;
    Ok(Issued { id: KeyId::Application(application), parts: pair.parts(ACCESS_KEY) })
}

fn issue_session(
    global: &Global,
    ledger: &Ledger,
    account: &Account,
    args: &IssueArgs,
    rules: Vec<AccessRule>,
) -> anyhow::Result<Issued> {
    const TOKEN_LENGTH: usize = 96;
    let expires = Some(SystemClock.now().checked_add(SESSION_HOLDS)?);
    let (pair, token) = (Pair::of_access_key(SESSION_PREFIX), SecretString::from(random_text(TOKEN_LENGTH)));
    let application = register(global, ledger, account, args, &pair, Flow::Signature)?;
    let given = Given { application: Some(application), secret: token.expose_secret(), expires, rules };
    issue_credential(ledger, account, args, given)?;
    let mut parts = pair.parts(ACCESS_KEY);
    parts.push(("security token", "security_token", token));
    Ok(Issued { id: KeyId::Application(application), parts })
}

/// What the parts of an access key are called.
const ACCESS_KEY: [(&str, &str); 2] = [("access key id", "access_key_id"), ("access key secret", "access_key_secret")];

/// What signs: a key that is told, and its secret.
struct Pair {
    key: String,
    secret: SecretString,
}

impl Pair {
    /// As long as the vendor's.
    fn of_access_key(prefix: &str) -> Self {
        const ID_LENGTH: usize = 20;
        const SECRET_LENGTH: usize = 30;
        Self { key: format!("{prefix}{}", random_text(ID_LENGTH)), secret: random_text(SECRET_LENGTH).into() }
    }

    /// Both, under their names for people and for programs.
    fn parts(self, names: [(&'static str, &'static str); 2]) -> Vec<(&'static str, &'static str, SecretString)> {
        let [(key_title, key_name), (secret_title, secret_name)] = names;
        vec![(key_title, key_name, self.key.into()), (secret_title, secret_name, self.secret)]
    }
}

fn register(
    global: &Global,
    ledger: &Ledger,
    account: &Account,
    args: &IssueArgs,
    pair: &Pair,
    flow: Flow,
) -> anyhow::Result<ApplicationId> {
    let key_file = ledger::config(global)?.and_then(|config| config.secrets.master_key_file);
    let vault = MasterVault::open(key_file.as_deref())?;
    let new = NewApplication {
        dialect: args.dialect.word().to_owned(),
        key: pair.key.clone(),
        secret_sealed: vault.seal(pair.secret.expose_secret().as_bytes())?,
        name: args.name.clone(),
        description: String::new(),
        flow,
    };
    let action = Action::RegisterApplication(new);
    match ledger.carry_out(Command { account: account.id, token: None, action })? {
        Reply::Application(id) => Ok(id),
        other => Err(anyhow!("the lane answered {other:?} to a registration")),
    }
}

fn issue_consumer(ledger: &Ledger, account: &Account, args: &IssueArgs, key: &str) -> anyhow::Result<Issued> {
    const LENGTH: usize = 32;
    let application = ledger
        .books()
        .find_application(args.dialect.word(), key)?
        .filter(|found| found.status == ApplicationStatus::Active)
        .with_context(|| {
            format!("there is no application with the key `{key}`\nhint: `perennial key list` lists all")
        })?;
    if application.flow != Flow::Signature {
        bail!("`{key}` is an OAuth2 client: it asks for its tokens itself and needs no consumer key");
    }
    let (secret, expires) = (SecretString::from(random_text(LENGTH)), expiry(account, args)?);
    let (application, rules) = (Some(application.id), args.rule.clone());
    let id =
        issue_credential(ledger, account, args, Given { application, secret: secret.expose_secret(), expires, rules })?;
    Ok(Issued { id: KeyId::Credential(id), parts: vec![("consumer key", "consumer_key", secret)] })
}

fn issue_token(ledger: &Ledger, account: &Account, args: &IssueArgs, rules: Vec<AccessRule>) -> anyhow::Result<Issued> {
    const LENGTH: usize = 48;
    let (secret, expires) = (SecretString::from(random_text(LENGTH)), expiry(account, args)?);
    let given = Given { application: None, secret: secret.expose_secret(), expires, rules };
    let id = issue_credential(ledger, account, args, given)?;
    Ok(Issued { id: KeyId::Credential(id), parts: vec![("token", "token", secret)] })
}

/// A token for the calendar feed, and the feed's address: a path where the configuration does not say where the pages are.
fn issue_calendar(global: &Global, ledger: &Ledger, account: &Account, args: &IssueArgs) -> anyhow::Result<Issued> {
    let pages = ledger::config(global)?.and_then(|config| config.pages);
    let pages_url = pages.map(|pages| pages.public_url).unwrap_or_default();
    let mut issued = issue_token(ledger, account, args, Vec::new())?;
    let address = |token: &SecretString| format!("{pages_url}{}", calendar::path(token.expose_secret())).into();
    let addresses: Vec<_> = issued.parts.iter().map(|(.., token)| ("address", "address", address(token))).collect();
    issued.parts.extend(addresses);
    Ok(issued)
}

/// A credential to be.
struct Given<'a> {
    application: Option<ApplicationId>,
    secret: &'a str,
    expires: Option<Timestamp>,
    rules: Vec<AccessRule>,
}

fn issue_credential(
    ledger: &Ledger,
    account: &Account,
    args: &IssueArgs,
    given: Given<'_>,
) -> anyhow::Result<CredentialId> {
    let new = NewCredential {
        dialect: args.dialect.word().to_owned(),
        application: given.application,
        digest: digest(given.secret),
        label: args.name.clone(),
        standing: NewCredentialStanding::Validated { expires: given.expires },
        rules: given.rules,
        allowed_ips: args.allow_ip.iter().map(ToString::to_string).collect(),
        redirection: None,
    };
    match ledger.carry_out(Command { account: account.id, token: None, action: Action::IssueCredential(new) })? {
        Reply::Credential(id) => Ok(id),
        other => Err(anyhow!("the lane answered {other:?} to a new credential")),
    }
}

/// When a key ends: the first moment of the day on which the period from today is over, where the account is.
fn expiry(account: &Account, args: &IssueArgs) -> anyhow::Result<Option<Timestamp>> {
    let Some(period) = args.expires else { return Ok(None) };
    let today = account.zone.date_of(SystemClock.now());
    Ok(Some(account.zone.midnight(add_period(today, period, AnchorDay::of(today))?)?))
}
