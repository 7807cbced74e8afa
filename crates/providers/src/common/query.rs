//! Reading a query string.

/// The parameters of a query, decoded: `+` is a space, `%2B` is a plus.
///
/// A parameter that is absent, empty or the word `null` (python's way to say nothing) has no value. Of a parameter that
/// is given twice the first counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

/// A parameter has a value that it cannot have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is not valid: expected {expected}")]
pub struct QueryError {
    /// The parameter.
    pub name: &'static str,
    /// What it takes.
    pub expected: &'static str,
}

impl Query {
    /// Decodes a query as it stands in the request target, without its question mark.
    pub fn parse(raw: &str) -> Self {
        Self(form_urlencoded::parse(raw.as_bytes()).into_owned().collect())
    }

    /// Returns the text of a parameter.
    pub fn text(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(known, _)| known == name)?;
        Some(value.as_str()).filter(|value| !value.is_empty() && *value != "null")
    }

    /// Returns a parameter that is `true` or `false`.
    ///
    /// # Errors
    /// [`QueryError`] for any other word.
    pub fn boolean(&self, name: &'static str) -> Result<Option<bool>, QueryError> {
        self.value(name, "true or false", |text| text.parse().ok())
    }

    /// Returns a parameter that is an integer.
    ///
    /// # Errors
    /// [`QueryError`] for what is not one, or too large.
    pub fn long(&self, name: &'static str) -> Result<Option<i64>, QueryError> {
        self.value(name, "an integer", |text| text.parse().ok())
    }

    /// Returns a parameter that is a word of an enumeration, given that enumeration's `parse`.
    ///
    /// # Errors
    /// [`QueryError`] for a word that `parse` does not know.
    pub fn word<T>(&self, name: &'static str, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>, QueryError> {
        self.value(name, "a word of its enumeration", parse)
    }

    /// Returns a parameter that is whatever `parse` reads; `expected` says what that is.
    ///
    /// # Errors
    /// [`QueryError`] for what `parse` does not read.
    pub fn value<T>(
        &self,
        name: &'static str,
        expected: &'static str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, QueryError> {
        self.text(name).map(|text| parse(text).ok_or(QueryError { name, expected })).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_decoded_and_nothing_has_three_forms() {
        let query = Query::parse("a=x+y%2Bz&b=&c=null&a=second&empty");
        assert_eq!(query.text("a"), Some("x y+z"));
        for name in ["b", "c", "d", "empty"] {
            assert_eq!((query.text(name), query.boolean(name)), (None, Ok(None)), "{name}");
        }
        assert_eq!(Query::parse("").text("a"), None);
    }

    #[test]
    fn values_are_of_their_type_or_refused_by_name() {
        let query = Query::parse("yes=true&no=false&n=-7&s=expired");
        assert_eq!((query.boolean("yes"), query.boolean("no")), (Ok(Some(true)), Ok(Some(false))));
        assert_eq!(query.long("n"), Ok(Some(-7)));
        let expired = |word: &str| (word == "expired").then_some(());
        assert_eq!(query.word("s", expired), Ok(Some(())));
        assert_eq!(query.boolean("n").unwrap_err().to_string(), "`n` is not valid: expected true or false");
        assert_eq!(query.long("yes").unwrap_err().name, "yes");
        assert_eq!(query.word("yes", expired).unwrap_err().name, "yes");
    }
}
