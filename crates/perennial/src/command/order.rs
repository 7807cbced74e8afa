//! `perennial order`: what was ordered, and taking a paid one back.

use std::process::ExitCode;

use anyhow::{anyhow, bail};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use perennial_core::account::Account;
use perennial_core::command::{Action, Command};
use perennial_core::ids::OrderId;
use perennial_core::invoice::Invoice;
use perennial_core::order::{Order, OrderState, PayPlan};
use perennial_core::payment::{MethodKind, Payment};
use perennial_core::ports::{Clock, Span};
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
    /// `lapses`, `net`, `tax`, `gross` and `lines` (`service`, `name`, `description`, `period`, `from`, `until`, `net`,
    /// `tax`).
    List {
        /// Of this account only
        #[arg(long, value_name = "CODE")]
        account: Option<String>,
        /// Only those that wait for their payment
        #[arg(long)]
        open: bool,
    },
    /// Show an order with its lines, payment and invoices
    ///
    /// --json: one document as a line of `list`, and with `payment` and `invoices`.
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
        #[command(flatten)]
        owner: Owner,
        #[command(flatten)]
        consent: Consent,
    },
}

#[derive(Args, Clone, Debug)]
struct Owner {
    /// The account whose order it is [default: looked up]
    #[arg(long, value_name = "CODE")]
    account: Option<String>,
}

/// Lists, shows, withdraws or credits.
///
/// # Errors
/// When there is no such order, the rules refuse, or the database does not answer.
pub fn run(global: &Global, args: &OrderArgs) -> anyhow::Result<ExitCode> {
    let ledger = Ledger::open(global)?;
    let output = global.output();
    match &args.command {
        OrderCommand::List { account, open } => list(&ledger, output, account.as_deref(), *open)?,
        OrderCommand::Show { id, owner } => {
            let (account, seen) = find(&ledger, OrderId(*id), owner)?;
            show(output, &account, seen.order_of(account.id, OrderId(*id))?, &seen)?;
        }
        OrderCommand::Cancel { id, owner, consent } => {
            let order = OrderId(*id);
            settle(&ledger, output, owner, order, |account, order| {
                consent.ask(&format!("Withdraw order {} of {account} over {}?", order.id, order.gross))?;
                Ok(Action::CancelOrder { order: order.id })
            })?;
        }
        OrderCommand::Credit { id, owner, consent } => {
            let order = OrderId(*id);
            settle(&ledger, output, owner, order, |account, order| {
                let (id, gross) = (order.id, order.gross);
                consent.ask(&format!(
                    "Take order {id} of {account} over {gross} back, and put the money on the balance?"
                ))?;
                Ok(Action::CreditOrder { order: id })
            })?;
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
    ledger.carry_out(Command { account: account.id, token: None, action })?;
    let (account, seen) = find(ledger, id, owner)?;
    show(output, &account, seen.order_of(account.id, id)?, &seen)
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
        let wants = [Want::Order(account.id, id), Want::Payment(account.id, id), Want::Invoices(account.id, id)];
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

fn show(output: Output, account: &Account, order: &Order, seen: &Snapshot) -> anyhow::Result<()> {
    const COLUMNS: [Column; 7] =
        [number("SERVICE"), text("NAME"), text("PERIOD"), text("FROM"), text("UNTIL"), number("NET"), number("TAX")];
    let now = SystemClock.now();
    let payment = seen.payments.get(&order.id);
    let invoices = seen.invoices.get(&order.id).map_or(&[][..], Vec::as_slice);
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
    output.list(&COLUMNS, rows.collect(), "")
}

fn state_words(state: OrderState, order: &Order) -> String {
    match state {
        OrderState::Open => format!("open until {}", minute(order.lapses)),
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
