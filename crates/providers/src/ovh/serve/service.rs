//! Section `/service`: services, the strategies to renew them by, and orders to renew.

use perennial_core::calendar::Period;
use perennial_core::command::{Action, After, Command, CouponUse, RenewRequest, Reply, Scope};
use perennial_core::gate::GateReason;
use perennial_core::ids::ServiceId;
use perennial_core::order::Origin;
use perennial_core::ports::{BoxFuture, Rejection};
use perennial_core::quote::{SERVICES_MAX, quote};
use perennial_core::refusal::Refusal;
use perennial_core::service::{Lifecycle, RenewalMode};
use perennial_core::snapshot::Snapshot;
use perennial_core::strategy::{Breadth, PeriodStrategies, Strategy, strategies};

use super::context::{Answer, Context, price, ucents};
use super::document;
use super::found::{self, Found, Standing};
use super::table::{Row, act, read};
use crate::ovh::wire::auth::HttpMethod::{Post, Put};
use crate::ovh::wire::error::Failure;
use crate::ovh::wire::scalar::{Date, KeyValue};
use crate::ovh::wire::service::{
    BillingState, Interval, Plan, Product, Renew, RenewDescription, RenewMode, RenewOrder, RenewRequest as WireRequest,
    RenewService, RenewStrategy, Resource, ResourceState, Service, ServiceUpdate,
};
use crate::secret::order_password;

/// How long an order waits for its payment: a day (sample of the guide, and the order FAQ).
const OPEN_S: u32 = 24 * 60 * 60;

/// The section's routes.
pub(super) const ROWS: &[Row] = &[
    read("/service", "services", list),
    read("/service/{serviceId}", "service", one),
    act(Put, "/service/{serviceId}", "rename", rename),
    read("/service/{serviceId}/renew", "strategies", offers),
    act(Post, "/service/{serviceId}/renew", "renew", renew),
    act(Post, "/service/{serviceId}/suspend", "suspend", suspend),
    act(Post, "/service/{serviceId}/reopen", "reopen", reopen),
    act(Post, "/service/{serviceId}/terminate", "terminate", terminate),
];

fn list(context: &Context<'_>) -> Result<Answer, Failure> {
    let seen = found::load_all(context, None)?;
    let ids: Vec<_> = Found::all(context, &seen).iter().map(|found| found.service.id.0).collect();
    Answer::json(&ids)
}

fn one(context: &Context<'_>) -> Result<Answer, Failure> {
    let (seen, id) = found::load_one(context)?;
    Answer::json(&shown(&Found::of(context, &seen, id)?))
}

fn shown(found: &Found<'_>) -> Service {
    let Found { product, service, .. } = found;
    Service {
        creation_date: Date(service.created),
        // What the real API has here is unverified; this is what the seller noted of the service.
        details: service.facts.iter().map(|(key, value)| KeyValue { key: key.clone(), value: value.clone() }).collect(),
        engagement_date: None,
        expiration_date: Some(found.expiry()),
        next_billing_date: found.renews_by_itself().then(|| found.expiry()),
        plan: Plan { code: Some(product.code.clone()), product: Product { name: Some(product.name.clone()) } },
        quantity: 1,
        renew: Some(renewal(found)),
        resource: Resource {
            display_name: found.display_name(),
            name: Some(service.name.clone()),
            state: Some(resource_state(found.life)),
        },
        route: found.route(),
        state: billing_state(found.standing()),
    }
}

/// How a service renews. Periods that the enumeration does not have are left out of it.
fn renewal(found: &Found<'_>) -> Renew {
    let interval = |period: Period| Interval::parse(&period.to_string());
    if found.one_shot() {
        return Renew {
            day_of_month: None,
            interval: None,
            mode: RenewMode::OneShot,
            possible_intervals: Some(Vec::new()),
            possible_modes: vec![RenewMode::OneShot],
        };
    }
    let periods = found.service.periods(found.product, found.account.currency);
    Renew {
        day_of_month: Some(found.service.anchor.get().into()),
        interval: interval(found.service.period),
        mode: renew_mode(found.service.mode),
        possible_intervals: Some(periods.into_iter().filter_map(interval).collect()),
        possible_modes: RenewalMode::ALL.map(renew_mode).to_vec(),
    }
}

