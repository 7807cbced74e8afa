//! The configuration of `perennial serve`: one typed value, read and checked once at start.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use http::Uri;
use perennial_engine::lane::Grouping;
use perennial_providers::{DIALECTS, Dialect, Settings};
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Error, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::store::{Address, mask_urls};

/// `perennial.toml`. Unknown keys are errors. Relative paths count from the folder of the file.
#[derive(Clone)]
pub struct Config {
    /// Where the ledger is.
    pub store: StoreConfig,
    /// Where the seller's pages, `/healthz`, `/readyz` and `/metrics` are.
    pub pages: PagesConfig,
    /// The dialects that are served, each with the section of its name, in the order of
    /// `perennial_providers::DIALECTS`.
    pub dialects: Vec<(&'static Dialect, DialectConfig)>,
    /// TLS for all listeners; absent for plain HTTP behind a proxy.
    pub tls: Option<TlsConfig>,
    /// Where signing secrets are sealed.
    pub secrets: SecretsConfig,
    /// How notices leave; absent to keep them waiting in the ledger.
    pub mail: Option<MailConfig>,
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

/// How notices leave.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailConfig {
    /// A pickup folder of a mail server: each notice becomes one `.eml` file in it.
    pub pickup: PathBuf,
    /// The sender's address.
    pub from: String,
}

/// A section of the file.
enum Section {
    Store,
    Pages,
    Tls,
    Secrets,
    Mail,
    Dialect(&'static Dialect),
}

impl<'de> Deserialize<'de> for Section {
    fn deserialize<D: Deserializer<'de>>(given: D) -> Result<Self, D::Error> {
        let name = String::deserialize(given)?;
        Ok(match name.as_str() {
            "store" => Self::Store,
            "pages" => Self::Pages,
            "tls" => Self::Tls,
            "secrets" => Self::Secrets,
            "mail" => Self::Mail,
            _ => Self::Dialect(Dialect::named(&name).ok_or_else(|| {
                let dialects = DIALECTS.iter().map(|dialect| dialect.name);
                let known: Vec<_> = ["store", "pages", "tls", "secrets", "mail"].into_iter().chain(dialects).collect();
                Error::custom(format!("unknown section `{name}`, the sections are `{}`", known.join("`, `")))
            })?),
        })
    }
}

/// Reads the sections: written out, as those of the dialects are named by what there is.
struct Sections;

impl<'de> Visitor<'de> for Sections {
    type Value = Config;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sections")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Config, M::Error> {
        let (mut store, mut pages, mut tls, mut secrets, mut mail) = (None, None, None, SecretsConfig::default(), None);
        let mut dialects: Vec<(&'static Dialect, DialectConfig)> = Vec::new();
        while let Some(section) = map.next_key()? {
            match section {
                Section::Store => store = Some(map.next_value()?),
                Section::Pages => pages = Some(map.next_value()?),
                Section::Tls => tls = Some(map.next_value()?),
                Section::Secrets => secrets = map.next_value()?,
                Section::Mail => mail = Some(map.next_value()?),
                Section::Dialect(dialect) => dialects.push((dialect, map.next_value_seed(SectionOf(dialect))?)),
            }
        }
        dialects.sort_by_key(|(served, _)| DIALECTS.iter().position(|dialect| dialect.name == served.name));
        Ok(Config {
            store: store.unwrap_or_default(),
            pages: pages.ok_or_else(|| Error::missing_field("pages"))?,
            dialects,
            tls,
            secrets,
            mail,
        })
    }
}

impl<'de> Deserialize<'de> for Config {
    fn deserialize<D: Deserializer<'de>>(given: D) -> Result<Self, D::Error> {
        given.deserialize_map(Sections)
    }
}

/// Reads the section of a dialect, which has the settings of all dialects and its own.
struct SectionOf(&'static Dialect);

impl<'de> DeserializeSeed<'de> for SectionOf {
    type Value = DialectConfig;

    fn deserialize<D: Deserializer<'de>>(self, given: D) -> Result<DialectConfig, D::Error> {
        given.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for SectionOf {
    type Value = DialectConfig;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a section")
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<DialectConfig, M::Error> {
        DialectConfig::deserialize(MapAccessDeserializer::new(Settled { dialect: self.0, inner: map }))
    }
}

/// Entries, or the name of one, of a dialect's section. A setting of others' is refused as its name is read: the error is
/// told with its line.
struct Settled<T> {
    dialect: &'static Dialect,
    inner: T,
}

impl<'de, M: MapAccess<'de>> MapAccess<'de> for Settled<M> {
    type Error = M::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, M::Error> {
        self.inner.next_key_seed(Settled { dialect: self.dialect, inner: seed })
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, M::Error> {
        self.inner.next_value_seed(seed)
    }
}

impl<'de, K: DeserializeSeed<'de>> DeserializeSeed<'de> for Settled<K> {
    type Value = K::Value;

    fn deserialize<D: Deserializer<'de>>(self, given: D) -> Result<K::Value, D::Error> {
        let name = String::deserialize(given)?;
        let own = self.dialect.own;
        let is_foreign = match name.as_str() {
            "clock_window_s" => own.clock_window_s.is_none(),
            "repeat_window_s" => own.repeat_window_s.is_none(),
            "explain_signatures" => own.explain_signatures.is_none(),
            _ => false,
        };
        if is_foreign {
            return Err(Error::custom(format!("`{name}` is no setting of `[{}]`", self.dialect.name)));
        }
        self.inner.deserialize(name.into_deserializer())
    }
}

