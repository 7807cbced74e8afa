//! `perennial key`: who may call the API for an account. Secrets are made here, shown once, and kept as a digest or
//! sealed by the vault.

use std::process::ExitCode;

use anyhow::{Context, anyhow, bail};
use clap::{Args, Subcommand, ValueEnum};
use perennial_core::account::Account;
use perennial_core::calendar::{AnchorDay, Period, add_period};
use perennial_core::command::{Action, Command, NewApplication, NewCredential, NewCredentialStanding, Reply};
use perennial_core::credential::{AccessRule, Application, ApplicationStatus, Credential, CredentialStatus, Flow};
use perennial_core::ids::{ApplicationId, CredentialId};
use perennial_core::ports::{Books, Clock, Vault};
use perennial_core::snapshot::Want;
use perennial_engine::clock::SystemClock;
use perennial_providers::block::IpBlock;
use perennial_providers::secret::{digest, random_text};
use perennial_providers::{hostup, ovh, vpsbg};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::command::{Consent, Global, Misuse};
use crate::config::Config;
use crate::ledger::Ledger;
use crate::output::{self, Column, Output, Row, minute, text};
use crate::vault::MasterVault;

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
    /// A client of OVHcloud's API needs an application and a consumer key, or an oauth2 client alone. Secrets of
    /// applications and clients are sealed under the seller's master key: `PERENNIAL_MASTER_KEY`, or `master_key_file` under
    /// `[secrets]` in the configuration. Clients of VPSBG's and HostUp's APIs need a token alone: VPSBG's reads, or does
    /// everything; HostUp's has scopes. --json: one document with `id`, and by kind `application_key` and
    /// `application_secret`, `consumer_key`, `client_id` and `client_secret`, or `token`.
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

#[derive(Args, Debug)]
struct IssueArgs {
    /// The account it is for
    #[arg(long, value_name = "CODE")]
    account: String,
    /// The API it is for
    #[arg(long, value_enum)]
    dialect: Dialect,
    /// What is made for ovh [default: application]
    #[arg(long, value_enum)]
    kind: Option<KeyKind>,
    /// The application that a consumer key is given to, by its key
    #[arg(long, value_name = "KEY", required_if_eq("kind", "consumer"))]
    application: Option<String>,
    /// What a consumer key may do, such as "GET /*"; may be given again
    #[arg(long, value_name = "RULE", value_parser = parse_rule, required_if_eq("kind", "consumer"))]
    rule: Vec<AccessRule>,
    /// A token for vpsbg that may read and nothing else
    #[arg(long)]
    read_only: bool,
    /// What a token for hostup may do, such as read:domains; may be given again [default: read:all and write:all]
    #[arg(long, value_name = "SCOPE", value_parser = parse_scope)]
    scope: Vec<AccessRule>,
    /// Where a consumer key or token may be used from, such as 203.0.113.0/24; may be given again [default: everywhere]
    #[arg(long, value_name = "BLOCK", value_parser = parse_block)]
    allow_ip: Vec<IpBlock>,
    /// How long a consumer key or token holds, such as P1Y [default: until it is revoked]
    #[arg(long, value_name = "PERIOD", value_parser = |text: &str| Period::parse(text))]
    expires: Option<Period>,
    /// What people call it
    #[arg(long, default_value = "", hide_default_value = true)]
    name: String,
}

/// An API that keys are made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Dialect {
    /// OVHcloud v1
    Ovh,
    /// VPSBG v1
    Vpsbg,
    /// HostUp v2, and what is served of v1
    Hostup,
}

impl Dialect {
    const fn word(self) -> &'static str {
        match self {
            Self::Ovh => ovh::PROVIDER,
            Self::Vpsbg => vpsbg::PROVIDER,
            Self::Hostup => hostup::PROVIDER,
        }
    }
}

/// What OVHcloud's API knows of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum KeyKind {
    /// An application: key and secret, which sign requests
    Application,
    /// A consumer key: lets an application act for the account
    Consumer,
    /// An OAuth2 client: id and secret, traded for short-lived tokens
    Oauth2,
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

