//! The parameters of a request, and the one way to write them that is signed.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// The most parameters that a request may have.
pub const PARAMETERS_MAX: usize = 1024;

/// What stands for itself: letters, digits, and the four marks that RFC 3986 does not reserve.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The parameters of a request, decoded: those of the URL's query, then those of a form.
///
/// Names are case-sensitive. `+` is a space (the newer Python SDKs write it so), what is not UTF-8 becomes U+FFFD, and
/// names that are given several times stay so, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters(Vec<(String, String)>);

/// A request has more than [`PARAMETERS_MAX`] parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a request has at most {PARAMETERS_MAX} parameters")]
pub struct TooMany;

impl Parameters {
    /// Decodes the parameters of a request, given its query without the question mark, its header `Content-Type` and its
    /// body. A body has parameters if it says that it is a form.
    ///
    /// # Errors
    /// [`TooMany`].
    pub fn of(query: &str, content_type: Option<&str>, body: &[u8]) -> Result<Self, TooMany> {
        let form = if content_type.is_some_and(is_form) { body } else { b"" };
        let pairs = form_urlencoded::parse(query.as_bytes()).chain(form_urlencoded::parse(form));
        let pairs: Vec<_> =
            pairs.take(PARAMETERS_MAX + 1).map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        if pairs.len() > PARAMETERS_MAX { Err(TooMany) } else { Ok(Self(pairs)) }
    }

    /// Returns the text of a parameter; of a name that is given twice, the first. An empty one counts as absent.
    pub fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(known, _)| known == name)?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }

    /// Tells whether a parameter is given, and be it empty.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    /// Returns all parameters, in the order in which they were sent.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Parameters {
    /// Collects the parameters of a request of our own, however many.
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

/// Tells whether a content type is that of a form, whatever its parameters.
fn is_form(content_type: &str) -> bool {
    const FORM: &str = "application/x-www-form-urlencoded";
    content_type.get(..FORM.len()).is_some_and(|start| start.eq_ignore_ascii_case(FORM))
}

/// Percent-encodes a text as it is signed: its UTF-8 in upper-case hex, except `A-Z a-z 0-9 - _ . ~`.
pub fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// Writes parameters as they are signed: encoded, in the byte order of their names. It is a query that can be sent, too.
///
/// Equal names stay in the order in which they were sent. No SDK sends any; sorted by value as well, two of them could
/// change places on the way, and another one would be the first, which is the one that counts.
pub fn canonical_query<N, V>(parameters: impl IntoIterator<Item = (N, V)>) -> String
where
    N: AsRef<str>,
    V: AsRef<str>,
{
    let mut parameters: Vec<_> = parameters.into_iter().collect();
    parameters.sort_by(|(one, _), (other, _)| one.as_ref().cmp(other.as_ref()));
    let pairs = parameters.iter().map(|(name, value)| format!("{}={}", encode(name.as_ref()), encode(value.as_ref())));
    pairs.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: Option<&str> = Some("application/x-www-form-urlencoded");

    #[test]
    fn parameters_are_those_of_the_query_and_then_of_a_form() {
        let query = "a=x+y%2Bz&Twice=1&empty=&bare&bad=%FF%zz";
        let body = b"Twice=2&form=%E4%B8%AD";
        let parameters = Parameters::of(query, FORM, body).unwrap();
        let pairs: Vec<_> = parameters.iter().collect();
        let of_query = [("a", "x y+z"), ("Twice", "1"), ("empty", ""), ("bare", ""), ("bad", "\u{fffd}%zz")];
        assert_eq!(pairs, [&of_query[..], &[("Twice", "2"), ("form", "中")]].concat());
        assert_eq!((parameters.get("Twice"), parameters.get("twice")), (Some("1"), None));
        assert_eq!((parameters.get("empty"), parameters.has("empty")), (None, true));
        assert_eq!((parameters.get("none"), parameters.has("none")), (None, false));
    }

    #[test]
    fn a_body_is_read_if_it_says_that_it_is_a_form() {
        for (content_type, read) in [
            (FORM, true),
            (Some("Application/X-WWW-Form-Urlencoded; charset=UTF-8"), true),
            (None, false),
            (Some(""), false),
            (Some("application/json"), false),
            (Some("application/x-www-form-urlencodé"), false),
        ] {
            assert_eq!(Parameters::of("", content_type, b"a=1").unwrap().has("a"), read, "{content_type:?}");
        }
    }

    #[test]
    fn there_may_be_so_many_parameters_and_no_more() {
        let most = vec!["a=1"; PARAMETERS_MAX].join("&");
        assert_eq!(Parameters::of(&most, FORM, b"").map(|parameters| parameters.iter().count()), Ok(PARAMETERS_MAX));
        assert_eq!(Parameters::of(&most, FORM, b"b"), Err(TooMany));
        assert_eq!(Parameters::of("", FORM, format!("{most}&b").as_bytes()), Err(TooMany));
    }

    #[test]
    fn only_what_rfc_3986_does_not_reserve_stands_for_itself() {
        for (text, encoded) in [
            ("azAZ09-_.~", "azAZ09-_.~"),
            (" +*", "%20%2B%2A"),
            ("!'()", "%21%27%28%29"),
            ("/:=&%25", "%2F%3A%3D%26%2525"),
            ("中", "%E4%B8%AD"),
        ] {
            assert_eq!(encode(text), encoded);
        }
    }

    #[test]
    fn names_are_sorted_by_their_bytes_and_equal_ones_stay_in_their_order() {
        let pairs =
            [("b", "2"), ("a", ""), ("é", "e"), ("~", "t"), ("b", "1"), ("B", "3"), ("a.10", "x"), ("a.2", "y")];
        assert_eq!(canonical_query(pairs), "B=3&a=&a.10=x&a.2=y&b=2&b=1&~=t&%C3%A9=e");
        assert_eq!(canonical_query::<&str, &str>([]), "");
    }
}
