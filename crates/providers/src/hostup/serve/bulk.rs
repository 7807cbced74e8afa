//! `/v2/domains/bulk`: renewing many domains with one order and one invoice, and letting many renew by themselves. The
//! work is done before it is answered; the job that clients ask about is its report.

use std::collections::BTreeSet;

use http::{Method, StatusCode};
use perennial_core::calendar::Period;
use perennial_core::command::{Action, Reply};
use perennial_core::ids::{OrderId, ServiceId};
use perennial_core::order::{Order, OrderLine};
use perennial_core::ports::{BoxFuture, Rejection};
use perennial_core::product::Kind;
use perennial_core::quote::SERVICES_MAX;
use perennial_core::refusal::Refusal;
use perennial_core::service::RenewalMode;
use perennial_core::snapshot::{Snapshot, Want};
use serde::Serialize;
use serde_json::Value;

use super::domain::{can_enable, refuse_enabling, switching};
use super::found::{self, Block, Found};
use super::order::kind_of;
use super::refusal::after_commit;
use super::{Answer, Context, Row, body, reference, require_scope};
use crate::hostup::id::{Id, Thing};
use crate::hostup::wire::bulk::{
    BulkAutoRenew, BulkAutoRenewResult, BulkChanged, BulkRenew, BulkRenewResult, BulkRenewed, Operation,
    PendingOrdersFound, PendingRenewal, Skipped,
};
use crate::hostup::wire::problem::Failure;

pub(super) const ROWS: &[Row] = &[
    Row::act(Method::POST, "/v2/domains/bulk/renew", "renew", renew).scopes(&["write:domains"]),
    Row::act(Method::POST, "/v2/domains/bulk/autorenew", "edit-domains", autorenew).scopes(&["write:domains"]),
    Row::not_served(Method::POST, "/v2/domains/bulk/status-sync"),
];

/// The kinds of the two jobs.
const RENEW: &str = "bulk-renew";
const AUTORENEW: &str = "bulk-autorenew";

/// How often a choice is made anew when something comes in between.
const ATTEMPTS: usize = 2;

fn renew<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        require_scope(context, "write:billing")?;
        let BulkRenew { domain_ids } = body(context)?;
        check_count(&domain_ids)?;
        let Some(order) = place(context, &domain_ids).await? else {
            let skipped = skipped(context, &domain_ids, None)?;
            return Ok(Answer::json(&BulkRenewed {
                operation: None,
                domains_queued: Some(0),
                domains_skipped: skipped.len(),
                skipped,
                all_skipped: true,
            })?);
        };
        let skipped = skipped(context, &domain_ids, Some(&order))?;
        let (domains_renewed, domains_skipped) = (order.lines.len(), skipped.len());
        let result = BulkRenewResult {
            order_id: reference::order_id(order.id),
            order_number: reference::order_number(order.id),
            invoice_id: reference::invoice_id(order.id),
            proforma_id: reference::invoice_id(order.id),
            redirect_url: reference::payment_url(&reference::order_number(order.id)),
            domains_renewed,
            domains_skipped,
            skipped: skipped.clone(),
        };
        let operation = Some(record(context, RENEW, Some(order.id), &result).await?);
        let domains_queued = Some(domains_renewed);
        let renewed = BulkRenewed { operation, domains_queued, domains_skipped, skipped, all_skipped: false };
        // That it is 202 is inferred from the sibling.
        Ok(Answer::json(&renewed)?.with_status(StatusCode::ACCEPTED))
    })
}

/// Bounds how many ids a request names. The bound is that of one order; the real one is unverified.
fn check_count(ids: &[String]) -> Result<(), Failure> {
    if (1..=SERVICES_MAX).contains(&ids.len()) {
        return Ok(());
    }
    let detail = format!("`domainIds` has from 1 to {SERVICES_MAX} ids.");
    Err(Failure::invalid_field("/domainIds", detail, "invalid_request"))
}

