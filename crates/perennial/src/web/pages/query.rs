//! Queries and forms: `name=value` pairs, decoded.

/// Decoded pairs; the first of a name counts.
pub(super) struct Pairs(Vec<(String, String)>);

impl Pairs {
    /// Reads a query or a form body. What cannot be decoded is replaced, and then equals nothing.
    pub(super) fn parse(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).into_owned().collect())
    }

    /// The value of a name; empty where it is missing.
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_decoded_and_missing_ones_are_empty() {
        let pairs = Pairs::parse(b"a=1+2%263&b=&a=4");
        assert_eq!((pairs.get("a"), pairs.get("b"), pairs.get("c")), ("1 2&3", "", ""));
    }
}
