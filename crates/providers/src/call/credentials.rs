//! Credentials: texts that nobody sees, by their names, and where people already keep them.

use std::collections::BTreeMap;
use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// A credential that a provider takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name in a secrets command's output: `application_key`.
    pub name: &'static str,
    /// The environment variable that holds it for the provider's own programs, or for ours.
    pub variable: &'static str,
    /// What it is, for people.
    pub what: &'static str,
}

/// The credentials of one account, by the names of their [`Field`]s.
#[derive(Clone, Default)]
pub struct Credentials(BTreeMap<String, SecretString>);

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Credentials {
    /// Adds one. An empty text is none.
    pub fn set(&mut self, name: &str, secret: &str) {
        if !secret.is_empty() {
            self.0.insert(name.to_owned(), SecretString::from(secret.to_owned()));
        }
    }

    /// The text of one.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(ExposeSecret::expose_secret)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those of the environment.
    pub fn of_environment(fields: &[Field], places: &Places<'_>) -> Self {
        let mut found = Self::default();
        for field in fields {
            if let Some(secret) = (places.variable)(field.variable) {
                found.set(field.name, &secret);
            }
        }
        found
    }

    /// Reads what a secrets command printed: lines of `name=value` or, where the account has a single credential, that
    /// alone.
    ///
    /// # Errors
    /// [`CredentialError::Line`].
    pub fn of_output(fields: &[Field], output: &str) -> Result<Self, CredentialError> {
        let mut found = Self::default();
        let lines: Vec<_> = output.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        if let ([only], [line]) = (fields, lines.as_slice())
            && !line.starts_with(&format!("{}=", only.name))
        {
            found.set(only.name, line);
            return Ok(found);
        }
        for (index, line) in lines.iter().enumerate() {
            let known = line.split_once('=').and_then(|(name, value)| {
                let name = name.trim();
                fields.iter().find(|field| field.name == name || field.variable == name).map(|field| (field, value))
            });
            let Some((field, value)) = known else {
                let names = fields.iter().map(|field| field.name).collect::<Vec<_>>().join("`, `");
                return Err(CredentialError::Line { line: index.saturating_add(1), names });
            };
            found.set(field.name, value.trim());
        }
        Ok(found)
    }
}

/// Credentials, and what was found beside them.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The credentials; empty where there are none.
    pub credentials: Credentials,
    /// The API's address, where it was named: OVHcloud's endpoint.
    pub url: Option<String>,
    /// The regions, where they were named.
    pub regions: Vec<String>,
}

/// Where credentials are looked for. Nothing is read that is not asked for.
pub struct Places<'a> {
    /// An environment variable.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// The text of a file; `~` is the home folder.
    pub file: &'a dyn Fn(&str) -> Option<String>,
    /// The section or profile that was asked for, where such files have several.
    pub profile: Option<&'a str>,
}

/// Why credentials could not be found. Never says what is secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// A line of a secrets command's output.
    #[error("line {line} of what the secrets command printed is not `name=value` with one of `{names}`")]
    Line {
        /// Which line, from 1.
        line: usize,
        /// The names.
        names: String,
    },
    /// A file is not what it should be.
    #[error("{file}: {why}")]
    File {
        /// Which file.
        file: String,
        /// What is wrong with it.
        why: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Field = Field { name: "key", variable: "X_KEY", what: "a key" };
    const SECRET: Field = Field { name: "secret", variable: "X_SECRET", what: "a secret" };

    #[test]
    fn a_secrets_command_prints_names_and_values_or_the_only_one() {
        let two = Credentials::of_output(&[KEY, SECRET], "key=a=b\n\nX_SECRET= c \n").expect("reads");
        assert_eq!((two.get("key"), two.get("secret")), (Some("a=b"), Some("c")));
        let one = Credentials::of_output(&[KEY], "abc==\n").expect("reads");
        assert_eq!(one.get("key"), Some("abc=="));
        let named = Credentials::of_output(&[KEY], "key=abc").expect("reads");
        assert_eq!(named.get("key"), Some("abc"));
        let error = Credentials::of_output(&[KEY, SECRET], "key=a\nhunter2").expect_err("is no line");
        assert!(!error.to_string().contains("hunter2"), "{error}");
        assert!(!format!("{two:?}").contains("a=b"));
    }
}
