//! `perennial account`: customers, and their passwords for the pages.

use std::io::{IsTerminal, Read};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use perennial_core::account::{Account, TaxTreatment};
use perennial_core::ids::AccountId;
use perennial_core::ports::Failure;
use perennial_core::snapshot::Want;
use perennial_store::{Record, StoreError};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::command::Global;
use crate::command::balance::balances;
use crate::ledger::Ledger;
use crate::output::{self, Column, Output, Row, minute, money, text};
use crate::web::password;

/// The fewest characters of a password.
const PASSWORD_LENGTH_MIN: usize = 12;
/// The most: hashing is slow enough without.
const PASSWORD_LENGTH_MAX: usize = 1_024;

/// List and show customers, and set their passwords
#[derive(Args, Debug)]
pub struct AccountArgs {
    #[command(subcommand)]
    command: AccountCommand,
}

#[derive(Debug, Subcommand)]
enum AccountCommand {
    /// List all accounts
    ///
    /// --json: a line an account, as `show`, without `balance`, `receivable` and `services`.
    List,
    /// Show an account
    ///
    /// --json: one document with `code`, `name`, `email`, `country`, `vat_number`, `currency`, `tax`, `tax_rate`, `zone`,
    /// `credit_limit`, `standing`, `facts`, `has_password`, `created`, `balance`, `receivable`, `services` (how many).
    Show {
        /// The account's code
        code: String,
    },
    /// Set the password for the pages
    ///
    /// Asked for on the terminal, without showing it; --password-stdin reads it from stdin instead.
    SetPassword {
        /// The account's code
        code: String,
        /// Read the password from stdin; a line break at its end is no part of it
        #[arg(long)]
        password_stdin: bool,
    },
}

/// Lists, shows or sets.
///
/// # Errors
/// When there is no such account, the password will not do, or the database does not answer.
pub fn run(global: &Global, args: &AccountArgs) -> anyhow::Result<ExitCode> {
    let ledger = Ledger::open(global)?;
    match &args.command {
        AccountCommand::List => list(&ledger, global.output())?,
        AccountCommand::Show { code } => show(&ledger, global.output(), &ledger.account(code)?)?,
        AccountCommand::SetPassword { code, password_stdin } => {
            let account = ledger.account(code)?;
            let password = if *password_stdin { password_from_stdin()? } else { password_from_terminal(code)? };
            set_password(&ledger, account.id, &password)?;
            output::note(&format!("the password of {code} is set"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn list(ledger: &Ledger, output: Output) -> anyhow::Result<()> {
    const COLUMNS: [Column; 6] =
        [text("CODE"), text("NAME"), text("EMAIL"), text("COUNTRY"), text("CURRENCY"), text("TAX")];
    let rows = ledger.accounts()?.into_iter().map(|account| Row {
        document: document(&account),
        cells: vec![
            account.code,
            account.name,
            account.email,
            account.country,
            account.currency.to_string(),
            tax(account.tax),
        ],
    });
    output.list(&COLUMNS, rows.collect(), "there are no accounts")
}

fn show(ledger: &Ledger, output: Output, account: &Account) -> anyhow::Result<()> {
    let balances = balances(ledger, account)?;
    let services = ledger.books().service_ids(account.id, None)?.len();
    let facts: Vec<_> = account.facts.iter().map(|(key, value)| format!("{key} {value}")).collect();
    let fields = [
        ("code", account.code.clone()),
        ("name", account.name.clone()),
        ("email", account.email.clone()),
        ("country", account.country.clone()),
        ("VAT number", account.vat_number.clone().unwrap_or_default()),
        ("currency", account.currency.to_string()),
        ("tax", tax(account.tax)),
        ("zone", account.zone.name().to_owned()),
        ("standing", account.standing.word().to_owned()),
        ("facts", facts.join(", ")),
        ("customer since", minute(account.created)),
        ("password", if account.page_password.is_some() { "set" } else { "not set" }.to_owned()),
        ("balance", balances.balance.to_string()),
        ("owed", format!("{} of {}", balances.receivable, account.credit_limit)),
        ("services", services.to_string()),
    ];
    let mut document = document(account);
    document["balance"] = money(balances.balance);
    document["receivable"] = money(balances.receivable);
    document["services"] = json!(services);
    output.document(&fields, &document)
}

fn tax(tax: TaxTreatment) -> String {
    match tax {
        TaxTreatment::Standard(rate) => rate.to_string(),
        TaxTreatment::ReverseCharge | TaxTreatment::Exempt => tax.word().to_owned(),
    }
}

fn document(account: &Account) -> Value {
    let percent = account.tax.rate().to_string();
    json!({
        "code": account.code,
        "name": account.name,
        "email": account.email,
        "country": account.country,
        "vat_number": account.vat_number,
        "currency": account.currency.code(),
        "tax": account.tax.word(),
        "tax_rate": percent.trim_end_matches(" %"),
        "zone": account.zone.name(),
        "credit_limit": money(account.credit_limit),
        "standing": account.standing.word(),
        "facts": account.facts,
        "has_password": account.page_password.is_some(),
        "created": account.created.to_string(),
    })
}

fn password_from_stdin() -> anyhow::Result<SecretString> {
    let mut text = String::new();
    let bytes_max = 4 * PASSWORD_LENGTH_MAX as u64;
    std::io::stdin().lock().take(bytes_max).read_to_string(&mut text).context("reading the password from stdin")?;
    Ok(text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line)).into())
}

fn password_from_terminal(code: &str) -> anyhow::Result<SecretString> {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        bail!("there is no terminal to ask for the password on\nhint: `--password-stdin` reads it from stdin");
    }
    let terminal = console::Term::stderr();
    let ask = |question: &str| -> anyhow::Result<SecretString> {
        terminal.write_str(question).context("asking for the password")?;
        Ok(terminal.read_secure_line().context("reading the password")?.into())
    };
    let password = ask(&format!("New password for {code}: "))?;
    if ask("The same again: ")?.expose_secret() != password.expose_secret() {
        bail!("the two are not the same, so nothing was changed");
    }
    Ok(password)
}

fn set_password(ledger: &Ledger, account: AccountId, password: &SecretString) -> anyhow::Result<()> {
    let text = password.expose_secret();
    let length = text.chars().count();
    if !(PASSWORD_LENGTH_MIN..=PASSWORD_LENGTH_MAX).contains(&length) {
        bail!("a password has {PASSWORD_LENGTH_MIN} to {PASSWORD_LENGTH_MAX} characters, and this has {length}");
    }
    let hash = password::hash(text)?;
    ledger.do_chore(move |batch| {
        // Read again in the transaction that writes, so that nothing else of the account is turned back.
        let seen = batch.load(&[Want::Account(account)])?;
        let account = seen.account(account).map_err(|gone| StoreError::Failed(Failure::new("set a password", gone)))?;
        batch.record(&Record::Account(Account { page_password: Some(hash), ..account.clone() })).map(drop)
    })
}
