//! `/v2/billing/invoices`: the list, one of them, paying, withdrawing, and their documents.
//!
//! An invoice is its order in another view: the order's own paper until it is paid, the original from then on.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::CONTENT_DISPOSITION;
use http::{HeaderValue, Method, StatusCode};
use jiff::Timestamp;
use perennial_core::command::{Action, PayWith, PlanEdit, PromoEdit, Reply};
use perennial_core::gate::GateReason;
use perennial_core::ids::{MethodId, OrderId};
use perennial_core::link::PaymentLink;
use perennial_core::money::{Money, Rate};
use perennial_core::order::{Order, OrderLine, OrderState, Purpose};
use perennial_core::payment::{MethodKind, Payment};
use perennial_core::ports::{BoxFuture, Document, Paper, Rejection};
use perennial_core::product::Kind;
use perennial_core::refusal::Refusal;
use perennial_core::snapshot::{Snapshot, Want};

use super::cursor::Window;
use super::order::{PAGE, kind_of, load, newest_first, paid_at, wants, while_open};
use super::{Answer, Context, Row, body, card, found, reference};
use crate::common::amount::Amount;
use crate::hostup::id::{Id, Thing};
use crate::hostup::wire::invoice::{
    Actions, ApplyCreditRequest, EncodedDocument, Invoice, LineItem, Link, LinkState, PayRequest, Percent,
};
use crate::hostup::wire::problem::Failure;
use crate::hostup::wire::reference::{Gate, InvoiceReference, InvoiceStatus, List, NoFields};
use crate::hostup::wire::stamp::Stamp;
use crate::secret::random_uuid;

const READ: &[&str] = &["read:billing"];
const WRITE: &[&str] = &["write:billing"];

pub(super) const ROWS: &[Row] = &[
    Row::read("/v2/billing/invoices", "invoices", list).inferred().scopes(READ),
    Row::read("/v2/billing/invoices/{id}", "invoice", one).inferred().scopes(READ),
    Row::read("/v2/billing/invoices/{id}/payment-link", "payment-link", link_state).scopes(READ),
    Row::act(
        Method::POST,
        "/v2/billing/invoices/{id}/actions/generate-payment-link",
        "generate-payment-link",
        generate_link,
    )
    .scopes(WRITE),
    Row::act(Method::POST, "/v2/billing/invoices/{id}/actions/pay", "pay", pay).inferred().scopes(WRITE),
    Row::act(Method::POST, "/v2/billing/invoices/{id}/actions/apply-credit", "apply-credit", apply_credit)
        .inferred()
        .scopes(WRITE),
    Row::act(Method::POST, "/v2/billing/invoices/{id}/actions/cancel", "cancel-invoice", cancel)
        .inferred()
        .scopes(WRITE),
    // No invoice is mailed yet.
    Row::not_served(Method::POST, "/v2/billing/invoices/{id}/actions/resend-email"),
    Row::read("/v2/billing/invoices/{id}/pdf", "invoice-pdf", pdf).inferred().scopes(READ),
    Row::read("/v2/billing/invoices/{id}/credit-note", "credit-note", credit_note).scopes(READ),
];

/// The words that the list can be narrowed to (documented); no invoice here is ever in the last two.
const STATUSES: [(&str, Option<InvoiceStatus>); 6] = [
    ("unpaid", Some(InvoiceStatus::Unpaid)),
    ("paid", Some(InvoiceStatus::Paid)),
    ("cancelled", Some(InvoiceStatus::Cancelled)),
    ("refunded", Some(InvoiceStatus::Refunded)),
    ("collections", None),
    ("unknown", None),
];

