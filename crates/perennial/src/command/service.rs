//! `perennial service`: what is paid ahead, when it ends, and whether it may be renewed now.

use std::process::ExitCode;

use anyhow::anyhow;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use perennial_core::account::Account;
use perennial_core::calendar::add_period;
use perennial_core::gate::RenewGate;
use perennial_core::ids::ServiceId;
use perennial_core::ports::Clock;
use perennial_core::product::{Kind, Product};
use perennial_core::service::{Cancellation, Ending, Lifecycle, Service};
use perennial_core::snapshot::{Snapshot, Want};
use perennial_core::strategy::{Breadth, PeriodStrategies, strategies};
use perennial_engine::clock::SystemClock;
use serde_json::{Value, json};

use crate::command::Global;
use crate::command::value::{parse_kind, parse_span};
use crate::ledger::{Ledger, hint_nearest};
use crate::output::{Column, Output, Row, minute, money, number, text};

/// How many services are loaded at a time.
const PAGE: usize = 500;

/// List services and show what can be done with them
#[derive(Args, Debug)]
pub struct ServiceArgs {
    #[command(subcommand)]
    command: ServiceCommand,
}

#[derive(Debug, Subcommand)]
enum ServiceCommand {
    /// List services that are not terminated, the soonest to expire first
    ///
    /// --json: a line a service with `id`, `account`, `kind`, `name`, `display_name`, `product`, `until`, `lifecycle`,
    /// `hold`, `mode`, `period`, `open_order`, `renewable` and, where it is not, `reason`.
    List {
        /// Of this account only
        #[arg(long, value_name = "CODE")]
        account: Option<String>,
        /// Of this kind only: server, domain, hosting, instance, addon, ip, support
        #[arg(long, value_parser = parse_kind)]
        kind: Option<Kind>,
        /// Expired, or expiring before this span is over, such as P30D, P2W or P1M
        #[arg(long, value_name = "SPAN", value_parser = parse_span)]
        expiring: Option<jiff::Span>,
        /// Terminated ones too
        #[arg(long)]
        all: bool,
    },
    /// Show a service: where it is in its life, whether it may be renewed now, and what that costs
    ///
    /// --json: one document as a line of `list`, and with `created`, `anchor_day`, `parent`, `cancellation` (null, or
    /// `requested`, `reason`, `ending`), `facts`, `strategies` (by period: `period`, `services`, `net`).
    Show {
        /// The service's name or id
        #[arg(value_name = "NAME|ID")]
        service: String,
        /// The account it belongs to, where several have one of the name
        #[arg(long, value_name = "CODE")]
        account: Option<String>,
    },
}

/// A service with what it is looked at with.
struct Seen<'a> {
    now: Timestamp,
    account: &'a Account,
    snapshot: &'a Snapshot,
    service: &'a Service,
    product: &'a Product,
}

/// Lists or shows.
///
/// # Errors
/// When there is no such account or service, or the database does not answer.
pub fn run(global: &Global, args: &ServiceArgs) -> anyhow::Result<ExitCode> {
    let ledger = Ledger::open(global)?;
    match &args.command {
        ServiceCommand::List { account, kind, expiring, all } => {
            let filter = Filter { kind: *kind, expiring: *expiring, all: *all };
            list(&ledger, global.output(), account.as_deref(), filter)?;
        }
        ServiceCommand::Show { service, account } => show(&ledger, global.output(), account.as_deref(), service)?,
    }
    Ok(ExitCode::SUCCESS)
}

#[derive(Clone, Copy)]
struct Filter {
    kind: Option<Kind>,
    expiring: Option<jiff::Span>,
    all: bool,
}

