//! `perennial renew`: renews one service. This pays.

use std::process::ExitCode;
use std::slice;
use std::sync::Arc;

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use perennial_core::buyer::holding::HoldingKey;
use perennial_core::buyer::intent::State;
use perennial_core::buyer::plan::Plan;
use perennial_core::buyer::remote::Length;
use perennial_core::calendar::Period;
use perennial_store::{Filed, IntentFilter, Records};

use crate::buyer::applying::{Applying, Check};
use crate::buyer::ending::{Ending, EndsAs};
use crate::buyer::planning::Twins;
use crate::buyer::progress::Progress;
use crate::buyer::telling::{Became, Told, short};
use crate::buyer::{Office, reading, service};
use crate::command::apply::{Patience, carry_on, question, show, summarize};
use crate::command::{Consent, Global, plan};

/// Renew one service for a period, whether it is due or not: this pays
///
/// Shows what it costs and asks. The policy's price limit for the service and the budgets hold; whatever is still open from
/// before is carried on first, as with `apply`. A service is renewed once from the expiry it has, and, so that a second click
/// pays nothing, once a day, unless `--again` is given.
///
/// --json: lines as those of `apply`.
///
/// Exit codes, the worst one of all: 0 renewed, 1 failed, 2 used wrongly, 10 waiting, 11 outcome unknown, 12 refused (by the
/// policy, or because something moved).
#[derive(Args, Debug)]
pub struct RenewArgs {
    /// The service, by its name, its label, its id or PROVIDER/ID
    #[arg(value_name = "SERVICE")]
    service: String,
    /// For how long, such as P1Y, P3M or P1W
    #[arg(long, value_name = "PERIOD", value_parser = Period::parse)]
    period: Period,
    /// Renew it once more, although that was done within the last day
    #[arg(long)]
    again: bool,
    /// Take the inventory as it was read last
    #[arg(long)]
    no_sync: bool,
    #[command(flatten)]
    patience: Patience,
    #[command(flatten)]
    consent: Consent,
}

/// Renews it.
///
/// # Errors
/// When there is no such service, when the answer is no, or the ledger does not answer.
pub fn run(global: &Global, args: &RenewArgs) -> anyhow::Result<ExitCode> {
    args.consent.check("`-y` answers ahead; `perennial quote` tells what it costs")?;
    let office = Office::open(global)?;
    let (remotes, _) = reading::callable(&office, &office.named(&[])?);
    let output = global.output();
    let progress = Arc::new(Progress::new(output));
    let ending = office.with_buyer(remotes, async |buyer| {
        let key = service::find(buyer.books(), &args.service)?.key;
        let applying = Applying::of(&office, buyer, args.patience.wait, &*progress);
        let mut told = carry_on(&applying, output, &progress).await?;
        // Who asks again because the first time was interrupted wants one renewal, not two.
        if told.iter().any(|told| told.key == key) {
            progress.clear();
            return summarize(output, &told, Ending::Done);
        }
        if !args.again {
            check_not_just_renewed(&office, buyer.books(), &key)?;
        }
        if !args.no_sync {
            // Where it cannot be read, what was read last will do: all of it is looked at again before it is paid.
            reading::refresh(buyer, slice::from_ref(&key.provider), &progress).await;
        }
        let holding = service::find(buyer.books(), &key.to_string())?;
        let planned = match Twins::new(&office, buyer.books())?.reason(&holding)? {
            Some(why) => Err(why),
            None => buyer.plan_one(office.policy(), &key, Length::Period(args.period)).await?,
        };
        let new = match planned {
            Err(why) => vec![Told::about(&holding, Became::LeftOut(why))],
            Ok(item) => {
                let items = vec![item];
                progress.clear();
                plan::show(output, &Plan { items: items.clone(), left_out: Vec::new() })?;
                args.consent.ask(&question(&items)?)?;
                applying.apply(items, Check::OnFile).await?
            }
        };
        progress.clear();
        show(output, &new, office.clock().now())?;
        told.extend(new);
        summarize(output, &told, Ending::Done)
    })?;
    Ok(ending.code(false))
}

/// Refuses where the service was renewed within the last day: whoever clicked twice wants one renewal.
fn check_not_just_renewed(office: &Office, books: &dyn Records, key: &HoldingKey) -> anyhow::Result<()> {
    let a_day_ago = office.clock().now().checked_sub(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MIN);
    let of_late = books.intents(IntentFilter::Since(a_day_ago))?;
    let is_done = |filed: &&Filed| filed.intent.key == *key && matches!(filed.intent.state, State::Done(_));
    let Some(Filed { intent, .. }) = of_late.iter().rfind(is_done) else { return Ok(()) };
    let (name, id) = (&intent.ask.name, short(&intent.id));
    let why = format!(
        "{name} was renewed within the last day, until {} (intent {id})\nhint: `--again` renews it once more",
        intent.ask.offer.until
    );
    Err(EndsAs::refused(why).into())
}