fn parse_rule(text: &str) -> Result<AccessRule, String> {
    const METHODS: [&str; 4] = ["GET", "POST", "PUT", "DELETE"];
    match text.split_once(' ') {
        Some((method, path)) if METHODS.contains(&method) && path.starts_with('/') && !path.contains(' ') => {
            Ok(rule(method, path))
        }
        _ => Err(format!("a rule is a method ({}) and a path, such as \"GET /services/*\"", METHODS.join(", "))),
    }
}

/// A verb and a noun. Which nouns there are is the API's to say, and it is not told in full anywhere.
fn parse_scope(text: &str) -> Result<AccessRule, String> {
    const VERBS: [&str; 4] = ["read", "write", "transfer", "console"];
    let is_noun = |noun: &str| !noun.is_empty() && noun.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    match text.split_once(':') {
        Some((verb, noun)) if VERBS.contains(&verb) && is_noun(noun) => Ok(rule(verb, noun)),
        _ => Err(format!("a scope is a verb ({}) and a noun, such as read:domains", VERBS.join(", "))),
    }
}

fn parse_block(text: &str) -> Result<IpBlock, String> {
    text.parse().map_err(|_| "a block is an address, or an address with its length, such as 203.0.113.0/24".to_owned())
}

fn rule(method: &str, path: &str) -> AccessRule {
    AccessRule { method: method.to_owned(), path: path.to_owned() }
}

/// A rule as its API writes it: `GET /*`, `read:domains`.
fn rule_text(rule: &AccessRule) -> String {
    let between = if rule.path.starts_with('/') { ' ' } else { ':' };
    format!("{}{between}{}", rule.method, rule.path)
}

/// What is to be made.
enum Wanted<'a> {
    Application(Flow),
    Consumer { application: &'a str },
    Token(Vec<AccessRule>),
}

impl<'a> Wanted<'a> {
    /// What the arguments ask for, if they go together.
    fn of(args: &'a IssueArgs) -> Result<Self, Misuse> {
        let for_ovh = args.kind.is_some() || args.application.is_some() || !args.rule.is_empty();
        let misuse = |text: &str| Err(Misuse(text.to_owned()));
        match args.dialect {
            Dialect::Vpsbg | Dialect::Hostup if for_ovh => {
                misuse("--kind, --application and --rule are for `--dialect ovh`")
            }
            Dialect::Ovh | Dialect::Hostup if args.read_only => misuse("--read-only is for `--dialect vpsbg`"),
            Dialect::Ovh | Dialect::Vpsbg if !args.scope.is_empty() => misuse("--scope is for `--dialect hostup`"),
            Dialect::Vpsbg if args.read_only => Ok(Self::Token(vec![rule("GET", "/*")])),
            Dialect::Vpsbg => {
                Ok(Self::Token(["GET", "POST", "PATCH", "PUT", "DELETE"].map(|method| rule(method, "/*")).to_vec()))
            }
            Dialect::Hostup if args.scope.is_empty() => {
                Ok(Self::Token(["read", "write"].map(|verb| rule(verb, "all")).to_vec()))
            }
            Dialect::Hostup => Ok(Self::Token(args.scope.clone())),
            Dialect::Ovh => Self::of_ovh(args),
        }
    }

    fn of_ovh(args: &'a IssueArgs) -> Result<Self, Misuse> {
        let for_consumer =
            args.application.is_some() || !args.rule.is_empty() || !args.allow_ip.is_empty() || args.expires.is_some();
        match args.kind.unwrap_or(KeyKind::Application) {
            KeyKind::Consumer => Ok(Self::Consumer { application: args.application.as_deref().unwrap_or_default() }),
            KeyKind::Application | KeyKind::Oauth2 if for_consumer => {
                Err(Misuse("--application, --rule, --allow-ip and --expires are for `--kind consumer`".to_owned()))
            }
            KeyKind::Application => Ok(Self::Application(Flow::Signature)),
            KeyKind::Oauth2 => Ok(Self::Application(Flow::ClientCredentials)),
        }
    }
}

