//! Where a ledger is, and the one place that opens it: a SQLite file, or a PostgreSQL database.
//!
//! A PostgreSQL database is named by a URL, and the URL may have a password in it: nothing here tells it.

use std::error::Error;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use clap::builder::{OsStringValueParser, TypedValueParser};
use perennial_core::ports::Failure;
use perennial_store::postgres::{PostgresReader, PostgresStore};
use perennial_store::sqlite::{SqliteReader, SqliteStore};
use perennial_store::{Records, Store};
use secrecy::{ExposeSecret, SecretString};

/// What the URL of a PostgreSQL database begins with.
const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];

/// As in PostgreSQL's own programs: the password where the URL has none.
const PASSWORD: &str = "PGPASSWORD";

/// Reads a ledger, whichever it is.
pub type Reader = Arc<dyn Records + Send + Sync>;

/// Where a ledger is. Shown, it tells no password.
#[derive(Clone, Debug)]
pub enum Address {
    /// A SQLite file.
    File(PathBuf),
    /// A PostgreSQL database, by its `postgres://` URL.
    Postgres(SecretString),
}

/// A ledger that is open for writing, and who reads it meanwhile.
pub struct Opened {
    /// The ledger, for the lane.
    pub store: Box<dyn Store>,
    /// Reads it.
    pub books: Reader,
}

impl Address {
    /// What is written on the command line or in the environment: a URL begins with its scheme, all else is a path.
    pub fn of(written: OsString) -> Self {
        match written.into_string() {
            Ok(url) if is_url(&url) => Self::Postgres(url.into()),
            Ok(path) => Self::File(path.into()),
            Err(path) => Self::File(path.into()),
        }
    }

    /// Reads an argument. Nothing is refused that could have a password in it, as what is refused is shown.
    pub fn argument() -> impl TypedValueParser<Value = Self> {
        let read = |written: OsString| if written.is_empty() { Err("it is empty") } else { Ok(Self::of(written)) };
        OsStringValueParser::new().try_map(read)
    }

    /// The URL of a PostgreSQL database; nothing if it is no such thing.
    pub fn of_url(url: String) -> Option<Self> {
        is_url(&url).then(|| Self::Postgres(url.into()))
    }

    /// Whether it has a password in it.
    pub fn has_password(&self) -> bool {
        match self {
            Self::File(_) => false,
            Self::Postgres(url) => Parts::of(url.expose_secret()).has_password,
        }
    }

    /// Opens the ledger for writing, makes it where it is missing, and brings its schema up to date.
    ///
    /// # Errors
    /// With the address, what is wrong with it, and what to do about it.
    pub fn open(&self) -> anyhow::Result<Opened> {
        let opened = match self {
            Self::File(path) => SqliteStore::open(path).map(Opened::from),
            Self::Postgres(url) => PostgresStore::open(with_password(url).expose_secret())
                .map(|store| Opened { books: Arc::new(store.reader()), store: Box::new(store) }),
        };
        opened.map_err(|failure| self.explain(failure))
    }

    /// Opens a ledger that is there for reading alone.
    ///
    /// # Errors
    /// As [`Address::open`], and when its schema is not the one this version knows.
    pub fn reader(&self) -> anyhow::Result<Reader> {
        let reader = match self {
            Self::File(path) => SqliteReader::open(path).map(|reader| Arc::new(reader) as Reader),
            Self::Postgres(url) => {
                PostgresReader::open(with_password(url).expose_secret()).map(|reader| Arc::new(reader) as Reader)
            }
        };
        reader.map_err(|failure| self.explain(failure))
    }

    fn explain(&self, failure: Failure) -> anyhow::Error {
        let hint = match self {
            Self::File(_) => "",
            Self::Postgres(_) => hint(&failure),
        };
        anyhow::Error::new(failure).context(format!("opening the database {self}{hint}"))
    }
}

impl From<SqliteStore> for Opened {
    fn from(store: SqliteStore) -> Self {
        Self { books: Arc::new(store.reader()), store: Box::new(store) }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Postgres(url) => f.write_str(&Parts::of(url.expose_secret()).shown),
        }
    }
}

/// Takes the URLs out of a text that quotes what somebody wrote, each with the rest of its line: where a password ends
/// in what is wrong cannot be known.
pub fn mask_urls(text: &str) -> String {
    let mask = |line: &str| {
        let begins = SCHEMES.iter().filter_map(|scheme| Some(line.find(scheme)? + scheme.len())).min();
        begins.map_or_else(|| line.to_owned(), |begins| format!("{}***", &line[..begins]))
    };
    text.split('\n').map(mask).collect::<Vec<_>>().join("\n")
}

/// A URL, as far as its password goes.
struct Parts {
    shown: String,
    has_password: bool,
}

