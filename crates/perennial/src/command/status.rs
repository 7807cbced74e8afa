//! `perennial status`: which renewals are under way, and what became of the last ones.

use std::process::ExitCode;

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use perennial_core::buyer::holding::Holding;
use perennial_core::buyer::intent::IntentId;
use perennial_core::buyer::policy::{Mode, Policy};
use perennial_core::ports::Failure;
use perennial_store::{Filed, HoldingFilter, IntentFilter, Note, Records, Sync};
use serde_json::json;

use crate::buyer::ending::Ending;
use crate::buyer::telling::{ending, holder, intent_words, left, short, trouble, with_trouble};
use crate::buyer::{Office, document, filed, service};
use crate::command::Global;
use crate::command::plan::section;
use crate::output::{self, Column, Output, Row, minute, text};

/// Of how long ago settled renewals are shown, and how many.
const RECENT: SignedDuration = SignedDuration::from_hours(30 * 24);
const RECENT_MAX: usize = 10;

/// How many services past due are named.
const DUE_MAX: usize = 20;

/// Show which renewals are under way, what became of the last ones, and what is due without one
///
/// Reads the ledger alone; no provider is called. With an ID, that renewal with every step.
///
/// --json: a line each with `version` and `kind`: `intent` (as `result` lines of `apply`, and `since`, `holder`, `trouble`), `note`
/// (with an ID: `at`, `state`, `text`), `inventory` (`provider`, `at`, `services`), `due` (a service past its day without a
/// renewal under way).
///
/// Exit codes: 0 shown, 1 failed, 2 used wrongly; with --detailed-exitcode 10 where a renewal waits, 11 where the outcome of
/// one is unknown, 13 where something is due without one.
#[derive(Args, Debug)]
pub struct StatusArgs {
    /// This renewal only, by its intent
    #[arg(value_name = "ID")]
    id: Option<String>,
    /// All that were settled, not the last ones only
    #[arg(long, conflicts_with = "id")]
    all: bool,
    /// Exit with a code that tells whether something waits, is unknown or is due
    #[arg(long)]
    detailed_exitcode: bool,
}

/// Shows.
///
/// # Errors
/// When there is no such intent, or the ledger does not answer.
pub fn run(global: &Global, args: &StatusArgs) -> anyhow::Result<ExitCode> {
    let office = Office::open_to_read(global)?;
    let books = office.books()?;
    let (now, output) = (office.clock().now(), global.output());
    let worst = match &args.id {
        Some(id) => {
            let found = filed::find(&*books, id)?;
            let notes = books.notes(&found.intent.id)?;
            show_one(output, &found, &notes, now)?;
            ending_of(&found)
        }
        None => show_all(output, &*books, office.policy(), now, args.all)?,
    };
    Ok(if args.detailed_exitcode { worst.code(true) } else { ExitCode::SUCCESS })
}

/// How an intent stands, as far as something is still to come of it.
fn ending_of(filed: &Filed) -> Ending {
    if filed.intent.state.is_open() { ending(&filed.intent.state) } else { Ending::Done }
}

fn show_all(
    output: Output,
    books: &(dyn Records + Send + std::marker::Sync),
    policy: &Policy,
    now: Timestamp,
    is_all: bool,
) -> anyhow::Result<Ending> {
    const OPEN: [Column; 6] =
        [text("INTENT"), text("SERVICE"), text("NAME"), text("STATE"), text("SINCE"), text("WHAT")];
    const SETTLED: [Column; 5] = [text("INTENT"), text("SERVICE"), text("NAME"), text("MADE"), text("WHAT")];
    let open = books.intents(IntentFilter::Open)?;
    let rows = open.iter().map(|each| open_row(books, each, now)).collect::<Result<_, _>>()?;
    output.list(&OPEN, rows, "no renewal is under way")?;
    service::tell_unruled(books, policy)?;
    let since = if is_all { Timestamp::MIN } else { now.checked_sub(RECENT).unwrap_or(Timestamp::MIN) };
    let mut settled = books.intents(IntentFilter::Since(since))?;
    settled.retain(|each| !each.intent.state.is_open());
    let skipped = if is_all { 0 } else { settled.len().saturating_sub(RECENT_MAX) };
    let rows = settled.iter().skip(skipped).map(|each| settled_row(each, now));
    section(output, &SETTLED, rows.collect())?;
    show_inventories(output, &books.syncs()?, now)?;
    let due = past_due(books, policy, now)?;
    show_due(output, &due, now)?;
    let worst = open.iter().map(ending_of).max().unwrap_or_default();
    Ok(if due.is_empty() { worst } else { worst.max(Ending::Changed) })
}

