//! Section `/services`: services as the customer's pages see them.

use std::cmp::Ordering;

use perennial_core::calendar::Period;
use perennial_core::command::Action;
use perennial_core::gate::RenewGate;
use perennial_core::ids::ServiceId;
use perennial_core::order::Origin;
use perennial_core::ports::{BoxFuture, Rejection};
use perennial_core::product::Kind;
use perennial_core::refusal::Refusal;
use perennial_core::service::{Lifecycle, RenewalMode};

use super::context::{Answer, Context, price, ucents};
use super::found::{self, Found, Standing};
use super::table::{Row, act, read};
use crate::ovh::wire::auth::HttpMethod::{Delete, Post, Put};
use crate::ovh::wire::error::Failure;
use crate::ovh::wire::services as wire;
use crate::ovh::wire::services::{LifecycleAction, LifecycleState, RenewMode, TerminationPolicy};

/// The section's routes.
pub(super) const ROWS: &[Row] = &[
    read("/services", "services", list),
    read("/services/{serviceId}", "service", one),
    act(Put, "/services/{serviceId}", "set-service", set),
    act(Delete, "/services/{serviceId}", "terminate", delete),
    read("/services/{serviceId}/options", "options", options),
    read("/services/{serviceId}/renewPeriodCapacities", "renew-periods", periods),
    act(Post, "/services/{serviceId}/terminate", "terminate", terminate),
    act(Post, "/services/{serviceId}/terminate/confirm", "confirm-termination", confirm),
];

fn list(context: &Context<'_>) -> Result<Answer, Failure> {
    let order = order_by(context.query.text("orderBy"))?;
    let descending = descending(context.query.text("sort"))?;
    let name = context.query.text("resourceName");
    let kinds = context.query.text("routes").map(kinds);
    let seen = found::load_all(context, None)?;
    let mut listed = Found::all(context, &seen);
    listed.retain(|found| {
        name.is_none_or(|name| found.service.name == name)
            && kinds.as_ref().is_none_or(|kinds| kinds.contains(&found.product.kind))
    });
    listed.sort_by(order);
    if descending {
        listed.reverse();
    }
    let ids: Vec<_> = listed.iter().map(|found| found.service.id.0).collect();
    Answer::json(&ids)
}

type Order = fn(&Found<'_>, &Found<'_>) -> Ordering;

/// The fields that a list can be in order of; which ones the real API knows is unverified.
fn order_by(field: Option<&str>) -> Result<Order, Failure> {
    match field {
        None | Some("serviceId") => Ok(|left, right| left.service.id.cmp(&right.service.id)),
        Some("resourceName") => Ok(|left, right| left.service.name.cmp(&right.service.name)),
        Some("displayName") => Ok(|left, right| left.display_name().cmp(&right.display_name())),
        Some("creationDate") => Ok(|left, right| left.service.created.cmp(&right.service.created)),
        Some("expirationDate" | "nextBillingDate") => Ok(|left, right| left.service.until.cmp(&right.service.until)),
        Some(_) => Err(Failure::bad_field(
            "orderBy",
            "A list is in order of serviceId, resourceName, displayName, creationDate, expirationDate or nextBillingDate",
        )),
    }
}

/// Whether a list goes backwards; that the words are these two is unverified.
fn descending(sort: Option<&str>) -> Result<bool, Failure> {
    match sort.map(str::to_ascii_uppercase).as_deref() {
        None | Some("ASC") => Ok(false),
        Some("DESC") => Ok(true),
        Some(_) => Err(Failure::bad_field("sort", "A list is sorted ASC or DESC")),
    }
}

/// The kinds of services that are behind these routes, separated by commas. Unverified is the form of a route; a
/// section (`/vps`) and its object (`/vps/{serviceName}`) are both taken, and a route that is not ours is behind none.
fn kinds(routes: &str) -> Vec<Kind> {
    let kind = |route: &str| {
        let section = route.trim().split("/{").next()?;
        Kind::ALL.into_iter().find(|kind| found::section(*kind) == Some(section))
    };
    routes.split(',').filter_map(kind).collect()
}

fn one(context: &Context<'_>) -> Result<Answer, Failure> {
    let (seen, id) = found::load_one(context)?;
    Answer::json(&shown(&Found::of(context, &seen, id)?)?)
}

