//! `[stripe]`: where registered cards and bank accounts are kept and charged.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use perennial_core::ports::Gateway;
use secrecy::SecretString;
use serde::de::DeserializeSeed;
use serde::{Deserialize, Deserializer};

use super::checked::checked;
use super::secret::is_secret;
use super::text::{ApiUrl, FromText, Text};
use crate::buyer::http::{Limits, Network, Trust};
use crate::gateway::stripe::{Stripe, URL};

/// What secret keys begin with: those that may do all, and restricted ones (Stripe's documentation, "API keys").
const SECRET: [&str; 2] = ["sk_", "rk_"];

/// What a call may take. A bank is asked within it.
const LIMITS: Limits =
    Limits { connect: Duration::from_secs(10), whole: Duration::from_secs(40), reply_bytes: 1 << 20 };

/// How Stripe is called.
#[derive(Clone, Debug)]
pub struct StripeConfig {
    /// A file with the secret key and nothing else.
    pub secret_key_file: PathBuf,
    /// Its address; absent for Stripe's own.
    pub url: Option<String>,
}

/// `[stripe]` as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StripeSection {
    secret_key_file: Text<KeyFile>,
    url: Option<Text<ApiUrl>>,
}

impl<'de> Deserialize<'de> for StripeConfig {
    fn deserialize<D: Deserializer<'de>>(given: D) -> Result<Self, D::Error> {
        let section: StripeSection =
            checked("a section of its own in brackets, as in [stripe]", no_secret).deserialize(given)?;
        let Text(KeyFile(secret_key_file)) = section.secret_key_file;
        Ok(Self { secret_key_file, url: section.url.map(|Text(url)| url.0) })
    }
}

/// Refuses a key that looks like that of a secret.
fn no_secret(key: &str) -> Result<(), String> {
    if !is_secret(key) || key == "secret_key_file" {
        return Ok(());
    }
    Err(format!(
        "`{key}` would be a secret, and none belongs in this file: put the secret key into a file of its own, and name that \
         (`secret_key_file`)"
    ))
}

/// The name of a file with a secret key.
#[derive(Debug)]
struct KeyFile(PathBuf);

impl FromText for KeyFile {
    /// What it says is not shown where it is the secret itself.
    fn from_text(text: &str) -> Result<Self, String> {
        if SECRET.iter().any(|prefix| text.starts_with(prefix)) {
            return Err(
                "this is a secret key, and none belongs in this file: put it into a file of its own, and name that"
                    .to_owned(),
            );
        }
        Ok(Self(text.into()))
    }
}

impl StripeConfig {
    /// Reads the key, and gets ready to call Stripe. It is not called.
    ///
    /// # Errors
    /// When there is no secret key in the file, or the machine trusts no authority.
    pub fn gateway(&self) -> anyhow::Result<Arc<dyn Gateway>> {
        let key = self.secret_key().with_context(|| {
            format!(
                "reading Stripe's secret key {}\nhint: `secret_key_file` under [stripe] is a file with the secret key, which \
                 Stripe's dashboard shows under \"API keys\", and nothing else",
                self.secret_key_file.display()
            )
        })?;
        let url = self.url.as_deref().unwrap_or(URL);
        let network = Network::open(Trust::of(url, None), LIMITS).context("getting ready to call Stripe")?;
        Ok(Arc::new(Stripe::new(Arc::new(network), url.to_owned(), key)))
    }

    fn secret_key(&self) -> anyhow::Result<SecretString> {
        let text = std::fs::read_to_string(&self.secret_key_file)?;
        let key = text.trim();
        let rest = SECRET.iter().find_map(|prefix| key.strip_prefix(prefix));
        let is_plain = |rest: &str| rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        ensure!(
            rest.is_some_and(|rest| !rest.is_empty() && is_plain(rest)),
            "what is in it is no secret key of Stripe's: those begin with sk_ or rk_, and have letters, digits and \
             underscores"
        );
        Ok(key.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<StripeConfig, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn the_secret_key_is_in_a_file_of_its_own_and_leaves_this_machine_only_in_secret() {
        let read_back = |text| read(text).map(|config| (config.secret_key_file, config.url));
        assert_eq!(read_back("secret_key_file = \"k\""), Ok(("k".into(), None)));
        let own = "secret_key_file = \"k\"\nurl = \"http://127.0.0.1:8420/\"";
        assert_eq!(read_back(own), Ok(("k".into(), Some("http://127.0.0.1:8420".to_owned()))));
        for (text, why) in [
            ("", "missing field `secret_key_file`"),
            ("secret_key = \"x\"", "`secret_key` would be a secret"),
            ("secret_key_file = \"sk_live_hunter2\"", "this is a secret key"),
            ("secret_key_file = \"rk_live_hunter2\"", "this is a secret key"),
            ("secret_key_file = \"k\"\nurl = \"http://api.stripe.com\"", "for everybody to read"),
            ("secret_key_file = \"k\"\nurl = \"ftp://x\"", "not the address of an API"),
            ("secret_key_file = \"k\"\nkind = \"card\"", "unknown field `kind`"),
        ] {
            let told = read(text).map(drop).expect_err(text);
            assert!(told.contains(why), "{told}");
        }
    }

    #[test]
    fn a_file_without_a_secret_key_is_refused_and_not_quoted() {
        // Another test may have done it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().expect("makes a folder");
        let file = folder.path().join("stripe.key");
        let config = StripeConfig { secret_key_file: file.clone(), url: Some("http://127.0.0.1:1".to_owned()) };
        let gateway = || config.gateway().map(drop).map_err(|error| format!("{error:#}"));
        assert!(gateway().expect_err("there is no file").contains("hint: `secret_key_file`"));
        for text in ["", "pk_test_hunter2", "sk_", "sk_a\nhunter2", "sk_hunter2 x", "sk_hünter2"] {
            std::fs::write(&file, text).expect("writes");
            let told = gateway().expect_err(text);
            assert!(told.contains("no secret key of Stripe's") && !told.contains("hunter2"), "{told}");
        }
        for text in ["sk_test_x\n", " rk_live_Aa0_9"] {
            std::fs::write(&file, text).expect("writes");
            assert_eq!(gateway(), Ok(()), "{text}");
        }
    }
}
