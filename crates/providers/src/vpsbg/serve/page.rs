//! Lists in pages, in the envelope of the framework that the API seems to stand on.

use serde::Serialize;

use super::Context;
use crate::common::bearer::Answer;
use crate::vpsbg::wire::error::Failure;
use crate::vpsbg::wire::page::{Link, Links, Meta, Page};

/// How many items a page has when nobody says (seen in samples).
const PER_PAGE: usize = 30;

/// How many items a page has at the most.
const PER_PAGE_MAX: usize = 50;

/// The page that a caller asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    page: usize,
    per_page: usize,
}

impl Asked {
    /// Reads `page` and `per_page`; a parameter without a value counts as absent, as the documentation's own examples
    /// send it.
    pub fn of(context: &Context<'_>) -> Result<Self, Failure> {
        let number = |name, default, most: usize| {
            let read = |text: &str| text.parse().ok().filter(|number| (1..=most).contains(number));
            Ok::<_, Failure>(context.query.value(name, "a number in its bounds", read)?.unwrap_or(default))
        };
        Ok(Self { page: number("page", 1, 1_000_000)?, per_page: number("per_page", PER_PAGE, PER_PAGE_MAX)? })
    }

    /// The items of the page.
    pub fn slice<T>(self, all: &[T]) -> &[T] {
        let from = (self.page - 1).saturating_mul(self.per_page).min(all.len());
        &all[from..from.saturating_add(self.per_page).min(all.len())]
    }

    /// The page in its envelope: `path` is below the API's root, `total` counts the items of all pages.
    pub fn envelope<T: Serialize>(
        self,
        context: &Context<'_>,
        path: &str,
        data: Vec<T>,
        total: usize,
    ) -> Result<Answer, Failure> {
        let base = context.dialect.url(path);
        let last_page = total.div_ceil(self.per_page).max(1);
        let url = |page: usize| format!("{base}?page={page}");
        let beyond = |page: usize| (1..=last_page).contains(&page).then(|| url(page));
        let (prev, next) = (beyond(self.page - 1), beyond(self.page + 1));
        let mut links = vec![Link { url: prev.clone(), label: "&laquo; Previous".to_owned(), active: false }];
        links.extend(around(self.page, last_page).into_iter().map(|shown| match shown {
            Some(page) => Link { url: Some(url(page)), label: page.to_string(), active: page == self.page },
            None => Link { url: None, label: "...".to_owned(), active: false },
        }));
        links.push(Link { url: next.clone(), label: "Next &raquo;".to_owned(), active: false });
        let before = (self.page - 1).saturating_mul(self.per_page);
        let some = |number| (!data.is_empty()).then_some(number);
        let (from, to) = (some(before + 1), some(before + data.len()));
        Ok(Answer::json(&Page {
            links: Links { first: url(1), last: url(last_page), prev, next },
            meta: Meta {
                current_page: self.page,
                from,
                last_page,
                links,
                path: base.clone(),
                per_page: self.per_page,
                to,
                total,
            },
            data,
        })?)
    }
}

/// The pages that are linked: all of a few, else both ends and those around the current one.
fn around(current: usize, last: usize) -> Vec<Option<usize>> {
    const ALL: usize = 12;
    const BESIDE: usize = 3;
    if last <= ALL {
        return (1..=last).map(Some).collect();
    }
    let near = |page: usize| page.abs_diff(current) <= BESIDE || page <= 2 || page + 1 >= last;
    let mut shown: Vec<Option<usize>> = Vec::new();
    for page in 1..=last {
        match shown.last() {
            _ if near(page) => shown.push(Some(page)),
            Some(None) => {}
            _ => shown.push(None),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_its_part_of_the_list() {
        let all: Vec<_> = (1..=7).collect();
        for (page, per_page, items) in
            [(1, 3, &all[..3]), (3, 3, &all[6..]), (4, 3, &all[7..]), (1, 50, &all[..]), (1_000_000, 50, &all[7..])]
        {
            assert_eq!(Asked { page, per_page }.slice(&all), items, "{page} {per_page}");
        }
    }

    #[test]
    fn a_few_pages_are_all_linked_and_many_are_not() {
        assert_eq!(around(1, 3), [Some(1), Some(2), Some(3)]);
        let shown = around(50, 100);
        assert_eq!(shown.first(), Some(&Some(1)));
        assert_eq!(shown.iter().filter(|page| page.is_none()).count(), 2);
        assert!(shown.len() < 15 && shown.contains(&Some(47)) && shown.contains(&Some(100)));
    }
}
