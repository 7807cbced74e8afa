//! `/v2/orders`: the list, one of them, pricing and withdrawing. What only puts money on the account is an invoice
//! without an order here, as in the back office.

use http::Method;
use jiff::Timestamp;
use perennial_core::account::Account;
use perennial_core::command::Action;
use perennial_core::ids::{AccountId, OrderId, ServiceId};
use perennial_core::order::{Order, OrderLine, OrderState, Purpose};
use perennial_core::payment::Payment;
use perennial_core::ports::{BoxFuture, Span};
use perennial_core::product::Kind as ProductKind;
use perennial_core::quote::{Quote, SERVICES_MAX, quote};
use perennial_core::snapshot::{Snapshot, Want};

use super::activity::method_word;
use super::cursor::Window;
use super::found::{self, Block, Found};
use super::{Answer, Context, Row, body, reference};
use crate::common::amount::Amount;
use crate::hostup::id::{Id, Thing};
use crate::hostup::wire::invoice::Percent;
use crate::hostup::wire::order::{
    Actions, Client, Item, Kind, Order as WireOrder, OrderBilling, OrderPayment, Preview, PreviewRequest, Status,
};
use crate::hostup::wire::problem::Failure;
use crate::hostup::wire::reference::{Gate, List, NoFields};
use crate::hostup::wire::stamp::Stamp;

/// Wider keys keep working (documented).
const READ: &[&str] = &["read:orders", "read:billing", "read:domains"];
const WRITE: &[&str] = &["write:orders", "write:billing", "write:services"];

/// How long a page of orders or invoices is where nothing is said, and at the most (inferred from hosting's).
pub(super) const PAGE: (usize, usize) = (20, 100);

pub(super) const ROWS: &[Row] = &[
    Row::read("/v2/orders", "orders", list).inferred().scopes(READ),
    Row::read("/v2/orders/{id}", "order", one).scopes(READ),
    Row::not_served(Method::POST, "/v2/orders"),
    Row::act(Method::POST, "/v2/orders/preview", "preview-order", preview).inferred().scopes(READ),
    Row::act(Method::POST, "/v2/orders/{id}/actions/cancel", "cancel-order", cancel).scopes(WRITE),
];

/// Everything that an order and its invoice show.
pub(super) fn wants(account: AccountId, order: OrderId) -> [Want; 3] {
    [Want::OrderWithServices(account, order), Want::Invoices(account, order), Want::Payment(account, order)]
}

/// The order that the path names by the id of a thing: the order itself, or its invoice.
pub(super) fn load(context: &Context<'_>, thing: Thing) -> Result<(Snapshot, OrderId), Failure> {
    let id = Id::number(thing, context.param("id")).map(OrderId).ok_or_else(|| found::unknown(thing))?;
    let account = context.account().id;
    let seen = context.load(&wants(account, id))?;
    let order = seen.order_of(account, id).map_err(|_| found::unknown(thing))?;
    if thing == Thing::Order && order.purpose == Purpose::Deposit {
        return Err(found::unknown(thing));
    }
    Ok((seen, id))
}

/// The account's orders, newest first, as ids.
pub(super) fn newest_first(context: &Context<'_>) -> Result<Vec<OrderId>, Failure> {
    let mut ids = context.ports.books.order_ids(context.account().id, Span::default())?;
    ids.sort_unstable_by_key(|id| std::cmp::Reverse(*id));
    Ok(ids)
}

/// Lists the orders. A page is shorter by those that only put money on the account.
fn list(context: &Context<'_>) -> Result<Answer, Failure> {
    let account = context.account();
    let window = Window::of(&context.query, PAGE.0, PAGE.1)?;
    let page = window.select_newest_first(newest_first(context)?, |id| id.0);
    let wanted: Vec<_> = page.data.iter().flat_map(|id| wants(account.id, *id)).collect();
    let seen = context.load(&wanted)?;
    let orders = page.data.iter().filter_map(|id| seen.orders.get(id));
    let orders = orders.filter(|order| order.purpose != Purpose::Deposit);
    let data = orders.map(|order| shown(context, &seen, order)).collect();
    Ok(Answer::json(&List::<WireOrder> { data, next_cursor: page.next_cursor })?)
}

fn one(context: &Context<'_>) -> Result<Answer, Failure> {
    let (seen, id) = load(context, Thing::Order)?;
    Ok(Answer::json(&shown(context, &seen, seen.order_of(context.account().id, id)?))?)
}