/// Orders the renewal of all that can be renewed together; none where nothing can.
async fn place(context: &Context<'_>, ids: &[String]) -> Result<Option<Order>, Failure> {
    if let Some(order) = found::placed_before(context)? {
        return Ok(Some(order));
    }
    let mut attempt = 1;
    loop {
        let Some((services, period)) = choose(context, ids)? else { return Ok(None) };
        let action = found::renewal(services, period);
        match context.submit_once("renew", action.clone()).await {
            Ok(reply) => {
                let order = found::placed(reply)?;
                if attempt == ATTEMPTS || found::is_asked_for(context, &action, &order) {
                    return Ok(Some(order));
                }
                attempt += 1;
            }
            Err(Rejection::Refused(_)) if attempt < ATTEMPTS => attempt += 1,
            Err(rejection) => return Err(rejection.into()),
        }
    }
}

/// The numbers that ids stand for, each once.
fn numbers(ids: &[String]) -> Vec<ServiceId> {
    let mut numbers: Vec<ServiceId> = Vec::with_capacity(ids.len());
    for number in ids.iter().filter_map(|id| Id::number(Thing::Domain, id)).map(ServiceId) {
        if !numbers.contains(&number) {
            numbers.push(number);
        }
    }
    numbers
}

/// Those of the domains that are renewed, and for how long: an order has one period here, the one that most of them
/// have.
fn choose(context: &Context<'_>, ids: &[String]) -> Result<Option<(Vec<ServiceId>, Period)>, Failure> {
    let numbers = numbers(ids);
    let seen = found::load_services(context, &numbers)?;
    let mut open = Vec::new();
    for found in numbers.iter().filter_map(|id| Found::of(context, &seen, Thing::Domain, *id).ok()) {
        if found.block()?.is_none() {
            open.push((found.service.id, found.service.period));
        }
    }
    let periods: Vec<_> = open.iter().map(|(_, period)| *period).collect();
    let of = |most| open.iter().filter(move |(_, period)| *period == most).map(|(id, _)| *id).collect();
    Ok(most_common(&periods).map(|most| (of(most), most)))
}

/// The period that is there most often; of several the one that is named first.
fn most_common(periods: &[Period]) -> Option<Period> {
    let often = |wanted: &Period| periods.iter().filter(|period| *period == wanted).count();
    periods.iter().rev().max_by_key(|period| often(period)).copied()
}

/// The domains that an order does not renew, and why.
fn skipped(context: &Context<'_>, ids: &[String], order: Option<&Order>) -> Result<Vec<Skipped>, Failure> {
    let seen = found::load_services(context, &numbers(ids))?;
    let mut skipped = Vec::new();
    for (index, id) in ids.iter().enumerate() {
        let number = Id::number(Thing::Domain, id).map(ServiceId);
        let twice = ids.iter().take(index).any(|earlier| earlier == id);
        let renewed = number.is_some_and(|number| order.is_some_and(|order| order.line_of(number).is_some()));
        if twice || !renewed {
            skipped.push(skip(context, &seen, id, number, twice)?);
        }
    }
    Ok(skipped)
}

/// Why a domain is not renewed with the others. The words are ours.
fn skip(
    context: &Context<'_>,
    seen: &Snapshot,
    id: &str,
    number: Option<ServiceId>,
    twice: bool,
) -> Result<Skipped, Failure> {
    let found = number.and_then(|number| Found::of(context, seen, Thing::Domain, number).ok());
    let block = found.as_ref().map(Found::block).transpose()?.flatten().filter(|_| !twice);
    let in_the_way = match block {
        Some(Block::Pending(order) | Block::Other(order)) => Some(order.id),
        Some(Block::PaidAhead(_) | Block::NotActive(_)) | None => None,
    };
    let reason = match (&found, block) {
        _ if twice => "The domain is named twice.".to_owned(),
        (None, _) => "No domain with this id was found.".to_owned(),
        (Some(_), Some(block)) => block.gate().reason.unwrap_or_default(),
        (Some(_), None) => "Its billing cycle is not that of the others; renew it by itself.".to_owned(),
    };
    Ok(Skipped {
        domain_id: Some(id.to_owned()),
        domain_name: found.map(|found| found.service.name.clone()),
        reason,
        order_number: in_the_way.map(reference::order_number),
        invoice_id: in_the_way.map(reference::invoice_id),
    })
}

