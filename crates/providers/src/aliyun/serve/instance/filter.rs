//! The filters of `DescribeInstances`. An instance is shown that all of them take. Filters by what the ledger knows
//! nothing of, such as networks and addresses, are passed over.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::shown::{charge_type, family, instance_type, locks, name, resource_group, status, tag};
use crate::aliyun::auth::Parameters;
use crate::aliyun::serve::found::Found;
use crate::aliyun::serve::listing::{IDS_MAX, places};
use crate::aliyun::wire::error::Failure;

/// The most tags that one call names (documented).
const TAGS_MAX: usize = 20;

/// The most filters by time that one call has: there are four of them (see [`Bound`]).
const TIMES_MAX: usize = 4;

/// Why an instance can be locked (documented).
const LOCK_REASONS: [&str; 5] = ["financial", "security", "Recycling", "dedicatedhostfinancial", "refunded"];

/// How an instance can be (documented). There is no word for one that has expired.
const STATUSES: [&str; 5] = ["Pending", "Running", "Starting", "Stopping", "Stopped"];

/// What a request asks for.
#[derive(Debug)]
pub(super) struct Filter<'a> {
    ids: Option<BTreeSet<String>>,
    name: Option<&'a str>,
    charge_type: Option<&'a str>,
    status: Option<&'a str>,
    lock_reason: Option<&'a str>,
    zone: Option<&'a str>,
    instance_type: Option<&'a str>,
    family: Option<&'a str>,
    image: Option<&'a str>,
    resource_group: Option<&'a str>,
    tags: Vec<(&'a str, Option<&'a str>)>,
    times: Vec<(Bound, Timestamp)>,
}

/// A bound of a time, itself included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bound {
    CreatedFrom,
    CreatedTo,
    ExpiresFrom,
    ExpiresTo,
}

impl<'a> Filter<'a> {
    /// Reads the filters.
    pub(super) fn of(parameters: &'a Parameters) -> Result<Self, Failure> {
        let word = |parameter: &str, words: &[&str], code: &'static str| match parameters.get(parameter) {
            Some(word) if !words.contains(&word) => {
                Err(Failure::not_found(code, format!("The specified {parameter} does not exist.")))
            }
            word => Ok(word),
        };
        word("InstanceNetworkType", &["vpc", "classic"], "InvalidNetworkType.NotFound")?;
        let ways = ["PayByBandwidth", "PayByTraffic"];
        word("InternetChargeType", &ways, "InvalidInternetChargeType.ValueNotSupported")?;
        Ok(Self {
            ids: parameters.get("InstanceIds").map(ids).transpose()?,
            name: parameters.get("InstanceName"),
            charge_type: word("InstanceChargeType", &["PrePaid", "PostPaid"], "InvalidInstanceChargeType.NotFound")?,
            status: word("Status", &STATUSES, "InvalidStatus.NotFound")?,
            lock_reason: word("LockReason", &LOCK_REASONS, "InvalidLockReason.NotFound")?,
            zone: parameters.get("ZoneId"),
            instance_type: parameters.get("InstanceType"),
            family: parameters.get("InstanceTypeFamily"),
            image: parameters.get("ImageId"),
            resource_group: parameters.get("ResourceGroupId"),
            tags: tags(parameters)?,
            times: times(parameters)?,
        })
    }

    /// The ids that are named. No other instance has to be looked at.
    pub(super) fn ids(&self) -> Option<impl Iterator<Item = &str>> {
        self.ids.as_ref().map(|ids| ids.iter().map(String::as_str))
    }

    /// Whether a filter does not leave an instance out. Which ids are named is not asked again.
    pub(super) fn takes(&self, found: &Found<'_>) -> bool {
        let is = |wanted: Option<&str>, there: Option<&str>| wanted.is_none_or(|wanted| there == Some(wanted));
        let locks = || locks(found.is_expired(), found.is_locked());
        is(self.charge_type, Some(charge_type(found)))
            && is(self.status, Some(status(found.life)))
            && is(self.zone, found.fact("zone"))
            && is(self.instance_type, Some(instance_type(found)))
            && is(self.family, family(instance_type(found)))
            && is(self.image, found.fact("image"))
            && is(self.resource_group, Some(resource_group(found)))
            && self.name.is_none_or(|pattern| matches(pattern, name(found)))
            && self.lock_reason.is_none_or(|reason| locks().iter().any(|lock| lock.lock_reason == reason))
            && self
                .tags
                .iter()
                .all(|(key, value)| tag(found, key).is_some_and(|there| value.is_none_or(|value| there == value)))
            && self.times.iter().all(|(bound, at)| bound.takes(found, *at).unwrap_or(false))
    }
}

