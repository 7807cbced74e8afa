//! `perennial provider add`: one more account in the configuration, once it has answered.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::Args;
use perennial_core::buyer::holding::{ProviderName, RemoteId};
use perennial_core::buyer::remote::{CallError, Introduction, Remote};
use perennial_core::money::Rate;
use perennial_providers::call::SettingError;
use perennial_providers::{DIALECTS, Dialect};
use serde_json::json;

use crate::buyer::{Office, credentials};
use crate::command::{Global, Misuse};
use crate::config::buyer::{FromText, ProviderConfig, Variable, check_program, check_url};
use crate::config::{Config, Half};
use crate::output::{self, Output};

/// Add an account that you have at a provider
///
/// Calls the provider first, and then writes a section [provider.NAME] at the end of the configuration; all else in it
/// stays as it is. An account that is there already under another name (one with the same services) is refused.
///
/// Keys are looked for where the provider's own programs look for them, in the environment and in files, unless
/// --secret-command or --secret-env says otherwise. A key itself belongs neither on the command line nor in the
/// configuration.
///
/// --json: one document with `version`, `kind`, `provider`, `api`, `account` (who we are there), `lacks` (what the key may not do), `file`.
#[derive(Args, Debug)]
pub struct AddArgs {
    /// The name that you give it: lower-case letters, digits, `-` and `_`
    #[arg(value_parser = ProviderName::parse)]
    name: ProviderName,
    /// Whose API it is
    #[arg(long, value_parser = DIALECTS.map(|dialect| dialect.name))]
    api: String,
    /// The API's address [default: what goes with its keys where they are found, else the provider's own]
    #[arg(long)]
    url: Option<String>,
    /// The section of ovh.conf, or the profile of ~/.aliyun/config.json
    #[arg(long)]
    profile: Option<String>,
    /// The environment variable that holds a credential; can be repeated
    #[arg(long, value_name = "CREDENTIAL=VARIABLE")]
    secret_env: Vec<String>,
    /// The certificate of the authority to trust instead of the system's, PEM
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// What to pay with, in the provider's words
    #[arg(long)]
    pay_with: Option<String>,
    /// A region to look in; can be repeated
    #[arg(long = "region", value_name = "REGION")]
    regions: Vec<String>,
    /// The tax that comes on top of quotes, in percent, where the provider's quotes tell none
    #[arg(long, value_name = "PERCENT")]
    vat: Option<String>,
    /// The most requests a minute
    #[arg(long, value_name = "N")]
    requests_per_minute: Option<NonZeroU32>,
    /// How long what was done may stay out of sight there, in seconds
    #[arg(long, value_name = "SECONDS")]
    settles_in_s: Option<u32>,
    /// A program that prints `name=value` lines, or a single secret, with its arguments: all words up to the end
    #[arg(long, value_name = "WORD", num_args = 1.., allow_hyphen_values = true)]
    secret_command: Vec<String>,
}

impl AddArgs {
    /// Checks the flags whose values the configuration would refuse. Not while the command line is read, which would quote
    /// the value: it may be a secret.
    ///
    /// # Errors
    /// [`Misuse`], with the flag.
    fn check(&self) -> Result<(), Misuse> {
        let misuse = |flag: &str, why: String| Misuse(format!("--{flag}: {why}"));
        if let Some(url) = &self.url {
            check_url(url).map_err(|why| misuse("url", why))?;
        }
        if let Some(vat) = &self.vat {
            Rate::from_text(vat).map_err(|why| misuse("vat", why))?;
        }
        if !self.secret_command.is_empty() {
            check_program(&self.secret_command).map_err(|why| misuse("secret-command", why))?;
        }
        let fields = Dialect::named(&self.api).map_or(&[][..], |api| api.call.fields);
        let mut named = BTreeSet::new();
        for text in &self.secret_env {
            let (field, variable) = pair(text).map_err(|why| misuse("secret-env", why))?;
            if fields.iter().all(|known| known.name != field) {
                let fields = fields.iter().map(|field| field.name).collect::<Vec<_>>().join("`, `");
                return Err(misuse("secret-env", format!("the credentials of `--api {}` are `{fields}`", self.api)));
            }
            Variable::from_text(variable).map_err(|why| misuse("secret-env", why))?;
            if !named.insert(field) {
                return Err(misuse("secret-env", format!("`{field}` is named twice")));
            }
        }
        Ok(())
    }
}

