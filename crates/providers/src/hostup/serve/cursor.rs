//! Lists with a cursor: at most `limit` items a page, and where the next page begins.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::common::query::Query;
use crate::hostup::wire::problem::Failure;
use crate::hostup::wire::reference::List;

/// The part of a list that a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    limit: usize,
    /// The number of the last item of the page before.
    after: Option<i64>,
}

impl Window {
    /// Reads `limit`, which is from 1 to `limit_max`, and `cursor`.
    pub fn of(query: &Query, limit_default: usize, limit_max: usize) -> Result<Self, Failure> {
        let in_bounds = |text: &str| text.parse().ok().filter(|limit| (1..=limit_max).contains(limit));
        let limit = match query.text("limit") {
            None => limit_default,
            Some(text) => in_bounds(text).ok_or_else(|| {
                let detail = format!("`limit` is a number from 1 to {limit_max}.");
                Failure::invalid_field("/limit", detail, "invalid_request")
            })?,
        };
        let unreadable = || Failure::invalid_field("/cursor", "This cursor cannot be read.", "invalid_request");
        let after = query.text("cursor").map(|text| decode(text).ok_or_else(unreadable)).transpose()?;
        Ok(Self { limit, after })
    }

    /// The items of the page, of those of the whole list in ascending order of their numbers.
    pub fn select<T>(self, mut items: Vec<T>, number: impl Fn(&T) -> i64) -> List<T> {
        items.retain(|item| self.after.is_none_or(|after| number(item) > after));
        let more = items.len() > self.limit;
        items.truncate(self.limit);
        let next_cursor = items.last().filter(|_| more).map(|last| encode(number(last)));
        List { data: items, next_cursor }
    }

    /// The items of the page, of those of the whole list in descending order of their numbers.
    pub fn select_newest_first<T>(self, items: Vec<T>, number: impl Fn(&T) -> i64) -> List<T> {
        let reversed = Self { after: self.after.map(i64::wrapping_neg), ..self };
        let mut list = reversed.select(items, |item| number(item).wrapping_neg());
        if list.next_cursor.is_some() {
            list.next_cursor = list.data.last().map(|last| encode(number(last)));
        }
        list
    }
}

impl<T> List<T> {
    /// The same page of what its items become.
    pub(super) fn try_map<U>(self, change: impl FnMut(T) -> Result<U, Failure>) -> Result<List<U>, Failure> {
        let data = self.data.into_iter().map(change).collect::<Result<_, _>>()?;
        Ok(List { data, next_cursor: self.next_cursor })
    }
}

fn encode(number: i64) -> String {
    URL_SAFE_NO_PAD.encode(number.to_string())
}

fn decode(text: &str) -> Option<i64> {
    let number = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?.parse().ok()?;
    (encode(number) == text).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(query: &str) -> Result<Window, Failure> {
        Window::of(&Query::parse(query), 3, 10)
    }

    #[test]
    fn pages_follow_each_other_to_the_end() {
        let all: Vec<i64> = (1..=7).collect();
        let first = window("").expect("is a window").select(all.clone(), |number| *number);
        assert_eq!(first.data, [1, 2, 3]);
        let cursor = first.next_cursor.expect("there is more");
        let second = window(&format!("limit=4&cursor={cursor}")).expect("is a window").select(all, |number| *number);
        assert_eq!((second.data, second.next_cursor), (vec![4, 5, 6, 7], None));
    }

    #[test]
    fn the_newest_may_come_first() {
        let all: Vec<i64> = (1..=7).rev().collect();
        let first = window("limit=4").expect("is a window").select_newest_first(all.clone(), |number| *number);
        assert_eq!(first.data, [7, 6, 5, 4]);
        let next = format!("limit=4&cursor={}", first.next_cursor.expect("there is more"));
        let second = window(&next).expect("is a window").select_newest_first(all, |number| *number);
        assert_eq!((second.data, second.next_cursor), (vec![3, 2, 1], None));
    }

    #[test]
    fn what_is_out_of_bounds_or_unreadable_is_refused_by_name() {
        for (query, pointer) in [
            ("limit=0", "/limit"),
            ("limit=11", "/limit"),
            ("limit=-1", "/limit"),
            ("limit=ten", "/limit"),
            ("cursor=!!", "/cursor"),
            ("cursor=MDE", "/cursor"), // "01"
            ("cursor=eA", "/cursor"),  // "x"
        ] {
            assert_eq!(window(query).expect_err("is refused").errors[0].pointer, pointer, "{query}");
        }
        assert_eq!(window("limit=&cursor="), Ok(Window { limit: 3, after: None }));
    }
}
