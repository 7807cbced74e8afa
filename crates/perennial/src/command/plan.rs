//! `perennial plan`: what would be renewed, for how much, and what would not, and why. Nothing is paid.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use perennial_core::buyer::holding::ProviderName;
use perennial_core::buyer::intent::IntentId;
use perennial_core::buyer::plan::{Item, Plan, Reason};
use perennial_core::buyer::remote::{Counted, Funds};
use perennial_core::money::{Currency, Money, MoneyError};
use perennial_engine::buyer::{Buyer, Scope};
use perennial_store::Records;
use serde_json::{Value, json};

use crate::buyer::ending::Ending;
use crate::buyer::forecast::{self, Total};
use crate::buyer::plan_file::{self, Over, PlanFile};
use crate::buyer::progress::Progress;
use crate::buyer::telling::{self, ending_of};
use crate::buyer::{Office, document, planning, reading, service};
use crate::command::Global;
use crate::output::{self, Column, Output, Row, money, number, text};

/// Show what is due by the policy, and what its renewal costs; nothing is paid
///
/// Reads the inventories, and asks for the price of what is due. With -o, the plan is written to a file for `apply`:
/// JSON with a digest, so that it is applied just as it was shown, or not at all. It has no secret in it.
///
/// --json: a line each with `version` and `kind`: `item` (`service` as PROVIDER/ID, `provider`, `id`, `name`, `label`, `service_kind`, `fence`,
/// `expires_at`, `native`, `mode`, `offer` with `period`, `net`, `tax`, `gross`, `discount`, `until`, `remarks`), `left-out`
/// (as `item` without `mode` and `offer`, and with `reason` and `why`), `total` (`provider`, `renewals`, `net`, `tax`,
/// `gross`), and `plan-file` (`path`).
///
/// Exit codes, those with which `apply` would end if all that is planned were renewed: 0 planned, 1 failed, or an inventory
/// or a price could not be read; 2 used wrongly; 10 a renewal is under way, 11 the outcome of one is unknown, 12 something
/// that is due is left out; with --detailed-exitcode 13 where something is to be renewed, so that 0 is "nothing is due".
#[derive(Args, Debug)]
pub struct PlanArgs {
    /// Write the plan to this file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace the file if it is there
    #[arg(long, requires = "output")]
    force: bool,
    /// At this account only; may be given several times [default: all]
    #[arg(long, value_name = "NAME")]
    provider: Vec<String>,
    /// Plan from the inventories as they were read last
    #[arg(long)]
    no_sync: bool,
    /// Exit with 13 where something is to be renewed
    #[arg(long)]
    detailed_exitcode: bool,
}

/// Plans, shows the plan, and writes it where that was asked for.
///
/// # Errors
/// When the ledger does not answer, or the file cannot be written.
pub fn run(global: &Global, args: &PlanArgs) -> anyhow::Result<ExitCode> {
    let office = Office::open(global)?;
    let names = office.named(&args.provider)?;
    let output = global.output();
    let progress = Arc::new(Progress::new(output));
    let (remotes, are_ready) = reading::callable(&office, &names);
    let names: Vec<_> = remotes.keys().cloned().collect();
    let ending = office.with_buyer(remotes, async |buyer| {
        let are_read = are_ready && (args.no_sync || reading::refresh(buyer, &names, &progress).await);
        let scope = Scope { providers: Some(names.clone()) };
        let plan = planning::plan(&office, buyer, &scope, &*progress).await?;
        progress.clear();
        show(output, &plan)?;
        warn_of_funds(buyer, &plan.items).await?;
        service::tell_unruled(buyer.books(), office.policy())?;
        if let Some(path) = &args.output {
            let file = PlanFile { made_at: office.clock().now(), ledger: office.ledger()?, items: plan.items.clone() };
            let over = if args.force { Over::Replace } else { Over::Refuse };
            plan_file::write(path, &file.render(&plan), over)?;
            match output {
                Output::Json => {
                    let line = document::line("plan-file", json!({ "path": path, "items": plan.items.len() }));
                    output::lines([line.to_string()])?;
                }
                Output::Human => {
                    let path = path.display();
                    let next = if plan.items.is_empty() {
                        "there is nothing in it to renew".to_owned()
                    } else {
                        format!("`perennial apply {path}` renews just that")
                    };
                    output::note(&format!("written to {path}; {next}"));
                }
            }
        }
        ending(&plan, are_read, |id| open_ending(buyer.books(), id))
    })?;
    Ok(ending.code(args.detailed_exitcode))
}