/// Keeps the report of a piece of work that is done. Where it cannot be kept, the work is done all the same.
async fn record(
    context: &Context<'_>,
    kind: &str,
    order: Option<OrderId>,
    result: &(impl Serialize + Sync),
) -> Result<Operation, Failure> {
    let result: Value = serde_json::to_value(result).map_err(|_| Failure::server_error())?;
    let action = Action::RecordJob { kind: kind.to_owned(), order, report: result.to_string() };
    let kept = context.submit(action).await.map_err(after_commit)?;
    let Reply::Job(job) = kept else { return Err(Failure::server_error()) };
    let job_id = Id::new(Thing::Job, job.0);
    Ok(Operation { status: "completed", job_id, poll_url: format!("/api/jobs/{job_id}"), result: Some(result) })
}

/// What switching many domains does, as of one look at them.
struct Switch {
    /// The domains that are not what they are to be.
    services: Vec<ServiceId>,
    /// The orders of the pending renewals of all that are named.
    orders: Vec<OrderId>,
    /// What those orders renew, a line a service.
    pending: Vec<PendingRenewal>,
    /// The first of them that renews others than those that are named.
    mixed: Option<OrderId>,
}

fn autorenew<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let BulkAutoRenew { domain_ids, enabled, confirm_cancel_pending } = body(context)?;
        check_count(&domain_ids)?;
        let ids = all_owned(context, &domain_ids)?;
        let mut attempt = 1;
        let orders_cancelled = loop {
            let switch = switch(context, &ids, enabled)?;
            if !switch.orders.is_empty() {
                if confirm_cancel_pending != Some(true) {
                    let question = PendingOrdersFound { pending_orders_found: true, pending_orders: switch.pending };
                    return Ok(Answer::json(&question)?);
                }
                require_scope(context, "write:billing")?;
            }
            if let Some(order) = switch.mixed {
                return Err(renews_others(order, &switch.pending));
            }
            let orders = switch.orders.len();
            match carry_out(context, enabled, switch).await {
                // Settled meanwhile: looked at anew.
                Err(Rejection::Refused(
                    Refusal::OrderPaid(_) | Refusal::OrderCancelled(_) | Refusal::OrderLapsed(_),
                )) if attempt < ATTEMPTS => attempt += 1,
                done => {
                    done?;
                    break orders;
                }
            }
        };
        let result = BulkAutoRenewResult { enabled, domains_updated: ids.len(), orders_cancelled };
        let operation = record(context, AUTORENEW, None, &result).await?;
        let changed = BulkChanged { operation, domains_queued: ids.len() };
        Ok(Answer::json(&changed)?.with_status(StatusCode::ACCEPTED))
    })
}

/// The refusal of withdrawing the renewals of others with those of the domains that are named. The code is inferred.
fn renews_others(order: OrderId, pending: &[PendingRenewal]) -> Failure {
    let detail = format!(
        "Order {} renews services as well that were not named. Name all of its domains, or cancel the order itself.",
        reference::order_id(order)
    );
    Failure::conflict("not_cancelable", "Pending order renews others, too", detail).with("pendingOrders", &pending)
}

/// The domains that ids name, if all of them are the caller's: one that is not refuses them all (documented).
fn all_owned(context: &Context<'_>, ids: &[String]) -> Result<Vec<ServiceId>, Failure> {
    let foreign = || Failure::forbidden("At least one of the domains is not yours.");
    if ids.iter().any(|id| Id::number(Thing::Domain, id).is_none()) {
        return Err(foreign());
    }
    let numbers = numbers(ids);
    let seen = found::load_services(context, &numbers)?;
    let owned = |id: &ServiceId| Found::of(context, &seen, Thing::Domain, *id).is_ok();
    if numbers.iter().all(owned) { Ok(numbers) } else { Err(foreign()) }
}

