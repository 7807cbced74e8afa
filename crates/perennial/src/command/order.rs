//! `perennial order`: what was ordered, and taking a paid one back.

use std::process::ExitCode;

use anyhow::{anyhow, bail};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use perennial_core::account::Account;
use perennial_core::charge::{Charge, ChargeOutcome, ChargeState, Decline, Direction};
use perennial_core::command::{Action, Command, CreditTo, Reply};
use perennial_core::ids::OrderId;
use perennial_core::invoice::Invoice;
use perennial_core::order::{Order, OrderState, PayPlan};
use perennial_core::payment::{MethodKind, Payment};
use perennial_core::ports::{Clock, Rejection, Span};
use perennial_core::refusal::Refusal;
use perennial_core::snapshot::{Snapshot, Want};
use perennial_engine::clock::SystemClock;
use serde_json::{Value, json};

use crate::command::{Consent, Global};
use crate::ledger::Ledger;
use crate::output::{self, Column, Output, Row, minute, money, number, text};

/// How many orders are loaded at a time.
const PAGE: usize = 500;

/// List and show orders, and take paid ones back
#[derive(Args, Debug)]
pub struct OrderArgs {
    #[command(subcommand)]
    command: OrderCommand,
}

#[derive(Debug, Subcommand)]
enum OrderCommand {
    /// List orders, oldest first
    ///
    /// --json: a line an order with `id`, `account`, `state`, `origin`, `purpose` (renewal, purchase, deposit), `period`
    /// (null where its lines have none in common), `promo`, `plan` (`by_itself`, `kind`, `from_balance`), `placed`,
    /// `lapses`, `net`, `tax`, `gross`, `charge` (the number of the charge that is under way, or null) and `lines` (`service`,
    /// `name`, `description`, `period`, `from`, `until`, `net`, `tax`).
    List {
        /// Of this account only
        #[arg(long, value_name = "CODE")]
        account: Option<String>,
        /// Only those that wait for their payment
        #[arg(long)]
        open: bool,
    },
    /// Show an order with its lines, payment, invoices and charges
    ///
    /// --json: one document as a line of `list`, and with `payment`, `invoices` and `charges` (`id`, `direction` (collect,
    /// refund), `amount`, `from_balance`, `method`, `state` (open, settled, credited, declined), `reason`, `reference`,
    /// `opened`, `at`, `again_on`).
    Show {
        /// The order's number
        id: i64,
        #[command(flatten)]
        owner: Owner,
    },
    /// Withdraw an open order, so that its services can be renewed otherwise
    ///
    /// Asks first. --json: one document as `show`.
    Cancel {
        /// The order's number
        id: i64,
        #[command(flatten)]
        owner: Owner,
        #[command(flatten)]
        consent: Consent,
    },
    /// Take a paid order back: a credit note, and its money on the account's balance
    ///
    /// The paid term of its services stays. Asks first. --json: one document as `show`.
    Credit {
        /// The order's number
        id: i64,
        /// Give the money back to what it was paid with, through its gateway: a running `serve` does it, and makes the
        /// credit note then. What came from the balance goes there
        #[arg(long)]
        to_method: bool,
        #[command(flatten)]
        owner: Owner,
        #[command(flatten)]
        consent: Consent,
    },
    /// Settle a charge that the gateway never answers, by what you found there
    ///
    /// For an order whose payment stays under way because this ledger cannot ask its gateway any more. Look at the charge
    /// there first (`show` has its reference). Nothing is sent, whatever you say. Asks first. --json: one document as `show`.
    Resolve {
        /// The order's number
        id: i64,
        #[command(flatten)]
        verdict: Verdict,
        #[command(flatten)]
        owner: Owner,
        #[command(flatten)]
        consent: Consent,
    },
}

#[derive(Args, Clone, Copy, Debug)]
#[group(required = true, multiple = false)]
struct Verdict {
    /// The money moved: the order is paid, or the credit note of a refund is made
    #[arg(long)]
    moved: bool,
    /// The money did not move and never will: cancel the charge at the gateway before you say so. The order is free again,
    /// and the schedule does not try the method for it any more
    #[arg(long)]
    declined: bool,
}

