//! The plan: what would be renewed, for how much, and what is left out, and why. Made, shown, and only then applied.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;

use super::holding::{Holding, HoldingKey, Native, ProviderName, Standing};
use super::intent::IntentId;
use super::policy::{Budget, Mode, NativeToo, Policy, Rule, TermChoice};
use super::remote::{Habits, Length, Offer};
use crate::calendar::{AnchorDay, Period, add_period};
use crate::money::{Money, MoneyError};

/// What would be renewed, and what would not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// What would be renewed, soonest expiry first.
    pub items: Vec<Item>,
    /// What is due and would not be, or could not be told.
    pub left_out: Vec<LeftOut>,
}

/// One renewal of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The service, as it was seen.
    pub holding: Holding,
    /// What it was offered for.
    pub offer: Offer,
    /// What the policy says.
    pub mode: Mode,
}

/// A service that is due and is not in the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The service, as it was seen.
    pub holding: Holding,
    /// Why.
    pub why: Reason,
}

/// Why a service that is due is not in the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The policy leaves it to end.
    Never,
    /// The provider would not renew it.
    Blocked(String),
    /// An intent to renew it is still open.
    Open(IntentId),
    /// It was renewed from this expiry already, and the inventory does not show it yet.
    Renewed(IntentId),
    /// It is rented under another of our names as well: both would pay.
    OtherName(ProviderName),
    /// The provider's own automatic renewal is on as well: both would pay.
    NativeToo,
    /// The provider's own automatic renewal is on, and has not renewed it: it is past this expiry.
    NativeLapsed {
        /// The expiry.
        until: Date,
    },
    /// It is not offered for what the policy asks.
    NotOffered,
    /// The provider cannot renew to a day of the month.
    CannotAlign,
    /// It costs more than the policy allows.
    TooDear {
        /// What it costs.
        price: Money,
        /// What is allowed.
        max: Money,
    },
    /// The policy's limit is in another currency.
    OtherCurrency {
        /// What it costs.
        price: Money,
        /// What is allowed.
        max: Money,
    },
    /// The month's budget would not hold it.
    OverBudget {
        /// What would be spent in the month with it.
        spent: Money,
        /// The budget.
        budget: Money,
    },
    /// Its price could not be read.
    NoPrice(String),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never => f.write_str("the policy leaves it to end"),
            Self::Blocked(why) => write!(f, "the provider would not renew it: {why}"),
            Self::Open(id) => write!(f, "intent {id} to renew it is still open"),
            Self::Renewed(id) => write!(f, "intent {id} renewed it already; the inventory does not show it yet"),
            Self::OtherName(name) => write!(
                f,
                "`{name}` shows it as well, and both would pay: one account has two names; take one of them out of the \
                 configuration"
            ),
            Self::NativeToo => f.write_str(
                "the provider renews it by itself as well, and both would pay: `perennial native off` switches that off where \
                 the provider lets us, and `native = \"accept\"` in the rule renews it all the same",
            ),
            Self::NativeLapsed { until } => write!(
                f,
                "it expired on {until}, and the provider, which was to renew it by itself, has not: `perennial renew` pays \
                 now, and `perennial native off` leaves it to the policy"
            ),
            Self::NotOffered => f.write_str("it is not offered for the period that the policy asks for"),
            Self::CannotAlign => f.write_str("its provider cannot renew to a day of the month"),
            Self::TooDear { price, max } => write!(f, "it costs {price}, and the policy allows {max}"),
            Self::OtherCurrency { price, max } => {
                write!(f, "it costs {price}, and the policy's limit is in {}: {max}", max.currency())
            }
            Self::OverBudget { spent, budget } => {
                write!(f, "{spent} would be spent this month, and the budget is {budget}")
            }
            Self::NoPrice(why) => write!(f, "its price could not be read: {why}"),
        }
    }
}

/// What our own ledger says of a service at the expiry it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OnFile {
    /// An intent to renew it is open.
    Open(IntentId),
    /// An intent renewed it from just this expiry, or found that somebody else had.
    Renewed(IntentId),
}

