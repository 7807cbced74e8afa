//! The configuration: one typed value, read and checked once at start. The seller's half is here, the buyer's in
//! [`buyer`]; one file may hold both.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use http::Uri;
use perennial_engine::lane::Grouping;
use perennial_providers::{DIALECTS, Dialect, Settings};
use serde::de::{DeserializeSeed, Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use self::buyer::{BuyerConfig, BuyerSections, Misplaced};
use self::checked::checked;
use self::mail::MailConfig;
use self::schedule::ScheduleConfig;
use self::shape::{list, table};
use self::stripe::StripeConfig;
use self::webhooks::WebhooksConfig;
use crate::store::{Address, mask_urls};

pub mod buyer;
mod checked;
pub mod mail;
pub mod schedule;
mod secret;
mod shape;
pub mod stripe;
#[cfg(test)]
mod tests;
mod text;
pub mod webhooks;

/// `perennial.toml`. Unknown keys are errors. Relative paths count from the folder of the file.
#[derive(Clone)]
pub struct Config {
    /// Where the ledger is.
    pub store: StoreConfig,
    /// Where the seller's pages, `/healthz`, `/readyz` and `/metrics` are; `serve` needs it.
    pub pages: Option<PagesConfig>,
    /// The dialects that are served, each with the section of its name, in the order of
    /// `perennial_providers::DIALECTS`.
    pub dialects: Vec<(&'static Dialect, DialectConfig)>,
    /// TLS for all listeners; absent for plain HTTP behind a proxy.
    pub tls: Option<TlsConfig>,
    /// Where signing secrets are sealed.
    pub secrets: SecretsConfig,
    /// How notices leave; absent to keep them waiting in the ledger.
    pub mail: Option<MailConfig>,
    /// What becomes of services by themselves, and when.
    pub schedule: ScheduleConfig,
    /// How webhooks are called.
    pub webhooks: WebhooksConfig,
    /// How Stripe is called; absent where it keeps no methods.
    pub stripe: Option<StripeConfig>,
    /// What we rent elsewhere, and what is to be done about it.
    pub buyer: BuyerConfig,
}

/// Where the ledger is.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "StoreSection")]
pub struct StoreConfig {
    /// The SQLite file (`path`), made where it is missing, or the PostgreSQL database (`url`); none where the command line
    /// or the environment has to name it.
    pub address: Option<Address>,
    /// Whether commands that arrive together share a commit. Default true; false is slower and there to be measured.
    pub group_commit: bool,
}

/// `[store]` as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StoreSection {
    path: Option<PathBuf>,
    url: Option<String>,
    #[serde(default = "group_commit")]
    group_commit: bool,
}

impl TryFrom<StoreSection> for StoreConfig {
    type Error = &'static str;

    fn try_from(StoreSection { path, url, group_commit }: StoreSection) -> Result<Self, Self::Error> {
        let address = match (path, url) {
            (Some(path), None) => match Address::of(path.into()) {
                Address::Postgres(_) => return Err("`path` is a file; write a database's URL as `url`"),
                file @ Address::File(_) => Some(file),
            },
            (None, Some(url)) => Some(Address::of_url(&url).ok_or("`url` begins with postgres:// or postgresql://")?),
            (Some(_), Some(_)) => return Err("`path` and `url` are two ledgers: write one of them"),
            (None, None) => None,
        };
        Ok(Self { address, group_commit })
    }
}

const fn group_commit() -> bool {
    true
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self { address: None, group_commit: group_commit() }
    }
}

impl StoreConfig {
    /// How many commands share a commit.
    pub const fn grouping(&self) -> Grouping {
        if self.group_commit { Grouping::ByTime } else { Grouping::Single }
    }
}

/// The seller's own listener.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PagesConfig {
    /// Address and port to listen on, such as `127.0.0.1:8400`.
    #[serde(deserialize_with = "address")]
    pub listen: SocketAddr,
    /// How customers reach it, without a path, such as `https://renew.example.net`. Document links begin with it.
    #[serde(deserialize_with = "origin")]
    pub public_url: String,
}

/// How a dialect is served.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DialectConfig {
    /// Address and port to listen on.
    #[serde(deserialize_with = "address")]
    pub listen: SocketAddr,
    /// How clients reach it, without a path, such as `https://api.example.net`. Signatures are checked against it, and
    /// links in answers begin with it.
    #[serde(default, deserialize_with = "some_origin")]
    pub public_url: Option<String>,
    /// How far a request's timestamp may be from the clock, in seconds. Default 120 (`ovh`) and 900 (`aliyun`); the
    /// others' requests are not signed.
    pub clock_window_s: Option<u32>,
    /// How long a renewal that comes without a token is taken for the same one if it comes again from the same key, in
    /// seconds; 0 for never. Default 120. Of `aliyun` alone: the others have no call that orders and pays in one step.
    pub repeat_window_s: Option<u32>,
    /// Whether the refusal of a wrong signature shows what was calculated. Default false. Of `aliyun` alone.
    pub explain_signatures: Option<bool>,
    /// How many requests a minute a credential may make. Default: no limit.
    pub requests_per_minute: Option<std::num::NonZeroU32>,
}

