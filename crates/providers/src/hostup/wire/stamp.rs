//! Instants with three fractional digits: `2026-04-27T12:34:56.000Z`.

use jiff::Timestamp;
use serde::{Serialize, Serializer};

/// An instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp(pub Timestamp);

impl std::fmt::Display for Stamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.3}", self.0)
    }
}

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_has_milliseconds() {
        let at: Timestamp = "2026-04-27T12:34:56.1234Z".parse().expect("is an instant");
        assert_eq!(serde_json::to_string(&Stamp(at)).expect("writes"), "\"2026-04-27T12:34:56.123Z\"");
    }
}
