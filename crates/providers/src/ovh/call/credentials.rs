//! Keys: an application's with a consumer key, or an OAuth2 client's; from the environment and from `ovh.conf`, where the
//! official SDKs look for them.

use std::collections::BTreeMap;

use secrecy::SecretString;

use crate::call::{Address, CredentialError, Credentials, Field, Found, Places, SettingError, shown};
use crate::ovh::PROVIDER;

const APPLICATION_KEY: &str = "application_key";
const APPLICATION_SECRET: &str = "application_secret";
const CONSUMER_KEY: &str = "consumer_key";
const CLIENT_ID: &str = "client_id";
const CLIENT_SECRET: &str = "client_secret";

/// The credentials it takes: the first three, or the last two.
pub(super) const FIELDS: [Field; 5] = [
    Field { name: APPLICATION_KEY, variable: "OVH_APPLICATION_KEY", what: "the key of an application" },
    Field { name: APPLICATION_SECRET, variable: "OVH_APPLICATION_SECRET", what: "the secret of that application" },
    Field { name: CONSUMER_KEY, variable: "OVH_CONSUMER_KEY", what: "the consumer key that the account gave it" },
    Field { name: CLIENT_ID, variable: "OVH_CLIENT_ID", what: "or instead: the id of an OAuth2 client" },
    Field { name: CLIENT_SECRET, variable: "OVH_CLIENT_SECRET", what: "the secret of that OAuth2 client" },
];

/// Where the address may be named: a name of [`ENDPOINTS`], or a URL.
const ENDPOINT_VARIABLE: &str = "OVH_ENDPOINT";

/// The files, each of which says more than the one before.
const FILES: [&str; 3] = ["/etc/ovh.conf", "~/.ovh.conf", "./ovh.conf"];

/// The section of a file that names the endpoint.
const DEFAULT_SECTION: &str = "default";

/// The endpoint where none is named; so in the SDK for Python.
const ENDPOINT_DEFAULT: &str = "ovh-eu";

/// An API of the provider's.
pub(super) struct Endpoint {
    /// What the SDKs call it.
    name: &'static str,
    /// Its address.
    pub url: &'static str,
    /// Where its OAuth2 tokens are given out, if it takes any.
    pub token_url: Option<&'static str>,
}

/// The provider's own APIs.
pub(super) const ENDPOINTS: [Endpoint; 7] = [
    Endpoint {
        name: ENDPOINT_DEFAULT,
        url: "https://eu.api.ovh.com/1.0",
        token_url: Some("https://www.ovh.com/auth/oauth2/token"),
    },
    Endpoint {
        name: "ovh-ca",
        url: "https://ca.api.ovh.com/1.0",
        token_url: Some("https://ca.ovh.com/auth/oauth2/token"),
    },
    Endpoint {
        name: "ovh-us",
        url: "https://api.us.ovhcloud.com/1.0",
        token_url: Some("https://us.ovhcloud.com/auth/oauth2/token"),
    },
    Endpoint { name: "kimsufi-eu", url: "https://eu.api.kimsufi.com/1.0", token_url: None },
    Endpoint { name: "kimsufi-ca", url: "https://ca.api.kimsufi.com/1.0", token_url: None },
    Endpoint { name: "soyoustart-eu", url: "https://eu.api.soyoustart.com/1.0", token_url: None },
    Endpoint { name: "soyoustart-ca", url: "https://ca.api.soyoustart.com/1.0", token_url: None },
];

/// The path of the API.
const ROOT: &str = "/1.0";

/// The address of an endpoint: its name's, or itself where it is an address. None for an unknown name.
pub(super) fn url_of(endpoint: &str) -> Option<String> {
    let known = ENDPOINTS.iter().find(|known| known.name == endpoint).map(|known| known.url.to_owned());
    known.or_else(|| Address::parse(endpoint).ok().map(|address| address.rooted(ROOT)))
}

/// What requests are made with.
pub(super) enum Keys {
    /// Each request is signed.
    Signature {
        /// Says who signs.
        application_key: String,
        /// Is part of what is hashed, and never sent.
        application_secret: SecretString,
        /// Says for which account.
        consumer_key: SecretString,
    },
    /// Requests carry a token that is given out for these.
    OAuth2 {
        /// The client.
        client_id: String,
        /// Its secret.
        client_secret: SecretString,
    },
}

