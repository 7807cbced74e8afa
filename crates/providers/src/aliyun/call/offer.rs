//! What a renewal costs. The price of a week is not told, so none is offered, although weeks can be ordered.
//!
//! Whether the vendor's prices have tax in them is not documented. They do in China; elsewhere it comes on top, and the
//! setting `vat` says how much.

use perennial_core::buyer::holding::Holding;
use perennial_core::buyer::remote::{CallError, Length, Offer};
use perennial_core::calendar::{AnchorDay, CalendarError, Period, add_period, next_day};
use perennial_core::money::{Currency, Money, MoneyError, Rate};

use jiff::civil::Date;

use super::Account;
use super::billing::money;
use super::heard::Refusal;
use super::link::{Api, Call, Unread};
use super::wire::{self, text};

const PRICE: &str = "DescribeRenewalPrice";

/// The lengths that have a price, in months (documented).
const MONTHS: [u16; 12] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 24, 36];

/// One month.
const MONTH: Period = Period::Months(std::num::NonZeroU16::MIN);

/// The last day that every month has: instances can be drawn to no later one (documented).
const DAY_MAX: i8 = 28;

impl Account {
    /// What renewing an instance costs, for each of these lengths, or for all.
    pub(super) async fn priced(&self, holding: &Holding, lengths: &[Length]) -> Result<Vec<Offer>, CallError> {
        let all: Vec<_> = MONTHS.into_iter().filter_map(Period::months).map(Length::Period).collect();
        let lengths = if lengths.is_empty() { all.as_slice() } else { lengths };
        let asked: Vec<_> = lengths.iter().filter_map(|length| Some((*length, parameters(*length)?))).collect();
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let Some(region) = self.region_of(holding).await? else { return Ok(Vec::new()) };
        let mut offers = Vec::new();
        for (length, named) in asked {
            let mut parameters = vec![("RegionId", &*region), ("ResourceId", holding.key.id.as_str())];
            parameters.extend(named.iter().map(|(name, value)| (*name, value.as_str())));
            let call = Call { api: Api::Region(&region), action: PRICE, parameters: &parameters };
            let read: wire::Priced = match self.link.ask(&call).await {
                Ok(read) => read,
                Err(Unread::Refused(refusal)) if is_not_offered(&refusal) => continue,
                Err(unread) => return Err(self.link.error(PRICE, unread)),
            };
            // Past the calendar, nothing is offered.
            let Ok(until) = until(holding.stand.until, length) else { continue };
            let offer = offer(length, until, &read.price_info, self.vat);
            offers.push(offer.map_err(|error| self.link.not_understood(PRICE, &error))?);
        }
        Ok(offers)
    }
}

/// What the price of a length is asked for with; none where it has no price. Twelve months go by the year here.
fn parameters(length: Length) -> Option<Vec<(&'static str, String)>> {
    let period = match length {
        Length::ToDay(day) if day.get() <= DAY_MAX => return Some(vec![("ExpectedRenewDay", day.get().to_string())]),
        Length::ToDay(_) => return None,
        Length::Period(period) => period.as_months().filter(|months| MONTHS.contains(months))?,
    };
    let (count, unit) = if period % 12 == 0 { (period / 12, "Year") } else { (period, "Month") };
    Some(vec![("Period", count.to_string()), ("PriceUnit", unit.to_owned())])
}

/// Whether a refusal is for the length: this instance is not renewed for it, or not to that day.
fn is_not_offered(refusal: &Refusal) -> bool {
    let code = refusal.code();
    matches!(code, "InvalidPeriod" | "InvalidPriceUnit.ValueNotSupported" | "InvalidParam.ExpectedRenewDay")
        || code.starts_with("InvalidPeriod.")
        || code.starts_with("InvalidExpectedRenewDay.")
}

/// Where an instance stands after a renewal from its expiry. Drawn to a day, it goes to the first such day that is at
/// least a month away (documented).
fn until(fence: Date, length: Length) -> Result<Date, CalendarError> {
    let anchor = AnchorDay::of(fence);
    match length {
        Length::Period(period) => add_period(fence, period, anchor),
        Length::ToDay(day) => next_day(add_period(fence, MONTH, anchor)?, day),
    }
}

/// What is asked for an instance, with the image that is bought with it.
fn offer(length: Length, until: Date, info: &wire::PriceInfo, vat: Rate) -> Result<Offer, MoneyError> {
    let (mut net, mut discount) = amounts(&info.price)?;
    let rules = info.rules.as_ref().and_then(|rules| rules.rule.as_deref()).unwrap_or_default();
    let mut remarks: Vec<_> =
        rules.iter().filter_map(|rule| text(rule.description.as_ref()).map(str::to_owned)).collect();
    let image = info.related_price.as_ref().and_then(|related| related.marketplace_image_price.as_ref());
    if let Some(image) = image.filter(|image| image.trade_price.is_some()) {
        let (price, off) = amounts(image)?;
        if !price.is_zero() {
            net = net.plus(price)?;
            discount = discount.plus(off)?;
            remarks.push(format!("with {price} for its image"));
        }
    }
    let tax = net.share_half_up(vat)?;
    let discount = Some(discount).filter(|discount| !discount.is_zero());
    Ok(Offer { length, net, tax, gross: net.plus(tax)?, discount, until, remarks })
}