impl Config {
    /// Reads and checks the file.
    ///
    /// # Errors
    /// With the line, the reason and the way to mend it.
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(file).with_context(|| {
            format!("reading the configuration {}\nhint: the README shows a smallest one", file.display())
        })?;
        // What is wrong is quoted, and may be the line with a password.
        let read = toml::from_str(&text).map_err(|error| anyhow!(mask_urls(&error.to_string())));
        let mut config: Self = read.with_context(|| {
            format!(
                "reading the configuration {}\nhint: mend that, and see with `perennial serve --check` if all is in order",
                file.display()
            )
        })?;
        let folder = file.parent().unwrap_or(Path::new("."));
        let from_folder = |path: &mut PathBuf| *path = folder.join(&path);
        if let Some(Address::File(path)) = &mut config.store.address {
            from_folder(path);
        }
        if let Some(file) = &mut config.secrets.master_key_file {
            from_folder(file);
        }
        if let Some(tls) = &mut config.tls {
            from_folder(&mut tls.certificate);
            from_folder(&mut tls.key);
        }
        if let Some(mail) = &mut config.mail {
            from_folder(&mut mail.pickup);
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
    let is_origin = bare.parse::<Uri>().is_ok_and(|url| {
        let is_web = matches!(url.scheme_str(), Some("http" | "https"));
        is_web
            && url.authority().is_some_and(|host| bare.ends_with(&format!("://{host}")) && !host.as_str().contains('@'))
    });
    if !is_origin {
        return Err(Error::custom(format!("`{text}` is not a URL without a path, such as https://renew.example.net")));
    }
    Ok(bare.to_owned())
}

fn some_origin<'de, D: Deserializer<'de>>(given: D) -> Result<Option<String>, D::Error> {
    origin(given).map(Some)
}

#[cfg(test)]
mod tests {
    use serde::de::value::{Error, StrDeserializer};

    use super::*;

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let read = |text: &'static str| {
            let given: StrDeserializer<'_, Error> = text.into_deserializer();
            origin(given).ok()
        };
        for (text, expected) in [
            ("https://renew.example.net", "https://renew.example.net"),
            ("http://127.0.0.1:8400/", "http://127.0.0.1:8400"),
            ("http://[::1]:8400", "http://[::1]:8400"),
        ] {
            assert_eq!(read(text).as_deref(), Some(expected));
        }
        for text in [
            "",
            "renew.example.net",
            "/x",
            "ftp://x",
            "https://",
            "https://x/y",
            "https://x?y",
            "https://a@x",
            "http://a b",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    /// What a dialect's section comes to.
    fn settings(name: &str, more: &str) -> Result<Settings, toml::de::Error> {
        let dialect = Dialect::named(name).expect("is served");
        let text = format!("listen = \"127.0.0.1:1\"\n{more}");
        let section = SectionOf(dialect).deserialize(toml::Deserializer::parse(&text)?)?;
        Ok(section.settings(dialect, "http://127.0.0.1"))
    }

    #[test]
    fn what_the_seller_does_not_set_is_as_the_dialect_has_it() {
        for (name, expected) in [
            ("ovh", (120, 0, false)),
            ("vpsbg", (0, 0, false)),
            ("hostup", (0, 0, false)),
            ("aliyun", (900, 120, false)),
        ] {
            let settings = settings(name, "").expect("reads");
            let read = (settings.clock_window_s, settings.repeat_window_s, settings.explain_signatures);
            assert_eq!(read, expected, "{name}");
        }
        let set = "clock_window_s = 60\nrepeat_window_s = 0\nexplain_signatures = true\nrequests_per_minute = 5";
        let settings = settings("aliyun", set).expect("reads");
        assert_eq!((settings.clock_window_s, settings.repeat_window_s, settings.explain_signatures), (60, 0, true));
        assert_eq!(settings.requests_per_minute.map(u32::from), Some(5));
    }

    #[test]
    fn a_ledger_is_one_file_or_one_database() {
        let read = |text: &str| toml::from_str::<StoreConfig>(text).map_err(|error| error.message().to_owned());
        let file = read("path = \"shop.db\"").expect("reads");
        assert!(
            matches!(&file.address, Some(Address::File(path)) if path.as_os_str() == "shop.db") && file.group_commit
        );
        let database = read("url = \"postgres://u@h/d\"\ngroup_commit = false").expect("reads");
        assert!(matches!(&database.address, Some(Address::Postgres(_))) && !database.group_commit);
        assert!(read("").expect("is named elsewhere").address.is_none());
        for (text, why) in [
            ("path = \"shop.db\"\nurl = \"postgres://h/d\"", "are two ledgers"),
            ("path = \"postgres://h/d\"", "write a database's URL as `url`"),
            ("url = \"mysql://h/d\"", "`url` begins with postgres://"),
        ] {
            let told = read(text).expect_err("is no ledger");
            assert!(told.contains(why), "{text}: {told}");
        }
    }

    #[test]
    fn a_setting_of_another_dialect_is_refused() {
        for (name, setting) in [
            ("ovh", "repeat_window_s = 0"),
            ("ovh", "explain_signatures = false"),
            ("vpsbg", "clock_window_s = 120"),
            ("hostup", "clock_window_s = 120"),
            ("hostup", "explain_signatures = true"),
        ] {
            let error = settings(name, setting).expect_err("is none of its settings").to_string();
            assert!(error.contains(&format!("is no setting of `[{name}]`")), "{error}");
            assert!(error.contains("line 2, column 1"), "{error}");
        }
    }
}