impl Keys {
    /// Takes the credentials that are complete.
    pub fn of(credentials: &Credentials) -> Result<Self, SettingError> {
        if let Some((one, other)) = mixed(credentials) {
            let value = format!("{one}, {other}");
            let why = "an application's keys and an OAuth2 client's do not go together".to_owned();
            return Err(SettingError::Wrong { setting: "credentials", value, why });
        }
        let text = |name: &str| {
            let field = FIELDS.iter().find(|field| field.name == name);
            let (field, what) = field.map_or(("", ""), |field| (field.name, field.what));
            let text = credentials.get(name).ok_or(SettingError::Missing { provider: PROVIDER, field, what })?;
            if text.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Ok(text.to_owned());
            }
            let why = "a key is of visible ASCII characters".to_owned();
            Err(SettingError::Wrong { setting: field, value: "***".to_owned(), why })
        };
        if has_any(credentials, &[CLIENT_ID, CLIENT_SECRET]) {
            return Ok(Self::OAuth2 { client_id: text(CLIENT_ID)?, client_secret: text(CLIENT_SECRET)?.into() });
        }
        Ok(Self::Signature {
            application_key: text(APPLICATION_KEY)?,
            application_secret: text(APPLICATION_SECRET)?.into(),
            consumer_key: text(CONSUMER_KEY)?.into(),
        })
    }
}

