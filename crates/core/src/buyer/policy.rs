//! The policy: which services are renewed, when, for how long, and for how much at the most.

use jiff::Timestamp;
use jiff::civil::{Date, Time};

use super::holding::{Holding, ProviderName};
use crate::calendar::{AnchorDay, Period, Zone};
use crate::money::Money;
use crate::product::Kind;

/// What we decided about everything that we rent. The first rule that matches a service holds for it; a service that none
/// matches is not renewed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policy {
    /// The rules, in order.
    pub rules: Vec<Rule>,
    /// What may be spent.
    pub budgets: Vec<Budget>,
    /// When nothing is paid by itself.
    pub quiet: Option<Quiet>,
}

/// What holds for the services that it matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Which services.
    pub matches: Match,
    /// From how many days before the expiry a service is due.
    pub renew_before_days: u16,
    /// For how long it is renewed.
    pub term: TermChoice,
    /// The most that one renewal may cost, tax included.
    pub price_max: Option<Money>,
    /// What is done about it.
    pub mode: Mode,
    /// What is done where the provider renews it by itself as well.
    pub native: NativeToo,
}

/// What is done about a service that the provider renews by itself as well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NativeToo {
    /// It is left out, and told as a conflict: whoever comes first pays, and both might at the same moment.
    #[default]
    Conflict,
    /// It is renewed all the same; the provider is the safety net, and its expiry is read again before paying.
    Accept,
}

impl NativeToo {
    /// Every way.
    pub const ALL: [Self; 2] = [Self::Conflict, Self::Accept];

    /// The word for it in files.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Conflict => "conflict",
            Self::Accept => "accept",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.word() == word)
    }
}

/// Which services a rule is for: those of which all that is named holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Match {
    /// At this account.
    pub provider: Option<ProviderName>,
    /// Of this kind.
    pub kind: Option<Kind>,
    /// With a name or label like this: `*` stands for any letters, none included. Case does not count.
    pub name: Option<String>,
    /// With this tag.
    pub tag: Option<String>,
}

impl Match {
    /// Whether a service is meant.
    pub fn is_met_by(&self, holding: &Holding) -> bool {
        let named = |pattern: &String| {
            is_like(&holding.name, pattern) || holding.label.as_ref().is_some_and(|label| is_like(label, pattern))
        };
        self.provider.as_ref().is_none_or(|provider| *provider == holding.key.provider)
            && self.kind.is_none_or(|kind| kind == holding.kind)
            && self.name.as_ref().is_none_or(named)
            && self.tag.as_ref().is_none_or(|tag| holding.tags.contains(tag))
    }
}

/// Whether a text is like a pattern, in which `*` stands for any letters. Case does not count.
fn is_like(text: &str, pattern: &str) -> bool {
    let (text, pattern) = (text.to_lowercase(), pattern.to_lowercase());
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut parts: Vec<_> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// For how long a service is renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TermChoice {
    /// For this period.
    Fixed(Period),
    /// For whichever offered period costs least a day, of those that are neither shorter nor longer than these; the shorter
    /// of two that cost the same.
    Cheapest {
        /// The shortest.
        min: Option<Period>,
        /// The longest.
        max: Option<Period>,
    },
    /// To this day of the month, where the provider can.
    ToDay(AnchorDay),
}

/// What is done about a service that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It is planned, and renewed once a person has said yes.
    Ask,
    /// It is renewed.
    Act,
    /// It is left to end.
    Never,
}

impl Mode {
    /// Every way.
    pub const ALL: [Self; 3] = [Self::Ask, Self::Act, Self::Never];

    /// The word for it in files and replies.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ask => "ask",
            Self::Act => "act",
            Self::Never => "never",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.word() == word)
    }
}

/// The most that may be spent in a calendar month, by our own zone ([`Quiet`]'s, or universal time).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// At this account; at all of them together where none is named.
    pub provider: Option<ProviderName>,
    /// How much, tax included. What is paid in other currencies does not count.
    pub month: Money,
}

/// The hours in which nothing is paid by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Quiet {
    /// From this time of day.
    pub from: Time,
    /// To this one, which may be on the next day.
    pub until: Time,
    /// Where.
    pub zone: Zone,
}

impl Quiet {
    /// Whether an instant falls into them.
    pub fn covers(&self, now: Timestamp) -> bool {
        let time = self.zone.time_of(now);
        if self.from <= self.until {
            self.from <= time && time < self.until
        } else {
            self.from <= time || time < self.until
        }
    }
}

impl Policy {
    /// The rule that holds for a service.
    pub fn rule_for(&self, holding: &Holding) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.matches.is_met_by(holding))
    }

    /// The first day on which nothing that expires can be due today, by any rule.
    pub fn horizon(&self, today: Date) -> Date {
        let days = self.rules.iter().map(|rule| i64::from(rule.renew_before_days)).max().unwrap_or(0);
        let ahead = jiff::Span::new().try_days(days.saturating_add(1));
        ahead.and_then(|ahead| today.checked_add(ahead)).unwrap_or(Date::MAX)
    }

    /// The zone in which months are counted.
    pub fn zone(&self) -> Zone {
        self.quiet.as_ref().map_or(Zone::UTC, |quiet| quiet.zone.clone())
    }
}

impl Rule {
    /// The first day on which a service that expires then is due.
    pub fn due_on(&self, until: Date) -> Date {
        let before = jiff::Span::new().try_days(self.renew_before_days);
        before.and_then(|before| until.checked_sub(before)).unwrap_or(Date::MIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_letters() {
        for (text, pattern, is) in [
            ("web.example.net", "*.example.net", true),
            ("WEB.example.net", "web.*", true),
            ("web.example.net", "web*net", true),
            ("web", "web*web", false),
            ("webweb", "web*web", true),
            ("abcabd", "*ab*d", true),
            ("anything", "*", true),
            ("", "*", true),
            ("web", "", false),
            ("web", "we", false),
            ("web", "web", true),
        ] {
            assert_eq!(is_like(text, pattern), is, "{text} {pattern}");
        }
    }

    #[test]
    fn quiet_hours_may_pass_midnight() {
        let time = |text: &str| text.parse().expect("is a time");
        let zone = Zone::parse("Europe/Sofia").expect("is a zone");
        let night = Quiet { from: time("22:00"), until: time("07:00"), zone };
        for (instant, quiet) in [
            ("2026-11-22T19:59:00Z", false),
            ("2026-11-22T20:00:00Z", true),
            ("2026-11-23T04:59:00Z", true),
            ("2026-11-23T05:00:00Z", false),
        ] {
            assert_eq!(night.covers(instant.parse().expect("is an instant")), quiet, "{instant}");
        }
        let day = Quiet { from: time("09:00"), until: time("17:00"), zone: Zone::UTC };
        assert!(day.covers("2026-11-22T09:00:00Z".parse().expect("is an instant")));
        assert!(!day.covers("2026-11-22T17:00:00Z".parse().expect("is an instant")));
    }
}
