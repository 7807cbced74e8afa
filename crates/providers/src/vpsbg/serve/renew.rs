//! `/servers/renew`: placing a renewal, and pricing one.

use http::Method;
use jiff::Timestamp;
use perennial_core::calendar::Period;
use perennial_core::command::{Action, After, CouponUse, RenewRequest, Scope};
use perennial_core::gate::GateReason;
use perennial_core::ids::ServiceId;
use perennial_core::money::Money;
use perennial_core::order::{Order, Origin};
use perennial_core::ports::{BoxFuture, Rejection};
use perennial_core::product::Renewability;
use perennial_core::quote::{Quote, SERVICES_MAX, quote};
use perennial_core::refusal::Refusal;
use perennial_core::snapshot::Snapshot;

use super::found::{Found, load_families};
use super::money::{net, with_vat};
use super::order::{fits, order_of, promo, render};
use super::{Context, Row};
use crate::common::bearer::Answer;
use crate::secret::order_password;
use crate::vpsbg::wire::error::Failure;
use crate::vpsbg::wire::order::{Calculation, RenewRequest as WireRequest};

pub(super) const ROWS: &[Row] = &[
    Row::act(Method::POST, "/servers/renew", "renew", renew),
    Row::act(Method::POST, "/servers/renew/calculate", "calculate-renewal", calculate),
];

/// The cycles that are sold, in months (documented on other calls; inferred here).
const CYCLES: [u16; 5] = [1, 3, 6, 12, 24];

/// How long an order waits for its payment at the least, in seconds: 14 days (worked out from one sample).
pub(super) const OPEN_S_MIN: u32 = 14 * 24 * 60 * 60;

/// The word under which tokens of renewals are kept.
const RENEW: &str = "renew";

/// The field that names the servers.
const FIELD: &str = "server_ids";

/// The period of a cycle of so many months, where it is sold and no shorter than what a service takes.
pub(super) fn period_for(months: u16, minimum: u16) -> Result<Period, Failure> {
    let invalid = |text| Failure::invalid("billing_cycle", text);
    if !CYCLES.contains(&months) {
        return Err(invalid("A billing cycle has 1, 3, 6, 12 or 24 months.".to_owned()));
    }
    if months < minimum {
        return Err(invalid(format!("The billing cycle has {minimum} months at the least.")));
    }
    Period::months(months).ok_or_else(Failure::server_error)
}

fn renew<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let asked: WireRequest = context.body()?;
        if let Some(reply) = context.answered_before(RENEW)? {
            return Ok(Answer::json(&render(context, &order_of(reply)?)?)?);
        }
        let (_, request) = wanted(context, &asked)?;
        let order = place(context, request).await.map_err(|rejection| refused(rejection, &asked.server_ids))?;
        Ok(Answer::json(&render(context, &order)?)?)
    })
}

fn calculate<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let asked: WireRequest = context.body()?;
        let (seen, request) = wanted(context, &asked)?;
        let quote = quote(context.now, &seen, context.account(), &request)
            .map_err(|refusal| refused(Rejection::Refused(refusal).into(), &asked.server_ids))?;
        Ok(Answer::json(&calculation(context, &seen, &request, &quote)?)?)
    })
}

/// What is asked for: every server, each followed by its renewable add-ons and floating IPs.
fn wanted(context: &Context<'_>, asked: &WireRequest) -> Result<(Snapshot, RenewRequest), Failure> {
    if asked.server_ids.len() > SERVICES_MAX {
        return Err(Failure::from(Refusal::TooManyServices { max: SERVICES_MAX }));
    }
    let ids = || asked.server_ids.iter().copied().map(ServiceId);
    let seen = load_families(context, ids())?;
    let mut servers = Vec::with_capacity(asked.server_ids.len());
    for (index, id) in ids().enumerate() {
        servers.push(Found::server(context, &seen, id).map_err(|_| unknown(index))?);
    }
    let minimum = servers.iter().map(Found::minimum_billing_cycle).max().unwrap_or(1);
    let period = period_for(asked.billing_cycle, minimum)?;
    let services = servers.iter().flat_map(|server| {
        let addons = server.renewable_addons();
        let addresses = server.renewable_addresses(period);
        let beside = addons.into_iter().chain(addresses).map(|found| found.service.id);
        std::iter::once(server.service.id).chain(beside).collect::<Vec<_>>()
    });
    let services = services.collect();
    let request = request(context, &seen, services, period, asked.promo_code.as_deref());
    Ok((seen, request))
}

/// A renewal of loaded services, among the open orders that were loaded. It waits until the first of them expires, and
/// for two weeks at the least.
pub(super) fn request(
    context: &Context<'_>,
    seen: &Snapshot,
    services: Vec<ServiceId>,
    period: Period,
    promo: Option<&str>,
) -> RenewRequest {
    let adds_up = |id: &ServiceId| {
        let service = seen.services.get(id).and_then(|service| seen.product(service).ok());
        service.is_some_and(|product| product.renewability == Renewability::Stacking)
    };
    let after = if services.iter().any(adds_up) { After::OpenOrders } else { After::Expiry };
    let mut request = RenewRequest {
        services,
        scope: Scope::Listed,
        period,
        to_day: None,
        promo: promo.filter(|code| !code.is_empty()).map(str::to_owned),
        coupons: CouponUse::Keep,
        after,
        origin: Origin::Customer,
        open_s: OPEN_S_MIN,
    };
    // Where there is no quote there will be no order.
    if let Ok(quote) = quote(context.now, seen, context.account(), &request) {
        let zone = &context.account().zone;
        let begins = quote.lines.iter().filter_map(|line| zone.midnight(line.term.from()).ok()).min();
        request.open_s = begins.map_or(OPEN_S_MIN, |begins| waits_s(context.now, begins));
    }
    request
}

