//! Pages: by number, and by a token that tells where the page before ended.
//!
//! Lists are in order of id, and a token holds the last id that was shown: what comes is at the end of the list, and what
//! goes moves nothing, so pages that follow each other by tokens neither skip nor repeat an instance.

use std::ops::RangeInclusive;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use perennial_core::ids::{AccountId, ServiceId};

use crate::aliyun::auth::Parameters;
use crate::aliyun::serve::context::Context;
use crate::aliyun::serve::listing::{Page, Paging};
use crate::aliyun::wire::error::Failure;
use crate::aliyun::wire::number::parse_number;
use crate::secret::digest;

/// A size outside of these is taken for the nearest of them, where pages follow each other by tokens (documented).
const SIZES: RangeInclusive<usize> = 10..=100;

/// Pages with numbers. What is out of bounds is refused.
const PAGING: Paging =
    Paging { number: "PageNumber", size: *SIZES.start(), size_max: *SIZES.end(), wrong: Failure::invalid_parameter };

/// The part of a list that a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// A page with a number.
    Numbered(Page),
    /// What comes after an item, if one is named.
    After {
        /// The item.
        last: Option<ServiceId>,
        /// How many items there are on a page at the most.
        size: usize,
    },
}

impl Asked {
    /// Reads `MaxResults` and `NextToken`, or else `PageNumber` and `PageSize`, which do not count beside those.
    pub(super) fn of(context: &Context<'_>) -> Result<Self, Failure> {
        match Self::after(context.parameters, context.account().id)? {
            Some(asked) => Ok(asked),
            None => PAGING.read(context.parameters).map(Self::Numbered),
        }
    }

    fn after(parameters: &Parameters, account: AccountId) -> Result<Option<Self>, Failure> {
        let (size, token) = (parameters.get("MaxResults"), parameters.get("NextToken"));
        if size.or(token).is_none() {
            return Ok(None);
        }
        let size = size.map_or(Some(*SIZES.start()), parse_size);
        let size = size.ok_or_else(|| Failure::invalid_parameter("MaxResults"))?;
        let unreadable = || {
            let message = "The specified NextToken is not valid: it is none that a call of the account answered.";
            Failure::bad("InvalidParameter.NextToken", message)
        };
        let last = token.map(|token| place(account, token).ok_or_else(unreadable)).transpose()?;
        Ok(Some(Self::After { last, size }))
    }

    /// The number of the page; 1 where pages have none.
    pub(super) const fn number(self) -> usize {
        match self {
            Self::Numbered(page) => page.number,
            Self::After { .. } => 1,
        }
    }

    /// How many items there are on a page at the most.
    pub(super) const fn size(self) -> usize {
        match self {
            Self::Numbered(Page { size, .. }) | Self::After { size, .. } => size,
        }
    }

    /// The items of the page, of those of a list in ascending order of ids; and the last of them, if more come after it.
    /// A page with a number tells that, too: a client may go on by token from there.
    pub(super) fn select<T>(self, all: &[T], id: impl Fn(&T) -> ServiceId) -> (&[T], Option<ServiceId>) {
        let items = match self {
            Self::Numbered(page) => page.slice(all),
            Self::After { last, size } => {
                let start = last.map_or(0, |last| all.partition_point(|item| id(item) <= last));
                let rest = all.get(start..).unwrap_or_default();
                rest.get(..size).unwrap_or(rest)
            }
        };
        let end = all.last().map(&id);
        (items, items.last().map(id).filter(|last| Some(*last) < end))
    }
}

/// Reads a size, and takes the nearest one that there is. It may be below zero.
fn parse_size(text: &str) -> Option<usize> {
    let (min, max) = (*SIZES.start(), *SIZES.end());
    match text.strip_prefix('-') {
        Some(text) => parse_number(text).map(|_: usize| min),
        None => parse_number(text).map(|size: usize| size.clamp(min, max)),
    }
}

/// How many bytes of a token are an id.
const ID_BYTES: usize = size_of::<i64>();

/// The token for what comes after an item of an account. Its second half tells that it was made here and for whom; there
/// is nothing to be had by making one.
pub(super) fn token(account: AccountId, last: ServiceId) -> String {
    let mark = digest(&format!("next-token\0{account}\0{last}"));
    let marked: Vec<_> = last.0.to_be_bytes().into_iter().chain(mark.into_iter().take(ID_BYTES)).collect();
    URL_SAFE_NO_PAD.encode(marked)
}