impl Bound {
    /// The key of a filter. (The first is documented. The others are inferred: the older SDK has four such filters.)
    fn of_key(key: &str) -> Option<Self> {
        match key {
            "CreationStartTime" => Some(Self::CreatedFrom),
            "CreationEndTime" => Some(Self::CreatedTo),
            "ExpiredStartTime" => Some(Self::ExpiresFrom),
            "ExpiredEndTime" => Some(Self::ExpiresTo),
            _ => None,
        }
    }

    fn takes(self, found: &Found<'_>, at: Timestamp) -> Result<bool, Failure> {
        Ok(match self {
            Self::CreatedFrom => found.created()? >= at,
            Self::CreatedTo => found.created()? <= at,
            Self::ExpiresFrom => found.expires()? >= at,
            Self::ExpiresTo => found.expires()? <= at,
        })
    }
}

/// Reads ids: a JSON array of texts. An empty one names nothing, and so nothing is shown.
fn ids(text: &str) -> Result<BTreeSet<String>, Failure> {
    let ids = serde_json::from_str::<Vec<String>>(text).ok().filter(|ids| ids.len() <= IDS_MAX);
    ids.map(BTreeSet::from_iter).ok_or_else(|| {
        let message = format!("The specified InstanceIds is not valid: it is a JSON array of up to {IDS_MAX} ids.");
        Failure::forbidden("InvalidInstanceIds.Malformed", message)
    })
}

/// Reads the tags that an instance has to have, each with a value if one is given.
fn tags(parameters: &Parameters) -> Result<Vec<(&str, Option<&str>)>, Failure> {
    let places = places(parameters, |name| place(name, "Tag."), TAGS_MAX).ok_or_else(|| {
        let message = format!("The specified tags are too many: they are numbered from 1 to {TAGS_MAX}.");
        Failure::bad("InvalidTagCount", message)
    })?;
    let pair = |place| {
        let key = parameters.get(&format!("Tag.{place}.Key"));
        let value = parameters.get(&format!("Tag.{place}.Value"));
        match (key, value) {
            (Some(key), value) => Some(Ok((key, value))),
            (None, None) => None,
            (None, Some(_)) => {
                let message = format!("Tag.{place}.Value is given without Tag.{place}.Key.");
                Some(Err(Failure::bad("InvalidTag.Mismatch", message)))
            }
        }
    };
    places.into_iter().filter_map(pair).collect()
}

/// Reads the filters by time, `2026-01-15T02:03Z` and in UTC.
fn times(parameters: &Parameters) -> Result<Vec<(Bound, Timestamp)>, Failure> {
    const UNKNOWN: &str = "InvalidFilterKey.NotFound";
    let places = places(parameters, |name| place(name, "Filter."), TIMES_MAX).ok_or_else(|| {
        let message = format!("The specified filters do not exist: they are numbered from 1 to {TIMES_MAX}.");
        Failure::not_found(UNKNOWN, message)
    })?;
    let bound = |place| {
        let key = parameters.get(&format!("Filter.{place}.Key"))?;
        let value = format!("Filter.{place}.Value");
        let unknown = || Failure::not_found(UNKNOWN, format!("The specified Filter.{place}.Key does not exist."));
        let bound = Bound::of_key(key).ok_or_else(unknown);
        let at = || parameters.get(&value).and_then(|text| text.parse().ok());
        Some(bound.and_then(|bound| Ok((bound, at().ok_or_else(|| Failure::invalid_parameter(&value))?))))
    };
    places.into_iter().filter_map(bound).collect()
}

/// The place in a name such as `Tag.1.Key`.
fn place<'a>(name: &'a str, prefix: &str) -> Option<&'a str> {
    let (place, part) = name.strip_prefix(prefix)?.split_once('.')?;
    matches!(part, "Key" | "Value").then_some(place)
}

