//! The truth, for tests: everything the ledger holds, as one JSON document of flat lists.

use jiff::Timestamp;
use perennial_core::account::Account;
use perennial_core::gate::RenewGate;
use perennial_core::invoice::{Invoice, InvoiceKind};
use perennial_core::ledger::Transfer;
use perennial_core::money::Money;
use perennial_core::order::{Order, OrderState};
use perennial_core::payment::{MethodKind, Payment, PaymentMethod};
use perennial_core::ports::{Failure, Span};
use perennial_core::service::{Cancellation, Service};
use perennial_core::snapshot::{Snapshot, Want};
use perennial_store::{Records, Waiting};
use serde_json::{Value, json};

/// How many notices are shown.
const NOTICES_MAX: u32 = 1_000;

/// Orders, services and the like that are loaded at a time.
const PAGE: usize = 500;

/// Lists everything, account by account.
///
/// # Errors
/// [`Failure`] when the store does not answer.
pub fn show(books: &dyn Records, now: Timestamp) -> Result<Value, Failure> {
    let mut lists = Lists::default();
    for id in books.account_ids()? {
        let seen = books.load(&[Want::Account(id), Want::Balances(id), Want::Methods(id)])?;
        let Some(account) = seen.accounts.get(&id) else { continue };
        lists.accounts.push(show_account(account, &seen));
        let mut methods: Vec<_> = seen.methods.values().filter(|method| method.account == id).collect();
        methods.sort_by_key(|method| method.id);
        lists.methods.extend(methods.into_iter().map(|method| show_method(account, method)));
        for page in books.service_ids(id, None)?.chunks(PAGE) {
            let wants: Vec<_> = page.iter().map(|service| Want::Service(id, *service)).collect();
            let seen = books.load(&wants)?;
            let found = page.iter().filter_map(|service| seen.services.get(service));
            lists.services.extend(found.map(|service| show_service(now, account, &seen, service)));
        }
        for page in books.order_ids(id, Span::default())?.chunks(PAGE) {
            let wants: Vec<_> =
                page.iter().flat_map(|order| [Want::Order(id, *order), Want::Payment(id, *order)]).collect();
            let seen = books.load(&wants)?;
            for order in page.iter().filter_map(|order| seen.orders.get(order)) {
                lists.orders.push(show_order(now, account, order));
                lists.payments.extend(seen.payments.get(&order.id).map(|payment| show_payment(account, payment)));
                lists.extensions.extend(show_extensions(account, order));
            }
        }
        lists
            .invoices
            .extend(books.invoices(id, Span::default())?.iter().map(|invoice| show_invoice(account, invoice)));
        let movements = books.balance_movements(id, Span::default())?;
        lists.transfers.extend(movements.iter().map(|(id, transfer)| show_transfer(account, *id, transfer)));
    }
    let audit = books.audit()?;
    let findings: Vec<_> =
        audit.findings.iter().map(|finding| json!({ "rule": finding.rule, "what": finding.what })).collect();
    let checked: serde_json::Map<_, _> = audit.checked.iter().map(|(kind, rows)| (kind.clone(), json!(rows))).collect();
    Ok(json!({
        "now": now.to_string(),
        "accounts": lists.accounts,
        "methods": lists.methods,
        "services": lists.services,
        "orders": lists.orders,
        "payments": lists.payments,
        "extensions": lists.extensions,
        "invoices": lists.invoices,
        "transfers": lists.transfers,
        "audit": { "checked": checked, "findings": findings },
    }))
}

#[derive(Default)]
struct Lists {
    accounts: Vec<Value>,
    methods: Vec<Value>,
    services: Vec<Value>,
    orders: Vec<Value>,
    payments: Vec<Value>,
    extensions: Vec<Value>,
    invoices: Vec<Value>,
    transfers: Vec<Value>,
}

fn show_account(account: &Account, seen: &Snapshot) -> Value {
    let balances = seen.balances.get(&account.id);
    json!({
        "id": account.id.0,
        "code": account.code,
        "currency": account.currency.code(),
        "zone": account.zone.name(),
        "standing": account.standing.word(),
        "tax": account.tax.word(),
        "taxRatePpm": account.tax.rate().ppm(),
        "balance": balances.map(|balances| show_money(balances.balance)),
        "receivable": balances.map(|balances| show_money(balances.receivable)),
        "creditLimit": show_money(account.credit_limit),
    })
}

fn show_method(account: &Account, method: &PaymentMethod) -> Value {
    json!({
        "id": method.id.0,
        "account": account.code,
        "kind": method.kind.word(),
        "label": method.label,
        "status": method.status.word(),
    })
}