fn list(context: &Context<'_>) -> Result<Answer, Failure> {
    let account = context.account().id;
    let window = Window::of(&context.query, PAGE.0, PAGE.1)?;
    let known = |word: &str| STATUSES.iter().find(|(known, _)| *known == word).map(|(_, status)| *status);
    let mut ids = newest_first(context)?;
    if let Some(status) = context.query.word("status", known)? {
        let wanted: Vec<_> = ids.iter().flat_map(|id| reference::wants(account, *id)).collect();
        let seen = context.load(&wanted)?;
        let is = |order| Some(reference::invoice_status(context.now, &seen, order)) == status;
        ids.retain(|id| seen.orders.get(id).is_some_and(is));
    }
    let page = window.select_newest_first(ids, |id| id.0);
    let wanted: Vec<_> = page.data.iter().flat_map(|id| wants(account, *id)).collect();
    let seen = context.load(&wanted)?;
    let orders = page.data.iter().filter_map(|id| seen.orders.get(id));
    let data = orders.map(|order| shown(context, &seen, order)).collect::<Result<_, _>>()?;
    Ok(Answer::json(&List::<Invoice> { data, next_cursor: page.next_cursor })?)
}

fn one(context: &Context<'_>) -> Result<Answer, Failure> {
    let (seen, id) = load(context, Thing::Invoice)?;
    answer(context, &seen, order_of(context, &seen, id)?)
}

fn answer(context: &Context<'_>, seen: &Snapshot, order: &Order) -> Result<Answer, Failure> {
    Ok(Answer::json(&shown(context, seen, order)?)?)
}

fn order_of<'a>(context: &Context<'_>, seen: &'a Snapshot, id: OrderId) -> Result<&'a Order, Failure> {
    seen.order_of(context.account().id, id).map_err(|_| found::unknown(Thing::Invoice))
}

fn shown(context: &Context<'_>, seen: &Snapshot, order: &Order) -> Result<Invoice, Failure> {
    let state = order.state_at(context.now);
    let payment = seen.payments.get(&order.id);
    let (credit, outstanding) = parts(order, state, payment)?;
    let items = order.lines.iter().map(line_item);
    let deposit = (order.purpose == Purpose::Deposit).then(|| LineItem {
        description: "Account credit".to_owned(),
        quantity: 1,
        amount: Amount(order.net),
    });
    Ok(Invoice {
        reference: reference::invoice(context.now, seen, order),
        subtotal: Amount(order.net),
        tax_amount: Amount(order.tax),
        // What puts money on the account is not taxed before it is spent.
        tax_rate: Percent(if order.purpose == Purpose::Deposit { Rate::ZERO } else { order.taxed.rate() }),
        credit_applied: Amount(credit),
        outstanding: Amount(outstanding),
        created_at: Stamp(order.placed),
        paid_at: paid_at(payment),
        order_id: deposit.is_none().then(|| reference::order_id(order.id)),
        line_items: items.chain(deposit).collect(),
        actions: Actions {
            can_pay: while_open(context.now, order, "not_payable"),
            can_cancel: can_cancel(context.now, seen, order),
            can_apply_credit: can_apply_credit(context.now, order),
        },
    })
}

/// How much of an order came or is to come from the account's credit, and what is still to be paid.
fn parts(order: &Order, state: OrderState, payment: Option<&Payment>) -> Result<(Money, Money), Failure> {
    let nothing = Money::zero(order.gross.currency());
    Ok(match (state, payment) {
        (OrderState::Open, _) => {
            let credit = order.plan.from_balance;
            (credit, order.gross.minus(credit).map_err(Refusal::Money)?)
        }
        (_, Some(payment)) if payment.kind == MethodKind::Balance => (payment.amount, nothing),
        (_, Some(payment)) => (payment.from_balance, nothing),
        (_, None) => (nothing, nothing),
    })
}

fn line_item(line: &OrderLine) -> LineItem {
    let OrderLine { description, service_name, term, .. } = line;
    LineItem {
        description: format!("{description} - {service_name} ({} - {})", term.from(), term.until()),
        quantity: 1,
        amount: Amount(line.net),
    }
}