fn shown(context: &Context<'_>, seen: &Snapshot, order: &Order) -> WireOrder {
    let state = order.state_at(context.now);
    let invoice = reference::invoice(context.now, seen, order);
    let payment = seen.payments.get(&order.id);
    // Absolute here, and only here and in payment links.
    let checkout_url = invoice.payment_url.as_ref().map(|url| format!("{}{url}", context.dialect.settings.pages_url));
    WireOrder {
        id: reference::order_id(order.id),
        number: reference::order_number(order.id),
        status: status(state),
        kind: match order.purpose {
            Purpose::Renewal => Kind::Renew,
            Purpose::Purchase | Purpose::Deposit => Kind::New,
        },
        invoice_id: Some(reference::invoice_id(order.id)),
        checkout_url,
        client: client(context.account()),
        billing: OrderBilling {
            amount: Amount(order.net),
            currency_code: order.net.currency().code(),
            billing_cycle: order.period().and_then(reference::cycle),
            is_payg: false,
        },
        payment: OrderPayment {
            method: payment.map(|payment| payment.kind).or(order.plan.kind).map(method_word),
            status: invoice.status,
            paid_at: paid_at(payment),
        },
        invoice: Some(invoice),
        items: order.lines.iter().map(|line| item(seen, line)).collect(),
        created_at: Stamp(order.placed),
        actions: Actions {
            can_cancel: while_open(context.now, order, "not_cancelable"),
            can_retry_payment: while_open(context.now, order, "not_payable"),
        },
    }
}

/// When an order was paid.
pub(super) fn paid_at(payment: Option<&Payment>) -> Option<Stamp> {
    payment.map(|payment| Stamp(payment.at))
}

const fn status(state: OrderState) -> Status {
    match state {
        OrderState::Open => Status::Pending,
        OrderState::Fulfilled(_) => Status::Completed,
        OrderState::Cancelled(_) | OrderState::Lapsed => Status::Cancelled,
    }
}

/// The code of what cannot be done while an invoice is being paid (documented).
pub(super) const IN_PROGRESS: &str = "invoice_payment_in_progress";

/// The gate of what can be done while an order waits for its payment. But for one, words and codes are inferred.
pub(super) fn while_open(now: Timestamp, order: &Order, code: &'static str) -> Gate {
    let reason = match order.state_at(now) {
        OrderState::Open if order.charge.is_some() => {
            return Gate::closed("Its payment is in progress.", Some(IN_PROGRESS));
        }
        OrderState::Open => return Gate::OPEN,
        OrderState::Fulfilled(_) => "It is already paid.",
        OrderState::Cancelled(_) => "It was cancelled.",
        OrderState::Lapsed => "It was not paid in time.",
    };
    Gate::closed(reason, Some(code))
}

/// Whose an order is. A customer with a VAT number is a company.
fn client(account: &Account) -> Client {
    let name = account.name.trim();
    let (first_name, last_name, company_name) = match name.rsplit_once(' ') {
        _ if account.vat_number.is_some() => (None, None, Some(name)),
        Some((first, last)) => (Some(first), Some(last), None),
        None => (Some(name), None, None),
    };
    let owned = |name: Option<&str>| name.map(str::to_owned);
    Client {
        id: Some(Id::new(Thing::Client, account.id.0)),
        email: Some(account.email.clone()).filter(|email| !email.is_empty()),
        first_name: owned(first_name),
        last_name: owned(last_name),
        company_name: owned(company_name),
    }
}

fn item(seen: &Snapshot, line: &OrderLine) -> Item {
    Item {
        description: line.description.clone(),
        service_id: service_text(seen, line.service),
        name: line.service_name.clone(),
        amount: Amount(line.net),
    }
}

/// What kind of service a loaded one is.
pub(super) fn kind_of(seen: &Snapshot, id: ServiceId) -> Option<ProductKind> {
    seen.services.get(&id).and_then(|service| seen.product(service).ok()).map(|product| product.kind)
}

/// The id of a loaded service, whatever it is; none for kinds that this API has no ids for.
fn service_text(seen: &Snapshot, id: ServiceId) -> Option<String> {
    let thing = match kind_of(seen, id)? {
        ProductKind::Domain => Thing::Domain,
        ProductKind::Hosting => Thing::Hosting,
        ProductKind::Server => Thing::Vps,
        ProductKind::Addon => return Some(super::hosting::addon_id(id)),
        ProductKind::Instance | ProductKind::Ip | ProductKind::Support => return None,
    };
    Some(Id::new(thing, id.0).to_string())
}

fn cancel<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let NoFields {} = body(context)?;
        let (seen, id) = load(context, Thing::Order)?;
        context.submit(Action::CancelOrder { order: id }).await?;
        // As it is now, also where readers lag behind.
        let state = OrderState::Cancelled(context.now);
        let cancelled = Order { state, ..seen.order_of(context.account().id, id)?.clone() };
        Ok(Answer::json(&shown(context, &seen, &cancelled))?)
    })
}

fn preview<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move { priced(context) })
}

