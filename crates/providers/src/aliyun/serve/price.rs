//! `DescribeRenewalPrice`: what `RenewInstance` would charge now, worked out by the very quote that its order is made
//! from. It is refused where that would be refused.

use perennial_core::calendar::Period;
use perennial_core::gate::RenewGate;
use perennial_core::money::{Money, MoneyError};
use perennial_core::quote::{Quote, quote};
use perennial_core::refusal::Refusal;
use perennial_core::snapshot::Want;

use super::context::{Answer, Answered, Context};
use super::found::{Found, instance, unified_day};
use super::period::{self, Each, Unit, Wrong};
use super::refusal::{closed, no_instance};
use super::renewal::{MONTH, Reach, check_unexpired, parse_day, request};
use super::table::Row;
use crate::aliyun::auth::Parameters;
use crate::aliyun::wire::error::Failure;
use crate::aliyun::wire::price::{Amounts, Detail, Details, Price, PriceInfo, Priced, Rule, Rules};
use crate::common::amount::Amount;

pub(super) const ROWS: &[Row] =
    &[Row::read("/?Action=DescribeRenewalPrice&Version=2014-05-26", "renewal-price", describe)];

/// What has a price for its renewal: nothing else, says the documentation.
const RESOURCE: &str = "instance";

/// The periods that have a price (documented).
const UNITS: [Unit; 2] = [
    Unit { word: "Month", each: Each::Months(1), counts: &[1, 2, 3, 4, 5, 6, 7, 8, 9] },
    Unit { word: "Year", each: Each::Months(12), counts: &[1, 2, 3] },
];

fn describe(context: &Context<'_>) -> Answered {
    let (region, id) = (context.required("RegionId")?, context.required("ResourceId")?);
    if context.text("ResourceType").is_some_and(|of| of != RESOURCE) {
        let message = "The specified ResourceType is not valid: it can only be instance.";
        return Err(Failure::bad("InvalidResourceType.ValueNotSupported", message));
    }
    let (reach, account) = (reach(context.parameters)?, context.account());
    let service = instance(context, id)?;
    let seen = context.load(&[Want::Service(account.id, service), Want::Coupons(account.id)])?;
    let found = Found::of(context, &seen, service)?;
    if found.region() != region {
        return Err(no_instance());
    }
    // Also one that an open order renews already: a quote would tell that order's price, but it would not be charged.
    if let RenewGate::Closed(reason) = RenewGate::of(context.now, &seen, account, found.product, found.service) {
        return Err(closed(&reason));
    }
    if let Some(day) = reach.to_day {
        if unified_day(account) != Some(day) {
            return Err(day_not_supported("it is not the unified expiration day of the account"));
        }
        check_unexpired(&found)?;
    }
    let quote = quote(context.now, &seen, account, &request(service, reach))?;
    let amounts = amounts(&quote, |net| net.share_half_up(account.tax.rate())).map_err(Refusal::from)?;
    let rule = quote.coupons.iter().map(|coupon| Rule { rule_id: coupon.0, description: "Coupon" });
    let rules = Rules { rule: rule.collect() };
    let detail = Detail { resource: RESOURCE, amounts, sub_rules: rules.clone() };
    let price =
        Price { amounts, currency: quote.gross.currency().code(), detail_infos: Details { detail_info: vec![detail] } };
    Answer::json(&Priced { price_info: PriceInfo { price, rules } })
}

/// What the price is asked for: a period, a month where nothing is said, or the account's day. The unit is called
/// otherwise than in `RenewInstance`, and has a year where that has twelve months.
fn reach(parameters: &Parameters) -> Result<Reach, Failure> {
    let (period, unit) = (parameters.get("Period"), parameters.get("PriceUnit"));
    match parameters.get("ExpectedRenewDay") {
        None => Ok(Reach { period: parse_period(period.unwrap_or("1"), unit.unwrap_or("Month"))?, to_day: None }),
        Some(_) if period.or(unit).is_some() => {
            let message = "ExpectedRenewDay cannot be given together with Period or PriceUnit.";
            Err(Failure::bad("InvalidExpectedRenewDay.Conflict", message))
        }
        Some(day) => Ok(Reach { period: MONTH, to_day: Some(parse_day(day)?) }),
    }
}