/// Whether an invoice can be withdrawn by itself. One for a domain's renewal cannot (documented); the words are ours.
fn can_cancel(now: Timestamp, seen: &Snapshot, order: &Order) -> Gate {
    let renews_domain = order.purpose == Purpose::Renewal
        && order.lines.iter().any(|line| kind_of(seen, line.service) == Some(Kind::Domain));
    if order.check_open(now).is_ok() && renews_domain {
        return Gate::closed("This invoice renews a domain. Cancel its order first.", Some("cancel_order_first"));
    }
    while_open(now, order, "not_cancelable")
}

/// Whether credit can be put towards an invoice: not towards one for credit.
fn can_apply_credit(now: Timestamp, order: &Order) -> Gate {
    if order.check_open(now).is_ok() && order.purpose == Purpose::Deposit {
        return Gate::closed("Credit cannot pay for credit.", Some("not_payable"));
    }
    while_open(now, order, "not_payable")
}

fn link_state(context: &Context<'_>) -> Result<Answer, Failure> {
    let (seen, id) = load(context, Thing::Invoice)?;
    let order = order_of(context, &seen, id)?;
    let links = context.load(&[Want::Link(context.account().id, id)])?;
    let link = links.links.get(&id);
    let active = link.filter(|_| order.is_open(context.now));
    Ok(Answer::json(&LinkState {
        has_active_link: active.is_some(),
        payment_url: active.map(|link| link_url(context, link)),
        expires_at: active.map(|_| Stamp(order.lapses)),
        view_count: link.map_or(0, |link| link.views),
        last_viewed_at: link.and_then(|link| link.viewed).map(Stamp),
        previous_links: [],
    })?)
}

/// Where a payment link leads (documented but for the host).
fn link_url(context: &Context<'_>, link: &PaymentLink) -> String {
    format!("{}/billing/pay/{}", context.dialect.settings.pages_url, link.token)
}

/// Makes a payment link, or finds the one there is: a link is never replaced here.
fn generate_link<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let NoFields {} = body(context)?;
        let (seen, id) = load(context, Thing::Invoice)?;
        let made = context.submit(Action::LinkOrder { order: id, token: random_uuid() }).await;
        let Reply::Link(link) = made.map_err(not_payable)? else { return Err(Failure::server_error()) };
        let order = order_of(context, &seen, id)?;
        let payment_url = link_url(context, &link);
        let reference = reference::invoice(context.now, &seen, order);
        let invoice = InvoiceReference { payment_url: Some(payment_url.clone()), ..reference };
        Ok(Answer::json(&Link { payment_url, expires_at: Some(Stamp(order.lapses)), invoice })?)
    })
}

/// The refusal of paying what is not to be paid any more.
fn unpayable(detail: impl Into<String>) -> Failure {
    Failure::conflict("invoice_not_payable", "Invoice cannot be paid", detail)
}

/// Why an invoice cannot be paid. Both codes are inferred.
fn not_payable(rejection: Rejection) -> Failure {
    match rejection {
        Rejection::Refused(Refusal::OrderPaid(_)) => {
            Failure::conflict("invoice_already_paid", "Invoice already paid", "This invoice is already paid.")
        }
        Rejection::Refused(Refusal::OrderCancelled(_) | Refusal::OrderLapsed(_)) => {
            unpayable("This invoice was cancelled or not paid in time.")
        }
        // The invoice is there, whatever became of what it renews.
        Rejection::Refused(Refusal::NotRenewable { reason: GateReason::Terminated, .. }) => {
            unpayable("What this invoice renews is gone.")
        }
        rejection => rejection.into(),
    }
}

