//! `perennial balance`: what an account has and owes, and money by hand.

use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use perennial_core::account::Account;
use perennial_core::command::{Action, Command};
use perennial_core::ledger::{Balances, Book, Transfer};
use perennial_core::money::Money;
use perennial_core::ports::Span;
use perennial_core::snapshot::Want;
use serde_json::{Value, json};

use crate::command::{Global, Misuse};
use crate::ledger::Ledger;
use crate::output::{self, Column, Output, Row, money, number, text};

/// Show and credit balances
#[derive(Args, Debug)]
pub struct BalanceArgs {
    #[command(subcommand)]
    command: BalanceCommand,
}

#[derive(Debug, Subcommand)]
enum BalanceCommand {
    /// Show what an account has and owes, and every movement of its balance
    ///
    /// --json: one document with `account`, `balance`, `receivable`, `credit_limit`, `movements`.
    Show {
        /// The account's code
        code: String,
    },
    /// Put money on an account's balance
    ///
    /// The books are append-only: what was put there by mistake is not taken off again here.
    /// --json: one document with `account`, `balance`.
    Credit {
        /// The account's code
        code: String,
        /// How much, in the account's currency, such as 25 or 9.99
        #[arg(allow_negative_numbers = true)]
        amount: String,
        /// Why; the customer sees it
        #[arg(long, value_name = "TEXT")]
        memo: String,
    },
}

/// Shows or credits.
///
/// # Errors
/// When there is no such account, the rules refuse, or the database does not answer.
pub fn run(global: &Global, args: &BalanceArgs) -> anyhow::Result<ExitCode> {
    let ledger = Ledger::open(global)?;
    match &args.command {
        BalanceCommand::Show { code } => show(&ledger, global.output(), &ledger.account(code)?)?,
        BalanceCommand::Credit { code, amount, memo } => {
            let account = ledger.account(code)?;
            let amount = Money::parse(amount, account.currency).map_err(|error| Misuse(format!("AMOUNT: {error}")))?;
            let action = Action::CreditBalance { amount, memo: memo.clone() };
            ledger.carry_out(Command { account: account.id, token: None, action })?;
            let balance = balances(&ledger, &account)?.balance;
            match global.output() {
                Output::Human => {
                    output::lines([format!("{amount} put on the balance of {code}, which is {balance} now")])?;
                }
                Output::Json => output::lines([json!({ "account": code, "balance": money(balance) }).to_string()])?,
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What an account has and owes.
///
/// # Errors
/// When the database does not answer.
pub fn balances(ledger: &Ledger, account: &Account) -> anyhow::Result<Balances> {
    let seen = ledger.books().load(&[Want::Balances(account.id)])?;
    seen.balances.get(&account.id).copied().context("the ledger told no balance")
}

fn show(ledger: &Ledger, output: Output, account: &Account) -> anyhow::Result<()> {
    const COLUMNS: [Column; 4] = [text("BOOKED"), number("AMOUNT"), text("FOR"), text("MEMO")];
    let balances = balances(ledger, account)?;
    let movements = ledger.books().balance_movements(account.id, Span::default())?;
    if output == Output::Json {
        let movements: Vec<_> = movements.iter().map(|(id, transfer)| movement(*id, transfer)).collect();
        return output.document(
            &[],
            &json!({
                "account": account.code,
                "balance": money(balances.balance),
                "receivable": money(balances.receivable),
                "credit_limit": money(account.credit_limit),
                "movements": movements,
            }),
        );
    }
    let fields = [
        ("account", account.code.clone()),
        ("balance", balances.balance.to_string()),
        ("owed", balances.receivable.to_string()),
        ("credit limit", account.credit_limit.to_string()),
    ];
    output.document(&fields, &Value::Null)?;
    if movements.is_empty() {
        return Ok(());
    }
    output::lines([""])?;
    let rows = movements.iter().map(|(id, transfer)| Row {
        cells: vec![
            account.zone.date_of(transfer.at).to_string(),
            signed(transfer).to_string(),
            transfer.order.map_or_else(String::new, |order| format!("order {order}")),
            transfer.memo.clone().unwrap_or_default(),
        ],
        document: movement(*id, transfer),
    });
    output.list(&COLUMNS, rows.collect(), "")
}

/// The amount as the balance saw it: below zero where it left.
fn signed(transfer: &Transfer) -> Money {
    let Transfer { amount, debit, .. } = transfer;
    if *debit == Book::Balance { amount.negated().unwrap_or(*amount) } else { *amount }
}

fn movement(id: i64, transfer: &Transfer) -> Value {
    json!({
        "id": id,
        "booked": transfer.at.to_string(),
        "amount": money(signed(transfer)),
        "debit": transfer.debit.word(),
        "credit": transfer.credit.word(),
        "order": transfer.order.map(|order| order.0),
        "memo": transfer.memo,
    })
}