fn options(context: &Context<'_>) -> Result<Answer, Failure> {
    let (seen, id) = found::load_family(context)?;
    Found::of(context, &seen, id)?;
    let options = Found::all(context, &seen)
        .iter()
        .filter(|found| option_of(found) == Some(id))
        .map(shown)
        .collect::<Result<Vec<_>, Failure>>()?;
    Answer::json(&options)
}

fn periods(context: &Context<'_>) -> Result<Answer, Failure> {
    let (seen, id) = found::load_one(context)?;
    let found = Found::of(context, &seen, id)?;
    let periods = if found.one_shot() { Vec::new() } else { on_sale(&found) };
    let periods: Vec<_> = periods.iter().map(Period::to_string).collect();
    Answer::json(&periods)
}

fn on_sale(found: &Found<'_>) -> Vec<Period> {
    found.service.periods(found.product, found.account.currency)
}

/// The service that this one is an option of; a linked service, such as the hosting of a domain, is an option of none.
fn option_of(found: &Found<'_>) -> Option<ServiceId> {
    found.service.parent.filter(|_| found.product.kind == Kind::Addon)
}

fn shown(found: &Found<'_>) -> Result<wire::Service, Failure> {
    let contact = |contact_type| wire::Contact { customer_code: found.account.code.clone(), contact_type };
    Ok(wire::Service {
        billing: billing(found)?,
        customer: wire::Customer { contacts: wire::ContactType::ALL.iter().copied().map(contact).collect() },
        parent_service_id: option_of(found).map(|parent| parent.0),
        resource: wire::Resource {
            display_name: found.display_name(),
            name: found.service.name.clone(),
            product: Some(wire::Product { description: found.product.name.clone(), name: found.product.code.clone() }),
            reselling_provider: None,
            state: resource_state(found.life),
        },
        route: Some(found.route()).filter(|route| route.path.is_some()),
        service_id: found.service.id.0,
        tags: Vec::new(),
    })
}

fn billing(found: &Found<'_>) -> Result<wire::Billing, Failure> {
    let expiry = found.midnight(found.service.until)?;
    let next_date = found.renews_by_itself().then_some(expiry);
    let renew = wire::Renew {
        capacities: wire::RenewCapacities { mode: RenewMode::ALL.to_vec() },
        current: wire::RenewCurrent {
            mode: renew_mode(found.service.mode),
            next_date,
            period: Some(found.service.period.to_string()),
        },
    };
    Ok(wire::Billing {
        engagement: None,
        engagement_request: None,
        expiration_date: Some(expiry),
        group: None,
        lifecycle: Some(lifecycle(found)?),
        next_billing_date: next_date,
        plan: Some(wire::Plan { code: found.product.code.clone(), invoice_name: found.product.name.clone() }),
        pricing: pricing(found),
        renew: (!found.one_shot()).then_some(renew),
    })
}

/// What the service's own period costs; none where the price list no longer has that period.
fn pricing(found: &Found<'_>) -> Option<wire::Pricing> {
    let period = found.service.period;
    let net = found.service.price(found.product, period, found.account.currency)?;
    let interval = match period {
        Period::Months(count) | Period::Weeks(count) => count.get(),
    };
    Some(wire::Pricing {
        capacities: vec![wire::PricingCapacity::Renew],
        description: format!("{} for {period}", found.product.name),
        duration: period.to_string(),
        engagement_configuration: None,
        interval: interval.into(),
        maximum_quantity: Some(1),
        maximum_repeat: None,
        minimum_quantity: 1,
        minimum_repeat: 1,
        price: price(net),
        price_in_ucents: ucents(net),
        pricing_mode: "default".to_owned(),
        pricing_type: wire::PricingType::Rental,
    })
}

fn lifecycle(found: &Found<'_>) -> Result<wire::Lifecycle, Failure> {
    let ends = found.service.mode == RenewalMode::DeleteAtExpiry;
    let mut actions = Vec::new();
    if !found.one_shot() {
        actions.push(LifecycleAction::Terminate);
    }
    if found.gate() == RenewGate::Open {
        actions.push(LifecycleAction::EarlyRenewal);
    }
    if !found.one_shot() {
        actions.push(LifecycleAction::TerminateAtExpirationDate);
    }
    Ok(wire::Lifecycle {
        capacities: wire::LifecycleCapacities { actions },
        current: wire::LifecycleCurrent {
            creation_date: Some(found.midnight(found.service.created)?),
            pending_actions: pending(ends, found.open.map(|order| order.origin)),
            state: lifecycle_state(found.standing()),
            termination_date: if ends { Some(found.midnight(found.service.until)?) } else { None },
        },
    })
}