fn has_any(credentials: &Credentials, names: &[&'static str]) -> bool {
    names.iter().any(|name| credentials.get(name).is_some())
}

/// A credential of each family, where both are there; all official SDKs refuse that.
fn mixed(credentials: &Credentials) -> Option<(&'static str, &'static str)> {
    let first = |names: &[&'static str]| names.iter().copied().find(|name| credentials.get(name).is_some());
    Some((first(&[APPLICATION_KEY, APPLICATION_SECRET, CONSUMER_KEY])?, first(&[CLIENT_ID, CLIENT_SECRET])?))
}

/// Finds keys as the official SDKs do: of each, the environment's, else that of the endpoint's section. Where a section is
/// named, that section alone counts.
pub(super) fn find(places: &Places<'_>) -> Result<Found, CredentialError> {
    let files = Files::read(places)?;
    if let Some(profile) = places.profile {
        return of_section(&files, profile);
    }
    let named = (places.variable)(ENDPOINT_VARIABLE).filter(|endpoint| !endpoint.is_empty());
    let endpoint = named.or_else(|| files.value(DEFAULT_SECTION, "endpoint").map(str::to_owned));
    let section = endpoint.as_deref().unwrap_or(ENDPOINT_DEFAULT);
    let mut credentials = Credentials::default();
    for field in &FIELDS {
        let variable = (places.variable)(field.variable).filter(|text| !text.is_empty());
        if let Some(text) = variable.as_deref().or_else(|| files.value(section, field.name)) {
            credentials.set(field.name, text);
        }
    }
    let url = endpoint.as_deref().map(known_url).transpose()?;
    found(credentials, url)
}

/// The keys of a section that was asked for. It has the name of an endpoint, or names one.
fn of_section(files: &Files, section: &str) -> Result<Found, CredentialError> {
    if !files.0.contains_key(section) {
        return Err(wrong(format!("there is no section `[{section}]`")));
    }
    let mut credentials = Credentials::default();
    for field in &FIELDS {
        if let Some(text) = files.value(section, field.name) {
            credentials.set(field.name, text);
        }
    }
    let endpoint = files.value(section, "endpoint").unwrap_or(section);
    found(credentials, Some(known_url(endpoint)?))
}

fn found(credentials: Credentials, url: Option<String>) -> Result<Found, CredentialError> {
    if let Some((one, other)) = mixed(&credentials) {
        let why = format!("`{one}` and `{other}` do not go together: one is an application's, one an OAuth2 client's");
        return Err(CredentialError::File { file: "ovh.conf and the environment".to_owned(), why });
    }
    Ok(Found { credentials, url, regions: Vec::new() })
}

fn known_url(endpoint: &str) -> Result<String, CredentialError> {
    url_of(endpoint).ok_or_else(|| {
        let names = ENDPOINTS.each_ref().map(|known| known.name).join("`, `");
        wrong(format!("`{}` is no endpoint: `{names}`, or an address", shown(endpoint)))
    })
}

fn wrong(why: String) -> CredentialError {
    CredentialError::File { file: "ovh.conf".to_owned(), why }
}

/// The sections of all files, put together.
#[derive(Default)]
struct Files(BTreeMap<String, BTreeMap<String, String>>);

impl Files {
    fn read(places: &Places<'_>) -> Result<Self, CredentialError> {
        let mut files = Self::default();
        for file in FILES {
            if let Some(text) = (places.file)(file) {
                files.add(file, &text)?;
            }
        }
        Ok(files)
    }

    /// Adds a file: `[section]`, `key = value` or `key: value`, and comments in lines of their own.
    fn add(&mut self, file: &str, text: &str) -> Result<(), CredentialError> {
        let mut section = None;
        for (index, line) in text.lines().map(str::trim).enumerate() {
            if line.is_empty() || line.starts_with(['#', ';']) {
                continue;
            }
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                section = Some(name.trim().to_owned());
                self.0.entry(name.trim().to_owned()).or_default();
                continue;
            }
            let entry = line.split_once(['=', ':']);
            let (Some(section), Some((key, value))) = (&section, entry) else {
                let why = format!("line {} is neither `[section]` nor `key = value` in one", index.saturating_add(1));
                return Err(CredentialError::File { file: file.to_owned(), why });
            };
            let entries = self.0.entry(section.clone()).or_default();
            entries.insert(key.trim().to_ascii_lowercase(), value.trim().to_owned());
        }
        Ok(())
    }

    fn value(&self, section: &str, key: &str) -> Option<&str> {
        self.0.get(section)?.get(key).map(String::as_str).filter(|value| !value.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SYSTEM: &str = "[default]\nendpoint=ovh-eu\n[ovh-eu]\napplication_key=ak-system\nconsumer_key=ck-system\n";
    const OWN: &str = "; ours\n[ovh-eu]\nApplication_Key = ak-own\napplication_secret: as=own\n\n[work]\n\
                       endpoint = ovh-ca\nclient_id = id\nclient_secret = hunter2\n[ovh-us]\nclient_id = us\n";

    fn look(
        files: &[(&str, &str)],
        variables: &[(&str, &str)],
        profile: Option<&str>,
    ) -> Result<Found, CredentialError> {
        let of = |pairs: &[(&str, &str)], name: &str| {
            pairs.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned())
        };
        find(&Places { variable: &|name| of(variables, name), file: &|name| of(files, name), profile })
    }

    fn texts(found: &Found) -> [Option<&str>; 5] {
        FIELDS.map(|field| found.credentials.get(field.name))
    }

    #[test]
    fn later_files_and_the_environment_say_more() {
        let files = [("/etc/ovh.conf", SYSTEM), ("~/.ovh.conf", OWN)];
        let found = look(&files, &[("OVH_CONSUMER_KEY", "ck-env")], None).expect("finds");
        assert_eq!(texts(&found), [Some("ak-own"), Some("as=own"), Some("ck-env"), None, None]);
        assert_eq!(found.url.as_deref(), Some("https://eu.api.ovh.com/1.0"));
        let found = look(&files, &[("OVH_ENDPOINT", "http://127.0.0.1:8401/1.0/")], None).expect("finds");
        assert_eq!((texts(&found), found.url.as_deref()), ([None; 5], Some("http://127.0.0.1:8401/1.0")));
        let nothing = look(&[], &[], None).expect("finds nothing");
        assert!(nothing.credentials.is_empty() && nothing.url.is_none());
    }

    #[test]
    fn a_named_section_stands_alone() {
        let files = [("./ovh.conf", OWN)];
        let found = look(&files, &[("OVH_APPLICATION_KEY", "ak-env")], Some("work")).expect("finds");
        assert_eq!(texts(&found), [None, None, None, Some("id"), Some("hunter2")]);
        assert_eq!(found.url.as_deref(), Some("https://ca.api.ovh.com/1.0"));
        let found = look(&files, &[], Some("ovh-us")).expect("finds");
        assert_eq!(found.url.as_deref(), Some("https://api.us.ovhcloud.com/1.0"));
        assert!(look(&files, &[], Some("elsewhere")).is_err());
    }

    #[test]
    fn what_cannot_be_is_told_without_secrets() {
        for (files, variables, says) in [
            (vec![("./ovh.conf", "[ovh-eu]\nhunter2\n")], vec![], "./ovh.conf: line 2"),
            (vec![("./ovh.conf", "client_secret=hunter2\n")], vec![], "./ovh.conf: line 1"),
            (vec![("./ovh.conf", "[default]\nendpoint=ovh-mars\n")], vec![], "`ovh-mars` is no endpoint"),
            (
                vec![("./ovh.conf", "[ovh-eu]\nconsumer_key=hunter2\n")],
                vec![("OVH_CLIENT_SECRET", "hunter2")],
                "`consumer_key` and `client_secret` do not go together",
            ),
        ] {
            let error = look(&files, &variables, None).expect_err(says).to_string();
            assert!(error.contains(says) && !error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn keys_are_whole_and_of_one_family() {
        let of = |pairs: &[(&str, &str)]| {
            let mut credentials = Credentials::default();
            for (name, text) in pairs {
                credentials.set(name, text);
            }
            Keys::of(&credentials).map(|keys| matches!(keys, Keys::Signature { .. })).map_err(|error| error.to_string())
        };
        let (ak, secret, ck) = ((APPLICATION_KEY, "a"), (APPLICATION_SECRET, "s"), (CONSUMER_KEY, "c"));
        assert_eq!(of(&[ak, secret, ck]), Ok(true));
        assert_eq!(of(&[(CLIENT_ID, "i"), (CLIENT_SECRET, "s")]), Ok(false));
        for (pairs, says) in [
            (&[][..], "ovh needs `application_key`"),
            (&[ak, secret], "ovh needs `consumer_key`"),
            (&[(CLIENT_ID, "i")], "ovh needs `client_secret`"),
            (&[ak, (CLIENT_SECRET, "hunter2")], "do not go together"),
            (&[ak, secret, (CONSUMER_KEY, "hunter2\n")], "visible ASCII"),
        ] {
            let error = of(pairs).expect_err(says);
            assert!(error.contains(says) && !error.contains("hunter2"), "{error}");
        }
    }
}