/// Prices the order that a bulk renewal of domains would place, and places none.
fn priced(context: &Context<'_>) -> Result<Answer, Failure> {
    let PreviewRequest { domain_ids } = body(context)?;
    if domain_ids.is_empty() || domain_ids.len() > SERVICES_MAX {
        let detail = format!("`domainIds` names 1 to {SERVICES_MAX} domains.");
        return Err(Failure::invalid_field("/domainIds", detail, "invalid_request"));
    }
    let account = context.account();
    let services: Vec<_> = domain_ids
        .iter()
        .enumerate()
        .map(|(index, text)| Id::number(Thing::Domain, text).map(ServiceId).ok_or_else(|| no_domain(index)))
        .collect::<Result<_, _>>()?;
    let seen = found::load_services(context, &services)?;
    let mut period = None;
    for (index, id) in services.iter().enumerate() {
        let found = Found::of(context, &seen, Thing::Domain, *id).map_err(|_| no_domain(index))?;
        if let Some(block @ (Block::PaidAhead(_) | Block::NotActive(_))) = found.block()? {
            return Err(found.refuse(block));
        }
        if *period.get_or_insert(found.service.period) != found.service.period {
            let detail = "This domain is renewed for another period than those before it.";
            return Err(Failure::invalid_field(pointer(index), detail, "invalid_request"));
        }
    }
    let period = period.ok_or_else(Failure::server_error)?;
    let Action::Renew { request, .. } = found::renewal(services, period) else {
        return Err(Failure::server_error());
    };
    let quote = quote(context.now, &seen, account, &request)?;
    Ok(Answer::json(&previewed(account, &seen, &quote, reference::cycle(period)))?)
}

fn previewed(account: &Account, seen: &Snapshot, quote: &Quote, billing_cycle: Option<&'static str>) -> Preview {
    Preview {
        items: quote.lines.iter().map(|line| item(seen, line)).collect(),
        subtotal: Amount(quote.net),
        tax_amount: Amount(quote.tax),
        tax_rate: Percent(account.tax.rate()),
        total: Amount(quote.gross),
        currency_code: account.currency.code(),
        billing_cycle,
    }
}

fn pointer(index: usize) -> String {
    format!("/domainIds/{index}")
}

fn no_domain(index: usize) -> Failure {
    Failure::invalid_field(pointer(index), "No domain with this id was found.", "invalid_request")
}

#[cfg(test)]
mod tests {
    use perennial_core::account::{Standing, TaxTreatment};
    use perennial_core::calendar::Zone;
    use perennial_core::ids::ChargeId;
    use perennial_core::money::{Currency, Money};

    use super::super::reference::tests::order;
    use super::*;

    fn account(name: &str, vat_number: Option<&str>) -> Account {
        Account {
            id: AccountId(4),
            code: "demo-hostup".to_owned(),
            name: name.to_owned(),
            email: "astrid@example.se".to_owned(),
            country: "SE".to_owned(),
            vat_number: vat_number.map(str::to_owned),
            currency: Currency::SEK,
            tax: TaxTreatment::Exempt,
            zone: Zone::UTC,
            credit_limit: Money::zero(Currency::SEK),
            standing: Standing::Customer,
            page_password: None,
            joint_orders: false,
            align_day: None,
            facts: std::collections::BTreeMap::new(),
            created: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_client_is_a_person_or_a_company() {
        for (name, vat, first, last, company) in [
            ("Anna Svensson", None, Some("Anna"), Some("Svensson"), None),
            ("Anna Maria Svensson", None, Some("Anna Maria"), Some("Svensson"), None),
            ("Anna", None, Some("Anna"), None, None),
            ("Svensson Bygg AB", Some("SE556000000001"), None, None, Some("Svensson Bygg AB")),
        ] {
            let client = client(&account(name, vat));
            let shown = (client.first_name.as_deref(), client.last_name.as_deref(), client.company_name.as_deref());
            assert_eq!(shown, (first, last, company), "{name}");
        }
    }

    #[test]
    fn only_an_open_order_can_be_cancelled() {
        let at = Timestamp::UNIX_EPOCH;
        let closed = Some("not_cancelable");
        for (state, charge, word, code) in [
            (OrderState::Open, None, Status::Pending, None),
            (OrderState::Open, Some(ChargeId(3)), Status::Pending, Some(IN_PROGRESS)),
            (OrderState::Fulfilled(at), None, Status::Completed, closed),
            (OrderState::Fulfilled(at), Some(ChargeId(3)), Status::Completed, closed),
            (OrderState::Cancelled(at), None, Status::Cancelled, closed),
            (OrderState::Lapsed, None, Status::Cancelled, closed),
        ] {
            let gate = while_open(at, &Order { charge, ..order(state) }, "not_cancelable");
            assert_eq!((status(state), gate.allowed, gate.code), (word, code.is_none(), code), "{state:?}");
        }
    }
}