/// What is going to happen to a service: its end, or the renewal that an open order waits to make.
fn pending(ends: bool, open: Option<Origin>) -> Vec<LifecycleAction> {
    let renewal = open.map(|origin| match origin {
        Origin::Schedule => LifecycleAction::AutorenewInProgress,
        Origin::Customer => LifecycleAction::EarlyRenewal,
    });
    renewal.into_iter().chain(ends.then_some(LifecycleAction::TerminateAtExpirationDate)).collect()
}

const fn lifecycle_state(standing: Standing) -> LifecycleState {
    match standing {
        Standing::Paid => LifecycleState::Active,
        Standing::RenewalPlaced => LifecycleState::ToRenew,
        Standing::Unpaid => LifecycleState::Unpaid,
        Standing::Lapsed => LifecycleState::Unrenewed,
    }
}

const fn resource_state(life: Lifecycle) -> wire::ResourceState {
    match life {
        Lifecycle::Active | Lifecycle::Expired => wire::ResourceState::Active,
        Lifecycle::Suspended | Lifecycle::Redemption => wire::ResourceState::Suspended,
        Lifecycle::Unpaid | Lifecycle::Terminated => wire::ResourceState::Deleted,
    }
}

/// A service that ends renews in no mode.
const fn renew_mode(mode: RenewalMode) -> Option<RenewMode> {
    match mode {
        RenewalMode::Automatic => Some(RenewMode::Automatic),
        RenewalMode::Manual => Some(RenewMode::Manual),
        RenewalMode::DeleteAtExpiry => None,
    }
}

fn set<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let (seen, id) = found::load_one(context)?;
        let found = Found::of(context, &seen, id)?;
        let update: wire::ServiceUpdate = context.body()?;
        // Everything is read before anything is done, so that a wrong field leaves the others undone too.
        let name = update.display_name.as_deref();
        name.map(|name| found::display_name("displayName", name)).transpose()?;
        if update.renew.is_some() || update.termination_policy.is_some() {
            set_renewal(context, &found, &update).await?;
        }
        if let Some(name) = name {
            found::rename(context, id, "displayName", name).await?;
        }
        Ok(Answer::void())
    })
}

async fn set_renewal(context: &Context<'_>, found: &Found<'_>, update: &wire::ServiceUpdate) -> Result<(), Failure> {
    found.check_end_is_open()?;
    let renew = update.renew.as_ref();
    let mode = mode_after(found.service.mode, renew.and_then(|renew| renew.mode), update.termination_policy)?;
    let period = renew.and_then(|renew| renew.period.as_deref()).map(Period::parse).transpose();
    let period = period.map_err(|error| Failure::bad_field("renew.period", error.to_string()))?;
    match context.submit(Action::SetRenewal { service: found.service.id, mode: Some(mode), period }).await {
        Err(Rejection::Refused(Refusal::NoPrice { period, .. })) => {
            Err(Failure::bad_field("renew.period", format!("This service cannot be renewed for {period}")))
        }
        answered => answered.map(|_| ()).map_err(Failure::from),
    }
}

/// What happens at the expiry after an update. A termination wins over a mode; taken back without a mode, it leaves the
/// service manual, as `serviceInfos` was seen to do: nobody pays automatically who did not say so. What the real API
/// does there is unverified.
fn mode_after(
    mode: RenewalMode,
    wanted: Option<RenewMode>,
    policy: Option<TerminationPolicy>,
) -> Result<RenewalMode, Failure> {
    let wanted = wanted.map(|wanted| match wanted {
        RenewMode::Automatic => RenewalMode::Automatic,
        RenewMode::Manual => RenewalMode::Manual,
    });
    match (policy, mode) {
        (Some(TerminationPolicy::TerminateAtExpirationDate), _) => Ok(RenewalMode::DeleteAtExpiry),
        (Some(TerminationPolicy::TerminateAtEngagementDate), _) => {
            Err(Failure::bad_field("terminationPolicy", "This service has no engagement"))
        }
        (Some(TerminationPolicy::Empty), RenewalMode::DeleteAtExpiry) => Ok(wanted.unwrap_or(RenewalMode::Manual)),
        (Some(TerminationPolicy::Empty) | None, mode) => Ok(wanted.unwrap_or(mode)),
    }
}

