//! `perennial apply`: renews what was planned. This pays.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use perennial_core::buyer::plan::{Item, Plan, Reason};
use perennial_engine::buyer::{Buyer, Scope};
use serde_json::json;

use crate::buyer::applying::{Applying, Check};
use crate::buyer::ending::{Ending, EndsAs};
use crate::buyer::plan_file::{PlanFile, PlanFileError};
use crate::buyer::progress::Progress;
use crate::buyer::telling::{Became, Told, summary};
use crate::buyer::wait::parse_span;
use crate::buyer::{Office, document, planning, reading, service};
use crate::command::{Consent, Global, Misuse, plan};
use crate::output::{self, Output};

/// Renew what was planned: this pays
///
/// With a FILE, just what is in it, without asking. Without one, the plan is made and shown, and you are asked.
///
/// Whatever is still open from before is carried on first: what may have been sent is read back, and never sent again
/// before that. A plan is refused as a whole where it was edited, is too old, or was made on another ledger; each of its
/// renewals is refused where the price, the tax, the expiry or the provider's own automatic renewal has moved since, or
/// the policy no longer allows it.
///
/// --json: lines as those of `plan` where the plan is made here; then a line a renewal with `kind` `result`: `service`,
/// `provider`, `id`, `name`, `result` (renewed, renewed-before, foreign, left-to-end, waiting, unknown, refused, failed),
/// `exit_code`, `intent`, `state`, `why`, `until`, `order`, `receipt`, `hours_left` (null
/// once it is settled), `next_at`, `trouble` (what keeps it from being settled, where that could be seen); last one with `kind` `summary`.
///
/// Exit codes, the worst one of all renewals: 0 done (renewed, or nothing was due), 1 failed (the provider said no, was not
/// reached, or a price could not be read), 2 used wrongly, 10 waiting (to be gone on with), 11 outcome unknown (`status`
/// and `resolve` tell more), 12 refused (by the policy, or because something moved; nothing was paid); with
/// --detailed-exitcode 13 where something was renewed, so that 0 is "nothing was due".
#[derive(Args, Debug)]
pub struct ApplyArgs {
    /// The plan, as `plan -o FILE` wrote it
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Only this service, by its name, its label, its id or PROVIDER/ID; may be given several times
    #[arg(long, value_name = "SERVICE")]
    only: Vec<String>,
    /// How old a plan may be
    #[arg(long, value_name = "SPAN", default_value = "PT24H", value_parser = parse_span)]
    max_age: Duration,
    #[command(flatten)]
    patience: Patience,
    /// Exit with 13 where something was renewed
    #[arg(long)]
    detailed_exitcode: bool,
    #[command(flatten)]
    consent: Consent,
}

/// How long renewals are waited for.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct Patience {
    /// How long a renewal is waited for until it is left for later
    #[arg(long, value_name = "SPAN", default_value = "PT2M", value_parser = parse_span)]
    pub(super) wait: Duration,
}

/// Renews.
///
/// # Errors
/// When the plan is refused as a whole, when the answer is no, or the ledger does not answer.
pub fn run(global: &Global, args: &ApplyArgs) -> anyhow::Result<ExitCode> {
    if args.file.is_none() {
        args.consent.check(
            "`-y` answers ahead; or `perennial plan -o FILE` writes a plan, and `perennial apply FILE` renews it",
        )?;
    }
    let office = Office::open(global)?;
    let items = args.file.as_deref().map(|file| read(&office, file, args)).transpose()?;
    let (remotes, are_ready) = reading::callable(&office, &office.named(&[])?);
    let names: Vec<_> = remotes.keys().cloned().collect();
    let output = global.output();
    let progress = Arc::new(Progress::new(output));
    let ending = office.with_buyer(remotes, async |buyer| {
        let applying = Applying::of(&office, buyer, args.patience.wait, &*progress);
        let mut told = carry_on(&applying, output, &progress).await?;
        let mut are_read = are_ready;
        let (items, check) = if let Some(items) = items {
            (items, Check::Policy)
        } else {
            are_read &= reading::refresh(buyer, &names, &progress).await;
            let plan = make(buyer, &office, &progress, args, output, &mut told).await?;
            (plan.items, Check::OnFile)
        };
        if args.file.is_none() && !items.is_empty() {
            args.consent.ask(&question(&items)?)?;
        }
        let new = applying.apply(items, check).await?;
        progress.clear();
        show(output, &new, office.clock().now())?;
        told.extend(new);
        summarize(output, &told, if are_read { Ending::Done } else { Ending::Failed })
    })?;
    Ok(ending.code(args.detailed_exitcode))
}

/// Reads a plan, and checks that it may be applied here and now.
fn read(office: &Office, file: &Path, args: &ApplyArgs) -> anyhow::Result<Vec<Item>> {
    let text = std::fs::read_to_string(file).map_err(|error| unread(file, error))?;
    let age_max = SignedDuration::try_from(args.max_age).context("reading --max-age")?;
    let ledger = office.ledger()?;
    let refused =
        |error: PlanFileError| EndsAs::refused(format!("the plan {} is not applied: {error}", file.display()));
    let plan = PlanFile::parse(&text).map_err(refused)?;
    plan.check(office.clock().now(), age_max, &ledger).map_err(refused)?;
    pick(plan.items, &args.only)
}

/// Why a plan is not read: one that is not there was misnamed.
fn unread(file: &Path, error: std::io::Error) -> anyhow::Error {
    if error.kind() == std::io::ErrorKind::NotFound {
        let hint = "hint: `perennial plan -o FILE` writes one";
        return Misuse(format!("there is no plan {}\n{hint}", file.display())).into();
    }
    anyhow::Error::new(error).context(format!("reading the plan {}", file.display()))
}

