//! `perennial audit`: checks the books.

use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use perennial_core::buyer::holding::ProviderName;
use perennial_core::buyer::intent::Intent;
use perennial_core::buyer::policy::Policy;
use perennial_engine::buyer::Buyer;
use perennial_store::{AuditReport, IntentFilter};
use serde_json::{Map, Value, json};

use crate::buyer::ending::Ending;
use crate::buyer::reconcile::{Compared, Difference, compare};
use crate::buyer::{Office, document, reading};
use crate::command::Global;
use crate::command::plan::section;
use crate::ledger::Ledger;
use crate::output::{self, Column, Output, Row, money, number, text};

/// How long before the months that are compared an intent may have been made whose charge came in them.
const EARLIER: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Check the books: one payment and one extension a paid renewal, balances that add up, numbers without gaps
///
/// Nothing is changed, and a server may run beside it. With --providers, what we say was paid is compared with what each
/// account was charged for, month by month, and each difference is named: `foreign` (charged, and none of ours: somebody else
/// pays as well), `missing` (ours, and no charge shows it), `amount-differs`, `unsettled` (charged, and our renewal is still
/// open), `denied` (charged, and we say that nothing was paid).
///
/// --json: one document with `sound`, `checked` (rows by kind) and `findings` (`rule`, `what`); with --providers then a line
/// each with `version` and `kind`: `month` (`provider`, `month`, `ours`, `theirs`, `foreign`), `difference` (`provider`,
/// `month`, `difference`, `services`, `order`, `intent`, `ours`, `theirs`, `what`), `unread` (`provider`, `error`).
///
/// Exit codes: 0 the books are sound, 1 there are findings, or with --providers differences that are more than foreign, or an
/// account that could not be read; 2 used wrongly.
#[derive(Args, Clone, Copy, Debug)]
pub struct AuditArgs {
    /// Compare with what the providers charged
    #[arg(long)]
    providers: bool,
    /// For so many months, this one included
    #[arg(long, value_name = "N", default_value_t = 3, requires = "providers",
          value_parser = clap::value_parser!(u16).range(1..=120))]
    months: u16,
}

/// Prints what was checked and found.
///
/// # Errors
/// When the database does not answer.
pub fn run(global: &Global, args: AuditArgs) -> anyhow::Result<ExitCode> {
    let output = global.output();
    // Before anything is told: where the configuration is wrong, that alone is.
    let office = args.providers.then(|| Office::open(global)).transpose()?;
    let report = match &office {
        Some(office) => office.books()?.audit()?,
        None => Ledger::open(global)?.books().audit()?,
    };
    match output {
        Output::Json => output::lines([report_document(&report).to_string()])?,
        Output::Human => {
            output::lines(report.findings.iter().map(|finding| format!("{}: {}", finding.rule, finding.what)))?;
            let checked: Vec<_> = report.checked.iter().map(|(kind, rows)| format!("{rows} {kind}")).collect();
            output::note(&format!("checked {}", checked.join(", ")));
            output::note(&match report.findings.len() {
                0 => "the books are sound".to_owned(),
                1 => "there is 1 finding".to_owned(),
                count => format!("there are {count} findings"),
            });
        }
    }
    let mut ending = if report.is_sound() { Ending::Done } else { Ending::Failed };
    if let Some(office) = &office {
        ending = ending.max(compare_accounts(office, output, args.months)?);
    }
    Ok(ending.code(false))
}

fn report_document(report: &AuditReport) -> Value {
    let checked: Map<_, _> = report.checked.iter().map(|(kind, rows)| (kind.clone(), Value::from(*rows))).collect();
    let findings: Vec<_> =
        report.findings.iter().map(|finding| json!({ "rule": finding.rule, "what": finding.what })).collect();
    json!({ "sound": report.is_sound(), "checked": checked, "findings": findings })
}

