//! `QueryAvailableInstances`: everything that the account pays ahead, of all kinds, with its expiry.

use jiff::{Span, Timestamp};
use perennial_core::calendar::Period;
use perennial_core::service::{Lifecycle, RenewalMode};

use super::{PAGING, SUBSCRIPTION, ids, instant, load_named, needed, parse_status, status, wants_no_subscriptions};
use crate::aliyun::serve::context::{Answer, Answered, Context};
use crate::aliyun::serve::found::{Found, load_all, midnight};
use crate::aliyun::wire::billing::{Data, Instance, Instances};
use crate::aliyun::wire::error::Failure;
use crate::aliyun::wire::stamp::Second;

pub(super) fn query(context: &Context<'_>) -> Answered {
    let page = PAGING.read(context.parameters)?;
    let filter = Filter::of(context)?;
    let ids = ids(context)?;
    let seen = match &ids {
        Some(ids) => load_named(context, ids)?,
        None => load_all(context, None)?,
    };
    let mut shown = Vec::new();
    for found in Found::all(context, &seen) {
        // What was never paid for has no expiry that counts.
        let is_available = found.is_subscription() && found.life != Lifecycle::Unpaid;
        if is_available && filter.takes(&found)? {
            shown.push(found);
        }
    }
    let instance_list = page.slice(&shown).iter().map(instance).collect::<Result<_, _>>()?;
    let (page_num, page_size, total_count) = (page.number, page.size, shown.len());
    Answer::json(&Data { data: Instances { instance_list, page_num, page_size, total_count } })
}

/// What a caller asks for.
struct Filter<'a> {
    nothing: bool,
    product_code: Option<&'a str>,
    region: Option<&'a str>,
    mode: Option<RenewalMode>,
    created: Between,
    ends: Between,
}

/// Instants, both ends included and open where they are absent.
struct Between(Option<Timestamp>, Option<Timestamp>);

impl<'a> Filter<'a> {
    fn of(context: &'a Context<'_>) -> Result<Self, Failure> {
        const STATUS: &str = "RenewStatus";
        let region = context.text("Region");
        // A region alone is no question (documented).
        let product_code = match region {
            Some(_) => Some(needed(context, "ProductCode")?),
            None => context.text("ProductCode"),
        };
        Ok(Self {
            nothing: wants_no_subscriptions(context)?,
            product_code,
            region,
            mode: context.text(STATUS).map(|word| parse_status(STATUS, word)).transpose()?,
            created: Between(instant(context, "CreateTimeStart")?, instant(context, "CreateTimeEnd")?),
            ends: Between(instant(context, "EndTimeStart")?, instant(context, "EndTimeEnd")?),
        })
    }

    fn takes(&self, found: &Found<'_>) -> Result<bool, Failure> {
        Ok(!self.nothing
            && self.product_code.is_none_or(|code| found.product_code() == code)
            && self.region.is_none_or(|region| found.region() == region)
            && self.mode.is_none_or(|mode| found.service.mode == mode)
            && self.created.has(found.created()?)
            && self.ends.has(found.expires()?))
    }
}

impl Between {
    fn has(&self, instant: Timestamp) -> bool {
        self.0.is_none_or(|from| from <= instant) && self.1.is_none_or(|to| instant <= to)
    }
}

/// A service as the list shows it. The words of its state are inferred.
fn instance(found: &Found<'_>) -> Result<Instance, Failure> {
    let (service, product) = (found.service, found.product);
    let is_deleted = service.mode == RenewalMode::DeleteAtExpiry;
    let (grace, suspension) = if is_deleted { (0, 0) } else { (product.grace_days, product.suspension_days) };
    let day_after = |days: i64| {
        let date = service.until.checked_add(Span::new().days(days)).map_err(|_| Failure::server_error())?;
        midnight(found.account, date).map(Second)
    };
    let released = day_after(i64::from(grace) + i64::from(suspension))?;
    let runs = matches!(found.life, Lifecycle::Active | Lifecycle::Expired);
    let renewed = (service.mode == RenewalMode::Automatic).then(|| duration(service.period));
    Ok(Instance {
        instance_id: found.id().to_owned(),
        product_code: found.product_code().to_owned(),
        subscription_type: SUBSCRIPTION,
        region: found.region().to_owned(),
        create_time: Second(found.created()?),
        end_time: Second(found.expires()?),
        stop_time: day_after(i64::from(grace))?,
        release_time: released,
        expected_release_time: released,
        status: if found.is_expired() { "Expired" } else { "Normal" },
        sub_status: if runs { "Normal" } else { "Stopped" },
        renew_status: status(service.mode),
        renewal_duration: renewed.map(|(count, _)| count),
        renewal_duration_unit: renewed.map(|(_, unit)| unit),
    })
}

/// A period in this API's units. `SetRenewal` takes up to twelve months as months, and more only as years; it knows no
/// weeks, so their letter is ours.
fn duration(period: Period) -> (u16, &'static str) {
    match period {
        Period::Months(count) if count.get() > 12 && count.get().is_multiple_of(12) => (count.get() / 12, "Y"),
        Period::Months(count) => (count.get(), "M"),
        Period::Weeks(count) => (count.get(), "W"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_shown_as_it_can_be_set() {
        for (text, shown) in
            [("P1M", (1, "M")), ("P1Y", (12, "M")), ("P2Y", (2, "Y")), ("P18M", (18, "M")), ("P2W", (2, "W"))]
        {
            assert_eq!(duration(Period::parse(text).expect("is a period")), shown, "{text}");
        }
    }

    #[test]
    fn a_span_of_instants_has_its_ends_and_may_be_open() {
        let at = |second| Timestamp::constant(second, 0);
        for (from, to, within) in [
            (None, None, true),
            (Some(5), Some(5), true),
            (Some(6), None, false),
            (None, Some(4), false),
            (Some(1), Some(9), true),
        ] {
            assert_eq!(Between(from.map(at), to.map(at)).has(at(5)), within, "{from:?} {to:?}");
        }
    }
}