/// Keeps the items that are named; all where none is.
fn pick(items: Vec<Item>, only: &[String]) -> anyhow::Result<Vec<Item>> {
    let mut wanted = vec![only.is_empty(); items.len()];
    for name in only {
        let is_called = |item: &Item| {
            let holding = &item.holding;
            let names = [holding.key.to_string(), holding.key.id.as_str().to_owned(), holding.name.clone()];
            names.iter().chain(&holding.label).any(|each| each == name)
        };
        let mut found = (0..items.len()).filter(|index| items.get(*index).is_some_and(is_called));
        match (found.next(), found.next()) {
            (None, _) => bail!("the plan has no renewal of `{name}`\nhint: `perennial plan` shows what is due"),
            (Some(_), Some(_)) => bail!("`{name}` is the name of several services\nhint: write PROVIDER/ID"),
            (Some(index), None) => wanted[index] = true,
        }
    }
    Ok(items.into_iter().zip(wanted).filter(|(_, is_wanted)| *is_wanted).map(|(item, _)| item).collect())
}

/// Carries on what is open from before, and shows what became of it.
pub(super) async fn carry_on(
    applying: &Applying<'_>,
    output: Output,
    progress: &Progress,
) -> anyhow::Result<Vec<Told>> {
    let told = applying.carry_on(|_| true).await?;
    progress.clear();
    if !told.is_empty() && output == Output::Human {
        output::note("open from before, carried on first:");
    }
    show(output, &told, applying.clock.now())?;
    Ok(told)
}

/// Makes the plan and shows it; what is left out and not told of yet is told.
async fn make(
    buyer: &Buyer,
    office: &Office,
    progress: &Progress,
    args: &ApplyArgs,
    output: Output,
    told: &mut Vec<Told>,
) -> anyhow::Result<Plan> {
    let mut plan = planning::plan(office, buyer, &Scope::default(), progress).await?;
    progress.clear();
    plan.items = pick(plan.items, &args.only)?;
    if !args.only.is_empty() {
        plan.left_out.clear();
    }
    plan::show(output, &plan)?;
    plan::warn_of_funds(buyer, &plan.items).await?;
    service::tell_unruled(buyer.books(), office.policy())?;
    let known: Vec<_> = told.iter().map(|each| each.key.clone()).collect();
    // What is open was just carried on and told of.
    let is_new = |key, why: &Reason| !(matches!(why, Reason::Open(_)) && known.contains(key));
    let left_out = plan.left_out.iter().filter(|left| is_new(&left.holding.key, &left.why));
    told.extend(left_out.map(|left| Told::about(&left.holding, Became::LeftOut(left.why.clone()))));
    Ok(plan)
}

/// What a person is asked.
pub(super) fn question(items: &[Item]) -> anyhow::Result<String> {
    let totals = plan::totals(items)?;
    let costs: Vec<_> = totals.iter().map(|((name, _), total)| format!("{} at {name}", total.gross)).collect();
    let services = match items {
        [only] => format!("{} ({})", only.holding.name, only.holding.key),
        items => format!("{} services", items.len()),
    };
    Ok(format!("Renew {services} for {}?", costs.join(", ")))
}

/// Shows what became of renewals, a line each.
pub(super) fn show(output: Output, told: &[Told], now: Timestamp) -> anyhow::Result<()> {
    output::lines(told.iter().map(|each| match output {
        Output::Json => each.document(now).to_string(),
        Output::Human => format!("{} {}: {}", each.key, each.name, each.words(now)),
    }))
}

/// Shows how many ended how; the worst of them, and of what else came of it.
pub(super) fn summarize(output: Output, told: &[Told], beside: Ending) -> anyhow::Result<Ending> {
    let (worst, words) = summary(told);
    let worst = worst.max(beside);
    match output {
        Output::Human => output::note(&words),
        Output::Json => {
            let mut counts = std::collections::BTreeMap::new();
            for each in told {
                *counts.entry(each.word()).or_insert(0_u64) += 1;
            }
            let line = document::line("summary", json!({ "results": counts, "exit_code": worst.number(false) }));
            output::lines([line.to_string()])?;
        }
    }
    Ok(worst)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buyer::example;

    #[test]
    fn services_are_picked_by_any_of_their_names() {
        let mut items = vec![
            example::item("ovh", "1", "2026-12-15", "10"),
            example::item("vpsbg", "1", "2026-12-15", "10"),
            example::item("vpsbg", "2", "2026-12-15", "10"),
        ];
        items[2].holding.label = Some("mail".to_owned());
        let picked = |only: &[&str]| {
            let only: Vec<_> = only.iter().map(|name| (*name).to_owned()).collect();
            let keys = |items: Vec<Item>| items.iter().map(|item| item.holding.key.to_string()).collect::<Vec<_>>();
            pick(items.clone(), &only).map(keys).map_err(|error| error.to_string())
        };
        assert_eq!(picked(&[]).expect("picks").len(), 3);
        assert_eq!(picked(&["mail", "ovh/1", "2"]).expect("picks"), ["ovh/1", "vpsbg/2"]);
        assert!(picked(&["vps1.example.net"]).expect_err("are two").contains("several services"));
        assert!(picked(&["other"]).expect_err("is none").contains("no renewal of `other`"));
    }

    #[test]
    fn the_question_says_what_is_paid_where() {
        let one = [example::item("ovh", "1", "2026-12-15", "10")];
        assert_eq!(question(&one).expect("adds up"), "Renew vps1.example.net (ovh/1) for 10.00 EUR at ovh?");
        let two = [one[0].clone(), example::item("vpsbg", "2", "2026-12-15", "25")];
        assert_eq!(question(&two).expect("adds up"), "Renew 2 services for 10.00 EUR at ovh, 25.00 EUR at vpsbg?");
    }
}
