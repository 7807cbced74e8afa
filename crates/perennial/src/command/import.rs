//! `perennial import`: master data from files.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use perennial_core::ports::Clock;
use perennial_engine::clock::SystemClock;
use serde_json::{Map, Value, json};

use crate::command::Global;
use crate::import::{self, Counts, Drafts, Format, Plan, Problems, Table, Tally};
use crate::ledger::address;
use crate::output::{self, Column, Output, Row, number, text};
use crate::store::Address;

/// Fewer rows than this are recorded before a person has read the word progress.
const ROWS_MIN_FOR_PROGRESS: usize = 1_000;

/// Import the seller, accounts, products, prices, promo codes, services, payment methods and coupons
///
/// Files are checked whole before anything is written, and everything that is wrong is told with its line. Then all is
/// written at once. Importing the same files again changes nothing; a line that has changed brings its row up to date.
/// What a file does not say stays as it is. What was paid for is never overwritten: the term of a service that exists
/// stays. A SQLite file is made where there is none, and an empty PostgreSQL database gets its tables.
#[derive(Args, Debug)]
#[command(after_long_help = HELP)]
pub struct ImportArgs {
    /// TOML files with any tables, or CSV files with one table each
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Check the files and count what would change, and change nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// How the files are written [default: by their endings]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// What is in CSV files [default: by their names, such as accounts.csv]
    #[arg(long, value_enum, value_name = "TABLE")]
    kind: Option<Table>,
}

const HELP: &str = "\
Tables and their fields (* must be there):
  [seller]      name*, address (list), vat_number, invoice_series, credit_series,
                collects (list of kinds of payment methods),
                receipts [false] (a mail for every payment, also those that owners make themselves)
  [[accounts]]  code*, name*, email*, country*, currency*,
                tax* (standard, reverse-charge, exempt), tax_rate (percent, for standard),
                vat_number, zone [UTC], credit_limit [0], standing [customer] (or reseller),
                joint_orders [false] (what falls due on one day is one order),
                align_day [0] (day of the month on which renewals by the schedule end; 0 for none),
                facts (table)
  [[products]]  code*, name*, kind* (server, domain, hosting, instance, addon, ip, support),
                renewability [one-open] (stacking, one-shot), grace_days [7],
                suspension_days [30], redemption_days [0], redemption_fees (list such as \"80 EUR\"),
                ahead_months_max [120; 0 for no bound],
                prices (list of { period*, net*, currency* }), facts (table)
  [[prices]]    product*, period*, net*, currency*: the whole price list of each product named
  [[promos]]    code*, off* (percent), products [all] (list of codes), months_min [0], starts, ends
  [[services]]  name*, account*, product*, until*, period* (of new ones), id, created [today],
                anchor_day [day of until], mode [manual] (automatic, delete-at-expiry),
                parent (name), parent_kind, display_name,
                protected_prices (list of { period*, net* }), facts (table)
  [[methods]]   account*, kind* (card, paypal, bank-transfer, bitcoin), label*, description,
                status [valid] (cancelled), default [false], expires,
                gateway (stripe) with gateway_customer (cus_...) and gateway_method (pm_...)
  [[coupons]]   id*, account*, amount*, expires

Amounts are text, such as \"1.99\", or whole numbers, in the currency of the price or account. Dates
are 2027-01-31, periods P1M, P1Y or P2W, rates in percent. In CSV the first line names the fields,
an empty cell says nothing, facts are columns such as facts.zone, and codes and fees in a list have
blanks between them. examples/shop.toml shows all of it, and examples/cloud.toml a seller of cloud
instances. Which facts each API shows is in docs/facts.md.";

/// Checks and records the files.
///
/// # Errors
/// Everything that is wrong with the files; what kept the database from taking them.
pub fn run(global: &Global, args: &ImportArgs) -> anyhow::Result<ExitCode> {
    let address = address(global)?;
    let (drafts, problems) = import::read(&args.files, args.format, args.kind);
    let schema = address.schema()?;
    if args.dry_run
        && !schema.is_new()
        && let Some(step) = schema.missing.first()
    {
        bail!(
            "the ledger lacks migration {}, and a dry run changes nothing\nhint: `perennial migrate` brings it up to date",
            step.number
        );
    }
    let counts = if schema.is_new() {
        // Files that are wrong make no ledger: they are taken into an empty one first.
        let folder = tempfile::tempdir().context("making a folder for the check")?;
        let counts = take_in(&Address::File(folder.path().join("empty.db")), drafts.clone(), problems, Ending::Forget)?;
        if !args.dry_run {
            take_in(&address, drafts, Problems::default(), Ending::Commit)?;
            output::note(&format!("made the database {address}"));
        }
        counts
    } else {
        let ending = if args.dry_run { Ending::Forget } else { Ending::Commit };
        take_in(&address, drafts, problems, ending)?
    };
    show(global.output(), args.dry_run, &counts)?;
    if args.dry_run {
        output::note("this was a dry run: nothing was written");
    }
    Ok(ExitCode::SUCCESS)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    Commit,
    Forget,
}

/// Checks and records in one transaction; a dry run is the same without the last step.
fn take_in(address: &Address, drafts: Drafts, problems: Problems, ending: Ending) -> anyhow::Result<Counts> {
    let mut store = address.open()?.store;
    let mut batch = store.begin()?;
    let plan = Plan::check(&*batch, SystemClock.now(), drafts, problems)?;
    let progress = progress(plan.rows());
    let counts = import::record(&mut *batch, plan, || progress.inc(1))?;
    if ending == Ending::Commit {
        batch.commit()?;
    }
    progress.finish_and_clear();
    Ok(counts)
}

/// A bar on stderr; hidden where nobody sees it, and where it would be gone before it is seen.
fn progress(rows: usize) -> ProgressBar {
    if rows < ROWS_MIN_FOR_PROGRESS {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("recording {wide_bar} {human_pos}/{human_len} rows, {eta} left");
    ProgressBar::new(rows as u64).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn show(output: Output, dry_run: bool, counts: &Counts) -> anyhow::Result<()> {
    const COLUMNS: [Column; 4] = [text("TABLE"), number("CREATED"), number("UPDATED"), number("UNCHANGED")];
    if output == Output::Json {
        let tables: Map<String, Value> = counts
            .tables()
            .map(|(table, Tally { created, updated, unchanged })| {
                let tally = json!({ "created": created, "updated": updated, "unchanged": unchanged });
                (table.word().to_owned(), tally)
            })
            .collect();
        return output.document(&[], &json!({ "dry_run": dry_run, "tables": tables }));
    }
    let rows = counts.tables().map(|(table, Tally { created, updated, unchanged })| Row {
        cells: [table.word().to_owned()]
            .into_iter()
            .chain([created, updated, unchanged].map(|count| count.to_string()))
            .collect(),
        document: Value::Null,
    });
    output.list(&COLUMNS, rows.collect(), "the files say nothing")
}