fn open_row(books: &(dyn Records + Send + std::marker::Sync), filed: &Filed, now: Timestamp) -> Result<Row, Failure> {
    let Filed { intent, .. } = filed;
    let notes = books.notes(&intent.id)?;
    let since = since(&notes, intent.state.word());
    let trouble = trouble(&intent.state, &notes);
    let who = holder(filed, now).map_or_else(String::new, |who| format!(" (with {who})"));
    let more = json!({ "since": since.map(|at| at.to_string()), "holder": holder(filed, now), "trouble": trouble });
    Ok(Row {
        cells: vec![
            short(&intent.id).to_owned(),
            intent.key.to_string(),
            intent.ask.name.clone(),
            intent.state.word().to_owned(),
            since.map(minute).unwrap_or_default(),
            format!("{}{who}", with_trouble(intent_words(intent, now), trouble)),
        ],
        document: document::line("intent", document::with(document::intent(intent, now), more)),
    })
}

/// Since when an intent is in its state: the first of the last notes that say so.
fn since(notes: &[Note], state: &str) -> Option<Timestamp> {
    notes.iter().rev().take_while(|note| note.state == state).last().map(|note| note.at)
}

fn settled_row(Filed { intent, .. }: &Filed, now: Timestamp) -> Row {
    Row {
        cells: vec![
            short(&intent.id).to_owned(),
            intent.key.to_string(),
            intent.ask.name.clone(),
            minute(intent.made_at),
            intent_words(intent, now),
        ],
        document: document::line("intent", document::intent(intent, now)),
    }
}

fn show_inventories(output: Output, syncs: &[Sync], now: Timestamp) -> anyhow::Result<()> {
    const COLUMNS: [Column; 4] = [text("INVENTORY"), text("SERVICES"), text("READ"), text("AGE")];
    let row = |sync: &Sync| Row {
        cells: vec![
            sync.provider.to_string(),
            sync.holdings.to_string(),
            minute(sync.at),
            // Where the sandbox is down, the times are not by the clock that read it.
            if sync.at > now { "?".to_owned() } else { format!("{} h", now.duration_since(sync.at).as_hours()) },
        ],
        document: document::line(
            "inventory",
            json!({ "provider": sync.provider.as_str(), "at": sync.at.to_string(), "services": sync.holdings }),
        ),
    };
    section(output, &COLUMNS, syncs.iter().map(row).collect())
}

/// The services that the policy would have renewed by now, and that no intent is on file for.
fn past_due(
    books: &(dyn Records + Send + std::marker::Sync),
    policy: &Policy,
    now: Timestamp,
) -> anyhow::Result<Vec<Holding>> {
    let today = policy.zone().date_of(now);
    let filter = HoldingFilter { provider: None, until_before: Some(policy.horizon(today)) };
    let mut due = Vec::new();
    for holding in service::all(books, &filter)? {
        let is_due = policy
            .rule_for(&holding)
            .is_some_and(|rule| rule.mode != Mode::Never && rule.due_on(holding.stand.until) < today);
        if is_due && books.on_file(&holding.key, holding.stand.until)?.is_none() {
            due.push(holding);
        }
    }
    Ok(due)
}