const fn renew_mode(mode: RenewalMode) -> RenewMode {
    match mode {
        RenewalMode::Automatic => RenewMode::AutomaticV2016,
        RenewalMode::Manual => RenewMode::Manual,
        RenewalMode::DeleteAtExpiry => RenewMode::DeleteAtExpiration,
    }
}

const fn billing_state(standing: Standing) -> BillingState {
    match standing {
        Standing::Paid => BillingState::Ok,
        Standing::RenewalPlaced => BillingState::Pending,
        Standing::Unpaid => BillingState::Unpaid,
        Standing::Lapsed => BillingState::Expired,
    }
}

const fn resource_state(life: Lifecycle) -> ResourceState {
    match life {
        Lifecycle::Active | Lifecycle::Expired => ResourceState::Ok,
        Lifecycle::Suspended | Lifecycle::Redemption => ResourceState::Suspended,
        Lifecycle::Unpaid | Lifecycle::Terminated => ResourceState::Deleted,
    }
}

fn rename<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let (seen, id) = found::load_one(context)?;
        Found::of(context, &seen, id)?;
        let update: ServiceUpdate = context.body()?;
        if let Some(name) = update.resource.and_then(|resource| resource.display_name) {
            found::rename(context, id, "resource.displayName", &name).await?;
        }
        Ok(Answer::void())
    })
}

fn offers(context: &Context<'_>) -> Result<Answer, Failure> {
    let with_options = context.query.boolean("includeOptions")?.unwrap_or(false);
    let breadth = if with_options { Breadth::WithOptions } else { Breadth::Linked };
    let (seen, id) = found::load_family(context)?;
    let account = Found::of(context, &seen, id)?.account;
    let offered = strategies(context.now, &seen, account, id, breadth)?;
    let descriptions: Vec<_> = offered.iter().map(|offer| description(&seen, offer)).collect();
    Answer::json(&descriptions)
}

fn description(seen: &Snapshot, offer: &PeriodStrategies) -> RenewDescription {
    RenewDescription {
        renew_period: offer.period.to_string(),
        strategies: offer.strategies.iter().map(|strategy| described(seen, strategy)).collect(),
    }
}

fn described(seen: &Snapshot, Strategy { services, net }: &Strategy) -> RenewStrategy {
    let detail = |id: &ServiceId| {
        let service = seen.services.get(id)?;
        let product = seen.product(service).ok()?;
        let (service_name, service_type) = (service.name.clone(), product.name.clone());
        Some(RenewService { service_id: id.0, service_name, service_type })
    };
    RenewStrategy {
        price: price(*net),
        price_in_ucents: ucents(*net),
        services: services.iter().map(|id| id.0).collect(),
        services_details: services.iter().filter_map(detail).collect(),
    }
}

fn renew<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let of = found::path_id(context)?;
        let wanted: WireRequest = context.body()?;
        let request = request(of, &wanted)?;
        // The default is unverified; the guide says `false` to place an order.
        let order = if wanted.dry_run.unwrap_or(false) {
            dry_run(context, of, request)?
        } else {
            let action = Action::Renew { request, password: order_password() };
            match context.submit_once("renew", action).await {
                Ok(Reply::Placed(order)) => document::placed(context, &order)?,
                Ok(_) => return Err(Failure::server_error()),
                Err(Rejection::Refused(refusal)) => return Err(refused(of, refusal)),
                Err(rejection) => return Err(rejection.into()),
            }
        };
        Answer::json(&order)
    })
}