impl Verdict {
    const fn outcome(self) -> ChargeOutcome {
        if self.moved { ChargeOutcome::Moved } else { ChargeOutcome::Declined(Decline::Gone) }
    }
}

#[derive(Args, Clone, Debug)]
struct Owner {
    /// The account whose order it is [default: looked up]
    #[arg(long, value_name = "CODE")]
    account: Option<String>,
}

/// Lists, shows, withdraws, credits or resolves.
///
/// # Errors
/// When there is no such order or charge, the rules refuse, or the database does not answer.
pub fn run(global: &Global, args: &OrderArgs) -> anyhow::Result<ExitCode> {
    let ledger = Ledger::open(global)?;
    let output = global.output();
    match &args.command {
        OrderCommand::List { account, open } => list(&ledger, output, account.as_deref(), *open)?,
        OrderCommand::Show { id, owner } => show(&ledger, output, owner, OrderId(*id))?,
        OrderCommand::Cancel { id, owner, consent } => {
            let order = OrderId(*id);
            settle(&ledger, output, owner, order, |account, order| {
                consent.ask(&format!("Withdraw order {} of {account} over {}?", order.id, order.gross))?;
                Ok(Action::CancelOrder { order: order.id })
            })?;
        }
        OrderCommand::Credit { id, to_method, owner, consent } => {
            let order = OrderId(*id);
            let (to, place) = if *to_method {
                (CreditTo::Method, "give the money back to what it was paid with")
            } else {
                (CreditTo::Balance, "put the money on the balance")
            };
            settle(&ledger, output, owner, order, |account, order| {
                let (id, gross) = (order.id, order.gross);
                consent.ask(&format!("Take order {id} of {account} over {gross} back, and {place}?"))?;
                Ok(Action::CreditOrder { order: id, to })
            })?;
            if *to_method {
                output::note("the refund is on file: a running `serve` has the gateway give the money back");
            }
        }
        OrderCommand::Resolve { id, verdict, owner, consent } => {
            resolve(&ledger, output, owner, OrderId(*id), verdict.outcome(), *consent)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Asks, carries out what is to become of an order, and shows it.
fn settle(
    ledger: &Ledger,
    output: Output,
    owner: &Owner,
    id: OrderId,
    ask: impl FnOnce(&str, &Order) -> anyhow::Result<Action>,
) -> anyhow::Result<()> {
    let (account, seen) = find(ledger, id, owner)?;
    let action = ask(&account.code, seen.order_of(account.id, id)?)?;
    ledger.carry_out(Command { account: account.id, token: None, action }).map_err(|error| {
        match error.downcast_ref::<Rejection>() {
            Some(Rejection::Refused(Refusal::NotCharged(id))) => {
                anyhow!("{error}\nhint: `perennial order credit {id}` puts its money on the balance")
            }
            Some(Rejection::Refused(Refusal::ChargeOpen(id) | Refusal::RefundOpen(id))) => anyhow!(
                "{error}\nhint: `perennial order show {id}` tells its charge; if the gateway never answers, \
                 `perennial order resolve {id}` settles it"
            ),
            _ => error,
        }
    })?;
    show(ledger, output, owner, id)
}

/// Asks, settles the charge that is under way for an order, and shows the order.
fn resolve(
    ledger: &Ledger,
    output: Output,
    owner: &Owner,
    id: OrderId,
    outcome: ChargeOutcome,
    consent: Consent,
) -> anyhow::Result<()> {
    let (account, seen) = find(ledger, id, owner)?;
    let mut charges = seen.charges.get(&id).into_iter().flatten();
    let Some(charge) = charges.find(|charge| charge.state == ChargeState::Open) else {
        bail!("no charge of order {id} is under way\nhint: `perennial order show {id}` tells what became of each");
    };
    consent.ask(&question(&account.code, charge, outcome))?;
    let reference = charge.reference.clone();
    let action = Action::SettleCharge { order: id, charge: charge.id, reference, outcome };
    let reply = ledger.carry_out(Command { account: account.id, token: None, action })?;
    // A charge that paid its order is told as the order.
    if let Reply::Charge(Charge { state, .. }) = reply
        && !is_of(state, outcome)
    {
        bail!(
            "charge {} of order {id} moved on meanwhile, so nothing was done\nhint: `perennial order show {id}`, and look \
             again at the gateway",
            charge.id
        );
    }
    show(ledger, output, owner, id)
}

/// Whether a charge that stands like that had this outcome.
const fn is_of(state: ChargeState, outcome: ChargeOutcome) -> bool {
    match outcome {
        ChargeOutcome::Moved => matches!(state, ChargeState::Settled(_) | ChargeState::Credited(_)),
        ChargeOutcome::Declined(_) => matches!(state, ChargeState::Declined(..)),
    }
}

/// What a person is asked before a charge is settled by hand.
fn question(account: &str, charge: &Charge, outcome: ChargeOutcome) -> String {
    let Charge { id, order, direction, amount, method, reference, .. } = charge;
    let there = reference.as_ref().map_or_else(
        || format!("no reference is on file; at Stripe, look for `metadata[charge]` {id}"),
        |reference| format!("the gateway calls it {reference}"),
    );
    let (first, then) = match (outcome, direction) {
        (ChargeOutcome::Moved, Direction::Collect) => ("", "the money moved, and the order is to be paid with it"),
        (ChargeOutcome::Moved, Direction::Refund) => ("", "the money went back, and the credit note is to be made"),
        (ChargeOutcome::Declined(_), Direction::Collect) => {
            (", and cancel it there", "the money did not move and never will, and the order is to be free again")
        }
        (ChargeOutcome::Declined(_), Direction::Refund) => {
            (", and cancel it there", "the money did not go back and never will, and the order is to stay paid")
        }
    };
    format!(
        "Charge {id} of order {order} of {account}: {} {amount} with method {method}; {there}.\nLook at it at the gateway \
         first{first}. You are certain that {then}?",
        direction.word()
    )
}

fn list(ledger: &Ledger, output: Output, account: Option<&str>, only_open: bool) -> anyhow::Result<()> {
    const COLUMNS: [Column; 8] = [
        number("ID"),
        text("ACCOUNT"),
        text("PLACED"),
        text("STATE"),
        text("PURPOSE"),
        text("PERIOD"),
        number("GROSS"),
        text("SERVICES"),
    ];
    let now = SystemClock.now();
    let mut rows = Vec::new();
    for account in ledger.accounts_or_one(account)? {
        for page in ledger.books().order_ids(account.id, Span::default())?.chunks(PAGE) {
            let wants: Vec<_> = page.iter().map(|order| Want::Order(account.id, *order)).collect();
            let seen = ledger.books().load(&wants)?;
            for id in page {
                let order = seen.order_of(account.id, *id)?;
                if !only_open || order.is_open(now) {
                    rows.push((*id, row(now, &account, order)));
                }
            }
        }
    }
    rows.sort_by_key(|(id, _)| *id);
    output.list(&COLUMNS, rows.into_iter().map(|(_, row)| row).collect(), "there are no such orders")
}

fn row(now: Timestamp, account: &Account, order: &Order) -> Row {
    let names: Vec<_> = order.lines.iter().map(|line| line.service_name.as_str()).collect();
    Row {
        cells: vec![
            order.id.to_string(),
            account.code.clone(),
            account.zone.date_of(order.placed).to_string(),
            order.state_at(now).word().to_owned(),
            order.purpose.word().to_owned(),
            periods(order),
            order.gross.to_string(),
            names.join(", "),
        ],
        document: document(now, account, order),
    }
}

/// Finds an order, in the account that is named or in all, with its payment and invoices.
fn find(ledger: &Ledger, id: OrderId, owner: &Owner) -> anyhow::Result<(Account, Snapshot)> {
    for account in ledger.accounts_or_one(owner.account.as_deref())? {
        let wants = [
            Want::Order(account.id, id),
            Want::Payment(account.id, id),
            Want::Invoices(account.id, id),
            Want::Charges(account.id, id),
        ];
        let seen = ledger.books().load(&wants)?;
        if seen.orders.contains_key(&id) {
            return Ok((account, seen));
        }
    }
    match &owner.account {
        Some(code) => {
            bail!("account `{code}` has no order {id}\nhint: `perennial order list --account {code}` lists its orders")
        }
        None => Err(anyhow!("there is no order {id}\nhint: `perennial order list` lists all")),
    }
}

/// Shows an order as it is now.
fn show(ledger: &Ledger, output: Output, owner: &Owner, id: OrderId) -> anyhow::Result<()> {
    let (account, seen) = find(ledger, id, owner)?;
    show_found(output, &account, seen.order_of(account.id, id)?, &seen)
}

fn show_found(output: Output, account: &Account, order: &Order, seen: &Snapshot) -> anyhow::Result<()> {
    const COLUMNS: [Column; 7] =
        [number("SERVICE"), text("NAME"), text("PERIOD"), text("FROM"), text("UNTIL"), number("NET"), number("TAX")];
    let now = SystemClock.now();
    let payment = seen.payments.get(&order.id);
    let invoices = seen.invoices.get(&order.id).map_or(&[][..], Vec::as_slice);
    let charges = seen.charges.get(&order.id).map_or(&[][..], Vec::as_slice);
    if output == Output::Json {
        let mut document = document(now, account, order);
        document["payment"] = payment.map_or(Value::Null, |payment| {
            json!({
                "kind": payment.kind.word(),
                "amount": money(payment.amount),
                "from_balance": money(payment.from_balance),
                "at": payment.at.to_string(),
            })
        });
        document["invoices"] = invoices.iter().map(invoice_document).collect();
        document["charges"] = charges.iter().map(charge_document).collect();
        return output.document(&[], &document);
    }
    let papers: Vec<_> =
        invoices.iter().map(|invoice| format!("{} {}", invoice.kind.word(), invoice.number_text())).collect();
    let fields = [
        ("order", order.id.to_string()),
        ("account", account.code.clone()),
        ("state", state_words(order.state_at(now), order)),
        ("placed", format!("{} by {}", minute(order.placed), order.origin.word())),
        ("purpose", order.purpose.word().to_owned()),
        ("period", periods(order)),
        ("promo code", order.promo.clone().unwrap_or_default()),
        ("net", order.net.to_string()),
        ("tax", order.tax.to_string()),
        ("gross", order.gross.to_string()),
        ("to be paid", if order.is_open(now) { plan_words(order.plan) } else { String::new() }),
        ("paid with", payment.map_or_else(String::new, payment_words)),
        ("papers", papers.join(", ")),
    ];
    output.document(&fields, &Value::Null)?;
    output::lines([""])?;
    let rows = order.lines.iter().map(|line| Row {
        cells: vec![
            line.service.to_string(),
            line.service_name.clone(),
            line.period.map_or_else(String::new, |period| period.to_string()),
            line.term.from().to_string(),
            line.term.until().to_string(),
            line.net.to_string(),
            line.tax.to_string(),
        ],
        document: Value::Null,
    });
    output.list(&COLUMNS, rows.collect(), "")?;
    show_charges(output, charges)
}

/// What gateways were asked for, if anything was.
fn show_charges(output: Output, charges: &[Charge]) -> anyhow::Result<()> {
    const COLUMNS: [Column; 8] = [
        number("CHARGE"),
        text("DIRECTION"),
        number("AMOUNT"),
        number("METHOD"),
        text("STATE"),
        text("REASON"),
        text("AT"),
        text("REFERENCE"),
    ];
    if charges.is_empty() {
        return Ok(());
    }
    output::lines([""])?;
    let rows = charges.iter().map(|charge| {
        let (at, reason) = ended(charge.state);
        Row {
            cells: vec![
                charge.id.to_string(),
                charge.direction.word().to_owned(),
                charge.amount.to_string(),
                charge.method.to_string(),
                charge.state.word().to_owned(),
                reason.map_or_else(String::new, |reason| reason.word().to_owned()),
                minute(at.unwrap_or(charge.opened)),
                charge.reference.clone().unwrap_or_default(),
            ],
            document: Value::Null,
        }
    });
    output.list(&COLUMNS, rows.collect(), "")
}

/// When it became known what a gateway did, and why it did nothing.
const fn ended(state: ChargeState) -> (Option<Timestamp>, Option<Decline>) {
    match state {
        ChargeState::Open => (None, None),
        ChargeState::Settled(at) | ChargeState::Credited(at) => (Some(at), None),
        ChargeState::Declined(at, decline) => (Some(at), Some(decline)),
    }
}

fn charge_document(charge: &Charge) -> Value {
    let (at, reason) = ended(charge.state);
    json!({
        "id": charge.id.0,
        "direction": charge.direction.word(),
        "amount": money(charge.amount),
        "from_balance": money(charge.from_balance),
        "method": charge.method.0,
        "state": charge.state.word(),
        "reason": reason.map(Decline::word),
        "reference": charge.reference,
        "opened": charge.opened.to_string(),
        "at": at.map(|at| at.to_string()),
        "again_on": charge.again_on.map(|day| day.to_string()),
    })
}

fn state_words(state: OrderState, order: &Order) -> String {
    match state {
        OrderState::Open => match order.charge {
            Some(charge) => format!("open, charge {charge} is under way"),
            None => format!("open until {}", minute(order.lapses)),
        },
        OrderState::Fulfilled(at) | OrderState::Cancelled(at) => format!("{} {}", state.word(), minute(at)),
        OrderState::Lapsed => format!("lapsed {}", minute(order.lapses)),
    }
}

/// The period of all lines, or those that they have, each once, in the order of the lines.
fn periods(order: &Order) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in order.lines.iter().filter_map(|line| line.period.map(|period| period.to_string())) {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words.join(", ")
}

/// How an open order is meant to be paid.
fn plan_words(plan: PayPlan) -> String {
    let PayPlan { by_itself, kind, from_balance } = plan;
    let by = if by_itself { "by itself" } else { "by hand" };
    let with = kind.map(|kind| format!("with {}", kind.word()));
    let part = (!from_balance.is_zero()).then(|| format!("{from_balance} from the balance"));
    [Some(by.to_owned()), with, part].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn plan_document(plan: PayPlan) -> Value {
    json!({
        "by_itself": plan.by_itself,
        "kind": plan.kind.map(MethodKind::word),
        "from_balance": money(plan.from_balance),
    })
}

fn payment_words(payment: &Payment) -> String {
    let kind = payment.kind.word();
    if payment.from_balance.is_zero() {
        kind.to_owned()
    } else {
        format!("{kind}, {} from the balance", payment.from_balance)
    }
}

fn document(now: Timestamp, account: &Account, order: &Order) -> Value {
    let lines: Vec<_> = order
        .lines
        .iter()
        .map(|line| {
            json!({
                "service": line.service.0,
                "name": line.service_name,
                "description": line.description,
                "period": line.period.map(|period| period.to_string()),
                "from": line.term.from().to_string(),
                "until": line.term.until().to_string(),
                "net": money(line.net),
                "tax": money(line.tax),
            })
        })
        .collect();
    json!({
        "id": order.id.0,
        "account": account.code,
        "state": order.state_at(now).word(),
        "origin": order.origin.word(),
        "purpose": order.purpose.word(),
        "period": order.period().map(|period| period.to_string()),
        "promo": order.promo,
        "plan": plan_document(order.plan),
        "placed": order.placed.to_string(),
        "lapses": order.lapses.to_string(),
        "net": money(order.net),
        "tax": money(order.tax),
        "gross": money(order.gross),
        "charge": order.charge.map(|charge| charge.0),
        "lines": lines,
    })
}

fn invoice_document(invoice: &Invoice) -> Value {
    json!({
        "kind": invoice.kind.word(),
        "number": invoice.number_text(),
        "issued": invoice.issued.to_string(),
        "net": money(invoice.net),
        "tax": money(invoice.tax),
        "gross": money(invoice.gross),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_charge_that_is_open_still_or_ended_otherwise_was_not_resolved() {
        let (moved, declined) = (ChargeOutcome::Moved, ChargeOutcome::Declined(Decline::Gone));
        let at = Timestamp::UNIX_EPOCH;
        for (state, is_moved, is_declined) in [
            (ChargeState::Open, false, false),
            (ChargeState::Settled(at), true, false),
            (ChargeState::Credited(at), true, false),
            (ChargeState::Declined(at, Decline::Funds), false, true),
        ] {
            assert_eq!((is_of(state, moved), is_of(state, declined)), (is_moved, is_declined), "{state:?}");
        }
    }
}