/// How planning ended: as applying would, were all of its renewals carried out. What is left out counts the same there.
fn ending(plan: &Plan, are_read: bool, open: impl Fn(&IntentId) -> anyhow::Result<Ending>) -> anyhow::Result<Ending> {
    let mut worst = if are_read { Ending::Done } else { Ending::Failed };
    if !plan.items.is_empty() {
        worst = worst.max(Ending::Changed);
    }
    for left in &plan.left_out {
        worst = worst.max(match &left.why {
            Reason::Open(id) => open(id)?,
            why => ending_of(why),
        });
    }
    Ok(worst)
}

/// How an intent that is open stands.
fn open_ending(books: &(dyn Records + Send + Sync), id: &IntentId) -> anyhow::Result<Ending> {
    Ok(books.find_intent(&id.0)?.map_or(Ending::Waiting, |filed| telling::ending(&filed.intent.state)))
}

/// Warns where an account has less than its renewals cost. Where that cannot be read, the price of a renewal is no less true.
pub(super) async fn warn_of_funds(buyer: &Buyer, items: &[Item]) -> anyhow::Result<()> {
    for ((provider, _), total) in totals(items)? {
        let remote = buyer.remote(&provider)?;
        let Ok(funds) = remote.funds().await else { continue };
        let needed = match remote.funds_counted() {
            Counted::WithTax => total.gross,
            Counted::WithoutTax => total.net,
        };
        if let Some(warning) = short_of(&provider, needed, &funds)? {
            output::note(&warning);
        }
    }
    Ok(())
}

/// What is said where the funds of an account do not cover what is needed.
fn short_of(provider: &ProviderName, needed: Money, funds: &[Funds]) -> Result<Option<String>, MoneyError> {
    let missing = forecast::shortfall(needed, funds)?.filter(|missing| missing.minor() > 0);
    Ok(missing.map(|missing| {
        format!("warning: {provider} is {missing} short of the {needed} that its renewals take from the account")
    }))
}

/// Shows a plan.
///
/// # Errors
/// When stdout cannot be written.
pub(super) fn show(output: Output, plan: &Plan) -> anyhow::Result<()> {
    const ITEMS: [Column; 9] = [
        text("SERVICE"),
        text("NAME"),
        text("EXPIRES"),
        text("UNTIL"),
        text("PERIOD"),
        number("NET"),
        number("TAX"),
        number("TOTAL"),
        text("POLICY"),
    ];
    const LEFT_OUT: [Column; 4] = [text("LEFT OUT"), text("NAME"), text("EXPIRES"), text("WHY")];
    const TOTALS: [Column; 5] = [text("PROVIDER"), number("RENEWALS"), number("NET"), number("TAX"), number("TOTAL")];
    let when_empty = if plan.left_out.is_empty() { "nothing is due" } else { "all that is due is left out" };
    output.list(&ITEMS, plan.items.iter().map(item_row).collect(), when_empty)?;
    let left_out = plan.left_out.iter().map(|left| Row {
        cells: vec![
            left.holding.key.to_string(),
            left.holding.name.clone(),
            left.holding.stand.until.to_string(),
            left.why.to_string(),
        ],
        document: document::line("left-out", document::left_out(left)),
    });
    section(output, &LEFT_OUT, left_out.collect())?;
    let totals = totals(&plan.items)?;
    section(output, &TOTALS, totals.iter().map(|((name, _), total)| total_row(name, total)).collect())
}

/// A list below another one; nothing at all where it is empty.
pub(super) fn section(output: Output, columns: &[Column], rows: Vec<Row>) -> anyhow::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    if output == Output::Human {
        output::lines([""])?;
    }
    output.list(columns, rows, "")
}

fn item_row(item: &Item) -> Row {
    let Item { holding, offer, mode } = item;
    Row {
        cells: vec![
            holding.key.to_string(),
            holding.name.clone(),
            holding.stand.until.to_string(),
            offer.until.to_string(),
            offer.length.to_string(),
            offer.net.to_string(),
            offer.tax.to_string(),
            offer.gross.to_string(),
            mode.word().to_owned(),
        ],
        document: document::line("item", document::item(item)),
    }
}

