//! What happens to instances at their expiry: `DescribeInstanceAutoRenewAttribute`, `ModifyInstanceAutoRenewAttribute`.
//!
//! Whatever either of them refuses has 403 (documented), except for what is refused before: a missing or unknown region.

use perennial_core::account::Account;
use perennial_core::calendar::Period;
use perennial_core::command::Action;
use perennial_core::gate::GateReason;
use perennial_core::ids::ServiceId;
use perennial_core::ports::{BoxFuture, Rejection};
use perennial_core::product::Kind;
use perennial_core::refusal::Refusal;
use perennial_core::service::{Lifecycle, RenewalMode, Service};
use perennial_core::snapshot::Snapshot;

use super::context::{Answer, Answered, Context};
use super::found::{Found, Known, check_region, load_all, load_instances, unified_day};
use super::listing::{IDS_MAX, Paging, split_ids};
use super::period::{self, Each, Unit, Wrong};
use super::table::Row;
use crate::aliyun::wire::auto_renew::{Attribute, AttributeList, Attributes};
use crate::aliyun::wire::error::Failure;

pub(super) const ROWS: &[Row] = &[
    Row::read("/?Action=DescribeInstanceAutoRenewAttribute&Version=2014-05-26", "auto-renewal", describe),
    Row::act("/?Action=ModifyInstanceAutoRenewAttribute&Version=2014-05-26", "set-auto-renewal", modify),
];

const PAGING: Paging = Paging { number: "PageNumber", size: 10, size_max: 100, wrong: invalid };

/// The periods that automatic renewal goes by (documented).
const UNITS: [Unit; 3] = [
    Unit { word: "Month", each: Each::Months(1), counts: &[1, 2, 3, 6, 12, 24, 36, 48, 60] },
    Unit { word: "Year", each: Each::Months(12), counts: &[1, 2, 3, 4, 5] },
    Unit { word: "Week", each: Each::Week, counts: &[1, 2, 3, 4] },
];

/// The instances that are named, or else all of the region; of those the ones with a status, if one is given.
fn describe(context: &Context<'_>) -> Answered {
    let region = context.required("RegionId")?;
    let mode = context.text("RenewalStatus").map(parse_status).transpose()?;
    let ids = named(context)?;
    let page = PAGING.read(context.parameters)?;
    let seen = match &ids {
        Some(ids) => load_instances(context, ids.iter().copied())?,
        None if mode.is_some() => load_all(context, Some(Kind::Instance))?,
        None => {
            let message = "InstanceId and RenewalStatus cannot both be absent.";
            return Err(Failure::forbidden("InvalidParameter.RenewalStatusInstanceId", message));
        }
    };
    let mut found = match &ids {
        Some(ids) => find(context, &seen, region, ids)?,
        None => of_region(context, &seen, region)?,
    };
    if ids.is_some() && found.iter().any(|found| found.life == Lifecycle::Unpaid) {
        return Err(wrong_status(&GateReason::Unpaid));
    }
    found.retain(|found| mode.is_none_or(|mode| found.service.mode == mode));
    Answer::json(&Attributes {
        instance_renew_attributes: AttributeList {
            instance_renew_attribute: page.slice(&found).iter().map(attribute).collect(),
        },
        page_number: page.number,
        page_size: page.size,
        total_count: found.len(),
    })
}

/// Sets it for all instances that are named, or for none.
fn modify<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Answered> {
    Box::pin(async {
        let region = context.required("RegionId")?;
        let missing = || Failure::forbidden("MissingParameter.InstanceId", "InstanceId is mandatory for this action.");
        let ids = named(context)?.ok_or_else(missing)?;
        let (mode, period) = wanted(context)?;
        let services = services(context, region, &ids, mode)?;
        match context.submit(None, Action::SetRenewals { services, mode, period, withdraw: Vec::new() }).await {
            Ok(_) => Ok(Answer::nothing()),
            Err(Rejection::Refused(refusal)) => Err(refused(refusal)),
            Err(rejection) => Err(rejection.into()),
        }
    })
}