fn show_service(now: Timestamp, account: &Account, seen: &Snapshot, service: &Service) -> Value {
    let product = seen.catalogue.products.get(&service.product);
    let today = account.zone.date_of(now);
    let gate = product.map(|product| match RenewGate::of(now, seen, account, product, service) {
        RenewGate::Open => "open".to_owned(),
        RenewGate::Closed(reason) => reason.to_string(),
    });
    json!({
        "id": service.id.0,
        "account": account.code,
        "name": service.name,
        "displayName": service.display_name,
        "product": product.map(|product| &product.code),
        "kind": product.map(|product| product.kind.word()),
        "parent": service.parent.map(|parent| parent.0),
        "created": service.created.to_string(),
        "until": service.until.to_string(),
        "anchorDay": service.anchor.get(),
        "mode": service.mode.word(),
        "cancellation": service.cancellation.as_ref().map(show_cancellation),
        "period": service.period.to_string(),
        "hold": service.hold.word(),
        "lifecycle": product.map(|product| service.lifecycle(product, today).word()),
        "gate": gate,
        "openOrder": seen.open_order(now, service).map(|order| order.id.0),
        "version": service.version,
    })
}

fn show_cancellation(cancellation: &Cancellation) -> Value {
    json!({
        "requested": cancellation.requested.to_string(),
        "reason": cancellation.reason,
        "ending": cancellation.ending.word(),
    })
}

fn show_order(now: Timestamp, account: &Account, order: &Order) -> Value {
    let lines: Vec<_> = order
        .lines
        .iter()
        .map(|line| {
            json!({
                "service": line.service.0,
                "serviceName": line.service_name,
                "description": line.description,
                "period": line.period.map(|period| period.to_string()),
                "from": line.term.from().to_string(),
                "until": line.term.until().to_string(),
                "list": show_money(line.list),
                "net": show_money(line.net),
                "tax": show_money(line.tax),
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
        "plan": {
            "byItself": order.plan.by_itself,
            "kind": order.plan.kind.map(MethodKind::word),
            "fromBalance": show_money(order.plan.from_balance),
        },
        "placed": order.placed.to_string(),
        "lapses": order.lapses.to_string(),
        "net": show_money(order.net),
        "tax": show_money(order.tax),
        "gross": show_money(order.gross),
        "lines": lines,
    })
}

fn show_payment(account: &Account, payment: &Payment) -> Value {
    json!({
        "order": payment.order.0,
        "account": account.code,
        "kind": payment.kind.word(),
        "method": payment.method.map(|method| method.0),
        "amount": show_money(payment.amount),
        "fromBalance": show_money(payment.from_balance),
        "at": payment.at.to_string(),
    })
}

/// A fulfilled order extended each of its services by the line's term.
fn show_extensions(account: &Account, order: &Order) -> Vec<Value> {
    if !matches!(order.state, OrderState::Fulfilled(_)) {
        return Vec::new();
    }
    let show = |line: &perennial_core::order::OrderLine| {
        json!({
            "account": account.code,
            "service": line.service.0,
            "from": line.term.from().to_string(),
            "until": line.term.until().to_string(),
            "order": order.id.0,
        })
    };
    order.lines.iter().map(show).collect()
}

fn show_invoice(account: &Account, invoice: &Invoice) -> Value {
    let corrects = match invoice.kind {
        InvoiceKind::CreditNote { corrects } => Some(corrects.0),
        InvoiceKind::Proforma | InvoiceKind::Original => None,
    };
    json!({
        "id": invoice.id.0,
        "account": account.code,
        "kind": invoice.kind.word(),
        "corrects": corrects,
        "number": invoice.number_text(),
        "order": invoice.order.0,
        "issued": invoice.issued.to_string(),
        "net": show_money(invoice.net),
        "tax": show_money(invoice.tax),
        "gross": show_money(invoice.gross),
    })
}

fn show_transfer(account: &Account, id: i64, transfer: &Transfer) -> Value {
    json!({
        "id": id,
        "account": account.code,
        "debit": transfer.debit.word(),
        "credit": transfer.credit.word(),
        "amount": show_money(transfer.amount),
        "order": transfer.order.map(|order| order.0),
        "at": transfer.at.to_string(),
        "memo": transfer.memo,
    })
}

/// An amount as people write it and as programs compare it.
fn show_money(money: Money) -> Value {
    json!({ "amount": money.to_decimal(), "minor": money.minor(), "currency": money.currency().code() })
}

/// The notices that would have been mailed, oldest first.
///
/// # Errors
/// [`Failure`] when the store does not answer.
pub fn show_outbox(books: &dyn Records) -> Result<Value, Failure> {
    let notices = books.notices_waiting(NOTICES_MAX)?;
    let shown = notices.iter().map(|waiting| show_notice(books, waiting)).collect::<Result<Vec<_>, _>>()?;
    Ok(json!({ "notices": shown }))
}

fn show_notice(books: &dyn Records, Waiting { id, notice, tries }: &Waiting) -> Result<Value, Failure> {
    let seen = books.load(&[Want::Account(notice.account)])?;
    let account = seen.accounts.get(&notice.account);
    let told = notice.kind.told();
    Ok(json!({
        "id": id,
        "kind": notice.kind.word(),
        "account": account.map(|account| &account.code),
        "to": account.map(|account| &account.email),
        "at": notice.at.to_string(),
        "service": told.service.map(|service| service.0),
        "order": told.order.map(|order| order.0),
        "method": told.method.map(|method| method.0),
        "name": told.name,
        "token": told.token,
        "until": told.until.map(|until| until.to_string()),
        "on": told.on.map(|on| on.to_string()),
        "reason": told.reason,
        "tries": tries,
    }))
}