/// A credential and the variable that holds it. What is wrong is not quoted: it may be the secret itself.
fn pair(text: &str) -> Result<(&str, &str), String> {
    let parts = text.split_once('=').filter(|(field, variable)| !field.is_empty() && !variable.is_empty());
    parts.ok_or_else(|| "write CREDENTIAL=VARIABLE, as in token=MY_TOKEN".to_owned())
}

/// The flag that set what the account will not have. There is no section yet in which it could be mended.
fn name_flag(error: anyhow::Error) -> anyhow::Error {
    match error.downcast_ref::<SettingError>() {
        Some(wrong @ SettingError::Wrong { setting, .. }) => {
            let flag = if *setting == "regions" { "region".to_owned() } else { setting.replace('_', "-") };
            Misuse(format!("--{flag}: {wrong}")).into()
        }
        _ => error,
    }
}

/// Tests the account, and adds it.
///
/// # Errors
/// When the name or the account is there already, or the account cannot be called.
pub fn run(global: &Global, args: &AddArgs) -> anyhow::Result<ExitCode> {
    let office = Office::open(global)?;
    let file = office.file();
    let name = &args.name;
    args.check()?;
    if office.providers().contains_key(name) {
        bail!("there is a provider `{name}` in {} already\nhint: choose another name", file.display());
    }
    let before = std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    let (added, config) = settle(args, file, &before)?;
    let remote = office.remote(name, &config).map_err(name_flag)?;
    let introduction = office.run(remote.introduce()).with_context(|| format!("testing `{name}`"))?;
    refuse_known(&office, args, &remote)?;
    append(file, &added).with_context(|| format!("writing {}", file.display()))?;
    office.warn_of_clock([(name, &config)].into_iter());
    show(global.output(), args, file, &introduction)?;
    Ok(ExitCode::SUCCESS)
}

/// The section that is added to a file, and what it says. An address that was found beside the credentials is written as
/// well: who answered there is called there, whatever the environment names later.
fn settle(args: &AddArgs, file: &Path, before: &str) -> anyhow::Result<(String, ProviderConfig)> {
    let settle = |url: Option<&str>| {
        let added = section(args, url, before.is_empty() || before.ends_with('\n'))?;
        let mut all = Config::parse(&format!("{before}{added}"), file, Half::Buyer)?.buyer.providers;
        let config = all.remove(&args.name).context("the section that was added is not there")?;
        anyhow::Ok((added, config))
    };
    let (added, config) = settle(args.url.as_deref())?;
    if args.url.is_some() || config.secret_command.is_some() {
        return Ok((added, config));
    }
    // One that will not do is told of where the account is made ready.
    let found = credentials::find(&args.name, &config)?.url.and_then(|url| check_url(&url).ok());
    match found.filter(|url| url != config.api.call.url) {
        Some(url) => settle(Some(&url)),
        None => Ok((added, config)),
    }
}

/// Refuses an account that is there under another name: one that has the same services. What a provider calls an account
/// tells less, as one may have several keys. One that does not answer is told, and taken for another one.
fn refuse_known(office: &Office, args: &AddArgs, added: &Arc<dyn Remote>) -> anyhow::Result<()> {
    let same_api = office.providers().iter().filter(|(_, config)| config.api.name == args.api);
    let names: Vec<_> = same_api.map(|(name, _)| name.clone()).collect();
    if names.is_empty() {
        return Ok(());
    }
    let (remotes, mut failures) = office.remotes_and_failures(&names);
    let ours = office.run(some_services(added)).with_context(|| format!("testing `{}`", args.name))?;
    for (name, remote) in remotes {
        match office.run(some_services(&remote)) {
            Ok(theirs) => {
                if let Some(shared) = theirs.iter().find(|service| ours.contains(service)) {
                    bail!(
                        "this account is there already, as `{name}`: both have the service {shared}\nhint: under two names \
                         it would be listed twice and looked after twice"
                    );
                }
            }
            Err(error) => drop(failures.insert(name, error.into())),
        }
    }
    for (name, error) in failures {
        let why = output::in_one_line(&error);
        output::note(&format!("`{name}` does not say whether it is the same account: {why}"));
    }
    Ok(())
}

/// The services on the first page of an account's inventory: enough to know it by.
async fn some_services(remote: &Arc<dyn Remote>) -> Result<Vec<RemoteId>, CallError> {
    let page = remote.inventory(None).await?;
    Ok(page.holdings.into_iter().map(|holding| holding.key.id).collect())
}