/// Looks at what is to be switched. Pending renewals matter where automatic renewal is switched off.
fn switch(context: &Context<'_>, ids: &[ServiceId], enabled: bool) -> Result<Switch, Failure> {
    let seen = found::load_services(context, ids)?;
    let mut services = Vec::new();
    let mut orders = BTreeSet::new();
    for id in ids {
        let found = Found::of(context, &seen, Thing::Domain, *id)?;
        if enabled && !found.renews_by_itself() {
            let gate = can_enable(&found);
            if !gate.allowed {
                return Err(refuse_enabling(&found, gate));
            }
        }
        if enabled != (found.service.mode == RenewalMode::Automatic) {
            services.push(*id);
        }
        orders.extend(found.pending().filter(|_| !enabled).map(|order| order.id));
    }
    let account = context.account().id;
    let wanted: Vec<_> = orders.iter().map(|order| Want::OrderWithServices(account, *order)).collect();
    let with_services = context.load(&wanted)?;
    let mut switch = Switch { services, orders: Vec::new(), pending: Vec::new(), mixed: None };
    for order in orders.iter().filter_map(|order| with_services.orders.get(order)) {
        switch.pending.extend(order.lines.iter().map(|line| pending(&with_services, order, line)));
        switch.orders.push(order.id);
        if !found::is_wholly_of(order, ids) {
            switch.mixed = switch.mixed.or(Some(order.id));
        }
    }
    Ok(switch)
}

fn pending(seen: &Snapshot, order: &Order, line: &OrderLine) -> PendingRenewal {
    let is_domain = kind_of(seen, line.service) == Some(Kind::Domain);
    PendingRenewal {
        domain_id: is_domain.then(|| Id::new(Thing::Domain, line.service.0)),
        domain_name: Some(line.service_name.clone()),
        order_id: reference::order_id(order.id),
        order_number: reference::order_number(order.id),
        invoice_id: reference::invoice_id(order.id),
        invoice_number: reference::invoice_number(seen, order),
    }
}

/// Switches all of them and withdraws their orders, or does nothing.
async fn carry_out(context: &Context<'_>, enabled: bool, switch: Switch) -> Result<(), Rejection> {
    let Switch { services, orders, .. } = switch;
    if !(services.is_empty() && orders.is_empty()) {
        let mode = if enabled { RenewalMode::Automatic } else { RenewalMode::Manual };
        context.submit(switching(services, mode, orders)).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_period_that_most_have_is_renewed_for() {
        let period = |text: &str| Period::parse(text).expect("is a period");
        for (periods, most) in [
            (&[][..], None),
            (&["P1Y"], Some("P1Y")),
            (&["P2Y", "P1Y"], Some("P2Y")),
            (&["P2Y", "P1Y", "P1Y"], Some("P1Y")),
            (&["P2Y", "P1Y", "P2Y", "P1Y"], Some("P2Y")),
        ] {
            let periods: Vec<_> = periods.iter().map(|text| period(text)).collect();
            assert_eq!(most_common(&periods), most.map(period), "{periods:?}");
        }
    }

    #[test]
    fn ids_are_taken_once_and_in_order() {
        let id = |number| Id::new(Thing::Domain, number).to_string();
        let ids = [id(7), "example.se".to_owned(), id(5), id(7), Id::new(Thing::Order, 3).to_string()];
        assert_eq!(numbers(&ids), [ServiceId(7), ServiceId(5)]);
    }

    #[test]
    fn as_many_ids_are_taken_as_one_order_renews() {
        let ids = |count: usize| vec![String::new(); count];
        for (count, taken) in [(0, false), (1, true), (SERVICES_MAX, true), (SERVICES_MAX + 1, false)] {
            assert_eq!(check_count(&ids(count)).is_ok(), taken, "{count}");
        }
    }
}