impl Parts {
    /// Shown are user, host, port and database; parameters are not, as one may be the password. Where a password was not
    /// encoded as it should be, rather less is shown than a part of it.
    fn of(url: &str) -> Self {
        let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", url));
        let (place, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        if parameters.contains('@') {
            return Self { shown: format!("{scheme}://***"), has_password: true };
        }
        let in_parameters = parameters.split('&').any(|parameter| parameter.starts_with("password="));
        let (place, in_place) = match place.rsplit_once('@') {
            Some((who, host)) => match who.split_once(':') {
                Some((user, _)) => (format!("{user}:***@{host}"), true),
                None => (place.to_owned(), false),
            },
            None => (place.to_owned(), false),
        };
        Self { shown: format!("{scheme}://{place}"), has_password: in_place || in_parameters }
    }
}

fn is_url(text: &str) -> bool {
    SCHEMES.iter().any(|scheme| text.starts_with(scheme))
}

/// The URL with the password of the environment, where it has none of its own.
fn with_password(url: &SecretString) -> SecretString {
    match std::env::var(PASSWORD) {
        Ok(password) if !password.is_empty() => join_password(url.expose_secret(), &password).into(),
        _ => url.clone(),
    }
}

fn join_password(url: &str, password: &str) -> String {
    if Parts::of(url).has_password {
        return url.to_owned();
    }
    // A form has `+` for a blank, and a URL has not.
    let encoded = form_urlencoded::byte_serialize(password.as_bytes()).collect::<String>().replace('+', "%20");
    let joint = if url.contains('?') { '&' } else { '?' };
    format!("{url}{joint}password={encoded}")
}

/// What to do about a PostgreSQL database that cannot be opened, by what the store says of it. A server's own words may
/// be in any language, so they are known by their code.
fn hint(failure: &Failure) -> &'static str {
    const NOT_LET_IN: &str = "\nhint: the user is in the URL, as in postgres://USER@HOST/NAME, and the password in \
                              PGPASSWORD, or also in the URL in PERENNIAL_DATABASE or under [store]";
    const HINTS: [(&str, &str); 6] = [
        ("error connecting to server", "\nhint: is PostgreSQL running there? Host and port are those of the URL"),
        ("SQLSTATE 3D000", "\nhint: `createdb` makes one; its tables are made when `perennial` first writes to it"),
        ("SQLSTATE 28000", NOT_LET_IN),
        ("SQLSTATE 28P01", NOT_LET_IN),
        ("password missing", NOT_LET_IN),
        ("SQLSTATE 42501", "\nhint: the ledger's database belongs to its user, as `createdb --owner USER` makes it"),
    ];
    let mut next: Option<&(dyn Error + 'static)> = Some(failure);
    while let Some(cause) = next {
        let said = cause.to_string();
        if let Some((_, hint)) = HINTS.iter().find(|(known, _)| said.contains(known)) {
            return hint;
        }
        next = cause.source();
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    fn postgres(url: &str) -> Address {
        Address::of_url(url.to_owned()).expect("is a URL")
    }

    #[test]
    fn an_address_is_a_url_by_its_scheme_and_else_a_path() {
        for url in ["postgres://h/d", "postgresql://h/d"] {
            assert!(matches!(Address::of(url.into()), Address::Postgres(_)), "{url}");
        }
        for path in ["shop.db", "/var/lib/postgres/shop.db", "postgres", "postgres:/x", "mysql://h/d", ""] {
            assert!(matches!(Address::of(path.into()), Address::File(file) if file.as_os_str() == path), "{path}");
            assert!(Address::of_url(path.to_owned()).is_none(), "{path}");
        }
    }

    #[test]
    fn no_password_is_shown() {
        for (url, shown, has_password) in [
            ("postgres://h/d", "postgres://h/d", false),
            ("postgres://u@h:5432/d?sslmode=disable", "postgres://u@h:5432/d", false),
            ("postgresql://u:hidden@h:5432/d", "postgresql://u:***@h:5432/d", true),
            ("postgres://u:@h/d", "postgres://u:***@h/d", true),
            ("postgres://u:hid@den@h/d", "postgres://u:***@h/d", true),
            ("postgres://u:hid/den:x@h/d", "postgres://u:***@h/d", true),
            ("postgres://u@h/d?a=b&password=hidden", "postgres://u@h/d", true),
            ("postgres://u:hid?den@h/d", "postgres://***", true),
            ("postgres://u:h@id?den@h/d", "postgres://***", true),
        ] {
            let address = postgres(url);
            assert_eq!((address.to_string().as_str(), address.has_password()), (shown, has_password), "{url}");
            assert!(!format!("{address:?}").contains("hid"), "{address:?}");
        }
    }

    #[test]
    fn what_quotes_a_url_does_not_quote_its_password() {
        let quoted = "at line 3\n  |\n3 | url = \"postgres://u:hid\\\"den@h/d\"\n  | ^^^\nno such field";
        let masked = "at line 3\n  |\n3 | url = \"postgres://***\n  | ^^^\nno such field";
        assert_eq!(mask_urls(quoted), masked);
        assert_eq!(mask_urls("nothing\n"), "nothing\n");
    }

    #[test]
    fn the_password_of_the_environment_stands_in_where_the_url_has_none() {
        for (url, joined) in [
            ("postgres://u@h/d", "postgres://u@h/d?password=a%20%2B%26b"),
            ("postgres://u@h/d?x=y", "postgres://u@h/d?x=y&password=a%20%2B%26b"),
            ("postgres://u:own@h/d", "postgres://u:own@h/d"),
            ("postgres://u@h/d?password=own", "postgres://u@h/d?password=own"),
        ] {
            assert_eq!(join_password(url, "a +&b"), joined);
        }
    }

    #[test]
    fn what_can_be_mended_has_a_hint() {
        for (said, hinted) in [
            ("error connecting to server: Connection refused (os error 111)", "running there"),
            ("Datenbank »x« existiert nicht (SQLSTATE 3D000)", "`createdb`"),
            ("password authentication failed for user \"x\" (SQLSTATE 28P01)", "PGPASSWORD"),
            ("role \"x\" does not exist (SQLSTATE 28000)", "postgres://USER@HOST/NAME"),
            ("invalid configuration: password missing", "PGPASSWORD"),
            ("permission denied for schema public (SQLSTATE 42501)", "--owner"),
        ] {
            assert!(hint(&Failure::new("open the ledger", said)).contains(hinted), "{said}");
        }
        assert_eq!(hint(&Failure::new("open the ledger", "the database system is starting up (SQLSTATE 57P03)")), "");
    }
}