/// Whether a service is to be renewed now, and for how long, as far as can be told before its price is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Due<'a> {
    /// No rule is for it, or it is too early.
    Not,
    /// It is due, and is left out.
    LeftOut(Reason),
    /// It is due: for one of these lengths, or, where none is named, for whichever is best of all that are offered.
    Yes {
        /// The rule that says so.
        rule: &'a Rule,
        /// The lengths to ask the price of.
        lengths: Vec<Length>,
    },
}

/// Decides whether a service is due.
pub fn due<'a>(
    today: Date,
    policy: &'a Policy,
    holding: &Holding,
    habits: Habits,
    on_file: Option<&OnFile>,
) -> Due<'a> {
    let Some(rule) = policy.rule_for(holding) else { return Due::Not };
    if today < rule.due_on(holding.stand.until) {
        return Due::Not;
    }
    match check(today, holding, rule.native, on_file) {
        _ if rule.mode == Mode::Never => Due::LeftOut(Reason::Never),
        Err(reason) => Due::LeftOut(reason),
        Ok(()) => match rule.term {
            TermChoice::Fixed(period) => Due::Yes { rule, lengths: vec![Length::Period(period)] },
            TermChoice::ToDay(_) if !habits.aligns => Due::LeftOut(Reason::CannotAlign),
            TermChoice::ToDay(day) => Due::Yes { rule, lengths: vec![Length::ToDay(day)] },
            TermChoice::Cheapest { .. } => Due::Yes { rule, lengths: Vec::new() },
        },
    }
}

/// Checks that nothing speaks against renewing a service now, whatever the policy says.
///
/// # Errors
/// [`Reason`].
pub fn check(today: Date, holding: &Holding, native: NativeToo, on_file: Option<&OnFile>) -> Result<(), Reason> {
    let until = holding.stand.until;
    match (on_file, &holding.stand.standing) {
        (Some(OnFile::Open(id)), _) => Err(Reason::Open(id.clone())),
        (Some(OnFile::Renewed(id)), _) => Err(Reason::Renewed(id.clone())),
        (None, Standing::Blocked(why)) => Err(Reason::Blocked(why.clone())),
        (None, Standing::Renewable) if (holding.stand.native, native) == (Native::On, NativeToo::Conflict) => {
            // On the day itself the provider may still come.
            Err(if today > until { Reason::NativeLapsed { until } } else { Reason::NativeToo })
        }
        (None, Standing::Renewable) => Ok(()),
    }
}

/// Chooses the offer that the rule asks for.
///
/// # Errors
/// [`Reason`].
pub fn choose(rule: &Rule, holding: &Holding, offers: Vec<Offer>) -> Result<Item, Reason> {
    let chosen = match rule.term {
        TermChoice::Fixed(period) => offers.into_iter().find(|offer| offer.length == Length::Period(period)),
        TermChoice::ToDay(day) => offers.into_iter().find(|offer| offer.length == Length::ToDay(day)),
        TermChoice::Cheapest { min, max } => cheapest(holding.stand.until, offers, min, max),
    };
    let offer = chosen.ok_or(Reason::NotOffered)?;
    if let Some(max) = rule.price_max {
        let price = offer.gross;
        if price.currency() != max.currency() {
            return Err(Reason::OtherCurrency { price, max });
        }
        if price.minor() > max.minor() {
            return Err(Reason::TooDear { price, max });
        }
    }
    Ok(Item { holding: holding.clone(), offer, mode: rule.mode })
}