/// What happens at the expiry, in this API's word.
const fn status(mode: RenewalMode) -> &'static str {
    match mode {
        RenewalMode::Automatic => "AutoRenewal",
        RenewalMode::Manual => "Normal",
        RenewalMode::DeleteAtExpiry => "NotRenewal",
    }
}

fn parse_status(word: &str) -> Result<RenewalMode, Failure> {
    RenewalMode::ALL.into_iter().find(|mode| status(*mode) == word).ok_or_else(|| invalid("RenewalStatus"))
}

/// The ids that are named, if any are.
fn named<'a>(context: &'a Context<'_>) -> Result<Option<Vec<&'a str>>, Failure> {
    let too_many = || {
        let message = format!("InstanceId names too many instances: {IDS_MAX} are the most.");
        Failure::forbidden("InvalidParameter.ToManyInstanceIds", message)
    };
    context.text("InstanceId").map(|text| split_ids(text).ok_or_else(too_many)).transpose()
}

/// What is asked for. `AutoRenew` counts only where there is no status, and is false where it is absent, too
/// (documented). A period is set with automatic renewal alone: whoever switches it off may well send the 0 that is shown
/// while it is off. That one unit is what a period without a number has is inferred.
fn wanted(context: &Context<'_>) -> Result<(RenewalMode, Option<Period>), Failure> {
    let is_automatic = || context.boolean("AutoRenew").map_err(|_| invalid("AutoRenew"));
    let mode = match context.text("RenewalStatus") {
        Some(word) => parse_status(word)?,
        None if is_automatic()? == Some(true) => RenewalMode::Automatic,
        None => RenewalMode::Manual,
    };
    if mode != RenewalMode::Automatic {
        return Ok((mode, None));
    }
    let period = parse_period(context.text("Duration").unwrap_or("1"), context.text("PeriodUnit").unwrap_or("Month"));
    period.map(|period| (mode, Some(period)))
}

/// Reads a period of one of the documented lengths.
fn parse_period(count: &str, unit: &str) -> Result<Period, Failure> {
    period::parse(&UNITS, count, unit).map_err(|wrong| match wrong {
        Wrong::Unit => {
            let message = "The specified PeriodUnit is not valid.";
            Failure::forbidden("InvalidPeriodUnit.ValueNotSupported", message)
        }
        Wrong::Count => invalid("Duration"),
    })
}

/// The instances with these ids, in that order: subscriptions of the region.
fn find<'a>(
    context: &'a Context<'_>,
    seen: &'a Snapshot,
    region: &str,
    ids: &[&str],
) -> Result<Vec<Found<'a>>, Failure> {
    let mut loaded = Found::all(context, seen);
    check_region(context, region, Known::Part(&loaded))?;
    loaded.retain(|found| found.region() == region);
    let one = |id: &&str| {
        let found = loaded.iter().find(|found| found.id() == *id).copied().ok_or_else(no_instance)?;
        if found.is_subscription() { Ok(found) } else { Err(one_shot()) }
    };
    ids.iter().map(one).collect()
}

/// The subscriptions of the region, out of all that the account has. What was never paid for is none yet.
fn of_region<'a>(context: &'a Context<'_>, seen: &'a Snapshot, region: &str) -> Result<Vec<Found<'a>>, Failure> {
    let mut loaded = Found::all(context, seen);
    check_region(context, region, Known::All(&loaded))?;
    loaded.retain(|found| found.region() == region && found.is_subscription() && found.life != Lifecycle::Unpaid);
    Ok(loaded)
}

/// The services that a mode can be set for. What has expired renews itself no more (documented).
fn services(context: &Context<'_>, region: &str, ids: &[&str], mode: RenewalMode) -> Result<Vec<ServiceId>, Failure> {
    let seen = load_instances(context, ids.iter().copied())?;
    let found = find(context, &seen, region, ids)?;
    if mode == RenewalMode::Automatic && found.iter().any(Found::is_expired) {
        return Err(wrong_status(&"it has expired"));
    }
    Ok(found.iter().map(|found| found.service.id).collect())
}

