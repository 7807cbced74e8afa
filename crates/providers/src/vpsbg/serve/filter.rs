//! What a list of servers or floating addresses leaves out, and how it is ordered.

use std::cmp::Ordering;

use super::Context;
use super::found::{Found, Standing};
use crate::common::query::Query;
use crate::vpsbg::wire::error::Failure;

/// The standings that are shown when nobody says (documented).
const STANDINGS: [Standing; 2] = [Standing::Active, Standing::Suspended];

/// Which way a list is ordered. The words are inferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Ascending,
    Descending,
}

impl Direction {
    fn from_word(word: &str) -> Option<Self> {
        match word {
            "asc" => Some(Self::Ascending),
            "desc" => Some(Self::Descending),
            _ => None,
        }
    }

    fn apply(self, order: Ordering) -> Ordering {
        match self {
            Self::Ascending => order,
            Self::Descending => order.reverse(),
        }
    }
}

/// What a caller asks of a list. A parameter without a value counts as absent, as the documentation's own examples send
/// it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Filter {
    ip: Option<String>,
    search: Option<String>,
    standings: Vec<Standing>,
    created: Option<Direction>,
    expiry: Option<Direction>,
}

impl Filter {
    /// Reads the query.
    pub fn of(context: &Context<'_>) -> Result<Self, Failure> {
        Self::read(&context.query)
    }

    fn read(query: &Query) -> Result<Self, Failure> {
        let standings = |text: &str| text.split(',').map(|word| Standing::from_word(word.trim())).collect();
        let asked = query.value("filter[status]", "active, processing, suspended or terminated", standings)?;
        let direction = |name| query.value(name, "asc or desc", Direction::from_word);
        Ok(Self {
            ip: query.text("filter[ip]").map(str::to_owned),
            search: query.text("filter[search]").map(str::to_lowercase),
            standings: asked.unwrap_or_else(|| STANDINGS.to_vec()),
            created: direction("sort[created_at]")?,
            expiry: direction("sort[expiry_at]")?,
        })
    }

    /// Whether what has these names and addresses is shown. `ip` is a whole address, `search` a part of a name or of an
    /// address, whatever its case (both unverified).
    pub fn takes(&self, standing: Standing, names: &[&str], addresses: &[&str]) -> bool {
        let searched = |search: &String| {
            let mut texts = names.iter().chain(addresses);
            texts.any(|text| text.to_lowercase().contains(search))
        };
        self.standings.contains(&standing)
            && self.ip.as_ref().is_none_or(|ip| addresses.contains(&ip.as_str()))
            && self.search.as_ref().is_none_or(searched)
    }

    /// Orders a list as it was asked for, and by id where that leaves it open.
    pub fn sort(&self, found: &mut [Found<'_>]) {
        found.sort_by(|left, right| {
            let (left, right) = (left.service, right.service);
            let created = self.created.map(|way| way.apply(left.created.cmp(&right.created)));
            let expiry = self.expiry.map(|way| way.apply(left.until.cmp(&right.until)));
            let asked = [created, expiry].into_iter().flatten().find(|order| order.is_ne());
            asked.unwrap_or_else(|| left.id.cmp(&right.id))
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(query: &str) -> Result<Filter, Failure> {
        Filter::read(&Query::parse(query))
    }

    #[test]
    fn a_server_is_shown_where_everything_that_is_asked_fits() {
        let (names, addresses) = (["ubuntu-2gb"], ["87.121.52.159", "2001:db8::1"]);
        for (query, standing, shown) in [
            ("", Standing::Active, true),
            ("filter[status]&page&per_page=", Standing::Suspended, true),
            ("", Standing::Processing, false),
            ("", Standing::Terminated, false),
            ("filter[status]=processing,%20terminated", Standing::Terminated, true),
            ("filter[status]=processing", Standing::Active, false),
            ("filter%5Bip%5D=87.121.52.159", Standing::Active, true),
            ("filter[ip]=87.121.52", Standing::Active, false),
            ("filter[search]=87.121.52", Standing::Active, true),
            ("filter[search]=UBUNTU", Standing::Active, true),
            ("filter[search]=2001:DB8", Standing::Active, true),
            ("filter[search]=debian", Standing::Active, false),
            ("filter[search]=ubuntu&filter[ip]=10.0.0.1", Standing::Active, false),
        ] {
            let filter = filter(query).expect("is read");
            assert_eq!(filter.takes(standing, &names, &addresses), shown, "{query} {standing:?}");
        }
    }

    #[test]
    fn a_word_that_is_none_is_refused_by_its_parameter() {
        for (query, name) in [
            ("filter[status]=active,expired", "filter[status]"),
            ("filter[status]=,", "filter[status]"),
            ("sort[created_at]=up", "sort[created_at]"),
            ("sort[expiry_at]=ASC", "sort[expiry_at]"),
        ] {
            let failure = filter(query).expect_err("is refused");
            assert_eq!(failure.status.as_u16(), 422, "{query}");
            assert!(failure.body.errors.contains_key(name), "{query}");
        }
        let read = filter("sort[created_at]=desc&sort[expiry_at]").expect("is read");
        assert_eq!((read.created, read.expiry), (Some(Direction::Descending), None));
    }
}