fn request(of: ServiceId, wanted: &WireRequest) -> Result<RenewRequest, Failure> {
    let period = Period::parse(&wanted.duration).map_err(|error| Failure::bad_field("duration", error.to_string()))?;
    // Said here, before each of them is looked for.
    if wanted.services.len() > SERVICES_MAX {
        return Err(Refusal::TooManyServices { max: SERVICES_MAX }.into());
    }
    Ok(RenewRequest {
        services: wanted.services.iter().copied().map(ServiceId).collect(),
        scope: Scope::Strategy { of },
        period,
        to_day: None,
        promo: None,
        coupons: CouponUse::Keep,
        after: After::Expiry,
        origin: Origin::Customer,
        open_s: OPEN_S,
    })
}

/// Prices the very order that would be placed, and places none.
fn dry_run(context: &Context<'_>, of: ServiceId, request: RenewRequest) -> Result<RenewOrder, Failure> {
    let account = context.account()?;
    let action = Action::Renew { request, password: String::new() };
    let command = Command { account: account.id, token: None, action };
    let seen = context.load(&command.wants())?;
    let Action::Renew { request, .. } = &command.action else { return Err(Failure::server_error()) };
    let quote = quote(context.now, &seen, account, request).map_err(|refusal| refused(of, refusal))?;
    Ok(document::priced(&quote))
}

/// Only the service in the path is one that "does not exist"; an unknown one in the body is a wrong `services`. What is
/// gone counts as unknown.
fn refused(of: ServiceId, refusal: Refusal) -> Failure {
    match refusal {
        Refusal::UnknownService(id) | Refusal::NotRenewable { service: id, reason: GateReason::Terminated }
            if id != of =>
        {
            Failure::bad_field("services", format!("Service {id} does not exist"))
        }
        refusal => refusal.into(),
    }
}

fn suspend<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    hold(context, |service| Action::Suspend { service })
}

fn reopen<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    hold(context, |service| Action::Reopen { service })
}

fn terminate<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    hold(context, |service| Action::Terminate { service })
}

/// What only resellers do to a service. For anybody else the words of the refusal are unverified.
fn hold<'a>(context: &'a Context<'a>, action: fn(ServiceId) -> Action) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let (seen, id) = found::load_one(context)?;
        Found::of(context, &seen, id)?;
        context.submit(action(id)).await?;
        Ok(Answer::void())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(duration: &str, services: Vec<i64>) -> WireRequest {
        WireRequest { duration: duration.to_owned(), services, dry_run: None }
    }

    fn field(failure: &Failure) -> (u16, &str) {
        (failure.status.as_u16(), failure.body.details.get("field").map_or("", String::as_str))
    }

    #[test]
    fn a_request_is_read_or_refused_by_field() {
        let read = |duration| request(ServiceId(1), &wanted(duration, vec![2, 1])).map(|request| request.period);
        assert_eq!(read("P12M"), read("P1Y"));
        for duration in ["", "1Y", "P1D", "P0M", "12"] {
            assert_eq!(field(&read(duration).unwrap_err()), (400, "duration"), "{duration:?}");
        }
        let many = request(ServiceId(1), &wanted("P1Y", vec![1; SERVICES_MAX + 1]));
        assert_eq!(field(&many.unwrap_err()), (400, "services"));
    }

    #[test]
    fn an_unknown_service_is_told_by_where_it_was_named() {
        let of = ServiceId(1);
        let gone = |service| Refusal::NotRenewable { service, reason: GateReason::Terminated };
        for (refusal, told) in [
            (Refusal::UnknownService(of), (404, "")),
            (gone(of), (404, "")),
            (Refusal::UnknownService(ServiceId(2)), (400, "services")),
            (gone(ServiceId(2)), (400, "services")),
            (Refusal::NotRenewable { service: ServiceId(2), reason: GateReason::Locked }, (409, "")),
        ] {
            assert_eq!(field(&refused(of, refusal.clone())), told, "{refusal}");
        }
        let (unknown, ended) = (Refusal::UnknownService(ServiceId(2)), gone(ServiceId(2)));
        assert_eq!(refused(of, unknown), refused(of, ended));
    }
}
