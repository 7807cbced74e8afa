//! `perennial forecast`: how much money renewals will need, where and when.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

use clap::Args;
use jiff::civil::Date;
use perennial_core::buyer::holding::{Holding, HoldingKey, Native, ProviderName};
use perennial_core::buyer::plan::{Due, LeftOut, OnFile, Reason, choose, due};
use perennial_core::buyer::policy::Rule;
use perennial_core::buyer::remote::{Counted, Funds, Length, Offer};
use perennial_engine::buyer::{Buyer, BuyerError, Watcher};
use perennial_store::HoldingFilter;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::buyer::ending::Ending;
use crate::buyer::forecast::{self, Forecast, Renewals, Total, a_month, end_of};
use crate::buyer::progress::Progress;
use crate::buyer::telling::ending_of;
use crate::buyer::{Office, document, reading, service};
use crate::command::Global;
use crate::command::plan::{section, sums};
use crate::output::{self, Column, Output, Row, money, number, text};

/// How many prices are asked for at once.
const AT_ONCE: usize = 16;

/// Show how much money renewals will need, by month, account and currency, tax included
///
/// By the policy, over the inventory as it was read last: each service is renewed whenever it is due, for the length that is
/// chosen today at the price of today. Prices are asked for once a service; nothing is ordered. A service that its provider
/// renews by itself counts as if we renewed it: the money is needed either way. What is due already counts today.
/// Beside it stands what is on the accounts, and what is missing there: without tax where the account is counted so, and `-`
/// where a card or the like may cover it.
///
/// --json: a line each with `version` and `kind`: `month` (`month`, `provider`, `renewals`, `net`, `tax`, `gross`), `needed`
/// (over all months: `provider`, `gross`, `funds`, `shortfall`, null where it is not known), `left-out` (as that of `plan`).
///
/// Exit codes: 0 shown, 1 failed, or a price or an account could not be read; 2 used wrongly.
#[derive(Args, Clone, Copy, Debug)]
pub struct ForecastArgs {
    /// For so many months, this one included
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u16).range(1..=120))]
    months: u16,
}

/// A service and the rule for it, with what is offered.
struct Priced {
    holding: Holding,
    offers: Result<Vec<Offer>, BuyerError>,
}

/// What is on an account; why not where that could not be read.
type Accounts = BTreeMap<ProviderName, (Counted, Result<Vec<Funds>, String>)>;

/// Forecasts.
///
/// # Errors
/// When the ledger does not answer, or a sum does not fit.
pub fn run(global: &Global, args: ForecastArgs) -> anyhow::Result<ExitCode> {
    let office = Office::open(global)?;
    let output = global.output();
    let (remotes, are_ready) = reading::callable(&office, &office.named(&[])?);
    let progress = Progress::new(output);
    let policy = office.policy();
    let today = policy.zone().date_of(office.clock().now());
    let before = end_of(today, args.months)?;
    let worst = office.with_buyer(remotes, async |buyer| {
        let holdings = service::all(buyer.books(), &HoldingFilter::default())?;
        let (wanted, mut left_out) = wanted(buyer, &office, &holdings, before);
        let mut forecast = Forecast::default();
        for Priced { holding, offers } in ask_prices(buyer, wanted, &progress).await {
            let Some(rule) = policy.rule_for(&holding) else { continue };
            let chosen = offers.map_err(|error| Reason::NoPrice(output::in_one_line(&error.into())));
            match chosen.and_then(|offers| renewals(rule, &holding, offers)) {
                Ok(mut renewals) => {
                    if let Some(OnFile::Renewed(_)) = buyer.books().on_file(&holding.key, renewals.until)? {
                        // It is paid for already, and the inventory does not show it yet.
                        renewals.skip()?;
                    }
                    forecast.add(&holding.key.provider, &renewals, today, before)?;
                }
                Err(why) => left_out.push(LeftOut { holding, why }),
            }
        }
        let accounts = accounts(buyer, &forecast).await?;
        progress.clear();
        show(output, &forecast, &accounts, &left_out)?;
        let left_out =
            left_out.iter().map(|left| ending_of(&left.why)).filter(|ending| *ending == Ending::Failed).max();
        let is_read = are_ready && accounts.values().all(|(_, funds)| funds.is_ok());
        Ok(if is_read { left_out.unwrap_or_default() } else { Ending::Failed })
    })?;
    Ok(worst.code(false))
}

/// The services that will be renewed before a day, with the lengths to ask the price of; and those that will not, and why.
fn wanted(
    buyer: &Buyer,
    office: &Office,
    holdings: &[Holding],
    before: Date,
) -> (Vec<(Holding, Vec<Length>)>, Vec<LeftOut>) {
    let (mut wanted, mut left_out) = (Vec::new(), Vec::new());
    for holding in holdings {
        let Ok(remote) = buyer.remote(&holding.key.provider) else { continue };
        let mut as_ours = holding.clone();
        as_ours.stand.native = Native::Off;
        // On the day of its expiry, it is due by any rule.
        let until = holding.stand.until;
        match due(until, office.policy(), &as_ours, remote.habits(), None) {
            Due::Yes { rule, lengths } if rule.due_on(until) < before => {
                // After the first alignment, whole months follow.
                let is_aligned = lengths.iter().any(|length| matches!(length, Length::ToDay(_)));
                let more = is_aligned.then(|| Length::Period(a_month()));
                wanted.push((as_ours, lengths.into_iter().chain(more).collect()));
            }
            Due::LeftOut(Reason::Never) | Due::Not | Due::Yes { .. } => {}
            Due::LeftOut(why) => left_out.push(LeftOut { holding: holding.clone(), why }),
        }
    }
    (wanted, left_out)
}