fn show_due(output: Output, due: &[Holding], now: Timestamp) -> anyhow::Result<()> {
    match output {
        Output::Json => {
            output::lines(due.iter().map(|each| document::line("due", document::holding(each)).to_string()))
        }
        Output::Human => {
            for holding in due.iter().take(DUE_MAX) {
                let left = left(holding.stand.expires_at, now);
                output::note(&format!(
                    "warning: {} {} is due, and nothing is under way: {left}",
                    holding.key, holding.name
                ));
            }
            if due.len() > DUE_MAX {
                output::note(&format!("warning: so are {} more", due.len().saturating_sub(DUE_MAX)));
            }
            if !due.is_empty() {
                output::note("hint: `perennial plan` tells why, or what they cost");
            }
            Ok(())
        }
    }
}

fn show_one(output: Output, filed: &Filed, notes: &[Note], now: Timestamp) -> anyhow::Result<()> {
    const NOTES: [Column; 3] = [text("WHEN"), text("STATE"), text("WHAT HAPPENED")];
    let Filed { intent, .. } = filed;
    let more = json!({ "holder": holder(filed, now), "trouble": trouble(&intent.state, notes) });
    let document = document::line("intent", document::with(document::intent(intent, now), more));
    output.document(&fields(filed, now), &document)?;
    let row = |note: &Note| Row {
        cells: vec![minute(note.at), note.state.clone(), note.text.clone()],
        document: document::line("note", document::note(note)),
    };
    section(output, &NOTES, notes.iter().map(row).collect())
}

/// An intent's fields, for people.
pub(super) fn fields(filed: &Filed, now: Timestamp) -> Vec<(&'static str, String)> {
    let Filed { intent, .. } = filed;
    let offer = &intent.ask.offer;
    let order = intent.state.order().map(|order| order.id.clone());
    let order = order.or_else(|| intent.state.receipt().and_then(|receipt| receipt.order.clone()));
    let IntentId(id) = &intent.id;
    let fence = intent.ask.fence;
    let expiry = if intent.state.is_open() {
        format!("{fence}, {}", left(intent.expires_at, now))
    } else {
        format!("{fence}, when it was planned")
    };
    let before = intent.watermark.as_ref().map(|mark| {
        let balance = mark.balance.map_or_else(String::new, |balance| format!(", {balance} on the balance"));
        format!("newest orders {}{balance}, {}", mark.orders.join(", "), minute(mark.at))
    });
    vec![
        ("intent", id.clone()),
        ("service", format!("{} {}", intent.key, intent.ask.name)),
        ("state", format!("{}: {}", intent.state.word(), intent_words(intent, now))),
        ("expiry", expiry),
        ("asked for", format!("{} until {} for {}", offer.length, offer.until, offer.gross)),
        ("made", minute(intent.made_at)),
        ("sent", intent.sent_at.map(minute).unwrap_or_default()),
        ("seen before", before.unwrap_or_default()),
        ("order", order.unwrap_or_default()),
        ("with", holder(filed, now).unwrap_or_default().to_owned()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_began_with_the_first_of_the_last_notes_that_name_it() {
        let note = |at: &str, state: &str| Note {
            at: at.parse().expect("is an instant"),
            state: state.to_owned(),
            text: String::new(),
        };
        let notes = [
            note("2026-11-22T12:00:00Z", "unsure"),
            note("2026-11-22T12:01:00Z", "planned"),
            note("2026-11-22T12:02:00Z", "unsure"),
            note("2026-11-22T12:03:00Z", "unsure"),
        ];
        assert_eq!(since(&notes, "unsure").map(|at| at.to_string()).as_deref(), Some("2026-11-22T12:02:00Z"));
        assert_eq!(since(&notes, "done"), None);
        assert_eq!(since(&[], "planned"), None);
    }
}
