//! One instance looked at on its own: before it is renewed, and after something was sent.

use std::slice;

use jiff::SignedDuration;
use jiff::civil::Date;
use perennial_core::buyer::holding::{Holding, RemoteId};
use perennial_core::buyer::remote::{Ask, CallError, Finding, Length, Receipt, RemoteOrder, Sight, Watermark};

use super::Account;
use super::billing::{PLACED_BEFORE, Payment, Renewal};

/// How far back the orders are read that are known not to be ours.
const KNOWN_BEFORE: SignedDuration = SignedDuration::from_hours(1);

/// How much earlier than the watermark an order may seem to be that came after it, by a clock that is told in whole
/// seconds after its time on the way.
const SLACK: SignedDuration = SignedDuration::from_mins(1);

/// The same where the provider does not tell its time: our clock is not further off, or requests would be refused
/// (documented: 15 minutes).
const SLACK_UNTOLD: SignedDuration = SignedDuration::from_mins(15);

/// How many days later than expected a term may end that is counted from a day of the month which its beginning does
/// not show: from 31 January on, it ends on 28 February and then on 31 March.
const ANCHOR_DAYS_MAX: i32 = 3;

impl Account {
    /// An instance now, its open orders, and where the books stand.
    pub(super) async fn sight(&self, holding: &Holding) -> Result<Option<Sight>, CallError> {
        let id = &holding.key.id;
        let Some((region, instance)) = self.find(id, Some(holding)).await? else { return Ok(None) };
        // Before any order is read: what comes after this counts as new.
        let at = self.link.there();
        let attributes = self.attributes(&region, slice::from_ref(&instance)).await?;
        let stand = self.stand(&instance, attributes.get(id.as_str()))?;
        let back = |span| at.checked_sub(span).unwrap_or(at);
        let mut open_orders = Vec::new();
        for order in self.renewals(back(PLACED_BEFORE), Some("Unpaid")).await? {
            let order = self.whole(order).await?;
            if order.renews(id.as_str()) && order.payment == Payment::Unpaid {
                open_orders.push(order.open());
            }
        }
        let orders = self.last_renewals(back(KNOWN_BEFORE)).await?;
        let watermark = Watermark { at, orders, balance: self.available().await? };
        Ok(Some(Sight { stand, open_orders, watermark }))
    }

    /// What became of a renewal that was sent.
    pub(super) async fn found(
        &self,
        ask: &Ask,
        watermark: &Watermark,
        order: Option<&RemoteOrder>,
    ) -> Result<Finding, CallError> {
        if let Some(order) = order
            && let Some(order) = self.detail(&order.id).await?
            && order.payment != Payment::Cancelled
        {
            return self.finding(ask, &order).await;
        }
        let slack = if self.link.ahead().is_some() { SLACK } else { SLACK_UNTOLD };
        let since = watermark.at.checked_sub(slack).unwrap_or(watermark.at);
        let (mut ours, mut odd) = (Vec::new(), Vec::new());
        for order in self.renewals(since, None).await? {
            if order.payment == Payment::Cancelled || watermark.orders.contains(&order.id) {
                continue;
            }
            let order = self.whole(order).await?;
            match Likeness::of(ask, &order) {
                Likeness::Other => {}
                Likeness::Just => ours.push(order),
                Likeness::Odd => odd.push(order),
            }
        }
        match (ours.as_slice(), odd.as_slice()) {
            ([], []) => Ok(match self.until(&ask.service).await? {
                Some(until) if until > ask.fence => Finding::Moved { until },
                _ => Finding::Nothing,
            }),
            ([order], []) => self.finding(ask, order).await,
            _ => Ok(Finding::Ambiguous(seen(ours.iter().chain(&odd)))),
        }
    }

    /// What an order says that is the one.
    async fn finding(&self, ask: &Ask, order: &Renewal) -> Result<Finding, CallError> {
        Ok(match &order.payment {
            Payment::Paid => Finding::Paid(Receipt {
                order: Some(order.id.clone()),
                invoice: None,
                paid: Some(order.gross),
                balance: self.available().await?,
                until: self.until(&ask.service).await?,
            }),
            Payment::Unpaid => Finding::Unpaid(order.open()),
            Payment::Cancelled => Finding::Nothing,
            Payment::Other(word) => Finding::Pending(format!("order {} is {word}", order.id)),
        })
    }

    /// Where an instance stands now; none where it is gone.
    async fn until(&self, id: &RemoteId) -> Result<Option<Date>, CallError> {
        let found = self.find(id, None).await?;
        found.map(|(_, instance)| self.stand(&instance, None).map(|stand| stand.until)).transpose()
    }
}

/// How much an order is like what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Likeness {
    /// It is for something else.
    Other,
    /// It is for just that.
    Just,
    /// It is for the same service, and not quite that.
    Odd,
}

