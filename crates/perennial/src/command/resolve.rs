//! `perennial resolve`: what cannot be told by itself, settled by a person. Nothing is ever sent.

use std::process::ExitCode;

use anyhow::anyhow;
use clap::Args;
use jiff::Timestamp;
use perennial_core::buyer::intent::{Intent, Verdict};
use perennial_core::buyer::remote::Sight;
use perennial_engine::buyer::Buyer;
use perennial_store::Filed;
use serde_json::{Value, json};

use crate::buyer::ending::Ending;
use crate::buyer::evidence::Evidence;
use crate::buyer::progress::Progress;
use crate::buyer::telling::{Told, short};
use crate::buyer::{Office, document, filed};
use crate::command::plan::section;
use crate::command::{Consent, Global, apply, status};
use crate::output::{self, Column, Output, Row, minute, text};

/// Settle a renewal whose outcome is unknown, by what you found at the provider
///
/// Shows the evidence: every step, what was sent, the orders and the balance from before, and what the provider shows now.
/// With --paid or --not-paid you are asked, and then that is what the ledger says. With neither, the provider is read once
/// more. Nothing is sent or paid, whatever you say. After --not-paid, the service may be planned and paid for again.
///
/// --json: lines with `version` and `kind`: `evidence` (as `evidence` shows it), `sight` (what the provider shows now:
/// `fence`, `expires_at`, `native`, `open_orders`, `books`; or `error`), `result` (as that of `apply`).
///
/// Exit codes: 0 settled, 1 failed, 2 used wrongly; with neither flag as `apply`: 10 waiting, 11 still unknown, 12 refused.
#[derive(Args, Debug)]
pub struct ResolveArgs {
    /// The intent, as `status` shows it
    #[arg(value_name = "ID")]
    id: String,
    /// It was paid
    #[arg(long, conflicts_with = "not_paid")]
    paid: bool,
    /// It was not paid
    #[arg(long)]
    not_paid: bool,
    #[command(flatten)]
    consent: Consent,
}

impl ResolveArgs {
    const fn verdict(&self) -> Option<Verdict> {
        match (self.paid, self.not_paid) {
            (true, _) => Some(Verdict::Paid),
            (_, true) => Some(Verdict::NotPaid),
            (false, false) => None,
        }
    }
}

/// Shows the evidence, asks, and settles.
///
/// # Errors
/// When there is no such intent or nothing of it is to be settled, when the answer is no, or the ledger does not answer.
pub fn run(global: &Global, args: &ResolveArgs) -> anyhow::Result<ExitCode> {
    let office = Office::open(global)?;
    let output = global.output();
    let found = filed::find(&*office.books()?, &args.id)?;
    let id = found.intent.id.clone();
    let names = office.named(&[found.intent.key.provider.to_string()])?;
    let ending = office.with_buyer(office.remotes(&names)?, async |buyer| {
        let now = office.clock().now();
        show_evidence(output, &found, &Evidence::read(buyer.books(), found.intent.clone())?, now)?;
        if !found.intent.state.can_be_settled(args.verdict()) {
            let why = format!("intent {} is {}: nothing of it is to be settled", short(&id), found.intent.state.word());
            return Err(anyhow!("{why}"));
        }
        let sight = look(buyer, &found.intent).await;
        show_sight(output, &sight)?;
        if let Some(verdict) = args.verdict() {
            args.consent.ask(&question(&found.intent, verdict, sight.as_ref().ok().and_then(Option::as_ref)))?;
        }
        let progress = Progress::new(output);
        let intent = buyer.settle(&id, args.verdict(), &progress).await?;
        progress.clear();
        let told = Told::of(intent, true).noted(&buyer.books().notes(&id)?);
        apply::show(output, std::slice::from_ref(&told), office.clock().now())?;
        Ok(if args.verdict().is_some() { Ending::Done } else { told.ending() })
    })?;
    Ok(ending.code(false))
}

/// What the provider shows of the service now.
async fn look(buyer: &Buyer, intent: &Intent) -> anyhow::Result<Option<Sight>> {
    let holding = buyer.books().holding(&intent.key)?;
    let holding = holding.ok_or_else(|| anyhow!("the inventory has no such service any more"))?;
    Ok(buyer.remote(&intent.key.provider)?.look(&holding).await?)
}