/// The item that a token of the account was made for.
fn place(account: AccountId, text: &str) -> Option<ServiceId> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let last = ServiceId(i64::from_be_bytes(*bytes.first_chunk()?));
    (token(account, last) == text).then_some(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: AccountId = AccountId(3);

    fn asked(pairs: &[(&str, &str)]) -> Result<Option<Asked>, Failure> {
        Asked::after(&pairs.iter().copied().collect(), OWNER)
    }

    fn select(asked: Asked, all: &[i64]) -> (Vec<i64>, Option<String>) {
        let (items, next) = asked.select(all, |id| ServiceId(*id));
        (items.to_vec(), next.map(|last| token(OWNER, last)))
    }

    fn page(pairs: &[(&str, &str)], all: &[i64]) -> (Vec<i64>, Option<String>) {
        select(asked(pairs).expect("is good").expect("is by token"), all)
    }

    #[test]
    fn a_size_out_of_bounds_is_the_nearest_one() {
        for (most, size) in
            [("1", 10), ("9", 10), ("10", 10), ("57", 57), ("100", 100), ("101", 100), ("-5", 10), ("0", 10)]
        {
            assert_eq!(asked(&[("MaxResults", most)]), Ok(Some(Asked::After { last: None, size })), "{most}");
        }
        for most in ["ten", "+10", "--5", "-", "1.0"] {
            assert_eq!(asked(&[("MaxResults", most)]), Err(Failure::invalid_parameter("MaxResults")), "{most}");
        }
    }

    #[test]
    fn numbers_do_not_count_beside_a_size_or_a_token() {
        let pairs = [("MaxResults", "20"), ("PageNumber", "none"), ("PageSize", "1000")];
        assert_eq!(asked(&pairs), Ok(Some(Asked::After { last: None, size: 20 })));
        let next = token(OWNER, ServiceId(7));
        let pairs = [("NextToken", next.as_str()), ("PageNumber", "2")];
        assert_eq!(asked(&pairs), Ok(Some(Asked::After { last: Some(ServiceId(7)), size: 10 })));
        assert_eq!(asked(&[("PageNumber", "2"), ("MaxResults", ""), ("NextToken", "")]), Ok(None));
    }

    #[test]
    fn pages_neither_skip_nor_repeat_when_items_come_and_go() {
        let mut all: Vec<_> = (1..=25).collect();
        let (first, next) = page(&[("MaxResults", "10")], &all);
        assert_eq!(first, (1..=10).collect::<Vec<_>>());
        // Even the last one that was shown.
        all.retain(|id| ![3, 10, 14].contains(id));
        all.push(26);
        let (second, next) = page(&[("MaxResults", "10"), ("NextToken", &next.expect("more"))], &all);
        assert_eq!(second, [11, 12, 13, 15, 16, 17, 18, 19, 20, 21]);
        let (third, next) = page(&[("NextToken", &next.expect("more"))], &all);
        assert_eq!((third, next), (vec![22, 23, 24, 25, 26], None));
    }

    #[test]
    fn a_page_with_a_number_can_be_gone_on_from() {
        let all: Vec<_> = (1..=7).collect();
        let numbered = |number, size| select(Asked::Numbered(Page { number, size }), &all);
        assert_eq!(numbered(2, 3), (vec![4, 5, 6], Some(token(OWNER, ServiceId(6)))));
        assert_eq!(numbered(3, 3), (vec![7], None));
        assert_eq!(numbered(1, 7), (all.clone(), None));
        assert_eq!(numbered(4, 3), (vec![], None));
    }

    #[test]
    fn a_token_that_is_not_the_accounts_own_is_refused() {
        let good = token(OWNER, ServiceId(7));
        assert_eq!(place(OWNER, &good), Some(ServiceId(7)));
        let (foreign, longer) = (token(AccountId(4), ServiceId(7)), format!("{good}AA"));
        for bad in [foreign.as_str(), &longer, &good[1..], "AAAAAAAAAAc", "!", "caeba92d"] {
            let failure = asked(&[("NextToken", bad)]).expect_err(bad);
            assert_eq!((failure.status.as_u16(), &*failure.code), (400, "InvalidParameter.NextToken"), "{bad}");
        }
    }
}
