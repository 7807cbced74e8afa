//! Where an account's credentials are: what a secrets command prints, what variables of the environment hold, or where the
//! provider's own programs keep them. Nothing here shows one.

use std::fmt::Display;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, anyhow, ensure};
use perennial_core::buyer::holding::ProviderName;
use perennial_providers::Dialect;
use perennial_providers::call::{Credentials, Found, Places};

use crate::config::buyer::ProviderConfig;

/// Finds an account's credentials: those of the secrets command; else, one by one, those of the variables that were named;
/// else what the provider's own programs would use, with the address and regions that go with it.
///
/// # Errors
/// When the command fails, a variable that was named is not set, or a file cannot be understood.
pub fn find(name: &ProviderName, config: &ProviderConfig) -> anyhow::Result<Found> {
    find_in(name, config, &variable)
}

fn find_in(
    name: &ProviderName,
    config: &ProviderConfig,
    variable: &dyn Fn(&str) -> Option<String>,
) -> anyhow::Result<Found> {
    let fields = config.api.call.fields;
    let mut credentials = match &config.secret_command {
        Some(command) => Credentials::of_output(fields, &output_of(name, command)?)
            .with_context(|| format!("reading what the secrets command of `{name}` printed"))?,
        None => Credentials::default(),
    };
    for (field, holder) in &config.secrets_env {
        if credentials.get(field).is_none() {
            let secret = variable(holder).ok_or_else(|| {
                anyhow!(
                    "{holder} is not set, and `{name}` has its `{field}` there\nhint: secrets_env names the variable"
                )
            })?;
            credentials.set(field, &secret);
        }
    }
    if !credentials.is_empty() {
        return Ok(Found { credentials, ..Found::default() });
    }
    let places = Places { variable, file: &file, profile: config.profile.as_deref() };
    (config.api.call.find)(&places).with_context(|| format!("looking for the credentials of `{name}`"))
}

/// What a secrets command prints; whose secrets they are is told where it fails. Whatever it has to ask, it may ask.
///
/// # Errors
/// When it cannot be run, fails, or prints no text.
pub fn output_of(name: &dyn Display, words: &[String]) -> anyhow::Result<String> {
    let (program, arguments) = words.split_first().context("a secrets command names a program")?;
    let what = || format!("running the secrets command of `{name}`, `{program}`");
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::inherit()).stderr(Stdio::inherit());
    let done = command.output().with_context(what)?;
    ensure!(done.status.success(), "the secrets command of `{name}`, `{program}`, failed: {}", done.status);
    String::from_utf8(done.stdout).map_err(|_| anyhow!("the secrets command of `{name}`, `{program}`, printed no text"))
}

/// The ways to give a provider's credentials, in words. Not all of several belong to one key.
pub fn ways(api: &Dialect) -> String {
    match api.call.fields {
        [only] => format!(
            "set {}, or name a program that prints it (`secret_command`) or the variable that holds it (`secrets_env`)",
            only.variable
        ),
        fields => format!(
            "set those that your key has of {}; or name a program that prints them (`secret_command`) or the variables that \
             hold them (`secrets_env`)",
            fields.iter().map(|field| field.variable).collect::<Vec<_>>().join(", ")
        ),
    }
}

