//! The renewal of one domain: its state, ordering it, and answering to it.

use http::Method;
use perennial_core::calendar::Period;
use perennial_core::command::Action;
use perennial_core::ids::{OrderId, ServiceId};
use perennial_core::order::Order;
use perennial_core::ports::{BoxFuture, Rejection};
use perennial_core::refusal::Refusal;

use super::domain::{DUE_DAYS, actions};
use super::found::{self, Found};
use super::{Answer, Context, Row, body, reference, require_scope};
use crate::hostup::id::{Id, Thing};
use crate::hostup::wire::problem::Failure;
use crate::hostup::wire::reference::{InvoiceReference, NoFields};
use crate::hostup::wire::renewal::{Decision, RenewalResponse, RenewalState, Renewed, RenewsFor, Responded};
use crate::hostup::wire::stamp::Stamp;

/// Ordering a renewal takes `write:billing` besides (documented), and so does declining one.
pub(super) const ROWS: &[Row] = &[
    Row::read("/v2/domains/{id}/renewal", "renewal", state).scopes(&["read:domains"]),
    Row::act(Method::POST, "/v2/domains/{id}/actions/renew", "renew", renew).scopes(&["write:domains"]),
    Row::act(Method::POST, "/v2/domains/{id}/actions/respond-to-renewal", "respond-to-renewal", respond)
        .scopes(&["write:domains"]),
];

fn state(context: &Context<'_>) -> Result<Answer, Failure> {
    let (seen, id) = found::load_one(context, Thing::Domain)?;
    Ok(Answer::json(&shown(context, &Found::of(context, &seen, Thing::Domain, id)?)?)?)
}

fn shown(context: &Context<'_>, found: &Found<'_>) -> Result<RenewalState, Failure> {
    let service = found.service;
    let pending = found.pending();
    let invoice = pending.map(|order| reference::invoice(context.now, found.seen, order));
    let costs = pending.and_then(|order| order.line_of(service.id)).map(|line| line.net).or_else(|| found.price());
    let days_left = found.days_left()?;
    Ok(RenewalState {
        has_pending_order: pending.is_some(),
        order_id: pending.map(|order| reference::order_id(order.id)),
        order_number: pending.map(|order| reference::order_number(order.id)),
        invoice_id: invoice.as_ref().map(|invoice| invoice.id),
        invoice_number: invoice.as_ref().and_then(|invoice| invoice.number.clone()),
        proforma_id: invoice.as_ref().map(|invoice| invoice.id),
        invoice_status: invoice.as_ref().map(|invoice| invoice.status.capitalised()),
        billing: reference::billing(costs, found.account.currency, service.period),
        renews_for: renews_for(service.period),
        created_at: pending.map(|order| Stamp(order.placed)),
        renewal_invoice: invoice,
        auto_renew: Some(found.renews_by_itself()),
        days_until_expiry: Some(days_left),
        has_upcoming_renewal: upcoming(pending.is_some(), found.renews_by_itself(), days_left),
        actions: actions(found)?,
        options: [],
    })
}

/// Whether a renewal is ordered, or will be by itself and is due. The meaning is inferred: the documentation's idle
/// domain renews by itself and has none upcoming with 365 days left.
const fn upcoming(pending: bool, by_itself: bool, days_left: i32) -> bool {
    pending || (by_itself && days_left <= DUE_DAYS)
}

fn renews_for(period: Period) -> RenewsFor {
    RenewsFor { billing_cycle: reference::cycle(period), months: period.as_months() }
}

fn renew<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        require_scope(context, "write:billing")?;
        let id = found::service_id(Thing::Domain, context.param("id"))?;
        let NoFields {} = body(context)?;
        let order = ordered(context, id).await?;
        let line = order.line_of(id).ok_or_else(Failure::server_error)?;
        let period = line.period.ok_or_else(Failure::server_error)?;
        let renewal_invoice = read_back(context, order.id)?;
        Ok(Answer::json(&Renewed {
            domain_id: Id::new(Thing::Domain, id.0),
            renewal_scheduled: true,
            new_expires_at: None,
            billing: reference::billing(Some(line.net), line.net.currency(), period),
            renews_for: renews_for(period),
            order_id: Some(reference::order_id(order.id)),
            invoice_lookup_pending: renewal_invoice.is_none().then_some(true),
            renewal_invoice,
        })?)
    })
}