/// Compares each account with our books, and shows what is different.
fn compare_accounts(office: &Office, output: Output, months: u16) -> anyhow::Result<Ending> {
    const MONTHS: [Column; 5] = [text("PROVIDER"), text("MONTH"), number("OURS"), number("CHARGED"), number("FOREIGN")];
    let (remotes, are_ready) = reading::callable(office, &office.named(&[])?);
    let names: Vec<_> = remotes.keys().cloned().collect();
    let since = since(office.policy(), office.clock().now(), months)?;
    office.with_buyer(remotes, async |buyer| {
        let filed = buyer.books().intents(IntentFilter::Since(since.checked_sub(EARLIER)?))?;
        let intents: Vec<Intent> = filed.into_iter().map(|filed| filed.intent).collect();
        let mut ending = if are_ready { Ending::Done } else { Ending::Failed };
        let (mut rows, mut differences, mut unread) = (Vec::new(), Vec::new(), Vec::new());
        for name in &names {
            match compare_account(buyer, office.policy(), name, &intents, since).await {
                Ok(compared) => {
                    rows.extend(month_rows(name, &compared));
                    differences.extend(compared.differences.into_iter().map(|each| (name.clone(), each)));
                }
                Err(error) => unread.push((name.clone(), output::in_one_line(&error))),
            }
        }
        if differences.iter().any(|(_, each)| each.kind.is_wrong()) || !unread.is_empty() {
            ending = Ending::Failed;
        }
        section(output, &MONTHS, rows)?;
        show_differences(output, &differences, &unread)?;
        Ok(ending)
    })
}

/// The beginning of the first month that is compared.
fn since(policy: &Policy, now: Timestamp, months: u16) -> anyhow::Result<Timestamp> {
    let zone = policy.zone();
    let back = jiff::Span::new().try_months(months.saturating_sub(1))?;
    let first = zone.date_of(now).first_of_month().checked_sub(back)?;
    Ok(zone.midnight(first)?)
}

async fn compare_account(
    buyer: &Buyer,
    policy: &Policy,
    name: &ProviderName,
    intents: &[Intent],
    since: Timestamp,
) -> anyhow::Result<Compared> {
    let charges = buyer.remote(name)?.charges(since).await?;
    compare(name, intents, &charges, since, &policy.zone()).context("adding up what was charged")
}

fn month_rows(name: &ProviderName, compared: &Compared) -> Vec<Row> {
    let row = |((month, _), sums): (&_, &crate::buyer::reconcile::Balance)| Row {
        cells: vec![
            name.to_string(),
            format!("{month}"),
            sums.ours.to_string(),
            sums.theirs.to_string(),
            sums.foreign.to_string(),
        ],
        document: document::line(
            "month",
            json!({
                "provider": name.as_str(),
                "month": format!("{month}"),
                "ours": money(sums.ours),
                "theirs": money(sums.theirs),
                "foreign": money(sums.foreign),
            }),
        ),
    };
    compared.months.iter().map(|((month, currency), sums)| row((&(*month, *currency), sums))).collect()
}

fn show_differences(
    output: Output,
    differences: &[(ProviderName, Difference)],
    unread: &[(ProviderName, String)],
) -> anyhow::Result<()> {
    let lines = differences.iter().map(|(name, each)| match output {
        Output::Human => format!("{} {}: {name}: {}", each.month, each.kind.word(), each.words()),
        Output::Json => difference_document(name, each).to_string(),
    });
    output::lines(lines)?;
    if output == Output::Json {
        let unread = unread.iter().map(|(name, error)| json!({ "provider": name.as_str(), "error": error }));
        return output::lines(unread.map(|document| document::line("unread", document).to_string()));
    }
    for (name, error) in unread {
        output::note(&format!("{name} was not compared: {error}"));
    }
    output::note(&match differences.len() {
        0 => "the accounts that were read agree with the books".to_owned(),
        1 => "there is 1 difference".to_owned(),
        count => format!("there are {count} differences"),
    });
    Ok(())
}

fn difference_document(name: &ProviderName, each: &Difference) -> Value {
    let document = json!({
        "provider": name.as_str(),
        "month": each.month.to_string(),
        "difference": each.kind.word(),
        "services": each.services,
        "order": each.order,
        "intent": each.intent,
        "ours": document::some_money(each.ours),
        "theirs": document::some_money(each.theirs),
        "what": each.words(),
    });
    document::line("difference", document)
}
