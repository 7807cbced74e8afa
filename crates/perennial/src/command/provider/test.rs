//! `perennial provider test`: whether our accounts can be called, and what as.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use jiff::SignedDuration;
use perennial_core::buyer::holding::ProviderName;
use perennial_core::buyer::remote::{CallError, Funds, Introduction, Remote};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::buyer::{Office, Remotes};
use crate::command::Global;
use crate::output::{self, Column, Output, Row, money, text};

/// Test whether accounts can be called, and what as
///
/// Shows who we are there, how far the provider's clock is ahead of ours, what there is to pay with, and what of all that
/// renewing needs the key may not do, where that can be told. Nothing is changed.
///
/// --json: a line an account with `version`, `kind`, `provider`, `api`, `account`, `ahead_s`, `funds` (`kind`, `amount`), `lacks`, `error`
/// (null where it answered; else all else is).
///
/// Exit codes: 0 all answered, 1 some did not.
#[derive(Args, Debug)]
pub struct TestArgs {
    /// The accounts to test [default: all]
    #[arg(value_name = "NAME")]
    names: Vec<String>,
}

/// What an account answered.
struct Answer {
    introduction: Introduction,
    funds: Vec<Funds>,
}

/// Tests.
///
/// # Errors
/// When there is no such account.
pub fn run(global: &Global, args: &TestArgs) -> anyhow::Result<ExitCode> {
    let office = Office::open(global)?;
    let (remotes, failures) = office.remotes_and_failures(&office.named(&args.names)?);
    let mut answers: BTreeMap<_, anyhow::Result<Answer>> =
        failures.into_iter().map(|(name, error)| (name, Err(error))).collect();
    answers.extend(office.run(ask_all(remotes)));
    show(&office, global.output(), &answers)?;
    Ok(if answers.values().all(Result::is_ok) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn ask_all(remotes: Remotes) -> Vec<(ProviderName, anyhow::Result<Answer>)> {
    let mut asked = JoinSet::new();
    for (name, remote) in remotes {
        asked.spawn(async move { (name, ask(remote).await.map_err(anyhow::Error::new)) });
    }
    asked.join_all().await
}

async fn ask(remote: Arc<dyn Remote>) -> Result<Answer, CallError> {
    Ok(Answer { introduction: remote.introduce().await?, funds: remote.funds().await? })
}

fn show(
    office: &Office,
    output: Output,
    answers: &BTreeMap<ProviderName, anyhow::Result<Answer>>,
) -> anyhow::Result<()> {
    const COLUMNS: [Column; 6] =
        [text("PROVIDER"), text("API"), text("ACCOUNT"), text("CLOCK"), text("FUNDS"), text("LACKS")];
    let api = |name: &ProviderName| office.providers().get(name).map_or("", |config| config.api.name);
    let row = |(name, answer): (&ProviderName, &anyhow::Result<Answer>)| match answer {
        Ok(answer) => Some(Row { cells: cells(name, api(name), answer), document: document(name, api(name), answer) }),
        Err(error) if output == Output::Json => Some(Row {
            cells: Vec::new(),
            document: json!({
                "version": 1, "kind": "provider", "provider": name.as_str(), "api": api(name), "account": null, "ahead_s": null, "funds": null,
                "lacks": null, "error": output::in_one_line(error),
            }),
        }),
        Err(_) => None,
    };
    let rows: Vec<_> = answers.iter().filter_map(row).collect();
    if !rows.is_empty() {
        output.list(&COLUMNS, rows, "")?;
    }
    for (name, error) in answers.iter().filter_map(|(name, answer)| Some((name, answer.as_ref().err()?))) {
        output::note(&format!("{name} cannot be called\n{}", crate::render_error(error)));
    }
    Ok(())
}

fn cells(name: &ProviderName, api: &str, Answer { introduction, funds }: &Answer) -> Vec<String> {
    let fund = |fund: &Funds| match fund.amount {
        Some(amount) => format!("{} {amount}", fund.kind),
        None => fund.kind.clone(),
    };
    vec![
        name.to_string(),
        api.to_owned(),
        introduction.account.clone(),
        introduction.ahead.map(ahead).unwrap_or_default(),
        funds.iter().map(fund).collect::<Vec<_>>().join(", "),
        introduction.lacks.join(", "),
    ]
}

/// How far a clock is ahead, in words.
fn ahead(by: SignedDuration) -> String {
    match by.as_secs() {
        0 => "as ours".to_owned(),
        ahead if ahead > 0 => format!("{ahead} s ahead"),
        behind => format!("{} s behind", behind.unsigned_abs()),
    }
}

fn document(name: &ProviderName, api: &str, Answer { introduction, funds }: &Answer) -> Value {
    let fund = |fund: &Funds| json!({ "kind": fund.kind, "amount": fund.amount.map(money) });
    json!({
        "version": 1,
        "kind": "provider",
        "provider": name.as_str(),
        "api": api,
        "account": introduction.account,
        "ahead_s": introduction.ahead.map(|ahead| ahead.as_secs()),
        "funds": funds.iter().map(fund).collect::<Vec<_>>(),
        "lacks": introduction.lacks,
        "error": null,
    })
}
