//! `perennial method`: what accounts pay with, where a gateway keeps it.

use std::process::ExitCode;

use anyhow::{Context, anyhow, bail};
use clap::{Args, Subcommand};
use perennial_core::account::Account;
use perennial_core::command::{Action, Command, NewMethod, Reply};
use perennial_core::ids::MethodId;
use perennial_core::payment::{OnGateway, PaymentMethod, Preference};
use perennial_core::ports::Kept;
use perennial_core::snapshot::Want;
use serde_json::json;

use crate::buyer;
use crate::command::{Consent, Global};
use crate::gateway::{id, stripe};
use crate::ledger::{self, Ledger};
use crate::output::{Column, Output, Row, number, text};

/// Register, list and remove what accounts pay with
///
/// A card or account that Stripe keeps is charged there: by customers over the APIs and pages, and by the schedule. What no
/// gateway keeps is registered by `import`, and counts as paid at once.
#[derive(Args, Debug)]
pub struct MethodArgs {
    #[command(subcommand)]
    command: MethodCommand,
}

#[derive(Debug, Subcommand)]
enum MethodCommand {
    /// Register what Stripe keeps for a customer
    ///
    /// Asks Stripe what it is, with the key under [stripe] in the configuration; nothing is charged. What shows the same of
    /// itself is the same method again, and keeps what was said of it. --json: one document as a line of `list`.
    Add {
        /// Whose it is
        #[arg(long, value_name = "CODE")]
        account: String,
        /// What Stripe calls the customer, such as `cus_QXg1o8vcGmoR32`
        #[arg(long, value_name = "ID", value_parser = id::customer)]
        customer: String,
        /// What Stripe calls the payment method, which is attached to the customer, such as `pm_1PgafmB7WZ01`
        #[arg(long, value_name = "ID", value_parser = id::method)]
        method: String,
        /// Charge it where nobody says what else
        #[arg(long)]
        default: bool,
        /// What its owner calls it
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
    },
    /// List what is registered, by account
    ///
    /// --json: a line a method with `id`, `account`, `kind`, `label`, `description`, `status` (valid, cancelled), `default`,
    /// `expires`, `created`, `gateway` (null, or `name`, `customer`, `method`).
    List {
        /// Of this account only
        #[arg(long, value_name = "CODE")]
        account: Option<String>,
    },
    /// Take a method away, so that nothing is paid with it any more
    ///
    /// Stripe keeps it. A charge that is under way is carried out. Asks first. --json: one document as a line of `list`.
    Remove {
        /// The method's number
        id: i64,
        /// Whose it is
        #[arg(long, value_name = "CODE")]
        account: String,
        #[command(flatten)]
        consent: Consent,
    },
}