/// Asks for the prices of services, some at once.
async fn ask_prices(buyer: &Buyer, wanted: Vec<(Holding, Vec<Length>)>, progress: &Progress) -> Vec<Priced> {
    let of = wanted.len();
    let (mut asking, mut priced) = (JoinSet::new(), Vec::with_capacity(of));
    let mut waiting = wanted.into_iter();
    loop {
        while asking.len() < AT_ONCE
            && let Some((holding, lengths)) = waiting.next()
        {
            let buyer = buyer.clone();
            asking.spawn(async move {
                let key: HoldingKey = holding.key.clone();
                Priced { holding, offers: buyer.offers(&key, &lengths).await }
            });
        }
        let Some(answer) = asking.join_next().await else { return priced };
        // A task that died was a bug's, and it was told where it died.
        priced.extend(answer.ok());
        progress.priced(priced.len(), of);
    }
}

/// The renewals of a service that are to come: the next one as the rule chooses it, and those after it.
fn renewals<'a>(rule: &'a Rule, holding: &Holding, offers: Vec<Offer>) -> Result<Renewals<'a>, Reason> {
    let month = offers.iter().find(|offer| offer.length == Length::Period(a_month())).cloned();
    let next = choose(rule, holding, offers)?.offer;
    let later = match next.length {
        Length::ToDay(_) => month.unwrap_or_else(|| next.clone()),
        Length::Period(_) => next.clone(),
    };
    Ok(Renewals { rule, until: holding.stand.until, next, later })
}

/// What is on the accounts at which money is needed.
async fn accounts(buyer: &Buyer, forecast: &Forecast) -> anyhow::Result<Accounts> {
    let mut accounts = Accounts::new();
    let providers: BTreeSet<_> = forecast.totals()?.into_keys().map(|(provider, _)| provider).collect();
    for provider in providers {
        let remote = buyer.remote(&provider)?;
        let funds = remote.funds().await.map_err(|error| output::in_one_line(&error.into()));
        accounts.insert(provider, (remote.funds_counted(), funds));
    }
    Ok(accounts)
}

fn show(output: Output, forecast: &Forecast, accounts: &Accounts, left_out: &[LeftOut]) -> anyhow::Result<()> {
    const MONTHS: [Column; 6] =
        [text("MONTH"), text("PROVIDER"), number("RENEWALS"), number("NET"), number("TAX"), number("TOTAL")];
    const NEEDED: [Column; 4] = [text("PROVIDER"), number("NEEDED"), text("ON THE ACCOUNT"), number("MISSING")];
    const LEFT_OUT: [Column; 4] = [text("LEFT OUT"), text("NAME"), text("EXPIRES"), text("WHY")];
    let months = forecast.months.iter().map(|((month, provider, _), total)| Row {
        cells: vec![
            month.to_string(),
            provider.to_string(),
            total.renewals.to_string(),
            total.net.to_string(),
            total.tax.to_string(),
            total.gross.to_string(),
        ],
        document: document::line(
            "month",
            document::with(json!({ "month": month.to_string(), "provider": provider.as_str() }), sums(total)),
        ),
    });
    output.list(&MONTHS, months.collect(), "no money is needed")?;
    let totals = forecast.totals()?;
    let needed = totals.iter().map(|((provider, _), total)| needed_row(provider, total, accounts.get(provider)));
    section(output, &NEEDED, needed.collect::<Result<_, _>>()?)?;
    let left_out = left_out.iter().map(|left| Row {
        cells: vec![
            left.holding.key.to_string(),
            left.holding.name.clone(),
            left.holding.stand.until.to_string(),
            left.why.to_string(),
        ],
        document: document::line("left-out", document::left_out(left)),
    });
    section(output, &LEFT_OUT, left_out.collect())
}

fn needed_row(
    provider: &ProviderName,
    total: &Total,
    account: Option<&(Counted, Result<Vec<Funds>, String>)>,
) -> anyhow::Result<Row> {
    let (shown, known) = match account {
        Some((Counted::WithTax, Ok(funds))) => (funds_words(funds), Some((total.gross, funds))),
        Some((Counted::WithoutTax, Ok(funds))) => {
            (format!("{} (without tax)", funds_words(funds)), Some((total.net, funds)))
        }
        Some((_, Err(why))) => (format!("not read: {why}"), None),
        None => (String::new(), None),
    };
    let missing = known.map(|(needed, funds)| forecast::shortfall(needed, funds)).transpose()?;
    let missing_words = match missing {
        Some(Some(missing)) => missing.to_string(),
        // What covers the rest is in the column before.
        Some(None) => "-".to_owned(),
        None => "?".to_owned(),
    };
    let document = json!({
        "provider": provider.as_str(),
        "gross": money(total.gross),
        "funds": known.map_or(Value::Null, |(_, funds)| funds.iter().map(funds_document).collect()),
        "shortfall": document::some_money(missing.flatten()),
    });
    let cells = vec![provider.to_string(), total.gross.to_string(), shown, missing_words];
    Ok(Row { cells, document: document::line("needed", document) })
}

fn funds_words(funds: &[Funds]) -> String {
    let words = funds.iter().map(|each| match each.amount {
        Some(amount) => format!("{} {amount}", each.kind),
        None => each.kind.clone(),
    });
    words.collect::<Vec<_>>().join(", ")
}

fn funds_document(funds: &Funds) -> Value {
    json!({ "kind": funds.kind, "amount": document::some_money(funds.amount) })
}
