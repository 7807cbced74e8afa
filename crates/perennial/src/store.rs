//! Where a ledger is, and the one place that opens it: a SQLite file, or a PostgreSQL database.
//!
//! A PostgreSQL database is named by a URL, and the URL may have a password in it: nothing here tells it.
//! (`sqlite:PATH` is a file too: a path that could be read as something else can be written so.)

use std::error::Error;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use clap::builder::TypedValueParser;
use clap::error::ErrorKind;
use perennial_core::ports::Failure;
use perennial_store::copy::{Copied, CopyError, CopyProgress, End, Place};
use perennial_store::postgres::{self, PostgresReader, PostgresStore};
use perennial_store::sqlite::{self, SqliteReader, SqliteStore};
use perennial_store::{Records, Schema, Step, Store};
use secrecy::{ExposeSecret, SecretString};

/// What the URL of a PostgreSQL database begins with.
const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];

/// What the name of a SQLite file may begin with.
const FILE_SCHEME: &str = "sqlite:";

/// What PostgreSQL's own programs call a place to connect to, as in `host=db.example.net dbname=ledger`.
const PARAMETERS: [&str; 8] = ["host", "hostaddr", "port", "dbname", "user", "password", "service", "sslmode"];

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
            Ok(text) => match (after_scheme(&text), text.strip_prefix(FILE_SCHEME)) {
                (Some(_), _) => Self::of_url(&text).expect("it begins with a scheme"),
                // As in a URL, where nothing stands between the scheme and the path.
                (None, Some(path)) => Self::File(path.strip_prefix("//").unwrap_or(path).into()),
                (None, None) => Self::File(text.into()),
            },
            Err(path) => Self::File(path.into()),
        }
    }

    /// Reads an argument.
    pub const fn argument() -> impl TypedValueParser<Value = Self> {
        Argument
    }

    /// The URL of a PostgreSQL database; nothing if it is no such thing.
    pub fn of_url(url: &str) -> Option<Self> {
        // Whoever reads it next knows the scheme in small letters only.
        let (scheme, rest) = after_scheme(url)?;
        Some(Self::Postgres([scheme, rest].concat().into()))
    }

    /// Whether it is another way to write the same place; two names of one database may go unnoticed.
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::File(one), Self::File(other)) => match (one.canonicalize(), other.canonicalize()) {
                (Ok(one), Ok(other)) => one == other,
                _ => one == other,
            },
            (Self::Postgres(one), Self::Postgres(other)) => one.expose_secret() == other.expose_secret(),
            _ => false,
        }
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

    /// How far the tables of the ledger are; changes nothing.
    ///
    /// # Errors
    /// As [`Address::open`].
    pub fn schema(&self) -> anyhow::Result<Schema> {
        let schema = match self {
            Self::File(path) => sqlite::schema(path),
            Self::Postgres(url) => postgres::schema(with_password(url).expose_secret()),
        };
        schema.map_err(|failure| self.explain(failure))
    }

    /// Makes the tables of the ledger, or brings them up to date; tells the steps that were missing.
    ///
    /// # Errors
    /// As [`Address::open`].
    pub fn migrate(&self) -> anyhow::Result<Vec<Step>> {
        let steps = match self {
            Self::File(path) => sqlite::migrate(path),
            Self::Postgres(url) => postgres::migrate(with_password(url).expose_secret()),
        };
        steps.map_err(|failure| self.explain(failure))
    }

    /// Copies the whole ledger to an empty one.
    ///
    /// # Errors
    /// With the address that is at fault, what is wrong with it, and what to do about it.
    pub fn copy(&self, to: &Self, progress: impl FnMut(CopyProgress)) -> anyhow::Result<Copied> {
        perennial_store::copy::copy(&self.place(), &to.place(), progress).map_err(|error| {
            let at = |end| match end {
                End::Source => self,
                End::Target => to,
            };
            match error {
                CopyError::Failed { end, cause } => at(end).explain(cause),
                CopyError::InUse(end) => {
                    let hint = "\nhint: stop every `perennial serve` on it, and whatever else has it open";
                    anyhow::Error::new(error).context(format!("opening the database {}{hint}", at(end)))
                }
                CopyError::NotEmpty { .. } => {
                    let hint = "\nhint: copy to a new file, or to a database made for it, as `createdb` makes one";
                    anyhow::Error::new(error).context(format!("filling the database {to}{hint}"))
                }
                CopyError::Nul { .. } => {
                    let hint = "\nhint: PostgreSQL keeps no text with one; change it in the source, and copy again";
                    anyhow::Error::new(error).context(format!("filling the database {to}{hint}"))
                }
                CopyError::Differs { .. } => anyhow::Error::new(error).context(format!("checking the database {to}")),
            }
        })
    }

    fn place(&self) -> Place {
        match self {
            Self::File(path) => Place::Sqlite(path.clone()),
            Self::Postgres(url) => Place::Postgres(with_password(url).expose_secret().to_owned()),
        }
    }

    fn explain(&self, failure: Failure) -> anyhow::Error {
        let hint = match self {
            Self::File(_) => "",
            Self::Postgres(_) => hint(&failure),
        };
        anyhow::Error::new(failure).context(format!("opening the database {self}{hint}"))
    }
}