/// What is to be paid, and what was taken off before.
fn amounts(price: &wire::Price) -> Result<(Money, Money), MoneyError> {
    let currency = Currency::parse(text(price.currency.as_ref()).unwrap_or_default())?;
    let read = |field: &Option<crate::common::amount::Decimal>| {
        field.as_ref().map(|field| money(field.text(), currency)).transpose()
    };
    let due = read(&price.trade_price)?.map_or_else(|| money("", currency), Ok)?;
    Ok((due, read(&price.discount_price)?.unwrap_or(Money::zero(currency))))
}

#[cfg(test)]
mod tests {
    use perennial_core::calendar::parse_date;

    use super::*;
    use crate::common::body::body;

    fn date(text: &str) -> Date {
        parse_date(text).expect("is a date")
    }

    fn period(text: &str) -> Length {
        Length::Period(Period::parse(text).expect("is a period"))
    }

    fn day(day: i8) -> Length {
        Length::ToDay(AnchorDay::new(day).expect("is a day"))
    }

    #[test]
    fn a_length_is_asked_for_in_the_words_of_its_price() {
        for (length, words) in [
            (period("P1M"), Some("Period=1 PriceUnit=Month")),
            (period("P9M"), Some("Period=9 PriceUnit=Month")),
            (period("P1Y"), Some("Period=1 PriceUnit=Year")),
            (period("P3Y"), Some("Period=3 PriceUnit=Year")),
            (period("P4Y"), None),
            (period("P10M"), None),
            (period("P1W"), None),
            (day(28), Some("ExpectedRenewDay=28")),
            (day(29), None),
        ] {
            let text = |pairs: Vec<(&str, String)>| {
                pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
            };
            assert_eq!(parameters(length).map(text).as_deref(), words, "{length}");
        }
    }

    #[test]
    fn a_day_of_the_month_is_at_least_a_month_away() {
        for (fence, length, end) in [
            ("2026-10-08", day(12), "2026-11-12"),
            ("2026-10-18", day(12), "2026-12-12"),
            ("2026-09-10", day(1), "2026-11-01"),
            ("2026-05-17", day(1), "2026-07-01"),
            ("2026-01-31", period("P1M"), "2026-02-28"),
            ("2028-02-29", period("P1Y"), "2029-02-28"),
        ] {
            assert_eq!(until(date(fence), length), Ok(date(end)), "{fence} {length}");
        }
    }

    #[test]
    fn an_offer_is_exact_and_says_what_made_it() {
        let price = |json: &str, vat: &str| {
            let read: wire::PriceInfo = body(json.as_bytes()).expect("reads");
            offer(period("P1M"), date("2027-01-12"), &read, Rate::parse_percent(vat).expect("is a rate")).ok()
        };
        let json = r#"{"Price":{"OriginalPrice":240.0,"DiscountPrice":49.95,"TradePrice":190.05,"Currency":"CNY",
            "DetailInfos":{"ResourcePriceModel":[{"x":0.1}]}},"Rules":{"Rule":[{"RuleId":7,"Description":"Coupon"}]}}"#;
        let read = price(json, "0").expect("reads");
        let cny = |minor| Money::new(minor, Currency::CNY);
        assert_eq!((read.net, read.tax, read.gross), (cny(19_005), cny(0), cny(19_005)));
        assert_eq!((read.discount, read.remarks), (Some(cny(4_995)), vec!["Coupon".to_owned()]));
        // 6 % of 190.05 is 11.403.
        let read = price(json, "6").expect("reads");
        assert_eq!((read.net, read.tax, read.gross), (cny(19_005), cny(1_140), cny(20_145)));
        let image = r#"{"Price":{"TradePrice":100,"Currency":"CNY"},"Rules":null,
            "RelatedPrice":{"MarketplaceImagePrice":{"TradePrice":5.5,"DiscountPrice":0,"Currency":"CNY"}}}"#;
        let read = price(image, "0").expect("reads");
        assert_eq!((read.gross, read.discount, read.remarks.len()), (cny(10_550), None, 1));
        for wrong in [
            r#"{"Price":{"TradePrice":100.001,"Currency":"CNY"}}"#,
            r#"{"Price":{"TradePrice":null,"Currency":"CNY"}}"#,
            r#"{"Price":{"TradePrice":100}}"#,
            r#"{"Price":{"TradePrice":100,"Currency":"CNY"},"RelatedPrice":{"MarketplaceImagePrice":{"TradePrice":5,"Currency":"USD"}}}"#,
        ] {
            assert_eq!(price(wrong, "0"), None, "{wrong}");
        }
    }
}