fn list(ledger: &Ledger, output: Output, account: Option<&str>, filter: Filter) -> anyhow::Result<()> {
    const COLUMNS: [Column; 8] = [
        number("ID"),
        text("ACCOUNT"),
        text("KIND"),
        text("NAME"),
        text("UNTIL"),
        text("LIFE"),
        text("MODE"),
        text("RENEWABLE"),
    ];
    let now = SystemClock.now();
    let mut rows = Vec::new();
    for account in ledger.accounts_or_one(account)? {
        let today = account.zone.date_of(now);
        let before = filter.expiring.map(|span| today.checked_add(span)).transpose()?;
        for page in ledger.books().service_ids(account.id, filter.kind)?.chunks(PAGE) {
            let wants: Vec<_> = page.iter().map(|service| Want::Service(account.id, *service)).collect();
            let snapshot = ledger.books().load(&wants)?;
            for id in page {
                let service = snapshot.service_of(account.id, *id)?;
                let product = snapshot.product(service)?;
                let seen = Seen { now, account: &account, snapshot: &snapshot, service, product };
                let is_gone = seen.lifecycle() == Lifecycle::Terminated && !filter.all;
                if !is_gone && before.is_none_or(|before| service.until < before) {
                    rows.push((service.until, service.id, seen.row()));
                }
            }
        }
    }
    rows.sort_by_key(|(until, id, _)| (*until, *id));
    output.list(&COLUMNS, rows.into_iter().map(|(_, _, row)| row).collect(), "there are no such services")
}

fn show(ledger: &Ledger, output: Output, account: Option<&str>, name: &str) -> anyhow::Result<()> {
    let (account, id) = find(ledger, account, name)?;
    let snapshot = ledger.books().load(&[Want::Account(account.id), Want::Family(account.id, id)])?;
    let service = snapshot.service_of(account.id, id)?;
    let product = snapshot.product(service)?;
    let now = SystemClock.now();
    let seen = Seen { now, account: &account, snapshot: &snapshot, service, product };
    let offers = strategies(now, &snapshot, &account, id, Breadth::WithOptions)?;
    if output == Output::Json {
        let mut document = seen.document();
        document["created"] = json!(service.created.to_string());
        document["anchor_day"] = json!(service.anchor.get());
        document["parent"] = json!(service.parent.map(|parent| parent.0));
        document["cancellation"] = json!(service.cancellation.as_ref().map(cancellation_document));
        document["facts"] = json!(service.facts);
        document["strategies"] = offers.iter().flat_map(offer_documents).collect();
        return output.document(&[], &document);
    }
    let facts: Vec<_> = service.facts.iter().map(|(key, value)| format!("{key} {value}")).collect();
    let mut fields = vec![
        ("id", id.to_string()),
        ("name", service.name.clone()),
        ("called", service.display_name.clone().unwrap_or_default()),
        ("account", account.code.clone()),
        ("kind", product.kind.word().to_owned()),
        ("product", format!("{} ({})", product.name, product.code)),
        ("belongs to", service.parent.map_or_else(String::new, |parent| format!("service {parent}"))),
        ("since", service.created.to_string()),
        ("until", service.until.to_string()),
        ("life", seen.lifecycle().word().to_owned()),
        ("at expiry", format!("{}, for {}", service.mode.word(), service.period)),
        ("cancelled", service.cancellation.as_ref().map_or_else(String::new, cancellation_words)),
        ("renewable", seen.gate_words()),
        ("open order", seen.open_order_words()),
        ("facts", facts.join(", ")),
    ];
    for offer in &offers {
        let after = add_period(service.until, offer.period, service.anchor)?;
        for strategy in &offer.strategies {
            let with = with_words(&snapshot, &strategy.services, id);
            fields.push(("price", format!("{} for {} until {after}{with}", strategy.net, offer.period)));
        }
    }
    output.document(&fields, &Value::Null)
}

fn cancellation_words(cancellation: &Cancellation) -> String {
    let Cancellation { requested, reason, ending, .. } = cancellation;
    let when = match ending {
        Ending::AtExpiry => "at its expiry",
        Ending::Now => "at once",
    };
    let why = if reason.is_empty() { String::new() } else { format!(": {reason}") };
    format!("{when}, asked for {}{why}", minute(*requested))
}

fn cancellation_document(cancellation: &Cancellation) -> Value {
    let Cancellation { requested, reason, ending, .. } = cancellation;
    json!({ "requested": requested.to_string(), "reason": reason, "ending": ending.word() })
}