/// Reads an address on the command line. What is refused is not shown, as there may be a password in it.
#[derive(Clone)]
struct Argument;

impl TypedValueParser for Argument {
    type Value = Address;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        written: &OsStr,
    ) -> Result<Address, clap::Error> {
        let refused = |why: &str| {
            let argument = argument.map(|argument| format!("`{argument}`: ")).unwrap_or_default();
            let text = format!("{argument}{why}\n");
            Err(clap::Error::raw(ErrorKind::ValueValidation, text).with_cmd(command))
        };
        if written.is_empty() {
            return refused("it is empty");
        }
        if is_parameters(&written.to_string_lossy()) {
            return refused(
                "this is how PostgreSQL's own programs write it\nhint: write a URL, as in \
                 postgres://USER@HOST:PORT/NAME, and the password in PGPASSWORD",
            );
        }
        Ok(Address::of(written.to_owned()))
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
        let small = line.to_ascii_lowercase();
        let begins = SCHEMES.iter().filter_map(|scheme| Some(small.find(scheme)? + scheme.len())).min();
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

/// The scheme of a URL, however it is written, and what comes after it.
fn after_scheme(text: &str) -> Option<(&'static str, &str)> {
    SCHEMES.into_iter().find_map(|scheme| {
        let (written, rest) = text.split_at_checked(scheme.len())?;
        written.eq_ignore_ascii_case(scheme).then_some((scheme, rest))
    })
}

/// Whether a text begins as `host=db.example.net dbname=ledger` does. (A path with such a name is `./host=`.)
fn is_parameters(text: &str) -> bool {
    text.split_once('=').is_some_and(|(name, _)| PARAMETERS.contains(&name.trim()))
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
        ("could not reach the server", "\nhint: is PostgreSQL running there? Host and port are those of the URL"),
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
        Address::of_url(url).expect("is a URL")
    }

    #[test]
    fn an_address_is_a_url_by_its_scheme_and_else_a_path() {
        for url in ["postgres://h/d", "postgresql://h/d", "POSTGRES://h/d", "PostgreSQL://H/D"] {
            assert!(matches!(Address::of(url.into()), Address::Postgres(_)), "{url}");
        }
        assert_eq!(postgres("PostgreSQL://H/D").to_string(), "postgresql://H/D", "the driver knows small letters only");
        for (written, path) in [
            ("sqlite:shop.db", "shop.db"),
            ("sqlite:/var/shop.db", "/var/shop.db"),
            ("sqlite:///var/shop.db", "/var/shop.db"),
            ("sqlite:postgres://h/d", "postgres://h/d"),
        ] {
            assert!(
                matches!(Address::of(written.into()), Address::File(file) if file.as_os_str() == path),
                "{written}"
            );
        }
        for path in ["shop.db", "/var/lib/postgres/shop.db", "postgres", "postgres:/x", "mysql://h/d", ""] {
            assert!(matches!(Address::of(path.into()), Address::File(file) if file.as_os_str() == path), "{path}");
            assert!(Address::of_url(path).is_none(), "{path}");
        }
    }

    #[test]
    fn parameters_are_told_from_a_path() {
        for text in ["host=h dbname=d", "dbname=d", "user = u password = hidden", "service=shop"] {
            assert!(is_parameters(text), "{text}");
        }
        for text in ["shop.db", "./host=h", "a=b", "hosts=h", "postgres://h/d?host=h", "host"] {
            assert!(!is_parameters(text), "{text}");
        }
    }

    #[test]
    fn places_are_the_same_however_they_are_written() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("shop.db");
        let (one, other) = (Address::File(file.clone()), Address::File(folder.path().join(".").join("shop.db")));
        std::fs::write(&file, "").unwrap();
        assert!(one.is_same(&other) && !one.is_same(&Address::File("shop.db".into())));
        assert!(postgres("postgres://h/d").is_same(&postgres("POSTGRES://h/d")));
        assert!(
            !postgres("postgres://h/d").is_same(&postgres("postgres://h/e"))
                && !one.is_same(&postgres("postgres://h/d"))
        );
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
        assert_eq!(mask_urls("url = 'Postgres://u:hid@h'"), "url = 'Postgres://***");
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
            ("could not reach the server: Connection refused (os error 111)", "running there"),
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
