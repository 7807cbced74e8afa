//! `RenewInstance`: it orders and pays at once. Coupons go first, then the balance, then the credit line.
//!
//! After the commit nothing is read and nothing can fail: an older SDK repeats a call, without a token, whenever it is
//! answered with 5xx.

use jiff::SignedDuration;
use jiff::civil::Date;
use perennial_core::calendar::{AnchorDay, Period};
use perennial_core::command::{Action, After, CouponUse, RenewRequest, Reply, Scope};
use perennial_core::idempotency::{Holds, Token};
use perennial_core::ids::{OrderId, ServiceId};
use perennial_core::order::Origin;
use perennial_core::ports::{self, BoxFuture, Rejection};
use perennial_core::snapshot::Want;

use super::context::{Answer, Answered, Context};
use super::found::{Found, instance, unified_day};
use super::period::{Each, Unit, Wrong};
use super::table::Row;
use crate::aliyun::PROVIDER;
use crate::aliyun::wire::error::Failure;
use crate::aliyun::wire::number::parse_number;
use crate::aliyun::wire::renewal::Renewed;
use crate::secret::{digest, order_password};

pub(super) const ROWS: &[Row] = &[
    Row::act("/?Action=RenewInstance&Version=2014-05-26", "renew", renew).pays(),
    Row::not_served("/?Action=ModifyInstanceChargeType&Version=2014-05-26"),
];

/// The parameter that is a caller's token.
pub(super) const CLIENT_TOKEN: &str = "ClientToken";

/// How long a token is remembered at the least; it is remembered until the renewed term ends. (No window is published.)
const TOKEN_KEPT: SignedDuration = SignedDuration::from_hours(24);

/// What an instance is renewed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reach {
    /// How long at the least.
    pub period: Period,
    /// The day of the month that it goes on to.
    pub to_day: Option<AnchorDay>,
}

/// `RenewInstance` of ECS, in both forms: for a period, or to the account's day of the month.
pub(super) fn renew<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Answered> {
    Box::pin(async {
        let id = context.required("InstanceId")?;
        let reach = reach(context)?;
        let order = order(context, "RenewInstance", id, reach, |context| {
            let service = instance(context, id)?;
            if let Some(day) = reach.to_day {
                check_day(context, service, day)?;
            }
            Ok(service)
        });
        Answer::json(&Renewed { order_id: order.await?.to_string() })
    })
}

/// What the request asks for: exactly one of a period and the account's day.
fn reach(context: &Context<'_>) -> Result<Reach, Failure> {
    let (period, unit, day) = (context.text("Period"), context.text("PeriodUnit"), context.text("ExpectedRenewDay"));
    match (period, day) {
        (None, None) => Err(Failure::bad("InvalidPeriod.NotFound", "Either Period or ExpectedRenewDay is required.")),
        (Some(period), None) => Ok(Reach { period: parse_period(period, unit)?, to_day: None }),
        (_, Some(day)) => {
            if period.or(unit).is_some() {
                let message = "ExpectedRenewDay cannot be given together with Period or PeriodUnit.";
                return Err(Failure::bad("InvalidExpectedRenewDay.Conflict", message));
            }
            Ok(Reach { period: MONTH, to_day: Some(parse_day(day)?) })
        }
    }
}

/// One month.
pub(super) const MONTH: Period = Period::Months(std::num::NonZeroU16::MIN);

/// Reads a period of one of the documented lengths.
fn parse_period(count: &str, unit: Option<&str>) -> Result<Period, Failure> {
    const UNITS: [Unit; 2] = [
        Unit { word: "Month", each: Each::Months(1), counts: &[1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 24, 36, 48, 60] },
        Unit { word: "Week", each: Each::Week, counts: &[1, 2, 3, 4] },
    ];
    super::period::parse(&UNITS, count, unit.unwrap_or("Month")).map_err(|wrong| match wrong {
        Wrong::Unit => Failure::bad("InvalidPeriodUnit.ValueNotSupported", "The specified PeriodUnit is not valid."),
        Wrong::Count => Failure::bad("InvalidPeriod", "The specified Period is not valid."),
    })
}

/// Reads a day that every month has.
pub(super) fn parse_day(text: &str) -> Result<AnchorDay, Failure> {
    let day = parse_number(text).filter(|day| (1..=28).contains(day)).and_then(|day| AnchorDay::new(day).ok());
    let message = "The specified ExpectedRenewDay is not valid: it is a day from 1 to 28.";
    day.ok_or_else(|| Failure::bad("InvalidExpectedRenewDay.ValueNotSupported", message))
}