/// Registers, lists or removes.
///
/// # Errors
/// When there is no such account or method, Stripe does not know it or does not answer, the rules refuse, or the database
/// does not answer.
pub fn run(global: &Global, args: &MethodArgs) -> anyhow::Result<ExitCode> {
    let ledger = Ledger::open(global)?;
    let output = global.output();
    match &args.command {
        MethodCommand::Add { account, customer, method, default, description } => {
            let account = ledger.account(account)?;
            let (gateway, customer, method) = (stripe::NAME.to_owned(), customer.clone(), method.clone());
            let on_gateway = OnGateway { gateway, customer, method };
            let kept = ask(global, &on_gateway)?;
            let preference = default.then_some(Preference::Default);
            let id = add(&ledger, &account, kept, on_gateway, preference, description.clone())?;
            show(&ledger, output, &account, id)?;
        }
        MethodCommand::List { account } => list(&ledger, output, account.as_deref())?,
        MethodCommand::Remove { id, account, consent } => {
            let account = ledger.account(account)?;
            let method = find(&ledger, &account, MethodId(*id))?;
            consent.ask(&format!("Remove method {id} of {} ({})?", account.code, method.label))?;
            ledger.carry_out(Command {
                account: account.id,
                token: None,
                action: Action::RemoveMethod { method: method.id },
            })?;
            show(&ledger, output, &account, method.id)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Asks Stripe what it keeps.
fn ask(global: &Global, method: &OnGateway) -> anyhow::Result<Kept> {
    const HINT: &str = "hint: `secret_key_file` under [stripe] in the seller's configuration is a file with a key of \
                        Stripe's, and `--config` names the configuration";
    let config = ledger::config(global)?;
    let config = config.ok_or_else(|| anyhow!("there is no configuration, so Stripe cannot be asked\n{HINT}"))?;
    let missing = || anyhow!("{} has no section [stripe]\n{HINT}", buyer::file(global).display());
    let gateway = config.stripe.ok_or_else(missing)?.gateway()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("starting the runtime")?;
    let kept = runtime.block_on(gateway.kept(method)).context("asking Stripe what it keeps")?;
    kept.ok_or_else(|| {
        let OnGateway { customer, method, .. } = method;
        anyhow!(
            "Stripe keeps no `{method}` for `{customer}` that could be charged\nhint: it is a card or a SEPA debit, and \
             attached to that customer, in the mode (live or test) of the key under [stripe]"
        )
    })
}

fn add(
    ledger: &Ledger,
    account: &Account,
    kept: Kept,
    on_gateway: OnGateway,
    preference: Option<Preference>,
    description: Option<String>,
) -> anyhow::Result<MethodId> {
    let Kept { kind, label, expires } = kept;
    if !ledger.books().load(&[])?.catalogue.seller.takes(kind) {
        let word = kind.word();
        bail!("the seller does not take {word}\nhint: import `collects` of [seller] with \"{word}\" in it");
    }
    // What is registered again keeps what was said of it.
    let known = methods(ledger, account)?.into_iter().find(|known| known.kind == kind && known.label == label);
    let preference = preference.or_else(|| Some(known.as_ref()?.preference)).unwrap_or(Preference::Other);
    let description = description.or_else(|| known?.description);
    let new = NewMethod { kind, label, description, preference, expires, on_gateway: Some(on_gateway) };
    match ledger.carry_out(Command { account: account.id, token: None, action: Action::AddMethod(new) })? {
        Reply::Method(id) => Ok(id),
        other => bail!("the ledger answered {other:?}"),
    }
}

/// All that an account has registered, oldest first.
fn methods(ledger: &Ledger, account: &Account) -> anyhow::Result<Vec<PaymentMethod>> {
    let mut methods: Vec<_> = ledger.books().load(&[Want::Methods(account.id)])?.methods.into_values().collect();
    methods.sort_by_key(|method| method.id);
    Ok(methods)
}

fn find(ledger: &Ledger, account: &Account, id: MethodId) -> anyhow::Result<PaymentMethod> {
    let code = &account.code;
    methods(ledger, account)?.into_iter().find(|method| method.id == id).ok_or_else(|| {
        anyhow!("account `{code}` has no method {id}\nhint: `perennial method list --account {code}` lists them")
    })
}

const COLUMNS: [Column; 7] =
    [number("ID"), text("ACCOUNT"), text("KIND"), text("LABEL"), text("STATUS"), text("EXPIRES"), text("GATEWAY")];

fn list(ledger: &Ledger, output: Output, account: Option<&str>) -> anyhow::Result<()> {
    let mut rows = Vec::new();
    for account in ledger.accounts_or_one(account)? {
        rows.extend(methods(ledger, &account)?.iter().map(|method| row(&account, method)));
    }
    output.list(&COLUMNS, rows, "nothing is registered")
}

/// Shows a method as it is now.
fn show(ledger: &Ledger, output: Output, account: &Account, id: MethodId) -> anyhow::Result<()> {
    let method = find(ledger, account, id)?;
    output.list(&COLUMNS, vec![row(account, &method)], "")
}

fn row(account: &Account, method: &PaymentMethod) -> Row {
    let is_default = method.preference == Preference::Default;
    let status = method.status.word();
    let expires = method.expires.map(|day| day.to_string());
    let on_gateway = method.on_gateway.as_ref();
    Row {
        cells: vec![
            method.id.to_string(),
            account.code.clone(),
            method.kind.word().to_owned(),
            method.label.clone(),
            if is_default { format!("{status}, default") } else { status.to_owned() },
            expires.clone().unwrap_or_default(),
            on_gateway.map_or_else(String::new, |kept| format!("{} {}", kept.gateway, kept.method)),
        ],
        document: json!({
            "id": method.id.0,
            "account": account.code,
            "kind": method.kind.word(),
            "label": method.label,
            "description": method.description,
            "status": status,
            "default": is_default,
            "expires": expires,
            "created": method.created.to_string(),
            "gateway": on_gateway.map(|kept| {
                json!({ "name": kept.gateway, "customer": kept.customer, "method": kept.method })
            }),
        }),
    }
}