/// Reads a period of one of the documented lengths.
fn parse_period(count: &str, unit: &str) -> Result<Period, Failure> {
    period::parse(&UNITS, count, unit).map_err(|wrong| match wrong {
        Wrong::Unit => {
            let message = "The specified PriceUnit is not valid: it is Month or Year.";
            Failure::bad("InvalidPriceUnit.ValueNotSupported", message)
        }
        Wrong::Count => Failure::bad("InvalidPeriod", "The specified Period is not valid."),
    })
}

fn day_not_supported(why: &str) -> Failure {
    let message = format!("The specified ExpectedRenewDay is not valid: {why}.");
    Failure::bad("InvalidExpectedRenewDay.ValueNotSupported", message)
}

/// The amounts of a quote, with tax: the last one is what leaves the balance, which is what a caller compares it with.
/// (Whether the vendor's have tax in them is not documented. An account that owes none sees no difference.)
fn amounts(quote: &Quote, tax: impl Fn(Money) -> Result<Money, MoneyError>) -> Result<Amounts, MoneyError> {
    let list = Money::sum(quote.gross.currency(), quote.lines.iter().map(|line| line.list))?;
    let original = list.plus(tax(list)?)?;
    Ok(Amounts {
        original_price: Amount(original),
        discount_price: Amount(original.minus(quote.gross)?),
        trade_price: Amount(quote.gross),
    })
}

#[cfg(test)]
mod tests {
    use perennial_core::calendar::AnchorDay;

    use super::*;

    fn asked(pairs: &[(&str, &str)]) -> Result<Reach, Failure> {
        reach(&pairs.iter().copied().collect())
    }

    #[test]
    fn a_period_is_one_of_the_documented_lengths() {
        for (count, unit, period) in [
            (None, None, "P1M"),
            (Some("9"), None, "P9M"),
            (Some("2"), Some("month"), "P2M"),
            (None, Some("Year"), "P1Y"),
            (Some("3"), Some("Year"), "P3Y"),
        ] {
            let pairs: Vec<_> =
                count.map(|count| ("Period", count)).into_iter().chain(unit.map(|unit| ("PriceUnit", unit))).collect();
            let period = Period::parse(period).expect("is a period");
            assert_eq!(asked(&pairs), Ok(Reach { period, to_day: None }), "{pairs:?}");
        }
    }

    #[test]
    fn what_is_not_documented_is_refused_by_its_own_code() {
        let cases: [(&[(&str, &str)], &str); 10] = [
            (&[("Period", "0")], "InvalidPeriod"),
            (&[("Period", "10")], "InvalidPeriod"),
            (&[("Period", "x")], "InvalidPeriod"),
            (&[("Period", "+1")], "InvalidPeriod"),
            (&[("Period", "12"), ("PriceUnit", "Month")], "InvalidPeriod"),
            (&[("Period", "4"), ("PriceUnit", "Year")], "InvalidPeriod"),
            (&[("PriceUnit", "Week")], "InvalidPriceUnit.ValueNotSupported"),
            (&[("ExpectedRenewDay", "5"), ("Period", "1")], "InvalidExpectedRenewDay.Conflict"),
            (&[("ExpectedRenewDay", "5"), ("PriceUnit", "Month")], "InvalidExpectedRenewDay.Conflict"),
            (&[("ExpectedRenewDay", "29")], "InvalidExpectedRenewDay.ValueNotSupported"),
        ];
        for (pairs, code) in cases {
            let failure = asked(pairs).expect_err(code);
            assert_eq!((failure.status.as_u16(), &*failure.code), (400, code), "{pairs:?}");
        }
        let reach = asked(&[("ExpectedRenewDay", "5")]).expect("is a day");
        assert_eq!((reach.period, reach.to_day), (MONTH, AnchorDay::new(5).ok()));
    }
}