/// ` with ...`, the other services of a strategy.
fn with_words(snapshot: &Snapshot, services: &[ServiceId], asked: ServiceId) -> String {
    let others = services.iter().filter(|id| **id != asked).filter_map(|id| snapshot.services.get(id));
    let names: Vec<_> = others.map(|service| service.name.as_str()).collect();
    if names.is_empty() { String::new() } else { format!(", with {}", names.join(" and ")) }
}

fn offer_documents(offer: &PeriodStrategies) -> Vec<Value> {
    let document = |services: &[ServiceId], net| {
        let services: Vec<_> = services.iter().map(|service| service.0).collect();
        json!({ "period": offer.period.to_string(), "services": services, "net": net })
    };
    offer.strategies.iter().map(|strategy| document(&strategy.services, money(strategy.net))).collect()
}

/// Finds a service by its id or name, in the account that is named or in all.
fn find(ledger: &Ledger, account: Option<&str>, name: &str) -> anyhow::Result<(Account, ServiceId)> {
    let id = name.parse().ok().map(ServiceId);
    let mut found = Vec::new();
    let mut names = Vec::new();
    for account in ledger.accounts_or_one(account)? {
        let by_name =
            Kind::ALL.into_iter().filter_map(|kind| ledger.books().find_service(account.id, kind, name).transpose());
        let mut ids: Vec<_> = by_name.collect::<Result<_, _>>()?;
        if let Some(id) = id {
            let seen = ledger.books().load(&[Want::Service(account.id, id)])?;
            ids.extend(seen.services.contains_key(&id).then_some(id));
        }
        found.extend(ids.into_iter().map(|id| (account.clone(), id)));
    }
    match found.len() {
        0 => {
            for account in ledger.accounts_or_one(account)? {
                for page in ledger.books().service_ids(account.id, None)?.chunks(PAGE) {
                    let wants: Vec<_> = page.iter().map(|service| Want::Service(account.id, *service)).collect();
                    names.extend(ledger.books().load(&wants)?.services.into_values().map(|service| service.name));
                }
            }
            Err(anyhow!("there is no service `{name}`{}", hint_nearest(name, names)))
        }
        1 => Ok(found.remove(0)),
        _ => {
            let which: Vec<_> = found.iter().map(|(account, id)| format!("{id} ({})", account.code)).collect();
            Err(anyhow!("`{name}` is several services\nhint: name it by its id: {}", which.join(", ")))
        }
    }
}

impl Seen<'_> {
    fn lifecycle(&self) -> Lifecycle {
        self.service.lifecycle(self.product, self.account.zone.date_of(self.now))
    }

    fn gate(&self) -> RenewGate {
        RenewGate::of(self.now, self.snapshot, self.account, self.product, self.service)
    }

    fn gate_words(&self) -> String {
        match self.gate() {
            RenewGate::Open => "yes".to_owned(),
            RenewGate::Closed(reason) => format!("no: {reason}"),
        }
    }

    fn open_order_words(&self) -> String {
        let order = self.snapshot.open_order(self.now, self.service);
        order.map_or_else(String::new, |order| {
            format!("{} over {}, placed {}", order.id, order.gross, self.account.zone.date_of(order.placed))
        })
    }

    fn row(&self) -> Row {
        let service = self.service;
        Row {
            cells: vec![
                service.id.to_string(),
                self.account.code.clone(),
                self.product.kind.word().to_owned(),
                service.name.clone(),
                service.until.to_string(),
                self.lifecycle().word().to_owned(),
                service.mode.word().to_owned(),
                self.gate_words(),
            ],
            document: self.document(),
        }
    }

    fn document(&self) -> Value {
        let service = self.service;
        let reason = match self.gate() {
            RenewGate::Open => None,
            RenewGate::Closed(reason) => Some(reason.to_string()),
        };
        json!({
            "id": service.id.0,
            "account": self.account.code,
            "kind": self.product.kind.word(),
            "name": service.name,
            "display_name": service.display_name,
            "product": self.product.code,
            "until": service.until.to_string(),
            "lifecycle": self.lifecycle().word(),
            "hold": service.hold.word(),
            "mode": service.mode.word(),
            "period": service.period.to_string(),
            "open_order": self.snapshot.open_order(self.now, service).map(|order| order.id.0),
            "renewable": reason.is_none(),
            "reason": reason,
        })
    }
}