/// The offer that costs least a day, of those within the limits; the shorter of two that cost the same.
fn cheapest(from: Date, offers: Vec<Offer>, min: Option<Period>, max: Option<Period>) -> Option<Offer> {
    let anchor = AnchorDay::of(from);
    let end = |period: Period| add_period(from, period, anchor).ok();
    let earliest = min.and_then(end).unwrap_or(Date::MIN);
    let latest = max.and_then(end).unwrap_or(Date::MAX);
    let mut best: Option<(i32, Offer)> = None;
    for offer in offers {
        let Length::Period(period) = offer.length else { continue };
        let Some(until) = end(period).filter(|until| earliest <= *until && *until <= latest) else { continue };
        let Ok(days) = until.since(from).map(|span| span.get_days()) else { continue };
        let is_better = best.as_ref().is_none_or(|(best_days, best)| {
            // Price a day, compared crosswise: no division, so no rounding.
            let mine = i128::from(offer.gross.minor()).checked_mul(i128::from(*best_days));
            let theirs = i128::from(best.gross.minor()).checked_mul(i128::from(days));
            best.gross.currency() == offer.gross.currency() && (mine < theirs || (mine == theirs && days < *best_days))
        });
        if is_better && days > 0 {
            best = Some((days, offer));
        }
    }
    best.map(|(_, offer)| offer)
}

/// What was spent in the month that the plan is made in, by account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spent {
    /// Where.
    pub key: HoldingKey,
    /// How much, tax included.
    pub gross: Money,
}

/// Keeps what the budgets hold, soonest expiry first, and leaves out the rest.
///
/// # Errors
/// [`MoneyError`] where the sums do not fit.
pub fn within_budgets(policy: &Policy, spent: &[Spent], mut items: Vec<Item>) -> Result<Plan, MoneyError> {
    items.sort_by(|left, right| {
        let key = |item: &Item| (item.holding.stand.expires_at, item.holding.key.clone());
        key(left).cmp(&key(right))
    });
    let mut plan = Plan::default();
    let mut booked: Vec<Spent> = spent.to_vec();
    for item in items {
        let cost = Spent { key: item.holding.key.clone(), gross: item.offer.gross };
        let mut over = None;
        for budget in &policy.budgets {
            let sum = spent_of(budget, booked.iter().chain([&cost]))?;
            let counts = concerns(budget, &cost);
            if counts && sum.minor() > budget.month.minor() {
                over = Some(Reason::OverBudget { spent: sum, budget: budget.month });
                break;
            }
        }
        if let Some(why) = over {
            plan.left_out.push(LeftOut { holding: item.holding, why });
        } else {
            booked.push(cost);
            plan.items.push(item);
        }
    }
    Ok(plan)
}

fn concerns(budget: &Budget, spent: &Spent) -> bool {
    spent.gross.currency() == budget.month.currency()
        && budget.provider.as_ref().is_none_or(|provider| *provider == spent.key.provider)
}

fn spent_of<'a>(budget: &Budget, spent: impl Iterator<Item = &'a Spent>) -> Result<Money, MoneyError> {
    let counted = spent.filter(|spent| concerns(budget, spent)).map(|spent| spent.gross);
    Money::sum(budget.month.currency(), counted)
}