/// Where an account's credentials come from, in a few words.
pub fn place(config: &ProviderConfig) -> String {
    match (&config.secret_command, config.secrets_env.is_empty(), &config.profile) {
        (Some(command), _, _) => format!("`{}`", command.first().map_or("", String::as_str)),
        (None, false, _) => config.secrets_env.values().cloned().collect::<Vec<_>>().join(", "),
        (None, true, Some(profile)) => format!("profile {profile}"),
        (None, true, None) => "environment or files".to_owned(),
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The text of a file, if there is one; `~` is the home folder.
fn file(path: &str) -> Option<String> {
    let path = match path.strip_prefix("~/") {
        Some(below) => PathBuf::from(std::env::var_os("HOME")?).join(below),
        None => path.into(),
    };
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => {
            tracing::warn!("{} is left aside: {error}", path.display());
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use perennial_providers::call::{CallHalf, Field, SettingError};
    use perennial_providers::{DIALECTS, OwnSettings};

    use super::*;

    const FIELDS: &[Field] = &[
        Field { name: "key", variable: "OWN_KEY", what: "a key" },
        Field { name: "secret", variable: "OWN_SECRET", what: "a secret" },
    ];

    /// A provider whose own programs look into variables, and into a file.
    static API: Dialect = Dialect {
        name: "nowhere",
        title: "Nowhere",
        root: "",
        mount: "",
        make: DIALECTS[0].make,
        call: CallHalf {
            url: "https://api.example.net",
            fields: FIELDS,
            find: |places| {
                let credentials = Credentials::of_environment(FIELDS, places);
                Ok(Found { credentials, url: Some("https://eu.example.net".to_owned()), regions: Vec::new() })
            },
            requests_per_minute: DIALECTS[0].call.requests_per_minute,
            make: |_, _, _| Err(SettingError::Missing { provider: "nowhere", field: "key", what: "a key" }),
        },
        own: OwnSettings::NONE,
    };

    fn config(command: Option<&str>, variables: &[(&str, &str)]) -> ProviderConfig {
        let owned = |(name, variable): &(&str, &str)| ((*name).to_owned(), (*variable).to_owned());
        ProviderConfig {
            api: &API,
            url: None,
            profile: None,
            secret_command: command.map(|script| ["sh", "-c", script].map(str::to_owned).to_vec()),
            secrets_env: variables.iter().map(owned).collect::<BTreeMap<_, _>>(),
            ca_file: None,
            pay_with: None,
            regions: Vec::new(),
            vat: None,
            requests_per_minute: None,
            settles_in_s: None,
        }
    }

    fn found(config: &ProviderConfig) -> anyhow::Result<(Option<String>, Option<String>, Option<String>)> {
        let environment = |name: &str| match name {
            "OWN_KEY" => Some("own key".to_owned()),
            "MY_KEY" => Some("my key".to_owned()),
            "MY_SECRET" => Some("my secret".to_owned()),
            _ => None,
        };
        let found = find_in(&ProviderName::parse("test").expect("is a name"), config, &environment)?;
        let get = |field| found.credentials.get(field).map(str::to_owned);
        Ok((get("key"), get("secret"), found.url))
    }

    #[test]
    fn the_first_place_that_has_credentials_holds() {
        let some = |text: &str| Some(text.to_owned());
        let script = "echo key=printed; echo secret=p2";
        let both = [("key", "MY_KEY"), ("secret", "MY_SECRET")];
        for (config, expected) in [
            (config(Some(script), &both), (some("printed"), some("p2"), None)),
            (config(Some("echo key=printed"), &both), (some("printed"), some("my secret"), None)),
            (config(None, &both), (some("my key"), some("my secret"), None)),
            // The address of one account is not that of another one's credentials.
            (config(None, &[("key", "MY_KEY")]), (some("my key"), None, None)),
            (config(None, &[]), (some("own key"), None, some("https://eu.example.net"))),
        ] {
            assert_eq!(found(&config).expect("is found"), expected);
        }
    }

    #[test]
    fn the_ways_name_every_variable_and_claim_none_as_needed() {
        let of = |name| ways(Dialect::named(name).expect("is one"));
        let set = "set those that your key has of OVH_APPLICATION_KEY, OVH_APPLICATION_SECRET, OVH_CONSUMER_KEY, \
                   OVH_CLIENT_ID, OVH_CLIENT_SECRET; or name a program that prints them";
        assert!(of("ovh").starts_with(set), "{}", of("ovh"));
        assert!(of("vpsbg").starts_with("set VPSBG_TOKEN, or name a program that prints it"), "{}", of("vpsbg"));
    }

    #[test]
    fn what_keeps_credentials_away_is_told_without_them() {
        for (config, why) in [
            (config(Some("echo hunter2; exit 3"), &[]), "`sh`, failed: exit status: 3"),
            (config(Some("echo hunter2"), &[]), "line 1 of what the secrets command printed is not `name=value`"),
            (config(Some("printf '\\377'"), &[]), "printed no text"),
            (config(None, &[("key", "NOT_SET")]), "NOT_SET is not set, and `test` has its `key` there"),
        ] {
            let told = format!("{:#}", found(&config).expect_err("is not found"));
            assert!(told.contains(why) && !told.contains("hunter2"), "{told}");
        }
    }
}