/// What a person is asked, and what speaks against the answer.
fn question(intent: &Intent, verdict: Verdict, sight: Option<&Sight>) -> String {
    let (name, gross, fence) = (&intent.ask.name, intent.ask.offer.gross, intent.ask.fence);
    let has_moved = sight.map(|sight| sight.stand.until > fence);
    let against = match (verdict, has_moved) {
        (Verdict::Paid, Some(false)) => " The provider still shows the old expiry.",
        (Verdict::NotPaid, Some(true)) => " The provider shows a later expiry, as after a renewal.",
        (_, None) => " The provider does not show where the service stands.",
        _ => "",
    };
    match verdict {
        Verdict::Paid => format!("{gross} for {name} were paid?{against}"),
        Verdict::NotPaid => {
            format!("{gross} for {name} were not paid, so that it may be planned and paid for again?{against}")
        }
    }
}

fn show_evidence(output: Output, found: &Filed, evidence: &Evidence, now: Timestamp) -> anyhow::Result<()> {
    const NOTES: [Column; 3] = [text("WHEN"), text("STATE"), text("WHAT HAPPENED")];
    output.document(&status::fields(found, now), &evidence.document(now))?;
    if output == Output::Json {
        return Ok(());
    }
    let rows = evidence
        .notes
        .iter()
        .map(|note| Row { cells: vec![minute(note.at), note.state.clone(), note.text.clone()], document: Value::Null });
    section(output, &NOTES, rows.collect())
}

fn show_sight(output: Output, sight: &anyhow::Result<Option<Sight>>) -> anyhow::Result<()> {
    if output == Output::Human {
        output::lines([""])?;
    }
    match sight {
        Ok(Some(sight)) => {
            let orders: Vec<_> =
                sight.open_orders.iter().map(|order| format!("{} for {}", order.id, order.gross)).collect();
            let fields = [
                ("there now", format!("expires on {}", sight.stand.until)),
                ("unpaid orders", if orders.is_empty() { "none".to_owned() } else { orders.join(", ") }),
                ("newest orders", sight.watermark.orders.join(", ")),
                ("balance", sight.watermark.balance.map(|balance| balance.to_string()).unwrap_or_default()),
                ("renews by itself", sight.stand.native.word().to_owned()),
            ];
            let document = json!({
                "fence": sight.stand.until.to_string(),
                "expires_at": sight.stand.expires_at.to_string(),
                "native": sight.stand.native.word(),
                "open_orders": sight.open_orders.iter().map(document::order).collect::<Vec<_>>(),
                "books": document::watermark(&sight.watermark),
            });
            output.document(&fields, &document::line("sight", document))
        }
        Ok(None) => told_none(output, "the provider has no such service any more"),
        Err(error) => told_none(output, &output::in_one_line(error)),
    }
}

fn told_none(output: Output, why: &str) -> anyhow::Result<()> {
    let document = document::line("sight", json!({ "error": why }));
    output.document(&[("there now", why.to_owned())], &document)
}

#[cfg(test)]
mod tests {
    use perennial_core::buyer::intent::State;
    use perennial_core::buyer::remote::Watermark;

    use super::*;
    use crate::buyer::example;

    #[test]
    fn the_question_says_what_speaks_against_the_answer() {
        let intent = example::intent("ovh", "1", "10", State::Ordering);
        let sight = |until: &str| Sight {
            stand: example::holding("ovh", "1", until).stand,
            open_orders: Vec::new(),
            watermark: Watermark { at: intent.made_at, orders: Vec::new(), balance: None },
        };
        for (verdict, until, against) in [
            (Verdict::Paid, Some("2027-01-15"), None),
            (Verdict::Paid, Some("2026-12-15"), Some("still shows the old expiry")),
            (Verdict::NotPaid, Some("2026-12-15"), None),
            (Verdict::NotPaid, Some("2027-01-15"), Some("shows a later expiry")),
            (Verdict::NotPaid, None, Some("does not show where the service stands")),
        ] {
            let question = question(&intent, verdict, until.map(sight).as_ref());
            assert_eq!(question.contains("The provider"), against.is_some(), "{question}");
            assert!(against.is_none_or(|against| question.contains(against)), "{question}");
        }
    }
}