/// The first instant of the month that an instant falls in, by the policy's zone.
pub fn month_of(policy: &Policy, now: Timestamp) -> Timestamp {
    let zone = policy.zone();
    let first = zone.date_of(now).first_of_month();
    zone.midnight(first).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::buyer::holding::{RemoteId, Stand};
    use crate::buyer::policy::Match;
    use crate::buyer::remote::OrderEffect;
    use crate::calendar::{Zone, parse_date};
    use crate::money::Currency;
    use crate::product::Kind;

    const HABITS: Habits = Habits {
        ordering: OrderEffect::Unpaid,
        settles_in: SignedDuration::from_secs(30),
        aligns: false,
        switches_native: true,
    };

    fn date(text: &str) -> Date {
        parse_date(text).expect("is a date")
    }

    fn period(text: &str) -> Period {
        Period::parse(text).expect("is a period")
    }

    fn eur(minor: i64) -> Money {
        Money::new(minor, Currency::EUR)
    }

    fn holding(provider: &str, id: &str, until: &str) -> Holding {
        let until = date(until);
        let key = HoldingKey {
            provider: ProviderName::parse(provider).expect("is a name"),
            id: RemoteId::parse(id).expect("is an id"),
        };
        let expires_at = Zone::UTC.midnight(until).expect("is in range");
        let stand = Stand { until, expires_at, standing: Standing::Renewable, native: Native::Off };
        let name = format!("{id}.example.net");
        Holding { key, kind: Kind::Server, name, label: None, tags: Vec::new(), parent: None, stand, period: None }
    }

    fn rule(term: TermChoice) -> Rule {
        Rule {
            matches: Match::default(),
            renew_before_days: 14,
            term,
            price_max: None,
            mode: Mode::Act,
            native: NativeToo::Conflict,
        }
    }

    fn policy(rule: Rule) -> Policy {
        Policy { rules: vec![rule], ..Policy::default() }
    }

    fn offer(from: &str, length: &str, gross: Money) -> Offer {
        let length = period(length);
        let until = add_period(date(from), length, AnchorDay::of(date(from))).expect("is in range");
        let tax = Money::zero(gross.currency());
        let length = Length::Period(length);
        Offer { length, net: gross, tax, gross, discount: None, until, remarks: Vec::new() }
    }

    #[test]
    fn a_service_is_due_so_many_days_before_it_expires_and_stays_due() {
        let policy = policy(rule(TermChoice::Fixed(period("P1M"))));
        let holding = holding("ovh", "1", "2027-03-15");
        let is_due = |today| matches!(due(date(today), &policy, &holding, HABITS, None), Due::Yes { .. });
        for (today, expected) in
            [("2027-02-28", false), ("2027-03-01", true), ("2027-03-15", true), ("2027-04-01", true)]
        {
            assert_eq!(is_due(today), expected, "{today}");
        }
        assert_eq!(due(date("2027-03-14"), &Policy::default(), &holding, HABITS, None), Due::Not);
    }

    #[test]
    fn what_speaks_against_a_renewal_is_told() {
        let today = date("2027-03-14");
        let id = || IntentId("a1".to_owned());
        let plain = holding("ovh", "1", "2027-03-15");
        let native = Holding { stand: Stand { native: Native::On, ..plain.stand.clone() }, ..plain.clone() };
        let standing = Standing::Blocked("locked".to_owned());
        let blocked = Holding { stand: Stand { standing, ..plain.stand.clone() }, ..plain.clone() };
        let month = TermChoice::Fixed(period("P1M"));
        let aligned = TermChoice::ToDay(AnchorDay::new(12).expect("is a day"));
        let never = Rule { mode: Mode::Never, ..rule(month) };
        for (rule, holding, on_file, why) in [
            (never, &plain, None, Reason::Never),
            (rule(month), &blocked, None, Reason::Blocked("locked".to_owned())),
            (rule(month), &native, None, Reason::NativeToo),
            (rule(month), &plain, Some(OnFile::Open(id())), Reason::Open(id())),
            (rule(month), &plain, Some(OnFile::Renewed(id())), Reason::Renewed(id())),
            (rule(aligned), &plain, None, Reason::CannotAlign),
        ] {
            assert_eq!(due(today, &policy(rule), holding, HABITS, on_file.as_ref()), Due::LeftOut(why));
        }
        let lapsed = Reason::NativeLapsed { until: date("2027-03-15") };
        for (today, why) in [("2027-03-15", &Reason::NativeToo), ("2027-03-16", &lapsed)] {
            let policy = policy(rule(month));
            assert_eq!(due(date(today), &policy, &native, HABITS, None), Due::LeftOut(why.clone()), "{today}");
        }
        let said = lapsed.to_string();
        assert!(["2027-03-15", "`perennial renew`", "`perennial native off`"].iter().all(|part| said.contains(part)));
        let accepting = policy(Rule { native: NativeToo::Accept, ..rule(month) });
        assert!(matches!(due(today, &accepting, &native, HABITS, None), Due::Yes { .. }));
    }

    #[test]
    fn the_cheapest_a_day_is_chosen_within_the_limits() {
        let from = "2027-03-15";
        let holding = holding("ovh", "1", from);
        let offers =
            || vec![offer(from, "P1M", eur(310)), offer(from, "P3M", eur(800)), offer(from, "P1Y", eur(3_650))];
        let chosen = |min: Option<&str>, max: Option<&str>| {
            let term = TermChoice::Cheapest { min: min.map(period), max: max.map(period) };
            choose(&rule(term), &holding, offers()).map(|item| item.offer.length.to_string())
        };
        // 10.0, 8.70 and 9.97 cents a day.
        assert_eq!(chosen(None, None).as_deref(), Ok("P3M"));
        assert_eq!(chosen(None, Some("P1M")).as_deref(), Ok("P1M"));
        assert_eq!(chosen(Some("P6M"), None).as_deref(), Ok("P1Y"));
        assert_eq!(chosen(Some("P2Y"), None), Err(Reason::NotOffered));
        let same = vec![offer(from, "P2W", eur(140)), offer(from, "P1W", eur(70))];
        let term = TermChoice::Cheapest { min: None, max: None };
        let shorter = choose(&rule(term), &holding, same).expect("is chosen");
        assert_eq!(shorter.offer.length.to_string(), "P1W", "the shorter of two that cost the same");
    }

    #[test]
    fn a_price_above_the_limit_or_in_another_currency_is_left_out() {
        let from = "2027-03-15";
        let holding = holding("ovh", "1", from);
        let limited = |max| Rule { price_max: Some(max), ..rule(TermChoice::Fixed(period("P1M"))) };
        let chosen =
            |rule: &Rule| choose(rule, &holding, vec![offer(from, "P1M", eur(501))]).map(|item| item.offer.gross);
        assert_eq!(chosen(&limited(eur(501))), Ok(eur(501)));
        assert_eq!(chosen(&limited(eur(500))), Err(Reason::TooDear { price: eur(501), max: eur(500) }));
        let max = Money::new(90_000, Currency::SEK);
        assert_eq!(chosen(&limited(max)), Err(Reason::OtherCurrency { price: eur(501), max }));
    }

    #[test]
    fn budgets_hold_the_soonest_expiries_first() {
        let month = |provider: Option<&str>, minor| Budget {
            provider: provider.map(|name| ProviderName::parse(name).expect("is a name")),
            month: eur(minor),
        };
        let policy = Policy { budgets: vec![month(Some("ovh"), 250), month(None, 400)], ..Policy::default() };
        let item = |provider, id, until: &str, gross| Item {
            holding: holding(provider, id, until),
            offer: offer(until, "P1M", gross),
            mode: Mode::Act,
        };
        let items = vec![
            item("ovh", "late", "2027-03-20", eur(100)),
            item("ovh", "soon", "2027-03-16", eur(100)),
            item("vpsbg", "mid", "2027-03-17", eur(150)),
            item("vpsbg", "foreign", "2027-03-18", Money::new(99_999, Currency::SEK)),
            item("vpsbg", "last", "2027-03-21", eur(50)),
        ];
        let spent = [Spent { key: items[0].holding.key.clone(), gross: eur(60) }];
        let plan = within_budgets(&policy, &spent, items).expect("sums");
        let kept: Vec<_> = plan.items.iter().map(|item| item.holding.key.id.as_str().to_owned()).collect();
        assert_eq!(kept, ["soon", "mid", "foreign", "last"]);
        let [left] = plan.left_out.as_slice() else { panic!("one is left out: {:?}", plan.left_out) };
        assert_eq!(left.why, Reason::OverBudget { spent: eur(260), budget: eur(250) });
    }

    #[test]
    fn a_month_begins_where_the_policy_is() {
        let time = |text: &str| text.parse().expect("is a time");
        let zone = Zone::parse("Europe/Sofia").expect("is a zone");
        let quiet = super::super::policy::Quiet { from: time("22:00"), until: time("07:00"), zone };
        let policy = Policy { quiet: Some(quiet), ..Policy::default() };
        let now = "2026-11-30T23:00:00Z".parse().expect("is an instant");
        assert_eq!(month_of(&policy, now).to_string(), "2026-11-30T22:00:00Z");
        assert_eq!(month_of(&Policy::default(), now).to_string(), "2026-11-01T00:00:00Z");
    }
}