/// Pays with a saved card what the account's credit is not to pay.
fn pay<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let PayRequest { saved_card_id } = body(context)?;
        let (seen, id) = load(context, Thing::Invoice)?;
        let order = order_of(context, &seen, id)?;
        if let Some(reply) = context.answered_before("pay")? {
            return settled(context, id, &reply);
        }
        let named = saved_card_id.as_deref();
        let Some(method) = chosen(context, named)? else {
            order.check_open(context.now).map_err(|refusal| not_payable(refusal.into()))?;
            return Err(no_card(named.is_some()));
        };
        let due = Some(order.gross.minus(order.plan.from_balance).map_err(Refusal::Money)?);
        let paid = context.submit_once("pay", Action::Pay { order: id, with: PayWith::Planned(method), due }).await;
        let reply = paid.map_err(|rejection| match rejection {
            Rejection::Refused(Refusal::UnknownMethod(_)) => no_card(named.is_some()),
            rejection => not_payable(rejection),
        })?;
        settled(context, id, &reply)
    })
}

/// The card that is to be charged: the saved one, also where it is named. There is no other.
fn chosen(context: &Context<'_>, named: Option<&str>) -> Result<Option<MethodId>, Failure> {
    let seen = context.load(&[Want::Methods(context.account().id)])?;
    let saved = card::charged(context, &seen).map(|card| card.id);
    let is_named = |id: &MethodId| named.is_none_or(|text| Id::number(Thing::Card, text) == Some(id.0));
    Ok(saved.filter(is_named))
}

fn no_card(named: bool) -> Failure {
    if named {
        return Failure::invalid_field("/savedCardId", "No card with this id was found.", "invalid_request");
    }
    let detail = "There is no saved card to charge. Save one, name one, or use a payment link.";
    Failure::new(StatusCode::PAYMENT_REQUIRED, "payment_failed", "Payment failed", detail)
}

/// The invoice after money went towards it. Where readers do not show it as paid yet, the documented answer is that the
/// payment was accepted and the invoice has to be read again.
fn settled(context: &Context<'_>, id: OrderId, reply: &Reply) -> Result<Answer, Failure> {
    let seen = context.load(&wants(context.account().id, id))?;
    let order = order_of(context, &seen, id)?;
    match reply {
        Reply::Paid(_) if order.is_open(context.now) => Err(Failure::new(
            StatusCode::BAD_GATEWAY,
            "upstream_invoice_shape_invalid",
            "Invoice unavailable after payment",
            "The payment was accepted, and the updated invoice could not be read. Do not pay again: read the invoice.",
        )),
        // As it was decided, also where readers lag behind: planned, or with its charge under way.
        Reply::Placed(decided) | Reply::Charging(decided) if order.is_open(context.now) => {
            answer(context, &seen, decided)
        }
        _ => answer(context, &seen, order),
    }
}

/// Puts credit towards an invoice: all that is outstanding pays it at once; a part is noted, and is taken when a card
/// pays the rest.
fn apply_credit<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let ApplyCreditRequest { amount } = body(context)?;
        let (seen, id) = load(context, Thing::Invoice)?;
        let order = order_of(context, &seen, id)?;
        if let Some(reply) = context.answered_before("apply-credit")? {
            return settled(context, id, &reply);
        }
        let refuse = |detail: String| Failure::invalid_field("/amount", detail, "invalid_request");
        let amount = amount.money(order.gross.currency()).map_err(|error| refuse(error.to_string()))?;
        if amount.minor() <= 0 {
            return Err(refuse("The amount must be above zero.".to_owned()));
        }
        let gate = can_apply_credit(context.now, order);
        if order.purpose == Purpose::Deposit && !gate.allowed {
            return Err(unpayable(gate.reason.unwrap_or_default()));
        }
        // One operation for both ways: a repeat of what was a part must never pay the rest.
        let action = applying(order, amount)?;
        check_promised(context, order, &action)?;
        let done = context.submit_once("apply-credit", action).await;
        let reply = done.map_err(|rejection| match rejection {
            Rejection::Refused(Refusal::NotAPart { .. }) => refuse("This is more than is outstanding.".to_owned()),
            rejection => not_payable(rejection),
        })?;
        settled(context, id, &reply)
    })
}