fn attribute(found: &Found<'_>) -> Attribute {
    let (duration, period_unit) = match (found.service.mode, found.service.period) {
        (RenewalMode::Automatic, Period::Months(count)) => (count.get(), "Month"),
        (RenewalMode::Automatic, Period::Weeks(count)) => (count.get(), "Week"),
        (RenewalMode::Manual | RenewalMode::DeleteAtExpiry, _) => (0, "Month"),
    };
    Attribute {
        instance_id: found.id().to_owned(),
        renewal_status: status(found.service.mode),
        auto_renew_enabled: found.service.mode == RenewalMode::Automatic,
        duration,
        period_unit,
        enable_expected_renew_day: is_drawn_to_day(found.account, found.service),
    }
}

/// Whether its renewals go on to the account's unified day without being asked to, which the seller alone says: setting
/// that day is documented for renewals by hand, and no parameter sets this flag (inferred).
fn is_drawn_to_day(account: &Account, service: &Service) -> bool {
    let day = account.aligned_to(service.period).filter(|_| service.mode == RenewalMode::Automatic);
    day.is_some() && day == unified_day(account)
}

/// A refusal of the rules. A cancellation can be withdrawn, and made, until 24 hours before the expiry; one that stopped
/// an instance at once, which only another dialect makes, is not withdrawn here.
fn refused(refusal: Refusal) -> Failure {
    match refusal {
        Refusal::UnknownService(_) | Refusal::NotChangeable { reason: GateReason::Terminated, .. } => no_instance(),
        Refusal::NotChangeable { reason, .. } => wrong_status(&reason),
        Refusal::TooLate(_) => wrong_status(&"it is too close to its expiry, or past it"),
        Refusal::NoPrice { .. } => invalid("Duration"),
        other => other.into(),
    }
}

fn wrong_status(reason: &dyn std::fmt::Display) -> Failure {
    let message = format!("The specified instance is in a state that does not allow this: {reason}.");
    Failure::forbidden("IncorrectInstanceStatus", message)
}

fn one_shot() -> Failure {
    Failure::forbidden("ChargeTypeViolation", "The specified instance is not a subscription.")
}

fn no_instance() -> Failure {
    Failure::forbidden("InvalidParameter.InvalidInstanceId", "The specified InstanceId does not exist in the region.")
}

fn invalid(name: &str) -> Failure {
    Failure::forbidden(format!("InvalidParameter.{name}"), format!("The specified {name} is not valid."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_has_one_of_the_documented_lengths() {
        for (count, unit, read) in [
            ("1", "Month", Some("P1M")),
            ("60", "month", Some("P60M")),
            ("2", "Year", Some("P24M")),
            ("5", "Year", Some("P60M")),
            ("4", "week", Some("P4W")),
            ("0", "Month", None),
            ("4", "Month", None),
            ("6", "Year", None),
            ("5", "Week", None),
            ("x", "Month", None),
            ("+1", "Month", None),
            ("70000", "Year", None),
        ] {
            let period = parse_period(count, unit);
            assert_eq!(period.as_ref().ok().copied(), read.and_then(|text| Period::parse(text).ok()), "{count} {unit}");
            assert!(read.is_some() || period == Err(invalid("Duration")), "{count} {unit}");
        }
        let failure = parse_period("1", "Day").expect_err("is no unit");
        assert_eq!((failure.status.as_u16(), &*failure.code), (403, "InvalidPeriodUnit.ValueNotSupported"));
    }

    #[test]
    fn a_status_is_one_of_three_words() {
        for mode in RenewalMode::ALL {
            assert_eq!(parse_status(status(mode)), Ok(mode));
        }
        for word in ["normal", "ManualRenewal", ""] {
            assert_eq!(parse_status(word), Err(invalid("RenewalStatus")), "{word}");
        }
    }
}
