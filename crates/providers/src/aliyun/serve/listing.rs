//! Lists, in both directions: ids with commas between, parameters with places, and pages.

use std::collections::BTreeSet;

use crate::aliyun::auth::Parameters;
use crate::aliyun::wire::error::Failure;
use crate::aliyun::wire::number::{parse_number, parse_place};

/// How many ids one call names at the most (documented).
pub(super) const IDS_MAX: usize = 100;

/// The ids of a list with commas between, each once; none where there are too many.
pub(super) fn split_ids(text: &str) -> Option<Vec<&str>> {
    let mut ids = Vec::new();
    for (count, id) in text.split(',').enumerate() {
        if count >= IDS_MAX {
            return None;
        }
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Some(ids)
}

/// The places of a list whose parameters are called like `Tag.1.Key`; none where one is not from 1 to `most`. `place`
/// takes it out of a name.
pub(super) fn places<'a>(
    parameters: &'a Parameters,
    place: impl Fn(&'a str) -> Option<&'a str>,
    most: usize,
) -> Option<BTreeSet<usize>> {
    let texts = parameters.iter().filter_map(|(name, _)| place(name));
    texts.map(|text| parse_place(text).filter(|place| *place <= most)).collect()
}

/// The page that a caller asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Page {
    /// Which page, from 1.
    pub number: usize,
    /// How many items a page has.
    pub size: usize,
}

/// The parameters of a page.
pub(super) struct Paging {
    /// The one that says which page.
    pub number: &'static str,
    /// How many items a page has when nobody says.
    pub size: usize,
    /// How many it has at the most.
    pub size_max: usize,
    /// The refusal of a parameter with this name.
    pub wrong: fn(&str) -> Failure,
}

impl Paging {
    /// Reads the page that a caller asks for.
    pub fn read(&self, parameters: &Parameters) -> Result<Page, Failure> {
        let read = |name: &str, usual: usize, most: usize| {
            let Some(text) = parameters.get(name) else { return Ok(usual) };
            parse_number(text).filter(|number| (1..=most).contains(number)).ok_or_else(|| (self.wrong)(name))
        };
        Ok(Page { number: read(self.number, 1, usize::MAX)?, size: read("PageSize", self.size, self.size_max)? })
    }
}

impl Page {
    /// The items of the page.
    pub fn slice<T>(self, all: &[T]) -> &[T] {
        let from = self.number.saturating_sub(1).saturating_mul(self.size).min(all.len());
        &all[from..from.saturating_add(self.size).min(all.len())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_at_most_a_hundred_and_each_is_named_once() {
        assert_eq!(split_ids("i-1"), Some(vec!["i-1"]));
        assert_eq!(split_ids("i-2,i-1,,i-2"), Some(vec!["i-2", "i-1", ""]));
        let many = |count: usize| (0..count).map(|id| format!("i-{id}")).collect::<Vec<_>>().join(",");
        assert_eq!(split_ids(&many(100)).map(|ids| ids.len()), Some(100));
        assert_eq!(split_ids(&many(101)), None);
        assert_eq!(split_ids(&"i-1,".repeat(100)), None, "what is named twice counts twice");
    }

    #[test]
    fn places_are_in_order_and_have_one_writing() {
        let read = |names: &[&str]| {
            let parameters = names.iter().map(|name| (*name, "")).collect();
            places(&parameters, |name| name.strip_prefix("Id."), 12).map(Vec::from_iter)
        };
        assert_eq!(read(&["Id.12", "Id", "Name", "Id.2", "Id.1", "Id.2"]), Some(vec![1, 2, 12]));
        assert_eq!(read(&[]), Some(vec![]));
        for other in ["Id.0", "Id.13", "Id.01", "Id.+1", "Id.-1", "Id.", "Id.x", "Id.1.x"] {
            assert_eq!(read(&["Id.1", other]), None, "{other}");
        }
    }

    #[test]
    fn a_page_has_a_number_and_a_size_of_digits() {
        const PAGING: Paging = Paging { number: "PageNum", size: 20, size_max: 300, wrong: Failure::invalid_parameter };
        let read = |pairs: &[(&str, &str)]| PAGING.read(&pairs.iter().copied().collect());
        assert_eq!(read(&[("PageNum", "")]), Ok(Page { number: 1, size: 20 }));
        assert_eq!(read(&[("PageNum", "70000"), ("PageSize", "300")]), Ok(Page { number: 70_000, size: 300 }));
        for (name, text) in
            [("PageNum", "0"), ("PageNum", "+1"), ("PageNum", "-1"), ("PageNum", "x"), ("PageSize", "301")]
        {
            assert_eq!(read(&[(name, text)]), Err(Failure::invalid_parameter(name)), "{name} {text}");
        }
        assert_eq!(read(&[("PageSize", "+20")]), Err(Failure::invalid_parameter("PageSize")));
    }

    #[test]
    fn a_page_is_its_part_of_the_list() {
        let all: Vec<_> = (1..=7).collect();
        for (number, size, items) in
            [(1, 3, &all[..3]), (3, 3, &all[6..]), (4, 3, &all[7..]), (1, 50, &all[..]), (usize::MAX, 50, &all[7..])]
        {
            assert_eq!(Page { number, size }.slice(&all), items, "{number} {size}");
        }
    }
}