/// Ends a service at its expiry without asking for a token. That it does not end at once is ours: what is paid stays.
fn delete<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let (seen, id) = found::load_one(context)?;
        let found = Found::of(context, &seen, id)?;
        found.check_end_is_open()?;
        let mode = RenewalMode::DeleteAtExpiry;
        context.submit(Action::SetRenewal { service: id, mode: Some(mode), period: None }).await?;
        told(found::terminates_on(found.service.until))
    })
}

fn terminate<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let (seen, id) = found::load_one(context)?;
        let found = Found::of(context, &seen, id)?;
        told(found::ask_to_terminate(context, &found).await?)
    })
}

fn confirm<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let (seen, id) = found::load_one(context)?;
        let found = Found::of(context, &seen, id)?;
        let request: wire::TerminateConfirmRequest = context.body()?;
        told(found::confirm_termination(context, &found, &request.token).await?)
    })
}

fn told(message: String) -> Result<Answer, Failure> {
    Answer::json(&wire::TerminationAnswer { message })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_name_kinds_and_strange_ones_name_none() {
        for (routes, expected) in [
            ("/vps", vec![Kind::Server]),
            ("/vps/{serviceName},/domain/{domain}", vec![Kind::Server, Kind::Domain]),
            ("/hosting/web/{serviceName}, /vps", vec![Kind::Hosting, Kind::Server]),
            ("/domain/zone/{zoneName}", vec![]),
            ("/vpsx,vps,/", vec![]),
        ] {
            assert_eq!(kinds(routes), expected, "{routes}");
        }
    }

    #[test]
    fn lists_are_ordered_by_what_they_show_only() {
        assert!(order_by(None).is_ok() && order_by(Some("expirationDate")).is_ok());
        assert_eq!(&*order_by(Some("price")).map(|_| ()).unwrap_err().body.details["field"], "orderBy");
        assert_eq!(
            (descending(None), descending(Some("asc")), descending(Some("DESC"))),
            (Ok(false), Ok(false), Ok(true))
        );
        assert_eq!(&*descending(Some("down")).unwrap_err().body.details["field"], "sort");
    }

    #[test]
    fn a_termination_wins_and_its_withdrawal_leaves_manual() {
        use RenewalMode::{Automatic, DeleteAtExpiry, Manual};
        use TerminationPolicy::{Empty, TerminateAtEngagementDate, TerminateAtExpirationDate};
        for (mode, wanted, policy, after) in [
            (Automatic, None, None, Automatic),
            (Automatic, Some(RenewMode::Manual), None, Manual),
            (Manual, Some(RenewMode::Automatic), None, Automatic),
            (DeleteAtExpiry, None, None, DeleteAtExpiry),
            (DeleteAtExpiry, Some(RenewMode::Automatic), None, Automatic),
            (Automatic, None, Some(TerminateAtExpirationDate), DeleteAtExpiry),
            (Manual, Some(RenewMode::Automatic), Some(TerminateAtExpirationDate), DeleteAtExpiry),
            (DeleteAtExpiry, None, Some(Empty), Manual),
            (DeleteAtExpiry, Some(RenewMode::Automatic), Some(Empty), Automatic),
            (Automatic, None, Some(Empty), Automatic),
        ] {
            assert_eq!(mode_after(mode, wanted, policy), Ok(after), "{mode:?} {wanted:?} {policy:?}");
        }
        let refused = mode_after(Automatic, None, Some(TerminateAtEngagementDate)).unwrap_err();
        assert_eq!(&*refused.body.details["field"], "terminationPolicy");
    }

    #[test]
    fn what_is_going_to_happen_is_the_renewal_and_the_end() {
        assert_eq!(pending(false, None), []);
        assert_eq!(pending(false, Some(Origin::Schedule)), [LifecycleAction::AutorenewInProgress]);
        assert_eq!(pending(false, Some(Origin::Customer)), [LifecycleAction::EarlyRenewal]);
        assert_eq!(pending(true, None), [LifecycleAction::TerminateAtExpirationDate]);
    }
}
