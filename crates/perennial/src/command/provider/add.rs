//! `perennial provider add`: one more account in the configuration, once it has answered.

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
use perennial_providers::DIALECTS;
use serde_json::json;

use crate::buyer::Office;
use crate::command::Global;
use crate::config::Config;
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
    /// The API's address [default: the provider's own, or what goes with its keys]
    #[arg(long)]
    url: Option<String>,
    /// The section of ovh.conf, or the profile of ~/.aliyun/config.json
    #[arg(long)]
    profile: Option<String>,
    /// The environment variable that holds a credential; can be repeated
    #[arg(long, value_name = "CREDENTIAL=VARIABLE", value_parser = parse_pair)]
    secret_env: Vec<(String, String)>,
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

fn parse_pair(text: &str) -> Result<(String, String), String> {
    let wrong = || "write CREDENTIAL=VARIABLE, as in token=MY_TOKEN".to_owned();
    let (name, variable) = text.split_once('=').ok_or_else(wrong)?;
    if name.is_empty() || variable.is_empty() { Err(wrong()) } else { Ok((name.to_owned(), variable.to_owned())) }
}

/// Tests the account, and adds it.
///
/// # Errors
/// When the name or the account is there already, or the account cannot be called.
pub fn run(global: &Global, args: &AddArgs) -> anyhow::Result<ExitCode> {
    let office = Office::open(global)?;
    let file = office.file();
    let name = &args.name;
    if office.providers().contains_key(name) {
        bail!("there is a provider `{name}` in {} already\nhint: choose another name", file.display());
    }
    let before = std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    let added = section(args, before.is_empty() || before.ends_with('\n'))?;
    let all = Config::parse(&format!("{before}{added}"), file)?.buyer.providers;
    let config = all.get(name).context("the section that was added is not there")?;
    let remote = office.remote(name, config)?;
    let introduction = office.run(remote.introduce()).with_context(|| format!("testing `{name}`"))?;
    refuse_known(&office, args, &remote)?;
    append(file, &added).with_context(|| format!("writing {}", file.display()))?;
    show(global.output(), args, file, &introduction)?;
    Ok(ExitCode::SUCCESS)
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
fn section(args: &AddArgs, at_line_start: bool) -> anyhow::Result<String> {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let list = |texts: &[String]| format!("[{}]", texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", "));
    let some = |texts: &[String]| (!texts.is_empty()).then(|| list(texts));
    let pairs = args.secret_env.iter().map(|(name, variable)| format!("{} = {}", quoted(name), quoted(variable)));
    let pairs: Vec<_> = pairs.collect();
    // The file may be elsewhere than we are.
    let ca_file = args.ca_file.as_ref().map(std::path::absolute).transpose().context("finding the authority's file")?;
    let ca_file = ca_file.map(|path| quoted(&path.to_string_lossy()));
    let settings = [
        ("api", Some(quoted(&args.api))),
        ("url", args.url.as_deref().map(quoted)),
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