/// Whether a text is as a pattern says, in which a star stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut left) = text.strip_prefix(start) else { return false };
    let (middle, end) = rest.rsplit_once('*').unwrap_or(("", rest));
    for part in middle.split('*') {
        // The earliest place leaves the most for what follows.
        match left.split_once(part) {
            Some((_, after)) => left = after,
            None => return false,
        }
    }
    left.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(pairs: &[(&str, &str)]) -> Parameters {
        pairs.iter().copied().collect()
    }

    fn refused(pairs: &[(&str, &str)]) -> (u16, String) {
        let failure = Filter::of(&parameters(pairs)).expect_err("is refused");
        (failure.status.as_u16(), failure.code.into_owned())
    }

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, text, is_match) in [
            ("web", "web", true),
            ("web", "web1", false),
            ("web*", "web1", true),
            ("web*", "a-web1", false),
            ("*web", "a-web", true),
            ("*web*", "a-web1", true),
            ("w*b*1", "web-b1", true),
            ("w*b*1", "web-b2", false),
            ("a*a", "a", false),
            ("ab*ba", "aba", false),
            ("a**c", "abc", true),
            ("*", "", true),
            ("", "x", false),
            ("生产*", "生产-1", true),
        ] {
            assert_eq!(matches(pattern, text), is_match, "{pattern} {text}");
        }
    }

    #[test]
    fn ids_are_a_json_array_of_up_to_a_hundred() {
        let of = |count: usize| serde_json::to_string(&vec!["i-1"; count]).expect("writes");
        assert_eq!(ids(r#"["i-2", "i-1","i-2"]"#), Ok(["i-1".to_owned(), "i-2".to_owned()].into()));
        assert_eq!(ids("[]"), Ok(BTreeSet::new()));
        assert!(ids(&of(100)).is_ok());
        for bad in ["i-1", "[i-1]", "[1]", "{}", "[\"i-1\"", &of(101)] {
            let failure = ids(bad).expect_err(bad);
            assert_eq!((failure.status.as_u16(), &*failure.code), (403, "InvalidInstanceIds.Malformed"), "{bad}");
        }
    }

    #[test]
    fn a_word_that_no_instance_can_have_is_refused_by_its_own_code() {
        for (name, word, code) in [
            ("InstanceChargeType", "prepaid", "InvalidInstanceChargeType.NotFound"),
            ("Status", "Expired", "InvalidStatus.NotFound"),
            ("LockReason", "overdue", "InvalidLockReason.NotFound"),
            ("InstanceNetworkType", "lan", "InvalidNetworkType.NotFound"),
            ("InternetChargeType", "free", "InvalidInternetChargeType.ValueNotSupported"),
            ("Filter.1.Key", "Name", "InvalidFilterKey.NotFound"),
        ] {
            assert_eq!(refused(&[(name, word)]), (404, code.to_owned()), "{name}");
        }
        for (name, word) in [("Status", "Starting"), ("LockReason", "Recycling"), ("InstanceNetworkType", "vpc")] {
            assert!(Filter::of(&parameters(&[(name, word)])).is_ok(), "{name}");
        }
    }

    #[test]
    fn tags_are_pairs_with_numbers_up_to_twenty() {
        let given =
            parameters(&[("Tag.2.Value", "prod"), ("Tag.1.Key", "team"), ("Tag.2.Key", "env"), ("Tag.1.Value", "")]);
        assert_eq!(tags(&given), Ok(vec![("team", None), ("env", Some("prod"))]));
        assert_eq!(tags(&parameters(&[("Tag.20.Key", "a")])), Ok(vec![("a", None)]));
        assert_eq!(refused(&[("Tag.1.Value", "prod")]), (400, "InvalidTag.Mismatch".to_owned()));
        for name in ["Tag.21.Key", "Tag.0.Key", "Tag.01.Key", "Tag.+1.Key", "Tag.x.Key", "Tag.02.Value"] {
            let given = [("Tag.1.Key", "a"), (name, "a")];
            assert_eq!(refused(&given), (400, "InvalidTagCount".to_owned()), "{name}");
        }
    }

    #[test]
    fn however_a_number_is_written_there_are_no_more_tags_than_twenty() {
        let zeros = |count: usize| format!("Tag.{}1.Key", "0".repeat(count));
        let given: Parameters = (0..300).map(|count| (zeros(count), "a")).collect();
        assert_eq!(tags(&given).expect_err("is refused").code, "InvalidTagCount");
        let same: Parameters = (0..300).map(|_| ("Tag.1.Key", "a")).collect();
        assert_eq!(tags(&same), Ok(vec![("a", None)]));
    }

    #[test]
    fn times_have_a_key_and_minutes() {
        let given = parameters(&[("Filter.4.Key", "ExpiredEndTime"), ("Filter.4.Value", "2026-12-11T16:00Z")]);
        let at = "2026-12-11T16:00:00Z".parse().expect("is an instant");
        assert_eq!(times(&given), Ok(vec![(Bound::ExpiresTo, at)]));
        for name in ["Filter.0.Key", "Filter.5.Key", "Filter.01.Key", "Filter.+1.Value", "Filter.x.Key"] {
            let given = [("Filter.1.Key", "ExpiredEndTime"), ("Filter.1.Value", "2026-12-11T16:00Z"), (name, "x")];
            assert_eq!(refused(&given), (404, "InvalidFilterKey.NotFound".to_owned()), "{name}");
        }
        for value in [("Filter.2.Value", "2026-12-11T16:00Z"), ("Filter.1.Value", "soon")] {
            let (status, code) = refused(&[("Filter.1.Key", "CreationStartTime"), value]);
            assert_eq!((status, code.as_str()), (400, "InvalidParameter"), "{value:?}");
        }
    }
}