/// Whether an instance can be renewed to a day: it is the one that the account has set, and the instance has not
/// expired.
fn check_day(context: &Context<'_>, service: ServiceId, day: AnchorDay) -> Result<(), Failure> {
    if unified_day(context.account()) != Some(day) {
        let message = "The specified ExpectedRenewDay is not the unified expiration day of the account.";
        return Err(Failure::bad("InvalidParam.ExpectedRenewDay", message));
    }
    let seen = context.load(&[Want::Service(context.account().id, service)])?;
    check_unexpired(&Found::of(context, &seen, service)?)
}

/// Whether an instance can be renewed to a day at all: it has not expired.
pub(super) fn check_unexpired(instance: &Found<'_>) -> Result<(), Failure> {
    if instance.is_expired() {
        let message = "An instance that has expired cannot be renewed to a unified expiration day.";
        return Err(Failure::forbidden("IncorrectInstanceStatus", message));
    }
    Ok(())
}

/// Orders a renewal and pays it, once for each token; where there is no token, once for what looks like a repeat.
/// `find` says which service it is, and refuses what this call does not renew.
pub(super) async fn order(
    context: &Context<'_>,
    call: &str,
    id: &str,
    reach: Reach,
    find: impl FnOnce(&Context<'_>) -> Result<ServiceId, Failure>,
) -> Result<OrderId, Failure> {
    let chosen = context.text(CLIENT_TOKEN).map(|key| chosen_token(call, key, id, reach));
    if let Some(Reply::Paid(order)) = chosen.as_ref().map(|token| context.answered_before(token)).transpose()?.flatten()
    {
        return Ok(order.id);
    }
    let service = find(context)?;
    let is_chosen = chosen.is_some();
    let (token, expiry) = match chosen {
        Some(token) => (Some(token), None),
        None => own_token(context, call, service, reach)?.unzip(),
    };
    let action = Action::RenewNow { request: request(service, reach), expiry, password: order_password() };
    match context.submit(token, action).await {
        Ok(Reply::Paid(order)) => Ok(order.id),
        // Only what is on the account pays here, at once; were it otherwise, the money would still be on its way.
        Ok(Reply::Charging(_)) => Err(in_work(is_chosen)),
        Ok(other) => Err(ports::Failure::new("renew", format!("the lane answered {other:?}")).into()),
        Err(Rejection::Unknown(failure)) => {
            tracing::error!(error = &failure as &dyn std::error::Error, "it is not known whether a renewal was done");
            Err(in_work(is_chosen))
        }
        Err(rejection) => Err(rejection.into()),
    }
}

/// What is ordered, and priced beforehand.
pub(super) fn request(service: ServiceId, reach: Reach) -> RenewRequest {
    RenewRequest {
        services: vec![service],
        scope: Scope::Listed,
        period: reach.period,
        to_day: reach.to_day,
        promo: None,
        coupons: CouponUse::First,
        after: After::Expiry,
        origin: Origin::Customer,
        // It is paid in the very step that places it.
        open_s: 0,
    }
}

/// It is not known whether the renewal was done. Not 5xx, which an older SDK would repeat; the caller is told to come
/// again, and is told the outcome then.
pub(super) fn in_work(has_token: bool) -> Failure {
    if has_token {
        Failure::forbidden("LastTokenProcessing", "The last request with this ClientToken is in work. Try again later.")
    } else {
        Failure::bad("LastOrderProcessing", "The last order of the instance is in work. Try again later.")
    }
}

/// The token that the caller chose. It stands for what is renewed and for how long, and for nothing else: whatever
/// merely carries the call may differ when it is repeated.
fn chosen_token(call: &str, key: &str, id: &str, reach: Reach) -> Token {
    Token {
        operation: format!("{PROVIDER}-{call}"),
        key: key.to_owned(),
        digest: digest(&format!("{id}\0{}", reach.text())),
        kept: TOKEN_KEPT,
        holds: Holds::Always,
    }
}

/// A token for a caller that chose none, and the expiry that it renews from. The older Python SDK repeats a call up to
/// three times, without a token, when it is answered with 5xx or not at all; so the same renewal from the same key is the
/// same renewal for some time, and one that had to wait for longer than that still moves no other expiry.
fn own_token(
    context: &Context<'_>,
    call: &str,
    service: ServiceId,
    reach: Reach,
) -> Result<Option<(Token, Date)>, Failure> {
    let window = context.aliyun.settings.repeat_window_s;
    if window == 0 {
        return Ok(None);
    }
    let account = context.account().id;
    let seen = context.load(&[Want::Service(account, service)])?;
    let key = format!("{}/{service}/{}", context.caller.application, reach.text());
    let token = Token {
        operation: format!("{PROVIDER}-{call}-repeat"),
        digest: digest(&key),
        key,
        kept: SignedDuration::from_secs(window.into()),
        holds: Holds::WhileUnmoved,
    };
    Ok(Some((token, seen.service_of(account, service)?.until)))
}

impl Reach {
    fn text(self) -> String {
        match self.to_day {
            Some(day) => format!("day {}", day.get()),
            None => self.period.to_string(),
        }
    }
}