/// Orders the renewal of a domain for the period that it has, or finds the order that this very request placed before.
async fn ordered(context: &Context<'_>, id: ServiceId) -> Result<Order, Failure> {
    if let Some(order) = found::placed_before(context)? {
        return Ok(order);
    }
    let seen = found::load_service(context, id)?;
    found::renew(context, &Found::of(context, &seen, Thing::Domain, id)?, []).await
}

/// The invoice of an order that was just placed, as readers see it: none while they do not see the order yet.
pub(super) fn read_back(context: &Context<'_>, order: OrderId) -> Result<Option<InvoiceReference>, Failure> {
    let seen = context.load(&reference::wants(context.account().id, order))?;
    Ok(seen.orders.get(&order).map(|order| reference::invoice(context.now, &seen, order)))
}

fn respond<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let (seen, id) = found::load_one(context, Thing::Domain)?;
        let found = Found::of(context, &seen, Thing::Domain, id)?;
        let decision = decision(body(context)?)?;
        if decision == Decision::Decline {
            require_scope(context, "write:billing")?;
        }
        let order = found.pending().ok_or_else(nothing_pending)?;
        let (word, renewal_invoice) = match decision {
            Decision::Accept => ("accepted", Some(reference::invoice(context.now, &seen, order))),
            Decision::Decline => {
                if !found.is_alone_in(order) {
                    return Err(renews_others(&found, order));
                }
                decline(context, order.id).await?;
                ("declined", None)
            }
        };
        let domain_id = found.id();
        Ok(Answer::json(&Responded { domain_id, decision: word, new_expires_at: None, renewal_invoice })?)
    })
}

/// What was answered; `accept` counts before `decision` (documented).
fn decision(response: RenewalResponse) -> Result<Decision, Failure> {
    let accepted = response.accept.map(|accept| if accept { Decision::Accept } else { Decision::Decline });
    accepted
        .or(response.decision)
        .ok_or_else(|| Failure::invalid_field("/accept", "`accept` or `decision` is required.", "missing_required"))
}

/// Withdraws a pending renewal. One that was paid or withdrawn meanwhile pends no more.
async fn decline(context: &Context<'_>, order: OrderId) -> Result<(), Failure> {
    match context.submit(Action::CancelOrder { order }).await {
        Ok(_) => Ok(()),
        Err(Rejection::Refused(
            Refusal::OrderPaid(_) | Refusal::OrderCancelled(_) | Refusal::OrderLapsed(_) | Refusal::UnknownOrder(_),
        )) => Err(nothing_pending()),
        Err(rejection) => Err(rejection.into()),
    }
}

/// The refusal of declining the renewal of one domain by withdrawing that of others, too. The code is inferred.
fn renews_others(found: &Found<'_>, order: &Order) -> Failure {
    let detail = format!(
        "Order {} renews other services as well, so it is not withdrawn by declining this one. Cancel the order itself.",
        reference::order_id(order.id)
    );
    Failure::conflict("not_cancelable", "Renewal cannot be declined alone", detail)
        .with("pendingRenewalOrder", &reference::pending_order(found.seen, order))
}

fn nothing_pending() -> Failure {
    let detail = "This domain has no pending renewal to respond to.";
    Failure::conflict("no_pending_renewal", "No pending renewal", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_counts_before_the_decision() {
        use Decision::{Accept, Decline};
        for (accept, decided, read) in [
            (Some(true), None, Some(Accept)),
            (Some(false), None, Some(Decline)),
            (None, Some(Accept), Some(Accept)),
            (None, Some(Decline), Some(Decline)),
            (Some(true), Some(Decline), Some(Accept)),
            (Some(false), Some(Accept), Some(Decline)),
            (None, None, None),
        ] {
            let response = RenewalResponse { accept, decision: decided };
            assert_eq!(decision(response).ok(), read, "{response:?}");
        }
    }

    #[test]
    fn a_renewal_is_upcoming_when_it_is_ordered_or_due_by_itself() {
        for (pending, by_itself, days_left, shown) in [
            (false, true, 365, false),
            (false, true, 31, false),
            (false, true, 30, true),
            (false, true, -1, true),
            (false, false, 30, false),
            (true, false, 365, true),
        ] {
            assert_eq!(upcoming(pending, by_itself, days_left), shown, "{pending} {by_itself} {days_left}");
        }
    }
}
