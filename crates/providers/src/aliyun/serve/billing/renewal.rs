//! `RenewInstance` and `SetRenewal` of billing: renewing services that are no instances of ECS, and what happens to
//! services of any kind at their expiry.

use perennial_core::calendar::Period;
use perennial_core::command::Action;
use perennial_core::gate::GateReason;
use perennial_core::ports::{BoxFuture, Rejection};
use perennial_core::refusal::Refusal;
use perennial_core::service::RenewalMode;

use super::{ids, load_named, needed, parse_status, service_named};
use crate::aliyun::serve::context::{Answer, Answered, Context};
use crate::aliyun::serve::found::Found;
use crate::aliyun::serve::period::{self, Each, Unit, Wrong};
use crate::aliyun::serve::refusal::{closed, no_instance};
use crate::aliyun::serve::renewal::{Reach, order};
use crate::aliyun::wire::billing::Data;
use crate::aliyun::wire::error::Failure;
use crate::aliyun::wire::renewal::Renewed;

/// The periods that are ordered (documented). Their unit goes without saying.
const ORDERED: Unit = Unit { word: "M", each: Each::Months(1), counts: &[1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 24, 36] };

/// The periods that automatic renewal goes by (documented).
const AUTOMATIC: [Unit; 2] = [
    Unit { word: "M", each: Each::Months(1), counts: &[1, 2, 3, 6, 12] },
    Unit { word: "Y", each: Each::Months(12), counts: &[1, 2, 3] },
];

/// Orders a renewal and pays it; where it cannot be paid, there is no order.
pub(super) fn renew<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Answered> {
    Box::pin(async {
        let code = needed(context, "ProductCode")?;
        let id = needed(context, "InstanceId")?;
        let period = parse_months(needed(context, "RenewPeriod")?)?;
        if code == "ecs" {
            // Documented, without a code.
            let message = "Instances of ECS are not renewed here, but by RenewInstance of ECS.";
            return Err(Failure::bad("InvalidParameter", message));
        }
        let reach = Reach { period, to_day: None };
        let named = format!("{code}\0{id}");
        let order = order(context, "bss-RenewInstance", &named, reach, |context| {
            let seen = load_named(context, &[id])?;
            Ok(service_named(&Found::all(context, &seen), id, Some(code))?.service.id)
        });
        Answer::json(&Data { data: Renewed { order_id: order.await?.to_string() } })
    })
}

/// Sets what happens at the expiry of all services that are named, or of none. The product code is required by one page
/// and not by another; where there is none, a name has to be clear without it.
pub(super) fn set<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Answered> {
    Box::pin(async {
        let code = context.text("ProductCode");
        needed(context, "InstanceIDs")?;
        let names = ids(context)?.unwrap_or_default();
        let (mode, period) = wanted(context)?;
        let services = {
            let seen = load_named(context, &names)?;
            let found = Found::all(context, &seen);
            let one = |name: &&str| {
                let found = service_named(&found, name, code)?;
                if found.is_subscription() { Ok(found.service.id) } else { Err(closed(&GateReason::OneShot)) }
            };
            names.iter().map(one).collect::<Result<_, _>>()?
        };
        match context.submit(None, Action::SetRenewals { services, mode, period, withdraw: Vec::new() }).await {
            Ok(_) => Ok(Answer::nothing()),
            Err(Rejection::Refused(refusal)) => Err(refused(refusal)),
            Err(rejection) => Err(rejection.into()),
        }
    })
}

/// What is asked for. The period counts with automatic renewal alone, and is required there (documented).
fn wanted(context: &Context<'_>) -> Result<(RenewalMode, Option<Period>), Failure> {
    const STATUS: &str = "RenewalStatus";
    let mode = parse_status(STATUS, needed(context, STATUS)?)?;
    if mode != RenewalMode::Automatic {
        return Ok((mode, None));
    }
    let count = needed(context, "RenewalPeriod")?;
    let unit = needed(context, "RenewalPeriodUnit")?;
    parse_period(count, unit).map(|period| (mode, Some(period)))
}

/// Reads a period of one of the documented lengths.
fn parse_period(count: &str, unit: &str) -> Result<Period, Failure> {
    period::parse(&AUTOMATIC, count, unit).map_err(|wrong| match wrong {
        Wrong::Unit => Failure::invalid_parameter("RenewalPeriodUnit"),
        Wrong::Count => no_period(),
    })
}

/// Reads a number of months of one of the documented lengths.
fn parse_months(count: &str) -> Result<Period, Failure> {
    ORDERED.parse(count).ok_or_else(|| Failure::invalid_parameter("RenewPeriod"))
}

fn no_period() -> Failure {
    Failure::invalid_parameter("RenewalPeriod")
}

/// A refusal of the rules. A cancellation can be withdrawn, and made, until 24 hours before the expiry.
fn refused(refusal: Refusal) -> Failure {
    match refusal {
        Refusal::UnknownService(_) => no_instance(),
        Refusal::NoPrice { .. } => no_period(),
        Refusal::TooLate(_) => {
            let message = "The renewal of the specified instance can be changed until 24 hours before its expiry.";
            Failure::forbidden("IncorrectInstanceStatus", message)
        }
        other => other.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_has_one_of_the_documented_lengths() {
        for (count, unit, read) in [
            ("1", "M", Some("P1M")),
            ("12", "M", Some("P1Y")),
            ("1", "y", Some("P1Y")),
            ("3", "Y", Some("P3Y")),
            ("4", "M", None),
            ("24", "M", None),
            ("6", "Y", None),
            ("-1", "M", None),
            ("+1", "M", None),
        ] {
            let period = parse_period(count, unit);
            let read = read.map_or_else(|| Err(no_period()), |text| Ok(Period::parse(text).expect("is a period")));
            assert_eq!(period, read, "{count} {unit}");
        }
        for unit in ["W", "MY", "Month"] {
            assert_eq!(parse_period("1", unit), Err(Failure::invalid_parameter("RenewalPeriodUnit")), "{unit}");
        }
    }

    #[test]
    fn a_renewal_has_one_of_the_documented_lengths() {
        for count in [1, 9, 12, 24, 36] {
            assert_eq!(parse_months(&count.to_string()).expect("is one").as_months(), Some(count));
        }
        for text in ["0", "10", "48", "P1M", "1.0", "+1"] {
            assert_eq!(parse_months(text), Err(Failure::invalid_parameter("RenewPeriod")), "{text}");
        }
    }
}