impl Likeness {
    fn of(ask: &Ask, order: &Renewal) -> Self {
        let is_before = order.from.is_some_and(|from| from < ask.fence);
        if !order.renews(ask.service.as_str()) || is_before {
            return Self::Other;
        }
        let offer = &ask.offer;
        let is_alone = order.services.as_ref().is_some_and(|services| services.len() == 1);
        let is_price = order.gross == offer.gross || order.net == Some(offer.net);
        let is_start = order.from.is_none_or(|from| from == ask.fence);
        let is_end = order.until.is_none_or(|until| is_expected(offer.length, offer.until, until));
        if is_alone && is_price && is_start && is_end { Self::Just } else { Self::Odd }
    }
}

/// Whether a term ends where one of that length was expected to.
fn is_expected(length: Length, expected: Date, until: Date) -> bool {
    let is_counted_in_months = matches!(length, Length::Period(period) if period.as_months().is_some());
    let later = until.since(expected).map(|span| span.get_days());
    until == expected || is_counted_in_months && later.is_ok_and(|days| (0..=ANCHOR_DAYS_MAX).contains(&days))
}

/// What was seen, for a person to decide on.
fn seen<'a>(orders: impl Iterator<Item = &'a Renewal>) -> String {
    let one = |order: &Renewal| {
        let span = match (order.from, order.until) {
            (Some(from), Some(until)) => format!(", from {from} until {until}"),
            _ => String::new(),
        };
        let word = match &order.payment {
            Payment::Unpaid => "unpaid",
            Payment::Paid => "paid",
            Payment::Cancelled => "cancelled",
            Payment::Other(word) => word,
        };
        format!("order {} for {}, {word}{span}", order.id, order.gross)
    };
    orders.map(one).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use perennial_core::buyer::remote::Offer;
    use perennial_core::calendar::{Period, parse_date};
    use perennial_core::money::{Currency, Money};
    use perennial_core::product::Kind;

    use super::*;

    fn date(text: &str) -> Date {
        parse_date(text).expect("is a date")
    }

    fn ask() -> Ask {
        let cny = |minor| Money::new(minor, Currency::CNY);
        Ask {
            service: RemoteId::parse("i-1").expect("is an id"),
            kind: Kind::Instance,
            name: "web-1".to_owned(),
            fence: date("2027-02-28"),
            offer: Offer {
                length: Length::Period(Period::parse("P1M").expect("is a period")),
                net: cny(10_000),
                tax: cny(600),
                gross: cny(10_600),
                discount: None,
                until: date("2027-03-28"),
                remarks: Vec::new(),
            },
            token: "t".to_owned(),
        }
    }

    fn order(gross: i64, services: &[&str], from: Option<&str>, until: Option<&str>) -> Renewal {
        Renewal {
            id: "7".to_owned(),
            payment: Payment::Paid,
            services: Some(services.iter().map(|id| (*id).to_owned()).collect()),
            placed: None,
            paid_at: None,
            gross: Money::new(gross, Currency::CNY),
            net: None,
            from: from.map(date),
            until: until.map(date),
        }
    }

    #[test]
    fn an_order_is_ours_if_service_price_and_term_are() {
        let (fence, end) = (Some("2027-02-28"), Some("2027-03-28"));
        for (order, likeness) in [
            (order(10_600, &["i-1"], fence, end), Likeness::Just),
            (order(10_600, &["i-1"], None, None), Likeness::Just),
            // A service whose terms fall on the 31st.
            (order(10_600, &["i-1"], fence, Some("2027-03-31")), Likeness::Just),
            (order(10_600, &["i-1"], fence, Some("2027-04-28")), Likeness::Odd),
            (order(10_600, &["i-1"], fence, Some("2027-03-27")), Likeness::Odd),
            (order(10_601, &["i-1"], fence, end), Likeness::Odd),
            (order(10_600, &["i-1", "i-2"], fence, end), Likeness::Odd),
            (order(10_600, &["i-1"], Some("2027-03-02"), end), Likeness::Odd),
            (order(10_600, &["i-1"], Some("2027-01-31"), fence), Likeness::Other),
            (order(10_600, &["i-2"], fence, end), Likeness::Other),
            (order(10_600, &["i-11"], fence, end), Likeness::Other),
        ] {
            assert_eq!(Likeness::of(&ask(), &order), likeness, "{order:?}");
        }
        let without_tax = Renewal { net: Some(Money::new(10_000, Currency::CNY)), ..order(1, &["i-1"], None, None) };
        assert_eq!(Likeness::of(&ask(), &without_tax), Likeness::Just);
    }

    #[test]
    fn weeks_and_days_of_the_month_end_on_the_very_day() {
        let week = Length::Period(Period::parse("P1W").expect("is a period"));
        assert!(is_expected(week, date("2027-03-07"), date("2027-03-07")));
        assert!(!is_expected(week, date("2027-03-07"), date("2027-03-08")));
    }
}