impl DialectConfig {
    /// What the dialect's `serve` half is told.
    pub fn settings(&self, dialect: &Dialect, pages_url: &str) -> Settings {
        let own = dialect.own;
        Settings {
            public_urls: self.public_url.iter().cloned().collect(),
            pages_url: pages_url.to_owned(),
            clock_window_s: self.clock_window_s.or(own.clock_window_s).unwrap_or_default(),
            repeat_window_s: self.repeat_window_s.or(own.repeat_window_s).unwrap_or_default(),
            explain_signatures: self.explain_signatures.or(own.explain_signatures).unwrap_or_default(),
            requests_per_minute: self.requests_per_minute,
        }
    }

    /// Where clients reach it.
    pub fn url(&self, tls: bool) -> String {
        let scheme = if tls { "https" } else { "http" };
        self.public_url.clone().unwrap_or_else(|| format!("{scheme}://{}", self.listen))
    }
}

/// TLS for all listeners.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// Certificate chain, PEM.
    pub certificate: PathBuf,
    /// Private key, PEM.
    pub key: PathBuf,
}

/// Where signing secrets are sealed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretsConfig {
    /// File with the master key, 64 hexadecimal digits; `PERENNIAL_MASTER_KEY` stands above it.
    pub master_key_file: Option<PathBuf>,
}

/// A section of the file.
enum Section {
    Store,
    Pages,
    Tls,
    Secrets,
    Mail,
    Schedule,
    Webhooks,
    Stripe,
    Provider,
    Rule,
    Budget,
    Quiet,
    Rehearsal,
    Dialect(&'static Dialect),
}

impl Section {
    /// Those that are not named after a dialect.
    const KNOWN: [(&'static str, Self); 13] = [
        ("store", Self::Store),
        ("pages", Self::Pages),
        ("tls", Self::Tls),
        ("secrets", Self::Secrets),
        ("mail", Self::Mail),
        ("schedule", Self::Schedule),
        ("webhooks", Self::Webhooks),
        ("stripe", Self::Stripe),
        ("provider", Self::Provider),
        ("rule", Self::Rule),
        ("budget", Self::Budget),
        ("quiet", Self::Quiet),
        ("rehearsal", Self::Rehearsal),
    ];
}

impl<'de> Deserialize<'de> for Section {
    fn deserialize<D: Deserializer<'de>>(given: D) -> Result<Self, D::Error> {
        let name = String::deserialize(given)?;
        let known = Self::KNOWN.into_iter().find(|(known, _)| *known == name).map(|(_, section)| section);
        known.or_else(|| Dialect::named(&name).map(Self::Dialect)).ok_or_else(|| {
            let dialects = DIALECTS.iter().map(|dialect| dialect.name);
            let all: Vec<_> = Self::KNOWN.into_iter().map(|(known, _)| known).chain(dialects).collect();
            Error::custom(format!("unknown section `{name}`, the sections are `{}`", all.join("`, `")))
        })
    }
}

/// Whose half of the file a command is for: what it tells to do where the file is missing or wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// What is rented out.
    Seller,
    /// What is rented.
    Buyer,
}

impl Half {
    /// What to do where there is no file.
    const fn hint_missing(self) -> &'static str {
        match self {
            Self::Seller => "the README shows a smallest one; `perennial init` makes one for services that you rent",
            Self::Buyer => "`perennial init` makes one",
        }
    }

    /// What to do where it is wrong.
    const fn hint_wrong(self) -> &'static str {
        match self {
            Self::Seller => "mend that, and see with `perennial serve --check` if all is in order",
            Self::Buyer => "mend that, and see with `perennial provider list` if all is in order",
        }
    }
}

/// Reads the sections: written out, as those of the dialects are named by what there is.
struct Sections;

impl<'de> Visitor<'de> for Sections {
    type Value = Parsed;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sections")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Parsed, M::Error> {
        let (mut store, mut pages, mut tls, mut secrets, mut mail) = (None, None, None, SecretsConfig::default(), None);
        let (mut webhooks, mut stripe) = (WebhooksConfig::default(), None);
        let mut dialects: Vec<(&'static Dialect, DialectConfig)> = Vec::new();
        let mut schedule = ScheduleConfig::default();
        let mut buyer = BuyerSections::default();
        while let Some(section) = map.next_key()? {
            match section {
                Section::Store => store = Some(map.next_value()?),
                Section::Pages => pages = Some(map.next_value()?),
                Section::Tls => tls = Some(map.next_value()?),
                Section::Secrets => secrets = map.next_value()?,
                Section::Mail => mail = Some(map.next_value()?),
                Section::Webhooks => webhooks = map.next_value()?,
                Section::Stripe => stripe = Some(map.next_value()?),
                Section::Schedule => schedule = map.next_value()?,
                Section::Provider => {
                    buyer.providers = map.next_value_seed(table("[provider.NAME], a section for each account"))?;
                }
                Section::Rule => {
                    buyer.rules = map.next_value_seed(list("[[rule]], in two brackets, as there may be several"))?;
                }
                Section::Budget => {
                    buyer.budgets =
                        map.next_value_seed(list("[[budget]], in two brackets, as there may be several"))?;
                }
                Section::Quiet => {
                    buyer.quiet = Some(map.next_value_seed(table("[quiet], in one bracket, as there is only one"))?);
                }
                Section::Rehearsal => {
                    buyer.rehearsal =
                        Some(map.next_value_seed(table("[rehearsal], in one bracket, as there is only one"))?);
                }
                Section::Dialect(dialect) => dialects.push((dialect, map.next_value_seed(section_of(dialect))?)),
            }
        }
        dialects.sort_by_key(|(served, _)| DIALECTS.iter().position(|dialect| dialect.name == served.name));
        let settled = buyer.settle().map(|buyer| Config {
            store: store.unwrap_or_default(),
            pages,
            dialects,
            tls,
            secrets,
            mail,
            schedule,
            webhooks,
            stripe,
            buyer,
        });
        Ok(Parsed(settled))
    }
}