/// Refuses a part that the credit does not cover together with the parts that other open invoices are to get of it.
/// What is no part, and an order that is open no more, is for the rules to refuse.
fn check_promised(context: &Context<'_>, order: &Order, action: &Action) -> Result<(), Failure> {
    let Action::ReviseOrder { plan: PlanEdit { from_balance: Some(part), .. }, .. } = *action else { return Ok(()) };
    if part.minor() > order.gross.minor() || !order.is_open(context.now) {
        return Ok(());
    }
    let account = context.account().id;
    let seen = context.load(&[Want::OpenOrders(account), Want::Balances(account)])?;
    let others = seen.orders.values().filter(|other| other.id != order.id && other.is_open(context.now));
    let parts = others.map(|other| other.plan.from_balance).chain([part]);
    let due = Money::sum(part.currency(), parts).map_err(Refusal::Money)?;
    match seen.balances.get(&account).map(|balances| balances.balance) {
        Some(balance) if balance.minor() < due.minor() => Err(Refusal::BalanceShort { balance, due }.into()),
        _ => Ok(()),
    }
}

/// What putting an amount of credit towards an order means.
fn applying(order: &Order, amount: Money) -> Result<Action, Failure> {
    let applied = order.plan.from_balance.plus(amount).map_err(Refusal::Money)?;
    Ok(if applied == order.gross {
        Action::Pay { order: order.id, with: PayWith::Balance, due: Some(order.gross) }
    } else {
        let plan = PlanEdit { from_balance: Some(applied), ..PlanEdit::default() };
        Action::ReviseOrder { order: order.id, periods: Vec::new(), promo: PromoEdit::Keep, plan }
    })
}

/// Withdraws an invoice with its order.
fn cancel<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let NoFields {} = body(context)?;
        let (seen, id) = load(context, Thing::Invoice)?;
        let order = order_of(context, &seen, id)?;
        if let Err(refusal @ Refusal::ChargeOpen(_)) = order.check_open(context.now) {
            return Err(refusal.into());
        }
        let gate = can_cancel(context.now, &seen, order);
        if !gate.allowed {
            let detail = gate.reason.unwrap_or_default();
            return Err(Failure::conflict("not_cancelable", "Invoice cannot be cancelled", detail));
        }
        context.submit(Action::CancelOrder { order: id }).await?;
        // As it is now, also where readers lag behind.
        let cancelled = Order { state: OrderState::Cancelled(context.now), ..order.clone() };
        answer(context, &seen, &cancelled)
    })
}

/// The invoice as a file: the order's own paper, and once it is paid the original.
fn pdf(context: &Context<'_>) -> Result<Answer, Failure> {
    let (seen, id) = load(context, Thing::Invoice)?;
    let paper = seen.original(id).map_or(Paper::Order(id), |original| Paper::Invoice(original.id));
    let Document { file_name, pdf } = document(context, paper)?;
    let mut answer = Answer::of(PDF, pdf.into());
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{file_name}\""));
    answer.headers.extend(disposition.ok().map(|disposition| (CONTENT_DISPOSITION, disposition)));
    Ok(answer)
}

const PDF: &str = "application/pdf";

fn document(context: &Context<'_>, paper: Paper) -> Result<Document, Failure> {
    let made = context.ports.documents.document(context.account().id, paper)?;
    made.ok_or_else(|| found::unknown(Thing::Invoice))
}

/// The credit note inside JSON. Only businesses get one (documented): customers with a VAT number.
fn credit_note(context: &Context<'_>) -> Result<Answer, Failure> {
    let (seen, id) = load(context, Thing::Invoice)?;
    if context.account().vat_number.is_none() {
        return Err(Failure::forbidden("Credit notes are for business accounts."));
    }
    let note = seen.original(id).and_then(|original| seen.credit_note(id, original.id)).ok_or_else(|| {
        let detail = "This invoice was not refunded.";
        Failure::conflict("credit_note_unavailable", "Credit note unavailable", detail)
    })?;
    let Document { file_name, pdf } = document(context, Paper::Invoice(note.id))?;
    Ok(Answer::json(&EncodedDocument {
        content_base64: STANDARD.encode(&pdf),
        content_type: PDF,
        filename: file_name,
        byte_length: pdf.len(),
    })?)
}