/// How long an order waits, in seconds, whose first term begins at an instant.
fn waits_s(now: Timestamp, begins: Timestamp) -> u32 {
    u32::try_from(begins.duration_since(now).as_secs()).map_or(OPEN_S_MIN, |seconds| seconds.max(OPEN_S_MIN))
}

/// Places a renewal.
pub(super) async fn place(context: &Context<'_>, request: RenewRequest) -> Result<Order, Refused> {
    let action = Action::Renew { request, password: order_password() };
    order_of(context.submit_once(RENEW, action).await?).map_err(Refused::Failed)
}

/// Why a renewal was not placed.
pub(super) enum Refused {
    /// The house says why.
    Rejected(Rejection),
    /// The answer is made already.
    Failed(Failure),
}

impl From<Rejection> for Refused {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Rejected(rejection) => rejection.into(),
            Refused::Failed(failure) => failure,
        }
    }
}

/// Why servers are not renewed, in the words of this section: one that ended is refused, and one that is not there is
/// named by its place.
fn refused(refused: Refused, servers: &[i64]) -> Failure {
    // The last place is the one to blame where a server is named twice.
    let place = |service: ServiceId| servers.iter().rposition(|id| *id == service.0);
    match refused {
        Refused::Rejected(Rejection::Refused(refusal)) => match refusal {
            Refusal::UnknownService(service) => place(service).map_or_else(|| refusal.into(), unknown),
            Refusal::ServiceTwice { service } => place(service).map_or_else(
                || Failure::from(refusal.clone()),
                |index| Failure::invalid(&format!("{FIELD}.{index}"), refusal.to_string()),
            ),
            Refusal::NotRenewable { reason: GateReason::Terminated, .. } => Failure::refused(refusal.to_string()),
            other => other.into(),
        },
        other => other.into(),
    }
}

fn unknown(index: usize) -> Failure {
    Failure::invalid(&format!("{FIELD}.{index}"), "The selected server does not exist.")
}

fn calculation(
    context: &Context<'_>,
    seen: &Snapshot,
    request: &RenewRequest,
    quote: &Quote,
) -> Result<Calculation, Failure> {
    let account = context.account();
    let list = fits(Money::sum(account.currency, quote.lines.iter().map(|line| line.list)))?;
    let list_with_vat = with_vat(account, list)?;
    let discount = net(fits(list.minus(quote.net))?);
    let discount_with_vat = net(fits(list_with_vat.0.minus(quote.gross))?);
    Ok(Calculation {
        amount: net(list),
        amount_with_vat: list_with_vat,
        discount,
        discount_with_vat,
        promo_code: request.promo.as_deref().map(|code| promo(&seen.catalogue, code)),
        due_today_amount: net(quote.net),
        due_today_amount_with_vat: net(quote.gross),
        // The discount again: what else it could mean is not documented.
        promo_amount: discount,
        promo_amount_with_vat: discount_with_vat,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cycle_is_sold_and_long_enough() {
        for (months, minimum, is_period) in
            [(1, 1, true), (24, 12, true), (3, 6, false), (2, 1, false), (0, 1, false), (36, 1, false)]
        {
            let read = period_for(months, minimum);
            assert_eq!(read.is_ok(), is_period, "{months} of at least {minimum}");
            if let Err(failure) = read {
                assert_eq!(failure.status.as_u16(), 422);
                assert!(failure.body.errors.contains_key("billing_cycle"));
            }
        }
    }

    #[test]
    fn an_order_waits_until_the_expiry_and_two_weeks_at_the_least() {
        let at = |text: &str| text.parse().expect("is an instant");
        let now = at("2025-02-10T16:05:29Z");
        for (begins, waits) in [
            ("2025-06-19T21:00:00Z", 11_163_271),
            ("2025-02-20T00:00:00Z", OPEN_S_MIN),
            ("2025-01-01T00:00:00Z", OPEN_S_MIN),
            ("9000-01-01T00:00:00Z", OPEN_S_MIN),
        ] {
            assert_eq!(waits_s(now, at(begins)), waits, "{begins}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_server_names_its_place() {
        let refusal = |refusal| refused(Refused::Rejected(Rejection::Refused(refusal)), &[7, 8]);
        let service = ServiceId(8);
        for (failure, status, field) in [
            (refusal(Refusal::UnknownService(service)), 422, Some("server_ids.1")),
            (refusal(Refusal::UnknownService(ServiceId(9))), 404, None),
            (refusal(Refusal::ServiceTwice { service }), 422, Some("server_ids.1")),
            (refusal(Refusal::NotRenewable { service, reason: GateReason::Terminated }), 400, None),
            (refusal(Refusal::NotRenewable { service, reason: GateReason::Cancelled }), 400, None),
            (refusal(Refusal::NotRenewable { service, reason: GateReason::Locked }), 423, None),
            (refusal(Refusal::NothingToRenew), 422, Some("server_ids")),
        ] {
            assert_eq!(failure.status.as_u16(), status, "{failure:?}");
            assert_eq!(failure.body.errors.keys().next().map(String::as_str), field, "{failure:?}");
        }
    }
}