/// Issues, lists or revokes.
///
/// # Errors
/// When there is no such account or key, the rules refuse, or the database does not answer.
pub fn run(global: &Global, args: &KeyArgs) -> anyhow::Result<ExitCode> {
    let ledger = Ledger::open(global)?;
    match &args.command {
        KeyCommand::Issue(args) => issue(global, &ledger, args)?,
        KeyCommand::List { account } => list(&ledger, global.output(), account.as_deref())?,
        KeyCommand::Revoke { id, consent } => revoke(&ledger, global.output(), *id, *consent)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// What was made, to be shown once.
struct Issued {
    id: KeyId,
    /// Name for people, name for programs, text.
    parts: Vec<(&'static str, &'static str, SecretString)>,
}

fn issue(global: &Global, ledger: &Ledger, args: &IssueArgs) -> anyhow::Result<()> {
    let wanted = Wanted::of(args)?;
    let account = ledger.account(&args.account)?;
    let issued = match wanted {
        Wanted::Application(flow) => issue_application(global, ledger, &account, args, flow)?,
        Wanted::Consumer { application } => issue_consumer(ledger, &account, args, application)?,
        Wanted::Token(rules) => issue_token(ledger, &account, args, rules)?,
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
    let key_file =
        global.config.as_deref().map(Config::read).transpose()?.and_then(|config| config.secrets.master_key_file);
    let vault = MasterVault::open(key_file.as_deref())?;
    let (key, secret) = (random_text(KEY_LENGTH), SecretString::from(random_text(SECRET_LENGTH)));
    let parts = match flow {
        Flow::ClientCredentials => [("client id", "client_id"), ("client secret", "client_secret")],
        Flow::Signature => [("application key", "application_key"), ("application secret", "application_secret")],
    };
    let new = NewApplication {
        dialect: args.dialect.word().to_owned(),
        key: key.clone(),
        secret_sealed: vault.seal(secret.expose_secret().as_bytes())?,
        name: args.name.clone(),
        description: String::new(),
        flow,
    };
    let action = Action::RegisterApplication(new);
    match ledger.carry_out(Command { account: account.id, token: None, action })? {
        Reply::Application(id) => {
            let [(key_title, key_name), (secret_title, secret_name)] = parts;
            let parts = vec![(key_title, key_name, key.into()), (secret_title, secret_name, secret)];
            Ok(Issued { id: KeyId::Application(id), parts })
        }
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
    let secret = SecretString::from(random_text(LENGTH));
    let id = issue_credential(ledger, account, args, Some(application.id), &secret, args.rule.clone())?;
    Ok(Issued { id, parts: vec![("consumer key", "consumer_key", secret)] })
}

fn issue_token(ledger: &Ledger, account: &Account, args: &IssueArgs, rules: Vec<AccessRule>) -> anyhow::Result<Issued> {
    const LENGTH: usize = 48;
    let secret = SecretString::from(random_text(LENGTH));
    let id = issue_credential(ledger, account, args, None, &secret, rules)?;
    Ok(Issued { id, parts: vec![("token", "token", secret)] })
}

fn issue_credential(
    ledger: &Ledger,
    account: &Account,
    args: &IssueArgs,
    application: Option<ApplicationId>,
    secret: &SecretString,
    rules: Vec<AccessRule>,
) -> anyhow::Result<KeyId> {
    let expires = args.expires.map(|period| expiry(account, period)).transpose()?;
    let new = NewCredential {
        dialect: args.dialect.word().to_owned(),
        application,
        digest: digest(secret.expose_secret()),
        label: args.name.clone(),
        standing: NewCredentialStanding::Validated { expires },
        rules,
        allowed_ips: args.allow_ip.iter().map(ToString::to_string).collect(),
        redirection: None,
    };
    match ledger.carry_out(Command { account: account.id, token: None, action: Action::IssueCredential(new) })? {
        Reply::Credential(id) => Ok(KeyId::Credential(id)),
        other => Err(anyhow!("the lane answered {other:?} to a new credential")),
    }
}

/// The first moment of the day on which a period from today is over, where the account is.
fn expiry(account: &Account, period: Period) -> anyhow::Result<jiff::Timestamp> {
    let today = account.zone.date_of(SystemClock.now());
    Ok(account.zone.midnight(add_period(today, period, AnchorDay::of(today))?)?)
}

fn list(ledger: &Ledger, output: Output, account: Option<&str>) -> anyhow::Result<()> {
    const COLUMNS: [Column; 8] = [
        text("ID"),
        text("ACCOUNT"),
        text("API"),
        text("KIND"),
        text("KEY"),
        text("NAME"),
        text("STATUS"),
        text("EXPIRES"),
    ];
    let mut rows = Vec::new();
    for account in ledger.accounts_or_one(account)? {
        let applications = ledger.books().applications(account.id)?;
        rows.extend(applications.iter().map(|application| application_row(&account, application)));
        let credentials = ledger.books().credentials(account.id)?;
        rows.extend(credentials.iter().map(|credential| credential_row(&account, credential)));
    }
    output.list(&COLUMNS, rows, "there are no keys")
}

fn application_row(account: &Account, application: &Application) -> Row {
    let id = KeyId::Application(application.id).to_string();
    let kind = match application.flow {
        Flow::Signature => "application",
        Flow::ClientCredentials => "oauth2",
    };
    Row {
        document: json!({
            "id": id,
            "account": account.code,
            "dialect": application.dialect,
            "kind": kind,
            "key": application.key,
            "name": application.name,
            "application": null,
            "status": application.status.word(),
            "rules": [],
            "allowed_ips": [],
            "created": application.created.to_string(),
            "expires": null,
            "last_used": null,
        }),
        cells: vec![
            id,
            account.code.clone(),
            application.dialect.clone(),
            kind.to_owned(),
            application.key.clone(),
            application.name.clone(),
            application.status.word().to_owned(),
            String::new(),
        ],
    }
}

fn credential_row(account: &Account, credential: &Credential) -> Row {
    let id = KeyId::Credential(credential.id).to_string();
    let status = credential.status_at(SystemClock.now()).word();
    let rules: Vec<_> = credential.rules.iter().map(rule_text).collect();
    let kind = if credential.application.is_some() { "consumer" } else { "token" };
    Row {
        document: json!({
            "id": id,
            "account": account.code,
            "dialect": credential.dialect,
            "kind": kind,
            "key": null,
            "application": credential.application.map(|application| KeyId::Application(application).to_string()),
            "name": credential.label,
            "status": status,
            "rules": rules,
            "allowed_ips": credential.allowed_ips,
            "created": credential.created.to_string(),
            "expires": credential.expires.map(|expires| expires.to_string()),
            "last_used": credential.last_used.map(|used| used.to_string()),
        }),
        cells: vec![
            id,
            account.code.clone(),
            credential.dialect.clone(),
            kind.to_owned(),
            String::new(),
            credential.label.clone(),
            status.to_owned(),
            credential.expires.map_or_else(String::new, minute),
        ],
    }
}

fn revoke(ledger: &Ledger, output: Output, id: KeyId, consent: Consent) -> anyhow::Result<()> {
    let unknown = || anyhow!("there is no key {id}\nhint: `perennial key list` lists all");
    let (owner, action, what) = match id {
        KeyId::Application(application) => {
            let seen = ledger.books().load(&[Want::Application(application)])?;
            let found = seen.applications.get(&application).ok_or_else(unknown)?;
            if found.status == ApplicationStatus::Revoked {
                bail!("{id} is revoked already");
            }
            let what = format!("{id}, and all consumer keys that were given to it");
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