#[cfg(test)]
mod tests {
    use perennial_core::account::TaxTreatment;
    use perennial_core::ids::AccountId;
    use perennial_core::money::Currency;
    use perennial_core::order::{Origin, PayPlan};

    use super::*;

    fn sek(minor: i64) -> Money {
        Money::new(minor, Currency::SEK)
    }

    fn order(purpose: Purpose, from_balance: i64) -> Order {
        Order {
            id: OrderId(7),
            account: AccountId(1),
            state: OrderState::Open,
            origin: Origin::Customer,
            purpose,
            promo: None,
            placed: Timestamp::UNIX_EPOCH,
            lapses: Timestamp::MAX,
            password: String::new(),
            plan: PayPlan { from_balance: sek(from_balance), ..PayPlan::unstated(Currency::SEK) },
            taxed: TaxTreatment::Standard(Rate::from_ppm(250_000)),
            net: sek(15_900),
            tax: sek(3_975),
            gross: sek(19_875),
            lines: Vec::new(),
            charge: None,
        }
    }

    #[test]
    fn what_is_left_is_what_credit_does_not_pay() {
        let at = Timestamp::UNIX_EPOCH;
        let payment = |kind, from_balance| Payment {
            order: OrderId(7),
            account: AccountId(1),
            kind,
            method: None,
            amount: sek(19_875),
            from_balance: sek(from_balance),
            at,
        };
        let paid = OrderState::Fulfilled(at);
        for (state, payment, credit, outstanding) in [
            (OrderState::Open, None, 10_000, 9_875),
            (paid, Some(payment(MethodKind::Balance, 0)), 19_875, 0),
            (paid, Some(payment(MethodKind::Card, 10_000)), 10_000, 0),
            (paid, Some(payment(MethodKind::Card, 0)), 0, 0),
            (OrderState::Cancelled(at), None, 0, 0),
            (OrderState::Lapsed, None, 0, 0),
        ] {
            let (read, left) = parts(&order(Purpose::Renewal, 10_000), state, payment.as_ref()).expect("fits");
            assert_eq!((read, left), (sek(credit), sek(outstanding)), "{state:?}");
        }
    }

    #[test]
    fn all_that_is_outstanding_pays_and_a_part_is_noted() {
        let planned = |amount| {
            let plan = PlanEdit { from_balance: Some(sek(amount)), ..PlanEdit::default() };
            Action::ReviseOrder { order: OrderId(7), periods: Vec::new(), promo: PromoEdit::Keep, plan }
        };
        let pays = Action::Pay { order: OrderId(7), with: PayWith::Balance, due: Some(sek(19_875)) };
        for (applied, amount, action) in [
            (0, 19_875, pays.clone()),
            (10_000, 9_875, pays),
            (0, 100, planned(100)),
            (10_000, 100, planned(10_100)),
            // The rules refuse it: it is no part.
            (10_000, 19_875, planned(29_875)),
        ] {
            assert_eq!(applying(&order(Purpose::Renewal, applied), sek(amount)).expect("fits"), action, "{amount}");
        }
    }

    #[test]
    fn credit_pays_for_anything_but_credit() {
        for (purpose, state, allowed) in [
            (Purpose::Renewal, OrderState::Open, true),
            (Purpose::Purchase, OrderState::Open, true),
            (Purpose::Deposit, OrderState::Open, false),
            (Purpose::Renewal, OrderState::Lapsed, false),
        ] {
            let order = Order { state, ..order(purpose, 0) };
            let gate = can_apply_credit(Timestamp::UNIX_EPOCH, &order);
            assert_eq!(gate.allowed, allowed, "{purpose:?} {state:?}");
        }
    }
}