/// The section as it is written.
fn section(args: &AddArgs, url: Option<&str>, at_line_start: bool) -> anyhow::Result<String> {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let list = |texts: &[String]| format!("[{}]", texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", "));
    let some = |texts: &[String]| (!texts.is_empty()).then(|| list(texts));
    let pairs = args.secret_env.iter().filter_map(|text| pair(text).ok());
    let pairs: Vec<_> = pairs.map(|(name, variable)| format!("{} = {}", quoted(name), quoted(variable))).collect();
    // The file may be elsewhere than we are.
    let ca_file = args.ca_file.as_ref().map(std::path::absolute).transpose().context("finding the authority's file")?;
    let ca_file = ca_file.map(|path| quoted(&path.to_string_lossy()));
    let settings = [
        ("api", Some(quoted(&args.api))),
        ("url", url.map(quoted)),
        ("profile", args.profile.as_deref().map(quoted)),
        ("secret_command", some(&args.secret_command)),
        ("secrets_env", (!pairs.is_empty()).then(|| format!("{{ {} }}", pairs.join(", ")))),
        ("ca_file", ca_file),
        ("pay_with", args.pay_with.as_deref().map(quoted)),
        ("regions", some(&args.regions)),
        ("vat", args.vat.as_deref().map(quoted)),
        ("requests_per_minute", args.requests_per_minute.map(|count| count.to_string())),
        ("settles_in_s", args.settles_in_s.map(|seconds| seconds.to_string())),
    ];
    let mut text = format!("{}\n[provider.{}]\n", if at_line_start { "" } else { "\n" }, args.name);
    for (key, value) in settings {
        if let Some(value) = value {
            writeln!(text, "{key} = {value}")?;
        }
    }
    Ok(text)
}

/// Adds to the end of a file in one piece: what others added meanwhile stays.
fn append(file: &Path, text: &str) -> std::io::Result<()> {
    let mut open = OpenOptions::new().append(true).open(file)?;
    open.write_all(text.as_bytes())?;
    open.sync_all()
}

fn show(output: Output, args: &AddArgs, file: &Path, introduction: &Introduction) -> anyhow::Result<()> {
    let Introduction { account, lacks, .. } = introduction;
    if output == Output::Json {
        let document = json!({
            "version": 1,
            "kind": "provider",
            "provider": args.name.as_str(),
            "api": args.api,
            "account": account,
            "lacks": lacks,
            "file": file.display().to_string(),
        });
        return output::lines([document.to_string()]);
    }
    output::note(&format!("{account} is there as `{}`, in {}", args.name, file.display()));
    if !lacks.is_empty() {
        output::note(&format!("its key may not do all that renewing needs: {}", lacks.join(", ")));
    }
    output::note("hint: `perennial sync` reads what you rent there");
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: AddArgs,
    }

    #[test]
    fn what_is_wrong_is_told_with_its_flag_and_never_quoted_where_it_may_be_a_secret() {
        let checked = |flags: &[&str]| {
            let line = [&["add", "new", "--api", "vpsbg"], flags].concat();
            Line::try_parse_from(line).map_err(|error| error.to_string()).expect("parses").args.check()
        };
        for (flags, why) in [
            (&["--url", "http://u:hunter2@api.example.net"][..], "--url: this is not the address of an API"),
            (&["--url", "http://api.example.net"], "--url: keys would be sent to api.example.net"),
            (&["--vat", "101"], "--vat: `101` is not a percentage"),
            (&["--secret-env", "hunter2"], "--secret-env: write CREDENTIAL=VARIABLE"),
            (&["--secret-env", "token=hunter-2"], "--secret-env: this is not the name of an environment variable"),
            (&["--secret-env", "key=MY_KEY"], "--secret-env: the credentials of `--api vpsbg` are `token`"),
            (&["--secret-env", "token=A", "--secret-env", "token=B"], "--secret-env: `token` is named twice"),
            (&["--secret-command", "echo", "hunter2"], "--secret-command: `echo` prints what it is given"),
            (&["--secret-command", "/usr/bin/printf", "hunter2"], "--secret-command: `printf` prints what it is given"),
            (&["--secret-command", ""], "--secret-command: it names no program"),
        ] {
            let told = checked(flags).expect_err("is wrong").to_string();
            assert!(told.starts_with(why) && !told.contains("hunter"), "{flags:?}: {told}");
        }
        checked(&["--url", "https://api.example.net", "--vat", "20", "--secret-env", "token=MY_TOKEN"])
            .expect("is right");
        checked(&["--secret-command", "pass", "show", "vpsbg"]).expect("is right");
    }
}