/// A file that was read, or what is wrong with it as a whole.
struct Parsed(Result<Config, Misplaced>);

impl<'de> Deserialize<'de> for Parsed {
    fn deserialize<D: Deserializer<'de>>(given: D) -> Result<Self, D::Error> {
        given.deserialize_map(Sections)
    }
}

/// Reads the section of a dialect, which has the settings of all dialects and its own. A setting of others' is refused.
fn section_of(dialect: &'static Dialect) -> impl for<'de> DeserializeSeed<'de, Value = DialectConfig> {
    checked("a section of its own in brackets", |name| {
        let own = dialect.own;
        let is_foreign = match name {
            "clock_window_s" => own.clock_window_s.is_none(),
            "repeat_window_s" => own.repeat_window_s.is_none(),
            "explain_signatures" => own.explain_signatures.is_none(),
            _ => false,
        };
        if is_foreign { Err(format!("`{name}` is no setting of `[{}]`", dialect.name)) } else { Ok(()) }
    })
}

impl Config {
    /// Reads and checks the file.
    ///
    /// # Errors
    /// With the line, the reason and the way to mend it.
    pub fn read(file: &Path, half: Half) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("reading the configuration {}\nhint: {}", file.display(), half.hint_missing()))?;
        Self::parse(&text, file, half)
    }

    /// Checks what is written in a file, or is to be.
    ///
    /// # Errors
    /// As [`Config::read`].
    pub fn parse(text: &str, file: &Path, half: Half) -> anyhow::Result<Self> {
        // What is wrong is quoted, and may be the line with a password.
        let read = toml::from_str(text).map_err(|error| anyhow!(mask_urls(&secret::mask(&error.to_string()))));
        let read = read.and_then(|Parsed(settled)| {
            settled.map_err(|Misplaced { at, why }| {
                let line = text.bytes().take(at.start).filter(|byte| *byte == b'\n').count() + 1;
                anyhow!("at line {line}: {why}")
            })
        });
        let mut config =
            read.with_context(|| format!("reading the configuration {}\nhint: {}", file.display(), half.hint_wrong()))?;
        let folder = file.parent().unwrap_or(Path::new("."));
        let from_folder = |path: &mut PathBuf| *path = folder.join(&path);
        if let Some(Address::File(path)) = &mut config.store.address {
            from_folder(path);
        }
        if let Some(file) = &mut config.secrets.master_key_file {
            from_folder(file);
        }
        if let Some(stripe) = &mut config.stripe {
            from_folder(&mut stripe.secret_key_file);
        }
        if let Some(tls) = &mut config.tls {
            from_folder(&mut tls.certificate);
            from_folder(&mut tls.key);
        }
        config.mail.iter_mut().flat_map(MailConfig::paths_mut).for_each(from_folder);
        for provider in config.buyer.providers.values_mut() {
            if let Some(authority) = &mut provider.ca_file {
                from_folder(authority);
            }
        }
        Ok(config)
    }
}

fn address<'de, D: Deserializer<'de>>(given: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(given)?;
    text.parse().map_err(|_| Error::custom(format!("`{text}` is not an address with its port, such as 127.0.0.1:8400")))
}

/// A URL of nothing but scheme, host and port, without a slash at the end.
fn origin<'de, D: Deserializer<'de>>(given: D) -> Result<String, D::Error> {
    let text = String::deserialize(given)?;
    let bare = text.strip_suffix('/').unwrap_or(&text);
    if !is_origin(bare) {
        return Err(Error::custom(format!("`{text}` is not a URL without a path, such as https://renew.example.net")));
    }
    Ok(bare.to_owned())
}

fn is_origin(bare: &str) -> bool {
    bare.parse::<Uri>().is_ok_and(|url| {
        let is_web = matches!(url.scheme_str(), Some("http" | "https"));
        is_web
            && url.authority().is_some_and(|host| bare.ends_with(&format!("://{host}")) && !host.as_str().contains('@'))
    })
}

fn some_origin<'de, D: Deserializer<'de>>(given: D) -> Result<Option<String>, D::Error> {
    origin(given).map(Some)
}