fn total_row(provider: &ProviderName, total: &Total) -> Row {
    Row {
        cells: vec![
            provider.to_string(),
            total.renewals.to_string(),
            total.net.to_string(),
            total.tax.to_string(),
            total.gross.to_string(),
        ],
        document: document::line("total", document::with(json!({ "provider": provider.as_str() }), sums(total))),
    }
}

/// A total's fields.
pub(super) fn sums(total: &Total) -> Value {
    json!({
        "renewals": total.renewals,
        "net": money(total.net),
        "tax": money(total.tax),
        "gross": money(total.gross),
    })
}

/// What items cost, by account and currency.
///
/// # Errors
/// [`MoneyError`] where the sums do not fit.
pub(super) fn totals(items: &[Item]) -> Result<BTreeMap<(ProviderName, Currency), Total>, MoneyError> {
    let mut totals = BTreeMap::new();
    for item in items {
        let currency = item.offer.gross.currency();
        let key = (item.holding.key.provider.clone(), currency);
        totals.entry(key).or_insert_with(|| Total::zero(currency)).add(&item.offer)?;
    }
    Ok(totals)
}

#[cfg(test)]
mod tests {
    use std::slice;

    use perennial_core::buyer::plan::LeftOut;

    use super::*;
    use crate::buyer::example::{self, euros};

    #[test]
    fn planning_ends_by_what_is_due() {
        let left = |why: Reason| LeftOut { holding: example::holding("ovh", "2", "2026-12-15"), why };
        let item = example::item("ovh", "1", "2026-12-15", "10");
        let plan = |items: &[Item], reasons: Vec<Reason>| Plan {
            items: items.to_vec(),
            left_out: reasons.into_iter().map(left).collect(),
        };
        let id = || IntentId("x".to_owned());
        for (plan, are_read, code) in [
            (plan(&[], vec![]), true, 0),
            (plan(&[], vec![Reason::Never, Reason::Renewed(id())]), true, 0),
            (plan(slice::from_ref(&item), vec![]), true, 13),
            (plan(slice::from_ref(&item), vec![Reason::Never]), true, 13),
            (plan(slice::from_ref(&item), vec![Reason::NativeToo]), true, 12),
            (plan(&[], vec![Reason::NativeToo, Reason::Open(id())]), true, 11),
            (plan(slice::from_ref(&item), vec![Reason::NoPrice("no answer".to_owned()), Reason::NativeToo]), true, 1),
            (plan(&[item], vec![]), false, 1),
        ] {
            let ending = ending(&plan, are_read, |_| Ok(Ending::Unknown)).expect("is told");
            assert_eq!(ending.number(true), code, "{plan:?}");
        }
    }

    #[test]
    fn an_account_that_is_short_is_told_where_all_it_has_is_known() {
        let provider = ProviderName::parse("vpsbg").expect("is a name");
        let balance = |amount| Funds { kind: "balance".to_owned(), amount: Some(euros(amount)) };
        let card = Funds { kind: "card".to_owned(), amount: None };
        let told = |funds: &[Funds]| short_of(&provider, euros("30"), funds).expect("adds up");
        assert_eq!(told(&[balance("30")]), None);
        let short = "warning: vpsbg is 0.01 EUR short of the 30.00 EUR that its renewals take from the account";
        assert_eq!(told(&[balance("20"), balance("9.99")]).as_deref(), Some(short));
        assert_eq!(told(&[balance("29.99"), card]), None, "the card may cover it");
    }

    #[test]
    fn totals_are_kept_apart_by_account() {
        let items = [
            example::item("ovh", "1", "2026-12-15", "1.99"),
            example::item("ovh", "2", "2026-12-16", "35.88"),
            example::item("vpsbg", "3", "2026-12-17", "25"),
        ];
        let totals = totals(&items).expect("adds up");
        let shown: Vec<_> =
            totals.iter().map(|((name, _), total)| format!("{name} {} {}", total.renewals, total.gross)).collect();
        assert_eq!(shown, ["ovh 2 37.87 EUR", "vpsbg 1 25.00 EUR"]);
    }
}
