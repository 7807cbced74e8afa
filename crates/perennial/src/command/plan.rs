//! `perennial plan`: what would be renewed, for how much, and what would not, and why. Nothing is paid.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use perennial_core::buyer::holding::ProviderName;
use perennial_core::buyer::plan::{Item, Plan, Reason};
use perennial_core::money::{Currency, MoneyError};
use perennial_engine::buyer::Scope;
use serde_json::{Value, json};

use crate::buyer::ending::Ending;
use crate::buyer::forecast::Total;
use crate::buyer::plan_file::{self, Over, PlanFile};
use crate::buyer::progress::Progress;
use crate::buyer::{Office, document, reading, service};
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
/// Exit codes: 0 planned, 1 failed, or an inventory or a price could not be read; 2 used wrongly; with
/// --detailed-exitcode 13 where something is due, so that 0 is "nothing is due".
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
    /// Exit with 13 where something is due
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
        let plan = buyer.plan(office.policy(), &scope, &*progress).await?;
        progress.clear();
        show(output, &plan)?;
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
                    output::note(&format!("written to {path}; `perennial apply {path}` renews just that"));
                }
            }
        }
        Ok(ending(&plan, are_read))
    })?;
    Ok(ending.code(args.detailed_exitcode))
}

/// How planning ended.
fn ending(plan: &Plan, are_read: bool) -> Ending {
    let is_due = |reason: &Reason| !matches!(reason, Reason::Never | Reason::Renewed(_));
    let has_price = |reason: &Reason| !matches!(reason, Reason::NoPrice(_));
    if !are_read || !plan.left_out.iter().all(|left| has_price(&left.why)) {
        Ending::Failed
    } else if !plan.items.is_empty() || plan.left_out.iter().any(|left| is_due(&left.why)) {
        Ending::Changed
    } else {
        Ending::Done
    }
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
    output.list(&ITEMS, plan.items.iter().map(item_row).collect(), "nothing is due that could be renewed")?;
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

    use perennial_core::buyer::intent::IntentId;
    use perennial_core::buyer::plan::LeftOut;

    use super::*;
    use crate::buyer::example;

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
            (plan(&[], vec![Reason::NativeToo]), true, 13),
            (plan(slice::from_ref(&item), vec![Reason::NoPrice("no answer".to_owned())]), true, 1),
            (plan(&[item], vec![]), false, 1),
        ] {
            assert_eq!(ending(&plan, are_read).number(true), code, "{plan:?}");
        }
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
