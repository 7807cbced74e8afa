//! Changing open orders: how they are to be paid, their promo code, and what a server is renewed for.

use perennial_core::calendar::Period;
use perennial_core::command::{Action, PlanEdit, PromoEdit};
use perennial_core::ids::ServiceId;
use perennial_core::order::{Order, Purpose};
use perennial_core::ports::BoxFuture;
use perennial_core::product::Kind;
use perennial_core::snapshot::{Snapshot, Want};

use super::super::Context;
use super::super::found::{Found, service_type};
use super::super::renew::period_for;
use super::{named, order_of, payment_kind, render};
use crate::common::bearer::Answer;
use crate::vpsbg::wire::edit::Edit;
use crate::vpsbg::wire::error::Failure;
use crate::vpsbg::wire::order::{PeriodRequest, UpdateRequest};

/// Changes an order. The path and the body are inferred.
pub(super) fn update<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let id = named(context)?;
        let UpdateRequest { auto_pay, promo_code, payment_method } = context.body()?;
        let promo = promo_edit(promo_code);
        let plan = PlanEdit { by_itself: auto_pay, kind: payment_method.map(payment_kind), from_balance: None };
        let revised = context.submit(Action::ReviseOrder { order: id, periods: Vec::new(), promo, plan }).await?;
        Ok(Answer::json(&render(context, &order_of(revised)?)?)?)
    })
}

/// An empty code is none.
fn promo_edit(field: Edit<String>) -> PromoEdit {
    match field {
        Edit::Keep => PromoEdit::Keep,
        Edit::Set(code) if !code.is_empty() => PromoEdit::Set(code),
        Edit::Clear | Edit::Set(_) => PromoEdit::Clear,
    }
}

/// Renews a server of an open order, and its add-ons there, for another period.
pub(super) fn change_period<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let PeriodRequest { billing_cycle, promo_code } = context.body()?;
        let order = named(context)?;
        let (period, services) = changeable(context, billing_cycle)?;
        let periods = services.into_iter().map(|service| (service, period)).collect();
        let (promo, plan) = (promo_edit(promo_code), PlanEdit::default());
        context.submit(Action::ReviseOrder { order, periods, promo, plan }).await?;
        Ok(Answer::nothing())
    })
}

/// The server that the path names and its add-ons in the order, and the period of a cycle of so many months.
fn changeable(context: &Context<'_>, months: u16) -> Result<(Period, Vec<ServiceId>), Failure> {
    let (account, id) = (context.account().id, named(context)?);
    let seen = context.load(&[Want::OrderWithServices(account, id)])?;
    let order = seen.order_of(account, id)?;
    let service = context.param("service_id").parse().map(ServiceId).map_err(|_| Failure::not_found())?;
    let kind = kind_in(&seen, order, service)
        .filter(|kind| service_type(*kind) == Some(context.param("service_type")))
        .ok_or_else(Failure::not_found)?;
    order.check_open(context.now)?;
    if kind != Kind::Server || order.purpose != Purpose::Renewal {
        return Err(Failure::refused("The period of this service cannot be changed in this order."));
    }
    let period = period_for(months, Found::server(context, &seen, service)?.minimum_billing_cycle())?;
    let addon = |line: &&perennial_core::order::OrderLine| {
        kind_in(&seen, order, line.service) == Some(Kind::Addon)
            && seen.services.get(&line.service).is_some_and(|addon| addon.parent == Some(service))
    };
    let addons = order.lines.iter().filter(addon).map(|line| line.service);
    Ok((period, std::iter::once(service).chain(addons).collect()))
}

/// The kind of a service that an order renews.
fn kind_in(seen: &Snapshot, order: &Order, service: ServiceId) -> Option<Kind> {
    order.line_of(service)?;
    seen.services.get(&service).and_then(|service| seen.product(service).ok()).map(|product| product.kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absent_code_stays_and_an_empty_one_is_none() {
        for (field, edit) in [
            (Edit::Keep, PromoEdit::Keep),
            (Edit::Clear, PromoEdit::Clear),
            (Edit::Set(String::new()), PromoEdit::Clear),
            (Edit::Set("fall2403".to_owned()), PromoEdit::Set("fall2403".to_owned())),
        ] {
            assert_eq!(promo_edit(field), edit);
        }
    }
}
